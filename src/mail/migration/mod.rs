//! The lists of other challenge/response programs, taken over entry by entry.
//!
//! Promises: each entry is taken for whom it means and never for more, or left with its line and the reason; comments and
//! empty lines are no entries. Memory is flat, time linear. Never touches: files, which the caller opens; whether what is
//! taken is the user's own address, or a mail system's.

mod ask;
mod boxtrapper;
pub mod entry;
mod expression;
mod postconfirm;
mod qconfirm;
mod tmda;
mod wildcard;

use std::io::BufRead;

use self::entry::{Effect, Entries, Entry};
use super::encoding;
use super::text_lines::{LineProblem, TextLines};

/// Whose list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// TMDA, of any descent.
    Tmda,
    /// ASK, the Active Spam Killer.
    Ask,
    /// cPanel's BoxTrapper.
    BoxTrapper,
    /// postconfirm, version 1 or 2.
    Postconfirm,
    /// qconfirm.
    Qconfirm,
}

/// A list of another program. Iterating gives its entries in their order, and ends after a problem.
pub struct ForeignList<'a> {
    program: Program,
    lines: TextLines<'a>,
    line: Vec<u8>,
    entries: Entries,
    done: bool,
}

impl<'a> ForeignList<'a> {
    /// Begins to read a list. `effect` is what the list does for those on it where an entry does not say; for the names that
    /// these programs give their files [`effect_of_name`] knows it.
    ///
    /// # Errors
    /// [`LineProblem`]
    pub fn open(program: Program, effect: Effect, input: impl BufRead + 'a) -> Result<ForeignList<'a>, LineProblem> {
        let (lines, entries) = (TextLines::open(input)?, Entries::new(effect));
        Ok(ForeignList { program, lines, line: Vec::new(), entries, done: false })
    }

    /// Reads on by a line; false at the end.
    fn step(&mut self) -> Result<bool, LineProblem> {
        if !self.lines.start(&mut self.line)? {
            return Ok(false);
        }
        self.entries.at(self.lines.number());
        let text = encoding::text(&self.line, None);
        let text = text.trim();
        match self.program {
            Program::Tmda => tmda::read(text, &mut self.entries),
            Program::Ask => ask::read(text, &mut self.entries),
            Program::BoxTrapper => boxtrapper::read(text, &mut self.entries),
            Program::Postconfirm => postconfirm::read(text, &mut self.entries),
            Program::Qconfirm => qconfirm::read(text, &mut self.entries),
        }
        Ok(true)
    }
}

impl Iterator for ForeignList<'_> {
    type Item = Result<Entry, LineProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.entries.pop() {
                return Some(Ok(entry));
            }
            if self.done {
                return None;
            }
            match self.step() {
                Ok(more) => self.done = !more,
                Err(problem) => {
                    self.done = true;
                    return Some(Err(problem));
                }
            }
        }
    }
}

/// What a list does by the name of its file, without folders: `whitelist.txt`, `black-list.txt`, `confirmed`, `bad`. `None`
/// where these programs give no such name, or give it to those about whom nobody has decided (`pending`).
#[must_use]
pub fn effect_of_name(name: &str) -> Option<Effect> {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&["white", "confirmed", "accept", "allow"]) || name == "ok" {
        Some(Effect::Allow)
    } else if begins(&["black", "ignore", "reject", "deny", "revoked"]) || name == "bad" {
        Some(Effect::Deny)
    } else {
        None
    }
}
