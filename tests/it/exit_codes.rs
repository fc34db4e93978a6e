//! Every way to fail, in every mode: only the codes of the design, section 3, and no mail lost.
//!
//! A root user, as whom these tests may run, ignores the modes of files. So a folder that cannot be written to is a
//! file in the folder's place, and, where `unshare` may make a mount namespace, a mount that is really read-only or
//! really full; where it may not, that is said.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::letter::Letter;
use super::world::{Outcome, World, each};

const BOB: &str = "bob@example.net";
/// The four ways a mail system calls the program.
const MODES: [&str; 4] = ["deliver", "filter", "gate", "gate --word"];

/// What a row of the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The machine is at fault: 75 in every mode.
    Later,
    /// The letter is held: 0 in every mode, and nobody is asked.
    HeldInSilence,
    /// It cannot be stored: 75, but a filter, which stores nothing, marks it.
    NoRoom,
    /// What is printed has nowhere to go: 75 in the modes that print, and the letter is held in the others.
    NoOutput,
    /// As if nothing were wrong: held, and its sender is asked.
    Unharmed,
}

/// One way to fail: what is done to the world, and the line of shell that calls `$P $MODE`.
struct Row {
    name: &'static str,
    prepare: fn(&mut World),
    line: &'static str,
    fate: Fate,
}

const CALL: &str = "exec $P $MODE";

