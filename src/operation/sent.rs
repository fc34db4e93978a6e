//! What the user's own mail teaches, written into the store: who may write back, and by what an answer is known.
//!
//! Promises: an entry that is there stays as it is, so nothing that was denied is allowed again; no address of the user's and
//! none of mail systems is learned; what is too old to be answered is not remembered. Never touches: where the mail comes
//! from, whether the user wrote it (`policy/sent.rs`).

use std::sync::Arc;

use crate::facts::Facts;
use crate::mail::address::Address;
use crate::operation::entry::Who;
use crate::operation::installation::Installation;
pub use crate::operation::listed::recipient;
use crate::operation::sent_copy::{self, NoCopy};
use crate::operation::trouble::Trouble;
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::sent::{Class, Sent};
use crate::policy::standing::{Effect, Entry, Origin};
use crate::signs::subscription::Subscription;
use crate::world::store::{Change, Put, ReadFile, SentRow, Store, StoreProblem};

/// What is to be written, of one message or of many.
#[derive(Debug, Default)]
pub struct Lessons {
    /// Who may write back.
    pub people: Vec<Change>,
    /// Which lists may write that the user subscribed to, and which programs about it.
    pub subscribed: Vec<Change>,
    /// By what an answer is known.
    pub rows: Vec<SentRow>,
    /// The files that were read for it.
    pub files: Vec<ReadFile>,
}

impl Lessons {
    /// Takes what one message teaches; `now` in seconds since 1970.
    pub fn add(&mut self, installation: &Installation, sent: &Sent, now: i64) {
        let change = |person: &Address| Who::Address(person.clone()).change(installation, Effect::Allow);
        self.people.extend(sent.people.iter().map(change));
        for Subscription { lists, helpers, .. } in &sent.subscriptions {
            let lists = lists.iter().map(|list| Who::List(list.clone()).change(installation, Effect::Allow));
            // Everybody can feign the program that asks for a confirmation.
            let proven = |change: Change| Change { pin: proof_of_programs(installation), ..change };
            self.subscribed.extend(lists.chain(helpers.iter().map(change).map(proven)));
        }
        // A date ahead would let answers in for longer.
        let at = sent.at.unwrap_or(now).min(now);
        let (_, key) = installation.keys.list.current();
        let row = |kind, text: &str, class| SentRow { key: Fingerprint::of(key, kind, text.as_bytes()), at, class };
        if now - at <= sent.class.seconds() {
            self.rows.extend(sent.message_id.iter().map(|id| row(Kind::MessageId, id, sent.class)));
        }
        if now - at <= Class::Public.seconds() {
            self.rows.extend(sent.topic.iter().map(|topic| row(Kind::Topic, topic, Class::Public)));
        }
    }

    /// Writes it all: the people first, so that what is cut off by a crash is only learned once more. How many of them are new.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn write(
        self,
        installation: &Installation,
        store: &mut Store,
        origin: Origin,
        now: i64,
    ) -> Result<u64, StoreProblem> {
        let entry = Entry { effect: Effect::Allow, pin: Proofs::NONE, origin, added: now };
        let (id, _) = installation.keys.list.current();
        let mut new = 0;
        let subscribed = self.subscribed.into_iter().map(Ok::<_, StoreProblem>);
        let as_subscribed = Put::IfNew(Entry { origin: Origin::Subscribed, ..entry });
        store.change_entries(id, as_subscribed, subscribed, |_, _| ())?;
        let people = self.people.into_iter().map(Ok::<_, StoreProblem>);
        store.change_entries(id, Put::IfNew(entry), people, |_, before| new += u64::from(before.is_none()))?;
        store.note_sent(&self.rows, &self.files)?;
        Ok(new)
    }
}

/// What mail from programs must prove, where anything can be proven.
fn proof_of_programs(installation: &Installation) -> Proofs {
    if !installation.config.policy.trust.can_prove() { Proofs::NONE } else { Proofs::AUTHOR }
}

/// Writes what one message teaches. How many people are new.
///
/// # Errors
/// [`StoreProblem`]
pub fn teach(installation: &Installation, store: &mut Store, sent: &Sent, now: i64) -> Result<u64, StoreProblem> {
    let mut lessons = Lessons::default();
    lessons.add(installation, sent, now);
    lessons.write(installation, store, Origin::Sent, now)
}

/// Learns from a copy of the user's own mail that somebody hands over: only if it came to the signed address for such copies,
/// and the host's own Received says that the user handed it in. `start` is its header block and the start of its body.
///
/// # Errors
/// The store cannot be used.
pub fn teach_from_copy(
    installation: &Installation,
    store: &mut Store,
    start: Arc<Vec<u8>>,
    caller: &Caller,
    now: i64,
) -> Result<Result<u64, NoCopy>, Trouble> {
    let facts = Facts::of(start, caller, &installation.config.policy.trust);
    match sent_copy::read(installation, store, &facts, caller, now)? {
        Ok(sent) => Ok(Ok(teach(installation, store, &sent, now)?)),
        Err(no_copy) => Ok(Err(no_copy)),
    }
}

/// Writes down who answered a private message, with the proof that later mail must have; who is on the list stays there as
/// they are.
///
/// # Errors
/// [`StoreProblem`]
pub fn learn_author(
    installation: &Installation,
    store: &mut Store,
    (author, pin): (&Address, Proofs),
    now: i64,
) -> Result<(), StoreProblem> {
    let entry = Entry { effect: Effect::Allow, pin, origin: Origin::Replied, added: now };
    let (id, _) = installation.keys.list.current();
    let change = Change { pin, ..Who::Address(author.clone()).change(installation, Effect::Allow) };
    store.change_entries(id, Put::IfNew(entry), [Ok::<_, StoreProblem>(change)].into_iter(), |_, _| ())
}
