//! What a message carries beside the text that is read: the name, the type and the size of each part, also of those in the
//! messages that it forwards.
//!
//! Promises: no recursion, bounded depth, count and work; what was left out because of a limit is said; what is given is fit
//! to be shown, and the end of a name is never cut off, since that says what a computer would do with it. Never touches: the
//! content of an attachment, beyond how long it is.

use super::display::one_line;
use super::executable::MESSAGE_DEPTH_LIMIT;
use super::fold::{Parameterised, decode_words};
use super::head::Head;
use super::media::Transfer;
use super::parts::{Part, Parts, parts};

/// Most attachments that are listed; real mail has a few.
pub const ATTACHMENTS_LIMIT: usize = 50;
/// Most bytes of forwarded messages, all together, that are looked into.
const INSIDE_LIMIT: usize = 64 * 1024 * 1024;
/// Most characters of a name that are shown, and how many of them are its end.
const NAME_LIMIT: usize = 80;
const NAME_END: usize = 24;
/// Most characters of a name or a Subject that are looked at.
const LOOK_LIMIT: usize = 2_000;
/// Most characters of a type.
const KIND_LIMIT: usize = 60;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachments {
    /// In their order, what is in a forwarded message behind that one.
    pub all: Vec<Attachment>,
    /// How many more there are.
    pub left_out: usize,
    /// Whether something was not looked at: a limit was reached.
    pub unexamined: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The name of its file, or the Subject of a message; None if it has none.
    pub name: Option<String>,
    /// Its media type in lower case.
    pub kind: String,
    /// Its bytes with the transfer encoding undone.
    pub bytes: usize,
    /// Whether it is still encoded in a way that only some programs know, so that its true size is another.
    pub is_encoded: bool,
    /// How many messages are around it, beside the one that is looked at.
    pub depth: usize,
}

/// What one message carries, each with the message that it is.
type Found = Vec<(Attachment, Option<Vec<u8>>)>;

/// Lists what these parts carry.
#[must_use]
pub fn attachments(message: &Parts<'_>) -> Attachments {
    let mut out = Attachments { unexamined: message.unexamined, ..Attachments::default() };
    let mut room = INSIDE_LIMIT;
    let mut open = vec![out.found(message, 0, &mut room).into_iter()];
    while let Some(found) = open.last_mut() {
        let Some((attachment, inside)) = found.next() else {
            open.pop();
            continue;
        };
        if out.all.len() >= ATTACHMENTS_LIMIT {
            out.left_out += 1;
            continue;
        }
        let depth = attachment.depth + 1;
        out.all.push(attachment);
        let Some(message) = inside else { continue };
        if depth > MESSAGE_DEPTH_LIMIT {
            out.unexamined = true;
            continue;
        }
        let head = Head::read(&message);
        let parts = parts(&head, &message[head.body..]);
        out.unexamined |= parts.unexamined;
        open.push(out.found(&parts, depth, &mut room).into_iter());
    }
    out
}

impl Attachments {
    /// The attachments of one message, with the bytes of those that are messages.
    fn found(&mut self, parts: &Parts<'_>, depth: usize, room: &mut usize) -> Found {
        let alone = parts.multiparts.iter().filter_map(|multipart| multipart.alone.as_ref());
        let mut found = Vec::new();
        for part in parts.all.iter().chain(alone) {
            let mut name = file_name(part);
            if part.is_text && name.is_none() {
                continue;
            }
            // The line end before a delimiter belongs to that (RFC 2046 section 5.1.1).
            let bytes = if parts.multiparts.is_empty() { part.bytes } else { without_line_end(part.bytes) };
            let decoded = part.decoded(bytes);
            let mut inside = None;
            if is_message(&part.kind) {
                name = name.or_else(|| subject(&decoded));
                match room.checked_sub(decoded.len()) {
                    Some(left) => (*room, inside) = (left, Some(decoded.to_vec())),
                    None => self.unexamined = true,
                }
            }
            let attachment = Attachment {
                name,
                kind: one_line(&part.kind, KIND_LIMIT),
                bytes: decoded.len(),
                is_encoded: part.transfer == Transfer::Private,
                depth,
            };
            found.push((attachment, inside));
        }
        found
    }
}

impl Attachment {
    /// Whether it is a message: then its name may be the Subject.
    #[must_use]
    pub fn is_message(&self) -> bool {
        is_message(&self.kind)
    }

