//! How often an allowed sender without a pin was proven, and the pin that comes of it.
//!
//! Promises: never waits for anybody; an entry that is pinned, denies, or was made to ask for no proof stays as it is.
//! Never touches: what is proven, or whether that is enough.

use std::time::Duration;

use rusqlite::params;

use super::entry::{effect_number, origin_number};
use super::file::Store;
use super::problem::StoreProblem;
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::standing::{Effect, Origin};

/// So many messages of a sender with the same proof, and it is demanded from then on (standards E.7).
pub const PINNED_FROM: i64 = 3;

impl Store {
    /// Counts one more message of this sender with these proofs, and pins the entry once there are enough. Whether it did.
    /// The store does not wait after this, for anything.
    ///
    /// # Errors
    /// [`StoreProblem`]; then it may not be counted, which costs one more message.
    pub fn count_proven(&mut self, key: &Fingerprint, proofs: Proofs, now: i64) -> Result<bool, StoreProblem> {
        self.set_patience(Duration::ZERO)?;
        let change = self.change()?;
        let sql = "INSERT INTO proven (key, dmarc, dkim, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET \
                   dmarc = dmarc + excluded.dmarc, dkim = dkim + excluded.dkim, at = excluded.at \
                   RETURNING dmarc, dkim";
        let (dmarc, dkim) = (proofs.contains(Proofs::DMARC), proofs.contains(Proofs::DKIM));
        let counts: (i64, i64) =
            change.query_row(sql, params![key.bytes(), dmarc, dkim, now], |row| Ok((row.get(0)?, row.get(1)?)))?;
        change.commit()?;
        let pin = pin_of(counts.0, counts.1);
        if pin.is_empty() {
            return Ok(false);
        }
        let pinned = self.pin_entries(&[(*key, pin)])?;
        let change = self.change()?;
        change.execute("DELETE FROM proven WHERE key = ?1", [key.bytes()])?;
        change.commit()?;
        Ok(pinned > 0)
    }

    /// Has these entries ask for these proofs from now on, where they ask for none and may; how many do.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn pin_entries(&mut self, pins: &[(Fingerprint, Proofs)]) -> Result<u64, StoreProblem> {
        let list = self.change_list()?;
        let (allow, any) = (effect_number(Effect::Allow), origin_number(Origin::Any));
        let mut count = 0;
        {
            let sql = "UPDATE entry SET pin = ?2 WHERE key = ?1 AND pin = 0 AND effect = ?3 AND origin <> ?4";
            let mut update = list.prepare(sql)?;
            for (key, pin) in pins {
                count += update.execute(params![key.bytes(), pin.bits(), allow, any])?;
            }
        }
        list.commit()?;
        Ok(count as u64)
    }
}

/// The proofs that so many messages had.
#[must_use]
pub fn pin_of(dmarc: i64, dkim: i64) -> Proofs {
    let of = |count: i64, proof: Proofs| if count >= PINNED_FROM { proof } else { Proofs::NONE };
    of(dmarc, Proofs::DMARC).union(of(dkim, Proofs::DKIM))
}

