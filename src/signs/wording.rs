//! What a message says in its Subject and its own text, brought into one form in which phrases can be looked for.
//!
//! Promises: at most [`WORDING_LIMIT`] bytes of decoded text, lower case, blanks run together, without what is quoted: an
//! answer to a challenge must not be taken for the challenge that it quotes;
//! linear in time. Which phrases mean what is said where they mean it (`challenge_text`, `auto_reply`, `bounce`,
//! `bulk`). Never touches: attachments and messages inside the message.

use super::page::{self, Page};
use crate::mail::encoding;
use crate::mail::fold::decode_words;
use crate::mail::head::Head;
use crate::mail::html;
use crate::mail::parts::{Part, Transfer, parts};
use crate::mail::quotation::{is_quoted, lines_above_copy, own_lines};

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
    /// What could stand in the texts above.
    runs: Runs,
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
        let copies = wording.is_answer_or_forward();
        for part in parts(head, &body[..body.len().min(BODY_LIMIT)]).texts() {
            let room = WORDING_LIMIT - wording.text.len().min(WORDING_LIMIT);
            let source = bounded(part, room);
            wording.has_link |= source.contains("http") || (part.is_html() && source.contains("href"));
            if part.is_html() {
                wording.add_page(page::look(&source));
            }
            let text = shown(part, source);
            for line in text.lines().filter(|line| !is_quoted(line)) {
                append_squeezed(&mut wording.text, line);
            }
            for line in own_lines(&text) {
                append_squeezed(&mut wording.own, line);
            }
            for line in lines_above_copy(&text, copies) {
                append_squeezed(&mut wording.said, line);
            }
        }
        wording.runs.add(&wording.subject);
        wording.runs.add(&wording.text);
        // Most often nothing is cut off but the end.
        if !wording.text.starts_with(&wording.own) {
            wording.runs.add(&wording.own);
        }
        if !wording.text.starts_with(&wording.said) {
            wording.runs.add(&wording.said);
        }
        wording
    }

    /// Whether the Subject says that this answers another message, in the ways of mail programs (RFC 5322 section 3.6.5)
    /// in their languages, also counted: `Re[2]:`.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        const MARKS: [&str; 16] = [
            "antw", "aw", "odp", "r", "re", "ref", "res", "rif", "sv", "vs", "ynt", "回复", "回覆", "答复", "答覆",
            "返信",
        ];
        self.mark().is_some_and(|mark| MARKS.contains(&mark))
    }

    /// Whether the Subject says that another message is passed on, the same way.
    #[must_use]
    pub fn is_forward(&self) -> bool {
        const MARKS: [&str; 15] =
            ["doorst", "enc", "fs", "fw", "fwd", "i", "ilt", "pd", "rv", "tr", "vb", "vl", "wg", "转发", "轉寄"];
        self.mark().is_some_and(|mark| MARKS.contains(&mark))
    }

    /// One of the two.
    #[must_use]
    pub fn is_answer_or_forward(&self) -> bool {
        self.is_answer() || self.is_forward()
    }

    /// What stands before the first colon of the Subject, without its count.
    fn mark(&self) -> Option<&str> {
        let (word, _) = self.subject.split_once([':', '\u{ff1a}'])?;
        let counted = |c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' ' | '\u{a0}');
        Some(word.trim_end_matches(counted))
    }

    /// Whether one of the phrases stands in this piece of the message's words.
    #[must_use]
    pub fn says(&self, piece: &str, phrases: &[&str]) -> bool {
        self.search(piece).says(phrases)
    }

    /// A piece of the message's words, or several of them, to look for phrases in.
    #[must_use]
    pub fn search<'w>(&'w self, piece: &'w str) -> Searched<'w> {
        Searched { text: piece, runs: &self.runs }
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

    /// At most so many of the last bytes of what the sender wrote himself.
    #[must_use]
    pub fn last(&self, bytes: usize) -> &str {
        let from = self.own.len().saturating_sub(bytes);
        &self.own[self.own.ceil_char_boundary(from)..]
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
        texts.push(shown(part, source));
    }
    texts
}

