//! The store's two files, opened, made, set aside: the list, which every message asks, and beside it the file of messages
//! and challenges, which is opened only when somebody asks it.
//!
//! Promises: who opens a store never makes one; a file that is damaged or newer is left as it is; a mail from a known
//! sender opens the list alone, and never waits for who writes about other mail. What changes both is one transaction
//! over both. Never touches: rows.

use std::cell::{Cell, OnceCell};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rustix::process::geteuid;

use super::bounds::{LIST_VERSION, PATIENCE, VERSION};
use super::problem::StoreProblem;
use super::schema::{File, migrate, version};

/// An open store.
pub struct Store {
    pub(super) list: Connection,
    /// Whether the list is known to be of this version.
    is_known: Cell<bool>,
    /// Held messages, challenges, tokens, decisions.
    messages: OnceCell<Connection>,
    /// Whether that connection has the list too.
    has_list: bool,
    /// How long it waits for others.
    patience: Cell<Duration>,
    path: PathBuf,
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFile {
    /// Who is allowed and who is denied.
    List,
    /// Held messages, challenges, tokens, decisions; its path is the store's.
    Messages,
}

impl StoreFile {
    /// Where it is.
    #[must_use]
    pub fn of(self, store: &Path) -> PathBuf {
        match self {
            StoreFile::Messages => store.to_owned(),
            StoreFile::List => {
                let mut name = store.file_stem().unwrap_or_default().to_owned();
                name.push("-list");
                if let Some(ending) = store.extension() {
                    name.push(".");
                    name.push(ending);
                }
                store.with_file_name(name)
            }
        }
    }
}

impl Store {
    /// Opens an existing store; an older one is brought up to date.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn open(path: &Path) -> Result<Store, StoreProblem> {
        let opened = Store::open_unseen(path).and_then(|store| {
            drop(store.begin()?);
            Ok(store)
        });
        opened.map_err(|problem| Store::examined(path, problem))
    }

