//! What all sections use: the programs, the scratch folder, the clock, and what is to be said meanwhile.

use std::fs;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::clock::{Clock, Contender};
use crate::common::count::missing_tools;
use crate::common::home::{Home, Job};
use crate::common::letter::{Letter, Text, Writer};
use crate::common::{c, count};
use crate::options::Options;
use crate::page::{Page, number};
use crate::peers::{Peer, Peers};

/// For the static build.
const STATIC: &str = "-C target-feature=+crt-static -C relocation-model=static";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// A build of ours.
#[derive(Clone, Debug)]
pub struct Build {
    pub name: String,
    pub program: PathBuf,
}

pub struct Stage {
    pub options: Options,
    pub scratch: tempfile::TempDir,
    pub clock: Clock,
    /// Ours, the plain build first.
    pub builds: Vec<Build>,
    pub peers: Peers,
    sendmail: PathBuf,
    counts: bool,
    homes: AtomicUsize,
    began: Instant,
}

impl Stage {
    /// Makes everything; what cannot be done without.
    pub fn prepare(options: Options, page: &mut Page) -> Result<Stage, String> {
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
        // Another user's programs must come through.
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let clock = Clock(c::build(scratch.path(), "clock", include_str!("clock.c"))?);
        let sendmail = c::build(scratch.path(), "sendmail", c::SENDMAIL)?;
        let missing = missing_tools();
        if !missing.is_empty() {
            page.leave_out(format!("all counts: not installed (Debian: {})", missing.join(", ")));
        }
        let peers = Peers::prepare(&scratch.path().join("peers"), page);
        let mut builds = vec![Build { name: "ours".to_owned(), program: env!("CARGO_BIN_EXE_countersign").into() }];
        if !options.without_static {
            match build_static() {
                Ok(program) => builds.push(Build { name: "ours, static".to_owned(), program }),
                Err(why) => page.leave_out(format!("the static build: {why}")),
            }
        }
        for (name, program) in &options.programs {
            if !program.is_file() {
                return Err(format!("there is no program {}", program.display()));
            }
            builds.push(Build { name: name.clone(), program: program.clone() });
        }
        let (homes, began) = (AtomicUsize::new(0), Instant::now());
        Ok(Stage { options, scratch, clock, builds, peers, sendmail, counts: missing.is_empty(), homes, began })
    }

    /// Those builds that are measured where it is growth that matters: all but the static one, which grows alike.
    pub fn growing(&self) -> impl Iterator<Item = &Build> {
        self.builds.iter().filter(|build| build.name != "ours, static")
    }

    /// What is done now, on a line of standard error that the next one takes, where somebody looks on.
    pub fn say(&self, what: &str) {
        if std::io::stderr().is_terminal() {
            let seconds = self.began.elapsed().as_secs();
            eprint!("\r\x1b[K{:02}:{:02} {what}", seconds / 60, seconds % 60);
            std::io::stderr().flush().unwrap();
        }
    }

    /// A fresh mailbox.
    pub fn home(&self, build: &Build) -> Home {
        let number = self.homes.fetch_add(1, Ordering::Relaxed);
        Home::make(&self.scratch.path().join(format!("home{number:04}")), &build.program, &self.sendmail)
    }

    /// A folder of letters, named by their numbers from 0 on.
    pub fn letters(&self, writer: Writer, text: Text, count: u64) -> PathBuf {
        let folder = self.scratch.path().join(format!("letters-{writer:?}-{text:?}"));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..count {
            let file = folder.join(number.to_string());
            if !file.exists() {
                let letter = Letter { text, ..Letter::from(writer, number) };
                fs::write(file, letter.to_bytes()).unwrap();
            }
        }
        folder
    }

    /// One letter of that size.
    pub fn letter(&self, text: Text, bytes: usize) -> PathBuf {
        let file = self.scratch.path().join(format!("letter-{text:?}-{bytes}"));
        if !file.exists() {
            let letter = Letter { text, bytes, ..Letter::from(Writer::Friend, 0) };
            fs::write(&file, letter.to_bytes()).unwrap();
        }
        file
    }

    /// The instructions of a run, if they can be counted here.
    pub fn instructions(&self, job: &Job, input: &Path) -> Option<u64> {
        self.counts.then(|| count::instructions(job, input))
    }

    /// The system calls of a run, if they can be counted here.
    pub fn calls(&self, job: &Job, input: &Path) -> Option<count::Calls> {
        self.counts.then(|| count::calls(job, input))
    }
}

impl Peer {
    /// As one that takes turns.
    pub fn contender(&self, input: &Path, sweep: bool) -> Contender {
        let sweep = self.into.clone().filter(|_| sweep);
        Contender { name: self.name.to_owned(), job: self.job.clone(), input: input.to_owned(), sweep }
    }
}

/// A count, or a dash where there is none.
pub fn shown(count: Option<u64>) -> String {
    count.map_or("–".to_owned(), number)
}

/// Builds ours without a dynamic loader, in a target folder of its own.
fn build_static() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("static");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--bin", "countersign", "--target", TRIPLE])
        .env("RUSTFLAGS", STATIC)
        .env("CARGO_TARGET_DIR", &folder)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned());
    }
    Ok(folder.join(TRIPLE).join("release/countersign"))
}
