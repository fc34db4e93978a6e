//! SPF by the project's own tables below `fixtures/spf/`, which say how they are read, and against records and answers that were
//! damaged by chance.

use std::net::IpAddr;

use countersign::origin::question::{Answer, Name, Question, Record, RecordType, Step};
use countersign::origin::spf::{self, Client, ROUND_LIMIT, SpfResult};

use super::chance::Chance;
use super::fixture;
use super::zone::{Outcome, Zone, settle};

/// How many damaged worlds are tried.
const COUNT: &str = "COUNTERSIGN_MUTATIONS";
/// Most questions that any world can bring about: a policy, ten terms, ten mail exchangers of each, the client's names.
const QUESTIONS: usize = 1 + 10 + 100 + 1 + 10;

#[test]
fn every_table_comes_out_as_it_says() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in fixture::files("spf", "txt") {
        let mut zone = Zone::default();
        let before = count;
        for line in fixture::text(&path).lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(' ') {
                None if line.is_empty() => zone = Zone::default(),
                Some(("?", case)) => {
                    let found = answer(&zone, case);
                    if !case.ends_with(&format!("= {found}")) {
                        wrong.push(format!("{}: {case}\n    is answered: {found}", fixture::name(&path)));
                    }
                    count += 1;
                }
                Some((name, said)) => publish(&mut zone, name, said),
                None => panic!("{}: {line:?}", fixture::name(&path)),
            }
        }
        assert!(count > before, "{}: no case", fixture::name(&path));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count >= 60, "only {count} cases");
}

/// `CLIENT SENDER [helo=NAME] = …`: the result, the rounds and the questions.
fn answer(zone: &Zone, case: &str) -> String {
    let words: Vec<&str> = case.split(' ').take_while(|word| *word != "=").collect();
    let helo = words.get(2).map(|word| word.strip_prefix("helo=").unwrap().to_owned());
    let client = Client { ip: words[0].parse().unwrap(), helo };
    let sender = if words[1] == "<>" { None } else { Some(words[1].rsplit_once('@').unwrap()) };
    let Outcome { result, rounds, questions } = zone.settle(|answers| spf::evaluate(&client, sender, answers));
    format!("{} {rounds}/{questions}", result.name())
}

fn publish(zone: &mut Zone, name: &str, said: &str) {
    let (kind, value) = said.split_once(' ').unwrap();
    let kinds = [RecordType::A, RecordType::Aaaa, RecordType::Mx, RecordType::Ptr, RecordType::Txt];
    let of_kind = kinds.into_iter().find(|known| known.name() == kind);
    match (kind, value) {
        ("CNAME", _) => zone.alias(name, value),
        (_, "unsettled") => zone.unsettled(name, of_kind.unwrap()),
        ("A", _) => zone.record(name, Record::A(value.parse().unwrap())),
        ("AAAA", _) => zone.record(name, Record::Aaaa(value.parse().unwrap())),
        ("MX", _) => {
            let (preference, host) = value.split_once(' ').unwrap();
            zone.record(name, Record::Mx { preference: preference.parse().unwrap(), host: Name::parse(host) });
        }
        ("PTR", _) => zone.record(name, Record::Ptr(Name::parse(value))),
        ("TXT", _) => zone.record(name, Record::Txt(octets(value))),
        _ => panic!("{name} {said}"),
    }
}

