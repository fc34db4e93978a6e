//! `maintain`: what cron does once an hour. Brings store and quarantine together again after a crash, gives a
//! refused challenge its one second try, finishes releases that broke off, and lets old mail expire.
//!
//! Promises: nothing expires sooner than three days after a digest has listed it, and nothing by a clock that is
//! not believed; a challenge that perhaps went out is never sent again; run twice at once it does nothing twice.
//! Never touches: list entries.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::cli::MaintainArguments;
use crate::exit::Ending;
use crate::facts::Facts;
use crate::operation::ask::{send, slot_request};
use crate::operation::case::entry_of;
use crate::operation::delivery::{facts_of, held_row};
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::quarantine::{self, Held, TOGETHER};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::gate::may_challenge;
use crate::policy::sent::Class;
use crate::policy::standing::{ALIKE_SECONDS, Effect, Origin};
use crate::policy::time::{Doubt, doubt, is_plausible};
use crate::policy::token::{HeldId, LIFE_IN_DAYS};
use crate::policy::verdict::Verdict;
use crate::report::{self, Level};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::maildir::{ABANDONED_AFTER, Entry, Removed};
use crate::world::store::{
    Asked, CLOCK_SLACK, HeldRow, Limits, Recorded, Recount, State, Store, StoreFile, StoreProblem,
};

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
    let clock = Clock::read(&store, arguments, now)?;
    // By a clock that is not believed, who works just now seems to have died long ago.
    let overdue = clock.is_believed() && quarantine.try_exists()?;
    let stranded = if overdue { quarantine.stranded(CLAIM_OVERDUE, now)? } else { Vec::new() };
    // Decide.
    let Found { mut repairs, recounts } = repairs(&installation, &store, now, &clock)?;
    if arguments.dry_run {
        let strays = stranded.iter().map(|path| format!("put back {}, which a crash left aside\n", path.display()));
        let text: String = strays.chain(repairs.iter().map(|(repair, _)| format!("{repair}\n"))).collect();
        screen::out(&text)?;
        clock.say();
        return Ok(Ending::Done);
    }
    // Perform.
    if clock.is_accepted() {
        store.accept(now, &recounts)?;
    }
    for path in &stranded {
        quarantine.put_back(path)?;
    }
    repairs.sort_by_key(|(repair, _)| repair.place());
    let mut failed = !perform(&installation, &mut store, &repairs, now);
    // Before what it is known by is swept.
    if let Err(error) = inbox::mend(&installation) {
        screen::error(&report::chain(&error));
        failed = true;
    }
    if clock.is_believed() {
        if quarantine.exists() {
            quarantine.sweep_tmp(ABANDONED_AFTER, now)?;
        }
        store.prune(limits(&installation, now))?;
    }
    clock.say();
    Ok(if failed { Ending::Later } else { Ending::Done })
}

/// What this run makes of the clock.
struct Clock {
    /// When it was last accepted.
    accepted: Option<i64>,
    doubt: Option<Doubt>,
    /// Whether the user says that it is right.
    by_word: bool,
    counts: HashMap<i64, i64>,
}

impl Clock {
    fn read(store: &Store, arguments: &MaintainArguments, now: i64) -> Result<Clock, Trouble> {
        let accepted = store.accepted_at()?;
        let clock =
            Clock { accepted, doubt: doubt(now, accepted), by_word: arguments.clock_is_right, counts: store.counts()? };
        match clock.doubt {
            Some(unset @ Doubt::Unset(_)) if clock.by_word => Err(Trouble::not_found(format!(
                "{}. It is before this program was made, so it cannot be right",
                unset.sentence()
            ))),
            _ => Ok(clock),
        }
    }

    /// Whether something may end by it in this run: not where nothing was accepted before that it could be held against.
    fn is_believed(&self) -> bool {
        self.doubt.is_none() && !self.by_word && self.accepted.is_some()
    }

