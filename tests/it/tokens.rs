//! Tokens by their defects: one file of `fixtures/tokens/` each, made by another program than this one.
//!
//! The lines of a file: `token`, and where they differ from the design's vector `purpose`, `owner`, `challenged`, `day`
//! (today), `key` and `older` (number and bytes of the keys at hand), `held` (whether the message still is), `flip all`
//! (every other character in every place); then `expect`.

use countersign::mail::address::Address;
use countersign::mail::content::TokenText;
use countersign::policy::key::{KeyId, KeyRing, SecretKey};
use countersign::policy::token::{Day, Parties, Purpose, Token, TokenRefusal};

use super::fixture;

const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
const KEY: &str = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// 2020-01-01 in days since 1970.
const FIRST_DAY: i64 = 18_262;

#[test]
fn every_token_is_what_its_file_says() {
    let (mut good, mut bad) = (0, 0);
    for path in fixture::files("tokens", "txt") {
        let name = fixture::name(&path);
        let text = fixture::text(&path);
        let value = |word: &str| text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        let (token, wanted) = (value("token").unwrap(), value("expect").unwrap());
        assert_eq!(wanted == "good", name.starts_with("tokens/good"), "{name}: named by what it is");
        if value("flip").is_some() {
            for changed in flipped(token) {
                let said = verify(&changed, value);
                assert!(["forged", "unknown-key"].contains(&said), "{name}: {changed} is {said}");
            }
        } else {
            assert_eq!(verify(token, value), wanted, "{name}");
        }
        if wanted == "good" { good += 1 } else { bad += 1 }
    }
    assert!(good > 5 && bad > 2 * good, "{good} good, {bad} bad: what is refused is what matters");
}

fn verify<'a>(token: &str, value: impl Fn(&str) -> Option<&'a str>) -> &'static str {
    let Some(text) = TokenText::parse(token) else { return "no-token" };
    let purpose = match value("purpose").unwrap_or("confirm") {
        "confirm" => Purpose::Confirm,
        "notme" => Purpose::NotMe,
        "own" => Purpose::Own,
        word => panic!("what purpose is {word}?"),
    };
    let normal = |word: &str, usual: &str| Address::parse(value(word).unwrap_or(usual)).unwrap().normal();
    let (owner, challenged) = (normal("owner", "alice@example.org"), normal("challenged", "bob@example.net"));
    let day: i64 = value("day").map_or(2_516, |day| day.parse().unwrap());
    let ring = KeyRing::new(key(value("key").unwrap_or(KEY)), value("older").map(key).into_iter().collect());
    let parties = Parties { owner: &owner, challenged: &challenged };
    let today = Day::of((FIRST_DAY + day) * 86_400);
    match Token::read(&text).verify(&ring, purpose, parties, today, value("held") == Some("yes")) {
        Ok(()) => "good",
        Err(TokenRefusal::Expired) => "expired",
        Err(TokenRefusal::Forged) => "forged",
        Err(TokenRefusal::FromTheFuture) => "from-the-future",
        Err(TokenRefusal::UnknownKey) => "unknown-key",
    }
}

fn key(text: &str) -> (KeyId, SecretKey) {
    let (number, hex) = text.split_once(' ').unwrap();
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    (KeyId::new(number.parse().unwrap()).unwrap(), SecretKey::new(bytes.try_into().unwrap()))
}

fn flipped(token: &str) -> impl Iterator<Item = String> {
    (0..token.len()).flat_map(move |at| {
        let others = ALPHABET.chars().filter(move |c| !token[at..].starts_with(*c));
        others.map(move |c| format!("{}{c}{}", &token[..at], &token[at + 1..]))
    })
}
