//! The message on standard input: its head and the start of its body in memory, the rest passed through.
//!
//! Promises: memory stays below [`HEAD_LIMIT`] + [`BODY_LIMIT`] and one chunk, however long the message is; every
//! byte is given out once and in order; a failed read is an error and never looks like the end of the message.
//! Never touches: meaning, files.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use anyhow::Context;

use crate::mail::head::HEAD_LIMIT;

/// Of the body as much is kept in memory as is looked at.
pub use crate::mail::content::BODY_LIMIT;

/// Bytes asked for in one read: the size of a Linux pipe.
const CHUNK: usize = 64 * 1024;

/// The same for the start of a message: most are shorter than a quarter of a pipe.
const FIRST_CHUNK: usize = 16 * 1024;

/// One message while it is read.
#[derive(Debug)]
pub struct Incoming<R> {
    reader: R,
    start: Arc<Vec<u8>>,
    /// What was read behind the start and belongs to the rest. Shorter than [`CHUNK`].
    ahead: Vec<u8>,
    whole: bool,
}

impl<R: Read> Incoming<R> {
    /// Reads until the header block has ended and [`BODY_LIMIT`] bytes of the body are there, or
    /// [`HEAD_LIMIT`] + [`BODY_LIMIT`] bytes in all, or the message has ended.
    ///
    /// # Errors
    /// Any failed read but one that a signal interrupted, which is tried again.
    pub fn read_start(mut reader: R) -> io::Result<Incoming<R>> {
        let mut start = Vec::new();
        let mut block = BlockEnd::default();
        loop {
            let wanted = block.found.unwrap_or(HEAD_LIMIT).min(HEAD_LIMIT) + BODY_LIMIT;
            // One byte more than wanted tells a message that ends here from one that goes on.
            if start.len() > wanted {
                let ahead = start.split_off(wanted);
                return Ok(Incoming { reader, start: Arc::new(start), ahead, whole: false });
            }
            let before = start.len();
            let next = FIRST_CHUNK.min(wanted + 1 - before);
            start.reserve(next);
            // Straight to where it stays.
            let count = reader.by_ref().take(next as u64).read_to_end(&mut start)?;
            if count == 0 {
                return Ok(Incoming { reader, start: Arc::new(start), ahead: Vec::new(), whole: true });
            }
            block.look_at(&start[before..]);
        }
    }

    /// The head and the start of the body; all of the message if [`Incoming::is_whole`].
    #[must_use]
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The same, for who keeps it.
    #[must_use]
    pub fn shared_start(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.start)
    }

    /// Whether [`Incoming::start`] is the whole message.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Hands what follows the start to `sink`, chunk by chunk, and gives the number of bytes.
    ///
    /// # Errors
    /// What `sink` says, or a failed read. The message is then not at its end: see [`Incoming::drain`].
    pub fn copy_rest(&mut self, sink: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<u64> {
        if self.whole {
            return Ok(0);
        }
        let ahead = std::mem::take(&mut self.ahead);
        sink(&ahead)?;
        let mut total = ahead.len() as u64;
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = read_some(&mut self.reader, &mut chunk).context("cannot read the rest of the message")?;
            if count == 0 {
                return Ok(total);
            }
            sink(&chunk[..count])?;
            total += count as u64;
        }
    }

    /// Reads to the end, forgets what comes and gives the number of bytes. Several mail systems take a program
    /// that ends before it has read everything for one that failed (reference: OpenSMTPD, procmail).
    ///
    /// # Errors
    /// A failed read.
    pub fn drain(&mut self) -> io::Result<u64> {
        if self.whole {
            return Ok(0);
        }
        let mut total = std::mem::take(&mut self.ahead).len() as u64;
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = read_some(&mut self.reader, &mut chunk)?;
            if count == 0 {
                return Ok(total);
            }
            total += count as u64;
        }
    }
}

/// Finds the first empty line by the rule of [`crate::mail::head::Head::read`]: carriage returns in front of the
/// line feed do not count.
#[derive(Debug)]
struct BlockEnd {
    /// Bytes seen so far.
    seen: usize,
    /// Whether the line so far holds nothing but carriage returns.
    blank: bool,
    /// Where the body begins.
    found: Option<usize>,
}

impl Default for BlockEnd {
    fn default() -> BlockEnd {
        BlockEnd { seen: 0, blank: true, found: None }
    }
}

impl BlockEnd {
    fn look_at(&mut self, bytes: &[u8]) {
        if self.found.is_some() {
            return;
        }
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.blank => {
                    self.found = Some(self.seen + at + 1);
                    return;
                }
                b'\n' => self.blank = true,
                b'\r' => {}
                _ => self.blank = false,
            }
        }
        self.seen += bytes.len();
    }
}

