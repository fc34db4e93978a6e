//! Challenges sent: who was asked and when, who wants no more, and the right to send the next one.
//!
//! Promises: the limits are checked and a slot is taken in one transaction. Never touches: sendmail.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::alike::alike_of;
use super::file::Store;
use super::problem::StoreProblem;
use super::state::{Asked, asked_number};
use crate::policy::Caps;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::standing::{Alike, History, WentOut};
use crate::policy::token::HeldId;

/// So far ahead of the time, in seconds, a row may be and still count: clocks are set back now and then.
pub const CLOCK_SLACK: i64 = 86_400;
/// Of so many challenges one looks how many came back.
const RECENT_CHALLENGES: u32 = 50;
/// How old they may be in seconds: without an end, a breaker that has tripped would never close again.
const RECENT_SECONDS: i64 = 7 * 86_400;

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

impl Store {
    /// How often and when challenges went out, for the mailbox under any of these keys.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn history(&self, keys: &[Fingerprint], now: i64) -> Result<History, StoreProblem> {
        Ok(history_of(self.messages()?, keys, now)?)
    }

    /// When the mailbox under any of these keys said that it was not them, and wants no more challenges.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn opted_out_at(&self, keys: &[Fingerprint]) -> Result<Option<i64>, StoreProblem> {
        Ok(opted_out_of(self.messages()?, keys)?)
    }

    /// Remembers that the mailbox under this key says that it was not them, and wants no more challenges; `in_words`, if
    /// that may be taken back. What was said for good stays so.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn opt_out(&mut self, key: &Fingerprint, now: i64, in_words: bool) -> Result<(), StoreProblem> {
        let change = self.change()?;
        let sql = "INSERT INTO opted_out (key, at, in_words) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (key) DO UPDATE SET in_words = min(in_words, excluded.in_words)";
        change.execute(sql, params![key.bytes(), now, in_words])?;
        Ok(change.commit()?)
    }

    /// Forgets what the mailbox under these keys said in ordinary words.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn take_back(&mut self, keys: &[Fingerprint]) -> Result<(), StoreProblem> {
        // Hardly anybody said it, and to look takes no lock from others.
        if self.opted_out_at(keys)?.is_none() {
            return Ok(());
        }
        let change = self.change()?;
        for key in keys {
            change.execute("DELETE FROM opted_out WHERE key = ?1 AND in_words = 1", [key.bytes()])?;
        }
        Ok(change.commit()?)
    }

    /// Forgets that; whether there was anything to forget.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn opt_in(&mut self, keys: &[Fingerprint]) -> Result<bool, StoreProblem> {
        let change = self.change()?;
        let mut count = 0;
        for key in keys {
            count += change.execute("DELETE FROM opted_out WHERE key = ?1", [key.bytes()])?;
        }
        change.commit()?;
        Ok(count > 0)
    }

    /// Takes a slot for one more mail about a message that was asked about before: an answer to that mail is measured
    /// from here.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn take_slot(&mut self, held: HeldId, request: SlotRequest) -> Result<bool, StoreProblem> {
        let change = self.change()?;
        let at = request.now;
        let taken = take_slot(&change, request)?;
        if taken {
            set_slot(&change, held, at)?;
        }
        change.commit()?;
        Ok(taken)
    }

    /// Writes down when sendmail had ended that sent the last mail about a message.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_sent(&mut self, held: HeldId, ended: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        change.execute("UPDATE held SET sent = ?2 WHERE id = ?1 AND slot > 0", params![held.number(), ended])?;
        Ok(change.commit()?)
    }

    /// When the last mail about a held message went out.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn went_out(&self, held: HeldId) -> Result<WentOut, StoreProblem> {
        let sql = "SELECT slot, sent FROM held WHERE id = ?1";
        let known = |seconds: i64| (seconds > 0).then_some(seconds);
        let row = self
            .messages()?
            .query_row(sql, [held.number()], |row| Ok(WentOut { slot: known(row.get(0)?), sent: known(row.get(1)?) }));
        Ok(row.optional()?.unwrap_or_default())
    }

    /// Makes it so that the challenge for a message went out so many seconds earlier, as if the time had gone by. Whoever
    /// can call it can write the store anyway.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn challenge_was_earlier(&mut self, held: HeldId, seconds: u32) -> Result<(), StoreProblem> {
        let change = self.change()?;
        let sql = "UPDATE held SET slot = max(slot - ?2, 0), sent = max(sent - ?2, 0) WHERE id = ?1";
        change.execute(sql, params![held.number(), seconds])?;
        Ok(change.commit()?)
    }
}

