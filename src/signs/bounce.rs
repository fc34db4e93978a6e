//! Undeliverable mail, and mail that a filter at a gateway stopped, known without any field that says so: by the way it
//! begins, by its Subject, and by what it is built of, in whatever language it is written.
//!
//! Promises: a person who passes a bounce on with words of their own is not taken for one, unless nothing but the bounce
//! is there. Linear in time. Never touches: whose mail came back, and whether it was the user's.

use super::wording::{OPENING_LIMIT, Wording, YOUR_MESSAGE, says, start};

/// How far the opening words of a bounce reach, in bytes.
const FIRST_WORDS: usize = 400;
/// How far the start reaches at which no person writes a mail system's words, in bytes.
const START: usize = 120;
/// Names of header fields that a returned message has; three of them make a header block.
const RETURNED_FIELDS: [&str; 6] = ["received: from ", "message-id: <", "from: ", "to: ", "subject: ", "date: "];

/// Whether the Subject is one that mail systems give their bounces. A person who answers one or passes it on has
/// `Re:` or `Fwd:` before it.
#[must_use]
pub fn has_bounces_subject(wording: &Wording) -> bool {
    let subject = &wording.subject;
    SUBJECTS.iter().any(|start| subject.starts_with(start))
        || ["退信", "returned mail"].iter().any(|end| subject.ends_with(end))
        || subject.contains("in mail from you")
}

/// Whether the text is a bounce: it begins with a mail system's own words, or says whose message did not reach which
/// address, or names a failure by its number and has the header block of a message in it.
#[must_use]
pub fn is_bounce(wording: &Wording) -> bool {
    let text = &wording.text;
    let first = start(text, FIRST_WORDS);
    if wording.is_forward() {
        return false;
    }
    if wording.is_answer() {
        // Below a person's own words stands what they answer.
        return wording.says(start(text, START), FIRST) && !wording.speaks_of_oneself(first);
    }
    wording.says(first, FIRST)
        || tells_of_failure(wording)
        || (has_status(start(text, OPENING_LIMIT)) && returns_a_message(text))
}

/// Whether a filter at a gateway tells the sender of a message what it did with it, or its user what it holds. The
/// sender is most often a forged one, and such notices were as hated as challenges are.
#[must_use]
pub fn is_gateway_notice(wording: &Wording) -> bool {
    let first = wording.first(FIRST_WORDS);
    let says = |phrases: &[&str]| wording.says(first, phrases);
    let stopped = says(YOUR_MESSAGE) && says(FORBIDDEN) && says(STOPPED) && !wording.speaks_of_oneself(first);
    !wording.is_answer_or_forward() && (stopped || wording.says(&wording.subject, QUARANTINES))
}

/// An address; whose message, which recipients or which reason; and that something was not delivered, or not yet: a word
/// for delivery and one that denies it, in the Subject or between two marks of the first words. A person who tells of the
/// same speaks of themselves.
fn tells_of_failure(wording: &Wording) -> bool {
    let first = wording.first(FIRST_WORDS);
    let says = |phrases: &[&str]| wording.says(first, phrases);
    first.contains('@')
        && denies_delivery(wording, first)
        && (says(YOUR_MESSAGE) || wording.says(&wording.subject, YOUR_MESSAGE) || says(RECIPIENTS) || says(REASONS))
        && !wording.speaks_of_oneself(first)
}

fn denies_delivery(wording: &Wording, first: &str) -> bool {
    let denies = |sentence: &str| wording.says(sentence, DELIVERY) && wording.says(sentence, DENIAL);
    // The dot of an address ends no sentence. "It will be delivered, and you will not be asked again" denies nothing.
    let sentences = first.split(['!', '?', '。', ',', ';']).flat_map(|piece| piece.split(". "));
    denies(&wording.subject) || (denies(first) && sentences.into_iter().any(denies))
}

