//! The command that stands for an inbox: mbox, mdbox, procmail, or re-injection.
//!
//! Promises: only its exit code 0 counts as taken. Never touches: a Maildir (`world/maildir.rs`).

use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::world::sendmail::{self, Outcome};

/// Gives a message to the command; `source` writes it.
///
/// # Errors
/// When it did not take the message, or nobody knows whether it did: the message may then arrive twice.
pub fn give(argv: &[String], source: &mut dyn FnMut(&mut dyn Write) -> Result<()>, limit: Duration) -> Result<()> {
    let words: Vec<OsString> = argv.iter().map(Into::into).collect();
    match sendmail::feed(&words, source, limit)? {
        Outcome::Sent => Ok(()),
        Outcome::Refused { code, said } => bail!("the inbox command ended with {code}: {said}"),
        Outcome::Unknown { said } => bail!("the inbox command was lost track of: {said}"),
    }
}
