//! Follows what a domain publishes: `check_host()` (RFC 7208 sections 4 and 5) with the limits of section 4.6.4.
//!
//! Promises: at most ten terms that look something up, ten mail exchangers of each, ten names of the client, two terms that find
//! nothing. Where an answer is missing the check goes on as if nothing matched there, to learn what else it will need; no result
//! counts as long as one is missing. Never touches: how a record is written (`record`), how a name is built (`macros`).

use core::net::IpAddr;

use super::super::question::{Answer, Answers, Name, Question, Record as DnsRecord, RecordType, Step};
use super::macros::{DomainSpec, Values};
use super::record::{Mechanism, Prefixes, Record, is_record};
use super::result::SpfResult;

/// Most questions of one round: what may turn out to be needless is asked in good measure only.
pub const ROUND_LIMIT: usize = 16;
/// Most terms of a whole check that look something up (section 4.6.4).
const TERM_LIMIT: u32 = 10;
/// Most mail exchangers of one term, and most names of the client (section 4.6.4).
const HOST_LIMIT: usize = 10;
/// Most terms that find nothing (section 4.6.4).
const VOID_LIMIT: u32 = 2;

/// What a lookup came to.
enum Looked<'a> {
    /// It must be asked first.
    Missing,
    /// The records; none where the name has none of that type.
    Records(&'a [DnsRecord]),
    /// No answer that can be used.
    Unsettled,
}

/// Whether an address that is looked for is among those of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Here,
    Missing,
    NoAddress,
    NotHere,
    Unsettled,
}

struct Check<'a> {
    values: &'a Values<'a>,
    answers: &'a Answers,
    missing: Vec<Question>,
    terms: u32,
    voids: u32,
    /// Whether the names of the client were looked up for a macro: they are so once.
    named: bool,
}

/// Checks the client against the policy of a domain.
pub(super) fn check(values: &Values<'_>, domain: &Name, answers: &Answers) -> Step<SpfResult> {
    let mut check = Check { values, answers, missing: Vec::new(), terms: 0, voids: 0, named: false };
    let result = check.host(domain).unwrap_or_else(|result| result);
    if check.missing.is_empty() { Step::Done(result) } else { Step::Ask(check.missing) }
}

impl<'a> Check<'a> {
    /// `check_host()`. What ends the whole check, whatever the record says behind it, is an error.
    fn host(&mut self, domain: &Name) -> Result<SpfResult, SpfResult> {
        let texts = match self.look(domain, RecordType::Txt) {
            // As if nothing matched: what it leads to cannot be known yet.
            Looked::Missing => return Ok(SpfResult::Neutral),
            Looked::Records(records) => records,
            Looked::Unsettled => return Err(SpfResult::TempError),
        };
        let mut policies = texts.iter().filter_map(|record| match record {
            DnsRecord::Txt(text) if is_record(text) => Some(text),
            _ => None,
        });
        let Some(policy) = policies.next() else { return Ok(SpfResult::None) };
        // Section 4.5: of two neither is chosen.
        let record = if policies.next().is_some() { None } else { Record::parse(policy) };
        let record = record.ok_or(SpfResult::PermError)?;
        for directive in &record.directives {
            if self.matches(&directive.mechanism, domain)? {
                return Ok(directive.result);
            }
        }
        match &record.redirect {
            // Section 6.1: a record that leads nowhere is a fault.
            Some(spec) => self.other(spec, domain),
            None => Ok(SpfResult::Neutral),
        }
    }

