//! What can be known about one message, read from its bytes and from the words of the caller.
//!
//! Promises: never fails; a defect is a fact. The sender is clear only when two parsers, written by different
//! people, and our own [`Address`] agree on one mailbox; neither parser alone feeds an address into anything.
//! With `head.rs` the only user of mail-parser and mailparse. Never touches: history, configuration of the verdict.

use core::cell::OnceCell;
use core::net::IpAddr;
use std::sync::Arc;

use mail_parser::MessageParser;

use crate::mail::address::{Address, DELIMITERS};
use crate::mail::body::Body;
use crate::mail::content::{self, Content, FoundToken, TokenKind, TokenPlace, TokenText};
use crate::mail::display::{SHOWN_LIMIT, one_line};
use crate::mail::earlier::{self, EarlierId};
use crate::mail::fold::decode_words;
use crate::mail::head::{Field, Head, HeadDefect};
use crate::mail::language;
use crate::mail::name_address::shows_another;
use crate::mail::recipients::recipients;
use crate::origin::auth::{Authentication, Trust};
use crate::origin::envelope::{Caller, Envelope, EnvelopeSender};
use crate::origin::score::SpamScore;
use crate::origin::{submission, trace};
use crate::signs::list_id::{self, ListId};
use crate::signs::look::{self, People};
use crate::signs::subscription::{self, Subscription};
use crate::signs::{Kind, Sign};

/// Most recipients that are read from To and Cc together.
const RECIPIENT_LIMIT: usize = 2_000;
/// Most looks at a line that mailparse may take for its encoded words. RFC 2047 section 2 allows a line with encoded words
/// 76 characters: room for eight of them, which take 16 looks. A line of 998 (RFC 5322 section 2.1.1) that names forty
/// people takes 80.
const ENCODED_WORD_TRIES: usize = 256;
/// Most tokens that are taken from one message.
const TOKENS_LIMIT: usize = 32;

/// Everything that is known about one message; by default nothing.
///
/// What the header block says of origin and people is read at once. The rest is read when somebody first asks for it: the
/// mail of people one knows is decided before that, and most mail is theirs.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whom the mail system says it is from and to.
    pub envelope: Envelope,
    /// The single mailbox of the From field, if there is exactly one.
    pub sender: Sender,
    /// Whether it calls itself a challenge in the way this program's own do.
    pub is_challenge: bool,
    /// The Date field, seconds since 1970.
    pub date: Option<i64>,
    /// The Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// Everybody named in To, Cc, Bcc and their Resent- forms, read generously: this only says who is named.
    pub named: Vec<Address>,
    /// The mailing list it came through, where a field says it.
    named_list: Option<ListId>,
    /// What the trusted mail system found out about its origin.
    pub authentication: Authentication,
    /// How many Received fields it has.
    pub received: usize,
    /// The mark of this program's own mail to its user, unverified.
    pub own_mark: Option<TokenText>,
    /// Whether this user handed it in on this very host.
    pub submitted_here: bool,
    /// Where its header block begins and its caller's lines end, in bytes.
    pub message_start: usize,
    /// What is wrong with the header block.
    pub defects: Vec<HeadDefect>,
    /// The tokens in its header block and its caller's words, in the order of the design: address, Subject, references.
    head_tokens: Vec<FoundToken>,
    /// Whether it has a List-Id field at all, readable or not.
    names_a_list: bool,
    /// Where its body begins, in bytes.
    body: usize,
    /// The message's start, of which the rest is read.
    start: Arc<Vec<u8>>,
    /// What is trusted.
    trust: Trust,
    rest: OnceCell<Rest>,
}

/// What is read only when a rule asks for it.
#[derive(Clone, Debug, Default)]
struct Rest {
    name_shows_other_address: bool,
    shown_sender: String,
    subject: String,
    answer_addresses: Vec<Address>,
    signs: Vec<Sign>,
    list: Option<ListId>,
    score: SpamScore,
    empty_probe: bool,
    sending_host: Option<IpAddr>,
    declared_language: Option<&'static str>,
    delivery_failed: bool,
    tokens: Vec<FoundToken>,
    earlier: Vec<EarlierId>,
    content: Content,
}

