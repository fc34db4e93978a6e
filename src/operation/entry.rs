//! The list of senders, domains and mailing lists, as its user writes it.
//!
//! Promises: all words are read before anything is written; an entry stands under the newest list key and under no
//! older one; the user's own addresses and those of mail systems never get on the list of the allowed, and a program's
//! only with a demand for proof. Never touches: held messages.

use std::cell::RefCell;

use serde_json::json;

use crate::cli::EntryArguments;
use crate::exit::Ending;
use crate::mail::address::{Address, Domain};
use crate::mail::compose::short_date;
use crate::mail::display::{one_line, shell_word};
use crate::operation::case::{entry_under, slot_keys};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::people::{Meter, People, summary};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::{Proofs, Trust};
use crate::policy::fingerprint::{Fingerprint, Kind, of_mailbox, under_every_key};
use crate::policy::standing::{Effect, Entry, Origin};
use crate::signs::list_id::ListId;
use crate::signs::sender;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::{Change, Put, State, Store, StoreProblem};

/// Whom an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// One mailbox.
    Address(Address),
    /// A whole domain, without its subdomains.
    Domain(Domain),
    /// All subdomains of a domain, without itself.
    Subdomains(Domain),
    /// A mailing list by its List-Id.
    List(ListId),
}

/// What is wished of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// What it does.
    pub effect: Effect,
    /// Whether it never asks for proof, whatever was there before.
    pub any: bool,
    /// Whether what is held is released at once, so that nothing need be said of it.
    pub release: bool,
}

impl Wish {
    fn put(self) -> Put {
        let origin = if self.any && self.effect == Effect::Allow { Origin::Any } else { Origin::Manual };
        let entry = Entry { effect: self.effect, pin: Proofs::NONE, origin, added: clock::now() };
        if self.any || self.effect == Effect::Deny { Put::Entry(entry) } else { Put::KeepingDemand(entry) }
    }
}

/// Most held messages of an address that are named.
const HELD_SHOWN: usize = 10;
/// So many messages of an address with the same proof, and the user may rely on it.
const PROVEN_FROM: usize = 3;

/// Puts people on the list, for `allow` and `deny`.
///
/// # Errors
/// When a word or a line is no address, domain or list, or the store cannot be written.
pub fn put(arguments: &EntryArguments, environment: Environment, wish: Wish) -> Answer {
    if People::may_be_many(arguments) {
        return put_many(arguments, environment, wish);
    }
    // Gather.
    let people = parse_all(&arguments.who)?;
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    // Decide.
    people.iter().try_for_each(|who| refuse(&installation, who, wish.effect))?;
    let changes = people.iter().map(|who| proven_change(&installation, &store, who, wish));
    let changes = changes.collect::<Result<Vec<Change>, _>>()?;
    // Perform.
    let mut before = vec![None; people.len()];
    let (id, _) = installation.keys.list.current();
    store.change_entries(id, wish.put(), changes.iter().cloned().map(Ok::<_, Trouble>), |number, old| {
        if let Some(place) = usize::try_from(number).ok().and_then(|number| before.get_mut(number)) {
            *place = old;
        }
    })?;
    for (who, before) in people.iter().zip(before) {
        let Some(entry) = who.entry(&installation, &store)? else { continue };
        let what = change(before, &entry);
        screen::out(&format!("{} {who}{}{what}\n", effect_words(entry.effect), demand_of(&entry)))?;
        if wish.effect == Effect::Allow {
            say_limits(&installation, &store, who, entry, wish)?;
        }
    }
    Ok(Ending::Done)
}

/// Of those who were read: what needs a word, and what it was before.
#[derive(Default)]
struct Sum {
    read: u64,
    domains: u64,
    programs: u64,
    new: u64,
    turned: u64,
    as_before: u64,
}

