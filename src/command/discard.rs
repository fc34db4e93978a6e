//! `discard`: held messages thrown away, because the user said so. For a while they lie in the trash.
//!
//! Promises: nothing without a yes, at the terminal or on the command line; only what the command line names; what is said to be
//! thrown away lies in the trash on the disk; a message that another process releases at the same moment is either released
//! or thrown away. Never touches: the list.

use crate::cli::DiscardArguments;
use crate::exit::Ending;
use crate::mail::display::cut;
use crate::operation::installation::Installation;
use crate::operation::ledger::Ledger;
use crate::operation::screen;
use crate::operation::select::{Found, Selection, select};
use crate::operation::transfer::{Way, transfer};
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::world::clock;
use crate::world::config::Environment;

/// So many messages are named in the question.
const NAMED: usize = 20;

/// Runs `discard`. 1 if nothing matched, a number is not held, or the answer was no.
///
/// # Errors
/// When nobody can be asked and nothing says yes; when a message cannot be moved, and those before it are.
pub fn discard(arguments: &DiscardArguments, environment: Environment) -> Answer {
    // Gather.
    let selection = Selection::parse_some(&arguments.select)?;
    if !arguments.yes && !screen::has_partner() {
        let why = "there is no terminal to ask at, so nothing was thrown away; in a script: countersign discard --yes";
        return Err(Trouble::usage(why.to_owned()));
    }
    let installation = Installation::open(&environment)?;
    let mut ledger = Ledger::open(&installation)?;
    // Decide.
    let selected = select(&installation, &mut ledger, &selection, clock::now())?;
    let wanted = arguments.yes || selected.found.is_empty() || agreed(&selected.found);
    // Perform.
    if !wanted {
        selected.absent.iter().for_each(|sentence| screen::error(sentence));
        screen::error("nothing was thrown away");
        return Ok(Ending::No);
    }
    transfer(&installation, &mut ledger, Way::Away, selected)
}

/// Shows what would go, and asks.
fn agreed(found: &[Found]) -> bool {
    let mut list: String = found.iter().take(NAMED).map(|found| format!("{}\n", fitting(&found.line()))).collect();
    if let Some(more @ 1..) = found.len().checked_sub(NAMED) {
        list.push_str(&format!("and {more} more\n"));
    }
    screen::beside(&list);
    let (what, they) = match found.len() {
        1 => ("1 message".to_owned(), "It comes"),
        count => (format!("{count} messages"), "They come"),
    };
    screen::insists(&format!("Throw away {what}? {they} back by `countersign undiscard` for {} days", trash::DAYS))
}

fn fitting(line: &str) -> String {
    screen::width_beside().map_or(line.to_owned(), |width| cut(line, width).trim_end().to_owned())
}
