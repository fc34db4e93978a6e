//! What a challenge says, and how it is addressed.
//!
//! Promises: at most 4 kB; nothing of the held message but its sender, Subject, date and sending host, with links
//! broken; one recipient; every field RFC 3834 asks for. Never touches: whether it may be sent (`gate.rs`), the sending.

use super::template::{Part, Template};
use super::word::word;
use super::{AnswerDemand, ContentLevel, EnvelopeStyle, Policy};
use crate::facts::{CHALLENGE_FIELD, Facts};
use crate::mail::address::Address;
use crate::mail::compose::{HeaderValue, Outgoing, date, date_in};
use crate::mail::content::token_in_extension;
use crate::mail::display::{one_line, without_links};

/// Most bytes of a challenge with its header block: RFC 3834 section 2 asks for at most a few kB.
pub const SIZE_LIMIT: usize = 4_096;
/// Most Subjects of held messages that are listed when a sender is asked again.
pub const HELD_LIMIT: usize = 10;
/// Longest user part that leaves room for a delimiter, a letter and the token in 64 octets.
const USER_LIMIT: usize = 30;

/// The three tokens of one challenge, 32 characters each; each is good for one purpose only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// "I wrote this."
    pub confirm: String,
    /// "This was not me."
    pub not_me: String,
    /// In the envelope sender, where that is tagged.
    pub bounce: String,
}

/// What was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether the sender was asked before.
    pub again: bool,
    /// The Subjects of what is held from the sender, the newest first, as they came.
    pub held: Vec<String>,
    /// How many other senders sent a similar message.
    pub alike: u32,
}

/// Everything a challenge is made from.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The held message.
    pub facts: &'a Facts,
    /// The configuration.
    pub policy: &'a Policy,
    /// The texts, in the order of the configured languages; at least one.
    pub templates: &'a [Template],
    /// Whom it goes to: the proven envelope sender.
    pub to: &'a Address,
    /// Its tokens.
    pub tokens: &'a Tokens,
    /// What was before.
    pub past: &'a Past,
    /// Seconds since 1970.
    pub now: i64,
}

/// Writes the challenge. Further languages are left out, in order, when they do not fit [`SIZE_LIMIT`], and then the
/// oldest of the listed Subjects.
#[must_use]
pub fn challenge(request: Request<'_>) -> Vec<u8> {
    fitting(request, "")
}

/// Writes the short mail about an answer without the word; `facts` are those of the answer, `templates` the texts for
/// it ([`Template::wrong_word`]).
#[must_use]
pub fn wrong_word(request: Request<'_>) -> Vec<u8> {
    fitting(request, "again.")
}

/// The address an answer goes to, with the token in it, where plus-addressing is configured and there is room.
#[must_use]
pub fn answer_address(from: &Address, delimiters: &str, token: &str) -> Option<Address> {
    token_address(from, delimiters, 'c', token)
}

/// The address by which "this was not me" is said, under the same conditions.
#[must_use]
pub fn not_me_address(from: &Address, delimiters: &str, token: &str) -> Option<Address> {
    token_address(from, delimiters, 'n', token)
}

/// The envelope sender of a challenge: none is the null one.
#[must_use]
pub fn envelope_sender(facts: &Facts, policy: &Policy, token: &str) -> Option<Address> {
    match policy.style.envelope {
        EnvelopeStyle::Null => None,
        EnvelopeStyle::Tagged => token_address(&written_to(facts, policy), &policy.owner.delimiters, 'b', token),
    }
}

/// The user's address that the message was written to: the sender knows it, and so does the sender's own filter.
/// The address of an answer counts as the bare one: what it carries is the token of another challenge. A mail from an
/// address outside ASCII is none that everybody takes (RFC 6531), so there the first one within it stands.
#[must_use]
pub fn written_to(facts: &Facts, policy: &Policy) -> Address {
    let found = named(facts, policy);
    if found.is_ascii() {
        return found;
    }
    let bare = found.without_tag(&policy.owner.delimiters);
    let ascii = policy.owner.addresses().find(|address| address.is_ascii());
    Some(bare).filter(Address::is_ascii).or(ascii.cloned()).unwrap_or(found)
}