/// The author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Both parsers and our own rules agree on one mailbox.
    Clear(Address),
    /// No agreement, with the reason.
    Unclear(Unclear),
}

/// Why no author is clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The mailbox is none that [`Address`] accepts.
    BadAddress,
    /// The field's name or value is written so that programs read it differently.
    BadField,
    /// The two parsers name different mailboxes, or one of them none.
    Disagreement,
    /// Several From fields: programs differ on which one counts.
    ManyFields,
    /// One field with several mailboxes, or a group.
    ManyMailboxes,
    /// No From field.
    NoField,
    /// A parser failed on it.
    ParserFailed,
}

impl Unclear {
    /// In kebab case, for logs and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Unclear::BadAddress => "bad-address",
            Unclear::BadField => "bad-field",
            Unclear::Disagreement => "parsers-disagree",
            Unclear::ManyFields => "many-from-fields",
            Unclear::ManyMailboxes => "many-mailboxes",
            Unclear::NoField => "no-from-field",
            Unclear::ParserFailed => "parser-failed",
        }
    }
}

/// Nothing is known where no parser read it.
impl Default for Sender {
    fn default() -> Sender {
        Sender::Unclear(Unclear::ParserFailed)
    }
}

impl Sender {
    /// The mailbox, if it is clear.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match self {
            Sender::Clear(address) => Some(address),
            Sender::Unclear(_) => None,
        }
    }
}

impl Facts {
    /// Reads the start of a message: its header block and what is in memory of its body.
    ///
    /// A panic inside a parser is a fact too: such a message would otherwise come back for days and then bounce.
    #[must_use]
    pub fn read(start: &[u8], caller: &Caller, trust: &Trust) -> Facts {
        Facts::of(Arc::new(start.to_vec()), caller, trust)
    }

    /// The same of bytes that are in memory anyway.
    #[must_use]
    pub fn of(start: Arc<Vec<u8>>, caller: &Caller, trust: &Trust) -> Facts {
        let read = guarded(|| Facts::of_head(&start, caller, trust), || Facts::unreadable(&start, caller));
        Facts { start, trust: trust.clone(), ..read }
    }

    fn of_head(start: &[u8], caller: &Caller, trust: &Trust) -> Facts {
        let head = Head::read(start);
        let block = with_end(&start[head.first_field()..head.body]);
        let parsed = MessageParser::new().parse_headers(&block);
        let envelope = Envelope::read(caller, &head);
        let named = mailboxes(&head, &["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"], RECIPIENT_LIMIT);
        Facts {
            sender: sender(&head, parsed.as_ref()),
            is_challenge: head.first(CHALLENGE_FIELD).is_some(),
            date: parsed.as_ref().and_then(mail_parser::Message::date).map(mail_parser::DateTime::to_timestamp),
            message_id: message_id(&head),
            head_tokens: tokens(&head, &envelope, &named),
            named,
            named_list: list_id::list_id(&head),
            names_a_list: head.first("List-Id").is_some(),
            body: head.body,
            authentication: Authentication::read(&head, trust),
            received: head.all("Received").count(),
            own_mark: head.only(OWN_MARK).and_then(|field| TokenText::parse(field.text().trim())),
            submitted_here: submission::is_handed_in(&head, caller.user.as_ref()),
            message_start: head.message_start(),
            defects: head.defects.clone(),
            envelope,
            ..Facts::default()
        }
    }

    /// What is left when a parser failed: the envelope, and that nothing else is known.
    fn unreadable(start: &[u8], caller: &Caller) -> Facts {
        let head = Head::read(start);
        Facts {
            envelope: Envelope::read(caller, &head),
            received: head.all("Received").count(),
            message_start: head.message_start(),
            defects: head.defects.clone(),
            rest: OnceCell::from(Rest::default()),
            ..Facts::default()
        }
    }