/// What is to be changed for one of a few: where enough mail came with the same proof, its entry asks for that.
fn proven_change(installation: &Installation, store: &Store, who: &Who, wish: Wish) -> Result<Change, StoreProblem> {
    let mut change = who.change(installation, wish.effect);
    if wish.any {
        return Ok(Change { pin: Proofs::NONE, ..change });
    }
    if wish.effect == Effect::Allow && change.pin.is_empty() && installation.config.policy.trust.can_prove() {
        let mut rows = Vec::new();
        for key in who.keys(installation) {
            rows.extend(store.held_from(&key)?);
        }
        let often = |proof: &Proofs| rows.iter().filter(|row| row.proofs.contains(*proof)).count() >= PROVEN_FROM;
        change.pin = [Proofs::DMARC, Proofs::DKIM].into_iter().filter(often).fold(Proofs::NONE, Proofs::union);
    }
    Ok(change)
}

/// The same of so many that nobody reads a line about each.
fn put_many(arguments: &EntryArguments, environment: Environment, wish: Wish) -> Answer {
    let effect = wish.effect;
    // Gather.
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    let mut people = People::of(arguments);
    // Decide and perform: nothing is written before all are read.
    let (sum, meter) = (RefCell::new(Sum::default()), RefCell::new(Meter::begun()));
    let changes = std::iter::from_fn(|| {
        let who = people.next(|text| {
            let who = Who::parse(text)?;
            refuse(&installation, &who, effect).map(|()| who)
        });
        let who = who.transpose()?;
        Some(who.map(|who| {
            let mut sum = sum.borrow_mut();
            sum.read += 1;
            sum.domains += u64::from(!matches!(who, Who::Address(_)));
            sum.programs += u64::from(who.is_programs() && !wish.any);
            meter.borrow_mut().show("read", sum.read);
            let change = who.change(&installation, effect);
            if wish.any { Change { pin: Proofs::NONE, ..change } } else { change }
        }))
    });
    let (id, _) = installation.keys.list.current();
    store.change_entries(id, wish.put(), changes, |_, before| {
        let mut sum = sum.borrow_mut();
        match before {
            None => sum.new += 1,
            Some(old) if old.effect == effect => sum.as_before += 1,
            Some(_) => sum.turned += 1,
        }
        meter.borrow_mut().show("written", sum.new + sum.as_before + sum.turned);
    })?;
    drop(meter);
    say_sum(&installation, &sum.into_inner(), effect)?;
    if wish.any {
        screen::error(
            "no proof is ever asked of their mail: whatever merely claims to be from one of them passes, \
             but for what its domain disowns",
        );
    }
    Ok(Ending::Done)
}

fn say_sum(installation: &Installation, sum: &Sum, effect: Effect) -> Result<(), Trouble> {
    let turned = if effect == Effect::Allow { "denied before" } else { "allowed before" };
    let parts = summary(&[(sum.new, "new"), (sum.as_before, "as before"), (sum.turned, turned)]);
    let parts = if parts.is_empty() { parts } else { format!(": {parts}") };
    screen::out(&format!("{} {}{parts}\n", effect_words(effect), sum.read))?;
    let trust = &installation.config.policy.trust;
    let nothing = Trust::PROVES_NOTHING;
    match (effect, sum.domains, trust.can_prove()) {
        (Effect::Deny, ..) | (_, 0, _) => {}
        (_, count, false) => screen::error(&format!(
            "{count} are domains or lists, which count only where the domain is proven, and {nothing}, so \
             they never count yet (see `countersign doctor`)"
        )),
        (_, count, true) => screen::aside(&format!(
            "{count} are domains or lists, which count only for mail whose domain is proven (dmarc or dkim)."
        )),
    }
    match (effect, sum.programs, trust.why_pins_rest()) {
        (Effect::Deny, ..) | (_, 0, _) => {}
        (_, count, Some(why)) => screen::error(&format!(
            "{count} are addresses of programs or roles, and {why}, so whatever merely claims to be from \
             them passes from now on (see `countersign doctor`)"
        )),
        (_, count, None) => screen::aside(&format!(
            "{count} are addresses of programs or roles, so their mail must be proven (dmarc or dkim)."
        )),
    }
    Ok(())
}

