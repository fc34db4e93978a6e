//! Old mail wherever it lies: mbox and MMDF files, Maildirs with their folders, single messages, also of Apple Mail, folders of
//! files, gzip, bzip2, xz and zstd.
//!
//! Promises: read only; in the order of the arguments and, inside a folder, of names; memory does not grow with the
//! size of a file; what cannot be read is said with its file and place, and never stops the rest. A message is never
//! left out silently. Never touches: meaning; symbolic links to folders, which could lead in circles.

mod line_ends;
mod shape;

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use line_ends::LineFeeds;
use shape::{Dress, LOOK, Named, Shape, is_number, length, shape};

use super::input::Incoming;
use super::mbox::{Letter, Mbox, Mmdf};
use super::packing::{MEMORY_LIMIT, Packing};

/// Most folders inside each other that are entered.
pub const DEPTH_LIMIT: usize = 64;
/// Most bytes that are read at once.
const BUFFER: usize = 64 * 1024;
/// The argument that stands for standard input, where mail comes from another program.
pub const STANDARD_INPUT: &str = "-";

/// One message of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its file.
    pub path: Arc<Path>,
    /// In an mbox file: which message, counted from 1.
    pub number: Option<u64>,
    /// The head and the start of the body, as a delivery would keep them.
    pub start: Vec<u8>,
    /// Bytes of the whole message, after decompression.
    pub bytes: u64,
    /// When it was delivered, seconds since 1970, as the mbox line or the Maildir name says.
    pub received: Option<i64>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file or folder.
    pub path: PathBuf,
    /// Where in it, in bytes after decompression.
    pub offset: Option<u64>,
    /// What is wrong and, where there is one, the way out.
    pub what: String,
}

/// What an archive consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Something that could not be read.
    Fault(Fault),
    /// A message.
    Message(Message),
}

/// What is done with each thing found; a break ends the reading.
pub type Sink<'a> = &'a mut dyn FnMut(Found) -> ControlFlow<()>;

/// Asked of each file and folder before it is opened: whether anybody wants to have it read.
pub type Wanted<'a> = &'a mut dyn FnMut(&Path, &Metadata) -> bool;

/// Reads everything, and adds to `progress` the bytes taken from disk.
///
/// # Errors
/// None: what goes wrong is a [`Found::Fault`]. Breaks when `sink` does.
pub fn read(paths: &[PathBuf], progress: &Arc<AtomicU64>, sink: Sink<'_>) -> ControlFlow<()> {
    read_wanted(paths, progress, &mut |_, _| true, sink)
}

/// The same of what is wanted alone; what is not, is passed over in silence, and its bytes count as taken.
///
/// # Errors
/// As [`read`].
pub fn read_wanted(
    paths: &[PathBuf],
    progress: &Arc<AtomicU64>,
    wanted: Wanted<'_>,
    sink: Sink<'_>,
) -> ControlFlow<()> {
    let mut reader = Reader { progress, wanted, sink };
    paths.iter().try_for_each(|path| reader.anything(path, 0))
}

/// The bytes on disk of everything that [`read`] would look at; what cannot be seen counts nothing.
#[must_use]
pub fn size(paths: &[PathBuf]) -> u64 {
    fn of(path: &Path, depth: usize) -> u64 {
        match fs::metadata(path) {
            Ok(what) if what.is_file() => what.len(),
            Ok(what) if what.is_dir() && depth <= DEPTH_LIMIT => entries(path).map_or(0, |list| {
                // A link to the folder above would be gone through again and again, each time with all its links.
                let entered = list.iter().filter(|entry| !entry.is_link || !entry.path.is_dir());
                entered.map(|entry| of(&entry.path, depth + 1)).sum()
            }),
            _ => 0,
        }
    }
    paths.iter().map(|path| of(path, 0)).sum()
}

struct Reader<'a, 'b> {
    progress: &'a Arc<AtomicU64>,
    wanted: Wanted<'b>,
    sink: Sink<'b>,
}

/// One name in a folder.
struct Entry {
    path: PathBuf,
    name: OsString,
    is_link: bool,
}

