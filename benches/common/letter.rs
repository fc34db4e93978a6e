//! The letters that are measured: 4,096 bytes as a mail server hands them over, or as many bytes as are asked for.
//!
//! Promises: the same number gives the same bytes, and two numbers share no more text than two strangers do. Never
//! touches: files.

use countersign::mail::compose;

/// The bytes of the letter that every figure is about unless another size is named.
pub const BYTES: usize = 4_096;
/// Seconds since 1970 at which the first letter was written: no letter grows older from one run to the next.
pub const WRITTEN: i64 = 1_795_262_400;
/// Who is on the list.
pub const FRIEND: &str = "friend@example.net";

/// Common words of no particular matter.
const WORDS: [&str; 128] = [
    "the",
    "garden",
    "was",
    "still",
    "green",
    "when",
    "we",
    "came",
    "back",
    "from",
    "lake",
    "and",
    "our",
    "neighbour",
    "had",
    "left",
    "two",
    "baskets",
    "of",
    "apples",
    "on",
    "step",
    "she",
    "said",
    "that",
    "river",
    "rose",
    "again",
    "last",
    "week",
    "but",
    "bridge",
    "held",
    "my",
    "brother",
    "walked",
    "over",
    "it",
    "with",
    "his",
    "dog",
    "they",
    "both",
    "got",
    "wet",
    "in",
    "evening",
    "talked",
    "about",
    "old",
    "school",
    "teacher",
    "who",
    "used",
    "to",
    "play",
    "cello",
    "after",
    "lessons",
    "nobody",
    "remembers",
    "where",
    "he",
    "went",
    "then",
    "perhaps",
    "north",
    "some",
    "letters",
    "are",
    "kept",
    "at",
    "library",
    "for",
    "anybody",
    "would",
    "like",
    "read",
    "them",
    "slowly",
    "wooden",
    "table",
    "needs",
    "new",
    "legs",
    "before",
    "winter",
    "because",
    "kitchen",
    "floor",
    "is",
    "no",
    "longer",
    "quite",
    "level",
    "carpenter",
    "promised",
    "look",
    "into",
    "how",
    "things",
    "stand",
    "next",
    "month",
    "until",
    "snow",
    "falls",
    "hills",
    "behind",
    "house",
    "children",
    "found",
    "tin",
    "box",
    "under",
    "stairs",
    "full",
    "buttons",
    "maps",
    "small",
    "brass",
    "key",
    "which",
    "opens",
    "nothing",
    "clock",
    "window",
    "birds",
];
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Around the parts of a message with an attachment.
const BOUNDARY: &str = "=_4c1e9a7735b0";

/// Whose letter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// On the list, and proven.
    Friend,
    /// Not on the list, and the domain is proven: is asked.
    Stranger,
    /// Not on the list, and nothing is proven: is held without a word.
    Unproven,
}

/// What the letter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Words of its own, as many as there is room for.
    Own,
    /// The same words in every letter.
    Same,
    /// 1 kB of words of its own, and one attachment in base64 that takes the rest.
    Attachment,
}

/// One letter.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    /// Whose it is.
    pub writer: Writer,
    /// Tells it from all others: its Message-ID, its words and, of strangers, the address.
    pub number: u64,
    /// What it says.
    pub text: Text,
    /// How long it is.
    pub bytes: usize,
}

impl Letter {
    /// The ordinary letter of that writer.
    pub fn from(writer: Writer, number: u64) -> Letter {
        Letter { writer, number, text: Text::Own, bytes: BYTES }
    }

    /// The mailbox of its author.
    pub fn address(&self) -> String {
        match self.writer {
            Writer::Friend => FRIEND.to_owned(),
            Writer::Stranger => format!("stranger{}@example.com", self.number),
            Writer::Unproven => format!("unproven{}@example.com", self.number),
        }
    }

