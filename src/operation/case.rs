//! One message's case: what it is, what is known from before, and the decision. Nothing here changes anything, so
//! the same code serves a delivery and a dry run.
//!
//! Promises: read-only; one list lookup for a known sender. Never touches: what is then done (`delivery.rs`).

use std::sync::Arc;

use crate::facts::Facts;
use crate::mail::address::{Address, Domain};
use crate::mail::content::FoundToken;
use crate::mail::shape::shape;
use crate::operation::installation::Installation;
pub use crate::operation::listed::{entry_of, entry_under};
use crate::operation::quarantine::{self, Held};
use crate::operation::sent_copy;
use crate::operation::trash;
use crate::operation::trouble::Trouble;
use crate::operation::{own_mail, own_mark};
use crate::origin::auth::Proofs;
use crate::origin::envelope::Caller;
use crate::origin::eyes::Sight;
use crate::policy::answer::{Answer, Confirmation};
use crate::policy::confirm;
use crate::policy::fingerprint::{Fingerprint, Kind, RunningFingerprint, in_forms, of_mailbox, under_every_key};
use crate::policy::key::{KeyId, KeyRing};
use crate::policy::looked::judge_looked;
use crate::policy::own_mail::teaches;
use crate::policy::plan::{Effect, learn_first, plan};
use crate::policy::reason::Reason;
use crate::policy::standing::{self, Alike, Entry, HeldNote, History, Origin, Standing, StoreHealth, TokenStanding};
use crate::policy::template::{BUILT_IN, Template};
use crate::policy::token::Token;
use crate::policy::verdict::{Decision, Question, Verdict, judge, lacks_proof};
use crate::policy::{Mode, Owner, Policy};
use crate::signs::subscription;
use crate::world::allowance::Time;
use crate::world::store::{LookUp, SpentRow, Store, StoreProblem};

/// Mail systems give a message up after five days (Postfix, Exim, Sendmail: queue lifetimes): seconds in which an answer
/// that comes again is the same one.
const HANDED_OVER_WITHIN: i64 = 6 * 86_400;

/// Everything about one message before anything is done.
pub struct Case {
    /// What it is.
    pub facts: Facts,
    /// What is known from before.
    pub standing: Standing,
    /// What it confirms.
    pub confirmation: Option<Confirmation>,
    /// What becomes of it.
    pub decision: Decision,
    /// What is done, in order.
    pub plan: Vec<Effect>,
    /// Whether it is held for want of a proof alone, so that it is looked at when it is safe.
    pub wants_look: bool,
    /// For how long.
    pub look_time: Time,
    /// What it looks like, where that was compared with others.
    pub alike: Option<Alike>,
    /// The list entries that were found under an older key or in a former form, by kind, text and that key.
    pub outdated: Vec<(Kind, String, Fingerprint)>,
    /// The store, if it could be opened.
    pub store: Option<Store>,
}

/// Looks at the start of a message.
///
/// # Errors
/// Only what the machine is at fault for; a damaged store is a fact.
pub fn look(installation: &Installation, start: Arc<Vec<u8>>, caller: &Caller, now: i64) -> Result<Case, Trouble> {
    look_at(installation, Facts::of(start, caller, &installation.config.policy.trust), caller, now)
}

/// The same where the facts are known.
///
/// # Errors
/// As [`look`].
pub fn look_at(installation: &Installation, facts: Facts, caller: &Caller, now: i64) -> Result<Case, Trouble> {
    let (store, health) = open_store(installation)?;
    let (mut outdated, mut compared) = (Vec::new(), None);
    let known = match &store {
        Some(store) => standing_of(installation, store, &facts, now, &mut outdated).and_then(|standing| {
            let history = history_of(installation, store, &facts, &standing, (now, &mut compared))?;
            let sent_copy = sent_copy::read(installation, store, &facts, caller, now)?.ok();
            Ok(Standing { history, sent_copy, ..standing })
        }),
        None => Ok(Standing { store: health, ..Standing::default() }),
    };
    match known {
        Ok(standing) => Ok(Case { outdated, alike: compared, ..decide(installation, facts, standing, store, now) }),
        Err(trouble) => blind(installation, facts, trouble, now),
    }
}

