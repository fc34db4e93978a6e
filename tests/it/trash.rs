//! The trash: what is thrown away lies there for three days, comes back, and ends only by a clock that is believed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::operation::trash;
use countersign::policy::token::HeldId;
use countersign::world::clock;
use countersign::world::maildir::Moved;
use countersign::world::store::{HeldRow, State};

use super::letter::Letter;
use super::terminal;
use super::world::{MBOX, Outcome, PROGRAM, World, each, header};

const BOB: &str = "bob@example.net";
const EVE: &str = "eve@example.org.example";
const DISCARDS: &str = "[denied]\ndiscard = true";
const DAY: i64 = 86_400;

/// What was printed, however it was wrapped.
fn said(outcome: &Outcome) -> String {
    let text = [&outcome.stdout[..], &outcome.stderr[..]].concat();
    String::from_utf8_lossy(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(outcome: &Outcome, code: i32, what: &str) {
    outcome.check(what, outcome.code == Some(code) && said(outcome).contains(what));
}

/// How many lie in inbox, quarantine and trash.
#[track_caller]
fn lie(world: &World, inbox: usize, held: usize, trashed: usize) {
    let now = world.state();
    assert_eq!((now.inbox.len(), now.held.len(), now.trashed.len()), (inbox, held, trashed));
}

/// A stranger's letter is held, not asked about.
fn hold(world: &World, from: &str) -> String {
    let before: Vec<HeldId> = world.store().all_held().unwrap().iter().map(|row| row.id).collect();
    world.deliver(Letter::from(from).unproven().bytes());
    let rows = world.store().all_held().unwrap();
    rows.iter().map(|row| row.id).find(|id| !before.contains(id)).expect("a new row").to_string()
}

fn row(world: &World, id: &str) -> HeldRow {
    world.store().held(HeldId::parse(id).unwrap()).unwrap().expect("a row")
}

fn since(world: &World, id: &str) -> Option<i64> {
    world.store().trashed_since(HeldId::parse(id).unwrap()).unwrap()
}

fn sql(world: &World, text: &str) {
    assert!(world.database().execute(text, []).unwrap() > 0, "{text}");
}

fn files(folder: PathBuf) -> Vec<PathBuf> {
    let parts = ["new", "cur"].map(|part| folder.join(part));
    parts.iter().flat_map(|part| fs::read_dir(part).unwrap()).map(|file| file.unwrap().path()).collect()
}

/// `maintain` has run, and so long ago all was thrown away.
fn days_pass(world: &World, days: i64) {
    let now = clock::now();
    sql(world, &format!("UPDATE clock SET at = {}", now - 60));
    sql(world, &format!("UPDATE held SET counts = counts - {} WHERE counts > 0", days * DAY));
}

#[test]
fn nobody_at_a_terminal_and_no_yes_throws_nothing_away() {
    let world = World::new();
    let id = hold(&world, BOB);
    for words in [vec!["discard", &id], vec!["discard", "--grep", "tea"], vec!["discard", "ffffffffff"]] {
        let outcome = world.run(&words, "y\n");
        says(&outcome, 64, "nothing was thrown away; in a script: countersign discard --yes");
        lie(&world, 0, 1, 0);
    }
    assert!(!world.trash().exists());
    world.run(&["discard", "--yes"], "").is(64, 0, 1, 0);
    says(&world.run(&["discard", "--yes", "0000000000"], ""), 1, "no message 0000000000 is held");
}

#[test]
fn at_a_terminal_it_shows_what_would_go_and_asks_once() {
    let world = World::new();
    let ids = [hold(&world, BOB), hold(&world, EVE)];
    let run = |words: &[&str], answers: &str| {
        let mut command = world.command(PROGRAM);
        command.args(words);
        terminal::run(command, answers)
    };
    let both = ["discard", &ids[0], &ids[1]];
    for answers in ["\n", "n\n", "no\n", "\u{4}"] {
        let (code, out, screen) = run(&both, answers);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{answers:?}");
        let question = "Throw away 2 messages? They come back by `countersign undiscard` for 3 days [y/N]";
        assert_eq!(screen.matches(question).count(), 1, "{screen}");
        assert!(
            [&ids[0], &ids[1], BOB, EVE, "Tea at five", "nothing was thrown away"]
                .iter()
                .all(|word| screen.contains(word))
        );
        lie(&world, 0, 2, 0);
    }
    let (code, _, screen) = run(&["discard", "0000000000"], "y\n");
    assert!(code == Some(1) && !screen.contains("Throw away"), "nothing to ask about: {screen}");
    let (code, out, screen) = run(&["discard", &ids[0]], "y\n");
    assert!(code == Some(0) && screen.contains("Throw away 1 message? It comes back"), "{screen}");
    assert!(out.starts_with(&format!("discarded {}", ids[0])));
    lie(&world, 0, 1, 1);
    let (code, ..) = run(&["discard", "--yes", &ids[1]], "");
    assert_eq!(code, Some(0));
    lie(&world, 0, 0, 2);
}

#[test]
fn the_question_names_twenty_and_counts_the_rest() {
    let world = World::new();
    for number in 0..23 {
        hold(&world, &format!("p{number}@example.net"));
    }
    let mut command = world.command(PROGRAM);
    command.args(["discard", "--grep", "example.net"]);
    let (code, _, screen) = terminal::run(command, "n\n");
    assert_eq!((code, screen.matches("Tea at five").count()), (Some(1), 20), "{screen}");
    assert!(screen.contains("and 3 more") && screen.contains("Throw away 23 messages?"), "{screen}");
}

#[test]
fn what_was_thrown_away_is_found_and_comes_back_as_it_was() {
    each(["", MBOX], |configuration| {
        let world = World::with(configuration);
        let id = hold(&world, BOB);
        sql(&world, &format!("UPDATE held SET received = {0}, listed = {0}", clock::now() - 9 * DAY));
        let before = world.state().held;
        world.run(&["discard", "--yes", &id], "").is(0, 0, 0, 0);
        assert_eq!(world.state().trashed, before, "byte for byte");
        assert_eq!(row(&world, &id).state, State::Discarded);
        says(&world.run(&["held"], ""), 0, "");
        assert!(!said(&world.run(&["held"], "")).contains(&id));
        for words in [vec!["held", "--trash"], vec!["held", "--trash", "--json", &id[..9]], vec!["show", &id]] {
            says(&world.run(&words, ""), 0, BOB);
        }
        says(&world.run(&["show", &id], ""), 0, "thrown away in the trash until");
        says(&world.run(&["show", "--raw", &id], ""), 0, "X-Countersign-Id");
        says(&world.run(&["why", &id], ""), 0, &format!("to bring it back: countersign undiscard {id}"));
        says(&world.run(&["why", "--json", &id], ""), 0, "\"state\":\"discarded\"");
        let way = format!("{id} lies in the trash; to bring it back: countersign undiscard {id}");
        for words in [
            vec!["release", &id],
            vec!["release", "--allow", &id],
            vec!["challenge", &id],
            vec!["discard", "--yes", &id],
        ] {
            says(&world.run(&words, ""), 1, &way);
        }
        lie(&world, 0, 0, 1);
        says(&world.run(&["undiscard", &id], ""), 0, &format!("held again {id}"));
        lie(&world, 0, 1, 0);
        assert_eq!(world.state().held, before, "byte for byte");
        let back = row(&world, &id);
        assert!(back.state == State::Held && back.listed.is_none() && clock::now() - back.received < 60);
        world.run(&["maintain"], "").is(0, 0, 1, 0);
        says(&world.run(&["undiscard", &id], ""), 1, &format!("{id} is held, and does not lie in the trash"));
        world.run(&["release", &id], "").is(0, 1, 0, 0);
        says(&world.run(&["undiscard", &id], ""), 1, &format!("{id} does not lie in the trash: released"));
    });
}

#[test]
fn what_is_not_in_the_trash_does_not_come_back() {
    let world = World::new();
    let [kept, gone] = [BOB, EVE].map(|from| hold(&world, from));
    says(&world.run(&["undiscard"], ""), 64, "say which messages");
    says(&world.run(&["undiscard", "xyz"], ""), 64, "xyz");
    let unknown = if kept.starts_with('0') || gone.starts_with('0') { "f00000000" } else { "0" };
    says(&world.run(&["undiscard", unknown], ""), 1, "no message lies in the trash whose number begins with");
    says(&world.run(&["undiscard", "0123456789"], ""), 1, "no message 0123456789 lies in the trash");
    says(&world.run(&["undiscard", "--grep", "tea"], ""), 1, "");
    world.run(&["discard", "--yes", &gone], "");
    files(world.trash()).iter().for_each(|file| fs::remove_file(file).unwrap());
    says(&world.run(&["undiscard", &gone], ""), 1, "was thrown away, and is gone");
    assert!(!said(&world.run(&["why", &gone], "")).contains("undiscard"));
    // One that is there comes all the same.
    world.run(&["discard", "--yes", &kept], "");
    says(&world.run(&["undiscard", &gone, &kept[..9]], ""), 1, &format!("held again {kept}"));
    lie(&world, 0, 1, 0);
}

#[test]
fn by_text_reason_and_age_it_comes_back_too() {
    let world = World::new();
    let ids = [BOB, EVE, "zoe@example.com"].map(|from| hold(&world, from));
    world.run(&["discard", "--yes", "--since", "1h"], "").is(0, 0, 0, 0);
    says(&world.run(&["undiscard", "--grep", "zoe"], ""), 0, &ids[2]);
    lie(&world, 0, 1, 2);
    says(&world.run(&["undiscard", "--reason", "score-high"], ""), 1, "");
    says(&world.run(&["held", "--trash", "--grep", "bob"], ""), 0, &ids[0]);
    world.run(&["undiscard", "--reason", "not-proven", "--since", "1h"], "").is(0, 0, 3, 0);
}

#[test]
fn without_a_store_it_goes_there_and_comes_back_all_the_same() {
    let world = World::new();
    let id = hold(&world, BOB);
    fs::remove_file(world.store_file()).unwrap();
    says(&world.run(&["discard", "--yes", &id], ""), 0, "going on with the quarantine alone");
    lie(&world, 0, 0, 1);
    says(&world.run(&["held", "--trash"], ""), 0, &id);
    says(&world.run(&["undiscard", &id], ""), 0, &format!("held again {id}"));
    lie(&world, 0, 1, 0);
}

#[test]
fn what_is_denied_or_scored_is_whole_in_the_trash_before_it_is_answered_for() {
    const SCORES: &str = "[score]\nfields = [\"spamassassin\"]\ndiscard_above = 20\n";
    each(
        [("deliver", true), ("gate", true), ("gate --word", true), ("deliver", false), ("gate", false)],
        |(mode, denied)| {
            let world = if denied { World::with(DISCARDS) } else { World::with(SCORES) };
            let letter = Letter::from(BOB).body(&"Buy.\n".repeat(9_000));
            let letter =
                if denied { letter } else { letter.proven("dmarc=none\nX-Spam-Status: Yes, score=31.5 required=5.0") };
            if denied {
                world.deny(BOB);
            }
            let mode: Vec<&str> = mode.split(' ').collect();
            // Handed over once more, as by a mail system that has lost the answer.
            for _ in 0..2 {
                let outcome = world.run(&mode, letter.bytes());
                outcome.is(0, 0, 0, 0);
                let [message] = &outcome.after.trashed[..] else { panic!("{outcome}") };
                assert!(message.ends_with(&letter.handed_over()), "whole");
                let verdict = header(message, "X-Countersign-Verdict").unwrap();
                let reason = if denied { "denied-sender" } else { "score-discard" };
                assert!(verdict.starts_with(&format!("discard; reason={reason} ")), "{verdict}");
            }
            let rows: Vec<HeldRow> = world.store().held_with_message_id(&message_id(&world, BOB)).unwrap();
            assert_eq!(rows.iter().map(|row| row.state).collect::<Vec<_>>(), [State::Discarded]);
            let id = rows[0].id.to_string();
            says(
                &world.run(&["why", &format!("<15.bob.example.net@{}>", "example.net")], ""),
                0,
                &format!("countersign undiscard {id}"),
            );
            says(&world.run(&["undiscard", &id], ""), 0, &id);
            world.run(&["maintain"], "").is(0, 0, 1, 0);
            world.run(&["release", &id], "").is(0, 1, 0, 0);
        },
    );
}

fn message_id(world: &World, from: &str) -> countersign::policy::fingerprint::Fingerprint {
    use countersign::policy::fingerprint::{Fingerprint, Kind};
    let letter = Letter::from(from).bytes();
    let id = header(&letter, "Message-ID").unwrap();
    let installation = world.installation();
    Fingerprint::of(installation.keys.list.current().1, Kind::MessageId, id.trim_matches(['<', '>']).as_bytes())
}

#[test]
fn what_cannot_be_made_durable_in_the_trash_comes_again() {
    for spoil in ["full", "a file in its place", "no Maildir"] {
        let world = World::with(DISCARDS);
        world.deny(BOB);
        let letter = Letter::from(BOB).body(&"Buy.\n".repeat(20_000)).bytes();
        let line = if spoil == "full" { "ulimit -f 64; exec $P deliver" } else { "exec $P deliver" };
        match spoil {
            "a file in its place" => fs::write(world.trash(), "").unwrap(),
            "no Maildir" => fs::remove_dir_all(world.inbox()).unwrap(),
            _ => {}
        }
        let outcome = world.shell(line, letter.clone());
        outcome.check(spoil, outcome.code == Some(75) && outcome.after.trashed.is_empty());
        if spoil == "a file in its place" {
            fs::remove_file(world.trash()).unwrap();
        }
        if spoil != "no Maildir" {
            let outcome = world.deliver(letter);
            outcome.is(0, 0, 0, 0).check("it is there now", outcome.after.trashed.len() == 1);
        }
    }
}

#[test]
fn a_trash_that_somebody_deleted_is_made_anew() {
    let world = World::with(DISCARDS);
    world.deny(BOB);
    world.deliver(Letter::from(BOB).bytes());
    for part in ["tmp", "new", ""] {
        fs::remove_dir_all(world.trash().join(part)).unwrap();
        let letter = Letter::from(BOB).field("Message-ID", &format!("<{part}@example.net>"));
        let outcome = world.deliver(letter.bytes());
        outcome.check(part, outcome.code == Some(0) && !outcome.after.trashed.is_empty());
    }
    assert!(world.trash().join("maildirfolder").exists());
    // With the quarantine too.
    fs::remove_dir_all(world.quarantine()).unwrap();
    fs::remove_dir_all(world.trash()).unwrap();
    let outcome = world.deliver(Letter::from(BOB).field("Message-ID", "<last@example.net>").bytes());
    outcome.check("both are made", outcome.code == Some(0) && outcome.after.trashed.len() == 1);
}

#[test]
fn the_same_thrown_away_once_more_lies_there_for_its_whole_time() {
    let world = World::with(DISCARDS);
    world.deny(BOB);
    world.deliver(Letter::from(BOB).bytes());
    let id = world.store().all_trashed().unwrap()[0].id.to_string();
    // A mail reader has seen it meanwhile, and named it as it likes.
    let [file] = &files(world.trash())[..] else { panic!("one file") };
    fs::rename(file, world.trash().join("cur/1234.own-name:2,S")).unwrap();
    days_pass(&world, 2);
    let before = since(&world, &id).unwrap();
    world.deliver(Letter::from(BOB).bytes());
    lie(&world, 0, 0, 1);
    assert!(since(&world, &id).unwrap() > before + DAY);
    // Where nothing says that it stays, it is kept beside.
    sql(&world, "UPDATE held SET counts = 0");
    world.deliver(Letter::from(BOB).bytes());
    lie(&world, 0, 0, 2);
    assert_eq!(world.store().all_trashed().unwrap().len(), 1);
    // A file of its name that bears no seal of ours is not taken for it.
    let world = World::with(DISCARDS);
    world.deny(BOB);
    world.deliver(Letter::from(BOB).bytes());
    let [file] = &files(world.trash())[..] else { panic!("one file") };
    fs::write(file, "Subject: another\n\nText.\n").unwrap();
    world.deliver(Letter::from(BOB).bytes());
    lie(&world, 0, 0, 2);
    assert!(world.state().trashed.iter().any(|message| header(message, "X-Countersign-Seal").is_some()));
}

#[test]
fn a_copy_in_the_trash_that_an_attempt_left_without_a_row_gets_one() {
    let world = World::with(DISCARDS);
    world.deny(BOB);
    world.deliver(Letter::from(BOB).bytes());
    let id = world.store().all_trashed().unwrap()[0].id;
    sql(&world, "DELETE FROM held");
    world.deliver(Letter::from(BOB).bytes());
    lie(&world, 0, 0, 1);
    assert_eq!(world.store().all_trashed().unwrap()[0].id, id);
}

#[test]
fn an_answer_for_what_was_thrown_away_allows_its_sender_releases_nothing_of_it_and_says_so() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let id = world.store().all_held().unwrap()[0].id.to_string();
    // A second letter of the same person is held without a question.
    world.deliver(Letter::from(BOB).field("Message-ID", "<second@example.net>").bytes()).is(0, 0, 2, 1);
    world.run(&["digest"], "").is(0, 1, 2, 1);
    world.run(&["discard", "--yes", &id], "").is(0, 1, 1, 1);
    // From another address, so that only what lies in the trash says whom it allows.
    let answer = Letter::answer(&challenge, "robert@work.example").body("Yes, I wrote that.\n");
    let answer = answer.bytes();
    world.deliver(answer.clone()).is(0, 3, 0, 1);
    lie(&world, 3, 0, 1);
    assert!(world.entry(BOB).is_some() && world.entry("robert@work.example").is_none());
    assert_eq!(row(&world, &id).state, State::Discarded);
    says(&world.run(&["why", &id], ""), 0, "its sender has answered");
    let way = format!("countersign undiscard {id}");
    let digest = world.run(&["digest", "--stdout"], "");
    says(&digest, 0, &format!("{BOB} has answered and is allowed from now on"));
    says(&digest, 0, &way);
    // Handed over again it changes nothing; and the next digest says it once.
    world.deliver(answer).check("it passes again", world.state().trashed.len() == 1);
    world.run(&["digest"], "");
    let digest = world.state().inbox;
    assert!(digest.iter().any(|message| String::from_utf8_lossy(message).contains(&way)));
    assert!(!said(&world.run(&["digest", "--stdout", "--always"], "")).contains(&way));
    // What the user brings back stays held, though its sender is allowed by now, and was before.
    sql(&world, "UPDATE list.entry SET added = added - 10");
    world.run(&["undiscard", &id], "");
    world.run(&["maintain"], "");
    assert_eq!(world.state().held.len(), 1);
    // The token is spent.
    world.run(&["forget", BOB], "");
    world.run(&["discard", "--yes", &id], "");
    world.deliver(Letter::answer(&challenge, EVE).body("Once more.\n").bytes());
    assert!(world.entry(BOB).is_none());
}

#[test]
fn a_token_of_what_lies_in_the_trash_is_as_old_as_it_may_be_and_of_what_is_gone_it_is_not() {
    for gone in [false, true] {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let id = world.store().all_held().unwrap()[0].id;
        let old =
            world.token(countersign::policy::token::Purpose::Confirm, u64::try_from(id.number()).unwrap(), 45, BOB);
        world.run(&["discard", "--yes", &id.to_string()], "");
        if gone {
            files(world.trash()).iter().for_each(|file| fs::remove_file(file).unwrap());
        }
        let text = Letter::answer(&challenge, BOB).bytes();
        let text = String::from_utf8(text).unwrap().replace(&challenge.token(), &old);
        world.deliver(text);
        assert_eq!(world.entry(BOB).is_some(), !gone, "gone: {gone}");
    }
}

#[test]
fn who_says_not_me_of_what_was_thrown_away_is_never_asked_again() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let id = world.store().all_held().unwrap()[0].id.to_string();
    world.run(&["discard", "--yes", &id], "");
    world.deliver(Letter::answer(&challenge, BOB).body("not me\n").bytes()).is(0, 0, 1, 1).held_for("not-me-answer");
    assert!(world.entry(BOB).is_none());
    let next = world.deliver(Letter::from(BOB).field("Message-ID", "<next@example.net>").bytes());
    next.is(0, 0, 2, 1).held_for("opted-out");
    assert_eq!(row(&world, &id).state, State::Discarded);
    assert!(!said(&world.run(&["digest", "--stdout"], "")).contains("has answered"));
}

