//! Tables: comma-separated values (RFC 4180) and their like, as Google, Outlook and Thunderbird export them.
//!
//! Promises: a cell counts where it is an address, or several of them, whatever the column is called and in whatever
//! language; line ends and doubled quotation marks may stand in quoted cells. Never touches: cells of prose in which an
//! address stands among words, except for saying so where it stands alone between separators.

use std::borrow::Cow;

use super::super::address::Address;
use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::{Findings, Refusal, bare, entries};

/// How many records are looked at to know a table.
const RECORDS_SEEN: usize = 20;
/// What may part cells. In a tie the first one does.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// What separates the cells if the text is a table: the one that makes the most cells of the first record, where every one
/// of the first records has at least two, and as many as the others or an address in it. `whole` says that the sample is
/// the whole text.
pub(super) fn separator_of(sample: &[u8], whole: bool) -> Option<u8> {
    let mut best: Option<(usize, u8)> = None;
    for separator in SEPARATORS {
        let first = cells_of_first(sample, separator, whole);
        if first.is_some_and(|cells| best.is_none_or(|(most, _)| cells > most)) {
            best = first.map(|cells| (cells, separator));
        }
    }
    best.map(|(_, separator)| separator)
}

fn cells_of_first(sample: &[u8], separator: u8, whole: bool) -> Option<usize> {
    let (mut quotes, mut cells, mut records) = (Quotes::default(), 1, Vec::new());
    let (mut has_address, mut blank) = (false, true);
    for byte in sample {
        let outside = quotes.feed(*byte, separator);
        if *byte == b'\n' && outside {
            records.extend((!blank).then_some(cells));
            (cells, blank) = (1, true);
        } else {
            cells += usize::from(*byte == separator && outside);
            has_address |= *byte == b'@';
            blank &= byte.is_ascii_whitespace() && *byte != separator;
        }
        if records.len() == RECORDS_SEEN {
            break;
        }
    }
    if whole && records.len() < RECORDS_SEEN && !blank {
        records.push(cells);
    }
    let first = *records.first()?;
    let alike = records.len() > 1 && records.iter().all(|cells| *cells == first);
    (!quotes.astray && records.iter().all(|cells| *cells >= 2) && (alike || has_address)).then_some(first)
}

/// Reads the next record; false at the end.
pub(super) fn step(
    lines: &mut TextLines<'_>,
    record: &mut Vec<u8>,
    separator: u8,
    found: &mut Findings,
) -> Result<bool, LineProblem> {
    if !lines.start(record)? {
        return Ok(false);
    }
    let mut quotes = Quotes::default();
    let mut fed = if record.contains(&b'"') { 0 } else { record.len() };
    while quotes.feed_all(&record[fed..], separator) {
        fed = record.len();
        record.push(b'\n');
        if !lines.extend(record)? {
            found.at(lines.number());
            found.refuse(&encoding::text(record, None), Refusal::Unclosed);
            record.split(|b| *b == separator || *b == b'\n').for_each(|bare| cell(bare, found));
            return Ok(true);
        }
    }
    if record.contains(&b'@') {
        found.at(lines.number());
        cells(record, separator, found);
    }
    Ok(true)
}

/// Looks at each cell of a whole record.
fn cells(record: &[u8], separator: u8, found: &mut Findings) {
    let mut rest = record;
    loop {
        let (end, quoted) = match rest.strip_prefix(b"\"").map(|inside| closing_mark(inside, separator)) {
            Some(end) => (end, true),
            None => (rest.iter().position(|b| *b == separator).unwrap_or(rest.len()), false),
        };
        if quoted {
            let inside = &rest[1..];
            let text = &inside[..end.min(inside.len())];
            cell(&undoubled(text), found);
            let behind = inside.get(end + 1..).unwrap_or_default();
            rest = match behind.iter().position(|b| *b == separator) {
                Some(next) => &behind[next + 1..],
                None => return,
            };
        } else {
            cell(&rest[..end], found);
            match rest.get(end + 1..) {
                Some(next) => rest = next,
                None => return,
            }
        }
    }
}

/// Where the quotation mark stands that ends the cell: not the one of a doubled pair.
fn closing_mark(inside: &[u8], separator: u8) -> usize {
    let mut quotes = Quotes { state: State::Quoted, astray: false };
    for (at, byte) in inside.iter().enumerate() {
        if matches!(quotes.state, State::Closed) && *byte != b'"' {
            return at - 1;
        }
        quotes.feed(*byte, separator);
    }
    inside.len() - usize::from(matches!(quotes.state, State::Closed))
}

fn undoubled(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'"') {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == b'"' {
            bytes.next();
        }
    }
    out.into()
}

/// Takes the addresses of a cell that holds nothing else, parted by ` ::: ` (Google), commas, semicolons or line ends.
fn cell(cell: &[u8], found: &mut Findings) {
    if !cell.contains(&b'@') {
        return;
    }
    let text = match std::str::from_utf8(cell) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(encoding::text(cell, None)),
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '"');
    if let Ok(address) = Address::parse(text) {
        return found.address(address);
    }
    let parts: Vec<&str> = text.split(":::").flat_map(str::lines).flat_map(entries).map(str::trim).collect();
    let mut parts = parts.into_iter().filter(|part| !part.is_empty());
    if parts.clone().all(looks_like_address) {
        parts.for_each(|part| found.field(part));
    } else if parts.any(|part| Address::parse(bare(part)).is_ok_and(|_| looks_like_address(part))) {
        found.refuse(text, Refusal::Mixed);
    }
}

/// Whether it is meant as an address: no prose, no web page, no name as social networks have it (`@bob`).
fn looks_like_address(part: &str) -> bool {
    let named = part.ends_with('>') && part.contains('<');
    let bare = if named { bare(part) } else { part };
    bare.contains('@') && !bare.starts_with('@') && !bare.contains("://") && !bare.contains(char::is_whitespace)
}

/// Whether the reading stands in a quoted cell. Quotation marks mean something only at a cell's start.
#[derive(Default)]
struct Quotes {
    state: State,
    /// Whether something stood between a closing mark and the separator.
    astray: bool,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Start,
    Bare,
    Quoted,
    /// Behind a mark in a quoted cell, which closes it unless another mark follows.
    Closed,
}

impl Quotes {
    /// Takes the next byte; whether it stands outside quotation marks.
    fn feed(&mut self, byte: u8, separator: u8) -> bool {
        let ends = byte == separator || byte == b'\n';
        self.state = match self.state {
            State::Start if byte == b'"' => State::Quoted,
            State::Quoted => {
                if byte == b'"' {
                    State::Closed
                } else {
                    State::Quoted
                }
            }
            State::Closed if byte == b'"' => State::Quoted,
            _ if ends => State::Start,
            State::Closed => {
                self.astray |= byte != b'\r';
                State::Closed
            }
            _ => State::Bare,
        };
        !matches!(self.state, State::Quoted)
    }

    /// Takes many bytes; whether a quoted cell is open behind them.
    fn feed_all(&mut self, bytes: &[u8], separator: u8) -> bool {
        for byte in bytes {
            self.feed(*byte, separator);
        }
        matches!(self.state, State::Quoted)
    }
}
