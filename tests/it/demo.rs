//! The newcomer's first minute, as a newcomer sees it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::world::{PROGRAM, World};

/// The demo in a folder of its own for scratch folders, under a home that must stay as it is.
fn demo(world: &World, temporary: &Path) -> Output {
    let mut command = world.command(PROGRAM);
    command.arg("demo").env("TMPDIR", temporary).env("TZ", "UTC").output().unwrap()
}

#[test]
fn it_plays_the_whole_conversation_and_leaves_nothing() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    // Blanks in a path are common on other people's machines.
    let temporary = folder.path().join("temporary files");
    fs::create_dir(&temporary).unwrap();
    let began = Instant::now();
    let ran = demo(&world, &temporary);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(ran.stderr.is_empty());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "something is left");
    let after = world.state();
    assert!(after.inbox.is_empty() && after.held.is_empty() && after.sent.is_empty());
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // The digest is as it is elsewhere, and not wrapped once more.
    assert!(text.contains("\n   | 4 new messages are held. Times are in UTC.\n   |\n   | A known name, "), "{text}");
    assert!(text.contains("\n   | Drop it: countersign discard ID  All of its sender: release --allow ID\n"), "{text}");
    for told in ["asked once", "Auto: please reply", "A forger", "mailing list", "makes up", "Reply", "none is lost"] {
        assert!(text.contains(told), "{told:?} is not told");
    }
    assert_eq!(text.matches("$ countersign ").count(), 10);
    assert_eq!(text.matches("exit code 0").count(), 10);
}

#[test]
fn where_no_scratch_folder_can_be_made_it_says_so() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let ran = demo(&world, &folder.path().join("nothing"));
    assert_eq!(ran.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("TMPDIR"));
}

#[test]
fn it_leaves_nothing_either_when_it_is_interrupted() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let mut child = world.command(PROGRAM).arg("demo").env("TMPDIR", folder.path()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    // Its first words come when the scratch folder is there.
    output.read_exact(&mut [0; 10]).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(75), "{rest}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something is left");
}
