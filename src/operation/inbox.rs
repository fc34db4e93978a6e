//! The command that stands for an inbox: mbox, mdbox, procmail, or re-injection.
//!
//! Promises: it gets the whole message or is not started; only its exit code 0 counts as taken, and only when it has
//! read its standard input (opening /dev/stdin anew is not seen). Never touches: a Maildir (`world/maildir/`).

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::exit::Commitment;
use crate::world::maildir::Draft;
use crate::world::sendmail::{self, Outcome};

/// How long the command may take when no mail system waits.
const LIMIT: Duration = Duration::from_secs(300);
/// With less time than this left there is no use in beginning.
const SHORTEST: Duration = Duration::from_secs(1);

/// Gives a message to the command. It was written to a file first, so that whatever ends this process in the middle,
/// the command never takes a part for the whole.
///
/// # Errors
/// When it did not take the message, or nobody knows whether it did: the message may then arrive twice.
pub fn give(argv: &[String], message: Draft) -> Result<()> {
    let limit = Commitment::of_process().time_left().map_or(LIMIT, |left| left.min(LIMIT));
    if limit < SHORTEST {
        bail!("no time is left for the inbox command");
    }
    let words: Vec<OsString> = argv.iter().map(Into::into).collect();
    match sendmail::feed(&words, message.into_reader()?, limit) {
        Outcome::Sent => Ok(()),
        Outcome::Refused { code, said } => bail!("the inbox command ended with {code}: {said}"),
        Outcome::Unknown { said } => bail!("the inbox command was lost track of: {said}"),
    }
}
