//! Mail about what the user sent: who answers it, what machines say of it, what is learned from that, and what everybody who
//! only knows or makes up a Message-ID gets.

use std::path::Path;

use countersign::facts::Facts;
use countersign::mail::address::Address;
use countersign::mail::earlier::IdPlace;
use countersign::operation::case::{self, Case};
use countersign::origin::auth::Proofs;
use countersign::origin::envelope::Caller;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::plan;
use countersign::policy::sent::Class;
use countersign::policy::standing::Origin;
use countersign::policy::token::{Day, Token};
use countersign::policy::verdict::Verdict;
use countersign::world::clock;
use countersign::world::store::SentRow;

use super::chance::Chance;
use super::fixture;
use super::letter::{AUTHSERV_ID, Letter, OWNER};
use super::world::{KEYS, Outcome, World, header};

const ZOE: &str = "zoe@example.com";
/// The Message-ID of the user's own letter.
pub const OWN: &str = "own.1@example.org";
const DAY: i64 = 86_400;

/// The store of this world knows a message of the user by this Message-ID.
pub fn note(world: &World, kind: Kind, text: &str, class: Class, at: i64) {
    let installation = world.installation();
    let (_, key) = installation.keys.list.current();
    let row = SentRow { key: Fingerprint::of(key, kind, text.as_bytes()), at, class };
    world.store().note_sent(&[row], &[]).unwrap();
}

/// A world in which the user sent [`OWN`] a day ago.
pub fn after_sending(class: Class) -> World {
    let world = World::new();
    note(&world, Kind::MessageId, OWN, class, clock::now() - DAY);
    world
}

/// An answer to [`OWN`].
pub fn reply(from: &str) -> Letter {
    Letter::from(from).field("Subject", "Re: The garden party").field("In-Reply-To", &format!("<{OWN}>"))
}

/// The case of a message, at this time.
fn judged(world: &World, message: &[u8], now: i64) -> Case {
    let installation = world.installation();
    let store = world.store();
    let facts = Facts::read(message, &Caller::default(), &installation.config.policy.trust);
    let standing = case::standing(&installation, Some(&store), &facts, now).unwrap_or_else(|_| panic!("no standing"));
    case::decide(&installation, facts, standing, None, now)
}

fn reason(case: &Case) -> &'static str {
    case.decision.reason.name()
}

fn learned(case: &Case) -> Option<String> {
    case.plan.iter().find_map(|effect| match effect {
        plan::Effect::Learn { address, .. } => Some(address.to_string()),
        _ => None,
    })
}

/// The program passes it for this reason.
#[track_caller]
fn passes(outcome: &Outcome, wanted: &str) {
    // The names of one second do not sort by time.
    let marks: Vec<_> = outcome.after.inbox.iter().filter_map(|one| header(one, "X-Countersign-Verdict")).collect();
    let good = marks.iter().any(|mark| mark.contains("pass") && mark.contains(&format!("reason={wanted}")));
    outcome.check(&format!("it passes for {wanted}: {marks:?}"), outcome.code == Some(0) && good);
}

#[test]
fn who_answers_a_private_message_passes_and_is_known_from_then_on() {
    let world = after_sending(Class::Private);
    let outcome = world.deliver(reply(ZOE).bytes());
    outcome.is(0, 1, 0, 0);
    passes(&outcome, "reply");
    let entry = world.entry(ZOE).expect("an entry");
    assert_eq!((entry.origin, entry.pin), (Origin::Replied, Proofs::AUTHOR));
    let next = Letter::from(ZOE).field("Message-ID", "<2@example.com>");
    passes(&world.deliver(next.bytes()), "allowed-sender");
    let forged = next.unsigned().field("Message-ID", "<3@example.com>");
    world.deliver(forged.bytes()).is(0, 2, 1, 0).held_for("pin-missing");
    world.deliver(forged.unproven().field("Message-ID", "<4@example.com>").bytes()).is(0, 3, 1, 0);
    let said = String::from_utf8(world.run(&["check", ZOE], "").stdout).unwrap();
    assert!(said.contains("the sender answered a private message of yours"), "{said}");
}

