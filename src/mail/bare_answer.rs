//! Whether a text is nothing but the quotation of what it answers.
//!
//! Promises: linear in time, in no language; in doubt the text says something, since a person's words that were taken for
//! nothing would not be read, and nothing that was taken for words costs a glance. So a question mark, a sign, a picture of
//! a face and a line below a signature are words here. Never touches: what follows from it.

use std::ops::Range;

use super::quotation::{HeaderBlock, ends_in_writing, holds_address, holds_date, holds_time, is_invisible, is_quoted};

/// Most lines that an attribution is wrapped to.
const ATTRIBUTION_LINES: usize = 4;
/// A line is wrapped only where the next word would have made it longer than this.
const WRAPPED_FROM: usize = 60;
/// So many lines with a mark other than `>` are a quotation; one alone may be somebody's way of writing.
const RARE_MARKS: usize = 3;

/// Whether nothing stands in the text but quotation, what introduces it, the tokens that stand at `tokens`, and blanks.
#[must_use]
pub fn says_nothing(text: &str, tokens: impl Iterator<Item = Range<usize>>) -> bool {
    let (rest, places) = without(text, tokens);
    let page = Page::new(&rest, &places);
    let mut at = 0;
    while at < page.lines.len() {
        match page.passed_over(at) {
            Some(next) => at = next,
            None => return false,
        }
    }
    true
}

/// The text without its tokens, and where they stood in what is left.
fn without(text: &str, tokens: impl Iterator<Item = Range<usize>>) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut places = Vec::new();
    let mut at = 0;
    for token in tokens.filter(|token| token.end <= text.len()) {
        // Of two that overlap the first counts.
        if token.start >= at {
            out.push_str(&text[at..token.start]);
            places.push(out.len());
            at = token.end;
        }
    }
    out.push_str(&text[at..]);
    (out, places)
}

struct Page<'a> {
    lines: Vec<&'a str>,
    /// Whether a token stood in the line.
    token: Vec<bool>,
    /// The last line with a token that is not marked as quoted.
    last: Option<usize>,
    /// Whether marks other than `>` are a quotation here.
    rare_marks: bool,
}

impl<'a> Page<'a> {
    fn new(text: &'a str, places: &[usize]) -> Page<'a> {
        let mut page = Page { lines: Vec::new(), token: Vec::new(), last: None, rare_marks: false };
        let mut places = places.iter().copied().peekable();
        let (mut at, mut rare) = (0, 0);
        for whole in text.split('\n') {
            at += whole.len();
            let line = whole.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
            let mut token = false;
            while places.next_if(|place| *place <= at).is_some() {
                token = true;
            }
            at += 1;
            rare += usize::from(is_quoted(line) && !line.starts_with('>'));
            if token && !is_quoted(line) {
                page.last = Some(page.lines.len());
            }
            page.lines.push(line);
            page.token.push(token);
        }
        page.rare_marks = rare >= RARE_MARKS;
        page
    }

    /// The line with which the text goes on where this one says nothing; none if it says something.
    fn passed_over(&self, at: usize) -> Option<usize> {
        if says_none(self.lines[at]) || self.is_quoted(at) {
            return Some(at + 1);
        }
        if let Some(next) = self.behind_header_block(at) {
            // What is copied below it ends with the token; what stands below that is the sender's.
            return Some(self.behind_copy(next).unwrap_or(next));
        }
        let next = self.next_line(at + 1);
        if is_ruled(self.lines[at]) && self.behind_header_block(next).is_some() {
            return Some(next);
        }
        let behind = self.behind_attribution(at)?;
        let next = self.next_line(behind);
        if next < self.lines.len() && self.is_quoted(next) { Some(next) } else { self.behind_copy(behind) }
    }

    fn is_quoted(&self, at: usize) -> bool {
        let line = self.lines[at];
        is_quoted(line) && (self.rare_marks || line.starts_with('>'))
    }

    fn next_line(&self, at: usize) -> usize {
        self.lines[at..]
            .iter()
            .position(|line| !says_none(line) || is_quoted(line))
            .map_or(self.lines.len(), |offset| at + offset)
    }

    /// The line behind a copy without marks, which begins here and ends with a token in a line of its own.
    fn behind_copy(&self, at: usize) -> Option<usize> {
        self.last.filter(|last| *last >= at && says_none(self.lines[*last])).map(|last| last + 1)
    }

    /// The line behind a header block, as it stands above what is quoted without marks: with the author's address first, and
    /// with the token, which is in the Subject of every challenge. A person's own address card has none.
    fn behind_header_block(&self, at: usize) -> Option<usize> {
        if at >= self.lines.len() {
            return None;
        }
        let block = HeaderBlock::at(&self.lines, at);
        let end = at + block.lines;
        // A long Subject is wrapped.
        let wrapped = end < self.lines.len() && self.token[end] && says_none(self.lines[end]);
        let token = wrapped || self.token[at..end].contains(&true);
        (block.lines >= 3 && block.author && token).then_some(end + usize::from(wrapped))
    }

    /// The line behind an attribution: it ends in a colon, holds a date and an address, a time or, last, that somebody wrote,
    /// and where it is wrapped, its first line has what the others lack and was full.
    fn behind_attribution(&self, at: usize) -> Option<usize> {
        let lines = &self.lines[at..self.lines.len().min(at + ATTRIBUTION_LINES)];
        let end = lines.iter().position(|line| line.ends_with([':', '\u{ff1a}']))?;
        let any = |lines: &[&str], holds: fn(&str) -> bool| lines.iter().any(|line| holds(line));
        let (all, below) = (&lines[..=end], &lines[1..=end.max(1).min(lines.len() - 1)]);
        let wrote = || ends_in_writing(lines[end].trim_end_matches([':', '\u{ff1a}']));
        let evidence = any(all, holds_date) && (any(all, holds_address) || any(all, holds_time) || wrote());
        let begins = |holds: fn(&str) -> bool| holds(lines[0]) && !any(below, holds);
        let begun = end == 0 || begins(holds_date) || begins(holds_address);
        let full = all.windows(2).all(|pair| {
            let word = pair[1].split_whitespace().next().unwrap_or_default();
            !pair[0].is_empty() && pair[0].chars().count() + 1 + word.chars().count() > WRAPPED_FROM
        });
        let unmarked = (at..=at + end).all(|line| !self.is_quoted(line));
        (evidence && begun && full && unmarked).then_some(at + end + 1)
    }
}

/// Whether there is nothing in the line that anybody reads: blanks, and the strokes and brackets that programs draw and put
/// around a token.
fn says_none(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || is_invisible(c) || "-_=*[]()<>|".contains(c))
}

