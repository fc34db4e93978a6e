//! Regular expressions that mean an address or a domain.
//!
//! Promises: one that is nothing but an escaped address becomes that address, also where it would be found inside a longer
//! one: fewer are taken than it matches, never more. The usual ways to write a whole domain become that; all else, with its
//! unescaped full stops, is left. Never touches: what a program does with it before it is matched.

use super::entry::{Reason, Whom, address, domain, refuse_long};

/// How people write subdomains that need not be there.
const OPTIONAL_LABELS: [&str; 8] =
    [r"(.*\.)?", r"(.+\.)?", r"(?:.*\.)?", r"(?:.+\.)?", r"([^@]*\.)?", r"([^@]+\.)?", r"(\S+\.)?", r"([a-z0-9-]+\.)*"];

/// How people write any local part, or any labels.
const ANYTHING: [&str; 10] = [".*", ".+", r"\S*", r"\S+", "[^@]*", "[^@]+", r"[^\s@]*", r"[^\s@]+", "(.*)", "(.+)"];

/// One thing to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// A full stop that is not escaped.
    Any,
    /// Anything at all.
    Anything,
    /// Labels that may be missing.
    Labels,
    /// What is not looked into further.
    Odd,
}

/// Whom an expression means that is searched for in the sender's address.
///
/// # Errors
/// Why it cannot be said.
pub(super) fn read(expression: &str) -> Result<Whom, Reason> {
    refuse_long(expression)?;
    let begins = expression.starts_with('^');
    let body = expression.trim_start_matches('^');
    let end = body.trim_end_matches('$');
    // An escaped dollar sign is a letter.
    let backslashes = end.len() - end.trim_end_matches('\\').len();
    let (body, ends) = if backslashes.is_multiple_of(2) { (end, end.len() < body.len()) } else { (body, false) };
    meaning(&pieces(body), begins, ends)
}

/// The same of one that must match the whole address.
///
/// # Errors
/// Why it cannot be said.
pub(super) fn read_whole(expression: &str) -> Result<Whom, Reason> {
    refuse_long(expression)?;
    let body = expression.trim_start_matches('^');
    meaning(&pieces(body.strip_suffix('$').filter(|body| !body.ends_with('\\')).unwrap_or(body)), true, true)
}

fn meaning(pieces: &[Piece], begins: bool, ends: bool) -> Result<Whom, Reason> {
    if pieces.contains(&Piece::Any) {
        let stops: Vec<Piece> =
            pieces.iter().map(|piece| if *piece == Piece::Any { Piece::Letter('.') } else { *piece }).collect();
        return Err(meaning(&stops, begins, ends).map_or_else(|reason| reason, Reason::FullStop));
    }
    if pieces.contains(&Piece::Odd) {
        return Err(Reason::Pattern);
    }
    let Some(sign) = pieces.iter().position(|piece| *piece == Piece::Letter('@')) else {
        return without_sign(pieces, ends);
    };
    let (local, host) = (&pieces[..sign], &pieces[sign + 1..]);
    if !is_complete(host, ends) {
        return Err(if host.is_empty() && letters(local).is_none_or(|local| local.is_empty()) {
            Reason::Everybody
        } else {
            Reason::AnyPlace
        });
    }
    match local {
        [] if begins => Err(Reason::Nobody(of_domain(host).ok())),
        [] | [Piece::Anything] => of_domain(host),
        _ => match (letters(local), letters(host)) {
            (Some(local), Some(host)) => address(&format!("{local}@{host}")),
            _ => Err(Reason::Pattern),
        },
    }
}

/// Without an end, `@mail.example.` and `@example` are found in many domains.
fn is_complete(host: &[Piece], ends: bool) -> bool {
    let dot = Piece::Letter('.');
    host.contains(&dot) && host.last() != Some(&dot) || ends && !host.is_empty()
}

fn of_domain(host: &[Piece]) -> Result<Whom, Reason> {
    let named = |name: &[Piece]| letters(name).ok_or(Reason::Pattern).and_then(|name| domain(&name));
    match host {
        [Piece::Anything] => Err(Reason::Everybody),
        [Piece::Labels, name @ ..] => named(name).map(Whom::DomainAndSubdomains),
        [Piece::Anything, Piece::Letter('.'), name @ ..] => named(name).map(Whom::Subdomains),
        name => named(name).map(Whom::Domain),
    }
}

/// Only what the end of the address must be says where it stands: `\.example\.com$`.
fn without_sign(pieces: &[Piece], ends: bool) -> Result<Whom, Reason> {
    let tail = match pieces {
        [Piece::Anything, tail @ ..] => tail,
        all => all,
    };
    match tail {
        [] => Err(Reason::Everybody),
        [Piece::Letter('.'), name @ ..] if ends && name.contains(&Piece::Letter('.')) => {
            letters(name).ok_or(Reason::Pattern).and_then(|name| domain(&name)).map(Whom::Subdomains)
        }
        _ => Err(Reason::AnyPlace),
    }
}

