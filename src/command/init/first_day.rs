//! What a new installation can learn at once from what lies in the home, and what it would do with the last month's mail.
//!
//! Promises: asks only where somebody can answer; without an answer nothing is learned, and the lines that do it are said;
//! what was learned before is not offered again. Never touches: how it is learned and judged (`command/learn`,
//! `command/replay`), mail.

use std::path::PathBuf;

use crate::cli::{InitArguments, LearnArguments, ReplayArguments};
use crate::command::learn::{has_news, learn};
use crate::command::replay::replay;
use crate::mail::compose::day_of;
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::lore::Lore;
use crate::operation::progress::group;
use crate::operation::screen::{self, shell_word};
use crate::operation::trouble::Trouble;
use crate::world::clock;
use crate::world::config::Environment;

/// How far back the mail is looked at, as `--since` has it.
const MONTH: &str = "30d";

/// Who says what is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The user, question by question.
    Asked,
    /// The command line: all of it.
    Given,
    /// Nobody: the lines are said that do it.
    None,
    /// The command line: nothing is wanted.
    Refused,
}

impl Word {
    pub(super) fn of(arguments: &InitArguments, has_partner: bool) -> Word {
        match (arguments.learn, arguments.no_learn, has_partner) {
            (_, true, _) => Word::Refused,
            (true, false, _) => Word::Given,
            (false, false, true) => Word::Asked,
            (false, false, false) => Word::None,
        }
    }
}

/// A new installation, or one that was there, and what lies around it.
#[derive(Debug)]
pub(super) struct FirstDay {
    /// As it was given, the configuration's path made whole.
    pub(super) environment: Environment,
    /// What there is to learn from.
    pub(super) lore: Lore,
    /// This program's file.
    pub(super) program: PathBuf,
    /// The configuration, where no call finds it by itself.
    pub(super) config_option: Option<PathBuf>,
    /// Whether there was no configuration before.
    pub(super) is_new: bool,
}

/// One thing to learn from.
struct Offer {
    arguments: LearnArguments,
    question: String,
}

impl FirstDay {
    /// Offers what is new, learns what is taken, and shows what would have become of the last month's mail.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was learned before stays.
    pub(super) fn begin(&self, word: Word, agrees: &mut dyn FnMut(&str) -> bool) -> Result<(), Trouble> {
        if word == Word::Refused {
            return Ok(());
        }
        let FirstDay { environment, lore, .. } = self;
        let mut offers = Vec::new();
        for offer in offers_of(lore) {
            if has_news(&offer.arguments, environment)? {
                offers.push(offer);
            }
        }
        if word == Word::None {
            return Ok(screen::out(&self.lines_to_type(&offers))?);
        }
        let mut learned = false;
        for offer in offers {
            screen::out("\n")?;
            if word == Word::Given || agrees(&offer.question) {
                learn(&offer.arguments, environment.clone())?;
                learned = true;
            }
        }
        if learned {
            screen::out(&known(environment)?)?;
        }
        if (learned || self.is_new) && !lore.inbox.is_empty() {
            screen::out("\nThe last 30 days of your inbox, had this been there; nothing is moved or sent:\n\n")?;
            replay(&last_month(lore), environment.clone())?;
        }
        Ok(())
    }

    /// What does the same, to be copied; nothing where there is nothing to learn from.
    fn lines_to_type(&self, offers: &[Offer]) -> String {
        let FirstDay { program, config_option, lore, is_new, .. } = self;
        let call = |command: &str, words: Vec<String>| {
            let config = config_option.iter().flat_map(|file| ["--config".to_owned(), shell_word(file)]);
            let words: Vec<String> =
                [shell_word(program), command.to_owned()].into_iter().chain(config).chain(words).collect();
            format!("    {}\n", words.join(" "))
        };
        let mut out = String::new();
        if !offers.is_empty() {
            out.push_str("\nSo that those you know pass from the first message on, type this:\n\n");
            out.push_str(&call("init", vec!["--learn".to_owned()]));
            out.push_str("\nIt does the same as these, to choose from:\n\n");
            out.extend(offers.iter().map(|offer| call("learn", words(&offer.arguments))));
        }
        if !lore.inbox.is_empty() && (*is_new || !offers.is_empty()) {
            out.push_str("\nTo see what would have become of the last month's mail:\n\n");
            let paths = lore.inbox.iter().map(|path| shell_word(path));
            out.push_str(&call("replay", ["--since".to_owned(), MONTH.to_owned()].into_iter().chain(paths).collect()));
        }
        out
    }
}

