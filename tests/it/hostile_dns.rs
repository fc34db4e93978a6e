//! Name servers and strangers who mean harm: what a delivery takes of time, memory and questions, whatever they do, and that a
//! friend does not wait for them.
//!
//! `cargo test --test it hostile_dns:: -- --nocapture` prints the table. `COUNTERSIGN_TEST_RELEASE=PATH` measures a release in place
//! of the build of the tests, and holds it to the memory that it may take.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Child;
use std::time::{Duration, Instant};

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Effect;
use countersign::world::allowance::Allowance;
use countersign::world::clock;
use rustix::fs::{CWD, mkfifoat};
use sha2::{Digest, Sha256};

use super::dns_server::{Behaviour, Server, Zone, closed_port};
use super::letter::Letter;
use super::own_eyes::honest;
use super::scenario::confirm;
use super::signer::{Signer, key_of};
use super::strace::{Call, Fault, calls, disturbed};
use super::world::{Outcome, PROGRAM, World, each};

const BOB: &str = "bob@example.net";
const MAIL: &str = "example.net MX 10 mx.example.net\n";
/// What a look may take, and what the machine may add while other tests run beside it.
const LOOK: Duration = Duration::from_secs(5);
const MARGIN: Duration = Duration::from_secs(1);
/// Most questions about one message.
const QUESTIONS: usize = 64;
/// Most memory of a release, in kB.
const MEMORY: usize = 12 * 1024;
/// Of a large body.
const LINE: &[u8] = b"a line of a letter that is one of very many, and says nothing more\n";
/// No caps and no breaker stand between these letters and a look.
const MANY: &str = "[challenge]\nsendmail = \"SENDMAIL\"\nper_hour = 1000\nper_day = 10000\nbreaker_alike = 0\n";

/// One delivery.
struct Row {
    name: &'static str,
    /// What the servers do.
    behaviours: Vec<Behaviour>,
    zone: String,
    message: Vec<u8>,
    methods: &'static str,
    /// Any of these reasons is good; `challenge` says that somebody is asked.
    reasons: &'static [&'static str],
}

/// What one run took.
struct Taken {
    outcome: Outcome,
    time: Duration,
    /// Its peak, in kB.
    memory: usize,
}

fn signer() -> Signer {
    Signer::of("example.net", clock::now())
}

fn zone() -> String {
    format!("{}{MAIL}", signer().key())
}

fn letter() -> Letter {
    Letter::from(BOB).unproven().field("Date", "Sat, 28 Nov 2026 09:00:00 +0000")
}

fn world(look: &str, servers: &str, methods: &str) -> World {
    let world = World::new();
    let eyes = format!("[eyes]\nlook = \"{look}\"\ndns = [\"{servers}\"]\nmethods = {methods}\n");
    world.configure(&format!("[trust]\nauthserv_ids = [\"mx.example.org\"]\n{eyes}{MANY}"));
    world
}

/// The build that is measured.
fn program() -> String {
    std::env::var("COUNTERSIGN_TEST_RELEASE").unwrap_or_else(|_| PROGRAM.to_owned())
}

