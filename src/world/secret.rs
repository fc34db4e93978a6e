//! The key file: the secrets without which no token is verified and no list entry is found.
//!
//! Promises: a key file that others can read, that is another user's or that has one wrong line is refused, with
//! the line and the way out; no key is ever overwritten by another; a crash leaves the old file or the new one; no
//! message of this file shows a key. Never touches: what the keys are used for.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::policy::key::{KEY_LENGTH, KeyId, KeyRing, Keys, SecretKey};
use crate::world::folder;

/// Most bytes of a key file: two full rings need 5 KiB.
pub const FILE_LIMIT: usize = 64 * 1024;
/// What the first line says that is no comment.
const VERSION_LINE: &str = "version 1";
/// What stands above the keys.
const PREFACE: &str = "# The keys of countersign. Whoever has them can forge confirmations and read the list; without them\n\
    # the list is dead. Keep a backup (countersign keys export) and show this file to nobody.\n\
    # Purpose, number, key; the last line of a purpose is the one in use.\n";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Hashes the list entries.
    List,
    /// Signs tokens and our own header block.
    Token,
}

/// Whether [`create`] made a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// There was one already; it is untouched.
    AlreadyThere,
    /// It is new.
    New,
}

/// Why keys cannot be read or written. Every message names the file and the way out, and none shows a key.
#[derive(Debug)]
pub enum SecretError {
    /// An imported key has the number of another key.
    Conflict {
        /// The key file.
        path: PathBuf,
        /// The purpose of both.
        purpose: Purpose,
        /// The number of both.
        number: u8,
    },
    /// A line that is none of those this version knows.
    Malformed {
        /// The key file, or None for an imported text.
        path: Option<PathBuf>,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// There is no such file.
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// The file has no key for that purpose: it is cut short.
    NoKey {
        /// The key file, or None for an imported text.
        path: Option<PathBuf>,
        /// The purpose.
        purpose: Purpose,
    },
    /// All 32 numbers are taken.
    NoNumberLeft {
        /// The key file.
        path: PathBuf,
        /// The purpose.
        purpose: Purpose,
    },
    /// The system gave no random bytes.
    NoRandomness,
    /// The file belongs to another user, who could change it.
    NotOurs {
        /// The key file.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
    },
    /// Others than its owner have rights in it.
    ReadableByOthers {
        /// The key file.
        path: PathBuf,
        /// Its mode, the lower twelve bits.
        mode: u32,
    },
    /// It is longer than [`FILE_LIMIT`].
    TooLong {
        /// The key file, or None for an imported text.
        path: Option<PathBuf>,
    },
    /// Somebody else is changing the file, or died while doing so.
    Unfinished {
        /// The half-written file that is in the way.
        path: PathBuf,
    },
    /// It cannot be read.
    Unreadable {
        /// The key file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It cannot be written.
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What is wrong with a line of a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// The key is not 64 hexadecimal digits.
    Key,
    /// The number is none from 0 to 31.
    Number,
    /// Not the text it should be.
    NotText,
    /// The purpose is neither `token` nor `list`.
    Purpose,
    /// The same number was used for the same purpose above.
    Twice,
    /// The version line is missing, or of a later version.
    Version,
    /// Not three words.
    Words,
}

/// One line of the file.
#[derive(Clone)]
struct Line {
    purpose: Purpose,
    id: KeyId,
    key: SecretKey,
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

fn random_key() -> Result<SecretKey, SecretError> {
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    getrandom::fill(bytes.as_mut()).map_err(|_| SecretError::NoRandomness)?;
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
    let file = File::open(path).map_err(unreadable)?;
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

fn parse(bytes: &[u8], path: Option<&Path>) -> Result<Vec<Line>, SecretError> {
    if bytes.len() > FILE_LIMIT {
        return Err(SecretError::TooLong { path: path.map(Path::to_owned) });
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut versioned = false;
    for (at, bytes) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let wrong = |fault| SecretError::Malformed { path: path.map(Path::to_owned), line: at + 1, fault };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(LineFault::NotText))?.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if !versioned {
            versioned = text == VERSION_LINE;
            if versioned { continue } else { return Err(wrong(LineFault::Version)) }
        }
        let line = Line::parse(text).map_err(wrong)?;
        if lines.iter().any(|above| above.purpose == line.purpose && above.id == line.id) {
            return Err(wrong(LineFault::Twice));
        }
        lines.push(line);
    }
    Ok(lines)
}

impl Line {
    fn parse(text: &str) -> Result<Line, LineFault> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [purpose, number, key] = words[..] else { return Err(LineFault::Words) };
        let purpose = match purpose {
            "list" => Purpose::List,
            "token" => Purpose::Token,
            _ => return Err(LineFault::Purpose),
        };
        let id = number.parse().ok().and_then(KeyId::new).ok_or(LineFault::Number)?;
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        if key.len() != 2 * KEY_LENGTH {
            return Err(LineFault::Key);
        }
        HEXLOWER_PERMISSIVE.decode_mut(key.as_bytes(), bytes.as_mut()).map_err(|_| LineFault::Key)?;
        Ok(Line { purpose, id, key: SecretKey::new(*bytes) })
    }

    fn parts(&self) -> (Purpose, u8, &SecretKey) {
        (self.purpose, self.id.number(), &self.key)
    }
}

fn text_of<'a>(keys: impl IntoIterator<Item = (Purpose, u8, &'a SecretKey)>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(FILE_LIMIT));
    text.push_str(PREFACE);
    text.push_str(VERSION_LINE);
    text.push('\n');
    for (purpose, number, key) in keys {
        text.push_str(&format!("{purpose} {number} "));
        HEXLOWER.encode_append(key.bytes(), &mut text);
        text.push('\n');
    }
    text
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

