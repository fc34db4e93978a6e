//! What a trusted mail server has proven about this message: Authentication-Results (RFC 8601), read inside the
//! boundary behind which a stranger cannot write.
//!
//! Promises: nothing is believed that was not configured, and every doubt counts against the proof: a result that is
//! contradicted, or that stands beside a trusted field that cannot be read, proves nothing. Never touches: ARC, DNS,
//! signatures themselves; whether a proof is enough (that is gate G).

use super::score::ScoreField;
use crate::mail::address::Domain;
use crate::mail::fold::{Cursor, is_blank};
use crate::mail::head::{Field, Head};

/// Most Authentication-Results fields of a message that are read (RFC 8601 section 7.8 asks for a limit; three
/// are usual). Beyond it nothing is proven.
pub const AUTH_FIELD_LIMIT: usize = 32;
/// Most octets of one field's value; a field of ten results has about 1 KiB.
pub const AUTH_VALUE_LIMIT: usize = 16 * 1024;
/// Most results in one field; ten DKIM signatures are rare.
pub const AUTH_RESULT_LIMIT: usize = 64;
/// Most ignored things that are listed for people; the rest is counted.
pub const AUTH_IGNORED_LIMIT: usize = 64;
/// Most characters shown of a foreign text in [`Authentication::ignored`] and [`Authentication::ids_seen`].
const SHOWN_LIMIT: usize = 60;

/// A method of authentication that this program understands (RFC 8601 section 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// DKIM signatures (RFC 6376).
    Dkim,
    /// DMARC (RFC 9989): SPF or DKIM of the From domain.
    Dmarc,
    /// SPF (RFC 7208) of the envelope sender.
    Spf,
}

/// Whose word counts. Empty until the user configures it (RFC 8601 section 7.1): then nothing is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The authserv-ids of the user's own mail servers; compared without case.
    pub ids: Vec<String>,
    /// The methods those servers really check, so that a field of theirs cannot be feigned for another one.
    pub methods: Vec<Method>,
    /// How many Received fields on top are the user's own servers'.
    pub hops: usize,
    /// The fields of the user's own spam filter; none until they are configured.
    pub scores: Vec<ScoreField>,
}

/// What is proven about one domain: a set of methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proofs(u8);

/// What a result comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `fail`: the method says that it is forged.
    Fail,
    /// Everything else: `none`, `neutral`, `softfail`, `temperror`, words nobody registered. Says nothing.
    Other,
    /// `pass`, and no other word.
    Pass,
}

/// One result of a trusted field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodResult {
    /// The method.
    pub method: Method,
    /// What it comes down to.
    pub outcome: Outcome,
    /// What it is about: `header.from` of DMARC, `header.d` of DKIM, the domain of `smtp.mailfrom` of SPF.
    pub domain: Option<Domain>,
    /// The result as it stands, lower case.
    pub word: String,
    /// In which field it stands, counted from the top among the Authentication-Results fields, from 0.
    pub field: usize,
}

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
    /// Longer than [`AUTH_VALUE_LIMIT`].
    TooLong,
    /// Beyond [`AUTH_FIELD_LIMIT`] or [`AUTH_RESULT_LIMIT`].
    TooMany,
    /// A method this program does not use: `arc`, `iprev`, `auth` and others.
    UnknownMethod,
    /// It stands below the topmost Received field, and a trusted one that spoke of a configured method stands above.
    OtherPlace,
    /// A version of the field or of the method other than 1.
    UnknownVersion,
}

/// All that a message's Authentication-Results fields say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// The results of trusted fields for configured methods, in their order.
    pub believed: Vec<MethodResult>,
    /// What was ignored, cleaned and cut for people, and why; at most [`AUTH_IGNORED_LIMIT`].
    pub ignored: Vec<(String, Ignored)>,
    /// How many more were ignored than are listed.
    pub ignored_unlisted: usize,
    /// The authserv-ids met inside the boundary, each once, cleaned for people: for `init` and `doctor`.
    pub ids_seen: Vec<String>,
    /// How many Received fields stand above the first field of a configured id that is below the boundary: either
    /// [`Trust::hops`] is too small, or the field is forged.
    pub trusted_below: Option<usize>,
    /// Whether a trusted field could not be read, or said that nothing was checked. A forged field beside it would
    /// have nothing that contradicts it: so nothing is proven.
    pub doubtful: bool,
}

