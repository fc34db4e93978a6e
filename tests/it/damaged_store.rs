//! The digest, whatever becomes of the store: what is held is told from the quarantine alone, with the alarm on top. And
//! what a person can do with held mail where store or keys are lost.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt, chown, symlink};
use std::path::Path;

use super::chance::Chance;
use super::letter::Letter;
use super::strace::{Call, Fault, calls, disturbed};
use super::world::{KEYS, Outcome, PROGRAM, World, each, header};

const BOB: &str = "bob@example.net";
const CAROL: &str = "carol@example.com";

/// What may become of a file, with how many of whose bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// So many random bytes at this place.
    Random(u64, usize),
    /// Cut off there.
    Cut(u64),
    /// A folder has its name.
    Folder,
    /// It leads to itself, so that not even root can open it.
    Nowhere,
    /// It is not there.
    Lost,
}

const FATES: [Fate; 14] = [
    Fate::Random(4096, 20_000),
    Fate::Random(4096, 100),
    Fate::Random(0, 100),
    Fate::Random(100, 100),
    Fate::Random(0, 20_000),
    Fate::Random(8192, 100),
    Fate::Cut(0),
    Fate::Cut(1),
    Fate::Cut(100),
    Fate::Cut(4096),
    Fate::Cut(5_000),
    Fate::Folder,
    Fate::Nowhere,
    Fate::Lost,
];

fn harm(path: &Path, fate: Fate) {
    match fate {
        Fate::Random(at, count) => {
            let mut chance = Chance::seeded("damaged_store");
            let bytes: Vec<u8> = (0..count).map(|_| chance.number().to_le_bytes()[0]).collect();
            fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(&bytes, at).unwrap();
        }
        Fate::Cut(at) => fs::OpenOptions::new().write(true).open(path).unwrap().set_len(at).unwrap(),
        fate => {
            fs::remove_file(path).unwrap();
            match fate {
                Fate::Folder => fs::create_dir(path).unwrap(),
                Fate::Nowhere => symlink(path, path).unwrap(),
                _ => {}
            }
        }
    }
}

fn said(outcome: &Outcome) -> String {
    format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr))
}

#[test]
fn seen_the_alarm_spoke_of_strangers_alone_where_the_mail_of_all_was_held() {
    let files = [true, false].into_iter().flat_map(|list| FATES.map(|fate| (list, fate)));
    each(files.filter(|(_, fate)| !matches!(fate, Fate::Random(..))), |(list, fate)| {
        let world = World::new();
        world.allow(BOB);
        let file = if list { world.list_file() } else { world.store_file() };
        harm(&file, fate);
        let known = world.deliver(Letter::from(BOB).bytes());
        let stranger = world.deliver(Letter::from(CAROL).unproven().bytes());
        let told = match (known.code, known.after.inbox.len(), stranger.code) {
            (Some(75), 0, Some(75)) => "!! All mail waits: ",
            (Some(0), 0, Some(0)) => "!! All mail is held, that of people you know too: ",
            (Some(0), 1, Some(75)) => "!! Strangers' mail waits: ",
            (Some(0), 1, Some(0)) => "!! Strangers' mail is held unasked: ",
            other => panic!("{other:?}"),
        };
        let outcome = world.run(&["digest", "--stdout"], "");
        let text = said(&outcome).split_whitespace().collect::<Vec<_>>().join(" ");
        outcome.check(&format!("{fate:?}: {told}"), text.contains(told));
        // Every command that needs it names the file; a page that is half there may be none that it needs.
        for line in [&["allow", CAROL][..], &["why", CAROL], &["forget", CAROL], &["maintain"]] {
            let outcome = world.run(line, "");
            let spared = fate == Fate::Cut(5_000) && outcome.code < Some(2);
            let named = said(&outcome).contains(&format!("{}: ", file.display()));
            outcome.check("the file is named", spared || named);
        }
    });
}

/// A world in which a few people are known, some mail is held and one person was asked; and the number of the last.
fn used() -> (World, String) {
    let world = World::new();
    let friends: String = (0..400).map(|number| format!("friend{number}@example.net\n")).collect();
    world.run(&["allow", "-"], friends).is(0, 0, 0, 0);
    world.challenge(BOB);
    let outcome = world.deliver(Letter::from(CAROL).unproven().bytes());
    let held =
        outcome.is(0, 0, 2, 1).after.held.iter().find(|held| String::from_utf8_lossy(held).contains(CAROL)).unwrap();
    let id = header(held, "X-Countersign-Id").unwrap();
    (world, id)
}

