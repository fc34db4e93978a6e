//! What a message says in its Subject and its own text, brought into one form in which phrases can be looked for.
//!
//! Promises: at most [`WORDING_LIMIT`] bytes of decoded text, lower case, blanks run together, without what is quoted: an
//! answer must not be taken for what it quotes; linear in time. Which phrases mean what is said in `rules.rs`. Never
//! touches: attachments and messages inside the message.

use super::page;
use super::words::{Group, LANGUAGES, Language, RUN_PLACES, run};
use crate::mail::fold::decode_words;
use crate::mail::head::Head;
use crate::mail::html;
use crate::mail::parts::{Part, parts};
use crate::mail::quotation::{is_quoted, lines_above_copy, own_lines};

/// Most bytes of a body that are looked at.
const BODY_LIMIT: usize = 256 * 1024;
/// Most bytes of decoded text that are looked at, all parts together.
pub const WORDING_LIMIT: usize = 256 * 1024;

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
    /// Whether its HTML is laid out by a designer.
    pub designed: bool,
    /// Whether some part of it can be clicked: a link in HTML, or an address of the web in text.
    pub has_link: bool,
    /// Whether its Subject says that it answers another message, or passes one on: a copy of that stands below.
    pub copies: bool,
    /// Whether it answers another message, by a field or by its Subject.
    pub answers: bool,
    /// What could stand in the texts above.
    runs: Runs,
}

impl Wording {
    /// Reads the words of the message with this header block.
    #[must_use]
    pub fn read(head: &Head<'_>, body: &[u8]) -> Wording {
        let subject = head.first("Subject").filter(|field| field.is_bounded());
        let subject = subject.map(|field| squeezed(&decode_words(&field.unfolded()))).unwrap_or_default();
        let marked = |group| subject_mark(&subject).is_some_and(|mark| is_mark(mark, group));
        let answer = marked(Group::AnswerMark);
        let copies = answer || marked(Group::ForwardMark);
        let answers = answer || head.first("In-Reply-To").is_some();
        let mut wording = Wording { copies, answers, ..Wording::default() };
        for part in parts(head, &body[..body.len().min(BODY_LIMIT)]).texts() {
            let source = bounded(part, WORDING_LIMIT - wording.text.len().min(WORDING_LIMIT));
            wording.has_link |= source.contains("http") || (part.is_html() && source.contains("href"));
            wording.designed |= part.is_html() && page::is_designed(&source);
            wording.add(&shown(part, source));
        }
        wording.subject = subject;
        wording.note_runs();
        wording
    }

    fn add(&mut self, text: &str) {
        for line in text.lines().filter(|line| !is_quoted(line)) {
            append_squeezed(&mut self.text, line);
        }
        for line in own_lines(text) {
            append_squeezed(&mut self.own, line);
        }
        for line in lines_above_copy(text, self.copies) {
            append_squeezed(&mut self.said, line);
        }
    }

    fn note_runs(&mut self) {
        self.runs.add(&self.subject);
        self.runs.add(&self.text);
        // Most often nothing is cut off but the end.
        for piece in [&self.own, &self.said] {
            if !self.text.starts_with(piece) {
                self.runs.add(piece);
            }
        }
    }

    /// At most so many of the first bytes of what the sender wrote himself.
    #[must_use]
    pub fn first(&self, bytes: usize) -> &str {
        &self.own[..self.own.floor_char_boundary(bytes)]
    }

    /// At most so many of the last bytes of what the sender wrote himself.
    #[must_use]
    pub fn last(&self, bytes: usize) -> &str {
        &self.own[self.own.ceil_char_boundary(self.own.len().saturating_sub(bytes))..]
    }

    /// Where phrases of the group stand in a piece of these words, in bytes.
    pub fn places<'w>(
        &'w self,
        piece: &'w str,
        language: &'static Language,
        group: Group,
    ) -> impl Iterator<Item = (usize, usize)> + 'w {
        let possible = move |runs: &[u16; 3]| !piece.is_empty() && self.runs.may_hold(runs);
        language.phrases(group, possible).flat_map(move |phrase| phrase.places(piece))
    }

    /// Whether a phrase of the group stands in a piece of these words.
    #[must_use]
    pub fn says(&self, piece: &str, language: &'static Language, group: Group) -> bool {
        self.places(piece, language, group).next().is_some()
    }
}

/// What stands before the first colon of a Subject, without brackets and its count: `re` of `re[2]: a`, `fwd` of `[fwd: a]`.
fn subject_mark(subject: &str) -> Option<&str> {
    let (word, _) = subject.split_once([':', '\u{ff1a}'])?;
    let counted = |c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' ' | '\u{a0}');
    Some(word.trim_start_matches(['[', '(']).trim_end_matches(counted))
}

