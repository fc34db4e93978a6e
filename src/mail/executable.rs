//! What in a message a computer may run: programs, scripts, shortcuts, disk images, documents with macros, and
//! archives that hold them. Known by name, by the first bytes, and by the directory of a zip archive.
//!
//! Promises: nothing is unpacked; linear time; messages inside messages are looked into to a fixed depth; what was
//! left out because of a limit is said. Only what a body's first 256 KiB show is looked at. Never touches: whether
//! the content is harmful (a document without macros may be), or what becomes of the message (`verdict.rs`).

use super::display::one_line;
use super::fold::{PARAMETER_LIMIT, Parameterised};
use super::head::Head;
use super::is_listed;
use super::parts::{Part, Parts, parts};

/// Most messages inside one another that are looked into. A person forwards a forwarded message; ten is a trick.
pub const MESSAGE_DEPTH_LIMIT: usize = 10;
/// Most findings that are listed; one is enough to hold a message.
pub const FINDINGS_LIMIT: usize = 8;
/// Longest end of a file's name that is looked at, in bytes: file systems allow 255.
const NAME_LIMIT: usize = 256;
/// Most entries of one zip archive that are read; in 256 KiB no more than 8,500 can stand one behind the other.
const ENTRY_LIMIT: usize = 10_000;
/// Most bytes of messages inside a message, all together, that are looked into; one is in sight up to 256 KiB.
const INSIDE_LIMIT: usize = MESSAGE_DEPTH_LIMIT * 256 * 1024;
/// Encoded bytes of a part that are decoded to see what it is.
const PEEK_LIMIT: usize = 512;
/// Most characters of a name that are shown.
const SHOWN_LIMIT: usize = 60;

/// Everything of that kind in one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executables {
    /// What was found, each kind once, at most [`FINDINGS_LIMIT`].
    pub findings: Vec<Finding>,
    /// Whether any of it is in the message itself, and not in a message inside it.
    pub outside: bool,
    /// How many messages the message itself holds.
    pub messages: usize,
    /// Whether something was not looked at, because it was over a limit or had no end that could be found.
    pub unexamined: bool,
}

/// One thing that a computer may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Executable,
    /// The name of the file, fit to be shown; empty if it has none.
    pub name: String,
}

/// Why something counts as executable (seed 004, S004-16 and S004-73).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Executable {
    /// A zip archive, or a compressed file, holds a file with the name of a program, script or shortcut.
    ArchivedProgram,
    /// A file's name has a character that turns the direction of writing around, to hide its true end.
    DirectionOverride,
    /// An image of a disk, which a double click opens, and whose files carry no mark of where they came from.
    DiskImage,
    /// The name of a program behind the name of a document: `invoice.pdf.exe`.
    DoubleExtension,
    /// A zip archive with a password: no scanner can have looked into it.
    EncryptedArchive,
    /// A Java class or an archive of them.
    JavaProgram,
    /// A document with macros, by its name or by what is in it.
    MacroDocument,
    /// An archive in a zip archive: what is in that one nobody can see.
    NestedArchive,
    /// More than [`MESSAGE_DEPTH_LIMIT`] messages inside one another.
    NestedTooDeep,
    /// The first bytes of a program for Windows, Linux or macOS, or of an installer.
    Program,
    /// The name of a program.
    ProgramName,
    /// A document in Rich Text Format with an object in it, which may be a program.
    RtfObject,
    /// The first bytes of a script.
    Script,
    /// The name of a script.
    ScriptName,
    /// A shortcut, by its name or its first bytes: it runs what it points to.
    Shortcut,
}

impl Executable {
    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// One clause for a person, what it comes with.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Executable::ArchivedProgram => ("archived-program", "an archive with a program or script in it"),
            Executable::DirectionOverride => {
                ("direction-override", "a file whose name is written backwards to hide what it is")
            }
            Executable::DiskImage => ("disk-image", "the image of a disk"),
            Executable::DoubleExtension => ("double-extension", "a program that is named like a document"),
            Executable::EncryptedArchive => {
                ("encrypted-archive", "an archive with a password, into which nobody can look")
            }
            Executable::JavaProgram => ("java-program", "a Java program"),
            Executable::MacroDocument => ("macro-document", "a document with macros"),
            Executable::NestedArchive => ("nested-archive", "an archive inside an archive"),
            Executable::NestedTooDeep => ("nested-too-deep", "more messages inside one another than anybody forwards"),
            Executable::Program => ("program", "a program"),
            Executable::ProgramName => ("program-name", "a program"),
            Executable::RtfObject => ("rtf-object", "a document with an object in it that may be a program"),
            Executable::Script => ("script", "a script"),
            Executable::ScriptName => ("script-name", "a script"),
            Executable::Shortcut => ("shortcut", "a shortcut, which runs what it points to"),
        }
    }
}

