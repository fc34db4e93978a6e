//! Whether the author's domain stands behind a message: the policy it publishes, and whether a domain that is proven belongs to
//! it (RFC 9989). Which domains are proven is said by others.
//!
//! Promises: no list of public suffixes is used; a walk asks at most eight questions, all in one round, and the walk of a proven
//! domain is asked only where the result depends on it. Never touches: signatures, addresses, sockets.

use super::question::{Answer, Answers, Finding, Name, Question, RecordType, Step};
use crate::mail::address::Domain;

/// Most labels of a name below the first of a walk (RFC 9989 section 4.10); with the first one that makes eight questions.
const WALK_LABELS: usize = 7;
/// What stands before a domain where its policy is published (RFC 9989 section 4.5).
const PREFIX: &str = "_dmarc";
/// The only version (RFC 9989 section 4.7). It has case; the tag's name has none.
const VERSION: &[u8] = b"DMARC1";

/// What the owner of a domain would have done with what does not pass (RFC 9989 section 4.7, `p`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Nothing.
    None,
    /// It is suspicious.
    Quarantine,
    /// It is not theirs.
    Reject,
}

impl Policy {
    /// As a record writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Policy::None => "none",
            Policy::Quarantine => "quarantine",
            Policy::Reject => "reject",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Pass, fail, none where there is no policy that can be used, or an error that may pass.
    pub finding: Finding,
    /// The domain whose record applies, also where that cannot be used.
    pub record_of: Option<Domain>,
    /// What it asks for this author: of subdomains, of names that do not exist, and one step less while it is on trial.
    pub policy: Option<Policy>,
    /// The proven domain that belongs to the author's.
    pub aligned: Option<Domain>,
}

/// Judges an author's domain by the domains that signatures prove, and the one that SPF passed for. With no proven domain it
/// collects the questions for the policy, and fails.
#[must_use]
pub fn evaluate(author: &Domain, dkim: &[Domain], spf: Option<&Domain>, answers: &Answers) -> Step<Judgement> {
    let walk = match Walk::read(author, answers) {
        Step::Ask(questions) => return Step::Ask(questions),
        Step::Done(walk) => walk,
    };
    let (record_of, record) = match walk.policy() {
        Lookup::Found(found) => found,
        Lookup::Nothing => return Step::Done(Judgement::default()),
        Lookup::Unsettled => return Step::Done(Judgement { finding: Finding::TempError, ..Judgement::default() }),
    };
    let mut judgement = Judgement { record_of: Domain::parse(record_of).ok(), ..Judgement::default() };
    let Some(demands) = record.demands() else { return Step::Done(judgement) };
    let mut questions = Vec::new();
    let policy = if record_of == author.as_str() {
        Some(demands.itself)
    } else {
        demands.of_subdomain(author, answers, &mut questions)
    };
    judgement.policy = policy.map(|policy| if record.trial { policy.one_less() } else { policy });
    let proven =
        dkim.iter().map(|domain| (domain, record.dkim_strict)).chain(spf.map(|domain| (domain, record.spf_strict)));
    let alignments: Vec<_> = proven.map(|(domain, strict)| (domain, aligned(&walk, domain, strict, answers))).collect();
    let passes = alignments.iter().find(|(_, alignment)| *alignment == Alignment::Yes);
    judgement.aligned = passes.map(|(domain, _)| (*domain).clone());
    let mut unsettled = false;
    for (_, alignment) in alignments {
        match alignment {
            Alignment::Depends(on) if judgement.aligned.is_none() => {
                questions.extend(on.into_iter().filter(|question| !questions.contains(question)).collect::<Vec<_>>());
            }
            Alignment::Unsettled => unsettled = true,
            Alignment::Depends(_) | Alignment::No | Alignment::Yes => {}
        }
    }
    if !questions.is_empty() {
        return Step::Ask(questions);
    }
    judgement.finding = match judgement.aligned {
        Some(_) => Finding::Pass,
        None if unsettled => Finding::TempError,
        None => Finding::Fail,
    };
    Step::Done(judgement)
}

/// Whether a proven domain belongs to the author's.
#[derive(Debug, PartialEq, Eq)]
enum Alignment {
    /// That depends on these.
    Depends(Vec<Question>),
    No,
    Unsettled,
    Yes,
}

