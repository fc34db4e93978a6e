//! Mail that a program wrote and that says so itself: vacation notices, confirmations of receipt, ticket systems.
//!
//! Promises: what says it is looked for where programs say it, in the Subject's beginning and the text's first words, so
//! that a person who speaks of their holidays is not taken for one. Never touches: header fields (`mark`).

use super::wording::{Wording, says};

/// How far the first words of an answering machine reach, in bytes.
const FIRST_WORDS: usize = 300;
/// How far a vacation notice reaches, in bytes.
const NOTICE: usize = 700;

/// Whether the Subject begins as answering machines begin it. RFC 3834 section 3.1.5 warns not to rely on it: here it
/// is only a reason to stay silent.
#[must_use]
pub fn has_robots_subject(wording: &Wording) -> bool {
    SUBJECTS.iter().any(|start| wording.subject.starts_with(start))
}

/// Whether the text says in its first words that a program wrote it, or is a vacation notice.
#[must_use]
pub fn says_it_is_automatic(wording: &Wording) -> bool {
    says(wording.first(FIRST_WORDS), AUTOMATIC)
        || (says_absent(wording.first(NOTICE)) && says(wording.first(NOTICE), POLITE))
}

/// Whether the text says that nobody is there now. Who is back writes of the past: "I was out of the office".
fn says_absent(text: &str) -> bool {
    const PAST: [&str; 13] = [
        "been",
        "ero",
        "estaba",
        "estive",
        "estuve",
        "gewesen",
        "stato",
        "war",
        "waren",
        "was",
        "were",
        "\u{e9}tais",
        "\u{e9}tait",
    ];
    let past = |at: usize| {
        let clause = text[..at].rsplit(['.', '!', '?', ':', ';']).next().unwrap_or_default();
        clause.split(|c: char| !c.is_alphabetic()).any(|word| PAST.contains(&word))
    };
    // Where something is, is looked for only in the few texts that have it.
    says(text, ABSENT) && ABSENT.iter().any(|phrase| text.match_indices(phrase).any(|(at, _)| !past(at)))
}

/// Whether the text asks not to be answered.
#[must_use]
pub fn wants_no_answer(wording: &Wording) -> bool {
    // Colleagues ask each other not to answer to all.
    const ALL: [&str; 5] = ["all", "to all", "to everybody", "to everyone", "to the list"];
    let text = &wording.own;
    let to_all = |rest: &str| {
        let rest = rest.trim_start_matches([' ', '-', '"', '\'']);
        ALL.iter().any(|word| {
            rest.strip_prefix(word).is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric()))
        })
    };
    says(text, NO_ANSWER)
        && NO_ANSWER.iter().any(|phrase| text.match_indices(phrase).any(|(at, _)| !to_all(&text[at + phrase.len()..])))
}

/// Whether the Subject is that of a ticket system: a word for a case, its number, and what became of it. In a thread
/// that people answer there is `Re:` before it. A suitcase is no case, and a year is no number.
#[must_use]
pub fn is_about_a_ticket(wording: &Wording) -> bool {
    const ABOUT: [&str; 8] = ["case", "dossier", "incident", "issue", "request", "ticket", "vorgang", "demande"];
    const DONE: [&str; 16] = [
        "assigned",
        "closed",
        "created",
        "opened",
        "received",
        "reopened",
        "resolved",
        "updated",
        "has been",
        "wurde",
        "a \u{e9}t\u{e9}",
        "ha sido",
        "\u{e8} stato",
        "foi ",
        "is aangemaakt",
        "zosta\u{142}",
    ];
    let subject = &wording.subject;
    let is_year = |run: &str| run.len() == 4 && (run.starts_with("19") || run.starts_with("20"));
    let number = subject.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 3 && !is_year(run));
    let about = || subject.split(|c: char| !c.is_alphabetic()).any(|word| ABOUT.contains(&word));
    number && about() && says(subject, &DONE) && !wording.is_answer_or_forward()
}

