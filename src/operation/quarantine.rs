//! The quarantine as this program knows it: held messages found by what their header block says, since a mail
//! reader may rename any file.
//!
//! Promises: a file without a block of ours is never taken for one of ours, and one whose seal does not hold only for a
//! message that is held; a release is one atomic move or a claim, so of five processes one has it. Never touches: policy.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use crate::facts::{Facts, OWN_MARK};
use crate::mail::address::Address;
use crate::mail::compose::from_line;
use crate::mail::content::BODY_LIMIT;
use crate::mail::head::{HEAD_LIMIT, Head};
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::own_mark;
use crate::operation::trouble::Trouble;
use crate::operation::written_out;
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::policy::block::{self, Block};
use crate::policy::fingerprint::{Fingerprint, of_mailbox};
use crate::policy::reason::Reason;
use crate::policy::standing::HeldNote;
use crate::policy::token::HeldId;
use crate::world::clock;
use crate::world::config::Inbox;
use crate::world::maildir::{Claimed, Draft, Entry, Maildir, Mark, Moved, Start};
use crate::world::mbox::{Mailbox, NewLetter};
use crate::world::store::{HeldRow, State, Store, StoreProblem};

/// Our block is below 2 kB; the rest of this is what a mail system may have put on top of it.
pub const BLOCK_LIMIT: usize = 16 * 1024;

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
    /// Whether the block's seal holds. Without it the message is somebody's all the same; but nobody is let pass, asked or
    /// believed for what the block says.
    pub sealed: bool,
    /// Whether a mail program has packed its file.
    pub packed: bool,
}

impl Held {
    /// What a decision needs to know of it.
    #[must_use]
    pub fn note(&self) -> HeldNote {
        HeldNote { id: self.id, challenged: self.block.sender.clone(), proofs: self.block.proofs, trashed: false }
    }
}

/// The held message of that number: by the name its row gives, else by reading every block.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn find(installation: &Installation, store: Option<&Store>, id: HeldId) -> Result<Option<Held>, Trouble> {
    match store {
        Some(store) => Ok(find_all(installation, store, &[id])?.pop()),
        None => first(installation, &installation.quarantine(), |held| held.id == id),
    }
}

/// The held messages of these numbers that are there, in no order. However many are not where their rows say, every block
/// is read once at most: anybody can make up tokens of a message that is gone.
///
/// # Errors
/// As [`find`].
pub fn find_all(installation: &Installation, store: &Store, ids: &[HeldId]) -> Result<Vec<Held>, Trouble> {
    let row_of = |id| Ok(store.held(id)?.filter(|row| row.state == State::Held));
    find_all_in(installation, &installation.quarantine(), ids, row_of)
}

