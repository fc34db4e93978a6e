//! The lines of a text file that other programs wrote, whatever its character set and its line ends.
//!
//! Promises: one pass and flat memory, however long the file; a line, also one that goes on over several, has a limit, and
//! over it is an error that names the line. UTF-16 with its mark is read as UTF-8. Never touches: files, which the caller
//! has opened; what a line means.

use std::fmt;
use std::io::{self, BufRead, Cursor, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

/// Longest logical line in bytes: with all the lines on which it goes on.
pub const LINE_LIMIT: usize = 1024 * 1024;
/// How many bytes from the beginning are looked at to know what a file is.
pub const SAMPLE_LIMIT: usize = 64 * 1024;
/// How many bytes of UTF-8 are made at a time.
const CHUNK: usize = 16 * 1024;

/// A text, line by line.
pub struct TextLines<'a> {
    input: Box<dyn BufRead + 'a>,
    sample: Vec<u8>,
    /// What ends a line: a carriage return where the file has no other line ends, as old Macs wrote it.
    end: u8,
    /// How many lines have been read, and where the logical line began.
    read: u64,
    first: u64,
}

/// Why a text cannot be read on.
#[derive(Debug)]
pub enum LineProblem {
    /// It holds NUL bytes near its beginning: a database, an archive, a program.
    Binary,
    /// The logical line that begins at this line is longer than [`LINE_LIMIT`].
    TooLong(u64),
    /// It cannot be read.
    Unreadable(io::Error),
}

impl<'a> TextLines<'a> {
    /// Begins to read a text: up to [`SAMPLE_LIMIT`] bytes at once.
    ///
    /// # Errors
    /// [`LineProblem::Binary`], [`LineProblem::Unreadable`].
    pub fn open(mut input: impl BufRead + 'a) -> Result<TextLines<'a>, LineProblem> {
        let mut start = Vec::new();
        input.by_ref().take(3).read_to_end(&mut start)?;
        let (mark, encoding) = match start.as_slice() {
            [0xef, 0xbb, 0xbf] => (3, None),
            [0xff, 0xfe, ..] => (2, Some(UTF_16LE)),
            [0xfe, 0xff, ..] => (2, Some(UTF_16BE)),
            _ => (0, None),
        };
        let raw = Cursor::new(start.split_off(mark)).chain(input);
        let mut input: Box<dyn BufRead + 'a> = match encoding {
            Some(encoding) => Box::new(Transcoded::new(raw, encoding.new_decoder_without_bom_handling())),
            None => Box::new(raw),
        };
        let mut sample = Vec::new();
        input.by_ref().take(SAMPLE_LIMIT as u64).read_to_end(&mut sample)?;
        if sample.contains(&0) {
            return Err(LineProblem::Binary);
        }
        let end = if sample.contains(&b'\r') && !sample.contains(&b'\n') { b'\r' } else { b'\n' };
        let input = Box::new(Cursor::new(sample.clone()).chain(input));
        sample.iter_mut().filter(|byte| **byte == end).for_each(|byte| *byte = b'\n');
        Ok(TextLines { input, sample, end, read: 0, first: 0 })
    }

    /// What the text begins with, at most [`SAMPLE_LIMIT`] bytes, its lines ended by line feeds. The last one
    /// may be cut off.
    #[must_use]
    pub fn sample(&self) -> &[u8] {
        &self.sample
    }

    /// Where the logical line that was read last begins; the first line is 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.first
    }

    /// Reads the next line, without its end, in place of what stands in `line`; false at the end of the text.
    ///
    /// # Errors
    /// [`LineProblem::TooLong`], [`LineProblem::Unreadable`].
    pub fn start(&mut self, line: &mut Vec<u8>) -> Result<bool, LineProblem> {
        line.clear();
        self.first = self.read + 1;
        self.extend(line)
    }

    /// Reads the next line, without its end, behind what stands in `line`; false at the end of the text.
    ///
    /// # Errors
    /// [`LineProblem::TooLong`], [`LineProblem::Unreadable`].
    pub fn extend(&mut self, line: &mut Vec<u8>) -> Result<bool, LineProblem> {
        let room = (LINE_LIMIT + 2).saturating_sub(line.len());
        let taken = self.input.by_ref().take(room as u64).read_until(self.end, line)?;
        self.read += u64::from(taken > 0);
        if line.last() == Some(&self.end) && taken > 0 {
            line.pop();
            line.pop_if(|byte| *byte == b'\r');
        }
        if line.len() > LINE_LIMIT { Err(LineProblem::TooLong(self.first)) } else { Ok(taken > 0) }
    }

    /// Passes over the next line, whatever its length.
    ///
    /// # Errors
    /// [`LineProblem::Unreadable`].
    pub fn skip(&mut self) -> Result<(), LineProblem> {
        let passed = self.input.skip_until(self.end)?;
        self.read += u64::from(passed > 0);
        Ok(())
    }

    /// The first byte of the next line, or of its end.
    ///
    /// # Errors
    /// [`LineProblem::Unreadable`].
    pub fn peek(&mut self) -> Result<Option<u8>, LineProblem> {
        Ok(self.input.fill_buf()?.first().copied())
    }
}

