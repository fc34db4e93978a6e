//! Maildirs: where messages become durable, and are found, moved and removed.
//!
//! Promises: what [`Draft::commit`] calls stored is on stable storage under its name, and what is not stored leaves
//! nothing in `new/`; a file is never overwritten; of two processes that move or remove one message, one does it
//! and the other is told so; a crash at any point leaves the message whole in at least one place. Never touches:
//! what a message says. A symbolic link in place of `cur/`, `new/` or `tmp/` is followed: the home is the user's.
//!
//! The rules are those of the Maildir definition by D. J. Bernstein and of Maildir++ (folders that begin with a dot).

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use data_encoding::HEXLOWER;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::world::{clock, folder};

/// A draft that is older was left by a process that died: the Maildir definition's 36 hours, in seconds.
pub const ABANDONED_AFTER: i64 = 36 * 3600;
/// How a message is named while it is on its way to another file system. Mail programs pass over names that begin
/// with a dot, and none of them sweeps `new/` and `cur/` as some do `tmp/`.
const CLAIMED: &str = ".claimed:";
/// How often a message is looked for again under the flags that a mail reader may have given it meanwhile.
const TRIES: usize = 5;

/// One Maildir, there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maildir {
    root: PathBuf,
}

/// A message that is being written, in `tmp/`. Dropped without a commit, it is gone.
#[derive(Debug)]
pub struct Draft {
    maildir: Maildir,
    file: File,
    path: PathBuf,
    position: u64,
    synced: bool,
}

/// What a commit found. Either way the message is durable under that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// A message of that name was there, and was left as it is.
    AlreadyThere,
    /// The draft is now this file.
    Stored(PathBuf),
}

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

/// A message that only this process can take away.
#[derive(Debug)]
pub struct Claimed {
    path: PathBuf,
    original: PathBuf,
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

