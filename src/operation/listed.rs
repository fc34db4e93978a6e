//! What the list says, under whichever key of the ring it says it.
//!
//! Promises: reads only. Never touches: what is concluded from it.

use crate::mail::address::Address;
use crate::operation::installation::Installation;
use crate::policy::fingerprint::{Fingerprint, Kind, of_mailbox, under_every_key};
use crate::policy::sent::{Outgoing, Recipient, Sent, Unlearned};
use crate::policy::standing::Entry;
use crate::signs::list_id::ListId;
use crate::world::store::{Store, StoreProblem};

/// The list entry of an address, if there is one.
///
/// # Errors
/// [`StoreProblem`]
pub fn entry_of(installation: &Installation, store: &Store, address: &Address) -> Result<Option<Entry>, StoreProblem> {
    entry_under(store, of_mailbox(&installation.keys.list, address).map(|(_, key)| key))
}

/// The list entry under the first of these keys that has one.
///
/// # Errors
/// [`StoreProblem`]
pub fn entry_under(store: &Store, mut keys: impl Iterator<Item = Fingerprint>) -> Result<Option<Entry>, StoreProblem> {
    keys.find_map(|key| store.entry(&key).transpose()).transpose()
}

/// What a recipient is known to be: a list is one that the user allowed, or says that it is private.
///
/// # Errors
/// [`StoreProblem`]
pub fn recipient(installation: &Installation, store: &Store, address: &Address) -> Result<Recipient, StoreProblem> {
    let Some(list) = ListId::of_posting_address(address) else { return Ok(Recipient::Person) };
    if installation.config.policy.private_lists.contains(&list) {
        return Ok(Recipient::PrivateList);
    }
    let keys = under_every_key(&installation.keys.list, Kind::List, list.as_str());
    let entry = entry_under(store, keys.map(|(_, key)| key))?;
    Ok(if entry.is_some() { Recipient::PublicList } else { Recipient::Person })
}

/// What a message teaches that the user is said to have sent, with what the list says of its recipients.
///
/// # Errors
/// [`StoreProblem`]
pub fn read_sent(
    installation: &Installation,
    store: &Store,
    message: Outgoing<'_>,
) -> Result<Result<Sent, Unlearned>, StoreProblem> {
    let mut problem = None;
    let mut is = |address: &Address| {
        recipient(installation, store, address).unwrap_or_else(|error| {
            problem = Some(error);
            Recipient::Person
        })
    };
    let read = Sent::read(message, &installation.config.policy.owner, &mut is);
    problem.map_or(Ok(read), Err)
}