/// What a double click runs on Windows, macOS or Android. The lists are what Gmail and Outlook refuse (their help
/// pages, 2025), without what people send each other to read: `sh`, `py`, `pl`, `mdb`, `cer`, `tmp`.
const PROGRAMS: &str = "\
    exe com scr pif cpl msi msp mst msix msixbundle appx appxbundle application dll drv sys ocx vxd gadget xll ade \
    adp mde msc apk dex pkg ex_ diagcab diagcfg diagpkg xbap";
const JAVA: &str = "jar class jnlp";
const SCRIPTS: &str = "\
    js jse vb vbe vbs vbp ws wsc wsf wsh sct hta htc bat cmd ps1 ps2 ps1xml psc1 psm1 msh msh1 chm hlp reg ins isp \
    shb shs nsh vsmacros";
const SHORTCUTS: &str = "lnk url website scf desktop appref-ms library-ms search-ms settingcontent-ms";
const DISK_IMAGES: &str = "iso img vhd vhdx dmg wim udf";
const MACRO_DOCUMENTS: &str = "docm dotm xlsm xltm xlam xla pptm potm ppam ppsm sldm";
const ARCHIVES: &str = "zip rar 7z cab ace arj lzh lha uue xxe";
const COMPRESSED: &str = "gz bz2 xz z zst lzma";
/// What a program's name hides behind.
const DOCUMENTS: &str = "\
    pdf doc docx xls xlsx ppt pptx odt ods rtf txt csv htm html xml eml jpg jpeg png gif bmp tif tiff svg mp3 mp4 \
    wav avi mov zip rar";

/// The CLSID of Windows Installer's files behind its first byte, which is 0x82, 0x84 or 0x86.
const INSTALLER_CLASS: &[u8] = b"\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46";
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const SHELL_LINK: &[u8] = b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46";
/// Where the volume descriptor of an ISO 9660 image has its identifier (ECMA-119 section 8.1).
const ISO_MARK: usize = 32_769;

/// Looks at the parts of a body.
#[must_use]
pub fn look(parts_of_message: &Parts<'_>) -> Executables {
    let mut out = Executables::default();
    let mut waiting: Vec<(Vec<u8>, usize)> = Vec::new();
    out.look_at(parts_of_message, 0, &mut waiting);
    (out.outside, out.messages) = (!out.findings.is_empty(), waiting.len());
    // No recursion. What only some programs take for a multipart is read twice, so depth alone bounds nothing.
    let mut room = INSIDE_LIMIT;
    while let Some((message, depth)) = waiting.pop() {
        let Some(left) = room.checked_sub(message.len()) else {
            out.unexamined = true;
            continue;
        };
        room = left;
        let head = Head::read(&message);
        out.look_at(&parts(&head, &message[head.body..]), depth, &mut waiting);
    }
    out.findings.sort_by_key(|finding| finding.kind);
    out
}

impl Executables {
    fn look_at(&mut self, parts: &Parts<'_>, depth: usize, waiting: &mut Vec<(Vec<u8>, usize)>) {
        self.unexamined |= parts.unexamined;
        let multiparts = parts.multiparts.iter();
        for multipart in multiparts.clone() {
            self.names(&multipart.fields);
        }
        for part in parts.all.iter().chain(multiparts.filter_map(|multipart| multipart.alone.as_ref())) {
            if part.kind != "message/rfc822" && part.kind != "message/global" {
                self.part(part);
            } else if depth >= MESSAGE_DEPTH_LIMIT {
                self.note(Executable::NestedTooDeep, "");
            } else {
                waiting.push((part.decoded(part.bytes).into_owned(), depth + 1));
            }
        }
    }

    /// The names in a part's fields, what they say noted.
    fn names(&mut self, fields: &[&[u8]]) -> Vec<String> {
        let mut names = Vec::new();
        for raw in fields {
            let field = Parameterised::parse(raw);
            // A name in more pieces than are kept has an end that is not seen.
            self.unexamined |= field.parameters.len() >= PARAMETER_LIMIT;
            names.extend(field.readings("filename"));
            names.extend(field.readings("name"));
        }
        for name in &names {
            self.note_all(by_name(name), name);
        }
        names
    }

