//! The body of a message, walked and decoded once for everybody who looks into it.
//!
//! Promises: bounded as the walk is (`parts.rs`); what is looked for in the texts, and how much of them is looked at, is said
//! by those who look. Never touches: what a text means, attachments.

use super::head::Head;
use super::html;
use super::parts::{Part, Parts, parts};

/// Most bytes of a body that are looked at.
pub const BODY_LIMIT: usize = 256 * 1024;

/// What is in memory of a message's body.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// The parts of its first [`BODY_LIMIT`] bytes.
    pub parts: Parts<'a>,
    /// Those that a mail reader shows as the sender's text, by their numbers, and what they say.
    texts: Vec<(usize, Text)>,
}

/// What a text part says.
#[derive(Clone, Debug)]
pub struct Text {
    /// As it was written, with its encoding undone.
    source: String,
    /// As a reader sees it, where that is something else.
    shown: Option<String>,
}

impl<'a> Body<'a> {
    /// Walks and decodes the body that follows this header block. `bytes` may end anywhere.
    #[must_use]
    pub fn read(head: &Head<'a>, bytes: &'a [u8]) -> Body<'a> {
        let parts = parts(head, &bytes[..bytes.len().min(BODY_LIMIT)]);
        let texts = parts.all.iter().enumerate().filter(|(_, part)| part.is_text);
        let texts = texts.map(|(number, part)| (number, Text::read(part))).collect();
        Body { bytes, parts, texts }
    }

    /// The parts that a mail reader shows as the sender's text, with what they say.
    pub fn texts(&self) -> impl Iterator<Item = (&Part<'a>, &Text)> {
        self.texts.iter().filter_map(|(number, text)| Some((self.parts.all.get(*number)?, text)))
    }
}

impl Text {
    fn read(part: &Part<'_>) -> Text {
        let source = part.text();
        let shown = part.is_html().then(|| html::to_text(&source));
        Text { source, shown }
    }

    /// At most so many of the first bytes of what was written, still as HTML where it is that.
    #[must_use]
    pub fn source(&self, limit: usize) -> &str {
        &self.source[..self.source.floor_char_boundary(limit)]
    }

    /// What a reader sees of that.
    #[must_use]
    pub fn shown(&self, limit: usize) -> std::borrow::Cow<'_, str> {
        match &self.shown {
            None => self.source(limit).into(),
            Some(shown) if self.source.len() <= limit => shown.into(),
            Some(_) => html::to_text(self.source(limit)).into(),
        }
    }

    /// Whether there is more than so many bytes of what was written.
    #[must_use]
    pub fn is_longer_than(&self, limit: usize) -> bool {
        self.source.len() > limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_cuts_what_was_written_and_not_what_is_shown() {
        let message = b"Content-Type: text/html; charset=utf-8\n\n<b>\xc3\xa4b</b>";
        let head = Head::read(message);
        let body = Body::read(&head, &message[head.body..]);
        let (part, text) = body.texts().next().unwrap();
        assert!(part.is_html() && text.is_longer_than(5) && !text.is_longer_than(10));
        for (limit, source, shown) in
            [(2, "<b", ""), (4, "<b>", ""), (5, "<b>\u{e4}", "\u{e4}"), (99, "<b>\u{e4}b</b>", "\u{e4}b")]
        {
            assert_eq!((text.source(limit), &*text.shown(limit)), (source, shown), "{limit}");
        }
    }
}