    /// The whole message.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut text = self.head();
        let mut dice = self.dice(1);
        if self.text != Text::Attachment {
            let room = self.bytes.saturating_sub(text.len());
            prose(&mut text, &mut dice, room);
            return text.into_bytes();
        }
        text.push_str(&format!("--{BOUNDARY}\nContent-Type: text/plain; charset=utf-8\n\n"));
        prose(&mut text, &mut dice, 1_000);
        text.push_str(&format!(
            "\n--{BOUNDARY}\nContent-Type: image/jpeg; name=\"lake.jpg\"\nContent-Transfer-Encoding: base64\n\
             Content-Disposition: attachment; filename=\"lake.jpg\"\n\n"
        ));
        let end = format!("\n--{BOUNDARY}--\n");
        let mut bytes = text.into_bytes();
        let room = self.bytes.saturating_sub(bytes.len() + end.len());
        bytes.reserve(room + end.len());
        // A JPEG's first bytes, so that the attachment is what it says.
        bytes.extend_from_slice(b"/9j/4AAQ");
        for at in 8..room {
            bytes.push(if at % 77 == 76 { b'\n' } else { BASE64[dice.below(64)] });
        }
        bytes.extend_from_slice(end.as_bytes());
        bytes
    }

    /// As a mail server hands it over: its own fields on top, the signature of the sender's server below them.
    fn head(&self) -> String {
        let address = self.address();
        let (_, domain) = address.split_once('@').unwrap();
        let (name, number) = (if self.writer == Writer::Friend { "Bob Carter" } else { "Dora Field" }, self.number);
        let word = if self.writer == Writer::Unproven { "fail" } else { "pass" };
        let written = compose::date(self.written());
        let mut dice = Dice::new(number);
        let mut letters = |count: usize| -> String { (0..count).map(|_| BASE64[dice.below(62)] as char).collect() };
        let (hash, signature) = (letters(43), [letters(66), letters(66), letters(66), letters(66), letters(66)]);
        let content = match self.text {
            Text::Attachment => format!("multipart/mixed; boundary=\"{BOUNDARY}\""),
            _ => "text/plain; charset=utf-8".to_owned(),
        };
        format!(
            "Return-Path: <{address}>\n\
             Authentication-Results: mx.example.org;\n\
             \tdkim={word} header.d={domain} header.s=mail;\n\
             \tspf={word} smtp.mailfrom={domain};\n\
             \tdmarc={word} header.from={domain}\n\
             Received: from mail.{domain} (mail.{domain} [192.0.2.25])\n\
             \tby mx.example.org with ESMTPS id 4F1A{number:08}\n\
             \tfor <alice@example.org>; {written}\n\
             Received: from desk.{domain} (desk.{domain} [198.51.100.7])\n\
             \tby mail.{domain} with ESMTPSA id 7C2B{number:08}; {written}\n\
             DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\n\
             \ts=mail; h=from:to:subject:date:message-id:mime-version:content-type;\n\
             \tbh={hash}=;\n\
             \tb={}==\n\
             From: {name} <{address}>\n\
             To: Alice Liddell <alice@example.org>\n\
             Subject: {}\n\
             Date: {written}\n\
             Message-ID: <{number:012}.letter@mail.{domain}>\n\
             MIME-Version: 1.0\n\
             Content-Type: {content}\n\
             Content-Transfer-Encoding: 7bit\n\n",
            signature.join("\n\t "),
            self.subject(),
        )
    }

    /// For the words of one of its parts: others for each letter, but of those that say the same.
    fn dice(&self, part: u64) -> Dice {
        match (self.text, self.writer) {
            (Text::Same, _) => Dice::new(part),
            (_, writer) => Dice::new((self.number << 8) + ((writer as u64) << 4) + part),
        }
    }

    /// One every ten minutes; all that say the same within the hour.
    fn written(&self) -> i64 {
        let after = if self.text == Text::Same { self.number % 3_000 } else { self.number % 100_000 * 600 };
        WRITTEN + i64::try_from(after).unwrap()
    }

    fn subject(&self) -> String {
        let mut dice = self.dice(2);
        let words: Vec<&str> = (0..4).map(|_| WORDS[dice.below(WORDS.len())]).collect();
        format!("About {}", words.join(" "))
    }
}

/// That many bytes of sentences, in lines of at most 72.
fn prose(text: &mut String, dice: &mut Dice, bytes: usize) {
    let end = text.len() + bytes;
    let (mut column, mut word_number) = (0, 0);
    let mut sentence = 0;
    while text.len() < end {
        let word = WORDS[dice.below(WORDS.len())];
        if column + word.len() + 2 > 72 {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        if word_number == sentence {
            text.push(char::from(word.as_bytes()[0]).to_ascii_uppercase());
            text.push_str(&word[1..]);
            sentence += 5 + dice.below(9);
        } else {
            text.push_str(word);
        }
        column += word.len();
        word_number += 1;
        if word_number == sentence {
            text.push('.');
            column += 1;
        }
    }
    text.truncate(end - 1);
    text.push('\n');
}

/// Numbers that look random and are the same on every run (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// The seed is mixed first: two seeds beside each other would give the same numbers one place on.
    pub fn new(seed: u64) -> Dice {
        Dice(mixed(seed.wrapping_add(STEP)))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// The odd number next to 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
