//! The quarantine as this program knows it: held messages found by what their header block says, since a mail
//! reader may rename any file.
//!
//! Promises: a file without an intact seal is never taken for one of ours; a release is one atomic move, so of
//! five processes one has it. Never touches: policy.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;

use crate::facts::{Facts, OWN_MARK};
use crate::mail::address::Address;
use crate::mail::compose::from_line;
use crate::mail::content::BODY_LIMIT;
use crate::mail::head::{HEAD_LIMIT, Head};
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::own_mark;
use crate::operation::trouble::Trouble;
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::block::Block;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::reason::Reason;
use crate::policy::standing::HeldNote;
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::config::Inbox;
use crate::world::maildir::{Claimed, Draft, Entry, Maildir, Mark, Moved};
use crate::world::mbox::{Mailbox, NewLetter};
use crate::world::store::{HeldRow, State, Store};

/// Our block is below 2 kB; the rest of this is what a mail system may have put on top of it.
const BLOCK_LIMIT: usize = 16 * 1024;

/// One held message.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its file.
    pub entry: Entry,
    /// Its number.
    pub id: HeldId,
    /// What its block says.
    pub block: Block,
    /// Of its bytes.
    pub message: Fingerprint,
}

impl Held {
    /// What a decision needs to know of it.
    #[must_use]
    pub fn note(&self) -> HeldNote {
        HeldNote { id: self.id, challenged: self.block.sender.clone(), proofs: self.block.proofs }
    }
}

/// The held message of that number: by the name its row gives, else by reading every block.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn find(installation: &Installation, store: Option<&Store>, id: HeldId) -> Result<Option<Held>, Trouble> {
    let row = store.map(|store| store.held(id)).transpose()?.flatten();
    if let Some(row) = row {
        if row.state != State::Held {
            return Ok(None);
        }
        let entry = installation.quarantine().find(&row.message.hex())?;
        if let Some(held) = entry.map(|entry| read(installation, entry)).transpose()?.flatten()
            && held.id == id
        {
            return Ok(Some(held));
        }
    } else if store.is_some() {
        // No row: nothing of that number was ever held here, or so long ago that it was forgotten. Reading the
        // whole quarantine for it would let anybody who makes up tokens keep this machine busy.
        return Ok(None);
    }
    first(installation, |held| held.id == id)
}

/// The first held message of which that is true, by reading the block of one after the other.
fn first(installation: &Installation, wanted: impl Fn(&Held) -> bool) -> Result<Option<Held>, Trouble> {
    each(installation)?.find(|held| held.as_ref().is_ok_and(&wanted) || held.is_err()).transpose()
}

/// The copy that an earlier attempt left of a message of these bytes, so that it is not held twice. One in `new/` under
/// its own name need not be seen here: the commit meets it. What a mail reader has moved to `cur/` is looked for only
/// where something says that it may be there, since the folder may be long:
///
/// - A row of these bytes. An attempt that ended well left one, and nothing takes the row of a held message away.
/// - A mark. An attempt that died between its commit and its row left one, and so has one that is still between them: it
///   is made before the commit and taken away after the row, or where the row could not be written and the mail system
///   was answered that the message is taken, so that it does not come again. The caller has made its own mark before it
///   asks here, so whoever took theirs away before has written a row that is seen now.
/// - That the store cannot be asked, or that there are no marks here.
///
/// So an attempt that makes the first mark and finds no row is the first one.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn earlier(
    installation: &Installation,
    store: Option<&Store>,
    message: &Fingerprint,
    mark: &Mark,
) -> Result<Option<Entry>, Trouble> {
    // A store that cannot say it says nothing against it either; what is wrong with it shows when the row is written.
    let rows = store.and_then(|store| store.held_with_message(message).ok());
    if mark.is_first() && rows.as_ref().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    if let Some(entry) = installation.quarantine().find(&message.hex())? {
        return Ok(Some(entry));
    }
    // A mail reader may have given it another name.
    if rows.is_none_or(|rows| rows.iter().all(|row| row.state != State::Held)) {
        return Ok(None);
    }
    Ok(first(installation, |held| held.message == *message)?.map(|held| held.entry))
}

