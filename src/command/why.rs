//! `why`: what became of a message, by its Message-ID, its number or its sender.
//!
//! Promises: what the store holds is asked under every list key; the hashes that are named are those that the mail log has
//! or, of what is not recorded, would have; that nothing is known is said with what it means.
//! Never touches: anything; it only reads.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use crate::cli::WhyArguments;
use crate::exit::Ending;
use crate::mail::address::Address;
use crate::mail::compose::short_date;
use crate::mail::display::one_line;
use crate::mail::earlier::message_id;
use crate::operation::entry::{Who, as_json, describe};
use crate::operation::installation::Installation;
use crate::operation::ledger::{self, asked_name, asked_words, state_words};
use crate::operation::own_mail::keys_of;
use crate::operation::screen;
use crate::operation::select::the_remembered;
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::{Fingerprint, Kind, of_mailbox};
use crate::policy::id_beginning::IdBeginning;
use crate::policy::reason::Reason;
use crate::policy::standing::Entry;
use crate::policy::token::HeldId;
use crate::world::config::Environment;
use crate::world::store::{DecisionRow, HeldRow, SentRow, State, Store};

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// A held message by its number, or the beginning of that.
    Held(IdBeginning),
    /// What may be a Message-ID, an address or both.
    Named(Named),
}

/// A Message-ID looks like an address, and an address like a Message-ID.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    /// Without its angle brackets, if it is one that is ever written down.
    message_id: Option<String>,
    address: Option<Address>,
    /// Whether it stands in angle brackets, in which nobody writes an address here.
    bracketed: bool,
}

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    held: Vec<HeldRow>,
    /// Of those that lie in the trash: since when, and whether the sender has answered.
    trashed: HashMap<i64, (i64, bool)>,
    decisions: Vec<DecisionRow>,
    entry: Option<(Address, Entry)>,
    sent: Option<SentRow>,
    /// How the mail log has the Message-ID and the sender, the newest first.
    messages: Vec<Fingerprint>,
    senders: Vec<Fingerprint>,
}

/// Runs `why`. 1 if nothing is known.
///
/// # Errors
/// When the store cannot be read.
pub fn why(arguments: &WhyArguments, environment: Environment) -> Answer {
    // Gather.
    let what = What::parse(&arguments.what)?;
    let installation = Installation::open(&environment)?;
    let store = ledger::needed(&installation)?;
    let mut known = gather(&installation, &store, &what)?;
    known.trashed = in_trash(&installation, &store, &known.held)?;
    // Decide.
    let text = if arguments.json { known.as_json_lines() } else { known.as_text() };
    // Perform.
    screen::out(&text)?;
    if !known.is_recorded() {
        screen::error(
            "not recorded: mail that passes leaves no row, and rows expire; or it was never here. The mail log has a line \
             for every message, with such a hash; `countersign explain` says what would be done with it now",
        );
        return Ok(Ending::No);
    }
    Ok(Ending::Done)
}

impl What {
    /// `<id@host>`, `id@host`, up to ten hexadecimal digits, or an address.
    fn parse(text: &str) -> Result<What, Trouble> {
        let text = text.trim();
        if let Some(beginning) = IdBeginning::parse(text) {
            return Ok(What::Held(beginning));
        }
        let bracketed = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let inner = bracketed.unwrap_or(text);
        let (message_id, address) = (message_id(inner), Address::parse(inner).ok());
        if message_id.is_none() && address.is_none() {
            let shown = one_line(text, 80);
            let way = if inner.contains('@') {
                "; where a message has such a Message-ID or several, the mail log has message=none: ask by its sender"
            } else {
                ""
            };
            return Err(Trouble::usage(format!(
                "{shown:?} is no Message-ID (<id@host>), no number of a held message and no address{way}"
            )));
        }
        Ok(What::Named(Named { message_id, address, bracketed: bracketed.is_some() }))
    }
}

