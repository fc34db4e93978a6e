//! Held messages.
//!
//! Promises: a row changes only as what is known grows. Never touches: the files in the quarantine.

use rusqlite::{Connection, Statement, Transaction, params};

use super::alike::note;
use super::column::fingerprint;
use super::file::Store;
use super::problem::StoreProblem;
use super::slot::{SlotRequest, set_slot, take_slot};
use super::state::{ASKED, Asked, STATES, State, asked_number, state_number};
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::gate::GateRefusal;
use crate::policy::id_beginning::IdBeginning;
use crate::policy::reason::Reason;
use crate::policy::standing::{Alike, Effect, Entry};
use crate::policy::token::HeldId;

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
    /// How often its signatures were looked at.
    pub looks: u8,
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
    /// Records a message that is durable in the quarantine, and takes the challenge's slot if one is asked for and
    /// still free: the check and the taking are one transaction, so of 64 processes one gets it. What it looks like is
    /// written down before the slot is asked for, so that of many processes with the same text each sees the others.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn record_held(
        &mut self,
        row: &HeldRow,
        alike: Option<&Alike>,
        slot: Option<SlotRequest>,
    ) -> Result<Recorded, StoreProblem> {
        let change = self.change()?;
        if let Some(alike) = alike {
            note(&change, alike, row.received)?;
        }
        let at = slot.as_ref().map_or(0, |request| request.now);
        let slot = match slot {
            Some(request) => take_slot(&change, request)?,
            None => false,
        };
        let row = HeldRow { asked: if slot { Asked::SlotTaken } else { row.asked }, ..*row };
        insert_held(&mut change.prepare(INSERT_HELD)?, &row, if slot { at } else { 0 })?;
        change.commit()?;
        // The row first, then the list: who allows somebody writes the list first and then looks for rows, so one of the
        // two sees the other. What cannot be read now is seen by the next `maintain`.
        let entry = row.sender.and_then(|sender| self.entry(&sender).ok().flatten());
        Ok(Recorded { slot, allowed: entry.filter(|entry| entry.effect == Effect::Allow) })
    }

    /// Takes a slot for a message that is recorded already (`challenge ID`, or a second try).
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn claim_slot(&mut self, held: HeldId, request: SlotRequest) -> Result<bool, StoreProblem> {
        let change = self.change()?;
        let taken = claim(&change, held, request)?;
        change.commit()?;
        Ok(taken)
    }

    /// Claims the one second try that a definite refusal of sendmail leaves; only one process gets it.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn claim_second_try(&mut self, held: HeldId, now: i64) -> Result<bool, StoreProblem> {
        let change = self.change()?;
        let claimed = change.execute(
            "UPDATE held SET asked = ?2 WHERE id = ?1 AND asked = ?3 AND state = 1",
            params![held.number(), asked_number(Asked::RefusedTwice), asked_number(Asked::Refused)],
        )?;
        if claimed == 1 {
            set_slot(&change, held, now)?;
        }
        change.commit()?;
        Ok(claimed == 1)
    }

    /// Writes down what became of the challenge whose slot is taken, where that is not that it went out. A second refusal
    /// is the last one.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_asked(&mut self, held: HeldId, asked: Asked) -> Result<(), StoreProblem> {
        let change = self.change()?;
        let again = if asked == Asked::Refused { Asked::RefusedTwice } else { asked };
        let sql = "UPDATE held SET asked = CASE asked WHEN ?4 THEN ?3 ELSE ?2 END WHERE id = ?1";
        let numbers = [asked, again, Asked::RefusedTwice].map(asked_number);
        change.execute(sql, params![held.number(), numbers[0], numbers[1], numbers[2]])?;
        Ok(change.commit()?)
    }

    /// Writes down that the challenge for this message came back; only one that perhaps went out can.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_undeliverable(&mut self, held: HeldId) -> Result<(), StoreProblem> {
        let change = self.change()?;
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
        let change = self.change()?;
        let sql = "UPDATE held SET reason = ?2, listed = 0 WHERE id = ?1 AND state = 1 AND reason <> ?2";
        update(&change, sql, held, i64::from(reason.number()))?;
        Ok(change.commit()?)
    }

    /// Writes down what one more look at a held message has found: why it is held now, and what is proven, and takes the slot of
    /// a challenge if one is asked for and still free; whether it did. Where the reason is a new one the next digest lists it again.
    /// None where it is not held any more, or was looked at more often than that meanwhile.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn note_look(
        &mut self,
        held: HeldId,
        looks: u8,
        (reason, proofs): (Reason, Proofs),
        slot: Option<SlotRequest>,
    ) -> Result<Option<bool>, StoreProblem> {
        let change = self.change()?;
        let sql = "UPDATE held SET looks = min(looks + 1, 255), proofs = ?3, reason = ?2, \
                   listed = CASE reason WHEN ?2 THEN listed ELSE 0 END WHERE id = ?1 AND state = 1 AND looks = ?4";
        let count = change.execute(sql, params![held.number(), reason.number(), proofs.bits(), looks])?;
        if count == 0 {
            return Ok(None);
        }
        let taken = match slot {
            Some(request) => claim(&change, held, request)?,
            None => false,
        };
        change.commit()?;
        Ok(Some(taken))
    }

    /// Writes down that what is held from these senders for want of a proof, and was never looked at, is to be looked at.
    /// How many there are.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn look_later(&mut self, senders: &[Fingerprint]) -> Result<usize, StoreProblem> {
        let change = self.change()?;
        let sql = "UPDATE held SET reason = ?2 WHERE sender = ?1 AND state = 1 AND looks = 0 AND reason IN (?3, ?4)";
        let unproven = [GateRefusal::NotProven, GateRefusal::NothingTrusted].map(|why| Reason::Gate(why).number());
        let mut count = 0;
        for sender in senders {
            let values = params![sender.bytes(), Reason::LookLater.number(), unproven[0], unproven[1]];
            count += change.execute(sql, values)?;
        }
        change.commit()?;
        Ok(count)
    }

    /// Writes down that somebody says in ordinary words that they did not write a held message; the next digest lists it
    /// again. What was said of it for good stays.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn disown(&mut self, held: HeldId) -> Result<(), StoreProblem> {
        match self.held(held)? {
            Some(row) if row.reason != Reason::NotThem => self.set_reason(held, Reason::Disowned),
            _ => Ok(()),
        }
    }

    /// Writes down what became of a held message.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_state(&mut self, held: HeldId, state: State) -> Result<(), StoreProblem> {
        self.set_states(&[held], state)
    }

    /// Writes down what became of held messages, the same of all, in one transaction: of all of them or of none.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_states(&mut self, held: &[HeldId], state: State) -> Result<(), StoreProblem> {
        let change = self.change()?;
        // That the file is gone is only seen when nothing else is known: who released it meanwhile knows more.
        let condition = if state == State::Gone { " AND state = 1" } else { "" };
        {
            let mut update = change.prepare(&format!("UPDATE held SET state = ?2 WHERE id = ?1{condition}"))?;
            for id in held {
                update.execute(params![id.number(), state_number(state)])?;
            }
        }
        Ok(change.commit()?)
    }

    /// Records messages that are durable in the quarantine and about which nobody is asked, in one transaction: all of
    /// them or none.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn record_all(&mut self, rows: &[HeldRow]) -> Result<(), StoreProblem> {
        let change = self.change()?;
        {
            let mut insert = change.prepare(INSERT_HELD)?;
            for row in rows {
                insert_held(&mut insert, row, 0)?;
            }
        }
        Ok(change.commit()?)
    }

    /// Writes down that the user put a message back into the quarantine. No digest has listed it there, and its time
    /// begins anew: the old one may be over.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn restore(&mut self, held: HeldId, now: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        let sql = "UPDATE held SET state = 1, listed = 0, received = ?2, counts = 0 WHERE id = ?1 AND state <> 1";
        update(&change, sql, held, now)?;
        Ok(change.commit()?)
    }

    /// Writes down that a digest listed these messages; the first time counts.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn set_listed(&mut self, held: &[HeldId], now: i64) -> Result<(), StoreProblem> {
        let change = self.change()?;
        {
            let mut update = change.prepare("UPDATE held SET listed = ?2 WHERE id = ?1 AND listed = 0")?;
            for id in held {
                update.execute(params![id.number(), now])?;
            }
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

    /// Every row whose number begins so, whatever its state, the smallest number first.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn held_beginning(&self, beginning: IdBeginning) -> Result<Vec<HeldRow>, StoreProblem> {
        let numbers = beginning.numbers();
        self.rows("WHERE id BETWEEN ?1 AND ?2 ORDER BY id", [numbers.start(), numbers.end()])
    }

    /// Every row in the state [`State::Held`], oldest first.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn all_held(&self) -> Result<Vec<HeldRow>, StoreProblem> {
        self.rows("WHERE state = 1 ORDER BY received, id", [])
    }

    /// Gives every row in the state [`State::Held`], by its number, the smallest first, without keeping any.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn each_held(&self, take: impl FnMut(HeldRow)) -> Result<(), StoreProblem> {
        self.each_in_state(State::Held, take)
    }

    /// The same of any state.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn each_in_state(&self, state: State, take: impl FnMut(HeldRow)) -> Result<(), StoreProblem> {
        self.each_row("WHERE state = ?1 ORDER BY id", [state_number(state)], take)
    }

    /// Every held message that is still to be looked at, oldest first.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn unlooked(&self) -> Result<Vec<HeldRow>, StoreProblem> {
        self.rows("WHERE state = 1 AND reason = ?1 ORDER BY received, id", [Reason::LookLater.number()])
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

    /// Every row of a message of these bytes, whatever its state.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn held_with_message(&self, message: &Fingerprint) -> Result<Vec<HeldRow>, StoreProblem> {
        self.rows("WHERE message = ?1 ORDER BY received, id", [message.bytes()])
    }

    pub(super) fn rows(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<HeldRow>, StoreProblem> {
        let mut found = Vec::new();
        self.each_row(condition, values, |row| found.push(row))?;
        Ok(found)
    }

    /// Gives one row after the other: there may be many.
    pub(super) fn each_row(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
        take: impl FnMut(HeldRow),
    ) -> Result<(), StoreProblem> {
        each_row_of(self.messages()?, condition, values, take)
    }
}

