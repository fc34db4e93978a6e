//! `why`: what became of a message, by its Message-ID, its number or its sender.
//!
//! Promises: what the store holds is asked under every list key; that nothing is known is said with what it means,
//! and with the words to look for in the mail log.
//! Never touches: anything; it only reads.

use std::collections::HashSet;

use serde_json::json;

use crate::cli::WhyArguments;
use crate::exit::Ending;
use crate::mail::address::Address;
use crate::mail::compose::short_date;
use crate::mail::display::one_line;
use crate::operation::entry::{Who, as_json, describe};
use crate::operation::installation::Installation;
use crate::operation::ledger::{self, asked_name, asked_words, state_words};
use crate::operation::own_mail::keys_of;
use crate::operation::screen;
use crate::operation::select::the_remembered;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::fingerprint::{Fingerprint, Kind, of_mailbox};
use crate::policy::id_beginning::IdBeginning;
use crate::policy::standing::Entry;
use crate::world::config::Environment;
use crate::world::store::{DecisionRow, HeldRow, SentRow, Store};

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// A held message by its number, or the beginning of that.
    Held(IdBeginning),
    /// A Message-ID without its angle brackets, which may look like an address, and then may be one.
    MessageIdOrSender(String, Option<Address>),
}

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    held: Vec<HeldRow>,
    decisions: Vec<DecisionRow>,
    entry: Option<(Address, Entry)>,
    sent: Option<SentRow>,
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
    let known = gather(&installation, &store, &what)?;
    // Decide.
    let mut text = if arguments.json { known.as_json_lines() } else { known.as_text() };
    text.push_str(&in_log(&installation, &what, arguments.json));
    // Perform.
    screen::out(&text)?;
    if known == Known::default() {
        screen::error(
            "not recorded: mail that passes leaves no row, and rows expire; or it was never here. The mail log has a line \
             for every message, with the hash above; `countersign explain` says what would be done with it now",
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
        let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
        let good = inner.contains('@') && !inner.contains(|c: char| c.is_control() || c.is_whitespace());
        if !good {
            let shown = one_line(text, 80);
            return Err(Trouble::usage(format!(
                "{shown:?} is no Message-ID (<id@host>), no number of a held message and no address"
            )));
        }
        Ok(What::MessageIdOrSender(inner.to_owned(), Address::parse(inner).ok()))
    }
}

/// The hashes under which the mail log knows it, as `deliver` writes them; none for the number of a held message.
fn in_log(installation: &Installation, what: &What, json: bool) -> String {
    let What::MessageIdOrSender(text, address) = what else { return String::new() };
    let (_, key) = installation.keys.list.current();
    let message = Fingerprint::of(key, Kind::MessageId, text.as_bytes()).hex();
    let sender = address.as_ref().map(|address| Fingerprint::of_address(key, &address.normal()).hex());
    if json {
        return format!("{}\n", json!({ "row": "log", "message": message, "sender": sender }));
    }
    let sender = sender.map(|hash| format!(" or sender={hash}")).unwrap_or_default();
    format!("in the mail log: message={message}{sender}\n")
}

fn gather(installation: &Installation, store: &Store, what: &What) -> Result<Known, Trouble> {
    let (text, address) = match what {
        What::Held(beginning) => {
            let id = the_remembered(installation, store, *beginning)?;
            return Ok(Known { held: store.held(id)?.into_iter().collect(), ..Known::default() });
        }
        What::MessageIdOrSender(text, address) => (text, address),
    };
    let keys = keys_of(installation, Kind::MessageId, text);
    let mut known = Known { sent: store.sent(&keys)?, ..Known::default() };
    for key in keys {
        known.held.extend(store.held_with_message_id(&key)?);
        known.decisions.extend(store.decisions(&key)?);
    }
    if let Some(address) = address {
        for (_, key) in of_mailbox(&installation.keys.list, address) {
            known.held.extend(store.held_from(&key)?);
            known.decisions.extend(store.decisions(&key)?);
        }
        let entry = Who::Address(address.clone()).entry(installation, store)?;
        known.entry = entry.map(|entry| (address.clone(), entry));
    }
    // A message whose Message-ID reads like its sender's address is found twice.
    let mut seen = HashSet::new();
    known.held.retain(|row| seen.insert(row.id.number()));
    known.held.sort_by_key(|row| row.received);
    known.decisions.sort_by_key(|row| row.at);
    known.decisions.dedup();
    Ok(known)
}

impl Known {
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
        for row in &self.held {
            out.push_str(&format!(
                "{}  {}  {}, sender {}\n    held because {} ({}); proven: {}\n",
                short_date(row.received),
                row.id,
                state_words(row.state),
                asked_words(Some(row.asked)),
                row.reason.sentence(),
                row.reason,
                row.proofs.names()
            ));
        }
        for row in &self.decisions {
            out.push_str(&format!(
                "{}  {}\n    because {} ({})\n",
                short_date(row.at),
                row.verdict.name(),
                row.reason.sentence(),
                row.reason
            ));
        }
        out
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
        entry.chain(sent).chain(held).chain(decisions).map(|value| format!("{value}\n")).collect()
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
        let both = |text: &str| match What::parse(text).unwrap() {
            What::MessageIdOrSender(id, address) => (id, address.is_some()),
            What::Held(_) => panic!("{text}"),
        };
        assert_eq!(both("<a.b@host>"), ("a.b@host".into(), true));
        assert_eq!(both(" bob@example.org "), ("bob@example.org".into(), true));
        assert_eq!(both("<x$y@[1.2.3.4]:z>").0, "x$y@[1.2.3.4]:z");
        for text in ["", "bob", "<>", "a b@c", "01234567890", "a@b\u{1b}"] {
            assert_eq!(What::parse(text).unwrap_err().ending, Ending::Usage, "{text:?}");
        }
    }
}
