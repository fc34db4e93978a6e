//! One message on its way into the quarantine, and what follows when it is safe there.
//!
//! Promises: it is durable before anybody is asked, and the slot is taken before sendmail runs; whatever goes wrong after it is
//! durable is written to the log and mended by `maintain`. Never touches: the decision.

use crate::exit::{Commitment, Ending};
use crate::facts::Facts;
use crate::mail::head::Head;
use crate::operation::ask::{self, send, slot_request};
use crate::operation::case::{Case, alike};
use crate::operation::delivery::{Stdin, block, hashes, note, proofs, write_message};
use crate::operation::installation::Installation;
use crate::operation::look::{self, Subject, Watch, Watched};
use crate::operation::quarantine::{self, Held};
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::envelope::Caller;
use crate::origin::eyes::{Found, Sight};
use crate::policy::fingerprint::{Fingerprint, RunningFingerprint};
use crate::policy::plan::Effect;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::policy::verdict::Verdict;
use crate::report::{self, Level};
use crate::world::maildir::{self, Committed, Draft, Maildir, Mark};
use crate::world::random;
use crate::world::store::{Asked, HeldRow, Recorded, SlotRequest, State, Store};

/// Whether the mail of a known sender is to be looked at before it is put into the inbox: there is a signature that may be
/// wrong, and nobody has said so.
#[must_use]
pub fn looks_at_pinned(installation: &Installation, case: &Case) -> bool {
    let wanted = installation.config.policy.trust.eyes.look_at_pinned && case.store.is_some();
    let pinned = case.standing.sender.is_some_and(|entry| !entry.pin.is_empty());
    let passes = case.decision.reason == Reason::AllowedSender && case.decision.instead.is_none();
    let signed = || Head::read(case.facts.start()).first("DKIM-Signature").is_some();
    wanted && pinned && passes && case.facts.authentication.may_look() && signed()
}

/// Holds the message.
///
/// # Errors
/// When it cannot be made durable.
pub fn hold(installation: &Installation, case: &mut Case, input: &mut Stdin, now: i64) -> Answer {
    let quarantine = installation.ready_quarantine()?;
    let id = HeldId::from_random(random::bits()?);
    if case.wants_look && case.decision.verdict == Verdict::Hold {
        case.decision.reason = Reason::LookLater;
    }
    let Written { mut draft, message, watched } = write_held(installation, case, input, &quarantine, id, now)?;
    // The mark before the sync, which brings it to the disk too, and before the look, so that of two attempts at the same
    // message one sees what the other left.
    let name = message.hex();
    let mut mark = draft.mark(&name)?;
    draft.sync()?;
    let earlier = quarantine::earlier(installation, (&quarantine, State::Held), case.store.as_ref(), &message, &mark)?;
    mark.keep();
    let committed = match &earlier {
        Some(earlier) => quarantine.secure(earlier).map(|()| Committed::AlreadyThere)?,
        None => draft.commit(&name)?,
    };
    Commitment::of_process().commit();
    // From here on the message is safe, and whatever fails is for `maintain` to mend.
    let id = match committed {
        Committed::Stored(_) => Some(id),
        // The same message was handed over before. If that attempt died before its row was written, this one goes on.
        Committed::AlreadyThere => {
            let entry = earlier.or_else(|| quarantine.find(&name).ok().flatten());
            entry.and_then(|entry| unrecorded(installation, case.store.as_ref(), entry))
        }
    };
    note(installation, case, id);
    if let Some(id) = id
        && let Err(trouble) = look_now(installation, case, watched, (id, &message), now)
            .and_then(|looks| after_commit(installation, case, (id, message, looks), now, &mut mark))
    {
        report::note(Level::Error, &format!("held {id}, but: {}", report::chain(&trouble.error)));
    }
    // Whatever could not be written: what is answered with 0 does not come again.
    mark.remove();
    Ok(Ending::Done)
}

/// The number of a message whose file is there and whose row is not.
fn unrecorded(installation: &Installation, store: Option<&Store>, entry: maildir::Entry) -> Option<HeldId> {
    let held = quarantine::read(installation, entry).ok().flatten().filter(|held| held.sealed)?;
    let row = store?.held(held.id).ok()?;
    row.is_none().then_some(held.id)
}

/// Own eyes: what is proven decides again. How often it was looked at: not at all where that has to wait.
fn look_now(
    installation: &Installation,
    case: &mut Case,
    watched: Option<Watched>,
    (id, message): (HeldId, &Fingerprint),
    now: i64,
) -> Result<u8, Trouble> {
    let Some(watched) = watched.filter(|_| case.store.is_some()) else { return Ok(0) };
    let passes = case.decision.verdict == Verdict::Pass;
    let mut subject = Subject::of(installation, &case.facts, &case.standing, &watched, now);
    subject.scope.takes_mail = !passes;
    let found = look::within_allowance(installation, &subject, &mut case.look_time).unwrap_or_else(|error| {
        report::note(Level::Warning, &format!("not looked at: {}", report::chain(&error)));
        None
    });
    let Some(found) = found else { return Ok(0) };
    if !passes {
        case.decision = look::decide(installation, &mut case.facts, &case.standing, found, now);
    } else if found.forged {
        case.decision.verdict = Verdict::Hold;
        case.decision.reason = Reason::PinMissing;
    }
    note(installation, case, Some(id));
    if let Some(entry) = installation.quarantine().find(&message.hex())? {
        look::write_into_block(installation, &entry, &case.decision, proofs(&case.facts))?;
    }
    Ok(1)
}

