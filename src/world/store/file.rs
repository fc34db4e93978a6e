//! The store's file: opened, made, set aside.
//!
//! Promises: who opens a store never makes one; a file that is damaged or newer is left as it is. Never touches: rows.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::bounds::{PATIENCE, VERSION};
use super::problem::StoreProblem;
use super::schema::{migrate, version};

/// An open store.
pub struct Store {
    pub(super) db: Connection,
}

impl Store {
    /// Opens an existing store; an older one is brought up to date.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn open(path: &Path) -> Result<Store, StoreProblem> {
        Store::open_file(path).map_err(|problem| Store::examined(path, problem))
    }

    /// SQLite calls a disk that gives no bytes a damaged file. So before a store is taken for damaged, the file is
    /// read once plainly; if that fails, it is the machine, and trying again helps.
    #[must_use]
    pub fn examined(path: &Path, problem: StoreProblem) -> StoreProblem {
        if !matches!(problem, StoreProblem::Corrupt) {
            return problem;
        }
        let read = std::fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()));
        read.map_or_else(|error| StoreProblem::Machine(error.into()), |_| problem)
    }

    fn open_file(path: &Path) -> Result<Store, StoreProblem> {
        if !path.try_exists().unwrap_or(true) {
            return Err(StoreProblem::Missing);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        db.execute_batch("PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;")?;
        match version(&db)? {
            VERSION => Ok(Store { db }),
            newer if newer > VERSION => Err(StoreProblem::Newer(newer)),
            1.. => {
                migrate(&mut db, VERSION)?;
                Ok(Store { db })
            }
            _ => Err(StoreProblem::Corrupt),
        }
    }

    /// Makes a new store; an existing one is left alone.
    ///
    /// # Errors
    /// [`StoreProblem`]; the folder must exist.
    pub fn create(path: &Path) -> Result<bool, StoreProblem> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        db.execute_batch("PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;")?;
        if version(&db)? != 0 {
            return Ok(false);
        }
        Ok(migrate(&mut db, VERSION)? == 0)
    }

    /// Moves a store that cannot be used out of the way, with its journal; where it is now.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn set_aside(path: &Path, now: i64) -> anyhow::Result<Option<PathBuf>> {
        let beside = |path: &Path, ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        if !path.try_exists()? {
            return Ok(None);
        }
        let kept = beside(path, &format!(".damaged-{now}"));
        std::fs::rename(path, &kept).with_context(|| format!("cannot rename {}", path.display()))?;
        // A journal that belongs to the old file would be played into the new one.
        let journal = beside(path, "-journal");
        if journal.try_exists()? {
            std::fs::rename(&journal, beside(&kept, "-journal"))?;
        }
        Ok(Some(kept))
    }

    pub(super) fn immediate(&mut self) -> Result<Transaction<'_>, StoreProblem> {
        Ok(self.db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Asked;
    use super::*;
    use crate::policy::fingerprint::{Fingerprint, Kind};
    use crate::policy::key::SecretKey;
    use crate::policy::standing::WentOut;
    use crate::policy::token::HeldId;

    /// The key of a made-up mailbox.
    pub(in crate::world::store) fn of(text: &str) -> Fingerprint {
        Fingerprint::of(&SecretKey::new([7; 32]), Kind::Challenged, text.as_bytes())
    }

    /// A store as the first version of this program made it.
    fn first_version(path: &Path) {
        let mut db = Connection::open(path).unwrap();
        assert_eq!(migrate(&mut db, 1).unwrap(), 0);
    }

    /// The whole schema, as the file has it.
    fn schema(path: &Path) -> Vec<(String, String)> {
        let db = Connection::open(path).unwrap();
        let mut query = db.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())));
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn an_older_store_ends_like_a_fresh_one_and_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (old, fresh) = (folder.path().join("old"), folder.path().join("fresh"));
        first_version(&old);
        let db = Connection::open(&old).unwrap();
        let insert = "INSERT INTO entry (key, kind, effect, pin, origin, kid, added) VALUES (?1, 1, 1, 0, 1, 1, 5)";
        db.execute(insert, [of("bob").bytes()]).unwrap();
        let insert = "INSERT INTO held VALUES (7, ?1, NULL, NULL, 0, 18, 5, 0, 2, 1)";
        db.execute(insert, [of("letter").bytes()]).unwrap();
        drop(db);
        assert!(Store::create(&fresh).unwrap());
        for _ in 0..2 {
            let store = Store::open(&old).unwrap();
            assert_eq!(store.entry(&of("bob")).unwrap().map(|entry| entry.added), Some(5));
            assert_eq!(version(&store.db).unwrap(), VERSION);
            // Nobody knows when a challenge of that time went out, and none came back at once for that.
            let id = HeldId::from_random(7);
            assert_eq!(store.held(id).unwrap().map(|row| row.asked), Some(Asked::Sent));
            assert_eq!(store.went_out(id).unwrap(), WentOut::default());
            assert!(store.check().is_ok());
        }
        assert_eq!(schema(&old), schema(&fresh));
        assert!(!Store::create(&old).unwrap(), "an existing store is left alone");
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        first_version(&path);
        // Somebody else's table stands where ours should be.
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE alike (x INTEGER)").unwrap();
        let before = schema(&path);
        assert!(matches!(Store::open(&path), Err(StoreProblem::Corrupt)));
        assert_eq!(schema(&path), before);
        let db = Connection::open(&path).unwrap();
        assert_eq!(version(&db).unwrap(), 1);
    }

    #[test]
    fn a_newer_or_a_foreign_store_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        for (number, newer) in [(VERSION + 1, true), (99, true), (0, false), (-1, false)] {
            let path = folder.path().join(format!("store{number}"));
            first_version(&path);
            let db = Connection::open(&path).unwrap();
            db.pragma_update(None, "user_version", number).unwrap();
            let problem = Store::open(&path).err();
            assert_eq!(matches!(problem, Some(StoreProblem::Newer(_))), newer, "{number}: {problem:?}");
            assert!(problem.is_some());
            assert_eq!(version(&db).unwrap(), number);
        }
    }
}