/// The same message once more, when a file of the store turned out on the way to be damaged, newer or not there: nobody is
/// known, and nothing is written any more.
///
/// # Errors
/// The trouble itself, when it is another; and when it is not the file but the disk.
pub fn blind(installation: &Installation, facts: Facts, trouble: Trouble, now: i64) -> Result<Case, Trouble> {
    let Some(health) = trouble.error.downcast_ref::<StoreProblem>().and_then(health) else { return Err(trouble) };
    if health == StoreHealth::Corrupt {
        let problem = Store::examined(&installation.config.paths.store, StoreProblem::Corrupt);
        if !matches!(problem, StoreProblem::Corrupt) {
            return Err(problem.into());
        }
    }
    let standing = Standing { store: health, ..Standing::default() };
    Ok(decide(installation, facts, standing, None, now))
}

/// What is known from before, for a dry run of old mail: a damaged store is a fact here too. Of earlier challenges only who
/// wants none is looked up: what was really sent says nothing about what this mail would have caused.
///
/// # Errors
/// As [`look`].
pub fn standing(
    installation: &Installation,
    store: Option<&Store>,
    facts: &Facts,
    now: i64,
) -> Result<Standing, Trouble> {
    let Some(store) = store else { return Ok(Standing::default()) };
    let known = standing_of(installation, store, facts, now, &mut Vec::new()).and_then(|mut standing| {
        if let (None, Some(sender)) = (standing.sender, facts.envelope_sender()) {
            standing.history.opted_out = store.opted_out_at(&slot_keys(installation, sender))?;
        }
        Ok(standing)
    });
    match known {
        Err(trouble) => match trouble.error.downcast_ref::<StoreProblem>().and_then(health) {
            Some(store) => Ok(Standing { store, ..Standing::default() }),
            None => Err(trouble),
        },
        known => known,
    }
}

/// The decision on what was gathered.
#[must_use]
pub fn decide(
    installation: &Installation,
    mut facts: Facts,
    mut standing: Standing,
    store: Option<Store>,
    now: i64,
) -> Case {
    let policy = &installation.config.policy;
    let said = confirm::answer(&facts, &standing, policy, &installation.keys.token, now);
    standing.answer.clone_from(&said);
    let decision = judged(installation, &facts, &standing, now);
    let wants_look = decision.verdict == Verdict::Hold && wants_look(installation, &mut facts, &standing, now);
    let mut plan = plan(&decision, said.as_ref(), confirm::repeated(&facts, &standing));
    learn_first(&mut plan, standing.sent_copy.as_ref(), &decision);
    if let Some((address, pin)) = learned(&facts, &standing, &decision, &policy.owner) {
        plan.push(Effect::Learn { address, pin });
    }
    if wants_look {
        plan.push(Effect::Look);
    }
    let confirmation = match said {
        Some(Answer::Confirms(confirmation)) => Some(confirmation),
        _ => None,
    };
    Case {
        facts,
        standing,
        confirmation,
        decision,
        plan,
        wants_look,
        look_time: Time::of_a_delivery(),
        alike: None,
        outdated: Vec::new(),
        store,
    }
}

/// The decision on facts and standing as they are, with what the message says of an earlier challenge in them.
#[must_use]
pub fn judged(installation: &Installation, facts: &Facts, standing: &Standing, now: i64) -> Decision {
    let own_mark = own_mark::is_valid(installation, facts, now);
    let confirmation = match &standing.answer {
        Some(Answer::Confirms(confirmation)) => Some(confirmation),
        _ => None,
    };
    let question = Question { facts, standing, policy: &installation.config.policy, confirmation, own_mark, now };
    if facts.authentication.sight.found().is_some() { judge_looked(question) } else { judge(question) }
}

/// Whether it would pass, or its sender be asked, if it were proven: then, and only then, anything is looked up.
fn wants_look(installation: &Installation, facts: &mut Facts, standing: &Standing, now: i64) -> bool {
    let unlooked = facts.authentication.sight == Sight::Unlooked && facts.authentication.may_look();
    if !unlooked || installation.config.policy.mode != Mode::On {
        return false;
    }
    facts.authentication.sight = Sight::Supposed;
    let supposed = judged(installation, facts, standing, now);
    facts.authentication.sight = Sight::Unlooked;
    matches!(supposed.verdict, Verdict::Pass | Verdict::Challenge)
}

/// What is known now about a message that is held.
///
/// # Errors
/// The store cannot be read.
pub fn standing_now(installation: &Installation, store: &Store, facts: &Facts, now: i64) -> Result<Standing, Trouble> {
    let standing = standing_of(installation, store, facts, now, &mut Vec::new())?;
    let history = history_of(installation, store, facts, &standing, (now, &mut None))?;
    Ok(Standing { history, ..standing })
}

