//! Mail that machines and forms write by themselves, known without any field that says so: what a daemon or a telephone
//! reports, and what a visitor typed into a form.
//!
//! Promises: a Subject counts only in the form that a program gives it; a text only by what no person writes to a stranger.
//! Linear in time. Never touches: header fields (`field`), what services write to customers
//! (`notice`), advertising (`bulk`), answers to mail (`auto_reply`).

use super::wording::Wording;

/// How far the first words of a notification reach, in bytes.
const FIRST_WORDS: usize = 400;
/// How far a form's fields reach, in bytes.
const FORM_LIMIT: usize = 1500;
/// Most words before the colon of the first label.
const LABEL_WORDS: usize = 1;
/// Most words from one label to the colon of the next.
const VALUE_WORDS: usize = 7;
/// So many words and a full stop are a sentence.
const SENTENCE_WORDS: usize = 3;

/// Whether the Subject is one that a daemon or a device gives its reports. Behind `Re:` a person speaks of it.
#[must_use]
pub fn has_machines_subject(wording: &Wording) -> bool {
    let subject = &wording.subject;
    // `Cron <user@host> command`, of every cron.
    let cron = subject.strip_prefix("cron <").is_some_and(|rest| rest.contains("> "));
    // Nagios and Icinga: `** PROBLEM Service Alert: web1/HTTP is CRITICAL **`.
    let starred = subject.starts_with("** ") && subject.ends_with("**") && subject.contains("alert");
    cron || starred || SUBJECTS.iter().any(|start| subject.starts_with(start))
}

/// Whether the text is a report of a machine.
#[must_use]
pub fn is_notification(wording: &Wording) -> bool {
    wording.says(wording.first(FIRST_WORDS), MACHINES) || is_filled_in(wording)
}

/// Nothing but labels and their values, and no sentence: what a program filled in, in whatever language (backups,
/// scanners, sensors, forms). It begins with a label and has four of them that differ; between two labels there are few
/// words; nothing ends like a sentence, nobody greets or thanks or speaks of themselves. Who answers a question with such
/// a list does it behind `Re:`.
fn is_filled_in(wording: &Wording) -> bool {
    let text = wording.said.as_str();
    if text.len() > FORM_LIMIT || wording.is_answer_or_forward() {
        return false;
    }
    let mut labels: Vec<&str> = Vec::new();
    // Words since the last label, and the word before this one.
    let (mut since, mut before) = (0, "");
    for word in text.split(' ') {
        // `Nom : Anna`, as the French write it.
        let label = if word == ":" { before } else { word.strip_suffix(':').unwrap_or_default() };
        if label.chars().filter(|c| c.is_alphabetic()).count() >= 2 {
            labels.push(label);
            since = 0;
        } else {
            since += 1;
            let ends = word.ends_with(['.', '!', '?', ',', '\u{3002}']) && since >= SENTENCE_WORDS;
            let most = if labels.is_empty() { LABEL_WORDS } else { VALUE_WORDS };
            if ends || since > most || PERSONAL.contains(&word.trim_end_matches([',', '!', '.'])) {
                return false;
            }
        }
        before = word;
    }
    labels.sort_unstable();
    labels.dedup();
    labels.len() >= 4 && !wording.speaks_of_oneself(text)
}

/// Whether the text begins with a label: one or two words and a colon.
fn begins_with_label(wording: &Wording) -> bool {
    wording.said.split(' ').take(LABEL_WORDS + 1).any(|word| word.ends_with(':'))
}

/// Whether it is what a visitor typed into a form of a web page, or a page sent from there to a friend. The page's
/// server wrote it, and an answer to its sender reaches nobody.
#[must_use]
pub fn is_form(wording: &Wording) -> bool {
    let first = wording.first(FIRST_WORDS);
    let notice = wording.first(FORM_LIMIT);
    let labels = || LABELS.iter().filter(|label| wording.says(notice, &[label])).count();
    let form = wording.says(&wording.subject, FORMS) || wording.says(first, FORMS);
    let technical = || begins_with_label(wording) && wording.says(notice, TECHNICAL) && labels() >= 3;
    !wording.is_answer() && ((form && labels() >= 2) || wording.says(notice, PAGES) || technical())
}

