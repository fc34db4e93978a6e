//! What can be poisoned: stolen and invented Message-IDs, Subjects, lists, sent mail and copies of it, each with what becomes
//! of it and what it teaches. The tables of `docs/sent.md` are what came of it.

use std::fs;
use std::path::Path;

use countersign::mail::address::Address;
use countersign::operation::own_mail::keys_of;
use countersign::policy::fingerprint::Kind;
use countersign::policy::sent::{Class, Unlearned};
use countersign::policy::standing::Origin;
use countersign::policy::token::{Day, Token};
use countersign::world::clock;

use super::learn::{SENT, learn, put, sent, sent_folder};
use super::letter::{Letter, OWNER};
use super::replies::{OWN, after_sending, note, reply};
use super::sent_copy::{MAIL, OUTSIDE, address, handed_over, local};
use super::world::{KEYS, Outcome, World, header};

/// Whom poison would make known.
const MALLORY: &str = "mallory@evil.example";
const BOB: &str = "bob@example.net";
/// A list, and a list of friends that nobody else reads.
const LIST: &str = "friends.lists.example.net";
const PRIVATE: &str = "[replies]\nprivate_lists = [\"friends.lists.example.net\"]\n";
const DAY: i64 = 86_400;

/// What somebody does, and what comes of it.
struct Row {
    what: &'static str,
    fate: String,
    teaches: String,
}

/// What is on the list and what is remembered of sent mail.
struct Known {
    entries: u64,
    people: Vec<String>,
    ids: Vec<&'static str>,
}

impl Known {
    fn of(world: &World) -> Known {
        let mut people = Vec::new();
        for who in [MALLORY, BOB, "leave@evil.example"] {
            if let Some(entry) = world.entry(who).filter(|entry| entry.origin != Origin::Manual) {
                let pin = if entry.pin.is_empty() { String::new() } else { format!(", with {}", entry.pin.names()) };
                people.push(format!("`{who}` may write{pin}"));
            }
        }
        if world.run(&["check", &format!("list:{LIST}")], "").code == Some(0) {
            people.push("the list may write".to_owned());
        }
        let of =
            |id: &&str| world.store().sent(&keys_of(&world.installation(), Kind::MessageId, id)).unwrap().is_some();
        // Those of the letters below.
        let ids = [OWN, "1@example.org", "20.mallory.evil.example@evil.example"].into_iter().filter(of).collect();
        Known { entries: world.store().count_entries().unwrap().0, people, ids }
    }

    /// What is known by now and was not known before.
    fn since(&self, before: &Known, what: &str) -> String {
        let mut new: Vec<String> = self.people.iter().filter(|one| !before.people.contains(one)).cloned().collect();
        // Nobody else has got onto the list.
        assert_eq!(self.entries > before.entries, !new.is_empty(), "{what}: {} entries, {new:?}", self.entries);
        if self.ids.len() > before.ids.len() {
            new.push("answers to it pass".to_owned());
        }
        if new.is_empty() { "nothing".to_owned() } else { new.join("; ") }
    }
}

/// What became of the one message in this world.
fn fate(outcome: &Outcome) -> String {
    let after = &outcome.after;
    if after.inbox.is_empty() && after.held.is_empty() {
        outcome.check("it is taken", outcome.code == Some(0));
        return "taken, delivered nowhere".to_owned();
    }
    let all: Vec<&Vec<u8>> = after.inbox.iter().chain(&after.held).collect();
    outcome.check("there is one message", outcome.code == Some(0) && all.len() == 1);
    let mark = header(all[0], "X-Countersign-Verdict").unwrap();
    let reason = mark.split("reason=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let words = match (after.held.len(), after.sent.len()) {
        (0, 0) => "passes",
        (1, 0) => "held",
        (1, 1) => "held, and asked",
        _ => panic!("{outcome}"),
    };
    format!("{words}: `{reason}`")
}

/// A message arrives.
fn arrives(what: &'static str, world: &World, message: impl Into<Vec<u8>>) -> Row {
    let before = Known::of(world);
    let fate = fate(&world.deliver(message));
    Row { what, fate, teaches: Known::of(world).since(&before, what) }
}

/// A world in which the user sent [`OWN`] so many days ago.
fn days_after(class: Class, days: i64) -> World {
    let world = World::new();
    note(&world, Kind::MessageId, OWN, class, clock::now() - days * DAY);
    world
}

fn cookie(keys: &str, class: Class, days: i64) -> String {
    let world = World::new();
    world.write_keys(keys);
    let owner = Address::parse(OWNER).unwrap().normal();
    let token =
        Token::mint_sent(&world.installation().keys.token, class, 7, Day::of(clock::now() - days * DAY), &owner);
    format!("<cs.{token}@example.org>")
}

