//! Many changes of the list at once.
//!
//! Promises: all of them are known before the first is made, so a mistake in them changes nothing; they are made in the
//! order of their keys, at most [`SLICE`] in one transaction, so that whoever delivers meanwhile waits for one and not for
//! all; memory does not grow with their number. Never touches: where they come from, addresses.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::entry::{FIND, INSERT, find, insert, kind_number};
use super::file::Store;
use super::problem::StoreProblem;
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::key::KeyId;
use crate::policy::standing::{Effect, Entry};

/// Most changes in one transaction; up to so many are made wholly or not at all. In a list of ten million entries each of
/// them is on another page, and all are written within half a second.
pub const SLICE: usize = 5_000;
/// How long others may begin theirs between two transactions.
const PAUSE: Duration = Duration::from_millis(5);

/// One change of the list.
#[derive(Clone, Debug)]
pub struct Change {
    /// Under the current key.
    pub key: Fingerprint,
    /// Under the keys before it.
    pub older: Vec<Fingerprint>,
    /// What it is the key of.
    pub kind: Kind,
    /// The proofs that its entry demands.
    pub pin: Proofs,
}

/// What is done about each change.
#[derive(Clone, Copy, Debug)]
pub enum Put {
    /// This entry is written, in place of what is there.
    Entry(Entry),
    /// This entry is written; where an allow entry is there that demands a proof, it goes on demanding it.
    KeepingDemand(Entry),
    /// This entry is written where nothing is there.
    IfNew(Entry),
    /// What is there is taken off the list.
    Nothing,
}

impl Put {
    fn entry(self, pin: Proofs, before: Option<Entry>) -> Option<Entry> {
        let demand = before.filter(|before| before.effect == Effect::Allow).map(|before| before.pin);
        match self {
            Put::Entry(entry) => Some(Entry { pin, ..entry }),
            Put::KeepingDemand(entry) => {
                Some(Entry { pin: demand.filter(|pin| !pin.is_empty()).unwrap_or(pin), ..entry })
            }
            Put::IfNew(entry) => Some(before.unwrap_or(Entry { pin, ..entry })),
            Put::Nothing => None,
        }
    }
}

impl Store {
    /// Writes a list entry for each of these, or takes what is there off the list. `told` learns the number
    /// of each change, counted from 0, and what it took the place of; they do not come in the order of their numbers.
    ///
    /// # Errors
    /// What the changes say: then nothing is changed. [`StoreProblem`]: then changes of whole transactions may have been made,
    /// of [`SLICE`] each.
    pub fn change_entries<E: From<StoreProblem>>(
        &mut self,
        id: KeyId,
        put: Put,
        changes: impl Iterator<Item = Result<Change, E>>,
        mut told: impl FnMut(u64, Option<Entry>),
    ) -> Result<(), E> {
        let mut waiting = Waiting::default();
        for change in changes {
            waiting.add(change?)?;
        }
        Ok(waiting.each_slice(&mut |slice| self.change_slice(id, put, slice, &mut told))?)
    }

    /// The keys under which mailboxes want no challenge any more.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn opted_out(&self) -> Result<HashSet<Fingerprint>, StoreProblem> {
        let mut query = self.messages()?.prepare("SELECT key FROM opted_out")?;
        let keys = query.query_map([], |row| Ok(Fingerprint::from_bytes(&row.get::<_, [u8; 16]>(0)?)))?;
        keys.filter_map(Result::transpose).collect::<Result<_, _>>().map_err(StoreProblem::from)
    }

    fn change_slice(
        &mut self,
        id: KeyId,
        put: Put,
        slice: &[Numbered],
        told: &mut dyn FnMut(u64, Option<Entry>),
    ) -> Result<(), StoreProblem> {
        let change = self.change_list()?;
        {
            let mut found = change.prepare(FIND)?;
            let mut inserted = change.prepare(INSERT)?;
            let mut deleted = change.prepare("DELETE FROM entry WHERE key = ?1")?;
            for Numbered { number, key, older, kind, pin } in slice {
                let mut before = find(&mut found, key)?;
                for old in older {
                    before = before.or(find(&mut found, old)?);
                    deleted.execute([old.bytes()])?;
                }
                match put.entry(*pin, before) {
                    Some(entry) => insert(&mut inserted, (id, *key), *kind, &entry)?,
                    None => drop(deleted.execute([key.bytes()])?),
                }
                told(*number, before);
            }
        }
        Ok(change.commit()?)
    }
}

