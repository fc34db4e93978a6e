//! Old mail however it was kept: whatever program wrote the file, and whatever happened to it since, each message is read once.
//!
//! The files are made here, from the same letters, as each kind of program keeps them; then they are damaged by chance.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use countersign::world::archive::{Found, read};

use super::chance::Chance;
use super::letter::{Letter, OWNER};
use super::world::World;

/// How many letters a file has.
const LETTERS: usize = 5;
/// Damaged files of each kind.
const DAMAGED: usize = 160;
const DATE: &str = "Sat Nov 21 12:00:00 2026";

/// The letter's text; the mark in it stands nowhere else. Its body has lines that only look like the beginning of another.
fn letter(number: usize) -> String {
    format!(
        "From: bob{number}@example.net\nTo: {OWNER}\nSubject: tea {number}\n\nHello, this is mark-{number}@@.\n\
         From the start I said so.\n\nFrom now on at five:\nFrom: me\n\nBob\n"
    )
}

/// A way to keep letters in one file.
type Keeping = (&'static str, fn(&[String]) -> Vec<u8>);

const KEEPINGS: [Keeping; 13] = [
    ("an mbox", |all| each(all, |one| format!("From bob@example.net {DATE}\n{one}\n"))),
    ("without empty lines", |all| each(all, |one| format!("From bob@example.net {DATE}\n{one}"))),
    ("without dates", |all| each(all, |one| format!("From \n{one}\n"))),
    ("without dates, with senders", |all| each(all, |one| format!("From bob@example.net\n{one}\n"))),
    ("dates of ISO 8601", |all| each(all, |one| format!("From bob@example.net 2026-11-21T12:00:00Z\n{one}\n"))),
    ("the same without empty lines", |all| each(all, |one| format!("From bob@example.net 2026-11-21 12:00:00\n{one}"))),
    ("lengths", |all| {
        each(all, |one| {
            let (head, body) = one.split_once("\n\n").unwrap();
            // A whole message in the body.
            let body = format!("{body}\nFrom carol@example.net {DATE}\nFrom: carol@example.net\nTo: b\n\nx\n");
            format!("From bob@example.net {DATE}\n{head}\nContent-Length: {}\n\n{body}\n", body.len())
        })
    }),
    ("carriage returns alone", |all| each(all, |one| format!("From ???@??? {DATE}\n{one}\n").replace('\n', "\r"))),
    ("carriage returns and line feeds", |all| {
        each(all, |one| format!("From bob@example.net {DATE}\n{one}\n").replace('\n', "\r\n"))
    }),
    ("MMDF", |all| each(all, |one| format!("\x01\x01\x01\x01\n{one}\x01\x01\x01\x01\n"))),
    ("MMDF with lines of an mbox", |all| {
        each(all, |one| format!("\x01\x01\x01\x01\nFrom bob@example.net {DATE}\n{one}\x01\x01\x01\x01\n"))
    }),
    ("a byte order mark", |all| {
        let mbox = each(all, |one| format!("From bob@example.net {DATE}\n{one}\n"));
        [b"\xef\xbb\xbf".to_vec(), mbox].concat()
    }),
    ("zones and local senders", |all| {
        each(all, |one| format!("From bob {}\n{one}\n", DATE.replace(" 2026", " CET 2026")))
    }),
];

fn each(all: &[String], write: fn(&String) -> String) -> Vec<u8> {
    all.iter().map(write).collect::<String>().into_bytes()
}

/// The messages, as far as they are kept, and what was said of the rest.
fn messages(path: &Path) -> (Vec<String>, Vec<String>) {
    let (mut starts, mut faults) = (Vec::new(), Vec::new());
    let _ = read(&[path.to_owned()], &Arc::default(), &mut |found| {
        match found {
            Found::Message(message) => starts.push(String::from_utf8_lossy(&message.start).into_owned()),
            Found::Fault(fault) => faults.push(fault.to_string()),
        }
        ControlFlow::Continue(())
    });
    (starts, faults)
}

/// How often each mark stands in lines that can be text.
fn marks(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !line.starts_with("From ")).collect();
    (0..LETTERS)
        .map(|number| lines.iter().map(|line| line.matches(&format!("mark-{number}@@")).count()).sum())
        .collect()
}