    fn rest(&self) -> &Rest {
        self.rest
            .get_or_init(|| guarded(|| self.read_rest(), || Rest { list: self.possible_list(), ..Rest::unreadable() }))
    }

    fn read_rest(&self) -> Rest {
        let head = Head::read(&self.start);
        let bytes = &self.start[head.body..];
        let body = Body::read(&head, bytes);
        let content = content::look(&body);
        let people = People {
            envelope: self.envelope_sender(),
            null: self.envelope.sender == EnvelopeSender::Null,
            unknown: matches!(self.envelope.sender, EnvelopeSender::Missing | EnvelopeSender::Unclear),
            author: self.sender.address(),
        };
        let signs = look::signs(&head, people, &body);
        let is_list = signs.iter().any(|sign| matches!(sign.kind(), Kind::List | Kind::Bulk));
        Rest {
            name_shows_other_address: name_shows_other_address(&head, &self.sender),
            shown_sender: shown(&head, "From"),
            subject: shown(&head, "Subject"),
            answer_addresses: mailboxes(&head, &["Sender", "Reply-To"], 4),
            list: self.possible_list().filter(|_| self.named_list.is_some() || is_list),
            score: SpamScore::read(&head, &self.trust.scores, self.trust.hops),
            empty_probe: is_empty_probe(&head, &content),
            sending_host: trace::sending_host(&head, self.trust.hops),
            declared_language: language::declared(&head),
            delivery_failed: trace::delivery_failed(&head, bytes),
            tokens: with_body(&self.head_tokens, &content.tokens),
            earlier: earlier(&head, &body, &signs),
            signs,
            content,
        }
    }

    /// What is in memory of the message.
    #[must_use]
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// What is in memory of the message, without its caller's lines.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.start[self.message_start.min(self.start.len())..]
    }

    /// The envelope sender, if it is one known mailbox.
    #[must_use]
    pub fn envelope_sender(&self) -> Option<&Address> {
        self.envelope.sender.known()
    }

    /// The list it came through if it came through one: what [`Facts::list`] says, but for whether it is a list's mail
    /// at all.
    #[must_use]
    pub fn possible_list(&self) -> Option<ListId> {
        let of_envelope = || list_id::of_envelope(self.envelope_sender()?, self.sender.address());
        self.named_list.clone().or_else(|| of_envelope().filter(|_| !self.names_a_list))
    }

    /// Whether a token can be in it. A token in the text is looked for as it stands in the message: what is written in
    /// base64 is not seen, and one that is seen may be none.
    #[must_use]
    pub fn may_bear_token(&self) -> bool {
        !self.head_tokens.is_empty() || content::may_bear_token(&self.start[self.body.min(self.start.len())..])
    }

    /// Whether the display name holds another mail address than the sender's own.
    #[must_use]
    pub fn name_shows_other_address(&self) -> bool {
        self.rest().name_shows_other_address
    }

    /// The From field as a person reads it, fit to be shown.
    #[must_use]
    pub fn shown_sender(&self) -> &str {
        &self.rest().shown_sender
    }

    /// The decoded Subject, fit to be shown.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.rest().subject
    }

    /// The clear mailboxes of Sender and Reply-To, at most four: an answer may come from an alias of the person.
    #[must_use]
    pub fn answer_addresses(&self) -> &[Address] {
        &self.rest().answer_addresses
    }

    /// Why it was not written by a person for this user alone; empty if nothing says so.
    #[must_use]
    pub fn signs(&self) -> &[Sign] {
        &self.rest().signs
    }

    /// The mailing list it came through.
    #[must_use]
    pub fn list(&self) -> Option<&ListId> {
        self.rest().list.as_ref()
    }

    /// What the user's own spam filter said.
    #[must_use]
    pub fn score(&self) -> &SpamScore {
        &self.rest().score
    }

    /// The message without a word of a spam filter.
    #[must_use]
    pub fn without_score(mut self) -> Facts {
        let rest = Rest { score: SpamScore::default(), ..self.rest().clone() };
        self.rest = OnceCell::from(rest);
        self
    }

    /// Whether it has nothing that a person's mail has: see [`is_empty_probe`].
    #[must_use]
    pub fn empty_probe(&self) -> bool {
        self.rest().empty_probe
    }

    /// The host that handed it to the user's own mail systems, as the last of those wrote it down.
    #[must_use]
    pub fn sending_host(&self) -> Option<IpAddr> {
        self.rest().sending_host
    }

    /// The language that its header block claims, as a code of two letters; [`crate::mail::language::guess`] knows better.
    #[must_use]
    pub fn declared_language(&self) -> Option<&'static str> {
        self.rest().declared_language
    }

    /// Whether it is a report that says that a delivery has failed for good.
    #[must_use]
    pub fn delivery_failed(&self) -> bool {
        self.rest().delivery_failed
    }

    /// Which mailing lists it subscribes its author to, if it goes to these recipients.
    #[must_use]
    pub fn subscriptions(&self, recipients: &[Address]) -> Vec<Subscription> {
        let head = Head::read(&self.start);
        subscription::of_message(recipients, &head, &Body::read(&head, &self.start[head.body..]))
    }

    /// Every token in it, in the order of the design: address, Subject, references, body.
    #[must_use]
    pub fn tokens(&self) -> &[FoundToken] {
        &self.rest().tokens
    }

    /// The Message-IDs of earlier messages that it names, in the order in which they are looked for: of a report, a notice or
    /// a challenge first those of what it returns, and for every message those of what it answers.
    #[must_use]
    pub fn earlier(&self) -> &[EarlierId] {
        &self.rest().earlier
    }

    /// What its body shows.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.rest().content
    }
}

