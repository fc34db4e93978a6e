//! The token `cr1`: proof without state that a mail was answered by the mailbox it was sent to.
//!
//! Promises: a token verifies only for the purpose, the owner and the challenged address it was minted for, and
//! only as long as it lives; all 100 bits are compared in constant time. With `fingerprint.rs` the only
//! user of hmac and sha2. Never touches: clock, store, or where in a message a token was found.
//!
//! ```text
//! kid:5 | day:15 (since 2020-01-01) | hid:40 | mac:100  =  160 bits  =  32 Crockford base32 characters
//! mac = first 100 bits of HMAC-SHA-256(key, lp(label) lp(head8) lp(owner) lp(challenged))
//! ```

use std::fmt;

use hmac::Mac;

use super::fingerprint::{keyed, length_prefixed};
use super::key::{KeyId, KeyRing, SecretKey};
use super::sent::Class;
use crate::mail::address::NormalForm;
use crate::mail::content::TokenText;

/// How many days a token lives, at least; it also lives as long as its message is held.
pub const LIFE_IN_DAYS: u16 = 30;
/// 2020-01-01 in days since 1970-01-01.
const EPOCH_DAY: i64 = 18_262;
/// Crockford's base32, lower case.
pub(super) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a token is good for. The label is hashed along: a token of one purpose is noise for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Stands in the envelope sender of a challenge, so that its bounce comes back and is known.
    Bounce,
    /// Confirms that the challenged person wrote the held message.
    Confirm,
    /// The challenged person did not write it and wants no more challenges.
    NotMe,
    /// Marks a message as made by this program for its own user.
    Own,
}

/// The number of a held message: 40 random bits. Eight hexadecimal digits could not be typed from memory
/// either; ten are short enough for a command line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeldId(u64);

/// The day of a moment, counted from 2020-01-01 UTC; lasts until 2109.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(u16);

/// A token whose form was read and whose proof was not looked at yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The key it says it was minted with.
    pub key: KeyId,
    /// The day it says it was minted on.
    pub day: Day,
    /// The held message it speaks of.
    pub held: HeldId,
    mac: [u8; 13],
}

/// Whom a token is between.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// The mailbox that challenges.
    pub owner: &'a NormalForm,
    /// The mailbox that was challenged.
    pub challenged: &'a NormalForm,
}

/// Why a token does not count. From outside all look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// Minted more than [`LIFE_IN_DAYS`] days ago, or its last day is over.
    Expired,
    /// Minted after tomorrow: no clock of ours did that.
    FromTheFuture,
    /// The proof is not the one for this purpose, owner and address.
    Forged,
    /// The key it names is not in the ring.
    UnknownKey,
}

impl Token {
    /// Mints a token and gives its 32 characters.
    #[must_use]
    pub fn mint(ring: &KeyRing, purpose: Purpose, held: HeldId, day: Day, parties: Parties<'_>) -> String {
        minted(ring, purpose.label(), held, day, (parties.owner.as_str(), parties.challenged.as_str()))
    }

    /// Mints the token in a Message-ID of the owner's own mail, by which an answer to it is known. `random` gives it 39
    /// bits; the first bit of its number says who may see the Message-ID.
    #[must_use]
    pub fn mint_sent(ring: &KeyRing, class: Class, random: u64, day: Day, owner: &NormalForm) -> String {
        let bits = random & !HeldId::FIRST_BIT;
        let bits = if class == Class::Private { bits | HeldId::FIRST_BIT } else { bits };
        minted(ring, SENT, HeldId::from_random(bits), day, (owner.as_str(), ""))
    }

    /// Takes a token apart. Whatever can be written in 32 characters has a form; only [`Token::verify`] says
    /// whether it was minted here.
    #[must_use]
    pub fn read(text: &TokenText) -> Token {
        let mut bits = [0u8; 20];
        for (at, c) in text.as_str().bytes().enumerate().take(32) {
            let value = ALPHABET.iter().position(|&known| known == c).unwrap_or_default();
            for bit in 0..5 {
                if value >> (4 - bit) & 1 == 1 {
                    let place = at * 5 + bit;
                    bits[place / 8] |= 0x80 >> (place % 8);
                }
            }
        }
        let mut head = [0u8; 8];
        head.copy_from_slice(&bits[..8]);
        let head = u64::from_be_bytes(head) >> 4;
        let mut mac = [0u8; 13];
        for (place, byte) in mac.iter_mut().enumerate() {
            let low = bits.get(8 + place).copied().unwrap_or_default();
            *byte = bits[7 + place] << 4 | low >> 4;
        }
        let number = u8::try_from(head >> 55).unwrap_or_default();
        Token {
            key: KeyId::new(number).unwrap_or(KeyId::FIRST),
            day: Day(u16::try_from(head >> 40 & 0x7fff).unwrap_or_default()),
            held: HeldId(head & HeldId::MASK),
            mac,
        }
    }

