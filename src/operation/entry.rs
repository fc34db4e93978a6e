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
use crate::mail::display::one_line;
use crate::operation::case::{entry_of, slot_keys};
use crate::operation::installation::Installation;
use crate::operation::ledger;
use crate::operation::people::{Meter, People, summary};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Proofs;
use crate::policy::fingerprint::{Fingerprint, Kind, under_every_key};
use crate::policy::standing::{Effect, Entry, Origin};
use crate::signs::list_id::ListId;
use crate::signs::sender;
use crate::world::clock;
use crate::world::config::Environment;
use crate::world::store::{Change, State, Store, StoreProblem};

/// Whom an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// One mailbox.
    Address(Address),
    /// A whole domain, without its subdomains.
    Domain(Domain),
    /// A mailing list by its List-Id.
    List(ListId),
}

/// Puts people on the list, for `allow` and `deny`.
///
/// # Errors
/// When a word or a line is no address, domain or list, or the store cannot be written.
pub fn put(arguments: &EntryArguments, environment: Environment, effect: Effect) -> Answer {
    if People::may_be_many(arguments) {
        return put_many(arguments, environment, effect);
    }
    // Gather.
    let people = parse_all(&arguments.who)?;
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    // Decide.
    people.iter().try_for_each(|who| refuse(&installation, who, effect))?;
    let entry = Entry { effect, pin: Proofs::NONE, origin: Origin::Manual, added: clock::now() };
    let changes: Vec<Change> = people.iter().map(|who| who.change(&installation, effect)).collect();
    // Perform.
    let mut before = vec![None; people.len()];
    let (id, _) = installation.keys.list.current();
    store.change_entries(id, Some(entry), changes.iter().cloned().map(Ok::<_, Trouble>), |number, old| {
        if let Some(place) = usize::try_from(number).ok().and_then(|number| before.get_mut(number)) {
            *place = old;
        }
    })?;
    for ((who, Change { pin, .. }), before) in people.iter().zip(changes).zip(before) {
        let what = change(before, &Entry { pin, ..entry });
        screen::out(&format!("{} {who}{}{what}\n", effect_words(effect), if_proven(pin)))?;
        if effect == Effect::Allow {
            say_limits(&installation, &store, who);
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

/// The same of so many that nobody reads a line about each.
fn put_many(arguments: &EntryArguments, environment: Environment, effect: Effect) -> Answer {
    // Gather.
    let installation = Installation::open(&environment)?;
    let mut store = ledger::needed(&installation)?;
    let mut people = People::of(arguments);
    let entry = Entry { effect, pin: Proofs::NONE, origin: Origin::Manual, added: clock::now() };
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
            sum.domains += u64::from(matches!(who, Who::Domain(_) | Who::List(_)));
            sum.programs += u64::from(who.is_programs());
            meter.borrow_mut().show("read", sum.read);
            who.change(&installation, effect)
        }))
    });
    let (id, _) = installation.keys.list.current();
    store.change_entries(id, Some(entry), changes, |_, before| {
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
    Ok(Ending::Done)
}

fn say_sum(installation: &Installation, sum: &Sum, effect: Effect) -> Result<(), Trouble> {
    let turned = if effect == Effect::Allow { "denied before" } else { "allowed before" };
    let parts = summary(&[(sum.new, "new"), (sum.as_before, "as before"), (sum.turned, turned)]);
    let parts = if parts.is_empty() { parts } else { format!(": {parts}") };
    screen::out(&format!("{} {}{parts}\n", effect_words(effect), sum.read))?;
    let trusts = !installation.config.policy.trust.ids.is_empty();
    match (effect, sum.domains, trusts) {
        (Effect::Deny, ..) | (_, 0, _) => {}
        (_, count, false) => screen::error(&format!(
            "{count} are domains or lists, which count only where the domain is proven, and no authserv-id is configured, so \
             they never count yet (see `countersign doctor`)"
        )),
        (_, count, true) => screen::aside(&format!(
            "{count} are domains or lists, which count only for mail whose domain is proven (dmarc or dkim)."
        )),
    }
    match (effect, sum.programs, trusts) {
        (Effect::Deny, ..) | (_, 0, _) => {}
        (_, count, false) => screen::error(&format!(
            "{count} are addresses of programs or roles, and no authserv-id is configured, so whatever merely claims to be from \
             them passes from now on (see `countersign doctor`)"
        )),
        (_, count, true) => screen::aside(&format!(
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
    /// Reads `name@example.org`, `@example.org` or `list:list-id.example.org`, with nothing around it.
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
            let parsed = Domain::parse(domain).map(Who::Domain);
            return parsed.map_err(|why| Trouble::usage(format!("{shown:?} is no domain: {why}")));
        }
        // How mail systems spell the null sender.
        if matches!(text, "" | "<>") || text.trim_matches(['<', '>']).eq_ignore_ascii_case("MAILER-DAEMON") {
            return Err(Trouble::usage(format!(
                "{shown:?} is the null sender, from which bounces come; it is nobody's"
            )));
        }
        let parsed = Address::parse(text).map(Who::Address);
        let ways = "write name@example.org, @example.org for a whole domain, or list:ID for a mailing list";
        parsed.map_err(|why| Trouble::usage(format!("{shown:?} is no address: {why}; {ways}")))
    }

    /// The entry for it under any list key.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn entry(&self, installation: &Installation, store: &Store) -> Result<Option<Entry>, StoreProblem> {
        Ok(entry_of(installation, store, self.kind(), &self.text())?.map(|(_, entry)| entry))
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
        let mut keys =
            under_every_key(&installation.keys.list, self.kind(), &self.text()).map(|(_, key)| key).collect::<Vec<_>>();
        let key = keys.remove(0);
        let pin = if effect == Effect::Allow { self.demand(installation) } else { Proofs::NONE };
        Change { key, older: keys, kind: self.kind(), pin }
    }

    /// Its fingerprints under every list key, the newest first.
    #[must_use]
    pub fn keys(&self, installation: &Installation) -> Vec<Fingerprint> {
        under_every_key(&installation.keys.list, self.kind(), &self.text()).map(|(_, key)| key).collect()
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
            Who::Domain(_) | Who::List(_) => Vec::new(),
        }
    }

    /// The proof that an allow entry for it demands: a program or a role sends by itself and signs what it sends, and
    /// everybody feigns it. Where no mail system is trusted, nothing can be proven, so nothing is demanded.
    #[must_use]
    pub fn demand(&self, installation: &Installation) -> Proofs {
        let trusts = !installation.config.policy.trust.ids.is_empty();
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
            Who::List(_) => Kind::List,
        }
    }

    /// The form that is hashed; the same as a delivery hashes.
    fn text(&self) -> String {
        match self {
            Who::Address(address) => address.normal().as_str().to_owned(),
            Who::Domain(domain) => domain.as_str().to_owned(),
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
    let origin = match entry.origin {
        Origin::Confirmed => "the sender answered a challenge",
        Origin::Manual => "you typed it",
        Origin::Released => "you released a message with --allow",
    };
    format!("{}{} ({origin}, {} UTC)", effect_words(entry.effect), if_proven(entry.pin), short_date(entry.added))
}

/// An entry for a program.
#[must_use]
pub fn as_json(entry: Entry) -> serde_json::Value {
    let origin = match entry.origin {
        Origin::Confirmed => "confirmed",
        Origin::Manual => "manual",
        Origin::Released => "released",
    };
    let effect = if entry.effect == Effect::Allow { "allow" } else { "deny" };
    json!({ "effect": effect, "pin": entry.pin.list(), "origin": origin, "added": entry.added })
}

/// `, if dmarc or dkim says pass`, behind the name of whom a pin binds.
#[must_use]
pub fn if_proven(pin: Proofs) -> String {
    if pin.is_empty() { String::new() } else { format!(", if {} says pass", any_of(pin)) }
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
fn say_limits(installation: &Installation, store: &Store, who: &Who) {
    match who {
        Who::Domain(_) | Who::List(_) if installation.config.policy.trust.ids.is_empty() => screen::error(&format!(
            "{who} counts only where the domain is proven, and no authserv-id is configured, so it never counts yet \
             (see `countersign doctor`)"
        )),
        Who::Domain(_) | Who::List(_) => {
            screen::aside("A domain or a list counts only for mail whose domain is proven (dmarc or dkim).");
        }
        Who::Address(_) => {
            if who.is_programs() {
                say_of_program(installation, who);
            }
            let rows = who.keys(installation).into_iter().filter_map(|key| store.held_from(&key).ok()).flatten();
            let count = rows.filter(|row| row.state == State::Held).count();
            if count > 0 {
                let way = format!("countersign held --grep {who}");
                screen::aside(&format!("What is held from {who} ({count}) stays held; to see it: {way}"));
            }
        }
    }
}

fn say_of_program(installation: &Installation, who: &Who) {
    if who.demand(installation).is_empty() {
        screen::error(&format!(
            "{who} is an address of a program or a role, and no authserv-id is configured, so whatever merely claims to be \
             from it passes from now on (see `countersign doctor`)"
        ));
    } else {
        screen::aside(&format!(
            "{who} is an address of a program or a role, so its mail must be proven (dmarc or dkim)."
        ));
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
