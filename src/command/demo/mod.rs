//! `demo`: a newcomer's first minute. A whole conversation in a scratch home, told in plain words while this very
//! program handles each message as it would handle a real one.
//!
//! Promises: everything said to have happened is looked up before it is said, and a demo that went otherwise ends
//! with an error; nothing outside the scratch home is touched, and nothing is left. Never touches: the network.

mod stage;

use crate::command::demo::stage::{Sent, Stage};
use crate::exit::Ending;
use crate::mail::compose::date;
use crate::mail::display::{cut, wrapped};
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::world::clock;

/// The columns in which a story stands.
const MARGIN: &str = "   ";
/// How many seconds Bob takes before he reads the challenge.
const TIME_TO_READ: u32 = 600;
/// The columns of a terminal that everybody has.
const WIDTH: usize = 80;
/// The columns of what is shown behind the mark of a quotation.
const QUOTED: usize = WIDTH - MARGIN.len() - 2;
const OPENING: &str = "\
This plays a whole conversation in a scratch folder, with real messages and the
real program. Nothing of yours is touched, and nothing leaves this machine: what
would be sent is only written down.

You are Alice, and your address is alice@example.org. Your mail system runs
countersign once for every message that comes in for you.
";
const CLOSING: &str = "\
The scratch folder is removed. To set it up for your own mail:

   countersign init --address you@example.org --authserv-id mx.example.org

The second name is the first word of the Authentication-Results fields that your
own mail system writes. Without it nobody is ever asked.
";

/// One message that comes in.
struct Act {
    title: &'static str,
    story: &'static str,
    message: Letter,
    expected: Place,
    /// Which messages are in the inbox besides when it is over.
    released: &'static [&'static str],
    moral: &'static str,
}

/// A message as the mail system hands it over.
struct Letter {
    /// What identifies it: its Message-ID without brackets.
    id: &'static str,
    /// The address in its envelope, and after From.
    from: &'static str,
    /// The address it is for.
    to: String,
    /// What the mail system found out about its origin.
    finding: &'static str,
    /// Further fields.
    fields: String,
    subject: String,
    text: &'static str,
}

/// Where a message is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Held,
    Inbox,
}

/// Runs `demo`.
///
/// # Errors
/// No scratch folder can be made, or something did not happen as it should.
pub fn demo() -> Answer {
    // Gather.
    let stage = Stage::new()?;
    let now = clock::now();
    screen::out(OPENING)?;
    // Decide: each act is judged by the program itself, in its own process.
    set_up(&stage)?;
    play(&stage, 2, &bob_writes(), now)?;
    let challenge = the_challenge(&stage)?;
    stage.let_time_pass(TIME_TO_READ)?;
    for (number, act) in (3..).zip(the_middle(&challenge)) {
        play(&stage, number, &act, now)?;
    }
    digest(&stage)?;
    // Perform.
    account(&stage)?;
    stage.remove()?;
    screen::out(CLOSING)?;
    Ok(Ending::Done)
}

fn set_up(stage: &Stage) -> Result<(), Trouble> {
    screen::out("\n1. You set it up\n\n")?;
    let sendmail = stage.sendmail().display().to_string();
    let maildir = stage.home().join("Maildir").display().to_string();
    let given = ["--address", "alice@example.org", "--authserv-id", "mx.example.org", "--delimiter", "+"];
    let hidden = ["--maildir", maildir.as_str(), "--sendmail", sendmail.as_str()];
    let arguments: Vec<&str> = ["init"].into_iter().chain(given).chain(hidden).collect();
    let ran = stage.run(&arguments, "")?;
    screen::out(
        "   $ countersign init --address alice@example.org \\\n\
         \x20        --authserv-id mx.example.org --delimiter +\n",
    )?;
    screen::out(&format!("   exit code {}\n", ran.code))?;
    expect(ran.code == 0, 1, &ran.said)?;
    screen::out(&told(
        "It made two secret keys, a configuration, an empty list of known people, and a folder for held mail. \
         mx.example.org is your own mail server: what it finds out about where a message comes from is believed.",
    ))?;
    Ok(())
}

