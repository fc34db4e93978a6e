//! What is read from a message, golden: `fixtures/messages/KIND/NAME.eml` and beside it `NAME.facts`.
//!
//! Each message is read as it is, with CR LF for LF, and cut at every byte. The folder `malformed` has an entry for each
//! thing that one of the two parsers gets wrong. `UPDATE=1` rewrites the `.facts`; read the difference.

use std::collections::BTreeMap;
use std::fs;

use countersign::facts::{Facts, Sender};
use countersign::mail::content::{TokenKind, TokenPlace};
use countersign::mail::head::Head;
use countersign::origin::auth::Trust;
use countersign::origin::envelope::{Caller, EnvelopeSender};
use countersign::policy::standing::Standing;
use countersign::policy::verdict::{Question, Verdict, judge};

use super::fixture;
use super::letter::AUTHSERV_ID;
use super::verdicts::policy;
use super::world::each;

/// The kinds there are; each must have messages.
const KINDS: [&str; 10] =
    ["auto", "bounce", "bulk", "challenge", "hostile", "list", "malformed", "person", "plain", "report"];

#[test]
fn every_message_is_read_as_written_down() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in fixture::files("messages", "eml") {
        let kind = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts.keys().map(String::as_str).collect::<Vec<_>>(), KINDS, "folders with messages");
    each(fixture::files("messages", "eml"), |path| {
        fixture::golden(&path.with_extension("facts"), &shown(&fs::read(&path).unwrap()));
    });
    for path in fixture::files("messages", "facts") {
        assert!(path.with_extension("eml").exists(), "{} belongs to no message", fixture::name(&path));
    }
}

#[test]
fn line_ends_make_no_difference() {
    each(fixture::files("messages", "eml"), |path| {
        let bytes = fs::read(&path).unwrap();
        // Where a carriage return is the point of the message, a second one changes it.
        if !bytes.contains(&b'\r') {
            let crlf = bytes.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b'\n'] } else { vec![b] });
            assert_eq!(shown(&crlf.collect::<Vec<u8>>()), shown(&bytes), "{} with CR LF", fixture::name(&path));
        }
    });
}

#[test]
fn a_message_cut_anywhere_names_no_other_sender() {
    each(fixture::files("messages", "eml"), |path| {
        let bytes = fs::read(&path).unwrap();
        let whole = read(&bytes).sender;
        let head = Head::read(&bytes);
        let from = head.first("From").map_or(0..0, |field| field.start..field.end);
        for end in 0..bytes.len() {
            let facts = read(&bytes[..end]);
            let decision = judge(question(&facts));
            assert!(
                matches!(decision.verdict, Verdict::Hold | Verdict::Challenge),
                "{} cut at {end}: {:?}",
                fixture::name(&path),
                decision.verdict
            );
            if decision.verdict == Verdict::Challenge {
                let (to, _) = decision.challenge.expect("somebody to ask");
                assert_eq!(Some(&to), whole.address(), "{} cut at {end}: asks another", fixture::name(&path));
            }
            // Inside the field the address itself is cut, and what is left of it may be one.
            let (Sender::Clear(cut), Sender::Clear(whole)) = (&facts.sender, &whole) else { continue };
            assert!(from.contains(&end) || cut == whole, "{} cut at {end}: {cut}", fixture::name(&path));
        }
    });
}

#[test]
fn whatever_is_not_plain_is_never_challenged() {
    each(fixture::files("messages", "eml"), |path| {
        let name = fixture::name(&path);
        let facts = read(&fs::read(&path).unwrap());
        let verdict = judge(question(&facts)).verdict.name();
        let is = |kind: &str| name.starts_with(&format!("messages/{kind}"));
        // `Auto-Submitted: no` is how a person's own mail program may say that a person wrote it.
        let by_a_machine = is("auto/") && !is("auto/auto-submitted-no.");
        if is("list/") || is("bounce/") || by_a_machine || is("hostile/findings-") || is("hostile/command-") {
            assert_eq!(verdict, "hold", "{name}");
        }
        let clear = facts.sender.address().is_some_and(|sender| sender.to_string() == "bob@example.net");
        if (is("malformed/") || is("hostile/") || is("auto/")) && verdict == "challenge" {
            assert!(clear, "{name}: a challenge to {:?}", facts.sender);
        }
    });
}

