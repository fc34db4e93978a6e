//! Mail that a program wrote and that says so itself, by its Subject or in so many words.
//!
//! Promises: what says it is looked for where programs say it, in the Subject's beginning and the text's first words, so
//! that a person who speaks of their holidays is not taken for one. Never touches: header fields (`field`), notices that do not
//! say what they are (`absence`, `acknowledgement`).

use super::wording::{Wording, start};

/// How far the first words of an answering machine reach, in bytes.
const FIRST_WORDS: usize = 300;
/// How far the last words of a program reach, in bytes.
const LAST_WORDS: usize = 150;

/// Whether the Subject begins as answering machines begin it. RFC 3834 section 3.1.5 warns not to rely on it: here it
/// is only a reason to stay silent. What a person writes too ("Out of office next week, can you cover?") counts only
/// where a mark or an earlier Subject follows.
#[must_use]
pub fn has_robots_subject(wording: &Wording) -> bool {
    begins_as_robots_subject(&wording.subject)
}

/// The same for a text in lower case.
#[must_use]
pub fn begins_as_robots_subject(subject: &str) -> bool {
    let ends = |rest: &str| {
        let rest = rest.trim_start();
        rest.starts_with([':', '-', '(', '[', '\u{ff1a}']) || rest.starts_with("re:")
    };
    SUBJECTS.iter().any(|start| subject.starts_with(start))
        || ABSENCES.iter().any(|start| subject.strip_prefix(start).is_some_and(ends))
}

/// Whether the text says in its first words, or its last, that a program wrote it.
#[must_use]
pub fn says_it_is_automatic(wording: &Wording) -> bool {
    wording.says(wording.first(FIRST_WORDS), AUTOMATIC) || wording.says(wording.last(LAST_WORDS), AUTOMATIC)
}

/// Whether the text asks not to be answered. Who writes it between quotation marks speaks of it.
#[must_use]
pub fn wants_no_answer(wording: &Wording) -> bool {
    let text = &wording.own;
    let said = |at: usize| !text[..at].ends_with(['"', '\'', '\u{201c}', '\u{201e}', '\u{ab}', '\u{2018}', '`']);
    wording.says(text, NO_ANSWER)
        && NO_ANSWER.iter().any(|phrase| {
            text.match_indices(phrase).any(|(at, _)| said(at) && !is_restricted(&text[at + phrase.len()..]))
        })
}

/// Whether only some answers are meant: colleagues ask each other not to answer to all, and firms below their letters
/// not to answer with the number of a card.
fn is_restricted(rest: &str) -> bool {
    const ALL: [&str; 5] = ["all", "to all", "to everybody", "to everyone", "to the list"];
    const WITH: [&str; 8] = ["avec", "com", "con", "med", "met", "mit", "using", "with"];
    /// How far a sentence is followed, in bytes.
    const REACH: usize = 80;
    let sentence = start(rest, REACH).split(['.', '!', '?']).next().unwrap_or_default();
    let begin = sentence.trim_start_matches([' ', '-', '"', '\'']);
    let whole = |behind: &str| !behind.starts_with(|c: char| c.is_alphanumeric());
    ALL.iter().any(|word| begin.strip_prefix(word).is_some_and(whole))
        || sentence.split(|c: char| !c.is_alphanumeric()).any(|word| WITH.contains(&word))
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
    "abwesenheitsnotiz",
    "abwesenheitsassistent",
    "automatische antwort",
    "r\u{e9}ponse automatique",
    "message d'absence",
    "respuesta autom\u{e1}tica",
    "resposta autom\u{e1}tica",
    "risposta automatica",
    "automatisch antwoord",
    "autosvar",
    "automatisk svar",
    "automatiskt svar",
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
    "自動回覆",
    "자동 회신",
    "자동 응답",
    "자동회신",
    "부재중 안내",
    "不在のお知らせ",
    "不在通知",
    "automatická odpoveď",
    "răspuns automat",
    "αυτόματη απάντηση",
    "автоматична відповідь",
    "автоматичен отговор",
    "automatski odgovor",
    "samodejni odgovor",
    "avtomatsko sporočilo",
    "automaatvastus",
    "automātiskā atbilde",
    "automatinis atsakymas",
    "poissaoloilmoitus",
    "מענה אוטומטי",
    "תשובה אוטומטית",
    "رد تلقائي",
    "trả lời tự động",
    "balasan otomatis",
    "การตอบกลับอัตโนมัติ",
    "auto-acknowledge",
    "out of office reply",
    "out of office autoreply",
    "out of office notification",
    "vacation reply",
    "automatic acknowledge",
];

/// Words for absence that a person may begin a Subject with, too.
const ABSENCES: &[&str] = &[
    "out of office",
    "out of the office",
    "abwesend",
    "abwesenheit",
    "absence",
    "absence du bureau",
    "ausente",
    "ausencia",
    "ausência",
    "fuera de la oficina",
    "fora do escritório",
    "fuori ufficio",
    "afwezig",
    "afwezigheid",
    "fravær",
    "frånvaro",
    "poissa",
    "nieobecność",
    "nepřítomnost",
    "в отпуске",
    "不在",
];

