//! `check`: what the list says about one sender, domain or mailing list.
//!
//! Promises: changes nothing.

use serde_json::json;

use crate::cli::CheckArguments;
use crate::exit::Ending;
use crate::mail::address::{Address, Domain};
use crate::operation::entry::{Who, as_json, describe};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::screen;
use crate::operation::trouble::Answer;
use crate::policy::standing::Entry;
use crate::world::config::Environment;
use crate::world::store::{Store, StoreProblem};

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
        Who::Address(address) => around(address, &installation, &store)?,
        Who::Domain(_) | Who::Subdomains(_) | Who::List(_) => None,
    };
    // Decide.
    let mut text = String::new();
    if arguments.json {
        let around = around.map(|(_, entry)| as_json(entry));
        let value = json!({ "who": who.to_string(), "entry": entry.map(as_json), "domain": around });
        text.push_str(&format!("{value}\n"));
    } else {
        text.push_str(&match entry {
            Some(entry) => format!("{who}: {}\n", describe(entry)),
            None => format!("{who} is not on the list\n"),
        });
        if let Some((domain, entry)) = around {
            text.push_str(&format!("{domain}: {}\n", describe(entry)));
        }
    }
    // Perform.
    screen::out(&text)?;
    Ok(if entry.is_some() { Ending::Done } else { Ending::No })
}

/// The entry for the domain of an address, or for the nearest domain whose subdomain it is.
fn around(address: &Address, installation: &Installation, store: &Store) -> Result<Option<(Who, Entry)>, StoreProblem> {
    let parents = address.domain().parents().filter_map(|parent| Domain::parse(parent).ok()).map(Who::Subdomains);
    for who in std::iter::once(Who::Domain(address.domain().clone())).chain(parents) {
        if let Some(entry) = who.entry(installation, store)? {
            return Ok(Some((who, entry)));
        }
    }
    Ok(None)
}
