//! The texts of a challenge: one file a language, with placeholders in braces and lines that stand only sometimes.
//!
//! Promises: a text with a mistake is refused with its line and the way out; filling in is one pass, so a Subject that
//! reads `{sender}` stays as it is; no line is wider than [`WIDTH`] columns that could be broken. Never touches: what
//! is filled in (`challenge.rs`), files.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// Most bytes of a text: a challenge has at most 4 kB, and its header block takes a part of them.
pub const TEXT_LIMIT: usize = 3_072;
/// Most columns of a line, so that one level of quotation still fits into 80.
pub const WIDTH: usize = 76;

/// Language, text of the challenge, text for an answer without the word. A user's own file of the same language comes
/// before the challenge's text.
pub const BUILT_IN: [(&str, &str, &str); 14] = [
    ("cs", include_str!("texts/challenge.cs.txt"), include_str!("texts/wrong.cs.txt")),
    ("da", include_str!("texts/challenge.da.txt"), include_str!("texts/wrong.da.txt")),
    ("de", include_str!("texts/challenge.de.txt"), include_str!("texts/wrong.de.txt")),
    ("en", include_str!("texts/challenge.en.txt"), include_str!("texts/wrong.en.txt")),
    ("es", include_str!("texts/challenge.es.txt"), include_str!("texts/wrong.es.txt")),
    ("fr", include_str!("texts/challenge.fr.txt"), include_str!("texts/wrong.fr.txt")),
    ("it", include_str!("texts/challenge.it.txt"), include_str!("texts/wrong.it.txt")),
    ("nb", include_str!("texts/challenge.nb.txt"), include_str!("texts/wrong.nb.txt")),
    ("nl", include_str!("texts/challenge.nl.txt"), include_str!("texts/wrong.nl.txt")),
    ("pl", include_str!("texts/challenge.pl.txt"), include_str!("texts/wrong.pl.txt")),
    ("pt", include_str!("texts/challenge.pt.txt"), include_str!("texts/wrong.pt.txt")),
    ("ru", include_str!("texts/challenge.ru.txt"), include_str!("texts/wrong.ru.txt")),
    ("sv", include_str!("texts/challenge.sv.txt"), include_str!("texts/wrong.sv.txt")),
    ("uk", include_str!("texts/challenge.uk.txt"), include_str!("texts/wrong.uk.txt")),
];

/// The Subjects of the built-in texts, of the challenge and of the short mail about the word, in every language.
pub fn built_in_subjects() -> impl Iterator<Item = &'static str> {
    let texts = BUILT_IN.iter().flat_map(|(_, challenge, wrong)| [*challenge, *wrong]);
    texts.filter_map(|text| text.lines().next()?.strip_prefix("Subject: "))
}

/// One language's text: a Subject line, an empty line, then lines with placeholders in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The code of its language, in which the word of `answer = "word"` is written.
    pub language: String,
    /// The Subject, without placeholders.
    pub subject: String,
    lines: Vec<(Option<Part>, String)>,
}

/// Lines that stand only where they apply: in the file they begin with the name in brackets and a blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The sender was asked before.
    Again,
    /// Others sent a similar message, and the user wants that said.
    Alike,
    /// There are held messages, and the user wants their Subjects named.
    Held,
    /// The sending host is known and wanted.
    Host,
    /// "Not me" has an address of its own.
    NotMeAddress,
    /// It has none, so a word says it.
    NotMeWord,
    /// Any reply counts.
    Reply,
    /// There is a Subject, and it is wanted.
    Subject,
    /// A reply must hold a word.
    Word,
}

/// What is wrong with a text file; the way out is in the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// It is longer than leaves room for the header block.
    TooLong,
    /// It does not begin with `Subject: …` and an empty line.
    NoSubject,
    /// A name in brackets that does not exist, and its line.
    UnknownPart(String, usize),
    /// A placeholder that does not exist, and its line.
    UnknownPlaceholder(String, usize),
}

/// Every placeholder.
pub const PLACEHOLDERS: [&str; 10] =
    ["count", "date", "days", "held", "host", "notme", "owner", "sender", "subject", "word"];

impl Template {
    /// Reads a text file.
    ///
    /// # Errors
    /// [`TemplateError`]
    pub fn parse(language: &str, text: &str) -> Result<Template, TemplateError> {
        if text.len() > TEXT_LIMIT {
            return Err(TemplateError::TooLong);
        }
        for (number, line) in text.lines().enumerate() {
            check_placeholders(line, number + 1)?;
        }
        let (first, body) = text.split_once("\n\n").ok_or(TemplateError::NoSubject)?;
        let subject = first.strip_prefix("Subject: ").filter(|s| !s.contains('\n')).ok_or(TemplateError::NoSubject)?;
        let lines = body.trim_end().lines().enumerate();
        let lines = lines.map(|(number, line)| part_of(line, number + 3)).collect::<Result<_, _>>()?;
        Ok(Template { language: language.to_owned(), subject: subject.to_owned(), lines })
    }

