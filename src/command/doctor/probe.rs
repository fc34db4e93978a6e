//! The probes of `doctor`: messages to the user with a forged proof of origin, each in another form that programs which
//! remove such fields may leave in, and one with none, to a sub-address where there is any; sent through the mail system in the
//! way of a challenge, to see what arrives, and whether it is signed.
//!
//! Promises: they go to nobody but the user, only when asked for, and claim domains that cannot exist. Never touches: what
//! has arrived; it is held or delivered like any mail.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::mail::address::{Address, Domain};
use crate::mail::compose::{HeaderValue, Outgoing, date};
use crate::mail::head::{HEAD_LIMIT, Head};
use crate::operation::checkup::Signed;
use crate::operation::evidence::PROBE_ID;
use crate::operation::installation::Installation;
use crate::operation::trouble::Trouble;
use crate::origin::auth::{Authentication, Trust};
use crate::origin::dkim::{self, BodyHasher, Checked, Signatures, Wanted};
use crate::origin::question::{Answers, Step};
use crate::world::config::Inbox;
use crate::world::maildir::Maildir;
use crate::world::mbox;
use crate::world::random;
use crate::world::resolver::{BUDGET_LIMIT, QUESTION_LIMIT, Resolver};
use crate::world::sendmail::Outcome;

/// How long the messages may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often they are looked for.
const PAUSE: Duration = Duration::from_millis(250);
/// Files that are older, in seconds, are not looked into: the clocks of file system and machine may differ.
const CLOCK_SKEW: i64 = 5;
/// So many of the last messages of an mbox are looked at.
const NEWEST: usize = 100;
/// What a forged field looks like, and what it says behind the server's name. `D` is the domain that it claims.
const FORMS: [(&str, &str); 9] = [
    ("the plain one", "; dmarc=pass header.from=D; dkim=pass header.d=D"),
    ("a property without its type", "; dmarc=pass action=none header.from=D; dkim=pass header.d=D action=none"),
    ("a method with its version", "; dmarc/1=pass header.from=D; dkim/1=pass header.d=D"),
    ("an empty result", "; dmarc=pass header.from=D; dkim=pass header.d=D;;"),
    (
        "many results",
        "; dkim=pass header.d=D; spf=none; spf=none; spf=none; spf=none; spf=none; spf=none; spf=none; spf=none; spf=none; \
         spf=none; spf=none; spf=none; spf=none; spf=none; spf=none; dmarc=pass header.from=D",
    ),
    ("a comment at its name", "(x); dmarc=pass header.from=D; dkim=pass header.d=D"),
    ("an unusual type", "; dmarc=pass header.from=D tls.version=1; dkim=pass header.d=D dns.sec=yes"),
    ("a reason without quotes", "; dmarc=pass reason=a.b header.from=D; dkim=pass reason=a.b header.d=D"),
    ("an underscore", "; dmarc=pass header.from=D policy.x_y=z; dkim=pass header.d=D header.x_y=z"),
];

/// What became of the probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// The forms of forged fields that arrived in place, and would be believed.
    pub believed: Vec<&'static str>,
    /// Those that arrived in place, and prove nothing.
    pub left_in: Vec<&'static str>,
    /// How many messages with a forged field were sent, and how many of them arrived.
    pub forged: (usize, usize),
    /// The sub-address that was written to, and what became of that; none without a delimiter.
    pub sub_address: Option<(Address, Fate)>,
    /// What signs the copy of the one without a forged field, if that has arrived, and the copy from its start; it is short.
    pub signed: Option<(Signed, Vec<u8>)>,
    /// The Message-IDs of what has not arrived.
    pub missing: Vec<String>,
    /// What sendmail said that did not take one to the user's own address; foreign text. Nothing more was sent then.
    pub refused: Option<String>,
    /// A line of shell that sends the plain one from outside, where this mail system's checks of SMTP are passed.
    pub from_outside: Option<String>,
}

/// What became of the message to the sub-address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is there.
    Arrived,
    /// It is not there yet.
    Missing,
    /// sendmail did not take it, and what it said; foreign text.
    Refused(String),
}

