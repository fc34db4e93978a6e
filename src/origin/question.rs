//! What is asked of the DNS, and what it said: plain data. The pure files of this room are called with the answers so far
//! and give a result or the questions they still need, so that a test needs no server and a dry run can print them.
//!
//! Promises: a name that exists here can be asked for as it is; a question that was not asked is never taken for one without an
//! answer. Never touches: sockets, time.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;
use std::fmt;

/// Most octets of a name as it is written, without the last dot (RFC 1035 section 2.3.4: 255 on the wire).
const NAME_LIMIT: usize = 253;
/// Most octets of one label (RFC 1035 section 2.3.4).
const LABEL_LIMIT: usize = 63;

/// A name that can be asked for: lower case, without the last dot, of visible ASCII characters; with blanks only where it was
/// read as one that may have them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

impl Name {
    /// Reads a name; none where a label is empty or too long, the whole is too long, or a character is no visible ASCII one. One
    /// dot at the end is taken off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Name> {
        Name::of(text, |byte| byte.is_ascii_graphic())
    }

    /// Reads a name that may have blanks in it: the macros of an SPF record can make such ones (RFC 7208 section 7.1, `%_`), and
    /// they can be asked for like any other.
    #[must_use]
    pub fn with_blanks(text: &str) -> Option<Name> {
        Name::of(text, |byte| byte.is_ascii_graphic() || *byte == b' ')
    }

    /// The name at which the names of an address stand (RFC 1035 section 3.5, RFC 3596 section 2.5).
    #[must_use]
    pub fn of_address(ip: IpAddr) -> Name {
        let labels: Vec<String> = match ip {
            IpAddr::V4(ip) => ip.octets().iter().rev().map(u8::to_string).collect(),
            IpAddr::V6(ip) => {
                let low_first = ip.octets().into_iter().rev();
                low_first.flat_map(|octet| [octet & 15, octet >> 4]).map(|nibble| format!("{nibble:x}")).collect()
            }
        };
        let zone = if ip.is_ipv4() { "in-addr" } else { "ip6" };
        Name(format!("{}.{zone}.arpa", labels.join(".")).into())
    }

    fn of(text: &str, known: impl Fn(&u8) -> bool) -> Option<Name> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let good = |label: &str| !label.is_empty() && label.len() <= LABEL_LIMIT;
        let fits = text.len() <= NAME_LIMIT && text.as_bytes().iter().all(known) && text.split('.').all(good);
        fits.then(|| Name(text.to_ascii_lowercase().into()))
    }

    /// As it is asked for.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Which records are asked for (RFC 1035 section 3.2.2, RFC 3596).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// Names of an address.
    Ptr,
    /// Texts.
    Txt,
}

impl RecordType {
    /// As zone files write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RecordType::A => "A",
            RecordType::Aaaa => "AAAA",
            RecordType::Mx => "MX",
            RecordType::Ptr => "PTR",
            RecordType::Txt => "TXT",
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Of which name.
    pub name: Name,
    /// Which records.
    pub kind: RecordType,
}

impl fmt::Display for Question {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind.name(), self.name)
    }
}

/// One record, always of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A mail exchanger.
    Mx {
        /// The lower, the sooner.
        preference: u16,
        /// None for the root, which says that no mail is taken (RFC 7505), or a name that cannot be asked for.
        host: Option<Name>,
    },
    /// A name of an address; none where it cannot be asked for.
    Ptr(Option<Name>),
    /// The character strings of one record, put together without anything in between (RFC 7208 section 3.3, RFC 6376 section
    /// 3.6.2.2).
    Txt(Vec<u8>),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The name does not exist (NXDOMAIN).
    NoName,
    /// The records of that type, whatever aliases led there; none where the name has others only.
    Records(Vec<Record>),
    /// Nothing that can be used: no answer in time, SERVFAIL, REFUSED, a loop of aliases, what cannot be read. It may be
    /// different later.
    Unsettled,
}

impl Answer {
    /// The records; none also where the name does not exist. None at all where nothing is known.
    #[must_use]
    pub fn records(&self) -> Option<&[Record]> {
        match self {
            Answer::NoName => Some(&[]),
            Answer::Records(records) => Some(records),
            Answer::Unsettled => None,
        }
    }
}

/// Everything that was asked so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<Question, Answer>);

impl Answers {
    /// What came back; none where it was not asked yet.
    #[must_use]
    pub fn get(&self, question: &Question) -> Option<&Answer> {
        self.0.get(question)
    }

    /// Takes one down. The first answer stays: within one look nothing changes.
    pub fn put(&mut self, question: Question, answer: Answer) {
        self.0.entry(question).or_insert(answer);
    }

    /// Every question with its answer, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Answer)> {
        self.0.iter()
    }

    /// How many were asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What comes of the answers so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// These must be asked first; never empty, and none of them is among the answers.
    Ask(Vec<Question>),
    /// The result.
    Done(T),
}

/// What a method comes to (RFC 8601 section 2.7), as far as the three methods share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finding {
    /// It does not come from where it says.
    Fail,
    /// There is nothing to check, or the domain says nothing of it.
    #[default]
    None,
    /// It comes from where it says.
    Pass,
    /// What the domain publishes cannot be understood.
    PermError,
    /// It could not be found out at the moment.
    TempError,
}

impl Finding {
    /// In one word, as `explain --json` shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Finding::Fail => "fail",
            Finding::None => "none",
            Finding::Pass => "pass",
            Finding::PermError => "permerror",
            Finding::TempError => "temperror",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_asked_for_is_none() {
        let long = "a".repeat(63);
        for text in ["", ".", "a..b", ".a", "a..", "ä.example", "a b.example", "a\0b", &"a".repeat(64)] {
            assert_eq!(Name::parse(text), None, "{text:?}");
        }
        let whole = format!("{long}.{long}.{long}.{}", "a".repeat(61));
        assert!(Name::parse(&whole).is_some() && Name::parse(&format!("{whole}a")).is_none());
    }

    #[test]
    fn only_what_macros_make_may_have_blanks() {
        assert_eq!(Name::with_blanks("A b .Example.").unwrap().as_str(), "a b .example");
        for text in ["", "a..b", "a\tb.example", "a\0b", "a\nb", "ä b.example", &"a ".repeat(32)] {
            assert_eq!(Name::with_blanks(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_has_a_name_of_its_own() {
        let of = |ip: &str| Name::of_address(ip.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7"), "7.2.0.192.in-addr.arpa");
        let zeros = "0.".repeat(23);
        assert_eq!(of("2001:db8::1f"), format!("f.1.{}8.b.d.0.1.0.0.2.ip6.arpa", &zeros[2..]));
        assert_eq!(Name::parse(&of("2001:db8::1")), Some(Name::of_address("2001:db8::1".parse().unwrap())));
    }

    #[test]
    fn a_name_has_one_form() {
        assert_eq!(Name::parse("_DMARC.Example.ORG.").unwrap().as_str(), "_dmarc.example.org");
        assert_eq!(Name::parse("a.example"), Name::parse("A.EXAMPLE."));
    }

    #[test]
    fn within_one_look_nothing_changes() {
        let question = Question { name: Name::parse("a.example").unwrap(), kind: RecordType::Txt };
        let mut answers = Answers::default();
        assert_eq!(answers.get(&question), None);
        answers.put(question.clone(), Answer::NoName);
        answers.put(question.clone(), Answer::Unsettled);
        assert_eq!((answers.get(&question), answers.len()), (Some(&Answer::NoName), 1));
        assert_eq!(Answer::NoName.records(), Some(&[][..]));
        assert_eq!(Answer::Unsettled.records(), None);
    }
}
