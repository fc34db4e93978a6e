//! A clock that is wrong: nothing that is held ends by it.
//!
//! The machine's own clock stays as it is; what `maintain` accepted before, and what is written down of messages, is moved
//! under it instead.

use countersign::world::clock;

use super::letter::Letter;
use super::world::{Outcome, World};

const BOB: &str = "bob@example.net";
const DAY: i64 = 86_400;
const WAY_OUT: &str = "countersign maintain --clock-is-right";

fn sql(world: &World, text: &str) -> usize {
    world.database().execute(text, []).unwrap()
}

fn number(world: &World, text: &str) -> i64 {
    world.database().query_row(text, [], |row| row.get(0)).unwrap()
}

fn accepted(world: &World) -> i64 {
    number(world, "SELECT at FROM clock")
}

/// What was printed, however it was wrapped.
fn said(outcome: &Outcome) -> String {
    let text = [&outcome.stdout[..], &outcome.stderr[..]].concat();
    String::from_utf8_lossy(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A world with one held message that arrived and was listed so many days ago, and a clock that was accepted then.
fn world(arrived: i64, listed: i64, accepted: i64) -> World {
    let world = World::new();
    world.challenge(BOB);
    let now = clock::now();
    let (arrived, listed) = (now - arrived * DAY, now - listed * DAY);
    sql(&world, &format!("UPDATE held SET received = {arrived}, listed = {listed}"));
    sql(&world, &format!("UPDATE clock SET at = {}", now - accepted * DAY));
    world
}

/// Whether the held message is gone after `maintain`.
fn ends(world: &World, arguments: &[&str]) -> bool {
    let outcome = world.run(&[&["maintain"], arguments].concat(), "");
    outcome.check("it ends with 0", outcome.code == Some(0));
    outcome.after.held.is_empty()
}

#[test]
fn seen_what_was_held_under_a_clock_of_1970_was_deleted_after_three_days() {
    // Under the clock of 1970 it arrived, or was listed too; or under one that is ahead.
    let now = clock::now();
    for (arrived, listed) in [(1_000, 4), (1_000, 1_000), (40, 1_000), (-1_000, 4), (40, -1_000)] {
        let at = |days: i64| if days == 1_000 { 7 } else { now - days * DAY };
        let world = world(0, 0, 0);
        sql(&world, &format!("UPDATE held SET received = {}, listed = {}", at(arrived), at(listed)));
        for _ in 0..2 {
            assert!(!ends(&world, &[]), "{arrived} {listed}");
        }
        // The time that cannot be counts from the run that saw it.
        let columns = "CASE WHEN counts > 0 THEN counts ELSE listed END";
        assert!(number(&world, &format!("SELECT {columns} FROM held")) >= now, "{arrived} {listed}");
        let (counts, read) = (clock::now() - 31 * DAY, clock::now() - 4 * DAY);
        sql(&world, &format!("UPDATE held SET counts = min(counts, {counts}), listed = {read}"));
        assert!(ends(&world, &[]), "{arrived} {listed}: it ends when its time is over");
    }
}

#[test]
fn seen_one_run_under_a_clock_ten_years_ahead_deleted_all_that_was_listed() {
    for off in [8, 3_650, -1] {
        let world = world(40, 10, off);
        sql(&world, "INSERT INTO spent (held, at) VALUES (77, 1700000000)");
        let before = accepted(&world);
        for _ in 0..2 {
            let outcome = world.run(&["maintain"], "");
            outcome.is(0, 0, 1, 1).check("the way out is said", said(&outcome).contains(WAY_OUT));
            assert_eq!(accepted(&world), before, "it does not move");
        }
        assert_eq!(number(&world, "SELECT count(*) FROM spent"), 1, "nothing is forgotten either");
        let doctor = world.run(&["doctor"], "");
        doctor.check("doctor names the one command", said(&doctor).contains(WAY_OUT));
        let digest = world.run(&["digest", "--stdout"], "");
        let text = said(&digest);
        digest.check("so does the digest, on top", text.starts_with("!! ") && text.contains(WAY_OUT));
        // With the clock accepted the message ends, and not in that same run.
        assert!(!ends(&world, &["--clock-is-right"]));
        assert!(clock::now() - accepted(&world) < 60);
        // What seems to have come long after the last accepted time counts from now.
        assert_eq!(ends(&world, &[]), off < 3_650, "{off}");
        let doctor = world.run(&["doctor"], "");
        doctor.check("the alarm is over", !said(&doctor).contains(WAY_OUT));
    }
}

#[test]
fn seen_the_very_first_run_under_a_clock_ten_years_ahead_deleted_all_that_was_listed() {
    let world = world(3_650, 3_650, 0);
    sql(&world, "UPDATE clock SET at = 0");
    sql(&world, "INSERT INTO spent (held, at) VALUES (77, 1700000000)");
    assert!(!ends(&world, &["--dry-run"]));
    for forgotten in [false, true] {
        assert!(!ends(&world, &[]), "the first clock is accepted, and nothing is old by it");
        assert_eq!(number(&world, "SELECT count(*) FROM spent") == 0, forgotten, "nor forgotten in that run");
    }
    // The clock is put right: what that run wrote down lies ten years ahead, and counts from now.
    sql(&world, &format!("UPDATE clock SET at = at + {0}", 3_650 * DAY));
    sql(&world, &format!("UPDATE held SET counts = counts + {0}, listed = listed + {0}", 3_650 * DAY));
    assert!(!ends(&world, &["--clock-is-right"]) && !ends(&world, &[]));
    assert!(clock::now() - number(&world, "SELECT counts FROM held") < 60);
    sql(&world, &format!("UPDATE held SET counts = counts - {}, listed = listed - {}", 31 * DAY, 4 * DAY));
    assert!(ends(&world, &[]), "and ends when its time is over");
}

#[test]
fn a_machine_that_was_off_for_three_weeks_is_told_what_to_do() {
    let outcome = world(1, 1, 21).run(&["maintain"], "");
    let text = said(&outcome);
    let told = text.contains("21 days after `maintain` ran last") && text.contains("the machine was off");
    outcome.check("in its own output", told && text.contains(WAY_OUT));
}

#[test]
fn the_first_run_accepts_and_deliveries_never_move_it() {
    let world = World::new();
    world.challenge(BOB);
    assert_eq!(accepted(&world), 0);
    let outcome = world.run(&["maintain"], "");
    outcome.check("nothing is said", outcome.code == Some(0) && said(&outcome).is_empty());
    assert!(clock::now() - accepted(&world) < 60);
    let before = clock::now() - 2 * DAY;
    sql(&world, &format!("UPDATE clock SET at = {before}"));
    world.deliver(Letter::from("dan@example.com").bytes());
    for arguments in [&["digest"][..], &["doctor"], &["held"], &["maintain", "--dry-run"]] {
        world.run(arguments, "");
        assert_eq!(accepted(&world), before, "{arguments:?}");
    }
    world.run(&["maintain"], "");
    assert!(accepted(&world) > before);
}

#[test]
fn a_dry_run_says_what_a_run_would_do() {
    for (off, expires) in [(0, true), (8, false)] {
        let outcome = world(40, 10, off).run(&["maintain", "--dry-run"], "");
        outcome.check("it says it", said(&outcome).contains("throw") == expires);
    }
    assert_eq!(World::new().run(&["maintain", "--clock-is-right", "--rebuild"], "").code, Some(64));
}
