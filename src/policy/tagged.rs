//! Signed sub-addresses of the user: who has one may write, or has something to tell this program.
//!
//! Promises: one verifies only for the kind, the owner and the argument that it was made for, and only to its last day; all
//! 95 bits are compared in constant time. Never touches: clock, store, where an address was found.
//!
//! ```text
//! kid:5 | expiry day:15 (since 2020-01-01) | kind:5 | mac:95  =  120 bits  =  24 Crockford base32 characters
//! mac = first 95 bits of HMAC-SHA-256(key, lp("cr1/addr") lp(head4) lp(owner) lp(argument)), head4 = the 25 bits before it
//! ```

use super::key::{KeyId, KeyRing};
use super::token::{ALPHABET, Day, TokenRefusal, hashed};
use crate::mail::address::NormalForm;
use crate::mail::content::symbols;

/// Characters of a tag, without the letter in front of it.
const LENGTH: usize = 24;
/// In front of a tag in a sub-address.
const LETTER: char = 'a';
/// The lowest 95 bits.
const MAC: u128 = (1 << 95) - 1;
const LABEL: &[u8] = b"cr1/addr";

/// What a tagged address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// Whoever knows it may write; the keyword stands in front of it.
    Keyword = 1,
    /// Whoever knows it may write until its last day.
    Dated = 2,
    /// Whoever writes from that domain.
    Domain = 3,
    /// Copies of the user's own mail go there.
    Sent = 4,
}

/// A tag whose form was read and whose proof was not looked at yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    key: KeyId,
    expiry: Day,
    kind: u8,
    mac: u128,
}

impl Tag {
    /// Makes a tag, with its letter in front: what stands behind the delimiter in the address.
    #[must_use]
    pub fn mint(ring: &KeyRing, kind: TagKind, expiry: Day, owner: &NormalForm, argument: &str) -> String {
        let (key, _) = ring.current();
        let tag = Tag { key, expiry, kind: kind as u8, mac: 0 };
        let mac = tag.proof(ring, owner, argument).unwrap_or_default();
        let bits = u128::from(tag.head()) << 95 | mac;
        let character = |at: usize| usize::try_from(bits >> (5 * (LENGTH - 1 - at)) & 31).unwrap_or_default();
        let text: String = (0..LENGTH).map(|at| char::from(ALPHABET[character(at)])).collect();
        format!("{LETTER}{text}")
    }

    /// Takes apart what stands behind the delimiter, in any case. Whatever can be written in 24 characters has a form.
    #[must_use]
    pub fn read(extension: &str) -> Option<Tag> {
        let (letter, text) = extension.split_at_checked(1)?;
        // Asked of every message's recipient: what has another length is seen at once.
        let fits = text.len() == LENGTH && letter.eq_ignore_ascii_case("a");
        let text = if fits { symbols(text)? } else { return None };
        let value = |symbol: u8| ALPHABET.iter().position(|&known| known == symbol).unwrap_or_default();
        let bits = text.bytes().fold(0_u128, |bits, symbol| bits << 5 | value(symbol) as u128);
        let head = u32::try_from(bits >> 95).unwrap_or_default();
        Some(Tag {
            key: KeyId::new(u8::try_from(head >> 20).ok()?)?,
            expiry: Day::from_number(u16::try_from(head >> 5 & 0x7fff).ok()?),
            kind: u8::try_from(head & 31).ok()?,
            mac: bits & MAC,
        })
    }

    /// Whether this tag was made for exactly this kind, owner and argument, and is still good.
    ///
    /// # Errors
    /// [`TokenRefusal`]; the caller tells nobody outside which.
    pub fn verify(
        &self,
        ring: &KeyRing,
        kind: TagKind,
        owner: &NormalForm,
        argument: &str,
        today: Day,
    ) -> Result<(), TokenRefusal> {
        let mac = self.proof(ring, owner, argument).ok_or(TokenRefusal::UnknownKey)?;
        // Without a branch on the bits: how many agree must not be told by how long it took.
        let difference = (mac ^ self.mac) | u128::from(self.kind ^ kind as u8);
        if std::hint::black_box(difference) != 0 {
            return Err(TokenRefusal::Forged);
        }
        if self.expiry < today { Err(TokenRefusal::Expired) } else { Ok(()) }
    }

    fn head(&self) -> u32 {
        u32::from(self.key.number()) << 20 | u32::from(self.expiry.number()) << 5 | u32::from(self.kind)
    }

