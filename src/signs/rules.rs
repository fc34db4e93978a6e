//! The rules by words: a table of which sign is found by which groups of words, and where; and what is the same in every
//! language, the numbers of other filters' challenges and of digests, and the addresses in lists' footers.
//!
//! Promises: words are the weakest evidence, so a rule stands here only if the measure on real mail bears it out or a
//! standard asks for it (`docs/signs.md`); a rule that needs several groups finds them in one language; a person who speaks
//! of bounces, holidays and lists is not taken for one. Never touches: header fields (`field`), the build of a page.

use std::borrow::Cow;

use super::Sign;
use super::wording::Wording;
use super::words::{Group, LANGUAGES, Language};

/// One rule. In some language each of the groups has a phrase in the piece, and what else is asked for holds.
struct Rule {
    sign: Sign,
    place: Place,
    groups: &'static [Group],
    /// What is asked of the message before its words are looked at.
    when: fn(&Wording) -> bool,
    /// What is asked of the words that were found.
    also: fn(&Found<'_>) -> bool,
}

/// Where a rule looks.
enum Place {
    /// So many of the first and of the last bytes of the sender's own words.
    Ends(usize),
    /// So many of the first bytes of the sender's own words.
    First(usize),
    /// The first bytes of all that is not quoted.
    Opening(usize),
    /// What the sender wrote, if it is no longer than that.
    Short(usize),
    /// What the sender wrote, with what programs add below it.
    Said,
    /// The beginning of the Subject.
    SubjectStart,
    /// The Subject, but for that of an answer, and so many of the first bytes of the sender's own words.
    Titled(usize),
}

const RULES: &[Rule] = &[
    // Texts of TMDA, ASK, qconfirm, BoxTrapper, Boxbe, Spam Arrest and their like: short, and in the first words.
    rule(Sign::ChallengeText, Place::Titled(1_500), &[Group::YourMessage, Group::Task], is_not_ours, gives_reasons),
    rule(Sign::BounceText, Place::Opening(400), &[Group::Bounce], is_first_letter, always),
    rule(Sign::BounceSubject, Place::SubjectStart, &[Group::BounceSubject], any, always),
    rule(Sign::AutoReplySubject, Place::SubjectStart, &[Group::AutoReplySubject], any, always),
    rule(Sign::AutoReplySubject, Place::SubjectStart, &[Group::AbsenceSubject], any, a_mark_follows),
    rule(Sign::AutoReplyText, Place::Ends(300), &[Group::Automatic], any, always),
    rule(Sign::AbsenceText, Place::First(700), &[Group::Absent, Group::Notice], any, is_notice_now),
    rule(Sign::AbsenceText, Place::Short(900), &[Group::Absent, Group::Later], is_answer, is_now),
    rule(Sign::ListText, Place::Said, &[Group::ListFooter], any, always),
    rule(Sign::ListText, Place::First(3_000), &[Group::ListLetter], any, always),
    rule(Sign::UnsubscribeText, Place::Said, &[Group::Unsubscribe], has_link, is_no_own_wish),
    rule(Sign::UnsubscribeText, Place::Said, &[Group::Leave], has_link, shows_the_way_out),
    rule(Sign::UnsubscribeText, Place::Said, &[Group::ByAnswer], any, is_no_own_wish),
];

const fn rule(
    sign: Sign,
    place: Place,
    groups: &'static [Group],
    when: fn(&Wording) -> bool,
    also: fn(&Found<'_>) -> bool,
) -> Rule {
    Rule { sign, place, groups, when, also }
}

/// All signs that the words of a message show.
pub fn signs(wording: &Wording) -> impl Iterator<Item = Sign> {
    let by_words = RULES.iter().filter(|rule| rule.matches(wording)).map(|rule| rule.sign);
    let challenge = (is_not_ours(wording) && has_confirmation_number(wording)).then_some(Sign::ChallengeText);
    let list = (is_digest(wording) || has_list_footer(wording)).then_some(Sign::ListText);
    by_words.chain(challenge).chain(list)
}

/// Most pieces of what stands in front of a Subject that are looked at; programs put two or three there.
const MARK_LIMIT: usize = 32;

/// Whether a vacation program, a receipt or a mail system has put its mark there: for what stands in front of the Subject
/// that is answered. Prefixes, filters and mailing lists put theirs around it, so the mark may begin behind each colon,
/// bracket or star, and stand in quotation marks or behind a dash.
#[must_use]
pub fn is_automatic_subject(before: &str) -> bool {
    let is_quote = |c: &char| matches!(c, '"' | '\u{ab}' | '\u{bb}' | '\u{201a}' | '\u{201c}'..='\u{201f}');
    let text: String = before.chars().filter(|c| !is_quote(c)).collect();
    // A Subject follows, so a word for absence is a mark even where its program puts no colon behind it.
    let text = format!("{}:", super::wording::squeezed(&text).trim_end_matches([':', '\u{ff1a}', ' ']));
    // French puts a blank in front of a colon.
    let text = text.replace('\u{ff1a}', ":").replace(" :", ":");
    let parts = |c: char| matches!(c, ':' | '*' | '|' | '<' | '>') || is_bracket(c);
    let starts = std::iter::once(0).chain(text.match_indices(parts).map(|(at, part)| at + part.len()));
    let pieces = starts.map(|start| text[start..].trim_start_matches(|c: char| !c.is_alphanumeric() && !parts(c)));
    pieces.filter(|piece| piece.starts_with(char::is_alphanumeric)).take(MARK_LIMIT).any(opens_as_programs_do)
}

fn is_bracket(c: char) -> bool {
    matches!(
        c,
        '(' | ')' | '[' | ']' | '{' | '}' | '\u{3008}'..='\u{3011}' | '\u{ff08}' | '\u{ff09}' | '\u{ff3b}' | '\u{ff3d}'
    )
}

fn opens_as_programs_do(text: &str) -> bool {
    const GROUPS: [Group; 4] =
        [Group::AutoReplySubject, Group::AbsenceSubject, Group::ReceiptSubject, Group::BounceSubject];
    let opens = |language: &'static Language| {
        GROUPS.iter().any(|group| language.phrases(*group, |_| true).any(|phrase| phrase.opens(text).is_some()))
    };
    LANGUAGES.iter().any(|(_, language)| opens(language))
}

/// A rule whose groups were found in one language.
struct Found<'w> {
    wording: &'w Wording,
    piece: &'w str,
    language: &'static Language,
    /// The rule's first group.
    group: Group,
}

