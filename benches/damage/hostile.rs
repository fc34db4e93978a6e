//! Messages built so that a careless reader takes more than linear time: one byte or one word that opens something,
//! thousands of times, in every place that is read.
//!
//! Promises: each is a name, a way to build it with about so many bytes in what is repeated, and the smallest of the
//! sizes at which it is read; at four times that it still fits into what is in memory. Never touches: what it costs.

/// A name, the message with so many bytes of it, and the smallest size.
pub type Hostile = (String, Box<dyn Fn(usize) -> Vec<u8> + Sync + Send>, usize);

/// A quarter of the longest value that is given to a parser, with room for the name.
const VALUE: usize = 16_000;
/// A quarter of the longest value of Authentication-Results that is read.
const RESULTS: usize = 4_000;
/// A quarter of the longest header block, and of what is looked at of a body.
const BLOCK: usize = 60_000;

/// The fields that are read by more than their name.
const FIELDS: &[&str] = &[
    "Authentication-Results",
    "Auto-Submitted",
    "Content-Disposition",
    "Content-Transfer-Encoding",
    "Content-Type",
    "DKIM-Signature",
    "Date",
    "Delivered-To",
    "Errors-To",
    "From",
    "In-Reply-To",
    "List-Id",
    "List-Unsubscribe",
    "Message-ID",
    "Received",
    "References",
    "Reply-To",
    "Return-Path",
    "Sender",
    "Subject",
    "To",
    "X-Bogosity",
    "X-Mailer",
    "X-Spam-Status",
    "X-Spamd-Result",
];

/// What opens something, or looks as if it did.
const OPENERS: &[(&str, &str)] = &[
    ("parentheses", "("),
    ("comments", "(a)"),
    ("quotes", "\""),
    ("quoted words", "\"a\" "),
    ("backslashes", "\\"),
    ("angles", "<"),
    ("ids", "<1@x.org> "),
    ("addresses", "a@x.org, "),
    ("names", "A B <a@x.org>, "),
    ("groups", "g: a@x.org; "),
    ("commas", ","),
    ("at signs", "@"),
    ("dots", "."),
    ("semicolons", ";"),
    ("parameters", "; a=b"),
    ("pieces", "; a*1*=%41"),
    ("colons", ":"),
    ("encoded words begun", "=?"),
    ("encoded words unended", "=?utf-8?q?"),
    ("encoded words", "=?utf-8?q?=41?= "),
    ("encoded words in base64", "=?koi8-r?B?QUJD?= "),
    ("folds", "\n "),
    ("blanks", " "),
    ("letters", "x"),
    ("eight bits", "\u{fc}"),
    ("tokens begun", "cr-cr-1"),
];

/// What opens something, and what seems to close it: half of a value each.
const PAIRS: &[(&str, &str, &str)] = &[
    ("encoded words and ends inside words", " =?", "?=x"),
    ("encoded words with a text and ends inside words", " =?a?q?", "?=x"),
    ("encoded words and ends", "=?", "?= "),
    ("eight bits, encoded words and ends", "\u{fc} =?", "?= \u{fc}"),
    ("charsets and ends", " =?a?b", "?=x"),
    ("parentheses and escaped ends", "(", "\\)"),
    ("parentheses and ends", "(", ")"),
    ("quotes and escaped ends", "\"a ", "\\\""),
    ("angles and at signs", "<", "@"),
    ("groups and addresses", "g: ", "a@x.org, "),
    ("brackets and ends", "[", "]"),
];

/// Every hostile message.
pub fn all() -> Vec<Hostile> {
    let mut all: Vec<Hostile> = Vec::new();
    for field in FIELDS {
        for (what, opener) in OPENERS {
            let lead = lead(field);
            let size = if *field == "Authentication-Results" { RESULTS } else { VALUE };
            all.push((
                format!("{field} of {what}"),
                Box::new(move |size| letter(&format!("{field}: {lead}{}\n", fill(opener, size)), "Hello.\n")),
                size,
            ));
        }
        for (what, open, close) in PAIRS {
            let lead = lead(field);
            let size = if *field == "Authentication-Results" { RESULTS } else { VALUE };
            all.push((
                format!("{field} of {what}"),
                Box::new(move |size| {
                    let value = format!("{lead}{}{}", fill(open, size / 2), fill(close, size / 2));
                    letter(&format!("{field}: {value}\n"), "Hello.\n")
                }),
                size,
            ));
        }
    }
    all.extend(blocks());
    all.extend(texts());
    all.extend(multiparts());
    all.extend(archives());
    all
}