/// `-----Original Message-----`, whatever it says.
fn is_ruled(line: &str) -> bool {
    line.starts_with("---") && line.ends_with("---")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `T` alone in the text stands for the token.
    fn nothing(text: &str) -> bool {
        let tokens: Vec<Range<usize>> = text.match_indices('\u{2020}').map(|(at, t)| at..at + t.len()).collect();
        says_nothing(text, tokens.into_iter())
    }

    /// A copy of a challenge without marks, from its first line to its last.
    const COPY: &str =
        "Hello,\n\nyou wrote to alice@example.org. Please reply.\n\n    Date: today\n\n* * *\n\nBonjour\n\n\u{2020}\n";

    #[test]
    fn what_somebody_wrote_is_never_taken_for_nothing() {
        for text in [
            "ok",
            "?",
            "!",
            "+1",
            ".",
            "\u{1f44d}",
            "\u{2764}\u{fe0f}",
            "\u{2714}",
            ":)",
            "\u{fffd}",
            "\u{7}",
            "\u{2020} ok",
            "ok \u{2020}",
            "\u{2020}\nok",
            "> a\nok",
            "ok\n> a",
            "> a\n\nok\n\n> b",
            "> a\n-- \nBob",
            "-- \nBob",
            "Sent from my telephone",
            "See here:\n> a",
            "Alice wrote:\n> a",
            "bob@x.org:\n> a",
            "Call me on 030 1234567, bob@x.org:\n> a",
            "On 12 May 2026:\n> a",
            "On 21 Nov 2026 at 10:00, Alice wrote:",
            "On 21 Nov 2026 at 10:00, Alice wrote:\nok\n> a",
            "ok\nOn 21 Nov 2026 at 10:00, Alice wrote:\n> a",
            "ok, 2026\nOn 21 Nov 2026 at 10:00, Alice wrote:\n> a",
            "Yes, 2026 it was\nalice@example.org wrote:\n> a",
            "Yes, in 2026, and I wrote it myself, as I have told you on the telephone.\n\
             On 21 Nov 2026 at 10:00, Alice wrote:\n> a",
            "| ok",
            ") ok",
            "OK> ok",
            "-----yes-----",
            "-----BEGIN PGP SIGNED MESSAGE-----\n> a",
            "From: Alice <alice@example.org>\nSent: Saturday\nSubject: x\n\nHello",
            "Name: Bob\nMail: bob@x.org\nTel: 1\n\n> \u{2020}",
            "Name: Bob\nMail: bob@x.org\nTel: 1\n\n\u{2020}",
        ] {
            assert!(!nothing(text), "{text}");
            assert!(!nothing(&format!("\u{2020}\n{text}")), "{text}");
            assert!(!nothing(&text.replace('\n', "\r\n")), "{text}");
        }
    }

    #[test]
    fn below_and_above_a_copy_without_marks_somebody_may_have_written() {
        let block = "From: Alice <alice@example.org>\nSent: Saturday\nTo: Bob\nSubject: x [\u{2020}]\n\n";
        let attribution = "On Sat, 21 Nov 2026 at 10:00, Alice <alice@example.org> wrote:\n\n";
        for head in [block, attribution, &format!("-----Original Message-----\n{block}")] {
            assert!(nothing(&format!("\n{head}{COPY}\n")), "{head}");
            for text in [
                format!("ok\n\n{head}{COPY}"),
                format!("{head}{COPY}\nok"),
                format!("{head}{COPY}-- \nBob"),
                format!("{head}{}", COPY.replace('\u{2020}', "\u{2020} ok")),
                format!("{head}{}", COPY.replace('\u{2020}', "")),
                format!("{head}ok"),
                format!("P.S.: ok\n{head}{COPY}"),
                format!("{head}{COPY}> quoted\n\u{1f44d}"),
            ] {
                assert!(!nothing(&text), "{text}");
            }
        }
        // Without address or token it may be anybody's list.
        for block in
            [block.replace("alice@example.org", "Alice"), block.replace('\u{2020}', ""), block.replace("To: ", "To ")]
        {
            assert!(!nothing(&format!("{block}{COPY}")), "{block}");
        }
    }

    #[test]
    fn a_quotation_alone_says_nothing_in_any_language() {
        for text in [
            "",
            " \r\n\u{a0}\u{200b}\n",
            "\u{2020}",
            "[\u{2020}]\n",
            "> a\n> b\n>> c",
            "> a\n> \u{2020}\n\n-- \n",
            "On 21 Nov 2026 at 10:00, Alice wrote:\n\n> \u{2020}",
            "| a\n| b\n|\n",
            ") a\n) b\n) c\n",
            "AL> a\nAL> b\nAL> c",
            "________________________________\n> a",
            "On 21 Nov 2026, at 10:00, alice@example.org wrote:\n\n> Hello",
            "Am 21.11.26 um 10:00 schrieb Alice:\n> a",
            "Le sam. 21 nov. 2026 \u{e0} 10:00, Alice <alice@example.org> a \u{e9}crit :\n\n> a",
            "On Sat, 21 Nov 2026 at 10:00, Alice Liddell the Younger of Oxford\n<alice@example.org> wrote:\n> a",
            "Alice Liddell the Younger of Oxford in England <alice@example.org>\nkirjoitti 21.11.2026 kello 10.00:\n> a",
            "2026\u{5e74}11\u{6708}21\u{65e5} 10:00 Alice <alice@example.org>:\n> a",
            "Alice <alice@example.org> \u{4e8e}2026\u{5e74}11\u{6708}21\u{65e5}\u{5468}\u{516d} 10:00\u{5199}\u{9053}\u{ff1a}\n> a",
            "\u{6f2}\u{6f1} \u{646}\u{648}\u{627}\u{645}\u{628}\u{631} \u{6f2}\u{6f0}\u{6f2}\u{6f6}\u{60c} \u{6f1}\u{6f0}:\u{6f0}\u{6f0} \
             Alice \u{646}\u{648}\u{634}\u{62a}:\u{200f}\n> a",
        ] {
            assert!(nothing(text), "{text}");
            assert!(nothing(&text.replace('\n', "\r\n")), "{text}");
        }
        for names in [
            ["From", "Sent", "To", "Subject"],
            [
                "\u{645}\u{646}",
                "\u{62a}\u{645} \u{627}\u{644}\u{625}\u{631}\u{633}\u{627}\u{644}",
                "\u{625}\u{644}\u{649}",
                "\u{627}\u{644}\u{645}\u{648}\u{636}\u{648}\u{639}",
            ],
            [
                "\u{bcf4}\u{b0b8} \u{c0ac}\u{b78c}",
                "\u{bcf4}\u{b0b8} \u{b0a0}\u{c9dc}",
                "\u{bc1b}\u{b294} \u{c0ac}\u{b78c}",
                "\u{c81c}\u{baa9}",
            ],
            [
                "*\u{41e}\u{442}",
                "*\u{414}\u{430}\u{442}\u{430}",
                "*\u{41a}\u{43e}\u{43c}\u{443}",
                "*\u{422}\u{435}\u{43c}\u{430}",
            ],
        ] {
            let [from, sent, to, subject] = names;
            let block = format!(
                "{from}: Alice <alice@example.org>\n{sent}: Saturday 10:00\n{to}: Bob\n{subject}: Auto: reply [\u{2020}]\n\n"
            );
            assert!(nothing(&format!("{block}{COPY}")), "{block}");
            assert!(nothing(&block), "{block}");
            assert!(nothing(&format!("{}{COPY}", block.replace(" [", "\n[").replace(": ", "\u{ff1a}"))), "{block}");
        }
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        let start = std::time::Instant::now();
        let field = "a: b@c\n";
        for unit in [
            "\n",
            "> a\n",
            "2026 10:00:\n",
            "2026\n",
            field,
            "---\n",
            "---a---\n\n",
            "| \n",
            "\u{2020}\n",
            "A> \n",
            "[",
        ] {
            let text = unit.repeat(256 * 1024 / unit.len());
            for text in
                [text.clone(), format!("---a---\n{text}"), format!("2026 10:00:\n{text}"), format!("{text}\u{2020}")]
            {
                nothing(&text);
            }
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