#[test]
fn what_proves_nothing_passes_and_teaches_nothing() {
    for (class, letter) in [
        (Class::Private, reply(ZOE).unproven()),
        (Class::Private, reply(ZOE).proven("spf=pass smtp.mailfrom=example.com")),
        (Class::Private, reply(ZOE).also("Precedence", "bulk")),
        (Class::Private, reply(ZOE).also("List-Id", "<l.example.com>")),
        (Class::Public, reply(ZOE)),
    ] {
        let world = after_sending(class);
        let outcome = world.deliver(letter.bytes());
        outcome.is(0, 1, 0, 0);
        passes(&outcome, "reply");
        assert_eq!(world.entry(ZOE), None, "{letter:?}");
    }
}

#[test]
fn gate_learns_before_it_answers_and_filter_does_not() {
    let world = after_sending(Class::Private);
    let marked = world.filter(reply(ZOE).bytes());
    marked.check("it is marked", marked.stdout.starts_with(b"X-Countersign-Verdict: pass; reason=reply\n"));
    world.run(&["explain"], reply(ZOE).bytes());
    world.run(&["replay", "/dev/null"], "");
    assert_eq!(world.entry(ZOE), None);
    world.gate(reply(ZOE).bytes()).is(99, 0, 0, 0).is_silent();
    assert_eq!(world.entry(ZOE).map(|entry| entry.origin), Some(Origin::Replied));
}

#[test]
fn what_cannot_be_learned_loses_nothing_and_is_learned_from_the_next_answer() {
    let world = after_sending(Class::Private);
    let list = rusqlite::Connection::open(world.list_file()).unwrap();
    list.execute_batch("BEGIN IMMEDIATE").unwrap();
    let outcome = world.deliver(reply(ZOE).bytes());
    outcome.is(0, 1, 0, 0);
    world.gate(reply(ZOE).bytes()).is(99, 1, 0, 0);
    list.execute_batch("ROLLBACK").unwrap();
    assert_eq!(world.entry(ZOE), None);
    passes(&world.deliver(reply(ZOE).bytes()), "reply");
    assert!(world.entry(ZOE).is_some());
}

/// Whoever holds the file of messages for himself is not waited for: that file is not even opened.
#[test]
fn known_senders_answers_ask_no_more_than_their_other_mail() {
    for who in ["zoe@example.com", "@example.com"] {
        let world = after_sending(Class::Private);
        world.allow(who);
        let earlier: String = (0..100).map(|number| format!("<{number}@example.org> ")).collect();
        let letter = reply(ZOE).field("References", &earlier);
        let messages = rusqlite::Connection::open(world.store_file()).unwrap();
        messages.execute_batch("BEGIN EXCLUSIVE").unwrap();
        if who == ZOE {
            world.gate(letter.bytes()).is(99, 0, 0, 0).is_silent();
        }
        messages.execute_batch("ROLLBACK").unwrap();
        passes(&world.deliver(letter.bytes()), if who == ZOE { "allowed-sender" } else { "allowed-domain" });
        assert_eq!(world.entry(ZOE).map(|entry| entry.origin), (who == ZOE).then_some(Origin::Manual));
    }
}

#[test]
fn in_the_mode_observe_nobody_is_learned() {
    let world = World::with("mode = \"observe\"\n");
    note(&world, Kind::MessageId, OWN, Class::Private, clock::now());
    assert_eq!(world.deliver(reply(ZOE).bytes()).after.inbox.len(), 1);
    assert_eq!(world.entry(ZOE), None);
}

