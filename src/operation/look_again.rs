//! Held messages that are still to be looked at: what could not be found out when they came, and what came from a person who has
//! answered since.
//!
//! Promises: each is looked at with the time of its own arrival, at most [`LOOKS_LIMIT`] times in a day; it is released only for
//! a proof that was found, and its sender is asked only if that may still be. Never touches: what was looked at and settled.

use std::io::{ErrorKind, Read};

use anyhow::Context;

use crate::facts::Facts;
use crate::mail::head::{HEAD_LIMIT, Head};
use crate::operation::ask::{ASK_WITHIN, send, slot_request};
use crate::operation::case;
use crate::operation::installation::Installation;
use crate::operation::look::{self, Subject, Watch, Watched};
use crate::operation::quarantine::{self, Held};
use crate::operation::trouble::Trouble;
use crate::origin::envelope::Caller;
use crate::origin::eyes::Found;
use crate::policy::Mode;
use crate::policy::block::message_start;
use crate::policy::gate::GateRefusal;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::policy::verdict::{Decision, Verdict};
use crate::report::{self, Level};
use crate::world::allowance::Time;
use crate::world::clock;
use crate::world::input::BODY_LIMIT;
use crate::world::store::{HeldRow, SlotRequest, State, Store};

/// How often a message is looked at before it counts as not proven.
pub const LOOKS_LIMIT: u8 = 5;
/// For how long after its arrival, in seconds: keys are changed, and a late answer tells of another one.
const LOOK_WITHIN: i64 = 86_400;
/// Seconds from its arrival to each look, so that five of them see more than one quarter of an hour.
const WAITS: [i64; 5] = [0, 600, 3_600, 4 * 3_600, 12 * 3_600];
/// Most messages that are looked at behind a delivery.
const BEHIND_A_DELIVERY: usize = 8;
/// What is read at once of a file's start: the largest header block, and ours above it.
const START_LIMIT: u64 = 2 * HEAD_LIMIT as u64;
/// What is read at once of the rest, in bytes.
const CHUNK: usize = 64 * 1024;

/// Whether it is time to look at a message again.
#[must_use]
pub fn is_due(row: &HeldRow, now: i64) -> bool {
    let wait = WAITS.get(usize::from(row.looks)).copied().unwrap_or_default();
    row.reason == Reason::LookLater && now.saturating_sub(row.received) >= wait
}

/// Whether a message is held for want of a proof, and nobody has looked for one.
#[must_use]
pub fn is_unlooked(row: &HeldRow) -> bool {
    let unproven = [GateRefusal::NotProven, GateRefusal::NothingTrusted].map(Reason::Gate);
    row.looks == 0 && unproven.contains(&row.reason)
}

/// Looks at what waits, as long as this mailbox may: a stranger's letter that came while another was looked at, and what else
/// came from who has just answered. Whatever fails is left to `maintain`.
pub fn behind_a_delivery(installation: &Installation, store: &mut Store, time: &mut Time) {
    let mut tried: Vec<HeldId> = Vec::new();
    while tried.len() < BEHIND_A_DELIVERY {
        let rows = match store.unlooked() {
            Ok(rows) => rows,
            Err(problem) => return report::note(Level::Warning, &problem.to_string()),
        };
        // Read anew each time: of what came while this process was looking, nobody else knows that it may be looked at now.
        let waits = |row: &HeldRow| row.looks == 0 && is_due(row, clock::now()) && !tried.contains(&row.id);
        let Some(row) = rows.into_iter().find(waits) else { return };
        tried.push(row.id);
        let looked = quarantine::find(installation, Some(store), row.id).and_then(|held| match held {
            Some(held) => again(installation, store, &held, &row, time),
            None => Ok(true),
        });
        match looked {
            Ok(true) => {}
            Ok(false) => return,
            Err(trouble) => report::note(Level::Warning, &format!("{}: {}", row.id, report::chain(&trouble.error))),
        }
    }
}

