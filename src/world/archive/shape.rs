//! What a file is: an mbox, one message, or no mail, by its first bytes and its name.
//!
//! Promises: damaged mail is mail where the place or the name says that it is mail; everywhere else a file must begin as mail
//! does, and what does not is named. Never touches: the rest of the file.

use std::ffi::OsStr;
use std::path::Path;

use crate::mail::beginning::Beginning;
use crate::world::mbox::{Form, FromLine, is_separator};
use crate::world::packing::Packing;

/// Bytes by which a file is recognised.
pub(super) const LOOK: u64 = 4_096;
/// Most digits of the length with which a message of Apple Mail begins.
const LENGTH_DIGITS: usize = 12;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What the start of a file shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A message of Apple Mail: a line with its length, the message, and what the program knows of it.
    Apple,
    Empty,
    Letter,
    Mbox,
    Mmdf,
    NoMail(&'static str),
}

/// What the name of a file says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Delivered into a Maildir: one message, byte for byte, whatever it looks like.
    Delivered,
    /// One message, whatever it looks like: damaged mail is mail.
    Letter,
    /// One message of Apple Mail, with its length in front.
    Apple,
    /// A number: MH names its messages so, and people their mbox files, by the year.
    Number,
    /// Nothing.
    Other,
}

impl Named {
    pub(super) fn of(path: &Path) -> Named {
        let folder = path.parent().and_then(Path::file_name);
        let packed = path.extension().and_then(OsStr::to_str);
        let plain = match packed.map(str::to_ascii_lowercase).as_deref() {
            Some("gz" | "bz2" | "xz" | "zst") => path.with_extension(""),
            _ => path.to_owned(),
        };
        if folder.is_some_and(|name| name == "cur" || name == "new") {
            Named::Delivered
        } else if plain.extension().is_some_and(|end| end.eq_ignore_ascii_case("eml")) {
            Named::Letter
        } else if plain.extension().is_some_and(|end| end.eq_ignore_ascii_case("emlx")) {
            Named::Apple
        } else if plain.file_name().is_some_and(is_number) {
            Named::Number
        } else {
            Named::Other
        }
    }
}

/// What lies around the text of a file that other programs have written, and is none of its mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dress {
    /// So many bytes stand in front.
    pub(super) mark: usize,
    /// Its lines end in a carriage return alone, as on old Macintosh computers.
    pub(super) carriage_returns: bool,
}

impl Dress {
    /// By the first [`LOOK`] bytes. What was delivered has none: there each byte is the message's.
    pub(super) fn of(look: &[u8], named: Named) -> Dress {
        if named == Named::Delivered {
            return Dress::default();
        }
        let mark = if look.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Dress { mark, carriage_returns: look.contains(&b'\r') && !look.contains(&b'\n') }
    }
}

/// What a file is, from its first [`LOOK`] bytes without their [`Dress`].
pub(super) fn shape(look: &[u8], named: Named) -> Shape {
    if let Some(why) = unread_packing(look) {
        return Shape::NoMail(why);
    }
    if named == Named::Delivered {
        return Shape::Letter;
    }
    if let Some(why) = foreign(look) {
        return Shape::NoMail(why);
    }
    if named == Named::Letter {
        return Shape::Letter;
    }
    let text = &look[look.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()..];
    let mut lines = text.split_inclusive(|&b| b == b'\n');
    let line = lines.next().unwrap_or_default();
    let behind = &text[line.len()..];
    // Behind more empty lines than are looked at there may be anything.
    if text.is_empty() && (look.len() as u64) < LOOK {
        Shape::Empty
    } else if is_separator(line) {
        Shape::Mmdf
    } else if named == Named::Apple && length(line).is_some() {
        Shape::Apple
    } else if FromLine::parse(line)
        .is_some_and(|from| from.form == Form::Usual || Beginning::of(behind).is_of_a_message())
    {
        Shape::Mbox
    } else if named == Named::Number || Beginning::of(without_quoted_line(text)).is_of_a_message() {
        Shape::Letter
    } else {
        Shape::NoMail("is no mail: it begins neither with the header of a message nor with a From line")
    }
}