/// A change as it waits.
struct Numbered {
    number: u64,
    key: Fingerprint,
    older: Vec<Fingerprint>,
    /// As the store writes it.
    kind: i64,
    pin: Proofs,
}

/// The changes before the first one is made: some in memory; with more of them, all in a file without a name, which ends
/// with this.
#[derive(Default)]
struct Waiting {
    count: u64,
    some: Vec<Numbered>,
    all: Option<Connection>,
}

impl Waiting {
    fn add(&mut self, change: Change) -> Result<(), StoreProblem> {
        if self.some.len() >= SLICE {
            self.put_away()?;
        }
        let Change { key, older, kind, pin } = change;
        self.some.push(Numbered { number: self.count, key, older, kind: kind_number(kind), pin });
        self.count += 1;
        Ok(())
    }

    fn put_away(&mut self) -> Result<(), StoreProblem> {
        let db = match self.all.take() {
            Some(db) => db,
            None => {
                let db = Connection::open("")?;
                db.execute_batch(
                    "PRAGMA temp_store=FILE; PRAGMA journal_mode=OFF;
                     CREATE TABLE change (number INTEGER, key BLOB, older BLOB, kind INTEGER, pin INTEGER); BEGIN",
                )?;
                db
            }
        };
        {
            let mut query = db.prepare("INSERT INTO change VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for Numbered { number, key, older, kind, pin } in self.some.drain(..) {
                let older: Vec<u8> = older.iter().flat_map(Fingerprint::bytes).copied().collect();
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                query.execute(params![number, key.bytes(), older, kind, pin.bits()])?;
            }
        }
        self.all = Some(db);
        Ok(())
    }

    /// Hands them out in the order of their keys, and of their numbers where one comes twice.
    fn each_slice(mut self, take: &mut dyn FnMut(&[Numbered]) -> Result<(), StoreProblem>) -> Result<(), StoreProblem> {
        if self.all.is_none() {
            self.some.sort_by_key(|change| (change.key, change.number));
            return take(&self.some);
        }
        self.put_away()?;
        let Some(db) = self.all else { return Ok(()) };
        let mut query = db.prepare("SELECT number, key, older, kind, pin FROM change ORDER BY key, number")?;
        let mut rows = query.query([])?;
        let mut slice = Vec::with_capacity(SLICE);
        while let Some(row) = rows.next()? {
            slice.push(numbered(row)?);
            if slice.len() == SLICE {
                take(&slice)?;
                slice.clear();
                std::thread::sleep(PAUSE);
            }
        }
        take(&slice)
    }
}

