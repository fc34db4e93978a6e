//! Undeliverable mail, known without any field that says so: by the way it begins, by its Subject, and by what it is
//! built of, in whatever language it is written.
//!
//! Promises: a person who passes a bounce on with words of their own is not taken for one, unless nothing but the bounce
//! is there. Linear in time. Never touches: whose mail came back, and whether it was the user's.

use super::wording::{OPENING_LIMIT, Wording, says, start};

/// How far the opening words of a bounce reach, in bytes.
const FIRST_WORDS: usize = 400;
/// Names of header fields that a returned message has; three of them make a header block.
const RETURNED_FIELDS: [&str; 6] = ["received: from ", "message-id: <", "from: ", "to: ", "subject: ", "date: "];

/// Whether the Subject is one that mail systems give their bounces. A person who answers one or passes it on has
/// `Re:` or `Fwd:` before it.
#[must_use]
pub fn has_bounces_subject(wording: &Wording) -> bool {
    SUBJECTS.iter().any(|start| wording.subject.starts_with(start))
}

/// Whether the text is a bounce: it begins with a mail system's own words, or it names a failure by its number and
/// has the header block of a message in it.
#[must_use]
pub fn is_bounce(wording: &Wording) -> bool {
    let text = &wording.text;
    let failed =
        says(start(text, FIRST_WORDS), FIRST) || (has_status(start(text, OPENING_LIMIT)) && returns_a_message(text));
    failed && !wording.is_answer_or_forward()
}

/// Beginnings of Subjects (RFC 3834 section 3.1.5: a hint, and here only a reason to stay silent): qmail, Exim,
/// Sendmail, Postfix, Exchange in its languages, Domino, GroupWise.
const SUBJECTS: &[&str] = &[
    "delivery failure",
    "delivery has failed",
    "delivery notification: ",
    "delivery status notification",
    "failure delivery",
    "failure notice",
    "mail could not be delivered",
    "mail delivery fail",
    "mail delivery problem",
    "mail failure",
    "mail system error",
    "message could not be delivered",
    "message delivery failure",
    "message undeliverable",
    "nondeliverable mail",
    "permanent delivery failure",
    "returned mail",
    "returned to sender",
    "undeliverable",
    "undelivered mail",
    "warning: could not send message",
    "warning: message ",
    "mail konnte nicht zugestellt werden",
    "unzustellbar",
    "non remis",
    "non distribuable",
    "\u{e9}chec de la remise",
    "no se puede entregar",
    "no entregado",
    "n\u{e3}o \u{e9} poss\u{ed}vel entregar",
    "n\u{e3}o entregue",
    "impossibile recapitare",
    "non recapitabile",
    "onbestelbaar",
    "kan ikke leveres",
    "det g\u{e5}r inte att leverera",
    "ei voitu toimittaa",
    "niedostarczal",
    "nie mo\u{17c}na dostarczy\u{107}",
    "nedoru\u{10d}iteln",
    "k\u{e9}zbes\u{ed}thetetlen",
    "\u{43d}\u{435}\u{432}\u{43e}\u{437}\u{43c}\u{43e}\u{436}\u{43d}\u{43e} \u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}\u{438}\u{442}\u{44c}",
    "\u{43d}\u{435} \u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}\u{43b}\u{435}\u{43d}\u{43e}",
    "teslim edilemedi",
    "\u{914d}\u{4fe1}\u{4e0d}\u{80fd}",
    "\u{914d}\u{4fe1}\u{3067}\u{304d}\u{307e}\u{305b}\u{3093}",
    "\u{7cfb}\u{7edf}\u{9000}\u{4fe1}",
    "\u{65e0}\u{6cd5}\u{6295}\u{9012}",
];

/// The words with which mail systems begin: qmail (QSBMF), Exim, Postfix, Sendmail, Exchange, Courier, Domino,
/// MDaemon, Google.
const FIRST: &[&str] = &[
    "hi. this is the qmail-send program",
    "hi. this is the deliver program",
    "this message was created automatically by mail delivery software",
    "this is the mail system at host",
    "this is the postfix program at host",
    "this is the mail delivery agent at",
    "this is a delivery status notification",
    "this is an automatically generated delivery status notification",
    "this is a permanent failure",
    "this report relates to a message you sent",
    "this is a collection of reports about email delivery",
    "the original message was received at",
    "----- the following addresses had",
    "your message did not reach some or all of the intended recipients",
    "your message could not be delivered",
    "your mail could not be delivered",
    "your message cannot be delivered to the following recipients",
    "your message has encountered delivery problems",
    "your message was not delivered",
    "delivery to the following recipient",
    "delivery has failed to these recipients",
    "undelivered mail returned to sender",
    "message from yahoo",
    "unable to deliver message to the following",
    "the following address failed",
    "the following message could not be delivered",
    "the following recipients did not receive",
    "ihre nachricht wurde nicht zugestellt",
    "ihre nachricht hat einige oder alle empf\u{e4}nger nicht erreicht",
    "fehler bei der nachrichtenzustellung",
    "votre message n'a pas \u{e9}t\u{e9} remis",
    "\u{e9}chec de la remise pour ces destinataires",
    "error de entrega a estos destinatarios",
    "il recapito non \u{e8} riuscito",
];

