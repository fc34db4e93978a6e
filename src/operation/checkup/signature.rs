//! Whether what went out as a challenge does came back signed in the name of the user's domain: receivers count no other
//! signature for it (DMARC, RFC 9989), and a challenge has no envelope sender that could vouch for it.
//!
//! Promises: says which line is missing where none is there. Never touches: the mail.

use super::checkers::Milters;
use super::finding::Finding;
use crate::mail::address::Domain;
use crate::mail::display::one_line;
use crate::origin::dkim::Checked;
use crate::origin::question::Finding as Came;

/// Most characters of a foreign name that are shown.
const SHOWN: usize = 80;

/// The signatures of the copy that came, topmost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// The domain and the selector of each that names a domain.
    pub names: Vec<(Domain, String)>,
    /// What came of each by the DNS; none where nothing was asked.
    pub checked: Option<Vec<Checked>>,
}

/// Says it; `milters` are those of Postfix, where there is one.
#[must_use]
pub fn of_probe(from: &Domain, signed: &Signed, milters: Option<&Milters>) -> Finding {
    let check = "DKIM";
    let Some((domain, selector)) = signed.names.iter().find(|(domain, _)| from.is_at_or_below(domain)) else {
        return unsigned(from, signed, milters);
    };
    let said = format!("challenges leave signed: d={domain} s={}", one_line(selector, SHOWN));
    let Some(checked) = &signed.checked else {
        return Finding::good(check, &said).way("doctor --send-probe --dns also asks the DNS whether it stands up");
    };
    let counts = |one: &&Checked| one.domain.as_ref().is_some_and(|domain| from.is_at_or_below(domain));
    if let Some(one) = checked.iter().filter(counts).find(|one| one.finding == Came::Pass) {
        let (domain, selector) = (one.domain.as_ref().unwrap_or(domain), &one.selector);
        return Finding::good(
            check,
            &format!("challenges leave signed: d={domain} s={selector}, and the DNS bears it out"),
        );
    }
    if checked.iter().filter(counts).any(|one| one.finding == Came::TempError) {
        return Finding::note(check, &format!("{said}; no answer of the DNS about the key, ask again later"));
    }
    let why =
        checked.iter().find(counts).and_then(|one| one.refusal).map_or("it was not read", |refusal| refusal.sentence());
    Finding::warning(check, &format!("{said}, and nobody will believe it: {why}")).way(format!(
        "a TXT record at {}._domainkey.{domain} with the public half of the key that signs",
        one_line(selector, SHOWN)
    ))
}

fn unsigned(from: &Domain, signed: &Signed, milters: Option<&Milters>) -> Finding {
    let others: Vec<String> = signed.names.iter().map(|(domain, _)| format!("d={domain}")).collect();
    let said = if others.is_empty() {
        format!("your challenges leave unsigned: what went the same way came without a signature of {from}")
    } else {
        format!("your challenges leave unsigned by {from}: only {}, which counts for no mail of it", others.join(", "))
    };
    let finding = Finding::warning("DKIM", &said);
    let ways = match milters {
        Some(milters) => milters.ways_to_sign(from),
        None => vec![format!("have your mail system sign for {from} what programs send")],
    };
    ways.iter().fold(finding, |finding, way| finding.way(way))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Grade;
    use super::*;
    use crate::origin::dkim::{DkimRefusal, SignedFields};

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    fn signed(names: &[&str], results: Option<&[Option<DkimRefusal>]>) -> Signed {
        let checked = |(name, refusal): (&&str, &Option<DkimRefusal>)| Checked {
            domain: Some(domain(name)),
            selector: "s".into(),
            key: None,
            algorithm: None,
            finding: refusal.map_or(Came::Pass, DkimRefusal::finding),
            refusal: *refusal,
            signs: SignedFields::default(),
            signed_at: None,
            expires: None,
        };
        Signed {
            names: names.iter().map(|name| (domain(name), "s".to_owned())).collect(),
            checked: results.map(|results| names.iter().zip(results).map(checked).collect()),
        }
    }

    #[test]
    fn only_a_signature_of_the_domain_in_from_or_above_it_counts() {
        let from = domain("mail.example.org");
        for (names, grade, says) in [
            (&["mail.example.org"] as &[&str], Grade::Good, "d=mail.example.org s=s"),
            (&["example.org"], Grade::Good, "d=example.org"),
            (&["isp.example", "example.org"], Grade::Good, "d=example.org"),
            (&[], Grade::Warning, "without a signature of mail.example.org"),
            (&["isp.example"], Grade::Warning, "unsigned by mail.example.org: only d=isp.example"),
            (&["deep.mail.example.org", "ample.org"], Grade::Warning, "only d=deep.mail.example.org, d=ample.org"),
        ] {
            let found = of_probe(&from, &signed(names, None), None);
            assert!(found.grade == grade && found.said.contains(says), "{names:?}: {found:?}");
            assert_eq!(found.way_out.len(), 1, "{found:?}");
        }
    }

    #[test]
    fn what_the_dns_says_of_it_is_told() {
        let from = domain("example.org");
        let wrong = Some(DkimRefusal::KeyMissing);
        for (results, grade, says) in [
            (&[None, None] as &[Option<DkimRefusal>], Grade::Good, "bears it out"),
            (&[wrong, None], Grade::Good, "bears it out"),
            (&[wrong, Some(DkimRefusal::KeyUnsettled)], Grade::Note, "ask again later"),
            (&[wrong, wrong], Grade::Warning, DkimRefusal::KeyMissing.sentence()),
        ] {
            let found = of_probe(&from, &signed(&["example.org", "example.org"], Some(results)), None);
            assert!(found.grade == grade && found.said.contains(says), "{results:?}: {found:?}");
        }
        let found = of_probe(&from, &signed(&["example.org"], Some(&[wrong])), None);
        assert!(found.way_out[0].starts_with("a TXT record at s._domainkey.example.org "), "{found:?}");
        // One of somebody else that is good vouches for nothing.
        let found = of_probe(&from, &signed(&["example.org", "isp.example"], Some(&[wrong, None])), None);
        assert_eq!(found.grade, Grade::Warning);
    }

    #[test]
    fn the_missing_line_is_named() {
        let way = |smtp: &str, local: &str| {
            of_probe(&domain("example.org"), &Signed::default(), Some(&Milters::of(smtp, local))).way_out.remove(0)
        };
        assert_eq!(way("inet:localhost:8891", ""), "in main.cf: non_smtpd_milters = inet:localhost:8891");
        assert_eq!(way("inet:localhost:11332", ""), "in main.cf: non_smtpd_milters = $smtpd_milters");
        assert!(way("inet:localhost:11332", "$smtpd_milters").contains("sign_local = true;"));
        assert!(way("inet:localhost:8891", "inet:localhost:8891").contains("InternalHosts 127.0.0.1"));
        assert!(way("", "").contains("docs/install.md"));
    }
}
