//! The two states of a held message: what became of it, and of the question to its sender.
//!
//! Promises: every one has a number of its own, which never changes. Never touches: the database.

use super::column::number_of;

/// Whether somebody was asked about a message, and what sendmail said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody was.
    No,
    /// sendmail refused it; it may be tried once more.
    Refused,
    /// sendmail refused it again; it is not tried any more.
    RefusedTwice,
    /// sendmail took it. Written by former versions alone.
    Sent,
    /// The slot is taken, and sendmail did not refuse: it went out. If the machine stopped at that very moment it may
    /// have not; then nobody is asked twice either.
    SlotTaken,
    /// It went out and came back: nobody is there.
    Undeliverable,
    /// Perhaps it went out: sendmail was killed or lost, or the store was made anew since.
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

pub(super) const ASKED: [(Asked, i64); 7] = [
    (Asked::No, 0),
    (Asked::SlotTaken, 1),
    (Asked::Sent, 2),
    (Asked::Refused, 3),
    (Asked::Unknown, 4),
    (Asked::RefusedTwice, 5),
    (Asked::Undeliverable, 6),
];

pub(super) const STATES: [(State, i64); 5] =
    [(State::Held, 1), (State::Released, 2), (State::Discarded, 3), (State::Expired, 4), (State::Gone, 5)];

pub(super) fn asked_number(asked: Asked) -> i64 {
    number_of(&ASKED, &asked)
}

pub(super) fn state_number(state: State) -> i64 {
    number_of(&STATES, &state)
}