/// Beginnings of Subjects (RFC 3834 section 3.1.5: a hint, and here only a reason to stay silent): qmail, Exim,
/// Sendmail, Postfix, Exchange in its languages, Domino, GroupWise.
const SUBJECTS: &[&str] = &[
    "delivery failure",
    "delivery has failed",
    "delivery notification: ",
    "delivery status notification",
    "failure delivery",
    "failure notice",
    "mail could not be delivered",
    "mail delivery fail",
    "mail delivery problem",
    "mail failure",
    "mail returned",
    "mail system error",
    "message status - undeliverable",
    "undelivered",
    "returned message",
    "bounced mail",
    "email delivery failure",
    "[postmaster] ",
    "ndn: ",
    "non-delivery report",
    "nicht zustellbar",
    "nachricht unzustellbar",
    "zustellung fehlgeschlagen",
    "échec de remise",
    "avis de non-remise",
    "problème de distribution",
    "message non distribu",
    "devolución de correo",
    "mensaje devuelto",
    "mensaje no entregado",
    "correo no entregado",
    "mensagem não entregue",
    "mensagem devolvida",
    "falha na entrega",
    "falha no envio",
    "mancato recapito",
    "mancata consegna",
    "messaggio non recapitato",
    "niet bezorgd",
    "zwrot wiadomości",
    "nedoručená zpráva",
    "nedoručená správa",
    "meddelandet kunde inte levereras",
    "kunne ikke leve",
    "viestiä ei voitu toimittaa",
    "ileti teslim edilemedi",
    "η παράδοση απέτυχε",
    "kézbesítési hiba",
    "mesaj nelivrat",
    "ваше сообщение не доставлено",
    "письмо не доставлено",
    "сообщение не доставлено",
    "сообщение не может быть доставлено",
    "недоставленное сообщение",
    "לא ניתן למסור",
    "تعذر تسليم",
    "メールの送信に失敗",
    "【重要】送信エラー",
    "邮件发送失败",
    "邮件投递失败",
    "郵件無法送達",
    "메일 전송 실패",
    "전송 실패",
    "message could not be delivered",
    "message delivery failure",
    "message undeliverable",
    "nondeliverable mail",
    "permanent delivery failure",
    "returned mail",
    "returned to sender",
    "undeliverable",
    "warning: could not send message",
    "warning: message ",
    "mail konnte nicht zugestellt werden",
    "unzustellbar",
    "non remis",
    "non distribuable",
    "\u{e9}chec de la remise",
    "no se puede entregar",
    "no entregado",
    "n\u{e3}o \u{e9} poss\u{ed}vel entregar",
    "n\u{e3}o entregue",
    "impossibile recapitare",
    "non recapitabile",
    "onbestelbaar",
    "kan ikke leveres",
    "det g\u{e5}r inte att leverera",
    "ei voitu toimittaa",
    "niedostarczal",
    "nie mo\u{17c}na dostarczy\u{107}",
    "nedoru\u{10d}iteln",
    "k\u{e9}zbes\u{ed}thetetlen",
    "\u{43d}\u{435}\u{432}\u{43e}\u{437}\u{43c}\u{43e}\u{436}\u{43d}\u{43e} \u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}\u{438}\u{442}\u{44c}",
    "\u{43d}\u{435} \u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}\u{43b}\u{435}\u{43d}\u{43e}",
    "teslim edilemedi",
    "\u{914d}\u{4fe1}\u{4e0d}\u{80fd}",
    "\u{914d}\u{4fe1}\u{3067}\u{304d}\u{307e}\u{305b}\u{3093}",
    "\u{7cfb}\u{7edf}\u{9000}\u{4fe1}",
    "\u{65e0}\u{6cd5}\u{6295}\u{9012}",
];

/// The words with which mail systems begin: qmail (QSBMF), Exim, Postfix, Sendmail, Exchange, Courier, Domino,
/// MDaemon, Google.
const FIRST: &[&str] = &[
    "hi. this is the qmail-send program",
    "hi. this is the deliver program",
    "this message was created automatically by mail delivery software",
    "this is the mail system at host",
    "this is the postfix program at host",
    "this is the mail delivery agent at",
    "this is a delivery status notification",
    "this is an automatically generated delivery status notification",
    "this is a permanent failure",
    "this report relates to a message you sent",
    "this is a collection of reports about email delivery",
    "the original message was received at",
    "----- the following addresses had",
    "your message did not reach some or all of the intended recipients",
    "your message could not be delivered",
    "your mail could not be delivered",
    "your message cannot be delivered to the following recipients",
    "your message has encountered delivery problems",
    "your message was not delivered",
    "delivery to the following recipient",
    "delivery has failed to these recipients",
    "undelivered mail returned to sender",
    "we were unable to deliver your message",
    "the attached file had the following undeliverable recipient",
    "the local mail transport system has reported",
    "a message that you sent could not be delivered",
    "this is a delivery failure notification",
    "this is a non-delivery notification",
    "the following addresses had delivery problems",
    "----- transcript of session follows",
    "this message was undeliverable due to",
    "message from yahoo",
    "unable to deliver message to the following",
    "the following address failed",
    "the following message could not be delivered",
    "the following recipients did not receive",
    "ihre nachricht wurde nicht zugestellt",
    "ihre nachricht hat einige oder alle empf\u{e4}nger nicht erreicht",
    "fehler bei der nachrichtenzustellung",
    "votre message n'a pas \u{e9}t\u{e9} remis",
    "\u{e9}chec de la remise pour ces destinataires",
    "error de entrega a estos destinatarios",
    "il recapito non \u{e8} riuscito",
    "message returned to sender",
];

