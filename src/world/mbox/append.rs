//! Messages at the end of the user's mbox.
//!
//! Promises: what [`Open::append`] has answered is whole, on stable storage, and begins behind an empty line; what
//! could not be written whole is cut off again while the file is still locked, and what a process that was killed left
//! half, by the next one, if it is still what that process wrote and nothing else. Never touches: a byte that was there
//! before, or that somebody else wrote.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;

use super::lock::{Locked, lock};
use super::quote::Quoting;
use crate::world::folder;
use crate::world::maildir::{Draft, Maildir};

/// How long somebody else's lock is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// What a draft is called from before the first byte is appended until the last one is on the disk, with the place where it
/// begins: `append-PLACE-SEPARATOR-…`.
const UNDERWAY: &str = "append-";
/// Most line ends in front of a message.
const SEPARATOR_LIMIT: u64 = 2;
/// Bytes that are copied at once.
const PIECE: usize = 64 * 1024;

/// The user's mbox.
#[derive(Clone, Debug)]
pub struct Mailbox {
    path: PathBuf,
    /// In whose `tmp/` messages are gathered.
    maildir: Maildir,
}

/// The user's mbox while it is locked: whoever else appends or releases waits.
pub struct Open<'a> {
    mailbox: &'a Mailbox,
    locked: Locked,
    /// How many bytes of half messages were cut off when it was opened.
    pub cut_off: u64,
}

/// A message that is gathered as it will stand in the mbox: the lock is not held while the mail system still writes.
pub struct Letter {
    quoting: Quoting<BufWriter<Draft>>,
}

impl Mailbox {
    /// That file, which need not be there; what goes into it is gathered in the `tmp/` of that Maildir.
    pub fn at(path: impl Into<PathBuf>, maildir: Maildir) -> Mailbox {
        Mailbox { path: path.into(), maildir }
    }

    /// Begins a message: its `From ` line, as [`crate::mail::compose`] writes it.
    ///
    /// # Errors
    /// Nothing can be written.
    pub fn letter(&self, from_line: &str) -> Result<Letter> {
        let mut draft = self.maildir.draft()?;
        draft.write(from_line.as_bytes())?;
        Ok(Letter { quoting: Quoting::new(BufWriter::with_capacity(PIECE, draft)) })
    }

    /// Whether somebody is appending just now, or was killed over it.
    ///
    /// # Errors
    /// It cannot be looked for.
    pub fn is_underway(&self) -> Result<bool> {
        Ok(!self.maildir.drafts(UNDERWAY)?.is_empty())
    }

    /// Locks the mbox, and makes it where it is missing.
    ///
    /// # Errors
    /// It cannot be opened, or somebody else has it locked for longer than that.
    pub fn open(&self, patience: Duration) -> Result<Open<'_>> {
        let locked = lock(&self.path, patience)?;
        let cut_off = self.cut_off_halves(&locked.file)?;
        Ok(Open { mailbox: self, locked, cut_off })
    }

    /// Cuts off what a process left half that was killed while it held the lock.
    fn cut_off_halves(&self, file: &File) -> Result<u64> {
        let mut bytes = 0;
        for path in self.maildir.drafts(UNDERWAY)? {
            // Whatever else has such a name no process of ours has made, and it must keep no mail waiting.
            let Some(leftover) = Leftover::at(&path)? else { continue };
            if let Some(half) = leftover.half(file)? {
                cut_back(file, half.begins, half.bytes)
                    .with_context(|| format!("cannot cut back {}", self.path.display()))?;
                bytes += half.bytes;
            }
            // Whole, or not ours any more: its process is dead, and the mail system hands the message over again.
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(bytes)
    }
}

