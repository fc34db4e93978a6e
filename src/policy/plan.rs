//! What will be done about a message, as a list in the order in which it is done. Printing it is the dry run.
//!
//! Promises: everything that changes anything is in the list. Never touches: the doing (`operation/delivery.rs`).

use std::fmt;

use super::answer::{Answer, Confirmation};
use super::reason::Reason;
use super::sent::Sent;
use super::standing::Answered;
use super::token::HeldId;
use super::verdict::{Decision, Verdict};
use crate::mail::address::Address;
use crate::mail::content::TokenText;
use crate::origin::auth::Proofs;

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
    /// Take it and keep nothing of it: it has done its work.
    Drop,
    /// Write down whom the user wrote to, and by what an answer is known.
    NoteSent(Sent),
    /// Store it in the quarantine.
    Hold {
        /// Why.
        reason: Reason,
    },
    /// Leave the message that an answer is about in the trash, and let the next digest say so.
    LeaveInTrash {
        /// The message.
        held: HeldId,
    },
    /// Look at its signatures, with questions to the DNS, and decide again.
    Look,
    /// Write an allow entry, pinned to its proof, for who answered a private message of the user.
    Learn {
        /// Whose mail passes from now on.
        address: Address,
        /// What it must prove.
        pin: Proofs,
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
    /// Put the message on top of the next digest: somebody says that they did not write it.
    Disown {
        /// Which.
        held: HeldId,
    },
    /// Never ask this address again, and mark what is held from it with the same proof.
    OptOut {
        /// Who says that it was not them.
        address: Address,
        /// With which proof.
        pin: Proofs,
        /// Whether that was said in ordinary words: a later answer takes it back.
        in_words: bool,
    },
    /// Forget that this address said in ordinary words that it was not them.
    TakeBack {
        /// Who takes it back.
        address: Address,
    },
    /// Send one short mail that names the word once more, if the slot for it is free and the gate lets it out.
    RepeatWord {
        /// What the answer is about.
        about: Confirmation,
        /// The token that it carries.
        token: TokenText,
    },
    /// Write down that the challenge for this message came back.
    SetUndeliverable {
        /// The message.
        held: HeldId,
    },
    /// Go on with the releases of an answer that comes again: whoever it confirmed may be known by hash alone.
    ReleaseAgain(Answered),
    /// Make sure that the token never counts again; a confirmation does that itself.
    Spend {
        /// The held message it spoke of.
        held: HeldId,
    },
    /// Store it in the trash.
    ThrowAway {
        /// Why.
        reason: Reason,
    },
}

/// The steps for one message.
///
/// A confirmation comes first: if it fails, the answer goes back to the queue and comes again (`again`), and each
/// step of it can be done twice. Then the message itself becomes durable, and only then is anybody asked.
#[must_use]
pub fn plan(decision: &Decision, answer: Option<&Answer>, again: Option<Answered>) -> Vec<Effect> {
    let mut steps = Vec::new();
    match answer {
        Some(Answer::Bounced(held)) => steps.push(Effect::SetUndeliverable { held: *held }),
        Some(Answer::Confirms(Confirmation { challenged, pin, held, trashed })) => {
            // Before the token is spent: what comes again after that finds it spent.
            steps.extend(trashed.then_some(Effect::LeaveInTrash { held: *held }));
            steps.push(Effect::Confirm { address: challenged.clone(), pin: *pin, held: *held });
            steps.push(Effect::TakeBack { address: challenged.clone() });
            steps.push(Effect::Release { address: challenged.clone(), pin: *pin });
        }
        Some(Answer::NotMe(Confirmation { challenged, pin, held, .. })) => {
            steps.push(Effect::OptOut { address: challenged.clone(), pin: *pin, in_words: false });
            steps.push(Effect::Spend { held: *held });
        }
        // The token may still be used by whoever takes it back.
        Some(Answer::Denies { about: Confirmation { challenged, pin, .. }, alone: true }) => {
            steps.push(Effect::OptOut { address: challenged.clone(), pin: *pin, in_words: true });
        }
        Some(Answer::Denies { about, alone: false }) => steps.push(Effect::Disown { held: about.held }),
        // A machine's answer leaves everything as it was: the token may still be used by the person.
        Some(Answer::AtOnce(_) | Answer::WrongWord(..)) | None => {}
    }
    steps.extend(again.map(Effect::ReleaseAgain));
    match decision.verdict {
        Verdict::Pass => steps.push(Effect::Deliver),
        Verdict::Discard if decision.reason == Reason::SentCopy => steps.push(Effect::Drop),
        Verdict::Discard => steps.push(Effect::ThrowAway { reason: decision.reason }),
        Verdict::Hold | Verdict::Challenge => steps.push(Effect::Hold { reason: decision.reason }),
    }
    if let (Verdict::Challenge, Some((to, _))) = (decision.verdict, &decision.challenge) {
        steps.push(Effect::Challenge { to: to.clone() });
    }
    if let (Reason::WrongWord, Some(Answer::WrongWord(about, token))) = (decision.reason, answer) {
        steps.push(Effect::RepeatWord { about: about.clone(), token: token.clone() });
    }
    if let Some((verdict, reason)) = decision.instead.filter(|_| decision.reason != Reason::ModeOff) {
        steps.push(Effect::Note { verdict, reason });
    }
    steps
}