fn gather(installation: &Installation, store: &Store, what: &What) -> Result<Known, Trouble> {
    let named = match what {
        What::Held(beginning) => {
            let row = store.held(the_remembered(installation, store, *beginning)?)?;
            let messages = row.iter().filter_map(|row| row.message_id).collect();
            let senders = row.iter().filter_map(|row| row.sender).collect();
            return Ok(Known { held: row.into_iter().collect(), messages, senders, ..Known::default() });
        }
        What::Named(named) => named,
    };
    let messages = named.message_id.as_ref().map(|id| keys_of(installation, Kind::MessageId, id)).unwrap_or_default();
    let address = named.address.as_ref();
    let senders = address.map(|address| of_mailbox(&installation.keys.list, address).map(|(_, key)| key).collect());
    let senders: Vec<Fingerprint> = senders.unwrap_or_default();
    let mut known = Known { sent: store.sent(&messages)?, ..Known::default() };
    for key in &messages {
        known.held.extend(store.held_with_message_id(key)?);
    }
    for key in &senders {
        known.held.extend(store.held_from(key)?);
    }
    for key in messages.iter().chain(&senders) {
        known.decisions.extend(store.decisions(key)?);
    }
    if let Some(address) = address {
        let entry = Who::Address(address.clone()).entry(installation, store)?;
        known.entry = entry.map(|entry| (address.clone(), entry));
    }
    // A message whose Message-ID reads like its sender's address is found twice.
    let mut seen = HashSet::new();
    known.held.retain(|row| seen.insert(row.id.number()));
    known.held.sort_by_key(|row| row.received);
    known.decisions.sort_by_key(|row| row.at);
    known.decisions.dedup();
    known.look_for(messages, senders, named.bracketed);
    Ok(known)
}

/// Which of these messages lie in the trash.
fn in_trash(
    installation: &Installation,
    store: &Store,
    rows: &[HeldRow],
) -> Result<HashMap<i64, (i64, bool)>, Trouble> {
    let thrown_away = rows.iter().filter(|row| row.state == State::Discarded);
    let ids: Vec<HeldId> = thrown_away.map(|row| row.id).collect();
    let mut found = HashMap::new();
    for held in trash::find_all(installation, store, &ids)? {
        let answered = store.spent(held.id)?.is_some_and(|row| row.answered.is_some());
        found.extend(store.trashed_since(held.id)?.map(|since| (held.id.number(), (since, answered))));
    }
    Ok(found)
}

impl Known {
    fn is_recorded(&self) -> bool {
        !(self.held.is_empty() && self.decisions.is_empty()) || self.entry.is_some() || self.sent.is_some()
    }

    /// By which of these hashes the mail log knows what was found: those of the rows, which were written with its lines.
    /// Where there is no row, what passes leaves none: then by each that may be meant, since keys change.
    fn look_for(&mut self, messages: Vec<Fingerprint>, senders: Vec<Fingerprint>, bracketed: bool) {
        let hashes = self.rows().into_iter().map(|row| (row.message_id, row.sender)).collect::<Vec<_>>();
        let by_message = |key: &&Fingerprint| hashes.iter().any(|(message, _)| message.as_ref() == Some(*key));
        let by_sender = |key: &&Fingerprint| hashes.iter().any(|(_, sender)| sender.as_ref() == Some(*key));
        self.messages = messages.iter().filter(by_message).copied().collect();
        self.senders = senders.iter().filter(by_sender).copied().collect();
        if self.messages.is_empty() && self.senders.is_empty() {
            let is_person = self.entry.is_some() || messages.is_empty();
            let is_message = self.sent.is_some() || bracketed;
            if !is_person || is_message {
                self.messages = messages;
            }
            if is_person || !is_message {
                self.senders = senders;
            }
        }
    }

    /// What became of messages, in the order of time.
    fn rows(&self) -> Vec<Row> {
        let held = self.held.iter().map(Row::of_held);
        let mut rows: Vec<Row> = held.chain(self.decisions.iter().map(Row::of_decision)).collect();
        rows.sort_by_key(|row| row.at);
        rows
    }

    fn as_text(&self) -> String {
        let mut out = String::new();
        if let Some((address, entry)) = &self.entry {
            out.push_str(&format!("{address} is on your list: {}\n", describe(*entry)));
        }
        if let Some(row) = &self.sent {
            out.push_str(&format!(
                "{}  you sent it ({})\n    what answers or returns it passes until {}\n",
                short_date(row.at),
                row.class.name(),
                short_date(row.at + row.class.seconds())
            ));
        }
        let mut told: Vec<(Fingerprint, Reason)> = Vec::new();
        for row in self.rows() {
            out.push_str(&format!("{}  {}\n", short_date(row.at), row.what));
            // Of one message the same reason is said once.
            let reason = row.message_id.map(|id| (id, row.reason));
            let is_told = reason.is_some_and(|reason| told.contains(&reason));
            told.extend(reason);
            let because = format!("because {}", row.reason.sentence_and_name());
            match row.proofs.map(Proofs::names) {
                Some(proofs) if is_told => out.push_str(&format!("    proven: {proofs}\n")),
                Some(proofs) => out.push_str(&format!("    held {because}; proven: {proofs}\n")),
                None if is_told => {}
                None => out.push_str(&format!("    {because}\n")),
            }
            out.extend(row.held.and_then(|id| self.in_trash(id)));
        }
        for (number, (message, sender)) in self.in_log().into_iter().enumerate() {
            let message = message.map(|hash| format!("message={hash}"));
            let words: Vec<String> = message.into_iter().chain(sender.map(|hash| format!("sender={hash}"))).collect();
            let begin = if number == 0 { "in the mail log:" } else { "or, from before a list key was changed:" };
            out.push_str(&format!("{begin} {}\n", words.join(" or ")));
        }
        out
    }

