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
            self.reports |= REPORTS.split(' ').any(|own| own == kind)
                || (kind == "multipart/report")
                || !word("report-type").is_empty();
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
const REPORTS: &str = "application/tlsrpt+gzip application/tlsrpt+json message/delivery-status \
     message/disposition-notification message/feedback-report message/global-delivery-status \
     message/global-disposition-notification text/rfc822-headers";

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
