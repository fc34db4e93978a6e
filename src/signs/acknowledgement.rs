//! The acknowledgement of a desk: your message has come in, it has a number, somebody will answer.
//!
//! Promises: a Subject counts only in the form that a program gives it, a text only if it speaks of the reader's message and
//! for a desk; people speak for themselves. Linear in time. Never touches: header fields of ticket systems (`field`).

use super::wording::{Wording, YOUR_MESSAGE};

/// How far the first words reach, in bytes.
const FIRST_WORDS: usize = 300;
/// How far an acknowledgement reaches, in bytes.
const NOTICE: usize = 700;
/// How long a text is at most that is taken for one by the beginnings of its words, in bytes.
const SHORT: usize = 900;

/// Whether the text acknowledges that a message came in.
#[must_use]
pub fn is_acknowledgement(wording: &Wording) -> bool {
    let notice = wording.first(NOTICE);
    (wording.says(notice, RECEIVED) && wording.says(notice, PROMISE)) || speaks_for_a_desk(wording)
}

/// Whether the message is a ticket system's: its Subject has a word for a case, its number, and what became of it, or
/// the number's brackets; or its text draws the line above which the system reads answers. In a thread that people
/// answer there is `Re:` before the Subject. A suitcase is no case, and a year is no number.
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
    // Zendesk, Jira, Freshdesk.
    const LINES: [&str; 5] = [
        "reply above this line",
        "type your reply above",
        "antworten sie oberhalb dieser",
        "répondez au-dessus de cette ligne",
        "responda por encima de esta",
    ];
    let subject = &wording.subject;
    let is_year = |run: &str| run.len() == 4 && (run.starts_with("19") || run.starts_with("20"));
    let number = subject.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 3 && !is_year(run));
    let about = || subject.split(|c: char| !c.is_alphabetic()).any(|word| ABOUT.contains(&word));
    let answered = wording.is_answer_or_forward();
    let told = number && !answered && about() && wording.says(subject, &DONE);
    told || (!answered && has_tag(subject)) || wording.says(wording.first(FIRST_WORDS), &LINES)
}

/// The number of a case in brackets, as ticket systems write it (OTRS, osTicket, Kayako, Zammad) and know it again in
/// answers: `[Ticket#2026111009000123]`, `[#4711234]`, `[ ref:_00d20abc._5002xabc:ref ]` (Salesforce).
fn has_tag(subject: &str) -> bool {
    const WORDS: [&str; 9] = ["#", "ticket", "case", "request", "incident", "anfrage", "vorgang", "demande", "caso"];
    subject.split('[').skip(1).filter_map(|rest| rest.split_once(']')).any(|(tag, _)| {
        let tag = tag.trim_start();
        let digits = tag.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 4);
        (digits && WORDS.iter().any(|word| tag.starts_with(word))) || tag.starts_with("ref:_")
    })
}

/// The reader's message or request has come in, and what a desk says to everybody: its number, its team, its hours.
/// People say "I" when they say so.
fn speaks_for_a_desk(wording: &Wording) -> bool {
    let says = |phrases: &[&str]| wording.own.len() <= SHORT && wording.says(&wording.own, phrases);
    says(CAME_IN) && (says(YOUR_MESSAGE) || says(REQUESTS)) && says(DESK) && !wording.speaks_of_oneself(&wording.own)
}

