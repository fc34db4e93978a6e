//! The parts of a message's body, found by the boundaries (RFC 2046), still encoded.
//!
//! Promises: one pass over the lines, no recursion, bounded depth and count; what was left out because of a limit is
//! said. Only what is no attachment and in no message inside the message is the sender's text: what somebody forwards
//! is not what they say. Never touches: the content of a part (`encoding`, `html`, `content`, `executable`).

use super::fold::Parameterised;
use super::head::Head;

/// Most multiparts inside one another; real mail has four.
pub const DEPTH_LIMIT: usize = 10;
/// Most parts of a message that are looked at.
pub const PART_LIMIT: usize = 100;
/// Longest boundary in octets. RFC 2046 section 5.1.1 allows 70; some programs write more.
pub const BOUNDARY_LIMIT: usize = 200;
/// Most Content-Type and Content-Disposition fields of one part that are kept; a part has one of each.
const FIELDS_LIMIT: usize = 8;

/// The parts of a body that are not multiparts themselves, in their order.
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// Every such part; a message inside the message is one part.
    pub all: Vec<Part<'a>>,
    /// Whether something was not looked at: a limit was reached, or a multipart has no boundary.
    pub unexamined: bool,
}

/// One part that holds something.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Its bytes, still encoded.
    pub bytes: &'a [u8],
    /// How they are encoded.
    pub transfer: Transfer,
    /// Its media type in lower case; `text/plain` where none is given.
    pub kind: String,
    /// Its Content-Type and Content-Disposition fields as they stand: all of them, since programs differ on which
    /// one of two they read.
    pub fields: Vec<&'a [u8]>,
    /// The character set's name, if one is given.
    pub charset: Option<Vec<u8>>,
    /// Whether it, or a multipart around it, is an attachment.
    pub attached: bool,
    /// The number of the innermost `multipart/alternative` around it: parts with one number say the same.
    pub alternative: Option<usize>,
}

/// A content transfer encoding (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// `base64`.
    Base64,
    /// `7bit`, `8bit`, `binary`, and every word nobody knows.
    Plain,
    /// `quoted-printable`.
    QuotedPrintable,
}

/// The parts of the body that follows this header block.
#[must_use]
pub fn parts<'a>(head: &Head<'a>, body: &'a [u8]) -> Parts<'a> {
    let mut walk = Walk { body, open: Vec::new(), place: Place::Between, alternatives: 0, parts: Parts::default() };
    walk.begin(head, 0);
    let mut count = 0;
    let mut at = 0;
    while at < body.len() {
        let next = body[at..].iter().position(|&b| b == b'\n').map_or(body.len(), |end| at + end + 1);
        let line = body[at..next].trim_ascii_end();
        if let Some((depth, closing)) = walk.delimiter(line) {
            walk.end(at);
            count += 1;
            if count > PART_LIMIT {
                walk.parts.unexamined = true;
                break;
            }
            walk.open.truncate(if closing { depth } else { depth + 1 });
            walk.place = if closing { Place::Between } else { Place::Fields(next) };
        } else if let Place::Fields(start) = walk.place
            && line.is_empty()
        {
            walk.begin(&Head::read(&body[start..next]), next);
        }
        at = next;
    }
    walk.end(body.len());
    walk.parts
}

impl<'a> Parts<'a> {
    /// Those that a mail reader shows as the sender's text: every `text/plain` and `text/html` that is not attached.
    pub fn texts(&self) -> impl Iterator<Item = &Part<'a>> {
        self.all.iter().filter(|part| !part.attached && matches!(part.kind.as_str(), "text/plain" | "text/html"))
    }
}

impl Part<'_> {
    /// Whether it is HTML.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.kind == "text/html"
    }
}

/// Where the walk is, and what it has found.
struct Walk<'a> {
    body: &'a [u8],
    open: Vec<Multipart>,
    place: Place,
    alternatives: usize,
    parts: Parts<'a>,
}

/// A multipart that has not ended yet.
struct Multipart {
    boundary: Vec<u8>,
    alternative: Option<usize>,
    /// Whether it, or a multipart around it, is an attachment.
    attached: bool,
    /// In a digest a part without a type is a whole message (RFC 2046 section 5.1.5).
    digest: bool,
}

/// What the current line belongs to.
enum Place {
    /// To nothing: before, behind or between parts.
    Between,
    /// To the header fields of a part, which begin here.
    Fields(usize),
    /// To the content, which begins here, of the part noted last.
    Content(usize),
}

