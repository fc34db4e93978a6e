//! The lists of qconfirm: the names of the files in its `ok/` and `bad/`, in which `=40` stands for `@`, and what
//! `qconfirm list` prints, a time in front of each address and its state behind it.
//!
//! Promises: a name without `@` has its `=XX` undone, one with `@` stays as it is. Never touches: the folder itself, its cdb.

use super::super::encoding;
use super::entry::{Effect, Entries, Reason, Whom, address};

/// Reads a line.
pub(super) fn read(line: &str, entries: &mut Entries) {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    while words.len() > 1 && is_time(words[0]) {
        words.remove(0);
    }
    let effect = entries.effect();
    let read = match words.as_slice() {
        [] => return,
        [name] => of_name(name).map(|whom| (whom, effect)),
        [name, state] => of_state(state, effect).and_then(|effect| Ok((of_name(name)?, effect))),
        _ => Err(Reason::Unclear),
    };
    entries.add_with(line, read);
}

fn of_name(name: &str) -> Result<Whom, Reason> {
    if name.contains('@') {
        return address(name);
    }
    address(&String::from_utf8_lossy(&encoding::escaped(name.as_bytes(), b'=')))
}

fn of_state(state: &str, effect: Effect) -> Result<Effect, Reason> {
    match state.trim_matches(|c: char| !c.is_alphabetic()) {
        "known" | "ok" => Ok(Effect::Allow),
        "bad" => Ok(Effect::Deny),
        "pending" | "unknown" | "return" => Err(Reason::Pending),
        "" => Ok(effect),
        _ => Err(Reason::Unclear),
    }
}

/// A time: digits with what parts them, or a label of TAI64N, `@` and 24 hexadecimal digits.
fn is_time(word: &str) -> bool {
    let label = word.strip_prefix('@').is_some_and(|hex| hex.len() == 24 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let digits = word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || "-:./TZ+".contains(c));
    label || digits
}
