//! The key file: made, read, changed, copied.
//!
//! Promises: a key file that others can read or that is another user's is refused; no key is ever overwritten by
//! another. Never touches: what the keys are used for.

use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::bounds::FILE_LIMIT;
use super::error::SecretError;
use super::line::{Line, Purpose};
use super::replacement::Replacement;
use super::text::{parse, text_of};
use crate::policy::key::{KEY_LENGTH, KeyId, KeyRing, Keys, SecretKey};
use crate::world::{folder, random, regular};

/// Whether [`create`] made a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// There was one already; it is untouched.
    AlreadyThere,
    /// It is new.
    New,
}

/// Reads the keys.
///
/// # Errors
/// [`SecretError`], first that of the file, then that of its first wrong line.
pub fn load(path: &Path) -> Result<Keys, SecretError> {
    rings(&read_lines(path)?, Some(path))
}

/// Makes a key file with one key for each purpose, number 1, and the folders above it; mode 0600 and 0700.
///
/// # Errors
/// [`SecretError::NoRandomness`], [`SecretError::Unfinished`], [`SecretError::Unwritable`].
pub fn create(path: &Path) -> Result<Created, SecretError> {
    if path.exists() {
        return Ok(Created::AlreadyThere);
    }
    let (token, list) = (random_key()?, random_key()?);
    place_new(path, &text_of([(Purpose::Token, 1, &token), (Purpose::List, 1, &list)]))
}

/// Adds a key for `purpose`, which is the one in use from now on, and gives its number. The older ones stay.
///
/// # Errors
/// As [`load`], and [`SecretError::NoNumberLeft`], [`SecretError::NoRandomness`], [`SecretError::Unfinished`],
/// [`SecretError::Unwritable`].
pub fn rotate(path: &Path, purpose: Purpose) -> Result<KeyId, SecretError> {
    change(path, |lines| {
        let used: Vec<KeyId> = lines.iter().filter(|line| line.purpose == purpose).map(|line| line.id).collect();
        let last = *used.last().ok_or(SecretError::NoKey { path: Some(path.to_owned()), purpose })?;
        let later = std::iter::successors(Some(last), |id| Some(id.next())).take(usize::from(KeyId::HIGHEST) + 1);
        let id = later.into_iter().find(|id| !used.contains(id));
        let id = id.ok_or(SecretError::NoNumberLeft { path: path.to_owned(), purpose })?;
        lines.push(Line { purpose, id, key: random_key()? });
        Ok(id)
    })
}

/// The keys as text, for a backup; [`import`] takes it.
///
/// # Errors
/// As [`load`].
pub fn export(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let lines = read_lines(path)?;
    rings(&lines, Some(path))?;
    Ok(text_of(lines.iter().map(Line::parts)))
}

/// Adds the keys of an exported text and gives how many were new. They rank as older than those of the file: which
/// key is in use does not change. Without a file, the text becomes the file.
///
/// # Errors
/// As [`load`], and [`SecretError::Conflict`], before anything is changed.
pub fn import(path: &Path, text: &str) -> Result<usize, SecretError> {
    let theirs = parse(text.as_bytes(), None)?;
    if !path.exists() {
        rings(&theirs, None)?;
        return match place_new(path, &text_of(theirs.iter().map(Line::parts)))? {
            Created::New => Ok(theirs.len()),
            // Somebody else made it this moment.
            Created::AlreadyThere => import(path, text),
        };
    }
    change(path, |lines| {
        let mut added = Vec::new();
        for line in &theirs {
            match lines.iter().find(|ours| ours.purpose == line.purpose && ours.id == line.id) {
                Some(ours) if ours.key == line.key => {}
                Some(_) => {
                    let (purpose, number) = (line.purpose, line.id.number());
                    return Err(SecretError::Conflict { path: path.to_owned(), purpose, number });
                }
                None => added.push(line.clone()),
            }
        }
        let count = added.len();
        lines.splice(0..0, added);
        Ok(count)
    })
}

