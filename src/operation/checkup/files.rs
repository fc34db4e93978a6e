//! The checks of what lies on disk: the configuration, the keys, the store, the inbox and the quarantine.
//!
//! Promises: only looks; a file made in `tmp/` to see whether one can be is gone again. Never touches: mail.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::operation::installation::{self, Installation};
use crate::operation::quarantine;
use crate::operation::trouble::Trouble;
use crate::policy::Mode;
use crate::report::chain;
use crate::world::config::{Config, Environment, Inbox};
use crate::world::maildir::Maildir;
use crate::world::mbox;
use crate::world::secret::{self, SecretError};
use crate::world::store::{Store, StoreFile, StoreProblem, VERSION};
use crate::world::{folder, surroundings};

/// Less room than this is a warning, in bytes.
const ROOM_WANTED: u64 = 50 * 1024 * 1024;
/// Fewer free files than these are a warning.
const FILES_WANTED: u64 = 1_000;

pub(super) fn configuration(config: &Config) -> Finding {
    let path = &config.paths.config;
    let shown = path.display().to_string();
    // Who can write it can name a server of their own whose word counts.
    for one in [path.as_path(), folder::above(path)] {
        if surroundings::rights_of_others(one).is_some_and(|rights| rights & 0o022 != 0) {
            let said = format!("others can write {}, and with it decide whose word counts", one.display());
            return Finding::wrong("configuration", &said).way(format!("chmod go-w {}", one.display()));
        }
    }
    match config.policy.mode {
        Mode::On => Finding::good("configuration", &shown),
        Mode::Observe => Finding::note("configuration", &format!("{shown}: mode = \"observe\", so all mail passes"))
            .way("countersign why MESSAGE-ID tells what would have been done; mode = \"on\" does it"),
        Mode::Off => Finding::warning("configuration", &format!("{shown}: mode = \"off\", so all mail passes"))
            .way("mode = \"on\" lets it work"),
    }
}

pub(super) fn keys(config: &Config) -> Finding {
    match secret::load(&config.paths.keys) {
        Ok(_) => Finding::good("keys", &format!("{}, readable by you alone", config.paths.keys.display()))
            .way("once, for the backup: countersign keys export > FILE; without the keys the list is dead"),
        Err(error) => lost_keys(config, error),
    }
}

/// What brings back keys that are lost; what only others may read or own is said by the error itself.
fn lost_keys(config: &Config, error: SecretError) -> Finding {
    let path = config.paths.keys.display();
    let ways = match &error {
        SecretError::Missing { .. } => Some(None),
        SecretError::Malformed { .. }
        | SecretError::NoKey { .. }
        | SecretError::TooLong { .. }
        | SecretError::Unreadable { .. } => Some(Some(format!("mv '{path}' '{path}.damaged'"))),
        _ => None,
    };
    let mut finding = Finding::wrong("keys", &format!("{}; all mail waits", chain(&error.into())));
    if let Some(aside) = ways {
        finding = aside.into_iter().fold(finding, Finding::way);
        finding = finding.way("countersign keys import < BACKUP").way(
            "without a backup: countersign keys new; who was known is a stranger then, and open questions are lost",
        );
    }
    finding
}

pub(super) fn store(config: &Config) -> Finding {
    let path = &config.paths.store;
    let shown = path.display();
    for file in [StoreFile::List, StoreFile::Messages] {
        if let Err(problem) = Store::check(path, file) {
            return store_problem(&problem, file, path);
        }
    }
    let (allowed, denied) = match Store::open(path).and_then(|store| store.count_entries()) {
        Ok(counts) => counts,
        Err(problem) => return store_problem(&problem, StoreFile::List, path),
    };
    let list = StoreFile::List.of(path);
    let all = [path.as_path(), list.as_path(), folder::above(path)];
    let writable = all.into_iter().find(|one| !surroundings::is_writable(one));
    if let Some(one) = writable {
        let said = format!("{} cannot be written, so nothing new is learned and all new mail waits", one.display());
        return Finding::wrong("store", &said).way(format!("chmod u+w {}", one.display()));
    }
    Finding::good("store", &format!("{shown}: sound, version {VERSION}, {allowed} allowed, {denied} denied"))
}

