//! The Subject of an answer: what it makes of the challenge's own Subject, and what that says of its author.
//!
//! Promises: pure, linear in time; no list of the words for "Re:" in the world's languages: a short word with a colon
//! behind it is one, and up to three words in brackets are a filter's tag. In all other doubt a Subject is changed, and its
//! answer passes. Never touches: where a Subject comes from.

use super::template::built_in_subjects;
use crate::mail::display::{SHOWN_LIMIT, one_line};
use crate::signs::rules::is_automatic_subject;

/// Most letters of a word that mail programs put in front of a Subject: `Re`, `Antwort`, `Resposta`.
const PREFIX_LETTERS: usize = 9;
/// Most words of a tag that a filter puts in front: `[External Sender]`.
const TAG_WORDS: usize = 3;
/// Fewer letters and digits than this are no topic: `hello`, `meeting`.
const TOPIC_LETTERS: usize = 10;
/// Characters of a token in a Subject: see [`crate::mail::content::TOKEN_LENGTH`].
const TOKEN_LENGTH: usize = crate::mail::content::TOKEN_LENGTH;

/// What the Subject of an answer makes of the challenge's; all text in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerSubject {
    /// There is none.
    None,
    /// It holds the challenge's own, without its token.
    Ours {
        /// What stands in front of it.
        before: String,
        /// What stands behind it and its token.
        behind: String,
    },
    /// It holds the token, and no words that are a challenge's: perhaps those of a text that was changed since.
    Token {
        /// What stands in front of the token.
        before: String,
        /// What stands behind it.
        behind: String,
    },
    /// It is another one.
    Other,
}

impl AnswerSubject {
    /// Reads a Subject as a person sees it; `own` are the Subjects of the user's own texts, besides the built-in ones.
    #[must_use]
    pub fn read(subject: &str, own: &[String]) -> AnswerSubject {
        let subject = subject.to_lowercase();
        if subject.trim().is_empty() {
            return AnswerSubject::None;
        }
        let own = own.iter().map(|text| folded(text)).chain(built_in_subjects().map(folded));
        let places = own.filter(|text| !text.is_empty()).filter_map(|text| Some((subject.find(&text)?, text.len())));
        if let Some((at, length)) = places.min_by_key(|(at, length)| (*at, usize::MAX - length)) {
            let behind = without_token(&subject[at + length..]);
            return AnswerSubject::Ours { before: subject[..at].to_owned(), behind: behind.to_owned() };
        }
        match token_begins(&subject) {
            Some(at) => {
                let behind = without_token(&subject[at..]);
                AnswerSubject::Token { before: subject[..at].to_owned(), behind: behind.to_owned() }
            }
            None => AnswerSubject::Other,
        }
    }

    /// Whether a program wrote it: the mark of a vacation program, a receipt or a mail system stands in front of the
    /// challenge's Subject (RFC 3834 section 3.1.5). That Subject begins like such a mark itself, so by itself it is none.
    #[must_use]
    pub fn is_of_a_program(&self) -> bool {
        match self {
            AnswerSubject::Ours { before, .. } => is_automatic_subject(before),
            AnswerSubject::Token { before, .. } => is_automatic_subject(before_own_mark(before)),
            AnswerSubject::None | AnswerSubject::Other => false,
        }
    }

    /// Whether its author wrote something into it: anything but prefixes such as `Re:` and what filters put in brackets.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        match self {
            AnswerSubject::None => false,
            AnswerSubject::Ours { before, behind } | AnswerSubject::Token { before, behind } => {
                !behind.is_empty() || !is_only_prefixes(before)
            }
            AnswerSubject::Other => true,
        }
    }
}

/// A Subject of ours as it reads in an answer.
fn folded(subject: &str) -> String {
    one_line(subject, SHOWN_LIMIT).to_lowercase()
}

/// Where a token begins, with its bracket.
fn token_begins(subject: &str) -> Option<usize> {
    let mut places = subject.match_indices("cr-").map(|(at, _)| at);
    let at = places.find(|at| !subject[..*at].ends_with(char::is_alphanumeric))?;
    Some(if subject[..at].ends_with('[') { at - 1 } else { at })
}

