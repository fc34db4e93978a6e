//! Who the mail system says the message is from and to. The envelope does not travel in the message; every
//! caller tells it in a different place, and some tell it wrongly.
//!
//! Promises: one answer from all places, in the order of how far each can be believed; two places that name
//! different people make the sender unclear. Never touches: the From field (that is `facts`).

use crate::mail::address::{Address, NormalForm};
use crate::mail::head::{Field, Head};

/// What the caller said outside the message: arguments, and the environment of the mail system.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// `--sender`.
    pub sender_argument: Option<String>,
    /// `--recipient`.
    pub recipient_argument: Option<String>,
    /// `--extension`.
    pub extension_argument: Option<String>,
    /// `RPLINE` (Courier): a whole `Return-Path: <…>` line.
    pub return_path_line: Option<String>,
    /// `SENDER` (Postfix, Exim, OpenSMTPD, Courier, Dovecot, qmail). Postfix replaces odd characters in it.
    pub sender: Option<String>,
    /// `RECIPIENT`.
    pub recipient: Option<String>,
    /// `ORIGINAL_RECIPIENT` (Postfix) or `ORIG_RECIPIENT` (Dovecot).
    pub original_recipient: Option<String>,
    /// `EXTENSION` (Postfix, OpenSMTPD), `EXT` (Courier) or `LOCAL_PART_SUFFIX` (Exim).
    pub extension: Option<String>,
    /// The name and number of the user the program runs as; with them a mail submitted on this host is known.
    pub user: Option<(String, u32)>,
}

/// The envelope sender (RFC 5321 reverse-path).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EnvelopeSender {
    /// One address, which every place that speaks of it names.
    Known(Address),
    /// No place speaks of it.
    #[default]
    Missing,
    /// `<>`: a bounce or another automatic message, never to be answered (RFC 5321 section 4.5.5).
    Null,
    /// Two places name different people, or what stands there is no address.
    Unclear,
}

impl EnvelopeSender {
    /// The one known address.
    #[must_use]
    pub fn known(&self) -> Option<&Address> {
        match self {
            EnvelopeSender::Known(address) => Some(address),
            EnvelopeSender::Missing | EnvelopeSender::Null | EnvelopeSender::Unclear => None,
        }
    }
}

/// The envelope as far as it can be known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Who it is from.
    pub sender: EnvelopeSender,
    /// Whether nothing but the `From ` line of an mbox file says so: the last delivery wrote it, or whoever made the
    /// archive, in which case it says little.
    pub only_mbox_line: bool,
    /// Whom it was delivered for, best source first: the case of the extension is kept where it can be.
    pub recipients: Vec<Address>,
    /// What stood behind the delimiter in the recipient's local part, best source first.
    pub extensions: Vec<String>,
}

impl Envelope {
    /// Gathers the envelope from the caller's words and from the lines it put on top of the message.
    #[must_use]
    pub fn read(caller: &Caller, head: &Head<'_>) -> Envelope {
        let recipients = recipients(caller, head);
        let extensions = caller.extension_argument.iter().chain(&caller.extension).filter(|e| !e.is_empty());
        let sender = sender(caller, head);
        let only_mbox_line = sender != EnvelopeSender::Missing
            && return_path(head).is_none()
            && [&caller.return_path_line, &caller.sender, &caller.sender_argument].iter().all(|said| said.is_none());
        Envelope { sender, only_mbox_line, extensions: extensions.cloned().collect(), recipients }
    }
}

impl Caller {
    /// The caller of kept mail, for dry runs: nobody speaks but the message itself. Where nothing on top says who sent it,
    /// the Return-Path among the user's own servers does: programs that fetch mail, and servers behind the one that wrote
    /// it, put their fields above it. At a delivery the caller speaks.
    #[must_use]
    pub fn of_kept(head: &Head<'_>, hops: usize) -> Caller {
        let unsaid = sender(&Caller::default(), head) == EnvelopeSender::Missing;
        let kept = return_path_above(head, hops).filter(|_| unsaid);
        Caller { return_path_line: kept.map(|field| format!("Return-Path: {}", field.text())), ..Caller::default() }
    }
}

/// The Return-Path that the caller's side wrote: among its own lines on top, or below other fields that are none of the
/// sender's, which stand above the first Received. Filters put their fields on top.
fn return_path<'h, 'a>(head: &'h Head<'a>) -> Option<&'h Field<'a>> {
    head.caller_fields().iter().find(|field| field.is("Return-Path")).or_else(|| return_path_above(head, 1))
}

/// The first Return-Path above that many Received fields. What has fewer of them may be the sender's own.
fn return_path_above<'h, 'a>(head: &'h Head<'a>, count: usize) -> Option<&'h Field<'a>> {
    let received = head.fields.iter().enumerate().filter(|(_, field)| field.is("Received"));
    let (end, _) = received.take(count.max(1)).nth(count.max(1) - 1)?;
    head.fields[..end].iter().find(|field| field.is("Return-Path"))
}

