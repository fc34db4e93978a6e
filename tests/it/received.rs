//! The client in a Received field, by the tables below `fixtures/received/`, and against clients that say all they can think of.

use countersign::mail::head::Head;
use countersign::origin::client::{NoClient, client};
use countersign::origin::received::RECEIVED_LIMIT;
use countersign::origin::spf::Client;

use super::cases::{check, unknown};
use super::chance::Chance;
use super::fixture;

/// How many fields are made up.
const COUNT: &str = "COUNTERSIGN_MUTATIONS";
/// Where the client comes from.
const TRUE: &str = "192.0.2.66";

fn read(field: &str) -> Result<Client, NoClient> {
    client(&Head::read(format!("Received: {field}\n\nx\n").as_bytes()), 1, &|host| host == "mx.example.org")
}

fn answer(question: &str, case: &str) -> String {
    match (question, read(case)) {
        ("client", Ok(client)) => format!("{} {}", client.ip, client.helo.unwrap_or_default()),
        ("client", Err(why)) => format!("refused {}", why.name()),
        _ => unknown(question),
    }
}

#[test]
fn fields_of_known_programs() {
    check("received/programs.txt", answer);
    assert!(cases("programs.txt") >= 40, "{}", cases("programs.txt"));
}

#[test]
fn fields_of_clients_that_pass_for_others() {
    check("received/forged.txt", answer);
    assert!(cases("forged.txt") > cases("programs.txt"), "{} and {}", cases("forged.txt"), cases("programs.txt"));
}

fn cases(file: &str) -> usize {
    let text = fixture::text(&fixture::root().join("received").join(file));
    text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])).count()
}

#[test]
fn what_is_too_long_is_not_read() {
    let field =
        |helo: &str| read(&format!("from {helo} (unknown [{TRUE}]) by mx.example.org (Postfix) with ESMTP id 1; now"));
    assert_eq!(field(&"x".repeat(256)), Err(NoClient::TooLong));
    assert_eq!(field(&"x".repeat(1_000)), Err(NoClient::TooLong));
    assert_eq!(field(&format!("x{}", " ".repeat(RECEIVED_LIMIT))), Err(NoClient::TooLong));
    assert!(field(&"x".repeat(255)).is_ok());
}

/// As programs write it, had they no rule for what a client may call itself.
const PROGRAMS: [&str; 12] = [
    "from {} (unknown [192.0.2.66]) by mx.example.org (Postfix) with ESMTP id 1 for <{to}>; now",
    "from {} (unknown [192.0.2.66]) (using TLSv1.3 with cipher A (256/256 bits)) (Client CN \"{cn}\", Issuer \"b\" (not verified)) by mx.example.org (Postfix) with ESMTPS id 1; now",
    "from {} ([192.0.2.66]) by mx.example.org (8.17.1/8.17.1) with ESMTP id 1 for <{to}>; now",
    "from {} (a.example [192.0.2.66] (may be forged)) by mx.example.org (8.17.1/8.17.1) with ESMTP id 1; now",
    "from {} ({cn}@a.example [192.0.2.66]) by mx.example.org (8.11.6/8.11.6) with ESMTP id 1; now",
    "from a.example ([192.0.2.66] helo={}) by mx.example.org with esmtp (Exim 4.96) (envelope-from <{to}>) id 1; now",
    "from [192.0.2.66] (helo={}) by mx.example.org with esmtp (Exim 4.96) (envelope-from <{to}>) id 1; now",
    "from [192.0.2.66] (port=25 helo={}) by mx.example.org with esmtp (Exim 4.96) id 1 for {to}; now",
    "from unknown (HELO {}) (192.0.2.66) by mx.example.org with SMTP; now",
    "from {} (192.0.2.66) by mx.example.org (10.0.0.5) with Microsoft SMTP Server id 15.2; now",
    "from [192.0.2.66] (HELO {}) by mx.example.org (CommuniGate Pro SMTP 6.2.14) with ESMTP id 1 for {to}; now",
    "from 192.0.2.66 (EHLO {}) ([192.0.2.66]) by mx.example.org (JAMES SMTP Server ) with ESMTP ID 1 for <{to}>; now",
];
/// What a client is made of that would like to come from 198.51.100.9.
const PIECES: [&str; 36] = [
    " ",
    " ",
    " ",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\\",
    "@",
    "=",
    ":",
    ";",
    ",",
    "x",
    "x.example",
    "198.51.100.9",
    "[198.51.100.9]",
    "([198.51.100.9])",
    "(198.51.100.9)",
    "(y [198.51.100.9])",
    "[IPv6:2001:db8::9]",
    "(helo=",
    "helo=",
    "(HELO ",
    "port=25",
    " by ",
    "by mx.example.org",
    " with ESMTP",
    "with esmtp (Exim 4.96)",
    "from ",
    "(Exim 4.96)",
    "(CommuniGate Pro ",
    "(Client CN \"",
    "id 1 (",
    "de/crypted with",
];

/// `COUNTERSIGN_MUTATIONS=1000000 cargo test --release --test it received::` tries a million.
#[test]
fn whatever_a_client_says_it_comes_from_nowhere_else() {
    let count: usize = std::env::var(COUNT).map_or(50_000, |text| text.parse().expect("a decimal number"));
    let mut chance = Chance::seeded("forged clients");
    let mut known = 0;
    for _ in 0..count {
        let program = *chance.one(&PROGRAMS);
        let mut words = |limit| (0..chance.below(limit)).map(|_| *chance.one(&PIECES)).collect::<String>();
        let (helo, certificate, recipient) = (words(9), words(4), words(4));
        let field = program.replace("{cn}", &certificate).replace("{to}", &recipient).replace("{}", &helo);
        if let Ok(client) = read(&field) {
            known += 1;
            assert_eq!(client.ip.to_string(), TRUE, "{field}");
        }
    }
    println!("{known} of {count} are read");
    assert!(count < 1_000 || (known > count / 50 && known < count), "{known} of {count} are read");
}
