//! Messages in a Maildir: listed, found under whatever flags, read, and what became of them.
//!
//! Promises: a folder that cannot be read is never taken for an empty one; listing asks for no file but by its name.
//! Never touches: what a message says.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{ErrorKind, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::file_system::{read_folder, sync_folder};
use super::layout::Maildir;
use super::name::check_name;
use crate::world::folder;
use crate::world::packing::{LOOK, Packing, Unpacked};

/// How often a message is looked for again under the flags that a mail reader may have given it meanwhile.
const TRIES: usize = 5;
/// Where a message nearly always is, and under which flags: unread, seen, opened and not seen, answered, flagged, on its
/// way to the bin. Tried before all of `cur/` is listed, which takes milliseconds where a hundred thousand are held.
const USUAL: [(&str, &str); 8] = [
    ("new", ""),
    ("cur", ":2,S"),
    ("cur", ":2,"),
    ("cur", ""),
    ("cur", ":2,RS"),
    ("cur", ":2,FS"),
    ("cur", ":2,F"),
    ("cur", ":2,ST"),
];
/// What is read at once of a message's start: more than most header blocks have.
const FIRST_READ: usize = 8 * 1024;

/// One message in a Maildir, as it was when it was listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its file. A mail reader may rename it at any time.
    pub path: PathBuf,
    /// The name without `:2,` and the flags, and without the sizes that Dovecot puts in front of those; foreign text, not
    /// Unicode replaced by U+FFFD.
    pub name: String,
    /// Whether no mail reader has seen it: it is in `new/`.
    pub is_new: bool,
}

/// The first bytes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// As the message is, whether its file is packed or not.
    pub bytes: Vec<u8>,
    /// Whether it is.
    pub packed: bool,
}