    /// Opens a new file in `tmp/`, mode 0600.
    ///
    /// # Errors
    /// It cannot be made; the message names the file.
    pub fn draft(&self) -> anyhow::Result<Draft> {
        let path = self.root.join("tmp").join(unique_name()?);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Draft { maildir: self.clone(), file, path, position: 0, synced: false })
    }

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

    /// Moves a message of this Maildir into `new/` of another, under `name` if that is free there and under a
    /// unique name else. One atomic rename claims it, so of two processes one gets [`Moved::Done`].
    ///
    /// # Errors
    /// The message is where it was, or, if the other Maildir lies in another file system, among
    /// [`Maildir::stranded`].
    pub fn move_to(&self, entry: &Entry, target: &Maildir, name: &str) -> anyhow::Result<Moved> {
        check_name(name)?;
        let moved = self.chase(entry, |entry| {
            let new = target.root.join("new");
            let spare = new.join(unique_name()?);
            match rename_to_free(&entry.path, &new.join(name), &spare) {
                Ok(path) => Ok(Some(path)),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // Either end may be missing; without this a lost folder would look like a lost message.
                    fs::metadata(&new).with_context(|| format!("cannot move to {}", new.display()))?;
                    Ok(None)
                }
                Err(error) if error.kind() == ErrorKind::CrossesDevices => carry(entry, target, name),
                Err(error) => {
                    Err(error).with_context(|| format!("cannot move {} to {}", entry.path.display(), new.display()))
                }
            }
        })?;
        let Some((path, source)) = moved else { return Ok(Moved::AlreadyGone) };
        // The target first: then a crash in between leaves it twice rather than nowhere.
        sync_folder(&target.root.join("new"))?;
        sync_folder(folder::above(&source))?;
        Ok(Moved::Done(path))
    }

    /// Claims a message of this Maildir for something that takes a while, such as giving it to a program. Dropped
    /// without [`Claimed::remove`] or [`Claimed::put_back`] it is among [`Maildir::stranded`].
    ///
    /// # Errors
    /// It cannot be renamed. `None` means that somebody else has it.
    pub fn claim(&self, entry: &Entry) -> anyhow::Result<Option<Claimed>> {
        let claimed = self.chase(entry, claim)?;
        Ok(claimed.map(|(path, original)| Claimed { path, original }))
    }

    /// Removes a message of this Maildir.
    ///
    /// # Errors
    /// It cannot be removed, or the removal is not durable.
    pub fn remove(&self, entry: &Entry) -> anyhow::Result<Removed> {
        let removed = self.chase(entry, |entry| match fs::remove_file(&entry.path) {
            Ok(()) => Ok(Some(())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot remove {}", entry.path.display())),
        })?;
        let Some(((), source)) = removed else { return Ok(Removed::AlreadyGone) };
        sync_folder(folder::above(&source))?;
        Ok(Removed::Done)
    }

    /// The messages that a move to another file system left behind when the process died, claimed more than
    /// `older_than` seconds before `now` (seconds since 1970). A move takes seconds: what is here for an hour is
    /// stranded.
    ///
    /// # Errors
    /// The folders cannot be listed.
    pub fn stranded(&self, older_than: i64, now: i64) -> anyhow::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for name in ["new", "cur"] {
            let folder = self.root.join(name);
            for file in read_folder(&folder)? {
                let file = file.with_context(|| format!("cannot list {}", folder.display()))?;
                // Renaming sets the change time.
                let old = |status: fs::Metadata| now.saturating_sub(status.ctime()) > older_than;
                if original_name(&file.file_name()).is_some() && file.metadata().is_ok_and(old) {
                    found.push(file.path());
                }
            }
        }
        Ok(found)
    }

    /// Gives a stranded message its old name back. The copy may have arrived before the crash; then it is there
    /// twice, which is better than nowhere.
    ///
    /// # Errors
    /// It is no stranded message, or cannot be renamed.
    pub fn put_back(&self, stranded: &Path) -> anyhow::Result<Moved> {
        let original = stranded.file_name().and_then(original_name);
        let Some(original) = original else { bail!("{} is no stranded message", stranded.display()) };
        let folder = folder::above(stranded);
        match rename_to_free(stranded, &folder.join(original), &folder.join(unique_name()?)) {
            Ok(path) => {
                sync_folder(folder)?;
                Ok(Moved::Done(path))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Moved::AlreadyGone),
            Err(error) => Err(error).with_context(|| format!("cannot put back {}", stranded.display())),
        }
    }

    /// Removes drafts that were last touched more than `older_than` seconds before `now` (seconds since 1970), and
    /// gives their number.
    ///
    /// # Errors
    /// `tmp/` cannot be listed or a file there not removed.
    pub fn sweep_tmp(&self, older_than: i64, now: i64) -> anyhow::Result<usize> {
        let folder = self.root.join("tmp");
        let mut count = 0;
        for file in read_folder(&folder)? {
            let path = file.with_context(|| format!("cannot list {}", folder.display()))?.path();
            let Ok(status) = fs::symlink_metadata(&path) else { continue };
            // The change time: unlike the others nobody can set it back.
            if !status.is_file() || now.saturating_sub(status.ctime()) <= older_than {
                continue;
            }
            match fs::remove_file(&path) {
                Ok(()) => count += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot remove {}", path.display())),
            }
        }
        Ok(count)
    }

    /// By name alone, so that the answer never depends on what else is there. `~/.maildir` is where some systems
    /// put the Maildir itself.
    fn is_folder(&self) -> bool {
        let name = self.root.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with('.') && !name.eq_ignore_ascii_case(".maildir"))
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
    fn chase<T>(
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

impl Claimed {
    /// Opens it for reading.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(&self) -> anyhow::Result<File> {
        File::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))
    }

    /// Removes it for good.
    ///
    /// # Errors
    /// It cannot be removed, or the removal is not durable.
    pub fn remove(self) -> anyhow::Result<()> {
        fs::remove_file(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))?;
        sync_folder(folder::above(&self.path))
    }

    /// Gives it back under its old name.
    ///
    /// # Errors
    /// It cannot be renamed; it stays among [`Maildir::stranded`].
    pub fn put_back(self) -> anyhow::Result<()> {
        let put = rename_unless_there(&self.path, &self.original);
        put.with_context(|| format!("cannot put back {}", self.path.display()))
    }
}

