//! Messages moved to another Maildir, also in another file system, and removed.
//!
//! Promises: of two processes that move or remove one message, one does it and the other is told so; a crash at any
//! point leaves the message whole in at least one place. Never touches: what it says.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::claim::claim;
use super::draft::Committed;
use super::entry::{Entry, Moved, Removed, Status};
use super::file_system::{rename_to_free, sync_folder};
use super::layout::Maildir;
use super::name::{check_name, unique_name};
use super::quota::{Quota, sized};
use crate::world::folder;

impl Maildir {
    /// Moves a message of this Maildir into `new/` of another, under `name` if that is free there and under a
    /// unique name else. One atomic rename claims it, so of two processes one gets [`Moved::Done`].
    ///
    /// # Errors
    /// The message is where it was, or, if the other Maildir lies in another file system, among
    /// [`Maildir::stranded`].
    pub fn move_to(&self, entry: &Entry, target: &Maildir, name: &str) -> anyhow::Result<Moved> {
        let mut moved = self.move_all(&[(entry, name)], target);
        moved.pop().unwrap_or(Ok(Moved::AlreadyGone))
    }

    /// The same for many: each for itself, and each folder is brought to the disk once for all of them. What came of each,
    /// in order; none is called done before it is durable.
    pub fn move_all(&self, entries: &[(&Entry, &str)], target: &Maildir) -> Vec<anyhow::Result<Moved>> {
        let mut sources = BTreeSet::new();
        let mut sums = Sums::of(self, target);
        let take = |(entry, name): &(&Entry, &str)| -> anyhow::Result<Moved> {
            let Some((moved, source)) = self.move_one(entry, target, name, &sums)? else {
                return Ok(Moved::AlreadyGone);
            };
            sources.insert(folder::above(&source).to_owned());
            sums.note(&moved);
            Ok(Moved::Done(moved.path))
        };
        let moved = entries.iter().map(take).collect();
        // The target first: then a crash in between leaves them twice rather than nowhere.
        let target = (!sources.is_empty()).then(|| target.root.join("new"));
        durable(moved, target.into_iter().chain(sources), |moved| *moved != Moved::AlreadyGone)
    }

    fn move_one(
        &self,
        entry: &Entry,
        target: &Maildir,
        name: &str,
        sums: &Sums,
    ) -> anyhow::Result<Option<(Arrived, PathBuf)>> {
        check_name(name)?;
        self.chase(entry, |entry| {
            let new = target.root.join("new");
            let bytes = if sums.wanted() { entry.status()?.map_or(0, |status| status.bytes) } else { 0 };
            let name = &sums.name(name, bytes);
            let spare = new.join(sums.name(&unique_name()?, bytes));
            match rename_to_free(&entry.path, &new.join(name), &spare) {
                Ok(path) => Ok(Some(Arrived { path, bytes, copied: false })),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // Either end may be missing; without this a lost folder would look like a lost message.
                    fs::metadata(&new).with_context(|| format!("cannot move to {}", new.display()))?;
                    Ok(None)
                }
                Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                    Ok(carry(entry, target, name)?.map(|path| Arrived { path, bytes, copied: true }))
                }
                Err(error) => {
                    Err(error).with_context(|| format!("cannot move {} to {}", entry.path.display(), new.display()))
                }
            }
        })
    }

    /// Removes a message of this Maildir.
    ///
    /// # Errors
    /// It cannot be removed, or the removal is not durable.
    pub fn remove(&self, entry: &Entry) -> anyhow::Result<Removed> {
        self.remove_all(&[entry]).pop().unwrap_or(Ok(Removed::AlreadyGone))
    }

    /// The same for many, as [`Maildir::move_all`].
    pub fn remove_all(&self, entries: &[&Entry]) -> Vec<anyhow::Result<Removed>> {
        let mut sources = BTreeSet::new();
        let mut sum = Quota::of(self);
        let take = |entry: &&Entry| -> anyhow::Result<Removed> {
            let removed = self.chase(entry, |entry| {
                let bytes = if sum.is_some() { entry.status()?.map_or(0, |status| status.bytes) } else { 0 };
                match fs::remove_file(&entry.path) {
                    Ok(()) => Ok(Some(bytes)),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error).with_context(|| format!("cannot remove {}", entry.path.display())),
                }
            })?;
            let Some((bytes, source)) = removed else { return Ok(Removed::AlreadyGone) };
            if let Some(sum) = &mut sum {
                sum.take_off(bytes);
            }
            sources.insert(folder::above(&source).to_owned());
            Ok(Removed::Done)
        };
        let removed = entries.iter().map(take).collect();
        durable(removed, sources.into_iter(), |removed| *removed == Removed::Done)
    }
}

