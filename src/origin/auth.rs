//! What a trusted mail server has proven about this message: Authentication-Results (RFC 8601), read inside the
//! boundary behind which a stranger cannot write.
//!
//! Promises: nothing is believed that was not configured, and every doubt counts against the proof: a result that is
//! contradicted, or that stands beside a trusted field that cannot be read or is strange, proves nothing. Never touches: ARC, DNS,
//! signatures themselves; whether a proof is enough (that is gate G).

use super::eyes::{Eyes, Look, Sight};
pub use super::proofs::{Method, Proofs};
pub use super::results::{AUTH_RESULT_LIMIT, Ignored};
use super::results::{Statement, authserv_id, has_too_many_tokens, results};
use super::score::ScoreField;
use crate::mail::address::{Address, Domain};
use crate::mail::fold::Cursor;
use crate::mail::head::{Field, Head};

/// Most Authentication-Results fields of a message that are read (RFC 8601 section 7.8 asks for a limit; three
/// are usual). Beyond it nothing is proven.
pub const AUTH_FIELD_LIMIT: usize = 32;
/// Most octets of one field's value. OpenDKIM reads a field into 4 KiB, where each octet may take two; of 3,800 real
/// fields the longest had 944.
pub const AUTH_VALUE_LIMIT: usize = 2 * 1024 - 1;
/// Most ignored things that are listed for people; the rest is counted.
pub const AUTH_IGNORED_LIMIT: usize = 64;
/// The name of the field.
const NAME: &str = "Authentication-Results";
/// Most characters shown of a foreign text in [`Authentication::ignored`] and [`Authentication::ids_seen`].
const SHOWN_LIMIT: usize = 60;

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
    /// What the program looks at by itself.
    pub eyes: Eyes,
}

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

/// All that a message's Authentication-Results fields say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// The results of trusted fields for configured methods, in their order.
    pub believed: Vec<MethodResult>,
    /// The domains of which a trusted field says that SPF failed (`fail` or `softfail`), configured or not: it proves nothing of
    /// an author, and yet speaks against one.
    pub sent_elsewhere: Vec<Domain>,
    /// What was ignored, cleaned and cut for people, and why; at most [`AUTH_IGNORED_LIMIT`].
    pub ignored: Vec<(String, Ignored)>,
    /// How many more were ignored than are listed.
    pub ignored_unlisted: usize,
    /// The authserv-ids met inside the boundary, each once, cleaned for people: for `init` and `doctor`.
    pub ids_seen: Vec<String>,
    /// How many Received fields stand above the first field of a configured id that is below the boundary: either
    /// [`Trust::hops`] is too small, or the field is forged.
    pub trusted_below: Option<usize>,
    /// Whether a trusted field could not be read, said that nothing was checked, or is strange: then it may be forged, left
    /// in by a server that could not read it, or hide that nothing contradicts a forged one. So nothing is proven.
    pub doubtful: bool,
    /// Whether a trusted field holds a result of DKIM or DMARC, whatever it is and whether it is believed; one that is doubtful
    /// may.
    pub speaks: bool,
    /// When the program looks by itself.
    pub look: Look,
    /// What it saw.
    pub sight: Sight,
}

impl Authentication {
    /// Reads the fields of a message.
    #[must_use]
    pub fn read(head: &Head<'_>, trust: &Trust) -> Authentication {
        let mut out = Authentication { look: trust.eyes.look, ..Authentication::default() };
        let mut received = 0;
        let mut fields = 0;
        // One server writes at one place: above its own Received field, or right below it. What stands lower than
        // anything trusted may be the sender's: whatever the higher field speaks of, a program of ours has seen the message
        // and writes there, and the one that would have removed the lower field may have failed to.
        let mut place = None;
        for field in &head.fields {
            received += usize::from(field.is("Received"));
            if !field.is(NAME) {
                continue;
            }
            let inside = received <= trust.hops;
            let trusted = authserv_id(&mut Cursor::new(field.raw)).is_some_and(|id| trust.names(&id));
            if !inside {
                if out.trusted_below.is_none() && trusted {
                    out.trusted_below = Some(received);
                }
                out.ignore(&field.text(), Ignored::BelowBoundary);
            } else if fields >= AUTH_FIELD_LIMIT {
                out.doubt(&field.text(), Ignored::TooMany);
            } else {
                let before = out.believed.len();
                out.read_field(field, fields, trust);
                if place.is_some_and(|place| received > place) && out.believed.len() > before {
                    out.doubt_since(before, &field.text(), Ignored::OtherPlace);
                }
                place = place.or(trusted.then_some(received));
            }
            fields += usize::from(inside);
        }
        out
    }

