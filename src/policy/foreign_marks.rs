//! Fields of our name that came with a message: they are renamed, since whoever wrote them, it was not this program.
//!
//! Promises: every one is found to the end of the header block as any program may see it, however long that is and
//! wherever it may begin a line; all else stays byte for byte; memory does not grow with the message. Never touches: fields
//! that this program wrote.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::mail::head::{Head, HeadDefect};

/// What every field of ours begins with.
const PREFIX: &[u8] = b"X-Countersign";
/// Most bytes of a name, with the blanks in it, that are kept until it is known.
const NAME_LIMIT: usize = 1024;

/// A message on its way through, from its first byte to its last.
#[derive(Debug)]
pub struct ForeignMarks {
    /// Whether the block is over for every program.
    over: bool,
    /// What may be the beginning of a name of ours: since the last line end, and not given out yet.
    name: Vec<u8>,
    /// How much of [`PREFIX`] that is; none where it is none.
    matched: Option<usize>,
    /// Whether the line so far is nothing but carriage returns.
    blank: bool,
    /// Carriage returns at the end of what was seen of the line.
    returns: usize,
    /// Whether every line so far ended with one.
    network: bool,
}

impl ForeignMarks {
    /// Begins with the start of a message, which is all of it or goes beyond its header block or the limits of
    /// [`Head::read`]. Gives it without the mbox line. Then comes [`ForeignMarks::rest`], then [`ForeignMarks::end`].
    #[must_use]
    pub fn begin(start: &[u8], head: &Head<'_>) -> (Vec<u8>, ForeignMarks) {
        let mut marks =
            ForeignMarks { over: false, name: Vec::new(), matched: Some(0), blank: true, returns: 0, network: true };
        // Nearly always all programs agree on where the block ends.
        let cut = head.defects.iter().any(|d| matches!(d, HeadDefect::TooLong | HeadDefect::TooManyFields));
        if !cut && head.body > head.start && memchr(b'\r', &start[head.start..head.body]).is_none() {
            marks.over = start[..head.body].ends_with(b"\n\n") || head.body == head.start + 1;
            if marks.over {
                return (of_fields(start, head), marks);
            }
        }
        let mut out = Vec::with_capacity(start.len() + 16);
        marks.push(&start[head.start..], &mut out);
        (out, marks)
    }

    /// Goes on with what follows.
    pub fn rest<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        if self.over {
            return Cow::Borrowed(piece);
        }
        let mut out = Vec::with_capacity(piece.len() + 16);
        self.push(piece, &mut out);
        Cow::Owned(out)
    }

    /// What is left when the message has ended.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        self.name
    }

    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while at < piece.len() {
            if self.over {
                out.extend_from_slice(&piece[at..]);
                return;
            }
            if self.matched.is_none() {
                let end = memchr2(b'\r', b'\n', &piece[at..]).map_or(piece.len(), |found| at + found);
                if end > at {
                    (self.blank, self.returns) = (false, 0);
                    out.extend_from_slice(&piece[at..end]);
                    at = end;
                    continue;
                }
            }
            match piece[at] {
                b'\n' => self.line_feed(out),
                byte => self.byte(byte, out),
            }
            at += 1;
        }
    }

    fn line_feed(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.name);
        out.push(b'\n');
        // A program that knows no carriage returns reads on behind a line of them; where all lines end so, none can be
        // expected to see more than one long header block in the whole message.
        self.over = self.blank && (self.returns == 0 || self.returns == 1 && self.network);
        self.network &= self.returns > 0;
        (self.matched, self.blank, self.returns) = (Some(0), true, 0);
    }

    /// A byte inside a line. For some programs a carriage return ends one.
    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let after_return = self.returns > 0;
        if byte == b'\r' {
            self.returns += 1;
        } else {
            (self.blank, self.returns) = (false, 0);
        }
        let matched = self.matched.unwrap_or_default();
        let wanted = PREFIX[matched];
        if self.matched.is_some() && byte.eq_ignore_ascii_case(&wanted) {
            self.name.push(byte);
            self.matched = Some(matched + 1);
        } else if self.matched.is_some() && matched > 0 && byte.is_ascii_whitespace() && self.name.len() < NAME_LIMIT {
            self.name.push(byte);
        } else {
            out.append(&mut self.name);
            // Another line may have begun in the middle of it.
            let begins = after_return && byte.eq_ignore_ascii_case(&PREFIX[0]);
            self.matched = begins.then_some(1).or((byte == b'\r').then_some(0));
            if begins { self.name.push(byte) } else { out.push(byte) }
        }
        if self.matched == Some(PREFIX.len()) {
            rename(&self.name, out);
            self.name.clear();
            self.matched = None;
        }
    }
}

/// The same where all fields are known.
fn of_fields(start: &[u8], head: &Head<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(start.len() + 16);
    let mut at = head.start;
    for field in head.fields.iter().filter(|field| is_ours(field.name)) {
        out.extend_from_slice(&start[at..field.start]);
        rename(field.name, &mut out);
        at = field.start + field.name.len();
    }
    out.extend_from_slice(&start[at..]);
    out
}

