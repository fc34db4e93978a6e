//! Every reason in a few words, in the groups in which a person looks for one: what `help reasons` prints.
//!
//! Promises: a reason without a group does not compile, so none is missing; each name stands there once. Never touches: how
//! wide a screen is.

use super::gate::{CapRefusal, GateRefusal};
use super::reason::Reason;
use crate::mail::executable::Executable;

/// What becomes of a message for such a reason, in the order in which people meet them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// It passes.
    Passes,
    /// Its sender is asked.
    Asked,
    /// A stranger's mail, and a question is not possible, not now or not wanted.
    NotAsked,
    /// It is about a challenge that went out.
    AboutChallenge,
    /// It may not be from whom it claims to be.
    Doubtful,
    /// The user, or what the user configured, said so.
    AsYouSaid,
    /// Something is wrong with it.
    Damaged,
    /// A computer may run what it carries.
    Executable,
    /// A program wrote it, or many got it.
    NotAPerson,
    /// Something must be mended.
    Installation,
}

/// One line of the glossary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gloss {
    /// Where it stands.
    pub group: Group,
    /// The reason's name.
    pub name: &'static str,
    /// What it means, in one clause.
    pub clause: String,
}

impl Group {
    /// Every group, in order.
    pub const ALL: [Group; 10] = [
        Group::Passes,
        Group::Asked,
        Group::NotAsked,
        Group::AboutChallenge,
        Group::Doubtful,
        Group::AsYouSaid,
        Group::Damaged,
        Group::Executable,
        Group::NotAPerson,
        Group::Installation,
    ];

    /// In kebab case, for a program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Group::AboutChallenge => "about-challenge",
            Group::AsYouSaid => "as-you-said",
            Group::Asked => "asked",
            Group::Damaged => "damaged",
            Group::Doubtful => "doubtful",
            Group::Executable => "executable",
            Group::Installation => "installation",
            Group::NotAPerson => "not-a-person",
            Group::NotAsked => "not-asked",
            Group::Passes => "passes",
        }
    }

    /// What stands above it.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Group::AboutChallenge => "Held: it is about a challenge of yours",
            Group::AsYouSaid => "Held, or thrown away where you configured that: you said so",
            Group::Asked => "Held, and its sender is asked once",
            Group::Damaged => "Held: something is wrong with the message",
            Group::Doubtful => "Held: it may not be from whom it claims to be from",
            Group::Executable => "Held: a computer may run what it carries",
            Group::Installation => "Held: something must be mended here",
            Group::NotAPerson => "Held, and nobody is asked: a program wrote it, or many got it",
            Group::NotAsked => "Held: a stranger wrote it, and nobody is asked",
            Group::Passes => "Passes into your inbox",
        }
    }
}

impl Reason {
    /// Every name once, by groups; those of signs in the order in which signs count, all others by the alphabet.
    #[must_use]
    pub fn glossary() -> Vec<Gloss> {
        let mut found: Vec<Gloss> = Vec::new();
        for reason in Reason::all() {
            if found.iter().all(|gloss| gloss.name != reason.name()) {
                found.push(Gloss { group: reason.group(), name: reason.name(), clause: reason.clause() });
            }
        }
        let by_name = |gloss: &Gloss| if gloss.group == Group::NotAPerson { "" } else { gloss.name };
        found.sort_by_key(|gloss| (gloss.group, by_name(gloss)));
        found
    }

