//! Whom `allow`, `deny` and `forget` are told of: on the command line, on standard input, in files.
//!
//! Promises: memory does not grow with the number of lines; the first line that names nobody ends the reading, and its file
//! and number are said. Never touches: what is done with them.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::vec;

use anyhow::Context;

use crate::cli::EntryArguments;
use crate::mail::display::one_line;
use crate::operation::trouble::Trouble;
use crate::world::lines::{LineProblem, Lines, STANDARD_INPUT};

/// Everybody who is named, in the order in which they are.
pub struct People {
    words: vec::IntoIter<String>,
    files: vec::IntoIter<PathBuf>,
    open: Option<(String, Lines)>,
}

impl People {
    /// Whom the command line names, itself or by naming files.
    #[must_use]
    pub fn of(arguments: &EntryArguments) -> People {
        let (words, files) = (arguments.who.clone().into_iter(), arguments.file.clone().into_iter());
        People { words, files, open: None }
    }

    /// Whether it names files or standard input: then there may be very many.
    #[must_use]
    pub fn may_be_many(arguments: &EntryArguments) -> bool {
        !arguments.file.is_empty() || arguments.who.iter().any(|word| word == STANDARD_INPUT)
    }

    /// The next one, as `parse` reads it.
    ///
    /// # Errors
    /// What `parse` says of a word or a line; a file that cannot be read.
    pub fn next<T>(&mut self, parse: impl Fn(&str) -> Result<T, Trouble>) -> Result<Option<T>, Trouble> {
        loop {
            if let Some((place, lines)) = &mut self.open {
                match next_entry(lines) {
                    Ok(Some(line)) => {
                        let number = lines.number();
                        return parse(&line).map(Some).map_err(|trouble| located(trouble, place, number));
                    }
                    Ok(None) => self.open = None,
                    Err(trouble) => return Err(located(trouble, place, lines.number())),
                }
            } else if let Some(word) = self.words.next() {
                if word != STANDARD_INPUT {
                    return parse(&word).map(Some);
                }
                self.open(PathBuf::from(word))?;
            } else if let Some(file) = self.files.next() {
                self.open(file)?;
            } else {
                return Ok(None);
            }
        }
    }

    fn open(&mut self, path: PathBuf) -> Result<(), Trouble> {
        let place = shown(&path);
        let lines = Lines::open(&path).with_context(|| format!("cannot open {place}"))?;
        self.open = Some((place, lines));
        Ok(())
    }
}

/// The name of such a file, for a person.
#[must_use]
pub fn shown(path: &Path) -> String {
    if path.as_os_str() == STANDARD_INPUT {
        "standard input".to_owned()
    } else {
        one_line(&path.display().to_string(), 200)
    }
}

/// The next line that is neither empty nor a comment.
fn next_entry(lines: &mut Lines) -> Result<Option<String>, Trouble> {
    loop {
        match lines.next_line() {
            Ok(Some(line)) if line.is_empty() || line.starts_with('#') => {}
            Ok(line) => return Ok(line.map(str::to_owned)),
            Err(LineProblem::Read(error)) => return Err(error.into()),
            Err(problem) => return Err(Trouble::usage(problem.to_string())),
        }
    }
}

fn located(trouble: Trouble, place: &str, number: u64) -> Trouble {
    Trouble { error: trouble.error.context(format!("{place}, line {number}; nothing was changed")), ..trouble }
}

/// How far it is, for who looks at a terminal; after the first second, five times in each.
pub struct Meter {
    began: Instant,
    drawn: Option<Instant>,
    wanted: bool,
}

/// Between two looks at the clock.
const EVERY: u64 = 512;

impl Meter {
    /// Nothing yet.
    #[must_use]
    pub fn begun() -> Meter {
        Meter { began: Instant::now(), drawn: None, wanted: io::stderr().is_terminal() }
    }

    /// So many of this kind are done by now.
    pub fn show(&mut self, what: &str, count: u64) {
        let due = |meter: &Meter| match meter.drawn {
            Some(drawn) => drawn.elapsed() >= Duration::from_millis(200),
            None => meter.began.elapsed() >= Duration::from_secs(1),
        };
        if self.wanted && count.is_multiple_of(EVERY) && due(self) {
            self.drawn = Some(Instant::now());
            drop(write!(io::stderr(), "\r\u{1b}[K{what} {count}"));
        }
    }
}

/// The line goes away before the answer comes.
impl Drop for Meter {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            drop(write!(io::stderr(), "\r\u{1b}[K"));
        }
    }
}

/// `1 new, 2 as before`: what there is of each.
#[must_use]
pub fn summary(counts: &[(u64, &str)]) -> String {
    let mut out = String::new();
    for (count, what) in counts.iter().filter(|(count, _)| *count > 0) {
        let comma = if out.is_empty() { "" } else { ", " };
        // Writing into a text never fails.
        let _ = write!(out, "{comma}{count} {what}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_none_of_is_left_out() {
        assert_eq!(summary(&[(1, "new"), (0, "as before"), (2, "denied before")]), "1 new, 2 denied before");
        assert_eq!(summary(&[(0, "new")]), "");
    }
}
