//! The header block of a message as bytes: its fields in order, nothing decoded, nothing lost.
//!
//! Promises: never fails; every byte of the block belongs to the mbox line, a field or a stray line; what is
//! wrong with it is in `defects`. Never touches: meaning (that is `facts`), anything outside memory.

/// Most bytes of a header block; beyond that the message is held as malformed. Real mail stays below 64 KiB;
/// at this size the slowest parser needs 36 ms (measured).
pub const HEAD_LIMIT: usize = 256 * 1024;
/// Most fields of a header block.
pub const FIELD_LIMIT: usize = 2_000;
/// Most bytes of one field's value that are given to a parser: decoding encoded words is quadratic.
pub const VALUE_LIMIT: usize = 64 * 1024;

/// The header block.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// The mbox `From ` line that some callers put on top, without its line end.
    pub mbox_line: Option<&'a [u8]>,
    /// The fields, topmost first.
    pub fields: Vec<Field<'a>>,
    /// What is wrong with the block.
    pub defects: Vec<HeadDefect>,
    /// Where the block itself begins in the bytes it was read from: behind the mbox line.
    pub start: usize,
    /// Where the body begins in the bytes it was read from (behind the empty line).
    pub body: usize,
}

/// One header field, or a line that should have been one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as it stands, without the colon; empty for a line that has none.
    pub name: &'a [u8],
    /// The value as it stands: folded, with the space after the colon, without the last line end.
    pub raw: &'a [u8],
    /// Where the field begins in the bytes it was read from.
    pub start: usize,
    /// Where the next line begins.
    pub end: usize,
}

/// What is wrong with a header block. None of these is ever a reason to lose the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeadDefect {
    /// White space inside a field's name or before its colon: programs differ on what that is.
    BlankInName,
    /// A carriage return that ends no line: programs differ on whether it does.
    LoneCarriageReturn,
    /// No header field at all.
    NoFields,
    /// A NUL byte.
    Nul,
    /// A line that is neither a field nor a continuation of one.
    StrayLine,
    /// The block is longer than [`HEAD_LIMIT`].
    TooLong,
    /// More than [`FIELD_LIMIT`] fields.
    TooManyFields,
    /// A value is longer than [`VALUE_LIMIT`].
    ValueTooLong,
}

impl HeadDefect {
    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HeadDefect::BlankInName => "blank-in-name",
            HeadDefect::LoneCarriageReturn => "lone-carriage-return",
            HeadDefect::NoFields => "no-fields",
            HeadDefect::Nul => "nul",
            HeadDefect::StrayLine => "stray-line",
            HeadDefect::TooLong => "too-long",
            HeadDefect::TooManyFields => "too-many-fields",
            HeadDefect::ValueTooLong => "value-too-long",
        }
    }
}

