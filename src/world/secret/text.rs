//! The text of a key file.
//!
//! Promises: one wrong line is enough to refuse it; what is copied is wiped. Never touches: the file.

use std::path::Path;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::bounds::FILE_LIMIT;
use super::error::SecretError;
use super::line::{Line, LineFault, Purpose};
use crate::policy::key::SecretKey;

/// What the first line says that is no comment.
const VERSION_LINE: &str = "version 1";
/// What stands above the keys.
const PREFACE: &str = "# The keys of countersign. Whoever has them can forge confirmations and read the list; without them\n\
    # the list is dead. Keep a backup (countersign keys export) and show this file to nobody.\n\
    # Purpose, number, key; the last line of a purpose is the one in use.\n";

pub(super) fn parse(bytes: &[u8], path: Option<&Path>) -> Result<Vec<Line>, SecretError> {
    if bytes.len() > FILE_LIMIT {
        return Err(SecretError::TooLong { path: path.map(Path::to_owned) });
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut versioned = false;
    for (at, bytes) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let wrong = |fault| SecretError::Malformed { path: path.map(Path::to_owned), line: at + 1, fault };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(LineFault::NotText))?.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if !versioned {
            versioned = text == VERSION_LINE;
            if versioned { continue } else { return Err(wrong(LineFault::Version)) }
        }
        let line = Line::parse(text).map_err(wrong)?;
        if lines.iter().any(|above| above.purpose == line.purpose && above.id == line.id) {
            return Err(wrong(LineFault::Twice));
        }
        lines.push(line);
    }
    Ok(lines)
}

pub(super) fn text_of<'a>(keys: impl IntoIterator<Item = (Purpose, u8, &'a SecretKey)>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(FILE_LIMIT));
    text.push_str(PREFACE);
    text.push_str(VERSION_LINE);
    text.push('\n');
    for (purpose, number, key) in keys {
        text.push_str(&format!("{purpose} {number} "));
        HEXLOWER.encode_append(key.bytes(), &mut text);
        text.push('\n');
    }
    text
}
