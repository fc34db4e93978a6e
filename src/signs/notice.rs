//! What shops, banks, portals and social networks let their programs write to customers: one kind of notice after
//! another, each known by phrases that only stand together in it.
//!
//! Promises: one phrase alone is never a sign, unless no person writes it; who speaks of an order or a password is not
//! taken for a shop. Only what the sender himself says counts. Linear in time. Never touches: header fields (`field`).

use super::wording::{Wording, start};

/// Most bytes of text that are looked at: a notice says early what it is.
const NOTICE_LIMIT: usize = 8 * 1024;

/// Whether the message is such a notice.
#[must_use]
pub fn is_notice(wording: &Wording) -> bool {
    let subject = &wording.subject;
    let text = format!("{subject} \n {}", start(&wording.said, NOTICE_LIMIT));
    let labelled = |name: &&str| text.match_indices(name).any(|(at, _)| is_label(&text[at + name.len()..]));
    let searched = wording.search(&text);
    KINDS.iter().any(|groups| searched.says_all(groups))
        || (searched.says(CODES) && has_code(&text))
        || (searched.says(ORDER_NUMBERS) && ORDER_NUMBERS.iter().any(labelled) && searched.says(ORDER_FACTS))
        || (wording.has_link && searched.says(LINKED))
        || searched.says(ALONE)
        || (searched.says(LINKED_REQUESTS) && wording.has_link && searched.says(NOT_YOU))
        || (!wording.is_answer_or_forward() && names_customers_number(wording, &text))
}

/// A code that is said to end or to be kept secret, or the numbered order of the reader with its sum; no colon shows that
/// a form was filled in. People who write of the reader's order, or tell the code of a door, speak of themselves.
fn names_customers_number(wording: &Wording, text: &str) -> bool {
    let searched = wording.search(text);
    let code = || searched.says(SHORT_CODES) && searched.says(CODE_FACTS) && has_code(text);
    // A receipt asks nothing.
    let order = || {
        !text.split(' ').any(|word| word.ends_with('?'))
            && searched.says(CUSTOMERS_ORDERS)
            && searched.says(SUMS)
            && has_numbered_order(text)
            && has_amount(text)
    };
    (code() || order()) && !wording.speaks_of_oneself(text)
}

/// `Order TD-20931`, `Ordrenr. 551`, `Nr. 7781`: a number of three digits or more, at most two words behind a word for
/// orders or numbers.
fn has_numbered_order(text: &str) -> bool {
    let mut since = usize::MAX;
    text.split(' ').any(|word| {
        if NUMBERED.iter().any(|start| word.starts_with(start)) || word.ends_with("nr.") || word.ends_with("nummer") {
            since = 0;
            return false;
        }
        since = since.saturating_add(1);
        since <= 2 && word.bytes().filter(u8::is_ascii_digit).count() >= 3
    })
}

/// A number beside a currency: `42,90 €`, `$20`, `142.00 DKK`.
fn has_amount(text: &str) -> bool {
    const CURRENCIES: [&str; 18] = [
        "€", "$", "£", "eur", "euro", "usd", "gbp", "chf", "kr", "kr.", "dkk", "nok", "sek", "zł", "pln", "kč", "руб",
        "грн",
    ];
    let plain = |word: &str| word.trim_matches([',', '.', '(', ')']).to_owned();
    let currency = |word: &str| CURRENCIES.contains(&plain(word).as_str());
    let number = |word: &str| plain(word).starts_with(|c: char| c.is_ascii_digit());
    let mut before = "";
    text.split(' ').any(|word| {
        let joined = word.starts_with(['€', '$', '£']) && word.bytes().any(|b| b.is_ascii_digit());
        let suffixed = number(word) && plain(word).ends_with(['€', '$', '£']);
        let beside = (currency(before) && number(word)) || (number(before) && currency(word));
        before = word;
        joined || suffixed || beside
    })
}

/// Words for orders and for their numbers.
const NUMBERED: &[&str] = &[
    "order",
    "booking",
    "nr.",
    "no.",
    "bestell",
    "buchung",
    "auftrag",
    "commande",
    "n°",
    "pedido",
    "reserva",
    "ordine",
    "prenotazione",
    "ordre",
    "zamówieni",
    "objednávk",
    "tilau",
    "заказ",
    "замовлен",
];

