//! Messages that were thrown away and lie in the trash for a while: rows in the state [`State::Discarded`] that say from when
//! their time counts. Without that the message is gone.
//!
//! Promises: what is said to end is ended only if nobody has touched it since it was looked at; the time is never earlier than
//! the last clock that was accepted. Never touches: the files in the trash.

use rusqlite::{Connection, OptionalExtension, params};

use super::file::Store;
use super::held::{HeldRow, INSERT_HELD, insert_held};
use super::problem::StoreProblem;
use super::state::{State, state_number};
use crate::policy::gate::GateRefusal;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;

/// One message in the trash, as the store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// The message.
    pub id: HeldId,
    /// From when its time counts, seconds since 1970.
    pub since: i64,
}

/// A clock that was set back throws away no earlier than the last one that was accepted; one that is ahead is found out later.
const THROW: &str = "UPDATE held SET state = 3, counts = max(?2, 1, (SELECT at FROM clock)) WHERE id = ?1";

impl Store {
    /// Writes down messages that came and were thrown away at once, durable in the trash, in one transaction. A row that is
    /// there is that of an earlier attempt.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn record_thrown_away(&mut self, rows: &[HeldRow], now: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        {
            let (mut insert, mut throw) = (change.prepare(INSERT_HELD)?, change.prepare(THROW)?);
            for row in rows {
                insert_held(&mut insert, &HeldRow { state: State::Discarded, ..*row }, 0)?;
                throw.execute(params![row.id.number(), now])?;
            }
        }
        Ok(change.commit()?)
    }

    /// Writes down that the user threw these messages away, all of them or none. Who released one meanwhile knows more.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn throw_away(&mut self, held: &[HeldId], now: i64) -> Result<(), StoreProblem> {
        self.throw(held, now, " AND state <> 2")
    }

    /// Writes down that these messages lie in the trash, whatever the store said of them.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn found_in_trash(&mut self, held: &[HeldId], now: i64) -> Result<(), StoreProblem> {
        self.throw(held, now, "")
    }

    fn throw(&mut self, held: &[HeldId], now: i64, condition: &str) -> Result<(), StoreProblem> {
        let change = self.change()?;
        {
            let mut throw = change.prepare(&format!("{THROW}{condition}"))?;
            for id in held {
                throw.execute(params![id.number(), now])?;
            }
        }
        Ok(change.commit()?)
    }

    /// Lets the time of a message in the trash begin anew, because it was thrown away once more; `false` if it does not lie
    /// there any more, or this is its end.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn throw_away_again(&mut self, held: HeldId, now: i64) -> Result<bool, StoreProblem> {
        let change = self.change()?;
        let sql = format!("{THROW} AND state = 3 AND counts > 0");
        let count = change.execute(&sql, params![held.number(), now])?;
        change.commit()?;
        Ok(count == 1)
    }

    /// Writes down that the user brought these messages back into the quarantine. No digest has listed them there, and their
    /// time begins anew; what once passed is held as a stranger's, as the user wants it now.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn bring_back(&mut self, held: &[HeldId], now: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        {
            let sql = "UPDATE held SET state = 1, listed = 0, received = ?2, counts = 0, \
                       reason = CASE WHEN reason IN (?3, ?4) THEN ?5 ELSE reason END WHERE id = ?1 AND state <> 2";
            let passed = [Reason::ProvenLater, Reason::AllowedSender].map(Reason::number);
            let stranger = Reason::Gate(GateRefusal::NotProven).number();
            let mut update = change.prepare(sql)?;
            for id in held {
                update.execute(params![id.number(), now, passed[0], passed[1], stranger])?;
            }
        }
        Ok(change.commit()?)
    }

    /// Writes down that these messages end, in one transaction: those of which nobody has said anything since. Which they are.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn end_trashed(&mut self, trashed: &[Trashed]) -> Result<Vec<HeldId>, StoreProblem> {
        let change = self.change()?;
        let mut ended = Vec::new();
        {
            let sql = "UPDATE held SET counts = 0 WHERE id = ?1 AND state = 3 AND counts = ?2 AND counts > 0";
            let mut update = change.prepare(sql)?;
            for one in trashed {
                if update.execute(params![one.id.number(), one.since])? == 1 {
                    ended.push(one.id);
                }
            }
        }
        change.commit()?;
        Ok(ended)
    }

    /// From when the time of a message in the trash counts; none if it is not said to lie there.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn trashed_since(&self, held: HeldId) -> Result<Option<i64>, StoreProblem> {
        let sql = "SELECT counts FROM held WHERE id = ?1 AND state = 3 AND counts > 0";
        Ok(self.messages()?.query_row(sql, [held.number()], |row| row.get(0)).optional()?)
    }

    /// Every message that is said to lie in the trash.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn all_trashed(&self) -> Result<Vec<Trashed>, StoreProblem> {
        let sql = "SELECT id, counts FROM held WHERE state = 3 AND counts > 0 ORDER BY id";
        trashed(self.messages()?, sql)
    }

    /// Those of them whose senders have answered since a digest last spoke of them.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn answered_in_trash(&self) -> Result<Vec<Trashed>, StoreProblem> {
        let sql = "SELECT held.id, held.counts FROM held JOIN spent ON spent.held = held.id \
                   WHERE held.state = 3 AND held.counts > 0 AND held.listed = 0 AND spent.sender IS NOT NULL ORDER BY held.id";
        trashed(self.messages()?, sql)
    }

    /// Lets the next digest speak of a message in the trash, because its sender answers.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn list_trashed(&mut self, held: HeldId) -> Result<(), StoreProblem> {
        let change = self.change()?;
        change.execute(
            "UPDATE held SET listed = 0 WHERE id = ?1 AND state = ?2",
            params![held.number(), state_number(State::Discarded)],
        )?;
        Ok(change.commit()?)
    }
}

