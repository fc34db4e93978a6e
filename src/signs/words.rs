//! The words by which rules know a text, one file a language; and how a phrase is found.
//!
//! Promises: a section that no rule knows is a build error; a phrase is found only as whole words, unless it says
//! otherwise (`words/README.md`); linear in time. Never touches: which rule looks for which group, and where (`rules.rs`).

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
    /// How a letter begins.
    Greeting,
    /// How a letter ends.
    Closing,
    /// That something is so.
    Yes,
    /// In a denial of having written: the writer.
    DenialI,
    /// That it is not so.
    DenialNot,
    /// What was not done: to write or to send; and who does it.
    DenialWrote,
    /// What was not written, by pointing at it.
    DenialThis,
    /// What was not written, by its name.
    DenialMail,
    /// To whom it was not written.
    DenialYou,
    /// What may stand beside all that and changes nothing.
    DenialBeside,
    /// That the writer is sorry.
    DenialSorry,
    /// What makes it a question or a condition at the beginning of a clause.
    DenialAsks,
}

impl Group {
    /// Every group with the name of its section.
    const ALL: [(&'static str, Group); 39] = [
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
        ("greeting", Group::Greeting),
        ("closing", Group::Closing),
        ("yes", Group::Yes),
        ("denial-i", Group::DenialI),
        ("denial-not", Group::DenialNot),
        ("denial-wrote", Group::DenialWrote),
        ("denial-this", Group::DenialThis),
        ("denial-mail", Group::DenialMail),
        ("denial-you", Group::DenialYou),
        ("denial-beside", Group::DenialBeside),
        ("denial-sorry", Group::DenialSorry),
        ("denial-asks", Group::DenialAsks),
    ];
}

/// The words of one language, found in its file when the program is built: what is wrong with it stops the build.
pub struct Language {
    text: &'static str,
    entries: &'static [Entry],
    /// Where each group's entries begin and end.
    sections: Sections,
}

type Sections = [(u16, u16); Group::ALL.len()];

/// Where a phrase stands in the text of its file, without its stars, and what is asked of it.
#[derive(Clone, Copy)]
struct Entry {
    start: u16,
    length: u16,
    /// Whether it must begin where a word begins.
    begins: bool,
    /// Whether it must end where a word ends.
    ends: bool,
    /// The places of its first, middle and last run of three bytes; none in a shorter one.
    runs: Option<[u16; 3]>,
}

macro_rules! language {
    ($code:literal) => {{
        const TEXT: &str = include_str!(concat!("words/", $code, ".txt"));
        const COUNT: usize = parse::<0>(TEXT).2;
        static PARSED: ([Entry; COUNT], Sections, usize) = parse::<COUNT>(TEXT);
        ($code, Language { text: TEXT, entries: &PARSED.0, sections: PARSED.1 })
    }};
}

/// Every language, by its code (ISO 639-1).
pub static LANGUAGES: [(&str, Language); 25] = [
    language!("ar"),
    language!("cs"),
    language!("da"),
    language!("de"),
    language!("el"),
    language!("en"),
    language!("es"),
    language!("fi"),
    language!("fr"),
    language!("he"),
    language!("hu"),
    language!("it"),
    language!("ja"),
    language!("ko"),
    language!("nb"),
    language!("nl"),
    language!("pl"),
    language!("pt"),
    language!("ro"),
    language!("ru"),
    language!("sk"),
    language!("sv"),
    language!("tr"),
    language!("uk"),
    language!("zh"),
];

/// A line of a file whose language has no blanks between words.
const NO_BLANKS: &[u8] = b"written without blanks\n";

/// The phrases of a file in the order of their sections, as many as there is room for; the sections; how many there are.
const fn parse<const ROOM: usize>(text: &str) -> ([Entry; ROOM], Sections, usize) {
    let bytes = text.as_bytes();
    let nothing = Entry { start: 0, length: 0, begins: true, ends: true, runs: None };
    let (mut entries, mut sections, mut count) = ([nothing; ROOM], [(0, 0); Group::ALL.len()], 0);
    let (mut at, mut open, mut blanks) = (0, usize::MAX, true);
    while at < bytes.len() {
        let begins_line = at == 0 || bytes[at - 1] == b'\n';
        if begins_line && bytes[at] == b'#' {
            at = find(bytes, at, b'\n');
        } else if begins_line && is_at(bytes, at, NO_BLANKS) {
            blanks = false;
            at = find(bytes, at, b'\n');
        } else if begins_line && bytes[at] == b'[' {
            let end = find(bytes, at, b']');
            open = section(bytes, at + 1, end);
            assert!(sections[open].1 == 0, "a section stands twice in a file of words");
            sections[open] = (count as u16, count as u16);
            at = end;
        } else if !matches!(bytes[at], b' ' | b',' | b'\n') {
            assert!(open != usize::MAX, "a phrase stands before the first section");
            let (mut end, comma, line) = (at, find(bytes, at, b','), find(bytes, at, b'\n'));
            end += if comma < line { comma - at } else { line - at };
            if count < ROOM {
                entries[count] = entry(bytes, at, end, blanks);
            }
            count += 1;
            sections[open].1 = count as u16;
            at = end;
        }
        at += 1;
    }
    assert!(bytes.len() < 1 << 16, "a file of words is longer than 64 KiB");
    (entries, sections, count)
}

/// The phrase that stands there, with its stars and blanks behind it.
const fn entry(bytes: &[u8], mut start: usize, mut end: usize, blanks: bool) -> Entry {
    while bytes[end - 1] == b' ' {
        end -= 1;
    }
    let (mut begins, mut ends) = (blanks, blanks);
    if bytes[start] == b'*' {
        (start, begins) = (start + 1, false);
    }
    if bytes[end - 1] == b'*' {
        (end, ends) = (end - 1, false);
    }
    // Outside ASCII the files hold letters.
    begins = begins && (bytes[start].is_ascii_alphanumeric() || !bytes[start].is_ascii());
    ends = ends && (bytes[end - 1].is_ascii_alphanumeric() || !bytes[end - 1].is_ascii());
    let length = end - start;
    Entry { start: start as u16, length: length as u16, begins, ends, runs: runs(bytes, start, end) }
}

/// How many places there are for runs of three bytes.
pub const RUN_PLACES: usize = 1 << 13;

/// The place of a run of three bytes, which make the number, the first one lowest: few others share it.
#[must_use]
pub const fn run(number: u32) -> u16 {
    (number.wrapping_mul(0x9e37_79b1) >> 19) as u16
}

/// The places of the first, middle and last run of three bytes of what stands there; none if it has fewer.
#[must_use]
pub const fn runs(bytes: &[u8], start: usize, end: usize) -> Option<[u16; 3]> {
    if end - start < 3 {
        return None;
    }
    let (mut runs, mut step) = ([0; 3], 0);
    while step < 3 {
        let at = start + (end - start - 3) * step / 2;
        runs[step] = run(bytes[at] as u32 | (bytes[at + 1] as u32) << 8 | (bytes[at + 2] as u32) << 16);
        step += 1;
    }
    Some(runs)
}

const fn find(bytes: &[u8], mut at: usize, wanted: u8) -> usize {
    while at < bytes.len() && bytes[at] != wanted {
        at += 1;
    }
    at
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

impl Language {
    /// The phrases of a group that a text could hold, in the order of the file; `may_hold` is asked for the places of their
    /// runs ([`runs`]).
    pub fn phrases<'m>(
        &'static self,
        group: Group,
        may_hold: impl Fn(&[u16; 3]) -> bool + 'm,
    ) -> impl Iterator<Item = Phrase<'static>> + 'm {
        let (start, end) = self.sections[group as usize];
        let entries = self.entries[usize::from(start)..usize::from(end)].iter();
        entries.filter(move |entry| entry.runs.as_ref().is_none_or(&may_hold)).map(|entry| {
            let start = usize::from(entry.start);
            let words = &self.text[start..start + usize::from(entry.length)];
            Phrase { words, begins: entry.begins, ends: entry.ends }
        })
    }
}

/// Words to be found in a text.
#[derive(Clone, Copy, Debug)]
pub struct Phrase<'p> {
    /// Without its stars.
    pub words: &'p str,
    begins: bool,
    ends: bool,
}