    fn is_accepted(&self) -> bool {
        self.doubt.is_none() || self.by_word
    }

    fn say(&self) {
        match self.doubt {
            Some(doubt) if !self.by_word => screen::error(&format!("{}; {}", doubt.sentence(), doubt.way_out())),
            _ if self.by_word => screen::aside("The clock is accepted. What is over expires in the next run."),
            _ => {}
        }
    }

    /// What of a message's times no clock can have said.
    fn recount(&self, row: &HeldRow) -> Recount {
        let odd = |at: i64| !is_plausible(at, self.accepted);
        Recount { held: row.id, arrival: odd(self.from(row)), listing: row.listed.is_some_and(odd) }
    }

    /// From when its time counts. That too may have been written down under a clock that was ahead.
    fn from(&self, row: &HeldRow) -> i64 {
        self.counts.get(&row.id.number()).copied().unwrap_or(row.received)
    }

    /// Whether a message's time is over, and it was listed long enough ago.
    fn is_over(&self, row: &HeldRow, keep: i64, now: i64) -> bool {
        let read = row.listed.is_some_and(|then| now.saturating_sub(then) >= TIME_TO_READ);
        let recount = self.recount(row);
        let is_old = now.saturating_sub(self.from(row)) > keep;
        self.is_believed() && !recount.arrival && !recount.listing && is_old && read
    }
}

/// What is found in the quarantine.
#[derive(Default)]
struct Found {
    /// Each with its file where there is one.
    repairs: Vec<(Repair, Option<Entry>)>,
    /// Whose time counts from now.
    recounts: Vec<Recount>,
}

impl Repair {
    /// The message.
    fn id(&self) -> HeldId {
        match self {
            Repair::Expire(id)
            | Repair::Gone(id)
            | Repair::Record(id)
            | Repair::Release(id)
            | Repair::Restore(id)
            | Repair::TryAgain(id) => *id,
        }
    }

    /// In which order they are done: first what is there is written down, last what takes sendmail's time.
    fn place(&self) -> u8 {
        match self {
            Repair::Restore(_) => 0,
            Repair::Release(_) => 1,
            Repair::Expire(_) => 2,
            Repair::Gone(_) => 3,
            Repair::Record(_) => 4,
            Repair::TryAgain(_) => 5,
        }
    }

    /// How many of its kind are done together.
    fn together(&self) -> usize {
        match self {
            Repair::Expire(_) | Repair::Record(_) | Repair::Release(_) => TOGETHER,
            // Each look at the folder is for all of them.
            Repair::Gone(_) => usize::MAX,
            Repair::Restore(_) | Repair::TryAgain(_) => 1,
        }
    }
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
    // A token lives as long as its message is held, and that may be a while longer than configured.
    let lives = (i64::from(policy.retention_days) + 30 + i64::from(LIFE_IN_DAYS)) * DAY;
    Limits {
        alike: now - ALIKE_SECONDS,
        rows: now - ROWS_KEPT,
        challenges: now - ROWS_KEPT.max(i64::from(policy.caps.days_between) * DAY),
        spent: now - ROWS_KEPT.max(lives),
        sent: now - Class::Private.seconds() - DAY,
        ahead: now + CLOCK_SLACK,
    }
}

