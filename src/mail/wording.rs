//! What a message says in its Subject and its own text, brought into one form in which phrases can be looked for.
//!
//! Promises: at most [`WORDING_LIMIT`] bytes of decoded text, lower case, blanks run together, without what is quoted: an
//! answer to a challenge must not be taken for the challenge that it quotes;
//! linear in time. Which phrases mean what is said where they mean it (`challenge_text`, `auto_reply`, `bounce`,
//! `bulk`). Never touches: attachments and messages inside the message.

use super::encoding;
use super::fold::decode_words;
use super::head::Head;
use super::html;
use super::page::{self, Page};
use super::parts::{Part, Transfer, parts};
use super::quotation::{is_quoted, own_lines, unquoted_lines};

/// Most bytes of a body that are looked at.
const BODY_LIMIT: usize = 256 * 1024;
/// Most bytes of decoded text that are looked at, all parts together.
pub const WORDING_LIMIT: usize = 256 * 1024;
/// How far the opening of a text reaches, in bytes: a robot says early what it is.
pub const OPENING_LIMIT: usize = 3 * 1024;

/// Beside a picture fewer bytes of text are none.
const PICTURE_WORDS: usize = 40;

/// A message's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// The decoded Subject, lower case, blanks run together.
    pub subject: String,
    /// The unquoted lines of all text parts, lower case, blanks run together, one blank between lines.
    pub text: String,
    /// The same without what stands below a signature's or an unmarked quotation's first line.
    pub own: String,
    /// The same with signatures and what lists and programs add below them, up to where another message is passed on.
    pub said: String,
    /// How its HTML is built.
    pub page: Page,
    /// Whether some part of it can be clicked: a link in HTML, or an address of the web in text.
    pub has_link: bool,
}

impl Wording {
    /// Reads the words of the message with this header block.
    #[must_use]
    pub fn read(head: &Head<'_>, body: &[u8]) -> Wording {
        let subject = head.first("Subject").filter(|field| field.is_bounded());
        let mut wording = Wording {
            subject: subject.map(|field| squeezed(&decode_words(&field.unfolded()))).unwrap_or_default(),
            ..Wording::default()
        };
        for part in parts(head, &body[..body.len().min(BODY_LIMIT)]).texts() {
            let room = WORDING_LIMIT - wording.text.len().min(WORDING_LIMIT);
            let mut source = decoded(part);
            source.truncate(source.floor_char_boundary(room));
            wording.has_link |= source.contains("http") || (part.is_html() && source.contains("href"));
            if part.is_html() {
                wording.add_page(page::look(&source));
            }
            let text = if part.is_html() { html::to_text(&source) } else { source };
            for line in text.lines().filter(|line| !is_quoted(line)) {
                append_squeezed(&mut wording.text, line);
            }
            for line in own_lines(&text) {
                append_squeezed(&mut wording.own, line);
            }
            for line in unquoted_lines(&text) {
                append_squeezed(&mut wording.said, line);
            }
        }
        wording
    }

    fn add_page(&mut self, page: Page) {
        self.page.designed |= page.designed;
        self.page.disguised |= page.disguised;
        self.page.false_link |= page.false_link;
        self.page.picture |= page.picture;
    }

    /// Whether it is a picture to click at, and next to no word in any part.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        self.page.picture && self.text.len() < PICTURE_WORDS
    }

    /// The first [`OPENING_LIMIT`] bytes of what the sender wrote himself.
    #[must_use]
    pub fn opening(&self) -> &str {
        self.first(OPENING_LIMIT)
    }

    /// At most so many of the first bytes of what the sender wrote himself.
    #[must_use]
    pub fn first(&self, bytes: usize) -> &str {
        start(&self.own, bytes)
    }
}

/// At most so many of the text's first bytes.
#[must_use]
pub fn start(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Whether one of the phrases stands in the text.
#[must_use]
pub fn says(text: &str, phrases: &[&str]) -> bool {
    Searched::of(text).says(phrases)
}

/// A text in which many phrases are looked for.
pub struct Searched<'t> {
    text: &'t str,
    pairs: Pairs,
}

impl<'t> Searched<'t> {
    /// Notes down what is needed to know most phrases not to stand in it.
    #[must_use]
    pub fn of(text: &'t str) -> Searched<'t> {
        Searched { text, pairs: Pairs::of(text) }
    }

    /// Whether the phrase stands in it.
    #[must_use]
    pub fn has(&self, phrase: &str) -> bool {
        self.pairs.may_hold(phrase) && self.text.contains(phrase)
    }

    /// Whether one of the phrases stands in it.
    #[must_use]
    pub fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    /// Whether of each group one of the phrases stands in it.
    #[must_use]
    pub fn says_all(&self, groups: &[&[&str]]) -> bool {
        groups.iter().all(|phrases| self.says(phrases))
    }

    /// How many of the phrases stand in it.
    #[must_use]
    pub fn count(&self, phrases: &[&str]) -> usize {
        phrases.iter().filter(|phrase| self.has(phrase)).count()
    }
}

/// Which pairs of neighbouring bytes a text has: most phrases are known from them not to stand in it, which is many
/// times faster than to search for each.
struct Pairs([u64; 64]);

impl Pairs {
    fn of(text: &str) -> Pairs {
        let mut pairs = Pairs([0; 64]);
        for pair in text.as_bytes().windows(2) {
            let (word, bit) = Pairs::place(pair);
            pairs.0[word] |= bit;
        }
        pairs
    }

