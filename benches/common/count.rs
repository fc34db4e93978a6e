//! How a run is counted: instructions by callgrind, system calls and syncs by strace.
//!
//! Promises: a run sees the same environment wherever it is counted, and a program that does not end as it should fails
//! the bench. Never touches: clocks.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use super::home::{Job, PATH};

/// The GNU C library chooses its string functions by the processor; without these every processor has the same ones.
/// What other code asks the processor itself, valgrind answers: it has no SHA instructions, and AVX2 where the real one
/// has it.
const SAME_PROCESSOR: &str = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD,-ERMS,-FSRM,-BMI1,-BMI2,-LZCNT,-MOVBE,-SSE4_2,-SSSE3";

/// Which of the tools are missing.
pub fn missing_tools() -> Vec<&'static str> {
    let there = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    ["valgrind", "strace"].into_iter().filter(|tool| !there(tool)).collect()
}

/// The instructions of a whole process, from its first to its last; those of programs that it starts are not counted. Of one that becomes another program, those of the last.
pub fn instructions(job: &Job, input: &Path) -> u64 {
    let out = job.home.join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display()));
    if job.becomes {
        command.arg("--trace-children=yes");
    }
    run(job, input, &mut command, &[("GLIBC_TUNABLES", SAME_PROCESSOR)]);
    let text = fs::read_to_string(&out).unwrap();
    fs::remove_file(&out).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    line.unwrap().trim().parse().unwrap()
}

/// What a run asked of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// System calls, of all its threads and of no program that it started.
    pub all: u64,
    /// `fsync` and `fdatasync` among them.
    pub syncs: u64,
}

/// The system calls of a whole process.
pub fn calls(job: &Job, input: &Path) -> Calls {
    let out = job.home.join("strace.out");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(&out);
    run(job, input, &mut command, &[]);
    let text = fs::read_to_string(&out).unwrap();
    fs::remove_file(&out).unwrap();
    count_calls(&text)
}

/// Counts the lines of a log. A call that another thread's interrupts takes two lines; what a process that was started
/// does from its first `execve` on is another program's.
fn count_calls(log: &str) -> Calls {
    let mut calls = Calls { all: 0, syncs: 0 };
    let mut others: Vec<&str> = Vec::new();
    let ours = log.split(' ').next();
    for line in log.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("<...") || call.starts_with("+++") || others.contains(&process) {
            continue;
        }
        calls.all += 1;
        calls.syncs += u64::from(call.starts_with("fsync(") || call.starts_with("fdatasync("));
        if call.starts_with("execve(") && Some(process) != ours {
            others.push(process);
        }
    }
    calls
}

fn run(job: &Job, input: &Path, tool: &mut Command, more: &[(&str, &str)]) {
    let said = job.home.join("tool.err");
    let mut other = Command::new("setpriv");
    let tool = match job.user {
        None => tool,
        Some(user) => {
            let user = [format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()];
            other.args(user).arg(tool.get_program()).args(tool.get_args())
        }
    };
    let status = tool
        .args(&job.command)
        .env_clear()
        .env("HOME", &job.home)
        .env("PATH", PATH)
        .env("USER", "nobody")
        .envs(more.iter().copied())
        .stdin(File::open(input).unwrap())
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .status()
        .unwrap();
    let said = fs::read_to_string(said).unwrap();
    assert_eq!(status.code(), Some(job.code), "{:?} {}: {said}", job.command, input.display());
}
