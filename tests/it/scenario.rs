//! One run that is to be disturbed: what was there before, what is handed over, and what must be there in the end.
//!
//! Promises: each is shown to end well when nothing disturbs it. What it finds wrong it gives in words, so that many
//! disturbances can be looked at before the test fails.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use countersign::mail::address::Address;
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::reason::Reason;
use countersign::policy::standing::{Effect, Entry, Origin};
use countersign::world::allowance::Allowance;
use countersign::world::clock;
use countersign::world::store::Asked;

use super::disk::Disk;
use super::dns_server::{Behaviour, Server, Zone};
use super::letter::Letter;
use super::mail_system::{Mail, QUICK, is_whole_challenge, look, settle, taken, world_with};
use super::old_store;
use super::signer::Signer;
use super::world::{MBOX, Outcome, World};

/// The known sender of every scenario.
pub const FRIEND: &str = "dan@example.com";
/// The stranger who is asked.
pub const BOB: &str = "bob@example.net";
const DAY: i64 = 86_400;
/// With this a scenario looks by itself, at what [`NAME_SERVER`] says.
const EYES: &str = "[trust]\nauthserv_ids = []\n[eyes]\nlook = \"where-silent\"\ndns = [\"DNS\"]\n";
/// It knows the key of the stranger who signs. All scenarios of one process share it.
static NAME_SERVER: LazyLock<Server> = LazyLock::new(|| {
    let zone = format!("{}example.net MX 10 mx.example.net\n", Signer::of("example.net", 0).key());
    Server::start(Zone::text(&zone), &[Behaviour::Honest])
});

/// Where a message must be in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the inbox, or with `gate` at the caller's.
    Inbox,
    /// In the quarantine.
    Held,
    /// Deleted, by the user or because its time is over.
    Nowhere,
    /// Thrown away, and in the trash.
    Trash,
    /// Its days there are over: gone, or there for some more if what was disturbed leaves a doubt.
    LeavingTrash,
}

/// One run.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The command line.
    pub command: &'static str,
    /// Lines of configuration beside those of [`QUICK`].
    configuration: &'static str,
    /// What was there before, and what is handed over.
    prepare: fn(&World) -> Prepared,
    /// What else must be so in the end.
    further: fn(&World) -> Vec<String>,
}

/// What a scenario begins with.
#[derive(Default)]
struct Prepared {
    /// Each message, and where it must be in the end.
    mails: Vec<(Mail, Place)>,
    /// Which of them is handed over; none where the command takes none.
    handed_over: Option<usize>,
    /// Who is asked in this run if nothing comes between.
    asks: Vec<&'static str>,
}

/// A scenario with its beginning, of which every run has a copy.
pub struct Stage {
    /// Which.
    pub scenario: &'static Scenario,
    prepared: Prepared,
    before: Disk,
    /// Who was asked before.
    asked_before: Vec<String>,
    refused_before: Vec<std::ffi::OsString>,
}

/// What happened to a run before it ended well.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// How many attempts were not answered with "taken".
    pub broken: usize,
    /// Whether the last one was answered with "pass": the caller has the message.
    pub passed_on: bool,
    /// Whether the power failed: then a move may have been made in one folder only.
    pub power_failed: bool,
    /// Whom sendmail had taken mail for before that; what it has it keeps.
    pub asked_before: Vec<String>,
}

