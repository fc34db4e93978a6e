//! Sendmail for what we write, and the command that stands for an inbox.
//!
//! Promises: what is not known to be refused is never called refused: that answer is tried again, and a challenge
//! must not go out twice. Never touches: files, the store, the message.

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use super::program::{Ended, How, InputRead, Limits, Listen, handed_on, in_memory, run, run_watched};
use crate::mail::address::Address;
use crate::policy::standing::SENDMAIL_SECONDS;

/// How long sendmail may take. Postfix's waits for ever when its queue cannot be written to (measured).
pub const SENDMAIL_LIMIT: Duration = Duration::from_secs(SENDMAIL_SECONDS as u64);
/// Most bytes of a program's words that are kept for the log.
pub const SAID_LIMIT: usize = 2 * 1024;
/// What sendmail would say to an address that is no address (sysexits: EX_DATAERR).
const BAD_DATA: i32 = 65;

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
    /// It ended with 0 and had read what it was given.
    Sent,
    /// Perhaps taken, so never to be tried again by itself: killed, out of time, lost track of, ended with 0
    /// without reading, or with 128 and above (how a shell or ssh says that what it ran was killed).
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
    ///
    /// If it still runs after `late.0`, what `late.1` says is done once.
    pub fn send(
        &self,
        from: Option<&Address>,
        to: &Address,
        message: &[u8],
        late: (Duration, &mut dyn FnMut()),
    ) -> Outcome {
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
        let ended = match in_memory(message) {
            Ok(file) => run_watched(&argv, file, limits, Listen::ToBoth, &handed_on(), late),
            Err(error) => Ended::not_started(error),
        };
        outcome(ended, |read| read == InputRead::All)
    }
}

/// Gives a message to the command that stands for an inbox. The file is its standard input, from where the file
/// stands: whenever this process dies, the program has the whole message. Through a pipe it would see the end of a
/// part and take that for the whole.
///
/// A program that ends with 0 and has read nothing has not taken it. How far it reads is its own affair.
#[must_use]
pub fn feed(argv: &[OsString], message: File, time_limit: Duration) -> Outcome {
    let limits = Limits { time: time_limit, kept: SAID_LIMIT };
    outcome(run(argv, message, limits, Listen::ToBoth, &handed_on()), |read| read != InputRead::Nothing)
}

fn outcome(ended: Ended, is_taken: impl Fn(InputRead) -> bool) -> Outcome {
    let said = String::from_utf8_lossy(&ended.output).trim().to_owned();
    let unknown =
        |what: String| Outcome::Unknown { said: if said.is_empty() { what } else { format!("{what}: {said}") } };
    match ended.how {
        How::Exited(0) if is_taken(ended.read) => Outcome::Sent,
        How::Exited(0) => unknown("it ended with 0 without reading its standard input".to_owned()),
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Seek, Write};
    use std::path::Path;
    use std::time::Instant;

    use super::super::program::run_with;
    use super::super::program::tests::{PLENTY, shell};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// As sendmail gets it.
    fn feed_bytes(script: &str, bytes: &[u8], limit: Duration) -> Outcome {
        let limits = Limits { time: limit, kept: SAID_LIMIT };
        outcome(run_with(&shell(script), bytes, limits, Listen::ToBoth, &handed_on()), |read| read == InputRead::All)
    }

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn a_file_is_given_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        let message: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let script = format!("cat > {}", taken.display());
        assert_eq!(feed(&shell(&script), file_of(&message), PLENTY), Outcome::Sent);
        assert_eq!(fs::read(&taken).unwrap(), message);
        // A program may well stop at what it wanted to know.
        assert_eq!(feed(&shell("head -c 5 > /dev/null"), file_of(&message), PLENTY), Outcome::Sent);
        assert_eq!(feed(&shell("exit 0"), file_of(b""), PLENTY), Outcome::Sent);
        assert_unknown(&feed(&shell("exit 0"), file_of(&message), PLENTY), "without reading");
        assert_unknown(&feed(&shell("sleep 20"), file_of(&message), SECOND / 5), "did not end in time");
        let refused = feed(&shell("cat > /dev/null; echo full; exit 75"), file_of(&message), PLENTY);
        assert_eq!(refused, Outcome::Refused { code: 75, said: "full".to_owned() });
    }

    /// A program in a scratch folder. A shell writes it: would this process hold it open for writing while another
    /// test starts a program, it could not be started ("Text file busy").
    fn fake(folder: &Path, script: &str) -> Sendmail {
        let program = folder.join("sendmail");
        let argv = [shell("cat > \"$0\" && chmod 755 \"$0\""), vec![program.clone().into_os_string()]].concat();
        let text = format!("#!/bin/sh\n{script}\n");
        assert_eq!(feed(&argv, file_of(text.as_bytes()), PLENTY), Outcome::Sent);
        Sendmail { program, time_limit: PLENTY }
    }

    fn never() -> (Duration, &'static mut dyn FnMut()) {
        (Duration::MAX, Box::leak(Box::new(|| ())))
    }

    #[test]
    fn who_runs_late_is_told_of_once_and_who_does_not_never() {
        let folder = tempfile::tempdir().unwrap();
        let bob = Address::parse("bob@example.net").unwrap();
        for (script, times) in [("cat > /dev/null", 0), ("cat > /dev/null; sleep 1", 1)] {
            let mut told = 0;
            let sendmail = fake(folder.path(), script);
            assert_eq!(sendmail.send(None, &bob, b"", (SECOND / 2, &mut || told += 1)), Outcome::Sent);
            assert_eq!(told, times, "{script}");
        }
    }

    fn send(script: &str) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        fake(folder.path(), script).send(
            None,
            &Address::parse("bob@example.net").unwrap(),
            b"A: b\n\n.\nbody\n",
            never(),
        )
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
        assert!(matches!(sendmail.send(None, &bob, b"", never()), Outcome::Refused { code: 126, .. }));
        sendmail.program = folder.path().join("nothing");
        assert!(matches!(sendmail.send(None, &bob, b"", never()), Outcome::Refused { code: 127, .. }));
        assert!(matches!(feed(&[], file_of(b""), SECOND), Outcome::Refused { code: 127, .. }));
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
    fn sendmail_gets_exactly_these_words_and_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let script =
            format!("printf '%s\\n' \"$#\" \"$@\" > {at}/argv; cat > {at}/input; pwd > {at}/pwd; env > {at}/env");
        let sendmail = fake(folder.path(), &script);
        let message: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        assert_eq!(
            sendmail.send(None, &Address::parse("o'br|ien@example.net").unwrap(), &message, never()),
            Outcome::Sent
        );
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
}
