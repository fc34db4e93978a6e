//! What fraud and unasked offers say: the letter about a dead man's millions, the blackmail, the locked account, the
//! offer to bring a website to the first page.
//!
//! Promises: a word alone is never a sign, only several that stand together in such letters (SpamAssassin's rules on
//! advance fee fraud and the warnings of consumer advice centres show which); who tells of such a letter is not its
//! writer. Only what the sender himself says counts. Linear in time. Never touches: header fields (`field`).

use super::wording::{Searched, Wording, start};

/// Most bytes of text that are looked at.
const LETTER_LIMIT: usize = 16 * 1024;
/// So many different phrases of advance fee fraud make a letter of it.
const FEE_PHRASES: usize = 3;
/// So many different phrases of advertising nobody asked for make an advertisement.
const OFFER_PHRASES: usize = 2;

/// Whether the message is such a letter.
#[must_use]
pub fn is_fraud(wording: &Wording) -> bool {
    let text = format!("{} {}", wording.subject, start(&wording.said, LETTER_LIMIT));
    let text = wording.search(&text);
    is_advance_fee(&text)
        || text.count(OFFERS) >= OFFER_PHRASES
        || KINDS.iter().any(|groups| text.says_all(groups))
        || (wording.has_link && LINKED.iter().any(|groups| text.says_all(groups)))
}

fn is_advance_fee(text: &Searched<'_>) -> bool {
    let signs = text.count(FEE);
    let matters = text.count(FEE_MATTERS);
    (signs > 1 && signs + matters >= FEE_PHRASES) || (signs == 1 && matters >= FEE_PHRASES)
}

/// Whether a filter on the way wrote into the Subject that it takes the message for spam (SpamAssassin's
/// `rewrite_header`, MailScanner, Barracuda, Exchange). Who feigns it only harms himself.
#[must_use]
pub fn is_marked_spam(subject: &str) -> bool {
    const WORDS: [&str; 6] = ["spam", "junk", "bulk", "suspected spam", "possible spam", "probable spam"];
    const OPEN: [char; 3] = ['[', '{', '*'];
    let Some(inner) = subject.strip_prefix(OPEN) else { return false };
    let inner = inner.trim_start_matches(OPEN);
    let (word, rest) = inner.split_at(inner.find([']', '}', '*']).unwrap_or(inner.len()));
    !rest.is_empty() && WORDS.contains(&word.trim_matches(|c: char| c == '?' || c == '!' || c.is_whitespace()))
}

/// Advance fee fraud: inheritances, lotteries, compensations, loans, lonely hearts.
const FEE: &[&str] = &[
    "next of kin",
    "attorney to the late",
    "million united states dollars",
    "million us dollars",
    "million usd",
    "us$",
    "sum of",
    "business proposal",
    "mutual benefit",
    "risk free",
    "strictly confidential",
    "utmost confidence",
    "utmost confidentiality",
    "seek your consent",
    "foreign account",
    "foreign partner",
    "transfer of the fund",
    "transfer the fund",
    "fund can be transferred",
    "compensation fund",
    "atm card",
    "western union",
    "moneygram",
    "delivery fee",
    "your full name",
    "phone number and occupation",
    "private email",
    "dearest one",
    "dear friend",
    "dear beneficiary",
    "attention beneficiary",
    "god bless",
    "cancer of the",
    "kindly get back to me",
    "urgent response",
    "loan offer",
    "no credit check",
    "apply now",
    "winning number",
    "sie haben gewonnen",
    "gewinnsumme",
    "ihren gewinn",
    "millionen dollar",
    "streng vertraulich",
    "ohne schufa",
    "kredite von",
    "sans h\u{e9}ritier",
    "millions de dollars",
    "en toute confidentialit\u{e9}",
    "offre des pr\u{ea}ts",
    "offre de pr\u{ea}t",
    "pr\u{ea}t entre particulier",
    "capable de rembourser",
    "millones de d\u{f3}lares",
    "millones de euros",
    "estrictamente confidencial",
    "milioni di dollari",
    "saw your profile",
    "serious man",
    "single girl",
];