/// Refuses what is never put on the list.
fn refuse(installation: &Installation, who: &Who, effect: Effect) -> Result<(), Trouble> {
    refuse_own(installation, who)?;
    if effect == Effect::Allow { refuse_mail_system(who) } else { Ok(()) }
}

impl Who {
    /// Reads `name@example.org`, `@example.org`, `@*.example.org` or `list:list-id.example.org`, with nothing around it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Who, Trouble> {
        let shown = one_line(text, 80);
        if let Some(id) = text.strip_prefix("list:") {
            let strict = ListId::new(id).filter(|_| !id.contains(|c: char| c.is_whitespace()));
            let why = "a list is written list:list-id.example.org, as in the angle brackets of its List-Id field";
            return strict.map(Who::List).ok_or_else(|| Trouble::usage(format!("{shown:?}: {why}")));
        }
        if let Some(domain) = text.strip_prefix('@') {
            let parsed = match domain.strip_prefix("*.") {
                Some(parent) if !parent.contains('.') => {
                    let text = format!("{shown:?}: all of a top-level domain is nobody's; name a domain below it");
                    return Err(Trouble::usage(text));
                }
                Some(parent) => Domain::parse(parent).map(Who::Subdomains),
                None => Domain::parse(domain).map(Who::Domain),
            };
            return parsed.map_err(|why| Trouble::usage(format!("{shown:?} is no domain: {why}")));
        }
        // How mail systems spell the null sender.
        if matches!(text, "" | "<>") || text.trim_matches(['<', '>']).eq_ignore_ascii_case("MAILER-DAEMON") {
            return Err(Trouble::usage(format!(
                "{shown:?} is the null sender, from which bounces come; it is nobody's"
            )));
        }
        let parsed = Address::parse(text).map(Who::Address);
        let ways = "write name@example.org, @example.org for a whole domain, @*.example.org for its subdomains, or list:ID for a mailing list";
        parsed.map_err(|why| Trouble::usage(format!("{shown:?} is no address: {why}; {ways}")))
    }

    /// The entry for it under any list key.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn entry(&self, installation: &Installation, store: &Store) -> Result<Option<Entry>, StoreProblem> {
        entry_under(store, self.keys(installation).into_iter())
    }

    /// Writes an entry under the newest list key, in place of what stands there and under every older one.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn write(&self, installation: &Installation, store: &mut Store, entry: &Entry) -> Result<(), StoreProblem> {
        let (id, key) = installation.keys.list.current();
        let current = Fingerprint::of(key, self.kind(), self.text().as_bytes());
        let older: Vec<Fingerprint> = self.keys(installation).into_iter().filter(|one| *one != current).collect();
        store.put_entry((id, current), self.kind(), entry, &older)
    }

    /// What is to be changed of the list for it.
    #[must_use]
    pub fn change(&self, installation: &Installation, effect: Effect) -> Change {
        let mut keys = self.keys(installation);
        let key = keys.remove(0);
        let pin = if effect == Effect::Allow { self.demand(installation) } else { Proofs::NONE };
        Change { key, older: keys, kind: self.kind(), pin }
    }

    /// Its fingerprints under every list key and in every form, what is written today first.
    #[must_use]
    pub fn keys(&self, installation: &Installation) -> Vec<Fingerprint> {
        let ring = &installation.keys.list;
        match self {
            Who::Address(address) => of_mailbox(ring, address).map(|(_, key)| key).collect(),
            Who::Domain(_) | Who::Subdomains(_) | Who::List(_) => {
                under_every_key(ring, self.kind(), &self.text()).map(|(_, key)| key).collect()
            }
        }
    }

    /// Forgets that an address wants no challenge any more; whether it had said so.
    pub fn opt_in(&self, installation: &Installation, store: &mut Store) -> Result<bool, StoreProblem> {
        store.opt_in(&self.slot_keys(installation))
    }

    /// The keys under which it may have said that it wants no challenge any more.
    #[must_use]
    pub fn slot_keys(&self, installation: &Installation) -> Vec<Fingerprint> {
        match self {
            Who::Address(address) => slot_keys(installation, address),
            Who::Domain(_) | Who::Subdomains(_) | Who::List(_) => Vec::new(),
        }
    }

    /// The proof that an allow entry for it demands: a program or a role sends by itself and signs what it sends, and
    /// everybody feigns it. Where no mail system is trusted, nothing can be proven, so nothing is demanded.
    #[must_use]
    pub fn demand(&self, installation: &Installation) -> Proofs {
        let trusts = installation.config.policy.trust.can_prove();
        if trusts && self.is_programs() { Proofs::AUTHOR } else { Proofs::NONE }
    }

    /// Whether it is an address from which a program or a role writes.
    fn is_programs(&self) -> bool {
        matches!(self, Who::Address(address) if sender::read(address).is_some())
    }

    fn kind(&self) -> Kind {
        match self {
            Who::Address(_) => Kind::Address,
            Who::Domain(_) => Kind::Domain,
            Who::Subdomains(_) => Kind::Subdomains,
            Who::List(_) => Kind::List,
        }
    }

    /// The form that is hashed; the same as a delivery hashes.
    fn text(&self) -> String {
        match self {
            Who::Address(address) => address.normal().as_str().to_owned(),
            Who::Domain(domain) | Who::Subdomains(domain) => domain.as_str().to_owned(),
            Who::List(list) => list.as_str().to_owned(),
        }
    }
}

