//! Why keys cannot be read or written.
//!
//! Promises: every message names the file and the way out, and none shows a key. Never touches: the file.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::bounds::FILE_LIMIT;
use super::line::{LineFault, Purpose};

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
    /// Somebody else is changing the file.
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
                "there is no key file {}. Bring it back: countersign keys import < BACKUP. Without a backup the list and all \
                 open questions are lost; to begin anew: countersign keys new",
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
                "another command changes the keys right now ({0}); try again when it has ended. If none runs, remove that file",
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
