//! `discard`: held messages thrown away for good, because the user said so.
//!
//! Promises: only what the command line names, and only files that bear our seal; a message that another process
//! releases at the same moment is either released or thrown away. Never touches: the list.

use crate::cli::SelectArguments;
use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::ledger::Ledger;
use crate::operation::quarantine::TOGETHER;
use crate::operation::screen;
use crate::operation::select::{Selection, select};
use crate::operation::trouble::Answer;
use crate::policy::token::HeldId;
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
    for chunk in selected.found.chunks(TOGETHER) {
        let entries: Vec<_> = chunk.iter().map(|found| &found.held.entry).collect();
        let (mut gone, mut failed) = (Vec::new(), None);
        for (found, removed) in chunk.iter().zip(installation.quarantine().remove_all(&entries)) {
            match removed {
                Ok(Removed::Done) => gone.push(found),
                Ok(Removed::AlreadyGone) => absent.push(ledger.absence(&installation, found.held.id)?),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        count += gone.len();
        let ids: Vec<HeldId> = gone.iter().map(|found| found.held.id).collect();
        ledger.set_states(&installation, &ids, State::Discarded)?;
        screen::out(&gone.iter().map(|found| format!("discarded {}\n", found.line())).collect::<String>())?;
        if let Some(error) = failed {
            return Err(error.into());
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