impl Maildir {
    /// Removes those messages whose files are still the ones that were looked at, under the names that they had. A name alone
    /// may have gone to another message meanwhile, which must stay.
    pub fn remove_as_seen(&self, entries: &[(&Entry, Status)]) -> Vec<anyhow::Result<Removed>> {
        let mut sources = BTreeSet::new();
        let mut sum = Quota::of(self);
        let take = |(entry, seen): &(&Entry, Status)| -> anyhow::Result<Removed> {
            // Nobody else takes it away from here on; dropped, it has its name back.
            let Some(claimed) = claim(entry)? else { return Ok(Removed::AlreadyGone) };
            if !claimed.is(seen)? {
                return Ok(Removed::AlreadyGone);
            }
            sources.insert(folder::above(&entry.path).to_owned());
            claimed.unlink()?;
            if let Some(sum) = &mut sum {
                sum.take_off(seen.bytes);
            }
            Ok(Removed::Done)
        };
        let removed = entries.iter().map(take).collect();
        durable(removed, sources.into_iter(), |removed| *removed == Removed::Done)
    }
}

/// A message at the end of its move.
struct Arrived {
    path: PathBuf,
    /// Known where somebody counts.
    bytes: u64,
    /// Whether it was written anew there, and so counted there already.
    copied: bool,
}

/// The sums in which both ends of a move count.
struct Sums {
    from: Option<Quota>,
    to: Option<Quota>,
    /// Whether that is one and the same.
    within: bool,
}

impl Sums {
    fn of(from: &Maildir, to: &Maildir) -> Sums {
        let (source, target) = (Quota::of(from), Quota::of(to));
        Sums { within: source.as_ref().is_some_and(|sum| sum.counts(to)), from: source, to: target }
    }

