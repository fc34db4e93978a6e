//! The machine's clock as `maintain` takes it: nothing ends by one that is not believed.
//!
//! Promises: a time that no clock can have said is counted anew. Never touches: the messages themselves.

use std::collections::HashMap;

use crate::cli::MaintainArguments;
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::policy::time::{Doubt, doubt, is_plausible};
use crate::world::store::{HeldRow, Recount, Store};

/// Between its first listing in a digest and its end a message has at least that many seconds.
const TIME_TO_READ: i64 = 3 * 86_400;
/// What this run makes of the clock.
pub(super) struct Clock {
    /// When it was last accepted.
    accepted: Option<i64>,
    doubt: Option<Doubt>,
    /// Whether the user says that it is right.
    by_word: bool,
    counts: HashMap<i64, i64>,
}

impl Clock {
    pub(super) fn read(store: &Store, arguments: &MaintainArguments, now: i64) -> Result<Clock, Trouble> {
        let accepted = store.accepted_at()?;
        let clock =
            Clock { accepted, doubt: doubt(now, accepted), by_word: arguments.clock_is_right, counts: store.counts()? };
        match clock.doubt {
            Some(unset @ Doubt::Unset(_)) if clock.by_word => Err(Trouble::not_found(format!(
                "{}. It is before this program was made, so it cannot be right",
                unset.sentence()
            ))),
            _ => Ok(clock),
        }
    }

    /// Whether something may end by it in this run: not where nothing was accepted before that it could be held against.
    pub(super) fn is_believed(&self) -> bool {
        self.doubt.is_none() && !self.by_word && self.accepted.is_some()
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.doubt.is_none() || self.by_word
    }

    pub(super) fn say(&self) {
        match self.doubt {
            Some(doubt) if !self.by_word => screen::error(&format!("{}; {}", doubt.sentence(), doubt.way_out())),
            _ if self.by_word => screen::aside("The clock is accepted. What is over expires in the next run."),
            _ => {}
        }
    }

    /// Whether a clock can have said that.
    pub(super) fn can_have_said(&self, at: i64) -> bool {
        is_plausible(at, self.accepted)
    }

    /// What of a message's times no clock can have said.
    pub(super) fn recount(&self, row: &HeldRow) -> Recount {
        let odd = |at: i64| !is_plausible(at, self.accepted);
        Recount { held: row.id, arrival: odd(self.from(row)), listing: row.listed.is_some_and(odd) }
    }

    /// From when its time counts. That too may have been written down under a clock that was ahead.
    fn from(&self, row: &HeldRow) -> i64 {
        self.counts.get(&row.id.number()).copied().unwrap_or(row.received)
    }

    /// Whether a message's time is over, and it was listed long enough ago.
    pub(super) fn is_over(&self, row: &HeldRow, keep: i64, now: i64) -> bool {
        let read = row.listed.is_some_and(|then| now.saturating_sub(then) >= TIME_TO_READ);
        let recount = self.recount(row);
        let is_old = now.saturating_sub(self.from(row)) > keep;
        self.is_believed() && !recount.arrival && !recount.listing && is_old && read
    }
}
