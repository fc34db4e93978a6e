//! Whether challenges that leave this machine will be taken: what the DNS says of the name that it greets with and of the
//! user's domain, and whether anything signs them.
//!
//! A challenge has an empty envelope sender, so receivers ask for SPF at the name of the greeting (RFC 7208 section 2.4), and
//! DMARC passes by that only if it belongs to the domain in From; else only by a signature of that domain.
//!
//! Promises: the judgement is a function of what was answered; nothing is called missing where no answer came. Never touches:
//! the mail system's files; whether a challenge really was signed, which only one that was sent can show.

use core::net::IpAddr;

use super::checkers::Milters;
use super::finding::Finding;
use crate::mail::address::Domain;
use crate::operation::screen;
use crate::origin::dmarc::{self, Judgement, Policy};
use crate::origin::question::{Answer, Answers, Name, Question, Record, RecordType, Step};
use crate::origin::spf::{self, Client, SpfResult};
use crate::world::config::Config;
use crate::world::resolver::{BUDGET_LIMIT, QUESTION_LIMIT, Resolver};
use crate::world::{host, surroundings};

/// Most addresses of the greeting's name that are followed.
const ADDRESS_LIMIT: usize = 4;

/// Who signs what a program hands to the mail system.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Signing {
    /// Postfix gives it to milters (`non_smtpd_milters`), one of which may sign.
    Milters,
    /// Postfix gives it to none, whatever it does with what comes by SMTP.
    None(Milters),
    /// There is no Postfix, so it cannot be seen.
    Unseen,
}

/// How challenges leave this machine.
#[derive(Clone, Debug)]
struct Leaving {
    /// What the mail system calls itself to others.
    helo: String,
    /// The domain in From.
    from: Domain,
    signing: Signing,
}

/// Asks the DNS about both names, and judges.
#[must_use]
pub fn ask_about_challenges(config: &Config) -> Vec<Finding> {
    // Gather.
    let leaving = Leaving::of(config);
    let servers = config.resolvers();
    let mut resolver = Resolver::new(&servers, BUDGET_LIMIT, QUESTION_LIMIT);
    let mut answers = Answers::default();
    screen::aside("asking the DNS, for at most 5 seconds");
    let found = loop {
        match judge(&leaving, &answers) {
            Step::Done(found) => break found,
            Step::Ask(questions) => resolver.ask(&questions, &mut answers),
        }
    };
    if !resolver.is_dead() {
        return found;
    }
    let named: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let said = format!("no answer from {}: nothing can be said of how challenges are received", named.join(", "));
    vec![Finding::warning("DNS", &said).way("name a resolver that answers: dns in the part [eyes]")]
}

impl Leaving {
    fn of(config: &Config) -> Leaving {
        let from = config.policy.owner.primary.domain().clone();
        let said = surroundings::postconf(&["smtp_helo_name", "myhostname", "smtpd_milters", "non_smtpd_milters"]);
        Leaving::by(from, said.as_deref(), host::name())
    }

    fn by(from: Domain, postfix: Option<&[String]>, host: String) -> Leaving {
        let Some([helo, name, smtp, local]) = postfix else {
            return Leaving { helo: host, from, signing: Signing::Unseen };
        };
        // `$myhostname`, as it stands there by itself; what else is written with a `$` is not followed.
        let helo = if helo.is_empty() || helo.contains('$') { name } else { helo };
        let milters = Milters::of(smtp, local);
        let signing = if milters.local.is_empty() { Signing::None(milters) } else { Signing::Milters };
        Leaving { helo: helo.clone(), from, signing }
    }
}