/// `\xNN` is an octet.
fn octets(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

#[test]
fn a_bomb_costs_bounded_work() {
    let text = |text: String| Answer::Records(vec![Record::Txt(text.into_bytes())]);
    let is_txt = |question: &Question| question.kind == RecordType::Txt;
    // A record that is as large as one can be, each time another, with all that can be in it.
    for term in [
        "a:%{l}.%{i}.x ",
        "include:%{d}.%{d}.x ",
        "mx:%{p}.x ",
        "exists:%{d}%{d}%{d}%{s}.%{h}.x ",
        "x=%{d} ",
        "?ip4:1.2.3.4 ",
    ] {
        let mut number = 0;
        let outcome = settled(|question| {
            number += 1;
            let whole =
                format!("v=spf1 {}", term.replace('x', &format!("x{number}")).repeat(65_000 / (term.len() + 5)));
            if is_txt(question) { text(whole) } else { all_of(question, 1_000) }
        });
        assert!(outcome.questions <= QUESTIONS, "{term}: {outcome:?}");
    }
    // One macro many times, and one name a thousand times.
    let outcome = settled(|question| {
        if is_txt(question) {
            text(format!("v=spf1 a:{}.a.example +all", "%{d}".repeat(16_000)))
        } else {
            all_of(question, 1_000)
        }
    });
    assert_eq!(outcome.result, SpfResult::Pass);
    // A thousand records of each kind.
    let outcome = settled(|question| all_of(question, 1_000));
    assert_eq!((outcome.result, outcome.questions), (SpfResult::PermError, 1));
    // Ten times ten mail exchangers, each with a thousand other addresses.
    let outcome = settled(|question| match question.kind {
        RecordType::Txt => {
            text(format!("v=spf1 {}-all", (0..10).map(|at| format!("mx:m{at}.example ")).collect::<String>()))
        }
        RecordType::Mx => Answer::Records(
            (0..10)
                .map(|at| Record::Mx { preference: at, host: Name::parse(&format!("h{at}.{}", question.name)) })
                .collect(),
        ),
        _ => Answer::Records(vec![Record::A([198, 51, 100, 1].into()); 1_000]),
    });
    assert_eq!((outcome.result, outcome.questions), (SpfResult::Fail, 1 + 10 + 100));
    assert!(outcome.rounds <= 1 + 111_usize.div_ceil(ROUND_LIMIT) + 1, "{outcome:?}");
    // Each record leads to the next.
    for link in ["include:", "redirect="] {
        let outcome = settled(|question| text(format!("v=spf1 {link}n.{}", question.name)));
        assert_eq!((outcome.result, outcome.questions), (SpfResult::PermError, 11));
    }
}

fn settled(answer: impl FnMut(&Question) -> Answer) -> Outcome<SpfResult> {
    let client = Client { ip: IpAddr::from([192, 0, 2, 1]), helo: Some("mx.example".to_owned()) };
    settle(answer, |answers| {
        let step = spf::evaluate(&client, Some(("bob", "a.example")), answers);
        if let Step::Ask(asked) = &step {
            assert!(asked.len() <= ROUND_LIMIT, "{} questions at once", asked.len());
        }
        step
    })
}

/// So many good records of the type that is asked for, with which the client has to do.
fn all_of(question: &Question, count: u16) -> Answer {
    let one = |at: u16| {
        let name = Name::parse(&format!("n{at}.{}", question.name)).or(Name::parse("n.example"));
        match question.kind {
            RecordType::A => Record::A([192, 0, 2, 1].into()),
            RecordType::Aaaa => Record::Aaaa([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
            RecordType::Mx => Record::Mx { preference: at, host: name },
            RecordType::Ptr => Record::Ptr(name),
            RecordType::Txt => Record::Txt(b"v=spf1 mx -all".to_vec()),
        }
    };
    Answer::Records((0..count).map(one).collect())
}

/// `COUNTERSIGN_MUTATIONS=1000000 cargo test --release --test it spf::damaged` tries a million.
#[test]
fn damaged_records_and_answers_neither_panic_nor_cost_more() {
    let count = std::env::var(COUNT).map_or(5_000, |text| text.parse().expect("a decimal number"));
    let mut chance = Chance::seeded("damaged records");
    let (mut most, mut seen) = (Outcome { result: SpfResult::None, rounds: 0, questions: 0 }, [0_usize; 7]);
    for _ in 0..count {
        let client = Client { ip: *chance.one(&clients()), helo: some_word(&mut chance) };
        let words = (some_word(&mut chance).unwrap_or_default(), damaged(&mut chance, b"a.example"));
        let domain = String::from_utf8_lossy(&words.1).into_owned();
        let sender =
            chance.percent(90).then_some((words.0.as_str(), if chance.percent(5) { &*domain } else { "a.example" }));
        let outcome = settle(
            |question| some_answer(&mut chance, question),
            |answers| {
                let step = spf::evaluate(&client, sender, answers);
                assert!(!matches!(&step, Step::Ask(asked) if asked.len() > ROUND_LIMIT));
                step
            },
        );
        seen[outcome.result as usize] += 1;
        most.rounds = most.rounds.max(outcome.rounds);
        most.questions = most.questions.max(outcome.questions);
    }
    println!("of {count}: {seen:?} by result; at most {} rounds and {} questions", most.rounds, most.questions);
    assert!(most.questions <= QUESTIONS, "{most:?}");
    assert!(count < 1_000 || seen.iter().all(|count| *count > 0), "not every result came up: {seen:?}");
}

fn clients() -> [IpAddr; 4] {
    ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"].map(|text| text.parse().unwrap())
}

/// What stands in records and in what a client says.
const PIECES: [&str; 46] = [
    " ",
    " ",
    " ",
    " ",
    " ",
    "a",
    "mx",
    "ptr",
    "all",
    "exists:",
    "include:",
    "redirect=",
    "exp=",
    "ip4:",
    "ip6:",
    "-",
    "~",
    "?",
    "+",
    ":",
    "/",
    "//",
    "=",
    ".",
    "%",
    "{",
    "}",
    "%{d}",
    "%{p}",
    "%{ir}",
    "%{l1r-}",
    "%{S}",
    "%{h}",
    "%%",
    "%_",
    "a.example",
    "b.example",
    "n.example",
    "192.0.2.1",
    "192.0.2.0/24",
    "2001:db8::/32",
    "24",
    "129",
    "0",
    "\u{e9}",
    "v=spf1",
];
/// What is damaged.
const RECORDS: [&str; 10] = [
    "v=spf1 a mx ptr include:b.example -all",
    "v=spf1 a:b.example/24 mx:n.example//64 ip4:192.0.2.1/32 ip6:2001:db8::/32 ~all",
    "v=spf1 exists:%{ir}.%{v}.%{l1r-}.%{d2} exists:%{p}.x.example ?all",
    "v=spf1 redirect=b.example exp=why.%{d}",
    "v=spf1 include:%{h} include:n.example a:%{S}.x.example a:c.example mx:d.example +all",
    "v=spf1 mx:a.example mx:b.example mx:c.example mx:d.example mx:e.example mx:f.example -all",
    "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 all",
    "v=spf1 a:x.example -all",
    "v=DKIM1; k=rsa",
    "v=spf1 ~all",
];

fn some_word(chance: &mut Chance) -> Option<String> {
    let pieces = (0..chance.below(6)).map(|_| *chance.one(&PIECES)).collect::<String>();
    chance.percent(90).then(|| pieces.repeat(1 + if chance.percent(2) { chance.below(400) } else { 0 }))
}

fn some_answer(chance: &mut Chance, question: &Question) -> Answer {
    match chance.below(100) {
        0..5 => Answer::NoName,
        5..8 => Answer::Unsettled,
        8..12 => Answer::Records(Vec::new()),
        _ if question.kind == RecordType::Txt => {
            let count = if chance.percent(96) { 1 } else { chance.below(4) };
            Answer::Records((0..count).map(|_| Record::Txt(some_record(chance))).collect())
        }
        // What was not asked for may come too.
        12..14 => {
            let kind =
                *chance.one(&[RecordType::A, RecordType::Aaaa, RecordType::Mx, RecordType::Ptr, RecordType::Txt]);
            all_of(&Question { name: question.name.clone(), kind }, 3)
        }
        _ if chance.percent(50) => {
            let other = Record::A([198, 51, 100, 7].into());
            Answer::Records(vec![other; 1 + chance.below(12)])
        }
        _ => {
            let limit = if chance.percent(5) { 300 } else { 11 };
            let count = chance.below(limit);
            all_of(question, count as u16)
        }
    }
}

fn some_record(chance: &mut Chance) -> Vec<u8> {
    let mut record = chance.one(&RECORDS).as_bytes().to_vec();
    if chance.percent(30) {
        record = damaged(chance, &record);
    }
    if chance.percent(10) {
        let more = (0..chance.below(40)).map(|_| *chance.one(&PIECES)).collect::<String>();
        record.extend_from_slice(more.as_bytes());
    }
    record
}

/// Some octets changed, taken out or put in.
fn damaged(chance: &mut Chance, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let piece =
            if chance.percent(80) { chance.one(&PIECES).as_bytes().to_vec() } else { vec![chance.below(256) as u8] };
        let end = (at + chance.below(3)).min(bytes.len());
        bytes.splice(at..end, piece);
    }
    bytes
}
