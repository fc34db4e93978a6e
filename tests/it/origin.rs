//! Who sent a message and who says so, by the tables of cases below `fixtures/origin/` and `fixtures/facts/`.

use std::fmt::Debug;

use countersign::facts::{Facts, Sender};
use countersign::mail::address::{Address, Domain};
use countersign::mail::head::Head;
use countersign::origin::auth::{Authentication, Ignored, Method, Proofs, Trust};
use countersign::origin::envelope::{Caller, Envelope, EnvelopeSender};
use countersign::origin::score::{ScoreField, SpamScore};
use countersign::origin::trace;
use countersign::policy::standing::Effect;

use super::cases::{alike, check, first_of_each, kebab, listed, unknown, yes_or_no};
use super::letter::{AUTHSERV_ID, Letter, OWNER};
use super::world::{World, each};

const FIELD: &str = "Authentication-Results: mx.test";

fn authentication(header: &str) -> Authentication {
    authentication_with(header, 1)
}

fn authentication_with(header: &str, hops: usize) -> Authentication {
    let methods = vec![Method::Dkim, Method::Dmarc, Method::Spf];
    let trust = Trust { ids: vec!["mx.test".into()], methods, hops, ..Trust::default() };
    Authentication::read(&Head::read(format!("{header}\n\n").as_bytes()), &trust)
}

/// What is proven of the domain, and in brackets what was not believed.
fn proven(header: &str, domain: &str) -> String {
    said(&authentication(header), domain)
}

fn said(read: &Authentication, domain: &str) -> String {
    let proofs = read.proofs(&Domain::parse(domain).unwrap()).names();
    with_reasons(&proofs, &read.ignored)
}

fn with_reasons<R: Debug>(answer: &str, ignored: &[(String, R)]) -> String {
    let reasons: Vec<String> = ignored.iter().map(|(_, why)| kebab(why)).collect();
    if reasons.is_empty() { answer.to_owned() } else { format!("{answer} ({})", reasons.join(", ")) }
}

/// The one answer to two ways of asking, or both.
fn both(one: String, other: String) -> String {
    if one == other { one } else { format!("{one}; but {other}") }
}

#[test]
fn results_of_trusted_servers() {
    check("origin/results.txt", |question, case| match question {
        "header" => proven(case, "x.org"),
        "header about bücher.example" => proven(case, "b\u{fc}cher.example"),
        "results" => proven(&format!("{FIELD};{case}"), "x.org"),
        "results with no hops" => said(&authentication_with(&format!("{FIELD};{case}"), 0), "x.org"),
        "words of results" => alike(case, |word| {
            let results = ["dmarc={} header.from=x.org", "dkim={} header.d=x.org", "spf={} smtp.mailfrom=x.org"];
            let each = results.map(|result| proven(&format!("{FIELD};{}", result.replace("{}", word)), "x.org"));
            each.into_iter().reduce(both).unwrap()
        }),
        "results in one field and in several" => {
            let fields: Vec<String> = case.split("; ").map(|one| format!("{FIELD}; {one}")).collect();
            both(proven(&format!("{FIELD};{case}"), "x.org"), proven(&fields.join("\n"), "x.org"))
        }
        "field beside a good one" => {
            let good = format!("{case}\n{FIELD}; dmarc=pass header.from=x.org");
            both(proven(case, "x.org"), proven(&good, "x.org"))
        }
        "proven for a pin" => {
            let (proven, pin) = case.split_once(" for ").unwrap();
            (if proofs(proven).keeps(proofs(pin)) { "kept" } else { "not kept" }).to_owned()
        }
        "dmarc fails" => yes_or_no(authentication(case).dmarc_fails(&Domain::parse("x.org").unwrap())),
        _ => unknown(question),
    });
}

