//! Tables: comma-separated values (RFC 4180) and their like, as Google, Outlook and Thunderbird export them.
//!
//! Promises: a cell counts where it is an address, or several of them, whatever the column is called and in whatever
//! language; line ends and doubled quotation marks may stand in quoted cells. In a column that has held an address an `@`
//! among words is refused, elsewhere it is prose. Never touches: what the other columns mean.

use std::borrow::Cow;

use super::super::address::Address;
use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::{Findings, Refusal, bare, entries};

/// How many records are looked at to know a table.
const RECORDS_SEEN: usize = 20;
/// What may part cells. In a tie the first one does.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// What is seen of a text that is read as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// What parts the cells.
    pub(super) separator: u8,
    /// Whether one of the first cells is an address.
    pub(super) has_address: bool,
    /// How many cells the first record has.
    cells: usize,
}

/// The shape of a text if it is a table: by the separator that makes the most cells of the first record, where every one of
/// the first records has at least two, and as many as the others or an address in it. `whole` says that the sample is the
/// whole text.
pub(super) fn shape_of(sample: &[u8], whole: bool) -> Option<Shape> {
    let mut best: Option<Shape> = None;
    for separator in SEPARATORS {
        let shape = shape_with(sample, separator, whole);
        best = match (best, shape) {
            (Some(best), Some(shape)) if shape.cells <= best.cells => Some(best),
            (best, shape) => shape.or(best),
        };
    }
    best
}

fn shape_with(sample: &[u8], separator: u8, whole: bool) -> Option<Shape> {
    let (mut quotes, mut cells, mut records) = (Quotes::default(), 1, Vec::new());
    let (mut end, mut blank) = (sample.len(), true);
    for (at, byte) in sample.iter().enumerate() {
        let outside = quotes.feed(*byte, separator);
        if *byte == b'\n' && outside {
            records.extend((!blank).then_some(cells));
            (cells, blank) = (1, true);
        } else {
            cells += usize::from(*byte == separator && outside);
            blank &= byte.is_ascii_whitespace() && *byte != separator;
        }
        if records.len() == RECORDS_SEEN {
            end = at;
            break;
        }
    }
    if whole && records.len() < RECORDS_SEEN && !blank {
        records.push(cells);
    }
    let cells = *records.first()?;
    let alike = records.len() > 1 && records.iter().all(|other| *other == cells);
    let has_address = sample[..end].split(|b| *b == separator || *b == b'\n').any(is_address);
    let fits = !quotes.astray && records.iter().all(|cells| *cells >= 2) && (alike || has_address);
    fits.then_some(Shape { separator, has_address, cells })
}

fn is_address(cell: &[u8]) -> bool {
    let text = || encoding::text(cell, None);
    cell.contains(&b'@') && looks_like_address(text().trim_matches(is_margin))
}

/// Which columns have held an address so far.
#[derive(Debug, Default)]
pub(super) struct Columns(Vec<bool>);

/// Reads the next record; false at the end.
pub(super) fn step(
    lines: &mut TextLines<'_>,
    record: &mut Vec<u8>,
    separator: u8,
    columns: &mut Columns,
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
            for bare in record.split(|b| *b == separator || *b == b'\n') {
                cell(bare, false, found);
            }
            return Ok(true);
        }
    }
    if record.contains(&b'@') {
        found.at(lines.number());
        cells(record, separator, columns, found);
    }
    Ok(true)
}

/// Looks at each cell of a whole record.
fn cells(record: &[u8], separator: u8, columns: &mut Columns, found: &mut Findings) {
    let mut rest = record;
    for column in 0.. {
        let end_of_bare = |text: &[u8]| text.iter().position(|b| *b == separator).unwrap_or(text.len());
        let (text, end) = match rest.strip_prefix(b"\"") {
            Some(inside) => {
                let mark = closing_mark(inside, separator);
                let behind = (mark + 2).min(rest.len());
                (undoubled(&inside[..mark]), behind + end_of_bare(&rest[behind..]))
            }
            None => (rest[..end_of_bare(rest)].into(), end_of_bare(rest)),
        };
        let known = columns.0.get(column).copied().unwrap_or(false);
        if cell(&text, known, found) && !known {
            columns.0.resize(columns.0.len().max(column + 1), false);
            columns.0[column] = true;
        }
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return,
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

/// Takes the addresses of a cell that holds nothing else, parted by ` ::: ` (Google), commas, semicolons or line ends; whether
/// it was such a cell. `known` says that its column has held one.
fn cell(cell: &[u8], known: bool, found: &mut Findings) -> bool {
    if !cell.contains(&b'@') {
        return false;
    }
    let text = match std::str::from_utf8(cell) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(encoding::text(cell, None)),
    };
    let text = text.trim_matches(is_margin);
    if let Ok(address) = Address::parse(text) {
        found.address(address);
        return true;
    }
    let parts: Vec<&str> = text.split(":::").flat_map(str::lines).flat_map(entries).map(str::trim).collect();
    let mut parts = parts.into_iter().filter(|part| !part.is_empty());
    if parts.clone().all(looks_like_address) {
        parts.for_each(|part| found.field(part));
        return true;
    }
    if known || parts.any(|part| looks_like_address(part) && Address::parse(bare(part)).is_ok()) {
        found.refuse(text, Refusal::Mixed);
    }
    false
}

/// What may stand around an address in a cell.
fn is_margin(c: char) -> bool {
    c.is_whitespace() || c == '"'
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