    /// Whether there is a built-in text for a language; reading it costs a fiftieth of a whole run (measured).
    #[must_use]
    pub fn is_built_in(language: &str) -> bool {
        BUILT_IN.iter().any(|(code, ..)| *code == language)
    }

    /// The built-in text of a language.
    #[must_use]
    pub fn built_in(language: &str) -> Option<Template> {
        let (_, text, _) = BUILT_IN.iter().find(|(code, ..)| *code == language)?;
        Template::parse(language, text).ok()
    }

    /// The text for an answer without the word, in a language; English where there is none.
    #[must_use]
    pub fn wrong_word(language: &str) -> Option<Template> {
        let found = BUILT_IN.iter().find(|(code, ..)| *code == language);
        let (code, _, text) = found.or(BUILT_IN.iter().find(|(code, ..)| *code == "en"))?;
        Template::parse(code, text).ok()
    }

    /// All its lines, with their placeholders.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// Whether the placeholder is in it.
    #[must_use]
    pub fn has(&self, placeholder: &str) -> bool {
        self.says(&format!("{{{placeholder}}}"))
    }

    /// Whether the words are in one of its lines.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.lines.iter().any(|(_, line)| line.contains(words))
    }

    /// The text with its lines that apply, filled in and broken at [`WIDTH`].
    #[must_use]
    pub fn fill(&self, applies: impl Fn(Part) -> bool, values: &[(&str, String)]) -> String {
        let mut out: Vec<String> = Vec::new();
        for (_, line) in self.lines.iter().filter(|(part, _)| part.is_none_or(&applies)) {
            for line in filled(line, values).split('\n') {
                // Where nothing of a paragraph applies, one empty line is enough.
                if !line.is_empty() || out.last().is_some_and(|last| !last.is_empty()) {
                    wrap(line, &mut out);
                }
            }
        }
        out.join("\n").trim_end().to_owned()
    }

    /// Whether these first lines are those of this text, sent back as they were. A line is compared up to its first
    /// placeholder; a text that begins with one is not known again.
    #[must_use]
    pub fn opens(&self, lines: &[String]) -> bool {
        let fixed = self.lines.iter().filter(|(part, _)| part.is_none());
        let said = fixed.map(|(_, line)| line.trim()).filter(|line| line.contains(char::is_alphanumeric));
        let starts = |(said, line): (&str, &String)| {
            let start = said.split('{').next().unwrap_or_default().trim_end();
            !start.is_empty() && line.starts_with(start)
        };
        lines.len() >= 2 && said.zip(lines).take(2).filter(|pair| starts(*pair)).count() == 2
    }
}

impl Part {
    const ALL: [(&'static str, Part); 9] = [
        ("again", Part::Again),
        ("alike", Part::Alike),
        ("held", Part::Held),
        ("host", Part::Host),
        ("notme-address", Part::NotMeAddress),
        ("notme-word", Part::NotMeWord),
        ("reply", Part::Reply),
        ("subject", Part::Subject),
        ("word", Part::Word),
    ];
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::TooLong => write!(out, "the text is longer than {TEXT_LIMIT} bytes"),
            TemplateError::NoSubject => out.write_str("the first line must be `Subject: …`, the second empty"),
            TemplateError::UnknownPart(name, line) => {
                let names: Vec<&str> = Part::ALL.iter().map(|(name, _)| *name).collect();
                write!(out, "line {line}: there are no lines [{name}]; there are [{}]", names.join("], ["))
            }
            TemplateError::UnknownPlaceholder(name, line) => {
                write!(
                    out,
                    "line {line}: there is no placeholder {{{name}}}; there are {{{}}}",
                    PLACEHOLDERS.join("}, {")
                )
            }
        }
    }
}

impl std::error::Error for TemplateError {}

fn check_placeholders(line: &str, number: usize) -> Result<(), TemplateError> {
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        if !PLACEHOLDERS.contains(&name) {
            return Err(TemplateError::UnknownPlaceholder(name.to_owned(), number));
        }
        rest = behind;
    }
    Ok(())
}