impl Rest {
    /// What is left when a parser failed: nobody can say who wrote it, so it answers nothing and nobody is asked.
    fn unreadable() -> Rest {
        Rest { content: Content { unreadable: true, ..Content::default() }, ..Rest::default() }
    }
}

/// The field by which a challenge of this kind can be known by a program.
pub const CHALLENGE_FIELD: &str = "X-CR-Challenge";
/// The field that marks this program's own mail to its user.
pub const OWN_MARK: &str = "X-Countersign-Own";

/// Fewer letters and digits than this, in Subject and text together, are next to no text: the probes of seed 001
/// (S001-4) have one run of letters.
pub const PROBE_LETTERS: usize = 40;
/// So many words are text, however short they are: a Subject and a sentence.
pub const PROBE_WORDS: usize = 6;

/// Whether this is a probe: mail that says next to nothing, sent to see what comes back. It has neither Date nor
/// Message-ID (RFC 3834 section 2: no answer to a malformed message), nothing is attached, and Subject and text have
/// fewer than [`PROBE_LETTERS`] letters and fewer than [`PROBE_WORDS`] words. However short, what has one of the two
/// fields is no probe.
fn is_empty_probe(head: &Head<'_>, content: &Content) -> bool {
    let lacks = |name: &str| head.all(name).all(|field| field.raw.trim_ascii().is_empty());
    if !lacks("Date") || !lacks("Message-ID") || content.has_attachments {
        return false;
    }
    let subject = head.first("Subject").filter(|field| field.is_bounded()).map(|field| decode_words(&field.unfolded()));
    let (letters, words) = content::amount(&subject.unwrap_or_default());
    letters + content.letters < PROBE_LETTERS && words + content.words < PROBE_WORDS
}

/// The first reading, or the second one if the first panics.
fn guarded<T>(first: impl FnOnce() -> T, second: impl FnOnce() -> T) -> T {
    // Nothing that outlives the panic was touched: both read the same bytes and build a new value.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(first)).unwrap_or_else(|_| second())
}

