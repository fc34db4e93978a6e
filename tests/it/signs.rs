//! The signs of programs and of mail to many, each kind by the table of cases below `fixtures/signs/`.

use std::cell::Cell;

use countersign::facts::Facts;
use countersign::mail::address::{Address, Domain};
use countersign::mail::body::Body;
use countersign::mail::head::Head;
use countersign::mail::parts::parts;
use countersign::origin::auth::Trust;
use countersign::origin::envelope::Caller;
use countersign::signs::list_id::{self, ListId};
use countersign::signs::report::{self, Build};
use countersign::signs::subscription::{self, Subscription};
use countersign::signs::wording::Wording;
use countersign::signs::{Sign, bulk, field, page, program, rules, sender};

use super::cases::{alike, check, kebab, listed, unknown, yes_or_no};

fn named(signs: impl IntoIterator<Item = Sign>) -> String {
    let mut names: Vec<&str> = signs.into_iter().map(Sign::name).collect();
    names.dedup();
    listed(names)
}

/// The words of a letter that is written `Subject | text`.
fn letter(case: &str) -> Wording {
    let (subject, text) = case.split_once(" |").unwrap();
    let text = text.trim_start_matches(' ');
    wording(&format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"))
}

fn wording(message: &str) -> Wording {
    let head = Head::read(message.as_bytes());
    Wording::read(&head, &Body::read(&head, &message.as_bytes()[head.body..]))
}

#[test]
fn words() {
    check("signs/words.txt", |question, case| match question {
        "letter" => named(rules::signs(&letter(case))),
        "page" => {
            let message = format!("Subject: x\nContent-Type: text/html; charset=utf-8\n\n{case}\n");
            named(rules::signs(&wording(&message)))
        }
        "mark" => (if rules::is_automatic_subject(case) { "automatic" } else { "not automatic" }).to_owned(),
        _ => unknown(question),
    });
}

#[test]
fn header_fields() {
    check("signs/fields.txt", |question, case| {
        let from = question.strip_prefix("header of ").unwrap_or_else(|| unknown(question));
        let text = format!("{case}\r\n\r\nList-Id: <a.b>\r\n");
        named(field::signs(&Head::read(text.as_bytes()), Address::parse(from).ok().as_ref()))
    });
}

#[test]
fn senders() {
    let address = |local: &str| Address::parse(&format!("{local}@x.org")).unwrap();
    let domain = |name: &str| Domain::parse(name).unwrap();
    check("signs/senders.txt", |question, case| {
        let text = format!("{case}\n\n");
        let head = Head::read(text.as_bytes());
        match question {
            "local parts" => alike(case, |local| {
                sender::read(&address(local)).map_or_else(|| "none".to_owned(), |says| kebab(&says))
            }),
            "mail systems" => alike(case, |local| yes_or_no(sender::is_mail_system(&address(local)))),
            "name" => (if sender::is_no_reply(case) { "takes no answers" } else { "a person" }).to_owned(),
            "bulk domains" => alike(case, |name| yes_or_no(bulk::is_bulk_domain(&domain(name)))),
            "signed by a service" => yes_or_no(bulk::is_signed_by_service(&head)),
            "typed by a person" => yes_or_no(program::is_typed(&head)),
            "typed in workmail" => yes_or_no(program::is_workmail(&head)),
            "list" => listed(list_id::list_id(&head).as_ref().map(ListId::as_str)),
            "domains of lists" => alike(case, |id| {
                let domains: Vec<Domain> = ListId::new(id).unwrap().domains().collect();
                listed(domains.iter().map(Domain::as_str))
            }),
            "list of bob@x.org by envelope" => list_by_envelope(case),
            _ => unknown(question),
        }
    });
}

fn list_by_envelope(case: &str) -> String {
    let envelope = Head::read(case.as_bytes()).first("Return-Path").map(|field| field.text());
    let caller = Caller { sender_argument: envelope, ..Caller::default() };
    let facts = Facts::read(format!("From: bob@x.org\n{case}").as_bytes(), &caller, &Trust::default());
    listed(facts.list().map(ListId::as_str))
}

/// A sent message: recipients | Subject | text.
fn subscriptions(recipients: &str, subject: &str, text: &str) -> Vec<Subscription> {
    let all: Vec<Address> = recipients.split(',').map(|one| Address::parse(one.trim()).unwrap()).collect();
    let (subject, text) = (subject.trim(), text.trim_start_matches(' '));
    let message = format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n");
    let head = Head::read(message.as_bytes());
    let found = subscription::of_message(&all, &head, &Body::read(&head, &message.as_bytes()[head.body..]));
    assert_eq!(found, subscription::subscriptions(&all, subject, text), "the message says what its words say");
    found
}

fn lets_in(sent: &str, comes: &str) -> bool {
    let (recipients, text) = sent.split_once(" / ").unwrap_or((sent, ""));
    let (name, value) = comes.split_once(": ").unwrap();
    let message = format!("{comes}\n\n");
    let list = list_id::list_id(&Head::read(message.as_bytes()));
    let address = Address::parse(value).ok();
    let list = list.or_else(|| list_id::of_envelope(address.as_ref()?, None).filter(|_| name == "Return-Path"));
    let helper = address.filter(|_| name == "From").map(|from| subscription::helper(&from));
    assert!(list.is_some() || helper.is_some(), "{comes}: what is it?");
    subscriptions(recipients, "", text).iter().any(|one| {
        list.as_ref().is_some_and(|list| one.lists.contains(list))
            || helper.as_ref().is_some_and(|from| one.helpers.iter().any(|known| known.normal() == from.normal()))
    })
}

#[test]
fn sent_subscriptions() {
    let (some, none) = (Cell::new(0), Cell::new(0));
    check("signs/subscriptions.txt", |question, case| match question {
        "subscribes to" => {
            let parts: Vec<&str> = case.splitn(3, '|').collect();
            let [recipients, subject, text] = parts[..] else { panic!("{case}: recipients | Subject | text") };
            let found = subscriptions(recipients, subject, text);
            let count = if found.is_empty() { &none } else { &some };
            count.set(count.get() + 1);
            let posting: Vec<String> = found.iter().map(|one| one.posting.to_string()).collect();
            if posting.is_empty() { "nothing".to_owned() } else { posting.join(", ") }
        }
        "lets in" => {
            let (sent, comes) = case.split_once(" < ").unwrap();
            yes_or_no(lets_in(sent, comes))
        }
        "asks as" => subscription::helper(&Address::parse(case).unwrap()).to_string(),
        _ => unknown(question),
    });
    assert!(some.get() >= 25 && none.get() >= 25, "{} subscribe, {} do not", some.get(), none.get());
}

#[test]
fn builds() {
    check("signs/builds.txt", |question, case| match question {
        "part" => build(&format!("Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nhello\n--b\n{case}\n--b--\n")),
        "message" => build(case),
        "letter" => (if report::returns_a_message(&letter(case)) { "a bounce" } else { "no bounce" }).to_owned(),
        "page" => (if page::is_designed(case) { "design" } else { "no design" }).to_owned(),
        _ => unknown(question),
    });
}

fn build(message: &str) -> String {
    let head = Head::read(message.as_bytes());
    let build = report::build(&parts(&head, &message.as_bytes()[head.body..]));
    let is_aggregate = report::is_aggregate(build, &head);
    let Build { answers_invitation, reports, complains, compressed, aggregates: _ } = build;
    let all = [
        (answers_invitation, "answer to an invitation"),
        (reports, "report"),
        (complains, "complaint"),
        (compressed, "compressed"),
        (is_aggregate, "aggregate report"),
    ];
    listed(all.into_iter().filter(|(is, _)| *is).map(|(_, name)| name))
}
