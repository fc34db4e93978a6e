//! A stream that can be looked into ahead of where it is read.
//!
//! Promises: what was looked at is still read, byte for byte; a failed read shows when it is come to and not before; at most
//! twice as much is kept as was asked for, and each byte of it is moved seldom. Never touches: what the bytes mean.

use std::io::{self, BufRead, Read};

/// Room that is kept from one look to the next; what a longer one took is given back.
const ROOM: usize = 64 * 1024;

/// The stream.
pub(super) struct Ahead<R> {
    reader: R,
    /// What was looked at and is not read yet, from `at` on.
    seen: Vec<u8>,
    at: usize,
    /// What happened when that was looked at.
    failed: Option<io::Error>,
}

impl<R: BufRead> Ahead<R> {
    pub(super) fn new(reader: R) -> Ahead<R> {
        Ahead { reader, seen: Vec::new(), at: 0, failed: None }
    }

    /// The next bytes, so many if there are so many before the end or a failure.
    pub(super) fn look(&mut self, count: usize) -> &[u8] {
        let unread = self.seen.len() - self.at;
        // Not sooner: of a file of short messages that say a great length, all that is ahead would be moved with each of them.
        if unread < count && self.at >= unread {
            self.seen.drain(..self.at);
            self.at = 0;
        }
        while self.seen.len() - self.at < count && self.failed.is_none() {
            let missing = count - (self.seen.len() - self.at);
            match self.reader.fill_buf() {
                Ok([]) => break,
                Ok(bytes) => {
                    let taken = missing.min(bytes.len());
                    self.seen.extend_from_slice(&bytes[..taken]);
                    self.reader.consume(taken);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed = Some(error),
            }
        }
        let seen = &self.seen[self.at..];
        &seen[..seen.len().min(count)]
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.seen.len() {
            return Ok(&self.seen[self.at..]);
        }
        self.seen.clear();
        self.seen.shrink_to(ROOM);
        self.at = 0;
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.reader.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        if self.at < self.seen.len() {
            self.at += count;
        } else {
            self.reader.consume(count);
        }
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn looking_changes_nothing() {
        let text: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let mut ahead = Ahead::new(BufReader::with_capacity(7, text.as_slice()));
        let (mut read, mut step) = (Vec::new(), 1);
        while read.len() < text.len() {
            let wanted = &text[read.len()..text.len().min(read.len() + step * 3)];
            assert_eq!(ahead.look(step * 3), wanted);
            assert_eq!(ahead.look(step), &wanted[..wanted.len().min(step)]);
            let mut bytes = vec![0; step * 2];
            let count = ahead.read(&mut bytes).unwrap();
            read.extend_from_slice(&bytes[..count]);
            step = step % 40_000 + 13;
        }
        assert_eq!(read, text);
        assert_eq!(ahead.look(9), b"");
        assert_eq!(ahead.fill_buf().unwrap(), b"");
        assert!(ahead.seen.capacity() <= ROOM);
    }

    #[test]
    fn a_failure_shows_when_it_is_come_to() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("torn"))
            }
        }
        let mut ahead = Ahead::new(BufReader::new(b"abc".chain(Broken)));
        assert_eq!(ahead.look(9), b"abc");
        let mut read = Vec::new();
        assert_eq!(ahead.read_to_end(&mut read).unwrap_err().to_string(), "torn");
        assert_eq!(read, b"abc");
    }

    #[test]
    fn who_looks_far_ahead_again_and_again_has_little_moved_and_kept() {
        const FAR: usize = 1_000;
        let text = vec![b'x'; 10 * FAR];
        let mut ahead = Ahead::new(BufReader::new(text.as_slice()));
        let (mut moves, mut before) = (0, 0);
        for _ in 0..9 * FAR {
            assert_eq!(ahead.look(FAR).len(), FAR);
            moves += usize::from(ahead.at < before);
            assert!(ahead.seen.len() <= 2 * FAR, "{}", ahead.seen.len());
            before = ahead.at + ahead.read(&mut [0]).unwrap();
        }
        assert!(moves < 10, "{moves}");
    }
}