/// The field is tried where a stranger can put it: directly below our own Received field, alone and beside others, before
/// a server that believes each of the methods alone, and several.
#[test]
fn forged_fields_that_strippers_leave_in() {
    let received = "Received: from a by mx.test; now";
    let [dkim, dmarc, spf] = [Method::Dkim, Method::Dmarc, Method::Spf];
    let configured = [vec![dkim], vec![dmarc], vec![dmarc, dkim], vec![dmarc, dkim, spf]];
    let read = |header: &str, hops: usize, methods: &[Method]| {
        let trust = Trust { ids: vec!["mx.test".into()], methods: methods.to_vec(), hops, ..Trust::default() };
        let read = Authentication::read(&Head::read(format!("{header}\n\n").as_bytes()), &trust);
        (read.proofs(&Domain::parse("x.org").unwrap()), read)
    };
    let plain =
        format!("{FIELD}; dmarc=pass header.from=x.org; dkim=pass header.d=x.org; spf=pass smtp.mailfrom=x.org");
    check("origin/forged.txt", |question, case| {
        let alone = format!("{received}\n{case}");
        let (proofs, all) = read(&alone, 1, &configured[3]);
        let headers = match question {
            "believed" => return proofs.names(),
            // Whatever else the stranger sets beside it.
            "forged" => vec![alone.clone(), format!("{alone}\n{plain}"), format!("{received}\n{plain}\n{case}")],
            "above a forged one" => vec![format!("{case}\n{received}\n{plain}")],
            _ => unknown(question),
        };
        for (header, methods) in
            headers.iter().flat_map(|header| configured.iter().map(move |methods| (header, methods)))
        {
            for hops in [1, 2, 5] {
                let (proofs, read) = read(header, hops, methods);
                // Where the field speaks of nothing that is configured it takes nothing away from another.
                if !proofs.is_empty() && (read.doubtful || *header == alone || question != "forged") {
                    return format!("{} with {methods:?} and {hops} hops: {header:?}", proofs.names());
                }
            }
        }
        let last = if question == "forged" { all } else { read(&headers[0], 1, &configured[3]).1 };
        match last.ignored.last() {
            Some((_, Ignored::OtherPlace))
                if question != "forged" && last.ignored.iter().any(|one| is_doubt(one.1)) =>
            {
                "doubtful".to_owned()
            }
            Some((_, why)) if last.doubtful => kebab(why),
            _ => "no doubt".to_owned(),
        }
    });
}

/// One form of each kind, and as the last one the plain field, which shows that the question is whether it is believed.
#[test]
fn no_rule_believes_a_forged_field() {
    let mut forms = first_of_each("origin/forged.txt", "forged");
    assert!(forms.len() >= 9, "{forms:?}");
    forms.extend(first_of_each("origin/forged.txt", "believed"));
    let plain = forms.len() - 1;
    let questions = ["bob@x.org", "pinned@y.org", "bob@z.org", "bob@l.org", OWNER];
    let all = forms.iter().enumerate().flat_map(|(at, form)| questions.map(|from| (at == plain, form, from)));
    each(all, |(believed, form, from)| {
        let domain = from.rsplit_once('@').unwrap().1;
        let form = form.replace("mx.test", AUTHSERV_ID).replace("MX.TEST", AUTHSERV_ID).replace("x.org", domain);
        let mut letter = Letter::from(from).unproven();
        if domain == "l.org" {
            letter = letter.also("List-Id", "Friends <friends.l.org>");
        }
        let letter = String::from_utf8(letter.bytes()).unwrap();
        // Directly below our own Received field.
        let letter = letter.replacen("\nFrom:", &format!("\n{form}\nFrom:"), 1);
        let world = World::new();
        world.enter("pinned@y.org", Effect::Allow, Proofs::DKIM);
        world.allow("@z.org");
        world.allow("list:friends.l.org");
        let outcome = world.deliver(letter);
        match (believed, from) {
            (false, _) => outcome.is(0, 0, 1, 0),
            (true, "bob@x.org") => outcome.is(0, 0, 1, 1),
            (true, _) => outcome.is(0, 1, 0, 0),
        };
    });
}

/// Whether there is doubt without another field.
fn is_doubt(why: Ignored) -> bool {
    matches!(why, Ignored::NothingChecked | Ignored::Malformed | Ignored::BlankInName)
}

