//! One message that is thrown away as it comes, because the user configured that: into the trash, where it lies for a while.
//!
//! Promises: it is durable there before it is answered for, and the same message handed over again is kept once. What cannot be
//! written down is mended by `maintain`; where the store is damaged it is held instead. Never touches: what is held already.

use anyhow::Context;

use crate::exit::{Commitment, Ending};
use crate::operation::case::{Case, blind};
use crate::operation::delivery::{Stdin, note, record};
use crate::operation::hold::{Written, held_row, hold, write_held};
use crate::operation::installation::Installation;
use crate::operation::quarantine;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::fingerprint::Fingerprint;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::policy::verdict::Verdict;
use crate::report::{self, Level};
use crate::world::maildir::{Committed, Draft, Entry};
use crate::world::random;
use crate::world::store::{State, Store, StoreProblem};

/// Holds the message, or throws it away where the user configured that. A copy of the user's own mail has done its work when
/// it has taught what it is for: nothing of it is kept.
///
/// # Errors
/// When it cannot be made durable.
pub fn hold_or_throw_away(installation: &Installation, case: &mut Case, input: &mut Stdin, now: i64) -> Answer {
    if case.decision.verdict != Verdict::Discard {
        return hold(installation, case, input, now);
    }
    if case.decision.reason != Reason::SentCopy {
        return throw_away(installation, case, input, now);
    }
    // The row first: where it cannot be written because the store is damaged, the message is still there.
    match record(installation, case, now) {
        Err(trouble) => {
            *case = blind(installation, case.facts.clone(), trouble, now)?;
            hold(installation, case, input, now)
        }
        Ok(()) => {
            input.drain().context("cannot read the message to its end")?;
            note(installation, case, None);
            Ok(Ending::Done)
        }
    }
}

fn throw_away(installation: &Installation, case: &mut Case, input: &mut Stdin, now: i64) -> Answer {
    let id = HeldId::from_random(random::bits()?);
    // Where it cannot be written down because the store is damaged, it is held.
    if let Some(Err(problem)) = case.store.as_ref().map(|store| store.held(id)) {
        *case = blind(installation, case.facts.clone(), problem.into(), now)?;
        return hold(installation, case, input, now);
    }
    let trash = installation.ready_trash()?;
    let Written { mut draft, message, .. } = write_held(installation, case, input, &trash, id, now)?;
    // As in the quarantine: the mark before the sync, which brings it to the disk too.
    let mut mark = draft.mark(&message.hex())?;
    draft.sync()?;
    let folder = (&trash, State::Discarded);
    let earlier = quarantine::earlier(installation, folder, case.store.as_ref(), &message, &mark)?;
    mark.keep();
    let unwritten = store_once(installation, case.store.as_mut(), draft, (id, &message, earlier), now)?;
    Commitment::of_process().commit();
    note(installation, case, unwritten);
    if let (Some(id), Some(store)) = (unwritten, case.store.as_mut()) {
        let row = held_row(installation, &case.facts, case.decision.reason, id, message, now);
        if let Err(problem) = store.record_thrown_away(&[row], now) {
            report::note(Level::Error, &format!("thrown away {id}, but: {problem}"));
        }
    }
    // Whatever could not be written: what is answered with 0 does not come again.
    mark.remove();
    Ok(Ending::Done)
}

/// Makes the message durable in the trash, where the same message may lie from an earlier attempt; the number of which no row
/// is written yet.
fn store_once(
    installation: &Installation,
    store: Option<&mut Store>,
    mut draft: Draft,
    (id, message, earlier): (HeldId, &Fingerprint, Option<Entry>),
    now: i64,
) -> Result<Option<HeldId>, Trouble> {
    let (name, trash) = (message.hex(), installation.trash());
    let there = match earlier {
        Some(entry) => Some(entry),
        None => match draft.try_commit(&name)? {
            Committed::Stored(_) => return Ok(Some(id)),
            Committed::AlreadyThere => trash.find(&name)?,
        },
    };
    let Some(entry) = there else {
        // It went away this moment.
        draft.commit_unique()?;
        return Ok(Some(id));
    };
    match again(installation, store, &entry, now)? {
        Again::Stays => trash.secure(&entry).map(|()| None).map_err(Into::into),
        Again::Unrecorded(earlier) => trash.secure(&entry).map(|()| Some(earlier)).map_err(Into::into),
        Again::Ends => draft.commit_unique().map(|_| Some(id)).map_err(Into::into),
    }
}

/// What becomes of a message in the trash of which the same comes once more.
enum Again {
    /// Nobody can rely on it: its time is over this moment, it is on its way elsewhere, or its seal does not hold.
    Ends,
    /// It lies there for its whole time from now on.
    Stays,
    /// The same, and its row is still to be written.
    Unrecorded(HeldId),
}

/// Lets its time begin anew, before `maintain` may end it.
fn again(installation: &Installation, store: Option<&mut Store>, entry: &Entry, now: i64) -> Result<Again, Trouble> {
    let Some(held) = quarantine::read(installation, entry.clone())?.filter(|held| held.sealed) else {
        return Ok(Again::Ends);
    };
    // Without rows nothing ends.
    let Some(store) = store else { return Ok(Again::Stays) };
    let known = store.held(held.id).and_then(|row| match row {
        None => Ok(Again::Unrecorded(held.id)),
        Some(_) if store.throw_away_again(held.id, now)? => Ok(Again::Stays),
        Some(_) => Ok(Again::Ends),
    });
    match known {
        Err(problem @ (StoreProblem::Busy | StoreProblem::Machine(_))) => Err(problem.into()),
        Err(StoreProblem::Corrupt | StoreProblem::Missing | StoreProblem::Newer(_)) => Ok(Again::Stays),
        Ok(known) => Ok(known),
    }
}
