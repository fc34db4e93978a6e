//! The numbers of held messages as a person types them: their first digits are enough where no other number begins so, and
//! where one does, nothing is done.

use std::fs;

use countersign::world::store::State;

use super::letter::Letter;
use super::world::{Outcome, World, each, header};

const BOB: &str = "bob@example.net";

/// What a letter is held under, whatever it got by chance.
fn hold_as(world: &World, id: &str, subject: &str) {
    let outcome = world.deliver(Letter::from(BOB).unproven().field("Subject", subject).bytes());
    let text = outcome.after.held.iter().find(|held| header(held, "Subject").as_deref() == Some(subject)).unwrap();
    let given = header(text, "X-Countersign-Id").unwrap();
    let path = fs::read_dir(world.quarantine().join("new")).unwrap().map(|file| file.unwrap().path());
    let path = path.into_iter().find(|path| fs::read(path).unwrap() == *text).unwrap();
    let text = String::from_utf8(text.clone()).unwrap().replace(&given, id);
    fs::write(path, text).unwrap();
    let number = |text| i64::from_str_radix(text, 16).unwrap();
    let change = format!("UPDATE held SET id = {} WHERE id = {}", number(id), number(&given));
    world.database().execute_batch(&change).unwrap();
}

fn state(world: &World, id: &str) -> Option<State> {
    let id = countersign::policy::token::HeldId::parse(id).unwrap();
    world.store().held(id).unwrap().map(|row| row.state)
}

fn said(outcome: &Outcome) -> String {
    format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr))
}

#[test]
fn every_command_takes_a_beginning_that_is_one_messages_own() {
    // Without a seal nobody is asked, denied or allowed for a message; but the refusal names the one that is meant.
    each(
        [
            (["held", "0a"], 0, "0a11111111"),
            (["show", "0a"], 0, "0a11111111"),
            (["show", "0A1"], 0, "0a11111111"),
            (["why", "0a"], 0, "0a11111111"),
            (["challenge", "0a"], 1, "0a11111111: the block on top is not as"),
            (["deny", "0a"], 1, "0a11111111 does not say for certain"),
            (["release", "0a"], 0, "released 0a11111111"),
            (["discard --yes", "0a"], 0, "discarded 0a11111111"),
        ],
        |(words, code, wanted)| {
            let world = World::new();
            hold_as(&world, "0a11111111", "One");
            hold_as(&world, "0b22222222", "Other");
            let words: Vec<&str> = words.iter().flat_map(|words| words.split(' ')).collect();
            let outcome = world.run(&words, "");
            outcome.check(wanted, outcome.code == Some(code) && said(&outcome).contains(wanted));
            outcome.check("the other is not meant", !said(&outcome).contains("0b22222222"));
            assert_eq!(state(&world, "0b22222222"), Some(State::Held));
        },
    );
}

#[test]
fn where_several_begin_so_they_are_named_and_nothing_is_done() {
    each(["held", "show", "why", "challenge", "deny", "release", "discard --yes"], |command| {
        let world = World::new();
        hold_as(&world, "0a11111111", "The first one");
        hold_as(&world, "0a22222222", "The second one");
        hold_as(&world, "0b22222222", "Another");
        let run = |ids: &[&str]| world.run(&command.split(' ').chain(ids.iter().copied()).collect::<Vec<_>>(), "");
        let outcome = run(&["0a"]);
        let named = ["0a11111111", "bob@example.net", "The first one", "0a22222222", "The second one"];
        let tells = named.iter().all(|word| said(&outcome).contains(word)) && said(&outcome).contains("2 messages");
        outcome.check("both are named", outcome.code == Some(64) && outcome.stdout.is_empty() && tells);
        outcome.check("no other", !said(&outcome).contains("0b22222222"));
        outcome.is(64, 0, 3, 0);
        // Nor is anything done about one that is meant without doubt, where a command takes several.
        if ["deny", "release", "discard --yes"].contains(&command) {
            run(&["0b", "0a"]).is(64, 0, 3, 0);
            assert_eq!(state(&world, "0b22222222"), Some(State::Held));
        }
    });
}