/// How a shop names what the reader bought.
const CUSTOMERS_ORDERS: &[&str] = &[
    "your order",
    "your purchase",
    "your booking",
    "deine bestellung",
    "ihre bestellung",
    "deinen einkauf",
    "ihren einkauf",
    "deine buchung",
    "ihre buchung",
    "votre commande",
    "votre achat",
    "votre réservation",
    "su pedido",
    "tu pedido",
    "su compra",
    "tu compra",
    "su reserva",
    "tu reserva",
    "seu pedido",
    "sua compra",
    "sua encomenda",
    "tuo ordine",
    "suo ordine",
    "tuo acquisto",
    "per l'acquisto",
    "uw bestelling",
    "je bestelling",
    "uw reparatie",
    "uw aankoop",
    "din bestilling",
    "din ordre",
    "dit køb",
    "ordren din",
    "bestillingen din",
    "kjøpet ditt",
    "din beställning",
    "ditt köp",
    "tilauksesi",
    "twoje zamówienie",
    "twojego zamówienia",
    "państwa zamówienie",
    "vaše objednávka",
    "vaši objednávku",
    "ваш заказ",
    "ваше замовлення",
];

/// How the sum of an order is called.
const SUMS: &[&str] = &[
    "total",
    "amount",
    "gesamt",
    "summe",
    "betrag",
    "montant",
    "importe",
    "totaal",
    "beløb",
    "beløp",
    "sum:",
    "summa",
    "yhteensä",
    "suma",
    "razem",
    "do zapłaty",
    "celkem",
    "итого",
    "сумма",
    "сума",
];

/// How a code is announced that is not said to be one for signing in.
const SHORT_CODES: &[&str] = &[
    "your code is",
    "your code:",
    "dein code lautet",
    "ihr code lautet",
    "dein code ist",
    "ihr code ist",
    "votre code est",
    "ton code est",
    "votre code :",
    "tu código es",
    "su código es",
    "seu código é",
    "il tuo codice è",
    "il suo codice è",
    "je code is",
    "uw code is",
    "din kode er",
    "koden din er",
    "din kod är",
    "koodisi on",
    "twój kod to",
    "váš kód je",
    "ваш код",
];

/// That a code ends, or that nobody else may know it.
const CODE_FACTS: &[&str] = &[
    "valid for",
    "expires in",
    "will expire",
    "share it with any",
    "share this",
    "minuten gültig",
    "stunden gültig",
    "läuft in",
    "an niemanden",
    "valable ",
    "expire dans",
    "à personne",
    "válido durante",
    "válido por",
    "caduca en",
    "expira em",
    "a nadie",
    "com ninguém",
    "valido per",
    "scade tra",
    "con nessuno",
    "minuten geldig",
    "verloopt over",
    "met niemand",
    "del den ikke",
    "udløber om",
    "utløper om",
    "dela den inte",
    "voimassa",
    "ważny przez",
    "wygasa za",
    "platný",
    "действителен",
    "дійсний",
    "никому",
];

/// A label of a form: `Order number: 4471`, also with `#` or `No.`; not `the order number is 4471`.
fn is_label(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with([':', '#', '\u{ff1a}', '\u{2116}']) && rest.bytes().take(24).any(|b| b.is_ascii_digit())
}

/// Four to eight digits, perhaps in two groups: what one types in to sign in.
fn has_code(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && c != ' ' && c != '-').any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        (4..=8).contains(&digits)
    })
}

/// How a code for signing in is announced.
const CODES: &[&str] = &[
    "your verification code",
    "verification code is",
    "verification code:",
    "your security code",
    "your sign-in code",
    "your login code",
    "your one-time",
    "your access code is",
    "your confirmation code",
    "ihr best\u{e4}tigungscode",
    "dein best\u{e4}tigungscode",
    "ihr sicherheitscode",
    "dein sicherheitscode",
    "best\u{e4}tigungscode lautet",
    "best\u{e4}tigungscode:",
    "ihr einmal",
    "code de v\u{e9}rification est",
    "code de v\u{e9}rification :",
    "votre code de connexion",
    "votre code de s\u{e9}curit\u{e9}",
    "c\u{f3}digo de verificaci\u{f3}n es",
    "tu c\u{f3}digo de",
    "su c\u{f3}digo de verificaci\u{f3}n",
    "seu c\u{f3}digo de",
    "c\u{f3}digo de verifica\u{e7}\u{e3}o \u{e9}",
    "codice di verifica \u{e8}",
    "il tuo codice di",
    "je verificatiecode",
    "uw verificatiecode",
    "din verifieringskod",
    "din bekr\u{e6}ftelseskode",
    "din bekreftelseskode",
    "vahvistuskoodisi",
    "tw\u{f3}j kod weryfikacyjny",
    "kod weryfikacyjny:",
    "ov\u{11b}\u{159}ovac\u{ed} k\u{f3}d",
    "do\u{11f}rulama kodunuz",
    "\u{43a}\u{43e}\u{434} \u{43f}\u{43e}\u{434}\u{442}\u{432}\u{435}\u{440}\u{436}\u{434}\u{435}\u{43d}\u{438}\u{44f}:",
    "\u{432}\u{430}\u{448} \u{43a}\u{43e}\u{434} \u{43f}\u{43e}\u{434}\u{442}\u{432}\u{435}\u{440}\u{436}\u{434}\u{435}\u{43d}\u{438}\u{44f}",
    "\u{8a8d}\u{8a3c}\u{30b3}\u{30fc}\u{30c9}:",
    "\u{8a8d}\u{8a3c}\u{30b3}\u{30fc}\u{30c9}\u{ff1a}",
    "\u{78ba}\u{8a8d}\u{30b3}\u{30fc}\u{30c9}",
    "\u{9a8c}\u{8bc1}\u{7801}",
    "\u{9a57}\u{8b49}\u{78bc}",
    "\u{c778}\u{c99d}\u{bc88}\u{d638}",
];