/// mail-parser loses the last header value when no line end follows it (measured), so the block gets one.
fn with_end(block: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(block.len() + 2);
    bytes.extend_from_slice(block);
    bytes.extend_from_slice(b"\n\n");
    bytes
}

/// The agreement rule of the design, section 9.
fn sender(head: &Head<'_>, parsed: Option<&mail_parser::Message<'_>>) -> Sender {
    let unclear = Sender::Unclear;
    let Some(field) = head.first("From") else { return unclear(Unclear::NoField) };
    let counted = parsed.map_or(0, |p| p.headers().iter().filter(|h| h.name == mail_parser::HeaderName::From).count());
    if head.all("From").count() > 1 || counted > 1 {
        return unclear(Unclear::ManyFields);
    }
    let odd = |b: &u8| *b == 0 || (*b < b' ' && !matches!(b, b'\t' | b'\r' | b'\n'));
    let lone_return = field.raw.windows(2).any(|pair| pair[0] == b'\r' && !matches!(pair[1], b'\r' | b'\n'));
    if counted == 0 || !field.is_bounded() || field.name.len() != 4 || field.raw.iter().any(odd) || lone_return {
        return unclear(Unclear::BadField);
    }
    match (strict_mailbox(field), lenient_mailbox(parsed)) {
        (Err(many), _) | (_, Err(many)) => unclear(many),
        (Ok(a), Ok(b)) if a == b => Address::parse(&a).map_or(unclear(Unclear::BadAddress), Sender::Clear),
        _ => unclear(Unclear::Disagreement),
    }
}

/// mailparse's opinion on the bytes of the one field.
fn strict_mailbox(field: &Field<'_>) -> Result<String, Unclear> {
    if encoded_word_tries(field.raw) > ENCODED_WORD_TRIES {
        return Err(Unclear::BadField);
    }
    let bytes = [b"From:", field.raw, b"\r\n\r\n"].concat();
    let (header, _) = mailparse::parse_header(&bytes).map_err(|_| Unclear::BadField)?;
    let list = mailparse::addrparse_header(&header).map_err(|_| Unclear::Disagreement)?;
    match list.as_slice() {
        [mailparse::MailAddr::Single(one)] => Ok(one.addr.clone()),
        [] => Err(Unclear::BadAddress),
        _ => Err(Unclear::ManyMailboxes),
    }
}

/// The most looks that mailparse takes at one line of a value to find the encoded words in it: at each `=?`, and at each
/// `?=` behind it until one ends a word, it counts characters from the line's beginning. That is cubic in the line's
/// length (measured: 3.4 s for 14 KiB, minutes for 64). Counting stops above [`ENCODED_WORD_TRIES`].
fn encoded_word_tries(value: &[u8]) -> usize {
    // Most values have none, and this runs for every message.
    if !value.contains(&b'?') {
        return 0;
    }
    value.split(|&b| b == b'\n').map(tries_in_line).max().unwrap_or_default()
}

fn tries_in_line(line: &[u8]) -> usize {
    let find = |from: usize, pair: &[u8]| line[from..].windows(2).position(|two| two == pair).map(|at| from + at);
    // It takes the number of a byte for the number of a character; outside ASCII any word may then have no end.
    let parted = |at: usize| line.get(at).is_none_or(|&b| char::from(b).is_whitespace() || b"\"()<>,".contains(&b));
    let ascii = line.is_ascii();
    let (mut tries, mut at) = (0, 0);
    while let Some(start) = find(at, b"=?") {
        at = start + 2;
        tries += 1;
        let mut end = if ascii && start > 0 && !parted(start - 1) { None } else { find(at, b"?=") };
        while let Some(place) = end.filter(|_| tries <= ENCODED_WORD_TRIES) {
            tries += 1;
            if ascii && parted(place + 2) {
                at = place + 2;
                break;
            }
            end = find(place + 2, b"?=");
        }
        if tries > ENCODED_WORD_TRIES {
            break;
        }
    }
    tries
}