/// Every held message with an intact seal, one after the other: there may be many.
///
/// # Errors
/// When the quarantine cannot be read; then also on the way.
pub fn each(installation: &Installation) -> Result<impl Iterator<Item = Result<Held, Trouble>>, Trouble> {
    let read = |entry: anyhow::Result<Entry>| match entry {
        Ok(entry) => read(installation, entry).transpose(),
        Err(error) => Some(Err(error.into())),
    };
    Ok(files(installation)?.filter_map(read))
}

/// Every file of the quarantine that may be a message, unread.
///
/// # Errors
/// As [`each`].
pub fn files(installation: &Installation) -> Result<impl Iterator<Item = anyhow::Result<Entry>> + use<>, Trouble> {
    let quarantine = installation.quarantine();
    let entries = if quarantine.try_exists()? { Some(quarantine.entries()?) } else { None };
    Ok(entries.into_iter().flatten())
}

/// The held message in that file, if it is one of ours.
///
/// # Errors
/// When the file cannot be read. A file that went away in the meantime is none.
pub fn read(installation: &Installation, entry: Entry) -> Result<Option<Held>, Trouble> {
    let Some(start) = entry.head(BLOCK_LIMIT)? else { return Ok(None) };
    Ok(with_start(installation, entry, &start))
}

/// The same where the start of the file has been read.
#[must_use]
pub fn with_start(installation: &Installation, entry: Entry, start: &[u8]) -> Option<Held> {
    let (block, message) = Block::read(&start[..start.len().min(BLOCK_LIMIT)], &installation.keys.token).ok()?;
    block.id.map(|id| Held { entry, id, block, message })
}

/// The start of a held message as it came, without our block, for a person or a second decision.
///
/// # Errors
/// When the file cannot be read.
pub fn original(held: &Held, body_limit: usize) -> Result<Option<Vec<u8>>, Trouble> {
    let Some(start) = held.entry.head(HEAD_LIMIT + BLOCK_LIMIT + body_limit)? else { return Ok(None) };
    let end = Head::read(&start).fields.iter().find(|f| f.is("X-Countersign-Seal")).map_or(0, |f| f.end);
    let mut out = start[end..].to_vec();
    // The Return-Path that we put above the block belongs to the message again.
    let on_top =
        Head::read(&start).fields.first().filter(|f| f.is("Return-Path")).map(|f| start[f.start..f.end].to_vec());
    if let Some(line) = on_top.filter(|_| !out.starts_with(b"Return-Path:")) {
        out.splice(0..0, line);
    }
    Ok(Some(out))
}

/// Whether a message of these bytes is being given to the inbox command by another process: it has a name of its own
/// until the command has it.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn is_underway(installation: &Installation, message: &Fingerprint) -> Result<bool, Trouble> {
    Ok(!underway(installation, |other| (other == message).then_some(0))?.is_empty())
}

/// The numbers of those messages that are on their way so, where `number` knows one.
///
/// # Errors
/// As [`is_underway`].
pub fn underway(
    installation: &Installation,
    number: impl Fn(&Fingerprint) -> Option<i64>,
) -> Result<HashSet<i64>, Trouble> {
    let quarantine = installation.quarantine();
    let claimed = if quarantine.try_exists()? { quarantine.stranded(-1, clock::now())? } else { Vec::new() };
    // A name in between colons or at the end, however the mail reader called the file.
    let names = claimed.iter().map(|path| path.to_string_lossy().into_owned());
    let messages = names.flat_map(|name| name.split(':').filter_map(Fingerprint::from_hex).collect::<Vec<_>>());
    Ok(messages.filter_map(|message| number(&message)).collect())
}

/// So many messages are moved, removed or recorded together: one sync of a folder and one transaction for all of them.
/// More would keep a delivery waiting that wants to write, and after a crash be told from the files.
pub const TOGETHER: usize = 500;

