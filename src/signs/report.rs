//! Reports by their build: delivery, receipt, abuse, DMARC and TLS reports, and the answers of calendars.
//!
//! Promises: only the message's own type and the types of its own parts are looked at, two levels deep, so that a
//! report which a person passes on as an attachment is no report. Linear in time. Never touches: what a report says.

use super::wording::{Wording, YOUR_MESSAGE, start};
use crate::mail::fold::Parameterised;
use crate::mail::head::Head;
use crate::mail::parts::BOUNDARY_LIMIT;

/// Most bytes of a body in which parts are looked for.
const BODY_LIMIT: usize = 256 * 1024;
/// Most parts that are looked at.
const PART_LIMIT: usize = 100;
/// Most bytes of a part's own header block.
const PART_HEAD_LIMIT: usize = 8 * 1024;

/// What a message is by the types of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// `text/calendar; method=REPLY` or another answer to an invitation (RFC 5546 section 3.2).
    pub answers_invitation: bool,
    /// A part with a type that only reports have.
    pub reports: bool,
    /// A feedback loop of Microsoft, which has no type of its own: the complained-of message begins with its field.
    pub complains: bool,
    /// A compressed part, as aggregate reports of DMARC have.
    pub compressed: bool,
    /// A part whose file name names receiver, domain and times, as aggregate reports do.
    pub aggregates: bool,
}

/// Looks at the types of the message and of its parts.
#[must_use]
pub fn build(head: &Head<'_>, body: &[u8]) -> Build {
    let body = &body[..body.len().min(BODY_LIMIT)];
    let mut build = Build::default();
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    build.take(head, &mut boundaries);
    build.answers_invitation |= is_calendar(head) && answers_in_text(body);
    let (mut at, mut count) = (0, 0);
    while at < body.len() && count < PART_LIMIT && !boundaries.is_empty() {
        let next = line_end(body, at);
        let line = body[at..next].trim_ascii_end();
        let own = line.strip_prefix(b"--").is_some_and(|rest| boundaries.iter().any(|boundary| boundary == rest));
        if own {
            count += 1;
            let part = &body[next..(next + PART_HEAD_LIMIT).min(body.len())];
            let part_head = Head::read(part);
            build.take(&part_head, &mut boundaries);
            build.answers_invitation |= is_calendar(&part_head) && answers_in_text(&part[part_head.body..]);
            build.complains |= Head::read(&part[part_head.body..]).first("X-HmXmrOriginalRecipient").is_some();
        }
        at = next;
    }
    build
}

/// Whether it is an aggregate report of DMARC (RFC 9990 section 2.5.1): a part with such a report's file name, or a
/// compressed part and a Subject that names the domain, the submitter and the report.
#[must_use]
pub fn is_aggregate(build: Build, wording: &Wording) -> bool {
    let names = ["report domain:", "submitter:", "report-id:"];
    build.aggregates || (build.compressed && names.iter().filter(|name| wording.subject.contains(**name)).count() >= 2)
}

/// Whether the text is a receipt or a complaint that was sent without the type that says so: Exchange through a gateway,
/// Domino, web mail (RFC 8098 section 2.1 has them typed), feedback loops of old (RFC 5965).
#[must_use]
pub fn is_told(wording: &Wording) -> bool {
    let first = start(&wording.text, RECEIPT_LIMIT);
    let seen = begins_as_receipt(&wording.subject);
    // It names the message by its fields, or as the reader's.
    let names = first.matches(": ").count() >= 2 || wording.says(first, YOUR_MESSAGE);
    (seen && names && wording.says(first, SEEN)) || wording.says(first, RECEIPTS)
}

/// Whether a Subject, in lower case, begins as those of receipts do.
#[must_use]
pub fn begins_as_receipt(subject: &str) -> bool {
    RECEIPT_SUBJECTS.iter().any(|start| subject.starts_with(start))
}

