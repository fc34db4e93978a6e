//! `forget`: takes senders, domains and mailing lists off the list, and their wish for no challenge with them.
//!
//! Promises: what `operation/entry.rs` promises.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::cli::{EntryArguments, ForgetArguments};
use crate::exit::Ending;
use crate::mail::display::one_line;
use crate::operation::entry::{Who, parse_all};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::people::{Meter, People, summary};
use crate::operation::screen;
use crate::operation::select::moment;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::fingerprint::Fingerprint;
use crate::policy::standing::{Effect, Origin};
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::Put;

/// Runs `forget`. 1 if one of them was not on the list.
///
/// # Errors
/// As `allow`.
pub fn forget(arguments: &ForgetArguments, environment: Environment) -> Answer {
    if let Some(source) = &arguments.source {
        return forget_source(source, arguments, environment);
    }
    if arguments.since.is_some() || arguments.dry_run {
        return Err(Trouble::usage("--since and --dry-run go with --source".to_owned()));
    }
    let arguments = &EntryArguments { who: arguments.who.clone(), file: arguments.file.clone() };
    if People::may_be_many(arguments) {
        return forget_many(arguments, environment);
    }
    // Gather.
    let people = parse_all(&arguments.who)?;
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    // Decide: nothing to decide.
    let mut ending = Ending::Done;
    let (id, _) = installation.keys.list.current();
    let mut listed = HashSet::new();
    // Perform.
    let changes = people.iter().map(|who| Ok::<_, Trouble>(who.change(&installation, Effect::Deny)));
    store.change_entries(id, Put::Nothing, changes, |number, before| listed.extend(before.map(|_| number)))?;
    for (number, who) in (0..).zip(&people) {
        let listed = listed.contains(&number);
        if who.opt_in(&installation, &mut store)? {
            screen::out(&format!("{who} had asked not to be asked again; that is forgotten\n"))?;
        } else if !listed {
            screen::error(&format!("{who} is not on the list"));
            ending = Ending::No;
        }
        if listed {
            screen::out(&format!("forgotten {who}\n"))?;
        }
    }
    Ok(ending)
}

/// All that came from one source, without a name: what was learned by mistake is undone so.
fn forget_source(source: &str, arguments: &ForgetArguments, environment: Environment) -> Answer {
    // Gather.
    let origins = origins(source)?;
    let now = clock::now();
    let since = arguments.since.as_deref().map(|text| moment(text, now)).transpose()?.unwrap_or(i64::MIN);
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    // Decide: nothing to decide.
    // Perform.
    let (count, what) = if arguments.dry_run {
        (store.count_from(&origins, since)?, "would be forgotten")
    } else {
        (store.forget_from(&origins, since)?, "forgotten")
    };
    screen::out(&format!("{what} {count}\n"))?;
    Ok(if count == 0 { Ending::No } else { Ending::Done })
}

fn origins(source: &str) -> Result<Vec<Origin>, Trouble> {
    let named = |origin: &Origin| origin.name() == source || (source == "learned" && origin.is_learned());
    let found: Vec<Origin> = Origin::ALL.into_iter().filter(named).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<&str> = Origin::ALL.iter().map(|origin| origin.name()).collect();
    let (shown, names) = (one_line(source, 40), names.join(", "));
    Err(Trouble::usage(format!("--source: there is no {shown:?}; there are: learned, {names}")))
}

/// The same of so many that nobody reads a line about each.
fn forget_many(arguments: &EntryArguments, environment: Environment) -> Answer {
    // Gather.
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    let mut people = People::of(arguments);
    let opted_out = store.opted_out()?;
    // Decide and perform: nothing is changed before all are read.
    let meter = RefCell::new(Meter::begun());
    let (mut read, mut wishes, mut wished) = (0, Vec::new(), HashSet::new());
    let (mut listed, mut unknown) = (0, 0);
    let opted = |who: &Who| -> Vec<Fingerprint> {
        let keys = if opted_out.is_empty() { Vec::new() } else { who.slot_keys(&installation) };
        keys.into_iter().filter(|key| opted_out.contains(key)).collect()
    };
    let seen = RefCell::new(&mut wished);
    let changes = std::iter::from_fn(|| {
        let who = people.next(Who::parse).transpose()?;
        Some(who.map(|who| {
            let keys = opted(&who);
            seen.borrow_mut().extend((!keys.is_empty()).then_some(read));
            wishes.extend(keys);
            read += 1;
            meter.borrow_mut().show("read", read);
            who.change(&installation, Effect::Deny)
        }))
    });
    let (id, _) = installation.keys.list.current();
    store.change_entries(id, Put::Nothing, changes, |number, before| {
        listed += u64::from(before.is_some());
        unknown += u64::from(before.is_none() && !seen.borrow().contains(&number));
        meter.borrow_mut().show("forgotten", listed);
    })?;
    store.opt_in(&wishes)?;
    drop(meter);
    let wished = u64::try_from(wished.len()).unwrap_or(u64::MAX);
    let rest = [(unknown, "not on the list"), (wished, "had asked not to be asked again, which is forgotten")];
    let rest = summary(&rest);
    screen::out(&format!("forgotten {listed} of {read}{}{rest}\n", if rest.is_empty() { "" } else { ": " }))?;
    Ok(if unknown > 0 { Ending::No } else { Ending::Done })
}
