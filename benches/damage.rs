//! Reads damaged and hostile messages in this process, and counts what the slowest of them cost.
//!
//! Each message is read whole, with CR LF for LF, cut at 200 evenly spread places, 200 times with 1 to 8 bytes
//! changed, and 8 times with 200 bytes changed. Each of these goes through [`Facts::read`], the verdict of an ordinary
//! installation and the one of `replay --assume-first-contact` (so that every rule is reached), the challenge if one
//! would go out, the header block as it would be stored, `explain`'s account and the digest's line. So do the messages of
//! `damage/hostile.rs`, which are built against slow readers.
//!
//! ```text
//! cargo bench --bench damage -- [--stack KIB] [--seed N] PATH…     files and folders; else fixtures/messages
//! cargo bench --bench damage -- --hostile                         each hostile message in three sizes
//! cargo bench --bench damage -- --one FILE                        one message, without a word: to be run under a tool
//! ```
//!
//! A panic fails the run, and so does a message that costs more instructions than [`BASE`] and [`PER_BYTE`] for each
//! byte that is read. Only valgrind's count of instructions decides that, for the [`SUSPECTS`] runs that were slowest by
//! the clock; what is over the limit is kept below `target/`. A parser's panic is caught where the message is read: it
//! is said, and is no failure. Stacks overflow without a panic: `--stack` says how much of it there is.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "damage/hostile.rs"]
mod hostile;
#[path = "damage/ward.rs"]
mod ward;

use std::cell::RefCell;
use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::time::{ClockId, clock_gettime};

use ward::Ward;

/// Instructions that any message may cost: a short one costs 0.2 to 2 million, most of them for the challenge.
const BASE: u64 = 4_000_000;
/// Instructions that each byte may cost that is read. Ordinary mail takes 100 to 500, a value of encoded words or of
/// folds 1,000. The dearest byte known stands in a zip archive's header that lies inside the name of the one before:
/// 3,900, for the 60 KiB until [`countersign::mail::executable`] has read as many entries as it reads.
const PER_BYTE: u64 = 4_000;
/// So many runs that were slowest by the clock are counted.
const SUSPECTS: usize = 50;
/// Four times the bytes may cost so many times the nanoseconds before the instructions are counted.
const WORSE: f64 = 4.8;
/// Twice the bytes may cost so many times the instructions.
const STEEP: f64 = 2.2;
/// Threads that read.
const THREADS: usize = 2;
/// Cuts of a message, and copies with few bytes changed.
const COPIES: usize = 200;
/// Copies with [`MANY`] bytes changed.
const RIDDLED: usize = 8;
/// Bytes changed in those.
const MANY: usize = 200;
/// What a header block, its values and a body are built of.
const STRUCTURE: &[u8] = b"\r\n\0\xff<>\"\\:;=?()@,-_&%#[]{}'/+. \t\x1b\x80\xc3";

struct Options {
    paths: Vec<PathBuf>,
    one: Option<PathBuf>,
    hostile: bool,
    stack: usize,
    seed: u64,
}

/// What was done to a message.
#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    CrLf,
    Cut(usize),
    Changed(usize),
    Riddled(usize),
}

/// One message as it came out slow.
struct Suspect {
    /// Nanoseconds for what is in [`limit`].
    cost: f64,
    name: String,
    bytes: Vec<u8>,
}

/// What one thread, or all of them, found.
#[derive(Default)]
struct Findings {
    runs: usize,
    bytes: usize,
    challenges: usize,
    nanoseconds: u64,
    /// Panics that were caught inside [`Facts::read`], each with its place.
    caught: Vec<String>,
    /// All others.
    panics: Vec<String>,
    /// The slowest first.
    suspects: Vec<Suspect>,
    /// What is less than this is not among the slowest of all.
    least: f64,
}

