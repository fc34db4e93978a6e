//! A copy of the user's own mail on standard input, as a mail system hands it over for each message.
//!
//! Promises: what `operation/sent_copy.rs` promises; what teaches nothing is no trouble, since an answer that is not 0 would
//! bounce; a store that cannot be written is 75, and the copy comes again. Never touches: where the mail goes.

use std::io;

use anyhow::Context;

use crate::cli::LearnArguments;
use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::screen;
use crate::operation::sent::teach_from_copy;
use crate::operation::trouble::{Answer, Trouble};
use crate::report::{self, Level};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::input::Incoming;

/// Learns from one copy.
///
/// # Errors
/// When anything else is to be learned in the same run, the set-up cannot be read, or the store cannot be used.
pub fn learn(arguments: &LearnArguments, environment: Environment) -> Answer {
    let LearnArguments { sent, addressbook, inbox, from, dry_run, .. } = arguments;
    if sent.len() > 1 || !addressbook.is_empty() || !inbox.is_empty() || from.is_some() || *dry_run {
        return Err(Trouble::usage("--sent - takes one message from a mail system, and nothing beside it".to_owned()));
    }
    // Gather.
    let mut input = Incoming::read_start(io::stdin().lock()).context("cannot read the message")?;
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    // Decide and perform.
    let taught = teach_from_copy(&installation, &mut store, input.shared_start(), &environment.caller, clock::now())?;
    input.drain().context("cannot read the message to its end")?;
    let said = match taught {
        Ok(new) => format!("sent mail: {new} new"),
        Err(why) => format!("sent mail: nothing is learned: {}", why.words()),
    };
    report::note(Level::Info, &said);
    screen::aside(&said);
    Ok(Ending::Done)
}
