//! Letters as people type them who leave accents out.
//!
//! Promises: lower case without accents, linear in time. Never touches: which words are meant.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Lower case without accents: letters that are not an accented other one are written as people type them.
#[must_use]
pub fn plain(text: &str) -> String {
    let nfd = DecomposingNormalizerBorrowed::new_nfd();
    let mut out = String::with_capacity(text.len());
    for c in nfd.normalize(&text.to_lowercase()).chars() {
        match c {
            '\u{300}'..='\u{36f}' => {}
            'ø' => out.push('o'),
            'æ' => out.push_str("ae"),
            'ł' => out.push('l'),
            'ß' => out.push_str("ss"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_may_be_left_out() {
        for (typed, meant) in [("PAJARO", "pájaro"), ("maelk", "mælk"), ("stol", "stół"), ("brod", "brød")] {
            assert_eq!(plain(typed), plain(meant));
        }
        assert_eq!(plain("Ёжик"), "ежик");
    }
}
