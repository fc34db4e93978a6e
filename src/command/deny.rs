//! `deny`: senders, domains and mailing lists whose mail is held.
//!
//! Promises: what `operation/entry.rs` promises.

use crate::cli::EntryArguments;
use crate::operation::entry::{Wish, put};
use crate::operation::trouble::Answer;
use crate::policy::standing::Effect;
use crate::world::config::Environment;

/// Runs `deny`.
///
/// # Errors
/// As `allow`.
pub fn deny(arguments: &EntryArguments, environment: Environment) -> Answer {
    put(arguments, environment, Wish { effect: Effect::Deny, any: false, release: false })
}
