//! The format in small pieces: addresses, fields, encodings, pages, quotations, languages, as the tables in
//! `fixtures/format/` have it.

use countersign::mail::address::{Address, DELIMITERS};
use countersign::mail::bare_answer::says_nothing;
use countersign::mail::compose::{date, date_in, short_date};
use countersign::mail::display::{one_line, shell_word, without_links, wrapped};
use countersign::mail::fold::{Parameterised, decode_words};
use countersign::mail::head::Head;
use countersign::mail::language::{declared, guess};
use countersign::mail::media::{Media, transfer};
use countersign::mail::quotation::{holds_address, holds_date, holds_time, is_quoted, lines_above_copy, own_lines};
use countersign::mail::recipients::recipients;
use countersign::mail::{encoding, html};

use super::questions::{check, text, yes};

#[test]
fn addresses() {
    fn address(case: &[u8]) -> Address {
        Address::parse(text(case)).unwrap_or_else(|error| panic!("{error}: {}", text(case)))
    }
    fn split(case: &[u8], delimiters: &str) -> String {
        assert!(delimiters.chars().all(|one| DELIMITERS.contains(one)));
        let address = address(case);
        let (user, tag) = address.split_tag(delimiters);
        [user].into_iter().chain(tag).collect::<Vec<_>>().join(" | ")
    }
    fn named(case: &[u8]) -> String {
        recipients(case, 100).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
    fn normal(case: &[u8]) -> String {
        let address = address(case);
        assert_eq!(Address::parse(&address.to_string()).as_ref(), Ok(&address), "{address} written and read again");
        address.normal().as_str().to_owned()
    }
    assert_eq!(recipients("a@b.org,".repeat(60).as_bytes(), 50).len(), 50, "the limit is kept");
    check(
        "addresses.txt",
        &[
            ("why it is no address", |case| {
                Address::parse(text(case)).map_or_else(|e| format!("{e:?}"), |_| "".into())
            }),
            ("normal form", normal),
            ("user and tag, split at +", |case| split(case, "+")),
            ("user and tag, split at + and -", |case| split(case, "+-")),
            ("without the tag at +", |case| address(case).without_tag("+").to_string()),
            ("named in To", named),
            ("alice@example.org is named in To", |case| {
                yes(named(case).split(", ").any(|one| one == "alice@example.org"))
            }),
        ],
    );
}

#[test]
fn fields() {
    fn parameters(case: &[u8]) -> Vec<String> {
        let read = Parameterised::parse(case);
        let pairs = read.parameters.into_iter().flat_map(|(name, value)| [name, text(&value).to_owned()]);
        std::iter::once(read.value).chain(pairs).chain(read.malformed.then(|| "broken".to_owned())).collect()
    }
    fn defects(head: &Head<'_>) -> impl Iterator<Item = String> {
        head.defects.iter().map(|defect| defect.name().to_owned())
    }
    fn first(case: &[u8]) -> String {
        let head = Head::read(case);
        let first = head.fields.iter().find(|field| field.start == head.first_field()).unwrap();
        let name = (!first.name.is_empty()).then(|| text(first.name).to_owned());
        name.into_iter().chain(defects(&head)).collect::<Vec<_>>().join(" ")
    }
    fn reading(case: &[u8]) -> String {
        let head = Head::read(case);
        let mut media = Media::read(&head, false);
        media.look_at(&case[head.body..]);
        assert!(media.is_text, "{}", text(case));
        [media.kind].into_iter().chain(media.charset.map(|name| format!("; charset={}", text(&name)))).collect()
    }
    fn field(name: &str, case: &[u8]) -> Vec<u8> {
        [name.as_bytes(), b": ", case, b"\n\n"].concat()
    }
    fn media(case: &[u8]) -> Media {
        Media::read(&Head::read(&field("Content-Type", case)), false)
    }
    fn multiparts(case: &[u8]) -> String {
        let one = |one: &countersign::mail::media::Multipart| {
            assert!(one.boundaries.is_empty());
            one.subtype.clone()
        };
        media(case).multiparts.iter().map(one).collect()
    }
    fn is_alternative(case: &[u8]) -> bool {
        let multiparts = media(case).multiparts;
        multiparts.len() == 1
            && multiparts[0].subtype == "alternative"
            && multiparts[0].boundaries.contains(&b"b".to_vec())
    }
    check(
        "fields.txt",
        &[
            ("a value with parameters is broken", |case| yes(Parameterised::parse(case).malformed)),
            ("value and parameters", |case| parameters(case).join(" | ")),
            ("readings of the parameter \"name\"", |case| Parameterised::parse(case).readings("name").join(" | ")),
            ("stands for itself, though it looks like an encoded word", |case| yes(decode_words(case) == text(case))),
            ("with encoded words undone", decode_words),
            ("names of the fields of a header block", |case| {
                Head::read(case).fields.iter().map(|field| text(field.name)).collect::<Vec<_>>().join(",")
            }),
            ("defects of a header block", |case| defects(&Head::read(case)).collect::<Vec<_>>().join(" ")),
            ("number of From fields and defects", |case| {
                let head = Head::read(case);
                format!("{} {}", head.all("From").count(), defects(&head).collect::<Vec<_>>().join(" "))
            }),
            ("the named field with which a block begins, and defects", first),
            ("a part of this Content-Type is shown as text", |case| yes(media(case).is_text)),
            ("the best reading of this Content-Type", |case| reading(&field("Content-Type", case))),
            ("the best reading of this header block and what follows it", reading),
            ("this Content-Type is multipart/alternative delimited by \"b\"", |case| yes(is_alternative(case))),
            ("this Content-Type as a multipart", multiparts),
            ("this Content-Transfer-Encoding", |case| {
                format!("{:?}", transfer(&Head::read(&field("Content-Transfer-Encoding", case))))
            }),
        ],
    );
}

#[test]
fn encodings() {
    fn utf_7(case: &[u8]) -> String {
        let found = ["UTF-7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7"]
            .map(|label| encoding::text(case, Some(label.as_bytes())));
        assert!(found.iter().all(|one| *one == found[0]));
        found[0].clone()
    }
    check(
        "encodings.txt",
        &[
            ("base64", |case| text(&encoding::base64(case)).to_owned()),
            ("quoted-printable", |case| text(&encoding::quoted_printable(case)).to_owned()),
            ("UTF-7, under each of its names", utf_7),
            ("text without a character set", |case| encoding::text(case, None)),
            ("text in the character set before the first |", |case| {
                let end = case.iter().position(|&b| b == b'|').unwrap();
                encoding::text(&case[end + 1..], Some(&case[..end]))
            }),
        ],
    );
}

#[test]
fn quotations() {
    fn begins_copy(case: &[u8]) -> String {
        let all = format!("Look!\n{}\nBuy\n", text(case));
        assert_eq!(lines_above_copy(&all, true), ["Look!"]);
        let only = lines_above_copy(&all, false).len() > 1;
        if only { "only if the Subject says so" } else { "whatever the Subject says" }.to_owned()
    }
    fn is_copy(case: &[u8]) -> bool {
        let all = format!("Do you know them?\n> quoted\nBob\n\n{}", text(case));
        let above = lines_above_copy(&all, true).join("|");
        above.starts_with("Do you know them?|Bob|") && !above.contains("buy")
    }
    check(
        "quotations.txt",
        &[
            ("the sender's lines", |case| own_lines(text(case)).join(" | ")),
            ("all lines are the sender's", |case| yes(own_lines(text(case)).len() == text(case).lines().count())),
            ("the sender's lines above this header block and a text", |case| {
                own_lines(&format!("Yes.\n\n{}\n\nHello", text(case))).join(" | ")
            }),
            ("quoted", |case| yes(is_quoted(text(case)))),
            ("holds a date", |case| yes(holds_date(text(case)))),
            ("holds a time", |case| yes(holds_time(text(case)))),
            ("holds an address", |case| yes(holds_address(text(case)))),
            ("a copy begins here below own words", begins_copy),
            ("lines above a copy", |case| lines_above_copy(text(case), true).join(" | ")),
            ("this is found to be a copy below own words", |case| yes(is_copy(case))),
            ("the last line is above a copy or there is none", |case| {
                yes(lines_above_copy(text(case), true).last() == text(case).lines().last().as_ref())
            }),
        ],
    );
}

/// A header block above a copy, an attribution, and a ruled line above the block.
const BLOCK: &str = "From: Alice <alice@example.org>\nSent: Saturday\nTo: Bob\nSubject: x [†]\n\n";
/// A copy of a challenge without marks, from its first line to its last.
const COPY: &str =
    "Hello,\n\nyou wrote to alice@example.org. Please reply.\n\n    Date: today\n\n* * *\n\nBonjour\n\n†\n";

#[test]
fn answers() {
    fn nothing(text: &str) -> bool {
        says_nothing(text, text.match_indices('†').map(|(at, token)| at..at + token.len())).is_some()
    }
    fn says(case: &[u8]) -> String {
        let case = text(case);
        let (alone, below) = (nothing(case), nothing(&format!("†\n{case}")));
        assert_eq!(alone, nothing(&case.replace('\n', "\r\n")), "{case} with CR LF");
        assert!(alone || !below, "{case} below a token");
        yes(alone)
    }
    fn above_copy(case: &[u8]) -> String {
        let attribution = "On Sat, 21 Nov 2026 at 10:00, Alice <alice@example.org> wrote:\n\n";
        let copies = [("{COPY}", COPY.to_owned()), ("{COPY, ok}", COPY.replace('†', "† ok"))];
        let all = copies.into_iter().chain([("{COPY without token}", COPY.replace('†', ""))]);
        let case = all.fold(text(case).to_owned(), |case, (mark, copy)| case.replace(mark, &copy));
        let heads = [BLOCK, attribution, &format!("-----Original Message-----\n{BLOCK}")];
        let said = heads.map(|head| nothing(&case.replace("{HEAD}", head)));
        assert!(said.iter().all(|one| *one == said[0]), "{case}");
        yes(said[0])
    }
    fn block(case: &[u8]) -> bool {
        let names: Vec<&str> = text(case).split(", ").collect();
        let values = ["Alice <alice@example.org>", "Saturday 10:00", "Bob", "Auto: reply [†]"];
        let fields = names.iter().zip(values).map(|(name, value)| format!("{name}: {value}\n"));
        let block = fields.collect::<String>() + "\n";
        let wrapped = block.replace(" [", "\n[").replace(": ", "：");
        [block.clone(), block + COPY, wrapped + COPY].iter().all(|text| nothing(text))
    }
    check(
        "answers.txt",
        &[
            ("says nothing", says),
            ("a header block of these names says nothing, alone and above a copy", |case| yes(block(case))),
            ("says nothing, with a copy of a challenge for {COPY} below each head for {HEAD}", above_copy),
        ],
    );
}

#[test]
fn languages() {
    /// What a text says by itself: nothing claims what nobody writes.
    fn language(case: &[u8]) -> String {
        guess("", &[text(case).to_owned()], Some("in doubt")).unwrap_or("none of ours").to_owned()
    }
    fn with_field(case: &[u8]) -> String {
        let claimed = declared(&Head::read(b"Content-Language: ru\n\n"));
        guess("x", &[text(case).to_owned()], claimed).unwrap_or("none").to_owned()
    }
    check(
        "languages.txt",
        &[
            ("language", language),
            ("language that the header block claims", |case| {
                declared(&Head::read(&[case, b"\n\n"].concat())).unwrap_or("none").to_owned()
            }),
            ("language, where Content-Language claims ru", with_field),
        ],
    );
}

#[test]
fn pages() {
    check(
        "pages.txt",
        &[
            ("text", |case| html::to_text(text(case))),
            ("stands for itself, since it is no markup", |case| yes(html::to_text(text(case)) == text(case))),
            ("bytes before the first character of the text", |case| html::text_start(text(case)).to_string()),
            ("shows more than text", |case| yes(html::shows_more_than_text(text(case)))),
        ],
    );
}

#[test]
fn shown() {
    fn number(case: &[u8]) -> i64 {
        text(case).parse().unwrap()
    }
    check(
        "shown.txt",
        &[
            ("one line", |case| one_line(text(case), 80)),
            ("one line of 6 characters", |case| one_line(text(case), 6)),
            ("one line of 4 characters", |case| one_line(text(case), 4)),
            ("one line of 1 character", |case| one_line(text(case), 1)),
            ("broken between words, at column 9 and indented by 2", |case| wrapped(text(case), 2, 9)),
            ("without links", |case| without_links(text(case))),
            ("written on 3 April 2026 at 9:03, in the form of this language", |case| {
                date_in(text(case), 1_775_206_980)
            }),
            ("written the second before 1970, in the form of this language", |case| date_in(text(case), -1)),
            ("date of so many seconds since 1970", |case| date(number(case))),
            ("short date of so many seconds since 1970", |case| short_date(number(case))),
        ],
    );
}

#[test]
fn what_is_shown_to_be_copied_is_one_word_for_a_shell() {
    for plain in ["bob@x.org", "bob+tea@x.org", "list:users.lists.example.org", "jos\u{e9}@x.org"] {
        assert_eq!(shell_word(plain), plain);
    }
    for odd in
        ["", "`id`@x.org", "$HOME@x.org", "o'neil@x.org", "a|b@x.org", "a&b@x.org", "#a@x.org", "@*.x.org", "'''"]
    {
        let said =
            std::process::Command::new("/bin/sh").args(["-c", &format!("printf %s {}", shell_word(odd))]).output();
        assert_eq!(String::from_utf8(said.unwrap().stdout).unwrap(), odd);
    }
}
