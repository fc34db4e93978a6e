//! Messages as they come in the field: `fixtures/field/KIND.txt`, several of a kind, each with what is right for it.
//!
//! A message begins with the line `==== MODE RIGHT: what it is`. `first` is a first letter (`challenge`, `hold`,
//! `pass`); `answer` answers the challenge of a fresh world after some time, `at-once` without delay (`passed`: the
//! first letter is released and the answer passes; `aside`: the first is released and the answer held; `nothing`).
//! Fields that a message leaves out are those of an ordinary one. @SUBJECT@, @MID@, @TEXT@ and @QUOTED@ stand for the
//! challenge's Subject, Message-ID, text, and text behind marks.

use countersign::policy::standing::Effect;

use super::fixture;
use super::letter::{AUTHSERV_ID, OWNER};
use super::world::{Outcome, Sent, World, each, header};

/// The sender, where a message names no other.
const BOB: &str = "bob@example.net";
/// How many kinds there are, and how many messages of a kind at least.
const KINDS: usize = 18;
const VARIANTS: usize = 4;

/// One message of a file.
struct Case {
    /// File and title.
    name: String,
    mode: String,
    right: String,
    message: String,
}

#[test]
fn every_message_of_the_field_is_judged_right() {
    each(cases(), |case| match case.mode.as_str() {
        "first" => first_letter(&case),
        "answer" | "at-once" => answer(&case),
        other => panic!("{}: {other} is no mode", case.name),
    });
}

#[track_caller]
fn first_letter(case: &Case) {
    let world = World::new();
    let outcome = world.deliver(completed(&case.message, &[]));
    match case.right.as_str() {
        "challenge" => outcome.check(&case.name, is(&outcome, 0, 1, 1)),
        "hold" => outcome.check(&case.name, is(&outcome, 0, 1, 0)),
        "pass" => outcome.check(&case.name, is(&outcome, 1, 0, 0)),
        other => panic!("{}: {other} is no verdict", case.name),
    };
}

#[track_caller]
fn answer(case: &Case) {
    let world = World::new();
    if case.mode == "at-once" {
        world.let_time_stand();
    }
    let challenge = world.challenge(BOB);
    let mut defaults = vec![("Subject", "Re: @SUBJECT@"), ("Message-ID", "<answer@example.net>")];
    if field(&case.message, "References").is_none() {
        defaults.push(("In-Reply-To", "@MID@"));
    }
    let outcome = world.deliver(filled(&completed(&case.message, &defaults), &challenge));
    let allowed = world.entry(BOB).is_some_and(|entry| entry.effect == Effect::Allow);
    let answers = |messages: &[Vec<u8>]| {
        messages.iter().filter(|m| header(m, "Message-ID").as_deref() == Some("<answer@example.net>")).count()
    };
    let (inbox, held) = (answers(&outcome.after.inbox), answers(&outcome.after.held));
    let right = match case.right.as_str() {
        "passed" => is(&outcome, 2, 0, 1) && inbox == 1 && allowed,
        "aside" => is(&outcome, 1, 1, 1) && held == 1 && allowed,
        "nothing" => is(&outcome, 0, 2, 1) && held == 1 && !allowed,
        other => panic!("{}: {other} is nothing that an answer does", case.name),
    };
    outcome.check(&format!("{}: {}", case.name, case.right), right);
}

/// How many messages are in the inbox and held, and how many were sent.
fn is(outcome: &Outcome, inbox: usize, held: usize, sent: usize) -> bool {
    let after = &outcome.after;
    outcome.code == Some(0) && (after.inbox.len(), after.held.len(), after.sent.len()) == (inbox, held, sent)
}

