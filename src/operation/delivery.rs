//! One message from the caller, on its way into the inbox or the quarantine.
//!
//! Promises: it is decided before anything is written, durable before anybody is asked, and the slot is taken before
//! sendmail runs. What is answered with 0 is durable; whatever goes wrong before that is 75; whatever goes wrong after
//! it is written to the log and mended by `maintain`. Nothing is printed but what `filter` and `gate --word` are for.
//! Standard input is read to its end before any answer.

use std::io;
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::cli::MessageArguments;
use crate::exit::Commitment;
use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::compose::from_line;
use crate::mail::head::Head;
use crate::operation::case::{Case, answer_key, blind, look, slot_keys};
use crate::operation::inbox;
use crate::operation::installation::Installation;
use crate::operation::look_again;
use crate::operation::quarantine::{self};
use crate::operation::sent;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::origin::eyes::Look;
use crate::policy::Mode;
use crate::policy::block::{Block, OpenBlock};
use crate::policy::fingerprint::{Fingerprint, Kind, of_mailbox};
use crate::policy::foreign_marks::ForeignMarks;
use crate::policy::plan::Effect;
use crate::policy::reason::Reason;
use crate::policy::standing::{self, Entry, Origin};
use crate::policy::token::HeldId;
use crate::policy::verdict::passes_unasked;
use crate::report::{self, Level};
use crate::world::config::{Environment, Inbox};
use crate::world::input::Incoming;
use crate::world::maildir::{Draft, Maildir};
use crate::world::store::{DecisionRow, StoreProblem};
use crate::world::{clock, descriptors, random};

/// How long somebody who writes is waited for before a person is not learned.
const LEARNING_PATIENCE: Duration = Duration::from_secs(1);

/// The message, as the caller hands it over.
pub type Stdin = Incoming<io::StdinLock<'static>>;

/// What `deliver` and `gate` have in common: read, decide, confirm, and only then the message itself.
pub fn serve(
    arguments: &MessageArguments,
    environment: Environment,
    perform: impl FnOnce(&Installation, &mut Case, &mut Stdin, i64) -> Answer,
) -> Answer {
    // Gather.
    start()?;
    let now = clock::now();
    let caller = caller(arguments, environment.caller.clone());
    let mut input = read_start()?;
    let installation = Installation::open(&environment)?;
    // Decide.
    let mut case = look(&installation, input.shared_start(), &caller, now)?;
    // Perform.
    match confirm(&installation, &mut case, now) {
        Ok(true) => {}
        // Another message was faster with the same token, or the user has just denied somebody.
        Ok(false) => case = look(&installation, input.shared_start(), &caller, now)?,
        Err(trouble) => case = blind(&installation, case.facts, trouble, now)?,
    }
    let ending = perform(&installation, &mut case, &mut input, now)?;
    look_at_the_rest(&installation, &mut case);
    renew(&installation, &mut case);
    count_proven(&installation, &mut case, now);
    learn(&installation, &mut case, now);
    // The process ends here. To close the store and give back memory piece by piece would cost a thirtieth of a whole
    // run (measured); no transaction is open, and the system gives back the rest.
    std::mem::forget(case);
    Ok(ending)
}

/// Looks at what else is held from who has just answered, and at what came while another letter was looked at.
fn look_at_the_rest(installation: &Installation, case: &mut Case) {
    let confirmed = case.plan.iter().find_map(|effect| match effect {
        Effect::Confirm { address, .. } => Some(address),
        _ => None,
    });
    let looks = installation.config.policy.trust.eyes.look != Look::Off;
    let Some(store) = case.store.as_mut().filter(|_| looks && (confirmed.is_some() || case.wants_look)) else { return };
    let noted = confirmed.map_or(Ok(0), |address| store.look_later(&address_keys(installation, address)));
    if let Err(problem) = noted {
        report::note(Level::Warning, &problem.to_string());
    }
    // What `gate` lets pass is not safe yet, and its caller waits: then `maintain` looks.
    if Commitment::of_process().is_done() {
        look_again::behind_a_delivery(installation, store, &mut case.look_time);
    }
}