/// Delivers what `write` writes, and measures.
fn delivered(world: &World, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send) -> Taken {
    let mut child = world.command(&program()).arg("deliver").spawn().expect("the program starts");
    let (begun, mut input) = (Instant::now(), child.stdin.take().unwrap());
    let mut memory = 0;
    std::thread::scope(|scope| {
        scope.spawn(move || write(&mut input).expect("it reads all"));
        while child.try_wait().unwrap().is_none() {
            memory = peak(&child).max(memory);
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let time = begun.elapsed();
    Taken { outcome: world.wait("deliver", child), time, memory }
}

/// The most memory that it has had so far, in kB.
fn peak(child: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// How many different questions came, and how many messages they took.
fn questions(server: &Server) -> (usize, usize) {
    let asked = server.asked();
    (asked.iter().map(|one| &one.what).collect::<BTreeSet<_>>().len(), asked.len())
}

fn rows() -> Vec<Row> {
    let row = |name, behaviour: Option<Behaviour>, reasons: &'static [&'static str]| Row {
        name,
        behaviours: behaviour.into_iter().collect(),
        zone: zone(),
        message: signer().sign(&letter().bytes()),
        methods: "[\"dkim\"]",
        reasons,
    };
    let later: &[&str] = &["look-later"];
    let mut rows = vec![
        row("dead", None, later),
        row("garbage", Some(Behaviour::Garbage), later),
        row("another name", Some(Behaviour::Lies), later),
        row("another question", Some(Behaviour::WrongQuestion), later),
        row("truncated", Some(Behaviour::Truncates), &["challenge"]),
        row("truncated for ever", Some(Behaviour::TruncatesAlways), later),
        row("slow by 4.9 s", Some(Behaviour::Slow(Duration::from_millis(4_900))), &["challenge", "look-later"]),
        row("a byte a second", Some(Behaviour::SlowStream(Duration::from_secs(1))), later),
        row("SERVFAIL", Some(Behaviour::ServerFailure), later),
        row("REFUSED", Some(Behaviour::Refuses), later),
        row("a loop of aliases", Some(Behaviour::AliasLoop), later),
        row("64 kB of text", Some(Behaviour::LongText(64_000)), later),
        row("1,000 records", Some(Behaviour::Many(1_000)), later),
    ];
    rows.extend(rows_of_letters());
    rows
}

/// Where the letter does the harm, or the zone that its sender wrote.
fn rows_of_letters() -> Vec<Row> {
    let row = |name, zone: String, message: Vec<u8>, reasons: &'static [&'static str]| Row {
        name,
        behaviours: vec![Behaviour::Honest],
        zone,
        message,
        methods: "[\"dkim\", \"spf\"]",
        reasons,
    };
    let rsa = Signer { rsa: Some(4096), ..signer() };
    let bomb: String = (0..200).map(|at| format!("i{at}.example.net TXT v=spf1 {}\n", includes(at))).collect();
    let hosts: String = (0..9)
        .map(|at| format!("example.net MX {at} m{at}.example.net\nm{at}.example.net A 192.0.2.9{at}\n"))
        .collect();
    let names = format!(
        "example.net TXT v=spf1 mx ptr exists:%{{l}}.%{{i}}.example.net {}\nbob.192.0.2.7.example.net TXT x\n",
        includes(0)
    );
    let many = (0..200).fold(signer().sign(&letter().bytes()), |message, at| {
        let broken = format!("DKIM-Signature: v=1; a=rsa-sha256; d=d{at}.example.net; s=s; h=from; bh=aaaa; b=aaaa\n");
        [broken.into_bytes(), message].concat()
    });
    let asked = (0..200).fold(letter().bytes(), |message, at| {
        let signer = Signer { domain: format!("d{at}.example.net"), ..signer() };
        signer.sign(&message)
    });
    vec![
        row("an SPF bomb", format!("{names}{bomb}{hosts}"), letter().bytes(), &["not-proven"]),
        row("200 wrong signatures", zone(), many, &["not-proven"]),
        row("200 good signatures", MAIL.to_owned(), asked, &["not-proven"]),
        row("RSA of 4,096 bits", format!("{}{MAIL}", rsa.key()), rsa.sign(&letter().bytes()), &["challenge"]),
        row(
            "RSA of 16,384 bits",
            format!("{}{MAIL}", key_of(16_384, "example.net")),
            rsa.sign(&letter().bytes()),
            &["not-proven"],
        ),
    ]
}

/// Ten policies more, each of which names ten more.
fn includes(at: usize) -> String {
    (0..10).map(|next| format!("include:i{}.example.net ", (at * 10 + next + 1) % 200)).collect()
}

#[test]
fn whatever_servers_do_a_delivery_ends_in_time_and_keeps_the_message() {
    println!(
        "{:<22}{:>9}{:>9}{:>9}{:>11}{:>9}  reason",
        "server or letter", "s", "s, off", "kB", "questions", "packets"
    );
    each(rows(), |row| {
        let server = Server::start(Zone::text(&row.zone), &row.behaviours);
        let address = server.address.to_string();
        let off = delivered(&world("off", &address, row.methods), |input| input.write_all(&row.message));
        assert!(server.asked().is_empty(), "{}: with look off nobody is asked", row.name);
        let world = world("where-silent", &address, row.methods);
        let on = delivered(&world, |input| input.write_all(&row.message));
        is_in_bounds(&row, &server, &on, off.time);
    });
    let closed = closed_port().to_string();
    let world = world("where-silent", &closed, "[\"dkim\"]");
    let on = delivered(&world, |input| input.write_all(&signer().sign(&letter().bytes())));
    println!("{:<22}{:>9.2}{:>9}{:>9}", "a closed port", on.time.as_secs_f64(), "", on.memory);
    on.outcome.is(0, 0, 1, 0).held_for("look-later");
    on.outcome.check("in time", on.time < LOOK + MARGIN);
}

/// The acceptance of one row.
#[track_caller]
fn is_in_bounds(row: &Row, server: &Server, on: &Taken, off: Duration) {
    let (number, packets) = questions(server);
    let marks: Vec<String> =
        on.outcome.after.held.iter().map(|message| String::from_utf8_lossy(message).into_owned()).collect();
    let reason = row.reasons.iter().find(|reason| marks.iter().any(|mark| mark.contains(&format!("reason={reason} "))));
    println!(
        "{:<22}{:>9.2}{:>9.2}{:>9}{number:>11}{packets:>9}  {}",
        row.name,
        on.time.as_secs_f64(),
        off.as_secs_f64(),
        on.memory,
        reason.unwrap_or(&"another one")
    );
    on.outcome.is(0, 0, 1, usize::from(reason == Some(&"challenge")));
    on.outcome.check(&format!("{}: held for one of {:?}: {marks:?}", row.name, row.reasons), reason.is_some());
    on.outcome.check(&format!("{}: {:?} is in time", row.name, on.time), on.time < off + LOOK + MARGIN);
    on.outcome.check(&format!("{}: {number} questions", row.name), number <= QUESTIONS);
    if std::env::var_os("COUNTERSIGN_TEST_RELEASE").is_some() {
        on.outcome.check(&format!("{}: {} kB", row.name, on.memory), on.memory <= MEMORY);
    }
}

/// A signed letter with a body of so many lines, as it is written.
fn large(lines: usize) -> (Vec<u8>, usize) {
    let mut hash = Sha256::new();
    let mut line = LINE[..LINE.len() - 1].to_vec();
    line.extend_from_slice(b"\r\n");
    (0..lines).for_each(|_| hash.update(&line));
    let head = String::from_utf8(letter().body("").bytes()).unwrap();
    (signer().sign_head(head.trim_end_matches('\n'), &hash.finalize()), lines)
}

#[track_caller]
fn a_large_body(bytes: usize) {
    let server = honest(&zone());
    let (head, lines) = large(bytes / LINE.len());
    let write = |input: &mut dyn Write| {
        input.write_all(&head)?;
        let many = LINE.repeat(1_000);
        (0..lines / 1_000).try_for_each(|_| input.write_all(&many))?;
        input.write_all(&LINE.repeat(lines % 1_000))
    };
    let mut seconds = Vec::new();
    for look in ["off", "where-silent"] {
        let world = world(look, &server.address.to_string(), "[\"dkim\"]");
        let taken = delivered_without_looking(&world, write);
        println!("{bytes} bytes, {look}: {:.2} s, {} kB", taken.1.as_secs_f64(), taken.2);
        seconds.push(taken.1);
        assert_eq!((taken.0, world.sent().len()), (Some(0), usize::from(look != "off")));
        assert!(taken.2 <= MEMORY, "{} kB", taken.2);
    }
    assert!(seconds[1] < seconds[0] + LOOK, "{seconds:?}");
}

/// The same without reading what is stored: code, time, memory.
fn delivered_without_looking(
    world: &World,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send,
) -> (Option<i32>, Duration, usize) {
    let mut child = world.command(&program()).arg("deliver").spawn().expect("the program starts");
    let (begun, mut input) = (Instant::now(), child.stdin.take().unwrap());
    let mut memory = 0;
    let status = std::thread::scope(|scope| {
        scope.spawn(move || write(&mut input).expect("it reads all"));
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            memory = peak(&child).max(memory);
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    (status.code(), begun.elapsed(), memory)
}

#[test]
#[ignore = "needs a release build; tests/run calls it"]
fn a_body_of_50_mb_costs_no_memory() {
    a_large_body(50 << 20);
}

#[test]
#[ignore = "needs a release build, 3 GB of disk and minutes; tests/run --long calls it"]
fn a_body_of_1_gb_costs_no_memory() {
    a_large_body(1 << 30);
}

/// The letter of one of many strangers, each of a domain of his own.
fn stranger(number: usize) -> Vec<u8> {
    let domain = format!("s{number}.example");
    let date = "Sat, 28 Nov 2026 09:00:00 +0000";
    let letter = Letter::from(&format!("eve@{domain}")).unproven().field("Date", date);
    Signer::of(&domain, clock::now()).sign(&letter.bytes())
}

fn strangers(count: usize) -> String {
    let of = |number| {
        let domain = format!("s{number}.example");
        format!("{}{domain} MX 1 mx.{domain}\n", Signer::of(&domain, 0).key())
    };
    (0..count).map(of).collect()
}

/// The domains about which was asked.
fn domains(server: &Server) -> BTreeSet<String> {
    let last = |what: &str| what.rsplit('.').take(2).collect::<Vec<_>>().join(".");
    server.asked().iter().map(|one| last(one.what.rsplit(' ').next().unwrap())).collect()
}

#[test]
fn ten_slow_strangers_at_once_keep_no_friend_waiting() {
    let slow = Server::start(Zone::text(&strangers(12)), &[Behaviour::Slow(Duration::from_millis(4_900))]);
    let world = world("where-silent", &slow.address.to_string(), "[\"dkim\"]");
    world.enter("dan@example.com", Effect::Allow, Proofs::NONE);
    let friend = |number: usize| {
        let id = format!("<friend{number}@example.com>");
        delivered_without_looking(&world, move |input| {
            input.write_all(&Letter::from("dan@example.com").field("Message-ID", &id).bytes())
        })
    };
    let alone = friend(0).1;
    let began = Instant::now();
    let mut running: Vec<Child> = (0..10).map(|number| world.start(&["deliver"], &stranger(number))).collect();
    std::thread::sleep(Duration::from_millis(300));
    let (code, beside, _) = friend(1);
    println!("a friend alone: {alone:?}; beside ten slow strangers: {beside:?}");
    assert_eq!(code, Some(0));
    assert!(beside < alone + MARGIN, "{beside:?}");
    let last = running.drain(..).map(|child| world.wait("a stranger", child)).last().unwrap();
    let took = began.elapsed();
    assert!(took < LOOK + 2 * MARGIN, "no delivery looks for longer: {took:?}");
    last.is(0, 2, 10, last.after.sent.len());
    assert_eq!(domains(&slow).len(), 1, "one looks at a time, and no other one afterwards: {:?}", domains(&slow));
    // What is left of the minute's ten seconds is one look more, and then none.
    for (number, looked) in [(10, 2), (11, 2)] {
        let outcome = world.deliver(stranger(number));
        outcome.check("held or asked", outcome.code == Some(0));
        assert_eq!(domains(&slow).len(), looked, "{:?}", domains(&slow));
    }
    let waiting = world.store().unlooked().unwrap().len();
    println!("{waiting} of 12 strangers wait for `maintain`; {} were asked", world.sent().len());
    assert!((10..=12).contains(&waiting), "{waiting}");
}

#[test]
fn what_waits_is_not_looked_at_beyond_the_five_seconds_of_a_delivery() {
    let slow = Server::start(Zone::text(&strangers(2)), &[Behaviour::Slow(Duration::from_millis(4_700))]);
    let world = world("where-silent", &slow.address.to_string(), "[\"dkim\"]");
    let turn = Allowance::take(&world.store_file(), clock::now()).unwrap();
    world.deliver(stranger(0)).is(0, 0, 1, 0).held_for("look-later");
    drop(turn);
    let begun = Instant::now();
    world.deliver(stranger(1)).is(0, 0, 2, 1);
    assert!(begun.elapsed() < LOOK + MARGIN, "{:?}", begun.elapsed());
    let server = honest(&strangers(2));
    world.configure(&format!(
        "[trust]\nauthserv_ids = []\n[eyes]\nlook = \"where-silent\"\ndns = [\"{}\"]\n{MANY}",
        server.address
    ));
    world.run(&["maintain"], "").is(0, 0, 2, 2);
}

#[test]
fn what_lies_in_place_of_the_allowance_costs_the_look_and_nothing_else() {
    let server = honest(&zone());
    for what in ["a folder", "a link", "a link to itself", "a pipe", "a file of other things"] {
        let world = world("where-silent", &server.address.to_string(), "[\"dkim\"]");
        let path = world.store_file().with_file_name("countersign.db-look");
        match what {
            "a folder" => fs::create_dir(&path).unwrap(),
            "a link" => symlink("/dev/full", &path).unwrap(),
            "a link to itself" => symlink(&path, &path).unwrap(),
            "a pipe" => mkfifoat(CWD, &path, 0o600.into()).unwrap(),
            _ => fs::write(&path, "all\0sorts\n".repeat(9_000)).unwrap(),
        }
        let looks = what == "a file of other things";
        let outcome = world.deliver(signer().sign(&letter().bytes()));
        outcome.check(what, outcome.code == Some(0)).is(0, 0, 1, usize::from(looks));
        outcome.held_for(if looks { "challenge" } else { "look-later" });
        if !looks {
            let said = world.run(&["maintain"], "");
            said.check("it says so", String::from_utf8_lossy(&said.stderr).contains("countersign.db-look"));
            said.is(75, 0, 1, 0);
            fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).unwrap();
            world.run(&["maintain"], "").is(0, 0, 1, 1).held_for("challenge");
        }
    }
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn a_full_disk_and_a_locked_folder_cost_the_look_alone() {
    let server = honest(&zone());
    let prepared = || world("where-silent", &server.address.to_string(), "[\"dkim\"]");
    let message = signer().sign(&letter().bytes());
    let world = prepared();
    let (_, calls) = calls(&world, "deliver", &message);
    let own = |call: &Call| call.arguments.contains("countersign.db-look");
    let nth = |name: &str| {
        let of_name = calls.iter().filter(|call| call.name == name);
        of_name.clone().position(own).unwrap_or_else(|| panic!("no {name}")) + 1
    };
    let faults =
        [("openat", "EACCES"), ("openat", "ENOSPC"), ("fcntl", "ENOLCK"), ("pread64", "EIO"), ("pwrite64", "ENOSPC")];
    for (name, error) in faults {
        let world = prepared();
        let (outcome, happened) = disturbed(&world, "deliver", &message, (name, nth(name), Fault::Error(error)));
        outcome.check(&format!("{name} {error}: it happened"), happened);
        // What failed once may be done again behind the delivery, or else by `maintain`, and it is never done twice.
        outcome.check(&format!("{name} {error}"), outcome.code == Some(0) && outcome.after.held.len() == 1);
        world.run(&["maintain"], "").is(0, 0, 1, 1).held_for("challenge");
        world.run(&["maintain"], "").is(0, 0, 1, 1);
    }
}

#[test]
fn what_is_held_from_who_confirmed_is_looked_at_by_maintain_where_the_delivery_could_not() {
    let server = honest(&zone());
    let world = world("where-silent", &server.address.to_string(), "[\"dkim\"]");
    let number = |number: u8, text: &str| {
        let letter = letter().field("Message-ID", &format!("<{number}@example.net>")).field("Subject", text);
        String::from_utf8(signer().sign(&letter.bytes())).unwrap()
    };
    let first = world.deliver(number(1, "Tea at one"));
    first.is(0, 0, 1, 1);
    world.deliver(number(2, "Tea at two")).is(0, 0, 2, 1);
    world.deliver(number(3, "Tea at three").replace("Tea at", "Pay at")).is(0, 0, 3, 1);
    let asked = server.asked().len();
    // As a process leaves it that was killed right after it had let the sender in.
    confirm(&world, BOB, clock::now() + 1);
    world.run(&["maintain"], "").is(0, 2, 1, 1).held_for("not-proven");
    assert_eq!(server.asked().len() - asked, 4, "the key and who takes mail, once for each letter");
    world.run(&["maintain"], "").is(0, 2, 1, 1);
    assert_eq!(server.asked().len() - asked, 4, "what was looked at and is not proven is not looked at again");
}
