//! Stores as versions 2 and 4 of the schema had them: brought up by a delivery, and nothing in it lost.
//!
//! Promises: that of version 2 is made by the SQL of that version alone, so a change of the program cannot change it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use countersign::mail::address::Address;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::world::clock;
use countersign::world::store::Asked;
use rusqlite::{Connection, params};

use super::letter::Letter;
use super::world::World;

const SCHEMA: [&str; 2] =
    [include_str!("../../src/world/store/schema.sql"), include_str!("../../src/world/store/schema-2.sql")];
const BOB: &str = "bob@example.net";
const FRIEND: &str = "dan@example.com";

/// Puts a store of version 2 in the place of the world's own, with what that knows of held mail: these are allowed, and
/// who was asked was asked an hour ago.
pub fn make(world: &World, allowed: &[&str]) {
    let rows = world.store().all_held().unwrap();
    for file in fs::read_dir(world.store_file().parent().unwrap()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let store = Connection::open(world.store_file()).unwrap();
    fs::set_permissions(world.store_file(), fs::Permissions::from_mode(0o600)).unwrap();
    SCHEMA.iter().for_each(|step| store.execute_batch(step).unwrap());
    store.pragma_update(None, "user_version", 2).unwrap();
    let installation = world.installation();
    let (_, key) = installation.keys.list.current();
    let normal = |text: &str| Address::parse(text).unwrap().normal();
    for address in allowed {
        let key = Fingerprint::of_address(key, &normal(address));
        store.execute("INSERT INTO entry VALUES (?1, 1, 1, 0, 1, 1, 1700000000)", [key.bytes()]).unwrap();
    }
    for row in rows {
        let (message_id, sender) = (row.message_id.unwrap(), row.sender.unwrap());
        let asked = if row.asked == Asked::No { 0 } else { 2 };
        store
            .execute(
                "INSERT INTO held VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, 1)",
                params![
                    row.id.number(),
                    row.message.bytes(),
                    message_id.bytes(),
                    sender.bytes(),
                    row.proofs.bits(),
                    row.reason.number(),
                    row.received,
                    asked
                ],
            )
            .unwrap();
        if asked == 2 {
            let key = Fingerprint::of(key, Kind::Challenged, normal(BOB).as_str().as_bytes());
            store
                .execute("INSERT OR REPLACE INTO challenge VALUES (?1, ?2)", params![key.bytes(), clock::now() - 3_600])
                .unwrap();
        }
    }
    let key = Fingerprint::of(key, Kind::Challenged, normal("eve@example.net").as_str().as_bytes());
    store.execute("INSERT INTO opted_out VALUES (?1, 1700000000)", [key.bytes()]).unwrap();
}

fn version(world: &World) -> i64 {
    Connection::open(world.store_file()).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_delivery_brings_it_up_and_loses_nothing() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let id = world.store().all_held().unwrap()[0].id.to_string();
    make(&world, &[FRIEND]);
    assert_eq!(version(&world), 2);
    // The first to open it.
    world.deliver(Letter::from(FRIEND).bytes()).is(0, 1, 1, 1);
    assert!(version(&world) > 2, "it was not brought up");
    let held = world.run(&["held"], "");
    held.check("it is found", String::from_utf8_lossy(&held.stdout).starts_with(&id));
    let shown = world.run(&["show", &id], "");
    shown.check("it is shown", shown.code == Some(0) && String::from_utf8_lossy(&shown.stdout).contains("Wonderland"));
    let doctor = world.run(&["doctor"], "");
    doctor.check("it is sound", String::from_utf8_lossy(&doctor.stdout).contains("1 allowed"));
    // Bob was asked an hour ago, and Eve wants no more questions.
    let second = Letter::from(BOB).field("Message-ID", "<second@example.net>");
    world.deliver(second.bytes()).is(0, 1, 2, 1).held_for("asked-recently");
    world.deliver(Letter::from("eve@example.net").bytes()).is(0, 1, 3, 1).held_for("opted-out");
    world.run(&["release", &id], "").is(0, 2, 2, 1);
    // The token of that time still counts.
    let answer = Letter::answer(&challenge, BOB).body(&format!("Yes.\n> cr-{}\n", challenge.token()));
    world.deliver(answer.bytes()).is(0, 4, 1, 1);
    assert!(world.entry(BOB).is_some(), "who answers is known");
}

#[test]
fn a_store_of_version_4_is_brought_up_too() {
    for command in ["maintain", "digest", "held", "doctor", "deliver"] {
        let world = World::new();
        world.allow(FRIEND);
        world.challenge(BOB);
        // What the versions since added is taken off again.
        let store = Connection::open(world.store_file()).unwrap();
        let added = "DROP TABLE clock; ALTER TABLE held DROP COLUMN counts; ALTER TABLE opted_out DROP COLUMN in_words; \
                     DROP TABLE sent; DROP TABLE read_file; DROP TABLE proven; \
                     ALTER TABLE held DROP COLUMN looks";
        store.execute_batch(added).unwrap();
        store.pragma_update(None, "user_version", 4).unwrap();
        let before = world.store_file();
        drop(store);
        let first = world.run(&[command], Letter::from(BOB).field("Message-ID", "<2@example.net>").bytes());
        first.check(command, first.code == Some(0));
        assert!(version(&world) > 4 && before.exists(), "{command}");
        let outcome = world.run(&["maintain"], "");
        outcome.check("the first run accepts the clock", outcome.code == Some(0) && outcome.stderr.is_empty());
        assert_eq!(world.run(&["check", FRIEND], "").code, Some(0), "{command}");
        assert!(world.store().all_held().unwrap().iter().any(|row| row.asked == Asked::SlotTaken), "{command}");
    }
}

#[test]
fn whatever_opens_it_first_brings_it_up() {
    for command in ["maintain", "digest", "held", "doctor"] {
        let world = World::new();
        world.challenge(BOB);
        make(&world, &[FRIEND]);
        world.run(&[command], "");
        let outcome = world.deliver(Letter::from(FRIEND).bytes());
        let inbox = 1 + usize::from(command == "digest");
        outcome.check(command, outcome.after.inbox.len() == inbox && outcome.after.held.len() == 1);
        assert_eq!(world.run(&["check", FRIEND], "").code, Some(0), "{command}");
    }
}