/// The page has this table, and no other, under this heading.
#[track_caller]
fn stands_in_the_page(title: &str, first: &str, rows: &[Row]) {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sent.md")).unwrap();
    let mut wanted = format!("| {first} | what becomes of it | what it teaches |\n| --- | --- | --- |\n");
    for Row { what, fate, teaches } in rows {
        wanted.push_str(&format!("| {what} | {fate} | {teaches} |\n"));
    }
    let section = page.split("\n### ").find(|section| section.starts_with(&format!("{title}\n"))).unwrap_or_default();
    let lines: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).collect();
    assert!(lines == wanted.lines().collect::<Vec<_>>(), "docs/sent.md, {title}, should have\n{wanted}");
}

#[test]
fn message_ids_that_were_stolen_or_invented() {
    stands_in_the_page("Message-IDs", "a message of a stranger names", &message_ids());
}

#[test]
fn subjects_and_lists_that_anybody_can_name() {
    stands_in_the_page("Subjects and lists", "a message of a stranger has", &subjects_and_lists());
}

#[test]
fn what_lies_in_the_sent_folder() {
    stands_in_the_page("The sent folder", "in the sent folder lies", &sent_folder_rows());
}

#[test]
fn what_comes_as_a_copy_or_goes_out() {
    stands_in_the_page("Copies, and `countersign sendmail`", "what comes", &copies());
}

fn message_ids() -> Vec<Row> {
    let private = || after_sending(Class::Private);
    let public = |days| days_after(Class::Public, days);
    let answer = || reply(MALLORY);
    let naming = |id: String| answer().field("In-Reply-To", &id);
    let program = |letter: Letter| letter.field("Content-Type", "application/octet-stream; name=\"a.exe\"");
    let text = format!("Message-ID: <{OWN}>\n\nReferences: <{OWN}>\n");
    let attached = format!("--b\n\nSee this.\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <{OWN}>\n\nx\n--b--\n");
    let many: String = (0..10_000).map(|number| format!("<{number}@evil.example> ")).collect();
    let many = |ids: &str| answer().without("In-Reply-To").field("References", ids.replace("MANY", &many).as_str());
    let bounce = |letter: Letter| letter.without("In-Reply-To").envelope("<>").body(&text);
    let denied = private();
    denied.deny(MALLORY);
    let stranger = || Letter::from(MALLORY);
    vec![
        arrives("an invented Message-ID", &World::new(), answer().bytes()),
        arrives("an invented cookie", &World::new(), naming(format!("<cs.{}@example.org>", "0".repeat(32))).bytes()),
        arrives(
            "a cookie under other keys",
            &World::new(),
            naming(cookie(&KEYS.replace("1 00", "1 ff"), Class::Private, 1)).bytes(),
        ),
        arrives(
            "the cookie of a public post, after 21 days",
            &World::new(),
            naming(cookie(KEYS, Class::Public, 21)).bytes(),
        ),
        arrives("the same after 22 days", &World::new(), naming(cookie(KEYS, Class::Public, 22)).bytes()),
        arrives("a public post's, out of an archive, within 21 days", &public(20), answer().bytes()),
        arrives("the same after 22 days", &public(22), answer().bytes()),
        arrives("the same within 21 days, with a program", &public(20), program(answer()).bytes()),
        arrives("a public post's, as returned by a bounce of its own make", &public(20), bounce(answer()).bytes()),
        arrives("a private message's, stolen, and proves nothing", &private(), answer().unproven().bytes()),
        arrives("the same, and proves its address", &private(), answer().bytes()),
        arrives("the same after a year", &days_after(Class::Private, 366), answer().bytes()),
        arrives("the same, with a program", &private(), program(answer()).bytes()),
        arrives("the same, and is from somebody denied", &denied, answer().bytes()),
        arrives(
            "the same, and its domain disowns it",
            &private(),
            answer().proven("dmarc=fail header.from=evil.example").bytes(),
        ),
        arrives("the same, through a mailing list", &private(), answer().field("List-Id", "<l.evil.example>").bytes()),
        arrives("the same, as a vacation notice", &private(), answer().field("Auto-Submitted", "auto-replied").bytes()),
        arrives("the same, as a challenge", &private(), answer().field("X-CR-Challenge", "v=1").bytes()),
        arrives("the same, as returned by a bounce of its own make", &private(), bounce(answer()).bytes()),
        arrives("the same behind 10,000 others", &private(), many(&format!("MANY<{OWN}>")).bytes()),
        arrives("the same in front of 10,000 others", &private(), many(&format!("<{OWN}> MANY")).bytes()),
        arrives("the same in its Subject", &private(), stranger().field("Subject", &format!("<{OWN}>")).bytes()),
        arrives("the same in its text", &private(), stranger().body(&text).bytes()),
        arrives(
            "the same in a message attached",
            &private(),
            stranger().field("Content-Type", "multipart/mixed; boundary=b").body(&attached).bytes(),
        ),
        arrives("the same as its own", &private(), stranger().field("Message-ID", &format!("<{OWN}>")).bytes()),
        arrives(
            "an invented one, as returned by a bounce",
            &private(),
            bounce(answer()).body("Message-ID: <x@y>\n").bytes(),
        ),
        arrives(
            "an invented one, as a challenge",
            &private(),
            naming("<x@y>".into()).field("X-CR-Challenge", "v=1").bytes(),
        ),
    ]
}

