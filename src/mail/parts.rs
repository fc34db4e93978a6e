//! The parts of a message's body, found by the boundaries (RFC 2046), still encoded.
//!
//! Promises: one pass over the lines, at most one more a depth where a part has no empty line behind its fields, and one
//! over those that begin with two hyphens; no recursion, bounded depth and count; what was left out because of a limit is
//! said. A damaged structure is read as mail programs read it, so that text is never lost to it. Only what is no attachment
//! and in no message inside the message is the sender's text: what somebody forwards is not what they say. Never touches:
//! the content of a part (`encoding`, `html`, `content`, `executable`), what a type means (`media.rs`).

use std::borrow::Cow;

pub use super::delimiters::BOUNDARY_LIMIT;
use super::delimiters::Delimiters;
use super::encoding;
use super::fold::is_blank;
use super::head::{Head, first};
pub use super::media::Transfer;
use super::media::{Media, transfer};

/// Most multiparts inside one another; real mail has four.
pub const DEPTH_LIMIT: usize = 10;
/// Most parts of a message that are looked at.
pub const PART_LIMIT: usize = 100;
/// How far the first delimiter is looked for before all of them are.
const NEAR: usize = 4 * 1024;
/// Longest word, on average, of a text that is written plainly.
const WORD_LIMIT: usize = 16;
/// Most Content-Type and Content-Disposition fields of one part that are kept; a part has one of each.
const FIELDS_LIMIT: usize = 8;

/// The parts of a body that are not multiparts themselves, in their order.
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// Every such part; a message inside the message is one part.
    pub all: Vec<Part<'a>>,
    /// The multiparts around them, in the order in which they begin.
    pub multiparts: Vec<Container<'a>>,
    /// Whether something was not looked at: a limit was reached.
    pub unexamined: bool,
}

/// A multipart.
#[derive(Clone, Debug)]
pub struct Container<'a> {
    /// Its media type in lower case, such as `multipart/report`.
    pub kind: String,
    /// Its Content-Type and Content-Disposition fields as they stand.
    pub fields: Vec<&'a [u8]>,
    /// How many multiparts are around it; 0 is the message itself.
    pub depth: usize,
    /// The one part that it is to other programs, where only some take it for a multipart.
    pub alone: Option<Part<'a>>,
}

/// One part that holds something.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Its bytes, still encoded.
    pub bytes: &'a [u8],
    /// How they are encoded.
    pub transfer: Transfer,
    /// Its media type in lower case, the best reading of it; `text/plain` where none is given.
    pub kind: String,
    /// Its Content-Type and Content-Disposition fields as they stand: all of them, since programs differ on which
    /// one of two they read.
    pub fields: Vec<&'a [u8]>,
    /// The character set's name, if one is given.
    pub charset: Option<Vec<u8>>,
    /// Whether it, or a multipart around it, is an attachment.
    pub attached: bool,
    /// Whether a mail reader shows it as text.
    pub is_text: bool,
    /// The number of the innermost `multipart/alternative` around it: parts with one number say the same.
    pub alternative: Option<usize>,
}

/// The parts of the body that follows this header block.
#[must_use]
pub fn parts<'a>(head: &Head<'a>, body: &'a [u8]) -> Parts<'a> {
    let mut walk = Walk {
        body,
        open: Vec::new(),
        place: Place::Between,
        alternatives: 0,
        parts: Parts::default(),
        before: Vec::new(),
        delimiters: None,
    };
    walk.begin(head, 0);
    let mut count = 0;
    let mut at = 0;
    // Without a multipart no line ends anything.
    while !(walk.open.is_empty() && matches!(walk.place, Place::Between | Place::Content(_))) {
        let next = first(&body[at..], b'\n').map_or(body.len(), |end| at + end + 1);
        let line = &body[at..next];
        let delimiter = walk.delimiter(line.trim_ascii_end());
        let ends = delimiter.is_some() || at >= body.len();
        if let Some(content) = if ends { walk.end_fields(at) } else { walk.field(line, at, next) } {
            at = content;
            continue;
        }
        if at >= body.len() {
            break;
        }
        if let Some((depth, closed)) = delimiter {
            walk.end(at, depth, closed);
            count += 1;
            if count > PART_LIMIT {
                walk.parts.unexamined = true;
                break;
            }
            let block = Block { start: next, stray: None, strays: false, delimited: false };
            walk.place = if closed.is_some() { Place::Between } else { Place::Fields(block) };
        }
        at = next;
    }
    walk.end_all(body.len(), 0);
    walk.parts.all.extend(walk.preambles());
    walk.parts
}

