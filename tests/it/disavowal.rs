//! `deny ID`: a denial taken from a message that proves nothing touches nobody who is allowed, and denies mail without proof.

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Effect;

use super::letter::{AUTHSERV_ID, Letter};
use super::world::{Outcome, World, header};

const BOB: &str = "bob@example.net";

/// The number of the only held message.
fn id(outcome: &Outcome) -> String {
    header(outcome.after.held.last().expect("a held message"), "X-Countersign-Id").unwrap()
}

fn said(outcome: &Outcome) -> String {
    format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr))
}

#[test]
fn a_forged_message_takes_nothing_from_the_friend_in_whose_name_it_is() {
    let world = World::new();
    world.allow(BOB);
    let forged = Letter::from(BOB)
        .field("Authentication-Results", &format!("{AUTHSERV_ID}; dmarc=fail header.from=example.net"));
    let held = world.deliver(forged.bytes());
    let outcome = world.run(&["deny", &id(held.is(0, 0, 1, 0))], "");
    outcome.check("it says so", outcome.code == Some(0) && said(&outcome).contains("stays allowed, if dmarc or dkim"));
    assert_eq!(world.entry(BOB).map(|entry| (entry.effect, entry.pin)), Some((Effect::Allow, Proofs::AUTHOR)));
    world.deliver(Letter::from(BOB).unsigned().bytes()).is(0, 0, 2, 0).held_for("pin-missing");
    world.deliver(Letter::from(BOB).bytes()).is(0, 1, 2, 0);
    world.deliver(Letter::from(BOB).unproven().bytes()).is(0, 2, 2, 0);
    let outcome = world.run(&["deny", &id(&held)], "");
    outcome.check("twice is once", outcome.code == Some(0) && said(&outcome).contains("nothing is changed"));
}

#[test]
fn of_a_stranger_only_what_proves_nothing_is_denied_and_the_real_one_can_be_asked() {
    let world = World::new();
    let held = world.deliver(Letter::from(BOB).unproven().bytes());
    let outcome = world.run(&["deny", &id(held.is(0, 0, 1, 0))], "");
    outcome.check("it says so", outcome.code == Some(0) && said(&outcome).contains("without proof"));
    let check = world.run(&["check", BOB], "");
    check.check("so does `check`", said(&check).contains("denied, unless dmarc or dkim says pass"));
    world
        .deliver(Letter::from(BOB).unproven().field("Message-ID", "<2@example.net>").bytes())
        .is(0, 0, 2, 0)
        .held_for("denied-sender");
    let challenge = world.challenge(BOB);
    let outcome = world.deliver(Letter::answer(&challenge, BOB).body("Yes, I wrote that.\n").bytes());
    outcome.check("who answers is allowed", outcome.code == Some(0) && outcome.after.inbox.len() == 2);
    assert_eq!(world.entry(BOB).map(|entry| entry.effect), Some(Effect::Allow));
}

#[test]
fn a_proven_message_denies_its_sender() {
    let world = World::new();
    world.challenge(BOB);
    let outcome = world.run(&["deny", &id(&world.run(&["held"], ""))], "");
    outcome.check("denied", outcome.code == Some(0) && said(&outcome).starts_with(&format!("denied {BOB}\n")));
    world
        .deliver(Letter::from(BOB).field("Message-ID", "<2@example.net>").bytes())
        .is(0, 0, 2, 1)
        .held_for("denied-sender");
}

#[test]
fn what_says_nothing_for_certain_denies_nobody() {
    let world = World::new();
    let held = world.deliver(Letter::from(BOB).unproven().bytes());
    let number = id(held.is(0, 0, 1, 0));
    for (words, code) in [
        (vec!["deny", "0123456789"], 1),
        (vec!["deny", &number, "eve@example.net"], 64),
        (vec!["deny", &number, "--file", "/dev/null"], 64),
    ] {
        let outcome = world.run(&words, "");
        outcome.check(&format!("{words:?}"), outcome.code == Some(code));
    }
    // Where nobody is trusted, all of a name looks alike.
    world.configure("[trust]\nauthserv_ids = []\n");
    let outcome = world.run(&["deny", &number], "");
    outcome.check("it is said", outcome.code == Some(1) && said(&outcome).contains(&format!("countersign deny {BOB}")));
    // A block that somebody has changed names nobody.
    let file = std::fs::read_dir(world.quarantine().join("new")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap().replace("Sender: bob@", "Sender: eve@");
    std::fs::write(&file, text).unwrap();
    world.configure("");
    let outcome = world.run(&["deny", &number], "");
    outcome.check("it is said", outcome.code == Some(1));
    assert!(world.entry(BOB).is_none() && world.entry("eve@example.net").is_none());
}