/// That a message has come in, said to whoever sent it.
const RECEIVED: &[&str] = &[
    "we have received your",
    "we've received your",
    "confirm that we have received",
    "your request (",
    "your request has been",
    "your e-mail has been received",
    "your email has been received",
    "your mail has been received",
    "your message has been received",
    "i have received your message and will",
    "thank you for contacting",
    "thanks for contacting",
    "thank you for your enquiry",
    "thank you for your inquiry",
    "thank you for your request",
    "thank you for your submission",
    "thank you for your application",
    "thank you for getting in touch",
    "thanks for getting in touch",
    "your request was created",
    "vielen dank für ihre anfrage",
    "vielen dank für ihre nachricht",
    "danke für ihre anfrage",
    "wir haben ihre nachricht",
    "wir haben ihre e-mail",
    "wir haben ihre anfrage",
    "wir bestätigen den eingang",
    "ihre anfrage ist",
    "ihre anfrage wurde",
    "bien reçu votre",
    "accusons réception",
    "votre demande a été",
    "merci de nous avoir contact",
    "hemos recibido su",
    "hemos recibido tu",
    "su correo ha sido recibido",
    "su solicitud ha sido",
    "gracias por contactar",
    "gracias por ponerse en contacto",
    "abbiamo ricevuto la",
    "grazie per averci contatt",
    "recebemos sua",
    "recebemos a sua",
    "recebemos o seu",
    "obrigado por entrar em contato",
    "agradecemos o seu contato",
    "uw bericht ontvangen",
    "hartelijk dank voor uw",
    "bedankt voor uw bericht",
    "uw aanvraag",
    "tack för att du kontakt",
    "vi har mottagit ditt",
    "vi har tagit emot",
    "vi har modtaget din",
    "vi har mottatt din",
    "tak for din henvendelse",
    "takk for din henvendelse",
    "olemme vastaanottaneet",
    "kiitos yhteydenotostasi",
    "dziękujemy za kontakt",
    "państwa zgłoszenie",
    "otrzymaliśmy państwa",
    "děkujeme za vaš",
    "váš požadavek",
    "köszönjük megkeresését",
    "talebiniz",
    "mesajınız alın",
    "ваше обращение",
    "ваша заявка",
    "ваш запрос",
    "мы получили ваш",
    "お問い合わせいただき",
    "您的邮件已收到",
    "我们已收到",
    "已收到您的",
    "문의해 주셔서",
];

/// What comes next, or the number under which it was filed.
const PROMISE: &[&str] = &[
    "get back to you",
    "a ticket",
    "ticket id",
    "ticket number",
    "case number",
    "reference:",
    "reference number",
    "been assigned",
    "under the number",
    "business day",
    "working day",
    "within 24",
    "be in touch",
    "will contact you",
    "will reply",
    "will respond",
    "being reviewed",
    "be reviewing",
    "will review",
    "been registered",
    "been opened",
    "request number",
    "view request",
    "ein ticket",
    "ticketnummer",
    "schnellstmöglich",
    "so bald wie möglich",
    "melden uns",
    "bearbeiten",
    "vorgangsnummer",
    "mit der nummer",
    "bearbeitungsnummer",
    "werktag",
    "sous le numéro",
    "meilleurs délais",
    "dans les plus brefs",
    "dans un délai",
    "vous répondra",
    "numéro de dossier",
    "con el número",
    "mayor brevedad",
    "será atendid",
    "responderemos",
    "con il numero",
    "presa in carico",
    "al più presto",
    "quanto prima",
    "protocolo",
    "entrará em contato",
    "o mais breve",
    "onder nummer",
    "in goede orde",
    "werkdagen",
    "zo snel mogelijk",
    "zo spoedig mogelijk",
    "ärendenummer",
    "med nummer",
    "återkommer",
    "sagsnummer",
    "saksnummer",
    "hurtigst muligt",
    "vender tilbage",
    "mahdollisimman pian",
    "pod numerem",
    "numer zgłoszenia",
    "jak najszybciej",
    "pod číslem",
    "co nejdříve",
    "azonosító",
    "hamarosan",
    "munkanap",
    "en kısa sürede",
    "зарегистрирован",
    "в ближайшее время",
    "принят",
    "自動送信",
    "自動返信",
    "改めて",
    "担当者より",
    "尽快",
    "工作日",
    "영업일",
    "빠른 시일",
];

/// The reader's request.
const REQUESTS: &[&str] = &[
    "your request",
    "your enquiry",
    "your inquiry",
    "your case",
    "your call has",
    "your application",
    "ihre anfrage",
    "ihr anliegen",
    "votre demande",
    "su solicitud",
    "tu solicitud",
    "su consulta",
    "sua solicitação",
    "la tua richiesta",
    "la sua richiesta",
    "uw aanvraag",
    "uw vraag",
    "ditt ärende",
    "din henvendelse",
    "zgłoszenie",
    "váš požadavek",
    "ваше обращение",
    "ваша заявка",
    "ваш запрос",
    "お問い合わせ",
    "your question",
    "segnalazione",
    "вашей заявки",
    "за обращение",
    "votre message",
];

