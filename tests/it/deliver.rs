//! The main job: hold a stranger's letter, ask once, let the answer release it, and lose nothing on the way.

use std::fs;

use countersign::origin::auth::Proofs;
use countersign::policy::standing::{Effect, Origin};
use countersign::policy::token::Purpose;
use countersign::world::store::{Asked, Store, StoreFile};
use rustix::process::{Pid, Signal, kill_process};

use super::letter::{Letter, OWNER, SUBJECT};
use super::world::{Outcome, Sent, World, each, header};

const BOB: &str = "bob@example.net";

#[test]
fn a_proven_stranger_is_held_and_asked_once() {
    let world = World::new();
    let letter = Letter::from(BOB);
    let outcome = world.deliver(letter.bytes());
    outcome.is(0, 0, 1, 1).is_silent().held_for("challenge");
    outcome.check("the letter is stored byte for byte", outcome.after.held[0].ends_with(&letter.handed_over()));
    let second = world.deliver(letter.field("Message-ID", "<2@example.net>").bytes());
    second.is(0, 0, 2, 1).held_for("asked-recently");
    let tagged = world.deliver(Letter::from("bob+shop@example.net").bytes());
    tagged.is(0, 0, 3, 1).held_for("asked-recently");
}

#[test]
fn a_challenge_is_addressed_as_the_standards_say() {
    let world = World::new();
    let sent = world.challenge(BOB);
    assert_eq!(sent.argv, ["-i", "-f", "<>", "--", BOB]);
    let token = sent.token();
    let fields = [
        ("From", OWNER.to_owned()),
        ("To", BOB.to_owned()),
        ("Reply-To", format!("alice+c{token}@example.org")),
        ("Message-ID", format!("<cr.c.{token}@example.org>")),
        ("Auto-Submitted", "auto-replied".to_owned()),
        ("In-Reply-To", "<15.bob.example.net@example.net>".to_owned()),
        ("References", "<15.bob.example.net@example.net>".to_owned()),
    ];
    for (name, value) in fields {
        assert_eq!(sent.field(name), Some(value), "{name} in\n{}", sent.message);
    }
    assert!(sent.field("Subject").unwrap().contains(&format!("[cr-{token}]")));
    assert!(sent.message.len() <= 4096 && !sent.message.contains("Wonderland"), "{}", sent.message);
    let names: Vec<&str> = sent.environment.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(names.iter().all(|name| ["HOME", "PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)), "{names:?}");
}

#[test]
fn the_letter_is_safe_and_the_slot_is_taken_before_sendmail_runs() {
    let world = World::new();
    let sent = world.challenge(BOB);
    assert_eq!(sent.held_before, 1, "the letter lay in the quarantine");
    let store = rusqlite::Connection::open(&sent.store_before).unwrap();
    let count = |sql: &str| store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM challenge"), 1);
    assert_eq!(count("SELECT asked FROM held"), 1, "the slot was taken, and no result was written yet");
}

#[test]
fn whatever_is_not_proven_is_held_in_silence() {
    let letters = [
        ("not-proven", Letter::from(BOB).unproven()),
        ("not-proven", Letter::from(BOB).proven("dmarc=pass header.from=evil.test")),
        ("not-proven", Letter::from(BOB).proven("dkim=pass header.d=evil.test")),
        ("not-proven", Letter::from(BOB).proven("spf=pass smtp.mailfrom=example.net")),
        (
            "not-proven",
            Letter::from(BOB)
                .unproven()
                .also("Authentication-Results", "evil.test; dmarc=pass header.from=example.net"),
        ),
        ("dmarc-fail", Letter::from(BOB).proven("dmarc=fail header.from=example.net")),
        ("envelope-differs", Letter::from(BOB).envelope("eve@example.net")),
        ("envelope-missing", Letter::from(BOB).without_envelope()),
        ("null-sender", Letter::from(BOB).envelope("<>")),
        ("list-field", Letter::from(BOB).field("List-Id", "<friends.example.net>")),
        ("no-reply-sender", Letter::from("noreply@example.net")),
        ("own-address-unproven", Letter::from(OWNER).unproven()),
        ("not-addressed", Letter::from(BOB).field("To", "undisclosed-recipients:;")),
        ("unclear-sender", Letter::from(BOB).also("From", "eve@example.net")),
        ("malformed", Letter::from(BOB).field("X-Odd Name", "x")),
        ("loop-received", (0..101).fold(Letter::from(BOB), |l, _| l.also("Received", "from a by b; now"))),
    ];
    each(letters, |(reason, letter)| {
        World::new().deliver(letter.bytes()).is(0, 0, 1, 0).is_silent().held_for(reason);
    });
}

#[test]
fn without_a_trusted_mail_system_nobody_is_ever_asked() {
    let world = World::with("[trust]\nauthserv_ids = []");
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 0).held_for("nothing-trusted");
}

/// What a person's mail program makes of "Reply" and "Send": each of these carries the token in one place only.
fn confirming(sent: &Sent) -> Vec<(&'static str, Letter)> {
    let token = sent.token();
    let id = sent.field("Message-ID").unwrap();
    let address = sent.field("Reply-To").unwrap();
    let bare = || Letter::bare_answer(BOB);
    let typed = |kind: &str, encoding: &str, body: &str| {
        bare().field("Content-Type", kind).field("Content-Transfer-Encoding", encoding).body(body)
    };
    let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    let (start, end) = token.split_at(17);
    vec![
        ("the whole answer", Letter::answer(sent, BOB)),
        ("in the address", bare().delivered_to(&address)),
        ("in the address, upper case", bare().delivered_to(&address.to_uppercase())),
        ("in To alone, as behind Sendmail", bare().field("To", &format!("Alice <{address}>"))),
        ("in Cc alone", bare().field("Cc", &address)),
        ("in the subject", bare().field("Subject", &format!("Re: AW: Sv: {SUBJECT} [cr-{token}]"))),
        ("in the subject, upper case", bare().field("Subject", &format!("RE: [CR-{}]", token.to_uppercase()))),
        (
            "in the subject, folded",
            bare().field(
                "Subject",
                &format!("Re: Auto: please reply so that\n your message is\n delivered [cr-{token}]"),
            ),
        ),
        ("in the subject, folded inside", bare().field("Subject", &format!("Re: {SUBJECT} [cr-{start}\n {end}]"))),
        (
            "in the subject, base64",
            bare().field("Subject", &format!("=?utf-8?B?{}?=", base64(&format!("Re: [cr-{token}]")))),
        ),
        (
            "in the subject, quoted",
            bare().field("Subject", &format!("=?iso-8859-1?Q?R=E9:_[cr-{start}?=\n =?iso-8859-1?Q?{end}]?=")),
        ),
        ("in In-Reply-To", bare().field("In-Reply-To", &id)),
        ("in References", bare().field("References", &format!("<other@example.net>\n\t{id}"))),
        ("in References, upper case", bare().field("References", &id.to_uppercase())),
        ("in the body", bare().body(&format!("> cr-{token}\n"))),
        ("in the body, upper case", bare().body(&format!("> CR-{}\n", token.to_uppercase()))),
        ("in the body, read as letters", bare().body(&format!("> cr-{}\n", token.replace('1', "l").replace('0', "O")))),
        ("in the body, wrapped", bare().body(&format!("> > text cr-{start}\n> > {end} text\n"))),
        (
            "in the body, quoted-printable",
            typed("text/plain; charset=utf-8", "quoted-printable", &format!("=3E cr=2D{start}=\n{end}\n")),
        ),
        ("in the body, base64", typed("text/plain", "base64", &format!("{}\n", base64(&format!("> cr-{token}\r\n"))))),
        (
            "in the body, HTML alone",
            typed("text/html", "7bit", &format!("<blockquote><p>cr-<b>{start}</b>{end}</p></blockquote>\n")),
        ),
        (
            "in the body, alternatives",
            typed(
                "multipart/alternative; boundary=b",
                "7bit",
                &format!(
                    "--b\nContent-Type: text/plain\n\n> cr-{token}\n--b\nContent-Type: text/html\n\n\
                    <blockquote>x</blockquote>\n--b--\n"
                ),
            ),
        ),
    ]
}

#[test]
fn every_kind_of_answer_releases_the_letter_once() {
    let count = {
        let world = World::new();
        confirming(&world.challenge(BOB)).len()
    };
    each(0..count, |at| {
        let world = World::new();
        let (name, letter) = confirming(&world.challenge(BOB)).swap_remove(at);
        let outcome = world.deliver(letter.bytes());
        confirmed(&world, &outcome, name);
        outcome.is(0, 1, 1, 1).is_silent().held_for("answer");
    });
}

#[track_caller]
fn confirmed(world: &World, outcome: &Outcome, name: &str) {
    let letters = outcome.after.inbox.iter().filter(|m| m.ends_with(&Letter::from(BOB).handed_over())).count();
    outcome.check(&format!("{name}: the letter is released once"), letters == 1);
    let entry = world.entry(BOB).unwrap_or_else(|| panic!("{name}: no entry\n{outcome}"));
    assert_eq!((entry.effect, entry.origin), (Effect::Allow, Origin::Confirmed), "{name}");
    assert!(!entry.pin.is_empty(), "{name}: the entry is pinned");
}

#[test]
fn an_answer_with_text_of_its_own_is_delivered() {
    let world = World::new();
    let sent = world.challenge(BOB);
    let body = format!("Yes, it is me. When is tea?\n\n> cr-{}\n", sent.token());
    let outcome = world.deliver(Letter::answer(&sent, BOB).body(&body).bytes());
    confirmed(&world, &outcome, "with text");
    outcome.is(0, 2, 0, 1);
    world.deliver(Letter::from(BOB).field("Message-ID", "<next@example.net>").bytes()).is(0, 3, 0, 1);
}

#[test]
fn an_answer_may_come_from_another_address_of_the_person() {
    let world = World::new();
    let answer = Letter::answer(&world.challenge(BOB), "robert@work.example").unproven();
    let outcome = world.deliver(answer.bytes());
    confirmed(&world, &outcome, "from another address");
    assert!(world.entry("robert@work.example").is_none(), "only the challenged address is allowed");
}

#[test]
fn no_challenge_carries_the_token_of_another_one() {
    let world = World::new();
    let first = world.challenge(BOB);
    world.deny(BOB);
    // Carol answers what was meant for Bob; it confirms nothing, and she is a stranger like others.
    let outcome = world.deliver(Letter::answer(&first, "carol@example.com").bytes());
    outcome.is(0, 0, 2, 2);
    let second = &outcome.after.sent[1];
    assert_ne!(first.token(), second.token());
    for field in ["From", "Reply-To", "Message-ID", "Subject"] {
        let value = second.field(field).unwrap();
        assert!(!value.contains(&first.token()), "{field}: {value}");
    }
    assert_eq!(second.field("From").as_deref(), Some(OWNER));
}

#[test]
fn the_extension_that_only_the_caller_knows_confirms() {
    for arguments in [vec!["deliver", "--extension"], vec!["gate", "--extension"]] {
        let world = World::new();
        let extension = format!("c{}", world.challenge(BOB).token());
        let outcome = world.run(&[arguments, vec![&extension]].concat(), Letter::bare_answer(BOB).bytes());
        confirmed(&world, &outcome, "by argument");
    }
    let mut world = World::new();
    world.set("EXTENSION", format!("c{}", world.challenge(BOB).token()));
    let outcome = world.deliver(Letter::bare_answer(BOB).bytes());
    confirmed(&world, &outcome, "by the environment");
}

#[test]
fn what_a_machine_echoes_confirms_nothing() {
    type Change = fn(Letter) -> Letter;
    let machines: [(&str, Change); 12] = [
        ("a bounce", |l| l.envelope("<>")),
        ("a bounce, as mbox programs spell it", |l| l.envelope("MAILER-DAEMON")),
        ("a delivery report", |l| l.field("Content-Type", "multipart/report; report-type=delivery-status; boundary=b")),
        ("a vacation reply", |l| l.field("Auto-Submitted", "auto-replied (vacation)")),
        ("a vacation reply of old", |l| l.field("Precedence", "auto_reply")),
        ("a robot", |l| l.field("Auto-Submitted", "auto-generated")),
        ("a malformed word", |l| l.field("Auto-Submitted", "yes please")),
        ("a list post", |l| l.field("List-Id", "<friends.example.net>")),
        ("a list post of old", |l| l.field("Precedence", "list")),
        ("bulk", |l| l.field("Precedence", "bulk")),
        ("another filter's challenge", |l| l.field("X-CR-Challenge", "v=1")),
        ("a role", |l| l.field("From", "postmaster@example.net").envelope("postmaster@example.net")),
    ];
    each(machines, |(name, change)| {
        let world = World::new();
        let answer = change(Letter::answer(&world.challenge(BOB), BOB));
        let outcome = world.deliver(answer.bytes());
        outcome.is(0, 0, 2, 1).check(name, world.entry(BOB).is_none());
    });
}

#[test]
fn nobody_who_is_denied_confirms_anything() {
    for (denied, answers) in [
        (BOB, BOB),
        (BOB, "carol@example.com"),
        ("carol@example.com", "carol@example.com"),
        ("@example.com", "carol@example.com"),
    ] {
        let world = World::new();
        let answer = Letter::answer(&world.challenge(BOB), answers).unproven();
        world.deny(denied);
        world.deliver(answer.bytes()).is(0, 0, 2, 1);
        assert!(world.entry(BOB).is_none_or(|entry| entry.effect == Effect::Deny), "{denied} {answers}");
    }
}

#[test]
fn a_token_that_was_not_minted_for_this_confirms_nothing() {
    let world = World::new();
    let good = world.challenge(BOB).token();
    let flipped = |at: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
        String::from_utf8(bytes).unwrap()
    };
    let tokens = [
        ("forged in its proof", flipped(20)),
        ("forged in its number", flipped(8)),
        ("forged in its day", flipped(2)),
        ("forged in its key", flipped(0)),
        ("expired and no longer held", world.token(Purpose::Confirm, 1, 31, BOB)),
        ("for another purpose", world.token(Purpose::NotMe, 2, 0, BOB)),
        ("a mark of our own mail", world.token(Purpose::Own, 3, 0, BOB)),
        ("for another address", world.token(Purpose::Confirm, 4, 0, "eve@example.net")),
        ("short", good[..31].to_owned()),
        ("long", format!("{good}0")),
    ];
    for (name, token) in tokens {
        let body = format!("> cr-{token}\n");
        let answer = Letter::bare_answer(BOB).field("Message-ID", &format!("<{token}@example.net>")).body(&body);
        let outcome = world.deliver(answer.bytes());
        outcome.check(name, outcome.code == Some(0) && outcome.after.inbox.is_empty() && world.entry(BOB).is_none());
    }
}

#[test]
fn a_confirmation_of_the_last_days_needs_no_memory() {
    let world = World::new();
    let sent = world.challenge(BOB);
    for entry in fs::read_dir(world.quarantine().join("new")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    world.deliver(Letter::answer(&sent, BOB).bytes()).is(0, 0, 1, 1).held_for("answer");
    assert_eq!(world.entry(BOB).expect("an entry").pin, Proofs::DMARC.union(Proofs::DKIM));
    // The same without even a row.
    let world = World::new();
    let token = world.token(Purpose::Confirm, 99, 30, BOB);
    world.deliver(Letter::bare_answer(BOB).body(&format!("> cr-{token}\n")).bytes()).is(0, 0, 1, 0);
    assert!(world.entry(BOB).is_some());
}

#[test]
fn a_spent_token_never_counts_again() {
    let world = World::new();
    let sent = world.challenge(BOB);
    world.deliver(Letter::answer(&sent, BOB).bytes()).is(0, 1, 1, 1);
    let installation = world.installation();
    let bob = countersign::mail::address::Address::parse(BOB).unwrap();
    let key =
        countersign::policy::fingerprint::Fingerprint::of_address(installation.keys.list.current().1, &bob.normal());
    assert_eq!(world.database().execute("DELETE FROM entry WHERE key = ?1", [key.bytes()]).unwrap(), 1);
    world.deliver(Letter::answer(&sent, BOB).field("Message-ID", "<again@example.net>").bytes()).is(0, 1, 2, 1);
    assert!(world.entry(BOB).is_none());
}

#[test]
fn five_answers_at_once_release_once() {
    for _ in 0..3 {
        let world = World::new();
        let answer = Letter::answer(&world.challenge(BOB), BOB).bytes();
        each(0..5, |_| {
            let outcome = world.deliver(answer.clone());
            outcome.check("taken", outcome.code == Some(0));
        });
        let outcome = world.deliver(answer);
        confirmed(&world, &outcome, "five at once");
        outcome.check("all ended well", outcome.code == Some(0) && outcome.after.drafts + outcome.after.marks == 0);
    }
}

#[test]
fn the_same_letter_again_is_held_once_and_asked_once() {
    let world = World::new();
    let letter = Letter::from(BOB);
    for round in 0..3 {
        // Another attempt of the mail system has other lines on top.
        let again =
            [format!("Delivery-Date: Sat, 21 Nov 2026 12:0{round}:00 +0000\n").into_bytes(), letter.handed_over()]
                .concat();
        let again = [b"Return-Path: <bob@example.net>\n".to_vec(), again].concat();
        world.deliver(again).is(0, 0, 1, 1);
    }
    assert_eq!(world.store().all_held().unwrap().len(), 1);
}

#[test]
fn sixty_four_letters_at_once_are_held_and_asked_about_once() {
    let world = World::new();
    each(0..64, |number| {
        let letter = Letter::from(BOB).field("Message-ID", &format!("<{number}@example.net>"));
        let outcome = world.deliver(letter.bytes());
        outcome.check("taken", outcome.code == Some(0));
    });
    let outcome = world.deliver(Letter::from(BOB).field("Message-ID", "<last@example.net>").bytes());
    outcome.is(0, 0, 65, 1);
    assert_eq!(world.store().all_held().unwrap().len(), 65);
}

#[test]
fn a_letter_without_the_same_proof_stays_held() {
    let world = World::new();
    world.deliver(Letter::from(BOB).unproven().field("Message-ID", "<forged@example.net>").bytes()).is(0, 0, 1, 0);
    let sent = world.challenge(BOB);
    let outcome = world.deliver(Letter::answer(&sent, BOB).bytes());
    confirmed(&world, &outcome, "the proven one");
    outcome.is(0, 1, 2, 1);
    let inbox = String::from_utf8_lossy(&outcome.after.inbox[0]).into_owned();
    outcome.check("the unproven one is not released", !inbox.contains("<forged@example.net>"));
    let forged = Letter::from(BOB).unsigned().field("Message-ID", "<later@example.net>");
    world.deliver(forged.bytes()).is(0, 1, 3, 1).held_for("pin-missing");
    // Where nobody has looked, a proof that is missing says nothing.
    world.deliver(forged.unproven().field("Message-ID", "<last@example.net>").bytes()).is(0, 2, 3, 1);
}

#[test]
fn the_list_decides() {
    let world = World::new();
    world.allow(BOB);
    world.allow("@example.com");
    world.deny("@evil.test");
    world.deny("list:spam.example.net");
    world.allow("list:friends.example.net");
    let of = |address: &str| Letter::from(address);
    let post = |list: &str| of("carol@example.net").field("List-Id", &format!("Friends <{list}>"));
    world.deliver(of(BOB).unproven().bytes()).is(0, 1, 0, 0);
    world.deliver(of("carol@example.com").bytes()).is(0, 2, 0, 0);
    world.deliver(of("dan@example.com").unproven().bytes()).is(0, 2, 1, 0).held_for("not-proven");
    world.deliver(of("eve@evil.test").bytes()).is(0, 2, 2, 0).held_for("denied-domain");
    world.deliver(post("spam.example.net").bytes()).is(0, 2, 3, 0).held_for("denied-list");
    world.deliver(post("friends.example.net").bytes()).is(0, 3, 3, 0);
    let forged = post("friends.example.net").unproven().field("Message-ID", "<f@example.net>");
    world.deliver(forged.bytes()).is(0, 3, 4, 0);
    world.deny(BOB);
    world.deliver(of(BOB).bytes()).is(0, 3, 5, 0).held_for("denied-sender");
}

#[test]
fn the_limits_hold() {
    for (limits, reason) in [("per_hour = 2", "hourly-cap"), ("per_day = 2", "daily-cap")] {
        let world = World::with(&format!("[challenge]\nsendmail = \"SENDMAIL\"\n{limits}"));
        for (number, sent) in [(1, 1), (2, 2), (3, 2), (4, 2)] {
            let letter = Letter::from(&format!("stranger{number}@example.net"));
            world.deliver(letter.bytes()).is(0, 0, number, sent);
        }
        let marks = world.state().held.iter().filter_map(|m| header(m, "X-Countersign-Verdict")).collect::<Vec<_>>();
        assert_eq!(marks.iter().filter(|m| m.contains(reason)).count(), 2, "{marks:?}");
    }
    let world = World::with("[challenge]\nsendmail = \"SENDMAIL\"\nper_hour = 0");
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 0);
}

#[test]
fn in_the_modes_observe_and_off_everything_passes() {
    for mode in ["observe", "off"] {
        let world = World::with(&format!("mode = \"{mode}\""));
        world.deny("eve@example.net");
        world.deliver(Letter::from(BOB).bytes()).is(0, 1, 0, 0);
        world.deliver(Letter::from("eve@example.net").bytes()).is(0, 2, 0, 0);
        world.deliver("no mail at all").is(0, 3, 0, 0);
        world.gate(Letter::from(BOB).bytes()).is(99, 3, 0, 0).is_silent();
        // An answer confirms nothing there.
        let token = world.token(Purpose::Confirm, 5, 0, BOB);
        world.deliver(Letter::bare_answer(BOB).body(&format!("> cr-{token}\n")).bytes()).is(0, 4, 0, 0);
        assert!(world.entry(BOB).is_none(), "{mode}");
    }
}

#[test]
fn what_observe_saw_is_written_down() {
    let world = World::with("mode = \"observe\"");
    world.deliver(Letter::from(BOB).bytes()).is(0, 1, 0, 0);
    let store = world.database();
    let rows: i64 = store.query_row("SELECT count(*) FROM decision", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn denied_mail_is_thrown_away_only_where_that_is_configured() {
    let world = World::with("[denied]\ndiscard = true");
    world.deny(BOB);
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 0, 0).is_silent();
    world.gate(Letter::from(BOB).bytes()).is(0, 0, 0, 0).is_silent();
    let world = World::new();
    world.deny(BOB);
    let outcome = world.deliver(Letter::from(BOB).bytes());
    outcome.is(0, 0, 1, 0).check("the trash is empty", outcome.after.trashed.is_empty());
}

#[test]
fn the_gate_takes_or_passes_and_stores_nothing_for_a_known_sender() {
    let world = World::new();
    world.enter(BOB, Effect::Allow, Proofs::DKIM);
    let before = fs::metadata(world.store_file()).unwrap().modified().unwrap();
    world.gate(Letter::from(BOB).bytes()).is(99, 0, 0, 0).is_silent();
    assert_eq!(fs::metadata(world.store_file()).unwrap().modified().unwrap(), before, "the store was written to");
    world.gate(Letter::from("carol@example.net").bytes()).is(0, 0, 1, 1).is_silent();
    let word = |outcome: &Outcome, word: &str| {
        outcome.check(word, outcome.stdout == word.as_bytes());
    };
    word(world.run(&["gate", "--word"], Letter::from(BOB).bytes()).is(0, 0, 1, 1), "pass");
    word(world.run(&["gate", "--word"], Letter::from("dan@example.net").bytes()).is(0, 0, 2, 2), "taken");
}

#[test]
fn the_filter_marks_and_does_nothing_else() {
    let world = World::new();
    let letter = Letter::from(BOB).also("X-Countersign-Verdict", "pass; reason=forged");
    let outcome = world.filter(letter.bytes());
    outcome.is(0, 0, 0, 0);
    let text = String::from_utf8(outcome.stdout.clone()).unwrap();
    let (mark, rest) = text.split_once('\n').unwrap();
    assert_eq!(mark, "X-Countersign-Verdict: challenge; reason=challenge");
    let expected = String::from_utf8(letter.bytes()).unwrap().replace("X-Countersign", "X-Old-Countersign");
    assert_eq!(rest, expected);
    assert!(world.store().all_held().unwrap().is_empty());
    // An answer that goes through the filter alone confirms nothing.
    let sent = world.challenge(BOB);
    world.filter(Letter::answer(&sent, BOB).bytes()).is(0, 0, 1, 1);
    assert!(world.entry(BOB).is_none());
}

#[test]
fn a_large_message_goes_through_whole() {
    let world = World::new();
    world.allow(BOB);
    let letter = Letter::from(BOB).body(&"0123456789abcde\n".repeat(300_000));
    let outcome = world.deliver(letter.bytes());
    outcome.is(0, 1, 0, 0).check("whole", outcome.after.inbox[0].ends_with(&letter.handed_over()));
    let stranger = Letter::from("carol@example.net").body(&"x".repeat(3_000_000));
    let outcome = world.deliver(stranger.bytes());
    outcome.is(0, 1, 1, 1).check("whole", outcome.after.held[0].ends_with(&stranger.handed_over()));
    assert_eq!(
        world.filter(letter.bytes()).stdout.len(),
        letter.bytes().len() + "X-Countersign-Verdict: pass; reason=allowed-sender\n".len()
    );
    let outcome = world.gate(letter.bytes());
    outcome.is(99, 1, 1, 1).check("all was read", outcome.drained);
}

#[test]
fn an_inbox_may_be_a_command() {
    let with = |script: &str| {
        let world = World::with(&format!(
            "[inbox]\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n[quarantine]\nmaildir = \"~/Maildir/.Held\""
        ));
        world.allow(BOB);
        world
    };
    let world = with("cat > WORLD/taken");
    let letter = Letter::from(BOB);
    world.deliver(letter.bytes()).is(0, 0, 0, 0).is_silent();
    assert!(fs::read(world.path("taken")).unwrap().ends_with(&letter.handed_over()));
    for script in ["exit 1", "cat >/dev/null; exit 75", "exit 0", "kill -9 $$", "cat >/dev/null; exit 200"] {
        let large = Letter::from(BOB).body(&"x".repeat(200_000));
        let outcome = with(script).deliver(large.bytes());
        outcome.check(&format!("{script}: what is not taken comes again"), outcome.code == Some(75)).is_silent();
    }
    // A held letter goes to the command when it is released, without the lines that Postfix takes for a loop.
    let world = with("cat > WORLD/taken");
    let sent = world.challenge("carol@example.net");
    world.deliver(Letter::answer(&sent, "carol@example.net").bytes()).is(0, 0, 1, 1).held_for("answer");
    let taken = fs::read_to_string(world.path("taken")).unwrap();
    assert!(
        taken.contains("Wonderland") && !taken.contains("Delivered-To") && taken.contains("X-Countersign-Own"),
        "{taken}"
    );
}

/// A world whose inbox is a line of shell; mail from [`BOB`] passes.
fn with_command(script: &str) -> World {
    let world = World::with(&format!(
        "[inbox]\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n[quarantine]\nmaildir = \"~/Maildir/.Held\""
    ));
    world.allow(BOB);
    world
}

#[test]
fn an_inbox_command_never_takes_a_part_for_the_whole() {
    let letter = Letter::from(BOB).body(&"0123456789abcde\n".repeat(50_000));
    let bytes = letter.bytes();
    let wait_for = |path: std::path::PathBuf| {
        let began = std::time::Instant::now();
        while !path.exists() && began.elapsed().as_secs() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(path.exists(), "{}", path.display());
    };
    // Killed while the message comes in.
    let world = with_command("cat > WORLD/part; mv WORLD/part WORLD/taken");
    let mut child = world.command(super::world::PROGRAM).arg("deliver").spawn().unwrap();
    let mut open = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut open, &bytes[..500_000]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let outcome = world.wait("deliver, ended within the message", child);
    outcome.check("it comes again", outcome.code == Some(75)).is_silent();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!world.path("taken").exists(), "a part was taken");
    drop(open);
    // Killed, by the signal that nobody can answer, while the command reads.
    let world = with_command("touch WORLD/begun; sleep 1; cat > WORLD/part; mv WORLD/part WORLD/taken");
    let child = world.start(&["deliver"], &bytes);
    wait_for(world.path("begun"));
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    world.wait("deliver, killed while the command reads", child);
    wait_for(world.path("taken"));
    assert!(fs::read(world.path("taken")).unwrap().ends_with(&letter.handed_over()), "a part was taken");
}

#[test]
fn an_inbox_command_gets_no_marks_that_are_not_ours() {
    let world = with_command("cat > WORLD/taken");
    let letter = Letter::from(BOB).also("X-Countersign-Verdict", "pass; reason=forged");
    let mbox = b"From bob@example.net Sat Nov 21 12:00:00 2026\n";
    world.deliver([mbox.as_slice(), &letter.bytes()].concat()).is(0, 0, 0, 0);
    let taken = fs::read_to_string(world.path("taken")).unwrap();
    assert!(taken.starts_with("From bob@example.net Sat"), "{taken}");
    assert!(taken.contains("\nX-Old-Countersign-Verdict: pass") && !taken.contains("\nX-Countersign"), "{taken}");
}

#[test]
fn a_caller_that_ignores_the_end_of_its_programs_changes_nothing() {
    // A shell's trap does not do it everywhere: dash leaves this one signal alone.
    let ignoring = "env --ignore-signal=CHLD";
    let world = with_command("cat > WORLD/taken");
    if world.shell(&format!("exec {ignoring} true"), "").code != Some(0) {
        eprintln!("LEFT OUT: env knows no --ignore-signal here, so no caller ignored the end of its programs");
        return;
    }
    world.shell(&format!("exec {ignoring} $P deliver"), Letter::from(BOB).bytes()).is(0, 0, 0, 0).is_silent();
}

#[cfg(debug_assertions)]
#[test]
fn an_inbox_command_is_ended_before_the_watchdog_comes() {
    let mut world = with_command("cat > /dev/null; sleep 7; touch WORLD/late");
    world.set("COUNTERSIGN_TEST_WATCHDOG", "9");
    let began = std::time::Instant::now();
    world.deliver(Letter::from(BOB).bytes()).is(75, 0, 0, 0).is_silent();
    assert!(began.elapsed().as_secs() < 9);
    std::thread::sleep(std::time::Duration::from_secs(8).saturating_sub(began.elapsed()));
    assert!(!world.path("late").exists(), "the command lived on");
}

#[test]
fn a_sendmail_that_fails_costs_the_challenge_and_not_the_letter() {
    let cases = [
        ("exit 0", Asked::SlotTaken),
        ("exit 75", Asked::Refused),
        ("exit 1", Asked::Refused),
        ("exit 127", Asked::Refused),
        ("exit 130", Asked::Unknown),
        ("never-read", Asked::Refused),
        ("crash", Asked::Unknown),
        ("flood", Asked::SlotTaken),
    ];
    each(cases, |(what, asked)| {
        let world = World::new();
        world.sendmail_does(what);
        let outcome = world.deliver(Letter::from(BOB).bytes());
        outcome.is(0, 0, 1, 1).is_silent().check(what, world.store().all_held().unwrap()[0].asked == asked);
        // The slot stays taken, whatever sendmail said.
        world.sendmail_does("exit 0");
        world.deliver(Letter::from(BOB).field("Message-ID", "<2@x>").bytes()).is(0, 0, 2, 1);
    });
    let world = World::new();
    fs::remove_file(world.sendmail()).unwrap();
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 0).is_silent();
}

