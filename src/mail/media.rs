//! What a part says it is: its media type, boundary, character set and transfer encoding, in the best reading of damaged
//! fields.
//!
//! Promises: never fails; what is no media type is read as text (RFC 2045 section 5.2), so that no letter is lost to the
//! program that wrote it badly. Never touches: the body, beyond the first bytes where the type must be guessed.

use super::fold::{Cursor, Parameterised};
use super::head::{Field, Head};
use super::is_listed;

/// Most Content-Type fields of one part that are read; a part has one.
const FIELDS_LIMIT: usize = 8;

/// The types that RFC 2046 and its successors know. Under any other word nothing but a mistake is registered.
const TOP_LEVEL: &str = "application audio example font haptics image message model multipart video";

/// Text that one program makes for another, and no reader shows as a letter.
const DATA: &str =
    "calendar css csv directory ecmascript javascript rfc822-headers vcard x-amp-html x-vcalendar x-vcard";

/// A content transfer encoding (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// `base64`.
    Base64,
    /// `7bit`, `8bit`, `binary`, and every word nobody knows.
    Plain,
    /// One of the private ones, `x-…` (RFC 2045 section 6.3), and uuencode: what they hold is shown by no mail program. A
    /// private name for one of the others is that one.
    Private,
    /// `quoted-printable`.
    QuotedPrintable,
}

/// What a header block says of the part that follows it.
#[derive(Clone, Debug)]
pub struct Media {
    /// What it may be if its boundary delimits anything, in the order of the fields.
    pub multiparts: Vec<Multipart>,
    /// What it is otherwise, in lower case.
    pub kind: String,
    /// Whether a mail reader shows it as text, if it is not attached.
    pub is_text: bool,
    /// Whether its type was no type, so that its content may say more.
    pub is_guessed: bool,
    /// Whether only some programs take it for a multipart: another field names another type, or its type is no type.
    pub is_doubtful: bool,
    /// The character set's name, if one is given.
    pub charset: Option<Vec<u8>>,
    /// Whether it is an attachment.
    pub attached: bool,
}

/// One reading as a multipart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multipart {
    /// What stands behind `multipart/`.
    pub subtype: String,
    /// The readings of its boundary, the likeliest first; may be none.
    pub boundaries: Vec<Vec<u8>>,
}

impl Media {
    /// Reads the fields. In a digest a part without a type is a whole message (RFC 2046 section 5.1.5).
    #[must_use]
    pub fn read(head: &Head<'_>, digest: bool) -> Media {
        let fields: Vec<Parameterised> = head.all("Content-Type").take(FIELDS_LIMIT).map(parsed).collect();
        let multiparts: Vec<Multipart> = fields.iter().filter_map(multipart).collect();
        // Of two fields the first counts that names a type.
        let singles = || fields.iter().filter(|field| multipart(field).is_none());
        let single = singles().find(|field| field.value.contains('/')).or_else(|| singles().next());
        let disposition = head.first("Content-Disposition").map(parsed);
        let named = |field: &Parameterised, name: &str| !field.readings(name).is_empty();
        let has_name = single.is_some_and(|field| named(field, "name"))
            || disposition.as_ref().is_some_and(|field| named(field, "filename"));
        let (kind, is_text, is_guessed) = match single {
            Some(field) => best_reading(&field.value, has_name, transfer(head)),
            None if digest && fields.is_empty() => ("message/rfc822".to_owned(), false, false),
            None => ("text/plain".to_owned(), true, !fields.is_empty()),
        };
        let slashless = || fields.iter().any(|field| !field.value.contains('/'));
        Media {
            is_doubtful: !multiparts.is_empty() && (single.is_some() || slashless()),
            multiparts,
            kind,
            is_text,
            is_guessed,
            charset: single.or(fields.first()).and_then(charset),
            attached: disposition.is_some_and(|field| field.value == "attachment"),
        }
    }

    /// Where the type had to be guessed, the content may show what it is.
    pub fn look_at(&mut self, content: &[u8]) {
        let start = content.trim_ascii_start();
        let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|own| own.eq_ignore_ascii_case(tag));
        if self.is_guessed && self.is_text && (begins(b"<html") || begins(b"<!doctype html")) {
            self.kind = "text/html".to_owned();
        }
    }
}

