//! What an answer to a challenge can say, as plain data.
//!
//! Promises: nothing of it is believed before `confirm.rs` has verified its token. Never touches: what is then done.

use super::token::HeldId;
use crate::mail::address::Address;
use crate::mail::content::TokenText;
use crate::origin::auth::Proofs;

/// A confirmation that counts; in the other answers, whom and what they are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Who is allowed from now on.
    pub challenged: Address,
    /// What later mail from there must prove.
    pub pin: Proofs,
    /// The message the token speaks of.
    pub held: HeldId,
    /// Whether it was thrown away and lies in the trash, where it stays.
    pub trashed: bool,
}

/// What a message says about a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It came so soon after the challenge for this message that no person can have read that.
    AtOnce(HeldId),
    /// The challenge for this message could not be delivered.
    Bounced(HeldId),
    /// "I wrote this."
    Confirms(Confirmation),
    /// "I did not write this", in ordinary words: nobody is allowed, and nothing is released. A later answer takes it back.
    Denies {
        /// Whom and what it is about.
        about: Confirmation,
        /// Whether it says nothing else; then nobody is asked at that address from now on.
        alone: bool,
    },
    /// "This was not me": nobody is allowed, nothing is released, and this address is never asked again.
    NotMe(Confirmation),
    /// A person answered, without the word that was asked for; with the token of the challenge.
    WrongWord(Confirmation, TokenText),
}
