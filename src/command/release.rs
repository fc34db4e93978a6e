//! `release`: held messages into the inbox, and with `--allow` their senders onto the list.
//!
//! Promises: each message once, whoever else releases it at the same moment; `--allow` never takes a demand for
//! proof off an entry, and does nothing at all where a mail system would be allowed. Never touches: the bytes of a message.

use std::collections::HashSet;

use crate::cli::ReleaseArguments;
use crate::exit::Ending;
use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::display::shell_word;
use crate::operation::case;
use crate::operation::entry::{Who, any_of, if_proven, refuse_mail_system, refuse_own};
use crate::operation::hold::facts_of;
use crate::operation::installation::Installation;
use crate::operation::ledger::{self, Ledger, say_keyless};
use crate::operation::quarantine::{self, Held, TOGETHER};
use crate::operation::screen;
use crate::operation::select::{Found, Selection, select};
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::reason::Reason;
use crate::policy::standing::{Effect, Entry, Origin};
use crate::policy::token::HeldId;
use crate::policy::verdict::Verdict;
use crate::report;
use crate::signs::Sign;
use crate::world::clock;
use crate::world::config::{Environment, Inbox};
use crate::world::store::{HeldRow, State, Store};

/// One run of the command.
struct Run<'a> {
    installation: &'a Installation,
    ledger: Ledger,
    now: i64,
    /// What this run has moved.
    released: HashSet<i64>,
    /// What was asked for and not done, a sentence each.
    undone: Vec<String>,
    /// The first error of standard output; the moves go on without it.
    unsaid: Option<std::io::Error>,
}

/// What becomes of the list entry of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It lets this mail pass already.
    Keep,
    /// It demands a proof that this message does not have; the user must say so expressly.
    KeepDemand(Proofs),
    /// An allow entry with this pin is written.
    Write(Proofs),
}

/// Runs `release`. 1 if nothing matched, or something that was asked for could not be done.
///
/// # Errors
/// When a message cannot be moved now; it is then still held, and those before it are released.
pub fn release(arguments: &ReleaseArguments, environment: Environment) -> Answer {
    // Gather.
    let selection = Selection::parse_some(&arguments.select)?;
    let (installation, keyless) = Installation::open_without_keys(&environment)?;
    if arguments.allow {
        keyless.map_or(Ok(()), Err)?;
        ledger::needed(&installation)?;
    } else {
        say_keyless(keyless.as_ref());
    }
    let mut ledger = Ledger::open(&installation)?;
    let now = clock::now();
    // Decide.
    let selected = select(&installation, &mut ledger, &selection, now)?;
    if arguments.allow {
        selected.found.iter().try_for_each(|found| refuse_bounce(&installation, found))?;
    }
    // Perform.
    let mut run = Run {
        installation: &installation,
        ledger,
        now,
        released: HashSet::new(),
        undone: selected.absent,
        unsaid: None,
    };
    let done = if arguments.allow {
        selected.found.iter().try_for_each(|found| run.allow_and_release(found))
    } else {
        run.release(&selected.found)
    };
    for sentence in &run.undone {
        screen::error(sentence);
    }
    done?;
    if let Some(error) = run.unsaid {
        return Err(error.into());
    }
    if run.released.is_empty() && run.undone.is_empty() {
        screen::aside("Nothing that is held fits.");
    }
    Ok(if !run.released.is_empty() && run.undone.is_empty() { Ending::Done } else { Ending::No })
}

/// Releases what is held from these people and would pass under the entries that they have now. Domains and lists have
/// nothing that is found by them.
///
/// # Errors
/// As [`release`].
pub fn release_from(people: &[Who], environment: &Environment) -> Answer {
    let installation = Installation::open(environment)?;
    let ledger = Ledger::open(&installation)?;
    let (now, undone) = (clock::now(), Vec::new());
    let mut run = Run { installation: &installation, ledger, now, released: HashSet::new(), undone, unsaid: None };
    for who in people {
        let entry = run.ledger.ask(&installation, |store| Ok(who.entry(&installation, store)?))?.flatten();
        match (who, entry) {
            (Who::Address(sender), Some(entry)) => run.release_others(sender, entry.pin)?,
            (Who::List(_), Some(_)) => run.release_passing(Reason::AllowedList)?,
            (Who::Domain(_) | Who::Subdomains(_), Some(_)) => run.release_passing(Reason::AllowedDomain)?,
            (_, None) => {}
        }
    }
    for sentence in &run.undone {
        screen::error(sentence);
    }
    if let Some(error) = run.unsaid {
        return Err(error.into());
    }
    if run.released.is_empty() && run.undone.is_empty() {
        screen::aside("Nothing that is held would pass now.");
    }
    Ok(if run.undone.is_empty() { Ending::Done } else { Ending::No })
}

