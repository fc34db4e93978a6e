//! Letters of somebody who wants a person asked, or a letter let pass, in the name of another: what own eyes make of each.
//!
//! A case is a letter, what the DNS says, and what must come of it: the reason for which it is held, or `pass`. Nobody may be asked
//! but where the reason is `challenge`.

use countersign::origin::auth::Proofs;
use countersign::policy::standing::Effect;
use countersign::world::clock;

use super::dns_server::Server;
use super::letter::{AUTHSERV_ID, Letter, OWNER};
use super::own_eyes::honest;
use super::signer::Signer;
use super::world::{World, each};

const BOB: &str = "bob@example.net";
const DATE: &str = "Sat, 28 Nov 2026 09:00:00 +0000";
/// Where the victim's letters are signed, and what else the DNS says.
const ZONE: &str = "example.net MX 10 mx.example.net\nvictim.co.uk MX 10 mx.victim.co.uk\nchild.example.net MX 10 mx.example.net\n\
    xn--bcher-kva.example MX 10 mx.example.net\noutlook.com MX 10 mx.example.net\nstranger.example MX 10 mx.example.net\n";

struct Case {
    name: &'static str,
    /// Lines of the zone beside [`ZONE`] and the keys.
    zone: &'static str,
    message: Vec<u8>,
    /// Why it is held, or `pass`.
    becomes: &'static str,
}

fn signer(domain: &str) -> Signer {
    Signer::of(domain, clock::now())
}

fn letter() -> Letter {
    Letter::from(BOB).unproven().field("Date", DATE)
}

/// A letter that its author signed, as it was then.
fn genuine() -> String {
    text(signer("example.net").sign(&letter().bytes()))
}

fn text(message: Vec<u8>) -> String {
    String::from_utf8(message).expect("a text")
}

fn with_more(more: &str) -> Signer {
    Signer { more: more.to_owned(), ..signer("example.net") }
}

