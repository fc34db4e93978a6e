//! What meets a challenge out there: another installation, a vacation notice, a robot that echoes, an address that
//! does not exist. There is never more than one challenge in all, and nothing is confirmed.

use super::letter::{Letter, OWNER};
use super::world::{Sent, World};

const BOB: &str = "bob@example.net";

/// Bob's installation.
fn bobs_world() -> World {
    World::with(
        "[owner]\naddress = \"bob@example.net\"\ndelimiters = \"+\"\n[trust]\nauthserv_ids = [\"mx.example.net\"]\n",
    )
}

/// What sendmail was given, as the mail system of the other side hands it over: with its findings, which are good.
fn carried(sent: &Sent, authserv_id: &str, domain: &str) -> Vec<u8> {
    let from = sent.argv[2].trim_matches(['<', '>']).to_owned();
    let to = sent.argv.last().unwrap();
    let text = format!(
        "Return-Path: <{from}>\nDelivered-To: {to}\nAuthentication-Results: {authserv_id};\n\t\
         dmarc=pass header.from={domain};\n\tdkim=pass header.d={domain}\nReceived: from out.{domain} \
         (out.{domain} [192.0.2.7])\n\tby {authserv_id} with ESMTPS; Sat, 21 Nov 2026 12:00:00 +0000\n{}",
        sent.message
    );
    text.into_bytes()
}

/// Nothing confirmed, one challenge in all.
#[track_caller]
fn nothing_came_of_it(world: &World, person: &str) {
    let state = world.state();
    assert!(state.inbox.is_empty(), "something passed: {}", String::from_utf8_lossy(&state.inbox[0]));
    assert_eq!(world.entry(person), None, "{person} is allowed");
    assert_eq!(state.sent.len(), 1, "one challenge in all");
}

#[test]
fn two_installations_do_not_talk_to_each_other() {
    for configuration in ["", "[challenge]\nsendmail = \"SENDMAIL\"\nenvelope = \"tagged\"\n"] {
        let (alice, bob) = (World::with(configuration), bobs_world());
        let mut for_bob = vec![alice.challenge(BOB)];
        let mut carried_count = 0;
        // Whatever either of them sends is carried to the other, until it is quiet.
        while let Some(sent) = for_bob.pop() {
            carried_count += 1;
            assert!(carried_count < 10, "it does not end");
            let before = bob.sent().len();
            let outcome = bob.deliver(carried(&sent, "mx.example.net", "example.org"));
            outcome.check("Bob's side holds the challenge", outcome.code == Some(0) && outcome.after.inbox.is_empty());
            for answer in outcome.after.sent[before..].iter() {
                let before = alice.sent().len();
                let outcome = alice.deliver(carried(answer, "mx.example.org", "example.net"));
                for_bob.extend(outcome.after.sent[before..].iter().cloned());
            }
        }
        nothing_came_of_it(&alice, BOB);
        assert!(bob.sent().is_empty(), "Bob's side asked a challenge");
    }
}

#[test]
fn both_sides_write_at_once_and_each_is_asked_once() {
    let (alice, bob) = (World::new(), bobs_world());
    let to_bob = alice.challenge(BOB);
    let letter = Letter::from(OWNER).field("To", BOB).delivered_to(BOB);
    let text = String::from_utf8(letter.bytes()).unwrap().replace("mx.example.org", "mx.example.net");
    let to_alice = bob.deliver(text).after.sent.pop().expect("Bob's side asks Alice");
    bob.deliver(carried(&to_bob, "mx.example.net", "example.org"));
    alice.deliver(carried(&to_alice, "mx.example.org", "example.net"));
    for (world, other) in [(&alice, BOB), (&bob, OWNER)] {
        assert_eq!(world.sent().len(), 1);
        assert!(world.state().inbox.is_empty());
        assert_eq!(world.entry(other), None, "{other}");
    }
}

