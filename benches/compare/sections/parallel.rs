//! What happens when many messages come at once, all to one mailbox.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Runs;
use crate::common::home::{Home, Job};
use crate::common::letter::{Text, Writer};
use crate::page::{Page, Table, milliseconds, number};
use crate::stage::Stage;

const AT_ONCE: [usize; 4] = [1, 4, 16, 64];
/// Writers of strangers' mail beside which known mail is timed.
const BESIDE: usize = 8;

pub fn parallel(stage: &Stage, page: &mut Page) {
    let count = stage.options.pick(128, 512);
    let mut table = Table::new(
        "Many at once",
        &format!(
            "{count} letters of 4,096 bytes to one mailbox, so many at once: messages a second, and the time within which \
             half of them and 99 of 100 were done, in ms; and how many ended with 75, to be tried later. The limits on \
             challenges are lifted."
        ),
        &["", "at once", "a second", "half", "99 of 100", "later"],
    );
    let friend = stage.letter(Text::Own, 4_096);
    for at_once in AT_ONCE {
        for name in ["procmail", "maildrop"] {
            if let Some(peer) = stage.peers.get(name) {
                row(stage, &mut table, name, (&peer.job, &friend), (count, at_once));
            }
        }
        for build in &stage.builds {
            let home = stage.home(build);
            home.ask_everybody();
            let mut done = [0; 3];
            for ((path, job, input), done) in paths(stage, &home, &friend, count).into_iter().zip(&mut done) {
                let name = format!("{}: {path}", build.name);
                *done = count - row(stage, &mut table, &name, (&job, &input), (count, at_once));
            }
            assert_eq!((home.delivered(), home.held()), (done[0], done[1] + done[2]), "{at_once} at once");
        }
    }
    page.add(&table);
    beside(stage, page, &friend);
}

fn paths(stage: &Stage, home: &Home, friend: &Path, count: usize) -> [(&'static str, Job, PathBuf); 3] {
    let letters = |writer| stage.letters(writer, Text::Own, count as u64);
    [
        ("known, deliver", home.job(&["deliver"], 0), friend.to_owned()),
        ("held", home.job(&["deliver"], 0), letters(Writer::Unproven)),
        ("challenged", home.job(&["deliver"], 0), letters(Writer::Stranger)),
    ]
}

/// Measures one path; how many said "later".
fn row(
    stage: &Stage,
    table: &mut Table,
    name: &str,
    (job, input): (&Job, &Path),
    (count, at_once): (usize, usize),
) -> usize {
    stage.say(&format!("many at once: {name}, {at_once}"));
    let began = Instant::now();
    let runs = stage.clock.many(job, input, 0, count, at_once);
    table.row(cells(name, at_once, &runs, began.elapsed()));
    runs.later()
}

fn cells(name: &str, at_once: usize, runs: &Runs, took: Duration) -> Vec<String> {
    vec![
        name.to_owned(),
        at_once.to_string(),
        number((runs.0.len() as f64 / took.as_secs_f64()).round() as u64),
        milliseconds(runs.part(0.5, |run| run.wall)),
        milliseconds(runs.part(0.99, |run| run.wall)),
        runs.later().to_string(),
    ]
}

/// Known mail through `gate`, alone and beside strangers' mail to the same mailbox.
fn beside(stage: &Stage, page: &mut Page, friend: &Path) {
    let mut table = Table::new(
        "Known mail beside strangers'",
        &format!(
            "`gate` of a known sender's letter, {BESIDE} at once, alone and while {BESIDE} at once are delivered to the \
             same mailbox whose senders are asked."
        ),
        &["", "at once", "a second", "half", "99 of 100", "later"],
    );
    let count = stage.options.pick(256, 960);
    let strangers = stage.letters(Writer::Stranger, Text::Own, count as u64);
    for build in &stage.builds {
        let home = stage.home(build);
        home.ask_everybody();
        let (gate, deliver) = (home.job(&["gate"], 99), home.job(&["deliver"], 0));
        let known = |name: &str, count: usize| {
            stage.say(&format!("beside strangers: {name}"));
            let began = Instant::now();
            let runs = stage.clock.many(&gate, friend, 0, count, BESIDE);
            (runs, began.elapsed())
        };
        let name = format!("{}: alone", build.name);
        let (runs, took) = known(&name, count);
        table.row(cells(&name, BESIDE, &runs, took));
        let name = format!("{}: beside {BESIDE}", build.name);
        let (runs, took, writers_had_ended) = thread::scope(|scope| {
            let writers = scope.spawn(|| stage.clock.many(&deliver, &strangers, 0, count, BESIDE));
            // Known mail takes a part of the time: the writers are at work until it is done.
            let (runs, took) = known(&name, count / 2);
            let ended = writers.is_finished();
            writers.join().unwrap();
            (runs, took, ended)
        });
        if writers_had_ended {
            page.leave_out(format!("{name}: the strangers' mail was done first"));
            continue;
        }
        table.row(cells(&name, BESIDE, &runs, took));
    }
    page.add(&table);
}
