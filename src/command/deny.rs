//! `deny`: senders, domains and mailing lists whose mail is held, by name or by a held message.
//!
//! Promises: what `operation/entry.rs` and `operation/disavowal.rs` promise.

use crate::cli::EntryArguments;
use crate::exit::Ending;
use crate::operation::disavowal;
use crate::operation::entry::{Wish, put};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::standing::Effect;
use crate::policy::token::HeldId;
use crate::world::config::Environment;

/// Runs `deny`.
///
/// # Errors
/// As `allow`.
pub fn deny(arguments: &EntryArguments, environment: Environment) -> Answer {
    let (messages, people): (Vec<&String>, Vec<&String>) =
        arguments.who.iter().partition(|word| HeldId::parse(word).is_some());
    if messages.is_empty() {
        return put(arguments, environment, Wish { effect: Effect::Deny, any: false, release: false });
    }
    if !(people.is_empty() && arguments.file.is_empty()) {
        return Err(Trouble::usage("give numbers of held messages, or people, not both".into()));
    }
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    for id in messages.into_iter().filter_map(|word| HeldId::parse(word)) {
        disavowal::deny(&installation, &mut store, id)?;
    }
    Ok(Ending::Done)
}