/// (b) rows and slot in one transaction, (c) sendmail, (d) the result.
fn after_commit(
    installation: &Installation,
    case: &mut Case,
    (id, message, looks): (HeldId, Fingerprint, u8),
    now: i64,
    mark: &mut Mark,
) -> Result<(), Trouble> {
    let Some(store) = case.store.as_mut() else { return Ok(()) };
    let to = match (&case.decision.verdict, &case.decision.challenge) {
        (Verdict::Challenge, Some((to, _))) => Some(to.clone()),
        _ => None,
    };
    let row = HeldRow { looks, ..held_row(installation, &case.facts, case.decision.reason, id, message, now) };
    let alike =
        row.reason.is_of_the_gate().then(|| case.alike.take().or_else(|| alike(installation, &case.facts))).flatten();
    let slot = to.as_ref().map(|to| SlotRequest { alike: alike.clone(), ..slot_request(installation, to, now) });
    let Recorded { slot, allowed } = store.record_held(&row, alike.as_ref(), slot)?;
    // From here on the row says that the message is there.
    mark.remove();
    for effect in &case.plan {
        if let Effect::RepeatWord { about, token } = effect {
            ask::repeat_word(installation, store, &case.facts, about, token, now)?;
        }
    }
    let confirmed = allowed
        .is_some_and(|entry| (entry.pin.is_empty() || row.proofs.keeps(entry.pin)) && row.reason.is_of_the_gate());
    if case.decision.verdict == Verdict::Pass || confirmed {
        // What it lacked was found, or the sender was confirmed while it was being written: it must not stay behind.
        if let Some(held) = quarantine::find(installation, Some(store), id)?
            && quarantine::release(installation, &held, now)?
        {
            store.set_state(id, State::Released)?;
        }
        return Ok(());
    }
    match to {
        Some(to) if slot => send(installation, store, &case.facts, id, &to, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// The row of a held message.
#[must_use]
pub fn held_row(
    installation: &Installation,
    facts: &Facts,
    reason: Reason,
    id: HeldId,
    message: Fingerprint,
    now: i64,
) -> HeldRow {
    let (message_id, sender) = hashes(installation, facts, None);
    HeldRow {
        id,
        message,
        message_id,
        sender,
        proofs: proofs(facts),
        reason,
        received: now,
        listed: None,
        asked: Asked::No,
        state: State::Held,
        looks: 0,
    }
}

/// A message in a folder's tmp/.
pub(super) struct Written {
    pub(super) draft: Draft,
    pub(super) message: Fingerprint,
    /// What its signatures are held against, where they are looked at.
    watched: Option<Watched>,
}

/// Writes a message into the tmp/ of the quarantine or the trash, where it is known by its number and by its bytes.
pub(super) fn write_held(
    installation: &Installation,
    case: &Case,
    input: &mut Stdin,
    folder: &Maildir,
    id: HeldId,
    now: i64,
) -> Result<Written, Trouble> {
    let start = input.shared_start();
    let head = Head::read(&start);
    let open = block(installation, case, &head, Some(id), now);
    let mut watch = case.wants_look.then(|| Watch::begin(&start));
    let (_, key) = installation.keys.list.current();
    let mut running = RunningFingerprint::new(key);
    running.update(case.facts.message());
    let mut draft = folder.draft()?;
    draft.write(open.bytes())?;
    let mut see = |piece: &[u8]| {
        running.update(piece);
        if let Some(watch) = &mut watch {
            watch.update(piece);
        }
    };
    write_message(input, &head, &mut |piece| draft.write(piece), &mut see)?;
    let message = running.finish();
    draft.overwrite_at(0, &open.seal(Some(message), &installation.keys.token))?;
    Ok(Written { draft, message, watched: watch.map(Watch::finish) })
}

/// Reads a held message again as if it had just come, for a command that decides about it.
///
/// # Errors
/// When it cannot be read.
pub fn facts_of(installation: &Installation, held: &Held) -> Result<Option<Facts>, Trouble> {
    let start = quarantine::original(held, crate::world::input::BODY_LIMIT)?;
    Ok(start.map(|start| {
        let mut facts = Facts::read(&start, &Caller::default(), &installation.config.policy.trust);
        // What own eyes found then stands in its sealed block.
        let author = facts.sender.address().map(|address| address.domain().clone());
        let proven: Vec<_> = author.map(|domain| (domain, held.block.proofs)).into_iter().collect();
        if held.sealed && facts.authentication.may_look() && !held.block.proofs.is_empty() {
            facts.authentication.sight = Sight::Found(Found { proven, ..Found::default() });
        }
        facts
    }))
}
