//! What will be done about a message, as a list in the order in which it is done. Printing it is the dry run.
//!
//! Promises: everything that changes anything is in the list. Never touches: the doing (`command/deliver.rs`).

use std::fmt;

use super::confirm::Confirmation;
use super::reason::Reason;
use super::standing::Answered;
use super::token::HeldId;
use super::verdict::{Decision, Verdict};
use crate::mail::address::Address;
use crate::mail::auth::Proofs;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send one challenge, if the slot for it is still free.
    Challenge {
        /// Whom it goes to.
        to: Address,
    },
    /// Write an allow entry, pinned to its proof, and in the same stroke that the token is spent on this answer.
    Confirm {
        /// Whose mail passes from now on.
        address: Address,
        /// What it must prove.
        pin: Proofs,
        /// The held message the token speaks of.
        held: HeldId,
    },
    /// Store it in the inbox, or leave it to the caller.
    Deliver,
    /// Throw it away.
    Drop,
    /// Store it in the quarantine.
    Hold {
        /// Why.
        reason: Reason,
    },
    /// Write down what would have been done.
    Note {
        /// What.
        verdict: Verdict,
        /// Why.
        reason: Reason,
    },
    /// Move every held message of this sender with the same proof into the inbox.
    Release {
        /// Whose.
        address: Address,
        /// With which proof.
        pin: Proofs,
    },
    /// Go on with the releases of an answer that comes again: whoever it confirmed may be known by hash alone.
    ReleaseAgain(Answered),
}

/// The steps for one message.
///
/// A confirmation comes first: if it fails, the answer goes back to the queue and comes again (`again`), and each
/// step of it can be done twice. Then the message itself becomes durable, and only then is anybody asked.
#[must_use]
pub fn plan(decision: &Decision, confirmation: Option<&Confirmation>, again: Option<Answered>) -> Vec<Effect> {
    let mut steps = Vec::new();
    if let Some(Confirmation { challenged, pin, held, .. }) = confirmation {
        steps.push(Effect::Confirm { address: challenged.clone(), pin: *pin, held: *held });
        steps.push(Effect::Release { address: challenged.clone(), pin: *pin });
    }
    steps.extend(again.map(Effect::ReleaseAgain));
    match decision.verdict {
        Verdict::Pass => steps.push(Effect::Deliver),
        Verdict::Discard => steps.push(Effect::Drop),
        Verdict::Hold | Verdict::Challenge => steps.push(Effect::Hold { reason: decision.reason }),
    }
    if let (Verdict::Challenge, Some((to, _))) = (decision.verdict, &decision.challenge) {
        steps.push(Effect::Challenge { to: to.clone() });
    }
    if let Some((verdict, reason)) = decision.instead.filter(|_| decision.reason != Reason::ModeOff) {
        steps.push(Effect::Note { verdict, reason });
    }
    steps
}

impl fmt::Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Challenge { to } => write!(out, "send one challenge to {to}"),
            Effect::Confirm { address, pin, held } => {
                write!(out, "allow {address}, pinned to {}; the token for {held} is spent", pin.names())
            }
            Effect::Deliver => out.write_str("pass it on"),
            Effect::Drop => out.write_str("throw it away"),
            Effect::Hold { reason } => write!(out, "hold it ({reason})"),
            Effect::Note { verdict, reason } => {
                write!(out, "note that it would have been: {} ({reason})", verdict.name())
            }
            Effect::Release { address, pin } => {
                write!(out, "release what is held from {address} with the same proof ({})", pin.names())
            }
            Effect::ReleaseAgain(answered) => {
                write!(out, "release what is still held of what this answer released ({})", answered.pin.names())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::gate::GateRefusal;

    fn decision(verdict: Verdict, reason: Reason) -> Decision {
        let to = Address::parse("bob@x.org").unwrap();
        Decision { verdict, reason, challenge: Some((to, Proofs::DKIM)), passed_over: Vec::new(), instead: None }
    }

    #[test]
    fn nobody_is_asked_before_the_message_is_safe() {
        let steps = plan(&decision(Verdict::Challenge, Reason::Challenge), None, None);
        assert!(matches!(steps.as_slice(), [Effect::Hold { .. }, Effect::Challenge { .. }]), "{steps:?}");
    }

    #[test]
    fn only_the_verdict_challenge_asks() {
        for (verdict, reason) in [
            (Verdict::Hold, Reason::Gate(GateRefusal::NotProven)),
            (Verdict::Pass, Reason::AllowedSender),
            (Verdict::Discard, Reason::DeniedSender),
        ] {
            assert_eq!(plan(&decision(verdict, reason), None, None).len(), 1, "{verdict:?}");
        }
    }

    #[test]
    fn a_confirmation_comes_before_its_own_message() {
        let confirmation = Confirmation {
            challenged: Address::parse("bob@x.org").unwrap(),
            pin: Proofs::DKIM,
            held: HeldId::from_random(7),
            still_held: true,
        };
        let steps = plan(&decision(Verdict::Hold, Reason::Answer), Some(&confirmation), None);
        assert!(matches!(steps.as_slice(), [Effect::Confirm { .. }, Effect::Release { .. }, Effect::Hold { .. }]));
    }
}