/// Every scenario.
pub const ALL: [Scenario; 21] = [
    Scenario { name: "deliver, known", command: "deliver", configuration: "", prepare: known, further: nothing },
    Scenario {
        name: "deliver, held in silence",
        command: "deliver",
        configuration: "",
        prepare: silent,
        further: nothing,
    },
    Scenario { name: "deliver, asked", command: "deliver", configuration: "", prepare: asked, further: nothing },
    Scenario {
        name: "deliver, thrown away",
        command: "deliver",
        configuration: "[denied]\ndiscard = true\n",
        prepare: thrown_away,
        further: is_written_down,
    },
    Scenario {
        name: "deliver, older store",
        command: "deliver",
        configuration: "",
        prepare: older,
        further: is_migrated,
    },
    Scenario { name: "gate, known", command: "gate", configuration: "", prepare: known, further: nothing },
    Scenario { name: "gate, asked", command: "gate", configuration: "", prepare: asked, further: nothing },
    Scenario { name: "answer", command: "deliver", configuration: "", prepare: answer, further: is_confirmed },
    Scenario { name: "maintain", command: "maintain", configuration: "", prepare: much_to_mend, further: nothing },
    Scenario {
        name: "allow",
        command: "allow bob@example.net",
        configuration: "",
        prepare: nobody,
        further: is_allowed,
    },
    Scenario {
        name: "release",
        command: "release --since 1d",
        configuration: "",
        prepare: to_release,
        further: nothing,
    },
    Scenario {
        name: "answer, thrown away",
        command: "deliver",
        configuration: "",
        prepare: answer_for_the_trash,
        further: is_told,
    },
    Scenario {
        name: "discard",
        command: "discard --yes --since 1d",
        configuration: "",
        prepare: to_discard,
        further: nothing,
    },
    Scenario {
        name: "undiscard",
        command: "undiscard --since 1d",
        configuration: "",
        prepare: to_bring_back,
        further: nothing,
    },
    Scenario {
        name: "deliver, known, into an mbox",
        command: "deliver",
        configuration: MBOX,
        prepare: known,
        further: nothing,
    },
    Scenario {
        name: "answer, an mbox",
        command: "deliver",
        configuration: MBOX,
        prepare: answer,
        further: is_confirmed,
    },
    Scenario {
        name: "release into an mbox",
        command: "release --since 1d",
        configuration: MBOX,
        prepare: to_release,
        further: nothing,
    },
    Scenario {
        name: "deliver, looked at and asked",
        command: "deliver",
        configuration: EYES,
        prepare: signed,
        further: nothing,
    },
    Scenario {
        name: "deliver, looked at and let pass",
        command: "deliver",
        configuration: EYES,
        prepare: signed_by_the_known,
        further: nothing,
    },
    Scenario {
        name: "answer, the rest is looked at",
        command: "deliver",
        configuration: EYES,
        prepare: signed_answer,
        further: is_confirmed,
    },
    Scenario {
        name: "maintain, looks",
        command: "maintain",
        configuration: EYES,
        prepare: to_look_at,
        further: nothing,
    },
];

impl Stage {
    /// Everything that was there before, made once. The undisturbed run must end well.
    #[track_caller]
    pub fn of(scenario: &'static Scenario) -> Stage {
        let world = scenario.world();
        let prepared = (scenario.prepare)(&world);
        settle(&world);
        let asked_before = taken(&world).into_iter().map(|(to, _)| to).collect();
        let refused = fs::read_dir(world.path("refused")).unwrap().map(|file| file.unwrap().file_name()).collect();
        let before = Disk::of(&world.home());
        let stage = Stage { scenario, prepared, before, asked_before, refused_before: refused };
        let world = stage.world();
        let outcome = stage.run(&world);
        let course = stage.finish(&world, outcome.code, Course::default());
        let mut faults = stage.faults(&world, &course);
        let asked: Vec<String> = taken(&world).into_iter().map(|(to, _)| to).collect();
        let unasked = stage.prepared.asks.iter().filter(|who| !asked.iter().any(|to| to == *who));
        faults.extend(unasked.map(|who| format!("{who} was not asked")));
        assert!(course.broken == 0 && faults.is_empty(), "{}, undisturbed: {faults:?}\n{outcome}", scenario.name);
        stage
    }

    /// A world as it was before the run.
    pub fn world(&self) -> World {
        self.world_with(&self.before.whole())
    }

    /// A world in whose home there is this.
    pub fn world_with(&self, home: &BTreeMap<std::path::PathBuf, Vec<u8>>) -> World {
        let world = self.scenario.world();
        self.before.put(home, &world.home());
        for name in &self.refused_before {
            fs::write(world.path("refused").join(name), "").unwrap();
        }
        world
    }

