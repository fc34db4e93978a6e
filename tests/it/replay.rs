//! `replay` and `explain`: dry runs that change nothing, over mail as people keep it.
//!
//! The golden files were made from `fixtures/replay/mail.mbox`, fourteen messages of January 2024: Bob writes four
//! times, Carol twice (the user answers her in between), a friend is on the list, and the rest must not be asked.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::policy::token::Purpose;
use serde_json::Value;

use super::fixture;
use super::letter::{Letter, OWNER};
use super::world::{Outcome, World};

const BOB: &str = "bob@example.net";

/// A world in whose current folder the archive lies.
fn world() -> World {
    let world = World::new();
    world.allow("friend@example.com");
    fs::copy(fixture::root().join("replay/mail.mbox"), world.path("elsewhere/mail.mbox")).unwrap();
    world
}

fn put(world: &World, name: &str, bytes: &[u8]) {
    let path = world.path("elsewhere").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn golden(name: &str, text: &[u8]) {
    fixture::golden(&fixture::root().join("replay").join(name), &String::from_utf8_lossy(text));
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    let text = String::from_utf8(outcome.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Verdict and reason of every line.
fn verdicts(outcome: &Outcome) -> Vec<(String, String)> {
    let word = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    lines(outcome).iter().map(|line| (word(line, "verdict"), word(line, "reason"))).collect()
}

/// Every file below a folder, with its bytes and the time of its last change.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        if path.is_dir() {
            found.extend(everything(&path));
            found.insert(path, (Vec::new(), changed));
        } else {
            found.insert(path.clone(), (fs::read(&path).unwrap(), changed));
        }
    }
    found
}

#[test]
fn a_dry_run_changes_nothing_and_sends_nothing() {
    let world = world();
    world.challenge("zoe@example.com");
    let before = everything(world.home().parent().unwrap());
    for arguments in ["", "--json", "--learn", "--assume-first-contact", "--address alice@example.org"] {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        world.run(&[&["replay"], &arguments[..], &["mail.mbox"]].concat(), "").is(0, 0, 1, 1);
    }
    for arguments in [&["explain"][..], &["explain", "--json"], &["explain", "--assume-first-contact"]] {
        world.run(arguments, Letter::from(BOB).bytes()).is(0, 0, 1, 1);
    }
    assert!(before == everything(world.home().parent().unwrap()));
}

#[test]
fn the_lines_are_as_documented() {
    let outcome = world().run(&["replay", "--json", "mail.mbox"], "");
    outcome.is(0, 0, 0, 0);
    golden("lines.json", &outcome.stdout);
    outcome.check("the summary stands beside them", outcome.stderr.starts_with(b"14 messages"));
    for line in lines(&outcome) {
        let names: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(names, ["challenge_to", "confirms", "path", "reason", "verdict"]);
    }
}

#[test]
fn the_summaries_are_what_they_were() {
    for (name, arguments) in [
        ("summary.txt", ""),
        ("assumed.txt", "--assume-first-contact"),
        ("learning.txt", "--learn"),
        ("before-init.txt", "--address alice@example.org"),
    ] {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let outcome = world().run(&[&["replay"], &arguments[..], &["mail.mbox"]].concat(), "");
        outcome.check("nothing beside it", outcome.code == Some(0) && outcome.stderr.is_empty());
        // The size of a challenge changes with its text.
        let text = String::from_utf8(outcome.stdout.clone()).unwrap();
        let (before, rest) = text.split_once("bytes reflected").unwrap();
        let (figures, after) = rest.split_once("  in challenges").unwrap();
        outcome.check("what is asked is reflected", (name == "before-init.txt") == figures.contains(" 0 "));
        golden(name, format!("{before}bytes reflected  in challenges{after}").as_bytes());
    }
}

