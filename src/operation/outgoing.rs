//! A message that the user sends through `countersign sendmail`: the Message-ID that it lacks, and what is noted when it is out.
//!
//! Promises: the store is waited for at most a second in all, of that a fifth before the message is out; a Message-ID whose
//! class could not be looked up is public. Never touches: the sending itself.

use std::sync::Arc;
use std::time::Duration;

use crate::facts::Facts;
use crate::mail::addition::Addition;
use crate::mail::address::Address;
use crate::mail::compose::HeaderValue;
use crate::mail::earlier::COOKIE;
use crate::mail::head::Head;
use crate::mail::sendmail_call::Submission;
use crate::operation::installation::Installation;
use crate::operation::sent::{recipient, teach};
use crate::operation::trouble::Trouble;
use crate::origin::envelope::Caller;
use crate::policy::sent::{Class, Outgoing, Recipient, Sent, Unlearned, meant};
use crate::policy::token::{Day, Token};
use crate::world::random;
use crate::world::store::{Store, StoreProblem};

/// How long the store is waited for before the message is out.
const LOOK: Duration = Duration::from_millis(200);
/// How long each of its two files is waited for afterwards.
const WRITE: Duration = Duration::from_millis(350);

/// The message, as far as it is looked at.
pub struct Letter {
    facts: Facts,
    start: Arc<Vec<u8>>,
    /// The same as far as it surely is the message.
    seen: Arc<Vec<u8>>,
    submission: Submission,
    /// The Message-ID that it is given, without its angle brackets, and its class.
    minted: Option<(String, Class)>,
}

impl Letter {
    /// Looks at the start of a message; none where it teaches nothing, and so is left as it is.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn of(
        installation: &Installation,
        start: Arc<Vec<u8>>,
        submission: Submission,
        now: i64,
    ) -> Result<Option<Letter>, Trouble> {
        inject_fault("look");
        let seen = if submission.dot_ends { before_dot(&start) } else { Arc::clone(&start) };
        // The sender of the call is the user's affair; a null one says that a program sends.
        let caller = Caller { sender_argument: submission.null_sender.then(|| "<>".to_owned()), ..Caller::default() };
        let facts = Facts::of(Arc::clone(&seen), &caller, &installation.config.policy.trust);
        let mut letter = Letter { facts, start, seen, submission, minted: None };
        let mut store = Store::open_within(&installation.config.paths.store, LOOK);
        let Ok(sent) = letter.read(installation, &mut store) else { return Ok(None) };
        if Head::read(&letter.start).first("Message-ID").is_none() {
            let class = if store.is_ok() { sent.class } else { Class::Public };
            let policy = &installation.config.policy;
            let (ring, owner) = (&installation.keys.token, policy.owner.primary.normal());
            let token = Token::mint_sent(ring, class, random::bits()?, Day::of(now), &owner);
            letter.minted = Some((format!("{COOKIE}{token}@{}", policy.host.as_str()), class));
        }
        Ok(Some(letter))
    }

    /// The field that is added to it.
    #[must_use]
    pub fn addition(&self) -> Option<Addition> {
        let (id, _) = self.minted.as_ref()?;
        let head = Head::read(&self.start);
        Addition::on_top(&self.start, &head, "Message-ID", &HeaderValue::message_id(id)?)
    }

    /// Notes what it teaches. To be called when it is out.
    ///
    /// # Errors
    /// The store cannot be used now.
    pub fn note(&self, installation: &Installation, now: i64) -> Result<(), Trouble> {
        inject_fault("note");
        let mut store = Ok(Store::open_within(&installation.config.paths.store, WRITE)?);
        let read = self.read(installation, &mut store);
        let (mut store, Ok(mut sent)) = (store?, read) else { return Ok(()) };
        if self.addition().is_some()
            && let Some((id, class)) = &self.minted
        {
            sent.message_id = Some(id.clone());
            sent.class = if *class == Class::Public { Class::Public } else { sent.class };
        }
        // It goes out now, whatever its Date says.
        sent.at = Some(now);
        teach(installation, &mut store, &sent, now)?;
        Ok(())
    }

    /// What it teaches. A store that does not answer is replaced by its problem, and not asked again.
    fn read(&self, installation: &Installation, store: &mut Result<Store, StoreProblem>) -> Result<Sent, Unlearned> {
        let mut is = |address: &Address| match store.as_ref().map(|store| recipient(installation, store, address)) {
            Ok(Ok(known)) => known,
            Ok(Err(problem)) => {
                *store = Err(problem);
                Recipient::Person
            }
            Err(_) => Recipient::Person,
        };
        let (head, envelope) = (Head::read(&self.seen), &self.submission.recipients);
        // What came in from elsewhere and is sent on is not the user's unless it is proven.
        let message = Outgoing { facts: &self.facts, head: &head, envelope, submitted: false };
        let mut sent = Sent::read(message, &installation.config.policy.owner, &mut is)?;
        if !self.submission.reads_fields {
            // Whom the fields name beside them it does not go to.
            let goes: Vec<_> = envelope.iter().filter_map(meant).map(|one| one.normal()).collect();
            sent.people.retain(|one| goes.contains(&one.normal()));
        }
        Ok(sent)
    }
}

/// The message up to a line with nothing but a dot, where sendmail may stop reading.
fn before_dot(start: &Arc<Vec<u8>>) -> Arc<Vec<u8>> {
    let mut at = 0;
    for line in start.split_inclusive(|&byte| byte == b'\n') {
        if matches!(line, b".\n" | b".\r\n" | b".") {
            return Arc::new(start[..at].to_vec());
        }
        at += line.len();
    }
    Arc::clone(start)
}

/// Faults that the tests ask for; not in a release build.
fn inject_fault(place: &str) {
    #[cfg(debug_assertions)]
    if std::env::var_os("COUNTERSIGN_TEST_PANIC").is_some_and(|wanted| wanted == place) {
        let nothing: Vec<u8> = Vec::new();
        let _ = nothing[std::process::id() as usize];
    }
    #[cfg(not(debug_assertions))]
    let _ = place;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_lone_dot_is_not_read() {
        for (text, wanted) in [
            ("A: b\n\n.\nCc: eve@x.org\n", "A: b\n\n"),
            ("A: b\r\n.\r\nCc: eve@x.org\r\n", "A: b\r\n"),
            ("A: b\n\nx\n.", "A: b\n\nx\n"),
            ("A: b\n\n..\n. \n.x\n", "A: b\n\n..\n. \n.x\n"),
            ("", ""),
        ] {
            assert_eq!(before_dot(&Arc::new(text.into())).as_slice(), wanted.as_bytes());
        }
    }
}