#[test]
fn of_many_that_begin_so_ten_are_named_and_the_rest_counted() {
    let mut world = World::new();
    for number in 0..12 {
        hold_as(&world, &format!("c{number:09x}"), &format!("Letter {number}."));
    }
    for (columns, widest) in [("60", 60), ("100", 100)] {
        world.set("COLUMNS", columns);
        let outcome = world.run(&["show", "C"], "");
        let lines = String::from_utf8(outcome.stderr.clone()).unwrap();
        assert_eq!(lines.lines().filter(|line| line.starts_with("c0000")).count(), 10, "{lines}");
        assert!(lines.replace("\n    ", " ").contains("12 messages, the newest 10 above and 2 more"), "{lines}");
        assert!(lines.lines().all(|line| line.chars().count() <= widest), "{lines}");
    }
}

#[test]
fn what_is_no_beginning_is_refused_and_what_nothing_begins_with_is_not_found() {
    let world = World::new();
    hold_as(&world, "0a11111111", "One");
    for command in ["held", "show", "why", "challenge", "deny", "release"] {
        for text in ["0a111111111", "0x", "g", "0a1 11111"] {
            let outcome = world.run(&[command, text], "");
            outcome.check("usage", outcome.code == Some(64) && outcome.stdout.is_empty());
        }
        let outcome = world.run(&[command, "0b"], "");
        outcome.check("not found", outcome.code == Some(1) && said(&outcome).contains("begins with 0b"));
    }
    world.run(&["show", ""], "").is(64, 0, 1, 0);
}

#[test]
fn the_beginning_of_what_is_held_no_more_says_what_became_of_it() {
    let world = World::new();
    hold_as(&world, "0a11111111", "One");
    world.run(&["release", "0a11"], "").is(0, 1, 0, 0);
    let outcome = world.run(&["show", "0a11"], "");
    outcome.check("it says so", outcome.code == Some(1) && said(&outcome).contains("0a11111111 is not held any more"));
    let outcome = world.run(&["why", "0a11"], "");
    outcome.check("so does `why`", outcome.code == Some(0) && said(&outcome).contains("0a11111111  released"));
    // What is held outranks what is only remembered; `why` asks what is remembered.
    hold_as(&world, "0a22222222", "Two");
    let outcome = world.run(&["show", "0a"], "");
    outcome.check("the held one", outcome.code == Some(0) && said(&outcome).contains("0a22222222"));
    let outcome = world.run(&["why", "0a"], "");
    let tells = said(&outcome).contains("released") && said(&outcome).contains("Two");
    outcome.check("both are named", outcome.code == Some(64) && tells);
}

#[test]
fn a_number_that_several_files_claim_is_one_message() {
    let world = World::new();
    hold_as(&world, "0a11111111", "One");
    let new = world.quarantine().join("new");
    let file = fs::read_dir(&new).unwrap().next().unwrap().unwrap().path();
    fs::copy(file, world.quarantine().join("cur/copy:2,S")).unwrap();
    let outcome = world.run(&["show", "0a"], "");
    outcome.check("it is shown", outcome.code == Some(0) && said(&outcome).contains("0a11111111"));
}

#[test]
fn lists_give_all_ten_digits() {
    let world = World::new();
    hold_as(&world, "000000000f", "One");
    for words in [&["held"][..], &["held", "0"], &["held", "--json"], &["show", "0"], &["why", "0"]] {
        let outcome = world.run(words, "");
        outcome.check("all ten", outcome.code == Some(0) && said(&outcome).contains("000000000f"));
    }
}

#[test]
fn every_command_that_takes_a_beginning_says_so_in_its_help() {
    each(["held", "show", "why", "challenge", "deny", "release", "discard", "undiscard"], |command| {
        let help = said(&World::new().run(&[command, "--help"], "")).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("first digits"), "{command}: {help}");
    });
}
