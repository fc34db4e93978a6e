//! Counts what one message costs: the instructions of the whole process, its system calls and its syncs, for a known
//! sender, for a stranger who is held without a word and for one who is asked; and what own eyes add, for the known sender
//! and for a stranger whose domain signs (RSA of 2048 bits) and whom no trusted mail server has proven.
//!
//! Counts, not seconds: they are the same on every run, whatever else the machine does. The letter has 4,096 bytes, and
//! the configuration is the one that `init` writes. Instructions are given as multiples of an empty Rust program's,
//! counted in the same run: what the loader, the runtime and the processor add, they add to both.
//!
//! ```text
//! cargo bench --bench instructions                what it costs, and with a list of 1,000,000 entries
//! cargo bench --bench instructions -- --check     whether it costs what `benches/pins.txt` says
//!     --program PATH                              of this build, in place of the one that cargo makes for it
//! ```
//!
//! Needs valgrind, strace, rustc and a C compiler; ends with 77 where one is missing. `--check` ends with 1 when a path
//! costs more than 5 % above its pin, or less than 5 % below it: then the pin is lowered with the change that earned it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod common;
#[allow(dead_code, reason = "the bench needs an honest one")]
#[path = "../tests/it/dns_server.rs"]
mod dns_server;
#[allow(dead_code, reason = "the bench signs whole letters")]
#[path = "../tests/it/signer.rs"]
mod signer;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use common::count::{Calls, calls, instructions, missing_tools};
use common::home::{Home, Job};
use common::letter::{BYTES, Letter, Writer};
use common::{c, empty};
use countersign::world::clock;
use dns_server::{Behaviour, Server, Zone};
use signer::Signer;

/// What the paths cost when they were last pinned.
const PINS: &str = include_str!("pins.txt");
/// By how much a count may differ from its pin. What differs from run to run is below a hundredth: where a random key
/// falls in a table, and how long the name of the scratch folder is.
const TOLERANCE: f64 = 0.05;
/// Each path is counted so often, with another message each time; the middle counts.
const TIMES: u64 = 3;
/// So many instructions a look may add to the letter of a stranger who signs.
const LOOK_LIMIT: u64 = 2_500_000;
/// And by how much a mailbox that looks may be dearer for who is known: not at all, but for what counting differs by.
const KNOWN_TOLERANCE: f64 = 0.01;
/// The entries of the list that the pins are for.
const ENTRIES: u64 = 1_000;

/// What one path costs.
struct Cost {
    path: String,
    instructions: u64,
    /// `instructions`, as a multiple of an empty program's.
    ratio: f64,
    calls: Calls,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    let named = arguments.windows(2).find(|pair| pair[0] == "--program").map(|pair| PathBuf::from(&pair[1]));
    // The one that cargo built for this bench, or a release that is there already.
    let program = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_countersign")));
    let folder = tempfile::tempdir().unwrap();
    let bench = match Bench::prepare(folder.path(), &program) {
        Ok(bench) => bench,
        Err(missing) => {
            eprintln!("{missing}");
            return ExitCode::from(77);
        }
    };
    println!("{:<16}{:>14}{:>10}{:>15}{:>8}", "path", "instructions", "x empty", "system calls", "syncs");
    println!("{:<16}{:>14}{:>10.2}", "empty", bench.nothing, 1.0);
    let costs = bench.paths();
    for cost in &costs {
        let Cost { path, instructions, ratio, calls } = cost;
        println!("{path:<16}{instructions:>14}{ratio:>10.2}{:>15}{:>8}", calls.all, calls.syncs);
    }
    if check {
        return held_to_pins(&costs);
    }
    println!("\n1,000,000 entries against {ENTRIES}, gate: {:+.2} %", bench.growth(costs[0].instructions));
    ExitCode::SUCCESS
}

/// The programs and the mailbox.
struct Bench {
    home: Home,
    letters: PathBuf,
    nothing: u64,
}

