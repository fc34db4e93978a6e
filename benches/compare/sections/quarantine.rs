//! What a stranger's letter costs by how many are held, and by how many others write the same.

use std::path::{Path, PathBuf};

use super::size::point;
use crate::clock::{Contender, Runs};
use crate::common::home::Home;
use crate::common::letter::{Text, Writer};
use crate::growth::{Line, Panel};
use crate::page::{Page, Table, milliseconds, number};
use crate::stage::{Stage, shown};

/// Of each writer's letters the first is for the filling, two for the counts, the rest for the clock.
const COUNTED: usize = 3;
const PATHS: [(&str, Writer); 2] = [("held", Writer::Unproven), ("challenged", Writer::Stranger)];

pub fn held(stage: &Stage, page: &mut Page) {
    let sizes: &[usize] = stage.options.pick(&[0, 1_000, 10_000], &[0, 1_000, 10_000, 100_000]);
    let mut table = Table::new(
        "Messages that are held",
        "One more letter of 4,096 bytes into a mailbox that holds so many, in new/ and, after a mail reader opened the \
         folder, in cur/. Every second sender was asked, and the limits on challenges are lifted. × none: medians of the \
         ratios of rounds in turns with a mailbox that holds none at first.",
        &["", "held", "instructions", "system calls", "syncs", "ms", "× none", "CPU ms", "CPU × none"],
    );
    let mut lines = Vec::new();
    for build in stage.growing() {
        for size in sizes {
            let (few, home) = (stage.home(build), stage.home(build));
            few.ask_everybody();
            home.ask_everybody();
            // What the program itself writes is the model of what is filled in.
            home.deliver(&stage.letters(Writer::Unproven, Text::Own, 1).join("0"));
            stage.say(&format!("held: {}, {} are filled in", build.name, number(*size as u64)));
            home.fill_quarantine(*size);
            for (folder, first) in [("new/", 0), ("cur/", 1)] {
                if folder == "cur/" {
                    home.open_quarantine();
                }
                stage.say(&format!("held: {}, {} in {folder}", build.name, number(*size as u64)));
                let title = (*size as u64, format!("{}, {folder}", build.name));
                rows(stage, (&few, &home), &title, (Text::Own, first), (&mut table, &mut lines));
            }
        }
    }
    page.add(&table);
    page.draw(Panel { title: "Messages that are held".to_owned(), over: "held".to_owned(), lines });
}

pub fn flood(stage: &Stage, page: &mut Page) {
    let sizes: &[u64] = stage.options.pick(&[0, 100, 1_000, 10_000], &[0, 100, 1_000, 10_000, 50_000]);
    let mut table = Table::new(
        "A flood",
        "One more letter of 4,096 bytes when so many other senders wrote the same within the hour. From five on none of \
         them is asked. × none: medians of the ratios of rounds in turns with letters of other words to a mailbox without \
         a flood, where strangers are asked.",
        &["", "others", "instructions", "system calls", "syncs", "ms", "× none", "CPU ms", "CPU × none"],
    );
    let mut lines = Vec::new();
    for build in stage.growing() {
        for size in sizes {
            stage.say(&format!("flood: {}, {} others", build.name, number(*size)));
            let (few, home) = (stage.home(build), stage.home(build));
            few.ask_everybody();
            home.ask_everybody();
            if *size > 0 {
                // Only of those that the gate holds is it written down what they say.
                home.deliver(&stage.letters(Writer::Stranger, Text::Same, 1).join("0"));
                home.fill_flood(*size - 1);
            }
            rows(stage, (&few, &home), &(*size, build.name.clone()), (Text::Same, 0), (&mut table, &mut lines));
        }
    }
    page.add(&table);
    page.draw(Panel { title: "A flood".to_owned(), over: "other senders".to_owned(), lines });
}

/// Counts and times one more letter of each kind; `part` tells letters apart that go into the same mailbox.
fn rows(
    stage: &Stage,
    (few, home): (&Home, &Home),
    (size, title): &(u64, String),
    (text, part): (Text, usize),
    (table, lines): (&mut Table, &mut Vec<Line>),
) {
    let rounds = stage.options.pick(5, 15);
    let first = COUNTED + part * (rounds + COUNTED + 1);
    for (path, writer) in PATHS {
        let letters = stage.letters(writer, text, (first + rounds + 1) as u64);
        let counted = |number: usize| -> PathBuf { letters.join((first - number).to_string()) };
        let job = home.job(&["deliver"], 0);
        let name = format!("{title}: {path}");
        // Counted first: after the clock's runs nobody may be asked any more.
        let instructions = stage.instructions(&job, &counted(1));
        let calls = stage.calls(&job, &counted(2));
        if let Some(count) = instructions {
            point(lines, &name, (*size, count));
        }
        let others = stage.letters(writer, Text::Own, (first + rounds + 1) as u64);
        let [few_runs, runs] = timed(stage, (few, &others), (home, &letters), (first, rounds));
        table.row(vec![
            name,
            number(*size),
            shown(instructions),
            shown(calls.map(|calls| calls.all)),
            shown(calls.map(|calls| calls.syncs)),
            milliseconds(runs.median(|run| run.wall)),
            format!("{:.2}", runs.against(&few_runs, |run| run.wall)),
            milliseconds(runs.median(|run| run.cpu)),
            format!("{:.2}", runs.against(&few_runs, |run| run.cpu)),
        ]);
    }
}

/// One more letter to the mailbox that is nearly empty and to the other, in turns.
fn timed(stage: &Stage, few: (&Home, &Path), many: (&Home, &Path), (first, rounds): (usize, usize)) -> [Runs; 2] {
    let contenders = [few, many].map(|(home, letters)| Contender {
        name: String::new(),
        job: home.job(&["deliver"], 0),
        input: letters.to_owned(),
        sweep: None,
    });
    stage.clock.in_turns(&contenders, rounds, first).try_into().unwrap()
}