/// How many bytes the message has, by the first line of a file of Apple Mail.
pub(super) fn length(line: &[u8]) -> Option<u64> {
    let digits = line.trim_ascii();
    let good = (1..=LENGTH_DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    good.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// A message that was taken out of an mbox may have the line of it on top still, quoted or not a usual one.
fn without_quoted_line(text: &[u8]) -> &[u8] {
    let quoted = text.strip_prefix(b">").unwrap_or(text).starts_with(b"From ");
    let end = text.iter().position(|&b| b == b'\n').map_or(text.len(), |at| at + 1);
    if quoted { &text[end..] } else { text }
}

/// How it is packed, where that is not unpacked here, or was already once.
fn unread_packing(look: &[u8]) -> Option<&'static str> {
    const UNREAD: [(&[u8], &str); 5] = [
        // Of Dovecot's zlib plugin with `zlib_save = lz4`.
        (
            b"Dovecot-LZ4\r*\x9b\xc5",
            "is compressed with lz4 by Dovecot: unpack it first, by copying the folder over IMAP",
        ),
        (b"\x04\x22\x4d\x18", "is compressed with lz4: unpack it first, with `lz4 -d`"),
        (b"LZIP\x01", "is compressed with lzip: unpack it first, with `lzip -d`"),
        (b"\x1f\x9d", "is compressed with compress: unpack it first, with `gzip -d`"),
        (b"\x5d\x00\x00", "is compressed with lzma: unpack it first, with `xz -d`"),
    ];
    if Packing::of(look).is_some() {
        return Some("is compressed twice: unpack it first");
    }
    UNREAD.iter().find(|(magic, _)| look.starts_with(magic)).map(|(_, why)| *why)
}

/// Whose file it is, where it is certainly no mail.
fn foreign(look: &[u8]) -> Option<&'static str> {
    const FOREIGN: [(usize, &[u8], &str); 5] = [
        (257, b"ustar", "is a tar archive: unpack it first"),
        (0, b"PK\x03\x04", "is a zip archive: unpack it first"),
        (0, b"7z\xbc\xaf", "is a 7z archive: unpack it first"),
        (0, b"BZh", "is compressed with bzip2 and damaged: unpack it first"),
        (0, b"!BDN", "is an Outlook file: turn it into mbox first"),
    ];
    let found = FOREIGN.iter().find(|(at, magic, _)| look.get(*at..).is_some_and(|b| b.starts_with(magic)));
    found.map(|(_, _, why)| *why).or(is_utf_16(look).then_some("is text in UTF-16: save it as UTF-8 first"))
}

/// By the mark in front, and by letters as mail begins with.
fn is_utf_16(look: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_graphic() || b.is_ascii_whitespace();
    match look {
        [0xff, 0xfe, first, 0, second, 0, ..] | [0xfe, 0xff, 0, first, 0, second, ..] => {
            letter(*first) && letter(*second)
        }
        _ => false,
    }
}

