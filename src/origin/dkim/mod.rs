//! DKIM, checked by ourselves: RFC 6376 with RFC 8301 and RFC 8463. The head is read, the body is hashed while it streams by,
//! and [`evaluate`] gives the result or the keys that must be asked for first.
//!
//! Promises: a pass is what the standards call one, with the flags of the key obeyed, From signed, and no part of the body
//! left open; at most [`SIGNATURE_LIMIT`] signatures are read and [`ASKED_LIMIT`] asked for; what needs no key is checked
//! before one is asked for. Never touches: the DNS, the clock, what a pass is good for.

pub mod body;
pub mod canonical;
pub mod header;
pub mod key;
pub mod refusal;
pub mod signature;
pub mod tags;
pub mod verification;

pub use body::{BodyHasher, BodyHashes};
pub use header::SignedFields;
pub use refusal::DkimRefusal;
pub use signature::{Algorithm, SIGNATURE_LIMIT, Signatures};
pub use verification::{Checked, Verification};

use crate::mail::address::Domain;
use crate::mail::head::{Head, HeadDefect};
use crate::origin::question::{Answer, Answers, Question, Record, RecordType, Step};
use header::FromFields;
use signature::{Signature, Terms};

/// Most signatures that are asked for.
pub const ASKED_LIMIT: usize = 8;
/// By how many seconds a signature may be younger than the message's arrival: clocks differ.
const AHEAD_LIMIT: i64 = 24 * 60 * 60;

/// Which signatures are asked for.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// All.
    All,
    /// Those of the domains for which this is true.
    Candidates(&'a dyn Fn(&Domain) -> bool),
}

/// Checks the signatures of a message that arrived at that time, in seconds since 1970. `signatures` were read from this
/// head, and `body` was hashed for them. Where more are wanted than may be asked for, those of the preferred domain, of
/// its parents and of its children come first, and then the topmost.
#[must_use]
pub fn evaluate(
    head: &Head<'_>,
    signatures: &Signatures,
    body: &BodyHashes,
    arrival: i64,
    wanted: Wanted<'_>,
    preferred: Option<&Domain>,
    answers: &Answers,
) -> Step<Verification> {
    let wanted: Vec<&Signature> = signatures.read.iter().filter(|one| is_wanted(one, wanted)).collect();
    let results: Vec<Result<&Terms, DkimRefusal>> =
        wanted.iter().map(|one| without_key(head, one, body, arrival)).collect();
    let asked = asked(&results, preferred);
    let questions = questions(&asked, answers);
    if !questions.is_empty() {
        return Step::Ask(questions);
    }
    let mut checked = Vec::with_capacity(wanted.len());
    for (at, (one, result)) in wanted.iter().zip(&results).enumerate() {
        let result = match result {
            Ok(terms) if asked.iter().any(|(place, _)| *place == at) => with_key(head, terms, answers),
            Ok(_) => continue,
            Err(refusal) => Err(*refusal),
        };
        let terms = one.terms.as_ref().ok();
        let signs = terms.map(|terms| SignedFields::of(head, terms)).unwrap_or_default();
        checked.push(Checked::new(&one.shown, terms.map(|terms| &terms.key), signs, result));
    }
    let unasked = signatures.read.len() - checked.len();
    Step::Done(Verification { signatures: checked, unread: signatures.unread, unasked })
}

/// One whose domain cannot be read is nobody's, and is told whatever is wanted: it costs no question.
fn is_wanted(one: &Signature, wanted: Wanted<'_>) -> bool {
    match wanted {
        Wanted::All => true,
        Wanted::Candidates(is_candidate) => one.shown.domain.as_ref().is_none_or(is_candidate),
    }
}

/// All that can be said of a signature before its key is known.
fn without_key<'a>(
    head: &Head<'_>,
    one: &'a Signature,
    body: &BodyHashes,
    arrival: i64,
) -> Result<&'a Terms, DkimRefusal> {
    let terms = one.terms.as_ref().map_err(|refusal| *refusal)?;
    let cut = [HeadDefect::TooLong, HeadDefect::TooManyFields];
    if head.defects.iter().any(|defect| cut.contains(defect)) {
        return Err(DkimRefusal::HeadTooLong);
    }
    match FromFields::of(head, terms) {
        FromFields::MoreThanSigned => return Err(DkimRefusal::SecondFrom),
        FromFields::None => return Err(DkimRefusal::FromMissing),
        FromFields::Signed => {}
    }
    if terms.signed_at.is_some_and(|signed_at| signed_at.saturating_sub(arrival) > AHEAD_LIMIT) {
        return Err(DkimRefusal::SignedInFuture);
    }
    if terms.expires.is_some_and(|expires| arrival > expires) {
        return Err(DkimRefusal::Expired);
    }
    let body = body.of(terms.body).ok_or(DkimRefusal::BodyAltered)?;
    // What `l=` leaves out anybody may have written; of the whole body it says nothing new.
    match terms.length {
        Some(length) if length < body.length => Err(DkimRefusal::BodyPartlySigned),
        Some(length) if length > body.length => Err(DkimRefusal::BodyShortened),
        _ if body.hash != terms.body_hash => Err(DkimRefusal::BodyAltered),
        _ => Ok(terms),
    }
}