    fn part(&mut self, part: &Part<'_>) {
        let names = self.names(&part.fields);
        let name = names.first().map_or("", String::as_str);
        let text = part.kind.starts_with("text/") && !part.attached && names.is_empty();
        if text {
            self.unix_encoded(part.bytes);
        } else {
            let peek = part.decoded(&part.bytes[..part.bytes.len().min(PEEK_LIMIT)]);
            self.note_all(by_start(&peek), name);
            if is_worth_decoding(&peek) {
                self.whole(&part.decoded(part.bytes), name);
            }
        }
    }

    /// Looks into what can be looked into.
    fn whole(&mut self, bytes: &[u8], name: &str) {
        if bytes.starts_with(b"PK") {
            self.zip(bytes);
        } else if bytes.starts_with(OLE) {
            self.note_all(ole(bytes), name);
        } else if bytes.starts_with(b"{\\rt") && has_object(bytes) {
            self.note(Executable::RtfObject, name);
        } else if bytes.get(ISO_MARK..).is_some_and(|rest| rest.starts_with(b"CD001") || rest.starts_with(b"BEA01")) {
            self.note(Executable::DiskImage, name);
        }
    }

    /// Reads the names in a zip archive: every entry of its directory and every local header that is in sight
    /// (APPNOTE.TXT 4.3.7 and 4.3.12). Sizes and offsets in it are not believed, so nothing hides behind a wrong one.
    fn zip(&mut self, bytes: &[u8]) {
        let mut entries = 0;
        for at in places(bytes, b"PK") {
            let header = &bytes[at..];
            let (flags, length, fixed) = match header.get(2..4) {
                Some(b"\x03\x04") => (number(header, 6), number(header, 26), 30),
                Some(b"\x01\x02") => (number(header, 8), number(header, 28), 46),
                _ => continue,
            };
            let (Some(flags), Some(length)) = (flags, length) else { continue };
            entries += 1;
            if entries > ENTRY_LIMIT {
                self.unexamined = true;
                break;
            }
            let rest = header.get(fixed..).unwrap_or_default();
            let name = &rest[..rest.len().min(usize::from(length))];
            let name = String::from_utf8_lossy(&name[name.len().saturating_sub(NAME_LIMIT)..]);
            if flags & 1 == 1 {
                self.note(Executable::EncryptedArchive, &name);
            }
            self.note_all(in_zip(&name), &name);
        }
    }

    /// A file in a text as people sent them before MIME: `begin 644 NAME`, and a line of data behind it.
    fn unix_encoded(&mut self, text: &[u8]) {
        let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end).peekable();
        while let Some(line) = lines.next() {
            let Some(rest) = line.strip_prefix(b"begin ") else { continue };
            let digits = rest.iter().take_while(|b| matches!(b, b'0'..=b'7')).count();
            // A full line of data is `M` and 60 characters; a short file has one short line.
            let data =
                lines.peek().is_some_and(|next| !next.is_empty() && next.iter().all(|b| (b' '..=b'`').contains(b)));
            if matches!(digits, 3 | 4) && rest.get(digits) == Some(&b' ') && data {
                let name = String::from_utf8_lossy(&rest[digits + 1..]);
                self.note_all(by_name(&name), &name);
            }
        }
    }

    fn note_all(&mut self, kinds: impl IntoIterator<Item = Executable>, name: &str) {
        for kind in kinds {
            self.note(kind, name);
        }
    }

    fn note(&mut self, kind: Executable, name: &str) {
        if self.findings.len() < FINDINGS_LIMIT && !self.findings.iter().any(|finding| finding.kind == kind) {
            self.findings.push(Finding { kind, name: one_line(name, SHOWN_LIMIT) });
        }
    }
}

/// What a file's name says.
fn by_name(name: &str) -> Option<Executable> {
    if name.contains(['\u{202d}', '\u{202e}']) {
        return Some(Executable::DirectionOverride);
    }
    // A program written in C reads the name up to a NUL, others all of it.
    let cut = name.split('\0').next().unwrap_or_default();
    [name, cut].into_iter().find_map(by_clean_name)
}