impl<'a> Parts<'a> {
    /// Those that a mail reader shows as the sender's text: HTML and whatever is text without being made for another
    /// program, unless it is attached.
    pub fn texts(&self) -> impl Iterator<Item = &Part<'a>> {
        self.all.iter().filter(|part| part.is_text)
    }
}

impl Part<'_> {
    /// Its bytes, or those of a piece of it, with the transfer encoding undone.
    #[must_use]
    pub fn decoded<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match self.transfer {
            Transfer::Base64 => Cow::Owned(encoding::base64(bytes)),
            Transfer::QuotedPrintable => Cow::Owned(encoding::quoted_printable(bytes)),
            Transfer::Plain | Transfer::Private => Cow::Borrowed(bytes),
        }
    }

    /// What it says, still as HTML where it is that.
    #[must_use]
    pub fn text(&self) -> String {
        encoding::text(&self.decoded(self.bytes), self.charset.as_deref())
    }

    /// Whether it is HTML.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.kind == "text/html"
    }
}

/// Where the walk is, and what it has found.
struct Walk<'a> {
    body: &'a [u8],
    open: Vec<Multipart>,
    place: Place,
    alternatives: usize,
    parts: Parts<'a>,
    /// What stands before the first part of each multipart that is not attached.
    before: Vec<&'a [u8]>,
    /// The lines of the body that may delimit parts, once a multipart asks for them.
    delimiters: Option<Delimiters<'a>>,
}

/// A multipart that has not ended yet.
struct Multipart {
    /// The readings of its boundary that delimit anything and have not been closed yet. Programs differ on which of several
    /// they take, so each one's parts are parts.
    boundaries: Vec<Vec<u8>>,
    alternative: Option<usize>,
    /// Whether it, or a multipart around it, is an attachment.
    attached: bool,
    /// In a digest a part without a type is a whole message (RFC 2046 section 5.1.5).
    digest: bool,
    /// Its place among the multiparts found, and where its content begins.
    place: (usize, usize),
}

/// What the current line belongs to.
enum Place {
    /// To nothing: before, behind or between parts.
    Between,
    /// To the header fields of a part.
    Fields(Block),
    /// To the content, which begins here, of the part noted last.
    Content(usize),
    /// To what stands, from here, before the first part of the multipart opened last.
    Preamble(usize),
}

/// The header fields of a part, as far as they have been read.
#[derive(Clone, Copy)]
struct Block {
    /// Where they begin.
    start: usize,
    /// The first line that is none, unless a `Content-` field follows: where the content begins if no empty line comes.
    stray: Option<usize>,
    /// Whether there was any such line.
    strays: bool,
    /// Whether that line delimits the multipart which the fields declare, so that what follows is in that one.
    delimited: bool,
}

