//! Signed letters below `fixtures/dkim/`, each with its DNS and what must come of it, and what damage makes of them.
//!
//! `NN-name.msg` is the letter. `.dns` has a record a line: name, type and text, or name and `TIMEOUT`. `.result` says when
//! it arrived, what it comes to, and of each signature its domain, selector, algorithm and finding, then the fields it signs
//! or its refusal. `.readme` says what it shows.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign::mail::head::Head;
use countersign::origin::dkim::{
    BodyHasher, BodyHashes, Checked, DkimRefusal, Signatures, SignedFields, Verification, Wanted, evaluate,
};
use countersign::origin::question::{Answer, Answers, Finding, Name, Question, Record, RecordType, Step};

use super::chance::Chance;
use super::fixture;

/// How many mutated letters are looked at.
const MUTATIONS: &str = "COUNTERSIGN_MUTATIONS";
/// So many if it does not say.
const MUTATIONS_USUAL: u64 = 3_000;
/// More questions than the limit of asked signatures allows.
const QUESTIONS_LIMIT: usize = 8;

/// A letter with its DNS.
struct Letter {
    message: Vec<u8>,
    answers: Answers,
    arrival: i64,
}

#[test]
fn every_letter_comes_to_what_its_result_says() {
    let (mut faults, mut findings) = (Vec::new(), BTreeSet::new());
    for path in fixture::files("dkim", "msg") {
        let (letter, expected) = read(&path);
        assert!(fixture::text(&path.with_extension("readme")).lines().count() == 1, "{}", fixture::name(&path));
        let mut forms = vec![letter.message.clone()];
        // A CR that ends no line cannot be told from one that does once all lines end with CRLF.
        if !letter.message.contains(&b'\r') {
            forms.push(with_crlf(&letter.message));
        }
        for message in forms {
            let found = said(&verify(&message, letter.arrival, &letter.answers));
            if found != expected {
                faults.push(format!("{} must be\n{expected}and is\n{found}", fixture::name(&path)));
            }
        }
        findings.insert(expected.lines().next().unwrap().to_owned());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(findings.len(), 5, "each finding has its letter: {findings:?}");
}

#[test]
fn where_a_body_is_cut_makes_no_difference_to_a_letter() {
    for path in fixture::files("dkim", "msg") {
        let message = read(&path).0.message;
        let head = Head::read(&message);
        let signatures = Signatures::read(&head);
        let whole = hashed(&signatures, [&message[head.body..]]);
        for size in [1, 2, 3, 7] {
            assert!(
                hashed(&signatures, message[head.body..].chunks(size)) == whole,
                "{} by {size}",
                fixture::name(&path)
            );
        }
    }
}

/// Whatever byte of a signed letter is another, in what is signed: it passes no more.
#[test]
fn no_byte_of_what_is_signed_can_be_another() {
    let (letter, _) = read(&fixture::root().join("dkim/05-ed25519-simple-simple.msg"));
    let head = Head::read(&letter.message);
    let unsigned = head.first("Received").unwrap();
    assert_eq!(verify(&letter.message, letter.arrival, &letter.answers).finding(), Finding::Pass);
    // The empty lines at the end of the body are not signed.
    let end = letter.message.trim_ascii_end().len();
    for at in (0..unsigned.start).chain(unsigned.end..end) {
        let mut message = letter.message.clone();
        message[at] ^= 1;
        let found = verify(&message, letter.arrival, &letter.answers);
        let shown = String::from_utf8_lossy(&message[at.saturating_sub(20)..=at]).into_owned();
        assert_ne!(found.finding(), Finding::Pass, "byte {at}, behind {shown:?}");
    }
}

/// Foreign bytes and foreign answers: no panic, bounded questions and time, a result that can be shown, and never a pass with
/// another From than the one that was signed.
#[test]
fn damage_makes_no_harm() {
    let count = std::env::var(MUTATIONS).map_or(MUTATIONS_USUAL, |text| text.parse().expect("a decimal number"));
    let letters: Vec<Letter> = fixture::files("dkim", "msg").iter().map(|path| read(path).0).collect();
    let mut chance = Chance::seeded("mutated signatures");
    let (mut slowest, mut findings) = (Duration::ZERO, BTreeSet::new());
    for _ in 0..count {
        let letter = chance.one(&letters);
        let mut message = letter.message.clone();
        damage(&mut message, &mut chance);
        let answers = damaged(&letter.answers, &mut chance);
        let began = Instant::now();
        let found = verify_with(&message, letter.arrival, |question| answer(&answers, question, &mut chance));
        slowest = slowest.max(began.elapsed());
        let shown = |one: &Checked| one.selector.chars().count() <= 63 && !one.selector.contains(char::is_control);
        assert!(found.signatures.iter().all(shown), "{found:?}");
        assert!(found.signatures.iter().all(|one| one.refusal.is_none() == (one.finding == Finding::Pass)));
        if found.finding() == Finding::Pass {
            // An author that somebody had added may have been damaged away.
            let signed = authors(&letter.message).pop();
            assert_eq!(authors(&message), Vec::from_iter(signed), "{}", String::from_utf8_lossy(&message));
        }
        findings.insert(found.finding().name());
    }
    println!("{count} mutated letters, the slowest {slowest:?}, findings {findings:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(count < 1_000 || findings.len() == 5, "{findings:?}");
}

#[test]
fn a_thousand_fields_and_names_are_bounded() {
    let (letter, _) = read(&fixture::root().join("dkim/04-rsa-relaxed-relaxed.msg"));
    let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let names = vec!["x"; 1000].join(":");
    let field = |at: usize| {
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=garden.example; s=oak; t={at}; \
             h=from:{names}; bh={hash}; b=aGFsbG8=\n"
        )
    };
    let signatures: String = (0..16).map(field).collect();
    let message = signatures + "From: rosa@garden.example\n" + &"x: y\n".repeat(1_900) + "\n";
    let began = Instant::now();
    let found = verify(message.as_bytes(), letter.arrival, &letter.answers);
    let refusals: Vec<_> = found.signatures.iter().map(|one| one.refusal).collect();
    assert_eq!(refusals, [Some(DkimRefusal::SignatureWrong); 8]);
    assert_eq!(found.unasked, 8);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// Reads `NN-name.msg` with what stands beside it; the result without its first line, which says when it arrived.
fn read(path: &Path) -> (Letter, String) {
    let message = std::fs::read(path).unwrap();
    let result = fixture::text(&path.with_extension("result"));
    let (arrival, expected) = result.split_once('\n').unwrap();
    let arrival = arrival.strip_prefix("arrival ").unwrap().parse().unwrap();
    let mut records: Vec<(Question, Option<Vec<u8>>)> = Vec::new();
    for line in fixture::text(&path.with_extension("dns")).lines() {
        let mut words = line.splitn(3, ' ');
        let name = Name::parse(words.next().unwrap()).unwrap();
        let text = match words.next().unwrap() {
            "TIMEOUT" => None,
            "TXT" => Some(words.next().unwrap().as_bytes().to_vec()),
            other => panic!("{}: no record type {other}", fixture::name(path)),
        };
        records.push((Question { name, kind: RecordType::Txt }, text));
    }
    let mut answers = Answers::default();
    for (question, _) in &records {
        let of_it = records.iter().filter(|(other, _)| other == question);
        let texts: Option<Vec<Record>> = of_it.map(|(_, text)| text.clone().map(Record::Txt)).collect();
        answers.put(question.clone(), texts.map_or(Answer::Unsettled, Answer::Records));
    }
    (Letter { message, answers, arrival }, expected.to_owned())
}

fn verify(message: &[u8], arrival: i64, dns: &Answers) -> Verification {
    verify_with(message, arrival, |question| dns.get(question).cloned().unwrap_or(Answer::NoName))
}

fn verify_with(message: &[u8], arrival: i64, mut dns: impl FnMut(&Question) -> Answer) -> Verification {
    let head = Head::read(message);
    let signatures = Signatures::read(&head);
    let body = hashed(&signatures, [&message[head.body..]]);
    let mut answers = Answers::default();
    let look = |answers: &Answers| evaluate(&head, &signatures, &body, arrival, Wanted::All, None, answers);
    match look(&answers) {
        Step::Done(found) => found,
        Step::Ask(questions) => {
            assert!((1..=QUESTIONS_LIMIT).contains(&questions.len()), "{questions:?}");
            for question in questions {
                let answer = dns(&question);
                answers.put(question, answer);
            }
            match look(&answers) {
                Step::Done(found) => found,
                Step::Ask(more) => panic!("it asks once more: {more:?}"),
            }
        }
    }
}

fn hashed<'p>(signatures: &Signatures, pieces: impl IntoIterator<Item = &'p [u8]>) -> BodyHashes {
    let mut hasher = BodyHasher::new(signatures);
    pieces.into_iter().for_each(|piece| hasher.update(piece));
    hasher.finish()
}

/// As `.result` says it.
fn said(found: &Verification) -> String {
    let mut out = format!("dkim {}\n", found.finding().name());
    for one in &found.signatures {
        let domain = one.domain.as_ref().map_or("-", |domain| domain.as_str());
        let selector = if one.selector.is_empty() { "-" } else { &one.selector };
        let algorithm = one.algorithm.map_or("-", |algorithm| algorithm.name());
        let why = one.refusal.map_or_else(|| format!("signs {}", fields(one.signs)), |why| why.name().to_owned());
        out += &format!("{domain} {selector} {algorithm} {} {why}\n", one.finding.name());
    }
    out
}

fn fields(signs: SignedFields) -> String {
    let SignedFields { from, to, cc, subject, date } = signs;
    let all = [(from, "from"), (to, "to"), (cc, "cc"), (subject, "subject"), (date, "date")];
    all.into_iter().filter_map(|(signed, name)| signed.then_some(name)).collect::<Vec<_>>().join(",")
}

/// What the From fields say, whatever their blanks.
fn authors(message: &[u8]) -> Vec<Vec<u8>> {
    let head = Head::read(message);
    let value =
        |raw: &[u8]| raw.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&b' ');
    head.all("From").map(|field| value(field.raw)).collect()
}

