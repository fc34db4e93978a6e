//! Tables of cases below `fixtures/format/`, which need no Rust to be read and mended: `README.md` there says how.

use super::fixture;

/// What is asked, and who answers.
pub type Question = (&'static str, fn(&[u8]) -> String);

/// Asks everything that stands in the file. Fails where an answer is another one, where nobody knows a question of the file,
/// and where a question has no case.
#[track_caller]
pub fn check(file: &str, questions: &[Question]) {
    let text = fixture::text(&fixture::root().join("format").join(file));
    let mut faults = Vec::new();
    let mut asked = vec![0; questions.len()];
    let mut current = None;
    for (number, line) in text.lines().enumerate() {
        if let Some(section) = line.strip_prefix("## ") {
            let (name, answer) = section.split_once(": ").map_or((section, None), |(name, all)| (name, Some(all)));
            let question = questions.iter().position(|(known, _)| *known == name);
            current = Some((question.unwrap_or_else(|| panic!("{file}: nobody knows \"{name}\"")), answer));
        } else if !line.is_empty() && !line.starts_with('#') {
            let (question, all) = current.unwrap_or_else(|| panic!("{file}: a case without a question: {line}"));
            let pair = || line.rsplit_once(" => ").unwrap_or_else(|| panic!("{file}: no answer: {line}"));
            let (case, wanted) = all.map_or_else(pair, |answer| (line, answer));
            let (wanted, found) = (bytes(wanted), questions[question].1(&bytes(case)));
            asked[question] += 1;
            if found.as_bytes() != wanted {
                let (name, wanted) = (questions[question].0, String::from_utf8_lossy(&wanted));
                faults.push(format!("{file}:{}: {name}: {case:.300}\n  {found:?} and not {wanted:?}", number + 1));
            }
        }
    }
    let silent = questions.iter().zip(&asked).filter(|(_, asked)| **asked == 0).map(|((name, _), _)| name);
    faults.extend(silent.map(|name| format!("{file}: no case of \"{name}\"")));
    assert!(faults.is_empty(), "{} wrong:\n{}", faults.len(), faults.join("\n"));
}

/// A case that is text.
#[track_caller]
pub fn text(case: &[u8]) -> &str {
    std::str::from_utf8(case).unwrap()
}

/// `yes` or `no`.
pub fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// The bytes that a line stands for.
pub fn bytes(line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = if line == "(nothing)" { "" } else { line };
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.extend(plain.bytes());
        let within = |end: usize| escape[end..].split_once('}').unwrap_or_else(|| panic!("no end: {line}"));
        rest = match escape.chars().next() {
            Some('x') => {
                out.push(u8::from_str_radix(&escape[1..3], 16).unwrap());
                &escape[3..]
            }
            Some('u') => {
                let (number, behind) = within(2);
                let number = u32::from_str_radix(number, 16).unwrap();
                out.extend(char::from_u32(number).unwrap().to_string().bytes());
                behind
            }
            Some('{') => {
                let (repeated, behind) = within(1);
                let (count, unit) = repeated.split_once('*').unwrap();
                out.extend(bytes(unit).repeat(count.parse().unwrap()));
                behind
            }
            Some(c) => {
                let known = "n\nr\rt\ts \\\\".as_bytes().chunks(2).find(|pair| char::from(pair[0]) == c);
                out.push(known.unwrap_or_else(|| panic!("\\{c} in {line}"))[1]);
                &escape[1..]
            }
            None => panic!("a backslash at the end: {line}"),
        };
    }
    out.extend(rest.bytes());
    out
}