#[test]
fn what_is_older_is_not_counted_and_teaches_all_the_same() {
    let world = World::new();
    let ago = |days: i64| countersign::world::clock::now() - days * 86_400;
    let dated = |letter: Letter, at: i64| letter.field("Date", &countersign::mail::compose::date(at)).bytes();
    let sent = format!("From: {OWNER}\nTo: {BOB}\nSubject: Tea\nMessage-ID: <1@example.org>\nDate: DATE\n\nTea?\n");
    put(&world, "sent/1", sent.replace("DATE", &countersign::mail::compose::date(ago(40))).as_bytes());
    // By the name, by the message's own date, by the line of an mbox; and without any.
    put(&world, &format!("box/cur/{}.a:2,S", ago(31)), &dated(Letter::from("a@example.com"), ago(2)));
    put(&world, &format!("box/cur/{}.b:2,S", ago(29)), &dated(Letter::from(BOB), ago(90)));
    fs::create_dir_all(world.path("elsewhere/box/new")).unwrap();
    put(&world, "mail/1", &dated(Letter::from("b@example.com"), ago(31)));
    put(&world, "mail/2", &dated(Letter::from("c@example.com"), ago(1)));
    put(&world, "mail/3", &Letter::from("d@example.com").without("Date").without("Received").bytes());
    let mbox = "From a@b.c Sat Nov 21 12:00:00 2020\nFrom: x@x.org\n\nx\n";
    put(&world, "old.mbox", mbox.as_bytes());
    let replay = |more: &[&str]| {
        let outcome =
            world.run(&[&["replay", "--since", "30d"], more, &["box", "mail", "old.mbox", "sent"]].concat(), "");
        outcome.check("it is counted", outcome.code == Some(0));
        String::from_utf8(outcome.stdout.clone()).unwrap()
    };
    let text = replay(&[]);
    assert!(text.starts_with("2 messages, ") && text.contains("\n5 more are older or without a date"), "{text}");
    assert!(text.contains("held and asked               2  100.0 %"), "{text}");
    // What bears no date stands behind the one before it.
    let text = replay(&["--learn"]);
    assert!(text.starts_with("3 messages, ") && text.contains("passed                       1   33.3 %"), "{text}");
    assert_eq!(lines(&world.run(&["replay", "--since", "30d", "--json", "box"], "")).len(), 1);
    assert_eq!(world.run(&["replay", "--since", "1h", "box"], "").code, Some(1), "nothing came");
    assert_eq!(world.run(&["replay", "--since", "soon", "box"], "").code, Some(64));
}

#[test]
fn what_the_users_server_took_from_the_user_teaches_in_a_dry_run_as_in_learn() {
    let world = World::new();
    let sent = |protocol: &str, to: &str| {
        format!(
            "Received: from home ([192.0.2.9]) by mx.example.org (Postfix) with {protocol} id 1; Mon, 2 Nov 2026 09:00:00 +0000\n\
             From: {OWNER}\nTo: {to}\nSubject: x\nDate: Mon, 2 Nov 2026 09:00:00 +0000\nMessage-ID: <1@example.org>\n\nHello.\n"
        )
    };
    put(&world, "box/1", sent("ESMTPSA", BOB).as_bytes());
    put(&world, "box/2", sent("ESMTP", "carol@example.com").as_bytes());
    let dated =
        |from: &str| Letter::from(from).field("Date", "Tue, 3 Nov 2026 09:00:00 +0000").without("Received").bytes();
    put(&world, "box/3", &dated(BOB));
    put(&world, "box/4", &dated("carol@example.com"));
    let outcome = world.run(&["replay", "--json", "--learn", "box"], "");
    let reasons: Vec<String> = verdicts(&outcome).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["own-address-unproven", "own-address-unproven", "allowed-sender", "challenge"]);
    let learned = world.run(&["learn", "--sent", "box"], "");
    learned.check("one of the two", learned.stdout.starts_with(b"1 message that you sent: 1 person more known"));
}

#[test]
fn a_held_file_is_explained_as_the_message_it_holds() {
    let world = World::new();
    let stored = world.deliver(Letter::from(BOB).bytes()).after.held;
    // Its envelope stands below our own lines; and a challenge for it went out.
    let json = &lines(&world.run(&["explain", "--json"], stored[0].clone()))[0];
    assert_eq!((&json["reason"], &json["facts"]["envelope_sender"]), (&"asked-recently".into(), &BOB.into()), "{json}");
}

