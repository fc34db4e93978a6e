//! The tables of the store, and the steps that lead to them.
//!
//! Promises: every store ends in the same schema, whatever version it began with; a step is taken wholly or not at all.
//! Never touches: what is in the tables.

use rusqlite::{Connection, TransactionBehavior};

use super::problem::StoreProblem;

/// Every step from an empty file to that schema. A new store takes all of them, an older one those it lacks, so both
/// end in the same schema. A step that was released is never changed.
pub(super) const MIGRATIONS: [(i64, &str); 3] =
    [(1, include_str!("schema.sql")), (2, include_str!("schema-2.sql")), (3, include_str!("schema-3.sql"))];

pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// SQLite keeps the text of every table and reads it at each start: the comments are for people, who have the file.
pub(super) fn without_comments(sql: &str) -> String {
    sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim()).collect::<Vec<_>>().join(" ")
}

/// Brings a store to this schema, in one transaction: all of it or nothing. The version it had before; another process
/// may have done it meanwhile, or be a newer program.
pub(super) fn migrate(db: &mut Connection, to: i64) -> Result<i64, StoreProblem> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&change)?;
    if from > to {
        return Err(StoreProblem::Newer(from));
    }
    for (_, step) in MIGRATIONS.iter().filter(|(number, _)| *number > from && *number <= to) {
        change.execute_batch(&without_comments(step))?;
    }
    change.pragma_update(None, "user_version", to)?;
    change.commit()?;
    Ok(from)
}

/// Every table with its columns and their types.
pub(super) fn columns(db: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let sql = "SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut query = db.prepare(sql)?;
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
