//! The identifier of a mailing list (RFC 2919): which list a message says it came through.
//!
//! Promises: one strict reading, so that one list has one key; linear time. Never touches: whether the message came
//! through a list at all (`look`), whether the list is allowed.

use crate::mail::address::{Address, Domain};
use crate::mail::fold::Cursor;
use crate::mail::head::{Head, VALUE_LIMIT};

/// Longest list identifier in octets (RFC 2919 section 6).
pub const LIST_ID_LIMIT: usize = 255;

/// The identifier of a mailing list (RFC 2919), lower case, without white space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListId(String);

/// The list that the message came through: its only List-Id field. Two would be two lists, and either may be forged.
#[must_use]
pub fn list_id(head: &Head<'_>) -> Option<ListId> {
    head.only("List-Id").and_then(|field| ListId::parse(field.raw))
}

/// The list that a list's message came through, where it has no List-Id at all: the envelope sender, which lists use for
/// bounces, without what names this one message or recipient (seed 004, "magic tokens in the envelope-from"). None where
/// the author and the sender are one: there the address itself can be allowed.
///
/// `users-return-12-alice=example.org@lists.example` (ezmlm), `users-bounces+alice=example.org@…` (Mailman),
/// `users+bounces-12-alice=example.org@…` (mlmmj) and `owner-users*alice**example.org@…` (LISTSERV) are `users-return@…`,
/// `users-bounces@…`, `users+bounces@…` and `owner-users@…`.
#[must_use]
pub fn of_envelope(address: &Address, from: Option<&Address>) -> Option<ListId> {
    if from.is_some_and(|from| from.normal() == address.normal()) {
        return None;
    }
    let local = address.local().to_ascii_lowercase();
    let end = ["-return-", "-bounces+", "-bounces-", "+bounces-", "-bounce+", "-bounce-"]
        .iter()
        .filter_map(|mark| local.find(mark).map(|at| at + mark.len() - 1))
        .chain(local.find('*'))
        .chain(local.find('=').and_then(|equals| local[..equals].rfind(['+', '-'])))
        .min()
        .unwrap_or(local.len());
    ListId::new(&format!("{}@{}", &local[..end], address.domain()))
}

impl ListId {
    /// Of the address to which a list's members write: its identifier with an `@` in the place of the first dot, with all list
    /// programs that were looked at.
    #[must_use]
    pub fn of_posting_address(address: &Address) -> Option<ListId> {
        ListId::new(&format!("{}.{}", address.local(), address.domain()))
    }

    /// Reads a field value: `Friends of mail (since 1999) <friends.example.org>`. The identifier stands in the last
    /// angle brackets outside quotes and comments.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<ListId> {
        if value.len() > VALUE_LIMIT {
            return None;
        }
        let mut cursor = Cursor::new(value);
        let mut last = None;
        loop {
            cursor.skip_comments()?;
            match cursor.peek() {
                Some(b'"') => drop(cursor.take_quoted()?),
                Some(b'<') => {
                    cursor.take(b'<');
                    last = Some(cursor.take_while(|b| b != b'>' && b != b'<'));
                    if !cursor.take(b'>') {
                        return None;
                    }
                }
                Some(_) => drop(cursor.next_byte()),
                None => break,
            }
        }
        ListId::new(std::str::from_utf8(last?).ok()?)
    }

    /// Takes an identifier alone, as a user writes it after `list:`.
    #[must_use]
    pub fn new(text: &str) -> Option<ListId> {
        let id: String = text.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let good = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'(' | b')' | b',' | b';' | b'\\');
        (!id.is_empty() && id.len() <= LIST_ID_LIMIT && id.bytes().all(good)).then_some(ListId(id))
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domains that the identifier ends in, the longest first, none of a single label: one of them owns the list
    /// (RFC 2919 section 2). For `friends.lists.example.org` that, `lists.example.org` and `example.org`.
    pub fn domains(&self) -> impl Iterator<Item = Domain> {
        // Some list programs write the address of the list.
        let name = self.0.rsplit('@').next().unwrap_or_default();
        let starts = std::iter::once(0).chain(name.match_indices('.').map(|(dot, _)| dot + 1));
        let domains = starts.filter_map(|start| Domain::parse(&name[start..]).ok());
        domains.filter(|domain| domain.as_str().contains('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_as_long_as_the_standard_allows() {
        let id = |length: usize| ListId::parse(format!("<{}>", "a".repeat(length)).as_bytes());
        assert_eq!(id(LIST_ID_LIMIT).map(|id| id.as_str().len()), Some(LIST_ID_LIMIT));
        assert_eq!(id(LIST_ID_LIMIT + 1), None);
    }

    #[test]
    fn hostile_values_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["(", "()", "\"", "\\", ";", "<", "<>", "a "] {
            let text = format!("List-Id: {}\n\n", unit.repeat(60_000 / unit.len()));
            drop(list_id(&Head::read(text.as_bytes())));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