/// Looks at one held message, and does what follows: it is released, its sender is asked, or it stays. `false` where nobody may
/// look just now.
///
/// # Errors
/// When the file, the store or sendmail cannot be used; the message is still held.
pub fn again(
    installation: &Installation,
    store: &mut Store,
    held: &Held,
    row: &HeldRow,
    time: &mut Time,
) -> Result<bool, Trouble> {
    let now = clock::now();
    // As where mail comes in: where all of it passes, nothing is looked at and nobody is asked.
    if installation.config.policy.mode != Mode::On {
        return Ok(true);
    }
    let Some((start, watched)) = read(held)? else { return Ok(true) };
    let mut facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
    let standing = case::standing_now(installation, store, &facts, now)?;
    // Whoever signed it at its arrival did so for then.
    // What the user has put back began anew, and its block still says when it came.
    let arrival = if held.sealed { row.received.min(held.block.received) } else { row.received };
    let found = if facts.authentication.may_look() && held.sealed {
        let subject = Subject::of(installation, &facts, &standing, &watched, arrival);
        match look::within_allowance(installation, &subject, time)? {
            Some(found) => found,
            None => return Ok(false),
        }
    } else {
        Found::default()
    };
    let decision = settled(look::decide(installation, &mut facts, &standing, found, now), row, now);
    perform(installation, store, &facts, (held, row.looks), &decision, now)?;
    Ok(true)
}

/// What is looked at for the last time is decided as it stands, and what is found too late asks nobody.
fn settled(decision: Decision, row: &HeldRow, now: i64) -> Decision {
    let last = row.looks.saturating_add(1) >= LOOKS_LIMIT || now.saturating_sub(row.received) >= LOOK_WITHIN;
    if decision.reason == Reason::LookLater && last {
        return Decision { reason: Reason::Gate(GateRefusal::NotProven), ..decision };
    }
    if decision.verdict == Verdict::Challenge && now.saturating_sub(row.received) >= ASK_WITHIN {
        return Decision { verdict: Verdict::Hold, ..decision };
    }
    decision
}

fn perform(
    installation: &Installation,
    store: &mut Store,
    facts: &Facts,
    (held, looks): (&Held, u8),
    decision: &Decision,
    now: i64,
) -> Result<(), Trouble> {
    let proofs = facts.authentication.of_author(facts.sender.address());
    let (verdict, reason) = (decision.verdict.name(), decision.reason);
    report::note(Level::Info, &format!("looked at id={} again: {verdict} reason={reason}", held.id));
    let to = match (decision.verdict, &decision.challenge) {
        (Verdict::Challenge, Some((to, _))) => Some(to),
        _ => None,
    };
    let alike = to.and_then(|_| case::alike(installation, facts));
    let slot = to.map(|to| SlotRequest { alike, ..slot_request(installation, to, now) });
    // The row and the slot at once: a message of which the row says that its sender is to be asked, and nobody was, would wait for
    // ever. Where another process has looked at it in the meantime, what that one has found stands.
    let Some(may_ask) = store.note_look(held.id, looks, (decision.reason, proofs), slot)? else { return Ok(()) };
    if let Err(trouble) = look::write_into_block(installation, &held.entry, decision, proofs) {
        report::note(Level::Warning, &format!("{}: {}", held.id, report::chain(&trouble.error)));
    }
    if decision.verdict == Verdict::Pass && quarantine::release(installation, held, now)? {
        store.set_state(held.id, State::Released)?;
    }
    match to {
        Some(to) if may_ask => send(installation, store, facts, held.id, to, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// The start of a held message as it came, and its whole body gone by.
fn read(held: &Held) -> Result<Option<(Vec<u8>, Watched)>, Trouble> {
    let Some(original) = quarantine::original(held, BODY_LIMIT)? else { return Ok(None) };
    let Some(mut file) = held.entry.open()? else { return Ok(None) };
    let unreadable = || format!("cannot read {}", held.entry.path.display());
    let mut start = Vec::new();
    (&mut file).take(START_LIMIT).read_to_end(&mut start).with_context(unreadable)?;
    let mut watch = Watch::begin(&start[message_start(&Head::read(&start)).unwrap_or_default()..]);
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(Some((original, watch.finish()))),
            Ok(count) => watch.update(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(unreadable).map_err(Into::into),
        }
    }
}