/// Labels before the number of an order.
const ORDER_NUMBERS: &[&str] = &[
    "order number",
    "order no.",
    "order id",
    "order reference",
    "bestellnummer",
    "bestell-nr.",
    "auftragsnummer",
    "num\u{e9}ro de commande",
    "n\u{b0} de commande",
    "n\u{fa}mero de pedido",
    "n.\u{ba} de pedido",
    "n\u{fa}mero do pedido",
    "numero ordine",
    "numero d'ordine",
    "bestelnummer",
    "ordernummer",
    "ordrenummer",
    "tilausnumero",
    "numer zam\u{f3}wienia",
    "\u{10d}\u{ed}slo objedn\u{e1}vky",
    "rendel\u{e9}ssz\u{e1}m",
    "sipari\u{15f} numaras\u{131}",
    "sipari\u{15f} no",
    "\u{43d}\u{43e}\u{43c}\u{435}\u{440} \u{437}\u{430}\u{43a}\u{430}\u{437}\u{430}",
    "\u{3054}\u{6ce8}\u{6587}\u{756a}\u{53f7}",
    "\u{6ce8}\u{6587}\u{756a}\u{53f7}",
    "\u{8ba2}\u{5355}\u{53f7}",
    "\u{c8fc}\u{bb38}\u{bc88}\u{d638}",
];

/// What else such a form holds.
const ORDER_FACTS: &[&str] = &[
    "subtotal",
    "order total",
    "total:",
    "total $",
    "shipping address",
    "gesamtsumme",
    "gesamtbetrag",
    "zwischensumme",
    "lieferadresse",
    "montant total",
    "sous-total",
    "adresse de livraison",
    "direcci\u{f3}n de env\u{ed}o",
    "direcci\u{f3}n de entrega",
    "valor total",
    "endere\u{e7}o de entrega",
    "totale:",
    "indirizzo di spedizione",
    "totaalbedrag",
    "bezorgadres",
    "summa:",
    "leveransadress",
    "leveringsadresse",
    "toimitusosoite",
    "yhteens\u{e4}",
    "adres dostawy",
    "do zap\u{142}aty",
    "dodac\u{ed} adresa",
    "celkov\u{e1} cena",
    "sz\u{e1}ll\u{ed}t\u{e1}si c\u{ed}m",
    "teslimat adresi",
    "toplam:",
    "\u{430}\u{434}\u{440}\u{435}\u{441} \u{434}\u{43e}\u{441}\u{442}\u{430}\u{432}\u{43a}\u{438}",
    "\u{441}\u{443}\u{43c}\u{43c}\u{430} \u{437}\u{430}\u{43a}\u{430}\u{437}\u{430}",
    "\u{5408}\u{8a08}",
    "\u{304a}\u{5c4a}\u{3051}\u{5148}",
    "\u{6536}\u{8d27}\u{5730}\u{5740}",
    "\u{bc30}\u{c1a1}\u{c9c0}",
];

/// What portals ask for by a link.
const LINKED_REQUESTS: &[&str] = &[
    "password",
    "verify your email",
    "confirm your email",
    "confirm your account",
    "confirm your registration",
    "confirm your subscription",
    "activate your account",
    "passwort",
    "kennwort",
    "registrierung",
    "anmeldung",
    "e-mail-adresse",
    "mot de passe",
    "adresse e-mail",
    "activer votre compte",
    "inscription",
    "contrase\u{f1}a",
    "correo electr\u{f3}nico",
    "activar tu cuenta",
    "senha",
    "seu e-mail",
    "tua email",
    "wachtwoord",
    "e-mailadres",
    "l\u{f6}senord",
    "adgangskode",
    "passord",
    "salasana",
    "has\u{142}",
    "aktywowa\u{107} konto",
    "hesl",
    "jelsz\u{f3}",
    "\u{15f}ifre",
    "e-posta adres",
    "\u{43f}\u{430}\u{440}\u{43e}\u{43b}",
    "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}",
    "\u{767b}\u{9332}",
    "\u{5bc6}\u{7801}",
    "\u{be44}\u{bc00}\u{bc88}\u{d638}",
    "log in to your account",
    "sign in to your account",
    "registered an account",
    "new account",
];