    /// The same for who must not keep others waiting: so long at most each time that somebody else has the store. One that
    /// seems damaged is not looked through, which takes as long as it is large.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn open_within(path: &Path, patience: Duration) -> Result<Store, StoreProblem> {
        let store = Store::open_unseen(path)?;
        store.set_patience(patience)?;
        drop(store.begin()?);
        Ok(store)
    }

    /// Waits at most so long for others, from now on; at zero, not at all.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_patience(&self, patience: Duration) -> Result<(), StoreProblem> {
        self.patience.set(patience);
        self.list.busy_timeout(patience)?;
        Ok(self.messages.get().map_or(Ok(()), |messages| messages.busy_timeout(patience))?)
    }

    /// SQLite calls a disk that gives no bytes a damaged file. So before a store is taken for damaged, its files are
    /// read once plainly and then checked; if the one fails or the other finds nothing, it is the machine, and trying again
    /// helps.
    #[must_use]
    pub fn examined(path: &Path, problem: StoreProblem) -> StoreProblem {
        if !matches!(problem, StoreProblem::Corrupt) {
            return problem;
        }
        for path in [StoreFile::List, StoreFile::Messages].map(|file| file.of(path)) {
            let read = std::fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()));
            match read {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return StoreProblem::Machine(error.into());
                }
                _ => {}
            }
        }
        let is_sound = |file| Store::check_once(path, file).is_ok();
        if [StoreFile::List, StoreFile::Messages].into_iter().all(is_sound) {
            return StoreProblem::Machine("it could not be read, and a moment later it could".into());
        }
        problem
    }

    /// The same for who asks the list at once, with [`Store::look_up`]: its version is looked at with the first question,
    /// which spares a delivery a third of its look at the file.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn open_to_look_up(path: &Path) -> Result<Store, StoreProblem> {
        Store::open_unseen(path).map_err(|problem| Store::examined(path, problem))
    }

    /// The same, believing the first answer.
    pub(super) fn open_unseen(path: &Path) -> Result<Store, StoreProblem> {
        let file = StoreFile::List.of(path);
        let list = match open_file(&file) {
            Err(StoreProblem::Missing) => {
                bring_up(path)?;
                open_file(&file)?
            }
            opened => opened?,
        };
        let (is_known, messages) = (Cell::new(false), OnceCell::new());
        Ok(Store { list, is_known, messages, has_list: false, patience: Cell::new(PATIENCE), path: path.to_owned() })
    }

    /// A look at the list that others cannot change meanwhile, and that it is of this version.
    pub(super) fn begin(&self) -> Result<Transaction<'_>, StoreProblem> {
        let mut begun = self.list.unchecked_transaction()?;
        if self.is_known.get() {
            return Ok(begun);
        }
        if version(&begun, File::Main)? == 0 {
            // Another process is making it at this moment, or died over it.
            drop(begun);
            bring_up(&self.path)?;
            begun = self.list.unchecked_transaction()?;
        }
        match version(&begun, File::Main)? {
            LIST_VERSION => {}
            newer if newer > LIST_VERSION => return Err(StoreProblem::Newer(newer)),
            _ => return Err(StoreProblem::Corrupt),
        }
        self.is_known.set(true);
        Ok(begun)
    }

    /// Whether both files can be used, for who wants to know that before anything else.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn can_be_read(&self) -> Result<(), StoreProblem> {
        self.messages().map(|_| ())
    }

    /// The file of messages and challenges.
    pub(super) fn messages(&self) -> Result<&Connection, StoreProblem> {
        if self.messages.get().is_none() {
            drop(self.messages.set(open_messages(&self.path, self.patience.get())?));
        }
        self.messages.get().ok_or(StoreProblem::Missing)
    }

    /// Whether the list of a store of this version is not there, or is an empty file. In a former version's store it is in
    /// the same file. Changes nothing.
    ///
    /// # Errors
    /// [`StoreProblem`], of the file of messages and challenges.
    pub fn lacks_list(path: &Path) -> Result<bool, StoreProblem> {
        if version(&open_file(path)?, File::Main)? != VERSION {
            return Ok(false);
        }
        match open_file(&StoreFile::List.of(path)).and_then(|list| Ok(version(&list, File::Main)?)) {
            Ok(version) => Ok(version == 0),
            Err(StoreProblem::Missing) => Ok(true),
            // What is wrong with it is not that it is lost.
            Err(_) => Ok(false),
        }
    }

    /// Makes a new store, or the file of it that is not there; whether anything was made.
    ///
    /// # Errors
    /// [`StoreProblem`]; the folder must exist.
    pub fn create(path: &Path) -> Result<bool, StoreProblem> {
        let messages = match open_file(path) {
            Ok(db) => version(&db, File::Main)?,
            Err(StoreProblem::Missing) => 0,
            Err(problem) => return Err(problem),
        };
        // One from before the list had a file of its own is brought up by who opens it, and no empty list is left beside it.
        if !matches!(messages, 0 | VERSION) {
            return Ok(false);
        }
        let mut db = open_both(path)?;
        if messages == VERSION && version(&db, File::List)? != 0 {
            return Ok(false);
        }
        migrate(&mut db, VERSION)
    }

    /// Moves a file of the store that cannot be used out of the way, with its journal; where it is now.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn set_aside(path: &Path, file: StoreFile, now: i64) -> anyhow::Result<Option<PathBuf>> {
        let path = file.of(path);
        let beside = |path: &Path, ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        if !path.try_exists()? {
            return Ok(None);
        }
        let kept = beside(&path, &format!(".damaged-{now}"));
        std::fs::rename(&path, &kept).with_context(|| format!("cannot rename {}", path.display()))?;
        // A journal that belongs to the old file would be played into the new one.
        let journal = beside(&path, "-journal");
        if journal.try_exists()? {
            std::fs::rename(&journal, beside(&kept, "-journal"))?;
        }
        Ok(Some(kept))
    }

    /// A change to messages and challenges.
    pub(super) fn change(&mut self) -> Result<Transaction<'_>, StoreProblem> {
        self.messages()?;
        let db = self.messages.get_mut().ok_or(StoreProblem::Missing)?;
        Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// A change to the list.
    pub(super) fn change_list(&mut self) -> Result<Transaction<'_>, StoreProblem> {
        self.list.execute_batch("PRAGMA synchronous=EXTRA")?;
        Ok(self.list.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// A change to both, whole or not at all: SQLite's commit over two files with a journal beside each.
    pub(super) fn change_both(&mut self) -> Result<Transaction<'_>, StoreProblem> {
        let list = StoreFile::List.of(&self.path);
        self.messages()?;
        let db = self.messages.get_mut().ok_or(StoreProblem::Missing)?;
        if !self.has_list {
            attach(db, &list)?;
            self.has_list = true;
        }
        Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// Opens a file that is there, and changes nothing.
fn open_file(path: &Path) -> Result<Connection, StoreProblem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match Connection::open_with_flags(path, flags) {
        Ok(db) => ready(db),
        // SQLite says the same of a file that is not there and of one that must not be read.
        Err(_) if !path.try_exists().unwrap_or(true) => Err(StoreProblem::Missing),
        // Another process may have made it this moment.
        Err(_) => ready(Connection::open_with_flags(path, flags)?),
    }
}

