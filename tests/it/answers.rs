//! What people and machines answer to a challenge other than "yes": not me, the wrong word, nobody there; and when
//! nobody is asked a second time.

use countersign::policy::token::Purpose;
use countersign::world::store::{Asked, State};

use super::letter::{Letter, OWNER};
use super::world::{Outcome, Sent, World, each};

const BOB: &str = "bob@example.net";

/// The address by which "this was not me" is said, from the text of the challenge.
fn not_me_address(challenge: &Sent) -> String {
    let text = body(challenge);
    let found = text.lines().map(str::trim).find(|line| line.starts_with("alice+n"));
    found.unwrap_or_else(|| panic!("no address in {text}")).to_owned()
}

fn body(challenge: &Sent) -> String {
    mailparse::parse_mail(challenge.message.as_bytes()).unwrap().get_body().unwrap().replace("\r\n", "\n")
}

/// Another letter of the same person.
fn second(from: &str) -> Letter {
    Letter::from(from).field("Message-ID", &format!("<second.{from}>")).field("Subject", "A second letter")
}

/// Nothing was released, nobody is allowed.
#[track_caller]
fn gave_nothing(world: &World, outcome: &Outcome) {
    outcome.check("it ends with 0 and passes nothing", outcome.code == Some(0) && outcome.after.inbox.is_empty());
    assert_eq!(world.entry(BOB), None, "nobody is allowed");
}

#[test]
fn not_me_by_its_address_is_never_asked_again() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let to = not_me_address(&challenge);
    let answer = Letter::answer(&challenge, BOB).delivered_to(&to).field("To", &to).body("I did not write that.\n");
    let outcome = world.deliver(answer.bytes());
    gave_nothing(&world, &outcome);
    outcome.held_for("not-me-answer");
    // Years later the same address is held in silence; so is a sub-address of it.
    for from in [BOB, "bob+shop@example.net"] {
        let outcome = world.deliver(second(from).bytes());
        gave_nothing(&world, &outcome);
        outcome.held_for("opted-out").check("nobody was asked", outcome.after.sent.len() == 1);
    }
    let digest = world.run(&["digest", "--stdout"], "");
    let text = String::from_utf8_lossy(&digest.stdout).into_owned();
    digest.check("the digest says it", text.contains("\nSomebody says that they did not write it (2)\n"));
    // Until it is forgotten.
    let forgotten = world.run(&["forget", BOB], "");
    forgotten.check("forget lifts it", forgotten.code == Some(0));
    assert_eq!(world.run(&["forget", BOB], "").code, Some(1), "only once");
}

#[test]
fn what_stands_round_a_persons_answer_does_not_stop_it() {
    let logo = "<p>ok</p><a href=\"https://x.example/\"><img src=\"https://x.example/logo.png\"></a>\n";
    let marked = |letter: Letter, subject: String| letter.field("Subject", &format!("[SPAM] {subject}"));
    let cases: [fn(Letter, String, &str) -> Letter; 2] = [
        |letter, subject, _| letter.field("Subject", &format!("***SPAM*** Re: {subject}")),
        |letter, _, logo| letter.field("Content-Type", "text/html; charset=utf-8").body(logo),
    ];
    for (number, case) in cases.iter().enumerate() {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let subject = challenge.field("Subject").unwrap();
        let outcome = world.deliver(case(Letter::answer(&challenge, BOB), subject, logo).bytes());
        outcome.check("what was held is released", !outcome.after.inbox.is_empty());
        assert!(world.entry(BOB).is_some(), "case {number} confirms");
    }
    // A machine's own words still do.
    let world = World::new();
    let challenge = world.challenge(BOB);
    let answer = marked(Letter::answer(&challenge, BOB), challenge.field("Subject").unwrap());
    let outcome = world.deliver(answer.field("Auto-Submitted", "auto-replied").bytes());
    gave_nothing(&world, &outcome);
}

#[test]
fn not_me_by_its_word_needs_no_address() {
    for text in ["NOTME\n", "notme.\n\n> quoted\n", "Nicht ich!\n\nViele Grüße\n"] {
        let world = World::with("[owner]\naddress = \"alice@example.org\"\n");
        let challenge = world.challenge(BOB);
        assert!(body(&challenge).contains("NOTME"), "the challenge says how");
        let outcome = world.deliver(Letter::answer(&challenge, BOB).body(text).bytes());
        gave_nothing(&world, &outcome);
        outcome.held_for("not-me-answer");
        let outcome = world.deliver(second(BOB).bytes());
        outcome.held_for("opted-out").check("nobody was asked", outcome.after.sent.len() == 1);
    }
}