/// Keys that are in no file and have signed nothing: no token and no seal verifies with them, and nobody is known by them.
///
/// # Errors
/// [`SecretError::NoRandomness`].
pub fn unused() -> Result<Keys, SecretError> {
    let ring = || Ok(KeyRing::new((KeyId::FIRST, random_key()?), Vec::new()));
    Ok(Keys { token: ring()?, list: ring()? })
}

fn random_key() -> Result<SecretKey, SecretError> {
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    random::fill(bytes.as_mut()).map_err(|_| SecretError::NoRandomness)?;
    Ok(SecretKey::new(*bytes))
}

/// Splits the lines into the two rings.
fn rings(lines: &[Line], path: Option<&Path>) -> Result<Keys, SecretError> {
    let ring = |purpose| {
        let mut keys: Vec<_> = lines.iter().filter(|l| l.purpose == purpose).map(|l| (l.id, l.key.clone())).collect();
        let current = keys.pop().ok_or(SecretError::NoKey { path: path.map(Path::to_owned), purpose })?;
        Ok(KeyRing::new(current, keys))
    };
    Ok(Keys { token: ring(Purpose::Token)?, list: ring(Purpose::List)? })
}

/// Opens first and asks the open file then, so that it cannot be exchanged in between.
fn read_lines(path: &Path) -> Result<Vec<Line>, SecretError> {
    let unreadable = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => SecretError::Missing { path: path.to_owned() },
        _ => SecretError::Unreadable { path: path.to_owned(), source },
    };
    let file = regular::open(path).map_err(unreadable)?;
    let status = file.metadata().map_err(unreadable)?;
    if status.uid() != rustix::process::geteuid().as_raw() {
        return Err(SecretError::NotOurs { path: path.to_owned(), owner: status.uid() });
    }
    if status.mode() & 0o077 != 0 {
        return Err(SecretError::ReadableByOthers { path: path.to_owned(), mode: status.mode() & 0o7777 });
    }
    if status.len() > FILE_LIMIT as u64 {
        return Err(SecretError::TooLong { path: Some(path.to_owned()) });
    }
    // All the room there can be at once: a vector that grows leaves copies behind that nobody wipes.
    // No more than is there: every byte of it is wiped again, at each start.
    let size = usize::try_from(status.len()).unwrap_or(FILE_LIMIT);
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    parse(&bytes, Some(path))
}

/// Makes the file unless it is there.
fn place_new(path: &Path, text: &str) -> Result<Created, SecretError> {
    let parent = folder::above(path);
    folder::create(parent).map_err(|source| SecretError::Unwritable { path: parent.to_owned(), source })?;
    let replacement = Replacement::begin(path)?;
    if path.exists() {
        return Ok(Created::AlreadyThere);
    }
    replacement.finish(path, text)?;
    Ok(Created::New)
}

