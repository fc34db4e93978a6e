//! What this program writes itself, golden in `fixtures/outgoing/`: challenges and the digest.

use countersign::facts::Facts;
use countersign::mail::address::Address;
use countersign::origin::envelope::Caller;
use countersign::policy::challenge::{Past, Request, SIZE_LIMIT, Tokens, challenge, wrong_word};
use countersign::policy::digest::{self, Entry, Report, Words, Zone};
use countersign::policy::gate::{CapRefusal, GateRefusal};
use countersign::policy::reason::Reason;
use countersign::policy::template::{BUILT_IN, Template};
use countersign::policy::token::HeldId;
use countersign::policy::{AnswerDemand, ContentLevel, Owner, Policy};
use countersign::signs::Sign;

use super::fixture;
use super::letter::Letter;
use super::verdicts::policy;

const NOW: i64 = 1_795_262_400;
const TOKEN: &str = "12em04hmasw91nfkhj1hrff3tfhqc0hz";

/// One challenge: the file's name, the letter, the configuration, the languages.
type Case = (&'static str, Letter, Policy, &'static [&'static str]);

fn tokens() -> Tokens {
    let not_me = "12em04hmasw9ergxev9tws9zzacz14xp".to_owned();
    Tokens { confirm: TOKEN.to_owned(), not_me, bounce: "zzzzzzzzzzzzznf5fqf41nr6b1weprab".to_owned() }
}

/// What was before, where a case's name says that something was.
fn past(name: &str) -> Past {
    let held = (1..=12).map(|n| format!("Letter {n}: see http://evil.test/{n}")).collect();
    match name {
        "asked-again" => Past { again: true, held, alike: 0 },
        "others-wrote-the-same" => Past { alike: 3, ..Past::default() },
        _ => Past::default(),
    }
}

fn cases() -> Vec<Case> {
    let bob = || Letter::from("bob@example.net");
    let with = |change: fn(&mut Owner)| {
        let mut policy = policy();
        change(&mut policy.owner);
        policy
    };
    let styled = |content, answer, alike_note| {
        let mut policy = policy();
        policy.style.content = content;
        policy.style.answer = answer;
        policy.style.alike_note = alike_note;
        policy
    };
    vec![
        ("content-minimal", bob(), styled(ContentLevel::Minimal, AnswerDemand::Reply, false), &["en"]),
        ("content-full", bob(), styled(ContentLevel::Full, AnswerDemand::Reply, false), &["en"]),
        ("answer-word", bob(), styled(ContentLevel::Normal, AnswerDemand::Word, false), &["en", "de"]),
        ("asked-again", bob(), policy(), &["en"]),
        ("others-wrote-the-same", bob(), styled(ContentLevel::Normal, AnswerDemand::Reply, true), &["en"]),
        ("english", bob(), policy(), &["en"]),
        ("german", bob(), policy(), &["de"]),
        ("two-languages", bob(), policy(), &["de", "en"]),
        (
            "subject-that-is-not-ascii",
            bob().field("Subject", "=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?="),
            policy(),
            &["de"],
        ),
        ("subject-with-a-link", bob().field("Subject", "see http://evil.test/x and www.evil.test"), policy(), &["en"]),
        ("subject-with-placeholders", bob().field("Subject", "{owner} {sender} {date} {nothing}"), policy(), &["en"]),
        ("subject-that-is-empty", bob().field("Subject", ""), policy(), &["en"]),
        (
            "subject-that-breaks-out",
            bob().field("Subject", "=?utf-8?Q?x=0D=0ABcc:_eve@evil.test=0D=0A=0D=0Ahello?="),
            policy(),
            &["en"],
        ),
        ("subject-without-end", bob().field("Subject", &"long ".repeat(2_000)), policy(), &["en", "de"]),
        ("no-message-id", bob().without("Message-ID"), policy(), &["en"]),
        ("no-date", bob().without("Date"), policy(), &["en"]),
        ("no-plus-addressing", bob(), with(|owner| owner.delimiters.clear()), &["en"]),
        ("a-hyphen-as-delimiter", bob(), with(|owner| owner.delimiters = "-".into()), &["en"]),
        ("a-name-beside-the-address", bob(), with(|owner| owner.name = Some("Alice \"L.\" Liddell".into())), &["en"]),
        ("a-name-that-is-not-ascii", bob(), with(|owner| owner.name = Some("Älice Lïddell".into())), &["en"]),
        ("to-a-second-address", bob().field("To", "a.liddell@example.com"), policy(), &["en"]),
        ("to-a-sub-address", bob().field("To", "alice+shop@example.org"), policy(), &["en"]),
        ("sender-with-a-quoted-local-part", Letter::from("\"b..b\"@example.net"), policy(), &["en"]),
    ]
}

#[test]
fn every_challenge_is_as_written_down() {
    for (name, letter, policy, languages) in cases() {
        let facts = Facts::read(&letter.bytes(), &Caller::default(), &policy.trust);
        let to = facts.envelope_sender().unwrap_or_else(|| panic!("{name}: nobody to write to"));
        let templates: Vec<Template> = languages.iter().map(|code| Template::built_in(code).unwrap()).collect();
        let (tokens, past) = (tokens(), past(name));
        let (tokens, past) = (&tokens, &past);
        let request = Request { facts: &facts, policy: &policy, templates: &templates, to, tokens, past, now: NOW };
        let mail = challenge(request);
        sound(name, &mail, to);
        fixture::golden(
            &fixture::root().join(format!("outgoing/challenge-{name}.eml")),
            std::str::from_utf8(&mail).unwrap(),
        );
    }
    for path in fixture::files("outgoing", "eml") {
        let name = fixture::name(&path);
        let known = |case: &Case| name == format!("outgoing/challenge-{}.eml", case.0);
        let other = ["/digest", "/language-", "/later-", "/wrong-word-"].iter().any(|part| name.contains(part));
        assert!(other || cases().iter().any(known), "{name} belongs to no case");
    }
}

#[test]
fn every_language_is_as_written_down() {
    let letter = Letter::from("bob@example.net");
    let mut policy = policy();
    policy.style.answer = AnswerDemand::Word;
    // All the lines that the usual challenge lacks.
    let mut later = policy.clone();
    later.style.alike_note = true;
    later.owner.delimiters.clear();
    let before = &Past { alike: 3, ..past("asked-again") };
    let facts = Facts::read(&letter.bytes(), &Caller::default(), &policy.trust);
    let to = facts.envelope_sender().unwrap();
    let (tokens, past) = (&tokens(), &Past::default());
    let names = BUILT_IN.map(|(code, ..)| code);
    for code in names {
        let reply = super::verdicts::policy();
        let text = [Template::built_in(code).unwrap()];
        let request = Request { facts: &facts, policy: &reply, templates: &text, to, tokens, past, now: NOW };
        let wrong = [Template::wrong_word(code).unwrap()];
        let again = Request { policy: &policy, templates: &wrong, ..request };
        let second = Request { policy: &later, past: before, ..request };
        let mails = [("language", challenge(request)), ("later", challenge(second)), ("wrong-word", wrong_word(again))];
        for (name, mail) in mails {
            sound(code, &mail, to);
            let path = fixture::root().join(format!("outgoing/{name}-{code}.eml"));
            fixture::golden(&path, std::str::from_utf8(&mail).unwrap());
        }
    }
    for path in fixture::files("outgoing", "eml") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let code = ["language-", "later-", "wrong-word-"].iter().find_map(|kind| name.strip_prefix(kind));
        assert!(code.is_none_or(|code| names.contains(&code)), "{name} belongs to no language");
    }
}

/// What holds for every challenge, whatever is in the letter.
#[track_caller]
fn sound(name: &str, mail: &[u8], to: &Address) {
    assert!(mail.len() <= SIZE_LIMIT, "{name}: {} bytes", mail.len());
    let text = std::str::from_utf8(mail).unwrap();
    assert!(text.is_ascii() && !text.contains('\r') && text.ends_with('\n'), "{name}: lines of ASCII, ended by LF");
    assert!(
        text.lines().all(|line| line.len() <= 78 || line.contains(&TOKEN[..8])),
        "{name}: no line over 78 characters"
    );
    assert!(!text.contains("Wonderland"), "{name}: nothing of the body");
    assert!(!text.contains("http://") && !text.contains("www.evil"), "{name}: no link");
    let parsed = mailparse::parse_mail(mail).unwrap();
    let fields = |field: &str| parsed.headers.iter().filter(|h| h.get_key_ref() == field).collect::<Vec<_>>();
    for field in ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"] {
        assert_eq!(fields(field).len(), 1, "{name}: {field}");
    }
    assert_eq!(fields("To")[0].get_value(), to.to_string(), "{name}");
    assert!(fields("Bcc").is_empty() && fields("Cc").is_empty(), "{name}: one recipient");
    assert!(
        parsed.get_body().unwrap().lines().any(|line| line == format!("cr-{TOKEN}")),
        "{name}: the token in its line"
    );
    // Another installation, and every program that follows RFC 3834, knows it for what it is.
    let facts = Facts::read(mail, &Caller { sender: Some("<>".into()), ..Caller::default() }, &policy().trust);
    assert!(facts.is_challenge && facts.sender.address().is_some() && facts.defects.is_empty(), "{name}: {facts:?}");
    assert!(
        facts.signs().starts_with(&[Sign::ChallengeField, Sign::NullSender, Sign::AutoReplied]),
        "{name}: {:?}",
        facts.signs()
    );
}