    /// What becomes of a message for it.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            Reason::AllowedDomain
            | Reason::AllowedList
            | Reason::AllowedSender
            | Reason::AnswerWithText
            | Reason::DeniedAuthorship
            | Reason::ModeOff
            | Reason::OwnAddress
            | Reason::OwnMail(_)
            | Reason::OwnMark
            | Reason::OwnSubmission
            | Reason::ProvenLater
            | Reason::Reply
            | Reason::ScoreLow
            | Reason::ScoreModerate => Group::Passes,
            Reason::Challenge => Group::Asked,
            Reason::Capped(_) | Reason::Gate(_) | Reason::LookLater | Reason::OptedOut => Group::NotAsked,
            Reason::Answer
            | Reason::AnsweredAtOnce
            | Reason::ChallengeBounce
            | Reason::Disowned
            | Reason::LoopOwnChallenge
            | Reason::NotMeAnswer
            | Reason::NotThem
            | Reason::SpentToken
            | Reason::WrongWord => Group::AboutChallenge,
            Reason::DisplayNameAddress
            | Reason::DmarcFail
            | Reason::KnownForged
            | Reason::KnownSentElsewhere
            | Reason::OwnAddressUnproven
            | Reason::PinMissing => Group::Doubtful,
            Reason::DeniedDomain
            | Reason::DeniedList
            | Reason::DeniedSender
            | Reason::ScoreDiscard
            | Reason::ScoreHigh
            | Reason::SentCopy => Group::AsYouSaid,
            Reason::EmptyProbe
            | Reason::ForeignBounce
            | Reason::LoopReceived
            | Reason::Malformed(_)
            | Reason::NotAddressed
            | Reason::UnclearSender(_)
            | Reason::Unreadable => Group::Damaged,
            Reason::Executable(_) => Group::Executable,
            Reason::Automatic(_) => Group::NotAPerson,
            Reason::StoreUnavailable => Group::Installation,
        }
    }

    /// The sentence, without what the heading says, and short where that is too long for a line.
    fn clause(self) -> String {
        let short = match self {
            Reason::AnsweredAtOnce => "it answers a challenge sooner than anybody reads",
            Reason::Automatic(sign) => sign.clause(),
            Reason::Capped(CapRefusal::UndeliverableSurge) => "too many of the last challenges came back undelivered",
            Reason::Capped(refusal) => refusal.sentence(),
            Reason::DeniedAuthorship => "an answer that says more than \"I did not write that\"",
            Reason::Disowned => "whom it claims to be from says: I did not write that",
            Reason::DmarcFail => "the sender's domain disowns it (dmarc=fail)",
            Reason::EmptyProbe => "it says next to nothing and lacks what a letter has",
            Reason::Executable(Executable::Program) => "what begins like a program",
            Reason::Executable(Executable::ProgramName) => "a file that is named like a program",
            Reason::Executable(Executable::Script) => "what begins like a script",
            Reason::Executable(Executable::ScriptName) => "a file that is named like a script",
            Reason::Executable(kind) => kind.sentence(),
            Reason::Gate(GateRefusal::EnvelopeDiffers) => "it was sent from another address than its From says",
            Reason::Gate(GateRefusal::NothingTrusted) => "nothing here can prove who wrote it (countersign doctor)",
            Reason::Gate(refusal) => refusal.sentence(),
            Reason::KnownForged => "a name you know, which its domain disowns (dmarc=fail)",
            Reason::KnownSentElsewhere => "it bears a name you know, and was sent from elsewhere",
            Reason::LookLater => "it could not be looked at yet, and will be",
            Reason::LoopReceived => "it went through more than 100 mail systems, as in a loop",
            Reason::Malformed(_) => "its header block is damaged",
            Reason::PinMissing => "it lacks the proof that mail in this name always had",
            Reason::ScoreDiscard => "its spam score is above discard_above",
            Reason::ScoreLow => "its spam score is low, and its domain is proven",
            Reason::ScoreModerate => "its spam score is too low for a question",
            Reason::SentCopy => "a copy of your own mail, sent to learn whom you write to",
            Reason::StoreUnavailable => "the store could not be read (countersign doctor says more)",
            Reason::UnclearSender(_) => "its From field names no single sender",
            Reason::WrongWord => "it answers a challenge without the word asked for",
            other => return other.sentence(),
        };
        short.to_owned()
    }
}

/// The names that somebody may have meant who typed a word that is none, the nearest first: those that hold it or that it
/// holds, that begin as one of its words does, or that differ in a few letters. Where there is none, those whose meaning has the word.
#[must_use]
pub fn near(typed: &str) -> Vec<&'static str> {
    let typed: String = typed.trim().to_lowercase().replace(['_', ' '], "-");
    let length = typed.chars().count();
    if !(NEAR_LEAST..=NEAR_MOST).contains(&length) {
        return Vec::new();
    }
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    for Gloss { name, .. } in Reason::glossary() {
        let distance = distance(&typed, name);
        let holds = name.contains(&typed) || typed.contains(name) || shares_a_word(&typed, name);
        if holds || distance <= length.min(name.len()) / 3 {
            found.push((distance, name));
        }
    }
    if found.is_empty() {
        return meaning(&typed);
    }
    found.sort_unstable();
    // One that is a slip of the finger away is meant; those that only share a word are not.
    let slips = found.iter().filter(|(distance, _)| *distance <= SLIP).count();
    if slips > 0 {
        found.truncate(slips);
    }
    found.into_iter().map(|(_, name)| name).collect()
}

/// Fewer letters are in nearly every name, and more in none.
const NEAR_LEAST: usize = 3;
const NEAR_MOST: usize = 60;
/// So many letters wrong are a slip.
const SLIP: usize = 2;
/// A word that two names may share has as many letters as tell something.
const WORD_LEAST: usize = 4;
/// A word that stands in the meaning of more reasons, as "sender" and "the", says nothing.
const MEANING_MOST: usize = 16;