thread_local! {
    /// Where this thread panicked since somebody looked.
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn main() -> ExitCode {
    let options = Options::read();
    std::panic::set_hook(Box::new(|info| {
        PANICS.with_borrow_mut(|list| list.push(info.to_string().replace('\n', " ")))
    }));
    if let Some(path) = &options.one {
        let bytes = fs::read(path).unwrap();
        if !bytes.is_empty() {
            drop(Ward::of(&bytes).measured(&bytes));
        }
        return ExitCode::SUCCESS;
    }
    if options.hostile {
        return grow(options.stack);
    }
    println!("seed {}, stack {} KiB, {THREADS} threads", options.seed, options.stack);
    let mut findings = damage(&options);
    findings.report();
    findings.count()
}

impl Options {
    fn read() -> Options {
        let mut options = Options { paths: Vec::new(), one: None, hostile: false, stack: 8_192, seed: 20_261_122 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || words.next().expect("a number").parse::<u64>().expect("a number");
            match word.as_str() {
                "--bench" => {}
                "--hostile" => options.hostile = true,
                "--one" => options.one = words.next().map(PathBuf::from),
                "--seed" => options.seed = number(),
                "--stack" => options.stack = usize::try_from(number()).unwrap(),
                path => options.paths.push(path.into()),
            }
        }
        if options.paths.is_empty() {
            options.paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages"));
        }
        options
    }
}

/// All messages and all that can happen to them.
fn damage(options: &Options) -> Findings {
    let mut messages: Vec<(String, Vec<u8>)> = Vec::new();
    options.paths.iter().for_each(|path| collect(path, &mut messages));
    println!("{} messages", messages.len());
    let built = hostile::all()
        .into_iter()
        .flat_map(|(name, build, base)| [1, 4].map(|times| (format!("hostile {name} x{times}"), build(base * times))));
    let built: Vec<(String, Vec<u8>)> = built.collect();
    println!("{} hostile messages, read as they are", built.len());
    let jobs: Vec<(&str, &[u8], bool)> = built
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice(), false))
        .chain(messages.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice(), true)))
        .collect();
    let all = Mutex::new(Findings::default());
    side_by_side(options.stack, &jobs, |(name, bytes, damaged)| {
        let mut found = Findings { least: all.lock().unwrap().slowest(), ..Findings::default() };
        found.message(name, bytes, *damaged, options.seed);
        all.lock().unwrap().add(found);
    });
    all.into_inner().unwrap()
}

fn collect(path: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    if path.is_dir() {
        let mut names: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().filter(|path| path.extension().is_none_or(|e| e != "facts")).for_each(|path| collect(path, into));
    } else {
        into.push((path.display().to_string(), fs::read(path).expect("a file that can be read")));
    }
}

impl Findings {
    fn message(&mut self, name: &str, bytes: &[u8], damaged: bool, seed: u64) {
        let mut ward = Ward::of(bytes);
        self.run(&mut ward, name, bytes, Damage::None);
        if !damaged {
            return;
        }
        let kinds = [Damage::CrLf]
            .into_iter()
            .chain((0..COPIES).map(Damage::Cut))
            .chain((0..COPIES).map(Damage::Changed))
            .chain((0..RIDDLED).map(Damage::Riddled));
        for kind in kinds {
            self.run(&mut ward, name, &kind.done_to(bytes, seed), kind);
        }
    }

    fn run(&mut self, ward: &mut Ward, name: &str, bytes: &[u8], damage: Damage) {
        let name = format!("{name} {damage:?}");
        let (nanoseconds, challenge) = self.timed(ward, &name, bytes);
        self.runs += 1;
        self.bytes += bytes.len();
        self.challenges += usize::from(challenge);
        self.nanoseconds += nanoseconds;
        let allowed = limit(bytes.len()) as f64;
        if nanoseconds as f64 / allowed <= self.slowest() {
            return;
        }
        // Whatever else the machine did counts against a run too: the best of several.
        let again = (0..3).map(|_| self.timed(ward, &name, bytes).0).min().unwrap_or(nanoseconds);
        let cost = nanoseconds.min(again) as f64 / allowed;
        if cost > self.slowest() {
            self.suspects.push(Suspect { cost, name, bytes: bytes.to_vec() });
            self.sort();
        }
    }

    fn timed(&mut self, ward: &mut Ward, name: &str, bytes: &[u8]) -> (u64, bool) {
        let before = clock();
        let measured = catch_unwind(AssertUnwindSafe(|| ward.measured(bytes)));
        let after = clock();
        let inside = PANICS.take();
        let told = measured.map(|seen| {
            let challenge = seen.challenges();
            catch_unwind(AssertUnwindSafe(|| drop(ward.told(seen)))).map(|()| challenge)
        });
        let outside = PANICS.take();
        let challenge = match told {
            Ok(Ok(challenge)) => challenge,
            Err(_) | Ok(Err(_)) => {
                self.panics.push(format!("{name}: {} {}", inside.join("; "), outside.join("; ")));
                keep(name, bytes);
                return (0, false);
            }
        };
        for place in inside {
            // Our own code may not panic inside either.
            let list = if place.contains("src/mail/") { &mut self.panics } else { &mut self.caught };
            list.push(format!("{name}: {place}"));
            keep(name, bytes);
        }
        (after - before, challenge)
    }