    /// Whether this token was minted for exactly this purpose and these parties.
    ///
    /// `still_held` says that the message it speaks of is in the quarantine; then it cannot be too old.
    ///
    /// # Errors
    /// [`TokenRefusal`]; the caller tells nobody outside which.
    pub fn verify(
        &self,
        ring: &KeyRing,
        purpose: Purpose,
        parties: Parties<'_>,
        today: Day,
        still_held: bool,
    ) -> Result<(), TokenRefusal> {
        self.is_minted(ring, purpose.label(), (parties.owner.as_str(), parties.challenged.as_str()))?;
        self.is_alive(today, if still_held { u16::MAX } else { LIFE_IN_DAYS })
    }

    /// Whether this is the token of a Message-ID of the owner's own mail, and of which class; it lives as long as
    /// [`Class::days`] says.
    ///
    /// # Errors
    /// As [`Token::verify`].
    pub fn verify_sent(&self, ring: &KeyRing, owner: &NormalForm, today: Day) -> Result<Class, TokenRefusal> {
        self.is_minted(ring, SENT, (owner.as_str(), ""))?;
        let class = if self.held.0 & HeldId::FIRST_BIT == 0 { Class::Public } else { Class::Private };
        self.is_alive(today, class.days())?;
        Ok(class)
    }

    fn is_minted(&self, ring: &KeyRing, label: &[u8], parties: (&str, &str)) -> Result<(), TokenRefusal> {
        let key = ring.get(self.key).ok_or(TokenRefusal::UnknownKey)?;
        let mac = proof(key, label, head_bits(self.key, self.day, self.held), parties);
        if same_bits(&mac, &self.mac) { Ok(()) } else { Err(TokenRefusal::Forged) }
    }

    fn is_alive(&self, today: Day, days: u16) -> Result<(), TokenRefusal> {
        if self.day.0 > today.0.saturating_add(1) {
            return Err(TokenRefusal::FromTheFuture);
        }
        if u32::from(self.day.0) + u32::from(days) < u32::from(today.0) {
            return Err(TokenRefusal::Expired);
        }
        Ok(())
    }
}

impl HeldId {
    const MASK: u64 = 0xff_ffff_ffff;
    /// Says in a token of the user's own mail who may see it: 0 everybody, 1 its recipients.
    const FIRST_BIT: u64 = 0x80_0000_0000;

    /// Takes the low 40 bits of a random number.
    #[must_use]
    pub fn from_random(bits: u64) -> HeldId {
        HeldId(bits & HeldId::MASK)
    }

    /// For the store.
    #[must_use]
    pub fn number(self) -> i64 {
        i64::try_from(self.0).unwrap_or_default()
    }

    /// From the store.
    #[must_use]
    pub fn from_number(number: i64) -> Option<HeldId> {
        u64::try_from(number).ok().filter(|&n| n <= HeldId::MASK).map(HeldId)
    }

    /// From the ten hexadecimal digits a person types, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<HeldId> {
        let digits = text.len() == 10 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok().map(HeldId)).flatten()
    }
}

impl fmt::Display for HeldId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:010x}", self.0)
    }
}

impl fmt::Debug for HeldId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HeldId({self})")
    }
}

impl Day {
    /// The day of a moment in seconds since 1970; before 2020 it is day 0, after 2109 the last.
    #[must_use]
    pub fn of(seconds: i64) -> Day {
        let days = (seconds.div_euclid(86_400) - EPOCH_DAY).clamp(0, 0x7fff);
        Day(u16::try_from(days).unwrap_or_default())
    }

    /// The last day that can be written.
    pub const LAST: Day = Day(0x7fff);

    /// From its number, of which the lowest 15 bits count.
    #[must_use]
    pub fn from_number(number: u16) -> Day {
        Day(number & Day::LAST.0)
    }

    /// The number of the day.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

fn head_bits(key: KeyId, day: Day, held: HeldId) -> u64 {
    u64::from(key.number()) << 55 | u64::from(day.0) << 40 | held.0
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::Bounce => b"cr1/bounce",
            Purpose::Confirm => b"cr1/confirm",
            Purpose::NotMe => b"cr1/notme",
            Purpose::Own => b"cr1/own",
        }
    }
}