impl Rule {
    fn matches(&self, wording: &Wording) -> bool {
        if !(self.when)(wording) {
            return false;
        }
        let piece = self.place.of(wording);
        if piece.is_empty() {
            return false;
        }
        let piece = piece.as_ref();
        let at_start = matches!(self.place, Place::SubjectStart);
        let says = |language, group| wording.places(piece, language, group).any(|(start, _)| !at_start || start == 0);
        let group = self.groups[0];
        LANGUAGES.iter().any(|(_, language)| {
            self.groups.iter().all(|group| says(language, *group))
                && (self.also)(&Found { wording, piece, language, group })
        })
    }
}

impl Place {
    fn of<'w>(&self, wording: &'w Wording) -> Cow<'w, str> {
        let own = wording.own.as_str();
        Cow::Borrowed(match *self {
            Place::Ends(bytes) if own.len() > 2 * bytes => {
                return Cow::Owned(format!("{}. {}", wording.first(bytes), wording.last(bytes)));
            }
            Place::Titled(bytes) if !wording.copies => {
                return Cow::Owned(format!("{}. {}", wording.subject, wording.first(bytes)));
            }
            Place::Short(bytes) if own.len() > bytes => "",
            Place::Ends(_) | Place::Short(_) => own,
            Place::First(bytes) | Place::Titled(bytes) => wording.first(bytes),
            Place::Opening(bytes) => &wording.text[..wording.text.floor_char_boundary(bytes)],
            Place::Said => &wording.said,
            Place::SubjectStart => &wording.subject,
        })
    }
}

