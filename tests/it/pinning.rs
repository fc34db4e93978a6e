//! Pins: after three messages with the same proof of its own domain an allowed sender's mail must have it, where somebody
//! looks.
//!
//! What cannot be counted is not counted, and nothing waits for it; a checker that has died is said aloud.

use countersign::mail::address::Address;
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::Fingerprint;
use countersign::policy::standing::{Effect, Origin};

use super::letter::{AUTHSERV_ID, Letter};
use super::world::{MBOX, World};

const BOB: &str = "bob@example.net";
const CAROL: &str = "carol@example.com";
const DAN: &str = "dan@x.org";

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
        world.run(&[command], letter(BOB, 9).unsigned().bytes()).held_for("pin-missing");
        let kept = world.run(&[command], letter(BOB, 10).proven("dkim=pass header.d=example.net").bytes());
        kept.check("one of the proofs is enough", kept.after.held.len() == 1);
        let unseen = world.run(&[command], letter(BOB, 11).unproven().bytes());
        unseen.check("where nobody has looked none is asked for", unseen.after.held.len() == 1);
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
        ("dkim=none; spf=temperror smtp.mailfrom=example.net", 1),
        ("spf=temperror smtp.mailfrom=example.net", 0),
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

#[cfg(debug_assertions)]
#[test]
fn what_nobody_has_looked_at_passes_with_a_note() {
    let mut world = World::new();
    let log = std::os::unix::net::UnixDatagram::bind(world.path("log")).unwrap();
    log.set_nonblocking(true).unwrap();
    world.set("COUNTERSIGN_TEST_LOG", world.path("log"));
    world.enter(BOB, Effect::Allow, Proofs::DKIM);
    world.allow(CAROL);
    let line = || {
        let mut line = [0; 2000];
        let count = log.recv(&mut line).unwrap();
        String::from_utf8(line[..count].to_vec()).unwrap()
    };
    let service = "spf=pass smtp.mailfrom=example.net";
    for (letter, noted) in [
        (letter(BOB, 1), false),
        (letter(BOB, 2).unproven(), true),
        (letter(BOB, 3).proven(service), true),
        (letter(BOB, 4).proven("none"), true),
        (letter(BOB, 5).proven("dkim=temperror header.d=example.net"), false),
        (letter(CAROL, 6).unproven(), false),
    ] {
        let explained = world.run(&["explain"], letter.bytes());
        let said = String::from_utf8_lossy(&explained.stdout).contains("its proof           not asked for:");
        explained.check("`explain` says so too", said == noted);
        let explained = world.run(&["explain", "--json"], letter.bytes());
        let json: serde_json::Value = serde_json::from_slice(&explained.stdout).unwrap();
        explained.check("and as data", json["pin_unasked"] == noted);
        let outcome = world.deliver(letter.bytes());
        outcome.check("it passes", outcome.code == Some(0) && outcome.after.held.is_empty());
        let line = line();
        assert!(line.contains("pass reason=allowed-sender") && line.contains(" pin=unasked ") == noted, "{line}");
    }
    world.deliver(letter(BOB, 7).unsigned().bytes()).held_for("pin-missing");
    assert!(!line().contains("pin="));
}

#[test]
fn where_own_eyes_always_look_each_message_is_asked_for_its_pin() {
    for (look, trusted, passes) in [
        ("always", AUTHSERV_ID, false),
        ("always", "", false),
        ("where-silent", AUTHSERV_ID, true),
        ("where-silent", "", true),
        ("off", "", true),
    ] {
        let ids = if trusted.is_empty() { String::new() } else { format!("\"{trusted}\"") };
        let world = World::with(&format!("[eyes]\nlook = \"{look}\"\n[trust]\nauthserv_ids = [{ids}]\n"));
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        let outcome = world.deliver(letter(BOB, 1).unproven().bytes());
        outcome.check(look, outcome.code == Some(0) && outcome.after.held.is_empty() == passes);
        let outcome = world.run(&["doctor"], "");
        let said = String::from_utf8_lossy(&outcome.stdout).contains("1 of your allowed senders are pinned to a proof");
        outcome.check("`doctor` says where nobody looks", said == (passes && trusted.is_empty()));
    }
}