impl<'a> Head<'a> {
    /// Reads the block from the start of a message. `bytes` may end anywhere.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Head<'a> {
        let mut head = Head { mbox_line: None, fields: Vec::new(), defects: Vec::new(), start: 0, body: bytes.len() };
        let mut at = head.take_mbox_line(bytes);
        head.start = at;
        while at < bytes.len() {
            let next = line_end(bytes, at);
            let line = trim_line_end(&bytes[at..next]);
            if line.is_empty() {
                head.body = next;
                break;
            }
            if at - head.start >= HEAD_LIMIT {
                head.note(HeadDefect::TooLong);
                head.body = at;
                break;
            }
            if head.fields.len() >= FIELD_LIMIT {
                head.note(HeadDefect::TooManyFields);
                head.body = end_of_block(bytes, at);
                break;
            }
            at = head.take_field(bytes, at, next);
        }
        if head.fields.is_empty() {
            head.note(HeadDefect::NoFields);
        }
        head
    }

    /// All fields of this name, topmost first. Names are compared as RFC 5322 section 1.2.2 says: without case.
    /// A name with blanks in it is found too, since some programs read it so; the defect is noted.
    pub fn all<'s, 'n: 's>(
        &'s self,
        name: &'n str,
    ) -> impl DoubleEndedIterator<Item = &'s Field<'a>> + use<'s, 'a, 'n> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The only field of this name; none if there is none or more than one.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&Field<'a>> {
        let mut all = self.fields.iter().filter(|field| field.is(name));
        let first = all.next();
        if all.next().is_some() { None } else { first }
    }

    /// The topmost field of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// The lines that the delivering mail system itself put on top, which differ from one attempt to the next:
    /// everything above the first field that it did not add for this delivery.
    #[must_use]
    pub fn caller_fields(&self) -> &[Field<'a>] {
        let own = |field: &Field<'_>| CALLER_FIELDS.iter().any(|name| field.is(name));
        let count = self.fields.iter().take_while(|field| own(field)).count();
        &self.fields[..count]
    }

    /// Where the message begins that the sender's side handed over: behind the mbox line and the caller's fields.
    #[must_use]
    pub fn message_start(&self) -> usize {
        self.caller_fields().last().map_or(self.start, |field| field.end)
    }

    /// Where the first field begins: behind the mbox line and a line of blanks.
    #[must_use]
    pub fn first_field(&self) -> usize {
        let blank = self.fields.first().filter(|line| line.name.is_empty() && line.raw.trim_ascii().is_empty());
        blank.map_or(self.start, |line| line.end)
    }

    fn take_mbox_line(&mut self, bytes: &'a [u8]) -> usize {
        let rest = bytes.strip_prefix(b">").unwrap_or(bytes).strip_prefix(b"From ");
        // `From : bob@x` is a From field in the obsolete syntax, not an mbox line.
        if rest.is_some_and(|rest| !rest.trim_ascii_start().starts_with(b":")) {
            let next = line_end(bytes, 0);
            self.mbox_line = Some(trim_line_end(&bytes[..next]));
            return next;
        }
        0
    }

    /// Takes one field with its continuation lines and gives the place behind it.
    fn take_field(&mut self, bytes: &'a [u8], start: usize, first_end: usize) -> usize {
        let mut end = first_end;
        while end < bytes.len() && matches!(bytes[end], b' ' | b'\t') && end - self.start <= HEAD_LIMIT {
            // A line of nothing but blanks is a continuation too (RFC 5322 section 4.2).
            end = line_end(bytes, end);
        }
        let text = trim_line_end(&bytes[start..end]);
        self.inspect(text);
        let colon = text.iter().position(|&b| b == b':' || b == b'\n');
        let field = match colon {
            Some(at) if at > 0 && text[at] == b':' && !matches!(text[0], b' ' | b'\t') => {
                Field { name: &text[..at], raw: &text[at + 1..], start, end }
            }
            _ => {
                // Web mail that shows the source of a message puts a line of blanks on top; it holds nothing that any
                // program could read otherwise.
                if start > self.start || !text.trim_ascii().is_empty() {
                    self.note(HeadDefect::StrayLine);
                }
                Field { name: b"", raw: text, start, end }
            }
        };
        if field.name.iter().any(|&b| b <= b' ' || b >= 127) {
            self.note(HeadDefect::BlankInName);
        }
        if field.raw.len() > VALUE_LIMIT {
            self.note(HeadDefect::ValueTooLong);
        }
        self.fields.push(field);
        end
    }

    fn inspect(&mut self, text: &[u8]) {
        if text.contains(&0) {
            self.note(HeadDefect::Nul);
        }
        // CR CR LF is a common transfer accident and every program reads it as one line end.
        let lone = |pair: &[u8]| pair[0] == b'\r' && !matches!(pair[1], b'\n' | b'\r');
        if text.contains(&b'\r') && (text.windows(2).any(lone) || text.ends_with(b"\r")) {
            self.note(HeadDefect::LoneCarriageReturn);
        }
    }

    fn note(&mut self, defect: HeadDefect) {
        if !self.defects.contains(&defect) {
            self.defects.push(defect);
        }
    }
}

