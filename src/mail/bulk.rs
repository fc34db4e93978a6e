//! The same for many: what newsletters and advertising say in their text, where no header field does.
//!
//! Promises: an offer to be taken off a list counts only in the sender's own text and beside a link; people speak of
//! lists too. Linear in time. Never touches: header fields (`mark`), local parts (`local_part`).

use super::address::Domain;
use super::head::Head;
use super::wording::{Wording, says};

/// Whether the message offers to send no more, or to be read in a browser. What is passed on of others does not count.
#[must_use]
pub fn offers_to_stop(wording: &Wording) -> bool {
    (wording.has_link && offers(&wording.said, OFFERS)) || offers(&wording.said, BY_ANSWER)
}

/// Whether one of the phrases stands there, and not as the sender's own wish: `how do I unsubscribe`.
fn offers(text: &str, phrases: &[&str]) -> bool {
    says(text, phrases)
        && phrases.iter().any(|phrase| text.match_indices(phrase).any(|(at, _)| !is_own_wish(&text[..at])))
}

/// Whether the last words before an offer speak of the sender himself.
fn is_own_wish(before: &str) -> bool {
    const WORDS: [&str; 14] =
        ["eu", "i", "i'd", "i'm", "i've", "ich", "ik", "jag", "je", "me", "mich", "mij", "my", "\u{44f}"];
    let tail = &before[before.ceil_char_boundary(before.len().saturating_sub(WISH_REACH))..];
    let sentence = tail.rsplit(['.', '!', '?', ':', '|']).next().unwrap_or_default();
    sentence.split([' ', ',', '-']).any(|word| WORDS.contains(&word))
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

/// How far the words before an offer reach, in bytes.
const WISH_REACH: usize = 48;

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
    "taken off this mailing list",
    "sent to you because",
    "you are subscribed to",
    "this newsletter was sent",
    "this email was sent to",
    "this message was sent to",
    "this e-mail was sent to",
    "if you no longer want",
    "weitere newsletter",
    "unseren newsletter angemeldet",
    "newsletter-abmeldung",
    "newsletter abbestell",
    "vom newsletter ab",
    "wenn sie keine weiteren",
    "m\u{f6}chten sie keine weiteren",
    "profil \u{e4}ndern",
    "ne souhaitez plus recevoir",
    "ne souhaites plus recevoir",
    "d\u{e9}sinscription",
    "vous d\u{e9}sinscrire",
    "vous d\u{e9}sabonner",
    "g\u{e9}rer vos pr\u{e9}f\u{e9}rences",
    "si vous ne visualisez pas",
    "no desea recibir",
    "no deseas recibir",
    "no quieres recibir",
    "no quiere recibir",
    "desuscrib",
    "anular suscripci\u{f3}n",
    "anular la suscripci\u{f3}n",
    "cancelar tu suscripci\u{f3}n",
    "ver este correo en",
    "ver este email en",
    "n\u{e3}o receber mais",
    "n\u{e3}o quiser mais receber",
    "n\u{e3}o quer mais receber",
    "remover seu e-mail",
    "vers\u{e3}o online",
    "per cancellarti",
    "cancellati dalla",
    "non ricevere pi\u{f9}",
    "non vuoi pi\u{f9} ricevere",
    "visualizza nel browser",
    "deze nieuwsbrief niet meer",
    "niet meer ontvangen",
    "meld u hier af",
    "meld je hier af",
    "meld je af",
    "schrijf je uit",
    "uit te schrijven",
    "avsluta prenumeration",
    "avbryt prenumeration",
    "inte l\u{e4}ngre f\u{e5}",
    "vill du inte l\u{e4}ngre",
    "avregistrer",
    "meld deg av",
    "avmelding",
    "ikke \u{e5} motta",
    "ikke lenger \u{f8}nsker",
    "frameld",
    "afmeld dig",
    "ikke l\u{e6}ngere at modtage",
    "perua tilauksen",
    "peruuttaa tilauksen",
    "lopettaa tilauksen",
    "nie chcesz otrzymywa\u{107}",
    "nie chc\u{105} pa\u{144}stwo otrzymywa\u{107}",
    "zrezygnowa\u{107} z otrzymywania",
    "rezygnacja z newslettera",
    "nep\u{159}ejete dost\u{e1}vat",
    "nechcete dost\u{e1}vat",
    "zru\u{161}it odb\u{11b}r",
    "odhl\u{e1}sit odb\u{11b}r",
    "odhl\u{e1}si\u{165}",
    "obchodn\u{ed} sd\u{11b}len\u{ed}",
    "t\u{f6}bb h\u{ed}rlevelet",
    "h\u{ed}rlevelet kapni",
    "leiratkoz\u{e1}s",
    "leiratkozhat",
    "dezabon",
    "nu mai dori\u{21b}i",
    "\u{43e}\u{442}\u{43f}\u{438}\u{441}\u{43a}\u{430}",
    "\u{43e}\u{442}\u{43a}\u{430}\u{437}\u{430}\u{442}\u{44c}\u{441}\u{44f} \u{43e}\u{442} \u{440}\u{430}\u{441}\u{441}\u{44b}\u{43b}\u{43a}\u{438}",
    "\u{43e}\u{442} \u{440}\u{430}\u{441}\u{441}\u{44b}\u{43b}\u{43a}\u{438}",
    "\u{432}\u{456}\u{434}\u{43f}\u{438}\u{441}\u{430}\u{442}\u{438}\u{441}\u{44f}",
    "\u{43e}\u{442}\u{43f}\u{438}\u{448}\u{435}\u{442}\u{435}",
    "\u{430}\u{431}\u{43e}\u{43d}\u{430}\u{43c}\u{435}\u{43d}\u{442}\u{430}",
    "listeden \u{e7}\u{131}k",
    "\u{fc}yelikten \u{e7}\u{131}k",
    "almak istemiyorsan\u{131}z",
    "aboneli\u{11f}inizi iptal",
    "\u{3b4}\u{3b9}\u{3b1}\u{3b3}\u{3c1}\u{3b1}\u{3c6}",
    "\u{3b1}\u{3c0}\u{3b5}\u{3b3}\u{3b3}\u{3c1}\u{3b1}\u{3c6}",
    "\u{5dc}\u{5d4}\u{5e1}\u{5e8}\u{5d4}",
    "\u{5d4}\u{5e1}\u{5e8}\u{5d4} \u{5de}\u{5e8}\u{5e9}\u{5d9}\u{5de}\u{5ea}",
    "\u{625}\u{644}\u{63a}\u{627}\u{621} \u{627}\u{644}\u{627}\u{634}\u{62a}\u{631}\u{627}\u{643}",
    "berhenti berlangganan",
    "h\u{1ee7}y \u{111}\u{103}ng k\u{fd}",
    "ng\u{1eeb}ng nh\u{1ead}n",
    "\u{914d}\u{4fe1}\u{89e3}\u{9664}",
    "\u{8cfc}\u{8aad}\u{89e3}\u{9664}",
    "\u{30e1}\u{30eb}\u{30de}\u{30ac}",
    "\u{53d6}\u{6d88}\u{8ba2}\u{9605}",
    "\u{53d6}\u{6d88}\u{8a02}\u{95b1}",
    "\u{c218}\u{c2e0}\u{ac70}\u{bd80}",
    "\u{c218}\u{c2e0} \u{ac70}\u{bd80}",
    "(\u{ad11}\u{ace0})",
    "odjav",
    "odjaviti",
    "atsisakyti naujienlai\u{161}kio",
    "loobu uudiskirja",
    "odjavite se",
];

