//! Messages that are being written, in `tmp/`, until they are durable in `new/`.
//!
//! Promises: what [`Draft::commit`] calls stored is on stable storage under its name, and what is not stored leaves
//! nothing in `new/`; a file is never overwritten. Never touches: `cur/`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::file_system::{lacks_links, read_folder, rename_unless_there, sync_folder};
use super::layout::Maildir;
use super::name::{check_name, unique_name};
use super::quota::{Quota, sized};
use crate::world::{folder, regular};

/// A draft that is older was left by a process that died: the Maildir definition's 36 hours, in seconds.
pub const ABANDONED_AFTER: i64 = 36 * 3600;

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

impl Maildir {
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

    /// The drafts whose names begin so.
    ///
    /// # Errors
    /// `tmp/` cannot be listed.
    pub fn drafts(&self, name: &str) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.root.join("tmp");
        let mut found = Vec::new();
        for file in read_folder(&folder)? {
            let file = file.with_context(|| format!("cannot list {}", folder.display()))?;
            if file.file_name().as_bytes().starts_with(name.as_bytes()) {
                found.push(file.path());
            }
        }
        Ok(found)
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
        self.reader()
    }

    /// The content for reading, from its start.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn reader(&self) -> anyhow::Result<File> {
        File::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))
    }

    /// Gives the draft another name in `tmp/`, in front of its own, under which [`Maildir::drafts`] finds it whole once this
    /// process is dead, also after a power cut.
    ///
    /// # Errors
    /// It cannot be renamed or brought to the disk.
    pub fn set_aside(&mut self, name: &str) -> anyhow::Result<()> {
        check_name(name)?;
        self.sync()?;
        let own = self.path.file_name().unwrap_or_default().to_string_lossy();
        let path = self.path.with_file_name(format!("{name}-{own}"));
        fs::rename(&self.path, &path).with_context(|| format!("cannot rename {}", self.path.display()))?;
        self.path = path;
        sync_folder(folder::above(&self.path))
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
    /// `tmp/` itself is not brought to the disk here: an entry there promises nothing to anybody, and after a crash a
    /// stale one is swept.
    ///
    /// # Errors
    /// Nothing is in `new/`; but if only the last step failed, bringing `new/` to the disk, the message may be.
    pub fn commit(mut self, name: &str) -> anyhow::Result<Committed> {
        self.try_commit(name)
    }

    /// The same for who has another way if a message of that name is there already.
    ///
    /// # Errors
    /// As [`Draft::commit`].
    pub fn try_commit(&mut self, name: &str) -> anyhow::Result<Committed> {
        let quota = Quota::of(&self.maildir);
        self.store(name, quota)
    }

    fn store(&mut self, name: &str, quota: Option<Quota>) -> anyhow::Result<Committed> {
        check_name(name)?;
        self.sync()?;
        let folder = self.maildir.root.join("new");
        let path = folder.join(name);
        let fresh = self.link_to(&path).with_context(|| format!("cannot create {}", path.display()))?;
        sync_folder(&folder)?;
        if let (true, Some(mut quota)) = (fresh, quota) {
            quota.add(self.position);
        }
        // Dropping self removes the name in `tmp/`.
        Ok(if fresh { Committed::Stored(path) } else { Committed::AlreadyThere })
    }

    /// Makes the draft a message in `new/` under a name that no other message has, durably.
    ///
    /// # Errors
    /// As [`Draft::commit`].
    pub fn commit_unique(mut self) -> anyhow::Result<PathBuf> {
        // Its name in `tmp/` is unique already.
        let mut name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let quota = Quota::of(&self.maildir);
        if quota.is_some() {
            name = sized(&name, self.position);
        }
        match self.store(&name, quota)? {
            Committed::AlreadyThere => bail!("the unique name {name} is taken"),
            Committed::Stored(path) => Ok(path),
        }
    }

    /// Whether the name is now ours; false if it is somebody else's.
    fn link_to(&self, path: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.path, path) {
            Ok(()) => Ok(true),
            // Over NFS an answer can get lost, and the second request finds the work of the first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(regular::is_at(&self.file, path)),
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

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.synced = false;
        let count = self.file.write(bytes)?;
        self.position += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes the name in `tmp/` away, whatever became of the message.
impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed is swept after 36 hours.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use rustix::io::Errno;

    use super::super::file_system::lacks_noreplace;
    use super::super::layout::tests::{Scratch, names, put, scratch, texts};
    use super::*;
    use crate::world::clock;
    use crate::world::program::output_of;

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
                world::maildir::draft::tests::a_short_write_leaves_nothing_in_new";
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
