//! A guess at the language a message is written in.
//!
//! Promises: pure, bounded, and silent in doubt. The words of the text come first: some mail programs write the same
//! `Content-Language` on all mail, so it says nothing about a text that is clearly in none of our languages. Nobody is
//! answered in the language of a neighbour. Never touches: which languages a challenge has (`policy/challenge.rs`).

use super::head::Head;

/// So many frequent words must be there, and against each other language twice as many that it does not have as it
/// has that are not in this one.
const WORDS_NEEDED: usize = 3;

/// Frequent words of each language.
const FREQUENT: &str = include_str!("languages.txt");

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
    let languages = frequent();
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let found: Vec<Vec<bool>> =
        words.map(|word| languages.iter().map(|(_, known)| known.contains(&word)).collect()).collect();
    let count = |of: usize| found.iter().filter(|has| has[of]).count();
    let alone = |of: usize, beside: usize| found.iter().filter(|has| has[of] && !has[beside]).count();
    let clear = |&of: &usize| {
        count(of) >= WORDS_NEEDED
            && (0..languages.len())
                .filter(|other| *other != of)
                .all(|other| alone(of, other) >= (2 * alone(other, of)).max(1))
    };
    (0..languages.len()).find(clear).map_or(Said::Nothing, |of| Said::from_code(languages[of].0))
}

/// Each language's code and words.
fn frequent() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut languages: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in FREQUENT.lines().filter(|line| !line.starts_with('#')) {
        let words = line.split_once(':').map_or(line, |(code, words)| {
            languages.push((code, Vec::new()));
            words
        });
        if let Some((_, known)) = languages.last_mut() {
            known.extend(words.split_whitespace());
        }
    }
    languages
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
    fn the_words_are_lower_case_letters_and_each_stands_once() {
        let languages = frequent();
        assert_eq!((languages.len(), languages.is_sorted()), (24, true));
        for (code, words) in languages {
            for word in &words {
                let letters = word.chars().all(char::is_alphabetic) && word.to_lowercase() == *word;
                let once = words.iter().filter(|other| *other == word).count() == 1;
                assert!(letters && once && code.len() == 2, "{code}: {word}");
            }
        }
    }

    #[test]
    fn every_language_of_a_challenge_has_cases() {
        let cases = include_str!("../../fixtures/format/languages.txt");
        for code in KNOWN {
            assert!(cases.lines().filter(|line| line.ends_with(&format!(" => {code}"))).count() >= 3, "{code}");
        }
    }
}