    /// What is handed over.
    pub fn input(&self) -> &[u8] {
        self.prepared.handed_over.map_or(b"", |at| &self.prepared.mails[at].0.bytes)
    }

    /// Runs it undisturbed.
    pub fn run(&self, world: &World) -> Outcome {
        world.run(&self.scenario.command.split(' ').collect::<Vec<_>>(), self.input())
    }

    /// The disk before the run, for a world that has a copy of it.
    pub fn disk(&self, world: &World) -> Disk {
        self.before.clone().moved_to(&world.home())
    }

    /// Goes on as a mail system and cron do after an attempt that ended with this code, if with any: hands over again
    /// until it is taken, then `maintain`.
    pub fn finish(&self, world: &World, first: Option<i32>, before: Course) -> Course {
        let mut course = before;
        let mut code = first;
        settle(world);
        while !self.is_taken(code) {
            course.broken += 1;
            if course.broken > 3 {
                break;
            }
            code = self.run(world).code;
        }
        course.passed_on = code == Some(99);
        // What could not be looked at is looked at ten minutes later; what passes then is released by the run behind it.
        for run in 0..if self.scenario.configuration == EYES { 3 } else { 1 } {
            if run > 0 {
                ten_minutes_pass(world);
            }
            if world.run(&["maintain"], "").code != Some(0) {
                course.broken = usize::MAX;
            }
        }
        settle(world);
        course
    }

    /// Whether the mail system, or the person, need not come again after this code.
    pub fn is_taken(&self, code: Option<i32>) -> bool {
        match self.scenario.command {
            "deliver" => code == Some(0),
            "gate" => matches!(code, Some(0 | 99)),
            // What a broken run has released is not there for the next one.
            _ => matches!(code, Some(0 | 1)),
        }
    }

    /// Whether the program may end like this.
    pub fn may_end(&self, code: Option<i32>) -> bool {
        let for_people = !matches!(self.scenario.command, "deliver" | "gate");
        // These say by 78 that the configuration cannot be read, whatever the reason.
        self.is_taken(code) || code == Some(75) || code == Some(78) && for_people
    }

    /// Everything that is not as it must be in the end.
    pub fn faults(&self, world: &World, course: &Course) -> Vec<String> {
        if course.broken > 3 {
            return vec!["undisturbed it does not end with 0, or `maintain` does not".to_owned()];
        }
        let mails: Vec<&Mail> = self.prepared.mails.iter().map(|(mail, _)| mail).collect();
        let found = look(world, &mails);
        let mut faults = found.faults.clone();
        for (at, (mail, place)) in self.prepared.mails.iter().enumerate() {
            let (mut inbox, held) = found.copies(&mail.id);
            let own = self.prepared.handed_over == Some(at);
            inbox += usize::from(own && course.passed_on);
            // What passes is delivered at least once. What was held is moved, and a move is made once; into an mbox it is
            // copied, and taken away afterwards.
            let copied = self.scenario.configuration == MBOX && course.broken > 0;
            let most = 1 + if own { course.broken } else { usize::from(course.power_failed || copied) };
            let trashed = found.thrown_away(&mail.id);
            // Half of a move, in the other folder.
            let half = usize::from(course.power_failed && self.scenario.command.starts_with("undiscard"));
            let good = match place {
                Place::Inbox => (1..=most).contains(&inbox) && held == 0 && trashed == 0,
                Place::Held => inbox == 0 && held == 1 && trashed <= half,
                Place::Nowhere => inbox == 0 && held == 0 && trashed == 0,
                Place::Trash => {
                    inbox == 0 && held == 0 && (1..=1 + usize::from(course.power_failed)).contains(&trashed)
                }
                Place::LeavingTrash => inbox == 0 && held == 0 && trashed <= usize::from(course.broken > 0),
            };
            if !good {
                faults.push(format!(
                    "{} is {inbox} times in the inbox, {held} times held and {trashed} times in the trash: {place:?}",
                    mail.id
                ));
            }
        }
        let listed = String::from_utf8(world.run(&["held", "--json"], "").stdout).unwrap();
        faults.extend(self.faults_of_questions(world, course, &listed));
        let rows = listed.lines().count();
        if rows != found.files_held {
            faults.push(format!("{rows} are listed, and {} files are held", found.files_held));
        }
        faults.extend((self.scenario.further)(world));
        faults
    }

