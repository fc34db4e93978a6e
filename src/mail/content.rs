//! A bounded look into the body: the tokens in it, its first lines, and whether the sender wrote anything of his own.
//! With it, how a token is recognised wherever it travels.
//!
//! Promises: linear time, no recursion, no failure; what was left out because of a limit is said. Only the sender's
//! text is searched: attachments, messages inside the message and the targets of links never confirm anything.
//! Never touches: what a token is worth (`policy/token.rs`).

use std::ops::Range;

use super::bare_answer::says_nothing;
use super::display::one_line;
use super::executable::{self, Executables};
use super::fold::Cursor;
use super::head::Head;
use super::parts::{Part, Parts, Transfer, parts};
use super::quotation::{is_invisible, is_quoted, own_lines};
use crate::mail::html;

/// Most bytes of a body that are looked at.
pub const BODY_LIMIT: usize = 256 * 1024;
/// Most bytes of decoded text that are looked at, all parts together.
pub const DECODED_LIMIT: usize = 256 * 1024;
/// Most tokens that are taken from one place.
pub const TOKENS_LIMIT: usize = 16;
/// Most lines of the preview.
pub const PREVIEW_LINES: usize = 3;
/// Most lines of the sender's own that are kept.
pub const OWN_LINES: usize = 3;
/// Most characters of a line of the preview.
pub const PREVIEW_WIDTH: usize = 200;
/// Characters of a token: 160 bits in Crockford's base32.
pub const TOKEN_LENGTH: usize = 32;
/// Most characters that a mail program may have put between two of a token: a line end and quotation marks.
const GAP_LIMIT: usize = 64;

/// What a look into the body shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The tokens in the text parts, each once, at most [`TOKENS_LIMIT`].
    pub tokens: Vec<TokenText>,
    /// The first lines that are not quoted, fit to be shown; at most [`PREVIEW_LINES`] of [`PREVIEW_WIDTH`] characters.
    pub preview: Vec<String>,
    /// Whether there is text that is not quotation, attribution, signature or the token itself.
    pub has_own_text: bool,
    /// Whether in all of it there is nothing but quotation, what introduces it, tokens and blanks: no attachment, picture,
    /// encrypted or signed part, no sign or mark, no text below the quotation or in a signature, and nothing that was not
    /// looked at or could not be read. In doubt it is not so: what a person wrote must not be taken for nothing.
    pub said_nothing: bool,
    /// Whether there is something that should be text, and none of it can be read. What is encrypted is no text.
    pub unreadable: bool,
    /// Letters and digits of every script in the text, quoted or not; of alternatives those of the first.
    pub letters: usize,
    /// The words that they make: see [`amount`].
    pub words: usize,
    /// Whether it has parts that are not text, or attached: pictures, documents, signatures, messages.
    pub has_attachments: bool,
    /// What in it a computer may run.
    pub executables: Executables,
    /// The first lines of that text, fit to be shown; at most [`OWN_LINES`] of [`PREVIEW_WIDTH`] characters.
    pub own_lines: Vec<String>,
    /// Whether something was not looked at, because it was over a limit or had no end that could be found.
    pub unexamined: bool,
}

/// The text of a token: [`TOKEN_LENGTH`] characters of `0123456789abcdefghjkmnpqrstvwxyz`, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenText(String);

/// A token and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundToken {
    /// The token.
    pub text: TokenText,
    /// Where it stood.
    pub place: TokenPlace,
    /// What it is for. A token is bound to its purpose by its MAC as well.
    pub kind: TokenKind,
}

/// What carried a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenPlace {
    /// The address the message was sent to.
    Address,
    /// A text part of the body.
    Body,
    /// In-Reply-To or References.
    References,
    /// The Subject.
    Subject,
}

/// What a token is for (design, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// "Nobody is there": only in the address that a bounce of a challenge comes back to.
    Bounce,
    /// "I wrote this": releases and allows.
    Confirm,
    /// "This was not me": no further challenge to this address.
    NotMe,
}