#[test]
fn the_windows_end_on_the_second() {
    for (class, days) in [(Class::Public, 21), (Class::Private, 365)] {
        let world = World::new();
        let sent = clock::now() - 400 * DAY;
        note(&world, Kind::MessageId, OWN, class, sent);
        let letter = reply(ZOE).bytes();
        for (after, wanted) in [(days * DAY - 1, "reply"), (days * DAY, "reply"), (days * DAY + 1, "challenge")] {
            let case = judged(&world, &letter, sent + after);
            assert_eq!(reason(&case), wanted, "{class:?} {after}");
            assert_eq!(learned(&case).is_some(), class == Class::Private && wanted == "reply");
        }
    }
}

#[test]
fn a_cookie_is_known_without_any_row_on_its_days() {
    let world = World::new();
    let installation = world.installation();
    let owner = installation.config.policy.owner.primary.normal();
    let now = clock::now();
    let minted = |class, days: i64, owner| {
        Token::mint_sent(&installation.keys.token, class, 7, Day::of(now - days * DAY), owner)
    };
    let said = |world: &World, id: &str| {
        let case = judged(world, &reply(ZOE).field("In-Reply-To", &format!("<{id}>")).bytes(), now);
        (reason(&case), learned(&case).is_some())
    };
    for (class, days, wanted) in [
        (Class::Private, 0, ("reply", true)),
        (Class::Private, 365, ("reply", true)),
        (Class::Private, 366, ("challenge", false)),
        (Class::Public, 21, ("reply", false)),
        (Class::Public, 22, ("challenge", false)),
        (Class::Public, -2, ("challenge", false)),
    ] {
        let token = minted(class, days, &owner);
        assert_eq!(said(&world, &format!("cs.{token}@example.org")), wanted, "{class:?} {days}");
        assert_eq!(said(&world, &format!("CS.{}@other.example", token.to_uppercase())), wanted, "{class:?} {days}");
    }
    // Another owner's, another class's, another purpose's.
    let other = Address::parse("bob@example.org").unwrap().normal();
    let public = minted(Class::Public, 0, &owner);
    let alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    let flipped = alphabet.as_bytes()[alphabet.find(&public[4..5]).unwrap() ^ 16];
    let flipped = format!("{}{}{}", &public[..4], char::from(flipped), &public[5..]);
    let confirming = world.token(countersign::policy::token::Purpose::Confirm, 7, 0, ZOE);
    for token in [minted(Class::Private, 0, &other), flipped, confirming] {
        assert_eq!(said(&world, &format!("cs.{token}@example.org")), ("challenge", false), "{token}");
    }
    // A key that signs no more is still good for what it signed, until it is gone.
    let id = format!("cs.{}@example.org", minted(Class::Private, 3, &owner));
    let newer =
        KEYS.replace("token 1", "token 2 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e4f\ntoken 1");
    world.write_keys(&newer);
    assert_eq!(said(&world, &id), ("reply", true));
    world.write_keys(&newer.replace("token 1 0001", "token 3 f001"));
    assert_eq!(said(&world, &id), ("challenge", false));
}

#[test]
fn a_row_under_an_older_list_key_is_found() {
    let world = after_sending(Class::Private);
    world.write_keys(&format!("{KEYS}list 2 aa2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e4f\n"));
    assert_eq!(reason(&judged(&world, &reply(ZOE).bytes(), clock::now())), "reply");
}

#[test]
fn on_a_private_list_the_subject_is_enough() {
    let lists = "[replies]\nprivate_lists = [\"friends.example.net\"]\n";
    let world = World::with(lists);
    let sent = clock::now() - DAY;
    note(&world, Kind::Topic, "the garden party", Class::Public, sent);
    let letter = reply(ZOE).without("In-Reply-To");
    let through = letter.clone().field("List-Id", "<friends.example.net>");
    let case = judged(&world, &through.bytes(), sent + 21 * DAY);
    assert_eq!((reason(&case), learned(&case)), ("reply", None));
    assert_eq!(reason(&judged(&world, &through.bytes(), sent + 21 * DAY + 1)), "list-field");
    let beside = letter.clone().field("Cc", "friends@example.net");
    assert_eq!(reason(&judged(&world, &beside.bytes(), sent + 21 * DAY)), "reply");
    for other in [
        letter.clone(),
        letter.clone().field("List-Id", "<users.example.net>"),
        through.clone().field("Subject", "Re: The other party"),
    ] {
        assert_ne!(reason(&judged(&world, &other.bytes(), sent + DAY)), "reply", "{other:?}");
    }
    let program = through.clone().field("Content-Type", "application/octet-stream; name=\"a.exe\"");
    assert_eq!(reason(&judged(&world, &program.bytes(), sent + DAY)), "program-name");
    world.configure("");
    assert_eq!(reason(&judged(&world, &through.bytes(), sent + DAY)), "list-field");
}

