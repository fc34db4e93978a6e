//! A guess at the language a message is written in.
//!
//! Promises: pure, bounded, and silent in doubt. The words of the text come first: some mail programs write the same
//! `Content-Language` on all mail, so it says nothing about a text that is clearly in none of our languages. Nobody is
//! answered in the language of a neighbour. Never touches: which languages a challenge has (`policy/challenge.rs`).

use super::head::Head;

/// So many frequent words must be there, and against each other language twice as many that it does not have as it
/// has that are not in this one.
const WORDS_NEEDED: usize = 3;

/// Frequent words of each language, lower case. What two of them share is in both rows, so that Danish and Norwegian,
/// Spanish and Galician, Dutch and Afrikaans are told apart by the words that they do not share.
const FREQUENT: [(&str, &str); 24] = [
    (
        "af",
        "het van met aan ook dat dit wat is die maar nog ons nie ek jy vir sy baie dankie julle hulle \
          asseblief kan graag boek groete my dag om en",
    ),
    ("bg", "съм ще моля благодаря здравейте че със това много дали имате поздрави и на"),
    (
        "ca",
        "que una el del un hola esta per amb és els gràcies però això meu molt tinc les dels seva llibre vaig \
          aquest bon dia em si com los i en",
    ),
    (
        "cs",
        "jsem není který která které pro byl byla bylo děkuji můžete bych jsme při ještě protože když nebo \
          jestli pokud také jsou vaši mě pozdravem díky chtěl chtěla dotaz zda že ale mám dobrý prosím jak je \
          vás bude na dne knihu kniha rád o do",
    ),
    (
        "da",
        "og jeg det til ikke har vil hilsen som med er på også hvis hvordan vi kan der for et en af mig hvad \
          venlig efter noget nogen gerne hej tak meget blevet været dig sig bog jer spørgsmål uge nej igen \
          endnu kære hvornår have om at bogen vide få fra i den",
    ),
    (
        "de",
        "und der die das nicht ich sie ist mit für ein wir eine auf haben habe bin sind von zu ihnen ihre mir \
          mich auch noch grüße danke guten tag können über dem den buch hallo des er was um",
    ),
    (
        "en",
        "the and you for with that have this are your we is was not of our would please thanks thank about my \
          can be hello from on been it i at do will",
    ),
    (
        "es",
        "que para por con una los las el está como del lo un mi su muy gracias y pero más también usted tengo \
          estoy hay puede quiero cuando hasta desde este esta hola libro quería saludos buenos días le o en se",
    ),
    ("fi", "on ei että hei kiitos minä olen mutta terveisin kirja voi onko mitä teidän moi hyvää myös nyt tämä"),
    (
        "fr",
        "que un les est vous pour dans une pas nous bonjour je et merci avec sur votre mon sont mais cette \
          aussi été livre cordialement voudrais non il on des le en moi",
    ),
    (
        "gl",
        "que para por con está como os pero este esta desde meu seu foi estou ao saludos quería non un libro \
          unha máis moi grazas ola teño coa polo pola lle lo o do e na en se",
    ),
    ("hr", "sam je nije hvala molim koji što kako pozdrav ali dan knjiga knjigu li smo i na od za"),
    ("hu", "és hogy nem egy az van köszönöm üdvözlettel kedves szeretném könyv jó napot ez"),
    (
        "it",
        "che per non una sono con della gli anche il di grazie un del ho è questo nel dei alla perché \
          buongiorno libro lo mi più vorrei salve saluti però su le e si vi",
    ),
    (
        "nb",
        "og jeg det til ikke har vil hilsen som med er på også hvis hvordan vi kan der for et en av meg hva \
          vennlig vennligst etter noe noen gjerne hei takk mye blitt vært deg seg bok dere spørsmål uke nei \
          igjen ennå kjære ikkje kva noko om å boken boka vite få fra i den",
    ),
    (
        "nl",
        "het van met aan ook dat dit wat is maar nog ons een niet voor zijn ik wij heb hebt mijn uw graag \
          groet groeten naar bedankt deze kunnen heeft bij je we boek vriendelijke af dag om die kan goedendag \
          en er was",
    ),
    (
        "pl",
        "się jest dla czy oraz proszę dzień dobry mam nie że ale na jak pani pana tego które który która \
          jestem było był dziękuję pozdrawiam witam cześć mnie można chciałbym chciałabym przez będzie tylko \
          do o i",
    ),
    (
        "pt",
        "que para por está como um desde este esta uma com não você os mais obrigado obrigada em muito também \
          meu seu são foi estou tenho gostaria olá já até ao isso livro bom dia cumprimentos se mas do o e na",
    ),
    ("ro", "și să este pentru cu mulțumesc aș sunt un cartea dacă bună ziua vă că"),
    (
        "ru",
        "что если здравствуйте привет спасибо пожалуйста меня или только когда где очень можно письмо \
          уважением вопрос ваша вашу книга книгу вас и на как не",
    ),
    (
        "sk",
        "som ktorý ktorá ktoré pre bol bola bolo ďakujem môžete by sme pri ešte pretože keď alebo či sú mňa \
          pozdravom chcel chcela otázku že ale mám dobrý prosím deň ako je vás bude na nie knihu kniha rád o \
          do su",
    ),
    (
        "sv",
        "det har som med på vi kan hej mig dig sig igen nej och att inte jag för är till från ett en vad \
          mycket tack hälsningar eller också finns när skulle bok av efter vill vänliga undrar någon något om \
          boken få den i",
    ),
    ("tr", "ve bir için bu merhaba teşekkürler değil ile mı kitap çok saygılarımla"),
    (
        "uk",
        "що дякую добрий день вітаю будь ласка мені від це щоб дуже повагою питання чи книга книгу вас та на \
          як не",
    ),
];