fn trashed(db: &Connection, sql: &str) -> Result<Vec<Trashed>, StoreProblem> {
    let mut query = db.prepare(sql)?;
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (number, since) = row?;
        let id = HeldId::from_number(number).ok_or(StoreProblem::Corrupt)?;
        found.push(Trashed { id, since });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::{of, store};
    use super::super::prune::Limits;
    use super::super::state::Asked;
    use super::*;
    use crate::origin::auth::Proofs;
    use crate::policy::fingerprint::Kind;
    use crate::policy::key::{KeyId, SecretKey};
    use crate::policy::standing::{Effect, Entry, Origin};

    fn row(number: u64, state: State) -> HeldRow {
        HeldRow {
            id: HeldId::from_random(number),
            message: of(&number.to_string()),
            message_id: None,
            sender: None,
            proofs: Proofs::NONE,
            reason: Reason::Challenge,
            received: 1_000,
            listed: Some(1_500),
            asked: Asked::No,
            state,
            looks: 0,
        }
    }

    fn state(store: &Store, row: &HeldRow) -> State {
        store.held(row.id).unwrap().unwrap().state
    }

    #[test]
    fn what_is_thrown_away_counts_from_then_and_never_from_a_clock_that_was_set_back() {
        let (_folder, mut store) = store();
        let rows = [row(1, State::Held), row(2, State::Gone)];
        store.record_all(&rows).unwrap();
        store.throw_away(&[rows[0].id], 5_000).unwrap();
        store.accept(9_000, &[]).unwrap();
        store.throw_away(&[rows[1].id], 4).unwrap();
        let wanted = [(rows[0].id, 5_000), (rows[1].id, 9_000)].map(|(id, since)| Trashed { id, since });
        assert_eq!(store.all_trashed().unwrap(), wanted);
        assert_eq!(store.trashed_since(rows[0].id).unwrap(), Some(5_000));
        assert_eq!(store.held(rows[0].id).unwrap().unwrap().received, 1_000, "when it came is not forgotten");
    }

    #[test]
    fn what_was_released_meanwhile_stays_released_and_what_lies_in_the_trash_is_noted_all_the_same() {
        let (_folder, mut store) = store();
        let released = row(1, State::Released);
        store.record_all(&[released]).unwrap();
        store.throw_away(&[released.id], 5_000).unwrap();
        store.bring_back(&[released.id], 5_000).unwrap();
        assert_eq!((state(&store, &released), store.all_trashed().unwrap()), (State::Released, vec![]));
        store.found_in_trash(&[released.id], 5_000).unwrap();
        assert_eq!(state(&store, &released), State::Discarded);
    }

    #[test]
    fn what_came_and_was_thrown_away_twice_has_one_row() {
        let (_folder, mut store) = store();
        let came = row(1, State::Held);
        store.record_thrown_away(&[came], 5_000).unwrap();
        store.record_thrown_away(&[came], 6_000).unwrap();
        assert_eq!(store.all_trashed().unwrap(), [Trashed { id: came.id, since: 6_000 }]);
    }

    #[test]
    fn what_was_touched_since_it_was_looked_at_does_not_end() {
        let (_folder, mut store) = store();
        let rows = [1, 2, 3, 4].map(|number| row(number, State::Held));
        store.record_all(&rows).unwrap();
        let ids = rows.map(|row| row.id);
        store.throw_away(&ids, 5_000).unwrap();
        assert!(store.throw_away_again(ids[1], 5_001).unwrap());
        store.bring_back(&[ids[2]], 5_001).unwrap();
        let seen = ids.map(|id| Trashed { id, since: 5_000 });
        assert_eq!(store.end_trashed(&seen).unwrap(), [ids[0], ids[3]]);
        assert_eq!(store.end_trashed(&seen).unwrap(), [], "once");
        assert!(!store.throw_away_again(ids[0], 6_000).unwrap(), "it has ended");
        assert!(!store.throw_away_again(ids[2], 6_000).unwrap(), "it is held");
        assert_eq!(store.trashed_since(ids[0]).unwrap(), None);
        // A row of a former version, which kept nothing.
        store.set_state(ids[2], State::Discarded).unwrap();
        assert_eq!(store.end_trashed(&[Trashed { id: ids[2], since: 0 }]).unwrap(), []);
        assert!(!store.throw_away_again(ids[2], 6_000).unwrap());
    }

    #[test]
    fn what_is_brought_back_is_held_as_if_it_came_now() {
        let (_folder, mut store) = store();
        let (asked, passed) = (row(1, State::Held), HeldRow { reason: Reason::ProvenLater, ..row(2, State::Held) });
        store.record_all(&[asked, passed]).unwrap();
        store.throw_away(&[asked.id, passed.id], 5_000).unwrap();
        // Also where who threw it away died before that was written down.
        store.bring_back(&[asked.id, passed.id], 7_000).unwrap();
        store.bring_back(&[asked.id, passed.id], 7_000).unwrap();
        let back = |row: &HeldRow| store.held(row.id).unwrap().unwrap();
        assert_eq!(back(&asked), HeldRow { received: 7_000, listed: None, ..asked });
        assert_eq!(back(&passed).reason, Reason::Gate(GateRefusal::NotProven));
        assert!(store.all_trashed().unwrap().is_empty());
    }

    #[test]
    fn rows_of_the_trash_and_their_tokens_are_kept_however_old_the_message_is() {
        let (_folder, mut store) = store();
        let rows = [1, 2, 3].map(|number| row(number, State::Held));
        store.record_all(&rows).unwrap();
        for row in &rows {
            store.spend(row.id, of("answer"), 1_000).unwrap();
        }
        store.throw_away(&[rows[0].id], 50_000).unwrap();
        // Gone from the trash, and thrown away by a clock that was far ahead.
        store.set_state(rows[1].id, State::Discarded).unwrap();
        store.throw_away(&[rows[2].id], 900_000).unwrap();
        let limits = Limits { alike: 0, rows: 40_000, challenges: 0, spent: 40_000, sent: 0, ahead: 60_000 };
        store.prune(limits).unwrap();
        let there = rows.map(|row| store.held(row.id).unwrap().is_some());
        assert_eq!(there, [true, false, false]);
        assert_eq!(rows.map(|row| store.spent(row.id).unwrap().is_some()), [true, false, true]);
        store.prune(Limits { rows: 50_001, ..limits }).unwrap();
        assert!(store.held(rows[0].id).unwrap().is_none());
    }

    #[test]
    fn a_digest_hears_once_of_who_has_answered_for_a_message_in_the_trash() {
        let (_folder, mut store) = store();
        let rows = [1, 2, 3].map(|number| row(number, State::Held));
        store.record_all(&rows).unwrap();
        let ids = rows.map(|row| row.id);
        store.throw_away(&ids[..2], 5_000).unwrap();
        let key = KeyId::new(1).unwrap();
        let entry = Entry { effect: Effect::Allow, pin: Proofs::DKIM, origin: Origin::Confirmed, added: 5_000 };
        let who = crate::policy::fingerprint::Fingerprint::of(&SecretKey::new([1; 32]), Kind::Address, b"bob");
        for id in [ids[0], ids[2]] {
            store.list_trashed(id).unwrap();
            assert!(store.confirm((key, who), &entry, &[], (id, of(&id.to_string()))).unwrap());
        }
        // Who says "not me" has not answered.
        store.list_trashed(ids[1]).unwrap();
        store.spend(ids[1], of("not me"), 5_000).unwrap();
        assert_eq!(store.answered_in_trash().unwrap(), [Trashed { id: ids[0], since: 5_000 }]);
        store.set_listed(&[ids[0]], 6_000).unwrap();
        assert!(store.answered_in_trash().unwrap().is_empty());
        assert_eq!(store.held(ids[2]).unwrap().unwrap().listed, Some(1_500), "what is held is not listed anew");
    }
}
