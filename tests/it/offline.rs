//! The off switch: with `look = "off"`, and without `[eyes]`, no command opens a socket that reaches further than this host's
//! files; and own eyes open none for mail about which they could change nothing.
//!
//! Needs strace.

use std::fs;

use countersign::mail::address::Address;
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::standing::Effect;
use countersign::world::clock;

use super::dns_server::Server;
use super::letter::Letter;
use super::own_eyes::honest;
use super::signer::Signer;
use super::world::World;

const BOB: &str = "bob@example.net";

/// What it is called, what is known before, the letter, and whether a look would change what becomes of it.
type Case<'a> = (&'a str, &'a dyn Fn(&World), Letter, bool);

fn server() -> Server {
    honest(&format!("{}example.net MX 10 mx.example.net\n", Signer::of("example.net", 0).key()))
}

fn letter() -> Letter {
    Letter::from(BOB).unproven().field("Date", "Sat, 28 Nov 2026 09:00:00 +0000")
}

fn signed(letter: &Letter) -> Vec<u8> {
    Signer::of("example.net", clock::now()).sign(&letter.bytes())
}

fn world(eyes: &str, server: &Server) -> World {
    let world = World::new();
    let challenge = "[challenge]\nsendmail = \"SENDMAIL\"\nper_hour = 1\n";
    let eyes = eyes.replace("DNS", &server.address.to_string());
    world.configure(&format!("[trust]\nauthserv_ids = []\n{challenge}{eyes}"));
    world
}

/// Runs it and what it starts under strace; whether one of them opened a socket of the internet.
#[track_caller]
fn reaches_out(world: &World, command: &str, input: &[u8]) -> bool {
    let log = world.path("sockets");
    let options = "-f -qq -e signal=none -e trace=socket,execve";
    let outcome = world.shell(&format!("exec strace -o '{}' {options} \"$P\" {command}", log.display()), input);
    let text = fs::read_to_string(log).unwrap();
    outcome.check("strace has seen it", text.contains("execve("));
    outcome.check("it ended by itself", outcome.code.is_some_and(|code| code != 64 && code < 100));
    text.lines().any(|line| line.contains("socket(AF_INET"))
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn switched_off_no_command_opens_a_socket_of_the_internet() {
    let server = server();
    let off = "[eyes]\nlook = \"off\"\ndns = [\"DNS\"]\nmethods = [\"dkim\", \"spf\"]\nlook_at_pinned = true\n";
    for eyes in ["", off] {
        let world = world(eyes, &server);
        world.enter("dan@example.net", Effect::Allow, Proofs::DKIM);
        let friend = Letter::from("dan@example.net").unproven();
        fs::write(world.path("elsewhere/letter"), signed(&letter())).unwrap();
        for (command, input) in [
            ("deliver", signed(&letter())),
            ("deliver", signed(&friend)),
            ("gate", signed(&letter().field("Message-ID", "<2@example.net>"))),
            ("gate", signed(&friend)),
            ("filter", signed(&letter())),
            ("maintain", Vec::new()),
            ("digest", Vec::new()),
            ("explain", signed(&letter())),
            ("explain --json", signed(&letter())),
            ("replay letter", Vec::new()),
            ("replay --assume-first-contact letter", Vec::new()),
            ("doctor", Vec::new()),
            ("doctor --json", Vec::new()),
            ("held", Vec::new()),
        ] {
            assert!(!reaches_out(&world, command, &input), "{command} with {eyes:?}");
        }
    }
    assert!(server.asked().is_empty(), "{:?}", server.asked());
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn about_mail_that_a_look_would_not_change_nothing_is_asked() {
    let server = server();
    let eyes = "[eyes]\nlook = \"where-silent\"\ndns = [\"DNS\"]\nmethods = [\"dkim\", \"spf\"]\n";
    let cases: [Case<'_>; 9] = [
        ("a stranger", &|_| {}, letter(), true),
        ("known", &|world| world.allow(BOB), letter(), false),
        ("pinned", &|world| world.enter(BOB, Effect::Allow, Proofs::DKIM), letter(), false),
        ("denied", &|world| world.deny(BOB), letter(), false),
        ("a denied domain", &|world| world.deny("@example.net"), letter(), false),
        (
            "a denied list",
            &|world| world.deny("list:talk.example.net"),
            letter().also("List-Id", "<talk.example.net>"),
            false,
        ),
        ("automatic", &|_| {}, letter().also("Auto-Submitted", "auto-replied"), false),
        (
            "capped",
            &|world| drop(world.deliver(signed(&letter().field("Message-ID", "<0@example.net>")))),
            letter(),
            false,
        ),
        ("opted out", &|world| opt_out(world, BOB), letter(), false),
    ];
    for (name, prepare, letter, looks) in cases {
        let world = world(eyes, &server);
        prepare(&world);
        assert_eq!(reaches_out(&world, "deliver", &signed(&letter)), looks, "{name}");
        let again = signed(&letter.field("Message-ID", "<other@example.net>"));
        assert!(!reaches_out(&world, "filter", &again), "{name}: filter never looks");
    }
}

fn opt_out(world: &World, address: &str) {
    let installation = world.installation();
    let normal = Address::parse(address).unwrap().normal();
    let key = Fingerprint::of(installation.keys.list.current().1, Kind::Challenged, normal.as_str().as_bytes());
    world.store().opt_out(&key, clock::now(), false).unwrap();
}