/// Refuses to allow the sender of a bounce: the null sender and the addresses of mail systems are nobody's. A delivery
/// takes the null sender for a sign wherever it is written down, and so does this.
fn refuse_bounce(installation: &Installation, found: &Found) -> Result<(), Trouble> {
    let id = found.held.id;
    let Some(start) = quarantine::original_anywhere(&found.held, 0)? else {
        return Err(Trouble::not_found(format!("{id} was moved or deleted by another program this moment")));
    };
    let facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
    let null =
        facts.signs().contains(&Sign::NullSender) || found.held.block.reason == Reason::Automatic(Sign::NullSender);
    let why = match found.held.block.sender.clone().map(|sender| refuse_mail_system(&Who::Address(sender))) {
        _ if null => "it came from the null sender, from which bounces come and which is nobody's".to_owned(),
        Some(Err(trouble)) => trouble.error.to_string(),
        _ => return Ok(()),
    };
    Err(Trouble::usage(format!("{id}: {why}. Nothing is released; without --allow: countersign release {id}")))
}

impl Run<'_> {
    /// The entry first: if this process dies on the way, what is left is held and can be released again.
    fn allow_and_release(&mut self, found: &Found) -> Result<(), Trouble> {
        let pin = self.allow(found)?;
        if !self.has_released(found.held.id) {
            self.release(std::slice::from_ref(found))?;
        }
        match (&found.held.block.sender, pin) {
            (Some(sender), Some(pin)) => self.release_others(sender, pin),
            _ => Ok(()),
        }
    }

    fn has_released(&self, id: HeldId) -> bool {
        self.released.contains(&id.number())
    }

    /// Moves messages, as many together as are written down together. A command takes its time with each.
    fn release(&mut self, found: &[Found]) -> Result<(), Trouble> {
        let together = if matches!(self.installation.config.paths.inbox, Inbox::Maildir(_)) { TOGETHER } else { 1 };
        found.chunks(together).try_for_each(|found| self.release_together(found))
    }

    fn release_together(&mut self, found: &[Found]) -> Result<(), Trouble> {
        let held: Vec<&Held> = found.iter().map(|found| &found.held).collect();
        let (mut released, mut failed) = (Vec::new(), None);
        for (found, result) in found.iter().zip(quarantine::release_many(self.installation, &held, self.now)) {
            match result {
                Ok(true) => released.push(found),
                Ok(false) => self.undone.push(self.ledger.absence(self.installation, found.held.id)?),
                Err(trouble) => drop(failed.get_or_insert(trouble)),
            }
        }
        let ids: Vec<HeldId> = released.iter().map(|found| found.held.id).collect();
        self.released.extend(ids.iter().map(|id| id.number()));
        // They are in the inbox; what the store says about them is for `maintain` to mend.
        if let Err(trouble) = self.ledger.set_states(self.installation, &ids, State::Released) {
            let why = report::chain(&trouble.error);
            let say = |id: &HeldId| format!("{id} is released, but that could not be written down: {why}");
            self.undone.extend(ids.iter().map(say));
        }
        self.say(&released.iter().map(|found| format!("released {}\n", found.line())).collect::<String>());
        failed.map_or(Ok(()), Err)
    }

    /// Says what was done. A full disk behind standard output must not leave half of it undone.
    fn say(&mut self, text: &str) {
        if let Err(error) = screen::out(text) {
            self.unsaid.get_or_insert(error);
        }
    }

    /// Writes the entry; the proof that other messages of this sender must carry to be released too.
    fn allow(&mut self, found: &Found) -> Result<Option<Proofs>, Trouble> {
        let id = found.held.id;
        if !found.held.sealed {
            self.undone.push(format!(
                "{id} has a block that is not as this program sealed it, so nobody is allowed for what it says; to allow \
                 the sender: countersign allow ADDRESS"
            ));
            return Ok(None);
        }
        let Some(sender) = found.held.block.sender.clone() else {
            self.undone.push(format!("{id} names no single sender, so nobody is allowed"));
            return Ok(None);
        };
        let who = Who::Address(sender);
        if let Err(trouble) = refuse_own(self.installation, &who) {
            self.undone.push(trouble.error.to_string());
            return Ok(None);
        }
        let (installation, proofs) = (self.installation, found.held.block.proofs);
        let demand = who.demand(installation);
        let change = self.ledger.ask(installation, |store| {
            let change = change(who.entry(installation, store)?, proofs, demand);
            if let Change::Write(pin) = change {
                let entry = Entry { effect: Effect::Allow, pin, origin: Origin::Released, added: clock::now() };
                who.write(installation, store, &entry)?;
            }
            Ok(change)
        })?;
        match change {
            Some(Change::Keep) => Ok(Some(proofs)),
            Some(Change::Write(pin)) => {
                self.say_allowed(&who, pin);
                Ok(Some(proofs))
            }
            Some(Change::KeepDemand(pin)) => {
                self.undone.push(format!(
                    "{who} stays allowed only if {} says pass, and nothing is proven about {id}: it may be forged. To \
                     allow it without proof: countersign allow --any {}",
                    any_of(pin),
                    shell_word(&who.to_string())
                ));
                Ok(None)
            }
            None => {
                self.undone.push(format!("{who} could not be allowed: there is no store"));
                Ok(None)
            }
        }
    }

    fn say_allowed(&mut self, who: &Who, pin: Proofs) {
        self.say(&format!("allowed {who}{}\n", if_proven(pin)));
        if pin.is_empty() {
            screen::error(&format!(
                "nothing was proven about the message, so whatever merely claims to be from {who} passes from now on, \
                 but for what its domain disowns"
            ));
        }
    }

    /// Releases all that would pass for this reason if it came now. What it says of a list stands in the messages alone.
    fn release_passing(&mut self, reason: Reason) -> Result<(), Trouble> {
        let mut passing = Vec::new();
        for held in quarantine::each(self.installation)? {
            let held = held?;
            if !held.sealed || self.has_released(held.id) {
                continue;
            }
            let Some(facts) = facts_of(self.installation, &held)? else { continue };
            let (installation, now) = (self.installation, self.now);
            let standing =
                self.ledger.ask(installation, |store| case::standing(installation, Some(store), &facts, now))?;
            let Some(standing) = standing else { return Ok(()) };
            let decision = case::decide(installation, facts, standing, None, now).decision;
            if decision.reason == reason && decision.verdict == Verdict::Pass {
                passing.extend(Found::read(held)?);
            }
        }
        self.release(&passing)
    }

    /// Releases what else is held from this sender and would pass under the new entry.
    fn release_others(&mut self, sender: &Address, pin: Proofs) -> Result<(), Trouble> {
        let keys = Who::Address(sender.clone()).keys(self.installation);
        let rows = self.ledger.ask(self.installation, |store| rows_from(store, &keys))?.unwrap_or_default();
        let mut others = Vec::new();
        for row in rows.iter().filter(|row| goes_along(row, pin) && !self.has_released(row.id)).collect::<Vec<_>>() {
            let held: Option<Held> = self.ledger.find(self.installation, row.id)?;
            let found = held.map(Found::read).transpose()?.flatten();
            match found {
                Some(found) => others.push(found),
                // Nobody asked for this one by number: that it is gone is written down, and no trouble.
                None => drop(self.ledger.absence(self.installation, row.id)?),
            }
        }
        self.release(&others)
    }
}

