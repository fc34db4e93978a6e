//! One question until it is answered: which server is asked when, and what becomes of what they say.
//!
//! Promises: the number of its attempts is bounded, and so is how fast they follow one another, whatever the servers do. Never
//! touches: other questions.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::exchange::{Exchange, number};
use super::wire::{Fault, Reading, query};
use crate::origin::question::{Answer, Question};

/// How often each server is asked.
const PASSES: usize = 3;
/// How often an alias is followed out of an answer. The servers that are asked are recursive and give the whole chain; one that
/// stopped short of its end may have found its own limit, which a second question mends.
const FOLLOWED_LIMIT: usize = 3;

/// The servers as one question sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<'a> {
    /// All of them; there is one at least.
    pub(super) servers: &'a [SocketAddr],
    /// Which is asked first: the one that answered last.
    pub(super) first: usize,
    /// How long one is waited for before the next is asked.
    pub(super) patience: Duration,
}

/// One question on its way.
#[derive(Debug)]
pub(super) struct Search {
    /// What the caller wants to know.
    pub(super) question: Question,
    /// Those that are waited for. An answer that is late still counts.
    pub(super) exchanges: Vec<Exchange>,
    /// Why there is no answer, as long as there is none.
    pub(super) fault: Fault,
    /// What came of it.
    pub(super) outcome: Option<Answer>,
    /// What is asked: the question, or the same of the name that aliases led to.
    asked: Question,
    attempts: usize,
    pass_began: Instant,
    due: Option<Instant>,
    /// The servers that have said that they cannot tell.
    spoken: Vec<usize>,
    extended: bool,
    followed: usize,
}

impl Search {
    /// A question that is to be asked now.
    pub(super) fn new(question: Question, now: Instant) -> Search {
        Search {
            asked: question.clone(),
            question,
            exchanges: Vec::new(),
            fault: Fault::NoAnswer,
            outcome: None,
            attempts: 0,
            pass_began: now,
            due: Some(now),
            spoken: Vec::new(),
            extended: true,
            followed: 0,
        }
    }

    /// When the next server is to be asked.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.outcome.is_none())
    }

    /// What the answer must be to.
    pub(super) fn asked(&self) -> &Question {
        &self.asked
    }

    /// Asks the next server where it is time to, and gives up where none is left.
    pub(super) fn go_on(&mut self, panel: Panel<'_>, now: Instant) {
        while self.due().is_some_and(|due| due <= now) {
            let at = self.attempts;
            let server = (panel.first + at) % panel.servers.len();
            if at >= PASSES * panel.servers.len() {
                self.due = None;
            } else {
                if at.is_multiple_of(panel.servers.len()) {
                    self.pass_began = now;
                }
                self.attempts += 1;
                self.due = Some(now + panel.patience);
                if self.spoken.contains(&server) {
                    self.hurry(panel, now);
                } else if !self.attempt(panel, server) {
                    self.fault = Fault::Refused;
                    self.hurry(panel, now);
                }
            }
        }
        let all_spoken = (0..panel.servers.len()).all(|server| self.spoken.contains(&server));
        if self.outcome.is_none() && (all_spoken || self.due.is_none() && self.exchanges.is_empty()) {
            self.outcome = Some(Answer::Unsettled);
        }
    }

    /// Takes what a server said. The exchange is over, but for what is foreign, which the caller keeps out. Whether another
    /// question comes of it.
    pub(super) fn hear(&mut self, reading: Reading, exchange: &Exchange, panel: Panel<'_>, now: Instant) -> bool {
        let followed = self.followed;
        match reading {
            Reading::Settled(answer) => self.settle(answer),
            Reading::Foreign => {}
            Reading::Alias(name) if self.followed < FOLLOWED_LIMIT && name != self.question.name => {
                self.followed += 1;
                self.asked.name = name;
                self.begin_again(now);
            }
            Reading::Alias(_) => self.fail(Fault::AliasLoop, exchange.server, panel, now),
            Reading::Truncated if exchange.is_stream() => self.fail(Fault::TooLong, exchange.server, panel, now),
            Reading::Truncated => self.continue_as_stream(exchange, panel, now),
            Reading::Failed(Fault::NotUnderstood) if self.extended => {
                // Servers older than RFC 6891 say so of every question that is extended.
                self.extended = false;
                self.fault = Fault::NotUnderstood;
                self.begin_again(now);
            }
            Reading::Failed(fault) => self.fail(fault, exchange.server, panel, now),
        }
        self.followed > followed
    }

    /// The server is not there.
    pub(super) fn miss(&mut self, panel: Panel<'_>, now: Instant) {
        self.fault = Fault::Refused;
        self.hurry(panel, now);
    }

    /// This server will not answer it any more.
    pub(super) fn fail(&mut self, fault: Fault, server: usize, panel: Panel<'_>, now: Instant) {
        self.fault = fault;
        self.spoken.push(server);
        if fault.is_final() {
            self.settle(Answer::Unsettled);
        } else {
            self.hurry(panel, now);
        }
    }

    fn settle(&mut self, answer: Answer) {
        self.outcome = Some(answer);
        self.exchanges.clear();
    }

    fn begin_again(&mut self, now: Instant) {
        self.exchanges.clear();
        self.spoken.clear();
        self.attempts = 0;
        self.due = Some(now);
    }

    /// The next server is asked at once; the first one again only after the time that an answer is waited for.
    fn hurry(&mut self, panel: Panel<'_>, now: Instant) {
        let next_pass = self.attempts.is_multiple_of(panel.servers.len());
        let soon = if next_pass { self.pass_began + panel.patience } else { now };
        self.due = self.due.map(|due| due.min(soon));
    }

    /// Asks one server; false where it cannot be reached.
    fn attempt(&mut self, panel: Panel<'_>, server: usize) -> bool {
        let Ok(id) = number() else { return false };
        let Some(query) = query(id, &self.asked, self.extended) else { return false };
        let address = panel.servers.get(server);
        let exchange = address.and_then(|address| Exchange::datagram(server, *address, id, &query).ok());
        let reached = exchange.is_some();
        self.exchanges.extend(exchange);
        reached
    }

    /// Asks the same server over a stream, and gives it twice the time before another is asked.
    fn continue_as_stream(&mut self, exchange: &Exchange, panel: Panel<'_>, now: Instant) {
        let server = exchange.server;
        let stream = number().ok().and_then(|id| {
            let query = query(id, &self.asked, self.extended)?;
            Exchange::stream(server, *panel.servers.get(server)?, id, &query).ok()
        });
        match stream {
            Some(stream) => {
                self.exchanges.push(stream);
                self.due = self.due.map(|due| due.max(now + 2 * panel.patience));
            }
            None => self.miss(panel, now),
        }
    }
}