/// What is to be said, or what must be asked first.
fn judge(leaving: &Leaving, answers: &Answers) -> Step<Vec<Finding>> {
    let mut open = Vec::new();
    let dmarc = take(&mut open, dmarc::evaluate(&leaving.from, &[], None, answers));
    let from = Name::parse(leaving.from.as_str()).map(|name| texts(&name, answers, &mut open));
    let helo = Name::parse(&leaving.helo).filter(|name| name.as_str().contains('.'));
    let greeting = helo.as_ref().map(|name| Greeting::of(name, answers, &mut open));
    if !open.is_empty() {
        return Step::Ask(open);
    }
    let helo_passes = greeting.as_ref().is_some_and(|greeting| greeting.spf == SpfResult::Pass);
    let by_greeting = Domain::parse(&leaving.helo).ok().filter(|_| helo_passes);
    let aligned = take(&mut open, dmarc::evaluate(&leaving.from, &[], by_greeting.as_ref(), answers));
    if !open.is_empty() {
        return Step::Ask(open);
    }
    let is_aligned = aligned.is_some_and(|judgement| judgement.aligned.is_some())
        || by_greeting.is_some_and(|domain| domain == leaving.from);
    let mut found = match (&helo, &greeting) {
        (Some(helo), Some(greeting)) => vec![greeting.addresses(helo), greeting.policy(helo)],
        _ => vec![no_full_name(leaving)],
    };
    found.extend(from.map(|has_spf| policy_of_from(leaving, has_spf)));
    let dmarc = dmarc.unwrap_or_default();
    found.push(policy_of_domain(&leaving.from, &dmarc, answers));
    found.push(signature(leaving, dmarc.policy, is_aligned));
    Step::Done(found)
}

/// What the DNS says of the name that a mail system greets with.
struct Greeting {
    /// None where no answer came.
    addresses: Option<Vec<IpAddr>>,
    /// An address, and the names that it leads to; none where no answer came.
    names: Vec<(IpAddr, Option<Vec<String>>)>,
    spf: SpfResult,
}

impl Greeting {
    fn of(helo: &Name, answers: &Answers, open: &mut Vec<Question>) -> Greeting {
        let mut addresses = Some(Vec::new());
        for kind in [RecordType::A, RecordType::Aaaa] {
            let answer = look(helo, kind, answers, open);
            match (answer.and_then(Answer::records), addresses.as_mut()) {
                (Some(records), Some(addresses)) => addresses.extend(records.iter().filter_map(address)),
                _ if answer.is_some() => addresses = None,
                _ => {}
            }
        }
        let known: Vec<IpAddr> = addresses.iter().flatten().copied().take(ADDRESS_LIMIT).collect();
        let names = known.iter().map(|ip| (*ip, names_of(*ip, answers, open))).collect();
        // Without an address, that there is a policy is all that can be known.
        let ip = known.first().copied().unwrap_or(IpAddr::from([192, 0, 2, 1]));
        let client = Client { ip, helo: Some(helo.to_string()) };
        let spf = take(open, spf::evaluate(&client, None, answers)).unwrap_or(SpfResult::TempError);
        Greeting { addresses, names, spf }
    }

    fn addresses(&self, helo: &Name) -> Finding {
        let check = "HELO name";
        let Some(addresses) = &self.addresses else { return unanswered(check, &format!("addresses of {helo}")) };
        if addresses.iter().all(|ip| ip.is_loopback()) {
            let said =
                format!("{helo}, which your mail system calls itself, has no address in the DNS: many refuse its mail");
            return Finding::warning(check, &said)
                .way(format!("give {helo} an A or AAAA record, or smtp_helo_name (in Postfix) a name that has one"));
        }
        let leads_back = |names: &Vec<String>| names.iter().any(|name| name == helo.as_str());
        let back = self.names.iter().find(|(_, names)| names.as_ref().is_some_and(leads_back));
        if let Some((ip, _)) = back {
            return Finding::good(check, &format!("{helo} is {ip}, and {ip} leads back to it"));
        }
        let known = self.names.iter().find_map(|(ip, names)| Some((ip, names.as_ref()?)));
        let Some((ip, names)) = known else { return unanswered(check, &format!("names of the addresses of {helo}")) };
        let leads = if names.is_empty() { "nowhere".to_owned() } else { format!("to {}", names.join(", ")) };
        Finding::warning(
            check,
            &format!("{helo} is {ip}, and {ip} leads {leads}, not back to it: many refuse its mail"),
        )
        .way(format!("have whoever gives you the address {ip} make it lead to {helo} (its PTR record)"))
    }