/// Beginnings of Subjects, as Exchange, vacation programs and web mail write them in their languages.
const SUBJECTS: &[&str] = &[
    "auto:",
    "auto reply",
    "auto-reply",
    "auto-response",
    "autoreply",
    "autoresponse",
    "automated reply",
    "automated response",
    "automatic reply",
    "automatic response",
    "away from my mail",
    "out of office",
    "out of the office",
    "vacation reply",
    "abwesenheitsnotiz",
    "abwesenheitsassistent",
    "automatische antwort",
    "abwesend:",
    "r\u{e9}ponse automatique",
    "message d'absence",
    "absence du bureau",
    "respuesta autom\u{e1}tica",
    "fuera de la oficina",
    "resposta autom\u{e1}tica",
    "risposta automatica",
    "fuori ufficio",
    "automatisch antwoord",
    "afwezig:",
    "afwezigheidsbericht",
    "autosvar",
    "automatisk svar",
    "automatiskt svar",
    "frav\u{e6}r:",
    "frav\u{e6}rsassistent",
    "automaattinen vastaus",
    "odpowied\u{17a} automatyczna",
    "automatyczna odpowied\u{17a}",
    "automatick\u{e1} odpov\u{11b}\u{10f}",
    "automatikus v\u{e1}lasz",
    "otomatik yan\u{131}t",
    "\u{430}\u{432}\u{442}\u{43e}\u{43c}\u{430}\u{442}\u{438}\u{447}\u{435}\u{441}\u{43a}\u{438}\u{439} \u{43e}\u{442}\u{432}\u{435}\u{442}",
    "\u{430}\u{432}\u{442}\u{43e}\u{43e}\u{442}\u{432}\u{435}\u{442}",
    "\u{81ea}\u{52d5}\u{5fdc}\u{7b54}",
    "\u{81ea}\u{52d5}\u{8fd4}\u{4fe1}",
    "\u{81ea}\u{52a8}\u{7b54}\u{590d}",
    "\u{81ea}\u{52a8}\u{56de}\u{590d}",
];

/// How a text says that a program wrote it.
const AUTOMATIC: &[&str] = &[
    "this is an auto-generated",
    "this is an auto-response",
    "this is an auto response",
    "this is an autoreply",
    "this is an auto-reply",
    "this is an automated",
    "this is an automatic",
    "this e-mail was automatically",
    "this email was automatically",
    "this mail was automatically",
    "this message was automatically",
    "this e-mail is automatically generated",
    "this email is automatically generated",
    "this message is automatically generated",
    "this message is generated automatically",
    "this is a system generated",
    "this is a system-generated",
    "this is a computer generated",
    "this confirms that we have received your",
    "we have received your message and will",
    "we have received your request and will",
    "dies ist eine automati",
    "diese nachricht wurde automatisch",
    "diese e-mail wurde automatisch",
    "ceci est un message automatique",
    "ceci est une r\u{e9}ponse automatique",
    "ceci est un mail automatique",
    "cet e-mail a \u{e9}t\u{e9} envoy\u{e9} automatiquement",
    "este es un mensaje autom\u{e1}tico",
    "este mensaje se ha generado autom\u{e1}ticamente",
    "esta \u{e9} uma mensagem autom\u{e1}tica",
    "esta \u{e9} uma resposta autom\u{e1}tica",
    "questo \u{e8} un messaggio automatico",
    "questa \u{e8} una risposta automatica",
    "dit is een automatisch",
    "dette er en automatisk",
    "dette er et automatisk",
    "detta \u{e4}r ett automatiskt",
    "t\u{e4}m\u{e4} on automaattinen",
    "to jest automatyczn",
    "wiadomo\u{15b}\u{107} wygenerowana automatycznie",
    "toto je automatick",
    "ez egy automatikus",
    "\u{44d}\u{442}\u{43e} \u{430}\u{432}\u{442}\u{43e}\u{43c}\u{430}\u{442}\u{438}\u{447}\u{435}\u{441}\u{43a}",
];

/// How a vacation notice says that nobody is there.
const ABSENT: &[&str] = &[
    "out of office",
    "out of the office",
    "away from the office",
    "away from my office",
    "on annual leave",
    "on holiday until",
    "on leave until",
    "on vacation until",
    "nicht im b\u{fc}ro",
    "nicht im haus",
    "bin ich abwesend",
    "ich bin abwesend",
    "absent du bureau",
    "absente du bureau",
    "suis absent",
    "fuera de la oficina",
    "fora do escrit\u{f3}rio",
    "fuori ufficio",
    "afwezig tot",
    "niet op kantoor",
];

/// What a notice says to everybody alike: it thanks for a message it has not read, or names somebody else.
const POLITE: &[&str] = &[
    "thank you for your e-mail",
    "thank you for your email",
    "thank you for your mail",
    "thank you for your message",
    "thanks for your e-mail",
    "thanks for your email",
    "thanks for your message",
    "thank you for contacting",
    "i will reply to your e",
    "i will reply to your m",
    "i will respond to your",
    "i will answer your",
    "if your matter is urgent",
    "if your email is urgent",
    "if your e-mail is urgent",
    "for urgent matters",
    "in urgent cases",
    "limited access to e",
    "no access to e",
    "vielen dank f\u{fc}r ihre",
    "ihre nachricht wird nicht weitergeleitet",
    "in dringenden f\u{e4}llen",
    "en cas d'urgence",
    "merci de votre message",
    "merci pour votre message",
    "gracias por su mensaje",
    "grazie per il messaggio",
    "grazie per la sua",
    "bedankt voor uw",
    "obrigado pela sua mensagem",
];

