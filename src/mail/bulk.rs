//! The same for many: what newsletters and advertising say in their text, where no header field does.
//!
//! Promises: an offer to be taken off a list counts only in the sender's own text and beside a link; people speak of
//! lists too. Linear in time. Never touches: header fields (`mark`), local parts (`local_part`).

use super::address::Domain;
use super::head::Head;
use super::wording::{Wording, says};

/// Whether the message offers to send no more, or to be read in a browser.
#[must_use]
pub fn offers_to_stop(wording: &Wording) -> bool {
    wording.has_link && says(&wording.text, OFFERS)
}

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
    labels.len() >= 3 && LABELS.contains(&labels[0])
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

/// How the offer is made.
const OFFERS: &[&str] = &[
    "unsubscribe",
    "opt-out",
    "opt out",
    "to be removed from",
    "to stop receiving",
    "stop receiving these",
    "no longer wish to receive",
    "do not wish to receive",
    "don't want to receive",
    "email preferences",
    "e-mail preferences",
    "manage preferences",
    "update your preferences",
    "subscription preferences",
    "view in browser",
    "view in your browser",
    "view this email in",
    "view this e-mail in",
    "view as web page",
    "view online version",
    "can't see this email",
    "trouble viewing this",
    "problems viewing this",
    "you are receiving this e",
    "you're receiving this e",
    "you received this email because",
    "you are receiving this message because",
    "newsletter abbestellen",
    "newsletter abmelden",
    "vom newsletter abmelden",
    "hier abmelden",
    "abmeldelink",
    "nicht mehr erhalten",
    "im browser anzeigen",
    "im browser ansehen",
    "se d\u{e9}sabonner",
    "d\u{e9}sabonnement",
    "d\u{e9}sinscri",
    "se d\u{e9}sinscrire",
    "version en ligne",
    "ne plus recevoir",
    "darse de baja",
    "darme de baja",
    "cancelar suscripci\u{f3}n",
    "cancelar la suscripci\u{f3}n",
    "dejar de recibir",
    "ver en el navegador",
    "cancelar inscri\u{e7}\u{e3}o",
    "cancelar a inscri",
    "cancelar assinatura",
    "descadastr",
    "n\u{e3}o deseja mais receber",
    "deixar de receber",
    "annulla l'iscrizione",
    "annullare l'iscrizione",
    "cancellati",
    "disiscri",
    "non desideri pi\u{f9} ricevere",
    "uitschrijven",
    "afmelden",
    "bekijk in browser",
    "bekijk online",
    "afmeld",
    "avprenumerera",
    "avregistrera",
    "avmeld",
    "peruuta tilaus",
    "wypisz",
    "wypisa\u{107} si\u{119}",
    "zrezygnowa\u{107} z subskrypcji",
    "odhl\u{e1}sit",
    "leiratkoz",
    "\u{43e}\u{442}\u{43f}\u{438}\u{441}\u{430}\u{442}\u{44c}\u{441}\u{44f}",
    "abonelikten \u{e7}\u{131}k",
    "\u{914d}\u{4fe1}\u{505c}\u{6b62}",
    "\u{9000}\u{8ba2}",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(body: &str) -> bool {
        let message = format!("Subject: x\nContent-Type: text/html\n\n{body}\n");
        let head = Head::read(message.as_bytes());
        offers_to_stop(&Wording::read(&head, &message.as_bytes()[head.body..]))
    }

    #[test]
    fn people_who_speak_of_lists_offer_nothing() {
        for body in [
            "How do I unsubscribe from the list of the choir?",
            "Look at my photographs: <a href='http://x.org'>here</a>.",
            "<blockquote><a href='http://x.org'>unsubscribe</a></blockquote>Is this yours?",
        ] {
            assert!(!offers(body), "{body}");
        }
    }

    #[test]
    fn an_offer_beside_a_link_is_bulk_mail() {
        for body in [
            "Buy! <a href='http://x.org/u'>Unsubscribe</a>",
            "Angebote. <a href='http://x.org/u'>Newsletter abbestellen</a>",
            "Offres. <a href='x'>Se d\u{e9}sabonner</a>",
            "Si ce message s'affiche mal, voyez sa <a href='x'>version\nen ligne</a>",
        ] {
            assert!(offers(body), "{body}");
        }
    }

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
        for name in ["x.org", "news.org", "lists.org", "mail.x.org", "listing.x.org", "newspaper.x.org", "x.news.org"] {
            assert!(!bulk(name), "{name}");
        }
        for name in ["news.x.org", "newsletter.x.co.uk", "bounces.x.org", "e.shop.example", "lists.x.org", "mg.x.org"] {
            assert!(bulk(name), "{name}");
        }
    }
}
