//! Own eyes, from the letter to the challenge: signed letters, a scripted resolver, and what becomes of them.

use std::time::Duration;

use countersign::mail::compose::date;
use countersign::origin::auth::Proofs;
use countersign::policy::gate::GateRefusal;
use countersign::policy::reason::Reason;
use countersign::policy::standing::Effect;
use countersign::world::clock;

use super::dns_server::{Behaviour, Server, Zone};
use super::letter::{Letter, OWNER};
use super::signer::Signer;
use super::world::World;

const BOB: &str = "bob@example.net";
const MAIL: &str = "example.net MX 10 mx.example.net\n";

/// A world that trusts nobody and looks by itself.
pub fn world(look: &str, server: &Server, more: &str) -> World {
    let world = World::new();
    let eyes = format!("[eyes]\nlook = \"{look}\"\ndns = [\"{}\"]\n{more}", server.address);
    world.configure(&format!("[trust]\nauthserv_ids = []\n{eyes}"));
    world
}

pub fn honest(zone: &str) -> Server {
    Server::start(Zone::text(zone), &[Behaviour::Honest])
}

fn zone() -> String {
    format!("{}{MAIL}", signer().key())
}

fn signer() -> Signer {
    Signer::of("example.net", clock::now())
}

fn letter() -> Letter {
    let date = "Sat, 28 Nov 2026 09:00:00 +0000";
    Letter::from(BOB).unproven().field("Date", date)
}

fn signed() -> Vec<u8> {
    signer().sign(&letter().bytes())
}

#[test]
fn a_signed_stranger_is_asked_and_an_answer_releases() {
    let server = honest(&zone());
    let world = world("where-silent", &server, "");
    let outcome = world.deliver(signed());
    outcome.is(0, 0, 1, 1).held_for("challenge");
    assert_eq!(server.asked().len(), 2, "the key, and whether the domain takes mail: {:?}", server.asked());
    let challenge = outcome.after.sent[0].clone();
    let answer = Letter::answer(&challenge, BOB).unproven().bytes();
    world.deliver(answer).is(0, 1, 1, 1).held_for("answer");
    assert_eq!(world.entry(BOB).map(|entry| entry.pin), Some(Proofs::DKIM), "pinned to what was found");
}

#[test]
fn what_was_altered_or_not_signed_is_held_in_silence() {
    let server = honest(&zone());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    for (what, message) in [
        ("unsigned", text(letter().bytes())),
        ("body", text(signed()).replace("Wonderland", "wonderland")),
        ("subject", text(signed()).replace("Tea at five", "Tea at six!")),
        ("to", text(signed()).replace(&format!("To: {OWNER}\n"), &format!("To: {OWNER}, eve@example.org\n"))),
        ("footer", text(signed()) + "--\nsent by a list\n"),
        ("second subject", text(signed()).replace("\nSubject:", "\nSubject: Money\nSubject:")),
    ] {
        let world = world("where-silent", &server, "");
        let asked = server.asked().len();
        let outcome = world.deliver(message);
        outcome.check(what, outcome.after.sent.is_empty());
        outcome.is(0, 0, 1, 0).held_for("not-proven");
        let needs_no_key = ["unsigned", "body", "footer"].contains(&what);
        outcome.check("nothing is asked where nothing can be proven", needs_no_key == (server.asked().len() == asked));
    }
}

#[test]
fn what_a_challenge_asks_for_beyond_the_standard_is_missed() {
    let now = clock::now();
    let without = |name: &str| {
        let mut signer = signer();
        signer.fields.retain(|field| *field != name);
        signer
    };
    let server = honest(&zone());
    for (what, signer) in [
        ("to", without("to")),
        ("subject", without("subject")),
        ("date", without("date")),
        ("eight days ago", Signer { at: Some(now - 8 * 86_400), ..signer() }),
        ("two days ahead", Signer { at: Some(now + 2 * 86_400), ..signer() }),
    ] {
        let world = world("where-silent", &server, "");
        let outcome = world.deliver(signer.sign(&letter().bytes()));
        outcome.check(what, outcome.after.sent.is_empty());
        outcome.is(0, 0, 1, 0).held_for("not-proven");
    }
}

