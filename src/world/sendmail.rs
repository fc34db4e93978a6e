//! Other programs: sendmail for what we write, and the command that stands for an inbox.
//!
//! Promises: no shell; the program gets its input, one output pipe, five variables and nothing else of ours; it
//! cannot block us by not reading, by flooding its output or by leaving somebody behind who keeps that open;
//! after its time it is killed with its group. What is not known to be refused is never called refused: that
//! answer is tried again, and a challenge must not go out twice. Never touches: files, the store, the message.

use std::ffi::OsString;
use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::mail::address::Address;

/// How long sendmail may take. Postfix's waits for ever when its queue cannot be written to (measured).
pub const SENDMAIL_LIMIT: Duration = Duration::from_secs(60);
/// Most bytes of a program's words that are kept for the log.
pub const SAID_LIMIT: usize = 2 * 1024;
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
/// What sendmail would say to an address that is no address (sysexits: EX_DATAERR).
const BAD_DATA: i32 = 65;
/// Where programs are looked for. Several mail systems give us no PATH, or one without `sbin`.
const SEARCH_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What else is handed on: programs read their user's settings by these. `MAIL_CONFIG` is not among them: mail
/// from a cron job and mail from a delivery shall leave by the same Postfix instance.
const HANDED_ON: [&str; 4] = ["HOME", "USER", "LOGNAME", "TZ"];

/// The program that sends mail.
#[derive(Clone, Debug)]
pub struct Sendmail {
    /// Its absolute path; a bare name is looked for in the four system folders.
    pub program: PathBuf,
    /// After that time it is killed.
    pub time_limit: Duration,
}

/// What became of a message that was given to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Definitely not taken: the program could not be started, or ended with a code from 1 to 127.
    Refused {
        /// Its code; 127 for a program that is not there and 126 for one that cannot be run, as shells have it.
        code: i32,
        /// The first of what it said, at most [`SAID_LIMIT`] bytes; foreign text.
        said: String,
    },
    /// It ended with 0 after reading everything.
    Sent,
    /// Perhaps taken, so never to be tried again by itself: killed, out of time, lost track of, ended with 0
    /// without reading everything, or with 128 and above (how a shell or ssh says that what it ran was killed).
    Unknown {
        /// What happened, and the first of what it said; foreign text.
        said: String,
    },
}

impl Sendmail {
    /// Sends one message to one recipient from the null sender: `sendmail -i -f '<>' -- ADDRESS`.
    ///
    /// Every word is needed: `-i` or a line with a dot ends the message; the null sender or a bounce comes back
    /// and is answered; `--` and no leading hyphen, or an address is taken for an option (nullmailer, measured).
    pub fn send(&self, from: Option<&Address>, to: &Address, message: &[u8]) -> Outcome {
        let recipient = to.to_string();
        let sender = from.map_or("<>".to_owned(), ToString::to_string);
        if recipient.starts_with('-') || sender.starts_with('-') {
            return Outcome::Refused { code: BAD_DATA, said: "the address begins with a hyphen".to_owned() };
        }
        let argv = [
            self.program.clone().into_os_string(),
            "-i".into(),
            "-f".into(),
            sender.into(),
            "--".into(),
            recipient.into(),
        ];
        let limits = Limits { time: self.time_limit, kept: SAID_LIMIT };
        // Memory cannot fail to be read, so there is no other error than the program's.
        let ended = run(&argv, &mut |sink| Ok(sink.write_all(message)?), limits, Listen::ToBoth, &handed_on());
        outcome(ended)
    }
}

/// Gives a message to the command that stands for an inbox; `source` writes it.
///
/// # Errors
/// Only what `source` itself says. The program is then killed before it can see the end of its input, so that it
/// does not take a part for the whole; the message counts as not taken.
pub fn feed(
    argv: &[OsString],
    source: &mut dyn FnMut(&mut dyn Write) -> anyhow::Result<()>,
    time_limit: Duration,
) -> anyhow::Result<Outcome> {
    let limits = Limits { time: time_limit, kept: SAID_LIMIT };
    let mut ended = run(argv, source, limits, Listen::ToBoth, &handed_on());
    match ended.source_error.take() {
        Some(error) => Err(error),
        None => Ok(outcome(ended)),
    }
}

