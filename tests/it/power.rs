//! A power cut, at the moments that matter and at any other, on a disk that keeps what it has promised and no more.
//!
//! Each promise, for whatever database files there are and however they are written:
//!
//! 1. When `deliver` or `gate` answers 0, the message is on the disk: its bytes, and its name in `new/`.
//! 2. When sendmail is started, the held message, its row and the slot of its sender are on the disk: nobody is asked
//!    again after the power has come back. The same holds for `maintain`.
//! 3. When a message that is thrown away is answered with 0, it is in the trash on the disk; its row is, or `maintain` makes it.
//! 4. Before a message is moved that an answer releases, the list entry of its sender and the spent token are on the disk;
//!    when the answer is answered with 0, so is all that it brought about.
//! 5. When `allow`, `release`, `discard` or `undiscard` ends with 0, what it did is on the disk.
//! 6. At any other moment nothing is lost, torn, held twice or asked twice, when the mail system hands over again what was
//!    not answered and `maintain` runs.
//!
//! Needs strace. What reaches a disk that lies about its fsync, nobody can promise.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::chance::Chance;
use super::disk::Disk;
use super::mail_system::settle;
use super::scenario::{ALL, BOB, Course, Stage};
use super::strace::{Call, changes};
use super::world::{World, each};

/// A home as a power cut leaves it.
type Home = BTreeMap<PathBuf, Vec<u8>>;

/// What one undisturbed run did to the disk.
struct Recording {
    stage: Stage,
    calls: Vec<Call>,
    before: Disk,
    /// Where it ran: SQLite writes the whole path of a journal over several files into each of them.
    home: PathBuf,
    sendmail: String,
    code: Option<i32>,
}

/// A power cut: before which call of the recording, and what is left.
struct Cut<'a> {
    recording: &'a Recording,
    at: usize,
    left: Home,
    how: String,
}

impl Recording {
    #[track_caller]
    fn of(name: &str) -> Recording {
        let scenario = ALL.iter().find(|scenario| scenario.name == name).expect("a scenario of that name");
        let stage = Stage::of(scenario);
        let world = stage.world();
        let (outcome, calls) = changes(&world, scenario.command, stage.input());
        settle(&world);
        outcome.check("strace changes nothing", stage.is_taken(outcome.code));
        let recording = Recording {
            before: stage.disk(&world),
            home: world.home(),
            sendmail: world.sendmail().display().to_string(),
            code: outcome.code,
            stage,
            calls,
        };
        // The model has seen all that happened.
        assert!(recording.disk_at(recording.calls.len()).whole() == Disk::of(&world.home()).whole(), "{name}");
        recording
    }

    /// The disk before this call.
    fn disk_at(&self, at: usize) -> Disk {
        let mut disk = self.before.clone();
        self.calls[..at].iter().for_each(|call| disk.apply(call));
        disk
    }

    /// Whether this call starts sendmail.
    fn starts_sendmail(&self, call: &Call) -> bool {
        call.name == "execve" && call.result == Some(0) && call.text(0) == self.sendmail.as_bytes()
    }

    /// The moments at which sendmail is started.
    fn starts(&self) -> Vec<usize> {
        (0..self.calls.len()).filter(|at| self.starts_sendmail(&self.calls[*at])).collect()
    }

    /// The moment at which the program gives its answer.
    fn end(&self) -> usize {
        let own = self.calls[0].thread;
        self.calls.iter().position(|call| call.name == "exit_group" && call.thread == own).expect("an end")
    }

    /// Before these calls a message goes from the quarantine to the inbox.
    fn moves(&self) -> Vec<usize> {
        let is_move = |call: &Call| {
            let from = call.arguments.find("/.Held/new/");
            let to = call.arguments.rfind("/Maildir/new/");
            call.result.is_some()
                && ["rename", "link"].iter().any(|name| call.name.starts_with(name))
                && from < to
                && from.is_some()
        };
        (0..self.calls.len()).filter(|at| is_move(&self.calls[*at])).collect()
    }

    /// Whom sendmail was started for before this call, or at it.
    fn asked_until(&self, at: usize) -> Vec<String> {
        let starts = self.starts().into_iter().filter(|start| *start <= at);
        let last =
            |call: &Call| call.argument(1).trim_end_matches(']').rsplit_once('"').map(|(text, _)| text.to_owned());
        let to = |at: usize| last(&self.calls[at]).and_then(|text| text.rsplit_once('"').map(|(_, to)| to.to_owned()));
        starts.map(|at| to(at).expect("a recipient")).collect()
    }

    /// The certain cut before this call.
    fn cut(&self, at: usize, how: &str) -> Cut<'_> {
        Cut { recording: self, at, left: self.disk_at(at).safe(), how: how.to_owned() }
    }
}

impl Cut<'_> {
    fn world(&self) -> World {
        let world = self.recording.stage.world_with(&self.left);
        let folder = world.store_file().parent().expect("a folder").to_owned();
        for file in std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path()) {
            let bytes = std::fs::read(&file).expect("its bytes");
            std::fs::write(&file, with_home(bytes, &self.recording.home, &world.home())).expect("a new file");
        }
        world
    }

    fn title(&self, fault: &str) -> String {
        let call = &self.recording.calls[self.at];
        let arguments: String = call.arguments.chars().take(150).collect();
        format!(
            "{}, {}, before call {} {}({arguments}: {fault}",
            self.recording.stage.scenario.name, self.how, self.at, call.name
        )
    }

    /// What is wrong after the power has come back and all went on.
    fn faults(&self) -> Vec<String> {
        let Recording { stage, code, .. } = self.recording;
        let world = self.world();
        let asked_before = self.recording.asked_until(self.at);
        let before = Course { power_failed: true, asked_before, ..Course::default() };
        let answered = if self.at == self.recording.end() { *code } else { None };
        let course = stage.finish(&world, answered, before);
        stage.faults(&world, &course).iter().map(|fault| self.title(fault)).collect()
    }
}