fn subjects_and_lists() -> Vec<Row> {
    let topic = |days: i64| {
        let world = World::with(PRIVATE);
        note(&world, Kind::Topic, "the garden party", Class::Public, clock::now() - days * DAY);
        world
    };
    let allowed = || {
        let world = World::new();
        world.allow(&format!("list:{LIST}"));
        world
    };
    let subscribed = || {
        let world = World::new();
        put(&world, &format!("{SENT}/1.a:2,S"), &sent("friends-join@lists.example.net", 1, ""));
        learn(&world, &["--sent", &sent_folder(&world)]);
        world
    };
    let subject = || Letter::from(MALLORY).field("Subject", "Re: The garden party");
    let listed = |letter: Letter| letter.field("List-Id", &format!("<{LIST}>"));
    let program = |letter: Letter| letter.field("Content-Type", "application/octet-stream; name=\"a.exe\"");
    let asks = |list: &str| {
        let letter = Letter::from(&format!("{list}-confirm+1f2e3d4c5b6a@lists.example.net"));
        let letter = letter.envelope(&format!("{list}-bounces@lists.example.net")).field("Precedence", "bulk");
        letter.field("Subject", "confirm 1f2e3d4c")
    };
    let question = || asks("friends");
    vec![
        arrives("the Subject of a message of yours", &after_sending(Class::Private), subject().bytes()),
        arrives("that of one to a private list, and no sign of the list", &topic(1), subject().bytes()),
        arrives("the same, and the list's List-Id, within 21 days", &topic(20), listed(subject()).unproven().bytes()),
        arrives("the same after 22 days", &topic(22), listed(subject()).unproven().bytes()),
        arrives("the same within 21 days, with a program", &topic(20), program(listed(subject())).bytes()),
        arrives(
            "the List-Id of an allowed list, and proves nothing",
            &allowed(),
            listed(Letter::from(MALLORY)).unproven().bytes(),
        ),
        arrives("the same, and proves its own domain", &allowed(), listed(Letter::from(MALLORY)).bytes()),
        arrives("the same, and proves the list's", &allowed(), listed(Letter::from("dan@lists.example.net")).bytes()),
        arrives("the question of a list that you never asked for", &World::new(), question().bytes()),
        arrives("the same after you subscribed, without a proof", &subscribed(), question().unsigned().bytes()),
        arrives("the same where no checker has seen it", &subscribed(), question().unproven().bytes()),
        arrives("the same with the proof of the list's host", &subscribed(), question().bytes()),
        arrives("the same for another list there", &subscribed(), asks("others").bytes()),
        arrives(
            "the List-Id of another list there, with the proof",
            &subscribed(),
            Letter::from("dan@lists.example.net").field("List-Id", "<others.lists.example.net>").bytes(),
        ),
    ]
}

/// It lies there, and `learn --sent` reads the folder.
fn lies(what: &'static str, message: String) -> Row {
    let world = World::new();
    let before = Known::of(&world);
    put(&world, &format!("{SENT}/1.a:2,S"), &message);
    let (outcome, said) = learn(&world, &["--sent", &sent_folder(&world)]);
    outcome.check("it is read", outcome.code == Some(0));
    use Unlearned::{NoRecipient, NotProven, NotYours, Program, Resent};
    let left = [NoRecipient, NotProven, NotYours, Program, Resent].into_iter().find(|why| said.contains(why.words()));
    let fate = left.map_or("learned from".to_owned(), |why| format!("left out: {}", why.words()));
    Row { what, fate, teaches: Known::of(&world).since(&before, what) }
}