/// Runs a program without input and gives what it wrote to standard output; its standard error is dropped.
///
/// # Errors
/// It cannot be started, does not end with 0 in time, or says more than [`ANSWER_LIMIT`] bytes.
pub fn output_of(argv: &[OsString], time_limit: Duration) -> anyhow::Result<Vec<u8>> {
    let name = argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let limits = Limits { time: time_limit, kept: ANSWER_LIMIT };
    let ended = run(argv, &mut |_| Ok(()), limits, Listen::ToOutput, &handed_on());
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
    let ended = run(argv, &mut |sink| Ok(sink.write_all(input)?), limits, Listen::ToBoth, variables);
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
enum How {
    Exited(i32),
    Killed(i32),
    /// The system would not tell how it ended.
    Lost(io::Error),
    NotStarted(io::Error),
    TimedOut,
}

/// A program's end and what is known about its life.
#[derive(Debug)]
struct Ended {
    how: How,
    output: Vec<u8>,
    /// Whether it wrote more than was kept.
    overflowed: bool,
    /// Whether it read all of its input.
    all_read: bool,
    /// Why the input ended early through no fault of the program.
    source_error: Option<anyhow::Error>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    time: Duration,
    kept: usize,
}

/// Which of the program's outputs are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listen {
    ToBoth,
    ToOutput,
}

fn outcome(ended: Ended) -> Outcome {
    let said = String::from_utf8_lossy(&ended.output).trim().to_owned();
    let unknown =
        |what: String| Outcome::Unknown { said: if said.is_empty() { what } else { format!("{what}: {said}") } };
    match ended.how {
        How::Exited(0) if ended.all_read => Outcome::Sent,
        How::Exited(0) => unknown("it ended with 0 without reading the whole message".to_owned()),
        How::Exited(code @ 1..=127) => Outcome::Refused { code, said },
        How::Exited(code) => unknown(format!("it ended with {code}")),
        How::Killed(signal) => unknown(format!("it was killed by signal {signal}")),
        How::Lost(error) => unknown(format!("it was lost track of ({error})")),
        How::NotStarted(error) => {
            let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
            Outcome::Refused { code, said: format!("cannot start it: {error}") }
        }
        How::TimedOut => unknown("it did not end in time and was killed".to_owned()),
    }
}

