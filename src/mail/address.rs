//! One mail address, strictly constructed, and the one normal form under which it is compared.
//!
//! Promises: whatever holds an [`Address`] may put it into an argument list, an envelope or a header field.
//! Nothing else in the program makes an address. Never touches: anything outside this file.

use std::fmt;

/// Longest local part in octets (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_LIMIT: usize = 64;
/// Longest domain in octets (RFC 5321 section 4.5.3.1.2).
pub const DOMAIN_LIMIT: usize = 255;
/// The characters at which mail systems split user+anything@ (RFC 5233 section 1 leaves them to the site). What may be
/// configured and where a token is looked for must be the same, or answers are not found.
pub const DELIMITERS: &str = "+-=_.#";

/// Most parents of a domain that are looked at; names of people's mail have three at most.
pub const PARENTS_LIMIT: usize = 8;

/// The two names of one mail system that takes dots in a local part for nothing; anywhere else they may tell people apart.
const GMAIL: [&str; 2] = ["gmail.com", "googlemail.com"];

/// A mailbox address: a local part as it was written, without quotes, and a domain in A-label form, lower case.
///
/// The local part keeps its case, since RFC 5321 section 2.4 lets only its own host interpret it; comparison
/// goes through [`Address::normal`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    local: String,
    domain: Domain,
}

/// A domain name in A-label form, lower case, without a trailing dot; or a domain literal kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(String);

/// The form under which addresses are compared and hashed. Made by [`Address::normal`] and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NormalForm(String);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// A control character, white space, or a character no mail system can be trusted with.
    BadCharacter,
    /// The domain is no domain name and no domain literal.
    BadDomain,
    /// The local part is neither a dot-atom nor a quoted string.
    BadLocalPart,
    /// It begins with `-`, which a mail program could take for an option.
    LeadingHyphen,
    /// No `@`, or nothing on one side of it.
    NotAnAddress,
    /// More octets than RFC 5321 section 4.5.3.1 allows.
    TooLong,
}

impl Address {
    /// Reads `local@domain`, with nothing around it.
    ///
    /// # Errors
    /// [`AddressError`] names the first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let (local, domain) = split_at_sign(text)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::NotAnAddress);
        }
        let local = unquote(local)?;
        if local.is_empty() {
            return Err(AddressError::BadLocalPart);
        }
        if local.len() > LOCAL_LIMIT {
            return Err(AddressError::TooLong);
        }
        if local.starts_with('-') {
            return Err(AddressError::LeadingHyphen);
        }
        Ok(Address { local, domain: Domain::parse(domain)? })
    }

    /// The local part as written, without quotes.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form for comparing and hashing: local part NFC and lower case with BATV unwrapped, `+tag` kept; at Gmail
    /// without dots, and both its domains are one. SRS is never unwrapped, since anybody can write an SRS address for
    /// anybody (standards E.3).
    #[must_use]
    pub fn normal(&self) -> NormalForm {
        let local = self.plain_local();
        if self.is_at_gmail() {
            return NormalForm(format!("{}@{}", without_dots(&local), GMAIL[0]));
        }
        NormalForm(format!("{local}@{}", self.domain.0))
    }

    /// Every form under which this mailbox may have been hashed or signed, the normal one first. There is a second one at
    /// Gmail alone: earlier versions kept its dots.
    pub fn forms(&self) -> impl Iterator<Item = NormalForm> + use<> {
        let normal = self.normal();
        let former = self.is_at_gmail().then(|| NormalForm(format!("{}@{}", self.plain_local(), self.domain.0)));
        let former = former.filter(|former| *former != normal);
        std::iter::once(normal).chain(former)
    }

    /// The local part NFC and lower case, out of its BATV wrapping, with all its dots: what a name is read from.
    #[must_use]
    pub fn plain_local(&self) -> String {
        let folded = fold_case(&self.local);
        let plain = unwrap_batv(&folded);
        if plain.len() == folded.len() { folded } else { plain.to_owned() }
    }

    /// The same mailbox without its sub-address: `bob+shop@x` is `bob@x` with the delimiter `+`.
    /// A delimiter at the very start is part of the name (`-bob@x` has no tag).
    #[must_use]
    pub fn without_tag(&self, delimiters: &str) -> Address {
        let (user, _) = self.split_tag(delimiters);
        Address { local: user.to_owned(), domain: self.domain.clone() }
    }

    /// The user and the sub-address, split at the first delimiter (RFC 5233 section 4).
    #[must_use]
    pub fn split_tag(&self, delimiters: &str) -> (&str, Option<&str>) {
        match self.local.char_indices().find(|&(at, c)| at > 0 && delimiters.contains(c)) {
            Some((at, c)) => (&self.local[..at], Some(&self.local[at + c.len_utf8()..])),
            None => (&self.local, None),
        }
    }

    /// An address at the same domain with another local part.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn with_local(&self, local: &str) -> Result<Address, AddressError> {
        Address::parse(&format!("{}@{}", quote(local), self.domain.0))
    }

    fn is_at_gmail(&self) -> bool {
        GMAIL.contains(&self.domain.as_str())
    }

    /// Whether the local part is ASCII: only such an address may be written to without SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }
}

