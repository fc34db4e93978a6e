//! `maintain`: what broke off is finished, what was put back stays, nothing ends unread, and no clock blocks for ever.

use std::fs;

use countersign::origin::auth::Proofs;
use countersign::policy::key::KeyId;
use countersign::policy::standing::{Effect, Entry, Origin};
use countersign::world::clock;
use countersign::world::store::{Asked, HeldRow, State};

use super::letter::Letter;
use super::world::{KEYS, World};

const BOB: &str = "bob@example.net";
const DAY: i64 = 86_400;

fn sql(world: &World, text: &str) -> usize {
    world.database().execute(text, []).unwrap()
}

fn count(world: &World, text: &str) -> i64 {
    world.database().query_row(text, [], |row| row.get(0)).unwrap()
}

/// The one row of the store.
fn row(world: &World) -> HeldRow {
    let id = count(world, "SELECT id FROM held");
    world.store().held(countersign::policy::token::HeldId::from_number(id).unwrap()).unwrap().unwrap()
}

fn allow(world: &World, pin: Proofs, origin: Origin, added: i64) {
    let installation = world.installation();
    let bob = countersign::mail::address::Address::parse(BOB).unwrap();
    let (id, key) = installation.keys.list.current();
    let key = countersign::policy::fingerprint::Fingerprint::of_address(key, &bob.normal());
    let entry = Entry { effect: Effect::Allow, pin, origin, added };
    world.store().put_entry((id, key), countersign::policy::fingerprint::Kind::Address, &entry, &[]).unwrap();
}

#[test]
fn releases_that_broke_off_are_finished() {
    for (pin, origin, ago, released) in [
        (Proofs::DKIM, Origin::Confirmed, 0, true),
        (Proofs::NONE, Origin::Released, 0, true),
        (Proofs::SPF, Origin::Confirmed, 0, false),
        (Proofs::DKIM, Origin::Manual, 0, false),
        (Proofs::DKIM, Origin::Confirmed, DAY, false),
    ] {
        let world = World::new();
        world.challenge(BOB);
        allow(&world, pin, origin, clock::now() - ago);
        let inbox = usize::from(released);
        world.run(&["maintain"], "").is(0, inbox, 1 - inbox, 1);
        assert_eq!(row(&world).state, if released { State::Released } else { State::Held });
    }
    // Only what was held because its sender was a stranger.
    let world = World::new();
    world.deliver(Letter::from(BOB).field("List-Id", "<friends.example.net>").bytes()).is(0, 0, 1, 0);
    allow(&world, Proofs::DKIM, Origin::Confirmed, clock::now());
    world.run(&["maintain"], "").is(0, 0, 1, 0);
}

