//! What messages look like, so that one text from many senders is noticed.
//!
//! Promises: counts other senders only, and only the last hour. Never touches: the messages.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::file::Store;
use super::problem::StoreProblem;
use crate::policy::standing::{ALIKE_SECONDS, Alike};

impl Store {
    /// Writes down what a message looks like, for [`Store::alike`].
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn note_alike(&mut self, alike: &Alike, now: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        for pair in &alike.pairs {
            change.execute(
                "INSERT OR REPLACE INTO alike (shape, sender, at) VALUES (?1, ?2, ?3)",
                params![pair.bytes(), alike.sender.bytes(), now],
            )?;
        }
        Ok(change.commit()?)
    }

    /// How many other senders wrote a similar message within the last 60 minutes.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn alike(&self, alike: &Alike, now: i64) -> Result<u32, StoreProblem> {
        Ok(alike_of(&self.db, alike, now)?)
    }
}

pub(super) fn alike_of(db: &Connection, alike: &Alike, now: i64) -> rusqlite::Result<u32> {
    let mut shared: HashMap<[u8; 16], usize> = HashMap::new();
    let mut query = db.prepare("SELECT sender FROM alike WHERE shape = ?1 AND sender <> ?2 AND at > ?3")?;
    for pair in &alike.pairs {
        let values = params![pair.bytes(), alike.sender.bytes(), now.saturating_sub(ALIKE_SECONDS)];
        for sender in query.query_map(values, |row| row.get(0))? {
            *shared.entry(sender?).or_default() += 1;
        }
    }
    let count = shared.into_values().filter(|pairs| *pairs >= alike.needed()).count();
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
