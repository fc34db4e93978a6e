//! Whether a message confirms that a challenged person is real.
//!
//! Promises: only a message that is itself not automatic confirms, only with a token minted here for the very
//! address that is then allowed, and never for or from anybody denied. Older programs of this kind let bounces
//! and vacation replies confirm, since those echo the token. Never touches: what the confirmation then does.

use super::Policy;
use super::key::KeyRing;
use super::standing::{Answered, Standing};
use super::token::{Day, HeldId, Parties, Purpose};
use crate::mail::address::Address;
use crate::mail::auth::Proofs;
use crate::mail::content::TokenKind;
use crate::mail::envelope::EnvelopeSender;
use crate::mail::facts::Facts;

/// Most addresses of an answer that are tried when the held message is gone (design, section 6).
pub const CANDIDATE_LIMIT: usize = 8;

/// A confirmation that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Who is allowed from now on.
    pub challenged: Address,
    /// What later mail from there must prove.
    pub pin: Proofs,
    /// The message the token speaks of.
    pub held: HeldId,
    /// Whether it is still in the quarantine.
    pub still_held: bool,
}

/// The first token of the message that confirms.
#[must_use]
pub fn confirmation(
    facts: &Facts,
    standing: &Standing,
    policy: &Policy,
    keys: &KeyRing,
    today: Day,
) -> Option<Confirmation> {
    if !may_confirm(facts) || !standing.denied.is_empty() {
        return None;
    }
    for found in standing.tokens.iter().filter(|found| found.kind == TokenKind::Confirm && !found.spent) {
        let held = found.held.as_ref();
        let from_held: Vec<Address> = held.iter().filter_map(|note| note.challenged.clone()).collect();
        let candidates = if held.is_some() { from_held } else { candidates(facts) };
        for challenged in candidates {
            let normal = challenged.normal();
            let good = policy.owner.addresses().map(Address::normal).any(|owner| {
                let parties = Parties { owner: &owner, challenged: &normal };
                found.token.verify(keys, Purpose::Confirm, parties, today, held.is_some()).is_ok()
            });
            if good && !policy.owner.is(&challenged) {
                let pin = held.map_or(Proofs::DMARC.union(Proofs::DKIM), |note| note.proofs);
                return Some(Confirmation { challenged, pin, held: found.token.held, still_held: held.is_some() });
            }
        }
    }
    None
}

/// What the message has confirmed at an earlier attempt to deliver it. Its token is spent, and that by this message,
/// so its releases go on and it is kept as an answer. The entry is not written again: it was written together with the
/// memory of the token, and if it is gone, the user took it away.
#[must_use]
pub fn repeated(facts: &Facts, standing: &Standing) -> Option<Answered> {
    if !may_confirm(facts) || !standing.denied.is_empty() {
        return None;
    }
    standing.tokens.iter().filter(|found| found.kind == TokenKind::Confirm).find_map(|found| found.answered)
}

/// Whether a message of this kind can confirm at all: written by a person, with somebody to answer to.
#[must_use]
pub fn may_confirm(facts: &Facts) -> bool {
    facts.signs.is_empty() && facts.envelope.sender != EnvelopeSender::Null && !facts.tokens.is_empty()
}

/// The addresses an answer may come from when nothing but the token is left: envelope, From.
#[must_use]
pub fn candidates(facts: &Facts) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let said = facts.envelope_sender().into_iter().chain(facts.sender.address()).chain(&facts.answer_addresses);
    for address in said {
        if !found.contains(address) && found.len() < CANDIDATE_LIMIT {
            found.push(address.clone());
        }
    }
    found
}