/// One message.
struct Probe {
    message_id: String,
    to: Address,
    /// The form, what the field says, and the domain that it claims; none for the one that looks like a challenge.
    forged: Option<(&'static str, String, String)>,
}

/// Sends the probes and waits for them. `asks` allows to ask the DNS about the signature.
///
/// # Errors
/// The machine gives no random number.
pub fn probe(installation: &Installation, asks: bool, now: i64) -> Result<Probed, Trouble> {
    // Gather.
    let number = random::bits()?;
    // Decide.
    let probes = probes(installation, number);
    let mut probed = Probed { from_outside: line_from_outside(installation, number), ..Probed::default() };
    // Perform.
    let mut waiting = BTreeMap::new();
    for probe in &probes {
        let mail = message(installation, probe, now);
        let refused = match installation.sendmail().send(None, &probe.to, &mail, (Duration::MAX, &mut || ())) {
            Outcome::Sent => None,
            Outcome::Refused { code, said } => Some(format!("sendmail ended with {code}: {said}")),
            Outcome::Unknown { said } => Some(said),
        };
        let is_plain = probe.to == installation.config.policy.owner.primary;
        match refused {
            None if !is_plain => probed.sub_address = Some((probe.to.clone(), Fate::Missing)),
            None => {}
            Some(said) if !is_plain => {
                probed.sub_address = Some((probe.to.clone(), Fate::Refused(said)));
                break;
            }
            Some(said) => {
                probed.refused = Some(said);
                break;
            }
        }
        waiting.insert(format!("<{}>", probe.message_id), probe);
        probed.forged.0 += usize::from(probe.forged.is_some());
    }
    probed.wait(installation, waiting, now);
    if let Some((signed, start)) = probed.signed.as_mut().filter(|(signed, _)| asks && !signed.names.is_empty()) {
        signed.checked = Some(checked(installation, start, now));
    }
    Ok(probed)
}

impl Probed {
    fn wait(&mut self, installation: &Installation, mut waiting: BTreeMap<String, &Probe>, now: i64) {
        let until = Instant::now() + PATIENCE;
        loop {
            for (id, start) in arrived(installation, &waiting, now) {
                if let Some(probe) = waiting.remove(&id) {
                    self.take(probe, &start, &installation.config.policy.trust);
                }
            }
            if waiting.is_empty() || Instant::now() >= until {
                self.missing = waiting.into_values().map(|probe| probe.message_id.clone()).collect();
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn take(&mut self, probe: &Probe, start: &[u8], trust: &Trust) {
        match &probe.forged {
            None => {
                if let Some((_, fate)) = &mut self.sub_address {
                    *fate = Fate::Arrived;
                }
                let signatures = Signatures::read(&Head::read(start));
                let names =
                    signatures.signers().map(|(domain, selector)| (domain.clone(), selector.to_owned())).collect();
                self.signed = Some((Signed { names, checked: None }, start.to_vec()));
            }
            Some((form, _, claimed)) => {
                self.forged.1 += 1;
                if is_believed(start, trust, claimed) {
                    self.believed.push(form);
                } else if Head::read(start).all("Authentication-Results").any(|field| field.text().contains(claimed)) {
                    self.left_in.push(form);
                }
            }
        }
    }
}

/// A forged field in each form where somebody is trusted, and one as a challenge is, to a sub-address where there are any.
fn probes(installation: &Installation, number: u64) -> Vec<Probe> {
    let policy = &installation.config.policy;
    let message_id = |at: usize| format!("{PROBE_ID}{number:016x}.{at}@{}", policy.host);
    let mut probes = Vec::new();
    if let Some(id) = policy.trust.ids.first() {
        for (at, (form, said)) in FORMS.iter().enumerate() {
            let claimed = format!("probe-{number:016x}-{at}.invalid");
            let forged = Some((*form, format!("{id}{}", said.replace('D', &claimed)), claimed));
            probes.push(Probe { message_id: message_id(at), to: policy.owner.primary.clone(), forged });
        }
    }
    let to = sub_address(installation).unwrap_or_else(|| policy.owner.primary.clone());
    probes.push(Probe { message_id: message_id(FORMS.len()), to, forged: None });
    probes
}

/// An address as challenges name them.
fn sub_address(installation: &Installation) -> Option<Address> {
    let owner = &installation.config.policy.owner;
    let delimiter = owner.delimiters.chars().next()?;
    owner.primary.with_local(&format!("{}{delimiter}probe", owner.primary.local())).ok()
}

fn message(installation: &Installation, probe: &Probe, now: i64) -> Vec<u8> {
    let owner = &installation.config.policy.owner.primary;
    let mut mail = Outgoing::default();
    if let Some((_, forged, _)) = &probe.forged {
        mail.field("Authentication-Results", HeaderValue::words(forged));
    }
    mail.field("From", HeaderValue::mailbox(None, owner));
    mail.field("To", HeaderValue::mailbox(None, &probe.to));
    mail.field("Subject", HeaderValue::words("A probe of your own countersign"));
    mail.field("Date", HeaderValue::words(&date(now)));
    mail.field("Message-ID", HeaderValue::words(&format!("<{}>", probe.message_id)));
    mail.field("Auto-Submitted", HeaderValue::words("auto-generated"));
    mail.text(
        "`countersign doctor --send-probe` sent this to find out whether your mail\n\
         system lets forged Authentication-Results fields through, whether mail to\n\
         your sub-addresses arrives, and whether challenges leave signed. Throw it\n\
         away.\n"
            .to_owned(),
    );
    mail.to_bytes()
}

/// The line, where no shell could take the user's address or the server's name for anything else.
fn line_from_outside(installation: &Installation, number: u64) -> Option<String> {
    let policy = &installation.config.policy;
    let (id, owner) = (policy.trust.ids.first()?, policy.owner.primary.to_string());
    let harmless = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "@.+-_=".contains(c));
    if !(harmless(id) && harmless(&owner) && harmless(policy.host.as_str())) {
        return None;
    }
    let domain = policy.owner.primary.domain().as_str();
    Some(format!(
        "printf '%s\\r\\n' 'Authentication-Results: {id}; dmarc=pass header.from={domain}; dkim=pass header.d={domain}' \
         'From: <{owner}>' 'To: <{owner}>' 'Subject: A probe from outside' 'Message-ID: <{PROBE_ID}{number:016x}.o@{}>' \
         'Auto-Submitted: auto-generated' '' 'A probe of countersign. Throw it away.' | \
         curl --url smtp://{id}:25 --mail-from '{owner}' --mail-rcpt '{owner}' --upload-file -",
        policy.host
    ))
}

/// The heads of those that lie in the inbox or the quarantine, by their Message-IDs.
fn arrived(installation: &Installation, waiting: &BTreeMap<String, &Probe>, since: i64) -> BTreeMap<String, Vec<u8>> {
    let inbox = match &installation.config.paths.inbox {
        Inbox::Maildir(path) => Some(Maildir::at(path)),
        Inbox::Command(_) | Inbox::Mbox(_) => None,
    };
    let mut found = BTreeMap::new();
    let mut look = |start: Vec<u8>| {
        let id = Head::read(&start).first("Message-ID").map(|field| field.text());
        if let Some(id) = id.filter(|id| waiting.contains_key(id)) {
            found.insert(id, start);
        }
    };
    if let Inbox::Mbox(path) = &installation.config.paths.inbox {
        mbox::newest(path, NEWEST).into_iter().for_each(&mut look);
    }
    for maildir in [Some(installation.quarantine()), inbox].into_iter().flatten() {
        let Ok(entries) = maildir.entries() else { continue };
        for entry in entries.filter_map(Result::ok) {
            let recent = entry.status().ok().flatten().is_some_and(|status| status.modified >= since - CLOCK_SKEW);
            if !recent {
                continue;
            }
            if let Ok(Some(start)) = entry.head(HEAD_LIMIT) {
                look(start);
            }
        }
    }
    found
}

/// What comes of the signatures of a copy by the DNS.
fn checked(installation: &Installation, start: &[u8], now: i64) -> Vec<Checked> {
    let head = Head::read(start);
    let signatures = Signatures::read(&head);
    let mut hasher = BodyHasher::new(&signatures);
    hasher.update(start.get(head.body..).unwrap_or_default());
    let body = hasher.finish();
    let mut resolver = Resolver::new(&installation.config.resolvers(), BUDGET_LIMIT, QUESTION_LIMIT);
    let mut answers = Answers::default();
    loop {
        match dkim::evaluate(&head, &signatures, &body, now, Wanted::All, None, &answers) {
            Step::Done(verification) => return verification.signatures,
            Step::Ask(questions) => resolver.ask(&questions, &mut answers),
        }
    }
}

/// Whether anything is believed about the domain that only the forged field knows.
fn is_believed(start: &[u8], trust: &Trust, claimed: &str) -> bool {
    let said = Authentication::read(&Head::read(start), trust);
    Domain::parse(claimed).is_ok_and(|domain| !said.proofs(&domain).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_field_is_believed_only_where_the_server_leaves_it() {
        let trust = Trust { ids: vec!["mx.example.org".into()], ..Trust::default() };
        let forged = "Authentication-Results: mx.example.org; dmarc=pass header.from=probe-1.invalid\n";
        let left = format!("Received: a\n{forged}From: a@b.c\n\n");
        let below = format!("Received: a\nReceived: b\n{forged}From: a@b.c\n\n");
        let contradicted = format!(
            "Authentication-Results: mx.example.org; dmarc=none header.from=example.org\nReceived: a\n{forged}\n"
        );
        assert!(is_believed(left.as_bytes(), &trust, "probe-1.invalid"));
        for text in [below, contradicted, "Received: a\nFrom: a@b.c\n\n".to_owned()] {
            assert!(!is_believed(text.as_bytes(), &trust, "probe-1.invalid"), "{text}");
        }
    }

    #[test]
    fn of_the_forms_only_the_plain_one_is_believed_where_it_is_left_in() {
        let trust = Trust { ids: vec!["mx.example.org".into()], ..Trust::default() };
        for (form, said) in FORMS {
            let field = format!("Authentication-Results: mx.example.org{}", said.replace('D', "probe-1.invalid"));
            let text = format!("Received: a\n{field}\n\n");
            assert_eq!(is_believed(text.as_bytes(), &trust, "probe-1.invalid"), form == "the plain one", "{form}");
        }
    }
}
