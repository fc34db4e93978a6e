//! What a known sender's letter costs by the length of the list.

use std::path::Path;
use std::time::Instant;

use super::size::point;
use crate::clock::Contender;
use crate::common::home::Home;
use crate::common::letter::{BYTES, Text};
use crate::growth::{Line, Panel};
use crate::page::{Page, Table, milliseconds, number};
use crate::stage::{Build, Stage, shown};

pub fn list(stage: &Stage, page: &mut Page) {
    let mut lengths = vec![10, 1_000, 100_000];
    if !stage.options.quick {
        lengths.push(1_000_000);
    }
    if stage.options.huge {
        lengths.push(10_000_000);
    } else {
        page.leave_out("a list of 10,000,000 entries: only with --huge".to_owned());
    }
    let input = stage.letter(Text::Own, BYTES);
    let mut table = Table::new(
        "Length of the list",
        "A known sender's letter of 4,096 bytes. × 10 entries: medians of the ratios of rounds in turns with the mailbox \
         that has ten.",
        &["", "entries", "instructions", "system calls", "ms", "× 10 entries", "store bytes", "bytes an entry"],
    );
    let mut lines = Vec::new();
    for build in stage.growing() {
        let few = stage.home(build);
        few.fill_list(lengths[0]);
        for entries in &lengths {
            rows(stage, build, (*entries, &few), &input, (&mut table, &mut lines));
        }
    }
    page.add(&table);
    page.draw(Panel { title: "Length of the list".to_owned(), over: "entries".to_owned(), lines });
}

fn rows(
    stage: &Stage,
    build: &Build,
    (entries, few): (u64, &Home),
    input: &Path,
    (table, lines): (&mut Table, &mut Vec<Line>),
) {
    stage.say(&format!("list: {}, {} entries", build.name, number(entries)));
    let (began, home) = (Instant::now(), stage.home(build));
    home.fill_list(entries);
    stage.say(&format!("list: {}, {} entries were filled in {:?}", build.name, number(entries), began.elapsed()));
    let bytes = home.store_bytes();
    for (command, code) in [("gate", 99), ("deliver", 0)] {
        let name = format!("{}: {command}", build.name);
        let contender = |home: &Home| Contender {
            name: name.clone(),
            job: home.job(&[command], code),
            input: input.to_owned(),
            sweep: None,
        };
        let contenders = [contender(few), contender(&home)];
        let runs = stage.clock.in_turns(&contenders, stage.options.pick(9, 31), 0);
        let instructions = stage.instructions(&contenders[1].job, input);
        if let Some(count) = instructions {
            point(lines, &name, (entries, count));
        }
        table.row(vec![
            name.clone(),
            number(entries),
            shown(instructions),
            shown(stage.calls(&contenders[1].job, input).map(|calls| calls.all)),
            milliseconds(runs[1].median(|run| run.wall)),
            format!("{:.2}", runs[1].against(&runs[0], |run| run.wall)),
            number(bytes),
            format!("{:.1}", bytes as f64 / entries as f64),
        ]);
    }
}
