//! The decision: one ordered table of rules, the first that matches decides.
//!
//! Promises: total (every message gets a verdict), pure, and readable from top to bottom. Rules that are not here do not
//! exist. Never touches: what is then done (`plan.rs`).

use super::answer::{Answer, Confirmation};
use super::confirm::{is_empty, is_marked, repeated};
use super::gate::{may_challenge, within_caps};
use super::own_mail::{brings_executables, notice};
use super::reason::Reason;
use super::sent::Class;
use super::standing::{Effect, Entry, Origin, Standing, StoreHealth};
use super::{Mode, Policy};
use crate::facts::{Facts, Sender};
use crate::mail::address::Address;
use crate::origin::auth::Proofs;
use crate::origin::score::Points;
use crate::signs::Sign;

/// More Received fields than this are a loop (RFC 5321 section 6.3).
pub const RECEIVED_LIMIT: usize = 100;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Held, and its sender is asked.
    Challenge,
    /// Thrown away; only where the user configured it, and a copy of the user's own mail that has taught what it is for.
    Discard,
    /// Held in silence.
    Hold,
    /// Passed on.
    Pass,
}

impl Verdict {
    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Challenge => "challenge",
            Verdict::Discard => "discard",
            Verdict::Hold => "hold",
            Verdict::Pass => "pass",
        }
    }
}

/// A verdict with its reason and with the rules that were passed over on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of the message.
    pub verdict: Verdict,
    /// The rule that decided.
    pub reason: Reason,
    /// Whom a challenge goes to, and what is proven about it.
    pub challenge: Option<(Address, Proofs)>,
    /// The names of the rules that did not match, in order.
    pub passed_over: Vec<&'static str>,
    /// What would have been done if the mode were not `observe` or `off`.
    pub instead: Option<(Verdict, Reason)>,
}

/// Everything a rule may look at.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The message.
    pub facts: &'a Facts,
    /// What is known from before.
    pub standing: &'a Standing,
    /// What the user configured.
    pub policy: &'a Policy,
    /// What the message itself just confirmed.
    pub confirmation: Option<&'a Confirmation>,
    /// Whether the message carries a valid mark of this program's own mail.
    pub own_mark: bool,
    /// Seconds since 1970.
    pub now: i64,
}

type Rule = (&'static str, fn(Question<'_>) -> Option<(Verdict, Reason)>);

/// The rules in their order. The names are those that `explain` shows; the numbers in them group what belongs together.
const RULES: &[Rule] = &[
    ("1 loop", looping),
    ("2 own mail", own),
    ("store", store),
    ("3 denied", denied),
    ("5 own address as sender", own_address),
    ("5 dmarc=fail", dmarc),
    ("6 allowed sender", allowed_sender),
    ("6 allowed domain", allowed_domain),
    ("7 answer at once", answered_at_once),
    ("7 denied authorship", denied_authorship),
    ("7 answer", answer),
    ("8 reply", reply),
    ("10 bounce of a challenge", challenge_bounce),
    ("10 about your own mail", about_own_mail),
    ("10 allowed list", allowed_list),
    ("11 executable content", executable),
    ("11 empty probe", empty_probe),
    ("12 spam score", spam_score),
    ("13 bounce of a message not yours", foreign_bounce),
    ("13 automatic", automatic),
    ("14 malformed", malformed),
    ("14 unclear sender", unclear),
    ("14 address in the name", display_name),
    ("14 not addressed to you", not_addressed),
    ("14 opted out", opted_out),
    ("14 unreadable", unreadable),
    ("15 word", wrong_word),
    ("14 spent token", spent_token),
    ("15 gate", gate),
    ("15 caps", caps),
];

/// Judges one message.
#[must_use]
pub fn judge(question: Question<'_>) -> Decision {
    let mut passed_over = Vec::new();
    for (name, rule) in RULES {
        if let Some((verdict, reason)) = rule(question) {
            return decision(question, verdict, reason, passed_over);
        }
        passed_over.push(*name);
    }
    decision(question, Verdict::Challenge, Reason::Challenge, passed_over)
}

fn decision(question: Question<'_>, verdict: Verdict, reason: Reason, passed_over: Vec<&'static str>) -> Decision {
    let challenged = may_challenge(question.facts, question.policy).ok();
    let challenge = challenged.map(|(address, proofs)| (address.clone(), proofs));
    match question.policy.mode {
        Mode::On => Decision { verdict, reason, challenge, passed_over, instead: None },
        // Whom it would have been stays: nobody is asked but by the verdict.
        Mode::Observe => {
            Decision { verdict: Verdict::Pass, reason, challenge, passed_over, instead: Some((verdict, reason)) }
        }
        Mode::Off => Decision {
            verdict: Verdict::Pass,
            reason: Reason::ModeOff,
            challenge: None,
            passed_over,
            instead: Some((verdict, reason)),
        },
    }
}

