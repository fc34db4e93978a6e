//! One message looked at with own eyes: its body is hashed as it goes by, and when it is safe the DNS is asked for the rest.
//!
//! Promises: nothing is asked before the message is durable, and nothing that would not change what becomes of it; no more than
//! [`QUESTION_LIMIT`] questions and the time that is allowed. Never touches: what follows from the decision (`delivery.rs`,
//! `look_again.rs`).

use std::time::Duration;

use crate::facts::Facts;
use crate::mail::address::{Address, Domain};
use crate::mail::head::Head;
use crate::mail::recipients::recipients;
use crate::operation::case;
use crate::operation::installation::Installation;
use crate::operation::quarantine::BLOCK_LIMIT;
use crate::operation::trouble::Trouble;
use crate::origin::auth::{Method, Proofs};
use crate::origin::client::client;
use crate::origin::dkim::{BodyHasher, BodyHashes, Signatures};
use crate::origin::envelope::EnvelopeSender;
use crate::origin::eyes::{Found, Sight};
use crate::origin::look::{Letter, Report, Scope, evaluate};
use crate::origin::question::{Answers, Step};
use crate::origin::spf::Client;
use crate::policy::block::Block;
use crate::policy::standing::Standing;
use crate::policy::verdict::Decision;
use crate::report::{self, Level};
use crate::world::allowance::{Allowance, Time};
use crate::world::clock;
use crate::world::maildir::Entry;
use crate::world::resolver::{QUESTION_LIMIT, Resolver, Servers};

/// Servers that said nothing for so long are dead; in what is left of a minute they may only have been slow.
const DEAD_AFTER: Duration = Duration::from_secs(3);
/// Most recipients that are read to see in which field the user stands.
const RECIPIENT_LIMIT: usize = 2_000;

/// A message's body while it goes by.
pub struct Watch {
    signatures: Signatures,
    hasher: BodyHasher,
}

/// What was seen of it.
pub struct Watched {
    signatures: Signatures,
    body: BodyHashes,
}

impl Watch {
    /// Begins with the start of a message as it came.
    #[must_use]
    pub fn begin(start: &[u8]) -> Watch {
        let head = Head::read(start);
        let signatures = Signatures::read(&head);
        let mut hasher = BodyHasher::new(&signatures);
        hasher.update(&start[head.body.min(start.len())..]);
        Watch { signatures, hasher }
    }

    /// Goes on.
    pub fn update(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
    }

    /// The body has ended.
    #[must_use]
    pub fn finish(self) -> Watched {
        Watched { signatures: self.signatures, body: self.hasher.finish() }
    }
}

/// One message, and for whom it is looked at.
pub struct Subject<'a> {
    /// What it is.
    pub facts: &'a Facts,
    /// Its start, as it came.
    pub start: &'a [u8],
    /// What was seen of its body.
    pub watched: &'a Watched,
    /// When it arrived, seconds since 1970.
    pub arrival: i64,
    /// The host that handed it in, where somebody says so; else it is read from the field that the boundary wrote.
    pub client: Option<Client>,
    /// The envelope sender, local part and domain, where somebody says it as it is written; else that of the facts.
    pub sender: Option<(String, String)>,
    /// What is to be found out.
    pub scope: Scope,
    /// The domains of its list, where the user allows that.
    pub list: Vec<Domain>,
}

impl<'a> Subject<'a> {
    /// As a delivery looks at it: the host and the sender are those that the message names, and the list is one that the user
    /// allows.
    #[must_use]
    pub fn of(
        installation: &Installation,
        facts: &'a Facts,
        standing: &Standing,
        watched: &'a Watched,
        arrival: i64,
    ) -> Subject<'a> {
        let (scope, list) = (scope(installation), case::list_domains(facts, standing));
        Subject { facts, start: facts.start(), watched, arrival, client: None, sender: None, scope, list }
    }
}

/// What a delivery finds out: whether who wrote it may be asked, or let pass.
#[must_use]
fn scope(installation: &Installation) -> Scope {
    let spf = installation.config.policy.trust.eyes.methods.contains(&Method::Spf);
    Scope { everything: false, spf, takes_mail: true }
}

/// The resolvers that the command line names, else those of the configuration or of the system.
///
/// # Errors
/// What is named is no resolver.
pub fn servers(installation: &Installation, named: &[String]) -> Result<Servers, Trouble> {
    if named.is_empty() {
        return Ok(installation.config.resolvers());
    }
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    Servers::parse(&named).map_err(|error| Trouble::usage(format!("--dns: {error}")))
}

