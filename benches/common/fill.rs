//! Fills a mailbox with a long list, with many held messages and with a flood: by SQL and plain files, since the program
//! itself takes a transaction for each.
//!
//! This file alone knows the tables, and it knows little: it looks for the file that holds a table, names the columns
//! that matter, and copies the rest of a row from one that the program wrote itself. So it fills what another version
//! made, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use countersign::mail::address::Address;
use countersign::origin::auth::Proofs;
use countersign::policy::block::Block;
use countersign::policy::fingerprint::RunningFingerprint;
use countersign::policy::key::Keys;
use countersign::policy::reason::Reason;
use countersign::policy::token::HeldId;
use countersign::policy::verdict::Verdict;
use countersign::world::secret;
use rusqlite::{Connection, params};

use super::home::Home;
use super::letter::{Dice, Letter, Writer};

/// The first held message that is put there from outside has this number, as do its row and its letter.
pub const FIRST_HELD: i64 = 1_000_000;
/// How long ago the last of them arrived, so that those who were asked count towards no limit of today.
const LAST_SECONDS: i64 = 2 * 86_400;
/// From the first to the last of them: none has been held for so long that `maintain` throws it away.
const SPAN_SECONDS: i64 = 26 * 86_400;

impl Home {
    /// Adds entries to the list until it has `entries`, the friend among them.
    pub fn fill_list(&self, entries: u64) {
        let db = self.database("entry");
        let there: i64 = db.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
        // Keyed hashes are as good as random numbers; in their order they are written ten times as fast.
        let mut dice = Dice::new(there.unsigned_abs());
        let mut keys: Vec<[u64; 2]> = (there.unsigned_abs()..entries).map(|_| [dice.next(), dice.next()]).collect();
        keys.sort_unstable();
        let columns = columns_of(&db, "entry", &["key"]);
        let sql = format!("INSERT INTO entry (key, {columns}) SELECT ?1, {columns} FROM model");
        db.execute_batch("BEGIN IMMEDIATE; CREATE TEMP TABLE model AS SELECT * FROM entry LIMIT 1").unwrap();
        let mut insert = db.prepare(&sql).unwrap();
        for key in keys {
            let bytes: [u8; 16] = std::array::from_fn(|at| key[at / 8].to_be_bytes()[at % 8]);
            insert.execute([bytes]).unwrap();
        }
        drop(insert);
        db.execute_batch("COMMIT").unwrap();
    }

    /// Puts messages into the quarantine's new/ until `count` are held; the sender of every second one was asked. At
    /// least one must have been held by the program.
    pub fn fill_quarantine(&self, count: usize) {
        let keys = secret::load(&self.path.join(".config/countersign/keys")).unwrap();
        let began = now() - LAST_SECONDS - SPAN_SECONDS;
        let there = self.held();
        let db = self.database("held");
        let columns = columns_of(&db, "held", &["id", "message", "message_id", "sender", "received", "asked"]);
        let sql = format!(
            "INSERT INTO held (id, message, message_id, sender, received, asked, {columns}) \
             SELECT ?1, ?2, randomblob(16), randomblob(16), ?3, ?4, {columns} FROM model"
        );
        db.execute_batch("BEGIN IMMEDIATE; CREATE TEMP TABLE model AS SELECT * FROM held LIMIT 1").unwrap();
        let mut insert = db.prepare(&sql).unwrap();
        let mut ask = db.prepare("INSERT INTO challenge (key, at) VALUES (randomblob(16), ?1)").unwrap();
        for at in 0..count.saturating_sub(there) {
            let received = began + SPAN_SECONDS * at as i64 / count as i64;
            let id = FIRST_HELD + (there + at) as i64;
            let message = self.put_held(&keys, id.unsigned_abs(), received);
            let asked = if at % 2 == 0 { 2 } else { 0 };
            insert.execute(params![id, message, received, asked]).unwrap();
            if asked > 0 {
                ask.execute([received]).unwrap();
            }
        }
        drop((insert, ask));
        db.execute_batch("COMMIT").unwrap();
    }

