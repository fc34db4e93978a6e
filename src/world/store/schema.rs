//! The tables of the store, and the steps that lead to them.
//!
//! Promises: every store ends in the same schema, whatever version it began with; a step is taken wholly or not at all.
//! Never touches: what is in the tables.

use rusqlite::{Connection, TransactionBehavior};

use super::bounds::LIST_VERSION;
use super::problem::StoreProblem;

/// Every step from an empty file to that schema. A new store takes all of them, an older one those it lacks, so both
/// end in the same schema. A step that was released is never changed.
pub(super) const MIGRATIONS: [(i64, &str); 7] = [
    (1, include_str!("schema.sql")),
    (2, include_str!("schema-2.sql")),
    (3, include_str!("schema-3.sql")),
    (4, include_str!("schema-4.sql")),
    (5, include_str!("schema-5.sql")),
    (6, include_str!("schema-6.sql")),
    (7, include_str!("schema-7.sql")),
];

/// The one step from an empty file to the list.
pub(super) const LIST: &str = include_str!("schema-list.sql");

/// One of the two files, as a connection that has both of them calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Main,
    List,
}

impl File {
    fn name(self) -> &'static str {
        match self {
            File::Main => "main",
            File::List => "list",
        }
    }
}

/// The version that stands in a file; 0 in an empty one.
pub(super) fn version(db: &Connection, file: File) -> rusqlite::Result<i64> {
    db.pragma_query_value(Some(file.name()), "user_version", |row| row.get(0))
}

/// SQLite keeps the text of every table and reads it at each start: the comments are for people, who have the file.
pub(super) fn without_comments(sql: &str) -> String {
    sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim()).collect::<Vec<_>>().join(" ")
}

/// Brings both files to this schema, in one transaction over both: all of it or nothing. The list is attached as `list`.
/// Whether there was anything to do; another process may have done it meanwhile, or be a newer program.
pub(super) fn migrate(db: &mut Connection, to: i64) -> Result<bool, StoreProblem> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (from, list) = (version(&change, File::Main)?, version(&change, File::List)?);
    if from > to || list > LIST_VERSION {
        return Err(StoreProblem::Newer(from.max(list)));
    }
    if list == 0 {
        change.execute_batch(&without_comments(LIST))?;
        change.pragma_update(Some("list"), "user_version", LIST_VERSION)?;
    }
    for (_, step) in MIGRATIONS.iter().filter(|(number, _)| *number > from && *number <= to) {
        change.execute_batch(&without_comments(step))?;
    }
    change.pragma_update(Some("main"), "user_version", to)?;
    change.commit()?;
    Ok(from < to || list == 0)
}

/// Every table of a file with its columns and their types.
pub(super) fn columns(db: &Connection, file: File) -> rusqlite::Result<Vec<(String, String, String)>> {
    let schema = file.name();
    let sql = format!(
        "SELECT m.name, c.name, c.type FROM {schema}.sqlite_schema m, pragma_table_info(m.name, '{schema}') c \
         WHERE m.type = 'table'"
    );
    let mut query = db.prepare(&sql)?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::super::VERSION;
    use super::*;

    #[test]
    fn the_steps_lead_to_the_version_and_grow() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(MIGRATIONS.first().map(|(number, _)| *number), Some(1));
        assert_eq!(MIGRATIONS.last().map(|(number, _)| *number), Some(VERSION));
    }
}