pub(super) fn each_row_of(
    db: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
    mut take: impl FnMut(HeldRow),
) -> Result<(), StoreProblem> {
    let sql = format!(
        "SELECT id, message, message_id, sender, proofs, reason, received, listed, asked, state, looks FROM held {condition}"
    );
    let mut query = db.prepare(&sql)?;
    let mut rows = query.query(values)?;
    while let Some(row) = rows.next()? {
        take(held_row(row)?.ok_or(StoreProblem::Corrupt)?);
    }
    Ok(())
}

pub(super) const INSERT_HELD: &str = "INSERT OR IGNORE INTO held \
     (id, message, message_id, sender, proofs, reason, received, listed, asked, state, slot, looks) \
     VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)";

/// Takes a slot for a message whose row is there.
fn claim(change: &Transaction<'_>, held: HeldId, request: SlotRequest) -> Result<bool, StoreProblem> {
    let at = request.now;
    let taken = take_slot(change, request)?;
    if taken {
        update(change, "UPDATE held SET asked = ?2 WHERE id = ?1", held, asked_number(Asked::SlotTaken))?;
        set_slot(change, held, at)?;
    }
    Ok(taken)
}

pub(super) fn insert_held(insert: &mut Statement<'_>, row: &HeldRow, slot: i64) -> rusqlite::Result<()> {
    insert.execute(params![
        row.id.number(),
        row.message.bytes(),
        row.message_id.as_ref().map(Fingerprint::bytes),
        row.sender.as_ref().map(Fingerprint::bytes),
        row.proofs.bits(),
        row.reason.number(),
        row.received,
        row.listed.unwrap_or_default(),
        asked_number(row.asked),
        state_number(row.state),
        slot,
        row.looks
    ])?;
    Ok(())
}

