//! What a user is shown of own eyes and of how challenges are received: by `doctor`, the digest and `allow`.

use serde_json::Value;

use super::dns_server::{Server, Zone};
use super::letter::Letter;
use super::own_eyes::{honest, world};
use super::signer::Signer;
use super::world::{Outcome, World};

const ZONE: &str = "example.org TXT v=spf1 mx -all\n_dmarc.example.org TXT v=DMARC1; p=reject\n";

fn lines(outcome: &Outcome) -> Vec<Value> {
    let text = String::from_utf8_lossy(&outcome.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What `doctor` says in the lines of one check, with the ways out.
fn said(outcome: &Outcome, check: &str) -> String {
    let of_it = lines(outcome).into_iter().filter(|line| line["check"] == check);
    of_it.map(|line| format!("{} {} {}\n", line["grade"], line["said"], line["way_out"])).collect()
}

#[test]
fn doctor_asks_the_dns_only_when_it_is_told_to() {
    let server = honest(ZONE);
    let world = world("where-silent", &server, "");
    let without = world.run(&["doctor", "--json"], "");
    without.check("nothing is asked", server.asked().is_empty());
    without.check("nothing is judged", said(&without, "DMARC").is_empty());
    let with = world.run(&["doctor", "--dns", "--json"], "");
    let asked: Vec<String> = server.asked().into_iter().map(|asked| asked.what).collect();
    for question in ["TXT example.org", "TXT _dmarc.example.org"] {
        with.check(question, asked.iter().any(|what| what == question));
    }
    with.check("the policy is shown", said(&with, "DMARC").contains("p=reject"));
    with.check("so is SPF", said(&with, "From SPF").contains("\"ok\" \"example.org publishes SPF"));
    with.check("who refuses is said", said(&with, "signature").contains("EVERY CHALLENGE WILL BE REFUSED"));
    with.check("the greeting too", !said(&with, "HELO name").is_empty());
}

#[test]
fn a_resolver_that_is_dead_is_said_once_and_soon() {
    let dead = Server::start(Zone::default(), &[]);
    let world = world("where-silent", &dead, "");
    let begun = std::time::Instant::now();
    let outcome = world.run(&["doctor", "--dns", "--json"], "");
    outcome.check("at most its time", begun.elapsed().as_secs() < 9);
    outcome.check("it is named", said(&outcome, "DNS").contains("no answer from"));
    outcome
        .check("nothing else is judged", said(&outcome, "From SPF").is_empty() && said(&outcome, "DMARC").is_empty());
}

#[test]
fn doctor_says_that_eyes_that_are_off_look_at_nobody_known_either() {
    let server = honest("");
    for (look, more, is_said) in [
        ("off", "look_at_pinned = true\n", true),
        ("off", "", false),
        ("where-silent", "look_at_pinned = true\n", false),
    ] {
        let outcome = world(look, &server, more).run(&["doctor", "--json"], "");
        let shown = said(&outcome, "own eyes");
        outcome.check(look, shown.contains("\"warning\" \"look_at_pinned = true looks at nothing") == is_said);
    }
}

#[test]
fn doctor_says_what_is_proven_in_each_of_three_set_ups() {
    let server = honest("");
    let own = world("where-silent", &server, "");
    let neither = world("off", &server, "");
    let trusted = World::new();
    trusted.configure(&format!("[eyes]\nlook = \"where-silent\"\ndns = [\"{}\"]\n", server.address));
    for (world, trust, eyes) in [
        (&trusted, "there is not enough recent mail", "\"ok\" \"they look at strangers"),
        (&own, "\"ok\" \"own eyes alone", "\"ok\" \"they look at strangers"),
        (
            &neither,
            "nobody is ever asked; strangers' mail is held and listed\" [\"to have signatures checked here, by DNS: look",
            "",
        ),
    ] {
        let outcome = world.run(&["doctor", "--json"], "");
        outcome.check(trust, said(&outcome, "trust").contains(trust));
        let shown = said(&outcome, "own eyes");
        outcome.check(eyes, shown.contains(eyes) && shown.is_empty() == eyes.is_empty());
        outcome.check("the resolver is shown", eyes.is_empty() || shown.contains(&server.address.to_string()));
    }
}

#[test]
fn a_resolver_that_is_not_on_this_machine_is_a_warning() {
    let world = World::new();
    world.configure("[eyes]\nlook = \"always\"\ndns = [\"192.0.2.53\"]\n");
    let outcome = world.run(&["doctor", "--json"], "");
    let shown = said(&outcome, "own eyes");
    outcome.check("it is one", shown.starts_with("\"warning\"") && shown.contains("192.0.2.53:53"));
    outcome.check("with the way out", shown.contains("dns = [\\\"127.0.0.1\\\"]"));
}

#[test]
fn the_digest_names_own_eyes_where_nothing_is_trusted() {
    let server = honest("");
    let world = world("off", &server, "");
    world.deliver(Letter::from("bob@example.net").unproven().bytes()).is(0, 0, 1, 0).held_for("nothing-trusted");
    let digest = world.run(&["digest", "--stdout"], "");
    let text = String::from_utf8_lossy(&digest.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    digest.check("the way out", text.contains("look = \"where-silent\" in the part [eyes]"));
}

#[test]
fn what_lets_a_pin_rest_is_said_when_a_program_is_allowed() {
    let server = honest("");
    for (look, ends) in [("off", "own eyes are off"), ("where-silent", "only with look = \"always\""), ("always", "")] {
        let world = world(look, &server, "");
        let outcome = world.run(&["allow", "noreply@shop.example"], "");
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        outcome.check(look, said.contains("passes from now on") != ends.is_empty() && said.contains(ends));
    }
}

#[test]
fn the_page_of_own_eyes_shows_what_explain_says() {
    let signer = Signer::of("example.net", countersign::world::clock::now());
    let server = honest(&format!("{}example.net MX 10 mx.example.net\n", signer.key()));
    let world = world("off", &server, "");
    let letter = Letter::from("bob@example.net").unproven().field("Date", "Sat, 28 Nov 2026 09:00:00 +0000");
    let mut lines = Vec::new();
    for fields in [vec!["from", "to", "subject", "date"], vec!["from", "subject", "date"]] {
        let signer = Signer { fields, ..signer.clone() };
        let outcome = world.run(&["explain", "--look", "-v"], signer.sign(&letter.bytes()));
        let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
        let seen = text.lines().skip_while(|line| !line.starts_with("Own eyes")).take_while(|line| !line.is_empty());
        // How long it took is never the same.
        lines.push(seen.filter(|line| !line.trim_start().starts_with("questions")).collect::<Vec<_>>().join("\n"));
    }
    let page = include_str!("../../docs/own-eyes.md");
    for block in lines {
        assert!(block.lines().count() > 5 && page.contains(&block), "docs/own-eyes.md shows no\n{block}");
    }
}
