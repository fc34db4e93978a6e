//! Wildcards of the shell in addresses, as TMDA has them: `*`, `?`, `[…]`, and its own `@=` for a domain and its subdomains.
//!
//! Promises: what matches one address, one domain or the subdomains of one is read as that, whatever else is left; a `*` in
//! brackets, behind a backslash or in a quoted local part is the character. Never touches: regular expressions.

use super::super::address::Domain;
use super::entry::{Reason, Whom, address, domain, refuse_long};

/// One thing to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// `*`
    Many,
    /// `?`, or one of several in brackets.
    One,
}

/// Whom a pattern means.
///
/// # Errors
/// Why it cannot be said.
pub(super) fn read(pattern: &str) -> Result<Whom, Reason> {
    refuse_long(pattern)?;
    if is_domain_literal(pattern) {
        return address(pattern);
    }
    let pieces = pieces(pattern);
    let Some(sign) = pieces.iter().rposition(|piece| *piece == Piece::Letter('@')) else {
        return without_sign(&pieces);
    };
    let (local, host) = (&pieces[..sign], &pieces[sign + 1..]);
    if local.is_empty() {
        return Err(Reason::Nobody(of_domain(host).ok()));
    }
    if local.iter().all(|piece| *piece == Piece::Many) {
        return of_domain(host);
    }
    match (letters(local), letters(host)) {
        (Some(local), Some(host)) if !host.starts_with('=') => address(&format!("{local}@{host}")),
        _ => Err(Reason::Pattern),
    }
}

/// Those of a domain, by what stands behind the `@`.
fn of_domain(host: &[Piece]) -> Result<Whom, Reason> {
    match host {
        [Piece::Letter('='), name @ ..] => named(name).map(Whom::DomainAndSubdomains),
        [Piece::Many, Piece::Letter('.'), name @ ..] => named(name).map(Whom::Subdomains),
        [Piece::Letter('.'), name @ ..] => Err(Reason::Nobody(named(name).map(Whom::Subdomains).ok())),
        [] => Err(Reason::Nobody(None)),
        _ if host.iter().all(|piece| *piece == Piece::Many) => Err(Reason::Everybody),
        name => named(name).map(Whom::Domain),
    }
}

fn named(name: &[Piece]) -> Result<Domain, Reason> {
    letters(name).ok_or(Reason::Pattern).and_then(|name| domain(&name))
}

/// A line without `@` is matched with whole addresses and, where it is nothing but a name, with their domains.
fn without_sign(pieces: &[Piece]) -> Result<Whom, Reason> {
    match (letters(pieces), pieces) {
        (Some(name), _) if name.contains('.') => domain(&name).map(Whom::Domain),
        (Some(_), _) => Err(Reason::Nobody(None)),
        (None, [Piece::Many, Piece::Letter('.'), name @ ..]) => named(name).map(Whom::Subdomains),
        (None, _) if pieces.iter().all(|piece| *piece == Piece::Many) => Err(Reason::Everybody),
        _ => Err(Reason::Pattern),
    }
}

/// The text, if there is no wildcard in it.
fn letters(pieces: &[Piece]) -> Option<String> {
    let letter = |piece: &Piece| if let Piece::Letter(c) = piece { Some(*c) } else { None };
    pieces.iter().map(letter).collect()
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = pattern;
    let quoted = if pattern.starts_with('"') { pattern.rfind("\"@").unwrap_or(0) } else { 0 };
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        let in_quotes = pattern.len() - rest.len() < quoted;
        let (piece, length) = match c {
            '\\' if !in_quotes && behind.starts_with(['*', '?', '[', ']']) => {
                (Piece::Letter(behind.chars().next().unwrap_or(c)), 2)
            }
            '*' if !in_quotes => (Piece::Many, 1),
            '?' if !in_quotes => (Piece::One, 1),
            '[' if !in_quotes => bracketed(behind),
            c => (Piece::Letter(c), c.len_utf8()),
        };
        found.push(piece);
        rest = &rest[length..];
    }
    found
}

/// One of the characters in brackets; where there is just one, that. A bracket that is never closed is itself.
fn bracketed(inside: &str) -> (Piece, usize) {
    let first = inside.chars().next().map_or(0, char::len_utf8);
    let Some(end) = inside.get(first..).and_then(|rest| rest.find(']')).map(|end| first + end) else {
        return (Piece::Letter('['), 1);
    };
    let mut members = inside[..end].chars();
    match (members.next(), members.next()) {
        (Some(c), None) if c != '!' => (Piece::Letter(c), end + 2),
        _ => (Piece::One, end + 2),
    }
}

/// `bob@[192.0.2.1]`: brackets that are no wildcard.
fn is_domain_literal(pattern: &str) -> bool {
    let inside = pattern.rsplit_once("@[").and_then(|(_, rest)| rest.strip_suffix(']'));
    let plain =
        |text: &str| text.contains(['.', ':']) && text.chars().all(|c| c.is_ascii_hexdigit() || ".:IPv".contains(c));
    inside.is_some_and(plain) && !pattern.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_become_what_they_mean() {
        for (pattern, expected) in [
            ("bob@example.com", "bob@example.com"),
            ("*@example.com", "@example.com"),
            ("*@=example.com", "@example.com and its subdomains"),
            ("*@*.example.com", "the subdomains of @example.com"),
            ("*.example.com", "the subdomains of @example.com"),
            ("example.com", "@example.com"),
            ("**@example.com", "@example.com"),
            ("a[*]b@example.com", "a*b@example.com"),
            ("a\\*b@example.com", "a*b@example.com"),
            ("\\*@example.com", "*@example.com"),
            ("\"*\"@example.com", "*@example.com"),
            ("\"a?b\"@example.com", "a?b@example.com"),
            ("bob@[192.0.2.1]", "bob@[192.0.2.1]"),
            ("bob+tag@example.com", "bob+tag@example.com"),
        ] {
            assert_eq!(read(pattern).map(|whom| whom.to_string()), Ok(expected.to_owned()), "{pattern}");
        }
    }

    #[test]
    fn what_means_more_or_nobody_is_left() {
        let meant = |text: &str| Some(read(text).unwrap());
        for (pattern, reason) in [
            ("*@example.*", Reason::Pattern),
            ("*@*example.com", Reason::Pattern),
            ("*example.com", Reason::Pattern),
            ("bob?@example.com", Reason::Pattern),
            ("bob[12]@example.com", Reason::Pattern),
            ("bob[!1]@example.com", Reason::Pattern),
            ("bob-*@example.com", Reason::Pattern),
            ("bob@=example.com", Reason::Pattern),
            ("bob@*.example.com", Reason::Pattern),
            ("*", Reason::Everybody),
            ("*@*", Reason::Everybody),
            ("@example.com", Reason::Nobody(meant("*@example.com"))),
            ("@=example.com", Reason::Nobody(meant("*@=example.com"))),
            ("@*.example.com", Reason::Nobody(meant("*@*.example.com"))),
            ("*@.example.com", Reason::Nobody(meant("*@*.example.com"))),
            ("@.example.com", Reason::Nobody(None)),
            ("bob", Reason::Nobody(None)),
            ("*@", Reason::Nobody(None)),
        ] {
            assert_eq!(read(pattern), Err(reason), "{pattern}");
        }
        assert!(matches!(read("bob@exam..ple"), Err(Reason::Address(_))));
        assert!(matches!(read("bob@@example.com"), Err(Reason::Address(_))));
    }
}
