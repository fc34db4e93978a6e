//! `learn`: whom the user knows, from sent mail and from received mail.
//!
//! What programs sent in the user's name, what somebody else wrote, and who is denied: all that teaches nothing.

use std::fs;

use countersign::policy::standing::{Effect, Origin};

use super::letter::{Letter, OWNER};
use super::world::{Outcome, World};

const BOB: &str = "bob@example.net";
const CAROL: &str = "carol@example.com";
/// Where sent mail lies.
pub const SENT: &str = "home/Maildir/.Sent/cur";

/// A message that the user sent.
pub fn sent(to: &str, number: usize, more: &str) -> String {
    format!(
        "{more}From: Alice <{OWNER}>\nTo: {to}\nSubject: The garden party\nMessage-ID: <{number}@example.org>\n\
         Date: {}\n\nHello.\n",
        countersign::mail::compose::date(countersign::world::clock::now() - 86_400)
    )
}

/// Writes a file of this world.
pub fn put(world: &World, name: &str, text: &str) {
    let path = world.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn text(letter: &Letter) -> String {
    String::from_utf8(letter.bytes()).unwrap()
}

/// Runs `learn`, and all it says.
pub fn learn(world: &World, arguments: &[&str]) -> (Outcome, String) {
    let outcome = world.run(&[&["learn"], arguments].concat(), "");
    let said = format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    (outcome, said)
}

/// The folder of sent mail.
pub fn sent_folder(world: &World) -> String {
    world.path("home/Maildir/.Sent").display().to_string()
}

#[test]
fn who_was_written_to_may_write_back() {
    let world = World::new();
    put(&world, &format!("{SENT}/1.a:2,S"), &sent(&format!("{BOB}, Carol <Carol@Example.COM>"), 1, "Bcc: dan@x.org\n"));
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
    let (outcome, said) = learn(&world, &["--sent", &sent_folder(&world)]);
    outcome.check(
        "it is said",
        outcome.code == Some(0) && said.starts_with("1 message that you sent: 3 people more known"),
    );
    for person in [BOB, CAROL, "dan@x.org"] {
        let entry = world.entry(person).unwrap_or_else(|| panic!("{person}"));
        assert_eq!((entry.effect, entry.origin), (Effect::Allow, Origin::Sent));
    }
    assert!(world.entry(OWNER).is_none());
    let second = Letter::from(BOB).field("Message-ID", "<again@example.net>");
    world.deliver(second.bytes()).is(0, 1, 1, 1);
    // What is held from somebody whom the user has written to is let in.
    world.run(&["maintain"], "").is(0, 2, 0, 1);
}

#[test]
fn a_second_run_reads_only_what_is_new_or_changed() {
    let world = World::new();
    put(&world, &format!("{SENT}/1.a:2,S"), &sent(BOB, 1, ""));
    put(&world, "home/Maildir/.Sent/new/2.b", &sent(BOB, 2, ""));
    put(&world, "mail/sent-mail", &format!("From alice Mon Nov  2 10:00:00 2026\n{}", sent(CAROL, 3, "")));
    let folder = world.path("mail").display().to_string();
    let arguments = ["--sent", &sent_folder(&world), &folder];
    let (_, said) = learn(&world, &arguments);
    assert!(said.starts_with("3 messages that you sent: 2 people more known from now on"), "{said}");
    // A mail reader sets flags and moves it: the same message still.
    fs::rename(world.path(&format!("{SENT}/1.a:2,S")), world.path(&format!("{SENT}/1.a:2,RS"))).unwrap();
    fs::rename(world.path("home/Maildir/.Sent/new/2.b"), world.path(&format!("{SENT}/2.b:2,S"))).unwrap();
    let (outcome, said) = learn(&world, &arguments);
    outcome.check("nothing is read", outcome.code == Some(0) && said.contains("0 messages that you sent: 0 people"));
    assert!(said.contains("3 in files that have not changed since"), "{said}");
    let mbox = fs::read_to_string(world.path("mail/sent-mail")).unwrap();
    put(
        &world,
        "mail/sent-mail",
        &format!("{mbox}\nFrom alice Mon Nov  2 10:00:00 2026\n{}", sent("eve@x.org", 4, "")),
    );
    let (_, said) = learn(&world, &arguments);
    assert!(said.starts_with("2 messages that you sent: 1 person more known"), "{said}");
    assert!(world.entry("eve@x.org").is_some());
}

#[test]
fn what_a_program_sent_or_somebody_else_wrote_teaches_nothing() {
    let outside = "Received: from x by mx.example.org with ESMTP id 1; Mon, 2 Nov 2026 10:00:00 +0000\n";
    let rows: [(&str, String); 9] = [
        ("a vacation notice", sent(BOB, 1, "Auto-Submitted: auto-replied\n")),
        (
            "a receipt",
            sent(BOB, 1, "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n"),
        ),
        ("a challenge", sent(BOB, 1, "X-CR-Challenge: v=1\n")),
        ("a null sender", sent(BOB, 1, "Return-Path: <>\n")),
        ("Precedence", sent(BOB, 1, "Precedence: bulk\n")),
        ("sent on", sent(BOB, 1, "Resent-To: bob@example.net\n")),
        ("spam that somebody filed", sent(BOB, 1, "").replace(OWNER, "spammer@evil.example")),
        ("spam in the user's name", sent(BOB, 1, outside)),
        ("nothing but the user", sent(OWNER, 1, "")),
    ];
    for (what, message) in rows {
        let world = World::new();
        put(&world, &format!("{SENT}/1.a:2,S"), &message);
        let (outcome, said) = learn(&world, &["--sent", &sent_folder(&world)]);
        outcome.check(what, outcome.code == Some(0) && said.contains("0 people"));
        assert!(world.entry(BOB).is_none(), "{what}");
        assert_eq!(world.store().count_entries().unwrap(), (0, 0), "{what}");
    }
}

#[test]
fn drafts_junk_waste_and_held_mail_are_not_read() {
    let world = World::new();
    for folder in [".Drafts/cur", ".Trash/cur", ".Junk/cur", ".Held/cur", ".Held.Allow/new"] {
        put(&world, &format!("home/Maildir/{folder}/1.a:2,S"), &sent(BOB, 1, ""));
    }
    put(&world, &format!("{SENT}/1.a:2,DS"), &sent(BOB, 1, ""));
    put(&world, &format!("{SENT}/2.a:2,ST"), &sent(BOB, 1, ""));
    put(&world, &format!("{SENT}/3.a:2,S"), &sent(CAROL, 1, ""));
    let (_, said) = learn(&world, &["--sent", &world.inbox().display().to_string()]);
    assert!(said.starts_with("1 message that you sent"), "{said}");
    assert!(world.entry(BOB).is_none() && world.entry(CAROL).is_some());
}

#[test]
fn who_is_denied_or_pinned_stays_so() {
    let world = World::new();
    world.run(&["deny", BOB], "").is(0, 0, 0, 0);
    world.run(&["allow", "--any", CAROL], "").is(0, 0, 0, 0);
    put(&world, &format!("{SENT}/1.a:2,S"), &sent(&format!("{BOB}, {CAROL}"), 1, ""));
    let (_, said) = learn(&world, &["--sent", &sent_folder(&world)]);
    assert!(said.contains("0 people"), "{said}");
    assert_eq!(world.entry(BOB).unwrap().effect, Effect::Deny);
    assert_eq!(world.entry(CAROL).unwrap().origin, Origin::Any);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let world = World::new();
    put(&world, &format!("{SENT}/1.a:2,S"), &sent(&format!("{BOB}, {CAROL}"), 1, ""));
    put(&world, &format!("{SENT}/2.a:2,S"), &sent(BOB, 2, ""));
    let before = fs::read(world.store_file()).unwrap();
    let (outcome, said) = learn(&world, &["--dry-run", "--sent", &sent_folder(&world)]);
    outcome.check("it counts each once", said.contains("2 people would be known"));
    assert_eq!(fs::read(world.store_file()).unwrap(), before);
    assert!(world.entry(BOB).is_none());
    let (_, said) = learn(&world, &["--sent", &sent_folder(&world)]);
    assert!(said.contains("2 people more known from now on"), "{said}");
}

#[test]
fn another_address_of_the_user_is_named() {
    let world = World::new();
    put(&world, &format!("{SENT}/1.a:2,S"), &sent(BOB, 1, "").replace(OWNER, "alice@home.example"));
    let (_, said) = learn(&world, &["--sent", &sent_folder(&world)]);
    assert!(said.contains("owner.others: alice@home.example (1)"), "{said}");
}

#[test]
fn what_cannot_be_read_is_named_and_stops_nothing() {
    let world = World::new();
    put(&world, "mail/a", "no mail at all\n");
    put(&world, "mail/b", &sent(BOB, 1, ""));
    let folder = world.path("mail").display().to_string();
    let (outcome, said) = learn(&world, &["--sent", &folder]);
    outcome.check("named", outcome.code == Some(0) && said.contains("/a: is no mail"));
    assert!(world.entry(BOB).is_some());
    let (outcome, said) = learn(&world, &["--sent", &world.path("nowhere").display().to_string()]);
    outcome.check("nothing there", outcome.code == Some(1) && said.contains("nowhere"));
    let (outcome, _) = learn(&world, &[]);
    outcome.check("nothing named", outcome.code == Some(64));
}

#[test]
fn received_mail_proposes_lists_and_people_whom_the_user_answered() {
    let world = World::new();
    let day = |number: i64| countersign::world::clock::now() - (40 - number) * 86_400;
    let mut count = 0;
    let mut receive = |flags: &str, folder: &str, number: i64, text: String| {
        count += 1;
        put(&world, &format!("home/Maildir/{folder}cur/{}.m{count}:2,{flags}", day(number)), &text);
    };
    let post = |id: &str| {
        format!("From: Dan <dan@x.org>\nTo: users@{id}\nList-Id: <users.{id}>\nPrecedence: list\nSubject: s\n\nHello\n")
    };
    for number in [1, 8, 16] {
        receive("S", "", number, post("good.example"));
        receive("S", ".Junk/", number, post("junk.example"));
    }
    (1..4).for_each(|number| receive("S", "", number, post("short.example")));
    [1, 30].iter().for_each(|number| receive("S", "", *number, post("rare.example")));
    receive("RS", "", 3, text(&Letter::from(BOB)));
    receive("S", "", 3, text(&Letter::from(CAROL)));
    receive("RS", "", 3, text(&Letter::from("noreply@shop.example")));
    let inbox = world.inbox().display().to_string();
    let (outcome, said) = learn(&world, &["--inbox", &inbox]);
    outcome
        .check("proposed", said.contains("allow list:users.good.example") && said.contains(&format!("allow {BOB} ")));
    for other in ["junk", "short", "rare", "carol", "noreply"] {
        assert!(!said.contains(other), "{other}: {said}");
    }
    assert_eq!(world.store().count_entries().unwrap(), (0, 0), "nothing was written");
    let (_, said) = learn(&world, &["--inbox", &inbox, "--yes"]);
    assert!(said.contains("allowed list:users.good.example"), "{said}");
    assert_eq!(world.store().count_entries().unwrap(), (2, 0));
    assert_eq!(world.entry(BOB).unwrap().origin, Origin::Proposed);
    let (_, said) = learn(&world, &["--inbox", &inbox]);
    assert!(said.contains("0 mailing lists, 0 people"), "{said}");
}

/// The numbers that a summary says: what was read, and of it what is new, as before, own, of mail systems and left.
fn counts(said: &str, place: &str) -> (u64, u64) {
    let line = said.lines().find(|line| line.contains(place)).unwrap_or_else(|| panic!("{place}: {said}"));
    let numbers: Vec<u64> = line
        .split(|c: char| !c.is_ascii_digit() && c != ',')
        .filter_map(|word| word.trim_matches(',').replace(',', "").parse().ok())
        .collect();
    (numbers[0], numbers[1..].iter().sum())
}

/// The files below a folder of fixtures that have a list of what is expected beside them, and how many entries that names.
fn with_expected(folder: &str) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(super::fixture::root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let mut expected = path.clone().into_os_string();
        expected.push(".expected");
        if let Ok(text) = fs::read_to_string(expected) {
            let first = text.lines().next().unwrap();
            found.push((path, first.split(|c: char| !c.is_ascii_digit()).find_map(|word| word.parse().ok()).unwrap()));
        }
    }
    assert!(found.len() > 1, "{folder}: no files");
    found
}

