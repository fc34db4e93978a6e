//! `check`: what the list says about one sender, domain or mailing list.
//!
//! Promises: changes nothing.

use serde_json::json;

use crate::cli::CheckArguments;
use crate::exit::Ending;
use crate::operation::entry::{Who, as_json, describe};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::screen;
use crate::operation::trouble::Answer;
use crate::world::config::Environment;

/// Runs `check`. 1 if there is no entry for exactly this address, domain or list.
///
/// # Errors
/// As `allow`.
pub fn check(arguments: &CheckArguments, environment: Environment) -> Answer {
    // Gather.
    let who = Who::parse(&arguments.who)?;
    let installation = Installation::open(&environment)?;
    let store = ledger::needed(&installation)?;
    let entry = who.entry(&installation, &store)?;
    let around = match &who {
        Who::Address(address) => Who::Domain(address.domain().clone()).entry(&installation, &store)?,
        Who::Domain(_) | Who::List(_) => None,
    };
    // Decide.
    let mut text = String::new();
    if arguments.json {
        let value = json!({ "who": who.to_string(), "entry": entry.map(as_json), "domain": around.map(as_json) });
        text.push_str(&format!("{value}\n"));
    } else {
        text.push_str(&match entry {
            Some(entry) => format!("{who}: {}\n", describe(entry)),
            None => format!("{who} is not on the list\n"),
        });
        if let (Who::Address(address), Some(entry)) = (&who, around) {
            text.push_str(&format!("@{}: {}\n", address.domain(), describe(entry)));
        }
    }
    // Perform.
    screen::out(&text)?;
    Ok(if entry.is_some() { Ending::Done } else { Ending::No })
}
