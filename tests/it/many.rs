//! What is done about many held messages together: each for itself, and what is said about them is true.

use std::fs;
use std::path::PathBuf;

use countersign::policy::token::Purpose;
use countersign::world::clock;
use countersign::world::store::State;

use super::letter::Letter;
use super::strace::calls;
use super::world::{Outcome, World, header};

const DAY: i64 = 86_400;

/// A world in which the letters of so many strangers are held, of whom nobody is asked.
fn with_held(count: usize, configuration: &str) -> World {
    let world = World::with(configuration);
    for number in 0..count {
        world.deliver(letter(number).bytes()).is(0, 0, number + 1, 0);
    }
    world
}

fn letter(number: usize) -> Letter {
    Letter::from(&format!("p{number}@example.net")).unproven().field("Subject", &format!("Letter {number}."))
}

fn sql(world: &World, text: &str) {
    rusqlite::Connection::open(world.store_file()).unwrap().execute_batch(text).unwrap();
}

/// The file of one letter.
fn file(world: &World, number: usize) -> PathBuf {
    let folders = ["new", "cur"].map(|name| fs::read_dir(world.quarantine().join(name)).unwrap());
    let subject = format!("Letter {number}.");
    let is_it = |path: &PathBuf| header(&fs::read(path).unwrap(), "Subject").as_deref() == Some(&subject);
    folders.into_iter().flatten().map(|file| file.unwrap().path()).find(is_it).unwrap()
}

fn move_to(world: &World, number: usize, name: &str) {
    fs::rename(file(world, number), world.quarantine().join(name)).unwrap();
}

fn said(outcome: &Outcome) -> String {
    String::from_utf8_lossy(&outcome.stdout).into_owned()
}

fn states(world: &World) -> Vec<(State, usize)> {
    let ids: Vec<i64> = {
        let store = rusqlite::Connection::open(world.store_file()).unwrap();
        let mut query = store.prepare("SELECT id FROM held").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let id = |number| countersign::policy::token::HeldId::from_number(number).unwrap();
    let mut found: Vec<(State, usize)> = Vec::new();
    for state in ids.into_iter().map(|number| world.store().held(id(number)).unwrap().unwrap().state) {
        match found.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => found.push((state, 1)),
        }
    }
    found.sort_by_key(|(state, _)| format!("{state:?}"));
    found
}

#[test]
fn what_is_over_is_thrown_away_and_what_is_missing_is_noted() {
    let world = with_held(5, "");
    let old = clock::now() - 40 * DAY;
    sql(&world, &format!("UPDATE held SET received = {old}, listed = {old}"));
    sql(&world, &format!("UPDATE clock SET at = {}", clock::now()));
    // One is young, one was opened, one was given another name, one is gone.
    let young = fs::read_to_string(file(&world, 0)).unwrap();
    let young = i64::from_str_radix(&header(young.as_bytes(), "X-Countersign-Id").unwrap(), 16).unwrap();
    sql(&world, &format!("UPDATE held SET received = {} WHERE id = {young}", clock::now()));
    move_to(&world, 1, "cur/1795262400.M1P1.host:2,RS");
    let name = file(&world, 2).file_name().unwrap().to_str().unwrap().to_owned();
    move_to(&world, 2, &format!("cur/{name}:2,S"));
    fs::remove_file(file(&world, 3)).unwrap();
    let dry = said(&world.run(&["maintain", "--dry-run"], ""));
    assert_eq!((dry.matches("its time is over").count(), dry.matches("is gone").count()), (3, 1), "{dry}");
    world.run(&["maintain"], "").is(0, 0, 1, 0);
    assert_eq!(states(&world), [(State::Expired, 3), (State::Gone, 1), (State::Held, 1)]);
    assert_eq!(said(&world.run(&["maintain", "--dry-run"], "")), "");
}

#[test]
fn what_a_crash_left_without_rows_is_recorded() {
    let world = with_held(4, "");
    sql(&world, "DELETE FROM held");
    world.run(&["maintain"], "").is(0, 0, 4, 0);
    assert_eq!(states(&world), [(State::Held, 4)]);
    let before = world.store().all_held().unwrap();
    fs::write(world.store_file(), "no store").unwrap();
    let outcome = world.run(&["maintain", "--rebuild"], "");
    outcome.check("they are counted", said(&outcome).starts_with("4 held messages are in the new store."));
    assert_eq!(world.store().all_held().unwrap(), before, "the same rows by another way");
}

#[test]
fn many_are_released_and_discarded_and_each_is_said() {
    let world = with_held(4, "");
    let opened = file(&world, 1).file_name().unwrap().to_str().unwrap().to_owned();
    move_to(&world, 1, &format!("cur/{opened}:2,S"));
    let outcome = world.run(&["release", "--grep", "letter"], "");
    outcome.is(0, 4, 0, 0).check("each", said(&outcome).matches("released ").count() == 4);
    assert_eq!(states(&world), [(State::Released, 4)]);
    let world = with_held(4, "");
    let outcome = world.run(&["discard", "--yes", "--reason", "not-proven"], "");
    outcome.is(0, 0, 0, 0).check("each", said(&outcome).matches("discarded ").count() == 4);
    assert_eq!(states(&world), [(State::Discarded, 4)]);
}

