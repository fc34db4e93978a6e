//! The checks of what recent mail shows: for whom it comes, and whose word about its origin is believed.
//!
//! Promises: a server is proposed and never taken: only the user can know. Never touches: the mail.

use super::checkers::Checker;
use super::finding::Finding;
use crate::operation::evidence::{Evidence, Server};
use crate::operation::results::stopped;
use crate::origin::auth::Trust;
use crate::origin::eyes::Look;
use crate::world::config::Config;
use crate::world::store::Store;
use crate::world::surroundings;

/// So many fields that are not believed for the way they are written are no accident.
const FEWEST_STRANGE: usize = 3;
/// So many messages show something about a server.
const MESSAGES_THAT_SHOW: usize = 10;

pub(super) fn addresses(config: &Config, evidence: &Evidence) -> Finding {
    let owner = &config.policy.owner;
    let foreign = evidence.delivered_for.iter().find(|(address, count)| {
        !owner.is(address) && evidence.messages >= MESSAGES_THAT_SHOW && count * 2 > evidence.messages
    });
    match foreign {
        Some((address, count)) => {
            let said = format!("{count} recent messages were delivered for {address}, which is none of your addresses");
            Finding::warning("addresses", &said)
                .way("if it is you, add it to owner.others: mail is only answered when it names you")
        }
        None => {
            let all: Vec<String> = owner.addresses().map(ToString::to_string).collect();
            Finding::good("addresses", &all.join(", "))
        }
    }
}

pub(super) fn trust(config: &Config, evidence: &Evidence) -> Vec<Finding> {
    let trust = &config.policy.trust;
    if trust.ids.is_empty() {
        return vec![if trust.can_prove() { own_eyes_alone(evidence) } else { nobody_trusted(config, evidence) }];
    }
    let mut found = Vec::new();
    for id in &trust.ids {
        let seen = evidence.servers.iter().find(|server| server.id == *id);
        found.push(match seen {
            Some(server) => trusted_and_seen(config, server, evidence),
            None if evidence.messages < MESSAGES_THAT_SHOW => Finding::note(
                "trust",
                &format!("{id}; there is not enough recent mail to see whether it writes fields"),
            ),
            None => {
                let then =
                    if trust.eyes.look == Look::Off { "nobody is asked" } else { "only own eyes prove anything" };
                let said = format!("none of {} recent messages has a field of {id}: {then}", evidence.messages);
                let finding = Finding::warning("trust", &said);
                match evidence.below.iter().max_by_key(|(_, count)| **count) {
                    Some((hops, count)) => finding.way(format!(
                        "{count} of them have one below {hops} Received fields; if those {hops} are your own servers': \
                         hops = {hops} in the part [trust]"
                    )),
                    None => candidates(finding, evidence),
                }
            }
        });
    }
    if let Some(finding) = found.last_mut() {
        finding.way_out.push("countersign doctor --send-probe shows whether a forged field is believed".to_owned());
    }
    found
}

/// Entries that are pinned to a proof nobody gives.
pub(super) fn unchecked_pins(config: &Config) -> Option<Finding> {
    let trust = &config.policy.trust;
    let why = trust.why_pins_rest()?;
    let count = Store::open(&config.paths.store).and_then(|store| store.count_pinned()).unwrap_or_default();
    let said =
        format!("{count} of your allowed senders are pinned to a proof, and {why}: whoever feigns one of them passes");
    let finding = match (trust.can_prove(), trust.eyes.look_at_pinned) {
        (false, _) => {
            Finding::warning("trust", &said).way("name your mail server again: authserv_ids in the part [trust]")
        }
        (true, false) => Finding::note("trust", &said)
            .way("look_at_pinned = true in the part [eyes] holds their mail where its signature is wrong"),
        (true, true) => Finding::note("trust", &format!("{said}, but for a signature that is wrong")),
    };
    (count > 0).then_some(finding)
}

/// A checker that has died.
pub(super) fn stopped_results(config: &Config) -> Option<Finding> {
    let said = Store::open(&config.paths.store).and_then(|store| stopped(config, &store)).ok()??;
    Some(
        Finding::wrong("trust", &said)
            .way("start it again, or say what it is called now: authserv_ids in the part [trust]"),
    )
}

