//! Sender Policy Framework (RFC 7208): whether a domain permits the address that handed a message over.
//!
//! `result` the word that comes of it, `macros` names that depend on the message, `record` what a domain publishes, `check`
//! the rule by which it is followed.
//!
//! Promises: a pure function of the message's envelope and of what the DNS said so far; asks all at once that it can know to
//! need, nothing twice, and at most [`ROUND_LIMIT`] questions a round; a record of any size and any answer costs bounded work.
//! Never touches: sockets, what a result means for the message.

mod check;
mod macros;
mod record;
mod result;

use core::net::IpAddr;

use super::question::{Answers, Name, Step};

pub use check::ROUND_LIMIT;
pub use record::is_record;
pub use result::SpfResult;

/// Most octets of a local part and of what a client calls itself: RFC 5321 section 4.5.3.1 allows 64 and 255. The macros of a
/// record may repeat them many times.
const WORD_LIMIT: usize = 255;

/// Who handed the message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// From where it connected. An IPv4-mapped IPv6 address counts as the IPv4 address (section 5).
    pub ip: IpAddr,
    /// What it called itself with HELO or EHLO; none where that is not known.
    pub helo: Option<String>,
}

/// Checks the envelope sender, its local part as it is written and its domain in ASCII (section 2.4): `check_host()` of section
/// 4. Without a sender, which is what `<>` means, it is `postmaster` at the name that the client calls itself.
#[must_use]
pub fn evaluate(client: &Client, sender: Option<(&str, &str)>, answers: &Answers) -> Step<SpfResult> {
    let helo = client.helo.as_deref().filter(|helo| !helo.is_empty() && helo.len() <= WORD_LIMIT);
    let (local, domain) = match (sender, helo) {
        (Some((local, domain)), _) => (local, domain),
        (None, Some(helo)) => ("", helo),
        (None, None) => return Step::Done(SpfResult::None),
    };
    let Some(domain) = domain_of(domain).filter(|_| local.len() <= WORD_LIMIT) else {
        return Step::Done(SpfResult::None);
    };
    let values = macros::Values {
        ip: client.ip.to_canonical(),
        // Section 4.3: without a local part it is `postmaster`.
        local: if local.is_empty() { "postmaster" } else { local },
        sender_domain: &domain,
        helo: helo.unwrap_or("unknown"),
    };
    check::check(&values, &domain, answers)
}

/// A domain whose policy can be asked for (section 4.3): of two labels at least and no address.
fn domain_of(text: &str) -> Option<Name> {
    let name = Name::parse(text)?;
    let (front, top) = name.as_str().rsplit_once('.')?;
    let is_address = top.bytes().all(|byte| byte.is_ascii_digit()) || front.starts_with('[');
    (!is_address).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::question::{Answer, Question, Record, RecordType};
    use super::*;

    fn client(helo: Option<&str>) -> Client {
        Client { ip: "192.0.2.1".parse().unwrap(), helo: helo.map(str::to_owned) }
    }

    fn none(helo: Option<&str>, sender: Option<(&str, &str)>) -> bool {
        evaluate(&client(helo), sender, &Answers::default()) == Step::Done(SpfResult::None)
    }

    #[test]
    fn what_is_no_domain_is_never_asked_for() {
        let long = "a".repeat(64);
        for domain in
            ["", "example", "example.", "[192.0.2.1]", "192.0.2.1", "a..example", "b\u{fc}cher.example", "a b.example"]
        {
            assert!(none(None, Some(("bob", domain))), "{domain}");
            assert!(none(Some(domain), None), "{domain}");
        }
        assert!(none(None, Some(("bob", &format!("{long}.example")))));
        assert!(none(None, None), "neither a sender nor a name");
        assert!(none(None, Some((&"b".repeat(256), "a.example"))), "no local part is so long");
        assert!(none(Some(&"b.".repeat(150)), None), "no host has so long a name");
    }

    #[test]
    fn the_policy_is_asked_for_first() {
        let wanted = Question { name: Name::parse("a.example").unwrap(), kind: RecordType::Txt };
        for (helo, sender) in [(None, Some(("bob", "A.example"))), (Some("a.example."), None)] {
            assert_eq!(evaluate(&client(helo), sender, &Answers::default()), Step::Ask(vec![wanted.clone()]));
        }
        let mut answers = Answers::default();
        answers.put(wanted, Answer::Records(vec![Record::Txt(b"v=spf1 ip4:192.0.2.1 -all".to_vec())]));
        let mapped = Client { ip: "::ffff:192.0.2.1".parse().unwrap(), helo: None };
        assert_eq!(evaluate(&mapped, Some(("bob", "a.example")), &answers), Step::Done(SpfResult::Pass));
    }
}
