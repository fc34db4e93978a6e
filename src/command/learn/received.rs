//! Received mail: which mailing lists write to the user, and whom the user answered.
//!
//! Promises: proposes, and writes only what the user takes; a list is proposed for three or more messages over two weeks or
//! more, in spite of the marks of mail to many. Never touches: mail in folders for junk, waste and drafts.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::command::learn::folders::{Folders, flags, whole};
use crate::command::learn::record::Record;
use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::compose::day_of;
use crate::mail::display::{one_line, shell_word};
use crate::mail::head::Head;
use crate::operation::entry::Who;
use crate::operation::progress::{Progress, group, people, plural};
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::block::without_block;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::standing::{Effect, Origin};
use crate::signs::list_id::ListId;
use crate::signs::sender;
use crate::world::archive::{self, Found, Message};
use crate::world::store::{PINNED_FROM, pin_of};

/// Fewer messages than these make no list.
const FEWEST: u64 = 3;
/// Over so many seconds at least: what comes on one day is one mailing.
const SPAN: i64 = 14 * 86_400;
/// Most lists and most people that are kept in mind.
const KEPT: usize = 100_000;

/// Looks at these folders; how many messages there were.
///
/// # Errors
/// When the store cannot be read or written.
pub fn learn(paths: &[PathBuf], takes: bool, record: &mut Record) -> Result<u64, Trouble> {
    let paths = whole(paths);
    let (_, key) = record.installation.keys.list.current();
    let (key, quarantine) = (key.clone(), record.installation.config.paths.quarantine.clone());
    let mut folders = Folders::new(&key, &paths, &quarantine, HashMap::new());
    let mut progress = Progress::of(&paths);
    let read = Arc::clone(&progress.read);
    let (mut seen, mut messages) = (Seen::default(), 0);
    let _ = archive::read_wanted(&paths, &read, &mut |path, what| folders.wants(path, what), &mut |found| {
        match found {
            Found::Fault(fault) => {
                progress.clear();
                screen::error(&one_line(&fault.to_string(), 1_000));
            }
            Found::Message(message) => {
                progress.step();
                messages += u64::from(seen.take(&message, record));
            }
        }
        ControlFlow::Continue(())
    });
    progress.clear();
    let proposals = proposals(&mut seen, record)?;
    screen::out(&text(&proposals, messages, takes && !record.dry_run))?;
    if takes {
        let pinned = if record.dry_run { 0 } else { record.store.pin_entries(&seen.pins())? };
        if pinned > 0 {
            screen::out(&format!("let in only with the proof that their mail has: {}\n", people(pinned)))?;
        }
        for proposal in &proposals {
            record.entry(proposal.who.change(&record.installation, Effect::Allow), Origin::Proposed)?;
        }
        record.finish(Origin::Proposed)?;
    }
    Ok(messages)
}

/// One of them, with what was seen.
struct Proposal {
    who: Who,
    count: u64,
    first: i64,
    last: i64,
}

/// What was seen of one list or one person.
#[derive(Clone, Copy, Debug)]
struct Traces {
    count: u64,
    first: i64,
    last: i64,
}

#[derive(Default)]
struct Seen {
    lists: HashMap<ListId, Traces>,
    answered: HashMap<String, Traces>,
    proven: HashMap<Fingerprint, Proven>,
}

/// How many messages of an author had proofs of DMARC and of DKIM; no more are counted than a pin needs.
#[derive(Default)]
struct Proven {
    dmarc: i64,
    dkim: i64,
    /// Of their Message-IDs: IMAP programs keep one message in several folders.
    counted: Vec<Fingerprint>,
}

impl Proven {
    fn count(&mut self, proofs: Proofs, id: Option<Fingerprint>) {
        let dmarc = proofs.contains(Proofs::DMARC) && self.dmarc < PINNED_FROM;
        let dkim = proofs.contains(Proofs::DKIM) && self.dkim < PINNED_FROM;
        if !(dmarc || dkim) || id.is_some_and(|id| self.counted.contains(&id)) {
            return;
        }
        self.counted.extend(id);
        self.dmarc += i64::from(dmarc);
        self.dkim += i64::from(dkim);
    }
}

