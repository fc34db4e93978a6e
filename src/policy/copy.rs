//! Whether what stands below an answer without marks is the challenge that it answers, and no word of its author's.
//!
//! Promises: pure; every line must be made of the challenge's own words, in whatever language and however it was wrapped; the
//! word that it proposes to write is its own only beside a word beside which it has it; in doubt a line is the author's. Never touches: what marks of quotation show (`mail/bare_answer.rs`).

use std::collections::HashSet;

use super::Owner;
use super::template::BUILT_IN;
use super::word::{ANY_WORD, all_words};
use crate::mail::address::Address;
use crate::mail::bare_answer::Nothing;
use crate::mail::quotation::tells_of_writing;

/// What stands below the texts of a challenge, and is the same in every language.
const TRACE: &str = "Message-ID: {id}\nReturn-Path: {sender}";

/// Whether all of these lines are the challenge's, or introduce it; `own_texts` are the user's own texts, with their
/// placeholders in braces.
#[must_use]
pub fn is_of_a_challenge(nothing: &Nothing, owner: &Owner, own_texts: &[String]) -> bool {
    let built_in = BUILT_IN.iter().flat_map(|(_, challenge, wrong)| [*challenge, *wrong]);
    let texts = || own_texts.iter().map(String::as_str).chain(built_in.clone()).chain([TRACE]);
    nothing.introductions.iter().all(|line| introduces(line, owner))
        && (nothing.copied.is_empty() || {
            let known = Known {
                words: texts().flat_map(words).chain(all_words().map(str::to_lowercase)).collect(),
                labels: texts().flat_map(str::lines).filter_map(label_of_value).collect(),
                proposals: texts().flat_map(str::lines).flat_map(proposals).collect(),
            };
            nothing.copied.iter().all(|line| known.holds(line))
        })
}

/// A program names whom it quotes, by the address or by that they wrote.
fn introduces(line: &str, owner: &Owner) -> bool {
    let words = line.split(|c: char| c.is_whitespace() || "<>()[]\"'*:,;".contains(c));
    let mut addresses = words.filter(|word| word.contains('@')).filter_map(|word| Address::parse(word).ok());
    addresses.any(|address| owner.is(&address)) || tells_of_writing(line)
}

/// `From` of `    From:    {sender}`: behind such a name stands what no text of ours knows.
fn label_of_value(line: &str) -> Option<String> {
    // In a text of ours a line that stands only sometimes begins with a name in brackets.
    let line = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(line, |(_, rest)| rest);
    let (label, value) = line.split_once([':', '\u{ff1a}'])?;
    value.contains('{').then(|| label.trim().to_lowercase())
}

/// What the texts of challenges are made of.
struct Known {
    words: HashSet<String>,
    labels: HashSet<String>,
    /// Two words that stand side by side, where one of them is what may be written: `as yes`, `yes then`.
    proposals: HashSet<[String; 2]>,
}

impl Known {
    fn holds(&self, line: &str) -> bool {
        let label = line.split_once([':', '\u{ff1a}']).map(|(label, _)| label.trim().to_lowercase());
        if label.is_some_and(|label| self.labels.contains(&label)) {
            return true;
        }
        let named = |word: &&str| !word.contains('@');
        let all: Vec<String> = line.split_whitespace().filter(named).flat_map(words).collect();
        let beside: Vec<[String; 2]> = all.windows(2).filter_map(pair).collect();
        let proposed = |word: &String| beside.iter().any(|pair| pair.contains(word) && self.proposals.contains(pair));
        all.iter()
            .all(|word| is_number(word) || if is_proposed(word) { proposed(word) } else { self.words.contains(word) })
    }
}

/// Whether a challenge of some language proposes to write this word. Who writes it has said something.
fn is_proposed(word: &str) -> bool {
    ANY_WORD.iter().any(|(_, any)| *any == word)
}

fn proposals(line: &str) -> Vec<[String; 2]> {
    let all: Vec<String> = words(line).collect();
    all.windows(2).filter_map(pair).filter(|pair| pair.iter().any(|word| is_proposed(word))).collect()
}

fn pair(two: &[String]) -> Option<[String; 2]> {
    <[String; 2]>::try_from(two.to_vec()).ok()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn is_number(word: &str) -> bool {
    word.chars().all(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::policy;

    fn known(introductions: &[&str], copied: &[&str]) -> bool {
        let strings = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let nothing = Nothing { introductions: strings(introductions), copied: strings(copied) };
        is_of_a_challenge(
            &nothing,
            &policy().owner,
            &["Subject: Ahoy\n\nCast anchor, {sender}\nHull: {host}".to_owned()],
        )
    }

    #[test]
    fn what_an_author_wrote_is_no_challenge() {
        for line in [
            "Yes, I wrote it.",
            "Caf\u{e9} Central, bitte komm.",
            "please call me on 030 123456",
            "Answer: yes",
            "Please reply: yes it was me",
            "we meet at the river",
            "\u{1f44d} yes",
            "Yes!",
            "\"yes\"",
            "ja",
            "S\u{ed}.",
            "yes yes",
            "Hello, yes",
        ] {
            assert!(!known(&[], &["you wrote to alice@example.org.", line]), "{line}");
        }
        for line in [
            "See you on 12.05.2027 at 10:30, at Cafe Central, Main Street 5, here:",
            "As I said on 12 May 2027 at 10:30:",
            "From 1 May 2027 I am at bob.new@example.com, and my address is:",
        ] {
            assert!(!known(&[line], &[]), "{line}");
        }
    }

    #[test]
    fn a_word_that_any_answer_may_be_is_the_authors_in_every_language() {
        for (code, any) in ANY_WORD {
            for line in [any.to_owned(), any.to_uppercase(), format!("{any}."), format!("{any}, {any}!")] {
                assert!(!known(&[], &["you wrote to alice@example.org.", &line]), "{code}: {line}");
            }
        }
    }

    #[test]
    fn a_challenge_is_known_by_its_words_and_who_is_quoted_by_name_or_verb() {
        for line in [
            "On 21 Nov 2026 at 12:00, Alice <alice@example.org> wrote:",
            "Den 21.11.2026 12:00 alice@example.org:",
            "Am 21.11.2026 um 12:00 schrieb Alice:",
        ] {
            assert!(known(&[line], &[]), "{line}");
        }
        let copy = [
            "Hello, you wrote to alice@example.org. Please reply to this message, and yours will be",
            "delivered: press \"Reply\", write one word, such as yes,",
            "then send. You will not be asked again.",
            "yes, then send.",
            "schreiben Sie ein Wort, zum Beispiel ja, und senden Sie es ab.",
            "From:    bob@example.net",
            "Subject: \"Whatever was written there\"",
            "Date:    21 November 2026, 12:00 UTC",
            "Guten Tag, Sie haben an alice@example.org geschrieben.",
            "Ihre E-Mail wird 30 Tage aufbewahrt.",
            "Cast anchor, bob@example.net",
            "Hull: 192.0.2.7",
        ];
        assert!(known(&[], &copy));
        for line in copy {
            assert!(known(&[], &[line]), "{line}");
        }
    }
}
