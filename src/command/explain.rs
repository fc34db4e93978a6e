//! `explain`: what would be done with one message, and why. The same code as a delivery, up to the point where
//! something would change.
//!
//! Promises: changes nothing, sends nothing. Never touches: the quarantine.

use std::io::Read;

use serde_json::json;

use super::case::{Case, look};
use super::installation::Installation;
use super::screen;
use super::trouble::{Answer, Trouble};
use crate::cli::ExplainArguments;
use crate::exit::Ending;
use crate::mail::auth::Proofs;
use crate::mail::display::wrapped;
use crate::mail::envelope::{Caller, EnvelopeSender};
use crate::mail::executable::Finding;
use crate::mail::facts::{Facts, Sender};
use crate::policy::challenge::{Request, challenge};
use crate::policy::verdict::Verdict;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::input::Incoming;

/// Where the values begin.
const INDENT: usize = 18;

/// Runs `explain`.
///
/// # Errors
/// When the message or the set-up cannot be read.
pub fn explain(arguments: &ExplainArguments, environment: Environment) -> Answer {
    // Gather.
    let house = Installation::open(&environment)?;
    let start = read(arguments)?;
    // In a dry run the environment of a person's shell says nothing about the message.
    let caller = Caller {
        sender_argument: arguments.message.sender.clone(),
        recipient_argument: arguments.message.recipient.clone(),
        extension_argument: arguments.message.extension.clone(),
        user: environment.caller.user.clone(),
        ..Caller::default()
    };
    let now = clock::now();
    // Decide.
    let case = look(&house, &start, &caller, now)?;
    // Perform.
    let text = if arguments.json { as_json(arguments, &case) } else { as_text(&house, &case, now, screen::width()) };
    screen::out(&text)?;
    Ok(Ending::Done)
}

fn read(arguments: &ExplainArguments) -> Result<Vec<u8>, Trouble> {
    let source: Box<dyn Read> = match &arguments.file {
        Some(path) => Box::new(
            std::fs::File::open(path)
                .map_err(|error| Trouble::usage(format!("cannot read {}: {error}", path.display())))?,
        ),
        None => Box::new(std::io::stdin().lock()),
    };
    Ok(Incoming::read_start(source)?.start().to_vec())
}

fn as_json(arguments: &ExplainArguments, case: &Case) -> String {
    let (verdict, reason) = case.decision.instead.unwrap_or((case.decision.verdict, case.decision.reason));
    let challenged = case.decision.challenge.as_ref().filter(|_| verdict == Verdict::Challenge);
    let value = json!({
        "path": arguments.file.as_ref().map(|path| path.display().to_string()),
        "verdict": verdict.name(),
        "reason": reason.name(),
        "challenge_to": challenged.map(|(to, _)| to.to_string()),
        "confirms": case.confirmation.as_ref().map(|c| c.challenged.to_string()),
        "sentence": reason.sentence(),
        "passed_over": case.decision.passed_over,
        "plan": case.plan.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "envelope_sender": envelope_sender(&case.facts),
        "sender": case.facts.sender.address().map(ToString::to_string),
        "proofs": proofs(&case.facts).list(),
        "executables": case.facts.content.executables.findings.iter().map(|f| f.kind.name()).collect::<Vec<_>>(),
        "empty_probe": case.facts.empty_probe,
        "spam_score": case.facts.score.points.map(|points| points.to_string()),
        "signs": case.facts.signs.iter().map(|sign| sign.name()).collect::<Vec<_>>(),
    });
    format!("{value}\n")
}