/// RFC 9989 sections 4.4 and 4.10.2. The organization of a domain is the domain itself or above it, so one outside the author's
/// organization belongs to another, whatever its own walk says.
fn aligned(author: &Walk<'_>, domain: &Domain, strict: bool, answers: &Answers) -> Alignment {
    let name = domain.as_str();
    if name == author.domain {
        return Alignment::Yes;
    }
    if strict {
        return Alignment::No;
    }
    let Some(organization) = author.organization() else {
        // Whatever it is: only a domain that shares the end of its name can be of it.
        let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
        return if last(name) == last(author.domain) { Alignment::Unsettled } else { Alignment::No };
    };
    if name != organization && !name.strip_suffix(organization).is_some_and(|rest| rest.ends_with('.')) {
        return Alignment::No;
    }
    match Walk::read(domain, answers) {
        Step::Ask(questions) => Alignment::Depends(questions),
        Step::Done(walk) => match walk.organization() {
            None => Alignment::Unsettled,
            Some(other) if other == organization => Alignment::Yes,
            Some(_) => Alignment::No,
        },
    }
}

/// What is at one name.
#[derive(Debug)]
enum Lookup<T> {
    Found(T),
    Nothing,
    Unsettled,
}

/// A domain and those above it, each with its record, up to the one that says where the organization ends.
#[derive(Debug)]
struct Walk<'a> {
    domain: &'a str,
    steps: Vec<(&'a str, Lookup<Published>)>,
}

impl<'a> Walk<'a> {
    /// Reads what the answers say; all that is not among them is asked at once. RFC 9989 section 4.10.
    fn read(domain: &'a Domain, answers: &Answers) -> Step<Walk<'a>> {
        let mut walk = Walk { domain: domain.as_str(), steps: Vec::new() };
        let mut missing = Vec::new();
        let mut ended = false;
        for name in names(domain.as_str()) {
            // A name that cannot be asked for has no record.
            let question =
                Name::parse(&format!("{PREFIX}.{name}")).map(|name| Question { name, kind: RecordType::Txt });
            let found = match question.as_ref().map(|question| answers.get(question)) {
                None => Lookup::Nothing,
                Some(Some(answer)) => published(answer),
                Some(None) => {
                    missing.extend(question);
                    continue;
                }
            };
            // Behind a gap nothing ends: what is missing may end it before.
            ended = missing.is_empty() && matches!(&found, Lookup::Found(record) if record.suffix != Suffix::Unknown);
            walk.steps.push((name, found));
            if ended {
                break;
            }
        }
        if missing.is_empty() || ended { Step::Done(walk) } else { Step::Ask(missing) }
    }

    /// The record that applies, and whose it is: the domain's own, else that of its organization, else that of the public
    /// suffix above it (RFC 9989 section 4.10.1).
    fn policy(&self) -> Lookup<(&'a str, &Published)> {
        match self.steps.first() {
            Some((name, Lookup::Found(record))) => return Lookup::Found((name, record)),
            Some((_, Lookup::Unsettled)) => return Lookup::Unsettled,
            Some((_, Lookup::Nothing)) | None => {}
        }
        let Some(organization) = self.organization() else { return Lookup::Unsettled };
        let at = |wanted: &dyn Fn(&str, &Published) -> bool| {
            self.found().find(|(name, record)| wanted(name, record)).map_or(Lookup::Nothing, Lookup::Found)
        };
        match at(&|name, _| name == organization) {
            Lookup::Nothing => at(&|_, record| record.suffix == Suffix::Public),
            found => found,
        }
    }

    /// The organization (RFC 9989 section 4.10.2); none where that is not settled.
    fn organization(&self) -> Option<&'a str> {
        if self.steps.iter().any(|(_, found)| matches!(found, Lookup::Unsettled)) {
            return None;
        }
        let (last, record) = match self.found().last() {
            None => return Some(self.domain),
            Some(last) => last,
        };
        // Only the last one can say so: there the walk ends.
        let above = record.suffix == Suffix::Public && last != self.domain;
        Some(if above { one_below(self.domain, last) } else { last })
    }

    /// The names that have a record, the longest first.
    fn found(&self) -> impl Iterator<Item = (&'a str, &Published)> {
        self.steps.iter().filter_map(|(name, found)| match found {
            Lookup::Found(record) => Some((*name, record)),
            Lookup::Nothing | Lookup::Unsettled => None,
        })
    }
}

