//! Whom the recipient fields name, read as generously as mail programs write them.
//!
//! Promises: one pass, linear in time, never fails: what one neighbour's entry breaks, an angle bracket, quotation mark or
//! parenthesis without its end, does not hide the next one. Only whole addresses are found, not what stands in a name
//! (that is all of an entry before its last angle bracket), a comment or an encoded word. Never touches: From, which is read strictly (`facts.rs`); whether anything is proven.

use super::address::Address;
use super::fold::is_blank;

/// Longest encoded word that is passed over as one; RFC 2047 section 2 allows 75.
const ENCODED_WORD_LIMIT: usize = 200;

/// The addresses in the value of To, Cc or a field like them, in their order; at most `limit`.
#[must_use]
pub fn recipients(value: &[u8], limit: usize) -> Vec<Address> {
    let mut scan = Scan { text: value, at: 0, comments: true, quotations: true, gap: false, begun: false, word: None };
    let mut found = Vec::new();
    // So many of them certainly stand in no name.
    let mut certain = 0;
    let mut bracket = false;
    while certain < limit
        && let Some(byte) = scan.peek()
    {
        let address = match byte {
            b'@' => scan.address(),
            b'"' if scan.quotations => scan.quotation(),
            b'(' if scan.comments => scan.comment(),
            _ => {
                // What stands before an angle bracket is a name, and so is what stands before a group's colon.
                if byte == b'<' || byte == b':' && !bracket {
                    found.truncate(certain);
                }
                let separator = matches!(byte, b',' | b';');
                if separator || byte == b'>' && bracket {
                    certain = found.len();
                }
                bracket = byte == b'<' || bracket && !separator && byte != b'>';
                scan.word_or_mark(byte)
            }
        };
        found.extend(address.filter(|_| found.len() < limit));
    }
    found
}

/// How far a value is read.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether parentheses still mean something: not behind one that is never closed.
    comments: bool,
    /// Whether quotation marks still mean something.
    quotations: bool,
    /// Whether blanks or comments stand since the last word.
    gap: bool,
    /// Whether the entry has begun: something stands since the last separator.
    begun: bool,
    /// The last word, which is a local part if an `@` follows, and whether it is the entry's first.
    word: Option<(&'a [u8], bool)>,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&b| !belongs(b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn keep(&mut self, word: &'a [u8]) {
        self.word = Some((word, !self.begun));
        self.begun = true;
        self.gap = false;
    }

    /// Takes a word, or the one byte that is none.
    fn word_or_mark(&mut self, byte: u8) -> Option<Address> {
        if is_word(byte) {
            let word = self.encoded_word().unwrap_or_else(|| self.take_while(is_word));
            self.keep(word);
            return None;
        }
        // A backslash takes the meaning from what follows it, here too.
        self.at += if byte == b'\\' { 2 } else { 1 };
        self.at = self.at.min(self.text.len());
        if is_blank(byte) {
            self.gap = true;
        } else {
            self.word = None;
            self.begun = !matches!(byte, b'<' | b',' | b';' | b':');
        }
        None
    }

    /// `=?…?=`, whatever stands in it.
    fn encoded_word(&mut self) -> Option<&'a [u8]> {
        let near = &self.text[self.at..self.text.len().min(self.at + ENCODED_WORD_LIMIT)];
        let inner = near.strip_prefix(b"=?")?;
        let marks = |pair: &[u8]| pair == b"?=";
        // The encoded text itself may begin with `=`.
        let (charset, kind) = (inner.iter().position(|&b| b == b'?')?, 3);
        let text = inner.get(charset + kind..)?;
        let end = 2 + charset + kind + text.windows(2).position(marks)? + 2;
        let whole = near.get(..end).filter(|word| !word.iter().any(|&b| is_blank(b)))?;
        self.at += end;
        Some(whole)
    }

    /// A quoted string is a name or a local part; alone it may be a whole address. One that swallows an entry, or whose end
    /// has a word directly behind it, is none: its first mark has no second one.
    fn quotation(&mut self) -> Option<Address> {
        let start = self.at;
        let alone = !self.begun;
        let Some(end) = closed(&self.text[start..], b'"', b'"') else {
            self.quotations = false;
            return self.word_or_mark(b'"');
        };
        let whole = &self.text[start..start + end];
        let behind = self.text.get(start + end).copied();
        if swallows(whole) || behind.is_some_and(|b| is_word(b) && b != b'.') {
            return self.word_or_mark(b'"');
        }
        self.at += end;
        self.keep(whole);
        let next = self.text[self.at..].iter().copied().find(|&b| !is_blank(b));
        if !alone || !matches!(next, None | Some(b',' | b';')) {
            return None;
        }
        parse(whole[1..end - 1].trim_ascii())
    }

    fn comment(&mut self) -> Option<Address> {
        match closed(&self.text[self.at..], b'(', b')') {
            Some(end) if !swallows(&self.text[self.at..self.at + end]) => {
                self.at += end;
                self.gap = true;
                None
            }
            _ => {
                self.comments = false;
                self.word_or_mark(b'(')
            }
        }
    }

    /// What stands around this `@`. Blanks there are obsolete (RFC 5322 section 4.4) and read only where no name stands in
    /// front and a dot in the domain: `Bob @ work` is a name.
    fn address(&mut self) -> Option<Address> {
        let (gap, word) = (self.gap, self.word.take());
        self.begun = true;
        self.at += 1;
        let here = self.at;
        let (mut local, first) = word?;
        let blanks = !self.take_while(is_blank).is_empty();
        if (gap || blanks) && !first {
            self.at = here;
            return None;
        }
        let start = self.at;
        if self.peek() == Some(b'[') {
            self.take_while(|b| b != b']' && !is_blank(b));
            self.at += usize::from(self.peek() == Some(b']'));
        } else {
            self.take_while(is_domain);
        }
        let domain = &self.text[start..self.at];
        if (gap || blanks) && !domain.contains(&b'.') {
            return None;
        }
        if self.peek() == Some(b'@') {
            // Programs differ on which of two counts.
            self.take_while(|b| is_word(b) || b == b'@');
            return None;
        }
        if self.peek() == Some(b'\'') {
            local = local.strip_prefix(b"'").unwrap_or(local);
        }
        parse(&[local, b"@", domain].concat())
    }
}

fn parse(text: &[u8]) -> Option<Address> {
    let unfolded: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    Address::parse(&String::from_utf8_lossy(&unfolded)).ok()
}

/// How many bytes what begins here takes, up to and with its end; for parentheses, which nest, the outermost.
fn closed(text: &[u8], open: u8, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            _ if byte == close && depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ if byte == open => depth += 1,
            _ => {}
        }
    }
    None
}

/// Whether another entry ends in it: `>` and a comma behind it, after an address.
fn swallows(text: &[u8]) -> bool {
    let mut bracket = false;
    text.contains(&b'@')
        && text.iter().any(|&b| {
            let ends = bracket && matches!(b, b',' | b';');
            bracket = b == b'>' || (bracket && is_blank(b));
            ends
        })
}

/// The characters of a dot-atom (RFC 5322 section 3.2.3), and those outside ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'-' | b'.' | b'_')
}
