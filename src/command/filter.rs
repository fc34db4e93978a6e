//! `filter`: the message goes to standard output with a mark.
//!
//! Promises: stores, sends and learns nothing; the message is otherwise as it came, but for fields that claim to be ours.

use std::io::{self, Write};

use crate::cli::MessageArguments;
use crate::exit::Ending;
use crate::mail::compose::HeaderValue;
use crate::mail::head::Head;
use crate::operation::case::look;
use crate::operation::delivery::{caller, read_start, start, writable_output};
use crate::operation::installation::Installation;
use crate::operation::trouble::Answer;
use crate::policy::foreign_marks::ForeignMarks;
use crate::policy::reason::Reason;
use crate::world::clock;
use crate::world::config::Environment;

/// Runs `filter`.
///
/// # Errors
/// Whatever means 75.
pub fn filter(arguments: &MessageArguments, environment: Environment) -> Answer {
    // Gather.
    start()?;
    writable_output()?;
    let now = clock::now();
    let caller = caller(arguments, environment.caller.clone());
    let mut input = read_start()?;
    let installation = Installation::open(&environment)?;
    // Decide.
    let case = look(&installation, input.shared_start(), &caller, now)?;
    let (verdict, reason) = case
        .decision
        .instead
        .filter(|_| case.decision.reason != Reason::ModeOff)
        .unwrap_or((case.decision.verdict, case.decision.reason));
    // Perform.
    let start = input.shared_start();
    let head = Head::read(&start);
    let mut out = io::stdout().lock();
    if let Some(line) = head.mbox_line {
        out.write_all(line)?;
        out.write_all(b"\n")?;
    }
    let mark = HeaderValue::words(&format!("{}; reason={}", verdict.name(), reason.name()));
    out.write_all(format!("X-Countersign-Verdict: {}\n", mark.as_str()).as_bytes())?;
    let (first, mut marks) = ForeignMarks::begin(input.start(), &head);
    out.write_all(&first)?;
    input.copy_rest(&mut |piece| Ok(out.write_all(&marks.rest(piece))?))?;
    out.write_all(&marks.end())?;
    out.flush()?;
    Ok(Ending::Done)
}