/// As it is typed. [`Address`], [`Domain`] and [`ListId`] hold nothing that a terminal would obey.
impl std::fmt::Display for Who {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Who::Address(address) => address.fmt(out),
            Who::Domain(domain) => write!(out, "@{domain}"),
            Who::Subdomains(domain) => write!(out, "@*.{domain}"),
            Who::List(list) => write!(out, "list:{}", list.as_str()),
        }
    }
}

/// Refuses an address of the user: as an entry it would let pass whoever feigns it.
///
/// # Errors
/// When it is one.
pub fn refuse_own(installation: &Installation, who: &Who) -> Result<(), Trouble> {
    match who {
        Who::Address(address) if installation.config.policy.owner.is(address) => Err(Trouble::usage(format!(
            "{who} is an address of yours; those are never on the list, since everybody feigns them"
        ))),
        _ => Ok(()),
    }
}

/// Refuses an address of mail systems: every bounce comes from it, to what was sent in the user's name by others too.
///
/// # Errors
/// When it is one.
pub fn refuse_mail_system(who: &Who) -> Result<(), Trouble> {
    match who {
        Who::Address(address) if sender::is_mail_system(address) => Err(Trouble::usage(format!(
            "{who} is an address from which mail systems write; it is never allowed, since everybody feigns it"
        ))),
        _ => Ok(()),
    }
}

/// An entry in words.
#[must_use]
pub fn describe(entry: Entry) -> String {
    let (what, origin) = (effect_words(entry.effect), entry.origin.sentence());
    format!("{what}{} ({origin}, {} UTC)", demand_of(&entry), short_date(entry.added))
}

/// An entry for a program.
#[must_use]
pub fn as_json(entry: Entry) -> serde_json::Value {
    let effect = if entry.effect == Effect::Allow { "allow" } else { "deny" };
    json!({ "effect": effect, "pin": entry.pin.list(), "origin": entry.origin.name(), "added": entry.added })
}

/// `, if dmarc or dkim says pass`, behind the name of whom a pin binds.
#[must_use]
pub fn if_proven(pin: Proofs) -> String {
    if pin.is_empty() { String::new() } else { format!(", if {} says pass", any_of(pin)) }
}

/// The proof on which an entry hangs, as a part of a sentence.
fn demand_of(entry: &Entry) -> String {
    match entry.effect {
        Effect::Allow => if_proven(entry.pin),
        Effect::Deny if entry.pin.is_empty() => String::new(),
        Effect::Deny => format!(", unless {} says pass", any_of(entry.pin)),
    }
}