fn with_crlf(message: &[u8]) -> Vec<u8> {
    message.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
}

/// Some bytes changed, taken out, doubled or put in; most of it near what is read as a signature.
pub fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    const PIECES: [&[u8]; 22] = [
        b";",
        b"=",
        b":",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b"\xff",
        b"@",
        b".",
        b"; l=3",
        b"; t=9999999999",
        b"; x=1",
        b"v=1;",
        b"DKIM-Signature:",
        b"From: e@x\n",
        b"; i=@x",
        b"; q=x",
        b"; c=/",
        b"\xc3\xa4",
    ];
    for _ in 0..=chance.below(4) {
        if bytes.is_empty() {
            return;
        }
        let within = if chance.percent(70) { bytes.len().min(900) } else { bytes.len() };
        let at = chance.below(within);
        let end = (at + 1 + chance.below(40)).min(bytes.len());
        match chance.below(6) {
            0 => bytes[at] = chance.number() as u8,
            1 => bytes[at] ^= 1 << chance.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => drop(bytes.splice(at..at, chance.one(&PIECES).iter().copied())),
            _ => bytes.truncate(if chance.percent(10) { at } else { bytes.len() }),
        }
    }
}

fn damaged(answers: &Answers, chance: &mut Chance) -> Answers {
    let mut out = Answers::default();
    for (question, answer) in answers.iter() {
        let mut answer = answer.clone();
        if let Answer::Records(records) = &mut answer
            && chance.percent(50)
        {
            for record in records.iter_mut() {
                if let Record::Txt(text) = record {
                    damage(text, chance);
                }
            }
            if chance.percent(10) {
                let many = chance.below(1_000);
                records.extend(std::iter::repeat_n(Record::Txt(b"garbage".to_vec()), many));
            }
            if chance.percent(5) {
                records.insert(0, Record::Txt(vec![b'x'; chance.below(70_000)]));
            }
        }
        out.put(question.clone(), answer);
    }
    out
}

/// What the DNS says of a name that is in no fixture: mostly nothing.
fn answer(answers: &Answers, question: &Question, chance: &mut Chance) -> Answer {
    if let Some(known) = answers.get(question) {
        return known.clone();
    }
    match chance.below(8) {
        0 => Answer::Unsettled,
        1 => Answer::Records(vec![Record::Ptr(None), Record::Txt(Vec::new())]),
        2 => answers.iter().next().map_or(Answer::NoName, |(_, answer)| answer.clone()),
        _ => Answer::NoName,
    }
}
