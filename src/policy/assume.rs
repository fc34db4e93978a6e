//! A message as it would be judged if nothing but itself could speak against asking its sender: proven, written to
//! the user, from a stranger. For measuring what the rules make of the message alone.
//!
//! Promises: changes the facts and the policy, explicitly and here, so that the rules know nothing of it; nothing
//! that the message says of itself is touched. Never used where mail is handled.

use super::standing::Standing;
use super::{Caps, Policy};
use crate::facts::Facts;
use crate::origin::auth::{Authentication, Method, MethodResult, Outcome};
use crate::origin::envelope::EnvelopeSender;

/// The authserv-id that is trusted where none is configured; nobody's name ends in it (RFC 6761 section 6.4).
const ASSUMED_ID: &str = "assumed.invalid";

/// The policy for it: somebody is trusted, and no limit holds a challenge back.
#[must_use]
pub fn policy(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    if policy.trust.ids.is_empty() {
        policy.trust.ids.push(ASSUMED_ID.to_owned());
    }
    policy.caps = Caps { days_between: 1, per_hour: u32::MAX, per_day: u32::MAX, breaker_alike: 0 };
    policy
}

/// The message, taken as proven by DMARC and DKIM for its From domain, written to the user and not from this program
/// or this host. Without a word about its envelope sender that is taken to be the From address; a word that is there
/// stands, but for an address that only the line of an mbox file names, since archives write what they like there.
#[must_use]
pub fn facts(facts: Facts, policy: &Policy) -> Facts {
    // What another program thinks of a message is not the message. What the rest says is read before anything is changed.
    let mut facts = facts.without_score();
    facts.authentication = Authentication::default();
    if let Some(from) = facts.sender.address().cloned() {
        facts.authentication.believed = [Method::Dmarc, Method::Dkim]
            .into_iter()
            .enumerate()
            .map(|(field, method)| MethodResult {
                method,
                outcome: Outcome::Pass,
                domain: Some(from.domain().clone()),
                word: "pass".to_owned(),
                field,
            })
            .collect();
        let archived = facts.envelope.only_mbox_line && matches!(facts.envelope.sender, EnvelopeSender::Known(_));
        if archived || facts.envelope.sender == EnvelopeSender::Missing {
            facts.envelope.sender = EnvelopeSender::Known(from);
        }
    }
    if !facts.named.iter().any(|address| policy.owner.is(address)) {
        facts.named.insert(0, policy.owner.primary.clone());
    }
    facts.own_mark = None;
    facts.submitted_here = false;
    facts
}

/// What is known from before about a stranger: nothing, in a store that answers.
#[must_use]
pub fn standing() -> Standing {
    Standing::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::envelope::Caller;
    use crate::policy::gate::GateRefusal;
    use crate::policy::reason::Reason;
    use crate::policy::tests::policy as configured;
    use crate::policy::verdict::{Question, Verdict, judge};

    const LETTER: &str = "From: bob@x.org\nTo: carol@y.org\nDate: Sat, 21 Nov 2026 12:00:00 +0000\n\
        Message-ID: <1@x.org>\nSubject: Tea\n";

    /// The judgement of a text under a policy that trusts nobody and allows no challenge at all.
    fn judged(text: &str) -> (Verdict, Reason) {
        let mut strict = configured();
        strict.trust.ids.clear();
        strict.caps = Caps { days_between: 365, per_hour: 0, per_day: 0, breaker_alike: 5 };
        let assumed = policy(&strict);
        let read =
            Facts::read(format!("{text}\nShall we meet for tea?\n").as_bytes(), &Caller::default(), &strict.trust);
        let facts = facts(read, &assumed);
        let standing = standing();
        let question = Question {
            facts: &facts,
            standing: &standing,
            policy: &assumed,
            confirmation: None,
            own_mark: false,
            now: 1_795_262_400,
        };
        let decision = judge(question);
        (decision.verdict, decision.reason)
    }

    #[test]
    fn what_the_message_says_of_itself_still_counts() {
        for text in [
            format!("{LETTER}List-Id: <l.x.org>\n"),
            format!("{LETTER}Auto-Submitted: auto-replied\n"),
            format!("Return-Path: <>\n{LETTER}"),
            LETTER.replace("bob@", "noreply@"),
            format!("{LETTER}From: eve@x.org\n"),
            LETTER.replace("From: bob@x.org\n", ""),
            format!("{LETTER}broken line\n"),
        ] {
            let (verdict, reason) = judged(&text);
            assert_eq!(verdict, Verdict::Hold, "{text}: {reason}");
        }
    }

    #[test]
    fn an_envelope_sender_that_is_said_is_not_replaced() {
        let (verdict, reason) = judged(&format!("Return-Path: <bounces@z.org>\n{LETTER}"));
        assert_ne!(verdict, Verdict::Challenge, "{reason}");
        let (_, reason) = judged(&format!("Return-Path: <eve@z.org>\n{LETTER}"));
        assert_eq!(reason, Reason::Gate(GateRefusal::EnvelopeDiffers));
        let (_, reason) = judged(&format!("Return-Path: <nobody>\n{LETTER}"));
        assert_eq!(reason, Reason::Gate(GateRefusal::EnvelopeUnclear));
    }

    #[test]
    fn an_archive_names_an_envelope_sender_only_where_it_says_null() {
        let from = |who: &str| judged(&format!("From {who} Mon Sep 17 00:00:00 2001\n{LETTER}"));
        assert_eq!(from("whoever@archive.example").0, Verdict::Challenge);
        assert_eq!(from("MAILER-DAEMON").0, Verdict::Hold);
        assert_eq!(from("owner-tea@lists.example").0, Verdict::Hold, "what it shows of a list still counts");
    }

    #[test]
    fn else_the_sender_would_be_asked() {
        let forged = "Authentication-Results: mx.example.org; dmarc=fail header.from=x.org\n";
        for text in [LETTER.to_owned(), format!("Return-Path: <bob@x.org>\n{LETTER}"), format!("{forged}{LETTER}")] {
            assert_eq!(judged(&text), (Verdict::Challenge, Reason::Challenge), "{text}");
        }
    }

    #[test]
    fn the_users_other_address_stays_the_one_that_was_written_to() {
        let text = LETTER.replace("carol@y.org", "a.liddell@example.com");
        let read = Facts::read(format!("{text}\n").as_bytes(), &Caller::default(), &configured().trust);
        assert_eq!(facts(read, &configured()).named.len(), 1);
    }

    #[test]
    fn the_rest_of_the_policy_stays() {
        let (before, after) = (configured(), policy(&configured()));
        assert_eq!(before.trust.ids, after.trust.ids);
        assert_eq!(before.owner.primary, after.owner.primary);
        assert_eq!((before.mode, before.retention_days), (after.mode, after.retention_days));
    }
}
