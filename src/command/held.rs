//! `held`: the list of what is held, or of what was thrown away and lies in the trash.
//!
//! Promises: every file of the folder that bears our block is shown, and every other named or counted; changes nothing but that a file
//! which vanished is written down as gone. Never touches: the messages.

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::cli::HeldArguments;
use crate::exit::Ending;
use crate::mail::compose::short_date;
use crate::mail::display::filled;
use crate::operation::installation::Installation;
use crate::operation::ledger::{Ledger, asked_name, asked_words, say_keyless};
use crate::operation::screen;
use crate::operation::select::{Found, Selection, each};
use crate::operation::trouble::{Answer, Trouble};
use crate::operation::unread::sentences;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::{Asked, State};

/// Most columns of the From field.
const FROM_WIDTH: usize = 28;
/// Most columns of the Subject.
const SUBJECT_WIDTH: usize = 36;
/// Columns of number and date and the gaps behind them.
const FIRST_COLUMNS: usize = 30;
/// Where the second line of a message begins: under its date.
const INDENT: usize = 12;
/// So many bytes are written at once.
const PIECE: usize = 64 * 1024;

/// What of a message is kept until all are read: of a hundred thousand no more than that has room.
struct Line {
    received: i64,
    id: HeldId,
    reason: Reason,
    asked: Option<Asked>,
    /// What is shown of it: as an object of JSON, or the From field and the Subject as far as any screen is wide.
    from: Box<str>,
    subject: Box<str>,
    sender: Option<Box<str>>,
}

/// Runs `held`: newest last, one line a message, or two on a terminal. 1 if criteria were given and nothing met them.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn held(arguments: &HeldArguments, environment: Environment) -> Answer {
    // Gather.
    let selection = Selection::parse(&arguments.select)?;
    let selection = if arguments.trash { selection.in_trash() } else { selection };
    let (installation, keyless) = Installation::open_without_keys(&environment)?;
    say_keyless(keyless.as_ref());
    let mut ledger = Ledger::open(&installation)?;
    let state = if arguments.trash { State::Discarded } else { State::Held };
    let asked = asked(&installation, &mut ledger, &selection, state)?;
    let asked_of = |id: HeldId| {
        let at = asked.binary_search_by_key(&id.number(), |(number, _)| *number).ok()?;
        Some(asked[at].1)
    };
    let mut lines = Vec::new();
    let rest = each(&installation, &mut ledger, &selection, clock::now(), |found| {
        lines.push(line(&found, asked_of(found.held.id), arguments.json));
    })?;
    // Decide.
    lines.sort_by_key(|line| (line.received, line.id.number()));
    // Perform.
    if arguments.json {
        print(lines.iter().map(|line| line.subject.to_string()))?;
    } else {
        let columns = Columns::of(&lines, screen::width());
        print(lines.iter().map(|line| columns.show(line)))?;
    }
    for sentence in &rest.absent {
        screen::error(sentence);
    }
    if selection.is_everything() {
        let place = if arguments.trash { "trash" } else { "quarantine" };
        sentences(place, &rest.unread, &installation.config.paths.keys).iter().for_each(|said| screen::error(said));
    }
    if lines.is_empty() {
        screen::aside(match (arguments.trash, selection.is_everything()) {
            (false, true) => "Nothing is held.",
            (false, false) => "Nothing that is held fits.",
            (true, true) => "Nothing lies in the trash.",
            (true, false) => "Nothing in the trash fits.",
        });
    }
    let all_there = rest.absent.is_empty() && (selection.is_everything() || !lines.is_empty());
    Ok(if all_there { Ending::Done } else { Ending::No })
}

