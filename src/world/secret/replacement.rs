//! The next version of the key file, beside it until it is whole.
//!
//! Promises: a crash leaves the old file or the new one; only one process changes the file. Never touches: the text.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::error::SecretError;
use crate::world::folder;

/// The next version of the file beside it. Whoever changes the file has this one locked; the lock ends with its process, so
/// what a killed one left is only a file, and is written anew.
pub(super) struct Replacement {
    file: File,
    path: PathBuf,
    renamed: bool,
}

/// So often the file may be renamed or taken away by somebody else while it is opened and locked.
const TRIES: usize = 10;

impl Replacement {
    pub(super) fn begin(path: &Path) -> Result<Replacement, SecretError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let path = PathBuf::from(name);
        let unwritable = |source: io::Error| SecretError::Unwritable { path: path.clone(), source };
        for _ in 0..TRIES {
            let (file, is_new) = open(&path).map_err(unwritable)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => return Err(SecretError::Unfinished { path }),
                // A file system without locks: who made the file has it.
                Err(_) if !is_new => return Err(SecretError::Unfinished { path }),
                _ => {}
            }
            if is_there(&file, &path).map_err(unwritable)? {
                file.set_len(0).map_err(unwritable)?;
                return Ok(Replacement { file, path, renamed: false });
            }
        }
        Err(SecretError::Unfinished { path })
    }

    pub(super) fn finish(mut self, target: &Path, text: &str) -> Result<(), SecretError> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|source| SecretError::Unwritable { path: self.path.clone(), source })?;
        let unwritable = |source| SecretError::Unwritable { path: target.to_owned(), source };
        std::fs::rename(&self.path, target).map_err(unwritable)?;
        self.renamed = true;
        folder::sync(folder::above(target)).map_err(unwritable)
    }
}

/// Opens it, and makes it if it is not there, which is then said.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let options = |new| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(new).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        options
    };
    for _ in 0..TRIES {
        match options(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return Ok((made?, true)),
        }
        match options(false).open(path) {
            // Another process has just ended with it.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => return Ok((found?, false)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Whether the open file is still the one of that name.
///
/// # Errors
/// It is no file of this user alone.
fn is_there(file: &File, path: &Path) -> io::Result<bool> {
    let status = file.metadata()?;
    // Whoever could open it before would read the keys that are written into it.
    let is_private = status.mode() & 0o077 == 0;
    let is_ours =
        is_private && status.uid() == rustix::process::geteuid().as_raw() && status.is_file() && status.nlink() <= 1;
    if !is_ours {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is no file of yours alone; take it away"));
    }
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (status.dev(), status.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes it away again. After the rename that name may be somebody else's lock.
impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