/// Each bounce as another mail system writes it is known, is none of the user's where the id is not known, and is what it
/// always was where nothing is known at all.
#[test]
fn bounces_of_every_make_and_language_are_known_by_the_message_they_return() {
    let mut table = String::new();
    let files = fixture::files("bounces", "eml");
    assert!(files.len() >= 20);
    let known = after_sending(Class::Private);
    let other = World::new();
    note(&other, Kind::MessageId, "another@example.org", Class::Private, clock::now() - DAY);
    let empty = World::new();
    for file in files {
        let message = std::fs::read(&file).unwrap();
        let name = fixture::name(&file);
        let now = clock::now();
        let case = judged(&known, &message, now);
        let place = case.standing.own.as_ref().and_then(|own| own.id.as_ref()).map_or("", |id| id.place.name());
        assert!(
            case.decision.verdict == Verdict::Pass && reason(&case).starts_with("own-mail-"),
            "{name}: {}",
            reason(&case)
        );
        assert_eq!(learned(&case), None, "{name}");
        let foreign = judged(&other, &message, now);
        let before = judged(&empty, &message, now);
        assert_eq!((foreign.decision.verdict, before.decision.verdict), (Verdict::Hold, Verdict::Hold), "{name}");
        assert_ne!(reason(&before), "foreign-bounce", "{name}");
        table.push_str(&format!(
            "{}: {} ({place}); of another {}; nothing known {}\n",
            Path::new(&name).file_stem().unwrap().to_string_lossy(),
            reason(&case),
            reason(&foreign),
            reason(&before)
        ));
        // Wherever it is cut off, nothing breaks, and nobody is asked.
        for end in (0..message.len()).step_by(97) {
            assert_ne!(judged(&known, &message[..end], now).decision.verdict, Verdict::Challenge, "{name} {end}");
        }
    }
    fixture::golden(&fixture::root().join("bounces/table.txt"), &table);
}

#[test]
fn whose_sent_mail_is_seen_no_more_is_told_nothing_of_it() {
    let world = World::new();
    let now = clock::now();
    let bounce = std::fs::read(fixture::root().join("bounces/postfix.eml")).unwrap();
    note(&world, Kind::MessageId, "another@example.org", Class::Private, now - 30 * DAY);
    assert_eq!(reason(&judged(&world, &bounce, now)), "foreign-bounce");
    assert_eq!(reason(&judged(&world, &bounce, now + 1)), "multipart-report");
    // One that is known, and of too long ago, is nobody else's.
    note(&world, Kind::MessageId, OWN, Class::Public, now - 22 * DAY);
    assert_eq!(reason(&judged(&world, &bounce, now)), "multipart-report");
    // What came back was a challenge of this program.
    let text = String::from_utf8(bounce).unwrap().replace(OWN, "cr.c.12em04hmasw91nfkhj1hrff3tfhqc0hz@example.org");
    assert_eq!(reason(&judged(&world, text.as_bytes(), now)), "multipart-report");
}

#[test]
fn bounces_of_others_mail_stand_in_a_group_of_their_own() {
    let world = World::new();
    note(&world, Kind::MessageId, "another@example.org", Class::Private, clock::now() - DAY);
    let bounce = std::fs::read(fixture::root().join("bounces/qmail-russian.eml")).unwrap();
    world.deliver(bounce).held_for("foreign-bounce").is(0, 0, 1, 0);
    let digest = String::from_utf8(world.run(&["digest", "--stdout"], "").stdout).unwrap();
    assert!(digest.contains("Bounces of mail that you are not known to have sent (1): foreign-bounce\n"), "{digest}");
    let held = world.run(&["held", "--reason", "foreign-bounce"], "");
    held.check("it is found by its reason", held.code == Some(0) && !held.stdout.is_empty());
}

