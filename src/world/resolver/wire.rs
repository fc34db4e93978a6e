//! The octets of a question and of an answer; their format is the crate's, what is believed of them is said here.
//!
//! Promises: nothing but an answer to the very question is read, whatever the octets are; limits are kept, and what is over one
//! is no answer. Never touches: sockets, time.

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::name::NameBuilder;
use domain::base::record::ParsedRecord;
use domain::base::{Message, MessageBuilder, Name as WireName, ParsedName, ToName};
use domain::dep::octseq::Array;
use domain::rdata::{A, Aaaa, Cname, Mx, Ptr, Txt};

use crate::origin::question::{Answer, Name, Question, Record, RecordType};

/// The octets of a datagram that the servers are told they may send: what passes every network in one piece (RFC 6891 section
/// 6.2.3 and the DNS flag day of 2020).
const DATAGRAM: u16 = 1232;
/// Room for a question: its header, a name, and what extends it.
const QUERY_LIMIT: usize = 512;
/// Most records of an answer, aliases among them. Names with more than some dozens of records of one type are not found.
pub const RECORD_LIMIT: usize = 256;
/// Most aliases from one name to the next. Servers follow no more than eleven themselves.
const ALIAS_LIMIT: usize = 11;

/// What the octets turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Aliases lead to this name, of which the answer says nothing.
    Alias(Name),
    /// This server cannot tell.
    Failed(Fault),
    /// No answer to this question. A late one, or somebody else wrote it.
    Foreign,
    /// This is what the DNS says.
    Settled(Answer),
    /// The answer has no room in a datagram.
    Truncated,
}

/// Why a question got no answer that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Aliases lead in a circle, or over too many names.
    AliasLoop,
    /// The answer cannot be read, or is of other names.
    BadRecords,
    /// Nothing came in time.
    NoAnswer,
    /// The server does not understand the question.
    NotUnderstood,
    /// The server does not want to answer, or its port is closed.
    Refused,
    /// The server could not find out.
    ServerFailure,
    /// An answer, or all of them together, would take more memory than a look may.
    TooLong,
    /// So many were asked before that this one was not.
    TooManyQuestions,
    /// More records than an answer may have.
    TooManyRecords,
}

impl Fault {
    /// Whether another server would say the same.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Fault::AliasLoop | Fault::TooLong | Fault::TooManyQuestions | Fault::TooManyRecords)
    }

    /// In words, as `explain --look` shows it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Fault::AliasLoop => "its aliases lead in a circle",
            Fault::BadRecords => "the answer cannot be read",
            Fault::NoAnswer => "no answer in time",
            Fault::NotUnderstood => "the server did not understand the question",
            Fault::Refused => "the server refuses, or is not there",
            Fault::ServerFailure => "the server could not find out",
            Fault::TooLong => "the answer is too long",
            Fault::TooManyQuestions => "not asked: too many questions",
            Fault::TooManyRecords => "too many records",
        }
    }
}

/// The octets of a question (RFC 1035 section 4.1), with recursion desired, and with the size of datagrams where it is to be
/// extended. None only where a name has no room, which [`Name`] excludes.
pub(super) fn query(id: u16, question: &Question, extended: bool) -> Option<Vec<u8>> {
    let mut message = MessageBuilder::from_target(Array::<QUERY_LIMIT>::new()).ok()?;
    message.header_mut().set_id(id);
    message.header_mut().set_rd(true);
    let mut message = message.question();
    message.push((&wire_name(&question.name)?, wire_type(question.kind))).ok()?;
    let mut message = message.additional();
    if extended {
        message
            .opt(|options| {
                options.set_udp_payload_size(DATAGRAM);
                Ok(())
            })
            .ok()?;
    }
    Some(message.finish().as_ref().to_vec())
}