/// Looks into the body that follows this header block. `body` may end anywhere.
#[must_use]
pub fn look(head: &Head<'_>, body: &[u8]) -> Content {
    let parts = parts(head, &body[..body.len().min(BODY_LIMIT)]);
    let unexamined = parts.unexamined || body.len() > BODY_LIMIT;
    let mut content = Content {
        unexamined,
        has_attachments: parts.texts().count() < parts.all.len(),
        executables: executable::look(&parts),
        ..Content::default()
    };
    content.said_nothing = !content.has_attachments && !parts.all.is_empty();
    let mut legibility = Legibility::Nothing;
    let mut budget = DECODED_LIMIT;
    let mut told: Vec<usize> = Vec::new();
    for part in parts.texts() {
        let source = content.decode(part, &mut budget);
        let found = Legibility::of(part, &source);
        legibility = legibility.max(found);
        content.said_nothing &= found != Legibility::None && !(part.is_html() && html::shows_more_than_text(&source));
        let text = if part.is_html() { html::to_text(&source) } else { source };
        let spans = token_spans(&text);
        content.said_nothing &= says_nothing(&text, spans.iter().map(|(span, _)| span.clone()));
        for (_, token) in &spans {
            if content.tokens.len() < TOKENS_LIMIT || content.tokens.contains(token) {
                add_once(&mut content.tokens, token);
            } else {
                content.unexamined = true;
            }
        }
        // The alternatives say the same; the first that says anything speaks for all.
        if part.alternative.is_some_and(|number| told.contains(&number)) {
            continue;
        }
        if !text.trim().is_empty() {
            told.extend(part.alternative);
        }
        content.read_lines(&text, &spans);
    }
    content.unreadable = legibility.leaves_unread(&parts, body);
    content.said_nothing &= !content.unexamined && !content.executables.unexamined;
    content
}

/// How much of a text can be read, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Legibility {
    /// There is nothing to read.
    Nothing,
    /// What there is cannot be read.
    None,
    /// It can be read.
    Some,
}

/// So many letters more than characters that stand for nothing, and a text can be read.
const LEGIBLE_FROM: usize = 16;

impl Legibility {
    /// Of a part and of what was decoded from it. Where a character set or an encoding is damaged or unknown, other
    /// characters stand for what was lost; if there are as many as letters, nobody can read it.
    fn of(part: &Part<'_>, text: &str) -> Legibility {
        let (mut letters, mut lost, mut seen) = (0_usize, 0, false);
        for c in text.chars() {
            letters += usize::from(c.is_alphanumeric());
            lost += usize::from(c == char::REPLACEMENT_CHARACTER || (c.is_control() && !c.is_whitespace()));
            seen |= !c.is_whitespace() && !is_invisible(c);
            if letters > lost + LEGIBLE_FROM {
                break;
            }
        }
        if seen && part.transfer == Transfer::Private {
            return Legibility::None;
        }
        match (seen, lost == 0 || letters > lost) {
            (true, true) => Legibility::Some,
            (true, false) => Legibility::None,
            // Of an encoding of blanks blanks are left, of a damaged one nothing.
            (false, _) if text.is_empty() && !part.bytes.trim_ascii().is_empty() => Legibility::None,
            (false, _) => Legibility::Nothing,
        }
    }

    /// Whether of a body something should be text and nothing of it can be read; also where its parts have no end that could
    /// be found.
    fn leaves_unread(self, parts: &Parts<'_>, body: &[u8]) -> bool {
        self == Legibility::None || (parts.all.is_empty() && !body.trim_ascii().is_empty())
    }
}

/// How much a text says: its letters and digits of every script, and its words, which are runs of them. In Chinese and
/// Japanese, which are written without blanks, two characters make a word.
#[must_use]
pub fn amount(text: &str) -> (usize, usize) {
    let (mut letters, mut words, mut ideographs, mut inside) = (0, 0, 0, false);
    for c in text.chars() {
        let letter = c.is_alphanumeric();
        let ideograph = matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
        letters += usize::from(letter);
        ideographs += usize::from(letter && ideograph);
        words += usize::from(letter && !ideograph && !inside);
        inside = letter && !ideograph;
    }
    (letters, words + ideographs / 2)
}

/// The tokens in a decoded text such as a Subject, each once, at most [`TOKENS_LIMIT`]: `cr-` and 32 characters in any
/// case, with nothing alphanumeric before or behind. Inside a token white space, quotation marks, soft hyphens and
/// zero-width characters are passed over: mail programs wrap and quote.
#[must_use]
pub fn tokens_in_text(text: &str) -> Vec<TokenText> {
    let mut found = Vec::new();
    for (_, token) in token_spans(text) {
        add_once(&mut found, &token);
    }
    found
}

