//! `maintain`: what cron does once an hour. Brings store and quarantine together again after a crash, gives a
//! refused challenge its one second try, finishes releases that broke off, and lets old mail expire.
//!
//! Promises: nothing expires sooner than three days after a digest has listed it; a challenge that perhaps went out is never sent again;
//! run twice at once it does nothing twice. Never touches: list entries.

use std::fmt;

use crate::cli::MaintainArguments;
use crate::command::digest::inventory;
use crate::exit::Ending;
use crate::facts::Facts;
use crate::operation::ask::{send, slot_request};
use crate::operation::case::entry_of;
use crate::operation::checkup::CLOCK_FROM;
use crate::operation::delivery::{facts_of, held_row};
use crate::operation::installation::Installation;
use crate::operation::quarantine::{self, Held};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::fingerprint::Kind;
use crate::policy::gate::may_challenge;
use crate::policy::standing::{Effect, Origin};
use crate::policy::token::{HeldId, LIFE_IN_DAYS};
use crate::policy::verdict::Verdict;
use crate::report::{self, Level};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::maildir::{ABANDONED_AFTER, Removed};
use crate::world::store::{Asked, CLOCK_SLACK, HeldRow, Limits, Recorded, State, Store, StoreFile, StoreProblem};

/// A message that was held without a row is asked for only within that many seconds: after three days a challenge
/// would puzzle more than it helps.
const ASK_WITHIN: i64 = 3 * DAY;
/// A claim that old belongs to a process that died.
const CLAIM_OVERDUE: i64 = 3_600;
/// Rows of messages that are gone are kept that many seconds, so that `why` can answer.
const ROWS_KEPT: i64 = 90 * DAY;
/// Between its first listing in a digest and its end a message has at least that many seconds.
const TIME_TO_READ: i64 = 3 * DAY;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Repair {
    /// Its time is over, and a digest has listed it.
    Expire(HeldId),
    /// The file is gone: the user moved or deleted it.
    Gone(HeldId),
    /// A file without a row.
    Record(HeldId),
    /// Its sender was allowed since it came, and whoever released the rest did not come to it.
    Release(HeldId),
    /// The user put a released or lost message back into the quarantine; its time begins anew.
    Restore(HeldId),
    /// sendmail refused it once.
    TryAgain(HeldId),
}

/// Runs `maintain`.
///
/// # Errors
/// When store or quarantine cannot be used. A repair that fails is said, and the others are done; 75 then.
pub fn maintain(arguments: &MaintainArguments, environment: Environment) -> Answer {
    // Gather.
    let installation = Installation::open(&environment)?;
    let now = clock::now();
    if arguments.rebuild {
        return rebuild(&installation, now);
    }
    let mut store = installation.store()?;
    let quarantine = if arguments.dry_run { installation.quarantine() } else { installation.ready_quarantine()? };
    let stranded = if quarantine.exists() { quarantine.stranded(CLAIM_OVERDUE, now)? } else { Vec::new() };
    let held = quarantine::all(&installation)?;
    let rows = store.all_held()?;
    // Decide.
    let repairs = repairs(&installation, &store, &held, &rows, now)?;
    if arguments.dry_run {
        let strays = stranded.iter().map(|path| format!("put back {}, which a crash left aside\n", path.display()));
        let text: String = strays.chain(repairs.iter().map(|repair| format!("{repair}\n"))).collect();
        screen::out(&text)?;
        return Ok(Ending::Done);
    }
    // Perform.
    for path in &stranded {
        quarantine.put_back(path)?;
    }
    let mut failed = false;
    for repair in &repairs {
        // One message that cannot be mended must not stop the others.
        if let Err(trouble) = perform(&installation, &mut store, &held, repair, now) {
            let said = format!("cannot {repair}: {}", report::chain(&trouble.error));
            report::note(Level::Error, &format!("maintain: {said}"));
            screen::error(&said);
            failed = true;
        }
    }
    if quarantine.exists() {
        quarantine.sweep_tmp(ABANDONED_AFTER, now)?;
    }
    // A clock that was never set takes all rows for rows from the future.
    if now >= CLOCK_FROM {
        store.prune(limits(&installation, now))?;
    }
    Ok(if failed { Ending::Later } else { Ending::Done })
}

