//! The Bcc way: copies of the user's own mail at the signed address for them, and what merely looks like one.

use countersign::mail::address::Address;
use countersign::operation::own_mail::keys_of;
use countersign::operation::sent::teach_from_copy;
use countersign::operation::sent_copy::NoCopy;
use countersign::origin::envelope::Caller;
use countersign::policy::fingerprint::Kind;
use countersign::policy::key::{KeyId, KeyRing, SecretKey};
use countersign::policy::sent::{Class, Unlearned};
use countersign::policy::standing::{Effect, Origin};
use countersign::policy::tagged::{Tag, TagKind};
use countersign::policy::token::Day;
use countersign::world::clock;
use countersign::world::store::StoreFile;

use super::letter::OWNER;
use super::world::{KEYS, Outcome, World, each};

/// What the user writes.
pub const MAIL: &str = "From: Alice <alice@example.org>\nTo: Bob <bob@example.net>\nSubject: Tea\n\
    Message-ID: <1@example.org>\nDate: Sat, 21 Nov 2026 12:00:00 +0000\n\nHello Bob,\n\nat five?\n";
const AUTHENTICATED: &str = "from home (home [192.0.2.9]) (Authenticated sender: alice)\n \
    by mx.example.org (Postfix) with ESMTPSA id 1 for <bob@example.net>; Sat, 21 Nov 2026 12:00:00 +0000";
/// The Received field of what came from outside.
pub const OUTSIDE: &str = "from evil.example (evil.example [192.0.2.1]) by mx.example.org (Postfix) with ESMTPS id 1\n \
    for <bob@example.net>; Sat, 21 Nov 2026 12:00:00 +0000";

/// What `address sent` prints.
pub fn address(world: &World) -> String {
    let outcome = world.run(&["address", "sent"], "");
    outcome.check("it is printed", outcome.code == Some(0));
    String::from_utf8(outcome.stdout).unwrap().trim_end().to_owned()
}

/// As the mail system hands over a message that came to that address.
pub fn handed_over(to: &str, received: &str, mail: &str) -> String {
    format!("Return-Path: <{OWNER}>\nX-Original-To: {to}\nDelivered-To: {to}\nReceived: {received}\n{mail}")
}

/// The Received field of what this user handed in.
pub fn local() -> String {
    format!("by mx.example.org (Postfix, from userid {}) id 1; Sat, 21 Nov 2026", rustix::process::getuid().as_raw())
}

fn is_known(world: &World) -> bool {
    let entry = world.entry("bob@example.net");
    entry.is_some_and(|entry| entry.effect == Effect::Allow && entry.origin == Origin::Sent)
}

fn row(world: &World) -> Option<Class> {
    let keys = keys_of(&world.installation(), Kind::MessageId, "1@example.org");
    world.store().sent(&keys).unwrap().map(|row| row.class)
}

/// It is learned, and it is nowhere.
#[track_caller]
fn is_absorbed(world: &World, outcome: &Outcome) {
    outcome.is(0, 0, 0, 0).is_silent();
    outcome.check("nothing of it is kept", outcome.after.trashed.is_empty());
    assert!(is_known(world) && row(world) == Some(Class::Private), "nothing was learned\n{outcome}");
    assert_eq!(world.entry(OWNER), None);
}

/// Nothing is learned, and it is in the inbox or the quarantine.
#[track_caller]
fn is_any_mail(world: &World, outcome: &Outcome) {
    let kept = outcome.after.inbox.len() + outcome.after.held.len();
    outcome.check("it is kept", outcome.code == Some(0) && kept == 1);
    assert!(!is_known(world) && row(world).is_none(), "something was learned\n{outcome}");
}

