//! What stands in a column: enumerations as numbers, keys as bytes.
//!
//! Promises: what this program did not write is no value. Never touches: tables.

use crate::policy::fingerprint::Fingerprint;

pub(super) fn number_of<T: PartialEq>(table: &[(T, i64)], value: &T) -> i64 {
    table.iter().find(|(known, _)| known == value).map_or(0, |(_, number)| *number)
}

pub(super) fn fingerprint(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Fingerprint>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    Ok(bytes.and_then(|bytes| Fingerprint::from_bytes(&bytes)))
}