#[test]
fn the_digest_is_as_written_down() {
    let reasons = [
        (Reason::PinMissing, false),
        (Reason::OwnAddressUnproven, false),
        (Reason::Gate(GateRefusal::NotProven), false),
        (Reason::Capped(CapRefusal::HourlyCap), false),
        (Reason::Challenge, true),
        (Reason::Capped(CapRefusal::AlikeSurge), false),
        (Reason::NotThem, true),
        (Reason::Automatic(Sign::AutoGenerated), false),
        (Reason::Automatic(Sign::ListField), false),
        (Reason::DeniedSender, false),
    ];
    let entry = |(number, (reason, asked)): (i64, (Reason, bool))| Entry {
        id: HeldId::from_number(0x01_2345_6780 + number).unwrap(),
        received: NOW - 3_600 * number,
        reason,
        score: None,
        asked,
        undeliverable: number == 4,
    };
    let words = |number: i64| Words {
        from: format!("Person {number} <person{number}@example.net>"),
        address: format!("person{number}@example.net"),
        subject: if number == 3 { String::new() } else { format!("Letter {number}: see http://evil.test/{number}") },
        preview: vec!["Hello Alice,".into(), "tea at five? www.evil.test".into()],
        came: None,
        list: None,
        code: number == 7,
    };
    let words = (0..10).map(|number| (0x01_2345_6780 + number, words(number))).collect();
    let entries: Vec<Entry> = (0..).zip(reasons).map(entry).collect();
    let alarms = ["The store is damaged; see `countersign doctor`.".to_owned()];
    let policy = policy();
    for (name, entries, alarms) in [("digest", &entries[..], &alarms[..]), ("digest-of-nothing", &[], &[])] {
        let (words, zone, width) = (&words, ZONE, digest::WIDTH);
        let report = Report { policy: &policy, entries, words, alarms, older: 3, now: NOW, zone, width };
        let mail = digest::message(
            report,
            digest::write(report).text,
            |_| Ok::<_, ()>(TOKEN.to_owned()),
            HeldId::from_number(0x01_2345_6789).unwrap(),
        )
        .unwrap();
        let text = String::from_utf8(mail).unwrap();
        assert!(!text.contains("http://") && !text.contains("www.evil"), "{name}: no link");
        fixture::golden(&fixture::root().join(format!("outgoing/{name}.eml")), &text);
    }
}

