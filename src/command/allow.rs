//! `allow`: senders, domains and mailing lists whose mail passes.
//!
//! Promises: what `operation/entry.rs` promises.

use crate::cli::EntryArguments;
use crate::operation::entry::put;
use crate::operation::trouble::Answer;
use crate::policy::standing::Effect;
use crate::world::config::Environment;

/// Runs `allow`.
///
/// # Errors
/// When a word is no address, domain or list, or the store cannot be written.
pub fn allow(arguments: &EntryArguments, environment: Environment) -> Answer {
    put(arguments, environment, Effect::Allow)
}
