//! How long the program may look at the DNS: one process of a mailbox at a time, 10 s in a minute, and not for a minute after
//! no resolver answered. Slow servers of strangers then keep a mail system from a friend's mail no longer than that.
//!
//! Promises: waits for nobody; a process that dies gives its turn back; what stands in the file is three numbers and of nobody.
//! Never touches: the DNS.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rustix::fs::{FlockOperation, OFlags, fcntl_lock};
use rustix::io::Errno;

use crate::world::resolver::BUDGET_LIMIT;

/// Seconds over which is counted.
const MINUTE: i64 = 60;
/// How much of them one mailbox may spend.
pub const PER_MINUTE: Duration = Duration::from_secs(10);
/// How much of them one message may spend, and all that is looked at behind it in one delivery.
pub const PER_MESSAGE: Duration = BUDGET_LIMIT;
/// With less left nothing is begun: no answer of another continent comes sooner.
pub const FEWEST: Duration = Duration::from_millis(500);
/// Most bytes of the file: three numbers of twenty digits.
const FILE_LIMIT: usize = 64;

/// For how long may be looked.
pub struct Time {
    /// What is left of it.
    pub left: Duration,
    /// Whether somebody's mail waits meanwhile: then it is spent from the minute of the mailbox.
    pub counts: bool,
}

impl Time {
    /// Of one delivery.
    #[must_use]
    pub fn of_a_delivery() -> Time {
        Time { left: PER_MESSAGE, counts: true }
    }
}

/// The turn of this process. It ends when this is dropped.
#[derive(Debug)]
pub struct Allowance {
    file: File,
    /// When the counting began, seconds since 1970.
    since: i64,
    spent: Duration,
    /// Until when no resolver is asked, seconds since 1970.
    dead_until: i64,
}

impl Allowance {
    /// Takes the turn of a mailbox, whose store is that; none while another process has it, and while no resolver answers.
    ///
    /// # Errors
    /// The file beside the store cannot be opened, locked or read.
    pub fn take(store: &Path, now: i64) -> Result<Option<Allowance>> {
        let path = path(store);
        // Whatever lies in its place is neither waited for nor written to.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
        let file = options.open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(anyhow!("{} is no file", path.display()));
        }
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::ACCESS | Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
        let mut bytes = vec![0; FILE_LIMIT];
        let length = read(&file, &mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let allowance = Allowance::from_text(file, &text, now);
        Ok(Some(allowance).filter(|allowance| allowance.dead_until <= now))
    }

    /// What may be spent on the next message; none where it is too little to begin.
    #[must_use]
    pub fn left(&self, time: &Time) -> Option<Duration> {
        let allowed = if time.counts { PER_MINUTE.saturating_sub(self.spent) } else { PER_MINUTE };
        Some(allowed.min(PER_MESSAGE).min(time.left)).filter(|left| *left >= FEWEST)
    }

    /// Writes down what was spent, and whether no resolver answered at all. It need not outlive the machine.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn spend(&mut self, time: Duration, dead: bool, now: i64) -> Result<()> {
        self.spent = self.spent.saturating_add(time);
        if dead {
            self.dead_until = now.saturating_add(MINUTE);
        }
        let line = format!("{} {} {}\n", self.since, self.spent.as_millis(), self.dead_until);
        self.file.write_all_at(format!("{line:<FILE_LIMIT$}").as_bytes(), 0).context("cannot write down the time spent")
    }

    /// What is not as this program writes it counts as nothing; times ahead of the clock tell of a clock that was set.
    fn from_text(file: File, text: &str, now: i64) -> Allowance {
        let numbers: Vec<i64> = text.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
        let (since, spent, dead_until) = match numbers.as_slice() {
            [since, spent, dead] if (0..MINUTE).contains(&now.saturating_sub(*since)) => (*since, *spent, *dead),
            [_, _, dead] => (now, 0, *dead),
            _ => (now, 0, 0),
        };
        let spent = Duration::from_millis(u64::try_from(spent).unwrap_or_default());
        let dead_until = if dead_until > now.saturating_add(MINUTE) { 0 } else { dead_until };
        Allowance { file, since, spent, dead_until }
    }
}