    /// Nobody is asked twice, and who was not asked is at least noted as perhaps asked.
    fn faults_of_questions(&self, world: &World, course: &Course, listed: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for to in self.asked_before.iter().chain(&course.asked_before) {
            *times.entry(to.clone()).or_default() += 1;
        }
        for (to, sent) in taken(world) {
            *times.entry(to.clone()).or_default() += 1;
            if !is_whole_challenge(&sent) {
                faults.push(format!("{to} was sent a torn challenge of {} bytes", sent.message.len()));
            }
        }
        faults.extend(
            times.iter().filter(|(_, times)| **times > 1).map(|(to, times)| format!("{to}: asked {times} times")),
        );
        for who in &self.prepared.asks {
            let line = listed.lines().find(|line| line.contains(&format!("\"sender\":\"{who}\""))).unwrap_or_default();
            if line.contains("\"asked\":\"not-asked\"") {
                let times = times.get(*who).copied().unwrap_or_default();
                faults.push(format!("{who} was asked {times} times, and is noted as never asked"));
            }
        }
        faults
    }
}

impl Scenario {
    fn world(&self) -> World {
        let configuration = format!("{QUICK}{}", self.configuration);
        if self.configuration == EYES {
            return world_with(&configuration.replace("DNS", &NAME_SERVER.address.to_string()));
        }
        world_with(&configuration)
    }
}

fn nothing(_: &World) -> Vec<String> {
    Vec::new()
}

fn nobody(_: &World) -> Prepared {
    Prepared::default()
}

fn is_allowed(world: &World) -> Vec<String> {
    let good = world.run(&["check", BOB], "").code == Some(0);
    if good { Vec::new() } else { vec!["who was allowed is not on the list".to_owned()] }
}

fn to_release(world: &World) -> Prepared {
    let mails = ["one@example.net", "two@example.net"].map(|id| Mail::of(Letter::from(BOB), id));
    for mail in &mails {
        hold(world, mail);
    }
    Prepared { mails: mails.map(|mail| (mail, Place::Inbox)).to_vec(), ..Prepared::default() }
}

fn known(world: &World) -> Prepared {
    world.allow(FRIEND);
    let mail = Mail::of(Letter::from(FRIEND).body(&"Known.\n".repeat(3_000)), "known@example.com");
    Prepared { mails: vec![(mail, Place::Inbox)], handed_over: Some(0), ..Prepared::default() }
}

fn silent(_: &World) -> Prepared {
    let mail =
        Mail::of(Letter::from("eve@example.net").unproven().body(&"Silent.\n".repeat(3_000)), "silent@example.net");
    Prepared { mails: vec![(mail, Place::Held)], handed_over: Some(0), ..Prepared::default() }
}

fn asked(_: &World) -> Prepared {
    let mail = Mail::of(Letter::from(BOB).body(&"May I come to tea?\n".repeat(3_000)), "asked@example.net");
    Prepared { mails: vec![(mail, Place::Held)], handed_over: Some(0), asks: vec![BOB] }
}

fn to_discard(world: &World) -> Prepared {
    let prepared = to_release(world);
    Prepared { mails: prepared.mails.into_iter().map(|(mail, _)| (mail, Place::Trash)).collect(), ..prepared }
}

fn to_bring_back(world: &World) -> Prepared {
    let prepared = to_release(world);
    throw_away(world, &["--since", "1d"]);
    Prepared { mails: prepared.mails.into_iter().map(|(mail, _)| (mail, Place::Held)).collect(), ..prepared }
}