/// Whether the sender of each message was asked, by its number: of all, or of those that are named.
fn asked(
    installation: &Installation,
    ledger: &mut Ledger,
    selection: &Selection,
    state: State,
) -> Result<Vec<(i64, Asked)>, Trouble> {
    let found = ledger.ask(installation, |store| {
        let mut found: Vec<(i64, Asked)> = Vec::new();
        if selection.ids().is_empty() {
            store.each_in_state(state, |row| found.push((row.id.number(), row.asked)))?;
        }
        for beginning in selection.ids() {
            let rows = store.held_beginning(*beginning)?.into_iter().filter(|row| row.state == state);
            found.extend(rows.map(|row| (row.id.number(), row.asked)));
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        Ok(found)
    })?;
    Ok(found.unwrap_or_default())
}

/// Writes the lines, many at a time. A reader that went away wants no more of them.
fn print(lines: impl Iterator<Item = String>) -> std::io::Result<()> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        if text.len() >= PIECE {
            if screen::stream(&text)?.is_break() {
                return Ok(());
            }
            text.clear();
        }
    }
    screen::out(&text)
}

fn line(found: &Found, asked: Option<Asked>, json: bool) -> Line {
    let block = &found.held.block;
    let (from, subject, sender) = if json {
        (String::new(), as_json(found, asked), None)
    } else {
        // No screen is wider, so nothing that is shown is lost.
        let cut = |text: &str| text.chars().take(screen::WIDEST).collect::<String>();
        (cut(&found.from), cut(&found.subject), block.sender.as_ref().map(ToString::to_string))
    };
    Line {
        received: block.received,
        id: found.held.id,
        reason: block.reason,
        asked,
        from: from.into(),
        subject: subject.into(),
        sender: sender.map(Into::into),
    }
}

/// Number, date, From, Subject, reason, asked, on one line a message or, where that is too wide, on two. The reason is
/// never cut, so that `--reason` can take it.
struct Columns {
    from: usize,
    subject: usize,
    reason: usize,
    asked: usize,
    /// How wide the screen is, where it is too narrow for one line.
    narrow: Option<usize>,
}

impl Columns {
    fn of(lines: &[Line], width: Option<usize>) -> Columns {
        let widest = |text: &dyn Fn(&Line) -> usize, limit: usize| lines.iter().map(text).max().unwrap_or(0).min(limit);
        let from = widest(&|line| author(line, FROM_WIDTH).width(), FROM_WIDTH);
        let subject = widest(&|line| line.subject.width(), SUBJECT_WIDTH);
        let reason = widest(&|line| line.reason.name().len(), usize::MAX);
        let asked = widest(&|line| asked_words(line.asked).len(), usize::MAX);
        let narrow = width.filter(|width| FIRST_COLUMNS + from + subject + reason + asked + 6 > *width);
        Columns { from, subject, reason, asked, narrow }
    }

    fn show(&self, line: &Line) -> String {
        let asked_word = asked_words(line.asked);
        let begin = format!("{}  {}", line.id, short_date(line.received));
        let name = filled(line.reason.name(), self.reason);
        let Some(width) = self.narrow else {
            let from = filled(author(line, self.from), self.from);
            let subject = filled(&line.subject, self.subject);
            return format!("{begin}  {from}  {subject}  {name}  {asked_word}\n");
        };
        let room = width.saturating_sub(FIRST_COLUMNS);
        let from = filled(author(line, room), room);
        let asked_word = filled(asked_word, self.asked);
        let subject = filled(&line.subject, width.saturating_sub(INDENT + self.reason + self.asked + 4));
        let second = format!("{:INDENT$}{name}  {asked_word}  {subject}", "");
        format!("{begin}  {}\n{}\n", from.trim_end(), second.trim_end())
    }
}

/// The From field where it fits; else the address alone: a long name must not push it out of sight.
fn author(line: &Line, room: usize) -> &str {
    match &line.sender {
        Some(sender) if line.from.width() > room => sender,
        _ => &line.from,
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
        "sealed": found.held.sealed,
        "bytes": found.held.entry.status().ok().flatten().map(|status| status.bytes),
    });
    format!("{value}\n")
}
