//! The 111 signed messages of `dkim/`: what must pass passes, and nothing else.

use std::fs;

use countersign::mail::head::Head;
use countersign::origin::dkim::{BodyHasher, Signatures, Verification, Wanted, evaluate};
use countersign::origin::question::Finding;

use super::{Zone, folder};

/// 2026-11-27 13:30:30 UTC: when all of them arrived.
const ARRIVAL: i64 = 1_795_786_230;
/// How many there are at least.
const CASES: usize = 111;

#[test]
fn every_message_of_the_suite() {
    let Some(folder) = folder("dkim") else { return };
    let zone = Zone::read(&folder.join("zone.json"));
    let table = fs::read_to_string(folder.join("cases.tsv")).unwrap();
    let mut faults = Vec::new();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let [case, want, note] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let message = fs::read(folder.join("cases").join(format!("{case}.eml"))).unwrap();
        let found = verify(&zone, &message);
        let word = if found.finding() == Finding::Pass { "pass" } else { "no" };
        if word != want {
            faults.push(format!("{case} ({note}) is to be {want}: {found:?}"));
        }
        count += 1;
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count >= CASES, "only {count} cases were found");
}

fn verify(zone: &Zone, message: &[u8]) -> Verification {
    let head = Head::read(message);
    let signatures = Signatures::read(&head);
    let mut hasher = BodyHasher::new(&signatures);
    hasher.update(&message[head.body..]);
    let body = hasher.finish();
    zone.settle(|answers| evaluate(&head, &signatures, &body, ARRIVAL, Wanted::All, None, answers)).0
}
