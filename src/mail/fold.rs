//! The syntax inside a field's value: folds, comments, quoted strings, parameters and encoded words.
//!
//! Promises: one reader for all structured fields; it never fails, takes linear time, and says when a value breaks
//! the rules. Never touches: what a field means (its own file says that).

use super::encoding;
use super::head::VALUE_LIMIT;

/// Most parameters of one value that are kept; real ones have fewer than ten.
pub const PARAMETER_LIMIT: usize = 32;

/// A place in a field's value, from which the tokens of RFC 5322 section 3.2 are taken one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

/// A value with parameters: `Content-Type`, `Content-Disposition`, `Auto-Submitted`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameterised {
    /// What stands before the first `;`, lower case, comments and blanks taken out; `text/plain`, `no`.
    pub value: String,
    /// The parameters in their order: names in lower case, values unquoted. At most [`PARAMETER_LIMIT`].
    pub parameters: Vec<(String, Vec<u8>)>,
    /// Whether the value breaks its grammar somewhere, or has more parameters than are kept.
    pub malformed: bool,
}

impl<'a> Cursor<'a> {
    /// The start of a value, which may still be folded.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// The next byte.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Takes the next byte.
    pub fn next_byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes this byte if it is the next one.
    pub fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    /// Takes all bytes from here that `belongs` lets in; may be none.
    pub fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&b| !belongs(b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Passes over folds, blanks and nested comments (CFWS). `None` if a comment is never closed: then the cursor
    /// stays before that comment, and a caller that gives up at once keeps the time linear. Otherwise whether
    /// there was anything to pass over.
    pub fn skip_comments(&mut self) -> Option<bool> {
        let start = self.at;
        loop {
            self.take_while(is_blank);
            if self.peek() != Some(b'(') {
                return Some(self.at > start);
            }
            self.at = self.end_of_comment()?;
        }
    }

    /// Takes a quoted string, folds in it undone (RFC 5322 section 3.2.4). `None` if there is none here or it is
    /// never closed; then the cursor stays.
    pub fn take_quoted(&mut self) -> Option<Vec<u8>> {
        let mut ahead = *self;
        if !ahead.take(b'"') {
            return None;
        }
        let mut out = Vec::new();
        loop {
            match ahead.next_byte()? {
                b'"' => break,
                b'\\' => out.push(ahead.next_byte()?),
                b'\r' | b'\n' => {}
                byte => out.push(byte),
            }
        }
        *self = ahead;
        Some(out)
    }

    fn end_of_comment(&self) -> Option<usize> {
        let mut ahead = *self;
        let mut depth = 0_usize;
        loop {
            match ahead.next_byte()? {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => drop(ahead.next_byte()),
                _ => {}
            }
            if depth == 0 {
                return Some(ahead.at);
            }
        }
    }
}

impl Parameterised {
    /// Reads a value, as far as it can be read.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Parameterised {
        let mut out =
            Parameterised { value: String::new(), parameters: Vec::new(), malformed: raw.len() > VALUE_LIMIT };
        let mut cursor = Cursor::new(&raw[..raw.len().min(VALUE_LIMIT)]);
        out.take_value(&mut cursor);
        let mut parted = false;
        while cursor.peek().is_some() {
            if cursor.take(b';') {
                parted = true;
                out.skip(&mut cursor);
            } else {
                // The semicolon is forgotten often enough; what stands here is a parameter if it looks like one.
                out.malformed |= !parted;
                out.take_parameter(&mut cursor);
                parted = false;
            }
        }
        out.malformed |= out.value.is_empty();
        out
    }

