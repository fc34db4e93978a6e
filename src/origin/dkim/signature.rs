//! The DKIM-Signature fields of a message (RFC 6376 section 3.5), read as strictly as the standard is written.
//!
//! Promises: never fails; what is wrong with a field is a refusal with its name, and what could be read of it all the same is
//! kept for people. At most [`SIGNATURE_LIMIT`] fields are read, the rest is counted. Never touches: keys, the body.

use super::canonical::{Form, canonical, is};
use super::refusal::DkimRefusal;
use super::tags::{TagFault, Tags, decoded, is_blank, listed, lists};
use crate::mail::address::Domain;
use crate::mail::display;
use crate::mail::head::{Field, Head};
use crate::origin::question::Name;

/// Most signatures of a message that are read, topmost first.
pub const SIGNATURE_LIMIT: usize = 16;
/// Most bytes of one field.
pub const FIELD_LIMIT: usize = 16 * 1024;
/// Most fields that one signature names.
pub const SIGNED_FIELD_LIMIT: usize = 1024;
/// Most digits of a time, and of a length (RFC 6376 section 3.5).
const TIME_DIGITS: usize = 12;
const LENGTH_DIGITS: usize = 76;
/// Most bytes of a name that may hold U-labels: its A-labels are 255 octets at most, and what is longer is none.
const NAME_BYTES: usize = 1024;
/// Most characters of a selector that are shown.
const SELECTOR_SHOWN: usize = 63;

/// The signatures of a message, topmost first.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    pub(super) read: Vec<Signature>,
    /// How many more there are.
    pub(super) unread: usize,
}

/// One field as it was read.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// What it says of itself, also where it is refused.
    pub(super) shown: Shown,
    pub(super) terms: Result<Terms, DkimRefusal>,
}

/// What a signature says of itself, as far as it can be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) domain: Option<Domain>,
    pub(super) selector: String,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) signed_at: Option<i64>,
    pub(super) expires: Option<i64>,
}

/// What a signature demands.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Which field of the head it is.
    pub(super) place: usize,
    pub(super) algorithm: Algorithm,
    pub(super) header: Form,
    pub(super) body: Form,
    pub(super) domain: Domain,
    /// The domain of `i=`.
    pub(super) identity: Domain,
    /// Where its key is.
    pub(super) key: Name,
    /// The signed fields, in their order.
    pub(super) fields: Vec<Vec<u8>>,
    pub(super) body_hash: [u8; 32],
    pub(super) length: Option<u64>,
    pub(super) signed_at: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) signature: Vec<u8>,
    /// The field itself in its canonical form, without what `b=` says.
    pub(super) own: Vec<u8>,
}

/// How it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 8463.
    Ed25519Sha256,
    /// RFC 6376 section 3.3.2.
    RsaSha256,
}

impl Algorithm {
    /// As `a=` names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Ed25519Sha256 => "ed25519-sha256",
            Algorithm::RsaSha256 => "rsa-sha256",
        }
    }

    /// As `k=` of the key names its kind.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Algorithm::Ed25519Sha256 => "ed25519",
            Algorithm::RsaSha256 => "rsa",
        }
    }

    fn read(value: &[u8]) -> Result<Algorithm, DkimRefusal> {
        let is = |name: &str| value.eq_ignore_ascii_case(name.as_bytes());
        let known = [Algorithm::Ed25519Sha256, Algorithm::RsaSha256];
        match known.into_iter().find(|algorithm| is(algorithm.name())) {
            Some(algorithm) => Ok(algorithm),
            None if is("rsa-sha1") => Err(DkimRefusal::Sha1),
            None => Err(DkimRefusal::UnknownAlgorithm),
        }
    }
}

impl Signatures {
    /// Reads the signatures of a message.
    #[must_use]
    pub fn read(head: &Head<'_>) -> Signatures {
        let fields = head.fields.iter().enumerate();
        let mut fields = fields.filter(|(_, field)| is(field, b"DKIM-Signature"));
        let read = fields.by_ref().take(SIGNATURE_LIMIT).map(|(place, field)| Signature::read(place, field)).collect();
        Signatures { read, unread: fields.count() }
    }

    /// Whether the message has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// The domains in whose names they are, topmost first; of one that cannot be read none.
    pub fn domains(&self) -> impl Iterator<Item = &Domain> {
        self.read.iter().filter_map(|signature| signature.shown.domain.as_ref())
    }