#[test]
fn the_address_is_signed_and_stays_the_same() {
    let world = World::new();
    let text = address(&world);
    assert_eq!(text, address(&world));
    let tag = text.strip_prefix("alice+").and_then(|rest| rest.strip_suffix("@example.org")).unwrap();
    let owner = Address::parse(OWNER).unwrap().normal();
    let ring = &world.installation().keys.token;
    assert_eq!(Tag::read(tag).unwrap().verify(ring, TagKind::Sent, &owner, "", Day::LAST), Ok(()));
    let dashed = World::with("[owner]\naddress = \"alice@example.org\"\ndelimiters = \"-+\"\n");
    assert!(address(&dashed).starts_with("alice-a"));
}

#[test]
fn without_a_delimiter_there_is_no_such_address_and_the_way_out_is_said() {
    let long = "a".repeat(39);
    for (owner, words) in [
        ("address = \"alice@example.org\"".to_owned(), "recipient_delimiter"),
        (format!("address = \"{long}@example.org\"\ndelimiters = \"+\""), "38 characters"),
    ] {
        let world = World::with(&format!("[owner]\n{owner}\n"));
        let outcome = world.run(&["address", "sent"], "");
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        outcome.check(words, outcome.code == Some(78) && said.contains(words) && outcome.stdout.is_empty());
    }
}

#[test]
fn a_copy_of_what_the_user_handed_in_teaches_and_is_absorbed() {
    each(["deliver", "gate", "gate --word", "observe"], |way| {
        for received in [local().as_str(), AUTHENTICATED] {
            let mut world = World::new();
            let to = address(&world);
            world.set("USER", "alice");
            let message = handed_over(&to, received, MAIL);
            match way {
                "deliver" => is_absorbed(&world, &world.deliver(message)),
                "gate" => is_absorbed(&world, &world.gate(message)),
                "observe" => {
                    world.configure("mode = \"observe\"\n");
                    let outcome = world.deliver(message);
                    outcome.check("it passes", outcome.after.inbox.len() == 1 && is_known(&world));
                }
                _ => {
                    let outcome = world.run(&["gate", "--word"], message);
                    outcome.check("taken", outcome.stdout == b"taken" && outcome.code == Some(0) && is_known(&world));
                }
            }
        }
    });
}

#[test]
fn the_caller_says_in_many_ways_for_whom_it_is() {
    let of = |world: &World| address(world).split(['+', '@']).nth(1).unwrap().to_owned();
    let plain = format!("Return-Path: <{OWNER}>\nReceived: {AUTHENTICATED}\n{MAIL}");
    let world = World::new();
    let tag = of(&world);
    is_absorbed(&world, &world.run(&["gate", "--extension", &tag], plain.clone()));
    let world = World::new();
    is_absorbed(&world, &world.run(&["gate", "--recipient", &address(&world)], plain.clone()));
    for (name, value) in
        [("EXTENSION", tag.to_uppercase()), ("LOCAL_PART_SUFFIX", format!("+{tag}")), ("EXT", tag.clone())]
    {
        let mut world = World::new();
        world.set(name, value);
        is_absorbed(&world, &world.deliver(plain.clone()));
    }
    let world = World::new();
    world.run(&["gate"], plain).check("without it, it is mail like any other", row(&world).is_none());
}

#[test]
fn what_came_from_outside_is_any_mail_whatever_it_claims() {
    let uid = rustix::process::getuid().as_raw();
    let forged = [
        OUTSIDE.to_owned(),
        // What a client calls itself.
        format!("from by (unknown [192.0.2.1]) by mx.example.org (Postfix, from userid {uid}) with ESMTP id 1; now"),
        "from x by y with ESMTPSA id 1 (unknown [192.0.2.1]) by mx.example.org (Postfix) with ESMTP id 2; now"
            .to_owned(),
        "from x by mx.example.org (Postfix) with ESMTP id 2 for <\"with ESMTPSA\"@example.org>; now".to_owned(),
        // Somebody else on this host.
        format!("by mx.example.org (Postfix, from userid {}) id 1; now", uid + 1),
        "from mallory by mx.example.org with local (Exim 4.96) id 1; now".to_owned(),
        // What the attacker wrote below the one that is ours.
        format!("{OUTSIDE}\nReceived: {AUTHENTICATED}"),
        format!("{OUTSIDE}\nReceived: {}", local()),
        String::new(),
    ];
    each(forged, |received| {
        let mut world = World::new();
        world.set("USER", "alice");
        let to = address(&world);
        is_any_mail(&world, &world.deliver(handed_over(&to, &received, MAIL)));
    });
}

