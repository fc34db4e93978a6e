//! `replay`: what this program would have done with old mail.
//!
//! Promises: writes nothing and sends nothing, and asks nobody without `--look`; every message found is judged by the code of a delivery and counted;
//! a file that cannot be read is named, counted, and stops nothing; the answer does not depend on how many processors
//! there are. Never touches: anything but to read it.

mod learning;
mod looking;
mod tally;
mod trial;

use std::fs::Metadata;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::Serialize;

use crate::cli::ReplayArguments;
use crate::command::replay::learning::Course;
use crate::command::replay::looking::{Looked, Looker};
use crate::command::replay::tally::Tally;
use crate::command::replay::trial::{Ground, Judged, Trial};
use crate::exit::Ending;
use crate::mail::address::Address;
use crate::operation::progress::Progress;
use crate::operation::screen;
use crate::operation::select::moment;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::Policy;
use crate::policy::reason::Reason;
use crate::policy::slots::Slots;
use crate::policy::verdict::Verdict;
use crate::world::archive::{self, Fault, Found};
use crate::world::clock;
use crate::world::config::Environment;

/// Messages that wait for each judge; one may take half a megabyte.
const WAITING: usize = 8;
/// Most judges.
const JUDGES_LIMIT: usize = 16;
/// The stack of a judge: that of a main thread, which is what a delivery has.
const STACK: usize = 8 * 1024 * 1024;
/// Bytes of answers that are written at once.
const WRITTEN_AT_ONCE: usize = 16 * 1024;

