//! The account of a message: every fact about it.
//!
//! Promises: a fact that nobody thought of here does not compile with the tests; foreign text is fit to be shown. A
//! token's text is not shown: it is a key. Never touches: what the facts mean.

use serde::Serialize;

use super::page::{Page, WIDTH, kebab, texts, when, yes};
use crate::facts::{Facts, Sender};
use crate::mail::content::{Content, FoundToken};
use crate::mail::display::one_line;
use crate::mail::earlier::EarlierId;
use crate::mail::executable::Finding;
use crate::operation::installation::Installation;
use crate::origin::auth::MethodResult;
use crate::origin::envelope::EnvelopeSender;
use crate::origin::score::SpamScore;
use crate::signs::Sign;

/// What a trusted field that is no evidence means.
const DOUBTFUL: &str = "a trusted field cannot be read or checked nothing, so nothing is proven";

/// The facts of a message.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The envelope sender: an address, `<>`, or null.
    pub envelope_sender: Option<String>,
    /// `known`, `missing`, `null` or `unclear`.
    pub envelope: &'static str,
    /// Whether only the first line of an mbox file says so.
    pub only_mbox_line: bool,
    /// Whom it was delivered for.
    pub delivered_for: Vec<String>,
    /// What stood behind the delimiter.
    pub extensions: Vec<String>,
    /// The single mailbox of the From field, if it is clear.
    pub sender: Option<String>,
    /// Why it is not.
    pub unclear: Option<&'static str>,
    /// The From field as a person reads it.
    pub from: String,
    /// The mailboxes of Sender and Reply-To.
    pub answer_addresses: Vec<String>,
    /// The Subject.
    pub subject: String,
    /// The Date field.
    pub date: Option<i64>,
    /// The Message-ID, if it can be used.
    pub message_id: Option<String>,
    /// Everybody in To, Cc and Bcc.
    pub named: Vec<String>,
    /// Whether the user is among them.
    pub addressed_to_you: bool,
    /// What says that it was not written by a person for this user.
    pub signs: Vec<SignShown>,
    /// Whether it carries the field of a challenge of this kind.
    pub is_challenge: bool,
    /// The mailing list.
    pub list: Option<String>,
    /// Received fields.
    pub received: usize,
    /// The host that handed it to the user's own mail systems.
    pub sending_host: Option<String>,
    /// The language that its header block claims.
    pub declared_language: Option<&'static str>,
    /// Whether it is a report that says that a delivery has failed for good.
    pub delivery_failed: bool,
    /// Whether the display name holds another mail address than the sender's own.
    pub name_shows_other_address: bool,
    /// Whether this user handed it in on this host.
    pub submitted_here: bool,
    /// Whether it carries the mark of this program's own mail, verified or not.
    pub has_own_mark: bool,
    /// What is proven about the sender's domain.
    pub proofs: Vec<&'static str>,
    /// What the trusted mail system says.
    pub believed: Vec<Believed>,
    /// What is not believed.
    pub ignored: Vec<Ignored>,
    /// How much more is not believed.
    pub ignored_unlisted: usize,
    /// The mail systems that say something where strangers cannot.
    pub servers_seen: Vec<String>,
    /// How many Received fields stand above the first field of a configured id that is below the boundary.
    pub trusted_below: Option<usize>,
    /// Whether a trusted field could not be read, so that nothing is proven.
    pub doubtful: bool,
    /// The tokens in it, and whether each is known here.
    pub tokens: Vec<TokenShown>,
    /// The Message-IDs of earlier messages that it names.
    pub earlier: Vec<EarlierShown>,
    /// What its body shows.
    pub text: TextShown,
    /// Whether it says next to nothing and lacks what people's mail has.
    pub empty_probe: bool,
    /// What the user's spam filter says.
    pub spam_filter: FilterShown,
    /// What is wrong with its header block.
    pub defects: Vec<String>,
    /// Where the message begins behind the lines of this delivery, in bytes.
    pub message_start: usize,
}