impl Store {
    /// Whether mail of people one knows was ever proven: an entry asks for a proof, or proofs were counted for one.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn has_seen_proof(&self) -> Result<bool, StoreProblem> {
        if self.count_pinned()? > 0 {
            return Ok(true);
        }
        Ok(self.messages()?.query_row("SELECT EXISTS (SELECT 1 FROM proven)", [], |row| row.get(0))?)
    }

    /// Whether a message that came after this moment and is or was held has proven its author's domain.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn has_proof_since(&self, since: i64) -> Result<bool, StoreProblem> {
        let sql = "SELECT EXISTS (SELECT 1 FROM held WHERE received > ?1 AND proofs & ?2 <> 0)";
        Ok(self.messages()?.query_row(sql, params![since, Proofs::AUTHOR.bits()], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::of;
    use super::*;
    use crate::policy::fingerprint::Kind;
    use crate::policy::key::KeyId;
    use crate::policy::reason::Reason;
    use crate::policy::standing::Entry;
    use crate::policy::token::HeldId;
    use crate::world::store::{Asked, HeldRow, State};

    const ENTRY: Entry = Entry { effect: Effect::Allow, pin: Proofs::NONE, origin: Origin::Sent, added: 7 };

    fn counted(entry: Entry, proofs: &[Proofs]) -> Entry {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        store.put_entry((KeyId::FIRST, of("bob")), Kind::Address, &entry, &[]).unwrap();
        for proof in proofs {
            store.count_proven(&of("bob"), *proof, 9).unwrap();
        }
        store.entry(&of("bob")).unwrap().unwrap()
    }

    #[test]
    fn three_of_one_proof_pin_it() {
        let (dkim, dmarc, both) = (Proofs::DKIM, Proofs::DMARC, Proofs::AUTHOR);
        for (proofs, pin) in [
            (vec![dkim, dkim], Proofs::NONE),
            (vec![dkim, dmarc, dkim, dmarc], Proofs::NONE),
            (vec![dkim, dmarc, dkim, dkim], dkim),
            (vec![dmarc, dmarc, dmarc], dmarc),
            (vec![both, both, both], both),
            (vec![both, dkim, dkim], dkim),
            (vec![Proofs::SPF; 9], Proofs::NONE),
        ] {
            assert_eq!(counted(ENTRY, &proofs).pin, pin, "{proofs:?}");
        }
    }

    #[test]
    fn what_asks_for_none_or_another_stays_so() {
        let three = [Proofs::DKIM; 3];
        for entry in [
            Entry { origin: Origin::Any, ..ENTRY },
            Entry { effect: Effect::Deny, ..ENTRY },
            Entry { pin: Proofs::DMARC, ..ENTRY },
        ] {
            assert_eq!(counted(entry, &three), entry);
        }
    }

    #[test]
    fn a_proof_was_seen_where_one_was_counted_or_an_allowed_sender_is_pinned() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let put = |store: &mut Store, who: &str, entry: Entry| {
            store.put_entry((KeyId::FIRST, of(who)), Kind::Address, &entry, &[]).unwrap();
            store.has_seen_proof().unwrap()
        };
        assert!(!store.has_seen_proof().unwrap());
        assert!(!put(&mut store, "bob", ENTRY));
        assert!(!put(&mut store, "eve", Entry { effect: Effect::Deny, pin: Proofs::DKIM, ..ENTRY }), "a denial");
        store.count_proven(&of("bob"), Proofs::DKIM, 9).unwrap();
        assert!(store.has_seen_proof().unwrap());
        store.change().unwrap().execute("DELETE FROM proven", []).unwrap();
        assert!(put(&mut store, "carol", Entry { pin: Proofs::DMARC, ..ENTRY }));
    }

    #[test]
    fn only_what_proves_an_author_and_came_later_is_a_proof_since_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        for (number, (proofs, received)) in
            [(Proofs::NONE, 30), (Proofs::SPF, 30), (Proofs::DKIM, 20)].into_iter().enumerate()
        {
            let message = of(&number.to_string());
            let row = HeldRow {
                id: HeldId::from_random(number as u64),
                message,
                message_id: None,
                sender: None,
                proofs,
                reason: Reason::NotAddressed,
                received,
                listed: None,
                asked: Asked::No,
                state: State::Held,
                looks: 0,
            };
            store.record_held(&row, None, None).unwrap();
        }
        let since = |since| store.has_proof_since(since).unwrap();
        assert_eq!((since(19), since(20), since(25)), (true, false, false));
    }

    #[test]
    fn a_locked_store_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::create(&path).unwrap();
        let mut other = Store::open(&path).unwrap();
        let lock = other.change().unwrap();
        let mut store = Store::open(&path).unwrap();
        assert!(matches!(store.count_proven(&of("bob"), Proofs::DKIM, 9), Err(StoreProblem::Busy)));
        for db in [&store.list, store.messages().unwrap()] {
            let patience: i64 = db.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap();
            assert_eq!(patience, 0);
        }
        drop(lock);
    }
}
