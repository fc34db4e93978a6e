//! `challenge`: asks the sender of one held message now, because the user wants it.
//!
//! Promises: whatever would stop a challenge at delivery stops it here too, and is said: a robot or a list is never
//! asked, nor an address that is not proven, nor anybody twice in a period. Both the sealed header block and a second
//! reading must prove the address. Never touches: the message.

use crate::cli::ChallengeArguments;
use crate::exit::Ending;
use crate::mail::address::Address;
use crate::operation::ask::{send, slot_request};
use crate::operation::case::{Case, look_at};
use crate::operation::hold::{facts_of, held_row};
use crate::operation::installation::Installation;
use crate::operation::ledger::{self, Ledger, asked_words};
use crate::operation::quarantine::Held;
use crate::operation::screen;
use crate::operation::select::{parse_id, the_one};
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::gate::CapRefusal;
use crate::policy::reason::Reason;
use crate::policy::verdict::{Decision, Verdict};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::sendmail::Outcome;
use crate::world::store::{Asked, HeldRow, State, Store};

/// Runs `challenge`. 1 with the reason if nobody may be asked.
///
/// # Errors
/// When there is no such message, nobody may be asked, or sendmail did not take the challenge.
pub fn challenge(arguments: &ChallengeArguments, environment: Environment) -> Answer {
    // Gather.
    let beginning = parse_id(&arguments.id)?;
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    let mut ledger = Ledger::open(&installation)?;
    let id = the_one(&installation, &mut ledger, beginning)?;
    let Some(held) = ledger.find(&installation, id)? else {
        return Err(Trouble::not_found(ledger.absence(&installation, id)?));
    };
    if !held.sealed {
        let why = "the block on top is not as this program sealed it, so nobody is asked for what it says";
        return Err(Trouble::not_found(format!("{id}: {why}")));
    }
    let Some(facts) = facts_of(&installation, &held)? else {
        return Err(Trouble::not_found(format!("{id} was moved or deleted by another program this moment")));
    };
    let now = clock::now();
    let case = look_at(&installation, facts, &Caller::default(), now)?;
    let row = store.held(id)?;
    // Decide.
    let again = row.is_some_and(|row| was_refused(&row, &case));
    let to = whom(&held, &case.decision, again).map_err(|why| {
        // Where a slot is taken and nothing may have gone out, "asked recently" alone would mislead.
        let asked =
            row.map(|row| row.asked).filter(|asked| !matches!(asked, Asked::No | Asked::Sent | Asked::SlotTaken));
        let marked = asked.map(|asked| format!("; the attempt before: {}", asked_words(Some(asked))));
        Trouble::not_found(format!("{id}: {why}{}", marked.unwrap_or_default()))
    })?;
    // Perform.
    if !claim(&installation, &mut store, &held, &case, row, (&to, now), again)? {
        return Err(Trouble::not_found(format!("{id}: another process asks this sender, or a limit is reached")));
    }
    match send(&installation, &mut store, &case.facts, id, &to, now)? {
        Outcome::Sent => screen::out(&format!("asked {to} about {id}\n"))?,
        Outcome::Refused { .. } if again => return Err(not_taken("it is not tried again")),
        Outcome::Refused { .. } => return Err(not_taken("`countersign maintain` tries it once more")),
        Outcome::Unknown { .. } => return Err(not_taken("perhaps it went out, so it is not tried again")),
    }
    Ok(Ending::Done)
}

/// Whom to ask, or why nobody.
fn whom(held: &Held, decision: &Decision, again: bool) -> Result<Address, String> {
    if decision.instead.is_some() {
        return Err("the mode in the configuration is not \"on\", so nobody is asked".to_owned());
    }
    let waits = decision.reason == Reason::Capped(CapRefusal::AskedRecently);
    match decision.verdict {
        Verdict::Challenge => {}
        Verdict::Hold if waits && again => {}
        Verdict::Pass => {
            return Err(format!(
                "nobody is asked: {}; it would pass now (countersign release {})",
                decision.reason.sentence(),
                held.id
            ));
        }
        Verdict::Hold | Verdict::Discard => {
            return Err(format!("nobody is asked: {}", decision.reason.sentence_and_name()));
        }
    }
    let Some((to, _)) = &decision.challenge else { return Err("nobody is asked: no address is proven".to_owned()) };
    let sealed = held.block.sender.as_ref().is_some_and(|sender| sender.normal() == to.normal());
    if !sealed || !held.block.proofs.intersects(Proofs::DMARC.union(Proofs::DKIM)) {
        return Err(format!(
            "nobody is asked: when it arrived, the sender was not proven (its sealed header block says: {})",
            held.block.proofs.names()
        ));
    }
    Ok(to.clone())
}

/// Whether the one challenge that stands in the way is this message's own, and sendmail refused it for certain.
fn was_refused(row: &HeldRow, case: &Case) -> bool {
    row.asked == Asked::Refused && case.standing.history.asked == Some(row.received)
}

/// Takes the slot. A row that is missing is written; a reply finds the message by it.
fn claim(
    installation: &Installation,
    store: &mut Store,
    held: &Held,
    case: &Case,
    row: Option<HeldRow>,
    (to, now): (&Address, i64),
    again: bool,
) -> Result<bool, Trouble> {
    let request = slot_request(installation, to, now);
    let Some(row) = row else {
        let block = &held.block;
        let row = held_row(installation, &case.facts, block.reason, held.id, held.message, block.received);
        return Ok(store.record_held(&HeldRow { proofs: block.proofs, ..row }, None, Some(request))?.slot);
    };
    if row.state != State::Held {
        // A mail reader moved it back, and its reply must find it held.
        store.set_state(held.id, State::Held)?;
    }
    Ok(if again { store.claim_second_try(held.id, now)? } else { store.claim_slot(held.id, request)? })
}

fn not_taken(what: &str) -> Trouble {
    let error = anyhow::anyhow!("sendmail did not take the challenge for certain (see the log): {what}");
    Trouble { ending: Ending::Later, error }
}
