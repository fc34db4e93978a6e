//! `deliver`: one message from the caller, stored in the inbox or in the quarantine.
//!
//! Promises: what `operation/delivery.rs` promises. Never touches: standard output.

use crate::cli::MessageArguments;
use crate::exit::Ending;
use crate::operation::delivery::{serve, store_in_inbox};
use crate::operation::hold::hold_or_drop;
use crate::operation::trouble::Answer;
use crate::policy::verdict::Verdict;
use crate::world::config::Environment;

/// Runs `deliver`.
///
/// # Errors
/// Whatever means 75.
pub fn deliver(arguments: &MessageArguments, environment: Environment) -> Answer {
    serve(arguments, environment, |installation, case, input, now| match case.decision.verdict {
        Verdict::Pass => store_in_inbox(installation, case, input, now).map(|()| Ending::Done),
        _ => hold_or_drop(installation, case, input, now),
    })
}