impl<'w> Found<'w> {
    fn places(&self, group: Group) -> impl Iterator<Item = (usize, usize)> + use<'w> {
        self.wording.places(self.piece, self.language, group)
    }

    fn says(&self, group: Group) -> bool {
        self.wording.says(self.piece, self.language, group)
    }

    /// Whether one of the sender's own words for himself stands in the last words before that place.
    fn speaks_of_himself(&self, at: usize) -> bool {
        let before = &self.piece[self.piece.ceil_char_boundary(at.saturating_sub(WISH_REACH))..at];
        let clause = before.rsplit(['.', '!', '?', ':', '|']).next().unwrap_or_default();
        self.wording.says(clause, self.language, Group::Myself)
    }
}

/// How far the words before an offer reach, in bytes.
const WISH_REACH: usize = 48;
/// How far the way out may stand from the word for leaving, in bytes.
const WAY_REACH: usize = 80;
/// A line of so many words is a link's text.
const LINK_WORDS: usize = 3;

/// A ruled line with the list's page below it (Mailman), or the word that all list programs take beside the address that
/// takes it (RFC 2142 section 6, ezmlm, Majordomo, LISTSERV). The page alone people name too.
fn has_list_footer(wording: &Wording) -> bool {
    const ADDRESSES: [&str; 6] = ["-request@", "-leave@", "-unsubscribe@", "majordomo@", "listserv@", "sympa@"];
    let said = wording.said.as_str();
    let beside = |at: usize| {
        let near =
            &said[said.ceil_char_boundary(at.saturating_sub(WAY_REACH))..said.floor_char_boundary(at + WAY_REACH)];
        ADDRESSES.iter().any(|address| near.contains(address))
    };
    let below = |at: usize| {
        let near = &said[at..said.floor_char_boundary(at + 3 * WAY_REACH)];
        near.contains("/listinfo/") || near.contains("/postorius/lists/")
    };
    let any = |words: &str, holds: &dyn Fn(usize) -> bool| {
        wording.may_hold(words) && said.match_indices(words).any(|(at, _)| holds(at))
    };
    any("unsubscribe", &beside) || any("__________", &below)
}

fn any(_: &Wording) -> bool {
    true
}

fn has_link(wording: &Wording) -> bool {
    wording.has_link
}

fn is_answer(wording: &Wording) -> bool {
    wording.answers
}

fn is_first_letter(wording: &Wording) -> bool {
    !wording.copies
}

/// Our own words come back in the answers to us.
fn is_not_ours(wording: &Wording) -> bool {
    !wording.subject.contains("[cr-")
}

fn always(_: &Found<'_>) -> bool {
    true
}

/// A dash, a bracket or an earlier Subject follows: "Out of office next week, can you cover?" asks a person.
fn a_mark_follows(found: &Found<'_>) -> bool {
    found.places(found.group).filter(|(start, _)| *start == 0).any(|(_, end)| {
        let rest = found.piece[end..].trim_start();
        rest.starts_with([':', '-', '(', '[', '\u{ff1a}']) || rest.starts_with("re:")
    })
}

/// Who is back writes of the past: "I was out of the office".
fn is_now(found: &Found<'_>) -> bool {
    found.places(Group::Absent).any(|(at, _)| {
        let clause = found.piece[..at].rsplit(['.', '!', '?', ':', ';']).next().unwrap_or_default();
        !found.wording.says(clause, found.language, Group::Past)
    })
}

/// A notice asks nothing; in a first letter a question is a person's.
fn is_notice_now(found: &Found<'_>) -> bool {
    let asks = || found.wording.own.contains(['?', '\u{37e}', '\u{61f}', '\u{ff1f}']);
    is_now(found) && (found.wording.answers || !asks())
}