/// A sign of automatic mail.
#[derive(Debug, Serialize)]
pub struct SignShown {
    /// Its name.
    pub name: &'static str,
    /// What kind of mail it shows.
    pub kind: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

/// What a message's body shows.
#[derive(Debug, Serialize)]
pub struct TextShown {
    /// The first lines of its text.
    pub preview: Vec<String>,
    /// Whether it has text that is not quotation, signature or token.
    pub has_own_text: bool,
    /// Whether it says and holds nothing but quotation and tokens.
    pub said_nothing: bool,
    /// Whether it has a text of which nothing can be read.
    pub unreadable: bool,
    /// Letters and digits of its text.
    pub letters: usize,
    /// Words of its text.
    pub words: usize,
    /// Whether something that is not text is attached.
    pub has_attachments: bool,
    /// Whether something in its body was not looked at.
    pub unexamined: bool,
    /// What in it a computer may run.
    pub executables: Vec<ExecutableShown>,
    /// Whether something that may be run could be in what was not looked at.
    pub executables_unexamined: bool,
}

/// What the user's spam filter says.
#[derive(Debug, Serialize)]
pub struct FilterShown {
    /// The points of the user's spam filter.
    pub points: Option<String>,
    /// Whether that filter calls it spam.
    pub says_spam: bool,
    /// Whether the points may be believed to be no higher.
    pub exact: bool,
    /// Whether a field of that filter could not be read.
    pub doubtful: bool,
    /// What of that filter is not believed.
    pub ignored: Vec<Ignored>,
}

/// Something that a computer may run.
#[derive(Debug, Serialize)]
pub struct ExecutableShown {
    /// What it is.
    pub kind: &'static str,
    /// The name of its file.
    pub name: String,
}

/// A result of a trusted mail system.
#[derive(Debug, Serialize)]
pub struct Believed {
    /// `dmarc`, `dkim`, `spf`.
    pub method: &'static str,
    /// The result's word.
    pub result: String,
    /// What it is about.
    pub domain: Option<String>,
    /// In which Authentication-Results field from the top, from 0.
    pub field: usize,
}

/// Something that is not believed.
#[derive(Debug, Serialize)]
pub struct Ignored {
    /// The text.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A token in the message.
#[derive(Debug, Serialize)]
pub struct TokenShown {
    /// What it is for: `confirm`, `not-me`.
    pub kind: String,
    /// Where it stands.
    pub place: String,
}

/// A Message-ID that the message names.
#[derive(Debug, Serialize)]
pub struct EarlierShown {
    /// Without its angle brackets.
    pub id: String,
    /// Where it stands: `In-Reply-To`, `returned message`.
    pub place: &'static str,
}

impl Shown {
    pub(super) fn of(installation: &Installation, facts: &Facts) -> Shown {
        let (envelope, envelope_sender) = envelope_words(&facts.envelope.sender);
        let said = &facts.authentication;
        Shown {
            envelope_sender,
            envelope,
            only_mbox_line: facts.envelope.only_mbox_line,
            delivered_for: texts(&facts.envelope.recipients),
            extensions: facts.envelope.extensions.iter().map(|text| one_line(text, WIDTH)).collect(),
            sender: facts.sender.address().map(ToString::to_string),
            unclear: if let Sender::Unclear(why) = &facts.sender { Some(why.name()) } else { None },
            name_shows_other_address: facts.name_shows_other_address(),
            from: facts.shown_sender().to_owned(),
            answer_addresses: texts(facts.answer_addresses()),
            subject: facts.subject().to_owned(),
            date: facts.date,
            message_id: facts.message_id.clone(),
            named: texts(&facts.named),
            addressed_to_you: facts.named.iter().any(|address| installation.config.policy.owner.is(address)),
            signs: facts.signs().iter().map(SignShown::of).collect(),
            is_challenge: facts.is_challenge,
            list: facts.list().as_ref().map(|list| one_line(list.as_str(), WIDTH)),
            received: facts.received,
            sending_host: facts.sending_host().map(|host| host.to_string()),
            declared_language: facts.declared_language(),
            delivery_failed: facts.delivery_failed(),
            submitted_here: facts.submitted_here,
            has_own_mark: facts.own_mark.is_some(),
            proofs: proofs(facts),
            believed: said.believed.iter().map(Believed::of).collect(),
            ignored: said.ignored.iter().map(|(what, why)| Ignored::of(what, &kebab(why))).collect(),
            ignored_unlisted: said.ignored_unlisted,
            servers_seen: said.ids_seen.clone(),
            trusted_below: said.trusted_below,
            doubtful: said.doubtful,
            tokens: facts.tokens().iter().map(TokenShown::of).collect(),
            earlier: facts.earlier().iter().map(EarlierShown::of).collect(),
            text: TextShown::of(facts.content()),
            empty_probe: facts.empty_probe(),
            spam_filter: FilterShown::of(facts.score()),
            defects: facts.defects.iter().map(kebab).collect(),
            message_start: facts.message_start,
        }
    }

