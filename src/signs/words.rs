//! The words by which rules know a text, one file a language; and how a phrase is found.
//!
//! Promises: a section that no rule knows is a build error; a phrase is found only as whole words, unless it says
//! otherwise (`words/README.md`); linear in time. Never touches: what a phrase means (`rules.rs`).

/// One section of a language's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// That somebody is not there.
    Absent,
    /// Beginnings of a Subject that people write too: `Absence`.
    AbsenceSubject,
    /// Marks of an answer in front of a Subject: `re`.
    AnswerMark,
    /// That a program wrote it.
    Automatic,
    /// Beginnings of an answering machine's Subject.
    AutoReplySubject,
    /// How mail systems begin undeliverable mail.
    Bounce,
    /// How they begin its Subject.
    BounceSubject,
    /// How those who write to many offer to stop without a link.
    ByAnswer,
    /// That something must be confirmed or verified.
    Confirm,
    /// That something will be delivered then.
    Delivered,
    /// That a filter stands there.
    Filter,
    /// Marks of what is passed on in front of a Subject: `fwd`.
    ForwardMark,
    /// That something waits.
    Held,
    /// That an answer comes later.
    Later,
    /// Words for leaving that are said of courses and flights too.
    Leave,
    /// What list programs write below other people's mail.
    ListFooter,
    /// What list programs write themselves.
    ListLetter,
    /// How somebody speaks of themselves.
    Myself,
    /// What a notice of absence says to everybody alike.
    Notice,
    /// That it is asked only once, or only of strangers.
    Once,
    /// Words before another one that tell that it is over.
    Past,
    /// That one is a person.
    Proof,
    /// Beginnings of a receipt's Subject.
    ReceiptSubject,
    /// What is to be done to let a message through.
    Task,
    /// The offer to send no more.
    Unsubscribe,
    /// What stands beside a way out.
    Way,
    /// The reader's message.
    YourMessage,
}

impl Group {
    /// Every group with the name of its section.
    const ALL: [(&'static str, Group); 27] = [
        ("absent", Group::Absent),
        ("absence-subject", Group::AbsenceSubject),
        ("answer-mark", Group::AnswerMark),
        ("automatic", Group::Automatic),
        ("auto-reply-subject", Group::AutoReplySubject),
        ("bounce", Group::Bounce),
        ("bounce-subject", Group::BounceSubject),
        ("by-answer", Group::ByAnswer),
        ("confirm", Group::Confirm),
        ("delivered", Group::Delivered),
        ("filter", Group::Filter),
        ("forward-mark", Group::ForwardMark),
        ("held", Group::Held),
        ("later", Group::Later),
        ("leave", Group::Leave),
        ("list-footer", Group::ListFooter),
        ("list-letter", Group::ListLetter),
        ("myself", Group::Myself),
        ("notice", Group::Notice),
        ("once", Group::Once),
        ("past", Group::Past),
        ("proof", Group::Proof),
        ("receipt-subject", Group::ReceiptSubject),
        ("task", Group::Task),
        ("unsubscribe", Group::Unsubscribe),
        ("way", Group::Way),
        ("your-message", Group::YourMessage),
    ];
}

/// The words of one language.
pub struct Language {
    text: &'static str,
    /// Where each group's phrases begin and end in the text.
    sections: [(usize, usize); Group::ALL.len()],
    blanks: bool,
}

/// Every language, by its code (ISO 639-1).
pub static LANGUAGES: [(&str, Language); 25] = [
    ("ar", Language::read(include_str!("words/ar.txt"))),
    ("cs", Language::read(include_str!("words/cs.txt"))),
    ("da", Language::read(include_str!("words/da.txt"))),
    ("de", Language::read(include_str!("words/de.txt"))),
    ("el", Language::read(include_str!("words/el.txt"))),
    ("en", Language::read(include_str!("words/en.txt"))),
    ("es", Language::read(include_str!("words/es.txt"))),
    ("fi", Language::read(include_str!("words/fi.txt"))),
    ("fr", Language::read(include_str!("words/fr.txt"))),
    ("he", Language::read(include_str!("words/he.txt"))),
    ("hu", Language::read(include_str!("words/hu.txt"))),
    ("it", Language::read(include_str!("words/it.txt"))),
    ("ja", Language::read(include_str!("words/ja.txt"))),
    ("ko", Language::read(include_str!("words/ko.txt"))),
    ("nb", Language::read(include_str!("words/nb.txt"))),
    ("nl", Language::read(include_str!("words/nl.txt"))),
    ("pl", Language::read(include_str!("words/pl.txt"))),
    ("pt", Language::read(include_str!("words/pt.txt"))),
    ("ro", Language::read(include_str!("words/ro.txt"))),
    ("ru", Language::read(include_str!("words/ru.txt"))),
    ("sk", Language::read(include_str!("words/sk.txt"))),
    ("sv", Language::read(include_str!("words/sv.txt"))),
    ("tr", Language::read(include_str!("words/tr.txt"))),
    ("uk", Language::read(include_str!("words/uk.txt"))),
    ("zh", Language::read(include_str!("words/zh.txt"))),
];

/// A line of a file whose language has no blanks between words.
const NO_BLANKS: &[u8] = b"written without blanks\n";

impl Language {
    /// Finds the sections of a file, when the program is built: what is wrong with it stops the build.
    const fn read(text: &'static str) -> Language {
        let bytes = text.as_bytes();
        let mut language = Language { text, sections: [(0, 0); Group::ALL.len()], blanks: true };
        let (mut at, mut open) = (0, usize::MAX);
        while at < bytes.len() {
            let begins_line = at == 0 || bytes[at - 1] == b'\n';
            if begins_line && bytes[at] == b'[' {
                let mut end = at;
                while bytes[end] != b']' {
                    end += 1;
                }
                open = section(bytes, at + 1, end);
                assert!(language.sections[open].1 == 0, "a section stands twice in a file of words");
                language.sections[open] = (end + 1, bytes.len());
                at = end;
            } else if begins_line && is_at(bytes, at, NO_BLANKS) {
                language.blanks = false;
            }
            at += 1;
            let closes = at < bytes.len() && bytes[at - 1] == b'\n' && bytes[at] == b'[';
            if closes && open != usize::MAX {
                language.sections[open].1 = at;
            }
        }
        language
    }

