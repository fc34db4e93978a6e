//! What a domain publishes: the record `v=spf1 …` (RFC 7208 sections 4.5, 4.6 and 12).
//!
//! Promises: a record is read whole before any of it is followed, so that a fault anywhere counts (section 4.6); what is not of
//! the grammar is none. Never touches: the DNS, the message.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::macros::{DomainSpec, is_macro_string};
use super::result::SpfResult;

/// Most octets of a record: no TXT record on the wire is longer (RFC 1035 section 3.2.1).
const RECORD_LIMIT: usize = 65_535;

/// A whole record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// In their order.
    pub directives: Vec<Directive>,
    /// Whose record is followed where no directive matches.
    pub redirect: Option<DomainSpec>,
}

/// What comes of it where the mechanism matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// By the sign in front: `+`, `-`, `?`, `~`; without one a pass.
    pub result: SpfResult,
    /// When.
    pub mechanism: Mechanism,
}

/// What matches a client (section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// An address of the name, by default of the domain itself.
    A(Option<DomainSpec>, Prefixes),
    /// Everyone.
    All,
    /// Everyone, where the name has an IPv4 address.
    Exists(DomainSpec),
    /// Whom another record passes.
    Include(DomainSpec),
    /// A network.
    Ip4(Ipv4Addr, u8),
    /// A network.
    Ip6(Ipv6Addr, u8),
    /// An address of a mail exchanger of the name.
    Mx(Option<DomainSpec>, Prefixes),
    /// A name of the client's address ends with the name.
    Ptr(Option<DomainSpec>),
}

/// How many bits of an address count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefixes {
    /// Of an IPv4 address.
    pub four: u8,
    /// Of an IPv6 address.
    pub six: u8,
}

/// Whether a TXT record is one of these (section 4.5): the version, then a blank or the end.
#[must_use]
pub fn is_record(text: &[u8]) -> bool {
    let version = text.get(..6).is_some_and(|version| version.eq_ignore_ascii_case(b"v=spf1"));
    version && matches!(text.get(6), None | Some(b' '))
}

impl Record {
    /// Reads a record of this version; none where it has a fault.
    pub(super) fn parse(text: &[u8]) -> Option<Record> {
        let text = std::str::from_utf8(text).ok()?;
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if !visible || text.len() > RECORD_LIMIT {
            return None;
        }
        let mut record = Record { directives: Vec::new(), redirect: None };
        let mut explains = false;
        for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            let Some((name, value)) = modifier(term) else {
                record.directives.push(directive(term)?);
                continue;
            };
            if name.eq_ignore_ascii_case("redirect") {
                let spec = DomainSpec::parse(value)?;
                // Section 6: each at most once.
                if record.redirect.replace(spec).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case("exp") {
                // The explanation is a text for whoever was refused. Nobody is refused here and nobody would read it: it is not
                // looked up, but its fault is one of the record.
                DomainSpec::parse(value)?;
                if std::mem::replace(&mut explains, true) {
                    return None;
                }
            } else if !is_macro_string(value) {
                return None;
            }
        }
        Some(record)
    }
}

/// `name=value`, the sign before any `:` or `/` (section 4.6.1).
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(known)).then_some((name, value))
}

fn directive(term: &str) -> Option<Directive> {
    let result = match term.as_bytes().first()? {
        b'-' => SpfResult::Fail,
        b'?' => SpfResult::Neutral,
        b'~' => SpfResult::SoftFail,
        _ => SpfResult::Pass,
    };
    let text = term.strip_prefix(['+', '-', '?', '~']).unwrap_or(term);
    let end = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let spec = || rest.strip_prefix(':').and_then(DomainSpec::parse);
    let optional = |rest: &str| match rest {
        "" => Some(None),
        _ => rest.strip_prefix(':').and_then(DomainSpec::parse).map(Some),
    };
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "a" => prefixes(rest).and_then(|(rest, bits)| Some(Mechanism::A(optional(rest)?, bits)))?,
        "all" if rest.is_empty() => Mechanism::All,
        "exists" => Mechanism::Exists(spec()?),
        "include" => Mechanism::Include(spec()?),
        "ip4" => network(rest, 32).map(|(network, bits)| Mechanism::Ip4(network, bits))?,
        "ip6" => network(rest, 128).map(|(network, bits)| Mechanism::Ip6(network, bits))?,
        "mx" => prefixes(rest).and_then(|(rest, bits)| Some(Mechanism::Mx(optional(rest)?, bits)))?,
        "ptr" => Mechanism::Ptr(optional(rest)?),
        _ => return None,
    };
    Some(Directive { result, mechanism })
}

/// `:network` or `:network/bits`.
fn network<A: std::str::FromStr>(rest: &str, limit: u8) -> Option<(A, u8)> {
    let text = rest.strip_prefix(':')?;
    let (network, bits) = match text.split_once('/') {
        Some((network, digits)) => (network, number(digits, limit)?),
        None => (text, limit),
    };
    network.parse().ok().map(|network| (network, bits))
}

/// Takes `/bits//bits` off the end, each of which may be absent; none where a number is wrong. A name may hold slashes itself.
fn prefixes(rest: &str) -> Option<(&str, Prefixes)> {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (rest, six) = match rest.rsplit_once("//") {
        Some((front, digits)) if are_digits(digits) => (front, number(digits, 128)?),
        _ => (rest, 128),
    };
    let (rest, four) = match rest.rsplit_once('/') {
        Some((front, digits)) if are_digits(digits) => (front, number(digits, 32)?),
        _ => (rest, 32),
    };
    Some((rest, Prefixes { four, six }))
}