impl Authentication {
    /// Reads the fields of a message.
    #[must_use]
    pub fn read(head: &Head<'_>, trust: &Trust) -> Authentication {
        let mut out = Authentication::default();
        let mut received = 0;
        let mut fields = 0;
        // One server writes at one place: above its own Received field, or right below it. What stands below while a
        // trusted word stands above may be the sender's. A word on a method that is not configured does not count at
        // either place: a policy service for SPF and a milter for DKIM write at different ones.
        let mut above = false;
        for field in &head.fields {
            received += usize::from(field.is("Received"));
            if !field.is("Authentication-Results") {
                continue;
            }
            let inside = received <= trust.hops;
            if !inside {
                let id = authserv_id(&mut Cursor::new(field.raw));
                if out.trusted_below.is_none() && id.is_some_and(|id| trust.names(&id)) {
                    out.trusted_below = Some(received);
                }
                out.ignore(&field.text(), Ignored::BelowBoundary);
            } else if fields >= AUTH_FIELD_LIMIT {
                out.doubt(&field.text(), Ignored::TooMany);
            } else {
                let before = out.believed.len();
                out.read_field(field, fields, trust);
                let spoke = out.believed.len() > before;
                if spoke && above && received > 0 {
                    out.believed.truncate(before);
                    out.doubt(&field.text(), Ignored::OtherPlace);
                }
                above |= received == 0 && spoke;
            }
            fields += usize::from(inside);
        }
        out
    }

    /// What is proven about exactly this domain. A field that speaks of a method must bear the proof out, each one:
    /// of two servers' words, or of a server's and a forger's, the worse one counts.
    #[must_use]
    pub fn proofs(&self, domain: &Domain) -> Proofs {
        let mut proofs = Proofs::NONE;
        if self.doubtful {
            return proofs;
        }
        for (method, proof) in
            [(Method::Dmarc, Proofs::DMARC), (Method::Dkim, Proofs::DKIM), (Method::Spf, Proofs::SPF)]
        {
            let results: Vec<&MethodResult> = self.believed.iter().filter(|result| result.method == method).collect();
            if !results.is_empty() && results.chunk_by(|a, b| a.field == b.field).all(|field| proves(field, domain)) {
                proofs = proofs.union(proof);
            }
        }
        proofs
    }

    /// Whether a trusted field says that DMARC failed for this domain, or for one that cannot be read; whatever else
    /// is said beside it.
    #[must_use]
    pub fn dmarc_fails(&self, domain: &Domain) -> bool {
        let about = |result: &MethodResult| result.domain.as_ref().is_none_or(|own| own == domain);
        let fails = |r: &MethodResult| r.method == Method::Dmarc && r.outcome == Outcome::Fail && about(r);
        self.believed.iter().any(fails)
    }

    fn read_field(&mut self, field: &Field<'_>, number: usize, trust: &Trust) {
        let mut cursor = Cursor::new(field.raw);
        let shown = field.text();
        let Some(id) = authserv_id(&mut cursor) else {
            return self.ignore(&shown, Ignored::Malformed);
        };
        // Microsoft writes fields without an id inside its own network: what stands there is a result.
        if !id.contains('=') {
            let id = show(&id);
            if !self.ids_seen.contains(&id) {
                self.ids_seen.push(id);
            }
        }
        if !trust.names(&id) {
            return self.ignore(&shown, Ignored::NotTrustedId);
        }
        if field.raw.len() > AUTH_VALUE_LIMIT {
            return self.doubt(&shown, Ignored::TooLong);
        }
        match results(cursor) {
            Err(reason) => self.doubt(&shown, reason),
            Ok(results) if results.is_empty() => self.doubt(&shown, Ignored::NothingChecked),
            Ok(results) => results.into_iter().for_each(|statement| self.take(statement, number, trust)),
        }
    }

    fn take(&mut self, statement: Statement, field: usize, trust: &Trust) {
        let what = format!("{}={}", statement.method, statement.word);
        let Some(method) = Method::parse(&statement.method) else {
            return self.ignore(&what, Ignored::UnknownMethod);
        };
        if !trust.methods.contains(&method) {
            return self.ignore(&what, Ignored::MethodNotConfigured);
        }
        if statement.version != 1 {
            return self.doubt(&what, Ignored::UnknownVersion);
        }
        let outcome = match statement.word.as_str() {
            "pass" => Outcome::Pass,
            "fail" => Outcome::Fail,
            _ => Outcome::Other,
        };
        let domain = statement.domain(method);
        self.believed.push(MethodResult { method, outcome, domain, word: statement.word, field });
    }

