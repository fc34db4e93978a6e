//! Names in an SPF record that depend on the message: `%{i}._spf.%{d2}` (RFC 7208 section 7).
//!
//! Promises: what is no domain-spec by the letter of the grammar is none; what it expands to is a name that can be asked for,
//! or none. The work is bounded by the length of the text: only the end that fits into a name is ever built. Never touches:
//! the DNS; who calls gives the name for `%{p}`.

use core::net::IpAddr;

use super::super::question::Name;

/// Most octets of a name; what is longer loses labels on its left (section 7.3).
const NAME_LIMIT: usize = 253;
/// Letters that may stand in any macro string, the case left out (section 7.2).
const LETTERS: &[u8] = b"slodipvh";
/// Letters that may stand only in what is shown to people.
const SHOWN_LETTERS: &[u8] = b"crt";
/// What may part a value (section 7.1, `delimiter`).
const DELIMITERS: &[u8] = b".-+,/_=";

/// What the macros speak of, the same for a whole check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'v> {
    /// The client.
    pub ip: IpAddr,
    /// The sender's local part.
    pub local: &'v str,
    /// The sender's domain.
    pub sender_domain: &'v Name,
    /// What the client calls itself.
    pub helo: &'v str,
}

/// A `domain-spec`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DomainSpec(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Macro(Macro),
}

/// `%{letter parts r delimiters}`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Macro {
    letter: u8,
    /// A capital: what is not unreserved in a URI is written with `%`.
    escapes: bool,
    /// How many parts on the right are kept.
    parts: usize,
    reverses: bool,
    delimiters: Vec<u8>,
}

impl DomainSpec {
    /// Reads one; none where the grammar of section 7.1 does not allow it. The text is visible ASCII.
    pub(super) fn parse(text: &str) -> Option<DomainSpec> {
        let (pieces, tail) = pieces(text, LETTERS)?;
        // `domain-end`: the dot and the last label are written out, or a macro stands last.
        let ends_well = if tail.is_empty() {
            !pieces.is_empty()
        } else {
            let tail = tail.strip_suffix('.').unwrap_or(tail);
            tail.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label))
        };
        ends_well.then_some(DomainSpec(pieces))
    }

    /// Whether the client's own name is needed to expand it.
    pub(super) fn needs_client_name(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro(Macro { letter: b'p', .. })))
    }

    /// The name; none where it cannot be asked for. `domain` is the one whose record it stands in.
    pub(super) fn expand(&self, values: &Values<'_>, domain: &Name, client_name: &str) -> Option<Name> {
        // From the right, since labels on the left are dropped where it is too long.
        let (mut built, mut length) = (Vec::new(), 0);
        for piece in self.0.iter().rev() {
            let text = match piece {
                Piece::Text(text) => text.clone(),
                Piece::Macro(one) => one.expand(values, domain, client_name),
            };
            length += text.len();
            built.push(text);
            if length > 2 * NAME_LIMIT {
                break;
            }
        }
        let whole: String = built.into_iter().rev().collect();
        let mut text = whole.strip_suffix('.').unwrap_or(&whole);
        while text.len() > NAME_LIMIT {
            text = text.split_once('.')?.1;
        }
        Name::with_blanks(text)
    }
}

/// Whether it is a `macro-string` (section 7.1), as an unknown modifier must be one.
pub(super) fn is_macro_string(text: &str) -> bool {
    pieces(text, &[LETTERS, SHOWN_LETTERS].concat()).is_some()
}

/// The pieces, and the text behind the last macro.
fn pieces<'t>(text: &'t str, letters: &[u8]) -> Option<(Vec<Piece>, &'t str)> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once('%') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (sign, after) = behind.split_at_checked(1)?;
        rest = after;
        let piece = match sign {
            "%" => Piece::Text("%".to_owned()),
            "-" => Piece::Text("%20".to_owned()),
            "_" => Piece::Text(" ".to_owned()),
            "{" => {
                let (inner, after) = after.split_once('}')?;
                rest = after;
                Piece::Macro(Macro::parse(inner, letters)?)
            }
            _ => return None,
        };
        pieces.push(piece);
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some((pieces, rest))
}

/// `toplabel`: letters, digits and hyphens inside, not of digits alone.
fn is_top_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let ends_well = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    ends_well(bytes.first())
        && ends_well(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && !bytes.iter().all(u8::is_ascii_digit)
}

impl Macro {
    fn parse(inner: &str, letters: &[u8]) -> Option<Macro> {
        let (first, rest) = inner.split_at_checked(1)?;
        let given = *first.as_bytes().first()?;
        let letter = given.to_ascii_lowercase();
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &rest[..rest.len() - behind.len()];
        let parts = if digits.is_empty() { usize::MAX } else { digits.parse().unwrap_or(usize::MAX) };
        let delimiters = behind.strip_prefix(['r', 'R']);
        let reverses = delimiters.is_some();
        let delimiters = delimiters.unwrap_or(behind).as_bytes();
        // Section 7.3: a number must not be zero.
        let good = letters.contains(&letter) && parts > 0 && delimiters.iter().all(|byte| DELIMITERS.contains(byte));
        let delimiters = if delimiters.is_empty() { b"." } else { delimiters }.to_vec();
        good.then(|| Macro { letter, escapes: given.is_ascii_uppercase(), parts, reverses, delimiters })
    }