/// A line and when it stands. Only a name in brackets at the very start is one; `[sic] …` is refused as a slip.
fn part_of(line: &str, number: usize) -> Result<(Option<Part>, String), TemplateError> {
    let Some((name, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Ok((None, line.trim_end().to_owned()));
    };
    match Part::ALL.iter().find(|(known, _)| *known == name) {
        Some((_, part)) => Ok((Some(*part), rest.strip_prefix(' ').unwrap_or(rest).trim_end().to_owned())),
        None => Err(TemplateError::UnknownPart(name.to_owned(), number)),
    }
}

fn filled(line: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = values.iter().find(|(name, _)| rest[1..].starts_with(&format!("{name}}}")));
        let (value, length) = found.map_or(("{", 1), |(name, value)| (value.as_str(), name.len() + 2));
        out.push_str(value);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Breaks a line at blanks. What follows an indented line's break is indented more, so that it stays one entry.
fn wrap(line: &str, out: &mut Vec<String>) {
    if line.width() <= WIDTH {
        out.push(line.to_owned());
        return;
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut current = " ".repeat(indent);
    let mut words = 0;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        if words > 0 && current.width() + 1 + word.width() > WIDTH {
            out.push(std::mem::replace(&mut current, " ".repeat(if indent > 0 { indent + 4 } else { 0 })));
            words = 0;
        }
        if words > 0 {
            current.push(' ');
        }
        current.push_str(word);
        words += 1;
    }
    out.push(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_text_is_refused_with_its_line() {
        let parse = |text: &str| Template::parse("en", text).unwrap_err();
        let unknown = TemplateError::UnknownPlaceholder("name".into(), 4);
        assert_eq!(parse("Subject: x\n\nHello {owner},\n{name}\n"), unknown);
        assert_eq!(parse("Subject: {x\n\n"), TemplateError::UnknownPlaceholder("x".into(), 1));
        assert_eq!(parse("Hello\n\nWorld"), TemplateError::NoSubject);
        assert_eq!(parse("Subject: x"), TemplateError::NoSubject);
        assert_eq!(parse(&"x".repeat(TEXT_LIMIT + 1)), TemplateError::TooLong);
        assert_eq!(parse("Subject: x\n\na\n[agian] b\n"), TemplateError::UnknownPart("agian".into(), 4));
        assert!(parse("Subject: x\n\n[]\n").to_string().contains("[notme-address]"));
    }

    #[test]
    fn lines_stand_only_where_they_apply() {
        let text = "Subject: x\n\nHello\n\n[again] once more\n[again]\n[word] say {word}\n\nBye\n";
        let template = Template::parse("en", text).unwrap();
        assert_eq!(template.fill(|_| false, &[]), "Hello\n\nBye");
        assert_eq!(template.fill(|part| part == Part::Word, &[("word", "milk".into())]), "Hello\n\nsay milk\n\nBye");
        assert_eq!(template.fill(|part| part == Part::Again, &[]), "Hello\n\nonce more\n\nBye");
    }

    #[test]
    fn filling_in_is_one_pass() {
        let template = Template::parse("en", "Subject: x\n\n{subject} {sender} { {subject\n").unwrap_err();
        assert!(matches!(template, TemplateError::UnknownPlaceholder(..)));
        let template = Template::parse("en", "Subject: x\n\n{subject} from {sender}\n").unwrap();
        let values = [("subject", "{sender}".to_owned()), ("sender", "bob@x.org".to_owned())];
        assert_eq!(template.fill(|_| true, &values), "{sender} from bob@x.org");
    }

    #[test]
    fn wide_lines_are_broken() {
        let template = Template::parse("en", "Subject: x\n\n    S: {subject}\n").unwrap();
        let filled = template.fill(|_| true, &[("subject", "東京都 ".repeat(20))]);
        assert!(filled.lines().count() > 1 && filled.lines().all(|line| line.width() <= WIDTH), "{filled}");
        assert!(filled.lines().skip(1).all(|line| line.starts_with("        東")), "{filled}");
    }

    #[test]
    fn only_its_own_beginning_opens_it() {
        let template = Template::built_in("en").unwrap();
        let opens = |lines: &[&str]| template.opens(&lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>());
        assert!(opens(&["Hello,", "you wrote to alice@example.org."]));
        assert!(!opens(&["Hello,"]));
        assert!(!opens(&["Hello,", "I wrote to you"]));
        assert!(!opens(&["Alice wrote:", "Hello,"]));
        assert!(!opens(&[]));
        let template = Template::parse("en", "Subject: x\n\n{sender}\n{owner}\n").unwrap();
        assert!(!template.opens(&["a".to_owned(), "b".to_owned()]));
    }
}