#[test]
fn every_entry_of_an_address_book_is_accounted_for() {
    for (path, entries) in with_expected("contacts") {
        let world = World::new();
        let (_, said) = learn(&world, &["--addressbook", path.to_str().unwrap()]);
        let (read, sum) = counts(&said, "in your address books");
        assert_eq!((read, sum), (entries, entries), "{}: {said}", path.display());
        let (allowed, _) = world.store().count_entries().unwrap();
        assert!(allowed > 0, "{}", path.display());
        let (_, again) = learn(&world, &["--addressbook", path.to_str().unwrap()]);
        assert!(again.contains("address books: 0 more known"), "{again}");
    }
}

#[test]
fn every_entry_of_another_programs_list_is_accounted_for() {
    for program in ["tmda", "ask", "boxtrapper", "postconfirm", "qconfirm"] {
        for (path, entries) in with_expected(&format!("migration/{program}")) {
            let world = World::new();
            let (outcome, said) = learn(&world, &["--from", program, path.to_str().unwrap()]);
            outcome.check("done", outcome.code == Some(0));
            let there = |place: &str| said.lines().any(|line| line.contains(place));
            let of = |place: &str| if there(place) { counts(&said, place) } else { (0, 0) };
            let both = [of("allowed there"), of("denied there")];
            // A domain with its subdomains is one entry there and two here.
            let (left, _) = of("left, each with its line");
            let (read, sum) = (both[0].0 + both[1].0 + left, both[0].1 + both[1].1 + left);
            assert!(read >= entries && read == sum, "{}: {read} {sum} of {entries}: {said}", path.display());
        }
    }
}

