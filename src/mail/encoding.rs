//! What foreign bytes say once their transfer encoding and character set are undone.
//!
//! Promises: never fails and takes linear time; what cannot be decoded stays as readable as it can be. What comes
//! out may hold anything, control characters too: whoever shows it cleans it. Never touches: the structure around
//! the bytes (`fold` and `content`).

use data_encoding::BASE64_NOPAD;
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, WINDOWS_1252};

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
        if text[at] != b'=' {
            out.push(text[at]);
            at += 1;
        } else if let Some(byte) = hex_pair(text, at + 1) {
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

/// Text from bytes in the named character set. `None`, and `us-ascii`, mean UTF-8 where the bytes are that, else
/// windows-1252, which is what unlabelled eight-bit mail mostly is. Of an unknown character set the ASCII is kept.
#[must_use]
pub fn text(bytes: &[u8], charset: Option<&[u8]>) -> String {
    let label = charset.map(<[u8]>::trim_ascii).filter(|label| !label.is_empty());
    let unlabelled = label.is_none_or(|label| label.eq_ignore_ascii_case(b"us-ascii"));
    let encoding = if !unlabelled {
        label.and_then(Encoding::for_label)
    } else if std::str::from_utf8(bytes).is_ok() {
        Some(UTF_8)
    } else {
        Some(WINDOWS_1252)
    };
    match encoding {
        Some(encoding) if encoding != REPLACEMENT => encoding.decode_with_bom_removal(bytes).0.into_owned(),
        _ => bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { char::REPLACEMENT_CHARACTER }).collect(),
    }
}

/// The byte that two hexadecimal digits at this place stand for. Lower case is let in, as everywhere.
pub(super) fn hex_pair(text: &[u8], at: usize) -> Option<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_that_is_damaged_gives_what_it_has() {
        for (coded, plain) in [
            (&b""[..], &b""[..]),
            (b"=", b""),
            (b"Q", b""),
            (b"QQ", b"A"),
            (b"QR==", b"A"),
            (b"QUI", b"AB"),
            (b"QUJD", b"ABC"),
            (b"Q U\r\nJ!D", b"ABC"),
            (b"QQ==QUJD", b"AABC"),
            (b"====QUJD", b"ABC"),
            (b"\xff\x00QUJD\x80", b"ABC"),
        ] {
            assert_eq!(base64(coded), plain, "{coded:?}");
        }
    }

    #[test]
    fn quoted_printable_that_is_damaged_stands_for_itself() {
        for (coded, plain) in [
            (&b"a=\r\nb"[..], &b"ab"[..]),
            (b"a= \t\nb", b"ab"),
            (b"a=3D=3db", b"a==b"),
            (b"a=b", b"a=b"),
            (b"a=G1", b"a=G1"),
            (b"a=4", b"a=4"),
            (b"a==41", b"a=A"),
            (b"a=", b"a"),
            (b"a=  x", b"a=  x"),
        ] {
            assert_eq!(quoted_printable(coded), plain, "{coded:?}");
        }
    }

    #[test]
    fn an_unknown_character_set_keeps_its_ascii() {
        assert_eq!(text(b"gr\xfc\xdfe", Some(b"x-unheard-of")), "gr\u{fffd}\u{fffd}e");
        assert_eq!(text(b"a~{b", Some(b"hz-gb-2312")), "a~{b");
        assert_eq!(text(b"gr\xfc\xdfe", None), "gr\u{fc}\u{df}e");
        assert_eq!(text("gr\u{fc}\u{df}e".as_bytes(), Some(b"US-ASCII")), "gr\u{fc}\u{df}e");
        assert_eq!(text(b"\xfc", Some(b"utf-8")), "\u{fffd}");
        assert_eq!(text(b"\xef\xbb\xbfa", None), "a");
        assert_eq!(text(b"\x83\x65\x83\x58\x83\x67", Some(b" Shift_JIS ")), "\u{30c6}\u{30b9}\u{30c8}");
    }

    #[test]
    fn hostile_sizes_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in [&b"="[..], b"= ", b"=4", b"A", b"=\r\n", b"\xff"] {
            let bytes = unit.repeat(1_000_000 / unit.len());
            assert!(base64(&bytes).len() <= bytes.len() && quoted_printable(&bytes).len() <= bytes.len());
            assert!(!text(&bytes, Some(b"iso-2022-jp")).is_empty());
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
