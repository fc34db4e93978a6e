//! Meaning to decision. Pure: time, keys and history are arguments; nothing here acts.

pub mod answer;
pub mod assume;
pub mod block;
pub mod challenge;
pub mod confirm;
pub mod copy;
pub mod digest;
pub mod fingerprint;
pub mod foreign_marks;
pub mod gate;
pub mod glossary;
pub mod id_beginning;
pub mod key;
pub mod looked;
pub mod own_mail;
pub mod plan;
pub mod reason;
pub mod sent;
pub mod slots;
pub mod standing;
pub mod subject;
pub mod tagged;
pub mod template;
pub mod time;
pub mod token;
pub mod verdict;
pub mod word;

use crate::mail::address::{Address, Domain};
use crate::origin::auth::Trust;
use crate::origin::score::Points;
use crate::signs::list_id::ListId;

/// What the user configured, as values that are valid by construction.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether anything is held or sent at all.
    pub mode: Mode,
    /// Whose mailbox this is.
    pub owner: Owner,
    /// Whose findings about a message's origin are believed.
    pub trust: Trust,
    /// How many challenges may go out.
    pub caps: Caps,
    /// What the spam filter's score decides.
    pub score: ScoreLimits,
    /// Days a message is held at least before it may expire, 1 to 3650.
    pub retention_days: u32,
    /// Whether mail from denied senders is thrown away instead of held.
    pub discard_denied: bool,
    /// Mailing lists whose archives nobody else can read.
    pub private_lists: Vec<ListId>,
    /// Languages of the challenge, in the order in which they stand in it; `auto` is the message's own.
    pub languages: Vec<String>,
    /// What a challenge looks like and asks for.
    pub style: Style,
    /// The right side of the Message-IDs of our own mail.
    pub host: Domain,
}

/// How far the program may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes; what would have been done is recorded.
    Observe,
    /// Everything passes.
    Off,
    /// Mail is held and challenges are sent.
    On,
}

/// The user and the mailbox.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The address that stands in tokens and on challenges.
    pub primary: Address,
    /// All other addresses of the same person.
    pub others: Vec<Address>,
    /// The name that stands beside the address on a challenge.
    pub name: Option<String>,
    /// The characters that split a sub-address off, as the mail system has them; empty for none.
    pub delimiters: String,
}

/// Limits on challenges; what they stop is held and listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Days between two challenges to one address, at least 1 (RFC 3834 section 2 recommends 7).
    pub days_between: u32,
    /// Most challenges in any 60 minutes.
    pub per_hour: u32,
    /// Most challenges in any 24 hours.
    pub per_day: u32,
    /// From so many senders of similar messages on, within an hour, none of them is asked; 0 for never.
    pub breaker_alike: u32,
}

/// What a challenge looks like and asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// How much it says of the message it is about.
    pub content: ContentLevel,
    /// What an answer must hold.
    pub answer: AnswerDemand,
    /// An answer that comes within so many seconds is a machine's; 0 for never.
    pub too_fast: u32,
    /// Where its bounces go.
    pub envelope: EnvelopeStyle,
    /// Whether it says that others sent the same (seed 004, "deal with multiple messages well").
    pub alike_note: bool,
}

/// How much a challenge says of the message it is about (standards A.6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContentLevel {
    /// Sender, recipient and date.
    Minimal,
    /// Also the Subject and the sending host.
    #[default]
    Normal,
    /// Also Message-ID and envelope sender, for who looks for a forger.
    Full,
}

/// What an answer must hold (seed 004, "use the easiest test").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerDemand {
    /// Nothing: any reply of a person counts.
    #[default]
    Reply,
    /// One easy word that the challenge names.
    Word,
}

/// Where the bounces of a challenge go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnvelopeStyle {
    /// Nowhere: the envelope sender is `<>` (RFC 3834 section 3.3).
    #[default]
    Null,
    /// To a signed sub-address of the user, where they mark the message as undeliverable.
    Tagged,
}

/// Limits for the spam score, each on the scale of the user's filter; a limit that is not there decides nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreLimits {
    /// A stranger's mail below it passes, if the sender's domain is proven.
    pub pass_below: Option<Points>,
    /// Mail up to it passes, proven or not: only what is above is held or challenged (S004-84).
    pub challenge_only_above: Option<Points>,
    /// Mail above it is held and never challenged.
    pub hold_above: Option<Points>,
    /// Mail above it is thrown away.
    pub discard_above: Option<Points>,
}

impl Owner {
    /// Every address, the primary one first.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// Whether this is one of the user's mailboxes, with or without a sub-address.
    #[must_use]
    pub fn is(&self, address: &Address) -> bool {
        let bare = address.without_tag(&self.delimiters).normal();
        let whole = address.normal();
        self.addresses().map(Address::normal).any(|own| own == bare || own == whole)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A policy for the tests of this folder.
    pub(crate) fn policy() -> Policy {
        Policy {
            mode: Mode::On,
            owner: Owner {
                primary: Address::parse("alice@example.org").unwrap(),
                others: vec![Address::parse("a.liddell@example.com").unwrap()],
                name: Some("Alice".into()),
                delimiters: "+".into(),
            },
            trust: Trust { ids: vec!["mx.example.org".into()], ..Trust::default() },
            caps: Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 },
            score: ScoreLimits::default(),
            retention_days: 30,
            discard_denied: false,
            private_lists: Vec::new(),
            languages: vec!["en".into()],
            style: Style::default(),
            host: Domain::parse("example.org").unwrap(),
        }
    }

    #[test]
    fn a_sub_address_is_the_same_person() {
        let owner = policy().owner;
        for (text, own) in [
            ("alice@example.org", true),
            ("Alice+x@EXAMPLE.org", true),
            ("a.liddell@example.com", true),
            ("alice@example.com", false),
            ("alice-x@example.org", false),
            ("bob@example.org", false),
        ] {
            assert_eq!(owner.is(&Address::parse(text).unwrap()), own, "{text}");
        }
    }
}
