//! The exit codes: the only numbers with which this program ends, and the one state that decides between them.
//!
//! Promises: with `deliver`, `filter` and `gate` nothing but 0, 75 and 99 is ever seen, whatever happens; a mail
//! system bounces on nearly every other number, often to a forged sender (measured on seven of them). Never
//! touches: anything else.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::alarm;

use crate::cli::SendmailLine;

/// How long a message may take to become durable. Every mail system waits longer and then bounces.
const WATCHDOG: Duration = Duration::from_secs(60);
/// What is left of that when a program that takes the message must have ended.
const RESERVE: Duration = Duration::from_secs(5);

/// Who runs the program, and so which numbers it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A mail system that takes 0 for delivered and 75 for later (`deliver`, `filter`).
    Delivery,
    /// A filter that takes 0 for taken, 99 for pass and all else for later (`gate`).
    Gate,
    /// A filter that takes a word and 0, and all else for later (`gate --word`).
    GateWord,
    /// A person or a script.
    Person,
    /// A mail program that takes us for sendmail, and so understands what that says (sysexits).
    Sendmail,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A bug of ours.
    Bug,
    /// The configuration, the keys or the store need a person.
    Config,
    /// All was done; the message is durable.
    Done,
    /// It cannot be done now.
    Later,
    /// Asked a question, the answer is no, or there is no such thing.
    No,
    /// The message is known and goes on its way.
    Pass,
    /// The program that did the work ended with this number, and who called us is to see it.
    Relayed(u8),
    /// The command line makes no sense.
    Usage,
}

/// The number that tells this caller how it ended. There are no others.
#[must_use]
pub fn code(caller: Caller, ending: Ending) -> u8 {
    use Caller::{Delivery, Gate, GateWord, Person, Sendmail};
    match (caller, ending) {
        (_, Ending::Done) | (GateWord | Delivery | Person | Sendmail, Ending::Pass) => 0,
        (Sendmail, Ending::Relayed(number)) => number,
        (Gate, Ending::Pass) => 99,
        (Person | Sendmail, Ending::No) => 1,
        (Person | Sendmail, Ending::Usage) => 64,
        (Person | Sendmail, Ending::Bug) | (Person, Ending::Relayed(_)) => 70,
        (Person | Sendmail, Ending::Config) => 78,
        (_, Ending::Later) | (Delivery | Gate | GateWord, _) => 75,
    }
}

/// Whether a command line may be a mail system's. Asked only when it could not be read or the run died: then a mail
/// system must see 75, and a person who sees it instead of another number loses nothing. What was read in full says
/// itself whom it is for, since a sender chooses some of its words (`--extension`). The words of sendmail are no commands.
#[must_use]
pub fn may_be_delivery(arguments: &[OsString]) -> bool {
    SendmailLine::read(arguments).is_none()
        && arguments.iter().skip(1).any(|word| ["deliver", "filter", "gate"].iter().any(|command| word == command))
}

/// Ends the run.
#[must_use]
pub fn exit(caller: Caller, ending: Ending) -> ExitCode {
    ExitCode::from(code(caller, ending))
}

/// Whether the message is durable. Before that a panic, a signal and the watchdog answer 75, after it 0.
#[derive(Clone, Debug, Default)]
pub struct Commitment {
    done: Arc<AtomicBool>,
    open: Arc<AtomicBool>,
    /// No mail system waits after all.
    unwatched: Arc<AtomicBool>,
    deadline: Arc<OnceLock<Instant>>,
}

impl Commitment {
    /// The one of this process.
    pub fn of_process() -> &'static Commitment {
        static STATE: OnceLock<Commitment> = OnceLock::new();
        STATE.get_or_init(|| Commitment { open: Arc::new(AtomicBool::new(true)), ..Commitment::default() })
    }

    /// The message is durable from here on, and the watchdog is over.
    pub fn commit(&self) {
        alarm::cancel();
        self.done.store(true, Ordering::SeqCst);
        self.open.store(false, Ordering::SeqCst);
    }

    /// Whether it is.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }

    /// The command line was a person's, who may take as long as it takes: no watchdog.
    pub fn stand_down(&self) {
        self.unwatched.store(true, Ordering::SeqCst);
        alarm::cancel();
    }

    /// How long something may still take so that the watchdog does not come first; `None` if there is none, or the
    /// message is durable.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let watched = !self.is_done() && !self.unwatched.load(Ordering::SeqCst);
        let deadline = self.deadline.get().filter(|_| watched)?;
        Some(deadline.saturating_duration_since(Instant::now()).saturating_sub(RESERVE))
    }

    /// Makes the signals that ask a process to end answer for the message: 75 before it is durable, `after` then. A
    /// process that dies by a signal bounces the mail in Exim, OpenSMTPD and Sendmail (measured). One of them is the process's
    /// own: where no memory is left, it aborts. A signal for a
    /// file that grew too large does nothing: the write fails, and that is an error like any other.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn answer_signals(&self, after: i32) -> std::io::Result<()> {
        use signal_hook::consts::{
            SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ,
        };
        for signal in [SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU] {
            signal_hook::flag::register_conditional_shutdown(signal, 75, Arc::clone(&self.open))?;
            signal_hook::flag::register_conditional_shutdown(signal, after, Arc::clone(&self.done))?;
        }
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Ok(())
    }

    /// Ends the process with 75 if the message is not durable after `limit`: a store or a disk that hangs would
    /// otherwise let the mail system's own limit pass, and that bounces (Postfix after 1000 s, measured). It is the alarm of
    /// the process, whose signal is answered as any other; a thread that waits would cost more than the look-up.
    fn watch(&self, limit: Duration) {
        if self.deadline.set(Instant::now() + limit).is_err() {
            return;
        }
        // A caller may have left it blocked. If that cannot be changed there is no watchdog, and the mail is delivered.
        let _ = SigSet::from(Signal::SIGALRM).thread_unblock();
        alarm::set(u32::try_from(limit.as_secs()).unwrap_or(u32::MAX).max(1));
    }
}

