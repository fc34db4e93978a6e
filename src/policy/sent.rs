//! What a message that the user sent teaches: who may write back, and by what an answer to it is known.
//!
//! Promises: pure; what a program sends in the user's name teaches nothing, nor does what somebody else wrote; the user's
//! own addresses are never among the people. Never touches: the store, whether a recipient is on the list already.

use std::collections::HashSet;

use super::Owner;
use super::subject::topic;
use crate::facts::Facts;
use crate::mail::address::{Address, DELIMITERS};
use crate::mail::content::{TokenKind, token_in_extension};
use crate::mail::head::Head;
use crate::origin::auth::Proofs;
use crate::signs::sender::is_mail_system;
use crate::signs::subscription::Subscription;
use crate::signs::{Kind, Sign};

/// Most recipients of a private message: of more than these nobody knows who else sees it; rspamd counts no more either.
pub const FEW: usize = 15;

/// Who may see the Message-ID of what the user sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Its recipients alone.
    Private,
    /// Everybody: it went to a mailing list or a newsgroup, or to very many.
    Public,
}

impl Class {
    /// How many days an answer to it is known by its Message-ID. Seed 004 names "a few days to weeks" for what anybody can
    /// read in an archive.
    #[must_use]
    pub const fn days(self) -> u16 {
        match self {
            Class::Private => 365,
            Class::Public => 21,
        }
    }

    /// The same in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.days() as i64 * 86_400
    }

    /// In one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Private => "private",
            Class::Public => "public",
        }
    }
}

/// What a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Somebody's mailbox, as far as anybody knows.
    Person,
    /// A mailing list of which the user says that nobody else reads it.
    PrivateList,
    /// A mailing list.
    PublicList,
}

/// What a message teaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// When, as its Date says, seconds since 1970.
    pub at: Option<i64>,
    /// Who may see it.
    pub class: Class,
    /// Who may write back: each recipient once, but for lists, mail systems and the user.
    pub people: Vec<Address>,
    /// The lists that it subscribes the user to.
    pub subscriptions: Vec<Subscription>,
    /// By what else an answer is known, where it went to lists that are all private.
    pub topic: Option<String>,
}

/// Why a message teaches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unlearned {
    /// It names nobody to whom it goes.
    NoRecipient,
    /// It is from no address of the user.
    NotYours,
    /// It is from the user's address, and it came in through a mail system that proves nothing.
    NotProven,
    /// A program wrote it: `Auto-Submitted`, `Precedence`, a null sender, a vacation notice, a receipt, a challenge, a report.
    Program,
    /// Somebody else's message that was sent on (`Resent-` fields).
    Resent,
}

impl Unlearned {
    /// For a summary: so many messages …
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Unlearned::NoRecipient => "without a recipient",
            Unlearned::NotYours => "not from an address of yours",
            Unlearned::NotProven => "in your name, and it came in from outside",
            Unlearned::Program => "written by a program",
            Unlearned::Resent => "sent on",
        }
    }
}

/// A message that the user is said to have sent.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// What it is.
    pub facts: &'a Facts,
    /// Its header block.
    pub head: &'a Head<'a>,
    /// Recipients that its fields need not name.
    pub envelope: &'a [Address],
    /// Whether its Received field says that the user handed it in: [`crate::origin::submission::was_submitted`].
    pub submitted: bool,
}

impl Sent {
    /// Reads such a message; `is` says what a recipient is known to be.
    ///
    /// # Errors
    /// [`Unlearned`]: it teaches nothing.
    pub fn read(
        message: Outgoing<'_>,
        owner: &Owner,
        is: &mut dyn FnMut(&Address) -> Recipient,
    ) -> Result<Sent, Unlearned> {
        let Outgoing { facts, head, envelope, submitted } = message;
        let author = facts.sender.address().filter(|author| owner.is(author)).ok_or(Unlearned::NotYours)?;
        if facts.signs().iter().any(|sign| is_of_a_program(*sign)) {
            return Err(Unlearned::Program);
        }
        if head.fields.iter().any(|field| field.name.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"Resent-")))
        {
            return Err(Unlearned::Resent);
        }
        let proven = facts.authentication.proofs(author.domain()).intersects(Proofs::AUTHOR);
        if facts.received > 0 && !submitted && !proven {
            return Err(Unlearned::NotProven);
        }
        let mut once = HashSet::new();
        let named = facts.named.iter().chain(envelope).filter_map(meant);
        let others: Vec<Address> = named.filter(|one| !owner.is(one) && once.insert(one.normal())).collect();
        if facts.named.is_empty() && envelope.is_empty() {
            return Err(Unlearned::NoRecipient);
        }
        let kinds: Vec<(&Address, Recipient)> = others.iter().map(|one| (one, list_by_name(one, is(one)))).collect();
        let of =
            |wanted: Recipient| kinds.iter().filter(move |(_, kind)| *kind == wanted).map(|(one, _)| (*one).clone());
        let people = of(Recipient::Person).filter(|one| !is_mail_system(one)).collect();
        let public = of(Recipient::PublicList).next().is_some() || kinds.len() > FEW || is_posting(head);
        let private_lists = of(Recipient::PrivateList).next().is_some();
        let all: Vec<Address> = kinds.iter().map(|(one, _)| (*one).clone()).collect();
        Ok(Sent {
            message_id: facts.message_id.clone(),
            at: facts.date,
            class: if public { Class::Public } else { Class::Private },
            people,
            subscriptions: facts.subscriptions(&all),
            topic: topic(facts.subject()).filter(|_| private_lists && !public),
        })
    }
}

