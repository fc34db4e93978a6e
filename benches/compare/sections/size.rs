//! What a message costs by its size, from a known sender.

use std::fs;
use std::path::Path;

use crate::clock::{Contender, Run};
use crate::common::letter::Text;
use crate::growth::{Line, Panel};
use crate::page::{Page, Table, bytes, milliseconds};
use crate::stage::{Stage, shown};

/// From here on what was stored is deleted after each run.
const LARGE: usize = 1 << 20;
/// Up to here instructions are counted: under callgrind a program runs fifty times as long.
const COUNTED: usize = 10 << 20;

pub fn size(stage: &Stage, page: &mut Page) {
    let texts = [4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
    let mut attachments = vec![64 << 10, 1 << 20, 10 << 20];
    if !stage.options.quick {
        attachments.push(100 << 20);
    }
    if stage.options.huge {
        attachments.push(1 << 30);
    } else {
        page.leave_out("a message of 1 GB: only with --huge".to_owned());
    }
    let text = (Text::Own, "Size of a text", "text/plain of a known sender.", &texts[..]);
    let attachment = (
        Text::Attachment,
        "Size of an attachment",
        "1 KB of text and one attachment in base64. Above 10 MB instructions are not counted.",
        &attachments[..],
    );
    for (kind, title, note, sizes) in [text, attachment] {
        part(stage, page, (kind, title, note), sizes);
    }
}

fn part(stage: &Stage, page: &mut Page, (kind, title, note): (Text, &str, &str), sizes: &[usize]) {
    let mut table = Table::new(
        title,
        &format!("{note} × procmail: medians of the ratios of rounds in turns."),
        &["", "bytes", "instructions", "ms", "× procmail", "CPU ms", "CPU × procmail", "peak KB"],
    );
    let mut lines: Vec<Line> = Vec::new();
    for bytes_of in sizes {
        let input = stage.letter(kind, *bytes_of);
        let contenders = contenders(stage, &input, *bytes_of >= LARGE);
        let rounds = match *bytes_of {
            0..LARGE => stage.options.pick(7, 31),
            LARGE..=COUNTED => stage.options.pick(5, 11),
            _ => stage.options.pick(3, 5),
        };
        stage.say(&format!("{title}: {}, in turns", bytes(*bytes_of)));
        let runs = stage.clock.in_turns(&contenders, rounds, 0);
        let reference = contenders.iter().position(|contender| contender.name == "procmail");
        for (contender, runs_of) in contenders.iter().zip(&runs) {
            stage.say(&format!("{title}: {}, counts of {}", bytes(*bytes_of), contender.name));
            let counted = *bytes_of <= stage.options.pick(LARGE, COUNTED);
            let instructions = if counted { stage.instructions(&contender.job, &input) } else { None };
            if let Some(count) = instructions {
                point(&mut lines, &contender.name, (*bytes_of as u64, count));
            }
            let ratio = |of: fn(&Run) -> u64| {
                reference.map_or("–".to_owned(), |at| format!("{:.2}", runs_of.against(&runs[at], of)))
            };
            table.row(vec![
                contender.name.clone(),
                bytes(*bytes_of),
                shown(instructions),
                milliseconds(runs_of.median(|run| run.wall)),
                ratio(|run| run.wall),
                milliseconds(runs_of.median(|run| run.cpu)),
                ratio(|run| run.cpu),
                crate::page::number(runs_of.memory()),
            ]);
        }
        // A message of 1 GB need not lie there any longer.
        fs::remove_file(input).unwrap();
    }
    page.add(&table);
    page.draw(Panel { title: title.to_owned(), over: "bytes".to_owned(), lines });
}

fn contenders(stage: &Stage, input: &Path, sweep: bool) -> Vec<Contender> {
    let peers = stage.peers.0.iter().filter(|peer| !peer.name.starts_with("empty"));
    let mut contenders: Vec<Contender> = peers.map(|peer| peer.contender(input, sweep)).collect();
    for build in &stage.builds {
        let home = stage.home(build);
        for (command, code) in [("gate", 99), ("deliver", 0)] {
            contenders.push(Contender {
                name: format!("{}: {command}", build.name),
                job: home.job(&[command], code),
                input: input.to_owned(),
                sweep: (sweep && command == "deliver").then(|| home.inbox().join("new")),
            });
        }
    }
    contenders
}

/// Adds a point to the line of that name.
pub fn point(lines: &mut Vec<Line>, name: &str, point: (u64, u64)) {
    match lines.iter_mut().find(|line| line.name == name) {
        Some(line) => line.points.push(point),
        None => lines.push(Line { name: name.to_owned(), points: vec![point] }),
    }
}