impl Bench {
    /// Makes what the runs need; what is missing, if that cannot be done.
    fn prepare(folder: &Path, program: &Path) -> Result<Bench, String> {
        let missing = missing_tools();
        if !missing.is_empty() {
            return Err(format!("counting needs {}, and it is not there", missing.join(" and ")));
        }
        let sendmail = c::build(folder, "sendmail", c::SENDMAIL)?;
        let empty = empty::build(folder)?;
        let home = Home::make(&folder.join("home"), program, &sendmail);
        home.fill_list(ENTRIES);
        let letters = folder.join("letters");
        fs::create_dir(&letters).unwrap();
        let empty = Job::new(&[empty.to_str().unwrap()], &home.path, 0);
        let nothing = instructions(&empty, Path::new("/dev/null"));
        Ok(Bench { home, letters, nothing })
    }

    /// What each path costs.
    fn paths(&self) -> Vec<Cost> {
        let mut costs = vec![
            self.path("known-gate", "gate", Writer::Friend, 99),
            self.path("known-deliver", "deliver", Writer::Friend, 0),
            self.path("held", "deliver", Writer::Unproven, 0),
            self.path("challenged", "deliver", Writer::Stranger, 0),
        ];
        // Whether each path was the one that it says: every count is one run.
        let runs = 2 * usize::try_from(TIMES).unwrap();
        assert_eq!((self.home.delivered(), self.home.held(), self.asked("stranger")), (runs, 2 * runs, runs));
        let signed = |number| self.signed(number, 0);
        costs.push(self.counted("signed", "deliver", 0, &signed));
        let zone = format!("{}example.com MX 10 mx.example.com\n", signer().key());
        let server = Server::start(Zone::text(&zone), &[Behaviour::Honest]);
        // The same keys, so that only the looking differs.
        let server_address = server.address.to_string();
        self.home.look("off", &server_address);
        costs.push(self.path("known-not-looking", "deliver", Writer::Friend, 0));
        self.home.look("where-silent", &server_address);
        costs.push(self.path("known-looking", "deliver", Writer::Friend, 0));
        assert!(server.asked().is_empty(), "nothing is asked about who is known");
        costs.push(self.counted("looked-at", "deliver", 0, &|number| self.signed(number, 100)));
        assert_eq!((self.home.delivered(), self.home.held(), self.asked("signer")), (3 * runs, 4 * runs, runs));
        assert_eq!(server.asked().len(), 2 * runs, "the key, and whether the domain takes mail");
        costs
    }

    /// How many challenges went to addresses that begin like this.
    fn asked(&self, who: &str) -> usize {
        let sent = fs::read_to_string(self.home.path.with_file_name("sendmail.sent")).unwrap();
        sent.lines().filter(|line| line.starts_with(&format!("To: {who}"))).count()
    }

    fn path(&self, path: &str, command: &str, writer: Writer, code: i32) -> Cost {
        self.counted(path, command, code, &|number| self.letter(writer, number))
    }

    fn counted(&self, path: &str, command: &str, code: i32, letter: &dyn Fn(u64) -> PathBuf) -> Cost {
        let job = self.home.job(&[command], code);
        let inputs: Vec<PathBuf> = (0..2 * TIMES).map(letter).collect();
        let (first, second) = inputs.split_at(inputs.len() / 2);
        let instructions = middle(first.iter().map(|input| instructions(&job, input)).collect());
        let counted: Vec<Calls> = second.iter().map(|input| calls(&job, input)).collect();
        let calls = Calls {
            all: middle(counted.iter().map(|calls| calls.all).collect()),
            syncs: middle(counted.iter().map(|calls| calls.syncs).collect()),
        };
        Cost { path: path.to_owned(), instructions, ratio: instructions as f64 / self.nothing as f64, calls }
    }

    /// The letter of a stranger whose domain signs; nobody who is trusted has checked it.
    fn signed(&self, number: u64, from: u64) -> PathBuf {
        let text = String::from_utf8(Letter::from(Writer::Stranger, from + number).to_bytes()).unwrap();
        let address = Letter::from(Writer::Stranger, from + number).address();
        let (head, body) = text
            .replace(&address, &format!("signer{}@example.com", from + number))
            .split_once("\n\n")
            .map(|(head, body)| (head.to_owned(), body.to_owned()))
            .unwrap();
        let mut kept = true;
        let fields = head.lines().filter(|line| {
            let goes_on = line.starts_with([' ', '\t']);
            kept = if goes_on {
                kept
            } else {
                !line.starts_with("Authentication-Results:") && !line.starts_with("DKIM-Signature:")
            };
            kept
        });
        let head = fields.collect::<Vec<_>>().join("\n");
        let signed = |body: &str| signer().sign(format!("{head}\n\n{body}").as_bytes());
        let over = signed(&body).len().saturating_sub(BYTES);
        let bytes = signed(&format!("{}\n", &body[..body.len() - over - 1].trim_end_matches('\n')));
        let path = self.letters.join(format!("Signed{}", from + number));
        fs::write(&path, bytes).unwrap();
        path
    }

