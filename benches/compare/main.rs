//! Measures ours beside procmail, maildrop, dovecot-lda, bogofilter, a copy with fsync and an empty program, and writes
//! the page `docs/speed.md` with its graph.
//!
//! ```text
//! cargo bench --bench compare -- --quick                   small sizes, few rounds
//! cargo bench --bench compare -- --out docs/speed.md       all sizes but those that take --huge
//! cargo bench --bench compare -- --program before=PATH     another build of ours beside this one
//! ```
//!
//! Needs rustc and a C compiler; valgrind and strace for the counts. Of the programs beside ours those are measured that
//! are installed; the page and standard error say which are not. Writes below target/ and to the page, and installs
//! nothing. Messages are given to files and to a stand-in for sendmail: nothing leaves the machine.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod growth;
mod machine;
mod options;
mod page;
mod peers;
mod sections;
mod stage;

use std::fs;
use std::process::ExitCode;

use options::{Options, USAGE};
use page::Page;
use stage::Stage;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    let mut page = Page::default();
    let stage = match Stage::prepare(options, &mut page) {
        Ok(stage) => stage,
        Err(missing) => {
            eprintln!("{missing}");
            return ExitCode::from(77);
        }
    };
    let machine = machine::describe(stage.scratch.path(), &peers::packages());
    let (out, graph) = (&stage.options.out, stage.options.out.with_extension("svg"));
    // After each section, so that a run that is ended early has not been for nothing.
    let write = |page: &Page| {
        fs::write(&graph, growth::svg(page.panels())).unwrap();
        fs::write(out, page.text(&machine, graph.file_name().unwrap().to_str().unwrap())).unwrap();
    };
    sections::all(&stage, &mut page, write);
    stage.say("");
    eprintln!("{} and {} are written", out.display(), graph.display());
    ExitCode::SUCCESS
}