fn update(change: &Transaction<'_>, sql: &str, held: HeldId, value: i64) -> rusqlite::Result<()> {
    change.execute(sql, params![held.number(), value]).map(|_| ())
}

fn held_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<HeldRow>> {
    let message = fingerprint(row, 1)?;
    let (id, proofs, reason): (i64, u8, u16) = (row.get(0)?, row.get(4)?, row.get(5)?);
    let (received, listed, asked, state): (i64, i64, i64, i64) = (row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?);
    let (message_id, sender, looks) = (fingerprint(row, 2)?, fingerprint(row, 3)?, row.get(10)?);
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
            looks,
        })
    };
    Ok(build())
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::{of, store};
    use super::*;

    fn row(number: u64, message: &str, state: State) -> HeldRow {
        HeldRow {
            id: HeldId::from_random(number),
            message: of(message),
            message_id: None,
            sender: None,
            proofs: Proofs::NONE,
            reason: Reason::Challenge,
            received: 1_000,
            listed: None,
            asked: Asked::Unknown,
            state,
            looks: 0,
        }
    }

    fn states(store: &Store) -> Vec<State> {
        store.rows("ORDER BY id", []).unwrap().iter().map(|row| row.state).collect()
    }

    #[test]
    fn many_are_recorded_and_changed_together_or_not_at_all() {
        let (_folder, mut store) = store();
        let rows = [3, 1, 2].map(|number| row(number, &number.to_string(), State::Held));
        store.record_all(&rows).unwrap();
        // Once more, as after a crash: a row that is there stays.
        store.set_state(rows[0].id, State::Released).unwrap();
        store.record_all(&rows).unwrap();
        assert_eq!(states(&store), [State::Held, State::Held, State::Released]);
        let mut seen = Vec::new();
        store.each_held(|row| seen.push(row.id)).unwrap();
        assert_eq!(seen, [rows[1].id, rows[2].id], "by their number");
        // What was released is not gone.
        store.set_states(&rows.map(|row| row.id), State::Gone).unwrap();
        assert_eq!(states(&store), [State::Gone, State::Gone, State::Released]);
        let refuse = "CREATE TRIGGER no BEFORE UPDATE ON held WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'no'); END; \
                      CREATE TRIGGER never BEFORE INSERT ON held WHEN NEW.id = 5 BEGIN SELECT RAISE(ABORT, 'no'); END";
        store.messages().unwrap().execute_batch(refuse).unwrap();
        assert!(store.set_states(&rows.map(|row| row.id), State::Expired).is_err());
        assert_eq!(states(&store), [State::Gone, State::Gone, State::Released]);
        assert!(store.record_all(&[4, 5].map(|number| row(number, "x", State::Held))).is_err());
        assert_eq!(states(&store).len(), 3);
    }

    #[test]
    fn a_message_is_known_by_its_bytes_whatever_became_of_it() {
        let (_folder, mut store) = store();
        let rows = [row(1, "a", State::Released), row(2, "b", State::Held), row(3, "a", State::Held)];
        store.record_all(&rows).unwrap();
        assert_eq!(store.held_with_message(&of("a")).unwrap(), [rows[0], rows[2]]);
        assert!(store.held_with_message(&of("c")).unwrap().is_empty());
    }

    #[test]
    fn of_two_who_have_looked_at_the_same_message_the_first_is_believed() {
        let (_folder, mut store) = store();
        let held = HeldRow { reason: Reason::LookLater, ..row(1, "a", State::Held) };
        store.record_all(&[held]).unwrap();
        let mut note = |looks, reason, proofs| store.note_look(held.id, looks, (reason, proofs), None).unwrap();
        assert_eq!(note(0, Reason::Challenge, Proofs::DKIM), Some(false));
        assert_eq!(note(0, Reason::LookLater, Proofs::NONE), None);
        let now = store.held(held.id).unwrap().unwrap();
        assert_eq!((now.looks, now.reason, now.proofs), (1, Reason::Challenge, Proofs::DKIM));
        store.set_state(held.id, State::Released).unwrap();
        assert_eq!(store.note_look(held.id, 1, (Reason::LookLater, Proofs::NONE), None).unwrap(), None);
    }
}
