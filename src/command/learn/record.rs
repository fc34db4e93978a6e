//! What is learned, on its way into the store.
//!
//! Promises: written a thousand at a time, each time whole, so that mail can be handled meanwhile and an interrupted run is
//! gone on with by the next; in a dry run nothing is written, and the same is counted. Never touches: where it comes from.

use std::collections::HashSet;

use crate::mail::address::Address;
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::sent::{self, Lessons};
use crate::operation::trouble::Trouble;
use crate::origin::submission::User;
use crate::policy::fingerprint::Fingerprint;
use crate::policy::sent::{Recipient, Sent};
use crate::policy::standing::Origin;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::{Change, ReadFile, Store};

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

    /// What a recipient is known to be.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn recipient(&self, address: &Address) -> Result<Recipient, Trouble> {
        Ok(sent::recipient(&self.installation, &self.store, address)?)
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
        for Change { key, older, .. } in lessons.people {
            let mut there = false;
            for key in std::iter::once(&key).chain(&older) {
                there = there || self.store.entry(key)?.is_some();
            }
            self.new += u64::from(!there && self.would_be.insert(key));
        }
        Ok(())
    }
}
