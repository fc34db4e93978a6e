//! What the user sent: Message-IDs and Subjects by which an answer is known, and which files were read for it.
//!
//! Promises: what everybody may know is never taken for private again; many rows are one transaction. Never touches: the
//! list, who may be let in for it.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use super::file::Store;
use super::problem::StoreProblem;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::sent::Class;

/// By what one answer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentRow {
    /// Of the Message-ID or the Subject.
    pub key: Fingerprint,
    /// When it was sent, seconds since 1970.
    pub at: i64,
    /// Who may know it.
    pub class: Class,
}

/// A file as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// Of its path.
    pub key: Fingerprint,
    /// Bytes.
    pub size: u64,
    /// When it was last changed, nanoseconds since 1970.
    pub changed: i64,
}

impl Store {
    /// What is known under the first of these keys that is known.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn sent(&self, keys: &[Fingerprint]) -> Result<Option<SentRow>, StoreProblem> {
        let mut query = self.messages()?.prepare("SELECT at, public FROM sent WHERE key = ?1")?;
        for key in keys {
            let row = query.query_row([key.bytes()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).optional()?;
            if let Some((at, public)) = row {
                let class = if public == 0 { Class::Private } else { Class::Public };
                return Ok(Some(SentRow { key: *key, at, class }));
            }
        }
        Ok(None)
    }

    /// Whether anything is known that was sent at that time, seconds since 1970, or later.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn knows_sent_since(&self, at: i64) -> Result<bool, StoreProblem> {
        Ok(self.messages()?.query_row("SELECT EXISTS (SELECT 1 FROM sent WHERE at >= ?1)", [at], |row| row.get(0))?)
    }

    /// Remembers what was sent and which files were read for it, in one transaction.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn note_sent(&mut self, rows: &[SentRow], files: &[ReadFile]) -> Result<(), StoreProblem> {
        if rows.is_empty() && files.is_empty() {
            return Ok(());
        }
        let change = self.change()?;
        {
            let mut sent = change.prepare(PUT_SENT)?;
            for row in rows {
                sent.execute(params![row.key.bytes(), row.at, row.class == Class::Public])?;
            }
            let mut read =
                change.prepare("INSERT OR REPLACE INTO read_file (key, size, changed) VALUES (?1, ?2, ?3)")?;
            for file in files {
                let size = i64::try_from(file.size).unwrap_or(i64::MAX);
                read.execute(params![file.key.bytes(), size, file.changed])?;
            }
        }
        Ok(change.commit()?)
    }

    /// All files that were read, by the key of their path, with size and time.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn read_files(&self) -> Result<HashMap<Fingerprint, (u64, i64)>, StoreProblem> {
        let mut query = self.messages()?.prepare("SELECT key, size, changed FROM read_file")?;
        let rows = query.query_map([], |row| {
            let key = Fingerprint::from_bytes(&row.get::<_, [u8; 16]>(0)?).ok_or(rusqlite::Error::InvalidQuery)?;
            Ok((key, (u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(), row.get(2)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

const PUT_SENT: &str = "INSERT INTO sent (key, at, public) VALUES (?1, ?2, ?3) \
    ON CONFLICT (key) DO UPDATE SET at = max(at, excluded.at), public = max(public, excluded.public)";

#[cfg(test)]
mod tests {
    use super::super::file::tests::{of, store};
    use super::*;

    fn row(name: &str, at: i64, class: Class) -> SentRow {
        SentRow { key: of(name), at, class }
    }

    #[test]
    fn what_was_sent_is_known_under_any_key() {
        let (_folder, mut store) = store();
        let one = row("one", 7, Class::Private);
        store.note_sent(&[one, row("two", 8, Class::Public)], &[]).unwrap();
        assert_eq!(store.sent(&[of("other"), of("one")]).unwrap(), Some(one));
        assert_eq!(store.sent(&[of("other")]).unwrap(), None);
        assert_eq!(store.sent(&[]).unwrap(), None);
        assert!(store.knows_sent_since(8).unwrap() && !store.knows_sent_since(9).unwrap());
    }

    #[test]
    fn what_everybody_knows_stays_so() {
        let (_folder, mut store) = store();
        store.note_sent(&[row("one", 9, Class::Private)], &[]).unwrap();
        store.note_sent(&[row("one", 7, Class::Public), row("one", 8, Class::Private)], &[]).unwrap();
        assert_eq!(store.sent(&[of("one")]).unwrap(), Some(row("one", 9, Class::Public)));
    }

    #[test]
    fn a_file_is_known_as_it_was_last_read() {
        let (_folder, mut store) = store();
        assert!(store.read_files().unwrap().is_empty());
        let file = ReadFile { key: of("path"), size: 5, changed: 6 };
        store.note_sent(&[], &[file, ReadFile { changed: 9, ..file }]).unwrap();
        assert_eq!(store.read_files().unwrap(), HashMap::from([(of("path"), (5, 9))]));
    }
}
