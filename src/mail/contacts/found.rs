//! What an address book holds: addresses, and what looks like one and is none.
//!
//! Promises: nothing that looks like an address is dropped without a word. Never touches: the format around it.

use std::collections::VecDeque;
use std::fmt;

use super::super::address::{Address, AddressError};
use super::super::display::{SHOWN_LIMIT, one_line};
use super::super::encoding;
use super::super::recipients::recipients;

/// One thing found in an address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An address.
    Address(Contact),
    /// What looks like an address and is none.
    Refused(Refused),
}

/// An address and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The number of the line on which its entry begins; the first one is 1.
    pub line: u64,
    /// The address.
    pub address: Address,
}

/// What was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The number of the line on which its entry begins.
    pub line: u64,
    /// What stands there, fit to be shown, at most [`SHOWN_LIMIT`] characters.
    pub text: String,
    /// Why it was not taken.
    pub reason: Refusal,
}

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no address.
    Address(AddressError),
    /// An address stands there beside other words.
    Mixed,
    /// A quotation mark is never closed; what stands behind it is read without it.
    Unclosed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Address(error) => error.fmt(out),
            Refusal::Mixed => out.write_str("an address stands there beside other words"),
            Refusal::Unclosed => {
                out.write_str("a quotation mark is never closed; what stands behind it is read without it")
            }
        }
    }
}

/// What was found and not yet handed out.
#[derive(Debug, Default)]
pub(super) struct Findings {
    line: u64,
    queue: VecDeque<Found>,
}

impl Findings {
    /// The next thing, in the order of the file.
    pub(super) fn pop(&mut self) -> Option<Found> {
        self.queue.pop_front()
    }

    /// What is found from now on stands on this line.
    pub(super) fn at(&mut self, line: u64) {
        self.line = line;
    }

    /// Takes a field that is there for an address: all that stands in it is taken or refused.
    pub(super) fn field(&mut self, text: &str) {
        let text = without_scheme(text.trim());
        match Address::parse(text.as_ref()) {
            _ if text.is_empty() => {}
            Ok(address) => self.address(address),
            Err(error) => {
                if !self.list(text.as_ref()) {
                    self.refuse(text.as_ref(), Refusal::Address(error));
                }
            }
        }
    }

    /// Takes a list of addresses with or without names. What holds no `@` is a nickname or a part of a name; false if
    /// there is nothing else.
    pub(super) fn list(&mut self, text: &str) -> bool {
        let mut any = false;
        for entry in entries(text).into_iter().filter(|entry| entry.contains('@')) {
            any = true;
            self.entry(entry.trim());
        }
        any
    }

    /// Takes one address with or without a name.
    fn entry(&mut self, entry: &str) {
        let lone = entry.matches('@').count() == 1;
        match Address::parse(bare(entry)) {
            Ok(address) if lone => self.address(address),
            Err(error) if lone && entry.ends_with('>') => self.refuse(entry, Refusal::Address(error)),
            // No name can hold an `@` here, so each word that does is meant.
            _ if !entry.contains(['<', '"', '(']) => {
                entry.split_whitespace().filter(|word| word.contains('@')).for_each(|word| self.word(word));
            }
            parsed => {
                let found = recipients(entry.as_bytes(), usize::MAX);
                if found.is_empty() {
                    let error = parsed.err().unwrap_or(AddressError::NotAnAddress);
                    self.refuse(entry, Refusal::Address(error));
                }
                found.into_iter().for_each(|address| self.address(address));
            }
        }
    }

    fn word(&mut self, word: &str) {
        match Address::parse(word) {
            Ok(address) => self.address(address),
            Err(error) => self.refuse(word, Refusal::Address(error)),
        }
    }

    pub(super) fn address(&mut self, address: Address) {
        self.queue.push_back(Found::Address(Contact { line: self.line, address }));
    }

    pub(super) fn refuse(&mut self, text: &str, reason: Refusal) {
        let text = one_line(text, SHOWN_LIMIT);
        self.queue.push_back(Found::Refused(Refused { line: self.line, text, reason }));
    }
}

