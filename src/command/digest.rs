//! `digest`: what is newly held, written into the user's inbox. Run by cron.
//!
//! Promises: a message counts as listed only after the digest that lists it is durable in the inbox; with
//! `--stdout` nothing is changed. It goes into the inbox directly, never through the mail system. Never touches:
//! held messages themselves.

use std::collections::{HashMap, HashSet};

use crate::cli::DigestArguments;
use crate::exit::Ending;
use crate::facts::Facts;
use crate::mail::compose::from_line;
use crate::mail::head::Head;
use crate::operation::case::entry_of;
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::own_mark;
use crate::operation::quarantine::{self, Held};
use crate::operation::results::stopped;
use crate::operation::screen;
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::operation::unread::{Unread, sentences};
use crate::origin::auth::Trust;
use crate::origin::envelope::Caller;
use crate::origin::score::{Points, SpamScore};
use crate::policy::digest::{Digest, Entry, Report, WIDTH, Words, Zone, code, message, told, write};
use crate::policy::fingerprint::Fingerprint;
use crate::policy::gate::GateRefusal;
use crate::policy::reason::Reason;
use crate::policy::standing::Effect;
use crate::policy::time::doubt;
use crate::policy::token::HeldId;
use crate::report::chain;
use crate::world::config::{Environment, Inbox};
use crate::world::maildir::{self, Maildir};
use crate::world::store::{Asked, HeldRow, Store, StoreFile, StoreProblem};
use crate::world::zone::LocalZone;
use crate::world::{clock, random};

/// Bytes of a body that are read for a preview.
const PREVIEW_BYTES: usize = 16 * 1024;

/// What is held, sorted into new and already listed.
pub struct Inventory {
    /// Not listed by a digest yet.
    pub new: Vec<Entry>,
    /// How many were listed before.
    pub older: usize,
    /// What is wrong with the installation, in whole sentences.
    pub alarms: Vec<String>,
    /// What lies beside them and is not seen.
    unread: Vec<Unread>,
    /// Where the new ones are, by their number.
    files: HashMap<i64, maildir::Entry>,
}

/// The rows of all that is held, found by number and by message.
#[derive(Default)]
struct Rows {
    by_number: Vec<HeldRow>,
    by_message: Vec<(Fingerprint, usize)>,
    /// Where there are none: the list, which may be sound all the same.
    list: Option<Store>,
}

/// Runs `digest`.
///
/// # Errors
/// When what is held cannot be read, or the digest cannot be stored.
pub fn digest(arguments: &DigestArguments, environment: Environment) -> Answer {
    // Gather.
    let (installation, keyless) = Installation::open_without_keys(&environment)?;
    let now = clock::now();
    let mut store = whole_store(&installation);
    let mut found = inventory(&installation, store.as_ref().map_err(Clone::clone))?;
    let mut told_of = Vec::new();
    if let Ok(store) = &store {
        let (ids, said): (Vec<_>, Vec<_>) = trash::answered(&installation, store)?.into_iter().unzip();
        told_of = ids;
        found.alarms.extend(said);
        found.alarms.extend(clock_alarm(store, now));
        found.alarms.extend(stopped(&installation.config, store)?);
    }
    let lost = |trouble: &Trouble| format!("All mail waits: {}. See `countersign doctor`.", chain(&trouble.error));
    found.alarms.splice(0..0, keyless.as_ref().map(lost));
    let words = found.read(&installation, now)?;
    let local = LocalZone::read();
    // Decide.
    let policy = &installation.config.policy;
    // What another put there is told with the next digest, and makes none.
    let quiet = found.new.is_empty() && found.alarms.is_empty() && found.unread.iter().all(|one| one.why.is_none());
    found.alarms.extend(sentences("quarantine", &found.unread, &installation.config.paths.keys));
    let zone = Zone { name: &local.name(now), offset: &|at| local.offset(at) };
    // What goes into a mail is read on any screen.
    let width = if arguments.stdout { screen::width().unwrap_or(WIDTH) } else { WIDTH };
    let (entries, alarms, older) = (&found.new, &found.alarms, found.older);
    let report = Report { policy, entries, words: &words, alarms, older, now, zone, width };
    let Digest { text, listed } = write(report);
    if arguments.stdout {
        screen::out(&text)?;
        return Ok(Ending::Done);
    }
    if quiet && !arguments.always {
        return Ok(Ending::Done);
    }
    let id = HeldId::from_random(random::bits()?);
    let mail = message(report, text, |message_id| own_mark::mint_for_id(&installation, message_id, id, now), id)?;
    // Perform.
    put(&installation, &mail)?;
    if let Ok(store) = &mut store
        && let Err(problem) = store.set_listed(&[listed, told_of].concat(), now)
    {
        // The digest is out; the next one lists them once more.
        screen::error(&ledger::sentence(&installation, &problem));
        return Ok(Ending::Later);
    }
    Ok(Ending::Done)
}

