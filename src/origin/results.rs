//! One Authentication-Results field as it stands (RFC 8601 section 2.2): its authserv-id, its results, and what about it
//! is strange.
//!
//! Promises: all of a field is grammatical, or none of it is given; strange is at least what OpenDKIM 2.11 cannot read, for
//! what a program cannot read it does not take out of a stranger's mail either. Never touches: whose word counts.

use super::proofs::Method;
use crate::mail::address::Domain;
use crate::mail::fold::{Cursor, is_blank};

/// Most results in one field, and most properties of one result. OpenDKIM takes a field of 16 results for one of none.
pub const AUTH_RESULT_LIMIT: usize = 15;
/// Most words, delimiters and comments in one field: what OpenDKIM has room for.
const TOKEN_LIMIT: usize = 512;
/// The types of properties that programs know: those of RFC 8601 section 2.3.
const TYPES: [&str; 4] = ["smtp", "header", "body", "policy"];

/// Why a field or one of its results is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// It stands below the last Received field of our own: the stranger may have written it.
    BelowBoundary,
    /// White space in the field's name: no server writes that, and programs differ on whose field it is.
    BlankInName,
    /// A comment that touches a name: `dkim(c)=pass`, `mx.example.org(c);`.
    CommentInName,
    /// Nothing between two semicolons.
    EmptyResult,
    /// It breaks the grammar of RFC 8601 section 2.2.
    Malformed,
    /// The method is known, but not configured.
    MethodNotConfigured,
    /// A method with its version: `dkim/1=pass`.
    MethodVersion,
    /// `none`: the server checked nothing.
    NothingChecked,
    /// Its authserv-id is not configured.
    NotTrustedId,
    /// A property without its type, such as `action=none`, or a reason that does not stand right behind the result.
    PropertyWithoutType,
    /// Longer than [`AUTH_VALUE_LIMIT`](super::auth::AUTH_VALUE_LIMIT).
    TooLong,
    /// Beyond [`AUTH_FIELD_LIMIT`](super::auth::AUTH_FIELD_LIMIT) or [`AUTH_RESULT_LIMIT`], or of too many words.
    TooMany,
    /// A method this program does not use: `arc`, `iprev`, `auth` and others.
    UnknownMethod,
    /// A trusted field stands above it, and a Received field between the two.
    OtherPlace,
    /// A version of the field other than 1.
    UnknownVersion,
    /// An underscore in the name of a method or property.
    UnusualName,
    /// A property of a type other than `smtp`, `header`, `body` and `policy`.
    UnusualType,
    /// A value that is empty, begins with a bracket in quotes, or in which `.` or `=` do not stand between words; a reason
    /// that has one and no quotes.
    UnusualValue,
}

impl Ignored {
    /// Whether genuine servers write such a thing all the same: Microsoft `action=none`, authentication_milter
    /// `x-bits=2048` and `x-tls.subject=…`, others `dns.zone=…`. Above the topmost Received field nobody else can.
    pub(super) fn is_written_by_servers(self) -> bool {
        matches!(self, Ignored::PropertyWithoutType | Ignored::UnusualType | Ignored::UnusualValue)
    }
}

/// The results of a field.
pub(super) struct Results {
    /// In their order; none for a field that says `none`.
    pub(super) statements: Vec<Statement>,
    /// The first thing about them that programs which remove forged fields may not be able to read.
    pub(super) strange: Option<Ignored>,
}

/// One result as it stands, before anybody asked whether it is wanted.
pub(super) struct Statement {
    pub(super) method: String,
    pub(super) word: String,
    /// `ptype.property` in lower case, and the value.
    properties: Vec<(String, Value)>,
}

/// The value of a property. A mailbox may begin with a quoted local part: the `@` in it is no sign.
pub(super) struct Value {
    quoted: Option<String>,
    rest: String,
}

impl Statement {
    /// What the result is about. A result that names it twice is about nothing one can tell.
    pub(super) fn domain(&self, method: Method) -> Option<Domain> {
        let (wanted, mailbox) = match method {
            Method::Dkim => ("header.d", false),
            Method::Dmarc => ("header.from", false),
            Method::Spf => ("smtp.mailfrom", true),
        };
        let mut values = self.properties.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value);
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        Domain::parse(value.domain_text(mailbox)?).ok()
    }
}