impl Field<'_> {
    /// Whether this is the field of that name, white space in the name passed over.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let mut wanted = name.bytes();
        let mut seen = self.name.iter().filter(|b| !b.is_ascii_whitespace());
        !self.name.is_empty()
            && seen.all(|b| wanted.next().is_some_and(|w| w.eq_ignore_ascii_case(b)))
            && wanted.next().is_none()
    }

    /// The value with folds undone (RFC 5322 section 2.2.3) and blanks trimmed, as bytes; nothing decoded.
    #[must_use]
    pub fn unfolded(&self) -> Vec<u8> {
        let folded = |b: &u8| matches!(b, b'\r' | b'\n');
        let mut value = Vec::with_capacity(self.raw.len());
        self.raw.trim_ascii().split(folded).for_each(|line| value.extend_from_slice(line));
        value
    }

    /// The unfolded value as text; bytes that are not UTF-8 become U+FFFD. For fields whose syntax is ASCII.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.unfolded();
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Whether the value is small enough for a parser.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.raw.len() <= VALUE_LIMIT
    }
}

/// What Postfix, Exim, Dovecot and OpenSMTPD put on top at delivery (reference: the callers' table).
const CALLER_FIELDS: [&str; 5] = ["Return-Path", "Delivered-To", "X-Original-To", "Envelope-To", "Delivery-Date"];

/// A date as fields write it (RFC 5322 section 3.3), in seconds since 1970.
#[must_use]
pub fn moment(text: &str) -> Option<i64> {
    mailparse::dateparse(text.trim()).ok()
}

/// Where the line that begins at `start` ends, behind its line feed.
fn line_end(bytes: &[u8], start: usize) -> usize {
    first(&bytes[start..], b'\n').map_or(bytes.len(), |at| start + at + 1)
}

/// Where the byte stands first. Without a branch for each byte, so that many are looked at in one step.
#[must_use]
pub fn first(bytes: &[u8], wanted: u8) -> Option<usize> {
    const STEP: usize = 32;
    let holds = |piece: &[u8]| piece.iter().fold(false, |found, byte| found | (*byte == wanted));
    let passed = bytes.chunks_exact(STEP).take_while(|piece| !holds(piece)).count() * STEP;
    bytes[passed..].iter().position(|byte| *byte == wanted).map(|at| passed + at)
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

fn end_of_block(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        let next = line_end(bytes, at);
        if trim_line_end(&bytes[at..next]).is_empty() {
            return next;
        }
        at = next;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_the_block_is_in_a_field() {
        let bytes = b"From bob@x Mon Sep 17\nReturn-Path: <bob@x>\nA: 1\n 2\r\nB:3\n\nbody\n";
        let head = Head::read(bytes);
        assert_eq!(head.mbox_line, Some(&b"From bob@x Mon Sep 17"[..]));
        let mut at = head.start;
        for field in &head.fields {
            assert_eq!(field.start, at);
            at = field.end;
        }
        assert_eq!(&bytes[head.body..], b"body\n");
        assert_eq!(head.fields[1].unfolded(), b"1 2");
        assert_eq!(&bytes[head.message_start()..][..4], b"A: 1");
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..100 {
            for at in 0..length {
                let mut bytes = vec![b'a'; length];
                bytes[at..].fill(b'b');
                assert_eq!((first(&bytes, b'b'), first(&bytes, b'c')), (Some(at), None), "{at} of {length}");
            }
        }
    }

    #[test]
    fn the_limits_are_said_not_cut_in_silence() {
        let many = b"A: 1\n".repeat(FIELD_LIMIT + 1);
        assert!(Head::read(&many).defects.contains(&HeadDefect::TooManyFields));
        let long = [b"A: ".to_vec(), vec![b'x'; VALUE_LIMIT], b"\n\n".to_vec()].concat();
        assert_eq!(Head::read(&long).defects, [HeadDefect::ValueTooLong]);
        let huge =
            [b"A: x\n".to_vec(), [b"B: ".to_vec(), vec![b'y'; 60_000], b"\n".to_vec()].concat().repeat(6)].concat();
        assert!(Head::read(&huge).defects.contains(&HeadDefect::TooLong));
    }
}