    fn doubt(&mut self, what: &str, reason: Ignored) {
        self.doubtful = true;
        self.ignore(what, reason);
    }

    fn ignore(&mut self, what: &str, reason: Ignored) {
        if self.ignored.len() < AUTH_IGNORED_LIMIT {
            self.ignored.push((show(what), reason));
        } else {
            self.ignored_unlisted += 1;
        }
    }
}

impl Method {
    /// The method's keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Dkim => "dkim",
            Method::Dmarc => "dmarc",
            Method::Spf => "spf",
        }
    }

    /// The method of that keyword, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Method> {
        [Method::Dkim, Method::Dmarc, Method::Spf].into_iter().find(|one| one.name().eq_ignore_ascii_case(text))
    }
}

/// Nobody is believed: how every installation begins (RFC 8601 section 7.1). Of the methods those that gate G asks for.
impl Default for Trust {
    fn default() -> Trust {
        Trust { ids: Vec::new(), methods: vec![Method::Dmarc, Method::Dkim], hops: 1, scores: Vec::new() }
    }
}

impl Trust {
    /// Whether the authserv-id is configured.
    fn names(&self, id: &str) -> bool {
        self.ids.iter().any(|trusted| trusted.eq_ignore_ascii_case(id))
    }
}

impl Proofs {
    /// Nothing is proven.
    pub const NONE: Proofs = Proofs(0);
    /// `dmarc=pass`.
    pub const DMARC: Proofs = Proofs(1);
    /// `dkim=pass`.
    pub const DKIM: Proofs = Proofs(2);
    /// `spf=pass`.
    pub const SPF: Proofs = Proofs(4);

    /// The methods that speak of the From domain: DMARC or DKIM. SPF speaks of the envelope alone.
    pub const AUTHOR: Proofs = Proofs(3);

    /// The set that [`Proofs::bits`] gave; none if another bit is set.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Proofs> {
        (bits & !7 == 0).then_some(Proofs(bits))
    }

    /// The set as a number from 0 to 7, for the store.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is proven.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub fn contains(self, other: Proofs) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything of `other` is in this set.
    #[must_use]
    pub fn intersects(self, other: Proofs) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether this set, proven of a message today, is enough for an entry with this pin: any proof of the pin itself, and
    /// DMARC in the place of DKIM. A signature that mailing on has broken, or a key that was just changed, leaves DMARC
    /// standing by SPF, and both speak of the author's own domain. DKIM does not stand for DMARC.
    #[must_use]
    pub fn keeps(self, pin: Proofs) -> bool {
        self.intersects(pin) || (pin.contains(Proofs::DKIM) && self.contains(Proofs::DMARC))
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Proofs) -> Proofs {
        Proofs(self.0 | other.0)
    }

    /// The set for people: `dmarc, dkim`, or `nothing`.
    #[must_use]
    pub fn names(self) -> String {
        let names = self.list();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    /// The set for programs: `["dmarc", "dkim"]`.
    #[must_use]
    pub fn list(self) -> Vec<&'static str> {
        let all = [(Proofs::DMARC, Method::Dmarc), (Proofs::DKIM, Method::Dkim), (Proofs::SPF, Method::Spf)];
        all.iter().filter(|(one, _)| self.contains(*one)).map(|(_, method)| method.name()).collect()
    }
}

/// Whether the results of one method in one field prove it for the domain.
///
/// A message has one From and one envelope sender, so for DMARC and SPF every result must be a pass for it. It may
/// have many signatures, and one good one of the domain is enough (RFC 6376 section 6.1): a second one may be of a kind
/// that the verifier does not know (RFC 8463), damaged on the way, or somebody else's.
fn proves(results: &[&MethodResult], domain: &Domain) -> bool {
    let about = |result: &MethodResult| result.domain.as_ref() == Some(domain);
    let pass = |result: &MethodResult| result.outcome == Outcome::Pass;
    let good = |result: &MethodResult| pass(result) && about(result);
    match results.first().map(|result| result.method) {
        Some(Method::Dkim) => results.iter().any(|result| good(result)),
        Some(Method::Dmarc | Method::Spf) => results.iter().all(|result| good(result)),
        None => false,
    }
}

/// One result as it stands, before anybody asked whether it is wanted.
struct Statement {
    method: String,
    version: u32,
    word: String,
    /// `ptype.property` in lower case, and the value.
    properties: Vec<(String, Value)>,
}