/// Words, or their beginnings, for delivery.
const DELIVERY: &[&str] = &[
    "has been delayed",
    "is delayed",
    "deliver",
    "returned",
    "bounced",
    "not reach",
    "be reached",
    "zugestellt",
    "zustell",
    "ausgeliefert",
    "angekommen",
    "erreicht",
    "remis",
    "distribué",
    "entreg",
    "consegnat",
    "recapit",
    "raggiunto",
    "livrat",
    "bezorg",
    "aangekomen",
    "afgeleverd",
    "levere",
    "levera",
    "toimit",
    "dostarcz",
    "doruč",
    "kézbes",
    "teslim",
    "παραδόθ",
    "παράδοσ",
    "доставл",
    "доставит",
    "доставк",
    "הגיע",
    "נמסר",
    "تسليم",
    "送信でき",
    "配信",
    "届け",
    "届き",
    "送达",
    "投递",
    "退回",
    "送達",
    "전송",
    "전달",
    "배달",
    "délivr",
];

/// What denies it.
const DENIAL: &[&str] = &[
    "n't",
    " not ",
    "cannot",
    "unable",
    "fail",
    "problem",
    "delayed",
    "permanent",
    "undeliver",
    "returned",
    "bounced",
    "nicht",
    "konnte",
    "verzögert",
    "unzustell",
    " pas ",
    "n'a pu",
    "retard",
    "impossible",
    "no se ",
    "no ha ",
    "no fue",
    "no pudo",
    "podido",
    "não",
    "falha",
    "non ",
    "impossibil",
    "nu a ",
    "niet",
    "ikke",
    "inte",
    "ei voitu",
    "nie ",
    "nebyl",
    "nepoda",
    "nebol",
    "nem ",
    "edilem",
    "δεν",
    "не ",
    "невозможно",
    "לא",
    "لم",
    "تعذر",
    "できま",
    "ません",
    "未能",
    "无法",
    "無法",
    "失败",
    "被退",
    "못",
    "fehlgeschlagen",
    "fehler",
    "error al",
];

/// Why it was not.
const REASONS: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "does not exist",
    "address unknown",
    "mailbox full",
    "mailbox is full",
    "over quota",
    "quota exceeded",
    "mailbox unavailable",
    "unbekannter benutzer",
    "postfach voll",
    "adresse inconnue",
    "utilisateur inconnu",
    "boîte pleine",
    "no existe",
    "buzón lleno",
    "usuário inexistente",
    "utente sconosciuto",
    "onbekende gebruiker",
    "ящик переполнен",
    "превышена квота",
    "存在しません",
    "不存在",
    "존재하지 않는",
];

/// Those whom it did not reach, as mail systems name them.
const RECIPIENTS: &[&str] = &[
    "following recipient",
    "following address",
    "folgenden empfänger",
    "folgende empfänger",
    "angegebenen empfänger",
    "folgende adresse",
    "destinataires suivants",
    "destinataire suivant",
    "siguientes destinatarios",
    "siguiente destinatario",
    "seguintes destinatários",
    "ao destinatário",
    "destinatário(s)",
    "seguenti destinatari",
    "volgende ontvanger",
    "volgende geadresseerde",
    "een of meer geadresseerden",
    "følgende modtager",
    "følgende mottaker",
    "följande mottagare",
    "seuraaville vastaanottajille",
    "następujących odbiorców",
    "następującego odbiorcy",
    "následujícím příjemcům",
    "následujícímu příjemci",
    "alábbi címzett",
    "aşağıdaki alıcı",
    "παρακάτω παραλήπτες",
    "следующим адресатам",
    "следующим получателям",
    "одному или нескольким получателям",
    "לנמענים הבאים",
    "宛先",
    "あて先",
    "收件人",
    "以下收件",
    "수신자",
    "受信者",
];

