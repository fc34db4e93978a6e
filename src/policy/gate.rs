//! Whether a challenge may go out: the gate that asks for proof, and the caps.
//!
//! Promises: a challenge goes only to an address whose domain is proven for this very message, and never more
//! often than allowed; every guard is a named refusal with a test. Never touches: whether the message deserves
//! one (`verdict.rs`), or the sending.

use super::standing::History;
use super::{Caps, Policy};
use crate::facts::Facts;
use crate::mail::address::Address;
use crate::origin::auth::Proofs;
use crate::origin::envelope::EnvelopeSender;

/// Why nobody may be challenged for this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateRefusal {
    /// The sender's domain is an IP address: no domain vouches for anybody there.
    DomainLiteral,
    /// The mail was sent from another address than it claims to be from.
    EnvelopeDiffers,
    /// No mail system said who sent it.
    EnvelopeMissing,
    /// The envelope sender is none that can be written to.
    EnvelopeUnclear,
    /// The local part is not ASCII, so the answer would need SMTPUTF8 (RFC 6531).
    NeedsSmtputf8,
    /// The sender's domain takes no mail, or does not exist (RFC 7505, RFC 5321 section 5.1).
    NoMailDomain,
    /// Neither a trusted mail system nor a look of the program's own says that it comes from the domain it claims.
    NotProven,
    /// No authserv-id is configured, so no mail system is trusted to know, and the program does not look by itself.
    NothingTrusted,
    /// It claims to be from the user.
    OwnAddress,
}

/// More than so many of the last 50 challenges that came back stop all further ones: 30 in a hundred.
pub const UNDELIVERABLE_LIMIT: u32 = 15;

/// Why a challenge that may go out must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapRefusal {
    /// Similar messages came from several senders within an hour (seed 004, "look for loops").
    AlikeSurge,
    /// This address was challenged within the last days (RFC 3834 section 2).
    AskedRecently,
    /// As many challenges went out in 24 hours as are allowed.
    DailyCap,
    /// As many challenges went out in 60 minutes as are allowed.
    HourlyCap,
    /// Too many challenges came back: they reach people who do not exist.
    UndeliverableSurge,
}

/// Gate G: the envelope sender is the From address, and its domain is proven (G1 dmarc=pass, G2 dkim=pass). G3 is
/// spf=pass for exactly that domain, and counts only where the user opted in (`trust.gate = "spf"`): then, and only
/// then, SPF is among the methods that are believed. A third of all domains lets servers send that strangers share.
///
/// # Errors
/// The first guard that refuses. The null sender is refused earlier, as an automatic message.
pub fn may_challenge<'f>(facts: &'f Facts, policy: &Policy) -> Result<(&'f Address, Proofs), GateRefusal> {
    let sender = match &facts.envelope.sender {
        EnvelopeSender::Known(address) => address,
        EnvelopeSender::Missing => return Err(GateRefusal::EnvelopeMissing),
        EnvelopeSender::Null | EnvelopeSender::Unclear => return Err(GateRefusal::EnvelopeUnclear),
    };
    if facts.sender.address().is_none_or(|from| from.normal() != sender.normal()) {
        return Err(GateRefusal::EnvelopeDiffers);
    }
    if policy.owner.is(sender) {
        return Err(GateRefusal::OwnAddress);
    }
    if sender.domain().as_str().starts_with('[') {
        return Err(GateRefusal::DomainLiteral);
    }
    if !policy.trust.can_prove() {
        return Err(GateRefusal::NothingTrusted);
    }
    let proofs = facts.authentication.proofs(sender.domain());
    if proofs.is_empty() {
        return Err(GateRefusal::NotProven);
    }
    if facts.authentication.sight.found().is_some_and(|found| found.takes_no_mail) {
        return Err(GateRefusal::NoMailDomain);
    }
    if !sender.is_ascii() || !policy.owner.addresses().any(Address::is_ascii) {
        return Err(GateRefusal::NeedsSmtputf8);
    }
    Ok((sender, proofs))
}

/// Whether the limits leave room for one more.
///
/// # Errors
/// The first limit that is reached.
pub fn within_caps(history: &History, policy: &Policy, now: i64) -> Result<(), CapRefusal> {
    policy.caps.leave_room(history, now)
}

impl Caps {
    /// The same for whoever has the limits only: the store asks again when it gives the slot away.
    ///
    /// # Errors
    /// The first limit that is reached.
    pub fn leave_room(&self, history: &History, now: i64) -> Result<(), CapRefusal> {
        let wait = i64::from(self.days_between) * 86_400;
        if history.asked.is_some_and(|then| now.saturating_sub(then) < wait) {
            return Err(CapRefusal::AskedRecently);
        }
        // This message is one more.
        if self.breaker_alike > 0 && history.alike.saturating_add(1) >= self.breaker_alike {
            return Err(CapRefusal::AlikeSurge);
        }
        if history.undeliverable > UNDELIVERABLE_LIMIT {
            return Err(CapRefusal::UndeliverableSurge);
        }
        if history.last_hour >= self.per_hour {
            return Err(CapRefusal::HourlyCap);
        }
        if history.last_day >= self.per_day {
            return Err(CapRefusal::DailyCap);
        }
        Ok(())
    }
}

impl GateRefusal {
    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GateRefusal::DomainLiteral => "domain-literal",
            GateRefusal::EnvelopeDiffers => "envelope-differs",
            GateRefusal::EnvelopeMissing => "envelope-missing",
            GateRefusal::EnvelopeUnclear => "envelope-unclear",
            GateRefusal::NeedsSmtputf8 => "needs-smtputf8",
            GateRefusal::NoMailDomain => "no-mail-domain",
            GateRefusal::NotProven => "not-proven",
            GateRefusal::NothingTrusted => "nothing-trusted",
            GateRefusal::OwnAddress => "own-address-at-gate",
        }
    }

    /// One clause for a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            GateRefusal::DomainLiteral => "the sender's domain is an IP address",
            GateRefusal::EnvelopeDiffers => "it was sent from another address than it claims to be from",
            GateRefusal::EnvelopeMissing => "the mail system did not say who sent it",
            GateRefusal::EnvelopeUnclear => "the envelope sender is no address that can be written to",
            GateRefusal::NeedsSmtputf8 => "the sender's address, or yours, is not ASCII",
            GateRefusal::NoMailDomain => "the sender's domain takes no mail",
            GateRefusal::NotProven => "nothing proves that it comes from the domain it claims",
            GateRefusal::NothingTrusted => {
                "no authserv-id is configured and own eyes are off, so nothing can be proven (see `countersign doctor`)"
            }
            GateRefusal::OwnAddress => "it is from an address of yours",
        }
    }
}

impl CapRefusal {
    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CapRefusal::AlikeSurge => "alike-surge",
            CapRefusal::AskedRecently => "asked-recently",
            CapRefusal::DailyCap => "daily-cap",
            CapRefusal::HourlyCap => "hourly-cap",
            CapRefusal::UndeliverableSurge => "undeliverable-surge",
        }
    }

    /// One clause for a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            CapRefusal::AlikeSurge => "similar messages came from several senders within an hour",
            CapRefusal::AskedRecently => "this address was asked within the last days",
            CapRefusal::DailyCap => "the day's limit of challenges is reached",
            CapRefusal::HourlyCap => "the hour's limit of challenges is reached",
            CapRefusal::UndeliverableSurge => "too many of the last challenges came back as undeliverable",
        }
    }
}
