//! Marks in `tmp/`: a message of that name may be in this Maildir, though nobody has written it down yet.
//!
//! Promises: a mark is there before its message is, and of two processes one makes it; a process that dies leaves it.
//! It needs no sync of its own: it is a second name of the draft's file, and what brings a new file to the disk brings
//! its names along (ext4, XFS, Btrfs). Never touches: `new/` and `cur/`.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context;

use super::draft::Draft;
use super::file_system::lacks_links;
use super::name::check_name;

/// A mark of one name. Dropped before [`Mark::keep`], one that this process made is gone; what a dead process left is
/// swept with the drafts ([`super::ABANDONED_AFTER`]).
#[derive(Debug)]
pub struct Mark {
    /// None once it has been taken away.
    path: Option<PathBuf>,
    is_first: bool,
    /// Whether dropping it leaves it as it is.
    stays: bool,
}

impl Draft {
    /// Marks that this draft, which is written to its end and not synced yet, is about to get that name.
    ///
    /// # Errors
    /// The mark cannot be made.
    pub fn mark(&self, name: &str) -> anyhow::Result<Mark> {
        check_name(name)?;
        let path = self.path().with_file_name(name);
        let is_first = match fs::hard_link(self.path(), &path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists || lacks_links(&error) => false,
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", path.display())),
        };
        Ok(Mark { path: Some(path), is_first, stays: !is_first })
    }
}

impl Mark {
    /// Whether there was no mark of this name. If there was, another process stores the same message at this moment or
    /// died while it did; and where the file system has no second names for a file, nobody knows.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// From now on the message may be in `new/`: until [`Mark::remove`] the mark stays, whatever becomes of this process.
    pub fn keep(&mut self) {
        self.stays = true;
    }

    /// Takes the mark away, whoever made it: the message is written down elsewhere, or does not come again.
    pub fn remove(&mut self) {
        // What cannot be removed is swept after 36 hours, and until then costs one look at the folder.
        if let Some(path) = self.path.take() {
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        if !self.stays {
            self.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Committed;
    use super::super::layout::tests::{Scratch, names, scratch, texts};

    #[test]
    fn a_mark_stays_until_it_is_taken_away() {
        let Scratch { held, _folder, .. } = scratch();
        let mut draft = held.draft().unwrap();
        draft.write(b"text").unwrap();
        let mut mark = draft.mark("a").unwrap();
        mark.keep();
        assert!(mark.is_first() && matches!(draft.commit("a").unwrap(), Committed::Stored(_)));
        // The process dies.
        drop(mark);
        assert_eq!((names(&held, "tmp"), texts(&held)), (vec!["a".to_owned()], vec!["text".to_owned()]));
        let again = held.draft().unwrap().mark("a").unwrap();
        assert!(!again.is_first());
        drop(again);
        assert_eq!(names(&held, "tmp"), ["a"], "another one made it");
        held.draft().unwrap().mark("a").unwrap().remove();
        assert_eq!((names(&held, "tmp").len(), texts(&held)), (0, vec!["text".to_owned()]));
    }

    #[test]
    fn an_attempt_that_stores_nothing_leaves_no_mark() {
        let Scratch { held, _folder, .. } = scratch();
        let draft = held.draft().unwrap();
        let mark = draft.mark("a").unwrap();
        assert_eq!(names(&held, "tmp").len(), 2);
        drop((mark, draft));
        assert!(names(&held, "tmp").is_empty());
        for name in ["", "../new/a", ".a", "a:2,S"] {
            assert!(held.draft().unwrap().mark(name).is_err(), "{name:?}");
        }
        assert!(names(&held, "tmp").is_empty() && names(&held, "new").is_empty());
    }

    #[test]
    fn of_many_one_makes_the_mark() {
        let Scratch { held, _folder, .. } = scratch();
        let first = std::thread::scope(|scope| {
            let mark = || {
                let mut mark = held.draft().unwrap().mark("a").unwrap();
                mark.keep();
                mark.is_first()
            };
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(mark)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count()
        });
        assert_eq!((first, names(&held, "tmp").len()), (1, 1));
    }
}
