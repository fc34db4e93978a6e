//! Whether a person says in ordinary words that they did not write or send what they are asked about: "I did not write this
//! message."
//!
//! Promises: pure, linear in time. Every word of that sentence must be known (`words/README.md`), so whatever is added makes
//! it another one: `before`, `but`, `the attachment`. It must be the first that is said, but for greetings and questions; a
//! later one counts only if it names `this message`. In doubt nothing is denied, and in doubt more was said than that. Never
//! touches: whether the message is an answer, and what follows.

use std::collections::HashMap;

use super::wording::squeezed;
use super::words::{Group, LANGUAGES, Language};
use crate::mail::letters::plain;

/// What was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// Whether nothing else was said but a greeting and a name.
    pub alone: bool,
}

/// Most sentences that are looked at; who says more says something else too.
const SENTENCES: usize = 10;
/// Most words of a greeting behind its first phrase: a title and two names.
const NAMES: usize = 3;
/// Most words of the line that closes a letter.
const CLOSING_WORDS: usize = 6;
/// Most words of one phrase in a file of words.
const PHRASE_WORDS: usize = 5;
/// Most letters of a title or a name before the full stop that shortens it: `Mr.`, `B.`
const SHORT_LETTERS: usize = 3;
/// A line is wrapped only where the next word would have made it longer than this.
const WRAPPED_FROM: usize = 60;

/// What the sender's own lines deny, if they do.
#[must_use]
pub fn read(lines: &[String]) -> Option<Denial> {
    let sentences = sentences(lines);
    if sentences.is_empty() {
        return None;
    }
    LANGUAGES.iter().filter_map(|(_, language)| Grammar::of(language)?.read(&sentences)).max()
}

/// A sentence, or a line.
#[derive(Default)]
struct Sentence {
    words: Vec<Word>,
    /// The mark it ends with, if there is one.
    end: Option<char>,
}

struct Word {
    /// In lower case, without accents and without what stands around it.
    plain: String,
    /// In which clause of the sentence it stands.
    clause: usize,
    capital: bool,
}

/// One more than are looked at, so that it is seen that there are more.
fn sentences(lines: &[String]) -> Vec<Sentence> {
    let mut all = vec![Sentence::default()];
    let (mut clause, mut width) = (0, 0);
    for line in lines {
        let first = line.split_whitespace().next().unwrap_or_default();
        if width + 1 + first.chars().count() <= WRAPPED_FROM {
            all.push(Sentence::default());
        }
        width = line.chars().count();
        for text in line.split_whitespace() {
            let word = squeezed(text.trim_matches(|c: char| !c.is_alphanumeric()));
            let bare = text.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_mark(c));
            let capital = text.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(char::is_uppercase);
            let shortened = |c: char| c == '.' && capital && word.chars().count() <= SHORT_LETTERS;
            let last = bare.chars().next_back().filter(|c| is_mark(*c) && !shortened(*c));
            let Some(sentence) = all.last_mut() else { break };
            if !word.is_empty() {
                sentence.words.push(Word { plain: plain(&word), clause, capital });
            }
            clause += usize::from(last.is_some());
            sentence.end = last.or(sentence.end.filter(|_| word.is_empty()));
            if last.is_some_and(ends_a_sentence) || bare.contains('?') {
                sentence.end = if bare.contains('?') { Some('?') } else { last };
                all.push(Sentence::default());
            }
        }
    }
    all.retain(|sentence| !sentence.words.is_empty());
    all.truncate(SENTENCES + 1);
    all
}

fn is_mark(c: char) -> bool {
    ends_a_sentence(c) || matches!(c, ',' | ';' | ':' | '-' | '\u{2013}' | '\u{2014}')
}

fn ends_a_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\u{2026}')
}

/// What one sentence says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// That the writer did not write; whether it names `this message`.
    Denies { this_message: bool },
    /// Nothing of itself: a greeting, "sorry", "it was not me".
    Nothing,
    /// That something is so.
    Yes,
    /// Anything else.
    Else,
}

/// The words of one language by what they say, as one bit a group.
struct Grammar(HashMap<String, u32>);

const fn bit(group: Group) -> u32 {
    1 << (group as u32 - Group::Greeting as u32)
}

impl Grammar {
    /// None where the language has no words for it.
    fn of(language: &'static Language) -> Option<Grammar> {
        use Group::{
            Closing, DenialAsks, DenialBeside, DenialI, DenialMail, DenialNot, DenialSorry, DenialThis, DenialWrote,
            DenialYou, Greeting, Yes,
        };
        let groups = [
            Greeting,
            Closing,
            Yes,
            DenialI,
            DenialNot,
            DenialWrote,
            DenialThis,
            DenialMail,
            DenialYou,
            DenialBeside,
            DenialSorry,
            DenialAsks,
        ];
        let mut words = HashMap::new();
        for group in groups {
            for phrase in language.phrases(group, |_| true) {
                *words.entry(plain(phrase.words)).or_default() |= bit(group);
            }
        }
        (!words.is_empty()).then_some(Grammar(words))
    }