/// As an addr-spec that may stand in an envelope or a header field.
impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", quote(&self.local), self.domain.0)
    }
}

impl Domain {
    /// Reads a domain name or a domain literal; U-labels become A-labels.
    ///
    /// # Errors
    /// [`AddressError::BadDomain`] or [`AddressError::TooLong`].
    pub fn parse(text: &str) -> Result<Domain, AddressError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(AddressError::BadDomain)?;
            let good = |c: char| c.is_ascii_alphanumeric() || ".:-".contains(c);
            if inner.is_empty() || inner.len() > DOMAIN_LIMIT - 2 || !inner.chars().all(good) {
                return Err(AddressError::BadDomain);
            }
            return Ok(Domain(format!("[{}]", inner.to_ascii_lowercase())));
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        let name = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii_strict(text).map_err(|_| AddressError::BadDomain)?
        };
        if name.len() > DOMAIN_LIMIT {
            return Err(AddressError::TooLong);
        }
        if name.is_empty() || !name.split('.').all(is_label) {
            return Err(AddressError::BadDomain);
        }
        Ok(Domain(name))
    }

    /// The domains that this one is a subdomain of, the nearest first, none of a single label; at most [`PARENTS_LIMIT`].
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let literal = self.0.starts_with('[');
        let dots = self.0.match_indices('.').map(|(at, _)| &self.0[at + 1..]);
        dots.filter(move |parent| !literal && parent.contains('.')).take(PARENTS_LIMIT)
    }

    /// Whether it is the other one, or below it.
    #[must_use]
    pub fn is_at_or_below(&self, other: &Domain) -> bool {
        self.0.strip_suffix(&other.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl NormalForm {
    /// The bytes that are hashed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            AddressError::BadCharacter => "it holds a control character or white space",
            AddressError::BadDomain => "what follows the @ is no domain",
            AddressError::BadLocalPart => "what stands before the @ is no local part",
            AddressError::LeadingHyphen => "it begins with a hyphen, which a mail program could take for an option",
            AddressError::NotAnAddress => "an address looks like name@example.org",
            AddressError::TooLong => "it is longer than mail allows (64 octets before the @, 255 after it)",
        })
    }
}

impl std::error::Error for AddressError {}

