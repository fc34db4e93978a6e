//! What a person sees: standard output for answers, standard error for troubles.
//!
//! Promises: a closed or full screen is never a panic. Foreign text must be made fit before it comes here
//! (`mail/display.rs`). Never used by `deliver` and `gate`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;

use crate::mail::display::wrapped;
use crate::world::surroundings;

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

/// Columns of a terminal that everybody has.
pub const WIDTH: usize = 80;
/// No screen has more columns.
pub const WIDEST: usize = surroundings::COLUMNS_LIMIT;
/// Where the second line of a trouble begins.
const ERROR_INDENT: usize = 4;

/// How wide the answer may be: what `COLUMNS` says, else 80 on a terminal. None where a program may read it, which
/// wants a message on a line.
#[must_use]
pub fn width() -> Option<usize> {
    surroundings::columns().or_else(|| io::stdout().is_terminal().then_some(WIDTH))
}

/// The same of what is said beside the answer.
#[must_use]
pub fn width_beside() -> Option<usize> {
    surroundings::columns().or_else(|| io::stderr().is_terminal().then_some(WIDTH))
}

/// Writes one trouble; where somebody looks, in lines that fit.
pub fn error(text: &str) {
    const WORD: &str = "countersign:";
    let is_terminal = io::stderr().is_terminal();
    let text = format!("{WORD} {text}");
    let text = match width_beside() {
        Some(width) => wrapped(&text, ERROR_INDENT, width),
        None => format!("{text}\n"),
    };
    let text = if is_terminal { text.replacen(WORD, "\u{1b}[31mcountersign:\u{1b}[0m", 1) } else { text };
    drop(write!(io::stderr(), "{text}"));
}

/// Writes one line beside the answer, such as progress; only where somebody looks.
pub fn aside(text: &str) {
    if io::stderr().is_terminal() {
        drop(writeln!(io::stderr(), "{text}"));
    }
}

/// Whether there is somebody who sees a question and can answer it.
#[must_use]
pub fn has_partner() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question to which yes is the usual answer. Whoever goes away has not said yes.
#[must_use]
pub fn agrees(question: &str) -> bool {
    agreed(question, true, io::stdin().lock(), io::stderr())
}

/// Asks a question to which no is the usual answer.
#[must_use]
pub fn insists(question: &str) -> bool {
    agreed(question, false, io::stdin().lock(), io::stderr())
}

fn agreed(question: &str, usual: bool, answers: impl BufRead, mut screen: impl Write) -> bool {
    // An answer is short, and nobody goes on for ever.
    let mut answers = answers.take(4_096);
    loop {
        drop(write!(screen, "{question} [{}] ", if usual { "Y/n" } else { "y/N" }));
        let mut line = Vec::new();
        match answers.read_until(b'\n', &mut line) {
            Ok(1..) => {}
            _ => return false,
        }
        match String::from_utf8_lossy(&line).trim().to_lowercase().as_str() {
            "" => return usual,
            "y" | "yes" => return true,
            "n" | "no" => return false,
            _ => {}
        }
    }
}

/// A path as a shell takes it for one word.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@,:=".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_or_an_empty_line_is_a_yes() {
        for (typed, agrees, times) in [
            ("\n", true, 1),
            ("y\n", true, 1),
            ("YES\r\n", true, 1),
            ("n\n", false, 1),
            ("no\ny\n", false, 1),
            ("what?\ny\n", true, 2),
            ("\u{e9}\nn\n", false, 2),
            ("", false, 1),
            ("what?\n", false, 2),
        ] {
            let mut screen = Vec::new();
            assert_eq!(agreed("Well?", true, typed.as_bytes(), &mut screen), agrees, "{typed:?}");
            assert_eq!(screen, "Well? [Y/n] ".repeat(times).as_bytes(), "{typed:?}");
        }
        for (typed, agrees) in
            [("\n", false), ("y\n", true), ("yes\n", true), ("n\n", false), ("", false), ("what?\n\n", false)]
        {
            let mut screen = Vec::new();
            assert_eq!(agreed("Well?", false, typed.as_bytes(), &mut screen), agrees, "{typed:?}");
            assert!(screen.starts_with(b"Well? [y/N] "), "{typed:?}");
        }
        assert!(!agreed("Well?", true, io::BufReader::new(io::repeat(b'x')), io::sink()));
        assert!(!agreed("Well?", true, &b"\xff\xfe"[..], io::sink()));
    }

    #[test]
    fn a_shell_takes_each_path_for_one_word() {
        for (path, wanted) in
            [("/a/.Sent", "/a/.Sent"), ("/a/.Sent Items", "'/a/.Sent Items'"), ("/a/[G]/it's", "'/a/[G]/it'\\''s'")]
        {
            assert_eq!(shell_word(Path::new(path)), wanted);
        }
    }
}
