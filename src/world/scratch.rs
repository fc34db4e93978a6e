//! A scratch folder: private, of a name nobody can guess, and gone when its owner is.
//!
//! Promises: made anew or not at all, mode 0700; removed with all that is in it, also after an error and, where the
//! owner asks [`Scratch::is_interrupted`] now and then, after Ctrl-C. Never touches: anything beside it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::random;

/// One scratch folder.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    interrupted: Arc<AtomicBool>,
}

impl Scratch {
    /// Makes one in the system's folder for such things (`TMPDIR`, else `/tmp`). From then on the signals that ask
    /// a process to end are only noted.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(name: &str) -> Result<Scratch> {
        let above = std::path::absolute(std::env::temp_dir())?;
        let path = above.join(format!("{name}-{:016x}", random::bits()?));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| {
            format!("cannot make the scratch folder {}; set TMPDIR to another place", path.display())
        })?;
        let scratch = Scratch { path, interrupted: Arc::new(AtomicBool::new(false)) };
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&scratch.interrupted))?;
        }
        Ok(scratch)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether somebody wants this process to end.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Makes a script in it that this user alone can read and run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn script(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Makes a folder in it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        super::folder::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// Removes it now, and says so if that cannot be done.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

/// On the way out of an error there is nobody left to tell.
impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn it_is_private_and_gone_afterwards() {
        let scratch = Scratch::new("countersign-test").unwrap();
        let path = scratch.path().to_owned();
        scratch.folder("a/b").unwrap();
        let script = scratch.script("run", "#!/bin/sh\n").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(std::fs::metadata(&script).unwrap().mode() & 0o7777, 0o700);
        assert!(scratch.script("run", "").is_err(), "never overwritten");
        assert!(!scratch.is_interrupted());
        drop(scratch);
        assert!(!path.exists());
        let scratch = Scratch::new("countersign-test").unwrap();
        assert_ne!(scratch.path(), path);
        let path = scratch.path().to_owned();
        scratch.remove().unwrap();
        assert!(!path.exists());
    }
}