fn looping(question: Question<'_>) -> Option<(Verdict, Reason)> {
    if question.facts.received > RECEIVED_LIMIT {
        return Some((Verdict::Hold, Reason::LoopReceived));
    }
    let from_us = |address: &Address| question.policy.owner.is(address);
    let own = question.facts.sender.address().is_some_and(from_us);
    (question.facts.is_challenge && own).then_some((Verdict::Hold, Reason::LoopOwnChallenge))
}

/// A copy has done its work when it is learned: the mail itself went to its recipients.
fn own(question: Question<'_>) -> Option<(Verdict, Reason)> {
    if question.standing.sent_copy.is_some() {
        return Some((Verdict::Discard, Reason::SentCopy));
    }
    if question.own_mark {
        return Some((Verdict::Pass, Reason::OwnMark));
    }
    question.facts.submitted_here.then_some((Verdict::Pass, Reason::OwnSubmission))
}

/// Without the store nobody is known and nobody is known to be denied: hold in silence.
fn store(question: Question<'_>) -> Option<(Verdict, Reason)> {
    (question.standing.store != StoreHealth::Ready).then_some((Verdict::Hold, Reason::StoreUnavailable))
}

fn denied(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let standing = question.standing;
    let verdict = if question.policy.discard_denied { Verdict::Discard } else { Verdict::Hold };
    let rows = [
        (standing.sender, Reason::DeniedSender),
        (standing.domain, Reason::DeniedDomain),
        (standing.list, Reason::DeniedList),
    ];
    let author = question.facts.sender.address();
    let proofs = question.facts.authentication.of_author(author);
    let denies = |entry: Option<Entry>| entry.is_some_and(|entry| entry.denies(proofs));
    // An address that the user allowed by name outranks the denial of its whole domain; one that was learned does not.
    let by_name = |entry: Entry| !entry.origin.is_learned() || entry.origin == Origin::Imported;
    let allowed = allows(standing.sender).is_some_and(by_name);
    rows.into_iter()
        .find(|(entry, reason)| denies(*entry) && !(allowed && *reason == Reason::DeniedDomain))
        .map(|(_, reason)| (verdict, reason))
}

/// Only the user's own *addresses*, not their domains: the domain of a large provider or of a company is that of
/// strangers and colleagues too, whose unproven mail the gate never lets anybody answer, and whose allowed mail rule 7
/// must reach. `spf=pass` proves no author, only a path, so it does not make a message the user's.
fn own_address(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let Sender::Clear(address) = &question.facts.sender else { return None };
    if !question.policy.owner.is(address) {
        return None;
    }
    let proven = question.facts.authentication.proofs(address.domain()).intersects(Proofs::AUTHOR);
    Some(if proven { (Verdict::Pass, Reason::OwnAddress) } else { (Verdict::Hold, Reason::OwnAddressUnproven) })
}

fn dmarc(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let address = question.facts.sender.address()?;
    question.facts.authentication.dmarc_fails(address.domain()).then_some((Verdict::Hold, Reason::DmarcFail))
}

/// Whom only the token in this message allowed is none of the people one knew before: rule 7 looks at the answer itself
/// when it is handed over again, whatever it proves now, and at one more that is empty.
fn allowed_sender(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let entry = allows(question.standing.sender)?;
    let by_this_token = is_allowed_by_this_token(question);
    if by_this_token && repeated(question.facts, question.standing).is_some() {
        return None;
    }
    if let Some(lack) = lacks_proof(question.facts, entry, question.policy) {
        // What comes through an allowed list, or names what only the user's recipients know, has another proof.
        let private = question.standing.own.as_ref().is_some_and(|own| own.class == Class::Private);
        let answers = reply(question).filter(|_| private);
        return answers.or_else(|| allowed_list(question)).or(Some((Verdict::Hold, lack)));
    }
    let again = by_this_token && is_empty(question.facts, question.standing, question.policy);
    (!again).then_some((Verdict::Pass, Reason::AllowedSender))
}

/// Why the name of an allowed sender is not enough for this message.
#[must_use]
pub fn lacks_proof(facts: &Facts, entry: Entry, policy: &Policy) -> Option<Reason> {
    let domain = facts.sender.address()?.domain();
    let authentication = &facts.authentication;
    // Where nothing can be proven a pin could only lose mail. And nobody's mail is held because a name server was slow.
    if !policy.trust.can_prove() || authentication.is_unsettled(domain) {
        return None;
    }
    let proofs = authentication.proofs(domain);
    // Where nobody has looked, a proof that is missing says nothing.
    if entry.pin.is_empty() || !authentication.asks_for_pins() {
        let elsewhere = !proofs.intersects(Proofs::AUTHOR) && authentication.sent_elsewhere.contains(domain);
        return (elsewhere && entry.origin.is_learned()).then_some(Reason::KnownSentElsewhere);
    }
    (!proofs.keeps(entry.pin)).then_some(Reason::PinMissing)
}