/// Rewrites the entries that were found under an older list key, once; from then on a look-up finds them at once. It
/// is worth less than the mail, so a failure is only logged, and the next message tries again.
fn renew(installation: &Installation, case: &mut Case) {
    let Some(store) = case.store.as_mut() else { return };
    let (id, key) = installation.keys.list.current();
    for (kind, text, old) in &case.outdated {
        if let Err(problem) = store.renew_entry(old, (id, Fingerprint::of(key, *kind, text.as_bytes()))) {
            report::note(Level::Warning, &problem.to_string());
        }
    }
}

/// Counts the proof of an allowed sender who needs none yet: mail from there always has it after a while, and then it is asked
/// for. The message is decided and safe, so nothing waits for this, and what cannot be written is not counted.
fn count_proven(installation: &Installation, case: &mut Case, now: i64) {
    let unpinned = |entry: Entry| entry.pin.is_empty() && entry.origin != Origin::Any;
    let counts = case.decision.reason == Reason::AllowedSender && case.standing.sender.is_some_and(unpinned);
    let proofs = proofs(&case.facts);
    let (Some(store), Some(key)) = (case.store.as_mut(), case.standing.author) else { return };
    if counts && proofs.intersects(Proofs::AUTHOR) && installation.config.policy.mode == Mode::On {
        match store.count_proven(&key, proofs, now) {
            Ok(true) => report::note(Level::Info, &format!("pinned sender={}", key.hex())),
            Ok(false) | Err(StoreProblem::Busy) => {}
            Err(problem) => report::note(Level::Warning, &format!("a proof was not counted: {problem}")),
        }
    }
}

/// Writes down who answered a private message of the user. It is worth less than the mail, which waits for it at most
/// [`LEARNING_PATIENCE`]; what is not learned now is learned from the next answer.
fn learn(installation: &Installation, case: &mut Case, now: i64) {
    let Some(store) = case.store.as_mut() else { return };
    for effect in &case.plan {
        let Effect::Learn { address, pin } = effect else { continue };
        let written = store
            .set_patience(LEARNING_PATIENCE)
            .and_then(|()| sent::learn_author(installation, store, (address, *pin), now));
        if let Err(problem) = written {
            report::note(Level::Warning, &format!("not learned: {problem}"));
        }
    }
}

/// Refuses a standard input that is not there: Rust opens /dev/null in its place, and an empty message would be
/// taken for the real one.
pub fn start() -> Result<(), Trouble> {
    if descriptors::stdin_is_closed() {
        return Err(anyhow!("standard input is closed").into());
    }
    inject_fault();
    Ok(())
}

/// Where there is no standard output, what is written vanishes, and the success would be a lie.
pub fn writable_output() -> Result<(), Trouble> {
    if descriptors::stdout_is_closed() {
        return Err(anyhow!("standard output is closed").into());
    }
    Ok(())
}

/// Faults that the tests ask for; not in a release build.
fn inject_fault() {
    #[cfg(debug_assertions)]
    if std::env::var_os("COUNTERSIGN_TEST_PANIC").is_some() {
        let nothing: Vec<u8> = Vec::new();
        let _ = nothing[std::process::id() as usize];
    }
}

/// The head and the start of the body.
///
/// # Errors
/// When standard input cannot be read.
pub fn read_start() -> Result<Stdin, Trouble> {
    let input = Incoming::read_start(io::stdin().lock()).context("cannot read the message")?;
    Ok(input)
}

/// The caller's words; what is given on the command line outranks the environment.
#[must_use]
pub fn caller(arguments: &MessageArguments, from_environment: Caller) -> Caller {
    Caller {
        sender_argument: arguments.sender.clone(),
        recipient_argument: arguments.recipient.clone(),
        extension_argument: arguments.extension.clone(),
        ..from_environment
    }
}