#[test]
fn the_users_own_address_and_those_of_mail_systems_are_never_learned() {
    let world = World::new();
    let book = format!("Alice <{OWNER}>\nalice+shop@example.org\nMAILER-DAEMON@x.org\npostmaster@x.org\nBob <{BOB}>\n");
    let outcome = world.run(&["learn", "--addressbook", "-"], book.as_str());
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert_eq!(
        said,
        "5 in your address books: 1 more known from now on; 2 your own, 2 of mail systems, which are never allowed\n"
    );
    assert_eq!(world.store().count_entries().unwrap(), (1, 0));
    assert_eq!(world.entry(BOB).unwrap().origin, Origin::Contact);
}

#[test]
fn folders_of_cards_are_read_and_what_is_no_address_book_is_named() {
    let world = World::new();
    put(&world, "cards/one.vcf", "BEGIN:VCARD\nVERSION:4.0\nFN:Bob\nEMAIL:bob@example.net\nEND:VCARD\n");
    put(&world, "cards/work/two.vcf", "BEGIN:VCARD\nVERSION:3.0\nFN:C\nEMAIL;TYPE=home:carol@example.com\nEND:VCARD\n");
    put(&world, "cards/.cache", "garbage\0");
    put(&world, "cards/notes", "Dear diary,\nnothing happened.\n");
    let (outcome, said) = learn(&world, &["--dry-run", "--addressbook", &world.path("cards").display().to_string()]);
    outcome.check("done", outcome.code == Some(0) && said.contains("2 in your address books: 2 would be known"));
    assert!(said.contains("cards/notes: it looks like") && !said.contains(".cache"), "{said}");
    assert_eq!(world.store().count_entries().unwrap(), (0, 0));
    let (outcome, _) = learn(&world, &["--addressbook", &world.path("nowhere").display().to_string()]);
    outcome.check("nothing there", outcome.code == Some(1));
}

