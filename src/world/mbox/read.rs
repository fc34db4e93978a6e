//! An mbox file as a stream of messages.
//!
//! Promises: a message begins at a `From ` line and nowhere else, and the less the line is what a mail system writes there, the
//! more must stand around it ([`Mbox::begins`]), so a sentence that begins with the word "From" splits nothing; what looks
//! like a beginning and is none is counted. Of each message only the start is kept, of each line only a piece, and what is
//! looked at ahead has a limit: memory does not grow with the file. Never touches: files, compression (`archive/`), meaning.

use std::io::{self, BufRead, Read};

use super::ahead::Ahead;
use super::draft::{Draft, is_empty};
use super::from_line::{FROM_LINE_LIMIT, Form, FromLine};
use crate::mail::beginning::Beginning;

/// Most bytes that are read at once of a line.
pub(super) const PIECE_LIMIT: usize = 16 * 1024;
/// So many bytes behind a `From ` line show whether a message begins there.
const HEAD_LOOK: usize = 2 * 1024;
/// Most bytes that are looked at ahead for the end of a message that says its length. Where a longer one holds a line that
/// could begin another message, its length is not believed.
const LENGTH_LIMIT: usize = 16 * 1024 * 1024;

/// One message of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which one it is, counted from 1.
    pub number: u64,
    /// Where its `From ` line begins, in bytes of the file after decompression.
    pub offset: u64,
    /// The `From ` line if it names a sender, the head and the start of the body as far as
    /// [`Incoming::read_start`](crate::world::input::Incoming::read_start) keeps them, with `>From ` unquoted.
    pub start: Vec<u8>,
    /// Bytes of the message without its `From ` line and the empty line behind it.
    pub bytes: u64,
    /// The time in its `From ` line, seconds since 1970, where it has one. Without a zone, as is usual, it is taken for UTC
    /// and may be off by 14 hours.
    pub received: Option<i64>,
}

/// The reader.
pub struct Mbox<R> {
    reader: Ahead<R>,
    /// Bytes taken from `reader`.
    offset: u64,
    number: u64,
    line: Vec<u8>,
    /// The `From ` line that ended the message before.
    next: Option<(FromLine, u64)>,
    begun: bool,
    /// Whether the first `From ` line has no date. In any other file a line without one is text.
    bare: bool,
    doubtful: u64,
    first_doubtful: u64,
}

impl<R: BufRead> Mbox<R> {
    /// Reads from the beginning of a file.
    pub fn new(reader: R) -> Mbox<R> {
        Mbox {
            reader: Ahead::new(reader),
            offset: 0,
            number: 0,
            line: Vec::with_capacity(PIECE_LIMIT),
            next: None,
            begun: false,
            bare: false,
            doubtful: 0,
            first_doubtful: 0,
        }
    }

    /// The next message; none at the end. What stands in front of the first `From ` line is passed over.
    ///
    /// # Errors
    /// A failed read, such as the early end of a compressed file. The message it happened in is lost to this reader;
    /// [`Mbox::offset`] says where.
    pub fn next_letter(&mut self) -> io::Result<Option<Letter>> {
        if !self.begun {
            self.begun = true;
            self.next = self.seek_first_line()?;
        }
        let Some((from, offset)) = self.next.take() else { return Ok(None) };
        self.number += 1;
        let mut draft = Draft::default();
        if from.names_sender {
            draft.put_above(&self.line);
        }
        self.gather(&mut draft)?;
        let (bytes, start) = (draft.bytes(), draft.start()?);
        Ok(Some(Letter { number: self.number, offset, start, bytes, received: from.date }))
    }

    /// How many bytes were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many lines look like the beginning of a message but have no empty line before them, and where the first
    /// one is. They were taken as text.
    pub fn doubtful(&self) -> Option<(u64, u64)> {
        (self.doubtful > 0).then_some((self.doubtful, self.first_doubtful))
    }

