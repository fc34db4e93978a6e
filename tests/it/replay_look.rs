//! `replay --look`: old mail, looked at with the time of its own arrival.

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Effect;
use countersign::world::clock;
use serde_json::Value;

use super::dns_server::{Behaviour, Server, Zone};
use super::letter::Letter;
use super::own_eyes::{honest, world};
use super::signer::Signer;
use super::world::{Outcome, World};

fn lines(outcome: &Outcome) -> Vec<Value> {
    let text = String::from_utf8_lossy(&outcome.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

const NOVEMBER: &str = "Sat, 28 Nov 2026 09:00:00 +0000";

/// Old mail: one letter a sender, signed when it came.
fn archive(world: &World) {
    let at = 1_795_856_400;
    let letter = |from: &str, subject: &str| {
        let received = format!("from x by mx.example.org; {NOVEMBER}");
        Letter::from(from)
            .unproven()
            .field("Date", NOVEMBER)
            .field("Subject", subject)
            .field("Received", &received)
            .bytes()
    };
    let put = |name: &str, bytes: Vec<u8>| {
        let path = world.path("elsewhere/old").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let signed = |domain: &str| Signer::of(domain, at).sign(&letter(&format!("bob@{domain}"), "Tea"));
    put("1", signed("example.net"));
    put("2", signed("example.com"));
    put("3", letter("eve@example.net", "Money"));
    put("4", letter("friend@example.net", "Known"));
    put("5", Signer::of("example.net", at).sign(&letter("carol@example.net", "Cake")));
    let large = String::from_utf8(signed("example.net")).unwrap() + &"long line of text\n".repeat(60_000);
    put("6", large.into_bytes());
}

fn looks(outcome: &Outcome) -> Vec<(String, String)> {
    let word = |line: &Value, name: &str| line[name].as_str().unwrap_or("-").to_owned();
    lines(outcome).iter().map(|line| (word(line, "look"), word(line, "reason"))).collect()
}

#[test]
fn old_mail_is_looked_at_with_the_time_of_its_arrival_and_each_question_is_asked_once() {
    let key = Signer::of("example.net", clock::now()).key();
    let server = honest(&format!("{key}example.net MX 10 mx.example.net\nexample.com MX 10 mx.example.com\n"));
    let world = world("off", &server, "");
    world.enter("friend@example.net", Effect::Allow, Proofs::NONE);
    archive(&world);
    let without = world.run(&["replay", "--json", "old"], "");
    without.check("nothing is asked without --look", server.asked().is_empty());
    without.check("nor said", looks(&without).iter().all(|(look, _)| look == "-"));
    let with = world.run(&["replay", "--look", "--json", "old"], "");
    let pair = |look: &str, reason: &str| (look.to_owned(), reason.to_owned());
    let wanted = [
        pair("proven", "challenge"),
        pair("key-gone", "not-proven"),
        pair("not-proven", "not-proven"),
        pair("-", "allowed-sender"),
        pair("proven", "challenge"),
        pair("not-looked-at", "not-proven"),
    ];
    assert_eq!(looks(&with), wanted);
    let mut asked: Vec<String> = server.asked().into_iter().map(|asked| asked.what).collect();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all, "each once: {asked:?}");
    let summary = String::from_utf8_lossy(&with.stderr).into_owned();
    let line = "own eyes looked at 4 messages: 2 proven, 1 not proven, 1 with a key that is gone";
    assert!(summary.contains(line) && summary.contains("1 more not looked at"), "{summary}");
}

#[test]
fn the_time_for_old_mail_is_used_up_and_the_rest_is_counted() {
    let failing = Server::start(Zone::default(), &[Behaviour::Slow(std::time::Duration::from_secs(2))]);
    let world = world("off", &failing, "");
    archive(&world);
    let outcome = world.run(&["replay", "--look", "--budget", "1", "--json", "old"], "");
    let fates: Vec<String> = looks(&outcome).into_iter().map(|(look, _)| look).collect();
    assert!(fates[0] == "unsettled" && fates[1..].iter().all(|fate| fate == "not-looked-at"), "{fates:?}");
    let summary = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert!(summary.contains("5 more not looked at: the time is used up"), "{summary}");
    for line in
        ["--look --budget 0", "--look --budget 601", "--budget 9", "--look --assume-first-contact", "--look --dns x"]
    {
        let arguments: Vec<&str> = ["replay"].into_iter().chain(line.split(' ')).chain(["old"]).collect();
        let refused = world.run(&arguments, "");
        refused.check(line, refused.code == Some(64));
    }
}