/// What is to be done, each with its file where there is one. Of the files that are as they should be nothing is kept: there
/// may be a hundred thousand.
fn repairs(installation: &Installation, store: &Store, now: i64, clock: &Clock) -> Result<Found, Trouble> {
    let (mut rows, mut found, mut hidden) = (Vec::new(), Found::default(), Vec::new());
    store.each_held(|row| rows.push((row, false)))?;
    for read in quarantine::each_or_file(installation)? {
        let message = match read {
            Ok(message) => message,
            // `held` and the digest name it.
            Err((Some(file), trouble)) if quarantine::is_the_files_own(&trouble) => {
                hidden.push(Fingerprint::from_hex(&file.name));
                continue;
            }
            Err((_, trouble)) => return Err(trouble),
        };
        // The rows come by their number.
        let Ok(at) = rows.binary_search_by_key(&message.id.number(), |(row, _)| row.id.number()) else {
            let known = store.held(message.id)?.is_some();
            let repair = if known { Repair::Restore(message.id) } else { Repair::Record(message.id) };
            found.repairs.push((repair, Some(message.entry)));
            continue;
        };
        let (row, seen) = &mut rows[at];
        // A file that a mail reader renames meanwhile may come twice.
        if std::mem::replace(seen, true) {
            continue;
        }
        found.recounts.extend(Some(clock.recount(row)).filter(|recount| recount.arrival || recount.listing));
        if let Some(repair) = repair(installation, store, &message, row, (now, clock))? {
            found.repairs.push((repair, Some(message.entry)));
        }
    }
    // A file that cannot be read is the one that it is named after, or else may be any of them.
    let is_hidden = |row: &HeldRow| hidden.iter().any(|name| name.is_none_or(|message| message == row.message));
    let gone = rows.iter().filter(|(row, seen)| !seen && !is_hidden(row));
    found.repairs.extend(gone.map(|(row, _)| (Repair::Gone(row.id), None)));
    Ok(found)
}

/// What is to be done about a message whose file and row are there.
fn repair(
    installation: &Installation,
    store: &Store,
    message: &Held,
    row: &HeldRow,
    (now, clock): (i64, &Clock),
) -> Result<Option<Repair>, StoreProblem> {
    let keep = i64::from(installation.config.policy.retention_days) * DAY;
    Ok(match row.asked {
        _ if was_allowed(installation, store, message, row)? => Some(Repair::Release(row.id)),
        _ if clock.is_over(row, keep, now) => Some(Repair::Expire(row.id)),
        Asked::Refused if message.sealed => Some(Repair::TryAgain(row.id)),
        _ => None,
    })
}

/// Whether the message is held only because its sender was a stranger, and no longer is one: a confirmation,
/// `release --allow` or `learn`, by whatever way, made an entry after it came, and it carries the proof. What the user allows
/// by hand stays held, as `allow` says; and so does what was put back after the entry was made.
fn was_allowed(
    installation: &Installation,
    store: &Store,
    message: &Held,
    row: &HeldRow,
) -> Result<bool, StoreProblem> {
    let counts = message.sealed && row.reason.is_of_the_gate();
    let Some(sender) = message.block.sender.as_ref().filter(|_| counts) else { return Ok(false) };
    Ok(entry_of(installation, store, sender)?.is_some_and(|entry| {
        entry.effect == Effect::Allow
            && !matches!(entry.origin, Origin::Any | Origin::Manual)
            && row.received <= entry.added
            && (entry.pin.is_empty() || row.proofs.keeps(entry.pin))
    }))
}

/// Does it all; whether all could be done. One message that cannot be mended must not stop the others.
fn perform(installation: &Installation, store: &mut Store, repairs: &[(Repair, Option<Entry>)], now: i64) -> bool {
    let mut good = true;
    for alike in repairs.chunk_by(|(one, _), (other, _)| one.place() == other.place()) {
        for chunk in alike.chunks(alike[0].0.together()) {
            let troubles = match perform_together(installation, store, chunk, now) {
                Ok(troubles) => troubles,
                Err(trouble) => {
                    let why = report::chain(&trouble.error);
                    chunk.iter().map(|(repair, _)| (repair, why.clone())).collect()
                }
            };
            for (repair, why) in troubles {
                let said = format!("cannot {repair}: {why}");
                report::note(Level::Error, &format!("maintain: {said}"));
                screen::error(&said);
                good = false;
            }
        }
    }
    good
}

