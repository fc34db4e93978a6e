//! What is known from before about one message: list entries, earlier challenges, the held message a token
//! speaks of. Plain data, gathered by `operation/`, judged by `verdict.rs`.
//!
//! Promises: holds no address in clear but those of the message itself. Never touches: the store.

use super::answer::Answer;
use super::fingerprint::Fingerprint;
use super::own_mail::OwnMail;
use super::sent::Sent;
use super::token::{HeldId, Token};
use crate::mail::address::Address;
use crate::mail::content::TokenKind;
use crate::mail::shape::pairs_needed;
use crate::origin::auth::Proofs;

/// Everything the store and the quarantine say about this message's people.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Whether the store could be read.
    pub store: StoreHealth,
    /// Of the From address, under the current key, where the list was asked for it.
    pub author: Option<Fingerprint>,
    /// The entry for the From address.
    pub sender: Option<Entry>,
    /// The entry for the From address's domain.
    pub domain: Option<Entry>,
    /// The entry for the mailing list.
    pub list: Option<Entry>,
    /// What the message is about, if the user sent that; looked up where no list entry decides.
    pub own: Option<OwnMail>,
    /// Whether it reports on a message that is none of those which the user is known to have sent.
    pub foreign: bool,
    /// Earlier challenges.
    pub history: History,
    /// What the tokens in the message speak of.
    pub tokens: Vec<TokenStanding>,
    /// Addresses among the message's that are denied; with one of them nothing is confirmed.
    pub denied: Vec<Address>,
    /// Whether the message is our own challenge's text sent back without a mark of quotation.
    pub echo: bool,
    /// The Subjects of the user's own texts; looked up for an answer alone.
    pub own_subjects: Vec<String>,
    /// Those texts themselves, with their placeholders in braces.
    pub own_texts: Vec<String>,
    /// What the message says about an earlier challenge, when that is not a confirmation.
    pub answer: Option<Answer>,
    /// What it teaches where it is a copy of the user's own mail, sent to the signed address for such copies.
    pub sent_copy: Option<Sent>,
}

/// Whether the store could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreHealth {
    /// It is damaged.
    Corrupt,
    /// It is not where the configuration says.
    Missing,
    /// A newer version of this program wrote it.
    Newer,
    /// It answered.
    #[default]
    Ready,
}

/// One list entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub effect: Effect,
    /// The proofs of which one must be there; none for an entry that is not pinned. A denial with a pin denies what has none.
    pub pin: Proofs,
    /// Where it came from.
    pub origin: Origin,
    /// When it was made, seconds since 1970.
    pub added: i64,
}

impl Entry {
    /// Whether it denies a message that proves this: a denial with a pin is one of mail that only claims the name.
    #[must_use]
    pub fn denies(&self, proofs: Proofs) -> bool {
        self.effect == Effect::Deny && (self.pin.is_empty() || !proofs.keeps(self.pin))
    }
}

/// What a list entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its mail passes.
    Allow,
    /// Its mail is held, and it confirms nothing.
    Deny,
}

/// Where a list entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user typed it with `--any`: no proof is ever asked.
    Any,
    /// The person answered a challenge.
    Confirmed,
    /// It stands in an address book.
    Contact,
    /// It stood on the list of another program of this kind.
    Imported,
    /// The user typed it.
    Manual,
    /// Received mail proposed it, and the user took it.
    Proposed,
    /// The user released a held message with `--allow`.
    Released,
    /// The person answered a private message of the user from an address that it did not go to.
    Replied,
    /// The user wrote to it.
    Sent,
    /// The user subscribed to the list.
    Subscribed,
}

impl Origin {
    /// Every one there is.
    pub const ALL: [Origin; 10] = [
        Origin::Any,
        Origin::Confirmed,
        Origin::Contact,
        Origin::Imported,
        Origin::Manual,
        Origin::Proposed,
        Origin::Released,
        Origin::Replied,
        Origin::Sent,
        Origin::Subscribed,
    ];

    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Origin::Any => "any",
            Origin::Confirmed => "confirmed",
            Origin::Contact => "contact",
            Origin::Imported => "imported",
            Origin::Manual => "manual",
            Origin::Proposed => "proposed",
            Origin::Released => "released",
            Origin::Replied => "replied",
            Origin::Sent => "sent",
            Origin::Subscribed => "subscribed",
        }
    }

    /// For a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Origin::Any => "you typed it, with --any",
            Origin::Confirmed => "the sender answered a challenge",
            Origin::Contact => "it stands in an address book",
            Origin::Imported => "it stood on another program's list",
            Origin::Manual => "you typed it",
            Origin::Proposed => "your received mail proposed it",
            Origin::Released => "you released a message with --allow",
            Origin::Replied => "the sender answered a private message of yours",
            Origin::Sent => "you wrote to it",
            Origin::Subscribed => "you subscribed to it",
        }
    }

    /// Whether the program learned it by itself, from mail or from lists that the user named.
    #[must_use]
    pub fn is_learned(self) -> bool {
        !matches!(self, Origin::Any | Origin::Confirmed | Origin::Manual | Origin::Released)
    }
}

