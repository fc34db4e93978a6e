//! The Message-IDs of earlier messages that a message names: of what it answers, and of what a mail system returns.
//!
//! Promises: reads generously, in every language, since who writes such fields and reports is many; bounded and linear. Whoever
//! knows a Message-ID can name it, so a name proves nothing by itself. Never touches: whether the message is a report at all,
//! whether a name is one of the user's.

use super::body::{BODY_LIMIT, Body};
use super::content::TokenText;
use super::fold::{Cursor, decode_words};
use super::head::Head;

/// Longest Message-ID that is answered or remembered; a longer one does not fit a folded line (RFC 5322 2.1.1).
pub const MESSAGE_ID_LIMIT: usize = 900;
/// Most Message-IDs that In-Reply-To and References name together; of References the last ones count, which are the nearest.
pub const ANSWERED_LIMIT: usize = 32;
/// Most of them that are In-Reply-To's; it has one (RFC 5322 section 3.6.4).
const IN_REPLY_TO_LIMIT: usize = 8;
/// Most Message-IDs of returned messages.
pub const RETURNED_LIMIT: usize = 8;
/// Most fields of one name that are read.
const FIELDS_LIMIT: usize = 4;
/// Most bytes of a value, its last ones: room for as many of the longest Message-IDs as count.
const VALUE_LIMIT: usize = 32 * 1024;
/// Longest value whose encoded words are decoded: some programs write a long Message-ID so.
const ENCODED_LIMIT: usize = 4 * 1024;
/// Most bytes of a returned message, still encoded, in which its Message-ID is looked for.
const COPY_LIMIT: usize = 64 * 1024;
/// Most bytes behind the name of a field in a text in which its value ends: a Message-ID, folds and quotation marks.
const FOLDED_LIMIT: usize = MESSAGE_ID_LIMIT + 100;

/// A Message-ID and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierId {
    /// Without its angle brackets.
    pub id: String,
    /// Where it stood first.
    pub place: IdPlace,
}

/// What named an earlier message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdPlace {
    /// The field In-Reply-To.
    InReplyTo,
    /// The field References.
    References,
    /// A returned message, whole or cut off.
    Copy,
    /// The header block of a returned message.
    Headers,
    /// The fields of a report for programs.
    Report,
    /// Those of a receipt: it was read, or thrown away.
    Receipt,
    /// The text of a report for people.
    Text,
}

impl IdPlace {
    /// For a person.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IdPlace::InReplyTo => "In-Reply-To",
            IdPlace::References => "References",
            IdPlace::Copy => "returned message",
            IdPlace::Headers => "returned header block",
            IdPlace::Report => "report",
            IdPlace::Receipt => "receipt",
            IdPlace::Text => "text",
        }
    }

    /// Whether it is the name of a message that came back.
    #[must_use]
    pub fn is_returned(self) -> bool {
        !matches!(self, IdPlace::InReplyTo | IdPlace::References)
    }
}

impl EarlierId {
    /// The token in it, if it is written as this program writes the Message-IDs of its user's mail: `cs.TOKEN@host`.
    #[must_use]
    pub fn cookie(&self) -> Option<TokenText> {
        let (local, _) = self.id.rsplit_once('@')?;
        let (mark, token) = local.split_at_checked(COOKIE.len())?;
        TokenText::parse(token).filter(|_| mark.eq_ignore_ascii_case(COOKIE))
    }
}

/// What stands in front of the token of a Message-ID.
pub const COOKIE: &str = "cs.";

/// What the message answers: In-Reply-To first, then References from the last one on.
#[must_use]
pub fn answered(head: &Head<'_>) -> Vec<EarlierId> {
    let mut found = Vec::new();
    for field in head.all("In-Reply-To").take(FIELDS_LIMIT) {
        add(&mut found, ids(field.raw).into_iter(), IdPlace::InReplyTo, IN_REPLY_TO_LIMIT);
    }
    for field in head.all("References").take(FIELDS_LIMIT) {
        add(&mut found, ids(field.raw).into_iter().rev(), IdPlace::References, ANSWERED_LIMIT);
    }
    found
}

