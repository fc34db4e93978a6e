//! `deliver`: one message from the caller, stored in the inbox or in the quarantine.
//!
//! Promises: what `operation/delivery.rs` promises. Never touches: standard output.

use crate::cli::MessageArguments;
use crate::exit::Ending;
use crate::operation::delivery::{serve, store_in_inbox};
use crate::operation::hold::{hold, looks_at_pinned};
use crate::operation::thrown_away::hold_or_throw_away;
use crate::operation::trouble::Answer;
use crate::policy::verdict::Verdict;
use crate::world::config::Environment;

/// Runs `deliver`.
///
/// # Errors
/// Whatever means 75.
pub fn deliver(arguments: &MessageArguments, environment: Environment) -> Answer {
    serve(arguments, environment, |installation, case, input, now| match case.decision.verdict {
        // Safe in the quarantine first, and from there into the inbox: nobody sees it before it is looked at.
        Verdict::Pass if looks_at_pinned(installation, case) => {
            case.wants_look = true;
            hold(installation, case, input, now)
        }
        Verdict::Pass => store_in_inbox(installation, case, input, now).map(|()| Ending::Done),
        _ => hold_or_throw_away(installation, case, input, now),
    })
}