fn by_clean_name(name: &str) -> Option<Executable> {
    let (stem, extension) = extension(name)?;
    let kind = by_extension(&extension);
    let (before, compressed) = (self::extension(stem), is_listed(COMPRESSED, &extension));
    match (kind, before) {
        (Some(Executable::ProgramName | Executable::ScriptName | Executable::Shortcut), Some((_, document)))
            if is_listed(DOCUMENTS, &document) =>
        {
            Some(Executable::DoubleExtension)
        }
        (None, Some((_, inner))) if compressed => by_extension(&inner).map(|_| Executable::ArchivedProgram),
        (kind, _) => kind,
    }
}

/// A name without its extension, and the extension as the system will see it that opens the file: without folders,
/// without what Windows takes off its end, without characters that nobody sees, in lower case.
fn extension(name: &str) -> Option<(&str, String)> {
    let start = name.len() - name.len().min(NAME_LIMIT);
    let name = &name[name.ceil_char_boundary(start)..];
    let unseen = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '"' | '\'' | ';' | '>');
    let file = name.trim_end_matches(unseen);
    let file = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let (stem, extension) = file.rsplit_once('.')?;
    let extension = one_line(extension, SHOWN_LIMIT).replace(' ', "").to_lowercase();
    Some((stem, extension))
}

/// Longest ending in the lists: `settingcontent-ms`.
const LONGEST_EXTENSION: usize = 17;

fn by_extension(extension: &str) -> Option<Executable> {
    let lists = [
        (PROGRAMS, Executable::ProgramName),
        (SCRIPTS, Executable::ScriptName),
        (SHORTCUTS, Executable::Shortcut),
        (JAVA, Executable::JavaProgram),
        (DISK_IMAGES, Executable::DiskImage),
        (MACRO_DOCUMENTS, Executable::MacroDocument),
    ];
    // A hostile archive names thousands of files with endings that are none.
    if extension.len() > LONGEST_EXTENSION {
        // Windows takes `.{CLSID}` for the type that the number stands for, and does not show it.
        let class = extension.len() == 38 && extension.starts_with('{') && extension.ends_with('}');
        return class.then_some(Executable::ProgramName);
    }
    lists.into_iter().find(|(list, _)| is_listed(list, extension)).map(|(_, kind)| kind)
}

/// What the name of an entry in a zip archive says.
fn in_zip(name: &str) -> Option<Executable> {
    let lower = name.to_ascii_lowercase();
    // OOXML keeps macros in vbaProject.bin or in macro sheets, OpenDocument in Basic/ and Scripts/.
    let macros = lower.ends_with("vbaproject.bin")
        || lower.contains("macrosheets/")
        || (lower.starts_with("basic/") && lower.ends_with("script-lc.xml"));
    if macros {
        return Some(Executable::MacroDocument);
    }
    let last = extension(name).map(|(_, extension)| extension).unwrap_or_default();
    match by_name(name) {
        _ if name.ends_with(['/', '\\']) => None,
        Some(kind @ (Executable::DirectionOverride | Executable::MacroDocument)) => Some(kind),
        Some(_) if last == "class" => Some(Executable::JavaProgram),
        Some(_) => Some(Executable::ArchivedProgram),
        None => is_listed(ARCHIVES, &last).then_some(Executable::NestedArchive),
    }
}

/// What the first bytes say.
fn by_start(bytes: &[u8]) -> Option<Executable> {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    let starts = |marks: &[&[u8]]| marks.iter().any(|mark| bytes.starts_with(mark));
    // Text may begin with two letters; a program has zeros in its header.
    let windows = bytes.starts_with(b"MZ") && bytes[..bytes.len().min(64)].contains(&0);
    // A Java class and a program for two kinds of Mac begin alike; the first has a version from 45 on next, the second
    // a small count.
    let fat = word(0) == 0xcafe_babe && (1..40).contains(&word(4));
    let mac: [&[u8]; 4] = [b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"];
    if windows || fat || starts(&mac) || starts(&[b"\x7fELF", b"dex\n0"]) {
        Some(Executable::Program)
    } else if word(0) == 0xcafe_babe {
        Some(Executable::JavaProgram)
    } else if starts(&[SHELL_LINK, b"[InternetShortcut]"]) {
        Some(Executable::Shortcut)
    } else if starts(&[b"vhdxfile", b"conectix", b"MSWIM\0\0\0"]) {
        Some(Executable::DiskImage)
    } else if starts(&[b"#@~^", b"ITSF\x03\0\0\0"]) || is_hash_bang(bytes) {
        Some(Executable::Script)
    } else {
        None
    }
}

/// `#!` and the whole path of a program.
fn is_hash_bang(bytes: &[u8]) -> bool {
    bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .strip_prefix(b"#!")
        .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"/"))
}

