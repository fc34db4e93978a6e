//! The page on which an account stands: two columns under headings.
//!
//! Promises: foreign text is one line and bounded; what is too much for a screen is counted. Never touches: what the
//! rows say.

use unicode_width::UnicodeWidthStr;

use crate::mail::compose::short_date;
use crate::mail::display::{one_line, wrapped};

/// Where the second column begins.
const COLUMN: usize = 22;
/// Most characters of one line of foreign text.
pub(super) const WIDTH: usize = 300;
/// Most lines of one fact in columns; the rest is counted, and stands in the JSON.
const LINES: usize = 12;

/// Two columns under headings, the lines no wider than said.
pub(super) struct Page(pub(super) String, pub(super) Option<usize>);

impl Page {
    pub(super) fn heading(&mut self, text: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        self.0.push_str(&format!("{gap}{text}\n"));
    }

    /// A sentence over the whole width.
    pub(super) fn sentence(&mut self, text: &str) {
        self.0.push_str(&match self.1 {
            Some(width) => wrapped(text, 0, width),
            None => format!("{text}\n"),
        });
    }

    pub(super) fn row(&mut self, name: &str, value: &str) {
        let line = format!("  {name:<width$}{}", one_line(value, WIDTH), width = COLUMN - 2);
        let line = line.trim_end();
        match self.1 {
            Some(width) if line.width() > width => {
                // A name at the limit of its column is followed by the value all the same.
                let (name, value) = line.split_at(line.char_indices().nth(COLUMN).map_or(line.len(), |(at, _)| at));
                self.0.push_str(&format!("{name}{}", wrapped(value, COLUMN, width)));
            }
            _ => self.0.push_str(&format!("{line}\n")),
        }
    }

    pub(super) fn some(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.row(name, value);
        }
    }

    /// One row each, the name at the first only; nothing at all for none.
    pub(super) fn all(&mut self, name: &str, values: impl Iterator<Item = String>) {
        values.enumerate().for_each(|(at, value)| self.row(if at == 0 { name } else { "" }, &value));
    }

    /// The same, at most [`LINES`] of them.
    pub(super) fn lines(&mut self, name: &str, values: impl Iterator<Item = String>) {
        let values: Vec<String> = values.collect();
        self.all(name, values.iter().take(LINES).cloned());
        if values.len() > LINES {
            self.row("", &format!("and {} more (see --json)", values.len() - LINES));
        }
    }

    pub(super) fn list(&mut self, name: &str, values: impl Iterator<Item = String>, none: &str) {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return self.row(name, none);
        }
        self.lines(name, values);
    }
}

pub(super) fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(|value| one_line(&value.to_string(), WIDTH)).collect()
}

/// `BelowBoundary` as `below-boundary`.
pub(super) fn kebab<T: std::fmt::Debug>(value: &T) -> String {
    let mut out = String::new();
    for c in format!("{value:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

pub(super) fn when(seconds: i64) -> String {
    format!("{} UTC", short_date(seconds))
}

pub(super) fn yes(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::standing::StoreHealth;

    #[test]
    fn names_are_in_kebab_case() {
        assert_eq!(kebab(&StoreHealth::Ready), "ready");
        assert_eq!(kebab(&crate::origin::auth::Ignored::BelowBoundary), "below-boundary");
    }

    #[test]
    fn what_is_too_much_for_a_screen_is_counted() {
        let mut page = Page(String::new(), None);
        page.lines("named", (0..LINES + 3).map(|number| number.to_string()));
        assert_eq!(page.0.lines().count(), LINES + 1);
        assert!(page.0.ends_with("and 3 more (see --json)\n"));
        page.row("escape", "a\u{1b}[2Jb");
        assert!(page.0.ends_with("a [2Jb\n"));
    }
}