/// Two users of this program: the one's letter is challenged, the other lets the challenge in, and answers it.
#[test]
fn two_accounts_that_both_ask_do_not_keep_each_other_out() {
    let alice = World::new();
    let bob = World::with("[owner]\naddress = \"bob@example.net\"\ndelimiters = \"+\"\n");
    let letter = Letter::from(OWNER)
        .delivered_to("bob@example.net")
        .field("To", "bob@example.net")
        .field("Message-ID", &format!("<{OWN}>"));
    note(&alice, Kind::MessageId, OWN, Class::Private, clock::now());
    let asked = bob.deliver(letter.bytes());
    asked.is(0, 0, 1, 1);
    let challenge = asked.after.sent[0].clone();
    let results = format!("Authentication-Results: {AUTHSERV_ID}; dkim=pass header.d=example.net\n");
    let arrives = format!("Return-Path: <>\nDelivered-To: {OWNER}\n{results}Received: x\n{}", challenge.message);
    let got = alice.deliver(arrives.as_bytes());
    got.is(0, 1, 0, 0);
    passes(&got, "own-mail-challenge");
    assert_eq!(alice.entry("bob@example.net"), None);
    let answer = Letter::answer(&challenge, OWNER);
    let answered = bob.deliver(answer.bytes());
    answered.check("the letter is released", answered.code == Some(0) && answered.after.held.len() <= 1);
    answered.check("nobody else is asked", answered.after.sent.len() == 1);
    assert_eq!(bob.entry(OWNER).map(|entry| entry.origin), Some(Origin::Confirmed));
    let released = answered.after.inbox.iter().any(|message| String::from_utf8_lossy(message).contains("Tea at five"));
    answered.check("it is in the inbox", released);
}

