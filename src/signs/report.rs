//! Reports by their build: delivery, receipt, abuse, DMARC and TLS reports, bounces, and the answers of calendars.
//!
//! Promises: only the message's own type and the types of its own parts are looked at, two levels deep, so that a
//! report which a person passes on as an attachment is no report; a bounce without types is known by the message that it
//! returns. Linear in time. Never touches: the words of a report (`rules`).

use super::wording::{Wording, squeezed};
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
pub fn is_aggregate(build: Build, head: &Head<'_>) -> bool {
    let subject = || head.first("Subject").map(|field| squeezed(&field.text())).unwrap_or_default();
    let names = |subject: String| ["report domain:", "submitter:", "report-id:"].map(|name| subject.contains(name));
    build.aggregates || (build.compressed && names(subject()).iter().filter(|has| **has).count() >= 2)
}

/// Whether the text is a bounce in whatever language: it names a failure by its number, and the header block of a message
/// stands in it, one of its fields such as nobody types.
#[must_use]
pub fn returns_a_message(words: &Wording) -> bool {
    const FIELDS: [&str; 6] = ["received: from ", "message-id: <", "from: ", "to: ", "subject: ", "date: "];
    let text = &words.text;
    let has = |field: &&&str| text.contains(**field);
    !words.copies
        && FIELDS.iter().filter(has).count() >= 3
        && FIELDS[..2].iter().any(|field| has(&field))
        && has_status(&text[..text.floor_char_boundary(STATUS_LIMIT)])
}

/// How far the number of a failure stands from the beginning, in bytes.
const STATUS_LIMIT: usize = 3 * 1024;

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

    fn is_aggregate(build: Build, subject: &str) -> bool {
        super::is_aggregate(build, &Head::read(format!("Subject: {subject}\n\n").as_bytes()))
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
        assert!(zip.compressed && !is_aggregate(zip, "the report"));
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
        assert!(is_aggregate(zip, subject));
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

    #[test]
    fn a_bounce_in_any_language_has_a_number_and_a_returned_message() {
        let of = |subject: &str, body: &str| returns_a_message(&letter(subject, body));
        let returned = "Received: from a.test by b.test\nFrom: Alice <a@x.org>\nTo: bob@x.org\nSubject: hi\n";
        assert!(of("Tiedoksi", &format!("Viesti ei mennyt perille.\n<bob@x.org>: 550 5.1.1 unknown\n\n{returned}")));
        assert!(of("x", &format!("Action: failed\nStatus: 5.0.0\n\n{returned}")));
        assert!(!of("x", "Viesti ei mennyt perille.\n<bob@x.org>: 550 5.1.1 unknown"));
        assert!(!of("x", returned));
        assert!(!of("x", &format!("550 5.11\n{returned}")));
        assert!(!of("Re: x", &format!("Look: 550 5.1.1\n{returned}")));
        assert!(!of("bounces", "Our server says status: 5.7.1 to half of them. Any idea?"));
        assert!(!of("version 5.1.1", "We moved from 4.0.5 to 5.1.1. From: here to: there. Subject: none."));
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
