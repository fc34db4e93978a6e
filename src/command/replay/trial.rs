//! One message of old mail judged as a delivery would judge it, without doing anything.
//!
//! Promises: the decision is made by the code of a delivery; the store is read and never written; keys are used, or
//! stood in for by ones that have signed nothing. Never touches: limits on challenges, which depend on the messages
//! before (`replay/mod.rs`), files, the screen.

use std::cell::RefCell;

use anyhow::anyhow;

use crate::cli::ReplayArguments;
use crate::command::replay::looking::{Looked, Looker};
use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::earlier::EarlierId;
use crate::mail::head::Head;
use crate::operation::ask;
use crate::operation::case::{Case, alike, decide, standing};
use crate::operation::installation::Installation;
use crate::operation::sent::recipient;
use crate::operation::trouble::Trouble;
use crate::origin::auth::{Proofs, Trust};
use crate::origin::envelope::Caller;
use crate::origin::eyes::Look;
use crate::origin::submission::was_submitted;
use crate::policy::block::without_block;
use crate::policy::own_mail::{How, OwnMail, teaches};
use crate::policy::reason::Reason;
use crate::policy::sent::{Class, Outgoing, Recipient, Sent};
use crate::policy::standing::{Alike, Effect, Entry, Origin, Standing};
use crate::policy::verdict::{Question, Verdict, judge};
use crate::policy::{Mode, assume};
use crate::world::archive::Message;
use crate::world::config::{Config, Environment};
use crate::world::store::Store;
use crate::world::{clock, secret};

/// The name of the configuration that the command line makes up; nothing is read beside it.
const MADE_UP: &str = "/nonexistent/command line";
/// A day more than now may stand on a message: clocks differ, and zones are missing in mbox lines.
const FUTURE_LIMIT: i64 = 86_400;

/// What the judging of all messages has in common.
pub struct Ground {
    /// Configuration and keys; the configuration's mode is `on`.
    pub installation: Installation,
    /// Whether there is a store. Without an installation nobody is known.
    pub has_store: bool,
    /// Whether every message is taken as a proven first contact.
    pub assumed: bool,
    /// Who runs the program: mail that this user handed in on this host is known.
    user: Option<(String, u32)>,
    /// Seconds since 1970.
    now: i64,
}

/// One of several judges that work side by side.
pub struct Trial<'g> {
    ground: &'g Ground,
    store: Option<Store>,
    looker: Option<RefCell<Looker>>,
}

/// What would be done with one message.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its file, and its number in it.
    pub place: String,
    /// When it came, seconds since 1970, if anything says so.
    pub at: Option<i64>,
    /// Its size.
    pub bytes: u64,
    /// What would become of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Who would be asked.
    pub to: Option<Address>,
    /// Bytes of that challenge.
    pub reflected: u64,
    /// What it looks like, if it comes to the gate.
    pub alike: Option<Alike>,
    /// Whom it confirms.
    pub confirms: Option<Address>,
    /// Whether something is proven about its sender.
    pub proven: bool,
    /// If no word of a configured authserv-id is believed: how many Received fields stand above the first one.
    pub trusted_below: Option<usize>,
    /// What own eyes saw; none where that would change nothing.
    pub looked: Option<Looked>,
    /// Who wrote it.
    pub sender: Option<Address>,
    /// What would be done if the sender were allowed by then.
    pub if_known: (Verdict, Reason),
    /// The Message-IDs that it names, and what would be done if the message of one were the user's; none where that would
    /// change nothing.
    pub earlier: Vec<(String, IfOwn)>,
    /// Whether the user wrote it.
    pub is_sent: bool,
    /// If so, what that teaches, if anything.
    pub sent: Option<Sent>,
}

/// What would be done with a message about what the user sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfOwn {
    /// Where that is private, and where it is public.
    pub verdicts: [(Verdict, Reason); 2],
    /// Whether its author would be learned, if it is private.
    pub learns: bool,
}

impl Ground {
    /// The installation, or what the command line says in its place.
    ///
    /// # Errors
    /// When neither is there or the installation cannot be read.
    pub fn open(arguments: &ReplayArguments, environment: &Environment) -> Result<Ground, Trouble> {
        let has_store = arguments.address.is_empty();
        let mut installation = if has_store { installed(environment)? } else { made_up(arguments, environment)? };
        if arguments.assume_first_contact {
            installation.config.policy = assume::policy(&installation.config.policy);
        }
        // A dry run asks what would be done, so what the mode lets pass is no answer.
        installation.config.policy.mode = Mode::On;
        let eyes = &mut installation.config.policy.trust.eyes;
        if arguments.look && eyes.look == Look::Off {
            eyes.look = Look::WhereSilent;
        }
        // A text that cannot be used is said once, not at every message.
        installation.config.templates(None).map_err(Trouble::config)?;
        Ok(Ground {
            has_store,
            assumed: arguments.assume_first_contact,
            user: environment.caller.user.clone(),
            now: clock::now(),
            installation,
        })
    }

