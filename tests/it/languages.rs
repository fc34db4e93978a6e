//! Twenty-five languages: whatever a person answers, and however the mail program quotes, the token confirms; and the
//! vacation notices of the same languages, each known by one standard field, confirm nothing.
//!
//! `fixtures/answers/languages/LANGUAGE.txt` holds how people and mail programs of that language write, each line
//! `name: value`, a line that begins with two blanks going on with the one above. It is written without a look at the
//! rules, and no rule may be taken from it.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::policy::word::ANY_WORD;

use super::fixture;
use super::letter::{Letter, OWNER};
use super::paper::{Paper, encoded_words};
use super::world::{Sent, World, each, header};

/// How many languages there are.
const LANGUAGES: usize = 25;
/// What a person writes above, below or between what is quoted.
const TEXTS: [Text; 4] = [Text::Empty, Text::Ok, Text::Question, Text::OneWord];
/// Names of the strangers, one for each way to quote.
const NAMES: [&str; 13] = [
    "lund", "marin", "novak", "berg", "costa", "tamm", "adler", "rossi", "kallio", "petrov", "dahl", "moreau", "yilmaz",
];
/// As many as come are asked: what is tried here is the answers.
const UNLIMITED: &str = "[challenge]\nsendmail = \"SENDMAIL\"\nper_hour = 1000\nper_day = 10000\nbreaker_alike = 0\n";

/// What a person writes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Text {
    /// Nothing.
    Empty,
    /// A few words that say yes.
    Ok,
    /// Why the first letter was not delivered, which sounds like a bounce.
    Question,
    /// The one word that the challenge proposes.
    OneWord,
}

/// How people and programs of one language write.
#[derive(Clone)]
struct Language {
    code: String,
    number: usize,
    values: BTreeMap<String, String>,
}

/// One answer, before it is put on paper.
struct Answer<'a> {
    language: &'a Language,
    /// What the person writes.
    text: &'a str,
    /// The person's address.
    from: &'a str,
    /// The challenge's Subject, read.
    subject: String,
    /// The challenge's text, read.
    challenge: String,
    /// For what has two usual forms.
    second: bool,
}

/// One way to quote.
type Way = (&'static str, fn(&Answer) -> Paper);

const WAYS: [Way; 13] = [
    ("marks with an attribution", |answer| {
        Paper::plain(format!("{}\n\n{}\n{}", answer.text, answer.wrote(), answer.marked("> ")))
    }),
    ("marks alone", |answer| Paper::plain(format!("{}\n\n{}", answer.text, answer.marked("> ")))),
    ("an attribution without marks", |answer| {
        Paper::plain(format!("{}\n\n{}\n\n{}", answer.text, answer.wrote(), answer.challenge))
    }),
    ("Outlook's header without marks", |answer| {
        Paper::plain(format!("{}\n\n{}\n{}", answer.text, answer.outlook_header(), answer.challenge))
    }),
    ("Outlook's HTML", outlook_html),
    ("Gmail's HTML beside its text", gmail),
    ("Apple Mail's HTML", apple_mail),
    ("a ruled line", |answer| {
        let rule = format!("-----{}-----", answer.language.get("original"));
        Paper::plain(format!("{}\n\n{rule}\n{}\n{}", answer.text, answer.outlook_header(), answer.challenge))
    }),
    ("below the quotation", |answer| {
        Paper::plain(format!("{}\n{}\n{}\n", answer.wrote(), answer.marked("> "), answer.text))
    }),
    ("between the quoted lines", |answer| {
        let quoted = answer.marked("> ");
        let (above, below) = quoted.split_once("> \n").unwrap_or((&quoted, ""));
        Paper::plain(format!("{}\n{above}\n{}\n\n{below}", answer.wrote(), answer.text))
    }),
    ("initials or bars as marks", |answer| {
        let mark = if answer.second { "AL> " } else { "| " };
        Paper::plain(format!("{}\n\n{}\n{}", answer.text, answer.wrote(), answer.marked(mark)))
    }),
    ("no quotation", |answer| Paper::plain(format!("{}\n", answer.text))),
    ("a signature and a telephone's line", |answer| {
        let (closing, phone) = (answer.language.get("closing"), answer.language.get("phone"));
        let below = format!("{}\n{}", answer.wrote(), answer.marked("> "));
        Paper::plain(format!("{}\n\n-- \n{closing}\n\n{phone}\n\n{below}", answer.text))
    }),
];

/// The fields of vacation programs, each of them enough; `None` is the null envelope sender.
const VACATION_MARKS: [Option<&[(&str, &str)]>; 6] = [
    Some(&[("Auto-Submitted", "auto-replied")]),
    Some(&[("X-Autoreply", "yes")]),
    Some(&[("Precedence", "bulk")]),
    Some(&[("Precedence", "auto_reply")]),
    Some(&[("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")]),
    None,
];

#[test]
fn a_persons_answer_confirms_in_every_language_and_quoted_in_every_way() {
    // Where the challenge has no text in a language, it proposes no word in it.
    let writes = |language: &Language, text| text != Text::OneWord || language.any_word().is_some();
    let cases = languages().into_iter().flat_map(|language| TEXTS.map(|text| (language.clone(), text)));
    each(cases.filter(|(language, text)| writes(language, *text)), |(language, text)| {
        let world = language.world();
        let strangers: Vec<String> = (0..WAYS.len()).map(|way| language.address(way)).collect();
        let challenges: Vec<Sent> = strangers.iter().map(|from| language.asks(&world, from)).collect();
        let mut faults = Vec::new();
        for (way, (from, challenge)) in strangers.iter().zip(&challenges).enumerate() {
            let fault = answered(&world, &language, challenge, (text, way, from));
            faults.extend(fault.map(|fault| format!("{}, {text:?}, {}: {fault}", language.code, WAYS[way].0)));
        }
        assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), WAYS.len(), faults.join("\n"));
    });
}

