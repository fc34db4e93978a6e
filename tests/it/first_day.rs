//! `init` in a home in which there is mail already: what it offers to learn from, when it asks, and what it says then.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use super::letter::{Letter, OWNER};
use super::terminal;
use super::world::{PROGRAM, World};

const BOB: &str = "bob@example.net";

/// A home in which nothing is set up.
struct Home {
    world: World,
}

/// How a run ended, and what it wrote.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Home {
    fn new() -> Home {
        let home = Home { world: World::new() };
        fs::create_dir_all(home.path("Maildir/cur")).unwrap();
        fs::create_dir_all(home.path("Maildir/new")).unwrap();
        fs::create_dir_all(home.path("Maildir/tmp")).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.path("fresh").join(name)
    }

    fn put(&self, name: &str, text: &[u8]) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Sent mail to two people, an address book with one more, and mail of the last month from one of them and a stranger.
    fn with_a_past() -> Home {
        let home = Home::new();
        for (number, to) in [(1, BOB), (2, "carol@example.com"), (3, BOB)] {
            home.put(&format!("Maildir/.Sent/cur/{number}.a:2,S"), sent(to, number).as_bytes());
        }
        home.put(".mutt/aliases", b"alias dan Dan <dan@example.org>\n");
        for (days, number, from) in [(1, 1, BOB), (2, 2, "eve@example.com"), (90, 3, "zoe@example.com")] {
            let at = countersign::world::clock::now() - days * 86_400;
            home.put(&format!("Maildir/cur/{at}.{number}:2,S"), &Letter::from(from).bytes());
        }
        home
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let inbox = self.path("Maildir").display().to_string();
        let all =
            ["init", "--address", OWNER, "--maildir", &inbox, "--authserv-id", "mx.example.org", "--delimiter", "+"];
        [&all, &["--sendmail", "/bin/true"][..], more].concat().iter().map(|word| (*word).to_owned()).collect()
    }

    /// Without a terminal.
    fn init(&self, more: &[&str]) -> Said {
        self.run(&self.arguments(more).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.world.command(PROGRAM);
        let ran = command.args(arguments).env("HOME", self.path("")).stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: ran.status.code(), out: text(ran.stdout), err: text(ran.stderr) }
    }

    /// With a terminal at which these answers are typed.
    fn at_a_terminal(&self, more: &[&str], answers: &str) -> Said {
        let mut command = self.world.command(PROGRAM);
        command.args(self.arguments(more)).env("HOME", self.path(""));
        let (code, out, err) = terminal::run(command, answers);
        Said { code, out, err }
    }

    fn knows(&self, who: &str) -> bool {
        match self.run(&["check", who]).code {
            Some(0) => true,
            Some(1) => false,
            other => panic!("{who}: {other:?}"),
        }
    }
}

fn sent(to: &str, number: usize) -> String {
    let date = countersign::mail::compose::date(countersign::world::clock::now() - 86_400);
    format!("From: {OWNER}\nTo: {to}\nSubject: Tea\nMessage-ID: <{number}@example.org>\nDate: {date}\n\nHello.\n")
}

#[test]
fn without_a_terminal_it_is_offered_and_nothing_is_learned() {
    let home = Home::with_a_past();
    let said = home.init(&[]);
    assert!(said.code == Some(0) && said.err.is_empty(), "{}", said.err);
    let lines: Vec<&str> = said.out.lines().filter_map(|line| line.strip_prefix(&format!("    {PROGRAM} "))).collect();
    let path = |name: &str| home.path(name).display().to_string();
    assert_eq!(
        lines,
        [
            "init --learn".to_owned(),
            format!("learn --sent {}", path("Maildir/.Sent")),
            format!("learn --addressbook {}", path(".mutt/aliases")),
            format!("learn --inbox {} --yes", path("Maildir")),
            format!("replay --since 30d {} {}", path("Maildir/cur"), path("Maildir/new")),
        ]
    );
    assert!(!home.knows(BOB) && !home.knows("dan@example.org"));
    // They do it, as they are.
    for line in &lines[1..] {
        let ran = home.run(&line.split(' ').collect::<Vec<_>>());
        assert!(ran.code == Some(0) && ran.err.is_empty(), "{line}: {}", ran.err);
    }
    assert!(home.knows(BOB) && home.knows("dan@example.org"));
    // What mail of nobody new proposes is not learned, and so it stays an offer.
    let again = home.init(&[]).out;
    assert!(again.contains("learn --inbox") && !again.contains("learn --addressbook"), "{again}");
    assert_eq!(again.matches("learn --sent").count(), 1, "the line for cron alone: {again}");
}

