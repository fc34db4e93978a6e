//! Whether the name beside an address shows another one: `"ceo@bank.example" <x@evil.example>`.
//!
//! Promises: whatever a reader takes for an address counts, however it is disguised: signs around it, `(at)`, blanks around
//! the sign, its look-alikes, invisible characters inside, text that is shown from right to left; linear in time. Never
//! touches: what follows from it.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::address::Address;
use super::quotation::is_invisible;

/// Longest part of an address, in characters: RFC 5321 section 4.5.3.1 allows 64 and 255 octets.
const PART_LIMIT: usize = 255;

/// Whether a From field's text, decoded, shows an address that is not this one. A word without a full stop behind the sign,
/// as in `bob@work`, is a name.
#[must_use]
pub fn shows_another(text: &str, own: &Address) -> bool {
    let plain: String =
        ComposingNormalizerBorrowed::new_nfkc().normalize(text).chars().filter(|c| !is_invisible(*c)).collect();
    let turned = text.contains(is_turning).then(|| plain.chars().rev().collect::<String>());
    let spelled = spelled(&plain);
    [Some(plain), Some(spelled), turned].into_iter().flatten().any(|text| holds_another(&text, own))
}

/// What makes text run from right to left: an embedding, an override, an isolate.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202b}' | '\u{202e}' | '\u{2067}')
}

/// With the sign in place of `(at)` and its like, and without blanks around it.
fn spelled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (length, sign) = match sign_in_brackets(rest) {
            Some(length) => (length, true),
            None => (c.len_utf8(), c == '@'),
        };
        if sign {
            out.truncate(out.trim_end().len());
            out.push('@');
            rest = rest[length..].trim_start();
        } else {
            out.push(c);
            rest = &rest[length..];
        }
    }
    out
}

/// The length of `(at)`, `[ @ ]` and their like, if the text begins with one.
fn sign_in_brackets(text: &str) -> Option<usize> {
    let inside = text.strip_prefix(['(', '[', '{', '<'])?;
    let end = inside.char_indices().take(8).find(|(_, c)| matches!(c, ')' | ']' | '}' | '>'))?.0;
    let word = inside[..end].trim();
    (word == "@" || word.eq_ignore_ascii_case("at")).then_some(end + 2)
}

fn holds_another(text: &str, own: &Address) -> bool {
    let is_own = |text: &str| Address::parse(text).is_ok_and(|address| address.normal() == own.normal());
    let ends_word = |c: char| c.is_whitespace() || "<>()[]\",;:".contains(c);
    text.match_indices('@').any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + 1..]);
        let local = tail(before, |c| c.is_alphanumeric() || "._+-=%&~".contains(c));
        let domain = head(behind, |c| c.is_alphanumeric() || matches!(c, '.' | '-'));
        let (local, domain) = (local.trim_matches(['.', '-']), domain.trim_matches(['.', '-']));
        let other = Address::parse(&format!("{local}@{domain}"))
            .is_ok_and(|address| address.domain().as_str().contains('.') && address.normal() != own.normal());
        // A sign that is none in most addresses may be part of the sender's own.
        let whole = || format!("{}@{}", tail(before, |c| !ends_word(c)), head(behind, |c| !ends_word(c)));
        other && !is_own(&whole())
    })
}

fn tail(text: &str, part: impl Fn(char) -> bool) -> &str {
    let length: usize = text.chars().rev().take(PART_LIMIT).take_while(|c| part(*c)).map(char::len_utf8).sum();
    &text[text.len() - length..]
}

fn head(text: &str, part: impl Fn(char) -> bool) -> &str {
    let length: usize = text.chars().take(PART_LIMIT).take_while(|c| part(*c)).map(char::len_utf8).sum();
    &text[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(name: &str) -> bool {
        let own = Address::parse("bob@example.net").unwrap();
        shows_another(&format!("\"{name}\" <bob@example.net>"), &own)
    }

    #[test]
    fn seen_seven_disguises_passed_for_a_name() {
        for name in [
            "CEO/ceo@bank.example/x",
            "CEO|boss@bank.example|",
            "ceo(at)bank.example",
            "ceo @ bank.example",
            "ceo\u{fe6b}bank.example",
            "ceo@bank\u{200b}.exam\u{2060}ple",
            "\u{202e}elpmaxe.knab@oec",
            // Their like.
            "CEO*ceo@bank.example*",
            "CEO#ceo@bank.example#",
            "{ceo@bank.example}",
            "ceo [AT] bank.example",
            "ceo { @ } bank.example",
            "ceo@ bank.example",
            "ceo\u{ff20}bank\u{ff0e}example",
            "c\u{ad}eo@bank.example",
            "\u{2067}elpmaxe.knab@oec",
            "bob@example.net.evil.example",
            "ceo@bank.example",
        ] {
            assert!(shows(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_a_name() {
        for name in [
            "Bob",
            "bob@example.net",
            "BOB @ Example.NET",
            "bob@work",
            "Bob (at) work",
            "Bob @ home. Always",
            "elpmaxe.knab@oec",
            "@bob",
            "(@)",
            "",
        ] {
            assert!(!shows(name), "{name}");
        }
        let own = Address::parse("a/b@example.net").unwrap();
        assert!(!shows_another("\"a/b@example.net\" <a/b@example.net>", &own));
    }
}