fn is_mark(mark: &str, group: Group) -> bool {
    LANGUAGES.iter().any(|(_, language)| language.phrases(group, |_| true).any(|phrase| phrase.words == mark))
}

/// Which runs of three bytes the words have, so that most phrases are ruled out without a search.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Runs([u64; Runs::WORDS]);

impl Runs {
    const WORDS: usize = RUN_PLACES / 64;

    fn add(&mut self, text: &str) {
        for three in text.as_bytes().windows(3) {
            let place = run(three, 0);
            self.0[usize::from(place / 64)] |= 1 << (place % 64);
        }
    }

    /// No only if the phrase with these runs stands nowhere.
    fn may_hold(&self, runs: &[u16; 3]) -> bool {
        runs.iter().all(|place| self.0[usize::from(place / 64)] & (1 << (place % 64)) != 0)
    }
}

impl Default for Runs {
    fn default() -> Runs {
        Runs([0; Runs::WORDS])
    }
}

/// The decoded text of a part as a mail reader shows it, without the changes of a patch, which are a file's words and not
/// the sender's.
fn shown(part: &Part<'_>, source: String) -> String {
    let mut text = if part.is_html() { html::to_text(&source) } else { source };
    let patch = if text.starts_with("diff --git ") { Some(0) } else { text.find("\ndiff --git ") };
    text.truncate(patch.unwrap_or(text.len()));
    text
}

fn bounded(part: &Part<'_>, room: usize) -> String {
    let mut source = part.text();
    source.truncate(source.floor_char_boundary(room));
    source
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
        if word.is_ascii() {
            let start = out.len();
            out.push_str(word);
            out[start..].make_ascii_lowercase();
            continue;
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
pub(crate) mod tests {
    use super::*;

    /// The words of a letter with that Subject and text.
    pub fn letter(subject: &str, body: &str) -> Wording {
        wording(&format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"))
    }

    /// The words of a message.
    pub fn wording(message: &str) -> Wording {
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
    fn answers_and_what_is_passed_on_are_known() {
        let known = |fields: &str| {
            let read = wording(&format!("{fields}\n\nx\n"));
            (read.answers, read.copies)
        };
        for mark in ["Re", "RE ", "Re[2]", "AW", "SV", "R", "\u{56de}\u{590d}"] {
            assert_eq!(known(&format!("Subject: {mark}: a")), (true, true), "{mark}");
        }
        for mark in ["Fwd", "TR ", "WG", "[Fwd"] {
            assert_eq!(known(&format!("Subject: {mark}: Re: a")), (false, true), "{mark}");
        }
        assert_eq!(known("In-Reply-To: <1@x.org>\nSubject: hello"), (true, false));
        for subject in ["", "Re", "re a: b", "Regarding: a", "Fw", "Auto: a", "[list] Re: a", ":", "reply"] {
            assert_eq!(known(&format!("Subject: {subject}")), (false, false), "{subject}");
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
    fn the_lines_of_a_patch_are_not_the_senders_words() {
        let body =
            "A newsletter ends with other words now.\n---\n a.txt | 2 +-\n\ndiff --git a/a.txt b/a.txt\n+unsubscribe";
        assert!(!wording(&format!("Subject: [PATCH] x\n\n{body}\n")).text.contains("unsubscribe"));
        assert!(wording(&format!("Subject: x\n\ndiff --git a/a b/a\n+{body}\n")).text.is_empty());
        assert!(wording("Subject: x\n\nWhat is a diff --git line?\n").text.ends_with("line?"));
    }

    #[test]
    fn what_is_ruled_out_stands_nowhere() {
        let read = wording("Subject: One two\n\nThree four, f\u{fc}nf \u{516d}\u{4e03}.\n-- \nnine\n");
        let may_hold = |phrase: &str| {
            let bytes = phrase.as_bytes();
            read.runs.may_hold(&[run(bytes, 0), run(bytes, (bytes.len() - 3) / 2), run(bytes, bytes.len() - 3)])
        };
        for phrase in ["one two", "three four, f", "\u{516d}", "\u{516d}\u{4e03}", "nine"] {
            assert!(may_hold(phrase), "{phrase}");
        }
        assert!(!may_hold("eleven twelve"));
    }

    #[test]
    fn a_long_text_is_bounded_and_takes_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["a ", "\u{1e9e}", "> ", "\n", "<", "&"] {
            for kind in ["plain", "html"] {
                let read = wording(&format!("Content-Type: text/{kind}\n\n{}", unit.repeat(400_000 / unit.len())));
                assert!(read.text.len() <= WORDING_LIMIT * 3 && read.first(3_000).len() <= 3_000);
            }
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