/// The value of a property. A mailbox may begin with a quoted local part: the `@` in it is no sign.
struct Value {
    quoted: Option<String>,
    rest: String,
}

impl Statement {
    /// What the result is about. A result that names it twice is about nothing one can tell.
    fn domain(&self, method: Method) -> Option<Domain> {
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
fn authserv_id(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor.skip_comments()?;
    let id = match cursor.take_quoted() {
        Some(quoted) => quoted,
        None => cursor.take_while(is_value_byte).to_vec(),
    };
    String::from_utf8(id).ok().filter(|id| !id.is_empty())
}

/// What follows the authserv-id: a version, then `none` or the results. An empty list means `none`. All of it must
/// be grammatical, or none of it counts.
fn results(mut cursor: Cursor<'_>) -> Result<Vec<Statement>, Ignored> {
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

/// A foreign text for people: printable ASCII, cut with an ellipsis.
fn show(text: &str) -> String {
    let clean = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let mut out: String = text.chars().take(SHOWN_LIMIT).map(clean).collect();
    if text.chars().nth(SHOWN_LIMIT).is_some() {
        out.push('\u{2026}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Authentication-Results: mx.test; dmarc=pass header.from=x.org\n";

    fn trust() -> Trust {
        let methods = vec![Method::Dkim, Method::Dmarc, Method::Spf];
        Trust { ids: vec!["mx.test".into()], methods, ..Trust::default() }
    }

    fn read(text: &str) -> Authentication {
        Authentication::read(&Head::read(text.as_bytes()), &trust())
    }

    fn proofs(text: &str) -> Proofs {
        read(text).proofs(&Domain::parse("x.org").unwrap())
    }

    fn reasons(text: &str) -> Vec<Ignored> {
        read(text).ignored.into_iter().map(|(_, reason)| reason).collect()
    }

    #[test]
    fn nobody_is_believed_until_somebody_is_configured() {
        let head = Head::read(GOOD.as_bytes());
        let result = Authentication::read(&head, &Trust::default());
        assert_eq!(result.proofs(&Domain::parse("x.org").unwrap()), Proofs::NONE);
        assert_eq!(result.ids_seen, ["mx.test"]);
        assert_eq!(result.ignored[0].1, Ignored::NotTrustedId);
    }

    #[test]
    fn what_stands_below_the_boundary_is_counted_and_not_believed() {
        let received = "Received: from a by b; now\n";
        assert_eq!(read(&format!("{received}{received}{GOOD}\n")).trusted_below, Some(2));
        let stranger = GOOD.replace("mx.test", "evil");
        assert_eq!(read(&format!("{received}{GOOD}{received}{stranger}\n")).trusted_below, None);
        let text = format!("{received}{GOOD}\n");
        let inner = Trust { hops: 0, ..trust() };
        assert!(Authentication::read(&Head::read(text.as_bytes()), &inner).believed.is_empty());
    }

    #[test]
    fn a_policy_service_may_write_below_what_a_milter_wrote_above() {
        let service =
            "Received: from a by mx.test; now\nAuthentication-Results: mx.test; spf=pass smtp.mailfrom=x.org\n\n";
        let text = format!("{GOOD}{service}");
        let only_dmarc = Trust { methods: vec![Method::Dmarc], ..trust() };
        let result = Authentication::read(&Head::read(text.as_bytes()), &only_dmarc);
        assert_eq!(result.proofs(&Domain::parse("x.org").unwrap()), Proofs::DMARC);
        assert_eq!(result.ignored, [("spf=pass".to_owned(), Ignored::MethodNotConfigured)]);
        // Where SPF is configured, its field stands at another place than the rest.
        let all = Authentication::read(&Head::read(text.as_bytes()), &trust());
        assert!(all.doubtful && all.believed.iter().all(|result| result.method != Method::Spf));
    }

    #[test]
    fn only_configured_methods_count() {
        let only_spf = Trust { methods: vec![Method::Spf], ..trust() };
        let result = Authentication::read(&Head::read(GOOD.as_bytes()), &only_spf);
        assert_eq!(result.ignored, [("dmarc=pass".to_owned(), Ignored::MethodNotConfigured)]);
        assert!(result.believed.is_empty());
    }

    #[test]
    fn one_good_signature_of_the_domain_is_enough_in_one_field_but_not_in_two() {
        for word in ["fail", "neutral", "none", "permerror", "policy", "temperror", "invalid"] {
            for other in ["header.d=x.org header.a=ed25519-sha256", "header.d=list.test", ""] {
                let field = |results: &str| format!("Authentication-Results: mx.test; {results}\n");
                let (good, other) = ("dkim=pass header.d=x.org header.a=rsa-sha256", format!("dkim={word} {other}"));
                assert_eq!(proofs(&field(&format!("{good}; {other}"))), Proofs::DKIM, "{other}");
                assert_eq!(proofs(&field(&format!("{other}; {good}"))), Proofs::DKIM, "{other}");
                // Alone it proves nothing, and two servers that differ prove nothing either.
                assert!(proofs(&field(&other)).is_empty(), "{other}");
                assert!(proofs(&(field(good) + &field(&other))).is_empty(), "{other}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_doubt() {
        let bytes = b"Authentication-Results: mx.test; dmarc=pass header.from=\xff.org\n\n";
        assert!(Authentication::read(&Head::read(bytes), &trust()).doubtful);
    }

    #[test]
    fn over_the_limits_nothing_is_proven() {
        let long =
            format!("Authentication-Results: mx.test;{} dmarc=pass header.from=x.org\n", " ".repeat(AUTH_VALUE_LIMIT));
        assert_eq!(reasons(&format!("{long}\n")), [Ignored::TooLong]);
        assert!(proofs(&format!("{long}{GOOD}\n")).is_empty());
        let many = GOOD.repeat(AUTH_FIELD_LIMIT + 1);
        assert_eq!(reasons(&format!("{many}\n")), [Ignored::TooMany]);
        assert!(proofs(&format!("{many}\n")).is_empty());
        assert_eq!(proofs(&format!("{}\n", GOOD.repeat(AUTH_FIELD_LIMIT))), Proofs::DMARC);
        let results = format!("Authentication-Results: mx.test{}\n\n", "; spf=none".repeat(AUTH_RESULT_LIMIT + 1));
        assert_eq!(reasons(&results), [Ignored::TooMany]);
        let below = format!("Received: a\nReceived: b\n{}\n", GOOD.repeat(AUTH_IGNORED_LIMIT + 3));
        let result = read(&below);
        assert_eq!((result.ignored.len(), result.ignored_unlisted), (AUTH_IGNORED_LIMIT, 3));
    }

    #[test]
    fn what_is_shown_is_clean_and_short() {
        let text = format!("Authentication-Results: a\u{1b}[1m\u{202e}{}; spf=none\n\n", "y".repeat(200));
        let result = read(&text);
        for shown in result.ids_seen.iter().chain(result.ignored.iter().map(|(what, _)| what)) {
            assert!(shown.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '\u{2026}'), "{shown:?}");
            assert!(shown.chars().count() <= SHOWN_LIMIT + 1);
        }
    }

    #[test]
    fn the_set_of_proofs_keeps_its_numbers() {
        assert_eq!([Proofs::DMARC.bits(), Proofs::DKIM.bits(), Proofs::SPF.bits()], [1, 2, 4]);
        assert_eq!(Proofs::from_bits(8), None);
        assert_eq!(Proofs::from_bits(255), None);
        let two = Proofs::from_bits(3).unwrap();
        assert!(two.contains(Proofs::DKIM) && !two.contains(Proofs::SPF) && !two.intersects(Proofs::SPF));
        assert!(two.intersects(Proofs::SPF.union(Proofs::DMARC)) && !two.contains(Proofs::SPF.union(Proofs::DMARC)));
        assert_eq!(two.names(), "dmarc, dkim");
        assert_eq!((Method::parse("DKIM"), Method::parse("arc")), (Some(Method::Dkim), None));
    }

    #[test]
    fn cut_at_every_byte_and_hostile_it_neither_panics_nor_crawls() {
        let whole = format!(
            "Authentication-Results: mx.test 1; dkim/1=pass (a (b) \"c\") header.d=\"x\\\".org\"; spf=pass\n{GOOD}\n"
        );
        for end in 0..whole.len() {
            drop(read(&whole[..end]));
        }
        let start = std::time::Instant::now();
        for unit in ["(", "()", "\"", "\\", ";", "a=b ", ";a=b", "a.b=\"", "; dkim=pass header.d=x.org"] {
            let value = unit.repeat(AUTH_VALUE_LIMIT / unit.len());
            let text = format!("{}\n", format!("Authentication-Results: mx.test;{value}\n").repeat(16));
            assert!(!proofs(&text).contains(Proofs::DMARC));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
