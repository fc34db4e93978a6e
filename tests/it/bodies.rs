//! Whole messages as the tables in `fixtures/format/` have them: their parts, what they say, the tokens in them, and what
//! a computer may run.

use countersign::mail::body::Body;
use countersign::mail::content::{Content, TokenKind, TokenText, look};
use countersign::mail::content::{token_in_extension, tokens_in_ids, tokens_in_text};
use countersign::mail::delimiters::Delimiters;
use countersign::mail::executable::{self, Executable, Executables};
use countersign::mail::fold::decode_words;
use countersign::mail::head::Head;
use countersign::mail::parts::{Part, Parts, parts};

use super::questions::{check, text, yes};

const TOKEN: &str = "12em04hmasw91nfkhj1hrff3tfhqc0hz";
const OTHER: &str = "12em04hmasw9ergxev9tws9zzacz14xp";

/// The case with its tokens written out.
fn with_tokens(case: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(case) else { return case.to_vec() };
    let text = text.replace("{QUOTED}", "On 21 Nov 2026 at 10:00 Alice <a@x.org> wrote:\n> cr-{TOKEN}\n");
    let text = text.replace("{TOKEN}", TOKEN).replace("{TOKEN, in capitals}", &TOKEN.to_uppercase());
    text.replace("{OTHER}", OTHER).into_bytes()
}

fn mixed(first: &str, second: &[u8]) -> Vec<u8> {
    let start = format!("Content-Type: multipart/mixed; boundary=b\n\n{first}--b\n");
    [start.as_bytes(), second, b"\n--b--\n"].concat()
}

fn content(case: &[u8]) -> Content {
    let message = with_tokens(case);
    let head = Head::read(&message);
    look(&Body::read(&head, &message[head.body..]))
}

fn walk(case: &[u8], show: impl Fn(&Parts<'_>) -> String) -> String {
    let head = Head::read(case);
    let parts = parts(&head, &case[head.body..]);
    assert!(!parts.unexamined, "{}", text(case));
    show(&parts)
}

fn texts(case: &[u8], all: bool) -> String {
    let shown = |part: &Part<'_>| {
        let kind = if part.is_html() { "html" } else { "text" };
        let number = part.alternative.map_or(String::new(), |number| number.to_string());
        format!("{kind}:{number}:{}", text(part.bytes).trim())
    };
    let wanted = |text: &String| all || !text.ends_with(':');
    walk(case, |parts| parts.texts().map(shown).filter(wanted).collect::<Vec<_>>().join(" | "))
}

fn kinds(case: &[u8]) -> String {
    walk(case, |parts| {
        let multiparts = parts.multiparts.iter().map(|one| format!("{} {}", one.kind, one.depth));
        let attached = |part: &Part<'_>| if part.attached { "+" } else { "" };
        let single = parts.all.iter().map(|part| format!("{}{} {}", part.kind, attached(part), part.fields.len()));
        format!("{} | {}", multiparts.collect::<Vec<_>>().join(", "), single.collect::<Vec<_>>().join(", "))
    })
}

#[test]
fn parts_of_bodies() {
    check(
        "parts.txt",
        &[
            ("texts, where this is a part of a multipart", |case| {
                texts(&[&mixed("", case), &b"behind\n"[..]].concat(), true)
            }),
            ("texts", |case| texts(case, true)),
            ("texts that say something", |case| texts(case, false)),
            ("kinds, multiparts with their depth, parts with + if attached and the number of their fields", kinds),
            ("the boundary that the lines look like, inside a multipart delimited by \"outer\"", |case| {
                text(Delimiters::of(case).guess(0, |line| line == b"outer").unwrap_or_default()).to_owned()
            }),
        ],
    );
}

fn shown<'a>(tokens: impl IntoIterator<Item = &'a TokenText>) -> String {
    let names = tokens.into_iter().map(|token| token.as_str().replace(TOKEN, "{TOKEN}").replace(OTHER, "{OTHER}"));
    names.collect::<Vec<_>>().join(", ")
}

