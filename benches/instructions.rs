//! Counts the instructions of one `gate` for a known sender, with 1,000 and with 1,000,000 list entries, beside an
//! empty Rust program.
//!
//! Counts, not seconds: they are the same on every run, whatever else the machine does. Needs valgrind and rustc:
//!
//! ```text
//! cargo bench --bench instructions
//! ```
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use countersign::mail::address::Address;
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::standing::{Effect, Entry, Origin};
use countersign::world::maildir::Maildir;
use countersign::world::secret;
use countersign::world::store::Store;

const MESSAGE: &str = "Return-Path: <bob@example.net>\n\
    Delivered-To: alice@example.org\n\
    Authentication-Results: mx.example.org; dkim=pass header.d=example.net; dmarc=pass header.from=example.net\n\
    Received: from mail.example.net by mx.example.org; Sat, 21 Nov 2026 12:00:00 +0000\n\
    From: Bob <bob@example.net>\n\
    To: Alice <alice@example.org>\n\
    Subject: Dinner on Friday\n\
    Date: Sat, 21 Nov 2026 12:00:00 +0000\n\
    Message-ID: <1@example.net>\n\
    MIME-Version: 1.0\n\
    Content-Type: text/plain; charset=utf-8\n\n\
    Shall we say eight?\n";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    prepare(home);
    let empty = home.join("empty");
    fs::write(home.join("empty.rs"), "fn main() {}\n").unwrap();
    let built = Command::new("rustc").args(["-O", "-o"]).arg(&empty).arg(home.join("empty.rs")).status();
    assert!(built.is_ok_and(|status| status.success()), "rustc is needed for the empty program");
    let program = env!("CARGO_BIN_EXE_countersign");

    let nothing = count(home, &[empty.to_str().unwrap()], 0);
    println!("{:<44}{nothing:>12}", "an empty Rust program");
    let mut known = Vec::new();
    for entries in [1_000, 1_000_000] {
        fill(home, entries);
        let instructions = count(home, &[program, "gate"], 99);
        println!(
            "{:<44}{instructions:>12}  {:.2} x empty",
            format!("gate, known sender, {entries} entries"),
            ratio(instructions, nothing)
        );
        known.push(instructions);
    }
    println!("1,000,000 entries against 1,000: {:+.2} %", (ratio(known[1], known[0]) - 1.0) * 100.0);
}

fn prepare(home: &Path) {
    let config = home.join(".config/countersign");
    fs::create_dir_all(&config).unwrap();
    fs::create_dir_all(home.join(".local/share/countersign")).unwrap();
    let text =
        "[owner]\naddress = \"alice@example.org\"\ndelimiters = \"+\"\n[trust]\nauthserv_ids = [\"mx.example.org\"]\n";
    fs::write(config.join("config.toml"), text).unwrap();
    secret::create(&config.join("keys")).unwrap();
    Maildir::at(home.join("Maildir")).create().unwrap();
    Maildir::at(home.join("Maildir/.Held")).create().unwrap();
}

/// A store with that many entries of random keys and the one of the known sender.
fn fill(home: &Path, entries: u64) {
    let path = home.join(".local/share/countersign/countersign.db");
    drop(fs::remove_file(&path));
    Store::create(&path).unwrap();
    let keys = secret::load(&home.join(".config/countersign/keys")).unwrap();
    let (id, key) = keys.list.current();
    let mut db = rusqlite::Connection::open(&path).unwrap();
    let change = db.transaction().unwrap();
    {
        let mut insert = change.prepare("INSERT INTO entry VALUES (?1, 1, 1, 0, 1, 1, 0)").unwrap();
        for number in 1..entries {
            insert.execute([Fingerprint::of(key, Kind::Address, &number.to_be_bytes()).bytes()]).unwrap();
        }
    }
    change.commit().unwrap();
    drop(db);
    let bob = Fingerprint::of_address(key, &Address::parse("bob@example.net").unwrap().normal());
    let entry = Entry { effect: Effect::Allow, pin: Proofs::DKIM, origin: Origin::Confirmed, added: 0 };
    Store::open(&path).unwrap().put_entry((id, bob), Kind::Address, &entry, &[]).unwrap();
}

/// The instructions of a whole process, from its first to its last.
fn count(home: &Path, command: &[&str], code: i32) -> u64 {
    let out = home.join("callgrind.out");
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--error-exitcode=3"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args(command)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("valgrind is needed");
    drop(child.stdin.take().unwrap().write_all(MESSAGE.as_bytes()));
    assert_eq!(child.wait().unwrap().code(), Some(code), "{command:?}");
    let text = fs::read_to_string(out).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    line.unwrap().trim().parse().unwrap()
}

fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}
