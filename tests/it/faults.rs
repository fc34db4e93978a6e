//! A failure, and a kill, at the calls of the system that one run makes.
//!
//! Promises, whatever call fails and wherever the process dies, when the message is handed over again until it is taken
//! and `maintain` has run: nothing is lost, nothing is torn, what is held is held once, nobody is asked twice, and the
//! program ends with 0, 75 or, from `gate`, 99. The commands for people have 1 and 78 beside.
//!
//! Needs strace. The calls before the program itself begins, those of the loader and of Rust's own start, are left out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::mail_system::settle;
use super::scenario::{ALL, Course, Stage};
use super::strace::{Call, Fault, calls, disturbed};
use super::world::each;

/// Calls on which durability rests, with the failures that they are given. `openat` only where it may make or change a file.
const DURABLE: &[(&str, &[&str])] = &[
    ("write", &["ENOSPC", "EINTR", "EIO"]),
    ("pwrite64", &["ENOSPC", "EINTR", "EIO"]),
    ("writev", &["ENOSPC", "EINTR", "EIO"]),
    ("openat", &["ENOSPC", "EMFILE", "EIO"]),
    ("fsync", &["EIO", "EINTR"]),
    ("fdatasync", &["EIO", "EINTR"]),
    ("link", &["EIO", "EPERM"]),
    ("linkat", &["EIO", "EPERM"]),
    ("rename", &["EIO"]),
    ("renameat", &["EIO"]),
    ("renameat2", &["EIO", "EINVAL"]),
    ("unlink", &["EIO"]),
    ("unlinkat", &["EIO"]),
    ("mkdir", &["ENOSPC"]),
    ("ftruncate", &["EIO"]),
    ("close", &["EIO", "EINTR"]),
    ("clone", &["EAGAIN"]),
    ("clone3", &["EAGAIN"]),
    ("vfork", &["EAGAIN"]),
];

/// The others that can fail on a machine in trouble.
const OTHERS: &[(&str, &[&str])] = &[
    ("read", &["EIO", "EINTR"]),
    ("pread64", &["EIO", "EINTR"]),
    ("lseek", &["EIO"]),
    ("fcntl", &["ENOLCK", "EIO"]),
    ("newfstatat", &["EIO"]),
    ("fstat", &["EIO"]),
    ("statx", &["EIO"]),
    ("access", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("fchown", &["EPERM"]),
    ("fchmod", &["EPERM"]),
    ("pipe2", &["EMFILE"]),
    ("ioctl", &["EIO"]),
    ("ppoll", &["EINTR"]),
    ("poll", &["EINTR"]),
    ("wait4", &["EINTR", "ECHILD"]),
    ("getrandom", &["EINTR"]),
    ("socket", &["EMFILE"]),
    ("connect", &["ECONNREFUSED"]),
    ("sendto", &["ECONNREFUSED", "EINTR"]),
    ("copy_file_range", &["EIO"]),
];

/// How the closing of a folder is called here: it only gets a kill.
const CLOSE_FOLDER: &str = "close folder";

/// One disturbance.
struct Case<'a> {
    stage: &'a Stage,
    name: String,
    nth: usize,
    fault: Fault,
}

/// The calls of a run of its own, each with its place among those of its name.
fn own_calls(stage: &Stage) -> Vec<(Call, usize)> {
    let world = stage.world();
    let (outcome, calls) = calls(&world, stage.scenario.command, stage.input());
    settle(&world);
    outcome.check("strace changes nothing", stage.is_taken(outcome.code));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut numbered = Vec::new();
    for call in calls {
        let nth = seen.entry(call.name.clone()).or_default();
        *nth += 1;
        let nth = *nth;
        // Linux never fails to close a folder, and Rust's own library panics if it does.
        let name = if call.name == "close" && Path::new(call.path(0)).is_dir() { CLOSE_FOLDER } else { &call.name };
        numbered.push((Call { name: name.to_owned(), ..call }, nth));
    }
    // The first signal that is answered, or else what comes first in every command.
    let is_start = |call: &Call| call.name == "rt_sigaction" && call.arguments.starts_with("SIGALRM");
    let start = numbered.iter().position(|(call, _)| is_start(call));
    let start = start.or_else(|| numbered.iter().position(|(call, _)| call.name == "umask"));
    numbered.drain(..start.expect("the program begins"));
    numbered
}

