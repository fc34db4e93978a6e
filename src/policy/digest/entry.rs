//! One held message in the digest: what is known of it, what it says, and the lines that show it.
//!
//! Promises: at most three lines, none wider than the digest, whatever stands in them; nothing foreign reaches the reader
//! but sanitised text without a link. Never touches: where an entry stands, or whether it is shown.

use crate::mail::compose::short_day;
use crate::mail::display::{SHOWN_LIMIT, columns, cut, filled, one_line, without_links};
use crate::origin::score::Points;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::signs::list_id::ListId;

/// Columns in front of the number.
pub(super) const INDENT: usize = 2;
/// Columns in front of the From field, and of the Subject where it has a line of its own.
const FROM_AT: usize = 28;
const SUBJECT_AT: usize = 14;
/// Columns of the From field where the Subject stands beside it.
const NARROW_FROM: usize = 22;
/// A preview of fewer columns says nothing.
const LEAST_PREVIEW: usize = 12;
/// Most characters of all that is shown of a text.
const PREVIEW_LIMIT: usize = 200;

/// One held message, without what only those have that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: HeldId,
    /// When it arrived, seconds since 1970.
    pub received: i64,
    /// Why it is held.
    pub reason: Reason,
    /// The spam filter's score, if one is configured and was believed.
    pub score: Option<Points>,
    /// Whether its sender was asked.
    pub asked: bool,
    /// Whether the challenge for it came back: then hardly anybody is there.
    pub undeliverable: bool,
}

/// What a message says that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The From field, sanitised.
    pub from: String,
    /// The clear address in it; empty if there is none.
    pub address: String,
    /// The Subject, sanitised.
    pub subject: String,
    /// The first lines of its text, sanitised.
    pub preview: Vec<String>,
    /// When it first came, seconds since 1970, where its block says so: what was brought back counts anew from then on.
    pub came: Option<i64>,
    /// The mailing list that it came through, where nobody has decided about that.
    pub list: Option<ListId>,
    /// Whether it brings a code, or asks for a confirmation, for which somebody may be waiting.
    pub code: bool,
}

/// The user's time of day.
#[derive(Clone, Copy)]
pub struct Zone<'a> {
    /// What it is called.
    pub name: &'a str,
    /// By how many seconds it is ahead of UTC at a time, in seconds since 1970.
    pub offset: &'a dyn Fn(i64) -> i64,
}

/// How many lines an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// All in one.
    One,
    /// The Subject in a line of its own, with what has room behind it.
    Two,
    /// The text in one as well.
    Three,
}

/// The lines that show an entry, each with its line end.
pub(super) fn lines(entry: &Entry, words: &Words, (form, width): (Form, usize), zone: Zone<'_>) -> String {
    let at = words.came.unwrap_or(entry.received);
    let local = at.saturating_add((zone.offset)(at));
    let begin = format!("{:INDENT$}{}  {}  ", "", entry.id, short_day(local));
    let (from, subject, preview) = (width - FROM_AT, subject(entry, words), preview(words));
    if form == Form::One {
        let author = filled(&author(words, NARROW_FROM), NARROW_FROM);
        return ended(&format!("{begin}{author}  {}", cut(&subject, from - NARROW_FROM - 2)));
    }
    let room = width - SUBJECT_AT;
    let used = columns(&subject) + 3;
    let beside = form == Form::Two && !preview.is_empty() && used + LEAST_PREVIEW <= room;
    let second = if beside { format!("{subject} | {preview}") } else { subject };
    let mut out = ended(&format!("{begin}{}", author(words, from)));
    out.push_str(&ended(&format!("{:SUBJECT_AT$}{}", "", cut(&second, room))));
    if form == Form::Three && !preview.is_empty() {
        out.push_str(&ended(&format!("{:SUBJECT_AT$}| {}", "", cut(&preview, room - 2))));
    }
    out
}

/// A Subject as it is shown anywhere in the digest.
pub(super) fn said(subject: &str) -> String {
    let subject = one_line(subject, SHOWN_LIMIT);
    if subject.is_empty() { "(no subject)".to_owned() } else { without_links(&subject) }
}

fn subject(entry: &Entry, words: &Words) -> String {
    match entry.score {
        Some(score) => format!("[score {score}] {}", said(&words.subject)),
        None => said(&words.subject),
    }
}

fn preview(words: &Words) -> String {
    without_links(&one_line(&words.preview.join(" "), PREVIEW_LIMIT))
}

/// The From field where it fits; else the address alone: a long name must not push it out of sight.
fn author(words: &Words, room: usize) -> String {
    let from = one_line(&words.from, SHOWN_LIMIT);
    let address = one_line(&words.address, SHOWN_LIMIT);
    let whole = match from.strip_suffix(&format!("<{address}>")) {
        // An address is no link, and must be copied as it is.
        Some(name) if !address.is_empty() => format!("{}<{address}>", without_links(name)),
        _ if from == address => address.clone(),
        _ => without_links(&from),
    };
    if columns(&whole) > room && !address.is_empty() { cut(&address, room) } else { cut(&whole, room) }
}

fn ended(line: &str) -> String {
    format!("{}\n", line.trim_end())
}
