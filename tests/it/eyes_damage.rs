//! Own eyes on mutated letters and mutated answers, all their pure files together: no panic, bounded rounds, bounded questions, and
//! nothing proven that the author did not sign.
//!
//! `COUNTERSIGN_MUTATIONS=1000000 cargo test --release --test it eyes_damage:: -- --nocapture` tries a million.

use core::net::Ipv6Addr;
use std::time::{Duration, Instant};

use countersign::mail::address::Domain;
use countersign::mail::head::Head;
use countersign::origin::client::client;
use countersign::origin::dkim::{BodyHasher, Signatures};
use countersign::origin::look::{Letter as Looked, Report, Scope, evaluate};
use countersign::origin::question::{Answer, Answers, Name, Question, Record, RecordType, Step};
use countersign::origin::spf::Client;

use super::chance::Chance;
use super::dkim::damage;
use super::letter::Letter;
use super::signer::Signer;

/// How many mutated letters are looked at.
const MUTATIONS: &str = "COUNTERSIGN_MUTATIONS";
/// So many if it does not say.
const MUTATIONS_USUAL: u64 = 2_000;
/// When the letters were signed.
const SIGNED: i64 = 1_795_856_400;
/// Most questions that a resolver asks, and then it gives no more answers.
const QUESTIONS: usize = 64;
/// Most rounds that may come of them: with each at least one question is new.
const ROUNDS: usize = 24;
/// What one may take without optimisation, however busy the machine is.
const SLOWEST: Duration = Duration::from_secs(2);

/// What the worst of them took.
#[derive(Debug, Default)]
struct Worst {
    time: Duration,
    at: u64,
    rounds: usize,
    questions: usize,
    asked: usize,
    proven: u64,
}

#[test]
fn mutated_letters_and_answers_neither_panic_nor_cost_more() {
    let count = std::env::var(MUTATIONS).map_or(MUTATIONS_USUAL, |text| text.parse().expect("a decimal number"));
    let mut chance = Chance::seeded("own eyes");
    let (letters, zone) = (letters(), zone());
    let mut worst = Worst::default();
    let begun = Instant::now();
    for at in 0..count {
        let mut message = chance.one(&letters).clone();
        let whole = chance.percent(20);
        if !whole {
            damage(&mut message, &mut chance);
        }
        let before = Instant::now();
        let (report, rounds, answers) = look(&message, &zone, &mut chance);
        let took = before.elapsed();
        if took > worst.time {
            (worst.time, worst.at) = (took, at);
        }
        worst.rounds = worst.rounds.max(rounds);
        worst.questions = worst.questions.max(answers);
        worst.proven += u64::from(!report.found.proven.is_empty());
        worst.asked = worst.asked.max(report.refusals.len());
        assert!(report.dkim.signatures.len() <= 16, "{report:?}");
    }
    println!("{count} in {:?}: {worst:?}", begun.elapsed());
    assert!(worst.proven > count / 200, "good letters are seldom proven: {worst:?}");
    assert!(worst.rounds <= ROUNDS && worst.questions <= QUESTIONS, "{worst:?}");
    assert!(worst.time < SLOWEST, "{worst:?}");
}

/// Looks as `deliver` does, with answers that are true, mutated or wild; what came of it, in how many rounds, and how many
/// questions.
fn look(message: &[u8], zone: &Answers, chance: &mut Chance) -> (Report, usize, usize) {
    let head = Head::read(message);
    let signatures = Signatures::read(&head);
    let mut hasher = BodyHasher::new(&signatures);
    let body = message.get(head.body..).unwrap_or_default();
    let cut = chance.below(body.len() + 1);
    hasher.update(&body[..cut]);
    hasher.update(&body[cut..]);
    let body = hasher.finish();
    let domains =
        ["example.net", "child.example.net", "a.b.c.d.e.f.g.h.example.net", "co.uk", "[192.0.2.1]", "xn--a.example"];
    let domain = |chance: &mut Chance| Domain::parse(chance.one::<&str>(&domains)).ok();
    let author = if chance.percent(70) { Domain::parse("example.net").ok() } else { domain(chance) };
    let list: Vec<Domain> = (0..chance.below(3)).filter_map(|_| domain(chance)).collect();
    let read = client(&head, 1 + chance.below(2), &|_| true).ok();
    let made = Client { ip: [192, 0, 2, 7].into(), helo: Some("out.example.net".to_owned()) };
    let client = if chance.percent(50) { read } else { Some(made) };
    let times = [SIGNED, SIGNED + 86_400, SIGNED + 8 * 86_400, 0, i64::MAX, i64::MIN];
    let time = |chance: &mut Chance| if chance.percent(70) { SIGNED } else { *chance.one(&times) };
    let local = *chance.one(&["bob", "", "a b", "\u{e4}", "b%{l}"]);
    let letter = Looked {
        head: &head,
        signatures: &signatures,
        body: &body,
        author: author.as_ref(),
        list: &list,
        sender: chance.percent(90).then_some((local, "example.net")),
        client: client.as_ref(),
        named_in: (chance.percent(80), chance.percent(20)),
        date: chance.percent(90).then(|| time(chance)),
        arrival: time(chance),
        scope: Scope { everything: chance.percent(30), spf: chance.percent(50), takes_mail: chance.percent(70) },
    };
    let tells_truth = chance.percent(50);
    settle(&letter, zone, tells_truth, chance)
}