fn store_problem(problem: &StoreProblem, file: StoreFile, path: &Path) -> Finding {
    let finding = Finding::wrong("store", &format!("{}: {problem}", file.of(path).display()));
    match (problem, file) {
        (StoreProblem::Missing | StoreProblem::Corrupt, StoreFile::List) => finding
            .way("bring it back from a backup, if there is one: it is the list of known senders")
            .way("else: countersign maintain --rebuild begins a new one"),
        (StoreProblem::Missing | StoreProblem::Corrupt, StoreFile::Messages) => {
            finding.way("countersign maintain --rebuild makes a new one from what is held")
        }
        (StoreProblem::Newer(_), _) => finding.way("install the countersign that wrote it, or a later one"),
        (StoreProblem::Busy, _) => finding.way("see which countersign does not end: ps -u \"$USER\""),
        (StoreProblem::Machine(_), _) => finding.way("see that the disk is not full, and that the file is yours"),
    }
}

pub(super) fn inbox(config: &Config) -> Finding {
    match &config.paths.inbox {
        Inbox::Maildir(path) => {
            maildir("inbox", path).unwrap_or_else(|| Finding::good("inbox", &path.display().to_string()))
        }
        Inbox::Mbox(path) => mbox(path),
        Inbox::Command(argv) => {
            let program = argv.first().map(String::as_str).unwrap_or_default();
            if surroundings::is_executable(Path::new(program)) {
                return Finding::good("inbox", &format!("given to {program}"));
            }
            Finding::wrong("inbox", &format!("{program} is not a program that you can run"))
                .way("mend inbox.command in the configuration")
        }
    }
}

fn mbox(path: &Path) -> Finding {
    let shown = path.display();
    let is_there = match mbox::look(path) {
        Ok(is_there) => is_there,
        Err(error) => {
            let said = format!("{}: mail that would go there waits", chain(&error));
            return Finding::wrong("inbox", &said).way("mend that, or inbox.mbox in the configuration");
        }
    };
    let when = if is_there { "" } else { ", made by the first message" };
    match mbox::way_of_locking(path) {
        Some(way) => Finding::good("inbox", &format!("{shown}{when}; locked by {way}")),
        None => Finding::warning(
            "inbox",
            &format!("{shown}{when}; locked by fcntl alone, since you may make no file in its folder"),
        )
        .way("install dotlockfile (Debian: liblockfile-bin), if a program that reads it knows dotlocks only"),
    }
}

/// What is wrong with a Maildir; none if nothing is.
pub(super) fn maildir(check: &'static str, path: &Path) -> Option<Finding> {
    let shown = path.display();
    let maildir = Maildir::at(path);
    if !maildir.exists() {
        let said = format!("there is no Maildir {shown}: mail that would go there waits");
        return Some(Finding::wrong(check, &said).way("countersign init makes it"));
    }
    for part in ["new", "cur", "tmp"] {
        let part = path.join(part);
        if !surroundings::is_writable(&part) {
            let said = format!("{} cannot be written: mail that would go there waits", part.display());
            return Some(Finding::wrong(check, &said).way(format!("chmod u+rwx {}", part.display())));
        }
    }
    if let Some(apart) = parts_apart(check, path) {
        return Some(apart);
    }
    // Rights are not all: a disk can be full, or mounted read-only. Dropped, the draft is gone.
    if let Err(error) = maildir.draft() {
        return Some(Finding::wrong(check, &chain(&error)).way("see that the disk is not full"));
    }
    if check == "quarantine" {
        return Some(Finding::good(check, &shown.to_string()));
    }
    None
}