/// How they end for whom did not ask.
const NOT_YOU: &[&str] = &[
    "if you did not request",
    "if you didn't request",
    "if you did not make this request",
    "if you didn't make this request",
    "if you have not requested",
    "if you did not create",
    "if you didn't create",
    "if you did not sign up",
    "if you didn't sign up",
    "if this wasn't you",
    "if you did not initiate",
    "you can safely ignore this",
    "you can ignore this",
    "please ignore this",
    "wenn sie das nicht angefordert",
    "wenn du das nicht angefordert",
    "nicht angefordert haben",
    "nicht angefordert hast",
    "nicht registriert haben",
    "nicht registriert hast",
    "nicht angemeldet haben",
    "nicht angemeldet hast",
    "ignorieren sie diese",
    "ignoriere diese",
    "diese e-mail ignorieren",
    "diese nachricht ignorieren",
    "pas \u{e0} l'origine de cette demande",
    "n'avez pas demand\u{e9}",
    "n'avez pas cr\u{e9}\u{e9}",
    "ignorez ce message",
    "ignorer ce message",
    "ignorez cet e-mail",
    "ignorer cet e-mail",
    "no has solicitado",
    "no ha solicitado",
    "no solicitaste",
    "ignora este mensaje",
    "ignore este mensaje",
    "ignora este correo",
    "ignore este correo",
    "n\u{e3}o solicitou",
    "ignore este e-mail",
    "ignore esta mensagem",
    "non hai richiesto",
    "ignora questa email",
    "ignora questo messaggio",
    "niet hebt aangevraagd",
    "niet heeft aangevraagd",
    "negeer deze",
    "ignorera det h\u{e4}r",
    "bortse fr\u{e5}n",
    "ignorer denne",
    "se bort fra denne",
    "zignoruj",
    "ignorujte",
    "hagyja figyelmen",
    "dikkate almay\u{131}n",
    "g\u{f6}rmezden gel",
    "\u{43f}\u{440}\u{43e}\u{438}\u{433}\u{43d}\u{43e}\u{440}\u{438}\u{440}\u{443}\u{439}\u{442}\u{435}",
    "\u{43d}\u{435} \u{437}\u{430}\u{43f}\u{440}\u{430}\u{448}\u{438}\u{432}\u{430}\u{43b}\u{438}",
    "\u{5fc3}\u{5f53}\u{305f}\u{308a}\u{304c}\u{306a}\u{3044}",
    "\u{304a}\u{5fc3}\u{5f53}\u{305f}\u{308a}\u{306e}\u{306a}\u{3044}",
    "\u{8bf7}\u{5ffd}\u{7565}",
    "\u{bb34}\u{c2dc}\u{d558}",
    "this link is valid for",
    "this code will expire",
    "can be used once",
    "if the information above looks familiar",
    "if you made this change",
    "if this was you",
    "open this link in your browser",
    "before you can log in",
    "der link ist",
    "ce lien est valable",
    "este enlace",
];