/// The signatures that are asked for, with their places.
fn asked<'a>(results: &[Result<&'a Terms, DkimRefusal>], preferred: Option<&Domain>) -> Vec<(usize, &'a Terms)> {
    let askable = results.iter().enumerate().filter_map(|(at, result)| Some((at, *result.as_ref().ok()?)));
    let mut asked: Vec<(usize, &Terms)> = askable.collect();
    let related = |terms: &Terms| preferred.is_some_and(|preferred| are_related(&terms.domain, preferred));
    // A stable sort: among equals the topmost stays first.
    asked.sort_by_key(|(_, terms)| !related(terms));
    asked.truncate(ASKED_LIMIT);
    asked
}

/// Whether the two are one, or one is below the other.
pub(super) fn are_related(one: &Domain, other: &Domain) -> bool {
    one.is_at_or_below(other) || other.is_at_or_below(one)
}

/// The keys that were not asked for yet, each once.
fn questions(asked: &[(usize, &Terms)], answers: &Answers) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    for question in asked.iter().map(|(_, terms)| question(terms)) {
        if answers.get(&question).is_none() && !questions.contains(&question) {
            questions.push(question);
        }
    }
    questions
}

fn question(terms: &Terms) -> Question {
    Question { name: terms.key.clone(), kind: RecordType::Txt }
}

