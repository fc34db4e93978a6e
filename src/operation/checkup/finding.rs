//! What one check found.
//!
//! Promises: one line, fit for a terminal, and the way out. Never touches: the set-up.

use crate::mail::display::one_line;

/// Longest sentence that is shown.
const SAID_LIMIT: usize = 600;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Good to know.
    Note,
    /// Mail is handled, but not as well as it could be.
    Warning,
    /// It must be mended: mail waits, is all held, or goes out in other words than the user's.
    Wrong,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part of the set-up.
    pub check: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// What was found, one line, fit for a terminal.
    pub said: String,
    /// What to do, one line a step.
    pub way_out: Vec<String>,
    /// A line of shell that goes with the steps.
    pub line: Option<String>,
}

impl Grade {
    /// For people and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Grade::Good => "ok",
            Grade::Note => "note",
            Grade::Warning => "warning",
            Grade::Wrong => "WRONG",
        }
    }
}

impl Finding {
    /// A finding; `said` is made fit to be shown.
    #[must_use]
    pub fn new(check: &'static str, grade: Grade, said: &str) -> Finding {
        Finding { check, grade, said: one_line(said, SAID_LIMIT), way_out: Vec::new(), line: None }
    }

    /// The same with a step to take.
    #[must_use]
    pub fn way(mut self, step: impl AsRef<str>) -> Finding {
        self.way_out.push(one_line(step.as_ref(), SAID_LIMIT));
        self
    }

    /// The same with a line of shell to copy, which is never broken or cut; of this program's own making.
    #[must_use]
    pub fn line(mut self, line: &str) -> Finding {
        self.line = Some(line.to_owned());
        self
    }

    /// All is well.
    #[must_use]
    pub fn good(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Good, said)
    }

    /// Something to know.
    #[must_use]
    pub fn note(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Note, said)
    }

    /// Something that is worth mending.
    #[must_use]
    pub fn warning(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Warning, said)
    }

    /// Something that must be mended.
    #[must_use]
    pub fn wrong(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Wrong, said)
    }
}
