//! One line of a key file: a purpose, a number, a key.
//!
//! Promises: what is wrong with a line is said without showing it. Never touches: the file.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;
use zeroize::Zeroizing;

use crate::policy::key::{KEY_LENGTH, KeyId, SecretKey};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Hashes the list entries.
    List,
    /// Signs tokens and our own header block.
    Token,
}

/// What is wrong with a line of a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// The key is not 64 hexadecimal digits.
    Key,
    /// The key is nothing but zeros: anybody can guess it.
    Zeros,
    /// The number is none from 0 to 31.
    Number,
    /// Not the text it should be.
    NotText,
    /// The purpose is neither `token` nor `list`.
    Purpose,
    /// The same number was used for the same purpose above.
    Twice,
    /// The version line is missing, or of a later version.
    Version,
    /// Not three words.
    Words,
}

/// One line of the file.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) purpose: Purpose,
    pub(super) id: KeyId,
    pub(super) key: SecretKey,
}

impl Line {
    pub(super) fn parse(text: &str) -> Result<Line, LineFault> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [purpose, number, key] = words[..] else { return Err(LineFault::Words) };
        let purpose = match purpose {
            "list" => Purpose::List,
            "token" => Purpose::Token,
            _ => return Err(LineFault::Purpose),
        };
        let id = number.parse().ok().and_then(KeyId::new).ok_or(LineFault::Number)?;
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        if key.len() != 2 * KEY_LENGTH {
            return Err(LineFault::Key);
        }
        HEXLOWER_PERMISSIVE.decode_mut(key.as_bytes(), bytes.as_mut()).map_err(|_| LineFault::Key)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(LineFault::Zeros);
        }
        Ok(Line { purpose, id, key: SecretKey::new(*bytes) })
    }

    pub(super) fn parts(&self) -> (Purpose, u8, &SecretKey) {
        (self.purpose, self.id.number(), &self.key)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Purpose::List => "list",
            Purpose::Token => "token",
        })
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            LineFault::Key => "the key is not 64 hexadecimal digits",
            LineFault::Zeros => "the key is nothing but zeros, which anybody can guess",
            LineFault::Number => "the number is none from 0 to 31",
            LineFault::NotText => "it is not text",
            LineFault::Purpose => "the purpose is neither \"token\" nor \"list\"",
            LineFault::Twice => "that number is used for that purpose above",
            LineFault::Version => "it should be \"version 1\"; a later version needs a later countersign",
            LineFault::Words => "it should be a purpose, a number and a key",
        })
    }
}