#[test]
fn the_summary_fits_the_screen_and_ends_with_whom_it_would_ask() {
    let mut world = world();
    let mail = fixture::root().join("replay/mail.mbox");
    let piped = String::from_utf8(world.run(&["replay", mail.to_str().unwrap()], "").stdout).unwrap();
    world.set("COLUMNS", "80");
    let outcome = world.run(&["replay", mail.to_str().unwrap()], "");
    let said = String::from_utf8(outcome.stdout.clone()).unwrap();
    outcome.check("no line is wider", said.lines().all(|line| line.chars().count() <= 80));
    assert!(piped.lines().any(|line| line.chars().count() > 80), "a pipe gets a line a reason: {piped}");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&said), words(&piped));
    let (_, asked) = said.split_once("\nwould be asked: how often, the newest, who\n").unwrap();
    let dated = |line: &str| line.split_whitespace().nth(1).is_some_and(|day| day.starts_with("20") && day.len() == 10);
    assert!(!asked.is_empty() && asked.lines().all(|line| line.contains('@') && dated(line)), "{asked}");
    let json = world.run(&["replay", "--json", mail.to_str().unwrap()], "");
    let beside = String::from_utf8(json.stderr.clone()).unwrap();
    json.check("beside lines for a program too", beside.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn the_accounts_are_what_they_were() {
    let world = world();
    world.allow("carol@example.com");
    let stranger = Letter::from(BOB).also("Cc", "\u{1b}[2Jcarol@example.com").bytes();
    let outcome = world.run(&["explain", "-v"], stranger.clone());
    outcome.check("it is shown", outcome.code == Some(0) && !outcome.stdout.contains(&0x1b));
    // Which rules there are and what a challenge says is shown elsewhere; here, that both are shown.
    let text = String::from_utf8(outcome.stdout.clone()).unwrap();
    let (account, mail) = text.split_once("\nThe challenge, with zeros for its tokens\n").unwrap();
    let (facts, decision) = account.split_once("  passed over ").unwrap();
    let (rules, decision) = decision.split_once("  decided by ").unwrap();
    golden("account.txt", format!("{facts}  decided by {decision}").as_bytes());
    assert!(rules.lines().count() > 10 && rules.contains(" 13 automatic\n"), "{rules}");
    assert!(mail.starts_with("    From: alice@example.org\n") && mail.contains(&"0".repeat(32)), "{mail}");
    let json = &lines(&world.run(&["explain", "--json"], stranger))[0];
    assert_eq!(json["verdict"], "challenge");
    assert_eq!(json["facts"]["proofs"], serde_json::json!(["dmarc", "dkim"]));
    assert_eq!(json["facts"]["believed"].as_array().unwrap().len(), 2);
    assert!(json["challenge"].as_str().unwrap().contains("To: bob@example.net"));
    assert!(json["passed_over"].as_array().unwrap().len() > 10);
    let known = &lines(&world.run(&["explain", "--json"], Letter::from("carol@example.com").bytes()))[0];
    assert_eq!((&known["verdict"], &known["challenge"]), (&"pass".into(), &Value::Null));
    assert_eq!(known["standing"]["sender"]["effect"], "allow");
}

#[test]
fn without_a_trusted_mail_system_nobody_would_be_asked() {
    let world = World::with("[trust]\nauthserv_ids = []\n");
    put(&world, "mail.mbox", &fs::read(fixture::root().join("replay/mail.mbox")).unwrap());
    for arguments in [&["replay", "--json", "mail.mbox"][..], &["replay", "--json", "--learn", "mail.mbox"]] {
        let outcome = world.run(arguments, "");
        assert_eq!(verdicts(&outcome).len(), 14);
        outcome.check("nobody is asked", verdicts(&outcome).iter().all(|(verdict, _)| verdict != "challenge"));
    }
}

#[test]
fn the_flag_takes_away_what_is_not_the_message_itself() {
    let world = World::new();
    world.allow("carol@example.com");
    world.deny("dan@example.com");
    let letters = [
        Letter::from(BOB),
        Letter::from(BOB),
        Letter::from(BOB).unproven(),
        Letter::from(BOB).proven("dmarc=fail header.from=example.net"),
        Letter::from(BOB).field("To", "somebody@example.com"),
        Letter::from(BOB).without_envelope(),
        Letter::from("carol@example.com"),
        Letter::from("dan@example.com"),
    ];
    for (number, letter) in letters.iter().enumerate() {
        put(&world, &format!("mail/{number}"), &letter.bytes());
    }
    let assumed = world.run(&["replay", "--json", "--assume-first-contact", "mail"], "");
    assert_eq!(verdicts(&assumed), vec![("challenge".to_owned(), "challenge".to_owned()); 8]);
    let reasons: Vec<String> =
        verdicts(&world.run(&["replay", "--json", "mail"], "")).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(
        reasons,
        [
            "challenge",
            "asked-recently",
            "not-proven",
            "dmarc-fail",
            "not-addressed",
            "envelope-missing",
            "allowed-sender",
            "denied-sender"
        ]
    );
}

#[test]
fn the_flag_does_not_take_away_what_the_message_says() {
    let world = World::new();
    let letters = [
        Letter::from(BOB).envelope("bounces@mailer.example"),
        Letter::from(BOB).envelope(""),
        Letter::from(BOB).also("List-Id", "<users.lists.example.com>"),
        Letter::from(BOB).also("From", "eve@example.com"),
        Letter::from(BOB).also("Auto-Submitted", "auto-replied"),
        Letter::from("noreply@shop.example"),
    ];
    for (number, letter) in letters.iter().enumerate() {
        put(&world, &format!("mail/{number}"), &letter.bytes());
    }
    let outcome = world.run(&["replay", "--json", "--assume-first-contact", "mail"], "");
    outcome.check("all are held", verdicts(&outcome).iter().filter(|(verdict, _)| verdict == "hold").count() == 6);
}

#[test]
fn a_surge_of_the_like_stops_challenges_as_at_a_delivery() {
    let world = World::new();
    let offer = "A friend of mine told me of your garden, and I wonder whether you sell the apples that grow in it.\n";
    let names = ["Ann", "Mister Miller", "friend of apples", "all", "Bob", "neighbour"];
    let letters: Vec<Vec<u8>> = (names.iter().enumerate())
        .map(|(at, name)| Letter::from(&format!("p{at}@d{at}.example")).body(&format!("Dear {name},\n{offer}")).bytes())
        .collect();
    for (number, letter) in letters.iter().enumerate() {
        put(&world, &format!("mail/{number}"), letter);
    }
    let played = verdicts(&world.run(&["replay", "--json", "mail"], ""));
    let reasons: Vec<&str> = played.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["challenge", "challenge", "challenge", "challenge", "alike-surge", "alike-surge"]);
    for (letter, reason) in letters.into_iter().zip(reasons) {
        world.deliver(letter).held_for(reason);
    }
}