impl fmt::Display for Repair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Repair::Expire(id) => write!(out, "throw {id} away: its time is over, and a digest has listed it"),
            Repair::Gone(id) => write!(out, "note that {id} is gone: its file was moved or deleted"),
            Repair::Record(id) => write!(out, "write down {id}, which a crash left without a row"),
            Repair::Release(id) => write!(out, "release {id}: its sender is allowed by now"),
            Repair::Restore(id) => write!(out, "note that {id} is held again: its file came back"),
            Repair::TryAgain(id) => write!(out, "send the challenge for {id}, which sendmail refused, once more"),
        }
    }
}

/// What may be forgotten.
fn limits(installation: &Installation, now: i64) -> Limits {
    let policy = &installation.config.policy;
    let wait = i64::from(policy.caps.days_between) * DAY;
    // A token lives as long as its message is held, and that may be a while longer than configured.
    let lives = (i64::from(policy.retention_days) + 30 + i64::from(LIFE_IN_DAYS)) * DAY;
    Limits {
        rows: now - ROWS_KEPT,
        challenges: now - ROWS_KEPT.max(wait),
        spent: now - ROWS_KEPT.max(lives),
        ahead: now + CLOCK_SLACK,
    }
}

fn repairs(
    installation: &Installation,
    store: &Store,
    held: &[Held],
    rows: &[HeldRow],
    now: i64,
) -> Result<Vec<Repair>, StoreProblem> {
    let mut found = Vec::new();
    for message in held {
        match store.held(message.id)? {
            None => found.push(Repair::Record(message.id)),
            Some(row) if row.state != State::Held => found.push(Repair::Restore(message.id)),
            Some(_) => {}
        }
    }
    let keep = i64::from(installation.config.policy.retention_days) * DAY;
    for row in rows {
        let Some(message) = held.iter().find(|message| message.id == row.id) else {
            found.push(Repair::Gone(row.id));
            continue;
        };
        let over = now.saturating_sub(row.received) > keep;
        let read = row.listed.is_some_and(|then| now.saturating_sub(then) >= TIME_TO_READ);
        found.extend(match row.asked {
            _ if was_allowed(installation, store, message, row)? => Some(Repair::Release(row.id)),
            _ if over && read => Some(Repair::Expire(row.id)),
            Asked::Refused => Some(Repair::TryAgain(row.id)),
            _ => None,
        });
    }
    Ok(found)
}

/// Whether the message is held only because its sender was a stranger, and no longer is one: a confirmation or
/// `release --allow` made an entry after it came, and it carries the proof. What the user allows by hand stays held, as
/// `allow` says; and so does what was put back after the entry was made.
fn was_allowed(
    installation: &Installation,
    store: &Store,
    message: &Held,
    row: &HeldRow,
) -> Result<bool, StoreProblem> {
    let Some(sender) = message.block.sender.as_ref().filter(|_| row.reason.is_of_the_gate()) else { return Ok(false) };
    let found = entry_of(installation, store, Kind::Address, sender.normal().as_str())?;
    Ok(found.is_some_and(|(_, entry)| {
        entry.effect == Effect::Allow
            && entry.origin != Origin::Manual
            && row.received <= entry.added
            && (entry.pin.is_empty() || row.proofs.keeps(entry.pin))
    }))
}

fn perform(
    installation: &Installation,
    store: &mut Store,
    held: &[Held],
    repair: &Repair,
    now: i64,
) -> Result<(), Trouble> {
    let file = |id: &HeldId| held.iter().find(|message| message.id == *id);
    match repair {
        Repair::Expire(id) => {
            if let Some(message) = file(id)
                && installation.quarantine().remove(&message.entry)? == Removed::Done
            {
                store.set_state(*id, State::Expired)?;
            }
        }
        Repair::Gone(id) => {
            // It may have come back under another name since the listing, or be on its way.
            let Some(row) = store.held(*id)? else { return Ok(()) };
            if quarantine::find(installation, Some(store), *id)?.is_none()
                && !quarantine::is_underway(installation, &row.message)?
            {
                store.set_state(*id, State::Gone)?;
            }
        }
        Repair::Release(id) => {
            if let Some(message) = file(id)
                && quarantine::release(installation, message, now)?
            {
                store.set_state(*id, State::Released)?;
            }
        }
        Repair::Record(id) => {
            if let Some(message) = file(id) {
                record(installation, store, message, now)?;
            }
        }
        Repair::Restore(id) => {
            // Another process may be releasing it since the listing.
            if let Some(message) = file(id)
                && message.entry.head(1)?.is_some()
            {
                store.restore(*id, now)?;
            }
        }
        Repair::TryAgain(id) => {
            if let Some(message) = file(id)
                && store.claim_second_try(*id, now)?
            {
                ask(installation, store, message, now)?;
            }
        }
    }
    Ok(())
}