fn throw_away(world: &World, which: &[&str]) {
    let outcome = world.run(&[&["discard", "--yes"], which].concat(), "");
    outcome.check("it is thrown away", outcome.code == Some(0));
}

fn thrown_away(world: &World) -> Prepared {
    world.deny("mallory@example.net");
    let mail = Mail::of(Letter::from("mallory@example.net"), "thrown@example.net");
    Prepared { mails: vec![(mail, Place::Trash)], handed_over: Some(0), ..Prepared::default() }
}

/// What became of the message is there too.
fn is_written_down(world: &World) -> Vec<String> {
    let said = world.run(&["why", "<thrown@example.net>"], "");
    let good = said.code == Some(0) && String::from_utf8_lossy(&said.stdout).contains("countersign undiscard");
    if good { Vec::new() } else { vec!["`why` does not know that the message was thrown away".to_owned()] }
}

/// A known sender's message brings a store of an older version up to date.
fn older(world: &World) -> Prepared {
    let held = Mail::of(Letter::from(BOB), "older@example.net");
    hold(world, &held);
    old_store::make(world, &[FRIEND]);
    let mail = Mail::of(Letter::from(FRIEND), "known@example.com");
    Prepared { mails: vec![(mail, Place::Inbox), (held, Place::Held)], handed_over: Some(0), ..Prepared::default() }
}

/// What was in the older store is in the newer one.
fn is_migrated(world: &World) -> Vec<String> {
    let mut faults = Vec::new();
    if world.run(&["check", FRIEND], "").code != Some(0) {
        faults.push("the list was lost".to_owned());
    }
    let outcome = world.deliver(Mail::of(Letter::from(BOB), "another@example.net").bytes);
    settle(world);
    if outcome.code != Some(0) || !taken(world).is_empty() {
        faults.push("who was asked is forgotten".to_owned());
    }
    faults
}

/// Two letters of one stranger are held, the second in silence; then the answer comes.
fn answer(world: &World) -> Prepared {
    let first = Mail::of(Letter::from(BOB), "first@example.net");
    hold(world, &first);
    let second = Mail::of(Letter::from(BOB).field("Subject", "A second letter"), "second@example.net");
    hold(world, &second);
    let (_, challenge) = taken(world).pop().expect("a challenge");
    let text = format!("Yes, I wrote that.\n> cr-{}\n", challenge.token());
    let answer = Mail::of(Letter::answer(&challenge, BOB).body(&text), "answer@example.net");
    let mails = vec![(first, Place::Inbox), (second, Place::Inbox), (answer, Place::Inbox)];
    Prepared { mails, handed_over: Some(2), ..Prepared::default() }
}

/// The same of a letter that was thrown away meanwhile; the second one is held still.
fn answer_for_the_trash(world: &World) -> Prepared {
    let prepared = answer(world);
    let first = world.store().all_held().unwrap().iter().find(|row| row.asked != Asked::No).expect("asked").id;
    throw_away(world, &[&first.to_string()]);
    let mut mails = prepared.mails;
    mails[0].1 = Place::Trash;
    Prepared { mails, ..prepared }
}

/// The digest says that it stays there, and the answer has confirmed.
fn is_told(world: &World) -> Vec<String> {
    let digest = world.run(&["digest", "--stdout"], "");
    let told = String::from_utf8_lossy(&digest.stdout).contains("has answered");
    let mut faults = is_confirmed(world);
    faults.extend((!told).then(|| "the digest does not say that who was thrown away has answered".to_owned()));
    faults
}

/// The sender is on the list, and the token is spent: it brings nobody back whom the user takes off the list.
fn is_confirmed(world: &World) -> Vec<String> {
    let mut faults = Vec::new();
    if world.run(&["check", BOB], "").code != Some(0) {
        return vec!["who answered is not on the list".to_owned()];
    }
    let inbox = world.state().inbox;
    let answer = inbox.iter().map(|message| String::from_utf8_lossy(message)).find(|text| text.contains("\n> cr-"));
    let Some(token) = answer.and_then(|text| text.split("\n> cr-").nth(1).map(|rest| rest[..32].to_owned())) else {
        return vec!["the answer did not pass".to_owned()];
    };
    world.run(&["forget", BOB], "");
    let again = Letter::from(BOB).field("Subject", "Re: yours").body(&format!("Once more.\n> cr-{token}\n"));
    world.deliver(Mail::of(again, "again@example.net").bytes);
    if world.run(&["check", BOB], "").code == Some(0) {
        faults.push("the token was not spent".to_owned());
    }
    faults
}