/// What stands before, so that the reader goes on to what follows.
fn lead(field: &str) -> &'static str {
    match field {
        "Authentication-Results" => "mx.example.org; dkim=pass header.d=example.net ",
        "Content-Type" => "text/plain; charset=utf-8",
        "Content-Disposition" => "inline; filename=",
        _ => "",
    }
}

/// Header blocks of many fields.
fn blocks() -> Vec<Hostile> {
    let many = |name: &'static str, line: &'static str| -> Hostile {
        (name.to_owned(), Box::new(move |size| letter(&fill(line, size), "Hello.\n")), BLOCK)
    };
    let few = |name: &'static str, line: &'static str| -> Hostile {
        // At most 2,000 fields are read.
        let number = 480 * line.len();
        (name.to_owned(), Box::new(move |size| letter(&line.repeat(size / line.len()), "Hello.\n")), number)
    };
    vec![
        few("fields Received", "Received: from a.x.org (b [192.0.2.1]) by c; Sat, 21 Nov 2026 12:00:00 +0000\n"),
        few("fields From", "From: a@x.org\n"),
        few("fields To", "To: A <a@x.org>, b@x.org\n"),
        few("fields Subject", "Subject: =?utf-8?q?a?=\n"),
        few("fields Return-Path", "Return-Path: <a@x.org>\n"),
        few("fields Delivered-To", "Delivered-To: a+b@x.org\n"),
        few("fields Authentication-Results", "Authentication-Results: mx.example.org; dkim=pass header.d=x.org\n"),
        few(
            "fields Authentication-Results of others",
            "Authentication-Results: a.x.org; (((((((((((((((((((((((((((\n",
        ),
        few("fields Content-Type", "Content-Type: multipart/mixed; boundary=b\n"),
        few("fields Auto-Submitted", "Auto-Submitted: no (a (b) c); d=e\n"),
        few("fields List-Id", "List-Id: a <a.x.org>\n"),
        few("fields Message-ID", "Message-ID: <1@x.org>\n"),
        few("fields References", "References: <1@x.org> <2@x.org>\n"),
        few("fields DKIM-Signature", "DKIM-Signature: v=1; d=x.org; s=a; b=abc\n"),
        few("fields X-Spam-Status", "X-Spam-Status: No, score=1.0 required=5.0\n"),
        few("fields of our name", "X-Countersign-Verdict: pass; reason=own-mark (2)\n"),
        few("fields without a name", ": a\n"),
        few("fields of unknown names", "X-A: b\n"),
        few("lines without a colon", "nonsense\n"),
        many("a block without an end", "X-A: b"),
        many("a block of blanks", " \n"),
        many("a block of carriage returns", "\r"),
        many("a block of NULs", "\0"),
    ]
}