/// The token that an address extension is: `c` (confirm), `n` (not me) or `b` (bounce) and 32 characters, in any case, and no more.
#[must_use]
pub fn token_in_extension(extension: &str) -> Option<(TokenKind, TokenText)> {
    let mut chars = extension.chars();
    let kind = TokenKind::of_letter(chars.next()?)?;
    Some((kind, TokenText::parse(chars.as_str())?))
}

/// The tokens in the value of In-Reply-To or References, at most [`TOKENS_LIMIT`]: Message-IDs of the form
/// `<cr.c.TOKEN@host>` and `<cr.n.TOKEN@host>`, in any case, folded or not.
#[must_use]
pub fn tokens_in_ids(value: &str) -> Vec<(TokenKind, TokenText)> {
    let mut found = Vec::new();
    let mut cursor = Cursor::new(value.as_bytes());
    let mut comments = true;
    while found.len() < TOKENS_LIMIT {
        // Behind a comment that is never closed, parentheses mean nothing.
        comments = comments && cursor.skip_comments().is_some();
        match cursor.next_byte() {
            None => break,
            Some(b'<') => {
                let id = cursor.take_while(|b| !matches!(b, b'<' | b'>'));
                if cursor.take(b'>')
                    && let Some(token) = token_in_id(id)
                    && !found.contains(&token)
                {
                    found.push(token);
                }
            }
            Some(_) => {}
        }
    }
    found
}

impl Content {
    fn decode(&mut self, part: &Part<'_>, budget: &mut usize) -> String {
        let mut text = part.text();
        if text.len() > *budget {
            self.unexamined = true;
            text.truncate(text.floor_char_boundary(*budget));
        }
        *budget -= text.len();
        text
    }

    fn read_lines(&mut self, text: &str, spans: &[(Range<usize>, TokenText)]) {
        let (letters, words) = amount(text);
        self.letters += letters;
        self.words += words;
        let wanted = PREVIEW_LINES - self.preview.len().min(PREVIEW_LINES);
        // One character less: the ellipsis of a line that is cut comes on top.
        let shown = text.lines().filter(|line| !is_quoted(line)).map(|line| one_line(line, PREVIEW_WIDTH));
        self.preview.extend(shown.filter(|line| !line.is_empty()).take(wanted));
        if self.own_lines.len() < OWN_LINES {
            // What is quoted without marks ends with the token: below it the sender's own lines may stand.
            let last = spans.last().map_or(text.len(), |(span, _)| span.end);
            let end = text[last..].find('\n').map_or(text.len(), |end| last + end);
            let above = without(&text[..end], spans);
            let lines: Vec<&str> = own_lines(&above).into_iter().chain(own_lines(&text[end..])).collect();
            self.has_own_text |= !lines.is_empty();
            let wanted = OWN_LINES - self.own_lines.len();
            self.own_lines.extend(lines.into_iter().take(wanted).map(|line| one_line(line, PREVIEW_WIDTH)));
        }
    }
}

impl TokenText {
    /// Reads exactly [`TOKEN_LENGTH`] characters of any case; `i` and `l` are read as 1, `o` as 0 (Crockford).
    #[must_use]
    pub fn parse(text: &str) -> Option<TokenText> {
        if text.len() != TOKEN_LENGTH {
            return None;
        }
        text.chars().map(symbol).collect::<Option<String>>().map(TokenText)
    }

    /// The characters, in their one canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TokenKind {
    fn of_letter(letter: char) -> Option<TokenKind> {
        match letter {
            'b' | 'B' => Some(TokenKind::Bounce),
            'c' | 'C' => Some(TokenKind::Confirm),
            'n' | 'N' => Some(TokenKind::NotMe),
            _ => None,
        }
    }
}

/// The canonical form of one character of a token. `u` is none.
fn symbol(c: char) -> Option<char> {
    match c.to_ascii_lowercase() {
        'i' | 'l' => Some('1'),
        'o' => Some('0'),
        'u' => None,
        c => c.is_ascii_alphanumeric().then_some(c),
    }
}

fn add_once(tokens: &mut Vec<TokenText>, token: &TokenText) {
    if tokens.len() < TOKENS_LIMIT && !tokens.contains(token) {
        tokens.push(token.clone());
    }
}