#[test]
fn after_three_days_it_ends_and_not_before() {
    let world = World::with(DISCARDS);
    world.deny(EVE);
    world.deliver(Letter::from(EVE).bytes());
    let id = hold(&world, BOB);
    world.run(&["discard", "--yes", &id], "");
    world.run(&["maintain"], "");
    lie(&world, 0, 0, 2);
    days_pass(&world, 2);
    world.run(&["maintain"], "").is(0, 0, 0, 0);
    lie(&world, 0, 0, 2);
    days_pass(&world, 1);
    sql(&world, "UPDATE held SET counts = counts + 60");
    world.run(&["maintain"], "").is(0, 0, 0, 0);
    lie(&world, 0, 0, 2);
    sql(&world, "UPDATE held SET counts = counts - 70");
    says(&world.run(&["maintain", "--dry-run"], ""), 0, &format!("throw {id} away for good"));
    lie(&world, 0, 0, 2);
    world.run(&["maintain"], "").is(0, 0, 0, 0);
    lie(&world, 0, 0, 0);
    says(&world.run(&["why", &id], ""), 0, "discarded");
    says(&world.run(&["undiscard", &id], ""), 1, "its days in the trash are over");
    assert_eq!(row(&world, &id).state, State::Discarded);
}

#[test]
fn nothing_ends_there_by_a_clock_that_is_not_believed() {
    // Accepted so many days ago: 8 is too long, and -1 was set back; none was accepted before.
    for accepted in [Some(8), Some(-1), None] {
        let world = World::new();
        let id = hold(&world, BOB);
        world.run(&["discard", "--yes", &id], "");
        days_pass(&world, 40);
        let at = accepted.map_or(0, |days| clock::now() - days * DAY);
        sql(&world, &format!("UPDATE clock SET at = {at}"));
        world.run(&["maintain"], "");
        lie(&world, 0, 0, 1);
        if accepted.is_some() {
            world.run(&["maintain", "--clock-is-right"], "");
            lie(&world, 0, 0, 1);
            world.run(&["maintain"], "");
            lie(&world, 0, 0, 0);
        }
    }
    // Thrown away under a clock that was years ahead, or never set: its time begins with the first run that sees it.
    for thrown_away in [clock::now() + 900 * DAY, 7] {
        let world = World::new();
        let id = hold(&world, BOB);
        world.run(&["discard", "--yes", &id], "");
        sql(&world, &format!("UPDATE held SET counts = {thrown_away}"));
        sql(&world, &format!("UPDATE clock SET at = {}", clock::now() - 60));
        for _ in 0..2 {
            world.run(&["maintain"], "");
            lie(&world, 0, 0, 1);
        }
        assert!((clock::now() - since(&world, &id).unwrap()).abs() < 60, "{thrown_away}");
        days_pass(&world, 4);
        world.run(&["maintain"], "");
        lie(&world, 0, 0, 0);
    }
}