    fn policy(&self, helo: &Name) -> Finding {
        let check = "HELO SPF";
        let way = format!("a TXT record at {helo}: \"v=spf1 a -all\"");
        let why = "a challenge has no envelope sender, so receivers ask there";
        match (self.spf, self.names.first()) {
            (SpfResult::TempError, _) => unanswered(check, &format!("SPF of {helo}")),
            (SpfResult::None, _) => Finding::warning(check, &format!("{helo} publishes no SPF: {why}")).way(way),
            (SpfResult::Pass, Some((ip, _))) => {
                Finding::good(check, &format!("{helo} lets {ip} send in its name: {why}"))
            }
            (result, Some((ip, _))) => {
                Finding::warning(check, &format!("SPF of {helo} says {} of {ip}: {why}", result.name())).way(way)
            }
            (_, None) => Finding::note(check, &format!("{helo} publishes SPF, and has no address to hold it against")),
        }
    }
}

fn no_full_name(leaving: &Leaving) -> Finding {
    let (check, helo) = ("HELO name", &leaving.helo);
    if leaving.signing == Signing::Unseen {
        let said = format!(
            "what your mail system calls itself cannot be seen here, and {helo:?}, as this machine is called, is no full name"
        );
        return Finding::note(check, &said).way("let it greet with a name that the DNS knows, or many refuse its mail");
    }
    Finding::warning(
        check,
        &format!("{helo:?}, which your mail system calls itself, is no full name: many refuse its mail"),
    )
    .way("give it one that the DNS knows: myhostname in main.cf")
}

fn policy_of_from(leaving: &Leaving, has_spf: Option<bool>) -> Finding {
    let (check, Leaving { from, helo, .. }) = ("From SPF", leaving);
    let greeting = if helo.contains('.') { format!(" a:{helo}") } else { String::new() };
    match has_spf {
        None => unanswered(check, &format!("SPF of {from}")),
        Some(true) => Finding::good(check, &format!("{from} publishes SPF")),
        Some(false) => Finding::warning(check, &format!("{from} publishes no SPF: large providers ask for it"))
            .way(format!("a TXT record at {from}: \"v=spf1 mx{greeting} -all\"")),
    }
}

fn policy_of_domain(from: &Domain, dmarc: &Judgement, answers: &Answers) -> Finding {
    let check = "DMARC";
    match (dmarc.policy, &dmarc.record_of) {
        (Some(policy), of) => {
            let of = of.as_ref().unwrap_or(from);
            Finding::good(check, &format!("{of} asks for p={} of what proves nothing", policy.name()))
        }
        (None, _) if is_open(from, answers) => unanswered(check, &format!("DMARC of {from}")),
        (None, Some(of)) => Finding::warning(check, &format!("the DMARC record of {of} cannot be used"))
            .way(format!("a TXT record at _dmarc.{of}: \"v=DMARC1; p=none\"")),
        (None, None) => {
            Finding::warning(check, &format!("{from} publishes no DMARC policy: large providers ask for it"))
                .way(format!("a TXT record at _dmarc.{from}: \"v=DMARC1; p=none\""))
        }
    }
}

