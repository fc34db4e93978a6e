//! `allow`: senders, domains and mailing lists whose mail passes.
//!
//! Promises: what `operation/entry.rs` promises; with `--release` also what `release` does. Never touches: anything else.

use crate::cli::AllowArguments;
use crate::command::release::release_from;
use crate::operation::entry::{Wish, parse_all, put};
use crate::operation::people::People;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::standing::Effect;
use crate::world::config::Environment;

/// Runs `allow`.
///
/// # Errors
/// When a word is no address, domain or list, the store cannot be written, or what is held cannot be moved now.
pub fn allow(arguments: &AllowArguments, environment: Environment) -> Answer {
    let AllowArguments { any, release, entries } = arguments;
    if *release && People::may_be_many(entries) {
        return Err(Trouble::usage("--release takes people from the command line alone".to_owned()));
    }
    let wish = Wish { effect: Effect::Allow, any: *any, release: *release };
    let ending = put(entries, environment.clone(), wish)?;
    if *release { release_from(&parse_all(&entries.who)?, &environment) } else { Ok(ending) }
}
