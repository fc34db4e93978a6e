//! The lines of a file, or of what another program writes, one after the other.
//!
//! Promises: memory does not grow with the file or with a line; a line that is too long or no text is an error and never cut.
//! Never touches: what a line means.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Longest line, in bytes. An address has at most 320.
pub const LINE_LIMIT: usize = 1_000;
/// The name that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A text that is read line by line.
pub struct Lines {
    reader: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
}

/// Why a line cannot be read.
#[derive(Debug)]
pub enum LineProblem {
    /// It is not UTF-8.
    NoText,
    /// The machine's fault.
    Read(io::Error),
    /// It is longer than [`LINE_LIMIT`].
    TooLong,
}

impl Lines {
    /// Opens a file; [`STANDARD_INPUT`] is standard input.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Lines> {
        let standard = path == Path::new(STANDARD_INPUT);
        Ok(Lines::of(if standard { Box::new(io::stdin().lock()) } else { Box::new(BufReader::new(File::open(path)?)) }))
    }

    fn of(reader: Box<dyn BufRead>) -> Lines {
        Lines { reader, number: 0, line: Vec::new() }
    }

    /// The number of the line read last, counted from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end and without blanks around it; none behind the last one.
    ///
    /// # Errors
    /// [`LineProblem`]
    pub fn next_line(&mut self) -> Result<Option<&str>, LineProblem> {
        self.line.clear();
        let mut limited = (&mut self.reader).take(LINE_LIMIT as u64 + 1);
        self.number += 1;
        if limited.read_until(b'\n', &mut self.line).map_err(LineProblem::Read)? == 0 {
            return Ok(None);
        }
        let line = std::str::from_utf8(&self.line).map_err(|_| LineProblem::NoText);
        let line = if self.line.len() > LINE_LIMIT { Err(LineProblem::TooLong) } else { line }?;
        // Some programs begin a file with a mark of its encoding.
        Ok(Some(if self.number == 1 { line.trim_start_matches('\u{feff}') } else { line }.trim()))
    }
}

impl fmt::Display for LineProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineProblem::NoText => out.write_str("it is no text in UTF-8"),
            LineProblem::Read(error) => write!(out, "it cannot be read: {error}"),
            LineProblem::TooLong => write!(out, "it is longer than {LINE_LIMIT} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Lines {
        Lines::of(Box::new(io::Cursor::new(text.to_vec())))
    }

    #[test]
    fn lines_come_without_their_ends() {
        let mut read = lines("\u{feff}a \r\n\n \tb\u{feff}\nc".as_bytes());
        for (number, wanted) in [(1, "a"), (2, ""), (3, "b\u{feff}"), (4, "c")] {
            assert_eq!(read.next_line().unwrap(), Some(wanted));
            assert_eq!(read.number(), number);
        }
        assert_eq!(read.next_line().unwrap(), None);
    }

    #[test]
    fn what_is_no_line_is_said() {
        assert!(matches!(lines(b"\xff\n").next_line(), Err(LineProblem::NoText)));
        let long = "a".repeat(LINE_LIMIT);
        assert!(matches!(lines(format!("{long}b\n").as_bytes()).next_line(), Err(LineProblem::TooLong)));
        assert!(lines(format!("{}\n", &long[1..]).as_bytes()).next_line().is_ok());
        // Cut in the middle of a character it is too long, and text all the same.
        let wide = format!("{}\u{e9}", &long[..]);
        assert!(matches!(lines(wide.as_bytes()).next_line(), Err(LineProblem::TooLong | LineProblem::NoText)));
        assert!(matches!(Lines::open(Path::new("/")).unwrap().next_line(), Err(LineProblem::Read(_))));
    }
}