/// Asks until nothing is open; what is among the answers is not asked again.
pub fn examine(
    installation: &Installation,
    subject: &Subject<'_>,
    resolver: &mut Resolver,
    answers: &mut Answers,
) -> Report {
    let (head, policy) = (Head::read(subject.start), &installation.config.policy);
    let by_boundary = || client(&head, policy.trust.hops.max(1), &|host| is_own_host(installation, host)).ok();
    let client = subject.client.clone().or_else(by_boundary);
    let stands_in = |name: &str| {
        let mut fields = head.all(name).flat_map(|field| recipients(field.raw, RECIPIENT_LIMIT));
        fields.any(|address| policy.owner.is(&address))
    };
    // Where nobody says who sent it, it is not taken for the null sender.
    let unsaid = matches!(subject.facts.envelope.sender, EnvelopeSender::Missing | EnvelopeSender::Unclear);
    let client = client.filter(|_| subject.scope.everything || !unsaid);
    let known = subject.facts.envelope_sender();
    let known = || known.map(|address| (address.plain_local(), address.domain().as_str().to_owned()));
    let sender = subject.sender.clone().or_else(known);
    let letter = Letter {
        head: &head,
        signatures: &subject.watched.signatures,
        body: &subject.watched.body,
        author: subject.facts.sender.address().map(Address::domain),
        list: &subject.list,
        sender: sender.as_ref().map(|(local, domain)| (local.as_str(), domain.as_str())),
        client: client.as_ref(),
        named_in: (stands_in("To"), stands_in("Cc")),
        date: subject.facts.date,
        arrival: subject.arrival,
        scope: subject.scope,
    };
    loop {
        match evaluate(&letter, answers) {
            Step::Done(report) => return report,
            Step::Ask(questions) => resolver.ask(&questions, answers),
        }
    }
}

/// Looks within what is allowed to this mailbox; none where it has to wait.
///
/// # Errors
/// When that cannot be told.
pub fn within_allowance(
    installation: &Installation,
    subject: &Subject<'_>,
    time: &mut Time,
) -> anyhow::Result<Option<Found>> {
    let Some(mut allowance) = Allowance::take(&installation.config.paths.store, clock::now())? else { return Ok(None) };
    let Some(most) = allowance.left(time) else { return Ok(None) };
    let (found, spent, dead) = timed(installation, subject, most);
    time.left = if dead { Duration::ZERO } else { time.left.saturating_sub(spent) };
    let spent = if time.counts { spent } else { Duration::ZERO };
    if let Err(error) = allowance.spend(spent, dead, clock::now()) {
        report::note(Level::Warning, &report::chain(&error));
    }
    Ok(Some(found))
}

/// Looks for as long as that at most; how long it took, and whether no resolver answered.
fn timed(installation: &Installation, subject: &Subject<'_>, time: Duration) -> (Found, Duration, bool) {
    let mut resolver = Resolver::new(&installation.config.resolvers(), time, QUESTION_LIMIT);
    let mut answers = Answers::default();
    let report = examine(installation, subject, &mut resolver, &mut answers);
    let found = report.found;
    let proven = found.proven.iter().fold(Proofs::NONE, |all, (_, proofs)| all.union(*proofs));
    let refused: Vec<&str> = report.refusals.iter().map(|refusal| refusal.name).collect();
    let open = if found.unsettled { " unsettled" } else { "" };
    let (asked, took) = (answers.len(), resolver.spent().as_millis());
    let said =
        format!("looked: proven={} refused={} questions={asked} ms={took}{open}", proven.names(), refused.join(","));
    report::note(Level::Info, &said);
    (found, resolver.spent(), resolver.is_dead() && time >= DEAD_AFTER)
}

/// The decision about a message that was looked at.
pub fn decide(installation: &Installation, facts: &mut Facts, standing: &Standing, found: Found, now: i64) -> Decision {
    facts.authentication.sight = Sight::Found(found);
    case::judged(installation, facts, standing, now)
}

/// Writes into a held message's block what is known of it now, so that the quarantine still describes itself. Where a mail
/// program has packed or moved it meanwhile the store alone knows.
///
/// # Errors
/// The file cannot be read or written.
pub fn write_into_block(
    installation: &Installation,
    entry: &Entry,
    decision: &Decision,
    proofs: Proofs,
) -> Result<(), Trouble> {
    let Some(start) = entry.start(BLOCK_LIMIT)?.filter(|start| !start.packed) else { return Ok(()) };
    let ring = &installation.keys.token;
    let Ok((block, message)) = Block::read(&start.bytes, ring) else { return Ok(()) };
    let anew = Block { verdict: decision.verdict, reason: decision.reason, proofs, ..block };
    if let Some((at, bytes)) = anew.in_place_of(&start.bytes, message, ring) {
        entry.replace_at(at as u64, &start.bytes[at..at + bytes.len()], &bytes)?;
    }
    Ok(())
}

/// Whether a mail system of that name is the user's, as the configuration says: an authserv-id, or the host of the challenges
/// or below it.
fn is_own_host(installation: &Installation, host: &str) -> bool {
    let (policy, host) = (&installation.config.policy, host.to_ascii_lowercase());
    let above = policy.host.as_str();
    let below = |name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    below(above) || policy.trust.ids.contains(&host)
}