/// An entry is made stronger by a proof and never weaker by the lack of one. What the sender's address demands stands
/// in a new entry where the message proves nothing.
fn change(before: Option<Entry>, proofs: Proofs, demand: Proofs) -> Change {
    let Some(entry) = before.filter(|entry| entry.effect == Effect::Allow) else {
        return Change::Write(if proofs.is_empty() { demand } else { proofs });
    };
    if entry.pin.is_empty() || entry.pin.contains(proofs) && !proofs.is_empty() {
        Change::Keep
    } else if proofs.is_empty() {
        Change::KeepDemand(entry.pin)
    } else {
        Change::Write(entry.pin.union(proofs))
    }
}

/// Whether another held message of an allowed sender is released along. With a proof: all that carry it. Without
/// one: what is held only because the sender was a stranger, as it would pass from now on.
fn goes_along(row: &HeldRow, pin: Proofs) -> bool {
    if row.state != State::Held {
        return false;
    }
    if !pin.is_empty() {
        return row.proofs.keeps(pin);
    }
    let stranger = row.reason.is_of_the_gate();
    stranger || matches!(row.reason, Reason::Automatic(_) | Reason::NotAddressed | Reason::StoreUnavailable)
}

fn rows_from(store: &mut Store, keys: &[Fingerprint]) -> Result<Vec<HeldRow>, Trouble> {
    let mut rows = Vec::new();
    for key in keys {
        rows.extend(store.held_from(key)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fingerprint::Kind;
    use crate::policy::gate::GateRefusal;
    use crate::policy::key::SecretKey;
    use crate::world::store::Asked;

    fn entry(effect: Effect, pin: Proofs) -> Option<Entry> {
        Some(Entry { effect, pin, origin: Origin::Manual, added: 0 })
    }

    #[test]
    fn a_program_is_allowed_with_proof() {
        let robot = |before, proofs| super::change(before, proofs, Proofs::AUTHOR);
        assert_eq!(robot(None, Proofs::NONE), Change::Write(Proofs::AUTHOR));
        assert_eq!(robot(None, Proofs::DKIM), Change::Write(Proofs::DKIM));
        assert_eq!(robot(entry(Effect::Deny, Proofs::NONE), Proofs::NONE), Change::Write(Proofs::AUTHOR));
        // What the user wrote by hand stays as it is.
        assert_eq!(robot(entry(Effect::Allow, Proofs::NONE), Proofs::NONE), Change::Keep);
    }

    #[test]
    fn a_demand_for_proof_is_never_taken_off() {
        let both = Proofs::DMARC.union(Proofs::DKIM);
        let change = |before, proofs| super::change(before, proofs, Proofs::NONE);
        assert_eq!(change(None, both), Change::Write(both));
        assert_eq!(change(None, Proofs::NONE), Change::Write(Proofs::NONE));
        assert_eq!(change(entry(Effect::Deny, Proofs::NONE), both), Change::Write(both));
        assert_eq!(change(entry(Effect::Allow, Proofs::NONE), both), Change::Keep);
        assert_eq!(change(entry(Effect::Allow, Proofs::NONE), Proofs::NONE), Change::Keep);
        assert_eq!(change(entry(Effect::Allow, both), Proofs::DKIM), Change::Keep);
        assert_eq!(change(entry(Effect::Allow, Proofs::DKIM), Proofs::DMARC), Change::Write(both));
        assert_eq!(change(entry(Effect::Allow, both), Proofs::NONE), Change::KeepDemand(both));
    }

    #[test]
    fn what_goes_along_carries_the_same_proof() {
        let fingerprint = Fingerprint::of(&SecretKey::new([1; 32]), Kind::Message, b"x");
        let row = |proofs, reason, state| HeldRow {
            id: HeldId::from_random(1),
            message: fingerprint,
            message_id: None,
            sender: None,
            proofs,
            reason,
            received: 0,
            listed: None,
            asked: Asked::No,
            state,
            looks: 0,
        };
        let stranger = Reason::Gate(GateRefusal::NotProven);
        assert!(goes_along(&row(Proofs::DKIM, Reason::Challenge, State::Held), Proofs::DKIM));
        assert!(!goes_along(&row(Proofs::NONE, stranger, State::Held), Proofs::DKIM));
        assert!(!goes_along(&row(Proofs::DKIM, Reason::Challenge, State::Released), Proofs::DKIM));
        assert!(goes_along(&row(Proofs::NONE, stranger, State::Held), Proofs::NONE));
        assert!(!goes_along(&row(Proofs::NONE, Reason::DmarcFail, State::Held), Proofs::NONE));
        assert!(!goes_along(&row(Proofs::NONE, Reason::PinMissing, State::Held), Proofs::NONE));
    }
}
