//! What `allow` says and does: whether proof is asked for, and what is held.

use countersign::origin::auth::Proofs;
use countersign::policy::standing::{Effect, Origin};

use super::letter::{Letter, OWNER};
use super::world::{Outcome, World};

const BOB: &str = "bob@example.net";

fn said(outcome: &Outcome) -> String {
    String::from_utf8_lossy(&[&outcome.stdout[..], &outcome.stderr[..]].concat()).replace('\n', " ")
}

fn letter(number: usize) -> Letter {
    Letter::from(BOB).field("Message-ID", &format!("<{number}@example.net>")).field("Subject", &format!("Tea {number}"))
}

#[test]
fn a_typed_address_asks_for_no_proof_and_says_so() {
    let world = World::new();
    let outcome = world.run(&["allow", BOB], "");
    outcome.check("says it", outcome.code == Some(0) && said(&outcome).contains("No proof is asked of mail from"));
    assert_eq!(world.entry(BOB).unwrap().pin, Proofs::NONE);
    world.deliver(letter(1).unproven().bytes()).is(0, 1, 0, 0);
    // Where nothing can be proven nothing is asked for either.
    let trusting = World::with("[trust]\nauthserv_ids = []\n");
    for number in 0..3 {
        trusting.deliver(letter(number).bytes());
    }
    assert!(said(&trusting.run(&["allow", BOB], "")).contains("No proof is asked"));
}

#[test]
fn seen_allow_said_that_all_passes_and_what_the_domain_disowns_was_held() {
    for arguments in [&["allow", BOB][..], &["allow", "--any", BOB]] {
        let world = World::new();
        let outcome = world.run(arguments, "");
        outcome.check("says it", said(&outcome).replace("  ", "").contains("but for what its"));
        world.deliver(letter(1).unproven().bytes()).is(0, 1, 0, 0);
        let forged = letter(2).proven("dmarc=fail header.from=example.net");
        world.deliver(forged.bytes()).is(0, 1, 1, 0).held_for("dmarc-fail");
    }
}

#[test]
fn three_messages_with_the_same_proof_pin_it() {
    for (count, pinned) in [(2, false), (3, true)] {
        let world = World::new();
        for number in 0..count {
            world.deliver(letter(number).bytes());
        }
        world.deliver(letter(7).unproven().bytes());
        let outcome = world.run(&["allow", BOB], "");
        assert_eq!(said(&outcome).contains("says pass"), pinned, "{outcome}");
        assert_eq!(!world.entry(BOB).unwrap().pin.is_empty(), pinned);
        let held = world.state().held.len();
        let (passed, more) = (usize::from(!pinned), usize::from(pinned));
        world.deliver(letter(8).unsigned().bytes()).is(0, passed, held + more, 1);
        // Nobody has looked at this one.
        world.deliver(letter(9).unproven().bytes()).is(0, passed + 1, held + more, 1);
    }
}

#[test]
fn seen_a_pinned_entry_that_was_typed_again_lost_its_demand() {
    let world = World::new();
    world.enter(BOB, Effect::Allow, Proofs::DKIM);
    for arguments in [&["allow", BOB][..], &["allow", "-"]] {
        let outcome = world.run(arguments, format!("{BOB}\n"));
        outcome.check("it is done", outcome.code == Some(0));
        let entry = world.entry(BOB).unwrap();
        assert_eq!((entry.pin, entry.origin), (Proofs::DKIM, Origin::Manual), "{arguments:?}");
    }
    for arguments in [&["allow", "--any", BOB][..], &["allow", "--any", "-"]] {
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        let outcome = world.run(arguments, format!("{BOB}\n"));
        outcome.check("there is a warning", outcome.code == Some(0) && said(&outcome).contains("merely claims to be"));
        assert_eq!(world.entry(BOB).unwrap().pin, Proofs::NONE, "{arguments:?}");
    }
    let outcome = world.run(&["allow", "--any", "no-reply@example.net"], "");
    outcome.check("nothing is promised of proof", !said(&outcome).contains("must be proven"));
    world.deliver(Letter::from("no-reply@example.net").unproven().bytes()).is(0, 1, 0, 0);
}

#[test]
fn what_is_held_is_named_and_released_with_release() {
    let world = World::new();
    world.deliver(letter(1).bytes());
    world.deliver(letter(2).proven("dmarc=fail header.from=example.net").bytes());
    let outcome = world.run(&["allow", BOB], "");
    let id = world.store().all_held().unwrap()[0].id.to_string();
    outcome.check("it is named", said(&outcome).contains(&id) && said(&outcome).contains("(2)"));
    outcome.check("the way is", said(&outcome).contains(&format!("countersign allow --release {BOB}")));
    // What its domain disowns stays.
    let outcome = world.run(&["allow", "--release", BOB], "");
    outcome.is(0, 1, 1, 1).check("it is said once", !said(&outcome).contains("not released by this"));
    let outcome = world.run(&["allow", "--release", BOB], "");
    outcome.is(0, 1, 1, 1).check("and nothing more", !said(&outcome).contains("released "));
    assert_eq!(world.run(&["allow", "--release", "-"], BOB).code, Some(64));
    assert_eq!(world.run(&["allow", "--release", "--file", "/dev/null"], "").code, Some(64));
}