/// A filter speaks of the reader's message and of why it asks in one sentence, and has two reasons; people say that a letter
/// waits, and ask for an answer.
fn gives_reasons(found: &Found<'_>) -> bool {
    const REASONS: [Group; 6] =
        [Group::Held, Group::Delivered, Group::Proof, Group::Once, Group::Confirm, Group::Filter];
    let in_sentence = |sentence: &str, group| found.wording.says(sentence, found.language, group);
    let ends = [". ", "! ", "? "];
    let sentences =
        found.piece.split(ends[0]).flat_map(|text| text.split(ends[1])).flat_map(|text| text.split(ends[2]));
    REASONS.iter().filter(|group| found.says(**group)).count() >= 2
        && sentences.into_iter().any(|sentence| {
            in_sentence(sentence, Group::YourMessage) && REASONS.iter().any(|group| in_sentence(sentence, *group))
        })
}

/// `conf#5d41402a` (ASK), `verify#5d41402a` (BoxTrapper) and their like: a keyword with a number that nobody types. A
/// person's answer to one repeats it.
fn has_confirmation_number(wording: &Wording) -> bool {
    let subject = &wording.subject;
    !wording.copies
        && ["conf#", "confirm#", "verify#"].iter().any(|mark| {
            subject.match_indices(mark).any(|(at, _)| {
                let code: String = subject[at + mark.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
                code.len() >= 6 && code.bytes().any(|b| b.is_ascii_digit())
            })
        })
}

/// `Friends Digest, Vol 12, Issue 3` (Mailman), `Digest Number 22` (Yahoo), `friends Digest V3 #22` (Ecartis), and no answer
/// to one, or one passed on.
fn is_digest(wording: &Wording) -> bool {
    let Some((_, rest)) = wording.subject.rsplit_once("digest") else { return false };
    let mut words = rest.trim_start_matches([',', ' ', ':']).split_whitespace();
    let numbered = |word: Option<&str>| word.is_some_and(|word| word.bytes().any(|b| b.is_ascii_digit()));
    let named = match words.next() {
        Some("vol" | "vol." | "volume" | "number" | "issue" | "no.") => numbered(words.next()),
        Some(word) => word.starts_with('v') && numbered(Some(word)) && numbered(words.next()),
        None => false,
    };
    named && !wording.copies
}

/// An offer, and not the sender's own wish: "how do I unsubscribe".
fn is_no_own_wish(found: &Found<'_>) -> bool {
    found.places(found.group).any(|(at, _)| !found.speaks_of_himself(at))
}

/// A word for leaving stands by itself, as a link does, or beside the way to do it. In a sentence people say it of a
/// course, a flight or an invoice.
fn shows_the_way_out(found: &Found<'_>) -> bool {
    let is_way = |clause: &str| {
        ["http", "www."].iter().any(|way| clause.contains(way))
            || found.wording.says(clause, found.language, Group::Way)
    };
    let ends = |text: &str| text.find(['.', '!', '?', '|']).filter(|at| text[*at + 1..].starts_with([' ', '|']));
    found.places(found.group).any(|(at, end)| {
        let behind = &found.piece[end..found.piece.floor_char_boundary(end + WAY_REACH)];
        let clause = &behind[..ends(behind).unwrap_or(behind.len())];
        let before = &found.piece[found.piece.ceil_char_boundary(at.saturating_sub(WAY_REACH))..at];
        let start = before.rfind(['.', '!', '?', '|']).map_or(before, |stop| &before[stop + 1..]);
        let alone = start.split_whitespace().count() + clause.split_whitespace().count() < LINK_WORDS;
        !found.speaks_of_himself(at) && (is_way(clause) || is_way(start) || alone)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::{letter, wording};

    #[test]
    fn hostile_words_take_linear_time() {
        let start = std::time::Instant::now();
        let units = "unsubscribe |http://x |out of office. |your message is held. reply to this |\u{430}|'|\
            nicht mehr erhalten ";
        for unit in units.split('|') {
            let text = unit.repeat(200_000 / unit.len());
            for words in
                [letter(&unit.repeat(2_000), &text), wording(&format!("Content-Type: text/html\n\n<a href=x>{text}"))]
            {
                assert!(signs(&words).count() <= RULES.len() + 2);
            }
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
