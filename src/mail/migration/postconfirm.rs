//! The lists of postconfirm: `whitelist`, `blacklist` and `confirmed` of version 1, addresses with blanks between them;
//! `whiteregex` and `blackregex`, expressions that must match the whole address; and what version 2 exports, its confirmed
//! senders one a line or its table of senders in five columns.
//!
//! Promises: a word with characters that only expressions have is read as one; in all others every character is itself, the
//! star too. Never touches: its database.

use super::entry::{Effect, Entries, Reason, Whom, address};
use super::expression;

/// What stands in an expression and hardly in an address.
const SIGNS: [&str; 13] = ["\\", "^", "$", "(", ")", "[", "]", "|", "{", "}", ".*", ".+", ".?"];

/// Reads a line.
pub(super) fn read(line: &str, entries: &mut Entries) {
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let columns: Vec<&str> = line.split('\t').collect();
    if let [sender, action, _, _, kind] = columns.as_slice() {
        return entries.add_with(line, of_row(sender, action, kind));
    }
    for word in line.split_whitespace() {
        entries.add(word, of_word(word));
    }
}

fn of_word(word: &str) -> Result<Whom, Reason> {
    let plain = word.contains('"') || !SIGNS.iter().any(|sign| word.contains(sign));
    if plain { address(word) } else { expression::read_whole(word) }
}

/// A row of the table as `COPY` writes it: sender, action, reference, source, and `E` for an exact address.
fn of_row(sender: &str, action: &str, kind: &str) -> Result<(Whom, Effect), Reason> {
    let effect = match action.trim() {
        "accept" => Effect::Allow,
        "reject" | "discard" => Effect::Deny,
        "confirm" | "expired" | "unknown" => return Err(Reason::Pending),
        _ => return Err(Reason::Action),
    };
    let sender = sender.replace("\\\\", "\\");
    let whom = if kind.trim() == "E" { address(&sender) } else { expression::read_whole(&sender) };
    whom.map(|whom| (whom, effect))
}
