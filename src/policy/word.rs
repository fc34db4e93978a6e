//! Single words in answers: the easy word of `answer = "word"`, the word that any answer may be, and the word by which
//! somebody says "that was not me".
//!
//! Promises: the word follows from the token, so nothing is remembered; words are read whatever their case, accents
//! and punctuation. Never touches: whether the answer counts (`confirm.rs`).

use crate::mail::letters::plain;

/// The word by which every challenge offers to say "this was not me".
pub const NOT_ME: &str = "NOTME";

/// Ten things everybody knows, in each language in the same order (seed 004, "use the easiest test").
const WORDS: [(&str, [&str; 10]); 14] = [
    ("cs", ["dům", "strom", "chléb", "voda", "měsíc", "květina", "stůl", "mléko", "ryba", "pták"]),
    ("da", ["hus", "træ", "brød", "vand", "måne", "blomst", "bord", "mælk", "fisk", "fugl"]),
    ("de", ["Haus", "Baum", "Brot", "Wasser", "Mond", "Blume", "Tisch", "Milch", "Fisch", "Vogel"]),
    ("en", ["house", "tree", "bread", "water", "moon", "flower", "table", "milk", "fish", "bird"]),
    ("es", ["casa", "árbol", "pan", "agua", "luna", "flor", "mesa", "leche", "pez", "pájaro"]),
    ("fr", ["maison", "arbre", "pain", "eau", "lune", "fleur", "table", "lait", "poisson", "oiseau"]),
    ("it", ["casa", "albero", "pane", "acqua", "luna", "fiore", "tavolo", "latte", "pesce", "uccello"]),
    ("nb", ["hus", "tre", "brød", "vann", "måne", "blomst", "bord", "melk", "fisk", "fugl"]),
    ("nl", ["huis", "boom", "brood", "water", "maan", "bloem", "tafel", "melk", "vis", "vogel"]),
    ("pl", ["dom", "drzewo", "chleb", "woda", "księżyc", "kwiat", "stół", "mleko", "ryba", "ptak"]),
    ("pt", ["casa", "árvore", "pão", "água", "lua", "flor", "mesa", "leite", "peixe", "pássaro"]),
    ("ru", ["дом", "дерево", "хлеб", "вода", "луна", "цветок", "стол", "молоко", "рыба", "птица"]),
    ("sv", ["hus", "träd", "bröd", "vatten", "måne", "blomma", "bord", "mjölk", "fisk", "fågel"]),
    ("uk", ["будинок", "дерево", "хліб", "вода", "місяць", "квітка", "стіл", "молоко", "риба", "птах"]),
];

/// What people write for [`NOT_ME`] as a sentence of their own, folded and without blanks. It is compared whole: "it
/// was me, not my wife" is none of them. "I did not write this" is read word by word, and may be taken back (`confirm.rs`).
const NOT_ME_WORDS: [(&str, &str); 14] = [
    ("cs", "neja tonejsemja nebyljsemtoja nebylajsemtoja tojsemnebylja tojsemnebylaja neodemne"),
    ("da", "ikkemig detvarikkemig ikkeframig detvarikkeframig"),
    (
        "de",
        "nichtich ichnicht nichtvonmir ichwardasnicht ichwaresnicht daswarichnicht daswarnichtich \
          eswarnichtich daswarnichtvonmir dieemailwarnichtvonmir diemailwarnichtvonmir \
          dienachrichtwarnichtvonmir",
    ),
    (
        "en",
        "notme itwasnotme itwasntme thatwasnotme thatwasntme thiswasnotme thiswasntme wasntme notfromme \
          notmine",
    ),
    ("es", "noyo nofuiyo yonofui nosoyyo noerayo nohesidoyo noeramio"),
    ("fr", "pasmoi cenestpasmoi cestpasmoi cenetaitpasmoi cetaitpasmoi pasdemoi"),
    ("it", "nonio nonsonoio noneroio nonsonostatoio nonsonostataio"),
    ("nb", "ikkemeg ikkejeg detvarikkemeg detvarikkejeg ikkeframeg detvarikkeframeg"),
    ("nl", "nietik ikniet ikwashetniet datwasikniet ditwasikniet nietvanmij datwasnietvanmij"),
    ("pl", "nieja tonieja toniebylemja toniebylamja nieodemnie tonieodemnie"),
    ("pt", "naoeu naofuieu eunaofui naosoueu naoeraeu"),
    ("ru", "нея этонея этобылнея этобыланея неотменя янеписал янеписала"),
    ("sv", "intejag detvarintejag intefranmig detvarintefranmig"),
    ("uk", "нея ценея цебувнея цебуланея янеписав янеписала"),
];

/// What a challenge proposes to write where any answer counts: some mail programs (mutt, alpine) send no answer in which
/// nothing was written.
pub const ANY_WORD: [(&str, &str); 14] = [
    ("cs", "ano"),
    ("da", "ja"),
    ("de", "ja"),
    ("en", "yes"),
    ("es", "sí"),
    ("fr", "oui"),
    ("it", "sì"),
    ("nb", "ja"),
    ("nl", "ja"),
    ("pl", "tak"),
    ("pt", "sim"),
    ("ru", "да"),
    ("sv", "ja"),
    ("uk", "так"),
];

/// The word that is asked for with this token, in a language; English where there is none.
#[must_use]
pub fn word(token: &str, language: &str) -> &'static str {
    let row = WORDS.iter().find(|(code, _)| *code == language).or(WORDS.iter().find(|(code, _)| *code == "en"));
    row.map_or("", |(_, words)| words[index(token)])
}

