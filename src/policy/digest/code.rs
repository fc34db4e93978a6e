//! Whether a machine's message brings a code, or asks for a confirmation, for which its reader may be waiting.
//!
//! Promises: no list of words in any language; what looks like a year, an amount, a date or the number of an order is no
//! code. To err moves an entry up or down in the digest and does nothing else. Never touches: what becomes of it.

use crate::policy::reason::Reason;
use crate::signs::{Kind, Sign};

/// Digits of a code that stands alone in its line.
const ALONE: &[usize] = &[4, 5, 6, 7, 8];
/// Digits of a code behind a colon in a text: what is longer is the number of an order or a case.
const IN_TEXT: &[usize] = &[4, 5, 6, 7];
/// Digits of a code in a Subject. Of other lengths most are numbers of cases, by which fraud looks important.
const IN_SUBJECT: &[usize] = &[4, 6];
/// Digits that nearly all codes have.
const USUAL_DIGITS: usize = 6;
/// Two digits and two more are a time of day or a score.
const SHORTEST_HALF: usize = 3;
/// Shortest token in an address that takes confirmations.
const SHORTEST_TOKEN: usize = 6;

/// Whether such a message may bring one at all: a program wrote it to this user, and it is no report.
#[must_use]
pub fn may_bear(reason: Reason) -> bool {
    match reason {
        Reason::Automatic(Sign::ConfirmAddress) => true,
        Reason::Automatic(sign) => matches!(sign.kind(), Kind::Robot | Kind::Bulk | Kind::List | Kind::AutoReply),
        _ => false,
    }
}

/// Whether it does, by its Subject, the first lines of its text and the local parts of the addresses that take an answer.
#[must_use]
pub fn bears<'a>(subject: &str, preview: &[String], mut locals: impl Iterator<Item = &'a str>) -> bool {
    locals.any(takes_confirmation)
        || in_subject(subject)
        || preview.iter().any(|line| is_code(line.trim_matches(|c: char| !c.is_alphanumeric()), ALONE, true))
        || preview.iter().any(|line| at_end(line, IN_TEXT))
}

/// `list-confirm+0123456789@`, `confirm-token@`: how list programs and web pages ask.
fn takes_confirmation(local: &str) -> bool {
    let mut parts = local.split(['+', '-', '=', '.', '_']);
    let asks = parts.by_ref().any(|part| part.eq_ignore_ascii_case("confirm"));
    asks && parts.any(|part| part.len() >= SHORTEST_TOKEN && part.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Six digits anywhere, or another code as the first word or behind a colon at the end: `482913 is your code`.
fn in_subject(subject: &str) -> bool {
    let words: Vec<&str> = subject.split_whitespace().collect();
    let usual = |word: &&str| {
        let digits = unwrapped(word);
        digits.len() == USUAL_DIGITS && is_code(digits, IN_SUBJECT, false)
    };
    words.iter().any(usual)
        || words.first().is_some_and(|word| words.len() > 2 && is_code(word, IN_SUBJECT, false))
        || at_end(subject, IN_SUBJECT)
}

/// `…: 482913`, alone behind the colon at the end of a line.
fn at_end(line: &str, lengths: &[usize]) -> bool {
    let line = line.trim_end_matches(['.', ' ', '!']);
    let behind = line.rsplit_once([':', '：']).map(|(_, code)| code.trim());
    behind.is_some_and(|code| is_code(code, lengths, true))
}

/// The marks that stand around a number in a sentence; `#`, `$` and brackets say that it is another one.
fn unwrapped(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, ':' | '.' | ',' | '"' | '\'' | '!' | '「' | '」'))
}