fn named(facts: &Facts, policy: &Policy) -> Address {
    let named = facts.named.iter().chain(&facts.envelope.recipients);
    let found = named.into_iter().find(|address| policy.owner.is(address)).unwrap_or(&policy.owner.primary);
    let (_, tag) = found.split_tag(&policy.owner.delimiters);
    if tag.and_then(token_in_extension).is_some() {
        return found.without_tag(&policy.owner.delimiters);
    }
    found.clone()
}

fn token_address(from: &Address, delimiters: &str, letter: char, token: &str) -> Option<Address> {
    let (user, _) = from.split_tag(delimiters);
    let delimiter = delimiters.chars().next()?;
    if user.len() > USER_LIMIT {
        return None;
    }
    from.with_local(&format!("{user}{delimiter}{letter}{token}")).ok()
}

fn fitting(request: Request<'_>, host_prefix: &str) -> Vec<u8> {
    let mut languages = request.templates.len().max(1);
    let mut listed = HELD_LIMIT;
    loop {
        let templates = &request.templates[..languages.min(request.templates.len())];
        let bytes = compose(request, templates, listed, host_prefix).to_bytes();
        if bytes.len() <= SIZE_LIMIT || (languages == 1 && listed == 0) {
            return bytes;
        }
        if languages > 1 {
            languages -= 1;
        } else {
            listed = listed.min(request.past.held.len()).saturating_sub(1);
        }
    }
}

fn compose(request: Request<'_>, templates: &[Template], listed: usize, host_prefix: &str) -> Outgoing {
    let Request { facts, policy, to, tokens, now, .. } = request;
    let from = &written_to(facts, policy);
    let token = tokens.confirm.as_str();
    let mut mail = Outgoing::default();
    let subject = templates.first().map_or("Auto:", |template| template.subject.as_str());
    mail.field("From", HeaderValue::mailbox(policy.owner.name.as_deref(), from));
    mail.field("To", HeaderValue::mailbox(None, to));
    if let Some(address) = answer_address(from, &policy.owner.delimiters, &tokens.confirm) {
        mail.field("Reply-To", HeaderValue::mailbox(None, &address));
    }
    // The token stays readable beside words that are encoded.
    let subject = format!("{} [cr-{token}]", HeaderValue::words(subject).as_str());
    mail.field("Subject", HeaderValue::ascii(&subject).unwrap_or_else(|_| HeaderValue::words(&subject)));
    mail.field("Date", HeaderValue::words(&date(now)));
    mail.field("Message-ID", HeaderValue::words(&format!("<cr.c.{token}@{host_prefix}{}>", policy.host)));
    if let Some(id) = facts.message_id.as_deref().and_then(HeaderValue::message_id) {
        mail.field("In-Reply-To", id.clone());
        mail.field("References", id);
    }
    mail.field("Auto-Submitted", HeaderValue::words("auto-replied"));
    mail.field("Precedence", HeaderValue::words("bulk"));
    mail.field("X-Auto-Response-Suppress", HeaderValue::words("All"));
    mail.field(CHALLENGE_FIELD, HeaderValue::words(&machine_readable(request, templates, from)));
    let texts: Vec<String> = templates.iter().map(|template| text(template, request, listed, from)).collect();
    let trace = trace(request).unwrap_or_default();
    mail.text(format!("{}\n{trace}\ncr-{token}\n", texts.join("\n\n* * *\n\n")));
    mail
}

