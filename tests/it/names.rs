//! Whether two ways of writing an address mean one mailbox: `fixtures/names/`, two addresses a line. And what was hashed or
//! signed before Gmail's dots were folded: it is found as before, and written anew.

use std::cell::Cell;

use countersign::mail::address::{Address, NormalForm};
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::standing::{Effect, Entry, Origin};
use countersign::policy::token::{Day, HeldId, Parties, Purpose, Token};
use countersign::world::clock;

use super::cases::{check, yes_or_no};
use super::fixture;
use super::letter::Letter;
use super::world::World;

const FEWEST: usize = 60;
const DOTTED: &str = "b.o.b@gmail.com";

#[test]
fn every_pair_is_one_mailbox_or_two() {
    let (same, different) = (Cell::new(0), Cell::new(0));
    for path in fixture::files("names", "txt") {
        check(&fixture::name(&path), |question, case| {
            assert_eq!(question, "one mailbox");
            let pair: Vec<&str> = case.split(' ').collect();
            let &[one, other] = pair.as_slice() else { panic!("{case}: two addresses stand in a line") };
            assert_ne!(one, other, "it says nothing");
            let normal = |text: &str| Address::parse(text).unwrap_or_else(|why| panic!("{text}: {why}")).normal();
            let alike = normal(one) == normal(other);
            let count = if alike { &same } else { &different };
            count.set(count.get() + 1);
            yes_or_no(alike)
        });
    }
    let (same, different) = (same.get(), different.get());
    assert!(same + different >= FEWEST && same * 3 > different && different * 3 > same, "{same}, {different}");
}

#[test]
fn a_name_was_hashed_in_another_form_at_gmail_alone() {
    let forms = |text: &str| -> Vec<String> {
        Address::parse(text).unwrap().forms().map(|form| form.as_str().to_owned()).collect()
    };
    assert_eq!(forms("Bob.Smith@example.net"), ["bob.smith@example.net"]);
    assert_eq!(forms("bob@gmail.com"), ["bob@gmail.com"]);
    assert_eq!(forms("B.o.b+x.y@GoogleMail.com"), ["bob+x.y@gmail.com", "b.o.b+x.y@googlemail.com"]);
}

/// The form of an address as earlier versions hashed and signed it.
fn former(address: &str) -> NormalForm {
    let forms: Vec<NormalForm> = Address::parse(address).unwrap().forms().collect();
    assert_eq!(forms.len(), 2, "{address} has a former form");
    forms[1].clone()
}

fn enter_former(world: &World, kind: Kind, address: &str, effect: Effect) -> Fingerprint {
    let installation = world.installation();
    let (id, key) = installation.keys.list.current();
    let fingerprint = Fingerprint::of(key, kind, former(address).as_str().as_bytes());
    let entry = Entry { effect, pin: Proofs::NONE, origin: Origin::Manual, added: clock::now() };
    world.store().put_entry((id, fingerprint), kind, &entry, &[]).unwrap();
    fingerprint
}

#[test]
fn seen_an_entry_with_gmails_dots_is_found_and_written_anew() {
    let world = World::new();
    let before = enter_former(&world, Kind::Address, DOTTED, Effect::Allow);
    world.run(&["check", DOTTED], "").check("it is known", world.entry(DOTTED).is_none());
    world.deliver(Letter::from(DOTTED).bytes()).is(0, 1, 0, 0);
    assert_eq!(world.store().entry(&before).unwrap(), None, "it stands in its former form no more");
    assert!(world.entry(DOTTED).is_some());
    // Now the same person is known in any way to write it.
    world.deliver(Letter::from("bob@googlemail.com").bytes()).is(0, 2, 0, 0);
}

#[test]
fn a_denied_sender_with_gmails_dots_stays_denied_and_can_be_forgotten() {
    let world = World::new();
    let before = enter_former(&world, Kind::Address, DOTTED, Effect::Deny);
    world.deliver(Letter::from(DOTTED).bytes()).is(0, 0, 1, 0).held_for("denied-sender");
    let world = World::new();
    let outcome = world.run(&["forget", DOTTED], "");
    outcome.check("nothing is there to forget", outcome.code == Some(1));
    assert_eq!(enter_former(&world, Kind::Address, DOTTED, Effect::Deny), before);
    let outcome = world.run(&["forget", DOTTED], "");
    outcome.check("forgotten", outcome.code == Some(0) && world.store().entry(&before).unwrap().is_none());
}

#[test]
fn who_wants_no_challenge_with_gmails_dots_gets_none() {
    let world = World::new();
    world.deliver(Letter::from("d.a.n@gmail.com").bytes()).is(0, 0, 1, 1);
    let installation = world.installation();
    let (_, key) = installation.keys.list.current();
    let slot = Fingerprint::of(key, Kind::Challenged, former(DOTTED).as_str().as_bytes());
    world.store().opt_out(&slot, clock::now(), false).unwrap();
    world.deliver(Letter::from(DOTTED).bytes()).is(0, 0, 2, 1).held_for("opted-out");
}

/// A token for a message that is held no more, minted as an earlier version did.
fn token_of_old(world: &World, owner: &NormalForm, challenged: &NormalForm) -> String {
    let parties = Parties { owner, challenged };
    let day = Day::of(clock::now());
    Token::mint(&world.installation().keys.token, Purpose::Confirm, HeldId::from_random(7), day, parties)
}

#[test]
fn tokens_that_were_minted_with_gmails_dots_still_confirm() {
    let owner = "al.ice@gmail.com";
    let configuration = format!("[owner]\naddress = \"{owner}\"\ndelimiters = \"+\"\n");
    let plain = |text: &str| Address::parse(text).unwrap().normal();
    for (owners, bobs) in [
        (former(owner), former(DOTTED)),
        (former(owner), plain(DOTTED)),
        (plain(owner), former(DOTTED)),
        (plain(owner), plain(DOTTED)),
    ] {
        let world = World::with(&configuration);
        let token = token_of_old(&world, &owners, &bobs);
        let answer = Letter::bare_answer(DOTTED).field("To", owner).delivered_to(&format!("al.ice+c{token}@gmail.com"));
        let outcome = world.deliver(answer.bytes());
        outcome.check(&format!("{owners:?} and {bobs:?} are confirmed"), world.entry(DOTTED).is_some());
    }
    let world = World::with(&configuration);
    let token = token_of_old(&world, &former(owner), &plain("carol@gmail.com"));
    let answer = Letter::bare_answer(DOTTED).field("To", owner).delivered_to(&format!("al.ice+c{token}@gmail.com"));
    world.deliver(answer.bytes()).check("somebody else's token is none", world.entry(DOTTED).is_none());
}

#[test]
fn the_users_own_address_is_theirs_with_any_dots() {
    let world = World::with("[owner]\naddress = \"al.ice@gmail.com\"\ndelimiters = \"+\"\n");
    let feigned = Letter::from("alice@googlemail.com").field("To", "al.ice@gmail.com").unproven();
    world.deliver(feigned.bytes()).is(0, 0, 1, 0).held_for("own-address-unproven");
}
