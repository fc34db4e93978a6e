//! What `show` says of a held message: who wrote to whom, what it carries, and the text.

use super::letter::Letter;
use super::world::{Outcome, World};

const BOB: &str = "bob@example.net";

/// What `show` prints of the one message that is held.
fn shown(world: &World, letter: Letter) -> String {
    world.deliver(letter.bytes()).is(0, 0, 1, 0);
    text(&world.run(&["show", first_digit(world).as_str()], ""))
}

fn first_digit(world: &World) -> String {
    text(&world.run(&["held"], "")).chars().take(1).collect()
}

#[track_caller]
fn text(outcome: &Outcome) -> String {
    outcome.check("it is shown", outcome.code == Some(0));
    String::from_utf8(outcome.stdout.clone()).unwrap()
}

/// A letter of many parts from somebody who is not asked.
fn with(parts: &[&str]) -> Letter {
    let parts: String = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
    Letter::from(BOB)
        .unproven()
        .field("MIME-Version", "1.0")
        .field("Content-Type", "multipart/mixed; boundary=b")
        .body(&format!("{parts}--b--\n"))
}

fn lines<'a>(shown: &'a str, name: &str) -> Vec<&'a str> {
    shown.lines().filter_map(|line| line.strip_prefix(name)).collect()
}

#[test]
fn what_a_message_carries_is_listed_with_name_type_and_size() {
    let forwarded = "Content-Type: message/rfc822\n\nFrom: c@example.org\nSubject: An older letter\nMIME-Version: 1.0\n\
                     Content-Type: image/gif; name=old.gif\nContent-Transfer-Encoding: base64\n\nR0lGODlh";
    let shown = shown(
        &World::new(),
        with(&[
            "\nSee what I found.",
            "Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"plan.pdf\"\n\
             Content-Transfer-Encoding: base64\n\nMTIzNDU2Nzg5",
            "Content-Type: image/png\nContent-ID: <1@x>\nContent-Transfer-Encoding: base64\n\nMTIz",
            "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\nMTIz",
            "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
            "Content-Type: application/pgp-encrypted\n\nVersion: 1",
            forwarded,
        ]),
    );
    let carried = lines(&shown, "attachment    ");
    assert_eq!(
        carried,
        [
            "plan.pdf, application/pdf, 9 bytes",
            "(without a name), image/png, 3 bytes",
            "winmail.dat, application/ms-tnef (files packed by Outlook), 3 bytes",
            "(without a name), text/calendar (an appointment), 15 bytes",
            "(without a name), application/pgp-encrypted (says that what follows is encrypted with PGP), 10 bytes",
            "\u{201c}An older letter\u{201d}, message/rfc822 (a message), 144 bytes",
            "  old.gif, image/gif, 6 bytes",
        ],
        "{shown}"
    );
    assert!(shown.ends_with("\nSee what I found.\n"), "{shown}");
}

#[test]
fn a_letter_without_attachments_has_no_such_line() {
    let shown = shown(&World::new(), Letter::from(BOB).unproven());
    assert!(!shown.contains("attachment"), "{shown}");
}

#[test]
fn a_name_obeys_no_terminal_and_hides_no_ending() {
    let name = format!("a\u{1b}]0;x\u{7}{}\u{202e}fdp.exe", "x".repeat(300));
    let part = format!("Content-Type: application/pdf; name=\"{name}\"\n\nx");
    let shown = shown(&World::new(), with(&["\nHello", &part]));
    let carried = lines(&shown, "attachment    ").join("");
    assert!(carried.contains("xfdp.exe, application/pdf, 1 byte") && carried.chars().count() < 130, "{carried}");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
}

#[test]
fn what_is_over_a_limit_is_said() {
    let image = "Content-Type: image/png\n\nx";
    let parts: Vec<&str> = ["\nHello"].into_iter().chain([image; 60]).collect();
    let shown = shown(&World::new(), with(&parts));
    assert_eq!(lines(&shown, "attachment    ").len(), 51);
    assert!(shown.contains("attachment    (and 10 more)\n"), "{shown}");
    let deep = "Content-Type: multipart/mixed; boundary=c\n\n--c\n".repeat(5_000);
    let shown = self::shown(&World::new(), with(&["\nHello", &deep]));
    assert!(
        shown.contains("\nHello\n") && shown.contains("(not all could be shown: countersign show --raw "),
        "{shown}"
    );
}

#[test]
fn an_attachment_behind_a_large_one_is_seen() {
    let large = format!("Content-Type: image/png; name=large.png\n\n{}", "x".repeat(1_500_000));
    let world = World::new();
    let shown = shown(&world, with(&["\nHello", &large, "Content-Type: image/png; name=behind.png\n\nx"]));
    let carried = lines(&shown, "attachment    ");
    assert_eq!(carried, ["large.png, image/png, 1.5 MB", "behind.png, image/png, 1 byte"]);
    assert!(!shown.contains("not all could be shown"), "{shown}");
}

#[test]
fn of_a_long_text_the_beginning_is_shown_and_the_rest_said() {
    let text = "Twenty letters long.\n".repeat(60_000);
    let shown = shown(&World::new(), Letter::from(BOB).unproven().body(&text));
    assert!(shown.contains("\n(not all could be shown: countersign show --raw "), "the end is missing");
    assert!((1_000_000..1_100_000).contains(&shown.len()), "{}", shown.len());
}