/// The field by which a program knows a challenge, and how to answer it (README, "For authors of other programs").
/// It names a way to say "not me" only where the text does: the short mail about the word has none.
fn machine_readable(request: Request<'_>, templates: &[Template], from: &Address) -> String {
    let answer = match request.policy.style.answer {
        AnswerDemand::Reply => "reply",
        AnswerDemand::Word => "word",
    };
    let (address, word) = ("; notme=address", "; notme=word");
    let not_me = match not_me_address(from, &request.policy.owner.delimiters, &request.tokens.not_me) {
        Some(_) if templates.iter().any(|template| template.has("notme")) => address,
        None if templates.iter().any(|template| template.says(super::word::NOT_ME)) => word,
        _ => "",
    };
    format!("v=1; answer={answer}{not_me}")
}

fn text(template: &Template, request: Request<'_>, listed: usize, owner: &Address) -> String {
    let Request { facts, policy, past, tokens, .. } = request;
    let style = policy.style;
    let not_me = not_me_address(owner, &policy.owner.delimiters, &tokens.not_me);
    let shows = style.content > ContentLevel::Minimal;
    let applies = |part| match part {
        Part::Again => past.again,
        Part::Alike => style.alike_note && past.alike > 0,
        Part::Held => past.again && shows && !past.held.is_empty(),
        Part::Host => shows && facts.sending_host().is_some(),
        Part::NotMeAddress => not_me.is_some(),
        Part::NotMeWord => not_me.is_none(),
        Part::Reply => style.answer == AnswerDemand::Reply,
        Part::Subject => shows && !subject(facts.subject()).is_empty(),
        Part::Word => style.answer == AnswerDemand::Word,
    };
    let lines = past.held.iter().take(listed).map(|text| format!("    - {}", or_dash(subject(text))));
    let left_out = (past.held.len() > listed).then(|| "    ...".to_owned());
    let held: Vec<String> = lines.chain(left_out).collect();
    let days = policy.retention_days.min(u32::from(super::token::LIFE_IN_DAYS));
    let values = [
        ("count", past.alike.to_string()),
        ("date", facts.date.map_or("-".to_owned(), |d| date_in(&template.language, d))),
        ("days", days.to_string()),
        ("held", held.join("\n")),
        ("host", facts.sending_host().map_or("-".to_owned(), |host| host.to_string())),
        ("notme", not_me.as_ref().map_or(super::word::NOT_ME.to_owned(), ToString::to_string)),
        ("owner", owner.to_string()),
        ("sender", request.to.to_string()),
        ("subject", if shows { or_dash(subject(facts.subject())) } else { "-".to_owned() }),
        ("word", word(&tokens.confirm, &template.language).to_owned()),
    ];
    template.fill(applies, &values)
}

/// For who looks for a forger (seed 004, "include traceback info"); field names are the same in every language.
fn trace(request: Request<'_>) -> Option<String> {
    if request.policy.style.content < ContentLevel::Full {
        return None;
    }
    // Printable ASCII by its parser; with blanks in it nobody could look for it.
    let unbroken = |id: &String| one_line(id, 200).replace("://", ": //").replace("www.", "www .");
    let id = request.facts.message_id.as_ref().map(|id| format!("    Message-ID: {}\n", unbroken(id)));
    let path = request.facts.envelope_sender().map(|sender| format!("    Return-Path: {sender}\n"));
    let lines: String = [id, path].into_iter().flatten().collect();
    (!lines.is_empty()).then(|| format!("\n{lines}"))
}