/// Moves one message into the inbox. Only one of several processes gets `true`.
///
/// # Errors
/// When it cannot be moved now; it is then still held.
pub fn release(installation: &Installation, held: &Held, now: i64) -> Result<bool, Trouble> {
    release_many(installation, &[held], now).pop().unwrap_or(Ok(false))
}

/// Moves many into the inbox, each for itself; what came of each, in order. What is said to be moved is durable there.
pub fn release_many(installation: &Installation, held: &[&Held], now: i64) -> Vec<Result<bool, Trouble>> {
    match &installation.config.paths.inbox {
        Inbox::Maildir(path) => {
            let names: Vec<String> = held.iter().map(|held| held.message.hex()).collect();
            let entries: Vec<_> = held.iter().zip(&names).map(|(held, name)| (&held.entry, name.as_str())).collect();
            let moved = installation.quarantine().move_all(&entries, &Maildir::at(path));
            moved.into_iter().map(|moved| Ok(matches!(moved?, Moved::Done(_)))).collect()
        }
        Inbox::Command(argv) => held.iter().map(|held| feed(installation, argv, held, now)).collect(),
        Inbox::Mbox(path) => held.iter().map(|held| append(installation, path, held, now)).collect(),
    }
}

/// Releases every held message of one sender, known by its keys, that carries one of these proofs; how many.
///
/// # Errors
/// When one cannot be moved; those before it are released.
pub fn release_all(
    installation: &Installation,
    store: &mut Store,
    senders: &[Fingerprint],
    pin: Proofs,
    now: i64,
) -> Result<usize, Trouble> {
    let mut rows = Vec::new();
    for sender in senders {
        rows.extend(store.held_from(sender)?);
    }
    // The answer itself is from the same sender; an answer without text stays where it is. So does what its sender
    // disowned.
    rows.retain(|row| {
        row.state == State::Held && row.proofs.keeps(pin) && !matches!(row.reason, Reason::Answer | Reason::NotThem)
    });
    // A command takes its time with each, so what it has taken is written down at once.
    let together = if matches!(installation.config.paths.inbox, Inbox::Maildir(_)) { TOGETHER } else { 1 };
    let mut count = 0;
    for rows in rows.chunks(together) {
        count += release_rows(installation, store, rows, now)?;
    }
    Ok(count)
}

/// The files first, then what the store says of them: after a crash in between `maintain` finds them gone.
fn release_rows(installation: &Installation, store: &mut Store, rows: &[HeldRow], now: i64) -> Result<usize, Trouble> {
    let mut found = Vec::new();
    for row in rows {
        match find(installation, Some(store), row.id)? {
            Some(held) => found.push(held),
            None if is_underway(installation, &row.message)? => {}
            None => store.set_state(row.id, State::Gone)?,
        }
    }
    let results = release_many(installation, &found.iter().collect::<Vec<_>>(), now);
    let (mut released, mut failed) = (Vec::new(), None);
    for (held, result) in found.iter().zip(results) {
        match result {
            Ok(true) => released.push(held.id),
            Ok(false) => {}
            Err(trouble) => drop(failed.get_or_insert(trouble)),
        }
    }
    if !released.is_empty() {
        store.set_states(&released, State::Released)?;
    }
    failed.map_or(Ok(released.len()), Err)
}

