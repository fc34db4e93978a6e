//! The challenge of another filter of this kind, known by its words: never answered, since two such programs would
//! otherwise ask each other, and the person who waits behind the other one is never asked at all.
//!
//! Promises: a person's mail with the word "confirm" in it is none; the words must say that a message is held, that a
//! machine holds it, and what to do; or, in the languages that we write ourselves, that the reader's message waits, what
//! lets it through, and why. Sources: the texts that TMDA, ASK, qconfirm, BoxTrapper, Boxbe, Bluebottle,
//! postconfirm, Spam Arrest, EarthLink and captcha senders are known to send. Never touches: our own challenges (known by
//! their field and token).

use super::wording::{Wording, YOUR_MESSAGE};

/// Whether the message is a challenge by its Subject or by its own words.
#[must_use]
pub fn is_challenge(wording: &Wording) -> bool {
    is_marked(wording) || asks_for_confirmation(wording) || lets_through(wording)
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

/// How far the opening reaches that says what lets a message through, in bytes: such texts are short.
const SHORT_OPENING: usize = 1500;

/// One sentence says that the reader's message waits; the text says what lets it through, and then why that is asked: for
/// the delivery, only once, of strangers, against spam, or to tell people from programs. People say that a letter waits,
/// and ask for an answer; they give none of these reasons for it. Our own words come back in answers to us, quoted
/// without marks below our token.
fn lets_through(wording: &Wording) -> bool {
    let subject = &wording.subject;
    if subject.contains("[cr-") {
        return false;
    }
    let titled = if wording.is_answer_or_forward() { "" } else { subject.as_str() };
    let text = format!("{titled}. {}", wording.first(SHORT_OPENING));
    let searched = wording.search(&text);
    let reasons = [DELIVERED, ONCE, ONLY_ONCE, STRANGERS, AGAINST_SPAM, PUZZLES];
    searched.says(WAITS)
        && (searched.says(TASKS) || (searched.says(PUZZLES) && wording.has_link))
        && reasons.iter().any(|reason| searched.says(reason))
        && sentences(&text).any(|sentence| {
            let sentence = wording.search(sentence);
            sentence.says(WAITS) && (sentence.says(YOUR_MESSAGE) || sentence.says(YOUR_LETTER))
        })
}

/// The sentences of a text; the dots of addresses end none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ").flat_map(|rest| rest.split("! ")).flat_map(|rest| rest.split("? "))
}

/// The reader's message in words that robots of other kinds use less.
const YOUR_LETTER: &[&str] = &[
    "your letter",
    "message from you",
    "ihr schreiben",
    "deine email",
    "ton message",
    "ton mail",
    "message de votre part",
    "mensaje suyo",
    "tu e-mail",
    "la sua mail",
    "la tua mail",
    "a tua mensagem",
    "o seu e-mail",
    "uw mail",
    "je mail",
    "je e-mail",
    "bericht van u",
    "din mail",
    "e-posten din",
    "eposten din",
    "din melding",
    "meddelandet från dig",
    "ditt e-post",
    "din e-post",
    "mejlet från dig",
    "twój list",
    "twój e-mail",
    "państwa wiadomość",
    "pańska wiadomość",
    "pana wiadomość",
    "pani wiadomość",
    "tvoje zpráva",
    "váš e-mail",
    "tvůj e-mail",
    "твоё письмо",
    "твое письмо",
    "твоё сообщение",
    "твое сообщение",
    "письмо от вас",
    "твій лист",
    "твоє повідомлення",
];

