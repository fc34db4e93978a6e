//! The program behind `countersign sendmail`: this process becomes it, or hands it a message and waits for its end.
//!
//! Promises: its arguments, environment, file mode mask, working folder, outputs and descriptors are those that our caller
//! gave us, but for one variable by which a circle is known; it gets the message whole or, where we are told to end while we
//! hand it on, is killed before it can take a part for the whole. Never touches: what the message says, the store.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::low_level::{emulate_default_handler, pipe};

use super::descriptors;
use super::input::Incoming;
use super::program::in_memory;

/// Set for the program that is started, so that we know ourselves at the end of a circle of scripts.
const GUARD: &str = "COUNTERSIGN_SENDMAIL";
/// What ends a process, and our caller or a person may send.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// In place of the program's number, while that is not known.
const STARTING: usize = usize::MAX;

/// The program, and what it is called with.
#[derive(Clone, Copy, Debug)]
pub struct Relay<'a> {
    /// Its path.
    pub program: &'a Path,
    /// Without its name.
    pub arguments: &'a [OsString],
}

/// How the program ended.
#[derive(Debug)]
pub enum Relayed {
    /// With this number; 128 and the signal's where it was killed, as a shell says it.
    Ended(u8),
    /// It was killed by us, since our own input broke off.
    Broken(io::Error),
    /// It could not be started.
    NotStarted(io::Error),
}

/// Whether that program is this one, under whatever name.
#[must_use]
pub fn is_this_program(program: &Path) -> bool {
    let of = |path: &Path| fs::metadata(path).map(|status| (status.dev(), status.ino()));
    let own = std::env::current_exe().and_then(|path| of(&path));
    own.is_ok_and(|own| of(program).is_ok_and(|other| other == own))
}

/// Whether that program is this one, or has started this one.
#[must_use]
pub fn leads_back(program: &Path) -> bool {
    is_this_program(program) || std::env::var_os(GUARD).is_some()
}

impl Relay<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments).env(GUARD, "1");
        command
    }

    /// This process becomes the program, with nothing of its input read. Comes back only where that cannot be.
    #[must_use]
    pub fn become_it(&self) -> io::Error {
        self.command().exec()
    }

    /// Starts the program, gives it these bytes and what follows the start of the input, and waits for its end.
    pub fn hand_on<R: Read>(&self, first: &[u8], rest: &mut Incoming<R>) -> Relayed {
        // How it ended is lost where our caller ignores the signal of a child's end.
        descriptors::hear_of_children();
        let whole = Arc::new(AtomicBool::new(false));
        let watch = Watch::begin(Arc::clone(&whole));
        let mut command = self.command();
        // A message that is in memory is given as a file: whenever we die, the program has all of it.
        let file = if rest.is_whole() { in_memory(first).ok() } else { None };
        command.stdin(file.map_or_else(Stdio::piped, File::into));
        watch.child_is(STARTING);
        let started = command.spawn();
        watch.child_is(started.as_ref().map_or(0, |child| usize::try_from(child.id()).unwrap_or_default()));
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Relayed::NotStarted(error),
        };
        // It holds our copy of the file.
        drop(command);
        let mut pipe = child.stdin.take();
        if let Some(Err(error)) = pipe.as_mut().map(|pipe| feed(pipe, first, rest)) {
            // It may have gone meanwhile; then it had less than the whole, and said so. It must not live to see the end of
            // the pipe, which it would take for the end of the message.
            drop(child.kill());
            drop(pipe);
            drop(child.wait());
            return Relayed::Broken(error);
        }
        drop(pipe);
        whole.store(true, Ordering::SeqCst);
        let ended = child.wait();
        watch.child_is(0);
        match ended {
            Ok(status) => Relayed::Ended(number(status)),
            Err(error) => Relayed::Broken(error),
        }
    }
}