/// Runs `replay`: 1 if there was no message at all.
///
/// # Errors
/// When the set-up or the store cannot be read.
pub fn replay(arguments: &ReplayArguments, environment: Environment) -> Answer {
    // Gather.
    let since = arguments.since.as_deref().map(|text| moment(text, clock::now())).transpose()?;
    let ground = Ground::open(arguments, &environment)?;
    let trials = match Looker::of(arguments, &ground.installation)? {
        // Who looks does so alone, or chance would say for which messages the time is enough.
        Some(looker) => vec![ground.trial(Some(looker))?],
        None => {
            let judges = thread::available_parallelism().map_or(1, NonZero::get).min(JUDGES_LIMIT);
            (0..judges).map(|_| ground.trial(None)).collect::<Result<Vec<_>, _>>()?
        }
    };
    let policy = &ground.installation.config.policy;
    let progress = Progress::of(&arguments.paths);
    // What is older teaches.
    let source = Source::new(&arguments.paths, since.filter(|_| !arguments.learn), &progress);
    let mut book = Book {
        policy,
        since,
        json: arguments.json,
        limited: !ground.assumed,
        progress,
        slots: Slots::default(),
        tally: Tally::new(ground.assumed, arguments.look),
        lines: String::new(),
        latest: 0,
    };
    let mut course = arguments.learn.then(Course::default);
    // Decide.
    run(&source, trials, &mut |step| match (step, &mut course) {
        (Step::Fault(fault), _) => Ok(book.name(&fault)),
        (Step::Judged(judged), Some(course)) => {
            book.progress.step();
            course.take(*judged);
            Ok(ControlFlow::Continue(()))
        }
        (Step::Judged(judged), None) => book.enter(None, *judged),
    })?;
    let mut written = Ok(ControlFlow::Continue(()));
    if let Some(course) = course {
        course.play(&mut |at, judged| {
            written = book.enter(Some(at), judged);
            if matches!(written, Ok(ControlFlow::Continue(()))) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    }
    // Perform.
    let _ = written?;
    book.tally.older += source.older.load(Ordering::Relaxed);
    book.close(&remarks(arguments, policy))
}

/// What is read.
struct Source<'a> {
    paths: &'a [PathBuf],
    /// Messages that came before are not judged, and files that hold nothing else are not opened.
    since: Option<i64>,
    /// How many of them there were.
    older: AtomicU64,
    read: Arc<AtomicU64>,
}

impl<'a> Source<'a> {
    fn new(paths: &'a [PathBuf], since: Option<i64>, progress: &Progress) -> Source<'a> {
        Source { paths, since, older: AtomicU64::new(0), read: Arc::clone(&progress.read) }
    }

    fn read(&self, take: &mut dyn FnMut(Found) -> ControlFlow<()>) {
        let wants = |path: &Path, what: &Metadata| !(what.is_file() && self.is_older(archive::delivered(path)));
        let _ = archive::read_wanted(self.paths, &self.read, &mut |path, what| wants(path, what), &mut |found| {
            let skipped = matches!(&found, Found::Message(message) if self.is_older(message.received));
            if skipped { ControlFlow::Continue(()) } else { take(found) }
        });
    }

    /// Whether that is too long ago, which is counted. What is no time at all is left to the message's own date.
    fn is_older(&self, at: Option<i64>) -> bool {
        let older = self.since.zip(at).is_some_and(|(since, at)| (0..since).contains(&at));
        self.older.fetch_add(u64::from(older), Ordering::Relaxed);
        older
    }
}

/// What comes from a judge.
enum Step {
    Fault(Fault),
    Judged(Box<Judged>),
}

/// What is done with each step; a break ends the run.
type Taker<'a> = &'a mut dyn FnMut(Step) -> Result<ControlFlow<()>, Trouble>;

/// One thread reads, each judge has one, and this one takes the answers in the order of the messages: they are given
/// out in turn and their answers fetched in turn, so that no answer has to be kept for its place.
fn run(source: &Source<'_>, trials: Vec<Trial<'_>>, take: Taker<'_>) -> Result<(), Trouble> {
    thread::scope(|scope| {
        let mut questions = Vec::new();
        let mut answers = Vec::new();
        for trial in trials {
            let (question, asked) = sync_channel(WAITING);
            let (answer, answered) = sync_channel(WAITING);
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || work(&trial, &asked, &answer))?;
            questions.push(question);
            answers.push(answered);
        }
        thread::Builder::new().spawn_scoped(scope, move || {
            let mut turn = questions.iter().cycle();
            // A send fails when nobody wants answers any more.
            source.read(&mut |found| match turn.next().map(|judge| judge.send(found)) {
                Some(Ok(())) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            });
        })?;
        for judge in answers.iter().cycle() {
            // The first judge without an answer is the one that would have had the next message.
            let Ok(step) = judge.recv() else { break };
            if take(step?)?.is_break() {
                break;
            }
        }
        Ok(())
    })
}

fn work(trial: &Trial<'_>, asked: &Receiver<Found>, answer: &SyncSender<Result<Step, Trouble>>) {
    for found in asked {
        let step = match found {
            Found::Fault(fault) => Ok(Step::Fault(fault)),
            Found::Message(message) => trial.judge(&message).map(|judged| Step::Judged(Box::new(judged))),
        };
        if answer.send(step).is_err() {
            return;
        }
    }
}

/// What is kept from one message to the next, and what is written.
struct Book<'p> {
    policy: &'p Policy,
    /// What came before is not counted.
    since: Option<i64>,
    json: bool,
    /// Whether limits on challenges hold.
    limited: bool,
    progress: Progress,
    slots: Slots,
    tally: Tally,
    lines: String,
    /// The time of the message before, for one that has none.
    latest: i64,
}

/// The line for a program; `explain --json` begins with the same fields.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    verdict: &'a str,
    reason: &'a str,
    challenge_to: Option<String>,
    confirms: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    look: Option<Looked>,
}

