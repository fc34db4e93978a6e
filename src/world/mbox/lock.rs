//! An mbox that is locked and open for appending.
//!
//! Promises: it is a regular file of this user with one name, and still the one under that name when both locks are held;
//! nobody waits for a lock with another in hand, so two programs that lock in different orders never wait for each other.
//! Never touches: what is in the file.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{FlockOperation, OFlags, fcntl_lock};
use rustix::io::Errno;

use super::dotlock::{self, Attempt, Dotlock};
use crate::world::{folder, regular, surroundings};

/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(50);

/// The locked file. What is dropped first is unlocked first.
#[derive(Debug)]
pub(super) struct Locked {
    _dotlock: Option<Dotlock>,
    /// The file itself holds the kernel's lock; nobody else in this process may open it meanwhile.
    pub(super) file: File,
    /// Whether it was made here.
    pub(super) is_new: bool,
}

/// Locks that file, and makes it where it is missing.
///
/// # Errors
/// It is no regular file of this user with one name, or cannot be opened, or somebody else holds it for longer than that.
pub(super) fn lock(path: &Path, patience: Duration) -> Result<Locked> {
    lock_with(path, patience, dotlock::take)
}

/// The same with that way to make the dotlock.
fn lock_with(path: &Path, patience: Duration, take: impl Fn(&Path) -> Result<Attempt>) -> Result<Locked> {
    let until = Instant::now() + patience;
    let mut is_new = false;
    loop {
        let (file, made) = open(path)?;
        // Who made it and found it locked by somebody quicker has still to bring its name to the disk.
        is_new |= made;
        // A mail reader may write the mbox anew beside the old one.
        if is_free(&file, path)? && regular::is_at(&file, path) {
            check(&file, path)?;
            let dotlock = match take(path)? {
                Attempt::Taken(dotlock) => Some(Some(dotlock)),
                Attempt::Impossible => Some(None),
                Attempt::Busy => None,
            };
            // Who held the dotlock until now may have put another file in the place of this one.
            if let Some(dotlock) = dotlock.filter(|_| regular::is_at(&file, path)) {
                return Ok(Locked { _dotlock: dotlock, file, is_new });
            }
        }
        drop(file);
        if Instant::now() >= until {
            bail!("{} was locked by another program for {} s", path.display(), patience.as_secs());
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether that file is there, for who wants to know before a message comes.
///
/// # Errors
/// Nothing could be appended to it, or it could not be made.
pub fn look(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = folder::above(path);
            ensure!(above.is_dir(), "there is no folder {}", above.display());
            ensure!(
                surroundings::is_writable(above),
                "{} is not there, and you may not make it; the mail system does, with the first message it delivers to you: \
                 send yourself one first: echo | /usr/sbin/sendmail $USER",
                path.display()
            );
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("cannot look for {}", path.display())),
        Ok(_) => {
            let (file, _) = open(path)?;
            check(&file, path).map(|()| true)
        }
    }
}

fn open(path: &Path) -> Result<(File, bool)> {
    // A name that leads elsewhere is refused, and a fifo must not make us wait.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).append(true).custom_flags(flags).mode(0o600);
    let opened = match options.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            options.create_new(true).open(path).map(|file| (file, true))
        }
        opened => opened.map(|file| (file, false)),
    };
    match opened {
        // Somebody else made it in between.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open(path),
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            bail!("{} is a symbolic link; give the mbox by its own name", path.display())
        }
        opened => opened.with_context(|| format!("cannot open {}", path.display())),
    }
}

/// Whether the kernel's lock is ours now.
fn is_free(file: &File, path: &Path) -> Result<bool> {
    match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS | Errno::INTR) => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

fn check(file: &File, path: &Path) -> Result<()> {
    let (status, shown) =
        (file.metadata().with_context(|| format!("cannot look at {}", path.display()))?, path.display());
    ensure!(status.is_file(), "{shown} is no regular file");
    ensure!(status.uid() == rustix::process::geteuid().as_raw(), "{shown} belongs to another user");
    ensure!(status.nlink() == 1, "{shown} has another name too: nothing is appended to it");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(120);

    #[test]
    fn a_file_that_is_none_of_ours_alone_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::hard_link(at("file"), at("other name")).unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), 0o600.into()).unwrap();
        for (name, said) in [
            ("file", "has another name too"),
            ("link", "symbolic link"),
            ("folder", "cannot open"),
            ("fifo", "no regular file"),
            ("nowhere/mbox", "cannot open"),
        ] {
            let error = lock(&at(name), SHORT).unwrap_err();
            assert!(error.to_string().contains(said), "{name}: {error:#}");
        }
        let other = lock(Path::new("/dev/null"), SHORT).unwrap_err().to_string();
        assert!(other.contains("no regular file"), "{other}");
    }

    #[test]
    fn a_dotlock_of_somebody_else_is_waited_for_and_no_longer_than_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        fs::write(path.with_file_name("mbox.lock"), "0").unwrap();
        let error = lock(&path, SHORT).unwrap_err().to_string();
        assert!(error.contains("was locked by another program"), "{error}");
        fs::remove_file(path.with_file_name("mbox.lock")).unwrap();
        let locked = lock(&path, SHORT).unwrap();
        assert!(!locked.is_new, "the first attempt made it");
    }

    #[test]
    fn a_reader_that_wrote_the_mbox_anew_before_its_dotlock_was_gone_loses_no_message() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        fs::write(&path, "old").unwrap();
        fs::write(path.with_file_name("mbox.new"), "new").unwrap();
        let take = |path: &Path| {
            // The reader knows dotlocks only, and ends with a rename.
            let _ = fs::rename(path.with_file_name("mbox.new"), path);
            dotlock::take(path)
        };
        let locked = lock_with(&path, Duration::from_secs(20), take).unwrap();
        assert!(regular::is_at(&locked.file, &path), "what is appended would be in a file without a name");
        assert!(path.with_file_name("mbox.lock").exists());
        drop(locked);
        assert!(!path.with_file_name("mbox.lock").exists());
    }
}