#[test]
fn a_damaged_store_never_silences_the_digest() {
    each(FATES.into_iter().flat_map(|fate| [(fate, true), (fate, false)]), |(fate, list)| {
        let (world, id) = used();
        let path = if list { world.list_file() } else { world.store_file() };
        harm(&path, fate);
        let name = format!("{}:", path.file_name().unwrap().to_str().unwrap());
        let outcome = world.run(&["digest", "--stdout"], "");
        let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
        let what = format!("{fate:?}, {name}");
        outcome.check(
            &format!("{what} it goes out"),
            outcome.code == Some(0) && text.contains(&id) && text.contains(CAROL),
        );
        let top = text.split("\n\n").next().unwrap().replace("\n   ", " ");
        outcome.check(&format!("{what} the alarm is on top"), top.starts_with("!! ") && top.contains(&name));
        let outcome = world.run(&["digest"], "");
        let arrived = String::from_utf8_lossy(&outcome.after.inbox[0]).into_owned();
        outcome
            .is(0, 1, 2, 1)
            .check(&format!("{what} into the inbox"), arrived.contains(&id) && arrived.contains("!! "));
        // A person can do what needs no store.
        let outcome = world.run(&["show", &id], "");
        outcome.check(&format!("{what} shown"), outcome.code == Some(0) && said(&outcome).contains("Wonderland"));
        let outcome = world.run(&["held"], "");
        outcome.check(&format!("{what} listed"), outcome.code == Some(0) && said(&outcome).contains(&id));
        let outcome = world.run(&["release", &id], "");
        let released = outcome.after.inbox.len() == 2 && outcome.after.held.len() == 1;
        outcome.check(&format!("{what} released"), released && matches!(outcome.code, Some(0 | 1)));
    });
}

/// Root may read what nobody may, so root runs the program as somebody else here, whose home it is.
#[test]
fn a_file_that_nobody_may_read_never_silences_the_digest() {
    const SOMEBODY: u32 = 65_534;
    let nobody_may = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    for what in ["list", "messages", "both", "a held file"] {
        let (world, id) = used();
        let program = world.path("program");
        fs::copy(PROGRAM, &program).unwrap();
        let run = if rustix::process::geteuid().is_root() {
            give(&world.path(""), SOMEBODY);
            format!("setpriv --reuid {SOMEBODY} --regid {SOMEBODY} --clear-groups '{}'", program.display())
        } else {
            format!("'{}'", program.display())
        };
        let mut held = fs::read_dir(world.quarantine().join("new")).unwrap().map(|file| file.unwrap().path());
        let of_carol = held.find(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(CAROL)).unwrap();
        let closed = match what {
            "list" => vec![world.list_file()],
            "messages" => vec![world.store_file()],
            "both" => vec![world.list_file(), world.store_file()],
            _ => vec![of_carol.clone()],
        };
        closed.iter().for_each(|path| nobody_may(path));
        let name = closed[0].file_name().unwrap().to_str().unwrap();
        for line in ["digest --stdout", "held"] {
            let outcome = world.shell(&format!("{run} {line}"), "");
            let text = said(&outcome);
            let alarm = text.replace("\n   ", " ").contains(name);
            outcome.check(&format!("{what}, {line}"), outcome.code == Some(0) && text.contains(BOB) && alarm);
            outcome.check(&format!("{what}, {line}: the other one"), what == "a held file" || text.contains(&id));
        }
        world.shell(&format!("{run} digest"), "").is(0, 1, 2, 1);
    }
}

/// Makes a folder and all in it somebody's.
fn give(path: &Path, owner: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|file| give(&file.unwrap().path(), owner));
    }
}

