//! What every caller offers, as it was measured: from its environment and its input to envelope and token.
//!
//! A fixture is a list of lines `env NAME=VALUE`, `arguments …`, then what must come out (`sender known [ADDRESS]`,
//! `null`, `missing` or `unclear`; `token found` or `none`; `recipient …`, best source first), then `message` and the
//! bytes of standard input. `{TOKEN}` is a token in mixed case, `{token}` the same in lower case, `{HOME}` the home.

use std::path::Path;

use countersign::mail::head::Head;
use countersign::origin::envelope::{Caller, Envelope};
use countersign::policy::token::Purpose;

use super::fixture;
use super::world::{Outcome, World, each};

const BOB: &str = "bob@example.net";

/// Some callers set no HOME.
const WHOLE_PATHS: &str = "[inbox]\nmaildir = \"WORLD/home/Maildir\"\n\
    [files]\nstore = \"WORLD/home/.local/share/countersign/countersign.db\"";

/// One fixture, read.
struct Case {
    name: String,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    sender: String,
    has_token: bool,
    recipients: Vec<String>,
    message: String,
}

#[test]
fn every_caller_is_understood() {
    each(fixture::files("envelopes", "txt"), |path| {
        let case = read(&fixture::name(&path), &fixture::text(&path));
        let address = case.sender.split_once(' ').map_or(BOB, |(_, address)| address).to_owned();
        recipients(&case);
        let outcome = without_a_token(&path);
        outcome.check(&case.name, outcome.code == Some(0) && outcome.after.inbox.is_empty());
        match case.sender.split(' ').next().unwrap() {
            "known" => {
                outcome.held_for("challenge").check(&case.name, outcome.after.sent.len() == 1);
                outcome.check(&case.name, outcome.after.sent[0].argv[4] == address);
            }
            "null" => drop(outcome.held_for("null-sender").to_string()),
            "missing" => drop(outcome.held_for("envelope-missing").to_string()),
            "unclear" => drop(outcome.held_for("envelope-unclear").to_string()),
            word => panic!("{}: sender {word}", case.name),
        }
        // With a token the sender is confirmed, unless it is a bounce that brings it.
        let world = World::with(WHOLE_PATHS);
        let token = world.token(Purpose::Confirm, 0x12_3456_789a, 0, &address);
        let outcome = run(&world, &case, &mixed_case(&token));
        let confirmed = world.entry(&address).is_some();
        outcome.check(
            &format!("{}: confirmed {confirmed}", case.name),
            confirmed == (case.has_token && case.sender != "null"),
        );
    });
}

/// What comes of a fixture whose envelope sender alone decides; `x` stands where the token would be.
pub fn without_a_token(path: &Path) -> Outcome {
    run(&World::with(WHOLE_PATHS), &read(&fixture::name(path), &fixture::text(path)), "x")
}

/// Runs `deliver` in exactly the environment of the caller.
fn run(world: &World, case: &Case, token: &str) -> Outcome {
    let fill = |text: &str| fill(text, token).replace("{HOME}", &world.home().display().to_string());
    let variables: Vec<String> =
        case.variables.iter().map(|(name, value)| format!("{name}='{}'", fill(value))).collect();
    let arguments: Vec<String> = case.arguments.iter().map(|word| fill(word)).collect();
    let line = format!("exec env -i {} \"$P\" deliver {}", variables.join(" "), arguments.join(" "));
    world.shell(&line, fill(&case.message))
}

/// The order of the recipients is seen from inside only.
#[track_caller]
fn recipients(case: &Case) {
    const TOKEN: &str = "12EM04hmasw91nfkhj1hrff3tfhqc0hz";
    let variable = |name: &str| {
        let found = case.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| fill(value, TOKEN))
    };
    let caller = Caller {
        recipient: variable("RECIPIENT"),
        original_recipient: variable("ORIGINAL_RECIPIENT").or_else(|| variable("ORIG_RECIPIENT")),
        ..Caller::default()
    };
    let message = fill(&case.message, TOKEN);
    let envelope = Envelope::read(&caller, &Head::read(message.as_bytes()));
    let found: Vec<String> = envelope.recipients.iter().map(ToString::to_string).collect();
    let wanted: Vec<String> = case.recipients.iter().map(|one| fill(one, TOKEN)).collect();
    assert_eq!(found, wanted, "{}", case.name);
}

fn fill(text: &str, token: &str) -> String {
    text.replace("{TOKEN}", token).replace("{token}", &token.to_lowercase())
}

/// Four of five mail systems lower-case what they hand over, so a token must be good in any case.
fn mixed_case(token: &str) -> String {
    let upper = |(at, c): (usize, char)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c };
    token.chars().enumerate().map(upper).collect()
}

#[track_caller]
fn read(name: &str, text: &str) -> Case {
    let (top, message) = text.split_once("\nmessage\n").unwrap_or_else(|| panic!("{name}: no message"));
    let mut case = Case {
        name: name.to_owned(),
        variables: Vec::new(),
        arguments: Vec::new(),
        sender: String::new(),
        has_token: false,
        recipients: Vec::new(),
        message: message.to_owned(),
    };
    for line in top.lines().filter(|line| !line.starts_with('#')) {
        let (word, value) = line.split_once(' ').unwrap_or_else(|| panic!("{name}: {line}"));
        match word {
            "env" => case.variables.extend(value.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()))),
            "arguments" => case.arguments.extend(value.split(' ').map(str::to_owned)),
            "sender" => case.sender = value.to_owned(),
            "token" => case.has_token = value == "found",
            "recipient" => case.recipients.push(value.to_owned()),
            _ => panic!("{name}: {line}"),
        }
    }
    assert!(!case.sender.is_empty(), "{name}: no sender line");
    case
}
