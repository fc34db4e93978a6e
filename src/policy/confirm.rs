//! What a message says about a challenge of ours: that a person is real, that it was not them, that the word is
//! wrong, or that nobody is there.
//!
//! Promises: what bears a token is an answer, whatever its Subject and its words. Only a message that is itself not
//! automatic confirms or opts out, only with a token minted here for the very address it is about, and never for or
//! from anybody denied. What is automatic say header fields, senders, the types of parts, what stands in front of our
//! own Subject, and time. Older programs of this kind let bounces and vacation replies confirm, since those echo the
//! token. A bounce says one thing only, that nobody is there. Never touches: what is then done.

use super::answer::{Answer, Confirmation};
use super::copy::is_of_a_challenge;
use super::key::KeyRing;
use super::standing::{Answered, Standing, TokenStanding};
use super::subject::AnswerSubject;
use super::token::{Day, HeldId, Parties, Purpose};
use super::word;
use super::{AnswerDemand, Policy};
use crate::facts::Facts;
use crate::mail::address::{Address, NormalForm};
use crate::mail::content::{OWN_LINES, TokenKind, TokenPlace};
use crate::origin::auth::Proofs;
use crate::origin::envelope::EnvelopeSender;
use crate::signs::{Kind, Sign, denial};

/// Most addresses of an answer that are tried when the held message is gone.
pub const CANDIDATE_LIMIT: usize = 8;

/// The word that is asked for stands in one of so many first lines.
const WORD_LINES: usize = 3;

/// The first token of the message that says something. "Not me" outweighs a confirmation beside it.
#[must_use]
pub fn answer(facts: &Facts, standing: &Standing, policy: &Policy, keys: &KeyRing, now: i64) -> Option<Answer> {
    if standing.tokens.is_empty() {
        return None;
    }
    let question = Asked { facts, policy, keys, today: Day::of(now) };
    if may_be_bounce(facts) {
        let mut of_bounces = standing.tokens.iter().filter(|found| found.kind == TokenKind::Bounce);
        return of_bounces.find_map(|found| question.verified(found)).map(|about| Answer::Bounced(about.held));
    }
    if !may_confirm(facts) || !standing.denied.is_empty() || standing.echo || is_marked(facts, standing) {
        return None;
    }
    let of_kind = |kind| standing.tokens.iter().filter(move |found| found.kind == kind && !found.spent);
    if let Some(about) = of_kind(TokenKind::NotMe).find_map(|found| question.verified(found)) {
        return Some(Answer::NotMe(about));
    }
    let (found, about) = of_kind(TokenKind::Confirm).find_map(|found| Some((found, question.verified(found)?)))?;
    let own = facts.content().own_lines.iter().map(String::as_str);
    if word::says_not_me(own.clone()) {
        return Some(Answer::NotMe(about));
    }
    if let Some(held) = at_once(question, standing, now) {
        return Some(Answer::AtOnce(held));
    }
    if let Some(denial) = denial::read(&facts.content().own_lines) {
        return Some(Answer::Denies { about, alone: denial.alone && brings_nothing_else(facts, standing) });
    }
    let text =
        facts.tokens().iter().map(|one| &one.text).find(|text| super::token::Token::read(text) == found.token)?;
    match policy.style.answer {
        AnswerDemand::Reply => Some(Answer::Confirms(about)),
        AnswerDemand::Word if word::holds_word(text.as_str(), own.take(WORD_LINES).chain([facts.subject()])) => {
            Some(Answer::Confirms(about))
        }
        AnswerDemand::Word => Some(Answer::WrongWord(about, text.clone())),
    }
}

/// The held message whose challenge is answered too soon, if there is one. A machine that repeats several tokens has
/// them from what it answers to, so the latest challenge counts.
fn at_once(question: Asked<'_>, standing: &Standing, now: i64) -> Option<HeldId> {
    let seconds = question.policy.style.too_fast;
    let mut recent = standing
        .tokens
        .iter()
        .filter(|found| found.kind == TokenKind::Confirm && !found.spent && found.went_out.is_too_recent(now, seconds));
    recent.find_map(|found| question.verified(found)).map(|about| about.held)
}

/// Whether the mark of a vacation program or a receipt stands in front of our own Subject.
#[must_use]
pub fn is_marked(facts: &Facts, standing: &Standing) -> bool {
    !facts.tokens().is_empty() && AnswerSubject::read(facts.subject(), &standing.own_subjects).is_of_a_program()
}

/// Whether an answer is empty in every way: no text, nothing attached or inside it, nothing that could not be read, and
/// a Subject that is the challenge's own. In doubt it is not, and passes like any letter.
#[must_use]
pub fn is_empty(facts: &Facts, standing: &Standing, policy: &Policy) -> bool {
    facts.content().said_nothing
        && is_of_a_challenge(&facts.content().nothing, &policy.owner, &standing.own_texts)
        && facts.defects.is_empty()
        && !AnswerSubject::read(facts.subject(), &standing.own_subjects).is_changed()
}