    fn seek_first_line(&mut self) -> io::Result<Option<(FromLine, u64)>> {
        let mut behind_empty = true;
        loop {
            let begins = self.offset;
            if !self.read_piece()? {
                return Ok(None);
            }
            if behind_empty
                && let Some(from) = FromLine::parse(&self.line)
                && (from.form == Form::Usual || self.is_head_next())
            {
                self.bare = from.form == Form::Bare;
                return Ok(Some((from, begins)));
            }
            behind_empty = is_empty(&self.line);
        }
    }

    fn gather(&mut self, draft: &mut Draft) -> io::Result<()> {
        let mut line_begins = true;
        loop {
            let begins = self.offset;
            if !self.read_piece()? {
                return Ok(());
            }
            if line_begins
                && let Some(from) = FromLine::parse(&self.line)
                && !self.is_within_length(draft, begins)
            {
                if self.begins(&from, draft) {
                    self.next = Some((from, begins));
                    return Ok(());
                }
                // In a file without dates such a line is said too, or two messages would be one and nobody would know.
                if from.form == Form::Usual || (from.form == Form::Bare && self.bare && self.is_head_next()) {
                    self.first_doubtful = if self.doubtful == 0 { begins } else { self.first_doubtful };
                    self.doubtful += 1;
                }
            }
            draft.take(&self.line, line_begins, self.offset);
            line_begins = self.line.ends_with(b"\n");
        }
    }

    /// Whether a message begins with the line just read. Behind an empty line a usual `From ` line is enough, since every writer
    /// quotes one that is text; one with another date, or in a file without dates one without, must have a header behind it.
    /// Without an empty line there must be an address, a date and a header: so some programs write (Eudora, old scripts).
    fn begins(&mut self, from: &FromLine, draft: &Draft) -> bool {
        match (draft.ends_in_empty_line(), from.form) {
            (true, Form::Usual) => true,
            (true, Form::OtherDate) => self.is_head_next(),
            (true, Form::Bare) => self.bare && self.is_head_next(),
            (false, _) => from.is_full() && draft.bytes() > 0 && self.is_head_next(),
        }
    }

    fn is_head_next(&mut self) -> bool {
        Beginning::of(self.reader.look(HEAD_LOOK)).is_of_a_message()
    }

    /// Whether the line just read lies inside the length that its message gives (`Content-Length`, the mbox formats mboxcl
    /// and mboxcl2), and the length is right: where it ends, the file ends or another `From ` line stands.
    fn is_within_length(&mut self, draft: &mut Draft, begins: u64) -> bool {
        let Some(end) = draft.declared_end() else { return false };
        if end <= begins {
            return false;
        }
        if !draft.is_length_right() {
            let ahead = end.checked_sub(self.offset).and_then(|ahead| usize::try_from(ahead).ok());
            let right = ahead.filter(|ahead| *ahead <= LENGTH_LIMIT).is_some_and(|ahead| self.is_end_at(ahead));
            draft.judge_length(right);
        }
        draft.is_length_right()
    }

    /// Whether a message can end so many bytes ahead.
    fn is_end_at(&mut self, ahead: usize) -> bool {
        const LINE_ENDS: usize = 4;
        let wanted = ahead + LINE_ENDS + FROM_LINE_LIMIT + b"From ".len();
        let bytes = self.reader.look(wanted);
        let Some((body, behind)) = bytes.split_at_checked(ahead) else { return false };
        let next = behind.iter().take(LINE_ENDS).take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let line = behind[next..].split_inclusive(|&b| b == b'\n').next().unwrap_or_default();
        let is_line_end = next > 0 || body.is_empty() || body.ends_with(b"\n");
        let ends = line.is_empty() && bytes.len() < wanted;
        let from = FromLine::parse(line).is_some_and(|from| from.form == Form::Usual || from.is_full() || self.bare);
        ends || (is_line_end && from)
    }

    fn read_piece(&mut self) -> io::Result<bool> {
        read_piece(&mut self.reader, &mut self.line, &mut self.offset)
    }
}

