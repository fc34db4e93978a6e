//! Mail about what the user sent: what answers it, and what mail systems, vacation programs and other filters say of it.
//!
//! Promises: pure. It is known by Message-IDs that the user's mail had, whatever the language; who knows such an id gets one
//! message in and no more, unless it is one that only the recipients of a private message know and the author is proven.
//! Never touches: where a Message-ID was looked up.

use super::Owner;
use super::sent::Class;
use crate::facts::Facts;
use crate::mail::address::Address;
use crate::mail::earlier::{EarlierId, IdPlace};
use crate::origin::auth::Proofs;
use crate::origin::envelope::EnvelopeSender;
use crate::signs::sender::is_mail_system;
use crate::signs::{Kind, Sign};

/// What a message is about, if that is something the user sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMail {
    /// Who may know of it.
    pub class: Class,
    /// How it is known.
    pub how: How,
    /// Its Message-ID; none where it is known by the Subject.
    pub id: Option<EarlierId>,
}

/// By what the user's own mail is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its Message-ID proves itself.
    Cookie,
    /// Its Message-ID stands in the store.
    Row,
    /// Its Subject stands in the store, and it went to a private list.
    Topic,
}

impl How {
    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            How::Cookie => "cookie",
            How::Row => "row",
            How::Topic => "topic",
        }
    }
}

/// What a machine says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Its recipient is away, or a program answers for them.
    AutoReply,
    /// It was not delivered, or not yet.
    Bounce,
    /// A filter asks whether a person sent it.
    Challenge,
    /// It was displayed or thrown away.
    Receipt,
}

impl Notice {
    /// As a reason, in kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Notice::AutoReply => "own-mail-auto-reply",
            Notice::Bounce => "own-mail-bounce",
            Notice::Challenge => "own-mail-challenge",
            Notice::Receipt => "own-mail-receipt",
        }
    }

    /// For a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Notice::AutoReply => "it is an automatic answer to a message that you sent",
            Notice::Bounce => "a mail system reports on a message that you sent",
            Notice::Challenge => "another filter asks about a message that you sent",
            Notice::Receipt => "it is a receipt for a message that you sent",
        }
    }
}

/// What kind of machine wrote it, if one did; `place` is where it names what it is about. Mail systems put
/// `Auto-Submitted: auto-replied` on bounces too, and a vacation notice has the null sender of a bounce.
#[must_use]
pub fn notice(facts: &Facts, place: Option<IdPlace>) -> Option<Notice> {
    let signs = facts.signs();
    let any = |is: &dyn Fn(Sign) -> bool| signs.iter().any(|sign| is(*sign));
    let null = facts.envelope.sender == EnvelopeSender::Null || any(&|sign| sign == Sign::NullSender);
    let of_report = |sign: Sign| matches!(sign.kind(), Kind::Bounce | Kind::Report) && sign != Sign::NullSender;
    if any(&|sign| sign == Sign::ChallengeField) {
        Some(Notice::Challenge)
    } else if any(&of_report) {
        Some(if place == Some(IdPlace::Receipt) { Notice::Receipt } else { Notice::Bounce })
    } else if any(&|sign| sign.kind() == Kind::Challenge) {
        Some(Notice::Challenge)
    } else if any(&|sign| sign.kind() == Kind::AutoReply) {
        Some(Notice::AutoReply)
    } else if null {
        // A bounce in a language that nobody here knows returns something; an answer of a program names what it answers.
        Some(if place.is_some_and(IdPlace::is_returned) { Notice::Bounce } else { Notice::AutoReply })
    } else {
        None
    }
}

/// Whether there is something in it that a computer may run, other than what the user sent and got back. Who knows a public
/// Message-ID could put anything into a returned message, so of a public one nothing comes back uncounted.
#[must_use]
pub fn brings_executables(facts: &Facts, own: &OwnMail) -> bool {
    let executables = &facts.content().executables;
    let came_back = own.id.as_ref().is_some_and(|id| id.place == IdPlace::Copy);
    if came_back && own.class == Class::Private && executables.messages == 1 {
        return executables.outside;
    }
    !executables.findings.is_empty()
}

