//! Address books as programs write them: `fixtures/contacts/NAME`, and beside it what is found in it, `NAME.expected`.
//!
//! Its first line says the format and how many entries somebody counted in it; then a line each: the number of the line, and
//! the address, or `!`, what was refused, and why.

use std::io::{self, BufRead, Read};

use countersign::mail::address::Address;
use countersign::mail::contacts::found::Found;
use countersign::mail::contacts::{AddressBook, BookProblem, Format};
use countersign::mail::text_lines::{LINE_LIMIT, LineProblem};

use super::fixture;

/// All that is found, as the expectations have it.
fn shown(found: &Found) -> String {
    match found {
        Found::Address(contact) => format!("{} {}", contact.line, contact.address),
        Found::Refused(refused) => format!("{} ! {}: {}", refused.line, refused.text, refused.reason),
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Found>, BookProblem> {
    AddressBook::open(bytes)?.collect()
}

#[test]
fn every_entry_of_every_address_book_is_accounted_for() {
    for expected in fixture::files("contacts", "expected") {
        let book = expected.with_extension("");
        let bytes = std::fs::read(&book).unwrap();
        let format = AddressBook::open(bytes.as_slice()).unwrap().format();
        let found = read(&bytes).unwrap();
        let text = fixture::text(&expected);
        let (heading, rest) = text.split_once('\n').unwrap();
        let lines: Vec<String> = found.iter().map(shown).collect();
        assert_eq!(heading, format!("{format}, {} entries", lines.len()), "{}", fixture::name(&book));
        assert_eq!(lines, rest.lines().collect::<Vec<_>>(), "{}", fixture::name(&book));
    }
    let books = std::fs::read_dir(fixture::root().join("contacts")).unwrap().map(|entry| entry.unwrap().path());
    for book in books.filter(|path| path.extension().is_some_and(|extension| extension != "expected")) {
        let expected = book.with_file_name(format!("{}.expected", book.file_name().unwrap().display()));
        assert!(expected.exists(), "nothing is expected of {}", book.display());
    }
}

#[test]
fn line_ends_make_no_difference() {
    for expected in fixture::files("contacts", "expected") {
        let book = expected.with_extension("");
        let bytes = std::fs::read(&book).unwrap();
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let plain = text.replace("\r\n", "\n");
        for other in [plain.replace('\n', "\r\n"), plain.replace('\n', "\r")] {
            assert_eq!(read(other.as_bytes()).unwrap(), read(plain.as_bytes()).unwrap(), "{}", fixture::name(&book));
        }
        let utf_16 = "\u{feff}".encode_utf16().chain(plain.trim_start_matches('\u{feff}').encode_utf16());
        let utf_16: Vec<u8> = utf_16.flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&utf_16).unwrap(), read(plain.as_bytes()).unwrap(), "{}", fixture::name(&book));
    }
}

#[test]
fn a_book_cut_off_anywhere_is_read_as_far_as_it_goes() {
    for expected in fixture::files("contacts", "expected") {
        let bytes = std::fs::read(expected.with_extension("")).unwrap();
        let all = read(&bytes).unwrap().len();
        for end in 0..bytes.len() {
            // It may not be known any more; it never panics, and hardly anything is found that was not there.
            if let Ok(found) = read(&bytes[..end]) {
                assert!(found.len() <= all + 4, "{} at {end}", fixture::name(&expected));
            }
        }
    }
}

#[test]
fn what_is_no_address_book_is_said() {
    for (bytes, looks) in [
        (&b"BEGIN:VCALENDAR\nVERSION:2.0\nATTENDEE:mailto:bob@example.com\n"[..], "a calendar"),
        (b"<?xml version=\"1.0\"?>\n<a>bob@example.com</a>\n", "XML or HTML"),
        (b"{\"email\": \"bob@example.com\"}\n", "JSON"),
        (b"[{\"email\": \"bob@example.com\"}]\n", "JSON"),
        (b"[\n  {\"email\": \"bob@example.com\"}\n]\n", "JSON"),
        (b"From bob@example.com Sat Nov 28 10:00:00 2026\nFrom: bob@example.com\n\nHi\n", "mail"),
        (b"Return-Path: <bob@example.com>\nFrom: bob@example.com\n\nHi\n", "mail"),
        (b"%PDF-1.7\nbob@example.com\n", "a document or an archive"),
        (b"Dear Bob,\nas I said\nyou may write to\ncarol@example.org\nat any time.\n", "text with hardly an address"),
        (b"int main(void)\n{\n\treturn 0;\n}\n", "text with hardly an address"),
    ] {
        match AddressBook::open(bytes).map(|book| book.format()) {
            Err(BookProblem::Unknown(found)) => assert!(found.starts_with(looks), "{found}"),
            other => panic!("{looks}: {other:?}"),
        }
    }
    for bytes in [&b"SQLite format 3\0bob@example.com"[..], b"\x1f\x8b\x08\0\0", b"PK\x03\x04\0\0"] {
        assert!(matches!(read(bytes), Err(BookProblem::Lines(LineProblem::Binary))));
    }
    assert_eq!(read(b"").unwrap(), []);
}

