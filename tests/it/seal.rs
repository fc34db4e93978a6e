//! What mail programs do to a held file: its line ends, its folds, fields on top, packed in place. It is found, listed,
//! shown and released all the same; only where the seal holds is anybody let pass for it. What lies beside it and cannot
//! be read is named.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use countersign::world::packing::Unpacked;

use super::fixture;
use super::letter::Letter;
use super::world::{MBOX, Outcome, World, each, header};

const BOB: &str = "bob@example.net";

/// What a program makes of a file's bytes, how it calls the file, and whether the seal still holds.
type Change = (&'static str, fn(&[u8]) -> Vec<u8>, &'static str, bool);

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    text(bytes).replace('\n', "\r\n").into_bytes()
}

const CHANGES: [Change; 13] = [
    ("as it was", <[u8]>::to_vec, ":2,S", true),
    ("CR LF", crlf, ":2,S", true),
    ("gzip", gzip, ",S=1200,W=1234:2,SZ", true),
    ("bzip2", bzip2, ",S=1200:2,Z", true),
    ("zstd", zstd, ",S=1200:2,RSZ", true),
    ("zstd, and no flag", zstd, "", true),
    ("CR LF, then gzip", |bytes| gzip(&crlf(bytes)), ":2,SZ", true),
    (
        "folded again",
        |bytes| text(bytes).replace("; reason", ";\n\treason").replace("Seal: ", "Seal:\n ").into_bytes(),
        "",
        true,
    ),
    ("with fields on top", |bytes| [b"X-Status: read\nX-Keywords: a,\n b\n", bytes].concat(), "", true),
    (
        "with 40 kB of fields on top",
        |bytes| [format!("X-Keywords: {}\n", "a".repeat(87)).repeat(400).as_bytes(), bytes].concat(),
        "",
        true,
    ),
    ("another sender in the block", |bytes| text(bytes).replace("Sender: bob", "Sender: eve").into_bytes(), "", false),
    (
        "more proof in the block",
        |bytes| text(bytes).replace("Verified: nothing (0)", "Verified: dmarc, dkim (3)").into_bytes(),
        "",
        false,
    ),
    (
        "another sender, then gzip",
        |bytes| gzip(text(bytes).replace("Sender: bob", "Sender: eve").as_bytes()),
        ":2,Z",
        false,
    ),
];

/// A world with one held letter, whose file was changed so and lies in `cur/`; and its number.
fn changed(change: &Change) -> (World, String, PathBuf, Letter) {
    let letter = Letter::from(BOB).unproven().body(&"A line of a letter that is long enough.\n".repeat(60));
    let world = World::new();
    let outcome = world.deliver(letter.bytes());
    let id = header(&outcome.is(0, 0, 1, 0).after.held[0], "X-Countersign-Id").unwrap();
    let file = fs::read_dir(world.quarantine().join("new")).unwrap().next().unwrap().unwrap();
    let name = format!("{}{}", file.file_name().to_str().unwrap(), change.2);
    let path = world.quarantine().join("cur").join(name);
    let bytes = fs::read(file.path()).unwrap();
    let made = (change.1)(&bytes);
    assert_eq!(made == bytes, change.0 == "as it was", "{} changes something", change.0);
    fs::write(&path, made).unwrap();
    fs::remove_file(file.path()).unwrap();
    (world, id, path, letter)
}

fn said(outcome: &Outcome) -> String {
    format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr))
}

#[test]
fn a_file_that_a_mail_program_has_changed_is_listed_and_shown() {
    each(CHANGES, |change| {
        let (world, id, ..) = changed(&change);
        for line in [vec!["held"], vec!["held", "--grep", BOB], vec!["show", &id], vec!["digest", "--stdout"]] {
            let outcome = world.run(&line, "");
            let shown = said(&outcome);
            outcome.check(&format!("{}: {line:?} shows it", change.0), outcome.code == Some(0) && shown.contains(&id));
            outcome.check(&format!("{}: {line:?} shows the letter", change.0), shown.contains("Tea at five"));
        }
        let outcome = world.run(&["show", &id], "");
        let proven = if change.3 { "nothing" } else { "not known" };
        outcome.check(&format!("{}: proven", change.0), change.3 || said(&outcome).contains(proven));
        // It is not taken for gone, nor written down as something new.
        world.run(&["maintain"], "").is(0, 0, 1, 0);
        let outcome = world.run(&["held", "--json"], "");
        outcome.check(
            &format!("{}: held", change.0),
            said(&outcome).lines().count() == 1 && said(&outcome).contains("not-asked"),
        );
        world.run(&["maintain", "--dry-run"], "").is_silent();
    });
}