/// mail-parser's opinion on the whole block.
fn lenient_mailbox(parsed: Option<&mail_parser::Message<'_>>) -> Result<String, Unclear> {
    match parsed.and_then(mail_parser::Message::from) {
        Some(mail_parser::Address::List(list)) => match list.as_slice() {
            [one] => one.address().map(str::to_owned).ok_or(Unclear::BadAddress),
            [] => Err(Unclear::BadAddress),
            _ => Err(Unclear::ManyMailboxes),
        },
        Some(mail_parser::Address::Group(_)) => Err(Unclear::ManyMailboxes),
        None => Err(Unclear::BadAddress),
    }
}

/// In the name or in a comment, encoded or not.
fn name_shows_other_address(head: &Head<'_>, sender: &Sender) -> bool {
    let (Sender::Clear(own), Some(field)) = (sender, head.first("From")) else { return false };
    shows_another(&decode_words(&field.unfolded()), own)
}

fn shown(head: &Head<'_>, name: &str) -> String {
    let field = head.first(name).filter(|field| field.is_bounded());
    field.map(|field| one_line(&decode_words(&field.unfolded()), SHOWN_LIMIT)).unwrap_or_default()
}

/// RFC 5322 section 3.6.4, strict: it goes into a header field of ours. Repeated or odd: none.
fn message_id(head: &Head<'_>) -> Option<String> {
    let text = head.only("Message-ID")?.text();
    earlier::message_id(text.strip_prefix('<')?.strip_suffix('>')?)
}

/// What a person passes on or quotes is not what came back to the user: only a machine returns messages.
fn earlier(head: &Head<'_>, body: &Body<'_>, signs: &[Sign]) -> Vec<EarlierId> {
    let reports = signs.iter().any(|sign| matches!(sign.kind(), Kind::Bounce | Kind::Report));
    let returns = reports || signs.iter().any(|sign| matches!(sign.kind(), Kind::AutoReply | Kind::Challenge));
    let mut found = if returns { earlier::returned(body, reports) } else { Vec::new() };
    found.extend(earlier::answered(head));
    found
}

/// Everybody named in these fields.
fn mailboxes(head: &Head<'_>, names: &[&str], limit: usize) -> Vec<Address> {
    let mut found = Vec::new();
    for field in names.iter().flat_map(|name| head.fields.iter().filter(move |f| f.is(name)).take(8)) {
        if field.is_bounded() {
            found.extend(recipients(field.raw, limit - found.len()));
        }
    }
    found
}

/// The carriers of a token in the order of the design, section 3, but for the body.
fn tokens(head: &Head<'_>, envelope: &Envelope, named: &[Address]) -> Vec<FoundToken> {
    let mut found: Vec<FoundToken> = Vec::new();
    let locals = envelope.recipients.iter().chain(named).map(|address| address.local().to_owned());
    for text in envelope.extensions.iter().cloned().chain(locals) {
        // The delimiter is the site's own; a token address ends in one letter and 32 characters whatever it is.
        let tail = text.rsplit(|c| DELIMITERS.contains(c)).next().unwrap_or_default();
        if let Some((kind, text)) = content::token_in_extension(tail) {
            add(&mut found, FoundToken { kind, text, place: TokenPlace::Address });
        }
    }
    for field in head.all("Subject").filter(|field| field.is_bounded()).take(4) {
        for text in content::tokens_in_text(&decode_words(&field.unfolded())) {
            add(&mut found, FoundToken { kind: TokenKind::Confirm, text, place: TokenPlace::Subject });
        }
    }
    for field in head.all("In-Reply-To").chain(head.all("References")).filter(|field| field.is_bounded()).take(8) {
        for (kind, text) in content::tokens_in_ids(&field.text()) {
            add(&mut found, FoundToken { kind, text, place: TokenPlace::References });
        }
    }
    found
}