#[test]
fn hostile_books_are_errors_or_nothing_and_take_linear_time() {
    let size = 4 * LINE_LIMIT;
    for (start, unit, end) in [
        ("BEGIN:VCARD\n", "EMAIL:", ""),
        ("BEGIN:VCARD\n", "EMAIL;ENCODING=QUOTED-PRINTABLE:=\n", ""),
        ("BEGIN:VCARD\nEMAIL:a\n", " \n", ""),
        ("BEGIN:VCARD\nPHOTO:a\n", " aaaaaaaa\n", "EMAIL:bob@example.com\n"),
        ("dn: a\nmail: a\n", " \n", ""),
        ("dn: a\n", "mail:: ====\n", ""),
        ("a,b@x.org\n", "\"", ""),
        ("a,b@x.org\n\"", "\n", ""),
        ("a,b@x.org\n\"", "\"\"", ""),
        ("a,b@x.org\n", "\"a\"\"@\",", ""),
        ("a,b@x.org\n", "@,", "\n"),
        ("a,b@x.org\n", "a@b ::: ", "\n"),
        ("alias a b@x.org\n", "alias a \\\n", ""),
        ("alias a b@x.org\nalias a ", "\"", ""),
        ("alias a b@x.org\nalias a ", "(@", ""),
        ("alias a b@x.org\nalias a ", "<@", ""),
        ("a\tb\tc@x.org\n", " (", ""),
        ("a\tb\t(", "c@,", ""),
        ("[0]\n", "email=@,", ""),
        ("b@x.org\n", "@", ""),
        ("b@x.org\n", "\"a@", ""),
    ] {
        let text = format!("{start}{}{end}", unit.repeat(size / unit.len()));
        match read(text.as_bytes()) {
            Ok(found) => assert!(found.iter().all(|found| shown(found).chars().all(|c| !c.is_control()))),
            Err(BookProblem::Lines(LineProblem::TooLong(line))) => assert!(line >= 1),
            Err(problem) => panic!("{start:?} {unit:?}: {problem}"),
        }
    }
    // NUL bytes where nobody looks for them any more.
    let late = ["b@x.org\n".repeat(10_000), "a\0@b\n".repeat(10)].concat();
    let found = read(late.as_bytes()).unwrap();
    assert_eq!(found.iter().filter(|found| matches!(found, Found::Refused(_))).count(), 10);
}

/// A table of so many rows, made while it is read.
struct Rows {
    left: u32,
    row: Vec<u8>,
    at: usize,
}

impl Read for Rows {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.len().min(into.len());
        into[..length].copy_from_slice(&self.row[self.at..self.at + length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Rows {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.row.len() && self.left > 0 {
            self.left -= 1;
            let number = self.left;
            self.row =
                format!("Bob,,Smith {number},\"a, b\",,* Home,bob{number}@example.com,,,+44 20 7946\n").into_bytes();
            self.at = 0;
        }
        Ok(&self.row[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

#[test]
fn a_long_table_is_read_without_being_held() {
    let rows = Rows { left: 100_000, row: b"First,Middle,Last,Notes,Labels,Label,Value,,,Phone\n".to_vec(), at: 0 };
    let book = AddressBook::open(rows).unwrap();
    assert_eq!(book.format(), Format::Table(b','));
    let mut count = 0;
    for (found, number) in book.zip((0..100_000).rev()) {
        let Found::Address(contact) = found.unwrap() else { panic!("refused") };
        assert_eq!(contact.address, Address::parse(&format!("bob{number}@example.com")).unwrap());
        count += 1;
    }
    assert_eq!(count, 100_000);
}