#[test]
fn a_quoted_not_me_is_the_challenges_own_word() {
    let world = World::with("[owner]\naddress = \"alice@example.org\"\n");
    let challenge = world.challenge(BOB);
    let outcome = world.deliver(Letter::answer(&challenge, BOB).bytes());
    outcome.check("a plain reply confirms", outcome.after.inbox.len() == 1);
    let world = World::with("[owner]\naddress = \"alice@example.org\"\n");
    let challenge = world.challenge(BOB);
    let late = "Hello Alice,\nit was me.\n\nNOTME\n";
    let outcome = world.deliver(Letter::answer(&challenge, BOB).body(late).bytes());
    outcome.check("only the first line counts", outcome.after.inbox.len() == 2);
}

#[test]
fn what_may_not_confirm_may_not_opt_out() {
    let from_robot = |answer: Letter| answer.also("Auto-Submitted", "auto-replied");
    let from_nobody = |answer: Letter| answer.envelope("<>");
    let from_list = |answer: Letter| answer.also("List-Id", "<friends.example.net>");
    for change in [from_robot, from_nobody, from_list] {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let to = not_me_address(&challenge);
        let answer = Letter::answer(&challenge, BOB).delivered_to(&to).field("To", &to).body("NOTME\n");
        let outcome = world.deliver(change(answer).bytes());
        gave_nothing(&world, &outcome);
        assert!(world.store().all_held().unwrap().iter().all(|row| row.reason.name() != "not-them"));
    }
    // Nor may anybody with a token of another purpose, or one that was made up.
    for token in ["confirm", "forged"] {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let text = if token == "confirm" { challenge.token() } else { "0".repeat(32) };
        let to = format!("alice+n{text}@example.org");
        let answer = Letter::bare_answer(BOB).delivered_to(&to).field("To", &to).body("x\n");
        let outcome = world.deliver(answer.bytes());
        gave_nothing(&world, &outcome);
        assert!(world.store().all_held().unwrap().iter().all(|row| row.reason.name() != "not-them"), "{token}");
    }
}

#[test]
fn not_me_outweighs_the_confirmation_beside_it_and_spends_it() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let to = not_me_address(&challenge);
    // The address of the answer, and the quoted text with the token that confirms.
    let outcome = world.deliver(Letter::answer(&challenge, BOB).delivered_to(&to).field("To", &to).bytes());
    gave_nothing(&world, &outcome);
    let late = Letter::answer(&challenge, BOB).field("Message-ID", "<late@example.net>");
    let outcome = world.deliver(late.bytes());
    gave_nothing(&world, &outcome);
}

#[test]
fn nobody_who_opted_out_is_asked_by_hand() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let to = not_me_address(&challenge);
    world.deliver(Letter::bare_answer(BOB).delivered_to(&to).field("To", &to).body("x\n").bytes());
    world.deliver(second(BOB).bytes());
    for row in world.store().all_held().unwrap() {
        let outcome = world.run(&["challenge", &row.id.to_string()], "");
        outcome.check("refused", outcome.code == Some(1) && outcome.after.sent.len() == 1);
    }
}

/// Words that stand in notices of machines, and in what people answer.
const WORDS_OF_MACHINES: [&str; 10] = [
    "Why was my message not delivered? I got: delivery has failed, user unknown.",
    "I'm away until Wednesday and will answer when I'm back.",
    "This is an automated message, said the machine. I am none.",
    "Please do not reply to this message.",
    "Your message has reached our customer care team. We usually answer within two days.",
    "Thank you for your order. Your invoice is attached.",
    "I read it. Your message was read on Monday.",
    "Congratulations, you have won a million dollars, contact my lawyer.",
    "To unsubscribe from this list, write to the owner of the list.",
    "Your message is being held. To confirm, please reply to this message.",
];