/// The domains one of which must be proven for the message's list, where the user allows that.
#[must_use]
pub fn list_domains(facts: &Facts, standing: &Standing) -> Vec<Domain> {
    let list = facts.possible_list().filter(|_| is_allowed(standing.list));
    list.map(|list| list.domains().collect()).unwrap_or_default()
}

/// Who is known from now on because this message answers a private one. Whoever is on the list stays there as they are.
fn learned(facts: &Facts, standing: &Standing, decision: &Decision, owner: &Owner) -> Option<(Address, Proofs)> {
    let denied = standing.domain.is_some_and(|entry| entry.effect == standing::Effect::Deny);
    let answers = decision.reason == Reason::Reply && decision.instead.is_none();
    let own = standing.own.as_ref().filter(|_| answers && standing.sender.is_none() && !denied)?;
    teaches(facts, own, owner)
}

/// The challenge slots of an address, under every key: sub-addresses count as one.
#[must_use]
pub fn slot_keys(installation: &Installation, address: &Address) -> Vec<Fingerprint> {
    // Foreign delimiters are not known; `+` is what nearly all systems use, and the user's own is what the systems around
    // here use. Folding too much asks too little.
    let bare = address.without_tag(&format!("+{}", installation.config.policy.owner.delimiters));
    // What was written down under `+` alone still counts.
    let before = Some(address.without_tag("+")).filter(|before| before.normal() != bare.normal());
    let forms = std::iter::once(bare).chain(before).flat_map(|address| address.forms());
    let forms = forms.map(|form| form.as_str().to_owned());
    in_forms(&installation.keys.list, Kind::Challenged, forms).map(|(_, key)| key).collect()
}

fn open_store(installation: &Installation) -> Result<(Option<Store>, StoreHealth), Trouble> {
    match Store::open_to_look_up(&installation.config.paths.store) {
        Ok(store) => Ok((Some(store), StoreHealth::Ready)),
        Err(problem) => health(&problem).map(|health| (None, health)).ok_or(problem.into()),
    }
}

/// A missing, damaged or newer store is a fact about the installation; a busy or unreadable one is the machine's.
fn health(problem: &StoreProblem) -> Option<StoreHealth> {
    match problem {
        StoreProblem::Missing => Some(StoreHealth::Missing),
        StoreProblem::Corrupt => Some(StoreHealth::Corrupt),
        StoreProblem::Newer(_) => Some(StoreHealth::Newer),
        StoreProblem::Busy | StoreProblem::Machine(_) => None,
    }
}

/// The list while it is asked about one message.
struct List<'a> {
    look: LookUp<'a>,
    ring: &'a KeyRing,
    outdated: &'a mut Vec<(Kind, String, Fingerprint)>,
}

impl List<'_> {
    /// What it says about the author, the domain and the mailing list.
    fn about(&mut self, facts: &Facts, standing: &mut Standing) -> Result<(), StoreProblem> {
        if let Some(sender) = facts.sender.address() {
            (standing.author, standing.sender) = self.mailbox(sender)?;
            // What is asked of the user by a list's program comes from another address each time.
            let program = Some(subscription::helper(sender)).filter(|one| standing.sender.is_none() && one != sender);
            if let Some(program) = program {
                (_, standing.sender) = self.mailbox(&program)?;
            }
            standing.domain = self.named(Kind::Domain, sender.domain().as_str())?;
            // Whoever is known by name is so whatever is said of the domains above.
            for parent in sender.domain().parents() {
                if standing.sender.is_some() || standing.domain.is_some() {
                    break;
                }
                standing.domain = self.named(Kind::Subdomains, parent)?;
            }
        }
        if let Some(list) = facts.possible_list() {
            // Only where somebody cares about the list does it matter whether this is a list's mail.
            standing.list = self.named(Kind::List, list.as_str())?.filter(|_| facts.list().is_some());
        }
        Ok(())
    }

    fn mailbox(&mut self, address: &Address) -> Result<(Option<Fingerprint>, Option<Entry>), StoreProblem> {
        let ring = self.ring;
        self.find(Kind::Address, address.normal().as_str(), &mut of_mailbox(ring, address))
    }

    fn named(&mut self, kind: Kind, text: &str) -> Result<Option<Entry>, StoreProblem> {
        let ring = self.ring;
        Ok(self.find(kind, text, &mut under_every_key(ring, kind, text))?.1)
    }

    /// The key under which it is written today, and what is there. The newest key comes first, and what is found under it is
    /// as it should be.
    fn find(
        &mut self,
        kind: Kind,
        text: &str,
        keys: &mut dyn Iterator<Item = (KeyId, Fingerprint)>,
    ) -> Result<(Option<Fingerprint>, Option<Entry>), StoreProblem> {
        let mut newest = None;
        for (_, key) in keys {
            let is_newest = newest.is_none();
            newest = newest.or(Some(key));
            let Some(entry) = self.look.entry(&key)? else { continue };
            if !is_newest {
                self.outdated.push((kind, text.to_owned(), key));
            }
            return Ok((newest, Some(entry)));
        }
        Ok((newest, None))
    }
}