impl Reader<'_, '_> {
    fn anything(&mut self, path: &Path, depth: usize) -> ControlFlow<()> {
        if depth == 0 && path == Path::new(STANDARD_INPUT) {
            return self.file(path);
        }
        match fs::metadata(path) {
            Err(error) => self.fault(path, None, format!("cannot be read: {error}")),
            Ok(what) if !(self.wanted)(path, &what) => {
                self.progress.fetch_add(if what.is_file() { what.len() } else { 0 }, Ordering::Relaxed);
                ControlFlow::Continue(())
            }
            Ok(what) if what.is_dir() => self.folder(path, depth),
            Ok(what) if what.is_file() => self.file(path),
            // Opening a pipe would wait for somebody to write into it.
            Ok(_) => self.fault(path, None, "is neither a file nor a folder".into()),
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) -> ControlFlow<()> {
        if depth > DEPTH_LIMIT {
            return self.fault(path, None, format!("lies more than {DEPTH_LIMIT} folders deep and is not entered"));
        }
        let mut list = match entries(path) {
            Ok(list) => list,
            Err(error) => return self.fault(path, None, format!("cannot be read: {error}")),
        };
        let is_maildir = ["cur", "new"].iter().all(|name| path.join(name).is_dir());
        if is_maildir {
            // Its own mail before its folders; what is in tmp/ was never delivered.
            list.retain(|entry| entry.name != "tmp" && (entry.path.is_dir() || entry.is_link));
            list.sort_by_key(|entry| entry.name != "cur" && entry.name != "new");
        }
        for entry in list {
            if entry.is_link && entry.path.is_dir() {
                self.fault(&entry.path, None, "is a symbolic link to a folder and is not followed".into())?;
            } else if !is_left_over(&entry) {
                self.anything(&entry.path, depth + 1)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn file(&mut self, path: &Path) -> ControlFlow<()> {
        let count = Arc::new(AtomicU64::new(0));
        let named = Named::of(path);
        let opened = self.open(path).and_then(|reader| {
            let mut reader = Counted { inner: reader, count: Arc::clone(&count) };
            let mut look = Vec::new();
            (&mut reader).take(LOOK).read_to_end(&mut look)?;
            let dress = Dress::of(&look, named);
            look.drain(..dress.mark);
            let shape = |look: &[u8]| shape(look, named);
            if dress.carriage_returns {
                let plain: Vec<u8> = look.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect();
                return Ok((shape(&plain), Box::new(LineFeeds::new(Cursor::new(look).chain(reader))) as Box<dyn Read>));
            }
            Ok((shape(&look), Box::new(Cursor::new(look).chain(reader))))
        });
        let (shape, reader) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.fault(path, Some(count.load(Ordering::Relaxed)), torn(&error)),
        };
        match shape {
            Shape::Apple => self.apple(path, BufReader::with_capacity(BUFFER, reader), &count),
            Shape::Empty => ControlFlow::Continue(()),
            Shape::Letter => self.letter(path, reader, &count),
            Shape::Mbox => self.mbox(path, BufReader::with_capacity(BUFFER, reader)),
            Shape::Mmdf => {
                let mut mmdf = Mmdf::new(BufReader::with_capacity(BUFFER, reader));
                self.letters(path, || mmdf.next_letter().map_err(|error| (error, mmdf.offset())))
            }
            Shape::NoMail(why) => self.fault(path, None, why.into()),
        }
    }

    /// Opens a file and takes its compression off.
    fn open(&self, path: &Path) -> io::Result<Box<dyn BufRead>> {
        // As a file of its own, so that threads may share it like any other.
        let path = if path == Path::new(STANDARD_INPUT) { Path::new("/dev/stdin") } else { path };
        let file = File::open(path)?;
        // A buffer is cleared before it is used; most files are single messages. What is no file has no length.
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let room = if length == 0 { BUFFER } else { length.saturating_add(1).min(BUFFER) };
        let file = Counted { inner: file, count: Arc::clone(self.progress) };
        let mut reader = BufReader::with_capacity(room, file);
        Ok(match Packing::of(reader.fill_buf()?) {
            Some(packing) => Box::new(BufReader::new(packing.reader(reader))),
            None => Box::new(reader),
        })
    }

    fn mbox(&mut self, path: &Path, reader: impl BufRead) -> ControlFlow<()> {
        let mut mbox = Mbox::new(reader);
        self.letters(path, || mbox.next_letter().map_err(|error| (error, mbox.offset())))?;
        match mbox.doubtful() {
            Some((1, offset)) => self.fault(path, Some(offset), DOUBTFUL.into()),
            Some((count, offset)) => self.fault(path, Some(offset), format!("{DOUBTFUL}; {} more", count - 1)),
            None => ControlFlow::Continue(()),
        }
    }

    /// Hands on what `next` gives, up to the end or the first failure, which comes with its place.
    fn letters(
        &mut self,
        path: &Path,
        mut next: impl FnMut() -> Result<Option<Letter>, (io::Error, u64)>,
    ) -> ControlFlow<()> {
        let shared: Arc<Path> = path.into();
        loop {
            match next() {
                Ok(Some(letter)) => (self.sink)(Found::Message(Message {
                    path: Arc::clone(&shared),
                    number: Some(letter.number),
                    start: letter.start,
                    bytes: letter.bytes,
                    received: letter.received,
                }))?,
                Ok(None) => return ControlFlow::Continue(()),
                Err((error, offset)) => return self.fault(path, Some(offset), torn(&error)),
            }
        }
    }

    /// A message of Apple Mail: what stands behind it is no text of its author's.
    fn apple(&mut self, path: &Path, mut reader: impl BufRead, count: &AtomicU64) -> ControlFlow<()> {
        let mut line = Vec::new();
        if let Err(error) = (&mut reader).take(LOOK).read_until(b'\n', &mut line) {
            return self.fault(path, Some(count.load(Ordering::Relaxed)), torn(&error));
        }
        let mut message = reader.take(length(&line).unwrap_or(u64::MAX));
        self.letter(path, &mut message, count)?;
        let missing = message.limit();
        let mut behind = Vec::new();
        let rest = message.into_inner().take(LOOK).read_to_end(&mut behind);
        let is_a_list = behind.trim_ascii().is_empty() || behind.trim_ascii_start().starts_with(b"<?xml");
        match rest {
            Err(error) => self.fault(path, Some(count.load(Ordering::Relaxed)), torn(&error)),
            Ok(_) if missing > 0 => self.fault(path, None, format!("{missing} bytes of it are missing at its end")),
            Ok(_) if !is_a_list => self.fault(path, None, WRONG_LENGTH.into()),
            Ok(_) => ControlFlow::Continue(()),
        }
    }

    fn letter(&mut self, path: &Path, reader: impl Read, count: &AtomicU64) -> ControlFlow<()> {
        let whole = Incoming::read_start(reader).and_then(|mut incoming| {
            let rest = incoming.drain()?;
            Ok((incoming.start().to_vec(), rest))
        });
        match whole {
            Err(error) => self.fault(path, Some(count.load(Ordering::Relaxed)), torn(&error)),
            Ok((start, rest)) => (self.sink)(Found::Message(Message {
                path: path.into(),
                number: None,
                bytes: start.len() as u64 + rest,
                start,
                received: maildir_time(path),
            })),
        }
    }

    fn fault(&mut self, path: &Path, offset: Option<u64>, what: String) -> ControlFlow<()> {
        (self.sink)(Found::Fault(Fault { path: path.to_owned(), offset, what }))
    }
}

const DOUBTFUL: &str = "looks like the start of a message, but no empty line stands before it, and it lacks an address, a \
    date or a header behind it: taken as text";

const WRONG_LENGTH: &str = "is longer than its first line says: what stands behind that length is not read";

/// Counts what passes.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Message {
    /// The file, and `#3` for the third message of an mbox file.
    #[must_use]
    pub fn place(&self) -> String {
        match self.number {
            Some(number) => format!("{}#{number}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.offset {
            Some(offset) => write!(out, "{}, byte {offset}: {}", self.path.display(), self.what),
            None => write!(out, "{}: {}", self.path.display(), self.what),
        }
    }
}

/// The names of a folder, sorted; names that are numbers, as MH has them, by their value.
fn entries(path: &Path) -> io::Result<Vec<Entry>> {
    let mut list = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_link = entry.file_type()?.is_symlink();
        list.push(Entry { path: entry.path(), name: entry.file_name(), is_link });
    }
    list.sort_by(|a, b| {
        let length = |entry: &Entry| if is_number(&entry.name) { entry.name.len() } else { usize::MAX };
        length(a).cmp(&length(b)).then_with(|| a.name.cmp(&b.name))
    });
    Ok(list)
}

/// What mail programs leave beside mail: hidden files, and what MH has deleted.
fn is_left_over(entry: &Entry) -> bool {
    let name = entry.name.to_string_lossy();
    !entry.path.is_dir() && name.starts_with(['.', ',', '#'])
}

/// When a message of a Maildir was delivered, seconds since 1970, as its file's name says; none of any other file, which may
/// hold more than one message.
#[must_use]
pub fn delivered(path: &Path) -> Option<i64> {
    let folder = path.parent()?.file_name()?;
    if folder == "cur" || folder == "new" { maildir_time(path) } else { None }
}

/// A Maildir name begins with the second of its delivery.
fn maildir_time(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_str()?;
    let (seconds, _) = name.split_once('.')?;
    let good = (9..=11).contains(&seconds.len()) && seconds.bytes().all(|b| b.is_ascii_digit());
    good.then(|| seconds.parse().ok()).flatten()
}

fn torn(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends too early, and what stands behind this place is lost".into(),
        io::ErrorKind::OutOfMemory => {
            format!("needs more than {} MiB to be unpacked: unpack it first", MEMORY_LIMIT / 1024 / 1024)
        }
        _ => format!("cannot be read on: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    const FROM: &str = "From bob@x.org Sat Nov 21 12:00:00 2026\n";

    /// The places of the messages and the texts of the faults, relative to the folder.
    fn found(folder: &Path) -> (Vec<String>, Vec<String>) {
        let (mut messages, mut faults) = (Vec::new(), Vec::new());
        let short = |text: String| text.replace(&format!("{}/", folder.display()), "");
        let going_on = read(&[folder.to_owned()], &Arc::default(), &mut |found| {
            match found {
                Found::Fault(fault) => faults.push(short(fault.to_string())),
                Found::Message(message) => messages.push(short(message.place())),
            }
            ControlFlow::Continue(())
        });
        assert_eq!(going_on, ControlFlow::Continue(()));
        (messages, faults)
    }

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let scratch = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = scratch.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        scratch
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    /// `printf 'From bob@x.org Sat Nov 21 12:00:00 2026\nA: b\n\nHello\n' | xz -0`.
    const XZ: [u8; 108] = [
        253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 12, 0, 0, 0, 143, 152, 65, 156, 1, 0, 51, 70,
        114, 111, 109, 32, 98, 111, 98, 64, 120, 46, 111, 114, 103, 32, 83, 97, 116, 32, 78, 111, 118, 32, 50, 49, 32,
        49, 50, 58, 48, 48, 58, 48, 48, 32, 50, 48, 50, 54, 10, 65, 58, 32, 98, 10, 10, 72, 101, 108, 108, 111, 10, 0,
        94, 135, 78, 80, 67, 151, 57, 214, 0, 1, 76, 52, 151, 65, 254, 93, 31, 182, 243, 125, 1, 0, 0, 0, 0, 4, 89, 90,
    ];

    #[test]
    fn what_is_no_mail_is_named_and_stops_nothing() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let garbage: Vec<u8> = (0..5_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8 | 0x80).collect();
        let scratch = folder(&[
            ("a.tar", &tar),
            ("b.zip", b"PK\x03\x04rest"),
            ("c.bz2", b"BZh91AY"),
            ("d", &garbage),
            ("e.txt", b"Dear diary,\n"),
            ("e2.json", b"{\"path\":\"a\"}\n"),
            ("f.gz", &gz(&gz(b"To: b\n"))),
            ("g.gz", &gz(&[FROM.as_bytes(), b"To: b\n\nHello, this is a letter\n\n"].concat())[..60]),
            ("h.xz", &XZ[..68]),
            ("i.gz", b"\x1f\x8b"),
            ("z", b"To: b\n\nc\n"),
        ]);
        let (messages, faults) = found(scratch.path());
        assert_eq!(messages, ["z"]);
        assert_eq!(faults.len(), 10, "{faults:#?}");
        let wanted = [
            "a.tar: is a tar",
            "b.zip: is a zip",
            "c.bz2: is compressed with bzip2 and damaged",
            "d: is no mail",
            "e.txt: is no mail",
            "e2.json: is no mail",
        ];
        for (fault, start) in faults.iter().zip(wanted) {
            assert!(fault.starts_with(start), "{fault}");
        }
        assert!(faults[6].starts_with("f.gz: is compressed twice"), "{}", faults[6]);
        assert!(faults[7..].iter().all(|fault| fault.contains(", byte ")), "{faults:#?}");
    }

    #[test]
    fn what_nobody_wants_is_not_opened() {
        let scratch = folder(&[("a", b"To: b\n"), ("b/c", b"To: b\n"), ("d", b"no mail")]);
        let (mut messages, read) = (Vec::new(), Arc::default());
        let mut wanted =
            |path: &Path, what: &Metadata| !path.ends_with("d") && (!path.ends_with("b") || what.is_file());
        let _ = read_wanted(&[scratch.path().to_owned()], &read, &mut wanted, &mut |found| {
            messages.push(found);
            ControlFlow::Continue(())
        });
        assert!(matches!(messages.as_slice(), [Found::Message(one)] if one.path.ends_with("a")), "{messages:?}");
        assert_eq!(read.load(Ordering::Relaxed), 6 + 7);
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let scratch = folder(&[("b", b"To: b\n")]);
        symlink("nowhere", scratch.path().join("a")).unwrap();
        symlink(".", scratch.path().join("circle")).unwrap();
        let made = std::os::unix::net::UnixListener::bind(scratch.path().join("socket")).unwrap();
        let (messages, faults) = found(scratch.path());
        drop(made);
        assert_eq!(messages, ["b"]);
        assert!(faults[0].starts_with("a: cannot be read:"), "{faults:?}");
        assert!(faults[1].starts_with("circle: is a symbolic link"), "{faults:?}");
        assert!(faults[2].starts_with("socket: is neither"), "{faults:?}");
        let (_, faults) = found(&scratch.path().join("nothing"));
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn links_that_lead_in_circles_count_nothing() {
        let scratch = folder(&[("a/m", b"To: b\n")]);
        // Each of them leads to all of them again: 2^40 ways before the system says that it is enough.
        for name in ["one", "two", "a/up"] {
            symlink(scratch.path(), scratch.path().join(name)).unwrap();
        }
        symlink("m", scratch.path().join("a/same")).unwrap();
        assert_eq!(size(&[scratch.path().to_owned()]), 12);
        let link = scratch.path().join("one/a");
        assert_eq!(size(&[link]), 12, "what was named is looked at, link or not");
    }

    #[test]
    fn folders_are_not_entered_for_ever() {
        let scratch = tempfile::tempdir().unwrap();
        let deep = (0..DEPTH_LIMIT + 2).fold(scratch.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("m.eml"), "To: b\n").unwrap();
        let (messages, faults) = found(scratch.path());
        assert_eq!((messages.len(), faults.len()), (0, 1));
        assert!(faults[0].contains("64 folders deep"));
    }

    #[test]
    fn a_maildir_is_read_with_its_folders_in_order() {
        let letter = b"To: b\n";
        let scratch = folder(&[
            ("dovecot-uidlist", b"3 V1\n"),
            ("dovecot.index.log", b"\x01\x02"),
            ("new/1795262401.M1P1.host", letter),
            ("cur/1795262400.M1P1.host:2,S", letter),
            ("cur/1795262399.M1P1.host:2,RS", &gz(letter)),
            ("cur/odd", b"\xff\xfe damaged mail is mail\n"),
            ("tmp/1795262402.M1P1.host", letter),
            (".Sent/cur/1795262000.a:2,S", letter),
            (".Sent/new/1795262001.a", letter),
            (".Sent/maildirfolder", b""),
            ("archive/cur/1.a", letter),
            ("archive/new/2.a", letter),
        ]);
        let (messages, faults) = found(scratch.path());
        assert_eq!(
            messages,
            [
                "cur/1795262399.M1P1.host:2,RS",
                "cur/1795262400.M1P1.host:2,S",
                "cur/odd",
                "new/1795262401.M1P1.host",
                ".Sent/cur/1795262000.a:2,S",
                ".Sent/new/1795262001.a",
                "archive/cur/1.a",
                "archive/new/2.a",
            ]
        );
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn numbers_count_as_numbers_and_left_overs_are_no_mail() {
        let letter = b"To: b\n";
        let scratch =
            folder(&[("10", letter), ("9", letter), (".mh_sequences", b"cur: 9\n"), (",8", letter), ("empty", b"")]);
        assert_eq!(found(scratch.path()), (vec!["9".into(), "10".into()], vec![]));
    }

    #[test]
    fn only_a_file_that_was_seen_to_its_end_is_empty() {
        let scratch = folder(&[("a", b"\r\n\n"), ("b", format!("{}To: b\n", "\n".repeat(5_000)).as_bytes())]);
        let (messages, faults) = found(scratch.path());
        assert_eq!((messages.len(), faults.len()), (0, 1));
        assert!(faults[0].starts_with("b: is no mail"), "{faults:?}");
    }

    #[test]
    fn an_mbox_named_by_its_year_is_an_mbox() {
        let mbox = format!("{FROM}To: b\n\nHello\n\n{FROM}To: c\n");
        let scratch = folder(&[
            ("7", b"damaged mail is mail\n"),
            ("8", b"From here on\nTo: b\n"),
            ("2019", mbox.as_bytes()),
            ("201901", &gz(mbox.as_bytes())),
        ]);
        let (messages, faults) = found(scratch.path());
        assert_eq!(messages, ["7", "8", "2019#1", "2019#2", "201901#1", "201901#2"]);
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn compressed_or_not_an_mbox_is_the_same() {
        let text = format!("{FROM}To: b\n\nHello\n\n{FROM}To: c\n\n{FROM}");
        let twice = [gz(&text.as_bytes()[..text.len() / 2]), gz(&text.as_bytes()[text.len() / 2..])].concat();
        for bytes in [text.as_bytes().to_vec(), gz(text.as_bytes()), twice] {
            let scratch = folder(&[("m", &bytes)]);
            let (messages, faults) = found(scratch.path());
            assert_eq!(messages, ["m#1", "m#2", "m#3"]);
            assert_eq!(faults, Vec::<String>::new());
        }
        let scratch = folder(&[("x.xz", &XZ)]);
        assert_eq!(found(scratch.path()), (vec!["x.xz#1".into()], vec![]));
    }

    #[test]
    fn a_letter_that_quotes_an_mbox_is_one_letter() {
        let text = format!("{FROM}To: b\n\n{FROM}To: c\n");
        let scratch = folder(&[("one.eml", text.as_bytes()), ("two", text.as_bytes())]);
        assert_eq!(found(scratch.path()).0, ["one.eml", "two#1", "two#2"]);
    }

    /// The starts of the messages, with the names of their files.
    fn starts(folder: &Path) -> Vec<(String, String)> {
        let mut starts = Vec::new();
        let _ = read(&[folder.to_owned()], &Arc::default(), &mut |found| {
            if let Found::Message(message) = found {
                let name = message.path.file_name().unwrap().to_string_lossy().into_owned();
                starts.push((name, String::from_utf8(message.start).unwrap()));
            }
            ControlFlow::Continue(())
        });
        starts
    }

    #[test]
    fn what_other_programs_wrote_around_mail_is_none_of_it() {
        const LETTER: &str = "To: b\nSubject: tea\n\nHello,\nbob\n";
        let mbox = format!("{FROM}{LETTER}\n{FROM}{LETTER}");
        let apple = |length: usize, behind: &str| format!("{length}      \n{LETTER}{behind}").into_bytes();
        let list = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"></plist>\n";
        let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let scratch = folder(&[
            ("a.emlx", &apple(LETTER.len(), list)),
            ("b.emlx", &apple(LETTER.len(), "")),
            ("c.emlx.gz", &gz(&apple(LETTER.len(), list))),
            ("d.eml", &marked(LETTER)),
            ("e", &marked(LETTER)),
            ("f", &marked(&mbox)),
            ("g", mbox.replace('\n', "\r").as_bytes()),
            ("h.eml", LETTER.replace('\n', "\r").as_bytes()),
            ("i", &gz(&marked(&mbox.replace('\n', "\r")))),
            ("j", format!("\x01\x01\x01\x01\n{LETTER}\x01\x01\x01\x01\n").as_bytes()),
            ("k", format!("\x01\x01\x01\x01\r{FROM}{LETTER}\x01\x01\x01\x01\r").replace('\n', "\r").as_bytes()),
        ]);
        let found = starts(scratch.path());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let wanted = ["a.emlx", "b.emlx", "c.emlx.gz", "d.eml", "e", "f", "f", "g", "g", "h.eml", "i", "i", "j", "k"];
        assert_eq!(names, wanted);
        for (name, start) in &found {
            assert_eq!(start.strip_prefix(FROM).unwrap_or(start), LETTER, "{name}");
        }
        assert_eq!(super::tests::found(scratch.path()).1, Vec::<String>::new());
        // What was delivered is as it was.
        let scratch = folder(&[("cur/a", &marked(LETTER)), ("new/b", LETTER.replace('\n', "\r").as_bytes())]);
        let delivered: Vec<String> = starts(scratch.path()).into_iter().map(|(_, start)| start).collect();
        assert_eq!(delivered, [format!("\u{feff}{LETTER}"), LETTER.replace('\n', "\r")]);
    }

    #[test]
    fn a_message_of_apple_mail_whose_length_is_wrong_is_named_and_read() {
        const LETTER: &str = "To: b\n\nHello\n";
        let scratch = folder(&[
            ("a.emlx", format!("{}\n{LETTER}<?xml", LETTER.len() - 6).as_bytes()),
            ("b.emlx", format!("{}\n{LETTER}", LETTER.len() + 9).as_bytes()),
            ("c.emlx.gz", &gz(format!("{}\n{LETTER}", LETTER.len()).as_bytes())[..30]),
        ]);
        let (messages, faults) = found(scratch.path());
        assert_eq!(messages, ["a.emlx", "b.emlx"]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("a.emlx: is longer than its first line says"), "{faults:?}");
        assert!(faults[1].starts_with("b.emlx: 9 bytes of it are missing"), "{faults:?}");
        assert!(faults[2].starts_with("c.emlx.gz, byte "), "{faults:?}");
        assert_eq!(starts(scratch.path())[0].1, "To: b\n\n");
    }

    #[test]
    fn a_single_message_may_be_packed_wherever_it_lies() {
        let letter = b"To: b\n\nHello, this is a letter\n";
        let bz2 = |bytes: &[u8]| {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        };
        let zstd = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
        let scratch = folder(&[
            ("cur/1.a:2,S", &zstd(letter)),
            ("new/1.b", &bz2(letter)),
            ("old/1.zst", &zstd(letter)),
            ("old/2", &bz2(letter)),
            ("old/letter.eml.bz2", &bz2(b"damaged mail is mail\n")),
            ("old/torn.zst", &zstd(letter)[..20]),
        ]);
        let (messages, faults) = found(scratch.path());
        assert_eq!(messages, ["cur/1.a:2,S", "new/1.b", "old/2", "old/1.zst", "old/letter.eml.bz2"]);
        assert!(matches!(faults.as_slice(), [one] if one.starts_with("old/torn.zst, byte ")), "{faults:?}");
    }

    #[test]
    fn a_doubtful_line_is_said() {
        let scratch = folder(&[("m", format!("{FROM}To: b\n\nHello\n{FROM}and so on\n").as_bytes())]);
        let (messages, faults) = found(scratch.path());
        assert_eq!((messages.len(), faults.len()), (1, 1));
        assert!(faults[0].starts_with("m, byte 53: looks like the start"), "{faults:?}");
    }

    #[test]
    fn who_has_enough_is_given_no_more() {
        let scratch = folder(&[("a", b"To: b\n"), ("b", b"To: b\n")]);
        let mut count = 0;
        let ended = read(&[scratch.path().to_owned()], &Arc::default(), &mut |_| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!((ended, count), (ControlFlow::Break(()), 1));
    }

    #[test]
    fn sizes_and_times_are_known() {
        let body = "x".repeat(2_000_000);
        let text = format!("To: b\n\n{body}");
        let scratch = folder(&[("cur/1795262400.a:2,S", text.as_bytes()), ("new/1.b", b"To: b\n")]);
        let progress = Arc::new(AtomicU64::new(0));
        let mut seen = Vec::new();
        let _ = read(&[scratch.path().to_owned()], &progress, &mut |found| {
            if let Found::Message(message) = found {
                seen.push((message.bytes, message.received, message.start.len() < 600_000));
            }
            ControlFlow::Continue(())
        });
        assert_eq!(seen, [(2_000_007, Some(1_795_262_400), true), (6, None, true)]);
        assert_eq!(progress.load(Ordering::Relaxed), 2_000_013);
        assert_eq!(size(&[scratch.path().to_owned()]), 2_000_013);
    }
}
