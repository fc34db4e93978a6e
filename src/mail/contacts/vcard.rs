//! vCard: versions 2.1 (versit), 3 (RFC 2426) and 4 (RFC 6350).
//!
//! Promises: every EMAIL property of every card is read, also of a card without its END; folded photographs are passed over,
//! however large. Never touches: names, telephone numbers, and what else a card holds.

use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::Findings;

/// Whether a text begins with a card.
pub(super) fn is_one(sample: &str) -> bool {
    let first = sample.lines().map(str::trim).find(|line| !line.is_empty());
    first.is_some_and(|line| line.eq_ignore_ascii_case("BEGIN:VCARD"))
}

/// Reads the next property; false at the end.
pub(super) fn step(lines: &mut TextLines<'_>, line: &mut Vec<u8>, found: &mut Findings) -> Result<bool, LineProblem> {
    if !lines.start(line)? {
        return Ok(false);
    }
    if !is_email(line) {
        while is_fold(lines)? {
            lines.skip()?;
        }
        return Ok(true);
    }
    found.at(lines.number());
    let quoted_printable = contains(parameters(line), b"QUOTED-PRINTABLE");
    loop {
        let end = line.len();
        // In version 2.1 a soft line break needs no blank on the next line.
        if quoted_printable && line.ends_with(b"=") {
            line.pop();
            if !lines.extend(line)? {
                break;
            }
        } else if is_fold(lines)? && lines.extend(line)? {
            line.remove(end);
        } else {
            break;
        }
    }
    let bytes = if quoted_printable { encoding::quoted_printable(value(line)) } else { value(line).to_vec() };
    found.field(&unescaped(&encoding::text(&bytes, None)));
    Ok(true)
}

fn is_fold(lines: &mut TextLines<'_>) -> Result<bool, LineProblem> {
    Ok(matches!(lines.peek()?, Some(b' ' | b'\t')))
}

/// `EMAIL`, with parameters and a group in front or not: `item1.EMAIL;TYPE=INTERNET:…`.
fn is_email(line: &[u8]) -> bool {
    let end = line.iter().position(|b| matches!(b, b':' | b';')).unwrap_or(0);
    let name = line[..end].rsplit(|b| *b == b'.').next().unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(b"EMAIL")
}

/// What stands behind the first colon that is in no quoted parameter.
fn value(line: &[u8]) -> &[u8] {
    let colon = parameters(line).len();
    line.get(colon + 1..).unwrap_or_default()
}

/// The name and its parameters.
fn parameters(line: &[u8]) -> &[u8] {
    let mut quoted = false;
    let colon = line.iter().position(|b| {
        quoted ^= *b == b'"';
        *b == b':' && !quoted
    });
    // A quotation mark that is never closed hides no value.
    &line[..colon.or_else(|| line.iter().position(|b| *b == b':')).unwrap_or(line.len())]
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// `\,` `\;` `\:` and `\\` stand for what follows the backslash (RFC 6350 section 3.4).
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
