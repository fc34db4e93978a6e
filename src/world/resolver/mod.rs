//! Asks the servers of the DNS: the only sockets of the program that reach further than this host's files.
//!
//! Promises: every question that is given has an entry among the answers afterwards; time, number and memory stay within their
//! limits, whatever the servers do; all questions of a round are on their way at once; nothing is asked that was not given, but
//! for the name behind an alias. Never touches: what the answers mean.

mod exchange;
mod search;
mod servers;
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, Timespec, poll};

use crate::origin::question::{Answer, Answers, Question, Record};
use exchange::{Exchange, Received, STREAM_LIMIT};
use search::{Panel, Search};
use wire::Reading;

pub use servers::{SERVER_LIMIT, Servers, ServersError};
pub use wire::{Fault, RECORD_LIMIT};

/// Most time of a look.
pub const BUDGET_LIMIT: Duration = Duration::from_secs(5);
/// Most questions of a look.
pub const QUESTION_LIMIT: usize = 64;
/// Most octets of answers that a look keeps, with those that are still on their way.
pub const MEMORY_LIMIT: usize = 256 * 1024;
/// How long a server is waited for before the next is asked.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long nothing is done where waiting itself failed.
const PAUSE: Duration = Duration::from_millis(5);
/// Most messages that are taken from one socket before the others have their turn.
const MESSAGES_AT_ONCE: usize = 16;

/// Asks on behalf of one look.
#[derive(Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    budget: Duration,
    questions: usize,
    spent: Duration,
    asked: usize,
    heard: bool,
    /// The server that answered last.
    first: usize,
    /// Octets of the answers that were given.
    kept: usize,
    faults: Vec<(Question, Fault)>,
}

impl Resolver {
    /// Asks these servers, for at most so long in all, and at most so many questions; [`BUDGET_LIMIT`] and [`QUESTION_LIMIT`]
    /// hold in any case.
    #[must_use]
    pub fn new(servers: &Servers, budget: Duration, questions: usize) -> Resolver {
        Resolver {
            servers: servers.iter().copied().collect(),
            budget: budget.min(BUDGET_LIMIT),
            questions: questions.min(QUESTION_LIMIT),
            spent: Duration::ZERO,
            asked: 0,
            heard: false,
            first: 0,
            kept: 0,
            faults: Vec::new(),
        }
    }

    /// Asks all of them at once that have no answer yet. Each has one afterwards, if only that it is not settled.
    pub fn ask(&mut self, questions: &[Question], answers: &mut Answers) {
        let begun = Instant::now();
        let until = begun + self.budget.saturating_sub(self.spent);
        let mut searches = self.searches(questions, answers, begun, until);
        let mut buffer = Box::new([0; STREAM_LIMIT]);
        while searches.iter().any(|search| search.outcome.is_none()) {
            let now = Instant::now();
            if now >= until {
                break;
            }
            let panel = self.panel();
            searches.iter_mut().for_each(|search| search.go_on(panel, now));
            for (at, ready) in wait(&searches, until) {
                for exchange in ready {
                    self.receive(&mut searches, at, exchange, &mut buffer);
                }
            }
        }
        for search in searches {
            let outcome = search.outcome.unwrap_or(Answer::Unsettled);
            if outcome == Answer::Unsettled {
                self.faults.push((search.question.clone(), search.fault));
            }
            answers.put(search.question, outcome);
        }
        self.spent += begun.elapsed();
    }

