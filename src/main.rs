//! Arguments in, exit code out. A panic becomes an exit code that no mail system takes for a bounce.

use std::process::ExitCode;

use countersign::exit::{self, Caller, Commitment, Ending};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if exit::may_be_delivery(&arguments) {
        // The message of a panic would end up in a bounce; what happened goes to the system log instead.
        std::panic::set_hook(Box::new(|what| {
            countersign::report::note(countersign::report::Level::Error, &format!("a bug: {what}"));
        }));
    }
    let ran = std::panic::catch_unwind(|| countersign::command::run(&arguments));
    let (caller, ending) = ran.unwrap_or_else(|_| after_panic(&arguments));
    exit::exit(caller, ending)
}

/// `gate --word` has not written its word, so 0 would be no answer even after the message is durable.
fn after_panic(arguments: &[std::ffi::OsString]) -> (Caller, Ending) {
    if !exit::may_be_delivery(arguments) {
        return (Caller::Person, Ending::Bug);
    }
    if Commitment::of_process().is_done() && !arguments.iter().any(|word| word == "--word") {
        return (Caller::Delivery, Ending::Done);
    }
    countersign::command::drain();
    (Caller::Delivery, Ending::Later)
}
