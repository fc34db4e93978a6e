//! Reports by their build: delivery, receipt, abuse, DMARC and TLS reports, and the answers of calendars.
//!
//! Promises: only the message's own type and the types of its own parts are looked at, two levels deep, so that a
//! report which a person passes on as an attachment is no report. Linear in time. Never touches: what a report says.

use super::fold::Parameterised;
use super::head::Head;
use super::parts::BOUNDARY_LIMIT;
use super::wording::Wording;

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
}

/// Looks at the types of the message and of its parts.
#[must_use]
pub fn build(head: &Head<'_>, body: &[u8]) -> Build {
    let body = &body[..body.len().min(BODY_LIMIT)];
    let mut build = Build::default();
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    build.take(head, &mut boundaries);
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
            build.complains |= Head::read(&part[part_head.body..]).first("X-HmXmrOriginalRecipient").is_some();
        }
        at = next;
    }
    build
}

/// Whether it is an aggregate report of DMARC (RFC 9990 section 2.5.1): a compressed part and a Subject that names the
/// domain, the submitter and the report.
#[must_use]
pub fn is_aggregate(build: Build, wording: &Wording) -> bool {
    let names = ["report domain:", "submitter:", "report-id:"];
    build.compressed && names.iter().filter(|name| wording.subject.contains(**name)).count() >= 2
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
            if kind.starts_with("multipart/")
                && let Some(boundary) = parsed.parameter("boundary").map(<[u8]>::trim_ascii_end)
                && !boundary.is_empty()
                && boundary.len() <= BOUNDARY_LIMIT
                && boundaries.len() < 8
            {
                boundaries.push(boundary.to_vec());
            }
        }
    }
}

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

    fn of(message: &str) -> Build {
        let head = Head::read(message.as_bytes());
        build(&head, &message.as_bytes()[head.body..])
    }

    fn with_part(part: &str) -> Build {
        of(&format!("Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nhello\n--b\n{part}\n--b--\n"))
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
        assert!(zip.compressed && !is_aggregate(zip, &Wording { subject: "the report".into(), ..Wording::default() }));
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
        assert!(is_aggregate(zip, &Wording { subject: subject.into(), ..Wording::default() }));
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
}