/// The rest behind a token that stands at the beginning, whole or cut off.
fn without_token(text: &str) -> &str {
    let text = text.trim();
    let Some(token) = text.strip_prefix('[').unwrap_or(text).strip_prefix("cr-") else { return text };
    let mut characters = 0;
    let end = token.find(|c: char| {
        characters += usize::from(c.is_ascii_alphanumeric());
        characters > TOKEN_LENGTH || !(c.is_ascii_alphanumeric() || c == ' ')
    });
    let rest = end.map_or("", |end| &token[end..]);
    rest.trim_start_matches([']', '…']).trim()
}

/// Without what filters and mail systems put in front in brackets: `[EXTERNAL]`, `***SPAM***`.
fn without_tags(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(next) = behind_tag(rest) {
        rest = next.trim_start();
    }
    rest
}

fn behind_tag(text: &str) -> Option<&str> {
    let stars = text.trim_start_matches('*');
    if stars.len() < text.len() {
        return stars.find('*').map(|end| stars[end..].trim_start_matches('*'));
    }
    let close = match text.chars().next()? {
        '[' => ']',
        '{' => '}',
        '(' => ')',
        '【' => '】',
        _ => return None,
    };
    // A person who writes in brackets writes more than a filter does.
    text.split_once(close).filter(|(tag, _)| tag.split_whitespace().count() <= TAG_WORDS).map(|(_, rest)| rest)
}

/// What stands in front of the last `Auto:` (RFC 3834 section 3.1.5), which is our own: behind it stand the user's words.
fn before_own_mark(text: &str) -> &str {
    let is_mark = |at: usize| {
        let behind = text[at + "auto".len()..].trim_start();
        behind.starts_with([':', '\u{ff1a}']) && !text[..at].ends_with(char::is_alphanumeric)
    };
    text.rmatch_indices("auto").find(|(at, _)| is_mark(*at)).map_or(text, |(at, _)| &text[..at])
}

