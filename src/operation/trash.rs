//! The trash: the folder beside the quarantine in which lies for a while what was thrown away, by the user, a denial or a
//! score.
//!
//! Promises: what goes there and what comes back is one atomic move, durable before it is called done; of several processes
//! one has it. Never touches: the bytes of a message, what ends there (`maintain`).

use crate::mail::compose::short_date;
use crate::mail::display::{SHOWN_LIMIT, one_line};
use crate::operation::installation::Installation;
use crate::operation::quarantine::{self, Held};
use crate::operation::trouble::Trouble;
use crate::policy::token::HeldId;
use crate::world::maildir::{Entry, Maildir, Moved};
use crate::world::store::Store;

/// So many days it lies there; the help of `discard` says it too.
pub const DAYS: i64 = 3;
/// The same in seconds.
pub const KEPT: i64 = DAYS * 86_400;

/// The messages of these numbers that lie in the trash, as the store says.
///
/// # Errors
/// When the trash or the store cannot be read.
pub fn find_all(installation: &Installation, store: &Store, ids: &[HeldId]) -> Result<Vec<Held>, Trouble> {
    let mut there = Vec::new();
    for id in ids {
        there.extend(store.trashed_since(*id)?.map(|_| *id));
    }
    let trash = installation.trash();
    if there.is_empty() || !trash.try_exists()? {
        return Ok(Vec::new());
    }
    quarantine::find_all_in(installation, &trash, &there, |id| store.held(id))
}

/// The message of that number in the trash: by the name its row gives, else by reading every block.
///
/// # Errors
/// As [`find_all`].
pub fn find(installation: &Installation, store: Option<&Store>, id: HeldId) -> Result<Option<Held>, Trouble> {
    match store {
        Some(store) => Ok(find_all(installation, store, &[id])?.pop()),
        None => quarantine::first(installation, &installation.trash(), |held| held.id == id),
    }
}

/// Moves held messages into the trash, each for itself; what came of each, in order.
///
/// # Errors
/// There is no trash, and none can be made; nothing is moved then.
pub fn throw_away(installation: &Installation, held: &[&Held]) -> anyhow::Result<Vec<anyhow::Result<Moved>>> {
    Ok(move_all(held, &installation.quarantine(), &installation.ready_trash()?))
}

/// Moves messages from the trash back into the quarantine, as [`throw_away`]. One that lies in both, since a power cut left
/// half of a move, is held already and stays as it is; one that lies in the quarantine alone was brought back by another process.
///
/// # Errors
/// There is no quarantine, and none can be made, or it cannot be read; nothing is moved then.
pub fn bring_back(installation: &Installation, held: &[&Held]) -> Result<Vec<anyhow::Result<Moved>>, Trouble> {
    let (quarantine, trash) = (installation.ready_quarantine()?, installation.trash());
    let mut there = Vec::new();
    for one in held {
        let entry = quarantine.find(&one.message.hex())?;
        let other = match entry.map(|entry| quarantine::read(installation, entry)).transpose() {
            Err(trouble) if quarantine::is_the_files_own(&trouble) => None,
            other => other?.flatten(),
        };
        there.push(other.filter(|other| other.sealed && other.id == one.id).map(|other| other.entry));
    }
    let others: Vec<&Held> =
        held.iter().zip(&there).filter(|(_, there)| there.is_none()).map(|(one, _)| *one).collect();
    let mut moved = move_all(&others, &trash, &quarantine).into_iter();
    let one = |(there, one): (Option<Entry>, &&Held)| match there {
        Some(_) if trash.find(&one.entry.name)?.is_none() => Ok(Moved::AlreadyGone),
        Some(entry) => quarantine.secure(&entry).map(|()| Moved::Done(entry.path)),
        None => moved.next().unwrap_or(Ok(Moved::AlreadyGone)),
    };
    Ok(there.into_iter().zip(held).map(one).collect())
}

fn move_all(held: &[&Held], from: &Maildir, to: &Maildir) -> Vec<anyhow::Result<Moved>> {
    // What a block says whose seal does not hold must not pass for another message.
    let name = |held: &Held| if held.sealed { held.message.hex() } else { held.id.to_string() };
    let names: Vec<String> = held.iter().map(|held| name(held)).collect();
    let entries: Vec<_> = held.iter().zip(&names).map(|(held, name)| (&held.entry, name.as_str())).collect();
    from.move_all(&entries, to)
}

/// Until when a message lies there that was thrown away then, for a person.
#[must_use]
pub fn until(since: i64) -> String {
    format!("{} UTC", short_date(since.saturating_add(KEPT)))
}

/// Who has answered for a message that lies in the trash since a digest last spoke of it: its number, and a whole sentence.
///
/// # Errors
/// When the trash or the store cannot be read.
pub fn answered(installation: &Installation, store: &Store) -> Result<Vec<(HeldId, String)>, Trouble> {
    let rows = store.answered_in_trash()?;
    let ids: Vec<HeldId> = rows.iter().map(|row| row.id).collect();
    let found = find_all(installation, store, &ids)?;
    let said = rows.iter().filter_map(|row| {
        let held = found.iter().find(|held| held.id == row.id && held.sealed)?;
        let who = one_line(&held.block.sender.as_ref()?.to_string(), SHOWN_LIMIT);
        let way = format!("countersign undiscard {}", row.id);
        Some((
            row.id,
            format!(
                "{who} has answered and is allowed from now on; the message lies in the trash until {} and stays there. \
                 To bring it back: {way}.",
                until(row.since)
            ),
        ))
    });
    Ok(said.collect())
}