impl From<io::Error> for LineProblem {
    fn from(error: io::Error) -> LineProblem {
        LineProblem::Unreadable(error)
    }
}

impl fmt::Display for LineProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineProblem::Binary => out.write_str("it is no text: it holds NUL bytes, as databases and archives do"),
            LineProblem::TooLong(line) => {
                write!(out, "line {line} is longer than {LINE_LIMIT} bytes; is a quotation mark never closed?")
            }
            LineProblem::Unreadable(error) => write!(out, "it cannot be read: {error}"),
        }
    }
}

impl std::error::Error for LineProblem {}

/// A text in another character set, read as UTF-8.
struct Transcoded<R> {
    input: R,
    decoder: Decoder,
    out: Vec<u8>,
    /// What of `out` has been made, and how much of that has been read.
    made: usize,
    at: usize,
    done: bool,
}

impl<R: BufRead> Transcoded<R> {
    fn new(input: R, decoder: Decoder) -> Transcoded<R> {
        Transcoded { input, decoder, out: vec![0; CHUNK], made: 0, at: 0, done: false }
    }
}

impl<R: BufRead> BufRead for Transcoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.made && !self.done {
            let chunk = self.input.fill_buf()?;
            let last = chunk.is_empty();
            let (result, read, made, _) = self.decoder.decode_to_utf8(chunk, &mut self.out, last);
            self.input.consume(read);
            (self.at, self.made) = (0, made);
            self.done = last && result == encoding_rs::CoderResult::InputEmpty;
        }
        Ok(&self.out[self.at..self.made])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.made);
    }
}

impl<R: BufRead> Read for Transcoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let length = there.len().min(into.len());
        into[..length].copy_from_slice(&there[..length]);
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<String> {
        let mut lines = TextLines::open(bytes).unwrap();
        let (mut line, mut found) = (Vec::new(), Vec::new());
        while lines.start(&mut line).unwrap() {
            found.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(lines.number(), found.len() as u64 + 1);
        found
    }

    #[test]
    fn line_ends_and_marks_of_every_kind_are_read_alike() {
        for text in ["a\nb\u{e9}\n", "a\r\nb\u{e9}", "\u{feff}a\nb\u{e9}\n", "a\rb\u{e9}\r"] {
            assert_eq!(all(text.as_bytes()), ["a", "b\u{e9}"], "{text:?}");
        }
        let text = "a\r\nb\u{a0a}\u{d0a}\u{1f600}\r\n".repeat(10_000);
        let mark = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        let (little, big): (Vec<u8>, Vec<u8>) =
            (mark.clone().flat_map(u16::to_le_bytes).collect(), mark.flat_map(u16::to_be_bytes).collect());
        for bytes in [little, big] {
            let lines = all(&bytes);
            assert!(lines.len() == 20_000 && lines[19_999] == "b\u{a0a}\u{d0a}\u{1f600}", "{}", lines.len());
        }
        assert_eq!(all(b""), Vec::<String>::new());
        assert_eq!(all(b"\n\na"), ["", "", "a"]);
    }

    #[test]
    fn a_line_has_a_limit_and_a_logical_one_too() {
        let limit = [vec![b'a'; LINE_LIMIT], b"\r\nb\n".to_vec()].concat();
        assert_eq!(all(&limit).len(), 2);
        let over = [b"a\n".to_vec(), vec![b'a'; LINE_LIMIT + 1], b"\nb\n".to_vec()].concat();
        let mut lines = TextLines::open(over.as_slice()).unwrap();
        let mut line = Vec::new();
        assert!(lines.start(&mut line).unwrap());
        assert!(matches!(lines.start(&mut line), Err(LineProblem::TooLong(2))));
        let folded = b"a\n a".repeat(LINE_LIMIT);
        let mut lines = TextLines::open(folded.as_slice()).unwrap();
        assert!(lines.start(&mut line).unwrap());
        let end = std::iter::from_fn(|| lines.extend(&mut line).err()).next();
        assert!(end.is_none(), "the first lines are short");
        let fault = (0..LINE_LIMIT).find_map(|_| lines.extend(&mut line).err());
        assert!(matches!(fault, Some(LineProblem::TooLong(1))), "{fault:?}");
    }

    #[test]
    fn what_is_no_text_is_said() {
        assert!(matches!(TextLines::open(&b"SQLite format 3\0"[..]), Err(LineProblem::Binary)));
        assert!(TextLines::open(&b"\xff\xfea"[..]).is_ok(), "half a character at the end of UTF-16");
    }

    #[test]
    fn a_line_passed_over_counts_and_has_no_limit() {
        let text = [b"a\n".to_vec(), vec![b'b'; 3 * LINE_LIMIT], b"\nc\n".to_vec()].concat();
        let mut lines = TextLines::open(text.as_slice()).unwrap();
        let mut line = Vec::new();
        assert!(lines.start(&mut line).unwrap());
        assert_eq!(lines.peek().unwrap(), Some(b'b'));
        lines.skip().unwrap();
        assert!(lines.start(&mut line).unwrap());
        assert_eq!((line.as_slice(), lines.number()), (&b"c"[..], 3));
        assert!(!lines.start(&mut line).unwrap());
    }
}