/// What came back, in the order in which it stands; of a text for people only where `in_text` says that it is a report.
#[must_use]
pub fn returned(body: &Body<'_>, in_text: bool) -> Vec<EarlierId> {
    let mut found = Vec::new();
    let alone = body.parts.multiparts.iter().filter_map(|multipart| multipart.alone.as_ref());
    for part in body.parts.all.iter().chain(alone) {
        let Some(place) = place_of(&part.kind) else { continue };
        let start = part.decoded(&part.bytes[..part.bytes.len().min(COPY_LIMIT)]);
        let named = match place {
            IdPlace::Copy | IdPlace::Headers => of_head(&start),
            _ => in_report(&String::from_utf8_lossy(&start)),
        };
        add(&mut found, named.into_iter(), place, RETURNED_LIMIT);
    }
    for (_, text) in body.texts().filter(|_| in_text) {
        add(&mut found, in_report(&text.shown(BODY_LIMIT)).into_iter(), IdPlace::Text, RETURNED_LIMIT);
    }
    found
}

/// The Message-ID between its angle brackets, if it is one that can be answered and remembered.
#[must_use]
pub fn message_id(inner: &str) -> Option<String> {
    let good = inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    (good && inner.contains('@') && inner.len() <= MESSAGE_ID_LIMIT).then(|| inner.to_owned())
}

/// RFC 3462, RFC 3464, RFC 6522, RFC 6533, RFC 8098.
fn place_of(kind: &str) -> Option<IdPlace> {
    Some(match kind {
        "message/rfc822" | "message/global" => IdPlace::Copy,
        "message/global-headers" | "message/rfc822-headers" | "text/rfc822-headers" => IdPlace::Headers,
        "message/delivery-status" | "message/global-delivery-status" => IdPlace::Report,
        "message/disposition-notification" | "message/global-disposition-notification" => IdPlace::Receipt,
        _ => return None,
    })
}

fn add(found: &mut Vec<EarlierId>, ids: impl Iterator<Item = String>, place: IdPlace, limit: usize) {
    for id in ids {
        if found.len() >= limit {
            return;
        }
        if !found.iter().any(|known| known.id == id) {
            found.push(EarlierId { id, place });
        }
    }
}

/// The Message-IDs in a value, which may be folded and hold comments and other words (RFC 5322 section 3.6.4, and 4.5.4 for
/// what is obsolete). Where none stands in angle brackets, the whole value may be one.
fn ids(raw: &[u8]) -> Vec<String> {
    let raw = &raw[raw.len() - raw.len().min(VALUE_LIMIT)..];
    let decoded = (raw.len() <= ENCODED_LIMIT && raw.windows(2).any(|two| two == b"=?")).then(|| {
        let whole: Vec<u8> = raw.iter().filter(|b| !matches!(b, b'\r' | b'\n')).copied().collect();
        decode_words(&whole)
    });
    let value = decoded.as_deref().map_or(raw, str::as_bytes);
    let mut found = Vec::new();
    let mut cursor = Cursor::new(value);
    let mut comments = true;
    loop {
        // Behind a comment that is never closed, parentheses mean nothing.
        comments = comments && cursor.skip_comments().is_some();
        match cursor.next_byte() {
            None => break,
            Some(b'<') => {
                let inner = cursor.take_while(|b| !matches!(b, b'<' | b'>'));
                if cursor.take(b'>') {
                    found.extend(without_blanks(inner));
                }
            }
            Some(_) => {}
        }
    }
    if found.is_empty() && !value.trim_ascii().iter().any(u8::is_ascii_whitespace) {
        found.extend(without_blanks(value));
    }
    found
}

fn without_blanks(inner: &[u8]) -> Option<String> {
    let inner: Vec<u8> = inner.iter().filter(|b| !b.is_ascii_whitespace()).copied().collect();
    message_id(std::str::from_utf8(&inner).ok()?)
}