/// So many digits, perhaps in two halves, or capitals and digits.
fn is_code(text: &str, lengths: &[usize], mixed: bool) -> bool {
    let halves: Vec<&str> = text.split([' ', '-']).collect();
    let text = match halves[..] {
        [one] => one.to_owned(),
        [one, other] if one.len() == other.len() && one.len() >= SHORTEST_HALF => format!("{one}{other}"),
        // `G-482913`.
        [one, other] if one.len() == 1 && one.bytes().all(|byte| byte.is_ascii_uppercase()) => other.to_owned(),
        _ => return false,
    };
    let in_each = halves.iter().all(|half| half.len() == 1 || half.bytes().any(|byte| byte.is_ascii_digit()));
    if !lengths.contains(&text.len()) || !in_each {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    if digits == text.len() {
        return !is_year_or_date(&text);
    }
    // `SAVE20` is an offer.
    mixed && digits >= capitals && digits + capitals == text.len()
}

/// `2026`, `20261121`, and the years of two halves: `2025-2026`.
fn is_year_or_date(digits: &str) -> bool {
    matches!(digits.len(), 4 | 8) && (digits.starts_with("19") || digits.starts_with("20"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::gate::GateRefusal;

    fn in_text(line: &str) -> bool {
        bears("Hello", &[line.to_owned()], std::iter::empty())
    }

    fn subject(subject: &str) -> bool {
        bears(subject, &[], std::iter::empty())
    }

    #[test]
    fn a_code_in_the_subject_is_one() {
        for yes in [
            "482913 is your Example code",
            "Your code: 4829",
            "Example: Ihr Code lautet 482913",
            "Example: 482-913",
            "G-482913 is your code",
            "【Example】確認コード：482913",
            "Please verify 482913",
            "Code: A7K2Q9",
        ] {
            assert!(subject(yes), "{yes}");
        }
        for no in [
            "",
            "Tea",
            "News of 2026",
            "Rückblick: 2026",
            "Order #482913",
            "$482913 for you",
            "Order 48291312345",
            "Backup of 20261121",
            "Season: 2025-2026",
            "4829",
            "Save20 now",
            "SAVE20",
            "10,000 items",
            "Room: A7",
            "Meeting: 10-12",
            "Flight LH482913",
            "Your order (482913)",
            "A fine for you [case: 482913]",
            "A fine for you. Case: 48291312",
            "A claim: 48291",
        ] {
            assert!(!subject(no), "{no}");
        }
    }

    #[test]
    fn a_code_that_stands_alone_in_the_first_lines_is_one() {
        for yes in
            ["482913", "482 913", "  4829 ", "**482913**", "Your code is: 482913.", "A7K2Q9", "482-913", "A7K2 93Q1"]
        {
            assert!(in_text(yes), "{yes}");
        }
        for no in [
            "2026",
            "SAVE20",
            "See 482913 items",
            "482913 and more",
            "Sincerely",
            "HELLO",
            "12",
            "123456789",
            "1.2.3.4",
            "10:30",
            "1000 SPIN",
            "Case: 48291312",
        ] {
            assert!(!in_text(no), "{no}");
        }
    }

    #[test]
    fn an_address_that_takes_a_confirmation_needs_a_token() {
        let takes = |local: &str| bears("", &[], std::iter::once(local));
        for yes in ["tea-confirm+0a1b2c3d4e", "confirm-48291312", "lists.confirm.a1b2c3d4", "confirm+a1b2c3d4"] {
            assert!(takes(yes), "{yes}");
        }
        for no in
            ["confirm", "confirmation", "bob", "confirm-team", "tea-confirm", "a1b2c3d4-confirm", "unconfirm+a1b2c3d4"]
        {
            assert!(!takes(no), "{no}");
        }
    }

    #[test]
    fn only_a_program_writes_codes() {
        for yes in [Sign::NoReplyAuthor, Sign::DesignedPage, Sign::AutoGenerated, Sign::ConfirmAddress] {
            assert!(may_bear(Reason::Automatic(yes)), "{yes:?}");
        }
        for no in [Sign::NullSender, Sign::MultipartReport, Sign::ChallengeText, Sign::NoReplyWanted] {
            assert!(!may_bear(Reason::Automatic(no)), "{no:?}");
        }
        assert!(!may_bear(Reason::DmarcFail) && !may_bear(Reason::Gate(GateRefusal::NotProven)));
    }
}