/// Notices of which each group has a phrase.
const KINDS: &[&[&[&str]]] = &[
    // Parcels.
    &[
        &["tracking number", "track your", "tracking id"],
        &["track your package", "track your order", "track your parcel", "track your shipment", "estimated delivery"],
        &["your order", "your package", "your parcel", "your shipment"],
        &["has shipped", "been shipped", "on its way", "out for delivery", "dispatched", "despatched", "is scheduled"],
    ],
    &[
        &["sendungsnummer", "sendung verfolgen", "sendungsverfolgung", "paketnummer"],
        &["voraussichtliche zustellung", "voraussichtliche lieferung", "sendung verfolgen", "sendungsverfolgung"],
    ],
    &[
        &["num\u{e9}ro de suivi", "suivre mon colis", "suivre votre colis"],
        &["livraison pr\u{e9}vue", "suivre mon colis", "suivre votre colis"],
    ],
    &[
        &["n\u{fa}mero de seguimiento", "c\u{f3}digo de rastreo", "c\u{f3}digo de rastreamento"],
        &["sigue tu", "acompanhe"],
    ],
    &[
        &[
            "your order",
            "your package",
            "your parcel",
            "your delivery",
            "deine bestellung",
            "ihre bestellung",
            "ihr paket",
            "votre commande",
            "votre colis",
            "tu pedido",
            "su pedido",
            "seu pedido",
            "tuo ordine",
            "je bestelling",
            "uw bestelling",
            "din order",
            "din best\u{e4}llning",
            "din ordre",
            "twoje zam\u{f3}wienie",
            "va\u{161}e objedn\u{e1}vka",
            "\u{437}\u{430}\u{43a}\u{430}\u{437}",
        ],
        &[
            "has shipped",
            "been shipped",
            "been dispatched",
            "been despatched",
            "was dispatched",
            "was despatched",
            "will be with you",
            "was delivered",
            "on its way",
            "ist unterwegs",
            "wurde versandt",
            "wird heute",
            "en route",
            "a \u{e9}t\u{e9} exp\u{e9}di\u{e9}e",
            "vient de quitter",
            "ha sido enviado",
            "ha salido de",
            "foi enviado",
            "\u{e8} stato spedito",
            "al corriere",
            "is verzonden",
            "aan de bezorger",
            "har skickats",
            "er sendt",
            "zosta\u{142}o wys\u{142}ane",
            "przekazane kurierowi",
            "byla odesl\u{e1}na",
            "\u{43f}\u{435}\u{440}\u{435}\u{434}\u{430}\u{43d}",
            "\u{43e}\u{442}\u{43f}\u{440}\u{430}\u{432}\u{43b}\u{435}\u{43d}",
        ],
        &[
            "track your",
            "tracking:",
            "delivery options",
            "rate your delivery",
            "sendung verfolgen",
            "sendungsnummer:",
            "wunschnachbar",
            "ablageort",
            "suivi :",
            "suivre",
            "localizador",
            "seguir tu env\u{ed}o",
            "seguire la spedizione",
            "track & trace",
            "kollinummer",
            "f\u{f6}lj ditt paket",
            "numer przesy\u{142}ki",
            "\u{441}\u{43b}\u{435}\u{434}\u{438}\u{442}\u{44c}",
            "\u{43e}\u{436}\u{438}\u{434}\u{430}\u{435}\u{43c}\u{430}\u{44f} \u{434}\u{430}\u{442}\u{430}",
        ],
    ],
    // Money.
    &[&["compra"], &["tarjeta terminada en", "cart\u{e3}o final"]],
    &[
        &["your bill", "your invoice", "your latest bill"],
        &["ready", "available"],
        &["online", "direct debit", "due by"],
    ],
    &[&["rechnungsbetrag"], &["kundennummer", "buchen wir", "rechnungsnummer"]],
    &[
        &["neue nachricht", "neues dokument"],
        &["elektronischen postfach", "ihrem postfach"],
        &["loggen", "melden sie sich", "abrufen"],
    ],
    &[&["relev\u{e9} de compte", "nouveau document"], &["espace personnel", "espace client"]],
    &[
        &["update your card", "add a payment method", "update your payment"],
        &["your plan", "your trial", "free trial", "your subscription"],
    ],
    &[
        &["ending in", "ending with", "account ending"],
        &["your card", "your account", "the account", "charged", "transaction", "purchase of"],
        &["statement", "charged to", "was made", "transaction", "amount due", "online banking"],
    ],
    &[&["receipt from", "payment receipt", "amount paid"], &["payment method", "date paid", "receipt number"]],
    &[&["zahlung"], &["transaktionsnummer", "transaktions-nr", "transaktionscode"]],
    &[
        &["kontoauszug", "rechnung", "dokument", "nachricht"],
        &["liegt bereit", "steht bereit", "liegt f\u{fc}r sie bereit", "zum abruf bereit", "f\u{fc}r sie bereit"],
        &["kundenkonto", "kundenportal", "postfach", "online-banking", "onlinebanking", "mein konto"],
    ],
    &[&["facture"], &["est disponible", "sont disponibles"], &["espace client", "votre compte", "consulter"]],
    &[&["factura"], &["ya est\u{e1} disponible", "est\u{e1} disponible", "ya puedes consultar"]],
    &[&["fatura"], &["est\u{e1} dispon\u{ed}vel", "j\u{e1} est\u{e1} dispon\u{ed}vel"]],
    &[
        &["bolletta", "fattura"],
        &["\u{e8} disponibile", "\u{e8} ora disponibile"],
        &["area clienti", "area riservata", "scarica"],
    ],
    &[&["factuur", "nota"], &["staat klaar", "staat voor u klaar"], &["mijn ", "inloggen", "klantportaal"]],
    &[
        &["invoice", "bill ", "statement"],
        &["is now available", "is ready", "is available"],
        &["view", "log in", "sign in"],
    ],
    // Sign-ins.
    &[
        &["new sign-in", "new sign in", "new login", "new device", "signed in from"],
        &["device:", "location:", "browser:", "ip address:", "if this was you", "was this you"],
    ],
    &[
        &["neue anmeldung", "neuen anmeldung", "neues ger\u{e4}t", "neuen ger\u{e4}t"],
        &[
            "ger\u{e4}t:",
            "standort:",
            "ort:",
            "wenn sie das waren",
            "wenn du das warst",
            "warst du das",
            "waren sie das",
        ],
    ],
    &[&["nouvelle connexion", "nouvel appareil"], &["appareil :", "lieu :", "si c'\u{e9}tait vous", "si c'est vous"]],
    &[
        &["nuevo inicio de sesi\u{f3}n", "nuevo dispositivo"],
        &["dispositivo:", "ubicaci\u{f3}n:", "si fuiste t\u{fa}", "si has sido"],
    ],
    // Bookings and dates.
    &[
        &["booking reference", "booking number", "confirmation number", "reservation number", "booking id"],
        &["passenger", "check-in:", "check-in ", "total paid", "itinerary", "manage your booking"],
        &["thank you for booking", "thank you for your booking", "your booking", "your reservation", "itinerary"],
    ],
    &[&["buchungsnummer", "reservierungsnummer"], &["anreise:", "abreise:", "gesamtpreis", "passagier", "abflug"]],
    &[
        &["localizador", "n\u{fa}mero de reserva", "num\u{e9}ro de r\u{e9}servation"],
        &["salida:", "importe", "d\u{e9}part :", "arriv\u{e9}e :"],
    ],
    &[&["this is a reminder"], &["appointment", "due date", "upcoming", "payment"]],
    &[&["leihfrist"], &["l\u{e4}uft ab", "l\u{e4}uft in", "f\u{e4}llig"], &["verl\u{e4}nger"]],
    &[&["titles listed below", "items listed below", "following items", "following titles"], &["due"], &["renew"]],
    // Subscriptions and domains.
    &[
        &["will automatically renew", "will renew automatically", "will auto-renew"],
        &["subscription", "plan", "membership"],
    ],
    &[&["your domain", "domain name"], &["expires on", "will expire"], &["renew now", "renew your"]],
    // Applications.
    &[
        &["ihre bewerbung"],
        &["unterlagen sind bei uns eingegangen", "eingang ihrer bewerbung", "eingang ihrer unterlagen"],
    ],
    &[
        &["your application"],
        &["has been received", "we have received your application", "we received your application"],
    ],
    // Monitoring.
    &[&["state: ", "status: "], &["host: ", "server: "], &["service: ", "info: ", "output: "]],
];