#[test]
fn what_is_not_ours_is_left_alone_and_named() {
    let world = World::new();
    let id = hold(&world, BOB);
    world.run(&["discard", "--yes", &id], "");
    let foreign = [("new/1.foreign", "From: a@b.c\n\nText.\n".to_owned()), ("cur/2.empty:2,S", String::new())];
    for (name, text) in &foreign {
        fs::write(world.trash().join(name), text).unwrap();
    }
    // One whose block was changed, so that its seal does not hold, with a number that no row has.
    let ours = files(world.trash()).into_iter().find(|file| fs::read_to_string(file).unwrap().contains(&id)).unwrap();
    let text = fs::read_to_string(&ours).unwrap().replace(&id, "abcdefabcd");
    fs::write(world.trash().join("new/3.changed"), text).unwrap();
    for days in [0, 4] {
        days_pass(&world, days);
        world.run(&["maintain"], "").is(0, 0, 0, 0);
    }
    assert!(!ours.exists());
    assert_eq!(files(world.trash()).len(), 3);
    says(&world.run(&["held", "--trash"], ""), 0, "In the trash lies what bears no block of this program (2)");
}

#[test]
fn store_and_trash_are_brought_together() {
    let world = World::new();
    let [noted, rowless, back, by_hand, emptied] =
        ["a", "b", "c", "d", "e"].map(|name| hold(&world, &format!("{name}@example.net")));
    world.run(&["discard", "--yes", &noted, &rowless, &back, &emptied], "").is(0, 0, 1, 0);
    let of = |folder: PathBuf, id: &str| {
        files(folder).into_iter().find(|file| fs::read_to_string(file).unwrap().contains(id)).expect("its file")
    };
    // Whoever threw it away died before that was written down; or the row was lost.
    sql(&world, &format!("UPDATE held SET state = 1, counts = 0 WHERE id = {}", row(&world, &noted).id.number()));
    sql(&world, &format!("DELETE FROM held WHERE id = {}", row(&world, &rowless).id.number()));
    // Whoever brought it back died before.
    fs::rename(of(world.trash(), &back), world.quarantine().join("new/back")).unwrap();
    // A mail reader moved it, or emptied the trash.
    fs::rename(of(world.quarantine(), &by_hand), world.trash().join("cur/1.moved:2,S")).unwrap();
    fs::remove_file(of(world.trash(), &emptied)).unwrap();
    let planned = said(&world.run(&["maintain", "--dry-run"], ""));
    for line in [
        format!("note that {noted} lies in the trash; its days begin now"),
        format!("write down {rowless}, which lies in the trash without a row"),
        format!("note that {back} is held again"),
        format!("note that {by_hand} lies in the trash"),
        format!("note that {emptied} is gone from the trash"),
    ] {
        assert!(planned.contains(&line), "{line}: {planned}");
    }
    assert!(!planned.contains("was moved or deleted"), "{planned}");
    world.run(&["maintain"], "").is(0, 0, 1, 0);
    lie(&world, 0, 1, 3);
    let states =
        [&noted, &rowless, &back, &by_hand, &emptied].map(|id| (row(&world, id).state, since(&world, id).is_some()));
    use State::{Discarded, Held};
    let thrown_away = (Discarded, true);
    assert_eq!(states, [thrown_away, thrown_away, (Held, false), thrown_away, (Discarded, false)]);
    assert_eq!(said(&world.run(&["maintain", "--dry-run"], "")), "", "all is done");
    world.run(&["undiscard", &noted, &rowless, &by_hand], "").is(0, 0, 4, 0);
}