#[test]
fn however_it_was_kept_each_letter_is_one_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let letters: Vec<String> = (0..LETTERS).map(letter).collect();
    for (name, keep) in KEEPINGS {
        fs::write(&path, keep(&letters)).unwrap();
        let (found, faults) = messages(&path);
        assert_eq!(faults, Vec::<String>::new(), "{name}");
        assert_eq!(found.len(), LETTERS, "{name}: {found:#?}");
        for (number, text) in found.iter().enumerate() {
            let wanted: Vec<usize> = (0..LETTERS).map(|other| usize::from(other == number)).collect();
            assert_eq!(marks(text), wanted, "{name}: {text}");
        }
    }
}

#[test]
fn whatever_happens_to_a_file_nothing_in_it_is_lost_or_read_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let letters: Vec<String> = (0..LETTERS).map(letter).collect();
    let mut chance = Chance::of(12);
    let (mut read, mut refused) = (0, 0);
    for (name, keep) in KEEPINGS {
        for round in 0..DAMAGED {
            let bytes = damaged(keep(&letters), &mut chance);
            fs::write(&path, &bytes).unwrap();
            let (found, faults) = messages(&path);
            let said = || format!("{name}, {round}: {faults:?}\n{}", String::from_utf8_lossy(&bytes).escape_debug());
            if found.is_empty() {
                // Named, or nothing stands in it.
                let named =
                    matches!(faults.as_slice(), [one] if one.contains(": is ")) || bytes.trim_ascii().is_empty();
                assert!(named, "{}", said());
                refused += 1;
                continue;
            }
            assert_eq!(marks(&found.join("\n")), marks(&String::from_utf8_lossy(&bytes)), "{}", said());
            read += 1;
        }
    }
    assert!(read > refused && refused > 0, "{read} were read, {refused} refused");
}

/// The file after one to three accidents.
fn damaged(mut bytes: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    for _ in 0..=chance.below(3) {
        if bytes.is_empty() {
            break;
        }
        let (a, b) = (chance.below(bytes.len()), chance.below(bytes.len()));
        let (from, to) = (a.min(b), a.max(b));
        match chance.below(6) {
            0 => bytes.truncate(to),
            1 => drop(bytes.drain(..from.min(600))),
            2 => drop(bytes.drain(from..to.min(from + 300))),
            3 => bytes[from] = *b"\n\r\0 >F\x01\xff".get(chance.below(8)).unwrap(),
            4 => {
                let piece = bytes[from..to.min(from + 300)].to_vec();
                bytes.splice(b..b, piece);
            }
            _ => drop(bytes.splice(from..from, *b"\n\n")),
        }
    }
    bytes
}

/// Files that lie beside mail, with colons and with the word "From".
const NO_MAIL: [(&str, &[u8]); 8] = [
    ("passwd", b"root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n"),
    ("list.csv", b"From,To,Subject\nbob@example.net,alice@example.org,tea\n"),
    ("main.rs", b"//! Mail.\n\nfn main() {}\n"),
    ("mail.json", b"{\"from\": \"bob@example.net\"}\n"),
    ("page.html", b"<html><body>From: bob@example.net</body></html>\n"),
    ("mail.log", b"Nov 21 12:00:00 mx postfix/qmgr[1]: 4A: from=<bob@example.net>\n"),
    ("paper.pdf", b"%PDF-1.7\nFrom: bob@example.net\n"),
    ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
];

#[test]
fn what_is_no_mail_is_refused_by_name_by_every_command_that_reads_old_mail() {
    let world = World::new();
    let put = |name: &str, bytes: &[u8]| {
        let path = world.path("elsewhere/old").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    NO_MAIL.iter().for_each(|(name, bytes)| put(name, bytes));
    put("real", &Letter::from("bob@example.net").bytes());
    for arguments in [&["replay"][..], &["learn", "--sent"], &["learn", "--inbox"]] {
        let outcome = world.run(&[arguments, &["old"]].concat(), "");
        let said = String::from_utf8([&outcome.stdout[..], &outcome.stderr[..]].concat()).unwrap();
        for (name, _) in NO_MAIL {
            let named = said.lines().any(|line| line.contains(&format!("old/{name}: is no mail")));
            outcome.check(&format!("{arguments:?} names {name}"), named);
        }
        outcome.check("and it goes on", outcome.code == Some(0));
    }
    let outcome = world.run(&["replay", "--json", "old"], "");
    outcome.check("one message", outcome.stdout.iter().filter(|byte| **byte == b'\n').count() == 1);
}
