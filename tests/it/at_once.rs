//! An answer that comes at once is a machine's: it is held, listed first, and leaves everything as it was.

use countersign::world::clock;

use super::letter::Letter;
use super::world::{Outcome, Sent, World};

const BOB: &str = "bob@example.net";
const WORD: &str = "[challenge]\nsendmail = \"SENDMAIL\"\nanswer = \"word\"\nlanguages = [\"en\"]\n";

fn with_limit(seconds: u32) -> World {
    let world = World::with(&format!("[challenge]\nsendmail = \"SENDMAIL\"\ntoo_fast = {seconds}\n"));
    world.let_time_stand();
    world
}

/// A challenge that went out a moment ago.
fn just_asked(world: &World) -> Sent {
    world.let_time_stand();
    world.challenge(BOB)
}

fn text(challenge: &Sent) -> Letter {
    Letter::answer(challenge, BOB).body("Yes, I wrote this. Bob\n")
}

/// When the one challenge of the world went out, seconds before now; a negative number is after now.
fn went_out(world: &World, slot: Option<i64>, sent: Option<i64>) {
    let at = |ago: Option<i64>| ago.map_or(0, |ago| clock::now() - ago);
    let store = world.database();
    let sql = "UPDATE held SET slot = ?1, sent = ?2 WHERE slot > 0";
    assert_eq!(store.execute(sql, [at(slot), at(sent)]).unwrap(), 1);
}

#[track_caller]
fn is_held(world: &World, outcome: &Outcome) {
    outcome.check("nothing passes", outcome.code == Some(0) && outcome.after.inbox.is_empty());
    outcome.held_for("answered-at-once");
    assert_eq!(world.entry(BOB), None, "nobody is allowed");
    assert_eq!(outcome.after.sent.len(), 1, "nobody is written to");
}

#[track_caller]
fn counts(world: &World, outcome: &Outcome) {
    outcome.check("the letter and the answer are there", outcome.code == Some(0) && outcome.after.inbox.len() == 2);
    assert!(world.entry(BOB).is_some(), "the person is known");
}

#[test]
fn it_confirms_nothing_and_spends_nothing() {
    let world = World::new();
    let challenge = just_asked(&world);
    let vacation = Letter::answer(&challenge, BOB).body("I am out of the office until Monday.\n");
    is_held(&world, &world.deliver(vacation.bytes()));
    // Nor does a notice that has a Subject of its own.
    let notice = vacation.field("Subject", "Urlaub").field("Message-ID", "<2@example.net>");
    is_held(&world, &world.deliver(notice.bytes()));
    // Minutes later the person answers with the same token, and has everything.
    went_out(&world, Some(300), Some(300));
    let outcome = world.deliver(text(&challenge).field("Message-ID", "<3@example.net>").bytes());
    outcome.is(0, 4, 0, 1);
    assert!(world.entry(BOB).is_some());
}

#[test]
fn an_empty_one_and_one_whose_subject_is_unchanged_are_held_too() {
    for change in [
        |letter: Letter, _: String| letter.body(""),
        |letter: Letter, subject: String| letter.field("Subject", &subject),
        |letter: Letter, _: String| letter.unproven(),
        |letter: Letter, _: String| letter.without("Subject"),
    ] {
        let world = World::new();
        let challenge = just_asked(&world);
        let answer = change(text(&challenge), challenge.field("Subject").unwrap());
        is_held(&world, &world.deliver(answer.bytes()));
    }
}

#[test]
fn it_is_listed_first_and_can_be_released() {
    let world = World::new();
    world.deny("eve@evil.example");
    let challenge = just_asked(&world);
    world.deliver(Letter::from("dan@example.com").field("X-Loop", "x").bytes());
    let outcome = world.deliver(text(&challenge).bytes());
    is_held(&world, &outcome);
    let held = world.store().all_held().unwrap();
    let id = held.iter().find(|row| row.reason.name() == "answered-at-once").unwrap().id.to_string();
    let digest = world.run(&["digest", "--stdout"], "");
    let said = String::from_utf8_lossy(&digest.stdout).into_owned();
    let first = said.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default();
    digest.check("its section is the first", first == "Answered a challenge at once, as machines do (1)");
    digest.check("it is in it", said.lines().any(|line| line.trim_start().starts_with(&id)));
    let outcome = world.run(&["release", &id], "");
    outcome.check("it can be released", outcome.code == Some(0) && outcome.after.inbox.len() == 1);
}

#[test]
fn the_time_is_that_from_the_end_of_sendmail() {
    for (slot, sent, too_fast) in [
        (Some(100), Some(2), true),
        (Some(100), Some(0), true),
        // sendmail was still running.
        (Some(2), Some(-60), true),
        (Some(2), None, true),
        // It did not end late, or that would be known.
        (Some(4), None, true),
        (Some(50), None, false),
        (None, Some(2), true),
        (Some(100), Some(60), false),
        (Some(100), None, false),
        (None, Some(60), false),
        // A clock that was set back says nothing.
        (Some(-300), Some(-300), false),
        (Some(-300), None, false),
    ] {
        let world = World::new();
        let challenge = just_asked(&world);
        went_out(&world, slot, sent);
        let outcome = world.deliver(text(&challenge).bytes());
        if too_fast { is_held(&world, &outcome) } else { counts(&world, &outcome) }
    }
}