impl<'a> Walk<'a> {
    /// The multipart that this line delimits, the innermost first, and whether the line ends it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--")?;
        self.open.iter().enumerate().rev().find_map(|(depth, multipart)| {
            match rest.strip_prefix(multipart.boundary.as_slice())? {
                b"" => Some((depth, false)),
                b"--" => Some((depth, true)),
                _ => None,
            }
        })
    }

    /// Decides what to do with a part, or with the message itself, whose content begins at `start`.
    fn begin(&mut self, head: &Head<'a>, start: usize) {
        self.place = Place::Between;
        let digest = self.open.last().is_some_and(|multipart| multipart.digest);
        let given = head.first("Content-Type").map(|field| Parameterised::parse(field.raw));
        // A type that is none is text (RFC 2045 section 5.2).
        let kind = match &given {
            Some(given) if given.value.contains('/') => given.value.as_str(),
            None if digest => "message/rfc822",
            _ => "text/plain",
        };
        let disposition = head.first("Content-Disposition").map(|field| Parameterised::parse(field.raw).value);
        let attached = self.open.last().is_some_and(|multipart| multipart.attached)
            || disposition.is_some_and(|value| value == "attachment");
        if let Some(subtype) = kind.strip_prefix("multipart/") {
            let boundary = given.as_ref().and_then(|given| given.parameter("boundary"));
            return self.open_multipart(subtype, boundary, attached);
        }
        let fields = head.fields.iter().filter(|field| field.is("Content-Type") || field.is("Content-Disposition"));
        self.parts.all.push(Part {
            bytes: &[],
            transfer: transfer(head),
            kind: kind.to_owned(),
            fields: fields.map(|field| field.raw).take(FIELDS_LIMIT).collect(),
            charset: given.as_ref().and_then(|given| given.parameter("charset")).map(<[u8]>::to_vec),
            attached,
            alternative: self.open.iter().rev().find_map(|multipart| multipart.alternative),
        });
        self.place = Place::Content(start);
    }

    fn open_multipart(&mut self, subtype: &str, boundary: Option<&[u8]>, attached: bool) {
        let boundary = boundary.unwrap_or_default().trim_ascii_end();
        if boundary.is_empty() || boundary.len() > BOUNDARY_LIMIT || self.open.len() >= DEPTH_LIMIT {
            self.parts.unexamined = true;
            return;
        }
        let alternative = (subtype == "alternative").then_some(self.alternatives);
        self.alternatives += usize::from(alternative.is_some());
        self.open.push(Multipart { boundary: boundary.to_vec(), alternative, attached, digest: subtype == "digest" });
    }

    /// Ends the part, if one is open, before the line that begins here.
    fn end(&mut self, at: usize) {
        if let Place::Content(start) = self.place
            && let Some(part) = self.parts.all.last_mut()
        {
            part.bytes = &self.body[start..at];
        }
        self.place = Place::Between;
    }
}