impl Wording {
    /// Whether in this piece of the words somebody speaks of themselves, as people do who tell of what machines wrote to
    /// them; a mail system that says "I'm sorry" is known by other words.
    #[must_use]
    pub fn speaks_of_oneself(&self, piece: &str) -> bool {
        const STARTS: [&str; 6] = ["i ", "i've ", "my ", "ich ", "je ", "j'ai "];
        const INSIDE: [&str; 16] = [
            " i ", " i've ", " i'd ", " my ", " me ", " ich ", " meine", " mir ", " mich ", " m'a ", " j'ai ", " je ",
            " mi ", " yo ", " io ", " jag ",
        ];
        STARTS.iter().any(|start| piece.starts_with(start)) || self.says(piece, &INSIDE)
    }
}

/// Which runs of three bytes the words have, so that most phrases of a table are ruled out without a search.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Runs([u64; Runs::WORDS]);

impl Runs {
    const WORDS: usize = 128;

    fn add(&mut self, text: &str) {
        for run in text.as_bytes().windows(3) {
            let (word, bit) = Self::place(run);
            self.0[word] |= bit;
        }
    }

    /// No only if the phrase stands nowhere: its first, middle and last run must be there.
    fn may_hold(&self, phrase: &str) -> bool {
        let bytes = phrase.as_bytes();
        if bytes.len() < 3 {
            return true;
        }
        [0, (bytes.len() - 3) / 2, bytes.len() - 3].iter().all(|at| {
            let (word, bit) = Self::place(&bytes[*at..at + 3]);
            self.0[word] & bit != 0
        })
    }

    fn place(run: &[u8]) -> (usize, u64) {
        let number = u32::from(run[0]) | u32::from(run[1]) << 8 | u32::from(run[2]) << 16;
        let place = (number.wrapping_mul(0x9e37_79b1) >> 19) as usize;
        (place / 64, 1 << (place % 64))
    }
}

impl Default for Runs {
    fn default() -> Runs {
        Runs([0; Runs::WORDS])
    }
}

/// The message of whoever reads this, in the words of a program that speaks of it.
pub const YOUR_MESSAGE: &[&str] = &[
    // English.
    "your message",
    "your mail",
    "your email",
    "your e-mail",
    "message you sent",
    "message that you sent",
    "mail you sent",
    "mail that you sent",
    "you sent an e",
    "you sent a message",
    "you sent to",
    "you addressed",
    "your first message",
    "message from you",
    "messages from you",
    "mail from you",
    // German, French.
    "ihre mail",
    "ihre e-mail",
    "ihre email",
    "ihrer e-mail",
    "ihre nachricht",
    "ihrer nachricht",
    "deine mail",
    "deine e-mail",
    "deine nachricht",
    "eine e-mail an",
    "votre message",
    "votre mail",
    "votre email",
    "votre e-mail",
    "votre courriel",
    "que vous avez envoyé",
    "expéditeur du message",
    // Spanish, Portuguese, Italian, Romanian.
    "su mensaje",
    "tu mensaje",
    "su correo",
    "tu correo",
    "usted ha enviado",
    "has enviado",
    "sua mensagem",
    "seu e-mail",
    "seu email",
    "você enviou",
    "tuo messaggio",
    "suo messaggio",
    "tua e-mail",
    "sua e-mail",
    "che hai spedito",
    "che hai inviato",
    "messaggio inviato",
    "mesajul dumneavoastr",
    "mesajul tău",
    // Dutch, Danish, Norwegian, Swedish, Finnish.
    "uw bericht",
    "je bericht",
    "uw e-mail",
    "din e-mail",
    "du har sendt",
    "din besked",
    "din meddelelse",
    "meldingen din",
    "ditt meddelande",
    "ditt mejl",
    "du har skickat",
    "viestisi",
    "viestiäsi",
    // Polish, Czech, Slovak, Hungarian, Turkish, Greek.
    "twoja wiadomo",
    "twoją wiadomo",
    "vaše zpráva",
    "vaši zprávu",
    "vaša správa",
    "vašu správu",
    "az ön üzenet",
    "az ön level",
    "mesajınız",
    "iletiniz",
    "το μήνυμά σας",
    // Russian, Ukrainian, Hebrew, Arabic.
    "ваше сообщение",
    "ваше письмо",
    "ваш лист",
    "ваше повідомлення",
    "ההודעה שלך",
    "رسالتك",
    // Japanese, Chinese, Korean.
    "メール",
    "メッセージ",
    "您的邮件",
    "您发送的邮件",
    "您的郵件",
    "메일",
    "메시지",
];

