//! `undiscard`: messages out of the trash, back into the quarantine.
//!
//! Promises: only what the command line names; each once, whoever else brings it back at the same moment; what is said to be
//! back lies in the quarantine on the disk. Never touches: the list, the inbox.

use crate::cli::SelectArguments;
use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::ledger::{Ledger, say_keyless};
use crate::operation::quarantine::TOGETHER;
use crate::operation::screen;
use crate::operation::select::{Found, Selection, select};
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::maildir::Moved;

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
    let mut absent = selected.absent;
    let mut count = 0;
    for chunk in selected.found.chunks(TOGETHER) {
        count += bring_back(&installation, &mut ledger, chunk, &mut absent)?;
    }
    for sentence in &absent {
        screen::error(sentence);
    }
    if count == 0 && absent.is_empty() {
        screen::aside("Nothing in the trash fits.");
    }
    Ok(if count > 0 && absent.is_empty() { Ending::Done } else { Ending::No })
}

/// The files first, then what the store says of them: after a crash in between `maintain` finds them in the quarantine. How
/// many came back.
fn bring_back(
    installation: &Installation,
    ledger: &mut Ledger,
    found: &[Found],
    absent: &mut Vec<String>,
) -> Result<usize, Trouble> {
    let held: Vec<_> = found.iter().map(|found| &found.held).collect();
    let (mut back, mut failed) = (Vec::new(), None);
    for (found, moved) in found.iter().zip(trash::bring_back(installation, &held)?) {
        match moved {
            Ok(Moved::Done(_)) => back.push(found),
            Ok(Moved::AlreadyGone) => absent.push(ledger.absence_in_trash(installation, found.held.id)?),
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    let ids: Vec<HeldId> = back.iter().map(|found| found.held.id).collect();
    // What could not be written down is for `maintain` to mend, and said behind what was done.
    let written = match ids.is_empty() {
        true => Ok(None),
        false => ledger.ask(installation, |store| Ok(store.bring_back(&ids, clock::now())?)),
    };
    screen::out(&back.iter().map(|found| format!("held again {}\n", found.line())).collect::<String>())?;
    written?;
    failed.map_or(Ok(back.len()), |error| Err(error.into()))
}