/// What may become of the keys.
type Loss = (&'static str, fn(&World));

const LOSSES: [Loss; 6] = [
    ("missing", |world| fs::remove_file(world.key_file()).unwrap()),
    ("empty", |world| world.write_keys("")),
    ("garbage", |world| world.write_keys("x".repeat(5_000).as_str())),
    ("cut short", |world| world.write_keys(&KEYS[..60])),
    ("too long", |world| world.write_keys(&"#\n".repeat(100_000))),
    ("a folder", |world| {
        fs::remove_file(world.key_file()).unwrap();
        fs::create_dir(world.key_file()).unwrap();
        fs::set_permissions(world.key_file(), fs::Permissions::from_mode(0o700)).unwrap();
    }),
];

#[test]
fn without_the_keys_held_mail_is_listed_shown_and_released() {
    each(LOSSES, |(loss, lose)| {
        let (world, id) = used();
        lose(&world);
        for line in [vec!["held"], vec!["show", &id], vec!["digest", "--stdout"]] {
            let outcome = world.run(&line, "");
            outcome.check(&format!("{loss}: {line:?}"), outcome.code == Some(0) && said(&outcome).contains(&id));
            outcome.check(
                &format!("{loss}: {line:?} names the keys"),
                said(&outcome).replace("\n   ", " ").contains("/keys"),
            );
        }
        let outcome = world.run(&["release", "--allow", &id], "");
        let why = outcome.code == Some(78) && said(&outcome).contains("/keys");
        outcome.check(&format!("{loss}: nobody is allowed, and why"), why && outcome.after.held.len() == 2);
        let outcome = world.run(&["release", &id], "");
        outcome.is(0, 1, 1, 1);
        let released = String::from_utf8_lossy(&outcome.after.inbox[0]).into_owned();
        let unproven = !released.contains("\nX-Countersign-") && released.contains("X-Old-Countersign-Seal:");
        outcome.check(&format!("{loss}: its block says nothing"), unproven && released.contains("Wonderland"));
    });
}

#[test]
fn what_doctor_names_for_lost_keys_works() {
    each(LOSSES.into_iter().flat_map(|loss| [(loss, true), (loss, false)]), |((loss, lose), backup)| {
        let (world, _) = used();
        fs::write(world.path("backup"), KEYS).unwrap();
        lose(&world);
        let outcome = world.run(&["doctor"], "");
        let text = said(&outcome).lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let commands: Vec<&str> = text.split('>').map(str::trim).collect();
        let named = |begin: &str| commands.iter().find_map(|line| line.find(begin).map(|at| line[at..].to_owned()));
        let mut line = String::new();
        if let Some(aside) = named("mv ") {
            line.push_str(aside.split(". ").next().unwrap());
            line.push_str(" && ");
        }
        let import = text.contains("countersign keys import < BACKUP");
        outcome.check(&format!("{loss}: both ways are named"), import && text.contains("countersign keys new"));
        line.push_str(if backup { "\"$P\" keys import < \"$HOME\"/../backup" } else { "\"$P\" keys new" });
        let outcome = world.shell(&line, "");
        outcome.check(&format!("{loss}: {line}"), outcome.code == Some(0));
        let outcome = world.run(&["deliver"], Letter::from("friend1@example.net").bytes());
        let passed = outcome.after.inbox.len();
        outcome.check(&format!("{loss}: mail goes on"), outcome.code == Some(0) && passed == usize::from(backup));
        let mut keys = String::new();
        fs::File::open(world.key_file()).unwrap().read_to_string(&mut keys).unwrap();
        assert_eq!(keys.contains(&KEYS[20..60]), backup);
        std::io::stdout().flush().unwrap();
    });
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn one_failed_read_never_holds_the_mail_of_somebody_known() {
    let known = || {
        let world = World::new();
        world.allow(BOB);
        world
    };
    let answered = || {
        let world = World::new();
        let sent = world.challenge(BOB);
        (world, Letter::answer(&sent, BOB).body("Yes, that was me. See you at five.\n").bytes())
    };
    for command in ["gate", "deliver"] {
        let letter = Letter::from(BOB).bytes();
        let (_, of_known) = calls(&known(), command, &letter);
        let (world, answer) = answered();
        let (_, of_answer) = calls(&world, command, &answer);
        let reads = |calls: &[Call]| {
            let reads = calls.iter().filter(|call| call.name == "pread64");
            // The loader's own reads are not of the store.
            let numbered = (1..).zip(reads).filter(|(_, call)| call.path(0).contains(".db"));
            numbered.map(|(nth, _)| nth).collect::<Vec<usize>>()
        };
        let (known_reads, answer_reads) = (reads(&of_known), reads(&of_answer));
        assert!(known_reads.len() > 1 && answer_reads.len() > 10, "{known_reads:?}, {answer_reads:?}");
        let cases =
            known_reads.into_iter().map(|nth| (nth, true)).chain(answer_reads.into_iter().map(|nth| (nth, false)));
        each(cases, |(nth, is_known)| {
            let (world, letter) = if is_known { (known(), letter.clone()) } else { answered() };
            let (outcome, _) = disturbed(&world, command, &letter, ("pread64", nth, Fault::Error("EIO")));
            let what = format!("{command}, known: {is_known}, read {nth}");
            let passed = outcome.code == Some(if command == "gate" { 99 } else { 0 });
            outcome.check(&format!("{what}: it passes or comes again"), passed || outcome.code == Some(75));
            // A letter that waits for an answer is held; nothing else.
            let held = outcome.after.held.len();
            outcome.check(&format!("{what}: it is not held"), held <= usize::from(!is_known));
        });
    }
}
