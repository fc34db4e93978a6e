//! A store made anew from what the messages in quarantine and trash say about themselves.
//!
//! Promises: what was damaged is kept beside the new file; nobody is asked twice. Never touches: the messages.

use std::collections::HashSet;

use crate::exit::Ending;
use crate::facts::Facts;
use crate::operation::hold::held_row;
use crate::operation::installation::Installation;
use crate::operation::quarantine::{self, Held, TOGETHER};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::verdict::Verdict;
use crate::report;
use crate::world::maildir::Maildir;
use crate::world::store::{Asked, HeldRow, Store, StoreFile, StoreProblem};

/// New files for those of the store that are damaged. Messages and challenges are written down from what the quarantine
/// says about itself. The list of allowed senders is not in there: where it is damaged it begins anew. What was damaged,
/// however badly, is kept beside the new file.
pub(super) fn rebuild(installation: &Installation, now: i64) -> Answer {
    // Gather.
    let path = &installation.config.paths.store;
    let mut damaged = Vec::new();
    for file in [StoreFile::List, StoreFile::Messages] {
        match Store::check(path, file) {
            Ok(()) => {}
            Err(problem @ (StoreProblem::Busy | StoreProblem::Machine(_))) => return Err(problem.into()),
            Err(_) => damaged.push(file),
        }
    }
    // Decide.
    if damaged.is_empty() {
        return Err(Trouble::usage("the store is sound; nothing is to be rebuilt".into()));
    }
    // Perform.
    let mut said = String::new();
    for file in &damaged {
        let kept = Store::set_aside(path, *file, now)?;
        said.extend(kept.map(|kept| format!("The old file is kept as {}.\n", kept.display())));
    }
    Store::create(path)?;
    if damaged.contains(&StoreFile::List) {
        said.insert_str(
            0,
            "The list of allowed and denied senders was in the old file: restore it from a backup, or allow people \
             again.\n",
        );
    }
    if damaged.contains(&StoreFile::Messages) {
        let (count, thrown_away) = write_down(installation, now)?;
        let also = match thrown_away {
            0 => String::new(),
            count => format!(", and {count} that lie in the trash"),
        };
        said.insert_str(0, &format!("{count} held messages are in the new store{also}.\n"));
    }
    screen::out(&said)?;
    Ok(Ending::Done)
}

/// Makes a row of every message that is held or lies in the trash, where its time begins anew; how many of each there are.
fn write_down(installation: &Installation, now: i64) -> Result<(usize, usize), Trouble> {
    let mut store = installation.store()?;
    let mut seen = HashSet::new();
    let mut take = |rows: &[HeldRow]| store.record_all(rows);
    write_down_folder(installation, &installation.quarantine(), &mut seen, &mut take)?;
    let held = seen.len();
    let mut take = |rows: &[HeldRow]| store.record_thrown_away(rows, now);
    write_down_folder(installation, &installation.trash(), &mut seen, &mut take)?;
    Ok((held, seen.len() - held))
}

/// The same of one folder; what is among the `seen` has its row.
fn write_down_folder(
    installation: &Installation,
    folder: &Maildir,
    seen: &mut HashSet<i64>,
    take: &mut dyn FnMut(&[HeldRow]) -> Result<(), StoreProblem>,
) -> Result<(), Trouble> {
    let mut rows = Vec::new();
    for message in quarantine::each_in(installation, folder)? {
        let message = match message {
            Err(trouble) if quarantine::is_the_files_own(&trouble) => {
                screen::error(&report::chain(&trouble.error));
                continue;
            }
            message => message?,
        };
        let Some(row) = row_of(installation, &message)? else { continue };
        if !seen.insert(message.id.number()) {
            continue;
        }
        // Nobody knows any more who was asked; that nobody is asked twice matters more than that somebody is.
        let asked = if message.block.verdict == Verdict::Challenge { Asked::Unknown } else { Asked::No };
        rows.push(HeldRow { asked, ..row });
        if rows.len() == TOGETHER {
            take(&rows)?;
            rows.clear();
        }
    }
    Ok(take(&rows)?)
}

/// The row of a message, from its header block alone.
pub(super) fn row_of(installation: &Installation, message: &Held) -> Result<Option<HeldRow>, Trouble> {
    let Some(head) = quarantine::original(message, 0)? else { return Ok(None) };
    let facts = Facts::read(&head, &Caller::default(), &installation.config.policy.trust);
    Ok(Some(sealed_row(installation, &facts, message)))
}

/// The row of a message as its sealed block has it: what was proven then, not what the trust of today makes of it. Without
/// its seal it proves nothing.
pub(super) fn sealed_row(installation: &Installation, facts: &Facts, message: &Held) -> HeldRow {
    let block = &message.block;
    let row = held_row(installation, facts, block.reason, message.id, message.message, block.received);
    HeldRow { proofs: if message.sealed { block.proofs } else { Proofs::NONE }, ..row }
}
