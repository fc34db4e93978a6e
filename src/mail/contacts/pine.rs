//! The address book of pine and alpine: nickname, full name, address or `(list, of, addresses)`, folder for copies,
//! comment, parted by tabulators; a line that begins with a blank goes on with the one before.
//!
//! Promises: every address of every entry is read; deleted entries are not. Never touches: nicknames inside lists, and
//! addresses in names and comments.

use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::Findings;

/// Which field holds the address, counted from 0.
const ADDRESS: usize = 2;
/// Most fields that an entry has.
const FIELDS: usize = 5;
/// What alpine writes in front of an entry that it will delete: `#DELETED-26/11/28#`.
const DELETED: &[u8] = b"#DELETED-";

/// Whether a text begins with an entry: an address or a list in its third field, none before it and none in the name of the
/// folder behind it.
pub(super) fn is_one(sample: &str) -> bool {
    let mut first = String::new();
    for line in sample.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if !first.is_empty() && !line.starts_with(' ') {
            break;
        }
        first.push_str(line);
    }
    let fields: Vec<&str> = first.split('\t').map(str::trim).collect();
    let Some(address) = fields.get(ADDRESS) else { return false };
    let elsewhere = fields.iter().take(FIELDS - 1).enumerate().any(|(at, field)| at != ADDRESS && field.contains('@'));
    fields.len() <= FIELDS && !elsewhere && (address.contains('@') || address.starts_with('('))
}

/// Reads the next entry; false at the end.
pub(super) fn step(lines: &mut TextLines<'_>, line: &mut Vec<u8>, found: &mut Findings) -> Result<bool, LineProblem> {
    if !lines.start(line)? {
        return Ok(false);
    }
    while lines.peek()? == Some(b' ') {
        lines.extend(line)?;
    }
    if line.starts_with(DELETED) {
        return Ok(true);
    }
    let text = encoding::text(line, None);
    found.at(lines.number());
    match text.split('\t').nth(ADDRESS).map(str::trim) {
        Some(field) => {
            let list = field.strip_prefix('(').map(|list| list.strip_suffix(')').unwrap_or(list));
            found.list(list.unwrap_or(field));
        }
        // No entry at all: what looks like an address in it is not lost.
        None => drop(found.list(&text)),
    }
    Ok(true)
}
