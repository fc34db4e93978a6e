//! Domains and signatures of those who send the same to many.
//!
//! Promises: names that services document, and labels that owners give to such domains; a relay's signature beside the
//! author's own says nothing. Linear in time. Never touches: fields that carry marks (`field`), local parts (`sender`), words.

use crate::mail::address::Domain;
use crate::mail::head::{Field, Head};

/// Whether a mailing service signed the message for its customer (RFC 6376 section 3.5, tag `d=`), and the author's own
/// domain did not. It is no proof of anything: a forger only harms himself. Beside the author's signature a second one says
/// only which way it went: companies send what their staff types through such services, whose other mail has their fields.
#[must_use]
pub fn is_signed_by_service(head: &Head<'_>) -> bool {
    let signers = signers(head);
    if !signers.iter().any(|signer| is_service(signer)) {
        return false;
    }
    let author = head.only("From").filter(|field| field.is_bounded()).map(Field::text).unwrap_or_default();
    let author = author.rsplit_once('@').map_or("", |(_, rest)| rest).split(['>', ' ', '(']).next().unwrap_or_default();
    !is_among(&signers, &author.to_ascii_lowercase())
}

/// Whether the author's own domain, or one that it is below, signed the message, and not only a service.
#[must_use]
pub fn is_signed_by_author(head: &Head<'_>, author: &Domain) -> bool {
    is_among(&signers(head), author.as_str())
}

fn is_among(signers: &[String], author: &str) -> bool {
    signers.iter().any(|signer| !is_service(signer) && is_at_or_below(author, signer))
}

fn signers(head: &Head<'_>) -> Vec<String> {
    head.all("DKIM-Signature").filter(|field| field.is_bounded()).filter_map(signer).collect()
}

/// The domain that a signature speaks for, in lower case.
fn signer(signature: &Field<'_>) -> Option<String> {
    let text: String = signature.text().chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    text.split(';').find_map(|tag| tag.strip_prefix("d=").map(str::to_owned))
}

/// Whether the domain is one that its owner set up for mail to many: `news.x.org`, `bounces.x.org`.
#[must_use]
pub fn is_bulk_domain(domain: &Domain) -> bool {
    const LABELS: &str = "alerts bounce bounces campaign campaigns discourse e em enews list listes lists listserv \
         mailer mailgun mailing mailings mailman mandrill marketing mg mkt news newsletter \
         newsletters notification notifications notify offers promo sendgrid ses sympa updates";
    let first = domain.as_str().split('.').next().unwrap_or_default();
    domain.as_str().split('.').count() >= 3
        && LABELS.split_ascii_whitespace().any(|label| label == first)
        && !is_registered(domain)
}

/// Whether a domain is a name that its owner registered and nothing below it: `x.org`, and `news.com.au`, a newspaper where
/// people write. Countries that register names on the third level do it below one of these.
#[must_use]
pub fn is_registered(domain: &Domain) -> bool {
    const SECOND: &str = "ac co com edu gob gouv gov ltd me ne net nom or org";
    let labels: Vec<&str> = domain.as_str().split('.').collect();
    match labels.as_slice() {
        [_, _] => true,
        [_, second, top] => top.len() == 2 && SECOND.split(' ').any(|known| known == *second),
        _ => false,
    }
}

/// Whether the domain is one with which a mailing service documents that it signs and numbers the mail of its customers.
#[must_use]
pub fn is_service(domain: &str) -> bool {
    const SERVICES: &str = "amazonses.com cmail19.com cmail20.com constantcontact.com createsend.com exacttarget.com \
         hubspotemail.net klaviyomail.com mailchimpapp.net mailgun.org mailjet.com mandrillapp.com \
         mcdlv.net mcsv.net mtasv.net rsgsv.net sendgrid.info sendgrid.net sendinblue.com \
         sparkpostmail.com zendesk.com brevosend.com";
    SERVICES.split_ascii_whitespace().any(|own| is_at_or_below(domain, own))
}

fn is_at_or_below(domain: &str, above: &str) -> bool {
    !above.is_empty() && domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_signature_beside_the_authors_own_says_nothing() {
        let signed = |from: &str, signers: &[&str]| {
            let fields: String = signers.iter().map(|signer| format!("DKIM-Signature: v=1; d={signer}\n")).collect();
            is_signed_by_service(&Head::read(format!("{fields}From: {from}\n\n").as_bytes()))
        };
        for service in ["amazonses.com", "mailgun.org", "sendgrid.net", "mailjet.com"] {
            for from in ["bob@x.org", "Bob <bob@X.org>", "<bob@mail.x.org>", "bob@x.org (Bob)"] {
                assert!(!signed(from, &["x.org", service]), "{from} {service}");
                assert!(!signed(from, &[service, "x.org"]), "{from} {service}");
                for signers in [&[service][..], &[service, "y.org"], &[service, "evil-x.org"], &[service, "em.x.org"]] {
                    assert!(signed(from, signers), "{from} {signers:?}");
                }
            }
        }
        assert!(signed("Shop <shop@mailgun.org>", &["mailgun.org"]), "the service's own mail");
        assert!(signed("bob@x.org\nFrom: bob@y.org", &["x.org", "mailgun.org"]), "nobody knows whose it is");
    }
}
