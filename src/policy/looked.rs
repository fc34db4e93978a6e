//! The decision about a message at whose signatures the program has looked itself.
//!
//! Promises: nothing passes here without a proof that was found, whatever is known of its sender by now: others may have feigned the
//! name; nobody is asked while an answer is missing. Never touches: the looking.

use super::gate::GateRefusal;
use super::reason::Reason;
use super::standing::Effect;
use super::verdict::{Decision, Question, Verdict, judge};
use crate::origin::eyes::Sight;

/// Judges it. What was found is in its facts.
#[must_use]
pub fn judge_looked(question: Question<'_>) -> Decision {
    let decision = judge(question);
    let found = question.facts.authentication.sight.found();
    let unsettled = found.is_some_and(|found| found.unsettled);
    let proven = found.is_some_and(|found| !found.proven.is_empty()) && !lacks_pin(question);
    let hold = |reason| Decision { verdict: Verdict::Hold, reason, challenge: None, ..decision.clone() };
    match decision.verdict {
        Verdict::Pass if proven => Decision { reason: Reason::ProvenLater, ..decision },
        Verdict::Pass | Verdict::Challenge if unsettled => hold(Reason::LookLater),
        Verdict::Hold if unsettled && may_change(question) => hold(Reason::LookLater),
        Verdict::Pass => hold(Reason::Gate(GateRefusal::NotProven)),
        Verdict::Hold | Verdict::Challenge | Verdict::Discard => decision,
    }
}

/// Whether it could still pass, or its sender be asked now or later, if the answer that is missing proved it.
fn may_change(question: Question<'_>) -> bool {
    let mut facts = question.facts.clone();
    facts.authentication.sight = Sight::Supposed;
    let supposed = judge(Question { facts: &facts, ..question });
    supposed.verdict != Verdict::Hold || matches!(supposed.reason, Reason::Capped(_))
}

/// Whether its author is known by another proof than the one that was found of them.
fn lacks_pin(question: Question<'_>) -> bool {
    let facts = question.facts;
    let entry = question.standing.sender.filter(|entry| entry.effect == Effect::Allow && !entry.pin.is_empty());
    let proofs = facts.authentication.of_author(facts.sender.address());
    // What comes through a list is proven by the list's domain.
    entry.is_some_and(|entry| !proofs.is_empty() && !proofs.keeps(entry.pin))
}
