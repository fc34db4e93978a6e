//! What messages look like, so that one text from many senders is noticed.
//!
//! Promises: counts other senders only, and only the last hour; what it costs does not grow with how many messages there
//! are of that kind. Never touches: the messages.

use std::collections::HashSet;

use rusqlite::{Connection, Transaction, params};

use super::file::Store;
use super::problem::StoreProblem;
use crate::policy::standing::{ALIKE_SECONDS, Alike};

/// Most senders that share something and turn out not to be similar; with more of them all are taken for similar, since
/// who cannot be told apart from a flood is not asked.
const DIFFERENT: usize = 128;
/// Most notes that one message clears away. It makes a dozen, so what a flood left goes five times as fast as it came, and no
/// message pays for all of it: 256 of them made one two and a half times as dear (measured). `maintain` clears the rest.
const CLEARED: u32 = 64;

impl Store {
    /// How many other senders wrote a similar message within the last 60 minutes; counting stops at `enough`.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn alike(&self, alike: &Alike, enough: u32, now: i64) -> Result<u32, StoreProblem> {
        Ok(alike_of(self.messages()?, alike, enough, now)?)
    }
}

/// Writes down what a message looks like, and clears away what no longer counts.
pub(super) fn note(change: &Transaction<'_>, alike: &Alike, now: i64) -> rusqlite::Result<()> {
    let over = "DELETE FROM alike WHERE (shape, sender) IN (SELECT shape, sender FROM alike WHERE at <= ?1 LIMIT ?2)";
    change.execute(over, params![now.saturating_sub(ALIKE_SECONDS), CLEARED])?;
    let mut insert = change.prepare("INSERT OR REPLACE INTO alike (shape, sender, at) VALUES (?1, ?2, ?3)")?;
    for pair in &alike.pairs {
        insert.execute(params![pair.bytes(), alike.sender.bytes(), now])?;
    }
    Ok(())
}

