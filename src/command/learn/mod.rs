//! `learn`: whom the user knows, from the mail they sent, from address books, from received mail, and from the lists of
//! other programs of this kind.
//!
//! Promises: learns from what the user wrote or keeps, and from received mail only what the user takes; an entry that is
//! there stays as it is; what was read and has not changed is not read again; memory does not grow with the number of
//! messages; what cannot be read is named and stops nothing. With `--dry-run` it writes nothing.

mod contacts;
mod copy;
mod folders;
mod foreign;
mod received;
mod record;
mod sent;
mod sum;

use crate::cli::LearnArguments;
use crate::command::learn::record::Record;
use crate::exit::Ending;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::standing::Origin;
use crate::world::config::Environment;
use crate::world::lines::STANDARD_INPUT;

/// Runs `learn`: 1 if there was nothing at all to learn from.
///
/// # Errors
/// When the set-up or the store cannot be read, or the store cannot be written.
pub fn learn(arguments: &LearnArguments, environment: Environment) -> Answer {
    let LearnArguments { sent, addressbook, inbox, from, files, .. } = arguments;
    if sent.is_empty() && addressbook.is_empty() && inbox.is_empty() && from.is_none() {
        let ways = "name what to learn from: --sent, --addressbook, --inbox or --from; see countersign learn --help";
        return Err(Trouble::usage(ways.to_owned()));
    }
    let program = from.as_deref().map(foreign::program).transpose()?;
    if sent.iter().any(|path| path.as_os_str() == STANDARD_INPUT) {
        return copy::learn(arguments, environment);
    }
    let mut record = Record::open(&environment, arguments.dry_run)?;
    let mut read = 0;
    if !arguments.sent.is_empty() {
        read += sent::learn(&arguments.sent, &mut record)?;
    }
    if !addressbook.is_empty() {
        read += contacts::learn(addressbook, &mut record)?;
    }
    if let Some(program) = program {
        read += foreign::learn(program, files, arguments.denied, &mut record)?;
    }
    if !arguments.inbox.is_empty() {
        read += received::learn(&arguments.inbox, arguments.yes, &mut record)?;
    }
    Ok(if read == 0 { Ending::No } else { Ending::Done })
}

/// Whether [`learn`] with these arguments may bring something that is not known yet: sent mail that was not read, entries that are
/// not on the list, or received mail of which nothing was ever taken. What cannot be read counts too, so that it is named. Says
/// nothing and writes nothing.
///
/// # Errors
/// When the set-up or the store cannot be read, or `--from` names no program.
pub fn has_news(arguments: &LearnArguments, environment: &Environment) -> Result<bool, Trouble> {
    let LearnArguments { sent, addressbook, inbox, from, files, denied, .. } = arguments;
    let mut record = Record::open(environment, true)?;
    let program = from.as_deref().map(foreign::program).transpose()?;
    Ok((!sent.is_empty() && sent::has_news(sent, &record)?)
        || (!addressbook.is_empty() && contacts::has_news(addressbook, &mut record)?)
        || program.map_or(Ok(false), |program| foreign::has_news(program, files, *denied, &mut record))?
        || (!inbox.is_empty() && record.store.count_from(&[Origin::Proposed], i64::MIN)? == 0))
}
