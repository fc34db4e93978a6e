//! The challenges of a dry run, remembered in memory: what the store remembers of real ones.
//!
//! Promises: the same limits as for real mail, by the same function; they hold also when messages do not come in the
//! order of their dates, as in a mailbox of several folders. Memory grows with the challenges, some hundred bytes
//! each, and not with the messages: only some thousands of those are compared. Never touches: the store.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

use super::Policy;
use super::fingerprint::Fingerprint;
use super::gate::{CapRefusal, within_caps};
use super::standing::{ALIKE_SECONDS, Alike, History};
use crate::mail::address::Address;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Most pairs of words that are remembered to be compared with later messages, some 100 bytes each; a message has
/// twelve at most. With more, those that were read first are forgotten.
const COMPARED_LIMIT: usize = 65_536;

/// The messages with one pair of words: the hour, the sender, the second. In this order the senders of an hour can be gone
/// through without those who wrote many times, and whether one of them is there is found at once.
type Rows = BTreeSet<(i64, Fingerprint, i64)>;

/// Who was asked when, and what strangers' mail looked like.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    by_address: HashMap<String, Vec<i64>>,
    times: BTreeMap<i64, u32>,
    /// Of each pair of words, from whom it came when.
    pairs: HashMap<Fingerprint, Rows>,
    /// The same in the order in which they were read.
    compared: VecDeque<(i64, Fingerprint, Fingerprint)>,
}

impl Slots {
    /// Remembers what a message looked like that came to the gate.
    pub fn note(&mut self, alike: &Alike, at: i64) {
        for pair in &alike.pairs {
            if self.pairs.entry(*pair).or_default().insert((hour_of(at), alike.sender, at)) {
                self.compared.push_back((at, *pair, alike.sender));
            }
        }
        while self.compared.len() > COMPARED_LIMIT
            && let Some((at, pair, sender)) = self.compared.pop_front()
            && let Some(rows) = self.pairs.get_mut(&pair)
        {
            rows.remove(&(hour_of(at), sender, at));
            if rows.is_empty() {
                self.pairs.remove(&pair);
            }
        }
    }

    /// Takes a slot for one challenge at that time (seconds since 1970), if the limits leave room.
    ///
    /// # Errors
    /// The limit that is reached; then nothing is remembered.
    pub fn take(
        &mut self,
        address: &Address,
        alike: Option<&Alike>,
        policy: &Policy,
        at: i64,
    ) -> Result<(), CapRefusal> {
        // As in the store: sub-addresses count as one, with the delimiter that nearly all systems use.
        let slot = address.without_tag("+").normal().as_str().to_owned();
        let history = self.history(&slot, at);
        let alike = alike.filter(|_| within_caps(&history, policy, at) != Err(CapRefusal::AskedRecently));
        // The limit counts this message too. More than it are not counted.
        let enough = usize::try_from(policy.caps.breaker_alike.saturating_sub(1)).unwrap_or(usize::MAX);
        let alike = alike.map_or(0, |alike| self.others(alike, at, enough));
        within_caps(&History { alike, ..history }, policy, at)?;
        self.by_address.entry(slot).or_default().push(at);
        *self.times.entry(at).or_default() += 1;
        Ok(())
    }

    /// What came before and, mirrored, what comes after: of two challenges that are too close the one read first
    /// stands, whichever is older.
    fn history(&self, slot: &str, at: i64) -> History {
        let distances = self.by_address.get(slot).into_iter().flatten().map(|then| (at - then).abs());
        History {
            asked: distances.min().map(|distance| at - distance),
            last_hour: self.around(at, HOUR),
            last_day: self.around(at, DAY),
            ..History::default()
        }
    }

    /// How many other senders sent the like within an hour before or after that time, whichever are more, and no more than
    /// are enough.
    fn others(&self, alike: &Alike, at: i64, enough: usize) -> u32 {
        let rows: Vec<&Rows> = alike.pairs.iter().filter_map(|pair| self.pairs.get(pair)).collect();
        let senders = |from: i64, to: i64| {
            let others = Sharing { rows: &rows, needed: alike.needed(), from, to, next: Some(Fingerprint::FIRST) };
            others.filter(|sender| *sender != alike.sender).take(enough).count()
        };
        let count = senders(at - ALIKE_SECONDS + 1, at);
        let count = if count < enough { count.max(senders(at, at + ALIKE_SECONDS - 1)) } else { count };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The challenges in the span before a time or in the one after it, whichever are more.
    fn around(&self, at: i64, span: i64) -> u32 {
        let before: u32 = self.times.range(at - span + 1..=at).map(|(_, count)| count).sum();
        let after: u32 = self.times.range(at..at + span).map(|(_, count)| count).sum();
        before.max(after)
    }
}

fn hour_of(at: i64) -> i64 {
    at.div_euclid(ALIKE_SECONDS)
}

/// The senders who share so many of the pairs in a span of time, in their order.
struct Sharing<'r> {
    rows: &'r [&'r Rows],
    needed: usize,
    /// The first and the last second, at most an hour apart.
    from: i64,
    to: i64,
    /// From whom on they are looked for.
    next: Option<Fingerprint>,
}