/// Codes that a field may claim; each has a text of its own in `policy/texts/`.
const KNOWN: [&str; 14] = ["cs", "da", "de", "en", "es", "fr", "it", "nb", "nl", "pl", "pt", "ru", "sv", "uk"];

/// The language of Subject and first lines; without a clear sign, what the header block claims: see [`declared`].
#[must_use]
pub fn guess(subject: &str, lines: &[String], declared: Option<&'static str>) -> Option<&'static str> {
    let text = std::iter::once(subject).chain(lines.iter().map(String::as_str));
    match of_text(&text.collect::<Vec<_>>().join(" ")) {
        Said::Language(code) => Some(code),
        Said::Another => None,
        Said::Nothing => declared,
    }
}

/// What `Content-Language` (RFC 3282) says, if it names one language; else what only one language's mail is encoded in.
#[must_use]
pub fn declared(head: &Head<'_>) -> Option<&'static str> {
    if let Some(field) = head.only("Content-Language") {
        let text = field.text().trim().to_ascii_lowercase();
        let primary = text.split(['-', '_']).next().unwrap_or_default();
        // Norwegian as a whole, and its other written form.
        let primary = if matches!(primary, "no" | "nn") { "nb" } else { primary };
        return KNOWN.iter().copied().find(|code| *code == primary && !text.contains(','));
    }
    let kind = head.only("Content-Type")?.text().to_ascii_lowercase();
    let charset = kind.split("charset=").nth(1)?.trim_start_matches('"');
    // Not windows-1251, which is also that of Bulgarian, Serbian and Ukrainian mail.
    charset.starts_with("koi8-r").then_some("ru")
}

/// What the words say.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// A language that has a text.
    Language(&'static str),
    /// Clearly none of them; a field that claims one of them is then no sign either.
    Another,
    /// Too little.
    Nothing,
}

fn of_text(text: &str) -> Said {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let cyrillic = text.chars().filter(|c| is_cyrillic(*c)).count();
    let latin = text.chars().filter(|c| c.is_alphabetic() && *c < '\u{250}').count();
    if cyrillic * 2 > letters {
        return of_cyrillic(&text.to_lowercase(), letters);
    }
    if latin * 2 < letters {
        return Said::Another;
    }
    of_words(&text.to_lowercase())
}

/// Russian, Ukrainian and the others that are written in Cyrillic each have letters that the next one lacks; who is
/// answered in the wrong one of them is offended, so only letters and words that are clear count.
fn of_cyrillic(text: &str, letters: usize) -> Said {
    let ukrainian = text.contains(['і', 'ї', 'є', 'ґ']);
    let russian = text.contains(['ы', 'э', 'ё']);
    let known = |c: char| matches!(c, 'а'..='я' | 'ё' | 'і' | 'ї' | 'є' | 'ґ');
    if !text.chars().filter(|c| is_cyrillic(*c)).all(known) || ukrainian && (russian || text.contains('ъ')) {
        return Said::Another;
    }
    match (letters >= 10, ukrainian, russian) {
        (true, true, false) => Said::from_code("uk"),
        (true, false, true) => Said::from_code("ru"),
        // Said of a few letters only that they are not Russian.
        (false, true, _) => Said::Another,
        _ => of_words(text),
    }
}

fn of_words(text: &str) -> Said {
    let of_language = |word: &str| {
        let has = FREQUENT.iter().map(|(_, words)| words.split(' ').any(|known| known == word));
        has.collect::<Vec<bool>>()
    };
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let found: Vec<Vec<bool>> = words.map(of_language).collect();
    let count = |of: usize| found.iter().filter(|has| has[of]).count();
    let alone = |of: usize, beside: usize| found.iter().filter(|has| has[of] && !has[beside]).count();
    let clear = |&of: &usize| {
        count(of) >= WORDS_NEEDED
            && (0..FREQUENT.len())
                .filter(|other| *other != of)
                .all(|other| alone(of, other) >= (2 * alone(other, of)).max(1))
    };
    (0..FREQUENT.len()).find(clear).map_or(Said::Nothing, |of| Said::from_code(FREQUENT[of].0))
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}')
}

impl Said {
    fn from_code(code: &str) -> Said {
        KNOWN.iter().find(|known| **known == code).map_or(Said::Another, |code| Said::Language(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_a_challenge_has_cases() {
        let cases = include_str!("../../fixtures/format/languages.txt");
        for code in KNOWN {
            assert!(cases.lines().filter(|line| line.ends_with(&format!(" => {code}"))).count() >= 3, "{code}");
        }
    }
}