/// The tokens of the header block, then those of the text.
fn with_body(head: &[FoundToken], body: &[TokenText]) -> Vec<FoundToken> {
    let mut found = head.to_vec();
    for text in body {
        add(&mut found, FoundToken { kind: TokenKind::Confirm, text: text.clone(), place: TokenPlace::Body });
    }
    found
}

/// The same token from two places is one.
fn add(found: &mut Vec<FoundToken>, token: FoundToken) {
    let known = |one: &FoundToken| one.text == token.text && one.kind == token.kind;
    if found.len() < TOKENS_LIMIT && !found.iter().any(known) {
        found.push(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        Facts::read(text.as_bytes(), &Caller::default(), &Trust::default())
    }

    fn sender_of(from: &str) -> Sender {
        facts(&format!("{from}\nSubject: x\n\nbody\n")).sender
    }

    #[test]
    fn no_value_keeps_a_parser_busy_for_more_than_so_many_looks_at_a_line() {
        let never_closed = " =?".repeat(ENCODED_WORD_TRIES + 1);
        let halves = format!("{}{}", " =?".repeat(20), "?=x".repeat(20));
        let inside_words = "a=?".repeat(ENCODED_WORD_TRIES + 1);
        let eight_bits = format!("\u{fc}{}", "=?a?q?b?= ".repeat(30));
        let whole = "=?utf-8?q?b?= ".repeat(ENCODED_WORD_TRIES / 2 + 1);
        for words in [&never_closed, &halves, &inside_words, &eight_bits, &whole] {
            assert_eq!(encoded_word_tries(words.as_bytes()), ENCODED_WORD_TRIES + 1, "{words}");
            assert_eq!(sender_of(&format!("From: {words} <bob@x.org>")), Sender::Unclear(Unclear::BadField), "{words}");
            // To and Reply-To do not go through that parser, so nothing is lost there.
            let read = facts(&format!("To: {words} <bob@x.org>\nCc: c@x.org\nReply-To: {words} <bob@x.org>\n\n"));
            assert_eq!(read.named, ["bob@x.org", "c@x.org"].map(|text| Address::parse(text).unwrap()), "{words}");
            assert_eq!(read.answer_addresses(), [Address::parse("bob@x.org").unwrap()], "{words}");
        }
    }

    #[test]
    fn what_people_write_takes_few_looks() {
        for (value, tries) in [
            ("bob@x.org".to_owned(), 0),
            ("=?utf-8?q?Andr=C3=A9?= <andre@x.org>".to_owned(), 2),
            ("\"=?utf-8?b?QQ==?=\" <a@x.org>".to_owned(), 2),
            ("=?utf-8?q?A=3F=41?= <a@x.org>, ".repeat(40), 80),
            // Each line counts for itself.
            ("=?utf-8?q?A?= <a@x.org>,\r\n\t".repeat(1_000), 2),
        ] {
            assert_eq!(encoded_word_tries(value.as_bytes()), tries, "{value}");
        }
        let many = format!("To: {}a@x.org\n\n", "=?utf-8?q?A?= <a@x.org>,\r\n\t".repeat(1_000));
        assert_eq!(facts(&many).named.len(), 1_001);
        let long = format!("To: {}a@x.org\n\n", "=?utf-8?q?A?= <a@x.org>, ".repeat(40));
        assert_eq!(facts(&long).named.len(), 41);
    }

    #[test]
    fn a_parser_that_panics_leaves_a_message_to_hold() {
        let message = b"Return-Path: <bob@x.org>\nReceived: x\nFrom: bob@x.org\n\n";
        let facts = guarded(|| panic!("a parser's bug"), || Facts::unreadable(message, &Caller::default()));
        assert_eq!(facts.sender, Sender::Unclear(Unclear::ParserFailed));
        assert!(facts.envelope_sender().is_some() && facts.tokens().is_empty());
    }

    #[test]
    fn latin_1_addresses_do_not_become_one() {
        let read = |bytes: &[u8]| Facts::read(bytes, &Caller::default(), &Trust::default()).sender;
        assert!(matches!(read(b"From: jos\xe9@x.org\n\n"), Sender::Unclear(_)));
        assert!(matches!(read(b"From: jos\xe8@x.org\n\n"), Sender::Unclear(_)));
    }

    #[test]
    fn a_probe_lacks_what_a_persons_mail_has() {
        let good = ["Date: Sat, 21 Nov 2026 12:00:00 +0000", "Message-ID: <1@x.org>", "From: bob@x.org"];
        let probe = |fields: &[&str], subject: &str, body: &str| {
            facts(&format!("{}\nSubject: {subject}\n\n{body}\n", fields.join("\n"))).empty_probe()
        };
        // A person's short mail, and one whose program left one thing out.
        assert!(!probe(&good, "", "ok"));
        for left_out in 0..3 {
            let mut fields = good.to_vec();
            fields.remove(left_out);
            assert!(!probe(&fields, "", "ok"), "{fields:?}");
        }
        assert!(!probe(&[good[0], "From: a@x.org, b@x.org"], "hello", ""));
        assert!(probe(&[good[2]], "", "") && probe(&[good[2]], "", "ok") && probe(&[], "hello", "ok"));
        assert!(probe(&["Date:", "Message-ID: ", good[2]], "hello there", "iamjustsendingthisleter"));
        assert!(!probe(&[good[2], "Content-Type: image/png"], "", "x"));
        let text = "a".repeat(PROBE_LETTERS);
        assert!(!probe(&[good[2]], "", &text) && !probe(&[good[2]], &text, ""));
        assert!(probe(&[good[2]], "a", &text[2..]) && !probe(&[good[2]], "a", &text[1..]));
        assert!(probe(&[good[2]], "Hello", "are you there") && probe(&[good[2]], "a b", "c d e ..."));
        // A Subject and a sentence, also where no blanks stand between words.
        assert!(!probe(&[good[2]], "Tea on Monday?", "Would you come at four?"));
        let utf8 = "Content-Type: text/plain; charset=utf-8";
        let japanese =
            "\u{6708}\u{66dc}\u{65e5}\u{306b}\u{304a}\u{4f1a}\u{3044}\u{3067}\u{304d}\u{307e}\u{3059}\u{304b}";
        assert!(!probe(&[good[2], utf8], "", japanese));
        assert!(probe(&[good[2], utf8], "", "\u{3053}\u{3093}\u{306b}\u{3061}\u{306f}"));
    }

    /// A new fact stops this from compiling: show it in `explain` first, and then name it here.
    #[test]
    fn no_fact_is_left_out() {
        let Facts {
            envelope: _,
            sender: _,
            is_challenge: _,
            date: _,
            message_id: _,
            named: _,
            named_list: _,
            names_a_list: _,
            authentication: _,
            received: _,
            own_mark: _,
            submitted_here: _,
            message_start: _,
            defects: _,
            head_tokens: _,
            body: _,
            start: _,
            trust: _,
            rest,
        } = facts("From: bob@x.org\n\nHello\n");
        assert!(rest.get().is_none(), "nothing of it was asked for");
        let Rest {
            name_shows_other_address: _,
            shown_sender: _,
            subject: _,
            answer_addresses: _,
            signs: _,
            list: _,
            score: _,
            empty_probe: _,
            sending_host: _,
            declared_language: _,
            delivery_failed: _,
            tokens: _,
            earlier: _,
            content,
        } = facts("From: bob@x.org\n\nHello\n").rest().clone();
        let Content {
            tokens: _,
            nothing: _,
            preview: _,
            has_own_text,
            said_nothing: _,
            unreadable: _,
            letters: _,
            words: _,
            has_attachments: _,
            executables: _,
            own_lines: _,
            unexamined: _,
        } = content;
        assert!(has_own_text);
    }
}
