//! `digest`: what is newly held, written into the user's inbox. Run by cron.
//!
//! Promises: a message counts as listed only after the digest that shows it is durable in the inbox; with
//! `--stdout` nothing is changed. It goes into the inbox directly, never through the mail system. Never touches:
//! held messages themselves.

use crate::cli::DigestArguments;
use crate::exit::Ending;
use crate::facts::Facts;
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::own_mark;
use crate::operation::quarantine::{self, Held};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::envelope::Caller;
use crate::policy::digest::{Entry, Report, message, shown, text};
use crate::policy::gate::GateRefusal;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::world::config::{Environment, Inbox};
use crate::world::maildir::Maildir;
use crate::world::store::{Asked, HeldRow, State, Store};
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
}

/// Runs `digest`.
///
/// # Errors
/// When what is held cannot be read, or the digest cannot be stored.
pub fn digest(arguments: &DigestArguments, environment: Environment) -> Answer {
    // Gather.
    let installation = Installation::open(&environment)?;
    let now = clock::now();
    let mut store = installation.store();
    let found = inventory(&installation, store.as_ref().map_err(ToString::to_string))?;
    // Decide.
    let policy = &installation.config.policy;
    let report = Report { policy, entries: &found.new, alarms: &found.alarms, older: found.older, now };
    if arguments.stdout {
        screen::out(&text(report))?;
        return Ok(Ending::Done);
    }
    if found.new.is_empty() && found.alarms.is_empty() && !arguments.always {
        return Ok(Ending::Done);
    }
    let id = HeldId::from_random(random::bits()?);
    let mail = message(report, |message_id| own_mark::mint(&installation, Some(message_id), id, now), id);
    // Perform.
    put(&installation, &mail)?;
    if let Ok(store) = &mut store {
        store.set_listed(&shown(&found.new), now)?;
    }
    Ok(Ending::Done)
}

/// Reads what is held: from the store's rows and the files, or from the files alone when there is no store.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn inventory(installation: &Installation, store: Result<&Store, String>) -> Result<Inventory, Trouble> {
    let mut alarms = Vec::new();
    let rows = match store {
        Ok(store) => store.all_held()?,
        Err(problem) => {
            alarms.push(format!("Everything is held: {problem}. See `countersign doctor`."));
            Vec::new()
        }
    };
    let mut found = Inventory { new: Vec::new(), older: 0, alarms };
    for held in quarantine::all(installation)? {
        let row = rows.iter().find(|row| row.id == held.id);
        if row.is_some_and(|row| row.state != State::Held) {
            continue;
        }
        match row {
            Some(HeldRow { listed: Some(_), .. }) => found.older += 1,
            _ => found.new.extend(entry(installation, &held, row)?),
        }
    }
    let untrusted = |entry: &&Entry| entry.reason == Reason::Gate(GateRefusal::NothingTrusted);
    let count = found.new.iter().filter(untrusted).count();
    if count > 0 {
        found.alarms.push(format!(
            "{} could not be asked, because no authserv-id is configured. See `countersign doctor`.",
            if count == 1 { "1 sender".to_owned() } else { format!("{count} senders") }
        ));
    }
    Ok(found)
}

/// One message as the digest shows it; none if its file went away meanwhile.
fn entry(installation: &Installation, held: &Held, row: Option<&HeldRow>) -> Result<Option<Entry>, Trouble> {
    let Some(start) = quarantine::original(held, PREVIEW_BYTES)? else { return Ok(None) };
    let facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
    Ok(Some(Entry {
        id: held.id,
        received: held.block.received,
        from: facts.shown_sender().to_owned(),
        subject: facts.subject().to_owned(),
        // What the person said since then outweighs the reason of the first hour.
        reason: row.map(|row| row.reason).filter(|reason| *reason == Reason::NotThem).unwrap_or(held.block.reason),
        score: facts.score().points,
        asked: row.is_some_and(|row| row.asked != Asked::No),
        undeliverable: row.is_some_and(|row| row.asked == Asked::Undeliverable),
        preview: facts.content().preview.clone(),
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
    }
}