#[test]
fn a_letter_that_went_to_somebody_else_asks_nobody_when_it_is_replayed() {
    let server = honest(&zone());
    let world = world("where-silent", &server, "");
    let elsewhere = signer().sign(&letter().field("To", "carol@example.com").bytes());
    world.deliver(elsewhere).is(0, 0, 1, 0).held_for("not-addressed");
    assert!(server.asked().is_empty(), "nothing would change, so nothing is asked");
}

#[test]
fn nothing_is_asked_where_nothing_would_change() {
    let server = honest(&zone());
    for (what, look, message) in [
        ("off", "off", signed()),
        ("automatic", "where-silent", signer().sign(&letter().field("Auto-Submitted", "auto-replied").bytes())),
        ("denied", "where-silent", signed()),
        ("allowed", "where-silent", signed()),
    ] {
        let world = world(look, &server, "");
        match what {
            "denied" => world.deny(BOB),
            "allowed" => world.enter(BOB, Effect::Allow, Proofs::DKIM),
            _ => {}
        }
        let outcome = world.deliver(message);
        outcome.check(what, outcome.code == Some(0) && outcome.after.sent.is_empty() && server.asked().is_empty());
    }
}

#[test]
fn where_somebody_is_trusted_and_spoke_own_eyes_are_shut() {
    let server = honest(&zone());
    let world = World::new();
    world.configure(&format!("[eyes]\nlook = \"where-silent\"\ndns = [\"{}\"]\n", server.address));
    let spoken = signer().sign(&letter().proven("dkim=fail header.d=example.net").bytes());
    world.deliver(spoken).is(0, 0, 1, 0).held_for("not-proven");
    assert!(server.asked().is_empty());
    let path_alone = signer().sign(&letter().proven("spf=pass smtp.mailfrom=bob@example.net").bytes());
    world.deliver(path_alone).check("a policy service does not silence it", !server.asked().is_empty());
}

#[test]
fn a_sender_who_gets_no_mail_is_not_asked() {
    let key = signer().key();
    for (what, more, reason) in [
        ("null MX", "example.net MX 0 .\n", "no-mail-domain"),
        ("no record", "", "no-mail-domain"),
        ("an address alone", "example.net A 192.0.2.1\n", "challenge"),
        ("no answer", "example.net TIMEOUT\n", "look-later"),
    ] {
        let server = honest(&format!("{key}{more}"));
        let world = world("where-silent", &server, "");
        let outcome = world.deliver(signed());
        outcome.check(what, outcome.after.sent.len() == usize::from(reason == "challenge")).held_for(reason);
    }
}

#[test]
fn what_failed_for_the_moment_is_looked_at_again_by_maintain() {
    let failing = Server::start(Zone::default(), &[Behaviour::ServerFailure]);
    let world = world("where-silent", &failing, "");
    world.deliver(signed()).is(0, 0, 1, 0).held_for("look-later");
    let server = honest(&zone());
    world.configure(&format!(
        "[trust]\nauthserv_ids = []\n[eyes]\nlook = \"where-silent\"\ndns = [\"{}\"]\n",
        server.address
    ));
    world.run(&["maintain"], "").is(0, 0, 1, 0);
    assert!(server.asked().is_empty(), "its second look comes ten minutes later");
    world.database().execute("UPDATE held SET received = received - 601", []).unwrap();
    world.run(&["maintain"], "").is(0, 0, 1, 1).held_for("challenge");
    world.run(&["maintain"], "").is(0, 0, 1, 1);
}

#[test]
fn what_is_found_days_later_or_where_nobody_is_asked_stays_as_it_is() {
    let failing = Server::start(Zone::default(), &[Behaviour::ServerFailure]);
    let server = honest(&zone());
    for (what, top, hours, reason) in [
        ("after three days", "", 72, "challenge"),
        ("observing", "mode = \"observe\"\n", 1, "look-later"),
        ("off", "mode = \"off\"\n", 1, "look-later"),
    ] {
        let world = world("where-silent", &failing, "");
        let then = Signer { at: Some(clock::now() - hours * 3_600), ..signer() };
        world.deliver(then.sign(&letter().bytes())).is(0, 0, 1, 0).held_for("look-later");
        let eyes = format!("[eyes]\nlook = \"where-silent\"\ndns = [\"{}\"]\n", server.address);
        world.configure(&format!("{top}[trust]\nauthserv_ids = []\n{eyes}"));
        world.database().execute("UPDATE held SET received = received - ?1 * 3600", [hours]).unwrap();
        let outcome = world.run(&["maintain"], "");
        outcome.check(what, outcome.after.sent.is_empty());
        outcome.is(0, 0, 1, 0).held_for(reason);
    }
}