#[test]
fn servers_of_ones_own_behind_the_first_are_counted_with_hops() {
    let world = World::new();
    let relayed = "Delivered-To: alice@example.org\nReceived: by inner.example.org; Mon, 8 Jan 2024 09:00:01 +0000\n\
        Return-Path: <bob@example.net>\nReceived: from y by mx.example.org; Mon, 8 Jan 2024 09:00:00 +0000\n\
        Authentication-Results: mx.example.org; dmarc=pass header.from=example.net\n";
    for number in 0..3 {
        let letter = Letter::from(BOB).unproven().without_envelope().bytes();
        put(&world, &format!("mail/{number}"), &[relayed.as_bytes(), &letter].concat());
    }
    let run = |hops: &[&str]| {
        let outside = ["replay", "--address", OWNER, "--authserv-id", "mx.example.org", "mail"];
        let outcome = world.run(&[&outside, hops].concat(), "");
        String::from_utf8(outcome.stdout).unwrap()
    };
    let one = run(&[]);
    assert!(one.contains("held and asked               0") && one.contains("below 2 Received fields"), "{one}");
    let two = run(&["--hops", "2"]);
    assert!(two.contains("held and asked               1") && !two.contains("below"), "{two}");
    for hops in [&["--hops", "21"][..], &["--hops", "x"]] {
        let arguments = [&["replay", "--address", OWNER, "mail"], hops].concat();
        let outcome = world.run(&arguments, "");
        outcome.check("it is refused", outcome.code == Some(64));
    }
}

#[test]
fn both_dry_runs_read_a_return_path_below_other_fields_as_a_delivery_does() {
    let received = "Received: from y by mx.example.org; Mon, 8 Jan 2024 09:00:00 +0000\n";
    for (number, (top, below, envelope, reason)) in [
        ("", received, Some(BOB), "challenge"),
        ("X-Spam-Status: No\n", received, Some(BOB), "challenge"),
        ("Delivered-To: alice@example.org\nX-UIDL: 17\n", received, Some(BOB), "challenge"),
        ("From carl@example.net Mon Jan  8 09:00:00 2024\nX-Spam-Status: No\n", received, Some(BOB), "challenge"),
        ("From carl@example.net Mon Jan  8 09:00:00 2024\n", "", Some(BOB), "challenge"),
        ("X-Spam-Status: No\n", "", None, "envelope-missing"),
    ]
    .into_iter()
    .enumerate()
    {
        let world = World::new();
        let letter = Letter::from(BOB).without_envelope().without("Received").bytes();
        let letter = [format!("{top}Return-Path: <{BOB}>\n{below}").as_bytes(), &letter].concat();
        put(&world, &format!("mail/{number}"), &letter);
        let explained = &lines(&world.run(&["explain", "--json"], letter.clone()))[0];
        assert_eq!(explained["facts"]["envelope_sender"].as_str(), envelope, "{number}: {explained}");
        assert_eq!(explained["reason"], reason, "{number}");
        assert_eq!(lines(&world.run(&["replay", "--json", "mail"], ""))[0]["reason"], reason, "{number}");
        world.deliver(letter).held_for(reason);
    }
}