/// Writes the row of a message whose process died before it could, and asks for it if that was due.
fn record(installation: &Installation, store: &mut Store, message: &Held, now: i64) -> Result<(), Trouble> {
    let Some((facts, row)) = row_of(installation, message)? else { return Ok(()) };
    let fresh = now.saturating_sub(message.block.received) < ASK_WITHIN;
    let to = match may_challenge(&facts, &installation.config.policy) {
        Ok((to, _)) if message.block.verdict == Verdict::Challenge && fresh && facts.signs().is_empty() => Some(to),
        _ => None,
    };
    let Recorded { slot, .. } = store.record_held(&row, None, to.map(|to| slot_request(installation, to, now)))?;
    match to {
        Some(to) if slot => send(installation, store, &facts, message.id, to, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// The row of a message as its sealed block has it: what was proven then, not what the trust of today makes of it.
fn row_of(installation: &Installation, message: &Held) -> Result<Option<(Facts, HeldRow)>, Trouble> {
    let block = &message.block;
    Ok(facts_of(installation, message)?.map(|facts| {
        let row = held_row(installation, &facts, block.reason, message.id, message.message, block.received);
        (facts, HeldRow { proofs: block.proofs, ..row })
    }))
}

/// The second try of a refused challenge, under the same gate as the first.
fn ask(installation: &Installation, store: &mut Store, message: &Held, now: i64) -> Result<(), Trouble> {
    let Some(facts) = facts_of(installation, message)? else { return Ok(()) };
    match may_challenge(&facts, &installation.config.policy) {
        Ok((to, _)) if facts.signs().is_empty() => send(installation, store, &facts, message.id, to, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// New files for those of the store that are damaged. Messages and challenges are written down from what the quarantine
/// says about itself. The list of allowed senders is not in there: where it is damaged it begins anew. What was damaged,
/// however badly, is kept beside the new file.
fn rebuild(installation: &Installation, now: i64) -> Answer {
    // Gather.
    let path = &installation.config.paths.store;
    let mut damaged = Vec::new();
    for file in [StoreFile::List, StoreFile::Messages] {
        match Store::check(path, file) {
            Ok(()) => {}
            Err(problem @ (StoreProblem::Busy | StoreProblem::Machine(_))) => return Err(problem.into()),
            Err(_) => damaged.push(file),
        }
    }
    // Decide.
    if damaged.is_empty() {
        return Err(Trouble::usage("the store is sound; nothing is to be rebuilt".into()));
    }
    // Perform.
    let mut said = String::new();
    for file in &damaged {
        let kept = Store::set_aside(path, *file, now)?;
        said.extend(kept.map(|kept| format!("The old file is kept as {}.\n", kept.display())));
    }
    Store::create(path)?;
    if damaged.contains(&StoreFile::List) {
        said.insert_str(
            0,
            "The list of allowed and denied senders was in the old file: restore it from a backup, or allow people \
             again.\n",
        );
    }
    if damaged.contains(&StoreFile::Messages) {
        let count = write_down(installation)?;
        said.insert_str(0, &format!("{count} held messages are in the new store.\n"));
    }
    screen::out(&said)?;
    Ok(Ending::Done)
}

/// Makes a row of every held message; how many are held.
fn write_down(installation: &Installation) -> Result<usize, Trouble> {
    let mut store = installation.store()?;
    for message in &quarantine::all(installation)? {
        let Some((_, row)) = row_of(installation, message)? else { continue };
        // Nobody knows any more who was asked; that nobody is asked twice matters more than that somebody is.
        let asked = if message.block.verdict == Verdict::Challenge { Asked::Unknown } else { Asked::No };
        store.record_held(&HeldRow { asked, ..row }, None, None)?;
    }
    let found = inventory(installation, Ok(&store))?;
    Ok(found.new.len() + found.older)
}
