//! All signs of one message, gathered from the rules of this room.
//!
//! Promises: where a rule can err, it errs to the wide side: a person taken for a robot is held and listed, a robot taken
//! for a person is sent a useless challenge. Bounded by the limits of `wording` and `report`, and linear in time. Never
//! touches: history, what is then done.

use super::sender::{self, LocalPart};
use super::wording::Wording;
use super::{Sign, bulk, field, program, report, rules};
use crate::mail::address::Address;
use crate::mail::body::Body;
use crate::mail::head::Head;

/// Who a message is from, as the envelope and the header block say.
#[derive(Clone, Copy, Debug, Default)]
pub struct People<'a> {
    /// The envelope sender, if it is one known mailbox.
    pub envelope: Option<&'a Address>,
    /// Whether the envelope sender is known to be none: `<>`.
    pub null: bool,
    /// Whether nobody knows the envelope sender, or two say different things.
    pub unknown: bool,
    /// The single clear From address.
    pub author: Option<&'a Address>,
}

/// All signs of the message, each once, the most telling first.
#[must_use]
pub fn signs(head: &Head<'_>, people: People<'_>, body: &Body<'_>) -> Vec<Sign> {
    let mut found = field::signs(head, people.author);
    // A null path that an earlier server wrote down can only be true or harm the one who feigned it.
    let written_null = || people.unknown && head.all("Return-Path").any(|field| field.unfolded() == b"<>");
    found.extend((people.null || written_null()).then_some(Sign::NullSender));
    // A random envelope sender is what WorkMail gives to the mail that people write in it.
    let typed = |sign: &Sign| *sign != Sign::RandomSender || !program::is_workmail(head);
    found.extend(people.envelope.and_then(address_signs).map(|(sender, _)| sender).filter(typed));
    found.extend(people.author.and_then(address_signs).map(|(_, author)| author));
    let domains = [people.author, people.envelope].into_iter().flatten().map(Address::domain);
    found.extend(domains.filter(|domain| bulk::is_bulk_domain(domain)).map(|_| Sign::BulkDomain));
    found.extend(bulk::is_signed_by_service(head).then_some(Sign::MailingServiceSignature));
    found.extend(of_build(head, body));
    let words = Wording::read(head, body);
    found.extend(words.designed.then_some(Sign::DesignedPage));
    found.extend(report::returns_a_message(&words).then_some(Sign::BounceText));
    found.extend(rules::signs(&words));
    found.sort_unstable();
    found.dedup();
    found
}

fn of_build(head: &Head<'_>, body: &Body<'_>) -> impl Iterator<Item = Sign> {
    let build = report::build(&body.parts);
    let is_multipart_report = report::is_multipart_report(head);
    let rules = [
        (is_multipart_report, Sign::MultipartReport),
        (build.reports && !is_multipart_report, Sign::ReportPart),
        (build.complains, Sign::FeedbackLoop),
        (report::is_aggregate(build, head), Sign::AggregateReport),
        (build.answers_invitation, Sign::CalendarAnswer),
    ];
    rules.into_iter().filter(|(matches, _)| *matches).map(|(_, sign)| sign)
}

/// What a local part is a sign of, in the envelope sender and in the From address.
const LOCAL_PARTS: [(LocalPart, Sign, Sign); 5] = [
    (LocalPart::Confirm, Sign::ConfirmAddress, Sign::ConfirmAddress),
    (LocalPart::NoReply, Sign::NoReplySender, Sign::NoReplyAuthor),
    (LocalPart::Random, Sign::RandomSender, Sign::RandomAuthor),
    (LocalPart::Role, Sign::RoleSender, Sign::RoleAuthor),
    (LocalPart::Verp, Sign::VerpSender, Sign::VerpAuthor),
];

fn address_signs(address: &Address) -> Option<(Sign, Sign)> {
    let says = sender::read(address)?;
    LOCAL_PARTS.iter().find(|row| row.0 == says).map(|row| (row.1, row.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: People<'static> = People { envelope: None, null: false, unknown: true, author: None };

    fn of(text: &str, people: People<'_>) -> Vec<Sign> {
        let head = Head::read(text.as_bytes());
        signs(&head, people, &Body::read(&head, &text.as_bytes()[head.body..]))
    }

    #[test]
    fn what_only_looks_like_a_sign_is_none() {
        for text in
            ["Subject: List-Id: <a.b>", "Return-Path: <bob@x.org>", "Content-Type: multipart/reports; boundary=b"]
        {
            assert_eq!(of(&format!("{text}\n\nList-Id: <a.b>\n"), UNKNOWN), [], "{text}");
        }
    }

    #[test]
    fn the_null_sender_is_a_sign_wherever_it_stands() {
        assert_eq!(of("A: b\n\n", People { null: true, ..People::default() }), [Sign::NullSender]);
        assert_eq!(of("A: b\nReturn-Path: <>\n\n", UNKNOWN), [Sign::NullSender]);
    }

    #[test]
    fn envelope_and_author_are_looked_at_alike() {
        let head = Head::read(b"A: b\n\n");
        let empty = Body::read(&head, b"");
        let locals = "bob-confirm.17.f00d no-reply 0102018a1b2c3d4e-5f60-000000 root a-17-bob=y.org";
        for (local, (_, sender, author)) in locals.split(' ').zip(LOCAL_PARTS) {
            let address = Address::parse(&format!("{local}@x.org")).unwrap();
            let envelope = People { envelope: Some(&address), ..People::default() };
            assert_eq!(signs(&head, envelope, &empty), [sender], "{local}");
            assert_eq!(signs(&head, People { author: Some(&address), ..UNKNOWN }, &empty), [author], "{local}");
        }
        let bulk = Address::parse("bob@news.x.org").unwrap();
        assert_eq!(signs(&head, People { author: Some(&bulk), ..UNKNOWN }, &empty), [Sign::BulkDomain]);
    }

    #[test]
    fn cut_at_every_byte_it_does_not_panic() {
        let whole = b"Auto-Submitted: no (a \"b\");x=\"y\"\nContent-Type: multipart/mixed; boundary=\"d\\\"\"\n\
        Sender: \"x\" (y) <a.b@c>\nPrecedence: (a) b\n\n--d\"\nContent-Type: text/calendar; method=reply\n\nx\xe9\n--d\"--\n";
        for end in 0..whole.len() {
            let head = Head::read(&whole[..end]);
            drop(signs(&head, UNKNOWN, &Body::read(&head, &whole[head.body.min(end)..end])));
        }
    }
}
