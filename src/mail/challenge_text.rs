//! The challenge of another filter of this kind, known by its words: never answered, since two such programs would
//! otherwise ask each other, and the person who waits behind the other one is never asked at all.
//!
//! Promises: a person's mail with the word "confirm" in it is none; the words must say that a message is held, that a
//! machine holds it, and what to do. Sources: the texts that TMDA, ASK, qconfirm, BoxTrapper, Boxbe, Bluebottle,
//! postconfirm, Spam Arrest, EarthLink and captcha senders are known to send. Never touches: our own challenges (known by
//! their field and token).

use super::wording::{Wording, YOUR_MESSAGE};

/// Whether the message is a challenge by its Subject or by its own words.
#[must_use]
pub fn is_challenge(wording: &Wording) -> bool {
    is_marked(wording) || asks_for_confirmation(wording)
}

/// `conf#5d41402a` (ASK), `verify#5d41402a` (BoxTrapper) and their like: a keyword with a number that nobody types. A
/// person's answer to one repeats it behind `Re:`. Our own token is no such mark: it comes back in the answers to us.
fn is_marked(wording: &Wording) -> bool {
    let subject = &wording.subject;
    !wording.is_answer_or_forward()
        && ["conf#", "confirm#", "verify#"].iter().any(|mark| {
            subject.match_indices(mark).any(|(at, _)| {
                let code: String = subject[at + mark.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
                code.len() >= 6 && code.bytes().any(|b| b.is_ascii_digit())
            })
        })
}

/// All of these in the opening: whose message, that it must be confirmed, how, and two of what a machine says that guards
/// against others. One of them alone, or two, people write too. What to confirm may stand in the Subject.
fn asks_for_confirmation(wording: &Wording) -> bool {
    let opening = wording.opening();
    let says = |phrases: &[&str]| wording.says(opening, phrases);
    // Our own Subject comes back in answers to us, behind marks of all languages.
    let titled = !wording.is_answer() && !wording.subject.contains("[cr-");
    let confirms = says(CONFIRM) || (titled && wording.says(&wording.subject, CONFIRM));
    let guarded = [MACHINE, AGAINST, HELD, DELIVERY, ONCE].iter().filter(|words| says(words)).count();
    let proves = says(PROOF);
    let whose = says(YOUR_MESSAGE) || wording.says(&wording.subject, YOUR_MESSAGE);
    (confirms || proves) && whose && (says(HOW) || wording.has_link) && guarded + usize::from(proves) >= 2
}

/// That it is to be confirmed.
const CONFIRM: &[&str] = &[
    "confirm",
    "verif",
    "authenticat",
    "approved sender",
    "allowed list",
    "guest list",
    "list of allowed senders",
    "real person",
    "best\u{e4}tig",
    "bestaetig",
    "authentifi",
    "conferm",
    "autentic",
    "bevestig",
    "bekr\u{e6}ft",
    "bekreft",
    "bekr\u{e4}ft",
    "vahvist",
    "potwierd",
    "potvr\u{10f}",
    "potvrd",
    "\u{43f}\u{43e}\u{434}\u{442}\u{432}\u{435}\u{440}",
    "\u{43f}\u{456}\u{434}\u{442}\u{432}\u{435}\u{440}",
    "meger\u{151}s\u{ed}t",
    "onayla",
    "\u{78ba}\u{8a8d}",
    "\u{786e}\u{8ba4}",
];

/// That whoever answers is a person and no sender of spam, to be shown to a machine.
const PROOF: &[&str] = &[
    "prove that you",
    "prove you are",
    "prove you're",
    "you are a real",
    "you are human",
    "you're human",
    "verify yourself",
    "authenticate yourself",
    "authenticate themselves",
    "not a spammer",
    "not a spam source",
    "you are not a robot",
    "add your address to",
    "add your email address to",
    "add your e-mail address to",
    "type the word in",
    "characters shown",
    "number shown",
    "does not know you",
    "do not know you",
    "solve this",
    "fill in a short form",
    "fill in the form",
    "protecting myself from",
    "kein spammer",
    "absender freizuschalten",
    "bien l'expéditeur",
    "are the sender",
    "kein roboter",
    "pas un robot",
    "pas un spammeur",
    "vous authentifier",
    "no es un robot",
    "no eres un robot",
    "não é um robô",
    "caracteres da imagem",
    "di essere una persona",
    "non sei un robot",
    "geen robot",
    "är en människa",
    "er et menneske",
    "nie jesteś spamerem",
    "nie jesteś robotem",
    "nejste robot",
    "не робот",
    "не спам",
    "you're not a robot",
    "kennt sie noch nicht",
];

/// That it is asked only once.
const ONCE: &[&str] = &[
    "only once",
    "once only",
    "have to do this once",
    "need to do this once",
    "do this again",
    "just this once",
    "first message",
    "all your mail will",
    "future messages",
    "themselves once",
    "nur einmal",
    "einmalig",
    "une seule fois",
    "una sola vez",
    "uma única vez",
    "una volta sola",
    "una sola volta",
    "slechts eenmaal",
    "bara en gång",
    "kun én gang",
    "tylko raz",
    "pouze jednou",
    "только один раз",
    "一度だけ",
];

/// That a machine writes this.
const MACHINE: &[&str] = &[
    "automat",
    "autom\u{e1}t",
    "autom\u{e0}t",
    "\u{430}\u{432}\u{442}\u{43e}\u{43c}\u{430}\u{442}",
    "robot",
    "otomatik",
    "mail-delivery-confirmation",
    "\u{81ea}\u{52d5}",
    "\u{81ea}\u{52a8}",
];

/// What it guards against, or whom it looks for.
const AGAINST: &[&str] = &[
    "spam",
    "junk",
    "unsolicited",
    "real live human",
    "real person",
    "human being",
    "not a robot",
    "unwanted mail",
    "challenge-response",
    "challenge/response",
    "robots",
    "roboter",
    "\u{441}\u{43f}\u{430}\u{43c}",
    "迷惑メール",
    "垃圾邮件",
    "스팸",
    "pourriel",
    "ind\u{e9}sirable",
];

/// That the message waits.
const HELD: &[&str] = &[
    "being held",
    "been held",
    "email address is protected",
    "holding area",
    "warteschleife",
    "has not been delivered yet",
    "is waiting",
    "been redirected to",
    "wartet auf",
    "hålls kvar",
    "oczekuje na",
    "保留",
    "is held",
    "on hold",
    "waitlisted",
    "quarantine",
    "protected by",
    "not recognized",
    "not recognised",
    "has not been verified",
    "pre-approved",
    "approved sender",
    "allowed list",
    "attached below",
    "zur\u{fc}ckgehalten",
    "zurueckgehalten",
    "unten angeh",
    "en attente",
    "retenu",
    "en espera",
    "retenid",
    "in attesa",
    "trattenut",
    "em espera",
    "retida",
    "vastgehouden",
    "i karant",
    "wstrzyma",
    "zadr\u{17e}",
    "\u{437}\u{430}\u{434}\u{435}\u{440}\u{436}",
    "várakozik",
];

/// What becomes of the message then.
const DELIVERY: &[&str] = &[
    "be delivered",
    "have it delivered",
    "be let in",
    "sera alors transmis",
    "immer an",
    "to my inbox",
    "to get through to me",
    "receive your email",
    "seja encaminhada",
    "lui parvienne",
    "chegue a",
    "配信",
    "delivery of your",
    "for delivery",
    "delivers your",
    "released",
    "release your",
    "to release",
    "zugestellt",
    "zustellung",
    "ausgeliefert",
    "d\u{e9}livr",
    "remis",
    "distribu\u{e9}",
    "entregad",
    "entregue",
    "consegnat",
    "recapitat",
    "afgeleverd",
    "bezorgd",
    "leveres",
    "leverer",
    "toimit",
    "dostarcz",
    "doru\u{10d}",
    "\u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}",
    "k\u{e9}zbes\u{ed}t",
    "\u{9001}\u{8fbe}",
    "in my inbox",
    "durchgestellt",
    "me llegue",
];

/// What to do.
const HOW: &[&str] = &[
    "reply to this",
    "replying to this",
    "reply to the message",
    "hit reply",
    "press reply",
    "\"r\"eply",
    "just hit",
    "\"reply\"",
    "'reply'",
    "send an empty",
    "following link",
    "link below",
    "following address",
    "click on",
    "click here",
    "click the",
    "clicking",
    "en répondant à ce",
    "antworten sie",
    "beantworten sie",
    "antworte auf",
    "klicken sie",
    "r\u{e9}pondez",
    "r\u{e9}pondre \u{e0} ce",
    "cliqu",
    "responda a este",
    "responder a este",
    "haga clic",
    "clic en",
    "clique",
    "rispondere a questo",
    "rispond",
    "cliccare",
    "clicca",
    "beantwoord",
    "klik",
    "svar",
    "besvara",
    "klicka",
    "vasta",
    "odpowiedz",
    "odpov\u{11b}z",
    "\u{43e}\u{442}\u{432}\u{435}\u{442}\u{44c}\u{442}\u{435}",
    "\u{432}\u{456}\u{434}\u{43f}\u{43e}\u{432}\u{456}",
    "v\u{e1}laszol",
    "yan\u{131}tla",
    "\u{8fd4}\u{4fe1}",
    "\u{56de}\u{590d}",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    fn of(subject: &str, body: &str) -> bool {
        let message = format!("Subject: {subject}\n\n{body}\n");
        let head = Head::read(message.as_bytes());
        is_challenge(&Wording::read(&head, &message.as_bytes()[head.body..]))
    }

    #[test]
    fn people_who_want_something_confirmed_send_no_challenge() {
        for (subject, body) in [
            ("Please confirm", "Please confirm that your message about the delivery is right, and reply to this mail."),
            ("Confirm dinner", "Can you confirm Friday? Just reply to this e-mail."),
            ("verify", "I could not verify the signature on your message. Click the link below for the log."),
            ("conf#42", "See you at conf#42!"),
            ("Re: confirm", "> This is an automated message. Your message is held as spam. Click here to confirm it."),
            ("Re: Please confirm (conf#5d41402abc4b2a76)", "Yes."),
            ("AW: Please confirm (conf#5d41402abc4b2a76)", "Ja."),
            ("Re: Auto: please confirm your mail [cr-12em04hmasw91nfkhj1hrff3tfhqc0hz]", "Yes."),
            ("Spam", "Your mail was in my spam folder, sorry. I confirm the appointment. Please answer."),
            (
                "Parcel",
                "Your mail says the parcel will be delivered on Monday. Can you confirm? Reply to this address.",
            ),
            ("Best\u{e4}tigung", "Ich best\u{e4}tige den Empfang Ihrer Nachricht. Antworten Sie bitte bis Freitag."),
            ("C/R", "I wrote about TMDA: it asks strangers to confirm. Nobody likes it."),
        ] {
            assert!(!of(subject, body), "{subject}: {body}");
        }
    }

    #[test]
    fn what_to_confirm_may_stand_in_the_subject() {
        let body = "Your message is on hold. A filter against spam asks you to click here.";
        assert!(of("Please verify your message", body));
        for subject in ["hello", "Re: please verify", "Otvet: verify [cr-12em04hmasw91nfkhj1hrff3tfhqc0hz]"] {
            assert!(!of(subject, body), "{subject}");
        }
    }

    #[test]
    fn whoever_asks_for_proof_that_one_is_a_person_is_a_filter() {
        for body in [
            "Your first message is waiting. Prove that you are a person: https://x.org/c . You do this only once.",
            "Ihre E-Mail ist in der Warteschleife. Zeigen Sie, dass Sie kein Spammer sind: https://x.org/c",
            "Para que sua mensagem chegue a Bob, mostre que voc\u{ea} n\u{e3}o \u{e9} um rob\u{f4}: https://x.org/c",
        ] {
            assert!(of("hello", body), "{body}");
        }
        assert!(!of("hello", "I read your message on spam filters: do they ask people to prove that they are human?"));
    }

    #[test]
    fn a_number_that_nobody_types_marks_the_subject() {
        for subject in ["Please confirm (conf#5d41402abc4b2a76)", "Your email requires verification verify#Ab3dE7xQ"] {
            assert!(of(subject, "x"), "{subject}");
        }
    }

    #[test]
    fn the_words_of_other_filters_are_known() {
        for body in [
            "Your letter below is being held because we do not know you. your message needs a confirmation: to release it \
             for delivery, use your mailer's \"Reply\" feature. This was created automatically.",
            "The message you sent requires that you verify that you are a real live human being and not a source of spam. \
             Simply reply to this message and leave the subject intact, and it will be delivered.",
            "This account is protected by a filter. Please click on the following link to be put on the allowed list and \
             ensure delivery of your email.",
            "I am guarding my inbox against junk. Just this once, please verify yourself so that your email will be \
             delivered to me: click the link below.",
            "I apologize for this automatic reply to your email. To control spam I accept mail only from approved senders. \
             Fill in the form: click on the link below.",
            "Dies ist eine automatische Antwort. Ihre Nachricht muss vor der Zustellung best\u{e4}tigt werden. Antworten Sie \
             einfach auf diese Mail.",
            "Ceci est un message automatique. Votre message sera d\u{e9}livr\u{e9} apr\u{e8}s authentification: cliquez ici.",
            "Este es un mensaje autom\u{e1}tico. Confirme que usted ha enviado el mensaje para que sea entregado: responda a \
             este correo.",
            "Questo \u{e8} un messaggio automatico. Conferma che hai spedito il messaggio perch\u{e9} sia consegnato: clicca qui.",
            "To jest automatyczna odpowied\u{17a}. Twoja wiadomo\u{15b}\u{107} zostanie dostarczona, gdy j\u{105} potwierdzisz: odpowiedz.",
        ] {
            assert!(of("Re: hello", body), "{body}");
        }
    }
}
