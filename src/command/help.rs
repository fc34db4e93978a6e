//! `help`: what a command does and takes, as `--help` behind it says, and what the reasons mean.
//!
//! Promises: every reason has its line. Never touches: the installation.

use clap::Parser;
use clap::error::ErrorKind;
use serde_json::json;

use crate::cli::{Arguments, HelpArguments};
use crate::exit::Ending;
use crate::mail::display::wrapped;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::glossary::{Gloss, Group};
use crate::policy::reason::Reason;

/// The topic that is no command.
const REASONS: &str = "reasons";
/// Columns before the name, and behind the longest of a group.
const GAP: usize = 2;

/// Runs `help`.
///
/// # Errors
/// When there is no such command, or the answer cannot be written.
pub fn help(arguments: &HelpArguments) -> Answer {
    if arguments.topic == [REASONS] {
        let glossary = Reason::glossary();
        let text = if arguments.json {
            glossary.iter().map(as_json).collect()
        } else {
            as_text(&glossary, screen::width().unwrap_or(screen::WIDTH))
        };
        screen::out(&text)?;
        return Ok(Ending::Done);
    }
    if arguments.json {
        return Err(Trouble::usage("--json goes with `help reasons` alone".to_owned()));
    }
    let words = std::iter::once("countersign").chain(arguments.topic.iter().map(String::as_str)).chain(["--help"]);
    let Err(answer) = Arguments::try_parse_from(words) else {
        return Err(Trouble::usage("there is no help on that".to_owned()));
    };
    // Help is such an answer too.
    drop(answer.print());
    Ok(if answer.kind() == ErrorKind::DisplayHelp { Ending::Done } else { Ending::Usage })
}

/// A group after the other, a line a reason.
fn as_text(glossary: &[Gloss], width: usize) -> String {
    let mut out = wrapped(
        "Why a message passed or was held. `countersign held --reason NAME` lists what is held for one.",
        0,
        width,
    );
    for group in Group::ALL {
        let of_group: Vec<&Gloss> = glossary.iter().filter(|gloss| gloss.group == group).collect();
        let widest = of_group.iter().map(|gloss| gloss.name.len()).max().unwrap_or_default();
        out.push_str(&format!("\n{}", wrapped(group.heading(), 0, width)));
        for Gloss { name, clause, .. } in of_group {
            let clause = wrapped(clause, widest + 2 * GAP, width);
            out.push_str(&format!("{:GAP$}{name:<widest$}{:GAP$}{clause}", "", ""));
        }
    }
    out
}

fn as_json(gloss: &Gloss) -> String {
    let Gloss { group, name, clause } = gloss;
    format!("{}\n", json!({ "reason": name, "group": group.name(), "clause": clause }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_one_line_of_eighty_columns() {
        let glossary = Reason::glossary();
        let text = as_text(&glossary, 80);
        let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{}", long.join("\n"));
        let is_whole = |Gloss { name, clause, .. }: &&Gloss| {
            let is_it = |line: &str| {
                let words = line.strip_prefix("  ").and_then(|line| line.split_once(' '));
                words.is_some_and(|(own, rest)| own == *name && rest.trim_start() == clause)
            };
            text.lines().filter(|line| is_it(line)).count() == 1
        };
        let broken: Vec<&Gloss> = glossary.iter().filter(|gloss| !is_whole(gloss)).collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn a_narrow_screen_breaks_lines_and_loses_no_word() {
        let glossary = Reason::glossary();
        let text = as_text(&glossary, 50);
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&text), words(&as_text(&glossary, 200)));
    }
}
