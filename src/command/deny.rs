//! `deny`: senders, domains and mailing lists whose mail is held, by name or by a held message.
//!
//! Promises: what `operation/entry.rs` and `operation/disavowal.rs` promise.

use crate::cli::EntryArguments;
use crate::exit::Ending;
use crate::operation::disavowal;
use crate::operation::entry::{Wish, put};
use crate::operation::installation::Installation;
use crate::operation::ledger::{self, Ledger};
use crate::operation::select::the_one;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::id_beginning::IdBeginning;
use crate::policy::standing::Effect;
use crate::world::config::Environment;

/// Runs `deny`.
///
/// # Errors
/// As `allow`.
pub fn deny(arguments: &EntryArguments, environment: Environment) -> Answer {
    // No address, domain or list is written so.
    let messages: Vec<IdBeginning> = arguments.who.iter().filter_map(|word| IdBeginning::parse(word)).collect();
    if messages.is_empty() {
        return put(arguments, environment, Wish { effect: Effect::Deny, any: false, release: false });
    }
    if messages.len() < arguments.who.len() || !arguments.file.is_empty() {
        return Err(Trouble::usage("give numbers of held messages, or people, not both".into()));
    }
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    let mut ledger = Ledger::open(&installation)?;
    let messages = messages.into_iter().map(|beginning| the_one(&installation, &mut ledger, beginning));
    for id in messages.collect::<Result<Vec<_>, _>>()? {
        disavowal::deny(&installation, &mut store, id)?;
    }
    Ok(Ending::Done)
}