/// `X-Old-` and everything behind `X-`, wherever blanks stand in the name.
fn rename(name: &[u8], out: &mut Vec<u8>) {
    let hyphen = memchr(b'-', name).map_or(0, |found| found + 1);
    out.extend_from_slice(b"X-Old-");
    out.extend_from_slice(&name[hyphen..]);
}

fn is_ours(name: &[u8]) -> bool {
    let mut seen = name.iter().filter(|b| !b.is_ascii_whitespace());
    PREFIX.iter().all(|wanted| seen.next().is_some_and(|byte| byte.eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a whole, and in pieces of that many bytes behind a start of the same length.
    fn renamed(text: &[u8], start: usize, step: usize) -> String {
        let (first, rest) = text.split_at(start.min(text.len()));
        let (mut out, mut marks) = ForeignMarks::begin(first, &Head::read(first));
        rest.chunks(step).for_each(|piece| out.extend_from_slice(&marks.rest(piece)));
        out.extend(marks.end());
        String::from_utf8(out).unwrap()
    }

    fn whole(text: &str) -> String {
        let out = renamed(text.as_bytes(), text.len(), 1);
        // The start goes beyond the header block, or is all there is: here the slow way from the first byte.
        let mut marks =
            ForeignMarks { over: false, name: Vec::new(), matched: Some(0), blank: true, returns: 0, network: true };
        let mut slow = Vec::new();
        let head = Head::read(text.as_bytes());
        text.as_bytes()[head.start..].chunks(1).for_each(|piece| slow.extend_from_slice(&marks.rest(piece)));
        slow.extend(marks.end());
        assert_eq!(String::from_utf8(slow).unwrap(), out, "{text:?}");
        out
    }

    #[test]
    fn fields_of_our_name_are_renamed_and_nothing_else() {
        let text = "From a@b x\nA: 1\nX-Countersign-Verdict: pass\nx-COUNTERSIGN-id : 1\nX-Counter: 2\n X-Countersign: 3\n\n\
                    X-Countersign: body\n";
        assert_eq!(
            whole(text),
            "A: 1\nX-Old-Countersign-Verdict: pass\nX-Old-COUNTERSIGN-id : 1\nX-Counter: 2\n X-Countersign: 3\n\n\
             X-Countersign: body\n"
        );
        for text in [
            "",
            "\n",
            "\nX-Countersign: x\n",
            "X-Countersig",
            "XX-Countersign: x\n\n",
            "A: b\r\n\r\nX-Countersign: x\r\n",
        ] {
            assert_eq!(whole(text), text);
        }
        assert_eq!(whole("X - Counter sign-Id: x\n\n"), "X-Old- Counter sign-Id: x\n\n");
        assert_eq!(whole("X-Countersign"), "X-Old-Countersign");
    }

    #[test]
    fn a_block_ends_where_it_ends_for_every_program() {
        let forged = "X-Countersign-Verdict: pass\n";
        for (before, renamed) in [
            // Some read on behind carriage returns, in a message of line feeds.
            ("A: b\n\r\n", true),
            ("A: b\n\r\r\n", true),
            ("A: b\r\n\r\r\n", true),
            ("A: b\nC: d\r\n\r\n", true),
            ("\r\r\n", true),
            // A carriage return is a line end for some.
            ("A: b\r", true),
            ("A: b\rX-Count\r", true),
            // It is over for all.
            ("A: b\n\n", false),
            ("A: b\r\nC: d\r\n\r\n", false),
            ("A: b\n\r\n\n", false),
            ("\n", false),
        ] {
            let out = whole(&format!("{before}{forged}"));
            assert_eq!(out.contains("X-Old-Countersign"), renamed, "{before:?}");
            assert_eq!(out.replace("X-Old-", "X-"), format!("{before}{forged}"));
        }
    }

    #[test]
    fn no_limit_hides_one() {
        use crate::mail::head::{FIELD_LIMIT, HEAD_LIMIT};
        let many = "A: 1\n".repeat(FIELD_LIMIT + 100);
        let long = format!("A: {}\n", "x".repeat(HEAD_LIMIT + 40_000));
        let folded = format!("A: x\n{}", " y\n".repeat(HEAD_LIMIT));
        for before in [many, long, folded] {
            let text = format!("{before}X-Countersign-Verdict: pass\n\nX-Countersign: body\n");
            let wanted = format!("{before}X-Old-Countersign-Verdict: pass\n\nX-Countersign: body\n");
            for step in [7, 64 * 1024] {
                // What a delivery has in memory of it, and that it is all there.
                for start in [2 * HEAD_LIMIT, text.len()] {
                    assert_eq!(renamed(text.as_bytes(), start, step), wanted);
                }
            }
        }
    }

    #[test]
    fn of_a_name_without_end_no_more_is_kept_than_fits() {
        let mut marks = ForeignMarks::begin(b"", &Head::read(b"")).1;
        let mut count = marks.rest(b"X-Count").len();
        for _ in 0..100 {
            count += marks.rest(&[b' '; 1000]).len();
            assert!(marks.name.len() <= NAME_LIMIT);
        }
        assert_eq!(count + marks.end().len(), 100_007);
    }
}
