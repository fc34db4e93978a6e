//! What one letter of 4 KB costs.

use std::path::PathBuf;

use crate::clock::{Contender, Run};
use crate::common::home::Home;
use crate::common::letter::{BYTES, Text, Writer};
use crate::page::{Page, Table, milliseconds, number};
use crate::stage::{Build, Stage, shown};

/// The entries of the list.
const ENTRIES: u64 = 1_000;
/// What procmail is called here.
const REFERENCE: &str = "procmail";
const EMPTY: &str = "empty Rust program";

/// A contender, and the run of it that is counted.
struct Row {
    timed: Contender,
    counted: Contender,
}

pub fn letter(stage: &Stage, page: &mut Page) {
    let rounds = stage.options.pick(15, 150);
    let friend = stage.letter(Text::Own, BYTES);
    let mut rows: Vec<Row> = Vec::new();
    for peer in &stage.peers.0 {
        let contender = peer.contender(&friend, false);
        rows.push(Row { timed: contender.clone(), counted: contender });
    }
    let mut homes = Vec::new();
    for build in &stage.builds {
        let (timed, counted) = (mailbox(stage, build), mailbox(stage, build));
        timed.ask_everybody();
        rows.extend(ours(stage, build, &timed, &counted, rounds));
        homes.push((timed, counted));
    }
    stage.say("one letter: in turns");
    // The letters of the first two numbers are counted.
    let contenders: Vec<Contender> = rows.iter().map(|row| row.timed.clone()).collect();
    let runs = stage.clock.in_turns(&contenders, rounds, 2);
    let position = |name: &str| contenders.iter().position(|contender| contender.name == name);
    let (reference, empty) = (position(REFERENCE), position(EMPTY));
    let mut table = Table::new(
        "One letter",
        &format!(
            "4,096 bytes, {} entries on the list. Medians of {rounds} rounds in turns; × is the median of the ratios of \
             one round. The limits on challenges are lifted for the clock and not for the counts.",
            number(ENTRIES)
        ),
        &[
            "",
            "instructions",
            "system calls",
            "syncs",
            "ms",
            "× procmail",
            "× empty",
            "CPU ms",
            "CPU × procmail",
            "peak KB",
        ],
    );
    for (row, runs_of) in rows.iter().zip(&runs) {
        stage.say(&format!("one letter: counts of {}", row.timed.name));
        let input = |which: &str| numbered(&row.counted.input, which);
        let instructions = stage.instructions(&row.counted.job, &input("0"));
        let calls = stage.calls(&row.counted.job, &input("1"));
        let ratio = |other: Option<usize>, of: fn(&Run) -> u64| {
            other.map_or("–".to_owned(), |at| format!("{:.2}", runs_of.against(&runs[at], of)))
        };
        table.row(vec![
            row.timed.name.clone(),
            shown(instructions),
            shown(calls.map(|calls| calls.all)),
            shown(calls.map(|calls| calls.syncs)),
            milliseconds(runs_of.median(|run| run.wall)),
            ratio(reference, |run| run.wall),
            ratio(empty, |run| run.wall),
            milliseconds(runs_of.median(|run| run.cpu)),
            ratio(reference, |run| run.cpu),
            number(runs_of.memory()),
        ]);
    }
    page.add(&table);
    check(&homes, rounds);
}

fn mailbox(stage: &Stage, build: &Build) -> Home {
    let home = stage.home(build);
    home.fill_list(ENTRIES);
    home
}

fn ours(stage: &Stage, build: &Build, timed: &Home, counted: &Home, rounds: usize) -> Vec<Row> {
    let paths = [
        ("known, gate", "gate", Writer::Friend, 99),
        ("known, deliver", "deliver", Writer::Friend, 0),
        ("held without a word", "deliver", Writer::Unproven, 0),
        ("held and challenged", "deliver", Writer::Stranger, 0),
    ];
    let row = |(path, command, writer, code): (&str, &str, Writer, i32)| {
        let input = stage.letters(writer, Text::Own, rounds as u64 + 3);
        let name = format!("{}: {path}", build.name);
        let contender = |home: &Home| Contender {
            name: name.clone(),
            job: home.job(&[command], code),
            input: input.clone(),
            sweep: None,
        };
        Row { timed: contender(timed), counted: contender(counted) }
    };
    paths.into_iter().map(row).collect()
}

/// Whether every message went where it belongs: one round more than is counted, twice held a round.
fn check(homes: &[(Home, Home)], rounds: usize) {
    for (timed, counted) in homes {
        assert_eq!((timed.delivered(), timed.held()), (rounds + 1, 2 * (rounds + 1)));
        assert!(counted.held() == 4 || counted.held() == 0, "{}", counted.held());
    }
}

/// The message of that number, where there are several.
pub fn numbered(input: &std::path::Path, number: &str) -> PathBuf {
    if input.is_dir() { input.join(number) } else { input.to_owned() }
}