#[test]
fn a_store_that_knows_no_time_takes_nothing_for_fast() {
    let world = World::new();
    let challenge = just_asked(&world);
    let store = world.database();
    store.execute("UPDATE held SET slot = 0, sent = 0", []).unwrap();
    counts(&world, &world.deliver(text(&challenge).bytes()));
    // Nor one that was built anew from the quarantine.
    let world = World::new();
    let challenge = just_asked(&world);
    std::fs::write(world.store_file(), "no store").unwrap();
    let outcome = world.run(&["maintain", "--rebuild"], "");
    outcome.check("it is built anew", outcome.code == Some(0));
    counts(&world, &world.deliver(text(&challenge).bytes()));
}

#[test]
fn the_limit_is_the_users() {
    let world = with_limit(0);
    let challenge = world.challenge(BOB);
    counts(&world, &world.deliver(text(&challenge).bytes()));
    for (ago, too_fast) in [(60, true), (7_200, false)] {
        let world = with_limit(3_600);
        let challenge = world.challenge(BOB);
        went_out(&world, Some(ago), Some(ago));
        let outcome = world.deliver(text(&challenge).bytes());
        if too_fast { is_held(&world, &outcome) } else { counts(&world, &outcome) }
    }
}

#[test]
fn with_the_right_word_it_is_a_machines_too() {
    let word = |challenge: &Sent| {
        let line = challenge.body().lines().find_map(|line| line.split_once("this word: ")).expect("a word");
        format!("It is {}.\n", line.1.trim())
    };
    let world = World::with(WORD);
    let challenge = just_asked(&world);
    is_held(&world, &world.deliver(Letter::answer(&challenge, BOB).body(&word(&challenge)).bytes()));
    // Without the word nothing goes out either.
    is_held(&world, &world.deliver(text(&challenge).field("Message-ID", "<2@example.net>").bytes()));
    // The answer to the mail about the missing word is measured from that mail.
    went_out(&world, Some(300), Some(300));
    let outcome = world.deliver(text(&challenge).field("Message-ID", "<3@example.net>").bytes());
    outcome.held_for("wrong-word").check("one short mail", outcome.after.sent.len() == 2);
    let again = outcome.after.sent[1].clone();
    let answer = Letter::answer(&again, BOB).body(&word(&challenge)).field("Message-ID", "<4@example.net>");
    let outcome = world.deliver(answer.bytes());
    outcome.check("not yet", outcome.after.inbox.is_empty() && world.entry(BOB).is_none());
    let store = world.database();
    let slot: i64 = store.query_row("SELECT slot FROM held WHERE slot > 0", [], |row| row.get(0)).unwrap();
    assert!(slot > clock::now() - 200, "it is written down when the short mail went out");
    went_out(&world, Some(300), Some(2));
    let outcome = world.deliver(answer.clone().field("Message-ID", "<5@example.net>").bytes());
    outcome.check("its sendmail ended just now", outcome.after.inbox.is_empty() && world.entry(BOB).is_none());
    went_out(&world, Some(300), None);
    let outcome = world.deliver(answer.field("Message-ID", "<6@example.net>").bytes());
    outcome.check("now", !outcome.after.inbox.is_empty() && world.entry(BOB).is_some());
}

#[test]
fn the_latest_of_several_challenges_counts() {
    let world = World::new();
    let first = world.challenge(BOB);
    // Another message of Bob's is asked about by hand, a week later.
    let store = world.database();
    world.deliver(Letter::from(BOB).field("Message-ID", "<second@example.net>").bytes()).is(0, 0, 2, 1);
    store.execute("UPDATE challenge SET at = at - 8 * 86400", []).unwrap();
    world.let_time_stand();
    let held = world.store().all_held().unwrap();
    let second = held.iter().find(|row| row.reason.name() == "asked-recently").unwrap().id;
    let outcome = world.run(&["challenge", &second.to_string()], "");
    outcome.check("asked by hand", outcome.code == Some(0) && outcome.after.sent.len() == 2);
    let body = format!("Yes.\n> cr-{}\n> cr-{}\n", first.token(), outcome.after.sent[1].token());
    let outcome = world.deliver(Letter::answer(&first, BOB).body(&body).bytes());
    outcome.held_for("answered-at-once").check("nothing passes", outcome.after.inbox.is_empty());
}

#[test]
fn whoever_was_known_before_and_whoever_says_not_me_need_not_wait() {
    let world = World::new();
    let challenge = just_asked(&world);
    world.allow(BOB);
    let outcome = world.deliver(text(&challenge).bytes());
    outcome.check("it passes like any letter of his", outcome.after.inbox.len() == 1);
    let world = World::with("[owner]\naddress = \"alice@example.org\"\n");
    let challenge = just_asked(&world);
    world.deliver(Letter::answer(&challenge, BOB).body("NOTME\n").bytes()).held_for("not-me-answer");
}

/// A sendmail that delivers by itself may have the answer before it ends.
#[test]
fn what_comes_while_sendmail_runs_is_held_however_long_that_takes() {
    let world = with_limit(5);
    world.sendmail_does("hang");
    let mut child = world.start(&["deliver"], &Letter::from(BOB).bytes());
    let sent = |world: &World| -> i64 {
        world.database().query_row("SELECT coalesce(max(sent), 0) FROM held", [], |row| row.get(0)).unwrap()
    };
    let began = clock::now();
    while sent(&world) == 0 {
        assert!(clock::now() < began + 60, "nothing is written down");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(sent(&world) >= began + 55, "it may still run for most of its minute");
    // Ten seconds later it still runs.
    let store = world.database();
    store.execute("UPDATE held SET slot = slot - 10, sent = sent - 10 WHERE slot > 0", []).unwrap();
    let challenge = world.state().sent[0].clone();
    world.sendmail_does("exit 0");
    let outcome = world.deliver(text(&challenge).bytes());
    child.kill().unwrap();
    child.wait().unwrap();
    is_held(&world, &outcome);
}
