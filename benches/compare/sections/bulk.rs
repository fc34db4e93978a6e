//! What the commands cost that read much: `replay`, and what a person or cron calls when many messages are held.

use std::fs;
use std::path::PathBuf;

use countersign::policy::token::HeldId;

use crate::clock::Contender;
use crate::common::fill::FIRST_HELD;
use crate::common::home::Home;
use crate::common::letter::{BYTES, Letter, Text, Writer};
use crate::page::{Page, Table, milliseconds, number};
use crate::peers::mbox_of;
use crate::stage::Stage;

pub fn replay(stage: &Stage, page: &mut Page) {
    let mut table = Table::new(
        "replay",
        "An mbox of letters of 4,096 bytes by proven strangers: of different words, one every ten minutes; and all of the \
         same words within an hour. A core: by the processor time of all threads.",
        &["", "letters", "seconds", "a second", "a second and core", "peak KB"],
    );
    let counts = stage.options.pick([4_000, 1_000], [20_000, 20_000]);
    for build in stage.growing() {
        for (kind, text, count) in [("different", Text::Own, counts[0]), ("similar", Text::Same, counts[1])] {
            stage.say(&format!("replay: {}, {kind}", build.name));
            let mbox = stage.scratch.path().join(format!("{kind}.mbox"));
            let letters = (0..count).map(|number| Letter { writer: Writer::Stranger, number, text, bytes: BYTES });
            fs::write(&mbox, mbox_of(letters)).unwrap();
            let home = stage.home(build);
            let job = home.job(&["replay", mbox.to_str().unwrap()], 0);
            let run = stage.clock.one(&job, &nothing(), 0);
            let a_second = |microseconds: u64| number((count as f64 * 1e6 / microseconds as f64).round() as u64);
            table.row(vec![
                format!("{}: {kind}", build.name),
                number(count),
                format!("{:.2}", run.wall as f64 / 1e6),
                a_second(run.wall),
                a_second(run.cpu),
                number(run.memory),
            ]);
            fs::remove_file(mbox).unwrap();
        }
    }
    page.add(&table);
}

pub fn commands(stage: &Stage, page: &mut Page) {
    let held = stage.options.pick(10_000, 100_000);
    let mut table = Table::new(
        "Commands",
        &format!(
            "{} held messages of 4,096 bytes. Of those commands that read or write all of them one run, of the others the \
             median of five, each of another message.",
            number(held as u64)
        ),
        &["", "files in", "ms", "CPU ms", "peak KB"],
    );
    for build in stage.growing() {
        let home = stage.home(build);
        home.deliver(&stage.letters(Writer::Unproven, Text::Own, 1).join("0"));
        stage.say(&format!("commands: {}, {} are filled in", build.name, number(held as u64)));
        home.fill_quarantine(held);
        for (folder, first) in [("new/", 0), ("cur/", 100)] {
            if folder == "cur/" {
                home.open_quarantine();
            }
            for (arguments, code) in COMMANDS {
                stage.say(&format!("commands: {}, {arguments} in {folder}", build.name));
                let cells = timed(stage, &home, (arguments, code), first);
                table.row([vec![format!("{}: {arguments}", build.name), folder.to_owned()], cells].concat());
            }
        }
        many_allowed(stage, &home, &build.name, &mut table);
    }
    page.add(&table);
}

/// The commands and their exit codes; `doctor` has something to say about a mail system that is not there.
const COMMANDS: [(&str, i32); 9] = [
    ("show ID", 0),
    ("why ID", 0),
    ("release ID", 0),
    ("discard --yes ID", 0),
    ("held ID", 0),
    ("held", 0),
    ("digest --stdout", 0),
    ("maintain", 0),
    ("doctor", 0),
];

/// Wall, processor time and peak memory of one command.
fn timed(stage: &Stage, home: &Home, (arguments, code): (&str, i32), first: i64) -> Vec<String> {
    let rounds = if arguments.ends_with("ID") { 5 } else { 1 };
    let contenders: Vec<Contender> = (0..rounds)
        .map(|round| {
            let id =
                HeldId::from_random((FIRST_HELD + 10 + first + next(arguments) + round).unsigned_abs()).to_string();
            let words: Vec<&str> = arguments.split(' ').map(|word| if word == "ID" { &id } else { word }).collect();
            Contender { name: String::new(), job: home.job(&words, code), input: nothing(), sweep: None }
        })
        .collect();
    let mut runs = crate::clock::Runs(Vec::new());
    for contender in contenders {
        runs.0.push(stage.clock.one(&contender.job, &contender.input, 0));
    }
    vec![milliseconds(runs.median(|run| run.wall)), milliseconds(runs.median(|run| run.cpu)), number(runs.memory())]
}

/// Each command takes messages of its own: what is released cannot be discarded.
fn next(arguments: &str) -> i64 {
    COMMANDS.iter().position(|(known, _)| *known == arguments).map_or(0, |at| 10 * at as i64)
}

/// `allow` of a thousand addresses at once.
fn many_allowed(stage: &Stage, home: &Home, build: &str, table: &mut Table) {
    let addresses: Vec<String> = (0..1_000).map(|number| format!("pen-friend{number}@example.net")).collect();
    let mut words = vec!["allow"];
    words.extend(addresses.iter().map(String::as_str));
    let run = stage.clock.one(&home.job(&words, 0), &nothing(), 0);
    table.row(vec![
        format!("{build}: allow of 1,000 addresses"),
        "–".to_owned(),
        milliseconds(run.wall),
        milliseconds(run.cpu),
        number(run.memory),
    ]);
}

fn nothing() -> PathBuf {
    PathBuf::from("/dev/null")
}
