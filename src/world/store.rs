//! The store: list entries, held messages, challenges sent. The only user of rusqlite, behind one narrow type, so
//! that a server's database can stand behind it later.
//!
//! Promises: every change is one immediate transaction with full sync, or nothing; only keyed hashes go in; what is
//! wrong with the file is told apart from what is wrong with the machine. Never touches: policy, addresses.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::origin::auth::Proofs;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::key::KeyId;
use crate::policy::reason::Reason;
use crate::policy::standing::{ALIKE_SECONDS, Alike, Answered, Effect, Entry, History, Origin};
use crate::policy::token::HeldId;
use crate::policy::verdict::Verdict;
use crate::policy::{Caps, fingerprint::Kind};

/// How long to wait for another process's transaction: 64 of them at once on a slow disk took 3.8 s (measured).
pub const PATIENCE: Duration = Duration::from_secs(30);
/// So far ahead of the time, in seconds, a row may be and still count: clocks are set back now and then.
pub const CLOCK_SLACK: i64 = 86_400;
/// The schema this program reads and writes.
pub const VERSION: i64 = 2;
/// Every step from an empty file to that schema. A new store takes all of them, an older one those it lacks, so both
/// end in the same schema. A step that was released is never changed.
const MIGRATIONS: [(i64, &str); 2] = [(1, include_str!("schema.sql")), (2, include_str!("schema-2.sql"))];
/// Of so many challenges one looks how many came back.
const RECENT_CHALLENGES: u32 = 50;
/// How old they may be in seconds: without an end, a breaker that has tripped would never close again.
const RECENT_SECONDS: i64 = 7 * 86_400;

/// An open store.
pub struct Store {
    db: Connection,
}

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

/// A held message as the store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldRow {
    /// Its number.
    pub id: HeldId,
    /// Of its bytes; the name of its file.
    pub message: Fingerprint,
    /// Of its Message-ID.
    pub message_id: Option<Fingerprint>,
    /// Of its author.
    pub sender: Option<Fingerprint>,
    /// What was proven about the author's domain.
    pub proofs: Proofs,
    /// Why it is held.
    pub reason: Reason,
    /// When it arrived, seconds since 1970.
    pub received: i64,
    /// When a digest first listed it.
    pub listed: Option<i64>,
    /// Whether its sender was asked.
    pub asked: Asked,
    /// What became of it.
    pub state: State,
}

/// Whether somebody was asked about a message, and what sendmail said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody was.
    No,
    /// sendmail refused it; it may be tried once more.
    Refused,
    /// sendmail refused it again; it is not tried any more.
    RefusedTwice,
    /// sendmail took it.
    Sent,
    /// The slot is taken, and the result was never written down: perhaps it went out.
    SlotTaken,
    /// It went out and came back: nobody is there.
    Undeliverable,
    /// sendmail was killed or lost: perhaps it went out.
    Unknown,
}

/// What became of a held message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Thrown away by the user.
    Discarded,
    /// Thrown away after its time.
    Expired,
    /// The user moved or deleted the file.
    Gone,
    /// In the quarantine.
    Held,
    /// Moved to the inbox.
    Released,
}

/// What [`Store::prune`] forgets: rows from before these moments, and those from after the last.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of decisions, and of messages that are no longer held.
    pub rows: i64,
    /// Of challenges: no address may be asked again because its row is gone.
    pub challenges: i64,
    /// Of spent tokens: longer than any of them lives.
    pub spent: i64,
    /// Nothing was written after this moment but by a clock that was wrong.
    pub ahead: i64,
}

/// What is remembered of a token that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentRow {
    /// When, seconds since 1970.
    pub at: i64,
    /// Of the message that used it.
    pub answer: Option<Fingerprint>,
    /// Whom it confirmed.
    pub answered: Option<Answered>,
}

/// What became of a message that is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// When, seconds since 1970.
    pub at: i64,
    /// Of its Message-ID.
    pub message_id: Option<Fingerprint>,
    /// Of its author.
    pub sender: Option<Fingerprint>,
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// A request for the right to send one challenge.
#[derive(Clone, Debug)]
pub struct SlotRequest {
    /// The challenged mailbox under the current key.
    pub key: Fingerprint,
    /// The same mailbox under older keys.
    pub older: Vec<Fingerprint>,
    /// The limits.
    pub caps: Caps,
    /// What the message looks like, if it says enough to be compared.
    pub alike: Option<Alike>,
    /// Seconds since 1970.
    pub now: i64,
}