/// Whether it passes without the proof that the entry of its sender asks for, since nobody has looked for one.
#[must_use]
pub fn passes_unasked(facts: &Facts, standing: &Standing, reason: Reason) -> bool {
    let (Some(entry), Some(address)) = (standing.sender, facts.sender.address()) else { return false };
    let authentication = &facts.authentication;
    reason == Reason::AllowedSender
        && !entry.pin.is_empty()
        && !authentication.asks_for_pins()
        && !authentication.proofs(address.domain()).keeps(entry.pin)
}

fn is_allowed_by_this_token(question: Question<'_>) -> bool {
    question.standing.tokens.iter().any(|token| token.allowed_author)
}

/// A person has to read the challenge first. The token stays good: the person may still answer.
fn answered_at_once(question: Question<'_>) -> Option<(Verdict, Reason)> {
    matches!(question.standing.answer, Some(Answer::AtOnce(_))).then_some((Verdict::Hold, Reason::AnsweredAtOnce))
}

/// In ordinary words. Beside other words it is a letter, of which the mark says what it denies; what a computer may run comes
/// in with neither.
fn denied_authorship(question: Question<'_>) -> Option<(Verdict, Reason)> {
    match question.standing.answer {
        Some(Answer::Denies { alone: true, .. }) => Some((Verdict::Hold, Reason::NotMeAnswer)),
        Some(Answer::Denies { alone: false, .. }) if question.facts.content().executables.findings.is_empty() => {
            Some((Verdict::Pass, Reason::DeniedAuthorship))
        }
        _ => None,
    }
}

/// The answer that confirmed something, or comes again; put aside is only what says nothing at all.
fn answer(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let confirms = question.confirmation.is_some() || repeated(question.facts, question.standing).is_some();
    let known = || is_allowed_by_this_token(question) && allows(question.standing.sender).is_some();
    if (confirms || known()) && is_empty(question.facts, question.standing, question.policy) {
        return Some((Verdict::Hold, Reason::Answer));
    }
    confirms.then_some((Verdict::Pass, Reason::AnswerWithText))
}

/// From whatever address, proven or not: only who saw what the user sent knows its Message-ID.
fn reply(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let own = question.standing.own.as_ref()?;
    let by_a_machine = notice(question.facts, own.id.as_ref().map(|id| id.place)).is_some();
    (!by_a_machine && !brings_executables(question.facts, own)).then_some((Verdict::Pass, Reason::Reply))
}

/// The same from a machine, which the user may have to read, and which never confirms or teaches anything.
fn about_own_mail(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let own = question.standing.own.as_ref()?;
    let notice = notice(question.facts, own.id.as_ref().map(|id| id.place))?;
    (!brings_executables(question.facts, own)).then_some((Verdict::Pass, Reason::OwnMail(notice)))
}

/// Somebody wrote it in the user's name, and mail systems answer the user.
fn foreign_bounce(question: Question<'_>) -> Option<(Verdict, Reason)> {
    question.standing.foreign.then_some((Verdict::Hold, Reason::ForeignBounce))
}

/// A domain is a word anybody can write, so its entry counts only where the domain is proven.
fn allowed_domain(question: Question<'_>) -> Option<(Verdict, Reason)> {
    allows(question.standing.domain)?;
    let address = question.facts.sender.address()?;
    let proven = question.facts.authentication.proofs(address.domain()).intersects(Proofs::AUTHOR);
    proven.then_some((Verdict::Pass, Reason::AllowedDomain))
}

/// A List-Id is a word anybody can write too: some domain the list's name ends in must be proven.
fn allowed_list(question: Question<'_>) -> Option<(Verdict, Reason)> {
    allows(question.standing.list)?;
    let list = question.facts.list()?;
    let proven = list.domains().any(|domain| question.facts.authentication.proofs(&domain).intersects(Proofs::AUTHOR));
    proven.then_some((Verdict::Pass, Reason::AllowedList))
}

/// It says one thing only, that nobody is there; it never passes and never confirms.
fn challenge_bounce(question: Question<'_>) -> Option<(Verdict, Reason)> {
    matches!(question.standing.answer, Some(Answer::Bounced(_))).then_some((Verdict::Hold, Reason::ChallengeBounce))
}

/// Nothing that a computer may run is ever answered: what such mail says of its sender is mostly forged (S004-16).
fn executable(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let finding = question.facts.content().executables.findings.first()?;
    Some((Verdict::Hold, Reason::Executable(finding.kind)))
}