    /// The domain and the selector of each that names a domain, topmost first; the selector is fit to be shown.
    pub fn signers(&self) -> impl Iterator<Item = (&Domain, &str)> {
        self.read.iter().filter_map(|one| Some((one.shown.domain.as_ref()?, one.shown.selector.as_str())))
    }

    /// Whether one of them needs the body in that form.
    pub(super) fn need(&self, form: Form) -> bool {
        self.read.iter().any(|one| one.terms.as_ref().is_ok_and(|terms| terms.body == form))
    }
}

impl Signature {
    fn read(place: usize, field: &Field<'_>) -> Signature {
        if field.raw.len() > FIELD_LIMIT {
            return Signature { shown: Shown::default(), terms: Err(DkimRefusal::FieldTooLong) };
        }
        match Tags::read(field.raw) {
            Ok(tags) => Signature { shown: Shown::of(&tags), terms: Terms::read(place, field, &tags) },
            Err(fault) => Signature { shown: Shown::default(), terms: Err(refusal(fault)) },
        }
    }
}

impl Shown {
    fn of(tags: &Tags<'_>) -> Shown {
        let selector = String::from_utf8_lossy(tags.value("s").unwrap_or_default());
        Shown {
            domain: tags.value("d").and_then(name),
            selector: display::one_line(&selector, SELECTOR_SHOWN),
            algorithm: tags.value("a").and_then(|value| Algorithm::read(value).ok()),
            signed_at: time(tags, "t").ok().flatten(),
            expires: time(tags, "x").ok().flatten(),
        }
    }
}

impl Terms {
    fn read(place: usize, field: &Field<'_>, tags: &Tags<'_>) -> Result<Terms, DkimRefusal> {
        if required(tags, "v")? != b"1" {
            return Err(DkimRefusal::UnknownVersion);
        }
        let algorithm = Algorithm::read(required(tags, "a")?)?;
        let signature = tags.tag("b").ok_or(DkimRefusal::MissingTag)?;
        let body_hash = decoded(required(tags, "bh")?).and_then(|hash| hash.try_into().ok());
        let (header, body) = forms(tags.value("c"))?;
        let domain = domain(required(tags, "d")?)?;
        let fields = fields(required(tags, "h")?)?;
        let identity = identity(tags.value("i"), &domain)?;
        let length = tags.value("l").map(length).transpose()?;
        if !tags.value("q").is_none_or(|value| lists(value, "dns/txt")) {
            return Err(DkimRefusal::OtherQuery);
        }
        let key = key_name(required(tags, "s")?, &domain)?;
        let (signed_at, expires) = (time(tags, "t")?, time(tags, "x")?);
        if let (Some(signed_at), Some(expires)) = (signed_at, expires)
            && expires <= signed_at
        {
            return Err(DkimRefusal::ExpiresBeforeSigned);
        }
        Ok(Terms {
            place,
            algorithm,
            header,
            body,
            domain,
            identity,
            key,
            fields,
            body_hash: body_hash.ok_or(DkimRefusal::BadBodyHash)?,
            length,
            signed_at,
            expires,
            signature: decoded(signature.value).filter(|bytes| !bytes.is_empty()).ok_or(DkimRefusal::BadSignature)?,
            own: own(header, field, signature.place.start, signature.place.end),
        })
    }
}

/// The field in its canonical form with `b=` emptied, all white space around the value too (RFC 6376 section 3.7).
fn own(form: Form, field: &Field<'_>, start: usize, end: usize) -> Vec<u8> {
    let (before, behind) = (field.raw.get(..start).unwrap_or_default(), field.raw.get(end..).unwrap_or_default());
    let mut out = Vec::with_capacity(field.name.len() + field.raw.len());
    canonical(form, field.name, &[before, behind].concat(), &mut out);
    out
}

fn refusal(fault: TagFault) -> DkimRefusal {
    match fault {
        TagFault::Duplicate => DkimRefusal::DuplicateTag,
        TagFault::Malformed => DkimRefusal::BadTags,
        TagFault::TooMany => DkimRefusal::TooManyTags,
    }
}

fn required<'a>(tags: &Tags<'a>, name: &str) -> Result<&'a [u8], DkimRefusal> {
    tags.value(name).ok_or(DkimRefusal::MissingTag)
}

