//! `maintain`: what cron does once an hour. Brings store and quarantine together again after a crash, gives a
//! refused challenge its one second try, finishes releases that broke off, lets old mail expire, and ends what lay in the
//! trash for its days.
//!
//! Promises: nothing expires sooner than three days after a digest has listed it, and nothing by a clock that is
//! not believed; a challenge that perhaps went out is never sent again; run twice at once it does nothing twice.
//! Never touches: list entries.

mod believed;
mod rebuild;
mod trash;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use believed::Clock;
use rebuild::{rebuild, row_of, sealed_row};
use trash::InTrash;

use crate::cli::MaintainArguments;
use crate::exit::Ending;
use crate::operation::ask::{ASK_WITHIN, send, slot_request};
use crate::operation::case::entry_of;
use crate::operation::hold::facts_of;
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::look_again;
use crate::operation::quarantine::{self, Held, TOGETHER};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::eyes::Look;
use crate::policy::Mode;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::gate::{GateRefusal, may_challenge};
use crate::policy::reason::Reason;
use crate::policy::sent::Class;
use crate::policy::standing::{self, ALIKE_SECONDS, Effect, Origin};
use crate::policy::token::{HeldId, LIFE_IN_DAYS};
use crate::policy::verdict::Verdict;
use crate::report::{self, Level};
use crate::world::allowance::{FEWEST, Time};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::maildir::{ABANDONED_AFTER, Entry, Removed};
use crate::world::store::{Asked, CLOCK_SLACK, HeldRow, Limits, Recorded, Recount, State, Store, StoreProblem};