/// What is known from before about the message's people.
fn standing_of(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    now: i64,
    outdated: &mut Vec<(Kind, String, Fingerprint)>,
) -> Result<Standing, Trouble> {
    let mut standing = Standing::default();
    let mut list = List { look: store.look_up()?, ring: &installation.keys.list, outdated };
    list.about(facts, &mut standing)?;
    drop(list);
    if installation.config.policy.mode != Mode::Off && is_undecided(facts, standing.sender, &installation.config.policy)
    {
        own_mail::look_up(installation, store, facts, now, &mut standing)?;
    }
    if installation.config.policy.mode == Mode::On && may_answer(facts, standing.sender) {
        let is_allowed = is_allowed(standing.sender);
        standing.tokens = match tokens(installation, store, facts, standing.sender, now) {
            // What cannot be asked is what an answer would release; who is allowed is known.
            Err(trouble) if is_allowed && trouble.error.downcast_ref().and_then(health).is_some() => Vec::new(),
            tokens => tokens?,
        };
        standing.denied = denied(installation, store, facts, &standing.tokens)?;
        let own = installation.config.templates(None).unwrap_or_default();
        standing.echo = is_echo(&own, facts);
        standing.own_texts = own.iter().map(Template::text).collect();
        standing.own_subjects = own.into_iter().map(|template| template.subject).collect();
    }
    Ok(standing)
}

/// Earlier challenges to a sender who is on no list, and who else wrote the same.
fn history_of(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    standing: &Standing,
    (now, compared): (i64, &mut Option<Alike>),
) -> Result<History, Trouble> {
    let (None, Some(sender)) = (standing.sender, facts.envelope_sender()) else { return Ok(History::default()) };
    let mut history = store.history(&slot_keys(installation, sender), now)?;
    *compared = alike(installation, facts);
    if let Some(alike) = compared {
        history.alike = store.alike(alike, installation.config.policy.caps.breaker_alike, now)?;
    }
    Ok(history)
}

/// Whether the message may be an answer to a challenge. The mail of an allowed sender is read through for that only where
/// a token can be seen in it as it stands: all that an answer of theirs still does is release what is held.
fn may_answer(facts: &Facts, sender: Option<Entry>) -> bool {
    (!is_allowed(sender) || facts.may_bear_token()) && (confirm::may_confirm(facts) || confirm::may_be_bounce(facts))
}

fn is_allowed(sender: Option<Entry>) -> bool {
    sender.is_some_and(|entry| entry.effect == standing::Effect::Allow)
}

/// Whether the entry for the author, if there is one, leaves the decision to others.
fn is_undecided(facts: &Facts, sender: Option<Entry>, policy: &Policy) -> bool {
    let Some(entry) = sender else { return true };
    if is_allowed(sender) {
        return lacks_proof(facts, entry, policy).is_some();
    }
    let proofs = facts.authentication.of_author(facts.sender.address());
    !entry.denies(proofs)
}

/// What the message looks like, and from whom it is; none if it says too little to be compared.
#[must_use]
pub fn alike(installation: &Installation, facts: &Facts) -> Option<Alike> {
    let sender = *slot_keys(installation, facts.sender.address()?).first()?;
    let (_, key) = installation.keys.list.current();
    let pairs = shape(facts.subject(), &facts.content().preview);
    let pairs: Box<[_]> = pairs.iter().map(|pair| Fingerprint::of(key, Kind::Shape, pair.as_bytes())).collect();
    (!pairs.is_empty()).then_some(Alike { pairs, sender })
}

