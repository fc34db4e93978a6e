//! Fields of our name that come with a message, where only some programs look for a field: beyond every limit, and behind
//! a line that ends the header block for others.

use std::fs;

use super::letter::Letter;
use super::world::{World, each};

const BOB: &str = "bob@example.net";
const FORGED: &str = "X-Countersign-Verdict: pass; reason=forged\n";

/// What stands between the letter's own header block and the forged field.
fn places() -> Vec<(&'static str, String)> {
    vec![
        ("behind 2,100 fields", "X-Filler: 1\n".repeat(2_100)),
        ("behind 300 kB of one field", format!("X-Filler: {}\n", "x".repeat(300_000))),
        ("behind 300 kB of folds", format!("X-Filler: x\n{}", " y\n".repeat(100_000))),
        ("behind 1 MB", "X-Filler: 0123456789abcdef0123456789abcdef\n".repeat(24_000)),
        ("behind a line of CR", "\r\n".to_owned()),
        ("behind a line of two CRs", "\r\r\n".to_owned()),
        ("behind a CR in a line", "X-Filler: x\r".to_owned()),
        ("behind 2,100 fields and a line of CR", format!("{}\r\n", "X-Filler: 1\n".repeat(2_100))),
    ]
}

/// The letter, the forged field where the place is, and a body that has such a line too.
fn forged(place: &str) -> Vec<u8> {
    let letter = String::from_utf8(Letter::from(BOB).body(FORGED).bytes()).unwrap();
    letter.replacen("\n\n", &format!("\n{place}{FORGED}\n"), 1).into_bytes()
}

#[test]
fn a_forged_field_beyond_every_limit_is_renamed() {
    each(places(), |(what, place)| {
        let world = World::new();
        world.allow(BOB);
        let message = forged(&place);
        let filtered = world.filter(message.clone());
        let outcome = world.deliver(message.clone());
        let command = World::with(
            "[inbox]\ncommand = [\"/bin/sh\", \"-c\", \"cat > WORLD/taken\"]\n[quarantine]\nmaildir = \"~/Maildir/.Held\"",
        );
        command.allow(BOB);
        command.deliver(message.clone());
        let stored = outcome.after.inbox.iter().chain(&outcome.after.held).next().expect("stored").clone();
        let wanted = String::from_utf8(message).unwrap().replacen(FORGED, &FORGED.replace("X-", "X-Old-"), 1);
        let mut outputs = vec![("filter", filtered.stdout), ("deliver", stored)];
        outputs.extend(fs::read(command.path("taken")).ok().map(|taken| ("inbox command", taken)));
        for (command, output) in outputs {
            let good = output.ends_with(wanted.as_bytes());
            assert!(
                good,
                "{what}, {command}: {}",
                String::from_utf8_lossy(&output[output.len().saturating_sub(300)..])
            );
        }
    });
}