    /// Who wrote it about what, what is proven of that, and all that speaks against a person's letter to this user.
    pub(super) fn in_short(&self, page: &mut Page) {
        page.row("From", &self.from);
        if self.envelope_sender != self.sender {
            page.row("envelope sender", self.envelope_sender.as_deref().unwrap_or(self.envelope));
        }
        page.row("Subject", &self.subject);
        page.row("proven", &if self.proofs.is_empty() { "nothing".to_owned() } else { self.proofs.join(", ") });
        if self.doubtful {
            page.row("doubtful", DOUBTFUL);
        }
        page.lines("damaged", self.defects.iter().cloned());
        page.lines("automatic", self.signs.iter().map(SignShown::words));
        page.lines("may be run", self.text.executables.iter().map(ExecutableShown::words));
        if self.name_shows_other_address {
            page.row("shows another", "the name holds another address");
        }
        if !self.addressed_to_you {
            page.row("to you", yes(false));
        }
        page.some("mailing list", self.list.as_ref());
        page.some("spam score", self.spam_filter.points.as_ref());
        if self.spam_filter.says_spam {
            page.row("spam filter", "calls it spam");
        }
    }

    pub(super) fn columns(&self, page: &mut Page) {
        page.heading("Message");
        page.row("From", &self.from);
        page.row("sender", self.sender.as_deref().unwrap_or(self.unclear.unwrap_or("unclear")));
        page.lines("Sender and Reply-To", self.answer_addresses.iter().cloned());
        page.row("Subject", &self.subject);
        page.row("Date", &self.date.map_or("none that can be read".to_owned(), when));
        page.row("Message-ID", self.message_id.as_deref().unwrap_or("none that can be used"));
        page.lines("To, Cc and Bcc", self.named.iter().cloned());
        page.row("to you", yes(self.addressed_to_you));
        page.lines("names", self.earlier.iter().map(|one| format!("{} ({})", one.id, one.place)));
        page.lines("damaged", self.defects.iter().cloned());
        page.row("begins at byte", &self.message_start.to_string());
        page.heading("Envelope");
        let source = if self.only_mbox_line { " (only the line of an mbox file says so)" } else { "" };
        page.row("sender", &format!("{}{source}", self.envelope_sender.as_deref().unwrap_or(self.envelope)));
        page.lines("delivered for", self.delivered_for.iter().cloned());
        page.lines("extension", self.extensions.iter().cloned());
        self.origin(page);
        page.heading("Who wrote it");
        page.list("automatic", self.signs.iter().map(SignShown::words), "no sign of it");
        page.row("challenge field", yes(self.is_challenge));
        page.row("shows another", if self.name_shows_other_address { "the name holds another address" } else { "no" });
        page.row("failed delivery", yes(self.delivery_failed));
        page.some("language", self.declared_language.map(str::to_owned).as_ref());
        page.some("mailing list", self.list.as_ref());
        page.row("handed in here", yes(self.submitted_here));
        page.row("our own mark", yes(self.has_own_mark));
        page.heading("Text");
        self.text.columns(page);
        page.row("empty probe", yes(self.empty_probe));
        self.spam_filter.columns(page);
        page.lines("token", self.tokens.iter().map(|token| format!("{}, in the {}", token.kind, token.place)));
    }