/// Without zeros in front (section 12, `ip4-cidr-length`).
fn number(digits: &str, limit: u8) -> Option<u8> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|bits| plain && *bits <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_record_of_this_version_is_passed_over() {
        for text in
            ["", "v=spf", "v=spf10", "v=spf1mx", "v=spf1\tmx", " v=spf1", "v=spf2.0/pra", "\"v=spf1\"", "v=spf1,a"]
        {
            assert!(!is_record(text.as_bytes()), "{text}");
        }
        for text in ["v=spf1", "V=SpF1 ", "v=spf1 \u{e9}"] {
            assert!(is_record(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_fault_anywhere_is_one_of_the_record() {
        for term in [
            "all.",
            "all:a.example",
            "all/8",
            "-",
            "+",
            "--all",
            "moo",
            "moo:a.example",
            "a:",
            "a:/24",
            "a/",
            "a//",
            "a/33",
            "a//129",
            "a/032",
            "a/00",
            "a//064",
            "a/24/64",
            "a///64",
            "a/a",
            "a:example",
            "a:a.example/33",
            "a:a.example/24/",
            "mx:",
            "mx/33",
            "mx//129",
            "mx:a.example:25",
            "ptr:",
            "ptr/0",
            "ptr:a.example/24",
            "exists",
            "exists:",
            "exists/8",
            "exists:a.example/8",
            "include",
            "include:",
            "include:example",
            "include:a.example/24",
            "ip4",
            "ip4:",
            "ip4:192.0.2",
            "ip4:192.0.2.256",
            "ip4:192.0.2.01",
            "ip4:192.0.2.1/",
            "ip4:192.0.2.1/33",
            "ip4:192.0.2.1/032",
            "ip4:192.0.2.1//32",
            "ip4:192.0.2.1:25",
            "ip4:192.0.2.1/+8",
            "ip4:2001:db8::1",
            "ip4/24",
            "ip6",
            "ip6:",
            "ip6::a::b",
            "ip6:2001:db8::/129",
            "ip6:192.0.2.1",
            "ip6:2001:db8::%1",
            "redirect:a.example",
            "redirect=",
            "redirect=example",
            "redirect=a.example/8",
            "redirect=%{c}.example",
            "exp=",
            "exp=-all",
            "exp=%{r}.example",
            "exp=a.example exp=b.example",
            "redirect=a.example redirect=a.example",
            "EXP=a.example exp=a.example",
            "=all",
            "1up=a",
            "-a=b",
            "a/b=c",
            "a:b=c",
            "x=%a",
            "x=%{z}",
            "a:a.example\u{7f}",
            "a:\u{e9}.example",
            "a\tmx",
            "a\r\nmx",
            "exp:a.example",
        ] {
            let text = format!("v=spf1 ip4:192.0.2.1 {term} -all");
            assert_eq!(Record::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Record::parse(b"v=spf1 \xff"), None, "no UTF-8");
        let long = format!("v=spf1 {}", "?all ".repeat(RECORD_LIMIT / 5));
        assert_eq!(Record::parse(long.as_bytes()), None, "longer than any record");
    }

    #[test]
    fn a_good_record_is_read() {
        let spec = |text: &str| DomainSpec::parse(text).unwrap();
        let bits = |four, six| Prefixes { four, six };
        for (term, wanted) in [
            ("a", Mechanism::A(None, bits(32, 128))),
            ("A/24//64", Mechanism::A(None, bits(24, 64))),
            ("a//0", Mechanism::A(None, bits(32, 0))),
            ("a:b/c.example/0", Mechanism::A(Some(spec("b/c.example")), bits(0, 128))),
            ("a:%{h}//9", Mechanism::A(Some(spec("%{h}")), bits(32, 9))),
            ("mx:a.example", Mechanism::Mx(Some(spec("a.example")), bits(32, 128))),
            ("PTR", Mechanism::Ptr(None)),
            ("ptr:a.example", Mechanism::Ptr(Some(spec("a.example")))),
            ("exists:%{i}.a.example", Mechanism::Exists(spec("%{i}.a.example"))),
            ("Include:a.example.", Mechanism::Include(spec("a.example."))),
            ("ip4:192.0.2.0/24", Mechanism::Ip4("192.0.2.0".parse().unwrap(), 24)),
            ("ip6:2001:DB8::/32", Mechanism::Ip6("2001:db8::".parse().unwrap(), 32)),
            ("all", Mechanism::All),
        ] {
            for (sign, result) in [("", "pass"), ("+", "pass"), ("-", "fail"), ("?", "neutral"), ("~", "softfail")] {
                let record = Record::parse(format!("v=spf1  {sign}{term} x.y-z_1=%{{r}} ").as_bytes()).unwrap();
                let [only] = record.directives.as_slice() else { panic!("{term}: {record:?}") };
                assert_eq!((only.result.name(), &only.mechanism), (result, &wanted), "{term}");
            }
        }
        let record = Record::parse(b"v=spf1 exp=a.example redirect=%{d} a=b").unwrap();
        assert_eq!((record.directives.len(), record.redirect), (0, Some(spec("%{d}"))));
    }
}