/// As a shell says it.
fn number(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

/// Writes everything to the program. One that reads no further is no error: how it ends says why.
fn feed<R: Read>(pipe: &mut ChildStdin, first: &[u8], rest: &mut Incoming<R>) -> io::Result<()> {
    let mut refused = None;
    let mut put = |piece: &[u8]| {
        pipe.write_all(piece).map_err(|error| {
            refused = Some(error.kind());
            error.into()
        })
    };
    let copied = put(first).and_then(|()| rest.copy_rest(&mut put));
    match (copied, refused) {
        (Ok(_), _) | (Err(_), Some(ErrorKind::BrokenPipe)) => Ok(()),
        (Err(error), _) => Err(io::Error::other(format!("{error:#}"))),
    }
}

/// Waits for a signal that is to end us, ends the program first, and then does what the signal would have done.
struct Watch {
    /// The program's number; 0 where there is none, and [`STARTING`].
    child: Arc<AtomicUsize>,
}

impl Watch {
    /// Begins to listen. Where no thread can be made, signals do what they always do.
    fn begin(whole: Arc<AtomicBool>) -> Watch {
        let child = Arc::new(AtomicUsize::new(0));
        let watch = Watch { child: Arc::clone(&child) };
        let Ok((mut heard, told)) = UnixStream::pair() else { return watch };
        let came = Arc::new(AtomicUsize::new(0));
        let signal = Arc::clone(&came);
        let listen = move || {
            if heard.read_exact(&mut [0]).is_ok() {
                let signal = i32::try_from(signal.load(Ordering::SeqCst)).unwrap_or(SIGTERM);
                // It would take the end of its input for an empty message.
                while child.load(Ordering::SeqCst) == STARTING {
                    std::thread::sleep(Duration::from_millis(1));
                }
                end(child.load(Ordering::SeqCst), signal, whole.load(Ordering::SeqCst));
            }
        };
        if std::thread::Builder::new().spawn(listen).is_err() {
            return watch;
        }
        let ignored = ignored();
        for signal in ENDING.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0) {
            let Ok(told) = told.try_clone() else { continue };
            // The number stands there before the thread is woken. Without it, without the thread.
            let number = usize::try_from(signal).unwrap_or_default();
            if signal_hook::flag::register_usize(signal, Arc::clone(&came), number).is_ok() {
                drop(pipe::register(signal, told));
            }
        }
        watch
    }

    fn child_is(&self, number: usize) {
        self.child.store(number, Ordering::SeqCst);
    }
}

/// A program that has a part of the message must not see its end; one that has the whole is told what we were told.
fn end(child: usize, signal: i32, whole: bool) {
    let sent = if whole { Signal::from_named_raw(signal).unwrap_or(Signal::TERM) } else { Signal::KILL };
    if let Some(child) = i32::try_from(child).ok().and_then(Pid::from_raw) {
        // It may be gone.
        let _ = kill_process(child, sent);
    }
    drop(emulate_default_handler(signal));
}

/// The signals that our caller ignores (`nohup`, a job in the background), one bit each, as Linux says them; elsewhere none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::content::BODY_LIMIT;

    /// Gives what it has and then breaks.
    struct Breaking<'a>(&'a [u8]);

    impl Read for Breaking<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("broken"));
            }
            self.0.read(out)
        }
    }

    fn hand_on(script: &str, message: &[u8]) -> Relayed {
        let arguments = ["-c", script].map(OsString::from);
        let relay = Relay { program: Path::new("/bin/sh"), arguments: &arguments };
        let mut input = Incoming::read_start(message).unwrap();
        let start = input.shared_start();
        relay.hand_on(&start, &mut input)
    }

    #[test]
    fn every_byte_arrives_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        for length in [0, 1, BODY_LIMIT, BODY_LIMIT + 8, 3_000_000] {
            let message: Vec<u8> = (0..=255).cycle().take(length).collect();
            let ended = hand_on(&format!("cat > {}", taken.display()), &message);
            assert!(matches!(ended, Relayed::Ended(0)), "{ended:?}");
            assert!(fs::read(&taken).unwrap() == message, "{length} bytes");
        }
    }

    #[test]
    fn its_end_is_told_as_a_shell_tells_it() {
        let long = vec![b'x'; 3_000_000];
        for (script, wanted) in [
            ("exit 0", 0),
            ("exit 75", 75),
            ("exit 255", 255),
            ("kill -9 $$", 137),
            ("kill -TERM $$", 143),
            ("exec <&-; exit 3", 3),
            ("cat > /dev/null; exit 65", 65),
        ] {
            for message in [&b"A: b\n\n"[..], &long] {
                let ended = hand_on(script, message);
                assert!(matches!(ended, Relayed::Ended(number) if number == wanted), "{script}: {ended:?}");
            }
        }
    }

    #[test]
    fn a_message_that_breaks_off_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        let script = format!("cat > /dev/null; touch {}", taken.display());
        let long = vec![b'x'; 3_000_000];
        let mut input = Incoming::read_start(Breaking(&long)).unwrap();
        let start = input.shared_start();
        let arguments = ["-c".into(), script.into()];
        let ended = Relay { program: Path::new("/bin/sh"), arguments: &arguments }.hand_on(&start, &mut input);
        assert!(matches!(ended, Relayed::Broken(_)), "{ended:?}");
        assert!(!taken.exists());
    }

    #[test]
    fn what_cannot_be_started_says_why() {
        let relay = Relay { program: Path::new("/nothing/here"), arguments: &[] };
        let mut input = Incoming::read_start(&b"A: b\n\n"[..]).unwrap();
        let start = input.shared_start();
        let ended = relay.hand_on(&start, &mut input);
        assert!(matches!(&ended, Relayed::NotStarted(error) if error.kind() == ErrorKind::NotFound), "{ended:?}");
    }

    #[test]
    fn this_program_is_known_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("sendmail");
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &link).unwrap();
        assert!(is_this_program(&link) && leads_back(&link) && !is_this_program(Path::new("/bin/sh")));
        assert!(!is_this_program(Path::new("/nothing/here")));
    }
}
