//! The addresses in an address book, whatever program wrote it.
//!
//! Promises: the format is known by the bytes and never by the file's name, by the first of these rules that fits. Blank
//! lines and comments do not count as lines.
//! - `BEGIN:VCARD` is the first line: vCard.
//! - `dn:` or `version:` begins it: LDIF.
//! - It is `[format]` or a number in brackets: abook.
//! - It is one of mutt's commands, and an `alias` stands somewhere: mutt.
//! - The third of at most five fields, parted by tabulators, is an address or a list: pine.
//! - Each of the first records has at least two cells, parted by commas, semicolons or tabulators, and one of them is an
//!   address: a table.
//! - At least every second line holds an address: plain addresses.
//! - The first records have as many cells as one another, two at least: a table again.
//!
//! What is none of these is an error that says what it looks like. Memory is flat, time linear, and each thing that looks
//! like an address is handed out, or refused with its line and the reason. Never touches: files, which the caller opens;
//! who of them is learned.

mod abook;
mod aliases;
pub mod found;
mod ldif;
mod pine;
mod plain;
mod table;
mod vcard;

use std::fmt;
use std::io::BufRead;

use self::found::{Findings, Found};
use super::encoding;
use super::text_lines::{LineProblem, SAMPLE_LIMIT, TextLines};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// vCard 2.1, 3 or 4.
    Vcard,
    /// LDIF.
    Ldif,
    /// abook's own.
    Abook,
    /// Aliases of mutt.
    Aliases,
    /// The address book of pine and alpine.
    Pine,
    /// Values parted by this byte.
    Table(u8),
    /// Addresses one a line.
    Plain,
}

/// Why an address book cannot be read, or not to its end.
#[derive(Debug)]
pub enum BookProblem {
    /// It is written in no format that is read; what it looks like.
    Unknown(&'static str),
    /// Its lines cannot be read.
    Lines(LineProblem),
}

/// An address book. Iterating gives what is found in it, in its order, and ends after a problem.
pub struct AddressBook<'a> {
    format: Format,
    lines: TextLines<'a>,
    line: Vec<u8>,
    columns: table::Columns,
    begun: bool,
    done: bool,
    found: Findings,
}

impl<'a> AddressBook<'a> {
    /// Begins to read an address book; at most [`SAMPLE_LIMIT`] bytes are read to know its format.
    ///
    /// # Errors
    /// [`BookProblem`]
    pub fn open(input: impl BufRead + 'a) -> Result<AddressBook<'a>, BookProblem> {
        let lines = TextLines::open(input).map_err(BookProblem::Lines)?;
        let format = format_of(lines.sample())?;
        let found = Findings::default();
        Ok(AddressBook {
            format,
            lines,
            line: Vec::new(),
            columns: table::Columns::default(),
            begun: false,
            done: false,
            found,
        })
    }

    /// What it is written in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Reads on by one entry; false at the end.
    fn step(&mut self) -> Result<bool, LineProblem> {
        let (lines, line, found) = (&mut self.lines, &mut self.line, &mut self.found);
        match self.format {
            Format::Vcard => vcard::step(lines, line, found),
            Format::Ldif => ldif::step(lines, line, found),
            Format::Abook => abook::step(lines, line, found),
            Format::Aliases => aliases::step(lines, line, found),
            Format::Pine => pine::step(lines, line, found),
            Format::Table(separator) => table::step(lines, line, separator, &mut self.columns, found),
            Format::Plain => plain::step(lines, line, &mut self.begun, found),
        }
    }
}

impl Iterator for AddressBook<'_> {
    type Item = Result<Found, BookProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.found.pop() {
                return Some(Ok(found));
            }
            if self.done {
                return None;
            }
            match self.step() {
                Ok(more) => self.done = !more,
                Err(problem) => {
                    self.done = true;
                    return Some(Err(BookProblem::Lines(problem)));
                }
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Format::Vcard => "vCard",
            Format::Ldif => "LDIF",
            Format::Abook => "abook",
            Format::Aliases => "mutt aliases",
            Format::Pine => "pine address book",
            Format::Table(_) => "CSV",
            Format::Plain => "addresses one a line",
        })
    }
}

impl fmt::Display for BookProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BookProblem::Unknown(looks) => write!(
                out,
                "it looks like {looks}; what is read is vCard, LDIF, CSV, the address books of mutt, pine and abook, and \
                 addresses one a line"
            ),
            BookProblem::Lines(problem) => problem.fmt(out),
        }
    }
}

impl std::error::Error for BookProblem {}

/// The format, by the rules above.
fn format_of(sample: &[u8]) -> Result<Format, BookProblem> {
    let whole = sample.len() < SAMPLE_LIMIT;
    let text = encoding::text(sample, None);
    if let Some(looks) = looks_foreign(&text) {
        return Err(BookProblem::Unknown(looks));
    }
    let known = [
        (vcard::is_one(&text), Format::Vcard),
        (ldif::is_one(&text), Format::Ldif),
        (abook::is_one(&text), Format::Abook),
        (aliases::is_one(&text), Format::Aliases),
        (pine::is_one(&text), Format::Pine),
    ];
    if let Some((_, format)) = known.into_iter().find(|(fits, _)| *fits) {
        return Ok(format);
    }
    let (shape, plain) = (table::shape_of(sample, whole), plain::is_one(&text));
    match shape {
        // `Smith, Bob bob@example.com` on each line makes cells too, but none that is an address.
        Some(shape) if shape.has_address || !plain => Ok(Format::Table(shape.separator)),
        _ if plain => Ok(Format::Plain),
        _ => Err(BookProblem::Unknown("text with hardly an address in it")),
    }
}

/// What is certainly no address book, though addresses stand in it.
fn looks_foreign(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    let first = start.lines().next().unwrap_or_default();
    let begins = |word: &str| first.get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word));
    if begins("BEGIN:VCALENDAR") {
        Some("a calendar")
    } else if first.starts_with('<') && !first.contains('@') {
        Some("XML or HTML")
    } else if first.starts_with('{') || start.starts_with("[{") || first == "[" {
        Some("JSON")
    } else if begins("%PDF-") || text.starts_with("PK\u{3}\u{4}") || text.starts_with("\u{1f}") {
        Some("a document or an archive")
    } else if text.starts_with("From ") || is_head(start) {
        Some("mail (sent mail is learned with --sent)")
    } else {
        None
    }
}

/// Whether the first lines are header fields of a message.
fn is_head(text: &str) -> bool {
    let field = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        ["Return-Path", "Received", "From", "Date", "Message-ID", "Delivered-To", "To", "Subject"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    text.lines().next().is_some_and(|line| line.contains(':') && field(line))
}