/// Beginnings of Subjects: at, anacron, Logwatch, Prometheus and Grafana, smartd, mdadm, Fail2Ban, sudo, Jenkins, apt,
/// FreeBSD's periodic, Asterisk, fax and scan to mail.
const SUBJECTS: &[&str] = &[
    "output from your job ",
    "output of your job ",
    "backup job \"",
    "[smartd]",
    "anacron job ",
    "logwatch for ",
    "logcheck: ",
    "[firing:",
    "[resolved:",
    "[resolved] ",
    "[alerting] ",
    "smart error (",
    "degradedarray event",
    "fail event on /dev",
    "sparesmissing event",
    "[fail2ban] ",
    "*** security information for ",
    "build failed in jenkins",
    "jenkins build is ",
    "apticron: ",
    "unattended-upgrades result",
    "rkhunter ",
    "[rkhunter]",
    "monit alert",
    "monitor is down: ",
    "monitor is up: ",
    "ups: ",
    "zabbix ",
    "[zabbix",
    "[nagios",
    "[icinga",
    "[prtg",
    "[pbx]: ",
    "fax received from ",
    "new fax from ",
    "you have a new fax",
    "neues fax von ",
    "new voicemail from ",
    "new voicemail message",
    "voicemail message from ",
    "voice message from ",
    "neue sprachnachricht von ",
    "scan from a ",
    "scanned from a ",
    "scanned document from ",
    "message from km_",
    "message from \"rnp",
];

/// How machines begin, or what they say of themselves.
const MACHINES: &[&str] = &[
    "notification type: problem",
    "notification type: recovery",
    "***** nagios *****",
    "***** icinga",
    "problem name: ",
    "original problem id:",
    "alert for alertname",
    "is currently down (reason",
    "## logwatch",
    "generated by the smartd daemon",
    "has just been banned by fail2ban",
    "apticron report",
    "what |removed |added",
    "unattended upgrade result",
    "checking setuid files",
    "synology diskstation",
    "--asterisk",
    "has exceeded the threshold of",
    "you have received a fax",
    "sie haben ein fax erhalten",
    "was digitally sent to you",
    "scanned and sent to you using",
    "you have a new voicemail",
    "you received a new voice message",
    "auf dem anrufbeantworter aufgezeichnet",
    "automatic response from the",
    "the header of your message as seen",
    "here is the message i received from you",
];

/// What a form calls itself.
const FORMS: &[&str] = &[
    "contact form",
    "enquiry form",
    "online form",
    "inquiry form",
    "form submission",
    "website enquiry",
    "from your website",
    "submitted values",
    "kontaktformular",
    "das formular",
    "formulaire",
    "formulario",
    "formulário",
    "modulo di contatto",
    "contactformulier",
    "kontaktskjema",
    "kontaktformulär",
    "yhteydenottolomake",
    "formularz",
    "kontaktní formulář",
    "форма обратной связи",
    "форму обратной связи",
    "お問い合わせフォーム",
    "联系表单",
];

/// Labels of a form's fields.
const LABELS: &[&str] = &[
    "name:",
    "nom :",
    "nombre:",
    "nome:",
    "naam:",
    "namn:",
    "navn:",
    "imię:",
    "jméno:",
    "имя:",
    "email:",
    "e-mail:",
    "correo:",
    "phone:",
    "telephone:",
    "telefon:",
    "téléphone :",
    "message:",
    "comments:",
    "message :",
    "nachricht:",
    "mensaje:",
    "mensagem:",
    "messaggio:",
    "bericht:",
    "meddelande:",
    "wiadomość:",
    "zpráva:",
    "сообщение:",
    "submitted on ",
    "submitted by ",
    "ip address:",
];

/// Labels that only the server of a page adds to what a visitor typed.
const TECHNICAL: &[&str] =
    &["user agent:", "user-agent:", " ip:", " ip address:", "remote ip:", "referer:", "referrer:"];

/// Words with which people begin and end.
const PERSONAL: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "dear",
    "thanks",
    "thank",
    "regards",
    "cheers",
    "please",
    "hallo",
    "liebe",
    "lieber",
    "guten",
    "geehrte",
    "geehrter",
    "danke",
    "dank",
    "gr\u{fc}\u{df}e",
    "gru\u{df}",
    "gr\u{fc}sse",
    "bitte",
    "bonjour",
    "salut",
    "cher",
    "ch\u{e8}re",
    "merci",
    "cordialement",
    "hola",
    "gracias",
    "saludos",
    "ciao",
    "buongiorno",
    "grazie",
    "saluti",
    "ol\u{e1}",
    "obrigado",
    "obrigada",
    "dag",
    "beste",
    "groet",
    "groeten",
    "hej",
    "hei",
    "hilsen",
    "h\u{e4}lsningar",
    "tak",
    "takk",
    "tack",
    "moi",
    "terveisin",
    "kiitos",
    "cze\u{15b}\u{107}",
    "dzie\u{144}",
    "pozdrawiam",
    "dzi\u{119}kuj\u{119}",
    "ahoj",
    "dobr\u{fd}",
    "pozdravem",
    "d\u{11b}kuji",
    "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}",
    "\u{437}\u{434}\u{440}\u{430}\u{432}\u{441}\u{442}\u{432}\u{443}\u{439}\u{442}\u{435}",
    "\u{441}\u{43f}\u{430}\u{441}\u{438}\u{431}\u{43e}",
    "\u{43f}\u{440}\u{438}\u{432}\u{456}\u{442}",
    "\u{434}\u{44f}\u{43a}\u{443}\u{44e}",
];