/// What nobody writes by hand where there is a link beside it.
const LINKED: &[&str] = &[
    "sent you a friend request",
    "wants to be friends",
    "wants to connect",
    "i'd like to add you to my professional network",
    "i'd like to join your",
    "is now following you",
    "started following you",
    "commented on your",
    "mentioned you in a",
    "tagged you in",
    "shared a post",
    "see what you've been missing",
    "sent you a message on",
    "you have a new message from",
    "you have new notifications",
    "you have unread",
    "liked your profile",
    "viewed your profile",
    "new hints",
    "just scheduled a new event",
    "neue kontaktanfrage",
    "hat ihnen eine nachricht gesendet",
    "hat dir eine nachricht gesendet",
    "als kontakt hinzuf\u{fc}gen",
    "m\u{f6}chte sich mit ihnen vernetzen",
    "folgt dir jetzt",
    "vous a envoy\u{e9} un message sur",
    "souhaite rejoindre votre r\u{e9}seau",
    "vous avez un nouveau message",
    "te ha enviado un mensaje",
    "quiere conectar contigo",
    "enviou uma mensagem para voc\u{ea}",
    "ti ha inviato un messaggio su",
    "wil met je verbinden",
    "wys\u{142}a\u{142} ci wiadomo\u{15b}\u{107}",
    "\u{443} \u{432}\u{430}\u{441} \u{43d}\u{43e}\u{432}\u{43e}\u{435} \u{441}\u{43e}\u{43e}\u{431}\u{449}\u{435}\u{43d}\u{438}\u{435}",
    "\u{43f}\u{440}\u{438}\u{441}\u{43b}\u{430}\u{43b} \u{432}\u{430}\u{43c} \u{441}\u{43e}\u{43e}\u{431}\u{449}\u{435}\u{43d}\u{438}\u{435}",
    "\u{3055}\u{3093}\u{304c}\u{3042}\u{306a}\u{305f}\u{3092}\u{30d5}\u{30a9}\u{30ed}\u{30fc}",
    "gave you kudos",
    "answered your question",
    "has invited you to edit",
    "has invited you to view",
    "has invited you to join",
    "have been invited to the following event",
    "hat dein foto kommentiert",
    "ha comentado tu",
    "a comment\u{e9} votre",
    "see all stories on this topic",
    "new notifications",
    "unread messages",
    "if this was you, you",
    "please disregard this e",
    "you can ignore this email",
    "thank you for your order",
    "vielen dank für ihre bestellung",
    "eingang ihrer bestellung",
    "merci pour votre commande",
    "votre commande vient d'être",
    "votre commande a été",
    "gracias por su pedido",
    "gracias por tu pedido",
    "grazie per il tuo ordine",
    "grazie per il suo ordine",
    "bedankt voor uw bestelling",
    "bedankt voor je bestelling",
    "obrigado pela sua compra",
    "tack för din beställning",
    "tak for din ordre",
    "kiitos tilauksestasi",
    "dziękujemy za zamówienie",
    "děkujeme za objednávku",
    "спасибо за заказ",
    "ご注文ありがとう",
    "感谢您的订购",
    "感谢您的购买",
    "you sent a payment of",
    "you received a payment of",
    "has sent you a payment",
    "you received this message because",
    "requested a password reset",
    "to reset your password",
    "to activate your account",
    "to confirm your account",
    "to verify your email",
    "shared a document with you",
    "has shared a file with you",
    "has invited you to join the",
    "would like to add you to",
    "your package is on its way",
    "new sign-in to",
    "waiting for your approval",
    "passwort zurückzusetzen",
    "réinitialiser votre mot de passe",
    "restablecer su contraseña",
    "restablecer tu contraseña",
    "reimpostare la password",
    "redefinir sua senha",
    "wachtwoord opnieuw",
    "in ihrem kundenkonto",
];

