//! What the command line asks for.

use std::path::PathBuf;

/// How `compare` is called.
pub const USAGE: &str = "\
cargo bench --bench compare -- [OPTIONS]
  --quick               smaller lists, quarantines, floods and messages, and fewer rounds
  --huge                also a message of 1 GB and a list of 10,000,000 entries
  --program NAME=PATH   also measures this build of ours; may be given again
  --no-static           leaves out the static build
  --only SECTION        one section; may be given again: letter size list held flood parallel replay commands
  --out FILE            where the page goes, the graph beside it; otherwise below target/";

/// The sections in the order of the page.
pub const SECTIONS: [&str; 8] = ["letter", "size", "list", "held", "flood", "parallel", "replay", "commands"];

#[derive(Debug)]
pub struct Options {
    pub quick: bool,
    pub huge: bool,
    pub without_static: bool,
    /// Other builds of ours: what the page calls them, and where they are.
    pub programs: Vec<(String, PathBuf)>,
    pub only: Vec<String>,
    pub out: PathBuf,
}

impl Options {
    /// Reads the command line; what is wrong with it.
    pub fn read(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("speed.md");
        let mut options =
            Options { quick: false, huge: false, without_static: false, programs: Vec::new(), only: Vec::new(), out };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                // What cargo gives to every bench.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--huge" => options.huge = true,
                "--no-static" => options.without_static = true,
                "--out" => options.out = value()?.into(),
                "--only" => options.only.push(value()?),
                "--program" => {
                    let value = value()?;
                    let (name, path) = value.split_once('=').ok_or("--program takes NAME=PATH")?;
                    options.programs.push((name.to_owned(), path.into()));
                }
                other => return Err(format!("{other} is no option")),
            }
        }
        match options.only.iter().find(|section| !SECTIONS.contains(&section.as_str())) {
            Some(section) => Err(format!("{section} is no section")),
            None => Ok(options),
        }
    }

    pub fn wants(&self, section: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == section)
    }

    /// One of two sizes of the same thing.
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }
}
