//! DMARC by the project's own table of cases, and by records that are damaged.

use countersign::mail::address::Domain;
use countersign::origin::dmarc::{Judgement, evaluate};
use countersign::origin::question::{Answer, Answers, Finding, Name, Question, Record, RecordType, Step};

use super::chance::Chance;
use super::dns_server::Zone;
use super::fixture;

/// How many damaged records are read; more where this variable says so.
const MUTATIONS: &str = "COUNTERSIGN_MUTATIONS";

#[test]
fn every_case_comes_to_what_is_written() {
    let mut faults = Vec::new();
    let mut count = 0;
    for path in fixture::files("dmarc", "txt") {
        for case in fixture::text(&path).split("\ncase: ").skip(1) {
            count += 1;
            let (name, lines) = case.split_once('\n').unwrap();
            let fields = |field: &str| {
                let of_field = lines.lines().filter_map(move |line| line.strip_prefix(field)?.strip_prefix(": "));
                of_field.map(str::to_owned).collect::<Vec<_>>()
            };
            let domains = |field| {
                fields(field)
                    .iter()
                    .flat_map(|line| line.split(' ').map(domain).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            };
            let zone = Zone::text(&fields("zone").join("\n"));
            let author = domains("from").remove(0);
            let got = Course::run(&author, &domains("dkim"), domains("spf").first(), &zone);
            let wants = fields("want").remove(0);
            // What a case says nothing of is not compared but for the judgement itself, of which nothing is left out.
            let mut shown = got.shown();
            for (word, number) in [(" asked=", got.asked), (" rounds=", got.rounds)] {
                if wants.contains(word) {
                    shown += &format!("{word}{number}");
                }
            }
            if shown != wants {
                faults.push(format!("{name}: {shown}\n    and wanted: {wants}"));
            }
        }
    }
    assert!(count >= 30, "only {count} cases were found");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn damaged_records_are_judged_without_harm() {
    let count: usize = std::env::var(MUTATIONS).map_or(20_000, |text| text.parse().unwrap());
    let records = [
        "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=r; psd=n; t=y; rua=mailto:a@b.example",
        "v=DMARC1; p=none; psd=y",
        "V = DMARC1 ;p=quarantine;adkim=r",
        "v=DMARC1; sp=none; rua=mailto:x@y.example,https://z.example/",
    ];
    let structure = b";=vpsn DMARC1\t\0\xff\x80,:";
    let mut chance = Chance::seeded("dmarc");
    let domains = [
        "a.b.c.d.e.f.g.h.i.example.org",
        "mail.example.org",
        "example.org",
        "x.mail.example.org",
        "org",
        "[192.0.2.1]",
    ];
    let domains = domains.map(domain);
    let mut seen = [0; 4];
    for _ in 0..count {
        let mut author = chance.one(&domains).clone();
        if chance.percent(50) {
            author = domain("mail.example.org");
        }
        let mut answers = Answers::default();
        let dkim = [chance.one(&domains).clone(), chance.one(&domains).clone()];
        let mut rounds = 0;
        let judgement = loop {
            match evaluate(&author, &dkim, Some(&dkim[1]), &answers) {
                Step::Done(judgement) => break judgement,
                Step::Ask(questions) => {
                    check_questions(&questions, &answers);
                    for question in questions {
                        let answer = damaged(&mut chance, &records, structure);
                        answers.put(question, answer);
                    }
                }
            }
            rounds += 1;
            assert!(rounds <= 2 && answers.len() <= 8 * 3 + 3, "{rounds} rounds, {} questions", answers.len());
        };
        assert_eq!(judgement.finding == Finding::Pass, judgement.aligned.is_some(), "{judgement:?}");
        assert!(judgement.policy.is_none() || judgement.record_of.is_some(), "{judgement:?}");
        match judgement.finding {
            Finding::Pass => seen[0] += 1,
            Finding::Fail => seen[1] += 1,
            Finding::None => seen[2] += 1,
            Finding::TempError => seen[3] += 1,
            Finding::PermError => panic!("{judgement:?}"),
        }
    }
    assert!(count < 1000 || seen.iter().all(|one| one * 100 > count), "each finding comes about: {seen:?}");
}

/// An answer to a question of a walk: a record, mostly damaged, or none.
fn damaged(chance: &mut Chance, records: &[&str], structure: &[u8]) -> Answer {
    if chance.percent(30) {
        return Answer::NoName;
    }
    if chance.percent(4) {
        return Answer::Unsettled;
    }
    let copies = if chance.percent(10) { 2 } else { 1 };
    let one = |_| {
        let mut text = chance.one(records).as_bytes().to_vec();
        for _ in 0..chance.below(4) {
            let at = chance.below(text.len());
            match chance.below(4) {
                0 => text[at] = *chance.one(structure),
                1 => text.insert(at, *chance.one(structure)),
                2 => text.truncate(at.max(1)),
                _ => text.extend_from_within(at..),
            }
        }
        Record::Txt(text)
    };
    Answer::Records((0..copies).map(one).collect())
}

/// What was asked until there was a judgement.
pub struct Course {
    pub judgement: Judgement,
    pub asked: usize,
    pub rounds: usize,
}

impl Course {
    /// Asks the zone until it is judged.
    pub fn run(author: &Domain, dkim: &[Domain], spf: Option<&Domain>, zone: &Zone) -> Course {
        let mut answers = Answers::default();
        for rounds in 0..5 {
            match evaluate(author, dkim, spf, &answers) {
                Step::Done(judgement) => return Course { judgement, asked: answers.len(), rounds },
                Step::Ask(questions) => {
                    check_questions(&questions, &answers);
                    for question in questions {
                        let answer = answer(zone, &question);
                        answers.put(question, answer);
                    }
                }
            }
        }
        panic!("{author}: it never ends");
    }

    fn shown(&self) -> String {
        let Judgement { finding, record_of, policy, aligned } = &self.judgement;
        let mut shown = finding.name().to_owned();
        let policy = policy.map(|policy| policy.name().to_owned());
        for (word, value) in [
            ("of", record_of.as_ref().map(ToString::to_string)),
            ("policy", policy),
            ("aligned", aligned.as_ref().map(ToString::to_string)),
        ] {
            shown += &value.map_or(String::new(), |value| format!(" {word}={value}"));
        }
        shown
    }
}

/// They are new, and each is asked once.
fn check_questions(questions: &[Question], answers: &Answers) {
    assert!(!questions.is_empty(), "it asks nothing");
    for (at, question) in questions.iter().enumerate() {
        assert!(answers.get(question).is_none() && !questions[..at].contains(question), "{question} is asked twice");
    }
}

/// What a zone says of texts, and whether a name has anything else.
fn answer(zone: &Zone, question: &Question) -> Answer {
    let name = question.name.as_str();
    if zone.is_silent(name) {
        return Answer::Unsettled;
    }
    if !zone.has(name) {
        return Answer::NoName;
    }
    let values = zone.records(name, question.kind.name()).into_iter();
    Answer::Records(match question.kind {
        RecordType::Txt => values.map(|value| Record::Txt(value.as_str().unwrap().as_bytes().to_vec())).collect(),
        RecordType::Mx => {
            values.map(|value| Record::Mx { preference: 0, host: Name::parse(value[1].as_str().unwrap()) }).collect()
        }
        RecordType::A => values.map(|value| Record::A(value.as_str().unwrap().parse().unwrap())).collect(),
        RecordType::Aaaa | RecordType::Ptr => Vec::new(),
    })
}

pub fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
