//! `discard`: held messages thrown away for good, because the user said so.
//!
//! Promises: only what the command line names, and only files that bear our seal; a message that another process
//! releases at the same moment is either released or thrown away. Never touches: the list.

use crate::cli::SelectArguments;
use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::ledger::Ledger;
use crate::operation::screen;
use crate::operation::select::{Selection, select};
use crate::operation::trouble::Answer;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::maildir::Removed;
use crate::world::store::State;

/// Runs `discard`. 1 if nothing matched, or a number is not held.
///
/// # Errors
/// When a message cannot be removed; those before it are.
pub fn discard(arguments: &SelectArguments, environment: Environment) -> Answer {
    // Gather.
    let selection = Selection::parse_some(arguments)?;
    let installation = Installation::open(&environment)?;
    let mut ledger = Ledger::open(&installation)?;
    // Decide.
    let selected = select(&installation, &mut ledger, &selection, clock::now())?;
    // Perform.
    let mut absent = selected.absent;
    let mut count = 0;
    for found in &selected.found {
        let id = found.held.id;
        match installation.quarantine().remove(&found.held.entry)? {
            Removed::Done => {
                count += 1;
                ledger.set_state(&installation, id, State::Discarded)?;
                screen::out(&format!("discarded {}\n", found.line()))?;
            }
            Removed::AlreadyGone => absent.push(ledger.absence(&installation, id)?),
        }
    }
    for sentence in &absent {
        screen::error(sentence);
    }
    if count == 0 && absent.is_empty() {
        screen::aside("Nothing that is held fits.");
    }
    Ok(if count > 0 && absent.is_empty() { Ending::Done } else { Ending::No })
}