    /// The phrases of a group, in the order of the file.
    pub fn phrases(&'static self, group: Group) -> impl Iterator<Item = Phrase<'static>> {
        let (start, end) = self.sections[group as usize];
        let lines = self.text[start..end].split('\n').filter(|line| !line.starts_with('#'));
        let phrases = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|phrase| !phrase.is_empty());
        phrases.map(|phrase| Phrase::new(phrase, self.blanks))
    }
}

/// The number of the section with that name.
const fn section(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut number = 0;
    while number < Group::ALL.len() {
        let name = Group::ALL[number].0.as_bytes();
        if end - start == name.len() && is_at(bytes, start, name) {
            return number;
        }
        number += 1;
    }
    assert!(number < Group::ALL.len(), "a file of words has a section that no rule knows");
    number
}

const fn is_at(bytes: &[u8], at: usize, wanted: &[u8]) -> bool {
    let mut step = 0;
    while step < wanted.len() {
        if at + step >= bytes.len() || bytes[at + step] != wanted[step] {
            return false;
        }
        step += 1;
    }
    true
}

/// Words to be found in a text.
#[derive(Clone, Copy, Debug)]
pub struct Phrase<'p> {
    /// Without its stars.
    pub words: &'p str,
    /// Whether it must begin where a word begins.
    begins: bool,
    /// Whether it must end where a word ends.
    ends: bool,
}

impl<'p> Phrase<'p> {
    fn new(text: &'p str, blanks: bool) -> Phrase<'p> {
        let (start, words) = text.strip_prefix('*').map_or((blanks, text), |words| (false, words));
        let (end, words) = words.strip_suffix('*').map_or((blanks, words), |words| (false, words));
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (first, last) = (letter(words.chars().next()), letter(words.chars().next_back()));
        Phrase { words, begins: start && first, ends: end && last }
    }

    /// Where it stands in the text, in bytes: the start and the end of each place.
    pub fn places<'t>(self, text: &'t str) -> impl Iterator<Item = (usize, usize)> + use<'t, 'p> {
        let whole = move |(at, words): (usize, &str)| {
            let before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            let end = at + words.len();
            let behind = text[end..].chars().next().is_some_and(char::is_alphanumeric);
            (!(self.begins && before || self.ends && behind)).then_some((at, end))
        };
        text.match_indices(self.words).filter_map(whole)
    }

