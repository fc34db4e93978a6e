//! Keyed hashes: under which the store knows an address, a list or a message without holding it.
//!
//! Promises: without the key nothing can be looked up or guessed (seed 004, "Protect user privacy"); values of
//! different kinds never meet. With `token.rs` the only user of hmac and sha2. Never touches: the store.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::key::{KeyId, KeyRing, SecretKey};
use crate::mail::address::{Address, NormalForm};

/// The first 128 bits of HMAC-SHA-256: no two of a million entries meet by chance (2^-89).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

/// What a fingerprint is of. The kind is hashed along, so an address and a domain of the same text differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One mailbox.
    Address,
    /// A whole domain, without its subdomains.
    Domain,
    /// All subdomains of a domain, without itself.
    Subdomains,
    /// A mailing list by its List-Id.
    List,
    /// One Message-ID.
    MessageId,
    /// The bytes of one message.
    Message,
    /// The path of a file that was read.
    File,
    /// What a conversation on a private list is about.
    Topic,
    /// The mailbox a challenge goes to, sub-addresses counted as one.
    Challenged,
    /// The header block that stands on top of a stored message.
    Block,
    /// Two neighbouring words of a message, by which copies of it are known.
    Shape,
}

impl Kind {
    const fn label(self) -> &'static [u8] {
        match self {
            Kind::Address => b"addr",
            Kind::Domain => b"domain",
            Kind::Subdomains => b"subdomains",
            Kind::List => b"list",
            Kind::MessageId => b"msgid",
            Kind::Message => b"message",
            Kind::File => b"file",
            Kind::Topic => b"subject",
            Kind::Challenged => b"challenged",
            Kind::Block => b"block",
            Kind::Shape => b"shape",
        }
    }
}

impl Fingerprint {
    /// None sorts before it.
    pub const FIRST: Fingerprint = Fingerprint([0; 16]);

    /// The one that sorts next behind it, if there is one.
    #[must_use]
    pub fn successor(&self) -> Option<Fingerprint> {
        u128::from_be_bytes(self.0).checked_add(1).map(|number| Fingerprint(number.to_be_bytes()))
    }

    /// Of a text of that kind: HMAC-SHA-256(key, lp("wl1") lp(kind) lp(text)), cut to 128 bits.
    #[must_use]
    pub fn of(key: &SecretKey, kind: Kind, text: &[u8]) -> Fingerprint {
        let mut mac = started(key, kind);
        length_prefixed(&mut mac, text);
        cut(mac)
    }

    /// Of a mailbox.
    #[must_use]
    pub fn of_address(key: &SecretKey, address: &NormalForm) -> Fingerprint {
        Fingerprint::of(key, Kind::Address, address.as_str().as_bytes())
    }

    /// As the store and the header block write it.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether two are the same, without a branch on the bytes.
    #[must_use]
    pub fn matches(&self, other: &Fingerprint) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0u8, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }

    /// From the store.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Fingerprint> {
        bytes.try_into().ok().map(Fingerprint)
    }

    /// 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// From [`Fingerprint::hex`].
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Fingerprint> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        Fingerprint::from_bytes(&bytes)
    }
}

/// The fingerprints of one value under every key of the ring, the current key first: an entry that was made
/// under an older key is still found, and is then written anew under the current one.
pub fn under_every_key<'a>(
    ring: &'a KeyRing,
    kind: Kind,
    text: &'a str,
) -> impl Iterator<Item = (KeyId, Fingerprint)> + 'a {
    ring.iter().map(move |(id, key)| (id, Fingerprint::of(key, kind, text.as_bytes())))
}

/// The fingerprints of a mailbox under every key of the ring, and in every form that was ever hashed: what is written today
/// comes first. Whatever is looked up by an address is looked up under all of them; what is found under another one is then
/// written anew under the first.
pub fn of_mailbox<'a>(ring: &'a KeyRing, address: &Address) -> impl Iterator<Item = (KeyId, Fingerprint)> + use<'a> {
    in_forms(ring, Kind::Address, address.forms().map(|form| form.as_str().to_owned()))
}

