//! What the user's own mail teaches, written into the store: who may write back, and by what an answer is known.
//!
//! Promises: an entry that is there stays as it is, so nothing that was denied is allowed again; no address of the user's and
//! none of mail systems is learned; what is too old to be answered is not remembered. Never touches: where the mail comes
//! from, whether the user wrote it (`policy/sent.rs`).

use crate::mail::address::Address;
use crate::operation::entry::Who;
use crate::operation::installation::Installation;
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::{Fingerprint, Kind, under_every_key};
use crate::policy::sent::{Class, Recipient, Sent};
use crate::policy::standing::{Effect, Entry, Origin};
use crate::signs::list_id::ListId;
use crate::world::store::{Change, Put, ReadFile, SentRow, Store, StoreProblem};

/// What is to be written, of one message or of many.
#[derive(Debug, Default)]
pub struct Lessons {
    /// Who may write back.
    pub people: Vec<Change>,
    /// By what an answer is known.
    pub rows: Vec<SentRow>,
    /// The files that were read for it.
    pub files: Vec<ReadFile>,
}

/// What a recipient is known to be: a list is one that the user allowed, or says that it is private. A list's posting
/// address is its List-Id with an `@` in the place of the first dot, with all list programs that were looked at.
///
/// # Errors
/// [`StoreProblem`]
pub fn recipient(installation: &Installation, store: &Store, address: &Address) -> Result<Recipient, StoreProblem> {
    let Some(list) = ListId::new(&format!("{}.{}", address.local(), address.domain())) else {
        return Ok(Recipient::Person);
    };
    if installation.config.policy.private_lists.contains(&list) {
        return Ok(Recipient::PrivateList);
    }
    let entry = Who::List(list).entry(installation, store)?;
    Ok(if entry.is_some() { Recipient::PublicList } else { Recipient::Person })
}

impl Lessons {
    /// Takes what one message teaches; `now` in seconds since 1970.
    pub fn add(&mut self, installation: &Installation, sent: &Sent, now: i64) {
        let change = |person: &Address| Who::Address(person.clone()).change(installation, Effect::Allow);
        self.people.extend(sent.people.iter().map(change));
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
        let people = self.people.into_iter().map(Ok::<_, StoreProblem>);
        store.change_entries(id, Put::IfNew(entry), people, |_, before| new += u64::from(before.is_none()))?;
        store.note_sent(&self.rows, &self.files)?;
        Ok(new)
    }
}

/// The keys under which a Message-ID of the user's own mail may be known.
#[must_use]
pub fn keys_of(installation: &Installation, kind: Kind, text: &str) -> Vec<Fingerprint> {
    under_every_key(&installation.keys.list, kind, text).map(|(_, key)| key).collect()
}