/// Whether the text tells that somebody answered an invitation: calendars write of them in the third person.
#[must_use]
pub fn tells_of_answer(wording: &Wording) -> bool {
    const ANSWERS: [&str; 16] = [
        "has accepted this invitation",
        "has declined this invitation",
        "has tentatively accepted this",
        "has replied \"maybe\" to this",
        "hat diese einladung",
        "a accepté cette invitation",
        "a refusé cette invitation",
        "ha aceptado esta invitación",
        "ha rechazado esta invitación",
        "ha accettato questo invito",
        "ha rifiutato questo invito",
        "aceitou este convite",
        "recusou este convite",
        "heeft deze uitnodiging",
        "har accepterat inbjudan",
        "принял это приглашение",
    ];
    wording.says(start(&wording.text, RECEIPT_LIMIT), &ANSWERS)
}

/// How far a receipt reaches, in bytes.
const RECEIPT_LIMIT: usize = 700;

/// Beginnings of the Subjects of receipts, in the languages of Exchange.
const RECEIPT_SUBJECTS: &[&str] = &[
    "read:",
    "not read:",
    "read receipt",
    "return receipt",
    "gelesen:",
    "nicht gelesen:",
    "ungelesen",
    "lesebestätigung",
    "empfangsbestätigung",
    "lu :",
    "lu\u{a0}:",
    "lu:",
    "non lu",
    "accusé de lecture",
    "confirmation de lecture",
    "leído:",
    "no leído:",
    "confirmación de lectura",
    "letto:",
    "non letto:",
    "conferma di lettura",
    "lida:",
    "lido:",
    "não lida:",
    "confirmação de leitura",
    "gelezen:",
    "niet gelezen:",
    "leesbevestiging",
    "läst:",
    "oläst:",
    "læst:",
    "lest:",
    "ulest:",
    "luettu:",
    "przeczytano:",
    "potwierdzenie",
    "přečteno:",
    "elolvasva:",
    "okundu:",
    "прочтено:",
    "прочитано:",
    "отчет о прочтении",
    "開封済み",
    "已读",
    "已讀",
    "읽음",
];

/// What they say happened to the message.
const SEEN: &[&str] = &[
    "was read on",
    "was displayed on",
    "was opened by",
    "without being read",
    "was received by",
    "gelesen",
    "angezeigt",
    "a été lu",
    "fue leíd",
    "è stato letto",
    "foi lid",
    "is gelezen",
    "lästes",
    "blev læst",
    "ble lest",
    "luettiin",
    "została przeczytana",
    "byla přečtena",
    "elolvas",
    "okundu",
    "прочитано",
    "開封され",
    "已于",
    "已於",
    "읽었습니다",
    "not guarantee that it was read",
];

/// How a receipt or complaint says what it is, whatever its Subject.
const RECEIPTS: &[&str] = &[
    "this is a return receipt for",
    "this return receipt only acknowledges",
    "dies ist eine eingangsbestätigung für eine",
    "dies ist eine lesebestätigung für",
    "dies ist eine empfangsbestätigung für",
    "read or understood",
    "gelesen oder verstanden",
    "lu ou compris",
    "leído o comprendido",
    "letto o compreso",
    "ceci est un accusé de réception pour",
    "este es un acuse de recibo",
    "questa è una ricevuta di ritorno",
    "to jest potwierdzenie",
    "this is an email abuse report",
    "this is a spamcop report",
    "acuse de recibo del mensaje",
    "ceci est un accusé de lecture",
];

impl Build {
    fn take(&mut self, head: &Head<'_>, boundaries: &mut Vec<Vec<u8>>) {
        for field in head.all("Content-Type").take(4) {
            let parsed = Parameterised::parse(field.raw);
            let kind = parsed.value.as_str();
            let word = |name: &str| parsed.parameter(name).map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
            let answers = |word: &[u8]| matches!(word, b"reply" | b"counter" | b"refresh" | b"declinecounter");
            self.answers_invitation |= kind == "text/calendar" && answers(word("method").as_slice());
            self.reports |= REPORTS.contains(&kind) || (kind == "multipart/report") || !word("report-type").is_empty();
            self.compressed |= matches!(kind, "application/gzip" | "application/x-gzip" | "application/zip")
                || (kind == "application/octet-stream" && word("name").ends_with(b".xml.gz"));
            self.aggregates |= parsed.parameter("name").is_some_and(is_aggregate_name);
            if kind.starts_with("multipart/")
                && let Some(boundary) = parsed.parameter("boundary").map(<[u8]>::trim_ascii_end)
                && !boundary.is_empty()
                && boundary.len() <= BOUNDARY_LIMIT
                && boundaries.len() < 8
            {
                boundaries.push(boundary.to_vec());
            }
        }
        for field in head.all("Content-Disposition").take(4) {
            self.aggregates |= Parameterised::parse(field.raw).parameter("filename").is_some_and(is_aggregate_name);
        }
    }
}

