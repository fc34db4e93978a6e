//! What a person answers who did not write the message they are asked about, in the languages of the challenge; and what
//! sounds like it and is none.
//!
//! A file of `fixtures/denials/` is a language; a line of it begins with `denies: ` or `confirms: `.

use countersign::signs::denial;

use super::fixture;
use super::letter::Letter;
use super::world::{Outcome, World, each};

const BOB: &str = "bob@example.net";

/// The languages that a challenge is written in.
const LANGUAGES: usize = 14;

#[test]
fn every_language_has_denials_and_what_is_none() {
    let files = fixture::files("denials", "txt");
    assert_eq!(files.len(), LANGUAGES);
    let mut wrong = Vec::new();
    for path in files {
        let (text, name) = (fixture::text(&path), fixture::name(&path));
        let of = |kind: &str| text.lines().filter_map(|line| line.strip_prefix(kind)).collect::<Vec<_>>();
        let (denials, others) = (of("denies: "), of("confirms: "));
        assert!(denials.len() >= 10 && others.len() >= denials.len(), "{name}: too few");
        assert_eq!(denials.len() + others.len(), text.lines().count(), "{name}: a line of neither kind");
        let read = |text: &str| denial::read(&[text.to_owned()]);
        let missed = denials.iter().filter(|text| read(text).is_none_or(|denial| !denial.alone));
        wrong.extend(missed.map(|text| format!("{name}: is a denial: {text}")));
        let taken = others.iter().filter(|text| read(text).is_some());
        wrong.extend(taken.map(|text| format!("{name}: is none: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A world with somebody's held message, and what comes of that answer.
fn answered(text: &str) -> (World, super::world::Sent, Outcome) {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let answer = Letter::answer(&challenge, BOB).body(&format!("{text}\n\n> cr-{}\n", challenge.token()));
    let outcome = world.deliver(answer.bytes());
    (world, challenge, outcome)
}

fn reasons(world: &World) -> Vec<&'static str> {
    world.store().all_held().unwrap().iter().map(|row| row.reason.name()).collect()
}

fn digest(world: &World) -> String {
    String::from_utf8_lossy(&world.run(&["digest", "--stdout"], "").stdout).into_owned()
}

#[test]
fn seen_nine_of_ten_such_sentences_released_the_mail_and_allowed_the_sender() {
    each(
        [
            "I did not write this message.",
            "I didn't send this email",
            "I never wrote to you.",
            "Ich habe diese Nachricht nicht geschrieben.",
            "Je n'ai pas envoyé ce message.",
            "Hello Alice,\n\nno, I did not send this.\n\nBest regards,\nBob",
        ],
        |text| {
            let (world, challenge, outcome) = answered(text);
            outcome.is(0, 0, 2, 1).held_for("not-me-answer");
            assert_eq!(world.entry(BOB), None, "{text}");
            assert!(reasons(&world).contains(&"disowned"), "{text}: {:?}", reasons(&world));
            let more = Letter::from(BOB).field("Message-ID", "<2@example.net>").field("Subject", "More");
            world.deliver(more.bytes()).is(0, 0, 3, 1).held_for("opted-out");
            // The token is unspent: who takes it back is known from then on, and so is all their mail.
            let yes = Letter::answer(&challenge, BOB)
                .field("Message-ID", "<yes@example.net>")
                .body(&format!("Oh, that one. Yes, it was me.\n> cr-{}\n", challenge.token()));
            let outcome = world.deliver(yes.bytes());
            outcome.check("released, but for the denial itself", outcome.after.inbox.len() == 3);
            assert!(world.entry(BOB).is_some(), "{text}");
            let tagged = Letter::from("bob+x@example.net").field("Message-ID", "<3@example.net>");
            let outcome = world.deliver(tagged.field("Subject", "Other").bytes());
            outcome.held_for("asked-recently");
        },
    );
}

#[test]
fn beside_other_words_it_is_a_letter_and_confirms_nothing() {
    let text = "I did not write this message. Who are you?";
    let (world, challenge, outcome) = answered(text);
    outcome.is(0, 1, 1, 1);
    let letter = String::from_utf8_lossy(&outcome.after.inbox[0]).into_owned();
    assert!(letter.contains("reason=denied-authorship"), "{letter}");
    assert_eq!((world.entry(BOB), reasons(&world)), (None, vec!["disowned"]));
    let said = digest(&world);
    assert!(said.contains("Somebody says that they did not write it (1)"), "{said}");
    let yes = Letter::answer(&challenge, BOB).field("Message-ID", "<yes@example.net>");
    world.deliver(yes.body(&format!("Yes, I did.\n> cr-{}\n", challenge.token())).bytes()).is(0, 3, 0, 1);
}

#[test]
fn what_was_listed_before_is_listed_again_on_top() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let stranger = Letter::from("eve@example.com").proven("dmarc=fail header.from=example.com");
    world.deliver(stranger.bytes()).held_for("dmarc-fail");
    world.run(&["digest"], "");
    world.deliver(Letter::from("dan@example.com").unproven().bytes());
    let answer = Letter::answer(&challenge, BOB).body("I did not write this message.\n");
    world.deliver(answer.bytes());
    let said = digest(&world);
    let (denial, other) = (said.find("Somebody says that they did not"), said.find("Not asked: "));
    assert!(denial.is_some() && denial < other, "{said}");
    assert!(said.contains("Somebody says that they did not write it (2)"), "{said}");
}

#[test]
fn the_word_itself_is_for_good() {
    let (world, challenge, outcome) = answered("NOTME");
    outcome.is(0, 0, 2, 1).held_for("not-me-answer");
    assert!(reasons(&world).contains(&"not-them"));
    // Said once more in ordinary words it stays so.
    for (number, text) in ["I did not write this message.", "Yes, it was me."].into_iter().enumerate() {
        let answer = Letter::answer(&challenge, BOB).field("Message-ID", &format!("<{number}@example.net>"));
        let outcome = world.deliver(answer.body(&format!("{text}\n> cr-{}\n", challenge.token())).bytes());
        outcome.check("nothing is released", outcome.after.inbox.is_empty());
    }
    assert!(world.entry(BOB).is_none() && !reasons(&world).contains(&"disowned"));
}

#[test]
fn everything_else_a_person_answers_confirms() {
    each(
        [
            "I did write this message",
            "I did not write this before, but I do now",
            "Did I not send this?",
            "I never wrote to you before, this is my first mail",
            "Sorry I did not send the attachment",
            "yes it was me",
            "",
            "> I did not write this message.\n",
        ],
        |text| {
            let (world, _, outcome) = answered(text);
            outcome.check("what was held is released", !outcome.after.inbox.is_empty());
            assert!(world.entry(BOB).is_some(), "{text}");
        },
    );
}
