//! The sum that a Maildir++ keeps of itself, the file `maildirsize`, where there is one.
//!
//! Promises: what is stored, moved in from elsewhere or removed is added to it, in one write each time, as every program
//! does that shares it (maildir++(5): the first line is the quota, each other one bytes and messages that came or went);
//! nothing waits for it, and nothing is refused for it: whoever enforces the quota counts anew. Never touches: messages.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::layout::Maildir;

/// The sum of one Maildir++, of all its folders together.
#[derive(Debug)]
pub(super) struct Quota {
    root: PathBuf,
    file: File,
    bytes: i128,
    messages: i128,
}

impl Quota {
    /// The sum in which this Maildir counts; none where nobody keeps one.
    pub(super) fn of(maildir: &Maildir) -> Option<Quota> {
        let root = root(maildir);
        // A pipe in its place must not make us wait.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().append(true).custom_flags(flags).open(root.join("maildirsize")).ok()?;
        Some(Quota { root: root.to_owned(), file, bytes: 0, messages: 0 })
    }

    /// Whether both count in the same sum.
    pub(super) fn counts(&self, maildir: &Maildir) -> bool {
        self.root == root(maildir)
    }

    /// A message of so many bytes has come.
    pub(super) fn add(&mut self, bytes: u64) {
        self.bytes += i128::from(bytes);
        self.messages += 1;
    }

    /// A message of so many bytes has gone.
    pub(super) fn take_off(&mut self, bytes: u64) {
        self.bytes -= i128::from(bytes);
        self.messages -= 1;
    }
}

/// Writes the change down.
impl Drop for Quota {
    fn drop(&mut self) {
        if self.bytes != 0 || self.messages != 0 {
            // A sum that is wrong is mended by who counts anew; mail that waits for it is not.
            let _ = self.file.write_all(format!("{} {}\n", self.bytes, self.messages).as_bytes());
        }
    }
}

/// A message's name with its size, as those who count go by it.
pub(super) fn sized(name: &str, bytes: u64) -> String {
    format!("{name},S={bytes}")
}

fn root(maildir: &Maildir) -> &Path {
    let path = maildir.path();
    if maildir.is_folder() { path.parent().unwrap_or(path) } else { path }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::layout::tests::{Scratch, names, put, scratch};
    use super::*;

    fn sum(inbox: &Maildir) -> (i128, i128) {
        let text = fs::read_to_string(inbox.path().join("maildirsize")).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("1000000S"), "the quota is left as it is");
        lines.fold((0, 0), |(bytes, messages), line| {
            let (more, count) = line.split_once(' ').unwrap();
            (bytes + more.parse::<i128>().unwrap(), messages + count.parse::<i128>().unwrap())
        })
    }

    #[test]
    fn what_comes_and_goes_is_counted_and_what_moves_within_is_not() {
        let Scratch { inbox, held, _folder } = scratch();
        fs::write(inbox.path().join("maildirsize"), "1000000S\n").unwrap();
        let mut draft = inbox.draft().unwrap();
        draft.write(b"12345").unwrap();
        let path = draft.commit_unique().unwrap();
        assert!(path.to_str().unwrap().ends_with(",S=5"), "{}", path.display());
        assert_eq!(sum(&inbox), (5, 1));
        let [one, two] = ["123", "1234"].map(|text| put(&held, text, text));
        assert_eq!((sum(&inbox), names(&held, "new").len()), ((12, 3), 2));
        held.move_to(&one, &inbox, "123").unwrap();
        assert_eq!(sum(&inbox), (12, 3));
        assert!(names(&inbox, "new").contains(&"123,S=3".to_owned()), "{:?}", names(&inbox, "new"));
        let entry = |name: &str| inbox.entries().unwrap().map(Result::unwrap).find(|entry| entry.name == name).unwrap();
        held.remove(&two).unwrap();
        assert_eq!(sum(&inbox), (8, 2));
        let elsewhere = Maildir::at(inbox.path().with_file_name("elsewhere"));
        elsewhere.create().unwrap();
        inbox.move_to(&entry("123"), &elsewhere, "123").unwrap();
        assert_eq!(sum(&inbox), (5, 1));
        assert_eq!(names(&elsewhere, "new"), ["123"], "nobody counts there");
    }

    #[test]
    fn where_nobody_keeps_a_sum_none_is_begun_and_what_cannot_be_written_stops_nothing() {
        let Scratch { inbox, held, _folder } = scratch();
        put(&held, "a", "text");
        let sum = inbox.path().join("maildirsize");
        assert!(!sum.exists());
        rustix::fs::mkfifoat(rustix::fs::CWD, &sum, 0o600.into()).unwrap();
        put(&held, "b", "text");
        fs::remove_file(&sum).unwrap();
        fs::create_dir(&sum).unwrap();
        put(&held, "c", "text");
        assert_eq!(names(&held, "new"), ["a", "b", "c"]);
    }
}
