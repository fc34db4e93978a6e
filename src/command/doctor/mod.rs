//! `doctor`: the whole set-up, one line a check, with the way out where something is not well.
//!
//! Promises: changes nothing; sends nothing unless `--send-probe` is given. Never touches: mail.

mod probe;

use serde_json::json;

use crate::cli::DoctorArguments;
use crate::command::doctor::probe::{Probed, probe};
use crate::exit::Ending;
use crate::mail::display::wrapped;
use crate::operation::checkup::{Finding, Grade, examine};
use crate::operation::installation::Installation;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::report::chain;
use crate::world::clock;
use crate::world::config::{Config, Environment};

/// Columns of a terminal that everybody has.
const WIDTH: usize = 80;
/// Where the sentences begin.
const INDENT: usize = 24;

/// Runs `doctor`.
///
/// # Errors
/// Only when the probe cannot be made; what is wrong with the set-up is the answer.
pub fn doctor(arguments: &DoctorArguments, environment: Environment) -> Answer {
    // Gather.
    let now = clock::now();
    let config = Config::load(&environment);
    // Decide.
    let mut found = match &config {
        Ok(config) => examine(config, &environment, now),
        Err(error) => {
            let finding = Finding::wrong("configuration", &chain(error));
            vec![finding.way("mend it; nothing else can be checked before, and all mail waits")]
        }
    };
    if arguments.send_probe {
        config.map_err(Trouble::config)?;
        screen::aside("waiting up to 30 seconds for the probe");
        found.push(probed(&probe(&Installation::open(&environment)?, now)?));
    }
    // Perform.
    let show = if arguments.json { as_json } else { as_text };
    screen::out(&found.iter().map(show).collect::<String>())?;
    let worst = found.iter().map(|finding| finding.grade).max();
    if !arguments.json {
        screen::out(summary(worst))?;
    }
    Ok(if worst == Some(Grade::Wrong) { Ending::Config } else { Ending::Done })
}

fn summary(worst: Option<Grade>) -> &'static str {
    match worst {
        Some(Grade::Wrong) => "\nSomething is wrong and must be mended.\n",
        Some(Grade::Warning) => "\nMail is handled; see the warnings.\n",
        _ => "\nAll is well.\n",
    }
}

fn probed(probed: &Probed) -> Finding {
    let finding = |grade, said: &str| Finding::new("forged field", grade, said);
    match probed {
        Probed::NotBelieved => finding(Grade::Good, "the probe arrived, and what was forged in it is not believed")
            .way("it lies in your inbox or among the held mail; throw it away"),
        Probed::Believed => finding(Grade::Warning, "the probe arrived, and its forged proof would be believed")
            .way("your mail system must remove such a field from mail that comes in: only then is its word worth anything")
            .way(
                "mail handed in on this machine may take another way than mail from outside; send yourself such a \
                 field from elsewhere to be sure that strangers can",
            ),
        Probed::NotSeen(id) => finding(Grade::Warning, "the probe was sent, and has not arrived within 30 seconds")
            .way(format!("when it has: countersign why {id}")),
        Probed::NotSent(said) => finding(Grade::Warning, &format!("the probe could not be sent: {said}")),
    }
}

fn as_json(finding: &Finding) -> String {
    let value = json!({
        "check": finding.check,
        "grade": finding.grade.name().to_lowercase(),
        "said": finding.said,
        "way_out": finding.way_out,
    });
    format!("{value}\n")
}

fn as_text(finding: &Finding) -> String {
    let mut out = format!("{:<9}{:<15}", finding.grade.name(), finding.check);
    out.push_str(&wrapped(&finding.said, INDENT, WIDTH));
    for step in &finding.way_out {
        out.push_str(&" ".repeat(INDENT));
        out.push_str("> ");
        out.push_str(&wrapped(step, INDENT + 2, WIDTH));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_cannot_be_read_is_the_only_finding() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let environment = Environment { config: Some(file.clone()), ..Environment::default() };
        for text in [None, Some("[owner\n"), Some("[owner]\naddress = \"nobody\"\n")] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            for json in [true, false] {
                let arguments = DoctorArguments { json, send_probe: false };
                assert_eq!(doctor(&arguments, environment.clone()).unwrap(), Ending::Config);
            }
        }
    }

    #[test]
    fn long_sentences_are_broken_and_paths_are_not() {
        let path = format!("/{}", "x".repeat(70));
        let finding = Finding::wrong("store", &format!("{path} is not there {}", "and so on ".repeat(9))).way("do it");
        let text = as_text(&finding);
        assert!(text.contains(&path));
        assert!(text.lines().filter(|line| !line.contains(&path)).all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.ends_with("                        > do it\n"));
        assert_eq!(as_json(&finding).lines().count(), 1);
    }

    #[test]
    fn what_became_of_the_probe_is_never_wrong_and_never_silent() {
        let all = [Probed::Believed, Probed::NotBelieved, Probed::NotSeen("a@b".into()), Probed::NotSent("x".into())];
        for one in all {
            let finding = probed(&one);
            assert!(finding.grade < Grade::Wrong && !finding.said.is_empty());
        }
    }
}