/// Reads the file, lets `edit` change its lines and writes them, all while nobody else can.
fn change<T>(path: &Path, edit: impl FnOnce(&mut Vec<Line>) -> Result<T, SecretError>) -> Result<T, SecretError> {
    // Where the file is a link to another place, that place is meant.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // A file that is missing or refused is said before a lock is laid beside it.
    read_lines(&real)?;
    let replacement = Replacement::begin(&real)?;
    let mut lines = read_lines(&real)?;
    rings(&lines, Some(path))?;
    let answer = edit(&mut lines)?;
    replacement.finish(&real, &text_of(lines.iter().map(Line::parts)))?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::super::LineFault;
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    struct Scratch {
        folder: tempfile::TempDir,
        path: PathBuf,
    }

    fn scratch() -> Scratch {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/down/keys");
        Scratch { folder, path }
    }

    fn with(text: impl AsRef<[u8]>) -> Scratch {
        let scratch = scratch();
        fs::create_dir_all(scratch.path.parent().unwrap()).unwrap();
        fs::write(&scratch.path, text).unwrap();
        fs::set_permissions(&scratch.path, Permissions::from_mode(0o600)).unwrap();
        scratch
    }

    fn fault_of(text: impl AsRef<[u8]>) -> (usize, LineFault) {
        match load(&with(text).path) {
            Err(SecretError::Malformed { path: Some(_), line, fault }) => (line, fault),
            other => panic!("{other:?}"),
        }
    }

    fn numbers(ring: &KeyRing) -> Vec<u8> {
        ring.iter().map(|(id, _)| id.number()).collect()
    }

    #[test]
    fn every_wrong_line_is_refused_by_name_and_number() {
        let good = format!("version 1\ntoken 1 {A}\nlist 1 {A}\n");
        assert_eq!(fault_of(format!("# c\n\ntoken 1 {A}\n")), (3, LineFault::Version));
        assert_eq!(fault_of(good.replace("version 1", "version 2")), (1, LineFault::Version));
        assert_eq!(fault_of(format!("{good}token 2\n")), (4, LineFault::Words));
        assert_eq!(fault_of(format!("{good}token 2 {A} new\n")), (4, LineFault::Words));
        assert_eq!(fault_of(format!("{good}tokens 2 {A}\n")), (4, LineFault::Purpose));
        assert_eq!(fault_of(format!("{good}token 2 {}\n", "0".repeat(64))), (4, LineFault::Zeros));
        for number in ["32", "-1", "256", "x", "1.0"] {
            assert_eq!(fault_of(format!("{good}token {number} {A}\n")), (4, LineFault::Number), "{number}");
        }
        for key in [&A[1..], &format!("{A}a"), &A.replacen('a', "g", 1), "0"] {
            assert_eq!(fault_of(format!("{good}token 2 {key}\n")), (4, LineFault::Key), "{key}");
        }
        assert_eq!(fault_of(format!("{good}token 01 {B}\n")), (4, LineFault::Twice));
        assert_eq!(fault_of(format!("{good}list 1 {A}\n")), (4, LineFault::Twice));
        assert_eq!(fault_of([good.as_bytes(), b"\xff\n"].concat()), (4, LineFault::NotText));
    }

    #[test]
    fn a_file_that_is_cut_short_is_refused() {
        let good = format!("version 1\ntoken 1 {A}\nlist 1 {A}");
        for length in 0..good.len() {
            assert!(load(&with(&good[..length]).path).is_err(), "cut at {length}");
        }
        assert!(load(&with(&good).path).is_ok());
        let empty = load(&with("version 1\n").path);
        assert!(matches!(empty, Err(SecretError::NoKey { purpose: Purpose::Token, .. })));
        let half = load(&with(format!("version 1\ntoken 1 {A}\n")).path);
        assert!(matches!(half, Err(SecretError::NoKey { purpose: Purpose::List, .. })));
    }

    #[test]
    fn a_file_with_rights_for_others_is_refused() {
        for mode in [0o640, 0o604, 0o660, 0o610, 0o601, 0o644, 0o620] {
            let scratch = with("");
            fs::set_permissions(&scratch.path, Permissions::from_mode(mode)).unwrap();
            let error = load(&scratch.path).unwrap_err();
            assert!(matches!(error, SecretError::ReadableByOthers { mode: seen, .. } if seen == mode), "{error}");
            assert!(error.to_string().ends_with(&format!("chmod 600 {}", scratch.path.display())));
        }
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        // Every system has files of root; where the tests run as root, one is given away.
        let scratch = with("");
        let path = if std::os::unix::fs::chown(&scratch.path, Some(65_534), None).is_ok() {
            scratch.path.clone()
        } else {
            PathBuf::from("/etc/passwd")
        };
        assert!(matches!(load(&path), Err(SecretError::NotOurs { .. })));
    }

    #[test]
    fn no_file_a_folder_and_a_giant_are_refused() {
        let scratch = scratch();
        assert!(matches!(load(&scratch.path), Err(SecretError::Missing { .. })));
        fs::set_permissions(scratch.folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(matches!(load(scratch.folder.path()), Err(SecretError::Unreadable { .. })));
        assert!(matches!(load(&with(vec![b'#'; FILE_LIMIT + 1]).path), Err(SecretError::TooLong { .. })));
        assert!(matches!(rotate(&scratch.path, Purpose::List), Err(SecretError::Missing { .. })));
        assert!(matches!(export(&scratch.path), Err(SecretError::Missing { .. })));
    }

    #[test]
    fn a_fifo_keeps_nobody_waiting() {
        let scratch = with("");
        fs::remove_file(&scratch.path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &scratch.path, 0o600.into()).unwrap();
        assert!(matches!(load(&scratch.path), Err(SecretError::Unreadable { .. })));
    }

    #[test]
    fn what_is_made_is_private_and_made_once() {
        let scratch = scratch();
        assert_eq!(create(&scratch.path).unwrap(), Created::New);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&scratch.path), 0o600);
        assert_eq!(mode(scratch.path.parent().unwrap()), 0o700);
        let text = export(&scratch.path).unwrap();
        assert_eq!(create(&scratch.path).unwrap(), Created::AlreadyThere);
        assert_eq!(export(&scratch.path).unwrap(), text);
        let keys = load(&scratch.path).unwrap();
        assert_eq!((numbers(&keys.token), numbers(&keys.list)), (vec![1], vec![1]));
        assert!(keys.token.current().1 != keys.list.current().1);
        assert_eq!(fs::read_dir(scratch.path.parent().unwrap()).unwrap().count(), 1, "nothing left beside it");
    }

    #[test]
    fn the_last_line_of_a_purpose_is_the_key_in_use() {
        let text = format!("# c\r\nversion 1\r\n token  7 {A}\r\nlist 3 {A}\ntoken 2 {B}\n\n");
        let keys = load(&with(text).path).unwrap();
        assert_eq!((numbers(&keys.token), numbers(&keys.list)), (vec![2, 7], vec![3]));
        assert_eq!(keys.token.current().1.bytes(), &[0xbb; KEY_LENGTH]);
    }

    #[test]
    fn rotation_adds_a_key_in_front_until_no_number_is_left() {
        let scratch = scratch();
        create(&scratch.path).unwrap();
        for expected in (2..=31).chain([0]) {
            assert_eq!(rotate(&scratch.path, Purpose::Token).unwrap().number(), expected);
        }
        let keys = load(&scratch.path).unwrap();
        assert_eq!((numbers(&keys.token).len(), numbers(&keys.list)), (32, vec![1]));
        assert_eq!(keys.token.current().0.number(), 0);
        let full = rotate(&scratch.path, Purpose::Token);
        assert!(matches!(full, Err(SecretError::NoNumberLeft { purpose: Purpose::Token, .. })));
        assert_eq!(rotate(&scratch.path, Purpose::List).unwrap().number(), 2);
    }

    #[test]
    fn a_change_that_is_under_way_is_not_disturbed() {
        let scratch = scratch();
        create(&scratch.path).unwrap();
        let text = export(&scratch.path).unwrap();
        let lock = scratch.path.with_file_name("keys.new");
        let under_way = Replacement::begin(&scratch.path).unwrap();
        assert!(matches!(rotate(&scratch.path, Purpose::List), Err(SecretError::Unfinished { .. })));
        assert!(matches!(import(&scratch.path, &text), Err(SecretError::Unfinished { .. })));
        assert!(lock.exists());
        assert_eq!(export(&scratch.path).unwrap(), text);
        drop(under_way);
        assert!(!lock.exists());
        assert_eq!(rotate(&scratch.path, Purpose::List).unwrap().number(), 2);
    }

    #[test]
    fn seen_what_a_killed_process_left_stopped_every_later_one() {
        let scratch = scratch();
        create(&scratch.path).unwrap();
        let left = scratch.path.with_file_name("keys.new");
        for (number, text) in ["", "version 1\ntoken 9 aa", &"x".repeat(10_000)].into_iter().enumerate() {
            fs::write(&left, text).unwrap();
            fs::set_permissions(&left, Permissions::from_mode(0o600)).unwrap();
            assert_eq!(usize::from(rotate(&scratch.path, Purpose::Token).unwrap().number()), number + 2);
            assert!(!left.exists());
            assert_eq!(load(&scratch.path).unwrap().token.iter().count(), number + 2);
        }
        let text = export(&scratch.path).unwrap();
        fs::write(&left, "half").unwrap();
        let refused = rotate(&scratch.path, Purpose::Token);
        assert!(matches!(refused, Err(SecretError::Unwritable { .. })), "others can read it: {refused:?}");
        fs::set_permissions(&left, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(import(&scratch.path, &text).unwrap(), 0);
        // What is no file of ours alone is left as it is.
        let elsewhere = scratch.folder.path().join("elsewhere");
        fs::write(&elsewhere, "mine").unwrap();
        fs::set_permissions(&elsewhere, Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &left).unwrap();
        let refused = rotate(&scratch.path, Purpose::Token);
        assert!(matches!(refused, Err(SecretError::Unwritable { .. })), "{refused:?}");
        fs::remove_file(&left).unwrap();
        fs::hard_link(&elsewhere, &left).unwrap();
        let refused = rotate(&scratch.path, Purpose::Token);
        assert!(matches!(refused, Err(SecretError::Unwritable { .. })), "{refused:?}");
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
        assert_eq!(export(&scratch.path).unwrap(), text);
    }

    #[test]
    fn an_import_never_overwrites_and_never_changes_the_key_in_use() {
        let old = format!("version 1\ntoken 1 {A}\nlist 1 {A}\n");
        let scratch = with(format!("version 1\ntoken 1 {A}\ntoken 2 {B}\nlist 2 {B}\n"));
        assert_eq!(import(&scratch.path, &old).unwrap(), 1);
        let keys = load(&scratch.path).unwrap();
        assert_eq!((numbers(&keys.token), numbers(&keys.list)), (vec![2, 1], vec![2, 1]));
        assert_eq!(import(&scratch.path, &old).unwrap(), 0);
        let before = export(&scratch.path).unwrap();
        let conflict = import(&scratch.path, &format!("version 1\nlist 5 {A}\nlist 2 {A}\n"));
        assert!(matches!(conflict, Err(SecretError::Conflict { purpose: Purpose::List, number: 2, .. })));
        let malformed = import(&scratch.path, "version 1\nlist 5 aa\n");
        assert!(matches!(malformed, Err(SecretError::Malformed { path: None, line: 2, .. })));
        assert_eq!(export(&scratch.path).unwrap(), before);
    }

    #[test]
    fn an_export_makes_the_same_file_elsewhere() {
        let (here, there) = (scratch(), scratch());
        create(&here.path).unwrap();
        rotate(&here.path, Purpose::Token).unwrap();
        let text = export(&here.path).unwrap();
        assert_eq!(import(&there.path, &text).unwrap(), 3);
        assert_eq!(export(&there.path).unwrap(), text);
        let half = import(&scratch().path, &format!("version 1\nlist 5 {A}\n"));
        assert!(matches!(half, Err(SecretError::NoKey { path: None, purpose: Purpose::Token })));
    }

    #[test]
    fn no_message_shows_a_key() {
        for text in [format!("version 1\ntoken 1 {A}g\n"), format!("version 1\n{A} 1 {A}\n"), format!("{A}\n")] {
            let error = load(&with(text).path).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("aaaa"), "{error:?}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said() {
        let error = create(Path::new("/proc/countersign/keys")).unwrap_err();
        assert!(matches!(&error, SecretError::Unwritable { .. }));
        assert!(error.to_string().contains("/proc/countersign"));
    }
}