/// The label of a Message-ID of the user's own mail; nobody is challenged by it.
const SENT: &[u8] = b"cr1/sent";

fn minted(ring: &KeyRing, label: &[u8], held: HeldId, day: Day, parties: (&str, &str)) -> String {
    let (id, key) = ring.current();
    let head = head_bits(id, day, held);
    encode(head, &proof(key, label, head, parties))
}

/// The first 100 bits, left-aligned in 13 bytes, the last four bits zero; for owner and challenged.
fn proof(key: &SecretKey, label: &[u8], head: u64, parties: (&str, &str)) -> [u8; 13] {
    let full = hashed(key, [label, &head.to_be_bytes(), parties.0.as_bytes(), parties.1.as_bytes()]);
    let mut short = [0u8; 13];
    short.copy_from_slice(&full[..13]);
    short[12] &= 0xf0;
    short
}

/// HMAC-SHA-256 over these, each behind its length.
pub(super) fn hashed(key: &SecretKey, fields: [&[u8]; 4]) -> [u8; 32] {
    let mut mac = keyed(key);
    fields.into_iter().for_each(|field| length_prefixed(&mut mac, field));
    mac.finalize().into_bytes().into()
}

/// Without a branch on the bytes: how many agree must not be told by how long it took.
fn same_bits(a: &[u8; 13], b: &[u8; 13]) -> bool {
    let difference = a.iter().zip(b).fold(0u8, |sum, (x, y)| sum | (x ^ y));
    std::hint::black_box(difference) == 0
}

