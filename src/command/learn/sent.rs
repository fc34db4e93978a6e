//! Mail that the user sent: who may write back, and by what an answer is known.
//!
//! Promises: what `policy/sent.rs` promises of each message; a file counts as read when all of it was. Never touches: mail
//! that came in.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::command::learn::folders::{Folders, with_subfolders};
use crate::command::learn::record::Record;
use crate::facts::Facts;
use crate::mail::display::one_line;
use crate::mail::head::Head;
use crate::operation::listed::read_sent;
use crate::operation::people::summary;
use crate::operation::progress::{Progress, group, people, plural};
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::origin::envelope::Caller;
use crate::origin::submission::was_submitted;
use crate::policy::block::without_block;
use crate::policy::sent::{Outgoing, Sent, Unlearned};
use crate::policy::standing::Origin;
use crate::world::archive::{self, Found, Message};
use crate::world::store::ReadFile;

/// Most addresses that are kept to be named as perhaps the user's own.
const AUTHORS_KEPT: usize = 1_000;
/// Most of them that are named.
const AUTHORS_SHOWN: usize = 3;

/// Learns from these folders; how many messages and unchanged files there were.
///
/// # Errors
/// When the store cannot be read or written.
pub fn learn(paths: &[PathBuf], record: &mut Record) -> Result<u64, Trouble> {
    let paths = with_subfolders(paths);
    let mut tally = Tally::default();
    let (_, key) = record.installation.keys.list.current();
    let (key, quarantine) = (key.clone(), record.installation.config.paths.quarantine.clone());
    let owner = record.installation.config.policy.owner.clone();
    let folders = Folders::new(&key, &paths, &quarantine, record.store.read_files()?).written_by(&owner);
    let folders = std::cell::RefCell::new(folders);
    let mut progress = Progress::of(&paths);
    let read = Arc::clone(&progress.read);
    let mut reading: Option<ReadFile> = None;
    let mut trouble = None;
    let _ =
        archive::read_wanted(&paths, &read, &mut |path, what| folders.borrow_mut().wants(path, what), &mut |found| {
            let now = folders.borrow().now;
            let done = reading.filter(|file| now.is_none_or(|now| now.key != file.key));
            reading = now;
            let step = done.map_or(Ok(()), |file| record.file(file, Origin::Sent)).and_then(|()| match found {
                Found::Fault(fault) => {
                    progress.clear();
                    screen::error(&one_line(&fault.to_string(), 1_000));
                    tally.faults += 1;
                    // What is torn may be whole another time; what is no mail never is.
                    reading = reading.filter(|_| fault.offset.is_none());
                    Ok(())
                }
                Found::Message(message) => {
                    progress.step();
                    tally.take(&message, record)
                }
            });
            trouble = step.err();
            if trouble.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    progress.clear();
    trouble.map_or(Ok(()), Err)?;
    reading.map_or(Ok(()), |file| record.file(file, Origin::Sent))?;
    tally.unchanged = folders.into_inner().unchanged;
    tally.new = record.finish(Origin::Sent)?;
    screen::out(&tally.text(record.dry_run))?;
    Ok(tally.messages + tally.unchanged)
}

/// Whether there is a file in these folders that was not read as it is, or something that cannot be read.
///
/// # Errors
/// When the store cannot be read.
pub fn has_news(paths: &[PathBuf], record: &Record) -> Result<bool, Trouble> {
    let paths = with_subfolders(paths);
    let (_, key) = record.installation.keys.list.current();
    let quarantine = &record.installation.config.paths.quarantine;
    let owner = &record.installation.config.policy.owner;
    let mut folders = Folders::new(key, &paths, quarantine, record.store.read_files()?).written_by(owner);
    let (mut unread, mut faults) = (0_u64, 0_u64);
    // No file is opened; the first one that is new is enough.
    let _ = archive::read_wanted(
        &paths,
        &Arc::default(),
        &mut |path, what| {
            let wanted = unread == 0 && folders.wants(path, what);
            unread += u64::from(wanted && what.is_file());
            wanted && what.is_dir()
        },
        &mut |_| {
            faults += 1;
            ControlFlow::Break(())
        },
    );
    Ok(unread + faults > 0)
}

/// What one message teaches; the caller is who runs the program.
fn lesson(message: &Message, record: &Record) -> Result<Result<Sent, (Unlearned, Facts)>, Trouble> {
    let policy = &record.installation.config.policy;
    let start = without_block(&message.start);
    let head = Head::read(&start);
    let caller = Caller { user: record.user.clone(), ..Caller::of_kept(&head, policy.trust.hops) };
    let facts = Facts::read(&start, &caller, &policy.trust);
    let submitted = was_submitted(&head, policy.trust.hops, record.user.as_ref());
    let outgoing = Outgoing { facts: &facts, head: &head, envelope: &[], submitted };
    let read = read_sent(&record.installation, &record.store, outgoing)?;
    Ok(read.map_err(|why| (why, facts)))
}

/// What there was.
#[derive(Default)]
struct Tally {
    messages: u64,
    faults: u64,
    unchanged: u64,
    new: u64,
    unlearned: HashMap<Unlearned, u64>,
    /// Who wrote what is not from an address of the user's.
    authors: HashMap<String, u64>,
}

impl Tally {
    fn take(&mut self, message: &Message, record: &mut Record) -> Result<(), Trouble> {
        self.messages += 1;
        match lesson(message, record)? {
            Ok(sent) => record.sent(&sent),
            Err((why, facts)) => {
                *self.unlearned.entry(why).or_default() += 1;
                if let (Unlearned::NotYours, Some(author)) = (why, facts.sender.address()) {
                    let author = author.normal().as_str().to_owned();
                    if self.authors.len() < AUTHORS_KEPT || self.authors.contains_key(&author) {
                        *self.authors.entry(author).or_default() += 1;
                    }
                }
                Ok(())
            }
        }
    }

    fn text(&self, dry_run: bool) -> String {
        let teach = self.messages - self.unlearned.values().sum::<u64>();
        let may = if dry_run { "would be known" } else { "more known from now on" };
        let (count, messages) = (group(teach), plural(teach, "message"));
        let mut text = format!("{count} {messages} that you sent: {} {may}\n", people(self.new));
        let mut why: Vec<_> = self.unlearned.iter().collect();
        why.sort();
        let mut left: Vec<(u64, &str)> = why.into_iter().map(|(why, count)| (*count, why.words())).collect();
        left.push((self.unchanged, "in files that have not changed since"));
        let left = summary(&left);
        if !left.is_empty() {
            text.push_str(&format!("passed over: {left}\n"));
        }
        let mut authors: Vec<_> = self.authors.iter().collect();
        authors.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
        if !authors.is_empty() {
            let named: Vec<String> =
                authors.iter().take(AUTHORS_SHOWN).map(|(author, count)| format!("{author} ({count})")).collect();
            let named = one_line(&named.join(", "), 300);
            text.push_str(&format!("if one of these is yours too, name it in owner.others: {named}\n"));
        }
        text
    }
}
