//! Tables of cases below `fixtures/`, which somebody can read and add to who knows no Rust.
//!
//! `[question: answer]` heads the cases that are asked it and must be answered so, one a line; `#` begins a comment. In a
//! case `\n`, `\r`, `\t` and `\s` are a line end, its return, a tabulator and a blank, `\u{e9}` is a character by its
//! number, `\\` a backslash. Blanks around a case do not count.

use std::fmt::Debug;

use super::fixture;

/// Puts every case of a file to `answer`, which is given the question and the case, and fails with all wrong answers.
#[track_caller]
pub fn check(file: &str, answer: impl Fn(&str, &str) -> String) {
    let mut wrong = Vec::new();
    for (question, expected, line) in read(file) {
        let found = answer(&question, &unescaped(&line));
        if found != expected {
            wrong.push(format!("[{question}: {expected}] {line}\n    is answered: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
}

/// The first case below each heading that asks this question, as it is meant.
#[track_caller]
pub fn first_of_each(file: &str, question: &str) -> Vec<String> {
    let mut cases = read(file);
    cases.retain(|(asked, _, _)| asked == question);
    cases.dedup_by(|one, before| one.1 == before.1);
    cases.iter().map(|(_, _, line)| unescaped(line)).collect()
}

/// The question, the answer and the case as it stands, each.
#[track_caller]
fn read(file: &str) -> Vec<(String, String, String)> {
    let text = fixture::text(&fixture::root().join(file));
    let (mut heading, mut count, mut cases) = (None, 0, Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(inner) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            assert!(heading.is_none() || count > 0, "{file}: nothing stands below the heading before [{inner}]");
            heading = Some(inner.split_once(": ").unwrap_or_else(|| panic!("{file}: [{inner}] gives no answer")));
            count = 0;
            continue;
        }
        let (question, expected) = heading.unwrap_or_else(|| panic!("{file}: no heading above {line}"));
        count += 1;
        cases.push((question.to_owned(), expected.to_owned(), line.to_owned()));
    }
    assert!(count > 0, "{file}: no case below the last heading");
    cases
}

/// The one answer to all words of a case; where they differ, each with its own.
pub fn alike(case: &str, answer: impl Fn(&str) -> String) -> String {
    let answers: Vec<(&str, String)> = case.split_whitespace().map(|word| (word, answer(word))).collect();
    match answers.as_slice() {
        [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => first.clone(),
        _ => answers.iter().map(|(word, answer)| format!("{word}: {answer}; ")).collect(),
    }
}

/// What the answers are called that say yes or no.
pub fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// Several names as one answer; `none` if there is none.
pub fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A variant as answers name it: `BelowBoundary` is `below-boundary`.
pub fn kebab(variant: &impl Debug) -> String {
    let name = format!("{variant:?}");
    let dash = |(at, c): (usize, char)| if at > 0 && c.is_uppercase() { format!("-{c}") } else { c.to_string() };
    name.char_indices().map(dash).collect::<String>().to_lowercase()
}

/// A question that a file asks and no test knows.
pub fn unknown(question: &str) -> ! {
    panic!("no test knows the question {question:?}")
}

fn unescaped(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('u')) => {
                let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                out.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap());
            }
            ('\\', Some('s')) => out.push(' '),
            ('\\', Some('\\')) => out.push('\\'),
            ('\\', other) => panic!("{line}: \\{other:?} means nothing"),
            (c, _) => out.push(c),
        }
    }
    out
}

#[test]
fn what_stands_for_other_characters_is_read() {
    assert_eq!(unescaped(r"a\nb\r\t\u{e9}\\n\s"), "a\nb\r\t\u{e9}\\n ");
    let path = std::env::temp_dir().join(format!("countersign-cases-{}.txt", std::process::id()));
    for bad in ["[a: b]", "[a: b]\nc\n[d: e]", "[a: c]\nb", "c", "[a]\nb", ""] {
        std::fs::write(&path, bad).unwrap();
        let read = std::panic::catch_unwind(|| check(path.to_str().unwrap(), |_, _| "b".to_owned()));
        assert!(read.is_err(), "{bad:?}");
    }
    std::fs::remove_file(&path).unwrap();
}