/// What filters look for.
const FORBIDDEN: &[&str] = &[
    "virus",
    "malware",
    "banned",
    "infected",
    "violat",
    "unsolicited bulk",
    "considered spam",
    "classified as spam",
    "attachment",
    "content filter",
    "mail gateway",
    "virenscanner",
    "anhang",
    "schadsoftware",
    "pièce jointe",
    "archivo adjunto",
    "allegato",
    "bijlage",
    "загроз",
    "вирус",
    "ウイルス",
    "病毒",
];

/// What they do with it.
const STOPPED: &[&str] = &[
    "was stopped",
    "stopped the",
    "not been delivered",
    "not delivered",
    "blocked",
    "quarantined",
    "intercepted",
    "was rejected",
    "been rejected",
    "was deleted",
    "been deleted",
    "was removed",
    "been removed",
    "detected a violation",
    "found a violation",
    "was considered",
    "nicht zugestellt",
    "blockiert",
    "gelöscht",
    "abgewiesen",
    "zurückgewiesen",
    "supprimé",
    "bloqué",
    "rejeté",
    "bloqueado",
    "eliminado",
    "rechazado",
    "bloccato",
    "eliminato",
    "geblokkeerd",
    "verwijderd",
    "заблокирован",
    "удален",
    "隔離",
    "隔离",
    "拦截",
];

/// Subjects of the lists that gateways send of what they hold.
const QUARANTINES: &[&str] = &[
    "quarantine summary",
    "quarantine digest",
    "quarantine report",
    "quarantine notification",
    "spam digest",
    "quarantäne-bericht",
    "quarantänebericht",
    "rapport de quarantaine",
    "informe de cuarentena",
    "relatório de quarentena",
    "rapporto di quarantena",
];

/// A reply code and an enhanced status code (RFC 5321 section 4.2, RFC 3463 section 2): `550 5.1.1`, `status: 5.0.0`.
fn has_status(text: &str) -> bool {
    let bytes = text.as_bytes();
    let code = |at: usize| -> Option<()> {
        let class = bytes.get(at).filter(|b| matches!(b, b'4' | b'5'))?;
        let rest = bytes.get(at + 1..at + 5)?;
        let dotted = rest[0] == b'.' && rest[1].is_ascii_digit() && rest[2] == b'.' && rest[3].is_ascii_digit();
        let before = &bytes[..at];
        let reply = before.len() >= 4
            && before[at - 4] == *class
            && before[at - 3].is_ascii_digit()
            && before[at - 2].is_ascii_digit()
            && matches!(before[at - 1], b' ' | b'-');
        (dotted && (reply || before.ends_with(b"status: "))).then_some(())
    };
    (0..bytes.len()).any(|at| code(at).is_some())
}