fn read_some(reader: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    /// Gives `step` bytes at a time, is interrupted before each of them, and ends with `end`.
    struct Drip<'a> {
        bytes: &'a [u8],
        step: usize,
        interrupted: bool,
        end: Option<ErrorKind>,
    }

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(ErrorKind::Interrupted.into());
            }
            if let (true, Some(kind)) = (self.bytes.is_empty(), self.end) {
                return Err(kind.into());
            }
            let count = self.step.min(out.len()).min(self.bytes.len());
            out[..count].copy_from_slice(&self.bytes[..count]);
            self.bytes = &self.bytes[count..];
            Ok(count)
        }
    }

    fn drip(bytes: &[u8], step: usize) -> Drip<'_> {
        Drip { bytes, step, interrupted: false, end: None }
    }

    fn rest(message: &mut Incoming<impl Read>) -> Vec<u8> {
        let mut rest = Vec::new();
        let count = message.copy_rest(&mut |bytes| {
            rest.extend_from_slice(bytes);
            Ok(())
        });
        assert_eq!(count.unwrap(), rest.len() as u64);
        rest
    }

    #[test]
    fn a_failed_read_is_never_the_end_of_the_message() {
        let broken = |bytes| Drip { end: Some(ErrorKind::Other), ..drip(bytes, 1000) };
        assert!(Incoming::read_start(broken(b"")).is_err());
        assert!(Incoming::read_start(broken(b"A: b\n\nbody")).is_err());
        let long = [b"A: b\n\n".to_vec(), vec![b'x'; BODY_LIMIT + 5000]].concat();
        let mut message = Incoming::read_start(broken(&long)).unwrap();
        assert!(message.copy_rest(&mut |_| Ok(())).is_err());
        let mut message = Incoming::read_start(broken(&long)).unwrap();
        assert!(message.drain().is_err());
    }

    #[test]
    fn what_the_sink_says_comes_back_and_the_rest_can_be_drained() {
        let long = [b"A: b\n\n".to_vec(), vec![b'x'; BODY_LIMIT + 300_000]].concat();
        let mut message = Incoming::read_start(drip(&long, 7000)).unwrap();
        let refused = message.copy_rest(&mut |_| anyhow::bail!("disk full"));
        assert_eq!(refused.unwrap_err().to_string(), "disk full");
        assert!(message.drain().unwrap() > 290_000);
        assert_eq!(message.drain().unwrap(), 0);
    }

    #[test]
    fn nothing_is_lost_and_nothing_comes_twice_at_any_length() {
        let head = b"A: b\r\n\r\n";
        for body in [0, 1, BODY_LIMIT - 1, BODY_LIMIT, BODY_LIMIT + 1, BODY_LIMIT + CHUNK, 3 * BODY_LIMIT] {
            let body: Vec<u8> = (0..body).map(|at| (at % 251) as u8).collect();
            let bytes = [head.to_vec(), body.clone()].concat();
            for step in [1000, CHUNK, usize::MAX] {
                let mut message = Incoming::read_start(drip(&bytes, step)).unwrap();
                assert_eq!(message.is_whole(), body.len() <= BODY_LIMIT, "{} bytes", body.len());
                assert_eq!(message.start().len(), bytes.len().min(head.len() + BODY_LIMIT));
                let start = message.start().to_vec();
                assert_eq!([start, rest(&mut message)].concat(), bytes);
            }
        }
    }

    #[test]
    fn a_head_without_an_end_is_read_to_the_limit_only() {
        for unit in [&b"A: b\n"[..], b"x", b"\r", b" \n"] {
            let bytes = unit.repeat(2 * (HEAD_LIMIT + BODY_LIMIT) / unit.len());
            let message = Incoming::read_start(drip(&bytes, usize::MAX)).unwrap();
            assert_eq!((message.start().len(), message.is_whole()), (HEAD_LIMIT + BODY_LIMIT, false));
            assert!(message.ahead.len() <= CHUNK);
        }
    }

    #[test]
    fn the_head_ends_where_the_head_reader_says() {
        let cases: [&[u8]; 8] = [
            b"A: b\n\nbody",
            b"A: b\r\n\r\nbody",
            b"A: b\r\r\n\r\r\nbody",
            b"\nbody",
            b"From x\n\nbody",
            b"A: b\n \nC: d\n\nbody",
            b"A: b\n\rc\n\nbody",
            b"A: b\n",
        ];
        for bytes in cases {
            let mut block = BlockEnd::default();
            bytes.chunks(1).for_each(|one| block.look_at(one));
            assert_eq!(block.found.unwrap_or(bytes.len()), Head::read(bytes).body, "{bytes:?}");
        }
    }

    #[test]
    fn an_empty_input_is_an_empty_message() {
        let mut message = Incoming::read_start(drip(b"", 1)).unwrap();
        assert!(message.is_whole() && message.start().is_empty() && rest(&mut message).is_empty());
    }
}