/// The next version of the file beside it. Its fixed name is the lock of all who change the file.
struct Replacement {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Replacement {
    fn begin(path: &Path) -> Result<Replacement, SecretError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let path = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Ok(Replacement { file, path, renamed: false }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(SecretError::Unfinished { path }),
            Err(source) => Err(SecretError::Unwritable { path, source }),
        }
    }

    fn finish(mut self, target: &Path, text: &str) -> Result<(), SecretError> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|source| SecretError::Unwritable { path: self.path.clone(), source })?;
        let unwritable = |source| SecretError::Unwritable { path: target.to_owned(), source };
        std::fs::rename(&self.path, target).map_err(unwritable)?;
        self.renamed = true;
        folder::sync(folder::above(target)).map_err(unwritable)
    }
}

/// Takes it away again. After the rename that name may be somebody else's lock.
impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Purpose::List => "list",
            Purpose::Token => "token",
        })
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            LineFault::Key => "the key is not 64 hexadecimal digits",
            LineFault::Number => "the number is none from 0 to 31",
            LineFault::NotText => "it is not text",
            LineFault::Purpose => "the purpose is neither \"token\" nor \"list\"",
            LineFault::Twice => "that number is used for that purpose above",
            LineFault::Version => "it should be \"version 1\"; a later version needs a later countersign",
            LineFault::Words => "it should be a purpose, a number and a key",
        })
    }
}

/// Without what the system said: that is the [`std::error::Error::source`].
impl fmt::Display for SecretError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |path: &Option<PathBuf>| {
            path.as_ref().map_or("the imported text".to_owned(), |path| path.display().to_string())
        };
        match self {
            SecretError::Conflict { path, purpose, number } => write!(
                out,
                "{} has another {purpose} key with the number {number}; nothing was imported. To use the imported keys \
                 instead, move that file away first",
                path.display()
            ),
            SecretError::Malformed { path, line, fault } => {
                write!(out, "{}, line {line}: {fault}. Mend it, or take the file from the backup", name(path))
            }
            SecretError::Missing { path } => write!(
                out,
                "there is no key file {}. Take it from the backup (countersign keys import); only for a new mailbox: \
                 countersign init",
                path.display()
            ),
            SecretError::NoKey { path, purpose } => {
                write!(out, "{} has no {purpose} key: it is cut short. Take it from the backup", name(path))
            }
            SecretError::NoNumberLeft { path, purpose } => write!(
                out,
                "{} has 32 {purpose} keys, and there are no more numbers. Remove the oldest line of them",
                path.display()
            ),
            SecretError::NoRandomness => out.write_str("the system gives no random bytes for a key"),
            SecretError::NotOurs { path, owner } => {
                write!(out, "{} belongs to user {owner}; chown it to the user this mail is for", path.display())
            }
            SecretError::ReadableByOthers { path, mode } => {
                write!(out, "{0} has mode {mode:04o}: others have rights in it. chmod 600 {0}", path.display())
            }
            SecretError::TooLong { path } => {
                write!(out, "{} is longer than {FILE_LIMIT} bytes: that is no key file", name(path))
            }
            SecretError::Unfinished { path } => write!(
                out,
                "{0} is in the way: another command changes the keys right now, or died doing so. If none runs, remove \
                 that file",
                path.display()
            ),
            SecretError::Unreadable { path, .. } => write!(out, "cannot read {}", path.display()),
            SecretError::Unwritable { path, .. } => write!(out, "cannot write {}", path.display()),
        }
    }
}

impl std::error::Error for SecretError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SecretError::Unreadable { source, .. } | SecretError::Unwritable { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

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
        fs::write(&lock, "").unwrap();
        assert!(matches!(rotate(&scratch.path, Purpose::List), Err(SecretError::Unfinished { .. })));
        assert!(matches!(import(&scratch.path, &text), Err(SecretError::Unfinished { .. })));
        assert!(lock.exists());
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
