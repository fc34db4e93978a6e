//! What lies in the quarantine and is not seen: a file that cannot be read, or that bears no block of ours. A person hears
//! of it, since it may be their mail.
//!
//! Promises: a failure of the machine is never taken for one of the file. Never touches: the file.

use std::path::{Path, PathBuf};

use crate::mail::display::one_line;
use crate::operation::quarantine::is_the_files_own;
use crate::operation::trouble::Trouble;
use crate::report;

/// So many are named.
const NAMED: usize = 10;
/// Most characters of a name, and of a reason.
const WIDTH: usize = 200;

/// One such file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where it is.
    pub path: PathBuf,
    /// Why it cannot be read; none if it can, and bears no block of ours.
    pub why: Option<String>,
}

impl Unread {
    /// A file that could not be read.
    ///
    /// # Errors
    /// The trouble itself, if it is the machine's: then another attempt may do better.
    pub fn new(path: &Path, trouble: Trouble) -> Result<Unread, Trouble> {
        if !is_the_files_own(&trouble) {
            return Err(trouble);
        }
        let why = trouble.error.chain().last().map(ToString::to_string);
        Ok(Unread { path: path.to_owned(), why: Some(why.unwrap_or_else(|| report::chain(&trouble.error))) })
    }
}

/// What is said of them, a sentence each for those that cannot be read and those that are not ours. `place` is the
/// folder, and `keys` the file that holds the keys.
#[must_use]
pub fn sentences(place: &str, unread: &[Unread], keys: &Path) -> Vec<String> {
    let (damaged, foreign): (Vec<_>, Vec<_>) = unread.iter().partition(|one| one.why.is_some());
    let mut said = Vec::new();
    if !damaged.is_empty() {
        said.push(format!("In the {place} lies what cannot be read ({}): {}", damaged.len(), names(&damaged)));
    }
    if !foreign.is_empty() {
        said.push(format!(
            "In the {place} lies what bears no block of this program ({}), so another one put it there or has changed \
             it, or it was held under a key that is not in {}: {}",
            foreign.len(),
            keys.display(),
            names(&foreign)
        ));
    }
    said
}

fn names(files: &[&Unread]) -> String {
    let name = |one: &&Unread| {
        let name = one_line(&one.path.file_name().unwrap_or_default().to_string_lossy(), WIDTH);
        one.why.as_ref().map_or(name.clone(), |why| format!("{name} ({})", one_line(why, WIDTH)))
    };
    let mut named: Vec<String> = files.iter().take(NAMED).map(name).collect();
    if files.len() > NAMED {
        named.push(format!("and {} more", files.len() - NAMED));
    }
    named.join(", ")
}