/// One of everything that `maintain` mends.
fn much_to_mend(world: &World) -> Prepared {
    let now = clock::now();
    let mail = |from: &str, name: &str| Mail::of(Letter::from(from), &format!("{name}@example.net"));
    let silent = |name: &str| {
        let letter = Letter::from("eve@example.net").unproven().field("Subject", name);
        Mail::of(letter, &format!("{name}@example.net"))
    };
    let sql = |text: &str| {
        assert_eq!(rusqlite::Connection::open(world.store_file()).unwrap().execute(text, []).unwrap(), 1, "{text}");
    };
    // It has run before: the first run ends nothing.
    sql(&format!("UPDATE clock SET at = {}", now - 3_600));
    // In this order the number of the last row is known.
    let old = silent("old");
    let id = hold(world, &old);
    sql(&format!("UPDATE held SET received = {0}, listed = {0} WHERE id = {id}", now - 40 * DAY));
    let gone = silent("gone");
    hold(world, &gone);
    remove(world, &gone);
    let restored = silent("restored");
    let id = hold(world, &restored);
    sql(&format!("UPDATE held SET state = 2 WHERE id = {id}"));
    let refused = mail("refused.one@example.net", "refused");
    hold(world, &refused);
    let without_row = mail("refused.two@example.net", "rowless");
    let id = hold(world, &without_row);
    sql(&format!("DELETE FROM held WHERE id = {id}"));
    sql(&format!("DELETE FROM challenge WHERE key = x'{}'", slot(world, "refused.two@example.net")));
    let confirmed = mail(BOB, "confirmed");
    hold(world, &confirmed);
    confirm(world, BOB, now + 1);
    let given_up = mail("carol@example.net", "given-up");
    let id = hold(world, &given_up);
    sql(&format!("UPDATE held SET asked = 1 WHERE id = {id}"));
    sql(&format!("UPDATE challenge SET at = {} WHERE key = x'{}'", now - 700, slot(world, "carol@example.net")));
    let over = silent("over");
    let id = hold(world, &over);
    throw_away(world, &["--grep", "over"]);
    sql(&format!("UPDATE held SET counts = {} WHERE id = {id}", now - 4 * DAY));
    let unnoted = silent("unnoted");
    let id = hold(world, &unnoted);
    throw_away(world, &["--grep", "unnoted"]);
    sql(&format!("UPDATE held SET state = 1, counts = 0 WHERE id = {id}"));
    use Place::{Held, Inbox, LeavingTrash, Nowhere, Trash};
    let mails = vec![
        (old, Nowhere),
        (gone, Nowhere),
        (restored, Held),
        (refused, Held),
        (without_row, Held),
        (confirmed, Inbox),
        (given_up, Held),
        (over, LeavingTrash),
        (unnoted, Trash),
    ];
    let asks = vec!["refused.one@example.net", "refused.two@example.net"];
    Prepared { mails, handed_over: None, asks }
}

/// A letter with a signature of the stranger's domain.
fn signed_mail(letter: Letter, id: &str) -> Mail {
    let letter = letter.unproven().field("Message-ID", &format!("<{id}>"));
    let bytes = Signer::of("example.net", clock::now()).sign(&letter.bytes());
    let whole = bytes.windows(15).position(|text| text == b"DKIM-Signature:").expect("a signature");
    Mail { id: format!("<{id}>"), whole: bytes[whole..].to_vec(), bytes }
}

fn signed(_: &World) -> Prepared {
    let mail = signed_mail(Letter::from(BOB).body(&"May I come to tea?\n".repeat(3_000)), "signed@example.net");
    Prepared { mails: vec![(mail, Place::Held)], handed_over: Some(0), asks: vec![BOB] }
}

