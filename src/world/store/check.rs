//! Whether a store is sound.
//!
//! Promises: all of the file is read. Never touches: anything; a store that is not sound stays as it is.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::bounds::{PATIENCE, VERSION};
use super::file::{Store, StoreFile, open_messages};
use super::held::each_row_of;
use super::problem::StoreProblem;
use super::schema::{File, columns, migrate};
use super::{entry, spent};

impl Store {
    /// Whether a file of the store is sound and every table is there; reads all of it.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn check(path: &Path, file: StoreFile) -> Result<(), StoreProblem> {
        Store::check_once(path, file).map_err(|problem| Store::examined(path, problem))
    }

    /// Which file it is that cannot be used, when one cannot.
    #[must_use]
    pub fn file_at_fault(path: &Path) -> StoreFile {
        if Store::check_once(path, StoreFile::List).is_err() { StoreFile::List } else { StoreFile::Messages }
    }

    /// The same, believing the first answer.
    pub(super) fn check_once(path: &Path, file: StoreFile) -> Result<(), StoreProblem> {
        let db = match file {
            StoreFile::List => {
                let store = Store::open_unseen(path)?;
                drop(store.begin()?);
                store.list
            }
            StoreFile::Messages => open_messages(path, PATIENCE)?,
        };
        let mut fresh = Connection::open_in_memory()?;
        fresh.execute_batch("ATTACH ':memory:' AS list")?;
        migrate(&mut fresh, VERSION)?;
        let wanted = match file {
            StoreFile::List => columns(&fresh, File::List)?,
            StoreFile::Messages => columns(&fresh, File::Main)?,
        };
        // The list has no index that could differ from its table, and may be large.
        let check = match file {
            StoreFile::List => "PRAGMA quick_check(1)",
            StoreFile::Messages => "PRAGMA integrity_check(1)",
        };
        let said: String = db.query_row(check, [], |row| row.get(0))?;
        let there = columns(&db, File::Main)?;
        if said != "ok" || !wanted.iter().all(|column| there.contains(column)) {
            return Err(StoreProblem::Corrupt);
        }
        // Values that this program did not write.
        match file {
            StoreFile::List => check_rows(&db, "SELECT DISTINCT effect, pin, origin, 0 FROM entry", entry::said_by),
            StoreFile::Messages => {
                check_rows(&db, "SELECT answer, sender, pin, at FROM spent", spent::said_by)?;
                each_row_of(&db, "", [], |_| ())
            }
        }
    }
}

/// Whether every row says something.
fn check_rows<T>(db: &Connection, sql: &str, said_by: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<(), StoreProblem> {
    let mut query = db.prepare(sql)?;
    for row in query.query_map([], said_by)? {
        row?;
    }
    Ok(())
}
