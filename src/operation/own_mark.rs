//! The keyed mark by which this program knows its own mail to its user: a digest, or a released message that goes
//! through the mail system again.
//!
//! Promises: a mark counts for one message, and only on the day it was made and the next. The message is its Message-ID,
//! or, where it has none that is one, what a reader shows of it: a mark is never for nothing. Never touches: what is then
//! done with the message.

use anyhow::Context;

use crate::facts::Facts;
use crate::mail::address::{Address, NormalForm};
use crate::mail::head::{Field, Head};
use crate::operation::installation::Installation;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::token::{Day, HeldId, Parties, Purpose, Token};

/// Bytes of a body that are a part of what a message is known by; no more is surely in memory when it comes again.
const BODY_LIMIT: usize = crate::mail::content::BODY_LIMIT / 2;
/// What a reader shows of a header block or reads the body by, beside the fields that begin with `Content-`. Mail systems
/// put others on top; none of these is ever among them.
const SHOWN: [&str; 9] = ["From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version"];
/// Of those, what a mail system writes where it is missing (RFC 6409 section 8).
const COMPLETED: [&str; 3] = ["Message-ID", "Date", "From"];

/// Makes the mark for a held message that goes through the mail system again.
///
/// # Errors
/// When the message has no name of its own, which is a fault of this program.
pub fn mint(installation: &Installation, facts: &Facts, id: HeldId, now: i64) -> anyhow::Result<String> {
    match &facts.message_id {
        Some(message_id) => mint_for_id(installation, message_id, id, now),
        None => marked(installation, Looks::of(installation, facts).party(installation, &[]), id, now),
    }
}

/// Makes the mark for a message of ours by its Message-ID, without its angle brackets.
///
/// # Errors
/// As [`mint`].
pub fn mint_for_id(installation: &Installation, message_id: &str, id: HeldId, now: i64) -> anyhow::Result<String> {
    marked(installation, of_id(installation, message_id), id, now)
}

/// Whether a message carries a mark that was made for it today or yesterday: our own mail arrives at once, and a mark
/// that somebody copied from an old message counts no more.
#[must_use]
pub fn is_valid(installation: &Installation, facts: &Facts, now: i64) -> bool {
    let Some(text) = &facts.own_mark else { return false };
    let token = Token::read(text);
    let today = Day::of(now);
    if token.day.number() + 1 < today.number() {
        return false;
    }
    let owners: Vec<NormalForm> = installation.config.policy.owner.primary.forms().collect();
    let is_for = |message: Option<NormalForm>| {
        message.is_some_and(|message| {
            owners.iter().any(|owner| {
                let parties = Parties { owner, challenged: &message };
                token.verify(&installation.keys.token, Purpose::Own, parties, today, false).is_ok()
            })
        })
    };
    if facts.message_id.as_deref().is_some_and(|message_id| is_for(of_id(installation, message_id))) {
        return true;
    }
    // A Message-ID that it has now may be the mail system's; so may a Date and a From.
    let looks = Looks::of(installation, facts);
    (0..1 << COMPLETED.len()).any(|chosen: u32| {
        let left_out: Vec<&str> =
            (0..).zip(COMPLETED).filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, n)| n).collect();
        is_for(looks.party(installation, &left_out))
    })
}

fn marked(installation: &Installation, message: Option<NormalForm>, id: HeldId, now: i64) -> anyhow::Result<String> {
    let owner = installation.config.policy.owner.primary.normal();
    let message = message.context("the message cannot be named in its mark")?;
    let parties = Parties { owner: &owner, challenged: &message };
    Ok(Token::mint(&installation.keys.token, Purpose::Own, id, Day::of(now), parties))
}

/// A token is between two parties; the second one of a mark is the message, by a hash of its Message-ID.
fn of_id(installation: &Installation, message_id: &str) -> Option<NormalForm> {
    let (_, key) = installation.keys.token.current();
    party(Fingerprint::of(key, Kind::MessageId, message_id.as_bytes()), "message-id")
}

fn party(hash: Fingerprint, kind: &str) -> Option<NormalForm> {
    Address::parse(&format!("{}@{kind}.invalid", hash.hex())).ok().map(|address| address.normal())
}

/// What a reader shows of a message, in whatever way its lines are folded and end.
struct Looks {
    /// The name and the line of each field.
    fields: Vec<(String, Vec<u8>)>,
    body: Fingerprint,
}

impl Looks {
    fn of(installation: &Installation, facts: &Facts) -> Looks {
        let (bytes, (_, key)) = (facts.message(), installation.keys.token.current());
        let head = Head::read(bytes);
        let shown = head.fields.iter().filter(|field| is_shown(field));
        let fields = shown.map(|field| (String::from_utf8_lossy(field.name).to_lowercase(), line(field))).collect();
        let rest = bytes.get(head.body..).unwrap_or_default();
        let mut text: Vec<u8> = rest.iter().copied().filter(|byte| *byte != b'\r').take(BODY_LIMIT).collect();
        // A mail system ends the last line where nobody did.
        text.truncate(text.trim_ascii_end().len());
        Looks { fields, body: Fingerprint::of(key, Kind::Message, &text) }
    }

    /// The message as the second party of a mark, without the fields of these names.
    fn party(&self, installation: &Installation, left_out: &[&str]) -> Option<NormalForm> {
        let (_, key) = installation.keys.token.current();
        let kept = |(name, _): &&(String, Vec<u8>)| !left_out.iter().any(|other| other.eq_ignore_ascii_case(name));
        let mut bytes: Vec<u8> = self
            .fields
            .iter()
            .filter(kept)
            .flat_map(|(name, line)| [name.as_bytes(), b":", line, b"\n"].concat())
            .collect();
        bytes.extend_from_slice(self.body.bytes());
        party(Fingerprint::of(key, Kind::Message, &bytes), "message")
    }
}

/// A line without a name is shown too, by some.
fn is_shown(field: &Field<'_>) -> bool {
    let begins = |name: &[u8]| name.len() > 8 && name[..8].eq_ignore_ascii_case(b"content-");
    field.name.is_empty() || SHOWN.iter().any(|name| field.is(name)) || begins(field.name)
}

/// The value in one line, its blanks as one each.
fn line(field: &Field<'_>) -> Vec<u8> {
    let words = field.raw.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}