/// Whether three fields of a header block stand in the text, one of them such as nobody types.
fn returns_a_message(text: &str) -> bool {
    let count = RETURNED_FIELDS.iter().filter(|field| text.contains(**field)).count();
    count >= 3 && says(text, &RETURNED_FIELDS[..2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;
    use crate::signs::wording::tests::letter;

    fn of(subject: &str, body: &str) -> (bool, bool) {
        let wording = letter(subject, body);
        (has_bounces_subject(&wording), is_bounce(&wording))
    }

    #[test]
    fn people_who_speak_of_bounces_send_none() {
        for (subject, body) in [
            ("Re: Undeliverable: hello", "That was my old address."),
            ("My mail bounced", "I got this: 550 5.1.1 no such user. Do you have his new address?"),
            ("bounces", "Our server says status: 5.7.1 to half of them. Any idea?"),
            ("help", "See the log.\n> Hi. This is the qmail-send program at mx.\n> <a@b>: 550 5.1.1"),
            ("Fwd: failure notice", "What does it mean?\n\nHi. This is the qmail-send program at mx.test."),
            ("WG: Unzustellbar: Hallo", "Was hei\u{df}t das?\n\nHi. This is the qmail-send program at mx.test."),
            ("TR : Non remis : bonjour", "Voyez :\n\nHi. This is the qmail-send program at mx.test."),
            ("version 5.1.1", "We moved from 4.0.5 to 5.1.1. From: here to: there. Subject: none."),
            ("delivery", "The delivery failed, the driver said nobody was in."),
            ("Your letter", "I sent your message to bob@x.org but it could not be delivered."),
            ("Delivery problem", "The parcel was not delivered. My address is bob@x.org."),
            ("hello", "Your message is not lost. It will be delivered to bob@x.org when you answer."),
            ("AW: Frage", "Ja.\n\n-----Original Message-----\nYour message to bob@x.org was not delivered."),
        ] {
            assert_eq!(of(subject, body), (false, false), "{subject}");
        }
    }

    #[test]
    fn bounces_without_mime_are_known_by_their_first_words() {
        for body in [
            "Hi. This is the qmail-send program at mx.test.\nI'm afraid I wasn't able to deliver your message.",
            "This message was created automatically by mail delivery software.",
            "This is the mail system at host mx.test.\n\nI'm sorry to have to inform you",
            "   ----- The following addresses had permanent fatal errors -----\n<bob@x.org>",
            "Your message did not reach some or all of the intended recipients.",
            "Ihre Nachricht hat einige oder alle Empf\u{e4}nger nicht erreicht.",
        ] {
            assert_eq!(of("hello", body), (false, true), "{body}");
        }
    }

    #[test]
    fn a_bounce_in_any_language_has_a_number_and_a_returned_message() {
        let returned = "Received: from a.test by b.test\nFrom: Alice <a@x.org>\nTo: bob@x.org\nSubject: hi\n";
        assert!(of("Tiedoksi", &format!("Viesti ei mennyt perille.\n<bob@x.org>: 550 5.1.1 unknown\n\n{returned}")).1);
        assert!(of("x", &format!("Action: failed\nStatus: 5.0.0\n\n{returned}")).1);
        assert!(!of("x", "Viesti ei mennyt perille.\n<bob@x.org>: 550 5.1.1 unknown").1);
        assert!(!of("x", returned).1);
        assert!(!of("x", &format!("550 5.11\n{returned}")).1);
    }

    #[test]
    fn subjects_of_mail_systems_are_known_in_many_languages() {
        for subject in [
            "failure notice",
            "Returned mail: see transcript for details",
            "Undelivered Mail Returned to Sender",
            "Unzustellbar: Hallo",
            "Non remis : bonjour",
            "No se puede entregar: hola",
        ] {
            assert!(of(subject, "x").0, "{subject}");
        }
    }

    #[test]
    fn a_bounce_says_whose_message_did_not_reach_which_address() {
        for body in [
            "Your message wasn't delivered to bob@x.org because the address couldn't be found.",
            "Ihre E-Mail an bob@x.org ist nicht angekommen.",
            "Votre courriel n'a pas \u{e9}t\u{e9} distribu\u{e9} \u{e0} bob@x.org.",
            "Su mensaje no fue entregado a bob@x.org.",
            "Il suo messaggio non \u{e8} stato consegnato a bob@x.org.",
            "Uw bericht aan bob@x.org is niet bezorgd.",
            "\u{412}\u{430}\u{448}\u{435} \u{43f}\u{438}\u{441}\u{44c}\u{43c}\u{43e} \u{43d}\u{435} \u{431}\u{44b}\u{43b}\u{43e} \u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}\u{43b}\u{435}\u{43d}\u{43e}: bob@x.org",
            "Your message to bob@x.org has been delayed. Delivery will be tried again.",
        ] {
            assert_eq!(of("hello", body), (false, true), "{body}");
        }
    }

    #[test]
    fn gateways_tell_what_they_did_and_people_what_happened_to_them() {
        let notice = |subject: &str, body: &str| {
            let message = format!("Subject: {subject}\n\n{body}\n");
            let head = Head::read(message.as_bytes());
            is_gateway_notice(&Wording::read(&head, &message.as_bytes()[head.body..]))
        };
        for (subject, body) in [
            ("Virus", "My daughter has caught a virus. Did you get my message?"),
            ("Virus?", "My scanner found a virus in the message you sent and it was deleted."),
            ("Re: VIRUS", "A virus was found in a message you sent. It was blocked. How?"),
            ("quarantine", "The dog is in quarantine; your message was a comfort."),
        ] {
            assert!(!notice(subject, body), "{subject}: {body}");
        }
        for (subject, body) in [
            ("x", "A virus was found in a message you sent. It was blocked."),
            ("x", "Ihre Nachricht enthielt einen verbotenen Anhang und wurde gel\u{f6}scht."),
            ("Spam Quarantine Summary", "x"),
        ] {
            assert!(notice(subject, body), "{subject}: {body}");
        }
    }
}
