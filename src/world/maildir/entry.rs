//! Messages in a Maildir: listed, found under whatever flags, read, and what became of them.
//!
//! Promises: a folder that cannot be read is never taken for an empty one. Never touches: what a message says.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::file_system::{read_folder, sync_folder};
use super::layout::Maildir;
use super::name::check_name;
use crate::world::folder;

/// How often a message is looked for again under the flags that a mail reader may have given it meanwhile.
const TRIES: usize = 5;

/// One message in a Maildir, as it was when it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its file. A mail reader may rename it at any time.
    pub path: PathBuf,
    /// The name without `:2,` and the flags; foreign text, not Unicode replaced by U+FFFD.
    pub name: String,
    /// Whether no mail reader has seen it: it is in `new/`.
    pub is_new: bool,
    /// When its content was last changed, in seconds since 1970.
    pub modified: i64,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What became of a message that was to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Somebody else has moved or removed it.
    AlreadyGone,
    /// We have, to this file.
    Done(PathBuf),
}

/// What became of a message that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Somebody else has moved or removed it.
    AlreadyGone,
    /// We have.
    Done,
}

impl Maildir {
    /// Every message, first those in `new/`, then those in `cur/`. One that a mail reader opens meanwhile may come
    /// twice, and none is missed by that; one that vanishes meanwhile is passed over.
    ///
    /// # Errors
    /// `new/` or `cur/` cannot be listed, at once or on the way.
    pub fn entries(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Entry>> + use<>> {
        Ok(self.list("new")?.chain(self.list("cur")?))
    }

    /// The message of that base name.
    ///
    /// # Errors
    /// The folders cannot be read: that is not "there is none".
    pub fn find(&self, name: &str) -> anyhow::Result<Option<Entry>> {
        if check_name(name).is_err() {
            return Ok(None);
        }
        let path = self.root.join("new").join(name);
        if let Some(entry) = Entry::at(path, true)? {
            return Ok(Some(entry));
        }
        for entry in self.list("cur")? {
            let entry = entry?;
            if entry.name == name {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Brings the name of a message that somebody else stored to stable storage: that process may have died, or
    /// have been told by the system that it could not, before it was there.
    ///
    /// # Errors
    /// The system cannot.
    pub fn secure(&self, entry: &Entry) -> anyhow::Result<()> {
        sync_folder(folder::above(&entry.path))
    }

    fn list(&self, name: &str) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Entry>> + use<>> {
        let is_new = name == "new";
        let folder = self.root.join(name);
        Ok(read_folder(&folder)?.filter_map(move |file| match file {
            Ok(file) => Entry::at(file.path(), is_new).transpose(),
            Err(error) => Some(Err(error).with_context(|| format!("cannot list {}", folder.display()))),
        }))
    }

    /// Does something with the file of a message, and again where a mail reader has moved it meanwhile. Gives
    /// also the path where it was caught.
    pub(super) fn chase<T>(
        &self,
        entry: &Entry,
        mut act: impl FnMut(&Entry) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<Option<(T, PathBuf)>> {
        let mut entry = entry.clone();
        for _ in 0..TRIES {
            if let Some(done) = act(&entry)? {
                return Ok(Some((done, entry.path)));
            }
            match self.find(&entry.name)? {
                Some(again) => entry = again,
                None => return Ok(None),
            }
        }
        bail!("{} is renamed again and again", entry.path.display())
    }
}

impl Entry {
    /// The first bytes of the message, at most `limit`; None if it is not there any more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn head(&self, limit: usize) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(file) = self.open()? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit as u64)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(Some(bytes))
    }

    /// Its file, for reading; None if it is not there any more.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&self) -> anyhow::Result<Option<File>> {
        match File::open(&self.path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot open {}", self.path.display())),
        }
    }

    /// None for what is no message: not a regular file, hidden, or gone.
    pub(super) fn at(path: PathBuf, is_new: bool) -> anyhow::Result<Option<Entry>> {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if file_name.starts_with('.') {
            return Ok(None);
        }
        let status = match fs::symlink_metadata(&path) {
            Ok(status) if status.is_file() => status,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let name = file_name.split(':').next().unwrap_or_default().to_owned();
        Ok(Some(Entry { path, name, is_new, modified: status.mtime(), bytes: status.len() }))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::super::layout::tests::{Scratch, put, read_by_somebody, scratch};
    use super::*;
    use crate::world::clock;

    #[test]
    fn a_name_is_secured_where_it_is() {
        let scratch = tempfile::tempdir().unwrap();
        let maildir = Maildir::at(scratch.path());
        maildir.create().unwrap();
        fs::write(scratch.path().join("cur/one:2,S"), "x").unwrap();
        let entry = maildir.find("one").unwrap().unwrap();
        maildir.secure(&entry).unwrap();
        fs::remove_dir_all(scratch.path().join("cur")).unwrap();
        assert!(maildir.secure(&entry).is_err());
    }

    #[test]
    fn only_messages_are_listed() {
        let Scratch { held, _folder, .. } = scratch();
        let one = put(&held, "one", "text");
        assert_eq!((one.is_new, one.bytes, one.name.as_str()), (true, 4, "one"));
        assert!((clock::now() - one.modified).abs() < 60);
        read_by_somebody(&held, &put(&held, "two", "text"));
        let new = held.path().join("new");
        fs::write(new.join(".hidden"), "").unwrap();
        fs::create_dir(new.join("folder")).unwrap();
        symlink("/etc/passwd", new.join("link")).unwrap();
        symlink("/nowhere", new.join("dangling")).unwrap();
        fs::write(new.join(OsStr::from_bytes(b"odd\xff")), "").unwrap();
        let mut listed: Vec<(String, bool)> =
            held.entries().unwrap().map(Result::unwrap).map(|entry| (entry.name, entry.is_new)).collect();
        listed.sort();
        assert_eq!(listed, [("odd\u{fffd}".into(), true), ("one".into(), true), ("two".into(), false)]);
        assert_eq!(held.find("link").unwrap(), None);
        assert_eq!(held.find("tw").unwrap(), None);
        assert!(!held.find("two").unwrap().unwrap().is_new);
    }

    #[test]
    fn a_head_is_bounded_and_a_vanished_message_is_no_error() {
        let Scratch { held, _folder, .. } = scratch();
        let entry = put(&held, "a", "0123456789");
        assert_eq!(entry.head(4).unwrap().unwrap(), b"0123");
        assert_eq!(entry.head(4000).unwrap().unwrap().len(), 10);
        fs::remove_file(&entry.path).unwrap();
        assert_eq!(entry.head(4).unwrap(), None);
        assert!(entry.open().unwrap().is_none());
    }
}