/// How a text asks for silence.
const NO_ANSWER: &[&str] = &[
    "do not reply to this",
    "don't reply to this",
    "do not respond to this",
    "please do not reply",
    "replies to this message are not",
    "replies to this email are not",
    "replies to this address are not",
    "this mailbox is not monitored",
    "this mailbox is unattended",
    "this inbox is not monitored",
    "this address is not monitored",
    "bitte antworten sie nicht auf diese",
    "nicht auf diese automatisch",
    "nicht auf diese mail antworten",
    "nicht auf diese nachricht antworten",
    "nicht auf diese email antworten",
    "nicht auf diese e-mail antworten",
    "ne pas r\u{e9}pondre \u{e0} ce",
    "ne r\u{e9}pondez pas \u{e0} ce",
    "no responda a este",
    "no responder a este",
    "n\u{e3}o responda a est",
    "non rispondere a quest",
    "niet op deze e-mail",
    "bericht niet beantwoorden",
    "mail niet beantwoorden",
    "ikke bes\u{76}ar denne",
    "svara inte p\u{e5} detta",
    "nie odpowiadaj na t",
    "neodpov\u{ed}dejte na t",
    "\u{43d}\u{435} \u{43e}\u{442}\u{432}\u{435}\u{447}\u{430}\u{439}\u{442}\u{435} \u{43d}\u{430} \u{44d}\u{442}\u{43e}",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    fn of(subject: &str, body: &str) -> [bool; 4] {
        let message = format!("Subject: {subject}\n\n{body}\n");
        let head = Head::read(message.as_bytes());
        let wording = Wording::read(&head, &message.as_bytes()[head.body..]);
        [
            has_robots_subject(&wording),
            says_it_is_automatic(&wording),
            wants_no_answer(&wording),
            is_about_a_ticket(&wording),
        ]
    }

    #[test]
    fn people_who_speak_of_absence_and_machines_are_people() {
        for (subject, body) in [
            ("Holidays", "I am out of the office next week. Shall we meet before?"),
            ("Thanks", "Thank you for your message. Yes, Friday suits me."),
            ("Automatic transmission", "The gearbox is an automatic, as you wished."),
            ("Autumn", "Auto-replies annoy me."),
            ("Re: Automatic reply: hello", "Enjoy your holidays!"),
            ("Re: [#123456] ticket has been closed", "It still fails."),
            ("My ticket 123", "Where do I get on the train?"),
            ("Robots", "> This is an automated message. Please do not reply.\nIs this real?"),
            ("Please reply", "Do not reply in a hurry."),
            ("Re: tea", "Thanks for your email. I was out of the office last week. Tuesday suits me."),
            ("Re: tea", "Thank you for your message! Since Friday I have been away from my office."),
            ("Re: Tee", "Vielen Dank f\u{fc}r Ihre Nachricht. Ich war gestern nicht im B\u{fc}ro."),
            ("Re: th\u{e9}", "Merci pour votre message. J'\u{e9}tais absente du bureau."),
            ("Minutes", "Please do not reply all, only to me."),
            ("Minutes", "Please do not reply \"to everyone\" this time."),
            ("Adresse", "Bitte nicht auf diese alte Adresse schreiben."),
            ("Les", "Je mag de vragen thuis niet beantwoorden."),
            ("Afwezig vrijdag", "Jan is ziek."),
            ("Frav\u{e6}r fredag", "Ola er syk."),
            ("Suitcase 4711 received", "It came with the train."),
            ("Winter issue 2026 received, thanks", "Lovely pictures."),
            ("WG: Ticket #4711 has been created", "Was hei\u{df}t das?"),
        ] {
            assert_eq!(of(subject, body), [false; 4], "{subject}");
        }
    }

    #[test]
    fn machines_that_say_what_they_are_are_known() {
        for (subject, body, which) in [
            ("Automatische Antwort: Hallo", "x", 0),
            ("Out of Office: x", "x", 0),
            ("hello", "This is an automated response.\nYour mail arrived.", 1),
            ("Re: hello", "Thank you for your email.\n\nI am out of office and back on Tuesday.", 1),
            ("hello", "Bonjour, je suis absente du bureau.\nEn cas d\u{2019}urgence, voyez Marie.", 1),
            ("hello", "Thank you for your email. We were pleased. I am out of the office until Monday.", 1),
            ("Afwezig: hallo", "x", 0),
            ("order", "Your order is on its way.\n\nPlease do not reply to this message.", 2),
            ("order", "Please do not reply. All orders are final.", 2),
            ("Bestellung", "Bitte nicht auf diese E-Mail antworten.", 2),
            ("Bestelling", "Wij verzoeken u deze e-mail niet beantwoorden te willen.", 2),
            ("Ticket #4711 has been created", "x", 3),
            ("Your request (2026-0471) has been received", "x", 3),
            ("INCIDENT - ticket 1020 with priority 3 has been assigned to you", "x", 3),
        ] {
            assert!(of(subject, body)[which], "{subject}: {body}");
        }
    }
}