fn signed_by_the_known(world: &World) -> Prepared {
    world.allow("@example.net");
    let mail = signed_mail(Letter::from(BOB).body(&"Known.\n".repeat(3_000)), "signed@example.net");
    Prepared { mails: vec![(mail, Place::Inbox)], handed_over: Some(0), ..Prepared::default() }
}

/// As [`answer`], of a stranger who signs; the second letter was not looked at.
fn signed_answer(world: &World) -> Prepared {
    let first = signed_mail(Letter::from(BOB), "first@example.net");
    hold(world, &first);
    let second = signed_mail(Letter::from(BOB).field("Subject", "A second letter"), "second@example.net");
    hold(world, &second);
    let (_, challenge) = taken(world).pop().expect("a challenge");
    let text = format!("Yes, I wrote that.\n> cr-{}\n", challenge.token());
    let answer = signed_mail(Letter::answer(&challenge, BOB).body(&text), "answer@example.net");
    let mails = vec![(first, Place::Inbox), (second, Place::Inbox), (answer, Place::Inbox)];
    Prepared { mails, handed_over: Some(2), ..Prepared::default() }
}

/// Came while another was looked at.
fn to_look_at(world: &World) -> Prepared {
    let turn = Allowance::take(&world.store_file(), clock::now()).unwrap().expect("nobody looks");
    let stranger = signed_mail(Letter::from(BOB), "one@example.net");
    hold(world, &stranger);
    let unsigned = Mail::of(Letter::from("eve@example.net").unproven(), "two@example.net");
    hold(world, &unsigned);
    drop(turn);
    assert_eq!(world.store().unlooked().unwrap().len(), 2);
    Prepared { mails: vec![(stranger, Place::Held), (unsigned, Place::Held)], handed_over: None, asks: vec![BOB] }
}

/// What was looked at and not settled is due, and a resolver that was dead is asked again.
fn ten_minutes_pass(world: &World) {
    let waits = format!("UPDATE held SET received = received - 700 WHERE reason = {}", Reason::LookLater.number());
    rusqlite::Connection::open(world.store_file()).unwrap().execute(&waits, []).unwrap();
    drop(fs::remove_file(world.store_file().with_file_name("countersign.db-look")));
}

/// Delivers a message that is held; the number of its row.
fn hold(world: &World, mail: &Mail) -> i64 {
    let before: Vec<i64> = world.store().all_held().unwrap().iter().map(|row| row.id.number()).collect();
    let outcome = world.deliver(mail.bytes.clone());
    outcome.check("it is held", outcome.code == Some(0));
    settle(world);
    let rows = world.store().all_held().unwrap();
    rows.iter().map(|row| row.id.number()).find(|id| !before.contains(id)).expect("a new row")
}

fn remove(world: &World, mail: &Mail) {
    let files = fs::read_dir(world.quarantine().join("new")).unwrap().map(|file| file.unwrap().path());
    let file = files.into_iter().find(|file| fs::read(file).unwrap().ends_with(&mail.whole)).unwrap();
    fs::remove_file(file).unwrap();
}

/// The key of an address's slot, in hexadecimal digits.
fn slot(world: &World, address: &str) -> String {
    let installation = world.installation();
    let normal = Address::parse(address).unwrap().normal();
    Fingerprint::of(installation.keys.list.current().1, Kind::Challenged, normal.as_str().as_bytes()).hex()
}

/// Puts somebody on the list as an answer at that time does.
pub fn confirm(world: &World, address: &str, added: i64) {
    let installation = world.installation();
    let (id, key) = installation.keys.list.current();
    let key = Fingerprint::of_address(key, &Address::parse(address).unwrap().normal());
    let entry = Entry { effect: Effect::Allow, pin: Proofs::DKIM, origin: Origin::Confirmed, added };
    world.store().put_entry((id, key), Kind::Address, &entry, &[]).unwrap();
}