    /// What a run must cost to be among the slowest.
    fn slowest(&self) -> f64 {
        self.suspects.get(SUSPECTS - 1).map_or(self.least, |least| least.cost)
    }

    fn add(&mut self, other: Findings) {
        self.runs += other.runs;
        self.bytes += other.bytes;
        self.challenges += other.challenges;
        self.nanoseconds += other.nanoseconds;
        self.caught.extend(other.caught);
        self.panics.extend(other.panics);
        self.suspects.extend(other.suspects);
        self.sort();
    }

    fn sort(&mut self) {
        self.suspects.sort_by(|a, b| b.cost.total_cmp(&a.cost));
        self.suspects.truncate(SUSPECTS);
    }

    fn report(&mut self) {
        println!("{} runs of {} bytes in all, {} with a challenge", self.runs, self.bytes, self.challenges);
        println!("mean {} ns", self.nanoseconds / u64::try_from(self.runs).unwrap().max(1));
        for (what, list) in [("caught where they are read", &mut self.caught), ("PANICS", &mut self.panics)] {
            list.sort();
            list.dedup();
            println!("{what}: {}", list.len());
            list.iter().take(40).for_each(|line| println!("  {line}"));
        }
    }

    /// Counts the instructions of the slowest; the run's end.
    fn count(&self) -> ExitCode {
        let nothing = instructions(b"").unwrap_or(0);
        if nothing == 0 {
            println!("without valgrind nothing is counted");
            return ExitCode::from(u8::from(!self.panics.is_empty()));
        }
        let mut over = 0;
        println!("\n{:>9} {:>12} {:>7} {:>6}  the slowest", "bytes", "instructions", "a byte", "limit");
        for suspect in &self.suspects {
            let count = instructions(&suspect.bytes).expect("valgrind").saturating_sub(nothing);
            let (length, allowed) = (suspect.bytes.len(), limit(suspect.bytes.len()));
            let share = count * 100 / allowed;
            println!("{length:>9} {count:>12} {:>7} {share:>4} %  {}", count / length.max(1) as u64, suspect.name);
            if count > allowed {
                over += 1;
                keep(&suspect.name, &suspect.bytes);
            }
        }
        println!("{over} over {BASE} + {PER_BYTE} for each byte");
        ExitCode::from(u8::from(over > 0 || !self.panics.is_empty()))
    }
}

impl Damage {
    fn done_to(self, bytes: &[u8], seed: u64) -> Vec<u8> {
        let number = |kind: u64, n: usize| seed ^ (kind << 32) ^ n as u64 ^ (hash(bytes) << 1);
        match self {
            Damage::None => bytes.to_vec(),
            Damage::CrLf => with_cr_lf(bytes),
            Damage::Cut(n) => bytes[..bytes.len() * n / COPIES].to_vec(),
            Damage::Changed(n) => {
                let mut dice = Dice(number(1, n));
                let copy = if n % 4 == 3 { with_cr_lf(bytes) } else { bytes.to_vec() };
                let count = 1 + dice.below(8);
                // Half of them in the header block, where most is read.
                let block = copy.windows(2).position(|pair| pair == b"\n\n" || pair == b"\n\r").unwrap_or(copy.len());
                let end = if n % 2 == 0 { block } else { copy.len() };
                changed(copy, 0..end, count, n % 8 < 6, &mut dice)
            }
            Damage::Riddled(n) => changed(bytes.to_vec(), 0..bytes.len(), MANY, n % 2 == 0, &mut Dice(number(2, n))),
        }
    }
}

/// Replaces bytes, or puts them in or takes them out, with bytes of structure or with any.
fn changed(mut bytes: Vec<u8>, place: Range<usize>, count: usize, structure: bool, dice: &mut Dice) -> Vec<u8> {
    for _ in 0..count {
        let at = place.start + dice.below(place.len().max(1));
        let byte = if structure { STRUCTURE[dice.below(STRUCTURE.len())] } else { dice.next().to_be_bytes()[0] };
        match dice.below(4) {
            _ if at >= bytes.len() => bytes.push(byte),
            0 => bytes.insert(at, byte),
            1 if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => bytes[at] = byte,
        }
    }
    bytes
}