fn ready(db: Connection) -> Result<Connection, StoreProblem> {
    db.busy_timeout(PATIENCE)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(db)
}

/// Opens the file of messages and challenges, of this version.
pub(super) fn open_messages(path: &Path, patience: Duration) -> Result<Connection, StoreProblem> {
    let mut db = open_file(path)?;
    db.busy_timeout(patience)?;
    if (1..VERSION).contains(&version(&db, File::Main)?) {
        // One of an older version was put back beside the list.
        bring_up(path)?;
        db = open_file(path)?;
        db.busy_timeout(patience)?;
    }
    match version(&db, File::Main)? {
        VERSION => {}
        newer if newer > VERSION => return Err(StoreProblem::Newer(newer)),
        _ => return Err(StoreProblem::Corrupt),
    }
    // FULL does not sync the folder after the journal is gone from it: a power cut would bring the journal back, and with
    // it the state from before a commit that was already answered for.
    db.execute_batch("PRAGMA synchronous=EXTRA; PRAGMA temp_store=MEMORY")?;
    Ok(db)
}

/// Opens both files as one; one that is not there is made.
fn open_both(path: &Path) -> Result<Connection, StoreProblem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = ready(Connection::open_with_flags(path, flags)?)?;
    attach(&db, &StoreFile::List.of(path))?;
    db.execute_batch("PRAGMA main.synchronous=EXTRA")?;
    Ok(db)
}

fn attach(db: &Connection, list: &Path) -> Result<(), StoreProblem> {
    let path = ToSqlOutput::Borrowed(ValueRef::Text(list.as_os_str().as_bytes()));
    db.execute("ATTACH ?1 AS list", [path])?;
    db.execute_batch("PRAGMA list.synchronous=EXTRA")?;
    Ok(())
}

