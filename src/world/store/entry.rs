//! The list: who is allowed and who is denied.
//!
//! Promises: one entry a key. Never touches: held messages.

use rusqlite::{Connection, OptionalExtension, Row, Statement, Transaction, params};

use super::column::number_of;
use super::file::Store;
use super::problem::StoreProblem;
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::key::KeyId;
use crate::policy::standing::{Effect, Entry, Origin};

/// The list while it is asked; others can read it meanwhile, and not change it.
pub struct LookUp<'s> {
    query: Statement<'s>,
    // Ends behind the question, without a change.
    _begun: Transaction<'s>,
}

impl LookUp<'_> {
    /// The list entry under this key.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn entry(&mut self, key: &Fingerprint) -> Result<Option<Entry>, StoreProblem> {
        Ok(find(&mut self.query, key)?)
    }
}

impl Store {
    /// The list entry under this key.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn entry(&self, key: &Fingerprint) -> Result<Option<Entry>, StoreProblem> {
        Ok(entry_of(&self.list, key)?)
    }

    /// The list as it is now, for several questions about one message: the file is locked and looked at once.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn look_up(&self) -> Result<LookUp<'_>, StoreProblem> {
        let begun = self.begin()?;
        Ok(LookUp { query: self.list.prepare(FIND)?, _begun: begun })
    }

    /// Writes a list entry, in place of an older one under this key and under `older`.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn put_entry(
        &mut self,
        key: (KeyId, Fingerprint),
        kind: Kind,
        entry: &Entry,
        older: &[Fingerprint],
    ) -> Result<(), StoreProblem> {
        let change = self.change_list()?;
        insert_entry(&change, key, kind, entry, older)?;
        Ok(change.commit()?)
    }

    /// Moves a list entry from an older key to the current one; an entry that is there already wins.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn renew_entry(&mut self, old: &Fingerprint, key: (KeyId, Fingerprint)) -> Result<(), StoreProblem> {
        let change = self.change_list()?;
        let sql = "UPDATE OR IGNORE entry SET key = ?2, kid = ?3 WHERE key = ?1";
        change.execute(sql, params![old.bytes(), key.1.bytes(), key.0.number()])?;
        change.execute("DELETE FROM entry WHERE key = ?1", [old.bytes()])?;
        Ok(change.commit()?)
    }

    /// How many entries allow and deny.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn count_entries(&self) -> Result<(u64, u64), StoreProblem> {
        let count = |effect: Effect| -> rusqlite::Result<u64> {
            let sql = "SELECT count(*) FROM entry WHERE effect = ?1";
            let number: i64 = self.list.query_row(sql, [effect_number(effect)], |row| row.get(0))?;
            Ok(u64::try_from(number).unwrap_or_default())
        };
        Ok((count(Effect::Allow)?, count(Effect::Deny)?))
    }

    /// How many entries came from there since this moment, seconds since 1970.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn count_from(&self, origins: &[Origin], since: i64) -> Result<u64, StoreProblem> {
        let mut query = self.list.prepare("SELECT count(*) FROM entry WHERE origin = ?1 AND added >= ?2")?;
        let mut count = 0;
        for origin in origins {
            let number: i64 = query.query_row(params![origin_number(*origin), since], |row| row.get(0))?;
            count += u64::try_from(number).unwrap_or_default();
        }
        Ok(count)
    }

    /// Takes all of them off the list, and forgets which files were read, so that what was learned by mistake can be learned
    /// anew; how many they were.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn forget_from(&mut self, origins: &[Origin], since: i64) -> Result<u64, StoreProblem> {
        let files = self.change()?;
        files.execute("DELETE FROM read_file", [])?;
        files.commit()?;
        let change = self.change_list()?;
        let mut count = 0;
        for origin in origins {
            let sql = "DELETE FROM entry WHERE origin = ?1 AND added >= ?2";
            count += change.execute(sql, params![origin_number(*origin), since])?;
        }
        change.commit()?;
        Ok(count as u64)
    }

    /// How many allow entries are pinned to a proof.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn count_pinned(&self) -> Result<u64, StoreProblem> {
        let sql = "SELECT count(*) FROM entry WHERE effect = ?1 AND pin <> 0";
        let number: i64 = self.list.query_row(sql, [effect_number(Effect::Allow)], |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or_default())
    }
}

pub(super) fn entry_of(db: &Connection, key: &Fingerprint) -> rusqlite::Result<Option<Entry>> {
    find(&mut db.prepare(FIND)?, key)
}

pub(super) const FIND: &str = "SELECT effect, pin, origin, added FROM entry WHERE key = ?1";

/// The entry under this key, by a query of [`FIND`].
pub(super) fn find(query: &mut Statement<'_>, key: &Fingerprint) -> rusqlite::Result<Option<Entry>> {
    query.query_row([key.bytes()], said_by).optional()
}

/// The entry in a row of effect, pin, origin and time; another program's values are none.
pub(super) fn said_by(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let (effect, pin, origin) = (effect_from(row.get(0)?), Proofs::from_bits(row.get(1)?), origin_from(row.get(2)?));
    let (Some(effect), Some(pin), Some(origin)) = (effect, pin, origin) else {
        return Err(rusqlite::Error::InvalidQuery);
    };
    Ok(Entry { effect, pin, origin, added: row.get(3)? })
}

pub(super) fn insert_entry(
    change: &Transaction<'_>,
    key: (KeyId, Fingerprint),
    kind: Kind,
    entry: &Entry,
    older: &[Fingerprint],
) -> rusqlite::Result<()> {
    for old in older {
        change.execute("DELETE FROM entry WHERE key = ?1", [old.bytes()])?;
    }
    insert(&mut change.prepare(INSERT)?, key, kind_number(kind), entry)
}

pub(super) const INSERT: &str =
    "INSERT OR REPLACE INTO entry (key, kind, effect, pin, origin, kid, added) VALUES (?1,?2,?3,?4,?5,?6,?7)";

/// Writes an entry, by a statement of [`INSERT`].
pub(super) fn insert(
    statement: &mut Statement<'_>,
    key: (KeyId, Fingerprint),
    kind: i64,
    entry: &Entry,
) -> rusqlite::Result<()> {
    statement.execute(params![
        key.1.bytes(),
        kind,
        effect_number(entry.effect),
        entry.pin.bits(),
        origin_number(entry.origin),
        key.0.number(),
        entry.added
    ])?;
    Ok(())
}

const ORIGINS: [(Origin, i64); 10] = [
    (Origin::Manual, 1),
    (Origin::Confirmed, 2),
    (Origin::Released, 3),
    (Origin::Sent, 4),
    (Origin::Replied, 5),
    (Origin::Contact, 6),
    (Origin::Imported, 7),
    (Origin::Proposed, 8),
    (Origin::Subscribed, 9),
    (Origin::Any, 10),
];

const EFFECTS: [(Effect, i64); 2] = [(Effect::Allow, 1), (Effect::Deny, 2)];

pub(super) fn origin_number(origin: Origin) -> i64 {
    number_of(&ORIGINS, &origin)
}

fn origin_from(number: i64) -> Option<Origin> {
    ORIGINS.iter().find(|(_, known)| *known == number).map(|(origin, _)| *origin)
}

pub(super) fn effect_number(effect: Effect) -> i64 {
    number_of(&EFFECTS, &effect)
}

fn effect_from(number: i64) -> Option<Effect> {
    EFFECTS.iter().find(|(_, known)| *known == number).map(|(effect, _)| *effect)
}

pub(super) fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Domain => 2,
        Kind::List => 3,
        Kind::Subdomains => 4,
        _ => 1,
    }
}