#[test]
fn what_lies_in_both_folders_is_held() {
    let world = World::new();
    let id = hold(&world, BOB);
    world.run(&["discard", "--yes", &id], "");
    world.run(&["undiscard", &id], "");
    let [file] = &files(world.quarantine())[..] else { panic!("one file") };
    fs::copy(file, world.trash().join("new/copy")).unwrap();
    sql(&world, &format!("UPDATE clock SET at = {}", clock::now() - 60));
    world.run(&["maintain"], "").is(0, 0, 1, 0);
    lie(&world, 0, 1, 1);
    assert_eq!(row(&world, &id).state, State::Held);
    // Once it is released the copy has its days, and ends.
    world.run(&["release", &id], "");
    world.run(&["maintain"], "");
    days_pass(&world, 4);
    world.run(&["maintain"], "");
    lie(&world, 1, 0, 0);
}

#[test]
fn of_two_who_bring_the_same_message_back_one_is_told_so() {
    let world = World::new();
    let id = hold(&world, BOB);
    world.run(&["discard", "--yes", &id], "");
    let installation = world.installation();
    let seen = trash::find(&installation, None, HeldId::parse(&id).unwrap()).unwrap().unwrap();
    let bring_back = || trash::bring_back(&installation, &[&seen]).unwrap().remove(0).unwrap();
    assert!(matches!(bring_back(), Moved::Done(_)));
    // What the other one saw before is not there any more.
    assert_eq!(bring_back(), Moved::AlreadyGone);
    // In both folders, as a power cut may leave it, it comes back once, and only what lies in the quarantine counts.
    let [file] = &files(world.quarantine())[..] else { panic!("one file") };
    fs::copy(file, &seen.entry.path).unwrap();
    assert!(matches!(bring_back(), Moved::Done(path) if path == *file));
    lie(&world, 0, 1, 1);
}

