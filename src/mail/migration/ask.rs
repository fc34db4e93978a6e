//! The lists of ASK (Active Spam Killer), `whitelist.txt` and `ignorelist.txt`: a regular expression a line, `from`, `to`,
//! `subject` or `header` in front of it saying what it is searched for in.
//!
//! Promises: only what is about the sender is taken. Never touches: other programs' expressions.

use super::entry::{Entries, Reason};
use super::expression;

/// Reads a line.
pub(super) fn read(line: &str, entries: &mut Entries) {
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let begins = |word: &str| line.get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word));
    let from =
        line.get(4..).filter(|rest| begins("from") && (rest.is_empty() || rest.starts_with(char::is_whitespace)));
    entries.add(
        line,
        match from.map(str::trim) {
            Some("") => Err(Reason::Unclear),
            // It makes its lines lower case before it reads them, classes such as `\S` too.
            Some(sender) => expression::read(&sender.to_lowercase()),
            // It needs no blank behind these words, so that `tom@example\.org` is about recipients with `m@example\.org`.
            None if ["to", "subject", "header"].iter().any(|word| begins(word)) => Err(Reason::NotSender),
            // `fromm@…` is searched for as `m@…`, which is found in the whole too.
            None => expression::read(&line.to_lowercase()),
        },
    );
}