/// Whether beside what its lines say nothing is in an answer; in doubt something is, and it is read like any letter.
fn brings_nothing_else(facts: &Facts, standing: &Standing) -> bool {
    let content = facts.content();
    !content.has_attachments
        && !content.unexamined
        && content.own_lines.len() < OWN_LINES
        && facts.defects.is_empty()
        && !AnswerSubject::read(facts.subject(), &standing.own_subjects).is_changed()
}

/// What every token of one message is held against.
#[derive(Clone, Copy)]
struct Asked<'a> {
    facts: &'a Facts,
    policy: &'a Policy,
    keys: &'a KeyRing,
    today: Day,
}

impl Asked<'_> {
    /// Whom a token is about, if it was minted here for its purpose, this user and that address.
    fn verified(self, found: &TokenStanding) -> Option<Confirmation> {
        let purpose = match found.kind {
            TokenKind::Bounce => Purpose::Bounce,
            TokenKind::Confirm => Purpose::Confirm,
            TokenKind::NotMe => Purpose::NotMe,
        };
        let held = found.held.as_ref();
        let from_held: Vec<Address> = held.iter().filter_map(|note| note.challenged.clone()).collect();
        let candidates = if held.is_some() { from_held } else { candidates(self.facts) };
        let owner = &self.policy.owner;
        let challenged = candidates.into_iter().filter(|one| !owner.is(one)).find(|challenged| {
            // It may have been minted before Gmail's dots were folded.
            let is_for = |owner: &NormalForm, challenged: &NormalForm| {
                let parties = Parties { owner, challenged };
                found.token.verify(self.keys, purpose, parties, self.today, held.is_some()).is_ok()
            };
            let owners = owner.addresses().flat_map(Address::forms);
            owners.into_iter().any(|owner| challenged.forms().any(|challenged| is_for(&owner, &challenged)))
        })?;
        let pin = held.map_or(Proofs::DMARC.union(Proofs::DKIM), |note| note.proofs);
        Some(Confirmation { challenged, pin, held: found.token.held, trashed: held.is_some_and(|note| note.trashed) })
    }
}

/// What the message has confirmed at an earlier attempt to deliver it. Its token is spent, and that by this message,
/// so its releases go on and it is kept as an answer. The entry is not written again: it was written together with the
/// memory of the token, and if it is gone, the user took it away.
#[must_use]
pub fn repeated(facts: &Facts, standing: &Standing) -> Option<Answered> {
    let answered =
        standing.tokens.iter().filter(|found| found.kind == TokenKind::Confirm).find_map(|found| found.answered);
    answered.filter(|_| may_confirm(facts) && standing.denied.is_empty())
}

/// Whether a message of this kind can confirm at all: written by a person, with somebody to answer to.
#[must_use]
pub fn may_confirm(facts: &Facts) -> bool {
    !facts.signs().iter().any(|sign| sign.stops_an_answer())
        && facts.envelope.sender != EnvelopeSender::Null
        && !facts.tokens().is_empty()
}

/// Whether a message can say that a challenge did not arrive: from the null sender, to an address that holds a bounce
/// token, and shaped like a report of failure. A vacation reply comes from the null sender too, and says that somebody
/// is there; so what calls itself a reply must be a report that says `failed`.
#[must_use]
pub fn may_be_bounce(facts: &Facts) -> bool {
    let to_us = facts.tokens().iter().any(|t| t.kind == TokenKind::Bounce && t.place == TokenPlace::Address);
    to_us && facts.envelope.sender == EnvelopeSender::Null && (facts.delivery_failed() || is_plain_bounce(facts))
}

/// qmail and old Exim send bounces without MIME: by the mailer itself, with no word of an automatic reply.
fn is_plain_bounce(facts: &Facts) -> bool {
    const MAILERS: [&str; 2] = ["mailer-daemon", "postmaster"];
    let local = facts.sender.address().map(|from| from.local().to_ascii_lowercase());
    let reply =
        |sign: &Sign| matches!(sign.kind(), Kind::AutoReply | Kind::Challenge) || *sign == Sign::MultipartReport;
    local.is_some_and(|local| MAILERS.contains(&local.as_str())) && !facts.signs().iter().any(reply)
}

/// The addresses an answer may come from when nothing but the token is left: envelope, From.
#[must_use]
pub fn candidates(facts: &Facts) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let said = facts.envelope_sender().into_iter().chain(facts.sender.address()).chain(facts.answer_addresses());
    for address in said {
        if !found.contains(address) && found.len() < CANDIDATE_LIMIT {
            found.push(address.clone());
        }
    }
    found
}