/// Whether the rest of a part may tell more than its beginning. Pictures and PDF documents are never decoded.
fn is_worth_decoding(start: &[u8]) -> bool {
    let disk = start.len() >= 64 && start.iter().all(|&b| b == 0);
    disk || [b"PK".as_slice(), OLE, b"{\\rt"].iter().any(|mark| start.starts_with(mark))
}

/// A compound file (MS-CFB): an installer by the class of its root entry, macros by the names of its storages
/// (MS-OVBA 2.2.1) or by the first words of a compressed module (2.3.4.3).
fn ole(bytes: &[u8]) -> Option<Executable> {
    let installer = |at: usize| at > 0 && matches!(bytes[at - 1], 0x82 | 0x84 | 0x86);
    if places(bytes, INSTALLER_CLASS).any(installer) {
        return Some(Executable::Program);
    }
    let project: Vec<u8> = "_VBA_PROJECT".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let macros = places(bytes, &project).next().is_some() || places(bytes, b"Attribut\0e VB_").next().is_some();
    macros.then_some(Executable::MacroDocument)
}

fn has_object(bytes: &[u8]) -> bool {
    [&b"\\objdata"[..], b"\\objemb", b"\\objocx", b"\\objautlink"]
        .iter()
        .any(|mark| places(bytes, mark).next().is_some())
}

/// Every place where `mark` stands; `mark` is short.
fn places<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(mark.len()).enumerate().filter(move |(_, window)| *window == mark).map(|(at, _)| at)
}

/// Two bytes, the low one first.
fn number(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok()).map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Executables {
        let head = Head::read(message);
        look(&parts(&head, &message[head.body..]))
    }

    fn kinds(message: &[u8]) -> Vec<&'static str> {
        let kinds = read(message).findings.into_iter().map(|finding| finding.kind);
        kinds.inspect(|kind| assert!(!kind.sentence().is_empty())).map(Executable::name).collect()
    }

    #[test]
    fn nested_too_deep() {
        let nested = |depth: usize| format!("{}A: b\n\nx\n", "Content-Type: message/rfc822\n\n".repeat(depth));
        assert_eq!(kinds(nested(MESSAGE_DEPTH_LIMIT).as_bytes()), [""; 0]);
        assert_eq!(kinds(nested(MESSAGE_DEPTH_LIMIT + 1).as_bytes()), ["nested-too-deep"]);
        let program = "Content-Type: application/octet-stream; name=x.exe\n\nx\n";
        let inside = |depth: usize| format!("{}{program}", "Content-Type: message/rfc822\n\n".repeat(depth));
        assert_eq!(kinds(inside(MESSAGE_DEPTH_LIMIT).as_bytes()), ["program-name"]);
        let coded = data_encoding::BASE64.encode(inside(3).as_bytes());
        let message = format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{coded}\n");
        assert_eq!(kinds(message.as_bytes()), ["program-name"]);
        // What a message inside is called is its Subject.
        assert_eq!(kinds(b"Content-Type: message/rfc822; name=\"see example.com\"\n\nA: b\n\nx\n"), [""; 0]);
    }

    #[test]
    fn findings_are_few_and_fit_to_be_shown() {
        let message = "Content-Disposition: attachment; filename*=utf-8''a%1b%5b2J%E2%80%AE.exe\n\nx\n";
        let found = read(message.as_bytes());
        assert_eq!(found.findings, [Finding { kind: Executable::DirectionOverride, name: "a [2J.exe".into() }]);
        let all = ["x.exe", "x.js", "x.pdf.exe", "x.lnk", "x.jar", "x.iso", "x.docm", "x.exe.gz", "a\u{202e}b"];
        let fields: String = all.iter().take(8).map(|name| format!("Content-Type: a/b; name=\"{name}\"\n")).collect();
        assert_eq!(kinds(format!("{fields}\nx\n").as_bytes()).len(), FINDINGS_LIMIT);
    }

    #[test]
    fn a_name_in_more_pieces_than_are_kept_is_said_to_be_unseen() {
        let pieces: String = (0..40).map(|n| format!("; filename*{n}=x")).collect();
        assert!(read(format!("Content-Disposition: attachment{pieces}\n\nx\n").as_bytes()).unexamined);
    }
}