fn with_fields(fields: &[&'static str]) -> Signer {
    Signer { fields: fields.to_vec(), ..signer("example.net") }
}

fn server(more: &str) -> Server {
    let domains = ["example.net", "child.example.net", "evil.co.uk", "evil.example", "xn--bcher-kva.example"];
    let further = ["outlook.com", "stranger.example", "example.net.evil.example"];
    let keys: String = domains.iter().chain(&further).map(|domain| Signer::of(domain, 0).key()).collect();
    honest(&format!("{ZONE}{keys}{more}"))
}

fn world(look: &str, server: &Server, ids: &str, more: &str) -> World {
    let world = World::new();
    world.configure(&format!(
        "[trust]\nauthserv_ids = [{ids}]\n[eyes]\nlook = \"{look}\"\ndns = [\"{}\"]\n{more}",
        server.address
    ));
    world
}

fn case(name: &'static str, message: impl Into<Vec<u8>>, becomes: &'static str) -> Case {
    Case { name, zone: "", message: message.into(), becomes }
}

/// A good letter, sent once more to somebody else or with something more in it.
fn replayed() -> Vec<Case> {
    let to_carol = text(signer("example.net").sign(&letter().field("To", "carol@example.com").bytes()));
    let above = |field: &str| to_carol.replace("From: bob", &format!("{field}\nFrom: bob"));
    let below = |field: &str| to_carol.replacen("\n\n", &format!("\n{field}\n\n"), 1);
    let owner_in = |name: &str| format!("{name}: {OWNER}");
    let no_to = with_fields(&["from", "subject", "date", "message-id"]);
    let cc = letter().field("To", "carol@example.com").also("Cc", OWNER).bytes();
    let outlook = Letter::from("bob@outlook.com").unproven();
    let late = Signer { fields: vec!["from", "subject", "date"], ..signer("outlook.com") };
    let again = |days: i64| Signer { at: Some(clock::now() - days * 86_400 - 60), ..signer("example.net") };
    vec![
        case("to somebody else", to_carol.clone(), "not-addressed"),
        case("a second To above", above(&owner_in("To")), "not-proven"),
        case("a second To below", below(&owner_in("To")), "not-proven"),
        case("To with a blank in its name", above(&owner_in("To ")), "malformed"),
        case("an unsigned Cc", above(&owner_in("Cc")), "not-proven"),
        case("an unsigned Cc below", below(&owner_in("CC")), "not-proven"),
        case("Resent-To alone", above(&owner_in("Resent-To")), "not-addressed"),
        case("Bcc alone", above(&owner_in("Bcc")), "not-addressed"),
        case("Resent-Cc alone", below(&owner_in("Resent-Cc")), "not-addressed"),
        case("To not signed", no_to.sign(&letter().bytes()), "not-proven"),
        case("Cc not signed", signer("example.net").sign(&cc), "not-proven"),
        case(
            "outlook, and an old Date",
            late.sign(&outlook.clone().field("Date", "Mon, 2 Nov 2026 09:00:00 +0000").bytes()),
            "not-proven",
        ),
        case("kept for a week", again(7).sign(&letter().bytes()), "not-proven"),
        case("kept for six days", again(6).sign(&letter().bytes()), "challenge"),
        case("a second Subject", genuine().replace("Subject: Tea", "Subject: Pay\nSubject: Tea"), "not-proven"),
        case(
            "a second Date",
            genuine().replace("\nDate:", "\nDate: Fri, 27 Nov 2026 09:00:00 +0000\nDate:"),
            "not-proven",
        ),
        case("forwarded", genuine().replace("Subject: Tea", "Subject: Fwd: Tea"), "not-proven"),
        case(
            "forwarded with its name resent",
            above(&format!("Resent-From: bob@example.net\nResent-To: {OWNER}")),
            "not-addressed",
        ),
    ]
}

/// Signatures that say less, or of another one, than they seem to.
fn misleading() -> Vec<Case> {
    let half = with_more("l=5; ").sign(&letter().bytes());
    let appended = text(with_more("l=40; ").sign(&letter().bytes())) + "Send money.\n";
    let oversigned = ["from", "from", "to", "to", "subject", "subject", "date", "date"];
    let whole = text(with_fields(&oversigned).sign(&letter().bytes()));
    let second_from = genuine().replace("From: bob", "From: eve@evil.example\nFrom: bob");
    let second_below = genuine().replace("\nTo:", "\nFrom: eve@evil.example\nTo:");
    let victim = Letter::from("bob@victim.co.uk").unproven().field("Date", DATE).bytes();
    let mut sibling = case("a sibling under a public suffix", signer("evil.co.uk").sign(&victim), "not-proven");
    let marked = Case {
        zone: "_dmarc.co.uk TXT v=DMARC1; p=none; psd=y\n",
        name: "a sibling under a suffix that says so",
        message: signer("evil.co.uk").sign(&victim),
        ..case("", "", "not-proven")
    };
    let own = Case {
        zone: "_dmarc.victim.co.uk TXT v=DMARC1; p=none\n_dmarc.co.uk TXT v=DMARC1; p=none; psd=y\n_dmarc.evil.co.uk TXT v=DMARC1; p=none\n",
        name: "a sibling where both have their own policy",
        message: signer("evil.co.uk").sign(&victim),
        ..case("", "", "not-proven")
    };
    sibling.zone = "_dmarc.evil.co.uk TXT v=DMARC1; p=none\n";
    let child_for_parent = signer("child.example.net").sign(&letter().bytes());
    let of_child = Letter::from("bob@child.example.net").unproven().field("Date", DATE).bytes();
    let idn = Letter::from("bob@b\u{fc}cher.example").unproven().field("Date", DATE).bytes();
    let policy = "_dmarc.example.net TXT v=DMARC1; p=none\n";
    let strict = "_dmarc.example.net TXT v=DMARC1; p=none; adkim=s\n";
    let with = |zone, name, message: Vec<u8>, becomes| Case { zone, ..case(name, message, becomes) };
    vec![
        case("l= of a part", half, "not-proven"),
        case("l=, and more behind it", appended, "not-proven"),
        case("expired", with_more(&format!("x={}; ", clock::now() - 10)).sign(&letter().bytes()), "not-proven"),
        case("expires later", with_more(&format!("x={}; ", clock::now() + 600)).sign(&letter().bytes()), "challenge"),
        case(
            "of tomorrow's tomorrow",
            Signer { at: Some(clock::now() + 2 * 86_400), ..signer("example.net") }.sign(&letter().bytes()),
            "not-proven",
        ),
        case("a second From above", second_from, "unclear-sender"),
        case("a second From below", second_below, "unclear-sender"),
        case("signed twice over", whole.clone(), "challenge"),
        case(
            "signed twice over, and a Subject put in",
            whole.replace("Subject: Tea", "Subject: Pay\nSubject: Tea"),
            "not-proven",
        ),
        sibling,
        marked,
        own,
        case("a child signs, and there is no policy", child_for_parent.clone(), "not-proven"),
        with(policy, "a child signs, and the policy allows it", child_for_parent.clone(), "challenge"),
        with(strict, "a child signs, and the policy is strict", child_for_parent, "not-proven"),
        with(policy, "the parent signs for its child", signer("example.net").sign(&of_child), "challenge"),
        case(
            "a name that ends in the victim's",
            signer("example.net.evil.example").sign(&letter().bytes()),
            "not-proven",
        ),
        case("somebody else's signature", signer("evil.example").sign(&letter().bytes()), "not-proven"),
        case("a U-label From, signed as its A-label", signer("xn--bcher-kva.example").sign(&idn), "challenge"),
        case("a U-label From, signed by another", signer("evil.example").sign(&idn), "not-proven"),
        case("i= of another domain", with_more("i=@evil.example; ").sign(&letter().bytes()), "not-proven"),
        case(
            "sixteen broken ones above the good one",
            format!("{}{}", "DKIM-Signature: v=1; d=example.net\n".repeat(16), genuine()),
            "not-proven",
        ),
        case(
            "a broken one above the good one",
            format!("DKIM-Signature: v=1; d=example.net\n{}", genuine()),
            "challenge",
        ),
    ]
}

#[test]
fn nobody_is_asked_for_what_another_has_made_of_his_letters() {
    each(replayed().into_iter().chain(misleading()), |case| {
        let server = server(case.zone);
        let world = world("where-silent", &server, "", "");
        let outcome = world.deliver(case.message);
        let challenges = usize::from(case.becomes == "challenge");
        outcome.check(case.name, outcome.after.sent.len() == challenges).is(0, 0, 1, challenges);
        outcome.held_for(case.becomes);
    });
}

/// Fields that somebody has put in, so that own eyes stay shut, or open.
#[test]
fn fields_that_a_stranger_writes_neither_shut_own_eyes_for_good_nor_prove_anything() {
    let with = |field: &str| format!("Authentication-Results: {field}\n{}", genuine());
    let silenced = "not-proven";
    for (name, message, ids, becomes) in [
        ("nobody is trusted", with("mx.example.org; dkim=none"), "", "challenge"),
        ("another id", with("evil.example; dkim=none"), "\"mx.example.org\"", "challenge"),
        ("nothing was checked", with("mx.example.org; none"), "\"mx.example.org\"", "challenge"),
        ("no result, which nobody writes", with("mx.example.org"), "\"mx.example.org\"", silenced),
        ("a method that nobody knows", with("mx.example.org; sieve=pass"), "\"mx.example.org\"", "challenge"),
        ("SPF alone", with("mx.example.org; spf=fail smtp.mailfrom=example.net"), "\"mx.example.org\"", "challenge"),
        // Who is trusted said so, as far as anybody can tell; the sender has harmed nobody but himself.
        ("no signature, it says", with("mx.example.org; dkim=none"), "\"mx.example.org\"", silenced),
        ("a field that cannot be read", with("mx.example.org; dkim=pass ("), "\"mx.example.org\"", silenced),
        (
            "below the boundary",
            genuine().replace("From: bob", "Authentication-Results: mx.example.org; dkim=none\nFrom: bob").replacen(
                "Received:",
                "Received: from a by b; x\nReceived:",
                1,
            ),
            "\"mx.example.org\"",
            "challenge",
        ),
    ] {
        let server = server("");
        let world = world("where-silent", &server, ids, "");
        let outcome = world.deliver(message);
        outcome.check(name, outcome.after.sent.len() == usize::from(becomes == "challenge"));
        outcome.is(0, 0, 1, usize::from(becomes == "challenge")).held_for(becomes);
    }
    // A forged letter does not become good by it either.
    for field in ["mx.example.org; none", "mx.example.org; dkim=none", "evil.example; dkim=pass header.d=example.net"] {
        let server = server("");
        let world = world("where-silent", &server, &format!("\"{AUTHSERV_ID}\""), "");
        let forged = format!("Authentication-Results: {field}\n{}", genuine().replace("Tea at", "Pay at"));
        world.deliver(forged).is(0, 0, 1, 0).held_for("not-proven");
    }
}

/// SPF speaks for who handed the letter over, and only the boundary's own field says who that was.
#[test]
fn only_the_field_of_the_boundary_makes_spf_pass() {
    let records = "example.net TXT v=spf1 ip4:192.0.2.7 -all\n";
    let own = "Received: from evil.example (evil.example [203.0.113.9])\n\tby mx.example.org with ESMTP id 1; now\n";
    let unsigned = text(letter().bytes());
    let forged_below = unsigned.replacen("Received:", &format!("{own}Received:"), 1);
    for (name, message, becomes) in [
        ("the boundary says so", unsigned.clone(), "challenge"),
        ("a forged field below the boundary's", forged_below, "not-proven"),
        ("another host wrote it", unsigned.replace("by mx.example.org", "by mx.evil.example"), "not-proven"),
        (
            "a host that ends like it",
            unsigned.replace("by mx.example.org", "by evilmx.example.org.evil.example"),
            "not-proven",
        ),
        (
            "the address in what it calls itself",
            unsigned.replace(
                "from out.example.net (out.example.net [192.0.2.7])",
                "from [192.0.2.7] (evil.example [203.0.113.9])",
            ),
            "not-proven",
        ),
        (
            "a second bracket in a comment",
            unsigned.replace("[192.0.2.7])", "[203.0.113.9]) ([192.0.2.7])"),
            "not-proven",
        ),
        ("a user who proved himself", unsigned.replace("ESMTPS", "ESMTPSA"), "not-proven"),
        ("of the own network", unsigned.replace("192.0.2.7", "10.0.0.1"), "not-proven"),
    ] {
        let server = server(records);
        let world = world("where-silent", &server, "\"mx.example.org\"", "methods = [\"dkim\", \"spf\"]\n");
        let outcome = world.deliver(message);
        let challenges = usize::from(becomes == "challenge");
        outcome.check(name, outcome.after.sent.len() == challenges).is(0, 0, 1, challenges).held_for(becomes);
    }
}

/// What is held in the name of somebody who answers.
#[test]
fn a_confirmed_sender_brings_no_forged_letter_with_him() {
    let server = server("");
    let world = world("where-silent", &server, "", "");
    let first = world.deliver(genuine());
    first.is(0, 0, 1, 1);
    let number = |n: u8| letter().field("Message-ID", &format!("<{n}@example.net>"));
    let forged = [
        ("unsigned", text(number(2).bytes())),
        ("altered", text(signer("example.net").sign(&number(3).bytes())).replace("Tea at", "Pay at")),
        ("signed by another", text(signer("evil.example").sign(&number(4).bytes()))),
        (
            "sent to somebody else",
            text(signer("example.net").sign(&number(5).field("To", "carol@example.com").bytes())),
        ),
        ("part of it signed", text(with_more("l=5; ").sign(&number(6).bytes()))),
    ];
    for (name, message) in &forged {
        let outcome = world.deliver(message.clone());
        outcome.check(name, outcome.after.inbox.is_empty());
    }
    world.deliver(signer("example.net").sign(&number(7).bytes())).is(0, 0, 7, 1);
    let answer = Letter::answer(&first.after.sent[0], BOB).unproven().bytes();
    let outcome = world.deliver(answer);
    world.run(&["maintain"], "");
    world.run(&["maintain"], "");
    let after = world.state();
    outcome.check("the two good letters", after.inbox.len() == 2);
    assert!(after.inbox.iter().all(|message| !text(message.clone()).contains("Pay at")), "a forged one passed");
    assert_eq!((after.held.len(), after.sent.len()), (6, 1), "five forged ones, and the answer itself");
}

/// Where own eyes always look, a field that a stranger wrote opens nothing.
#[test]
fn under_always_a_forged_field_lets_nobody_pass() {
    let claimed = letter().proven("dmarc=pass header.from=example.net; dkim=pass header.d=example.net");
    let path = "example.net TXT v=spf1 ip4:192.0.2.7 -all\n";
    let good = signer("example.net").sign(&claimed.bytes());
    for (name, message, methods, inbox) in [
        ("unsigned", claimed.bytes(), "[\"dkim\"]", 0),
        ("altered", text(good.clone()).replace("Tea at", "Pay at").into_bytes(), "[\"dkim\"]", 0),
        ("signed by another", signer("evil.example").sign(&claimed.bytes()), "[\"dkim\"]", 0),
        ("the path alone, which bears no signature out", claimed.bytes(), "[\"dkim\", \"spf\"]", 0),
        ("signed", good, "[\"dkim\"]", 1),
    ] {
        let server = server(path);
        let world = world("always", &server, &format!("\"{AUTHSERV_ID}\""), &format!("methods = {methods}\n"));
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        let outcome = world.deliver(message);
        outcome.check(name, outcome.after.inbox.len() == inbox).is(0, inbox, 1 - inbox, 0);
    }
}

/// `look_at_pinned` moves what is there, aligned and wrong, and nothing else.
#[test]
fn a_pinned_senders_letter_is_held_only_for_a_wrong_signature_of_his_own_domain() {
    let altered = |domain: &str| text(signer(domain).sign(&letter().bytes())).replace("Tea at", "Pay at");
    let beside = text(signer("evil.example").sign(altered("example.net").as_bytes()));
    let both = text(signer("example.net").sign(altered("example.net").as_bytes()));
    for (name, message, inbox) in [
        ("altered", altered("example.net"), 0),
        ("altered, and signed by another", beside, 0),
        ("signed by another", text(signer("evil.example").sign(&letter().bytes())), 1),
        ("another's wrong signature", altered("evil.example"), 1),
        ("a wrong one beside a good one", both, 1),
        ("no signature", text(letter().bytes()), 1),
        ("a child's wrong signature", altered("child.example.net"), 0),
    ] {
        let server = server("");
        let world = world("where-silent", &server, "", "look_at_pinned = true\n");
        world.enter(BOB, Effect::Allow, Proofs::DKIM);
        let outcome = world.deliver(message);
        outcome.check(name, outcome.after.inbox.len() == inbox).is(0, inbox, 1 - inbox, 0);
    }
}
