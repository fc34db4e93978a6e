//! Reports by their build: delivery, receipt, abuse, DMARC and TLS reports, bounces, and the answers of calendars.
//!
//! Promises: only the message's own type and the types of its own parts are looked at, so that a report which a person
//! passes on as a message is no report; a bounce without types is known by the message that it returns. Linear in time.
//! Never touches: the words of a report (`rules`), how parts are found (`parts`).

use super::wording::{Wording, squeezed};
use crate::mail::fold::Parameterised;
use crate::mail::head::Head;
use crate::mail::media::Media;
use crate::mail::parts::{Part, Parts};

/// Most encoded bytes of a complained-of message that are looked at.
const PEEK_LIMIT: usize = 8 * 1024;

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
pub fn build(found: &Parts<'_>) -> Build {
    let mut build = Build::default();
    for multipart in &found.multiparts {
        build.take(&multipart.kind, &multipart.fields);
    }
    let alone = found.multiparts.iter().filter_map(|multipart| multipart.alone.as_ref());
    for part in found.all.iter().chain(alone) {
        let is_calendar = build.take(&part.kind, &part.fields);
        build.complains |= !found.multiparts.is_empty() && is_complained_of(part);
        build.answers_invitation |= is_calendar && answers_in_text(&part.text());
    }
    build
}

/// Whether the message itself is a report by its type, in any of its readings.
#[must_use]
pub fn is_multipart_report(head: &Head<'_>) -> bool {
    Media::read(head, false).multiparts.iter().any(|multipart| multipart.subtype == "report")
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
    let has = |field: &&&str| words.may_hold(field) && text.contains(**field);
    !words.copies
        && FIELDS[..2].iter().any(|field| has(&field))
        && FIELDS.iter().filter(has).count() >= 3
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
    /// Takes in what the type and the fields of a part or multipart say. Whether it is a calendar object.
    fn take(&mut self, kind: &str, fields: &[&[u8]]) -> bool {
        let fields: Vec<Parameterised> = fields.iter().map(|raw| Parameterised::parse(raw)).collect();
        let kinds = || fields.iter().map(|field| field.value.as_str()).chain([kind]);
        let words = |name: &str| fields.iter().flat_map(|field| field.readings(name)).collect::<Vec<String>>();
        let names = [words("name"), words("filename")].concat();
        let answers = |word: &String| is_answer(&word.to_ascii_lowercase());
        let is_plain_file = || kinds().any(|kind| kind == "application/octet-stream");
        let is_calendar = kinds().any(|kind| kind == "text/calendar");
        self.answers_invitation |= is_calendar && words("method").iter().any(answers);
        self.reports |=
            kinds().any(|kind| REPORTS.split(' ').any(|own| own == kind)) || !words("report-type").is_empty();
        self.compressed |= kinds().any(|kind| COMPRESSED.split(' ').any(|own| own == kind))
            || (is_plain_file() && names.iter().any(|name| name.to_ascii_lowercase().ends_with(".xml.gz")));
        self.aggregates |= names.iter().any(|name| is_aggregate_name(name.as_bytes()));
        is_calendar
    }
}

/// Whether a returned message begins with the field that Microsoft puts there.
fn is_complained_of(part: &Part<'_>) -> bool {
    let start = part.decoded(&part.bytes[..part.bytes.len().min(PEEK_LIMIT)]);
    Head::read(&start).first("X-HmXmrOriginalRecipient").is_some()
}

/// `receiver!domain!begin!end.xml.gz` (RFC 9990 section 2.6.1), times in seconds.
fn is_aggregate_name(name: &[u8]) -> bool {
    let pieces: Vec<&[u8]> = name.split(|b| *b == b'!').take(6).collect();
    let time = |piece: &&[u8]| piece.len() >= 9 && piece.iter().take(9).all(u8::is_ascii_digit);
    pieces.len() >= 4 && pieces[2..4].iter().all(time)
}

/// `METHOD:REPLY` on a line of the calendar object itself (RFC 5546 section 1.4), where the type has no parameter.
fn answers_in_text(text: &str) -> bool {
    let method = |line: &str| line.trim().to_ascii_lowercase().strip_prefix("method:").is_some_and(is_answer);
    text.lines().take(CALENDAR_LINES).any(method)
}

/// Whether a method of calendars answers an invitation.
fn is_answer(method: &str) -> bool {
    matches!(method, "reply" | "counter" | "refresh" | "declinecounter")
}

/// How many lines of a calendar object are looked at: its method stands before its first event.
const CALENDAR_LINES: usize = 20;

/// Types that only reports have: RFC 6522, RFC 3464, RFC 6533, RFC 8098, RFC 5965, RFC 8460.
const REPORTS: &str = "application/tlsrpt+gzip application/tlsrpt+json message/delivery-status \
     message/disposition-notification message/feedback-report message/global-delivery-status \
     message/global-disposition-notification multipart/report text/rfc822-headers";

/// Types of compressed files.
const COMPRESSED: &str = "application/gzip application/x-gzip application/zip";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parts::parts;

    fn of(message: &str) -> Build {
        let head = Head::read(message.as_bytes());
        build(&parts(&head, &message.as_bytes()[head.body..]))
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
