//! `why`: the hashes that it names are those that the mail log has, whatever the Message-ID and the sender look like and
//! whichever key they were written under; and it says no reason twice.

use countersign::world::store::State;

use super::letter::Letter;
use super::world::{Outcome, World, header};

const BOB: &str = "bob@example.net";

fn said(outcome: &Outcome) -> String {
    format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr))
}

/// The hashes behind that word in a text, each once.
fn hashes(text: &str, word: &str) -> Vec<String> {
    let mut found: Vec<String> = text.split(word).skip(1).map(|rest| rest.chars().take(32).collect()).collect();
    found.retain(|hash: &String| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    found.sort();
    found.dedup();
    found
}

/// A world whose log lines can be read.
#[cfg(debug_assertions)]
struct Logged {
    world: World,
    log: std::os::unix::net::UnixDatagram,
}

#[cfg(debug_assertions)]
impl Logged {
    fn new() -> Logged {
        let mut world = World::new();
        let log = std::os::unix::net::UnixDatagram::bind(world.path("log")).unwrap();
        log.set_nonblocking(true).unwrap();
        world.set("COUNTERSIGN_TEST_LOG", world.path("log"));
        Logged { world, log }
    }

    /// What the log has of that message.
    fn deliver(&self, message: impl Into<Vec<u8>>) -> String {
        let outcome = self.world.deliver(message);
        outcome.check("it is taken", outcome.code == Some(0));
        let (mut lines, mut line) = (String::new(), [0; 2000]);
        while let Ok(count) = self.log.recv(&mut line) {
            lines.push_str(&String::from_utf8_lossy(&line[..count]));
            lines.push('\n');
        }
        assert!(lines.contains(" message=") && lines.contains(" sender="), "{lines}");
        lines
    }

    /// `why` names the hash of the message that the log has, and none that it has not.
    #[track_caller]
    fn names(&self, what: &str, log: &str, word: &str) {
        for words in [&["why", what][..], &["why", "--json", what]] {
            let outcome = self.world.run(words, "");
            let text = said(&outcome).replace("\"message\":\"", "message=").replace("\"sender\":\"", "sender=");
            let (wanted, named) = (hashes(log, word), hashes(&text, word));
            assert_eq!(wanted.len(), 1, "{log}");
            outcome.check(&format!("{what}: {word}{wanted:?} is named"), named.contains(&wanted[0]));
        }
    }
}

#[cfg(debug_assertions)]
#[test]
fn whatever_the_message_id_looks_like_the_hash_is_the_one_in_the_log() {
    let logged = Logged::new();
    for (field, typed) in [
        ("<a.b@example.net>", "<a.b@example.net>"),
        ("<A.B@Example.NET>", "A.B@Example.NET"),
        ("\n <folded@example.net>", "<folded@example.net>"),
        ("  <blanks@example.net>  ", " <blanks@example.net> "),
        ("<odd!#$%&'*+/=?^_`{|}~@[192.0.2.1]>", "<odd!#$%&'*+/=?^_`{|}~@[192.0.2.1]>"),
        ("<=?utf-8?q?encoded?=@example.net>", "<=?utf-8?q?encoded?=@example.net>"),
        ("<two@at@example.net>", "two@at@example.net"),
        ("<\"quoted\"@example.net>", "\"quoted\"@example.net"),
    ] {
        let log = logged.deliver(Letter::from(BOB).unproven().field("Message-ID", field).bytes());
        logged.names(typed, &log, "message=");
        let outcome = logged.world.run(&["why", typed], "");
        // It was held, so it is recorded, and by nothing else than its Message-ID.
        outcome.check("it is recorded", outcome.code == Some(0) && hashes(&said(&outcome), "sender=").is_empty());
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_message_id_that_the_log_does_not_write_down_is_never_given_a_hash() {
    let logged = Logged::new();
    let letter = || Letter::from(BOB).unproven();
    for (message, typed) in [
        (letter().field("Message-ID", "< inner blank@example.net >"), "< inner blank@example.net >"),
        (letter().field("Message-ID", "<\u{e9}@b c.example>"), "<\u{e9}@b c.example>"),
        (letter().field("Message-ID", "<a@x.example> <b@x.example>"), "<a@x.example> <b@x.example>"),
        (letter().field("Message-ID", "<no.host>"), "<no.host>"),
    ] {
        let log = logged.deliver(message.bytes());
        assert!(log.contains("message=none "), "{log}");
        let outcome = logged.world.run(&["why", typed], "");
        let tells = said(&outcome).contains("message=none") || !typed.contains('@');
        outcome.check("no hash", outcome.code == Some(64) && hashes(&said(&outcome), "message=").is_empty() && tells);
        logged.names(BOB, &log, "sender=");
    }
    // One of several is none that anybody finds; what the log would have of it alone is said to be not recorded.
    let log = logged.deliver(letter().field("Message-ID", "<a@x.example>").also("Message-ID", "<b@x.example>").bytes());
    assert!(log.contains("message=none "), "{log}");
    assert_eq!(logged.world.run(&["why", "<a@x.example>"], "").code, Some(1));
}

#[cfg(debug_assertions)]
#[test]
fn whatever_the_sender_looks_like_the_hash_is_the_one_in_the_log() {
    let logged = Logged::new();
    logged.world.allow("carol@example.net");
    for (from, typed) in [
        (BOB, BOB),
        ("BOB@Example.Net", BOB),
        ("b.o.b@gmail.com", "bob@gmail.com"),
        ("b.o.b@gmail.com", "B.O.B@googlemail.com"),
        ("bob+shop@example.net", "bob+shop@example.net"),
        // Whoever is allowed leaves no row, and is named all the same.
        ("carol@example.net", "Carol@example.net"),
    ] {
        let log = logged.deliver(Letter::from(from).unproven().bytes());
        logged.names(typed, &log, "sender=");
    }
}

#[cfg(debug_assertions)]
#[test]
fn what_was_written_under_an_older_key_is_named_as_it_was_written() {
    let logged = Logged::new();
    logged.world.allow("carol@example.net");
    let id = "<before@example.net>";
    let held = logged.deliver(Letter::from(BOB).unproven().field("Message-ID", id).bytes());
    let passed = logged.deliver(Letter::from("carol@example.net").field("Message-ID", "<passed@example.net>").bytes());
    assert_eq!(logged.world.run(&["keys", "rotate", "list"], "").code, Some(0));
    logged.names(id, &held, "message=");
    logged.names(BOB, &held, "sender=");
    // What has a row is named as the log has it, and not as the log would have it today.
    assert_eq!(hashes(&said(&logged.world.run(&["why", id], "")), "message="), hashes(&held, "message="));
    logged.names("<passed@example.net>", &passed, "message=");
    logged.names("carol@example.net", &passed, "sender=");
    let later = logged.deliver(Letter::from(BOB).unproven().field("Message-ID", "<later@example.net>").bytes());
    logged.names("<later@example.net>", &later, "message=");
    logged.names(BOB, &later, "sender=");
    logged.names(BOB, &held, "sender=");
}

#[cfg(debug_assertions)]
#[test]
fn the_number_of_a_held_message_names_the_hashes_that_are_on_its_line() {
    let logged = Logged::new();
    let log = logged.deliver(Letter::from(BOB).unproven().bytes());
    let id = header(&logged.world.state().held[0], "X-Countersign-Id").unwrap();
    assert!(log.contains(&format!(" id={id} ")), "{log}");
    logged.names(&id, &log, "message=");
    logged.names(&id, &log, "sender=");
}

#[test]
fn an_address_is_not_looked_for_as_a_message_and_a_message_not_as_an_address() {
    let world = World::new();
    let outcome = world.run(&["why", "<nobody.knows@example.net>"], "");
    let (messages, senders) = (hashes(&said(&outcome), "message="), hashes(&said(&outcome), "sender="));
    outcome.check("a message", outcome.code == Some(1) && messages.len() == 1 && senders.is_empty());
    let outcome = world.run(&["why", "nobody.knows@example.net"], "");
    let (messages, senders) = (hashes(&said(&outcome), "message="), hashes(&said(&outcome), "sender="));
    outcome.check("may be both", outcome.code == Some(1) && messages.len() == 1 && senders.len() == 1);
    world.allow(BOB);
    let outcome = world.run(&["why", BOB], "");
    let (messages, senders) = (hashes(&said(&outcome), "message="), hashes(&said(&outcome), "sender="));
    outcome.check("on the list", outcome.code == Some(0) && messages.is_empty() && senders.len() == 1);
}

#[test]
fn no_reason_is_said_twice() {
    let world = World::new();
    let list = Letter::from(BOB).field("List-Id", "<news.example.net>").field("Message-ID", "<1@example.net>");
    world.deliver(list.bytes()).is(0, 0, 1, 0);
    let said_once = |outcome: &Outcome, name: &str| {
        let text = said(outcome);
        outcome.check(&format!("{name} once"), text.matches(&format!("{name})")).count() == 1);
    };
    let reason = world.store().all_held().unwrap()[0].reason;
    said_once(&world.run(&["why", "<1@example.net>"], ""), reason.name());
    said_once(&world.run(&["why", BOB], ""), reason.name());
    let id = world.store().all_held().unwrap()[0].id.to_string();
    said_once(&world.run(&["show", &id], ""), reason.name());
    said_once(&world.run(&["challenge", &id], ""), reason.name());
}

#[test]
fn of_a_message_that_was_held_and_decided_about_the_reason_is_said_once_in_the_order_of_time() {
    let world = World::new();
    world.deny(BOB);
    let letter = |body: &str| Letter::from(BOB).field("Message-ID", "<1@example.net>").body(body);
    world.deliver(letter("One.\n").bytes()).is(0, 0, 1, 0).held_for("denied-sender");
    world.configure("[denied]\ndiscard = true\n");
    world.deliver(letter("Two.\n").bytes()).is(0, 0, 1, 0);
    world.database().execute_batch("UPDATE held SET received = received - 60 WHERE state = 1").unwrap();
    let row = world.store().all_held().unwrap()[0];
    assert_eq!(row.state, State::Held);
    for what in ["<1@example.net>", BOB] {
        let outcome = world.run(&["why", what], "");
        let text = said(&outcome);
        let (held, discarded) = (text.find("held, sender not asked"), text.find("discarded, sender not asked"));
        outcome.check("in order", held.is_some() && discarded.is_some() && held < discarded);
        outcome.check("once", text.matches("(denied-sender)").count() == 1);
    }
    // Another message of the same sender has its own reason, which is said.
    world.deliver(letter("Three.\n").field("Message-ID", "<2@example.net>").bytes()).is(0, 0, 1, 0);
    let outcome = world.run(&["why", BOB], "");
    outcome.check("each its own", said(&outcome).matches("(denied-sender)").count() == 2);
}