#[test]
fn lists_are_taken_for_what_they_are() {
    let world = World::new();
    put(
        &world,
        "whitelist",
        "bob@example.net\n*@friends.example\n*@=family.example\nsales-*@x.org\n\"a*b\"@x.org\n*@*.edu\n",
    );
    put(&world, "blacklist", "spam@evil.example\n");
    put(&world, "pending.txt", "eve@x.org\n");
    let path = |name: &str| world.path(name).display().to_string();
    world.deny("bob@example.net");
    let (_, said) = learn(&world, &["--from", "tmda", &path("whitelist"), &path("blacklist")]);
    assert!(said.contains("whitelist, line 4: sales-*@x.org"), "{said}");
    assert!(said.contains("line 6: ") && said.contains("top-level"), "{said}");
    assert!(said.contains("\n2 left, each with its line\n"), "neither allowed nor denied: {said}");
    let is = |who: &str, effect| assert_eq!(world.run(&["check", who], "").code, Some(effect), "{who}: {said}");
    ["@friends.example", "@family.example", "@*.family.example", "spam@evil.example"].iter().for_each(|who| is(who, 0));
    is("@*.friends.example", 1);
    assert_eq!(world.entry("spam@evil.example").unwrap().effect, Effect::Deny);
    assert_eq!(world.entry("bob@example.net").unwrap().effect, Effect::Deny, "who is denied stays so");
    for wrong in [
        vec!["--from", "tmda", &path("pending.txt")],
        vec!["--from", "elsewhere", &path("whitelist")],
        vec!["--from", "tmda"],
        vec!["--from", "tmda", "-"],
        vec!["--sent", &path("sent"), "--dry-run", &path("whitelist")],
        vec![&path("whitelist"), "--addressbook", &path("book")],
    ] {
        let (outcome, _) = learn(&world, &wrong);
        outcome.check(&format!("{wrong:?}"), outcome.code == Some(64));
    }
    let (_, said) = learn(&world, &["--from", "tmda", "--denied", &path("pending.txt")]);
    assert!(said.contains("1 denied there: 1 more denied from now on"), "{said}");
}

