//! One Authentication-Results field as it stands (RFC 8601 section 2.2): its authserv-id and its results.
//!
//! Promises: all of a field is grammatical, or none of it is given. Never touches: whose word counts.

use super::proofs::Method;
use crate::mail::address::Domain;
use crate::mail::fold::{Cursor, is_blank};

/// Most results in one field; ten DKIM signatures are rare.
pub const AUTH_RESULT_LIMIT: usize = 64;
/// Why a field or one of its results is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// It stands below the last Received field of our own: the stranger may have written it.
    BelowBoundary,
    /// It breaks the grammar of RFC 8601 section 2.2.
    Malformed,
    /// The method is known, but not configured.
    MethodNotConfigured,
    /// `none`: the server checked nothing.
    NothingChecked,
    /// Its authserv-id is not configured.
    NotTrustedId,
    /// Longer than [`AUTH_VALUE_LIMIT`](super::auth::AUTH_VALUE_LIMIT).
    TooLong,
    /// Beyond [`AUTH_FIELD_LIMIT`](super::auth::AUTH_FIELD_LIMIT) or [`AUTH_RESULT_LIMIT`].
    TooMany,
    /// A method this program does not use: `arc`, `iprev`, `auth` and others.
    UnknownMethod,
    /// It stands below the topmost Received field, and a trusted one that spoke of a configured method stands above.
    OtherPlace,
    /// A version of the field or of the method other than 1.
    UnknownVersion,
}

/// One result as it stands, before anybody asked whether it is wanted.
pub(super) struct Statement {
    pub(super) method: String,
    pub(super) version: u32,
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

/// What follows the authserv-id: a version, then `none` or the results. An empty list means `none`. All of it must
/// be grammatical, or none of it counts.
pub(super) fn results(mut cursor: Cursor<'_>) -> Result<Vec<Statement>, Ignored> {
    let gap = cursor.skip_comments().ok_or(Ignored::Malformed)?;
    if gap && cursor.peek().is_some_and(|b| b.is_ascii_digit()) {
        if version(&mut cursor)? != 1 {
            return Err(Ignored::UnknownVersion);
        }
        cursor.skip_comments().ok_or(Ignored::Malformed)?;
    }
    let mut out = Vec::new();
    let mut none = false;
    while cursor.take(b';') {
        cursor.skip_comments().ok_or(Ignored::Malformed)?;
        // Many servers end the list with a semicolon.
        if matches!(cursor.peek(), None | Some(b';')) {
            continue;
        }
        if out.len() >= AUTH_RESULT_LIMIT {
            return Err(Ignored::TooMany);
        }
        match statement(&mut cursor).ok_or(Ignored::Malformed)? {
            Some(statement) => out.push(statement),
            None => none = true,
        }
    }
    // Either `none` or results, not both.
    if cursor.peek().is_none() && none == out.is_empty() { Ok(out) } else { Err(Ignored::Malformed) }
}

/// `method[/version] = result`, then properties; or the word `none`, given as `Some(None)`.
fn statement(cursor: &mut Cursor<'_>) -> Option<Option<Statement>> {
    let method = keyword(cursor)?;
    cursor.skip_comments()?;
    if method == "none" && matches!(cursor.peek(), None | Some(b';')) {
        return Some(None);
    }
    let mut number = 1;
    if cursor.take(b'/') {
        cursor.skip_comments()?;
        number = version(cursor).ok()?;
        cursor.skip_comments()?;
    }
    equals(cursor)?;
    let word = keyword(cursor)?;
    let mut properties = Vec::new();
    loop {
        let gap = cursor.skip_comments()?;
        if matches!(cursor.peek(), None | Some(b';')) {
            return Some(Some(Statement { method, version: number, word, properties }));
        }
        if !gap {
            return None;
        }
        properties.push(property(cursor)?);
    }
}

/// `ptype.property = value`, `reason = value`, and a property without its type, as Microsoft writes `action=none`.
fn property(cursor: &mut Cursor<'_>) -> Option<(String, Value)> {
    let mut name = keyword(cursor)?;
    cursor.skip_comments()?;
    if cursor.take(b'.') {
        cursor.skip_comments()?;
        name = format!("{name}.{}", keyword(cursor)?);
        cursor.skip_comments()?;
    }
    equals(cursor)?;
    let quoted = match cursor.take_quoted() {
        Some(bytes) => Some(String::from_utf8(bytes).ok()?),
        None => None,
    };
    // Unquoted signatures hold `/` and `=`, addresses an `@`: everything is let in that cannot end a value.
    let rest = String::from_utf8(cursor.take_while(is_value_byte).to_vec()).ok()?;
    Some((name, Value { quoted, rest }))
}

/// Letters, digits, hyphens and the underscore that some properties have, in lower case.
fn keyword(cursor: &mut Cursor<'_>) -> Option<String> {
    let word = cursor.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (!word.is_empty()).then(|| String::from_utf8_lossy(word).to_ascii_lowercase())
}

fn equals(cursor: &mut Cursor<'_>) -> Option<()> {
    let there = cursor.take(b'=');
    cursor.skip_comments()?;
    there.then_some(())
}

fn version(cursor: &mut Cursor<'_>) -> Result<u32, Ignored> {
    let digits = cursor.take_while(|b| b.is_ascii_digit());
    String::from_utf8_lossy(digits).parse().map_err(|_| Ignored::Malformed)
}

/// What an unquoted value is made of, generously: no blank, no control character, nothing with a meaning of its own.
fn is_value_byte(byte: u8) -> bool {
    byte > b' ' && byte != 127 && !is_blank(byte) && !matches!(byte, b';' | b'(' | b')' | b'"' | b'\\')
}