/// `receiver!domain!begin!end.xml.gz` (RFC 9990 section 2.6.1), times in seconds.
fn is_aggregate_name(name: &[u8]) -> bool {
    let pieces: Vec<&[u8]> = name.split(|b| *b == b'!').take(6).collect();
    let time = |piece: &&[u8]| piece.len() >= 9 && piece.iter().take(9).all(u8::is_ascii_digit);
    pieces.len() >= 4 && pieces[2..4].iter().all(time)
}

fn is_calendar(head: &Head<'_>) -> bool {
    head.all("Content-Type").any(|field| Parameterised::parse(field.raw).value == "text/calendar")
}

/// `METHOD:REPLY` on a line of the calendar object itself (RFC 5546 section 1.4), where the type has no parameter.
fn answers_in_text(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').take(CALENDAR_LINES).any(|line| {
        let line = line.trim_ascii().to_ascii_lowercase();
        matches!(line.as_slice(), b"method:reply" | b"method:counter" | b"method:refresh" | b"method:declinecounter")
    })
}

/// How many lines of a calendar object are looked at: its method stands before its first event.
const CALENDAR_LINES: usize = 20;

/// Types that only reports have: RFC 3464, RFC 6533, RFC 8098, RFC 5965, RFC 8460.
const REPORTS: [&str; 8] = [
    "application/tlsrpt+gzip",
    "application/tlsrpt+json",
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
    "message/global-delivery-status",
    "message/global-disposition-notification",
    "text/rfc822-headers",
];