fn play(stage: &Stage, number: usize, act: &Act, now: i64) -> Result<(), Trouble> {
    screen::out(&format!("\n{number}. {}\n\n{}\n", act.title, told(act.story)))?;
    let letter = &act.message;
    screen::out(&format!("{MARGIN}| From: {}\n{MARGIN}| Subject: {}\n\n", letter.from, shortened(&letter.subject)))?;
    let ran = stage.run(&["deliver"], &letter.to_text(now))?;
    screen::out(&format!("{MARGIN}$ countersign deliver < message\n{MARGIN}exit code {}", ran.code))?;
    screen::out(if ran.code == 0 { ": the message is stored safely\n" } else { ": the mail system tries again\n" })?;
    expect(ran.code == 0, number, &ran.said)?;
    let (inbox, held, sent) = (stage.inbox()?, stage.held()?, stage.sent()?.len());
    let lies_in = |place: &[String], id: &str| place.contains(&format!("<{id}>"));
    let (in_inbox, held) = (lies_in(&inbox, letter.id), lies_in(&held, letter.id));
    let as_expected = match act.expected {
        Place::Held => !in_inbox && held,
        Place::Inbox => in_inbox && !held,
    };
    let released = act.released.iter().all(|id| lies_in(&inbox, id));
    // Nobody but Bob is ever asked, and he only once.
    let seen = format!("inbox: {}, held: {held}, sent: {sent} instead of 1", inbox.join(" "));
    expect(as_expected && released && sent == 1, number, &seen)?;
    let word = if held { "HELD. " } else { "IN YOUR INBOX. " };
    screen::out(&told(&format!("{word}{}", act.moral)))?;
    Ok(())
}

fn bob_writes() -> Act {
    Act {
        title: "Bob writes to you for the first time",
        story: "Nobody here knows Bob. Your mail server has checked that the message really comes from his domain, \
                example.net.",
        message: Letter {
            id: "first@example.net",
            from: "bob@example.net",
            to: "alice@example.org".into(),
            finding: "dmarc=pass header.from=example.net",
            fields: String::new(),
            subject: "The old bicycle".into(),
            text: "Hello Alice, is the bicycle still for sale?",
        },
        expected: Place::Held,
        released: &[],
        moral: "Since it is certain that Bob's domain sent it, he is asked once. This is the whole mail he gets:",
    }
}

/// Shows the challenge.
fn the_challenge(stage: &Stage) -> Result<Sent, Trouble> {
    let sent = stage.sent()?;
    let Some(challenge) = sent.into_iter().next() else { return Err(went_wrong(2, "nobody was asked")) };
    expect(challenge.arguments == "-i -f <> -- bob@example.net", 2, &challenge.arguments)?;
    let mut out = String::from("\n");
    for name in ["From", "To", "Reply-To", "Subject", "Auto-Submitted"] {
        out.push_str(&folded(name, &challenge.field(name)));
    }
    let (_, text) = challenge.mail.split_once("\n\n").unwrap_or_default();
    out.extend(std::iter::once("").chain(text.lines()).map(quoted));
    out.push('\n');
    out.push_str(&told(
        "The long word is a signature that only your keys can make, for Bob and for this message. It comes back by \
         itself when he replies. The mail has no return address in its envelope, so it can never come back to you as \
         an error, and no well-behaved program answers it.",
    ));
    screen::out(&out)?;
    Ok(challenge)
}

/// What happens between the challenge and the digest.
fn the_middle(challenge: &Sent) -> Vec<Act> {
    let [forger, list, made_up] = unproven();
    let [vacation, answer] = answers(challenge);
    let [second, impostor] = afterwards();
    vec![forger, list, made_up, vacation, answer, second, impostor]
}

fn unproven() -> [Act; 3] {
    let to = || "alice@example.org".to_owned();
    let forger = Act {
        title: "A forger writes in Carol's name",
        story: "Junk mail names innocent people as its sender. The forger even claims that all was checked; but that \
                claim stands where strangers write, and your own mail server says that the check failed.",
        message: Letter {
            id: "forged@example.com",
            from: "carol@example.com",
            to: to(),
            finding: "dmarc=fail header.from=example.com",
            fields: "Received: from elsewhere.example by mail.example.com\n\
                     Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\n"
                .into(),
            subject: "You have won".into(),
            text: "Click here.",
        },
        expected: Place::Held,
        released: &[],
        moral: "Nobody is asked: the mail would have hit Carol, who wrote nothing. Programs that answer such mail are \
                a plague; this one stays silent.",
    };
    let list = Act {
        title: "A mailing list sends something",
        story: "Its origin is proven, but it was not written to you alone.",
        message: Letter {
            id: "list@example.com",
            from: "talk@example.com",
            to: to(),
            finding: "dmarc=pass header.from=example.com",
            fields: "List-Id: <talk.example.com>\nPrecedence: list\n".into(),
            subject: "[talk] Minutes of the meeting".into(),
            text: "Dear all, ...",
        },
        expected: Place::Held,
        released: &[],
        moral: "Lists, newsletters and robots are never asked. If you want this one: countersign allow \
                list:talk.example.com",
    };
    let made_up = Act {
        title: "A stranger makes up an answer",
        story: "The address looks like one from a challenge, but its signature is invented.",
        message: Letter {
            id: "made-up@example.com",
            from: "mallory@example.com",
            to: format!("alice+c{}@example.org", "0123456789abcdef".repeat(2)),
            finding: "dmarc=none header.from=example.com",
            fields: String::new(),
            subject: "Re: please reply".into(),
            text: "Let me in.",
        },
        expected: Place::Held,
        released: &[],
        moral: "It opens nothing, and Mallory is not told that it was wrong.",
    };
    [forger, list, made_up]
}

