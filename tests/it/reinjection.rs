//! The mark of our own mail, through a real command that stands for an inbox and hands each message in again: what was
//! released passes, and the mark pasted into anything else does not.

use std::fs;

use super::letter::Letter;
use super::strace::{Fault, calls, disturbed};
use super::world::{Outcome, PROGRAM, World, each, header};

const BOB: &str = "bob@example.net";
const EVE: &str = "eve@example.com";

/// What a mail system puts on top of what is handed in again.
const ON_TOP: &str = "Return-Path: <>\\nDelivered-To: alice@example.org\\nReceived: by mx.example.org (Postfix, from userid \
                      1000)\\n\\tid 4B2; Sat, 21 Nov 2026 12:00:00 +0000\\n";
/// What Postfix writes below the other fields where it is missing.
const COMPLETE: &str = "awk 'BEGIN {h = 1} h && tolower($0) ~ /^message-id:/ {m = 1} h && tolower($0) ~ /^date:/ {d = 1} \
                        h && /^$/ {h = 0; if (!m) print \"Message-Id: <2@mx.example.org>\"; \
                        if (!d) print \"Date: Sat, 21 Nov 2026 13:00:00 +0000\"} {print}'";
/// The forms in which a message names itself.
const BY_MESSAGE_ID: [&str; 3] = ["one", "folded", "in other case"];

/// A world whose inbox is a command that gives each message to `gate` once more, as `change` makes it. What passes is in
/// `taken`, the last one given is in `again`.
fn world(change: &str) -> World {
    with_last_step(change, "gate")
}

/// The same where the message is given to another command of the program in the end: with a configuration of its own, by
/// which the inbox is a Maildir.
fn with_last_step(change: &str, last: &str) -> World {
    let plain = World::new();
    let configuration = fs::read_to_string(plain.config_file()).unwrap();
    let world = World::with(
        "[inbox]\ncommand = [\"/bin/sh\", \"WORLD/inbox.sh\"]\n[quarantine]\nmaildir = \"~/Maildir/.Held\"",
    );
    let (again, taken) = (world.path("again").display().to_string(), world.path("taken").display().to_string());
    let script = format!(
        "(printf '{ON_TOP}'; {change}) > {again}\n{PROGRAM} {last} < {again}\ncode=$?\n\
         [ $code = 99 ] && cat {again} >> {taken}\n[ $code = 0 ] || [ $code = 99 ]\n"
    );
    let script = script.replace("SECOND", world.path("second.toml").to_str().unwrap());
    fs::write(world.path("inbox.sh"), script).unwrap();
    fs::write(
        world.path("second.toml"),
        format!("{configuration}[files]\nkeys = {:?}\nstore = {:?}\n", world.key_file(), world.store_file()),
    )
    .unwrap();
    world
}

/// The number of the one message that is held.
fn held_id(outcome: &Outcome) -> String {
    header(&outcome.after.held[0], "X-Countersign-Id").expect("a number")
}

/// Every form in which a message may name itself, by what is written of it in place of its Message-ID field.
fn forms() -> Vec<(&'static str, Letter)> {
    let letter = || Letter::from(BOB).unproven();
    let without = || letter().without("Message-ID");
    vec![
        ("one", letter()),
        ("none", without()),
        ("two", letter().also("Message-ID", "<second@example.net>")),
        ("folded", letter().field("Message-ID", "\n <folded.12@example.net>")),
        ("in other case", without().also("MESSAGE-id", "<case@example.net>")),
        ("empty", letter().field("Message-ID", "")),
        ("empty brackets", letter().field("Message-ID", "<>")),
        ("no address", letter().field("Message-ID", "<12>")),
        ("none, and no Date", without().without("Date")),
        ("none, and a long body", without().body(&"0123456789abcde\n".repeat(40_000))),
        ("none, and no line end", without().body("a line\nwithout an end")),
    ]
}

#[test]
fn what_is_released_passes_when_the_command_hands_it_in_again() {
    let changes = ["cat", "echo 'X-Spam-Status: No'; cat", "sed 's/$/\\r/'", COMPLETE];
    each(changes.iter().flat_map(|change| forms().into_iter().map(move |form| (change, form))), |(change, form)| {
        let (name, letter) = form;
        let world = world(change);
        let id = held_id(world.gate(letter.bytes()).is(0, 0, 1, 0));
        let outcome = world.run(&["release", &id], "");
        let taken = fs::read(world.path("taken")).unwrap_or_default();
        let what = format!("{name}, given on by {change}: released, passed and not held anew");
        outcome.check(&what, outcome.code == Some(0) && outcome.after.held.is_empty() && !taken.is_empty());
    });
}