fn line_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| start + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::letter;

    fn of(message: &str) -> Build {
        let head = Head::read(message.as_bytes());
        build(&head, &message.as_bytes()[head.body..])
    }

    fn with_part(part: &str) -> Build {
        of(&format!("Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nhello\n--b\n{part}\n--b--\n"))
    }

    fn titled(subject: &str) -> Wording {
        Wording::read(&Head::read(format!("Subject: {subject}\n\n").as_bytes()), b"")
    }

    #[test]
    fn what_people_attach_is_no_report() {
        for part in [
            "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
            "Content-Type: text/plain\n\nContent-Type: message/delivery-status",
            "Content-Type: message/rfc822\n\nContent-Type: multipart/report; boundary=c\n\n--c\n\
             Content-Type: message/delivery-status\n\nx\n--c--",
            "Content-Type: message/rfc822\n\nSubject: x\n\nX-HmXmrOriginalRecipient: a@b",
            "Content-Type: text/plain\n\n--c\nContent-Type: message/delivery-status\n\nx",
        ] {
            assert_eq!(with_part(part), Build::default(), "{part}");
        }
        assert_eq!(of("Content-Type: multipart/reports; boundary=b\n\n"), Build::default());
        assert_eq!(of("Content-Type: multipart/mixed; x=\"multipart/report\"\n\n"), Build::default());
        // A person may send a compressed file.
        let zip = with_part("Content-Type: application/zip\n\nx");
        assert!(zip.compressed && !is_aggregate(zip, &titled("the report")));
    }

    #[test]
    fn reports_are_known_however_they_are_packed() {
        for kind in REPORTS {
            assert!(with_part(&format!("Content-Type: {}\n\nx", kind.to_uppercase())).reports, "{kind}");
        }
        for value in ["multipart/report", "Multipart/Report; report-type=tlsrpt", "(x) multipart / report; a"] {
            assert!(of(&format!("Content-Type: {value}\n\n")).reports, "{value}");
        }
        assert!(of("Content-Type: text/plain\nContent-Type: multipart/report\n\n").reports);
        let nested = "Content-Type: multipart/alternative; boundary=c\n\n--c\n\
            Content-Type: text/calendar; charset=utf-8; METHOD=\"REPLY\"\n\nx\n--c--";
        assert!(with_part(nested).answers_invitation);
        let complaint = "Content-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: a@b\nSubject: x\n\nx";
        assert!(with_part(complaint).complains);
        let subject = "report domain: x.org submitter: y.org report-id: <1@y.org>";
        let zip = of("Content-Type: application/gzip\n\nx");
        assert!(is_aggregate(zip, &titled(subject)));
    }

    #[test]
    fn hostile_parts_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["--b\n", "--b\n\n", "--b\nContent-Type: multipart/mixed; boundary=b\n\n", "--", "\n"] {
            let body = unit.repeat(400_000 / unit.len());
            let build = of(&format!("Content-Type: multipart/mixed; boundary=b\n\n{body}"));
            assert!(!build.reports);
        }
        assert!(start.elapsed().as_secs() < 20);
    }

    fn told(subject: &str, body: &str) -> (bool, bool) {
        let wording = letter(subject, body);
        (is_told(&wording), tells_of_answer(&wording))
    }

    #[test]
    fn people_who_have_read_or_accept_something_report_nothing() {
        for (subject, body) in [
            ("Read: the best book", "It was read on the radio last night."),
            ("Receipt", "Could you send me a receipt for the payment?"),
            ("Gelesen", "Ich habe Ihr Buch gelesen."),
            ("Accepted: your paper", "Your paper was accepted. Congratulations!"),
            ("Accepted", "I accept this invitation with pleasure."),
        ] {
            assert_eq!(told(subject, body), (false, false), "{subject}");
        }
    }

    #[test]
    fn receipts_and_answers_without_a_type_are_known() {
        for (subject, body) in [
            ("Read: hello", "Your message\n\n  To: Bob\n  Subject: hello\n\nwas read on Tuesday."),
            ("Gelesen: Hallo", "Ihre Nachricht\n\n  An: Bob\n  Betreff: Hallo\n\nwurde am 10.11. gelesen."),
            ("Return Receipt", "Your document: hello\nwas received by: Bob"),
            ("x", "This is a Return Receipt for the mail that you sent to bob@x.org."),
            ("x", "There is no guarantee that it has been read or understood."),
            ("x", "This is an email abuse report for an email message received from 192.0.2.1."),
        ] {
            assert!(told(subject, body).0, "{subject}: {body}");
        }
        assert!(told("Declined: lunch", "Bob has declined this invitation.").1);
    }

    #[test]
    fn calendars_and_aggregate_reports_are_known_without_parameters() {
        let answer = with_part("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT");
        assert!(answer.answers_invitation);
        assert!(of("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\r\nmethod:counter\r\n").answers_invitation);
        for body in ["METHOD:REQUEST\n", "SUMMARY:METHOD:REPLY\n", ""] {
            assert!(
                !of(&format!("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n{body}")).answers_invitation,
                "{body}"
            );
        }
        let far = format!("Content-Type: text/calendar\n\n{}METHOD:REPLY\n", "X:y\n".repeat(CALENDAR_LINES));
        assert!(!of(&far).answers_invitation && !of("Content-Type: text/plain\n\nMETHOD:REPLY\n").answers_invitation);
        let named = |name: &str| {
            with_part(&format!("Content-Type: application/zip; name=\"{name}\"\n\nx")).aggregates
                && with_part(&format!("Content-Disposition: attachment; filename=\"{name}\"\n\nx")).aggregates
        };
        assert!(named("x.org!y.org!1762646400!1762732799.zip") && named("x!y.org!1762646400!1762732799!7.xml.gz"));
        for name in ["report.zip", "a!b!c!d.zip", "x!y!17!18.zip", "x!1762646400!1762732799.zip"] {
            assert!(!named(name), "{name}");
        }
    }
}