/// What a conversation is about: a Subject in lower case, without prefixes, tags and double blanks; none where it says so
/// little that others would have the same.
#[must_use]
pub fn topic(subject: &str) -> Option<String> {
    let subject = subject.to_lowercase();
    let mut rest = without_tags(&subject);
    while let Some((_, next)) = rest.split_once([':', '\u{ff1a}']).filter(|(word, _)| is_prefix(word.trim_end())) {
        rest = without_tags(next);
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let letters: usize = words.iter().map(|word| word.chars().filter(|c| c.is_alphanumeric()).count()).sum();
    (letters >= TOPIC_LETTERS).then(|| words.join(" "))
}

/// Whether the text is nothing but prefixes and tags.
fn is_only_prefixes(text: &str) -> bool {
    let mut rest = without_tags(text);
    while !rest.is_empty() {
        let Some((prefix, next)) = rest.split_once([':', '\u{ff1a}']) else { return false };
        if !is_prefix(prefix.trim_end()) {
            return false;
        }
        rest = without_tags(next);
    }
    true
}

/// `re`, `aw`, `re[2]`, `re(3)`, `re^4`, with the colon taken off: one short word.
fn is_prefix(word: &str) -> bool {
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit() || "[]()^*".contains(c)).trim_end();
    (1..=PREFIX_LETTERS).contains(&letters.chars().count()) && !letters.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Auto: please reply so that your message is delivered";
    const TOKEN: &str = "[cr-12em04hmasw91nfkhj1hrff3tfhqc0hz]";

    fn read(subject: &str) -> AnswerSubject {
        let own = ["Alice asks:  is it you".to_owned()];
        AnswerSubject::read(&subject.replace("OURS", &format!("{OURS} {TOKEN}")).replace("TOKEN", TOKEN), &own)
    }

    #[test]
    fn what_a_program_puts_in_front_of_our_subject_is_its_mark() {
        for subject in [
            "Automatic reply: OURS",
            "Automatische Antwort: OURS",
            "Out of office: OURS",
            "Out of Office OURS",
            "Abwesenheit Re: OURS",
            "Auto: OURS",
            "Auto: Re: OURS",
            "Autosvar: OURS",
            "Read: OURS",
            "Gelesen: OURS",
            "[EXTERNAL] Automatic reply: OURS",
            "***SPAM*** Read: OURS",
            "自動応答: OURS",
            "Автоответ: Re: OURS",
            "Auto-response: OURS",
            "Automated response: OURS",
            "Automatic response Re: OURS",
            "Lu : OURS",
            "Lu\u{a0}: OURS",
            "Automatic reply: Alice asks: is it you TOKEN",
            "Automatic reply: Auto: a text of last year TOKEN",
            "Auto: Auto: a text of last year TOKEN",
        ] {
            assert!(read(subject).is_of_a_program(), "{subject}: {:?}", read(subject));
        }
    }

    #[test]
    fn a_mail_system_puts_its_mark_there_too() {
        for subject in [
            "Undeliverable: OURS",
            "Returned mail: OURS",
            "Mail delivery failed: OURS",
            "Undelivered Mail Returned to Sender: OURS",
            "Warning: message delayed: OURS",
            "NDN: OURS",
            "Unzustellbar: OURS",
            "Non remis : OURS",
            "系统退信: OURS",
            "[EXTERNAL] Undeliverable: Re: OURS",
        ] {
            assert!(read(subject).is_of_a_program(), "{subject}: {:?}", read(subject));
        }
    }

    #[test]
    fn a_mark_counts_wherever_it_begins() {
        for mark in ["Automatic reply", "Out of Office", "Automatische Antwort", "Réponse automatique", "Auto-Reply"] {
            for form in [
                "[MARK] OURS",
                "(MARK) Re: OURS",
                "***MARK*** OURS",
                "*MARK* OURS",
                "<MARK> OURS",
                "{MARK} OURS",
                "【MARK】OURS",
                "（MARK）OURS",
                "\"MARK\": OURS",
                "\u{201e}MARK\u{201c}: OURS",
                "«\u{a0}MARK\u{a0}» : OURS",
                "-MARK: OURS",
                "— MARK — OURS",
                "Re: MARK: OURS",
                "AW: MARK: OURS",
                "Fwd: MARK: OURS",
                "RE : TR : MARK : OURS",
                "[EXTERNAL] Re: [MARK] OURS",
                "Re[2]: MARK OURS",
                "回复：MARK：OURS",
                "[list] | MARK | OURS",
                "MARK: Auto: a text of last year TOKEN",
                "Re: [MARK] Auto: a text of last year TOKEN",
                "[MARK] TOKEN",
            ] {
                let subject = form.replace("MARK", mark);
                assert!(read(&subject).is_of_a_program(), "{subject}: {:?}", read(&subject));
            }
        }
        assert!(read("\"Read\": OURS").is_of_a_program());
        assert!(read("Re: Gelesen: OURS").is_of_a_program());
    }

    /// What mail programs put in front of an answer and of what is passed on, in forty languages and more.
    const PREFIXES: &str = "Re|RE|Ref|AW|Antw|Antwort|WG|Fwd|FW|Fs|TR|RV|Rép|Réf|Ré|RIF|R|I|ENC|Res|Resp|RES|Resposta|SV|VS|VB|VL|Svar|Videresendt|\
        Vidarebefordrat|Doorst|Beantw|Odp|PD|Odpověď|Přep|Prep|Odg|Proslijeđeno|Prosl|Naprej|Vá|Válasz|Továbbítás|YNT|İLT|\
        Vast|Edasi|Ats|Persiųsti|Atb|Pārs|Aŭ|Atbilde|Përgj|Rasp|Redir|Răsp|Отв|Відп|Адк|Пер|Ответ|Отг|Одг|Прос|Хариу|Պատ|ΑΠ|ΣΧΕΤ|ΠΡΘ|\
        رد|إعادة توجيه|پاسخ|جواب|תגובה|השב|הועבר|回复|答复|回覆|轉寄|转发|返信|転送|회신|답장|전달|ตอบ|ส่งต่อ|TL|CHT|BLS|TRS|Trả lời|\
        Balas|Sagot|Erantz|RESP|Atebwyd|Freagra|Ynt|Jibu|პასუხი|उत्तर|জবাব|பதில்";

    #[test]
    fn prefixes_and_tags_of_people_are_no_marks() {
        let prefixes: Vec<&str> = PREFIXES.split('|').map(str::trim).collect();
        assert!(prefixes.len() > 80);
        for prefix in prefixes {
            for form in ["P: OURS", "P : OURS", "P： OURS", "[EXTERNAL] P: OURS", "P: P: OURS", "P[2]: [list] OURS"] {
                let subject = form.replace('P', prefix);
                assert!(!read(&subject).is_of_a_program(), "{subject}: {:?}", read(&subject));
            }
            assert!(!read(&format!("{prefix}: Auto: a text of last year TOKEN")).is_of_a_program(), "{prefix}");
        }
        for tag in [
            "[EXTERNAL]",
            "[SPAM]",
            "[Suspected Spam]",
            "{Spam?}",
            "***SPAM***",
            "**EXT**",
            "(fwd)",
            "[office] Re:",
            "[Auto] Re:",
            "[read] Re:",
            "Yes, it was me:",
            "I read it:",
            "Please read it, Alice:",
            "My mail bounced (twice):",
            "\"Alice\":",
            "- Re:",
            "> Re:",
        ] {
            for form in ["OURS", "Auto: a text of last year TOKEN"] {
                let subject = format!("{tag} {form}");
                assert!(!read(&subject).is_of_a_program(), "{subject}: {:?}", read(&subject));
            }
        }
    }

    #[test]
    fn our_own_subject_is_no_mark_of_a_program() {
        for subject in [
            "OURS",
            "Re: OURS",
            "AW: OURS",
            "رد: OURS",
            "[EXTERNAL] Re: OURS",
            "***SPAM*** OURS",
            "Yes it was me: OURS",
            "(yes it was me) Re: OURS",
            "Auto: a text of last year TOKEN",
            "Re: Auto: a text of last year TOKEN",
            "Alice asks: is it you TOKEN",
            "TOKEN",
            "",
            "Tea",
            // Time catches these.
            "Automatic reply: Tea at five",
            "Urlaub",
        ] {
            assert!(!read(subject).is_of_a_program(), "{subject}: {:?}", read(subject));
        }
    }

    #[test]
    fn prefixes_of_any_language_change_nothing() {
        for subject in [
            "OURS",
            "Re: OURS",
            "RE : OURS",
            "AW: WG: OURS",
            "Antwort: OURS",
            "Re[2]: OURS",
            "Re^3: OURS",
            "Re (4): OURS",
            "رد: OURS",
            "회신: OURS",
            "答复：OURS",
            "[EXTERNAL] Re: [list] OURS",
            "[External Sender] Re: OURS",
            "***SPAM*** Re: OURS",
            "Re: Alice asks: is it you TOKEN",
            // The end of a long one is cut off.
            "Re: Auto: please reply so that your message is delivered [cr-12em04hm…",
            "Re: Auto: please reply so that your message is delivered",
            "TOKEN",
            "RE: TOKEN",
            "",
        ] {
            assert!(!read(subject).is_changed(), "{subject}: {:?}", read(subject));
        }
    }

    #[test]
    fn words_of_the_authors_own_change_it() {
        for subject in [
            "Tea at five",
            "Re: Tea at five",
            "Re: OURS yes, it was me",
            "Yes it was me: OURS",
            "ok OURS",
            "ok - Re: OURS",
            "Re: a text of last year TOKEN",
            "Re: Auto: please reply",
            "😀 OURS",
            "Re: OURS 😀",
            "Re: TOKEN 😀",
            "yes TOKEN",
        ] {
            assert!(read(subject).is_changed(), "{subject}: {:?}", read(subject));
        }
    }

    #[test]
    fn odd_texts_are_read_without_a_panic() {
        for text in [
            "cr-",
            "[cr-",
            "[",
            "***",
            "*",
            ":",
            "：",
            "İ: OURS",
            "(((((",
            "[cr-é",
            "Auto",
            "auto:",
            "auto: cr-",
            "cr-TOKENé",
        ] {
            let read = read(text);
            let _ = (read.is_changed(), read.is_of_a_program());
        }
        for unit in [":", "[", "a:", "re: ", "auto", "auto:", "*-", "\u{ab}a "] {
            let before = unit.repeat(100_000 / unit.len());
            assert!(!AnswerSubject::Ours { before, behind: String::new() }.is_of_a_program() || unit == "auto:");
        }
    }

    #[test]
    fn a_topic_is_what_prefixes_and_tags_leave() {
        for subject in ["The garden party", "Re: the  Garden party", "AW: RE[2]: [friends] The garden\n party"] {
            assert_eq!(topic(subject).as_deref(), Some("the garden party"), "{subject}");
        }
        for subject in ["", "Re:", "hello", "Re: [friends] hi", "Re: ::: :", "Fwd: lunch?"] {
            assert_eq!(topic(subject), None, "{subject}");
        }
        assert_eq!(topic("Antwort: Überraschung für Oma").as_deref(), Some("überraschung für oma"));
    }
}
