//! Whether a message is about something the user sent: its Message-IDs and its Subject, looked up.
//!
//! Promises: read-only. Where no earlier message is named nothing is asked. Never touches: what follows from it
//! (`policy/own_mail.rs`, `verdict.rs`).

use crate::facts::Facts;
use crate::operation::installation::Installation;
use crate::policy::fingerprint::{Fingerprint, Kind, under_every_key};
use crate::policy::own_mail::{How, Notice, OwnMail, notice};
use crate::policy::sent::Class;
use crate::policy::standing::Standing;
use crate::policy::subject::topic;
use crate::policy::token::{Day, Token, TokenRefusal};
use crate::signs::list_id::ListId;
use crate::world::store::{SentRow, Store, StoreProblem};

/// Who sent nothing for so many seconds, as far as is known, may send where this program does not see it.
const LATELY: i64 = 30 * 86_400;

/// What a Message-ID turned out to be.
enum Found {
    /// One of the user's, and an answer to it is still let in.
    Own(OwnMail),
    /// One of the user's, of too long ago.
    Late,
    /// Nobody's who is known.
    Unknown,
}

/// Looks everything up, and writes into the standing what comes of it.
///
/// # Errors
/// [`StoreProblem`]
pub fn look_up(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    now: i64,
    standing: &mut Standing,
) -> Result<(), StoreProblem> {
    let found = match by_cookie(installation, facts, now) {
        Found::Own(own) => Found::Own(own),
        found => by_row(installation, store, facts, now)?.or(found),
    };
    if let Found::Own(own) = found {
        standing.own = Some(own);
        return Ok(());
    }
    standing.own = by_topic(installation, store, facts, now)?;
    if standing.own.is_none() && matches!(found, Found::Unknown) && returns_anothers(facts) {
        standing.foreign = store.knows_sent_since(now - LATELY)?;
    }
    Ok(())
}

impl Found {
    /// The one that says more.
    fn or(self, other: Found) -> Found {
        if matches!(self, Found::Unknown) { other } else { self }
    }
}

/// The host does not count: the program may have been called another name then.
fn by_cookie(installation: &Installation, facts: &Facts, now: i64) -> Found {
    let mut found = Found::Unknown;
    for earlier in facts.earlier() {
        let Some(text) = earlier.cookie() else { continue };
        let owner = installation.config.policy.owner.primary.normal();
        match Token::read(&text).verify_sent(&installation.keys.token, &owner, Day::of(now)) {
            Ok(class) => return Found::Own(OwnMail { class, how: How::Cookie, id: Some(earlier.clone()) }),
            Err(TokenRefusal::Expired) => found = Found::Late,
            Err(TokenRefusal::Forged | TokenRefusal::FromTheFuture | TokenRefusal::UnknownKey) => {}
        }
    }
    found
}

fn by_row(installation: &Installation, store: &Store, facts: &Facts, now: i64) -> Result<Found, StoreProblem> {
    let mut found = Found::Unknown;
    let (mut keys, mut ids) = (Vec::new(), Vec::new());
    for earlier in facts.earlier() {
        for key in keys_of(installation, Kind::MessageId, &earlier.id) {
            keys.push(key);
            ids.push(earlier);
        }
    }
    let mut from = 0;
    // Nearly always one question: most ids are nobody's who is known.
    while let Some(row) = if from < keys.len() { store.sent(&keys[from..])? } else { None } {
        let Some(at) = keys[from..].iter().position(|key| *key == row.key) else { break };
        if is_alive(row, now) {
            return Ok(Found::Own(OwnMail { class: row.class, how: How::Row, id: Some(ids[from + at].clone()) }));
        }
        found = Found::Late;
        from += at + 1;
    }
    Ok(found)
}

/// On a private list an answer may have lost what it answers; anywhere else a Subject is a word that anybody may use.
fn by_topic(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    now: i64,
) -> Result<Option<OwnMail>, StoreProblem> {
    let private = &installation.config.policy.private_lists;
    if private.is_empty() {
        return Ok(None);
    }
    let named = facts.named.iter().filter_map(ListId::of_posting_address);
    if !facts.possible_list().into_iter().chain(named).any(|list| private.contains(&list)) {
        return Ok(None);
    }
    let Some(topic) = topic(facts.subject()) else { return Ok(None) };
    let row = store.sent(&keys_of(installation, Kind::Topic, &topic))?;
    let alive = row.filter(|row| is_alive(SentRow { class: Class::Public, ..*row }, now));
    Ok(alive.map(|_| OwnMail { class: Class::Public, how: How::Topic, id: None }))
}

fn is_alive(row: SentRow, now: i64) -> bool {
    now.saturating_sub(row.at) <= row.class.seconds()
}

/// Whether it is a bounce of which it can be read what came back, and that is no mail of this program's own.
fn returns_anothers(facts: &Facts) -> bool {
    let mut returned = facts.earlier().iter().filter(|earlier| earlier.place.is_returned()).peekable();
    let Some(first) = returned.peek() else { return false };
    notice(facts, Some(first.place)) == Some(Notice::Bounce)
        && !returned.any(|earlier| earlier.id.get(..3).is_some_and(|mark| mark.eq_ignore_ascii_case("cr.")))
}

/// The keys under which a Message-ID of the user's own mail may be known.
#[must_use]
pub fn keys_of(installation: &Installation, kind: Kind, text: &str) -> Vec<Fingerprint> {
    under_every_key(&installation.keys.list, kind, text).map(|(_, key)| key).collect()
}