impl Draft {
    /// Writes on.
    ///
    /// # Errors
    /// Also a full disk or a quota that is used up: never less is written in silence.
    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.synced = false;
        self.file.write_all(bytes).with_context(|| format!("cannot write {}", self.path.display()))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes have been written.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Replaces bytes that have been written: a placeholder gets its value.
    ///
    /// # Errors
    /// The place reaches beyond what has been written, or writing fails.
    pub fn overwrite_at(&mut self, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let end = offset.checked_add(bytes.len() as u64);
        ensure!(end.is_some_and(|end| end <= self.position), "a place outside of {}", self.path.display());
        self.synced = false;
        self.file.write_all_at(bytes, offset).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Brings the content to stable storage.
    ///
    /// # Errors
    /// The system cannot. What a failed fsync has dropped is not written by the next one, so a draft that failed
    /// here is lost.
    pub fn sync(&mut self) -> anyhow::Result<()> {
        if !self.synced {
            self.file.sync_all().with_context(|| format!("cannot bring {} to the disk", self.path.display()))?;
            self.synced = true;
        }
        Ok(())
    }

    /// The content for reading, from its start, and no draft any more: the file has no name and lives as long as
    /// somebody has it open. A program that is given it has it whole, whatever becomes of this process.
    ///
    /// # Errors
    /// It cannot be brought to the disk, which is how some file systems say that they are full, or not be opened.
    pub fn into_reader(mut self) -> anyhow::Result<File> {
        self.sync()?;
        // Dropping self removes the name.
        File::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))
    }

    /// The file in `tmp/`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the draft the message `name` in `new/`, durably.
    ///
    /// link(2) never overwrites, so a message of that name that is there already stays, and that is said. Also
    /// then the folder is brought to the disk first: the process that stored it may have died before it did so.
    /// Messages that a mail reader has moved to `cur/` are not looked at; [`Maildir::find`] does.
    ///
    /// `tmp/` itself is never brought to the disk: an entry there promises nothing to anybody, and after a crash a
    /// stale one is swept.
    ///
    /// # Errors
    /// Nothing is in `new/`; but if only the last step failed, bringing `new/` to the disk, the message may be.
    pub fn commit(mut self, name: &str) -> anyhow::Result<Committed> {
        check_name(name)?;
        self.sync()?;
        let folder = self.maildir.root.join("new");
        let path = folder.join(name);
        let fresh = self.link_to(&path).with_context(|| format!("cannot create {}", path.display()))?;
        sync_folder(&folder)?;
        // Dropping self removes the name in `tmp/`.
        Ok(if fresh { Committed::Stored(path) } else { Committed::AlreadyThere })
    }

    /// Makes the draft a message in `new/` under a name that no other message has, durably.
    ///
    /// # Errors
    /// As [`Draft::commit`].
    pub fn commit_unique(self) -> anyhow::Result<PathBuf> {
        // Its name in `tmp/` is unique already.
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match self.commit(&name)? {
            Committed::AlreadyThere => bail!("the unique name {name} is taken"),
            Committed::Stored(path) => Ok(path),
        }
    }

    /// Whether the name is now ours; false if it is somebody else's.
    fn link_to(&self, path: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.path, path) {
            Ok(()) => Ok(true),
            // Over NFS an answer can get lost, and the second request finds the work of the first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(is_same_file(&self.file, path)),
            Err(error) if lacks_links(&error) => self.rename_to(path),
            Err(error) => Err(error),
        }
    }

    /// The same for a file system without links.
    fn rename_to(&self, path: &Path) -> io::Result<bool> {
        match rename_unless_there(&self.path, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            other => other.map(|()| true),
        }
    }
}

