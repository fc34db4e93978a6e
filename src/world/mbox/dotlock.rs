//! The file `MBOX.lock` by which most mail programs keep each other away from an mbox.
//!
//! Promises: it is made by link(2), which two never win, and taken away by who made it; one whose process is dead or that
//! is five minutes old is taken over, and no other; where this user may make no file in the folder, `dotlockfile` makes it,
//! which may (on Debian `/var/mail` belongs to the group mail). Never touches: the mbox.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process};

use crate::world::{clock, folder, host, program, random, regular, surroundings};

/// An older lock was left behind: liblockfile(3) and Dovecot say five minutes, and nobody appends for so long.
const STALE_AFTER: i64 = 300;
/// The program that may do it, where this user may not (Debian: package liblockfile-bin).
const PROGRAMS: [&str; 2] = ["/usr/bin/dotlockfile", "/usr/local/bin/dotlockfile"];
/// What it ends with when the lock is somebody else's (lockfile_create(3), `L_MAXTRYS`).
const IS_TAKEN: i32 = 4;
/// It tries once and ends.
const PROGRAM_LIMIT: Duration = Duration::from_secs(10);
/// Most bytes of a lock that are read: a process and a host.
const LOCK_READ: u64 = 300;

/// A lock that is held; dropped it is gone.
#[derive(Debug)]
pub(super) struct Dotlock {
    path: PathBuf,
    made_by: MadeBy,
}

/// Who must take it away.
#[derive(Clone, Debug, PartialEq, Eq)]
enum MadeBy {
    Program(PathBuf),
    Us,
}

/// What came of one attempt.
#[derive(Debug)]
pub(super) enum Attempt {
    /// Somebody else has it.
    Busy,
    /// Neither this user nor any program here can make one; the kernel's lock must do.
    Impossible,
    /// It is ours.
    Taken(Dotlock),
}

/// Tries once. The caller has the kernel's lock already, so that of several processes of ours one comes here.
///
/// # Errors
/// The folder takes no file for another reason than its rights, such as a full disk.
pub(super) fn take(mbox: &Path) -> Result<Attempt> {
    let mut path = mbox.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    match make(&path) {
        Ok(true) => Ok(Attempt::Taken(Dotlock { path, made_by: MadeBy::Us })),
        Ok(false) => Ok(Attempt::Busy),
        Err(error) if lacks_rights(&error) => by_program(path),
        Err(error) => Err(error).with_context(|| format!("cannot make {}", path.display())),
    }
}

/// How a dotlock of that mbox would be made; for `doctor`. `None`: not at all.
#[must_use]
pub fn way(mbox: &Path) -> Option<String> {
    if surroundings::is_writable(folder::above(mbox)) {
        return Some("fcntl and a dotlock".to_owned());
    }
    program().map(|program| format!("fcntl, and a dotlock by {}", program.display()))
}

fn make(path: &Path) -> std::io::Result<bool> {
    let draft = path.with_file_name(format!(".countersign-{:016x}", random::bits().map_err(std::io::Error::other)?));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&draft)?;
    let written = file.write_all(format!("{}:{}\n", getpid().as_raw_nonzero(), host::name()).as_bytes());
    // A power cut must not leave a lock that does not say whose it was: it would keep all mail waiting for minutes.
    let status = written.and_then(|()| file.sync_all()).and_then(|()| file.metadata());
    let made = status.and_then(|status| link(&draft, path, &status));
    fs::remove_file(&draft)?;
    made
}