    /// None where the ring lacks the key.
    fn proof(&self, ring: &KeyRing, owner: &NormalForm, argument: &str) -> Option<u128> {
        let head = self.head().to_be_bytes();
        let full = hashed(ring.get(self.key)?, [LABEL, &head, owner.as_str().as_bytes(), argument.as_bytes()]);
        let first = full.iter().take(12).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        Some(first >> 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::SecretKey;
    use super::*;
    use crate::mail::address::Address;

    fn ring(number: u8, first: u8) -> KeyRing {
        let key = SecretKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap().wrapping_add(first)));
        KeyRing::new((KeyId::new(number).unwrap(), key), Vec::new())
    }

    fn normal(text: &str) -> NormalForm {
        Address::parse(text).unwrap().normal()
    }

    const VECTORS: [(TagKind, u16, &str, &str); 4] = [
        (TagKind::Keyword, 2546, "shop", "12fj1tpaktmbyct1de3j24pt"),
        (TagKind::Dated, 2546, "", "12fj23bxk9hr2ftpdw6n9xp2"),
        (TagKind::Domain, 32_767, "amazon.example", "1zzz3s0wr9vedb6h275vz514"),
        (TagKind::Sent, 32_767, "", "1zzz426sfttqswvdnb9vbder"),
    ];

    #[test]
    fn the_vectors_of_the_design_are_made_and_verify_in_any_case_to_their_last_day() {
        let owner = normal("alice@example.org");
        for (kind, day, argument, text) in VECTORS {
            let made = Tag::mint(&ring(1, 0), kind, Day::from_number(day), &owner, argument);
            assert_eq!(made, format!("a{text}"));
            for text in [made.clone(), made.to_uppercase(), made.replace('1', "l").replace('0', "O")] {
                let tag = Tag::read(&text).unwrap();
                let verified = |today| tag.verify(&ring(1, 0), kind, &owner, argument, Day::from_number(today));
                assert_eq!((verified(0), verified(day)), (Ok(()), Ok(())), "{text}");
                if day < 32_767 {
                    assert_eq!(verified(day + 1), Err(TokenRefusal::Expired));
                }
            }
        }
    }

    #[test]
    fn one_is_good_for_nothing_else() {
        let owner = normal("alice@example.org");
        for (kind, day, argument, text) in VECTORS {
            let tag = Tag::read(&format!("a{text}")).unwrap();
            let verify = |ring: &KeyRing, kind, owner: &NormalForm, argument: &str| {
                tag.verify(ring, kind, owner, argument, Day::from_number(day))
            };
            for other in [TagKind::Keyword, TagKind::Dated, TagKind::Domain, TagKind::Sent] {
                let wanted = if other == kind { Ok(()) } else { Err(TokenRefusal::Forged) };
                assert_eq!(verify(&ring(1, 0), other, &owner, argument), wanted);
            }
            assert_eq!(verify(&ring(1, 0), kind, &normal("bob@example.org"), argument), Err(TokenRefusal::Forged));
            assert_eq!(verify(&ring(1, 0), kind, &owner, "other"), Err(TokenRefusal::Forged));
            assert_eq!(verify(&ring(1, 1), kind, &owner, argument), Err(TokenRefusal::Forged));
            assert_eq!(verify(&ring(2, 0), kind, &owner, argument), Err(TokenRefusal::UnknownKey));
        }
    }

    #[test]
    fn every_changed_character_counts() {
        let owner = normal("alice@example.org");
        for (kind, _, argument, text) in VECTORS {
            for at in 0..LENGTH {
                let mut changed: Vec<u8> = text.bytes().collect();
                changed[at] = if changed[at] == b'0' { b'2' } else { b'0' };
                let changed = format!("a{}", String::from_utf8(changed).unwrap());
                let tag = Tag::read(&changed).unwrap();
                let verified = tag.verify(&ring(1, 0), kind, &owner, argument, Day::from_number(0));
                assert!(verified.is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn what_is_no_tag_is_none() {
        let text = VECTORS[3].3;
        for odd in [
            String::new(),
            "a".into(),
            text.into(),
            format!("b{text}"),
            format!("a{}", &text[1..]),
            format!("a{text}0"),
            format!("a {}", &text[1..]),
            format!("au{}", &text[1..]),
            format!("é{text}"),
            format!("shop+a{text}"),
        ] {
            assert_eq!(Tag::read(&odd), None, "{odd}");
        }
    }
}