/// Every token in the text with the place where it stands.
fn token_spans(text: &str) -> Vec<(Range<usize>, TokenText)> {
    let bytes = text.as_bytes();
    let mut found: Vec<(Range<usize>, TokenText)> = Vec::new();
    for start in 0..bytes.len().saturating_sub(TOKEN_LENGTH + 2) {
        let marked = bytes[start..start + 3].eq_ignore_ascii_case(b"cr-");
        let inside_word = start > 0 && bytes[start - 1].is_ascii_alphanumeric();
        if !marked || inside_word {
            continue;
        }
        if let Some((length, token)) = token_at(&text[start + 3..]) {
            found.push((start..start + 3 + length, token));
        }
    }
    found
}

/// The token that begins here, and how many bytes it takes. A try ends at the first hyphen, so tries never overlap by
/// more than the `cr` of the next one: the time stays linear.
fn token_at(text: &str) -> Option<(usize, TokenText)> {
    let mut token = String::with_capacity(TOKEN_LENGTH);
    let mut gap = 0;
    for (at, c) in text.char_indices() {
        if is_passed_over(c) {
            gap += 1;
            if gap > GAP_LIMIT {
                return None;
            }
            continue;
        }
        gap = 0;
        token.push(symbol(c)?);
        if token.len() == TOKEN_LENGTH {
            let behind = text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
            return (!behind).then_some((at + 1, TokenText(token)));
        }
    }
    None
}