fn read(bytes: &[u8]) -> Facts {
    let trust = Trust { ids: vec![AUTHSERV_ID.into()], ..Trust::default() };
    Facts::read(bytes, &Caller::default(), &trust)
}

/// A stranger's message before an installation that trusts its mail system.
pub fn question(facts: &Facts) -> Question<'_> {
    static STANDING: std::sync::OnceLock<Standing> = std::sync::OnceLock::new();
    static POLICY: std::sync::OnceLock<countersign::policy::Policy> = std::sync::OnceLock::new();
    Question {
        facts,
        standing: STANDING.get_or_init(Standing::default),
        policy: POLICY.get_or_init(policy),
        confirmation: None,
        own_mark: false,
        now: 1_795_262_400,
    }
}

/// All that is known about a message and does not depend on where in it something stands.
fn shown(bytes: &[u8]) -> String {
    let facts = read(bytes);
    let mut out = String::new();
    let mut row = |name: &str, value: String| out.push_str(&format!("{name}: {value}\n").replace(": \n", ":\n"));
    row(
        "envelope sender",
        match &facts.envelope.sender {
            EnvelopeSender::Known(address) => address.to_string(),
            other => format!("({other:?})").to_lowercase(),
        },
    );
    row("recipients", list(&facts.envelope.recipients));
    row(
        "sender",
        match &facts.sender {
            Sender::Clear(address) => address.to_string(),
            Sender::Unclear(why) => format!("({})", why.name()),
        },
    );
    row("shown", facts.shown_sender().to_owned());
    row("subject", facts.subject().to_owned());
    row("named", list(&facts.named));
    row("answers to", list(facts.answer_addresses()));
    row("date", facts.date.map_or(String::new(), |date| date.to_string()));
    row("message id", facts.message_id.clone().unwrap_or_default());
    row("list", facts.list().as_ref().map_or(String::new(), |list| list.as_str().to_owned()));
    row("signs", facts.signs().iter().map(|sign| sign.name()).collect::<Vec<_>>().join(", "));
    row("defects", facts.defects.iter().map(|defect| format!("{defect:?}")).collect::<Vec<_>>().join(", "));
    row("received", facts.received.to_string());
    row("proven", facts.sender.address().map_or(String::new(), |a| facts.authentication.proofs(a.domain()).names()));
    for (what, why) in &facts.authentication.ignored {
        row("ignored", format!("{why:?}: {what}"));
    }
    for token in facts.tokens() {
        let kind = if token.kind == TokenKind::Confirm { "confirm" } else { "not me" };
        let place = match token.place {
            TokenPlace::Address => "address",
            TokenPlace::Body => "body",
            TokenPlace::References => "references",
            TokenPlace::Subject => "subject",
        };
        row("token", format!("{kind} in {place}: {}", token.text.as_str()));
    }
    row("own mark", facts.own_mark.as_ref().map_or(String::new(), |mark| mark.as_str().to_owned()));
    row("is a challenge", facts.is_challenge.to_string());
    row("own text", facts.content().has_own_text.to_string());
    for (name, is_so) in [("said nothing", facts.content().said_nothing), ("unreadable", facts.content().unreadable)] {
        if is_so {
            row(name, "true".to_owned());
        }
    }
    row("unexamined", facts.content().unexamined.to_string());
    for line in &facts.content().preview {
        row("preview", line.clone());
    }
    let decision = judge(question(&facts));
    row("verdict", format!("{} {}", decision.verdict.name(), decision.reason.name()));
    out
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