fn trusted_and_seen(config: &Config, server: &Server, evidence: &Evidence) -> Finding {
    let Server { id, messages: with, methods } = server;
    let missing = config.policy.trust.methods.iter().find(|method| !methods.contains(method));
    let strange = evidence.only_without_hops;
    match missing {
        _ if strange >= FEWEST_STRANGE && strange > evidence.believed.0 => {
            let said = format!(
                "{strange} of {} recent messages prove nothing: {id} writes what a stranger could write too, and no program \
                 that removes forged fields would remove",
                evidence.messages
            );
            Finding::warning("trust", &said).way(
                "it stands above its Received field, where a stranger cannot write: hops = 0 in the part [trust]; \
                 `countersign explain` shows it in a message",
            )
        }
        _ if evidence.signatures.0 > evidence.signatures.1 => keys_not_had(id, evidence.signatures.0),
        Some(method) if *with >= MESSAGES_THAT_SHOW => {
            let name = method.name();
            let said =
                format!("{id} has said nothing of {name} in {with} messages, so whatever says so is not from it");
            let rest = config.policy.trust.methods.iter().filter(|other| *other != method);
            let rest: Vec<String> = rest.map(|method| format!("\"{}\"", method.name())).collect();
            Finding::warning("trust", &said)
                .way(format!("methods = [{}] in the part [trust], or have it check {name} too", rest.join(", ")))
        }
        _ if evidence.believed.0 >= MESSAGES_THAT_SHOW && evidence.believed.0 == evidence.believed.1 => {
            let hops = config.policy.trust.hops - 1;
            let said =
                format!("{id}, in {with} of {} recent messages, always above its Received field", evidence.messages);
            // A server that fails to check on one day removes no forged field either.
            Finding::note("trust", &said).way(format!(
                "hops = {hops} in the part [trust] is enough then, and safer: what a stranger wrote below is never believed"
            ))
        }
        _ => Finding::good("trust", &format!("{id}, in {with} of {} recent messages", evidence.messages)),
    }
}

/// opendkim writes no field about a signature whose key it could not get, and opendmarc then says dmarc=fail.
fn keys_not_had(id: &str, count: usize) -> Finding {
    let messages = if count == 1 { "1 recent message is" } else { &format!("{count} recent messages are") };
    let said = format!(
        "{messages} signed, and {id} says dmarc=fail and nothing of the signature: it seems to get no keys from the DNS, and \
         genuine mail is held as forged"
    );
    Finding::warning("trust", &said)
        .way("whether opendkim says so: journalctl -u opendkim | grep 'key retrieval failed' (or in mail.log)")
        .way(
            "then in /etc/opendkim.conf: Nameservers with the resolver of /etc/resolv.conf; and if that passes no DNSSEC on, \
             no line TrustAnchorFile",
        )
}

fn nobody_trusted(config: &Config, evidence: &Evidence) -> Finding {
    let nothing = Trust::PROVES_NOTHING;
    let said = format!("{nothing}: nobody is ever asked; strangers' mail is held and listed");
    let own = format!("to have signatures checked here, by DNS: {}; nothing else is needed", Trust::OPEN_EYES);
    let finding = candidates(Finding::warning("trust", &said).way(own), evidence);
    let domain = config.policy.owner.primary.domain();
    let server = surroundings::postconf(&["myhostname"]).and_then(|mut values| values.pop());
    let server = server.filter(|name| name.contains('.')).unwrap_or_else(|| format!("mx.{domain}"));
    let steps = |first: &str, checker: Checker| {
        let mut steps = checker.set_up(domain, &server);
        if let Some(step) = steps.first_mut() {
            *step = format!("{first}: in {step}");
        }
        steps
    };
    let opendkim = steps(
        "or let your mail system check; docs/install.md has all of it (here a / ends a line). With Postfix, opendkim and opendmarc",
        Checker::OpenDkim,
    );
    let rspamd = steps("or with rspamd", Checker::Rspamd);
    let finding = opendkim.iter().chain(&rspamd).fold(finding, |finding, step| finding.way(step));
    finding.way(format!("then: authserv_ids = [\"{server}\"] in the part [trust]"))
}

fn own_eyes_alone(evidence: &Evidence) -> Finding {
    let finding = Finding::good("trust", "own eyes alone: no authserv-id is configured");
    if evidence.candidates().is_empty() { finding } else { candidates(finding, evidence) }
}

/// Who might be the user's own server. Only the user can know.
fn candidates(finding: Finding, evidence: &Evidence) -> Finding {
    let mut finding = finding;
    for Server { id, messages, .. } in evidence.candidates() {
        let all = evidence.messages;
        finding = finding.way(format!(
            "{messages} of {all} recent messages have a field of {id}; if that is your own server: authserv_ids = \
             [\"{id}\"] in the part [trust]"
        ));
    }
    if evidence.candidates().is_empty() {
        finding = finding.way("look into a message you received for the field Authentication-Results on top");
    }
    finding
}