/// The names of a walk: the domain, then what is left without its first label; of a long one the last seven labels come second.
/// A domain literal has no names.
fn names(domain: &str) -> Vec<&str> {
    let mut names: Vec<&str> = if domain.starts_with('[') { Vec::new() } else { vec![domain] };
    let parents = domain.match_indices('.').filter_map(|(at, _)| domain.get(at + 1..));
    let fits = |name: &&str| name.split('.').count() <= WALK_LABELS;
    names.extend(parents.filter(fits).filter(|_| !domain.starts_with('[')));
    names
}

/// The end of the domain that has one label more than the parent.
fn one_below<'a>(domain: &'a str, parent: &str) -> &'a str {
    let above = domain.len().saturating_sub(parent.len() + 1);
    let start = domain.get(..above).and_then(|rest| rest.rfind('.')).map_or(0, |dot| dot + 1);
    domain.get(start..).unwrap_or(domain)
}

/// The one record of a name: two are none (RFC 9989 section 4.10, step 2).
fn published(answer: &Answer) -> Lookup<Published> {
    let Some(records) = answer.records() else { return Lookup::Unsettled };
    let texts = records.iter().filter_map(|record| match record {
        super::question::Record::Txt(text) => Published::parse(text),
        _ => None,
    });
    let mut texts = texts.take(2);
    match (texts.next(), texts.next()) {
        (Some(record), None) => Lookup::Found(record),
        _ => Lookup::Nothing,
    }
}

/// Where an organization ends (RFC 9989 section 4.7, `psd`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Suffix {
    /// This domain is one.
    Organization,
    /// Others register their names below this one.
    Public,
    #[default]
    Unknown,
}

/// A tag whose value matters even where it cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tag<T> {
    #[default]
    Absent,
    Bad,
    Good(T),
}

/// What a record says (RFC 9989 sections 4.7 and 4.8). What cannot be read of it is as if it were not there, but where the
/// standard says more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Published {
    policy: Tag<Policy>,
    subdomains: Tag<Policy>,
    nonexistent: Tag<Policy>,
    dkim_strict: bool,
    spf_strict: bool,
    suffix: Suffix,
    trial: bool,
    reports: bool,
}

/// What is demanded of mail in the name of a domain, of its subdomains, and of those that do not exist.
struct Demands {
    itself: Policy,
    subdomains: Policy,
    nonexistent: Policy,
}

impl Published {
    /// Reads a record; none where it does not begin with the version, which must be the first tag, with nothing before it.
    fn parse(text: &[u8]) -> Option<Published> {
        let mut tags = text.split(|octet| *octet == b';').map(tag);
        let (name, version) = tags.next()??;
        if !name.eq_ignore_ascii_case(b"v") || version != VERSION || text.first().is_some_and(is_blank) {
            return None;
        }
        let tags: Vec<(&[u8], &[u8])> = tags.flatten().collect();
        // A tag that stands there twice is an error (RFC 6376 section 3.2), and as if it were not there.
        let value = |wanted: &[u8]| {
            let mut values = tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value);
            match (values.next(), values.next()) {
                (None, _) => Tag::Absent,
                (Some(value), None) => Tag::Good(value),
                (Some(_), Some(_)) => Tag::Bad,
            }
        };
        let is =
            |name: &[u8], wanted: &[u8]| matches!(value(name), Tag::Good(value) if value.eq_ignore_ascii_case(wanted));
        let suffix = if is(b"psd", b"y") { Suffix::Public } else { Suffix::Unknown };
        Some(Published {
            policy: request(value(b"p")),
            subdomains: request(value(b"sp")),
            nonexistent: request(value(b"np")),
            dkim_strict: is(b"adkim", b"s"),
            spf_strict: is(b"aspf", b"s"),
            suffix: if is(b"psd", b"n") { Suffix::Organization } else { suffix },
            trial: is(b"t", b"y"),
            reports: matches!(value(b"rua"), Tag::Good(list) if list.split(|octet| *octet == b',').any(is_uri)),
        })
    }

    /// What it demands; none where it says nothing that can be used. One with a fault in its policies demands nothing, and is
    /// there all the same, if it says who wants to hear of it (RFC 9989 section 4.10.1).
    fn demands(&self) -> Option<Demands> {
        let faulty = self.subdomains == Tag::Bad || self.nonexistent == Tag::Bad;
        match self.policy {
            Tag::Good(itself) if !faulty => {
                let or = |tag, other| if let Tag::Good(policy) = tag { policy } else { other };
                let subdomains = or(self.subdomains, itself);
                Some(Demands { itself, subdomains, nonexistent: or(self.nonexistent, subdomains) })
            }
            _ if self.reports => {
                Some(Demands { itself: Policy::None, subdomains: Policy::None, nonexistent: Policy::None })
            }
            _ => None,
        }
    }
}