fn path(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push("-look");
    store.with_file_name(name)
}

fn read(file: &File, bytes: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match file.read_at(bytes, 0) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("countersign.db");
        (folder, store)
    }

    #[test]
    fn ten_seconds_are_spent_and_come_back_after_a_minute() {
        let (_folder, store) = store();
        for (seconds, left) in [(3, Some(5)), (4, Some(5)), (2, Some(3)), (1, Some(1)), (0, None)] {
            let mut turn = Allowance::take(&store, NOW).unwrap().unwrap();
            assert_eq!(turn.left(&Time::of_a_delivery()), left.map(Duration::from_secs));
            turn.spend(Duration::from_secs(seconds), false, NOW).unwrap();
        }
        assert_eq!(Allowance::take(&store, NOW + 59).unwrap().unwrap().left(&Time::of_a_delivery()), None);
        assert_eq!(Allowance::take(&store, NOW + 60).unwrap().unwrap().left(&Time::of_a_delivery()), Some(PER_MESSAGE));
        assert_eq!(
            Allowance::take(&store, NOW - 1).unwrap().unwrap().left(&Time::of_a_delivery()),
            Some(PER_MESSAGE),
            "the clock was set"
        );
    }

    #[test]
    fn nobody_looks_for_a_minute_after_no_resolver_answered() {
        let (_folder, store) = store();
        Allowance::take(&store, NOW).unwrap().unwrap().spend(Duration::from_secs(5), true, NOW + 5).unwrap();
        assert!(Allowance::take(&store, NOW + 64).unwrap().is_none());
        assert!(Allowance::take(&store, NOW + 65).unwrap().is_some());
        assert!(Allowance::take(&store, NOW - 3_600).unwrap().is_some(), "the clock was set");
    }

    #[test]
    fn a_file_that_says_something_else_counts_as_nothing() {
        let (_folder, store) = store();
        for text in ["", "x y z", "1 2", "-9 -9 -9", "99999999999999999999 1 1", "\0\0\0"] {
            std::fs::write(path(&store), text).unwrap();
            assert_eq!(
                Allowance::take(&store, NOW).unwrap().unwrap().left(&Time::of_a_delivery()),
                Some(PER_MESSAGE),
                "{text:?}"
            );
        }
    }

    #[test]
    fn no_more_is_left_than_to_who_asks_and_for_one_message() {
        let (_folder, store) = store();
        let turn = Allowance::take(&store, NOW).unwrap().unwrap();
        for (most, left) in [(0, None), (499, None), (500, Some(500)), (90_000, Some(5_000))] {
            let time = Time { left: Duration::from_millis(most), counts: true };
            assert_eq!(turn.left(&time), left.map(Duration::from_millis), "{most}");
        }
    }

    #[test]
    fn whatever_else_lies_in_its_place_is_an_error_and_stays_as_it_is() {
        let (folder, store) = store();
        let other = folder.path().join("other");
        std::fs::write(&other, "a letter").unwrap();
        let link = |to: &Path, path: &Path| std::os::unix::fs::symlink(to, path).unwrap();
        for what in ["a folder", "a link", "a link to nothing", "a pipe"] {
            match what {
                "a folder" => std::fs::create_dir(path(&store)).unwrap(),
                "a link" => link(&other, &path(&store)),
                "a link to nothing" => link(Path::new("nothing"), &path(&store)),
                _ => rustix::fs::mkfifoat(rustix::fs::CWD, path(&store), 0o600.into()).unwrap(),
            }
            assert!(Allowance::take(&store, NOW).is_err(), "{what}");
            if what == "a folder" {
                std::fs::remove_dir(path(&store)).unwrap();
            } else {
                std::fs::remove_file(path(&store)).unwrap();
            }
        }
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "a letter");
        assert!(!folder.path().join("nothing").exists());
    }
}
