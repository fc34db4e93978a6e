//! A guess at the language a message is written in.
//!
//! Promises: pure, bounded, and silent in doubt. The words of the text come first: some mail programs write the same
//! `Content-Language` on all mail. Never touches: which languages a challenge has (`policy/challenge.rs`).

use super::facts::Facts;
use super::head::Head;

/// So many frequent words must be there, and twice as many as of any other language.
const WORDS_NEEDED: usize = 3;

/// Frequent words of each language, lower case, chosen so that they are rare in the others.
const FREQUENT: [(&str, &[&str]); 11] = [
    ("cs", &["že", "jsem", "není", "který", "ale", "mám", "byl", "jak", "pro", "děkuji", "dobrý", "můžete"]),
    ("da", &["og", "ikke", "jeg", "det", "til", "af", "hvad", "mig", "venlig", "hilsen", "vil", "har"]),
    ("de", &["und", "der", "die", "das", "nicht", "ich", "sie", "ist", "mit", "für", "ein", "wir"]),
    ("en", &["the", "and", "you", "for", "with", "that", "have", "this", "are", "your", "we", "is"]),
    ("es", &["los", "que", "para", "una", "por", "con", "las", "está", "como", "el", "muy", "gracias"]),
    ("fr", &["les", "est", "vous", "pour", "dans", "une", "que", "pas", "nous", "bonjour", "je", "et"]),
    ("it", &["che", "per", "non", "una", "sono", "con", "della", "gli", "anche", "il", "di", "grazie"]),
    ("nl", &["het", "een", "van", "dat", "niet", "voor", "met", "zijn", "aan", "ook", "ik", "wij"]),
    ("pl", &["się", "nie", "jest", "na", "że", "dla", "czy", "mam", "oraz", "proszę", "dzień", "dobry"]),
    ("pt", &["que", "para", "uma", "com", "não", "você", "os", "está", "mais", "por", "um", "obrigado"]),
    ("sv", &["och", "att", "det", "som", "inte", "jag", "för", "är", "med", "har", "till", "hej"]),
];

/// Codes that a field may claim; each has a text of its own in `policy/texts/`.
const KNOWN: [&str; 12] = ["cs", "da", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "sv"];

/// The language of Subject and first lines; without a clear sign, what the header block claims.
#[must_use]
pub fn guess(facts: &Facts) -> Option<&'static str> {
    let lines = std::iter::once(facts.subject.as_str()).chain(facts.content.preview.iter().map(String::as_str));
    of_text(&lines.collect::<Vec<_>>().join(" ")).or(facts.declared_language)
}

/// What `Content-Language` (RFC 3282) says, if it names one language; else what only one language's mail is encoded in.
#[must_use]
pub fn declared(head: &Head<'_>) -> Option<&'static str> {
    if let Some(field) = head.only("Content-Language") {
        let text = field.text().trim().to_ascii_lowercase();
        let primary = text.split(['-', '_']).next().unwrap_or_default();
        return KNOWN.iter().copied().find(|code| *code == primary && !text.contains(','));
    }
    let kind = head.only("Content-Type")?.text().to_ascii_lowercase();
    let charset = kind.split("charset=").nth(1)?.trim_start_matches('"');
    (charset.starts_with("koi8-r") || charset.starts_with("windows-1251")).then_some("ru")
}

fn of_text(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let russian = text.chars().filter(|c| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё')).count();
    // Ukrainian, Bulgarian or Serbian have letters that Russian lacks, or lack some of its own.
    let other = text.contains(['і', 'ї', 'є', 'ґ', 'ј', 'љ', 'њ', 'ћ', 'ђ']);
    if letters >= 10 && russian * 2 > letters {
        return (!other && text.contains(['ы', 'Ы', 'э', 'Э', 'ё', 'Ё'])).then_some("ru");
    }
    let mut counts = [0usize; FREQUENT.len()];
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        for (count, (_, words)) in counts.iter_mut().zip(&FREQUENT) {
            *count += usize::from(words.contains(&word.as_str()));
        }
    }
    let (best, most) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    let second = counts.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, count)| *count).max()?;
    (*most >= WORDS_NEEDED && *most >= 2 * second).then(|| FREQUENT[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(fields: &str) -> Option<&'static str> {
        declared(&Head::read(format!("{fields}\n\n").as_bytes()))
    }

    #[test]
    fn in_doubt_there_is_no_guess() {
        for text in ["", "Tea", "Hej", "que para por", "Звіт про їх стан і справи", "東京都にお住まいの方へ"]
        {
            assert_eq!(of_text(text), None, "{text}");
        }
        for fields in [
            "Subject: x",
            "Content-Language: xx",
            "Content-Language: de, en",
            "Content-Language: de\nContent-Language: en",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/plain",
        ] {
            assert_eq!(claimed(fields), None, "{fields}");
        }
    }

    #[test]
    fn every_language_is_known_by_a_sentence() {
        for (text, code) in [
            ("Dobrý den, viděl jsem vaši stránku, ale mám otázku, která není jasná.", "cs"),
            ("Hej, jeg har set din side, og jeg vil gerne vide, hvad det koster. Venlig hilsen", "da"),
            ("Guten Tag, wir haben uns in Berlin getroffen, und ich wollte fragen, ob das Buch noch da ist.", "de"),
            ("Hello Alice, we met in Wonderland and I have a question for you about the tea.", "en"),
            ("Hola, nos vimos en Madrid y quería preguntar por el libro que está en las fotos, gracias.", "es"),
            ("Bonjour, nous nous sommes vus dans le train et je voudrais savoir si vous avez le livre.", "fr"),
            ("Buongiorno, ho visto il libro della mostra e non so se sono in tempo per una copia, grazie.", "it"),
            ("Dag, ik heb het boek gezien dat niet meer te koop is, en ook een vraag voor u.", "nl"),
            ("Dzień dobry, nie wiem, czy książka jest jeszcze do kupienia, proszę o odpowiedź.", "pl"),
            ("Olá, não sei se você ainda tem o livro, mas gostaria de uma cópia com dedicatória.", "pt"),
            ("Здравствуйте, мы встречались в Москве, и вы обещали мне книгу.", "ru"),
            ("Hej, jag har sett att boken inte finns till salu, det är synd. Jag undrar om du har en.", "sv"),
        ] {
            assert_eq!(of_text(text), Some(code), "{text}");
        }
    }

    #[test]
    fn a_field_is_read_where_the_text_is_silent() {
        assert_eq!(claimed("Content-Language: de-AT"), Some("de"));
        assert_eq!(claimed("Content-Language: PL"), Some("pl"));
        assert_eq!(claimed("Content-Type: text/plain; charset=\"koi8-r\""), Some("ru"));
    }
}