/// The names whose group or clause has a word that begins so: people say "spam" and "executable", which no name does.
fn meaning(typed: &str) -> Vec<&'static str> {
    let begins = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(typed));
    let of = |gloss: &Gloss| begins(gloss.group.name()) || begins(&gloss.clause.to_lowercase());
    let names: Vec<&str> = Reason::glossary().iter().filter(|gloss| of(gloss)).map(|gloss| gloss.name).collect();
    if names.len() > MEANING_MOST { Vec::new() } else { names }
}

/// Whether one of the words of each is the beginning of one of the other's.
fn shares_a_word(typed: &str, name: &str) -> bool {
    let long = |word: &&str| word.len() >= WORD_LEAST;
    let pairs =
        typed.split('-').filter(long).flat_map(|own| name.split('-').filter(long).map(move |other| (own, other)));
    pairs.into_iter().any(|(own, other)| own.starts_with(other) || other.starts_with(own))
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let (mut corner, mut left) = (at, at + 1);
        for (cell, wanted) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            left = (corner + usize::from(letter != *wanted)).min(above + 1).min(left + 1);
            (corner, *cell) = (above, left);
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_there_once_and_no_group_is_empty() {
        let glossary = Reason::glossary();
        for reason in Reason::all() {
            let found: Vec<&Gloss> = glossary.iter().filter(|gloss| gloss.name == reason.name()).collect();
            assert_eq!(found.len(), 1, "{reason}");
            assert_eq!(found[0].group, reason.group(), "all reasons of one name are in one group: {reason}");
        }
        assert!(glossary.is_sorted_by_key(|gloss| gloss.group));
        for group in Group::ALL {
            assert!(glossary.iter().any(|gloss| gloss.group == group), "{group:?}");
        }
        let last = Group::ALL.last().copied();
        assert!(Group::ALL.is_sorted() && last == Some(Group::Installation), "all groups are in the list");
    }

    #[test]
    fn each_clause_is_one_short_line_that_says_more_than_the_name() {
        for Gloss { name, clause, .. } in Reason::glossary() {
            assert!(clause.len() > 8 && !clause.contains('\n') && !clause.ends_with('.'), "{name}: {clause}");
            assert!(!clause.contains(&format!("({name})")), "{name}: {clause}");
        }
    }

    #[test]
    fn no_two_reasons_of_a_group_say_the_same() {
        let glossary = Reason::glossary();
        for (at, gloss) in glossary.iter().enumerate() {
            let same = glossary[..at].iter().find(|other| other.group == gloss.group && other.clause == gloss.clause);
            assert!(same.is_none(), "{gloss:?} {same:?}");
        }
    }

    #[test]
    fn a_distance_is_that_of_letters() {
        for (one, other, wanted) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("reply", "reply", 0),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(one, other), wanted, "{one} {other}");
        }
    }

    #[test]
    fn what_is_near_a_wrong_word_is_found() {
        for (typed, wanted) in [
            ("not-provn", &["not-proven"][..]),
            ("Not_Proven", &["not-proven"]),
            ("unproven", &["own-address-unproven"]),
            ("challange", &["challenge"]),
            ("list", &["list-text", "list-field", "denied-list", "allowed-list"]),
            ("newsletter", &[]),
            ("denied", &["denied-list", "denied-domain", "denied-sender", "denied-authorship"]),
            ("executable", &["program", "script", "program-name"]),
            ("exe", &["program"]),
            ("Spam", &["score-high", "score-discard"]),
            ("that", &[]),
            ("spam-score-high", &["score-high"]),
            ("x", &[]),
            ("", &[]),
            ("-", &[]),
        ] {
            let found = near(typed);
            let missing: Vec<&&str> = wanted.iter().filter(|name| !found.contains(name)).collect();
            assert!(missing.is_empty(), "{typed}: {found:?} lacks {missing:?}");
            assert_eq!(found.is_empty(), wanted.is_empty(), "{typed}: {found:?}");
        }
        assert_eq!(near("not-provn"), ["not-proven"]);
        assert_eq!(near("challange")[0], "challenge");
        assert!(near(&"a".repeat(10_000)).is_empty());
    }

    #[test]
    fn each_name_is_near_itself_and_its_misspellings() {
        for Gloss { name, .. } in Reason::glossary() {
            let found = near(name);
            assert_eq!(found.first(), Some(&name));
            let typed = format!("{}{}", &name[..1], &name[2..]);
            assert!(near(&typed).contains(&name), "{typed}");
        }
    }
}
