//! Runs that are timed: one after the other in turns, so that what the machine does besides meets all of them alike, or
//! many at once.
//!
//! Promises: a run that does not end as it should fails the bench; of many at once, some may say "later". Never touches: what is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::home::{Job, PATH};

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From start to end, microseconds.
    pub wall: u64,
    /// Processor time of the process and those it waited for, microseconds.
    pub cpu: u64,
    /// Peak memory, KiB.
    pub memory: u64,
    /// Whether it said "later" (75) instead of doing it.
    pub later: bool,
}

/// The exit code of a program that wants to be called again.
const LATER: i32 = 75;

/// One of those that take turns.
#[derive(Clone, Debug)]
pub struct Contender {
    pub name: String,
    pub job: Job,
    /// The message, or a folder of them, named by number, one for each run.
    pub input: PathBuf,
    /// A folder that is emptied after each run, where what lies there is large.
    pub sweep: Option<PathBuf>,
}

/// The runs of one contender.
#[derive(Clone, Debug)]
pub struct Runs(pub Vec<Run>);

/// The program that starts and times.
#[derive(Clone, Debug)]
pub struct Clock(pub PathBuf);

impl Clock {
    /// `rounds` runs of each contender, in turns; in a folder of inputs from number `first` on.
    pub fn in_turns(&self, contenders: &[Contender], rounds: usize, first: usize) -> Vec<Runs> {
        let mut all = vec![Runs(Vec::new()); contenders.len()];
        // The first round is for the caches.
        for round in 0..=rounds {
            for (contender, runs) in contenders.iter().zip(&mut all) {
                let run = self.one(&contender.job, &contender.input, first + round);
                if round > 0 {
                    runs.0.push(run);
                }
                if let Some(folder) = &contender.sweep {
                    empty(folder);
                }
            }
        }
        all
    }

    /// One run, which must not say "later".
    pub fn one(&self, job: &Job, input: &Path, number: usize) -> Run {
        let run = self.many(job, input, number, 1, 1).0[0];
        assert!(!run.later, "{:?} ended with {LATER}", job.command);
        run
    }

    /// `count` runs of one job, `parallel` at once.
    pub fn many(&self, job: &Job, input: &Path, first: usize, count: usize, parallel: usize) -> Runs {
        let input = if input.is_dir() { format!("{}/", input.display()) } else { input.display().to_string() };
        let user = job.user.map_or("-".to_owned(), |user| user.to_string());
        let output = Command::new(&self.0)
            .arg(user)
            .args([parallel, first, count].map(|number| number.to_string()))
            .arg(input)
            .args(&job.command)
            .env_clear()
            .env("HOME", &job.home)
            .env("PATH", PATH)
            .env("USER", "nobody")
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "{:?}", job.command);
        let read = |line: &str| -> Run {
            let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
            let [wall, cpu, memory, code] = numbers[..] else { panic!("{line}") };
            let code = i32::try_from(code).unwrap();
            assert!(code == job.code || code == LATER, "{:?} ended with {code}", job.command);
            Run { wall, cpu, memory, later: code != job.code }
        };
        Runs(String::from_utf8(output.stdout).unwrap().lines().map(read).collect())
    }
}

impl Runs {
    /// The median of something.
    pub fn median(&self, of: impl Fn(&Run) -> u64) -> u64 {
        self.part(0.5, of)
    }

    /// What so large a part of the runs does not exceed.
    pub fn part(&self, part: f64, of: impl Fn(&Run) -> u64) -> u64 {
        let mut values: Vec<u64> = self.0.iter().map(of).collect();
        values.sort_unstable();
        let at = (part * (values.len() - 1) as f64).round();
        values[at as usize]
    }

    /// How many said "later".
    pub fn later(&self) -> usize {
        self.0.iter().filter(|run| run.later).count()
    }

    pub fn memory(&self) -> u64 {
        self.0.iter().map(|run| run.memory).max().unwrap()
    }

    /// The median of the ratios to the other's run of the same round.
    pub fn against(&self, other: &Runs, of: impl Fn(&Run) -> u64) -> f64 {
        let ratio = |(a, b): (&Run, &Run)| of(a) as f64 / of(b).max(1) as f64;
        let mut ratios: Vec<f64> = self.0.iter().zip(&other.0).map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}

fn empty(folder: &Path) {
    for file in fs::read_dir(folder).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
}