/// That it has come in.
const CAME_IN: &[&str] = &[
    "has been received",
    "was received",
    "we received",
    "we have received",
    "has reached our",
    "has been logged",
    "has been registered",
    "eingegangen",
    "erhalten",
    "registriert",
    "été reçu",
    "été enregistr",
    "bien reçu",
    "fue recibid",
    "sido recibid",
    "hemos recibido",
    "foi recebid",
    "recebemos",
    "stata ricevut",
    "abbiamo ricevuto",
    "ontvangen",
    "har mottagit",
    "har mottatt",
    "har modtaget",
    "registrerats",
    "otrzymali",
    "przyjęte",
    "zarejestrowan",
    "přijat",
    "obdrželi",
    "megkapt",
    "alınmıştır",
    "alındı",
    "получен",
    "принят",
    "зарегистрирован",
    "受け付け",
    "受付",
    "已收到",
    "접수",
    "bien parvenu",
    "stata registrata",
    "was created for you",
    "has been created",
    "номер вашей",
];

/// What a desk says to everybody.
const DESK: &[&str] = &[
    "support",
    "service desk",
    "within one",
    "within two",
    "within 24",
    "within 48",
    "working day",
    "business day",
    "case:",
    "reference",
    "number",
    "team",
    "innerhalb",
    "werktag",
    "nummer",
    "conseiller",
    "sous 48",
    "nos services",
    "numéro",
    "folio",
    "número",
    "equipo",
    "equipe",
    "numero",
    "staff",
    "werkdagen",
    "binnen",
    "handläggare",
    "numerem",
    "konsultant",
    "pod číslem",
    "munkatárs",
    "номер",
    "специалист",
    "оператор",
    "担当",
    "工作人员",
    "工单",
    "담당",
    "service concerné",
    "dossier",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::letter;

    fn of(subject: &str, body: &str) -> (bool, bool) {
        let wording = letter(subject, body);
        (is_acknowledgement(&wording), is_about_a_ticket(&wording))
    }

    #[test]
    fn people_who_have_tickets_and_requests_are_people() {
        for (subject, body) in [
            ("Re: [#123456] ticket has been closed", "It still fails."),
            ("AW: [Ticket#2026111009000123] x", "Das hilft nicht."),
            ("My ticket 123", "Where do I get on the train?"),
            ("[meeting 2026] agenda", "See you there."),
            ("Suitcase 4711 received", "It came with the train."),
            ("Winter issue 2026 received, thanks", "Lovely pictures."),
            ("WG: Ticket #4711 has been created", "Was hei\u{df}t das?"),
            ("Request #2", "This is my second request for the minutes. When will I get them?"),
            ("Invoice", "I received your message with number 4711 and will pay."),
            ("Thanks", "Thank you for your request for the recipe! Two eggs, flour, milk."),
        ] {
            assert_eq!(of(subject, body), (false, false), "{subject}: {body}");
        }
    }

    #[test]
    fn desks_are_known_by_what_they_say_to_everybody() {
        for body in [
            "Thank you for contacting us. We will get back to you soon.",
            "Your message has reached our customer care team.",
            "Ihre Nachricht ist bei uns eingegangen. Unser Team meldet sich innerhalb von 24 Stunden.",
            "Votre demande a bien \u{e9}t\u{e9} re\u{e7}ue. Un conseiller vous r\u{e9}pondra.",
            "Hemos recibido su consulta con el n\u{fa}mero 17.",
            "Recebemos sua mensagem. Protocolo 17.",
            "Abbiamo ricevuto la tua richiesta, presa in carico dal nostro staff.",
            "Uw bericht is ontvangen onder nummer 17.",
            "Pa\u{144}stwa zg\u{142}oszenie zosta\u{142}o przyj\u{119}te pod numerem 17.",
        ] {
            assert!(of("hello", body).0, "{body}");
        }
    }

    #[test]
    fn tickets_are_known_by_their_number() {
        for subject in [
            "Ticket #4711 has been created",
            "Your request (2026-0471) has been received",
            "INCIDENT - ticket 1020 with priority 3 has been assigned to you",
            "[Ticket#2026111009000123] hello",
            "hello [#4711234]",
            "Case 17: hello [ ref:_00D20abc._5002Xabc:ref ]",
        ] {
            assert!(of(subject, "x").1, "{subject}");
        }
        assert!(of("hello", "## Reply above this line ##\nBob wrote:").1);
    }
}
