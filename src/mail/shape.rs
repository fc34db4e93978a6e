//! What a message looks like when names, numbers and addresses are taken out of it: copies of one text by many senders
//! look the same.
//!
//! Promises: pure and bounded; a text too short to be compared has no shape, since many people write "Happy birthday".
//! Never touches: history, what is done with it.

/// A text of fewer words says too little: two strangers may write the same by chance.
pub const WORDS_NEEDED: usize = 8;
/// So many words are compared.
const WORDS_LIMIT: usize = 200;
/// Words longer than that are cut, in bytes.
const WORD_LIMIT: usize = 40;

/// The words of Subject and text in lower case, without those that hold digits, addresses or links; none if there are
/// fewer than [`WORDS_NEEDED`]. `Re:` and the like are left out.
#[must_use]
pub fn shape<'a>(subject: &'a str, lines: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for text in std::iter::once(subject).chain(lines.into_iter().map(String::as_str)) {
        words.extend(text.split_whitespace().filter_map(word));
    }
    words.truncate(WORDS_LIMIT);
    (words.len() >= WORDS_NEEDED).then(|| words.join(" "))
}

fn word(text: &str) -> Option<String> {
    let changes = |c: char| c.is_numeric() || matches!(c, '@' | '/' | '_' | '=');
    let inner_stop = text.trim_matches(|c: char| !c.is_alphanumeric()).contains('.');
    if text.contains(changes) || inner_stop {
        return None;
    }
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let prefix = text.ends_with(':') && letters.len() <= 3;
    let cut = letters.floor_char_boundary(letters.len().min(WORD_LIMIT));
    (!letters.is_empty() && !prefix).then(|| letters[..cut].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subject: &str, text: &str) -> Option<String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        shape(subject, &lines)
    }

    #[test]
    fn a_short_text_has_no_shape() {
        assert_eq!(of("Happy birthday", "Dear Alice, all the best"), None);
        assert_eq!(of("", ""), None);
        assert_eq!(of("1 2 3 4", "5 6 7 8 9 a@b.c d@e.f http://x.example/y"), None);
    }

    #[test]
    fn another_text_has_another_shape() {
        let one = of("Invoice", "please find the invoice for your order attached");
        assert!(one.is_some());
        assert_ne!(one, of("Invoice", "please find the invoice for your parcel attached"));
    }

    #[test]
    fn numbers_addresses_case_and_marks_change_nothing() {
        let one = of("Invoice 4711", "Please find the invoice for your order 17 attached, bob@x.example!");
        let two = of("Re: INVOICE", "please find, the invoice. For your ORDER attached (www.x.example/a17)");
        assert!(one.is_some());
        assert_eq!(one, two);
    }

    #[test]
    fn it_is_bounded() {
        let long = format!("{} ", "x".repeat(5_000)).repeat(5_000);
        assert!(of("", &long).is_some_and(|shape| shape.len() < 10_000));
    }
}