fn answers(challenge: &Sent) -> [Act; 2] {
    let letter = |id, fields: &str, subject: String, text| Letter {
        id,
        from: "bob@example.net",
        to: challenge.field("Reply-To"),
        finding: "dmarc=pass header.from=example.net",
        fields: format!("In-Reply-To: {}\n{fields}", challenge.field("Message-ID")),
        subject,
        text,
    };
    let subject = challenge.field("Subject");
    let vacation = Act {
        title: "Bob's vacation program answers the question",
        story: "It sends the right signature back. But it is a program, and says so.",
        message: letter(
            "vacation@example.net",
            "Auto-Submitted: auto-replied\n",
            format!("Out of office: {subject}"),
            "I am away until Monday.",
        ),
        expected: Place::Held,
        released: &[],
        moral: "A program's answer counts for nothing, and is not answered: two programs never talk to each other.",
    };
    let answer = Act {
        title: "Bob presses Reply, then Send",
        story: "He needs no web page and no password; a plain answer is enough.",
        message: letter("answer@example.net", "", format!("Re: {subject}"), "Yes, it is me."),
        expected: Place::Inbox,
        released: &["first@example.net", "vacation@example.net"],
        moral: "Bob is now on your list of known people, and what was held from him was moved into your inbox as \
                well. The list holds no addresses, only codes made with your keys, so nobody can read it.",
    };
    [vacation, answer]
}

fn afterwards() -> [Act; 2] {
    let letter = |id, finding, subject: &str, text| Letter {
        id,
        from: "bob@example.net",
        to: "alice@example.org".into(),
        finding,
        fields: String::new(),
        subject: subject.into(),
        text,
    };
    let second = Act {
        title: "Bob writes again",
        story: "His domain is proven, as it was before.",
        message: letter("second@example.net", "dmarc=pass header.from=example.net", "Saturday?", "Shall I come by?"),
        expected: Place::Inbox,
        released: &[],
        moral: "From now on his mail comes straight in, and he is not asked again.",
    };
    let impostor = Act {
        title: "Somebody else writes in Bob's name",
        story: "This time nothing proves that it comes from example.net.",
        message: letter("impostor@example.org", "dmarc=none header.from=example.net", "My new account", "Send money."),
        expected: Place::Held,
        released: &[],
        moral: "Bob's mail has always been proven, so this is suspicious. It will stand among the first of the list you get.",
    };
    [second, impostor]
}

fn digest(stage: &Stage) -> Result<(), Trouble> {
    let story = "Once a day the list of what is held comes into your inbox, what matters most on top. You release or \
                 throw away by the number; nothing disappears before it stood in this list.";
    screen::out(&format!("\n10. You look at what is held\n\n{}\n", told(story)))?;
    let ran = stage.run_for_columns(QUOTED, &["digest", "--stdout"])?;
    screen::out(&format!("{MARGIN}$ countersign digest --stdout\n{MARGIN}exit code {}\n\n", ran.code))?;
    screen::out(&ran.said.lines().map(quoted).collect::<String>())?;
    expect(ran.code == 0, 10, &ran.said)
}