fn with_kinds(tokens: impl IntoIterator<Item = (TokenKind, TokenText)>) -> String {
    tokens.into_iter().map(|(kind, token)| format!("{kind:?} {}", shown([&token]))).collect::<Vec<_>>().join(", ")
}

#[test]
fn tokens() {
    fn everywhere(case: &[u8]) -> String {
        let written = with_tokens(case);
        let token = text(&written);
        let extension = token_in_extension(&format!("c{token}")).is_some();
        let ids = tokens_in_ids(&format!("<cr.c.{token}@x.org>")).len();
        [TokenText::parse(token).is_some(), extension, ids == 1].map(yes).join(", ")
    }
    /// What stands before the first part is read only where no part has text.
    fn around(part: &[u8]) -> String {
        let message = [mixed("", part), b"cr-{TOKEN}\n".to_vec()].concat();
        let before = [mixed("cr-{TOKEN}\n--b\n\ntext\n", part), b"cr-{TOKEN}\n".to_vec()].concat();
        shown(content(&message).tokens.iter().chain(&content(&before).tokens))
    }
    check(
        "tokens.txt",
        &[
            ("a token, alone, behind c in an address extension, in a Message-ID", everywhere),
            ("a token, in its canonical form", |case| shown(&TokenText::parse(text(case)))),
            ("tokens in a text", |case| shown(&tokens_in_text(text(&with_tokens(case))))),
            ("token in an address extension", |case| with_kinds(token_in_extension(text(&with_tokens(case))))),
            ("tokens in Message-IDs", |case| with_kinds(tokens_in_ids(text(&with_tokens(case))))),
            ("tokens in a message", |case| shown(&content(case).tokens)),
            ("tokens in a message of which this is a part", around),
        ],
    );
}

#[test]
fn bodies() {
    fn damaged(case: &[u8]) -> String {
        let whole = with_tokens(case);
        cut_and_changed(&whole, 2_000, |bytes| {
            let head = Head::read(bytes);
            drop(look(&Body::read(&head, &bytes[head.body.min(bytes.len())..])));
            for field in &head.fields {
                drop((tokens_in_text(&decode_words(field.raw)), tokens_in_ids(&field.text())));
            }
        });
        content(case).tokens.len().to_string()
    }
    check(
        "bodies.txt",
        &[
            ("a plain body has text of its own", |case| yes(content(&[b"A: b\n\n", case].concat()).has_own_text)),
            ("has text of its own", |case| yes(content(case).has_own_text)),
            ("lines of its own", |case| content(case).own_lines.join(" | ")),
            ("says nothing at all", |case| yes(content(case).said_nothing)),
            ("says nothing at all, with this as the second part below a quotation", |case| {
                yes(content(&mixed("--b\n\n{QUOTED}", case)).said_nothing)
            }),
            ("nothing of it can be read", |case| yes(content(case).unreadable)),
            ("tokens found, cut at every byte and damaged in 2,000 ways without a panic", damaged),
        ],
    );
}

/// Reads the message cut at every byte, and so many copies with up to seven bytes changed, put in or taken out.
fn cut_and_changed(whole: &[u8], copies: usize, read: impl Fn(&[u8])) {
    let spice = b"\n\r -=<>&;\"'()/?_.:\x00\x7f\xff\xc3cr@|#x0%";
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    (0..=whole.len()).for_each(|end| read(&whole[..end]));
    for _ in 0..copies {
        let mut bytes = whole.to_vec();
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = spice[random(spice.len())],
                1 => bytes.insert(at, spice[random(spice.len())]),
                _ => drop(bytes.remove(at)),
            }
        }
        read(&bytes);
    }
}

fn read(message: &[u8]) -> Executables {
    let head = Head::read(message);
    executable::look(&parts(&head, &message[head.body..]))
}

fn found(message: &[u8]) -> String {
    let kinds: Vec<Executable> = read(message).findings.into_iter().map(|finding| finding.kind).collect();
    for kind in &kinds {
        let kebab = kind.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(kebab && !kind.sentence().is_empty(), "{kind:?}");
    }
    kinds.into_iter().map(Executable::name).collect::<Vec<_>>().join(", ")
}

