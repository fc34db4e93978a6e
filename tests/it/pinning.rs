//! Pins: after three messages with the same proof of its own domain an allowed sender's mail must have it.
//!
//! What cannot be counted is not counted, and nothing waits for it; a checker that has died is said aloud.

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Origin;

use super::letter::Letter;
use super::world::World;

const BOB: &str = "bob@example.net";
const CAROL: &str = "carol@example.com";

/// A letter with a number, so that it is another one.
fn letter(from: &str, number: usize) -> Letter {
    Letter::from(from).field("Message-ID", &format!("<{number}@{from}>"))
}

fn pin(world: &World, who: &str) -> Proofs {
    world.entry(who).unwrap().pin
}

#[test]
fn three_proven_letters_pin_an_allowed_sender() {
    for command in ["deliver", "gate"] {
        let world = World::new();
        world.run(&["allow", BOB], "");
        for number in 0..3 {
            assert!(pin(&world, BOB).is_empty(), "{command} {number}");
            world.run(&[command], letter(BOB, number).bytes());
        }
        assert_eq!(pin(&world, BOB), Proofs::AUTHOR, "{command}");
        // The name without the proof.
        world.run(&[command], letter(BOB, 9).unproven().bytes()).held_for("pin-missing");
        let kept = world.run(&[command], letter(BOB, 10).proven("dkim=pass header.d=example.net").bytes());
        kept.check("one of the proofs is enough", kept.after.held.len() == 1);
    }
}

#[test]
fn only_the_proof_of_the_senders_own_domain_counts() {
    let other = "dkim=pass header.d=mailing.example; spf=pass smtp.mailfrom=example.net";
    let world = World::new();
    world.run(&["allow", BOB], "");
    (0..4).for_each(|number| drop(world.deliver(letter(BOB, number).proven(other).bytes())));
    (4..8).for_each(|number| drop(world.deliver(letter(BOB, number).unproven().bytes())));
    assert!(pin(&world, BOB).is_empty());
    world.deliver(letter(BOB, 9).bytes());
    world.deliver(letter(BOB, 10).bytes());
    assert!(pin(&world, BOB).is_empty(), "two are not enough");
}

#[test]
fn what_does_not_count() {
    let world = World::new();
    world.run(&["allow", "--any", BOB], "");
    world.run(&["allow", CAROL], "");
    for number in 0..4 {
        world.deliver(letter(BOB, number).bytes());
        world.filter(letter(CAROL, number).bytes());
    }
    assert_eq!((pin(&world, BOB), world.entry(BOB).unwrap().origin), (Proofs::NONE, Origin::Any), "by --any");
    assert!(pin(&world, CAROL).is_empty(), "filter counts nothing");
    let counted: i64 = world.database().query_row("SELECT count(*) FROM proven", [], |row| row.get(0)).unwrap();
    assert_eq!(counted, 0);
}

#[test]
fn a_store_that_is_written_at_the_moment_is_not_waited_for() {
    let world = World::new();
    world.run(&["allow", BOB], "");
    let other = rusqlite::Connection::open(world.store_file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..3 {
        world.deliver(letter(BOB, number).bytes()).is(0, number + 1, 0, 0).is_silent();
    }
    drop(other);
    assert!(pin(&world, BOB).is_empty());
    (3..6).for_each(|number| drop(world.deliver(letter(BOB, number).bytes())));
    assert!(!pin(&world, BOB).is_empty());
}

#[test]
fn what_could_not_be_found_out_at_the_moment_holds_nobodys_mail() {
    let world = World::new();
    world.run(&["allow", BOB], "");
    (0..3).for_each(|number| drop(world.deliver(letter(BOB, number).bytes())));
    for (number, (results, held)) in [
        ("dmarc=temperror header.from=example.net; dkim=none", 0),
        ("dkim=temperror header.d=example.net", 0),
        ("dkim=temperror header.d=evil.example", 1),
        ("dkim=permerror header.d=example.net", 1),
        ("dkim=none; dmarc=none header.from=example.net", 1),
        ("spf=temperror smtp.mailfrom=example.net", 1),
        ("dmarc=fail header.from=example.net; dkim=temperror header.d=example.net", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let before = world.state().held.len();
        let outcome = world.deliver(letter(BOB, 10 + number).proven(results).bytes());
        outcome.check(results, outcome.code == Some(0) && outcome.after.held.len() == before + held);
    }
}

#[test]
fn a_checker_that_has_died_is_said_aloud() {
    let world = World::new();
    for who in [BOB, CAROL] {
        world.run(&["allow", who], "");
        (0..3).for_each(|number| drop(world.deliver(letter(who, number).bytes())));
        assert!(!pin(&world, who).is_empty());
    }
    let said = |command: &str| {
        let outcome = world.run(&[command, if command == "digest" { "--stdout" } else { "--json" }], "");
        String::from_utf8(outcome.stdout).unwrap().contains("No mail has had a result of mx.example.org since")
    };
    let digest = || {
        let outcome = world.run(&["digest", "--stdout", "--always"], "");
        String::from_utf8(outcome.stdout).unwrap().replace('\n', " ").replace("   ", "")
    };
    world.deliver(letter(BOB, 10).unproven().bytes()).held_for("pin-missing");
    assert!(!said("doctor"), "one name may be forged");
    // The inbox has newer mail, without results.
    world.allow("dan@x.org");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    (20..24).for_each(|number| drop(world.deliver(letter("dan@x.org", number).unproven().bytes())));
    world.deliver(letter(CAROL, 11).unproven().bytes()).held_for("pin-missing");
    assert!(said("doctor"));
    assert!(digest().contains("2 messages from 2 people you know are held"), "{}", digest());
    // One proven letter from a stranger, and they have come again.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    world.deliver(letter("eve@example.org.example", 12).bytes());
    assert!(!said("doctor"));
}