fn numbered(row: &Row<'_>) -> rusqlite::Result<Numbered> {
    let older: Vec<u8> = row.get(2)?;
    Ok(Numbered {
        number: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
        key: Fingerprint::from_bytes(&row.get::<_, [u8; 16]>(1)?).ok_or(rusqlite::Error::InvalidQuery)?,
        older: older.chunks(16).filter_map(Fingerprint::from_bytes).collect(),
        kind: row.get(3)?,
        pin: Proofs::from_bits(row.get(4)?).ok_or(rusqlite::Error::InvalidQuery)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::{of, store};
    use super::*;
    use crate::policy::standing::Origin;

    const ENTRY: Entry = Entry { effect: Effect::Allow, pin: Proofs::NONE, origin: Origin::Manual, added: 7 };

    fn change(name: &str) -> Change {
        Change { key: of(name), older: vec![of(&format!("{name} of old"))], kind: Kind::Address, pin: Proofs::DKIM }
    }

    /// Makes the changes and gives what each took the place of.
    fn made(store: &mut Store, put: Put, names: &[String]) -> Vec<Option<Entry>> {
        let mut before = vec![None; names.len()];
        let mut count = 0;
        let changes = names.iter().map(|name| Ok::<_, StoreProblem>(change(name)));
        store
            .change_entries(KeyId::FIRST, put, changes, |number, old| {
                before[usize::try_from(number).unwrap()] = old;
                count += 1;
            })
            .unwrap();
        assert_eq!(count, names.len());
        before
    }

    #[test]
    fn many_are_written_and_taken_off_like_one() {
        for count in [0, 1, 3, SLICE, SLICE + 1, 2 * SLICE + 7] {
            let (_folder, mut store) = store();
            let denied = Entry { effect: Effect::Deny, ..ENTRY };
            store.put_entry((KeyId::FIRST, of("1 of old")), Kind::Address, &denied, &[]).unwrap();
            let mut names: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            names.extend((count > 1).then(|| "0".to_owned()));
            let before = made(&mut store, Put::Entry(ENTRY), &names);
            let pinned = Entry { pin: Proofs::DKIM, ..ENTRY };
            for (number, old) in before.iter().enumerate() {
                // The second is found under its older key, the last came twice.
                let wanted = if number == 1 { Some(denied) } else { Some(pinned).filter(|_| number == count) };
                assert_eq!(*old, wanted, "{number} of {count}");
                assert_eq!(store.entry(&of(&names[number])).unwrap(), Some(pinned));
            }
            let there = u64::try_from(count).unwrap();
            assert_eq!(store.count_entries().unwrap(), (there, u64::from(count < 2)));
            let before = made(&mut store, Put::Nothing, &names);
            assert_eq!(before.iter().flatten().count(), count);
            assert_eq!(store.count_entries().unwrap().0, 0);
        }
    }

    #[test]
    fn a_demand_for_proof_is_kept_unless_it_is_taken_off_expressly() {
        let pinned = Some(Entry { pin: Proofs::DKIM, ..ENTRY });
        let denied = Some(Entry { effect: Effect::Deny, ..ENTRY });
        for (put, pin, before, after) in [
            (Put::KeepingDemand(ENTRY), Proofs::NONE, pinned, Proofs::DKIM),
            (Put::KeepingDemand(ENTRY), Proofs::AUTHOR, pinned, Proofs::DKIM),
            (Put::KeepingDemand(ENTRY), Proofs::AUTHOR, Some(ENTRY), Proofs::AUTHOR),
            (Put::KeepingDemand(ENTRY), Proofs::NONE, denied, Proofs::NONE),
            (Put::KeepingDemand(ENTRY), Proofs::NONE, None, Proofs::NONE),
            (Put::Entry(ENTRY), Proofs::NONE, pinned, Proofs::NONE),
            (Put::IfNew(ENTRY), Proofs::AUTHOR, pinned, Proofs::DKIM),
            (Put::IfNew(ENTRY), Proofs::AUTHOR, None, Proofs::AUTHOR),
        ] {
            assert_eq!(put.entry(pin, before).map(|entry| entry.pin), Some(after), "{put:?} {before:?}");
        }
    }

    #[test]
    fn a_mistake_in_the_last_one_changes_nothing() {
        for count in [2, 2 * SLICE] {
            let (_folder, mut store) = store();
            let changes = (0..count).map(|number| {
                if number + 1 < count { Ok(change(&number.to_string())) } else { Err(StoreProblem::Missing) }
            });
            let problem = store.change_entries(KeyId::FIRST, Put::Entry(ENTRY), changes, |_, _| {});
            assert!(matches!(problem, Err(StoreProblem::Missing)));
            assert_eq!(store.count_entries().unwrap(), (0, 0));
        }
    }

    #[test]
    fn who_wants_no_challenge_is_known_by_the_key() {
        let (_folder, mut store) = store();
        assert!(store.opted_out().unwrap().is_empty());
        store.opt_out(&of("bob"), 7, false).unwrap();
        assert_eq!(store.opted_out().unwrap(), HashSet::from([of("bob")]));
    }
}