/// Whether a challenge passes DMARC, as far as that shows from here.
fn signature(leaving: &Leaving, policy: Option<Policy>, is_aligned: bool) -> Finding {
    let (check, Leaving { from, helo, signing }) = ("signature", leaving);
    let fate = match policy {
        Some(Policy::Reject) => "EVERY CHALLENGE WILL BE REFUSED (p=reject)",
        Some(Policy::Quarantine) => "every challenge will be taken for spam (p=quarantine)",
        Some(Policy::None) | None => "large providers refuse what neither SPF nor a signature vouches for",
    };
    if is_aligned {
        return Finding::good(check, &format!("challenges pass DMARC by the SPF of {helo}, signed or not"));
    }
    let milters = match signing {
        Signing::Milters => {
            let said =
                format!("Postfix has milters for what programs send; one of them must sign for {from}, else {fate}");
            return Finding::note(check, &said).way("doctor --send-probe shows whether one does");
        }
        Signing::Unseen => {
            let said = format!("whether challenges are signed for {from} cannot be seen here; if they are not, {fate}");
            let finding = if enforces(policy) { Finding::warning } else { Finding::note };
            return finding(check, &said)
                .way(format!("have your mail system sign for {from} what programs send, or {}", by_name(from)));
        }
        Signing::None(milters) => milters,
    };
    let said = format!("Postfix has no milter for what programs send, so challenges leave unsigned: {fate}");
    let finding = if policy == Some(Policy::Reject) { Finding::wrong } else { Finding::warning };
    let finding = milters.ways_to_sign(from).iter().fold(finding(check, &said), |finding, way| finding.way(way));
    finding.way(format!("or {}", by_name(from)))
}

fn enforces(policy: Option<Policy>) -> bool {
    matches!(policy, Some(Policy::Quarantine | Policy::Reject))
}

fn by_name(from: &Domain) -> String {
    format!("let it greet with a name in {from} whose SPF lets it send")
}

fn unanswered(check: &'static str, what: &str) -> Finding {
    Finding::note(check, &format!("no answer of the DNS about {what}; ask again later"))
}

/// Whether no answer came to where a policy would stand first.
fn is_open(from: &Domain, answers: &Answers) -> bool {
    let name = Name::parse(&format!("_dmarc.{from}"));
    let question = name.map(|name| Question { name, kind: RecordType::Txt });
    question.is_some_and(|question| answers.get(&question) == Some(&Answer::Unsettled))
}

fn look<'a>(name: &Name, kind: RecordType, answers: &'a Answers, open: &mut Vec<Question>) -> Option<&'a Answer> {
    let question = Question { name: name.clone(), kind };
    let answer = answers.get(&question);
    if answer.is_none() && !open.contains(&question) {
        open.push(question);
    }
    answer
}

fn take<T>(open: &mut Vec<Question>, step: Step<T>) -> Option<T> {
    match step {
        Step::Done(done) => Some(done),
        Step::Ask(questions) => {
            let new: Vec<Question> = questions.into_iter().filter(|question| !open.contains(question)).collect();
            open.extend(new);
            None
        }
    }
}

fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(ip) => Some(IpAddr::V4(*ip)),
        Record::Aaaa(ip) => Some(IpAddr::V6(*ip)),
        Record::Mx { .. } | Record::Ptr(_) | Record::Txt(_) => None,
    }
}

fn names_of(ip: IpAddr, answers: &Answers, open: &mut Vec<Question>) -> Option<Vec<String>> {
    let records = look(&Name::of_address(ip), RecordType::Ptr, answers, open)?.records()?;
    let name = |record: &Record| match record {
        Record::Ptr(name) => name.as_ref().map(ToString::to_string),
        _ => None,
    };
    Some(records.iter().filter_map(name).collect())
}

