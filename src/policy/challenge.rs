//! What a challenge says, and how it is addressed.
//!
//! Promises: at most 4 kB; nothing of the held message but its Subject and date, with links broken; one
//! recipient; every field RFC 3834 asks for. Never touches: whether it may be sent (`gate.rs`), the sending.

use std::fmt;

use super::Policy;
use crate::mail::address::Address;
use crate::mail::compose::{HeaderValue, Outgoing, date, short_date};
use crate::mail::content::token_in_extension;
use crate::mail::display::{one_line, without_links};
use crate::mail::facts::{CHALLENGE_FIELD, Facts};

/// Most bytes of a challenge with its header block: RFC 3834 section 2 asks for at most a few kB.
pub const SIZE_LIMIT: usize = 4_096;
/// Longest user part that leaves room for a delimiter, a letter and the token in 64 octets.
const USER_LIMIT: usize = 30;

/// The texts of the program; a user's own file of the same language comes before them.
pub const BUILT_IN: [(&str, &str); 2] =
    [("en", include_str!("texts/challenge.en.txt")), ("de", include_str!("texts/challenge.de.txt"))];

/// One language's text: a Subject line, an empty line, then paragraphs with placeholders in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    subject: String,
    body: String,
}

/// What is wrong with a text file; the way out is in the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// It is longer than leaves room for the header block.
    TooLong,
    /// It does not begin with `Subject: …` and an empty line.
    NoSubject,
    /// A placeholder that does not exist, and its line.
    UnknownPlaceholder(String, usize),
}

const PLACEHOLDERS: [&str; 5] = ["owner", "sender", "subject", "date", "days"];

impl Template {
    /// Reads a text file.
    ///
    /// # Errors
    /// [`TemplateError`]
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        if text.len() > SIZE_LIMIT - 1_024 {
            return Err(TemplateError::TooLong);
        }
        for (number, line) in text.lines().enumerate() {
            let mut rest = line;
            while let Some((_, after)) = rest.split_once('{') {
                let (name, behind) = after.split_once('}').unwrap_or((after, ""));
                if !PLACEHOLDERS.contains(&name) {
                    return Err(TemplateError::UnknownPlaceholder(name.to_owned(), number + 1));
                }
                rest = behind;
            }
        }
        let (first, body) = text.split_once("\n\n").ok_or(TemplateError::NoSubject)?;
        let subject = first.strip_prefix("Subject: ").filter(|s| !s.contains('\n')).ok_or(TemplateError::NoSubject)?;
        Ok(Template { subject: subject.to_owned(), body: body.trim_end().to_owned() })
    }

    /// The built-in text of a language.
    #[must_use]
    pub fn built_in(language: &str) -> Option<Template> {
        let (_, text) = BUILT_IN.iter().find(|(code, _)| *code == language)?;
        Template::parse(text).ok()
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::TooLong => write!(out, "the text is longer than {} bytes", SIZE_LIMIT - 1_024),
            TemplateError::NoSubject => out.write_str("the first line must be `Subject: …`, the second empty"),
            TemplateError::UnknownPlaceholder(name, line) => {
                write!(
                    out,
                    "line {line}: there is no placeholder {{{name}}}; there are {{{}}}",
                    PLACEHOLDERS.join("}, {")
                )
            }
        }
    }
}

impl std::error::Error for TemplateError {}

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
    /// The 32 characters of the token.
    pub token: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// Writes the challenge. Further languages are left out, in order, when they do not fit [`SIZE_LIMIT`].
#[must_use]
pub fn challenge(request: Request<'_>) -> Vec<u8> {
    let mut languages = request.templates.len().max(1);
    loop {
        let bytes = compose(request, &request.templates[..languages.min(request.templates.len())]).to_bytes();
        if bytes.len() <= SIZE_LIMIT || languages == 1 {
            return bytes;
        }
        languages -= 1;
    }
}

/// The address an answer goes to, with the token in it, where plus-addressing is configured and there is room.
#[must_use]
pub fn answer_address(from: &Address, delimiters: &str, token: &str) -> Option<Address> {
    let (user, _) = from.split_tag(delimiters);
    let delimiter = delimiters.chars().next()?;
    if user.len() > USER_LIMIT {
        return None;
    }
    from.with_local(&format!("{user}{delimiter}c{token}")).ok()
}

/// The user's address that the message was written to: the sender knows it, and so does the sender's own filter.
/// The address of an answer counts as the bare one: what it carries is the token of another challenge.
#[must_use]
pub fn written_to(facts: &Facts, policy: &Policy) -> Address {
    let named = facts.named.iter().chain(&facts.envelope.recipients);
    let found = named.into_iter().find(|address| policy.owner.is(address)).unwrap_or(&policy.owner.primary);
    let (_, tag) = found.split_tag(&policy.owner.delimiters);
    if tag.and_then(token_in_extension).is_some() {
        return found.without_tag(&policy.owner.delimiters);
    }
    found.clone()
}

