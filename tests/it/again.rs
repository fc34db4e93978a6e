//! The same message handed over again: it is held once, whatever became of the first attempt and of its file meanwhile.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::letter::Letter;
use super::world::World;

const BOB: &str = "bob@example.net";

/// Where the one held message is.
fn file(world: &World) -> PathBuf {
    let folders = ["new", "cur"].map(|name| fs::read_dir(world.quarantine().join(name)).unwrap());
    let files: Vec<PathBuf> = folders.into_iter().flatten().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// What a mail reader makes of it: the name in `cur/` is `%` and the flags, or another one.
fn read_by_somebody(world: &World, name: &str) {
    let file = file(world);
    let base = file.file_name().unwrap().to_str().unwrap().split(':').next().unwrap().to_owned();
    fs::rename(file, world.quarantine().join("cur").join(name.replace('%', &base))).unwrap();
}

fn rows(world: &World) -> usize {
    world.store().all_held().unwrap().len()
}

#[test]
fn what_a_mail_reader_has_moved_is_not_held_again() {
    for name in ["%", "%:2,S", "%:2,DFPRSTab", "1795262400.M1P2.host,S=900:2,S"] {
        let world = World::new();
        world.challenge(BOB);
        read_by_somebody(&world, name);
        for _ in 0..2 {
            world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
        }
        assert_eq!(rows(&world), 1, "{name}");
    }
}

#[test]
fn without_a_store_it_is_not_held_again_either() {
    let damage: [fn(&World); 3] = [
        |world| fs::remove_file(world.store_file()).unwrap(),
        |world| fs::write(world.store_file(), "x".repeat(8192)).unwrap(),
        |world| {
            let store = rusqlite::Connection::open(world.store_file()).unwrap();
            store.execute_batch("ALTER TABLE held RENAME COLUMN message TO other").unwrap();
        },
    ];
    for damage in damage {
        let world = World::new();
        world.challenge(BOB);
        damage(&world);
        world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
        read_by_somebody(&world, "%:2,S");
        world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
        world.deliver(Letter::from(BOB).body("another").bytes()).is(0, 0, 2, 1);
    }
}

#[test]
fn what_the_user_put_back_is_not_held_again() {
    let world = World::new();
    world.challenge(BOB);
    let id = world.store().all_held().unwrap()[0].id.to_string();
    world.run(&["release", &id], "").is(0, 1, 0, 1);
    let released = fs::read_dir(world.inbox().join("new")).unwrap().next().unwrap().unwrap();
    let name = format!("{}:2,S", released.file_name().to_str().unwrap());
    fs::rename(released.path(), world.quarantine().join("cur").join(name)).unwrap();
    world.deliver(Letter::from(BOB).bytes()).is(0, 0, 1, 1);
}

/// A delivery that dies when the message is durable and nothing is written down: the store is somebody else's so long.
fn killed_before_its_row(world: &World, letter: &Letter) {
    let store = rusqlite::Connection::open(world.store_file()).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let child = world.start(&["deliver"], &letter.bytes());
    let began = Instant::now();
    let holds = || fs::read_dir(world.quarantine().join("new")).unwrap().count() == 1;
    // The draft's own name goes last.
    while !(holds() && world.state().marks == 1 && world.state().drafts == 0) {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing was held");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    let outcome = world.wait("deliver, killed before its row", child);
    outcome.check("it was killed", outcome.signal == Some(9));
    store.execute_batch("ROLLBACK").unwrap();
    assert_eq!(rows(world), 0);
}

#[test]
fn an_attempt_that_died_before_its_row_is_gone_on_with() {
    for name in [None, Some("%:2,S"), Some("%:2,Sx")] {
        let world = World::new();
        let letter = Letter::from(BOB);
        killed_before_its_row(&world, &letter);
        if let Some(name) = name {
            read_by_somebody(&world, name);
        }
        world.deliver(letter.bytes()).is(0, 0, 1, 1);
        assert_eq!(rows(&world), 1, "{name:?}");
        world.deliver(letter.bytes()).is(0, 0, 1, 1);
        assert_eq!(rows(&world), 1, "{name:?}");
    }
}

#[test]
fn an_attempt_that_died_before_its_commit_costs_nothing() {
    let world = World::new();
    let letter = Letter::from(BOB);
    world.challenge(BOB);
    let name = file(&world).file_name().unwrap().to_owned();
    let world = World::new();
    // The mark of the dead attempt, which another one takes away when it has finished the work.
    fs::write(world.quarantine().join("tmp").join(name), "whole, and not durable").unwrap();
    world.deliver(letter.bytes()).is(0, 0, 1, 1);
    assert_eq!(rows(&world), 1);
}
