//! `doctor`: the whole set-up, one line a check, with the way out where something is not well.
//!
//! Promises: changes nothing; sends nothing unless `--send-probe` is given, and asks nobody unless `--dns` is. Never touches: mail.

mod probe;

use serde_json::json;

use crate::cli::DoctorArguments;
use crate::command::doctor::probe::{Fate, Probed, probe};
use crate::exit::Ending;
use crate::mail::display::wrapped;
use crate::operation::checkup::{Finding, Grade, Milters, ask_about_challenges, examine, of_probe};
use crate::operation::installation::Installation;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::eyes::Look;
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
    if let (true, Ok(config)) = (arguments.dns, &config) {
        found.extend(ask_about_challenges(config));
    }
    if arguments.send_probe {
        let config = config.map_err(Trouble::config)?;
        let asks = arguments.dns || config.policy.trust.eyes.look != Look::Off;
        screen::aside("waiting up to 30 seconds for the probes");
        let came = probe(&Installation::open(&environment)?, asks, now)?;
        found.extend(probed(&came));
        let from = config.policy.owner.primary.domain();
        found.extend(came.signed.map(|(signed, _)| of_probe(from, &signed, Milters::seen().as_ref())));
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
        Some(Grade::Warning) => "\nNothing is wrong; see the warnings.\n",
        _ => "\nAll is well.\n",
    }
}

fn probed(probed: &Probed) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(said) = &probed.refused {
        found.push(Finding::warning("probe", &format!("a probe could not be sent: {said}")));
    }
    if let Some(id) = probed.missing.first() {
        let said = format!("{} probes were sent, and have not arrived within 30 seconds", probed.missing.len());
        found.push(Finding::warning("probe", &said).way(format!("when they have: countersign why {id}")));
    }
    if probed.forged.1 > 0 {
        found.push(forged_field(probed));
    }
    // Where no probe has arrived, that one has not says nothing of sub-addresses.
    let told = probed.forged.0 == 0 || probed.forged.1 > 0;
    found.extend(probed.sub_address.as_ref().map(|(address, fate)| sub_address(&address.to_string(), fate, told)));
    found
}

fn forged_field(probed: &Probed) -> Finding {
    let arrived = probed.forged.1;
    let finding = if probed.believed.is_empty() {
        let left = match probed.left_in.as_slice() {
            [] => "and the forged field of none was left in".to_owned(),
            some => format!("no forged field is believed; left in were {}", some.join(", ")),
        };
        // It says nothing of mail from outside, so it is not good yet.
        Finding::note("forged field", &format!("{arrived} probes from this machine arrived, {left}"))
    } else {
        let said = format!(
            "{arrived} probes from this machine arrived, and what is forged in some would be believed: {}",
            probed.believed.join(", ")
        );
        Finding::warning("forged field", &said).way(
            "your mail system must remove such a field from mail that comes in: only then is its word worth anything",
        )
    };
    let finding = finding.way(
        "not tried: mail from outside. What is handed in on this machine passes no check of SMTP mail (in Postfix no \
         smtpd_milters), so mail from strangers may fare better or worse",
    );
    let finding = match &probed.from_outside {
        Some(line) => finding
            .way(
                "from a machine elsewhere that may use port 25, this line, with the name of your mail server behind smtp://",
            )
            .line(line)
            .way("that one must lie among the held mail, or be refused; in the inbox it was believed"),
        None => finding.way("send yourself such a field from a machine elsewhere, in your own name; it must be held"),
    };
    finding.way("the probes lie in your inbox or among the held mail; throw them away")
}

fn sub_address(address: &str, fate: &Fate, told: bool) -> Finding {
    let said = match fate {
        Fate::Arrived => {
            return Finding::good("sub-address", &format!("mail to {address} arrives, so answers to challenges do"));
        }
        Fate::Missing if !told => {
            return Finding::note("sub-address", &format!("whether mail to {address} arrives is not known yet"));
        }
        Fate::Missing => {
            format!("mail to {address} has not arrived within 30 seconds: answers to challenges may not either")
        }
        Fate::Refused(said) => format!("mail to {address} is refused, and answers to challenges with it: {said}"),
    };
    Finding::warning("sub-address", &said)
        .way("let the mail system split addresses (in Postfix recipient_delimiter), or delimiters = \"\" in the part [owner]")
}

fn as_json(finding: &Finding) -> String {
    let value = json!({
        "check": finding.check,
        "grade": finding.grade.name().to_lowercase(),
        "said": finding.said,
        "way_out": finding.way_out,
        "line": finding.line,
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
    // To be copied, so it is not broken.
    out.extend(finding.line.iter().map(|line| format!("\n{line}\n\n")));
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
                let arguments = DoctorArguments { json, dns: true, send_probe: false };
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
    fn what_became_of_the_probes_is_never_wrong_and_never_silent() {
        let address = crate::mail::address::Address::parse("alice+probe@example.org").unwrap();
        let none = Probed::default();
        let missing = Some((address.clone(), Fate::Missing));
        let line = "printf x | curl y ".repeat(20);
        let some = Probed { forged: (9, 9), from_outside: Some(line.clone()), ..none.clone() };
        let all = [
            (Grade::Warning, "believed: the plain one", Probed { believed: vec!["the plain one"], ..some.clone() }),
            (Grade::Note, "left in were an empty result", Probed { left_in: vec!["an empty result"], ..some.clone() }),
            (Grade::Note, "of none was left in", some.clone()),
            (Grade::Note, "in your own name", Probed { from_outside: None, ..some.clone() }),
            (Grade::Warning, "countersign why a@b", Probed { missing: vec!["a@b".into()], ..none.clone() }),
            (Grade::Warning, "could not be sent: x", Probed { refused: Some("x".into()), ..none.clone() }),
            (
                Grade::Good,
                "answers to challenges do",
                Probed { sub_address: Some((address.clone(), Fate::Arrived)), ..none.clone() },
            ),
            (Grade::Warning, "recipient_delimiter", Probed { sub_address: missing.clone(), ..none.clone() }),
            (Grade::Warning, "recipient_delimiter", Probed { sub_address: missing.clone(), ..some.clone() }),
            (
                Grade::Warning,
                "alice+probe@example.org is refused, and answers to challenges with it: 550",
                Probed { sub_address: Some((address, Fate::Refused("550".into()))), ..some.clone() },
            ),
            (Grade::Note, "arrives is not known yet", Probed { sub_address: missing, forged: (9, 0), ..none }),
        ];
        for (grade, says, one) in all {
            let found = probed(&one);
            let text: String = found.iter().map(as_text).collect();
            assert_eq!(found.iter().map(|finding| finding.grade).max(), Some(grade), "{text}");
            assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(says), "{says}: {text}");
            // What was not tried is said whatever was found.
            assert_eq!(text.contains("not tried: mail from outside"), one.forged.1 > 0, "{text}");
            assert_eq!(text.lines().any(|whole| whole == line), one.from_outside.is_some(), "{text}");
        }
    }
}