    /// Writes one held message with its block into new/; the hash that names it.
    fn put_held(&self, keys: &Keys, id: u64, received: i64) -> [u8; 16] {
        let letter = Letter::from(Writer::Unproven, id);
        let bytes = letter.to_bytes();
        let block = Block {
            id: Some(HeldId::from_random(id)),
            verdict: Verdict::Hold,
            reason: Reason::DmarcFail,
            recipient: Address::parse("alice@example.org").unwrap(),
            sender: Address::parse(&letter.address()).ok(),
            proofs: Proofs::NONE,
            received,
        };
        let mut message = RunningFingerprint::new(keys.list.current().1);
        message.update(&bytes);
        let message = message.finish();
        let mut file = block.open(None).seal(Some(message), &keys.token);
        file.extend_from_slice(&bytes);
        fs::write(self.quarantine().join("new").join(message.hex()), file).unwrap();
        *message.bytes()
    }

    /// Moves what is held to cur/, as a mail reader does that opens the folder.
    pub fn open_quarantine(&self) {
        let (new, cur) = (self.quarantine().join("new"), self.quarantine().join("cur"));
        for file in fs::read_dir(new).unwrap() {
            let file = file.unwrap();
            let name = format!("{}:2,S", file.file_name().into_string().unwrap());
            fs::rename(file.path(), cur.join(name)).unwrap();
        }
    }

    /// Makes it so that so many other senders wrote, just now, what the messages say that the program has held.
    pub fn fill_flood(&self, senders: u64) {
        let db = self.database("alike");
        let columns = columns_of(&db, "alike", &["sender"]);
        // One sender after the other, as they would have come.
        let sql = format!("INSERT INTO alike (sender, {columns}) SELECT ?1, {columns} FROM model");
        db.execute_batch("BEGIN IMMEDIATE; CREATE TEMP TABLE model AS SELECT * FROM alike").unwrap();
        let pairs: i64 = db.query_row("SELECT count(*) FROM model", [], |row| row.get(0)).unwrap();
        assert!(pairs > 4, "the message that was held says too little to be compared");
        let mut insert = db.prepare(&sql).unwrap();
        let mut dice = Dice::new(senders);
        for _ in 0..senders {
            let key: [u64; 2] = [dice.next(), dice.next()];
            let bytes: [u8; 16] = std::array::from_fn(|at| key[at / 8].to_be_bytes()[at % 8]);
            insert.execute([bytes]).unwrap();
        }
        drop(insert);
        db.execute_batch("COMMIT").unwrap();
    }

    /// How many bytes all files of the store take.
    pub fn store_bytes(&self) -> u64 {
        self.store_files().iter().map(|path| fs::metadata(path).unwrap().len()).sum()
    }

    /// The database that holds this table.
    fn database(&self, table: &str) -> Connection {
        let has = |db: &Connection| -> bool {
            let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
            db.query_row(sql, [table], |row| row.get::<_, i64>(0)).is_ok_and(|count| count > 0)
        };
        let beside =
            |path: &&PathBuf| ["-journal", "-wal", "-shm"].iter().any(|end| path.to_string_lossy().ends_with(end));
        let open = |path: &PathBuf| Connection::open(path).ok().filter(|db| has(db));
        let db = self.store_files().iter().filter(|path| !beside(path)).find_map(open);
        let db = db.unwrap_or_else(|| panic!("no file of the store has the table {table}: see benches/common/fill.rs"));
        db.execute_batch("PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY").unwrap();
        db
    }

    fn store_files(&self) -> Vec<PathBuf> {
        let folder: &Path = &self.path.join(".local/share/countersign");
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect()
    }
}

/// The names of a table's other columns.
fn columns_of(db: &Connection, table: &str, but: &[&str]) -> String {
    let mut query = db.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
    let names = query.query_map([table], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let names: Vec<String> = names.collect();
    assert!(but.iter().all(|name| names.iter().any(|there| there == name)), "{table} has other columns now: {names:?}");
    names.into_iter().filter(|name| !but.contains(&name.as_str())).collect::<Vec<_>>().join(", ")
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