impl<'a> Walk<'a> {
    /// The multipart that this line delimits, the innermost first, and which of its boundaries the line closes, if any.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, Option<usize>)> {
        let rest = line.strip_prefix(b"--")?;
        self.open.iter().enumerate().rev().find_map(|(depth, multipart)| {
            let at = |wanted: &[u8]| multipart.boundaries.iter().position(|boundary| boundary == wanted);
            let closed = || rest.strip_suffix(b"--").and_then(at).map(|closed| (depth, Some(closed)));
            at(rest).map(|_| (depth, None)).or_else(closed)
        })
    }

    /// Reads on in a part's fields, if this line stands among them; gives the place of its content, if that begins before
    /// the next line.
    fn field(&mut self, line: &[u8], at: usize, next: usize) -> Option<usize> {
        let Place::Fields(mut block) = self.place else { return None };
        if line.trim_ascii().is_empty() {
            return self.end_fields(next);
        }
        let field = is_field(line);
        if block.stray.is_none() && !field && (at == block.start || !is_blank(line[0])) {
            block.delimited |= !block.strays && is_declared(&self.body[block.start..at], line);
            block.strays = true;
            block.stray = Some(at);
        } else if field && !block.delimited && line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"))
        {
            block.stray = None;
        }
        self.place = Place::Fields(block);
        None
    }

    /// Begins the part whose fields, if they are being read, end here. Where no empty line parts them from the content, that
    /// begins with the first line that is no field; it is given where it has been passed.
    fn end_fields(&mut self, at: usize) -> Option<usize> {
        let Place::Fields(Block { start, stray, .. }) = self.place else { return None };
        let content = stray.unwrap_or(at);
        if start < at {
            self.begin(&Head::read(&self.body[start..content]), content);
        }
        stray
    }

    /// Decides what to do with a part, or with the message itself, whose content begins at `start`.
    fn begin(&mut self, head: &Head<'a>, start: usize) {
        self.place = Place::Between;
        let digest = self.open.last().is_some_and(|multipart| multipart.digest);
        let mut media = Media::read(head, digest);
        media.attached |= self.open.last().is_some_and(|multipart| multipart.attached);
        for multipart in &media.multiparts {
            if self.open.len() >= DEPTH_LIMIT {
                self.parts.unexamined = true;
                return;
            }
            let boundaries = self.boundaries(&multipart.boundaries, start);
            if !boundaries.is_empty() {
                let (kind, depth) = (format!("multipart/{}", multipart.subtype), self.open.len());
                let (subtype, attached) = (multipart.subtype.clone(), media.attached);
                let alone = media.is_doubtful.then(|| self.part(media, head));
                self.parts.multiparts.push(Container { kind, fields: fields(head), depth, alone });
                return self.open_multipart(&subtype, boundaries, attached, start);
            }
        }
        // Where nothing delimits the parts of a multipart, it has none, and what stands there is text.
        media.look_at(&self.body[start..]);
        let part = self.part(media, head);
        self.parts.all.push(part);
        self.place = Place::Content(start);
    }

    /// A part whose content is not known yet.
    fn part(&self, media: Media, head: &Head<'a>) -> Part<'a> {
        Part {
            bytes: &[],
            transfer: transfer(head),
            kind: media.kind,
            fields: fields(head),
            charset: media.charset,
            attached: media.attached,
            is_text: media.is_text && !media.attached,
            alternative: self.open.iter().rev().find_map(|multipart| multipart.alternative),
        }
    }

    /// The boundaries that the lines from `start` on have: of those given, else the one that they look like.
    fn boundaries(&mut self, given: &[Vec<u8>], start: usize) -> Vec<Vec<u8>> {
        self.parts.unexamined |= given.iter().any(|boundary| boundary.len() > BOUNDARY_LIMIT);
        // In most messages the first line that there is.
        let near = &self.body[start..self.body.len().min(start + NEAR)];
        if let [only] = given
            && only.len() <= BOUNDARY_LIMIT
            && near.split(|&b| b == b'\n').any(|line| line.trim_ascii_end().strip_prefix(b"--") == Some(only))
        {
            return given.to_vec();
        }
        let lines = self.delimiters.get_or_insert_with(|| Delimiters::of(self.body));
        let used: Vec<Vec<u8>> = given.iter().filter(|boundary| lines.used(boundary, start)).cloned().collect();
        if !used.is_empty() {
            return used;
        }
        let outer = |rest: &[u8]| {
            let boundary = rest.strip_suffix(b"--").unwrap_or(rest);
            self.open.iter().flat_map(|multipart| &multipart.boundaries).any(|own| own == boundary)
        };
        lines.guess(start, outer).map(<[u8]>::to_vec).into_iter().collect()
    }

    fn open_multipart(&mut self, subtype: &str, boundaries: Vec<Vec<u8>>, attached: bool, start: usize) {
        let alternative = (subtype == "alternative").then_some(self.alternatives);
        self.alternatives += usize::from(alternative.is_some());
        let digest = subtype == "digest";
        let place = (self.parts.multiparts.len() - 1, start);
        self.open.push(Multipart { boundaries, alternative, attached, digest, place });
        self.place = Place::Preamble(start);
    }

    /// Ends what this delimiter ends, before the line that begins here.
    fn end(&mut self, at: usize, depth: usize, closed: Option<usize>) {
        self.end_all(at, depth + 1);
        if let Some(closed) = closed {
            self.open[depth].boundaries.remove(closed);
            if self.open[depth].boundaries.is_empty() {
                self.end_all(at, depth);
            }
        }
    }

    /// Ends the part, if one is open, and the multiparts from this depth on.
    fn end_all(&mut self, at: usize, depth: usize) {
        match self.place {
            Place::Content(start) => {
                if let Some(part) = self.parts.all.last_mut() {
                    part.bytes = &self.body[start..at];
                    if part.transfer == Transfer::Private && has_words(part.bytes) {
                        part.transfer = Transfer::Plain;
                    }
                }
            }
            Place::Preamble(start) if !self.open.last().is_some_and(|multipart| multipart.attached) => {
                self.before.push(&self.body[start..at]);
            }
            _ => {}
        }
        for (number, start) in self.open.drain(depth..).map(|multipart| multipart.place) {
            if let Some(alone) = self.parts.multiparts[number].alone.as_mut() {
                alone.bytes = &self.body[start..at];
            }
        }
        self.place = Place::Between;
    }

    /// What stands before the first parts, where no part has text: nobody else says anything then. With text in a part it
    /// is the words of a program to those who cannot read parts, and mail programs hide it.
    fn preambles(&self) -> Vec<Part<'a>> {
        let says = |bytes: &[u8]| !bytes.trim_ascii().is_empty();
        if self.parts.texts().any(|part| says(part.bytes)) {
            return Vec::new();
        }
        let part = |bytes| Part {
            bytes,
            transfer: Transfer::Plain,
            kind: "text/plain".to_owned(),
            fields: Vec::new(),
            charset: None,
            attached: false,
            is_text: true,
            alternative: None,
        };
        self.before.iter().copied().filter(|bytes| says(bytes)).map(part).collect()
    }
}