/// That it waits, or does not get through to whom it was written.
const WAITS: &[&str] = &[
    // English.
    "is waiting",
    "is being held",
    "is held",
    "been held",
    "on hold",
    "holding queue",
    "holding area",
    "waiting room",
    "in a queue",
    "in the queue",
    "is pending",
    "is awaiting",
    "in quarantine",
    "is quarantined",
    "been quarantined",
    "not been delivered yet",
    "not yet been delivered",
    "reaches me",
    "to reach me",
    // German.
    "wartet",
    "warteschlange",
    "warteschleife",
    "zurückgehalten",
    "in quarantäne",
    "noch nicht zugestellt",
    "mich erreicht",
    // French.
    "en attente",
    "file d'attente",
    "retenu",
    "en quarantaine",
    "pas encore été remis",
    "me parvienne",
    "nous parvienne",
    // Spanish, Portuguese, Italian.
    "en espera",
    "retenid",
    "en cola",
    "en cuarentena",
    "me llegue",
    "em espera",
    "à espera",
    "retida",
    "retido",
    "aguarda",
    "na fila",
    "em quarentena",
    "chegue a",
    "in attesa",
    "trattenut",
    "in coda",
    "in quarantena",
    "mi arrivi",
    "mi raggiunga",
    // Dutch, Danish, Norwegian, Swedish.
    "wacht",
    "vastgehouden",
    "in quarantaine",
    "nog niet bezorgd",
    "mij bereikt",
    "venter",
    "tilbageholdt",
    "i karantæne",
    "holdes tilbake",
    "holdt tilbake",
    "i karantene",
    "står i kø",
    "väntar",
    "hålls kvar",
    "i karantän",
    "står i kö",
    // Polish, Czech, Russian, Ukrainian.
    "czeka",
    "oczekuje",
    "wstrzyman",
    "zatrzyman",
    "w kolejce",
    "w kwarantannie",
    "čeká",
    "zadržen",
    "pozdržen",
    "ve frontě",
    "v karanténě",
    "ждёт",
    "ждет",
    "ожидает",
    "задержан",
    "в очереди",
    "в карантине",
    "чекає",
    "очікує",
    "затриман",
    "у черзі",
    "в карантині",
    "у карантині",
];

/// What lets it through.
const TASKS: &[&str] = &[
    // English.
    "reply to this",
    "replying to this",
    "answer this",
    "answering this",
    "respond to this",
    "responding to this",
    "hit reply",
    "press reply",
    "click here",
    "click on",
    "click the",
    "click this",
    "clicking",
    "follow this link",
    "follow the link",
    // German, French.
    "antworten sie",
    "antworte auf",
    "antworte bitte auf",
    "beantworten sie",
    "beantworte diese",
    "antwort auf diese",
    "klicken sie",
    "klicke",
    "klick auf",
    "répondre à c",
    "répondez à c",
    "réponds à c",
    "en répondant à c",
    "cliqu",
    // Spanish, Portuguese, Italian.
    "responda a est",
    "responde a est",
    "responder a est",
    "respondiendo a est",
    "haga clic",
    "haz clic",
    "hacer clic",
    "clique",
    "clicar",
    "respondendo a est",
    "rispondere a questo",
    "rispondere a questa",
    "risponda a quest",
    "rispondi a quest",
    "rispondendo a quest",
    "clicca",
    // Dutch, Danish, Norwegian, Swedish.
    "beantwoord dit",
    "beantwoord deze",
    "dit bericht beantwoord",
    "deze mail beantwoord",
    "antwoord op dit",
    "antwoord op deze",
    "klik op",
    "klik hier",
    "svar på denne",
    "svare på denne",
    "svar på dette",
    "svarer på denne",
    "besvar denne",
    "klik på",
    "klik her",
    "klikk på",
    "klikk her",
    "svara på det",
    "svarar på det",
    "besvara det",
    "klicka",
    // Polish, Czech, Russian, Ukrainian.
    "odpowiedz na t",
    "odpowiedzieć na t",
    "odpisz na t",
    "odpowiadając na t",
    "kliknij",
    "kliknąć",
    "odpovězte na t",
    "odpovězte prosím na t",
    "odpověz na t",
    "odpovědět na t",
    "klikněte",
    "klikni",
    "ответьте на эт",
    "ответь на эт",
    "ответить на эт",
    "ответив на эт",
    "перейдите по",
    "нажмите",
    "відповідь на цей",
    "відповідь на це",
    "відповісти на це",
    "відповісти на цей",
    "перейдіть за",
    "натисніть",
];

/// What only people can do; beside a link.
const PUZZLES: &[&str] = &[
    "captcha",
    "solve the",
    "solve a ",
    "solve this",
    "solving",
    "lösen sie",
    "löse das",
    "löse die",
    "résolvez",
    "résoudre",
    "resuelva",
    "resuelve",
    "resolva",
    "risolva",
    "risolvi",
    "los de puzzel",
    "los het raadsel",
    "los de som",
    "løs opgaven",
    "løs oppgaven",
    "løs gåden",
    "løs gåten",
    "lös uppgiften",
    "lös gåtan",
    "rozwiąż",
    "vyřešte",
    "vyřeš ",
    "решите",
    "розв'яжіть",
];

