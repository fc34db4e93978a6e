//! The last messages of an mbox, to see what comes there.
//!
//! Promises: of a large file only the end is read. Never touches: the file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use super::read::Mbox;

/// Most bytes that are looked through.
const READ: u64 = 4 * 1024 * 1024;

/// The heads of the last messages, the last one first, at most `limit`; none if there is no such file.
#[must_use]
pub fn newest(path: &Path, limit: usize) -> Vec<Vec<u8>> {
    let Some(file) = end_of(path) else { return Vec::new() };
    let mut mbox = Mbox::new(BufReader::new(file));
    let mut heads = VecDeque::new();
    while let Ok(Some(letter)) = mbox.next_letter() {
        heads.truncate(limit.saturating_sub(1));
        heads.push_front(letter.start);
    }
    heads.into()
}

fn end_of(path: &Path) -> Option<File> {
    // A pipe would keep us waiting.
    let length = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.len();
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(length.saturating_sub(READ))).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_come_first_and_no_more_than_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        assert!(newest(&path, 2).is_empty() && newest(folder.path(), 2).is_empty());
        let letter =
            |number: usize, body: &str| format!("From a@b.c Sat Nov 21 12:00:00 2026\nX: {number}\n\n{body}\n\n");
        let text: String = (0..4).map(|number| letter(number, "x")).collect();
        // The end of a large one begins within a message.
        for before in [String::new(), letter(9, &"line\n".repeat(1_000_000))] {
            std::fs::write(&path, before + &text).unwrap();
            let heads: Vec<String> =
                newest(&path, 2).into_iter().map(|head| String::from_utf8_lossy(&head).into_owned()).collect();
            assert!(heads.len() == 2 && heads[0].contains("X: 3") && heads[1].contains("X: 2"), "{heads:?}");
        }
    }
}
