//! The store as a person's command meets it: used where it is ready, done without where it is not and the
//! quarantine alone can answer.
//!
//! Promises: that the store could not be used is said once, on standard error, with the way out; no state is
//! written over one that says more. Never touches: list entries, files.

use crate::operation::installation::Installation;
use crate::operation::quarantine::{self, Held};
use crate::operation::screen;
use crate::operation::trash;
use crate::operation::trouble::Trouble;
use crate::policy::token::HeldId;
use crate::report;
use crate::world::store::{Asked, State, Store, StoreFile, StoreProblem};

/// The store, if there is one that can be read.
pub struct Ledger {
    store: Option<Store>,
}

/// The store for a command that cannot do without it.
///
/// # Errors
/// Names the file and says the way out.
pub fn needed(installation: &Installation) -> Result<Store, Trouble> {
    installation.store().map_err(|problem| {
        let text = sentence(installation, &problem);
        Trouble { error: anyhow::Error::msg(text), ..Trouble::from(problem) }
    })
}

/// Says that the keys cannot be read, to a person whose command goes on.
pub fn say_keyless(keyless: Option<&Trouble>) {
    if let Some(trouble) = keyless {
        let why = report::chain(&trouble.error);
        screen::error(&format!("{why}; going on without the keys, so no seal can be checked"));
    }
}

impl Ledger {
    /// Opens the store. One that is missing, damaged, newer or closed to the user is done without, and that is said.
    ///
    /// # Errors
    /// When it is busy, or the disk fails: then trying again helps.
    pub fn open(installation: &Installation) -> Result<Ledger, Trouble> {
        let mut ledger = Ledger { store: None };
        match installation.store() {
            Ok(store) => ledger.store = Some(store),
            Err(problem) => ledger.lose(installation, problem.into())?,
        }
        Ok(ledger)
    }

    /// Asks the store something, or tells it; nothing where there is none. A store that turns out to be damaged on
    /// the way is done without from then on.
    ///
    /// # Errors
    /// What `act` says, unless the store itself is at fault.
    pub fn ask<T>(
        &mut self,
        installation: &Installation,
        act: impl FnOnce(&mut Store) -> Result<T, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        let Some(store) = self.store.as_mut() else { return Ok(None) };
        match act(store) {
            Ok(answer) => Ok(Some(answer)),
            Err(trouble) => self.lose(installation, trouble).map(|()| None),
        }
    }

    /// The held message of that number. A person may wait until all of the quarantine is read, so one that the store
    /// does not know is found too.
    ///
    /// # Errors
    /// When the quarantine cannot be read.
    pub fn find(&mut self, installation: &Installation, id: HeldId) -> Result<Option<Held>, Trouble> {
        match self.ask(installation, |store| quarantine::find(installation, Some(store), id))?.flatten() {
            Some(held) => Ok(Some(held)),
            None => quarantine::find(installation, None, id),
        }
    }

    /// The message of that number in the trash, likewise.
    ///
    /// # Errors
    /// When the trash cannot be read.
    pub fn find_trashed(&mut self, installation: &Installation, id: HeldId) -> Result<Option<Held>, Trouble> {
        match self.ask(installation, |store| trash::find(installation, Some(store), id))?.flatten() {
            Some(held) => Ok(Some(held)),
            None => trash::find(installation, None, id),
        }
    }

    /// Writes down what became of a message, where there is a store.
    ///
    /// # Errors
    /// When the store is busy or cannot be written.
    pub fn set_state(&mut self, installation: &Installation, id: HeldId, state: State) -> Result<(), Trouble> {
        self.set_states(installation, &[id], state)
    }