#[test]
fn after_five_looks_it_counts_as_not_proven() {
    let failing = Server::start(Zone::default(), &[Behaviour::ServerFailure]);
    let world = world("where-silent", &failing, "");
    world.deliver(signed()).is(0, 0, 1, 0).held_for("look-later");
    for look in 2..=5 {
        world.database().execute("UPDATE held SET received = received - 13 * 3600 / 4", []).unwrap();
        world.run(&["maintain"], "").is(0, 0, 1, 0);
        let row = world.store().all_held().unwrap()[0];
        assert_eq!(row.looks, look, "{row:?}");
    }
    let asked = failing.asked().len();
    world.run(&["maintain"], "").is(0, 0, 1, 0).held_for("not-proven");
    assert_eq!(failing.asked().len(), asked);
}

#[test]
fn nobody_looks_for_a_minute_after_no_resolver_answered() {
    let dead = Server::start(Zone::default(), &[]);
    let world = world("where-silent", &dead, "");
    world.deliver(signed()).is(0, 0, 1, 0).held_for("look-later");
    let asked = dead.asked().len();
    let other = signer().sign(&letter().field("Message-ID", "<2@example.net>").bytes());
    world.deliver(other).is(0, 0, 2, 0).held_for("look-later");
    assert_eq!(dead.asked().len(), asked, "the second one is not looked at");
}

#[test]
fn three_letters_and_one_answer_are_three_in_the_inbox() {
    let server = honest(&zone());
    let world = world("where-silent", &server, "");
    let number =
        |n: u8| letter().field("Message-ID", &format!("<{n}@example.net>")).field("Subject", &format!("Tea {n}"));
    let first = world.deliver(signer().sign(&number(1).bytes()));
    first.is(0, 0, 1, 1);
    world.deliver(signer().sign(&number(2).bytes())).is(0, 0, 2, 1);
    world.deliver(signer().sign(&number(3).bytes())).is(0, 0, 3, 1);
    let forged = String::from_utf8(signer().sign(&number(4).bytes())).unwrap().replace("Tea 4", "Pay 4");
    world.deliver(forged).is(0, 0, 4, 1);
    assert_eq!(server.asked().len(), 2, "who was asked recently is not looked at");
    let answer = Letter::answer(&first.after.sent[0], BOB).unproven().bytes();
    world.deliver(answer).is(0, 3, 2, 1).held_for("not-proven");
    let rows = world.store().all_held().unwrap();
    let looks = |reason| rows.iter().find(|row| row.reason == reason).map(|row| row.looks);
    assert_eq!(looks(Reason::Gate(GateRefusal::NotProven)), Some(1), "{rows:?}");
    assert_eq!(looks(Reason::Answer), Some(0), "{rows:?}");
}

#[test]
fn an_answer_that_gate_lets_pass_leaves_the_rest_to_maintain() {
    let server = honest(&zone());
    let world = world("where-silent", &server, "");
    let number = |n: u8| letter().field("Message-ID", &format!("<{n}@example.net>"));
    let first = world.gate(signer().sign(&number(1).bytes()));
    first.is(0, 0, 1, 1);
    world.gate(signer().sign(&number(2).bytes())).is(0, 0, 2, 1);
    world.gate(number(3).bytes()).is(0, 0, 3, 1);
    let asked = server.asked().len();
    let answer = Letter::answer(&first.after.sent[0], BOB).unproven().body("Yes, it is me.\n").bytes();
    world.gate(answer).is(99, 1, 2, 1);
    assert_eq!(server.asked().len(), asked, "its caller waits");
    world.run(&["maintain"], "").is(0, 2, 1, 1).held_for("not-proven");
}

