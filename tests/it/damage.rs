//! Damaged messages through the program itself: every fixture cut, with CR LF for LF, and with bytes changed. What the
//! mail system hands over is taken and kept, whatever it looks like; a message is never a reason to come back later.
//!
//! The many of them are read in one process by `cargo bench --bench damage`.

use std::fs;

use countersign::mail::head::Head;
use countersign::policy::foreign_marks::ForeignMarks;

use super::fixture;
use super::world::{World, each};

/// What header blocks and bodies are built of.
const STRUCTURE: &[u8] = b"\r\n\0\xff<>\"\\:;=?()@,-&%";

#[test]
fn what_is_damaged_is_kept_all_the_same() {
    each(fixture::files("messages", "eml"), |path| {
        let world = World::new();
        let bytes = fs::read(&path).unwrap();
        for (what, copy) in damaged(&bytes) {
            let outcome = world.deliver(copy.clone());
            let what = format!("{} {what}", fixture::name(&path));
            outcome.check(&format!("{what}: taken"), outcome.code == Some(0) && outcome.drained).is_silent();
            outcome.check(&format!("{what}: nothing is left in tmp"), outcome.after.drafts + outcome.after.marks == 0);
            let (mut original, marks) = ForeignMarks::begin(&copy, &Head::read(&copy));
            original.extend(marks.end());
            let mut stored = outcome.after.inbox.iter().chain(&outcome.after.held);
            let kept = stored.any(|message| message.ends_with(&original) && message.len() > original.len());
            outcome.check(&format!("{what}: kept byte for byte below a header block"), kept);
        }
    });
}

/// Copies of a message, each with what was done to it.
fn damaged(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let crlf = bytes.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b'\n'] } else { vec![b] }).collect();
    let mut copies = vec![("with CR LF".to_owned(), crlf)];
    let mut dice = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |dice, &b| step(dice ^ u64::from(b)));
    let mut throw = |limit: usize| {
        dice = step(dice);
        usize::try_from((dice >> 33) % limit as u64).unwrap()
    };
    let end = throw(bytes.len() + 1);
    copies.push((format!("cut at {end}"), bytes[..end].to_vec()));
    for count in [4, 200] {
        let mut copy = bytes.to_vec();
        for _ in 0..if bytes.is_empty() { 0 } else { count } {
            copy[throw(bytes.len())] = STRUCTURE[throw(STRUCTURE.len())];
        }
        copies.push((format!("with {count} bytes changed"), copy));
    }
    copies
}

/// Knuth's linear congruence (MMIX).
fn step(number: u64) -> u64 {
    number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}
