//! A bounded look into the body: the tokens in it, its first lines, and whether the sender wrote anything of his own.
//! With it, how a token is recognised wherever it travels.
//!
//! Promises: linear time, no recursion, no failure; what was left out because of a limit is said. Only the sender's
//! text is searched: attachments, messages inside the message and the targets of links never confirm anything.
//! Never touches: what a token is worth (`policy/token.rs`).

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use super::bare_answer::{Nothing, says_nothing, without};
pub use super::body::BODY_LIMIT;
use super::body::{Body, Text};
use super::display::one_line;
use super::executable::{self, Executables};
use super::fold::Cursor;
use super::html;
use super::parts::{Part, Transfer};
use super::quotation::{Lines, is_invisible, is_quoted};

/// Most bytes of decoded text that are looked at, all parts together.
pub const DECODED_LIMIT: usize = 256 * 1024;
/// Most tokens that are taken from one place.
pub const TOKENS_LIMIT: usize = 16;
/// Most lines of the preview.
pub const PREVIEW_LINES: usize = 3;
/// Most lines of the sender's own that are kept.
pub const OWN_LINES: usize = 12;
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
    /// Of what says nothing, the lines by which that can be proven.
    pub nothing: Nothing,
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

/// Looks into a body, which may end anywhere.
#[must_use]
pub fn look(body: &Body<'_>) -> Content {
    let parts = &body.parts;
    let unexamined = parts.unexamined || body.bytes.len() > BODY_LIMIT;
    let mut content = Content {
        unexamined,
        has_attachments: parts.texts().count() < parts.all.len(),
        executables: executable::look(parts),
        ..Content::default()
    };
    content.said_nothing = !content.has_attachments && !parts.all.is_empty();
    let mut legibility = Legibility::Nothing;
    let mut budget = DECODED_LIMIT;
    let mut told: Vec<usize> = Vec::new();
    for (part, text) in body.texts() {
        let (source, text) = content.take(text, &mut budget);
        let found = Legibility::of(part, source);
        legibility = legibility.max(found);
        content.said_nothing &= found != Legibility::None && !(part.is_html() && html::shows_more_than_text(source));
        let spans = token_spans(&text);
        content.note_nothing(says_nothing(&text, spans.iter().map(|(span, _)| span.clone())));
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
    content.unreadable = legibility.leaves_unread(body);
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
    fn leaves_unread(self, body: &Body<'_>) -> bool {
        self == Legibility::None || (body.parts.all.is_empty() && !body.bytes.trim_ascii().is_empty())
    }
}

/// How much a text says: its letters and digits of every script, and its words, which are runs of them. In Chinese and
/// Japanese, which are written without blanks, two characters make a word.
#[must_use]
pub fn amount(text: &str) -> (usize, usize) {
    if text.is_ascii() {
        let mut inside = 0;
        return text.bytes().fold((0, 0), |(letters, words), byte| {
            let letter = usize::from(byte.is_ascii_alphanumeric());
            let begins = letter & !inside;
            inside = letter;
            (letters + letter, words + begins)
        });
    }
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

/// Whether a text part of this body, as it stands in the message, may hold a token: `cr-` in any case and a character
/// of one. Never less than [`tokens_in_text`] finds in what is not encoded; base64 has no hyphen, and so nothing to find.
#[must_use]
pub fn may_bear_token(body: &[u8]) -> bool {
    memchr_iter(b'-', body).any(|hyphen| hyphen >= 2 && body[hyphen - 2..hyphen].eq_ignore_ascii_case(b"cr"))
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
    fn note_nothing(&mut self, found: Option<Nothing>) {
        self.said_nothing &= found.is_some();
        let found = found.unwrap_or_default();
        self.nothing.introductions.extend(found.introductions);
        self.nothing.copied.extend(found.copied);
    }

    /// What was written and what is shown of a text, as far as the budget goes.
    fn take<'t>(&mut self, text: &'t Text, budget: &mut usize) -> (&'t str, Cow<'t, str>) {
        self.unexamined |= text.is_longer_than(*budget);
        let (source, shown) = (text.source(*budget), text.shown(*budget));
        *budget -= source.len();
        (source, shown)
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
            let (above, _) = without(&text[..end], spans.iter().map(|(span, _)| span.clone()));
            let (above, below) = (Lines::of(&above), Lines::of(&text[end..]));
            let lines = |lines: &Lines<'_>, wanted: usize| -> Vec<String> {
                lines.own().take(wanted).map(|number| one_line(lines.line(number), PREVIEW_WIDTH)).collect()
            };
            let wanted = OWN_LINES - self.own_lines.len();
            let mut own = lines(&above, wanted);
            own.extend(lines(&below, wanted - own.len()));
            self.has_own_text |= !own.is_empty();
            self.own_lines.append(&mut own);
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
        symbols(text).map(TokenText)
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

/// The characters of a token or a tag in their one canonical form; none if one of them cannot stand in it.
#[must_use]
pub fn symbols(text: &str) -> Option<String> {
    text.chars().map(symbol).collect()
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
    // Texts have few hyphens.
    for (hyphen, _) in text.match_indices('-') {
        let Some(start) = hyphen.checked_sub(2) else { continue };
        let marked = bytes[start..hyphen].eq_ignore_ascii_case(b"cr");
        let inside_word = start > 0 && bytes[start - 1].is_ascii_alphanumeric();
        if marked
            && !inside_word
            && let Some((length, token)) = token_at(&text[start + 3..])
        {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    const TOKEN: &str = "12em04hmasw91nfkhj1hrff3tfhqc0hz";

    #[test]
    fn a_text_without_a_token_s_beginning_bears_none() {
        let wrapped = format!("On Monday you wrote:\n> cr-{}\n> {}\n", &TOKEN[..9], &TOKEN[9..]);
        for text in [format!("Yes.\n> cr-{TOKEN}"), format!("CR-{}", TOKEN.to_uppercase()), wrapped, "a cr-".to_owned()]
        {
            assert!(may_bear_token(text.as_bytes()), "{text}");
            assert!(may_bear_token(format!("{}{text}", "x-y ".repeat(9)).as_bytes()), "{text}");
        }
        for text in ["", "-", "r-", "cr", "c r-", "cr\u{2d}".trim_end_matches('-'), "Y3ItMTJlbTA0aG1hc3c5MQ=="] {
            assert!(!may_bear_token(text.as_bytes()), "{text}");
        }
    }

    fn content(message: &str) -> Content {
        let head = Head::read(message.as_bytes());
        look(&Body::read(&head, &message.as_bytes()[head.body..]))
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
        assert!(look(&Body::read(&head, &wide[head.body..])).unexamined);
        let symbols = "0123456789abcdefghjkmnpqrstvwxyz";
        let many: String = (0..=TOKENS_LIMIT).map(|n| format!("cr-{}{}\n", &TOKEN[1..], &symbols[n..=n])).collect();
        let result = content(&format!("A: b\n\n{many}"));
        assert!(result.unexamined && result.tokens.len() == TOKENS_LIMIT);
        assert_eq!(tokens_in_text(&many).len(), TOKENS_LIMIT);
        assert!(!content("A: b\n\nshort\n").unexamined);
    }
}