/// The forms of header and body; `relaxed` alone is for the header.
fn forms(value: Option<&[u8]>) -> Result<(Form, Form), DkimRefusal> {
    let Some(value) = value else { return Ok((Form::Simple, Form::Simple)) };
    let mut names = value.splitn(2, |byte| *byte == b'/');
    let mut next = || names.next().map(form).transpose();
    Ok((next()?.unwrap_or(Form::Simple), next()?.unwrap_or(Form::Simple)))
}

fn form(name: &[u8]) -> Result<Form, DkimRefusal> {
    match name {
        _ if name.eq_ignore_ascii_case(b"relaxed") => Ok(Form::Relaxed),
        _ if name.eq_ignore_ascii_case(b"simple") => Ok(Form::Simple),
        _ => Err(DkimRefusal::UnknownForm),
    }
}

/// A name of more than one label, without a dot at its end. U-labels become A-labels (RFC 8616 section 4).
fn domain(value: &[u8]) -> Result<Domain, DkimRefusal> {
    let domain = name(value).ok_or(DkimRefusal::BadDomain)?;
    if domain.as_str().contains('.') { Ok(domain) } else { Err(DkimRefusal::SingleLabelDomain) }
}

fn name(value: &[u8]) -> Option<Domain> {
    let text = core::str::from_utf8(value).ok().filter(|text| text.len() <= NAME_BYTES)?;
    let is_name = !text.starts_with('[') && !text.ends_with('.');
    Domain::parse(text).ok().filter(|_| is_name)
}

/// The names of the signed fields.
fn fields(value: &[u8]) -> Result<Vec<Vec<u8>>, DkimRefusal> {
    let count = listed(value).take(SIGNED_FIELD_LIMIT + 1).count();
    if count > SIGNED_FIELD_LIMIT {
        return Err(DkimRefusal::TooManySignedFields);
    }
    let good = |name: &[u8]| !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    if !listed(value).all(good) {
        return Err(DkimRefusal::BadSignedFields);
    }
    let fields: Vec<Vec<u8>> = listed(value).map(<[u8]>::to_vec).collect();
    let signs_from = fields.iter().any(|name| name.eq_ignore_ascii_case(b"From"));
    if signs_from { Ok(fields) } else { Err(DkimRefusal::FromNotSigned) }
}

/// The domain of `i=`, which is `d=` or below it. The local part says nothing that is used.
fn identity(value: Option<&[u8]>, domain: &Domain) -> Result<Domain, DkimRefusal> {
    let Some(value) = value else { return Ok(domain.clone()) };
    let plain: Vec<u8> = value.iter().copied().filter(|byte| !is_blank(*byte)).collect();
    let at = plain.iter().rposition(|byte| *byte == b'@').ok_or(DkimRefusal::BadIdentity)?;
    let identity = plain.get(at + 1..).and_then(name).ok_or(DkimRefusal::BadIdentity)?;
    if identity.is_at_or_below(domain) { Ok(identity) } else { Err(DkimRefusal::IdentityOutside) }
}

/// A number too large to be counted is larger than any body.
fn length(value: &[u8]) -> Result<u64, DkimRefusal> {
    let digits = digits(value, LENGTH_DIGITS).ok_or(DkimRefusal::BadLength)?;
    Ok(digits.parse().unwrap_or(u64::MAX))
}

fn time(tags: &Tags<'_>, name: &str) -> Result<Option<i64>, DkimRefusal> {
    let read = |value| digits(value, TIME_DIGITS).and_then(|digits| digits.parse().ok()).ok_or(DkimRefusal::BadTime);
    tags.value(name).map(read).transpose()
}

fn digits(value: &[u8], limit: usize) -> Option<&str> {
    let good = (1..=limit).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(value).ok().filter(|_| good)
}

