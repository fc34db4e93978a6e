//! One file or one folder a subcommand, each in three blocks: gather, decide, perform. Nothing else lives here.

pub mod address;
pub mod allow;
pub mod challenge;
pub mod check;
pub mod deliver;
pub mod demo;
pub mod deny;
pub mod digest;
pub mod discard;
pub mod doctor;
pub mod explain;
pub mod filter;
pub mod forget;
pub mod gate;
pub mod held;
pub mod help;
pub mod init;
pub mod keys;
pub mod learn;
pub mod maintain;
pub mod release;
pub mod replay;
pub mod sendmail;
pub mod show;
pub mod undiscard;
pub mod why;

use std::ffi::OsString;
use std::path::Path;

use crate::cli::{Arguments, Command, Line, SendmailLine};
use crate::exit::{Caller, Commitment, Ending, may_be_delivery};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::report::{self, Level};
use crate::world::config::Environment;
use crate::world::store::StoreProblem;
use crate::world::{descriptors, surroundings};

/// Runs one command line: whom it was for, and how it ended.
#[must_use]
pub fn run(arguments: &[OsString]) -> (Caller, Ending) {
    // Before anything of the process changes: what another program is called with is none of ours.
    if let Some(line) = SendmailLine::read(arguments) {
        let ending = sendmail::sendmail(line.arguments, &environment_of(&line));
        return (Caller::Sendmail, ending.unwrap_or_else(|trouble| say(&trouble, Caller::Sendmail, line.config)));
    }
    descriptors::settle();
    let parsed = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return command_line_error(&error, arguments),
    };
    let caller = caller_of(&parsed.command);
    if matches!(caller, Caller::Person | Caller::Sendmail) {
        Commitment::of_process().stand_down();
    }
    let ending = environment(parsed.config.as_deref())
        .and_then(|environment| dispatch(parsed.command, environment))
        .unwrap_or_else(|trouble| say(&trouble, caller, parsed.config.as_deref()));
    (caller, ending)
}

/// The short way for the commands of a mail system; whatever it does not understand goes the long way, which explains.
fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    fn line<T: clap::Args>(words: &[OsString], command: impl FnOnce(T) -> Command) -> Option<Arguments> {
        let Line { config, arguments } = <Line<T> as clap::Parser>::try_parse_from(words).ok()?;
        Some(Arguments { config, command: command(arguments) })
    }
    let words = arguments.get(1..).unwrap_or_default();
    let short = match words.first().and_then(|word| word.to_str()) {
        Some("deliver") => line(words, Command::Deliver),
        Some("filter") => line(words, Command::Filter),
        Some("gate") => line(words, Command::Gate),
        _ => None,
    };
    short.map_or_else(|| <Arguments as clap::Parser>::try_parse_from(arguments), Ok)
}

/// The process's environment; `--config` outranks the variable, and means a file in the current folder.
fn environment(config: Option<&Path>) -> Result<Environment, Trouble> {
    let mut environment = Environment::read();
    if let Some(path) = config {
        environment.config = Some(surroundings::whole(path).map_err(Trouble::config)?);
    }
    Ok(environment)
}

/// The same for mail on its way out, which a current folder that is gone must not stop: such a path is said to be none.
fn environment_of(line: &SendmailLine<'_>) -> Environment {
    let config = line.config.map(std::path::Path::to_owned);
    environment(line.config).unwrap_or_else(|_| Environment { config, ..Environment::read() })
}

/// Who is to understand how a command ends.
fn caller_of(command: &Command) -> Caller {
    match command {
        Command::Deliver(_) | Command::Filter(_) => Caller::Delivery,
        Command::Gate(arguments) if arguments.word => Caller::GateWord,
        Command::Gate(_) => Caller::Gate,
        Command::Sendmail(_) => Caller::Sendmail,
        _ => Caller::Person,
    }
}