/// What was found when a message was recorded as held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whether this process, and no other, may send the challenge.
    pub slot: bool,
    /// Whether the sender was allowed in the meantime, so that the message can be released at once.
    pub allowed: Option<Entry>,
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

    /// The list entry under this key.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn entry(&self, key: &Fingerprint) -> Result<Option<Entry>, StoreProblem> {
        Ok(entry_of(&self.db, key)?)
    }

    /// Writes a list entry, in place of an older one under this key and under `older`.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn put_entry(
        &mut self,
        key: (KeyId, Fingerprint),
        kind: Kind,
        entry: &Entry,
        older: &[Fingerprint],
    ) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        insert_entry(&change, key, kind, entry, older)?;
        Ok(change.commit()?)
    }

    /// Moves a list entry from an older key to the current one; an entry that is there already wins.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn renew_entry(&mut self, old: &Fingerprint, key: (KeyId, Fingerprint)) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        let sql = "UPDATE OR IGNORE entry SET key = ?2, kid = ?3 WHERE key = ?1";
        change.execute(sql, params![old.bytes(), key.1.bytes(), key.0.number()])?;
        change.execute("DELETE FROM entry WHERE key = ?1", [old.bytes()])?;
        Ok(change.commit()?)
    }

    /// Removes the list entries under these keys; how many there were.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn remove_entries(&mut self, keys: &[Fingerprint]) -> Result<usize, StoreProblem> {
        let change = self.immediate()?;
        let mut count = 0;
        for key in keys {
            count += change.execute("DELETE FROM entry WHERE key = ?1", [key.bytes()])?;
        }
        change.commit()?;
        Ok(count)
    }

    /// How many entries allow and deny.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn count_entries(&self) -> Result<(u64, u64), StoreProblem> {
        let count = |effect: Effect| -> rusqlite::Result<u64> {
            let sql = "SELECT count(*) FROM entry WHERE effect = ?1";
            let number: i64 = self.db.query_row(sql, [effect_number(effect)], |row| row.get(0))?;
            Ok(u64::try_from(number).unwrap_or_default())
        };
        Ok((count(Effect::Allow)?, count(Effect::Deny)?))
    }

    /// How many allow entries are pinned to a proof.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn count_pinned(&self) -> Result<u64, StoreProblem> {
        let sql = "SELECT count(*) FROM entry WHERE effect = ?1 AND pin <> 0";
        let number: i64 = self.db.query_row(sql, [effect_number(Effect::Allow)], |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or_default())
    }

    /// How often and when challenges went out, for the mailbox under any of these keys.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn history(&self, keys: &[Fingerprint], now: i64) -> Result<History, StoreProblem> {
        Ok(history_of(&self.db, keys, now)?)
    }

    /// Remembers that the mailbox under this key says that it was not them, and wants no more challenges.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn opt_out(&mut self, key: &Fingerprint, now: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        change.execute("INSERT OR IGNORE INTO opted_out (key, at) VALUES (?1, ?2)", params![key.bytes(), now])?;
        Ok(change.commit()?)
    }

    /// Forgets that; whether there was anything to forget.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn opt_in(&mut self, keys: &[Fingerprint]) -> Result<bool, StoreProblem> {
        let change = self.immediate()?;
        let mut count = 0;
        for key in keys {
            count += change.execute("DELETE FROM opted_out WHERE key = ?1", [key.bytes()])?;
        }
        change.commit()?;
        Ok(count > 0)
    }

    /// Writes down what a message looks like, for [`Store::alike`].
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn note_alike(&mut self, alike: &Alike, now: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        for pair in &alike.pairs {
            change.execute(
                "INSERT OR REPLACE INTO alike (shape, sender, at) VALUES (?1, ?2, ?3)",
                params![pair.bytes(), alike.sender.bytes(), now],
            )?;
        }
        Ok(change.commit()?)
    }

    /// How many other senders wrote a similar message within the last 60 minutes.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn alike(&self, alike: &Alike, now: i64) -> Result<u32, StoreProblem> {
        Ok(alike_of(&self.db, alike, now)?)
    }

    /// What is remembered of the token for this message, if it was used.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn spent(&self, held: HeldId) -> Result<Option<SpentRow>, StoreProblem> {
        Ok(spent_of(&self.db, held)?)
    }

    /// Remembers that the token for this message was used by that answer, where it allowed nobody.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn spend(&mut self, held: HeldId, answer: Fingerprint, now: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        change.execute(
            "INSERT OR IGNORE INTO spent (held, at, answer) VALUES (?1, ?2, ?3)",
            params![held.number(), now, answer.bytes()],
        )?;
        Ok(change.commit()?)
    }

    /// Writes the entry of a confirmed address and that the token is spent, in one transaction: an answer that is
    /// handed over again finds both or neither. An entry that is there already stays as it is, if under an older key
    /// then rewritten under the new one. Nothing is written, and the answer is `false`, if another message used the
    /// token meanwhile or the user denied the address.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn confirm(
        &mut self,
        key: (KeyId, Fingerprint),
        entry: &Entry,
        older: &[Fingerprint],
        (held, answer): (HeldId, Fingerprint),
    ) -> Result<bool, StoreProblem> {
        let change = self.immediate()?;
        if spent_of(&change, held)?.is_some_and(|row| row.answer != Some(answer)) {
            return Ok(false);
        }
        let mut before = None;
        for known in std::iter::once(&key.1).chain(older) {
            before = before.or(entry_of(&change, known)?);
        }
        if before.is_some_and(|entry| entry.effect == Effect::Deny) {
            return Ok(false);
        }
        insert_entry(&change, key, Kind::Address, &before.unwrap_or(*entry), older)?;
        change.execute(
            "INSERT OR IGNORE INTO spent (held, at, answer, sender, pin) VALUES (?1,?2,?3,?4,?5)",
            params![held.number(), entry.added, answer.bytes(), key.1.bytes(), entry.pin.bits()],
        )?;
        change.commit()?;
        Ok(true)
    }

    /// Records a message that is durable in the quarantine, and takes the challenge's slot if one is asked for and
    /// still free: the check and the taking are one transaction, so of 64 processes one gets it.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn record_held(&mut self, row: &HeldRow, slot: Option<SlotRequest>) -> Result<Recorded, StoreProblem> {
        let change = self.immediate()?;
        let slot = match slot {
            Some(request) => take_slot(&change, request)?,
            None => false,
        };
        let row = HeldRow { asked: if slot { Asked::SlotTaken } else { row.asked }, ..*row };
        insert_held(&change, &row)?;
        let allowed = match &row.sender {
            Some(sender) => entry_of(&change, sender)?.filter(|entry| entry.effect == Effect::Allow),
            None => None,
        };
        change.commit()?;
        Ok(Recorded { slot, allowed })
    }

    /// Takes a slot for a message that is recorded already (`challenge ID`, or a second try).
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn claim_slot(&mut self, held: HeldId, request: SlotRequest) -> Result<bool, StoreProblem> {
        let change = self.immediate()?;
        let taken = take_slot(&change, request)?;
        if taken {
            update(&change, "UPDATE held SET asked = ?2 WHERE id = ?1", held, asked_number(Asked::SlotTaken))?;
        }
        change.commit()?;
        Ok(taken)
    }

    /// Takes a slot for a mail that belongs to no held message of its own.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn take_slot(&mut self, request: SlotRequest) -> Result<bool, StoreProblem> {
        let change = self.immediate()?;
        let taken = take_slot(&change, request)?;
        change.commit()?;
        Ok(taken)
    }

    /// Claims the one second try that a definite refusal of sendmail leaves; only one process gets it.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn claim_second_try(&mut self, held: HeldId) -> Result<bool, StoreProblem> {
        let change = self.immediate()?;
        let claimed = change.execute(
            "UPDATE held SET asked = ?2 WHERE id = ?1 AND asked = ?3 AND state = 1",
            params![held.number(), asked_number(Asked::RefusedTwice), asked_number(Asked::Refused)],
        )?;
        change.commit()?;
        Ok(claimed == 1)
    }

    /// Writes down what sendmail said.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_asked(&mut self, held: HeldId, asked: Asked) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        update(&change, "UPDATE held SET asked = ?2 WHERE id = ?1", held, asked_number(asked))?;
        Ok(change.commit()?)
    }

    /// Writes down that the challenge for this message came back; only one that perhaps went out can.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_undeliverable(&mut self, held: HeldId) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        change.execute(
            "UPDATE held SET asked = ?2, listed = 0 WHERE id = ?1 AND asked IN (?3, ?4, ?5)",
            params![
                held.number(),
                asked_number(Asked::Undeliverable),
                asked_number(Asked::SlotTaken),
                asked_number(Asked::Sent),
                asked_number(Asked::Unknown)
            ],
        )?;
        Ok(change.commit()?)
    }

    /// Writes down a new reason for a message that is held; the next digest lists it again.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_reason(&mut self, held: HeldId, reason: Reason) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        let sql = "UPDATE held SET reason = ?2, listed = 0 WHERE id = ?1 AND state = 1 AND reason <> ?2";
        update(&change, sql, held, i64::from(reason.number()))?;
        Ok(change.commit()?)
    }

    /// Writes down what became of a held message.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_state(&mut self, held: HeldId, state: State) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        // That the file is gone is only seen when nothing else is known: who released it meanwhile knows more.
        let condition = if state == State::Gone { " AND state = 1" } else { "" };
        let sql = format!("UPDATE held SET state = ?2 WHERE id = ?1{condition}");
        update(&change, &sql, held, state_number(state))?;
        Ok(change.commit()?)
    }

    /// Writes down that the user put a message back into the quarantine. No digest has listed it there, and its time
    /// begins anew: the old one may be over.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn restore(&mut self, held: HeldId, now: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        let sql = "UPDATE held SET state = 1, listed = 0, received = ?2 WHERE id = ?1 AND state <> 1";
        update(&change, sql, held, now)?;
        Ok(change.commit()?)
    }

    /// Writes down that a digest listed these messages; the first time counts.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_listed(&mut self, held: &[HeldId], now: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        for id in held {
            change.execute("UPDATE held SET listed = ?2 WHERE id = ?1 AND listed = 0", params![id.number(), now])?;
        }
        Ok(change.commit()?)
    }

    /// The row of one message.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn held(&self, id: HeldId) -> Result<Option<HeldRow>, StoreProblem> {
        Ok(self.rows("WHERE id = ?1", [id.number()])?.pop())
    }

    /// Every row in the state [`State::Held`], oldest first.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn all_held(&self) -> Result<Vec<HeldRow>, StoreProblem> {
        self.rows("WHERE state = 1 ORDER BY received, id", [])
    }

    /// Every row of one author, whatever its state.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn held_from(&self, sender: &Fingerprint) -> Result<Vec<HeldRow>, StoreProblem> {
        self.rows("WHERE sender = ?1 ORDER BY received, id", [sender.bytes()])
    }

    /// Every row of one Message-ID, whatever its state.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn held_with_message_id(&self, id: &Fingerprint) -> Result<Vec<HeldRow>, StoreProblem> {
        self.rows("WHERE message_id = ?1 ORDER BY received, id", [id.bytes()])
    }

    /// Writes down what became of a message that is not held.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn record_decision(&mut self, row: &DecisionRow, number: i64) -> Result<(), StoreProblem> {
        let change = self.immediate()?;
        change.execute(
            "INSERT OR REPLACE INTO decision (at, number, message_id, sender, verdict, reason) VALUES (?1,?2,?3,?4,?5,?6)",
            params![
                row.at,
                number,
                row.message_id.as_ref().map(Fingerprint::bytes),
                row.sender.as_ref().map(Fingerprint::bytes),
                verdict_number(row.verdict),
                row.reason.number()
            ],
        )?;
        Ok(change.commit()?)
    }

    /// Every decision about one Message-ID or author.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn decisions(&self, key: &Fingerprint) -> Result<Vec<DecisionRow>, StoreProblem> {
        let sql = "SELECT at, message_id, sender, verdict, reason FROM decision \
                   WHERE message_id = ?1 OR sender = ?1 ORDER BY at, number";
        let mut query = self.db.prepare(sql)?;
        let rows = query.query_map([key.bytes()], |row| {
            Ok((row.get(0)?, fingerprint(row, 1)?, fingerprint(row, 2)?, row.get::<_, i64>(3)?, row.get::<_, u16>(4)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (at, message_id, sender, verdict, reason) = row?;
            let verdict = verdict_from(verdict).ok_or(StoreProblem::Corrupt)?;
            let reason = Reason::from_number(reason).ok_or(StoreProblem::Corrupt)?;
            found.push(DecisionRow { at, message_id, sender, verdict, reason });
        }
        Ok(found)
    }

    /// Forgets what is no longer needed: decisions, spent tokens, challenges, and rows of messages that are no longer
    /// held; and what a clock wrote that was wrong. How many rows went.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn prune(&mut self, limits: Limits) -> Result<usize, StoreProblem> {
        let change = self.immediate()?;
        let rows = [limits.rows, limits.ahead];
        let mut count = change.execute("DELETE FROM decision WHERE at < ?1 OR at > ?2", rows)?;
        let challenges = [limits.challenges, limits.ahead];
        count += change.execute("DELETE FROM challenge WHERE at < ?1 OR at > ?2", challenges)?;
        // A token counts as long as its message is held, however long that is, and must never count again.
        let sql = "DELETE FROM spent WHERE at < ?1 AND held NOT IN (SELECT id FROM held WHERE state = 1)";
        count += change.execute(sql, [limits.spent])?;
        count += change.execute("DELETE FROM alike WHERE at < ?1 OR at > ?2", rows)?;
        count += change.execute("DELETE FROM held WHERE state <> 1 AND received < ?1", [limits.rows])?;
        change.commit()?;
        Ok(count)
    }

    fn immediate(&mut self) -> Result<Transaction<'_>, StoreProblem> {
        Ok(self.db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    fn rows(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<HeldRow>, StoreProblem> {
        let sql = format!(
            "SELECT id, message, message_id, sender, proofs, reason, received, listed, asked, state FROM held {condition}"
        );
        let mut query = self.db.prepare(&sql)?;
        let mut rows = query.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(held_row(row)?.ok_or(StoreProblem::Corrupt)?);
        }
        Ok(found)
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
            StoreProblem::Missing => out.write_str("there is no store; `countersign init` makes one"),
            StoreProblem::Newer(version) => {
                write!(
                    out,
                    "a newer version of this program wrote the store (schema {version}, this one knows {VERSION})"
                )
            }
        }
    }
}

