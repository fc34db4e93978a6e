//! An mbox as inbox: what passes, what is released and the digest stand in it, and nothing that was there is touched.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;

use super::letter::Letter;
use super::world::{MBOX, World, header};

const BOB: &str = "bob@example.net";
const OLD: &str = "From carol@example.com Sat Nov 21 12:00:00 2026\nSubject: old\n\nAn old letter.\n\n";

fn world() -> World {
    let world = World::with(MBOX);
    fs::write(world.mbox(), OLD).unwrap();
    world
}

fn text(world: &World) -> String {
    fs::read_to_string(world.mbox()).unwrap()
}

#[test]
fn a_whole_conversation_ends_in_the_mbox() {
    let world = world();
    let challenge = world.challenge(BOB);
    assert_eq!(text(&world), OLD);
    let digest = world.run(&["digest"], "");
    digest.check("the digest is in it", digest.code == Some(0) && digest.after.inbox.len() == 2).is_silent();
    world.deliver(Letter::answer(&challenge, BOB).body("Yes, I wrote that.\n").bytes()).is(0, 4, 0, 1);
    let outcome = world.deliver(Letter::from(BOB).field("Subject", "Known now").bytes());
    outcome.is(0, 5, 0, 1);
    let subjects: Vec<String> = outcome.after.inbox.iter().filter_map(|one| header(one, "Subject")).collect();
    assert!(subjects[0] == "old" && subjects[4] == "Known now", "{subjects:?}");
    assert!(text(&world).starts_with(&format!("{OLD}From MAILER-DAEMON ")), "{}", text(&world));
    assert_eq!(text(&world).matches("\n\nFrom bob@example.net ").count(), 3, "{}", text(&world));
    assert!(!world.inbox().join("new").read_dir().unwrap().any(|_| true), "and in no Maildir");
}

#[test]
fn a_person_releases_into_it() {
    let world = world();
    world
        .deliver(Letter::from("eve@example.net").unproven().body("From here on\n>From there\n").bytes())
        .is(0, 1, 1, 0);
    let outcome = world.run(&["release", "--since", "1d"], "");
    outcome.is(0, 2, 0, 0);
    assert!(text(&world).contains("\n>From here on\n>>From there\n"), "{}", text(&world));
    outcome.check("it tells what was verified", header(&outcome.after.inbox[1], "X-Countersign-Verdict").is_some());
}

#[test]
fn gate_leaves_it_to_its_caller() {
    let world = world();
    world.allow(BOB);
    world.gate(Letter::from(BOB).bytes()).is(99, 1, 0, 0);
    assert_eq!(text(&world), OLD);
}

#[test]
fn what_cannot_be_appended_waits_and_comes_again() {
    let world = world();
    world.allow(BOB);
    let letter = || Letter::from(BOB).bytes();
    // A name that leads elsewhere, a second name, a folder in its place, and a file that nobody may write.
    fs::rename(world.mbox(), world.home().join("other")).unwrap();
    symlink(world.home().join("other"), world.mbox()).unwrap();
    let waits = |what: &str| {
        let outcome = world.shell("exec $P deliver", letter());
        outcome.check(what, outcome.code == Some(75) && outcome.after.drafts == 0).is_silent();
        assert_eq!(fs::read_to_string(world.home().join("other")).unwrap(), OLD, "{what}");
    };
    waits("a symbolic link");
    fs::remove_file(world.mbox()).unwrap();
    fs::hard_link(world.home().join("other"), world.mbox()).unwrap();
    waits("a second name");
    fs::remove_file(world.mbox()).unwrap();
    fs::create_dir(world.mbox()).unwrap();
    waits("a folder");
    fs::remove_dir(world.mbox()).unwrap();
    // A full disk: no file may grow beyond so many blocks of 512 bytes; the signal for it is ignored.
    fs::write(world.mbox(), OLD.repeat(40)).unwrap();
    let big = Letter::from(BOB).body(&"0123456789abcde\n".repeat(1_000)).bytes();
    let outcome = world.shell("trap '' XFSZ; ulimit -f 36; exec $P deliver", big);
    outcome.check("a full disk", outcome.code == Some(75) && outcome.after.drafts == 0).is_silent();
    assert_eq!(text(&world), OLD.repeat(40));
    fs::remove_file(world.mbox()).unwrap();
    world.deliver(letter()).is(0, 1, 0, 0);
}

#[cfg(debug_assertions)]
#[test]
fn a_lock_of_another_program_is_waited_for() {
    let mut world = world();
    world.allow(BOB);
    let lock = world.home().join("mbox.lock");
    fs::write(&lock, "0").unwrap();
    let child = world.start(&["deliver"], &Letter::from(BOB).bytes());
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(text(&world), OLD);
    fs::remove_file(&lock).unwrap();
    world.wait("deliver, locked for a moment", child).is(0, 2, 0, 0);
    // And no longer than the mail system waits.
    world.set("COUNTERSIGN_TEST_WATCHDOG", "7");
    fs::write(&lock, "0").unwrap();
    let outcome = world.deliver(Letter::from(BOB).bytes());
    outcome.check("it waits no longer", outcome.code == Some(75) && outcome.after.inbox.len() == 2).is_silent();
    assert_eq!(fs::read_to_string(&lock).unwrap(), "0", "the lock is not ours");
}

#[test]
fn doctor_says_what_is_wrong_with_it() {
    let world = world();
    let says = |wanted: &str| {
        let outcome = world.run(&["doctor"], "");
        let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
        outcome.check(wanted, said.contains(wanted));
    };
    says("mbox; locked by fcntl and a dotlock");
    fs::rename(world.mbox(), world.home().join("other")).unwrap();
    says("made by the first message");
    symlink(world.home().join("other"), world.mbox()).unwrap();
    says("is a symbolic link");
}

#[test]
fn maintain_cuts_off_what_a_killed_delivery_left_half() {
    let world = world();
    let whole = format!("From {BOB} Sat Nov 21 12:00:00 2026\nSubject: half\n\nHalf a letter.\n\n");
    let left = world.quarantine().join("tmp").join(format!("append-{}-0-left", OLD.len()));
    fs::write(&left, &whole).unwrap();
    fs::write(world.mbox(), format!("{OLD}{}", &whole[..60])).unwrap();
    let outcome = world.run(&["maintain"], "");
    outcome.check("it ends well", outcome.code == Some(0) && !left.exists()).is_silent();
    assert_eq!(text(&world), OLD);
    // A file of that name that says something else is no reason to cut.
    fs::write(&left, "something else").unwrap();
    world.run(&["maintain"], "").check("it ends well", !left.exists());
    assert_eq!(text(&world), OLD);
}

#[test]
fn doctor_says_who_else_can_write_it() {
    let world = World::with(&MBOX.replace("~/mbox", "~/box/mbox"));
    let folder = world.home().join("box");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mbox"), OLD).unwrap();
    let is_said = |mbox: u32, above: u32| {
        fs::set_permissions(folder.join("mbox"), Permissions::from_mode(mbox)).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(above)).unwrap();
        String::from_utf8_lossy(&world.run(&["doctor"], "").stdout).contains("others can write")
    };
    // As Debian has it, as a person has it, and as nobody should.
    assert!(!is_said(0o660, 0o755) && !is_said(0o600, 0o700));
    assert!(is_said(0o666, 0o700) && is_said(0o600, 0o777));
}