/// A reply code and an enhanced status code (RFC 5321 section 4.2, RFC 3463 section 2): `550 5.1.1`, `status: 5.0.0`.
fn has_status(text: &str) -> bool {
    let bytes = text.as_bytes();
    let code = |at: usize| -> Option<()> {
        let class = bytes.get(at).filter(|b| matches!(b, b'4' | b'5'))?;
        let rest = bytes.get(at + 1..at + 5)?;
        let dotted = rest[0] == b'.' && rest[1].is_ascii_digit() && rest[2] == b'.' && rest[3].is_ascii_digit();
        let before = &bytes[..at];
        let reply = before.len() >= 4
            && before[at - 4] == *class
            && before[at - 3].is_ascii_digit()
            && before[at - 2].is_ascii_digit()
            && matches!(before[at - 1], b' ' | b'-');
        (dotted && (reply || before.ends_with(b"status: "))).then_some(())
    };
    (0..bytes.len()).any(|at| code(at).is_some())
}

/// Whether three fields of a header block stand in the text, one of them such as nobody types.
fn returns_a_message(text: &str) -> bool {
    let count = RETURNED_FIELDS.iter().filter(|field| text.contains(**field)).count();
    count >= 3 && says(text, &RETURNED_FIELDS[..2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    fn of(subject: &str, body: &str) -> (bool, bool) {
        let message = format!("Subject: {subject}\n\n{body}\n");
        let head = Head::read(message.as_bytes());
        let wording = Wording::read(&head, &message.as_bytes()[head.body..]);
        (has_bounces_subject(&wording), is_bounce(&wording))
    }

    #[test]
    fn people_who_speak_of_bounces_send_none() {
        for (subject, body) in [
            ("Re: Undeliverable: hello", "That was my old address."),
            ("My mail bounced", "I got this: 550 5.1.1 no such user. Do you have his new address?"),
            ("bounces", "Our server says status: 5.7.1 to half of them. Any idea?"),
            ("help", "See the log.\n> Hi. This is the qmail-send program at mx.\n> <a@b>: 550 5.1.1"),
            ("Fwd: failure notice", "What does it mean?\n\nHi. This is the qmail-send program at mx.test."),
            ("WG: Unzustellbar: Hallo", "Was hei\u{df}t das?\n\nHi. This is the qmail-send program at mx.test."),
            ("TR : Non remis : bonjour", "Voyez :\n\nHi. This is the qmail-send program at mx.test."),
            ("version 5.1.1", "We moved from 4.0.5 to 5.1.1. From: here to: there. Subject: none."),
            ("delivery", "The delivery failed, the driver said nobody was in."),
        ] {
            assert_eq!(of(subject, body), (false, false), "{subject}");
        }
    }

    #[test]
    fn bounces_without_mime_are_known_by_their_first_words() {
        for body in [
            "Hi. This is the qmail-send program at mx.test.\nI'm afraid I wasn't able to deliver your message.",
            "This message was created automatically by mail delivery software.",
            "This is the mail system at host mx.test.\n\nI'm sorry to have to inform you",
            "   ----- The following addresses had permanent fatal errors -----\n<bob@x.org>",
            "Your message did not reach some or all of the intended recipients.",
            "Ihre Nachricht hat einige oder alle Empf\u{e4}nger nicht erreicht.",
        ] {
            assert_eq!(of("hello", body), (false, true), "{body}");
        }
    }

    #[test]
    fn a_bounce_in_any_language_has_a_number_and_a_returned_message() {
        let returned = "Received: from a.test by b.test\nFrom: Alice <a@x.org>\nTo: bob@x.org\nSubject: hi\n";
        assert!(of("Tiedoksi", &format!("Viesti ei mennyt perille.\n<bob@x.org>: 550 5.1.1 unknown\n\n{returned}")).1);
        assert!(of("x", &format!("Action: failed\nStatus: 5.0.0\n\n{returned}")).1);
        assert!(!of("x", "Viesti ei mennyt perille.\n<bob@x.org>: 550 5.1.1 unknown").1);
        assert!(!of("x", returned).1);
        assert!(!of("x", &format!("550 5.11\n{returned}")).1);
    }

    #[test]
    fn subjects_of_mail_systems_are_known_in_many_languages() {
        for subject in [
            "failure notice",
            "Returned mail: see transcript for details",
            "Undelivered Mail Returned to Sender",
            "Unzustellbar: Hallo",
            "Non remis : bonjour",
            "No se puede entregar: hola",
        ] {
            assert!(of(subject, "x").0, "{subject}");
        }
    }
}