/// At most so many of the text's first bytes.
#[must_use]
pub fn start(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Whether one of the phrases stands in the text; for many texts and phrases [`Wording::search`] is faster.
#[must_use]
pub fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

/// A piece of a message's words in which many phrases are looked for.
pub struct Searched<'w> {
    text: &'w str,
    runs: &'w Runs,
}

impl Searched<'_> {
    /// Whether the phrase stands in it.
    #[must_use]
    pub fn has(&self, phrase: &str) -> bool {
        self.runs.may_hold(phrase) && self.text.contains(phrase)
    }

    /// Whether one of the phrases stands in it.
    #[must_use]
    pub fn says(&self, phrases: &[&str]) -> bool {
        !self.text.is_empty() && phrases.iter().any(|phrase| self.has(phrase))
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

/// The decoded text of a part as a mail reader shows it, without the changes of a patch.
fn shown(part: &Part<'_>, source: String) -> String {
    let mut text = if part.is_html() { html::to_text(&source) } else { source };
    text.truncate(above_patch(&text).len());
    text
}

/// What stands above the changes of a patch, which are a file's words and not the sender's.
fn above_patch(text: &str) -> &str {
    const START: &str = "diff --git ";
    if text.starts_with(START) {
        return "";
    }
    text.find("\ndiff --git ").map_or(text, |at| &text[..at])
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
pub(crate) mod tests {
    use super::*;

    /// The words of a letter with that Subject and text.
    pub fn letter(subject: &str, body: &str) -> Wording {
        wording(&format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"))
    }

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
    fn the_lines_of_a_patch_are_not_the_senders_words() {
        let body =
            "A newsletter ends with other words now.\n---\n a.txt | 2 +-\n\ndiff --git a/a.txt b/a.txt\n+unsubscribe";
        assert!(!wording(&format!("Subject: [PATCH] x\n\n{body}\n")).text.contains("unsubscribe"));
        assert!(wording(&format!("Subject: x\n\ndiff --git a/a b/a\n+{body}\n")).text.is_empty());
        assert!(wording("Subject: x\n\nWhat is a diff --git line?\n").text.ends_with("line?"));
    }

    #[test]
    fn a_phrase_is_found_wherever_it_stands_and_only_there() {
        let text = format!("{} the last \u{fc}word", "a sentence of many words. ".repeat(9));
        let read = wording(&format!("Content-Type: text/plain; charset=utf-8\n\n{text}\n"));
        let searched = read.search(&read.text);
        for phrase in ["a sentence", "words. a", "\u{fc}word", "last \u{fc}", "w", ""] {
            assert!(searched.says(&["zz", "qq", "xx", phrase]) && searched.count(&["zz", phrase]) == 1, "{phrase}");
        }
        for phrase in ["wordsa", "sentences", "last  \u{fc}", "rdw", "word."] {
            assert!(!text.contains(phrase) && !searched.says(&["zz", "qq", "xx", phrase]), "{phrase}");
        }
        let (many, last, none): (&[&str], &[&str], &[&str]) = (&["zz", "many"], &["last"], &["zz"]);
        assert!(searched.says_all(&[many, last]) && !searched.says_all(&[many, none]));
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

    #[test]
    fn what_is_ruled_out_stands_nowhere() {
        let read = wording("Subject: One two\n\nThree four, f\u{fc}nf \u{516d}\u{4e03}.\n-- \nnine\n");
        for phrase in ["one two", "three four, f", "\u{516d}", "\u{516d}\u{4e03}", "ab", "nine"] {
            for piece in [&read.subject, &read.text, &read.own] {
                assert_eq!(read.says(piece, &[phrase]), piece.contains(phrase), "{phrase}");
            }
        }
        assert!(!read.runs.may_hold("eleven twelve") && !Wording::default().says("", &["abc"]));
    }

    #[test]
    fn answers_and_those_who_speak_of_themselves_are_told() {
        for subject in ["Re: x", "AW: x", "Sv: x", "R: x", "\u{56de}\u{590d}: x"] {
            assert!(wording(&format!("Subject: {subject}\n\nx\n")).is_answer(), "{subject}");
        }
        assert!(!wording("Subject: reply\n\nx\n").is_answer());
        let speaks = |text: &str| {
            let read = wording(&format!("A: b\n\n{text}\n"));
            read.speaks_of_oneself(&read.own)
        };
        assert!(speaks("I wrote to you") && speaks("Here is what I wrote") && speaks("Hier ist meine Adresse"));
        assert!(!speaks("Your message was not delivered.") && !speaks("The index is in the mystery."));
    }
}