#[test]
fn a_vacation_notice_confirms_in_no_language() {
    each(languages(), |language| {
        let world = language.world();
        let strangers: Vec<String> = (0..VACATION_MARKS.len()).map(|mark| language.address(mark)).collect();
        let challenges: Vec<Sent> = strangers.iter().map(|from| language.asks(&world, from)).collect();
        for (number, (from, challenge)) in strangers.iter().zip(&challenges).enumerate() {
            let outcome = world.deliver(vacation(&language, challenge, from, number));
            let kept = outcome.after.inbox.is_empty() && world.entry(from).is_none();
            outcome.check(&format!("{}, mark {number}: nothing is released", language.code), kept);
            let held = strangers.len() + number + 1;
            outcome.check("and it is held", outcome.code == Some(0) && outcome.after.held.len() == held);
        }
    });
}

/// What is wrong with what came of one answer.
fn answered(
    world: &World,
    language: &Language,
    challenge: &Sent,
    (text, way, from): (Text, usize, &str),
) -> Option<String> {
    let words = match text {
        Text::Empty => String::new(),
        Text::Ok => language.get("ok"),
        Text::Question => language.get("question"),
        // Some write it bare, some as a sentence.
        Text::OneWord => format!("{}{}", language.any_word().unwrap(), ["", "."][way % 2]),
    };
    let parsed = mailparse::parse_mail(challenge.message.as_bytes()).unwrap();
    let answer = Answer {
        language,
        text: &words,
        from,
        subject: read_subject(challenge),
        challenge: parsed.get_body().unwrap().replace("\r\n", "\n"),
        second: (text as usize + language.number) % 2 == 1,
    };
    let (charset, encoding) = (language.get("charset"), language.get("encoding"));
    let letter = answer.letter(challenge, way == 11, (text as usize + way) % 4);
    let id = header(&letter.bytes(), "Message-ID");
    let outcome = world.deliver(WAYS[way].1(&answer).put_into(letter, &charset, &encoding));
    let arrived = |wanted: &Option<String>| outcome.after.inbox.iter().any(|m| header(m, "Message-ID") == *wanted);
    // Of an empty answer nothing need be seen.
    let kept = text == Text::Empty && outcome.after.held.iter().any(|m| header(m, "Message-ID") == id);
    let verdict = || {
        let mine = outcome.after.held.iter().find(|m| header(m, "Message-ID") == id);
        mine.and_then(|message| header(message, "X-Countersign-Verdict")).unwrap_or_default()
    };
    match () {
        () if outcome.code != Some(0) => Some(format!("{outcome}")),
        () if !arrived(&challenge.field("In-Reply-To")) => {
            Some(format!("the first letter is not released; {}", verdict()))
        }
        () if world.entry(from).is_none() => Some("the sender is not allowed".to_owned()),
        () if !arrived(&id) && !kept => Some(format!("the answer does not pass; {}", verdict())),
        () => None,
    }
}