#[test]
fn with_more_own_systems_the_field_of_the_first_counts() {
    let filter = "from localhost (localhost [127.0.0.1]) by mx.example.org (Postfix) with ESMTP id 2; now";
    let config = "[trust]\nauthserv_ids = [\"mx.example.org\"]\nhops = ";
    for (hops, received, absorbed) in [
        (2, format!("{filter}\nReceived: {AUTHENTICATED}"), true),
        (1, format!("{filter}\nReceived: {AUTHENTICATED}"), false),
        (2, format!("{filter}\nReceived: {OUTSIDE}"), false),
        (0, AUTHENTICATED.to_owned(), true),
        (0, OUTSIDE.to_owned(), false),
    ] {
        let world = World::with(&format!("{config}{hops}\n"));
        let outcome = world.deliver(handed_over(&address(&world), &received, MAIL));
        if absorbed { is_absorbed(&world, &outcome) } else { is_any_mail(&world, &outcome) }
    }
}

/// A tag of another ring, kind, owner or time.
fn tag(number: u8, kind: TagKind, days: i64, owner: &str) -> String {
    let first = if number == 1 { 0 } else { 7 };
    let key = SecretKey::new(std::array::from_fn(|at| u8::try_from(at).unwrap() + first));
    let ring = KeyRing::new((KeyId::new(number).unwrap(), key), Vec::new());
    let expiry = Day::of(clock::now() + days * 86_400);
    Tag::mint(&ring, kind, expiry, &Address::parse(owner).unwrap().normal(), "")
}

#[test]
fn only_the_signed_address_is_for_copies() {
    let good = tag(1, TagKind::Sent, 1, OWNER);
    let wrong = [
        tag(1, TagKind::Sent, -1, OWNER),
        tag(2, TagKind::Sent, 1, OWNER),
        tag(1, TagKind::Keyword, 1, OWNER),
        tag(1, TagKind::Dated, 1, OWNER),
        tag(1, TagKind::Domain, 1, OWNER),
        tag(1, TagKind::Sent, 1, "carol@example.org"),
        format!("{}0", &good[..24]),
        good[..24].to_owned(),
        format!("{good}0"),
        good.replacen('a', "c", 1),
        "shop".to_owned(),
    ];
    each(wrong, |tag| {
        let world = World::new();
        is_any_mail(&world, &world.deliver(handed_over(&format!("alice+{tag}@example.org"), AUTHENTICATED, MAIL)));
    });
    let world = World::new();
    is_absorbed(&world, &world.deliver(handed_over(&format!("alice+{good}@example.org"), AUTHENTICATED, MAIL)));
    // Somebody else's mailbox with the same sub-address is not the user's.
    let world = World::new();
    is_any_mail(&world, &world.deliver(handed_over(&format!("carol+{good}@example.org"), AUTHENTICATED, MAIL)));
    // The key is no longer in the ring.
    let world = World::new();
    let to = address(&world);
    world.write_keys(&KEYS.replace("token 1 00", "token 1 ff"));
    is_any_mail(&world, &world.deliver(handed_over(&to, AUTHENTICATED, MAIL)));
}