/// The Message-ID of a returned message's header block; some systems put an empty line on top.
fn of_head(start: &[u8]) -> Vec<String> {
    let begin = start.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let head = Head::read(&start[begin..]);
    head.all("Message-ID").take(FIELDS_LIMIT).filter_map(|field| ids(field.raw).into_iter().next()).collect()
}

/// The Message-IDs in a report's text that are written like a field, in whatever name ends so, quoted or indented or not:
/// `Message-ID: <…>`, `Original-Message-ID: <…>`, with the value in the next line where it was folded.
fn in_report(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let places = lower.match_indices(NAME).filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric));
    places.filter_map(|(at, _)| value_behind(&text[at + NAME.len()..])).take(RETURNED_LIMIT).collect()
}

const NAME: &str = "message-id";

/// The one Message-ID behind the name of a field.
fn value_behind(rest: &str) -> Option<String> {
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
    let value = &value[..value.floor_char_boundary(FOLDED_LIMIT)];
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '|'));
    match value.strip_prefix('<') {
        Some(inner) => without_blanks(&inner.as_bytes()[..inner.find(['<', '>'])?]),
        None => message_id(value.split_whitespace().next()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered_by(fields: &str) -> Vec<String> {
        super::answered(&Head::read(format!("{fields}\n\n").as_bytes())).into_iter().map(|one| one.id).collect()
    }

    fn returned_in(message: &str, in_text: bool) -> Vec<(String, IdPlace)> {
        let head = Head::read(message.as_bytes());
        let body = Body::read(&head, &message.as_bytes()[head.body..]);
        super::returned(&body, in_text).into_iter().map(|one| (one.id, one.place)).collect()
    }

    #[test]
    fn what_is_answered_is_read_generously() {
        for (fields, wanted) in [
            ("In-Reply-To: <a@x>", "a@x"),
            ("in-reply-to:<a@x>", "a@x"),
            ("In-Reply-To:\n <a@x>\n (of Monday)\n <b@x>", "a@x b@x"),
            ("In-Reply-To: <a@\n x>", "a@x"),
            ("In-Reply-To: Your message of \"Mon, 2 Nov\" <a@x>", "a@x"),
            ("In-Reply-To: (see <not@x> (and <nor@x>)) <a@x>", "a@x"),
            ("In-Reply-To: sad :( <a@x> and <b@x>", "a@x b@x"),
            ("In-Reply-To: <<a@x>>, <b@x", "a@x"),
            ("In-Reply-To: a@x", "a@x"),
            ("In-Reply-To: Bob's message", ""),
            ("In-Reply-To: mail from bob@x of Monday", ""),
            ("In-Reply-To: =?utf-8?q?=3Ca=40x=3E?=", "a@x"),
            ("In-Reply-To: <a@x>\nIn-Reply-To: <b@x>", "a@x b@x"),
            ("References: <a@x> <b@x>\n\t<c@x>", "c@x b@x a@x"),
            ("References: <a@x>\nReferences: <b@x><c@x>\nIn-Reply-To: <b@x>", "b@x a@x c@x"),
            ("In-Reply-To: <no-at-sign> <\u{e4}@x> <a b>", ""),
            ("Subject: <a@x>\nX-References: <a@x>", ""),
        ] {
            assert_eq!(answered_by(fields).join(" "), wanted, "{fields}");
        }
    }

    #[test]
    fn of_ten_thousand_references_the_last_count() {
        let many: String = (0..10_000).map(|number| format!(" <{number}@x.org>")).collect();
        let found = answered_by(&format!("References:{many}\nIn-Reply-To: <first@x>"));
        assert_eq!((found.len(), found[0].as_str(), found[1].as_str()), (ANSWERED_LIMIT, "first@x", "9999@x.org"));
        let long = format!("<{}@x>", "a".repeat(MESSAGE_ID_LIMIT - 2));
        assert_eq!(answered_by(&format!("References: {long}")).len(), 1);
        assert_eq!(answered_by(&format!("References: <a{}", &long[1..])), Vec::<String>::new());
        assert_eq!(answered_by(&format!("In-Reply-To:{many}")).len(), IN_REPLY_TO_LIMIT);
    }

    #[test]
    fn what_came_back_is_found_where_reports_put_it() {
        use IdPlace::{Copy, Headers, Receipt, Report, Text};
        let part = |kind: &str, text: &str| {
            format!(
                "Content-Type: multipart/report; boundary=b\n\n--b\n\nHello\n--b\nContent-Type: {kind}\n\n{text}\n--b--\n"
            )
        };
        let copy = "Received: x\nMessage-Id: <a@x>\nSubject: y\n\nMessage-ID: <no@x>\n";
        for (message, wanted) in [
            (part("message/rfc822", copy), Copy),
            (part("message/rfc822", &format!("\n{copy}")), Copy),
            (part("message/global", copy), Copy),
            (part("text/rfc822-headers", "Message-ID:\n <a@x>\n"), Headers),
            (part("message/rfc822-headers", "Message-ID: <a@x>"), Headers),
            (part("message/global-headers", "Message-ID: <a@x>"), Headers),
            (part("message/disposition-notification", "Final-Recipient: x\nOriginal-Message-ID: <a@x>"), Receipt),
            (part("message/delivery-status", "Reporting-MTA: x\n\nX-Original-Message-ID: <a@x>"), Report),
        ] {
            assert_eq!(returned_in(&message, false), [("a@x".to_owned(), wanted)], "{message}");
        }
        let base64 = data_encoding::BASE64.encode(copy.as_bytes());
        let encoded = part("message/rfc822\nContent-Transfer-Encoding: base64", &base64);
        assert_eq!(returned_in(&encoded, false), [("a@x".to_owned(), Copy)]);
        for line in
            ["Message-ID: <a@x>", "> > Message-Id:<a@x>", "  | MESSAGE-ID : a@x", "X-Original-Message-ID:\n\t<a@x>"]
        {
            let text = format!("Subject: x\n\nНе доставлено.\n{line}\nSubject: y\n");
            assert_eq!(returned_in(&text, true), [("a@x".to_owned(), Text)], "{line}");
            assert_eq!(returned_in(&text, false), [], "{line}");
        }
        for line in [
            "Message-ID <a@x>",
            "In-Reply-To: <a@x>",
            "Message-IDs: <a@x>",
            "\u{e4}Message-ID: <a@x>",
            "Message-ID: <a@x",
            "Message-ID: none, bob@x",
        ] {
            assert_eq!(returned_in(&format!("Subject: x\n\n{line}\n"), true), [], "{line}");
        }
    }

    #[test]
    fn a_cookie_is_told_by_its_form_on_any_host() {
        let token = "12em04hmasw9e8v0x6essk8b1p27rab1";
        let cookie = |id: &str| EarlierId { id: id.to_owned(), place: IdPlace::InReplyTo }.cookie();
        for id in [format!("cs.{token}@x.org"), format!("CS.{}@[192.0.2.1]", token.to_uppercase())] {
            assert_eq!(cookie(&id).unwrap().as_str(), token, "{id}");
        }
        for id in [
            "cs.@x",
            "cs.short@x",
            &format!("cr.{token}@x"),
            &format!("cs.{token}"),
            &format!("cs.{token}a@x"),
            "\u{e4}@x",
        ] {
            assert!(cookie(id).is_none(), "{id}");
        }
    }

    #[test]
    fn hostile_values_give_no_more_than_the_limits() {
        for unit in ["(", "<", "((<", "<>", ">", "(\\", "=?", "<a@x>", "\"", "Message-ID:\n", "Message-ID: <a@x>\n"] {
            let many = unit.repeat(200_000 / unit.len());
            assert!(answered_by(&format!("References: {many}")).len() <= 1, "{unit}");
            assert!(returned_in(&format!("Subject: x\n\n{many}\n"), true).len() <= 1, "{unit}");
        }
    }
}