/// The same in any folder, for those that have a row there.
///
/// # Errors
/// As [`find`].
pub fn find_all_in(
    installation: &Installation,
    folder: &Maildir,
    ids: &[HeldId],
    row_of: impl Fn(HeldId) -> Result<Option<HeldRow>, StoreProblem>,
) -> Result<Vec<Held>, Trouble> {
    let (mut found, mut moved) = (Vec::new(), HashSet::new());
    for id in ids.iter().map(|id| id.number()).collect::<HashSet<_>>().into_iter().filter_map(HeldId::from_number) {
        // No row: nothing of that number was ever held here, or so long ago that it was forgotten. Reading the
        // whole folder for it would let anybody who makes up tokens keep this machine busy.
        let Some(row) = row_of(id)? else { continue };
        let entry = folder.find(&row.message.hex())?;
        match entry.map(|entry| read(installation, entry)).transpose()?.flatten() {
            Some(held) if held.id == id => found.push(held),
            _ => drop(moved.insert(id.number())),
        }
    }
    if moved.is_empty() {
        return Ok(found);
    }
    for held in each_in(installation, folder)? {
        match held {
            Ok(held) => found.extend(moved.remove(&held.id.number()).then_some(held)),
            Err(trouble) if is_the_files_own(&trouble) => {}
            Err(trouble) => return Err(trouble),
        }
        if moved.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The first message of a folder of which that is true, by reading the block of one after the other. If there is none, it may
/// be in a file that cannot be read.
///
/// # Errors
/// When the folder cannot be read.
pub fn first(
    installation: &Installation,
    folder: &Maildir,
    wanted: impl Fn(&Held) -> bool,
) -> Result<Option<Held>, Trouble> {
    let mut unread = None;
    for held in each_in(installation, folder)? {
        match held {
            Ok(held) if wanted(&held) => return Ok(Some(held)),
            Ok(_) => {}
            Err(trouble) if is_the_files_own(&trouble) => drop(unread.get_or_insert(trouble)),
            Err(trouble) => return Err(trouble),
        }
    }
    unread.map_or(Ok(None), Err)
}

/// Whether a file cannot be read for what it is, so that no later attempt will do better: what is packed in it is damaged,
/// or its owner wants it so.
#[must_use]
pub fn is_the_files_own(trouble: &Trouble) -> bool {
    let error = trouble.error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.raw_os_error().is_none() || error.kind() == ErrorKind::PermissionDenied)
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
/// The same goes for the trash, with the rows of what was thrown away.
///
/// # Errors
/// When the folder cannot be read.
pub fn earlier(
    installation: &Installation,
    (folder, state): (&Maildir, State),
    store: Option<&Store>,
    message: &Fingerprint,
    mark: &Mark,
) -> Result<Option<Entry>, Trouble> {
    // A store that cannot say it says nothing against it either; what is wrong with it shows when the row is written.
    let rows = store.and_then(|store| store.held_with_message(message).ok());
    if mark.is_first() && rows.as_ref().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    if let Some(entry) = folder.find(&message.hex())? {
        return Ok(Some(entry));
    }
    // A mail reader may have given it another name.
    if rows.is_none_or(|rows| rows.iter().all(|row| row.state != state)) {
        return Ok(None);
    }
    match first(installation, folder, |held| held.sealed && held.message == *message) {
        Err(trouble) if is_the_files_own(&trouble) => Ok(None),
        found => Ok(found?.map(|held| held.entry)),
    }
}

/// Every held message, one after the other: there may be many.
///
/// # Errors
/// When the quarantine cannot be read; then also on the way. One that [`is_the_files_own`] hides no other.
pub fn each(installation: &Installation) -> Result<impl Iterator<Item = Result<Held, Trouble>>, Trouble> {
    each_in(installation, &installation.quarantine())
}

/// The same of any folder.
///
/// # Errors
/// As [`each`].
pub fn each_in<'i>(
    installation: &'i Installation,
    folder: &Maildir,
) -> Result<impl Iterator<Item = Result<Held, Trouble>> + use<'i>, Trouble> {
    Ok(each_or_file(installation, folder)?.map(|held| held.map_err(|(_, trouble)| trouble)))
}

/// The same, with the file that could not be read where it is a file's fault. Of files that name one number the one whose
/// seal holds is the message, so those without come last, and only where no other is of that number: anybody may have put
/// them there.
///
/// # Errors
/// As [`each`].
pub fn each_or_file<'i>(
    installation: &'i Installation,
    folder: &Maildir,
) -> Result<impl Iterator<Item = Result<Held, (Option<Entry>, Trouble)>> + use<'i>, Trouble> {
    let mut files = files_in(folder)?;
    let (mut sealed, mut unsealed, mut last, folder) = (HashSet::new(), HashSet::new(), None, folder.clone());
    Ok(std::iter::from_fn(move || {
        for entry in files.by_ref() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err((None, error.into()))),
            };
            match read(installation, entry.clone()) {
                Ok(None) => {}
                Ok(Some(held)) if held.sealed => {
                    sealed.insert(held.id.number());
                    return Some(Ok(held));
                }
                Ok(Some(held)) => drop(unsealed.insert(held.entry.name)),
                Err(trouble) => return Some(Err((Some(entry), trouble))),
            }
        }
        if last.is_none() {
            match of_names_in(installation, &folder, std::mem::take(&mut unsealed)) {
                Ok(again) => last = Some(again),
                Err(trouble) => return Some(Err((None, trouble))),
            }
        }
        let is_other =
            |held: &Result<Held, Trouble>| held.as_ref().map_or(true, |held| !sealed.contains(&held.id.number()));
        last.as_mut()?.find(is_other).map(|held| held.map_err(|trouble| (None, trouble)))
    }))
}

/// The held messages without their seal in the files of these names, each once: nothing but the names need be kept until all
/// others are read.
///
/// # Errors
/// As [`each`].
pub fn of_names(
    installation: &Installation,
    names: HashSet<String>,
) -> Result<impl Iterator<Item = Result<Held, Trouble>>, Trouble> {
    of_names_in(installation, &installation.quarantine(), names)
}