/// A journal over several files of the store as if it had been written in another home, whose path is as long: the names
/// in it, and behind the name of the one in the others its length, the sum of its bytes, and a mark.
fn with_home(mut bytes: Vec<u8>, from: &Path, to: &Path) -> Vec<u8> {
    const MARK: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let (from, to) = (from.as_os_str().as_bytes(), to.as_os_str().as_bytes());
    assert_eq!(from.len(), to.len(), "scratch folders have names of one length");
    let mut at = 0;
    while let Some(next) = bytes[at..].windows(from.len()).position(|window| window == from) {
        at += next;
        bytes[at..at + to.len()].copy_from_slice(to);
        at += to.len();
        // The name ends here, if it is followed by its length.
        let Some(mark) = bytes[at..].windows(MARK.len()).position(|window| window == MARK).map(|mark| at + mark) else {
            continue;
        };
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let length = number(mark - 8) as usize;
        if mark - 8 == at - to.len() + length {
            let sum: u32 = bytes[mark - 8 - length..mark - 8].iter().map(|&byte| u32::from(byte)).sum();
            bytes[mark - 4..mark].copy_from_slice(&sum.to_be_bytes());
        }
    }
    bytes
}

/// Fails with everything that is wrong.
#[track_caller]
fn survive(cuts: Vec<Cut<'_>>) {
    let (all, wrong) = (cuts.len(), Mutex::new(Vec::new()));
    each(cuts, |cut| {
        let faults = cut.faults();
        faults.iter().for_each(|fault| println!("{fault}"));
        wrong.lock().unwrap().extend(faults);
    });
    let wrong = wrong.into_inner().unwrap();
    println!("{all} power cuts, {} things are wrong", wrong.len());
    assert!(wrong.is_empty(), "see above");
}

/// Cuts at every moment of a run that differs from the one before: the certain one, and so many that leave some of the
/// rest.
fn cuts<'a>(recording: &'a Recording, more: usize, chance: &mut Chance) -> Vec<Cut<'a>> {
    let mut cuts = Vec::new();
    let mut disk = recording.before.clone();
    let mut last: Option<(Home, usize)> = None;
    for at in 0..=recording.end() {
        let (left, changes) = (disk.safe(), disk.unsafe_changes());
        // What was answered, and whom sendmail was started for, make a difference too.
        let starts = at == recording.end() || recording.starts_sendmail(&recording.calls[at]);
        // Between two fsyncs the certain cut is always the same.
        if starts || last.as_ref().is_none_or(|(before, _)| *before != left) {
            cuts.push(Cut { recording, at, left: left.clone(), how: "what is safe".to_owned() });
        }
        let differs = starts || last.as_ref().is_none_or(|(before, number)| *before != left || *number != changes);
        for number in 0..if changes > 0 && differs { more } else { 0 } {
            cuts.push(Cut { recording, at, left: disk.left_by(chance), how: format!("chance {number}") });
        }
        last = Some((left, changes));
        disk.apply(&recording.calls[at]);
    }
    cuts
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn what_is_answered_is_on_the_disk() {
    let names = ALL.iter().map(|scenario| scenario.name);
    let recordings: Vec<Recording> = names.map(Recording::of).collect();
    survive(recordings.iter().map(|recording| recording.cut(recording.end(), "answered")).collect());
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn when_sendmail_is_started_row_and_slot_are_on_the_disk() {
    let recordings = ["deliver, asked", "gate, asked", "maintain"].map(Recording::of);
    let mut all = Vec::new();
    for recording in &recordings {
        let starts = recording.starts();
        assert!(!starts.is_empty(), "{}: sendmail is never started", recording.stage.scenario.name);
        all.extend(starts.into_iter().map(|at| recording.cut(at, "sendmail is started")));
    }
    survive(all);
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn before_an_answer_releases_its_sender_is_known_and_its_token_spent() {
    let recording = Recording::of("answer");
    let moves = recording.moves();
    assert_eq!(moves.len(), 2, "two messages are released");
    for at in moves {
        let cut = recording.cut(at, "a message is moved");
        let world = cut.world();
        assert_eq!(world.run(&["check", BOB], "").code, Some(0), "{}", cut.title("who answered is not on the list"));
        assert_eq!(world.run(&["forget", BOB], "").code, Some(0));
        // The same token in another letter.
        let text = String::from_utf8_lossy(recording.stage.input()).replace("answer@example.net", "again@example.net");
        world.deliver(text.replace("Yes, I wrote that.", "Yes, once more.").into_bytes());
        assert_eq!(world.run(&["check", BOB], "").code, Some(1), "{}", cut.title("the token was not spent"));
    }
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn at_some_moments() {
    let mut chance = Chance::seeded("power cuts");
    let recordings: Vec<Recording> = ALL.iter().map(|scenario| Recording::of(scenario.name)).collect();
    let all: Vec<Cut> = recordings.iter().flat_map(|recording| cuts(recording, 1, &mut chance)).collect();
    let of = chance.below(6);
    survive(all.into_iter().enumerate().filter(|(at, _)| at % 6 == of).map(|(_, cut)| cut).collect());
}

#[test]
#[ignore = "needs strace and many minutes; tests/run --long calls it"]
fn at_every_moment() {
    let mut chance = Chance::seeded("power cuts");
    let recordings: Vec<Recording> = ALL.iter().map(|scenario| Recording::of(scenario.name)).collect();
    survive(recordings.iter().flat_map(|recording| cuts(recording, 3, &mut chance)).collect());
}