/// Whether the text is a challenge's own, sent back as it was: a robot that echoes has no mark, and a person who
/// answers leaves the question below a line of quotation or takes it out.
fn is_echo(own: &[Template], facts: &Facts) -> bool {
    let of_language = |(code, ..): &(&str, &str, &str)| [Template::built_in(code), Template::wrong_word(code)];
    let mut built_in = BUILT_IN.iter().flat_map(of_language).flatten();
    let opens = |template: &Template| template.opens(&facts.content().own_lines);
    own.iter().any(opens) || built_in.any(|template| opens(&template))
}

/// What each token of the message speaks of.
fn tokens(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    author: Option<Entry>,
    now: i64,
) -> Result<Vec<TokenStanding>, Trouble> {
    let answer = answer_key(installation, facts);
    let mut found = Vec::new();
    let author = author.filter(|entry| entry.origin == Origin::Confirmed).zip(facts.sender.address());
    let is_author =
        |key: &Fingerprint, sender: &Address| of_mailbox(&installation.keys.list, sender).any(|(_, own)| own == *key);
    let ids: Vec<_> = facts.tokens().iter().map(|found| Token::read(&found.text).held).collect();
    let there = quarantine::find_all(installation, store, &ids)?;
    let in_trash = trash::find_all(installation, store, &ids)?;
    for FoundToken { text, kind, .. } in facts.tokens() {
        let token = Token::read(text);
        let is_meant = |held: &&Held| held.id == token.held && held.sealed;
        let held = there.iter().find(is_meant).map(Held::note);
        let thrown_away = || in_trash.iter().find(is_meant).map(|held| HeldNote { trashed: true, ..held.note() });
        let mut held = held.or_else(thrown_away);
        let spent = store.spent(token.held)?;
        // The row says that a token of that number was found good, so its proof is not looked at again; without the
        // held message nobody knows the address it would need.
        let again = |row: &SpentRow| row.answer == Some(answer) && now.saturating_sub(row.at) < HANDED_OVER_WITHIN;
        let mut answered = spent.filter(again).and_then(|row| row.answered);
        if let Some(known) = answered
            && store.entry(&known.sender)?.is_none_or(|entry| entry.denies(known.pin))
        {
            answered = None;
        }
        // Entry and spent token are written in one stroke, with one time.
        let allowed_author = author.zip(spent).is_some_and(|((entry, sender), row)| {
            entry.added == row.at && row.answered.is_some_and(|answered| is_author(&answered.sender, sender))
        });
        let went_out = store.went_out(token.held)?;
        // What was proven when it was looked at stands in the row for certain.
        if let (Some(note), Some(row)) = (&mut held, store.held(token.held)?) {
            note.proofs = note.proofs.union(row.proofs);
        }
        let spent = spent.is_some();
        found.push(TokenStanding { token, kind: *kind, held, spent, answered, allowed_author, went_out });
    }
    Ok(found)
}

/// By what a message is known again when the mail system hands it over once more: all that is in memory of it, sender,
/// proof and text, without the lines of the delivery, which differ from attempt to attempt. Its Message-ID alone would
/// let anybody who knows it write another message in its place.
#[must_use]
pub fn answer_key(installation: &Installation, facts: &Facts) -> Fingerprint {
    let (_, key) = installation.keys.list.current();
    let mut running = RunningFingerprint::new(key);
    running.update(facts.message());
    running.finish()
}

/// Who among the people of an answer is denied; with one of them it confirms nothing.
fn denied(
    installation: &Installation,
    store: &Store,
    facts: &Facts,
    tokens: &[TokenStanding],
) -> Result<Vec<Address>, StoreProblem> {
    let challenged = tokens.iter().filter_map(|token| token.held.as_ref()?.challenged.clone());
    let mut people = confirm::candidates(facts);
    people.extend(challenged);
    let mut denied = Vec::new();
    for person in people {
        let ring = &installation.keys.list;
        let domain = under_every_key(ring, Kind::Domain, person.domain().as_str());
        let above = person.domain().parents().flat_map(|parent| under_every_key(ring, Kind::Subdomains, parent));
        let domain = domain.chain(above).map(|(_, key)| key);
        let entries = [entry_of(installation, store, &person)?, entry_under(store, domain)?];
        let proofs = facts.authentication.proofs(person.domain());
        if entries.iter().flatten().any(|entry| entry.denies(proofs)) {
            denied.push(person);
        }
    }
    Ok(denied)
}
