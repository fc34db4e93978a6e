//! A place where mail may arrive: a Maildir or an mbox.
//!
//! Promises: only looks. Never touches: what says that mail arrives there.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::world::config::Inbox;
use crate::world::maildir::Maildir;
use crate::world::{mbox, surroundings};

/// Where mail may arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Maildir.
    Maildir(PathBuf),
    /// An mbox.
    Mbox(PathBuf),
}

impl Place {
    /// The place that this inbox is; a command is none.
    #[must_use]
    pub fn of(inbox: &Inbox) -> Option<Place> {
        match inbox {
            Inbox::Maildir(path) => Some(Place::Maildir(path.clone())),
            Inbox::Mbox(path) => Some(Place::Mbox(path.clone())),
            Inbox::Command(_) => None,
        }
    }

    /// Whether both are the same, whatever links lead there.
    #[must_use]
    pub fn is(&self, other: &Place) -> bool {
        let same = |one: &Path, other: &Path| surroundings::real(one) == surroundings::real(other);
        match (self, other) {
            (Place::Maildir(one), Place::Maildir(other)) | (Place::Mbox(one), Place::Mbox(other)) => same(one, other),
            _ => false,
        }
    }

    /// Its folder or file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Place::Maildir(path) | Place::Mbox(path) => path,
        }
    }

    /// The heads of the newest messages, at most `limit`.
    #[must_use]
    pub fn newest(&self, limit: usize) -> Vec<Vec<u8>> {
        match self {
            Place::Maildir(path) => surroundings::newest(&Maildir::at(path), limit),
            Place::Mbox(path) => mbox::newest(path, limit),
        }
    }

    /// The option of `init` that says so.
    #[must_use]
    pub fn option(&self) -> String {
        match self {
            Place::Maildir(path) => format!("--maildir {}", path.display()),
            Place::Mbox(path) => format!("--mbox {}", path.display()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Maildir(path) => write!(out, "the Maildir {}", path.display()),
            Place::Mbox(path) => write!(out, "the mbox {}", path.display()),
        }
    }
}

/// What procmail and maildrop take that for: a slash at the end, or a folder that is a Maildir. `/.` is an MH folder.
#[must_use]
pub fn place_of(value: &str, folder: &Path) -> Option<Place> {
    let path = folder.join(value.strip_suffix('/').unwrap_or(value));
    if value.ends_with("/.") {
        return None;
    }
    match path.is_dir() {
        _ if value.ends_with('/') => Some(Place::Maildir(path)),
        true => Maildir::at(&path).exists().then_some(Place::Maildir(path)),
        false => Some(Place::Mbox(path)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::operation) fn maildir(path: &str) -> Place {
        Place::Maildir(path.into())
    }

    pub(in crate::operation) fn mbox_at(path: &str) -> Place {
        Place::Mbox(path.into())
    }
}