    fn origin(&self, page: &mut Page) {
        page.heading("Origin");
        page.row("Received fields", &self.received.to_string());
        page.row("handed over by", self.sending_host.as_deref().unwrap_or("no host that can be read"));
        page.row("proven", &if self.proofs.is_empty() { "nothing".to_owned() } else { self.proofs.join(", ") });
        let believed = self.believed.iter().map(|one| {
            let about = one.domain.as_deref().unwrap_or("no domain that can be read");
            format!("{}={} for {about} (field {})", one.method, one.result, one.field)
        });
        page.lines("believed", believed);
        page.lines("not believed", self.ignored.iter().map(|one| format!("{} ({})", one.what, one.why)));
        if self.ignored_unlisted > 0 {
            page.row("", &format!("and {} more", self.ignored_unlisted));
        }
        if let Some(hops) = self.trusted_below {
            let what =
                format!("a field of a configured id, below {hops} Received fields; believed only with hops = {hops}");
            page.row("too low", &what);
        }
        if self.doubtful {
            page.row("doubtful", DOUBTFUL);
        }
        page.lines("servers seen", self.servers_seen.iter().cloned());
    }
}

impl EarlierShown {
    pub(super) fn of(earlier: &EarlierId) -> EarlierShown {
        EarlierShown { id: one_line(&earlier.id, WIDTH), place: earlier.place.name() }
    }
}

impl TextShown {
    fn of(content: &Content) -> TextShown {
        // The tokens stand among the message's.
        // The lines of its own are read for one word, and stand in the preview; those of what says nothing prove that.
        let Content {
            tokens: _,
            own_lines: _,
            nothing: _,
            preview,
            has_own_text,
            said_nothing,
            unreadable,
            letters,
            words,
            has_attachments,
            executables,
            unexamined,
        } = content;
        TextShown {
            preview: preview.clone(),
            has_own_text: *has_own_text,
            said_nothing: *said_nothing,
            unreadable: *unreadable,
            letters: *letters,
            words: *words,
            has_attachments: *has_attachments,
            unexamined: *unexamined,
            executables: executables.findings.iter().map(ExecutableShown::of).collect(),
            executables_unexamined: executables.unexamined,
        }
    }

    fn columns(&self, page: &mut Page) {
        page.lines("begins", self.preview.iter().cloned());
        page.row("of its own", yes(self.has_own_text));
        page.row("says anything", yes(!self.said_nothing));
        page.row("can be read", yes(!self.unreadable));
        page.row("letters and digits", &self.letters.to_string());
        page.row("words", &self.words.to_string());
        page.row("anything attached", yes(self.has_attachments));
        page.row("looked at whole", yes(!self.unexamined));
        page.list("may be run", self.executables.iter().map(ExecutableShown::words), "nothing found");
        if self.executables_unexamined {
            page.row("", "and not all could be looked at");
        }
    }
}

impl FilterShown {
    fn of(score: &SpamScore) -> FilterShown {
        let SpamScore { points, says_spam, exact, doubtful, ignored } = score;
        FilterShown {
            points: points.map(|points| points.to_string()),
            says_spam: *says_spam,
            exact: *exact,
            doubtful: *doubtful,
            ignored: ignored.iter().map(|(what, why)| Ignored::of(what, &kebab(why))).collect(),
        }
    }

    fn columns(&self, page: &mut Page) {
        let more = if self.exact { "" } else { " or more" };
        let points = self.points.as_ref().map_or("none".to_owned(), |points| format!("{points}{more}"));
        page.row("spam score", &points);
        if self.says_spam {
            page.row("spam filter", "calls it spam");
        }
        if self.doubtful {
            page.row("spam filter", "wrote a field that cannot be read");
        }
        page.lines("not believed", self.ignored.iter().map(|one| format!("{} ({})", one.what, one.why)));
    }
}

impl ExecutableShown {
    fn of(one: &Finding) -> ExecutableShown {
        ExecutableShown { kind: one.kind.name(), name: one.name.clone() }
    }

    fn words(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

impl Ignored {
    fn of(what: &str, why: &str) -> Ignored {
        Ignored { what: what.to_owned(), why: why.to_owned() }
    }
}

impl SignShown {
    fn of(sign: &Sign) -> SignShown {
        SignShown { name: sign.name(), kind: sign.kind().name(), source: sign.source() }
    }

    fn words(&self) -> String {
        format!("{} ({}; {})", self.name, self.kind, self.source)
    }
}

impl Believed {
    fn of(one: &MethodResult) -> Believed {
        Believed {
            method: one.method.name(),
            result: one_line(&one.word, WIDTH),
            domain: one.domain.as_ref().map(ToString::to_string),
            field: one.field,
        }
    }
}

impl TokenShown {
    fn of(token: &FoundToken) -> TokenShown {
        TokenShown { kind: kebab(&token.kind), place: kebab(&token.place) }
    }
}

fn envelope_words(sender: &EnvelopeSender) -> (&'static str, Option<String>) {
    match sender {
        EnvelopeSender::Known(address) => ("known", Some(address.to_string())),
        EnvelopeSender::Missing => ("missing", None),
        EnvelopeSender::Null => ("null", Some("<>".to_owned())),
        EnvelopeSender::Unclear => ("unclear", None),
    }
}

fn proofs(facts: &Facts) -> Vec<&'static str> {
    facts.authentication.of_author(facts.sender.address()).list()
}