#[test]
fn who_subscribes_by_mail_gets_the_question_and_the_list() {
    let world = World::new();
    let request = sent("friends-join@lists.example.net", 1, "");
    put(&world, &format!("{SENT}/1.a:2,S"), &request);
    let question = |from: &str| {
        Letter::from(from)
            .envelope("friends-bounces@lists.example.net")
            .field("Precedence", "bulk")
            .field("Subject", "confirm 1f2e3d4c")
    };
    let program = "friends-confirm+1f2e3d4c5b6a@lists.example.net";
    world.deliver(question(program).bytes()).is(0, 0, 1, 0);
    learn(&world, &["--sent", &sent_folder(&world)]);
    world.deliver(question(program).field("Message-ID", "<2@lists.example.net>").bytes()).is(0, 1, 1, 0);
    // Without the proof of the list's host anybody could ask so, and where nobody looks for it anybody can.
    world
        .deliver(question(program).unsigned().field("Message-ID", "<3@x>").bytes())
        .is(0, 1, 2, 0)
        .held_for("pin-missing");
    world.deliver(question(program).unproven().field("Message-ID", "<4@x>").bytes()).is(0, 2, 2, 0);
    let post = Letter::from("dan@lists.example.net").field("List-Id", "<friends.lists.example.net>");
    world.deliver(post.bytes()).is(0, 3, 2, 0);
    let other = Letter::from("eve@lists.example.net").field("List-Id", "<others.lists.example.net>");
    world.deliver(other.bytes()).is(0, 3, 3, 0);
    let checked = world.run(&["check", "list:friends.lists.example.net"], "");
    checked.check("said", String::from_utf8_lossy(&checked.stdout).contains("you subscribed to it"));
}