fn sent_folder_rows() -> Vec<Row> {
    let received = format!("Received: {OUTSIDE}\n");
    let result = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n";
    let to = |more: &str| sent(MALLORY, 1, more);
    let saying = |subject: &str, text: &str| to("").replace("The garden party", subject).replace("Hello.", text);
    let receipt = "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n";
    let answers_to = |kind: char| MALLORY.replace('@', &format!("+{kind}{}@", "0".repeat(32)));
    let join = |more: &str| sent("friends-join@lists.example.net", 1, more);
    vec![
        lies("spam", to("").replace(OWNER, "spam@evil.example")),
        lies("spam in your name, from outside", to(&received)),
        lies(
            "the same, with a result below a `Received` of its own make",
            to(&format!("{received}{received}{result}")),
        ),
        lies("a subscription in your name, from outside", join(&received)),
        lies("a challenge of this program", to("X-CR-Challenge: v=1\nAuto-Submitted: auto-replied\n")),
        lies("a receipt", to(receipt)),
        lies("a vacation notice that says so in a field", to("Auto-Submitted: auto-replied\n")),
        lies("one that says so in its Subject", saying("Automatic reply: hello", "Hello.")),
        lies(
            "one that says so in its text",
            saying(
                "Re: offer",
                "I am currently out of the office and will be back on Monday. I will answer your mail then.",
            ),
        ),
        lies("one of a single plain sentence", saying("Re: offer", "I am out of the office until Monday.")),
        lies("one in no words that are known", saying("Re: offer", "Rwyf i ffwrdd tan ddydd Llun.")),
        lies("somebody's message that you sent on", to("Resent-To: bob@example.net\n")),
        lies(
            "spam that you passed on to a friend",
            sent(BOB, 1, "").replace("Hello.", &format!("From: {MALLORY}\nTo: me")),
        ),
        lies("your answer to spam", saying("Re: offer", "Stop it!")),
        lies("your answer to a challenge of theirs", sent(&answers_to('c'), 1, "")),
        lies("your answer that it was not you", sent(&answers_to('n'), 1, "")),
        lies("your message to leave a list", sent("friends-leave@lists.example.net", 1, "")),
        lies("your mail to what leaves a newsletter", sent("leave@evil.example", 1, "")),
        lies("your subscription to a list", join("")),
    ]
}

fn copies() -> Vec<Row> {
    let uid = rustix::process::getuid().as_raw();
    let copy = |what, received: &str, mail: &str| {
        let mut world = World::new();
        world.set("USER", "alice");
        let to = address(&world);
        arrives(what, &world, handed_over(&to, received, mail))
    };
    let client =
        |name: &str| format!("from {name} (unknown [192.0.2.1]) by mx.example.org (Server) with ESMTP id 2; now");
    let direct = || {
        let world = World::new();
        let to = address(&world);
        arrives("mail of a stranger who knows that address", &world, Letter::from(MALLORY).delivered_to(&to).bytes())
    };
    let sendmail = |what, arguments: &[&str], mail: &str| {
        let world = World::new();
        let before = Known::of(&world);
        let outcome = world.run(&[&["sendmail", "-oi"], arguments].concat(), mail);
        outcome.check("it goes out", outcome.code == Some(0) && outcome.after.sent.len() == 1);
        Row { what, fate: "goes out".to_owned(), teaches: Known::of(&world).since(&before, what) }
    };
    let program = format!("Auto-Submitted: auto-replied\n{MAIL}");
    let others = MAIL.replace(OWNER, "spam@evil.example");
    let resent = format!("Resent-To: {MALLORY}\n{MAIL}");
    vec![
        copy("at the signed address, in your name, from outside", OUTSIDE, MAIL),
        copy("the same by a client `x by y with ESMTPSA id 1`", &client("x by y with ESMTPSA id 1"), MAIL),
        copy("the same by a client `alice by y with local`", &client("alice by y with local"), MAIL),
        copy("the same above a forged `Received`", &format!("{OUTSIDE}\nReceived: {}", local()), MAIL),
        copy("the same, handed in by another user of this host", &local().replace(&uid.to_string(), "4242"), MAIL),
        direct(),
        copy("a vacation notice that your host sends for you, there", &local(), &program),
        copy("what you wrote, there", &local(), MAIL),
        sendmail("somebody else's mail through `countersign sendmail`", &["--", MALLORY], &others),
        sendmail("a vacation notice, through it", &["-f", "<>", "--", MALLORY], MAIL),
        sendmail("one with a sender, and with `Auto-Submitted`", &["--", MALLORY], &program),
        sendmail("somebody's message that you send on", &["--", MALLORY], &resent),
        sendmail("what you wrote, through it", &["--", BOB], MAIL),
    ]
}
