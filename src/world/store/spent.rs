//! Tokens that were used.
//!
//! Promises: a token is spent by one answer, and together with what it allows. Never touches: whether the token is good.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::column::fingerprint;
use super::entry::{entry_of, insert_entry};
use super::file::Store;
use super::problem::StoreProblem;
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::key::KeyId;
use crate::policy::standing::{Answered, Effect, Entry};
use crate::policy::token::HeldId;
use crate::world::clock;

/// What is remembered of a token that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentRow {
    /// When, seconds since 1970.
    pub at: i64,
    /// Of the message that used it.
    pub answer: Option<Fingerprint>,
    /// Whom it confirmed.
    pub answered: Option<Answered>,
}

impl Store {
    /// What is remembered of the token for this message, if it was used.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn spent(&self, held: HeldId) -> Result<Option<SpentRow>, StoreProblem> {
        Ok(spent_of(self.messages()?, held)?)
    }

    /// Remembers that the token for this message was used by that answer, where it allowed nobody.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn spend(&mut self, held: HeldId, answer: Fingerprint, now: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        change.execute(
            "INSERT OR IGNORE INTO spent (held, at, answer) VALUES (?1, ?2, ?3)",
            params![held.number(), now, answer.bytes()],
        )?;
        Ok(change.commit()?)
    }

    /// Writes the entry of a confirmed address and that the token is spent, in one transaction: an answer that is
    /// handed over again finds both or neither. An entry that is there already stays as it is, if under an older key
    /// then rewritten under the new one. Nothing is written, and the answer is `false`, if another message used the
    /// token meanwhile or the user denied the address.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn confirm(
        &mut self,
        key: (KeyId, Fingerprint),
        entry: &Entry,
        older: &[Fingerprint],
        (held, answer): (HeldId, Fingerprint),
    ) -> Result<bool, StoreProblem> {
        let change = self.change_both()?;
        // Others decided without it while it waited for its turn, and it counts for what they held.
        let entry = Entry { added: clock::now().max(entry.added), ..*entry };
        if spent_of(&change, held)?.is_some_and(|row| row.answer != Some(answer)) {
            return Ok(false);
        }
        let mut before = None;
        for known in std::iter::once(&key.1).chain(older) {
            before = before.or(entry_of(&change, known)?);
        }
        if before.is_some_and(|before| before.denies(entry.pin)) {
            return Ok(false);
        }
        // A denial of unproven mail gives way to who has proven himself and answered.
        let before = before.filter(|before| before.effect == Effect::Allow);
        insert_entry(&change, key, Kind::Address, &before.unwrap_or(entry), older)?;
        change.execute(
            "INSERT OR IGNORE INTO spent (held, at, answer, sender, pin) VALUES (?1,?2,?3,?4,?5)",
            params![held.number(), entry.added, answer.bytes(), key.1.bytes(), entry.pin.bits()],
        )?;
        change.commit()?;
        Ok(true)
    }
}

fn spent_of(db: &Connection, held: HeldId) -> rusqlite::Result<Option<SpentRow>> {
    let sql = "SELECT answer, sender, pin, at FROM spent WHERE held = ?1";
    db.query_row(sql, [held.number()], said_by).optional()
}

/// What a row of answer, sender, pin and time says.
pub(super) fn said_by(row: &Row<'_>) -> rusqlite::Result<SpentRow> {
    let pin = row.get::<_, Option<u8>>(2)?.and_then(Proofs::from_bits);
    let sender = fingerprint(row, 1)?;
    let answered = sender.zip(pin).map(|(sender, pin)| Answered { sender, pin });
    Ok(SpentRow { at: row.get(3)?, answer: fingerprint(row, 0)?, answered })
}
