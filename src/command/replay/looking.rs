//! Own eyes on old mail: which messages were looked at, with what time, and what came of it.
//!
//! Promises: looks only where the answer changes what becomes of a message, with the time of its own arrival; asks the same
//! question once in a run, and nothing when the time is used up or no resolver answers. Never touches: the allowance of
//! deliveries.

use std::time::Duration;

use serde::Serialize;

use crate::cli::ReplayArguments;
use crate::mail::head::{self, Head};
use crate::operation::case::Case;
use crate::operation::installation::Installation;
use crate::operation::look::{self, Subject, Watch};
use crate::operation::trouble::Trouble;
use crate::origin::dkim::DkimRefusal;
use crate::origin::look::Report;
use crate::origin::question::Answers;
use crate::world::allowance::PER_MESSAGE;
use crate::world::archive::Message;
use crate::world::resolver::{QUESTION_LIMIT, Resolver, Servers};

/// The time where the command line says none.
pub const USUAL_BUDGET: u16 = 120;

/// What came of a look, of those messages where it changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Looked {
    /// Its key is not there any more, so nobody can say whether it was signed.
    KeyGone,
    /// It was not looked at: nobody wanted to, the time was used up, no resolver answered, or it is too large.
    NotLookedAt,
    /// Nothing of its author's domain is proven.
    NotProven,
    /// Something is.
    Proven,
    /// An answer did not come.
    Unsettled,
}

/// Who looks in one run.
pub struct Looker {
    servers: Servers,
    left: Duration,
    answers: Answers,
}

impl Looker {
    /// None where nobody wants to look.
    ///
    /// # Errors
    /// What the command line names is no resolver.
    pub fn of(arguments: &ReplayArguments, installation: &Installation) -> Result<Option<Looker>, Trouble> {
        if !arguments.look {
            return Ok(None);
        }
        let servers = look::servers(installation, &arguments.dns)?;
        let left = Duration::from_secs(arguments.budget.unwrap_or(USUAL_BUDGET).into());
        Ok(Some(Looker { servers, left, answers: Answers::default() }))
    }

    /// Looks at one message, whose decision may then be another one.
    pub fn look(&mut self, installation: &Installation, message: &Message, case: &mut Case, at: i64) -> Looked {
        // Of a larger one the end of the body is not here.
        if self.left.is_zero() || !is_whole(message) {
            return Looked::NotLookedAt;
        }
        let start = case.facts.start();
        let watched = Watch::begin(start).finish();
        let arrival = arrival(&Head::read(start)).unwrap_or(at);
        let subject = Subject::of(installation, &case.facts, &case.standing, &watched, arrival);
        let mut resolver = Resolver::new(&self.servers, self.left.min(PER_MESSAGE), QUESTION_LIMIT);
        let report = look::examine(installation, &subject, &mut resolver, &mut self.answers);
        self.left = if resolver.is_dead() { Duration::ZERO } else { self.left.saturating_sub(resolver.spent()) };
        let looked = Looked::of(&report);
        case.decision = look::decide(installation, &mut case.facts, &case.standing, report.found, at);
        looked
    }
}

impl Looked {
    fn of(report: &Report) -> Looked {
        let gone = |refusal: &DkimRefusal| matches!(refusal, DkimRefusal::KeyMissing | DkimRefusal::KeyRevoked);
        let mut refusals = report.dkim.signatures.iter().filter_map(|checked| checked.refusal.as_ref());
        match &report.found {
            found if !found.proven.is_empty() => Looked::Proven,
            found if found.unsettled => Looked::Unsettled,
            _ if refusals.any(gone) => Looked::KeyGone,
            _ => Looked::NotProven,
        }
    }
}

/// Whether all of it is in memory; its size does not count the line that an mbox puts above it.
fn is_whole(message: &Message) -> bool {
    let start = message.start.as_slice();
    let line = if start.starts_with(b"From ") {
        start.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    } else {
        0
    };
    (start.len() - line) as u64 >= message.bytes
}

/// When the topmost mail system says that it came: the time of a file may be that of a copy.
fn arrival(head: &Head<'_>) -> Option<i64> {
    let text = head.first("Received")?.text();
    let (_, date) = text.rsplit_once(';')?;
    head::moment(date).filter(|at| *at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_not_all_here_nothing_is_said() {
        let message = |start: &str, bytes| Message {
            path: std::path::Path::new("m").into(),
            number: None,
            start: start.into(),
            bytes,
            received: None,
        };
        for (start, bytes, whole) in [
            ("A: b\n\nx", 7, true),
            ("A: b\n\nx", 8, false),
            ("From a\nA: b\n\nx", 7, true),
            ("From a\nA: b\n\nx", 8, false),
        ] {
            assert_eq!(is_whole(&message(start, bytes)), whole, "{start:?} {bytes}");
        }
    }

    #[test]
    fn the_topmost_field_says_when_it_came() {
        let of = |head: &str| arrival(&Head::read(format!("{head}\nFrom: a@b.c\n\n").as_bytes()));
        let field = "Received: from x (y; z) by mx.example.org; Sat, 28 Nov 2026 09:00:00 +0000";
        assert_eq!(of(field), Some(1_795_856_400));
        assert_eq!(of(&format!("{field}\nReceived: by y; Fri, 27 Nov 2026 09:00:00 +0000")), of(field));
        for none in ["Subject: x", "Received: by mx.example.org", "Received: by x; yesterday", "Received: by x;"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