/// The store, if both of its files are sound, and otherwise why not: a digest goes out whatever the store is.
fn whole_store(installation: &Installation) -> Result<Store, String> {
    let path = &installation.config.paths.store;
    // All of both files: what is damaged where this run does not look may be what a delivery needs.
    let whole = [StoreFile::List, StoreFile::Messages].into_iter().try_for_each(|file| Store::check(path, file));
    let opened = whole.and_then(|()| installation.store());
    opened.map_err(|problem| store_alarm(installation, &problem))
}

/// What becomes of mail without the file that is at fault, and what mends it.
fn store_alarm(installation: &Installation, problem: &StoreProblem) -> String {
    let known = matches!(Store::file_at_fault(&installation.config.paths.store), StoreFile::Messages);
    let what = match problem {
        StoreProblem::Busy | StoreProblem::Machine(_) if known => "Strangers' mail waits",
        StoreProblem::Busy | StoreProblem::Machine(_) => "All mail waits",
        StoreProblem::Corrupt | StoreProblem::Missing | StoreProblem::Newer(_) if known => {
            "Strangers' mail is held unasked"
        }
        StoreProblem::Corrupt | StoreProblem::Missing | StoreProblem::Newer(_) => {
            "All mail is held, that of people you know too"
        }
    };
    format!("{what}: {}. See `countersign doctor`.", ledger::sentence(installation, problem))
}

/// Looks what is held: by the store's rows and the names of the files, and by what is in a file where its name does not
/// lead to a row, a score decides on its place, or there is no store.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn inventory(installation: &Installation, store: Result<&Store, String>) -> Result<Inventory, Trouble> {
    let mut found =
        Inventory { new: Vec::new(), older: 0, alarms: Vec::new(), unread: Vec::new(), files: HashMap::new() };
    let rows = store.and_then(|store| Rows::read(store).map_err(|problem| store_alarm(installation, &problem)));
    let rows = rows.unwrap_or_else(|alarm| {
        found.alarms.push(alarm);
        Rows { list: Store::open_to_look_up(&installation.config.paths.store).ok(), ..Rows::default() }
    });
    let scored = !installation.config.policy.trust.scores.is_empty();
    let (mut listed, mut unsealed) = (HashSet::new(), HashSet::new());
    for file in quarantine::files(installation)? {
        let file = file?;
        let seen = file.clone();
        let named = rows.named(&file.name).filter(|row| row.listed.is_some() || !scored);
        if let Some(row) = named {
            let entry = entry(row.id, row.received, row.reason, Some(row));
            found.take((entry, file), Some(row), (&mut listed, true));
            continue;
        }
        match quarantine::read(installation, file) {
            Ok(Some(held)) if held.sealed => found.take_read(installation, held, &rows, &mut listed)?,
            Ok(Some(held)) => drop(unsealed.insert(held.entry.name)),
            // Gone, or none of ours.
            Ok(None) => found.unread.extend(seen.status()?.map(|_| Unread { path: seen.path, why: None })),
            Err(trouble) => found.unread.push(Unread::new(&seen.path, trouble)?),
        }
    }
    // What names the number of a message without its seal is another's, and must not stand in its place.
    for held in quarantine::of_names(installation, unsealed)? {
        let held = held?;
        if listed.contains(&held.id.number()) || found.files.contains_key(&held.id.number()) {
            found.unread.push(Unread { path: held.entry.path, why: None });
        } else {
            found.take_read(installation, held, &rows, &mut listed)?;
        }
    }
    found.alarms.extend(not_asked(&found.new));
    Ok(found)
}