fn as_text(house: &Installation, case: &Case, now: i64, width: Option<usize>) -> String {
    let facts = &case.facts;
    let mut out = String::new();
    let mut row = |name: &str, value: String| {
        let value = width.map_or_else(|| format!("{value}\n"), |width| wrapped(&value, INDENT, width));
        out.push_str(&format!("{name:<INDENT$}{value}"));
    };
    row("envelope sender", envelope_sender(facts));
    row("From", format!("{}  ({})", facts.shown_sender, sender(facts)));
    row("Subject", facts.subject.clone());
    row("Message-ID", facts.message_id.clone().unwrap_or_else(|| "none that can be used".into()));
    row("to you", yes(facts.named.iter().any(|address| house.config.policy.owner.is(address))));
    row("proven", proofs(facts).names());
    for (what, why) in facts.authentication.ignored.iter().take(8) {
        row("  not believed", format!("{what} ({})", why.name()));
    }
    let signs: Vec<String> = facts.signs.iter().map(|s| format!("{} ({})", s.name(), s.source())).collect();
    row("automatic", if signs.is_empty() { "no sign of it".into() } else { signs.join(", ") });
    row("may be run", executables(facts));
    row("empty probe", yes(facts.empty_probe));
    row("spam score", score(facts));
    for (what, why) in &facts.score.ignored {
        row("  not believed", format!("{what} ({})", why.name()));
    }
    row("tokens", facts.tokens.len().to_string());
    row("store", format!("{:?}", case.standing.store).to_lowercase());
    row("on your list", on_list(case));
    row("rules passed over", case.decision.passed_over.join(", "));
    let (verdict, reason) = case.decision.instead.unwrap_or((case.decision.verdict, case.decision.reason));
    row("decision", format!("{}: {}", verdict.name(), reason.name()));
    row("because", reason.sentence());
    if case.decision.instead.is_some() {
        row("but", "the mode lets everything pass".into());
    }
    for step in &case.plan {
        row("would", step.to_string());
    }
    if let (Verdict::Challenge, Some((to, _))) = (verdict, &case.decision.challenge) {
        let templates = house.config.templates().unwrap_or_else(|_| house.config.built_in_templates());
        let token = "0".repeat(32);
        let policy = &house.config.policy;
        let mail = challenge(Request { facts, policy, templates: &templates, to, token: &token, now });
        out.push_str("\nThe challenge, with zeros for its token:\n\n");
        for line in String::from_utf8_lossy(&mail).lines() {
            out.push_str(format!("  {line}").trim_end());
            out.push('\n');
        }
    }
    out
}

fn envelope_sender(facts: &Facts) -> String {
    match &facts.envelope.sender {
        EnvelopeSender::Known(address) => address.to_string(),
        EnvelopeSender::Missing => "nobody said".into(),
        EnvelopeSender::Null => "<>".into(),
        EnvelopeSender::Unclear => "unclear".into(),
    }
}

fn sender(facts: &Facts) -> String {
    match &facts.sender {
        Sender::Clear(address) => address.to_string(),
        Sender::Unclear(why) => format!("unclear: {}", why.name()),
    }
}

fn proofs(facts: &Facts) -> Proofs {
    match facts.sender.address() {
        Some(address) => facts.authentication.proofs(address.domain()),
        None => Proofs::NONE,
    }
}

fn executables(facts: &Facts) -> String {
    let found = &facts.content.executables;
    let named = |finding: &Finding| match finding.name.as_str() {
        "" => finding.kind.name().to_owned(),
        name => format!("{} ({name})", finding.kind.name()),
    };
    let mut parts: Vec<String> = found.findings.iter().map(named).collect();
    if parts.is_empty() {
        parts.push("nothing found".into());
    }
    if found.unexamined || facts.content.unexamined {
        parts.push("not all could be looked at".into());
    }
    parts.join(", ")
}

fn score(facts: &Facts) -> String {
    let word = if facts.score.says_spam { ", the filter says spam" } else { "" };
    match facts.score.points {
        Some(points) => format!("{points}{word}"),
        None => format!("none{word}"),
    }
}

fn on_list(case: &Case) -> String {
    let rows = [("sender", case.standing.sender), ("domain", case.standing.domain), ("list", case.standing.list)];
    let found: Vec<String> = rows
        .into_iter()
        .filter_map(|(what, entry)| entry.map(|entry| format!("{what}: {:?}", entry.effect).to_lowercase()))
        .collect();
    if found.is_empty() { "no".into() } else { found.join(", ") }
}

fn yes(answer: bool) -> String {
    if answer { "yes".into() } else { "no".into() }
}
