//! The same for many: what newsletters and advertising say in their text, where no header field does.
//!
//! Promises: an offer to be taken off a list counts only in the sender's own text and beside a link; people speak of
//! lists too, answer newsletters and pass them on. Linear in time. Never touches: header fields (`mark`), local parts (`local_part`).

use super::address::Domain;
use super::head::Head;
use super::quotation::{is_quoted, lines_above_copy};
use super::wording::{Wording, says, squeezed, texts};

/// Whether the message offers to send no more, or to be read in a browser. In an answer, and in what somebody passes
/// on, the offer of the message copied below is not the sender's.
#[must_use]
pub fn offers_to_stop(wording: &Wording, head: &Head<'_>, body: &[u8]) -> bool {
    // Few messages have such words at all; only those are read line by line.
    if !wording.has_link || !(says(&wording.text, OFFERS) || says(&wording.text, LEAVING)) {
        return false;
    }
    let copies = wording.is_answer_or_forward();
    texts(head, body).iter().any(|text| {
        let lines =
            if copies { lines_above_copy(text) } else { text.lines().filter(|line| !is_quoted(line)).collect() };
        let lines: Vec<String> = lines.into_iter().map(squeezed).filter(|line| !line.is_empty()).collect();
        says(&lines.join(" "), OFFERS)
            || lines.windows(2).any(|pair| shows_the_way_out(&pair[0], &pair[1]))
            || lines.last().is_some_and(|last| shows_the_way_out(last, ""))
    })
}

/// Whether a word for leaving stands by itself, as a link does, or beside the way to do it, in its line or the next. In
/// a sentence people say it of a course, a flight or an invoice.
fn shows_the_way_out(line: &str, next: &str) -> bool {
    const ALONE: usize = 4;
    const WAYS: [&str; 16] = [
        "aqui",
        "aqu\u{ed}",
        "click",
        "clic",
        "here",
        "hier",
        "http",
        "https",
        "ici",
        "klick",
        "klicka",
        "klik",
        "link",
        "qui",
        "\u{441}\u{441}\u{44b}\u{43b}\u{43a}",
        "www",
    ];
    let words = |text: &'_ str| text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    let way = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|word| WAYS.contains(&word) || LISTS.iter().any(|l| word.starts_with(l)))
    };
    says(line, LEAVING) && (words(line) <= ALONE || way(line) || way(next))
}