fn settle(letter: &Looked<'_>, zone: &Answers, tells_truth: bool, chance: &mut Chance) -> (Report, usize, usize) {
    let mut answers = Answers::default();
    let (mut rounds, mut asked) = (0, 0);
    loop {
        match evaluate(letter, &answers) {
            Step::Done(report) => return (report, rounds, asked),
            Step::Ask(questions) => {
                rounds += 1;
                assert!(!questions.is_empty() && rounds <= 200, "it asks for ever: {questions:?}");
                for question in questions {
                    assert!(answers.get(&question).is_none(), "{question} was answered");
                    // As the resolver does it: beyond its limit nothing is settled.
                    let leave = asked < QUESTIONS;
                    asked += usize::from(leave);
                    let answer = if leave { answer(&question, zone, tells_truth, chance) } else { Answer::Unsettled };
                    answers.put(question, answer);
                }
            }
        }
    }
}

/// What the DNS says.
fn answer(question: &Question, zone: &Answers, tells_truth: bool, chance: &mut Chance) -> Answer {
    if let Some(known) = zone.get(question).filter(|_| tells_truth || chance.percent(40)) {
        let mut known = known.clone();
        if let Answer::Records(records) = &mut known {
            for record in records.iter_mut() {
                if let Record::Txt(text) = record
                    && !tells_truth
                    && chance.percent(50)
                {
                    damage(text, chance);
                }
            }
        }
        return known;
    }
    match chance.below(10) {
        0 => Answer::Unsettled,
        1..=3 => Answer::NoName,
        4 => Answer::Records(Vec::new()),
        5 => Answer::Records(vec![Record::Ptr(None), Record::Txt(vec![0xff; chance.below(70_000)])]),
        _ => Answer::Records(
            (0..if chance.percent(60) { 1 } else { chance.below(40) }).map(|_| record(question, chance)).collect(),
        ),
    }
}

/// A record of the type that was asked for.
fn record(question: &Question, chance: &mut Chance) -> Record {
    const TEXTS: [&str; 10] = [
        "v=DMARC1; p=reject",
        "v=DMARC1; p=none; psd=y; adkim=s",
        "v=DMARC1; psd=n; t=y",
        "v=spf1 mx a ptr include:i%{d} exists:%{l}.%{i}._x.example.net redirect=r.example.net",
        "v=spf1 include:a.example include:b.example include:c.example include:d.example ~all",
        "v=spf1 redirect=%{d}.example",
        "v=DKIM1; k=ed25519; p=AAAA",
        "v=DKIM1; p=",
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        "",
    ];
    let host = |chance: &mut Chance| Name::parse(&format!("h{}.{}", chance.below(300), question.name));
    match question.kind {
        RecordType::A => Record::A([192, 0, 2, chance.number() as u8].into()),
        RecordType::Aaaa => Record::Aaaa(Ipv6Addr::from_bits(u128::from(chance.number()))),
        RecordType::Mx => Record::Mx { preference: chance.number() as u16, host: host(chance) },
        RecordType::Ptr => Record::Ptr(host(chance)),
        RecordType::Txt => Record::Txt(chance.one(&TEXTS).as_bytes().to_vec()),
    }
}

/// What is mutated: signed by the author, its parent and its child, once, often and not at all.
fn letters() -> Vec<Vec<u8>> {
    let plain = Letter::from("bob@example.net").unproven().field("Date", "Sat, 28 Nov 2026 09:00:00 +0000");
    let signer = |domain: &str| Signer::of(domain, SIGNED);
    let good = signer("example.net").sign(&plain.bytes());
    let child = signer("child.example.net").sign(&plain.bytes());
    let many = (0..20).fold(good.clone(), |message, at| signer(&format!("s{}.example.net", at % 10)).sign(&message));
    let limited = Signer { more: "l=40; x=1795900000; ".to_owned(), ..signer("example.net") }.sign(&plain.bytes());
    let rsa = Signer { rsa: Some(2048), ..signer("example.net") }.sign(&plain.bytes());
    let list = plain.clone().also("List-Id", "<talk.child.example.net>").also("Cc", "alice@example.org");
    vec![good.clone(), good, child, many, limited, rsa, plain.bytes(), signer("child.example.net").sign(&list.bytes())]
}

fn zone() -> Answers {
    let mut answers = Answers::default();
    let mut put = |name: &str, kind, record| {
        let name = Name::parse(name).unwrap();
        answers.put(Question { name, kind }, Answer::Records(vec![record]));
    };
    let text = |text: &str| Record::Txt(text.as_bytes().to_vec());
    let key = Signer::of("example.net", 0).key();
    let key = key.split_once(" TXT ").unwrap().1.trim_end();
    for domain in ["example.net", "child.example.net", "s1.example.net", "s5.example.net"] {
        put(&format!("s._domainkey.{domain}"), RecordType::Txt, text(key));
    }
    put("_dmarc.example.net", RecordType::Txt, text("v=DMARC1; p=quarantine; sp=reject"));
    put("example.net", RecordType::Txt, text("v=spf1 mx include:i.example.net -all"));
    put("example.net", RecordType::Mx, Record::Mx { preference: 10, host: Name::parse("mx.example.net") });
    put("mx.example.net", RecordType::A, Record::A([192, 0, 2, 7].into()));
    answers
}