/// A claim that old belongs to a process that died.
const CLAIM_OVERDUE: i64 = 3_600;
/// Rows of messages that are gone are kept that many seconds, so that `why` can answer.
const ROWS_KEPT: i64 = 90 * DAY;
/// How long one run looks at the DNS.
const LOOKING: Duration = Duration::from_secs(60);
/// How often a run tries to get its turn for that, once a second: longer than a delivery has it.
const PATIENCE_TRIES: u32 = 7;
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
    /// Whether it is proven could not be found out when it came.
    Look(HeldId),
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
    if !arguments.dry_run {
        installation.mend_trash()?;
    }
    let clock = Clock::read(&store, arguments, now)?;
    // By a clock that is not believed, who works just now seems to have died long ago.
    let mut stranded = Vec::new();
    for folder in [&quarantine, &installation.trash()] {
        if clock.is_believed() && folder.try_exists()? {
            stranded.extend(folder.stranded(CLAIM_OVERDUE, now)?);
        }
    }
    // Decide. The trash first: what goes there meanwhile is looked for there once more.
    let mut in_trash = InTrash::look(&installation, &store, (now, &clock))?;
    let Found { mut repairs, recounts } = repairs(&installation, &store, (now, &clock), &mut in_trash)?;
    if arguments.dry_run {
        let strays = stranded.iter().map(|path| format!("put back {}, which a crash left aside\n", path.display()));
        let repairs = repairs.iter().map(|(repair, _)| format!("{repair}\n"));
        let text: String = strays.chain(repairs).chain(in_trash.said()).collect();
        screen::out(&text)?;
        clock.say();
        return Ok(Ending::Done);
    }
    // Perform.
    if clock.is_accepted() {
        store.accept(now, &recounts)?;
    }
    for path in &stranded {
        // Wherever it lies, it stays in its folder.
        quarantine.put_back(path)?;
    }
    repairs.sort_by_key(|(repair, _)| repair.place());
    let mut failed = !perform(&installation, &mut store, &repairs, now);
    failed |= !in_trash.perform(&installation, &mut store, now);
    // Before what it is known by is swept.
    if let Err(error) = inbox::mend(&installation) {
        screen::error(&report::chain(&error));
        failed = true;
    }
    if clock.is_believed() {
        for folder in [&quarantine, &installation.trash()].into_iter().filter(|folder| folder.exists()) {
            folder.sweep_tmp(ABANDONED_AFTER, now)?;
        }
        store.prune(limits(&installation, now))?;
    }
    clock.say();
    Ok(if failed { Ending::Later } else { Ending::Done })
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
            | Repair::Look(id)
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
            Repair::Look(_) => 6,
        }
    }

    /// How many of its kind are done together.
    fn together(&self) -> usize {
        match self {
            Repair::Expire(_) | Repair::Record(_) | Repair::Release(_) => TOGETHER,
            // Each look at the folder is for all of them; and all of them share the time for the DNS.
            Repair::Gone(_) | Repair::Look(_) => usize::MAX,
            Repair::Restore(_) | Repair::TryAgain(_) => 1,
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Repair::Expire(id) => write!(out, "throw {id} away: its time is over, and a digest has listed it"),
            Repair::Gone(id) => write!(out, "note that {id} is gone: its file was moved or deleted"),
            Repair::Look(id) => write!(out, "look at the signatures of {id} again"),
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
fn repairs(
    installation: &Installation,
    store: &Store,
    (now, clock): (i64, &Clock),
    in_trash: &mut InTrash,
) -> Result<Found, Trouble> {
    let (mut rows, mut found, mut hidden) = (Vec::new(), Found::default(), Vec::new());
    store.each_held(|row| rows.push((row, false)))?;
    for read in quarantine::each_or_file(installation, &installation.quarantine())? {
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
    let gone = rows.iter().filter(|(row, seen)| !seen && !in_trash.takes(row.id) && !is_hidden(row));
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
    let known = known_since(installation, store, message, row)?;
    // What passed when it was looked at was on its way into the inbox.
    let passed = message.sealed && matches!(row.reason, Reason::ProvenLater | Reason::AllowedSender);
    let looks = installation.config.policy.trust.eyes.look != Look::Off;
    Ok(match row.asked {
        _ if passed || known.is_some_and(|entry| entry.pin.is_empty() || row.proofs.keeps(entry.pin)) => {
            Some(Repair::Release(row.id))
        }
        _ if clock.is_over(row, keep, now) => Some(Repair::Expire(row.id)),
        Asked::Refused if message.sealed => Some(Repair::TryAgain(row.id)),
        _ if installation.config.policy.mode == Mode::On && look_again::is_due(row, now) => Some(Repair::Look(row.id)),
        // Whoever confirmed died before it could look at the rest.
        _ if looks && known.is_some() && look_again::is_unlooked(row) => Some(Repair::Look(row.id)),
        _ => None,
    })
}

/// The entry of its sender, where the message is held only because the sender was a stranger, and no longer is one: a
/// confirmation, `release --allow` or `learn`, by whatever way, made the entry after it came. What the user allows by hand stays
/// held, as `allow` says; and so does what was put back after the entry was made.
fn known_since(
    installation: &Installation,
    store: &Store,
    message: &Held,
    row: &HeldRow,
) -> Result<Option<standing::Entry>, StoreProblem> {
    let counts = message.sealed && row.reason.is_of_the_gate();
    let Some(sender) = message.block.sender.as_ref().filter(|_| counts) else { return Ok(None) };
    Ok(entry_of(installation, store, sender)?.filter(|entry| {
        entry.effect == Effect::Allow
            && !matches!(entry.origin, Origin::Any | Origin::Manual)
            && row.received <= entry.added
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
        Some((Repair::Look(_), _)) => {
            look_at(installation, store, &held(installation, repairs)?)?;
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
                // The user wants it here now, whatever it once passed for.
                if store.held(id)?.is_some_and(|row| matches!(row.reason, Reason::ProvenLater | Reason::AllowedSender))
                {
                    store.set_reason(id, Reason::Gate(GateRefusal::NotProven))?;
                }
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
        Repair::Expire(_) | Repair::Gone(_) | Repair::Look(_) | Repair::Record(_) | Repair::Release(_) => {}
    }
    Ok(())
}

/// Looks again at messages, for as long as a run may; the rest waits for the next one.
fn look_at(installation: &Installation, store: &mut Store, messages: &[(&Repair, Held)]) -> Result<(), Trouble> {
    let mut time = Time { left: LOOKING, counts: false };
    for (repair, message) in messages {
        let Some(row) = store.held(repair.id())?.filter(|row| row.state == State::Held) else { continue };
        let mut tries = 0;
        while time.left >= FEWEST && !look_again::again(installation, store, message, &row, &mut time)? {
            // A delivery is looking just now.
            tries += 1;
            if tries == PATIENCE_TRIES {
                return Ok(());
            }
            std::thread::sleep(Duration::from_secs(1));
        }
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

/// Which of these messages lie in the quarantine all the same, or in the trash by now: one may have come back under another
/// name since the listing, or be on its way.
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
    for file in quarantine::files(installation)?.chain(quarantine::files_in(&installation.trash())?) {
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