/// A message is written into `tmp` and linked from there, so all three must be on one disk.
fn parts_apart(check: &'static str, path: &Path) -> Option<Finding> {
    let tmp = path.join("tmp");
    let apart = ["new", "cur"]
        .map(|part| path.join(part))
        .into_iter()
        .find(|part| surroundings::same_disk(&tmp, part) == Some(false))?;
    let said = format!(
        "{} is on another file system than {}: nothing can be moved between them, so mail that would go there waits",
        tmp.display(),
        apart.display()
    );
    Some(
        Finding::wrong(check, &said)
            .way(format!("make it a folder in {} again, not a link or a mount", path.display())),
    )
}

/// What others can write of all that is believed: the list, the keys' folder, the mail itself, and the folders above them up
/// to the home. Who can write a folder can put another file in the place of one in it.
pub(super) fn open_to_others(config: &Config, environment: &Environment) -> Vec<Finding> {
    let paths = &config.paths;
    let mut all = vec![paths.store.clone(), StoreFile::List.of(&paths.store), paths.quarantine.clone()];
    if let Inbox::Maildir(inbox) = &paths.inbox {
        all.push(inbox.clone());
    }
    let trash = installation::trash(config);
    all.extend(trash.exists().then(|| trash.path().to_owned()));
    let parts = |maildir: &PathBuf| ["new", "cur", "tmp"].map(|part| maildir.join(part));
    all.extend(all[2..].iter().flat_map(parts).collect::<Vec<_>>());
    let home = environment.home.as_deref();
    // Outside of the home a spool is the system's: on Debian the group mail writes the folder and each mbox in it.
    let mbox = if let Inbox::Mbox(inbox) = &paths.inbox { Some(inbox) } else { None };
    let below_home = mbox.filter(|mbox| home.is_some_and(|home| mbox.starts_with(home)));
    let files = all.clone().into_iter().chain([paths.config.clone(), paths.keys.clone()]).chain(below_home.cloned());
    for file in files {
        // Above the home other people's rights are the system's matter.
        let above = file.ancestors().skip(1).take_while(|folder| home.is_some_and(|home| folder.starts_with(home)));
        let above: Vec<_> = if home.is_some_and(|home| file.starts_with(home)) {
            above.map(Path::to_owned).collect()
        } else {
            vec![folder::above(&file).to_owned()]
        };
        all.extend(above);
    }
    all.sort();
    all.dedup();
    // The configuration and its folder have a check of their own.
    all.retain(|one| *one != folder::above(&paths.config));
    let is_for_all = |mbox: &&PathBuf| surroundings::rights_of_others(mbox).is_some_and(|rights| rights & 0o002 != 0);
    all.iter().chain(mbox.filter(is_for_all)).filter_map(|one| open(one)).collect()
}

fn open(path: &Path) -> Option<Finding> {
    let rights = surroundings::rights_of_others(path)?;
    let said =
        |who: &str| format!("{who} can write {}, and with it what this program believes or holds", path.display());
    let way = format!("chmod go-w {}", path.display());
    match rights & 0o022 {
        0 => None,
        // Some systems give everybody a group of their own.
        0o020 => Some(Finding::warning("rights", &said("your group")).way(way)),
        _ => Some(Finding::wrong("rights", &said("others")).way(way)),
    }
}

/// A release is one rename, if both are on one disk.
pub(super) fn one_move(config: &Config) -> Option<Finding> {
    let Inbox::Maildir(inbox) = &config.paths.inbox else { return None };
    if surroundings::same_disk(inbox, &config.paths.quarantine)? {
        return None;
    }
    let said = "the quarantine is on another file system than the inbox, so a release copies instead of moving";
    Some(Finding::warning("quarantine", said).way("put quarantine.maildir on the inbox's file system"))
}

/// What is wrong with the trash. One that is not there is made when it is needed, unless something else is in its place.
pub(super) fn trash(config: &Config) -> Option<Finding> {
    let trash = installation::trash(config);
    if !trash.exists() {
        let parts = ["new", "cur", "tmp"].map(|part| trash.path().join(part));
        let mut all = [trash.path()].into_iter().chain(parts.iter().map(PathBuf::as_path));
        let other = all.find(|path| path.symlink_metadata().is_ok() && !path.is_dir())?;
        let said = format!("{} is no folder: mail that is to be thrown away waits", other.display());
        return Some(Finding::wrong("trash", &said).way(format!("mv '{0}' '{0}.aside'", other.display())));
    }
    let said = "the trash is on another file system than the quarantine, so `discard` copies instead of moving";
    let apart = surroundings::same_disk(&config.paths.quarantine, trash.path()) == Some(false);
    let apart = apart.then(|| Finding::warning("trash", said).way("make it a folder, not a link or a mount"));
    maildir("trash", trash.path()).or(apart)
}

