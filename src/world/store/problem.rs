//! Why the store does not answer.
//!
//! Promises: the machine's fault is never taken for the file's. Never touches: the file.

use std::fmt;

use rusqlite::ErrorCode;

use super::bounds::PATIENCE;

/// Why the store does not answer.
#[derive(Debug)]
pub enum StoreProblem {
    /// Another process holds it longer than [`PATIENCE`].
    Busy,
    /// The file is damaged, or no store at all.
    Corrupt,
    /// The machine: disk full, no permission, input/output error.
    Machine(Box<dyn std::error::Error + Send + Sync>),
    /// There is no such file.
    Missing,
    /// A newer version of this program wrote it.
    Newer(i64),
}

impl StoreProblem {
    /// Whether the file is there and cannot even be opened: nobody may read it, or it is a folder. Trying again seldom helps.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let StoreProblem::Machine(error) = self else { return false };
        let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied))
    }
}

impl From<rusqlite::Error> for StoreProblem {
    fn from(error: rusqlite::Error) -> StoreProblem {
        use rusqlite::Error as E;
        // What is no number, no key or no known enumeration was not written by this program.
        let foreign = |error: &E| {
            matches!(
                error,
                E::InvalidQuery
                    | E::InvalidColumnType(..)
                    | E::IntegralValueOutOfRange(..)
                    | E::FromSqlConversionFailure(..)
                    | E::QueryReturnedNoRows
                    // Not our schema: a table is there that should not be, or lacks a column.
                    | E::SqlInputError { .. }
            )
        };
        match error.sqlite_error_code() {
            None if foreign(&error) => StoreProblem::Corrupt,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreProblem::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreProblem::Corrupt,
            // A table or column that is not there, or a value of the wrong type: not our file.
            Some(ErrorCode::Unknown | ErrorCode::TypeMismatch) => StoreProblem::Corrupt,
            _ => StoreProblem::Machine(error.into()),
        }
    }
}

impl fmt::Display for StoreProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreProblem::Busy => write!(out, "another process has held the store for {} seconds", PATIENCE.as_secs()),
            StoreProblem::Corrupt => out.write_str("the store is damaged or is no store"),
            StoreProblem::Machine(error) => write!(out, "the store cannot be used: {error}"),
            StoreProblem::Missing => out.write_str("it is not there"),
            StoreProblem::Newer(version) => {
                write!(out, "a newer version of this program wrote the store (schema {version})")
            }
        }
    }
}

impl std::error::Error for StoreProblem {}