    /// What is proven about exactly this domain: by the trusted fields, where those speak; else by own eyes too. Where these
    /// always look, both must have proven it.
    #[must_use]
    pub fn proofs(&self, domain: &Domain) -> Proofs {
        let told = self.told(domain);
        let seen = || self.sight.proofs(domain);
        match (self.look, self.speaks) {
            (Look::Off, _) | (Look::WhereSilent, true) => told,
            (Look::WhereSilent, false) => told.union(seen()),
            (Look::Always, false) => seen(),
            (Look::Always, true) => borne_out(told, seen()),
        }
    }

    /// What is proven about the domain of this author; nothing where nobody is clearly that.
    #[must_use]
    pub fn of_author(&self, author: Option<&Address>) -> Proofs {
        author.map_or(Proofs::NONE, |author| self.proofs(author.domain()))
    }

    /// Whether a look of its own could prove anything that is not.
    #[must_use]
    pub fn may_look(&self) -> bool {
        match self.look {
            Look::Off => false,
            Look::WhereSilent => !self.speaks,
            Look::Always => true,
        }
    }

    /// Whether a missing proof says anything: a checker has seen this message, or own eyes see each.
    #[must_use]
    pub fn asks_for_pins(&self) -> bool {
        self.speaks || self.look == Look::Always
    }

