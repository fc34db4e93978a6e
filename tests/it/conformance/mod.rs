//! Messages, senders and zones that others made, with what must come of them: `../shared/conformance` beside the checkout, or
//! wherever `COUNTERSIGN_CONFORMANCE` points.
//!
//! Promises: nothing of it is in this repository; where the folder is not there each test says so on standard error, past
//! whatever keeps back what a test prints. Where the variable is set, it must be there.

mod dkim;
mod dmarc;
mod spf;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use countersign::origin::question::{Answer, Answers, Name, Question, Record, RecordType, Step};
use serde_json::Value;

/// The variable that names the folder.
const FOLDER: &str = "COUNTERSIGN_CONFORMANCE";
/// Most aliases that are followed.
const ALIAS_LIMIT: usize = 9;
/// Most rounds of questions of one message: far more than any method needs.
const ROUND_LIMIT: usize = 300;

/// The folder of that name in it, or none, said aloud.
pub fn folder(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(FOLDER).map(PathBuf::from);
    let must_be_there = named.is_some();
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let folder = named.unwrap_or_else(beside).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(!must_be_there, "{FOLDER} is set, and {} is no folder", folder.display());
    let said = writeln!(std::io::stderr(), "LEFT OUT: conformance of {name}: {} is not there", folder.display());
    said.unwrap();
    None
}

/// A DNS of its own: names with their records, as `dnsd.py` of the folder serves them.
pub struct Zone(BTreeMap<String, Vec<Entry>>);

/// One record of a name.
enum Entry {
    /// No answer, for this type or for all.
    Timeout(Option<String>),
    /// A type and its value.
    Record(String, Value),
}

impl Zone {
    /// Reads a file of one zone.
    pub fn read(path: &Path) -> Zone {
        Zone::of(&serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
    }

    /// Name → list of `[type, value]` or `"TIMEOUT"`.
    pub fn of(zone: &Value) -> Zone {
        let entry = |entry: &Value| match entry {
            Value::String(word) if word == "TIMEOUT" => Entry::Timeout(None),
            Value::Array(pair) if pair.len() == 2 && pair[1] == "TIMEOUT" => {
                Entry::Timeout(Some(pair[0].as_str().unwrap().to_owned()))
            }
            Value::Array(pair) if pair.len() == 2 => {
                Entry::Record(pair[0].as_str().unwrap().to_owned(), pair[1].clone())
            }
            _ => panic!("{entry} is no record"),
        };
        let name = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let names = zone.as_object().unwrap().iter();
        Zone(names.map(|(at, list)| (name(at), list.as_array().unwrap().iter().map(entry).collect())).collect())
    }

    /// What it answers.
    pub fn answer(&self, question: &Question) -> Answer {
        let mut name = question.name.as_str().to_owned();
        let kind = question.kind.name();
        for _ in 0..ALIAS_LIMIT {
            let Some(entries) = self.0.get(&name) else {
                let below = format!(".{name}");
                let exists = self.0.keys().any(|known| known.ends_with(&below));
                return if exists { Answer::Records(Vec::new()) } else { Answer::NoName };
            };
            let mut found = Vec::new();
            let mut alias = None;
            for entry in entries {
                match entry {
                    Entry::Timeout(of) if found.is_empty() && of.as_ref().is_none_or(|of| of == kind) => {
                        return Answer::Unsettled;
                    }
                    Entry::Timeout(None) => break,
                    Entry::Timeout(_) => {}
                    Entry::Record(of, value) if of == kind => found.push(record(question.kind, value)),
                    Entry::Record(of, value) if of == "CNAME" => alias = value.as_str(),
                    Entry::Record(..) => {}
                }
            }
            match alias {
                Some(alias) if found.is_empty() => name = alias.trim_end_matches('.').to_ascii_lowercase(),
                _ => return Answer::Records(found),
            }
        }
        Answer::Unsettled
    }

    /// Answers until there is a result; with the questions that were asked.
    pub fn settle<T>(&self, mut evaluate: impl FnMut(&Answers) -> Step<T>) -> (T, Answers) {
        let mut answers = Answers::default();
        for _ in 0..ROUND_LIMIT {
            match evaluate(&answers) {
                Step::Done(result) => return (result, answers),
                Step::Ask(questions) => {
                    assert!(!questions.is_empty(), "it asks for nothing and has no result");
                    for question in questions {
                        assert_eq!(answers.get(&question), None, "{question} is asked for again");
                        let answer = self.answer(&question);
                        answers.put(question, answer);
                    }
                }
            }
        }
        panic!("no result after {ROUND_LIMIT} rounds")
    }
}

fn record(kind: RecordType, value: &Value) -> Record {
    let text = || value.as_str().unwrap();
    match kind {
        RecordType::A => Record::A(text().parse().unwrap()),
        RecordType::Aaaa => Record::Aaaa(text().parse().unwrap()),
        RecordType::Ptr => Record::Ptr(Name::parse(text())),
        RecordType::Mx => {
            let preference = u16::try_from(value[0].as_u64().unwrap()).unwrap();
            Record::Mx { preference, host: Name::parse(value[1].as_str().unwrap()) }
        }
        RecordType::Txt => match value {
            Value::Array(strings) => {
                Record::Txt(strings.iter().flat_map(|one| one.as_str().unwrap().bytes()).collect())
            }
            _ => Record::Txt(text().as_bytes().to_vec()),
        },
    }
}

#[test]
fn a_zone_answers_as_a_server_does() {
    let zone = Zone::of(&serde_json::json!({
        "A.example.": [["TXT", ["v=", "1"]], ["TXT", "two"], ["A", "192.0.2.1"], ["AAAA", "TIMEOUT"]],
        "b.example": [["CNAME", "a.example"]],
        "loop.example": [["CNAME", "loop.example"]],
        "slow.example": ["TIMEOUT"],
        "x.y.example": [["MX", [10, "a.example"]], ["PTR", ""]],
    }));
    let ask = |kind, name: &str| zone.answer(&Question { name: Name::parse(name).unwrap(), kind });
    let texts = Answer::Records(vec![Record::Txt(b"v=1".to_vec()), Record::Txt(b"two".to_vec())]);
    assert_eq!((ask(RecordType::Txt, "a.example"), ask(RecordType::Txt, "b.example")), (texts.clone(), texts));
    assert_eq!(ask(RecordType::Mx, "a.example"), Answer::Records(vec![]));
    for (kind, name) in
        [(RecordType::Aaaa, "a.example"), (RecordType::A, "loop.example"), (RecordType::A, "slow.example")]
    {
        assert_eq!(ask(kind, name), Answer::Unsettled, "{name}");
    }
    assert_eq!(ask(RecordType::A, "y.example"), Answer::Records(vec![]));
    assert_eq!(ask(RecordType::A, "z.example"), Answer::NoName);
    assert_eq!(ask(RecordType::Ptr, "x.y.example"), Answer::Records(vec![Record::Ptr(None)]));
}