/// How a word for a list of recipients begins.
const LISTS: [&str; 6] = [
    "mailing",
    "newsletter",
    "nieuwsbrief",
    "nyhedsbrev",
    "nyhetsbrev",
    "\u{440}\u{430}\u{441}\u{441}\u{44b}\u{43b}\u{43a}",
];

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
    const LABELS: [&str; 16] = [
        "alerts",
        "bounce",
        "bounces",
        "campaign",
        "campaigns",
        "e",
        "em",
        "enews",
        "mailer",
        "mailing",
        "mailings",
        "marketing",
        "news",
        "newsletter",
        "notifications",
        "notify",
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

fn is_service(domain: &str) -> bool {
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
    "im browser anzeigen",
    "im browser ansehen",
    "se d\u{e9}sabonner",
    "d\u{e9}sabonnement",
    "version en ligne",
    "ne plus recevoir",
    "darse de baja",
    "cancelar suscripci\u{f3}n",
    "cancelar la suscripci\u{f3}n",
    "ver en el navegador",
    "cancelar inscri\u{e7}\u{e3}o",
    "cancelar a inscri",
    "cancelar assinatura",
    "descadastr",
    "n\u{e3}o deseja mais receber",
    "annulla l'iscrizione",
    "annullare l'iscrizione",
    "non desideri pi\u{f9} ricevere",
    "bekijk in browser",
    "bekijk online",
    "avprenumerera",
    "peruuta tilaus",
    "zrezygnowa\u{107} z subskrypcji",
    "abonelikten \u{e7}\u{131}k",
    "\u{914d}\u{4fe1}\u{505c}\u{6b62}",
    "\u{9000}\u{8ba2}",
];

/// Words for leaving that people use of other things as well: of a lesson, of a sports club, of a flight.
const LEAVING: &[&str] = &[
    "nicht mehr erhalten",
    "d\u{e9}sinscri",
    "darme de baja",
    "dejar de recibir",
    "deixar de receber",
    "cancellati",
    "disiscri",
    "uitschrijven",
    "afmeld",
    "avmeld",
    "avregistrera",
    "wypisz",
    "wypisa\u{107} si\u{119}",
    "odhl\u{e1}sit",
    "leiratkoz",
    "\u{43e}\u{442}\u{43f}\u{438}\u{441}\u{430}\u{442}\u{44c}\u{441}\u{44f}",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(body: &str) -> bool {
        of("x", "html", body)
    }

    fn of(subject: &str, kind: &str, body: &str) -> bool {
        let message = format!("Subject: {subject}\nContent-Type: text/{kind}\n\n{body}\n");
        let head = Head::read(message.as_bytes());
        let body = &message.as_bytes()[head.body..];
        offers_to_stop(&Wording::read(&head, body), &head, body)
    }

    const COPY: &str =
        "From: Seeds <news@x.org>\nSent: Saturday\nTo: Bob\nSubject: Spring\n\nBuy! Unsubscribe: http://x.org";

    #[test]
    fn what_was_copied_below_own_words_is_not_the_senders_offer() {
        for subject in ["Re: Spring", "WG: Spring"] {
            assert!(!of(subject, "plain", &format!("Do you know them?\n\n{COPY}")), "{subject}");
            assert!(!of(subject, "html", &format!("Do you know them?<p>{}", COPY.replace('\n', "<br>"))), "{subject}");
            // Without own words above, or with the offer among them, it is theirs.
            assert!(of(subject, "plain", COPY), "{subject}");
            assert!(of(subject, "plain", &format!("Buy! Unsubscribe: http://y.org\n\n{COPY}")), "{subject}");
        }
        assert!(of("Spring", "plain", &format!("Somebody wrote to you.\n\n{COPY}")));
    }

    #[test]
    fn people_leave_other_things_than_lists() {
        for body in [
            "Ik moet me helaas afmelden voor de les van donderdag.\n\nPiet\nhttp://www.piet.example",
            "I nostri voli per Roma sono stati cancellati. La camera \u{e8} libera?\n\nLuca\nhttp://luca.example",
            "Die Rechnung vom Mai habe ich leider nicht mehr erhalten.\n\nAnna\nhttp://anna.example",
            "Prosz\u{119} o zegar i wypisz faktur\u{119} na firm\u{119}.\n\nJan\nhttp://jan.example",
        ] {
            assert!(!of("x", "plain", body), "{body}");
        }
        for body in [
            "Aanbieding!\nAfmelden\nhttp://x.example",
            "Aanbieding!\nWilt u deze berichten niet meer, dan kunt u zich afmelden via\nhttp://x.example/u",
            "Angebote\nWenn Sie solche Mails nicht mehr erhalten wollen, klicken Sie hier: http://x.example",
            "Oferta\nAby wypisa\u{107} si\u{119} z naszego newslettera, napisz. http://x.example",
            "Angebot http://x.example\nKeine Mails mehr? Abmelden ist leicht, wenn Sie keine nicht mehr erhalten m\u{f6}chten: Link",
        ] {
            assert!(of("x", "plain", body), "{body}");
        }
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
        for name in [
            "x.org",
            "news.org",
            "mail.x.org",
            "newspaper.x.org",
            "x.news.org",
            "news.com.au",
            "em.com.br",
            "news.co.uk",
        ] {
            assert!(!bulk(name), "{name}");
        }
        for name in
            ["news.x.org", "newsletter.x.co.uk", "news.news.com.au", "news.x.de", "bounces.x.org", "e.com.example"]
        {
            assert!(bulk(name), "{name}");
        }
    }
}