/// A confirmation, before its own message is safe: if it fails now, the answer goes back to the queue and comes
/// again, is known by what was written about it, and every step of this can be done twice. `false` if it does not
/// count any more.
fn confirm(installation: &Installation, case: &mut Case, now: i64) -> Result<bool, Trouble> {
    let Some(store) = case.store.as_mut() else { return Ok(true) };
    for effect in &case.plan {
        let (keys, pin) = match effect {
            Effect::Confirm { address, pin, held } => {
                let entry = Entry { effect: standing::Effect::Allow, pin: *pin, origin: Origin::Confirmed, added: now };
                let (id, key) = installation.keys.list.current();
                let current = Fingerprint::of_address(key, &address.normal());
                let older: Vec<_> =
                    address_keys(installation, address).into_iter().filter(|key| *key != current).collect();
                if !store.confirm((id, current), &entry, &older, (*held, answer_key(installation, &case.facts)))? {
                    return Ok(false);
                }
                continue;
            }
            Effect::OptOut { address, pin, in_words } => {
                let slots = slot_keys(installation, address);
                slots.first().map_or(Ok(()), |key| store.opt_out(key, now, *in_words))?;
                let reason = if *in_words { Reason::Disowned } else { Reason::NotThem };
                let count = quarantine::mark_not_them(installation, store, address, *pin, reason)?;
                report::note(Level::Info, &format!("not me: {count} marked"));
                continue;
            }
            Effect::Disown { held } => {
                store.disown(*held)?;
                continue;
            }
            Effect::TakeBack { address } => {
                store.take_back(&slot_keys(installation, address))?;
                continue;
            }
            Effect::LeaveInTrash { held } => {
                store.list_trashed(*held)?;
                report::note(Level::Info, &format!("answered: {held} lies in the trash and stays there"));
                continue;
            }
            Effect::SetUndeliverable { held } => {
                store.set_undeliverable(*held)?;
                continue;
            }
            Effect::NoteSent(sent) => {
                let new = sent::teach(installation, store, sent, now)?;
                report::note(Level::Info, &format!("sent mail: {new} new"));
                continue;
            }
            Effect::Spend { held } => {
                store.spend(*held, answer_key(installation, &case.facts), now)?;
                continue;
            }
            Effect::Release { address, pin } => (address_keys(installation, address), pin),
            Effect::ReleaseAgain(answered) => (vec![answered.sender], &answered.pin),
            _ => continue,
        };
        let count = quarantine::release_all(installation, store, &keys, *pin, now)?;
        report::note(Level::Info, &format!("confirmed: {count} released"));
    }
    Ok(true)
}

/// An address under every key and in every form: what is held from it may be older than today's.
fn address_keys(installation: &Installation, address: &Address) -> Vec<Fingerprint> {
    of_mailbox(&installation.keys.list, address).map(|(_, key)| key).collect()
}

/// Stores the message in the inbox.
pub fn store_in_inbox(
    installation: &Installation,
    case: &mut Case,
    input: &mut Stdin,
    now: i64,
) -> Result<(), Trouble> {
    match &installation.config.paths.inbox {
        Inbox::Maildir(path) => {
            let mut draft = Maildir::at(path).draft()?;
            write_passed(installation, case, input, now, &mut |piece| draft.write(piece))?;
            draft.commit_unique()?;
        }
        Inbox::Command(argv) => {
            let message = write_for_command(input, &installation.ready_quarantine()?)?;
            inbox::give(argv, message)?;
        }
        Inbox::Mbox(path) => {
            let mailbox = inbox::mailbox(installation, path)?;
            let sender = case.facts.envelope_sender().map(Address::to_string);
            let mut letter = mailbox.letter(&from_line(sender.as_deref(), now))?;
            write_passed(installation, case, input, now, &mut |piece| letter.write(piece))?;
            inbox::open(&mailbox)?.append(letter)?;
        }
    }
    Commitment::of_process().commit();
    record_instead(installation, case, now);
    note(installation, case, None);
    Ok(())
}

/// Writes a message that passes: our block, then the bytes as they came. It is never looked for by its bytes, and for a large
/// one to hash them would take longer than to write them.
fn write_passed(
    installation: &Installation,
    case: &Case,
    input: &mut Stdin,
    now: i64,
    put: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
) -> Result<(), Trouble> {
    let start = input.shared_start();
    let head = Head::read(&start);
    put(&block(installation, case, &head, None, now).seal(None, &installation.keys.token))?;
    write_message(input, &head, put, |_| ())
}