#[test]
fn no_word_takes_the_confirmation_away() {
    each(WORDS_OF_MACHINES, |words| {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let quoted: String = challenge.body().lines().map(|line| format!("> {line}\n")).collect();
        let answer = Letter::answer(&challenge, BOB).body(&format!("{words}\n\n{quoted}"));
        world.deliver(answer.bytes()).is(0, 2, 0, 1);
        assert!(world.entry(BOB).is_some(), "{words}");
    });
}

#[test]
fn no_subject_but_a_programs_mark_takes_the_confirmation_away() {
    let people = [
        "OURS",
        "Fwd: OURS",
        "RE : OURS",
        "[Ticket#4711] Re: OURS",
        "***SPAM*** OURS",
        "Auto: my new car",
        "Cron job",
        "Out of paper",
        "",
    ];
    each(people, |subject| {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let subject = subject.replace("OURS", &challenge.field("Subject").unwrap());
        let answer = Letter::answer(&challenge, BOB).field("Subject", &subject).body("Yes, I wrote this.\n");
        world.deliver(answer.bytes()).is(0, 2, 0, 1);
        assert!(world.entry(BOB).is_some(), "{subject}");
    });
    let programs = [
        "Automatic reply: OURS",
        "Automatische Antwort: OURS",
        "R\u{e9}ponse automatique : OURS",
        "Out of office: OURS",
        "Out of Office Re: OURS",
        "Auto: OURS",
        "Autosvar: OURS",
        "Read: OURS",
        "Gelesen: OURS",
        "[EXTERNAL] Automatic reply: OURS",
        "[Auto-Reply] OURS",
        "***Automatic reply*** OURS",
        "Re: Automatic reply: OURS",
        "Lu\u{a0}: OURS",
        // No person puts that in front of a Subject, and a mail system that sends its bounce from an address of its own
        // and without a report is known by nothing else.
        "Undeliverable: OURS",
    ];
    each(programs, |subject| {
        let world = World::new();
        let challenge = world.challenge(BOB);
        let subject = subject.replace("OURS", &challenge.field("Subject").unwrap());
        let answer = Letter::answer(&challenge, BOB).field("Subject", &subject).body("NOTME\n");
        let outcome = world.deliver(answer.bytes());
        gave_nothing(&world, &outcome);
        assert!(world.store().all_held().unwrap().iter().all(|row| row.reason.name() != "not-them"), "{subject}");
        outcome.check("nobody is asked again", outcome.after.sent.len() == 1);
    });
}

#[test]
fn the_users_own_text_is_known_by_its_subject() {
    let world = World::new();
    let text = world.config_file().with_file_name("challenge.en.txt");
    std::fs::write(&text, "Subject: Auto: Alice asks you\n\n{owner}\n[notme-word] {notme}\n{sender}\n").unwrap();
    let challenge = world.challenge(BOB);
    let subject = challenge.field("Subject").unwrap();
    assert!(subject.starts_with("Auto: Alice asks you [cr-"), "{subject}");
    let answer = |number: usize, subject: &str| {
        let id = format!("<{number}@example.net>");
        Letter::answer(&challenge, BOB).field("Subject", subject).field("Message-ID", &id)
    };
    let outcome = world.deliver(answer(1, &format!("Automatic reply: {subject}")).bytes());
    gave_nothing(&world, &outcome);
    // The text was changed since, and its Subject with it; the answer is an answer, and in doubt it is not empty.
    std::fs::write(&text, "Subject: Is it you\n\n{owner}\n[notme-word] {notme}\n{sender}\n").unwrap();
    let outcome = world.deliver(answer(2, &format!("Automatic reply: {subject}")).bytes());
    gave_nothing(&world, &outcome);
    let outcome = world.deliver(answer(3, &subject).bytes());
    outcome.check("it confirms", world.entry(BOB).is_some() && outcome.after.inbox.len() == 4);
}

