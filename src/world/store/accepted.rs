//! The machine's time when `maintain` last accepted it, and the messages whose own times no clock can have said.
//!
//! Promises: only `maintain` writes it; a delivery never does. Never touches: which time is believed.

use std::collections::HashMap;

use rusqlite::params;

use super::file::Store;
use super::problem::StoreProblem;
use crate::policy::token::HeldId;

/// What is written down of a message whose time counts from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The message.
    pub held: HeldId,
    /// Whether the time of its arrival is what cannot be.
    pub arrival: bool,
    /// Whether the time of its first listing is.
    pub listing: bool,
}

impl Store {
    /// When `maintain` last accepted the clock, seconds since 1970; none before the first time.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn accepted_at(&self) -> Result<Option<i64>, StoreProblem> {
        let at: i64 = self.messages()?.query_row("SELECT at FROM clock", [], |row| row.get(0))?;
        Ok((at > 0).then_some(at))
    }

    /// Accepts the clock, and lets the time of these messages count from now.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn accept(&mut self, now: i64, recounts: &[Recount]) -> Result<(), StoreProblem> {
        let change = self.change()?;
        change.execute("UPDATE clock SET at = ?1", [now])?;
        {
            let mut arrival = change.prepare("UPDATE held SET counts = ?2 WHERE id = ?1")?;
            let mut listing = change.prepare("UPDATE held SET listed = ?2 WHERE id = ?1 AND listed > 0")?;
            for recount in recounts {
                if recount.arrival {
                    arrival.execute(params![recount.held.number(), now])?;
                }
                if recount.listing {
                    listing.execute(params![recount.held.number(), now])?;
                }
            }
        }
        Ok(change.commit()?)
    }

    /// From when the time of held messages counts, by their number, where it is not their arrival.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn counts(&self) -> Result<HashMap<i64, i64>, StoreProblem> {
        let mut query = self.messages()?.prepare("SELECT id, counts FROM held WHERE state = 1 AND counts > 0")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
