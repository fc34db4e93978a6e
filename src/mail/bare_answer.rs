//! Whether a text is nothing but the quotation of what it answers.
//!
//! Promises: linear in time, in no language but for the verb of an introduction without an address; in doubt the text says something, since a person's words that were taken for
//! nothing would not be read, and nothing that was taken for words costs a glance. So a question mark, a sign, a picture of
//! a face and a line below a signature are words here; and what no `>` marks as quoted is handed on, for whoever knows the
//! words that were answered (`policy/copy.rs`). Never touches: what follows from it.

use std::borrow::Cow;
use std::ops::Range;

use super::quotation::{HeaderBlock, ends_in_writing, holds_address, holds_date, holds_time, is_invisible, is_quoted};

/// Most lines that an attribution is wrapped to.
const ATTRIBUTION_LINES: usize = 4;
/// A line is wrapped only where the next word would have made it longer than this.
const WRAPPED_FROM: usize = 60;
/// So many lines with a mark other than `>` are a quotation; one alone may be somebody's way of writing.
const RARE_MARKS: usize = 3;

/// What stands in a text that most likely says nothing: its lines by which that can be proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nothing {
    /// What introduces a quotation: `On Saturday, Alice wrote:`.
    pub introductions: Vec<String>,
    /// What looks like a copy and has no `>`.
    pub copied: Vec<String>,
}

/// Most lines that are kept of one text; a longer copy is none of a challenge.
const KEPT_LIMIT: usize = 400;

/// Something if nothing stands in the text but quotation, what introduces it, the tokens that stand at `tokens`, and blanks.
#[must_use]
pub fn says_nothing(text: &str, tokens: impl Iterator<Item = Range<usize>>) -> Option<Nothing> {
    let (rest, places) = without(text, tokens);
    let page = Page::new(&rest, &places);
    let mut nothing = Nothing::default();
    let mut at = 0;
    while at < page.lines.len() {
        at = page.passed_over(at, &mut nothing)?;
    }
    (nothing.introductions.len() + nothing.copied.len() <= KEPT_LIMIT).then_some(nothing)
}

/// The text without its tokens, and where they stood in what is left.
pub(super) fn without(text: &str, tokens: impl Iterator<Item = Range<usize>>) -> (Cow<'_, str>, Vec<usize>) {
    let mut out = String::new();
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
    if places.is_empty() {
        return (text.into(), places);
    }
    out.push_str(&text[at..]);
    (out.into(), places)
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
    fn passed_over(&self, at: usize, nothing: &mut Nothing) -> Option<usize> {
        if self.is_quoted(at) {
            if !self.lines[at].starts_with('>') {
                nothing.copied.push(without_mark(self.lines[at]).to_owned());
            }
            return Some(at + 1);
        }
        if self.is_none(at) {
            return Some(at + 1);
        }
        if let Some(next) = self.behind_header_block(at) {
            // What is copied below it ends with the token; what stands below that is the sender's.
            return Some(self.behind_copy(next, nothing).unwrap_or(next));
        }
        let next = self.next_line(at + 1);
        if is_ruled(self.lines[at]) && self.behind_header_block(next).is_some() {
            return Some(next);
        }
        let behind = self.behind_attribution(at)?;
        nothing.introductions.push(self.lines[at..behind].join(" "));
        let next = self.next_line(behind);
        if next < self.lines.len() && self.is_quoted(next) { Some(next) } else { self.behind_copy(behind, nothing) }
    }

    /// Whether nobody reads anything in the line: blanks, a drawn line, the brackets round a token.
    fn is_none(&self, at: usize) -> bool {
        let line = self.lines[at];
        is_drawn(line) || (self.token[at] && line.chars().all(|c| c.is_whitespace() || "[]()<>*_|.".contains(c)))
    }

    fn is_quoted(&self, at: usize) -> bool {
        let line = self.lines[at];
        is_quoted(line) && (self.rare_marks || line.starts_with('>'))
    }

    fn next_line(&self, at: usize) -> usize {
        self.lines[at..]
            .iter()
            .position(|line| !is_drawn(line) || is_quoted(line))
            .map_or(self.lines.len(), |offset| at + offset)
    }

    /// The line behind a copy without marks, which begins here and ends with a token in a line of its own.
    fn behind_copy(&self, at: usize, nothing: &mut Nothing) -> Option<usize> {
        let last = self.last.filter(|last| *last >= at && self.is_none(*last))?;
        nothing
            .copied
            .extend(self.lines[at..last].iter().filter(|line| !is_drawn(line)).map(|line| (*line).to_owned()));
        Some(last + 1)
    }

    /// The line behind a header block, as it stands above what is quoted without marks: with the author's address first, and
    /// with the token, which is in the Subject of every challenge. A person's own address card has none.
    fn behind_header_block(&self, at: usize) -> Option<usize> {
        if at >= self.lines.len() {
            return None;
        }
        let block = HeaderBlock::at(&self.lines, at);
        let mut end = at + block.lines;
        // A long Subject is wrapped.
        let wrapped = end < self.lines.len() && self.token[end] && self.is_none(end);
        let token = self.token[at..end].iter().position(|token| *token);
        if let Some(subject) = token {
            // Below the Subject stand addresses and dates; other words are the sender's.
            let program = |line: &&str| holds_address(line) || holds_date(line);
            end = at + subject + 1 + self.lines[at + subject + 1..end].iter().take_while(|line| program(line)).count();
        }
        (block.lines >= 3 && block.author && (wrapped || token.is_some())).then_some(end + usize::from(wrapped))
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

/// Whether there is nothing in the line but blanks, or a stroke again and again, as programs draw; faces are made of others.
fn is_drawn(line: &str) -> bool {
    let mut strokes = line.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c));
    let Some(first) = strokes.next() else { return true };
    "-_=*".contains(first) && strokes.clone().next().is_some() && strokes.all(|stroke| stroke == first)
}

/// A quoted line without its mark.
fn without_mark(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c.is_alphabetic());
    let rest = if rest.starts_with('>') { rest } else { line };
    rest.trim_start_matches(['>', '|', ')', ' '])
}

/// `-----Original Message-----`, whatever it says.
fn is_ruled(line: &str) -> bool {
    line.starts_with("---") && line.ends_with("---")
}