/// Takes the name in `tmp/` away, whatever became of the message.
impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed is swept after 36 hours.
        let _ = fs::remove_file(&self.path);
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
    fn at(path: PathBuf, is_new: bool) -> anyhow::Result<Option<Entry>> {
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

/// Copies a message to another file system. It is claimed by a rename in its own folder, so that nobody else moves
/// it meanwhile; a crash leaves it under that name, see [`Maildir::stranded`].
fn carry(entry: &Entry, target: &Maildir, name: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(claimed) = claim(entry)? else { return Ok(None) };
    let copied = copy(&claimed, target, name);
    if copied.is_err() {
        // It stays listed as stranded if it cannot even be renamed.
        let _ = rename_unless_there(&claimed, &entry.path);
    }
    let path = copied?;
    fs::remove_file(&claimed).with_context(|| format!("cannot remove {}", claimed.display()))?;
    Ok(Some(path))
}

/// Renames a message so that no other process and no mail reader takes it; `None` if one was quicker.
fn claim(entry: &Entry) -> anyhow::Result<Option<PathBuf>> {
    let mut name_claimed = OsString::from(format!("{CLAIMED}{}:", random_hex()?));
    name_claimed.push(entry.path.file_name().unwrap_or_default());
    let claimed = folder::above(&entry.path).join(name_claimed);
    match fs::rename(&entry.path, &claimed) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.with_context(|| format!("cannot move {}", entry.path.display())).map(|()| Some(claimed)),
    }
}

fn copy(source: &Path, target: &Maildir, name: &str) -> anyhow::Result<PathBuf> {
    let mut reader = File::open(source).with_context(|| format!("cannot open {}", source.display()))?;
    // A name that is taken there need not be the same message, so it is not taken for that.
    let free = target.find(name)?.is_none();
    let mut draft = target.draft()?;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => draft.write(&chunk[..count])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", source.display())),
        }
    }
    if !free {
        return draft.commit_unique();
    }
    match draft.commit(name)? {
        Committed::Stored(path) => Ok(path),
        Committed::AlreadyThere => bail!("{name} was put into {} this moment", target.root.display()),
    }
}

/// Renames to `wanted`, or to `spare` if that is taken or if the file system cannot tell.
fn rename_to_free(source: &Path, wanted: &Path, spare: &Path) -> io::Result<PathBuf> {
    match rename_unless_there(source, wanted) {
        Ok(()) => return Ok(wanted.to_owned()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) if lacks_noreplace(&error) => {}
        Err(error) => return Err(error),
    }
    // Sixteen random digits: nothing is there that this could overwrite.
    fs::rename(source, spare)?;
    Ok(spare.to_owned())
}

fn rename_unless_there(source: &Path, target: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, source, CWD, target, RenameFlags::NOREPLACE)?)
}

/// The file system has no renaming without overwriting (NFS, old kernels).
fn lacks_noreplace(error: &io::Error) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The file system has no second names for a file (vfat, AFS, some FUSE ones).
fn lacks_links(error: &io::Error) -> bool {
    let without = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::MLINK];
    without.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// What a claimed message was called before.
fn original_name(file_name: &OsStr) -> Option<&OsStr> {
    let rest = file_name.as_bytes().strip_prefix(CLAIMED.as_bytes())?;
    let colon = rest.iter().position(|&byte| byte == b':')?;
    let original = &rest[colon + 1..];
    (!original.is_empty() && !original.starts_with(b".")).then_some(OsStr::from_bytes(original))
}

/// A name comes from an id of ours, never from a message; a bug must not lead elsewhere.
fn check_name(name: &str) -> anyhow::Result<()> {
    let bad = name.is_empty() || name.len() > 200 || name.starts_with('.');
    ensure!(!bad && !name.contains(['/', ':', '\0', '\n']), "{name:?} is no name for a message");
    Ok(())
}

fn sync_folder(path: &Path) -> anyhow::Result<()> {
    folder::sync(path).with_context(|| format!("cannot bring {} to the disk", path.display()))
}

fn read_folder(path: &Path) -> anyhow::Result<fs::ReadDir> {
    fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))
}