    /// The first parameter of that name (lower case), as bytes.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_slice())
    }

    /// Every way in which mail programs read a parameter that holds text, such as a file's name (the parameter's name in
    /// lower case): as it stands with encoded words undone (RFC 2047 section 5 forbids them there, many programs write
    /// them), extended and continued (RFC 2231). What comes out may hold anything.
    #[must_use]
    pub fn readings(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut pieces: Vec<(u32, bool, &[u8])> = Vec::new();
        for (own, value) in &self.parameters {
            match own.strip_prefix(name) {
                Some("") => found.push(decode_words(value)),
                Some("*") => found.push(joined(&[(0, true, value)])),
                Some(rest) => pieces.extend(piece(rest).map(|(number, coded)| (number, coded, value.as_slice()))),
                None => {}
            }
        }
        pieces.sort_by_key(|(number, _, _)| *number);
        if !pieces.is_empty() {
            found.push(joined(&pieces));
        }
        found
    }

    fn take_value(&mut self, cursor: &mut Cursor<'_>) {
        loop {
            self.skip(cursor);
            let ahead = *cursor;
            let word = cursor.take_while(is_value_byte);
            // Two words are no value; the type and subtype of a media type may have blanks around their slash.
            let second = !self.value.is_empty() && !self.value.ends_with('/') && !word.starts_with(b"/");
            if word.is_empty() || second {
                *cursor = ahead;
                return;
            }
            self.value.push_str(&String::from_utf8_lossy(word).to_ascii_lowercase());
        }
    }

    fn take_parameter(&mut self, cursor: &mut Cursor<'_>) {
        let name = cursor.take_while(|b| is_value_byte(b) && b != b'=').to_ascii_lowercase();
        self.skip(cursor);
        if !cursor.take(b'=') || name.is_empty() {
            self.malformed = true;
            // Whatever cannot be a name is passed over; a name may stand behind it.
            cursor.take_while(|b| b != b';' && !is_value_byte(b));
            self.skip(cursor);
            return;
        }
        self.skip(cursor);
        let value = match cursor.take_quoted() {
            Some(quoted) => quoted,
            None if cursor.take(b'"') => {
                // Never closed: what is left is most likely the value.
                self.malformed = true;
                cursor.take_while(|_| true).trim_ascii().to_vec()
            }
            None => cursor.take_while(|b| !is_blank(b) && !matches!(b, b';' | b'(')).to_vec(),
        };
        self.skip(cursor);
        if self.parameters.len() < PARAMETER_LIMIT {
            self.parameters.push((String::from_utf8_lossy(&name).into_owned(), value));
        } else {
            self.malformed = true;
        }
    }

    /// An unclosed comment ends the value: what is behind its parenthesis is nobody's.
    fn skip(&mut self, cursor: &mut Cursor<'_>) -> bool {
        cursor.skip_comments().unwrap_or_else(|| {
            cursor.take_while(|_| true);
            self.malformed = true;
            true
        })
    }
}

/// `*3` and `*3*`: the number of a piece, and whether it is percent-encoded (RFC 2231 sections 3 and 4.1).
fn piece(rest: &str) -> Option<(u32, bool)> {
    let rest = rest.strip_prefix('*')?;
    let (digits, coded) = rest.strip_suffix('*').map_or((rest, false), |digits| (digits, true));
    digits.parse().ok().map(|number| (number, coded))
}

/// The text of the pieces of a parameter; the first one may begin with `charset'language'`.
fn joined(pieces: &[(u32, bool, &[u8])]) -> String {
    let mut charset = None;
    let mut bytes = Vec::new();
    for (at, (_, coded, value)) in pieces.iter().enumerate() {
        let mut parts = value.splitn(3, |&b| b == b'\'');
        let text = match (at == 0 && *coded, parts.next(), parts.next(), parts.next()) {
            (true, Some(name), Some(_), Some(text)) => {
                charset = Some(name);
                text
            }
            _ => value,
        };
        bytes.extend(if *coded { encoding::escaped(text, b'%') } else { text.to_vec() });
    }
    match charset {
        Some(charset) => encoding::text(&bytes, Some(charset)),
        None => decode_words(&bytes),
    }
}