    fn expand(&self, values: &Values<'_>, domain: &Name, client_name: &str) -> String {
        let value = match self.letter {
            b's' => format!("{}@{}", values.local, values.sender_domain),
            b'l' => values.local.to_owned(),
            b'o' => values.sender_domain.as_str().to_owned(),
            b'd' => domain.as_str().to_owned(),
            b'i' => dotted(values.ip),
            b'p' => client_name.to_owned(),
            b'v' => if values.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            _ => values.helo.to_owned(),
        };
        let parts_here = |c: char| self.delimiters.iter().any(|byte| char::from(*byte) == c);
        let mut parts: Vec<&str> = value.split(parts_here).collect();
        if self.reverses {
            parts.reverse();
        }
        let kept = parts.split_off(parts.len().saturating_sub(self.parts));
        let text = kept.join(".");
        if self.escapes { escaped(&text) } else { text }
    }
}

/// An IPv4 address as ever; an IPv6 address as its digits, each a label (section 7.3).
pub(super) fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => {
            let digits = six.octets().map(|octet| format!("{:x}.{:x}", octet >> 4, octet & 15));
            digits.join(".")
        }
    }
}

/// Everything that is not unreserved (RFC 3986 section 2.3) with `%`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str, ip: &str) -> Option<String> {
        let sender_domain = Name::parse("email.example.com").unwrap();
        let values = Values {
            ip: ip.parse().unwrap(),
            local: "strong-bad",
            sender_domain: &sender_domain,
            helo: "mail host.example",
        };
        let spec = DomainSpec::parse(text).unwrap_or_else(|| panic!("{text} is one"));
        spec.expand(&values, &sender_domain, "mx.example.org").map(|name| name.to_string())
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_none() {
        for text in [
            "",
            ".",
            "example",
            "example.",
            "a.123",
            "a.-com",
            "a.com-",
            "a.c_m",
            "%",
            "a.%",
            "%a",
            "a.%{",
            "a.%{}",
            "%{x}",
            "%{c}",
            "%{R}",
            "%{t}",
            "%{d0}",
            "%{d00}",
            "%{d2rr}",
            "%{dr2}",
            "%{d;}",
            "%{d2r.:}",
            "%{d}.",
            "%{d}a",
            "%{d}.1",
            "%(d)",
            "%{d",
            "%{\u{e9}}",
            "%{d }",
            "%{ d}",
            "a..",
        ] {
            assert_eq!(DomainSpec::parse(text), None, "{text:?}");
        }
        for text in ["%{x}", "%", "%{c0}", "a%b", "%{"] {
            assert!(!is_macro_string(text), "{text:?}");
        }
        for text in ["", "a", "%{c}%{R}%{t}", "a/b:c=d", "%%%_%-"] {
            assert!(is_macro_string(text), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_none() {
        let long = "a".repeat(64);
        for text in ["a..example", ".example", &format!("{long}.example"), "%{l}..%{d}", "a.%{d}%%%{d1}..example"] {
            assert_eq!(expanded(text, "192.0.2.3"), None, "{text}");
        }
    }

    #[test]
    fn the_examples_of_the_standard_expand_as_it_says() {
        let six = "2001:db8::cb01";
        for (text, ip, wanted) in [
            ("%{s}", "192.0.2.3", "strong-bad@email.example.com"),
            ("%{o}", "192.0.2.3", "email.example.com"),
            ("%{d4}", "192.0.2.3", "email.example.com"),
            ("%{d3}", "192.0.2.3", "email.example.com"),
            ("%{d2}", "192.0.2.3", "example.com"),
            ("%{d1}", "192.0.2.3", "com"),
            ("%{dr}", "192.0.2.3", "com.example.email"),
            ("%{d2r}", "192.0.2.3", "example.email"),
            ("%{l-}", "192.0.2.3", "strong.bad"),
            ("%{lr-}", "192.0.2.3", "bad.strong"),
            ("%{l1r-}", "192.0.2.3", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "192.0.2.3", "example.com.trusted-domains.example.net"),
            ("%{p}", "192.0.2.3", "mx.example.org"),
            ("%{h}", "192.0.2.3", "mail host.example"),
            ("%{H}", "192.0.2.3", "mail%20host.example"),
            ("%{d99999999999999999999}.", "192.0.2.3", ""),
            (
                "%{ir}.%{v}._spf.%{d2}",
                six,
                "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
            ),
        ] {
            let text = text.strip_suffix("}.").map_or(text.to_owned(), |text| format!("{text}}}"));
            let wanted = if wanted.is_empty() { "email.example.com" } else { wanted };
            assert_eq!(expanded(&text, ip).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_too_long_loses_labels_on_its_left() {
        let name = expanded(&format!("{}%{{d}}", "%{d}.".repeat(20_000)), "192.0.2.3").unwrap();
        assert!(name.len() <= NAME_LIMIT && name.len() > NAME_LIMIT - 18, "{}", name.len());
        assert!(name.ends_with("com.email.example.com"));
    }
}