/// What such letters speak of too, and people with them: with two phrases of [`FEE`] one of these
/// makes a letter, with one three do.
const FEE_MATTERS: &[&str] = &[
    "late husband",
    "late father",
    "late client",
    "late president",
    "deceased",
    "barrister",
    "inheritance",
    "inherited from",
    "beneficiary",
    "this transaction",
    "your assistance",
    "security company",
    "diplomat",
    "widow",
    "suffering from cancer",
    "charity work",
    "orphanage",
    "nigeria",
    "burkina faso",
    "ivory coast",
    "democratic republic of congo",
    "interest rate",
    "lottery",
    "lotterie",
    "millionen euro",
    "erbschaft",
    "zinssatz",
    "h\u{e9}ritage",
    "b\u{e9}n\u{e9}ficiaire",
    "millions d'euros",
    "client d\u{e9}c\u{e9}d\u{e9}",
    "taux d'int\u{e9}r\u{ea}t",
    "herencia",
    "beneficiario",
    "pr\u{e9}stamos",
    "tasa de inter\u{e9}s",
    "eredit\u{e0}",
    "milioni di euro",
    "million euros",
    "million pounds",
    "million dollars",
    "my photos",
    "unclaimed",
];

/// Advertising that nobody asked for.
const OFFERS: &[&str] = &[
    "first page of google",
    "1st page of google",
    "google's 1st page",
    "google's first page",
    "top of google",
    "seo company",
    "seo services",
    "seo expert",
    "seo packages",
    "search engine ranking",
    "not ranking",
    "digital marketing company",
    "our packages and price",
    "guest post",
    "sponsored post",
    "dofollow",
    "backlink",
    "web design and",
    "mobile app development",
    "redesign your website",
    "affordable price",
    "competitive price",
    "professional manufacturer",
    "free samples",
    "our catalogue",
    "email list of",
    "attendees list",
    "attendees email",
    "verified contacts",
    "pricing and counts",
    "free spins",
    "welcome bonus",
    "no deposit",
    "casino bonus",
    "viagra",
    "cialis",
    "no prescription",
    "discreet worldwide",
    "online pharmacy",
    "guaranteed profit",
    "minimum deposit",
    "trading platform",
    "earn up to",
    "lose weight",
    "belly fat",
    "risk free trial",
    "weird trick",
    "replica watch",
    "exact copies",
    "rolex",
    "non accredited",
    "no required tests",
    "diplomas available",
    "get your diploma",
    "fast and effective way to get",
    "24 hours a day",
    "von zu hause aus",
    "keine vorkenntnisse",
    "sofortkredit",
    "unverbindlich anfragen",
    "sin compromiso",
    "ahorre",
    "\u{441}\u{442}\u{43e}\u{438}\u{43c}\u{43e}\u{441}\u{442}\u{44c} \u{443}\u{447}\u{430}\u{441}\u{442}\u{438}\u{44f}",
    "\u{43f}\u{440}\u{438}\u{433}\u{43b}\u{430}\u{448}\u{430}\u{435}\u{43c} \u{43d}\u{430} \u{441}\u{435}\u{43c}\u{438}\u{43d}\u{430}\u{440}",
    "\u{43a}\u{43e}\u{43b}\u{438}\u{447}\u{435}\u{441}\u{442}\u{432}\u{43e} \u{43c}\u{435}\u{441}\u{442} \u{43e}\u{433}\u{440}\u{430}\u{43d}\u{438}\u{447}\u{435}\u{43d}\u{43e}",
    "\u{4ee3}\u{5f00}",
    "\u{53d1}\u{7968}",
    "\u{7a0e}\u{70b9}",
    "\u{4fdd}\u{8bc1}\u{771f}\u{7968}",
];

/// Letters of which each group has a phrase.
const KINDS: &[&[&[&str]]] = &[
    // Blackmail.
    &[
        &[
            "bitcoin",
            "btc",
            "\u{431}\u{438}\u{442}\u{43a}\u{43e}\u{438}\u{43d}",
            "\u{431}\u{438}\u{442}\u{43a}\u{43e}\u{439}\u{43d}",
            "\u{30d3}\u{30c3}\u{30c8}\u{30b3}\u{30a4}\u{30f3}",
            "\u{6bd4}\u{7279}\u{5e01}",
        ],
        &[
            "wallet",
            "adresse",
            "address",
            "direcci\u{f3}n",
            "indirizzo",
            "endere\u{e7}o",
            "\u{43a}\u{43e}\u{448}\u{435}\u{43b}",
            "\u{30a6}\u{30a9}\u{30ec}\u{30c3}\u{30c8}",
        ],
        &[
            "recorded you",
            "your webcam",
            "your camera",
            "your device",
            "infected",
            "adult web",
            "ihre kamera",
            "ihr ger\u{e4}t",
            "deine kamera",
            "votre webcam",
            "votre cam\u{e9}ra",
            "tu c\u{e1}mara",
            "su c\u{e1}mara",
            "tua webcam",
            "sua webcam",
            "\u{432}\u{430}\u{448}\u{435}\u{439} \u{43a}\u{430}\u{43c}\u{435}\u{440}",
            "\u{432}\u{435}\u{431}-\u{43a}\u{430}\u{43c}\u{435}\u{440}",
            "\u{30ab}\u{30e1}\u{30e9}",
        ],
        &[
            "48 hours",
            "24 hours",
            "72 hours",
            "hours",
            "stunden",
            "heures",
            "horas",
            "ore ",
            "\u{447}\u{430}\u{441}",
            "\u{6642}\u{9593}",
        ],
    ],
    // The hurried superior.
    &[&["gift card"], &["urgent", "in a meeting", "at your desk", "can't talk", "discreet", "confidential"]],
    // The bill of somebody else's shop.
    &[
        &["if you did not authorize", "if you did not make this", "if you didn't authorize", "to cancel", "returns:"],
        &["toll free", "call us", "call our", "customer care", "helpline", "support number"],
        &["charged", "your order", "renewed", "your purchase", "your subscription"],
    ],
];