fn with_cr_lf(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b'\n'] } else { vec![b] }).collect()
}

/// Splitmix64 (Steele, Lea, Flood 2014): enough for dice.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// FNV-1a: the dice of a message do not depend on where its file lies.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// The instructions that a message of so many bytes may cost.
fn limit(bytes: usize) -> u64 {
    BASE + PER_BYTE * bytes as u64
}

/// What this thread has used of a processor, in nanoseconds.
fn clock() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damage");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Keeps a message that shows a fault.
fn keep(name: &str, bytes: &[u8]) {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = scratch().join(format!("{}.eml", &plain[plain.len().saturating_sub(120)..]));
    fs::write(&path, bytes).unwrap();
}

/// The instructions of a process that reads this message once; none without valgrind.
fn instructions(message: &[u8]) -> Option<u64> {
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let (file, out) = (folder.path().join("message"), folder.path().join("out"));
    fs::write(&file, message).unwrap();
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(std::env::current_exe().unwrap()).arg("--one").arg(&file);
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    assert!(ended.success(), "a message ends the process: {}", file.display());
    let text = fs::read_to_string(out).ok()?;
    text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")))?.trim().parse().ok()
}

/// Each hostile message at one, two and four times its size: twice the bytes may cost twice the instructions. Counted
/// are those that look worse by the clock, and the dearest.
fn grow(stack: usize) -> ExitCode {
    let messages = hostile::all();
    let mut timed = side_by_side(stack, &messages, |(_, build, base)| {
        let [once, four] = [1, 4].map(|times| best(&build(base * times)));
        (four as f64 / once.max(1) as f64, four as f64 / limit(base * 4) as f64)
    });
    timed.sort_by(|(_, a), (_, b)| b.1.total_cmp(&a.1));
    let chosen = |(rank, (_, (ratio, _))): &(usize, (usize, (f64, f64)))| *ratio > WORSE || *rank < SUSPECTS;
    let chosen: Vec<usize> = timed.into_iter().enumerate().filter(chosen).map(|(_, (at, _))| at).collect();
    println!("{} hostile messages, counted: {}", messages.len(), chosen.len());
    let nothing = instructions(b"").expect("valgrind is needed");
    println!("{:<44} {:>8} {:>12} {:>6} {:>6} {:>7} {:>6}", "", "bytes", "instructions", "x2", "x4", "a byte", "limit");
    let faults = side_by_side(stack, &chosen, |at| {
        let (name, build, base) = &messages[*at];
        let sizes = [1, 2, 4].map(|times| build(base * times));
        let counts = [0, 1, 2].map(|at| instructions(&sizes[at]).expect("valgrind").saturating_sub(nothing));
        let ratio = |at: usize| counts[at] as f64 / counts[at - 1].max(1) as f64;
        let (count, length) = (counts[2], sizes[2].len());
        let share = count * 100 / limit(length);
        let fault = ratio(2) > STEEP || share > 100;
        let mark = if fault { "  TOO MUCH" } else { "" };
        let (twice, four, each) = (ratio(1), ratio(2), count / length.max(1) as u64);
        println!("{name:<44} {length:>8} {count:>12} {twice:>6.2} {four:>6.2} {each:>7} {share:>4} %{mark}");
        fault
    });
    let faults = faults.iter().filter(|(_, fault)| *fault).count();
    println!("{faults} more than linear, or over {BASE} + {PER_BYTE} for each byte");
    ExitCode::from(u8::from(faults > 0))
}

/// The nanoseconds of the best of some runs.
fn best(bytes: &[u8]) -> u64 {
    let mut ward = Ward::of(bytes);
    let once = |_| {
        let before = clock();
        drop(ward.measured(bytes));
        clock() - before
    };
    (0..5).map(once).min().unwrap_or_default()
}

/// Does the same for every item, [`THREADS`] at a time; gives the answers with the items' numbers.
fn side_by_side<T: Sync, R: Send>(stack: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<(usize, R)> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let thread = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { return done };
                done.push((at, work(item)));
            }
        };
        let start = |_| std::thread::Builder::new().stack_size(stack * 1024).spawn_scoped(scope, thread).unwrap();
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}
