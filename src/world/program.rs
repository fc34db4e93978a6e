//! Other programs: started, fed, listened to, and ended.
//!
//! Promises: no shell; the program gets its input, one output pipe, five variables and nothing else of ours; it
//! cannot block us by not reading, by flooding its output or by leaving somebody behind who keeps that open;
//! after its time it is killed with its group. Never touches: files, the store, what the program is for.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};
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
    let ended = run(argv, Input::Bytes(b""), limits, Listen::ToOutput, &handed_on());
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
    let ended = run(argv, Input::Bytes(input), limits, Listen::ToBoth, variables);
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
    /// Whether it read its input: all of a pipe, some of a file.
    pub(super) all_read: bool,
}

/// What a program is given to read.
#[derive(Debug)]
pub(super) enum Input<'a> {
    /// Through a pipe.
    Bytes(&'a [u8]),
    /// As it is.
    File(File),
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

/// The one way a program is run: start, feed, wait until it has read everything, wait for its end, listen to the
/// last words.
pub(super) fn run(
    argv: &[OsString],
    input: Input<'_>,
    limits: Limits,
    listen: Listen,
    variables: &[(OsString, OsString)],
) -> Ended {
    let started = match input {
        Input::Bytes(bytes) => Running::start(argv, Stdio::piped(), limits, listen, variables).map(|mut running| {
            // When the pipe breaks or time runs out, the program's end tells more than the failure of writing.
            let _ = running.write_all(bytes);
            running.await_reading();
            (running, None)
        }),
        Input::File(file) => file.try_clone().and_then(|ours| {
            Running::start(argv, Stdio::from(file), limits, listen, variables).map(|running| (running, Some(ours)))
        }),
    };
    let (mut running, file) = match started {
        Ok(started) => started,
        Err(error) => {
            return Ended { how: How::NotStarted(error), output: Vec::new(), overflowed: false, all_read: false };
        }
    };
    let how = running.await_end();
    running.last_words();
    let all_read = file.map_or(running.all_read, has_been_read);
    let output = std::mem::take(&mut running.output);
    Ended { how, output, overflowed: running.overflowed, all_read }
}

/// Whether somebody who shares this open file has read from it; an empty one needs no reading.
fn has_been_read(mut file: File) -> bool {
    let length = file.metadata().map_or(0, |status| status.len());
    length == 0 || file.stream_position().is_ok_and(|position| position > 0)
}

/// A program that runs. Writing to it is writing to its standard input, while its output is listened to.
#[derive(Debug)]
struct Running {
    child: Child,
    /// None once the program has closed its end, or we ours.
    input: Option<ChildStdin>,
    /// None once every holder of the other end has closed it.
    output_pipe: Option<PipeReader>,
    output: Vec<u8>,
    kept: usize,
    overflowed: bool,
    all_read: bool,
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
        stdin: Stdio,
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
        command.current_dir("/").process_group(0).stdin(stdin);
        match listen {
            Listen::ToBoth => command.stderr(writer.try_clone()?),
            Listen::ToOutput => command.stderr(Stdio::null()),
        };
        command.stdout(writer);
        let mut child = command.spawn()?;
        // The command holds our copies of the writing end; while they live, the output has no end.
        drop(command);
        let input = child.stdin.take();
        let deadline = Instant::now() + limits.time.min(LONGEST_LIMIT);
        let mut running = Running {
            child,
            input,
            output_pipe: Some(reader),
            output: Vec::new(),
            kept: limits.kept,
            overflowed: false,
            all_read: false,
            gone: false,
            deadline,
        };
        let nonblocking = running.input.as_ref().map_or(Ok(()), |input| ioctl_fionbio(input, true));
        if let Err(error) = nonblocking {
            running.kill();
            return Err(error.into());
        }
        Ok(running)
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Waits until the program has taken in what was written, and only then shows it the end.
    ///
    /// A small message fits into the pipe and is written at once, whether anybody reads it or not; a program that
    /// ended with 0 and left it there has not taken it.
    fn await_reading(&mut self) {
        let mut pause = Duration::from_millis(1);
        let mut nobody_reads = false;
        loop {
            // Asked before the pipe is: what was read up to that moment is then counted.
            let over = nobody_reads || self.is_late() || self.has_ended();
            let Some(input) = &self.input else { return };
            // A system that cannot tell how much is unread (none that we know) is believed.
            self.all_read = ioctl_fionread(input).unwrap_or(0) == 0;
            if self.all_read || nobody_reads {
                self.input = None;
            }
            if self.all_read || over {
                return;
            }
            nobody_reads = self.attend(PollFlags::empty(), pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits for the end, or kills. The output's end mostly comes with it and wakes us at once.
    fn await_end(&mut self) -> How {
        let mut pause = Duration::from_millis(1);
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
            self.attend(PollFlags::empty(), pause);
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
        self.input = None;
        How::TimedOut
    }

    /// Hears what is still in the pipe. A queue runner that was left behind may keep it open for hours.
    fn last_words(&mut self) {
        self.input = None;
        let until = Instant::now() + GRACE;
        while self.output_pipe.is_some() && Instant::now() < until {
            self.attend(PollFlags::empty(), GRACE);
        }
    }

    /// Waits until the input is ready, the output has something, or `longest` is over; takes the output. Gives
    /// whether nobody can read the input any more.
    fn attend(&mut self, input_for: PollFlags, longest: Duration) -> bool {
        let timeout = Timespec::try_from(longest).unwrap_or_default();
        let mut watched = Vec::with_capacity(2);
        if let Some(output) = &self.output_pipe {
            watched.push(PollFd::new(output, PollFlags::IN));
        }
        if let Some(input) = &self.input {
            watched.push(PollFd::new(input, input_for));
        }
        // An interrupted wait is a short one: every caller looks at the clock again.
        let _ = poll(&mut watched, Some(&timeout));
        let last = watched.last().map_or(PollFlags::empty(), PollFd::revents);
        let nobody_reads = self.input.is_some() && last.contains(PollFlags::ERR);
        self.take_output();
        nobody_reads
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

impl Write for Running {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let Some(input) = &self.input else {
                return Err(ErrorKind::BrokenPipe.into());
            };
            match rustix::io::write(input, bytes) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if self.is_late() => {
                    return Err(ErrorKind::TimedOut.into());
                }
                Err(Errno::AGAIN) => {
                    self.attend(PollFlags::OUT, Duration::from_millis(100));
                }
                // A broken pipe, mostly.
                Err(_) => self.input = None,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
