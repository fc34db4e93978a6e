//! A message as it stands in an mbox.
//!
//! Promises: no line of the message begins another one: `>` stands before every `From ` and every quoted one, so that
//! it can be undone without loss (mboxrd); the message ends in an empty line. Never touches: files.

use std::io::{self, Write};

const BEGINNING: &[u8] = b"From ";

/// A writer that quotes what goes through it.
pub(super) struct Quoting<W> {
    to: W,
    /// How much of `From ` stands at the beginning of this line and is not written yet; none behind the beginning.
    matched: Option<usize>,
    /// Whether the line that was written last has ended.
    ended: bool,
}

impl<W: Write> Quoting<W> {
    /// At the beginning of a line.
    pub(super) fn new(to: W) -> Quoting<W> {
        Quoting { to, matched: Some(0), ended: true }
    }

    /// Writes on, in pieces of any size.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(&byte) = bytes.first() {
            let Some(matched) = self.matched else {
                let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
                self.put(&bytes[..end])?;
                bytes = &bytes[end..];
                continue;
            };
            if byte == b'>' && matched == 0 {
                // One `>` more before the others is one more behind them.
                self.to.write_all(b">")?;
                self.ended = false;
                bytes = &bytes[1..];
            } else if byte == BEGINNING[matched] {
                bytes = &bytes[1..];
                self.matched = Some(matched + 1);
                if matched + 1 == BEGINNING.len() {
                    self.to.write_all(b">")?;
                    self.give_up_matching(matched + 1)?;
                }
            } else {
                self.give_up_matching(matched)?;
            }
        }
        Ok(())
    }

    /// Ends the message with an empty line.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let matched = self.matched.unwrap_or(0);
        self.give_up_matching(matched)?;
        self.to.write_all(if self.ended { b"\n" } else { b"\n\n" })?;
        Ok(self.to)
    }

    fn give_up_matching(&mut self, matched: usize) -> io::Result<()> {
        self.matched = None;
        self.put(&BEGINNING[..matched])
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(last) = bytes.last() {
            self.to.write_all(bytes)?;
            self.ended = *last == b'\n';
            self.matched = self.ended.then_some(0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(pieces: &[&[u8]]) -> String {
        let mut quoting = Quoting::new(Vec::new());
        pieces.iter().for_each(|piece| quoting.write(piece).unwrap());
        String::from_utf8(quoting.finish().unwrap()).unwrap()
    }

    #[test]
    fn every_line_that_could_begin_a_message_is_quoted_however_it_comes() {
        for (text, wanted) in [
            ("", "\n"),
            ("a", "a\n\n"),
            ("a\n", "a\n\n"),
            ("From a", ">From a\n\n"),
            ("From ", ">From \n\n"),
            ("From", "From\n\n"),
            ("Fro\nFrom \n", "Fro\n>From \n\n"),
            (">From x\n>>From y\n", ">>From x\n>>>From y\n\n"),
            (">>Fro\n> From x\n>", ">>Fro\n> From x\n>\n\n"),
            ("From: a\nfrom b\n From c\n", "From: a\nfrom b\n From c\n\n"),
            ("x From a\r\nFrom b\r\n\r\n", "x From a\r\n>From b\r\n\r\n\n"),
            ("FFrom a\nFFFrom \n\nFrom b", "FFrom a\nFFFrom \n\n>From b\n\n"),
        ] {
            assert_eq!(quoted(&[text.as_bytes()]), wanted, "{text:?}");
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(quoted(&single), wanted, "{text:?}, a byte at a time");
            for at in 0..text.len() {
                assert_eq!(quoted(&[&text.as_bytes()[..at], &text.as_bytes()[at..]]), wanted, "{text:?} at {at}");
            }
        }
    }
}