pub(super) fn take_slot(change: &Transaction<'_>, request: SlotRequest) -> rusqlite::Result<bool> {
    let keys: Vec<Fingerprint> = std::iter::once(request.key).chain(request.older).collect();
    let mut history = history_of(change, &keys, request.now)?;
    if let Some(alike) = &request.alike {
        history.alike = alike_of(change, alike, request.caps.breaker_alike, request.now)?;
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

/// Writes down when the slot for a message was taken; what an earlier run of sendmail said of its end is over.
pub(super) fn set_slot(change: &Transaction<'_>, held: HeldId, now: i64) -> rusqlite::Result<()> {
    change.execute("UPDATE held SET slot = ?2, sent = 0 WHERE id = ?1", params![held.number(), now]).map(|_| ())
}

fn opted_out_of(db: &Connection, keys: &[Fingerprint]) -> rusqlite::Result<Option<i64>> {
    let mut query = db.prepare("SELECT at FROM opted_out WHERE key = ?1")?;
    let mut latest = None;
    for key in keys {
        latest = latest.max(query.query_row([key.bytes()], |row| row.get::<_, i64>(0)).optional()?);
    }
    Ok(latest)
}

fn history_of(db: &Connection, keys: &[Fingerprint], now: i64) -> rusqlite::Result<History> {
    let mut history = History::default();
    // What a clock wrote that was ahead of the time must not block for ever.
    let latest = now.saturating_add(CLOCK_SLACK);
    for key in keys {
        let sql = "SELECT at FROM challenge WHERE key = ?1 AND at <= ?2";
        let at = db.query_row(sql, params![key.bytes(), latest], |row| row.get::<_, i64>(0));
        history.asked = history.asked.max(at.optional()?);
    }
    history.opted_out = opted_out_of(db, keys)?;
    let since = |seconds: i64| -> rusqlite::Result<u32> {
        let sql = "SELECT count(*) FROM challenge WHERE at > ?1 AND at <= ?2";
        let count: i64 = db.query_row(sql, [now.saturating_sub(seconds), latest], |row| row.get(0))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    history.last_hour = since(3_600)?;
    history.last_day = since(86_400)?;
    let sql = "SELECT count(*) FROM (SELECT asked FROM held WHERE asked IN (?1, ?2, ?3, ?4) AND received > ?5 \
               ORDER BY received DESC LIMIT ?6) WHERE asked = ?1";
    let came_back: i64 = db.query_row(
        sql,
        params![
            asked_number(Asked::Undeliverable),
            asked_number(Asked::SlotTaken),
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

#[cfg(test)]
mod tests {
    use super::super::file::tests::{of, store};
    use super::super::{HeldRow, Limits, State};
    use super::*;
    use crate::origin::auth::Proofs;
    use crate::policy::reason::Reason;

    /// The number of no held message.
    fn nobody() -> HeldId {
        HeldId::from_random(0)
    }

    fn held(number: u64, asked: Asked, received: i64) -> HeldRow {
        HeldRow {
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
            looks: 0,
        }
    }

    #[test]
    fn when_a_challenge_went_out_is_remembered_by_its_message() {
        let (_folder, mut store) = store();
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 };
        let request = |name: &str, now| SlotRequest { key: of(name), older: Vec::new(), caps, alike: None, now };
        let row = held(7, Asked::No, 1_000);
        let went_out = |store: &Store| store.went_out(row.id).map(|known| (known.slot, known.sent)).unwrap();
        assert_eq!(went_out(&store), (None, None), "no such message");
        // Without a slot, and with one that is not free.
        store.record_held(&row, None, None).unwrap();
        assert!(store.take_slot(nobody(), request("a", 2_000)).unwrap());
        assert!(!store.claim_slot(row.id, request("a", 2_001)).unwrap());
        assert_eq!(went_out(&store), (None, None));
        assert!(store.claim_slot(row.id, request("b", 2_002)).unwrap());
        assert_eq!(went_out(&store), (Some(2_002), None));
        let asked = |store: &Store| store.held(row.id).unwrap().map(|row| row.asked);
        store.set_sent(row.id, 2_004).unwrap();
        assert_eq!(went_out(&store), (Some(2_002), Some(2_004)));
        assert_eq!(asked(&store), Some(Asked::SlotTaken));
        assert!(!store.claim_second_try(row.id, 2_500).unwrap(), "nobody refused it");
        store.set_asked(row.id, Asked::Refused).unwrap();
        assert!(store.claim_second_try(row.id, 3_000).unwrap());
        assert_eq!(went_out(&store), (Some(3_000), None), "the first try is over");
        store.set_asked(row.id, Asked::Refused).unwrap();
        assert_eq!(asked(&store), Some(Asked::RefusedTwice));
        assert!(!store.claim_second_try(row.id, 3_001).unwrap());
        assert!(store.take_slot(row.id, request("c", 4_000)).unwrap());
        assert_eq!(went_out(&store), (Some(4_000), None), "one more mail about it");
        store.set_sent(row.id, 4_050).unwrap();
        assert_eq!(asked(&store), Some(Asked::RefusedTwice), "of the challenge, as before");
        store.challenge_was_earlier(row.id, 100).unwrap();
        assert_eq!(went_out(&store), (Some(3_900), Some(3_950)));
        store.challenge_was_earlier(row.id, 100_000).unwrap();
        assert_eq!(went_out(&store), (None, None));
        store.set_sent(row.id, 5_000).unwrap();
        assert_eq!(went_out(&store), (None, None), "nothing went out without a slot");
    }

    #[test]
    fn the_slot_of_a_message_that_comes_in_is_taken_with_its_row() {
        let (_folder, mut store) = store();
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 };
        let request = |now| Some(SlotRequest { key: of("a"), older: Vec::new(), caps, alike: None, now });
        assert!(store.record_held(&held(1, Asked::No, 1_000), None, request(1_000)).unwrap().slot);
        assert!(!store.record_held(&held(2, Asked::No, 1_001), None, request(1_001)).unwrap().slot);
        let slot = |number| store.went_out(HeldId::from_random(number)).unwrap().slot;
        assert_eq!((slot(1), slot(2)), (Some(1_000), None));
    }

    #[test]
    fn who_opted_out_gets_no_slot_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 };
        let request = SlotRequest { key: of("new"), older: vec![of("old")], caps, alike: None, now: 1_000_000 };
        store.opt_out(&of("old"), 500, false).unwrap();
        store.opt_out(&of("old"), 600, true).unwrap();
        assert_eq!(store.history(&[of("new"), of("old")], 700).unwrap().opted_out, Some(500));
        assert!(!store.take_slot(nobody(), request.clone()).unwrap());
        store
            .prune(Limits {
                alike: i64::MAX,
                rows: i64::MAX,
                challenges: i64::MAX,
                spent: i64::MAX,
                sent: i64::MAX,
                ahead: i64::MAX,
            })
            .unwrap();
        assert!(!store.take_slot(nobody(), request.clone()).unwrap(), "it is never forgotten by itself");
        assert!(store.opt_in(&[of("old")]).unwrap());
        assert!(!store.opt_in(&[of("old")]).unwrap());
        assert!(store.take_slot(nobody(), request.clone()).unwrap());
    }

    #[test]
    fn too_many_that_came_back_stop_the_rest_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        for number in 0..60 {
            store.record_held(&held(number, Asked::Sent, 1_000_000 + number as i64), None, None).unwrap();
        }
        for number in 0..30 {
            store.set_undeliverable(HeldId::from_random(number)).unwrap();
        }
        let now = 1_000_100;
        assert_eq!(store.history(&[], now).unwrap().undeliverable, 20, "the ten oldest of 60 are not looked at");
        let caps = Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 };
        let slot = |now| SlotRequest { key: of("new"), older: Vec::new(), caps, alike: None, now };
        assert!(!store.take_slot(nobody(), slot(now)).unwrap());
        assert!(store.take_slot(nobody(), slot(now + RECENT_SECONDS)).unwrap());
        // What was never sent cannot come back.
        store.record_held(&held(99, Asked::No, now), None, None).unwrap();
        store.set_undeliverable(HeldId::from_random(99)).unwrap();
        assert_eq!(store.held(HeldId::from_random(99)).unwrap().map(|row| row.asked), Some(Asked::No));
    }
}