/// That `maintain` does not go by the clock, and the way out.
fn clock_alarm(store: &Store, now: i64) -> Option<String> {
    let doubt = doubt(now, store.accepted_at().ok()?)?;
    Some(format!("{}. What to do: {}.", doubt.sentence(), doubt.way_out()))
}

/// Why nobody could be asked, if that is it.
fn not_asked(entries: &[Entry]) -> Option<String> {
    let untrusted = |entry: &&Entry| entry.reason == Reason::Gate(GateRefusal::NothingTrusted);
    let senders = match entries.iter().filter(untrusted).count() {
        0 => return None,
        1 => "1 sender".to_owned(),
        count => format!("{count} senders"),
    };
    let (why, way) = (Trust::PROVES_NOTHING, Trust::OPEN_EYES);
    Some(format!(
        "{senders} could not be asked, because {why}. To have signatures checked here: {way}; see `countersign doctor`."
    ))
}

impl Rows {
    fn read(store: &Store) -> Result<Rows, StoreProblem> {
        let mut rows = Rows::default();
        store.each_held(|row| rows.by_number.push(row))?;
        // Who is known is asked now: the person may have been allowed since.
        let mut list = store.look_up()?;
        for row in rows.by_number.iter_mut().filter(|row| row.reason == Reason::DmarcFail && row.listed.is_none()) {
            let entry = row.sender.map(|sender| list.entry(&sender)).transpose()?.flatten();
            if entry.is_some_and(|entry| entry.effect == Effect::Allow) {
                row.reason = Reason::KnownForged;
            }
        }
        drop(list);
        rows.by_message = rows.by_number.iter().map(|row| row.message).zip(0..).collect();
        rows.by_message.sort_unstable();
        Ok(rows)
    }

    /// Whether a message whose row is lost claims to be from somebody who is allowed, and their domain says no. A list that
    /// is lost too says nothing.
    fn is_known_forged(&self, installation: &Installation, held: &Held) -> bool {
        let Some(list) = self.list.as_ref().filter(|_| held.sealed && held.block.reason == Reason::DmarcFail) else {
            return false;
        };
        let sender = held.block.sender.as_ref();
        let entry = sender.and_then(|sender| entry_of(installation, list, sender).ok().flatten());
        entry.is_some_and(|entry| entry.effect == Effect::Allow)
    }

    fn numbered(&self, id: HeldId) -> Option<&HeldRow> {
        let at = self.by_number.binary_search_by_key(&id.number(), |row| row.id.number()).ok()?;
        self.by_number.get(at)
    }

    /// The row of the message that names a file; none where there are two: only what is in the file tells them apart.
    fn named(&self, name: &str) -> Option<&HeldRow> {
        let message = Fingerprint::from_hex(name)?;
        let at = self.by_message.partition_point(|(known, _)| *known < message);
        match self.by_message.get(at..)? {
            [(one, _), (other, _), ..] if one == other => None,
            [(known, at), ..] if *known == message => self.by_number.get(*at),
            _ => None,
        }
    }
}

impl Inventory {
    /// Counts a message as its file says.
    fn take_read(
        &mut self,
        installation: &Installation,
        held: Held,
        rows: &Rows,
        listed: &mut HashSet<i64>,
    ) -> Result<(), Trouble> {
        let row = rows.numbered(held.id);
        let scored = !installation.config.policy.trust.scores.is_empty();
        let score = if scored { score(installation, &held)? } else { None };
        let reason = if rows.is_known_forged(installation, &held) { Reason::KnownForged } else { held.block.reason };
        let entry = Entry { score, ..entry(held.id, held.block.received, reason, row) };
        self.take((entry, held.entry), row, (listed, false));
        Ok(())
    }

    /// Counts a message. A file that a mail reader renames while the folder is listed may come twice; what was read
    /// outweighs a name.
    fn take(
        &mut self,
        (entry, file): (Entry, maildir::Entry),
        row: Option<&HeldRow>,
        (listed, by_name): (&mut HashSet<i64>, bool),
    ) {
        let number = entry.id.number();
        if row.is_some_and(|row| row.listed.is_some()) {
            self.older += usize::from(listed.insert(number));
        } else if !by_name || !self.files.contains_key(&number) {
            self.new.extend(self.files.insert(number, file).is_none().then_some(entry));
        }
    }

