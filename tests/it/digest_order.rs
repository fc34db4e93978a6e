//! What stands where in the digest.

use std::fs;

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Effect;

use super::letter::Letter;
use super::world::World;

const BOB: &str = "bob@example.net";
const DAN: &str = "dan@example.com";
const KNOWN: &str = "A known name, forged or without the proof it always had (2)";

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
    let strangers = place("Strangers, disowned by the domain they claim (dmarc=fail) (2)");
    assert!(place(KNOWN) < strangers && place(BOB) < strangers && place(DAN) < strangers, "{said}");
    assert!(place("eve@") > strangers && place("mallory@") > strangers, "{said}");
    assert!(said.contains("it claims to be from somebody you know"), "{said}");
    // Who is known is asked when the digest is made.
    world.run(&["forget", BOB], "");
    assert!(digest(&world).contains("(dmarc=fail) (3)"));
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
    let strangers = place("Strangers, disowned by the domain they claim (dmarc=fail) (1)");
    assert!(said.contains(&KNOWN.replace("(2)", "(1)")), "{said}");
    assert!(place(BOB) < strangers && place("eve@") > strangers, "{said}");
    fs::remove_file(world.list_file()).unwrap();
    assert!(digest(&world).contains("Strangers, disowned by the domain they claim (dmarc=fail) (2)"));
}