/// What only programs write.
const ALONE: &[&str] = &[
    "do not share this code",
    "do not share your code",
    "ne le communiquez \u{e0} personne",
    "no lo compartas con nadie",
    "\u{43d}\u{438}\u{43a}\u{43e}\u{43c}\u{443} \u{43d}\u{435} \u{441}\u{43e}\u{43e}\u{431}\u{449}\u{430}\u{439}\u{442}\u{435} \u{44d}\u{442}\u{43e}\u{442} \u{43a}\u{43e}\u{434}",
    "if you do not recognize this transaction",
    "if you don't recognize this transaction",
    "for security reasons, this link",
    "this link will expire in",
    "this password reset link",
    "if you didn't create an account",
    "you are receiving this notification because",
    "you are receiving this because",
    "you're receiving this because",
    "reply to this email directly or view it on",
    "reply to this email directly, view it on",
    "[visit topic]",
    "or reply to this email to respond",
    "was sent to you automatically",
    "esta mensagem foi enviada automaticamente",
    "cet e-mail vous a \u{e9}t\u{e9} envoy\u{e9} automatiquement",
    "you are receiving this mail because",
    "you are receiving this email because you are",
    "want to control which emails you receive",
    "to reply to this message, follow the link",
    "enter this code to",
    "has sent you a protected message",
    "has sent you a secure message",
    "has sent you an encrypted message",
    "if you did not request this",
    "if you didn't request this",
    "if you did not create an account",
    "falls sie dies nicht angefordert",
    "wenn sie dies nicht angefordert",
    "falls sie diese e-mail nicht angefordert",
    "si vous n'êtes pas à l'origine",
    "si vous n'avez pas demandé",
    "si no ha solicitado",
    "si usted no solicit",
    "si no solicitaste",
    "se non hai richiesto",
    "se non ha richiesto",
    "se você não solicitou",
    "se não solicitou",
    "om du inte har begärt",
    "hvis du ikke har anmodet",
    "jeśli nie prosił",
    "если вы не запрашивали",
    "если это были не вы",
    "talep etmediyseniz",
    "お心当たりがない",
    "如非本人操作",
    "如非您本人",
    "요청하지 않",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::letter;

    fn notice(subject: &str, body: &str) -> bool {
        is_notice(&letter(subject, body))
    }

    #[test]
    fn people_speak_of_the_same_things() {
        for (subject, body) in [
            (
                "Your order",
                "Thank you for your order! The blue one is sold out, the order number is 4471. Is red fine? Mia",
            ),
            ("Ihre Bestellung", "Vielen Dank f\u{fc}r Ihre Bestellung 20398. Wohin soll ich liefern? Karl"),
            ("parcel", "I shipped your lamp today, tracking number is 00123456789. Estimated delivery: Friday. Jane"),
            ("Paket", "Das Paket ist raus, Sendungsnummer 00340434161094."),
            ("password", "I forgot my password and the page http://x.example does not let me in. Can you help?"),
            ("Code", "The new door code is 448201."),
            ("train", "Train leaves at 9:00, booking reference X7Y2ZZ, you owe me 45."),
            ("Invoice", "The invoice is ready, I bring it along tomorrow."),
            ("Termin", "Anreise ab 15 Uhr, Abreise bis 11 Uhr. Passt Ihnen das?"),
            ("lol", "Did you see that Pat is now following you? He mentioned you in a comment."),
            ("reminder", "This is a reminder to bring the cake."),
            ("server", "The host web3 is slow again, its status is a mystery to me."),
            (
                "fwd",
                "Is this real?\n\n---------- Forwarded message ---------\nYour verification code is 123456. \
                     Do not share this code.",
            ),
            ("re", "No idea.\n> Your verification code is 123456."),
            ("door", "Your code is 4711, the small door beside the bakery. Ring twice."),
            ("door", "Your code is 4711, valid for the whole week. Do tell me when you come."),
            ("order", "Where is your order 4711 from? A total of $20 seems cheap to me."),
            ("order", "Thanks for your order 4711! The red one is sold out. Is blue fine? Bob"),
            ("Bestellung", "Ihre Bestellung Nr. 881 habe ich gepackt, gesamt 20 \u{20ac}. Karl"),
            ("Re: Bestellung", "Ihre Bestellung Nr. 881 liegt bereit, gesamt 20 \u{20ac}."),
            ("lamp", "Your order was dispatched by me this morning. Jane"),
            ("Bewerbung", "Vielen Dank f\u{fc}r Ihre Bewerbung. Wir laden Sie gerne am 12.11. um 10 Uhr ein."),
        ] {
            assert!(!notice(subject, body), "{body}");
        }
    }

    #[test]
    fn what_programs_tell_customers_is_known() {
        for (subject, body) in [
            ("Order", "Thank you! Order number: 881\nSubtotal $20\nTotal: $24"),
            ("Bestellung", "Bestellnummer: 881\nLieferadresse: Lindenweg 3"),
            ("\u{3054}\u{6ce8}\u{6587}", "\u{6ce8}\u{6587}\u{756a}\u{53f7}\u{ff1a}881\n\u{5408}\u{8a08} 1,000\u{5186}"),
            ("Code", "Your verification code is 448 201."),
            ("Code", "Ihr Best\u{e4}tigungscode lautet: 771092"),
            ("Reset", "Reset your password here: https://x.example/r\nIf you did not request this, ignore it."),
            (
                "Konto",
                "Neues Passwort: https://x.example/r\nFalls Sie es nicht angefordert haben, l\u{f6}schen Sie die Mail.",
            ),
            ("Parcel", "Your order is on its way. Tracking number: 881. Track your package: https://x.example/"),
            ("Paket", "Sendungsnummer: 881\nVoraussichtliche Zustellung: Donnerstag"),
            ("Alert", "A purchase of $5 was made with your card ending in 3321."),
            ("Rechnung", "Ihre Rechnung steht in Ihrem Kundenkonto zum Abruf bereit."),
            ("Sign-in", "New sign-in to your account. Device: telephone"),
            ("Hotel", "Buchungsnummer: 881\nAnreise: 12.12.2026"),
            ("order", "Thank you for your order! See https://x.example/o"),
            ("account", "A new password was asked for. If you did not request this, ignore it."),
            ("document", "Bob shared a document with you: https://x.example/d"),
            ("Hello", "Pat sent you a friend request. https://x.example/"),
            ("[x] y (#12)", "Fine.\n-- \nReply to this email directly or view it on the web."),
            ("Parcel", "Good news: your parcel has been despatched. Track your parcel at https://x.example/"),
            ("Order", "Your order was dispatched. Track your package: https://x.example/"),
            ("Order", "Your order TD-881 has been received. Total $24.00, paid by card."),
            ("Bestellung", "Danke f\u{fc}r deine Bestellung Nr. 8812! Gesamt 20,10 \u{20ac}, inkl. MwSt."),
            ("Kvittering", "Tak for dit køb. Ordrenr. 881. Beløb: 99,00 DKK."),
            ("Pedido", "Su pedido 8812 est\u{e1} listo. Importe: 12,50 \u{20ac}."),
            ("Code", "Dein Code lautet 120 557. Er ist 5 Minuten g\u{fc}ltig."),
            ("Kod", "Din kod \u{e4}r 120557. Dela den inte med andra."),
            ("WARN", "Host: web3\nService: disk\nState: WARNING\nInfo: full"),
        ] {
            assert!(notice(subject, body), "{body}");
        }
    }

    #[test]
    fn a_long_text_takes_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["order number ", "order number:", "1 ", "your order", "a"] {
            notice("x", &unit.repeat(300_000 / unit.len()));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
