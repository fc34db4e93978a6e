//! The lists of cPanel's BoxTrapper, `white-list.txt`, `black-list.txt` and `ignore-list.txt`: an expression of Perl's a line,
//! `from`, `to`, `cc` or `subject` in front of it saying what it is searched for in.
//!
//! Promises: only what is about the sender is taken. Never touches: other programs' expressions.

use super::entry::{Entries, Reason};
use super::expression;

/// Reads a line.
pub(super) fn read(line: &str, entries: &mut Entries) {
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let read = match word.trim_end_matches(':').to_ascii_lowercase().as_str() {
        "from" if rest.is_empty() => Err(Reason::Unclear),
        "from" => expression::read(rest),
        "to" | "cc" | "bcc" | "subject" | "header" => Err(Reason::NotSender),
        _ => expression::read(line),
    };
    entries.add(line, read);
}