/// `s._domainkey.d` (RFC 6376 section 3.6.2.1). Some selectors have characters that no host's name has.
fn key_name(selector: &[u8], domain: &Domain) -> Result<Name, DkimRefusal> {
    let selector = if selector.is_ascii() {
        core::str::from_utf8(selector).ok().map(str::to_owned)
    } else {
        name(selector).map(|name| name.as_str().to_owned())
    };
    let whole = selector.map(|selector| format!("{selector}._domainkey.{domain}"));
    whole.and_then(|whole| Name::parse(&whole)).ok_or(DkimRefusal::BadSelector)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    /// A good signature with some of its tags replaced; an empty text takes one out.
    fn field(changes: &[(&str, &str)]) -> String {
        let tags = [
            ("v", "1"),
            ("a", "rsa-sha256"),
            ("d", "a.example"),
            ("s", "k"),
            ("h", "from"),
            ("bh", HASH),
            ("b", "aGFsbG8="),
        ];
        let known = tags.iter().map(|(name, value)| {
            let changed = changes.iter().find(|(other, _)| other == name);
            (*name, changed.map_or(*value, |(_, value)| *value))
        });
        let added = changes.iter().copied().filter(|(name, _)| tags.iter().all(|(known, _)| known != name));
        let all = known.chain(added).filter(|(_, value)| !value.is_empty());
        all.map(|(name, value)| format!("{name}={value}; ")).collect()
    }

    fn read(text: &str) -> Signature {
        let message = format!("DKIM-Signature: {text}\n\n");
        let mut signatures = Signatures::read(&Head::read(message.as_bytes()));
        assert_eq!((signatures.read.len(), signatures.unread), (1, 0));
        signatures.read.remove(0)
    }

    fn terms(changes: &[(&str, &str)]) -> Terms {
        read(&field(changes)).terms.unwrap()
    }

    #[test]
    fn what_the_standard_does_not_allow_is_refused_by_its_name() {
        use DkimRefusal as R;
        let many = vec!["from"; SIGNED_FIELD_LIMIT + 1].join(":");
        let long = "a".repeat(64);
        let cases: &[(&str, &str, R)] = &[
            ("v", "", R::MissingTag),
            ("a", "", R::MissingTag),
            ("b", "", R::MissingTag),
            ("bh", "", R::MissingTag),
            ("d", "", R::MissingTag),
            ("h", "", R::MissingTag),
            ("s", "", R::MissingTag),
            ("v", "2", R::UnknownVersion),
            ("v", "1.0", R::UnknownVersion),
            ("a", "rsa-sha1", R::Sha1),
            ("a", "RSA-SHA1", R::Sha1),
            ("a", "rsa", R::UnknownAlgorithm),
            ("a", "rsa-sha512", R::UnknownAlgorithm),
            ("b", "*", R::BadSignature),
            ("b", "=", R::BadSignature),
            ("bh", "aGFsbG8=", R::BadBodyHash),
            ("bh", "*", R::BadBodyHash),
            ("c", "nofws", R::UnknownForm),
            ("c", "simple/", R::UnknownForm),
            ("c", "/simple", R::UnknownForm),
            ("c", "simple/simple/simple", R::UnknownForm),
            ("d", "example", R::SingleLabelDomain),
            ("d", "[192.0.2.1]", R::BadDomain),
            ("d", "a..example", R::BadDomain),
            ("d", "a.example.", R::BadDomain),
            ("d", "a b.example", R::BadDomain),
            ("d", &format!("{}.example", "\u{e4}".repeat(NAME_BYTES)), R::BadDomain),
            ("d", "bob@a.example", R::BadDomain),
            ("h", "to:subject", R::FromNotSigned),
            ("h", "from:", R::BadSignedFields),
            ("h", "from to", R::BadSignedFields),
            ("h", "from:\u{e4}", R::BadSignedFields),
            ("h", &many, R::TooManySignedFields),
            ("i", "a.example", R::BadIdentity),
            ("i", "bob@", R::BadIdentity),
            ("i", "@b.example", R::IdentityOutside),
            ("i", "@xa.example", R::IdentityOutside),
            ("i", "@example", R::IdentityOutside),
            ("l", "-1", R::BadLength),
            ("l", "1x", R::BadLength),
            ("l", &"1".repeat(77), R::BadLength),
            ("q", "dns", R::OtherQuery),
            ("q", "foo/bar:dns/mx", R::OtherQuery),
            ("s", "a..b", R::BadSelector),
            ("s", ".", R::BadSelector),
            ("s", "a b", R::BadSelector),
            ("s", &long, R::BadSelector),
            ("s", "\u{2028}", R::BadSelector),
            ("t", "x", R::BadTime),
            ("t", "+1", R::BadTime),
            ("t", "1234567890123", R::BadTime),
            ("x", "1 2", R::BadTime),
        ];
        for (name, value, refusal) in cases {
            assert_eq!(read(&field(&[(name, value)])).terms.err(), Some(*refusal), "{name}={value}");
        }
        for (signed, expires) in [("10", "10"), ("10", "9")] {
            let refusal = read(&field(&[("t", signed), ("x", expires)])).terms.err();
            assert_eq!(refusal, Some(R::ExpiresBeforeSigned));
        }
    }

    #[test]
    fn a_field_that_is_no_list_of_tags_is_refused() {
        use DkimRefusal as R;
        let many: String = (0..99).map(|at| format!("x{at}=1;")).collect();
        for (text, refusal) in [
            ("", R::BadTags),
            ("hallo", R::BadTags),
            ("v=1;;", R::BadTags),
            (&*format!("{} d=b.example", field(&[])), R::DuplicateTag),
            (&many, R::TooManyTags),
            (&format!("{} z={}", field(&[]), "x".repeat(FIELD_LIMIT)), R::FieldTooLong),
        ] {
            assert_eq!(read(text).terms.err(), Some(refusal));
        }
    }

    #[test]
    fn what_a_refused_field_says_of_itself_is_fit_to_be_shown() {
        let shown = read(&field(&[("v", "2"), ("s", "k\u{202e}\u{a0}x"), ("t", "7"), ("x", "y")])).shown;
        assert_eq!(shown.domain.unwrap().as_str(), "a.example");
        assert_eq!((shown.selector.as_str(), shown.signed_at, shown.expires), ("k x", Some(7), None));
        assert_eq!(read(&field(&[("d", "example")])).shown.domain.unwrap().as_str(), "example");
        assert!(read(&field(&[("s", &"\u{e4}".repeat(500))])).shown.selector.chars().count() <= SELECTOR_SHOWN);
    }

    #[test]
    fn tags_that_may_be_missing_have_the_standards_values() {
        let one = terms(&[]);
        assert_eq!((one.header, one.body, one.length), (Form::Simple, Form::Simple, None));
        assert_eq!((one.identity.as_str(), one.key.as_str()), ("a.example", "k._domainkey.a.example"));
        let two =
            terms(&[("c", "Relaxed"), ("i", "b=40c@x.A.example"), ("l", &"9".repeat(76)), ("q", "a/b : dns/txt")]);
        assert_eq!((two.header, two.body, two.length), (Form::Relaxed, Form::Simple, Some(u64::MAX)));
        assert_eq!(two.identity.as_str(), "x.a.example");
        let three = terms(&[("c", "simple/relaxed"), ("h", "From : \r\n\tTO"), ("s", "a_b.c"), ("zz", "?")]);
        assert_eq!((three.header, three.body), (Form::Simple, Form::Relaxed));
        assert_eq!(three.fields, [b"From".to_vec(), b"TO".to_vec()]);
        let four =
            terms(&[("d", "b\u{fc}cher.example"), ("s", "schl\u{fc}ssel"), ("i", "j\u{f6}rg@b\u{fc}cher.example")]);
        assert_eq!(four.key.as_str(), "xn--schlssel-95a._domainkey.xn--bcher-kva.example");
    }

    #[test]
    fn the_field_is_signed_without_what_b_says_and_the_white_space_around_it() {
        for (field, simple) in [
            ("DKIM-Signature: v=1; b=\n\tabc\n\tdef \n ; d=x", "DKIM-Signature: v=1; b=; d=x"),
            ("Dkim-Signature : v=1; bh=abc;\n  b = x ", "Dkim-Signature : v=1; bh=abc;\r\n  b ="),
        ] {
            let bytes = format!("{field}\n\n");
            let head = Head::read(bytes.as_bytes());
            let place = Tags::read(head.fields[0].raw).unwrap().tag("b").unwrap().place.clone();
            assert_eq!(own(Form::Simple, &head.fields[0], place.start, place.end), simple.as_bytes());
        }
    }

    #[test]
    fn more_signatures_than_the_limit_are_counted() {
        let message = format!("DKIM-Signature: {}\n", field(&[])).repeat(200) + "\n";
        let signatures = Signatures::read(&Head::read(message.as_bytes()));
        assert_eq!((signatures.read.len(), signatures.unread), (SIGNATURE_LIMIT, 200 - SIGNATURE_LIMIT));
        assert!(!signatures.is_empty() && signatures.need(Form::Simple) && !signatures.need(Form::Relaxed));
    }

    #[test]
    fn a_field_of_another_name_is_no_signature() {
        let message = format!("X-DKIM-Signature: {0}\nDKIM Signature: {0}\nDKIM-Signature2: {0}\n\n", field(&[]));
        assert!(Signatures::read(&Head::read(message.as_bytes())).is_empty());
    }
}
