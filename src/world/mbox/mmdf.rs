//! An MMDF file as a stream of messages: each stands between two lines of four times Control-A (mmdf(5) of mutt).
//!
//! Promises: nothing but such a line ends a message, and nothing in it is quoted; what has no text is no message. Of each only
//! the start is kept: memory does not grow with the file. Never touches: files, compression (`archive/`), meaning.

use std::io::{self, BufRead};

use super::draft::Draft;
use super::from_line::FromLine;
use super::read::{Letter, read_piece};

/// The line between messages, without its end.
pub const SEPARATOR: &[u8] = b"\x01\x01\x01\x01";

/// The reader.
pub struct Mmdf<R> {
    reader: R,
    offset: u64,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Mmdf<R> {
    /// Reads from the beginning of a file.
    pub fn new(reader: R) -> Mmdf<R> {
        Mmdf { reader, offset: 0, number: 0, line: Vec::new() }
    }

    /// The next message; none at the end.
    ///
    /// # Errors
    /// A failed read, as [`Mbox::next_letter`](super::Mbox::next_letter).
    pub fn next_letter(&mut self) -> io::Result<Option<Letter>> {
        loop {
            let offset = self.offset;
            let (mut draft, mut received) = (Draft::default(), None);
            let (mut line_begins, mut is_first, mut has_text) = (true, true, false);
            let ended = loop {
                if !read_piece(&mut self.reader, &mut self.line, &mut self.offset)? {
                    break true;
                }
                if line_begins && is_separator(&self.line) {
                    break false;
                }
                // Many writers put the line of an mbox on top.
                match FromLine::parse(&self.line).filter(|_| is_first) {
                    Some(from) => {
                        received = from.date;
                        if from.names_sender {
                            draft.put_above(&self.line);
                        }
                    }
                    None => draft.keep(&self.line),
                }
                is_first = false;
                has_text = has_text || !self.line.trim_ascii().is_empty();
                line_begins = self.line.ends_with(b"\n");
            };
            if has_text {
                self.number += 1;
                let bytes = draft.bytes();
                return Ok(Some(Letter { number: self.number, offset, start: draft.start()?, bytes, received }));
            }
            if ended {
                return Ok(None);
            }
        }
    }

    /// How many bytes were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// Whether the line ends or begins a message.
#[must_use]
pub fn is_separator(line: &[u8]) -> bool {
    line.strip_prefix(SEPARATOR).is_some_and(|end| matches!(end, b"" | b"\n" | b"\r\n"))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::super::read::PIECE_LIMIT;
    use super::*;

    const LINE: &str = "\x01\x01\x01\x01\n";
    const FROM: &str = "From bob@x.org Sat Nov 21 12:00:00 2026\n";

    fn letters(text: &str) -> Vec<(String, Option<i64>, u64)> {
        let mut mmdf = Mmdf::new(BufReader::with_capacity(1, text.as_bytes()));
        let mut found = Vec::new();
        while let Some(letter) = mmdf.next_letter().unwrap() {
            assert_eq!(letter.number, found.len() as u64 + 1);
            found.push((String::from_utf8(letter.start).unwrap(), letter.received, letter.bytes));
        }
        assert_eq!(mmdf.offset(), text.len() as u64);
        found
    }

    #[test]
    fn nothing_but_the_line_ends_a_message() {
        let one = format!("To: b\n\n{FROM}To: c\n\n>From me\n \x01\x01\x01\x01\n\x01\x01\x01\x01 x\n");
        let text = format!("{LINE}{one}{LINE}{LINE}{FROM}To: d\n\nx\n{LINE}");
        let second = format!("{FROM}To: d\n\nx\n");
        let wanted = [(one.clone(), None, one.len() as u64), (second, Some(1_795_262_400), 9)];
        assert_eq!(letters(&text), wanted);
        // The line between them may be one, and the last one is missing from a file that was cut.
        let text = format!("{LINE}{one}{LINE}{FROM}To: d\n\nx\n");
        assert_eq!(letters(&text), wanted);
        assert_eq!(letters(&text.replace('\n', "\r\n")).len(), 2);
    }

    #[test]
    fn what_has_no_text_is_no_message() {
        assert_eq!(letters(""), []);
        assert_eq!(letters(&LINE.repeat(7)), []);
        assert_eq!(letters(&format!("{LINE}\n\n{LINE}\n{LINE}")), []);
    }

    #[test]
    fn the_line_in_the_middle_of_a_long_one_is_text() {
        let text = format!("{LINE}To: b\n\n{}{LINE}x\n{LINE}", "x".repeat(PIECE_LIMIT - 7));
        assert_eq!(letters(&text).len(), 1);
    }
}
