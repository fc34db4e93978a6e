//! The lists of other programs of this kind.
//!
//! Promises: an entry is taken for whom it means and never for more, or named with its line and the reason; nobody who is on
//! the list already is changed. Never touches: those about whom the other program had not decided.

use std::cell::RefCell;
use std::io::{BufRead, Cursor};
use std::path::{Path, PathBuf};

use crate::command::learn::contacts::open;
use crate::command::learn::record::Record;
use crate::command::learn::sum::{LEFT, Sum};
use crate::mail::address::Domain;
use crate::mail::migration::entry::{self, Entry, Whom};
use crate::mail::migration::{ForeignList, Program, effect_of_name};
use crate::operation::entry::Who;
use crate::operation::people::shown;
use crate::operation::progress::group;
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::policy::standing::{Effect, Origin};
use crate::world::lines::STANDARD_INPUT;

/// The program by the name that the command line has.
///
/// # Errors
/// When there is none of that name.
pub fn program(name: &str) -> Result<Program, Trouble> {
    match name {
        "tmda" => Ok(Program::Tmda),
        "ask" => Ok(Program::Ask),
        "boxtrapper" => Ok(Program::BoxTrapper),
        "postconfirm" => Ok(Program::Postconfirm),
        "qconfirm" => Ok(Program::Qconfirm),
        _ => Err(Trouble::usage("--from: there are tmda, ask, boxtrapper, postconfirm and qconfirm".to_owned())),
    }
}

/// Takes over these lists; how many entries there were.
///
/// # Errors
/// When a list does not say what it is for, or the store cannot be read or written.
pub fn learn(program: Program, paths: &[PathBuf], denied: bool, record: &mut Record) -> Result<u64, Trouble> {
    let (mut read, mut left) = (0, 0);
    for (effect, place) in [(Effect::Allow, "allowed there"), (Effect::Deny, "denied there")] {
        let mut sum = take(program, &with_effects(paths, denied)?, effect, Sum::begun(&record.installation), record)?;
        left += sum.without_left();
        if sum.read > 0 {
            screen::out(&sum.text(place, effect, record.dry_run))?;
        }
        read += sum.read;
    }
    if left > 0 {
        screen::out(&format!("{} {LEFT}\n", group(left)))?;
    }
    Ok(read + left)
}

/// Whether there is anybody on them who is not on the list, or something that cannot be read; says nothing.
///
/// # Errors
/// As [`learn`].
pub fn has_news(program: Program, paths: &[PathBuf], denied: bool, record: &mut Record) -> Result<bool, Trouble> {
    let lists = with_effects(paths, denied)?;
    let mut news = false;
    for effect in [Effect::Allow, Effect::Deny] {
        let sum = Sum::in_silence(&record.installation);
        news |= take(program, &lists, effect, sum, record)?.has_news();
    }
    Ok(news)
}

fn with_effects(paths: &[PathBuf], denied: bool) -> Result<Vec<(&Path, entry::Effect)>, Trouble> {
    paths.iter().map(|path| Ok((path.as_path(), effect_of(path, denied)?))).collect()
}

/// What a list says of an entry may differ from what it is for; so all are read for each effect, which takes its own.
fn take(
    program: Program,
    lists: &[(&Path, entry::Effect)],
    effect: Effect,
    sum: Sum,
    record: &mut Record,
) -> Result<Sum, Trouble> {
    let sum = RefCell::new(sum);
    let entries = lists.iter().flat_map(|(path, of_list)| read(program, path, *of_list, effect, &sum));
    let changes = entries.filter_map(|who| sum.borrow_mut().change(who, effect));
    record.write_all(changes, effect, Origin::Imported, |before| sum.borrow_mut().written(before))?;
    Ok(sum.into_inner())
}

/// What a list is for.
fn effect_of(path: &Path, denied: bool) -> Result<entry::Effect, Trouble> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if path == Path::new(STANDARD_INPUT) {
        return Err(Trouble::usage("--from: name the list's file; its name says what it is for".to_owned()));
    }
    if denied {
        return Ok(entry::Effect::Deny);
    }
    if name.to_ascii_lowercase().starts_with("pending") {
        let text = format!("{}: nobody has decided about those in it, so they are not taken over", shown(path));
        return Err(Trouble::usage(text));
    }
    Ok(effect_of_name(&name).unwrap_or(entry::Effect::Allow))
}

/// Everybody on one list for whom it does this.
fn read<'a>(
    program: Program,
    path: &'a Path,
    of_list: entry::Effect,
    effect: Effect,
    sum: &'a RefCell<Sum>,
) -> Box<dyn Iterator<Item = Who> + 'a> {
    let wanted = if effect == Effect::Allow { entry::Effect::Allow } else { entry::Effect::Deny };
    let list = match lines(path).and_then(|file| ForeignList::open(program, of_list, file).map_err(|e| e.to_string())) {
        Ok(list) => list,
        Err(why) => {
            if effect == Effect::Allow {
                sum.borrow_mut().fault(&format!("{}: {why}", shown(path)));
            }
            return Box::new(std::iter::empty());
        }
    };
    Box::new(list.flat_map(move |found| match found {
        Ok(Entry::Taken(taken)) if is_top_level(&taken.whom) => {
            if effect == Effect::Allow {
                let why = "all of a top-level domain is nobody's";
                sum.borrow_mut().left(&format!("{}, line {}: {}: {why}", shown(path), taken.line, taken.whom));
            }
            Vec::new()
        }
        Ok(Entry::Taken(taken)) if taken.effect == wanted => whom(taken.whom),
        Ok(Entry::Left(left)) if effect == Effect::Allow => {
            sum.borrow_mut().left(&format!("{}, line {}: {}: {}", shown(path), left.line, left.text, left.reason));
            Vec::new()
        }
        Err(problem) if effect == Effect::Allow => {
            sum.borrow_mut().fault(&format!("{}: {problem}; the rest of it was not read", shown(path)));
            Vec::new()
        }
        _ => Vec::new(),
    }))
}

fn is_top_level(whom: &Whom) -> bool {
    match whom {
        Whom::Address(_) | Whom::Domain(_) => false,
        Whom::Subdomains(domain) | Whom::DomainAndSubdomains(domain) => !domain.as_str().contains('.'),
    }
}

fn whom(whom: Whom) -> Vec<Who> {
    let both = |domain: Domain| vec![Who::Domain(domain.clone()), Who::Subdomains(domain)];
    match whom {
        Whom::Address(address) => vec![Who::Address(address)],
        Whom::Domain(domain) => vec![Who::Domain(domain)],
        Whom::Subdomains(domain) => vec![Who::Subdomains(domain)],
        Whom::DomainAndSubdomains(domain) => both(domain),
    }
}

/// The lines of a file; of a folder, the names in it, as qconfirm keeps its lists.
fn lines(path: &Path) -> Result<Box<dyn BufRead>, String> {
    if !path.is_dir() {
        return open(path).map_err(|error| error.to_string());
    }
    let entries = std::fs::read_dir(path).map_err(|error| error.to_string())?;
    let mut names: Vec<Vec<u8>> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        names.push(std::os::unix::ffi::OsStringExt::into_vec(entry.file_name()));
    }
    names.sort();
    Ok(Box::new(Cursor::new(names.join(&b'\n'))))
}