/// The conventional form, `seconds.MmicrosecondsPprocessQrandom.host`; the random part alone makes it unique.
fn unique_name() -> anyhow::Result<String> {
    let (seconds, microseconds) = clock::now_with_microseconds();
    let process = rustix::process::getpid().as_raw_nonzero();
    Ok(format!("{seconds}.M{microseconds}P{process}Q{}.{}", random_hex()?, host()))
}

fn random_hex() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(HEXLOWER.encode(&bytes))
}

/// The host's name with the two characters that mean something in a Maildir written as the definition says.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(64).collect();
    if name.is_empty() { "localhost".to_owned() } else { name.replace('/', "\\057").replace(':', "\\072") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    use super::*;
    use crate::world::sendmail::output_of;

    struct Scratch {
        _folder: tempfile::TempDir,
        inbox: Maildir,
        held: Maildir,
    }

    fn scratch() -> Scratch {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Maildir::at(folder.path().join("home/Maildir"));
        let held = inbox.folder("Held");
        inbox.create().unwrap();
        held.create().unwrap();
        Scratch { _folder: folder, inbox, held }
    }

    fn put(maildir: &Maildir, name: &str, text: &str) -> Entry {
        let mut draft = maildir.draft().unwrap();
        draft.write(text.as_bytes()).unwrap();
        assert!(matches!(draft.commit(name).unwrap(), Committed::Stored(_)));
        maildir.find(name).unwrap().unwrap()
    }

    /// What a mail reader does when somebody opens the message.
    fn read_by_somebody(maildir: &Maildir, entry: &Entry) -> PathBuf {
        let path = maildir.path().join("cur").join(format!("{}:2,S", entry.name));
        fs::rename(&entry.path, &path).unwrap();
        path
    }

    fn names(maildir: &Maildir, folder: &str) -> Vec<String> {
        let files = fs::read_dir(maildir.path().join(folder)).unwrap();
        let mut names: Vec<String> = files.map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn texts(maildir: &Maildir) -> Vec<String> {
        let entries = maildir.entries().unwrap().map(Result::unwrap);
        let mut texts: Vec<String> = entries.map(|entry| fs::read_to_string(entry.path).unwrap()).collect();
        texts.sort();
        texts
    }

    #[test]
    fn what_is_given_away_for_reading_is_whole_and_leaves_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let maildir = Maildir::at(scratch.path());
        maildir.create().unwrap();
        let mut draft = maildir.draft().unwrap();
        draft.write(b"whole").unwrap();
        let mut file = draft.into_reader().unwrap();
        assert_eq!(fs::read_dir(scratch.path().join("tmp")).unwrap().count(), 0);
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole");
    }

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

    #[test]
    fn a_draft_that_is_dropped_leaves_nothing() {
        let Scratch { held, _folder, .. } = scratch();
        let mut draft = held.draft().unwrap();
        draft.write(b"half").unwrap();
        assert_eq!(names(&held, "tmp").len(), 1);
        drop(draft);
        assert!(names(&held, "tmp").is_empty() && names(&held, "new").is_empty());
    }

    #[test]
    fn a_bad_name_is_refused_and_nothing_stays() {
        let Scratch { held, _folder, .. } = scratch();
        let long = "x".repeat(201);
        for name in ["", ".", "..", ".hidden", "a/b", "../cur/a", "a:2,S", "a\0b", "a\nb", &long] {
            assert!(held.draft().unwrap().commit(name).is_err(), "{name:?}");
            assert_eq!(held.find(name).unwrap(), None, "{name:?}");
        }
        assert!(names(&held, "tmp").is_empty() && names(&held, "new").is_empty());
    }

    #[test]
    fn a_commit_that_fails_leaves_nothing() {
        let Scratch { held, _folder, .. } = scratch();
        let draft = held.draft().unwrap();
        fs::remove_dir(held.path().join("new")).unwrap();
        assert!(draft.commit("a").unwrap_err().to_string().ends_with("/new/a"));
        assert!(names(&held, "tmp").is_empty());
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let Scratch { held, _folder, .. } = scratch();
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let path = held.path().join("tmp/full");
        let mut draft = Draft { maildir: held.clone(), file, path, position: 0, synced: false };
        let error = draft.write(b"message").unwrap_err();
        assert!(error.to_string().ends_with("/tmp/full"), "{error}");
        assert_eq!(error.downcast::<io::Error>().unwrap().kind(), ErrorKind::StorageFull);
        assert_eq!(draft.position(), 0);
    }

    /// A limit on the size of files makes the last write a short one, as a disk does that fills up. It counts for
    /// the whole process, so this test runs itself again in one of its own.
    #[test]
    fn a_short_write_leaves_nothing_in_new() {
        if std::env::var_os("COUNTERSIGN_ALONE").is_none() {
            let line = "trap '' XFSZ; ulimit -f 8; COUNTERSIGN_ALONE=1 exec \"$0\" --exact \
                world::maildir::tests::a_short_write_leaves_nothing_in_new";
            let program = std::env::current_exe().unwrap().into_os_string();
            let argv = ["/bin/sh".into(), "-c".into(), line.into(), program];
            let said = String::from_utf8(output_of(&argv, Duration::from_secs(60)).unwrap()).unwrap();
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
        let Scratch { held, _folder, .. } = scratch();
        let mut draft = held.draft().unwrap();
        draft.write(&[b'x'; 3000]).unwrap();
        let error = draft.write(&[b'x'; 3000]).unwrap_err();
        assert_eq!(error.downcast::<io::Error>().unwrap().kind(), ErrorKind::FileTooLarge);
        drop(draft);
        assert!(names(&held, "tmp").is_empty() && names(&held, "new").is_empty());
    }

    #[test]
    fn a_message_is_stored_once_and_never_overwritten() {
        let Scratch { held, _folder, .. } = scratch();
        let first = put(&held, "a", "first");
        assert_eq!(fs::metadata(&first.path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::metadata(&first.path).unwrap().nlink(), 1);
        let mut again = held.draft().unwrap();
        again.write(b"second").unwrap();
        assert_eq!(again.commit("a").unwrap(), Committed::AlreadyThere);
        assert_eq!(texts(&held), ["first"]);
        assert!(names(&held, "tmp").is_empty());
    }

    #[test]
    fn of_many_commits_at_once_one_is_stored() {
        let Scratch { held, _folder, .. } = scratch();
        let stored = std::thread::scope(|scope| {
            let commit = || held.draft().unwrap().commit("a").unwrap();
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(commit)).collect();
            let outcomes = threads.into_iter().map(|thread| thread.join().unwrap());
            outcomes.filter(|outcome| *outcome != Committed::AlreadyThere).count()
        });
        assert_eq!((stored, names(&held, "new").len(), names(&held, "tmp").len()), (1, 1, 0));
    }

    #[test]
    fn a_file_system_without_links_gets_a_rename() {
        let Scratch { held, _folder, .. } = scratch();
        let target = held.path().join("new/a");
        assert!(held.draft().unwrap().rename_to(&target).unwrap());
        assert!(!held.draft().unwrap().rename_to(&target).unwrap());
        assert_eq!((names(&held, "new").len(), names(&held, "tmp").len()), (1, 0));
        for (errno, links, noreplace) in [
            (Errno::PERM, true, false),
            (Errno::OPNOTSUPP, true, true),
            (Errno::INVAL, false, true),
            (Errno::NOSPC, false, false),
            (Errno::ACCESS, false, false),
            (Errno::DQUOT, false, false),
            (Errno::EXIST, false, false),
        ] {
            let error = io::Error::from(errno);
            assert_eq!((lacks_links(&error), lacks_noreplace(&error)), (links, noreplace), "{errno}");
        }
    }

    #[test]
    fn the_answer_to_a_link_that_got_lost_is_recognised() {
        let Scratch { held, _folder, .. } = scratch();
        let draft = held.draft().unwrap();
        fs::hard_link(draft.path(), held.path().join("new/a")).unwrap();
        assert!(matches!(draft.commit("a").unwrap(), Committed::Stored(_)));
        assert_eq!(names(&held, "new"), ["a"]);
    }

    #[test]
    fn a_placeholder_is_replaced_within_what_was_written() {
        let Scratch { held, _folder, .. } = scratch();
        let mut draft = held.draft().unwrap();
        draft.write(b"mac=????\n").unwrap();
        draft.write(b"body\n").unwrap();
        draft.sync().unwrap();
        assert_eq!(draft.position(), 14);
        assert!(draft.overwrite_at(11, b"????").is_err());
        assert!(draft.overwrite_at(u64::MAX, b"?").is_err());
        draft.overwrite_at(4, b"1234").unwrap();
        assert!(!draft.synced);
        draft.write(b"end\n").unwrap();
        draft.commit("a").unwrap();
        assert_eq!(texts(&held), ["mac=1234\nbody\nend\n"]);
    }

    #[test]
    fn unique_names_are_of_the_conventional_form() {
        let Scratch { inbox, _folder, .. } = scratch();
        let first = inbox.draft().unwrap().commit_unique().unwrap();
        let second = inbox.draft().unwrap().commit_unique().unwrap();
        assert_ne!(first, second);
        let name = first.file_name().unwrap().to_str().unwrap();
        assert!(check_name(name).is_ok());
        let parts: Vec<&str> = name.splitn(3, '.').collect();
        assert!(parts[0].parse::<i64>().is_ok() && parts[1].starts_with('M') && parts[1].contains('P'), "{name}");
        assert!(!parts[2].is_empty() && !parts[2].contains(char::is_whitespace), "{name}");
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

    #[test]
    fn a_move_is_made_once() {
        let Scratch { inbox, held, _folder } = scratch();
        let entry = put(&held, "a", "text");
        let moved = held.move_to(&entry, &inbox, "a").unwrap();
        assert_eq!(moved, Moved::Done(inbox.path().join("new/a")));
        assert_eq!(held.move_to(&entry, &inbox, "a").unwrap(), Moved::AlreadyGone);
        assert_eq!(held.remove(&entry).unwrap(), Removed::AlreadyGone);
        assert_eq!((texts(&inbox), texts(&held).len()), (vec!["text".to_owned()], 0));
    }

    #[test]
    fn of_many_moves_at_once_one_is_made() {
        let Scratch { inbox, held, _folder } = scratch();
        for round in 0..20 {
            let entry = put(&held, "a", "text");
            let done = std::thread::scope(|scope| {
                let act = |at: u32| match at % 2 {
                    0 => held.move_to(&entry, &inbox, "a").unwrap() != Moved::AlreadyGone,
                    _ => held.remove(&entry).unwrap() == Removed::Done,
                };
                let threads: Vec<_> = (0..8).map(|at| scope.spawn(move || act(at))).collect();
                threads.into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count()
            });
            assert_eq!((done, names(&held, "new").len()), (1, 0), "round {round}");
        }
    }

    #[test]
    fn a_message_that_a_reader_has_renamed_is_still_caught() {
        let Scratch { inbox, held, _folder } = scratch();
        let (one, two) = (put(&held, "one", "1"), put(&held, "two", "2"));
        read_by_somebody(&held, &one);
        read_by_somebody(&held, &two);
        assert!(matches!(held.move_to(&one, &inbox, "one").unwrap(), Moved::Done(_)));
        assert_eq!(held.remove(&two).unwrap(), Removed::Done);
        assert_eq!((texts(&inbox), texts(&held).len()), (vec!["1".to_owned()], 0));
    }

    #[test]
    fn a_move_never_overwrites() {
        let Scratch { inbox, held, _folder } = scratch();
        put(&inbox, "a", "there before");
        let entry = put(&held, "a", "moved");
        let Moved::Done(path) = held.move_to(&entry, &inbox, "a").unwrap() else { panic!("gone") };
        assert_ne!(path, inbox.path().join("new/a"));
        assert_eq!(texts(&inbox), ["moved", "there before"]);
    }

    #[test]
    fn a_move_that_fails_leaves_the_message_where_it_was() {
        let Scratch { inbox, held, _folder } = scratch();
        let entry = put(&held, "a", "text");
        assert!(held.move_to(&entry, &inbox.folder("Nowhere"), "a").is_err(), "a lost folder is no lost message");
        assert!(held.move_to(&entry, &inbox, "../a").is_err());
        assert_eq!(texts(&held), ["text"]);
    }

    #[test]
    fn a_message_is_carried_to_another_file_system() {
        let Scratch { inbox, held, _folder } = scratch();
        let elsewhere = tempfile::tempdir_in("/dev/shm");
        let target = elsewhere.as_ref().map_or(inbox.clone(), |folder| Maildir::at(folder.path().join("Maildir")));
        target.create().unwrap();
        let text = "text\n".repeat(50_000);
        let entry = put(&held, "a", &text);
        assert!(matches!(held.move_to(&entry, &target, "a").unwrap(), Moved::Done(_)));
        assert_eq!(held.move_to(&entry, &target, "a").unwrap(), Moved::AlreadyGone);
        assert_eq!((texts(&target), names(&held, "new").len()), (vec![text], 0));
        let taken = put(&held, "a", "another");
        assert!(matches!(held.move_to(&taken, &target, "a").unwrap(), Moved::Done(_)));
        assert_eq!((texts(&target).len(), names(&target, "tmp").len()), (2, 0));
        // The same without a second file system at hand.
        let entry = put(&held, "b", "carried");
        assert_eq!(carry(&entry, &target, "b").unwrap(), Some(target.path().join("new/b")));
        assert_eq!(carry(&entry, &target, "b").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_carried_comes_back() {
        let Scratch { inbox, held, _folder } = scratch();
        let entry = put(&held, "a", "text");
        fs::remove_dir(inbox.path().join("tmp")).unwrap();
        assert!(carry(&entry, &inbox, "a").is_err());
        assert_eq!(names(&held, "new"), ["a"]);
    }

    #[test]
    fn a_stranded_message_is_hidden_found_and_put_back() {
        let Scratch { held, _folder, .. } = scratch();
        let path = read_by_somebody(&held, &put(&held, "a", "text"));
        let claimed = path.with_file_name(".claimed:0123456789abcdef:a:2,S");
        fs::rename(&path, &claimed).unwrap();
        fs::write(held.path().join("cur/.claimed:"), "").unwrap();
        fs::write(held.path().join("cur/.other"), "").unwrap();
        let now = clock::now();
        assert!(texts(&held).is_empty());
        assert!(held.stranded(3600, now).unwrap().is_empty(), "it may still be on its way");
        assert_eq!(held.stranded(3600, now + 3700).unwrap(), std::slice::from_ref(&claimed));
        assert!(held.put_back(&held.path().join("cur/.other")).is_err());
        assert_eq!(held.put_back(&claimed).unwrap(), Moved::Done(path.clone()));
        assert_eq!(held.put_back(&claimed).unwrap(), Moved::AlreadyGone);
        fs::copy(&path, &claimed).unwrap();
        assert!(matches!(held.put_back(&claimed).unwrap(), Moved::Done(other) if other != path));
        assert_eq!(texts(&held), ["text", "text"]);
    }

    #[test]
    fn only_abandoned_drafts_are_swept() {
        let Scratch { held, _folder, .. } = scratch();
        let draft = held.draft().unwrap();
        fs::create_dir(held.path().join("tmp/folder")).unwrap();
        put(&held, "a", "text");
        let now = clock::now();
        assert_eq!(held.sweep_tmp(ABANDONED_AFTER, now).unwrap(), 0);
        assert_eq!(held.sweep_tmp(ABANDONED_AFTER, now - 1_000_000).unwrap(), 0, "a clock that was set back");
        assert_eq!(held.sweep_tmp(ABANDONED_AFTER, now + ABANDONED_AFTER + 60).unwrap(), 1);
        assert!(!draft.path().exists());
        assert!(draft.commit("b").is_err(), "a swept draft is not called stored");
        assert_eq!((texts(&held), names(&held, "tmp")), (vec!["text".to_owned()], vec!["folder".to_owned()]));
    }
}