    /// Where it ends, if the text begins with it.
    #[must_use]
    pub fn opens(self, text: &str) -> Option<usize> {
        let behind = text.strip_prefix(self.words)?.chars().next();
        (!(self.ends && behind.is_some_and(char::is_alphanumeric))).then_some(self.words.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All files together have no more phrases.
    const PHRASES: usize = 1_500;

    #[test]
    fn the_files_are_as_their_readme_says() {
        let mut count = 0;
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/signs/words");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
        assert_eq!(files.count(), LANGUAGES.len(), "a file that is not listed");
        for (code, language) in &LANGUAGES {
            assert!(language.text.starts_with("# "), "{code} opens with the language's name");
            for (name, group) in Group::ALL {
                assert_eq!(Group::ALL[group as usize].0, name, "the names stand in the order of the groups");
                let mut seen = Vec::new();
                for phrase in language.phrases(group) {
                    let words = phrase.words;
                    assert!(!seen.contains(&words), "{code}: [{name}]: {words:?} stands there twice");
                    assert!(!words.chars().any(char::is_uppercase), "{code}: [{name}]: {words:?} has a capital letter");
                    assert!(!words.contains(['*', '’', '‘', '[', ']', '\t']), "{code}: [{name}]: {words:?}");
                    let may_be_short = matches!(group, Group::AnswerMark | Group::ForwardMark | Group::Myself);
                    let is_long = !words.contains("  ") && words.chars().count() > 1;
                    assert!(is_long || may_be_short, "{code}: {words:?}");
                    seen.push(words);
                }
                count += seen.len();
            }
        }
        assert!((700..=PHRASES).contains(&count), "{count} phrases");
    }

    #[test]
    fn a_file_is_read_by_its_sections() {
        static LANGUAGE: Language =
            Language::read("# Test.\n[absent] away, out [of] office\n# not, this\n    *late\n[past] was\n");
        let of = |group| LANGUAGE.phrases(group).map(|phrase| phrase.words).collect::<Vec<_>>();
        assert_eq!(of(Group::Absent), ["away", "out [of] office", "late"]);
        assert_eq!(of(Group::Past), ["was"]);
        assert!(of(Group::Notice).is_empty() && LANGUAGE.blanks);
        static OTHER: Language = Language::read("# x\nwritten without blanks\n[past] \n");
        assert!(!OTHER.blanks && OTHER.phrases(Group::Past).next().is_none());
    }

    #[test]
    fn a_phrase_is_whole_words_unless_it_says_otherwise() {
        let found = |phrase: &str, text: &str| Phrase::new(phrase, true).places(text).next().is_some();
        let not = "inte: the piano is delivered in winter|inte: interest|liefer*: geliefert|*wort: antworten|\
            on leave: on leaves|auto:: xauto: a|été: répété";
        for (phrase, text) in not.split('|').map(|case| case.split_once(": ").unwrap()) {
            assert!(!found(phrase, text), "{phrase} in {text}");
        }
        let yes = "inte: jag kan inte|inte: inte.|liefer*: er lieferte|*wort: die antwort!|auto:: auto:a|\
            \"remove\" in: with \"remove\" in it";
        for (phrase, text) in yes.split('|').map(|case| case.split_once(": ").unwrap()) {
            assert!(found(phrase, text), "{phrase} in {text}");
        }
        assert!(Phrase::new("不在", false).places("本日不在です").next().is_some());
        let twice = Phrase::new("a b", true).places("a b xa b a b").collect::<Vec<_>>();
        assert_eq!(twice, [(0, 3), (9, 12)]);
        assert_eq!(Phrase::new("read:", true).opens("read: x"), Some(5));
        assert_eq!((Phrase::new("lu", true).opens("luxe"), Phrase::new("lu*", true).opens("luxe")), (None, Some(2)));
    }
}
