//! What a file is: an mbox, one message, or no mail, by its first bytes and its name.
//!
//! Promises: damaged mail is mail; what is no mail is named. Never touches: the rest of the file.

use std::ffi::OsStr;
use std::path::Path;

use crate::world::mbox::FromLine;

/// Bytes by which a file is recognised.
pub(super) const LOOK: u64 = 4_096;

/// What the start of a file shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Empty,
    Letter,
    Mbox,
    NoMail(&'static str),
}

/// What the name of a file says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// One message, whatever it looks like: damaged mail is mail.
    Letter,
    /// A number: MH names its messages so, and people their mbox files, by the year.
    Number,
    /// Nothing.
    Other,
}

impl Named {
    pub(super) fn of(path: &Path) -> Named {
        let folder = path.parent().and_then(Path::file_name);
        let in_maildir = folder.is_some_and(|name| name == "cur" || name == "new");
        if in_maildir || path.extension().is_some_and(|end| end == "eml") {
            Named::Letter
        } else if path.file_name().is_some_and(is_number) {
            Named::Number
        } else {
            Named::Other
        }
    }
}

/// What a file is, from its first [`LOOK`] bytes.
pub(super) fn shape(look: &[u8], named: Named) -> Shape {
    const FOREIGN: [(usize, &[u8], &str); 9] = [
        (257, b"ustar", "is a tar archive: unpack it first"),
        (0, b"PK\x03\x04", "is a zip archive: unpack it first"),
        (0, b"7z\xbc\xaf", "is a 7z archive: unpack it first"),
        (0, b"BZh", "is compressed with bzip2: unpack it first"),
        (0, b"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"),
        (0, b"\x1f\x8b", "is compressed twice: unpack it first"),
        (0, b"\xfd7zXZ", "is compressed twice: unpack it first"),
        (0, b"!BDN", "is an Outlook file: turn it into mbox first"),
        (0, b"\x01\x01\x01\x01\n", "is an MMDF file: turn it into mbox first"),
    ];
    if let Some((_, _, what)) =
        FOREIGN.iter().find(|(at, magic, _)| look.get(*at..).is_some_and(|b| b.starts_with(magic)))
    {
        return Shape::NoMail(what);
    }
    if named == Named::Letter {
        return Shape::Letter;
    }
    let text = &look[look.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()..];
    let line = text.split_inclusive(|&b| b == b'\n').next().unwrap_or_default();
    // Behind more empty lines than are looked at there may be anything.
    if text.is_empty() && (look.len() as u64) < LOOK {
        Shape::Empty
    } else if FromLine::parse(line).is_some() {
        Shape::Mbox
    } else if named == Named::Number || is_field(line) || line.starts_with(b"From ") || line.starts_with(b">From ") {
        Shape::Letter
    } else {
        Shape::NoMail("is no mail: it begins neither with a header field nor with a From line")
    }
}

/// A field with a name such as people give them. The standard allows nearly any character, and then JSON is mail.
fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|&&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_').count();
    name > 0 && line[name..].trim_ascii_start().starts_with(b":")
}

pub(super) fn is_number(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
}