    fn read(&self, sentences: &[Sentence]) -> Option<Denial> {
        let (mut denied, mut alone, mut first) = (false, sentences.len() <= SENTENCES, true);
        for sentence in sentences.iter().take(SENTENCES) {
            match self.said(sentence, first) {
                Said::Denies { this_message } if denied || first || this_message => denied = true,
                Said::Nothing => {}
                Said::Yes if !denied => return None,
                // Who asks first what this is has not said yet who wrote.
                Said::Else if !denied && sentence.end == Some('?') => alone = false,
                _ if denied && self.closes(sentence) => {}
                _ => (alone, first) = (false, false),
            }
        }
        denied.then_some(Denial { alone })
    }

    fn said(&self, sentence: &Sentence, first: bool) -> Said {
        let words = self.without_end(sentence);
        let greeting = self.opens(words, bit(Group::Greeting));
        let mut starts: Vec<usize> = vec![0];
        starts.extend(greeting.into_iter().flat_map(|length| length..=length + NAMES));
        // A name, as it stands in front of what is said.
        starts.extend((first && words.get(1).is_some_and(|word| word.clause > words[0].clause)).then_some(1));
        // Of what can be a name or a word of it, the word counts.
        let parsed = starts.into_iter().find_map(|start| self.parsed(words.get(start..)?));
        if sentence.end != Some('?')
            && let Some(clauses) = parsed.as_ref().filter(|clauses| denies(clauses))
        {
            let said = clauses.iter().fold(0, |said, clause| said | clause.said);
            let this_message = said & bit(Group::DenialThis) > 0 && said & bit(Group::DenialMail) > 0;
            return Said::Denies { this_message };
        }
        let wrote = |clauses: &Vec<Clause>| clauses.iter().any(|clause| clause.said & bit(Group::DenialWrote) > 0);
        let greets = greeting.is_some_and(|length| words.len() <= length + NAMES);
        let named = first && words.len() <= NAMES && matches!(sentence.end, Some(',' | '!'));
        if sentence.end == Some('?') {
            Said::Else
        } else if parsed.iter().any(|clauses| !wrote(clauses)) || greets {
            Said::Nothing
        } else if self.opens(words, bit(Group::Yes)).is_some() {
            Said::Yes
        } else if named {
            Said::Nothing
        } else {
            Said::Else
        }
    }

    /// The words without the name or the greeting that stands behind what is said: `, Alice`, `, best regards`.
    fn without_end<'s>(&self, sentence: &'s Sentence) -> &'s [Word] {
        let words = &sentence.words[..];
        let last = words.last().map_or(0, |word| word.clause);
        let at = words.iter().position(|word| word.clause == last).unwrap_or_default();
        let (said, end) = words.split_at(at);
        let name = || end.len() <= NAMES && end.iter().all(|word| word.capital);
        let closing = || end.len() <= CLOSING_WORDS && self.opens(end, bit(Group::Closing)).is_some();
        if !said.is_empty() && (name() || closing()) { said } else { words }
    }

    /// What each clause says, if every word is known.
    fn parsed(&self, words: &[Word]) -> Option<Vec<Clause>> {
        let of_a_denial = !(bit(Group::Greeting) | bit(Group::Closing) | bit(Group::Yes) | bit(Group::DenialAsks));
        let mut clauses: Vec<Clause> = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let (length, said) = self.longest(&words[at..], of_a_denial)?;
            match clauses.last_mut().filter(|clause| clause.number == word.clause) {
                Some(clause) => clause.said |= said,
                None => {
                    let asks = self.0.get(&word.plain).is_some_and(|said| said & bit(Group::DenialAsks) > 0);
                    clauses.push(Clause { number: word.clause, said, asks });
                }
            }
            at += length;
        }
        Some(clauses)
    }

    /// The longest phrase of one of the groups with which the words begin, its length in words and what it says.
    fn longest(&self, words: &[Word], groups: u32) -> Option<(usize, u32)> {
        (1..=PHRASE_WORDS.min(words.len())).rev().find_map(|length| {
            let phrase: Vec<&str> = words[..length].iter().map(|word| word.plain.as_str()).collect();
            self.0.get(&phrase.join(" ")).map(|said| (length, said & groups)).filter(|(_, said)| *said > 0)
        })
    }

    fn opens(&self, words: &[Word], group: u32) -> Option<usize> {
        self.longest(words, group).map(|(length, _)| length)
    }

    /// Whether a letter ends so: by a phrase, or by a name alone in its line.
    fn closes(&self, sentence: &Sentence) -> bool {
        let words = &sentence.words;
        let phrase = || words.len() <= CLOSING_WORDS && self.opens(words, bit(Group::Closing)).is_some();
        let name = || words.len() <= NAMES && words.iter().all(|word| word.capital) && sentence.end.is_none();
        sentence.end != Some('?') && (phrase() || name())
    }
}