/// Does what is of one kind: the files first, then what the store says of them. After a crash in between, what has no
/// file any more is found gone, and what is released is in the inbox. Gives what could not be done, and why.
fn perform_together<'a>(
    installation: &Installation,
    store: &mut Store,
    repairs: &'a [(Repair, Option<Entry>)],
    now: i64,
) -> Result<Vec<(&'a Repair, String)>, Trouble> {
    let mut troubles = Vec::new();
    let mut done = Vec::new();
    let mut note = |repair: &'a Repair, result: Result<bool, Trouble>| match result {
        Ok(true) => done.push(repair.id()),
        Ok(false) => {}
        Err(trouble) => troubles.push((repair, report::chain(&trouble.error))),
    };
    let state = match repairs.first() {
        Some((Repair::Expire(_), _)) => {
            let files: Vec<_> = repairs.iter().filter_map(|(repair, file)| Some((repair, file.as_ref()?))).collect();
            let entries: Vec<_> = files.iter().map(|(_, entry)| *entry).collect();
            for ((repair, _), removed) in files.into_iter().zip(installation.quarantine().remove_all(&entries)) {
                note(repair, removed.map(|removed| removed == Removed::Done).map_err(Into::into));
            }
            State::Expired
        }
        Some((Repair::Release(_), _)) => {
            let held = held(installation, repairs)?;
            let messages: Vec<_> = held.iter().map(|(_, held)| held).collect();
            for ((repair, _), moved) in held.iter().zip(quarantine::release_many(installation, &messages, now)) {
                note(repair, moved);
            }
            State::Released
        }
        Some((Repair::Gone(_), _)) => {
            let back = came_back(installation, store, repairs)?;
            repairs.iter().for_each(|(repair, _)| note(repair, Ok(!back.contains(&repair.id().number()))));
            State::Gone
        }
        Some((Repair::Record(_), _)) => {
            record(installation, store, &held(installation, repairs)?, now)?;
            return Ok(troubles);
        }
        Some((repair, file)) => {
            mend(installation, store, repair, file.as_ref(), now)?;
            return Ok(troubles);
        }
        None => return Ok(troubles),
    };
    if !done.is_empty() {
        store.set_states(&done, state)?;
    }
    Ok(troubles)
}

/// What is done about one message alone.
fn mend(
    installation: &Installation,
    store: &mut Store,
    repair: &Repair,
    file: Option<&Entry>,
    now: i64,
) -> Result<(), Trouble> {
    let id = repair.id();
    match repair {
        Repair::Restore(_) => {
            // Another process may be releasing it since the listing.
            if let Some(file) = file
                && file.head(1)?.is_some()
            {
                store.restore(id, now)?;
            }
        }
        Repair::TryAgain(_) => {
            let held = file.map(|file| quarantine::read(installation, file.clone())).transpose()?.flatten();
            if let Some(message) = held
                && store.claim_second_try(id, now)?
            {
                ask(installation, store, &message, now)?;
            }
        }
        Repair::Expire(_) | Repair::Gone(_) | Repair::Record(_) | Repair::Release(_) => {}
    }
    Ok(())
}

/// The messages in those files that are still there.
fn held<'a>(
    installation: &Installation,
    repairs: &'a [(Repair, Option<Entry>)],
) -> Result<Vec<(&'a Repair, Held)>, Trouble> {
    let mut found = Vec::new();
    for (repair, file) in repairs {
        let held = file.as_ref().map(|file| quarantine::read(installation, file.clone())).transpose()?.flatten();
        found.extend(held.map(|held| (repair, held)));
    }
    Ok(found)
}