pub(super) fn block(
    installation: &Installation,
    case: &Case,
    head: &Head<'_>,
    id: Option<HeldId>,
    now: i64,
) -> OpenBlock {
    let facts = &case.facts;
    let block = Block {
        id,
        verdict: case.decision.verdict,
        reason: case.decision.reason,
        recipient: installation.config.policy.owner.primary.clone(),
        sender: facts.sender.address().cloned(),
        proofs: proofs(facts),
        received: now,
    };
    let has_return_path = head.caller_fields().iter().any(|field| field.is("Return-Path"));
    let return_path = (!has_return_path).then_some(&facts.envelope.sender);
    if case.wants_look { block.open_with_room(return_path) } else { block.open(return_path) }
}

/// Writes a message into a Maildir's tmp/ as the command that stands for an inbox gets it: as it came, but for fields
/// that claim to be ours.
fn write_for_command(input: &mut Stdin, maildir: &Maildir) -> Result<Draft, Trouble> {
    let start = input.shared_start();
    let head = Head::read(&start);
    let mut draft = maildir.draft()?;
    if let Some(line) = head.mbox_line {
        draft.write(line)?;
        draft.write(b"\n")?;
    }
    write_message(input, &head, &mut |piece| draft.write(piece), |_| ())?;
    Ok(draft)
}

/// Writes the message as it came, but for fields that claim to be ours; shows `see` what comes behind its start.
pub(super) fn write_message(
    input: &mut Stdin,
    head: &Head<'_>,
    put: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
    mut see: impl FnMut(&[u8]),
) -> Result<(), Trouble> {
    let (first, mut marks) = ForeignMarks::begin(input.start(), head);
    put(&first)?;
    input.copy_rest(&mut |piece| {
        see(piece);
        put(&marks.rest(piece))
    })?;
    Ok(put(&marks.end())?)
}

/// Writes down a decision that leaves nothing in the quarantine.
pub(super) fn record(installation: &Installation, case: &mut Case, now: i64) -> Result<(), Trouble> {
    let Some(store) = case.store.as_mut() else { return Ok(()) };
    let (message_id, sender) = hashes(installation, &case.facts, case.standing.author);
    let (verdict, reason) = case.decision.instead.unwrap_or((case.decision.verdict, case.decision.reason));
    let row = DecisionRow { at: now, message_id, sender, verdict, reason };
    Ok(store.record_decision(&row, HeldId::from_random(random::bits()?).number())?)
}

/// In the mode `observe`: what would have been done. It is worth less than the mail, so a failure is only logged.
pub fn record_instead(installation: &Installation, case: &mut Case, now: i64) {
    if case.plan.iter().any(|effect| matches!(effect, Effect::Note { .. }))
        && let Err(trouble) = record(installation, case, now)
    {
        report::note(Level::Warning, &report::chain(&trouble.error));
    }
}

/// One line in the system log: what, why, and keyed hashes by which `why` lets it be found again.
pub fn note(installation: &Installation, case: &Case, id: Option<HeldId>) {
    let (message, sender) = hashes(installation, &case.facts, case.standing.author);
    let hex = |hash: Option<Fingerprint>| hash.map_or("none".to_owned(), |hash| hash.hex());
    let number = id.map(|id| format!(" id={id}")).unwrap_or_default();
    let (verdict, reason) = (case.decision.verdict.name(), case.decision.reason);
    let pin = if passes_unasked(&case.facts, &case.standing, reason) { " pin=unasked" } else { "" };
    report::note(
        Level::Info,
        &format!("{verdict} reason={reason}{number}{pin} message={} sender={}", hex(message), hex(sender)),
    );
}

/// What is proven about the author's domain.
pub(super) fn proofs(facts: &Facts) -> Proofs {
    facts.authentication.of_author(facts.sender.address())
}

/// Under which keys the store and the log know the message and its author, who may be known already.
pub(super) fn hashes(
    installation: &Installation,
    facts: &Facts,
    author: Option<Fingerprint>,
) -> (Option<Fingerprint>, Option<Fingerprint>) {
    let (_, key) = installation.keys.list.current();
    let message = facts.message_id.as_ref().map(|id| Fingerprint::of(key, Kind::MessageId, id.as_bytes()));
    let of_sender = || facts.sender.address().map(|address| Fingerprint::of_address(key, &address.normal()));
    (message, author.or_else(of_sender))
}
