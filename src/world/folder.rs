//! Folders on the disk: made private, and their names brought to stable storage.
//!
//! Promises: a folder that was made is not lost in a crash, nor is a name once its folder has been synced. Never
//! touches: what is in the files.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes a folder with all that are missing above it, mode 0700; safe to repeat.
///
/// # Errors
/// One of them cannot be made, or something that is no folder has its name.
pub fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    create(above(path))?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        other => other?,
    }
    sync(above(path))
}

/// Brings the names in a folder to stable storage.
///
/// # Errors
/// The system cannot. A file system that knows no such thing (EINVAL, some FUSE ones) is taken as it is: nothing
/// that could be done later would make it better.
pub fn sync(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// The folder that a file is in.
#[must_use]
pub fn above(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_cannot_be_made_is_an_error() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("file"), "").unwrap();
        assert!(create(&scratch.path().join("file")).is_err());
        assert!(create(&scratch.path().join("file/below")).is_err());
        assert!(create(Path::new("/proc/nothing/below")).is_err());
        assert!(sync(&scratch.path().join("nothing")).is_err());
    }

    #[test]
    fn folders_are_private_and_made_once() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/b/c");
        create(&path).unwrap();
        create(&path).unwrap();
        for folder in [&path, above(&path)] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o7777, 0o700);
        }
    }

    #[test]
    fn a_bare_name_is_in_the_current_folder() {
        assert_eq!(above(Path::new("keys")), Path::new("."));
        assert_eq!(above(Path::new("/a/keys")), Path::new("/a"));
    }
}