#[test]
fn it_passes_where_the_command_gives_it_to_deliver_in_the_end() {
    each(forms(), |(name, letter)| {
        let world = with_last_step(COMPLETE, "deliver --config SECOND");
        let id = held_id(world.gate(letter.bytes()).is(0, 0, 1, 0));
        let outcome = world.run(&["release", &id], "");
        outcome.is(0, 1, 0, 0);
        let passed = String::from_utf8_lossy(&outcome.after.inbox[0]).into_owned();
        outcome.check(
            &format!("{name}: passed for its mark"),
            passed.contains("X-Countersign-Verdict: pass; reason=own-mark"),
        );
    });
}

#[test]
fn the_mark_in_any_other_message_opens_no_door() {
    each(forms(), |(name, released)| {
        let world = world("cat");
        let id = held_id(world.gate(released.bytes()).is(0, 0, 1, 0));
        assert_eq!(world.run(&["release", &id], "").code, Some(0));
        let again = fs::read(world.path("again")).unwrap();
        let mark = header(&again, "X-Countersign-Own").expect("a mark");
        let block: String = String::from_utf8_lossy(&again)
            .lines()
            .filter(|line| line.starts_with("X-Countersign-"))
            .map(|line| format!("{line}\n"))
            .collect();
        let stranger = || Letter::from(EVE).unproven();
        let strangers = [
            stranger(),
            stranger().without("Message-ID"),
            stranger().field("Message-ID", ""),
            stranger().field("Message-ID", "<>"),
            stranger().also("Message-ID", "<other@example.com>"),
        ];
        // Its body under another head, and its head above another body. A Message-ID that it has is all of its mark.
        let alike = [
            released.clone().field("From", EVE),
            released.clone().field("Subject", "Another"),
            released.clone().also("Content-Type", "text/html"),
            released.clone().body("Another text, in the same envelope.\n"),
        ];
        let alike = alike.into_iter().filter(|_| !BY_MESSAGE_ID.contains(&name));
        for (number, letter) in strangers.into_iter().chain(alike).enumerate() {
            for top in [format!("X-Countersign-Own: {mark}\n"), block.clone()] {
                let outcome = world.gate([top.into_bytes(), letter.bytes()].concat());
                outcome.check(&format!("mark of {name}, in stranger {number}"), outcome.code == Some(0));
            }
        }
    });
}

#[test]
fn a_digest_passes_and_its_mark_only_with_its_message_id() {
    let world = world("cat");
    world.gate(Letter::from(BOB).unproven().bytes()).is(0, 0, 1, 0);
    world.run(&["digest"], "").is(0, 0, 1, 0);
    let taken = fs::read(world.path("taken")).unwrap();
    let mark = header(&taken, "X-Countersign-Own").expect("the digest's own mark");
    for letter in [Letter::from(EVE), Letter::from(EVE).without("Message-ID")] {
        let outcome = world.gate(letter.unproven().also("X-Countersign-Own", &mark).bytes());
        outcome.check("held", outcome.code == Some(0));
    }
}

/// What may fail of a release, with the error that it is given.
const FAILURES: [(&str, &str); 9] = [
    ("openat", "EMFILE"),
    ("openat", "EIO"),
    ("read", "EIO"),
    ("write", "EIO"),
    ("fsync", "EIO"),
    ("unlink", "EIO"),
    ("getrandom", "EIO"),
    ("clone3", "EAGAIN"),
    ("pipe2", "EMFILE"),
];

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn a_claim_that_cannot_be_finished_is_put_back() {
    let held = || {
        let world = world("cat");
        let id = held_id(world.gate(Letter::from(BOB).unproven().bytes()).is(0, 0, 1, 0));
        (world, format!("release {id}"))
    };
    let (first, line) = held();
    let (outcome, calls) = calls(&first, &line, b"");
    outcome.is(0, 0, 0, 0);
    let count = |name: &str| calls.iter().filter(|call| call.name == name).count();
    let claimed = calls.iter().position(|call| call.name == "rename" && call.arguments.contains(".claimed:"));
    let before = |name: &str| calls[..claimed.expect("a claim")].iter().filter(|call| call.name == name).count();
    let cases =
        FAILURES.iter().flat_map(|(name, error)| (before(name)..count(name)).map(move |at| (*name, *error, at)));
    each(cases, |(name, error, at)| {
        let (world, line) = held();
        let (outcome, happened) = disturbed(&world, &line, b"", (name, at + 1, Fault::Error(error)));
        let what = format!("{error} at {name} {}, which happened: {happened}", at + 1);
        let names = fs::read_dir(world.quarantine().join("new")).unwrap().map(|file| file.unwrap().file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        outcome.check(&format!("{what}: {names:?}"), !names.iter().any(|name| name.starts_with('.')));
        let taken = world.path("taken").exists();
        outcome.check(&format!("{what}: it is somewhere"), taken || outcome.after.held.len() == 1);
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        let good = match outcome.code {
            Some(0) => taken && names.is_empty(),
            // Done, and the store does not know it yet; `maintain` finds it gone.
            Some(1) => taken && names.is_empty() && said.contains("is released, but that could not be written down"),
            other => other == Some(75),
        };
        outcome.check(&format!("{what}: what is left is said"), good);
    });
}