#[test]
fn leaving_a_list_allows_nothing() {
    let world = World::new();
    put(&world, &format!("{SENT}/1.a:2,S"), &sent("friends-leave@lists.example.net", 1, ""));
    learn(&world, &["--sent", &sent_folder(&world)]);
    assert_eq!(world.run(&["check", "list:friends.lists.example.net"], "").code, Some(1));
}

#[test]
fn a_message_on_standard_input_is_a_copy_or_nothing() {
    let world = World::new();
    let letter =
        sent(BOB, 1, "Received: by mx.example.org (Postfix, from userid 0) id 1; Mon, 2 Nov 2026 10:00:00 +0000\n");
    let outcome = world.run(&["learn", "--sent", "-"], letter.as_str());
    outcome.check("no trouble", outcome.code == Some(0) && outcome.stdout.is_empty() && outcome.drained);
    assert!(world.entry(BOB).is_none());
    let outcome = world.run(&["learn", "--sent", "-", "--dry-run"], letter.as_str());
    outcome.check("alone", outcome.code == Some(64));
}

#[test]
fn received_mail_tells_the_proof_that_the_mail_of_people_one_knows_has() {
    let world = World::new();
    for (who, count) in [(BOB, 3), (CAROL, 2)] {
        put(&world, &format!("{SENT}/{count}.a:2,S"), &sent(who, count, ""));
        for number in 0..count {
            let letter = Letter::from(who).field("Message-ID", &format!("<{number}@{who}>"));
            put(&world, &format!("home/Maildir/cur/{count}{number}.a:2,S"), &text(&letter));
            // One message in two folders is one.
            put(&world, &format!("home/Maildir/.All/cur/{count}{number}.b:2,S"), &text(&letter));
        }
    }
    learn(&world, &["--sent", &sent_folder(&world)]);
    let inbox = world.inbox().display().to_string();
    learn(&world, &["--inbox", &inbox]);
    assert!(world.entry(BOB).unwrap().pin.is_empty(), "nothing is written without --yes");
    let (_, said) = learn(&world, &["--inbox", &inbox, "--yes"]);
    assert!(said.contains("let in only with the proof that their mail has: 1 person"), "{said}");
    assert!(!world.entry(BOB).unwrap().pin.is_empty() && world.entry(CAROL).unwrap().pin.is_empty());
    world.deliver(Letter::from(BOB).unsigned().bytes()).held_for("pin-missing");
    let passed = world.deliver(Letter::from(BOB).unproven().body("Nobody has looked.\n").bytes());
    passed.check("what nobody has looked at passes", passed.after.held.len() == 1);
}

#[test]
fn what_was_written_under_an_address_that_is_named_later_is_read_again() {
    let world = World::new();
    put(&world, &format!("{SENT}/1.a:2,S"), &sent(BOB, 1, "").replace(OWNER, "alice@work.example"));
    let folder = sent_folder(&world);
    let (_, said) = learn(&world, &["--sent", &folder]);
    assert!(said.contains("name it in owner.others: alice@work.example (1)"), "{said}");
    let (_, said) = learn(&world, &["--sent", &folder]);
    assert!(said.contains("have not changed since"), "{said}");
    world.configure(&format!("[owner]\naddress = \"{OWNER}\"\nothers = [\"alice@work.example\"]\n"));
    let (_, said) = learn(&world, &["--sent", &folder]);
    assert!(said.starts_with("1 message that you sent: 1 person more"), "{said}");
    assert!(world.entry(BOB).is_some());
}