pub(super) fn alike_of(db: &Connection, alike: &Alike, enough: u32, now: i64) -> rusqlite::Result<u32> {
    if enough == 0 {
        return Ok(0);
    }
    let since = now.saturating_sub(ALIKE_SECONDS);
    let mut with = db.prepare("SELECT sender FROM alike WHERE shape = ?1 AND sender <> ?2 AND at > ?3")?;
    let mut has = db.prepare("SELECT count(*) FROM alike WHERE shape = ?1 AND sender = ?2 AND at > ?3")?;
    let mut compared: HashSet<[u8; 16]> = HashSet::new();
    let mut count = 0;
    // Who shares as many as are needed shares one of these.
    for pair in alike.pairs.iter().take(alike.pairs.len() + 1 - alike.needed().min(alike.pairs.len())) {
        let mut senders = with.query(params![pair.bytes(), alike.sender.bytes(), since])?;
        while let Some(row) = senders.next()? {
            let sender: [u8; 16] = row.get(0)?;
            if !compared.insert(sender) {
                continue;
            }
            if compared.len() > DIFFERENT + count as usize {
                return Ok(enough);
            }
            let mut shared = 0;
            for other in &alike.pairs {
                shared += usize::from(has.query_row(params![other.bytes(), sender, since], |row| row.get::<_, u8>(0))?);
            }
            count += u32::from(shared >= alike.needed());
            if count >= enough {
                return Ok(count);
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::{of, store};
    use super::super::{Asked, HeldRow, SlotRequest, State};
    use super::*;
    use crate::origin::auth::Proofs;
    use crate::policy::Caps;
    use crate::policy::fingerprint::Fingerprint;
    use crate::policy::reason::Reason;
    use crate::policy::token::HeldId;

    fn pairs(texts: &[&str]) -> Box<[Fingerprint]> {
        texts.iter().map(|text| of(text)).collect()
    }

    /// Two pairs are everybody's, and one of the three is each sender's own.
    fn alike(sender: &str) -> Alike {
        Alike { pairs: pairs(&["one", "two", sender]), sender: of(sender) }
    }

    /// Whether a message that comes in gets its slot.
    fn comes_in(store: &mut Store, alike: &Alike, breaker_alike: u32, now: i64) -> bool {
        let caps = Caps { days_between: 7, per_hour: 10_000, per_day: 10_000, breaker_alike };
        let key = alike.sender;
        let row = HeldRow {
            id: HeldId::from_random(u64::from_be_bytes(key.bytes()[..8].try_into().unwrap())),
            message: key,
            message_id: None,
            sender: Some(key),
            proofs: Proofs::NONE,
            reason: Reason::Challenge,
            received: now,
            listed: None,
            asked: Asked::No,
            state: State::Held,
            looks: 0,
        };
        let request = SlotRequest { key, older: Vec::new(), caps, alike: Some(alike.clone()), now };
        store.record_held(&row, Some(alike), Some(request)).unwrap().slot
    }

    fn notes(store: &Store) -> i64 {
        store.messages().unwrap().query_row("SELECT count(*) FROM alike", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn similar_messages_of_other_senders_are_counted_for_an_hour() {
        let (_folder, mut store) = store();
        let slot = |store: &mut Store, sender: &str, now| comes_in(store, &alike(sender), 3, now);
        assert!(slot(&mut store, "a", 10_000));
        assert!(slot(&mut store, "b", 10_001));
        assert!(!slot(&mut store, "c", 10_002), "the third of three");
        assert_eq!(store.alike(&alike("c"), 9, 10_002).unwrap(), 2, "the sender's own does not count");
        assert_eq!(store.alike(&alike("c"), 1, 10_002).unwrap(), 1, "enough is enough");
        assert_eq!(store.alike(&alike("c"), 0, 10_002).unwrap(), 0, "nobody asks");
        let other = |texts: &[&str]| Alike { pairs: pairs(texts), sender: of("d") };
        assert_eq!(store.alike(&other(&["four", "five", "six"]), 9, 10_002).unwrap(), 0);
        assert_eq!(store.alike(&other(&["one", "five", "six"]), 9, 10_002).unwrap(), 0, "one pair of three is chance");
        assert_eq!(store.alike(&other(&["six", "one", "two"]), 9, 10_002).unwrap(), 3, "in whatever order");
        assert_eq!(store.alike(&alike("d"), 9, 13_600).unwrap(), 2, "an hour after the first it counts no more");
        assert!(slot(&mut store, "d", 20_000));
    }

    #[test]
    fn what_no_longer_counts_is_cleared_away_a_piece_at_a_time() {
        let (_folder, mut store) = store();
        for number in 0..200 {
            comes_in(&mut store, &alike(&format!("{number}")), 5, 10_000);
        }
        assert_eq!(notes(&store), 600);
        comes_in(&mut store, &alike("next"), 5, 13_599);
        assert_eq!(notes(&store), 603, "they count until the hour is over");
        comes_in(&mut store, &alike("last"), 5, 13_600);
        assert_eq!(notes(&store), 606 - i64::from(CLEARED), "one message does not pay for a whole flood");
        for number in 0..9 {
            comes_in(&mut store, &alike(&format!("later {number}")), 5, 13_601);
        }
        assert_eq!(notes(&store), 11 * 3, "and after a few nothing of it is left");
    }

    #[test]
    fn who_cannot_be_told_apart_from_a_flood_is_not_asked() {
        let (_folder, mut store) = store();
        let distant = |number: usize| {
            let own: Vec<String> = (0..2).map(|pair| format!("{number} {pair}")).collect();
            Alike { pairs: pairs(&["greeting", &own[0], &own[1]]), sender: of(&own[0]) }
        };
        for number in 0..=DIFFERENT {
            assert!(comes_in(&mut store, &distant(number), 5, 10_000), "{number}: they share a greeting only");
        }
        assert!(!comes_in(&mut store, &distant(DIFFERENT + 1), 5, 10_000));
        assert!(comes_in(&mut store, &distant(DIFFERENT + 2), 0, 10_000), "where no breaker is wanted there is none");
    }
}
