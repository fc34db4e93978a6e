//! LDIF (RFC 2849), as Thunderbird, Evolution and directories export it.
//!
//! Promises: every attribute that holds addresses is read, in base64 too. Never touches: values that stand elsewhere
//! (`mail:< file:…`), and the other attributes.

use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::Findings;

/// The attributes that hold addresses: RFC 4524 section 2.16 and its older name, Mozilla's, those of mail servers.
const ATTRIBUTES: [&str; 7] = [
    "mail",
    "rfc822mailbox",
    "mozillasecondemail",
    "xmozillasecondemail",
    "email",
    "emailaddress",
    "mailalternateaddress",
];

/// Whether a text begins with a record.
pub(super) fn is_one(sample: &str) -> bool {
    let first = sample.lines().find(|line| !line.trim().is_empty() && !line.starts_with(['#', ' ']));
    let begins = |line: &str, name: &str| line.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name));
    first.is_some_and(|line| begins(line, "dn:") || begins(line, "version:"))
}

/// Reads the next attribute or comment; false at the end.
pub(super) fn step(lines: &mut TextLines<'_>, line: &mut Vec<u8>, found: &mut Findings) -> Result<bool, LineProblem> {
    if !lines.start(line)? {
        return Ok(false);
    }
    let wanted = holds_addresses(line);
    while lines.peek()? == Some(b' ') {
        if wanted {
            let end = line.len();
            lines.extend(line)?;
            line.remove(end);
        } else {
            lines.skip()?;
        }
    }
    if wanted {
        found.at(lines.number());
        found.field(&value(line));
    }
    Ok(true)
}

/// Whether it is one of the attributes, with options (`mail;lang-de:`) or without.
fn holds_addresses(line: &[u8]) -> bool {
    let end = line.iter().position(|b| matches!(b, b':' | b';')).unwrap_or(0);
    ATTRIBUTES.iter().any(|name| line[..end].trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

fn value(line: &[u8]) -> String {
    let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
    match line.get(colon + 1..).unwrap_or_default() {
        [b':', coded @ ..] => encoding::text(&encoding::base64(coded), None),
        [b'<', ..] => String::new(),
        plain => encoding::text(plain, None),
    }
}