/// Reads what came back (RFC 1035 section 4.1, RFC 2308 section 2).
pub(super) fn read(octets: &[u8], id: u16, question: &Question) -> Reading {
    let (Ok(message), Some(name)) = (Message::from_slice(octets), wire_name(&question.name)) else {
        return Reading::Foreign;
    };
    let header = message.header();
    if !header.qr() || header.id() != id || header.opcode() != Opcode::QUERY {
        return Reading::Foreign;
    }
    let fault = match header.rcode() {
        Rcode::NOERROR | Rcode::NXDOMAIN => None,
        Rcode::FORMERR | Rcode::NOTIMP => Some(Fault::NotUnderstood),
        Rcode::SERVFAIL => Some(Fault::ServerFailure),
        _ => Some(Fault::Refused),
    };
    // A server that understood nothing may give the question back as it is, or not at all.
    let without_question = fault.is_some() && message.header_counts().qdcount() == 0;
    let same = message.sole_question().is_ok_and(|asked| {
        *asked.qname() == name && asked.qtype() == wire_type(question.kind) && asked.qclass() == Class::IN
    });
    match fault {
        _ if !same && !without_question => Reading::Foreign,
        Some(fault) => Reading::Failed(fault),
        None if header.tc() => Reading::Truncated,
        None if usize::from(message.header_counts().ancount()) > RECORD_LIMIT => Reading::Failed(Fault::TooManyRecords),
        None if header.rcode() == Rcode::NXDOMAIN => Reading::Settled(Answer::NoName),
        None => answer(message, &name, question.kind),
    }
}

/// The names and records behind an alias keep their octets where they are.
type Slice<'a> = &'a [u8];
type NameHere<'a> = ParsedName<Slice<'a>>;
type WholeName = WireName<Array<255>>;

/// What the records of an answer say of the name that was asked for.
fn answer(message: &Message<[u8]>, asked: &WholeName, kind: RecordType) -> Reading {
    let Some(found) = records(message) else { return Reading::Failed(Fault::BadRecords) };
    let aliases: Option<Vec<(NameHere<'_>, NameHere<'_>)>> = found.iter().filter_map(alias).collect();
    let Some(aliases) = aliases else { return Reading::Failed(Fault::BadRecords) };
    let mut last: Option<NameHere<'_>> = None;
    for steps in 0.. {
        let next = aliases.iter().find(|(owner, _)| is_name(owner, last.as_ref(), asked));
        let Some((_, target)) = next else { break };
        if steps == ALIAS_LIMIT {
            return Reading::Failed(Fault::AliasLoop);
        }
        last = Some(*target);
    }
    let of_type = || found.iter().filter(|record| record.rtype() == wire_type(kind));
    let owned = of_type().filter(|record| is_name(&record.owner(), last.as_ref(), asked));
    let read: Option<Vec<Record>> = owned.map(|owned| record(owned, kind)).collect();
    match read {
        None => Reading::Failed(Fault::BadRecords),
        // Records of the type, and all of other names: not even that the name has none is believed.
        Some(read) if read.is_empty() && of_type().next().is_some() => Reading::Failed(Fault::BadRecords),
        Some(read) if read.is_empty() => match (authority(message), &last) {
            (None, _) => Reading::Failed(Fault::BadRecords),
            (Some(Authority::Refers), _) => Reading::Failed(Fault::Refused),
            // The server may just have stopped at the alias.
            (Some(Authority::Nothing), Some(last)) => {
                name(last).map_or(Reading::Failed(Fault::BadRecords), Reading::Alias)
            }
            (Some(_), _) => Reading::Settled(Answer::Records(read)),
        },
        Some(read) => Reading::Settled(Answer::Records(read)),
    }
}

/// The records of the answer; none where one cannot be read.
fn records(message: &Message<[u8]>) -> Option<Vec<ParsedRecord<'_, [u8]>>> {
    let all: Result<Vec<_>, _> = message.answer().ok()?.collect();
    let mut all = all.ok()?;
    all.retain(|record| record.class() == Class::IN);
    Some(all)
}