/// A vacation notice as the answer to a challenge.
fn vacation(language: &Language, challenge: &Sent, from: &str, number: usize) -> Vec<u8> {
    let subject = read_subject(challenge);
    // Half of the programs set a mark of their own before the Subject.
    let mark = if number.is_multiple_of(2) { language.get("vacation-mark") } else { "Re:".to_owned() };
    let charset = language.get("charset");
    let mut letter = Letter::answer(challenge, from)
        .field("From", &format!("{} <{from}>", encoded_words(&language.get("name"), &charset)))
        .field("Subject", &encoded_words(&format!("{mark} {subject}"), &charset));
    letter = match VACATION_MARKS[number] {
        Some(fields) => fields.iter().fold(letter, |letter, (name, value)| letter.also(name, value)),
        None => letter.envelope("<>"),
    };
    let text = format!("{}\n\n{}\n", language.get("vacation"), language.get("closing"));
    Paper::plain(text).put_into(letter, &charset, &language.get("encoding"))
}

fn read_subject(challenge: &Sent) -> String {
    use mailparse::MailHeaderMap;
    let parsed = mailparse::parse_mail(challenge.message.as_bytes()).unwrap();
    parsed.headers.get_first_value("Subject").unwrap()
}

fn languages() -> Vec<Language> {
    let files = fixture::files("answers/languages", "txt");
    assert_eq!(files.len(), LANGUAGES, "languages");
    files.iter().enumerate().map(|(number, path)| Language::read(path, number)).collect()
}

impl Language {
    fn read(path: &Path, number: usize) -> Language {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        let mut last = String::new();
        for line in fixture::text(path).lines().filter(|line| !line.starts_with('#')) {
            if let Some(more) = line.strip_prefix("  ") {
                values.get_mut(&last).unwrap().push_str(&format!("\n{more}"));
                continue;
            }
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{}: {line}", path.display()));
            last = name.to_owned();
            assert!(values.insert(last.clone(), value.to_owned()).is_none(), "{}: {name} twice", path.display());
        }
        Language { code: path.file_stem().unwrap().to_string_lossy().into_owned(), number, values }
    }

    fn get(&self, name: &str) -> String {
        self.values.get(name).unwrap_or_else(|| panic!("{}: no {name}", self.code)).clone()
    }

    /// What the challenge proposes to write.
    fn any_word(&self) -> Option<&'static str> {
        ANY_WORD.iter().find(|(code, _)| *code == self.code).map(|(_, word)| *word)
    }

    /// Every second user has no tagged addresses: there the token comes back in the Subject and the references.
    fn world(&self) -> World {
        let owner = if self.number.is_multiple_of(2) { "" } else { "[owner]\naddress = \"alice@example.org\"\n" };
        World::with(&format!("{UNLIMITED}{owner}"))
    }

    fn address(&self, number: usize) -> String {
        format!("robin.{}@{}.example", NAMES[number], self.code)
    }

    /// The person writes the first letter and is asked.
    fn asks(&self, world: &World, from: &str) -> Sent {
        let charset = self.get("charset");
        let letter = Letter::from(from)
            .field("From", &format!("{} <{from}>", encoded_words(&self.get("name"), &charset)))
            .field("Subject", &encoded_words(&self.get("letter-subject"), &charset));
        let text = format!("{}\n\n{}\n", self.get("letter"), self.get("closing"));
        let outcome = world.deliver(Paper::plain(text).put_into(letter, &charset, &self.get("encoding")));
        let last = outcome.after.sent.last().filter(|sent| sent.argv.iter().any(|word| word == from));
        outcome.check(&format!("{}: the first letter's sender is asked", self.code), last.is_some());
        last.unwrap().clone()
    }
}

