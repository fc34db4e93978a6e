//! What became of messages that are not held.
//!
//! Promises: a message is found by its Message-ID and by its author. Never touches: addresses.

use rusqlite::params;

use super::column::{fingerprint, number_of};
use super::file::Store;
use super::problem::StoreProblem;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::reason::Reason;
use crate::policy::verdict::Verdict;

/// What became of a message that is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// When, seconds since 1970.
    pub at: i64,
    /// Of its Message-ID.
    pub message_id: Option<Fingerprint>,
    /// Of its author.
    pub sender: Option<Fingerprint>,
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

impl Store {
    /// Writes down what became of a message that is not held.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn record_decision(&mut self, row: &DecisionRow, number: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        change.execute(
            "INSERT OR REPLACE INTO decision (at, number, message_id, sender, verdict, reason) VALUES (?1,?2,?3,?4,?5,?6)",
            params![
                row.at,
                number,
                row.message_id.as_ref().map(Fingerprint::bytes),
                row.sender.as_ref().map(Fingerprint::bytes),
                verdict_number(row.verdict),
                row.reason.number()
            ],
        )?;
        Ok(change.commit()?)
    }

    /// Every decision about one Message-ID or author.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn decisions(&self, key: &Fingerprint) -> Result<Vec<DecisionRow>, StoreProblem> {
        let sql = "SELECT at, message_id, sender, verdict, reason FROM decision \
                   WHERE message_id = ?1 OR sender = ?1 ORDER BY at, number";
        let mut query = self.messages()?.prepare(sql)?;
        let rows = query.query_map([key.bytes()], |row| {
            Ok((row.get(0)?, fingerprint(row, 1)?, fingerprint(row, 2)?, row.get::<_, i64>(3)?, row.get::<_, u16>(4)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (at, message_id, sender, verdict, reason) = row?;
            let verdict = verdict_from(verdict).ok_or(StoreProblem::Corrupt)?;
            let reason = Reason::from_number(reason).ok_or(StoreProblem::Corrupt)?;
            found.push(DecisionRow { at, message_id, sender, verdict, reason });
        }
        Ok(found)
    }
}

const VERDICTS: [(Verdict, i64); 4] =
    [(Verdict::Pass, 1), (Verdict::Hold, 2), (Verdict::Challenge, 3), (Verdict::Discard, 4)];

fn verdict_number(verdict: Verdict) -> i64 {
    number_of(&VERDICTS, &verdict)
}

fn verdict_from(number: i64) -> Option<Verdict> {
    VERDICTS.iter().find(|(_, known)| *known == number).map(|(verdict, _)| *verdict)
}