#[test]
fn of_letters_that_come_at_once_none_is_left_to_maintain() {
    let server = Server::start(Zone::text(&zone()), &[Behaviour::Slow(Duration::from_millis(30))]);
    let world = world("where-silent", &server, "");
    let letter =
        |n: usize| Letter::from(&format!("bob{n}@example.net")).unproven().field("Message-ID", &format!("<{n}@x>"));
    // One process may have to look at all of them: its own and eight behind it.
    let runs: Vec<_> = (0..9)
        .map(|n| {
            world.start(
                &["deliver"],
                &signer().sign(&letter(n).field("Date", "Sat, 28 Nov 2026 09:00:00 +0000").bytes()),
            )
        })
        .collect();
    for run in runs {
        let outcome = world.wait("deliver", run);
        outcome.check("held", outcome.code == Some(0));
    }
    let rows = world.store().all_held().unwrap();
    assert!(rows.len() == 9 && rows.iter().all(|row| row.reason != Reason::LookLater), "{rows:?}");
}

#[test]
fn a_known_domain_passes_when_its_proof_was_found() {
    let server = honest(&zone());
    let world = world("where-silent", &server, "");
    let outcome = world.run(&["allow", "@example.net"], "");
    outcome.check("allowed", outcome.code == Some(0));
    let outcome = world.deliver(signed());
    outcome.is(0, 1, 0, 0);
    let message = String::from_utf8(outcome.after.inbox[0].clone()).unwrap();
    assert!(message.contains("X-Countersign-Verdict: pass; reason=proven-later"), "{message}");
    assert!(message.contains("X-Countersign-Verified: dkim (2)"), "{message}");
    world.deliver(letter().field("Message-ID", "<2@example.net>").bytes()).is(0, 1, 1, 0);
}

#[test]
fn always_asks_own_eyes_to_bear_out_what_a_field_says() {
    let zone = zone();
    let told = |world: &World, server: &Server| {
        world.configure(&format!("[eyes]\nlook = \"always\"\ndns = [\"{}\"]\n", server.address));
    };
    let claimed = letter().proven("dkim=pass header.d=example.net");
    let server = honest(&zone);
    // A field that a stranger has written, and nobody removed.
    let world = World::new();
    told(&world, &server);
    world.enter(BOB, Effect::Allow, Proofs::DKIM);
    world.deliver(claimed.bytes()).is(0, 0, 1, 0).held_for("pin-missing");
    // What both say.
    let world = World::new();
    told(&world, &server);
    world.enter(BOB, Effect::Allow, Proofs::DKIM);
    world.deliver(signer().sign(&claimed.bytes())).is(0, 1, 0, 0);
    // No answer: it waits, even from a friend.
    let failing = Server::start(Zone::default(), &[Behaviour::ServerFailure]);
    let world = World::new();
    told(&world, &failing);
    world.enter(BOB, Effect::Allow, Proofs::DKIM);
    world.deliver(signer().sign(&claimed.bytes())).is(0, 0, 1, 0).held_for("look-later");
}

#[test]
fn the_mail_of_pinned_senders_is_looked_at_where_the_user_wants_it() {
    let server = honest(&zone());
    let altered = || String::from_utf8(signed()).unwrap().replace("Wonderland", "wonderland");
    for (what, message, inbox) in
        [("altered", altered().into_bytes(), 0), ("good", signed(), 1), ("unsigned", letter().bytes(), 1)]
    {
        let world = world("where-silent", &server, "look_at_pinned = true\n");
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        let outcome = world.deliver(message);
        outcome.check(what, outcome.after.inbox.len() == inbox);
        outcome.is(0, inbox, 1 - inbox, 0);
    }
    let dead = Server::start(Zone::default(), &[Behaviour::ServerFailure]);
    let pinned = |server: &Server| {
        let world = world("where-silent", server, "look_at_pinned = true\n");
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        world
    };
    pinned(&dead).deliver(signed()).is(0, 1, 0, 0);
    // One signature is wrong, and whether the one above it is good could not be found out.
    let altered = String::from_utf8(signed()).unwrap().replace("Tea at five", "Tea at six!");
    let twice = Signer::of("m.example.net", clock::now()).sign(altered.as_bytes());
    let half = honest(&format!("{}s._domainkey.m.example.net TIMEOUT\n", zone()));
    pinned(&half).deliver(twice.as_slice()).is(0, 1, 0, 0);
    pinned(&server).deliver(twice).is(0, 0, 1, 0).held_for("pin-missing");
}

#[test]
fn a_slow_resolver_takes_five_seconds_at_most_and_loses_nothing() {
    let slow = Server::start(Zone::text(&zone()), &[Behaviour::Slow(Duration::from_secs(30))]);
    let world = world("where-silent", &slow, "");
    let outcome = world.deliver(signed());
    outcome.is(0, 0, 1, 0).held_for("look-later");
}

