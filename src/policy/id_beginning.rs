//! The beginning of the number of a held message, as a person types it: one to ten of its digits.
//!
//! Promises: what is none is never taken for one, so whoever has one need not look at the text again. Never touches: what is
//! held, so it does not know whether one number or many begin so.

use std::fmt;
use std::ops::RangeInclusive;

use super::token::HeldId;

/// How many digits a number has.
const DIGITS: usize = 10;
/// How many numbers one digit tells apart.
const BASE: i64 = 16;

/// The first digits of a number, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdBeginning {
    value: i64,
    digits: usize,
}

impl IdBeginning {
    /// From one to ten hexadecimal digits, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<IdBeginning> {
        let digits = text.len();
        if !(1..=DIGITS).contains(&digits) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        i64::from_str_radix(text, 16).ok().map(|value| IdBeginning { value, digits })
    }

    /// The number, where all of its digits are there.
    #[must_use]
    pub fn whole(self) -> Option<HeldId> {
        (self.digits == DIGITS).then(|| HeldId::from_number(self.value)).flatten()
    }

    /// Whether that number begins so.
    #[must_use]
    pub fn begins(self, id: HeldId) -> bool {
        self.numbers().contains(&id.number())
    }

    /// The numbers that begin so, as [`HeldId::number`] gives them: they stand side by side.
    #[must_use]
    pub fn numbers(self) -> RangeInclusive<i64> {
        let size = (self.digits..DIGITS).fold(1, |size, _| size * BASE);
        let first = self.value * size;
        first..=first + size - 1
    }
}

impl fmt::Display for IdBeginning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:0width$x}", self.value, width = self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginning(text: &str) -> IdBeginning {
        IdBeginning::parse(text).unwrap()
    }

    #[test]
    fn what_is_no_beginning_is_none() {
        for text in ["", " ", "g", "0x1", "+1", "-1", " 1", "1 ", "01234567890", "a@b", "@a", "list:a", "١", "é"] {
            assert_eq!(IdBeginning::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn each_number_begins_with_each_of_its_beginnings_and_with_no_other() {
        for text in ["0000000000", "0123456789", "00000000ab", "ffffffffff", "fffffffff0", "8000000000"] {
            let id = HeldId::parse(text).unwrap();
            for length in 1..=10 {
                let mut start = text[..length].to_owned();
                assert!(beginning(&start).begins(id), "{start} {text}");
                assert!(beginning(&start.to_uppercase()).begins(id), "{start} {text}");
                let last = if start.pop() == Some('7') { '6' } else { '7' };
                start.push(last);
                assert!(!beginning(&start).begins(id), "{start} {text}");
            }
        }
    }

    #[test]
    fn only_ten_digits_are_a_number() {
        assert_eq!(beginning("0123456789").whole(), HeldId::parse("0123456789"));
        for text in ["0", "012345678", "123456789"] {
            assert_eq!(beginning(text).whole(), None, "{text}");
        }
    }

    #[test]
    fn it_reads_as_it_was_typed() {
        for text in ["0", "00a", "0123456789", "f"] {
            assert_eq!(beginning(text).to_string(), text);
        }
        assert_eq!(beginning("0A").to_string(), "0a");
    }
}
