//! What a person is told: that it fits the screen, names things in plain words, and that a program can read the JSON.

use std::fs;

use countersign::policy::reason::Reason;
use countersign::policy::standing::Effect;
use serde_json::Value;

use super::letter::{AUTHSERV_ID, Letter, OWNER};
use super::world::{Outcome, World};

const BOB: &str = "bob@example.net";

fn text(outcome: &Outcome) -> String {
    String::from_utf8(outcome.stdout.clone()).unwrap()
}

fn json(outcome: &Outcome) -> Vec<Value> {
    text(outcome).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A world with two held messages, of which one sender was asked.
fn with_held_mail() -> World {
    let world = World::new();
    world.challenge(BOB);
    let stranger = "a-rather-long-name-of-somebody@a-long-name-of-a-domain.example";
    let subject = "Subject: 東京都 a subject that is longer than anything a terminal has room for beside the rest";
    let letter = Letter::from(stranger).bytes();
    let letter = String::from_utf8(letter).unwrap().replacen("Subject:", &format!("{subject}\nX-Subject:"), 1);
    world.deliver(letter.replacen("dmarc=pass", "dmarc=none", 1).replacen("dkim=pass", "dkim=none", 1));
    assert_eq!(world.state().held.len(), 2);
    world
}

#[test]
fn lists_fit_the_screen_and_a_pipe_gets_a_line_a_message() {
    let mut world = with_held_mail();
    let piped = text(&world.run(&["held"], ""));
    assert_eq!(piped.lines().count(), 2, "{piped}");
    let letter = Letter::from(BOB).bytes();
    world.set("COLUMNS", "80");
    for arguments in [&["held"][..], &["explain"], &["explain", "-v"], &["held", "--reason", "replies-field"]] {
        let outcome = world.run(arguments, letter.clone());
        let said = text(&outcome) + &String::from_utf8_lossy(&outcome.stderr);
        assert!(said.lines().count() > 2, "{said}");
        // The challenge is shown as it goes out.
        let account = said.split("The challenge, with zeros").next().unwrap();
        for line in account.lines() {
            // A wide character takes two columns.
            let width = line.chars().map(|c| if ('\u{2e80}'..'\u{fb00}').contains(&c) { 2 } else { 1 }).sum::<usize>();
            assert!(width <= 80, "{arguments:?}: {width} columns: {line}");
        }
    }
    let narrow = text(&world.run(&["held"], ""));
    assert_eq!(narrow.lines().count(), 4, "{narrow}");
    assert!(narrow.contains("bob@example.net") && narrow.contains("challenge"), "{narrow}");
    world.set("COLUMNS", "200");
    assert_eq!(text(&world.run(&["held"], "")).lines().count(), 2);
}

#[test]
fn programs_get_lists_and_names() {
    let world = with_held_mail();
    let held = json(&world.run(&["held", "--json"], ""));
    let of_bob = held.iter().find(|row| row["sender"] == BOB).unwrap();
    assert_eq!(of_bob["asked"], "asked");
    assert!(
        of_bob["proofs"].as_array().is_some_and(|proofs| proofs.iter().all(Value::is_string) && !proofs.is_empty())
    );
    let why = json(&world.run(&["why", "--json", BOB], ""));
    let row = why.iter().find(|row| row["row"] == "held").unwrap();
    assert!(row["asked"] == "asked" && row["proofs"].is_array(), "{row}");
    assert_eq!(world.run(&["allow", "carol@example.net"], "").code, Some(0));
    let check = json(&world.run(&["check", "--json", "carol@example.net"], ""));
    assert_eq!(check[0].to_string().matches("\"pin\":[]").count(), 1, "{check:?}");
    let explained = json(&world.run(&["explain", "--json"], Letter::from(BOB).bytes()));
    assert!(explained[0]["facts"]["proofs"].is_array());
}

#[test]
fn observing_says_whom_it_would_have_asked_and_asks_nobody() {
    let world = World::with("mode = \"observe\"\n");
    let letter = Letter::from(BOB);
    let explained = json(&world.run(&["explain", "--json"], letter.bytes()));
    assert_eq!((&explained[0]["verdict"], &explained[0]["challenge_to"]), (&"challenge".into(), &BOB.into()));
    let shown = text(&world.run(&["explain", "-v"], letter.bytes()));
    assert!(shown.contains("The challenge, with zeros for its tokens") && shown.contains(OWNER), "{shown}");
    world.deliver(letter.bytes()).is(0, 1, 0, 0);
}

#[test]
fn why_prints_the_hash_that_the_log_has() {
    let world = World::new();
    let outcome = world.run(&["why", "<nobody.knows@example.net>"], "");
    assert_eq!(outcome.code, Some(1));
    let installation = world.installation();
    let (_, key) = installation.keys.list.current();
    let hash = countersign::policy::fingerprint::Fingerprint::of(
        key,
        countersign::policy::fingerprint::Kind::MessageId,
        b"nobody.knows@example.net",
    );
    assert!(text(&outcome).contains(&format!("message={}", hash.hex())), "{outcome}");
    outcome.check("says what that means", String::from_utf8_lossy(&outcome.stderr).contains("mail log"));
    let rows = json(&world.run(&["why", "--json", BOB], ""));
    assert!(rows[0]["row"] == "log" && rows[0]["sender"].is_string(), "{rows:?}");
}

#[test]
fn what_maintain_would_do_is_said_in_words_and_what_it_cannot_do_means_later() {
    let world = World::new();
    world.challenge(BOB);
    for file in fs::read_dir(world.quarantine().join("new")).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let dry = text(&world.run(&["maintain", "--dry-run"], ""));
    assert!(dry.contains("is gone: its file was moved or deleted") && !dry.contains("HeldId"), "{dry}");
    let store = world.database();
    store.execute_batch("CREATE TRIGGER no BEFORE UPDATE ON held BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    let failed = world.run(&["maintain"], "");
    assert_eq!(failed.code, Some(75), "{failed}");
    assert!(!failed.stderr.is_empty());
    store.execute_batch("DROP TRIGGER no").unwrap();
    assert_eq!(world.run(&["maintain"], "").code, Some(0));
    assert_eq!(text(&world.run(&["maintain", "--dry-run"], "")), "");
}

#[test]
fn nothing_that_a_person_reads_is_the_programs_own_word() {
    let world = World::new();
    let whole = String::from_utf8(Letter::from(BOB).bytes()).unwrap();
    let below =
        format!("Received: from x by y\nAuthentication-Results: {AUTHSERV_ID}; dkim=pass\nno field at all\nSubject:");
    let damaged = whole.replacen("Subject:", &below, 1);
    let shown = text(&world.run(&["explain", "--verbose"], damaged));
    for word in ["BelowBoundary", "StrayLine", "NoFields", "Ready"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
    assert!(shown.contains("(below-boundary)") && shown.contains("(stray-line)"), "{shown}");
}

#[test]
fn another_configuration_is_named_by_a_whole_path_or_from_the_current_folder() {
    let mut world = World::new();
    let file = world.config_file().display().to_string();
    let name = file.rsplit('/').next().unwrap();
    let beside = world.shell(&format!("cd \"${{HOME}}/.config/countersign\" && exec $P --config {name} held"), "");
    beside.check("a relative --config is the file beside", beside.code == Some(0));
    assert_eq!(world.run(&["--config", name, "held"], "").code, Some(78));
    world.set("COUNTERSIGN_CONFIG", name);
    let outcome = world.run(&["held"], "");
    outcome.check("78", outcome.code == Some(78));
    outcome.check("says why", String::from_utf8_lossy(&outcome.stderr).contains("COUNTERSIGN_CONFIG"));
    world.deliver(Letter::from(BOB).bytes()).is(75, 0, 0, 0);
    world.set("COUNTERSIGN_CONFIG", file);
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
}

#[test]
fn nobody_allows_a_mail_system_and_a_program_only_with_proof() {
    let world = World::new();
    for who in ["<>", "MAILER-DAEMON", "MAILER-DAEMON@example.net", "postmaster@example.net", "post_master@example.net"]
    {
        let outcome = world.run(&["allow", BOB, who], "");
        let promised = String::from_utf8_lossy(&outcome.stderr).contains("pass without");
        outcome.check("nothing is promised that no rule does", !promised);
        outcome.check(who, outcome.code == Some(64) && !outcome.stderr.is_empty() && world.entry(BOB).is_none());
    }
    let outcome = world.run(&["deny", "postmaster@example.net"], "");
    outcome.check("denying is not allowing", outcome.code == Some(0));
    assert!(world.entry("postmaster@example.net").is_some());

    let outcome = world.run(&["allow", "no-reply@example.net"], "");
    outcome
        .check("the demand is said", outcome.code == Some(0) && text(&outcome).contains("if dmarc or dkim says pass"));
    world.deliver(Letter::from("no-reply@example.net").bytes()).is(0, 1, 0, 0);
    let forged = Letter::from("no-reply@example.net").proven("dmarc=fail header.from=example.net; dkim=none");
    world.deliver(forged.body("forged").bytes()).held_for("dmarc-fail");
    let unproven = Letter::from("no-reply@example.net").proven("dmarc=none header.from=example.net; dkim=none");
    world.deliver(unproven.body("unproven").bytes()).held_for("pin-missing");

    let trusting = World::with("[trust]\nauthserv_ids = []\n");
    let outcome = trusting.run(&["allow", "no-reply@example.net"], "");
    let warned = String::from_utf8_lossy(&outcome.stderr).contains("merely claims");
    outcome.check("nothing can be proven", outcome.code == Some(0) && warned && !text(&outcome).contains("says pass"));
}

/// Nobody says who the envelope sender is but a field below those of the way.
fn below_other_fields() -> Letter {
    Letter::from(BOB).without_envelope().field("Return-Path", "<>")
}

#[test]
fn what_a_mail_system_sent_is_released_and_its_sender_not_allowed() {
    for letter in [
        Letter::from("MAILER-DAEMON@example.net"),
        Letter::from("postmaster@example.net"),
        Letter::from(BOB).envelope("<>"),
        // Whatever else it is held for, and wherever an earlier server wrote the null sender down.
        Letter::from(BOB).envelope("<>").field("Precedence", "auto_reply"),
        Letter::from(BOB).field("Content-Type", "multipart/report; boundary=b").envelope("<>"),
        below_other_fields(),
        below_other_fields().field("Content-Type", "multipart/report; boundary=b"),
        below_other_fields().unproven().field("Auto-Submitted", "auto-replied"),
        Letter::from("mailer_daemon@example.net").unproven(),
    ] {
        let world = World::new();
        world.deliver(letter.bytes());
        world.deliver(Letter::from("carol@example.com").unproven().bytes());
        let held = json(&world.run(&["held", "--json"], ""));
        let ids: Vec<&str> = held.iter().map(|row| row["id"].as_str().unwrap()).collect();
        let outcome = world.run(&[&["release", "--allow"], &ids[..]].concat(), "");
        let said = String::from_utf8_lossy(&outcome.stderr).contains("without --allow: countersign release");
        outcome.check("it is refused, and the way is named", outcome.code == Some(64) && said);
        let untouched = world.state().held.len() == 2 && world.entry("carol@example.com").is_none();
        outcome.check("nothing is done", untouched && world.entry(BOB).is_none());
        let outcome = world.run(&[&["release"], &ids[..]].concat(), "");
        outcome.check("plain release works", outcome.code == Some(0) && world.state().held.is_empty());
    }
    // A program's message that proves nothing is released, and its next one must prove something.
    let world = World::new();
    world.deliver(Letter::from("no-reply@example.net").unproven().bytes()).held_for("no-reply-sender");
    let held = json(&world.run(&["held", "--json"], ""));
    let outcome = world.run(&["release", "--allow", held[0]["id"].as_str().unwrap()], "");
    outcome
        .check("the demand is said", outcome.code == Some(0) && text(&outcome).contains("if dmarc or dkim says pass"));
    assert!(!world.entry("no-reply@example.net").unwrap().pin.is_empty());
}

#[test]
fn many_are_put_on_the_list_and_taken_off_from_files_and_standard_input() {
    let world = World::new();
    let file = world.store_file().with_file_name("people.txt");
    fs::write(&file, "# friends\r\n\r\n  bob@example.net \r\n@friends.example\nlist:users.example.org\n").unwrap();
    let file = file.to_str().unwrap();
    world.run(&["deny", "carol@example.net"], "");
    let outcome =
        world.run(&["allow", "carol@example.net", "-", "--file", file], "dave@example.net\nDave@example.net\n");
    let said = text(&outcome);
    outcome
        .check("a line says it", outcome.code == Some(0) && said == "allowed 6: 4 new, 1 as before, 1 denied before\n");
    for who in [BOB, "carol@example.net", "dave@example.net"] {
        assert!(world.entry(who).is_some_and(|entry| entry.effect == Effect::Allow), "{who}");
    }
    world.deliver(Letter::from(BOB).bytes()).is(0, 1, 0, 0);
    let outcome = world.run(&["forget", "-f", file, "-f", "-"], "erin@example.net\ncarol@example.net\n");
    outcome.check("what was not there is said", outcome.code == Some(1));
    assert_eq!(text(&outcome), "forgotten 4 of 5: 1 not on the list\n");
    assert!(world.entry(BOB).is_none() && world.entry("dave@example.net").is_some());
}

#[test]
fn a_line_that_names_nobody_changes_nothing_and_is_named() {
    let world = World::new();
    let many: String = (0..12_000).map(|number| format!("a{number}@example.net\n")).collect();
    for (line, why) in [
        ("bob", "is no address"),
        ("postmaster@example.net", "mail systems"),
        (OWNER, "address of yours"),
        ("\u{0}", "is no address"),
        (&"x".repeat(2_000), "longer than 1000 bytes"),
    ] {
        let outcome = world.run(&["allow", "-"], format!("{many}{line}\n"));
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        outcome
            .check(line, outcome.code == Some(64) && said.contains("standard input, line 12001") && said.contains(why));
        assert!(world.entry("a0@example.net").is_none(), "{line}");
    }
    let outcome = world.run(&["deny", "-"], b"a@b.example\n\xff\n".to_vec());
    outcome.check("what is no text", String::from_utf8_lossy(&outcome.stderr).contains("line 2"));
    let outcome = world.run(&["allow", "--file", "/nonexistent"], "");
    outcome.check(
        "no file",
        outcome.code == Some(75) && String::from_utf8_lossy(&outcome.stderr).contains("/nonexistent"),
    );
    assert_eq!(world.run(&["allow"], "").code, Some(64));
    assert!(world.run(&["allow", "--file", "/dev/null"], "").code == Some(0));
    let outcome = world.run(&["allow", BOB, "carol", "dave@example.net"], "");
    outcome.check("words too", outcome.code == Some(64) && world.entry(BOB).is_none());
}

#[test]
fn help_explains_commands_and_reasons() {
    let world = World::new();
    // What stands behind `help` says the same as `--help` behind it.
    for command in [&[][..], &["held"], &["sendmail"], &["keys"], &["keys", "rotate"], &["deliver"], &["help"]] {
        let one = world.run(&[&["help"][..], command].concat(), "");
        let other = world.run(&[command, &["--help"]].concat(), "");
        one.check("help", one.code == Some(0) && !one.stdout.is_empty() && one.stderr.is_empty());
        // A mail system that calls `deliver --help` has a message to keep.
        one.check("the same", one.stdout == other.stdout || command == ["deliver"]);
    }
    assert!(text(&world.run(&["--help"], "")).contains("countersign help reasons"));
    let outcome = world.run(&["help", "nonsense"], "");
    outcome.check("no such command", outcome.code == Some(64) && outcome.stdout.is_empty());
    assert_eq!(world.run(&["help", "--json", "held"], "").code, Some(64));
    assert_eq!(world.run(&["help", "reasons", "held"], "").code, Some(64));
    let names: Vec<&str> = Reason::all().map(Reason::name).collect();
    let reasons = text(&world.run(&["help", "reasons"], ""));
    assert!(reasons.lines().all(|line| line.chars().count() <= 80), "{reasons}");
    let rows = json(&world.run(&["help", "reasons", "--json"], ""));
    for name in names {
        assert_eq!(reasons.lines().filter(|line| line.split_whitespace().next() == Some(name)).count(), 1, "{name}");
        assert_eq!(rows.iter().filter(|row| row["reason"] == name && row["clause"].is_string()).count(), 1, "{name}");
    }
}

#[test]
fn a_wrong_reason_is_answered_with_the_near_ones() {
    let world = World::new();
    let outcome = world.run(&["held", "--reason", "not-provn"], "");
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    outcome
        .check("the near one", outcome.code == Some(64) && said.contains("not-proven") && !said.contains("list-field"));
    let outcome = world.run(&["held", "--reason", "auto-submitted-malformed-and-more-than-forty-letters"], "");
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    outcome.check(
        "the word is whole",
        said.contains("more-than-forty-letters\"") && said.contains("auto-submitted-malformed, "),
    );
    let outcome = world.run(&["held", "--reason", "weather"], "");
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    outcome.check("none is near", outcome.code == Some(64) && said.contains("countersign help reasons"));
}

#[test]
fn explain_says_first_what_would_become_of_it_and_why_and_the_rest_on_demand() {
    let world = World::new();
    world.allow("carol@example.net");
    let list = Letter::from(BOB).field("List-Id", "<news.example.net>");
    let reason = "it was not written by a person to you (list, list-field)";
    let known = "the sender is on the list of allowed senders (allowed-sender)";
    for (message, first, shown, hidden) in [
        (
            Letter::from(BOB),
            "It would be held, and bob@example.net be asked once: ",
            "  From                bob",
            "Envelope",
        ),
        (Letter::from(BOB).unproven(), "It would be held: ", "  proven              nothing", "passed over"),
        (list, &format!("It would be held: {reason}."), "  automatic           list-field (list; RFC", "decided by"),
        (
            Letter::from("carol@example.net"),
            &format!("It would pass: {known}."),
            "  would               pass it on",
            "Text",
        ),
    ] {
        let short = text(&world.run(&["explain"], message.bytes()));
        assert!(short.starts_with(first) && short.contains(shown) && !short.contains(hidden), "{short}");
        assert!(short.lines().count() <= 16 && short.contains("countersign explain -v"), "{short}");
        let whole = text(&world.run(&["explain", "-v"], message.bytes()));
        assert!(whole.starts_with(first) && whole.contains(hidden) && whole.lines().count() > 40, "{whole}");
        let (json, other) = (&["explain", "--json"][..], &["explain", "--json", "-v"][..]);
        assert_eq!(world.run(json, message.bytes()).stdout, world.run(other, message.bytes()).stdout);
    }
    let observing = World::with("mode = \"observe\"\n");
    let short = text(&observing.run(&["explain"], Letter::from(BOB).bytes()));
    assert!(
        short.starts_with("It would pass, as the mode lets everything; else it would be held, and bob@"),
        "{short}"
    );
    let off = World::with("mode = \"off\"\n");
    let short = text(&off.run(&["explain"], Letter::from(BOB).bytes()));
    assert!(short.starts_with("It would pass"), "{short}");
}