    fn letter(&self, writer: Writer, number: u64) -> PathBuf {
        let path = self.letters.join(format!("{writer:?}{number}"));
        fs::write(&path, Letter::from(writer, number).to_bytes()).unwrap();
        path
    }

    /// By how many per cent a list of a million makes `gate` dearer.
    fn growth(&self, before: u64) -> f64 {
        self.home.fill_list(1_000_000);
        let after = instructions(&self.home.job(&["gate"], 99), &self.letter(Writer::Friend, 0));
        (after as f64 / before as f64 - 1.0) * 100.0
    }
}

fn signer() -> Signer {
    Signer { rsa: Some(2048), ..Signer::of("example.com", clock::now()) }
}

/// What own eyes may add, and where they may add nothing.
fn faults_of_looking(costs: &[Cost]) -> Vec<String> {
    let of = |path: &str| costs.iter().find(|cost| cost.path == path).unwrap().instructions;
    let mut faults = Vec::new();
    let look = of("looked-at").saturating_sub(of("signed"));
    println!("\na look adds {look} instructions");
    if look > LOOK_LIMIT {
        faults.push(format!("a look adds {look} instructions, more than {LOOK_LIMIT}"));
    }
    let change = of("known-looking") as f64 / of("known-not-looking") as f64 - 1.0;
    if change > KNOWN_TOLERANCE {
        faults.push(format!("who is known costs {:+.1} % more where own eyes look", change * 100.0));
    }
    faults
}

/// Holds what was counted to the pins.
fn held_to_pins(costs: &[Cost]) -> ExitCode {
    let pins: Vec<(&str, [f64; 3])> = PINS.lines().filter_map(pin).collect();
    let mut faults = faults_of_looking(costs);
    for cost in costs {
        let Some((_, pinned)) = pins.iter().find(|(path, _)| *path == cost.path) else {
            faults.push(format!("{}: no pin", cost.path));
            continue;
        };
        let counted = [cost.ratio, cost.calls.all as f64, cost.calls.syncs as f64];
        let names = ["instructions, x empty", "system calls", "syncs"];
        for ((name, pin), count) in names.iter().zip(pinned).zip(counted) {
            let change = count / pin - 1.0;
            if count.max(*pin) > 0.0 && (change.is_nan() || change.abs() > TOLERANCE) {
                let word = if count > *pin { "dearer" } else { "cheaper: lower the pin" };
                faults.push(format!(
                    "{}, {name}: pin {pin}, counted {count:.2} ({:+.1} %), {word}",
                    cost.path,
                    change * 100.0
                ));
            }
        }
    }
    faults.extend(
        pins.iter()
            .filter(|(path, _)| costs.iter().all(|cost| cost.path != *path))
            .map(|(path, _)| format!("{path}: not counted")),
    );
    if faults.is_empty() {
        println!("\nevery path costs what benches/pins.txt says, within {:.0} %", TOLERANCE * 100.0);
        return ExitCode::SUCCESS;
    }
    eprintln!("\nnot as benches/pins.txt says:\n{}", faults.join("\n"));
    eprintln!("counted with {}; {}", version("rustc"), version("valgrind"));
    ExitCode::FAILURE
}

/// One line of the pins: path, instructions as a multiple, system calls, syncs.
fn pin(line: &str) -> Option<(&str, [f64; 3])> {
    let line = line.split('#').next()?;
    let mut words = line.split_whitespace();
    let path = words.next()?;
    let numbers: Vec<f64> = words.map(|word| word.parse().unwrap_or_else(|_| panic!("no number: {line}"))).collect();
    Some((path, numbers.try_into().unwrap_or_else(|_| panic!("three numbers belong to {path}"))))
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn middle(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts[counts.len() / 2]
}