/// Brings a store of an older version to this one, where the list was in the same file.
fn bring_up(path: &Path) -> Result<(), StoreProblem> {
    match version(&open_file(path)?, File::Main)? {
        // Nothing is older here. If the list is not there either, it was lost.
        VERSION => return Ok(()),
        newer if newer > VERSION => return Err(StoreProblem::Newer(newer)),
        1.. => {}
        _ => return Err(StoreProblem::Corrupt),
    }
    // The new file would be another user's, and nobody's mail could be looked up in it.
    let (owner, own) = (std::fs::metadata(path).map(|status| status.uid()), geteuid().as_raw());
    match owner {
        Ok(owner) if owner == own => migrate(&mut open_both(path)?, VERSION).map(|_| ()),
        Ok(owner) => {
            let said = format!("it belongs to user {owner} and is of a former version; only that user can bring it up");
            Err(StoreProblem::Machine(said.into()))
        }
        Err(error) => Err(StoreProblem::Machine(error.into())),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Asked;
    use super::super::schema::{MIGRATIONS, without_comments};
    use super::*;
    use crate::origin::auth::Proofs;
    use crate::policy::fingerprint::{Fingerprint, Kind};
    use crate::policy::key::{KeyId, SecretKey};
    use crate::policy::standing::{Effect, Entry, Origin, WentOut};
    use crate::policy::token::HeldId;

    /// A new store in a folder of its own, which goes away with it.
    pub(in crate::world::store) fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let store = Store::open(&path).unwrap();
        (folder, store)
    }

    /// The key of a made-up mailbox.
    pub(in crate::world::store) fn of(text: &str) -> Fingerprint {
        Fingerprint::of(&SecretKey::new([7; 32]), Kind::Challenged, text.as_bytes())
    }

    /// A store as a former version of this program made it, in one file.
    fn former(path: &Path, to: i64) {
        let mut db = Connection::open(path).unwrap();
        let change = db.transaction().unwrap();
        for (_, step) in MIGRATIONS.iter().filter(|(number, _)| *number <= to) {
            change.execute_batch(&without_comments(step)).unwrap();
        }
        change.pragma_update(None, "user_version", to).unwrap();
        change.commit().unwrap();
    }

    /// The whole schema of both files, as they have it.
    fn schema(path: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for file in [StoreFile::List, StoreFile::Messages] {
            let db = Connection::open(file.of(path)).unwrap();
            let mut query = db.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
            let rows =
                query.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())));
            found.extend(rows.unwrap().map(Result::unwrap));
        }
        found
    }

    fn version_of(path: &Path) -> i64 {
        version(&Connection::open(path).unwrap(), File::Main).unwrap()
    }

    fn is_sound(path: &Path) -> bool {
        [StoreFile::List, StoreFile::Messages].into_iter().all(|file| Store::check(path, file).is_ok())
    }

    #[test]
    fn the_list_stands_beside_the_rest() {
        let of = |path: &str| StoreFile::List.of(Path::new(path)).display().to_string();
        assert_eq!(of("/data/countersign.db"), "/data/countersign-list.db");
        assert_eq!(of("/data/a.b/store"), "/data/a.b/store-list");
        assert_eq!(StoreFile::Messages.of(Path::new("/data/x")), Path::new("/data/x"));
    }

    #[test]
    fn who_has_no_patience_waits_for_neither_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let patience = |db: &Connection| -> i64 { db.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap() };
        let store = Store::open_within(&path, Duration::from_millis(70)).unwrap();
        assert_eq!((patience(&store.list), patience(store.messages().unwrap())), (70, 70));
        store.set_patience(Duration::ZERO).unwrap();
        assert_eq!((patience(&store.list), patience(store.messages().unwrap())), (0, 0));
        let usual = Store::open(&path).unwrap();
        let wanted = i64::try_from(PATIENCE.as_millis()).unwrap();
        assert_eq!((patience(&usual.list), patience(usual.messages().unwrap())), (wanted, wanted));
        for file in [StoreFile::List, StoreFile::Messages] {
            let store = Store::open_within(&path, Duration::ZERO).unwrap();
            let other = Connection::open(file.of(&path)).unwrap();
            other.execute_batch("BEGIN EXCLUSIVE").unwrap();
            let asked = match file {
                StoreFile::List => store.entry(&of("bob")).map(|_| ()),
                StoreFile::Messages => store.can_be_read(),
            };
            assert!(matches!(asked, Err(StoreProblem::Busy)), "{file:?}");
        }
    }

    #[test]
    fn an_older_store_ends_like_a_fresh_one_and_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (old, fresh) = (folder.path().join("old"), folder.path().join("fresh"));
        former(&old, 1);
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
            assert_eq!(version(store.messages().unwrap(), File::Main).unwrap(), VERSION);
            // Nobody knows when a challenge of that time went out, and none came back at once for that.
            let id = HeldId::from_random(7);
            assert_eq!(store.held(id).unwrap().map(|row| row.asked), Some(Asked::Sent));
            assert_eq!(store.went_out(id).unwrap(), WentOut::default());
            assert!(is_sound(&old));
        }
        assert_eq!(schema(&old), schema(&fresh));
        let untouched = folder.path().join("untouched");
        former(&untouched, 3);
        assert!(!Store::create(&untouched).unwrap() && !StoreFile::List.of(&untouched).exists());
        assert!(!Store::create(&old).unwrap(), "an existing store is left alone");
    }

    #[test]
    fn an_older_file_put_back_beside_the_list_takes_nothing_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let deny = Entry { effect: Effect::Deny, pin: Proofs::NONE, origin: Origin::Manual, added: 9 };
        let id = KeyId::new(1).unwrap();
        Store::open(&path).unwrap().put_entry((id, of("bob")), Kind::Address, &deny, &[]).unwrap();
        std::fs::remove_file(&path).unwrap();
        former(&path, 3);
        let insert = "INSERT INTO entry (key, kind, effect, pin, origin, kid, added) VALUES (?1, 1, 1, 0, 1, 1, 5)";
        let db = Connection::open(&path).unwrap();
        for name in ["bob", "carol"] {
            db.execute(insert, [of(name).bytes()]).unwrap();
        }
        drop(db);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.entry(&of("carol")).unwrap(), None, "nobody has asked the other file");
        assert!(store.all_held().unwrap().is_empty());
        assert_eq!(store.entry(&of("bob")).unwrap().map(|entry| entry.added), Some(9));
        assert_eq!(store.entry(&of("carol")).unwrap().map(|entry| entry.added), Some(5));
        assert!(is_sound(&path));
    }

    #[test]
    fn a_file_that_was_lost_is_missed_and_the_other_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        assert!(matches!(Store::open(&path), Err(StoreProblem::Missing)));
        Store::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.entry(&of("bob")).unwrap(), None);
        assert!(matches!(store.all_held(), Err(StoreProblem::Missing)));
        assert!(Store::create(&path).unwrap() && store.all_held().unwrap().is_empty());
        std::fs::remove_file(StoreFile::List.of(&path)).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreProblem::Missing | StoreProblem::Corrupt)));
        assert!(!StoreFile::List.of(&path).exists(), "who opens a store makes none");
        assert!(Store::create(&path).unwrap() && is_sound(&path));
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        former(&path, 1);
        // Somebody else's table stands where ours should be.
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE alike (x INTEGER)").unwrap();
        let before = schema(&path);
        assert!(matches!(Store::open(&path), Err(StoreProblem::Corrupt)));
        assert_eq!(schema(&path), before);
        assert_eq!((version_of(&path), version_of(&StoreFile::List.of(&path))), (1, 0));
    }

    #[test]
    fn a_newer_or_a_foreign_store_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        for (number, newer) in [(VERSION + 1, true), (99, true), (0, false), (-1, false)] {
            let path = folder.path().join(format!("store{number}"));
            former(&path, 1);
            let db = Connection::open(&path).unwrap();
            db.pragma_update(None, "user_version", number).unwrap();
            let problem = Store::open(&path).err();
            assert_eq!(matches!(problem, Some(StoreProblem::Newer(_))), newer, "{number}: {problem:?}");
            assert!(problem.is_some());
            assert_eq!(version_of(&path), number);
        }
        for (number, newer) in [(LIST_VERSION + 1, true), (99, true), (-1, false)] {
            let path = folder.path().join(format!("with-list{number}"));
            Store::create(&path).unwrap();
            let list = StoreFile::List.of(&path);
            Connection::open(&list).unwrap().pragma_update(None, "user_version", number).unwrap();
            let problem = Store::open(&path).err();
            assert_eq!(matches!(problem, Some(StoreProblem::Newer(_))), newer, "{number}: {problem:?}");
            assert!(problem.is_some());
            assert_eq!(version_of(&list), number);
        }
    }
}