#[test]
fn what_this_program_stored_is_judged_as_it_came() {
    let world = World::new();
    world.deliver(Letter::from(BOB).bytes()).held_for("challenge");
    let held = verdicts(&world.run(&["replay", "--json", world.quarantine().to_str().unwrap()], ""));
    assert_eq!(held, [("challenge".to_owned(), "challenge".to_owned())]);
}

#[test]
fn who_said_not_me_would_not_be_asked() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let answer = Letter::answer(&challenge, BOB).body("NOTME\n");
    world.deliver(answer.bytes());
    put(&world, "mail/1", &Letter::from(BOB).body("Here I am again, with a longer letter.\n").bytes());
    let played = verdicts(&world.run(&["replay", "--json", "mail"], ""));
    assert_eq!(played, [("hold".to_owned(), "opted-out".to_owned())]);
}

#[test]
fn mail_comes_from_another_program_too() {
    let world = world();
    let outcome = world.shell("cat mail.mbox | $P replay --json -", "");
    assert_eq!(verdicts(&outcome), verdicts(&world.run(&["replay", "--json", "mail.mbox"], "")));
    outcome.check("by its name", lines(&outcome)[0]["path"] == "-#1");
    let outcome = world.shell("cat /dev/null | $P replay -", "");
    outcome.check("nothing is no mail", outcome.code == Some(1));
}

#[test]
fn an_answer_is_known_and_counts_for_nothing_afterwards() {
    let world = World::new();
    let token = world.token(Purpose::Confirm, 7, 0, BOB);
    let answer = Letter::bare_answer(BOB).field("Subject", &format!("Re: [cr-{token}]")).without("Date");
    put(&world, "mail/1", &answer.bytes());
    put(&world, "mail/2", &Letter::from(BOB).bytes());
    let outcome = world.run(&["replay", "--json", "mail"], "");
    let confirms: Vec<Value> = lines(&outcome).into_iter().map(|line| line["confirms"].clone()).collect();
    assert_eq!(confirms, [Value::from(BOB), Value::Null]);
    outcome.check("the next message is a stranger's", verdicts(&outcome)[1].0 == "challenge");
    let outcome = world.run(&["replay", "--json", "--address", OWNER, "mail"], "");
    outcome.check("without the keys it is no answer", lines(&outcome)[0]["confirms"].is_null());
}

#[test]
fn before_init_an_address_is_enough() {
    let world = world();
    fs::remove_dir_all(world.home()).unwrap();
    let outcome = world.run(&["replay", "mail.mbox"], "");
    outcome.check(
        "it says what to do",
        outcome.code == Some(78) && String::from_utf8_lossy(&outcome.stderr).contains("--address"),
    );
    let arguments = ["replay", "--json", "--address", OWNER, "--authserv-id", "mx.example.org", "mail.mbox"];
    let outcome = world.run(&arguments, "");
    outcome.check("it runs", outcome.code == Some(0) && lines(&outcome)[0]["challenge_to"] == BOB);
    outcome.check("it makes nothing", !world.home().exists());
    for (arguments, code) in [
        (&["replay", "--address", "alice", "mail.mbox"][..], 64),
        (&["replay", "--authserv-id", "mx.example.org", "mail.mbox"], 64),
        (&["replay", "--address", OWNER, "--authserv-id", "a;b", "mail.mbox"], 64),
        (&["replay", "--address", OWNER, "--delimiter", "x", "mail.mbox"], 64),
        (&["replay", "--address", OWNER, "--learn", "--assume-first-contact", "mail.mbox"], 64),
        (&["replay", "--address", OWNER], 64),
        (&["replay", "--address", OWNER, "nothing"], 1),
    ] {
        let outcome = world.run(arguments, "");
        outcome.check(&format!("it ends with {code}"), outcome.code == Some(code));
        outcome.check("no file is named", !String::from_utf8_lossy(&outcome.stderr).contains("/nonexistent"));
    }
}

