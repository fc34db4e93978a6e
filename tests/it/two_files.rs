//! The store's two files, each lost, damaged or newer while the other is whole: who is known still passes, nobody is asked,
//! nothing goes out of sight, and nothing is made anew behind the user's back.

use std::fs;

use super::letter::Letter;
use super::world::{World, each};

const BOB: &str = "bob@example.net";
const CAROL: &str = "carol@example.com";

/// What may become of a file.
const FATES: [&str; 4] = ["lost", "empty", "no store", "newer"];

fn harm(world: &World, list: bool, fate: &str) {
    let file = if list { world.list_file() } else { world.store_file() };
    match fate {
        "lost" => fs::remove_file(&file).unwrap(),
        "empty" => fs::write(&file, "").unwrap(),
        "no store" => fs::write(&file, "x".repeat(9_000)).unwrap(),
        _ => rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA user_version = 99").unwrap(),
    }
}

#[test]
fn the_digest_goes_out_whatever_the_store_is() {
    each(FATES.into_iter().flat_map(|fate| [(fate, true), (fate, false)]), |(fate, list)| {
        let world = World::new();
        world.deliver(Letter::from(CAROL).unproven().bytes()).is(0, 0, 1, 0);
        harm(&world, list, fate);
        let outcome = world.run(&["digest", "--stdout"], "");
        let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
        let name = if list { "countersign-list.db: " } else { "countersign.db: " };
        outcome.check(&format!("{fate}: the alarm names {name}"), outcome.code == Some(0) && said.contains(name));
        outcome.check(&format!("{fate}: what is held is listed"), said.contains(CAROL));
        world.run(&["digest"], "").is(0, 1, 1, 0);
    });
}

#[test]
fn who_is_known_passes_without_the_other_file() {
    each(FATES, |fate| {
        let world = World::new();
        world.allow(BOB);
        let sent = world.challenge(CAROL);
        harm(&world, false, fate);
        world.gate(Letter::from(BOB).bytes()).is(99, 0, 1, 1).is_silent();
        // Also one who goes on in the thread of a challenge.
        let token = sent.token();
        let thread = format!("<cr.c.{token}@example.org>");
        world.gate(Letter::from(BOB).field("References", &thread).bytes()).is(99, 0, 1, 1).is_silent();
        world.gate(Letter::from("dan@example.net").bytes()).is(0, 0, 2, 1).held_for("store-unavailable");
    });
}

#[test]
fn a_list_that_is_lost_is_never_made_by_a_message_or_by_init() {
    for fate in ["lost", "empty"] {
        let world = World::new();
        world.allow(BOB);
        harm(&world, true, fate);
        world.gate(Letter::from(BOB).bytes()).is(0, 0, 1, 0).held_for("store-unavailable");
        let outcome = world.run(&["init"], "");
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        outcome
            .check(&format!("{fate}: init refuses"), outcome.code == Some(78) && said.contains("countersign-list.db"));
        world.gate(Letter::from(BOB).field("Message-ID", "<2@example.net>").bytes()).is(0, 0, 2, 0);
        let outcome = world.run(&["allow", BOB], "");
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        let way_out = said.contains("countersign-list.db") && said.contains("backup") && said.contains("--rebuild");
        outcome.check(&format!("{fate}: the way out is said: {said}"), outcome.code == Some(78) && way_out);
        // The user says so, and what is held is still known.
        world.run(&["maintain", "--rebuild"], "").is(0, 0, 2, 0);
        assert_eq!(world.run(&["allow", BOB], "").code, Some(0));
        world.gate(Letter::from(BOB).field("Message-ID", "<3@example.net>").bytes()).is(99, 0, 2, 0);
    }
}