fn empty_probe(question: Question<'_>) -> Option<(Verdict, Reason)> {
    question.facts.empty_probe().then_some((Verdict::Hold, Reason::EmptyProbe))
}

/// A number outranks the filter's own word where a limit for numbers is configured. High is looked at first: what is
/// doubtful may be held for its score, but never passes for it.
fn spam_score(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let (score, limits) = (question.facts.score(), &question.policy.score);
    let above = |limit: Option<Points>| limit.zip(score.points).is_some_and(|(limit, points)| points > limit);
    if above(limits.discard_above) {
        return Some((Verdict::Discard, Reason::ScoreDiscard));
    }
    let measured = limits.hold_above.is_some() && score.points.is_some();
    if above(limits.hold_above) || (score.says_spam && !measured) {
        return Some((Verdict::Hold, Reason::ScoreHigh));
    }
    let points = score.points.filter(|_| score.exact)?;
    let proven = || {
        let address = question.facts.sender.address();
        address.is_some_and(|address| !question.facts.authentication.proofs(address.domain()).is_empty())
    };
    if limits.pass_below.is_some_and(|limit| points < limit) && proven() {
        return Some((Verdict::Pass, Reason::ScoreLow));
    }
    let moderate = limits.challenge_only_above.is_some_and(|limit| points <= limit);
    moderate.then_some((Verdict::Pass, Reason::ScoreModerate))
}

fn automatic(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let marked = is_marked(question.facts, question.standing).then_some(Sign::AutoReplySubject);
    let sign = question.facts.signs().first().copied().or(marked)?;
    Some((Verdict::Hold, Reason::Automatic(sign)))
}

fn malformed(question: Question<'_>) -> Option<(Verdict, Reason)> {
    question.facts.defects.first().map(|defect| (Verdict::Hold, Reason::Malformed(*defect)))
}

fn unclear(question: Question<'_>) -> Option<(Verdict, Reason)> {
    match question.facts.sender {
        Sender::Unclear(why) => Some((Verdict::Hold, Reason::UnclearSender(why))),
        Sender::Clear(_) => None,
    }
}

/// `"ceo@bank.example" <x@evil.example>`: many mail programs show the name alone. What is proven is the other address.
fn display_name(question: Question<'_>) -> Option<(Verdict, Reason)> {
    question.facts.name_shows_other_address().then_some((Verdict::Hold, Reason::DisplayNameAddress))
}

/// RFC 3834 section 2, RFC 5230 section 4.5.
fn not_addressed(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let facts = question.facts;
    let unnamed = facts.authentication.sight.found().is_some_and(|found| found.unnamed);
    let named = facts.named.iter().any(|address| question.policy.owner.is(address)) && !unnamed;
    (!named).then_some((Verdict::Hold, Reason::NotAddressed))
}

/// Who said "this was not me" is never asked again (seed 001).
fn opted_out(question: Question<'_>) -> Option<(Verdict, Reason)> {
    if let Some(Answer::NotMe(_)) = question.standing.answer {
        return Some((Verdict::Hold, Reason::NotMeAnswer));
    }
    question.standing.history.opted_out.map(|_| (Verdict::Hold, Reason::OptedOut))
}

/// Who cannot be read is not asked: nobody could say whether a person wrote. An answer was judged above, readable or not.
fn unreadable(question: Question<'_>) -> Option<(Verdict, Reason)> {
    question.facts.content().unreadable.then_some((Verdict::Hold, Reason::Unreadable))
}

fn wrong_word(question: Question<'_>) -> Option<(Verdict, Reason)> {
    matches!(question.standing.answer, Some(Answer::WrongWord(..))).then_some((Verdict::Hold, Reason::WrongWord))
}

/// Whoever holds a token was written to by this user, or knows somebody who was: a challenge would tell them nothing
/// new, and the address it went to is another one than that of the first answer.
fn spent_token(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let spent = question.standing.tokens.iter().any(|token| token.spent);
    spent.then_some((Verdict::Hold, Reason::SpentToken))
}

fn gate(question: Question<'_>) -> Option<(Verdict, Reason)> {
    may_challenge(question.facts, question.policy).err().map(|refusal| (Verdict::Hold, Reason::Gate(refusal)))
}

fn caps(question: Question<'_>) -> Option<(Verdict, Reason)> {
    let refused = within_caps(&question.standing.history, question.policy, question.now).err();
    refused.map(|refusal| (Verdict::Hold, Reason::Capped(refusal)))
}

fn allows(entry: Option<Entry>) -> Option<Entry> {
    entry.filter(|entry| entry.effect == Effect::Allow)
}