impl std::error::Error for StoreProblem {}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// SQLite keeps the text of every table and reads it at each start: the comments are for people, who have the file.
fn without_comments(sql: &str) -> String {
    sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim()).collect::<Vec<_>>().join(" ")
}

/// Brings a store to this schema, in one transaction: all of it or nothing. The version it had before; another process
/// may have done it meanwhile, or be a newer program.
fn migrate(db: &mut Connection, to: i64) -> Result<i64, StoreProblem> {
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
fn columns(db: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let sql = "SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut query = db.prepare(sql)?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

fn take_slot(change: &Transaction<'_>, request: SlotRequest) -> rusqlite::Result<bool> {
    let keys: Vec<Fingerprint> = std::iter::once(request.key).chain(request.older).collect();
    let mut history = history_of(change, &keys, request.now)?;
    if let Some(alike) = &request.alike {
        history.alike = alike_of(change, alike, request.now)?;
    }
    // The same limits as at the decision; other processes may have been faster since.
    let free = request.caps.leave_room(&history, request.now).is_ok() && history.opted_out.is_none();
    if free {
        change.execute(
            "INSERT OR REPLACE INTO challenge (key, at) VALUES (?1, ?2)",
            params![request.key.bytes(), request.now],
        )?;
    }
    Ok(free)
}

fn history_of(db: &Connection, keys: &[Fingerprint], now: i64) -> rusqlite::Result<History> {
    let mut history = History::default();
    // What a clock wrote that was ahead of the time must not block for ever.
    let latest = now.saturating_add(CLOCK_SLACK);
    for key in keys {
        let sql = "SELECT at FROM challenge WHERE key = ?1 AND at <= ?2";
        let at = db.query_row(sql, params![key.bytes(), latest], |row| row.get::<_, i64>(0));
        history.asked = history.asked.max(at.optional()?);
        let at = db.query_row("SELECT at FROM opted_out WHERE key = ?1", [key.bytes()], |row| row.get::<_, i64>(0));
        history.opted_out = history.opted_out.max(at.optional()?);
    }
    let since = |seconds: i64| -> rusqlite::Result<u32> {
        let sql = "SELECT count(*) FROM challenge WHERE at > ?1 AND at <= ?2";
        let count: i64 = db.query_row(sql, [now.saturating_sub(seconds), latest], |row| row.get(0))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    history.last_hour = since(3_600)?;
    history.last_day = since(86_400)?;
    let sql = "SELECT count(*) FROM (SELECT asked FROM held WHERE asked IN (?1, ?2, ?3) AND received > ?4 \
               ORDER BY received DESC LIMIT ?5) WHERE asked = ?1";
    let came_back: i64 = db.query_row(
        sql,
        params![
            asked_number(Asked::Undeliverable),
            asked_number(Asked::Sent),
            asked_number(Asked::Unknown),
            now.saturating_sub(RECENT_SECONDS),
            RECENT_CHALLENGES
        ],
        |row| row.get(0),
    )?;
    history.undeliverable = u32::try_from(came_back).unwrap_or(u32::MAX);
    Ok(history)
}

fn alike_of(db: &Connection, alike: &Alike, now: i64) -> rusqlite::Result<u32> {
    let mut shared: HashMap<[u8; 16], usize> = HashMap::new();
    let mut query = db.prepare("SELECT sender FROM alike WHERE shape = ?1 AND sender <> ?2 AND at > ?3")?;
    for pair in &alike.pairs {
        let values = params![pair.bytes(), alike.sender.bytes(), now.saturating_sub(ALIKE_SECONDS)];
        for sender in query.query_map(values, |row| row.get(0))? {
            *shared.entry(sender?).or_default() += 1;
        }
    }
    let count = shared.into_values().filter(|pairs| *pairs >= alike.needed()).count();
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn entry_of(db: &Connection, key: &Fingerprint) -> rusqlite::Result<Option<Entry>> {
    let sql = "SELECT effect, pin, origin, added FROM entry WHERE key = ?1";
    let row = db.query_row(sql, [key.bytes()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, u8>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    });
    let Some((effect, pin, origin, added)) = row.optional()? else { return Ok(None) };
    let entry = || {
        Some(Entry { effect: effect_from(effect)?, pin: Proofs::from_bits(pin)?, origin: origin_from(origin)?, added })
    };
    match entry() {
        Some(entry) => Ok(Some(entry)),
        None => Err(rusqlite::Error::InvalidQuery),
    }
}

fn insert_entry(
    change: &Transaction<'_>,
    key: (KeyId, Fingerprint),
    kind: Kind,
    entry: &Entry,
    older: &[Fingerprint],
) -> rusqlite::Result<()> {
    for old in older {
        change.execute("DELETE FROM entry WHERE key = ?1", [old.bytes()])?;
    }
    change.execute(
        "INSERT OR REPLACE INTO entry (key, kind, effect, pin, origin, kid, added) VALUES (?1,?2,?3,?4,?5,?6,?7)",
        params![
            key.1.bytes(),
            kind_number(kind),
            effect_number(entry.effect),
            entry.pin.bits(),
            origin_number(entry.origin),
            key.0.number(),
            entry.added
        ],
    )?;
    Ok(())
}

fn spent_of(db: &Connection, held: HeldId) -> rusqlite::Result<Option<SpentRow>> {
    let sql = "SELECT answer, sender, pin, at FROM spent WHERE held = ?1";
    let row = db.query_row(sql, [held.number()], |row| {
        let pin = row.get::<_, Option<u8>>(2)?.and_then(Proofs::from_bits);
        let sender = fingerprint(row, 1)?;
        let answered = sender.zip(pin).map(|(sender, pin)| Answered { sender, pin });
        Ok(SpentRow { at: row.get(3)?, answer: fingerprint(row, 0)?, answered })
    });
    row.optional()
}

fn insert_held(change: &Transaction<'_>, row: &HeldRow) -> rusqlite::Result<()> {
    change.execute(
        "INSERT OR IGNORE INTO held (id, message, message_id, sender, proofs, reason, received, listed, asked, state) \
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
        params![
            row.id.number(),
            row.message.bytes(),
            row.message_id.as_ref().map(Fingerprint::bytes),
            row.sender.as_ref().map(Fingerprint::bytes),
            row.proofs.bits(),
            row.reason.number(),
            row.received,
            row.listed.unwrap_or_default(),
            asked_number(row.asked),
            state_number(row.state)
        ],
    )?;
    Ok(())
}

fn update(change: &Transaction<'_>, sql: &str, held: HeldId, value: i64) -> rusqlite::Result<()> {
    change.execute(sql, params![held.number(), value]).map(|_| ())
}

fn held_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<HeldRow>> {
    let message = fingerprint(row, 1)?;
    let (id, proofs, reason): (i64, u8, u16) = (row.get(0)?, row.get(4)?, row.get(5)?);
    let (received, listed, asked, state): (i64, i64, i64, i64) = (row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?);
    let (message_id, sender) = (fingerprint(row, 2)?, fingerprint(row, 3)?);
    let build = || {
        Some(HeldRow {
            id: HeldId::from_number(id)?,
            message: message?,
            message_id,
            sender,
            proofs: Proofs::from_bits(proofs)?,
            reason: Reason::from_number(reason)?,
            received,
            listed: (listed > 0).then_some(listed),
            asked: ASKED.iter().find(|(_, number)| *number == asked)?.0,
            state: STATES.iter().find(|(_, number)| *number == state)?.0,
        })
    };
    Ok(build())
}

fn fingerprint(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Fingerprint>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    Ok(bytes.and_then(|bytes| Fingerprint::from_bytes(&bytes)))
}

const ASKED: [(Asked, i64); 7] = [
    (Asked::No, 0),
    (Asked::SlotTaken, 1),
    (Asked::Sent, 2),
    (Asked::Refused, 3),
    (Asked::Unknown, 4),
    (Asked::RefusedTwice, 5),
    (Asked::Undeliverable, 6),
];

const STATES: [(State, i64); 5] =
    [(State::Held, 1), (State::Released, 2), (State::Discarded, 3), (State::Expired, 4), (State::Gone, 5)];

const VERDICTS: [(Verdict, i64); 4] =
    [(Verdict::Pass, 1), (Verdict::Hold, 2), (Verdict::Challenge, 3), (Verdict::Discard, 4)];

const ORIGINS: [(Origin, i64); 3] = [(Origin::Manual, 1), (Origin::Confirmed, 2), (Origin::Released, 3)];

const EFFECTS: [(Effect, i64); 2] = [(Effect::Allow, 1), (Effect::Deny, 2)];

fn number_of<T: PartialEq>(table: &[(T, i64)], value: &T) -> i64 {
    table.iter().find(|(known, _)| known == value).map_or(0, |(_, number)| *number)
}

fn asked_number(asked: Asked) -> i64 {
    number_of(&ASKED, &asked)
}

fn state_number(state: State) -> i64 {
    number_of(&STATES, &state)
}

fn verdict_number(verdict: Verdict) -> i64 {
    number_of(&VERDICTS, &verdict)
}

fn verdict_from(number: i64) -> Option<Verdict> {
    VERDICTS.iter().find(|(_, known)| *known == number).map(|(verdict, _)| *verdict)
}

fn origin_number(origin: Origin) -> i64 {
    number_of(&ORIGINS, &origin)
}

fn origin_from(number: i64) -> Option<Origin> {
    ORIGINS.iter().find(|(_, known)| *known == number).map(|(origin, _)| *origin)
}

fn effect_number(effect: Effect) -> i64 {
    number_of(&EFFECTS, &effect)
}

fn effect_from(number: i64) -> Option<Effect> {
    EFFECTS.iter().find(|(_, known)| *known == number).map(|(effect, _)| *effect)
}

fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Domain => 2,
        Kind::List => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::key::SecretKey;

    fn of(text: &str) -> Fingerprint {
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
    fn the_steps_lead_to_the_version_and_grow() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(MIGRATIONS.first().map(|(number, _)| *number), Some(1));
        assert_eq!(MIGRATIONS.last().map(|(number, _)| *number), Some(VERSION));
    }

    #[test]
    fn an_older_store_ends_like_a_fresh_one_and_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (old, fresh) = (folder.path().join("old"), folder.path().join("fresh"));
        first_version(&old);
        let db = Connection::open(&old).unwrap();
        let insert = "INSERT INTO entry (key, kind, effect, pin, origin, kid, added) VALUES (?1, 1, 1, 0, 1, 1, 5)";
        db.execute(insert, [of("bob").bytes()]).unwrap();
        drop(db);
        assert!(Store::create(&fresh).unwrap());
        for _ in 0..2 {
            let store = Store::open(&old).unwrap();
            assert_eq!(store.entry(&of("bob")).unwrap().map(|entry| entry.added), Some(5));
            assert_eq!(version(&store.db).unwrap(), VERSION);
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

    #[test]
    fn who_opted_out_gets_no_slot_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 };
        let request = SlotRequest { key: of("new"), older: vec![of("old")], caps, alike: None, now: 1_000_000 };
        store.opt_out(&of("old"), 500).unwrap();
        store.opt_out(&of("old"), 600).unwrap();
        assert_eq!(store.history(&[of("new"), of("old")], 700).unwrap().opted_out, Some(500));
        assert!(!store.take_slot(request.clone()).unwrap());
        store.prune(Limits { rows: i64::MAX, challenges: i64::MAX, spent: i64::MAX, ahead: i64::MAX }).unwrap();
        assert!(!store.take_slot(request.clone()).unwrap(), "it is never forgotten by itself");
        assert!(store.opt_in(&[of("old")]).unwrap());
        assert!(!store.opt_in(&[of("old")]).unwrap());
        assert!(store.take_slot(request.clone()).unwrap());
    }

    #[test]
    fn similar_messages_of_other_senders_are_counted_for_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let pairs = |texts: &[&str]| texts.iter().map(|text| of(text)).collect();
        // One pair of the three is each sender's own.
        let alike = |sender: &str| Alike { pairs: pairs(&["one", "two", sender]), sender: of(sender) };
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 3 };
        let slot = |store: &mut Store, sender: &str, now| {
            store.note_alike(&alike(sender), now).unwrap();
            let request = SlotRequest { key: of(sender), older: Vec::new(), caps, alike: Some(alike(sender)), now };
            store.take_slot(request).unwrap()
        };
        assert!(slot(&mut store, "a", 10_000));
        assert!(slot(&mut store, "b", 10_001));
        assert!(!slot(&mut store, "c", 10_002), "the third of three");
        assert_eq!(store.alike(&alike("c"), 10_002).unwrap(), 2, "the sender's own does not count");
        let other = |texts: &[&str]| Alike { pairs: pairs(texts), sender: of("d") };
        assert_eq!(store.alike(&other(&["four", "five", "six"]), 10_002).unwrap(), 0);
        assert_eq!(store.alike(&other(&["one", "five", "six"]), 10_002).unwrap(), 0, "one pair of three is chance");
        assert_eq!(store.alike(&alike("d"), 13_600).unwrap(), 2, "an hour after the first it counts no more");
        assert!(slot(&mut store, "d", 20_000));
    }

    #[test]
    fn too_many_that_came_back_stop_the_rest_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let row = |number: u64, asked, received| HeldRow {
            id: HeldId::from_random(number),
            message: of(&number.to_string()),
            message_id: None,
            sender: None,
            proofs: Proofs::NONE,
            reason: Reason::Challenge,
            received,
            listed: None,
            asked,
            state: State::Held,
        };
        for number in 0..60 {
            store.record_held(&row(number, Asked::Sent, 1_000_000 + number as i64), None).unwrap();
        }
        for number in 0..30 {
            store.set_undeliverable(HeldId::from_random(number)).unwrap();
        }
        let now = 1_000_100;
        assert_eq!(store.history(&[], now).unwrap().undeliverable, 20, "the ten oldest of 60 are not looked at");
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 };
        let slot = |now| SlotRequest { key: of("new"), older: Vec::new(), caps, alike: None, now };
        assert!(!store.take_slot(slot(now)).unwrap());
        assert!(store.take_slot(slot(now + RECENT_SECONDS)).unwrap());
        // What was never sent cannot come back.
        store.record_held(&row(99, Asked::No, now), None).unwrap();
        store.set_undeliverable(HeldId::from_random(99)).unwrap();
        assert_eq!(store.held(HeldId::from_random(99)).unwrap().map(|row| row.asked), Some(Asked::No));
    }
}
