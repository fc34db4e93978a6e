//! `held`: the list of what is held.
//!
//! Promises: every message of the quarantine that bears our seal is shown or counted; changes nothing but that a file
//! which vanished is written down as gone. Never touches: the messages.

use std::collections::HashMap;

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::cli::HeldArguments;
use crate::exit::Ending;
use crate::mail::compose::short_date;
use crate::operation::installation::Installation;
use crate::operation::ledger::{Ledger, asked_name, asked_words};
use crate::operation::screen;
use crate::operation::select::{Found, Selection, select};
use crate::operation::trouble::{Answer, Trouble};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::Asked;

/// Most columns of the From field.
const FROM_WIDTH: usize = 28;
/// Most columns of the Subject.
const SUBJECT_WIDTH: usize = 36;
/// Columns of number and date and the gaps behind them.
const FIRST_COLUMNS: usize = 30;
/// Where the second line of a message begins: under its date.
const INDENT: usize = 12;

/// Runs `held`: newest last, one line a message, or two on a terminal. 1 if criteria were given and nothing met them.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn held(arguments: &HeldArguments, environment: Environment) -> Answer {
    // Gather.
    let selection = Selection::parse(&arguments.select)?;
    let installation = Installation::open(&environment)?;
    let mut ledger = Ledger::open(&installation)?;
    let selected = select(&installation, &mut ledger, &selection, clock::now())?;
    let rows = ledger.ask(&installation, |store| Ok(store.all_held()?))?.unwrap_or_default();
    let asked: HashMap<i64, Asked> = rows.iter().map(|row| (row.id.number(), row.asked)).collect();
    // Decide.
    let asked_of = |found: &Found| asked.get(&found.held.id.number()).copied();
    let text = if arguments.json {
        selected.found.iter().map(|found| as_json(found, asked_of(found))).collect()
    } else {
        as_columns(&selected.found, &asked_of, screen::width())
    };
    // Perform.
    screen::out(&text)?;
    for sentence in &selected.absent {
        screen::error(sentence);
    }
    if selection.is_everything() {
        count_foreign(&installation, selected.found.len())?;
    }
    if selected.found.is_empty() {
        screen::aside(if selection.is_everything() { "Nothing is held." } else { "Nothing that is held fits." });
    }
    let all_there = selected.absent.is_empty() && (selection.is_everything() || !selected.found.is_empty());
    Ok(if all_there { Ending::Done } else { Ending::No })
}

/// What lies in the folder and is none of ours: without the key nothing there would be, and an empty list would
/// look as if nothing were held.
fn count_foreign(installation: &Installation, ours: usize) -> Result<(), Trouble> {
    let quarantine = installation.quarantine();
    let files = if quarantine.exists() { quarantine.entries()?.count() } else { 0 };
    if files > ours {
        let path = quarantine.path().display();
        let keys = installation.config.paths.keys.display();
        screen::error(&format!(
            "{path} also holds what bears no seal of this program ({}): another one put it there, or the key that \
             sealed it is not in {keys}",
            files - ours
        ));
    }
    Ok(())
}

/// Number, date, From, Subject, reason, asked, on one line a message or, where that is too wide, on two. The reason is
/// never cut, so that `--reason` can take it.
fn as_columns(found: &[Found], asked_of: &dyn Fn(&Found) -> Option<Asked>, width: Option<usize>) -> String {
    let widest = |text: &dyn Fn(&Found) -> usize, limit: usize| found.iter().map(text).max().unwrap_or(0).min(limit);
    let from = widest(&|found| author(found, FROM_WIDTH).width(), FROM_WIDTH);
    let subject = widest(&|found| found.subject.width(), SUBJECT_WIDTH);
    let reason = widest(&|found| found.held.block.reason.name().len(), usize::MAX);
    let asked = widest(&|found| asked_words(asked_of(found)).len(), usize::MAX);
    let narrow = width.filter(|width| FIRST_COLUMNS + from + subject + reason + asked + 6 > *width);
    let mut out = String::new();
    for one in found {
        let (block, asked_word) = (&one.held.block, asked_words(asked_of(one)));
        let begin = format!("{}  {}", one.held.id, short_date(block.received));
        let name = screen::column(block.reason.name(), reason);
        let Some(width) = narrow else {
            let (from, subject) = (screen::column(&author(one, from), from), screen::column(&one.subject, subject));
            out.push_str(&format!("{begin}  {from}  {subject}  {name}  {asked_word}\n"));
            continue;
        };
        let room = width.saturating_sub(FIRST_COLUMNS);
        let from = screen::column(&author(one, room), room);
        let asked_word = screen::column(asked_word, asked);
        let subject = screen::column(&one.subject, width.saturating_sub(INDENT + reason + asked + 4));
        let second = format!("{:INDENT$}{name}  {asked_word}  {subject}", "");
        out.push_str(&format!("{begin}  {}\n{}\n", from.trim_end(), second.trim_end()));
    }
    out
}

/// The From field where it fits; else the address alone: a long name must not push it out of sight.
fn author(found: &Found, room: usize) -> String {
    match &found.held.block.sender {
        Some(sender) if found.from.width() > room => sender.to_string(),
        _ => found.from.clone(),
    }
}

fn as_json(found: &Found, asked: Option<Asked>) -> String {
    let block = &found.held.block;
    let value = json!({
        "id": found.held.id.to_string(),
        "received": block.received,
        "from": found.from,
        "sender": block.sender.as_ref().map(ToString::to_string),
        "subject": found.subject,
        "reason": block.reason.name(),
        "sentence": block.reason.sentence(),
        "asked": asked.map(asked_name),
        "proofs": block.proofs.list(),
        "bytes": found.held.entry.status().ok().flatten().map(|status| status.bytes),
    });
    format!("{value}\n")
}