/// What an attachment of that name and content gives.
fn attached(name: &[u8], bytes: &[u8]) -> String {
    let coded = data_encoding::BASE64.encode(bytes);
    let lines: Vec<&[u8]> = coded.as_bytes().chunks(76).collect();
    let fields =
        "--b\n\nhello\n--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"";
    let start = format!("Content-Type: multipart/mixed; boundary=b\n\n{fields}");
    let transfer = b"\"\nContent-Transfer-Encoding: base64\n\n";
    found(&[start.as_bytes(), name, transfer, &lines.join(&b"\n"[..]), b"\n--b--\n"].concat())
}

/// The local headers and the directory of a zip archive, each entry with the flags given; nothing is compressed.
fn zip(entries: &[(u16, &str)]) -> [Vec<u8>; 2] {
    let (mut local, mut directory) = (Vec::new(), Vec::new());
    for (flags, name) in entries {
        let (length, flags) = (u16::try_from(name.len()).unwrap().to_le_bytes(), flags.to_le_bytes());
        let name = name.as_bytes();
        local.extend([b"PK\x03\x04\x14\0", &flags[..], &[0; 18], &length, &[0; 2], name, b"data"].concat());
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &flags[..], &[0; 18], &length, &[0; 16], name].concat());
    }
    [local, [directory, b"PK\x05\x06".to_vec(), vec![0; 18]].concat()]
}

/// Whichever of the two directories is cut off or left out, the other is read; sizes are not believed.
fn zipped(entries: &[(u16, &str)]) -> String {
    let [local, directory] = zip(entries);
    let whole = attached(b"x.zip", &[&local[..], &directory].concat());
    for half in [local, [b"PK\0\0".to_vec(), directory].concat()] {
        assert_eq!(attached(b"x.dat", &half), whole, "{entries:?}");
    }
    whole
}

#[test]
fn files() {
    fn of_bytes(case: &[u8]) -> String {
        let found = ["x.dat", "x.pdf", "x.doc", "x.txt", "notes"].map(|name| attached(name.as_bytes(), case));
        assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
        found[0].clone()
    }
    fn with_flags(case: &[u8]) -> String {
        let entries = text(case).split(", ").map(|entry| entry.split_once(' ').unwrap());
        zipped(&entries.map(|(flags, name)| (flags.parse().unwrap(), name)).collect::<Vec<_>>())
    }
    fn of_fields(case: &[u8]) -> String {
        let part = [case, b"\n\nx\n"].concat();
        assert_eq!(found(&mixed("", &part)), found(&part));
        found(&part)
    }
    check(
        "files.txt",
        &[
            ("a file of this name", |case| attached(case, b"x")),
            ("a file of these bytes, whatever its name", of_bytes),
            ("a zip archive of these", |case| {
                zipped(&text(case).split(", ").map(|name| (0, name)).collect::<Vec<_>>())
            }),
            ("a zip archive of these, each with its flags", with_flags),
            ("a message and a part with these fields", of_fields),
            ("a message", found),
        ],
    );
}

#[test]
fn a_message_with_files_in_every_way_makes_nothing_panic() {
    let zip = zip(&[(1, "a.pdf"), (0, "b.exe"), (0, "word/vbaProject.bin")]).concat();
    let message = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: a/b;\n\
         \tname*0*=utf-8''%41; name*1=.exe\n\nMZ\0\n--b\nContent-Disposition: attachment; filename=\"x.zip\"\n\
         Content-Transfer-Encoding: base64\n\n{}\n--b\n\nbegin 644 x.exe\nM35H\n--b--\n",
        data_encoding::BASE64.encode(&zip)
    );
    assert_eq!(read(message.as_bytes()).findings.len(), 5);
    cut_and_changed(message.as_bytes(), 0, |bytes| drop(read(bytes)));
    for at in 0..message.len() {
        let mut bytes = message.clone().into_bytes();
        for damage in [0, b'\n', b'-', b'=', b'"', b'\'', b'%', 0x80, 0xff, bytes[at] ^ 1] {
            bytes[at] = damage;
            drop(read(&bytes));
        }
    }
}