    fn matches(&mut self, mechanism: &Mechanism, domain: &Name) -> Result<bool, SpfResult> {
        match mechanism {
            Mechanism::A(spec, bits) => {
                let Some(name) = self.target(spec.as_ref(), domain)? else { return Ok(false) };
                match self.address(&name, *bits) {
                    Found::Here => Ok(true),
                    Found::Missing | Found::NotHere => Ok(false),
                    Found::NoAddress => self.found_nothing(),
                    Found::Unsettled => Err(SpfResult::TempError),
                }
            }
            Mechanism::All => Ok(true),
            Mechanism::Exists(spec) => {
                let Some(name) = self.target(Some(spec), domain)? else { return Ok(false) };
                // Section 5.7: the type is A, whatever the client's is.
                match self.look(&name, RecordType::A) {
                    Looked::Missing => Ok(false),
                    Looked::Records([]) => self.found_nothing(),
                    Looked::Records(_) => Ok(true),
                    Looked::Unsettled => Err(SpfResult::TempError),
                }
            }
            Mechanism::Include(spec) => Ok(self.other(spec, domain)? == SpfResult::Pass),
            Mechanism::Ip4(network, bits) => Ok(is_within(self.values.ip, IpAddr::V4(*network), *bits)),
            Mechanism::Ip6(network, bits) => Ok(is_within(self.values.ip, IpAddr::V6(*network), *bits)),
            Mechanism::Mx(spec, bits) => {
                let Some(name) = self.target(spec.as_ref(), domain)? else { return Ok(false) };
                self.exchangers(&name, *bits)
            }
            Mechanism::Ptr(spec) => {
                let Some(name) = self.target(spec.as_ref(), domain)? else { return Ok(false) };
                self.is_named(&name)
            }
        }
    }

    /// The result of another domain's record, by `include` or `redirect`. Without a record it is a fault (sections 5.2 and 6.1),
    /// and so it is where the name is none (section 4.3).
    fn other(&mut self, spec: &DomainSpec, domain: &Name) -> Result<SpfResult, SpfResult> {
        let before = self.missing.len();
        let Some(name) = self.target(Some(spec), domain)? else {
            // The name of the client that it speaks of may still be missing.
            return if self.missing.len() > before { Ok(SpfResult::Neutral) } else { Err(SpfResult::PermError) };
        };
        if !name.as_str().contains('.') {
            return Err(SpfResult::PermError);
        }
        match self.host(&name)? {
            SpfResult::None => Err(SpfResult::PermError),
            result => Ok(result),
        }
    }

    /// Counts a term that looks something up, and gives its name: by default the domain itself. None where it cannot be asked for
    /// (section 4.8), which then does not match, or where an answer is missing.
    fn target(&mut self, spec: Option<&DomainSpec>, domain: &Name) -> Result<Option<Name>, SpfResult> {
        self.count_term()?;
        let Some(spec) = spec else { return Ok(Some(domain.clone())) };
        let mut client_name = None;
        if spec.needs_client_name() {
            if !std::mem::replace(&mut self.named, true) {
                self.count_term()?;
            }
            client_name = match self.client_name(domain) {
                Some(name) => Some(name),
                None => return Ok(None),
            };
        }
        Ok(spec.expand(self.values, domain, client_name.as_deref().unwrap_or("unknown")))
    }

    fn count_term(&mut self) -> Result<(), SpfResult> {
        self.terms += 1;
        if self.terms > TERM_LIMIT { Err(SpfResult::PermError) } else { Ok(()) }
    }

    /// Counts a term that found no record, which does not match. The limit speaks of terms: a mail exchanger that has no address
    /// of the client's type is no sign of a bomb, and `mx` with three of them is common.
    fn found_nothing(&mut self) -> Result<bool, SpfResult> {
        self.voids += 1;
        if self.voids > VOID_LIMIT { Err(SpfResult::PermError) } else { Ok(false) }
    }

    /// `mx` (section 5.4).
    fn exchangers(&mut self, name: &Name, bits: Prefixes) -> Result<bool, SpfResult> {
        let records = match self.look(name, RecordType::Mx) {
            Looked::Missing => return Ok(false),
            Looked::Records([]) => return self.found_nothing(),
            Looked::Records(records) if records.len() > HOST_LIMIT => return Err(SpfResult::PermError),
            Looked::Records(records) => records,
            Looked::Unsettled => return Err(SpfResult::TempError),
        };
        let hosts = records.iter().filter_map(|record| match record {
            DnsRecord::Mx { host, .. } => host.as_ref(),
            _ => None,
        });
        let found: Vec<Found> = hosts.map(|host| self.address(host, bits)).collect();
        // The order of the records is nobody's, so the one that matches stands first.
        let none = !found.is_empty() && found.iter().all(|found| *found == Found::NoAddress);
        match () {
            () if found.contains(&Found::Here) => Ok(true),
            () if found.contains(&Found::Missing) => Ok(false),
            () if found.contains(&Found::Unsettled) => Err(SpfResult::TempError),
            () if none => self.found_nothing(),
            () => Ok(false),
        }
    }

