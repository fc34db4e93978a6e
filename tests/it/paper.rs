//! What a mail program makes of a text: its character set, its transfer encoding, its parts, encoded words.
//!
//! Promises: a text that does not fit into the character set goes out in UTF-8, as mail programs do it; lines stay
//! below 998 bytes with every encoding but 8bit, where they are as long as the text's own.

use data_encoding::BASE64;
use encoding_rs::{Encoding, UTF_8};

use super::letter::Letter;

/// Between the parts.
const BOUNDARY: &str = "000000000000a5b3c70612f0";

/// A body before it is encoded: its parts with their types.
pub struct Paper {
    parts: Vec<(&'static str, String)>,
}

impl Paper {
    /// Plain text.
    pub fn plain(text: String) -> Paper {
        Paper { parts: vec![("text/plain", text)] }
    }

    /// A page.
    pub fn html(text: String) -> Paper {
        Paper { parts: vec![("text/html", text)] }
    }

    /// The text and beside it the page that says the same.
    pub fn both(text: String, page: String) -> Paper {
        Paper { parts: vec![("text/plain", text), ("text/html", page)] }
    }

    /// The whole message. The bytes of the body may be in any character set.
    pub fn put_into(&self, letter: Letter, charset: &str, encoding: &str) -> Vec<u8> {
        let encoded: Vec<Part> =
            self.parts.iter().map(|(kind, text)| Part::of(kind, text, charset, encoding)).collect();
        let letter = letter.field("MIME-Version", "1.0");
        if let [only] = encoded.as_slice() {
            let letter = letter.field("Content-Type", &only.kind).field("Content-Transfer-Encoding", &only.encoding);
            return [letter.body("").bytes(), only.bytes.clone()].concat();
        }
        let kind = format!("multipart/alternative; boundary=\"{BOUNDARY}\"");
        let mut message = letter.field("Content-Type", &kind).body("").bytes();
        for part in &encoded {
            let head = format!("Content-Type: {}\nContent-Transfer-Encoding: {}\n", part.kind, part.encoding);
            message.extend(format!("--{BOUNDARY}\n{head}\n").as_bytes());
            message.extend(&part.bytes);
            message.push(b'\n');
        }
        message.extend(format!("--{BOUNDARY}--\n").as_bytes());
        message
    }
}

/// A part as it travels.
struct Part {
    kind: String,
    encoding: String,
    bytes: Vec<u8>,
}

impl Part {
    fn of(kind: &str, text: &str, charset: &str, encoding: &str) -> Part {
        let (charset, bytes) = in_charset(text, charset);
        // What was to go as it is and does not fit into seven bits goes in eight.
        let encoding = if encoding == "7bit" && !bytes.is_ascii() { "8bit" } else { encoding };
        let bytes = match encoding {
            "base64" => base64_lines(&bytes),
            "quoted-printable" => quoted_printable(&bytes),
            _ => bytes,
        };
        Part { kind: format!("{kind}; charset={charset}"), encoding: encoding.to_owned(), bytes }
    }
}

/// The text in that character set, or in UTF-8 where it does not fit; and which it is.
fn in_charset<'a>(text: &str, charset: &'a str) -> (&'a str, Vec<u8>) {
    let known = Encoding::for_label(charset.as_bytes()).unwrap_or_else(|| panic!("{charset} is no character set"));
    let (bytes, _, lossy) = known.encode(text);
    if lossy { ("utf-8", UTF_8.encode(text).0.into_owned()) } else { (charset, bytes.into_owned()) }
}

/// A field's value, in encoded words if it needs them.
pub fn encoded_words(text: &str, charset: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let words = letters.chunks(12).map(|chunk| {
        let (charset, bytes) = in_charset(&chunk.iter().collect::<String>(), charset);
        format!("=?{charset}?B?{}?=", BASE64.encode(&bytes))
    });
    words.collect::<Vec<_>>().join("\n ")
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let text = BASE64.encode(bytes).into_bytes();
    text.chunks(76).flat_map(|line| [line, b"\n"].concat()).collect()
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut width = 0;
        for (at, byte) in line.iter().enumerate() {
            let last = at + 1 == line.len();
            let plain = (33..=126).contains(byte) && *byte != b'=' || *byte == b' ' && !last;
            let written = if plain { char::from(*byte).to_string() } else { format!("={byte:02X}") };
            if width + written.len() > 75 {
                out.push_str("=\n");
                width = 0;
            }
            width += written.len();
            out.push_str(&written);
        }
        out.push('\n');
    }
    // The split found one line more than there are line ends.
    out.pop();
    out.into_bytes()
}
