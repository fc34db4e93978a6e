//! The Bcc way: a copy of the user's own mail that the mail system or a mail program sends to the signed address for it.
//!
//! Promises: it is one only if the signed address is good, the host's own Received says that the user handed the mail in, and
//! it is the user's; a forged envelope sender from outside makes mail systems send such copies too. Reads only. Never touches:
//! what is then learned (`sent.rs`).

use crate::facts::Facts;
use crate::mail::address::{Address, DELIMITERS};
use crate::mail::head::Head;
use crate::mail::recipients::recipients;
use crate::operation::installation::Installation;
use crate::operation::listed::read_sent;
use crate::origin::envelope::Caller;
use crate::origin::submission::was_submitted;
use crate::policy::sent::{Outgoing, Sent, Unlearned};
use crate::policy::tagged::{Tag, TagKind};
use crate::policy::token::Day;
use crate::world::store::{Store, StoreProblem};

/// Most recipients of To and Cc that are looked at.
const RECIPIENT_LIMIT: usize = 2_000;

/// Why a message is no copy to learn from; it is mail like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCopy {
    /// It did not come to a signed address of kind `sent` that is still good.
    NotSigned,
    /// The user wrote it to that very address.
    WrittenToIt,
    /// Nothing shows that the user handed it in: it came from outside.
    NotSubmitted,
    /// It teaches nothing.
    Unlearned(Unlearned),
}

impl NoCopy {
    /// In words for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            NoCopy::NotSigned => "not sent to your signed address for copies",
            NoCopy::WrittenToIt => "written to the signed address itself",
            NoCopy::NotSubmitted => "not handed in by you on this host, nor after you had authenticated",
            NoCopy::Unlearned(why) => why.words(),
        }
    }
}

/// What a copy teaches.
///
/// # Errors
/// [`StoreProblem`]
pub fn read(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    caller: &Caller,
    now: i64,
) -> Result<Result<Sent, NoCopy>, StoreProblem> {
    let policy = &installation.config.policy;
    if !came_to_signed(installation, facts, now) {
        return Ok(Err(NoCopy::NotSigned));
    }
    let head = Head::read(facts.message());
    let mut named = ["To", "Cc"].into_iter().flat_map(|name| head.all(name));
    if named.any(|field| recipients(field.raw, RECIPIENT_LIMIT).iter().any(|one| is_for_copies(installation, one, now)))
    {
        return Ok(Err(NoCopy::WrittenToIt));
    }
    if !was_submitted(&head, policy.trust.hops, caller.user.as_ref()) {
        return Ok(Err(NoCopy::NotSubmitted));
    }
    let message = Outgoing { facts, head: &head, envelope: &[], submitted: true };
    Ok(read_sent(installation, store, message)?.map_err(NoCopy::Unlearned))
}

/// Whether the caller says that it was delivered for the signed address. Asked of every message.
fn came_to_signed(installation: &Installation, facts: &Facts, now: i64) -> bool {
    let envelope = &facts.envelope;
    envelope.extensions.iter().any(|extension| is_signed(installation, extension, now))
        || envelope.recipients.iter().any(|one| is_for_copies(installation, one, now))
}

fn is_for_copies(installation: &Installation, address: &Address, now: i64) -> bool {
    is_signed(installation, address.local(), now) && installation.config.policy.owner.is(address)
}

/// Whether an extension, or a local part, ends in a good tag.
fn is_signed(installation: &Installation, text: &str, now: i64) -> bool {
    // The delimiter is the site's own, and Exim leaves it in front.
    let tail = text.rsplit(|c| DELIMITERS.contains(c)).next().unwrap_or_default();
    Tag::read(tail).is_some_and(|tag| {
        let owner = installation.config.policy.owner.primary.normal();
        tag.verify(&installation.keys.token, TagKind::Sent, &owner, "", Day::of(now)).is_ok()
    })
}