#[test]
fn a_store_made_anew_knows_what_lies_in_the_trash() {
    let world = World::new();
    let [held, thrown_away] = [BOB, EVE].map(|from| hold(&world, from));
    world.run(&["discard", "--yes", &thrown_away], "");
    fs::remove_file(world.store_file()).unwrap();
    says(
        &world.run(&["maintain", "--rebuild"], ""),
        0,
        "1 held messages are in the new store, and 1 that lie in the trash.",
    );
    assert_eq!((row(&world, &held).state, row(&world, &thrown_away).state), (State::Held, State::Discarded));
    assert!(since(&world, &thrown_away).is_some());
    world.run(&["undiscard", &thrown_away], "").is(0, 0, 2, 0);
}

#[test]
fn a_message_of_which_the_seal_does_not_hold_goes_there_and_comes_back() {
    let world = World::new();
    let id = hold(&world, BOB);
    world.write_keys(
        "version 1\ntoken 1 f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\
         list 1 f02122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n",
    );
    world.run(&["discard", "--yes", &id], "").is(0, 0, 0, 0);
    lie(&world, 0, 0, 1);
    says(&world.run(&["held", "--trash"], ""), 0, &id);
    world.run(&["undiscard", &id], "").is(0, 0, 1, 0);
    lie(&world, 0, 1, 0);
}