#[test]
fn a_signal_is_answered_by_what_is_true() {
    let world = World::new();
    world.sendmail_does("hang");
    let child = world.start(&["deliver"], &Letter::from(BOB).bytes());
    while !world.path("hanging").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    world.wait("deliver, ended when the letter was safe", child).is(0, 0, 1, 1);
    // Before the message has been read to its end nothing is safe.
    for mode in ["deliver", "filter", "gate"] {
        let mut child = world.command(super::world::PROGRAM).arg(mode).spawn().unwrap();
        let open = child.stdin.take();
        std::thread::sleep(std::time::Duration::from_millis(300));
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        world.wait(mode, child).is(75, 0, 1, 1);
        drop(open);
    }
}

#[test]
fn an_answer_that_the_mail_system_hands_over_again_is_the_same_answer() {
    for (name, message_id) in [("with a Message-ID", true), ("without one", false)] {
        let world = World::new();
        let sent = world.challenge(BOB);
        let mut answer = Letter::answer(&sent, "robert@work.example");
        if !message_id {
            answer = answer.without("Message-ID");
        }
        // The gate says pass, and the caller's own delivery fails; or it held the answer, and its exit code was lost.
        let body = format!("Yes, it is me.\n\n> cr-{}\n", sent.token());
        let with_text = answer.clone().body(&body);
        for round in 0..3 {
            let outcome = world.gate([format!("Delivery-Date: {round}\n").into_bytes(), with_text.bytes()].concat());
            outcome.is(99, 1, 0, 1).check(name, world.entry(BOB).is_some());
        }
        // Somebody else's letter with the same token is neither an answer nor asked.
        let other = answer.field("Message-ID", "<other@work.example>");
        world.gate(other.bytes()).is(0, 1, 1, 1).held_for("spent-token");
        assert!(world.entry("robert@work.example").is_none());
    }
}