const ROWS: &[Row] = &[
    Row { name: "nothing", prepare: |_| {}, line: CALL, fate: Fate::Unharmed },
    Row { name: "a bad flag", prepare: |_| {}, line: "exec $P $MODE --bad", fate: Fate::Later },
    Row { name: "a bad flag in front", prepare: |_| {}, line: "exec $P --bad $MODE", fate: Fate::Later },
    Row { name: "a word too many", prepare: |_| {}, line: "exec $P $MODE alice", fate: Fate::Later },
    Row { name: "a flag without its value", prepare: |_| {}, line: "exec $P $MODE --sender", fate: Fate::Later },
    Row {
        name: "an argument that is not UTF-8",
        prepare: |_| {},
        line: "exec $P $MODE --extension \"$(printf 'a\\377')\"",
        fate: Fate::Unharmed,
    },
    Row { name: "help", prepare: |_| {}, line: "exec $P $MODE --help", fate: Fate::Later },
    Row {
        name: "no configuration",
        prepare: |w| fs::remove_file(w.config_file()).unwrap(),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "another configuration that is not there",
        prepare: |_| {},
        line: "exec $P --config /nowhere $MODE",
        fate: Fate::Later,
    },
    Row {
        name: "an empty configuration",
        prepare: |w| fs::write(w.config_file(), "").unwrap(),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "a configuration that is no TOML",
        prepare: |w| fs::write(w.config_file(), "[owner\n").unwrap(),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "an unknown key",
        prepare: |w| w.configure("[owner]\naddress = \"alice@example.org\"\ncolour = 1"),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "a bad address",
        prepare: |w| w.configure("[owner]\naddress = \"alice\""),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "a configuration that is not UTF-8",
        prepare: |w| fs::write(w.config_file(), b"\xff\xfe").unwrap(),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "a folder for a configuration",
        prepare: |w| {
            fs::remove_file(w.config_file()).unwrap();
            fs::create_dir(w.config_file()).unwrap();
        },
        line: CALL,
        fate: Fate::Later,
    },
    Row { name: "no keys", prepare: |w| fs::remove_file(w.key_file()).unwrap(), line: CALL, fate: Fate::Later },
    Row {
        name: "keys that others can read",
        prepare: |w| fs::set_permissions(w.key_file(), fs::Permissions::from_mode(0o644)).unwrap(),
        line: CALL,
        fate: Fate::Later,
    },
    Row { name: "empty keys", prepare: |w| w.write_keys(""), line: CALL, fate: Fate::Later },
    Row { name: "keys cut short", prepare: |w| w.write_keys(&super::world::KEYS[..60]), line: CALL, fate: Fate::Later },
    Row {
        name: "keys with one wrong line",
        prepare: |w| w.write_keys(&super::world::KEYS.replace("list 1", "lost 1")),
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "no store",
        prepare: |w| fs::remove_file(w.store_file()).unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "a list that is lost",
        prepare: |w| fs::remove_file(w.list_file()).unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "no store at all",
        prepare: |w| {
            fs::remove_file(w.store_file()).unwrap();
            fs::remove_file(w.list_file()).unwrap();
        },
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "a list that is none",
        prepare: |w| fs::write(w.list_file(), "x".repeat(8192)).unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "an empty list",
        prepare: |w| fs::write(w.list_file(), "").unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "a newer list",
        prepare: |w| w.database().execute_batch("PRAGMA list.user_version = 99").unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "a folder for a list",
        prepare: |w| {
            fs::remove_file(w.list_file()).unwrap();
            fs::create_dir(w.list_file()).unwrap();
        },
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "a store that is none",
        prepare: |w| fs::write(w.store_file(), "x".repeat(8192)).unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "an empty store",
        prepare: |w| fs::write(w.store_file(), "").unwrap(),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row { name: "a store with damaged pages", prepare: damage_pages, line: CALL, fate: Fate::HeldInSilence },
    Row { name: "a store cut short", prepare: cut_store, line: CALL, fate: Fate::HeldInSilence },
    Row { name: "a newer store", prepare: |w| pragma(w, "user_version = 99"), line: CALL, fate: Fate::HeldInSilence },
    Row {
        name: "a store of no version",
        prepare: |w| pragma(w, "user_version = 0"),
        line: CALL,
        fate: Fate::HeldInSilence,
    },
    Row {
        name: "a folder for a store",
        prepare: |w| {
            fs::remove_file(w.store_file()).unwrap();
            fs::create_dir(w.store_file()).unwrap();
        },
        line: CALL,
        fate: Fate::Later,
    },
    Row {
        name: "no folder for drafts",
        prepare: |w| fs::remove_dir(w.quarantine().join("tmp")).unwrap(),
        line: CALL,
        fate: Fate::Unharmed,
    },
    Row {
        name: "a file for a folder",
        prepare: |w| {
            fs::remove_dir(w.quarantine().join("tmp")).unwrap();
            fs::write(w.quarantine().join("tmp"), "").unwrap();
        },
        line: CALL,
        fate: Fate::NoRoom,
    },
    Row {
        name: "no folder to commit to",
        prepare: |w| fs::remove_dir(w.quarantine().join("new")).unwrap(),
        line: CALL,
        fate: Fate::Unharmed,
    },
    Row {
        name: "no quarantine, deleted in a mail reader",
        prepare: |w| fs::remove_dir_all(w.quarantine()).unwrap(),
        line: CALL,
        fate: Fate::Unharmed,
    },
    Row {
        name: "a mail folder that is not mounted",
        prepare: |w| {
            fs::remove_dir_all(w.inbox()).unwrap();
            fs::create_dir(w.inbox()).unwrap();
        },
        line: CALL,
        fate: Fate::NoRoom,
    },
    Row { name: "a limit on file sizes", prepare: |_| {}, line: "ulimit -f 64; exec $P $MODE", fate: Fate::NoRoom },
    Row { name: "standard input closed", prepare: |_| {}, line: "exec $P $MODE <&-", fate: Fate::Later },
    Row { name: "a folder for standard input", prepare: |_| {}, line: "exec $P $MODE </", fate: Fate::Later },
    Row { name: "standard error closed", prepare: |_| {}, line: "exec $P $MODE 2>&-", fate: Fate::Unharmed },
    Row { name: "standard error full", prepare: |_| {}, line: "exec $P $MODE 2>/dev/full", fate: Fate::Unharmed },
    Row {
        name: "a bad flag, standard error full",
        prepare: |_| {},
        line: "exec $P $MODE --bad 2>/dev/full",
        fate: Fate::Later,
    },
    Row {
        name: "a bad flag, all closed",
        prepare: |_| {},
        line: "exec $P $MODE --bad <&- >&- 2>&-",
        fate: Fate::Later,
    },
    Row { name: "standard output closed", prepare: |_| {}, line: "exec $P $MODE >&-", fate: Fate::NoOutput },
    Row { name: "standard output full", prepare: |_| {}, line: "exec $P $MODE >/dev/full", fate: Fate::NoOutput },
    Row { name: "HOME not set", prepare: |_| {}, line: "unset HOME; exec $P $MODE", fate: Fate::Later },
    Row { name: "HOME not there", prepare: |_| {}, line: "HOME=/nowhere exec $P $MODE", fate: Fate::Later },
    Row { name: "HOME not a whole path", prepare: |_| {}, line: "HOME=. exec $P $MODE", fate: Fate::Later },
    Row { name: "no PATH", prepare: |_| {}, line: "unset PATH; exec $P $MODE", fate: Fate::Unharmed },
    Row {
        name: "signals ignored",
        prepare: |_| {},
        line: "trap '' ALRM HUP INT QUIT PIPE TERM USR1 USR2 XFSZ; exec $P $MODE",
        fate: Fate::Unharmed,
    },
    Row { name: "a loose umask", prepare: |_| {}, line: "umask 0; exec $P $MODE", fate: Fate::Unharmed },
    #[cfg(debug_assertions)]
    Row { name: "a panic", prepare: |w| w.set("COUNTERSIGN_TEST_PANIC", "1"), line: CALL, fate: Fate::Later },
    #[cfg(debug_assertions)]
    Row {
        name: "a panic, standard error full",
        prepare: |w| w.set("COUNTERSIGN_TEST_PANIC", "1"),
        line: "exec $P $MODE 2>/dev/full",
        fate: Fate::Later,
    },
];

#[test]
fn every_way_to_fail_gives_only_the_codes_of_the_design() {
    let letter = Letter::from(BOB).body(&"All work and no play makes Jack a dull boy.\n".repeat(8_000));
    let cases = ROWS.iter().flat_map(|row| MODES.map(|mode| (row, mode)));
    each(cases, |(row, mode)| {
        let mut world = World::new();
        (row.prepare)(&mut world);
        let outcome = world.shell(&row.line.replace("$MODE", mode), letter.bytes());
        judge(row.name, mode, row.fate, &letter, &outcome);
    });
}

/// The contract: the code, the silence, and where the letter is.
#[track_caller]
fn judge(name: &str, mode: &str, fate: Fate, letter: &Letter, outcome: &Outcome) {
    let say = |what: &str| format!("{name}, {mode}, {fate:?}: {what}");
    let after = &outcome.after;
    let prints = matches!(mode, "filter" | "gate --word");
    let wanted = match fate {
        Fate::Later => 75,
        Fate::NoRoom if mode != "filter" => 75,
        Fate::NoOutput if prints => 75,
        _ => 0,
    };
    outcome.check(&say("no signal"), outcome.signal.is_none());
    outcome.check(&say(&format!("code {wanted}")), outcome.code == Some(wanted));
    outcome.check(&say("nothing on standard error"), outcome.stderr.is_empty());
    let whole = |stored: &Vec<u8>| stored.ends_with(&letter.handed_over());
    outcome.check(&say("nothing is half written"), after.inbox.iter().chain(&after.held).all(whole));
    outcome.check(&say("nothing is left in tmp"), after.drafts + after.marks == 0 || fate == Fate::NoRoom);
    match (wanted, mode) {
        (0, "filter") => {
            outcome.check(&say("all of it on standard output"), outcome.stdout.ends_with(&letter.handed_over()));
            outcome.check(&say("and nowhere else"), after.held.is_empty() && after.sent.is_empty());
        }
        (0, _) => {
            outcome.check(&say("it is in the quarantine"), after.held.len() == 1);
            let asked = usize::from(fate != Fate::HeldInSilence);
            outcome.check(&say("its sender is asked, or not"), after.sent.len() == asked);
            let word: &[u8] = if mode == "gate --word" { b"taken" } else { b"" };
            outcome.check(&say("the one word"), outcome.stdout == word || fate == Fate::NoOutput);
        }
        _ => {
            outcome.check(&say("nothing was taken"), after.inbox.is_empty());
            outcome.check(&say("nobody was asked"), after.sent.is_empty() || fate == Fate::NoOutput);
            outcome.check(&say("nothing is printed"), outcome.stdout.is_empty() || mode == "filter");
        }
    }
    // A mail system that is left sitting on the message takes that for a failure of another kind.
    let redirected = ["closed", "folder for standard input", "all closed"].iter().any(|word| name.contains(word));
    outcome.check(&say("standard input was read to its end"), outcome.drained || redirected);
}

fn damage_pages(world: &mut World) {
    let mut bytes = fs::read(world.store_file()).unwrap();
    bytes[4096..].fill(0xaa);
    fs::write(world.store_file(), bytes).unwrap();
}

fn cut_store(world: &mut World) {
    let bytes = fs::read(world.store_file()).unwrap();
    fs::write(world.store_file(), &bytes[..5000]).unwrap();
}

fn pragma(world: &mut World, text: &str) {
    let store = world.database();
    store.execute_batch(&format!("PRAGMA {text}")).unwrap();
}

#[test]
fn a_locked_store_means_later_and_loses_nothing() {
    let letter = Letter::from(BOB);
    // Thirty seconds of patience each, so all wait at once.
    each(MODES, |mode| {
        let world = World::new();
        let store = world.database();
        store.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let began = Instant::now();
        let outcome = world.shell(&CALL.replace("$MODE", mode), letter.bytes());
        judge("a locked store", mode, Fate::Later, &letter, &outcome);
        let waited = began.elapsed();
        outcome.check(&format!("patience of 30 s, not {waited:?}"), (25..50).contains(&waited.as_secs()));
    });
}

#[test]
fn a_store_that_is_locked_for_a_moment_is_waited_for() {
    let world = World::new();
    let store = world.database();
    store.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let child = world.start(&["deliver"], &Letter::from(BOB).bytes());
    std::thread::sleep(Duration::from_millis(700));
    store.execute_batch("COMMIT").unwrap();
    world.wait("deliver beside a short lock", child).is(0, 0, 1, 1);
}

#[test]
fn a_disk_that_is_full_for_the_store_alone_still_holds_the_letter() {
    let world = World::new();
    let letter = Letter::from(BOB);
    // 4 KiB are enough for the letter and too few for a page of the store beside its journal's head.
    let outcome = world.shell("ulimit -f 8; exec $P deliver", letter.bytes());
    outcome.is(0, 0, 1, 0).is_silent();
    // The next attempt of the mail system goes on where this one ended.
    world.deliver(letter.bytes()).is(0, 0, 1, 1);
}

#[test]
fn however_few_files_may_be_open_the_letter_is_held_or_comes_again() {
    let letter = Letter::from(BOB);
    // With fewer than five the program loader itself fails.
    let seen = Mutex::new(Vec::new());
    each((5..20).flat_map(|count| ["deliver", "gate"].map(|mode| (count, mode))), |(count, mode)| {
        let world = World::new();
        let outcome = world.shell(&format!("ulimit -n {count}; exec $P {mode}"), letter.bytes());
        let held = outcome.after.held.iter().filter(|held| held.ends_with(&letter.handed_over())).count();
        let good = outcome.code == Some(75) || (outcome.code == Some(0) && held == 1);
        outcome.check(&format!("{count}, {mode}"), good).is_silent();
        seen.lock().unwrap().push(outcome.code);
        // Whatever was cut short, the next attempt goes on from there.
        let again = world.deliver(letter.bytes());
        again.check("once more", again.code == Some(0)).check("held once", again.after.held.len() == 1);
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.contains(&Some(0)) && seen.contains(&Some(75)), "both ends were seen: {seen:?}");
}

#[test]
fn real_mounts_that_are_read_only_or_full() {
    let may = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("LEFT OUT: unshare -rm may not mount here, so no home was really read-only and no disk really full");
        return;
    }
    let letter = Letter::from(BOB).body(&"x".repeat(300_000));
    let read_only = "mount --bind \"$HOME\" \"$HOME\" && mount -o remount,ro,bind \"$HOME\"";
    let full = "mount -t tmpfs -o size=64k none \"$HOME/Maildir/.Held\" && mkdir \"$HOME/Maildir/.Held/new\" \
                \"$HOME/Maildir/.Held/cur\" \"$HOME/Maildir/.Held/tmp\"";
    let cases = [("read-only", read_only), ("full", full)].into_iter().flat_map(|row| MODES.map(|mode| (row, mode)));
    each(cases, |((name, mount), mode)| {
        let world = World::new();
        let line = format!("exec unshare -rm /bin/sh -c '{mount} && exec $P {mode}'");
        judge(name, mode, Fate::NoRoom, &letter, &world.shell(&line, letter.bytes()));
    });
    // A known sender needs no room in the gate, nor does a read-only home stop it.
    let world = World::new();
    world.allow(BOB);
    let line = format!("exec unshare -rm /bin/sh -c '{read_only} && exec $P gate'");
    world.shell(&line, letter.bytes()).is(99, 0, 0, 0);
}

#[test]
fn an_inbox_that_cannot_be_written_to_means_later() {
    type Breakage = (fn(&World), i32);
    let letter = Letter::from(BOB);
    let broken: [Breakage; 3] = [
        // Moving a held letter needs no tmp.
        (|world| fs::remove_dir(world.inbox().join("tmp")).unwrap(), 0),
        (|world| fs::remove_dir(world.inbox().join("new")).unwrap(), 75),
        (
            |world| {
                fs::remove_dir(world.inbox().join("new")).unwrap();
                fs::write(world.inbox().join("new"), "").unwrap();
            },
            75,
        ),
    ];
    for (break_it, release) in broken {
        let world = World::new();
        world.allow(BOB);
        break_it(&world);
        world.deliver(letter.bytes()).is(75, 0, 0, 0).is_silent();
        // The gate does not need it.
        world.gate(letter.bytes()).is(99, 0, 0, 0).is_silent();
        // A confirmation that cannot release comes again.
        let sent = world.challenge("carol@example.net");
        let outcome = world.deliver(Letter::answer(&sent, "carol@example.net").bytes());
        outcome.check("the code of a release", outcome.code == Some(release)).is_silent();
        outcome.check(
            "the letter is somewhere",
            outcome.after.inbox.len() + outcome.after.held.len() == if release == 0 { 2 } else { 1 },
        );
    }
}

#[cfg(debug_assertions)]
#[test]
fn whoever_stalls_gets_75_whatever_the_command_line_says() {
    let mut world = World::new();
    world.set("COUNTERSIGN_TEST_WATCHDOG", "2");
    each(["deliver", "deliver --bad", "gate --word alice", "filter", "--config /nowhere gate"], |line| {
        let began = Instant::now();
        let mut child = world.command(super::world::PROGRAM).args(line.split(' ')).spawn().unwrap();
        let open = child.stdin.take();
        world.wait(line, child).is(75, 0, 0, 0).is_silent();
        assert!(began.elapsed() < Duration::from_secs(30), "{line}");
        drop(open);
    });
}

#[test]
fn a_signal_is_answered_before_the_command_line_is_read() {
    use rustix::process::{Pid, Signal, kill_process};
    let world = World::new();
    let signals = [Signal::ALARM, Signal::HUP, Signal::TERM, Signal::USR1, Signal::USR2];
    each(
        signals.into_iter().flat_map(|signal| ["deliver", "gate --bad"].map(|line| (signal, line))),
        |(signal, line)| {
            let mut child = world.command(super::world::PROGRAM).args(line.split(' ')).spawn().unwrap();
            let open = child.stdin.take();
            std::thread::sleep(Duration::from_millis(500));
            kill_process(Pid::from_child(&child), signal).unwrap();
            world.wait(&format!("{line}, {signal:?}"), child).is(75, 0, 0, 0).is_silent();
            drop(open);
        },
    );
}

#[test]
fn what_an_earlier_attempt_stored_is_durable_before_it_counts() {
    let may = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("LEFT OUT: strace may not trace here, so no disk refused a name");
        return;
    }
    let world = World::new();
    let broken = |calls: &str| {
        let line =
            format!("exec strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EIO{calls} $P deliver");
        world.shell(&line, Letter::from(BOB).bytes())
    };
    // The letter reaches the disk, and then its name does not.
    broken(":when=2").is(75, 0, 1, 0).check("it is marked", world.state().marks == 1);
    broken("").is(75, 0, 1, 0).check("it is marked", world.state().marks == 1);
    // A mail reader opens the folder before the mail system tries again.
    let file = fs::read_dir(world.quarantine().join("new")).unwrap().next().unwrap().unwrap();
    let name = format!("{}:2,S", file.file_name().to_str().unwrap());
    fs::rename(file.path(), world.quarantine().join("cur").join(name)).unwrap();
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
}