fn link(draft: &Path, path: &Path, of_draft: &Metadata) -> std::io::Result<bool> {
    // Twice: in between, a lock that was left behind is taken away.
    for _ in 0..2 {
        match fs::hard_link(draft, path) {
            Ok(()) => return Ok(true),
            // Over NFS an answer can get lost, and the second request finds the work of the first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if regular::is_same(path, of_draft) {
                    return Ok(true);
                }
            }
            Err(error) => return Err(error),
        }
        if !remove_stale(path, of_draft.mtime())? {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Takes a lock away whose process is dead, or that is old by the clock of its own file system. It is moved aside and
/// looked at once more, so that nobody's fresh one goes with it.
fn remove_stale(path: &Path, now: i64) -> std::io::Result<bool> {
    let Ok(seen) = fs::symlink_metadata(path) else { return Ok(true) };
    if !seen.is_file() || !(is_abandoned(path) || now.saturating_sub(seen.mtime()) > STALE_AFTER) {
        return Ok(false);
    }
    let aside = path.with_file_name(format!(".countersign-{:016x}", random::bits().map_err(std::io::Error::other)?));
    match fs::rename(path, &aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        other => other?,
    }
    let was_seen = regular::is_same(&aside, &seen);
    if !was_seen {
        let _ = fs::hard_link(&aside, path);
    }
    fs::remove_file(&aside)?;
    Ok(was_seen)
}

/// Whether it names a process that is not there any more, in the form that Dovecot writes too; of this host, since a number
/// means nothing on another one.
fn is_abandoned(path: &Path) -> bool {
    let mut text = Vec::new();
    if File::open(path).and_then(|file| file.take(LOCK_READ).read_to_end(&mut text)).is_err() {
        return false;
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let Some((process, on)) = text.trim().split_once(':') else { return false };
    let process = process.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    on == host::name() && process.is_some_and(|process| test_kill_process(process) == Err(Errno::SRCH))
}

fn lacks_rights(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

fn by_program(path: PathBuf) -> Result<Attempt> {
    let Some(program) = program() else {
        return Ok(if is_held(&path, clock::now()) { Attempt::Busy } else { Attempt::Impossible });
    };
    match run(&program, &["-l", "-p", "-r", "0"], &path)? {
        (0, _) => Ok(Attempt::Taken(Dotlock { path, made_by: MadeBy::Program(program) })),
        (IS_TAKEN, _) => Ok(Attempt::Busy),
        (code, said) => {
            bail!("{} ended with {code} for {}: {}", program.display(), path.display(), said.trim())
        }
    }
}

/// Whether somebody has that lock, where this user can neither make nor remove one.
fn is_held(path: &Path, now: i64) -> bool {
    let made = fs::symlink_metadata(path).map(|status| status.mtime());
    // One of a clock that is ahead must not keep mail waiting until then.
    made.is_ok_and(|made| now.saturating_sub(made).abs() <= STALE_AFTER) && !is_abandoned(path)
}

fn run(program: &Path, options: &[&str], lock: &Path) -> Result<(i32, String)> {
    let mut argv: Vec<OsString> = vec![program.into()];
    argv.extend(options.iter().map(Into::into));
    argv.push(lock.into());
    let (code, said) = program::answer_of(&argv, b"", &[], PROGRAM_LIMIT)?;
    Ok((code, String::from_utf8_lossy(&said).into_owned()))
}

fn program() -> Option<PathBuf> {
    PROGRAMS.iter().map(PathBuf::from).find(|path| surroundings::is_executable(path))
}

impl Drop for Dotlock {
    fn drop(&mut self) {
        // One that stays is taken over once its process is dead.
        match &self.made_by {
            MadeBy::Us => drop(fs::remove_file(&self.path)),
            MadeBy::Program(program) => drop(run(program, &["-u"], &self.path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn scratch() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (mbox, lock) = (folder.path().join("alice"), folder.path().join("alice.lock"));
        (folder, mbox, lock)
    }

    fn is_busy(mbox: &Path) -> bool {
        matches!(take(mbox).unwrap(), Attempt::Busy)
    }

    #[test]
    fn who_has_it_has_it_alone_and_leaves_nothing() {
        let (folder, mbox, lock) = scratch();
        let Attempt::Taken(held) = take(&mbox).unwrap() else { panic!("not taken") };
        assert!(lock.exists() && is_busy(&mbox));
        assert_eq!(fs::read_to_string(&lock).unwrap(), format!("{}:{}\n", std::process::id(), host::name()));
        drop(held);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_of_somebody_else_is_left_alone() {
        let (folder, mbox, lock) = scratch();
        let living = format!("{}:{}", std::process::id(), host::name());
        // 0 is what procmail writes; nothing, what Postfix does; a process of another host cannot be asked for.
        for text in ["", "0", "0:", "garbage", &living, "4194000:another.host", "-1:x", ":"] {
            fs::write(&lock, text).unwrap();
            assert!(is_busy(&mbox), "{text:?}");
            assert_eq!(fs::read_to_string(&lock).unwrap(), text);
        }
        fs::remove_file(&lock).unwrap();
        fs::create_dir(&lock).unwrap();
        assert!(is_busy(&mbox), "a folder");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lock_of_the_dead_and_an_old_one_are_taken_over() {
        let (_folder, mbox, lock) = scratch();
        // Above the kernel's highest number of a process.
        fs::write(&lock, format!("4194305:{}", host::name())).unwrap();
        assert!(matches!(take(&mbox).unwrap(), Attempt::Taken(_)));
        for (age, is_free) in [(STALE_AFTER - 60, false), (STALE_AFTER + 60, true)] {
            fs::write(&lock, "0").unwrap();
            let time = SystemTime::now() - Duration::from_secs(age.unsigned_abs());
            fs::File::options().write(true).open(&lock).unwrap().set_modified(time).unwrap();
            assert_eq!(!is_busy(&mbox), is_free, "{age}");
        }
    }

    #[test]
    fn who_can_make_none_waits_for_who_has_one() {
        let (_folder, _, lock) = scratch();
        let now = clock::now();
        assert!(!is_held(&lock, now));
        fs::write(&lock, "0").unwrap();
        for (off, held) in [(0, true), (STALE_AFTER - 9, true), (STALE_AFTER + 9, false), (-STALE_AFTER - 9, false)] {
            assert_eq!(is_held(&lock, now + off), held, "{off}");
        }
        fs::write(&lock, format!("4194305:{}", host::name())).unwrap();
        assert!(!is_held(&lock, now), "of the dead");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(take(Path::new("/nothing/of/the/kind")).is_err());
    }
}
