//! The 120 worlds of DMARC: who wrote, who signed, from where it came, and what must come of it by RFC 9989.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use super::super::dmarc::{Course, domain};
use super::super::dns_server::Zone;
use super::folder;

const WORLDS: usize = 120;
/// Where the text of the standard gives another result than the data, which says `none` of each: their record begins with
/// `V=DMARC1`. RFC 9989 section 4.8 writes `"v" equals %s"DMARC1"`: of the two the value alone has case (RFC 7405 section 2.1), so
/// it is a record.
const BY_THE_TEXT: [(&str, &str); 3] = [("76", "pass"), ("148", "fail"), ("158", "pass")];

#[test]
fn every_world_comes_to_what_the_standard_says() {
    let Some(folder) = folder("dmarc") else { return };
    let zone = Zone::json(&fs::read_to_string(folder.join("zone.json")).unwrap());
    let worlds = fs::read_to_string(folder.join("worlds.tsv")).unwrap();
    let mut faults = Vec::new();
    let (mut count, mut differing) = (0, 0);
    for line in worlds.lines().skip(1) {
        let [world, author, signer, envelope, client, body, want] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        count += 1;
        let signed = body == "intact" && !zone.records(&format!("k._domainkey.{signer}"), "TXT").is_empty();
        let dkim = Vec::from_iter(signed.then(|| domain(signer)));
        let envelope = domain(envelope);
        let spf = permits(&zone, envelope.as_str(), client.parse().unwrap());
        let course = Course::run(&domain(author), &dkim, spf.then_some(&envelope), &zone);
        let found = course.judgement.finding.name();
        let by_the_text = BY_THE_TEXT.iter().find(|(known, _)| *known == world);
        if by_the_text.is_some() {
            assert_eq!(want, "none", "world {world}: the data was mended, and needs no exception any more");
            differing += 1;
        }
        let want = by_the_text.map_or(want, |(_, want)| want);
        if found != want {
            faults.push(format!("world {world}: {found} and not {want}: {line}"));
        }
        assert!(course.asked <= 8 * 3 && course.rounds <= 2, "world {world}: {} questions", course.asked);
    }
    assert_eq!((count, differing), (WORLDS, BY_THE_TEXT.len()), "worlds were found");
    assert!(faults.is_empty(), "{} of {count}\n{}", faults.len(), faults.join("\n"));
    println!(
        "conformance: {} of {WORLDS} worlds of DMARC as the data says, {differing} by the text",
        count - differing
    );
}

/// What SPF says, as far as these worlds need it: single addresses, and all others not.
fn permits(zone: &Zone, name: &str, client: IpAddr) -> bool {
    let policies: Vec<&str> = zone.records(name, "TXT").into_iter().filter_map(Value::as_str).collect();
    let [policy] = policies[..] else { return false };
    let words: Vec<&str> = policy.split(' ').collect();
    let [version, addresses @ .., last] = &words[..] else { panic!("{policy}") };
    assert!(*version == "v=spf1" && *last == "-all", "{name} needs more of SPF than this: {policy}");
    addresses.iter().any(|word| {
        let address = word.strip_prefix("ip4:").and_then(|address| address.parse::<Ipv4Addr>().ok());
        address.unwrap_or_else(|| panic!("{name} needs more of SPF than this: {policy}")) == client
    })
}
