//! Held messages that a command moves into the trash, or back: the files first, then what the store says of them.
//!
//! Promises: what is said to be done lies on the disk where it belongs; what could not be written down is said, and is for
//! `maintain` to mend, as after a crash in between. Never touches: which messages.

use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::ledger::Ledger;
use crate::operation::quarantine::TOGETHER;
use crate::operation::screen;
use crate::operation::select::{Found, Selected};
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::maildir::Moved;

/// Which way they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Out of the quarantine into the trash.
    Away,
    /// Out of the trash into the quarantine.
    Back,
}

/// Moves them all, and says of each what came of it. [`Ending::No`] if none was moved, or a number is none of them.
///
/// # Errors
/// When a message cannot be moved; those before it are.
pub fn transfer(installation: &Installation, ledger: &mut Ledger, way: Way, selected: Selected) -> Answer {
    let Selected { found, mut absent } = selected;
    let mut count = 0;
    for chunk in found.chunks(TOGETHER) {
        count += together(installation, ledger, way, chunk, &mut absent)?;
    }
    absent.iter().for_each(|sentence| screen::error(sentence));
    if count == 0 && absent.is_empty() {
        screen::aside(match way {
            Way::Away => "Nothing that is held fits.",
            Way::Back => "Nothing in the trash fits.",
        });
    }
    Ok(if count > 0 && absent.is_empty() { Ending::Done } else { Ending::No })
}

/// How many were moved.
fn together(
    installation: &Installation,
    ledger: &mut Ledger,
    way: Way,
    found: &[Found],
    absent: &mut Vec<String>,
) -> Result<usize, Trouble> {
    let held: Vec<_> = found.iter().map(|found| &found.held).collect();
    let all_moved = match way {
        Way::Away => trash::throw_away(installation, &held)?,
        Way::Back => trash::bring_back(installation, &held)?,
    };
    let (mut there, mut failed) = (Vec::new(), None);
    for (found, moved) in found.iter().zip(all_moved) {
        match (moved, way) {
            (Ok(Moved::Done(_)), _) => there.push(found),
            (Ok(Moved::AlreadyGone), Way::Away) => absent.push(ledger.absence(installation, found.held.id)?),
            (Ok(Moved::AlreadyGone), Way::Back) => absent.push(ledger.absence_in_trash(installation, found.held.id)?),
            (Err(error), _) => drop(failed.get_or_insert(error)),
        }
    }
    let written = note(installation, ledger, way, &there);
    let done = match way {
        Way::Away => "discarded",
        Way::Back => "held again",
    };
    screen::out(&there.iter().map(|found| format!("{done} {}\n", found.line())).collect::<String>())?;
    written?;
    failed.map_or(Ok(there.len()), |error| Err(error.into()))
}

/// Writes down where they lie now.
fn note(installation: &Installation, ledger: &mut Ledger, way: Way, there: &[&Found]) -> Result<(), Trouble> {
    let ids: Vec<HeldId> = there.iter().map(|found| found.held.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let written = ledger.ask(installation, |store| match way {
        Way::Away => Ok(store.throw_away(&ids, clock::now())?),
        Way::Back => Ok(store.bring_back(&ids, clock::now())?),
    });
    written.map(|_| ())
}