fn compose(request: Request<'_>, templates: &[Template]) -> Outgoing {
    let Request { facts, policy, to, token, now, .. } = request;
    let from = &written_to(facts, policy);
    let mut mail = Outgoing::default();
    let subject = templates.first().map_or("Auto:", |template| template.subject.as_str());
    mail.field("From", HeaderValue::mailbox(policy.owner.name.as_deref(), from));
    mail.field("To", HeaderValue::mailbox(None, to));
    if let Some(address) = answer_address(from, &policy.owner.delimiters, token) {
        mail.field("Reply-To", HeaderValue::mailbox(None, &address));
    }
    mail.field("Subject", HeaderValue::words(&format!("{subject} [cr-{token}]")));
    mail.field("Date", HeaderValue::words(&date(now)));
    mail.field("Message-ID", HeaderValue::words(&format!("<cr.c.{token}@{}>", policy.host)));
    if let Some(id) = facts.message_id.as_deref().and_then(HeaderValue::message_id) {
        mail.field("In-Reply-To", id.clone());
        mail.field("References", id);
    }
    mail.field("Auto-Submitted", HeaderValue::words("auto-replied"));
    mail.field("Precedence", HeaderValue::words("bulk"));
    mail.field("X-Auto-Response-Suppress", HeaderValue::words("All"));
    mail.field(CHALLENGE_FIELD, HeaderValue::words("v=1; answer=reply"));
    let texts: Vec<String> = templates.iter().map(|template| fill(&template.body, request, from)).collect();
    mail.text(format!("{}\n\ncr-{token}\n", texts.join("\n\n* * *\n\n")));
    mail
}

fn fill(body: &str, request: Request<'_>, owner: &Address) -> String {
    let subject = without_links(&one_line(&request.facts.subject, 100));
    let days = request.policy.retention_days.min(u32::from(super::token::LIFE_IN_DAYS));
    let values = [
        ("{owner}", owner.to_string()),
        ("{sender}", request.to.to_string()),
        ("{subject}", if subject.is_empty() { "-".to_owned() } else { subject }),
        ("{date}", request.facts.date.map_or("-".to_owned(), |d| format!("{} UTC", short_date(d)))),
        ("{days}", days.to_string()),
    ];
    // One pass: a Subject that reads `{sender}` stays as it is.
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match values.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_texts_are_good() {
        for (code, text) in BUILT_IN {
            let template = Template::parse(text).unwrap_or_else(|error| panic!("{code}: {error}"));
            assert!(template.subject.starts_with("Auto: "), "{code}");
            for needed in ["{owner}", "{subject}", "{date}"] {
                assert!(template.body.contains(needed), "{code} does not say {needed}");
            }
            for banned in ["http", "www.", "countersign", "urgent", "click"] {
                assert!(!text.to_lowercase().contains(banned), "{code} says {banned}");
            }
        }
    }

    #[test]
    fn a_bad_text_is_refused_with_its_line() {
        let unknown = Template::parse("Subject: x\n\nHello {owner},\n{name}\n");
        assert_eq!(unknown, Err(TemplateError::UnknownPlaceholder("name".into(), 4)));
        assert_eq!(Template::parse("Subject: {x\n\n"), Err(TemplateError::UnknownPlaceholder("x".into(), 1)));
        assert_eq!(Template::parse("Hello\n\nWorld"), Err(TemplateError::NoSubject));
        assert_eq!(Template::parse("Subject: x"), Err(TemplateError::NoSubject));
        assert_eq!(Template::parse(&"x".repeat(SIZE_LIMIT)), Err(TemplateError::TooLong));
    }

    #[test]
    fn a_long_user_part_leaves_no_room_for_the_token() {
        let token = "12em04hmasw91nfkhj1hrff3tfhqc0hz";
        let of = |text: &str| answer_address(&Address::parse(text).unwrap(), "+", token).map(|a| a.to_string());
        assert_eq!(of("alice+shop@x.org"), Some(format!("alice+c{token}@x.org")));
        assert_eq!(of(&format!("{}@x.org", "a".repeat(30))).map(|a| a.len()), Some(64 + 6));
        assert_eq!(of(&format!("{}@x.org", "a".repeat(31))), None);
        assert_eq!(answer_address(&Address::parse("alice@x.org").unwrap(), "", token), None);
    }
}