/// Every message is accounted for.
fn account(stage: &Stage) -> Result<(), Trouble> {
    let (inbox, held, sent) = (stage.inbox()?, stage.held()?, stage.sent()?);
    let from_bob = ["answer", "first", "second", "vacation"].map(|name| format!("<{name}@example.net>"));
    expect(inbox == from_bob, 11, &inbox.join(" "))?;
    expect(held.len() == 4 && sent.len() == 1, 11, &format!("{} held, {} sent", held.len(), sent.len()))?;
    screen::out(&format!(
        "\nEight messages came. {} are in your inbox, all of them Bob's; {} are held;\n\
         none is lost. {} mail was sent, to the stranger who really had written to you.\n\n",
        number(inbox.len()),
        number(held.len()).to_lowercase(),
        number(sent.len()),
    ))?;
    Ok(())
}

fn number(count: usize) -> &'static str {
    ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"].get(count).copied().unwrap_or("Many")
}

impl Letter {
    /// As a mail system hands it over: what it adds itself stands on top.
    fn to_text(&self, now: i64) -> String {
        let Letter { id, from, to, finding, fields, subject, text } = self;
        let date = date(now);
        format!(
            "Return-Path: <{from}>\nDelivered-To: {to}\n\
             Authentication-Results: mx.example.org; {finding}\n\
             Received: from mail.example.net by mx.example.org; {date}\n\
             {fields}From: {from}\nTo: {to}\nSubject: {subject}\nDate: {date}\nMessage-ID: <{id}>\n\
             MIME-Version: 1.0\nContent-Type: text/plain\n\n{text}\n"
        )
    }
}

/// A story, in lines that fit a terminal of 80 columns.
fn told(story: &str) -> String {
    let mut out = String::new();
    let mut line = String::from(MARGIN);
    for word in story.split_whitespace() {
        if line.len() > MARGIN.len() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = MARGIN.to_owned();
        }
        if line.len() > MARGIN.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
    out
}

/// A field of the challenge, folded as in a mail where it is longer than a line.
fn folded(name: &str, value: &str) -> String {
    wrapped(&format!("{name}: {value}"), 4, QUOTED).lines().map(quoted).collect()
}

/// A line of what the program wrote, wrapped under its own beginning.
fn quoted(line: &str) -> String {
    let room = QUOTED;
    let indent = line.len() - line.trim_start().len();
    let mut out = String::new();
    let mut rest = line.trim_start();
    while indent + rest.chars().count() > room {
        let end = rest.char_indices().nth(room.saturating_sub(indent)).map_or(rest.len(), |(at, _)| at);
        let Some(at) = rest[..end].rfind(' ').filter(|at| *at > 0) else { break };
        out.push_str(&format!("{MARGIN}| {}{}\n", " ".repeat(indent), &rest[..at]));
        rest = rest[at..].trim_start();
    }
    out.push_str(format!("{MARGIN}| {}{rest}", " ".repeat(indent)).trim_end());
    out.push('\n');
    out
}

/// A Subject with a token is longer than a line.
fn shortened(subject: &str) -> String {
    cut(subject, 60).trim_end().to_owned()
}

fn expect(good: bool, act: usize, seen: &str) -> Result<(), Trouble> {
    if good { Ok(()) } else { Err(went_wrong(act, seen)) }
}

fn went_wrong(act: usize, seen: &str) -> Trouble {
    let error = anyhow::anyhow!("the demo went otherwise than it should, in part {act}: {seen}");
    Trouble { ending: Ending::Bug, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Sent {
        let mail = "Reply-To: alice+cx@example.org\nSubject: Auto: x\nMessage-ID: <x@example.org>\n\ntext\n";
        Sent { arguments: String::new(), mail: mail.into() }
    }

    fn acts() -> Vec<Act> {
        std::iter::once(bob_writes()).chain(the_middle(&challenge())).collect()
    }

    #[test]
    fn every_story_fits_a_terminal() {
        for act in acts() {
            for text in [told(act.story), told(&format!("IN YOUR INBOX. {}", act.moral))] {
                assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
            }
        }
        let line = format!("      held because {}", "of this and that ".repeat(20));
        assert!(quoted(&line).lines().all(|line| line.chars().count() <= WIDTH && line.starts_with("   |       ")));
        assert_eq!(quoted(""), "   |\n");
        assert_eq!(quoted(&"x".repeat(99)).lines().count(), 1);
        assert!([OPENING, CLOSING].iter().all(|text| text.lines().all(|line| line.chars().count() <= WIDTH)));
    }

    #[test]
    fn every_letter_has_a_name_of_its_own() {
        let acts = acts();
        let mut names: Vec<&str> = acts.iter().map(|act| act.message.id).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), acts.len());
        assert_eq!(acts.len(), 8, "the last sentence counts them");
    }
}
