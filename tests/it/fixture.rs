//! Files below `fixtures/`: found, read, compared with what comes out, and rewritten with `UPDATE=1`.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file with that extension in a folder of `fixtures/` and below it, sorted. A suite that finds none fails.
#[track_caller]
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), extension, &mut found);
    found.sort();
    assert!(!found.is_empty(), "no .{extension} file in fixtures/{folder}");
    found
}

/// The text of a fixture.
#[track_caller]
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture's name for people: its path below `fixtures/`.
pub fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Fails unless the file holds exactly this; with `UPDATE=1` it is written instead.
#[track_caller]
pub fn golden(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    let different = expected.lines().zip(actual.lines()).position(|(a, b)| a != b);
    let line = different.unwrap_or(expected.lines().count().min(actual.lines().count())) + 1;
    assert!(
        expected == actual,
        "{} differs at line {line}; UPDATE=1 rewrites it\n---- expected\n{expected}\n---- actual\n{actual}",
        name(path)
    );
}

/// The folder itself.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
}