impl Value {
    /// Whether OpenDKIM can read it. Of a value it takes one word or sign (`.` and `=`), and then as often as a sign comes
    /// that sign and one more of either; anything left over it takes for the next property, and what it misses it takes
    /// from there. A reason is one word.
    fn is_usual(&self, is_reason: bool) -> bool {
        let is_sign = |byte: u8| matches!(byte, b'.' | b'=');
        // What begins with a bracket it takes for a comment, in quotes too.
        let is_comment = self.quoted.as_ref().is_some_and(|quoted| quoted.starts_with('('));
        if is_comment || (is_reason && self.rest.bytes().any(is_sign)) {
            return false;
        }
        let mut wants_more = self.quoted.is_none();
        let mut in_word = self.quoted.is_some();
        for byte in self.rest.bytes() {
            let starts_token = is_sign(byte) || !in_word;
            if starts_token && !wants_more && !is_sign(byte) {
                return false;
            }
            if starts_token {
                wants_more = !wants_more;
            }
            in_word = !is_sign(byte);
        }
        !wants_more
    }

    /// The domain of `bob@x.org`, `"b@b"@x.org`, `"bob@x.org"` or `x.org`; more than one `@` outside quotes names
    /// different domains to different programs.
    fn domain_text(&self, mailbox: bool) -> Option<&str> {
        let whole = match &self.quoted {
            Some(_) if mailbox && !self.rest.is_empty() => {
                return self.rest.strip_prefix('@').filter(|d| !d.contains('@'));
            }
            Some(quoted) if self.rest.is_empty() => quoted,
            Some(_) => return None,
            None => &self.rest,
        };
        match whole.split_once('@') {
            Some((_, domain)) => (mailbox && !domain.contains('@')).then_some(domain),
            None => Some(whole),
        }
    }
}

/// `[CFWS] authserv-id`; the cursor is left behind it.
pub(super) fn authserv_id(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor.skip_comments()?;
    let id = match cursor.take_quoted() {
        Some(quoted) => quoted,
        None => cursor.take_while(is_value_byte).to_vec(),
    };
    String::from_utf8(id).ok().filter(|id| !id.is_empty())
}

/// Whether a field has more words, delimiters and comments than a program need have room for; never fewer than OpenDKIM
/// counts.
pub(super) fn has_too_many_tokens(raw: &[u8]) -> bool {
    let ends_word = |b: u8| is_blank(b) || matches!(b, b';' | b'=' | b'.' | b'(' | b')');
    let mut before = b' ';
    let mut count = 0;
    for &byte in raw {
        count += usize::from(matches!(byte, b';' | b'=' | b'.' | b'(') || (!ends_word(byte) && ends_word(before)));
        before = byte;
    }
    count > TOKEN_LIMIT
}

/// What follows the authserv-id (the cursor stands right behind it): a version, then `none` or the results. An empty list
/// means `none`. All of it must be grammatical, or none of it counts.
pub(super) fn results(cursor: Cursor<'_>) -> Result<Results, Ignored> {
    let mut reader = Reader { cursor, strange: None };
    reader.no_comment_touches();
    let gap = reader.cursor.skip_comments().ok_or(Ignored::Malformed)?;
    if gap && reader.cursor.peek().is_some_and(|b| b.is_ascii_digit()) {
        if version(&mut reader.cursor).ok_or(Ignored::Malformed)? != 1 {
            return Err(Ignored::UnknownVersion);
        }
        reader.cursor.skip_comments().ok_or(Ignored::Malformed)?;
    }
    let mut statements = Vec::new();
    let mut none = false;
    while reader.cursor.take(b';') {
        reader.cursor.skip_comments().ok_or(Ignored::Malformed)?;
        match reader.cursor.peek() {
            // Many servers end the list with a semicolon.
            None => break,
            Some(b';') => {
                reader.note(Ignored::EmptyResult);
                continue;
            }
            Some(_) if statements.len() >= AUTH_RESULT_LIMIT => return Err(Ignored::TooMany),
            Some(_) => {}
        }
        match reader.statement().ok_or(Ignored::Malformed)? {
            Some(statement) => statements.push(statement),
            None => none = true,
        }
    }
    // Either `none` or results, not both.
    if reader.cursor.peek().is_some() || none != statements.is_empty() {
        return Err(Ignored::Malformed);
    }
    Ok(Results { statements, strange: reader.strange })
}