impl Book<'_> {
    /// Applies the limits, counts and writes. With a time the message is one of a course of learning.
    fn enter(&mut self, week: Option<i64>, mut judged: Judged) -> Result<ControlFlow<()>, Trouble> {
        let at = week.or(judged.at).unwrap_or(self.latest);
        self.latest = at;
        if self.since.is_some_and(|since| week.or(judged.at).is_none_or(|at| at < since)) {
            self.tally.older += 1;
            return Ok(ControlFlow::Continue(()));
        }
        // As at a delivery: before the slot is asked for.
        if let (true, Some(alike), true) = (judged.reason.is_of_the_gate(), &judged.alike, self.limited) {
            self.slots.note(alike, at);
        }
        if let (Verdict::Challenge, Some(to), true) = (judged.verdict, &judged.to, self.limited)
            && let Err(refusal) = self.slots.take(to, judged.alike.as_ref(), self.policy, at)
        {
            (judged.verdict, judged.reason) = (Verdict::Hold, Reason::Capped(refusal));
        }
        match week {
            Some(_) if judged.is_sent => self.tally.sent += 1,
            Some(_) => {
                self.tally.add(&judged);
                self.tally.add_to_week(judged.verdict, at);
            }
            None => {
                self.progress.step();
                self.tally.add(&judged);
            }
        }
        if self.json {
            self.lines.push_str(&line(&judged));
        }
        if self.lines.len() >= WRITTEN_AT_ONCE { self.flush() } else { Ok(ControlFlow::Continue(())) }
    }

    fn name(&mut self, fault: &Fault) -> ControlFlow<()> {
        self.progress.clear();
        self.tally.faults += 1;
        screen::error(&crate::mail::display::one_line(&fault.to_string(), 1_000));
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> Result<ControlFlow<()>, Trouble> {
        self.progress.clear();
        Ok(screen::stream(&std::mem::take(&mut self.lines))?)
    }

    /// The summary, on the screen where it does not stand among lines for a program.
    fn close(mut self, remarks: &[&str]) -> Answer {
        let _ = self.flush()?;
        if self.json {
            screen::beside(&self.tally.text(remarks, screen::width_beside()));
        } else {
            screen::out(&self.tally.text(remarks, screen::width()))?;
        }
        let nothing = self.tally.counts.messages() + self.tally.sent == 0;
        Ok(if nothing { Ending::No } else { Ending::Done })
    }
}

fn line(judged: &Judged) -> String {
    let to = judged.to.as_ref().filter(|_| judged.verdict == Verdict::Challenge);
    let line = Line {
        path: &judged.place,
        verdict: judged.verdict.name(),
        reason: judged.reason.name(),
        challenge_to: to.map(Address::to_string),
        confirms: judged.confirms.as_ref().map(Address::to_string),
        look: judged.looked,
    };
    // Strings alone always make JSON.
    serde_json::to_string(&line).unwrap_or_default() + "\n"
}

/// How the figures are to be read.
fn remarks(arguments: &ReplayArguments, policy: &Policy) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    if arguments.assume_first_contact {
        remarks.push("Every message was taken as proven, written to you and from a stranger; no limit was applied.");
    } else if !policy.trust.can_prove() {
        remarks.push(
            "No authserv-id is configured and own eyes are off, so nothing is proven and nobody would be asked. What signatures \
             would prove is shown by --look; what the messages alone would bring about, by --assume-first-contact.",
        );
    }
    if !arguments.address.is_empty() {
        remarks.push("Judged by the default configuration, without a list: nobody is known from before.");
    }
    if arguments.learn {
        remarks
            .push("In the order of dates; whom you wrote to is known from then on, and nobody answered a challenge.");
    }
    remarks
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The places and reasons in the order in which they come, from that many judges.
    fn played(folder: &std::path::Path, judges: usize, enough: usize) -> Vec<String> {
        let arguments = ReplayArguments { address: vec!["alice@example.org".into()], ..ReplayArguments::default() };
        let ground = Ground::open(&arguments, &Environment::default()).unwrap();
        let trials = (0..judges).map(|_| ground.trial(None).unwrap()).collect();
        let mut out = Vec::new();
        let paths = [folder.to_owned()];
        run(&Source::new(&paths, None, &Progress::of(&[])), trials, &mut |step| {
            out.push(match step {
                Step::Fault(fault) => fault.what,
                Step::Judged(judged) => format!("{} {}", judged.place, judged.reason),
            });
            Ok(if out.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
        .unwrap();
        out
    }

    #[test]
    fn any_number_of_judges_says_the_same_in_the_same_order() {
        let scratch = tempfile::tempdir().unwrap();
        for number in 0..100 {
            let text = if number % 9 == 0 { "no mail" } else { "From: bob@x.org\nTo: alice@example.org\n\nHello\n" };
            fs::write(scratch.path().join(format!("m{number:03}")), text).unwrap();
        }
        let one = played(scratch.path(), 1, usize::MAX);
        assert_eq!(one.len(), 100);
        for judges in [2, 3, 7, 16] {
            assert_eq!(played(scratch.path(), judges, usize::MAX), one, "{judges} judges");
        }
        for enough in [1, 2, 50] {
            assert_eq!(played(scratch.path(), 3, enough), one[..enough], "the first {enough}");
        }
    }
}