#[test]
fn of_many_who_throw_away_bring_back_and_release_each_message_is_at_one_place() {
    let world = World::new();
    let ids: Vec<String> = (0..6).map(|number| hold(&world, &format!("p{number}@example.net"))).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    each(0..24, |round| {
        let command: &[&str] = match round % 6 {
            0 | 3 => &["discard", "--yes"],
            1 | 4 => &["undiscard"],
            2 => &["maintain"],
            _ => &["release"],
        };
        let named = if command == ["maintain"] { &[][..] } else { &all[round % 5..] };
        let outcome = world.run(&[command, named].concat(), "");
        outcome.check("it ends well", matches!(outcome.code, Some(0 | 1)));
    });
    let now = world.state();
    let mut there: Vec<String> = Vec::new();
    for message in now.inbox.iter().chain(&now.held).chain(&now.trashed) {
        there.push(header(message, "X-Countersign-Id").unwrap());
    }
    there.sort();
    let mut wanted = ids.clone();
    wanted.sort();
    assert_eq!(there, wanted, "each once");
    // What the store says is what is there, once `maintain` has run alone.
    world.run(&["maintain"], "");
    world.run(&["maintain"], "");
    for (messages, state) in [(&now.held, State::Held), (&now.trashed, State::Discarded)] {
        for message in messages {
            assert_eq!(row(&world, &header(message, "X-Countersign-Id").unwrap()).state, state);
        }
    }
}

