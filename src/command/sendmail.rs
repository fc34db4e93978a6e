//! `sendmail`: a message of the user's goes to the mail system's own sendmail, and what it teaches is noted when it is out.
//!
//! Promises: sendmail gets the bytes as they came, but for a Message-ID where there is none, and its end is ours. Whatever
//! is wrong with configuration, keys or store, the message goes its way, and one line says so in the log.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal};
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, anyhow};

use crate::exit::Ending;
use crate::mail::sendmail_call::SendmailCall;
use crate::operation::installation::Installation;
use crate::operation::outgoing::Letter;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::Mode;
use crate::report::{self, Level};
use crate::world::config::{Config, Environment};
use crate::world::input::Incoming;
use crate::world::relay::{Relay, Relayed, leads_back};
use crate::world::store::StoreProblem;
use crate::world::{clock, descriptors};

/// Runs `sendmail` with these arguments of sendmail's.
///
/// # Errors
/// The real program leads back here or cannot be started; there is no message, or it breaks off.
pub fn sendmail(arguments: &[OsString], environment: &Environment) -> Answer {
    // Gather.
    let installation = unharmed(|| Installation::open(environment));
    let program = match &installation {
        Some(installation) => installation.config.paths.sendmail.clone(),
        None => Config::sendmail_alone(environment),
    };
    let relay = Relay { program: &program, arguments };
    if leads_back(&program) {
        return Err(Trouble::config(anyhow!(
            "{} leads back to countersign sendmail; name the mail system's own program in the configuration: [challenge] \
             sendmail",
            program.display()
        )));
    }
    let learns = installation.filter(|installation| installation.config.policy.mode != Mode::Off);
    let (Some(installation), SendmailCall::Submission(call)) = (learns, SendmailCall::read(arguments)) else {
        return Err(not_started(&relay, relay.become_it()));
    };
    if io::stdin().is_terminal() {
        return Err(not_started(&relay, relay.become_it()));
    }
    if descriptors::stdin_is_closed() {
        return Err(Trouble::usage("standard input is closed: there is no message".into()));
    }
    let mut input = Incoming::read_start(io::stdin().lock()).context("cannot read the message")?;
    let (start, now) = (input.shared_start(), clock::now());
    // Decide.
    let letter = unharmed(|| Letter::of(&installation, input.shared_start(), call, now)).flatten();
    let mut first: Cow<'_, [u8]> = Cow::Borrowed(&start);
    if let Some(addition) = letter.as_ref().and_then(Letter::addition) {
        first.to_mut().splice(addition.at..addition.at, addition.bytes);
    }
    // Perform.
    match relay.hand_on(&first, &mut input) {
        Relayed::Ended(0) => {
            descriptors::settle();
            unharmed(|| letter.as_ref().map_or(Ok(()), |letter| letter.note(&installation, now)));
            Ok(Ending::Relayed(0))
        }
        Relayed::Ended(number) => Ok(Ending::Relayed(number)),
        Relayed::Broken(error) => Err(anyhow::Error::from(error).context("the message was not sent").into()),
        Relayed::NotStarted(error) => Err(not_started(&relay, error)),
    }
}

/// What comes of something that the mail must not wait for and not fail by; its trouble is said in the log.
fn unharmed<T>(act: impl FnOnce() -> Result<T, Trouble>) -> Option<T> {
    // A panic has said where it was already.
    let done = catch_unwind(AssertUnwindSafe(act)).ok()?;
    let said = |trouble: Trouble| {
        let busy = matches!(trouble.error.downcast_ref(), Some(StoreProblem::Busy));
        let why = if busy { "another process has the store".to_owned() } else { report::chain(&trouble.error) };
        let text = format!("sent mail is not noted: {why}");
        report::note(Level::Warning, &text);
        screen::aside(&format!("countersign: {text}"));
    };
    done.map_err(said).ok()
}

fn not_started(relay: &Relay<'_>, error: io::Error) -> Trouble {
    // What is there tomorrow as it is today is a matter of the configuration.
    let ending = match error.kind() {
        ErrorKind::OutOfMemory | ErrorKind::WouldBlock => Ending::Later,
        _ => Ending::Config,
    };
    let program = relay.program.display().to_string();
    let error = anyhow::Error::from(error).context(format!(
        "cannot start {program}; where the mail system's own program is stands in the configuration: [challenge] sendmail"
    ));
    Trouble { ending, error }
}