/// The same of any folder.
///
/// # Errors
/// As [`each`].
pub fn of_names_in<'i>(
    installation: &'i Installation,
    folder: &Maildir,
    mut names: HashSet<String>,
) -> Result<impl Iterator<Item = Result<Held, Trouble>> + use<'i>, Trouble> {
    let files = if names.is_empty() { None } else { Some(files_in(folder)?) };
    let read = move |entry: anyhow::Result<Entry>| {
        let held = match entry {
            Ok(entry) if names.contains(&entry.name) => read(installation, entry).transpose()?,
            Ok(_) => return None,
            Err(error) => return Some(Err(error.into())),
        };
        // A file that is renamed while the folder is listed may come twice.
        held.map_or_else(
            |trouble| Some(Err(trouble)),
            |held| (!held.sealed && names.remove(&held.entry.name)).then_some(Ok(held)),
        )
    };
    Ok(files.into_iter().flatten().filter_map(read))
}

/// Every file of the quarantine that may be a message, unread.
///
/// # Errors
/// As [`each`].
pub fn files(installation: &Installation) -> Result<impl Iterator<Item = anyhow::Result<Entry>> + use<>, Trouble> {
    files_in(&installation.quarantine())
}

/// The same of any folder; of one that is not there none.
///
/// # Errors
/// As [`each`].
pub fn files_in(folder: &Maildir) -> Result<impl Iterator<Item = anyhow::Result<Entry>> + use<>, Trouble> {
    let entries = if folder.try_exists()? { Some(folder.entries()?) } else { None };
    Ok(entries.into_iter().flatten())
}

/// The held message in that file, if it is one of ours.
///
/// # Errors
/// When the file cannot be read. A file that went away in the meantime is none.
pub fn read(installation: &Installation, entry: Entry) -> Result<Option<Held>, Trouble> {
    let Some(start) = entry.start(BLOCK_LIMIT)? else { return Ok(None) };
    with_start(installation, entry, &start)
}

/// The same where the start of the file has been read.
///
/// # Errors
/// As [`read`].
pub fn with_start(installation: &Installation, entry: Entry, start: &Start) -> Result<Option<Held>, Trouble> {
    let near = &start.bytes[..start.bytes.len().min(BLOCK_LIMIT)];
    let mut read = Block::read_unsealed(near, &installation.keys.token);
    if read.is_none() && near.len() == BLOCK_LIMIT && Head::read(near).body == near.len() {
        // Mail programs may have put much on top.
        let Some(more) = entry.head(HEAD_LIMIT + BLOCK_LIMIT)? else { return Ok(None) };
        read = Block::read_unsealed(&more, &installation.keys.token);
    }
    let held = read.and_then(|((block, message), sealed)| {
        block.id.map(|id| Held { entry, id, block, message, sealed, packed: start.packed })
    });
    Ok(held)
}

/// The start of a held message as it came, without our block, for a person or a second decision.
///
/// # Errors
/// When the file cannot be read.
pub fn original(held: &Held, body_limit: usize) -> Result<Option<Vec<u8>>, Trouble> {
    let Some(start) = held.entry.head(HEAD_LIMIT + BLOCK_LIMIT + body_limit)? else { return Ok(None) };
    let head = Head::read(&start);
    let mut out = start[block::message_start(&head).unwrap_or_default()..].to_vec();
    // The Return-Path that we put above the block belongs to the message again.
    let on_top = head.fields.first().filter(|f| f.is("Return-Path")).map(|f| start[f.start..f.end].to_vec());
    if let Some(line) = on_top.filter(|_| !out.starts_with(b"Return-Path:")) {
        out.splice(0..0, line);
    }
    Ok(Some(out))
}