/// Letters of which each group has a phrase, beside a link.
const LINKED: &[&[&[&str]]] = &[
    // Accounts and mailboxes that are said to be locked.
    &[
        &[
            "your account",
            "your mailbox",
            "your password",
            "your wallet",
            "your payment",
            "your email account",
            "your subscription",
            "unverified accounts",
        ],
        &[
            "suspended",
            "unusual activity",
            "storage limit",
            "quota",
            "will expire",
            "be deactivated",
            "be terminated",
            "be cancelled",
            "has been limited",
            "has been locked",
            "unable to process your",
        ],
        &[
            "verify your",
            "verify now",
            "validate your",
            "re-validate",
            "click here",
            "clicking below",
            "update your payment",
            "update payment",
            "keep same password",
            "keep the same password",
            "restore access",
            "within 24 hours",
            "avoid suspension",
        ],
    ],
    &[
        &["konto", "paket", "sendung", "karte", "zugang"],
        &["eingeschr\u{e4}nkt", "gesperrt", "nicht zugestellt", "ausgesetzt", "zollgeb\u{fc}hr", "l\u{e4}uft ab"],
        &[
            "best\u{e4}tigen sie",
            "verifizier",
            "aktualisieren sie",
            "jetzt bezahlen",
            "innerhalb von 24",
            "innerhalb von 48",
            "freischalten",
        ],
        &["sehr geehrter kunde", "sehr geehrte kund", "lieber kunde", "guten tag", "hallo"],
    ],
    &[
        &["votre compte", "votre carte", "votre colis", "votre bo\u{ee}te"],
        &["suspendu", "inhabituelle", "limit\u{e9}", "bloqu\u{e9}", "en attente", "expir"],
        &["mettre \u{e0} jour", "v\u{e9}rifie", "confirme", "sous 24", "sous 48", "frais de"],
    ],
    &[
        &["su cuenta", "tu cuenta", "su paquete", "tu paquete", "su tarjeta"],
        &["bloquead", "suspendid", "limitad", "retenid", "inusual"],
        &["verifique", "verifica", "confirme", "actualice", "pague", "restablecer el acceso"],
    ],
    &[
        &["sua conta", "sua encomenda", "seu pedido", "seu pacote", "seu cart\u{e3}o"],
        &["bloquead", "suspens", "retid", "alf\u{e2}ndega", "pendente"],
        &["efetue", "pagar", "pagamento", "confirme", "atualize", "verifique", "regulariz"],
    ],
    &[
        &["tuo pacco", "suo pacco", "tuo conto", "suo conto", "tua carta", "sua carta", "tuo account"],
        &["in attesa", "bloccat", "sospes", "limitat", "in giacenza"],
        &["paga", "verifica", "conferma", "aggiorna"],
    ],
    &[
        &["uw rekening", "je rekening", "uw account", "uw pakket", "je pakket", "uw bankpas", "hebt (1) pakket"],
        &["geblokkeerd", "opgeschort", "beperkt", "wacht", "verloopt"],
        &["bevestig", "verifieer", "betaal", "vernieuw"],
    ],
    &[
        &["twoje konto", "twoja paczka", "twoja przesy\u{142}ka", "twoja karta"],
        &["zablokowan", "zawieszon", "ograniczon", "wstrzyman"],
        &["zweryfikuj", "potwierd\u{17a}", "op\u{142}a\u{107}", "zaktualizuj", "dop\u{142}at"],
    ],
    // A document behind a form for the password.
    &[
        &["document", "salary", "voicemail", "invoice", "fax"],
        &["sign in with your email", "view and sign in", "sign in to view", "login with your email"],
    ],
    // Money back from the state.
    &[&["tax refund"], &["eligible", "determined"], &["submit", "claim"]],
    // Sweepstakes and dating.
    &[
        &["congrat"],
        &["winner", "you have won", "you've won", "selected"],
        &["claim", "sweepstakes", "prize", "reward"],
    ],
    &[
        &["women", "girls", "meisjes", "frauen", "femmes", "mujeres"],
        &["dating", "daten met", "single", "meet "],
        &["ukrain", "russian", "asian", "near you", "oekra"],
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    fn fraud(body: &str) -> bool {
        let message = format!("Subject: x\nContent-Type: text/plain; charset=utf-8\n\n{body}\n");
        let head = Head::read(message.as_bytes());
        is_fraud(&Wording::read(&head, &message.as_bytes()[head.body..]))
    }

    #[test]
    fn people_speak_of_the_same_things() {
        for body in [
            "Another Nigerian prince wrote today: next of kin, twelve millions. Made my day.",
            "About grandpa's inheritance: the bank needs our signatures before they transfer the money.",
            "Ihre Tante hat Sie in ihrem Testament als Erbin bedacht. Bitte rufen Sie in meiner Kanzlei an.",
            "Je suis charg\u{e9} de la succession de votre oncle. Merci de me rappeler.",
            "The interest rate for your loan would be 3.1%. Please send me the last payslips.",
            "I finished your website; it is on the first page of Google now. See https://x.example/",
            "I finally bought some bitcoin and set up a wallet. Is your webcam repaired?",
            "Are you at your desk? I need the figures before 3. It is urgent.",
            "I got a mail that my account is suspended, https://x.example/. Is that real?",
            "Your mailbox is nearly full again, https://x.example/quota. Please delete some mail. Janet",
            "Mein Konto bei https://x.example/ ist gesperrt. Hast du auch \u{c4}rger?",
            "Is this real?\n\n-----Original Message-----\nYour account has been suspended. Verify your data: http://x.example/",
            "> Viagra and Cialis\n> no prescription\nThat is what I get all day.",
            "We have a casino night at the school. Want to come?",
            "I did buy the gift card for mum.",
            "Got another Nigerian prince today: next of kin, 12 million dollars.",
        ] {
            assert!(!fraud(body), "{body}");
        }
    }

    #[test]
    fn such_letters_are_known() {
        for body in [
            "I am the widow of the late general. My late husband left the sum of 8 million dollars.",
            "Dear Friend, I have a business proposal. It is risk free and strictly confidential.",
            "Ich biete Kredite von 500 bis 9000 Euro, Zinssatz 2 Prozent, ohne Schufa.",
            "Je laisse un h\u{e9}ritage de 3 millions d'euros, sans h\u{e9}ritier. En toute confidentialit\u{e9}.",
            "We are an SEO company and put you on the first page of Google.",
            "Cheap viagra and cialis!",
            "I infected your device and recorded you. Send bitcoin to my wallet within 48 hours.",
            "I am in a meeting. Get me some gift cards, it is urgent.",
            "You were charged $400. If you did not authorize it, call our toll free number.",
            "Your account has been suspended. Verify your data: http://x.example/",
            "Guten Tag, Ihr Konto wurde eingeschr\u{e4}nkt. Bitte best\u{e4}tigen Sie Ihre Daten: http://x.example/",
            "Su cuenta ha sido bloqueada. Verifique sus datos: http://x.example/",
            "You are eligible for a tax refund. Submit the form: http://x.example/",
        ] {
            assert!(fraud(body), "{body}");
        }
    }

    #[test]
    fn a_mark_in_the_subject_is_a_filters_word() {
        for subject in ["", "spam", "spam: what to do", "[spamassassin-users] x", "[list] spam", "* spam", "{", "[spam"]
        {
            assert!(!is_marked_spam(subject), "{subject}");
        }
        for subject in ["[spam] buy", "[spam]", "***spam*** buy", "{spam?} buy", "[suspected spam] a", "[ bulk ] a"] {
            assert!(is_marked_spam(subject), "{subject}");
        }
    }

    #[test]
    fn a_long_text_takes_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["next of kin ", "your account ", "bitcoin", "a"] {
            fraud(&unit.repeat(300_000 / unit.len()));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