fn encode(head: u64, mac: &[u8; 13]) -> String {
    let mut bits = [0u8; 20];
    bits[..8].copy_from_slice(&(head << 4).to_be_bytes());
    for (place, byte) in mac.iter().enumerate() {
        bits[7 + place] |= byte >> 4;
        if let Some(next) = bits.get_mut(8 + place) {
            *next |= byte << 4;
        }
    }
    let bit = |place: usize| usize::from(bits[place / 8] >> (7 - place % 8) & 1);
    let character = |at: usize| (0..5).fold(0usize, |value, b| value << 1 | bit(at * 5 + b));
    (0..32).map(|at| char::from(ALPHABET[character(at)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::Address;

    const TODAY: Day = Day(2516);
    const HELD: HeldId = HeldId(0x01_2345_6789);

    fn ring_of(number: u8, first: u8) -> KeyRing {
        let key = SecretKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap().wrapping_add(first)));
        KeyRing::new((KeyId::new(number).unwrap(), key), Vec::new())
    }

    fn normal(text: &str) -> NormalForm {
        Address::parse(text).unwrap().normal()
    }

    fn verify(text: &str, purpose: Purpose, challenged: &str, today: Day) -> Result<(), TokenRefusal> {
        let (owner, challenged) = (normal("alice@example.org"), normal(challenged));
        let parties = Parties { owner: &owner, challenged: &challenged };
        let token = Token::read(&TokenText::parse(text).expect("32 characters"));
        token.verify(&ring_of(1, 0), purpose, parties, today, false)
    }

    const GOOD: &str = "12em04hmasw91nfkhj1hrff3tfhqc0hz";

    #[test]
    fn the_vectors_of_the_design_are_minted() {
        let (owner, challenged) = (normal("alice@example.org"), normal("bob@example.net"));
        let parties = Parties { owner: &owner, challenged: &challenged };
        let mint = |ring: &KeyRing, purpose, held, day| Token::mint(ring, purpose, held, day, parties);
        assert_eq!(mint(&ring_of(1, 0), Purpose::Confirm, HELD, TODAY), GOOD);
        assert_eq!(mint(&ring_of(1, 0), Purpose::NotMe, HELD, TODAY), "12em04hmasw9ergxev9tws9zzacz14xp");
        let all_bits = mint(&ring_of(31, 0), Purpose::Confirm, HeldId(HeldId::MASK), Day(0x7fff));
        assert_eq!(all_bits, "zzzzzzzzzzzzznf5fqf41nr6b1weprab");
    }

    #[test]
    fn the_vectors_of_the_users_own_mail_are_minted_and_live_as_their_class_says() {
        let (owner, other) = (normal("alice@example.org"), normal("bob@example.net"));
        let vectors = [
            (Class::Public, "12em04hmasw9e8v0x6essk8b1p27rab1", 21),
            (Class::Private, "12emg4hmasw95v96yk200jza0t40p0h5", 365),
        ];
        for (class, text, days) in vectors {
            assert_eq!(Token::mint_sent(&ring_of(1, 0), class, HELD.0, TODAY, &owner), text);
            let token = Token::read(&TokenText::parse(text).unwrap());
            let verified = |ring: &KeyRing, owner, day| token.verify_sent(ring, owner, Day(day));
            assert_eq!(verified(&ring_of(1, 0), &owner, 2516), Ok(class));
            assert_eq!(verified(&ring_of(1, 0), &owner, 2515), Ok(class));
            assert_eq!(verified(&ring_of(1, 0), &owner, 2516 + days), Ok(class));
            assert_eq!(verified(&ring_of(1, 0), &owner, 2517 + days), Err(TokenRefusal::Expired));
            assert_eq!(verified(&ring_of(1, 0), &owner, 2514), Err(TokenRefusal::FromTheFuture));
            assert_eq!(verified(&ring_of(1, 0), &other, 2516), Err(TokenRefusal::Forged));
            assert_eq!(verified(&ring_of(1, 1), &owner, 2516), Err(TokenRefusal::Forged));
            assert_eq!(verified(&ring_of(2, 0), &owner, 2516), Err(TokenRefusal::UnknownKey));
            // Not even a confirmation of nobody: the labels keep them apart.
            let parties = Parties { owner: &owner, challenged: &owner };
            assert_eq!(
                token.verify(&ring_of(1, 0), Purpose::Confirm, parties, TODAY, false),
                Err(TokenRefusal::Forged)
            );
        }
        let turned =
            Token { held: HeldId(HELD.0 | HeldId::FIRST_BIT), ..Token::read(&TokenText::parse(vectors[0].1).unwrap()) };
        assert_eq!(
            turned.verify_sent(&ring_of(1, 0), &owner, TODAY),
            Err(TokenRefusal::Forged),
            "a public one made private"
        );
    }

    #[test]
    fn what_was_minted_reads_back() {
        let token = Token::read(&TokenText::parse(GOOD).unwrap());
        assert_eq!((token.key.number(), token.day, token.held), (1, TODAY, HELD));
        assert_eq!(verify(GOOD, Purpose::Confirm, "Bob@example.net", TODAY), Ok(()));
        assert_eq!(verify(&GOOD.to_uppercase(), Purpose::Confirm, "bob@example.net", TODAY), Ok(()));
    }

    #[test]
    fn every_flipped_character_is_forged_or_names_another_key() {
        for at in 0..32 {
            for other in ALPHABET {
                let mut text = GOOD.as_bytes().to_vec();
                if text[at] == *other {
                    continue;
                }
                text[at] = *other;
                let text = String::from_utf8(text).unwrap();
                let said = verify(&text, Purpose::Confirm, "bob@example.net", TODAY);
                assert!(matches!(said, Err(TokenRefusal::Forged | TokenRefusal::UnknownKey)), "{text}: {said:?}");
            }
        }
    }

    #[test]
    fn the_life_of_a_token_has_two_ends() {
        let day = |n| verify(GOOD, Purpose::Confirm, "bob@example.net", Day(n));
        assert_eq!(day(2515), Ok(()));
        assert_eq!(day(2514), Err(TokenRefusal::FromTheFuture));
        assert_eq!(day(2516 + LIFE_IN_DAYS), Ok(()));
        assert_eq!(day(2516 + LIFE_IN_DAYS + 1), Err(TokenRefusal::Expired));
    }

    #[test]
    fn a_token_lives_as_long_as_its_message_is_held() {
        let (owner, challenged) = (normal("alice@example.org"), normal("bob@example.net"));
        let parties = Parties { owner: &owner, challenged: &challenged };
        let token = Token::read(&TokenText::parse(GOOD).unwrap());
        assert_eq!(token.verify(&ring_of(1, 0), Purpose::Confirm, parties, Day(9_000), true), Ok(()));
    }

    #[test]
    fn a_day_is_counted_from_2020() {
        assert_eq!(Day::of(1_795_219_200).number(), 2516);
        assert_eq!(Day::of(0).number(), 0);
        assert_eq!(Day::of(i64::MAX).number(), 0x7fff);
    }

    #[test]
    fn a_held_id_is_ten_digits() {
        assert_eq!(HeldId::parse("0123456789"), Some(HELD));
        assert_eq!(HELD.to_string(), "0123456789");
        for text in ["", "123456789", "01234567890", "012345678g", "+123456789", "../../etc/"] {
            assert_eq!(HeldId::parse(text), None, "{text}");
        }
        assert_eq!(HeldId::from_number(-1), None);
        assert_eq!(HeldId::from_number(1 << 40), None);
    }
}