impl Open<'_> {
    /// Appends a message.
    ///
    /// # Errors
    /// It cannot be written; the mbox is then as it was.
    pub fn append(&mut self, letter: Letter) -> Result<()> {
        let failed = || format!("cannot append to {}", self.mailbox.path.display());
        let mut draft = letter.finish().with_context(failed)?;
        let mut file = &self.locked.file;
        let begins = file.metadata().with_context(failed)?.len();
        let separator = separator(file, begins).with_context(failed)?;
        let mut source = draft.reader()?;
        draft.set_aside(&format!("{UNDERWAY}{begins}-{}", separator.len()))?;
        let mut written = 0;
        let appended = write(&mut file, separator, &mut written)
            .and_then(|()| copy(&mut source, &mut file, &mut written))
            .and_then(|()| file.sync_all());
        let appended = appended.and_then(|()| self.secure_name());
        if let Err(error) = appended {
            if cut_back(file, begins, written).is_err() {
                // Left for the next process, which finds the half by it.
                std::mem::forget(draft);
            }
            return Err(error).with_context(failed);
        }
        Ok(())
    }

    /// Brings the name of a file that was made here to the disk.
    fn secure_name(&self) -> io::Result<()> {
        if self.locked.is_new { folder::sync(folder::above(&self.mailbox.path)) } else { Ok(()) }
    }
}

impl Letter {
    /// Writes on.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.quoting.write(bytes)?)
    }

    fn finish(self) -> io::Result<Draft> {
        self.quoting.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// What stands at the end of the mbox and is the beginning of a message, and no more.
struct Half {
    begins: u64,
    bytes: u64,
}

/// The draft of a process that died between its first and its last byte in the mbox.
struct Leftover {
    draft: File,
    /// Where in the mbox it begins.
    begins: u64,
    /// Line ends in front of it there.
    separator: u64,
}

impl Leftover {
    /// That file, if it is a draft as [`Open::append`] leaves it: by its name, and as a regular file of this user's that is
    /// nowhere else.
    fn at(path: &Path) -> Result<Option<Leftover>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut numbers = name.strip_prefix(UNDERWAY).unwrap_or_default().split('-').map(str::parse::<u64>);
        let (Some(Ok(begins)), Some(Ok(separator @ 0..=SEPARATOR_LIMIT))) = (numbers.next(), numbers.next()) else {
            return Ok(None);
        };
        // A fifo must not make us wait.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let draft = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Err(error) if is_none_of_ours(&error) => return Ok(None),
            opened => opened.with_context(|| format!("cannot open {}", path.display()))?,
        };
        let status = draft.metadata().with_context(|| format!("cannot look at {}", path.display()))?;
        let is_ours = status.is_file() && status.nlink() == 1 && status.uid() == geteuid().as_raw();
        Ok(is_ours.then_some(Leftover { draft, begins, separator }))
    }

    /// What it left half, if from its place on the mbox has a part of it and nothing else.
    fn half(mut self, file: &File) -> Result<Option<Half>> {
        let size = file.metadata().context("cannot look at the mbox")?.len();
        let bytes = size.saturating_sub(self.begins);
        let whole = self.separator + self.draft.metadata().context("cannot look at a draft")?.len();
        if bytes == 0 || bytes > whole {
            return Ok(None);
        }
        let mut wanted = io::repeat(b'\n').take(self.separator).chain(&mut self.draft);
        let likeness = likeness(file, self.begins, bytes, &mut wanted).context("cannot read the end of the mbox")?;
        let is_half = likeness == Likeness::WithHoles || likeness == Likeness::Same && bytes < whole;
        Ok(is_half.then_some(Half { begins: self.begins, bytes }))
    }
}

fn is_none_of_ours(error: &io::Error) -> bool {
    let is_other_kind = [Errno::LOOP, Errno::NXIO].iter().any(|one| error.raw_os_error() == Some(one.raw_os_error()));
    is_other_kind || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// Somebody else wrote here.
    Other,
    Same,
    /// But for zeros: after a power cut, what was not on the disk.
    WithHoles,
}

fn likeness(file: &File, mut at: u64, mut left: u64, wanted: &mut impl Read) -> io::Result<Likeness> {
    let (mut here, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    let mut likeness = Likeness::Same;
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        file.read_exact_at(&mut here[..count], at)?;
        wanted.read_exact(&mut there[..count])?;
        if here[..count] != there[..count] {
            likeness = Likeness::WithHoles;
            if here[..count].iter().zip(&there[..count]).any(|(is, was)| is != was && *is != 0) {
                return Ok(Likeness::Other);
            }
        }
        at += count as u64;
        left -= count as u64;
    }
    Ok(likeness)
}

