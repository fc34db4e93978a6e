//! The lists of other challenge/response programs, as they write them: `fixtures/migration/PROGRAM/NAME`, and beside it what
//! is taken over, `NAME.expected`.
//!
//! Its first line says how many entries somebody counted in the list; then a line each: the number of the line, `allow` or
//! `deny` and whom, or `left`, the entry, and why.

use std::path::Path;

use countersign::mail::migration::entry::{Effect, Entry, Whom};
use countersign::mail::migration::{ForeignList, Program, effect_of_name};
use countersign::mail::text_lines::{LINE_LIMIT, LineProblem};

use super::fixture;

const PROGRAMS: [(&str, Program); 5] = [
    ("ask", Program::Ask),
    ("boxtrapper", Program::BoxTrapper),
    ("postconfirm", Program::Postconfirm),
    ("qconfirm", Program::Qconfirm),
    ("tmda", Program::Tmda),
];

fn read(program: Program, effect: Effect, bytes: &[u8]) -> Result<Vec<Entry>, LineProblem> {
    ForeignList::open(program, effect, bytes)?.collect()
}

/// An entry as the expectations have it.
fn shown(entry: &Entry) -> String {
    match entry {
        Entry::Taken(taken) if taken.effect == Effect::Allow => format!("{} allow {}", taken.line, taken.whom),
        Entry::Taken(taken) => format!("{} deny {}", taken.line, taken.whom),
        Entry::Left(left) => format!("{} left {}: {}", left.line, left.text, left.reason),
    }
}

#[test]
fn every_entry_of_every_list_is_accounted_for() {
    for (name, program) in PROGRAMS {
        let folder = format!("migration/{name}");
        let expectations = fixture::files(&folder, "expected");
        assert!(expectations.len() >= 2, "{folder}");
        for expected in expectations {
            let list = expected.with_extension("");
            let effect = effect_of_name(&list.file_name().unwrap().to_string_lossy()).unwrap_or(Effect::Allow);
            let entries = read(program, effect, &std::fs::read(&list).unwrap()).unwrap();
            assert_eq!(entries.len(), count(&list), "{}", fixture::name(&list));
            let text = fixture::text(&expected);
            let (heading, rest) = text.split_once('\n').unwrap();
            assert_eq!(heading, format!("{} entries", entries.len()), "{}", fixture::name(&list));
            let lines: Vec<String> = entries.iter().map(shown).collect();
            assert_eq!(lines, rest.lines().collect::<Vec<_>>(), "{}", fixture::name(&list));
        }
    }
}

/// How many entries a list has, counted without the reader: lines that are no comments; postconfirm's have one a word, but
/// for its table.
fn count(list: &Path) -> usize {
    let bytes = std::fs::read(list).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let by_word = fixture::name(list).contains("postconfirm") && !text.contains('\t');
    if by_word { lines.flat_map(str::split_whitespace).count() } else { lines.count() }
}

#[test]
fn every_list_has_an_expectation() {
    for (name, _) in PROGRAMS {
        let folder = std::fs::read_dir(fixture::root().join("migration").join(name)).unwrap();
        for list in folder.map(|entry| entry.unwrap().path()) {
            let expected = list.with_file_name(format!("{}.expected", list.file_name().unwrap().display()));
            let is_one = list.extension().is_some_and(|extension| extension == "expected");
            assert!(is_one || expected.exists(), "nothing is expected of {}", list.display());
        }
    }
}

#[test]
fn files_are_known_by_the_names_that_programs_give_them() {
    for name in ["whitelist", "whitelist.txt", "whitelist-local.txt", "white-list.txt", "whiteregex", "confirmed", "ok"]
    {
        assert_eq!(effect_of_name(name), Some(Effect::Allow), "{name}");
    }
    for name in ["blacklist", "black-list.txt", "ignore-list.txt", "ignorelist.txt", "blackregex", "revoked", "bad"] {
        assert_eq!(effect_of_name(name), Some(Effect::Deny), "{name}");
    }
    for name in ["pending", "return", "incoming", "list", "okay", "badminton", ""] {
        assert_eq!(effect_of_name(name), None, "{name}");
    }
}

#[test]
fn a_star_that_is_a_letter_is_never_a_wildcard() {
    for (program, line) in [
        (Program::Tmda, "\\*@example.com"),
        (Program::Tmda, "[*]@example.com"),
        (Program::Tmda, "\"*\"@example.com"),
        (Program::Ask, "from \\*@example\\.com"),
        (Program::BoxTrapper, "from \\*\\@example\\.com"),
        (Program::Postconfirm, "*@example.com"),
        (Program::Postconfirm, "\\*@example\\.com"),
        (Program::Qconfirm, "*@example.com"),
        (Program::Qconfirm, "=2A=40example.com"),
    ] {
        let entries = read(program, Effect::Allow, line.as_bytes()).unwrap();
        let [Entry::Taken(taken)] = entries.as_slice() else { panic!("{line}: {entries:?}") };
        assert!(matches!(&taken.whom, Whom::Address(address) if address.local() == "*"), "{line}: {taken:?}");
    }
}

#[test]
fn hostile_lists_are_errors_or_left_and_take_linear_time() {
    for (_, program) in PROGRAMS {
        for unit in
            ["*", "[", "\\", "(.*\\.)?", "@", "a@b ", "\"", "from ", "a@b\n", "=", "\t", ".*", "^", "$", "#", "\n", "é"]
        {
            let text = unit.repeat(LINE_LIMIT / 4 / unit.len());
            let entries = read(program, Effect::Deny, text.as_bytes()).unwrap();
            assert!(entries.iter().all(|entry| !shown(entry).contains(char::is_control)), "{program:?} {unit:?}");
        }
        let long = ["bob@example.com\n".to_owned(), "[".repeat(LINE_LIMIT + 1)].concat();
        assert!(matches!(read(program, Effect::Allow, long.as_bytes()), Err(LineProblem::TooLong(2))));
        assert!(matches!(read(program, Effect::Allow, b"a\0b"), Err(LineProblem::Binary)));
        assert_eq!(read(program, Effect::Allow, b"").unwrap(), []);
        assert_eq!(read(program, Effect::Allow, b"\n \n\r\n").unwrap(), []);
    }
}
