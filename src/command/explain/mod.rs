//! `explain`: what would be done with one message, and why. The same code as a delivery, up to the point where
//! something would change.
//!
//! Promises: changes nothing, sends nothing. Never touches: the quarantine.

pub mod account;
pub mod known;
pub mod look;
pub mod message;
mod page;

use std::io::Read;
use std::sync::Arc;

use crate::cli::ExplainArguments;
use crate::command::explain::account::Account;
use crate::exit::Ending;
use crate::facts::Facts;
use crate::mail::head::Head;
use crate::operation::case::{self, Case, decide};
use crate::operation::installation::Installation;
use crate::operation::look::decide as decide_again;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::envelope::Caller;
use crate::policy::assume;
use crate::policy::block::without_block;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::input::Incoming;

/// Runs `explain`.
///
/// # Errors
/// When the message or the set-up cannot be read.
pub fn explain(arguments: &ExplainArguments, environment: Environment) -> Answer {
    // Gather.
    let mut installation = Installation::open(&environment)?;
    let mut input = read(arguments)?;
    // What is held or was delivered already says above the mail system's own lines what became of it.
    let start = Arc::new(without_block(input.start()).into_owned());
    // In a dry run the environment of a person's shell says nothing about the message.
    let caller = Caller {
        sender_argument: arguments.message.sender.clone(),
        recipient_argument: arguments.message.recipient.clone(),
        extension_argument: arguments.message.extension.clone(),
        user: environment.caller.user.clone(),
        ..Caller::of_kept(&Head::read(&start), installation.config.policy.trust.hops)
    };
    let now = clock::now();
    // Decide.
    let assumed = arguments.assume_first_contact;
    let mut case = if assumed {
        look_assumed(&mut installation, Arc::clone(&start), &caller, now)
    } else {
        case::look(&installation, Arc::clone(&start), &caller, now)?
    };
    let looked = if arguments.look {
        let watched = look::watch(&start, &mut input)?;
        let (shown, report) = look::look(&installation, arguments, &case, &watched, now)?;
        if case.wants_look {
            case.decision = decide_again(&installation, &mut case.facts, &case.standing, report.found, now);
        }
        Some(shown)
    } else {
        None
    };
    let path = arguments.file.as_ref().map(|path| path.display().to_string());
    let account = Account { look: looked, ..Account::of(&installation, path, &case, assumed, now) };
    // Perform.
    let text = if arguments.json { as_json(&account)? } else { account.columns(screen::width(), arguments.verbose) };
    screen::out(&text)?;
    Ok(Ending::Done)
}

fn read(arguments: &ExplainArguments) -> Result<Incoming<Box<dyn Read>>, Trouble> {
    let Some(path) = &arguments.file else {
        let input: Box<dyn Read> = Box::new(std::io::stdin());
        return Ok(Incoming::read_start(input)?);
    };
    // A folder can be opened, and only reading it fails.
    let open = |file| Incoming::read_start(Box::new(file) as Box<dyn Read>);
    let start = std::fs::File::open(path).and_then(open);
    start.map_err(|error| Trouble::usage(format!("cannot read {}: {error}", path.display())))
}

/// The case as if it were a proven first contact.
fn look_assumed(installation: &mut Installation, start: Arc<Vec<u8>>, caller: &Caller, now: i64) -> Case {
    let facts = Facts::of(start, caller, &installation.config.policy.trust);
    installation.config.policy = assume::policy(&installation.config.policy);
    let facts = assume::facts(facts, &installation.config.policy);
    decide(installation, facts, assume::standing(), None, now)
}

fn as_json(account: &Account) -> Result<String, Trouble> {
    let text = serde_json::to_string(account).map_err(|error| Trouble::from(anyhow::Error::from(error)))?;
    Ok(text + "\n")
}