/// Whose mailbox a recipient is. The answer to another user's challenge goes to an address made for it: meant is the user, and
/// nobody where it says "this was not me" or returns something.
#[must_use]
pub fn meant(recipient: &Address) -> Option<Address> {
    let local = recipient.local();
    let delimited = local.rfind(|c| DELIMITERS.contains(c)).map(|at| (&local[..at], &local[at + 1..]));
    match delimited.and_then(|(before, tail)| Some((before, token_in_extension(tail)?.0))) {
        Some((before, TokenKind::Confirm)) => recipient.with_local(before).ok(),
        Some(_) => None,
        None => Some(recipient.clone()),
    }
}

/// Whether a program wrote it, in whosever name: what it is, not what it looks like; people send designed pages too.
fn is_of_a_program(sign: Sign) -> bool {
    matches!(sign.kind(), Kind::AutoReply | Kind::Bounce | Kind::Challenge | Kind::Report)
        || matches!(
            sign,
            Sign::AutoGenerated
                | Sign::AutoSubmittedOther
                | Sign::AutoSubmittedMalformed
                | Sign::GeneratedField
                | Sign::PrecedenceList
                | Sign::PrecedenceBulk
        )
}

/// A newsgroup's, or what the user's mail program takes for a list's (the field is set where it knows the list).
fn is_posting(head: &Head<'_>) -> bool {
    ["Newsgroups", "Mail-Followup-To", "Followup-To"].iter().any(|name| head.first(name).is_some())
}

/// A host that is named after what it does: `lists.example.org`, `googlegroups.com`. It only makes a message public, which
/// lets less in, so what it does not know costs little.
fn list_by_name(address: &Address, known: Recipient) -> Recipient {
    let mut labels = address.domain().as_str().split('.');
    let is_named =
        labels.any(|label| matches!(label, "list" | "lists" | "listserv" | "mailman" | "groups" | "googlegroups"));
    if known == Recipient::Person && is_named { Recipient::PublicList } else { known }
}

#[cfg(test)]
mod tests {
    use super::super::tests::policy;
    use super::*;
    use crate::origin::auth::{Method, Trust};
    use crate::origin::envelope::Caller;
    use crate::origin::submission::was_submitted;

    fn read(text: &str) -> Result<Sent, Unlearned> {
        read_with(text, &[], &mut |_| Recipient::Person)
    }

    fn read_with(text: &str, envelope: &[&str], is: &mut dyn FnMut(&Address) -> Recipient) -> Result<Sent, Unlearned> {
        let policy = policy();
        let methods = vec![Method::Dkim, Method::Dmarc, Method::Spf];
        let trust = Trust { ids: vec!["mx.example.org".into()], methods, ..Trust::default() };
        let facts = Facts::read(text.as_bytes(), &Caller::default(), &trust);
        let envelope: Vec<Address> = envelope.iter().map(|one| Address::parse(one).unwrap()).collect();
        let head = Head::read(text.as_bytes());
        let submitted = was_submitted(&head, 1, None);
        Sent::read(Outgoing { facts: &facts, head: &head, envelope: &envelope, submitted }, &policy.owner, is)
    }

    const LETTER: &str = "From: Alice <alice@example.org>\nTo: bob@x.org, Alice <Alice+x@example.org>\nCc: Bob@x.org\n\
        Bcc: carol@y.org\nSubject: The garden party\nMessage-ID: <1@example.org>\nDate: Mon, 2 Nov 2026 10:00:00 +0000\n";

    fn letter(more: &str) -> String {
        format!("{more}{LETTER}\nHello.\n")
    }

