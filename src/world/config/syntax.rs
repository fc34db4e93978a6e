//! What is wrong with a text that is no configuration, in the form `file:line: what`.
//!
//! Promises: names the key where one can be told. Never touches: what the values mean.

use std::path::Path;

use anyhow::anyhow;

/// The parser's own words, in the form `file:line: what`.
pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
    let what = error.message().replace('\n', " ");
    let key = if what.starts_with("missing field") { None } else { key_at(text, line) };
    anyhow!("{}:{line}: {}{what}", path.display(), key.map(|key| format!("{key}: ")).unwrap_or_default())
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
