//! Address books: everybody in them may write.
//!
//! Promises: each entry is learned, or counted with the reason why not; what looks like an address and is none is named by its
//! line. All files are read before the first entry is written. Never touches: names, and whatever else stands in the book.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::command::learn::record::Record;
use crate::command::learn::sum::Sum;
use crate::mail::contacts::AddressBook;
use crate::mail::contacts::found::Found;
use crate::operation::entry::Who;
use crate::operation::people::shown;
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::policy::standing::{Effect, Origin};
use crate::world::lines::STANDARD_INPUT;

/// Learns from these address books and folders of them; how many addresses there were.
///
/// # Errors
/// When the store cannot be read or written.
pub fn learn(paths: &[PathBuf], record: &mut Record) -> Result<u64, Trouble> {
    let sum = take(paths, Sum::begun(&record.installation), record)?;
    screen::out(&sum.text("in your address books", Effect::Allow, record.dry_run))?;
    Ok(sum.read)
}

/// Whether there is anybody in them who is not on the list, or something that cannot be read; says nothing.
///
/// # Errors
/// When the store cannot be read.
pub fn has_news(paths: &[PathBuf], record: &mut Record) -> Result<bool, Trouble> {
    let sum = Sum::in_silence(&record.installation);
    Ok(take(paths, sum, record)?.has_news())
}

fn take(paths: &[PathBuf], sum: Sum, record: &mut Record) -> Result<Sum, Trouble> {
    let files = files(paths);
    let sum = RefCell::new(sum);
    let entries = files.iter().flat_map(|path| read(path, &sum));
    let changes = entries.filter_map(|who| sum.borrow_mut().change(who, Effect::Allow));
    record.write_all(changes, Effect::Allow, Origin::Contact, |before| sum.borrow_mut().written(before))?;
    Ok(sum.into_inner())
}

/// Everybody in one file; what cannot be read is named.
fn read<'a>(path: &'a Path, sum: &'a RefCell<Sum>) -> Box<dyn Iterator<Item = Who> + 'a> {
    let opened = open(path).map_err(|error| error.to_string());
    let book = match opened.and_then(|file| AddressBook::open(file).map_err(|problem| problem.to_string())) {
        Ok(book) => book,
        Err(why) => {
            sum.borrow_mut().fault(&format!("{}: {why}", shown(path)));
            return Box::new(std::iter::empty());
        }
    };
    Box::new(book.filter_map(move |found| match found {
        Ok(Found::Address(contact)) => Some(Who::Address(contact.address)),
        Ok(Found::Refused(refused)) => {
            let (line, text, reason) = (refused.line, refused.text, refused.reason);
            sum.borrow_mut().left(&format!("{}, line {line}: {text}: {reason}", shown(path)));
            None
        }
        Err(problem) => {
            sum.borrow_mut().fault(&format!("{}: {problem}; the rest of it was not read", shown(path)));
            None
        }
    }))
}

/// Opens a file, or standard input.
///
/// # Errors
/// When it cannot be opened, or is no regular file: a pipe would be waited for.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path == Path::new(STANDARD_INPUT) {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    Ok(Box::new(BufReader::with_capacity(64 * 1024, File::open(path)?)))
}

/// The files that are named, and those in the folders that are: vdirsyncer and khard keep a file a person. What is hidden is
/// a program's own.
fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting: Vec<(PathBuf, usize)> = paths.iter().rev().map(|path| (path.clone(), 0)).collect();
    while let Some((path, depth)) = waiting.pop() {
        let Some(entries) = path.is_dir().then(|| std::fs::read_dir(&path).ok()).flatten() else {
            found.push(path);
            continue;
        };
        let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let mut inside: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| !hidden(path)).collect();
        inside.retain(|path| depth < FOLDERS_DEEP || !path.is_dir());
        inside.sort_by(|a, b| b.cmp(a));
        waiting.extend(inside.into_iter().map(|path| (path, depth + 1)));
    }
    found
}

/// Folders of address books lie in each other this deep at most; a link may lead in a circle.
const FOLDERS_DEEP: usize = 4;