/// Earlier challenges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When this address was last challenged, seconds since 1970; sub-addresses count as one.
    pub asked: Option<i64>,
    /// Challenges in the last 60 minutes.
    pub last_hour: u32,
    /// Challenges in the last 24 hours.
    pub last_day: u32,
    /// When this address said that it was not them, and wants no challenge any more.
    pub opted_out: Option<i64>,
    /// How many of the last 50 challenges, of at most 7 days, came back as undeliverable.
    pub undeliverable: u32,
    /// How many other senders wrote a similar message in the last 60 minutes.
    pub alike: u32,
}

/// How long similar messages are counted together, in seconds.
pub const ALIKE_SECONDS: i64 = 3_600;

/// One sender's message, as far as it is compared with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Of the pairs of words that are compared; another message is similar if it has [`Alike::needed`] of them.
    pub pairs: Box<[Fingerprint]>,
    /// Of its sender, sub-addresses counted as one.
    pub sender: Fingerprint,
}

impl Alike {
    /// How many of the pairs a similar message shares.
    #[must_use]
    pub fn needed(&self) -> usize {
        pairs_needed(self.pairs.len())
    }
}

/// What is known about one token of the message.
#[derive(Clone, Debug)]
pub struct TokenStanding {
    /// The token.
    pub token: Token,
    /// What it was said to be for.
    pub kind: TokenKind,
    /// The message it speaks of, if it is in the quarantine.
    pub held: Option<HeldNote>,
    /// Whether it was used before.
    pub spent: bool,
    /// Whom it confirmed, if it was this very message that used it: the mail system hands it over again.
    pub answered: Option<Answered>,
    /// Whether it is this token alone that allowed the message's author: the entry was made by its first answer, and no
    /// other one was there before or put in its place since.
    pub allowed_author: bool,
    /// When the challenge with it went out.
    pub went_out: WentOut,
}

/// How long sendmail may run, in seconds; then it is killed.
pub const SENDMAIL_SECONDS: u32 = 60;
/// When sendmail ends is written down where it took at least so many seconds from the beginning of the delivery.
pub const LATE_SECONDS: i64 = 2;

/// When a challenge went out, as far as it is known; seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WentOut {
    /// When its slot was taken, which is before sendmail begins.
    pub slot: Option<i64>,
    /// When sendmail had ended, where that was late; while it runs late, when it must have.
    pub sent: Option<i64>,
}

impl WentOut {
    /// Whether an answer that arrives now comes so soon that no person can have read the challenge: `seconds` after the
    /// end of sendmail at the latest. What comes while sendmail runs comes too soon as well. Where no end was written
    /// down, it came within [`LATE_SECONDS`] of the slot. What is from before the slot tells of a clock that was set
    /// back, and nothing of the answer.
    #[must_use]
    pub fn is_too_recent(self, now: i64, seconds: u32) -> bool {
        let latest_end = self.slot.map(|slot| slot.saturating_add(LATE_SECONDS));
        let (Some(begin), Some(end)) = (self.slot.or(self.sent), self.sent.or(latest_end)) else { return false };
        seconds > 0 && begin <= now && now <= end.saturating_add(i64::from(seconds))
    }
}

/// What an answer has confirmed, as the store remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Of the confirmed address.
    pub sender: Fingerprint,
    /// The proofs of which a released message carries one.
    pub pin: Proofs,
}

/// What the quarantine says about a held message; taken from a header block whose seal is intact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldNote {
    /// Its number.
    pub id: HeldId,
    /// Whom a challenge for it goes or went to.
    pub challenged: Option<Address>,
    /// What was proven about it.
    pub proofs: Proofs,
    /// Whether it was thrown away and lies in the trash: then an answer allows its sender and releases nothing of it.
    pub trashed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_within_the_seconds_is_too_recent() {
        let both = WentOut { slot: Some(100), sent: Some(110) };
        let slot = WentOut { slot: Some(100), sent: None };
        let sent = WentOut { slot: None, sent: Some(110) };
        for (went_out, now, too_recent) in [
            (both, 116, false),
            (both, 99, false),
            (both, i64::MAX, false),
            // No end is known, so it was not late.
            (slot, 108, false),
            (slot, 165, false),
            (slot, i64::MAX, false),
            (slot, 99, false),
            (sent, 116, false),
            (sent, 109, false),
            (WentOut::default(), 100, false),
            (both, 115, true),
            (both, 110, true),
            (both, 104, true),
            (both, 100, true),
            (slot, 106, true),
            (slot, 107, true),
            (slot, 100, true),
            (sent, 115, true),
        ] {
            assert_eq!(went_out.is_too_recent(now, 5), too_recent, "{went_out:?} {now}");
            assert!(!went_out.is_too_recent(now, 0), "0 switches it off");
        }
        let odd = WentOut { slot: Some(110), sent: Some(100) };
        assert!(!odd.is_too_recent(107, 5) && !odd.is_too_recent(111, 5), "the clock was set back meanwhile");
    }
}