/// The part that is the address: inside the last angle brackets, else the last word.
pub(super) fn bare(entry: &str) -> &str {
    let inside = entry.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map(|(_, inside)| inside.trim());
    inside.unwrap_or_else(|| entry.rsplit(char::is_whitespace).next().unwrap_or_default())
}

/// Without `mailto:` and what RFC 6068 allows behind the address.
fn without_scheme(text: &str) -> std::borrow::Cow<'_, str> {
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            let address = text[7..].split('?').next().unwrap_or_default();
            String::from_utf8_lossy(&encoding::escaped(address.as_bytes(), b'%')).into_owned().into()
        }
        _ => text.into(),
    }
}

/// The entries of a list: parted by commas and semicolons that stand in no quoted string, comment or angle brackets. What is
/// opened and never closed opens nothing.
pub(super) fn entries(text: &str) -> Vec<&str> {
    split(text, true).unwrap_or_else(|| split(text, false).unwrap_or_default())
}

/// `None` if something is never closed and that matters.
fn split(text: &str, nested: bool) -> Option<Vec<&str>> {
    let (mut entries, mut start, mut escaped) = (Vec::new(), 0, false);
    let (mut quoted, mut depth, mut bracket) = (false, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' if nested && depth == 0 => quoted = !quoted,
            b'(' if nested && !quoted => depth += 1,
            b')' if nested && !quoted => depth = depth.saturating_sub(1),
            b'<' if nested && !quoted && depth == 0 => bracket = true,
            b'>' if nested && !quoted && depth == 0 => bracket = false,
            b',' | b';' if !quoted && depth == 0 && !bracket => {
                entries.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    entries.push(&text[start..]);
    (!quoted && depth == 0 && !bracket).then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_a_list_is_taken_or_refused() {
        let read = |text: &str| {
            let mut found = Findings::default();
            let any = found.list(text);
            let words: Vec<String> = std::iter::from_fn(|| found.pop()).map(|one| shown(&one)).collect();
            assert_eq!(any, !words.is_empty());
            words.join(" ")
        };
        for (text, expected) in [
            ("bob@x.org", "bob@x.org"),
            ("Bob <bob@x.org>", "bob@x.org"),
            ("\"Smith, Bob\" <bob@x.org>, carol@y.org (Carol, of y)", "bob@x.org carol@y.org"),
            ("Smith, Bob <bob@x.org>", "bob@x.org"),
            ("Bob Smith bob@x.org", "bob@x.org"),
            ("\"bob@evil.org\" <bob@x.org>", "bob@x.org"),
            ("a@x.org b@x.org", "a@x.org b@x.org"),
            ("a@x.org b@@x.org c@x.org", "a@x.org !b@@x.org c@x.org"),
            ("\"Bob <bob@x.org>, carol@y.org", "bob@x.org carol@y.org"),
            ("friends, family", ""),
            ("bob, carol@y.org", "carol@y.org"),
            ("bob@@x.org, carol@y.org", "!bob@@x.org carol@y.org"),
            ("Bob <bob@x..org>", "!Bob <bob@x..org>"),
            ("Bob <bob@x org>", "!Bob <bob@x org>"),
            ("\"john doe\"@x.org", "!\"john doe\"@x.org"),
            ("\"*\"@x.org", "\"*\"@x.org"),
        ] {
            assert_eq!(read(text).replace("\"*\"", "*"), expected.replace("\"*\"", "*"), "{text}");
        }
    }

    fn shown(found: &Found) -> String {
        match found {
            Found::Address(contact) => contact.address.to_string(),
            Found::Refused(refused) => format!("!{}", refused.text),
        }
    }

    #[test]
    fn a_field_may_be_a_uri() {
        for text in ["mailto:bob@x.org", "MAILTO:bob%40x.org?subject=a", " bob@x.org "] {
            let mut found = Findings::default();
            found.field(text);
            assert_eq!(found.pop().map(|one| shown(&one)), Some("bob@x.org".to_owned()), "{text}");
        }
        let mut found = Findings::default();
        found.field("bob");
        assert!(matches!(found.pop(), Some(Found::Refused(_))));
        found.field("  ");
        assert_eq!(found.pop(), None);
    }
}
