//! `forget`: takes senders, domains and mailing lists off the list, and their wish for no challenge with them.
//!
//! Promises: what `operation/entry.rs` promises.

use crate::cli::EntryArguments;
use crate::exit::Ending;
use crate::operation::entry::parse_all;
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::screen;
use crate::operation::trouble::Answer;
use crate::world::config::Environment;

/// Runs `forget`. 1 if one of them was not on the list.
///
/// # Errors
/// As `allow`.
pub fn forget(arguments: &EntryArguments, environment: Environment) -> Answer {
    // Gather.
    let people = parse_all(&arguments.who)?;
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    // Decide: nothing to decide.
    let mut ending = Ending::Done;
    // Perform.
    for who in &people {
        let listed = store.remove_entries(&who.keys(&installation))? > 0;
        if who.opt_in(&installation, &mut store)? {
            screen::out(&format!("{who} had asked not to be asked again; that is forgotten\n"))?;
        } else if !listed {
            screen::error(&format!("{who} is not on the list"));
            ending = Ending::No;
        }
        if listed {
            screen::out(&format!("forgotten {who}\n"))?;
        }
    }
    Ok(ending)
}
