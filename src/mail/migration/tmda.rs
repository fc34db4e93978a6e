//! TMDA's lists (`from-file`): a pattern a line, an action of its own behind it if need be; and the simple rules of its
//! filter files, `from PATTERN ACTION`.
//!
//! Promises: actions that let in allow, actions that refuse deny, all others are left. Never touches: lists of texts
//! (`body-file`, `headers-file`), databases.

use super::entry::{Effect, Entries, Reason, Whom};
use super::wildcard;

/// The first words of a filter file's lines, but for `from`.
const RULES: [&str; 23] = [
    "to",
    "from-file",
    "to-file",
    "from-cdb",
    "to-cdb",
    "from-dbm",
    "to-dbm",
    "from-sql",
    "to-sql",
    "from-ezmlm",
    "to-ezmlm",
    "from-mailman",
    "to-mailman",
    "body",
    "body-file",
    "headers",
    "headers-file",
    "size",
    "pipe",
    "pipe-headers",
    "include",
    "include-optional",
    "macro",
];
/// The actions of outgoing mail, which says how an address is tagged.
const OUTGOING: [&str; 15] = [
    "bare",
    "sender",
    "dated",
    "domain",
    "exp",
    "explicit",
    "as",
    "ext",
    "extension",
    "kw",
    "keyword",
    "default",
    "tag",
    "shell",
    "python",
];

/// Reads a line.
pub(super) fn read(line: &str, entries: &mut Entries) {
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let text = line.replace('\t', " ");
    let text = text.split(" #").next().unwrap_or_default().trim_end();
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    if first.eq_ignore_ascii_case("from") {
        let read = match (words.next(), words.next()) {
            (Some(pattern), Some(action)) => with_action(unquoted(pattern), Some(action), entries.effect()),
            _ => Err(Reason::Action),
        };
        entries.add_with(text, read);
    } else if RULES.iter().any(|rule| first.eq_ignore_ascii_case(rule)) {
        entries.add(text, Err(Reason::Rule));
    } else {
        let read = with_action(first, words.next(), entries.effect());
        entries.add_with(text, read);
    }
}

fn with_action(pattern: &str, action: Option<&str>, effect: Effect) -> Result<(Whom, Effect), Reason> {
    let action = action.map(|action| action.split('=').next().unwrap_or_default().to_ascii_lowercase());
    let effect = match action.as_deref() {
        None => effect,
        Some("ok" | "accept" | "deliver") => Effect::Allow,
        Some("drop" | "exit" | "stop" | "bounce" | "reject") => Effect::Deny,
        Some("confirm" | "hold") => return Err(Reason::Asks),
        Some(action) if OUTGOING.contains(&action) => return Err(Reason::Outgoing),
        Some(_) => return Err(Reason::Action),
    };
    wildcard::read(pattern).map(|whom| (whom, effect))
}

/// A filter file may have quotation marks around the pattern.
fn unquoted(pattern: &str) -> &str {
    let inside = |mark: char| pattern.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    inside('"').or_else(|| inside('\'')).unwrap_or(pattern)
}
