//! `gate`: one message from the caller, taken, or left to the caller to deliver.
//!
//! Promises: what `operation/delivery.rs` promises; standard output gets one word, and that only with `--word`.

use std::io::{self, Write};

use anyhow::Context;

use crate::cli::GateArguments;
use crate::exit::Ending;
use crate::operation::delivery::{note, record_instead, serve, writable_output};
use crate::operation::thrown_away::hold_or_throw_away;
use crate::operation::trouble::Answer;
use crate::policy::verdict::Verdict;
use crate::world::config::Environment;

/// Runs `gate`.
///
/// # Errors
/// Whatever means 75.
pub fn gate(arguments: &GateArguments, environment: Environment) -> Answer {
    if arguments.word {
        writable_output()?;
    }
    let ending =
        serve(&arguments.message, environment, |installation, case, input, now| match case.decision.verdict {
            Verdict::Pass => {
                input.drain().context("cannot read the message to its end")?;
                record_instead(installation, case, now);
                note(installation, case, None);
                Ok(Ending::Pass)
            }
            _ => hold_or_throw_away(installation, case, input, now),
        })?;
    if arguments.word {
        let word = if ending == Ending::Pass { "pass" } else { "taken" };
        let mut out = io::stdout().lock();
        out.write_all(word.as_bytes()).and_then(|()| out.flush())?;
    }
    Ok(ending)
}