/// Where the record is an alias: its name, and the one it stands for; none inside where that cannot be read.
fn alias<'a>(record: &ParsedRecord<'a, [u8]>) -> Option<Option<(NameHere<'a>, NameHere<'a>)>> {
    if record.rtype() != Rtype::CNAME {
        return None;
    }
    let read = record.to_record::<Cname<NameHere<'a>>>().ok().flatten();
    Some(read.map(|read| (record.owner(), read.into_data().into_cname())))
}

/// Whether this is the name that aliases led to, or, where there are none, that was asked for.
fn is_name<N: ToName>(name: &N, last: Option<&NameHere<'_>>, asked: &WholeName) -> bool {
    last.map_or_else(|| name.name_eq(asked), |last| name.name_eq(last))
}

/// What an answer without records says besides (RFC 2308 section 2.2).
enum Authority {
    /// Nothing.
    Nothing,
    /// The name has no such records.
    Says,
    /// Others are to be asked: this server is none that finds out by itself.
    Refers,
}

/// Reads it; none where it cannot be read.
fn authority(message: &Message<[u8]>) -> Option<Authority> {
    let mut refers = false;
    for record in message.authority().ok()?.take(RECORD_LIMIT) {
        match record.ok()?.rtype() {
            Rtype::SOA => return Some(Authority::Says),
            Rtype::NS => refers = true,
            _ => {}
        }
    }
    Some(if refers { Authority::Refers } else { Authority::Nothing })
}