pub(super) fn disks(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (check, path) in
        [("quarantine", config.paths.quarantine.as_path()), ("store", folder::above(&config.paths.store))]
    {
        let Ok(room) = surroundings::room(path) else { continue };
        let place = path.display();
        if room.bytes < ROOM_WANTED {
            let said = format!("only {} MB are left at {place}; when it is full, mail waits", room.bytes / 1_048_576);
            found.push(Finding::warning(check, &said).way("make room"));
        }
        if room.files.is_some_and(|files| files < FILES_WANTED) {
            let said = format!("the disk of {place} has hardly any files left (inodes); when it has none, mail waits");
            found.push(Finding::warning(check, &said).way("remove files you do not need, not only large ones"));
        }
        if let Some(name) = surroundings::network(path) {
            let said = format!("{place} is on {name}; locks and syncs over a network are only as good as its server");
            found.push(match check {
                "store" => Finding::wrong(check, &said).way("put files.store on a disk of this machine"),
                _ => Finding::warning(check, &said).way("where you can, keep it on a disk of this machine"),
            });
        }
    }
    found
}

pub(super) fn rows_and_files(config: &Config) -> Finding {
    let (Ok(keys), Ok(store)) = (secret::load(&config.paths.keys), Store::open(&config.paths.store)) else {
        return Finding::note("held mail", "cannot be compared without keys and store");
    };
    let installation = Installation { config: config.clone(), keys };
    let compared = compare(&installation, &store);
    let (files, without_row, without_file, unread) = match compared {
        Ok(counts) => counts,
        Err(trouble) => return Finding::wrong("held mail", &chain(&trouble.error)),
    };
    let said = match trashed(&installation) {
        Ok(0) => format!("{files} in the quarantine"),
        Ok(trashed) => format!("{files} in the quarantine, {trashed} in the trash"),
        Err(trouble) => return Finding::wrong("held mail", &chain(&trouble.error)),
    };
    if unread > 0 {
        let said = format!("{said}, and {unread} that cannot be read");
        return Finding::warning("held mail", &said).way("countersign held names what cannot be read, and says why");
    }
    if without_row + without_file == 0 {
        return Finding::good("held mail", &said);
    }
    Finding::warning(
        "held mail",
        &format!("{said}; {without_row} of them unknown to the store, {without_file} missing"),
    )
    .way("countersign maintain brings them together; let cron run it")
}

/// How many files lie in the trash.
fn trashed(installation: &Installation) -> Result<usize, Trouble> {
    let mut count = 0;
    for file in quarantine::files_in(&installation.trash())? {
        file?;
        count += 1;
    }
    Ok(count)
}

/// How many messages are held, how many of them have no row, how many rows have none of them, and how many files cannot be
/// read.
fn compare(installation: &Installation, store: &Store) -> Result<(usize, usize, usize, usize), Trouble> {
    // The rows come by their number, and each is found again by it.
    let mut rows: Vec<(i64, bool)> = Vec::new();
    store.each_held(|row| rows.push((row.id.number(), false)))?;
    let (mut files, mut without_row, mut unread) = (0, 0, 0);
    for held in quarantine::each(installation)? {
        let held = match held {
            Err(trouble) if quarantine::is_the_files_own(&trouble) => {
                unread += 1;
                continue;
            }
            held => held?,
        };
        files += 1;
        match rows.binary_search_by_key(&held.id.number(), |(id, _)| *id) {
            Ok(at) => rows[at].1 = true,
            Err(_) => without_row += 1,
        }
    }
    Ok((files, without_row, rows.iter().filter(|(_, seen)| !seen).count(), unread))
}