/// The same of a text of any kind that an address was written into, for each of its forms.
pub fn in_forms<'a>(
    ring: &'a KeyRing,
    kind: Kind,
    forms: impl Iterator<Item = String> + 'a,
) -> impl Iterator<Item = (KeyId, Fingerprint)> + 'a {
    forms.flat_map(move |form| ring.iter().map(move |(id, key)| (id, Fingerprint::of(key, kind, form.as_bytes()))))
}

/// A fingerprint of bytes that come in pieces: the message as the sender's side handed it over.
pub struct RunningFingerprint(Hmac<Sha256>, u64);

impl RunningFingerprint {
    /// Begins a fingerprint of kind [`Kind::Message`].
    #[must_use]
    pub fn new(key: &SecretKey) -> RunningFingerprint {
        RunningFingerprint(started(key, Kind::Message), 0)
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
        self.1 += piece.len() as u64;
    }

    /// The fingerprint of all pieces. The length goes last, since it is not known before.
    #[must_use]
    pub fn finish(mut self) -> Fingerprint {
        self.0.update(&self.1.to_be_bytes());
        cut(self.0)
    }
}

/// HMAC-SHA-256 under a key. `KeyInit::new` takes a key of the hash's block size and so cannot fail; a shorter key
/// is padded with zeros, as RFC 2104 section 2 does.
pub(super) fn keyed(key: &SecretKey) -> Hmac<Sha256> {
    let mut block = zeroize::Zeroizing::new([0u8; 64]);
    block[..key.bytes().len()].copy_from_slice(key.bytes());
    Hmac::<Sha256>::new((&*block).into())
}

fn started(key: &SecretKey, kind: Kind) -> Hmac<Sha256> {
    let mut mac = keyed(key);
    length_prefixed(&mut mac, b"wl1");
    length_prefixed(&mut mac, kind.label());
    mac
}

/// Two bytes of length in front: `ab`+`c` and `a`+`bc` differ. No value here reaches 64 KiB.
pub(super) fn length_prefixed(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    mac.update(&length.to_be_bytes());
    mac.update(bytes);
}

fn cut(mac: Hmac<Sha256>) -> Fingerprint {
    let full = mac.finalize().into_bytes();
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    Fingerprint(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::Address;

    fn key() -> SecretKey {
        SecretKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap()))
    }

    #[test]
    fn the_vectors_of_the_design_hold() {
        let address = Address::parse("Bob@Example.NET").unwrap();
        assert_eq!(Fingerprint::of_address(&key(), &address.normal()).hex(), "95c747684d907baba54cb86d6f3923d1");
        assert_eq!(
            Fingerprint::of(&key(), Kind::Domain, address.domain().as_str().as_bytes()).hex(),
            "f1a32554d54669e92316f0ccb296b3bc"
        );
    }

    #[test]
    fn kinds_and_keys_never_meet() {
        let kinds = [
            Kind::Address,
            Kind::Domain,
            Kind::Subdomains,
            Kind::List,
            Kind::MessageId,
            Kind::Message,
            Kind::File,
            Kind::Topic,
            Kind::Challenged,
            Kind::Block,
            Kind::Shape,
        ];
        let mut seen: Vec<Fingerprint> = kinds.iter().map(|k| Fingerprint::of(&key(), *k, b"x")).collect();
        seen.push(Fingerprint::of(&SecretKey::new([0; 32]), Kind::Address, b"x"));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn pieces_do_not_matter_and_bytes_do() {
        let of = |pieces: &[&[u8]]| {
            let mut running = RunningFingerprint::new(&key());
            pieces.iter().for_each(|piece| running.update(piece));
            running.finish()
        };
        assert_eq!(of(&[b"abc"]), of(&[b"a", b"", b"bc"]));
        assert_ne!(of(&[b"abc"]), of(&[b"abd"]));
        assert_ne!(of(&[]), of(&[b"\0"]));
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        for text in ["", "95c7", "95c747684d907baba54cb86d6f3923d1aa", "95C747684D907BABA54CB86D6F3923D1", "zz"] {
            assert_eq!(Fingerprint::from_hex(text), None, "{text}");
        }
    }
}