/// What the file system says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Which file of its disk it is.
    pub inode: u64,
    /// When its content was last changed, in seconds since 1970.
    pub modified: i64,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Status {
    /// As the system gives it.
    pub(super) fn of(status: &fs::Metadata) -> Status {
        Status { inode: status.ino(), modified: status.mtime(), bytes: status.len() }
    }
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
        for (folder, flags) in USUAL {
            let path = self.root.join(folder).join(format!("{name}{flags}"));
            if let Some(entry) = Entry::at(path, folder == "new")? {
                return Ok(Some(entry));
            }
        }
        self.find_listed(name)
    }

    /// The same for flags that are not usual.
    fn find_listed(&self, name: &str) -> anyhow::Result<Option<Entry>> {
        let folder = self.root.join("cur");
        for file in read_folder(&folder)? {
            let file = file.with_context(|| format!("cannot list {}", folder.display()))?;
            if base(&file.file_name()) == name.as_bytes()
                && let Some(entry) = Entry::at(file.path(), false)?
            {
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
            Ok(file) => Entry::listed(&file, is_new).transpose(),
            Err(error) => Some(Err(error).with_context(|| format!("cannot list {}", folder.display()))),
        }))
    }

    /// Opens a message, unpacked, wherever a mail reader has moved it meanwhile; `None` if it is not there any more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(&self, entry: &Entry) -> anyhow::Result<Option<Unpacked>> {
        Ok(self.chase(entry, Entry::open)?.map(|(file, _)| file))
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
    /// The Maildir that it is in.
    #[must_use]
    pub fn maildir(&self) -> Maildir {
        Maildir::at(folder::above(folder::above(&self.path)))
    }

    /// The first bytes of the message, at most `limit`; None if it is not there any more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn head(&self, limit: usize) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.start(limit)?.map(|start| start.bytes))
    }

    /// The same, and whether its file is packed: a mail server may have done that in place. `limit` is at least [`LOOK`]
    /// for who wants to know.
    ///
    /// # Errors
    /// It cannot be read, or not be unpacked.
    pub fn start(&self, limit: usize) -> anyhow::Result<Option<Start>> {
        let Some(mut file) = self.file()? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(limit.min(FIRST_READ));
        let read = || {
            (&mut file).take(limit as u64).read_to_end(&mut bytes)?;
            if limit < LOOK || Packing::of(&bytes).is_none() {
                return Ok(false);
            }
            file.rewind()?;
            bytes.clear();
            Unpacked::new(file)?.take(limit as u64).read_to_end(&mut bytes).map(|_| true)
        };
        let packed: std::io::Result<bool> = read();
        let packed = packed.with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(Some(Start { bytes, packed }))
    }

    /// The message from its start, unpacked; None if it is not there any more.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&self) -> anyhow::Result<Option<Unpacked>> {
        let unpacked = self.file()?.map(Unpacked::new).transpose();
        unpacked.with_context(|| format!("cannot read {}", self.path.display()))
    }

    fn file(&self) -> anyhow::Result<Option<File>> {
        match File::open(&self.path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot open {}", self.path.display())),
        }
    }

    /// Puts bytes in the place of as many others: not where the file is packed or gone meanwhile, and not where others stand
    /// there than were seen. Whether it was done.
    ///
    /// # Errors
    /// It cannot be opened or written.
    pub fn replace_at(&self, offset: u64, seen: &[u8], bytes: &[u8]) -> anyhow::Result<bool> {
        let opened = File::options().read(true).write(true).open(&self.path);
        let file = match opened {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            file => file.with_context(|| format!("cannot write {}", self.path.display()))?,
        };
        let mut there = vec![0; seen.len()];
        if file.read_exact_at(&mut there, offset).is_err() || there != seen || seen.len() != bytes.len() {
            return Ok(false);
        }
        file.write_all_at(bytes, offset).with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(true)
    }

    /// How long it is and when it came; None if it is not there any more.
    ///
    /// # Errors
    /// The system does not say.
    pub fn status(&self) -> anyhow::Result<Option<Status>> {
        match fs::symlink_metadata(&self.path) {
            Ok(status) => Ok(Some(Status::of(&status))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        }
    }

    /// None for what is no message: not a regular file, hidden, or gone.
    pub(super) fn at(path: PathBuf, is_new: bool) -> anyhow::Result<Option<Entry>> {
        let Some(name) = path.file_name().and_then(shown_base) else { return Ok(None) };
        match fs::symlink_metadata(&path) {
            Ok(status) if status.is_file() => Ok(Some(Entry { path, name, is_new })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The same for a file as its folder lists it, which says what kind of file it is.
    fn listed(file: &DirEntry, is_new: bool) -> anyhow::Result<Option<Entry>> {
        let Some(name) = shown_base(&file.file_name()) else { return Ok(None) };
        match file.file_type() {
            Ok(kind) if kind.is_file() => Ok(Some(Entry { path: file.path(), name, is_new })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.path().display())),
        }
    }
}

/// A file's name without `:2,` and the flags, and without `,S=` and `,W=` in front of them: Dovecot writes the sizes of
/// what it has packed there.
fn base(file_name: &OsStr) -> &[u8] {
    let name = file_name.as_bytes().split(|&byte| byte == b':').next().unwrap_or_default();
    let sizes = name.windows(3).position(|three| three == b",S=" || three == b",W=");
    &name[..sizes.unwrap_or(name.len())]
}

/// The same as text; None for a hidden file.
fn shown_base(file_name: &OsStr) -> Option<String> {
    (!file_name.as_bytes().starts_with(b".")).then(|| String::from_utf8_lossy(base(file_name)).into_owned())
}

#[cfg(test)]
mod tests {
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
        assert_eq!((one.is_new, one.name.as_str()), (true, "one"));
        let status = one.status().unwrap().unwrap();
        assert_eq!(status.bytes, 4);
        assert!((clock::now() - status.modified).abs() < 60);
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
    fn a_message_is_found_under_whatever_flags() {
        let Scratch { held, _folder, .. } = scratch();
        // With those that are tried first, with others, with a mail program's own, and as no program should write them.
        for flags in [
            ",S=12,W=13:2,SZ",
            ",W=12",
            "",
            ":2,",
            ":2,S",
            ":2,RS",
            ":2,F",
            ":2,DFPRST",
            ":2,Sab",
            ":1,x",
            ":",
            ":2,\u{e9}",
        ] {
            let entry = put(&held, "one", "text");
            put(&held, "one2", "another");
            let path = held.path().join(format!("cur/one{flags}"));
            fs::rename(&entry.path, &path).unwrap();
            let found = held.find("one").unwrap().unwrap();
            assert_eq!((found.path, found.name.as_str(), found.is_new), (path.clone(), "one", false), "{flags:?}");
            for path in [path, held.path().join("new/one2")] {
                fs::remove_file(path).unwrap();
            }
            assert_eq!(held.find("one").unwrap(), None);
        }
        // A folder of that name, and what is hidden, are no messages.
        fs::create_dir(held.path().join("cur/one:2,S")).unwrap();
        fs::write(held.path().join("cur/.one"), "").unwrap();
        assert_eq!(held.find("one").unwrap(), None);
        fs::write(held.path().join("cur/one:2,STx"), "").unwrap();
        assert!(held.find("one").unwrap().is_some());
    }

    #[test]
    fn a_head_is_bounded_and_a_vanished_message_is_no_error() {
        let Scratch { held, _folder, .. } = scratch();
        let entry = put(&held, "a", "0123456789");
        assert_eq!(entry.head(4).unwrap().unwrap(), b"0123");
        assert_eq!(entry.head(4000).unwrap().unwrap().len(), 10);
        fs::remove_file(&entry.path).unwrap();
        assert_eq!(entry.head(4).unwrap(), None);
        assert_eq!(entry.status().unwrap(), None);
        assert!(entry.open().unwrap().is_none());
    }
}