/// How a page is sent to a friend.
const PAGES: &[&str] = &[
    "sent you this article from",
    "sent you this page from",
    "has sent you a link to",
    "has sent you this link",
    "this e-mail was sent to you from",
    "this email was sent to you from",
    "at the request of a reader",
    "wanted you to see this",
    "tell a friend\" function",
    "was recommended to you by",
    "hat ihnen diese seite empfohlen",
    "hat ihnen diesen artikel empfohlen",
    "vous recommande cette page",
    "vous recommande cet article",
    "le ha enviado este artículo",
    "ti ha inviato questo articolo",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::letter;

    fn of(subject: &str, body: &str) -> [bool; 3] {
        let wording = letter(subject, body);
        [has_machines_subject(&wording), is_notification(&wording), is_form(&wording)]
    }

    #[test]
    fn people_who_speak_of_machines_and_forms_are_people() {
        for (subject, body) in [
            ("Re: Cron <root@db1> backup", "Fixed."),
            ("Cron", "How do I call it from cron <b>daily</b>?"),
            ("** Party **", "On Friday!"),
            ("Problem: my bike", "The problem started at the hill. The monitor is down to 80 percent."),
            ("Backup failed", "My backup failed, could you look at the log? The host is db1."),
            (
                "Contact form on your site is broken",
                "I tried your contact form but it says error. So I write directly.",
            ),
            ("Kontakt", "Name: meiner ist Anna. Rufen Sie mich an?"),
            ("An article", "I thought you might like this: https://x.org/bridge"),
            ("Verification", "Could you send me the verification code for the door?"),
            ("Account", "To reset your password you would need a pencil. Ask Bob."),
            ("Fax", "Did my fax arrive?"),
            ("Invitation", "Bob has invited us all. The map: https://x.org/map"),
            ("Wheel", "Here are the details.\nColour: red\nSize: 28\nAge: 9\nPrice: 40"),
            ("Wheel", "Hello\nColour: red\nSize: 28\nAge: 9\nPrice: 40"),
            ("Wheel", "Colour: red\nSize: 28\nAge: 9\nPrice: 40\nThanks, Ann"),
            ("Wheel", "Colour: red\nSize: 28\nAge: 9\nPrice: I would say 40"),
            ("Wheel", "Colour: red\nSize: 28\nAge: 9\nNote: comes with a bell."),
            ("Wheel", "Colour: red\nSize: 28\nAge: 9"),
            ("Re: Wheel", "Colour: red\nSize: 28\nAge: 9\nPrice: 40"),
            ("Talk", "Bob: no\nAnn: yes\nBob: no\nAnn: yes\nBob: well"),
            ("Wheel", "Is it still for sale?\n\nAnn Ames\nPhone: 555\nFax: 556\nMobile: 557\nWeb: x.org"),
            (
                "Wheel",
                "Question: is the red wheel from the fair still for sale, and would you take forty for it\n\
                Phone: 555\nFax: 556\nMobile: 557\nWeb: x.org",
            ),
            ("Page", "Your page shows an error.\nName: Ann\nE-mail: ann@x.org\nUser agent: Mozilla/5.0\nMessage: 500"),
            ("Page", "Browser: broken\nUser agent: Mozilla/5.0\nMessage: 500. What now?"),
        ] {
            assert_eq!(of(subject, body), [false; 3], "{subject}");
        }
    }

    #[test]
    fn machines_and_forms_are_known() {
        for (subject, body, which) in [
            ("Cron <bob@db1> /usr/bin/backup", "x", 0),
            ("** RECOVERY Host Alert: db1 is UP **", "x", 0),
            ("[FIRING:1] DiskFull", "x", 0),
            ("Logwatch for db1 (Linux)", "x", 0),
            ("New voicemail from 030 1234567", "x", 0),
            ("db1", "***** Nagios *****\n\nNotification Type: PROBLEM", 1),
            ("hello", "Sent by the contact form of x.org\nName: Bob\nE-mail: bob@y.org\nMessage: hi", 2),
            ("Kontaktformular", "Name: Bob\nNachricht: hallo", 2),
            ("a page", "Bob has sent you a link to https://x.org/p", 2),
            ("nightly", "Task: db1\nResult: ok\nBytes: 4123000\nTook: 00:12:09", 1),
            ("Messwert", "Ort: Keller\nTemperatur: 9.1 C\nFeuchte: 71 %\nZeit: 2026-03-01 04:00", 1),
            ("x", "Nom : db1\nDisque : plein\nReste : 12 Mo\nDate : 01/03/2026", 1),
            ("x", "Paper Size: A4  Pages: 3  Colour Mode: grey  File: 0031.pdf", 1),
            ("hello", "Name: Bob\nE-mail: bob@y.org\nMessage: I would like to know. Is it red?\nIP: 192.0.2.1", 2),
        ] {
            assert!(of(subject, body)[which], "{subject}: {body}");
        }
    }
}
