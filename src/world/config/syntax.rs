//! What is wrong with a text that is no configuration, in the form `file:line: what`.
//!
//! Promises: names the key where one can be told. Never touches: what the values mean.

use std::borrow::Cow;
use std::path::Path;

use anyhow::anyhow;
use memchr::{memchr_iter, memmem};

/// The parser's own words, in the form `file:line: what`.
pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
    let what = error.message().replace('\n', " ");
    let key = if what.starts_with("missing field") { None } else { key_at(text, line) };
    anyhow!("{}:{line}: {}{what}", path.display(), key.map(|key| format!("{key}: ")).unwrap_or_default())
}

/// The text with its lines of comment empty, so that every line keeps its number. The file that `init` writes is nearly all
/// comment, and the parser takes it apart letter by letter, for each message: an eighth of what a known sender's letter
/// costs (measured). In a text of several lines `#` is a letter, so where there is one all stays as it is.
pub(super) fn without_comments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memmem::find(bytes, b"\"\"\"").is_some() || memmem::find(bytes, b"'''").is_some() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes).chain(std::iter::once(text.len())) {
        let line = &text[start..end];
        if !line.trim_start().starts_with('#') {
            kept.push_str(line);
        }
        if end < text.len() {
            kept.push('\n');
        }
        start = end + 1;
    }
    Cow::Owned(kept)
}

/// The key whose value stands on that line, counted from 1, or goes on there.
fn key_at(text: &str, line: usize) -> Option<String> {
    let (mut table, mut key) = (None, None);
    for line in text.lines().take(line).map(str::trim) {
        let bare =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let header = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|name| bare(name)) {
            (table, key) = (Some(name), None);
        } else if let Some((name, _)) = line.split_once('=').filter(|(name, _)| bare(name.trim())) {
            key = Some(name.trim());
        }
    }
    let key = key?;
    Some(table.map_or_else(|| key.to_owned(), |table| format!("{table}.{key}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_lines_stay() {
        let text = "# one\na = 1 # two\n  # three\n\n[b]\nc = \"# four\"\n#\n";
        assert_eq!(without_comments(text), "\na = 1 # two\n\n\n[b]\nc = \"# four\"\n\n");
        let many = "a = \"\"\"\n# a line of the text\n\"\"\"\n# one\n";
        assert_eq!(without_comments(many), many);
        assert_eq!(without_comments("a = '''\n#\n'''"), "a = '''\n#\n'''");
        assert_eq!(without_comments(""), "");
    }
}
