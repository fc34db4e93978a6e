//! One Maildir, there or not, and its folders.
//!
//! Promises: no name leads out of it. Never touches: messages.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::file_system::sync_folder;
use crate::world::folder;

/// One Maildir, there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maildir {
    pub(super) root: PathBuf,
}

impl Maildir {
    /// The Maildir in that folder.
    pub fn at(path: impl Into<PathBuf>) -> Maildir {
        Maildir { root: path.into() }
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The Maildir++ folder `name` of this Maildir: `~/Maildir/.Held`, and from there `~/Maildir/.Held.Allow`,
    /// since Maildir++ folders lie side by side. A slash counts as the dot it would be for an IMAP client, so
    /// that no name leads out of the Maildir; an empty name is the Maildir itself.
    #[must_use]
    pub fn folder(&self, name: &str) -> Maildir {
        let name = name.replace('/', ".");
        let name = name.trim_matches('.');
        if name.is_empty() {
            return self.clone();
        }
        let root = match self.root.file_name() {
            Some(parent) if self.is_folder() => {
                let mut full = parent.to_owned();
                full.push(".");
                full.push(name);
                self.root.with_file_name(full)
            }
            _ => self.root.join(format!(".{name}")),
        };
        Maildir { root }
    }

    /// Whether it is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        ["cur", "new", "tmp"].iter().all(|name| self.root.join(name).is_dir())
    }

    /// The same for who must not take a disk that does not answer for a folder that is not there.
    ///
    /// # Errors
    /// When it cannot be looked for.
    pub fn try_exists(&self) -> anyhow::Result<bool> {
        for name in ["cur", "new", "tmp"] {
            let path = self.root.join(name);
            match std::fs::metadata(&path) {
                Ok(status) if status.is_dir() => {}
                Ok(_) => return Ok(false),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Ok(false);
                }
                Err(error) => return Err(error).with_context(|| format!("cannot look for {}", path.display())),
            }
        }
        Ok(true)
    }

    /// Makes it, with all folders above it, mode 0700; safe to repeat.
    ///
    /// # Errors
    /// A folder that cannot be made; the message names it.
    pub fn create(&self) -> anyhow::Result<()> {
        for name in ["new", "cur", "tmp"] {
            let path = self.root.join(name);
            folder::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        }
        if self.is_folder() {
            let marker = self.root.join("maildirfolder");
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&marker);
            if let Err(error) = made
                && error.kind() != ErrorKind::AlreadyExists
            {
                return Err(error).with_context(|| format!("cannot create {}", marker.display()));
            }
        }
        sync_folder(&self.root)
    }

    /// By name alone, so that the answer never depends on what else is there. `~/.maildir` is where some systems
    /// put the Maildir itself.
    pub(super) fn is_folder(&self) -> bool {
        let name = self.root.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with('.') && !name.eq_ignore_ascii_case(".maildir"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::{Committed, Entry};
    use super::*;

    /// An inbox and its quarantine, in a folder that vanishes.
    pub(in crate::world::maildir) struct Scratch {
        pub(in crate::world::maildir) _folder: tempfile::TempDir,
        pub(in crate::world::maildir) inbox: Maildir,
        pub(in crate::world::maildir) held: Maildir,
    }

    /// A fresh one.
    pub(in crate::world::maildir) fn scratch() -> Scratch {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Maildir::at(folder.path().join("home/Maildir"));
        let held = inbox.folder("Held");
        inbox.create().unwrap();
        held.create().unwrap();
        Scratch { _folder: folder, inbox, held }
    }

    /// Stores a message.
    pub(in crate::world::maildir) fn put(maildir: &Maildir, name: &str, text: &str) -> Entry {
        let mut draft = maildir.draft().unwrap();
        draft.write(text.as_bytes()).unwrap();
        assert!(matches!(draft.commit(name).unwrap(), Committed::Stored(_)));
        maildir.find(name).unwrap().unwrap()
    }

    /// What a mail reader does when somebody opens the message.
    pub(in crate::world::maildir) fn read_by_somebody(maildir: &Maildir, entry: &Entry) -> PathBuf {
        let path = maildir.path().join("cur").join(format!("{}:2,S", entry.name));
        fs::rename(&entry.path, &path).unwrap();
        path
    }

    /// What lies in `new/`, `cur/` or `tmp/`, in order.
    pub(in crate::world::maildir) fn names(maildir: &Maildir, folder: &str) -> Vec<String> {
        let files = fs::read_dir(maildir.path().join(folder)).unwrap();
        let mut names: Vec<String> = files.map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// What the messages say, in order.
    pub(in crate::world::maildir) fn texts(maildir: &Maildir) -> Vec<String> {
        let entries = maildir.entries().unwrap().map(Result::unwrap);
        let mut texts: Vec<String> = entries.map(|entry| fs::read_to_string(entry.path).unwrap()).collect();
        texts.sort();
        texts
    }

    #[test]
    fn folders_lie_side_by_side_and_never_outside() {
        let path = |maildir: &Maildir| maildir.path().to_str().unwrap().to_owned();
        let inbox = Maildir::at("/h/Maildir");
        assert_eq!(path(&inbox.folder("Held")), "/h/Maildir/.Held");
        assert_eq!(path(&inbox.folder("Held").folder("Allow")), "/h/Maildir/.Held.Allow");
        assert_eq!(path(&inbox.folder("Held/Allow")), "/h/Maildir/.Held.Allow");
        assert_eq!(path(&Maildir::at("/h/.maildir").folder("Held")), "/h/.maildir/.Held");
        for name in ["", ".", "..", "/", "../..", "../../etc"] {
            let folder = path(&inbox.folder(name));
            assert!(folder == "/h/Maildir" || folder == "/h/Maildir/.etc", "{name} leads to {folder}");
        }
    }

    #[test]
    fn it_is_made_private_and_safe_to_repeat() {
        let scratch = scratch();
        put(&scratch.held, "a", "kept");
        scratch.held.create().unwrap();
        assert!(scratch.held.exists() && scratch.inbox.exists() && !scratch.inbox.folder("Other").exists());
        assert_eq!(texts(&scratch.held), ["kept"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let root = scratch.held.path();
        for path in [root.join("new"), root.join("cur"), root.join("tmp"), root.into(), folder::above(root).into()] {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
        }
        assert!(root.join("maildirfolder").exists());
        assert!(!scratch.inbox.path().join("maildirfolder").exists(), "the inbox is no folder of another Maildir");
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let maildir = Maildir::at(folder.path().join("file/Maildir"));
        assert!(maildir.create().unwrap_err().to_string().contains("file/Maildir/new"));
        assert!(maildir.draft().unwrap_err().to_string().contains("file/Maildir/tmp/"));
        assert!(maildir.entries().err().unwrap().to_string().contains("file/Maildir/new"));
        assert!(maildir.find("a").is_err(), "unreadable is not empty");
        assert!(maildir.stranded(0, 0).is_err() && maildir.sweep_tmp(0, 0).is_err());
        assert!(!maildir.exists());
    }
}