/// What mail programs put into a token when they wrap or quote it.
fn is_passed_over(c: char) -> bool {
    c.is_whitespace() || matches!(c, '>' | '|' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn token_in_id(id: &[u8]) -> Option<(TokenKind, TokenText)> {
    let id: String = std::str::from_utf8(id).ok()?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let (left, host) = id.split_once('@')?;
    let (mark, rest) = (left.get(..3)?, left.get(3..)?);
    let (kind, token) = rest.split_once('.')?;
    let mut letters = kind.chars();
    // Bounces are addressed; in a Message-ID there is no such token.
    let kind = TokenKind::of_letter(letters.next()?).filter(|kind| *kind != TokenKind::Bounce)?;
    let whole = mark.eq_ignore_ascii_case("cr.") && letters.next().is_none() && !host.is_empty();
    TokenText::parse(token).filter(|_| whole).map(|token| (kind, token))
}

/// The text without its tokens. Of two that overlap, the first is taken out.
fn without(text: &str, spans: &[(Range<usize>, TokenText)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, _) in spans {
        if span.start >= at {
            out.push_str(&text[at..span.start]);
            at = span.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12em04hmasw91nfkhj1hrff3tfhqc0hz";
    const OTHER: &str = "12em04hmasw9ergxev9tws9zzacz14xp";

    fn content(message: &str) -> Content {
        let head = Head::read(message.as_bytes());
        look(&head, &message.as_bytes()[head.body..])
    }

    fn found(message: &str) -> Vec<String> {
        content(message).tokens.into_iter().map(|token| token.0).collect()
    }

    fn in_text(text: &str) -> Vec<String> {
        tokens_in_text(text).into_iter().map(|token| token.0).collect()
    }

    #[test]
    fn what_is_no_token_is_not_read_as_one() {
        for text in [
            "",
            "12em04hm",
            &TOKEN[1..],
            &format!("{TOKEN}0"),
            &TOKEN.replace('z', "u"),
            &TOKEN.replace('z', "-"),
            &TOKEN.replace("hz", "\u{fc}"),
            &format!(" {TOKEN}"),
            &TOKEN.replace('z', " "),
        ] {
            assert_eq!(TokenText::parse(text), None, "{text}");
            assert_eq!(token_in_extension(&format!("c{text}")), None, "{text}");
            assert_eq!(
                tokens_in_ids(&format!("<cr.c.{text}@x.org>")).len(),
                usize::from(text.trim().len() == 32 && text != text.trim())
            );
        }
        assert_eq!(TokenText::parse(&"OIL9".repeat(8)).unwrap().as_str(), "0119".repeat(8));
    }

    #[test]
    fn in_text_a_token_stands_alone() {
        for text in [
            format!("cr{TOKEN}"),
            format!("cr {TOKEN}"),
            format!("xcr-{TOKEN}"),
            format!("1cr-{TOKEN}"),
            format!("cr-{TOKEN}0"),
            format!("cr-{TOKEN}X"),
            format!("cr-{}", &TOKEN[1..]),
            format!("cr-{}", TOKEN.replace('4', "_")),
            format!("cr-{}", TOKEN.replace('4', "u")),
            format!("cr-{}{}{}", &TOKEN[..8], " ".repeat(GAP_LIMIT + 1), &TOKEN[8..]),
            format!("cr.c.{TOKEN}"),
        ] {
            assert_eq!(in_text(&text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_wrapped_or_quoted_token_is_found() {
        let (left, right) = TOKEN.split_at(8);
        for text in [
            format!("cr-{TOKEN}"),
            format!("Re: [CR-{}]", TOKEN.to_uppercase()),
            format!("\u{fc}cr-{TOKEN}\u{fc}"),
            format!("cr-cr-{TOKEN}."),
            format!("> cr-{left}\n> {right}\n"),
            format!("cr-\r\n>> > {left}\r\n>> > {right}"),
            format!("| cr-{left}\n| {right} and more"),
            format!("cr-{left}\u{ad}\u{200b}\u{a0}{right}"),
            format!("cr-{}", TOKEN.replace('0', "o").replace('1', "l")),
        ] {
            assert_eq!(in_text(&text), [TOKEN], "{text}");
        }
        assert_eq!(in_text(&format!("cr-{TOKEN} cr-{OTHER} cr-{TOKEN}")), [TOKEN, OTHER]);
    }

    #[test]
    fn an_address_extension_is_a_token_or_nothing() {
        for text in
            ["", "c", &format!("a{TOKEN}"), &format!("cc{TOKEN}"), &format!("c-{TOKEN}"), &format!("c{TOKEN}x"), TOKEN]
        {
            assert_eq!(token_in_extension(text), None, "{text}");
        }
        let token = TokenText::parse(TOKEN).unwrap();
        assert_eq!(
            token_in_extension(&format!("C{}", TOKEN.to_uppercase())),
            Some((TokenKind::Confirm, token.clone()))
        );
        assert_eq!(token_in_extension(&format!("n{TOKEN}")), Some((TokenKind::NotMe, token.clone())));
        assert_eq!(token_in_extension(&format!("b{TOKEN}")), Some((TokenKind::Bounce, token)));
    }

    #[test]
    fn a_message_id_is_a_token_or_nothing() {
        for text in [
            format!("cr.c.{TOKEN}@x"),
            format!("<cr.c.{TOKEN}>"),
            format!("<cr.c.{TOKEN}@>"),
            format!("<cr.c.{TOKEN}@x"),
            format!("<cr.b.{TOKEN}@x>"),
            format!("<cr.cc.{TOKEN}@x>"),
            format!("<cr.{TOKEN}@x>"),
            format!("<xcr.c.{TOKEN}@x>"),
            format!("<cr-c.{TOKEN}@x>"),
            format!("(<cr.c.{TOKEN}@x>)"),
            format!("<\u{fc}r.c.{TOKEN}@x>"),
        ] {
            assert_eq!(tokens_in_ids(&text), [], "{text}");
        }
        let (token, other) = (TokenText::parse(TOKEN).unwrap(), TokenText::parse(OTHER).unwrap());
        let value = format!(
            "<a@b> (c)<CR.C.{}\r\n\t@x.org>\r\n <b@c>(d <cr.n.{OTHER}@x.org> <cr.c.{TOKEN}@y>",
            TOKEN.to_uppercase()
        );
        assert_eq!(tokens_in_ids(&value), [(TokenKind::Confirm, token), (TokenKind::NotMe, other)]);
    }

    #[test]
    fn what_is_forwarded_attached_or_linked_confirms_nothing() {
        for part in [
            format!("Content-Type: message/rfc822\n\nSubject: x\n\ncr-{TOKEN}\n"),
            format!("Content-Type: message/delivery-status\n\ncr-{TOKEN}\n"),
            format!("Content-Type: text/plain\nContent-Disposition: attachment\n\ncr-{TOKEN}\n"),
            format!("Content-Type: application/octet-stream\n\ncr-{TOKEN}\n"),
            format!("Content-Type: text/html\n\n<a href=\"mailto:x?subject=cr-{TOKEN}\">x</a><!-- cr-{TOKEN} -->\n"),
            format!("X: cr-{TOKEN}\n\nx\n"),
        ] {
            let message = format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n{part}--b--\ncr-{TOKEN}\n");
            assert_eq!(found(&message), Vec::<String>::new(), "{part}");
            // What stands before the first part is read only where no part has text.
            let text = format!("cr-{TOKEN}\n--b\n\ntext\n--b\n");
            assert_eq!(found(&message.replacen("--b\n", &text, 1)), Vec::<String>::new(), "{part}");
        }
    }

    #[test]
    fn a_token_is_found_in_every_encoding() {
        let text = format!("ja \u{fc} cr-{TOKEN}\r\n");
        let base64 = data_encoding::BASE64.encode(text.as_bytes());
        let (first, second) = base64.split_at(31);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for message in [
            format!("A: b\n\n{text}"),
            format!("Content-Transfer-Encoding: base64\n\n{first}\r\n{second}"),
            format!("Content-Transfer-Encoding: BASE64\n\n{}", base64.trim_end_matches('=')),
            format!("Content-Transfer-Encoding: quoted-printable\n\ncr=2D{}=\r\n{}", &TOKEN[..9], &TOKEN[9..]),
            format!("Content-Type: text/html\n\n<p>cr-<b>{}</b><wbr>{}</p>", &TOKEN[..9], &TOKEN[9..]),
            format!(
                "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n\
                <p class=3D\"a\">&#99;r-{TOKEN}</p>"
            ),
            format!(
                "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n{}",
                data_encoding::BASE64.encode(&utf16)
            ),
            format!(
                "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nno\n--b\nContent-Type: text/html\n\n\
                cr-{TOKEN}\n--b--\n"
            ),
        ] {
            assert_eq!(found(&message), [TOKEN], "{message}");
        }
    }

    #[test]
    fn an_answer_that_says_nothing_has_no_text_of_its_own() {
        for text in [
            "",
            "\n\n",
            "> a\n> b",
            &format!("cr-{TOKEN}"),
            &format!("[cr-{TOKEN}]\n-- \nBob"),
            &format!("> cr-{}\n> {}\n", &TOKEN[..9], &TOKEN[9..]),
            "On Sat, 21 Nov 2026 Alice <a@x.org> wrote:\n> a",
        ] {
            assert!(!content(&format!("A: b\n\n{text}")).has_own_text, "{text}");
        }
        let html = format!(
            "Content-Type: text/html\n\n<div>On 21 Nov 2026 Alice wrote:</div><blockquote>a cr-{TOKEN}</blockquote>"
        );
        assert!(!content(&html).has_own_text && !content(&html).tokens.is_empty());
        let two = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n> a\n--b\nContent-Type: text/html\n\n\
        own\n--b--\n";
        assert!(!content(two).has_own_text);
        assert!(content(&two.replace("> a", " ")).has_own_text);
        assert!(content("A: b\n\nYes, it was me.\n> a").has_own_text);
    }

    #[test]
    fn what_holds_anything_at_all_says_something() {
        let quoted = format!("On 21 Nov 2026 at 10:00 Alice <a@x.org> wrote:\n> cr-{TOKEN}\n");
        let mixed =
            |part: &str| format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n{quoted}--b\n{part}\n--b--\n");
        let html = |page: &str| format!("Content-Type: text/html\n\n<blockquote>a</blockquote>{page}");
        for message in [
            format!("A: b\n\nok\n{quoted}"),
            format!("A: b\n\n{quoted}\nok"),
            format!("A: b\n\n{quoted}-- \nBob"),
            format!("A: b\n\n\u{1f44d}\n{quoted}"),
            format!("A: b\n\n?\n{quoted}"),
            mixed("Content-Type: application/pdf\n\nx"),
            mixed("Content-Type: image/png\nContent-Disposition: inline\n\nx"),
            mixed("Content-Type: application/ms-tnef; name=winmail.dat\n\nx"),
            mixed("Content-Type: application/pgp-signature\n\nx"),
            mixed("Content-Type: message/rfc822\n\nA: b"),
            mixed("Content-Type: text/plain\nContent-Disposition: attachment\n\n"),
            mixed("Content-Type: text/calendar\n\nx"),
            mixed("\nok"),
            mixed("Content-Type: text/html\n\n<p>ok"),
            mixed("Content-Transfer-Encoding: base64\n\n!!!!"),
            mixed("Content-Type: text/plain; charset=x-unheard-of\n\n\u{fc}\u{fc}"),
            "Content-Type: application/pkcs7-mime\n\nx".to_owned(),
            "Content-Type: image/png\n\n".to_owned(),
            html("<img src=a>"),
            html("<p>&#128077;"),
            html("<p>ok"),
            format!("A: b\n\n{quoted}{}", " ".repeat(BODY_LIMIT)),
        ] {
            assert!(!content(&message).said_nothing, "{message:.300}");
        }
        for message in [
            "A: b\n\n".to_owned(),
            format!("A: b\n\n{quoted}"),
            format!("A: b\n\ncr-{TOKEN}\n"),
            mixed("\n \n"),
            mixed("Content-Type: text/html\n\n<p>&nbsp;<blockquote>a</blockquote>"),
            html("<div><br></div><hr>"),
            "Content-Transfer-Encoding: base64\n\nDQo=".to_owned(),
        ] {
            assert!(content(&message).said_nothing, "{message}");
        }
    }

    #[test]
    fn a_body_of_which_nothing_can_be_read_is_said_to_be_so() {
        let bytes = |message: &[u8]| {
            let head = Head::read(message);
            look(&head, &message[head.body..]).unreadable
        };
        for message in [
            &b"Content-Transfer-Encoding: base64\n\n!!!!"[..],
            b"Content-Transfer-Encoding: base64\n\nAAECAwQFBgcICQ==",
            b"Content-Type: text/plain; charset=x-unheard-of\n\n\xf0\xd2\xc9\xd7\xc5\xd4, \xd2\xc5\xd4!",
            b"Content-Type: text/plain; charset=utf-8\n\n\xf0\xd2\xc9\xd7\xc5\xd4 \xd2\xc5\xd4",
            b"Content-Type: text/plain; charset=iso-2022-kr\n\n\x1b$)C\x0e\x0f\x0e\x0f\x0e",
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n!!!!\n\
              --b\nContent-Type: image/png\n\nx\n--b--\n",
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nno end of the fields",
        ] {
            assert!(bytes(message), "{}", String::from_utf8_lossy(message));
        }
        for message in [
            &b""[..],
            b"A: b\n\n",
            b"A: b\n\n \n",
            b"A: b\n\n?",
            b"A: b\n\n\x1b[1mbold",
            b"Content-Transfer-Encoding: base64\n\nDQo=",
            b"Content-Type: text/plain; charset=x-unheard-of\n\ngr\xfc\xdfe",
            b"Content-Type: text/html\n\n<img src=a>",
            b"Content-Type: image/png\n\nx",
            b"Content-Type: application/pkcs7-mime\n\nx",
            b"Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\
              --b\nContent-Type: application/octet-stream\n\nx\n--b--\n",
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n!!!!\n--b\n\nok\n--b--",
        ] {
            assert!(!bytes(message), "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn own_lines_are_found_below_a_copy_without_marks() {
        let block =
            format!("From: Alice <a@x.org>\nSent: today\nSubject: x [cr-{TOKEN}]\n\nHello\n\ncr-{TOKEN}\n\nNOTME\n");
        assert_eq!(content(&format!("A: b\n\n{block}")).own_lines, ["NOTME"]);
        assert_eq!(content(&format!("A: b\n\nYes.\n\n{block}-- \nBob")).own_lines, ["Yes.", "NOTME"]);
        assert!(!content(&format!("A: b\n\n{}", block.replace("NOTME", ""))).has_own_text);
    }

    #[test]
    fn the_preview_is_short_and_clean() {
        let text = format!("> quoted\n\n a\u{1b}[1m\u{202e} b \n{}\nthird\nfourth\n", "x".repeat(1000));
        let preview = content(&format!("A: b\n\n{text}")).preview;
        assert_eq!(preview.len(), PREVIEW_LINES);
        assert_eq!((preview[0].as_str(), preview[2].as_str()), ("a [1m b", "third"));
        assert!(preview.iter().all(|line| line.chars().count() <= PREVIEW_WIDTH));
    }

    #[test]
    fn what_is_over_a_limit_is_said() {
        let long = format!("A: b\n\n{}cr-{TOKEN}", "x ".repeat(BODY_LIMIT / 2));
        assert!(content(&long).unexamined && content(&long).tokens.is_empty());
        // Each of these bytes becomes two of UTF-8.
        let mut wide = b"Content-Type: text/plain; charset=koi8-r\n\n".to_vec();
        wide.resize(wide.len() + BODY_LIMIT / 2 + 10, 0xc1);
        let head = Head::read(&wide);
        assert!(look(&head, &wide[head.body..]).unexamined);
        let symbols = "0123456789abcdefghjkmnpqrstvwxyz";
        let many: String = (0..=TOKENS_LIMIT).map(|n| format!("cr-{}{}\n", &TOKEN[1..], &symbols[n..=n])).collect();
        let result = content(&format!("A: b\n\n{many}"));
        assert!(result.unexamined && result.tokens.len() == TOKENS_LIMIT);
        assert_eq!(tokens_in_text(&many).len(), TOKENS_LIMIT);
        assert!(!content("A: b\n\nshort\n").unexamined);
    }

    /// Messages that reach every branch, for the mill below.
    fn samples() -> Vec<String> {
        vec![
            format!("A: b\n\nOn 2026 Alice <a@x> wrote:\n> cr-{}\n> {}\n-- \nx\n", &TOKEN[..9], &TOKEN[9..]),
            format!(
                "Content-Type: multipart/mixed; boundary=\"m m\"\r\n\r\n--m m\r\n\
                Content-Type: multipart/alternative; boundary=a\r\n\r\n\
                 --a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC cr=2D{TOKEN}=\r\n\r\n--a\r\n\
                 Content-Type: text/html; charset=utf-16\r\n\r\n\
                 <p a=\"b\">&uuml;&#252;<!-- x --><script>y</script><blockquote>z\r\n\
                 --a--\r\n--m m\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nc\r\n--m m--\r\n"
            ),
            "Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: base64\n\nGyRCRXw1fhsoQg==\n"
                .to_owned(),
            format!(
                "Content-Type: text/html\n\n<TITLE>x</TITLE>cr-{TOKEN}<td>&nbsp;&lt;<br/>\
                 <![if x]><?y?></b x='>'>\u{fc}\n"
            ),
            format!("In-Reply-To: (x) <cr.c.{TOKEN}@x>\nSubject: =?utf-8?q?cr-?= =?utf-8?b?{TOKEN}?=\n\n"),
        ]
    }

    fn mill(bytes: &[u8]) {
        let head = Head::read(bytes);
        drop(look(&head, &bytes[head.body.min(bytes.len())..]));
        for field in &head.fields {
            drop((tokens_in_text(&super::super::fold::decode_words(field.raw)), tokens_in_ids(&field.text())));
        }
    }

    #[test]
    fn cut_at_every_byte_and_mutated_no_message_makes_it_panic() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
        };
        let spice = b"\n\r -=<>&;\"'()/?_.:\x00\x7f\xff\xc3cr@|#x0";
        for sample in samples() {
            let whole = sample.as_bytes();
            for end in 0..=whole.len() {
                mill(&whole[..end]);
            }
            for _ in 0..2_000 {
                let mut bytes = whole.to_vec();
                for _ in 0..=random(6) {
                    let at = random(bytes.len());
                    match random(3) {
                        0 => bytes[at] = spice[random(spice.len())],
                        1 => bytes.insert(at, spice[random(spice.len())]),
                        _ => drop(bytes.remove(at)),
                    }
                }
                mill(&bytes);
            }
        }
    }

    #[test]
    fn hostile_bodies_take_linear_time() {
        let start = std::time::Instant::now();
        for fields in [
            "Content-Type: multipart/mixed; boundary=b",
            "Content-Type: text/html",
            "Content-Transfer-Encoding: base64",
            "Content-Transfer-Encoding: quoted-printable",
            "Content-Type: text/html; charset=utf-16be",
        ] {
            for unit in [
                "--b\n",
                "--b\n\n",
                "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
                "=",
                "<",
                "\n",
                ">",
                "cr-",
                "cr- ",
                "cr-0",
                "wrote:\n",
                "&",
                "\u{0}",
                "A",
            ] {
                let message = format!("{fields}\n\n{}", unit.repeat(270_000 / unit.len()));
                drop(content(&message));
                drop((tokens_in_text(&message), tokens_in_ids(&message)));
            }
        }
        for unit in ["<", "<cr.c.", "(", "()", "<>"] {
            assert_eq!(tokens_in_ids(&unit.repeat(1_000_000 / unit.len())), []);
        }
        assert!(start.elapsed().as_secs() < 60);
    }
}
