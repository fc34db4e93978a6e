//! A made-up DNS: what every name answers, and how often it is asked.
//!
//! Promises: a name of which nothing is said does not exist; aliases are followed as a resolver does it; what is asked twice or
//! for nothing fails the test.

use std::collections::BTreeMap;

use countersign::origin::question::{Answer, Answers, Name, Question, Record, RecordType, Step};

/// Most rounds of any evaluation.
const ROUND_LIMIT: usize = 64;

/// The names with what is said of them.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    names: BTreeMap<Name, Host>,
}

#[derive(Clone, Debug, Default)]
struct Host {
    records: BTreeMap<RecordType, Vec<Record>>,
    /// These types get no answer.
    unsettled: Vec<RecordType>,
    /// What has no record here gets no answer.
    silent: bool,
    alias: Option<Option<Name>>,
}

/// What an evaluation came to, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    pub result: T,
    pub rounds: usize,
    pub questions: usize,
}

impl Zone {
    /// The name exists, even if nothing else is said of it.
    pub fn name(&mut self, name: &str) -> Name {
        let name = Name::with_blanks(name).unwrap_or_else(|| panic!("{name:?} cannot be asked for"));
        self.names.entry(name.clone()).or_default();
        name
    }

    pub fn record(&mut self, name: &str, record: Record) {
        let kind = match record {
            Record::A(_) => RecordType::A,
            Record::Aaaa(_) => RecordType::Aaaa,
            Record::Mx { .. } => RecordType::Mx,
            Record::Ptr(_) => RecordType::Ptr,
            Record::Txt(_) => RecordType::Txt,
        };
        self.host(name).records.entry(kind).or_default().push(record);
    }

    /// The name stands for another; for the root where that one is none.
    pub fn alias(&mut self, name: &str, of: &str) {
        self.host(name).alias = Some(Name::with_blanks(of));
    }

    pub fn unsettled(&mut self, name: &str, kind: RecordType) {
        self.host(name).unsettled.push(kind);
    }

    /// Every type without a record gets no answer.
    pub fn silent(&mut self, name: &str) {
        self.host(name).silent = true;
    }

    /// What a resolver gives back.
    pub fn answer(&self, question: &Question) -> Answer {
        let mut name = question.name.clone();
        for _ in 0..8 {
            let Some(host) = self.names.get(&name) else { return Answer::NoName };
            if host.unsettled.contains(&question.kind) {
                return Answer::Unsettled;
            }
            match (host.records.get(&question.kind), &host.alias) {
                (Some(records), _) => return Answer::Records(records.clone()),
                (None, Some(Some(next))) => name = next.clone(),
                (None, None) if host.silent => return Answer::Unsettled,
                (None, None | Some(None)) => return Answer::Records(Vec::new()),
            }
        }
        Answer::Unsettled
    }

    /// Asks until it is done.
    #[track_caller]
    pub fn settle<T>(&self, evaluate: impl Fn(&Answers) -> Step<T>) -> Outcome<T> {
        settle(|question| self.answer(question), evaluate)
    }

    fn host(&mut self, name: &str) -> &mut Host {
        let name = self.name(name);
        self.names.entry(name).or_default()
    }
}

/// Asks until it is done, whoever answers.
#[track_caller]
pub fn settle<T>(mut answer: impl FnMut(&Question) -> Answer, evaluate: impl Fn(&Answers) -> Step<T>) -> Outcome<T> {
    let mut answers = Answers::default();
    for rounds in 0..=ROUND_LIMIT {
        let asked = match evaluate(&answers) {
            Step::Done(result) => return Outcome { result, rounds, questions: answers.len() },
            Step::Ask(asked) => asked,
        };
        assert!(!asked.is_empty(), "a round without a question");
        for question in asked {
            assert_eq!(answers.get(&question), None, "{question} is asked twice");
            let answer = answer(&question);
            answers.put(question, answer);
        }
    }
    panic!("not done after {ROUND_LIMIT} rounds and {} questions", answers.len());
}