fn dispatch(command: Command, environment: Environment) -> Answer {
    match command {
        Command::Deliver(arguments) => deliver::deliver(&arguments, environment),
        Command::Gate(arguments) => gate::gate(&arguments, environment),
        Command::Filter(arguments) => filter::filter(&arguments, environment),
        Command::Explain(arguments) => explain::explain(&arguments, environment),
        Command::Replay(arguments) => replay::replay(&arguments, environment),
        Command::Sendmail(arguments) => sendmail::sendmail(&arguments.arguments, &environment),
        Command::Held(arguments) => held::held(&arguments, environment),
        Command::Show(arguments) => show::show(&arguments, environment),
        Command::Release(arguments) => release::release(&arguments, environment),
        Command::Discard(arguments) => discard::discard(&arguments, environment),
        Command::Undiscard(arguments) => undiscard::undiscard(&arguments, environment),
        Command::Challenge(arguments) => challenge::challenge(&arguments, environment),
        Command::Allow(arguments) => allow::allow(&arguments, environment),
        Command::Deny(arguments) => deny::deny(&arguments, environment),
        Command::Forget(arguments) => forget::forget(&arguments, environment),
        Command::Learn(arguments) => learn::learn(&arguments, environment),
        Command::Check(arguments) => check::check(&arguments, environment),
        Command::Why(arguments) => why::why(&arguments, environment),
        Command::Digest(arguments) => digest::digest(&arguments, environment),
        Command::Maintain(arguments) => maintain::maintain(&arguments, environment),
        Command::Init(arguments) => init::init(&arguments, environment),
        Command::Address(arguments) => address::address(&arguments, &environment),
        Command::Keys(arguments) => keys::keys(&arguments, &environment),
        Command::Doctor(arguments) => doctor::doctor(&arguments, environment),
        Command::Demo => demo::demo(),
        Command::Help(arguments) => help::help(&arguments),
    }
}

/// Help and version are answers, not errors; but a mail system that is answered 0 takes its message for delivered.
fn command_line_error(error: &clap::Error, arguments: &[OsString]) -> (Caller, Ending) {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    use std::io::{IsTerminal, stderr, stdin, stdout};
    let asked = matches!(error.kind(), DisplayHelp | DisplayVersion);
    // What is printed on a terminal gets into no bounce.
    let is_seen = if asked { stdout().is_terminal() } else { stderr().is_terminal() };
    let is_typed = stdin().is_terminal();
    let whose = caller_of_bad_line(may_be_delivery(arguments), is_typed);
    if whose == Caller::Person || is_seen {
        drop(error.print());
    }
    if whose == Caller::Delivery {
        // Only the kind: the error quotes words that a sender may have chosen.
        report::note(Level::Error, &format!("command line: {:?}", error.kind()));
        drain();
        return (whose, Ending::Later);
    }
    (whose, if asked { Ending::Done } else { Ending::Usage })
}

/// Who is to understand how a line ends that could not be read. A mail system has a message on standard input, never
/// a terminal.
fn caller_of_bad_line(may_be_delivery: bool, is_typed: bool) -> Caller {
    if may_be_delivery && !is_typed { Caller::Delivery } else { Caller::Person }
}

fn say(trouble: &Trouble, caller: Caller, config: Option<&Path>) -> Ending {
    let text = report::chain(&trouble.error);
    if matches!(caller, Caller::Person | Caller::Sendmail) {
        screen::error(&store_trouble(trouble, config).unwrap_or(text));
    } else {
        report::note(Level::Error, &text);
        drain();
    }
    trouble.ending
}

/// Of a store that does not answer: which file it is, and what mends it. A command meets it at any place.
fn store_trouble(trouble: &Trouble, config: Option<&Path>) -> Option<String> {
    let problem = trouble.error.downcast_ref::<StoreProblem>()?;
    let (installation, _) = Installation::open_without_keys(&environment(config).ok()?).ok()?;
    Some(ledger::sentence(&installation, problem))
}

/// Reads standard input to its end before an answer that is not a success: OpenSMTPD and procmail take a program
/// that leaves its input for a broken one (measured). What is read is in the mail system's queue still.
pub fn drain() {
    use std::io::IsTerminal;
    // A person who typed `gate` has nothing to send.
    if std::io::stdin().is_terminal() {
        return;
    }
    drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_types_at_a_terminal_is_no_mail_system() {
        assert_eq!(caller_of_bad_line(true, false), Caller::Delivery);
        assert_eq!(caller_of_bad_line(true, true), Caller::Person);
        assert_eq!(caller_of_bad_line(false, false), Caller::Person);
    }
}
