//! HTML as the plain text a reader would see.
//!
//! Promises: linear time, no recursion, no failure; tags, attributes, comments, scripts and styles never become text,
//! so that an address in a link is not taken for something the sender wrote. What stands in a `blockquote` begins with
//! `> `, as quotations in plain text do. Never touches: what the text means.

/// The text of an HTML document or fragment: blanks run together, one line for each block.
#[must_use]
pub fn to_text(html: &str) -> String {
    let mut page = Page::default();
    let mut at = 0;
    while let Some(next) = step(html, at, &mut page) {
        at = next;
    }
    page.out
}

/// Whether the page shows something that is no text: a picture, a film, a form.
#[must_use]
pub fn shows_more_than_text(html: &str) -> bool {
    let mut page = Page::default();
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        at = markup(html, at + found, &mut page);
    }
    page.more
}

/// How many bytes stand before the first character that a reader would see.
#[must_use]
pub fn text_start(html: &str) -> usize {
    let mut page = Page::default();
    let mut at = 0;
    while let Some(next) = step(html, at, &mut page) {
        if page.begun {
            return at;
        }
        at = next;
    }
    html.len()
}

/// Takes characters without blanks, one other character, an entity or a piece of markup, and gives the place behind it;
/// none at the end.
fn step(html: &str, at: usize, page: &mut Page) -> Option<usize> {
    let plain = |b: &&u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'&');
    let length = html.as_bytes()[at..].iter().take_while(plain).count();
    if length > 0 {
        page.visible(&html[at..at + length]);
        return Some(at + length);
    }
    let c = html[at..].chars().next()?;
    Some(match c {
        '<' => markup(html, at, page),
        '&' => entity(html, at, page),
        _ => {
            page.character(c);
            at + c.len_utf8()
        }
    })
}

/// The text so far.
#[derive(Default)]
struct Page {
    out: String,
    /// How many quotations are open.
    quotations: usize,
    /// Whether a blank is to be written before the next character of the line.
    gap: bool,
    /// Whether the current line has a character.
    begun: bool,
    /// Whether there is an element that shows something else than text.
    more: bool,
}

impl Page {
    fn character(&mut self, c: char) {
        if c.is_whitespace() {
            self.gap = true;
        } else {
            self.visible(c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Takes characters that are no blanks.
    fn visible(&mut self, text: &str) {
        if !self.begun {
            self.out.push_str(if self.quotations > 0 { "> " } else { "" });
        } else if self.gap {
            self.out.push(' ');
        }
        self.begun = true;
        self.gap = false;
        self.out.push_str(text);
    }

    fn line_end(&mut self) {
        if self.begun {
            self.out.push('\n');
        }
        self.begun = false;
        self.gap = false;
    }
}

/// Elements whose content is never shown.
fn is_hidden(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"template" | b"title")
}

/// Elements that show something else than their text.
fn is_no_text(name: &[u8]) -> bool {
    matches!(
        name,
        b"applet"
            | b"audio"
            | b"button"
            | b"canvas"
            | b"embed"
            | b"iframe"
            | b"image"
            | b"img"
            | b"input"
            | b"object"
            | b"picture"
            | b"select"
            | b"svg"
            | b"video"
    )
}

/// Elements before and behind which a line ends, beside the quotation.
fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"article"
            | b"body"
            | b"br"
            | b"center"
            | b"dd"
            | b"div"
            | b"dl"
            | b"dt"
            | b"footer"
            | b"form"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"header"
            | b"hr"
            | b"li"
            | b"ol"
            | b"p"
            | b"pre"
            | b"section"
            | b"table"
            | b"tbody"
            | b"tr"
            | b"ul"
    )
}

/// Longest name of an element that is looked at.
const NAME_LIMIT: usize = 16;

/// Takes what begins with this `<`, and gives the place behind it.
fn markup(html: &str, at: usize, page: &mut Page) -> usize {
    let rest = &html[at + 1..];
    if let Some(comment) = rest.strip_prefix("!--") {
        // `<!-->` is a whole comment: its end may use the hyphens of its beginning.
        let search = html.len() - comment.len() - 2;
        return html[search..].find("-->").map_or(html.len(), |end| search + end + 3);
    }
    if rest.starts_with(['!', '?']) {
        return rest.find('>').map_or(html.len(), |end| at + 1 + end + 1);
    }
    let (closing, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        page.character('<');
        return at + 1;
    }
    let mut name = [0; NAME_LIMIT];
    let letters = rest.bytes().take_while(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
    let length = name.iter_mut().zip(letters).map(|(place, letter)| *place = letter).count();
    let name = &name[..length];
    let end = end_of_tag(html, html.len() - rest.len());
    if !closing && is_hidden(name) {
        return end_of_hidden(html, end, name);
    }
    page.more |= is_no_text(name);
    element(name, closing, page);
    end
}

fn element(name: &[u8], closing: bool, page: &mut Page) {
    if name == b"blockquote" || is_block(name) {
        page.line_end();
    }
    match (name, closing) {
        (b"blockquote", false) => page.quotations += 1,
        (b"blockquote", true) => page.quotations = page.quotations.saturating_sub(1),
        (b"td" | b"th", _) => page.gap = true,
        _ => {}
    }
}

/// The place behind the `>` of a tag; a `>` in a quoted attribute value does not end it.
fn end_of_tag(html: &str, mut at: usize) -> usize {
    let bytes = html.as_bytes();
    let mut value = false;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'>' => return at,
            b'=' => value = true,
            b'"' | b'\'' if value => {
                at = bytes[at..].iter().position(|&b| b == byte).map_or(bytes.len(), |end| at + end + 1);
                value = false;
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => value = false,
        }
    }
    bytes.len()
}

/// The place behind the end tag of an element whose content is not shown; without one all the rest is its content.
fn end_of_hidden(html: &str, mut at: usize, name: &[u8]) -> usize {
    while let Some(found) = html[at..].find("</") {
        at += found + 2;
        if html.as_bytes()[at..].get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name)) {
            return end_of_tag(html, at + name.len());
        }
    }
    html.len()
}

/// Takes what begins with this `&`, and gives the place behind it.
fn entity(html: &str, at: usize, page: &mut Page) -> usize {
    // The longest that is known here has eight characters between `&` and `;`.
    let end = html.as_bytes()[at + 1..].iter().take(9).position(|&b| b == b';');
    let character = end.and_then(|end| html.get(at + 1..at + 1 + end)).and_then(named);
    match (character, end) {
        (Some(c), Some(end)) => {
            page.character(c);
            at + end + 2
        }
        _ => {
            page.character('&');
            at + 1
        }
    }
}

/// The handful of names that mail programs write for characters they could not write themselves.
fn named(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => number.parse(),
        };
        return number.ok().and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "apos" => '\'',
        "emsp" | "ensp" | "nbsp" | "thinsp" => ' ',
        "gt" => '>',
        "hellip" => '\u{2026}',
        "lt" => '<',
        "mdash" => '\u{2014}',
        "ndash" => '\u{2013}',
        "quot" => '"',
        "shy" => '\u{ad}',
        "zwj" => '\u{200d}',
        "zwnj" => '\u{200c}',
        _ => return None,
    })
}