#[test]
fn the_message_id_of_an_answer_opens_nothing_for_another_text() {
    let world = World::new();
    let sent = world.challenge(BOB);
    let answer = Letter::answer(&sent, "robert@work.example").field("Message-ID", "<answer@work.example>");
    world.gate(answer.clone().body("Yes, it is me.\n").bytes()).is(99, 1, 0, 1);
    world.gate(answer.clone().body("Buy pills.\n").bytes()).is(0, 1, 1, 1).held_for("spent-token");
    let eve = Letter::answer(&sent, "eve@evil.example").field("Message-ID", "<answer@work.example>");
    world.gate(eve.body("Yes, it is me.\n").bytes()).is(0, 1, 2, 1).held_for("spent-token");
    // Nor does the very same message, when no mail system can have kept it for so long.
    let store = world.database();
    store.execute("UPDATE spent SET at = at - 7 * 86400", []).unwrap();
    world.gate(answer.body("Yes, it is me.\n").bytes()).is(0, 1, 3, 1).held_for("spent-token");
}

#[test]
fn releases_that_broke_off_go_on_when_the_answer_comes_again() {
    let world = World::new();
    let sent = world.challenge(BOB);
    let answer = Letter::answer(&sent, "robert@work.example");
    world.deliver(Letter::from(BOB).field("Message-ID", "<second@example.net>").bytes()).is(0, 0, 2, 1);
    let rows = world.store().all_held().unwrap();
    let (first, second) = (rows[0], rows[1]);
    world.deliver(answer.bytes()).is(0, 2, 1, 1);
    // As if the process had died between the two, and the file of the second lay there still.
    let installation = world.installation();
    let inbox = countersign::world::maildir::Maildir::at(world.inbox());
    let entry = inbox.find(&second.message.hex()).unwrap().unwrap();
    installation.quarantine().create().unwrap();
    fs::rename(&entry.path, world.quarantine().join("new").join(second.message.hex())).unwrap();
    world.store().set_state(second.id, countersign::world::store::State::Held).unwrap();
    assert_ne!(first.id, second.id);
    world.deliver(answer.bytes()).is(0, 2, 1, 1);
}