/// What can be learned from, by its kind; what the user wrote first.
fn offers_of(lore: &Lore) -> Vec<Offer> {
    let mut offers = Vec::new();
    let mut offer = |arguments, question| offers.push(Offer { arguments, question });
    if !lore.sent.is_empty() {
        let question = format!("Let everybody write to you to whom you have written ({})?", named(&lore.sent));
        offer(LearnArguments { sent: lore.sent.clone(), ..LearnArguments::default() }, question);
    }
    if !lore.books.is_empty() {
        let question = format!("Let everybody write to you who is in your address books ({})?", named(&lore.books));
        offer(LearnArguments { addressbook: lore.books.clone(), ..LearnArguments::default() }, question);
    }
    for (program, files) in &lore.lists {
        let question = format!("Take over the lists of {program} ({})?", named(files));
        let from = Some((*program).to_owned());
        offer(LearnArguments { from, files: files.clone(), ..LearnArguments::default() }, question);
    }
    if !lore.received.is_empty() {
        let question = format!(
            "Let in the mailing lists that keep writing to you, and whom you answered ({})?",
            named(&lore.received)
        );
        offer(LearnArguments { inbox: lore.received.clone(), yes: true, ..LearnArguments::default() }, question);
    }
    offers
}

/// Paths within a question.
fn named(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn last_month(lore: &Lore) -> ReplayArguments {
    ReplayArguments { since: Some(MONTH.to_owned()), paths: lore.inbox.clone(), ..ReplayArguments::default() }
}

/// How many are known now, and how that is undone.
fn known(environment: &Environment) -> Result<String, Trouble> {
    let installation = Installation::open(environment)?;
    let (allowed, denied) = ledger::needed(&installation)?.count_entries()?;
    let denied = if denied > 0 { format!(", and {} denied", group(denied)) } else { String::new() };
    let today = day_of(clock::now());
    let are = if allowed == 1 { "person, domain or list is" } else { "people, domains and lists are" };
    Ok(format!(
        "\n{} {are} allowed now{denied}. To undo what was learned today:\n\
         countersign forget --source learned --since {today}\n",
        group(allowed)
    ))
}

/// The arguments as they are typed.
fn words(arguments: &LearnArguments) -> Vec<String> {
    let LearnArguments { sent, addressbook, inbox, from, files, yes, .. } = arguments;
    let mut out: Vec<String> = Vec::new();
    for (option, paths) in [("--sent", sent), ("--addressbook", addressbook), ("--inbox", inbox)] {
        out.extend((!paths.is_empty()).then(|| option.to_owned()));
        out.extend(paths.iter().map(|path| shell_word(path)));
    }
    out.extend(yes.then(|| "--yes".to_owned()));
    out.extend(from.iter().flat_map(|program| ["--from".to_owned(), program.clone()]));
    out.extend(files.iter().map(|path| shell_word(path)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_answer_is_asked_and_the_command_line_goes_before() {
        let given = |learn, no_learn| InitArguments { learn, no_learn, ..InitArguments::default() };
        for (learn, no_learn, has_partner, wanted) in [
            (false, false, true, Word::Asked),
            (false, false, false, Word::None),
            (true, false, true, Word::Given),
            (true, false, false, Word::Given),
            (false, true, true, Word::Refused),
            (false, true, false, Word::Refused),
        ] {
            assert_eq!(Word::of(&given(learn, no_learn), has_partner), wanted);
        }
    }
}