#[test]
fn explain_looks_only_where_it_is_asked_to() {
    let server = honest(&zone());
    let world = world("off", &server, "");
    let plain = world.run(&["explain", "--json"], signed());
    assert!(server.asked().is_empty() && !String::from_utf8(plain.stdout).unwrap().contains("\"look\""));
    let looked = world.run(&["explain", "--json", "--look", "--dns", &server.address.to_string()], signed());
    let look = serde_json::from_slice::<serde_json::Value>(&looked.stdout).unwrap()["look"].clone();
    assert_eq!(look["dkim"], "pass", "{look}");
    assert_eq!((&look["spf"], &look["dmarc"]), (&"none".into(), &"none".into()), "{look}");
    assert_eq!(look["proven"], serde_json::json!(["dkim"]), "{look}");
    assert_eq!(look["refusals"], serde_json::json!([]), "{look}");
}

#[test]
fn what_was_found_stands_in_the_sealed_block_for_later_commands() {
    let server = honest(&zone());
    let world = world("where-silent", &server, "");
    world.sendmail_does("exit 75");
    world.deliver(signed()).is(0, 0, 1, 1).held_for("challenge");
    let asked = server.asked().len();
    world.sendmail_does("");
    world.run(&["maintain"], "").is(0, 0, 1, 2);
    assert_eq!(server.asked().len(), asked, "the second try needs no second look");
}

/// What `explain` says of a letter that arrived then.
fn looked(world: &World, server: &Server, message: Vec<u8>, arrival: i64) -> serde_json::Value {
    let (dns, arrival) = (server.address.to_string(), arrival.to_string());
    let outcome = world.run(&["explain", "--json", "--look", "--dns", &dns, "--arrival", &arrival], message);
    serde_json::from_slice::<serde_json::Value>(&outcome.stdout).unwrap()["look"].clone()
}

#[test]
fn each_strict_refusal_has_its_name() {
    const ARRIVAL: i64 = 1_796_000_000;
    let dated = |days: i64| date(ARRIVAL - days * 86_400);
    let of = |domain: &str, fields: &[&'static str], at: Option<i64>| Signer {
        domain: domain.to_owned(),
        fields: fields.to_vec(),
        at,
        ..Signer::of(domain, ARRIVAL)
    };
    let all = ["from", "to", "cc", "subject", "date"];
    let without = |name: &str| all.iter().copied().filter(|field| *field != name).collect::<Vec<_>>();
    let letter = |from: &str, days: i64| {
        Letter::from(from).unproven().field("Date", &dated(days)).also("Cc", "carol@example.com")
    };
    let in_cc = |from: &str| letter(from, 0).field("To", "carol@example.com").field("Cc", OWNER);
    let outlook = "bob@outlook.com";
    let now = Some(ARRIVAL);
    for (refusal, letter, signer) in [
        ("cc-unsigned", in_cc(BOB), of("example.net", &without("cc"), now)),
        ("date-ahead", letter(BOB, -2), of("example.net", &all, None)),
        ("date-too-old", letter(outlook, 3), of("outlook.com", &without("to"), now)),
        ("date-unsigned", letter(BOB, 0), of("example.net", &without("date"), now)),
        ("other-domain", letter(BOB, 0), of("example.com", &all, now)),
        ("other-domain", letter("bob@a.example.net", 0), of("b.example.net", &all, now)),
        ("signed-long-ago", letter(BOB, 0), of("example.net", &all, Some(ARRIVAL - 7 * 86_400 - 1))),
        ("signed-long-ago", letter(BOB, 8), of("example.net", &all, None)),
        ("subject-unsigned", letter(BOB, 0), of("example.net", &without("subject"), now)),
        ("to-unsigned", letter(BOB, 0), of("example.net", &without("to"), now)),
        ("", in_cc(BOB), of("example.net", &without("to"), now)),
        ("", letter(outlook, 1), of("outlook.com", &without("to"), now)),
        ("", letter(BOB, 6), of("example.net", &all, None)),
        ("", letter(BOB, 0), of("example.net", &without("cc"), now)),
    ] {
        let server = honest(&signer.key());
        let world = world("off", &server, "");
        let look = looked(&world, &server, signer.sign(&letter.bytes()), ARRIVAL);
        let wanted: Vec<&str> = [refusal].into_iter().filter(|name| !name.is_empty()).collect();
        assert_eq!(look["refusals"], serde_json::json!(wanted), "{letter:?} {signer:?} {look}");
        assert_eq!(look["dkim"], "pass", "the standard is content: {look}");
        assert_eq!(look["proven"], serde_json::json!(if refusal.is_empty() { vec!["dkim"] } else { vec![] }), "{look}");
    }
}