/// Every word that may be asked for.
pub fn all_words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().flat_map(|(_, words)| words.iter().copied())
}

/// Whether one of these lines holds the word of this token, in whatever language.
#[must_use]
pub fn holds_word<'a>(token: &str, lines: impl IntoIterator<Item = &'a str>) -> bool {
    let wanted: Vec<String> = WORDS.iter().map(|(_, words)| plain(words[index(token)])).collect();
    lines.into_iter().any(|line| {
        let folded = plain(line);
        folded.split(|c: char| !c.is_alphanumeric()).any(|word| wanted.iter().any(|known| known == word))
    })
}

/// Whether somebody's first line says [`NOT_ME`], or the same in another language, and nothing else; a greeting may
/// stand above it.
#[must_use]
pub fn says_not_me<'a>(lines: impl IntoIterator<Item = &'a str>) -> bool {
    lines.into_iter().find(|line| !is_greeting(line)).is_some_and(is_not_me)
}

fn is_not_me(line: &str) -> bool {
    let letters: String = plain(line).chars().filter(|c| c.is_alphanumeric()).collect();
    // "Not me?" asks.
    !line.contains('?') && NOT_ME_WORDS.iter().any(|(_, all)| all.split(' ').any(|known| known == letters))
}

/// `Hello Alice,`: at most three words and a mark behind them.
fn is_greeting(line: &str) -> bool {
    line.ends_with([',', '!']) && line.split_whitespace().count() <= 3 && !is_not_me(line)
}

/// The 160 bits of a token end in its proof, so the sum of its characters is nobody's choice.
fn index(token: &str) -> usize {
    token.bytes().map(usize::from).sum::<usize>() % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12em04hmasw91nfkhj1hrff3tfhqc0hz";

    #[test]
    fn what_says_more_or_less_than_not_me_is_none() {
        for line in [
            "",
            "me",
            "not",
            "NOTME I said",
            "not mean",
            "no",
            "nein",
            "notme notme",
            "It was me, not my wife",
            "It was not me alone",
            "It was not me who called, but I wrote the mail",
            "Why not me",
            "Not me?",
            "That was me",
            "Ich war das",
            "Ich war das nicht allein",
            "Das war ich, nicht meine Frau",
            "C'est moi, pas ma femme",
            "Sono io, non mia moglie",
            "Soy yo, no mi mujer",
            "Sou eu, não a minha mulher",
            "Ik was het, niet mijn vrouw",
            "Det var mig, ikke min kone",
            "Det var meg, ikke kona",
            "Det var jag, inte min fru",
            "To ja, nie żona",
            "To jsem já, ne manželka",
            "Это я, не жена",
            "Це я, не дружина",
            // A name, not Czech.
            "Jane",
        ] {
            assert!(!says_not_me([line]), "{line}");
        }
        for lines in
            [["Hello Alice,", "It was me."], ["I wrote it", "Not me"], ["Hello there my dear Alice,", "Not me"]]
        {
            assert!(!says_not_me(lines), "{lines:?}");
        }
    }

    #[test]
    fn not_me_is_known_in_every_language() {
        for line in [
            "NOTME",
            "notme.",
            "Not me!",
            " *NotMe* ",
            "It was not me.",
            "It wasn\u{2019}t me",
            "Nicht ich",
            "Das war ich nicht!",
            "Pas moi.",
            "Ce n\u{2019}était pas moi",
            "No fui yo",
            "Non sono stata io",
            "Ik was het niet",
            "Det var ikke mig",
            "Det var ikke meg",
            "Det var inte jag.",
            "To nie ja",
            "To jsem nebyla já",
            "Não fui eu",
            "не я",
            "Это был не я",
            "Це була не я",
        ] {
            assert!(says_not_me([line]), "{line}");
            assert!(says_not_me(["Hello Alice,", line, "Bob"]), "{line}");
        }
        assert_eq!(NOT_ME_WORDS.map(|(code, _)| code), WORDS.map(|(code, _)| code));
    }

    #[test]
    fn another_word_does_not_count() {
        let right = word(TOKEN, "en");
        let others = WORDS.iter().find(|(code, _)| *code == "en").unwrap().1;
        for wrong in others.iter().filter(|other| **other != right) {
            assert!(!holds_word(TOKEN, [*wrong]), "{wrong}");
        }
        for (code, any) in ANY_WORD {
            let asked = WORDS.iter().flat_map(|(_, words)| words).map(|word| plain(word));
            assert!(!asked.collect::<Vec<_>>().contains(&plain(any)), "{code}: {any} is asked for elsewhere");
            assert!(!says_not_me([any]), "{code}: {any}");
        }
        assert!(!holds_word(TOKEN, ["", "yes", &format!("{right}s"), &format!("x{right}")]));
    }

    #[test]
    fn the_word_is_read_whatever_it_looks_like() {
        for (language, _) in WORDS {
            let word = word(TOKEN, language);
            for line in [word.to_owned(), word.to_uppercase(), format!("\"{word}\"!"), format!("The word is {word}.")] {
                assert!(holds_word(TOKEN, [line.as_str()]), "{line}");
            }
        }
    }

    #[test]
    fn different_tokens_ask_for_different_words() {
        let words: std::collections::BTreeSet<&str> =
            (0..32).map(|n| word(&format!("{}{}", "0".repeat(n), "1".repeat(32 - n)), "en")).collect();
        assert!(words.len() >= 8, "{words:?}");
    }
}