    fn names(people: &[Address]) -> Vec<String> {
        people.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everybody_written_to_is_learned_once_and_the_user_never() {
        let sent = read(&letter("")).unwrap();
        assert_eq!(names(&sent.people), ["bob@x.org", "carol@y.org"]);
        assert_eq!((sent.message_id.as_deref(), sent.class, sent.topic), (Some("1@example.org"), Class::Private, None));
        assert_eq!(sent.at, Some(1_793_613_600));
        let sent = read_with(&letter(""), &["dave@z.org", "bob@x.org"], &mut |_| Recipient::Person).unwrap();
        assert_eq!(names(&sent.people), ["bob@x.org", "carol@y.org", "dave@z.org"]);
    }

    #[test]
    fn what_a_program_sends_in_the_users_name_teaches_nothing() {
        for field in [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated",
            "Auto-Submitted: x-other",
            "Precedence: bulk",
            "Precedence: junk",
            "Precedence: list",
            "Precedence: auto_reply",
            "X-CR-Challenge: v=1",
            "Return-Path: <>",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
            "Content-Type: message/disposition-notification",
            "X-Autoreply: yes",
        ] {
            assert_eq!(read(&letter(&format!("{field}\n"))), Err(Unlearned::Program), "{field}");
        }
        let vacation = letter("").replace("The garden party", "Automatic reply: The garden party");
        assert_eq!(read(&vacation), Err(Unlearned::Program));
        assert!(read(&letter("Auto-Submitted: no\n")).is_ok());
    }

    #[test]
    fn what_somebody_else_wrote_teaches_nothing() {
        assert_eq!(read(&letter("").replace("<alice@", "<mallory@")), Err(Unlearned::NotYours));
        assert_eq!(read(&letter("").replace("From:", "X-From:")), Err(Unlearned::NotYours));
        assert_eq!(read(&letter("Resent-To: eve@evil.example\n")), Err(Unlearned::Resent));
        let outside = "Received: from evil.example by mx.example.org with ESMTP; Mon, 2 Nov 2026 10:00:00 +0000\n";
        assert_eq!(read(&letter(outside)), Err(Unlearned::NotProven));
        let below = format!("{outside}Received: from home by evil.example with ESMTPSA; x\n");
        assert_eq!(read(&letter(&below)), Err(Unlearned::NotProven));
        let proof = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n";
        assert!(read(&letter(&format!("{proof}{outside}"))).is_ok());
        let path = "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=alice@example.org\n";
        assert_eq!(
            read(&letter(&format!("{path}{outside}"))),
            Err(Unlearned::NotProven),
            "strangers share its servers"
        );
        assert!(read(&letter(&outside.replace("ESMTP;", "ESMTPSA id 1;"))).is_ok());
        assert_eq!(read("From: alice@example.org\nSubject: draft\n\nx\n"), Err(Unlearned::NoRecipient));
    }

    #[test]
    fn what_many_may_see_is_public() {
        let class = |text: &str| read(text).unwrap().class;
        assert_eq!(class(&letter("Newsgroups: comp.mail\n")), Class::Public);
        assert_eq!(class(&letter("Mail-Followup-To: users@x.org\n")), Class::Public);
        let list = letter("").replace("Cc: Bob@x.org", "Cc: users@lists.y.org");
        let sent = read(&list).unwrap();
        assert_eq!((sent.class, names(&sent.people)), (Class::Public, vec!["bob@x.org".into(), "carol@y.org".into()]));
        let many = |count: usize| (0..count).map(|at| format!(", p{at}@x.org")).collect::<String>();
        let to = |count| letter("").replace("Cc: Bob@x.org", &format!("Cc: Bob@x.org{}", many(count)));
        assert_eq!(class(&to(FEW - 2)), Class::Private);
        assert_eq!(class(&to(FEW - 1)), Class::Public);
    }

    #[test]
    fn a_private_list_knows_its_answers_by_subject_too_and_a_public_one_beside_it_takes_that_away() {
        let mut is = |one: &Address| if one.local() == "carol" { Recipient::PrivateList } else { Recipient::Person };
        let sent = read_with(&letter(""), &[], &mut is).unwrap();
        assert_eq!((sent.class, sent.topic.as_deref()), (Class::Private, Some("the garden party")));
        assert_eq!(names(&sent.people), ["bob@x.org"]);
        let mut is =
            |one: &Address| if one.local() == "carol" { Recipient::PrivateList } else { Recipient::PublicList };
        let sent = read_with(&letter(""), &[], &mut is).unwrap();
        assert_eq!((sent.class, sent.topic), (Class::Public, None));
    }

    #[test]
    fn who_answers_a_challenge_writes_to_a_person() {
        let token = "12em04hmasw9e8v0x6essk8b1p27rab1";
        for (recipient, wanted) in [
            (format!("zoe+c{token}@x.org"), &["zoe@x.org"][..]),
            (format!("zoe-team-C{}@x.org", token.to_uppercase()), &["zoe-team@x.org"]),
            (format!("zoe+c{token}@x.org, zoe@x.org"), &["zoe@x.org"]),
            (format!("zoe+n{token}@x.org"), &[]),
            (format!("zoe+b{token}@x.org"), &[]),
            (format!("zoe+c{}@x.org", &token[1..]), &[&format!("zoe+c{}@x.org", &token[1..])]),
            (format!("c{token}@x.org"), &[&format!("c{token}@x.org")]),
            (format!("+c{token}@x.org"), &[]),
        ] {
            let one =
                letter("").replace("bob@x.org, ", "").replace("Cc: Bob@x.org\n", "").replace("carol@y.org", &recipient);
            assert_eq!(names(&read(&one).unwrap().people), wanted, "{recipient}");
            let sent = read_with(&one, &[recipient.split(',').next().unwrap()], &mut |_| Recipient::Person).unwrap();
            assert_eq!(names(&sent.people), wanted, "{recipient}");
        }
    }

    #[test]
    fn a_mail_system_is_never_learned() {
        let sent = read(&letter("").replace("Cc: Bob@x.org", "Cc: postmaster@x.org")).unwrap();
        assert_eq!(names(&sent.people), ["bob@x.org", "carol@y.org"]);
    }
}