/// What `doctor` and the digest say of a checker that has died, if they do.
#[track_caller]
fn alarm(world: &World) -> Option<String> {
    let said = |arguments: &[&str]| {
        let outcome = world.run(arguments, "");
        let text = String::from_utf8(outcome.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        let start =
            text.find("None of the newest 10 messages in your inbox has a DKIM or DMARC result of mx.example.org")?;
        let end = text[start..].find(" passes.").map_or(text.len(), |end| start + end);
        Some(text[start..end].to_owned())
    };
    let (doctor, digest) = (said(&["doctor"]), said(&["digest", "--stdout", "--always"]));
    assert_eq!(doctor.is_some(), digest.is_some(), "{doctor:?} {digest:?}");
    digest
}

/// The newest are told apart by their second.
fn a_second_later() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

#[test]
fn a_checker_that_has_died_is_said_aloud() {
    for configuration in ["", MBOX] {
        let world = World::with(configuration);
        world.run(&["allow", BOB], "");
        (0..3).for_each(|number| drop(world.deliver(letter(BOB, number).bytes())));
        assert!(!pin(&world, BOB).is_empty());
        world.allow(DAN);
        a_second_later();
        (20..29).for_each(|number| drop(world.deliver(letter(DAN, number).unproven().bytes())));
        let local = "by mx.example.org (Postfix, from userid 0) id 1; Sat, 21 Nov 2026 12:00:00 +0000";
        world.deliver(letter(DAN, 30).field("Received", local).unproven().bytes());
        assert_eq!(alarm(&world), None, "too few, and one that nobody would have checked");
        world.deliver(letter(BOB, 31).unproven().bytes()).is(0, 14, 0, 0);
        let said = alarm(&world).expect("an alarm");
        assert!(said.contains("No stranger is asked any more, and whoever feigns the name of somebody"), "{said}");
        // One proven letter from a stranger, who is held, and they have come again.
        a_second_later();
        world.deliver(letter("eve@example.org.example", 32).bytes()).is(0, 14, 1, 1);
        assert_eq!(alarm(&world), None);
        a_second_later();
        (40..50).for_each(|number| drop(world.deliver(letter(DAN, number).unproven().bytes())));
        assert!(alarm(&world).is_some(), "and stopped again");
        a_second_later();
        world.deliver(letter(DAN, 50).unsigned().bytes());
        assert_eq!(alarm(&world), None, "some of the newest have results");
    }
}

#[test]
fn where_nothing_was_proven_before_nothing_has_stopped() {
    let world = World::new();
    world.allow(DAN);
    (0..12).for_each(|number| drop(world.deliver(letter(DAN, number).unproven().bytes())));
    assert_eq!(alarm(&world), None);
    // A counted proof is one.
    let installation = world.installation();
    let (_, key) = installation.keys.list.current();
    let bob = Fingerprint::of_address(key, &Address::parse(BOB).unwrap().normal());
    world.store().count_proven(&bob, Proofs::DKIM, 1).unwrap();
    assert!(alarm(&world).is_some());
    // Who looks by itself has proof from there too, and older mail says whether the server ever gave any.
    for (look, means) in
        [("where-silent", "Whoever feigns the name of"), ("always", "What is proven is what the program")]
    {
        let world = World::new();
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        world.allow(DAN);
        (0..12).for_each(|number| drop(world.deliver(letter(DAN, number).unproven().bytes())));
        assert!(alarm(&world).is_some());
        world.configure(&format!("[eyes]\nlook = \"{look}\"\n"));
        assert_eq!(alarm(&world), None, "{look}");
        a_second_later();
        world.deliver(letter(DAN, 13).unsigned().bytes());
        assert_eq!(alarm(&world), None, "{look}");
        a_second_later();
        world.configure("");
        (20..30).for_each(|number| drop(world.deliver(letter(DAN, number).unproven().bytes())));
        world.configure(&format!("[eyes]\nlook = \"{look}\"\n"));
        let said = alarm(&world).expect("an alarm");
        assert!(said.contains(means) && !said.contains("stranger"), "{said}");
    }
}