/// What becomes of it then.
const DELIVERED: &[&str] = &[
    // English.
    "will be delivered",
    "be delivered to",
    "it delivered",
    "is delivered",
    "be released",
    "it released",
    "release it",
    "be let through",
    "let it through",
    "be let in",
    "get through to",
    "will reach me",
    "deliver it",
    // German, French.
    "zugestellt",
    "zustellung",
    "zuzustellen",
    "freigegeben",
    "freizugeben",
    "freizuschalten",
    "freigeschaltet",
    "durchgelassen",
    "durchgestellt",
    "sera remis",
    "soit remis",
    "sera délivré",
    "soit délivré",
    "sera distribué",
    "soit distribué",
    "sera transmis",
    "soit transmis",
    "débloquer",
    "débloqué",
    // Spanish, Portuguese, Italian.
    "será entregad",
    "sea entregad",
    "se entregará",
    "se entregue",
    "liberarlo",
    "será entregue",
    "seja entregue",
    "será liberad",
    "seja liberad",
    "sarà consegnat",
    "sia consegnat",
    "sarà recapitat",
    "sia recapitat",
    "sbloccar",
    "venga consegnat",
    "venga recapitat",
    // Dutch, Danish, Norwegian, Swedish.
    "bezorgd",
    "afgeleverd",
    "vrijgegeven",
    "vrij te geven",
    "doorgelaten",
    "bliver leveret",
    "bliver den leveret",
    "blive leveret",
    "bliver din leveret",
    "blir levert",
    "blir den levert",
    "blir din levert",
    "frigiv",
    "levereras",
    "kommer den fram",
    "kommer ditt fram",
    "ska komma fram",
    "släpps fram",
    "släpps igenom",
    // Polish, Czech, Russian, Ukrainian.
    "zostanie doręcz",
    "została doręcz",
    "zostanie dostarcz",
    "została dostarcz",
    "doručen",
    "doručil",
    "uvolněn",
    "доставлен",
    "пропущен",
    "доставити",
];

/// That it is asked only once, in more words.
const ONLY_ONCE: &[&str] = &[
    "be asked again",
    "asked just once",
    "nur ein mal",
    "nur dieses eine mal",
    "nicht mehr gefragt",
    "nicht wieder gefragt",
    "qu'une fois",
    "solo una vez",
    "sólo una vez",
    "volverá a preguntar",
    "só uma vez",
    "apenas uma vez",
    "solo una volta",
    "maar één keer",
    "slechts één keer",
    "niet meer gevraagd",
    "eenmalig",
    "kun en gang",
    "spurgt igen",
    "bare én gang",
    "bare en gang",
    "spurt igjen",
    "endast en gång",
    "frågan igen",
    "jednorazow",
    "jen jednou",
    "jednorázov",
    "только раз",
    "больше не спрос",
    "больше вас не спрос",
    "лише один раз",
    "тільки один раз",
    "лише раз",
];

/// Of whom it is asked.
const STRANGERS: &[&str] = &[
    "unknown sender",
    "unknown address",
    "new senders",
    "first-time sender",
    "senders i don't know",
    "senders i do not know",
    "address is not known",
    "not in my contacts",
    "not in my address book",
    "unbekannte absender",
    "unbekannten absender",
    "unbekannter absender",
    "unbekanntem absender",
    "noch nicht bekannt",
    "expéditeurs inconnus",
    "expéditeur inconnu",
    "n'est pas encore connu",
    "remitentes desconocidos",
    "remitente desconocido",
    "remetentes desconhecidos",
    "remetente desconhecido",
    "mittenti sconosciuti",
    "mittente sconosciuto",
    "onbekende afzender",
    "nog niet bekend",
    "ukendt afsender",
    "ukendte afsender",
    "ukjent avsender",
    "ukjente avsender",
    "okänd avsändare",
    "okända avsändare",
    "nieznany nadawca",
    "nieznanego nadawcy",
    "nieznanych nadawców",
    "neznámý odesílatel",
    "neznámého odesílatele",
    "neznámých odesílatel",
    "неизвестный отправител",
    "неизвестного отправител",
    "неизвестных отправител",
    "незнакомых отправител",
    "невідомий відправник",
    "невідомого відправник",
    "невідомих відправник",
];