    /// What trusted fields prove about exactly this domain. A field that speaks of a method must bear the proof out, each
    /// one: of two servers' words, or of a server's and a forger's, the worse one counts.
    fn told(&self, domain: &Domain) -> Proofs {
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

    /// Whether a trusted field says that what is asked of this domain could not be found out at the moment (RFC 8601 section
    /// 2.7: `temperror`).
    #[must_use]
    pub fn is_unsettled(&self, domain: &Domain) -> bool {
        let unsettled = |result: &MethodResult| {
            result.method != Method::Spf && result.word == "temperror" && result.domain.as_ref() == Some(domain)
        };
        !self.doubtful && self.believed.iter().any(unsettled)
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
        if !field.name.eq_ignore_ascii_case(NAME.as_bytes()) {
            return self.doubt(&shown, Ignored::BlankInName);
        }
        let results = match results(cursor) {
            Err(reason) => return self.doubt(&shown, reason),
            Ok(results) if results.statements.is_empty() => return self.doubt(&shown, Ignored::NothingChecked),
            Ok(results) => results,
        };
        let before = self.believed.len();
        results.statements.into_iter().for_each(|statement| self.take(statement, number, trust));
        // A field that says nothing of use may be as strange as it likes.
        let strange = if has_too_many_tokens(field.raw) { Some(Ignored::TooMany) } else { results.strange };
        let strange = strange.filter(|strange| trust.hops > 0 || !strange.is_written_by_servers());
        if let Some(strange) = strange.filter(|_| self.believed.len() > before) {
            self.doubt_since(before, &shown, strange);
        }
    }

    fn take(&mut self, statement: Statement, field: usize, trust: &Trust) {
        let what = format!("{}={}", statement.method, statement.word);
        let Some(method) = Method::parse(&statement.method) else {
            return self.ignore(&what, Ignored::UnknownMethod);
        };
        self.speaks |= method != Method::Spf;
        if method == Method::Spf && matches!(statement.word.as_str(), "fail" | "softfail") {
            self.sent_elsewhere.extend(statement.domain(method));
        }
        if !trust.methods.contains(&method) {
            return self.ignore(&what, Ignored::MethodNotConfigured);
        }
        let outcome = match statement.word.as_str() {
            "pass" => Outcome::Pass,
            "fail" => Outcome::Fail,
            _ => Outcome::Other,
        };
        let domain = statement.domain(method);
        self.believed.push(MethodResult { method, outcome, domain, word: statement.word, field });
    }

    /// Nothing that was believed from this place on proves anything; that it says `fail` is heard all the same.
    fn doubt_since(&mut self, before: usize, what: &str, reason: Ignored) {
        let doubted = self.believed.split_off(before);
        self.believed.extend(doubted.into_iter().filter(|result| result.outcome == Outcome::Fail));
        self.doubt(what, reason);
    }

    fn doubt(&mut self, what: &str, reason: Ignored) {
        self.doubtful = true;
        self.speaks |= reason != Ignored::NothingChecked;
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

/// Nobody is believed: how every installation begins (RFC 8601 section 7.1). Of the methods those that gate G asks for.
impl Default for Trust {
    fn default() -> Trust {
        let methods = vec![Method::Dmarc, Method::Dkim];
        Trust { ids: Vec::new(), methods, hops: 1, scores: Vec::new(), eyes: Eyes::default() }
    }
}

impl Trust {
    /// Why nothing is ever proven where nothing [can be](Trust::can_prove): a clause for a person.
    pub const PROVES_NOTHING: &str = "no authserv-id is configured and own eyes are off";
    /// What lets the program look by itself, as a step to take.
    pub const OPEN_EYES: &str = "look = \"where-silent\" in the part [eyes]";

    /// Whether anything can ever be proven: somebody's word counts, or the program looks by itself.
    #[must_use]
    pub fn can_prove(&self) -> bool {
        !self.ids.is_empty() || self.eyes.look != Look::Off
    }

    /// Why a pinned sender's mail passes without its proof, as a clause for a person; none where a missing proof is noticed.
    #[must_use]
    pub fn why_pins_rest(&self) -> Option<&'static str> {
        match (self.ids.is_empty(), self.eyes.look) {
            (true, Look::Off) => Some(Trust::PROVES_NOTHING),
            (true, Look::WhereSilent) => Some("own eyes ask for a known sender's proof only with look = \"always\""),
            _ => None,
        }
    }

    /// Whether the authserv-id is configured.
    fn names(&self, id: &str) -> bool {
        self.ids.iter().any(|trusted| trusted.eq_ignore_ascii_case(id))
    }
}

/// What both prove. A path that is right bears no word about the author out: it may be shared with whoever forged that word.
fn borne_out(told: Proofs, seen: Proofs) -> Proofs {
    let agree = |of: Proofs| told.intersects(of) && seen.intersects(of);
    [(Proofs::AUTHOR, told.union(seen)), (Proofs::SPF, Proofs::SPF)]
        .into_iter()
        .find(|(of, _)| agree(*of))
        .map_or(Proofs::NONE, |(_, both)| both)
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
    fn what_is_proven_and_asked_for_follows_from_who_is_trusted_and_what_is_looked_at() {
        for (ids, look, proves, asks) in [
            (&["mx.example.org"][..], Look::Off, true, true),
            (&["mx.example.org"], Look::WhereSilent, true, true),
            (&["mx.example.org"], Look::Always, true, true),
            (&[], Look::Always, true, true),
            (&[], Look::WhereSilent, true, false),
            (&[], Look::Off, false, false),
        ] {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            let trust = Trust { ids, eyes: Eyes { look, ..Eyes::default() }, ..Trust::default() };
            let said = (trust.can_prove(), trust.why_pins_rest().is_none());
            assert_eq!(said, (proves, asks), "{trust:?}");
            assert_eq!(trust.why_pins_rest() == Some(Trust::PROVES_NOTHING), !proves);
        }
    }

    #[test]
    fn own_eyes_count_only_where_they_may_look() {
        use crate::origin::eyes::Found;
        let domain = Domain::parse("x.org").unwrap();
        let seen = |text: &str, look: Look, proofs: Proofs| {
            let trust = Trust { eyes: Eyes { look, ..Eyes::default() }, ..trust() };
            let mut read = Authentication::read(&Head::read(text.as_bytes()), &trust);
            let proven = vec![(domain.clone(), proofs)];
            read.sight = Sight::Found(Found { proven, ..Found::default() });
            (read.may_look(), read.proofs(&domain))
        };
        let none = "Subject: x\n";
        let spf = "Authentication-Results: mx.test; spf=pass smtp.mailfrom=x.org\n";
        let failed = "Authentication-Results: mx.test; dkim=fail header.d=x.org\n";
        let doubtful = "Authentication-Results: mx.test; dkim=pass;; header.d=x.org\n";
        let unchecked = "Authentication-Results: mx.test; none\n";
        let both = Proofs::DMARC.union(Proofs::DKIM);
        for (text, look, own, wanted) in [
            (none, Look::Off, Proofs::DKIM, (false, Proofs::NONE)),
            (GOOD, Look::Off, Proofs::DKIM, (false, Proofs::DMARC)),
            (GOOD, Look::WhereSilent, Proofs::DKIM, (false, Proofs::DMARC)),
            (failed, Look::WhereSilent, Proofs::DKIM, (false, Proofs::NONE)),
            (doubtful, Look::WhereSilent, Proofs::DKIM, (false, Proofs::NONE)),
            (none, Look::WhereSilent, Proofs::NONE, (true, Proofs::NONE)),
            (GOOD, Look::Always, Proofs::NONE, (true, Proofs::NONE)),
            (GOOD, Look::Always, Proofs::SPF, (true, Proofs::NONE)),
            (failed, Look::Always, Proofs::DKIM, (true, Proofs::NONE)),
            (doubtful, Look::Always, Proofs::DKIM, (true, Proofs::NONE)),
            (none, Look::WhereSilent, Proofs::DKIM, (true, Proofs::DKIM)),
            (unchecked, Look::WhereSilent, Proofs::DKIM, (true, Proofs::DKIM)),
            (spf, Look::WhereSilent, Proofs::DKIM, (true, Proofs::DKIM.union(Proofs::SPF))),
            (none, Look::Always, Proofs::DKIM, (true, Proofs::DKIM)),
            (GOOD, Look::Always, Proofs::DKIM, (true, both)),
        ] {
            assert_eq!(seen(text, look, own), wanted, "{text} {look:?} {own:?}");
        }
    }

    #[test]
    fn a_missing_proof_says_something_where_somebody_has_looked() {
        let field = |results: &str| format!("Authentication-Results: mx.test; {results}\n\n");
        let asks = |text: &str, look: Look| {
            let trust = Trust { eyes: Eyes { look, ..Eyes::default() }, ..trust() };
            Authentication::read(&Head::read(text.as_bytes()), &trust).asks_for_pins()
        };
        for results in
            ["dkim=none", "dmarc=fail header.from=x.org", "dkim=pass;; header.d=x.org", "spf=pass; dkim=none"]
        {
            assert!(asks(&field(results), Look::Off) && asks(&field(results), Look::WhereSilent), "{results}");
        }
        let foreign = field("dkim=none").replace("mx.test", "evil");
        let below = format!("Received: a\nReceived: b\n{}", field("dkim=none"));
        for text in ["Subject: x\n\n", &field("spf=fail smtp.mailfrom=x.org"), &field("none"), &foreign, &below] {
            assert!(!asks(text, Look::Off) && !asks(text, Look::WhereSilent) && asks(text, Look::Always), "{text}");
        }
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
        let results = |count: usize| format!("{}{}\n\n", GOOD.trim_end(), "; arc=none".repeat(count - 1));
        assert_eq!(proofs(&results(AUTH_RESULT_LIMIT)), Proofs::DMARC);
        assert!(proofs(&results(AUTH_RESULT_LIMIT + 1)).is_empty());
        // OpenDKIM counts each comment, and each word of a value.
        for many in [format!("{} {}\n\n", GOOD.trim_end(), "()".repeat(520)), GOOD.replace("x.org", &"a.".repeat(260))]
        {
            assert!(
                many.len() < AUTH_VALUE_LIMIT && reasons(&format!("{many}\n")).contains(&Ignored::TooMany),
                "{many}"
            );
            assert!(proofs(&format!("{many}\n")).is_empty());
        }
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
    fn a_strange_field_proves_nothing_but_its_fail_is_heard_and_what_says_nothing_of_use_may_be_strange() {
        let x_org = Domain::parse("x.org").unwrap();
        let strange =
            "Authentication-Results: mx.test; dmarc=fail action=oreject header.from=x.org; dkim=pass header.d=x.org\n";
        for text in [format!("{strange}\n"), format!("{strange}{GOOD}\n")] {
            let said = read(&text);
            assert!(said.doubtful && said.dmarc_fails(&x_org) && said.proofs(&x_org).is_empty(), "{text}");
            assert!(said.believed.iter().all(|result| result.method != Method::Dkim), "{text}");
        }
        let sealed = "Authentication-Results: mx.test; arc=pass arc.chain=a.test\n";
        let said = read(&format!("{sealed}{GOOD}\n"));
        assert!(!said.doubtful && said.proofs(&x_org) == Proofs::DMARC);
    }

    #[test]
    fn a_name_with_a_blank_is_a_doubt_only_in_the_name_of_a_trusted_server() {
        let blank = GOOD.replace(':', " :");
        assert!(read(&format!("{GOOD}{blank}\n")).doubtful);
        assert!(!read(&format!("{GOOD}{}\n", blank.replace("mx.test", "evil"))).doubtful);
        assert!(!read(&format!("{GOOD}Received: a\nReceived: b\n{blank}\n")).doubtful);
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
