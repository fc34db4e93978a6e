//! Addresses one a line, with names or without: what `notmuch address` and `mu cfind` print, and what people type.
//!
//! Promises: every line that is no comment and holds no address is said, but for a heading. Never touches: names.

use super::super::address::AddressError;
use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::{Findings, Refusal};

/// Whether at least every second line of a text holds an address, or the text is empty.
pub(super) fn is_one(sample: &str) -> bool {
    let lines = || sample.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let holding = lines().filter(|line| holds_address(line)).count();
    2 * holding >= lines().count()
}

/// Reads the next line; false at the end. `begun` says whether a line has been seen: the first one may be a heading.
pub(super) fn step(
    lines: &mut TextLines<'_>,
    line: &mut Vec<u8>,
    begun: &mut bool,
    found: &mut Findings,
) -> Result<bool, LineProblem> {
    if !lines.start(line)? {
        return Ok(false);
    }
    let text = encoding::text(line, None);
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(true);
    }
    found.at(lines.number());
    if !found.list(text) && *begun {
        found.refuse(text, Refusal::Address(AddressError::NotAnAddress));
    }
    *begun = true;
    Ok(true)
}

/// Whether a word of the line has an `@` with something on both sides of it.
fn holds_address(line: &str) -> bool {
    line.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(local, domain)| {
            local.ends_with(|c: char| c.is_alphanumeric() || c == '"' || c.is_ascii_punctuation()) && !domain.is_empty()
        })
    })
}