    /// Reads those of the new messages that are shown. One whose file went away meanwhile, or is none of ours, is none of
    /// them, and another one takes its place.
    fn read(&mut self, installation: &Installation, now: i64) -> Result<HashMap<i64, Words>, Trouble> {
        let mut words = HashMap::new();
        loop {
            let mut gone = HashSet::new();
            let told = told(&installation.config.policy, &self.new, now);
            for id in told.iter().map(|id| id.number()).filter(|id| !words.contains_key(id)).collect::<Vec<_>>() {
                let Some(file) = self.files.remove(&id) else {
                    gone.insert(id);
                    continue;
                };
                let path = file.path.clone();
                match read(installation, file) {
                    Ok(Some(read)) => drop(words.insert(id, read)),
                    Ok(None) => drop(gone.insert(id)),
                    // It is held all the same.
                    Err(trouble) => {
                        self.unread.push(Unread::new(&path, trouble)?);
                        words.insert(id, Words { from: "(its file cannot be read)".to_owned(), ..Words::default() });
                    }
                }
            }
            if gone.is_empty() {
                return Ok(words);
            }
            self.new.retain(|entry| !gone.contains(&entry.id.number()));
        }
    }
}

/// One message as the digest counts it.
fn entry(id: HeldId, received: i64, reason: Reason, row: Option<&HeldRow>) -> Entry {
    Entry {
        id,
        received,
        // What the person said since then outweighs the reason of the first hour.
        reason: row
            .map(|row| row.reason)
            .filter(|reason| matches!(reason, Reason::NotThem | Reason::Disowned | Reason::KnownForged))
            .unwrap_or(reason),
        score: None,
        asked: row.is_some_and(|row| row.asked != Asked::No),
        undeliverable: row.is_some_and(|row| row.asked == Asked::Undeliverable),
    }
}

/// What the spam filter said; none if the file went away meanwhile.
fn score(installation: &Installation, held: &Held) -> Result<Option<Points>, Trouble> {
    let Some(start) = quarantine::original(held, 0)? else { return Ok(None) };
    let trust = &installation.config.policy.trust;
    Ok(SpamScore::read(&Head::read(&start), &trust.scores, trust.hops).points)
}

/// What one message says; none if its file went away meanwhile, or bears no seal of ours.
fn read(installation: &Installation, file: maildir::Entry) -> Result<Option<Words>, Trouble> {
    let name = file.name.clone();
    let mut held = quarantine::read(installation, file)?;
    if held.is_none() {
        // A mail reader that opens a message renames its file.
        let again = installation.quarantine().find(&name)?;
        held = again.map(|file| quarantine::read(installation, file)).transpose()?.flatten();
    }
    let Some(held) = held else { return Ok(None) };
    let Some(start) = quarantine::original(&held, PREVIEW_BYTES)? else { return Ok(None) };
    let facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
    let (reason, preview) = (held.block.reason, &facts.content().preview);
    let locals = || facts.sender.address().into_iter().chain(facts.answer_addresses()).map(|address| address.local());
    Ok(Some(Words {
        came: Some(held.block.received),
        from: facts.shown_sender().to_owned(),
        address: facts.sender.address().map(ToString::to_string).unwrap_or_default(),
        subject: facts.subject().to_owned(),
        preview: preview.clone(),
        list: facts.list().filter(|_| matches!(reason, Reason::Automatic(_))).cloned(),
        code: code::may_bear(reason) && code::bears(facts.subject(), preview, locals()),
    }))
}

fn put(installation: &Installation, mail: &[u8]) -> Result<(), Trouble> {
    match &installation.config.paths.inbox {
        Inbox::Maildir(path) => {
            let mut draft = Maildir::at(path).draft()?;
            draft.write(mail)?;
            draft.commit_unique()?;
            Ok(())
        }
        Inbox::Command(argv) => {
            let mut draft = installation.ready_quarantine()?.draft()?;
            draft.write(mail)?;
            Ok(inbox::give(argv, draft)?)
        }
        Inbox::Mbox(path) => {
            let mailbox = inbox::mailbox(installation, path)?;
            let mut letter = mailbox.letter(&from_line(None, clock::now()))?;
            letter.write(mail)?;
            Ok(inbox::open(&mailbox)?.append(letter)?)
        }
    }
}
