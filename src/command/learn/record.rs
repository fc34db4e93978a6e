//! What is learned, on its way into the store.
//!
//! Promises: written a thousand at a time, each time whole, so that mail can be handled meanwhile and an interrupted run is
//! gone on with by the next; in a dry run nothing is written, and the same is counted. Never touches: where it comes from.

use std::collections::HashSet;

use crate::operation::entry::Who;
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::sent::Lessons;
use crate::operation::trouble::Trouble;
use crate::origin::auth::Proofs;
use crate::origin::submission::User;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::sent::Sent;
use crate::policy::standing::{Effect, Entry, Origin};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::{Change, Put, ReadFile, Store, StoreProblem};

/// So many are written in one transaction.
const SLICE: usize = 1_000;

/// What is learned.
pub struct Record {
    /// Whose.
    pub installation: Installation,
    /// The store, as it was and as it becomes.
    pub store: Store,
    /// Who runs the program.
    pub user: Option<User>,
    /// Seconds since 1970.
    pub now: i64,
    /// Whether nothing is written.
    pub dry_run: bool,
    waiting: Lessons,
    /// In a dry run: who would be new. Sixteen bytes each.
    would_be: HashSet<Fingerprint>,
    new: u64,
}

impl Record {
    /// Nothing is learned yet.
    ///
    /// # Errors
    /// When the set-up or the store cannot be read.
    pub fn open(environment: &Environment, dry_run: bool) -> Result<Record, Trouble> {
        let installation = Installation::open(environment)?;
        let store = ledger::needed(&installation)?;
        store.can_be_read()?;
        let (user, now) = (environment.caller.user.clone(), clock::now());
        let (waiting, would_be) = (Lessons::default(), HashSet::new());
        Ok(Record { installation, store, user, now, dry_run, waiting, would_be, new: 0 })
    }

    /// Takes what one message teaches.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn sent(&mut self, sent: &Sent) -> Result<(), Trouble> {
        self.waiting.add(&self.installation, sent, self.now);
        self.write_if(self.waiting.rows.len().max(self.waiting.people.len()) >= SLICE, Origin::Sent)
    }

    /// Takes one entry for the list.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn entry(&mut self, change: Change, origin: Origin) -> Result<(), Trouble> {
        self.waiting.people.push(change);
        self.write_if(self.waiting.people.len() >= SLICE, origin)
    }

    /// Writes an entry for each of these, all of them read before the first is written; `told` learns what there was before.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn write_all(
        &mut self,
        people: impl Iterator<Item = Who>,
        effect: Effect,
        origin: Origin,
        mut told: impl FnMut(Option<Entry>),
    ) -> Result<(), Trouble> {
        let entry = Entry { effect, pin: Proofs::NONE, origin, added: self.now };
        let (id, _) = self.installation.keys.list.current();
        let mut changes = people.map(|who| who.change(&self.installation, effect));
        if self.dry_run {
            return changes.try_for_each(|change| {
                let before = before(&self.store, &change)?;
                told(before.or_else(|| (!self.would_be.insert(change.key)).then_some(entry)));
                Ok(())
            });
        }
        self.store.change_entries(id, Put::IfNew(entry), changes.map(Ok::<_, Trouble>), |_, before| told(before))
    }

    /// Takes a file that need not be read again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn file(&mut self, file: ReadFile, origin: Origin) -> Result<(), Trouble> {
        self.waiting.files.push(file);
        self.write_if(self.waiting.files.len() >= SLICE, origin)
    }

    /// Writes what waits. How many entries are new since this was last asked.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn finish(&mut self, origin: Origin) -> Result<u64, Trouble> {
        self.write_if(true, origin)?;
        Ok(std::mem::take(&mut self.new))
    }

    fn write_if(&mut self, due: bool, origin: Origin) -> Result<(), Trouble> {
        if !due {
            return Ok(());
        }
        let lessons = std::mem::take(&mut self.waiting);
        if !self.dry_run {
            self.new += lessons.write(&self.installation, &mut self.store, origin, self.now)?;
            return Ok(());
        }
        for change in lessons.people {
            self.new += u64::from(before(&self.store, &change)?.is_none() && self.would_be.insert(change.key));
        }
        Ok(())
    }
}

/// What is on the list under any of the keys.
fn before(store: &Store, change: &Change) -> Result<Option<Entry>, StoreProblem> {
    for key in std::iter::once(&change.key).chain(&change.older) {
        if let Some(entry) = store.entry(key)? {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}