/// The text, if it is one.
fn letters(pieces: &[Piece]) -> Option<String> {
    let letter = |piece: &Piece| if let Piece::Letter(c) = piece { Some(*c) } else { None };
    pieces.iter().map(letter).collect()
}

fn pieces(body: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let (piece, length) = piece(rest, c);
        // A quantifier behind a piece says how often that is repeated.
        let repeated = rest[length..].starts_with(['*', '+', '?', '{']) && piece != Piece::Labels;
        found.push(if repeated { Piece::Odd } else { piece });
        rest = &rest[length..];
    }
    found
}

/// The first piece of what is left, which begins with this character, and its length.
fn piece(rest: &str, c: char) -> (Piece, usize) {
    let known = |list: &[&str]| list.iter().find(|text| rest.starts_with(**text)).map(|text| text.len());
    if let Some(length) = known(&OPTIONAL_LABELS) {
        return (Piece::Labels, length);
    }
    if let Some(length) = known(&ANYTHING) {
        return (Piece::Anything, length);
    }
    match c {
        '\\' => match rest[1..].chars().next() {
            Some(next) if !next.is_alphanumeric() => (Piece::Letter(next), 1 + next.len_utf8()),
            _ => (Piece::Odd, 1),
        },
        '[' => match rest.as_bytes() {
            [_, member, b']', ..] if member.is_ascii() && !matches!(member, b'^' | b'\\') => {
                (Piece::Letter(char::from(*member)), 3)
            }
            _ => (Piece::Odd, 1),
        },
        '.' => (Piece::Any, 1),
        '*' | '+' | '?' | '(' | ')' | ']' | '{' | '}' | '|' | '^' | '$' => (Piece::Odd, 1),
        c => (Piece::Letter(c), c.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_address_or_domain_is_read() {
        for (expression, expected) in [
            (r"^bob@example\.com$", "bob@example.com"),
            (r"bob\@example\.com", "bob@example.com"),
            (r"bob\+tag@example\.com", "bob+tag@example.com"),
            (r"a\*b@example\.com", "a*b@example.com"),
            (r"\*@example\.com", "*@example.com"),
            (r"[*]@example[.]com", "*@example.com"),
            (r"\$bob\$@example\.com", "$bob$@example.com"),
            (r"@example\.com", "@example.com"),
            (r"^.*@example\.com$", "@example.com"),
            (r".+\@example\.com", "@example.com"),
            (r"[^@]+@example\.com$", "@example.com"),
            (r"@(.*\.)?example\.com$", "@example.com and its subdomains"),
            (r"^\S+@([a-z0-9-]+\.)*example\.com$", "@example.com and its subdomains"),
            (r"@.*\.example\.com$", "the subdomains of @example.com"),
            (r"\.example\.com$", "the subdomains of @example.com"),
            (r"^.*\.example\.com$", "the subdomains of @example.com"),
            (r"@localhost$", "@localhost"),
        ] {
            assert_eq!(read(expression).map(|whom| whom.to_string()), Ok(expected.to_owned()), "{expression}");
        }
        assert_eq!(read_whole(r".*@example\.com").map(|whom| whom.to_string()), Ok("@example.com".to_owned()));
    }

    #[test]
    fn what_matches_more_is_left() {
        for expression in [
            r"bob.*@example\.com",
            r"(bob|carol)@example\.com",
            r"bob?@example\.com",
            r"bob+tag@example\.com",
            r"*@example\.com",
            r"bob\d@example\.com",
            r"[bc]ob@example\.com",
            r"bob@example\.(com|org)",
            r"@.*example\.com$",
            r".{3}@example\.com",
            r"\Qbob@example.com\E",
            r"bob@example\.com|carol@example\.com",
        ] {
            assert_eq!(read(expression), Err(Reason::Pattern), "{expression}");
        }
        for expression in
            ["bob", r"example\.com", r"example\.com$", "@example", r"bob@example", r"@mail\.example\.", "bob@"]
        {
            assert_eq!(read(expression), Err(Reason::AnyPlace), "{expression}");
        }
        for expression in ["", "^", ".*", "@", ".*@.*", ".+"] {
            assert!(matches!(read(expression), Err(Reason::Everybody | Reason::AnyPlace)), "{expression}");
        }
        let meant = |text: &str| Reason::FullStop(read(text).unwrap());
        assert_eq!(read("bob@example.com"), Err(meant(r"bob@example\.com")));
        assert_eq!(read("^.*@example.com$"), Err(meant(r"@example\.com")));
        assert_eq!(read(r"bob.smith@example\.com"), Err(meant(r"bob\.smith@example\.com")));
        assert_eq!(read(r"^@example\.com"), Err(Reason::Nobody(read(r"@example\.com").ok())));
        assert!(matches!(read(r"bob@exam\.\.ple"), Err(Reason::Address(_))));
    }
}