/// The order of the design: the caller's own lines on top, `RPLINE`, `SENDER`, `--sender`.
fn sender(caller: &Caller, head: &Head<'_>) -> EnvelopeSender {
    let on_top = return_path(head).map(Field::text);
    let mbox = head.mbox_line.and_then(mbox_sender);
    let line = caller.return_path_line.as_deref();
    let line = line.map(|l| l.split_once(':').map_or(l, |(_, value)| value).trim().to_owned());
    let environment = caller.sender.clone();
    let said = [on_top.or(mbox), line, environment, caller.sender_argument.clone()];
    let mut answer: Option<(EnvelopeSender, usize)> = None;
    for (place, text) in said.iter().enumerate() {
        let Some(text) = text else { continue };
        let one = parse_reverse_path(text);
        match &answer {
            None => answer = Some((one, place)),
            Some((first, _)) if same_person(first, &one, text) => {}
            Some(_) => return EnvelopeSender::Unclear,
        }
    }
    answer.map_or(EnvelopeSender::Missing, |(sender, _)| sender)
}

/// `MAILER-DAEMON` is how mbox lines and Postfix pipe(8) spell the null sender (measured).
fn parse_reverse_path(text: &str) -> EnvelopeSender {
    let text = text.trim();
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text).trim();
    let local = inner.split('@').next().unwrap_or_default();
    if inner.is_empty() || local.eq_ignore_ascii_case("MAILER-DAEMON") || inner == "#@[]" {
        return EnvelopeSender::Null;
    }
    // Source routes are to be ignored (RFC 5321 appendix C): `<@relay:joe@x>` is joe@x.
    let mailbox = match inner.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, mailbox)) => mailbox,
        None => inner,
    };
    Address::parse(mailbox).map_or(EnvelopeSender::Unclear, EnvelopeSender::Known)
}

/// Whether a later, less believable place agrees. Postfix writes `_` for every odd character in `SENDER`
/// (`o'brien+x#y@mx` arrives as `o_brien+x_y@mx`), so its underscore agrees with anything.
fn same_person(first: &EnvelopeSender, other: &EnvelopeSender, raw: &str) -> bool {
    match (first, other) {
        (EnvelopeSender::Known(a), EnvelopeSender::Known(b)) => {
            a.normal() == b.normal() || underscored(&a.normal(), &b.normal())
        }
        // An unset sender and an empty one look the same to some callers.
        (EnvelopeSender::Known(_), EnvelopeSender::Null) => raw.trim().is_empty(),
        (a, b) => a == b,
    }
}

fn underscored(truth: &NormalForm, filtered: &NormalForm) -> bool {
    let (truth, filtered) = (truth.as_str(), filtered.as_str());
    truth.chars().count() == filtered.chars().count()
        && truth.chars().zip(filtered.chars()).all(|(t, f)| t == f || (f == '_' && !t.is_ascii_alphanumeric()))
}

/// `From bob@x.org Mon Sep 17 …`: the second word. What has no `@` names nobody: git writes a commit there, mail readers
/// `-`; and the archives that Google hands out write `1844347792267117879@xxx`.
fn mbox_sender(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let rest = text.strip_prefix('>').unwrap_or(&text).strip_prefix("From ")?;
    // procmail called with an empty sender writes `From   date`: nothing where the sender should be.
    let word = if rest.starts_with(' ') { "" } else { rest.split(' ').next().unwrap_or_default() };
    let archive = word.strip_suffix("@xxx").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let names = word.is_empty() || word.eq_ignore_ascii_case("MAILER-DAEMON") || word.contains('@');
    (names && !archive).then(|| word.to_owned())
}

/// Argument, then the fields that keep the case of a token, then the environment (most systems lower-case it).
fn recipients(caller: &Caller, head: &Head<'_>) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let fields = ["Delivered-To", "X-Original-To", "Envelope-To"];
    let from_fields = fields.iter().flat_map(|name| {
        head.caller_fields().iter().filter(|field| field.is(name)).map(Field::text).collect::<Vec<_>>()
    });
    let environment = caller.recipient.iter().chain(&caller.original_recipient).cloned();
    for text in caller.recipient_argument.iter().cloned().chain(from_fields).chain(environment) {
        for one in text.split(',').take(8) {
            let one = one.trim().trim_start_matches('<').trim_end_matches('>');
            if let Ok(address) = Address::parse(one)
                && !found.contains(&address)
            {
                found.push(address);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipient_keeps_its_case_where_a_field_has_it() {
        let caller = Caller { recipient: Some("alice+ctoken@mx.test".into()), ..Caller::default() };
        let head = Head::read(b"Delivered-To: Alice+cTOKEN@mx.test\nX-Original-To: info@mx.test\nReceived: x\n\n");
        let found: Vec<String> = Envelope::read(&caller, &head).recipients.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["Alice+cTOKEN@mx.test", "info@mx.test", "alice+ctoken@mx.test"]);
    }
}
