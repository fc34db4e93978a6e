//! Many messages of one mailing list about which the user has not decided: told as one (S004-71).
//!
//! Promises: a command that is shown is whole, so that it can be copied, or is left out where no line has room for it.
//! Never touches: which messages are held.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::entry::{Entry, Form, INDENT, Words, said};
use crate::mail::display::{cut, shell_word};
use crate::policy::token::HeldId;
use crate::signs::list_id::ListId;

/// So many messages of one list since the last digest are told as one.
const MANY: usize = 6;
/// Columns in front of a command.
const COMMAND_AT: usize = 4;
/// Columns of a list's name where other things stand beside it.
const NAME: usize = 32;

/// One list that sent so many.
#[derive(Clone, Debug)]
pub(super) struct Surge<'a> {
    list: &'a ListId,
    /// What it sent.
    pub ids: Vec<HeldId>,
    newest: HeldId,
    /// The Subject of the newest one.
    subject: &'a str,
}

/// The lists that sent so many, the most frequent first.
pub(super) fn surges<'a>(rows: &[(&Entry, &'a Words)]) -> Vec<Surge<'a>> {
    let mut lists: HashMap<&ListId, Vec<(&Entry, &'a Words)>> = HashMap::new();
    for (row, words) in rows {
        if let Some(list) = &words.list {
            lists.entry(list).or_default().push((row, words));
        }
    }
    let many = lists.into_iter().filter(|(_, rows)| rows.len() >= MANY);
    let mut surges: Vec<Surge> = many
        .filter_map(|(list, rows)| {
            let (newest, words) = rows.iter().max_by_key(|(row, _)| (row.received, row.id.number()))?;
            let ids = rows.iter().map(|(row, _)| row.id).collect();
            Some(Surge { list, ids, newest: newest.id, subject: &words.subject })
        })
        .collect();
    surges.sort_by_key(|surge| (Reverse(surge.ids.len()), surge.list.as_str()));
    surges
}

impl Surge<'_> {
    /// One line, or with the commands that decide about the list.
    pub(super) fn lines(&self, (form, width): (Form, usize)) -> String {
        let (count, name) = (self.ids.len(), cut(self.list.as_str(), NAME));
        let line = format!("{:INDENT$}{count} of {name}, the newest {}: {}", "", self.newest, said(self.subject));
        let mut out = format!("{}\n", cut(&line, width));
        if form > Form::One {
            self.commands(width).iter().for_each(|command| out.push_str(&format!("{:COMMAND_AT$}{command}\n", "")));
        }
        out
    }

    /// How many lines those are.
    pub(super) fn height(&self, (form, width): (Form, usize)) -> usize {
        if form > Form::One { 1 + self.commands(width).len() } else { 1 }
    }

    fn commands(&self, width: usize) -> Vec<String> {
        let word = shell_word(&format!("list:{}", self.list.as_str()));
        let both = ["allow --release", "deny"].map(|what| format!("countersign {what} {word}"));
        both.into_iter().filter(|line| COMMAND_AT + line.len() <= width).collect()
    }
}