/// Who may write from now on, and with which proof, because this message answers a private one of the user: a person whose
/// address is proven, and who is no address of the user. What came through a list or from a machine teaches nothing.
#[must_use]
pub fn teaches(facts: &Facts, own: &OwnMail, owner: &Owner) -> Option<(Address, Proofs)> {
    let answers = own.id.as_ref().is_some_and(|id| !id.place.is_returned());
    // Signs of how a letter looks and which way it came are those of people's mail too.
    let of_people = |sign: &Sign| {
        matches!(sign, Sign::BulkDomain | Sign::DesignedPage | Sign::MailingServiceSignature | Sign::NoReplyWanted)
    };
    let by_a_person = facts.signs().iter().all(of_people) && facts.envelope.sender != EnvelopeSender::Null;
    let author = facts.sender.address().filter(|author| !owner.is(author) && !is_mail_system(author))?;
    let proofs = facts.authentication.proofs(author.domain());
    let pin = Proofs::from_bits(proofs.bits() & Proofs::AUTHOR.bits()).filter(|pin| !pin.is_empty())?;
    let good = answers
        && own.class == Class::Private
        && by_a_person
        && facts.list().is_none()
        && facts.defects.is_empty()
        && !facts.name_shows_other_address();
    good.then(|| (author.clone(), pin))
}

#[cfg(test)]
mod tests {
    use super::super::tests::policy;
    use super::*;
    use crate::origin::auth::Trust;
    use crate::origin::envelope::Caller;

    fn facts(fields: &str) -> Facts {
        let trust = Trust { ids: vec!["mx.example.org".into()], ..Trust::default() };
        let text = format!(
            "{fields}Authentication-Results: mx.example.org; dkim=pass header.d=x.org\nReceived: a\nTo: alice@example.org\n\
             Date: Mon, 2 Nov 2026 10:00:00 +0000\nMessage-ID: <2@x.org>\nSubject: Re: tea\n\nYes, at five then.\n"
        );
        Facts::read(text.as_bytes(), &Caller::default(), &trust)
    }

    fn own(class: Class, place: IdPlace) -> OwnMail {
        OwnMail { class, how: How::Row, id: Some(EarlierId { id: "1@example.org".into(), place }) }
    }

    #[test]
    fn each_machine_is_called_what_it_is() {
        use IdPlace::{InReplyTo, Receipt, Text};
        for (fields, place, wanted) in [
            ("", InReplyTo, None),
            ("Return-Path: <>\n", InReplyTo, Some(Notice::AutoReply)),
            ("Return-Path: <>\n", Text, Some(Notice::Bounce)),
            ("Return-Path: <>\nAuto-Submitted: auto-replied\n", InReplyTo, Some(Notice::AutoReply)),
            ("X-Failed-Recipients: a@x.org\nAuto-Submitted: auto-replied\n", InReplyTo, Some(Notice::Bounce)),
            ("X-CR-Challenge: v=1\nAuto-Submitted: auto-replied\n", InReplyTo, Some(Notice::Challenge)),
            ("Content-Type: message/disposition-notification\n", Receipt, Some(Notice::Receipt)),
            ("Precedence: list\n", InReplyTo, None),
        ] {
            assert_eq!(notice(&facts(fields), Some(place)), wanted, "{fields} {place:?}");
        }
    }

    #[test]
    fn only_a_proven_person_who_answers_a_private_message_is_learned() {
        let policy = policy();
        let learned = |fields: &str, own: &OwnMail| {
            teaches(&facts(fields), own, &policy.owner).map(|(who, pin)| format!("{who} {}", pin.names()))
        };
        let private = own(Class::Private, IdPlace::InReplyTo);
        let bob = "From: Bob <bob@x.org>\n";
        assert_eq!(learned(bob, &private).as_deref(), Some("bob@x.org dkim"));
        assert_eq!(learned(bob, &own(Class::Private, IdPlace::References)).as_deref(), Some("bob@x.org dkim"));
        assert_eq!(learned(bob, &own(Class::Public, IdPlace::InReplyTo)), None);
        assert_eq!(learned(bob, &own(Class::Private, IdPlace::Copy)), None);
        assert_eq!(learned(bob, &OwnMail { id: None, how: How::Topic, ..private.clone() }), None);
        for fields in [
            "From: bob@y.org\n",
            "From: alice@example.org\n",
            "From: postmaster@x.org\n",
            "From: bob@x.org, eve@x.org\n",
            "From: \"ceo@bank.example\" <bob@x.org>\n",
            "From: bob@x.org\nPrecedence: list\n",
            "From: bob@x.org\nList-Id: <l.x.org>\n",
            "From: bob@x.org\nAuto-Submitted: auto-replied\n",
            "From: bob@x.org\nReturn-Path: <>\n",
            "From: noreply@x.org\n",
            "From: bob@x.org\nNo field\n",
        ] {
            assert_eq!(learned(fields, &private), None, "{fields}");
        }
        assert!(learned(&format!("{bob}X-Auto-Response-Suppress: All\n"), &private).is_some());
    }
}