#[test]
fn what_teaches_nothing_is_any_mail_there() {
    each(
        [
            MAIL.replace("alice@example.org", "mallory@example.com"),
            format!("Auto-Submitted: auto-replied\n{MAIL}"),
            format!("Precedence: bulk\n{MAIL}"),
            format!("Resent-To: bob@example.net\n{MAIL}"),
            MAIL.replace("To: Bob <bob@example.net>\n", ""),
            MAIL.replace("To: Bob", "To: ADDRESS, Bob"),
            format!("Cc: <ADDRESS>\n{MAIL}"),
        ],
        |mail| {
            let world = World::new();
            let to = address(&world);
            let mail = mail.replace("ADDRESS", &to);
            is_any_mail(&world, &world.deliver(handed_over(&to, AUTHENTICATED, &mail)));
        },
    );
    // A field that mail programs leave in only says how it came here.
    let world = World::new();
    let to = address(&world);
    is_absorbed(&world, &world.deliver(handed_over(&to, AUTHENTICATED, &format!("Bcc: {to}\n{MAIL}"))));
}

#[test]
fn a_copy_that_cannot_be_noted_now_comes_again_and_one_that_never_can_is_kept() {
    for file in [StoreFile::List, StoreFile::Messages] {
        let world = World::new();
        let to = address(&world);
        std::fs::remove_file(file.of(&world.store_file())).unwrap();
        let outcome = world.deliver(handed_over(&to, AUTHENTICATED, MAIL));
        let kept = outcome.after.inbox.len() + outcome.after.held.len();
        outcome.check("it is kept", outcome.code == Some(0) && kept == 1);
    }
    let world = World::new();
    let message = handed_over(&address(&world), AUTHENTICATED, MAIL);
    let full = world.shell("ulimit -f 0; $P deliver", message.clone());
    full.check("the disk is full: later", full.code == Some(75) && !is_known(&world));
    is_absorbed(&world, &world.deliver(message.clone()));
    // Handed over once more it teaches the same.
    is_absorbed(&world, &world.deliver(message));
}

#[test]
fn it_is_written_down_and_explained() {
    let world = World::new();
    let message = handed_over(&address(&world), AUTHENTICATED, MAIL);
    let outcome = world.run(&["explain"], message.clone());
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    outcome.check(
        "what would be done is said",
        said.contains("sent-copy") && said.contains("learn whom it went to (people: 1), and that"),
    );
    assert!(!is_known(&world), "a dry run");
    let marked = world.filter(message.clone());
    marked.check("filter only marks", marked.code == Some(0) && marked.stdout.ends_with(MAIL.as_bytes()));
    assert!(!is_known(&world));
    is_absorbed(&world, &world.deliver(message));
    let why = world.run(&["why", "1@example.org"], "");
    let said = String::from_utf8_lossy(&why.stdout).into_owned();
    why.check("why says it", why.code == Some(0) && said.contains("copy of your own mail"));
}

#[test]
fn whoever_hands_a_copy_over_by_hand_gets_the_same_answer() {
    let world = World::new();
    let (installation, mut store, to) = (world.installation(), world.store(), address(&world));
    let caller = Caller { user: Some(("alice".into(), 1000)), ..Caller::default() };
    let mut teach = |to: &str, received: &str, mail: &str| {
        let start = std::sync::Arc::new(handed_over(to, received, mail).into_bytes());
        teach_from_copy(&installation, &mut store, start, &caller, clock::now())
            .map_err(|trouble| trouble.error)
            .unwrap()
    };
    assert_eq!(teach(OWNER, AUTHENTICATED, MAIL), Err(NoCopy::NotSigned));
    assert_eq!(teach(&to, OUTSIDE, MAIL), Err(NoCopy::NotSubmitted));
    assert_eq!(teach(&to, AUTHENTICATED, &format!("Cc: {to}\n{MAIL}")), Err(NoCopy::WrittenToIt));
    let vacation = format!("Auto-Submitted: auto-replied\n{MAIL}");
    assert_eq!(teach(&to, AUTHENTICATED, &vacation), Err(NoCopy::Unlearned(Unlearned::Program)));
    assert!(!is_known(&world));
    assert_eq!(teach(&to, AUTHENTICATED, MAIL), Ok(1));
    assert_eq!(teach(&to, AUTHENTICATED, MAIL), Ok(0));
    assert!(is_known(&world));
}