/// Bodies of text.
fn texts() -> Vec<Hostile> {
    const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\n";
    const HTML: &str = "Content-Type: text/html\n";
    const BASE64: &str = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n";
    const QUOTED: &str = "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n";
    const WIDE: &str = "Content-Type: text/plain; charset=iso-2022-jp\n";
    const UTF_16: &str = "Content-Type: text/plain; charset=utf-16\n";
    const FILE: &str = "Content-Type: application/octet-stream; name=a.rtf\n";
    [
        ("text of one line", PLAIN, "x"),
        ("text of words", PLAIN, "we meet at eight "),
        ("text of empty lines", PLAIN, "\n"),
        ("text of blanks", PLAIN, " "),
        ("text of quotation marks", PLAIN, ">"),
        ("text of quoted lines", PLAIN, "> a\n"),
        ("text of attributions", PLAIN, "On Sat, 21 Nov 2026 A <a@x.org> wrote:\n"),
        ("text of attributions in two lines", PLAIN, "On Sat, 21 Nov 2026 at 12:00 A B C D\n"),
        ("text of header blocks", PLAIN, "From: a\nSent: b\n"),
        ("text of rules", PLAIN, "-----\n_____\n"),
        ("text of signatures", PLAIN, "-- \n"),
        ("text of tokens begun", PLAIN, "cr-"),
        ("text of tokens with gaps", PLAIN, "cr-1 > > > "),
        ("text of tokens", PLAIN, "cr-12em04hmasw91nfkhj1hrff3tfhqc0hz "),
        ("text of NULs", PLAIN, "\0"),
        ("text of eight bits", PLAIN, "\u{fc}"),
        ("text of files begun", PLAIN, "begin 644 a.exe\n"),
        ("text of links", PLAIN, "http://x.org/ "),
        ("text of addresses", PLAIN, "<a@x.org>: "),
        ("text of carriage returns", PLAIN, "\r"),
        ("text of escapes", WIDE, "\x1b$B"),
        ("text of two bytes", UTF_16, "a\0"),
        ("html of tags begun", HTML, "<"),
        ("html of tags", HTML, "<p>"),
        ("html of tags with quotes", HTML, "<a b=\"'>"),
        ("html of ends", HTML, "</"),
        ("html of comments begun", HTML, "<!--"),
        ("html of declarations", HTML, "<!"),
        ("html of entities begun", HTML, "&"),
        ("html of entities", HTML, "&#x41;&amp;"),
        ("html of quotations", HTML, "<blockquote>a"),
        ("html of scripts", HTML, "<script></"),
        ("html of attributes", HTML, "<a b=c d='"),
        ("base64 of letters", BASE64, "QUJD"),
        ("base64 of junk", BASE64, "!=Q="),
        ("base64 of lines", BASE64, "Q\n"),
        ("quoted-printable of signs", QUOTED, "="),
        ("quoted-printable of breaks", QUOTED, "= \n"),
        ("quoted-printable of blanks", QUOTED, "= \t\r"),
        ("quoted-printable of bytes", QUOTED, "=FC"),
        ("a file of rich text", FILE, "{\\rtf1{\\obj"),
        ("a file of compound documents", FILE, "\u{0}V\u{0}B\u{0}A"),
    ]
    .into_iter()
    .map(|(name, fields, unit)| -> Hostile {
        (name.to_owned(), Box::new(move |size| letter(fields, &fill(unit, size))), BLOCK)
    })
    .collect()
}

/// Bodies of parts.
fn multiparts() -> Vec<Hostile> {
    const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\n";
    const ALTERNATIVE: &str = "Content-Type: multipart/alternative; boundary=b\n";
    const DIGEST: &str = "Content-Type: multipart/digest; boundary=b\n";
    const REPORT: &str = "Content-Type: multipart/report; boundary=b\n";
    let mut all: Vec<Hostile> = [
        ("parts", MIXED, "--b\n\na\n"),
        ("parts of alternatives", ALTERNATIVE, "--b\n\na\n--b\nContent-Type: text/html\n\n<p>a\n"),
        ("parts of a digest", DIGEST, "--b\n\nFrom: a@x.org\n\nb\n"),
        ("parts of a report", REPORT, "--b\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n"),
        ("parts without a body", MIXED, "--b\n"),
        ("parts with ends only", MIXED, "--b--\n"),
        ("parts of many fields", MIXED, "--b\nContent-Type: text/plain; name=a\nContent-Type: b/c; d=e\n\n"),
        ("lines that look like boundaries", MIXED, "--bb\n--b-\n --b\n"),
        ("hyphens", MIXED, "-"),
        ("messages in messages", MIXED, "--b\nContent-Type: message/rfc822\n\nSubject: a\n\nb\n"),
    ]
    .into_iter()
    .map(|(name, fields, unit)| -> Hostile {
        (name.to_owned(), Box::new(move |size| letter(fields, &fill(unit, size))), BLOCK)
    })
    .collect();
    let nested = |open: fn(usize) -> String| {
        move |size: usize| -> String {
            let mut text = String::new();
            (0..)
                .map(open)
                .take_while(|piece| {
                    text.push_str(piece);
                    text.len() < size
                })
                .for_each(drop);
            text
        }
    };
    let inside = nested(|n| format!("--b{n}\nContent-Type: multipart/mixed; boundary=b{}\n\n", n + 1));
    all.push((
        "multiparts in multiparts".to_owned(),
        Box::new(move |size| letter("Content-Type: multipart/mixed; boundary=b0\n", &inside(size))),
        BLOCK,
    ));
    let forwarded = nested(|n| format!("Subject: {n}\nContent-Type: message/rfc822\n\n"));
    all.push((
        "messages nested deep".to_owned(),
        Box::new(move |size| letter("Content-Type: message/rfc822\n", &forwarded(size))),
        BLOCK,
    ));
    let ten = "Content-Type: message/rfc822\n\n".repeat(9);
    all.push((
        "ten messages around a text".to_owned(),
        Box::new(move |size| {
            letter("Content-Type: message/rfc822\n", &format!("{ten}Subject: a\n\n{}", fill("a\n", size)))
        }),
        BLOCK,
    ));
    // The longest boundaries, as alike as can be, and lines that are nearly one of them.
    let alike = |n: usize| format!("{}{n:02}", "b".repeat(198));
    let open: String = (0..9)
        .map(|n| format!("--{}\nContent-Type: multipart/mixed; boundary={}\n\n", alike(n), alike(n + 1)))
        .collect();
    let first = format!("Content-Type: multipart/mixed; boundary={}\n", alike(0));
    let near = format!("--{}\n", alike(99));
    all.push((
        "boundaries all but met".to_owned(),
        Box::new(move |size| letter(&first, &format!("{open}{}", fill(&near, size)))),
        BLOCK,
    ));
    all
}

