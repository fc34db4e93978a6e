//! `undiscard`: messages out of the trash, back into the quarantine.
//!
//! Promises: only what the command line names; each once, whoever else brings it back at the same moment; what is said to be
//! back lies in the quarantine on the disk. Never touches: the list, the inbox.

use crate::cli::SelectArguments;
use crate::operation::installation::Installation;
use crate::operation::ledger::{Ledger, say_keyless};
use crate::operation::select::{Selection, select};
use crate::operation::transfer::{Way, transfer};
use crate::operation::trouble::Answer;
use crate::world::clock;
use crate::world::config::Environment;

/// Runs `undiscard`. 1 if nothing matched, or a number does not lie in the trash.
///
/// # Errors
/// When a message cannot be moved; those before it are.
pub fn undiscard(arguments: &SelectArguments, environment: Environment) -> Answer {
    // Gather.
    let selection = Selection::parse_some(arguments)?.in_trash();
    let (installation, keyless) = Installation::open_without_keys(&environment)?;
    say_keyless(keyless.as_ref());
    let mut ledger = Ledger::open(&installation)?;
    installation.mend_trash()?;
    // Decide.
    let selected = select(&installation, &mut ledger, &selection, clock::now())?;
    // Perform.
    transfer(&installation, &mut ledger, Way::Back, selected)
}
