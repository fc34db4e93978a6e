//! What will be done about a message, as a list in the order in which it is done. Printing it is the dry run.
//!
//! Promises: everything that changes anything is in the list. Never touches: the doing (`command/deliver.rs`).

use std::fmt;

use super::confirm::Confirmation;
use super::reason::Reason;
use super::token::HeldId;
use super::verdict::{Decision, Verdict};
use crate::mail::address::Address;
use crate::mail::auth::Proofs;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write an allow entry, pinned to its proof.
    Allow {
        /// Whose mail passes from now on.
        address: Address,
        /// What it must prove.
        pin: Proofs,
    },
    /// Send one challenge, if the slot for it is still free.
    Challenge {
        /// Whom it goes to.
        to: Address,
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
    /// Make sure that the token never counts again.
    Spend {
        /// The held message it spoke of.
        held: HeldId,
    },
}

/// The steps for one message.
///
/// A confirmation comes first: if it fails, the answer goes back to the queue and all is done again, and each
/// step of it can be done twice. Then the message itself becomes durable, and only then is anybody asked.
#[must_use]
pub fn plan(decision: &Decision, confirmation: Option<&Confirmation>) -> Vec<Effect> {
    let mut steps = Vec::new();
    if let Some(Confirmation { challenged, pin, held, .. }) = confirmation {
        steps.push(Effect::Allow { address: challenged.clone(), pin: *pin });
        steps.push(Effect::Release { address: challenged.clone(), pin: *pin });
        steps.push(Effect::Spend { held: *held });
    }
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
            Effect::Allow { address, pin } => write!(out, "allow {address}, pinned to {}", pin.names()),
            Effect::Challenge { to } => write!(out, "send one challenge to {to}"),
            Effect::Deliver => out.write_str("pass it on"),
            Effect::Drop => out.write_str("throw it away"),
            Effect::Hold { reason } => write!(out, "hold it ({reason})"),
            Effect::Note { verdict, reason } => {
                write!(out, "note that it would have been: {} ({reason})", verdict.name())
            }
            Effect::Release { address, pin } => {
                write!(out, "release what is held from {address} with the same proof ({})", pin.names())
            }
            Effect::Spend { held } => write!(out, "remember that the token for {held} is spent"),
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
        let steps = plan(&decision(Verdict::Challenge, Reason::Challenge), None);
        assert!(matches!(steps.as_slice(), [Effect::Hold { .. }, Effect::Challenge { .. }]), "{steps:?}");
    }

    #[test]
    fn only_the_verdict_challenge_asks() {
        for (verdict, reason) in [
            (Verdict::Hold, Reason::Gate(GateRefusal::NotProven)),
            (Verdict::Pass, Reason::AllowedSender),
            (Verdict::Discard, Reason::DeniedSender),
        ] {
            assert_eq!(plan(&decision(verdict, reason), None).len(), 1, "{verdict:?}");
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
        let steps = plan(&decision(Verdict::Hold, Reason::Answer), Some(&confirmation));
        assert!(matches!(
            steps.as_slice(),
            [Effect::Allow { .. }, Effect::Release { .. }, Effect::Spend { .. }, Effect::Hold { .. }]
        ));
    }
}
