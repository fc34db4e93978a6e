//! What a person sees: standard output for answers, standard error for troubles.
//!
//! Promises: a closed or full screen is never a panic. Foreign text must be made fit before it comes here
//! (`mail/display.rs`). Never used by `deliver` and `gate`.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;

use unicode_width::UnicodeWidthStr;

/// Writes an answer. A reader that went away (`| head`) is no trouble.
///
/// # Errors
/// A full disk, where the answer goes to a file.
pub fn out(text: &str) -> io::Result<()> {
    bytes(text.as_bytes())
}

/// Writes raw bytes.
///
/// # Errors
/// As [`out`].
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    write(bytes).map(|_| ())
}

/// Writes a part of a long answer; breaks when nobody reads any more.
///
/// # Errors
/// As [`out`].
pub fn stream(text: &str) -> io::Result<ControlFlow<()>> {
    write(text.as_bytes())
}

fn write(bytes: &[u8]) -> io::Result<ControlFlow<()>> {
    let mut screen = io::stdout().lock();
    match screen.write_all(bytes).and_then(|()| screen.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        written => written.map(ControlFlow::Continue),
    }
}

/// Writes a text for people beside an answer that is for a program.
pub fn beside(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
}

/// Writes one line of trouble.
pub fn error(text: &str) {
    let word = if io::stderr().is_terminal() { "\u{1b}[31mcountersign:\u{1b}[0m" } else { "countersign:" };
    drop(writeln!(io::stderr(), "{word} {text}"));
}

/// Writes one line beside the answer, such as progress; only where somebody looks.
pub fn aside(text: &str) {
    if io::stderr().is_terminal() {
        drop(writeln!(io::stderr(), "{text}"));
    }
}

/// A text cut or filled to a number of columns, wide characters counted as two.
#[must_use]
pub fn column(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used + wide > width.saturating_sub(usize::from(text.width() > width)) {
            out.push('…');
            used += 1;
            break;
        }
        out.push(c);
        used += wide;
    }
    out.push_str(&" ".repeat(width.saturating_sub(used)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        assert_eq!(column("abc", 5), "abc  ");
        assert_eq!(column("abcdef", 5), "abcd…");
        assert_eq!(column("東京都", 5).width(), 5);
        assert_eq!(column("", 2), "  ");
    }
}
