//! Compressed files, read as if they were not: gzip, bzip2, xz and zstd.
//!
//! Promises: the first bytes alone decide; memory stays below [`MEMORY_LIMIT`] and does not grow with the file; a file that
//! ends too early or is damaged is an error, never a shorter one. Never touches: where the bytes come from.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// Most memory that a dictionary or window may ask for, in bytes. `xz -9` needs 65 MiB, `zstd --ultra -22` 128 MiB; the
/// formats allow 4 GiB and more.
pub const MEMORY_LIMIT: u32 = 128 * 1024 * 1024;
/// Most bytes that come out of one file.
pub const SIZE_LIMIT: u64 = 1_000_000_000;
/// Most bytes that come out for each byte of the file: the letters of a book give 4, the same line a million times 1,000.
pub const RATIO_LIMIT: u64 = 200;
/// So many first bytes say how a file is packed.
pub const LOOK: usize = 10;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// Of Julian Seward.
    Bzip2,
    /// Of the XZ Utils.
    Xz,
    /// RFC 8878.
    Zstd,
}

/// A file that may be packed, opened to be read plain.
pub struct Unpacked {
    reader: Box<dyn Read>,
    packed: bool,
    /// Bytes that may still come out.
    left: u64,
}

impl Packing {
    /// By the first bytes, [`LOOK`] of them where there are so many; none if it is not packed. No header field begins
    /// like any of these.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Packing> {
        // The number behind `BZh` is the size of its blocks, and the rest are the digits of pi.
        let bzip2 = |rest: &[u8]| rest.first().is_some_and(u8::is_ascii_digit) && rest[1..].starts_with(b"1AY&SY");
        match start {
            [0x1f, 0x8b, ..] => Some(Packing::Gzip),
            [b'B', b'Z', b'h', rest @ ..] if bzip2(rest) => Some(Packing::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packing::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
            _ => None,
        }
    }

    /// Takes the packing off what is read.
    pub fn reader<'a>(self, packed: impl BufRead + 'a) -> Box<dyn Read + 'a> {
        match self {
            Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Packing::Bzip2 => Box::new(MultiBzDecoder::new(packed)),
            Packing::Xz => Box::new(XzReader::new_mem_limit(packed, true, MEMORY_LIMIT / 1024)),
            Packing::Zstd => Box::new(Frames { packed: Some(packed), frame: None }),
        }
    }
}

impl Unpacked {
    /// Opens a file at its start for reading.
    ///
    /// # Errors
    /// It cannot be read. What is wrong with what is packed in it shows when it is read.
    pub fn new(mut file: File) -> io::Result<Unpacked> {
        let length = file.metadata()?.len();
        let mut look = Vec::with_capacity(LOOK);
        (&mut file).take(LOOK as u64).read_to_end(&mut look)?;
        let packing = Packing::of(&look);
        let file = Cursor::new(look).chain(file);
        Ok(match packing {
            None => Unpacked { reader: Box::new(file), packed: false, left: u64::MAX },
            Some(packing) => Unpacked {
                reader: packing.reader(BufReader::new(file)),
                packed: true,
                left: SIZE_LIMIT.min(length.saturating_mul(RATIO_LIMIT)),
            },
        })
    }

    /// Whether it is packed.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.packed
    }
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(out)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            let said = format!("more than {SIZE_LIMIT} bytes, or {RATIO_LIMIT} for each of its own, are packed in it");
            return Err(io::Error::new(ErrorKind::FileTooLarge, said));
        };
        self.left = left;
        Ok(count)
    }
}

/// One frame of zstd behind the other.
struct Frames<R: Read> {
    packed: Option<R>,
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(out)?;
                if count > 0 {
                    return Ok(count);
                }
            }
            if let Some(frame) = self.frame.take() {
                self.packed = Some(frame.into_inner());
            }
            let Some(mut packed) = self.packed.take() else { return Ok(0) };
            if packed.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let begun = StreamingDecoder::new_with_max_window_size(packed, MEMORY_LIMIT.into());
            self.frame = Some(begun.map_err(io::Error::other)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// As Dovecot's plugins do it.
    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn text() -> Vec<u8> {
        (0..40_000u32).flat_map(|number| format!("{} ", number.wrapping_mul(2_654_435_761)).into_bytes()).collect()
    }

    fn read(bytes: &[u8]) -> io::Result<(Vec<u8>, bool)> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        std::io::Seek::rewind(&mut file)?;
        let mut unpacked = Unpacked::new(file)?;
        let mut out = Vec::new();
        unpacked.read_to_end(&mut out)?;
        Ok((out, unpacked.is_packed()))
    }

    #[test]
    fn what_is_packed_is_read_plain_also_in_pieces_one_behind_the_other() {
        let text = text();
        for (name, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("bzip2", bzip2), ("zstd", zstd)] {
            let (one, two) = text.split_at(70_000);
            for packed in [pack(&text), [pack(one), pack(two)].concat()] {
                assert!(packed.len() < text.len(), "{name}");
                assert_eq!(read(&packed).unwrap(), (text.clone(), true), "{name}");
                for end in [LOOK + 3, packed.len() / 2, packed.len() - 1] {
                    assert!(read(&packed[..end]).is_err(), "{name} cut at {end} of {}", packed.len());
                }
            }
        }
        for plain in [&b""[..], b"x", b"BZh", b"BZh9 a field: x\n", b"From: x\n\n", b"(\xb5/", &text] {
            assert_eq!(read(plain).unwrap(), (plain.to_vec(), false));
        }
    }

    #[test]
    fn a_bomb_is_an_error_and_not_a_shorter_message() {
        let bomb = vec![b'x'; 3_000_000];
        for packed in [gzip(&bomb), bzip2(&bomb), zstd(&bomb)] {
            assert_eq!(read(&packed).unwrap_err().kind(), ErrorKind::FileTooLarge);
        }
    }
}