impl Seen {
    /// Takes a message; whether it was received, and not the user's own.
    fn take(&mut self, message: &Message, record: &Record) -> bool {
        let policy = &record.installation.config.policy;
        let start = without_block(&message.start);
        let facts = Facts::read(&start, &Caller::of_kept(&Head::read(&start), policy.trust.hops), &policy.trust);
        if facts.sender.address().is_some_and(|author| policy.owner.is(author)) {
            return false;
        }
        if let Some(author) = facts.sender.address() {
            self.count_proofs(author, &facts, record);
        }
        let Some(at) = message.received.or(facts.date) else { return true };
        if let Some(list) = facts.list() {
            note(&mut self.lists, list.clone(), at);
        } else if let Some(author) = facts.sender.address()
            && flags(&message.path).contains('R')
            && sender::read(author).is_none()
        {
            note(&mut self.answered, author.to_string(), at);
        }
        true
    }

    fn count_proofs(&mut self, author: &Address, facts: &Facts, record: &Record) {
        let (_, key) = record.installation.keys.list.current();
        let proofs = facts.authentication.proofs(author.domain());
        let id = facts.message_id.as_deref().map(|id| Fingerprint::of(key, Kind::MessageId, id.as_bytes()));
        let key = Fingerprint::of_address(key, &author.normal());
        if !proofs.intersects(Proofs::AUTHOR) || self.proven.len() >= KEPT && !self.proven.contains_key(&key) {
            return;
        }
        self.proven.entry(key).or_default().count(proofs, id);
    }

    /// Which proofs may be asked for from now on.
    fn pins(&self) -> Vec<(Fingerprint, Proofs)> {
        let pins = self.proven.iter().map(|(key, proven)| (*key, pin_of(proven.dmarc, proven.dkim)));
        pins.filter(|(_, pin)| !pin.is_empty()).collect()
    }
}

/// What is worth to be proposed and is not on the list, the most frequent first.
fn proposals(seen: &mut Seen, record: &Record) -> Result<Vec<Proposal>, Trouble> {
    let lists = std::mem::take(&mut seen.lists)
        .into_iter()
        .filter(|(_, seen)| seen.count >= FEWEST && seen.last - seen.first >= SPAN);
    let lists = lists.map(|(list, seen)| (Who::List(list), seen));
    let people = std::mem::take(&mut seen.answered)
        .into_iter()
        .filter_map(|(author, seen)| Some((Who::parse(&author).ok()?, seen)));
    let mut found = Vec::new();
    for (who, Traces { count, first, last }) in lists.chain(people) {
        if who.entry(&record.installation, &record.store)?.is_none() {
            found.push(Proposal { who, count, first, last });
        }
    }
    found.sort_by_cached_key(|one| {
        (matches!(one.who, Who::Address(_)), std::cmp::Reverse(one.count), one.who.to_string())
    });
    Ok(found)
}

fn note<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Traces>, key: K, at: i64) {
    if map.len() >= KEPT && !map.contains_key(&key) {
        return;
    }
    let seen = map.entry(key).or_insert(Traces { count: 0, first: at, last: at });
    *seen = Traces { count: seen.count + 1, first: seen.first.min(at), last: seen.last.max(at) };
}

fn text(proposals: &[Proposal], messages: u64, taken: bool) -> String {
    let (lists, answered): (Vec<_>, Vec<_>) = proposals.iter().partition(|one| matches!(one.who, Who::List(_)));
    let mut text = format!("{} {} received: ", group(messages), plural(messages, "message"));
    let (count, answered) = (lists.len() as u64, people(answered.len() as u64));
    text.push_str(&format!("{} mailing {}, {answered} whom you answered\n", group(count), plural(count, "list")));
    for one in proposals {
        let did = if taken { "allowed" } else { "countersign allow" };
        let (first, last) = (day_of(one.first), day_of(one.last));
        let who = shell_word(&one.who.to_string());
        text.push_str(&format!("  {did} {who}   # {} from {first} to {last}\n", group(one.count)));
    }
    if !taken && !proposals.is_empty() {
        text.push_str("Nothing of this was written. Take one by its line, or all of them with --yes.\n");
    }
    text
}