    /// What its type is in plain words, where the type's own name says nothing to most people.
    #[must_use]
    pub fn words(&self) -> Option<&'static str> {
        let named = |name: &str| self.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        match self.kind.as_str() {
            "message/rfc822" | "message/global" => Some("a message"),
            "text/calendar" | "application/ics" | "text/x-vcalendar" => Some("an appointment"),
            "text/vcard" | "text/x-vcard" | "text/directory" => Some("an address card"),
            "application/pgp-encrypted" => Some("says that what follows is encrypted with PGP"),
            "application/pgp-signature" => Some("a PGP signature"),
            "application/pgp-keys" => Some("a PGP key"),
            "application/pkcs7-signature" | "application/x-pkcs7-signature" => Some("an S/MIME signature"),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some("encrypted or signed with S/MIME"),
            "application/ms-tnef" | "application/vnd.ms-tnef" => Some("files packed by Outlook"),
            "message/delivery-status" => Some("what became of a delivery"),
            "message/disposition-notification" => Some("what became of a message, from its reader"),
            "text/rfc822-headers" => Some("the header of a message"),
            "application/octet-stream" | "" if named("winmail.dat") => Some("files packed by Outlook"),
            _ => None,
        }
    }
}

/// How long something is, as a person reads it.
#[must_use]
pub fn size(bytes: usize) -> String {
    let tenths = |unit: usize| {
        let tenths = (bytes + unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        1 => "1 byte".to_owned(),
        0..=999 => format!("{bytes} bytes"),
        1_000..=9_949 => format!("{} kB", tenths(1_000)),
        9_950..=999_499 => format!("{} kB", (bytes + 500) / 1_000),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

fn is_message(kind: &str) -> bool {
    matches!(kind, "message/rfc822" | "message/global")
}

/// The name that the fields give its file: Content-Disposition's first (RFC 2183), else that of Content-Type.
fn file_name(part: &Part<'_>) -> Option<String> {
    let fields: Vec<Parameterised> = part.fields.iter().map(|raw| Parameterised::parse(raw)).collect();
    let readings = |name: &'static str| fields.iter().flat_map(move |field| field.readings(name));
    readings("filename").chain(readings("name")).map(|name| shown_name(&name)).find(|name| !name.is_empty())
}

fn subject(message: &[u8]) -> Option<String> {
    let head = Head::read(message);
    let field = head.first("Subject").filter(|field| field.is_bounded())?;
    Some(shown_name(&decode_words(&field.unfolded()))).filter(|subject| !subject.is_empty())
}

/// A name fit to be shown; a long one without its middle.
fn shown_name(name: &str) -> String {
    // What is longer than is looked at loses its middle too.
    let chars = name.chars().count();
    let skipped = chars.saturating_sub(LOOK_LIMIT);
    let name = if skipped == 0 {
        one_line(name, LOOK_LIMIT)
    } else {
        let start: String = name.chars().take(LOOK_LIMIT / 2).collect();
        let end: String = name.chars().skip(LOOK_LIMIT / 2 + skipped).collect();
        one_line(&format!("{start}{end}"), LOOK_LIMIT)
    };
    let count = name.chars().count();
    if count <= NAME_LIMIT {
        return name;
    }
    let start: String = name.chars().take(NAME_LIMIT - NAME_END - 1).collect();
    let end: String = name.chars().skip(count - NAME_END).collect();
    format!("{start}…{end}")
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name|type|bytes|depth` of each, and how many were left out and whether all was looked at.
    fn listed(message: &[u8]) -> (Vec<String>, usize, bool) {
        let head = Head::read(message);
        let found = attachments(&parts(&head, &message[head.body..]));
        let line = |one: &Attachment| {
            format!("{}|{}|{}|{}", one.name.as_deref().unwrap_or("-"), one.kind, one.bytes, one.depth)
        };
        (found.all.iter().map(line).collect(), found.left_out, found.unexamined)
    }

    fn mixed(parts: &[&str]) -> String {
        let parts: String = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
        format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n")
    }

    #[test]
    fn a_letter_carries_nothing() {
        for message in [
            "Subject: x\n\nHello\n",
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\na\n--b\nContent-Type: text/html\n\n<p>a\n--b--\n",
            "",
            "\n",
        ] {
            assert_eq!(listed(message.as_bytes()), (vec![], 0, false), "{message}");
        }
    }

    #[test]
    fn name_type_and_size_are_those_of_the_content() {
        let message = mixed(&[
            "\nHello\n",
            "Content-Type: application/pdf; name=other.pdf\nContent-Disposition: attachment; filename=\"a b.pdf\"\n\
             Content-Transfer-Encoding: base64\n\nMTIzNDU2\nNzg5\n",
            "Content-Type: IMAGE/PNG\n\n1234\n",
            "Content-Type: text/plain; name*=utf-8''%e2%82%ac.txt\nContent-Transfer-Encoding: quoted-printable\n\n=E2=82=AC=\n",
            "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n",
            "Content-Disposition: attachment; filename=\"=?utf-8?b?4oKsLnBkZg==?=\"\n\n",
        ]);
        for message in [message.clone(), message.replace('\n', "\r\n")] {
            let (lines, left_out, unexamined) = listed(message.as_bytes());
            let plain = if message.contains('\r') { "6" } else { "5" };
            let wanted = [
                "a b.pdf|application/pdf|9|0".to_owned(),
                format!("-|image/png|{plain}|0"),
                "€.txt|text/plain|3|0".to_owned(),
                format!("-|text/calendar|{}|0", if plain == "6" { 17 } else { 16 }),
                "€.pdf|text/plain|0|0".to_owned(),
            ];
            assert_eq!((lines, left_out, unexamined), (wanted.to_vec(), 0, false));
        }
    }

    #[test]
    fn a_message_that_is_one_file_is_that() {
        let message =
            "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMTIz\n";
        assert_eq!(listed(message.as_bytes()).0, ["smime.p7m|application/pkcs7-mime|3|0"]);
    }

    #[test]
    fn what_is_in_forwarded_messages_stands_behind_each() {
        let inner = mixed(&["Content-Type: image/gif; name=i.gif\n\nGIF"]).replace("--b", "--c").replace("=b", "=c");
        let forwarded = format!("Content-Type: message/rfc822\n\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n{inner}");
        let message = mixed(&[&forwarded, "Content-Type: image/png; name=o.png\n\nPNG"]);
        let (lines, _, unexamined) = listed(message.as_bytes());
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("Grüße|message/rfc822|") && lines[0].ends_with("|0"), "{lines:?}");
        assert_eq!(&lines[1..], ["i.gif|image/gif|3|1", "o.png|image/png|3|0"]);
        assert!(!unexamined);
    }

    #[test]
    fn messages_inside_one_another_end_somewhere() {
        let nested = |depth: usize| "Content-Type: message/rfc822\n\n".repeat(depth) + "\nend\n";
        let (lines, _, unexamined) = listed(nested(MESSAGE_DEPTH_LIMIT).as_bytes());
        assert_eq!((lines.len(), unexamined), (MESSAGE_DEPTH_LIMIT, false));
        let (lines, _, unexamined) = listed(nested(1_000).as_bytes());
        assert_eq!((lines.len(), unexamined), (MESSAGE_DEPTH_LIMIT + 1, true));
        // The parser that overflows on such a message aborts the whole program.
        let deep = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(50_000);
        listed(deep.as_bytes());
    }

    #[test]
    fn too_many_are_counted_and_said() {
        let part = "Content-Type: image/png\n\nx";
        let (lines, left_out, _) = listed(mixed(&[part; ATTACHMENTS_LIMIT]).as_bytes());
        assert_eq!((lines.len(), left_out), (ATTACHMENTS_LIMIT, 0));
        let (lines, left_out, unexamined) = listed(mixed(&[part; ATTACHMENTS_LIMIT + 3]).as_bytes());
        assert_eq!((lines.len(), left_out, unexamined), (ATTACHMENTS_LIMIT, 3, false));
        assert!(listed(mixed(&[part; 200]).as_bytes()).2, "more parts than are looked at");
    }

    #[test]
    fn a_name_is_one_clean_line_and_keeps_its_end() {
        assert_eq!(shown_name("in\u{202e}fdp.exe"), "infdp.exe");
        assert_eq!(shown_name("a\u{1b}[2J\r\nX-Evil: b"), "a [2J X-Evil: b");
        assert_eq!(shown_name(&format!("invoice.pdf{}.exe", " ".repeat(5_000))), "invoice.pdf .exe");
        for length in [100, 2_000, 2_001, 100_000] {
            let name = shown_name(&format!("{}.pdf.exe", "a".repeat(length)));
            assert_eq!(name.chars().count(), NAME_LIMIT, "{length}");
            assert!(name.ends_with("aaaa.pdf.exe") && name.contains('…'), "{name}");
        }
        assert_eq!(listed(b"Content-Type: image/png; name=\"\"\n\nx").0, ["-|image/png|1|0"]);
    }

    #[test]
    fn sizes_are_what_a_person_reads() {
        for (bytes, wanted) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_250_000, "1.3 MB"),
            (25_000_000, "25.0 MB"),
        ] {
            assert_eq!(size(bytes), wanted, "{bytes}");
        }
        assert!(size(usize::MAX / 2).ends_with(" MB"));
    }

    #[test]
    fn what_nobody_knows_by_its_type_is_said_in_words() {
        let words = |kind: &str, name: Option<&str>| {
            let name = name.map(str::to_owned);
            Attachment { name, kind: kind.into(), bytes: 0, is_encoded: false, depth: 0 }.words()
        };
        assert_eq!(words("application/octet-stream", Some("WINMAIL.DAT")), Some("files packed by Outlook"));
        assert_eq!(words("application/ms-tnef", None), Some("files packed by Outlook"));
        assert_eq!(words("text/calendar", None), Some("an appointment"));
        assert_eq!(words("application/pkcs7-mime", None), Some("encrypted or signed with S/MIME"));
        assert_eq!(words("application/pdf", Some("winmail.dat")), None);
    }
}