impl Answer<'_> {
    /// The head of the answer. `unquoted`: the token stands in the Subject alone, or in the references alone.
    fn letter(&self, challenge: &Sent, unquoted: bool, mark: usize) -> Letter {
        let charset = self.language.get("charset");
        let subject = match mark {
            0 => self.subject.clone(),
            1 => format!("Re: {}", self.subject),
            _ => format!("{} {}", self.language.get("re"), self.subject),
        };
        let letter = Letter::answer(challenge, self.from)
            .field("From", &format!("{} <{}>", encoded_words(&self.language.get("name"), &charset), self.from))
            .field("Subject", &encoded_words(&subject, &charset));
        match (unquoted, self.second) {
            (false, _) => letter,
            (true, false) => letter.delivered_to(OWNER).field("To", OWNER).without("In-Reply-To").without("References"),
            (true, true) => {
                let subject = format!("{} {}", self.language.get("re"), self.language.get("letter-subject"));
                letter.delivered_to(OWNER).field("To", OWNER).field("Subject", &encoded_words(&subject, &charset))
            }
        }
    }

    fn wrote(&self) -> String {
        let line = self.language.get("wrote").replace("{date}", &self.language.get("date"));
        line.replace("{name}", "Alice Liddell").replace("{address}", OWNER)
    }

    fn marked(&self, mark: &str) -> String {
        self.challenge.lines().map(|line| format!("{mark}{line}\n")).collect()
    }

    fn outlook_fields(&self) -> [(String, String); 4] {
        let person = format!("{} <{}>", self.language.get("name"), self.from);
        [
            (self.language.get("from"), format!("Alice Liddell <{OWNER}>")),
            (self.language.get("sent"), self.language.get("date")),
            (self.language.get("to"), person),
            (self.language.get("subject"), self.subject.clone()),
        ]
    }

    fn outlook_header(&self) -> String {
        self.outlook_fields().iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }
}

fn outlook_html(answer: &Answer) -> Paper {
    let fields = answer.outlook_fields();
    let header: Vec<String> = fields.iter().map(|(name, value)| format!("<b>{name}:</b> {}", escaped(value))).collect();
    let paragraph = |text: &str| format!("<p class=\"MsoNormal\">{text}<o:p></o:p></p>\n");
    Paper::html(format!(
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><meta name=\"Generator\" \
         content=\"Microsoft Word 15 (filtered medium)\">\n<style><!--\np.MsoNormal {{margin:0cm;font-size:11.0pt;}}\n\
         --></style></head>\n<body lang=\"{}\" link=\"#0563C1\"><div class=\"WordSection1\">\n{}{}<div>\n\
         <div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\n{}</div>\n</div>\n{}\
         </div></body></html>\n",
        answer.language.code,
        paragraph(&escaped(answer.text)),
        paragraph("&nbsp;"),
        paragraph(&header.join("<br>\n")),
        answer.challenge.lines().map(|line| paragraph(&escaped(line))).collect::<String>(),
    ))
}

fn gmail(answer: &Answer) -> Paper {
    let text = format!("{}\n\n{}\n\n{}", answer.text, answer.wrote(), answer.marked("> "));
    let html = format!(
        "<div dir=\"auto\">{}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" \
         class=\"gmail_attr\">{}<br></div>\n<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px \
         0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\">{}</blockquote></div>\n",
        escaped(answer.text),
        escaped(&answer.wrote()),
        escaped(&answer.challenge).replace('\n', "<br>\n"),
    );
    Paper::both(text, html)
}

fn apple_mail(answer: &Answer) -> Paper {
    let lines = answer.challenge.lines().map(|line| format!("<div>{}<br></div>", escaped(line)));
    Paper::html(format!(
        "<html><head><meta http-equiv=\"content-type\" content=\"text/html\"></head><body \
         style=\"overflow-wrap: break-word;\">{}<br id=\"lineBreakAtBeginningOfMessage\"><div><br><blockquote \
         type=\"cite\"><div>{}</div><br class=\"Apple-interchange-newline\"><div>{}</div></blockquote></div>\
         <br></body></html>\n",
        escaped(answer.text),
        escaped(&answer.wrote()),
        lines.collect::<Vec<_>>().join("\n"),
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