impl Demands {
    /// What is demanded of a subdomain. Whether it exists is asked only where that makes a difference; where it is not settled,
    /// it is taken to exist. None while it is being asked.
    fn of_subdomain(&self, author: &Domain, answers: &Answers, questions: &mut Vec<Question>) -> Option<Policy> {
        if self.nonexistent == self.subdomains {
            return Some(self.subdomains);
        }
        let Some(name) = Name::parse(author.as_str()) else { return Some(self.nonexistent) };
        // RFC 9989 section 3.2.13: neither addresses nor mail exchangers.
        let kinds = [RecordType::A, RecordType::Aaaa, RecordType::Mx];
        let wanted = kinds.map(|kind| Question { name: name.clone(), kind });
        let missing = wanted.iter().filter(|question| answers.get(question).is_none()).cloned();
        let asked = questions.len();
        questions.extend(missing);
        let is_nothing = |question| answers.get(question).and_then(Answer::records).is_some_and(<[_]>::is_empty);
        let exists = !wanted.iter().all(is_nothing);
        (questions.len() == asked).then_some(if exists { self.subdomains } else { self.nonexistent })
    }
}

impl Policy {
    /// What is done while a policy is on trial (RFC 9989 section 4.7, `t`).
    fn one_less(self) -> Policy {
        match self {
            Policy::Reject => Policy::Quarantine,
            Policy::Quarantine | Policy::None => Policy::None,
        }
    }
}

fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Name and value of a tag, without the blanks around them; none where there is no such thing.
fn tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|octet| *octet == b'=')?;
    let (name, value) = (trim(text.get(..at)?), trim(text.get(at + 1..)?));
    (!name.is_empty() && name.iter().all(u8::is_ascii_alphabetic)).then_some((name, value))
}

fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|octet| !is_blank(octet)).unwrap_or(text.len());
    let end = text.iter().rposition(|octet| !is_blank(octet)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

fn request(value: Tag<&[u8]>) -> Tag<Policy> {
    let Tag::Good(value) = value else { return if value == Tag::Absent { Tag::Absent } else { Tag::Bad } };
    let policies = [Policy::None, Policy::Quarantine, Policy::Reject];
    let found = policies.into_iter().find(|policy| value.eq_ignore_ascii_case(policy.name().as_bytes()));
    found.map_or(Tag::Bad, Tag::Good)
}

/// Whether this names a place to which reports can go: a scheme, and something behind it (RFC 3986 section 3). Nobody is
/// written to, so the rest is not looked at closely.
fn is_uri(text: &[u8]) -> bool {
    let text = trim(text);
    let Some(at) = text.iter().position(|octet| *octet == b':') else { return false };
    let (scheme, rest) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let in_scheme = |octet: &u8| octet.is_ascii_alphanumeric() || b"+-.".contains(octet);
    let good = scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(in_scheme);
    good && !rest.is_empty() && rest.iter().all(|octet| octet.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(octet))
}

#[cfg(test)]
mod tests {
    use super::super::question::Record;
    use super::*;

    /// The domain of the organization that this one belongs to (RFC 9989 section 4.10.2). Where that cannot be found out at the
    /// moment it is the domain itself: nothing wider is claimed.
    fn organizational_domain(domain: &Domain, answers: &Answers) -> Step<Domain> {
        match Walk::read(domain, answers) {
            Step::Ask(questions) => Step::Ask(questions),
            Step::Done(walk) => {
                let organization = walk.organization().and_then(|name| Domain::parse(name).ok());
                Step::Done(organization.unwrap_or_else(|| domain.clone()))
            }
        }
    }

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    /// Answers to every question below these names: the texts given, and that the others do not exist.
    fn answers(author: &str, texts: &[(&str, &str)]) -> Answers {
        let mut answers = Answers::default();
        for name in names(author) {
            let name = Name::parse(&format!("{PREFIX}.{name}")).unwrap();
            let of_name = texts.iter().filter(|(owner, _)| name.as_str() == format!("{PREFIX}.{owner}"));
            let records: Vec<Record> = of_name.map(|(_, text)| Record::Txt(text.as_bytes().to_vec())).collect();
            let answer = if records.is_empty() { Answer::NoName } else { Answer::Records(records) };
            answers.put(Question { name, kind: RecordType::Txt }, answer);
        }
        answers
    }

    #[test]
    fn what_does_not_begin_with_the_version_is_no_record() {
        for text in [
            "",
            "v",
            "v=",
            "v=DMARC",
            "v=DMARC10",
            "v=dmarc1; p=none",
            "v=DMARC2; p=none",
            " v=DMARC1",
            "\tv=DMARC1",
            ";v=DMARC1",
            "p=none; v=DMARC1",
            "v=DMARC1 p=none",
            "v=DMARC1,p=none",
            "v==DMARC1",
            "vv=DMARC1",
            "v=spf1 -all",
            "v=\"DMARC1\"",
        ] {
            assert_eq!(Published::parse(text.as_bytes()), None, "{text:?}");
        }
        for text in ["v=DMARC1", "V=DMARC1;", "v = DMARC1 ;p=none", "v\t=\tDMARC1\t", "v=DMARC1;;;"] {
            assert!(Published::parse(text.as_bytes()).is_some(), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_of_a_record_is_as_if_it_were_not_there() {
        let plain = Published::parse(b"v=DMARC1; p=reject");
        for rest in [
            "; adkim=x",
            "; aspf=",
            "; psd=q",
            "; t=1",
            "; unknown=1; also=2",
            "; adkim",
            "; =s",
            "; 1adkim=s",
            "; a dkim=s",
            "; \u{e9}=1",
            ";;",
            "; adkim=s; adkim=s",
            "; aspf=s; ASPF=r",
            "; psd=y; psd=n",
            "; pct=0",
            "; rua=nobody",
            "; adkim=s s",
        ] {
            assert_eq!(Published::parse(format!("v=DMARC1; p=reject{rest}").as_bytes()), plain, "{rest}");
        }
        let full =
            Published::parse(b"v=DMARC1; P=REJECT; ADKIM = S ;aspf=s;PSD=Y; t=y; rua=mailto:a@b.example!5m").unwrap();
        assert!(
            full.policy == Tag::Good(Policy::Reject)
                && full.dkim_strict
                && full.spf_strict
                && full.trial
                && full.reports
        );
        assert_eq!(full.suffix, Suffix::Public);
    }

    #[test]
    fn a_fault_in_a_policy_leaves_none_or_nothing() {
        let demanded = |text: &str| Published::parse(text.as_bytes()).unwrap().demands().map(|demands| demands.itself);
        for fault in
            ["", "; p=", "; p=bogus", "; p=none; p=none", "; p=reject; sp=bogus", "; p=reject; np=", "; sp=reject"]
        {
            assert_eq!(demanded(&format!("v=DMARC1{fault}")), None, "{fault}");
            assert_eq!(demanded(&format!("v=DMARC1{fault}; rua=mailto:a@b.example")), Some(Policy::None), "{fault}");
        }
        for no_place in ["", "a@b.example", "mailto:", ":a", "1:a", "mailto:a b", "mailto:<a>"] {
            assert_eq!(demanded(&format!("v=DMARC1; rua={no_place}")), None, "{no_place}");
        }
        assert_eq!(demanded("v=DMARC1; rua=x, https://b.example/d"), Some(Policy::None));
    }

    #[test]
    fn a_walk_asks_eight_questions_at_most_and_all_at_once() {
        let long = domain("a.b.c.d.e.f.g.h.i.j.mail.example.com");
        let Step::Ask(questions) = evaluate(&long, &[], None, &Answers::default()) else {
            panic!("an answer out of nothing")
        };
        let asked: Vec<String> = questions.iter().map(ToString::to_string).collect();
        let names = [
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",
            "g.h.i.j.mail.example.com",
            "h.i.j.mail.example.com",
            "i.j.mail.example.com",
            "j.mail.example.com",
            "mail.example.com",
            "example.com",
            "com",
        ];
        assert_eq!(asked, names.map(|name| format!("TXT _dmarc.{name}")));
        let Step::Ask(questions) = organizational_domain(&domain("a.b.c.d.e.f.g.h"), &Answers::default()) else {
            panic!()
        };
        assert_eq!(questions.len(), 8);
        let Step::Ask(questions) = organizational_domain(&domain("example"), &Answers::default()) else { panic!() };
        assert_eq!(questions.len(), 1);
    }

    #[test]
    fn a_domain_literal_has_no_policy_and_nothing_is_asked() {
        let literal = domain("[192.0.2.1]");
        assert_eq!(
            evaluate(&literal, std::slice::from_ref(&literal), None, &Answers::default()),
            Step::Done(Judgement::default())
        );
        assert_eq!(organizational_domain(&literal, &Answers::default()), Step::Done(literal));
    }

    #[test]
    fn a_name_without_room_for_what_is_put_before_it_has_no_record() {
        let long = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(57));
        let Step::Ask(questions) = evaluate(&domain(&long), &[], None, &Answers::default()) else { panic!() };
        assert_eq!(questions.len(), 3);
    }

    #[test]
    fn the_walk_of_a_proven_domain_is_asked_only_where_it_matters() {
        let author = domain("mail.example.org");
        let answers = answers("mail.example.org", &[("example.org", "v=DMARC1; p=reject")]);
        let at = |proven: &str| evaluate(&author, &[domain(proven)], None, &answers);
        for other in ["example.com", "org", "xexample.org", "example.org.evil.com", "[192.0.2.1]"] {
            let Step::Done(judgement) = at(other) else { panic!("{other} is asked for") };
            assert_eq!((judgement.finding, judgement.aligned), (Finding::Fail, None), "{other}");
        }
        let Step::Ask(questions) = at("x.example.org") else { panic!("nothing is asked") };
        assert_eq!(questions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["TXT _dmarc.x.example.org"]);
        let passes = evaluate(&author, &[domain("x.example.org"), author.clone()], None, &answers);
        let Step::Done(judgement) = passes else { panic!("one that is the author's is enough") };
        assert_eq!((judgement.finding, judgement.aligned), (Finding::Pass, Some(author)));
    }

    #[test]
    fn the_organization_is_found_as_the_standard_shows() {
        let found = |texts: &[(&str, &str)]| match organizational_domain(
            &domain("a.mail.example.com"),
            &answers("a.mail.example.com", texts),
        ) {
            Step::Done(organization) => organization.as_str().to_owned(),
            Step::Ask(questions) => panic!("{questions:?}"),
        };
        assert_eq!(found(&[]), "a.mail.example.com");
        assert_eq!(found(&[("mail.example.com", "v=DMARC1"), ("example.com", "v=DMARC1; p=none")]), "example.com");
        assert_eq!(
            found(&[("mail.example.com", "v=DMARC1; psd=n"), ("example.com", "v=DMARC1; p=none")]),
            "mail.example.com"
        );
        assert_eq!(found(&[("com", "v=DMARC1; psd=y")]), "example.com");
        assert_eq!(
            found(&[("a.mail.example.com", "v=DMARC1; psd=y"), ("example.com", "v=DMARC1")]),
            "a.mail.example.com"
        );
        assert_eq!(found(&[("com", "v=DMARC1; psd=u")]), "com");
        assert_eq!(found(&[("example.com", "v=DMARC1"), ("example.com", "v=DMARC1")]), "a.mail.example.com");
    }

    #[test]
    fn where_it_is_not_settled_nothing_wider_is_claimed() {
        let mut answers = Answers::default();
        let unsettled = Question { name: Name::parse("_dmarc.example.com").unwrap(), kind: RecordType::Txt };
        answers.put(unsettled, Answer::Unsettled);
        for name in ["_dmarc.a.example.com", "_dmarc.com"] {
            answers.put(Question { name: Name::parse(name).unwrap(), kind: RecordType::Txt }, Answer::NoName);
        }
        assert_eq!(organizational_domain(&domain("a.example.com"), &answers), Step::Done(domain("a.example.com")));
    }
}
