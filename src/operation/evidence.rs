//! What recent mail in the inbox says about the set-up: which addresses are the user's, and which server writes
//! what about a message's origin.
//!
//! Promises: proposes and proves nothing. Anybody can send mail, so what counts is what nearly all messages have in
//! common, and whose word is believed is never taken from here without the user. Never touches: the configuration.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::head::Head;
use crate::operation::place::Place;
use crate::origin::auth::{Authentication, Method, MethodResult, Outcome, Trust};
use crate::origin::envelope::Caller;

/// Most messages of one Maildir that are looked at.
pub const MESSAGE_LIMIT: usize = 200;
/// How the Message-ID of this program's own probes begins. What a probe met shows how it was made, and nothing of other mail.
pub const PROBE_ID: &str = "cr.p.";
/// Fewer messages than these show nothing.
const FEWEST: usize = 3;
/// The fields in which a mail system says whom it delivers a message for.
const DELIVERED: [&str; 3] = ["Delivered-To", "X-Original-To", "Envelope-To"];

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// How many messages were looked at that came through a mail system.
    pub messages: usize,
    /// Whom they were delivered for, sub-addresses taken off, with the number of messages; the most frequent first.
    pub delivered_for: Vec<(Address, usize)>,
    /// Who is named in To and Cc, the same way.
    pub named: Vec<(Address, usize)>,
    /// The servers that say something about a message's origin, the most frequent first.
    pub servers: Vec<Server>,
    /// In how many messages a configured server says something only below so many Received fields, where it is not
    /// believed.
    pub below: BTreeMap<usize, usize>,
    /// In how many messages a configured server is believed, and in how many of those it would be with one hop less.
    pub believed: (usize, usize),
    /// In how many messages it is not, because of the way it writes, and would be with no hop at all.
    pub only_without_hops: usize,
    /// Of how many signed messages a configured server says that DMARC failed, and nothing of the signature; and of how many it
    /// says something.
    pub signatures: (usize, usize),
}

/// A server that writes Authentication-Results where strangers cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its authserv-id, lower case; fit for the configuration.
    pub id: String,
    /// In how many of the messages it stands.
    pub messages: usize,
    /// What it says something about.
    pub methods: Vec<Method>,
}

impl Evidence {
    /// Looks at the newest messages of those places.
    #[must_use]
    pub fn of(places: &[Place], trust: &Trust, delimiters: &str) -> Evidence {
        let mut seen = Evidence::default();
        for start in places.iter().flat_map(|place| place.newest(MESSAGE_LIMIT)) {
            seen.take(&start, trust, delimiters);
        }
        seen.delivered_for.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        seen.named.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        seen.servers.sort_by_key(|server| std::cmp::Reverse(server.messages));
        seen
    }