/// The one way a program is run: start, feed, wait until it has read everything, wait for its end, listen to the
/// last words.
fn run(
    argv: &[OsString],
    source: &mut dyn FnMut(&mut dyn Write) -> anyhow::Result<()>,
    limits: Limits,
    listen: Listen,
    variables: &[(OsString, OsString)],
) -> Ended {
    let mut running = match Running::start(argv, limits, listen, variables) {
        Ok(running) => running,
        Err(error) => {
            let how = How::NotStarted(error);
            return Ended { how, output: Vec::new(), overflowed: false, all_read: false, source_error: None };
        }
    };
    let written = source(&mut running);
    let how = if written.is_err() && running.input.is_some() {
        // Killed while its input is still open: it must not take a part for the whole.
        running.kill()
    } else {
        running.await_reading();
        running.await_end()
    };
    running.last_words();
    // When the pipe broke or time ran out, the program's end tells more than the failure of writing.
    let source_error = written.err().filter(|_| !running.write_failed);
    let output = std::mem::take(&mut running.output);
    Ended { how, output, overflowed: running.overflowed, all_read: running.all_read, source_error }
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
    /// Whether writing failed by the program's doing.
    write_failed: bool,
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
        command.current_dir("/").process_group(0).stdin(Stdio::piped());
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
            write_failed: false,
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
                self.write_failed = true;
                return Err(ErrorKind::BrokenPipe.into());
            };
            match rustix::io::write(input, bytes) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if self.is_late() => {
                    self.write_failed = true;
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

fn handed_on() -> Vec<(OsString, OsString)> {
    HANDED_ON.iter().filter_map(|name| std::env::var_os(name).map(|value| (name.into(), value))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PLENTY: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Vec<OsString> {
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

    fn feed_bytes(script: &str, bytes: &[u8], limit: Duration) -> Outcome {
        feed(&shell(script), &mut |sink| Ok(sink.write_all(bytes)?), limit).unwrap()
    }

    /// A program in a scratch folder. A shell writes it: would this process hold it open for writing while another
    /// test starts a program, it could not be started ("Text file busy").
    fn fake(folder: &Path, script: &str) -> Sendmail {
        let program = folder.join("sendmail");
        let argv = [shell("cat > \"$0\" && chmod 755 \"$0\""), vec![program.clone().into_os_string()]].concat();
        let text = format!("#!/bin/sh\n{script}\n");
        assert_eq!(feed(&argv, &mut |sink| Ok(sink.write_all(text.as_bytes())?), PLENTY).unwrap(), Outcome::Sent);
        Sendmail { program, time_limit: PLENTY }
    }

    fn send(script: &str) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        fake(folder.path(), script).send(None, &Address::parse("bob@example.net").unwrap(), b"A: b\n\n.\nbody\n")
    }

    #[track_caller]
    fn assert_unknown(outcome: &Outcome, words: &str) {
        assert!(matches!(outcome, Outcome::Unknown { said } if said.contains(words)), "{outcome:?}");
    }

    #[test]
    fn a_code_from_1_to_127_is_a_refusal() {
        for code in [1, 64, 65, 70, 75, 100, 126, 127] {
            let outcome = send(&format!("cat > /dev/null; echo no, thanks >&2; exit {code}"));
            assert_eq!(outcome, Outcome::Refused { code, said: "no, thanks".to_owned() });
        }
    }

    #[test]
    fn what_may_have_been_taken_is_never_called_refused() {
        assert_unknown(&send("cat > /dev/null; exit 137"), "it ended with 137");
        assert_unknown(&send("cat > /dev/null; exit 255"), "it ended with 255");
        assert_unknown(&send("cat > /dev/null; kill -9 $$"), "killed by signal 9");
        assert_unknown(&send("exit 0"), "without reading");
        assert_unknown(&send("exec <&-; exit 0"), "without reading");
        assert_unknown(&send("read line; exit 0 # the shell reads byte by byte"), "without reading");
        assert_unknown(&feed_bytes("exit 0", &[b'x'; 1_000_000], PLENTY), "without reading");
        assert_unknown(&feed_bytes("head -c 500000 > /dev/null", &[b'x'; 1_000_000], PLENTY), "without reading");
    }

    #[test]
    fn a_program_may_end_without_seeing_the_end() {
        for _ in 0..20 {
            assert_eq!(feed_bytes("head -c 5 > /dev/null", b"12345", PLENTY), Outcome::Sent);
        }
        assert_eq!(feed_bytes("cat > /dev/null", b"", PLENTY), Outcome::Sent);
    }

    #[test]
    fn the_reason_of_an_early_refusal_is_not_lost_in_a_broken_pipe() {
        let outcome = feed_bytes("exec <&-; sleep 0.1; echo too big; exit 65", &[b'x'; 1_000_000], PLENTY);
        assert_eq!(outcome, Outcome::Refused { code: 65, said: "too big".to_owned() });
    }

    #[test]
    fn a_program_that_cannot_be_started_is_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let bob = Address::parse("bob@example.net").unwrap();
        let mut sendmail = fake(folder.path(), "cat > /dev/null");
        fs::set_permissions(&sendmail.program, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        assert!(matches!(sendmail.send(None, &bob, b""), Outcome::Refused { code: 126, .. }));
        sendmail.program = folder.path().join("nothing");
        assert!(matches!(sendmail.send(None, &bob, b""), Outcome::Refused { code: 127, .. }));
        assert!(matches!(feed(&[], &mut |_| Ok(()), SECOND), Ok(Outcome::Refused { code: 127, .. })));
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_group() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let begun = Instant::now();
        for script in ["sleep 20", "cat > /dev/null; sleep 20", "exec <&-; sleep 20", "trap '' TERM HUP INT; sleep 20"]
        {
            let script = format!("(sleep 1; echo alive > {}) & {script}", mark.display());
            assert_unknown(&feed_bytes(&script, b"small", SECOND / 3), "did not end in time");
            assert_unknown(&feed_bytes(&script, &[b'x'; 1_000_000], SECOND / 20), "did not end in time");
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(SECOND);
        assert!(!mark.exists(), "a child of the killed program lived on");
    }

    #[test]
    fn a_flood_does_not_block_and_is_not_kept() {
        let flood = "yes | head -c 3000000; cat > /dev/null; yes | head -c 3000000 >&2; exit 7";
        let Outcome::Refused { code: 7, said } = feed_bytes(flood, &[b'x'; 1_000_000], PLENTY) else { panic!("taken") };
        assert!(said.len() <= SAID_LIMIT && said.starts_with("y\ny\n"));
        assert_unknown(&feed_bytes("cat > /dev/null; exec yes", b"small", SECOND), "did not end in time");
        assert_unknown(&feed_bytes("exec yes", &[b'x'; 1_000_000], SECOND), "did not end in time");
    }

    #[test]
    fn somebody_left_behind_does_not_hold_us_up() {
        let begun = Instant::now();
        assert_eq!(feed_bytes("cat > /dev/null; sleep 20 & echo said; exit 0", b"small", PLENTY), Outcome::Sent);
        let left = feed_bytes("cat > /dev/null; sleep 20 & echo said; exit 3", b"small", PLENTY);
        assert_eq!(left, Outcome::Refused { code: 3, said: "said".to_owned() });
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_source_that_fails_never_gives_a_part_for_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("cat > /dev/null; echo taken > {}", mark.display());
        for length in [0, 5, 1_000_000] {
            let mut source = |sink: &mut dyn Write| {
                sink.write_all(&vec![b'x'; length])?;
                bail!("the disk is broken")
            };
            let error = feed(&shell(&script), &mut source, PLENTY).unwrap_err();
            assert_eq!(error.to_string(), "the disk is broken");
        }
        std::thread::sleep(Duration::from_millis(200));
        assert!(!mark.exists());
    }

    #[test]
    fn a_source_that_fails_late_is_not_taken_either() {
        let mut source = |sink: &mut dyn Write| {
            sink.write_all(b"part")?;
            std::thread::sleep(Duration::from_millis(150));
            bail!("the disk is broken")
        };
        let error = feed(&shell("cat > /dev/null"), &mut source, Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.to_string(), "the disk is broken");
    }

    #[test]
    fn sendmail_gets_exactly_these_words_and_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let script =
            format!("printf '%s\\n' \"$#\" \"$@\" > {at}/argv; cat > {at}/input; pwd > {at}/pwd; env > {at}/env");
        let sendmail = fake(folder.path(), &script);
        let message: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        assert_eq!(sendmail.send(None, &Address::parse("o'br|ien@example.net").unwrap(), &message), Outcome::Sent);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("argv"), "5\n-i\n-f\n<>\n--\no'br|ien@example.net\n");
        assert_eq!(fs::read(folder.path().join("input")).unwrap(), message);
        assert_eq!(read("pwd"), "/\n");
        let known = [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=",
            "USER=",
            "LOGNAME=",
            "TZ=",
            "PWD=",
            "OLDPWD=",
            "_=",
            "SHLVL=",
        ];
        let environment = read("env");
        assert!(environment.lines().all(|line| known.iter().any(|start| line.starts_with(start))), "{environment}");
        assert!(environment.contains(known[0]));
    }

    #[test]
    fn no_address_can_be_an_option() {
        // Address refuses it already; should that change, this is the second lock.
        assert!(Address::parse("-oX@example.net").is_err());
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