/// Reads a line, or as much of it as [`PIECE_LIMIT`] allows, and says whether there was something.
pub(super) fn read_piece(reader: &mut impl BufRead, line: &mut Vec<u8>, offset: &mut u64) -> io::Result<bool> {
    line.clear();
    let count = reader.take(PIECE_LIMIT as u64).read_until(b'\n', line)?;
    *offset += count as u64;
    Ok(count > 0)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use crate::mail::head::HEAD_LIMIT;
    use crate::world::input::BODY_LIMIT;

    const FROM: &str = "From bob@x.org Sat Nov 21 12:00:00 2026\n";

    fn letters(text: &[u8]) -> Vec<Letter> {
        // One byte at a time: no rule may depend on how much a read gives.
        let mut mbox = Mbox::new(BufReader::with_capacity(1, text));
        let mut found = Vec::new();
        while let Some(letter) = mbox.next_letter().unwrap() {
            found.push(letter);
        }
        assert_eq!(mbox.offset(), text.len() as u64);
        found
    }

    fn texts(text: &str) -> Vec<String> {
        letters(text.as_bytes()).into_iter().map(|letter| String::from_utf8(letter.start).unwrap()).collect()
    }

    #[test]
    fn what_is_no_beginning_splits_nothing() {
        for line in [
            "From now on we meet at eight.",
            "From bob@x.org Sat Nov 21 12:00:00",
            "From: Sat Nov 21 12:00:00 2026",
            "From bob@x.org 2026-11-21T12:00:00Z",
            "From bob@x.org Sat, 21 Nov 2026 12:00:00 +0000",
            "From ",
            "From bob@x.org",
            // In a file whose first line has a date, one without is text, whatever stands behind it.
            "From bob@x.org\nSubject: tea",
            "From \nTo: alice@x.org\nFrom: bob@x.org",
        ] {
            for before in ["\n", ""] {
                let text = format!("{FROM}To: b\n\nHello\n{before}{line}\nmore\n");
                assert_eq!(texts(&text).len(), 1, "{text}");
            }
        }
        assert_eq!(texts("").len(), 0);
        assert_eq!(texts("\n\n").len(), 0);
        assert_eq!(texts("To: b\n\nHello\n").len(), 0);
    }

    #[test]
    fn without_an_empty_line_a_message_needs_a_sender_a_date_and_a_header() {
        let of = |text: &str| {
            let mut mbox = Mbox::new(BufReader::with_capacity(1, text.as_bytes()));
            let mut bytes = Vec::new();
            while let Some(letter) = mbox.next_letter().unwrap() {
                bytes.push(letter.bytes);
            }
            (bytes, mbox.doubtful())
        };
        let first = format!("{FROM}To: b\n\nHello\n");
        let body = |text: &str| (text.len() - FROM.len()) as u64;
        for from in [FROM, "From bob@x.org 2026-11-21T12:00:00Z\n", "From MAILER-DAEMON Sat Nov 21 12:00:00 2026\n"] {
            let text = format!("{first}{from}Received: by x\n\tfor y\nTo: c\n\nx\n");
            assert_eq!(of(&text), (vec![13, 31], None), "{text}");
        }
        // Without a body too.
        assert_eq!(of(&format!("{FROM}To: b\n{FROM}To: c\n")), (vec![6, 6], None));
        for from in ["From - Sat Nov 21 12:00:00 2026\n", "From root Sat Nov 21 12:00:00 2026\n"] {
            assert_eq!(of(&format!("{first}{from}To: c\n\nx\n")), (vec![13, 9], None), "{from}");
        }
        let text = format!("{first}From bob at x.org Sat Nov 21 12:00:00 2026\nTo: c\n\nx\n");
        assert_eq!(of(&text), (vec![body(&text)], Some((1, first.len() as u64))));
        // A sentence may end in such a date.
        let text = format!("{first}From Monday 2026-11-23 12:00:00\nTo: c\n\nx\n");
        assert_eq!(of(&text), (vec![body(&text)], None));
        // What stands behind it is no header: whatever it is, it is text.
        for behind in ["", "\nTo: c\n", "A: b\n", "and so on\nTo: c\n", "To be or not\n", FROM] {
            let text = format!("{first}{FROM}{behind}");
            let (found, doubtful) = of(&text);
            assert_eq!(found, [body(&text)], "{text}");
            assert_eq!(doubtful, Some((if behind == FROM { 2 } else { 1 }, first.len() as u64)), "{text}");
        }
        // Two of them are one beginning.
        let text = format!("{FROM}{FROM}To: b\n");
        assert_eq!(of(&text), (vec![body(&text)], Some((1, FROM.len() as u64))));
    }

    #[test]
    fn other_dates_and_none_begin_a_message_with_a_header() {
        for (line, received, named) in [
            ("From bob@x.org 2026-11-21 12:00:00 +0000\n", Some(1_795_262_400), true),
            ("From bob@x.org Sat, 21 Nov 2026 12:00:00 GMT\n", Some(1_795_262_400), true),
            ("From \n", None, false),
            ("From -\r\n", None, false),
            ("From bob@x.org\n", None, true),
        ] {
            let text = format!("{line}To: b\n\nHello\n\n{line}From: c\n\nFrom here\n\nFrom \nthere\n");
            let found = letters(text.as_bytes());
            assert_eq!(found.iter().map(|one| one.received).collect::<Vec<_>>(), [received; 2], "{line}");
            let above = if named { line } else { "" };
            let wanted = format!("{above}From: c\n\nFrom here\n\nFrom \nthere\n");
            assert_eq!(String::from_utf8_lossy(&found[1].start), wanted);
        }
        // Without dates nothing begins without an empty line.
        assert_eq!(texts("From \nTo: b\n\nHello\nFrom \nTo: c\n").len(), 1);
        for (second, doubtful) in [("To: c", Some((1, 19))), ("no header", None)] {
            let text = format!("From \nTo: b\n\nHello\nFrom \n{second}\n");
            let mut mbox = Mbox::new(BufReader::new(text.as_bytes()));
            while mbox.next_letter().unwrap().is_some() {}
            assert_eq!(mbox.doubtful(), doubtful, "{text:?}");
        }
        assert_eq!(texts("From \nno header\n").len(), 0);
    }

    /// A message with its length, a body that holds whole messages, and another one behind it.
    fn with_length(length: usize, body: &str, behind: &str) -> String {
        format!("{FROM}To: b\ncontent-LENGTH: {length}\n\n{body}{behind}")
    }

    #[test]
    fn inside_a_length_that_is_right_nothing_begins() {
        let body = format!("Hello\n\n{FROM}To: c\n\nx\n\n{FROM}To: d\n{FROM}To: e\n");
        for behind in ["".to_owned(), "\n".to_owned(), format!("\n{FROM}To: f\n"), format!("{FROM}To: f\n")] {
            let text = with_length(body.len(), &body, &behind);
            let found = texts(&text);
            let wanted = with_length(body.len(), &body, "");
            assert_eq!(found.first(), Some(&wanted), "{text}");
            assert_eq!(found.len(), 1 + usize::from(behind.contains("To: f")), "{text}");
        }
        // Also where the body does not end in a line end.
        let short = &body[..body.len() - 1];
        assert_eq!(texts(&with_length(short.len(), short, &format!("\n\n{FROM}To: f\n"))).len(), 2);
        let text = with_length(body.len() + body.matches('\n').count(), &body, &format!("\n{FROM}To: f\n"));
        assert_eq!(texts(&text.replace('\n', "\r\n")).len(), 2);
    }

    #[test]
    fn a_length_that_is_wrong_changes_nothing() {
        let body = format!("Hello\n\n{FROM}To: c\n\nx\n");
        let behind = format!("\n{FROM}To: d\n\ny\n");
        for length in [0, 6, 7, body.len() - 3, body.len() + 5, 10_000, LENGTH_LIMIT * 2, usize::MAX] {
            assert_eq!(texts(&with_length(length, &body, &behind)).len(), 3, "{length}");
        }
        let twice = with_length(body.len(), &body, &behind).replacen("To: b", "Content-Length: 6\nTo: b", 1);
        assert_eq!(texts(&twice).len(), 3);
        let odd = with_length(body.len(), &body, &behind).replacen("LENGTH: ", "LENGTH: +-", 1);
        assert_eq!(texts(&odd).len(), 3);
        // In the body it says nothing.
        let below = format!("{FROM}To: b\n\nContent-Length: {}\n\n{body}{behind}", body.len());
        assert_eq!(texts(&below).len(), 3);
    }

    #[test]
    fn a_length_ends_in_the_last_place_it_can() {
        // One that reaches over the messages behind it to the end of the file is right, as far as anybody can see.
        let body = format!("Hello\n\n{FROM}To: c\n\nx\n");
        assert_eq!(texts(&with_length(body.len(), &body, "")).len(), 1);
        let long = format!("Hello\n\n{FROM}To: c\n\n{}\n", "x\n".repeat(200_000));
        assert_eq!(texts(&with_length(long.len(), &long, &format!("\n{FROM}To: d\n"))).len(), 2);
    }

    #[test]
    fn messages_are_cut_at_their_lines_and_unquoted_in_the_body_only() {
        let text = format!(
            "{FROM}A: b\n>From c\n\nHello\n>From you\n>>From me\n>Fromage\n\n{FROM}B: c\n\n{FROM}C: d\n\n\n\nend\n\n"
        );
        let found = letters(text.as_bytes());
        let second = text.find("B: c").unwrap() - FROM.len();
        assert_eq!(found.iter().map(|letter| letter.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((found[0].offset, found[1].offset), (0, second as u64));
        assert_eq!(
            texts(&text),
            [
                format!("{FROM}A: b\n>From c\n\nHello\nFrom you\n>From me\n>Fromage\n"),
                format!("{FROM}B: c\n"),
                format!("{FROM}C: d\n\n\n\nend\n"),
            ]
        );
        assert_eq!(found[2].bytes, "C: d\n\n\n\nend\n".len() as u64);
    }

    #[test]
    fn carriage_returns_change_nothing_but_themselves() {
        let text = format!("{FROM}A: b\n\nHello\n\n{FROM}B: c\n\n>From\n");
        let other = texts(&text.replace('\n', "\r\n"));
        assert_eq!(other, texts(&text).iter().map(|one| one.replace('\n', "\r\n")).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_that_says_nothing_of_the_sender_is_left_out() {
        assert_eq!(texts("From - Sat Nov 21 12:00:00 2026\nA: b\n\nc\n"), ["A: b\n\nc\n"]);
    }

    #[test]
    fn a_huge_line_and_a_huge_message_keep_their_start_only() {
        let long = "x".repeat(3 * PIECE_LIMIT + 7);
        let body = format!("{long}\nFrom here\n").repeat(40);
        let text = format!("{FROM}A: b\n\n{body}\n{FROM}B: c\n");
        let found = letters(text.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes, 6 + body.len() as u64);
        assert!(found[0].start.len() <= HEAD_LIMIT + BODY_LIMIT);
        assert!(found[0].start.len() > BODY_LIMIT);
        // A piece in the middle of a line is no line: `From ` at its start is text.
        let hidden = format!("{FROM}A: b\n\n\n{}{FROM}B: c\n", "x".repeat(PIECE_LIMIT));
        assert_eq!(texts(&hidden).len(), 1);
    }

    #[test]
    fn a_failed_read_is_an_error_after_what_was_whole() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("torn"))
            }
        }
        let text = format!("{FROM}A: b\n\n{FROM}B: c\n\nhalf");
        let mut mbox = Mbox::new(BufReader::new(text.as_bytes().chain(Broken)));
        assert_eq!(mbox.next_letter().unwrap().unwrap().number, 1);
        assert_eq!(mbox.next_letter().unwrap_err().to_string(), "torn");
        assert_eq!(mbox.offset(), text.len() as u64 - 4);
    }

    #[test]
    fn garbage_neither_panics_nor_crawls() {
        let bytes: Vec<u8> = (0..1_000_000_u64).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(letters(&bytes).len(), 0);
        letters(&[FROM.as_bytes(), &bytes].concat());
        letters(FROM.repeat(1_000).as_bytes());
    }
}