/// How a text says that a program wrote it.
const AUTOMATIC: &[&str] = &[
    "this is an auto-generated",
    "this is an auto-response",
    "this is an auto response",
    "this is an autoreply",
    "this is an auto-reply",
    "this is an automated",
    "this is an automatic reply",
    "this is an automatic response",
    "this is an automatic answer",
    "this is an automatic message",
    "this is an automatic mail",
    "this is an automatic email",
    "this is an automatic e-mail",
    "this is an automatic notif",
    "this is an automatic confirm",
    "this is an automatic acknowledg",
    "this is an automatic vacation",
    "this is an automatic out",
    "this is an automatic delivery",
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
    "automatisch versandt",
    "automatisch verzonden",
    "maschinell erstellt",
    "diese nachricht wurde automatisch",
    "diese e-mail wurde automatisch",
    "ceci est une r\u{e9}ponse automatique",
    "ceci est un mail automatique",
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
    "toto je automatick",
    "ez egy automatikus",
    "\u{44d}\u{442}\u{43e} \u{430}\u{432}\u{442}\u{43e}\u{43c}\u{430}\u{442}\u{438}\u{447}\u{435}\u{441}\u{43a}",
    "has been automatically generated",
    "is an automatically generated",
    "was automatically generated",
    "was generated automatically",
    "this message was generated by",
    "message automatique",
    "a été envoyé automatiquement",
    "a été généré automatiquement",
    "automatisch generiert",
    "automatisch erstellt",
    "automatisch erzeugt",
    "este es un correo automático",
    "ha sido generado automáticamente",
    "foi gerada automaticamente",
    "foi gerado automaticamente",
    "è stato generato automaticamente",
    "è stata generata automaticamente",
    "messaggio generato automaticamente",
    "automatisch gegenereerd",
    "automatiskt genererat",
    "skickas automatiskt",
    "sendes automatisk",
    "wygenerowana automatycznie",
    "vygenerován automaticky",
    "vygenerována automaticky",
    "bola vytvorená automaticky",
    "byla vytvořena automaticky",
    "mesaj generat automat",
    "bu otomatik",
    "otomatik olarak oluşturul",
    "otomatik olarak gönderil",
    "письмо создано автоматически",
    "сообщение создано автоматически",
    "сформировано автоматически",
    "створено автоматично",
    "は自動送信",
    "は自動で送信",
    "は自動返信",
    "は自動配信",
    "系统自动",
    "系統自動",
    "自动回复，",
    "这是自动回复",
    "자동으로 발송",
    "자동 발송",
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
    "sent from an unattended",
    "antworten werden nicht gelesen",
    "antworten auf diese e-mail werden nicht",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::letter;

    fn of(subject: &str, body: &str) -> [bool; 3] {
        let wording = letter(subject, body);
        [has_robots_subject(&wording), says_it_is_automatic(&wording), wants_no_answer(&wording)]
    }

    #[test]
    fn people_who_speak_of_absence_and_machines_are_people() {
        for (subject, body) in [
            ("Out of office next week, can you cover?", "I am away from Monday."),
            ("Absence of Bob", "He is ill, the teacher says."),
            ("Automatic transmission", "The gearbox is an automatic, as you wished. This is an automatic valve."),
            ("Autumn", "Auto-replies annoy me."),
            ("Re: Automatic reply: hello", "Enjoy your holidays!"),
            ("Robots", "> This is an automated message. Please do not reply.\nIs this real?"),
            ("Please reply", "Do not reply in a hurry."),
            ("Minutes", "Please do not reply all, only to me."),
            ("Boat", "It runs well. Bob\nHanley Marine. Please do not reply with credit card numbers."),
            ("Nachlass", "Ihr Anwalt\nBitte antworten Sie nicht auf diese Adresse mit Schrifts\u{e4}tzen."),
            ("[PATCH] manual", "- the example \"please do not reply\" is gone"),
            ("Minutes", "Please do not reply \"to everyone\" this time."),
            ("Adresse", "Bitte nicht auf diese alte Adresse schreiben."),
            ("Les", "Je mag de vragen thuis niet beantwoorden."),
            ("Afwezig vrijdag", "Jan is ziek."),
            ("Frav\u{e6}r fredag", "Ola er syk."),
        ] {
            assert_eq!(of(subject, body), [false; 3], "{subject}");
        }
    }

    #[test]
    fn machines_that_say_what_they_are_are_known() {
        for (subject, body, which) in [
            ("Automatische Antwort: Hallo", "x", 0),
            ("Out of Office: x", "x", 0),
            ("Out of the office Re: x", "x", 0),
            ("R\u{103}spuns automat: x", "x", 0),
            ("hello", "This is an automated response.\nYour mail arrived.", 1),
            ("hello", "We look into it.\n\nThis message was generated automatically.", 1),
            (
                "hello",
                "\u{42d}\u{442}\u{43e} \u{43f}\u{438}\u{441}\u{44c}\u{43c}\u{43e} \u{441}\u{43e}\u{437}\u{434}\u{430}\u{43d}\u{43e} \
              \u{430}\u{432}\u{442}\u{43e}\u{43c}\u{430}\u{442}\u{438}\u{447}\u{435}\u{441}\u{43a}\u{438}.",
                1,
            ),
            ("Afwezig: hallo", "x", 0),
            ("order", "Your order is on its way.\n\nPlease do not reply to this message.", 2),
            ("order", "Please do not reply. All orders are final.", 2),
            ("order", "Please do not reply to this message. With kind regards", 2),
            ("Bestelling", "Dit bericht is automatisch verzonden.", 1),
            ("Bestellung", "Bitte nicht auf diese E-Mail antworten.", 2),
            ("Bestelling", "Wij verzoeken u deze e-mail niet beantwoorden te willen.", 2),
        ] {
            assert!(of(subject, body)[which], "{subject}: {body}");
        }
    }
}
