//! The probe of `doctor`: one message to the user with a forged proof of origin, sent through the mail system, to
//! see whether the forgery is believed when it arrives.
//!
//! Promises: it goes to nobody but the user, only when asked for, and claims a domain that cannot exist. Never
//! touches: what has arrived; it is held or delivered like any mail.

use std::time::{Duration, Instant};

use crate::mail::address::Domain;
use crate::mail::compose::{HeaderValue, Outgoing, date};
use crate::mail::head::{HEAD_LIMIT, Head};
use crate::operation::installation::Installation;
use crate::operation::trouble::Trouble;
use crate::origin::auth::{Authentication, Trust};
use crate::world::config::Inbox;
use crate::world::maildir::Maildir;
use crate::world::random;
use crate::world::sendmail::Outcome;

/// How long the message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for.
const PAUSE: Duration = Duration::from_millis(250);
/// Files that are older, in seconds, are not looked into: the clocks of file system and machine may differ.
const CLOCK_SKEW: i64 = 5;

/// What became of the probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It arrived, and the forged field would be believed.
    Believed,
    /// It arrived, and the forged field proves nothing.
    NotBelieved,
    /// It has not arrived; its Message-ID.
    NotSeen(String),
    /// It could not be sent; foreign text.
    NotSent(String),
}

/// Sends the probe and waits for it.
///
/// # Errors
/// No trusted server is configured, so that there is nothing to forge; or the machine gives no random number.
pub fn probe(installation: &Installation, now: i64) -> Result<Probed, Trouble> {
    // Gather.
    let policy = &installation.config.policy;
    let Some(id) = policy.trust.ids.first() else {
        return Err(Trouble::usage("--send-probe: no authserv_ids is configured, so nothing can be forged".into()));
    };
    let number = random::bits()?;
    let claimed = format!("probe-{number:016x}.invalid");
    let message_id = format!("cr.p.{number:016x}@{}", policy.host);
    // Decide.
    let mail = message(installation, id, &claimed, &message_id, now);
    // Perform.
    match installation.sendmail().send(None, &policy.owner.primary, &mail, (Duration::MAX, &mut || ())) {
        Outcome::Sent => {}
        Outcome::Refused { code, said } => return Ok(Probed::NotSent(format!("sendmail ended with {code}: {said}"))),
        Outcome::Unknown { said } => return Ok(Probed::NotSent(said)),
    }
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(start) = arrived(installation, &message_id, now) {
            let believed = is_believed(&start, &policy.trust, &claimed);
            return Ok(if believed { Probed::Believed } else { Probed::NotBelieved });
        }
        if Instant::now() >= until {
            return Ok(Probed::NotSeen(message_id));
        }
        std::thread::sleep(PAUSE);
    }
}

fn message(installation: &Installation, id: &str, claimed: &str, message_id: &str, now: i64) -> Vec<u8> {
    let owner = &installation.config.policy.owner.primary;
    let mut mail = Outgoing::default();
    let forged = format!("{id}; dmarc=pass header.from={claimed}; dkim=pass header.d={claimed}");
    mail.field("Authentication-Results", HeaderValue::words(&forged));
    mail.field("From", HeaderValue::mailbox(None, owner));
    mail.field("To", HeaderValue::mailbox(None, owner));
    mail.field("Subject", HeaderValue::words("A probe of your own countersign"));
    mail.field("Date", HeaderValue::words(&date(now)));
    mail.field("Message-ID", HeaderValue::words(&format!("<{message_id}>")));
    mail.field("Auto-Submitted", HeaderValue::words("auto-generated"));
    mail.text(
        "`countersign doctor --send-probe` sent this to find out whether your mail\n\
         system lets a forged Authentication-Results field through. Throw it away.\n"
            .to_owned(),
    );
    mail.to_bytes()
}

/// The head of the probe, if it lies in the inbox or the quarantine.
fn arrived(installation: &Installation, message_id: &str, since: i64) -> Option<Vec<u8>> {
    let wanted = format!("<{message_id}>");
    let inbox = match &installation.config.paths.inbox {
        Inbox::Maildir(path) => Some(Maildir::at(path)),
        Inbox::Command(_) | Inbox::Mbox(_) => None,
    };
    for maildir in [Some(installation.quarantine()), inbox].into_iter().flatten() {
        let Ok(entries) = maildir.entries() else { continue };
        for entry in entries.filter_map(Result::ok) {
            let recent = entry.status().ok().flatten().is_some_and(|status| status.modified >= since - CLOCK_SKEW);
            if !recent {
                continue;
            }
            let Ok(Some(start)) = entry.head(HEAD_LIMIT) else { continue };
            if Head::read(&start).first("Message-ID").is_some_and(|field| field.text() == wanted) {
                return Some(start);
            }
        }
    }
    None
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
}
