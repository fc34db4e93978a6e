//! The same for many, by the domains that sign and send it.
//!
//! Promises: a sign, and no proof of anything: a forger only harms himself. Linear in time. Never touches: other header
//! fields (`field`), local parts (`sender`).

use crate::mail::address::Domain;
use crate::mail::head::Head;

/// Whether a mailing service signed the message for its customer (RFC 6376 section 3.5, tag `d=`). It is no proof of
/// anything: a forger only harms himself.
#[must_use]
pub fn is_signed_by_service(head: &Head<'_>) -> bool {
    head.all("DKIM-Signature").filter(|field| field.is_bounded()).any(|field| {
        let text: String = field.text().chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        text.split(';').filter_map(|tag| tag.strip_prefix("d=")).any(is_service)
    })
}

/// Whether the domain is one that its owner set up for mail to many: `news.x.org`, `bounces.x.org`.
#[must_use]
pub fn is_bulk_domain(domain: &Domain) -> bool {
    const LABELS: [&str; 34] = [
        "alerts",
        "bounce",
        "bounces",
        "campaign",
        "campaigns",
        "discourse",
        "e",
        "em",
        "enews",
        "list",
        "listes",
        "lists",
        "listserv",
        "mailer",
        "mailgun",
        "mailing",
        "mailings",
        "mailman",
        "mandrill",
        "marketing",
        "mg",
        "mkt",
        "news",
        "newsletter",
        "newsletters",
        "notification",
        "notifications",
        "notify",
        "offers",
        "promo",
        "sendgrid",
        "ses",
        "sympa",
        "updates",
    ];
    let labels: Vec<&str> = domain.as_str().split('.').collect();
    labels.len() >= 3 && LABELS.contains(&labels[0]) && !is_registered(&labels)
}

/// Whether three labels are a name that its owner registered and nothing below it: `news.com.au` is a newspaper, where
/// people write. Countries that register names on the third level do it below one of these.
fn is_registered(labels: &[&str]) -> bool {
    const SECOND: [&str; 14] =
        ["ac", "co", "com", "edu", "gob", "gouv", "gov", "ltd", "me", "ne", "net", "nom", "or", "org"];
    matches!(labels, [_, second, top] if top.len() == 2 && SECOND.contains(second))
}

/// Whether the domain is one with which a mailing service signs and numbers the mail of its customers.
#[must_use]
pub fn is_service(domain: &str) -> bool {
    // The domains with which these services document that they sign.
    const SERVICES: [&str; 22] = [
        "amazonses.com",
        "cmail19.com",
        "cmail20.com",
        "constantcontact.com",
        "createsend.com",
        "exacttarget.com",
        "hubspotemail.net",
        "klaviyomail.com",
        "mailchimpapp.net",
        "mailgun.org",
        "mailjet.com",
        "mandrillapp.com",
        "mcdlv.net",
        "mcsv.net",
        "mtasv.net",
        "rsgsv.net",
        "sendgrid.info",
        "sendgrid.net",
        "sendinblue.com",
        "sparkpostmail.com",
        "zendesk.com",
        "brevosend.com",
    ];
    SERVICES.iter().any(|own| domain.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_their_signature() {
        let signed = |value: &str| is_signed_by_service(&Head::read(format!("DKIM-Signature: {value}\n\n").as_bytes()));
        for value in ["v=1; d=x.org; s=a", "v=1; d=amazonses.com.evil.test", "v=1; i=@amazonses.com; d=x.org", "d"] {
            assert!(!signed(value), "{value}");
        }
        for value in ["v=1; d=amazonses.com; s=a", "v=1; s=a;\r\n\td = AmazonSES.com", "d=mail.mcsv.net"] {
            assert!(signed(value), "{value}");
        }
    }

    #[test]
    fn domains_for_mail_to_many_are_known() {
        let bulk = |name: &str| is_bulk_domain(&Domain::parse(name).unwrap());
        for name in [
            "x.org",
            "news.org",
            "lists.org",
            "mail.x.org",
            "listing.x.org",
            "newspaper.x.org",
            "x.news.org",
            "news.com.au",
            "em.com.br",
            "news.co.uk",
        ] {
            assert!(!bulk(name), "{name}");
        }
        for name in [
            "news.x.org",
            "newsletter.x.co.uk",
            "news.news.com.au",
            "news.x.de",
            "bounces.x.org",
            "e.com.example",
            "e.shop.example",
            "lists.x.org",
            "mg.x.org",
        ] {
            assert!(bulk(name), "{name}");
        }
    }
}
