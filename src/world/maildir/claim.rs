//! Messages that only this process can take away, hidden under a name of their own meanwhile.
//!
//! Promises: of two processes one gets it; a crash leaves it where it is found again. Never touches: what it says.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::entry::{Entry, Moved, Status};
use super::file_system::{read_folder, rename_to_free, sync_folder};
use super::layout::Maildir;
use super::name::{random_hex, unique_name};
use crate::world::folder;
use crate::world::packing::Unpacked;

/// How a message is named while it is on its way to another file system. Mail programs pass over names that begin
/// with a dot, and none of them sweeps `new/` and `cur/` as some do `tmp/`.
const CLAIMED: &str = ".claimed:";

/// A message that only this process can take away. Dropped without [`Claimed::remove`] it gets its old name back: whatever
/// could not be done with it, it stays where its reader looks.
#[derive(Debug)]
pub struct Claimed {
    path: PathBuf,
    original: PathBuf,
    removed: bool,
}

impl Maildir {
    /// Claims a message of this Maildir for something that takes a while, such as giving it to a program. If the process
    /// is killed meanwhile, or the old name cannot be given back, it is among [`Maildir::stranded`].
    ///
    /// # Errors
    /// It cannot be renamed. `None` means that somebody else has it.
    pub fn claim(&self, entry: &Entry) -> anyhow::Result<Option<Claimed>> {
        Ok(self.chase(entry, claim)?.map(|(claimed, _)| claimed))
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
}

impl Claimed {
    /// Opens the message for reading, unpacked.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(&self) -> anyhow::Result<Unpacked> {
        Unpacked::new(self.file()?).with_context(|| format!("cannot read {}", self.path.display()))
    }

    /// The file that it was and, if it is not removed, will be.
    #[must_use]
    pub fn original(&self) -> &Path {
        &self.original
    }

    /// Whether it is the file that was looked at, and not another that has got its name since.
    pub(super) fn is(&self, seen: &Status) -> anyhow::Result<bool> {
        let status =
            fs::symlink_metadata(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(Status::of(&status) == *seen)
    }

    /// Opens its file.
    pub(super) fn file(&self) -> anyhow::Result<File> {
        File::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))
    }

    /// Removes it for good.
    ///
    /// # Errors
    /// It cannot be removed, and has its old name back; or the removal is not durable.
    pub fn remove(self) -> anyhow::Result<()> {
        let folder = folder::above(&self.path).to_owned();
        self.unlink()?;
        sync_folder(&folder)
    }

    /// The same without bringing that to the disk.
    pub(super) fn unlink(mut self) -> anyhow::Result<()> {
        fs::remove_file(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))?;
        self.removed = true;
        Ok(())
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if !self.removed
            && let Ok(spare) = unique_name()
        {
            // What cannot be renamed stays among the stranded.
            let _ = rename_to_free(&self.path, &self.original, &folder::above(&self.original).join(spare));
        }
    }
}

/// Renames a message so that no other process and no mail reader takes it; `None` if one was quicker.
pub(super) fn claim(entry: &Entry) -> anyhow::Result<Option<Claimed>> {
    let mut name_claimed = OsString::from(format!("{CLAIMED}{}:", random_hex()?));
    name_claimed.push(entry.path.file_name().unwrap_or_default());
    let claimed = folder::above(&entry.path).join(name_claimed);
    match fs::rename(&entry.path, &claimed) {
        Ok(()) => Ok(Some(Claimed { path: claimed, original: entry.path.clone(), removed: false })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot move {}", entry.path.display())),
    }
}

/// What a claimed message was called before.
fn original_name(file_name: &OsStr) -> Option<&OsStr> {
    let rest = file_name.as_bytes().strip_prefix(CLAIMED.as_bytes())?;
    let colon = rest.iter().position(|&byte| byte == b':')?;
    let original = &rest[colon + 1..];
    (!original.is_empty() && !original.starts_with(b".")).then_some(OsStr::from_bytes(original))
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{Scratch, put, read_by_somebody, scratch, texts};
    use super::*;
    use crate::world::clock;

    #[test]
    fn what_is_claimed_and_not_removed_has_its_name_back() {
        let Scratch { held, _folder, .. } = scratch();
        let entry = put(&held, "a", "text");
        let claimed = held.claim(&entry).unwrap().unwrap();
        assert!(texts(&held).is_empty() && held.claim(&entry).unwrap().is_none());
        drop(claimed);
        assert!(entry.path.exists());
        // Its name was taken meanwhile.
        let claimed = held.claim(&entry).unwrap().unwrap();
        put(&held, "a", "another");
        drop(claimed);
        assert_eq!(texts(&held), ["another", "text"]);
        held.claim(&entry).unwrap().unwrap().remove().unwrap();
        assert_eq!(texts(&held), ["text"]);
        // A removal that fails.
        let entry = held.entries().unwrap().next().unwrap().unwrap();
        let claimed = held.claim(&entry).unwrap().unwrap();
        fs::remove_file(&claimed.path).unwrap();
        fs::create_dir(&claimed.path).unwrap();
        assert!(claimed.remove().is_err());
        assert!(entry.path.is_dir());
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
}