/// Which of these messages lie in the quarantine all the same: one may have come back under another name since the
/// listing, or be on its way.
fn came_back(
    installation: &Installation,
    store: &Store,
    repairs: &[(Repair, Option<Entry>)],
) -> Result<HashSet<i64>, Trouble> {
    let mut missing = HashMap::new();
    for (repair, _) in repairs {
        if let Some(row) = store.held(repair.id())? {
            missing.insert(row.message, row.id);
        }
    }
    let mut back = quarantine::underway(installation, |message| missing.get(message).map(|id| id.number()))?;
    for file in quarantine::files(installation)? {
        let file = file?;
        // A file that is named after another message is that one; any other may be one of these.
        if Fingerprint::from_hex(&file.name).is_some_and(|message| !missing.contains_key(&message)) {
            continue;
        }
        match quarantine::read(installation, file) {
            Ok(held) => back.extend(held.map(|held| held.id.number())),
            Err(trouble) if quarantine::is_the_files_own(&trouble) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(back)
}

/// Writes the rows of messages whose process died before it could, and asks for those of which that was due.
fn record(
    installation: &Installation,
    store: &mut Store,
    messages: &[(&Repair, Held)],
    now: i64,
) -> Result<(), Trouble> {
    let mut rows = Vec::new();
    for (_, message) in messages {
        let fresh = now.saturating_sub(message.block.received) < ASK_WITHIN;
        if message.sealed && message.block.verdict == Verdict::Challenge && fresh {
            record_and_ask(installation, store, message, now)?;
        } else {
            rows.extend(row_of(installation, message)?);
        }
    }
    Ok(store.record_all(&rows)?)
}

fn record_and_ask(installation: &Installation, store: &mut Store, message: &Held, now: i64) -> Result<(), Trouble> {
    let Some(facts) = facts_of(installation, message)? else { return Ok(()) };
    let row = sealed_row(installation, &facts, message);
    let to = match may_challenge(&facts, &installation.config.policy) {
        Ok((to, _)) if facts.signs().is_empty() && !facts.content().unreadable => Some(to),
        _ => None,
    };
    let Recorded { slot, .. } = store.record_held(&row, None, to.map(|to| slot_request(installation, to, now)))?;
    match to {
        Some(to) if slot => send(installation, store, &facts, message.id, to, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// The row of a message, from its header block alone.
fn row_of(installation: &Installation, message: &Held) -> Result<Option<HeldRow>, Trouble> {
    let Some(head) = quarantine::original(message, 0)? else { return Ok(None) };
    let facts = Facts::read(&head, &Caller::default(), &installation.config.policy.trust);
    Ok(Some(sealed_row(installation, &facts, message)))
}

/// The row of a message as its sealed block has it: what was proven then, not what the trust of today makes of it. Without
/// its seal it proves nothing.
fn sealed_row(installation: &Installation, facts: &Facts, message: &Held) -> HeldRow {
    let block = &message.block;
    let row = held_row(installation, facts, block.reason, message.id, message.message, block.received);
    HeldRow { proofs: if message.sealed { block.proofs } else { Proofs::NONE }, ..row }
}

/// The second try of a refused challenge, under the same gate as the first.
fn ask(installation: &Installation, store: &mut Store, message: &Held, now: i64) -> Result<(), Trouble> {
    let Some(facts) = facts_of(installation, message)? else { return Ok(()) };
    match may_challenge(&facts, &installation.config.policy) {
        Ok((to, _)) if facts.signs().is_empty() && !facts.content().unreadable => {
            send(installation, store, &facts, message.id, to, now).map(|_| ())
        }
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
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    for message in quarantine::each(installation)? {
        let message = match message {
            Err(trouble) if quarantine::is_the_files_own(&trouble) => {
                screen::error(&report::chain(&trouble.error));
                continue;
            }
            message => message?,
        };
        let Some(row) = row_of(installation, &message)? else { continue };
        seen.insert(message.id.number());
        // Nobody knows any more who was asked; that nobody is asked twice matters more than that somebody is.
        let asked = if message.block.verdict == Verdict::Challenge { Asked::Unknown } else { Asked::No };
        rows.push(HeldRow { asked, ..row });
        if rows.len() == TOGETHER {
            store.record_all(&rows)?;
            rows.clear();
        }
    }
    store.record_all(&rows)?;
    Ok(seen.len())
}