    /// The user's address, if there is no doubt: every message was delivered for it, and people write to it.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        let [(address, count)] = self.delivered_for.as_slice() else { return None };
        let written_to = self.named.iter().any(|(named, _)| named.normal() == address.normal());
        (self.messages >= FEWEST && *count == self.messages && written_to).then_some(address)
    }

    /// Addresses that may be the user's: those that mail was delivered for, else those that most mail names.
    #[must_use]
    pub fn proposals(&self) -> Vec<&Address> {
        let named = self.named.iter().filter(|(_, count)| count * 2 > self.messages);
        let mut found: Vec<&Address> = Vec::new();
        for (address, _) in self.delivered_for.iter().chain(named).take(8) {
            if !found.iter().any(|other| other.normal() == address.normal()) {
                found.push(address);
            }
        }
        found
    }

    /// Servers that may be the user's own: those in most of the messages.
    #[must_use]
    pub fn candidates(&self) -> Vec<&Server> {
        let enough = |server: &&Server| self.messages >= FEWEST && server.messages * 2 > self.messages;
        self.servers.iter().filter(enough).take(4).collect()
    }

    fn take(&mut self, start: &[u8], trust: &Trust, delimiters: &str) {
        let head = Head::read(start);
        let is_probe =
            head.first("Message-ID").is_some_and(|id| id.text().trim_start_matches('<').starts_with(PROBE_ID));
        if is_probe || head.first("Received").is_none() {
            return;
        }
        self.messages += 1;
        let mut delivered = Vec::new();
        // What stands below the first Received field is the sender's.
        for field in head.fields.iter().take_while(|field| !field.is("Received")) {
            if let (true, Ok(address)) = (DELIVERED.iter().any(|name| field.is(name)), Address::parse(&field.text())) {
                add_once(&mut delivered, address.without_tag(delimiters));
            }
        }
        delivered.into_iter().for_each(|address| count(&mut self.delivered_for, address));
        let mut named = Vec::new();
        for address in &Facts::read(start, &Caller::default(), &Trust::default()).named {
            add_once(&mut named, address.without_tag(delimiters));
        }
        named.into_iter().for_each(|address| count(&mut self.named, address));
        self.take_servers(&head, trust.hops);
        let said = Authentication::read(&head, trust);
        let spoke = |method: Method| said.believed.iter().any(|result| result.method == method);
        if trust.methods.contains(&Method::Dkim) && head.first("DKIM-Signature").is_some() {
            let failed = |r: &MethodResult| r.method == Method::Dmarc && r.outcome == Outcome::Fail;
            let unread = !spoke(Method::Dkim) && said.believed.iter().any(failed);
            self.signatures.0 += usize::from(unread);
            self.signatures.1 += usize::from(spoke(Method::Dkim));
        }
        if let (Some(received), true) = (said.trusted_below, said.believed.is_empty()) {
            *self.below.entry(received).or_default() += 1;
        }
        if trust.hops > 0 && said.doubtful {
            let without = Authentication::read(&head, &Trust { hops: 0, ..trust.clone() });
            self.only_without_hops += usize::from(!without.doubtful && !without.believed.is_empty());
        }
        if let (false, false, Some(hops)) = (said.doubtful, said.believed.is_empty(), trust.hops.checked_sub(1)) {
            let narrower = Authentication::read(&head, &Trust { hops, ..trust.clone() });
            self.believed.0 += 1;
            self.believed.1 += usize::from(narrower.believed == said.believed);
        }
    }

    fn take_servers(&mut self, head: &Head<'_>, hops: usize) {
        let nobody = Trust { hops, ..Trust::default() };
        for id in Authentication::read(head, &nobody).ids_seen {
            let id = id.to_ascii_lowercase();
            // As the configuration takes it; anything else could not be written there.
            if id.is_empty() || !id.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b'"' | b'\\')) {
                continue;
            }
            let trust = Trust { ids: vec![id.clone()], hops, ..Trust::default() };
            let said = Authentication::read(head, &trust);
            let at = match self.servers.iter().position(|server| server.id == id) {
                Some(at) => at,
                None => {
                    self.servers.push(Server { id, messages: 0, methods: Vec::new() });
                    self.servers.len() - 1
                }
            };
            let server = &mut self.servers[at];
            server.messages += 1;
            // Of a field that may be forged not even the methods show anything.
            for result in said.believed.into_iter().filter(|_| !said.doubtful) {
                if !server.methods.contains(&result.method) {
                    server.methods.push(result.method);
                }
            }
        }
    }
}

fn add_once(list: &mut Vec<Address>, address: Address) {
    if !list.iter().any(|other| other.normal() == address.normal()) {
        list.push(address);
    }
}