/// `dmarc or dkim`: one proof of a pin is enough.
#[must_use]
pub fn any_of(pin: Proofs) -> String {
    pin.names().replace(", ", " or ")
}

/// Reads all words; nothing is done while one of them cannot be read.
///
/// # Errors
/// Says which one, and what is wrong with it.
pub fn parse_all(words: &[String]) -> Result<Vec<Who>, Trouble> {
    words.iter().map(|word| Who::parse(word)).collect()
}

fn effect_words(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allowed",
        Effect::Deny => "denied",
    }
}

/// What an entry took the place of, where that matters.
fn change(before: Option<Entry>, entry: &Entry) -> String {
    let Some(old) = before else { return String::new() };
    if old.effect != entry.effect {
        return format!(" (was {} before)", effect_words(old.effect));
    }
    match (old.pin.is_empty(), entry.pin.is_empty()) {
        (false, true) => format!(" (was allowed only if {} says pass; now without proof too)", any_of(old.pin)),
        (true, false) => " (was allowed without proof before)".to_owned(),
        _ => " (as before)".to_owned(),
    }
}

/// Says what an allow entry does not do. It is written by now, so nothing here is an error.
fn say_limits(installation: &Installation, store: &Store, who: &Who, entry: Entry, wish: Wish) -> Result<(), Trouble> {
    match who {
        Who::Domain(_) | Who::Subdomains(_) | Who::List(_) if !installation.config.policy.trust.can_prove() => {
            screen::error(&format!(
                "{who} counts only where the domain is proven, and {}, so it never counts yet (see `countersign doctor`)",
                Trust::PROVES_NOTHING
            ))
        }
        Who::Domain(_) | Who::Subdomains(_) | Who::List(_) => {
            screen::aside("A domain or a list counts only for mail whose domain is proven (dmarc or dkim).");
        }
        Who::Address(_) => {
            if wish.any {
                screen::error(&format!(
                    "no proof is ever asked of mail from {who}: whatever merely claims to be from there passes from now on, \
                     but for what its domain disowns"
                ));
            } else if who.is_programs() {
                say_of_program(installation, who);
            } else if entry.pin.is_empty() {
                screen::out(&format!(
                    "No proof is asked of mail from {who}: whatever claims to be from there passes, but for what its \
                     domain disowns.\n"
                ))?;
                screen::aside(&format!(
                    "Proof is asked for once {PROVEN_FROM} messages with the same one have come, or where `release --allow` or an \
                     answer makes the entry."
                ));
            } else if let Some(why) = installation.config.policy.trust.why_pins_rest() {
                screen::out(&format!("Mail from {who} passes without that proof: {why}.\n"))?;
            } else {
                screen::out(&format!("Mail from {who} without that proof is held.\n"))?;
                screen::aside(&format!("To let it pass too: countersign allow --any {}", shell_word(&who.to_string())));
            }
            if !wish.release {
                say_held(installation, store, who)?;
            }
        }
    }
    Ok(())
}

/// Says what is held from an address, and how to have it.
fn say_held(installation: &Installation, store: &Store, who: &Who) -> Result<(), Trouble> {
    let mut rows = Vec::new();
    for key in who.keys(installation) {
        rows.extend(store.held_from(&key)?);
    }
    let held: Vec<_> = rows.into_iter().filter(|row| row.state == State::Held).collect();
    if held.is_empty() {
        return Ok(());
    }
    let word = shell_word(&who.to_string());
    let mut out = format!("Held from {who}, and not released by this ({}):\n", held.len());
    for row in held.iter().rev().take(HELD_SHOWN) {
        out.push_str(&format!("{}  {}  {}\n", row.id, short_date(row.received), row.reason.sentence()));
    }
    let more = held.len().saturating_sub(HELD_SHOWN);
    if more > 0 {
        out.push_str(&format!("and {more} more: countersign held --grep {word}\n"));
    }
    screen::out(&format!("{out}To have what would pass now: countersign allow --release {word}\n"))?;
    Ok(())
}

