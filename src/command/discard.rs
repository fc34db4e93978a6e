//! `discard`: held messages thrown away, because the user said so. For a while they lie in the trash.
//!
//! Promises: nothing without a yes, at the terminal or on the command line; only what the command line names; what is said to be
//! thrown away lies in the trash on the disk; a message that another process releases at the same moment is either released
//! or thrown away. Never touches: the list.

use crate::cli::DiscardArguments;
use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::ledger::Ledger;
use crate::operation::quarantine::TOGETHER;
use crate::operation::screen;
use crate::operation::select::{Found, Selection, select};
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::maildir::Moved;

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
    let going = if wanted { selected.found.as_slice() } else { &[] };
    // Perform.
    let mut absent = selected.absent;
    let mut count = 0;
    for chunk in going.chunks(TOGETHER) {
        count += throw_away(&installation, &mut ledger, chunk, &mut absent)?;
    }
    for sentence in &absent {
        screen::error(sentence);
    }
    if !wanted {
        screen::error("nothing was thrown away");
    } else if count == 0 && absent.is_empty() {
        screen::aside("Nothing that is held fits.");
    }
    Ok(if count > 0 && absent.is_empty() { Ending::Done } else { Ending::No })
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
    screen::insists(&format!("Throw away {what}? {they} back by `countersign undiscard` for 3 days"))
}

fn fitting(line: &str) -> String {
    screen::width_beside().map_or(line.to_owned(), |width| screen::column(line, width).trim_end().to_owned())
}

/// The files first, then what the store says of them: after a crash in between `maintain` finds them in the trash. How many
/// were thrown away.
fn throw_away(
    installation: &Installation,
    ledger: &mut Ledger,
    found: &[Found],
    absent: &mut Vec<String>,
) -> Result<usize, Trouble> {
    let held: Vec<_> = found.iter().map(|found| &found.held).collect();
    let (mut gone, mut failed) = (Vec::new(), None);
    for (found, moved) in found.iter().zip(trash::throw_away(installation, &held)?) {
        match moved {
            Ok(Moved::Done(_)) => gone.push(found),
            Ok(Moved::AlreadyGone) => absent.push(ledger.absence(installation, found.held.id)?),
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    let ids: Vec<HeldId> = gone.iter().map(|found| found.held.id).collect();
    // What could not be written down is for `maintain` to mend, and said behind what was done.
    let written = match ids.is_empty() {
        true => Ok(None),
        false => ledger.ask(installation, |store| Ok(store.throw_away(&ids, clock::now())?)),
    };
    screen::out(&gone.iter().map(|found| format!("discarded {}\n", found.line())).collect::<String>())?;
    written?;
    failed.map_or(Ok(gone.len()), |error| Err(error.into()))
}
