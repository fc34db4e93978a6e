//! Arguments in, exit code out. A panic becomes an exit code that no mail system takes for a bounce.

use std::process::ExitCode;

use countersign::exit::{self, Commitment, Ending};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let caller = exit::caller_of(&arguments);
    if caller != exit::Caller::Person {
        // The message of a panic would end up in a bounce; what happened goes to the system log instead.
        std::panic::set_hook(Box::new(|what| {
            countersign::report::note(countersign::report::Level::Error, &format!("a bug: {what}"));
        }));
    }
    let ran = std::panic::catch_unwind(|| countersign::command::run(&arguments, caller));
    let ending = ran.unwrap_or_else(|_| after_panic(caller));
    exit::exit(caller, ending)
}

fn after_panic(caller: exit::Caller) -> Ending {
    if Commitment::of_process().is_done() {
        return Ending::Done;
    }
    if caller != exit::Caller::Person {
        countersign::command::drain();
    }
    Ending::Bug
}
