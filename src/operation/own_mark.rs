//! The keyed mark by which this program knows its own mail to its user: a digest, or a released message that goes
//! through the mail system again.
//!
//! Promises: a mark counts for one Message-ID, and only on the day it was made and the next. Never touches: what is
//! then done with the message.

use crate::facts::Facts;
use crate::mail::address::{Address, NormalForm};
use crate::operation::installation::Installation;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::token::{Day, HeldId, Parties, Purpose, Token};

/// Makes the mark for a message of ours.
#[must_use]
pub fn mint(installation: &Installation, message_id: Option<&str>, id: HeldId, now: i64) -> String {
    let owner = installation.config.policy.owner.primary.normal();
    let message = party(installation, message_id);
    let parties = Parties { owner: &owner, challenged: message.as_ref().unwrap_or(&owner) };
    Token::mint(&installation.keys.token, Purpose::Own, id, Day::of(now), parties)
}

/// Whether a message carries a mark that was made for it today or yesterday: our own mail arrives at once, and a mark
/// that somebody copied from an old message counts no more.
#[must_use]
pub fn is_valid(installation: &Installation, facts: &Facts, now: i64) -> bool {
    let Some(text) = &facts.own_mark else { return false };
    let token = Token::read(text);
    let today = Day::of(now);
    let owner = installation.config.policy.owner.primary.normal();
    let message = party(installation, facts.message_id.as_deref());
    let parties = Parties { owner: &owner, challenged: message.as_ref().unwrap_or(&owner) };
    token.day.number() + 1 >= today.number()
        && token.verify(&installation.keys.token, Purpose::Own, parties, today, false).is_ok()
}

/// A token is between two parties; the second one of a mark is the message, by a hash of its Message-ID.
fn party(installation: &Installation, message_id: Option<&str>) -> Option<NormalForm> {
    let (_, key) = installation.keys.token.current();
    let hash = Fingerprint::of(key, Kind::MessageId, message_id.unwrap_or_default().as_bytes());
    Address::parse(&format!("{}@message-id.invalid", hash.hex())).ok().map(|address| address.normal())
}