/// Undoes the encoded words (RFC 2047) of an unstructured value or a display name, folds too. Words side by side are
/// joined, also where a character was cut in two between them; bytes outside encoded words are read as UTF-8, else
/// windows-1252. What comes out may hold anything: whoever shows it cleans it. Of a value longer than
/// [`VALUE_LIMIT`] only that much is read, and an ellipsis says so.
#[must_use]
pub fn decode_words(value: &[u8]) -> String {
    let cut = value.len() > VALUE_LIMIT;
    let unfolded: Vec<u8> =
        value[..value.len().min(VALUE_LIMIT)].iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let mut words = Words::default();
    let mut at = 0;
    // Most values have no encoded word.
    if !unfolded.contains(&b'=') {
        words.plain(&unfolded);
        at = unfolded.len();
    }
    while at < unfolded.len() {
        if let Some((charset, bytes, end)) = encoded_word(&unfolded, at) {
            words.encoded(charset, &bytes);
            at = end;
        } else {
            // To the next `=?`, past the one that began no word.
            let next = unfolded[at + 1..].windows(2).position(|pair| pair == b"=?");
            let end = next.map_or(unfolded.len(), |found| at + 1 + found);
            words.plain(&unfolded[at..end]);
            at = end;
        }
    }
    let mut out = words.finish();
    if cut {
        out.push('\u{2026}');
    }
    out
}

/// The text so far, the plain bytes since the last encoded word, and the bytes of encoded words not yet text: a
/// character may be cut in two between them.
#[derive(Default)]
struct Words {
    text: String,
    plain: Vec<u8>,
    charset: Vec<u8>,
    bytes: Vec<u8>,
}

impl Words {
    fn encoded(&mut self, charset: &[u8], bytes: &[u8]) {
        let adjacent = self.plain.iter().all(|&b| is_blank(b));
        if self.bytes.is_empty() || !adjacent {
            self.flush();
        } else {
            self.plain.clear();
            if !self.charset.eq_ignore_ascii_case(charset) {
                self.flush();
            }
        }
        self.charset = charset.to_vec();
        self.bytes.extend_from_slice(bytes);
    }

    fn plain(&mut self, bytes: &[u8]) {
        self.plain.extend_from_slice(bytes);
    }

    fn flush(&mut self) {
        self.text.push_str(&encoding::text(&self.bytes, Some(&self.charset)));
        self.text.push_str(&encoding::text(&self.plain, None));
        self.bytes.clear();
        self.plain.clear();
    }

    fn finish(mut self) -> String {
        self.flush();
        self.text
    }
}

/// The encoded word that begins here: its character set, its bytes, and the place behind it. Blanks in its text are
/// against the rules and common. Each try stops at the next `?` that is out of place: the time stays linear.
fn encoded_word(text: &[u8], at: usize) -> Option<(&[u8], Vec<u8>, usize)> {
    let mut cursor = Cursor { text, at };
    let until_mark = |cursor: &mut Cursor<'_>| cursor.take_while(|b| b != b'?').len();
    if !cursor.take(b'=') || !cursor.take(b'?') {
        return None;
    }
    let start = cursor.at;
    // No name of a character set is longer than 45 (IANA); a language may follow it (RFC 2231 section 5).
    let named = &text[start..text.len().min(start + 80)];
    let length = named.iter().position(|&b| b == b'?' || b <= b' ').filter(|&length| length > 0)?;
    let charset = named[..length].split(|&b| b == b'*').next().unwrap_or_default();
    cursor.at = start + length;
    if !cursor.take(b'?') {
        return None;
    }
    let kind = cursor.next_byte()?.to_ascii_lowercase();
    if !cursor.take(b'?') {
        return None;
    }
    let start = cursor.at;
    let coded = &text[start..start + until_mark(&mut cursor)];
    if !cursor.take(b'?') || !cursor.take(b'=') {
        return None;
    }
    match kind {
        b'b' => Some((charset, encoding::base64(coded), cursor.at)),
        b'q' => Some((charset, encoding::q(coded), cursor.at)),
        _ => None,
    }
}

/// Blanks and line ends: inside a value they are all one.
#[must_use]
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What a word before the parameters may be made of: a token of RFC 2045 section 5.1 and the slash.
fn is_value_byte(byte: u8) -> bool {
    byte > b' ' && byte != 127 && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'@' | b',' | b';' | b':' | b'\\' | b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_limits_and_says_what_was_cut() {
        let many = Parameterised::parse(format!("a{}", "; b=c".repeat(PARAMETER_LIMIT + 1)).as_bytes());
        assert!(many.malformed && many.parameters.len() == PARAMETER_LIMIT);
        assert!(decode_words(&vec![b'a'; VALUE_LIMIT + 1]).ends_with('\u{2026}'));
    }
}
