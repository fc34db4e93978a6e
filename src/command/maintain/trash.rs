//! What `maintain` does in the trash: what lay there for its three days ends, and store and files are brought together.
//!
//! Promises: nothing ends by a clock that is not believed, nothing without a block of ours and a row that says that it was
//! thrown away, and nothing that was touched since it was looked at; in doubt its time begins anew. Never touches: what is held.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::believed::Clock;
use super::rebuild::row_of;
use crate::operation::installation::Installation;
use crate::operation::quarantine::{self, Held, TOGETHER};
use crate::operation::screen;
use crate::operation::trash::KEPT;
use crate::operation::trouble::Trouble;
use crate::policy::token::HeldId;
use crate::report::{self, Level};
use crate::world::maildir::{Entry, Status};
use crate::world::store::{HeldRow, State, Store, Trashed};

/// One thing to do.
#[derive(Clone, Debug)]
enum Chore {
    /// Somebody else took the file away.
    Emptied(Trashed),
    /// Its three days are over. With its file, as it was seen.
    End(Trashed, Entry, Status),
    /// The file lies there, and its row says something else, or a time that no clock can have said.
    Note(HeldId, Entry),
    /// A file without a row.
    Record(Box<Held>),
}

/// What was found in the trash.
pub(super) struct InTrash {
    chores: Vec<Chore>,
    /// What lies there and is held by its row.
    doubtful: HashMap<i64, Entry>,
}

impl InTrash {
    /// Looks at every message in the trash.
    pub(super) fn look(
        installation: &Installation,
        store: &Store,
        (now, clock): (i64, &Clock),
    ) -> Result<InTrash, Trouble> {
        let rows = store.all_trashed()?;
        let mut found = InTrash { chores: Vec::new(), doubtful: HashMap::new() };
        let (mut seen, mut hidden) = (HashSet::new(), false);
        for read in quarantine::each_or_file(installation, &installation.trash())? {
            let held = match read {
                Ok(held) => held,
                // `held --trash` names it.
                Err((Some(_), trouble)) if quarantine::is_the_files_own(&trouble) => {
                    hidden = true;
                    continue;
                }
                Err((_, trouble)) => return Err(trouble),
            };
            seen.insert(held.id.number());
            if let Ok(at) = rows.binary_search_by_key(&held.id.number(), |row| row.id.number()) {
                found.chores.extend(due(rows[at], held, (now, clock))?);
                continue;
            }
            match store.held(held.id)? {
                Some(row) if row.state == State::Held => drop(found.doubtful.insert(held.id.number(), held.entry)),
                Some(_) => found.chores.push(Chore::Note(held.id, held.entry)),
                // Without its seal nothing says that it was ever ours.
                None if held.sealed => found.chores.push(Chore::Record(Box::new(held))),
                None => {}
            }
        }
        // A file that cannot be read may be any of them.
        let gone = rows.into_iter().filter(|row| !hidden && !seen.contains(&row.id.number()));
        found.chores.extend(gone.map(Chore::Emptied));
        Ok(found)
    }

    /// Whether a message whose file is not in the quarantine lies here: whoever threw it away died before that was written down.
    pub(super) fn takes(&mut self, id: HeldId) -> bool {
        let file = self.doubtful.remove(&id.number());
        let here = file.is_some();
        self.chores.extend(file.map(|file| Chore::Note(id, file)));
        here
    }

    /// What would be done, a line each.
    pub(super) fn said(&self) -> impl Iterator<Item = String> {
        self.chores.iter().map(|chore| format!("{chore}\n"))
    }

    /// Does it all; whether all could be done.
    pub(super) fn perform(&self, installation: &Installation, store: &mut Store, now: i64) -> bool {
        let mut good = true;
        for chores in self.chores.chunks(TOGETHER) {
            if let Err(trouble) = perform_together(installation, store, chores, now) {
                let said = format!("cannot tidy the trash: {}", report::chain(&trouble.error));
                report::note(Level::Error, &format!("maintain: {said}"));
                screen::error(&said);
                good = false;
            }
        }
        good
    }
}

/// What is due of a message that lies where its row says.
fn due(row: Trashed, held: Held, (now, clock): (i64, &Clock)) -> Result<Option<Chore>, Trouble> {
    if !clock.is_believed() {
        return Ok(None);
    }
    if !clock.can_have_said(row.since) {
        return Ok(Some(Chore::Note(row.id, held.entry)));
    }
    let is_over = now.saturating_sub(row.since) > KEPT;
    let status = if is_over { held.entry.status()? } else { None };
    Ok(status.map(|status| Chore::End(row, held.entry, status)))
}

/// What the store says comes first: after a crash in between a file lies there of which it says nothing, and the time of that
/// begins anew.
fn perform_together(installation: &Installation, store: &mut Store, chores: &[Chore], now: i64) -> Result<(), Trouble> {
    let (mut notes, mut rows, mut gone, mut ends): (Vec<_>, Vec<HeldRow>, Vec<_>, Vec<_>) = Default::default();
    for chore in chores {
        match chore {
            Chore::Emptied(row) => gone.push(*row),
            Chore::End(row, entry, seen) => ends.push((*row, entry, *seen)),
            // Another process may have brought it back since the listing.
            Chore::Note(id, entry) => notes.extend(entry.status()?.map(|_| *id)),
            Chore::Record(held) => rows.extend(row_of(installation, held)?),
        }
    }
    if !notes.is_empty() {
        store.found_in_trash(&notes, now)?;
    }
    if !rows.is_empty() {
        store.record_thrown_away(&rows, now)?;
    }
    if !gone.is_empty() {
        store.end_trashed(&gone)?;
    }
    if ends.is_empty() {
        return Ok(());
    }
    let ended: HashSet<i64> = {
        let rows: Vec<Trashed> = ends.iter().map(|(row, ..)| *row).collect();
        store.end_trashed(&rows)?.iter().map(|id| id.number()).collect()
    };
    ends.retain(|(row, ..)| ended.contains(&row.id.number()));
    let files: Vec<_> = ends.into_iter().map(|(_, entry, seen)| (entry, seen)).collect();
    for removed in installation.trash().remove_as_seen(&files) {
        removed?;
    }
    Ok(())
}

impl fmt::Display for Chore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chore::Emptied(row) => write!(out, "note that {} is gone from the trash", row.id),
            Chore::End(row, ..) => write!(out, "throw {} away for good: its days in the trash are over", row.id),
            Chore::Note(id, _) => write!(out, "note that {id} lies in the trash; its days begin now"),
            Chore::Record(held) => write!(out, "write down {}, which lies in the trash without a row", held.id),
        }
    }
}
