//! What the store forgets.
//!
//! Promises: never a message that is held or lies in the trash for its days, and never that its token was used. Never touches: the list.

use super::file::Store;
use super::problem::StoreProblem;

/// What [`Store::prune`] forgets: rows from before these moments, and those from after the last.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of what messages look like.
    pub alike: i64,
    /// Of decisions, and of messages that are no longer held.
    pub rows: i64,
    /// Of challenges: no address may be asked again because its row is gone.
    pub challenges: i64,
    /// Of spent tokens: longer than any of them lives.
    pub spent: i64,
    /// Of what the user sent: longer than any answer to it is known by its Message-ID.
    pub sent: i64,
    /// Nothing was written after this moment but by a clock that was wrong.
    pub ahead: i64,
}

impl Store {
    /// Forgets what is no longer needed: decisions, spent tokens, challenges, and rows of messages that are no longer
    /// held; and what a clock wrote that was wrong. How many rows went.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn prune(&mut self, limits: Limits) -> Result<usize, StoreProblem> {
        let change = self.change()?;
        let rows = [limits.rows, limits.ahead];
        let mut count = change.execute("DELETE FROM decision WHERE at < ?1 OR at > ?2", rows)?;
        let challenges = [limits.challenges, limits.ahead];
        count += change.execute("DELETE FROM challenge WHERE at < ?1 OR at > ?2", challenges)?;
        // A token counts as long as its message is held or in the trash, however long that is, and must never count again.
        let sql = "DELETE FROM spent WHERE at < ?1 AND held NOT IN \
                   (SELECT id FROM held WHERE state = 1 OR state = 3 AND counts > 0)";
        count += change.execute(sql, [limits.spent])?;
        count += change.execute("DELETE FROM alike WHERE at <= ?1 OR at > ?2", [limits.alike, limits.ahead])?;
        // What lies in the trash is as young as its throwing away.
        let sql =
            "DELETE FROM held WHERE state <> 1 AND received < ?1 AND NOT (state = 3 AND counts BETWEEN ?1 AND ?2)";
        count += change.execute(sql, rows)?;
        count += change.execute("DELETE FROM sent WHERE at < ?1", [limits.sent])?;
        count += change.execute("DELETE FROM proven WHERE at < ?1 OR at > ?2", [limits.sent, limits.ahead])?;
        change.commit()?;
        Ok(count)
    }
}