    /// `ptr` (section 5.5). Only names that would match are looked up.
    fn is_named(&mut self, target: &Name) -> Result<bool, SpfResult> {
        let names = match self.look_for_names() {
            Looked::Missing | Looked::Unsettled => return Ok(false),
            Looked::Records([]) => return self.found_nothing(),
            Looked::Records(names) => names,
        };
        let alike = names_of(names).filter(|name| is_below(name, target));
        Ok(alike.map(|name| self.is_of_client(name)).collect::<Vec<_>>().contains(&Found::Here))
    }

    /// For `%{p}` (section 7.3): the domain itself, a name below it, or any other, whichever is proven to be the client's;
    /// `unknown` where none is. None where an answer is missing.
    fn client_name(&mut self, domain: &Name) -> Option<String> {
        let names = match self.look_for_names() {
            Looked::Missing => return None,
            Looked::Records(names) => names,
            Looked::Unsettled => &[],
        };
        let mut names: Vec<&Name> = names_of(names).collect();
        names.sort_by_key(|name| (*name != domain, !is_below(name, domain)));
        // One after the other would be ten rounds; all at once ten questions.
        let found: Vec<Found> = names.iter().map(|name| self.is_of_client(name)).collect();
        for (name, found) in names.iter().zip(found) {
            match found {
                Found::Here => return Some(name.to_string()),
                Found::Missing => return None,
                Found::NoAddress | Found::NotHere | Found::Unsettled => {}
            }
        }
        Some("unknown".to_owned())
    }

    fn is_of_client(&mut self, name: &Name) -> Found {
        self.address(name, Prefixes { four: 32, six: 128 })
    }

    fn look_for_names(&mut self) -> Looked<'a> {
        self.look(&Name::of_address(self.values.ip), RecordType::Ptr)
    }

    /// Whether the client is among the addresses of a name, by as many bits as count.
    fn address(&mut self, name: &Name, bits: Prefixes) -> Found {
        let four = self.values.ip.is_ipv4();
        let (kind, bits) = if four { (RecordType::A, bits.four) } else { (RecordType::Aaaa, bits.six) };
        let records = match self.look(name, kind) {
            Looked::Missing => return Found::Missing,
            Looked::Records([]) => return Found::NoAddress,
            Looked::Records(records) => records,
            Looked::Unsettled => return Found::Unsettled,
        };
        let here = records.iter().any(|record| match record {
            DnsRecord::A(address) => is_within(self.values.ip, IpAddr::V4(*address), bits),
            DnsRecord::Aaaa(address) => is_within(self.values.ip, IpAddr::V6(*address), bits),
            _ => false,
        });
        if here { Found::Here } else { Found::NotHere }
    }

    fn look(&mut self, name: &Name, kind: RecordType) -> Looked<'a> {
        let question = Question { name: name.clone(), kind };
        match self.answers.get(&question) {
            Some(Answer::NoName) => Looked::Records(&[]),
            Some(Answer::Records(records)) => Looked::Records(records),
            Some(Answer::Unsettled) => Looked::Unsettled,
            None => {
                if self.missing.len() < ROUND_LIMIT && !self.missing.contains(&question) {
                    self.missing.push(question);
                }
                Looked::Missing
            }
        }
    }
}

/// The names that count (section 4.6.4): the first ten.
fn names_of(records: &[DnsRecord]) -> impl Iterator<Item = &Name> {
    records.iter().take(HOST_LIMIT).filter_map(|record| match record {
        DnsRecord::Ptr(name) => name.as_ref(),
        _ => None,
    })
}

/// Whether it is the domain or below it.
fn is_below(name: &Name, domain: &Name) -> bool {
    let front = name.as_str().strip_suffix(domain.as_str());
    front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// Whether two addresses of one kind begin with the same bits.
fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let differ = ip.to_bits() ^ network.to_bits();
            differ.checked_shr(32_u32.saturating_sub(bits.into())).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let differ = ip.to_bits() ^ network.to_bits();
            differ.checked_shr(128_u32.saturating_sub(bits.into())).unwrap_or(0) == 0
        }
        _ => false,
    }
}
