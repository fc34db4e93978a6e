//! What a message looks like when names, numbers and addresses are taken out of it: some pairs of neighbouring words,
//! by which copies of one text are known again though a greeting or a word was changed.
//!
//! Promises: pure and bounded; a text too short to be compared has no shape, since many people write "Happy birthday".
//! Never touches: history, what is done with it.

/// A text of fewer words says too little: two strangers may write the same by chance.
pub const WORDS_NEEDED: usize = 8;
/// Most pairs that are kept of a text.
pub const PAIRS_LIMIT: usize = 12;
/// So many words are compared.
const WORDS_LIMIT: usize = 200;
/// Words longer than that are cut, in bytes.
const WORD_LIMIT: usize = 40;

/// The pairs of neighbouring words of Subject and text that a hash puts first, each once; none if there are fewer words
/// than [`WORDS_NEEDED`]. Words are in lower case and without those that hold digits, addresses or links; `Re:` and the
/// like are left out. Every text picks by the same hash, so two texts share about as large a part of what is kept as of
/// all their pairs (Broder 1997, "On the resemblance and containment of documents").
#[must_use]
pub fn shape<'a>(subject: &'a str, lines: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let texts = std::iter::once(subject).chain(lines.into_iter().map(String::as_str));
    // All words with a blank between them, and where each stands there: so a pair is a piece of it.
    let (mut all, mut places) = (String::new(), Vec::with_capacity(WORDS_LIMIT));
    for text in texts.flat_map(str::split_whitespace) {
        if places.len() == WORDS_LIMIT {
            break;
        }
        let start = all.len();
        if append_word(&mut all, text) {
            places.push((start, all.len()));
            all.push(' ');
        }
    }
    if places.len() < WORDS_NEEDED {
        return Vec::new();
    }
    let pairs = places.windows(2).map(|pair| &all[pair[0].0..pair[1].1]);
    let mut pairs: Vec<(u64, &str)> = pairs.map(|pair| (rank(pair), pair)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.into_iter().take(PAIRS_LIMIT).map(|(_, pair)| pair.to_owned()).collect()
}

/// How many of a text's pairs another one must share to be a copy of it: two thirds. One word changed in a text of ten
/// leaves seven pairs of nine; of two letters on the same matter by two people hardly any are the same.
#[must_use]
pub fn pairs_needed(pairs: usize) -> usize {
    (2 * pairs).div_ceil(3)
}

/// FNV-1a, 64 bits: an order that has nothing to do with what the words say.
fn rank(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Adds a word in the form in which it is compared, if it is one; whether it is.
fn append_word(all: &mut String, text: &str) -> bool {
    let changes = |c: char| c.is_numeric() || matches!(c, '@' | '/' | '_' | '=');
    let inner_stop = || text.trim_matches(|c: char| !c.is_alphanumeric()).contains('.');
    if text.contains(changes) || (text.contains('.') && inner_stop()) {
        return false;
    }
    let start = all.len();
    all.extend(text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase));
    let letters = all.len() - start;
    let prefix = text.ends_with(':') && letters <= 3;
    let is_word = letters > 0 && !prefix;
    all.truncate(if is_word { all.floor_char_boundary(start + letters.min(WORD_LIMIT)) } else { start });
    is_word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subject: &str, text: &str) -> Vec<String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        shape(subject, &lines)
    }

    fn alike(one: &[String], two: &[String]) -> bool {
        !one.is_empty() && one.iter().filter(|pair| two.contains(pair)).count() >= pairs_needed(one.len())
    }

    const OFFER: &str = "I found your address on the page of the garden club. We sell a hundred kinds of apple trees, old \
        ones too, and send them all over the country before winter comes. If you like to see our list, tell us which \
        kinds you have, and we find what goes with them. Delivery costs nothing this year.";

    #[test]
    fn a_short_text_has_no_shape() {
        assert!(of("Happy birthday", "Dear Alice, all the best").is_empty());
        assert!(of("", "").is_empty());
        assert!(of("1 2 3 4", "5 6 7 8 9 a@b.c d@e.f http://x.example/y").is_empty());
    }

    #[test]
    fn another_text_is_not_alike() {
        let letter = "I saw your talk at the meeting of the garden club, and wonder whether you would come to ours in \
            spring. We are thirty people, most of them with old apple trees, and would pay what the journey costs. \
            If you like to, tell us which day suits you.";
        assert!(!alike(&of("Apples", OFFER), &of("Apples", letter)));
        let eight = of("", "one two three four five six seven eight");
        assert!(!alike(&eight, &of("", "eight seven six five four three two one")), "the order counts");
    }

    #[test]
    fn a_changed_greeting_subject_name_or_word_is_still_alike() {
        let one = of("Apples", OFFER);
        assert_eq!(one.len(), PAIRS_LIMIT);
        for (subject, text) in [
            ("Old apple trees for you", OFFER.to_owned()),
            ("Apples", format!("Dear Ann,\n{OFFER}")),
            ("Apples", format!("Good evening Mister Miller\n{OFFER}\nKind regards, Tom")),
            ("Apples", OFFER.replace("hundred", "thousand")),
            ("Apples", OFFER.replace("winter", "spring").replace("country", "continent")),
        ] {
            assert!(alike(&one, &of(subject, &text)) && alike(&of(subject, &text), &one), "{subject}: {text}");
        }
        let short = of("Invoice", "please find the invoice for your last order attached");
        let changed = of("Invoice", "please find the invoice for your last parcel attached");
        assert!(alike(&short, &changed), "{short:?} {changed:?}");
    }

    #[test]
    fn numbers_addresses_case_and_marks_change_nothing() {
        let one = of("Invoice 4711", "Please find the invoice for your order 17 attached, bob@x.example!");
        let two = of("Re: INVOICE", "please find, the invoice. For your ORDER attached (www.x.example/a17)");
        assert!(!one.is_empty());
        assert_eq!(one, two);
    }

    #[test]
    fn it_is_bounded() {
        let long = format!("{} ", "x".repeat(5_000)).repeat(5_000);
        let shape = of("", &long);
        assert_eq!(shape.len(), 1, "the same pair again and again");
        assert!(shape[0].len() <= 2 * WORD_LIMIT + 1);
        assert_eq!((pairs_needed(1), pairs_needed(7), pairs_needed(12)), (1, 5, 8));
    }
}
