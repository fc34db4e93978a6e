//! The next version of the key file, beside it until it is whole.
//!
//! Promises: a crash leaves the old file or the new one; only one process changes the file. Never touches: the text.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::SecretError;
use crate::world::folder;

/// The next version of the file beside it. Its fixed name is the lock of all who change the file.
pub(super) struct Replacement {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Replacement {
    pub(super) fn begin(path: &Path) -> Result<Replacement, SecretError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let path = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Ok(Replacement { file, path, renamed: false }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(SecretError::Unfinished { path }),
            Err(source) => Err(SecretError::Unwritable { path, source }),
        }
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

/// Takes it away again. After the rename that name may be somebody else's lock.
impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