/// Every message of every file.
fn cases() -> Vec<Case> {
    let files = fixture::files("field", "txt");
    assert_eq!(files.len(), KINDS, "kinds");
    let mut cases = Vec::new();
    for path in files {
        let text = fixture::text(&path);
        let before = cases.len();
        for part in text.split("\n==== ").skip(1) {
            let (title, message) = part.split_once('\n').unwrap();
            let (mode, rest) = title.split_once(' ').unwrap();
            let (right, what) = rest.split_once(": ").unwrap();
            let name = format!("{}, {what}", fixture::name(&path));
            // The line end before the next title belongs to the message.
            let message = format!("{}\n", message.trim_end_matches('\n'));
            cases.push(Case { name, mode: mode.to_owned(), right: right.to_owned(), message });
        }
        assert!(cases.len() >= before + VARIANTS, "{}: too few", fixture::name(&path));
    }
    cases
}

/// The message as the mail system hands it over: its lines on top, then the fields that were left out, then the rest.
fn completed(message: &str, defaults: &[(&str, &str)]) -> String {
    let (head, body) = match message.split_once("\n\n") {
        // What does not begin with a field is a text.
        Some((head, body)) if begins_with_a_field(head) => (head, body),
        _ if begins_with_a_field(message) => (message.trim_end(), ""),
        _ => ("", message),
    };
    let from = field(head, "From").unwrap_or_else(|| format!("Bob Stone <{BOB}>"));
    let address = from.rsplit_once('<').map_or(from.as_str(), |(_, inner)| inner.trim_end_matches('>'));
    let domain = address.rsplit_once('@').unwrap().1;
    let (top, rest) = split_top(head);
    let mut text = String::new();
    if field(head, "Return-Path").is_none() {
        text.push_str(&format!("Return-Path: <{address}>\n"));
    }
    text.push_str(&format!("{top}Delivered-To: {OWNER}\n"));
    if field(head, "Authentication-Results").is_none() {
        text.push_str(&format!("Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from={domain}\n"));
    }
    text.push_str(&format!(
        "Received: from out.{domain} (out.{domain} [192.0.2.7])\n\tby {AUTHSERV_ID} with ESMTPS id 7;\n"
    ));
    text.push_str("\tSat, 21 Nov 2026 10:10:02 +0000\n");
    let mut fields = vec![("From", from.as_str()), ("To", OWNER)];
    fields.extend(defaults);
    fields.extend([("Subject", "Hello"), ("Date", "Sat, 21 Nov 2026 10:10:00 +0000")]);
    fields.extend([("Message-ID", "<z@example.net>"), ("MIME-Version", "1.0")]);
    fields.extend([("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")]);
    let typed = field(head, "Content-Type").is_some();
    for (name, value) in fields {
        let named = name == "To" && field(head, "Cc").is_some();
        let encoded = name == "Content-Transfer-Encoding" && typed;
        if field(&text, name).is_none() && field(head, name).is_none() && !named && !encoded {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    format!("{text}{rest}\n{body}")
}

/// The lines of the mail system, which come first, and the others.
fn split_top(head: &str) -> (String, String) {
    let (mut top, mut rest) = (String::new(), String::new());
    let mut is_top = false;
    for line in head.lines() {
        if !line.starts_with([' ', '\t']) {
            is_top = line.starts_with("Return-Path:") || line.starts_with("Authentication-Results:");
        }
        let side = if is_top { &mut top } else { &mut rest };
        side.push_str(line);
        side.push('\n');
    }
    (top, rest)
}

fn begins_with_a_field(text: &str) -> bool {
    let name = text.lines().next().and_then(|line| line.split_once(':')).map(|(name, _)| name);
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains(' '))
}

/// The value of a field in a head, as it stands there.
fn field(head: &str, name: &str) -> Option<String> {
    header(head.as_bytes(), name)
}

fn filled(message: &str, challenge: &Sent) -> Vec<u8> {
    let parsed = mailparse::parse_mail(challenge.message.as_bytes()).unwrap();
    let text = parsed.get_body().unwrap().replace("\r\n", "\n");
    let quoted: Vec<String> = text.lines().map(|line| format!("> {line}")).collect();
    let id = challenge.field("Message-ID").unwrap();
    let message = message.replace("@SUBJECT@", &challenge.field("Subject").unwrap()).replace("@MID@", &id);
    message.replace("@TEXT@", &text).replace("@QUOTED@", &quoted.join("\n")).into_bytes()
}