fn count(list: &mut Vec<(Address, usize)>, address: Address) {
    match list.iter_mut().find(|(other, _)| other.normal() == address.normal()) {
        Some((_, number)) => *number += 1,
        None => list.push((address, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::maildir::Maildir;

    fn of(heads: &[&str]) -> Evidence {
        let scratch = tempfile::tempdir().unwrap();
        let maildir = Maildir::at(scratch.path());
        maildir.create().unwrap();
        for (at, head) in heads.iter().enumerate() {
            std::fs::write(scratch.path().join(format!("new/{at}")), format!("{head}\n\nbody\n")).unwrap();
        }
        let trust = Trust { ids: vec!["relay.example.org".into()], ..Trust::default() };
        Evidence::of(&[Place::Maildir(maildir.path().into())], &trust, "+")
    }

    const USUAL: &str = "Return-Path: <bob@example.net>\nDelivered-To: alice+x@example.org\n\
        Received: from x by mx\nAuthentication-Results: MX.example.org; dkim=pass header.d=example.net\n\
        Received: from y by x\nAuthentication-Results: evil.example; dmarc=pass header.from=example.net\n\
        Delivered-To: eve@example.net\nFrom: bob@example.net\nTo: Alice@example.org, carol@example.net";

    #[test]
    fn what_all_messages_have_in_common_is_beyond_doubt() {
        let seen = of(&[USUAL, USUAL, USUAL]);
        assert_eq!(seen.address().map(ToString::to_string), Some("alice@example.org".into()));
        let server = Server { id: "mx.example.org".into(), messages: 3, methods: vec![Method::Dkim] };
        assert_eq!(seen.candidates(), [&server]);
        assert_eq!(seen.servers.len(), 1, "a stranger's own field is no evidence");
    }

    #[test]
    fn a_server_of_ones_own_that_hops_hides_is_seen() {
        let relayed = USUAL.replace("evil.example", "relay.example.org");
        assert_eq!(of(&[&relayed, USUAL, &relayed]).below, BTreeMap::from([(2, 2)]));
    }

    #[test]
    fn a_hop_too_many_is_seen() {
        let own = |head: &str| head.replace("MX.example.org", "relay.example.org");
        let above = "Received: from x by mx\nAuthentication-Results: MX.example.org; dkim=pass header.d=example.net\n";
        let turned: Vec<&str> = above.lines().rev().collect();
        let above = own(&USUAL.replace(above, &format!("{}\n", turned.join("\n"))));
        assert_eq!(of(&[&above, &above, &own(USUAL)]).believed, (3, 2));
    }

    #[test]
    fn a_signature_that_is_passed_over_is_seen() {
        let server = "Authentication-Results: relay.example.org; dmarc=fail header.from=example.net\n";
        let both = server.replace("\n", "; dkim=fail header.d=example.net\n");
        let head = |said: &str, signature: &str| format!("{said}Received: x\n{signature}From: bob@example.net");
        let signed = "DKIM-Signature: v=1; d=example.net\n";
        let unread = head(server, signed);
        assert_eq!(of(&[&unread, &unread]).signatures, (2, 0));
        assert_eq!(of(&[&head(&both, signed)]).signatures, (0, 1), "it was read, and is wrong");
        assert_eq!(of(&[&head(server, "")]).signatures, (0, 0), "there is none");
        assert_eq!(of(&[&head(&server.replace("relay", "evil"), signed)]).signatures, (0, 0), "anybody wrote it");
        assert_eq!(of(&[&head(&server.replace("=fail", "=pass"), signed)]).signatures, (0, 0), "nobody loses by it");
    }

    #[test]
    fn a_probe_is_no_evidence() {
        let probe = format!("Message-ID: <{PROBE_ID}0123@example.org>\n{USUAL}");
        let seen = of(&[&probe, &probe, &probe, &probe]);
        assert_eq!((seen.messages, seen.servers.len(), seen.believed), (0, 0, (0, 0)));
        assert!(seen.delivered_for.is_empty() && seen.named.is_empty());
        assert_eq!(of(&[&probe, USUAL]).messages, 1);
        let other = probe.replace(PROBE_ID, "cr.c.");
        assert_eq!(of(&[&other]).messages, 1);
    }

    #[test]
    fn a_server_that_writes_what_is_only_read_without_hops_is_seen() {
        let strange = "Authentication-Results: relay.example.org; dkim=pass header.d=example.net x-bits=2048\n";
        let above = format!("{strange}{USUAL}");
        let below = USUAL.replacen("Received: from x by mx\n", &format!("Received: from x by mx\n{strange}"), 1);
        let seen = of(&[&above, &above, &below]);
        assert_eq!((seen.only_without_hops, seen.believed), (2, (0, 0)));
        assert!(seen.servers.iter().all(|server| server.id != "relay.example.org" || server.methods.is_empty()));
    }

    #[test]
    fn two_names_or_too_few_messages_are_only_proposals() {
        let other = USUAL.replace("alice+x@", "info@");
        let seen = of(&[USUAL, USUAL, &other]);
        assert!(seen.address().is_none());
        let proposed: Vec<String> = seen.proposals().iter().map(ToString::to_string).collect();
        assert_eq!(proposed[0], "alice@example.org");
        assert!(proposed.contains(&"info@example.org".to_owned()));
        assert!(of(&[USUAL, USUAL]).address().is_none());
        assert!(of(&[USUAL, USUAL]).candidates().is_empty());
        assert_eq!(of(&["From: a@b.c\nTo: d@e.f"]).messages, 0, "it came through no mail system");
    }

    #[test]
    fn an_id_that_most_messages_do_not_have_is_no_candidate() {
        let rare = USUAL.replace("MX.example.org", "sometimes.example");
        let seen = of(&[USUAL, USUAL, USUAL, &rare]);
        assert_eq!(seen.candidates().len(), 1);
        assert_eq!(seen.servers.len(), 2);
    }
}