#[test]
fn an_out_of_office_notice_confirms_nothing() {
    let marks: [&[(&str, &str)]; 5] = [
        &[("Auto-Submitted", "auto-replied")],
        &[("Auto-Submitted", "auto-replied (vacation)"), ("Precedence", "bulk")],
        &[("Precedence", "auto_reply")],
        &[("Auto-Submitted", "auto-generated")],
        &[("X-Loop", "x"), ("Auto-Submitted", "auto-replied")],
    ];
    for (fields, null) in marks.iter().flat_map(|fields| [(fields, true), (fields, false)]) {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let mut notice = Letter::answer(&challenge, BOB).body("I am out of the office until Monday.\n");
        for (name, value) in *fields {
            notice = notice.also(name, value);
        }
        if null {
            notice = notice.envelope("<>");
        }
        let outcome = world.deliver(notice.bytes());
        outcome.check("held", outcome.code == Some(0));
        nothing_came_of_it(&world, BOB);
    }
}

/// The challenge as a robot sends it back: From and To turned round, the text as it is, no mark at all.
fn echo(challenge: &Sent, subject: &str) -> Letter {
    let parsed = mailparse::parse_mail(challenge.message.as_bytes()).unwrap();
    let text = parsed.get_body().unwrap().replace("\r\n", "\n");
    Letter::answer(challenge, BOB)
        .field("Subject", subject)
        .also("Content-Type", "text/plain; charset=utf-8")
        .also("Content-Transfer-Encoding", "8bit")
        .body(&text)
}

#[test]
fn an_echo_without_any_mark_confirms_nothing() {
    for language in ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "cs", "ru", "nb", "uk"] {
        let world = World::with(&format!("[challenge]\nsendmail = \"SENDMAIL\"\nlanguages = [\"{language}\"]\n"));
        let challenge = world.challenge(BOB);
        for (number, subject) in ["Re: Auto", "Auto"].into_iter().enumerate() {
            let echo = echo(&challenge, subject).field("Message-ID", &format!("<echo{number}@example.net>"));
            let outcome = world.deliver(echo.bytes());
            outcome.check("held", outcome.code == Some(0));
            nothing_came_of_it(&world, BOB);
        }
    }
}

#[test]
fn an_echo_with_its_header_or_a_wrong_word_confirms_nothing() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let field = challenge.field("X-CR-Challenge").unwrap();
    let outcome = world.deliver(Letter::answer(&challenge, BOB).also("X-CR-Challenge", &field).bytes());
    outcome.held_for("challenge-field");
    nothing_came_of_it(&world, BOB);
    let world = World::with("[challenge]\nsendmail = \"SENDMAIL\"\nanswer = \"word\"\n");
    let challenge = world.challenge(BOB);
    for number in 0..5 {
        let echo = echo(&challenge, "Auto").field("Message-ID", &format!("<echo{number}@example.net>"));
        world.deliver(echo.bytes());
    }
    nothing_came_of_it(&world, BOB);
}

#[test]
fn an_address_that_does_not_exist_confirms_nothing() {
    for configuration in ["", "[challenge]\nsendmail = \"SENDMAIL\"\nenvelope = \"tagged\"\n"] {
        let world = World::with(configuration);
        let challenge = world.challenge(BOB);
        for to in ["<>", OWNER, &challenge.argv[2].clone()] {
            let to = if to == "<>" { challenge.field("Reply-To").unwrap() } else { to.to_owned() };
            for (name, value) in
                [("Content-Type", "multipart/report; report-type=delivery-status; boundary=b"), ("X-X", "x")]
            {
                let bounce = Letter::from("MAILER-DAEMON@mx.example.net")
                    .envelope("<>")
                    .delivered_to(&to)
                    .field("To", &to)
                    .field("Subject", "failure notice")
                    .field("Message-ID", &format!("<{}@mx.example.net>", to.len() + name.len()))
                    .also(name, value)
                    .body(&format!(
                        "No such user here.\n\n--- Below this line is a copy of the message.\n\n{}",
                        challenge.message
                    ));
                let outcome = world.deliver(bounce.bytes());
                outcome.check("held", outcome.code == Some(0));
            }
        }
        nothing_came_of_it(&world, BOB);
    }
}
