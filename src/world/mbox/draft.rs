//! One message of an old file while it is gathered.
//!
//! Promises: only the start is kept, whatever the length; the last empty line before the next message is none of it. Never
//! touches: where the message ends (`read.rs`, `mmdf.rs`).

use std::io;

use super::from_line::FROM_LINE_LIMIT;
use crate::mail::head::HEAD_LIMIT;
use crate::world::input::{BODY_LIMIT, Incoming};

/// The message.
#[derive(Default)]
pub(super) struct Draft {
    kept: Vec<u8>,
    bytes: u64,
    /// The empty line just read: it belongs to the message unless a `From ` line or the end follows.
    empty: Vec<u8>,
    in_body: bool,
    length: Length,
}

/// What the message says of the length of its body.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Length {
    #[default]
    Unsaid,
    /// In its header.
    Said(u64),
    /// Where the body would end, in bytes of the file.
    Ends(u64),
    /// The same, seen to be so.
    Right(u64),
    /// Twice, or it was seen to be wrong.
    Wrong,
}

impl Draft {
    /// Puts the `From ` line in front.
    pub(super) fn put_above(&mut self, line: &[u8]) {
        self.kept.extend_from_slice(line);
    }

    /// Takes a piece of a line of an mbox file; `offset` is where it ends in the file.
    pub(super) fn take(&mut self, piece: &[u8], line_begins: bool, offset: u64) {
        let empty = std::mem::take(&mut self.empty);
        self.keep(&empty);
        if line_begins && is_empty(piece) {
            self.end_header(offset);
            self.empty = piece.to_vec();
            return;
        }
        if line_begins && !self.in_body {
            self.look_for_length(piece);
        }
        // mboxo quotes `From ` only, mboxrd `>From ` too; undoing both is right for both but for a text that began
        // its line with `>From ` in an mboxo file, where one `>` is lost, to the eye and to no decision.
        self.keep(if line_begins && self.in_body && is_quoted(piece) { &piece[1..] } else { piece });
    }

    /// Takes bytes as they are.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = (HEAD_LIMIT + BODY_LIMIT + FROM_LINE_LIMIT).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Bytes of the message so far, without an empty line at its end.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the line just taken was empty.
    pub(super) fn ends_in_empty_line(&self) -> bool {
        !self.empty.is_empty()
    }

    /// Where the body ends in the file, if the message says so and was not seen to be wrong.
    pub(super) fn declared_end(&self) -> Option<u64> {
        match self.length {
            Length::Ends(end) | Length::Right(end) => Some(end),
            Length::Unsaid | Length::Said(_) | Length::Wrong => None,
        }
    }

    /// Whether that was seen to be so.
    pub(super) fn is_length_right(&self) -> bool {
        matches!(self.length, Length::Right(_))
    }

    /// Writes down whether it is so.
    pub(super) fn judge_length(&mut self, right: bool) {
        self.length = self.declared_end().filter(|_| right).map_or(Length::Wrong, Length::Right);
    }

    /// As much of the head and the body as a delivery looks at.
    pub(super) fn start(self) -> io::Result<Vec<u8>> {
        Ok(Incoming::read_start(self.kept.as_slice())?.start().to_vec())
    }

    fn end_header(&mut self, offset: u64) {
        if let (false, Length::Said(length)) = (self.in_body, self.length) {
            self.length = offset.checked_add(length).map_or(Length::Wrong, Length::Ends);
        }
        self.in_body = true;
    }

    fn look_for_length(&mut self, line: &[u8]) {
        const NAME: &[u8] = b"Content-Length:";
        let Some((name, value)) = line.split_at_checked(NAME.len()) else { return };
        if name.eq_ignore_ascii_case(NAME) {
            let said = std::str::from_utf8(value.trim_ascii()).ok().and_then(|value| value.parse().ok());
            self.length = said.filter(|_| self.length == Length::Unsaid).map_or(Length::Wrong, Length::Said);
        }
    }
}

pub(super) fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

fn is_quoted(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|&&b| b == b'>').count();
    marks > 0 && line[marks..].starts_with(b"From ")
}