/// Zip archives, as they are and in base64.
fn archives() -> Vec<Hostile> {
    let zip = |header: Vec<u8>| move |size: usize| header.iter().copied().cycle().take(size).collect::<Vec<u8>>();
    let entry = |mark: &[u8], fixed: usize, name: &[u8], said: u16| {
        let mut header = mark.to_vec();
        header.resize(fixed, 0);
        let at = if fixed == 30 { 26 } else { 28 };
        header[at..at + 2].copy_from_slice(&said.to_le_bytes());
        [header.as_slice(), name].concat()
    };
    let kinds = [
        ("zip of marks", b"PK".to_vec()),
        ("zip of local headers", entry(b"PK\x03\x04", 30, b"a.txt", 5)),
        ("zip of entries", entry(b"PK\x01\x02", 46, b"a.txt", 5)),
        ("zip of entries with long names", entry(b"PK\x01\x02", 46, b"a.txt", u16::MAX)),
        // Each header lies inside the one before.
        ("zip of headers in headers", b"PK\x03\x04\xff\xff".to_vec()),
    ];
    let mut all: Vec<Hostile> = Vec::new();
    for (name, header) in kinds {
        let build = zip(header);
        let plain = build.clone();
        let field = "Content-Type: application/zip; name=a.zip\n";
        all.push((name.to_owned(), Box::new(move |size| letter_of(field, &plain(size))), BLOCK));
        all.push((
            format!("{name} in base64"),
            Box::new(move |size| {
                let text = data_encoding::BASE64.encode(&build(size / 4 * 3));
                letter(&format!("{field}Content-Transfer-Encoding: base64\n"), &text)
            }),
            BLOCK,
        ));
    }
    all
}

fn fill(unit: &str, size: usize) -> String {
    unit.repeat(size / unit.len())
}

/// A stranger's letter that would be asked about, with these fields in the place of its own ones.
fn letter(fields: &str, body: &str) -> Vec<u8> {
    letter_of(fields, body.as_bytes())
}

fn letter_of(fields: &str, body: &[u8]) -> Vec<u8> {
    const OWN: [(&str, &str); 8] = [
        ("Return-Path", "<bob@example.net>"),
        (
            "Authentication-Results",
            "mx.example.org; dkim=pass header.d=example.net; dmarc=pass header.from=example.net",
        ),
        ("Received", "from mail.example.net by mx.example.org; Sat, 21 Nov 2026 12:00:00 +0000"),
        ("From", "Bob <bob@example.net>"),
        ("To", "Alice <alice@example.org>"),
        ("Subject", "Dinner on Friday"),
        ("Date", "Sat, 21 Nov 2026 12:00:00 +0000"),
        ("Message-ID", "<1@example.net>"),
    ];
    let name = fields.split(':').next().unwrap_or_default();
    let above = matches!(
        name,
        "Return-Path"
            | "Delivered-To"
            | "Authentication-Results"
            | "Received"
            | "X-Spam-Status"
            | "X-Spamd-Result"
            | "X-Bogosity"
    );
    let own: String =
        OWN.iter().filter(|(own, _)| *own != name).map(|(own, text)| format!("{own}: {text}\n")).collect();
    let (top, below) = if above { (fields, own.as_str()) } else { (own.as_str(), fields) };
    [top.as_bytes(), below.as_bytes(), b"\n", body].concat()
}