/// One record of the type that was asked for; none where it cannot be read.
fn record(record: &ParsedRecord<'_, [u8]>, kind: RecordType) -> Option<Record> {
    Some(match kind {
        RecordType::A => Record::A(record.to_record::<A>().ok()??.data().addr()),
        RecordType::Aaaa => Record::Aaaa(record.to_record::<Aaaa>().ok()??.data().addr()),
        RecordType::Mx => {
            let exchanger = record.to_record::<Mx<NameHere<'_>>>().ok()??.into_data();
            Record::Mx { preference: exchanger.preference(), host: name(exchanger.exchange()) }
        }
        RecordType::Ptr => Record::Ptr(name(record.to_record::<Ptr<NameHere<'_>>>().ok()??.data().ptrdname())),
        RecordType::Txt => {
            let text = record.to_record::<Txt<Slice<'_>>>().ok()??.into_data();
            Record::Txt(text.iter().flatten().copied().collect())
        }
    })
}

/// A name as it is written; none for the root and for one that cannot be asked for. A dot within a label would read as two.
fn name(name: &NameHere<'_>) -> Option<Name> {
    let mut text = Vec::new();
    for label in name.iter().filter(|label| !label.is_root()) {
        if label.as_slice().contains(&b'.') {
            return None;
        }
        text.extend_from_slice(label.as_slice());
        text.push(b'.');
    }
    Name::parse(std::str::from_utf8(&text).ok()?)
}

/// The octets of a name.
fn wire_name(name: &Name) -> Option<WholeName> {
    let mut builder = NameBuilder::<Array<255>>::new();
    for label in name.as_str().split('.') {
        builder.append_label(label.as_bytes()).ok()?;
    }
    builder.into_name().ok()
}

fn wire_type(kind: RecordType) -> Rtype {
    match kind {
        RecordType::A => Rtype::A,
        RecordType::Aaaa => Rtype::AAAA,
        RecordType::Mx => Rtype::MX,
        RecordType::Ptr => Rtype::PTR,
        RecordType::Txt => Rtype::TXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many damaged answers are read; more where this variable says so.
    const MUTATIONS: &str = "COUNTERSIGN_MUTATIONS";
    const ID: u16 = 0x1234;

    fn asked(kind: RecordType) -> Question {
        Question { name: Name::parse("a.b.example").unwrap(), kind }
    }

    /// An answer to that question: the flags and the code, and the sections of records with how many each has.
    fn message(kind: RecordType, flags: [u8; 2], sections: [(u16, &[u8]); 2]) -> Vec<u8> {
        let mut octets = [&ID.to_be_bytes()[..], &flags, &[0, 1]].concat();
        octets.extend(sections.iter().flat_map(|(count, _)| count.to_be_bytes()));
        octets.extend([0, 0]);
        octets.extend(b"\x01a\x01b\x07example\x00");
        octets.extend(wire_type(kind).to_int().to_be_bytes());
        octets.extend([0, 1]);
        sections.iter().for_each(|(_, records)| octets.extend(*records));
        octets
    }

    /// One record: its name, type, class, and data.
    fn one(name: &[u8], kind: u8, class: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        [name, &[0, kind, 0, class, 0, 0, 1, 0], &length, data].concat()
    }

    /// The name of the question, by a pointer to it.
    const SAME: &[u8] = &[0xc0, 12];
    const GOOD: [u8; 2] = [0x81, 0x80];

    fn text(octets: &[u8]) -> Reading {
        read(octets, ID, &asked(RecordType::Txt))
    }

    fn answered(sections: [(u16, &[u8]); 2]) -> Reading {
        text(&message(RecordType::Txt, GOOD, sections))
    }

    #[test]
    fn what_is_no_answer_to_the_question_is_foreign() {
        let record = one(SAME, 16, 1, b"\x01x");
        let good = message(RecordType::Txt, GOOD, [(1, &record), (0, b"")]);
        assert_eq!(text(&good), Reading::Settled(Answer::Records(vec![Record::Txt(b"x".to_vec())])));
        // Its number, that it is an answer, what kind of one, how many questions, their names, type and class.
        let changes = [(0, 0), (1, 0), (2, 0x01), (2, 0xa1), (5, 0), (5, 2), (13, b'c'), (16, 0), (26, 1), (28, 3)];
        for (at, value) in changes {
            let mut other = good.clone();
            other[at] = value;
            assert_eq!(text(&other), Reading::Foreign, "{at}");
        }
        for length in 0..29 {
            assert_eq!(text(&good[..length]), Reading::Foreign, "{length}");
        }
        assert_eq!(read(&good, ID, &asked(RecordType::A)), Reading::Foreign);
    }

    #[test]
    fn each_code_has_its_fault() {
        for (code, fault) in [
            (1, Fault::NotUnderstood),
            (2, Fault::ServerFailure),
            (4, Fault::NotUnderstood),
            (5, Fault::Refused),
            (6, Fault::Refused),
            (9, Fault::Refused),
        ] {
            let with = message(RecordType::Txt, [0x81, 0x80 | code], [(0, b""), (0, b"")]);
            let mut without = with[..12].to_vec();
            without[5] = 0;
            assert_eq!((text(&with), text(&without)), (Reading::Failed(fault), Reading::Failed(fault)), "{code}");
        }
        let mut without = message(RecordType::Txt, [0x81, 0x83], [(0, b""), (0, b"")]);
        without.truncate(12);
        without[5] = 0;
        assert_eq!(text(&without), Reading::Foreign, "that a name is not there is said of a name");
    }

    #[test]
    fn what_cannot_be_read_is_no_record() {
        for records in [
            &b"\xc0\x0c"[..],
            &one(SAME, 16, 1, b"\x05x"),
            &one(&[0xc0, 0xff], 16, 1, b"\x01x"),
            // A name that points at itself, a label of an unknown kind, and an alias to nowhere.
            &one(&[0xc0, 29], 16, 1, b"\x01x"),
            &one(&[0x80, 0], 16, 1, b"\x01x"),
            &one(SAME, 5, 1, &[0xc0]),
        ] {
            assert_eq!(answered([(1, records), (0, b"")]), Reading::Failed(Fault::BadRecords), "{records:?}");
        }
        for (kind, number, data) in [
            (RecordType::A, 1, &b"\x01\x02\x03"[..]),
            (RecordType::A, 1, b"\x01\x02\x03\x04\x05"),
            (RecordType::Aaaa, 28, b"\x01\x02\x03\x04"),
            (RecordType::Mx, 15, b"\x01"),
            (RecordType::Ptr, 12, b""),
        ] {
            let octets = message(kind, GOOD, [(1, &one(SAME, number, 1, data)), (0, b"")]);
            assert_eq!(read(&octets, ID, &asked(kind)), Reading::Failed(Fault::BadRecords), "{kind:?}");
        }
    }

    #[test]
    fn too_many_records_are_refused_before_one_is_read() {
        assert_eq!(answered([(257, b""), (0, b"")]), Reading::Failed(Fault::TooManyRecords));
        assert_eq!(answered([(256, b""), (0, b"")]), Reading::Failed(Fault::BadRecords));
    }

    #[test]
    fn aliases_lead_in_no_circle_and_not_too_far() {
        let circle = one(SAME, 5, 1, SAME);
        assert_eq!(answered([(1, &circle), (0, b"")]), Reading::Failed(Fault::AliasLoop));
        let name = |at: u8| [1, b'a' + at, 0];
        let chain = |length: u8| {
            let mut records = one(SAME, 5, 1, &name(0));
            (1..length).for_each(|at| records.extend(one(&name(at - 1), 5, 1, &name(at))));
            records.extend(one(&name(length - 1), 16, 1, b"\x01x"));
            answered([(u16::from(length) + 1, &records), (0, b"")])
        };
        assert_eq!(chain(12), Reading::Failed(Fault::AliasLoop));
        assert_eq!(chain(11), Reading::Settled(Answer::Records(vec![Record::Txt(b"x".to_vec())])));
    }

    #[test]
    fn an_alias_that_cannot_be_asked_for_leads_nowhere() {
        let (dotted, root) = (one(SAME, 5, 1, b"\x03a.b\x00"), one(SAME, 5, 1, b"\x00"));
        for alias in [dotted, root] {
            assert_eq!(answered([(1, &alias), (0, b"")]), Reading::Failed(Fault::BadRecords));
        }
        let alias = one(SAME, 5, 1, b"\x01c\x00");
        assert_eq!(answered([(1, &alias), (0, b"")]), Reading::Alias(Name::parse("c").unwrap()));
    }

    #[test]
    fn records_of_another_name_or_class_are_none() {
        let other = one(b"\x01x\x00", 16, 1, b"\x01x");
        assert_eq!(answered([(1, &other), (0, b"")]), Reading::Failed(Fault::BadRecords));
        let class = one(SAME, 16, 3, b"\x01x");
        assert_eq!(answered([(1, &class), (0, b"")]), Reading::Settled(Answer::Records(vec![])));
        let both = [other, one(b"\x01A\x01B\x07EXAMPLE\x00", 16, 1, b"\x01y\x01z")].concat();
        assert_eq!(
            answered([(2, &both), (0, b"")]),
            Reading::Settled(Answer::Records(vec![Record::Txt(b"yz".to_vec())]))
        );
    }

    #[test]
    fn that_there_are_none_is_believed_of_a_server_that_finds_out() {
        let (start, refers) = (one(b"\x00", 6, 1, &[0; 22]), one(b"\x00", 2, 1, b"\x02ns\x00"));
        let none = Reading::Settled(Answer::Records(vec![]));
        assert_eq!(answered([(0, b""), (1, &refers)]), Reading::Failed(Fault::Refused));
        assert_eq!(answered([(0, b""), (1, b"\x00")]), Reading::Failed(Fault::BadRecords));
        assert_eq!(
            (answered([(0, b""), (1, &start)]), answered([(0, b""), (0, b"")])),
            (none, Reading::Settled(Answer::Records(vec![])))
        );
        let alias = one(SAME, 5, 1, b"\x01c\x00");
        assert_eq!(answered([(1, &alias), (1, &start)]), Reading::Settled(Answer::Records(vec![])));
        assert_eq!(answered([(1, &alias), (1, &refers)]), Reading::Failed(Fault::Refused));
    }

    #[test]
    fn a_truncated_answer_is_not_read() {
        let record = one(SAME, 16, 1, b"\x01x");
        assert_eq!(text(&message(RecordType::Txt, [0x83, 0x80], [(1, &record), (0, b"")])), Reading::Truncated);
    }

    #[test]
    fn a_question_is_what_the_standard_says() {
        let plain = query(ID, &asked(RecordType::Mx), false).unwrap();
        assert_eq!(plain, b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x01b\x07example\x00\x00\x0f\x00\x01");
        let extended = query(ID, &asked(RecordType::Mx), true).unwrap();
        assert_eq!(extended[11], 1);
        assert_eq!(&extended[plain.len()..], b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00");
        let long = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        let longest = Question { name: Name::parse(&long).unwrap(), kind: RecordType::Txt };
        assert_eq!(query(ID, &longest, true).unwrap().len(), 12 + 255 + 4 + 11);
    }

    #[test]
    fn every_fault_has_its_own_words() {
        let faults = [
            Fault::AliasLoop,
            Fault::BadRecords,
            Fault::NoAnswer,
            Fault::NotUnderstood,
            Fault::Refused,
            Fault::ServerFailure,
            Fault::TooLong,
            Fault::TooManyQuestions,
            Fault::TooManyRecords,
        ];
        assert!(faults.is_sorted());
        let words: std::collections::BTreeSet<&str> = faults.map(Fault::words).into();
        assert_eq!(words.len(), faults.len());
    }

    #[test]
    fn damaged_answers_are_read_without_harm() {
        let count = std::env::var(MUTATIONS).map_or(20_000, |text| text.parse().unwrap());
        let kinds = [RecordType::A, RecordType::Aaaa, RecordType::Mx, RecordType::Ptr, RecordType::Txt];
        let alias = one(SAME, 5, 1, b"\x01c\xc0\x0e");
        let records = [
            alias,
            one(b"\x01c\xc0\x0e", 1, 1, &[192, 0, 2, 1]),
            one(b"\x01c\xc0\x0e", 28, 1, &[1; 16]),
            one(b"\x01c\xc0\x0e", 15, 1, b"\x00\x05\x02mx\xc0\x0e"),
            one(b"\x01c\xc0\x0e", 12, 1, b"\xc0\x0c"),
            one(b"\x01c\xc0\x0e", 16, 1, b"\x05v=x y\x00\x02zz"),
        ]
        .concat();
        let start = one(b"\x00", 6, 1, &[0; 22]);
        let mut dice = 11_u64;
        let mut throw = |limit: usize| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(dice >> 33).unwrap() % limit
        };
        let mut settled = 0;
        for _ in 0..count {
            let kind = kinds[throw(kinds.len())];
            let mut octets = message(kind, GOOD, [(6, &records), (1, &start)]);
            for _ in 0..throw(6) {
                let at = throw(octets.len());
                match throw(4) {
                    0 => octets[at] = u8::try_from(throw(256)).unwrap(),
                    1 => octets[at] ^= 1 << throw(8),
                    2 => octets.truncate(at.max(29)),
                    // Pointers are where names go wrong.
                    _ => octets[at] = [0xc0, 0x0c, 0xff, 0x3f][throw(4)],
                }
            }
            match read(&octets, ID, &asked(kind)) {
                Reading::Settled(answer) => {
                    settled += 1;
                    assert!(answer.records().unwrap().len() <= RECORD_LIMIT);
                }
                Reading::Alias(name) => assert!(name.as_str().len() <= 253),
                Reading::Failed(_) | Reading::Foreign | Reading::Truncated => {}
            }
        }
        // Neither all nor none of them: else this reads the same again and again.
        assert!(settled > count / 10 && settled < count, "{settled} of {count}");
    }
}
