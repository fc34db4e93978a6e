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
use super::parts::{Part, Transfer, parts};
use super::quotation::{is_quoted, own_lines};

/// Most bytes of a body that are looked at.
const BODY_LIMIT: usize = 256 * 1024;
/// Most bytes of decoded text that are looked at, all parts together.
pub const WORDING_LIMIT: usize = 256 * 1024;
/// How far the opening of a text reaches, in bytes: a robot says early what it is.
pub const OPENING_LIMIT: usize = 3 * 1024;

/// A message's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// The decoded Subject, lower case, blanks run together.
    pub subject: String,
    /// The unquoted lines of all text parts, lower case, blanks run together, one blank between lines.
    pub text: String,
    /// The same without what stands below a signature's or an unmarked quotation's first line.
    pub own: String,
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
            let source = bounded(part, room);
            wording.has_link |= source.contains("http") || (part.is_html() && source.contains("href"));
            let text = if part.is_html() { html::to_text(&source) } else { source };
            for line in text.lines().filter(|line| !is_quoted(line)) {
                append_squeezed(&mut wording.text, line);
            }
            for line in own_lines(&text) {
                append_squeezed(&mut wording.own, line);
            }
        }
        wording
    }

    /// Whether the Subject says that somebody answers or passes something on: `Re:`, `Fwd:` and what mail programs
    /// write for them in other languages (RFC 5322 section 3.6.5), also counted: `Re[2]:`.
    #[must_use]
    pub fn is_answer_or_forward(&self) -> bool {
        const WORDS: [&str; 27] = [
            "antw",
            "aw",
            "doorst",
            "enc",
            "fs",
            "fw",
            "fwd",
            "i",
            "ilt",
            "odp",
            "pd",
            "r",
            "re",
            "ref",
            "rif",
            "rv",
            "sv",
            "tr",
            "vb",
            "vl",
            "vs",
            "wg",
            "ynt",
            "\u{56de}\u{590d}",
            "\u{7b54}\u{590d}",
            "\u{8f6c}\u{53d1}",
            "\u{8fd4}\u{4fe1}",
        ];
        let word = self.subject.split([':', '\u{ff1a}']).next().filter(|word| word.len() < self.subject.len());
        let counted = |c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' ' | '\u{a0}');
        word.is_some_and(|word| WORDS.contains(&word.trim_end_matches(counted)))
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

/// The text of every text part with its lines, HTML as a mail reader shows it; as much as [`Wording::read`] looks at.
#[must_use]
pub fn texts(head: &Head<'_>, body: &[u8]) -> Vec<String> {
    let mut room = WORDING_LIMIT;
    let mut texts = Vec::new();
    for part in parts(head, &body[..body.len().min(BODY_LIMIT)]).texts() {
        let source = bounded(part, room);
        room -= source.len();
        texts.push(if part.is_html() { html::to_text(&source) } else { source });
    }
    texts
}

/// At most so many of the text's first bytes.
#[must_use]
pub fn start(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Whether one of the phrases stands in the text.
#[must_use]
pub fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

fn bounded(part: &Part<'_>, room: usize) -> String {
    let mut source = decoded(part);
    source.truncate(source.floor_char_boundary(room));
    source
}

fn decoded(part: &Part<'_>) -> String {
    let bytes = match part.transfer {
        Transfer::Base64 => encoding::base64(part.bytes),
        Transfer::Plain => part.bytes.to_vec(),
        Transfer::QuotedPrintable => encoding::quoted_printable(part.bytes),
    };
    encoding::text(&bytes, part.charset.as_deref())
}

/// The text in lower case, blanks run together.
#[must_use]
pub fn squeezed(text: &str) -> String {
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
    fn answers_and_what_is_passed_on_are_known_by_their_subject() {
        let known = |subject: &str| wording(&format!("Subject: {subject}\n\nx\n")).is_answer_or_forward();
        for subject in
            ["Re: a", "RE : a", "Re[2]: a", "AW: a", "Fwd: Re: a", "TR : a", "SV: a", "\u{56de}\u{590d}\u{ff1a}a"]
        {
            assert!(known(subject), "{subject}");
        }
        for subject in ["", "Re", "re a: b", "Regarding: a", "Fw", "Auto: a", "[list] Re: a", ":"] {
            assert!(!known(subject), "{subject}");
        }
    }

    #[test]
    fn attachments_and_inner_messages_are_not_the_senders_words() {
        let message = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nmine\n--b\n\
            Content-Type: message/rfc822\n\nSubject: x\n\nnot mine\n--b\n\
            Content-Type: text/plain\nContent-Disposition: attachment\n\nnor this\n--b--\n";
        assert_eq!(wording(message).text, "mine");
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