#[test]
fn what_comes_or_is_brought_back_in_the_moment_in_which_it_ends_is_not_lost() {
    for round in 0..6 {
        let world = World::with(DISCARDS);
        world.deny(BOB);
        let letter = Letter::from(BOB).bytes();
        world.deliver(letter.clone());
        let ends = hold(&world, EVE);
        world.run(&["discard", "--yes", &ends], "");
        days_pass(&world, 4);
        let (delivered, back) = (AtomicUsize::new(0), AtomicUsize::new(0));
        each(0..8, |at| {
            let (count, outcome) = match (at + round) % 4 {
                0 | 1 => return drop(world.run(&["maintain"], "")),
                2 => (&delivered, world.deliver(letter.clone())),
                _ => (&back, world.run(&["undiscard", &ends], "")),
            };
            count.fetch_add(usize::from(outcome.code == Some(0)), Ordering::Relaxed);
        });
        let (delivered, back) = (delivered.into_inner(), back.into_inner());
        assert_eq!(delivered, 2, "round {round}");
        let now = world.state();
        assert!((1..=2).contains(&now.trashed.len()), "round {round}: {}", now.trashed.len());
        assert_eq!((back, now.held.len()), (back.min(1), back), "round {round}");
        // And it stays: nothing of what has come is over.
        world.run(&["maintain"], "");
        assert_eq!(world.state().trashed.len(), now.trashed.len(), "round {round}");
    }
}