/// Reads results, and remembers the first strange thing.
struct Reader<'a> {
    cursor: Cursor<'a>,
    strange: Option<Ignored>,
}

impl Reader<'_> {
    /// `method[/version] = result`, then properties; or the word `none`, given as `Some(None)`.
    fn statement(&mut self) -> Option<Option<Statement>> {
        let method = self.name()?;
        self.cursor.skip_comments()?;
        if method == "none" && matches!(self.cursor.peek(), None | Some(b';')) {
            return Some(None);
        }
        if self.cursor.take(b'/') {
            self.cursor.skip_comments()?;
            version(&mut self.cursor)?;
            self.note(Ignored::MethodVersion);
            self.cursor.skip_comments()?;
        }
        self.equals()?;
        let word = self.keyword()?;
        let mut properties = Vec::new();
        let mut first = true;
        loop {
            let gap = self.cursor.skip_comments()?;
            if matches!(self.cursor.peek(), None | Some(b';')) {
                return Some(Some(Statement { method, word, properties }));
            }
            if !gap {
                return None;
            }
            if properties.len() >= AUTH_RESULT_LIMIT {
                self.note(Ignored::TooMany);
            }
            properties.push(self.property(first)?);
            first = false;
        }
    }

    /// `ptype.property = value`; right behind the result also `reason = value`; and a property without its type, as
    /// Microsoft writes `action=none`.
    fn property(&mut self, first: bool) -> Option<(String, Value)> {
        let mut name = self.name()?;
        let is_reason = first && name == "reason";
        self.cursor.skip_comments()?;
        let typed = self.cursor.take(b'.');
        if typed {
            if !TYPES.contains(&name.as_str()) {
                self.note(Ignored::UnusualType);
            }
            self.cursor.skip_comments()?;
            let property = self.keyword()?;
            if property.contains('_') {
                self.note(Ignored::UnusualName);
            }
            name = format!("{name}.{property}");
            self.cursor.skip_comments()?;
        } else if !is_reason {
            self.note(Ignored::PropertyWithoutType);
        }
        self.equals()?;
        let quoted = match self.cursor.take_quoted() {
            Some(bytes) => Some(String::from_utf8(bytes).ok()?),
            None => None,
        };
        // Unquoted signatures hold `/` and `=`, addresses an `@`: everything is let in that cannot end a value.
        let rest = String::from_utf8(self.cursor.take_while(is_value_byte).to_vec()).ok()?;
        let value = Value { quoted, rest };
        if !value.is_usual(is_reason) {
            self.note(Ignored::UnusualValue);
        }
        Some((name, value))
    }

    /// The name of a method or of a property's type, in lower case.
    fn name(&mut self) -> Option<String> {
        let name = self.keyword()?;
        self.no_comment_touches();
        if name.contains('_') {
            self.note(Ignored::UnusualName);
        }
        Some(name)
    }

    /// Letters, digits, hyphens and the underscore that some properties have, in lower case.
    fn keyword(&mut self) -> Option<String> {
        let word = self.cursor.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        (!word.is_empty()).then(|| String::from_utf8_lossy(word).to_ascii_lowercase())
    }

    fn equals(&mut self) -> Option<()> {
        let there = self.cursor.take(b'=');
        self.cursor.skip_comments()?;
        there.then_some(())
    }

    fn no_comment_touches(&mut self) {
        if self.cursor.peek() == Some(b'(') {
            self.note(Ignored::CommentInName);
        }
    }

    fn note(&mut self, strange: Ignored) {
        // What genuine servers write too is the weaker reproach.
        if self.strange.is_none_or(Ignored::is_written_by_servers) {
            self.strange = Some(strange);
        }
    }
}

/// The number of a version; none if there is no such number.
fn version(cursor: &mut Cursor<'_>) -> Option<u32> {
    let digits = cursor.take_while(|b| b.is_ascii_digit());
    String::from_utf8_lossy(digits).parse().ok()
}

/// What an unquoted value is made of, generously: no blank, no control character, nothing with a meaning of its own.
fn is_value_byte(byte: u8) -> bool {
    byte > b' ' && byte != 127 && !is_blank(byte) && !matches!(byte, b';' | b'(' | b')' | b'"' | b'\\')
}