fn transfer(head: &Head<'_>) -> Transfer {
    let value = head.first("Content-Transfer-Encoding").map(|field| Parameterised::parse(field.raw).value);
    match value.as_deref() {
        Some("base64") => Transfer::Base64,
        Some("quoted-printable") => Transfer::QuotedPrintable,
        _ => Transfer::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a message, as text: `html:2:…` is HTML in the alternative 2.
    fn parts(message: &str) -> (Vec<String>, bool) {
        let bytes = message.as_bytes();
        let head = Head::read(bytes);
        let parts = super::parts(&head, &bytes[head.body..]);
        let show = |part: &Part<'_>| {
            let kind = if part.is_html() { "html" } else { "text" };
            let number = part.alternative.map_or(String::new(), |number| number.to_string());
            format!("{kind}:{number}:{}", String::from_utf8_lossy(part.bytes).trim())
        };
        (parts.texts().map(show).collect(), parts.unexamined)
    }

    #[test]
    fn what_is_not_the_senders_own_text_is_passed_over() {
        for part in [
            "Content-Type: message/rfc822\n\nContent-Type: text/plain\n\na",
            "Content-Type: MESSAGE/delivery-status\n\na",
            "Content-Disposition: Attachment; filename=x\n\na",
            "Content-Type: text/plain\nContent-Disposition: (c) attachment\n\na",
            "Content-Type: application/octet-stream\n\na",
            "Content-Type: text/calendar\n\na",
            "Content-Type: text/plain\nno empty line",
        ] {
            let message = format!("Content-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n{part}\n--b--\nbehind\n");
            assert_eq!(parts(&message), (vec![], false), "{part}");
        }
        assert_eq!(parts("Content-Disposition: attachment\n\na").0.len(), 0);
        assert_eq!(parts("Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nc\n--b--\n").0.len(), 0);
    }

    #[test]
    fn what_cannot_be_walked_is_said() {
        assert_eq!(parts("Content-Type: multipart/mixed\n\n--b\n\na"), (vec![], true));
        assert_eq!(parts("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\na"), (vec![], true));
        let long = "b".repeat(BOUNDARY_LIMIT + 1);
        assert!(parts(&format!("Content-Type: multipart/mixed; boundary={long}\n\n--{long}\n\na")).1);
        let part = "--b\n\na\n";
        assert_eq!(
            parts(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(PART_LIMIT))).0.len(),
            PART_LIMIT
        );
        let (texts, unexamined) =
            parts(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(PART_LIMIT + 1)));
        assert!(unexamined && texts.len() == PART_LIMIT && texts[PART_LIMIT - 1] == "text::a");
        let nested = |depth: usize| -> String {
            let open = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
            (0..depth).map(open).collect::<String>() + "\na\n"
        };
        assert_eq!(parts(&nested(DEPTH_LIMIT)), (vec!["text::a".to_owned()], false));
        assert_eq!(parts(&nested(DEPTH_LIMIT + 1)), (vec![], true));
    }

    #[test]
    fn a_line_that_only_looks_like_a_boundary_is_text() {
        let message = "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\n\n--bb\n-b\n --b\n--b-\n--B\n--b---\n\
        --b \t\r\n\nx\n--b--\n";
        assert_eq!(parts(message).0, ["text::--bb\n-b\n --b\n--b-\n--B\n--b---", "text::x"]);
    }

    #[test]
    fn alternatives_are_numbered_and_nested_parts_found() {
        let message = "Content-Type: multipart/mixed; boundary=m\n\n--m\n\
        Content-Type: multipart/alternative; boundary=a\n\n\
            --a\n\nplain\n--a\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<p>\n\
            --r--\n--a--\n\
            --m\n\nfooter\n--m\nContent-Type: multipart/alternative; boundary=z\n\n--z\n\nlast\n--m--\n--z\n\nx\n";
        assert_eq!(
            parts(message),
            (["text:0:plain", "html:0:<p>", "text::footer", "text:1:last"].map(String::from).to_vec(), false)
        );
        // The delimiter of an outer multipart ends an inner one that was never closed.
        let message = "Content-Type: multipart/mixed; boundary=m\n\n--m\n\
        Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--m\n\ny\n";
        assert_eq!(parts(message).0, ["text::x", "text::y"]);
    }

    #[test]
    fn a_body_without_a_type_is_text() {
        for field in
            ["A: b", "Content-Type: text", "Content-Type:", "Content-Type: (", "Content-Type: text/plain; charset=("]
        {
            assert_eq!(parts(&format!("{field}\n\na")), (vec!["text::a".to_owned()], false), "{field}");
        }
        let head = Head::read(b"Content-Type: text/html; charset=\"x\"\nContent-Transfer-Encoding: (c) Base64\n\n");
        let parts = super::parts(&head, b"a");
        assert!(parts.all[0].is_html() && parts.all[0].transfer == Transfer::Base64);
        assert_eq!(parts.all[0].charset.as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn what_is_no_text_is_a_part_all_the_same() {
        let message = "Content-Type: multipart/mixed; boundary=m\n\n--m\n\nx\n\
            --m\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=m\n\n\
            --m\nContent-Disposition: attachment\nContent-Type: multipart/mixed; boundary=n\n\n\
            --n\nContent-Type: text/plain; name=a\nContent-Disposition: inline; filename=b\n\
            Content-Disposition: inline; filename=c\n\ny\n--n--\n--m--\n";
        let head = Head::read(message.as_bytes());
        let parts = super::parts(&head, &message.as_bytes()[head.body..]);
        let shown: Vec<(&str, bool, usize)> =
            parts.all.iter().map(|part| (part.kind.as_str(), part.attached, part.fields.len())).collect();
        // The delimiter of the outer multipart ends the message inside, whatever that says of itself.
        assert_eq!(shown, [("text/plain", false, 0), ("message/rfc822", false, 1), ("text/plain", true, 3)]);
        assert_eq!(parts.texts().count(), 1);
    }
}