#[test]
fn what_is_released_and_cannot_be_written_down_is_said() {
    let world = with_held(2, "");
    sql(&world, "CREATE TRIGGER no BEFORE UPDATE ON held BEGIN SELECT RAISE(ABORT, 'no'); END");
    let outcome = world.run(&["release", "--grep", "letter"], "");
    let complaints = String::from_utf8_lossy(&outcome.stderr).matches("could not be written down").count();
    outcome.is(1, 2, 0, 0).check("each is said", complaints == 2);
    sql(&world, "DROP TRIGGER no");
    world.run(&["maintain"], "").is(0, 2, 0, 0);
    assert_eq!(states(&world), [(State::Gone, 2)]);
}

#[test]
fn a_command_for_an_inbox_gets_each_message() {
    let world = with_held(3, "[inbox]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> WORLD/taken\"]\n");
    let outcome = world.run(&["release", "--grep", "letter"], "");
    outcome.check("all", outcome.code == Some(0) && world.state().held.is_empty());
    let taken = fs::read_to_string(world.path("taken")).unwrap();
    assert_eq!(taken.matches("\nSubject: Letter ").count(), 3, "{taken}");
    assert_eq!(states(&world), [(State::Released, 3)]);
}

#[test]
fn the_digest_shows_what_is_there_whatever_its_name() {
    for configuration in ["", "[score]\nfields = [\"X-Spam-Score\"]\n"] {
        let world = with_held(5, configuration);
        move_to(&world, 0, "cur/1795262400.M1P1.host:2,RS");
        let name = |number| file(&world, number).file_name().unwrap().to_str().unwrap().to_owned();
        let (one, two) = (name(1), name(2));
        move_to(&world, 1, &format!("cur/{one}:2,Sab"));
        // A file that has the name of another message is what its block says, and a stranger's is none.
        move_to(&world, 2, "cur/2");
        fs::write(world.quarantine().join("new").join(two), "From: eve@evil.example\nSubject: Letter 2.\n\nx\n")
            .unwrap();
        fs::remove_file(file(&world, 3)).unwrap();
        let text = said(&world.run(&["digest", "--stdout"], ""));
        let shown = |number: usize| text.matches(&format!("Letter {number}.")).count();
        assert_eq!([0, 1, 2, 3, 4].map(shown), [1, 1, 1, 0, 1], "{text}");
        assert!(!text.contains("eve@evil.example"), "{text}");
        world.run(&["digest"], "");
        let again = said(&world.run(&["digest", "--stdout"], ""));
        assert!(!again.contains("Letter 0.") && !again.contains("Letter 4."), "{again}");
    }
}

#[test]
fn lists_are_the_same_for_a_person_and_for_a_program() {
    let world = with_held(3, "");
    fs::write(world.quarantine().join("cur/stray:2,S"), "From: x@y.example\n\nz\n").unwrap();
    let outcome = world.run(&["held"], "");
    let listed: Vec<String> = said(&outcome).lines().map(|line| line[..10].to_owned()).collect();
    outcome.check("what is none of ours is counted", String::from_utf8_lossy(&outcome.stderr).contains("program (1)"));
    let json = said(&world.run(&["held", "--json"], ""));
    let rows: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), listed);
    assert!(rows.iter().all(|row| row["asked"] == "not-asked" && row["bytes"].as_u64().unwrap() > 300), "{json}");
    let one = world.run(&["held", &listed[1]], "");
    assert!(said(&one).starts_with(&listed[1]) && said(&one).contains("not asked"), "{one}");
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn thirty_two_forged_tokens_read_the_quarantine_once() {
    const HELD: usize = 12;
    let world = with_held(HELD, "");
    let gone: Vec<u64> = (0..3)
        .map(|number| {
            let file = file(&world, number);
            let id = header(&fs::read(&file).unwrap(), "X-Countersign-Id").unwrap();
            fs::remove_file(file).unwrap();
            u64::from_str_radix(&id, 16).unwrap()
        })
        .collect();
    let token = |number: usize| {
        let of = format!("forged{number}@example.com");
        world.token(
            if number.is_multiple_of(2) { Purpose::Confirm } else { Purpose::NotMe },
            gone[number / 2 % 3],
            0,
            &of,
        )
    };
    let (ids, text): (Vec<_>, Vec<_>) = (0..16)
        .map(|number| (format!("<cr.c.{}@example.org>", token(number)), format!("cr-{}\n", token(number + 16))))
        .unzip();
    let letter = Letter::from("eve@example.com").field("References", &ids.join("\n ")).body(&text.concat());
    let (outcome, calls) = calls(&world, "gate", &letter.bytes());
    outcome.check("held", outcome.code == Some(0) && outcome.after.held.len() == HELD - 3 + 1);
    let opened = calls.iter().filter(|call| call.name == "openat" && call.arguments.contains(".Held/new/")).count();
    // Each of the others once; the new one has a name in tmp/ until it is there.
    outcome.check(&format!("{opened} were opened"), (1..=HELD - 3).contains(&opened));
    let listed = calls.iter().filter(|call| call.name == "openat" && call.argument(1).ends_with(".Held/new\"")).count();
    outcome.check(&format!("new/ was opened {listed} times: once for the tokens, once to be synced"), listed <= 2);
}