fn proofs(names: &str) -> Proofs {
    let one = |name: &str| match Method::parse(name) {
        Some(Method::Dkim) => Proofs::DKIM,
        Some(Method::Dmarc) => Proofs::DMARC,
        Some(Method::Spf) => Proofs::SPF,
        None => Proofs::NONE,
    };
    names.split(", ").map(one).fold(Proofs::NONE, Proofs::union)
}

fn score(header: &str) -> SpamScore {
    SpamScore::read(&Head::read(format!("{header}\n\n").as_bytes()), &ScoreField::ALL, 1)
}

#[test]
fn scores_of_spam_filters() {
    check("origin/scores.txt", |question, case| {
        let read = score(case);
        let at_least = if read.exact || read.points.is_none() { "" } else { "at least " };
        let points = read.points.map_or_else(|| "none".to_owned(), |points| points.to_string());
        let spam = if read.says_spam { ", spam" } else { "" };
        let answer = with_reasons(&format!("{at_least}{points}{spam}"), &read.ignored);
        match question {
            "score" => answer,
            "no score" if score(&format!("{case}\nX-Rspamd-Score: -3")).exact => format!("{answer}, no doubt"),
            "no score" => answer,
            _ => unknown(question),
        }
    });
}

#[test]
fn ways_of_messages() {
    check("origin/ways.txt", |question, case| {
        let (caller, text) = caller_and_text(case);
        let message = format!("{text}\n\n");
        let head = Head::read(message.as_bytes());
        let envelope = Envelope::read(&caller, &head);
        let kept = |hops| shown(&Envelope::read(&Caller::of_kept(&head, hops), &head).sender);
        let host = |hops| trace::sending_host(&head, hops).map_or_else(|| "none".to_owned(), |host| host.to_string());
        match question {
            "envelope sender" => shown(&envelope.sender),
            "only an mbox line says so" => yes_or_no(envelope.only_mbox_line),
            "kept mail with 1 server" => kept(1),
            "kept mail with 2 servers" => kept(2),
            "host before 0 servers" => host(0),
            "host before 1 server" => host(1),
            "host before 2 servers" => host(2),
            "delivery failed" => yes_or_no(trace::delivery_failed(&head, &message.as_bytes()[head.body..])),
            _ => unknown(question),
        }
    });
}

/// What the caller says in front of a header block, and the block.
fn caller_and_text(case: &str) -> (Caller, &str) {
    let none = Caller::default();
    let Some((said, text)) = case.split_once(" | ") else { return (none, case) };
    let (name, value) = said.split_once('=').unwrap();
    let value = Some(value.to_owned());
    let caller = match name {
        "SENDER" => Caller { sender: value, ..none },
        "RPLINE" => Caller { return_path_line: value, ..none },
        "ARGUMENT" => Caller { sender_argument: value, ..none },
        _ => unknown(name),
    };
    (caller, text)
}

fn shown(sender: &EnvelopeSender) -> String {
    match sender {
        EnvelopeSender::Known(address) => address.to_string(),
        EnvelopeSender::Missing => "missing".to_owned(),
        EnvelopeSender::Null => "null".to_owned(),
        EnvelopeSender::Unclear => "unclear".to_owned(),
    }
}

#[test]
fn authors() {
    let alice = Caller { user: Some(("alice".into(), 1000)), ..Caller::default() };
    check("facts/header.txt", |question, case| {
        let facts = Facts::read(format!("{case}\n\nbody\n").as_bytes(), &alice, &Trust::default());
        match question {
            "sender" => match &facts.sender {
                Sender::Clear(address) => address.to_string(),
                Sender::Unclear(why) => why.name().to_owned(),
            },
            "name shows another address" => yes_or_no(facts.name_shows_other_address()),
            "message-id" => listed(facts.message_id.as_deref()),
            "submitted here by alice, who is 1000" => yes_or_no(facts.submitted_here),
            "named" => {
                let named: Vec<String> = facts.named.iter().map(Address::to_string).collect();
                listed(named.iter().map(String::as_str))
            }
            _ => unknown(question),
        }
    });
}