fn say_of_program(installation: &Installation, who: &Who) {
    match installation.config.policy.trust.why_pins_rest() {
        Some(why) => screen::error(&format!(
            "{who} is an address of a program or a role, and {why}, so whatever merely claims to be from it passes from now on \
             (see `countersign doctor`)"
        )),
        None => screen::aside(&format!(
            "{who} is an address of a program or a role, so its mail must be proven (dmarc or dkim)."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_an_address_a_domain_or_a_list() {
        let shown = |text: &str| Who::parse(text).unwrap().to_string();
        assert_eq!(shown("Bob@Example.ORG"), "Bob@example.org");
        assert_eq!(shown("bob+tag@example.org"), "bob+tag@example.org");
        assert_eq!(shown("@Example.ORG"), "@example.org");
        assert_eq!(shown("@bücher.example"), "@xn--bcher-kva.example");
        assert_eq!(shown("list:Friends.Example.org"), "list:friends.example.org");
    }

    #[test]
    fn what_is_hashed_is_what_a_delivery_hashes() {
        let who = Who::parse("Bob@Example.ORG").unwrap();
        assert_eq!(who.text(), Address::parse("bob@example.org").unwrap().normal().as_str());
        assert_eq!(Who::parse("@Example.ORG").unwrap().text(), "example.org");
    }

    #[test]
    fn nothing_is_guessed() {
        for text in [
            "",
            "@",
            "bob",
            "bob@",
            "Bob <bob@example.org>",
            "<bob@example.org>",
            " bob@example.org",
            "bob@example.org\n",
            "a@b@c.org",
            "-oX@example.org",
            "@exa mple.org",
            "@-example.org",
            "list:",
            "list:<friends.example.org>",
            "list: friends.example.org",
            "list:a b",
            "bob@*.org",
        ] {
            assert_eq!(Who::parse(text).unwrap_err().ending, Ending::Usage, "{text:?}");
        }
    }

    #[test]
    fn an_entry_says_what_it_demands() {
        let pin = Proofs::DMARC.union(Proofs::DKIM);
        let entry = Entry { effect: Effect::Allow, pin, origin: Origin::Confirmed, added: 1_795_262_400 };
        assert!(describe(entry).starts_with("allowed, if dmarc or dkim says pass"), "{}", describe(entry));
        let free = Entry { pin: Proofs::NONE, ..entry };
        let denied = Entry { effect: Effect::Deny, ..free };
        assert!(change(Some(entry), &free).contains("now without proof"));
        assert!(change(Some(free), &entry).contains("without proof before"));
        assert!(change(Some(entry), &denied).contains("was allowed"));
        assert!(change(Some(denied), &entry).contains("was denied"));
        assert_eq!(change(Some(entry), &entry), " (as before)");
        assert_eq!(change(None, &free), "");
    }

    #[test]
    fn mail_systems_are_refused_and_other_roles_are_not() {
        for text in [
            "MAILER-DAEMON@example.org",
            "mailer_daemon@example.org",
            "MailerDaemon@example.org",
            "mail-daemon@example.org",
            "postmaster@example.org",
            "Post.Master@example.org",
            "postmaster+abuse@example.org",
            "prvs=4321abcdef=mailer-daemon@example.org",
        ] {
            assert_eq!(refuse_mail_system(&Who::parse(text).unwrap()).unwrap_err().ending, Ending::Usage, "{text}");
        }
        for text in [
            "no-reply@example.org",
            "abuse@example.org",
            "bob@example.org",
            "bob+postmaster@example.org",
            "postmasters@example.org",
            "@postmaster.example.org",
            "list:postmaster.example.org",
        ] {
            assert!(refuse_mail_system(&Who::parse(text).unwrap()).is_ok(), "{text}");
        }
        for text in ["", "<>", "MAILER-DAEMON", "<mailer-daemon>"] {
            let trouble = Who::parse(text).unwrap_err();
            assert!(trouble.ending == Ending::Usage && trouble.error.to_string().contains("null sender"), "{text:?}");
        }
    }
}