    fn wanted(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// The name there: with its size where somebody counts by it.
    fn name(&self, name: &str, bytes: u64) -> String {
        if self.to.is_some() { sized(name, bytes) } else { name.to_owned() }
    }

    fn note(&mut self, arrived: &Arrived) {
        if let Some(sum) = self.from.as_mut().filter(|_| !self.within || arrived.copied) {
            sum.take_off(arrived.bytes);
        }
        if let Some(sum) = self.to.as_mut().filter(|_| !self.within && !arrived.copied) {
            sum.add(arrived.bytes);
        }
    }
}

/// Brings the folders to the disk; where one cannot be, nothing that was done is called done.
fn durable<T>(
    mut done: Vec<anyhow::Result<T>>,
    mut folders: impl Iterator<Item = PathBuf>,
    counts: impl Fn(&T) -> bool,
) -> Vec<anyhow::Result<T>> {
    if let Err(error) = folders.try_for_each(|folder| sync_folder(&folder)) {
        for one in done.iter_mut().filter(|one| one.as_ref().is_ok_and(&counts)) {
            *one = Err(anyhow!("{error:#}"));
        }
    }
    done
}

/// Copies a message to another file system. It is claimed by a rename in its own folder, so that nobody else moves
/// it meanwhile; a crash leaves it under that name, see [`Maildir::stranded`].
fn carry(entry: &Entry, target: &Maildir, name: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(claimed) = claim(entry)? else { return Ok(None) };
    let path = copy(claimed.file()?, &entry.path, target, name)?;
    claimed.unlink()?;
    Ok(Some(path))
}

fn copy(mut reader: File, source: &Path, target: &Maildir, name: &str) -> anyhow::Result<PathBuf> {
    // A name that is taken there need not be the same message, so it is not taken for that.
    let free = target.find(name)?.is_none();
    let mut draft = target.draft()?;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => draft.write(&chunk[..count])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", source.display())),
        }
    }
    if !free {
        return draft.commit_unique();
    }
    match draft.commit(name)? {
        Committed::Stored(path) => Ok(path),
        Committed::AlreadyThere => bail!("{name} was put into {} this moment", target.root.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{Scratch, names, put, read_by_somebody, scratch, texts};
    use super::*;

    #[test]
    fn a_move_is_made_once() {
        let Scratch { inbox, held, _folder } = scratch();
        let entry = put(&held, "a", "text");
        let moved = held.move_to(&entry, &inbox, "a").unwrap();
        assert_eq!(moved, Moved::Done(inbox.path().join("new/a")));
        assert_eq!(held.move_to(&entry, &inbox, "a").unwrap(), Moved::AlreadyGone);
        assert_eq!(held.remove(&entry).unwrap(), Removed::AlreadyGone);
        assert_eq!((texts(&inbox), texts(&held).len()), (vec!["text".to_owned()], 0));
    }

    #[test]
    fn of_many_moves_at_once_one_is_made() {
        let Scratch { inbox, held, _folder } = scratch();
        for round in 0..20 {
            let entry = put(&held, "a", "text");
            let done = std::thread::scope(|scope| {
                let act = |at: u32| match at % 2 {
                    0 => held.move_to(&entry, &inbox, "a").unwrap() != Moved::AlreadyGone,
                    _ => held.remove(&entry).unwrap() == Removed::Done,
                };
                let threads: Vec<_> = (0..8).map(|at| scope.spawn(move || act(at))).collect();
                threads.into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count()
            });
            assert_eq!((done, names(&held, "new").len()), (1, 0), "round {round}");
        }
    }

    #[test]
    fn a_message_that_a_reader_has_renamed_is_still_caught() {
        let Scratch { inbox, held, _folder } = scratch();
        let (one, two) = (put(&held, "one", "1"), put(&held, "two", "2"));
        read_by_somebody(&held, &one);
        read_by_somebody(&held, &two);
        assert!(matches!(held.move_to(&one, &inbox, "one").unwrap(), Moved::Done(_)));
        assert_eq!(held.remove(&two).unwrap(), Removed::Done);
        assert_eq!((texts(&inbox), texts(&held).len()), (vec!["1".to_owned()], 0));
    }

    #[test]
    fn of_many_each_is_moved_or_removed_for_itself() {
        let Scratch { inbox, held, _folder } = scratch();
        let [one, two, three, four] = ["1", "2", "3", "4"].map(|name| put(&held, name, name));
        fs::remove_file(&two.path).unwrap();
        read_by_somebody(&held, &three);
        put(&inbox, "4", "there before");
        let moved = held.move_all(&[(&one, "1"), (&two, "2"), (&three, "3"), (&four, "4"), (&one, "../1")], &inbox);
        let done: Vec<Option<bool>> =
            moved.iter().map(|moved| moved.as_ref().ok().map(|moved| *moved != Moved::AlreadyGone)).collect();
        assert_eq!(done, [Some(true), Some(false), Some(true), Some(true), None]);
        assert_eq!(
            (texts(&inbox), texts(&held).len()),
            (["1", "3", "4", "there before"].map(str::to_owned).to_vec(), 0)
        );
        let [five, six] = ["5", "6"].map(|name| put(&held, name, name));
        let removed = held.remove_all(&[&five, &one, &six]).into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(removed, [Removed::Done, Removed::AlreadyGone, Removed::Done]);
        assert!(texts(&held).is_empty() && held.remove_all(&[]).is_empty());
    }

    #[test]
    fn only_the_file_that_was_looked_at_is_removed() {
        let Scratch { inbox, held, _folder } = scratch();
        fs::write(inbox.path().join("maildirsize"), "1000000S\n").unwrap();
        let [one, two, three, four] = ["1", "2", "3", "4"].map(|name| put(&held, name, name));
        let seen = [&one, &two, &three, &four].map(|entry| (entry, entry.status().unwrap().unwrap()));
        // Taken away, and its name given to another; renamed by a reader; and taken away.
        assert!(matches!(held.move_to(&two, &inbox, "2").unwrap(), Moved::Done(_)));
        put(&held, "2", "another");
        read_by_somebody(&held, &three);
        fs::remove_file(&four.path).unwrap();
        let removed: Vec<_> = held.remove_as_seen(&seen).into_iter().map(Result::unwrap).collect();
        let gone = Removed::AlreadyGone;
        assert_eq!(removed, [Removed::Done, gone, gone, gone]);
        assert_eq!(texts(&held), ["3", "another"]);
        assert!(two.path.exists(), "it has its name back");
        let sum = fs::read_to_string(inbox.path().join("maildirsize")).unwrap();
        assert!(sum.ends_with("\n-1 -1\n"), "{sum}");
    }

    #[test]
    fn what_is_not_durable_is_not_called_done() {
        let done = || vec![Ok(Removed::Done), Ok(Removed::AlreadyGone), Err(anyhow!("no"))];
        let counts = |removed: &Removed| *removed == Removed::Done;
        let seen = |done: Vec<anyhow::Result<Removed>>| done.iter().map(Result::is_ok).collect::<Vec<_>>();
        let nowhere = [PathBuf::from("/nothing/of/the/kind")];
        assert_eq!(seen(durable(done(), nowhere.into_iter(), counts)), [false, true, false]);
        assert_eq!(seen(durable(done(), std::iter::empty(), counts)), [true, true, false]);
    }

    #[test]
    fn a_move_never_overwrites() {
        let Scratch { inbox, held, _folder } = scratch();
        put(&inbox, "a", "there before");
        let entry = put(&held, "a", "moved");
        let Moved::Done(path) = held.move_to(&entry, &inbox, "a").unwrap() else { panic!("gone") };
        assert_ne!(path, inbox.path().join("new/a"));
        assert_eq!(texts(&inbox), ["moved", "there before"]);
    }

    #[test]
    fn a_move_that_fails_leaves_the_message_where_it_was() {
        let Scratch { inbox, held, _folder } = scratch();
        let entry = put(&held, "a", "text");
        assert!(held.move_to(&entry, &inbox.folder("Nowhere"), "a").is_err(), "a lost folder is no lost message");
        assert!(held.move_to(&entry, &inbox, "../a").is_err());
        assert_eq!(texts(&held), ["text"]);
    }

    #[test]
    fn a_message_is_carried_to_another_file_system() {
        let Scratch { inbox, held, _folder } = scratch();
        let elsewhere = tempfile::tempdir_in("/dev/shm");
        let target = elsewhere.as_ref().map_or(inbox.clone(), |folder| Maildir::at(folder.path().join("Maildir")));
        target.create().unwrap();
        let text = "text\n".repeat(50_000);
        let entry = put(&held, "a", &text);
        assert!(matches!(held.move_to(&entry, &target, "a").unwrap(), Moved::Done(_)));
        assert_eq!(held.move_to(&entry, &target, "a").unwrap(), Moved::AlreadyGone);
        assert_eq!((texts(&target), names(&held, "new").len()), (vec![text], 0));
        let taken = put(&held, "a", "another");
        assert!(matches!(held.move_to(&taken, &target, "a").unwrap(), Moved::Done(_)));
        assert_eq!((texts(&target).len(), names(&target, "tmp").len()), (2, 0));
        // The same without a second file system at hand.
        let entry = put(&held, "b", "carried");
        assert_eq!(carry(&entry, &target, "b").unwrap(), Some(target.path().join("new/b")));
        assert_eq!(carry(&entry, &target, "b").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_carried_comes_back() {
        let Scratch { inbox, held, _folder } = scratch();
        let entry = put(&held, "a", "text");
        fs::remove_dir(inbox.path().join("tmp")).unwrap();
        assert!(carry(&entry, &inbox, "a").is_err());
        assert_eq!(names(&held, "new"), ["a"]);
    }
}
