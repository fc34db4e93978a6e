//! The offer to send no more, by which newsletters and advertising show themselves where no header field does.
//!
//! Promises: an offer to be taken off a list counts only in the sender's own text and beside a link; people speak of
//! lists too, answer newsletters and pass them on. Linear in time. Never touches: header fields (`field`), domains (`bulk`).

use super::wording::{Wording, squeezed, texts};
use crate::mail::head::Head;
use crate::mail::quotation::lines_above_copy;

/// Whether the message offers to send no more, or to be read in a browser. In an answer, and in what somebody passes
/// on, the offer of the message copied below is not the sender's.
#[must_use]
pub fn offers_to_stop(wording: &Wording, head: &Head<'_>, body: &[u8]) -> bool {
    if wording.says(&wording.said, BY_ANSWER) && offers(&wording.said, BY_ANSWER) {
        return true;
    }
    // Few messages have such words at all; only those are read line by line.
    if !wording.has_link || !(wording.says(&wording.said, OFFERS) || wording.says(&wording.said, LEAVING)) {
        return false;
    }
    let copies = wording.is_answer_or_forward();
    texts(head, body).iter().any(|text| {
        let lines = lines_above_copy(text, copies).into_iter().map(squeezed);
        let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        offers(&lines.join(" "), OFFERS)
            || lines.windows(2).any(|pair| shows_the_way_out(&pair[0], &pair[1]))
            || lines.last().is_some_and(|last| shows_the_way_out(last, ""))
    })
}

/// Whether one of the phrases stands there, and not as the sender's own wish: `how do I unsubscribe`.
fn offers(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.match_indices(phrase).any(|(at, _)| !is_own_wish(&text[..at])))
}

/// Whether the last words before an offer speak of the sender himself.
fn is_own_wish(before: &str) -> bool {
    const WORDS: [&str; 14] =
        ["eu", "i", "i'd", "i'm", "i've", "ich", "ik", "jag", "je", "me", "mich", "mij", "my", "\u{44f}"];
    let tail = &before[before.ceil_char_boundary(before.len().saturating_sub(WISH_REACH))..];
    let sentence = tail.rsplit(['.', '!', '?', ':', '|']).next().unwrap_or_default();
    sentence.split([' ', ',', '-']).any(|word| WORDS.contains(&word))
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
    offers(line, LEAVING) && (words(line) <= ALONE || way(line) || way(next))
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
}