/// Splits at the `@` outside quotes; a second one makes it no address (`a@b@c` names different people to
/// different programs).
fn split_at_sign(text: &str) -> Result<(&str, &str), AddressError> {
    if text.chars().any(is_forbidden) {
        return Err(AddressError::BadCharacter);
    }
    let end_of_local = match text.strip_prefix('"') {
        Some(rest) => closing_quote(rest).ok_or(AddressError::BadLocalPart)? + 2,
        None => text.find('@').ok_or(AddressError::NotAnAddress)?,
    };
    let domain = text[end_of_local..].strip_prefix('@').ok_or(AddressError::NotAnAddress)?;
    if domain.contains('@') {
        return Err(AddressError::NotAnAddress);
    }
    Ok((&text[..end_of_local], domain))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// Control characters, white space and the invisible characters that make two addresses look alike.
/// A quoted local part with a space is legal and never seen; allowing it would put white space into logs,
/// arguments and header fields.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fffc}'..='\u{ffff}')
}

/// `"bob"@x` and `bob@x` are one mailbox (RFC 5321 section 4.1.2).
fn unquote(local: &str) -> Result<String, AddressError> {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return if is_dot_atom(local) { Ok(local.to_owned()) } else { Err(AddressError::BadLocalPart) };
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().ok_or(AddressError::BadLocalPart)? } else { c });
    }
    Ok(out)
}

fn quote(local: &str) -> String {
    if is_dot_atom(local) {
        return local.to_owned();
    }
    let mut out = String::from("\"");
    for c in local.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// dot-atom of RFC 5322 section 3.2.3, with the letters of RFC 6532.
fn is_dot_atom(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
    text.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

/// A label as it is met in real mail: underscores exist, so they are let in.
fn is_label(label: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len()) && label.bytes().all(good) && !label.starts_with('-') && !label.ends_with('-')
}

/// NFC (RFC 6532 section 3.1) and lower case. ASCII, nearly all there is, takes the short way.
fn fold_case(local: &str) -> String {
    if local.is_ascii() {
        return local.to_ascii_lowercase();
    }
    let nfc = icu_normalizer::ComposingNormalizerBorrowed::new_nfc();
    nfc.normalize(&nfc.normalize(local).to_lowercase()).into_owned()
}

/// The dots of a user's name at Gmail say nothing; those of a tag stay. A name of dots alone is nobody's, and stays too.
fn without_dots(local: &str) -> String {
    let (user, tag) = local.split_at(local.find('+').unwrap_or(local.len()));
    let folded = user.replace('.', "");
    if folded.is_empty() { local.to_owned() } else { format!("{folded}{tag}") }
}

/// `prvs=4321abcdef=bob` is bob today and `prvs=4322…=bob` tomorrow: bounce address tag validation gives one
/// person a new envelope address every day. Some systems leave a digit out, some put the tag last, as an early draft had
/// it. Barracuda writes `btv1==12345abcdef==bob`.
fn unwrap_batv(local: &str) -> &str {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let tag = |text: &str| matches!(text.len(), 9 | 10) && hex(text);
    let unwrapped = if let Some(rest) = local.strip_prefix("prvs=") {
        let (first, last) = (rest.split_once('='), rest.rsplit_once('='));
        let user_last = first.filter(|(hash, _)| tag(hash)).map(|(_, user)| user);
        user_last.or(last.filter(|(_, hash)| tag(hash)).map(|(user, _)| user))
    } else {
        let parts = local.strip_prefix("btv1==").and_then(|rest| rest.split_once("=="));
        parts.filter(|(hash, _)| hash.len() >= 7 && hex(hash)).map(|(_, user)| user)
    };
    unwrapped.filter(|user| !user.is_empty()).unwrap_or(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_labels_make_a_domain_another_ones() {
        let is = |one: &str, other: &str| Domain::parse(one).unwrap().is_at_or_below(&Domain::parse(other).unwrap());
        for (one, other) in [("xb.example", "b.example"), ("example", "b.example"), ("b.example", "a.b.example")] {
            assert!(!is(one, other), "{one} {other}");
        }
        for (one, other) in [("b.example", "B.example"), ("a.b.example", "b.example"), ("a.b.example", "example")] {
            assert!(is(one, other), "{one} {other}");
        }
    }
}
