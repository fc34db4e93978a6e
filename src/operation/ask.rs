//! The mails that go to a stranger: the challenge with everything it says about the past, and the one short mail about
//! an answer without the word.
//!
//! Promises: nothing is sent without a slot of the store, and nothing past the gate; a short mail counts towards the
//! same limits as a challenge. Never touches: whether a message deserves one.

use std::time::Duration;

use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::content::TokenText;
use crate::mail::language;
use crate::operation::case::{alike, slot_keys};
use crate::operation::installation::Installation;
use crate::operation::quarantine;
use crate::operation::trouble::Trouble;
use crate::origin::envelope::Caller;
use crate::policy::answer::Confirmation;
use crate::policy::challenge::{HELD_LIMIT, Past, Request, Tokens, challenge, envelope_sender, wrong_word};
use crate::policy::fingerprint::{Fingerprint, Kind, in_forms, of_mailbox};
use crate::policy::gate::may_challenge;
use crate::policy::standing::{LATE_SECONDS, SENDMAIL_SECONDS};
use crate::policy::template::Template;
use crate::policy::token::{Day, HeldId, Parties, Purpose, Token};
use crate::report::{self, Level};
use crate::world::clock;
use crate::world::sendmail::Outcome;
use crate::world::store::{Asked, SlotRequest, State, Store};

/// For how long after a message's arrival, in seconds, its sender is asked by anybody but the user: after three days a challenge
/// would puzzle more than it helps.
pub const ASK_WITHIN: i64 = 3 * 86_400;
/// Most senders of the same message that are counted for who is told of them.
const ALIKE_TOLD: u32 = 1_000;

/// A challenge, and from which envelope sender it goes; none is the null one.
pub struct Mail {
    /// The whole message.
    pub bytes: Vec<u8>,
    /// Where its bounces go.
    pub from: Option<Address>,
}

/// Writes the challenge for a held message; for a dry run, without a number, with zeros for its tokens.
///
/// # Errors
/// When the past cannot be read.
pub fn write(
    installation: &Installation,
    store: Option<&Store>,
    facts: &Facts,
    id: Option<HeldId>,
    to: &Address,
    now: i64,
) -> Result<Mail, Trouble> {
    let policy = &installation.config.policy;
    let past = match store {
        Some(store) => past(installation, store, facts, id, to, now)?,
        None => Past::default(),
    };
    let zeros = || "0".repeat(32);
    let none = || Tokens { confirm: zeros(), not_me: zeros(), bounce: zeros() };
    let tokens = id.map_or_else(none, |id| mint(installation, id, to, now));
    let templates = templates(installation, facts);
    let bytes = challenge(Request { facts, policy, templates: &templates, to, tokens: &tokens, past: &past, now });
    Ok(Mail { bytes, from: envelope_sender(facts, policy, &tokens.bounce) })
}

/// Sends the short mail about an answer without the word: to the author of the answer, if the gate lets it out, and
/// once in a period, as a challenge.
///
/// # Errors
/// When the slot cannot be taken, or the end of sendmail cannot be written down.
pub fn repeat_word(
    installation: &Installation,
    store: &mut Store,
    facts: &Facts,
    about: &Confirmation,
    token: &TokenText,
    now: i64,
) -> Result<(), Trouble> {
    let policy = &installation.config.policy;
    let Ok((to, _)) = may_challenge(facts, policy) else { return Ok(()) };
    // A challenge to this address went out within the last days, so this mail has a slot of its own.
    let forms = to.without_tag("+").forms().map(|form| format!("word {}", form.as_str()));
    let mut keys = in_forms(&installation.keys.list, Kind::Challenged, forms).map(|(_, key)| key);
    let request = slot_request(installation, to, now);
    let request =
        SlotRequest { key: keys.next().unwrap_or(request.key), older: keys.collect(), alike: None, ..request };
    let opted_out = store.history(&slot_keys(installation, to), now)?.opted_out.is_some();
    if opted_out || !store.take_slot(about.held, request)? {
        return Ok(());
    }
    let tokens =
        Tokens { confirm: token.as_str().to_owned(), ..mint(installation, about.held, &about.challenged, now) };
    let languages = templates(installation, facts);
    let templates: Vec<Template> = languages.iter().filter_map(|text| Template::wrong_word(&text.language)).collect();
    let past = Past::default();
    let mail = wrong_word(Request { facts, policy, templates: &templates, to, tokens: &tokens, past: &past, now });
    match give(installation, store, about.held, None, to, &mail, now) {
        Outcome::Sent => {}
        Outcome::Refused { said, .. } | Outcome::Unknown { said } => {
            report::note(Level::Error, &format!("the word for {}: {said}", about.held));
        }
    }
    // The answer to this mail is measured as that to a challenge is.
    note_end(store, about.held, now)
}

/// Sends the challenge whose slot this process has, and writes down a refusal of sendmail: a taken slot without one says
/// that it went out, or may have. What became of it.
///
/// # Errors
/// When the refusal cannot be written down; the slot stays taken.
pub fn send(
    installation: &Installation,
    store: &mut Store,
    facts: &Facts,
    id: HeldId,
    to: &Address,
    now: i64,
) -> Result<Outcome, Trouble> {
    let mail = write(installation, Some(store), facts, Some(id), to, now)?;
    let outcome = give(installation, store, id, mail.from.as_ref(), to, &mail.bytes, now);
    match &outcome {
        Outcome::Sent => {}
        Outcome::Refused { code, said } => {
            report::note(
                Level::Error,
                &format!("challenge for {id}: sendmail ended with {code}: {}", unnamed(said, to)),
            );
            store.set_asked(id, Asked::Refused)?;
            return Ok(outcome);
        }
        Outcome::Unknown { said } => {
            report::note(Level::Error, &format!("challenge for {id}: perhaps sent: {}", unnamed(said, to)));
            store.set_asked(id, Asked::Unknown)?;
        }
    }
    note_end(store, id, now)?;
    Ok(outcome)
}