#[test]
fn without_home_whole_paths_are_enough() {
    let world = World::with(
        "[inbox]\nmaildir = \"WORLD/home/Maildir\"\n\
         [files]\nstore = \"WORLD/home/.local/share/countersign/countersign.db\"",
    );
    let config = world.config_file().display().to_string();
    let line = format!("unset HOME PATH; exec $P --config {config} deliver");
    world.shell(&line, Letter::from(BOB).bytes()).is(0, 0, 1, 1).is_silent();
    let line = format!("unset HOME; COUNTERSIGN_CONFIG={config} exec $P gate");
    world.shell(&line, Letter::from("carol@example.net").bytes()).is(0, 0, 2, 2).is_silent();
}

/// Messages at which programs of this kind died.
fn poison() -> Vec<(&'static str, Vec<u8>)> {
    let top = "Return-Path: <bob@example.net>\nFrom: bob@example.net\nTo: alice@example.org\n";
    let nested = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let multipart: String =
        (0..20_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    vec![
        ("nothing at all", Vec::new()),
        ("one byte", b"x".to_vec()),
        ("one line end", b"\n".to_vec()),
        ("one carriage return", b"\r".to_vec()),
        ("a mbox line alone", b"From bob@example.net Sat Nov 21 12:00:00 2026\n".to_vec()),
        ("no header block", b"just a text\nof two lines\n".to_vec()),
        ("no end of the header block", "X: y\n".repeat(120_000).into_bytes()),
        ("70,000 fields", format!("{top}{}\nbody\n", "X-Spam: 1\n".repeat(70_000)).into_bytes()),
        ("one huge field", format!("{top}Subject: {}\n\nbody\n", "x".repeat(1_000_000)).into_bytes()),
        ("one field folded 100,000 times", format!("{top}Subject: x\n{}\nbody\n", " y\n".repeat(100_000)).into_bytes()),
        ("200,000 recipients", format!("{top}Cc: {}a@b\n\nbody\n", "a@b, ".repeat(200_000)).into_bytes()),
        ("40,000 encoded words", format!("{top}Subject: {}\n\nbody\n", "=?utf-8?Q?x?= ".repeat(4_000)).into_bytes()),
        ("NUL bytes", format!("{top}Subject: a\0b\0\n\n\0\0\0body\0").into_bytes()),
        ("NUL bytes only", vec![0; 100_000]),
        ("0xff bytes only", vec![0xff; 100_000]),
        ("messages in messages", format!("{top}MIME-Version: 1.0\n{nested}").into_bytes()),
        ("parts in parts", format!("{top}MIME-Version: 1.0\n{multipart}").into_bytes()),
        ("parentheses", format!("{top}Cc: {}\n\nbody\n", "(".repeat(60_000)).into_bytes()),
        ("angle brackets", format!("{top}Cc: {}\n\nbody\n", "<".repeat(60_000)).into_bytes()),
        ("escape sequences", format!("{top}Subject: \x1b[2J\x1b]0;x\x07\n\nbody\n").into_bytes()),
        ("one line of a megabyte", [top.as_bytes(), b"\n", &vec![b'x'; 1_000_000]].concat()),
        ("carriage returns alone", [top.replace('\n', "\r").as_bytes(), b"\rbody\r"].concat()),
        (
            "tokens without end",
            format!("{top}\n{}", "cr-12em04hmasw91nfkhj1hrff3tfhqc000\n".repeat(20_000)).into_bytes(),
        ),
    ]
}

#[test]
fn a_poisoned_message_is_held_and_never_comes_again() {
    let cases = poison().into_iter().flat_map(|case| MODES.map(|mode| (case.clone(), mode)));
    each(cases, |((name, message), mode)| {
        let world = World::new();
        let outcome = world.shell(&CALL.replace("$MODE", mode), message.clone());
        let say = |what: &str| format!("{name}, {mode}: {what}");
        outcome.check(&say("code 0"), outcome.code == Some(0) && outcome.stderr.is_empty() && outcome.drained);
        outcome.check(&say("nobody is asked"), outcome.after.sent.is_empty() && outcome.after.inbox.is_empty());
        let body = message.strip_prefix(b"From bob@example.net Sat Nov 21 12:00:00 2026\n").unwrap_or(&message);
        if mode == "filter" {
            outcome.check(&say("whole on standard output"), outcome.stdout.ends_with(body));
        } else {
            let whole = matches!(outcome.after.held.as_slice(), [held] if held.ends_with(body));
            outcome.check(&say("held, whole"), whole);
        }
    });
}

#[test]
fn a_person_gets_the_codes_of_sysexits() {
    let world = World::new();
    let code = |arguments: &[&str]| world.run(arguments, "").code;
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&[]), Some(64));
    assert_eq!(code(&["--bad"]), Some(64));
    assert_eq!(code(&["explain", "--bad"]), Some(64));
    assert_eq!(code(&["explain", "/nowhere"]), Some(64));
    let folder = world.run(&["explain", "/tmp"], "");
    folder.check("a folder is no message", folder.code == Some(64));
    folder.check("and is named", String::from_utf8_lossy(&folder.stderr).contains("/tmp"));
    assert_eq!(code(&["keys", "import"]), Some(64));
    fs::remove_file(world.key_file()).unwrap();
    assert_eq!(code(&["explain"]), Some(78));
    fs::remove_file(world.config_file()).unwrap();
    assert_eq!(code(&["explain"]), Some(78));
}
