//! The denial of a held message's sender: what the user says of one message, and not of a name.
//!
//! Promises: a message that proves nothing may be forged, so it takes nothing from whom it claims to be from: who is allowed
//! stays so, and only mail in that name without proof is denied. Never touches: the message.

use crate::mail::display::shell_word;
use crate::operation::entry::{Who, any_of, refuse_own};
use crate::operation::installation::Installation;
use crate::operation::quarantine;
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::origin::auth::{Proofs, Trust};
use crate::policy::standing::{Effect, Entry, Origin};
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::store::Store;

/// What becomes of the entry of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It asks for proof already, or denies as much.
    Keep,
    /// It goes on allowing, and asks for proof from now on.
    Demand(Entry),
    /// It denies mail in that name without proof.
    DenyUnproven,
    /// It denies all mail in that name: this message proved where it comes from.
    DenyAll,
}

/// Denies the sender of that held message, as far as the message proves who that is.
///
/// # Errors
/// It is not held, names nobody, has lost its seal, or nothing can be proven here at all; nothing is changed then.
pub fn deny(installation: &Installation, store: &mut Store, id: HeldId) -> Result<(), Trouble> {
    // Gather.
    let held = quarantine::find(installation, Some(store), id)?;
    let held = held.ok_or_else(|| Trouble::not_found(format!("{id} is not held")))?;
    let sender = held.block.sender.clone().filter(|_| held.sealed);
    let Some(sender) = sender else {
        return Err(Trouble::not_found(format!(
            "{id} does not say for certain whom it is from; deny somebody by name: countersign deny ADDRESS"
        )));
    };
    let who = Who::Address(sender);
    refuse_own(installation, &who)?;
    let (before, proofs) = (who.entry(installation, store)?, held.block.proofs);
    // Decide.
    let change = change(before, proofs);
    let trust = &installation.config.policy.trust;
    let why = match change {
        Change::Demand(_) => trust.why_pins_rest(),
        Change::DenyUnproven => Some(Trust::PROVES_NOTHING).filter(|_| !trust.can_prove()),
        Change::Keep | Change::DenyAll => None,
    };
    if let Some(why) = why {
        return Err(Trouble::not_found(format!(
            "nothing is proven about {id}, and {why}: whoever writes in the name of {who} looks alike. To deny all of it: \
             countersign deny {}",
            shell_word(&who.to_string())
        )));
    }
    // Perform.
    let fresh = |effect, pin| Entry { effect, pin, origin: Origin::Manual, added: clock::now() };
    let said = match change {
        Change::Keep => {
            let why = before
                .map_or("", |entry| if entry.effect == Effect::Allow { "allowed only with proof" } else { "denied" });
            format!("nothing is changed: {who} is {why} already, so what claims that name without proof is held")
        }
        Change::Demand(entry) => {
            who.write(installation, store, &Entry { pin: Proofs::AUTHOR, ..entry })?;
            format!(
                "denied what claims to be from {who} without proof: {id} may be forged. {who} stays allowed, if {} says pass",
                any_of(Proofs::AUTHOR)
            )
        }
        Change::DenyUnproven => {
            who.write(installation, store, &fresh(Effect::Deny, Proofs::AUTHOR))?;
            format!(
                "denied what claims to be from {who} without proof: {id} may be forged. For all of it: countersign deny {}",
                shell_word(&who.to_string())
            )
        }
        Change::DenyAll => {
            who.write(installation, store, &fresh(Effect::Deny, Proofs::NONE))?;
            format!("denied {who}")
        }
    };
    Ok(screen::out(&format!("{said}\n"))?)
}

fn change(before: Option<Entry>, proofs: Proofs) -> Change {
    match before {
        _ if proofs.intersects(Proofs::AUTHOR) => Change::DenyAll,
        Some(entry) if entry.effect == Effect::Deny || !entry.pin.is_empty() => Change::Keep,
        Some(entry) => Change::Demand(entry),
        None => Change::DenyUnproven,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proves_nothing_takes_nothing_from_anybody() {
        let entry = |effect, pin| Some(Entry { effect, pin, origin: Origin::Manual, added: 0 });
        let allowed = entry(Effect::Allow, Proofs::NONE);
        for (before, proofs, wanted) in [
            (None, Proofs::NONE, Change::DenyUnproven),
            (None, Proofs::DKIM, Change::DenyAll),
            (allowed, Proofs::NONE, Change::Demand(allowed.unwrap())),
            (allowed, Proofs::DMARC, Change::DenyAll),
            (entry(Effect::Allow, Proofs::DKIM), Proofs::NONE, Change::Keep),
            (entry(Effect::Deny, Proofs::NONE), Proofs::NONE, Change::Keep),
            (entry(Effect::Deny, Proofs::AUTHOR), Proofs::NONE, Change::Keep),
            (entry(Effect::Deny, Proofs::AUTHOR), Proofs::DKIM, Change::DenyAll),
        ] {
            assert_eq!(change(before, proofs), wanted, "{before:?} {proofs:?}");
        }
        let unproven = entry(Effect::Deny, Proofs::AUTHOR).unwrap();
        assert!(unproven.denies(Proofs::NONE) && !unproven.denies(Proofs::DKIM) && !unproven.denies(Proofs::DMARC));
        assert!(
            entry(Effect::Deny, Proofs::NONE).unwrap().denies(Proofs::AUTHOR) && !allowed.unwrap().denies(Proofs::NONE)
        );
    }
}