/// Marks every held message of one sender that carries one of these proofs: the person says it was not them. How many.
///
/// # Errors
/// When the store cannot be written.
pub fn mark_not_them(
    installation: &Installation,
    store: &mut Store,
    sender: &Address,
    pin: Proofs,
) -> Result<usize, Trouble> {
    let normal = sender.normal();
    let keys = crate::policy::fingerprint::under_every_key(&installation.keys.list, Kind::Address, normal.as_str());
    let keys: Vec<Fingerprint> = keys.map(|(_, key)| key).collect();
    let mut count = 0;
    for key in keys {
        for row in store.held_from(&key)? {
            if row.state == State::Held && row.proofs.keeps(pin) && row.reason != Reason::Answer {
                store.set_reason(row.id, Reason::NotThem)?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// Gives a held message to the command that stands for an inbox. What its mark is made for is read first. Then the file is
/// claimed by moving it aside, so that two processes do not give it twice; whatever fails from there on puts it back.
fn feed(installation: &Installation, argv: &[String], held: &Held, now: i64) -> Result<bool, Trouble> {
    let quarantine = installation.quarantine();
    let mut start = original(held, BODY_LIMIT)?;
    if start.is_none()
        // A mail reader that opens a message renames its file.
        && let Some(entry) = quarantine.find(&held.entry.name)?
    {
        start = original(&Held { entry, ..held.clone() }, BODY_LIMIT)?;
    }
    let Some(start) = start else { return Ok(false) };
    let facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
    let mark = format!("{OWN_MARK}: {}\n", own_mark::mint(installation, &facts, held.id, now)?);
    let Some(claimed) = quarantine.claim(&held.entry)? else { return Ok(false) };
    inbox::give(argv, for_command(&quarantine, &claimed, &mark)?)?;
    claimed.remove()?;
    Ok(true)
}

/// Appends a held message to the mbox, and takes it away when it is on the disk there; both under the lock of the mbox, so
/// that two processes do not append it twice. A crash in between leaves it in both places, and never in none.
fn append(installation: &Installation, path: &Path, held: &Held, now: i64) -> Result<bool, Trouble> {
    let mailbox = inbox::mailbox(installation, path)?;
    let mut open = inbox::open(&mailbox)?;
    let quarantine = installation.quarantine();
    let Some(mut file) = quarantine.open(&held.entry)? else { return Ok(false) };
    open.append(for_mbox(&mailbox, &mut file, now)?)?;
    // Whoever else took it away meanwhile wanted it to be there no more.
    quarantine.remove(&held.entry)?;
    Ok(true)
}

/// A held message as it stands in the mbox: with our block, as in a Maildir.
fn for_mbox(mailbox: &Mailbox, file: &mut File, now: i64) -> anyhow::Result<NewLetter> {
    let mut start = Vec::new();
    file.take(BLOCK_LIMIT as u64).read_to_end(&mut start).context("cannot read the held message")?;
    let head = Head::read(&start);
    // Ours stands on top where the mail system gave none.
    let sender = head.first("Return-Path").map(|field| field.text());
    let sender = sender.and_then(|text| Address::parse(text.trim_matches(['<', '>'])).ok()).map(|one| one.to_string());
    let mut letter = mailbox.letter(&from_line(sender.as_deref(), now))?;
    letter.write(&start)?;
    copy_rest(file, |piece| letter.write(piece))?;
    Ok(letter)
}

/// A held message as the command gets it: marked as ours, and without the lines for which Postfix bounces a message
/// that was delivered to this mailbox before ("mail forwarding loop", measured).
fn for_command(quarantine: &Maildir, claimed: &Claimed, mark: &str) -> anyhow::Result<Draft> {
    let mut file = claimed.open()?;
    let mut start = Vec::new();
    let limit = (HEAD_LIMIT + BLOCK_LIMIT) as u64;
    (&mut file).take(limit).read_to_end(&mut start).context("cannot read the held message")?;
    let head = Head::read(&start);
    let mut draft = quarantine.draft()?;
    draft.write(mark.as_bytes())?;
    let mut at = 0;
    for field in head.fields.iter().filter(|f| f.is("Delivered-To") || f.is("X-Original-To")) {
        draft.write(&start[at..field.start])?;
        at = field.end;
    }
    draft.write(&start[at..])?;
    copy_rest(&mut file, |piece| draft.write(piece))?;
    Ok(draft)
}

fn copy_rest(file: &mut File, mut write: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => write(&chunk[..count])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("cannot read the held message"),
        }
    }
}