    /// That a held message lies in the trash, and the way out.
    fn in_trash(&self, id: HeldId) -> Option<String> {
        let (since, answered) = self.trashed.get(&id.number())?;
        let answered = if *answered { "; its sender has answered" } else { "" };
        let until = trash::until(*since);
        Some(format!("    in the trash until {until}{answered}; to bring it back: countersign undiscard {id}\n"))
    }

    /// The hashes to look for, side by side.
    fn in_log(&self) -> Vec<(Option<String>, Option<String>)> {
        let hex = |hashes: &[Fingerprint], at: usize| hashes.get(at).map(Fingerprint::hex);
        let count = self.messages.len().max(self.senders.len());
        (0..count).map(|at| (hex(&self.messages, at), hex(&self.senders, at))).collect()
    }

    fn as_json_lines(&self) -> String {
        let entry = self
            .entry
            .iter()
            .map(|(address, entry)| json!({ "row": "entry", "who": address.to_string(), "entry": as_json(*entry) }));
        let held = self.held.iter().map(|row| {
            json!({
                "row": "held",
                "id": row.id.to_string(),
                "at": row.received,
                "state": state_words(row.state),
                "asked": asked_name(row.asked),
                "in_trash_since": self.trashed.get(&row.id.number()).map(|(since, _)| since),
                "reason": row.reason.name(),
                "sentence": row.reason.sentence(),
                "proofs": row.proofs.list(),
            })
        });
        let decisions = self.decisions.iter().map(|row| {
            json!({
                "row": "decision",
                "at": row.at,
                "verdict": row.verdict.name(),
                "reason": row.reason.name(),
                "sentence": row.reason.sentence(),
            })
        });
        let sent = self.sent.iter().map(|row| {
            json!({
                "row": "sent",
                "at": row.at,
                "class": row.class.name(),
                "answers_until": row.at + row.class.seconds(),
            })
        });
        let log = self.in_log();
        let log = log.iter().map(|(message, sender)| json!({ "row": "log", "message": message, "sender": sender }));
        entry.chain(sent).chain(held).chain(decisions).chain(log).map(|value| format!("{value}\n")).collect()
    }
}

/// One row of what became of a message.
struct Row {
    at: i64,
    /// Of a held message.
    held: Option<HeldId>,
    message_id: Option<Fingerprint>,
    sender: Option<Fingerprint>,
    what: String,
    reason: Reason,
    proofs: Option<Proofs>,
}

impl Row {
    fn of_held(row: &HeldRow) -> Row {
        Row {
            at: row.received,
            held: Some(row.id),
            message_id: row.message_id,
            sender: row.sender,
            what: format!("{}  {}, sender {}", row.id, state_words(row.state), asked_words(Some(row.asked))),
            reason: row.reason,
            proofs: Some(row.proofs),
        }
    }

    fn of_decision(row: &DecisionRow) -> Row {
        Row {
            at: row.at,
            held: None,
            message_id: row.message_id,
            sender: row.sender,
            what: row.verdict.name().to_owned(),
            reason: row.reason,
            proofs: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_are_told_apart() {
        for text in ["0123456789", "0123", "a"] {
            assert_eq!(What::parse(text).unwrap(), What::Held(IdBeginning::parse(text).unwrap()));
        }
        let named = |text: &str| match What::parse(text).unwrap() {
            What::Named(named) => (named.message_id, named.address.is_some(), named.bracketed),
            What::Held(_) => panic!("{text}"),
        };
        assert_eq!(named("<a.b@host>"), (Some("a.b@host".into()), true, true));
        assert_eq!(named(" bob@example.org "), (Some("bob@example.org".into()), true, false));
        assert_eq!(named("<X$y@[1.2.3.4]:z>"), (Some("X$y@[1.2.3.4]:z".into()), false, true));
        assert_eq!(named("bob@exämple.org"), (None, true, false));
        for text in ["", "bob", "<>", "a b@c", "01234567890", "a@b\u{1b}", "< a@b c >", "<a@b> <c@d>", "<\u{e9}@b c>"] {
            assert_eq!(What::parse(text).unwrap_err().ending, Ending::Usage, "{text:?}");
        }
    }
}