/// An answer that says something without a word of its own in the text.
fn says_something(challenge: &Sent) -> Vec<(&'static str, Letter)> {
    let part = |kind: &str, rest: &str| {
        let answer = Letter::answer(challenge, BOB).also("Content-Type", "multipart/mixed; boundary=b");
        answer.body(&format!("--b\nContent-Type: text/plain\n\n> quoted\n--b\nContent-Type: {kind}\n{rest}\n--b--\n"))
    };
    let whole = |kind: &str| Letter::answer(challenge, BOB).also("Content-Type", kind).body("eA==\n");
    let titled = |subject: &str| Letter::answer(challenge, BOB).field("Subject", subject);
    let ours = challenge.field("Subject").unwrap();
    vec![
        ("a document", part("application/pdf; name=a.pdf", "\nJVBERi0xLjQK")),
        ("a picture", part("image/png", "Content-Disposition: inline\n\nx")),
        ("what Outlook packs", part("application/ms-tnef; name=winmail.dat", "\neJ8+IgAA")),
        ("a message", part("message/rfc822", "\nSubject: x\n\nx")),
        ("an invitation", part("text/calendar; method=REQUEST", "\nBEGIN:VCALENDAR")),
        ("encrypted by S/MIME", whole("application/pkcs7-mime; smime-type=enveloped-data")),
        ("signed by S/MIME", whole("application/pkcs7-mime; smime-type=signed-data")),
        ("encrypted by PGP", part("application/pgp-encrypted", "\nVersion: 1")),
        ("nothing but a picture", whole("image/jpeg")),
        ("another Subject", titled("Yes, it was me")),
        ("a Subject in reply to another", titled("Re: Tea at five")),
        ("words behind our Subject", titled(&format!("Re: {ours} yes"))),
        ("words in front of our Subject", titled(&format!("it was me, see {ours}"))),
    ]
}

#[test]
fn only_what_is_empty_in_every_way_is_put_aside() {
    let count = says_something(&World::new().challenge(BOB)).len();
    each(0..count, |at| {
        let world = World::new();
        let (name, answer) = says_something(&world.challenge(BOB)).swap_remove(at);
        let outcome = world.deliver(answer.bytes());
        outcome.check(name, world.entry(BOB).is_some()).is(0, 2, 0, 1);
    });
}

#[test]
fn of_whom_the_token_alone_allowed_empty_answers_are_put_aside_and_listed() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    let answer =
        |number: usize| Letter::answer(&challenge, BOB).field("Message-ID", &format!("<{number}@example.net>"));
    // The first, the same once more, and another one.
    for (number, held) in [(1, 1), (1, 1), (2, 2), (3, 3)] {
        world.deliver(answer(number).bytes()).is(0, 1, held, 1).held_for("answer");
    }
    // Whatever says something passes, with the token in it or not, if it is proven.
    world.deliver(answer(4).body("And when is tea?\n").bytes()).is(0, 2, 3, 1);
    world.deliver(answer(5).body("And when is tea?\n").unsigned().bytes()).is(0, 2, 4, 1).held_for("pin-missing");
    world.deliver(answer(6).field("Subject", "Tea").bytes()).is(0, 3, 4, 1);
    // Nobody has looked for its proof.
    world.deliver(answer(7).body("And where?\n").unproven().bytes()).is(0, 4, 4, 1);
    let digest = world.run(&["digest", "--stdout"], "");
    let text = String::from_utf8_lossy(&digest.stdout).into_owned();
    let line = "\nEmpty answers (3): countersign held --reason answer\n";
    digest.check("one line for all of them", text.contains(line));
    let held = world.run(&["held", "--reason", "answer"], "");
    let count = String::from_utf8_lossy(&held.stdout).matches("answer").count();
    held.check("they are found as it says", held.code == Some(0) && count >= 3);
}

#[test]
fn mail_of_somebody_known_before_passes_with_a_token_in_it() {
    let world = World::new();
    let challenge = world.challenge(BOB);
    world.allow(BOB);
    for number in 1..4 {
        let answer = Letter::answer(&challenge, BOB).field("Message-ID", &format!("<{number}@example.net>"));
        let outcome = world.deliver(answer.bytes());
        // The first one releases the letter, too.
        outcome.is(0, number + 1, 0, 1);
    }
    // Whom the user allowed by name since then is known by more than the token.
    let world = World::new();
    let challenge = world.challenge(BOB);
    world.deliver(Letter::answer(&challenge, BOB).bytes()).is(0, 1, 1, 1);
    world.run(&["allow", BOB], "");
    let again = Letter::answer(&challenge, BOB).field("Message-ID", "<again@example.net>");
    world.deliver(again.bytes()).is(0, 2, 1, 1);
}

const WORD: &str = "[challenge]\nsendmail = \"SENDMAIL\"\nanswer = \"word\"\nlanguages = [\"en\", \"de\"]\n";

