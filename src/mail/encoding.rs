//! What foreign bytes say once their transfer encoding and character set are undone.
//!
//! Promises: never fails and takes linear time; what cannot be decoded stays as readable as it can be. What comes
//! out may hold anything, control characters too: whoever shows it cleans it. Never touches: the structure around
//! the bytes (`fold` and `content`).

use data_encoding::BASE64_NOPAD;
use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, ISO_2022_JP, REPLACEMENT, SHIFT_JIS, UTF_8, WINDOWS_1252};

/// Decodes base64 (RFC 2045 section 6.8) as far as it goes: characters outside the alphabet are passed over, a
/// group that is cut off gives the bytes it has, and what follows padding is decoded too.
#[must_use]
pub fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for run in text.split(|&b| b == b'=') {
        let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let mut letters: Vec<u8> = run.iter().copied().filter(letter).collect();
        let bytes = letters.len() * 3 / 4;
        // Whole groups only: in a group cut off, bits may be left over that a strict decoder refuses.
        letters.resize(letters.len().div_ceil(4) * 4, b'A');
        if let Ok(decoded) = BASE64_NOPAD.decode(&letters) {
            out.extend_from_slice(&decoded[..bytes]);
        }
    }
    out
}

/// Decodes quoted-printable (RFC 2045 section 6.7). An `=` that begins nothing stands for itself.
#[must_use]
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let plain = text[at..].iter().take_while(|b| **b != b'=').count();
        out.extend_from_slice(&text[at..at + plain]);
        at += plain;
        if at == text.len() {
            break;
        }
        if let Some(byte) = hex_pair(text, at + 1) {
            out.push(byte);
            at += 3;
        } else if let Some(next) = soft_break(text, at + 1) {
            at = next;
        } else {
            out.push(b'=');
            at += 1;
        }
    }
    out
}

/// The Q encoding (RFC 2047 section 4.2): quoted-printable without line breaks, `_` for the space.
#[must_use]
pub fn q(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|&b| if b == b'_' { b' ' } else { b }).collect();
    escaped(&spaced, b'=')
}

/// The mark and two hexadecimal digits are a byte, as in RFC 2231 section 4; a mark that begins none stands for itself.
#[must_use]
pub fn escaped(text: &[u8], mark: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let byte = hex_pair(text, at + 1).filter(|_| text[at] == mark);
        out.push(byte.unwrap_or(text[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    out
}

/// Text from bytes in the named character set. `None`, and `us-ascii`, mean Japanese of RFC 1468 where its escapes stand in
/// seven bits, UTF-8 where the bytes are that, else windows-1252, which is what unlabelled eight-bit mail mostly is. An
/// unknown character set is read as UTF-8 where the bytes are that; else its ASCII is kept.
#[must_use]
pub fn text(bytes: &[u8], charset: Option<&[u8]>) -> String {
    let label = charset.map(|label| label.trim_ascii().to_ascii_lowercase()).unwrap_or_default();
    // `3D"koi8-r"`: the field has been quoted-printable once too often.
    let label = bare(label.strip_prefix(b"3d").unwrap_or(&label));
    if label.ends_with(b"utf-7") || label == b"csutf7" {
        return utf_7(bytes);
    }
    let encoding = if is_unlabelled(label) {
        Some(guessed(bytes))
    } else if label.starts_with(b"iso-2022-jp") || label.starts_with(b"cp5022") {
        // Its extensions have no decoder of their own; most of what is labelled so has none of their characters.
        Some(ISO_2022_JP)
    } else {
        let known = Encoding::for_label(label).or_else(|| code_page(label));
        known.or_else(|| std::str::from_utf8(bytes).is_ok().then_some(UTF_8))
    };
    match encoding {
        Some(encoding) if encoding != REPLACEMENT => encoding.decode_with_bom_removal(bytes).0.into_owned(),
        _ => bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { char::REPLACEMENT_CHARACTER }).collect(),
    }
}

/// The label without the quotation marks of any kind around it.
fn bare(label: &[u8]) -> &[u8] {
    let mark = |b: &u8| matches!(b, b'\'' | b'"' | b' ');
    let start = label.iter().take_while(|b| mark(b)).count();
    let end = label.iter().rev().take_while(|b| mark(b)).count();
    label.get(start..label.len() - end).unwrap_or_default()
}

/// A code page of Microsoft by its number, whatever stands before that: `cp949`, `ms936`, `x-cp1251`.
fn code_page(label: &[u8]) -> Option<&'static Encoding> {
    let label = std::str::from_utf8(label).ok()?;
    let label = label.strip_prefix("x-").unwrap_or(label);
    let number = ["cp", "ms", "windows"].iter().find_map(|system| label.strip_prefix(system))?;
    match number.trim_start_matches(['-', '_']) {
        "932" => Some(SHIFT_JIS),
        "936" => Some(GBK),
        "949" => Some(EUC_KR),
        "950" => Some(BIG5),
        "65001" => Some(UTF_8),
        number => Encoding::for_label(format!("windows-{number}").as_bytes()),
    }
}

/// Whether the label says no more than that the text is ASCII, or that nobody knows (RFC 1428 section 3).
fn is_unlabelled(label: &[u8]) -> bool {
    let label = label.strip_prefix(b"x-").unwrap_or(label);
    label.is_empty() || label.starts_with(b"unknown") || label.ends_with(b"ascii") || label.starts_with(b"ansi_x3.4")
}

fn guessed(bytes: &[u8]) -> &'static Encoding {
    // `ESC $ B`, `ESC $ @` and `ESC ( J` (RFC 1468): no other text has them.
    let escape = |three: &[u8]| matches!(three, [0x1b, b'$', b'B' | b'@'] | [0x1b, b'(', b'J' | b'I']);
    if bytes.contains(&0x1b) && bytes.is_ascii() && bytes.windows(3).any(escape) {
        ISO_2022_JP
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

/// UTF-7 (RFC 2152): ASCII, and between `+` and `-` UTF-16 in base64. What is not in its grammar stands for itself.
fn utf_7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at + 1..];
        let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let length = if bytes[at] == b'+' { rest.iter().position(|b| !letter(b)).unwrap_or(rest.len()) } else { 0 };
        let closed = rest.get(length) == Some(&b'-');
        match bytes[at] {
            b'+' if length == 0 && closed => out.push('+'),
            b'+' if length > 0 => {
                let units: Vec<u16> = base64(&rest[..length])
                    .chunks_exact(2)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                    .collect();
                out.push_str(&String::from_utf16_lossy(&units));
            }
            byte if byte.is_ascii() => out.push(char::from(byte)),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
        at += 1 + length + usize::from(bytes[at] == b'+' && closed);
    }
    out
}

/// The byte that two hexadecimal digits at this place stand for. Lower case is let in, as everywhere.
fn hex_pair(text: &[u8], at: usize) -> Option<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(text.get(at)?)? << 4 | digit(text.get(at + 1)?)?)
}

/// Where the text goes on behind a soft line break whose `=` stands before this place. Blanks between `=` and the
/// line end are a transfer accident (RFC 2045 section 6.7 rule 3); the end of the text ends a line.
fn soft_break(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    while matches!(text.get(end), Some(b' ' | b'\t' | b'\r')) {
        end += 1;
    }
    match text.get(end) {
        Some(b'\n') => Some(end + 1),
        Some(_) => None,
        None => Some(end),
    }
}
