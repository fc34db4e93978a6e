//! Other programs: started, fed, listened to, and ended.
//!
//! Promises: no shell; the program gets its input as a file, one output pipe, five variables and nothing else of ours;
//! whenever this process dies, the program has all of its input; it cannot block us by not reading, by flooding its
//! output or by leaving somebody behind who keeps that open;
//! after its time it is killed with its group. Never touches: files, the store, what the program is for.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process_group};

/// Most bytes of an answer that [`output_of`] takes.
pub const ANSWER_LIMIT: usize = 64 * 1024;
/// How long we listen on after the program has ended, if somebody else keeps its output open.
const GRACE: Duration = Duration::from_millis(200);
/// How long we wait before we look at a silent program again.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// No program runs longer, whatever the configuration says.
const LONGEST_LIMIT: Duration = Duration::from_secs(86_400);
/// How long a killed program may take to vanish; one that hangs in the kernel never does.
const REAP_LIMIT: Duration = Duration::from_secs(5);
/// Where programs are looked for. Several mail systems give us no PATH, or one without `sbin`.
const SEARCH_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What else is handed on: programs read their user's settings by these. `MAIL_CONFIG` is not among them: mail
/// from a cron job and mail from a delivery shall leave by the same Postfix instance.
const HANDED_ON: [&str; 4] = ["HOME", "USER", "LOGNAME", "TZ"];

/// Runs a program without input and gives what it wrote to standard output; its standard error is dropped.
///
/// # Errors
/// It cannot be started, does not end with 0 in time, or says more than [`ANSWER_LIMIT`] bytes.
pub fn output_of(argv: &[OsString], time_limit: Duration) -> anyhow::Result<Vec<u8>> {
    let name = argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let limits = Limits { time: time_limit, kept: ANSWER_LIMIT };
    let ended = run_with(argv, b"", limits, Listen::ToOutput, &handed_on());
    match code_of(&name, ended.how, time_limit)? {
        0 if ended.overflowed => bail!("{name} wrote more than {ANSWER_LIMIT} bytes"),
        0 => Ok(ended.output),
        code => bail!("{name} ended with code {code}"),
    }
}

/// Runs a program as a mail system would: with that input, and with these variables beside PATH and no others.
/// Gives its exit code, and the first [`ANSWER_LIMIT`] bytes of what it said on both outputs. For the demo.
///
/// # Errors
/// It cannot be started, or does not end by itself in time.
pub fn answer_of(
    argv: &[OsString],
    input: &[u8],
    variables: &[(OsString, OsString)],
    time_limit: Duration,
) -> anyhow::Result<(i32, Vec<u8>)> {
    let name = argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let limits = Limits { time: time_limit, kept: ANSWER_LIMIT };
    let ended = run_with(argv, input, limits, Listen::ToBoth, variables);
    Ok((code_of(&name, ended.how, time_limit)?, ended.output))
}

/// The exit code of a program that has one.
fn code_of(name: &str, how: How, time_limit: Duration) -> anyhow::Result<i32> {
    match how {
        How::Exited(code) => Ok(code),
        How::Killed(signal) => bail!("{name} was killed by signal {signal}"),
        How::Lost(error) => Err(error).with_context(|| format!("lost track of {name}")),
        How::NotStarted(error) => Err(error).with_context(|| format!("cannot start {name}")),
        How::TimedOut => bail!("{name} did not end within {} seconds", time_limit.as_secs()),
    }
}

/// How a program ended.
#[derive(Debug)]
pub(super) enum How {
    Exited(i32),
    Killed(i32),
    /// The system would not tell how it ended.
    Lost(io::Error),
    NotStarted(io::Error),
    TimedOut,
}

/// A program's end and what is known about its life.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) how: How,
    pub(super) output: Vec<u8>,
    /// Whether it wrote more than was kept.
    pub(super) overflowed: bool,
    /// How much of its input it read.
    pub(super) read: InputRead,
}

/// How much of its input a program read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputRead {
    All,
    Nothing,
    Some,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) time: Duration,
    pub(super) kept: usize,
}

/// Which of the program's outputs are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listen {
    ToBoth,
    ToOutput,
}

