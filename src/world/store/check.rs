//! Whether a store is sound.
//!
//! Promises: all of the file is read. Never touches: anything; a store that is not sound stays as it is.

use rusqlite::Connection;

use super::file::Store;
use super::problem::StoreProblem;
use super::schema::{MIGRATIONS, columns, without_comments};

impl Store {
    /// Whether the file is sound and every table is there; reads all of it.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn check(&self) -> Result<(), StoreProblem> {
        let said: String = self.db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        let fresh = Connection::open_in_memory()?;
        for (_, step) in MIGRATIONS {
            fresh.execute_batch(&without_comments(step))?;
        }
        let there = columns(&self.db)?;
        if said != "ok" || !columns(&fresh)?.iter().all(|column| there.contains(column)) {
            return Err(StoreProblem::Corrupt);
        }
        // Values that this program did not write.
        self.rows("", []).map(|_| ())
    }
}