/// A stranger's words: one line, nothing that could be clicked.
fn subject(text: &str) -> String {
    without_links(&one_line(text, 100))
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::origin::auth::Trust;
    use crate::origin::envelope::Caller;
    use crate::policy::template::{BUILT_IN, PLACEHOLDERS, WIDTH};

    const LETTER: &str = "Return-Path: <bob@example.net>\n\
        Received: from out.example.net (out.example.net [192.0.2.7])\n\tby mx.example.org with ESMTPS; now\n\
        From: bob@example.net\nTo: alice@example.org\nSubject: SUBJECT\nMessage-ID: <1@example.net>\n\
        Date: Sat, 21 Nov 2026 12:00:00 +0000\n\nHello\n";

    fn tokens() -> Tokens {
        Tokens {
            confirm: "12em04hmasw91nfkhj1hrff3tfhqc0hz".into(),
            not_me: "12em04hmasw9ergxev9tws9zzacz14xp".into(),
            bounce: "zzzzzzzzzzzzznf5fqf41nr6b1weprab".into(),
        }
    }

    fn written(letter: &str, policy: &Policy, languages: &[&str], past: &Past) -> (Vec<u8>, String) {
        let facts = Facts::read(letter.as_bytes(), &Caller::default(), &policy.trust);
        let templates: Vec<Template> = languages.iter().map(|code| Template::built_in(code).unwrap()).collect();
        let to = Address::parse("bob@example.net").unwrap();
        let tokens = tokens();
        let request = Request {
            facts: &facts,
            policy,
            templates: &templates,
            to: &to,
            tokens: &tokens,
            past,
            now: 1_795_262_400,
        };
        let bytes = challenge(request);
        let body = mailparse::parse_mail(&bytes).unwrap().get_body().unwrap().replace("\r\n", "\n");
        (bytes, body)
    }

    fn letter(subject: &str) -> String {
        LETTER.replace("SUBJECT", subject)
    }

    /// Every state a challenge can be in.
    fn policies() -> Vec<Policy> {
        let mut all = Vec::new();
        for content in [ContentLevel::Minimal, ContentLevel::Normal, ContentLevel::Full] {
            for answer in [AnswerDemand::Reply, AnswerDemand::Word] {
                for delimiters in ["+", ""] {
                    let mut policy = crate::policy::tests::policy();
                    policy.style = crate::policy::Style { content, answer, alike_note: true, ..policy.style };
                    policy.owner.delimiters = delimiters.into();
                    all.push(policy);
                }
            }
        }
        all
    }

    #[test]
    fn every_language_is_complete_and_plain() {
        for (code, text, wrong) in BUILT_IN {
            for (text, needed) in [(text, &PLACEHOLDERS[..]), (wrong, &["owner", "word"][..])] {
                let template = Template::parse(code, text).unwrap_or_else(|error| panic!("{code}: {error}"));
                assert!(template.subject.starts_with("Auto"), "{code}");
                for placeholder in needed {
                    assert!(template.has(placeholder), "{code} does not say {{{placeholder}}}");
                }
                for banned in
                    ["http", "www", "countersign", "urgent", "dringend", "immediately", "click", "klick", "!!"]
                {
                    assert!(!text.to_lowercase().contains(banned), "{code} says {banned}");
                }
                let token = tokens().confirm;
                assert!(!crate::policy::word::holds_word(&token, [template.subject.as_str()]), "{code}: Subject");
            }
            for part in ["again", "alike", "held", "host", "notme-address", "notme-word", "reply", "subject", "word"] {
                assert!(text.contains(&format!("\n[{part}] ")), "{code} has no [{part}]");
            }
        }
    }

    #[test]
    fn every_language_fits_into_76_columns_in_every_state() {
        let long = "Tea at five and a very long story about a rabbit, a watch, and the way that both of them took";
        let past = Past { again: true, held: vec!["A subject of a mail".into(); 3], alike: 4 };
        for (code, ..) in BUILT_IN {
            for policy in policies() {
                let (bytes, body) = written(&letter(long), &policy, &[code], &past);
                assert!(bytes.len() <= SIZE_LIMIT, "{code}: {} bytes", bytes.len());
                for line in body.lines() {
                    let mut width = line.width();
                    // An address cannot be broken.
                    if line.trim().split(' ').count() == 1 {
                        width = width.min(WIDTH);
                    }
                    assert!(width <= WIDTH, "{code}: {line}");
                }
                assert!(!body.contains('{') && !body.contains('['), "{code}: {body}");
            }
        }
    }

    #[test]
    fn however_long_the_list_of_what_waits_it_fits() {
        let long = "東京都の 長い件名 ".repeat(20);
        let held = vec![long.clone(); HELD_LIMIT];
        let past = Past { again: true, held, alike: 4 };
        for (code, ..) in BUILT_IN {
            for policy in policies().into_iter().filter(|policy| policy.style.content > ContentLevel::Minimal) {
                let (bytes, body) = written(&letter(&long), &policy, &[code], &past);
                assert!(bytes.len() <= SIZE_LIMIT, "{code}: {} bytes", bytes.len());
                // As much as there is room for, and what is missing is not passed over in silence.
                assert!(body.contains("\n    - 東京") && body.contains("\n    ...\n"), "{code}: {body}");
            }
        }
    }

    #[test]
    fn every_pair_of_languages_fits() {
        let policy = crate::policy::tests::policy();
        for (first, ..) in BUILT_IN {
            for (second, ..) in BUILT_IN.iter().filter(|(code, ..)| *code != first) {
                let (bytes, body) = written(&letter("Tea at five"), &policy, &[first, second], &Past::default());
                assert!(bytes.len() <= SIZE_LIMIT && body.contains("* * *"), "{first} and {second} do not fit");
            }
        }
    }

    #[test]
    fn languages_that_do_not_fit_are_left_out_in_order() {
        let policy = crate::policy::tests::policy();
        let all: Vec<&str> = BUILT_IN.iter().map(|(code, ..)| *code).collect();
        let (bytes, body) = written(&letter("Tea"), &policy, &all, &Past::default());
        assert!(bytes.len() <= SIZE_LIMIT);
        assert!(body.starts_with("Dobrý den"), "{body}");
        let texts = body.matches("* * *").count() + 1;
        assert!((2..all.len()).contains(&texts), "{texts} texts");
    }

    #[test]
    fn a_strangers_words_stay_words() {
        let policy = crate::policy::tests::policy();
        let evil = "see http://evil.example/x {owner} www.evil.example =?utf-8?q?=1b]0;x=07?=";
        let past = Past { again: true, held: vec!["\u{202e}http://evil.example/\nX: y".into(); 20], alike: 0 };
        let (_, body) = written(&letter(evil), &policy, &["en"], &past);
        assert!(!body.contains("://") && !body.contains("www.") && !body.contains("evil.example"), "{body}");
        assert!(!body.contains('\u{1b}') && !body.contains("\nX: y") && body.contains("{owner}"), "{body}");
        assert_eq!(body.matches("    - ").count(), HELD_LIMIT, "{body}");
        assert!(body.contains("\n    ...\n"), "{body}");
    }

    #[test]
    fn the_level_says_how_much() {
        let mut policy = crate::policy::tests::policy();
        let mut at = |content| {
            policy.style.content = content;
            written(&letter("Tea at five"), &policy, &["en"], &Past::default()).1
        };
        let (minimal, normal, full) = (at(ContentLevel::Minimal), at(ContentLevel::Normal), at(ContentLevel::Full));
        for absent in ["Tea at five", "192.0.2.7", "Message-ID", "Hello\n\n"] {
            assert!(!minimal.contains(absent), "{minimal}");
        }
        assert!(minimal.contains("bob@example.net") && minimal.contains("21 November 2026, 12:00 UTC"), "{minimal}");
        assert!(normal.contains("Tea at five") && normal.contains("192.0.2.7") && !normal.contains("Message-ID"));
        assert!(full.contains("Message-ID: 1@example.net") && full.contains("Return-Path: bob@example.net"), "{full}");
    }

    #[test]
    fn who_is_asked_again_is_told_so_and_an_absent_subject_is_not_named() {
        let mut policy = crate::policy::tests::policy();
        let past = Past { again: true, held: vec!["Tea at six".into()], alike: 0 };
        let (_, body) = written(&letter(""), &policy, &["en"], &past);
        assert!(body.contains("You were asked before.\nThese messages of yours are waiting:\n\n    - Tea at six\n"));
        assert!(!body.contains("Subject:"), "{body}");
        policy.style.content = ContentLevel::Minimal;
        let (_, body) = written(&letter("Tea at five"), &policy, &["en"], &past);
        assert!(body.contains("You were asked before.\n\nIf you did not"), "{body}");
        let (_, body) = written(&letter("Tea at five"), &policy, &["en"], &Past { again: false, ..past });
        assert!(!body.contains("asked before"), "{body}");
    }

    #[test]
    fn the_first_hundred_characters_say_what_to_do() {
        let mut policy = crate::policy::tests::policy();
        for answer in [AnswerDemand::Reply, AnswerDemand::Word] {
            policy.style.answer = answer;
            for (code, verb) in [
                ("cs", "dpovězte"),
                ("da", "Svar "),
                ("de", "antworten"),
                ("en", "reply"),
                ("es", "responda"),
                ("fr", "répondre"),
                ("it", "risponda"),
                ("nb", "svar "),
                ("nl", "beantwoorden"),
                ("pl", "odpowiedzieć"),
                ("pt", "responda"),
                ("ru", "ответьте"),
                ("sv", "Svara"),
                ("uk", "дайте відповідь"),
            ] {
                let (_, body) = written(&letter("Tea"), &policy, &[code], &Past::default());
                let shown: String = body.replace("\n\n", " ").replace('\n', " ").chars().take(100).collect();
                assert!(shown.contains(verb) && shown.contains("alice@example.org"), "{code}, {answer:?}: {shown}");
            }
        }
    }

    /// mutt sends no answer in which nothing was written ("Aborted unmodified message").
    #[test]
    fn every_language_says_to_write_one_word_where_any_answer_counts() {
        let mut policy = crate::policy::tests::policy();
        for (code, one_word) in [
            ("cs", "napište jedno slovo, třeba ano, a odešlete"),
            ("da", "skriv ét ord, for eksempel ja, og tryk på »Send«"),
            ("de", "schreiben Sie ein Wort, zum Beispiel ja, und senden Sie es ab"),
            ("en", "write one word, such as yes, then send"),
            ("es", "escriba una palabra, por ejemplo sí, y envíe la respuesta"),
            ("fr", "écrivez un mot, par exemple oui, puis envoyez"),
            ("it", "scriva una parola, per esempio sì, poi invii"),
            ("nb", "skriv ett ord, for eksempel ja, og send"),
            ("nl", "schrijf één woord, bijvoorbeeld ja, en verzend het"),
            ("pl", "napisać jedno słowo, na przykład tak, i wysłać"),
            ("pt", "escrever uma palavra, por exemplo sim, e enviar"),
            ("ru", "напишите одно слово, например да, и отправьте"),
            ("sv", "skriv ett ord, till exempel ja, och skicka"),
            ("uk", "напишіть одне слово, наприклад так, і надішліть"),
        ] {
            let any = super::super::word::ANY_WORD.iter().find(|(of, _)| *of == code).unwrap().1;
            assert!(one_word.contains(&format!(" {any},")), "{code}: {any}");
            for (answer, wanted) in [(AnswerDemand::Reply, true), (AnswerDemand::Word, false)] {
                policy.style.answer = answer;
                let body = written(&letter("Tea"), &policy, &[code], &Past::default()).1.replace('\n', " ");
                assert_eq!(body.contains(one_word), wanted, "{code}, {answer:?}: {body}");
                // Where a word is asked for, no other one is named.
                assert_eq!(body.split([' ', ',']).any(|word| word == any), wanted, "{code}, {answer:?}: {body}");
            }
        }
    }

    #[test]
    fn every_text_is_known_again_by_its_beginning() {
        let policy = crate::policy::tests::policy();
        for (code, ..) in BUILT_IN {
            let facts = Facts::read(letter("Tea").as_bytes(), &Caller::default(), &policy.trust);
            let to = Address::parse("bob@example.net").unwrap();
            let (tokens, past) = (tokens(), Past::default());
            for template in [Template::built_in(code).unwrap(), Template::wrong_word(code).unwrap()] {
                let said = text(
                    &template,
                    Request {
                        facts: &facts,
                        policy: &policy,
                        templates: &[],
                        to: &to,
                        tokens: &tokens,
                        past: &past,
                        now: 0,
                    },
                    HELD_LIMIT,
                    &policy.owner.primary,
                );
                let lines: Vec<String> = said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
                assert!(template.opens(&lines), "{code}: {said}");
            }
        }
    }

    #[test]
    fn seen_raw_utf_8_stood_in_the_from_field() {
        let policy = crate::policy::tests::policy();
        for to in ["alice+\u{ff}\u{17e}@example.org", "alice+\u{fc}@example.org"] {
            let (bytes, _) = written(
                &letter("x").replace("To: alice@example.org", &format!("To: {to}")),
                &policy,
                &["en"],
                &Past::default(),
            );
            let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
            assert!(bytes[..end].is_ascii(), "{}", String::from_utf8_lossy(&bytes[..end]));
            assert!(String::from_utf8_lossy(&bytes).lines().next().unwrap().contains("alice@example.org"));
        }
    }

    #[test]
    fn not_me_has_an_address_or_a_word() {
        let mut policy = crate::policy::tests::policy();
        let (bytes, body) = written(&letter("Tea"), &policy, &["en"], &Past::default());
        assert!(body.contains("alice+n12em04hmasw9ergxev9tws9zzacz14xp@example.org") && !body.contains("NOTME"));
        assert!(String::from_utf8_lossy(&bytes).contains("\nX-CR-Challenge: v=1; answer=reply; notme=address\n"));
        policy.owner.delimiters = String::new();
        policy.style.answer = AnswerDemand::Word;
        let (bytes, body) = written(&letter("Tea"), &policy, &["en"], &Past::default());
        assert!(body.contains("NOTME") && !body.contains("alice+"), "{body}");
        assert!(body.contains(word(&tokens().confirm, "en")));
        assert!(String::from_utf8_lossy(&bytes).contains("\nX-CR-Challenge: v=1; answer=word; notme=word\n"));
    }

    #[test]
    fn a_long_user_part_leaves_no_room_for_the_token() {
        let token = tokens().confirm;
        let of = |text: &str| answer_address(&Address::parse(text).unwrap(), "+", &token).map(|a| a.to_string());
        assert_eq!(of("alice+shop@x.org"), Some(format!("alice+c{token}@x.org")));
        assert_eq!(of(&format!("{}@x.org", "a".repeat(30))).map(|a| a.len()), Some(64 + 6));
        assert_eq!(of(&format!("{}@x.org", "a".repeat(31))), None);
        assert_eq!(answer_address(&Address::parse("alice@x.org").unwrap(), "", &token), None);
    }

    #[test]
    fn only_a_tagged_envelope_names_somebody() {
        let mut policy = crate::policy::tests::policy();
        let facts = Facts::read(letter("x").as_bytes(), &Caller::default(), &Trust::default());
        let token = tokens().bounce;
        assert_eq!(envelope_sender(&facts, &policy, &token), None);
        policy.style.envelope = EnvelopeStyle::Tagged;
        let tagged = envelope_sender(&facts, &policy, &token).map(|address| address.to_string());
        assert_eq!(tagged.as_deref(), Some("alice+bzzzzzzzzzzzzznf5fqf41nr6b1weprab@example.org"));
        policy.owner.delimiters = String::new();
        assert_eq!(envelope_sender(&facts, &policy, &token), None);
    }
}
