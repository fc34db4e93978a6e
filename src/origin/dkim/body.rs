//! The body in its canonical forms (RFC 6376 sections 3.4.3 and 3.4.4), hashed while it streams by.
//!
//! Promises: constant memory, whatever the body's length and however it is cut; a line ends with LF or CRLF, the two mixed
//! or not, and a CR elsewhere is a character. Never touches: what stands in the body.

use sha2::{Digest, Sha256};

use super::canonical::Form;
use super::signature::Signatures;

/// Bytes that are hashed at once.
const BUFFER: usize = 8 * 1024;

/// Hashes a body in the forms that the signatures ask for.
pub struct BodyHasher {
    simple: Option<Simple>,
    relaxed: Option<Relaxed>,
}

/// What each signature's `bh=` must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyHashes {
    simple: Option<BodyHash>,
    relaxed: Option<BodyHash>,
}

/// A body in one canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BodyHash {
    pub(super) hash: [u8; 32],
    /// Bytes of the canonical form.
    pub(super) length: u64,
}

impl BodyHasher {
    /// For the body of the message that these signatures are of.
    #[must_use]
    pub fn new(signatures: &Signatures) -> BodyHasher {
        BodyHasher {
            simple: signatures.need(Form::Simple).then(Simple::default),
            relaxed: signatures.need(Form::Relaxed).then(Relaxed::default),
        }
    }

    /// Takes the next piece, of any size.
    pub fn update(&mut self, piece: &[u8]) {
        if let Some(simple) = &mut self.simple {
            simple.update(piece);
        }
        if let Some(relaxed) = &mut self.relaxed {
            relaxed.update(piece);
        }
    }

    /// All of the body was given.
    #[must_use]
    pub fn finish(self) -> BodyHashes {
        BodyHashes { simple: self.simple.map(Simple::finish), relaxed: self.relaxed.map(Relaxed::finish) }
    }
}

impl BodyHashes {
    /// The body in that form; none where it was not asked for.
    pub(super) fn of(&self, form: Form) -> Option<&BodyHash> {
        match form {
            Form::Simple => self.simple.as_ref(),
            Form::Relaxed => self.relaxed.as_ref(),
        }
    }
}

/// What is hashed: text, and line ends that may turn out to be the last ones.
struct Output {
    hash: Sha256,
    buffer: Vec<u8>,
    length: u64,
    /// Line ends that count only if text follows.
    line_ends: u64,
}

impl Default for Output {
    fn default() -> Output {
        Output { hash: Sha256::new(), buffer: Vec::with_capacity(BUFFER), length: 0, line_ends: 0 }
    }
}

impl Output {
    fn text(&mut self, text: &[u8]) {
        self.make_room(0);
        self.push(text);
    }

    /// Text of so many bytes follows, which are no more than the buffer holds.
    fn make_room(&mut self, length: usize) {
        while self.line_ends > 0 {
            self.line_ends -= 1;
            self.push(b"\r\n");
        }
        self.empty_for(length);
    }