/// Whether a name publishes SPF; none where no answer came.
fn texts(name: &Name, answers: &Answers, open: &mut Vec<Question>) -> Option<bool> {
    let records = look(name, RecordType::Txt, answers, open)?.records()?;
    Some(records.iter().any(|record| matches!(record, Record::Txt(text) if spf::is_record(text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::checkup::Grade;

    fn domain() -> Domain {
        Domain::parse("example.org").unwrap()
    }

    fn leaving(helo: &str, signing: Signing) -> Leaving {
        Leaving { helo: helo.into(), from: domain(), signing }
    }

    fn none(smtp: &str) -> Signing {
        Signing::None(Milters::of(smtp, ""))
    }

    /// `name TYPE value` a line; `-` gives no answer, and what is not there does not exist.
    fn judged(leaving: &Leaving, zone: &str) -> Vec<Finding> {
        let mut answers = Answers::default();
        for _ in 0..9 {
            match judge(leaving, &answers) {
                Step::Done(found) => return found,
                Step::Ask(questions) => questions.into_iter().for_each(|question| {
                    let answer = answer(&question, zone);
                    answers.put(question, answer);
                }),
            }
        }
        panic!("it asks and asks")
    }

    fn answer(question: &Question, zone: &str) -> Answer {
        let of_it = zone.lines().filter_map(|line| {
            let mut words = line.splitn(3, ' ');
            let same = words.next()? == question.name.as_str() && words.next()? == question.kind.name();
            words.next().filter(|_| same)
        });
        let values: Vec<&str> = of_it.collect();
        let record = |value: &&str| match question.kind {
            RecordType::A => Record::A(value.parse().unwrap()),
            RecordType::Aaaa => Record::Aaaa(value.parse().unwrap()),
            RecordType::Ptr => Record::Ptr(Name::parse(value)),
            RecordType::Mx | RecordType::Txt => Record::Txt(value.as_bytes().to_vec()),
        };
        match values.as_slice() {
            [] => Answer::NoName,
            ["-"] => Answer::Unsettled,
            values => Answer::Records(values.iter().map(record).collect()),
        }
    }

    const MX: &str = "mx.example.org";
    const WHOLE: &str = "mx.example.org A 192.0.2.7\n7.2.0.192.in-addr.arpa PTR mx.example.org\n\
        mx.example.org TXT v=spf1 a -all\nexample.org TXT v=spf1 mx -all\n_dmarc.example.org TXT v=DMARC1; p=reject\n";

    fn one<'f>(found: &'f [Finding], check: &str) -> &'f Finding {
        found.iter().find(|finding| finding.check == check).unwrap_or_else(|| panic!("no {check} in {found:?}"))
    }

    #[test]
    fn where_all_is_there_challenges_pass_by_the_greeting_alone() {
        let found = judged(&leaving(MX, none("")), WHOLE);
        assert_eq!(found.len(), 5, "one line each: {found:?}");
        assert!(found.iter().all(|finding| finding.grade == Grade::Good), "{found:?}");
        assert!(one(&found, "DMARC").said.contains("p=reject"));
    }

    #[test]
    fn each_missing_part_is_named_with_its_way_out() {
        for (gone, check, says, way) in [
            ("mx.example.org A 192.0.2.7", "HELO name", "no address", "A or AAAA"),
            ("7.2.0.192.in-addr.arpa PTR mx.example.org", "HELO name", "leads nowhere", "PTR"),
            ("mx.example.org TXT v=spf1 a -all", "HELO SPF", "no SPF", "\"v=spf1 a -all\""),
            ("\nexample.org TXT v=spf1 mx -all", "From SPF", "no SPF", "v=spf1 mx a:mx.example.org"),
            ("_dmarc.example.org TXT v=DMARC1; p=reject", "DMARC", "no DMARC", "_dmarc.example.org"),
        ] {
            let found = judged(&leaving(MX, Signing::Milters), &WHOLE.replace(gone, ""));
            let finding = one(&found, check);
            assert_eq!(finding.grade, Grade::Warning, "{finding:?}");
            assert!(finding.said.contains(says) && finding.way_out.join(" ").contains(way), "{finding:?}");
        }
        for (from, to, check, says) in [
            ("PTR mx.example.org", "PTR host7.isp.example", "HELO name", "leads to host7.isp.example, not back"),
            ("A 192.0.2.7", "A 127.0.1.1", "HELO name", "no address"),
            ("v=spf1 a -all", "v=spf1 ip4:192.0.2.9 -all", "HELO SPF", "says fail of 192.0.2.7"),
            ("v=DMARC1; p=reject", "v=DMARC1; x=y", "DMARC", "DMARC"),
        ] {
            let found = judged(&leaving(MX, Signing::Milters), &WHOLE.replace(from, to));
            let finding = one(&found, check);
            assert!(finding.grade == Grade::Warning && finding.said.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn a_greeting_that_is_no_full_name_is_said() {
        for helo in ["", "localhost", "my host.example", "a..b"] {
            for (signing, grade) in [(Signing::Unseen, Grade::Note), (Signing::Milters, Grade::Warning)] {
                let found = judged(&leaving(helo, signing.clone()), WHOLE);
                let finding = one(&found, "HELO name");
                assert!(finding.grade == grade && finding.said.contains("no full name"), "{helo}: {found:?}");
                assert!(found.iter().all(|finding| finding.check != "HELO SPF"));
            }
        }
    }

    #[test]
    fn only_a_full_name_is_proposed_for_a_record() {
        for (helo, way) in [("vm", "\"v=spf1 mx -all\""), (MX, "\"v=spf1 mx a:mx.example.org -all\"")] {
            let found = judged(&leaving(helo, Signing::Unseen), "");
            assert!(one(&found, "From SPF").way_out[0].ends_with(way), "{found:?}");
        }
    }

    #[test]
    fn what_gave_no_answer_is_not_called_missing() {
        let silent = "mx.example.org A -\nmx.example.org AAAA -\nmx.example.org TXT -\nexample.org TXT -\n\
            _dmarc.example.org TXT -\n_dmarc.org TXT -\n";
        let found = judged(&leaving(MX, Signing::Milters), silent);
        let unanswered: Vec<&str> =
            found.iter().filter(|finding| finding.said.starts_with("no answer")).map(|finding| finding.check).collect();
        assert_eq!(unanswered, ["HELO name", "HELO SPF", "From SPF", "DMARC"], "{found:?}");
        assert!(found.iter().all(|finding| finding.grade == Grade::Note), "{found:?}");
    }

    #[test]
    fn what_nobody_signs_is_said_as_loudly_as_the_policy_is_strict() {
        let other = WHOLE.replace("mx.example.org", "mx.isp.example");
        let asks =
            |policy: &str| other.replace("p=reject", policy).replace("\n_dmarc.isp.example", "\n_dmarc.example.org");
        for (policy, signing, grade, says) in [
            ("p=reject", none(""), Grade::Wrong, "EVERY CHALLENGE WILL BE REFUSED"),
            ("p=reject", none("inet:x:1"), Grade::Wrong, "$smtpd_milters"),
            ("p=quarantine", none(""), Grade::Warning, "taken for spam"),
            ("p=none", none(""), Grade::Warning, "neither SPF nor a signature"),
            ("p=reject", Signing::Unseen, Grade::Warning, "cannot be seen here; if they are not, EVERY CHALLENGE"),
            ("p=none", Signing::Unseen, Grade::Note, "cannot be seen here"),
            ("p=reject", Signing::Milters, Grade::Note, "one of them must sign for example.org"),
        ] {
            let found = judged(&leaving("mx.isp.example", signing.clone()), &asks(policy));
            let finding = one(&found, "signature");
            assert_eq!(finding.grade, grade, "{policy} {signing:?}: {found:?}");
            let text = format!("{} {}", finding.said, finding.way_out.join(" "));
            assert!(text.contains(says), "{policy} {signing:?}: {text}");
        }
    }

    #[test]
    fn what_postfix_says_is_followed() {
        let by = |settings: [&str; 4]| {
            let settings = settings.map(str::to_owned);
            let leaving = Leaving::by(domain(), Some(&settings), "host".into());
            (leaving.helo, leaving.signing)
        };
        assert_eq!(by(["$myhostname", MX, "", ""]), (MX.to_owned(), none("")));
        assert_eq!(by(["out.example.org", MX, "inet:x:1", ""]), ("out.example.org".to_owned(), none("inet:x:1")));
        assert_eq!(by(["", MX, "", "$smtpd_milters"]).1, none(""));
        assert_eq!(by(["", MX, "inet:x:1", "$smtpd_milters"]).1, Signing::Milters);
        let without = Leaving::by(domain(), None, "host.example".into());
        assert_eq!((without.helo.as_str(), without.signing), ("host.example", Signing::Unseen));
    }
}