/// A release that breaks off is finished for what came before the entry was there, so the entry counts from that moment
/// and not from the start of its process: in between another delivery may have decided without it.
#[test]
fn an_entry_counts_from_the_moment_when_it_is_there() {
    let world = World::with("[challenge]\nsendmail = \"SENDMAIL\"\ntoo_fast = 0\n");
    let challenge = world.challenge(BOB);
    let lock = rusqlite::Connection::open(world.store_file()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = Letter::answer(&challenge, BOB).body(&format!("Yes.\n> cr-{}\n", challenge.token()));
    let child = world.start(&["deliver"], &answer.bytes());
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    let free = clock::now();
    lock.execute_batch("ROLLBACK").unwrap();
    world.wait("deliver", child).is(0, 2, 0, 1);
    let added = world.entry(BOB).unwrap().added;
    assert!(added >= free, "its entry says {} seconds before it was there", free - added);
}

#[test]
fn a_full_screen_does_not_stop_a_release() {
    let world = World::new();
    world.challenge(BOB);
    world.deliver(Letter::from(BOB).field("Message-ID", "<2@example.net>").bytes()).is(0, 0, 2, 1);
    let id = world.store().all_held().unwrap()[0].id;
    world.shell(&format!("$P release --allow {id} > /dev/full"), "").is(75, 2, 0, 1);
}

#[test]
fn what_the_user_put_back_begins_anew() {
    let world = World::new();
    world.challenge(BOB);
    let first = row(&world);
    world.run(&["release", &first.id.to_string()], "").is(0, 1, 0, 1);
    let old = clock::now() - 100 * DAY;
    sql(&world, &format!("UPDATE held SET received = {old}, listed = {old}"));
    let file = fs::read_dir(world.inbox().join("new")).unwrap().next().unwrap().unwrap();
    fs::rename(file.path(), world.quarantine().join("new").join(file.file_name())).unwrap();
    for _ in 0..2 {
        world.run(&["maintain"], "").is(0, 0, 1, 1);
    }
    let back = row(&world);
    assert_eq!((back.state, back.listed), (State::Held, None));
    assert!(clock::now() - back.received < 60);
}

#[test]
fn nothing_ends_within_three_days_of_its_first_listing() {
    for (listed, ends) in [(0, false), (2, false), (4, true)] {
        let world = World::new();
        world.challenge(BOB);
        let now = clock::now();
        let listed = if listed == 0 { 0 } else { now - listed * DAY };
        sql(&world, &format!("UPDATE held SET received = {}, listed = {listed}", now - 40 * DAY));
        sql(&world, &format!("UPDATE clock SET at = {now}"));
        world.run(&["maintain"], "").is(0, 0, usize::from(!ends), 1);
    }
}

#[test]
fn an_empty_answer_ends_only_after_a_digest_listed_it() {
    let world = World::new();
    let sent = world.challenge(BOB);
    world.deliver(Letter::answer(&sent, BOB).bytes()).is(0, 1, 1, 1).held_for("answer");
    let old = clock::now() - 40 * DAY;
    sql(&world, &format!("UPDATE held SET received = {old} WHERE state = 1"));
    sql(&world, &format!("UPDATE clock SET at = {}", clock::now()));
    world.run(&["maintain"], "").is(0, 1, 1, 1);
    world.run(&["digest"], "").is(0, 2, 1, 1);
    assert_eq!(count(&world, "SELECT count(*) FROM held WHERE state = 1 AND listed > 0"), 1, "one line lists it");
    world.run(&["maintain"], "").is(0, 2, 1, 1);
    sql(&world, &format!("UPDATE held SET listed = {old} WHERE state = 1"));
    world.run(&["maintain"], "").is(0, 2, 0, 1);
}

#[test]
fn a_slot_whose_process_died_is_never_taken_again() {
    let world = World::new();
    world.challenge(BOB);
    let now = clock::now();
    sql(&world, &format!("UPDATE held SET received = {}", now - DAY));
    sql(&world, &format!("UPDATE challenge SET at = {}", now - DAY));
    world.run(&["maintain"], "").is(0, 0, 1, 1);
    assert_eq!(row(&world).asked, Asked::SlotTaken);
}

#[test]
fn no_limit_is_forgotten_before_its_time() {
    let world = World::with("[challenge]\nsendmail = \"SENDMAIL\"\ndays_between = 200\n[quarantine]\nkeep_days = 100");
    let sent = world.challenge(BOB);
    world.deliver(Letter::answer(&sent, BOB).bytes()).is(0, 1, 1, 1);
    let tables = |days: i64| {
        let then = clock::now() - days * DAY;
        sql(&world, &format!("UPDATE challenge SET at = {then}"));
        sql(&world, &format!("UPDATE spent SET at = {then}"));
        world.run(&["maintain"], "");
        (count(&world, "SELECT count(*) FROM challenge"), count(&world, "SELECT count(*) FROM spent"))
    };
    assert_eq!(tables(159), (1, 1));
    assert_eq!(tables(161), (1, 0));
    assert_eq!(tables(201), (0, 0));
}

#[test]
fn a_clock_that_was_ahead_does_not_block_for_ever() {
    let world = World::new();
    world.challenge(BOB);
    sql(&world, &format!("UPDATE challenge SET at = {}", clock::now() + 400 * DAY));
    world.deliver(Letter::from(BOB).field("Message-ID", "<2@example.net>").bytes()).is(0, 0, 2, 2);
    sql(&world, &format!("UPDATE challenge SET at = {}", clock::now() + 400 * DAY));
    sql(&world, &format!("UPDATE clock SET at = {}", clock::now()));
    world.run(&["maintain"], "").is(0, 0, 2, 2);
    assert_eq!(count(&world, "SELECT count(*) FROM challenge"), 0);
}

#[test]
fn an_entry_under_an_older_key_is_rewritten_once() {
    let world = World::new();
    world.allow(BOB);
    let newer = format!("{KEYS}list 2 {}\n", "5a".repeat(32));
    world.write_keys(&newer);
    assert_eq!(world.installation().keys.list.current().0, KeyId::new(2).unwrap());
    assert!(world.entry(BOB).is_none(), "it is under the older key");
    // What only looks changes nothing.
    world.run(&["explain"], Letter::from(BOB).bytes());
    world.filter(Letter::from(BOB).bytes());
    assert!(world.entry(BOB).is_none());
    world.gate(Letter::from(BOB).bytes()).is(99, 0, 0, 0);
    assert!(world.entry(BOB).is_some());
    assert_eq!(count(&world, "SELECT count(*) FROM entry WHERE kid = 2"), 1);
    assert_eq!(count(&world, "SELECT count(*) FROM entry"), 1);
}
