//! Text whose lines end in a carriage return alone, read with line feeds.
//!
//! Promises: nothing else of it is changed. Never touches: whether that is so of a file (`shape.rs`).

use std::io::{self, Read};

/// The reader.
pub(super) struct LineFeeds<R> {
    reader: R,
    /// A carriage return was read last: a line feed behind it ends the same line.
    returned: bool,
}

impl<R: Read> LineFeeds<R> {
    pub(super) fn new(reader: R) -> LineFeeds<R> {
        LineFeeds { reader, returned: false }
    }
}

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(out)?;
            let mut kept = 0;
            for at in 0..read {
                let byte = out[at];
                let skipped = self.returned && byte == b'\n';
                self.returned = byte == b'\r';
                if !skipped {
                    out[kept] = if self.returned { b'\n' } else { byte };
                    kept += 1;
                }
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_is_one_line_feed() {
        for (text, wanted) in [("", ""), ("a\rb\r\rc", "a\nb\n\nc"), ("\r\n\r", "\n\n"), ("a\n\r\n\nb\r", "a\n\n\nb\n")]
        {
            for room in 1..5 {
                let mut reader = LineFeeds::new(text.as_bytes());
                let (mut out, mut piece) = (Vec::new(), vec![0; room]);
                while let Ok(count @ 1..) = reader.read(&mut piece) {
                    out.extend_from_slice(&piece[..count]);
                }
                assert_eq!(String::from_utf8(out).unwrap(), wanted);
            }
        }
    }
}