#[test]
fn with_learn_everything_is_learned_and_the_last_month_is_shown() {
    let home = Home::with_a_past();
    let said = home.init(&["--learn"]);
    assert!(said.code == Some(0) && said.err.is_empty(), "{}", said.err);
    for part in [
        "\n3 messages that you sent: 2 people more known from now on\n",
        "\n1 in your address books: 1 more known from now on\n",
        "\n3 people, domains and lists are allowed now.",
        "\nThe last 30 days of your inbox",
        "\n2 messages, ",
        "\n1 more is older or without a date, and is not counted\n",
        "\npassed                       1   50.0 %\n",
        "\nwould be asked: how often, the newest, who\n        1  ",
        "  eve@example.com\n",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(home.knows(BOB) && home.knows("carol@example.com") && home.knows("dan@example.org"));
    // The mail lies where it was, and nobody was asked.
    assert_eq!(fs::read_dir(home.path("Maildir/cur")).unwrap().count(), 3);
    assert_eq!(fs::read_dir(home.path("Maildir/.Held/new")).unwrap().count(), 0);
}

#[test]
fn a_second_init_offers_what_is_new_alone() {
    let home = Home::with_a_past();
    fs::remove_dir_all(home.path("Maildir/cur")).unwrap();
    home.init(&["--learn"]);
    for more in [&[][..], &["--learn"]] {
        let said = home.init(more);
        assert_eq!(said.code, Some(0));
        assert!(said.out.ends_with("/.Sent >/dev/null\n"), "nothing is new: {}", said.out);
    }
    home.put("Maildir/.Sent/new/4.a", sent("fay@example.com", 4).as_bytes());
    let offered = home.init(&[]).out;
    assert_eq!(offered.matches(" learn --sent").count(), 2, "and the line for cron: {offered}");
    assert!(!offered.contains("--addressbook"), "{offered}");
    let said = home.init(&["--learn"]).out;
    assert!(
        said.contains("\n1 message that you sent: 1 person more known from now on\npassed over: 3 in files"),
        "{said}"
    );
    assert!(home.knows("fay@example.com"));
}

#[test]
fn where_there_is_nothing_nothing_is_said() {
    let home = Home::new();
    for folder in ["Maildir/.Sent/cur", "Maildir/.Sent/new", ".contacts"] {
        fs::create_dir_all(home.path(folder)).unwrap();
    }
    home.put(".addressbook", b"");
    for more in [&[][..], &["--learn"]] {
        let said = home.init(more);
        assert!(said.code == Some(0) && said.err.is_empty(), "{}", said.err);
        assert!(said.out.ends_with(" maintain\n"), "{}", said.out);
    }
    let said = home.at_a_terminal(&[], "");
    assert!(said.code == Some(0) && said.err.is_empty(), "nothing is asked: {}", said.err);
}

#[test]
fn who_wants_nothing_to_be_learned_is_offered_nothing() {
    let home = Home::with_a_past();
    for said in [home.init(&["--no-learn"]), home.at_a_terminal(&["--no-learn"], "")] {
        assert!(said.code == Some(0) && said.err.is_empty(), "{}", said.err);
        assert!(said.out.ends_with("/.Sent >/dev/null\n"), "{}", said.out);
    }
    assert!(!home.knows(BOB));
    assert_eq!(home.init(&["--no-learn", "--learn"]).code, Some(64));
}

#[test]
fn what_cannot_be_read_is_named_and_stops_nothing() {
    let home = Home::with_a_past();
    home.put("mail/sent-mail", &[0xff, 0, 1].repeat(900));
    std::os::unix::fs::symlink("nowhere", home.path("Maildir/.Sent/cur/5.a:2,S")).unwrap();
    let said = home.init(&["--learn"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for name in ["mail/sent-mail", "Maildir/.Sent/cur/5.a:2,S"] {
        assert!(said.err.contains(name), "{name}: {}", said.err);
    }
    assert!(home.knows(BOB) && home.knows("dan@example.org"));
}

#[test]
fn at_a_terminal_each_kind_is_a_question() {
    let home = Home::with_a_past();
    let said = home.at_a_terminal(&[], "\nn\nperhaps\nno\n");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let place = |text: &str| said.err.find(text).unwrap_or_else(|| panic!("{text}: {}", said.err));
    assert!(place("to whom you have written (") < place("in your address books ("));
    assert!(place("in your address books (") < place("Let in the mailing lists"));
    assert_eq!(said.err.matches("[Y/n]").count(), 4, "{}", said.err);
    assert!(said.out.contains("3 messages that you sent: 2 people more") && said.out.contains("\n2 messages, "));
    assert!(home.knows(BOB) && !home.knows("dan@example.org"));
    // What was not taken is asked again, and who goes away has not agreed. (Ctrl-D.)
    let said = home.at_a_terminal(&[], "\u{4}\u{4}");
    assert!(said.code == Some(0) && !said.err.contains("to whom you have written"), "{}", said.err);
    assert!(!home.knows("dan@example.org"));
    let said = home.at_a_terminal(&[], "y\ny\n");
    assert!(said.code == Some(0) && home.knows("dan@example.org"), "{}", said.err);
}

#[test]
fn how_far_it_is_is_shown_at_a_terminal_alone() {
    for thousands in [1, 2, 4, 8, 16, 32, 64] {
        let home = Home::new();
        let mut mbox = String::new();
        for number in 0..thousands * 1_000 {
            mbox.push_str("From alice Mon Nov  2 10:00:00 2026\n");
            mbox.push_str(&sent(&format!("p{}@example.com", number % 50), number));
            mbox.push('\n');
        }
        home.put("mail/sent-mail", mbox.as_bytes());
        let seen = home.at_a_terminal(&["--learn"], "").err;
        if !seen.contains("\r\u{1b}[K[") {
            // Read before it is worth to be shown.
            continue;
        }
        assert!(seen.ends_with("\r\u{1b}[K"), "it is taken away: {seen:?}");
        home.run(&["forget", "--source", "learned"]);
        let said = home.init(&["--learn"]);
        assert!(said.out.contains("that you sent: 50 people more known"), "{}", said.out);
        assert!(said.err.is_empty() && !said.out.contains('\r'), "{}", said.err);
        return;
    }
    panic!("64,000 messages were read, and nothing was shown at a terminal");
}