pub(super) fn is_number(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mail_is_none_whatever_stands_in_it() {
        for text in [
            "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n",
            "From,To,Subject\nbob@x.org,alice@x.org,tea\n",
            "use std::fs;\n\n/// From: bob\n",
            "#!/bin/sh\n# From: bob\n",
            "int main(void) {\n  return 0;\n}\n",
            "{\"from\": \"bob@x.org\"}\n",
            "<!DOCTYPE html>\n<html><head><title>Re: tea</title></head></html>\n",
            "Nov 21 12:00:00 host postfix/smtpd[1]: connect from unknown[192.0.2.1]\n",
            "2026-11-21T12:00:00 host exim: From: bob\n",
            "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0",
            "%PDF-1.7\nFrom: bob@x.org\nTo: alice@x.org\n",
            "\u{89}PNG\r\n\u{1a}\n",
            "GIF89a",
            "From bob\nand all the others\n",
            "From \n\nTo: b\n",
            "1234\nand more\n",
            "1234567890123\nTo: b\nFrom: c\n",
        ] {
            assert!(matches!(shape(text.as_bytes(), Named::Other), Shape::NoMail(_)), "{text}");
            // In a Maildir it is what somebody was sent.
            assert_eq!(shape(text.as_bytes(), Named::Delivered), Shape::Letter, "{text}");
        }
        for utf_16 in [&b"\xff\xfeF\0r\0o\0"[..], b"\xfe\xff\0F\0r\0o"] {
            for named in [Named::Other, Named::Letter, Named::Number] {
                assert_eq!(shape(utf_16, named), Shape::NoMail("is text in UTF-16: save it as UTF-8 first"));
            }
            assert_eq!(shape(utf_16, Named::Delivered), Shape::Letter);
        }
        assert_eq!(shape(b"\xff\xfe damaged mail is mail\n", Named::Letter), Shape::Letter);
    }

    #[test]
    fn what_cannot_be_unpacked_is_named_wherever_it_lies() {
        for (magic, word) in [
            (&b"Dovecot-LZ4\r*\x9b\xc5\0\x01\0\0rest"[..], "lz4 by Dovecot"),
            (b"\x04\x22\x4d\x18rest", "lz4"),
            (b"LZIP\x01rest", "lzip"),
            (b"\x1f\x9drest", "compress:"),
            (b"\x5d\x00\x00rest", "lzma"),
            (b"\x1f\x8brest", "twice"),
            (b"BZh91AY&SYrest", "twice"),
            (b"\x28\xb5\x2f\xfdrest", "twice"),
            (b"\xfd7zXZ\0rest", "twice"),
        ] {
            for named in [Named::Delivered, Named::Letter, Named::Number, Named::Other] {
                let Shape::NoMail(why) = shape(magic, named) else { panic!("{word}, {named:?}") };
                assert!(why.contains(word) && why.contains("unpack it first"), "{why}");
            }
        }
    }

    #[test]
    fn every_kind_of_mail_is_known() {
        const HEAD: &str = "To: alice@x.org\n\nHello\n";
        for (text, wanted) in [
            ("", Shape::Empty),
            ("\r\n\n", Shape::Empty),
            (HEAD, Shape::Letter),
            (&format!("\n\n{HEAD}"), Shape::Letter),
            (&format!(">From bob@x.org Sat Nov 21 12:00:00 2026\n{HEAD}"), Shape::Letter),
            (&format!("From bob at work, today\n{HEAD}"), Shape::Letter),
            (&format!("From bob@x.org Sat Nov 21 12:00:00 2026\n{HEAD}"), Shape::Mbox),
            ("From bob@x.org Sat Nov 21 12:00:00 2026\n", Shape::Mbox),
            (&format!("From bob@x.org 2026-11-21T12:00:00Z\n{HEAD}"), Shape::Mbox),
            (&format!("From \n{HEAD}"), Shape::Mbox),
            (&format!("From bob@x.org\r\n{HEAD}"), Shape::Mbox),
            (&format!("\x01\x01\x01\x01\n{HEAD}"), Shape::Mmdf),
        ] {
            assert_eq!(shape(text.as_bytes(), Named::Other), wanted, "{text}");
        }
    }

    #[test]
    fn a_message_of_apple_mail_has_its_length_in_front() {
        let of = |text: &str, named| shape(text.as_bytes(), named);
        for text in ["1234\nTo: b\n", "12      \r\nTo: b\n", "12\ndamaged mail is mail\n"] {
            assert_eq!(of(text, Named::Apple), Shape::Apple, "{text}");
            assert!(matches!(of(text, Named::Other), Shape::NoMail(_)), "{text}");
        }
        for text in ["1234567890123\nTo: b\n", "-1\nTo: b\n", "0x10\nTo: b\n", "12 34\nTo: b\n", "\u{feff}1\n"] {
            assert!(matches!(of(text, Named::Apple), Shape::NoMail(_)), "{text}");
        }
        assert_eq!(of("To: b\n", Named::Apple), Shape::Letter);
    }

    #[test]
    fn names_say_what_damaged_mail_is() {
        for (path, named) in [
            ("a/cur/1.a:2,S", Named::Delivered),
            ("a/new/x.eml", Named::Delivered),
            ("a/x.eml", Named::Letter),
            ("a/x.EML.zst", Named::Letter),
            ("a/17", Named::Number),
            ("a/17.bz2", Named::Number),
            ("a/eml", Named::Other),
            ("a/x.emlx", Named::Apple),
            ("a/1.partial.emlx.gz", Named::Apple),
            ("a/gz", Named::Other),
        ] {
            assert_eq!(Named::of(Path::new(path)), named, "{path}");
        }
    }
}
