//! Foreign text made fit to be shown: in a terminal, in a log line, in our own mail.
//!
//! Promises: one line, no control character, no escape sequence, no invisible or direction-changing character,
//! a stated length. A sender's Subject can clear a screen or rename a window otherwise. Never touches: meaning.

use unicode_width::UnicodeWidthChar;

/// Most characters of a Subject or display name that are shown anywhere.
pub const SHOWN_LIMIT: usize = 120;

/// One line of at most `limit` characters; what was cut is marked by `…`, which counts.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let plain = text.trim_matches(' ');
    if plain.len() <= limit && is_plain(plain.as_bytes()) {
        return plain.to_owned();
    }
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() || c.is_control() {
            gap = !out.is_empty();
            continue;
        }
        for next in gap.then_some(' ').into_iter().chain([c]) {
            if count >= limit {
                out.pop();
                out.push('…');
                return out;
            }
            out.push(next);
            count += 1;
        }
        gap = false;
    }
    out
}

/// Whether it is printable ASCII with single blanks between words. Without a branch for each byte, so that many are looked
/// at in one step.
fn is_plain(line: &[u8]) -> bool {
    let behind = line.get(1..).unwrap_or_default();
    let odd = |odd, (a, b): (&u8, &u8)| odd | !matches!(a, b' '..=b'~') | ((*a == b' ') & (*b == b' '));
    !line.iter().zip(behind).fold(false, odd) && line.last().is_none_or(u8::is_ascii_graphic)
}

/// Several lines, each made fit by [`one_line`], the line ends kept.
#[must_use]
pub fn lines(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        out.push_str(&" ".repeat(indent.min(limit)));
        out.push_str(&one_line(line, limit));
        out.push('\n');
    }
    out
}

/// Breaks a line between words so that it ends before `width` columns; what follows is indented. A word that is too
/// long stays whole, so that a path can be copied. Ends with a line end.
#[must_use]
pub fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for word in text.split(' ') {
        let length = columns(word);
        if column > indent && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        }
        if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// The columns that a text takes in a terminal, which lays character beside character: wide ones count two.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// At most so many columns of a text; what was cut is marked by `…`, which counts.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        out.push(c);
        used += wide;
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// The same, filled with blanks.
#[must_use]
pub fn filled(text: &str, width: usize) -> String {
    let mut out = cut(text, width);
    out.push_str(&" ".repeat(width - columns(&out)));
    out
}

/// A text with every link broken: nothing in our own mail shall be clickable that a stranger wrote.
///
/// Many programs make a link of `example.org/x`, whatever stands before the full stop: a letter, a digit, `-`, `_` or the
/// accent of a letter; some take the full stops of East Asian writing for the same (UTS 46). A colon behind a word makes
/// `mailto:` and all the other schemes.
#[must_use]
pub fn without_links(text: &str) -> String {
    let text = text.replace("://", ": //").replace("www.", "www .");
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let next = chars.peek().copied().unwrap_or(' ');
        let stop = is_full_stop(c) && !before.is_whitespace() && !is_full_stop(before) && next.is_alphabetic();
        let colon = c == ':' && before.is_alphabetic() && !next.is_whitespace();
        if stop || colon {
            out.push(' ');
        }
        before = c;
    }
    out
}

/// A text as one word of a command line that is shown to be copied: in an address and in the name of a list may stand what a
/// shell acts on.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@.:,/_-+=%".contains(c);
    if text.chars().all(plain) && !text.is_empty() {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn is_full_stop(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

/// Zero-width, direction-changing, tag and filler characters (Unicode 16, chapter 23).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff0}'..='\u{fffc}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_stands_in_them() {
        for (text, width, wanted) in [
            ("abc", 5, "abc  "),
            ("abcde", 5, "abcde"),
            ("abcdef", 5, "abcd…"),
            ("", 2, "  "),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東… "),
            ("東京都", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(filled(text, width), wanted, "{text}, {width}");
            assert_eq!((columns(wanted), cut(text, width).as_str()), (width, wanted.trim_end()), "{text}, {width}");
        }
    }

    #[test]
    fn lines_are_wrapped_by_the_columns_that_a_terminal_takes() {
        // Joined by an invisible character, which a terminal that knows nothing of it passes over.
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for word in [family, "東京都", "tea"] {
            let text = wrapped(&[word; 9].join(" "), 2, 20);
            assert!(text.lines().skip(1).all(|line| columns(line) <= 20), "{text}");
            assert_eq!(text.split_whitespace().count(), 9);
        }
    }
}
