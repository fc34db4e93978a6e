//! An inbox that is no Maildir: an mbox, or a command that takes the message (mdbox, procmail, re-injection).
//!
//! Promises: a command gets the whole message or is not started; only its exit code 0 counts as taken, and only when it has
//! read its standard input (opening /dev/stdin anew is not seen). An mbox has the whole message or is as it was. Never
//! touches: a Maildir (`world/maildir/`).

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::exit::Commitment;
use crate::operation::installation::Installation;
use crate::report::{self, Level};
use crate::world::config::Inbox;
use crate::world::maildir::Draft;
use crate::world::mbox::{self, Mailbox, Open};
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
    let limit = time_left(LIMIT);
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

/// The user's mbox; what goes into it is gathered beside what is held.
///
/// # Errors
/// The quarantine is not there and cannot be made.
pub fn mailbox(installation: &Installation, path: &Path) -> Result<Mailbox> {
    Ok(Mailbox::at(path, installation.ready_quarantine()?))
}

/// Locks the mbox.
///
/// # Errors
/// As [`Mailbox::open`].
pub fn open(mailbox: &Mailbox) -> Result<Open<'_>> {
    let open = mailbox.open(time_left(mbox::PATIENCE))?;
    if open.cut_off > 0 {
        let said = format!("cut {} bytes off the mbox: half of a message whose delivery was broken off", open.cut_off);
        report::note(Level::Warning, &said);
    }
    Ok(open)
}

/// Cuts off what a killed process left half at the end of an mbox, if that is the inbox; every later message does it too.
///
/// # Errors
/// The mbox cannot be locked or cut.
pub fn mend(installation: &Installation) -> Result<()> {
    let Inbox::Mbox(path) = &installation.config.paths.inbox else { return Ok(()) };
    let mailbox = Mailbox::at(path, installation.quarantine());
    if installation.quarantine().try_exists()? && mailbox.is_underway()? {
        open(&mailbox)?;
    }
    Ok(())
}

/// That time, or less where a mail system waits.
fn time_left(limit: Duration) -> Duration {
    Commitment::of_process().time_left().map_or(limit, |left| left.min(limit))
}