fn is_durable(call: &Call) -> bool {
    let changes = call.arguments.contains("O_CREAT") || call.arguments.contains("O_RDWR");
    DURABLE.iter().any(|(name, _)| *name == call.name) && (call.name != "openat" || changes)
}

/// A kill and one failure at every call that matters for durability.
fn cases_that_matter(stage: &Stage) -> Vec<Case<'_>> {
    let calls = own_calls(stage).into_iter().filter(|(call, _)| is_durable(call));
    let case = |name: &str, nth, fault| Case { stage, name: name.to_owned(), nth, fault };
    let both = |(call, nth): (Call, usize)| {
        let failure = DURABLE.iter().find(|(name, _)| *name == call.name).unwrap().1[0];
        [case(&call.name, nth, Fault::Kill), case(&call.name, nth, Fault::Error(failure))]
    };
    calls.flat_map(both).collect()
}

/// A kill at every call, and every failure that fits it.
fn all_cases(stage: &Stage) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (call, nth) in own_calls(stage) {
        let known = DURABLE.iter().chain(OTHERS).find(|(name, _)| *name == call.name);
        let failures = known.map_or(&[][..], |(_, failures)| failures).iter().map(|name| Fault::Error(name));
        cases.extend(std::iter::once(Fault::Kill).chain(failures).map(|fault| Case {
            stage,
            name: call.name.clone(),
            nth,
            fault,
        }));
    }
    cases
}

/// What is wrong after one disturbance, and whether it happened: a run may wait once less for its sendmail.
fn faults_of(case: &Case<'_>) -> (Vec<String>, bool) {
    let Case { stage, name, nth, fault } = case;
    let world = stage.world();
    let call = name.split(' ').next().unwrap_or_default();
    let (outcome, happened) = disturbed(&world, stage.scenario.command, stage.input(), (call, *nth, *fault));
    let mut faults = Vec::new();
    let killed = happened && *fault == Fault::Kill;
    if !(killed || stage.may_end(outcome.code)) {
        faults.push(format!("it ended with {:?}, signal {:?}", outcome.code, outcome.signal));
    }
    let course = stage.finish(&world, outcome.code, Course::default());
    faults.extend(stage.faults(&world, &course));
    let title = format!("{}, {fault:?} at {name} {nth}", stage.scenario.name);
    (faults.iter().map(|fault| format!("{title}: {fault}")).collect(), happened)
}

/// Disturbs all of them, and says how many.
#[track_caller]
fn disturb(cases: Vec<Case<'_>>) {
    let all = cases.len();
    println!("{all} disturbances");
    let (happened, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    each(cases, |case| {
        let (faults, did) = faults_of(&case);
        happened.fetch_add(usize::from(did), Ordering::Relaxed);
        faults.iter().for_each(|fault| println!("{fault}"));
        wrong.lock().unwrap().extend(faults);
    });
    let (happened, wrong) = (happened.into_inner(), wrong.into_inner().unwrap());
    println!("{happened} of {all} disturbances happened, {} things are wrong", wrong.len());
    assert!(happened * 10 >= all * 9, "only {happened} of {all} happened");
    assert!(wrong.is_empty(), "see above");
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn at_calls_that_matter() {
    let stages: Vec<Stage> = ALL.iter().map(Stage::of).collect();
    let cases = stages.iter().flat_map(cases_that_matter).enumerate();
    // Each third one, a kill and a failure by turns.
    disturb(cases.filter(|(at, _)| at % 3 == 0).map(|(_, case)| case).collect());
}

#[test]
#[ignore = "needs strace and many minutes; tests/run --long calls it"]
fn at_every_call() {
    let stages: Vec<Stage> = ALL.iter().map(Stage::of).collect();
    disturb(stages.iter().flat_map(all_cases).collect());
}
