//! What stands where in the digest.

use std::fs;

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Effect;

use super::letter::Letter;
use super::world::{World, header};

const BOB: &str = "bob@example.net";
const DAN: &str = "dan@example.com";
const FORGED_NAME: &str = "\nA known name, forged: its domain says no (dmarc=fail) (1)\n";
const UNPROVEN_NAME: &str = "\nA known name, without the proof it always had (1)\n";

/// The line of forged strangers.
fn strangers(count: usize) -> String {
    format!("\nForged, their domain says no ({count}): countersign held --reason dmarc-fail\n")
}

fn from(address: &str, number: usize) -> Letter {
    Letter::from(address).field("Message-ID", &format!("<{number}@{address}>"))
}

fn digest(world: &World) -> String {
    String::from_utf8_lossy(&world.run(&["digest", "--stdout"], "").stdout).into_owned()
}

#[test]
fn seen_a_known_name_that_was_forged_stood_among_forged_strangers() {
    let world = World::new();
    world.allow(BOB);
    world.enter(DAN, Effect::Allow, Proofs::DKIM);
    let forged = |address: &str, number| {
        let domain = address.split('@').nth(1).unwrap();
        from(address, number).proven(&format!("dmarc=fail header.from={domain}"))
    };
    world.deliver(forged("eve@example.org.example", 1).bytes()).held_for("dmarc-fail");
    world.deliver(forged(BOB, 2).bytes()).held_for("dmarc-fail");
    world.deliver(from(DAN, 3).unsigned().bytes()).held_for("pin-missing");
    world.deliver(forged("mallory@example.org.example", 4).bytes()).held_for("dmarc-fail");
    let said = digest(&world);
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    let strangers_at = place(&strangers(2));
    assert!(place(FORGED_NAME) < place(BOB) && place(BOB) < strangers_at, "{said}");
    assert!(place(UNPROVEN_NAME) < place(DAN) && place(DAN) < strangers_at, "{said}");
    assert!(!said.contains("eve@") && !said.contains("mallory@"), "{said}");
    // Who is known is asked when the digest is made.
    world.run(&["forget", BOB], "");
    assert!(digest(&world).contains(&strangers(3)));
}

#[test]
fn seen_without_its_rows_a_digest_knew_nobody_though_the_list_was_sound() {
    let world = World::new();
    world.allow(BOB);
    let forged = |address: &str| from(address, 1).proven("dmarc=fail header.from=example.net").bytes();
    world.deliver(forged(BOB)).held_for("dmarc-fail");
    world.deliver(forged("eve@example.net")).held_for("dmarc-fail");
    fs::remove_file(world.store_file()).unwrap();
    let said = digest(&world);
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    assert!(place(FORGED_NAME) < place(BOB) && place(BOB) < place(&strangers(1)), "{said}");
    assert!(!said.contains("eve@"), "{said}");
    fs::remove_file(world.list_file()).unwrap();
    assert!(digest(&world).contains(&strangers(2)));
}

#[test]
fn a_code_stands_before_people_and_only_a_machines() {
    let world = World::new();
    let letter = |address, number, subject| from(address, number).field("Subject", subject);
    world.deliver(letter("eve@example.org", 1, "482913 is the number of our house").unproven().bytes());
    world.deliver(letter("no-reply@example.com", 2, "482913 is your code").bytes());
    world.deliver(letter("no-reply@example.com", 3, "Our news of 2026").bytes());
    let said = digest(&world);
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    assert!(place("\nCodes and confirmations that you may be waiting for (1)\n") < place("is your code"), "{said}");
    assert!(place("is your code") < place("of our house") && place("of our house") < place("Our news"), "{said}");
}

#[test]
fn it_says_who_wrote_it_and_how_many_are_new() {
    let world = World::new();
    for number in 0..2 {
        world.deliver(from(BOB, number).unproven().bytes());
    }
    let outcome = world.run(&["digest"], "");
    let mail = &outcome.after.inbox[0];
    assert_eq!(header(mail, "From").as_deref(), Some("\"countersign\" <alice@example.org>"));
    assert_eq!(header(mail, "Subject").as_deref(), Some("Held mail: 2 new"));
    // With `--stdout` there is the text alone.
    assert!(digest(&world).starts_with("0 new messages are held, 2 older.\n\n"));
}

#[test]
fn what_was_brought_back_is_shown_with_the_day_on_which_it_came() {
    let world = World::new();
    world.deliver(from(BOB, 1).unproven().bytes());
    let day = |said: &str| said.lines().find(|line| line.contains(BOB)).unwrap()[14..26].to_owned();
    let came = day(&digest(&world));
    // Its days count anew, as after `undiscard`.
    world.database().execute_batch("UPDATE held SET received = received + 172800").unwrap();
    assert_eq!(day(&digest(&world)), came);
}

#[test]
fn times_are_the_users_own_and_the_zone_is_named() {
    let mut world = World::new();
    world.deliver(from(BOB, 1).unproven().bytes());
    let held = String::from_utf8(world.run(&["held"], "").stdout).unwrap();
    let utc = held[12..28].to_owned();
    let told = |world: &World| {
        let said = digest(world);
        let name = said.split("Times are in ").nth(1).and_then(|rest| rest.split('.').next()).unwrap().to_owned();
        let line = said.lines().find(|line| line.contains(BOB)).unwrap().trim_start().to_owned();
        (name, line[12..24].trim_start().to_owned())
    };
    let minutes = |time: &str| -> i64 {
        let (hour, minute) = time[time.len() - 5..].split_once(':').unwrap();
        hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()
    };
    let ahead = |local: &str| (minutes(local) - minutes(&utc)).rem_euclid(24 * 60);
    // A rule of POSIX needs no file.
    for (zone, name, difference) in [
        ("UTC", "UTC", 0),
        ("TEA-5:30", "TEA", 330),
        ("<+04>-4", "+04", 240),
        ("", "UTC", 0),
        ("/nowhere/at/all", "UTC", 0),
        (":/etc/passwd", "UTC", 0),
        ("../../etc/passwd", "UTC", 0),
        ("No/Such", "UTC", 0),
    ] {
        world.set("TZ", zone);
        let (said, local) = told(&world);
        assert_eq!((said.as_str(), ahead(&local)), (name, difference), "{zone:?}: {local} {utc}");
    }
}

#[test]
fn what_has_no_room_is_not_listed_and_comes_with_the_next_one() {
    let world = World::new();
    let strangers = 70;
    for number in 0..strangers {
        world.deliver(from(&format!("p{number}@example.net"), number).unproven().bytes());
    }
    for number in 0..3 {
        world.deliver(from("eve@example.org", number).proven("dmarc=fail header.from=example.org").bytes());
    }
    let listed = || world.store().all_held().unwrap().iter().filter(|row| row.listed.is_some()).count();
    let (first, before) = (digest(&world), listed());
    let shown = first.matches("@example.net").count();
    assert!(first.lines().count() < 60 && before == 0 && shown < strangers, "{first}");
    assert!(first.contains(&format!("\n{} more come with the next digest;", strangers - shown)), "{first}");
    world.run(&["digest"], "");
    // A line speaks for the forged ones.
    assert_eq!(listed(), shown + 3, "{first}");
    let second = digest(&world);
    assert!(!second.contains(" with the next digest") && !second.contains("Forged, "), "{second}");
    assert_eq!(second.matches("@example.net").count(), strangers - shown, "{second}");
    world.run(&["digest"], "");
    assert_eq!(listed(), strangers + 3);
}
