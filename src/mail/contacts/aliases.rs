//! The aliases of mutt and neomutt: `alias [-group NAME]… NICKNAME ADDRESS, ADDRESS…`, a backslash at the line's end
//! going on.
//!
//! Promises: every address of every alias is read. Never touches: aliases of aliases, which hold no address themselves, and
//! the other settings that may stand in the file.

use super::super::encoding;
use super::super::text_lines::{LineProblem, TextLines};
use super::found::Findings;

/// What else a file may begin with in which aliases stand.
const COMMANDS: [&str; 18] = [
    "alias",
    "bind",
    "color",
    "folder-hook",
    "group",
    "ignore",
    "lists",
    "macro",
    "mailboxes",
    "my_hdr",
    "send-hook",
    "set",
    "source",
    "subscribe",
    "unalias",
    "ungroup",
    "unignore",
    "unset",
];

/// Whether a text is a file of mutt's: its first line is one of its commands, and one of its lines an alias.
pub(super) fn is_one(sample: &str) -> bool {
    let mut lines = sample.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    lines.clone().next().is_some_and(|line| COMMANDS.contains(&first(line).as_str()))
        && lines.any(|line| first(line) == "alias")
}

/// Reads the next command; false at the end.
pub(super) fn step(lines: &mut TextLines<'_>, line: &mut Vec<u8>, found: &mut Findings) -> Result<bool, LineProblem> {
    if !lines.start(line)? {
        return Ok(false);
    }
    while line.ends_with(b"\\") {
        line.pop();
        if !lines.extend(line)? {
            break;
        }
    }
    let text = encoding::text(line, None);
    if let Some(addresses) = addresses(&text) {
        found.at(lines.number());
        found.list(addresses);
    }
    Ok(true)
}

/// What stands behind the nickname, without the comment.
fn addresses(command: &str) -> Option<&str> {
    let mut rest = word_off(command).filter(|(word, _)| *word == "alias")?.1;
    while let Some((_, behind)) = word_off(rest).filter(|(word, _)| *word == "-group") {
        rest = word_off(behind)?.1;
    }
    let addresses = word_off(rest)?.1;
    Some(&addresses[..comment(addresses).unwrap_or(addresses.len())])
}

/// The first word, which may be quoted, and what stands behind it.
fn word_off(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if let Some(inside) = text.strip_prefix('"')
        && let Some((word, rest)) = inside.split_once('"')
    {
        return Some((word, rest));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Where a comment begins: at a `#` behind a blank and outside quotation marks.
fn comment(text: &str) -> Option<usize> {
    let (mut quoted, mut blank) = (false, true);
    text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        let begins = byte == b'#' && blank && !quoted;
        blank = byte.is_ascii_whitespace();
        begins
    })
}