#[test]
fn a_sibling_domain_is_the_authors_only_where_dmarc_says_so() {
    const ARRIVAL: i64 = 1_796_000_000;
    let signer = Signer::of("mail.example.net", ARRIVAL);
    let letter = Letter::from(BOB).unproven().field("Date", &date(ARRIVAL));
    for (record, proven) in [
        ("", vec![]),
        ("_dmarc.example.net TXT v=DMARC1; p=none; adkim=s\n", vec![]),
        ("_dmarc.example.net TIMEOUT\n", vec![]),
        ("_dmarc.example.net TXT v=DMARC1; p=none\n", vec!["dmarc"]),
    ] {
        let server = honest(&format!("{}{record}{MAIL}", signer.key()));
        let world = world("off", &server, "");
        let look = looked(&world, &server, signer.sign(&letter.bytes()), ARRIVAL);
        assert_eq!(look["proven"], serde_json::json!(proven), "{record} {look}");
        assert_eq!(look["unsettled"], record.contains("TIMEOUT"), "{record} {look}");
        let faults: Vec<_> =
            look["questions"].as_array().unwrap().iter().filter_map(|one| one["fault"].as_str()).collect();
        let wanted = if record.contains("TIMEOUT") { vec!["the server could not find out"] } else { vec![] };
        assert_eq!(faults, wanted, "{record} {look}");
    }
}

#[test]
fn what_the_user_has_put_back_is_looked_at_as_of_its_arrival() {
    let failing = Server::start(Zone::default(), &[Behaviour::ServerFailure]);
    let world = world("where-silent", &failing, "");
    let expires = clock::now() + 6;
    let signer = Signer { more: format!("x={expires}; "), ..signer() };
    world.deliver(signer.sign(&letter().bytes())).is(0, 0, 1, 0).held_for("look-later");
    while clock::now() <= expires + 1 {
        std::thread::sleep(Duration::from_millis(200));
    }
    // Its time begins anew; its signature was good when it came.
    world.database().execute("UPDATE held SET received = ?1, looks = 0", [clock::now()]).unwrap();
    let server = honest(&zone());
    let eyes = format!("[eyes]\nlook = \"where-silent\"\ndns = [\"{}\"]\n", server.address);
    world.configure(&format!("[trust]\nauthserv_ids = []\n{eyes}"));
    world.run(&["maintain"], "").is(0, 0, 1, 1).held_for("challenge");
}

#[test]
fn spf_is_asked_of_the_sender_as_it_is_written() {
    let server = honest("example.net TXT v=spf1 ip4:192.0.2.7 -all\nhelo.example TXT v=spf1 -all\n");
    let world = world("off", &server, "");
    let address = server.address.to_string();
    let spf = |more: &[&str], message: Vec<u8>| {
        let given = ["explain", "--json", "--look", "--dns", &address, "--helo", "helo.example", "--client"];
        let outcome = world.run(&[&given[..], more].concat(), message);
        serde_json::from_slice::<serde_json::Value>(&outcome.stdout).unwrap()["look"]["spf_result"].clone()
    };
    let unsaid = || letter().without_envelope().bytes();
    for (ip, sender, wanted) in [
        ("192.0.2.8", "a..b@example.net", "fail"),
        ("192.0.2.7", "<>", "fail"),
        ("192.0.2.7", "a..b@nothing.example", "none"),
        ("192.0.2.7", "a..b@example.net", "pass"),
        ("192.0.2.7", "<bob@EXAMPLE.net>", "pass"),
    ] {
        assert_eq!(spf(&[ip, "--sender", sender], unsaid()), wanted, "{ip} {sender}");
    }
    let odd = [b"Return-Path: <a..b@example.net>\n".to_vec(), unsaid()].concat();
    assert_eq!(spf(&["192.0.2.7"], odd), "pass", "it stands in the message");
}
