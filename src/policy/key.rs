//! Secret keys as values: numbered, wiped from memory, never shown.
//!
//! Promises: no way to print one by accident. Never touches: the file they come from (`world/secret/`).

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of every key in bytes: the block of HMAC-SHA-256 gains nothing from more.
pub const KEY_LENGTH: usize = 32;

/// One secret key.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; KEY_LENGTH]);

/// The number of a key, 0 to 31: it travels in five bits of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(u8);

/// All keys for one purpose; never empty.
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: (KeyId, SecretKey),
    older: Vec<(KeyId, SecretKey)>,
}

/// The two rings of a mailbox. They are independent: tokens live 30 days, list entries for years.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs tokens and our own header block.
    pub token: KeyRing,
    /// Hashes the list entries.
    pub list: KeyRing,
}

impl SecretKey {
    /// Takes exactly [`KEY_LENGTH`] bytes.
    #[must_use]
    pub fn new(bytes: [u8; KEY_LENGTH]) -> SecretKey {
        SecretKey(bytes)
    }

    /// The bytes, for the hash functions and the key file only.
    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(not shown)")
    }
}

impl KeyId {
    /// The number of the first key of every ring.
    pub const FIRST: KeyId = KeyId(1);
    /// The highest number a key can have.
    pub const HIGHEST: u8 = 31;

    /// A number from 0 to 31.
    #[must_use]
    pub fn new(number: u8) -> Option<KeyId> {
        (number <= KeyId::HIGHEST).then_some(KeyId(number))
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The number the next key gets; after 31 it begins again at 0.
    #[must_use]
    pub fn next(self) -> KeyId {
        KeyId((self.0 + 1) & KeyId::HIGHEST)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl KeyRing {
    /// A ring whose newest key is `current`.
    #[must_use]
    pub fn new(current: (KeyId, SecretKey), older: Vec<(KeyId, SecretKey)>) -> KeyRing {
        KeyRing { current, older }
    }

    /// The key that signs and hashes from now on.
    #[must_use]
    pub fn current(&self) -> (KeyId, &SecretKey) {
        (self.current.0, &self.current.1)
    }

    /// The key of that number.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<&SecretKey> {
        self.iter().find(|(number, _)| *number == id).map(|(_, key)| key)
    }

    /// All keys, the current one first, then from new to old.
    pub fn iter(&self) -> impl Iterator<Item = (KeyId, &SecretKey)> {
        std::iter::once(&self.current).chain(self.older.iter().rev()).map(|(id, key)| (*id, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_show_itself() {
        let key = SecretKey::new([0xab; KEY_LENGTH]);
        let ring = KeyRing::new((KeyId(1), key), Vec::new());
        let shown = format!("{:?}", Keys { token: ring.clone(), list: ring }).to_lowercase();
        assert!(shown.contains("not shown") && !shown.contains("171") && !shown.contains("abab"), "{shown}");
    }
}