    /// How many questions went out, those behind aliases among them; a question that was repeated counts once.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// Whether something was asked and no server answered any of it, not even that it cannot tell. What answers nothing but
    /// what nobody asked is dead as well.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.asked > 0 && !self.heard
    }

    /// How long was asked and waited.
    #[must_use]
    pub fn spent(&self) -> Duration {
        self.spent
    }

    /// What is not settled, and why.
    #[must_use]
    pub fn faults(&self) -> &[(Question, Fault)] {
        &self.faults
    }

    /// The questions that are to be asked, once each; those for which there is no leave have their end already.
    fn searches(&mut self, questions: &[Question], answers: &Answers, now: Instant, until: Instant) -> Vec<Search> {
        let mut searches: Vec<Search> = Vec::new();
        for question in questions.iter().filter(|question| answers.get(question).is_none()) {
            if searches.iter().any(|search| search.question == *question) {
                continue;
            }
            let mut search = Search::new(question.clone(), now);
            if self.asked >= self.questions {
                search.fault = Fault::TooManyQuestions;
                search.outcome = Some(Answer::Unsettled);
            } else if now < until {
                self.asked += 1;
            }
            searches.push(search);
        }
        searches
    }

    fn panel(&self) -> Panel<'_> {
        Panel { servers: &self.servers, first: self.first, patience: PATIENCE.min(self.budget / 5) }
    }

    /// Takes what lies at one socket. A socket that has served is closed.
    fn receive(&mut self, searches: &mut [Search], at: usize, exchange: usize, buffer: &mut [u8; STREAM_LIMIT]) {
        let on_their_way = searches.iter().flat_map(|search| &search.exchanges).map(Exchange::kept).sum::<usize>();
        let room = MEMORY_LIMIT.saturating_sub(self.kept + on_their_way);
        let now = Instant::now();
        let Some(search) = searches.get_mut(at).filter(|search| exchange < search.exchanges.len()) else { return };
        for _ in 0..MESSAGES_AT_ONCE {
            let Some(current) = search.exchanges.get_mut(exchange) else { return };
            let (id, is_stream) = (current.id, current.is_stream());
            let reading = match current.receive(buffer, room) {
                Received::Nothing => return,
                Received::Gone => {
                    drop(search.exchanges.swap_remove(exchange));
                    return search.miss(self.panel(), now);
                }
                Received::TooLong => Reading::Failed(Fault::TooLong),
                Received::Message(count) => wire::read(&buffer[..count], id, search.asked()),
            };
            if reading != Reading::Foreign {
                let over = search.exchanges.swap_remove(exchange);
                return self.hear(search, self.with_leave(reading, room), &over, now);
            }
            if is_stream {
                // What a stream carries comes from the server alone, and there is nothing to wait for behind it.
                let over = search.exchanges.swap_remove(exchange);
                return search.fail(Fault::BadRecords, over.server, self.panel(), now);
            }
        }
    }

    /// What a server said, as far as number and memory allow.
    fn with_leave(&self, reading: Reading, room: usize) -> Reading {
        match reading {
            Reading::Alias(_) if self.asked >= self.questions => Reading::Failed(Fault::TooManyQuestions),
            Reading::Settled(answer) if weight(&answer) > room => Reading::Failed(Fault::TooLong),
            reading => reading,
        }
    }

    fn hear(&mut self, search: &mut Search, reading: Reading, over: &Exchange, now: Instant) {
        self.heard = true;
        if let Reading::Settled(answer) = &reading {
            self.first = over.server;
            self.kept += weight(answer);
        }
        let asks_more = search.hear(reading, over, self.panel(), now);
        self.asked += usize::from(asks_more);
    }
}

/// How many octets of memory an answer takes.
fn weight(answer: &Answer) -> usize {
    let records = answer.records().unwrap_or_default();
    let text = |record: &Record| match record {
        Record::Txt(text) => text.len(),
        Record::Mx { host: Some(name), .. } | Record::Ptr(Some(name)) => name.as_str().len(),
        _ => 0,
    };
    records.iter().map(|record| text(record) + size_of::<Record>()).sum()
}

/// Waits until something comes, a next server is to be asked, or the time is over. Which sockets of which question are ready,
/// the last one first, so that each may be taken out.
fn wait(searches: &[Search], until: Instant) -> Vec<(usize, Vec<usize>)> {
    let open = || {
        searches.iter().enumerate().flat_map(|(at, search)| {
            (0..search.exchanges.len()).rev().map(move |exchange| (at, exchange, &search.exchanges[exchange]))
        })
    };
    if searches.iter().all(|search| search.outcome.is_some()) {
        return Vec::new();
    }
    let mut watched: Vec<PollFd<'_>> = open()
        .map(|(_, _, exchange)| {
            let (socket, flags) = exchange.awaited();
            PollFd::from_borrowed_fd(socket, flags)
        })
        .collect();
    let next = searches.iter().filter_map(Search::due).fold(until, Instant::min);
    let time = Timespec::try_from(next.saturating_duration_since(Instant::now())).ok();
    // After a signal, or whatever else an error says, the time is looked at again, and so are the sockets.
    if poll(&mut watched, time.as_ref()).is_err() {
        std::thread::sleep(PAUSE);
        return Vec::new();
    }
    let mut ready: Vec<(usize, Vec<usize>)> = Vec::new();
    let woken = open().zip(&watched).filter(|(_, watched)| !watched.revents().is_empty());
    for ((at, exchange, _), _) in woken {
        match ready.last_mut() {
            Some((last, exchanges)) if *last == at => exchanges.push(exchange),
            _ => ready.push((at, vec![exchange])),
        }
    }
    ready
}