/// Runs a program that is given these bytes to read: as a file that lies nowhere but in memory. Through a pipe it would
/// take what was written before this process was killed for the whole (seen: 17 empty challenges in 996).
pub(super) fn run_with(
    argv: &[OsString],
    input: &[u8],
    limits: Limits,
    listen: Listen,
    variables: &[(OsString, OsString)],
) -> Ended {
    match in_memory(input) {
        Ok(file) => run(argv, file, limits, listen, variables),
        Err(error) => Ended::not_started(error),
    }
}

pub(super) fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("message", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// The one way a program is run: started with its input, waited for, and listened to until its last words.
pub(super) fn run(
    argv: &[OsString],
    input: File,
    limits: Limits,
    listen: Listen,
    variables: &[(OsString, OsString)],
) -> Ended {
    run_watched(argv, input, limits, listen, variables, (Duration::MAX, &mut || ()))
}

/// The same, with something that is done once if it still runs after that time.
pub(super) fn run_watched(
    argv: &[OsString],
    input: File,
    limits: Limits,
    listen: Listen,
    variables: &[(OsString, OsString)],
    late: (Duration, &mut dyn FnMut()),
) -> Ended {
    let started =
        input.try_clone().and_then(|ours| Ok((ours, Running::start(argv, input, limits, listen, variables)?)));
    let (file, mut running) = match started {
        Ok(started) => started,
        Err(error) => return Ended::not_started(error),
    };
    let how = running.await_end(late);
    running.last_words();
    let output = std::mem::take(&mut running.output);
    Ended { how, output, overflowed: running.overflowed, read: how_much_was_read(file) }
}

impl Ended {
    pub(super) fn not_started(error: io::Error) -> Ended {
        Ended { how: How::NotStarted(error), output: Vec::new(), overflowed: false, read: InputRead::Nothing }
    }
}

/// How far somebody has read who shares this open file; an empty one needs no reading.
fn how_much_was_read(mut file: File) -> InputRead {
    let length = file.metadata().map_or(u64::MAX, |status| status.len());
    match file.stream_position().unwrap_or_default() {
        position if position >= length => InputRead::All,
        0 => InputRead::Nothing,
        _ => InputRead::Some,
    }
}

/// A program that runs.
#[derive(Debug)]
struct Running {
    child: Child,
    /// None once every holder of the other end has closed it.
    output_pipe: Option<PipeReader>,
    output: Vec<u8>,
    kept: usize,
    overflowed: bool,
    /// Whether there is nothing left to kill: it has been reaped, or cannot be.
    gone: bool,
    deadline: Instant,
}

impl Running {
    /// Standard output and error share one pipe, so that the words stay in order.
    ///
    /// Rust gives the program default handling of SIGPIPE and an empty signal mask. Other signals that our own
    /// caller ignores stay ignored; no safe call changes that, and SIGKILL, all we send, cannot be ignored.
    fn start(
        argv: &[OsString],
        input: File,
        limits: Limits,
        listen: Listen,
        variables: &[(OsString, OsString)],
    ) -> io::Result<Running> {
        let (program, arguments) = argv.split_first().ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&reader, true)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", SEARCH_PATH);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.current_dir("/").process_group(0).stdin(input);
        match listen {
            Listen::ToBoth => command.stderr(writer.try_clone()?),
            Listen::ToOutput => command.stderr(Stdio::null()),
        };
        command.stdout(writer);
        let child = command.spawn()?;
        // The command holds our copies of the writing end; while they live, the output has no end.
        drop(command);
        let deadline = Instant::now() + limits.time.min(LONGEST_LIMIT);
        Ok(Running {
            child,
            output_pipe: Some(reader),
            output: Vec::new(),
            kept: limits.kept,
            overflowed: false,
            gone: false,
            deadline,
        })
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Waits for the end, or kills. The output's end mostly comes with it and wakes us at once.
    fn await_end(&mut self, (late, on_late): (Duration, &mut dyn FnMut())) -> How {
        let mut pause = Duration::from_millis(1);
        let (begun, mut told) = (Instant::now(), false);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return self.end_with(status),
                Ok(None) if self.is_late() => return self.kill(),
                Ok(None) => {}
                Err(error) => {
                    // Nobody to wait for: our caller ignores SIGCHLD, and the system has reaped it.
                    self.gone = true;
                    return How::Lost(error);
                }
            }
            self.attend(pause);
            if !told && begun.elapsed() >= late {
                told = true;
                on_late();
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn has_ended(&mut self) -> bool {
        self.gone = self.gone || matches!(self.child.try_wait(), Ok(Some(_)));
        self.gone
    }

    fn end_with(&mut self, status: ExitStatus) -> How {
        self.gone = true;
        match (status.code(), status.signal()) {
            (Some(code), _) => How::Exited(code),
            (None, Some(signal)) => How::Killed(signal),
            (None, None) => How::Lost(io::Error::other("neither a code nor a signal")),
        }
    }

    /// Kills the program with its group and reaps it. Its number is ours until then, so nobody else is hit.
    fn kill(&mut self) -> How {
        // It may have ended this moment; then there is nothing to kill.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let until = Instant::now() + REAP_LIMIT;
        while !self.has_ended() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.gone = true;
        How::TimedOut
    }

    /// Hears what is still in the pipe. A queue runner that was left behind may keep it open for hours.
    fn last_words(&mut self) {
        let until = Instant::now() + GRACE;
        while self.output_pipe.is_some() && Instant::now() < until {
            self.attend(GRACE);
        }
    }

    /// Waits until the output has something, or `longest` is over, and takes the output.
    fn attend(&mut self, longest: Duration) {
        let timeout = Timespec::try_from(longest).unwrap_or_default();
        let mut watched: Vec<PollFd<'_>> =
            self.output_pipe.iter().map(|output| PollFd::new(output, PollFlags::IN)).collect();
        // An interrupted wait is a short one: every caller looks at the clock again.
        let _ = poll(&mut watched, Some(&timeout));
        self.take_output();
    }

    fn take_output(&mut self) {
        let mut chunk = [0; 4096];
        // Not for ever: a program that floods us must not keep us from looking at the clock.
        for _ in 0..64 {
            let Some(pipe) = &mut self.output_pipe else { return };
            match pipe.read(&mut chunk) {
                Ok(0) => self.output_pipe = None,
                Ok(count) => {
                    let room = self.kept - self.output.len();
                    self.overflowed |= count > room;
                    self.output.extend_from_slice(&chunk[..count.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.output_pipe = None,
            }
        }
    }
}

/// A program that we lose on the way out of an error is not left running.
impl Drop for Running {
    fn drop(&mut self) {
        if !self.gone {
            self.kill();
        }
    }
}

pub(super) fn handed_on() -> Vec<(OsString, OsString)> {
    HANDED_ON.iter().filter_map(|name| std::env::var_os(name).map(|value| (name.into(), value))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    /// Longer than any program of a test takes.
    pub(in crate::world) const PLENTY: Duration = Duration::from_secs(30);

    /// The words that have a shell run this.
    pub(in crate::world) fn shell(script: &str) -> Vec<OsString> {
        ["/bin/sh", "-c", script].map(OsString::from).to_vec()
    }

    #[test]
    fn an_answer_is_code_and_words_under_the_given_variables_alone() {
        let argv = shell("cat; echo \"$HOME $USER\" >&2; exit 99");
        let variables = [("HOME".into(), "/scratch".into())];
        let answer = answer_of(&argv, b"in ", &variables, PLENTY).unwrap();
        assert_eq!(answer, (99, b"in /scratch \n".to_vec()));
        assert!(answer_of(&shell("kill -9 $$"), b"", &[], PLENTY).is_err());
        assert!(answer_of(&["/nothing".into()], b"", &[], PLENTY).is_err());
    }

    #[test]
    fn an_answer_is_standard_output_of_a_success_and_nothing_else() {
        assert_eq!(output_of(&shell("echo +; echo warning >&2"), PLENTY).unwrap(), b"+\n");
        for script in ["echo +; exit 1", "echo +; kill -9 $$", "yes | head -c 70000", "exit 137"] {
            assert!(output_of(&shell(script), PLENTY).is_err(), "{script}");
        }
        assert_eq!(output_of(&shell("yes | head -c 65536"), PLENTY).unwrap().len(), ANSWER_LIMIT);
        let error = output_of(&shell("sleep 20"), SECOND).unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh did not end within 1 seconds");
        assert!(output_of(&["/nothing/here".into()], PLENTY).unwrap_err().to_string().contains("/nothing/here"));
        assert!(output_of(&[], PLENTY).is_err());
    }
}
