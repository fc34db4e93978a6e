//! What a Maildir asks of the file system, and what some file systems lack.
//!
//! Promises: a rename never overwrites. Never touches: what is in the files.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::world::folder;

/// Renames to `wanted`, or to `spare` if that is taken or if the file system cannot tell.
pub(super) fn rename_to_free(source: &Path, wanted: &Path, spare: &Path) -> io::Result<PathBuf> {
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

pub(super) fn rename_unless_there(source: &Path, target: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, source, CWD, target, RenameFlags::NOREPLACE)?)
}

/// The file system has no renaming without overwriting (NFS, old kernels).
pub(super) fn lacks_noreplace(error: &io::Error) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The file system has no second names for a file (vfat, AFS, some FUSE ones).
pub(super) fn lacks_links(error: &io::Error) -> bool {
    let without = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::MLINK];
    without.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

pub(super) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    folder::sync(path).with_context(|| format!("cannot bring {} to the disk", path.display()))
}

pub(super) fn read_folder(path: &Path) -> anyhow::Result<fs::ReadDir> {
    fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))
}