/// What is missing at the end of the mbox: a message begins behind an empty line.
fn separator(file: &File, size: u64) -> io::Result<&'static [u8]> {
    let mut end = [0; 2];
    let tail = &mut end[..usize::try_from(size).unwrap_or(2).min(2)];
    file.read_exact_at(tail, size - tail.len() as u64)?;
    Ok(match *tail {
        [] | [b'\n'] | [b'\n', b'\n'] => b"",
        [.., b'\n'] => b"\n",
        _ => b"\n\n",
    })
}

/// Copies to the end, and counts what the system has taken.
fn copy(source: &mut File, file: &mut &File, written: &mut u64) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => write(file, &piece[..count], written)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn write(file: &mut &File, mut bytes: &[u8], written: &mut u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                *written += count as u64;
                bytes = &bytes[count..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes back what was appended, if nobody who does not ask for locks has appended something too.
fn cut_back(file: &File, begins: u64, written: u64) -> io::Result<()> {
    if file.metadata()?.len() == begins + written {
        file.set_len(begins)?;
        file.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch {
        _folder: tempfile::TempDir,
        path: PathBuf,
        mailbox: Mailbox,
    }

    fn scratch() -> Scratch {
        let folder = tempfile::tempdir().unwrap();
        let maildir = Maildir::at(folder.path().join("Held"));
        maildir.create().unwrap();
        let path = folder.path().join("mbox");
        Scratch { mailbox: Mailbox::at(&path, maildir), path, _folder: folder }
    }

    impl Scratch {
        fn letter(&self, text: &str) -> Letter {
            let mut letter = self.mailbox.letter(FROM).unwrap();
            letter.write(text.as_bytes()).unwrap();
            letter
        }

        fn append(&self, text: &str) {
            self.mailbox.open(Duration::ZERO).unwrap().append(self.letter(text)).unwrap();
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.path).unwrap()
        }

        fn drafts(&self) -> usize {
            fs::read_dir(self.mailbox.maildir.path().join("tmp")).unwrap().count()
        }
    }

    const FROM: &str = "From bob@example.net Thu Jan  1 00:00:00 1970\n";

    #[test]
    fn each_message_begins_behind_an_empty_line() {
        for (before, separator) in [
            (None, ""),
            (Some(""), ""),
            (Some("\n"), ""),
            (Some("x\n\n"), ""),
            (Some("x\n"), "\n"),
            (Some("x"), "\n\n"),
            (Some("x\n\ny"), "\n\n"),
        ] {
            let scratch = scratch();
            if let Some(before) = before {
                fs::write(&scratch.path, before).unwrap();
            }
            scratch.append("A: b\n\nFrom here\n");
            let before = before.unwrap_or_default();
            assert_eq!(scratch.text(), format!("{before}{separator}{FROM}A: b\n\n>From here\n\n"), "{before:?}");
            scratch.append("C: d\n\nx");
            assert!(scratch.text().ends_with(&format!(">From here\n\n{FROM}C: d\n\nx\n\n")), "{}", scratch.text());
            assert_eq!(scratch.drafts(), 0);
            assert!(!scratch.path.with_file_name("mbox.lock").exists());
        }
    }

    #[test]
    fn what_somebody_else_has_locked_is_left_as_it_is() {
        let scratch = scratch();
        scratch.append("A: b\n\n1\n");
        let before = scratch.text();
        fs::write(scratch.path.with_file_name("mbox.lock"), "0").unwrap();
        assert!(scratch.mailbox.open(Duration::ZERO).is_err());
        assert_eq!((scratch.text(), scratch.drafts()), (before, 0));
    }

    /// What is at the end of the mbox when the next message comes; the draft is one of 70,000 bytes that began behind `old`.
    fn after_a_kill(end_of: impl FnOnce(&str, &str) -> String) -> (String, String) {
        let scratch = scratch();
        let old = format!("{FROM}A: b\n\nold");
        let text = format!("A: b\n\n{}", "0123456789".repeat(7_000));
        let whole = format!("\n\n{FROM}{text}\n\n");
        let mut draft = scratch.letter(&text).finish().unwrap();
        draft.set_aside(&format!("{UNDERWAY}{}-2", old.len())).unwrap();
        // The process is killed: nothing is dropped.
        std::mem::forget(draft);
        fs::write(&scratch.path, format!("{old}{}", end_of(&old, &whole))).unwrap();
        scratch.append("N: new\n\n");
        assert_eq!(scratch.drafts(), 0);
        (scratch.text().replace(&whole, "[whole]"), old)
    }

    #[test]
    fn half_a_message_of_a_killed_process_is_cut_off() {
        let new = format!("\n\n{FROM}N: new\n\n\n");
        for bytes in [0, 1, 2, 3, 100, PIECE, PIECE + 1, 70_000] {
            let (text, old) = after_a_kill(|_, whole| whole[..bytes].to_owned());
            assert_eq!(text, format!("{old}{new}"), "{bytes}");
        }
    }

    #[test]
    fn so_is_what_a_power_cut_left_with_holes() {
        let new = format!("\n\n{FROM}N: new\n\n\n");
        for (from, to, bytes) in [(0, 100, 200), (3, 4, 69_000), (0, 50, 50), (100, 70_000, usize::MAX)] {
            let (text, old) = after_a_kill(|_, whole| {
                let mut left = whole.as_bytes()[..bytes.min(whole.len())].to_vec();
                left[from..to].fill(0);
                String::from_utf8(left).unwrap()
            });
            assert_eq!(text, format!("{old}{new}"), "{from} to {to} of {bytes}");
        }
    }

    #[test]
    fn what_is_whole_or_of_somebody_else_is_never_cut_off() {
        let (text, old) = after_a_kill(|_, whole| whole.to_owned());
        assert!(text.starts_with(&format!("{old}[whole]{FROM}N: new")), "{text}");
        let (text, _) = after_a_kill(|_, whole| format!("{whole}{FROM}B: c\n\nother\n\n"));
        assert!(text.contains("[whole]") && text.contains("B: c\n\nother\n\n"));
        // Somebody wrote behind the half, or into it.
        for change in ["X", "\nFrom eve Thu Jan  1 00:00:00 1970\nB: c\n\nother\n"] {
            let (text, _) = after_a_kill(|_, whole| format!("{}{change}", &whole[..200]));
            assert!(text.contains(&format!("0123456{change}")) || text.contains(change), "{text}");
        }
        let (text, _) = after_a_kill(|_, whole| whole[..200].replace("A: b", "A: c"));
        assert!(text.contains("A: c"));
    }

    #[test]
    fn what_only_looks_like_a_leftover_keeps_no_mail_waiting_and_cuts_nothing() {
        use std::os::unix::fs::symlink;
        type Making = fn(&Path, &Path);
        let cases: [(&str, Making); 11] = [
            ("append-0-0-folder", |path, _| fs::create_dir(path).unwrap()),
            ("append-0-0-fifo", |path, _| rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap()),
            ("append-0-0-dangling", |path, _| symlink("/nothing/of/the/kind", path).unwrap()),
            ("append-0-0-link", |path, mbox| symlink(mbox, path).unwrap()),
            ("append-0-0-second", |path, mbox| fs::hard_link(mbox.with_file_name("longer"), path).unwrap()),
            ("append-0-18446744073709551615-x", |path, _| fs::write(path, "From").unwrap()),
            ("append-18446744073709551615-9", |path, _| fs::write(path, "From").unwrap()),
            ("append-18446744073709551615-0", |path, _| fs::write(path, "From").unwrap()),
            ("append-0-3-x", |path, _| fs::write(path, "x").unwrap()),
            ("append--1-0-x", |path, mbox| assert!(fs::copy(mbox.with_file_name("longer"), path).unwrap() > 0)),
            ("append-", |path, _| fs::write(path, "").unwrap()),
        ];
        for (name, make) in cases {
            let scratch = scratch();
            scratch.append("A: b\n\nold\n");
            let before = scratch.text();
            fs::write(scratch.path.with_file_name("longer"), format!("{before}and more")).unwrap();
            make(&scratch.mailbox.maildir.path().join("tmp").join(name), &scratch.path);
            for number in 1..3 {
                scratch.append(&format!("N: {number}\n\n"));
            }
            assert!(
                scratch.text().starts_with(&before) && scratch.text().contains("N: 2"),
                "{name}: {}",
                scratch.text()
            );
        }
    }
}