/// Whether the line begins a field: a name without blanks, and a colon.
fn is_field(line: &[u8]) -> bool {
    let name = line.iter().position(|&b| b == b':').map(|colon| line[..colon].trim_ascii_end());
    name.is_some_and(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic))
}

/// Whether the line delimits the multipart that these fields declare.
fn is_declared(fields: &[u8], line: &[u8]) -> bool {
    let boundary = line.trim_ascii_end().strip_prefix(b"--");
    let multiparts = || Media::read(&Head::read(fields), false).multiparts;
    boundary.is_some_and(|line| multiparts().iter().flat_map(|one| &one.boundaries).any(|own| own == line))
}

/// Whether blanks part the words of a text as they do where it is written plainly, whatever its encoding is called: in what
/// is encoded hardly any stand. A uuencoded file, in which some programs write a blank for a zero, has its own first line.
fn has_words(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    let blanks = text.iter().filter(|b| is_blank(**b) && !matches!(b, b'\r' | b'\n')).count();
    !text.starts_with(b"begin ") && !text.contains(&0) && blanks * WORD_LIMIT >= text.len() && blanks > 0
}

/// The fields that say what a part is.
fn fields<'a>(head: &Head<'a>) -> Vec<&'a [u8]> {
    let wanted = head.fields.iter().filter(|field| field.is("Content-Type") || field.is("Content-Disposition"));
    wanted.map(|field| field.raw).take(FIELDS_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a message, as text: `html:2:…` is HTML in the alternative 2.
    fn parts(message: &str) -> (Vec<String>, bool) {
        let bytes = message.as_bytes();
        let head = Head::read(bytes);
        let parts = super::parts(&head, &bytes[head.body..]);
        let show = |part: &Part<'_>| {
            let kind = if part.is_html() { "html" } else { "text" };
            let number = part.alternative.map_or(String::new(), |number| number.to_string());
            format!("{kind}:{number}:{}", String::from_utf8_lossy(part.bytes).trim())
        };
        (parts.texts().map(show).collect(), parts.unexamined)
    }

    #[test]
    fn what_cannot_be_walked_is_said() {
        let long = "b".repeat(BOUNDARY_LIMIT + 1);
        assert!(parts(&format!("Content-Type: multipart/mixed; boundary={long}\n\n--{long}\n\na")).1);
        let part = "--b\n\na\n";
        assert_eq!(
            parts(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(PART_LIMIT))).0.len(),
            PART_LIMIT
        );
        let (texts, unexamined) =
            parts(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(PART_LIMIT + 1)));
        assert!(unexamined && texts.len() == PART_LIMIT && texts[PART_LIMIT - 1] == "text::a");
        let nested = |depth: usize| -> String {
            let open = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
            (0..depth).map(open).collect::<String>() + "\na\n"
        };
        assert_eq!(parts(&nested(DEPTH_LIMIT)), (vec!["text::a".to_owned()], false));
        assert_eq!(parts(&nested(DEPTH_LIMIT + 1)), (vec![], true));
    }

    #[test]
    fn a_part_knows_how_it_is_encoded() {
        let head = Head::read(b"Content-Type: text/html; charset=\"x\"\nContent-Transfer-Encoding: (c) Base64\n\n");
        let parts = super::parts(&head, b"a");
        assert!(parts.all[0].is_html() && parts.all[0].transfer == Transfer::Base64);
        assert_eq!(parts.all[0].charset.as_deref(), Some(&b"x"[..]));
    }
}
