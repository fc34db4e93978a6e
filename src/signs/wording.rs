//! What a message says in its Subject and its own text, brought into one form in which phrases can be looked for.
//!
//! Promises: at most [`WORDING_LIMIT`] bytes of decoded text, lower case, blanks run together, without what is quoted: an
//! answer must not be taken for what it quotes; linear in time. Which phrases mean what is said in `rules.rs`. Never
//! touches: attachments and messages inside the message.

use super::page;
use super::words::{Group, LANGUAGES, Language, RUN_PLACES, run, runs};
use crate::mail::body::Body;
use crate::mail::fold::decode_words;
use crate::mail::head::Head;
use crate::mail::quotation::{Lines, is_quoted};

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
    /// Reads the words of the message with this header block and body.
    #[must_use]
    pub fn read(head: &Head<'_>, body: &Body<'_>) -> Wording {
        let subject = head.first("Subject").filter(|field| field.is_bounded());
        let subject = subject.map(|field| squeezed(&decode_words(&field.unfolded()))).unwrap_or_default();
        let marked = |group| subject_mark(&subject).is_some_and(|mark| is_mark(mark, group));
        let answer = marked(Group::AnswerMark);
        let copies = answer || marked(Group::ForwardMark);
        let answers = answer || head.first("In-Reply-To").is_some();
        let mut wording = Wording { copies, answers, ..Wording::default() };
        let (mut own, mut said) = (Extract::default(), Extract::default());
        for (part, text) in body.texts() {
            let room = WORDING_LIMIT - wording.text.len().min(WORDING_LIMIT);
            let source = text.source(room);
            wording.has_link |= source.contains("http") || (part.is_html() && source.contains("href"));
            wording.designed |= part.is_html() && page::is_designed(source);
            wording.add(without_patch(&text.shown(room)), &mut own, &mut said);
        }
        wording.runs.add(subject.as_bytes());
        wording.runs.add(wording.text.as_bytes());
        Wording { subject, own: own.text, said: said.text, ..wording }
    }

    fn add(&mut self, text: &str, own: &mut Extract, said: &mut Extract) {
        let lines = Lines::of(text);
        let (mut in_own, mut in_said) = (lines.own().peekable(), lines.above_copy(self.copies).peekable());
        for piece in [&mut self.text, &mut own.text, &mut said.text] {
            piece.reserve(text.len());
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !is_quoted(line)) {
            let start = self.text.len();
            append_squeezed(&mut self.text, line);
            // Both are some of these lines.
            if in_own.next_if_eq(&number).is_some() {
                own.take(&self.text, start, &mut self.runs);
            }
            if in_said.next_if_eq(&number).is_some() {
                said.take(&self.text, start, &mut self.runs);
            }
        }
    }

    /// No only if these words stand in none of the pieces.
    #[must_use]
    pub fn may_hold(&self, words: &str) -> bool {
        runs(words.as_bytes(), 0, words.len()).is_none_or(|runs| self.runs.may_hold(&runs))
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

/// Some lines of a text, one behind the other.
#[derive(Default)]
struct Extract {
    text: String,
    /// Where in the whole text the last line ended.
    end: usize,
    /// Where a line begins that does not follow the one before it in the whole text, as long as the runs of three bytes
    /// there are not all noted.
    seam: Option<usize>,
}

impl Extract {
    /// Takes what stands in the whole text from there on, a line with the blank before it; `runs` must learn of those that
    /// the whole text does not have.
    fn take(&mut self, whole: &str, start: usize, runs: &mut Runs) {
        let (line, at) = (&whole[start..], self.text.len());
        self.text.push_str(if at == 0 { line.trim_start_matches(' ') } else { line });
        if at > 0 && start != self.end {
            self.seam = Some(at);
        }
        self.end = whole.len();
        if let Some(seam) = self.seam {
            runs.add(&self.text.as_bytes()[seam.saturating_sub(2)..self.text.len().min(seam + 2)]);
            self.seam = Some(seam).filter(|seam| self.text.len() < seam + 2);
        }
    }
}

/// Which runs of three bytes the words have, so that most phrases are ruled out without a search.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Runs(Box<[bool; RUN_PLACES]>);

impl Runs {
    fn add(&mut self, text: &[u8]) {
        let [first, second, rest @ ..] = text else { return };
        let mut number = u32::from(*first) << 8 | u32::from(*second) << 16;
        for byte in rest {
            number = number >> 8 | u32::from(*byte) << 16;
            self.0[usize::from(run(number))] = true;
        }
    }

    /// No only if the phrase with these runs stands nowhere.
    fn may_hold(&self, runs: &[u16; 3]) -> bool {
        runs.iter().all(|place| self.0[usize::from(*place)])
    }
}

impl Default for Runs {
    fn default() -> Runs {
        Runs(Box::new([false; RUN_PLACES]))
    }
}

/// A text without the changes of a patch, which are a file's words and not the sender's.
fn without_patch(text: &str) -> &str {
    let patch = if text.starts_with("diff --git ") { Some(0) } else { text.find("\ndiff --git ") };
    &text[..patch.unwrap_or(text.len())]
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
    let line = line.trim();
    if is_squeezed(line.as_bytes()) {
        // Most lines are like that.
        if !out.is_empty() && !line.is_empty() {
            out.push(' ');
        }
        let start = out.len();
        out.push_str(line);
        out[start..].make_ascii_lowercase();
        return;
    }
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

/// Whether a trimmed line is ASCII with single blanks between its words. Without a branch for each byte, so that many are
/// looked at in one step.
fn is_squeezed(line: &[u8]) -> bool {
    let behind = line.get(1..).unwrap_or_default();
    let odd = |odd, (a, b): (&u8, &u8)| odd | matches!(a, b'\t'..=b'\r') | ((*a == b' ') & (*b == b' '));
    line.is_ascii() && !line.iter().zip(behind).fold(false, odd)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::mail::quotation::{lines_above_copy, own_lines};

    /// The words of a letter with that Subject and text.
    pub fn letter(subject: &str, body: &str) -> Wording {
        wording(&format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"))
    }

    /// The words of a message.
    pub fn wording(message: &str) -> Wording {
        let head = Head::read(message.as_bytes());
        Wording::read(&head, &Body::read(&head, &message.as_bytes()[head.body..]))
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
        for phrase in ["one two", "three four, f", "\u{516d}", "\u{516d}\u{4e03}", "nine"] {
            assert!(read.may_hold(phrase), "{phrase}");
        }
        assert!(!read.may_hold("eleven twelve"));
    }

    #[test]
    fn what_stands_where_lines_are_left_out_is_not_ruled_out() {
        let words =
            ["One", "> two", "a", "\u{200b}", "-", "b c", "On 21 November 2026 bob wrote:", "Sent from x", "***", "\t"];
        for number in 0..words.len().pow(3) {
            let line = |place: u32| words[number / words.len().pow(place) % words.len()];
            let text: String = (0..3).map(|place| format!("{}\n", line(place))).collect();
            let read = letter("Re: x", &text);
            for piece in [&read.text, &read.own, &read.said] {
                for three in piece.as_bytes().windows(3) {
                    let place = runs(three, 0, 3).unwrap();
                    assert!(read.runs.may_hold(&place), "{piece:?}");
                }
            }
            let joined = |lines: Vec<&str>| {
                let mut out = String::new();
                lines.into_iter().for_each(|line| append_squeezed(&mut out, line));
                out
            };
            let text = format!("{text}\n");
            assert_eq!(read.own, joined(own_lines(&text)), "{text:?}");
            assert_eq!(read.said, joined(lines_above_copy(&text, true)), "{text:?}");
        }
    }

    #[test]
    fn a_line_is_squeezed_in_one_way() {
        for line in [
            "",
            "a",
            "A b  C",
            " a\tB ",
            "a\u{b}b",
            "\u{a0}a\u{a0}",
            "\u{200b}",
            "a \u{200b} b",
            "\u{200b} A",
            "\u{c4} B",
        ] {
            for start in ["", "x"] {
                let mut out = start.to_owned();
                append_squeezed(&mut out, line);
                let mut wanted = start.to_owned();
                for word in line.split_whitespace() {
                    wanted.push_str(if wanted.is_empty() { "" } else { " " });
                    wanted.extend(word.to_lowercase().chars().filter(|c| *c != '\u{200b}'));
                }
                assert_eq!(out, wanted, "{start:?} {line:?}");
            }
        }
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