impl<'p> Phrase<'p> {
    /// Where it stands in the text, in bytes: the start and the end of each place.
    pub fn places<'t>(self, text: &'t str) -> impl Iterator<Item = (usize, usize)> + use<'t, 'p> {
        let whole = move |(at, words): (usize, &str)| {
            let before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            let end = at + words.len();
            let behind = text[end..].chars().next().is_some_and(char::is_alphanumeric);
            (!(self.begins && before || self.ends && behind)).then_some((at, end))
        };
        // Most phrases stand nowhere, and this is found faster than a place.
        let found = text.contains(self.words).then(|| text.match_indices(self.words));
        found.into_iter().flatten().filter_map(whole)
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

    /// All files together have no more phrases by which signs are known.
    const PHRASES: usize = 1_500;
    /// And no more words for the one sentence that is read in answers, in any language.
    const OF_A_DENIAL: usize = 200;

    #[test]
    fn the_files_are_as_their_readme_says() {
        let mut count = 0;
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/signs/words");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
        assert_eq!(files.count(), LANGUAGES.len(), "a file that is not listed");
        for (code, language) in &LANGUAGES {
            let mut denial = 0;
            assert!(language.text.starts_with("# "), "{code} opens with the language's name");
            for (name, group) in Group::ALL {
                assert_eq!(Group::ALL[group as usize].0, name, "the names stand in the order of the groups");
                let mut seen = Vec::new();
                for phrase in language.phrases(group, |_| true) {
                    let words = phrase.words;
                    assert!(!seen.contains(&words), "{code}: [{name}]: {words:?} stands there twice");
                    assert!(!words.chars().any(char::is_uppercase), "{code}: [{name}]: {words:?} has a capital letter");
                    assert!(!words.contains(['*', '’', '‘', '[', ']', '\t']), "{code}: [{name}]: {words:?}");
                    let of_a_sentence = group as usize >= Group::Greeting as usize;
                    let may_be_short = matches!(group, Group::AnswerMark | Group::ForwardMark | Group::Myself);
                    let is_long = !words.contains("  ") && words.chars().count() > 1;
                    assert!(is_long || may_be_short || of_a_sentence, "{code}: {words:?}");
                    seen.push(words);
                }
                let of_a_sentence = group as usize >= Group::Greeting as usize;
                if of_a_sentence { denial += seen.len() } else { count += seen.len() }
            }
            assert!(denial <= OF_A_DENIAL, "{code}: {denial} words for a denial");
        }
        assert!((700..=PHRASES).contains(&count), "{count} phrases");
    }

    #[test]
    fn a_file_is_read_by_its_sections() {
        const TEXT: &str = "# Test.\n[absent] away, out [of] office\n# not, this\n    *late,\n[past] was \n[later]\n";
        let (entries, sections, count) = parse::<8>(TEXT);
        let of = |group: Group| {
            let (start, end) = sections[group as usize];
            let words = |entry: &Entry| &TEXT[usize::from(entry.start)..][..usize::from(entry.length)];
            entries[usize::from(start)..usize::from(end)].iter().map(words).collect::<Vec<_>>()
        };
        assert_eq!(of(Group::Absent), ["away", "out [of] office", "late"]);
        assert_eq!((of(Group::Past), count), (vec!["was"], 4));
        assert!(of(Group::Later).is_empty() && of(Group::Notice).is_empty());
        assert!(entries[0].begins && !entries[2].begins && entries[2].ends);
        let (entries, ..) = parse::<1>("# x\nwritten without blanks\n[past] \u{4e0d}");
        assert!(!entries[0].begins && !entries[0].ends);
    }

    fn phrase(text: &str, blanks: bool) -> Phrase<'_> {
        let Entry { start, length, begins, ends, .. } = entry(text.as_bytes(), 0, text.len(), blanks);
        Phrase { words: &text[usize::from(start)..][..usize::from(length)], begins, ends }
    }

    #[test]
    fn a_phrase_is_whole_words_unless_it_says_otherwise() {
        let found = |words: &str, text: &str| phrase(words, true).places(text).next().is_some();
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
        assert!(phrase("不在", false).places("本日不在です").next().is_some());
        let twice = phrase("a b", true).places("a b xa b a b").collect::<Vec<_>>();
        assert_eq!(twice, [(0, 3), (9, 12)]);
        assert_eq!(phrase("read:", true).opens("read: x"), Some(5));
        assert_eq!((phrase("lu", true).opens("luxe"), phrase("lu*", true).opens("luxe")), (None, Some(2)));
    }
}