    fn empty_for(&mut self, length: usize) {
        if self.buffer.len() + length > BUFFER {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.empty_for(bytes.len());
        if bytes.len() > BUFFER {
            self.hash.update(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    fn finish(mut self) -> BodyHash {
        self.hash.update(&self.buffer);
        BodyHash { hash: self.hash.finalize().into(), length: self.length }
    }
}

/// Only empty lines at the end are taken off (RFC 6376 section 3.4.3).
#[derive(Default)]
struct Simple {
    output: Output,
    /// A CR stood last; whether it belongs to a line end is not known yet.
    carriage_return: bool,
}

impl Simple {
    fn update(&mut self, mut piece: &[u8]) {
        while let Some(first) = piece.first() {
            if self.carriage_return && *first != b'\n' {
                self.output.text(b"\r");
            }
            self.carriage_return = false;
            let end = memchr::memchr2(b'\r', b'\n', piece).unwrap_or(piece.len());
            let (text, rest) = piece.split_at(end);
            if !text.is_empty() {
                self.output.text(text);
            }
            match rest.first() {
                Some(b'\n') => self.output.line_ends += 1,
                Some(_) => self.carriage_return = true,
                None => {}
            }
            piece = rest.get(1..).unwrap_or_default();
        }
    }

    fn finish(mut self) -> BodyHash {
        if self.carriage_return {
            self.output.text(b"\r");
        }
        // Also an empty body ends with a line end.
        self.output.push(b"\r\n");
        self.output.finish()
    }
}

/// Blanks are one blank, those at the end of a line and empty lines at the end are taken off (RFC 6376 section 3.4.4).
#[derive(Default)]
struct Relaxed {
    output: Output,
    /// A CR stood last; whether it belongs to a line end is not known yet.
    carriage_return: bool,
    /// Blanks stood last; whether text follows in this line is not known yet.
    blank: bool,
}

impl Relaxed {
    fn update(&mut self, mut piece: &[u8]) {
        while let Some(first) = piece.first() {
            if self.carriage_return && *first != b'\n' {
                self.word(b"\r");
            }
            self.carriage_return = false;
            let end = memchr::memchr2(b'\r', b'\n', piece).unwrap_or(piece.len());
            let (text, rest) = piece.split_at(end);
            if self.is_canonical(text) {
                self.word(text);
            } else {
                self.words(text);
            }
            match rest.first() {
                Some(b'\n') => {
                    self.blank = false;
                    self.output.line_ends += 1;
                }
                Some(_) => self.carriage_return = true,
                None => {}
            }
            piece = rest.get(1..).unwrap_or_default();
        }
    }

    /// Whether a piece of a line stays as it is. Without a branch for each byte, so that many are looked at in one step.
    fn is_canonical(&self, text: &[u8]) -> bool {
        let behind = text.get(1..).unwrap_or_default();
        let odd = |odd, (a, b): (&u8, &u8)| odd | (*a == b'\t') | ((*a == b' ') & (*b == b' '));
        let ends_with_word = text.last().is_some_and(|last| !is_blank(*last));
        ends_with_word && !(self.blank && text.first() == Some(&b' ')) && !text.iter().zip(behind).fold(false, odd)
    }

    /// Takes what stands between blanks, and one blank for as many as there are.
    fn words(&mut self, text: &[u8]) {
        for piece in text.chunks(BUFFER / 4) {
            if piece.iter().all(|byte| is_blank(*byte)) {
                self.blank |= !piece.is_empty();
                continue;
            }
            self.output.make_room(piece.len() + 1);
            let before = self.output.buffer.len();
            for byte in piece {
                if is_blank(*byte) {
                    self.blank = true;
                    continue;
                }
                if self.blank {
                    self.output.buffer.push(b' ');
                    self.blank = false;
                }
                self.output.buffer.push(*byte);
            }
            self.output.length += (self.output.buffer.len() - before) as u64;
        }
    }

    fn word(&mut self, text: &[u8]) {
        if self.blank {
            self.blank = false;
            self.output.text(b" ");
        }
        self.output.text(text);
    }

    fn finish(mut self) -> BodyHash {
        if self.carriage_return {
            self.word(b"\r");
        }
        // An empty body stays empty; any other ends with a line end.
        if self.output.length > 0 {
            self.output.push(b"\r\n");
        }
        self.output.finish()
    }
}

/// White space within a line (RFC 6376 section 2.8).
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of what the two forms must be.
    fn hashes(simple: &[u8], relaxed: &[u8]) -> BodyHashes {
        let one = |bytes: &[u8]| Some(BodyHash { hash: Sha256::digest(bytes).into(), length: bytes.len() as u64 });
        BodyHashes { simple: one(simple), relaxed: one(relaxed) }
    }

    fn hashed(pieces: &[&[u8]]) -> BodyHashes {
        let mut hasher = BodyHasher { simple: Some(Simple::default()), relaxed: Some(Relaxed::default()) };
        pieces.iter().for_each(|piece| hasher.update(piece));
        hasher.finish()
    }

    /// A body as it may arrive, and its two forms.
    const BODIES: [(&str, &str, &str); 21] = [
        ("", "\r\n", ""),
        ("\n", "\r\n", ""),
        ("\r\n\r\n\r\n", "\r\n", ""),
        (" ", " \r\n", ""),
        (" \t\n\n", " \t\r\n", ""),
        ("a", "a\r\n", "a\r\n"),
        ("a\n", "a\r\n", "a\r\n"),
        ("a\r\n\n\r\n", "a\r\n", "a\r\n"),
        (" C \nD \t E\n\n\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"),
        ("a \n \n", "a \r\n \r\n", "a\r\n"),
        ("a\n\n\nb", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
        ("a\rb\n", "a\rb\r\n", "a\rb\r\n"),
        ("a\r", "a\r\r\n", "a\r\r\n"),
        ("\r", "\r\r\n", "\r\r\n"),
        ("a\r\r\nb", "a\r\r\nb\r\n", "a\r\r\nb\r\n"),
        ("a \r \nb", "a \r \r\nb\r\n", "a \r\r\nb\r\n"),
        ("a\0\u{e4}\u{b}\n", "a\0\u{e4}\u{b}\r\n", "a\0\u{e4}\u{b}\r\n"),
        (" a", " a\r\n", " a\r\n"),
        ("a\tb\n", "a\tb\r\n", "a b\r\n"),
        ("a b  c\t\td \t\ne f\n", "a b  c\t\td \t\r\ne f\r\n", "a b c d\r\ne f\r\n"),
        ("\n\na\n \n\n", "\r\n\r\na\r\n \r\n", "\r\n\r\na\r\n"),
    ];

    #[test]
    fn both_forms_are_what_the_standard_says() {
        for (body, simple, relaxed) in BODIES {
            assert_eq!(hashed(&[body.as_bytes()]), hashes(simple.as_bytes(), relaxed.as_bytes()), "{body:?}");
        }
    }

    #[test]
    fn where_a_body_is_cut_makes_no_difference() {
        for (body, simple, relaxed) in BODIES {
            let (bytes, wanted) = (body.as_bytes(), hashes(simple.as_bytes(), relaxed.as_bytes()));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(hashed(&single), wanted, "{body:?}");
            for at in 0..=bytes.len() {
                let (one, two) = bytes.split_at(at);
                assert_eq!(hashed(&[one, b"", two]), wanted, "{body:?} at {at}");
            }
        }
    }

    #[test]
    fn a_long_body_is_hashed_as_a_short_one() {
        for length in [BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER] {
            let line = "x".repeat(length);
            let (body, form) = (format!("{line}\n{line}\n\ny\n"), format!("{line}\r\n{line}\r\n\r\ny\r\n"));
            assert_eq!(hashed(&[body.as_bytes()]), hashes(form.as_bytes(), form.as_bytes()), "{length}");
        }
    }

    #[test]
    fn blanks_beyond_the_buffer_are_one_blank() {
        let (blanks, word) = (" \t".repeat(2 * BUFFER), "x \t y".repeat(BUFFER));
        let body = format!("{blanks}a{blanks}b{blanks}\n{word}\n{blanks}");
        let relaxed = format!(" a b\r\n{}\r\n", "x y".repeat(BUFFER));
        let simple = format!("{blanks}a{blanks}b{blanks}\r\n{word}\r\n{blanks}\r\n");
        let wanted = hashes(simple.as_bytes(), relaxed.as_bytes());
        assert_eq!(hashed(&[body.as_bytes()]), wanted);
        for size in [1, 1000, BUFFER / 4 + 1] {
            assert_eq!(hashed(&body.as_bytes().chunks(size).collect::<Vec<_>>()), wanted, "{size}");
        }
    }

    #[test]
    fn a_form_that_no_signature_needs_is_not_hashed() {
        let none = BodyHasher::new(&Signatures::default()).finish();
        assert_eq!(none, BodyHashes::default());
        assert!(none.of(Form::Simple).is_none() && none.of(Form::Relaxed).is_none());
    }
}