struct Clause {
    number: usize,
    said: u32,
    /// Whether it begins as a question does.
    asks: bool,
}

/// Whether somebody, in one clause, did not write: in "No, I wrote it" the word stands in another one, and in "I wrote to
/// you, you have not written" somebody else did not. Who wrote anything after all is in doubt; and so is an apology that
/// runs on: "Sorry I haven't written to you."
fn denies(clauses: &[Clause]) -> bool {
    const WHO_DID_NOT: u32 = bit(Group::DenialI) | bit(Group::DenialNot) | bit(Group::DenialWrote);
    const BY_NAME: u32 = bit(Group::DenialThis) | bit(Group::DenialMail);
    let said = clauses.iter().fold(0, |said, clause| said | clause.said);
    let is_denial = |clause: &Clause| clause.said & WHO_DID_NOT == WHO_DID_NOT && !clause.asks;
    let wrote = |clause: &Clause| clause.said & WHO_DID_NOT == WHO_DID_NOT & !bit(Group::DenialNot);
    let is_apology = |clause: &Clause| clause.said & bit(Group::DenialSorry) > 0 && said & BY_NAME == 0;
    let mut denials = clauses.iter().filter(|clause| is_denial(clause)).peekable();
    said & (BY_NAME | bit(Group::DenialYou)) > 0
        && denials.peek().is_some()
        && !denials.any(is_apology)
        && !clauses.iter().any(wrote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(text: &str) -> Option<bool> {
        read(&text.lines().map(str::to_owned).collect::<Vec<_>>()).map(|denial| denial.alone)
    }

    #[test]
    fn what_stands_beside_a_denial_is_a_letter() {
        for alone in [
            "I did not write this message.",
            "i did not write this message",
            "Hello Alice,\nI didn\u{2019}t send this email.\nBest regards,\nBob Smith",
            "Hi Alice, I did not write this message. Sorry!",
            "I did not write this message, Alice.",
            "I did not write this message to you, best regards Bob",
            "Dear Mr. Smith,\nI never wrote to you.\nYours sincerely\nDr. Bob Jones",
            "No! It was not me. I did not write this message.",
        ] {
            assert_eq!(denial(alone), Some(true), "{alone}");
        }
        for letter in [
            "I did not write this message. Who are you?",
            "Who is this? I did not write this message.",
            "There must be a mistake. I did not write this message.",
            "I did not write this message.\nPlease stop sending me such things.",
            "Hello,\nI did not send you this mail. My account was abused.\nBob",
        ] {
            assert_eq!(denial(letter), Some(false), "{letter}");
        }
        let long = "I did not write this message.\n".to_owned() + &"Bob\n".repeat(SENTENCES);
        assert_eq!(denial(&long), Some(false));
    }

    #[test]
    fn a_wrapped_sentence_is_one() {
        let wrapped =
            "I am sorry, no, really, honestly, I did definitely not, I certainly did not\nwrite this message.";
        assert_eq!(denial(wrapped), None, "not alone is no word of it");
        let wrapped = "I am sorry, no, really, honestly, certainly not me, no, I did not\nwrite this message to you.";
        assert_eq!(denial(wrapped), Some(true));
        // A short line ends what is said.
        assert_eq!(denial("I did not\nwrite this message"), None);
    }

    #[test]
    fn a_later_sentence_counts_only_if_it_names_this_message() {
        assert_eq!(denial("Here are the photos at last. I did not send it."), None);
        assert_eq!(denial("I was ill for a month. I never wrote to you."), None);
        assert_eq!(denial("Yes. I did not write this message."), None);
        assert_eq!(denial("It was me. I never sent this message."), None);
        assert_eq!(denial("Here are the photos. I did not write this message."), Some(false));
    }

    #[test]
    fn seen_who_wrote_and_was_not_written_to_denied_it() {
        for honest in [
            "I wrote to you, you have not written.",
            "I sent you this mail, you did not write it.",
            "I wrote this mail, it was never sent to you.",
            "I did not write that mail, I wrote this.",
            "I did not write this message, I sent it.",
            "That was not written, that was sent by me.",
            "Sorry I haven't written to you.",
            "Hi Alice, sorry I have not written to you. Cheers, Bob",
            "Nicht der Absender, ich habe das geschrieben.",
            "Das war ich, ich habe Ihnen geschrieben, nicht der Absender.",
            "No yo envi\u{e9} este correo",
            "Nie to ja napisa\u{142}em t\u{119} wiadomo\u{15b}\u{107}",
        ] {
            assert_eq!(denial(honest), None, "{honest}");
        }
        assert_eq!(denial("Sorry, I never wrote to you."), Some(true));
        assert_eq!(denial("Sorry I did not write this."), Some(true));
    }

    #[test]
    fn hostile_lines_end() {
        for unit in ["i did not ", "hello, ", "? ", "sorry but ", "\u{2026}"] {
            let lines = vec![unit.repeat(40); 12];
            assert_eq!(read(&lines), None, "{unit}");
        }
        assert_eq!(read(&[]), None);
    }
}