/// Gives a mail to sendmail. While it runs late, its end is taken for as late as it may be, so that an answer which comes
/// meanwhile is known to come too soon; who dies over it leaves that behind.
fn give(
    installation: &Installation,
    store: &mut Store,
    id: HeldId,
    from: Option<&Address>,
    to: &Address,
    mail: &[u8],
    now: i64,
) -> Outcome {
    let begun = clock::now();
    let left = u64::try_from(LATE_SECONDS.saturating_sub(begun.saturating_sub(now))).unwrap_or_default();
    let mut on_late = || {
        let latest = begun.saturating_add(i64::from(SENDMAIL_SECONDS));
        if let Err(problem) = store.set_sent(id, latest) {
            report::note(Level::Warning, &format!("challenge for {id}: {problem}"));
        }
    };
    installation.sendmail().send(from, to, mail, (Duration::from_secs(left), &mut on_late))
}

/// Writes down when sendmail had ended, if that was late: the time of a person's answer begins only then. Mostly it is
/// done at once, and the taken slot says all there is to say; to write that again would cost as much as the slot did.
fn note_end(store: &mut Store, id: HeldId, now: i64) -> Result<(), Trouble> {
    let ended = clock::now();
    if ended.saturating_sub(now) < LATE_SECONDS {
        return Ok(());
    }
    Ok(store.set_sent(id, ended)?)
}

/// The request for the slot of an address.
#[must_use]
pub fn slot_request(installation: &Installation, to: &Address, now: i64) -> SlotRequest {
    let mut keys = slot_keys(installation, to).into_iter();
    // A key ring is never empty.
    let key = keys.next().unwrap_or_else(|| Fingerprint::of(installation.keys.list.current().1, Kind::Challenged, b""));
    SlotRequest { key, older: keys.collect(), caps: installation.config.policy.caps, alike: None, now }
}

/// What sendmail said, without the words that name the recipient's mailbox or domain alone; [`report::note`] takes
/// out whole addresses.
fn unnamed(said: &str, to: &Address) -> String {
    let (local, domain) = (to.plain_local(), to.domain().as_str());
    let names = |word: &str| {
        let word = word.to_lowercase();
        word.contains(domain) || word.trim_matches(|c: char| c.is_ascii_punctuation()) == local
    };
    said.split_whitespace().map(|word| if names(word) { "<name>" } else { word }).collect::<Vec<_>>().join(" ")
}

/// The texts for a message, in the configured languages; a slip in a text of the user's own must not stop mail.
fn templates(installation: &Installation, facts: &Facts) -> Vec<Template> {
    let guess = language::guess(facts.subject(), &facts.content().preview, facts.declared_language());
    installation.config.templates(guess).unwrap_or_else(|error| {
        report::note(Level::Error, &format!("{}; the built-in text is used", report::chain(&error)));
        installation.config.built_in_templates(guess)
    })
}

fn mint(installation: &Installation, id: HeldId, to: &Address, now: i64) -> Tokens {
    let (owner, challenged) = (installation.config.policy.owner.primary.normal(), to.normal());
    let parties = Parties { owner: &owner, challenged: &challenged };
    let mint = |purpose| Token::mint(&installation.keys.token, purpose, id, Day::of(now), parties);
    Tokens { confirm: mint(Purpose::Confirm), not_me: mint(Purpose::NotMe), bounce: mint(Purpose::Bounce) }
}

/// What was before: whether this sender was asked about another message, what is held from it with a proof, and who
/// else sent the same.
fn past(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    id: Option<HeldId>,
    to: &Address,
    now: i64,
) -> Result<Past, Trouble> {
    let keys: Vec<Fingerprint> = of_mailbox(&installation.keys.list, to).map(|(_, key)| key).collect();
    let mut rows = Vec::new();
    for key in &keys {
        rows.extend(store.held_from(key)?);
    }
    let again = rows.iter().any(|row| Some(row.id) != id && !matches!(row.asked, Asked::No));
    let mut past = Past { again, ..Past::default() };
    // The message at hand first, whatever else came in the same second; then the newest.
    rows.sort_by_key(|row| (Some(row.id) != id, std::cmp::Reverse(row.received)));
    if again {
        // In a dry run the message at hand is not held yet, and would stand first.
        if id.is_none() {
            past.held.push(facts.subject().to_owned());
        }
        // One more than is listed, so that the list says that it goes on.
        let room = HELD_LIMIT + 1 - past.held.len();
        let told = rows.iter().filter(|row| row.state == State::Held && !row.proofs.is_empty()).take(room);
        let ids: Vec<HeldId> = told.map(|row| row.id).collect();
        let found = quarantine::find_all(installation, store, &ids)?;
        for held in ids.iter().filter_map(|id| found.iter().find(|held| held.id == *id)) {
            let Some(start) = quarantine::original(held, 0)? else { continue };
            let trust = &installation.config.policy.trust;
            past.held.push(Facts::read(&start, &Caller::default(), trust).subject().to_owned());
        }
    }
    if installation.config.policy.style.alike_note
        && let Some(alike) = alike(installation, facts)
    {
        // So many are not counted but stand for too many to compare, and nobody is told of what was not seen.
        past.alike = Some(store.alike(&alike, ALIKE_TOLD, now)?).filter(|&count| count < ALIKE_TOLD).unwrap_or(0);
    }
    Ok(past)
}
