//! The challenges of a dry run, remembered in memory: what the store remembers of real ones.
//!
//! Promises: the same limits as for real mail, by the same function; they hold also when messages do not come in the
//! order of their dates, as in a mailbox of several folders. Memory grows with the challenges, some hundred bytes
//! each. Never touches: the store.

use std::collections::{BTreeMap, HashMap};

use super::Policy;
use super::gate::{CapRefusal, within_caps};
use super::standing::History;
use crate::mail::address::Address;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Who was asked when.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    by_address: HashMap<String, Vec<i64>>,
    times: BTreeMap<i64, u32>,
}

impl Slots {
    /// Takes a slot for one challenge at that time (seconds since 1970), if the limits leave room.
    ///
    /// # Errors
    /// The limit that is reached; then nothing is remembered.
    pub fn take(&mut self, address: &Address, policy: &Policy, at: i64) -> Result<(), CapRefusal> {
        // As in the store: sub-addresses count as one, with the delimiter that nearly all systems use.
        let slot = address.without_tag("+").normal().as_str().to_owned();
        within_caps(&self.history(&slot, at), policy, at)?;
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

    /// The challenges in the span before a time or in the one after it, whichever are more.
    fn around(&self, at: i64, span: i64) -> u32 {
        let before: u32 = self.times.range(at - span + 1..=at).map(|(_, count)| count).sum();
        let after: u32 = self.times.range(at..at + span).map(|(_, count)| count).sum();
        before.max(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::policy;

    const NOON: i64 = 1_795_262_400;

    fn ask(slots: &mut Slots, who: &str, at: i64) -> Result<(), CapRefusal> {
        slots.take(&Address::parse(who).unwrap(), &policy(), at)
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

    #[test]
    fn a_refusal_takes_no_slot() {
        let mut slots = Slots::default();
        ask(&mut slots, "bob@x.org", NOON).unwrap();
        ask(&mut slots, "bob@x.org", NOON + 6 * DAY).unwrap_err();
        assert_eq!(ask(&mut slots, "bob@x.org", NOON + 7 * DAY), Ok(()));
    }
}