    /// One more judge, who may look.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn trial(&self, looker: Option<Looker>) -> Result<Trial<'_>, Trouble> {
        let store = if self.has_store && !self.assumed { Some(self.installation.store()?) } else { None };
        // Thousands of messages would be judged as if nothing had been wrong.
        store.as_ref().map_or(Ok(()), Store::can_be_read)?;
        Ok(Trial { ground: self, store, looker: looker.map(RefCell::new) })
    }
}

impl Trial<'_> {
    /// Judges one message.
    ///
    /// # Errors
    /// When the store or the quarantine cannot be read; a damaged message is none.
    pub fn judge(&self, message: &Message) -> Result<Judged, Trouble> {
        let ground = self.ground;
        let policy = &ground.installation.config.policy;
        // What this program stored has its block above the lines of the mail system.
        let start = without_block(&message.start);
        let kept = Caller::of_kept(&Head::read(&start), policy.trust.hops);
        let caller = Caller { user: ground.user.clone(), ..kept };
        let facts = Facts::read(&start, &caller, &policy.trust);
        let at = message.received.or(facts.date).filter(|at| (0..ground.now + FUTURE_LIMIT).contains(at));
        let now = at.unwrap_or(ground.now);
        let mut case = if ground.assumed {
            decide(&ground.installation, assume::facts(facts, policy), assume::standing(), None, now)
        } else {
            let known = standing(&ground.installation, self.store.as_ref(), &facts, now)?;
            decide(&ground.installation, facts, known, None, now)
        };
        let looked = case.wants_look.then(|| match &self.looker {
            Some(looker) => looker.borrow_mut().look(&ground.installation, message, &mut case, now),
            None => Looked::NotLookedAt,
        });
        Ok(Judged { looked, ..self.judged(message, at, now, &case) })
    }

    fn judged(&self, message: &Message, at: Option<i64>, now: i64, case: &Case) -> Judged {
        let Case { facts, decision, .. } = case;
        let owner = &self.ground.installation.config.policy.owner;
        let to = decision.challenge.as_ref().filter(|_| decision.verdict == Verdict::Challenge).map(|(to, _)| to);
        let mail = to.and_then(|to| ask::write(&self.ground.installation, None, facts, None, to, now).ok());
        let sender = facts.sender.address();
        let proven = sender.is_some_and(|sender| !facts.authentication.proofs(sender.domain()).is_empty());
        // Forged mail in the user's name came in from outside; what the user sent and kept did not.
        let head = Head::read(facts.message());
        let submitted = facts.submitted_here || self.was_submitted(&head);
        let is_sent = sender.is_some_and(|sender| owner.is(sender)) && (facts.received == 0 || submitted || proven);
        Judged {
            place: message.place(),
            at,
            bytes: message.bytes,
            verdict: decision.verdict,
            reason: decision.reason,
            to: to.cloned(),
            reflected: mail.map_or(0, |mail| mail.bytes.len() as u64),
            alike: decision.reason.is_of_the_gate().then(|| alike(&self.ground.installation, facts)).flatten(),
            confirms: case.confirmation.as_ref().map(|confirmation| confirmation.challenged.clone()),
            proven,
            trusted_below: facts.authentication.trusted_below.filter(|_| facts.authentication.believed.is_empty()),
            looked: None,
            sender: sender.cloned(),
            if_known: self.if_known(case, now),
            earlier: if is_sent { Vec::new() } else { self.if_own(case, now) },
            is_sent,
            sent: if is_sent { self.sent(facts, &head, submitted) } else { None },
        }
    }

    /// The decision if the sender had been allowed, without a pin: what the user writes to is not proven.
    fn if_known(&self, case: &Case, now: i64) -> (Verdict, Reason) {
        if case.decision.reason == Reason::OwnMark {
            return (case.decision.verdict, case.decision.reason);
        }
        let entry = Entry { effect: Effect::Allow, pin: Proofs::NONE, origin: Origin::Manual, added: now };
        let denied = case.standing.sender.filter(|entry| entry.effect == Effect::Deny);
        let standing = Standing { sender: Some(denied.unwrap_or(entry)), ..case.standing.clone() };
        let policy = &self.ground.installation.config.policy;
        let confirmation = case.confirmation.as_ref();
        let decision =
            judge(Question { facts: &case.facts, standing: &standing, policy, confirmation, own_mark: false, now });
        (decision.verdict, decision.reason)
    }

    /// What would be done if an earlier message had been the user's, for each that this one names.
    fn if_own(&self, case: &Case, now: i64) -> Vec<(String, IfOwn)> {
        let policy = &self.ground.installation.config.policy;
        let Case { facts, decision, .. } = case;
        let now_is = (decision.verdict, decision.reason);
        let with = |earlier: &EarlierId, class| OwnMail { class, how: How::Row, id: Some(earlier.clone()) };
        let judged = |own: OwnMail| {
            let standing = Standing { own: Some(own), foreign: false, ..case.standing.clone() };
            let confirmation = case.confirmation.as_ref();
            let own_mark = decision.reason == Reason::OwnMark;
            let decision = judge(Question { facts, standing: &standing, policy, confirmation, own_mark, now });
            (decision.verdict, decision.reason)
        };
        let of = |earlier: &EarlierId| {
            let verdicts = [Class::Private, Class::Public].map(|class| judged(with(earlier, class)));
            let learns = teaches(facts, &with(earlier, Class::Private), &policy.owner).is_some();
            (earlier.id.clone(), IfOwn { verdicts, learns: learns && verdicts[0].1 == Reason::Reply })
        };
        let all: Vec<_> = facts.earlier().iter().map(of).collect();
        if all.iter().any(|(_, if_own)| if_own.verdicts != [now_is; 2]) { all } else { Vec::new() }
    }

    fn was_submitted(&self, head: &Head<'_>) -> bool {
        let Ground { installation, user, .. } = self.ground;
        was_submitted(head, installation.config.policy.trust.hops, user.as_ref())
    }

    /// What a message of the user's teaches.
    fn sent(&self, facts: &Facts, head: &Head<'_>, submitted: bool) -> Option<Sent> {
        let installation = &self.ground.installation;
        let outgoing = Outgoing { facts, head, envelope: &[], submitted };
        // Without a store no list is known but by its name.
        let mut is = |one: &Address| {
            let known = self.store.as_ref().map(|store| recipient(installation, store, one));
            known.and_then(Result::ok).unwrap_or(Recipient::Person)
        };
        Sent::read(outgoing, &installation.config.policy.owner, &mut is).ok()
    }
}

