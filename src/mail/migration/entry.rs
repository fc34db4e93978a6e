//! What one entry of another program's list comes to: whom it lets in or refuses, or why it cannot be taken over.
//!
//! Promises: nothing in between: an entry is taken for exactly whom it means, or for fewer, or left with a reason in words.
//! Never touches: how a program writes its entries.

use std::collections::VecDeque;
use std::fmt;

use super::super::address::{Address, AddressError, Domain};
use super::super::display::{SHOWN_LIMIT, one_line};

/// Longest pattern in bytes that is looked into: an address has at most 320 octets, and each may be escaped.
const PATTERN_LIMIT: usize = 1024;

/// What a list does for those on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It lets their mail in.
    Allow,
    /// It refuses their mail.
    Deny,
}

/// Whom an entry means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// One mailbox.
    Address(Address),
    /// All of a domain, without its subdomains.
    Domain(Domain),
    /// All of a domain's subdomains, without itself.
    Subdomains(Domain),
    /// All of a domain and of its subdomains.
    DomainAndSubdomains(Domain),
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It can be taken over.
    Taken(Taken),
    /// It cannot.
    Left(Left),
}

/// An entry that can be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The number of its line; the first one is 1.
    pub line: u64,
    /// Whom it means.
    pub whom: Whom,
    /// What it does for them.
    pub effect: Effect,
}

/// An entry that cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The number of its line; the first one is 1.
    pub line: u64,
    /// The entry, fit to be shown, at most [`SHOWN_LIMIT`] characters.
    pub text: String,
    /// Why.
    pub reason: Reason,
}

/// Why an entry cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is no address and no pattern.
    Address(AddressError),
    /// It matches several addresses or domains.
    Pattern,
    /// A regular expression whose full stop is not escaped, and who is most likely meant.
    FullStop(Whom),
    /// It matches wherever its text stands in an address.
    AnyPlace,
    /// It matches everybody.
    Everybody,
    /// The program itself matches it with nobody; who is most likely meant.
    Nobody(Option<Whom>),
    /// It is about a recipient, a Subject or another part of the message.
    NotSender,
    /// Its action asks the sender, or holds the mail.
    Asks,
    /// Its action is about mail to them.
    Outgoing,
    /// It has an action that the program does not know, or none where it needs one.
    Action,
    /// It is a rule or a setting, and no entry of a list.
    Rule,
    /// Nobody has decided about it yet.
    Pending,
    /// It is no line of such a list.
    Unclear,
}

impl fmt::Display for Whom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whom::Address(address) => address.fmt(out),
            Whom::Domain(domain) => write!(out, "@{domain}"),
            Whom::Subdomains(domain) => write!(out, "the subdomains of @{domain}"),
            Whom::DomainAndSubdomains(domain) => write!(out, "@{domain} and its subdomains"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Reason::Address(error) => return error.fmt(out),
            Reason::FullStop(whom) => {
                return write!(out, "its full stop matches any character; if {whom} is meant, add that by hand");
            }
            Reason::Nobody(Some(whom)) => {
                return write!(out, "it has never matched anybody; if {whom} is meant, add that by hand");
            }
            Reason::Nobody(None) => "it has never matched anybody",
            Reason::Pattern => "it is a pattern that several addresses or domains match",
            Reason::AnyPlace => "it matches wherever its text stands in an address",
            Reason::Everybody => "it matches everybody",
            Reason::NotSender => "it is about the recipient, the Subject or another part of a message, not the sender",
            Reason::Asks => "its action asks the sender or holds the mail, as is done with strangers",
            Reason::Outgoing => "its action is about mail to them, not from them",
            Reason::Action => "its action is missing or unknown",
            Reason::Rule => "it is a rule or a setting, not an entry of a list",
            Reason::Pending => "nobody has decided about it yet",
            Reason::Unclear => "it is no line of such a list",
        })
    }
}

/// The entries of a line, until they are handed out.
#[derive(Debug)]
pub(super) struct Entries {
    /// What the list does for those on it where an entry does not say.
    effect: Effect,
    line: u64,
    queue: VecDeque<Entry>,
}

impl Entries {
    pub(super) fn new(effect: Effect) -> Entries {
        Entries { effect, line: 0, queue: VecDeque::new() }
    }

    /// What is added from now on stands on this line.
    pub(super) fn at(&mut self, line: u64) {
        self.line = line;
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.queue.pop_front()
    }

    /// Adds an entry: whom it means, or why it is left.
    pub(super) fn add(&mut self, text: &str, whom: Result<Whom, Reason>) {
        self.add_with(text, whom.map(|whom| (whom, self.effect)));
    }

    /// Adds an entry that says itself what it does.
    pub(super) fn add_with(&mut self, text: &str, read: Result<(Whom, Effect), Reason>) {
        let line = self.line;
        self.queue.push_back(match read {
            Ok((whom, effect)) => Entry::Taken(Taken { line, whom, effect }),
            Err(reason) => Entry::Left(Left { line, text: one_line(text, SHOWN_LIMIT), reason }),
        });
    }

    /// The effect of the list.
    pub(super) fn effect(&self) -> Effect {
        self.effect
    }
}

/// An address without anything around it.
pub(super) fn address(text: &str) -> Result<Whom, Reason> {
    Address::parse(text).map(Whom::Address).map_err(Reason::Address)
}

/// A domain without anything around it.
pub(super) fn domain(text: &str) -> Result<Domain, Reason> {
    Domain::parse(text).map_err(Reason::Address)
}

/// Refuses a pattern that is longer than any address could be, so that looking into it takes no time to speak of.
pub(super) fn refuse_long(pattern: &str) -> Result<(), Reason> {
    if pattern.len() > PATTERN_LIMIT { Err(Reason::Address(AddressError::TooLong)) } else { Ok(()) }
}
