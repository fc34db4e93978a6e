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

/// The same as a table, made when the program is built.
static TABLE: Table = Table::read(FREQUENT.as_bytes());

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
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let found: Vec<u32> = words.map(|word| TABLE.languages_of(word)).filter(|languages| *languages != 0).collect();
    let has = |languages: u32, of: usize| languages & (1 << of) != 0;
    let count = |of: usize| found.iter().filter(|word| has(**word, of)).count();
    let alone = |of: usize, beside: usize| found.iter().filter(|word| has(**word, of) && !has(**word, beside)).count();
    let clear = |&of: &usize| {
        count(of) >= WORDS_NEEDED
            && (0..LANGUAGES)
                .filter(|other| *other != of)
                .all(|other| alone(of, other) >= (2 * alone(other, of)).max(1))
    };
    (0..LANGUAGES).find(clear).map_or(Said::Nothing, |of| Said::from_code(TABLE.code(of)))
}

/// How many languages the file has.
const LANGUAGES: usize = 24;
/// How many places there are for words; more than twice as many as there are words, so that most stand where their hash
/// says.
const PLACES: usize = 1 << 12;

/// Which words are frequent in which languages.
struct Table {
    /// Where in the file each language's code stands.
    codes: [u16; LANGUAGES],
    words: [Word; PLACES],
}

/// A word of the file, or none where its length is nothing.
#[derive(Clone, Copy)]
struct Word {
    start: u16,
    length: u16,
    /// The numbers of its languages, as bits.
    languages: u32,
}

impl Table {
    /// Reads the file; a mistake in it stops the build.
    const fn read(file: &[u8]) -> Table {
        let nothing = Word { start: 0, length: 0, languages: 0 };
        let mut table = Table { codes: [0; LANGUAGES], words: [nothing; PLACES] };
        assert!(file.len() < 1 << 16, "the file of frequent words is longer than 64 KiB");
        let (mut at, mut count) = (0, 0);
        while at < file.len() {
            let start = at;
            if file[at] == b'#' {
                while file[at] != b'\n' {
                    at += 1;
                }
            }
            while !file[at].is_ascii_whitespace() {
                at += 1;
            }
            if file[start] != b'#' && at > start && file[at - 1] == b':' {
                assert!(
                    count < LANGUAGES && at - start == 3,
                    "a language too many, or one without a code of two letters"
                );
                table.codes[count] = start as u16;
                count += 1;
            } else if file[start] != b'#' && at > start {
                assert!(count > 0, "a word stands before the first language");
                table.add(file, start, at - start, 1 << (count - 1));
            }
            at += 1;
        }
        assert!(count == LANGUAGES, "a language is missing");
        table
    }

    const fn add(&mut self, file: &[u8], start: usize, length: usize, language: u32) {
        let mut place = place(file, start, length);
        while self.words[place].length > 0 && !self.words[place].is(file, start, length) {
            place = (place + 1) % PLACES;
        }
        let languages = self.words[place].languages | language;
        self.words[place] = Word { start: start as u16, length: length as u16, languages };
    }

    /// The numbers of the languages in which the word is frequent, as bits.
    fn languages_of(&self, word: &str) -> u32 {
        let bytes = word.as_bytes();
        let mut place = place(bytes, 0, bytes.len());
        while self.words[place].length > 0 {
            let Word { start, length, languages } = self.words[place];
            if &FREQUENT.as_bytes()[usize::from(start)..][..usize::from(length)] == bytes {
                return languages;
            }
            place = (place + 1) % PLACES;
        }
        0
    }

    fn code(&self, number: usize) -> &'static str {
        let start = usize::from(self.codes[number]);
        &FREQUENT[start..start + 2]
    }
}

impl Word {
    const fn is(self, file: &[u8], start: usize, length: usize) -> bool {
        let mut step = 0;
        while step < length && file[self.start as usize + step] == file[start + step] {
            step += 1;
        }
        self.length as usize == length && step == length
    }
}

/// Where a word is looked for first: FNV-1a, 32 bits, its upper ones.
const fn place(bytes: &[u8], start: usize, length: usize) -> usize {
    let (mut hash, mut at) = (0x811c_9dc5_u32, start);
    while at < start + length {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash >> 20) as usize
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

    /// Each language's code and words, as a person reads the file.
    fn frequent() -> Vec<(&'static str, Vec<&'static str>)> {
        let mut languages: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in FREQUENT.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let words = line.split_once(':').map_or(line, |(code, words)| {
                languages.push((code, Vec::new()));
                words
            });
            languages.last_mut().unwrap().1.extend(words.split_whitespace());
        }
        languages
    }

    #[test]
    fn the_words_are_lower_case_letters_and_each_stands_once() {
        let languages = frequent();
        assert!(languages.is_sorted());
        for (code, words) in languages {
            for word in &words {
                let letters = word.chars().all(char::is_alphabetic) && word.to_lowercase() == *word;
                let once = words.iter().filter(|other| *other == word).count() == 1;
                assert!(letters && once && code.len() == 2, "{code}: {word}");
            }
        }
    }

    #[test]
    fn the_table_holds_every_word_of_the_file_and_no_other() {
        let languages = frequent();
        assert_eq!(languages.len(), LANGUAGES);
        let mut words: Vec<&str> = languages.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        for (number, (code, _)) in languages.iter().enumerate() {
            assert_eq!(TABLE.code(number), *code);
        }
        for word in &words {
            let of = |(number, (_, own)): (usize, &(&str, Vec<&str>))| u32::from(own.contains(word)) << number;
            assert_eq!(TABLE.languages_of(word), languages.iter().enumerate().map(of).sum::<u32>(), "{word}");
            assert_eq!(TABLE.languages_of(&format!("{word}q")), 0, "{word}");
        }
        words.sort_unstable();
        words.dedup();
        let taken = TABLE.words.iter().filter(|word| word.length > 0).count();
        assert!(taken == words.len() && 2 * taken < PLACES, "{taken} places are taken");
        assert_eq!(TABLE.languages_of(""), 0);
    }

    #[test]
    fn every_language_of_a_challenge_has_cases() {
        let cases = include_str!("../../fixtures/format/languages.txt");
        for code in KNOWN {
            assert!(cases.lines().filter(|line| line.ends_with(&format!(" => {code}"))).count() >= 3, "{code}");
        }
    }
}