#[test]
fn it_is_released_plain_and_lets_nobody_pass_without_its_seal() {
    each(CHANGES.iter().flat_map(|change| [(change, false), (change, true)]), |(change, allow)| {
        let (world, id, path, letter) = changed(change);
        let line = if allow { vec!["release", "--allow", &id] } else { vec!["release", &id] };
        let outcome = world.run(&line, "");
        let what = format!("{}, {line:?}", change.0);
        let wanted = if allow && !change.3 { 1 } else { 0 };
        outcome.check(&format!("{what}: released"), outcome.code == Some(wanted) && !path.exists());
        let taken = text(&outcome.after.inbox[0]).replace("\r\n", "\n");
        outcome.check(&format!("{what}: whole and plain"), taken.as_bytes().ends_with(&letter.handed_over()));
        outcome.check(&format!("{what}: one"), outcome.after.inbox.len() == 1 && outcome.after.held.is_empty());
        let marked = taken.contains("\nX-Old-Countersign-Seal:") && !taken.contains("\nX-Countersign-");
        outcome.check(&format!("{what}: the block is ours or renamed"), marked != change.3);
        let allowed = world.entry(BOB).is_some();
        outcome.check(
            &format!("{what}: allowed"),
            allowed == (allow && change.3) && world.entry("eve@example.net").is_none(),
        );
    });
}

#[test]
fn an_inbox_command_gets_it_plain_too() {
    each(CHANGES, |change| {
        let (world, id, path, letter) = changed(&change);
        world.configure("[inbox]\ncommand = [\"/bin/sh\", \"-c\", \"cat > WORLD/taken\"]\n[quarantine]\nmaildir = \"~/Maildir/.Held\"");
        let outcome = world.run(&["release", &id], "");
        outcome.check(&format!("{}: released", change.0), outcome.code == Some(0) && !path.exists());
        let taken = text(&fs::read(world.path("taken")).unwrap()).replace("\r\n", "\n");
        outcome.check(&format!("{}: whole and plain", change.0), taken.as_bytes().ends_with(&letter.handed_over()));
        assert_eq!(taken.contains("\nX-Countersign-Seal:"), change.3, "{taken}");
        assert!(taken.starts_with("X-Countersign-Own: ") && !taken.contains("Delivered-To"), "{taken}");
    });
}

#[test]
fn so_does_an_mbox() {
    each(CHANGES, |change| {
        let (world, id, path, letter) = changed(&change);
        world.configure(MBOX);
        let outcome = world.run(&["release", &id], "");
        outcome.check(&format!("{}: released", change.0), outcome.code == Some(0) && !path.exists());
        let taken = text(&outcome.after.inbox[0]).replace("\r\n", "\n");
        outcome.check(&format!("{}: whole and plain", change.0), taken.as_bytes().ends_with(&letter.handed_over()));
        let mbox = fs::read_to_string(world.mbox()).unwrap();
        outcome.check(&format!("{}: its sender", change.0), mbox.starts_with(&format!("From {BOB} ")));
        let marked = taken.contains("\nX-Old-Countersign-Seal:") && !taken.contains("\nX-Countersign-");
        outcome.check(&format!("{}: the block is ours or renamed", change.0), marked != change.3);
    });
}

/// `fixtures/packed/letter.PROGRAM`, as the programs of that name write it: gzip 1.12, bzip2 1.0.8, xz 5.4, zstd 1.5.4.
#[test]
fn what_the_programs_of_each_format_write_is_read() {
    let folder = fixture::root().join("packed");
    let plain = fs::read(folder.join("letter.eml")).unwrap();
    let mut count = 0;
    for file in fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        let packed = fs::read(&file).unwrap();
        let read = |bytes: &[u8]| {
            let path = tempfile::NamedTempFile::new().unwrap();
            fs::write(path.path(), bytes).unwrap();
            let mut out = Vec::new();
            Unpacked::new(fs::File::open(path.path()).unwrap()).unwrap().read_to_end(&mut out).map(|_| out)
        };
        assert!(read(&packed).unwrap() == plain, "{}", file.display());
        if packed != plain {
            count += 1;
            let cut = read(&packed[..packed.len() - 9]);
            assert!(cut.is_err(), "{} cut", file.display());
        }
    }
    assert_eq!(count, 7);
}