fn with_key(head: &Head<'_>, terms: &Terms, answers: &Answers) -> Result<(), DkimRefusal> {
    let records = answers.get(&question(terms)).and_then(Answer::records).ok_or(DkimRefusal::KeyUnsettled)?;
    let texts = records.iter().filter_map(|record| match record {
        Record::Txt(text) => Some(text.as_slice()),
        _ => None,
    });
    key::verify(texts, terms, &header::signed_text(head, terms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::question::{Finding, Name};
    use data_encoding::BASE64;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use sha2::{Digest, Sha256};

    const ARRIVAL: i64 = 1_800_000_000;
    const BELOW: &str = "From: Bob <bob@a.example>\nTo: al@o.example\nSubject: Hi\n\nHello\n";

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    /// The message below a signature of it with these tags more; the text it signs is put together here by hand.
    fn signed(domain: &str, tags: &str) -> String {
        let hash = BASE64.encode(&Sha256::digest(b"Hello\r\n"));
        let field = format!(
            "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d={domain}; s=k; h=from:to:subject; bh={hash}; {tags}b="
        );
        let text = format!("From: Bob <bob@a.example>\r\nTo: al@o.example\r\nSubject: Hi\r\n{field}");
        let signature = BASE64.encode(pair().sign(&Sha256::digest(text.as_bytes())).as_ref());
        format!("{field}{signature}\n")
    }

    fn answers(answer: &Answer, domains: &[&str]) -> Answers {
        let mut answers = Answers::default();
        for domain in domains {
            let name = Name::parse(&format!("k._domainkey.{domain}")).unwrap();
            answers.put(Question { name, kind: RecordType::Txt }, answer.clone());
        }
        answers
    }

    fn key() -> Answer {
        let text = format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(pair().public_key().as_ref()));
        Answer::Records(vec![Record::Txt(text.into_bytes())])
    }

    fn look(message: &str, wanted: Wanted<'_>, preferred: Option<&str>, answers: &Answers) -> Step<Verification> {
        let head = Head::read(message.as_bytes());
        let signatures = Signatures::read(&head);
        let mut hasher = BodyHasher::new(&signatures);
        hasher.update(&message.as_bytes()[head.body..]);
        let preferred = preferred.map(|name| Domain::parse(name).unwrap());
        evaluate(&head, &signatures, &hasher.finish(), ARRIVAL, wanted, preferred.as_ref(), answers)
    }

    /// What comes of a message whose one signature is of `a.example`.
    fn one(message: &str, answer: &Answer) -> (Finding, Option<DkimRefusal>) {
        let Step::Done(done) = look(message, Wanted::All, None, &answers(answer, &["a.example"])) else {
            panic!("it asks for another key")
        };
        assert_eq!((done.signatures.len(), done.unread, done.unasked), (1, 0, 0));
        assert_eq!(done.finding(), done.signatures[0].finding);
        (done.finding(), done.signatures[0].refusal)
    }

    fn done(step: Step<Verification>) -> Verification {
        match step {
            Step::Done(done) => done,
            Step::Ask(questions) => panic!("{questions:?}"),
        }
    }

    fn asked(step: Step<Verification>) -> Vec<String> {
        match step {
            Step::Ask(questions) => questions.iter().map(ToString::to_string).collect(),
            Step::Done(done) => panic!("{done:?}"),
        }
    }

    #[test]
    fn a_whole_message_passes_and_says_what_is_signed() {
        let message = signed("a.example", "t=1799999999; x=1800000001; ") + BELOW;
        assert_eq!(asked(look(&message, Wanted::All, None, &Answers::default())), ["TXT k._domainkey.a.example"]);
        let done = done(look(&message, Wanted::All, None, &answers(&key(), &["a.example"])));
        let checked = &done.signatures[0];
        assert_eq!((checked.finding, checked.refusal, done.finding()), (Finding::Pass, None, Finding::Pass));
        assert_eq!((checked.signed_at, checked.expires), (Some(1_799_999_999), Some(1_800_000_001)));
        assert_eq!((checked.selector.as_str(), checked.algorithm), ("k", Some(Algorithm::Ed25519Sha256)));
        assert_eq!(checked.signs, SignedFields { from: true, to: true, cc: false, subject: true, date: false });
    }

    #[test]
    fn what_needs_no_key_is_refused_without_a_question() {
        use DkimRefusal as R;
        let field = |tags: &str| signed("a.example", tags);
        let whole = field("") + BELOW;
        for (message, refusal) in [
            (whole.replace("Hello", "Hallo"), R::BodyAltered),
            (whole.clone() + "a footer\n", R::BodyAltered),
            (field("l=7; ") + BELOW + "a footer\n", R::BodyPartlySigned),
            (field("l=0; ") + BELOW, R::BodyPartlySigned),
            (field("l=8; ") + BELOW, R::BodyShortened),
            (field("") + "From: Eve <eve@a.example>\n" + BELOW, R::SecondFrom),
            (field("") + "Fr om: Eve <eve@a.example>\n" + BELOW, R::SecondFrom),
            (whole.replace("\nFrom:", "\nForm:"), R::FromMissing),
            (whole.replace("h=from:", "h="), R::FromNotSigned),
            (field("t=1800086401; ") + BELOW, R::SignedInFuture),
            (field("x=1799999999; ") + BELOW, R::Expired),
            (field("") + &"X: y\n".repeat(3000) + BELOW, R::HeadTooLong),
            (field("") + &format!("X: {}\n", "y".repeat(60_000)).repeat(6) + BELOW, R::HeadTooLong),
            (whole.replace("v=1", "v=2"), R::UnknownVersion),
        ] {
            let done = done(look(&message, Wanted::All, None, &Answers::default()));
            assert_eq!(done.signatures[0].refusal, Some(refusal), "{}", refusal.name());
            assert_eq!(done.finding(), refusal.finding());
        }
    }

    #[test]
    fn what_is_just_within_the_limits_passes() {
        for tags in ["t=1800086400; ", "x=1800000000; ", "l=7; ", "x=999999999999; ", "i=bob@b.a.example; ", "zz=1; "] {
            let message = signed("a.example", tags) + BELOW;
            assert_eq!(one(&message, &key()), (Finding::Pass, None), "{tags}");
        }
    }

    #[test]
    fn an_altered_header_field_is_refused() {
        let whole = signed("a.example", "") + BELOW;
        for (from, to) in
            [("Bob <", "Eve <"), ("al@o", "el@o"), ("Subject: Hi", "Subject: Ho"), ("Subject: Hi", "Subject:  Hi")]
        {
            let altered = whole.replace(from, to);
            assert_eq!(one(&altered, &key()), (Finding::Fail, Some(DkimRefusal::SignatureWrong)), "{from}");
        }
        let removed = whole.replace("To: al@o.example\n", "");
        assert_eq!(one(&removed, &key()).1, Some(DkimRefusal::SignatureWrong));
    }

    #[test]
    fn what_the_dns_says_of_the_key_decides() {
        let message = signed("a.example", "") + BELOW;
        let text = |text: &[u8]| Answer::Records(vec![Record::Txt(text.to_vec())]);
        for (answer, finding, refusal) in [
            (Answer::NoName, Finding::PermError, DkimRefusal::KeyMissing),
            (Answer::Records(vec![]), Finding::PermError, DkimRefusal::KeyMissing),
            (Answer::Records(vec![Record::Ptr(None)]), Finding::PermError, DkimRefusal::KeyMissing),
            (Answer::Unsettled, Finding::TempError, DkimRefusal::KeyUnsettled),
            (text(b"k=ed25519; p="), Finding::PermError, DkimRefusal::KeyRevoked),
            (text(b"k=ed25519; t=y; p=AAAA"), Finding::None, DkimRefusal::TestingKey),
            (text(&[0xff; 70_000]), Finding::PermError, DkimRefusal::KeyTooLong),
        ] {
            assert_eq!(one(&message, &answer), (finding, Some(refusal)));
        }
    }

    #[test]
    fn at_most_so_many_are_asked_for_and_the_preferred_domain_comes_first() {
        let domains: Vec<String> = (0..20).map(|at| format!("d{at}.example")).collect();
        let message = domains.iter().map(|domain| signed(domain, "")).collect::<String>() + BELOW;
        let names = |places: &[usize]| -> Vec<String> {
            places.iter().map(|at| format!("TXT k._domainkey.d{at}.example")).collect()
        };
        let step = |wanted: Wanted<'_>, preferred| asked(look(&message, wanted, preferred, &Answers::default()));
        assert_eq!(step(Wanted::All, None), names(&[0, 1, 2, 3, 4, 5, 6, 7]));
        for preferred in ["d12.example", "x.y.d12.example"] {
            assert_eq!(step(Wanted::All, Some(preferred)), names(&[12, 0, 1, 2, 3, 4, 5, 6]), "{preferred}");
        }
        assert_eq!(step(Wanted::All, Some("xd12.example")), names(&[0, 1, 2, 3, 4, 5, 6, 7]));
        let wanted = |domain: &Domain| ["d3.example", "d15.example", "d19.example"].contains(&domain.as_str());
        assert_eq!(step(Wanted::Candidates(&wanted), None), names(&[3, 15]));

        let all: Vec<&str> = domains.iter().map(String::as_str).collect();
        let done = done(look(&message, Wanted::Candidates(&wanted), None, &answers(&key(), &all)));
        assert_eq!((done.signatures.len(), done.unread, done.unasked), (2, 4, 14));
        assert_eq!(done.finding(), Finding::Pass);
    }

    #[test]
    fn a_key_is_asked_for_once_and_an_answer_is_not_asked_for_again() {
        let message = signed("a.example", "") + &signed("b.example", "") + &signed("a.example", "t=1; ") + BELOW;
        let step = look(&message, Wanted::All, None, &Answers::default());
        assert_eq!(asked(step), ["TXT k._domainkey.a.example", "TXT k._domainkey.b.example"]);
        let step = look(&message, Wanted::All, None, &answers(&key(), &["a.example"]));
        assert_eq!(asked(step), ["TXT k._domainkey.b.example"]);
    }

    #[test]
    fn who_is_not_wanted_is_not_asked_for() {
        let message = signed("a.example", "") + "DKIM-Signature: hallo\n" + BELOW;
        let nobody = |_: &Domain| false;
        let done = done(look(&message, Wanted::Candidates(&nobody), None, &Answers::default()));
        assert_eq!((done.signatures.len(), done.unasked), (1, 1));
        assert_eq!(done.signatures[0].refusal, Some(DkimRefusal::BadTags));
    }

    #[test]
    fn a_message_without_a_signature_is_neither_good_nor_bad() {
        let done = done(look(BELOW, Wanted::All, None, &Answers::default()));
        assert_eq!((done.finding(), done), (Finding::None, Verification::default()));
    }

    #[test]
    fn one_good_signature_is_enough_among_bad_ones() {
        let bad = signed("a.example", "").replace("s=k;", "s=k; n=x;");
        let message = bad + "DKIM-Signature: hallo\n" + &signed("a.example", "") + BELOW;
        let done = done(look(&message, Wanted::All, None, &answers(&key(), &["a.example"])));
        let refusals: Vec<_> = done.signatures.iter().map(|one| one.refusal).collect();
        assert_eq!(refusals, [Some(DkimRefusal::SignatureWrong), Some(DkimRefusal::BadTags), None]);
        assert_eq!(done.finding(), Finding::Pass);
    }
}