/// How those make it who send to many by hand: by an answer, without a link.
const BY_ANSWER: &[&str] = &[
    "reply with remove",
    "reply with unsubscribe",
    "reply with \"remove\"",
    "reply with \"unsubscribe\"",
    "reply remove",
    "with remove in the subject",
    "with unsubscribe in the subject",
    "with \"remove\" in the subject",
    "with \"unsubscribe\" in the subject",
    "to be taken off this list",
    "to be removed from this list",
    "to be removed from our list",
    "to be removed from our mailing list",
    "to be removed from future mailings",
    "no longer wish to receive these emails",
    "rundbrief nicht mehr",
    "newsletter nicht mehr erhalten m\u{f6}chte",
    "newsletter nicht mehr erhalten m\u{f6}chten",
    "keine weiteren e-mails von uns",
    "keine weiteren mails von uns",
    "ne souhaitez plus recevoir cette lettre",
    "ne souhaitez plus recevoir notre lettre",
    "ne souhaitez plus recevoir nos",
    "per non ricevere pi\u{f9} questa",
    "per non ricevere altre",
    "si no desea recibir m\u{e1}s",
    "si no desea seguir recibiendo",
    "caso n\u{e3}o queira mais receber",
    "caso n\u{e3}o deseje mais receber",
    "deze nieuwsbrief niet meer",
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
            "How do I unsubscribe from <a href='http://x.org'>that list</a>?",
            "Ich m\u{f6}chte Ihren Newsletter nicht mehr erhalten, siehe <a href='http://x.org'>hier</a>",
            "Peux-tu me d\u{e9}sinscrire de <a href='http://x.org'>la liste</a> ?",
            "Look!<br>---------- Forwarded message ---------<br><a href='http://x.org'>unsubscribe</a>",
            "I would like to be removed from our list of singers.",
            "<blockquote><a href='http://x.org'>unsubscribe</a></blockquote>Is this yours?",
        ] {
            assert!(!offers(body), "{body}");
        }
    }

    #[test]
    fn an_offer_beside_a_link_is_bulk_mail() {
        for body in [
            "Buy! <a href='http://x.org/u'>Unsubscribe</a>",
            "I love this. <a href='http://x.org/u'>Unsubscribe</a>",
            "Our choir sings. If you wish to be removed from our list, tell us.",
            "Der Chor singt. Wer diesen Rundbrief nicht mehr will, antworte.",
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