#[test]
fn a_bomb_stays_where_it_is_and_is_named() {
    let bomb: Change = ("a bomb", |bytes| gzip(&[bytes, &vec![b'x'; 3_000_000]].concat()), ":2,Z", true);
    let (world, id, path, _) = changed(&bomb);
    let before = fs::read(&path).unwrap();
    let outcome = world.run(&["release", &id], "");
    let name = path.file_name().unwrap().to_str().unwrap();
    outcome.check(
        "the file is named, and why",
        outcome.code == Some(75) && said(&outcome).contains(name) && said(&outcome).contains("200"),
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!((outcome.after.inbox.len(), outcome.after.drafts), (0, 0));
    assert!(said(&world.run(&["held"], "")).contains(&id));
}

#[test]
fn what_cannot_be_read_is_named_and_hides_nothing_else() {
    let files: [(&str, Vec<u8>); 3] = [
        ("1.2.host,S=9:2,SZ", gzip(&b"From: x\n\ntext\n".repeat(100))[..30].to_vec()),
        ("3.4.host:2,S", b"From: eve@example.com\nSubject: put here by another\n\nx\n".to_vec()),
        ("5.6.host", vec![0xff; 5_000]),
    ];
    let (world, id, ..) = changed(&CHANGES[0]);
    for (name, bytes) in &files {
        fs::write(world.quarantine().join("cur").join(name), bytes).unwrap();
    }
    // Root reads what nobody may; a folder in place of a file is nobody's message.
    for line in [vec!["held"], vec!["digest", "--stdout"]] {
        let outcome = world.run(&line, "");
        let shown = said(&outcome);
        outcome.check(&format!("{line:?} goes on"), outcome.code == Some(0) && shown.contains(&id));
        for (name, _) in &files {
            outcome.check(&format!("{line:?} names {name}"), shown.contains(name.split([',', ':']).next().unwrap()));
        }
    }
    world.run(&["maintain"], "").is(0, 0, 4, 0);
    let text = said(&world.run(&["doctor"], "")).lines().map(str::trim).collect::<Vec<_>>().join(" ");
    assert!(text.contains("and 1 that cannot be read > countersign held names"), "{text}");
    let outcome = world.run(&["release", "--grep", BOB], "");
    outcome.check("released", outcome.code == Some(0) && outcome.after.inbox.len() == 1);
}

#[test]
fn seen_whoever_put_a_file_there_took_the_number_of_another_message() {
    let forge = |bytes: &[u8]| text(bytes).replace("Subject: Tea at five", "Subject: Forged").into_bytes();
    let unseal = |bytes: Vec<u8>| text(&bytes).replace("Sender: bob", "Sender: eve").into_bytes();
    // The order of a folder is anybody's guess, so there are many; and a mail reader has renamed the message, or has not.
    each([true, false], |renamed| {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let file = fs::read_dir(world.quarantine().join("new")).unwrap().next().unwrap().unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let id = header(&bytes, "X-Countersign-Id").unwrap();
        let cur = |name: &str| world.quarantine().join("cur").join(name);
        for number in 0..20 {
            fs::write(cur(&format!("{number}.forged.host:2,S")), unseal(forge(&bytes))).unwrap();
        }
        if renamed {
            fs::rename(&file, cur("its.own.host:2,S")).unwrap();
        }
        for line in [vec!["held"], vec!["digest", "--stdout"], vec!["show", &id]] {
            let outcome = world.run(&line, "");
            let shown = said(&outcome);
            outcome.check(&format!("{line:?} shows it"), outcome.code == Some(0) && shown.contains("Tea at five"));
            outcome.check(&format!("{line:?} shows no other"), !shown.contains("Forged"));
            outcome.check("the others are named", line[0] == "show" || shown.contains("(20)"));
        }
        world.run(&["maintain"], "").is(0, 0, 21, 1);
        let answer = Letter::answer(&challenge, BOB).body(&format!("Yes.\n> cr-{}\n", challenge.token()));
        let outcome = world.deliver(answer.bytes());
        outcome.is(0, 2, 20, 1);
        let taken: Vec<String> = outcome.after.inbox.iter().map(|bytes| text(bytes)).collect();
        outcome.check("it is released", taken.iter().any(|letter| letter.contains("Subject: Tea at five")));
        // A new store goes by the message too.
        fs::write(cur("its.own.host:2,S"), &bytes).unwrap();
        fs::remove_file(world.store_file()).unwrap();
        let outcome = world.run(&["maintain", "--rebuild"], "");
        outcome.check("one is held", outcome.code == Some(0));
        let rows = world.store().all_held().unwrap();
        assert_eq!((rows.len(), rows[0].proofs.is_empty()), (1, false));
        let outcome = world.run(&["release", &id], "");
        outcome.check("released", outcome.code == Some(0) && outcome.after.held.len() == 20);
    });
}

#[test]
fn a_message_whose_first_line_begins_with_a_blank_is_held_seen_and_released() {
    for first in ["   x\n", "\tx: y\n", " \n", "\t\r\n", "  00 11\n"] {
        let world = World::new();
        let message = [first.as_bytes(), &Letter::from(BOB).unproven().without_envelope().bytes()].concat();
        let outcome = world.deliver(message.clone());
        let id = header(&outcome.is(0, 0, 1, 0).after.held[0], "X-Countersign-Id").unwrap();
        for line in [vec!["held"], vec!["digest", "--stdout"], vec!["show", &id]] {
            let outcome = world.run(&line, "");
            outcome.check(
                &format!("{first:?}: {line:?} shows it"),
                outcome.code == Some(0) && said(&outcome).contains(&id),
            );
        }
        world.run(&["maintain"], "").is(0, 0, 1, 0);
        let outcome = world.run(&["release", &id], "");
        outcome.is(0, 1, 0, 0).check("byte for byte", outcome.after.inbox[0].ends_with(&message));
        assert!(
            outcome.after.inbox[0].starts_with(b"Return-Path")
                || outcome.after.inbox[0].starts_with(b"X-Countersign-Id")
        );
    }
}
