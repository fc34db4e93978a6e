//! Arguments in, exit code out. A panic becomes an exit code that no mail system takes for a bounce.

use std::process::ExitCode;

use countersign::cli::SendmailLine;
use countersign::exit::{self, Caller, Commitment, Ending};
use countersign::report::{self, Level};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if exit::may_be_delivery(&arguments) {
        if let Err(error) = exit::guard(&arguments) {
            report::note(Level::Error, &format!("cannot set up signals: {error}"));
            return later();
        }
        say_panics_in_the_log();
    } else if SendmailLine::read(&arguments).is_some() {
        say_panics_in_the_log();
    }
    let ran = std::panic::catch_unwind(|| countersign::command::run(&arguments));
    let Ok((caller, ending)) = ran else { return after_panic(&arguments) };
    exit::exit(caller, ending)
}

/// The message of a panic would end up in a bounce or on the screen of a mail program; where it happened goes to the system
/// log instead. Its words may quote a message.
fn say_panics_in_the_log() {
    std::panic::set_hook(Box::new(|what| {
        let place = what.location().map(ToString::to_string).unwrap_or_default();
        report::note(Level::Error, &format!("a bug: panic at {place}"));
    }));
}

/// `gate --word` has not written its word, so 0 would be no answer even after the message is durable.
fn after_panic(arguments: &[std::ffi::OsString]) -> ExitCode {
    if !exit::may_be_delivery(arguments) {
        return exit::exit(Caller::Person, Ending::Bug);
    }
    if Commitment::of_process().is_done() && !exit::answers_by_word(arguments) {
        return exit::exit(Caller::Delivery, Ending::Done);
    }
    later()
}

fn later() -> ExitCode {
    countersign::command::drain();
    exit::exit(Caller::Delivery, Ending::Later)
}