fn installed(environment: &Environment) -> Result<Installation, Trouble> {
    let path = environment.config_file().map_err(Trouble::config)?;
    if !path.exists() {
        return Err(Trouble::config(anyhow!(
            "there is no {}; `countersign init` makes one, or say whose mail it is with --address you@example.org",
            path.display()
        )));
    }
    Installation::open(environment)
}

/// The default configuration for these addresses, and keys that have signed nothing: no token verifies with them.
fn made_up(arguments: &ReplayArguments, environment: &Environment) -> Result<Installation, Trouble> {
    for text in &arguments.address {
        Address::parse(text).map_err(|error| Trouble::usage(format!("--address {text}: {error}")))?;
    }
    // A JSON string is a TOML string.
    let word = |text: &str| serde_json::Value::from(text).to_string();
    let list = |texts: &[String]| texts.iter().map(|text| word(text)).collect::<Vec<_>>().join(", ");
    let (first, others) = arguments.address.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let text = format!(
        "[owner]\naddress = {}\nothers = [{}]\ndelimiters = {}\n[trust]\nauthserv_ids = [{}]\nhops = {}\n\
         [inbox]\nmaildir = \"/nonexistent\"\n[files]\nkeys = \"/nonexistent/keys\"\nstore = \"/nonexistent/store\"\n",
        word(first),
        list(others),
        word(arguments.delimiter.as_deref().unwrap_or_default()),
        list(&arguments.authserv_id),
        arguments.hops.map_or(Trust::default().hops, usize::from),
    );
    let config = Config::parse(&text, std::path::Path::new(MADE_UP), environment);
    let config = config.map_err(|error| Trouble::usage(said_on_the_command_line(&format!("{error:#}"))))?;
    Ok(Installation { config, keys: secret::unused().map_err(anyhow::Error::from)? })
}

/// A complaint about the made-up configuration, without the file and line that it does not have.
fn said_on_the_command_line(error: &str) -> String {
    let place = error.strip_prefix(MADE_UP).and_then(|rest| rest.strip_prefix(':'));
    let what = place.and_then(|rest| rest.split_once(": ")).map_or(error, |(_, what)| what);
    format!("--address, --authserv-id, --hops or --delimiter: {what}")
}
