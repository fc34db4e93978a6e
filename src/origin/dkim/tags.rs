//! A list of tags (RFC 6376 section 3.2): `v=1; a=rsa-sha256; …`, as it stands in a signature and in a key record.
//!
//! Promises: never fails but by name; the whole list is grammatical, or none of it is given; at most [`TAG_LIMIT`] tags.
//! Never touches: what a tag means.

use core::ops::Range;

/// Most tags of one list; signatures have 13 kinds (RFC 6376 section 3.5).
pub const TAG_LIMIT: usize = 64;

/// The tags of a list, in their order.
pub(super) struct Tags<'a>(Vec<Tag<'a>>);

/// One of them.
pub(super) struct Tag<'a> {
    pub(super) name: &'a [u8],
    /// Without the blanks around it.
    pub(super) value: &'a [u8],
    /// Where the value stands, with the blanks around it: all between `=` and `;`.
    pub(super) place: Range<usize>,
}

/// Why a text is no list of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagFault {
    /// Two tags of one name: the whole list is invalid (RFC 6376 section 3.2).
    Duplicate,
    /// A tag without a name, without `=`, or with a character that may not stand there.
    Malformed,
    /// More than [`TAG_LIMIT`].
    TooMany,
}

impl<'a> Tags<'a> {
    /// Reads a whole list. Values may hold bytes outside ASCII (RFC 8616 section 4), and no control characters.
    pub(super) fn read(text: &'a [u8]) -> Result<Tags<'a>, TagFault> {
        let mut tags: Vec<Tag<'a>> = Vec::new();
        let mut start = 0;
        let mut pieces = text.split(|byte| *byte == b';').peekable();
        while let Some(piece) = pieces.next() {
            let end = start + piece.len();
            // One semicolon may stand at the end.
            if trimmed(piece).is_empty() && pieces.peek().is_none() && !tags.is_empty() {
                break;
            }
            let (name, value) = halves(piece).ok_or(TagFault::Malformed)?;
            if tags.iter().any(|known| known.name == name) {
                return Err(TagFault::Duplicate);
            }
            if tags.len() >= TAG_LIMIT {
                return Err(TagFault::TooMany);
            }
            tags.push(Tag { name, value: trimmed(value), place: end - value.len()..end });
            start = end + 1;
        }
        Ok(Tags(tags))
    }

    /// The tag of that name. Names have a case (RFC 6376 section 3.2).
    pub(super) fn tag(&self, name: &str) -> Option<&Tag<'a>> {
        self.0.iter().find(|tag| tag.name == name.as_bytes())
    }

    /// The value of that tag, without the blanks around it.
    pub(super) fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.tag(name).map(|tag| tag.value)
    }

    /// The name of the first tag.
    pub(super) fn first(&self) -> Option<&'a [u8]> {
        self.0.first().map(|tag| tag.name)
    }
}

/// The values between the colons, without the blanks around them.
pub(super) fn listed(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b':').map(trimmed)
}

/// Whether one of the values between the colons is that word, whatever its case.
pub(super) fn lists(value: &[u8], word: &str) -> bool {
    listed(value).any(|one| one.eq_ignore_ascii_case(word.as_bytes()))
}

/// The bytes that a value in base64 stands for; blanks may stand anywhere in it (RFC 6376 section 3.5), and the signs that
/// fill it up may be missing.
pub(super) fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let mut text: Vec<u8> = value.iter().copied().filter(|byte| !is_blank(*byte)).collect();
    let filling = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if filling > 2 || (filling > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    text.truncate(text.len() - filling);
    data_encoding::BASE64_NOPAD.decode(&text).ok()
}

/// Without the blanks and folds around it.
fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

/// The name and all behind the `=`.
fn halves(piece: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = piece.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (trimmed(piece.get(..at)?), piece.get(at + 1..)?);
    let named = name.first()?.is_ascii_alphabetic() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let good = value.iter().all(|byte| is_blank(*byte) || (*byte > b' ' && *byte != 0x7f));
    (named && good).then_some((name, value))
}

/// White space that may be folded (RFC 6376 section 2.8).
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_tags_is_refused_whole() {
        for text in [
            "",
            " ",
            ";",
            "a",
            "a=1;;b=2",
            ";a=1",
            "=1",
            "1a=1",
            "a b=1",
            "a-b=1",
            "a=1; ; b=2",
            "a=1;;",
            "a=\u{7f}",
            "a=\0",
            "\u{e4}=1",
        ] {
            assert_eq!(Tags::read(text.as_bytes()).err(), Some(TagFault::Malformed), "{text:?}");
        }
    }

    #[test]
    fn two_tags_of_one_name_make_the_list_invalid() {
        assert_eq!(Tags::read(b"a=1; b=2; a=1").err(), Some(TagFault::Duplicate));
        assert!(Tags::read(b"a=1; A=1").is_ok(), "names have a case");
    }

    #[test]
    fn more_tags_than_the_limit_are_refused() {
        let list = |count: usize| (0..count).map(|at| format!("a{at}=1;")).collect::<String>();
        assert!(Tags::read(list(TAG_LIMIT).as_bytes()).is_ok());
        assert_eq!(Tags::read(list(TAG_LIMIT + 1).as_bytes()).err(), Some(TagFault::TooMany));
    }

    #[test]
    fn blanks_around_a_value_belong_to_its_place() {
        let text = b" a =\r\n\tx y ;b=;c= 1=2 ; ";
        let tags = Tags::read(text).unwrap();
        assert_eq!((tags.value("a"), tags.value("b"), tags.value("d")), (Some(&b"x y"[..]), Some(&b""[..]), None));
        assert_eq!(tags.value("c"), Some(&b"1=2"[..]));
        assert_eq!(&text[tags.tag("a").unwrap().place.clone()], b"\r\n\tx y ");
        assert_eq!(tags.first(), Some(&b"a"[..]));
    }

    #[test]
    fn base64_may_be_folded_and_must_be_whole() {
        assert_eq!(decoded(b"aGFs\r\n bG8 =").as_deref(), Some(&b"hallo"[..]));
        assert_eq!(decoded(b"aGFsbG8").as_deref(), Some(&b"hallo"[..]));
        for text in ["a", "aGFsbG8==", "aGFsb===", "aGF*", "aGFsbG9=", "\u{e4}"] {
            assert_eq!(decoded(text.as_bytes()), None, "{text}");
        }
    }
}