#[test]
fn an_answer_that_comes_again_does_not_bring_back_what_the_user_took_away() {
    for denied in [true, false] {
        let world = World::new();
        let answer = Letter::answer(&world.challenge(BOB), "robert@work.example");
        world.deliver(answer.bytes()).is(0, 1, 1, 1);
        if denied {
            world.deny(BOB);
        } else {
            world.run(&["forget", BOB], "");
        }
        world.deliver(answer.bytes());
        assert!(world.entry(BOB).is_none_or(|entry| denied && entry.effect == Effect::Deny));
    }
}

#[test]
fn a_store_that_is_damaged_on_the_way_holds_in_silence() {
    for damage in ["DROP TABLE spent", "UPDATE entry SET effect = 7", "DROP TABLE challenge", "DROP TABLE held"] {
        let world = World::new();
        let sent = world.challenge(BOB);
        world.deny("@vorpal.example");
        world.database().execute_batch(damage).unwrap();
        let answer = Letter::answer(&sent, "robert@vorpal.example").unproven();
        world.deliver(answer.bytes()).is(0, 0, 2, 1).is_silent().held_for("store-unavailable");
    }
    // What could not be written about mail to be thrown away is not thrown away.
    let world = World::with("[denied]\ndiscard = true");
    world.deny(BOB);
    let damage = "DROP TABLE held";
    world.database().execute_batch(damage).unwrap();
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 0).held_for("store-unavailable");
    // A confirmation that cannot be written confirms nothing.
    let world = World::new();
    let sent = world.challenge(BOB);
    let damage = "CREATE TABLE new (held INTEGER PRIMARY KEY, answer BLOB, sender BLOB, pin INTEGER); \
                  DROP TABLE spent; ALTER TABLE new RENAME TO spent";
    world.database().execute_batch(damage).unwrap();
    world.deliver(Letter::answer(&sent, BOB).bytes()).is(0, 0, 2, 1).held_for("store-unavailable");
    assert!(world.entry(BOB).is_none());
    let doctor = world.run(&["doctor"], "");
    doctor.check("doctor sees it", String::from_utf8_lossy(&doctor.stdout).contains("the store is damaged"));
    let sound = |file| Store::check(&world.store_file(), file).is_ok();
    let rebuilt = world.run(&["maintain", "--rebuild"], "");
    rebuilt.check("it can be rebuilt", sound(StoreFile::List) && sound(StoreFile::Messages));
}