/// Against what it is asked; people tell where their folder for spam is, but not what they do against it.
const AGAINST_SPAM: &[&str] = &[
    "spam protection",
    "spam guard",
    "against spam",
    "anti-spam",
    "antispam",
    "spamschutz",
    "spam-schutz",
    "gegen spam",
    "vor spam",
    "contre le spam",
    "contre les spams",
    "contra el spam",
    "contra spam",
    "contra o spam",
    "contro lo spam",
    "tegen spam",
    "mod spam",
    "mot spam",
    "mot søppelpost",
    "spambeskyttelse",
    "mot skräppost",
    "antyspam",
    "przed spamem",
    "proti spamu",
    "před spamem",
    "от спама",
    "антиспам",
    "від спаму",
];

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
    use crate::signs::wording::tests::letter;

    fn of(subject: &str, body: &str) -> bool {
        is_challenge(&letter(subject, body))
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
        let body = "A robot has put your message into its holding area for junk: click here.";
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
    fn a_message_that_waits_until_one_does_something_is_held_by_a_filter() {
        for body in [
            "Vaše zpráva čeká ve frontě. Odpovězte na tento e-mail a bude doručena.",
            "Din mail venter. Svar på denne mail, så bliver den leveret.",
            "Deine Nachricht wartet noch. Antworte auf diese Mail, du wirst danach nicht mehr gefragt.",
            "Your letter to Ann is in the queue. Answer this mail, and it will be delivered.",
            "Your e-mail to ann@x.org is on hold. Solve a sum at https://x.org/7 .",
            "Su mensaje está en cola. Responda a este correo: solo una vez, para remitentes desconocidos.",
            "Ton message est en attente. Réponds à celui-ci pour qu'il soit remis.",
            "La tua mail è in coda. Rispondi a questa, è contro lo spam.",
            "E-posten din venter. Klikk her, så blir den levert: https://x.org/7",
            "Uw mail wacht nog. Klik op deze link, dan wordt hij bezorgd: https://x.org/7",
            "Twój list czeka w kolejce. Odpisz na ten, a zostanie dostarczony.",
            "O seu e-mail está na fila. Responda a este, só uma vez.",
            "Твоё письмо ждёт. Ответь на это, и оно будет доставлено.",
            "Ditt mejl väntar. Svara på det här, det är ett skydd mot skräppost.",
            "Ваш лист чекає. Дайте відповідь на цей, це лише раз.",
        ] {
            let encoded = format!("Content-Type: text/plain; charset=utf-8\nSubject: hello\n\n{body}\n");
            let head = Head::read(encoded.as_bytes());
            let read = |subject: &str| {
                let mut wording = Wording::read(&head, &encoded.as_bytes()[head.body..]);
                subject.clone_into(&mut wording.subject);
                lets_through(&wording)
            };
            assert!(read("hello"), "{body}");
            assert!(!read("re: auto: please reply [cr-12em04hmasw91nfkhj1hrff3tfhqc0hz]"), "{body}");
        }
        assert!(of("Your message is waiting", "Reply to this mail, and it will be delivered."));
    }

    #[test]
    fn people_whose_letters_wait_hold_none() {
        for (subject, body) in [
            ("hello", "Your message is waiting for me at home, please reply. I will read it on Monday."),
            ("hello", "Your letter is waiting on my desk. Reply to this mail if I should hurry. Ann"),
            (
                "Lamp",
                "Thanks for your message. The lamp is waiting in the shop. Reply to this mail and it will be delivered.",
            ),
            ("Re: Your message is waiting", "Reply to this mail once more, it will be delivered by hand."),
            ("spam", "Your mail is held up in my spam folder again and again. Will you reply to this one, please?"),
            ("Post", "Your letter is waiting here. The postman could not deliver it. When will you fetch it?"),
            (
                "Brief",
                "Dein Brief wartet hier. Deine Nachricht habe ich gelesen. Antworte auf diese Mail, wann du kommst.",
            ),
            (
                "Brief",
                "Ihre Nachricht wartet hier noch auf mich. Antworten Sie mir bitte. Die Lampe wird morgen zugeschickt.",
            ),
            ("Lettre", "Votre message est en attente chez moi. Répondez à cette question : quel jour ?"),
            ("List", "Twoja wiadomość czeka u mnie w domu. Odpowiedz na to pytanie: kiedy przyjedziesz?"),
            ("Brev", "Ditt meddelande väntar hemma. Svara på det när du kan. Jag skickar lampan."),
            ("Filter", "I wrote a filter against spam: a letter that waits is delivered when one will reply to this."),
        ] {
            let encoded = format!("Content-Type: text/plain; charset=utf-8\nSubject: {subject}\n\n{body}\n");
            let head = Head::read(encoded.as_bytes());
            assert!(!is_challenge(&Wording::read(&head, &encoded.as_bytes()[head.body..])), "{subject}: {body}");
        }
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