/// The first act of a process that a mail system may have started: from here on signals and hanging are answered.
///
/// `gate --word` has written no word when a signal comes, so 0 would be no answer even after the message is durable.
///
/// # Errors
/// When the system refuses.
pub fn guard(arguments: &[OsString]) -> std::io::Result<()> {
    let state = Commitment::of_process();
    state.answer_signals(if answers_by_word(arguments) { 75 } else { 0 })?;
    state.watch(watchdog());
    Ok(())
}

/// Whether a command line may ask for an answer by a word. As [`may_be_delivery`], when nobody has read it yet.
#[must_use]
pub fn answers_by_word(arguments: &[OsString]) -> bool {
    arguments.iter().any(|word| word == "--word")
}

/// [`WATCHDOG`], or what a test asks for; not in a release build.
fn watchdog() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(seconds) = std::env::var("COUNTERSIGN_TEST_WATCHDOG").ok().and_then(|text| text.parse().ok()) {
        return Duration::from_secs(seconds);
    }
    WATCHDOG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_system_sees_nothing_but_its_own_numbers() {
        let endings =
            [Ending::Bug, Ending::Config, Ending::Done, Ending::Later, Ending::No, Ending::Pass, Ending::Usage];
        for ending in endings.into_iter().chain([0, 67, 99].map(Ending::Relayed)) {
            assert!(matches!(code(Caller::Delivery, ending), 0 | 75), "{ending:?}");
            assert!(matches!(code(Caller::GateWord, ending), 0 | 75), "{ending:?}");
            assert!(matches!(code(Caller::Gate, ending), 0 | 75 | 99), "{ending:?}");
        }
        assert_eq!(code(Caller::Gate, Ending::Done), 0);
        assert_eq!(code(Caller::Gate, Ending::Pass), 99);
        assert_eq!(code(Caller::Gate, Ending::No), 75);
    }

    #[test]
    fn a_person_sees_the_numbers_of_sysexits() {
        let codes = [
            (Ending::Done, 0),
            (Ending::No, 1),
            (Ending::Usage, 64),
            (Ending::Bug, 70),
            (Ending::Later, 75),
            (Ending::Config, 78),
        ];
        for (ending, number) in codes {
            assert_eq!(code(Caller::Person, ending), number);
            assert_eq!(code(Caller::Sendmail, ending), number);
        }
    }

    #[test]
    fn sendmails_own_number_is_seen_by_who_called_it_alone() {
        for number in 0..=u8::MAX {
            assert_eq!(code(Caller::Sendmail, Ending::Relayed(number)), number);
            assert_eq!(code(Caller::Person, Ending::Relayed(number)), 70);
            for caller in [Caller::Delivery, Caller::Gate, Caller::GateWord] {
                assert_eq!(code(caller, Ending::Relayed(number)), 75);
            }
        }
    }

    #[test]
    fn what_is_begun_ends_before_the_watchdog_comes() {
        let state = Commitment::default();
        assert_eq!(state.time_left(), None);
        state.watch(Duration::from_secs(3_600));
        let left = state.time_left().unwrap();
        assert!(left <= Duration::from_secs(3_600) - RESERVE && left > Duration::from_secs(3_500), "{left:?}");
        state.commit();
        assert_eq!(state.time_left(), None);
        let person = Commitment::default();
        person.watch(Duration::from_secs(3_600));
        person.stand_down();
        assert_eq!(person.time_left(), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_may_be_a_mail_systems() {
        let of = |line: &str| may_be_delivery(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in ["countersign deliver", "countersign --bad gate", "countersign --config filter gate --word"] {
            assert!(of(line), "{line}");
        }
        assert!(!of("countersign --bad"));
        assert!(!of("deliver --bad"));
        assert!(!of("countersign sendmail gate") && !of("sendmail deliver"));
    }
}