/// The word that the challenge asks for.
fn asked_word(challenge: &Sent) -> String {
    let text = body(challenge);
    let line = text.lines().find_map(|line| line.split_once("this word: "));
    line.unwrap_or_else(|| panic!("no word in {text}")).1.trim().to_owned()
}

#[test]
fn an_answer_without_the_word_confirms_nothing_and_is_told_once() {
    let world = World::with(WORD);
    let challenge = world.challenge(BOB);
    let outcome = world.deliver(Letter::answer(&challenge, BOB).bytes());
    gave_nothing(&world, &outcome);
    outcome.held_for("wrong-word").check("one short mail", outcome.after.sent.len() == 2);
    let short = outcome.after.sent[1].clone();
    assert_eq!(short.field("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert!(body(&short).contains(&asked_word(&challenge)) && short.message.len() < 2_500, "{}", short.message);
    assert_ne!(short.field("Message-ID"), challenge.field("Message-ID"));
    let wrong = Letter::answer(&short, BOB).field("Message-ID", "<wrong@example.net>").body("is it a rabbit?\n");
    let outcome = world.deliver(wrong.bytes());
    gave_nothing(&world, &outcome);
    outcome.check("and no further one", outcome.after.sent.len() == 2);
    let right = format!("sorry, it is {}.\n", asked_word(&challenge).to_uppercase());
    let answer = Letter::answer(&short, BOB).field("Message-ID", "<right@example.net>").body(&right);
    let outcome = world.deliver(answer.bytes());
    outcome.check("then the word counts", outcome.after.inbox.len() >= 2 && world.entry(BOB).is_some());
}

#[test]
fn the_short_mail_passes_the_same_gate() {
    for change in [
        |answer: Letter| answer.unproven(),
        |answer: Letter| answer.envelope("eve@evil.example"),
        |answer: Letter| answer.also("Auto-Submitted", "auto-replied"),
        |answer: Letter| answer.also("Precedence", "bulk"),
    ] {
        let world = World::with(WORD);
        let challenge = world.challenge(BOB);
        let outcome = world.deliver(change(Letter::answer(&challenge, BOB)).bytes());
        gave_nothing(&world, &outcome);
        outcome.check("nobody is told", outcome.after.sent.len() == 1);
    }
}

#[test]
fn the_word_counts_in_the_text_and_in_the_subject() {
    for place in ["text", "subject", "german"] {
        let world = World::with(WORD);
        let challenge = world.challenge(BOB);
        let word = asked_word(&challenge);
        let answer = Letter::answer(&challenge, BOB);
        let text = body(&challenge);
        let german = text.lines().find_map(|line| line.split_once("mit dem Wort: ")).map(|(_, word)| word.to_owned());
        let answer = match place {
            "text" => answer.body(&format!("\"{word}\"!\n")),
            "german" => answer.body(&format!("{}\n", german.unwrap())),
            _ => answer.field("Subject", &format!("Re: {} {word}", challenge.field("Subject").unwrap())),
        };
        let outcome = world.deliver(answer.bytes());
        outcome.check(place, outcome.code == Some(0) && world.entry(BOB).is_some());
    }
}

const TAGGED: &str = "[challenge]\nsendmail = \"SENDMAIL\"\nenvelope = \"tagged\"\n";

/// A report about a challenge, as a mail system sends it to the envelope sender.
fn report(to: &str, action: &str, quoted: &str) -> Letter {
    let text = format!(
        "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; {BOB}\nAction: {action}\nStatus: 5.1.1\n\n\
         --b\nContent-Type: message/rfc822\n\n{quoted}\n--b--\n"
    );
    Letter::from("MAILER-DAEMON@mx.example.net")
        .envelope("<>")
        .delivered_to(to)
        .field("To", to)
        .field("Subject", "Undelivered Mail Returned to Sender")
        .also("Auto-Submitted", "auto-replied")
        .also("Content-Type", "multipart/report; report-type=delivery-status; boundary=b")
        .body(&text)
}

#[test]
fn a_bounce_to_the_tagged_sender_marks_the_message_and_nothing_else() {
    let world = World::with(TAGGED);
    let challenge = world.challenge(BOB);
    let id = world.store().all_held().unwrap()[0].id;
    let row = || world.store().held(id).unwrap().unwrap();
    let from = challenge.argv.iter().find(|word| word.contains("+b")).expect("a tagged envelope sender").clone();
    assert_eq!(challenge.argv[1..3], ["-f".to_owned(), from.clone()], "{:?}", challenge.argv);
    for harmless in ["delayed", "delivered"] {
        world.deliver(report(&from, harmless, &challenge.message).bytes());
        assert_eq!(row().asked, Asked::SlotTaken, "{harmless}");
    }
    // A vacation reply goes to the envelope sender, from the null sender too.
    let vacation = Letter::from(BOB).envelope("<>").delivered_to(&from).field("To", &from);
    world.deliver(vacation.also("Auto-Submitted", "auto-replied").field("Message-ID", "<v@x>").bytes());
    let person = Letter::from(BOB).delivered_to(&from).field("To", &from).field("Message-ID", "<p@x>");
    world.deliver(person.bytes());
    assert_eq!(row().asked, Asked::SlotTaken, "nobody said that it failed");
    let outcome = world.deliver(report(&from, "failed", &challenge.message).bytes());
    gave_nothing(&world, &outcome);
    outcome.held_for("challenge-bounce");
    assert_eq!((row().asked, row().state), (Asked::Undeliverable, State::Held), "marked, and still there");
    let digest = world.run(&["digest", "--stdout"], "");
    digest.check(
        "the digest says it",
        String::from_utf8_lossy(&digest.stdout).contains("\nAsked, but the challenge came back: "),
    );
}

#[test]
fn a_forged_bounce_marks_nothing() {
    let world = World::with(TAGGED);
    let challenge = world.challenge(BOB);
    let row = world.store().all_held().unwrap()[0];
    let number = u64::try_from(row.id.number()).unwrap();
    for token in ["0".repeat(32), challenge.token(), world.token(Purpose::NotMe, number, 0, BOB)] {
        let outcome = world.deliver(report(&format!("alice+b{token}@example.org"), "failed", "x").bytes());
        gave_nothing(&world, &outcome);
        assert_eq!(world.store().held(row.id).unwrap().map(|row| row.asked), Some(Asked::SlotTaken));
    }
}

#[test]
fn too_many_bounces_stop_the_challenges() {
    let world = World::with(&format!("{TAGGED}breaker_alike = 0\n"));
    for number in 0..16 {
        let challenge = world.challenge(&format!("person{number}@domain{number}.example"));
        let from = challenge.argv[2].clone();
        let id = format!("<bounce{number}@mx.example.net>");
        world.deliver(report(&from, "failed", &challenge.message).field("Message-ID", &id).bytes());
    }
    let outcome = world.deliver(Letter::from(BOB).bytes());
    outcome.held_for("undeliverable-surge").check("nobody is asked", outcome.after.sent.len() == 16);
    let digest = world.run(&["digest", "--stdout"], "");
    let text = String::from_utf8_lossy(&digest.stdout).into_owned();
    digest.check("it stands on top", text.starts_with("!! 1 challenge was not sent because too many"));
}

const LONG: &str = "Please find attached the invoice for your order, and pay it to the account below.\n";

#[test]
fn similar_mail_of_many_senders_is_not_answered() {
    let world = World::with("[challenge]\nsendmail = \"SENDMAIL\"\nalike_note = true\n");
    let letter = |number: usize| {
        let from = format!("person{number}@domain{number}.example");
        Letter::from(&from).field("Subject", &format!("Invoice {number}")).body(LONG)
    };
    for number in 0..4 {
        let outcome = world.deliver(letter(number).bytes());
        outcome.check("still asked", outcome.after.sent.len() == number + 1);
        let says = format!("Similar messages from other addresses: {number}.");
        assert_eq!(body(&outcome.after.sent[number]).contains(&says), number > 0, "S004-46");
    }
    let outcome = world.deliver(letter(4).bytes());
    outcome.held_for("alike-surge").check("the fifth is not asked", outcome.after.sent.len() == 4);
    let outcome = world.deliver(Letter::from(BOB).bytes());
    outcome.check("another text is", outcome.after.sent.len() == 5);
    let digest = world.run(&["digest", "--stdout"], "");
    let text = String::from_utf8_lossy(&digest.stdout).into_owned();
    digest.check("it stands on top", text.starts_with("!! 1 challenge was not sent because similar messages"));
}

#[test]
fn of_many_processes_with_the_same_text_four_ask() {
    let world = World::new();
    let children: Vec<_> = (0..12)
        .map(|number| {
            let from = format!("person{number}@domain{number}.example");
            world.start(&["deliver"], &Letter::from(&from).body(LONG).bytes())
        })
        .collect();
    for child in children {
        assert_eq!(world.wait("deliver", child).code, Some(0));
    }
    assert!(world.sent().len() <= 4, "{} were asked", world.sent().len());
    assert_eq!(world.state().held.len(), 12);
}

#[test]
fn a_message_to_several_addresses_is_asked_about_once() {
    let world = World::new();
    let letter = Letter::from(BOB).field("To", &format!("{OWNER}, a.liddell@example.com"));
    for to in [OWNER, "a.liddell@example.com", "alice+shop@example.org"] {
        let outcome = world.deliver(letter.clone().delivered_to(to).bytes());
        outcome.check("one challenge", outcome.code == Some(0) && outcome.after.sent.len() == 1);
    }
    // The mail system may have written something into each copy.
    let changed = letter.also("X-Copy", "2").field("From", "bob+b@example.net").envelope("bob+b@example.net");
    let outcome = world.deliver(changed.bytes());
    outcome.check("one challenge", outcome.after.sent.len() == 1);
}

#[test]
fn the_later_challenge_says_so_and_lists_what_is_held() {
    let world = World::new();
    world.challenge(BOB);
    for number in 0..12 {
        let letter = Letter::from(BOB).field("Message-ID", &format!("<{number}@x>"));
        let outcome = world.deliver(letter.field("Subject", &format!("Letter {number} http://evil.test/")).bytes());
        outcome.check("one challenge in the period", outcome.after.sent.len() == 1);
    }
    // Eight days go by.
    let store = world.database();
    store.execute("UPDATE challenge SET at = at - 8 * 86400", []).unwrap();
    let explained = world.run(&["explain", "-v"], second(BOB).bytes());
    let outcome = world.deliver(second(BOB).bytes());
    outcome.check("a second challenge", outcome.after.sent.len() == 2);
    // The dry run shows the same list.
    let listed = |text: &str| text.lines().map(str::trim).filter(|line| line.starts_with("- ")).count();
    let shown = String::from_utf8(explained.stdout.clone()).unwrap();
    assert!(shown.contains("    - A second letter"), "{shown}");
    assert_eq!(listed(&shown), listed(&body(&outcome.after.sent[1])), "{shown}");
    let text = body(&outcome.after.sent[1]);
    assert!(!body(&outcome.after.sent[0]).contains("asked before"));
    assert!(text.contains("You were asked before") && text.contains("    - A second letter"), "{text}");
    assert_eq!(text.matches("    - ").count(), 10, "{text}");
    assert!(text.contains("\n    ...\n"), "it says that there are more: {text}");
    assert!(!text.contains("evil.test") && !text.contains("http://"), "{text}");
}

#[test]
fn the_language_is_the_letters_own() {
    let world = World::new();
    let german = "Guten Tag, wir haben uns in Berlin getroffen, und ich habe eine Frage zu dem Buch.\n";
    let outcome = world.deliver(Letter::from(BOB).body(german).bytes());
    let text = body(&outcome.after.sent[0]);
    assert!(text.starts_with("Guten Tag") && text.contains("* * *\n\nHello,"), "{text}");
    let text = body(&world.challenge("carol@example.com"));
    assert!(text.starts_with("Hello") && !text.contains("* * *"), "{text}");
}

#[test]
fn seen_sub_addresses_with_another_delimiter_counted_as_different_people() {
    let asked = |delimiters: &str| {
        let world = World::with(&format!("[owner]\naddress = \"alice@example.org\"\ndelimiters = \"{delimiters}\"\n"));
        for from in
            ["bob-1@example.net", "bob-2@example.net", "bob-3@example.net", "bob@example.net", "bob+x@example.net"]
        {
            world.deliver(second(from).bytes());
        }
        world.sent().len()
    };
    assert_eq!(asked("-"), 1);
    // Where the user's mail system does not split there, other people's names may hold it.
    assert_eq!(asked("+"), 4);
    assert_eq!(asked(""), 4);
}