    /// Writes down what became of many messages, the same of all, where there is a store.
    ///
    /// # Errors
    /// As [`Ledger::set_state`]; then nothing is written down of any.
    pub fn set_states(&mut self, installation: &Installation, ids: &[HeldId], state: State) -> Result<(), Trouble> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ask(installation, |store| Ok(store.set_states(ids, state)?)).map(|_| ())
    }

    /// Why there is no file of that number, in one sentence. One that vanished without us is written down as gone.
    ///
    /// # Errors
    /// As [`Ledger::set_state`].
    pub fn absence(&mut self, installation: &Installation, id: HeldId) -> Result<String, Trouble> {
        if self.find_trashed(installation, id)?.is_some() {
            return Ok(format!("{id} lies in the trash; to bring it back: countersign undiscard {id}"));
        }
        let row = self.ask(installation, |store| Ok(store.held(id)?))?.flatten();
        let Some(row) = row else { return Ok(format!("no message {id} is held")) };
        if row.state != State::Held {
            return Ok(format!("{id} is not held any more: {}", state_words(row.state)));
        }
        if quarantine::is_underway(installation, &row.message)? {
            return Ok(format!("{id} is being released by another process"));
        }
        self.set_state(installation, id, State::Gone)?;
        Ok(format!("{id} is not in the quarantine any more: another program moved or deleted its file"))
    }

    /// Why no file of that number lies in the trash, in one sentence.
    ///
    /// # Errors
    /// When the quarantine or the trash cannot be read.
    pub fn absence_in_trash(&mut self, installation: &Installation, id: HeldId) -> Result<String, Trouble> {
        if self.find(installation, id)?.is_some() {
            return Ok(format!("{id} is held, and does not lie in the trash"));
        }
        let row = self.ask(installation, |store| Ok(store.held(id)?))?.flatten();
        Ok(match row.map(|row| row.state) {
            None => format!("no message {id} lies in the trash; what does: countersign held --trash"),
            Some(State::Discarded) => {
                format!(
                    "{id} was thrown away, and is gone: its days in the trash are over, or another program emptied it"
                )
            }
            Some(state) => format!("{id} does not lie in the trash: {}", state_words(state)),
        })
    }

    /// Goes on without the store if it is the store's fault, and says so.
    fn lose(&mut self, installation: &Installation, trouble: Trouble) -> Result<(), Trouble> {
        use StoreProblem::{Corrupt, Missing, Newer};
        let problem = trouble.error.downcast_ref::<StoreProblem>();
        let lost = |problem: &&StoreProblem| matches!(problem, Corrupt | Missing | Newer(_)) || problem.is_closed();
        let Some(problem) = problem.filter(lost) else { return Err(trouble) };
        screen::error(&format!("{}; going on with the quarantine alone", sentence(installation, problem)));
        self.store = None;
        Ok(())
    }
}

/// Whether the sender was asked, in words that line up in a column; nobody knows without a row.
#[must_use]
pub fn asked_words(asked: Option<Asked>) -> &'static str {
    match asked {
        None => "not known",
        Some(Asked::No) => "not asked",
        Some(Asked::Refused) => "refused once",
        Some(Asked::RefusedTwice) => "refused twice",
        Some(Asked::Sent | Asked::SlotTaken) => "asked",
        Some(Asked::Unknown) => "perhaps asked",
        Some(Asked::Undeliverable) => "came back",
    }
}

/// Whether the sender was asked, for a program.
#[must_use]
pub fn asked_name(asked: Asked) -> &'static str {
    match asked {
        Asked::No => "not-asked",
        Asked::Refused => "refused",
        Asked::RefusedTwice => "refused-twice",
        Asked::Sent | Asked::SlotTaken => "asked",
        Asked::Undeliverable => "undeliverable",
        Asked::Unknown => "perhaps-asked",
    }
}

/// What became of a held message, in a word or two.
#[must_use]
pub fn state_words(state: State) -> &'static str {
    match state {
        State::Discarded => "discarded",
        State::Expired => "expired",
        State::Gone => "gone",
        State::Held => "held",
        State::Released => "released",
    }
}

/// What is wrong with which file of the store, and what mends it.
#[must_use]
pub fn sentence(installation: &Installation, problem: &StoreProblem) -> String {
    let path = &installation.config.paths.store;
    let file = Store::file_at_fault(path);
    let way_out = match (problem, file) {
        (StoreProblem::Corrupt | StoreProblem::Missing, StoreFile::List) => {
            " (bring it back from a backup; without one, `countersign maintain --rebuild` begins a new list)"
        }
        (StoreProblem::Corrupt | StoreProblem::Missing, StoreFile::Messages) => {
            " (`countersign maintain --rebuild` makes a new one from the quarantine)"
        }
        (StoreProblem::Newer(_), _) => " (install that version again)",
        (StoreProblem::Busy | StoreProblem::Machine(_), _) => "",
    };
    format!("{}: {problem}{way_out}", file.of(path).display())
}