#[test]
fn explain_says_what_it_is_about_and_how_that_is_known() {
    let world = after_sending(Class::Private);
    let shown = String::from_utf8(world.run(&["explain", "-v"], reply(ZOE).bytes()).stdout).unwrap();
    for line in [
        format!("{OWN} (In-Reply-To)"),
        format!("{OWN} (In-Reply-To): private, known by row"),
        "reply".to_owned(),
        format!("allow {ZOE}, pinned to dmarc, dkim"),
    ] {
        assert!(shown.contains(&line), "{line}\n{shown}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&world.run(&["explain", "--json"], reply(ZOE).bytes()).stdout).unwrap();
    assert_eq!(
        json["standing"]["own_mail"],
        serde_json::json!({
            "class": "private", "how": "row", "id": { "id": OWN, "place": IdPlace::InReplyTo.name() }
        })
    );
    assert_eq!(json["facts"]["earlier"][0]["id"], OWN);
}

#[test]
fn why_says_until_when_answers_to_what_the_user_sent_pass() {
    let world = World::new();
    note(&world, Kind::MessageId, OWN, Class::Public, 1_795_262_400);
    let said = String::from_utf8(world.run(&["why", OWN], "").stdout).unwrap();
    assert!(said.contains("2026-11-21 12:00  you sent it (public)\n"), "{said}");
    assert!(said.contains("what answers or returns it passes until 2026-12-12 12:00\n"), "{said}");
    let json = String::from_utf8(world.run(&["why", "--json", OWN], "").stdout).unwrap();
    let row: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let until = 1_795_262_400 + 21 * DAY;
    assert_eq!(
        row,
        serde_json::json!({ "row": "sent", "at": 1_795_262_400, "class": "public", "answers_until": until })
    );
}

#[test]
fn replay_plays_what_answers_to_sent_mail_would_have_been() {
    let world = World::new();
    let at = |day: u32| format!("{day:02} Nov 2026 12:00:00 +0000");
    let mut mbox = Vec::new();
    let mut add = |day: u32, message: Vec<u8>| {
        let head = message.windows(2).position(|two| two == b"\n\n").unwrap();
        let fields = String::from_utf8(message[..head].to_vec()).unwrap();
        let dated: Vec<&str> = fields.lines().filter(|line| !line.starts_with("Date:")).collect();
        mbox.extend(
            format!("From x Sat Nov {day:02} 12:00:00 2026\n{}\nDate: {}\n", dated.join("\n"), at(day)).bytes(),
        );
        mbox.extend(&message[head + 1..]);
        mbox.push(b'\n');
    };
    let own = format!("From: {OWNER}\nTo: zoe@example.net\nSubject: Party\nMessage-ID: <{OWN}>\n\nCome!\n");
    let bounce = std::fs::read(fixture::root().join("bounces/qmail-russian.eml")).unwrap();
    let later = Letter::from(ZOE).field("Message-ID", "<later@example.com>");
    add(1, reply("early@example.com").field("Message-ID", "<early@example.com>").bytes());
    add(2, own.into_bytes());
    add(3, reply(ZOE).bytes());
    add(4, bounce);
    add(5, later.bytes());
    add(6, reply("eve@evil.example").field("In-Reply-To", "<made.up@example.org>").bytes());
    std::fs::write(world.path("elsewhere/mail.mbox"), mbox).unwrap();
    let outcome = world.run(&["replay", "--json", "--learn", "mail.mbox"], "");
    let lines = String::from_utf8(outcome.stdout.clone()).unwrap();
    let reasons: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["reason"].as_str().unwrap().to_owned())
        .collect();
    let wanted = ["challenge", "own-address-unproven", "reply", "own-mail-bounce", "allowed-sender", "challenge"];
    assert_eq!(reasons, wanted, "{outcome}");
    let summary = String::from_utf8(outcome.stderr.clone()).unwrap();
    assert!(summary.contains("about your mail              2   40.0 %"), "{summary}");
    assert_eq!(world.entry(ZOE), None);
}

/// Whatever a message is: an id that nobody's mail had changes nothing in References, and lets nothing in anywhere.
#[test]
fn an_unknown_id_never_changes_a_verdict() {
    let world = after_sending(Class::Private);
    let installation = world.installation();
    let store = world.store();
    let mut chance = Chance::seeded("unknown ids");
    let now = clock::now();
    let mut count = 0;
    let judged = |message: &[u8]| {
        let facts = Facts::read(message, &Caller::default(), &installation.config.policy.trust);
        let standing =
            case::standing(&installation, Some(&store), &facts, now).unwrap_or_else(|_| panic!("no standing"));
        case::decide(&installation, facts, standing, None, now).decision
    };
    for file in fixture::files("messages", "eml").into_iter().chain(fixture::files("bounces", "eml")) {
        let message = std::fs::read(&file).unwrap();
        // Below the lines of the delivery, which end with the first Received.
        let Some(at) = message.windows(10).position(|ten| ten.eq_ignore_ascii_case(b"\nReceived:")) else { continue };
        let before = judged(&message);
        for name in ["References", "In-Reply-To"] {
            let id =
                format!("{:x}{:x}@{}", chance.number(), chance.number(), chance.one(&["example.org", "[::1]", "x"]));
            let id = if chance.percent(20) { format!("cs.{}@x", "0".repeat(32)) } else { id };
            let field = format!("{name}: <{id}>\n");
            let changed = [&message[..=at], field.as_bytes(), &message[at + 1..]].concat();
            let after = judged(&changed);
            let same = (after.verdict, after.reason) == (before.verdict, before.reason);
            // That it answers something says how its words are to be read, whatever it answers.
            let lets_in = after.verdict == Verdict::Pass && before.verdict != Verdict::Pass;
            assert!(same || (name == "In-Reply-To" && !lets_in), "{} {field} {before:?} {after:?}", file.display());
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}