#[test]
fn of_many_deliveries_of_one_message_that_is_thrown_away_one_is_kept() {
    let world = World::with(DISCARDS);
    world.deny(BOB);
    let letter = Letter::from(BOB).bytes();
    each(0..12, |_| {
        let outcome = world.deliver(letter.clone());
        outcome.check("it is taken", outcome.code == Some(0));
    });
    lie(&world, 0, 0, 1);
    assert_eq!(world.store().all_trashed().unwrap().len(), 1);
    let state = world.state();
    assert_eq!((state.drafts, state.marks), (0, 0));
}

#[test]
fn doctor_counts_what_lies_in_the_trash_and_sees_what_is_wrong_with_it() {
    let world = World::new();
    let id = hold(&world, BOB);
    world.run(&["discard", "--yes", &id], "");
    let doctor = |world: &World| said(&world.run(&["doctor"], ""));
    assert!(doctor(&world).contains("0 in the quarantine, 1 in the trash"));
    fs::set_permissions(world.trash().join("new"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(doctor(&world).contains("others can write"));
    fs::set_permissions(world.trash().join("new"), fs::Permissions::from_mode(0o700)).unwrap();
    // Its tmp/ on another disk, from which nothing can be linked; where there is one.
    let elsewhere =
        tempfile::tempdir_in(if world.home().starts_with("/dev/shm") { "/var/tmp" } else { "/dev/shm" }).unwrap();
    fs::remove_dir_all(world.trash().join("tmp")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), world.trash().join("tmp")).unwrap();
    assert!(doctor(&world).contains("nothing can be moved between them"));
    fs::remove_dir_all(world.trash()).unwrap();
    assert!(doctor(&world).contains("0 in the quarantine"));
    // Something else in its place.
    fs::write(world.trash(), "").unwrap();
    assert!(doctor(&world).contains("is no folder: mail that is to be thrown away waits"));
    fs::remove_file(world.trash()).unwrap();
    std::os::unix::fs::symlink("/nothing/of/the/kind", world.trash()).unwrap();
    assert!(doctor(&world).contains("is no folder: mail that is to be thrown away waits"));
}

#[test]
fn a_trash_that_lost_its_empty_folders_loses_nothing_that_lies_in_the_others() {
    each(["tmp", "cur"], |part| {
        let world = World::new();
        let ids = [hold(&world, BOB), hold(&world, EVE)];
        world.run(&["discard", "--yes", &ids[0], &ids[1]], "").is(0, 0, 0, 0);
        fs::remove_dir(world.trash().join(part)).unwrap();
        world.run(&["undiscard", &ids[0]], "").is(0, 0, 1, 0);
        fs::remove_dir(world.trash().join(part)).unwrap();
        world.run(&["maintain"], "").is(0, 0, 1, 0);
        assert!(since(&world, &ids[1]).is_some(), "it is not said to be gone");
        world.run(&["undiscard", &ids[1]], "").is(0, 0, 2, 0);
    });
}