    fn may_hold(&self, phrase: &str) -> bool {
        phrase.as_bytes().windows(2).all(|pair| {
            let (word, bit) = Pairs::place(pair);
            self.0[word] & bit != 0
        })
    }

    /// Two pairs may share a place: then the text is searched in vain, no more.
    fn place(pair: &[u8]) -> (usize, u64) {
        (usize::from(pair[0] & 63), 1 << (pair[1] & 63))
    }
}

fn decoded(part: &Part<'_>) -> String {
    let bytes = match part.transfer {
        Transfer::Base64 => encoding::base64(part.bytes),
        Transfer::Plain => part.bytes.to_vec(),
        Transfer::QuotedPrintable => encoding::quoted_printable(part.bytes),
    };
    encoding::text(&bytes, part.charset.as_deref())
}

fn squeezed(text: &str) -> String {
    let mut out = String::new();
    append_squeezed(&mut out, text);
    out
}

/// Adds a line in lower case. Typographic apostrophes and hyphens become plain ones: `don’t`, `e‑mail`.
fn append_squeezed(out: &mut String, line: &str) {
    for word in line.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars().flat_map(char::to_lowercase) {
            match c {
                '\u{2018}' | '\u{2019}' => out.push('\''),
                '\u{2010}' | '\u{2011}' => out.push('-'),
                '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
                c => out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(message: &str) -> Wording {
        let head = Head::read(message.as_bytes());
        Wording::read(&head, &message.as_bytes()[head.body..])
    }

    #[test]
    fn the_senders_words_come_in_one_form() {
        let read = wording("Subject: =?utf-8?q?Caf=C3=89?=\n  Now\n\nDon\u{2019}t  WORRY\n> not this\nE\u{2011}mail\n");
        assert_eq!(read.subject, "caf\u{e9} now");
        assert_eq!(read.text, "don't worry e-mail");
        assert!(!read.has_link);
        let html = wording("Content-Type: text/html\n\n<p>Go <a href=x>here</a>\n<blockquote>no</blockquote>");
        assert_eq!((html.text.as_str(), html.has_link), ("go here", true));
        assert!(wording("A: b\n\nsee https://x.org/\n").has_link);
    }

    #[test]
    fn an_unmarked_quotation_is_not_the_senders_own() {
        let read =
            wording("Subject: Re: x\n\nYes.\n\n-----Original Message-----\nFrom: A\nThis is an automatic reply.\n");
        assert_eq!(read.own, "yes.");
        assert!(read.text.contains("automatic"));
    }

    #[test]
    fn attachments_and_inner_messages_are_not_the_senders_words() {
        let message = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nmine\n--b\n\
            Content-Type: message/rfc822\n\nSubject: x\n\nnot mine\n--b\n\
            Content-Type: text/plain\nContent-Disposition: attachment\n\nnor this\n--b--\n";
        assert_eq!(wording(message).text, "mine");
    }

    #[test]
    fn a_phrase_is_found_wherever_it_stands_and_only_there() {
        let text = format!("{} the last \u{fc}word", "a sentence of many words. ".repeat(9));
        for phrase in ["a sentence", "words. a", "\u{fc}word", "last \u{fc}", "w", ""] {
            assert!(
                says(&text, &["zz", "qq", "xx", phrase]) && Searched::of(&text).count(&["zz", phrase]) == 1,
                "{phrase}"
            );
        }
        for phrase in ["wordsa", "sentences", "last  \u{fc}", "rdw", "word."] {
            assert!(text.contains(phrase) || !says(&text, &["zz", "qq", "xx", phrase]), "{phrase}");
        }
        let searched = Searched::of(&text);
        assert!(searched.says_all(&[&["zz", "many"], &["last"]]) && !searched.says_all(&[&["many"], &["zz"]]));
    }

    #[test]
    fn a_long_text_is_bounded_and_takes_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["a ", "\u{1e9e}", "> ", "\n", "<", "&"] {
            for kind in ["plain", "html"] {
                let read = wording(&format!("Content-Type: text/{kind}\n\n{}", unit.repeat(400_000 / unit.len())));
                assert!(read.text.len() <= WORDING_LIMIT * 3 && read.opening().len() <= OPENING_LIMIT);
            }
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