/// Puts in front what a copy of the user's own mail teaches. If that fails, the copy goes back to the queue and comes again.
/// The mode `observe` learns too: nobody is written to, and nothing is held.
pub fn learn_first(steps: &mut Vec<Effect>, copy: Option<&Sent>, decision: &Decision) {
    let learned = copy.filter(|_| decision.reason == Reason::SentCopy);
    steps.splice(0..0, learned.map(|sent| Effect::NoteSent(sent.clone())));
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
            Effect::LeaveInTrash { held } => write!(out, "leave {held} in the trash, and say so"),
            Effect::NoteSent(sent) => {
                let (people, class) = (sent.people.len(), sent.class.name());
                write!(out, "learn whom it went to (people: {people}), and that it is {class}")
            }
            Effect::Hold { reason } => write!(out, "hold it ({reason})"),
            Effect::Look => out.write_str("look at its signatures (DNS), and ask or let pass whom they prove"),
            Effect::Learn { address, pin } => write!(out, "allow {address}, pinned to {}", pin.names()),
            Effect::Note { verdict, reason } => {
                write!(out, "note that it would have been: {} ({reason})", verdict.name())
            }
            Effect::Release { address, pin } => {
                write!(out, "release what is held from {address} with the same proof ({})", pin.names())
            }
            Effect::Disown { held } => write!(out, "mark {held}: somebody says that they did not write it"),
            Effect::OptOut { address, pin, .. } => {
                write!(out, "never ask {address} again, and mark what is held from it ({})", pin.names())
            }
            Effect::TakeBack { address } => {
                write!(out, "forget it if {address} denied in ordinary words to have written")
            }
            Effect::RepeatWord { about, .. } => {
                write!(out, "send one short mail that names the word again, about {}", about.held)
            }
            Effect::SetUndeliverable { held } => write!(out, "note that the challenge for {held} came back"),
            Effect::ReleaseAgain(answered) => {
                write!(out, "release what is still held of what this answer released ({})", answered.pin.names())
            }
            Effect::Spend { held } => write!(out, "remember that the token for {held} is spent"),
            Effect::ThrowAway { reason } => write!(out, "throw it away, into the trash ({reason})"),
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

    fn about() -> Confirmation {
        Confirmation {
            challenged: Address::parse("bob@x.org").unwrap(),
            pin: Proofs::DKIM,
            held: HeldId::from_random(7),
            trashed: false,
        }
    }

    #[test]
    fn what_does_not_confirm_allows_and_releases_nothing() {
        let token = TokenText::parse(&"0".repeat(32)).unwrap();
        for (answer, reason) in [
            (Answer::NotMe(about()), Reason::NotMeAnswer),
            (Answer::Denies { about: about(), alone: true }, Reason::NotMeAnswer),
            (Answer::Denies { about: about(), alone: false }, Reason::Challenge),
            (Answer::WrongWord(about(), token), Reason::WrongWord),
            (Answer::Bounced(HeldId::from_random(7)), Reason::ChallengeBounce),
        ] {
            let steps = plan(&decision(Verdict::Hold, reason), Some(&answer), None);
            let gives =
                |step: &Effect| matches!(step, Effect::Confirm { .. } | Effect::Release { .. } | Effect::Deliver);
            assert!(!steps.iter().any(gives), "{steps:?}");
            assert!(steps.len() >= 2, "{steps:?}");
        }
    }

    #[test]
    fn a_denial_in_ordinary_words_spends_no_token() {
        for alone in [true, false] {
            let answer = Answer::Denies { about: about(), alone };
            let steps = plan(&decision(Verdict::Hold, Reason::NotMeAnswer), Some(&answer), None);
            assert!(!steps.iter().any(|step| matches!(step, Effect::Spend { .. })), "{steps:?}");
            assert_eq!(
                steps.iter().any(|step| matches!(step, Effect::OptOut { in_words: true, .. })),
                alone,
                "{steps:?}"
            );
        }
    }

    #[test]
    fn an_answer_at_once_is_held_and_changes_nothing_else() {
        let answer = Answer::AtOnce(HeldId::from_random(7));
        let steps = plan(&decision(Verdict::Hold, Reason::AnsweredAtOnce), Some(&answer), None);
        assert_eq!(steps, [Effect::Hold { reason: Reason::AnsweredAtOnce }]);
    }

    #[test]
    fn only_a_message_held_for_it_repeats_the_word() {
        let token = TokenText::parse(&"0".repeat(32)).unwrap();
        let answer = Answer::WrongWord(about(), token);
        let steps = plan(&decision(Verdict::Hold, Reason::DeniedSender), Some(&answer), None);
        assert!(!steps.iter().any(|step| matches!(step, Effect::RepeatWord { .. })), "{steps:?}");
    }

    #[test]
    fn an_answer_for_what_was_thrown_away_allows_and_says_that_it_stays_there() {
        let answer = Answer::Confirms(Confirmation { trashed: true, ..about() });
        let steps = plan(&decision(Verdict::Pass, Reason::AnswerWithText), Some(&answer), None);
        let [Effect::LeaveInTrash { held }, Effect::Confirm { .. }, .., Effect::Deliver] = &steps[..] else {
            panic!("{steps:?}")
        };
        assert_eq!(*held, HeldId::from_random(7));
        for answer in [Answer::Confirms(about()), Answer::NotMe(Confirmation { trashed: true, ..about() })] {
            let steps = plan(&decision(Verdict::Pass, Reason::AnswerWithText), Some(&answer), None);
            assert!(!steps.iter().any(|step| matches!(step, Effect::LeaveInTrash { .. })), "{steps:?}");
        }
    }

    #[test]
    fn what_is_thrown_away_goes_into_the_trash_but_for_a_copy_of_the_users_own_mail() {
        for reason in [Reason::DeniedSender, Reason::ScoreDiscard] {
            assert_eq!(plan(&decision(Verdict::Discard, reason), None, None), [Effect::ThrowAway { reason }]);
        }
        assert_eq!(plan(&decision(Verdict::Discard, Reason::SentCopy), None, None), [Effect::Drop]);
    }

    #[test]
    fn a_confirmation_comes_before_its_own_message() {
        let steps = plan(&decision(Verdict::Hold, Reason::Answer), Some(&Answer::Confirms(about())), None);
        let [Effect::Confirm { .. }, Effect::TakeBack { .. }, Effect::Release { .. }, Effect::Hold { .. }] = &steps[..]
        else {
            panic!("{steps:?}")
        };
    }
}