#[test]
fn a_store_that_cannot_be_read_is_said_before_anything_else() {
    let world = world();
    fs::remove_file(world.store_file()).unwrap();
    let outcome = world.run(&["replay", "mail.mbox"], "");
    outcome.check("it ends with 78", outcome.code == Some(78) && outcome.stdout.is_empty());
}

#[test]
fn what_cannot_be_read_is_named_counted_and_stops_nothing() {
    let world = world();
    put(&world, "mail/a", b"\xff\x00garbage");
    put(&world, "mail/b.gz", b"\x1f\x8b\x08\x00torn");
    put(&world, "mail/\u{1b}[2Jc", b"Dear diary,\n");
    put(&world, "mail/z", &Letter::from(BOB).bytes());
    let outcome = world.run(&["replay", "mail", "missing", "mail.mbox"], "");
    let said = String::from_utf8(outcome.stderr.clone()).unwrap();
    outcome.check("four are named", said.lines().count() == 4 && !said.contains('\u{1b}'));
    outcome.check("and counted", outcome.stdout.starts_with(b"15 messages") && outcome.code == Some(0));
    outcome.check("in the summary", String::from_utf8_lossy(&outcome.stdout).contains("; 4 could not be read"));
}

#[test]
fn the_order_is_that_of_the_messages_every_time() {
    let world = world();
    for number in 0..60 {
        // Long and short ones in turn, so that the judges do not keep step by themselves.
        let body = "words and words\n".repeat(if number % 7 == 0 { 16_000 } else { 1 });
        put(&world, &format!("mail/{number}"), &Letter::from(&format!("b{number}@example.net")).body(&body).bytes());
    }
    let first = world.run(&["replay", "--json", "mail", "mail.mbox"], "");
    let paths: Vec<String> = lines(&first).iter().map(|line| line["path"].as_str().unwrap().to_owned()).collect();
    let numbers = (0..60).map(|number| format!("mail/{number}"));
    assert_eq!(paths, numbers.chain((1..=14).map(|number| format!("mail.mbox#{number}"))).collect::<Vec<_>>());
    for _ in 0..5 {
        assert!(world.run(&["replay", "--json", "mail", "mail.mbox"], "").stdout == first.stdout);
    }
}

#[test]
fn who_stops_reading_is_no_trouble() {
    let world = world();
    let many = fs::read(world.path("elsewhere/mail.mbox")).unwrap();
    put(&world, "many.mbox", &[&many[..], b"\n"].concat().repeat(300));
    let outcome = world.shell("$P replay --json many.mbox 2>said | head -n 1; cat said", "");
    let text = String::from_utf8(outcome.stdout.clone()).unwrap();
    outcome.check("one line", text.starts_with("{\"path\":\"many.mbox#1\"") && !text.contains("4,200 messages"));
}

/// Memory does not grow with the archive: 120 MB of which one message has 100, with a line of 50.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_archive() {
    let world = World::new();
    let path = world.path("elsewhere/big.mbox");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    let from = "From bob@example.net Mon Jan  8 09:00:00 2024\n";
    let line = "a line of text like any other in a message that is long\n";
    for _ in 0..60 {
        write!(file, "{from}From: {BOB}\nSubject: long\n\n{}\n", line.repeat(5_400)).unwrap();
    }
    write!(file, "{from}From: {BOB}\n\n").unwrap();
    (0..50).for_each(|_| file.write_all(&[b'x'; 1 << 20]).unwrap());
    write!(file, "\n{}\n", line.repeat(900_000)).unwrap();
    write!(file, "\n{from}From: {BOB}\n\nthe last\n").unwrap();
    drop(file);
    let mut child = world.command(super::world::PROGRAM).args(["replay", "big.mbox"]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let outcome = world.wait("replay big.mbox", child);
    outcome.check("all were read", outcome.stdout.starts_with(b"62 messages"));
    println!("peak of memory over {} MB: {peak} kB", fs::metadata(&path).unwrap().len() >> 20);
    // Sixteen judges with eight messages of half a megabyte each would have 64 MB waiting; two have 8.
    assert!(peak > 0 && peak < 100_000, "{peak} kB");
}
