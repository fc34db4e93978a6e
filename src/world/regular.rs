//! Regular files that somebody else may have put something else in the place of.
//!
//! Promises: a pipe never keeps the caller waiting, a device is never read without end. Never touches: what is in the file.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Most bytes of a text that a person writes by hand: the longest that `init` writes has 6,000.
pub const TEXT_LIMIT: u64 = 1_000_000;

/// Opens it for reading; links are followed.
///
/// # Errors
/// The system cannot open it, or it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    Ok(open_with_length(path)?.0)
}

fn open_with_length(path: &Path) -> io::Result<(File, u64)> {
    let file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    let status = file.metadata()?;
    if status.is_file() { Ok((file, status.len())) } else { Err(io::Error::other("it is no regular file")) }
}

/// Whether that name is still the open file's, and no other file has been put in its place; no where it cannot be told.
#[must_use]
pub fn is_at(file: &File, path: &Path) -> bool {
    file.metadata().is_ok_and(|status| is_same(path, &status))
}

/// The same for a file of which only its status is known.
#[must_use]
pub fn is_same(path: &Path, status: &Metadata) -> bool {
    fs::symlink_metadata(path).is_ok_and(|other| (other.dev(), other.ino()) == (status.dev(), status.ino()))
}

/// Its bytes, at most [`TEXT_LIMIT`].
///
/// # Errors
/// As [`open`]; it cannot be read, or has more.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let (file, length) = open_with_length(path)?;
    // With room for all of it, it is read at once.
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(TEXT_LIMIT)).unwrap_or_default() + 1);
    file.take(TEXT_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(io::Error::other(format!("it is larger than {} MB", TEXT_LIMIT / 1_000_000)));
    }
    Ok(bytes)
}

/// Its text.
///
/// # Errors
/// As [`bytes`]; or it is no UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(bytes(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_no_regular_file_or_too_long_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("good"), "text").unwrap();
        symlink(at("good"), at("link")).unwrap();
        assert!(text(&at("good")).unwrap() == "text" && text(&at("link")).unwrap() == "text");
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), 0o600.into()).unwrap();
        symlink("/dev/zero", at("zeros")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for name in ["fifo", "zeros", "folder"] {
            assert_eq!(text(&at(name)).unwrap_err().to_string(), "it is no regular file", "{name}");
        }
        assert_eq!(text(&at("nothing")).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(at("long"), vec![b'#'; 1_000_001]).unwrap();
        assert_eq!(text(&at("long")).unwrap_err().to_string(), "it is larger than 1 MB");
        fs::write(at("bytes"), b"\xff").unwrap();
        assert!(text(&at("bytes")).is_err() && bytes(&at("bytes")).is_ok());
    }
}
