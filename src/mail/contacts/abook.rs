//! The address book of abook: sections of `name=value` lines, `email=` holding addresses with commas between them.
//!
//! Promises: every address of every section is read. Never touches: the other fields.

use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::Findings;

/// Whether a text begins with a section: `[format]` or the number of an entry.
pub(super) fn is_one(sample: &str) -> bool {
    let first = sample.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let name = first.and_then(|line| line.strip_prefix('[')?.strip_suffix(']'));
    name.is_some_and(|name| name == "format" || !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
}

/// Reads the next line; false at the end.
pub(super) fn step(lines: &mut TextLines<'_>, line: &mut Vec<u8>, found: &mut Findings) -> Result<bool, LineProblem> {
    if !lines.start(line)? {
        return Ok(false);
    }
    let text = encoding::text(line, None);
    if let Some((name, value)) = text.split_once('=')
        && name.trim().eq_ignore_ascii_case("email")
    {
        found.at(lines.number());
        value.split(',').for_each(|address| found.field(address));
    }
    Ok(true)
}