#[test]
fn not_me_from_an_unproven_message_touches_no_allowed_entry() {
    let world = World::with("[owner]\naddress = \"alice@example.org\"\n");
    let challenge = world.challenge(BOB);
    world.allow(BOB);
    let denial = Letter::answer(&challenge, BOB).field("Message-ID", "<no@example.net>").unproven();
    world.deliver(denial.body("NOTME\n").bytes());
    assert_eq!(world.entry(BOB).map(|entry| entry.effect), Some(Effect::Allow));
    let outcome = world.deliver(letter(3).bytes());
    let passed = |mail: &Vec<u8>| String::from_utf8_lossy(mail).contains("Subject: Tea 3");
    outcome.check("mail still passes", outcome.after.inbox.iter().any(passed));
    let reasons: Vec<_> = world.store().all_held().unwrap().iter().map(|row| row.reason.name()).collect();
    assert_eq!(world.entry(BOB).map(|entry| entry.effect), Some(Effect::Allow), "{reasons:?}");
}

#[test]
fn what_one_source_brought_is_forgotten_without_names() {
    let world = World::new();
    world.run(&["allow", "dan@x.org"], "");
    let mail = world.path("sent.mbox");
    let letter =
        format!("From: {OWNER}\nTo: bob@example.net, carol@example.com\nMessage-ID: <1@example.org>\n\nHello\n");
    std::fs::write(&mail, format!("From alice Mon Nov  2 10:00:00 2026\n{letter}")).unwrap();
    let mail = mail.display().to_string();
    world.run(&["learn", "--sent", &mail], "");
    let said = |arguments: &[&str]| {
        let outcome = world.run(arguments, "");
        (outcome.code, String::from_utf8(outcome.stdout).unwrap())
    };
    let checked = said(&["check", "bob@example.net"]);
    assert!(checked.1.starts_with("bob@example.net: allowed (you wrote to it, 20"), "{checked:?}");
    let source = ["forget", "--source", "learned"];
    assert_eq!(said(&[&source[..], &["--since", "2099-01-01"]].concat()), (Some(1), "forgotten 0\n".into()));
    assert_eq!(said(&[&source[..], &["--dry-run"]].concat()), (Some(0), "would be forgotten 2\n".into()));
    assert_eq!(said(&[&source[..], &["--since", "1h"]].concat()), (Some(0), "forgotten 2\n".into()));
    assert!(world.entry("bob@example.net").is_none() && world.entry("dan@x.org").is_some());
    // Learned by mistake is learned anew.
    assert!(said(&["learn", "--sent", &mail]).1.contains("2 people more known"));
    assert_eq!(said(&["forget", "--source", "sent"]).1, "forgotten 2\n");
    for wrong in [
        vec!["forget"],
        vec!["forget", "--source", "nowhere"],
        vec!["forget", "--source", "sent", "bob@example.net"],
        vec!["forget", "--since", "3d", "bob@example.net"],
        vec!["forget", "--source", "sent", "--since", "2026-02-30"],
    ] {
        assert_eq!(said(&wrong).0, Some(64), "{wrong:?}");
    }
}

#[test]
fn subdomains_are_allowed_and_denied_without_the_domain_itself() {
    let world = World::new();
    world.run(&["allow", "@*.example.net"], "").is(0, 0, 0, 0);
    world.deliver(Letter::from("bob@a.example.net").bytes()).is(0, 1, 0, 0);
    world.deliver(Letter::from("bob@b.a.example.net").bytes()).is(0, 2, 0, 0);
    world.deliver(Letter::from("bob@a.example.net").unproven().field("Message-ID", "<2@x>").bytes()).is(0, 2, 1, 0);
    world.deliver(Letter::from("bob@example.net").bytes()).is(0, 2, 2, 1);
    world.deliver(Letter::from("bob@anexample.net").bytes()).is(0, 2, 3, 2);
    let checked = world.run(&["check", "bob@a.example.net"], "");
    checked.check("said", String::from_utf8_lossy(&checked.stdout).contains("@*.example.net: allowed"));
    // The nearest one counts, and who is known by name is known.
    world.run(&["deny", "@*.a.example.net"], "");
    world.deliver(Letter::from("carol@b.a.example.net").bytes()).is(0, 2, 4, 2).held_for("denied-domain");
    world.run(&["allow", "dan@b.a.example.net"], "");
    world.deliver(Letter::from("dan@b.a.example.net").bytes()).is(0, 3, 4, 2);
    assert_eq!(world.run(&["forget", "@*.example.net"], "").code, Some(0));
    assert_eq!(world.run(&["allow", "@*.*.example.net"], "").code, Some(64));
    assert_eq!(world.run(&["allow", "@*.net"], "").code, Some(64));
}

#[test]
fn a_list_that_the_digest_tells_as_one_is_let_in_as_a_whole() {
    let world = World::new();
    let post = |number: usize, id: &str, from: &str| {
        Letter::from(from)
            .field("Message-ID", &format!("<{number}@{from}>"))
            .field("List-Id", id)
            .field("To", "users@lists.example.net")
    };
    for number in 0..6 {
        let letter = post(number, "<users.lists.example.net>", &format!("p{number}@lists.example.net"));
        world.deliver(letter.bytes());
    }
    world.deliver(post(7, "<users.lists.example.net>", "forger@lists.example.net").unproven().bytes());
    world.deliver(post(8, "<others.lists.example.net>", "p8@lists.example.net").bytes()).is(0, 0, 8, 0);
    let digest = String::from_utf8(world.run(&["digest", "--stdout"], "").stdout).unwrap();
    assert!(
        digest.contains("\n  7 of users.lists.example.net, the newest ")
            && digest.contains("\n    countersign allow --release list:users.lists.example.net\n"),
        "{digest}"
    );
    // What is forged in its name stays.
    world.run(&["allow", "--release", "list:users.lists.example.net"], "").is(0, 6, 2, 0);
    world.run(&["allow", "--release", "@lists.example.net"], "").is(0, 7, 1, 0);
}