impl Iterator for Sharing<'_> {
    type Item = Fingerprint;

    fn next(&mut self) -> Option<Fingerprint> {
        loop {
            let start = self.next?;
            // For each pair the first one from there on. Who stands before the last `needed` of them lacks too many pairs, so
            // all in between are passed over: what a pair has that many share costs nothing where the others have few.
            let mut first: Vec<Fingerprint> = self.rows.iter().filter_map(|rows| self.first_in(rows, start)).collect();
            first.sort_unstable();
            let sender = *first.get(first.len().checked_sub(self.needed)?)?;
            let shared = first.iter().filter(|one| **one == sender).count();
            let before = first.iter().filter(|one| **one < sender).count();
            if before == 0 || shared >= self.needed {
                self.next = sender.successor();
                if shared >= self.needed {
                    return Some(sender);
                }
            } else {
                self.next = Some(sender);
            }
        }
    }
}

impl Sharing<'_> {
    /// The first sender with that pair, from a sender on.
    fn first_in(&self, rows: &Rows, sender: Fingerprint) -> Option<Fingerprint> {
        let hours = hour_of(self.from)..=hour_of(self.to);
        hours.filter_map(|hour| self.first_in_hour(rows, hour, sender)).min()
    }

    fn first_in_hour(&self, rows: &Rows, hour: i64, sender: Fingerprint) -> Option<Fingerprint> {
        let mut row = rows.range((hour, sender, self.from)..).next();
        loop {
            let (_, sender, at) = row.filter(|row| row.0 == hour)?;
            if (self.from..=self.to).contains(at) {
                return Some(*sender);
            }
            // Too early is another one than was asked for, and may have written again; too late is behind all of his.
            row = if *at < self.from {
                rows.range((hour, *sender, self.from)..).next()
            } else {
                rows.range((Excluded((hour, *sender, i64::MAX)), Unbounded)).next()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fingerprint::Kind;
    use crate::policy::key::{KEY_LENGTH, SecretKey};
    use crate::policy::tests::policy;

    const NOON: i64 = 1_795_262_400;

    fn ask(slots: &mut Slots, who: &str, at: i64) -> Result<(), CapRefusal> {
        slots.take(&Address::parse(who).unwrap(), None, &policy(), at)
    }

    #[test]
    fn an_address_is_asked_once_in_seven_days_in_any_order() {
        for (second, refused) in
            [(0, true), (7 * DAY - 1, true), (1 - 7 * DAY, true), (7 * DAY, false), (-7 * DAY, false)]
        {
            let mut slots = Slots::default();
            ask(&mut slots, "bob@x.org", NOON).unwrap();
            let again = ask(&mut slots, "Bob+shop@x.org", NOON + second);
            assert_eq!(again.err(), refused.then_some(CapRefusal::AskedRecently), "{second}");
        }
    }

    #[test]
    fn hours_and_days_have_their_limits_in_any_order() {
        let (mut forwards, mut backwards) = (Slots::default(), Slots::default());
        for number in 0..20 {
            ask(&mut forwards, &format!("a{number}@x.org"), NOON + number).unwrap();
            ask(&mut backwards, &format!("a{number}@x.org"), NOON - number).unwrap();
        }
        assert_eq!(ask(&mut forwards, "b@x.org", NOON + 20), Err(CapRefusal::HourlyCap));
        assert_eq!(ask(&mut backwards, "b@x.org", NOON - 20), Err(CapRefusal::HourlyCap));
        assert_eq!(ask(&mut forwards, "b@x.org", NOON + HOUR), Ok(()));
        let mut slots = Slots::default();
        for number in 0..100 {
            ask(&mut slots, &format!("a{number}@x.org"), NOON + number * 600).unwrap();
        }
        assert_eq!(ask(&mut slots, "b@x.org", NOON + 60_000), Err(CapRefusal::DailyCap));
        assert_eq!(ask(&mut slots, "b@x.org", NOON + 2 * DAY), Ok(()));
    }

    fn fingerprint(text: &str) -> Fingerprint {
        Fingerprint::of(&SecretKey::new([7; KEY_LENGTH]), Kind::Shape, text.as_bytes())
    }

    fn alike(shape: &str, who: &str) -> Alike {
        // One pair of the three is each sender's own.
        let pairs = [format!("{shape} one"), format!("{shape} two"), format!("{shape} {who}")];
        Alike { pairs: pairs.iter().map(|pair| fingerprint(pair)).collect(), sender: fingerprint(who) }
    }

    /// A message of that shape is read, and its sender would be asked.
    fn read(slots: &mut Slots, shape: &str, who: &str, at: i64) -> Result<(), CapRefusal> {
        let alike = alike(shape, who);
        slots.note(&alike, at);
        slots.take(&Address::parse(who).unwrap(), Some(&alike), &policy(), at)
    }

    #[test]
    fn the_fifth_sender_of_the_like_within_an_hour_is_not_asked() {
        for (step, refused) in [(1, true), (-1, true), (HOUR / 4, false), (-HOUR / 4, false), (0, true)] {
            let mut slots = Slots::default();
            for number in 0..4 {
                read(&mut slots, "offer", &format!("a{number}@x.org"), NOON + number * step).unwrap();
            }
            let fifth = read(&mut slots, "offer", "b@x.org", NOON + 4 * step);
            assert_eq!(fifth.err(), refused.then_some(CapRefusal::AlikeSurge), "{step}");
            assert_eq!(read(&mut slots, "letter", "c@x.org", NOON + 4 * step), Ok(()), "{step}");
        }
    }

    #[test]
    fn who_shares_enough_is_counted_as_by_going_through_all() {
        // A small generator of numbers (Knuth's constants): the same run each time.
        let mut state = 17_u64;
        let mut number = move |below: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(state >> 33).unwrap() % below
        };
        let mut most = 0;
        for round in 0..12 {
            let mut slots = Slots::default();
            let mut notes: Vec<(Alike, i64)> = Vec::new();
            for _ in 0..60 {
                let pairs = (0..6).map(|pair| fingerprint(&format!("{pair} {}", number(2)))).collect();
                let alike = Alike { pairs, sender: fingerprint(&number(20).to_string()) };
                let at = NOON + number(if round % 2 == 0 { 9_000 } else { 40 * HOUR });
                slots.note(&alike, at);
                notes.push((alike, at));
            }
            for (alike, at) in &notes {
                let shares = |from: i64, to: i64, sender: Fingerprint| {
                    let of_sender =
                        || notes.iter().filter(|(note, then)| note.sender == sender && (from..=to).contains(then));
                    let shared =
                        alike.pairs.iter().filter(|pair| of_sender().any(|(note, _)| note.pairs.contains(pair)));
                    sender != alike.sender && shared.count() >= alike.needed()
                };
                let count =
                    |from, to| (0..20).filter(|sender| shares(from, to, fingerprint(&sender.to_string()))).count();
                let all = count(at - HOUR + 1, *at).max(count(*at, at + HOUR - 1));
                for enough in [0, 1, 4, usize::MAX] {
                    assert_eq!(usize::try_from(slots.others(alike, *at, enough)).unwrap(), all.min(enough));
                }
                most = most.max(all);
            }
        }
        assert!(most > 4, "{most}");
    }

    #[test]
    fn one_sender_who_repeats_himself_is_no_surge() {
        let mut slots = Slots::default();
        for number in 0..10 {
            slots.note(&alike("offer", "a@x.org"), NOON + number);
        }
        assert_eq!(read(&mut slots, "offer", "b@x.org", NOON + 10), Ok(()));
    }

    #[test]
    fn what_was_read_long_ago_is_forgotten() {
        let mut slots = Slots::default();
        for number in 0..4 {
            read(&mut slots, "offer", &format!("a{number}@x.org"), NOON).unwrap();
        }
        for number in 0..COMPARED_LIMIT / 3 + 1 {
            slots.note(&alike("letter", "c@x.org"), i64::try_from(number).unwrap());
        }
        assert_eq!((slots.compared.len(), slots.pairs.len()), (COMPARED_LIMIT, 3));
        assert_eq!(read(&mut slots, "offer", "b@x.org", NOON), Ok(()));
    }

    #[test]
    fn a_refusal_takes_no_slot() {
        let mut slots = Slots::default();
        ask(&mut slots, "bob@x.org", NOON).unwrap();
        ask(&mut slots, "bob@x.org", NOON + 6 * DAY).unwrap_err();
        assert_eq!(ask(&mut slots, "bob@x.org", NOON + 7 * DAY), Ok(()));
    }
}