/// The same, also where a mail reader has opened the message meanwhile, which renames its file.
///
/// # Errors
/// As [`original`].
pub fn original_anywhere(held: &Held, limit: usize) -> Result<Option<Vec<u8>>, Trouble> {
    if let Some(start) = original(held, limit)? {
        return Ok(Some(start));
    }
    let Some(entry) = held.entry.maildir().find(&held.entry.name)? else { return Ok(None) };
    original(&Held { entry, ..held.clone() }, limit)
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
    let messages = names.flat_map(|name| name.split([':', ',']).filter_map(Fingerprint::from_hex).collect::<Vec<_>>());
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
            let target = Maildir::at(path);
            let as_it_is = held.iter().filter(|held| held.sealed && !held.packed);
            let names: Vec<_> = as_it_is.map(|held| (&held.entry, held.message.hex())).collect();
            let entries: Vec<_> = names.iter().map(|(entry, name)| (*entry, name.as_str())).collect();
            let mut moved = installation.quarantine().move_all(&entries, &target).into_iter().peekable();
            let each = |held: &&Held| match moved.next_if(|_| held.sealed && !held.packed) {
                Some(moved) => Ok(matches!(moved?, Moved::Done(_))),
                None => rewrite(installation, held, &target),
            };
            held.iter().map(each).collect()
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
    // The answer itself is from the same sender; an answer without text stays where it is, and so does one that denied.
    // So does what its sender disowned for good.
    let stays = |reason| matches!(reason, Reason::Answer | Reason::NotMeAnswer | Reason::NotThem);
    rows.retain(|row| row.state == State::Held && row.proofs.keeps(pin) && !stays(row.reason));
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
    let ids: Vec<HeldId> = rows.iter().map(|row| row.id).collect();
    let found = find_all(installation, store, &ids)?;
    for row in rows {
        match found.iter().find(|held| held.id == row.id) {
            Some(_) => {}
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

/// Marks every held message of one sender that carries one of these proofs: the person says it was not them. How many. What
/// was said for good stays so.
///
/// # Errors
/// When the store cannot be written.
pub fn mark_not_them(
    installation: &Installation,
    store: &mut Store,
    sender: &Address,
    pin: Proofs,
    reason: Reason,
) -> Result<usize, Trouble> {
    let mut count = 0;
    for (_, key) in of_mailbox(&installation.keys.list, sender) {
        for row in store.held_from(&key)? {
            let theirs = !matches!(row.reason, Reason::Answer | Reason::NotMeAnswer | Reason::NotThem);
            if row.state == State::Held && row.proofs.keeps(pin) && theirs {
                store.set_reason(row.id, reason)?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// Releases a message whose file cannot be moved as it is.
fn rewrite(installation: &Installation, held: &Held, target: &Maildir) -> Result<bool, Trouble> {
    let Some(claimed) = installation.quarantine().claim(&held.entry)? else { return Ok(false) };
    written_out::deliver(&claimed, held.sealed, target)?;
    claimed.remove()?;
    Ok(true)
}

/// Gives a held message to the command that stands for an inbox. What its mark is made for is read first. Then the file is
/// claimed by moving it aside, so that two processes do not give it twice; whatever fails from there on puts it back.
fn feed(installation: &Installation, argv: &[String], held: &Held, now: i64) -> Result<bool, Trouble> {
    let quarantine = installation.quarantine();
    let Some(start) = original_anywhere(held, BODY_LIMIT)? else { return Ok(false) };
    let facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
    let mark = format!("{OWN_MARK}: {}\n", own_mark::mint(installation, &facts, held.id, now)?);
    let Some(claimed) = quarantine.claim(&held.entry)? else { return Ok(false) };
    inbox::give(argv, for_command(&quarantine, held, &claimed, &mark)?)?;
    claimed.remove()?;
    Ok(true)
}

/// Appends a held message to the mbox, and takes it away when it is on the disk there; both under the lock of the mbox, so
/// that two processes do not append it twice. A crash in between leaves it in both places, and never in none.
fn append(installation: &Installation, path: &Path, held: &Held, now: i64) -> Result<bool, Trouble> {
    let mailbox = inbox::mailbox(installation, path)?;
    let mut open = inbox::open(&mailbox)?;
    let Some(start) = original_anywhere(held, 0)? else { return Ok(false) };
    let quarantine = installation.quarantine();
    let Some(message) = quarantine.open(&held.entry)? else { return Ok(false) };
    let mut letter = for_mbox(&mailbox, &start, now)?;
    written_out::write((message, &held.entry.path), held.sealed, &[], &mut |piece| letter.write(piece))?;
    open.append(letter)?;
    // Whoever else took it away meanwhile wanted it to be there no more.
    quarantine.remove(&held.entry)?;
    Ok(true)
}

/// Begins a held message in the mbox.
fn for_mbox(mailbox: &Mailbox, original: &[u8], now: i64) -> anyhow::Result<NewLetter> {
    // Ours stands on top where the mail system gave none.
    let sender = Head::read(original).first("Return-Path").map(|field| field.text());
    let sender = sender.and_then(|text| Address::parse(text.trim_matches(['<', '>'])).ok()).map(|one| one.to_string());
    mailbox.letter(&from_line(sender.as_deref(), now))
}

/// A held message as the command gets it: marked as ours, and without the lines for which Postfix bounces a message
/// that was delivered to this mailbox before ("mail forwarding loop", measured).
fn for_command(quarantine: &Maildir, held: &Held, claimed: &Claimed, mark: &str) -> anyhow::Result<Draft> {
    let mut draft = quarantine.draft()?;
    draft.write(mark.as_bytes())?;
    let path = claimed.original();
    written_out::write((claimed.open()?, path), held.sealed, &["Delivered-To", "X-Original-To"], &mut |piece| {
        draft.write(piece)
    })?;
    Ok(draft)
}