/// The encoding that Content-Transfer-Encoding names, whatever stands around the word.
#[must_use]
pub fn transfer(head: &Head<'_>) -> Transfer {
    head.all("Content-Transfer-Encoding").take(FIELDS_LIMIT).find_map(named_transfer).unwrap_or(Transfer::Plain)
}

fn named_transfer(field: &Field<'_>) -> Option<Transfer> {
    let mut cursor = Cursor::new(field.raw);
    cursor.skip_comments()?;
    cursor.take_while(|b| !b.is_ascii_alphanumeric());
    let word = cursor.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let letters: Vec<u8> = word.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    let private = word.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"x-"));
    match if private { &letters[1..] } else { letters.as_slice() } {
        b"base64" => Some(Transfer::Base64),
        b"quotedprintable" => Some(Transfer::QuotedPrintable),
        b"uuencode" | b"uue" => Some(Transfer::Private),
        b"7bit" | b"8bit" | b"binary" => None,
        _ => private.then_some(Transfer::Private),
    }
}

fn parsed(field: &Field<'_>) -> Parameterised {
    let mut parsed = Parameterised::parse(field.raw);
    if parsed.value.is_empty() {
        // `"text/html"; charset=…`: the quotation marks do not belong there.
        let mut cursor = Cursor::new(field.raw);
        cursor.skip_comments();
        cursor.take_while(|b| matches!(b, b'"' | b'\'' | b'<' | b' '));
        let word = cursor.take_while(|b| b.is_ascii_alphanumeric() || b"/-+._".contains(&b));
        parsed.value = String::from_utf8_lossy(word).to_ascii_lowercase();
    }
    parsed
}

/// The reading as a multipart: named so, or no type at all and with a boundary.
fn multipart(field: &Parameterised) -> Option<Multipart> {
    let boundaries = boundaries(field);
    let subtype = match field.value.split_once('/') {
        Some(("multipart", subtype)) => subtype,
        None if field.value == "multipart" || !boundaries.is_empty() => field.value.as_str(),
        _ => return None,
    };
    Some(Multipart { subtype: subtype.to_owned(), boundaries })
}

/// A boundary as it stands, without single quotes, and as RFC 2231 has it.
fn boundaries(field: &Parameterised) -> Vec<Vec<u8>> {
    let plain = field.parameter("boundary").unwrap_or_default().trim_ascii_end();
    let bare = plain.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'")).unwrap_or(plain);
    let extended = field.readings("boundary").into_iter().map(|text| text.trim_end().as_bytes().to_vec());
    let mut found: Vec<Vec<u8>> = Vec::new();
    for boundary in [plain.to_vec(), bare.to_vec()].into_iter().chain(extended) {
        if !boundary.is_empty() && !found.contains(&boundary) && found.len() < 8 {
            found.push(boundary);
        }
    }
    found
}

fn charset(field: &Parameterised) -> Option<Vec<u8>> {
    let plain = field.parameter("charset").map(<[u8]>::to_vec);
    plain.or_else(|| field.readings("charset").into_iter().next().map(String::into_bytes))
}

/// The type, whether it is shown as text, and whether it was guessed.
fn best_reading(value: &str, has_name: bool, transfer: Transfer) -> (String, bool, bool) {
    let (top, subtype) = value.split_once('/').unwrap_or_default();
    if top == "text" && !subtype.is_empty() {
        // RFC 2046 section 4.1.4: what nobody knows is shown as it is; with a file's name it is a file.
        let known = matches!(subtype, "plain" | "html");
        return (value.to_owned(), known || (!has_name && !is_listed(DATA, subtype)), false);
    }
    let written = value.contains("html") || value.contains("plain") || value.contains("text") || value.contains("txt");
    if top.is_empty() || subtype.is_empty() || written && !is_listed(TOP_LEVEL, top) {
        let kind = if value.contains("html") { "text/html" } else { "text/plain" };
        return (kind.to_owned(), true, true);
    }
    let known = is_listed(TOP_LEVEL, top) || top.starts_with("x-");
    (value.to_owned(), !known && !has_name && transfer != Transfer::Base64, !known)
}