/// An hour ahead of UTC.
const ZONE: Zone<'static> = Zone { name: "Europe/Berlin", offset: &|_| 3_600 };

/// What a day brings, over and over: reason, From, Subject, text, and whether its sender was asked.
const DAY: [(Reason, &str, &str, &str, bool); 10] = [
    (Reason::Challenge, "Bob Baker <bob@example.net>", "The old bicycle", "Is it still for sale?", true),
    (Reason::Automatic(Sign::DesignedPage), "Shop <news@shop.example>", "New tea is in", "Look at our tea.", false),
    (Reason::Gate(GateRefusal::NotProven), "Carol <carol@example.com>", "Minutes of Monday", "As we said:", false),
    (Reason::Automatic(Sign::ListField), "Dan <dan@lists.example.org>", "[talk] Kettles", "Dear all,", false),
    (Reason::DmarcFail, "Bank <bank@bank.example>", "Your account", "Dear customer,", false),
    (Reason::Automatic(Sign::NoReplyAuthor), "no-reply@web.example", "Your code: 482913", "It is for you.", false),
    (Reason::Challenge, "田中 <tanaka@example.jp>", "お茶の件", "五時にいかがですか。", true),
    (Reason::Automatic(Sign::MultipartReport), "mailer-daemon@mx.example", "Undelivered", "I am sorry.", false),
    (Reason::PinMissing, "Erin <erin@example.org>", "Please pay this", "The account is new.", false),
    (Reason::Automatic(Sign::UnsubscribeText), "Club <club@club.example>", "Last offer", "Only today.", false),
];

#[test]
fn digests_of_every_size_are_as_written_down() {
    let policy = policy();
    for (count, most) in [(7, 24), (40, 59), (500, 59)] {
        let number = |at: usize| i64::try_from(at).unwrap();
        let day = |at: usize| DAY[at % DAY.len()];
        let entry = |at: usize| Entry {
            id: HeldId::from_number(0x01_2345_6780 + number(at)).unwrap(),
            received: NOW - 600 * number(at),
            reason: day(at).0,
            score: None,
            asked: day(at).4,
            undeliverable: at % 20 == 10,
        };
        let entries: Vec<Entry> = (0..count).map(entry).collect();
        let of = |at: usize| Words {
            from: day(at).1.to_owned(),
            address: day(at).1.trim_end_matches('>').rsplit('<').next().unwrap().to_owned(),
            subject: day(at).2.to_owned(),
            preview: vec![day(at).3.to_owned()],
            code: day(at).2.contains("code"),
            came: None,
            list: None,
        };
        let words = (0..count).map(|at| (0x01_2345_6780 + number(at), of(at))).collect();
        let (words, zone, width) = (&words, ZONE, digest::WIDTH);
        let report =
            Report { policy: &policy, entries: &entries, words, alarms: &[], older: 12, now: NOW, zone, width };
        let text = digest::write(report).text;
        assert!(text.lines().count() <= most, "{text}");
        fixture::golden(&fixture::root().join(format!("outgoing/digest-of-{count}.txt")), &text);
    }
}
