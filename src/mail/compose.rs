//! Writes messages of our own: header fields that cannot be broken out of, and a body that survives transport.
//!
//! Promises: CR, LF and NUL in a value are impossible by type; every line is short enough for every mail system;
//! line ends are LF, as sendmail wants them. Never touches: what the message says (`policy/`).

use std::fmt;

use super::address::Address;
use super::display;

/// The value of one header field: printable ASCII and single spaces, nothing that could end the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderValue(String);

/// A text that may not stand in a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadHeaderValue;

impl fmt::Display for BadHeaderValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a header field holds printable ASCII in one line only")
    }
}

impl std::error::Error for BadHeaderValue {}

impl HeaderValue {
    /// A value that is ASCII already.
    ///
    /// # Errors
    /// [`BadHeaderValue`] if it holds a control character or anything outside ASCII.
    pub fn ascii(text: &str) -> Result<HeaderValue, BadHeaderValue> {
        let good = text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if good { Ok(HeaderValue(text.to_owned())) } else { Err(BadHeaderValue) }
    }

    /// A Message-ID in its angle brackets. `None` for one that could not stand in a header field; it is long enough to
    /// be kept whole, since an encoded or a cut one names nothing.
    #[must_use]
    pub fn message_id(id: &str) -> Option<HeaderValue> {
        HeaderValue::ascii(&format!("<{id}>")).ok().filter(|value| value.0.len() <= 990)
    }

    /// Any text, as encoded words where it is not ASCII (RFC 2047); control characters become spaces.
    #[must_use]
    pub fn words(text: &str) -> HeaderValue {
        let text = display::one_line(text, 400);
        if text.is_ascii() && !text.contains("=?") {
            return HeaderValue(text);
        }
        let mut words: Vec<String> = Vec::new();
        let mut chunk = String::new();
        for c in text.chars() {
            // 42 bytes make 56 base64 characters: with `=?UTF-8?B??=` the word stays under 75 (RFC 2047 section 2).
            if chunk.len() + c.len_utf8() > 42 {
                words.push(encoded_word(&chunk));
                chunk.clear();
            }
            chunk.push(c);
        }
        words.push(encoded_word(&chunk));
        HeaderValue(words.join(" "))
    }

    /// One mailbox, with a display name if there is one.
    #[must_use]
    pub fn mailbox(name: Option<&str>, address: &Address) -> HeaderValue {
        match name.map(|name| display::one_line(name, 120)).filter(|name| !name.is_empty()) {
            None => HeaderValue(address.to_string()),
            Some(name) if name.is_ascii() => {
                let name = name.replace('\\', "").replace('"', "'");
                HeaderValue(format!("\"{name}\" <{address}>"))
            }
            Some(name) => HeaderValue(format!("{} <{address}>", HeaderValue::words(&name).0)),
        }
    }

    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message of our own: fields in order, and plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    fields: Vec<(&'static str, HeaderValue)>,
    body: String,
}

impl Outgoing {
    /// Adds a field.
    pub fn field(&mut self, name: &'static str, value: HeaderValue) {
        self.fields.push((name, value));
    }

    /// Sets the text.
    pub fn text(&mut self, text: String) {
        self.body = text;
    }

    /// The whole message, MIME fields added, lines ended by LF.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let plain = self.body.is_ascii() && self.body.lines().all(|line| line.len() <= 78);
        let mut out = String::new();
        for (name, value) in &self.fields {
            fold_into(&mut out, name, value);
        }
        out.push_str("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n");
        if plain {
            out.push_str("Content-Transfer-Encoding: 7bit\n\n");
            out.push_str(&self.body.replace('\r', ""));
            return out.into_bytes();
        }
        let mut quoted = String::new();
        quoted_printable(&mut quoted, &self.body);
        let packed = base64(&self.body);
        // Quoted-printable can be read without decoding, unless nearly every letter is outside ASCII.
        if quoted.len() <= packed.len() * 5 / 4 {
            out.push_str("Content-Transfer-Encoding: quoted-printable\n\n");
            out.push_str(&quoted);
        } else {
            out.push_str("Content-Transfer-Encoding: base64\n\n");
            out.push_str(&packed);
        }
        out.into_bytes()
    }
}

/// `Sat, 21 Nov 2026 12:00:00 +0000` (RFC 5322 section 3.3), always UTC: reading the time zone's rules costs more
/// than all the rest of a delivery (measured: 3.2 million instructions).
#[must_use]
pub fn date(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let weekday = weekday(seconds);
    let month = name_of(month).get(..3).unwrap_or_default();
    let (hour, minute, second) = clock(seconds);
    format!("{weekday}, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

/// The line with which a message begins in an mbox, with its line end: `From bob@example.net Sat Nov 21 12:00:00 2026`, in
/// UTC (RFC 4155 appendix A). Without a sender it is MAILER-DAEMON's; a blank in one would end it.
#[must_use]
pub fn from_line(sender: Option<&str>, seconds: i64) -> String {
    let sender = sender.unwrap_or("MAILER-DAEMON").replace(|c: char| c.is_whitespace() || c.is_control(), "_");
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let (hour, minute, second) = clock(seconds);
    let (weekday, month) = (weekday(seconds), name_of(month).get(..3).unwrap_or_default());
    format!("From {sender} {weekday} {month} {day:2} {hour:02}:{minute:02}:{second:02} {year:04}\n")
}

/// The first second of a day written `2026-11-21`, in UTC, since 1970.
#[must_use]
pub fn day(text: &str) -> Option<i64> {
    let number = |range| text.get(range).filter(|part: &&str| part.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    let (year, month, day): (i64, i64, i64) = (number(0..4)?, number(5..7)?, number(8..10)?);
    // The turn of `civil`, with years that begin in March. A day that there is not comes back as another one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400).filter(|at| day_of(*at) == text)
}

/// `2026-11-21`, the day in UTC, for people.
#[must_use]
pub fn day_of(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-21 12:00` UTC, for people.
#[must_use]
pub fn short_date(seconds: i64) -> String {
    let (hour, minute, _) = clock(seconds);
    format!("{} {hour:02}:{minute:02}", day_of(seconds))
}

/// `21 Nov 12:00` UTC, for people who know the year.
#[must_use]
pub fn short_day(seconds: i64) -> String {
    let (_, month, day) = civil(seconds.div_euclid(86_400));
    let (hour, minute, _) = clock(seconds);
    format!("{day:>2} {:.3} {hour:02}:{minute:02}", name_of(month))
}

/// Day and minute, UTC, in the form that is usual in the language; the form of [`short_date`] for any other. Without
/// names of months but in English, where the order of day and month is read in two ways.
#[must_use]
pub fn date_in(language: &str, seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let (hour, minute, _) = clock(seconds);
    match language {
        "cs" => format!("{day}. {month}. {year} {hour}:{minute:02} UTC"),
        "da" | "nb" => format!("{day}.{month}.{year} kl. {hour:02}.{minute:02} UTC"),
        "de" | "pl" | "ru" | "uk" => format!("{day:02}.{month:02}.{year}, {hour:02}:{minute:02} UTC"),
        "en" => format!("{day} {} {year}, {hour:02}:{minute:02} UTC", name_of(month)),
        "es" | "it" | "pt" => format!("{day:02}/{month:02}/{year}, {hour:02}:{minute:02} UTC"),
        "fr" => format!("{day:02}/{month:02}/{year} à {hour:02}:{minute:02} UTC"),
        "nl" => format!("{day:02}-{month:02}-{year}, {hour:02}:{minute:02} UTC"),
        _ => format!("{} UTC", short_date(seconds)),
    }
}

fn weekday(seconds: i64) -> &'static str {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    DAYS[usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or_default()]
}

fn name_of(month: i64) -> &'static str {
    const MONTHS: &str = "January February March April May June July August September October November December";
    MONTHS.split(' ').nth(usize::try_from(month - 1).unwrap_or_default()).unwrap_or_default()
}

fn clock(seconds: i64) -> (i64, i64, i64) {
    let second = seconds.rem_euclid(86_400);
    (second / 3600, second / 60 % 60, second % 60)
}

/// Days since 1970 to year, month, day in the Gregorian calendar, counted in eras of 400 years from 1 March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn encoded_word(chunk: &str) -> String {
    format!("=?UTF-8?B?{}?=", data_encoding::BASE64.encode(chunk.as_bytes()))
}

/// Folds at spaces before column 78 where there is one (RFC 5322 section 2.1.1); an unbreakable value stays whole.
fn fold_into(out: &mut String, name: &str, value: &HeaderValue) {
    let mut column = name.len() + 1;
    out.push_str(name);
    out.push(':');
    for (at, word) in value.as_str().split(' ').enumerate() {
        if at > 0 && column + 1 + word.len() > 78 {
            out.push('\n');
            column = 0;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + word.len();
    }
    out.push('\n');
}

/// RFC 2045 section 6.8, with the line ends that text has there.
fn base64(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("{}\r\n", line.trim_end_matches('\r'))).collect();
    let packed = data_encoding::BASE64.encode(lines.as_bytes());
    let mut out = String::with_capacity(packed.len() + packed.len() / 76 + 1);
    for (at, c) in packed.chars().enumerate() {
        if at > 0 && at % 76 == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push('\n');
    out
}

/// RFC 2045 section 6.7; lines of at most 76 characters, blanks at a line's end encoded.
fn quoted_printable(out: &mut String, text: &str) {
    for line in text.lines() {
        let mut column = 0;
        let bytes = line.as_bytes();
        for (at, &byte) in bytes.iter().enumerate() {
            let last = at + 1 == bytes.len();
            let literal = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && !last);
            let width = if literal { 1 } else { 3 };
            if column + width > 75 {
                out.push_str("=\n");
                column = 0;
            }
            if literal {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("={byte:02X}"));
            }
            column += width;
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_field() {
        for text in ["a\r\nBcc: eve@x.org", "a\nb", "a\0b", "a\u{1b}[2J", "é", "a\tb"] {
            assert_eq!(HeaderValue::ascii(text), Err(BadHeaderValue), "{text:?}");
            let value = HeaderValue::words(text);
            assert!(value.as_str().bytes().all(|b| (b' '..=b'~').contains(&b)), "{text:?} became {value:?}");
        }
        let eve = Address::parse("eve@x.org").unwrap();
        let value = HeaderValue::mailbox(Some("Eve\" <a@b>\r\nBcc: x, \""), &eve);
        assert_eq!(value.as_str(), "\"Eve' <a@b> Bcc: x, '\" <eve@x.org>");
    }

    #[test]
    fn encoded_words_are_short_and_read_back() {
        let text = "Grüße aus 東京 ".repeat(20);
        let value = HeaderValue::words(&text);
        assert!(value.as_str().split(' ').all(|word| word.len() <= 75 && word.starts_with("=?UTF-8?B?")));
        let field = format!("Subject: {}\n\n", value.as_str());
        let (header, _) = mailparse::parse_header(field.as_bytes()).unwrap();
        assert_eq!(header.get_value(), text.trim());
    }

    #[test]
    fn a_message_id_is_whole_or_not_there() {
        let long = format!("{}@x.org", "a".repeat(890));
        assert_eq!(HeaderValue::message_id(&long).map(|v| v.0), Some(format!("<{long}>")));
        assert_eq!(HeaderValue::message_id(&"a".repeat(990)), None);
        assert_eq!(HeaderValue::message_id("a@x.org>\r\nBcc: eve@x.org"), None);
    }

    #[test]
    fn a_word_that_looks_encoded_is_encoded() {
        assert!(HeaderValue::words("=?utf-8?q?evil?=").as_str().starts_with("=?UTF-8?B?"));
    }

    #[test]
    fn a_body_of_foreign_letters_stays_short_and_reads_back() {
        let mut mail = Outgoing::default();
        let text = "Здравствуйте! Вы написали письмо.\n.\n".repeat(20);
        mail.text(text.clone());
        let bytes = mail.to_bytes();
        assert!(bytes.len() < text.len() * 3 / 2 && bytes.split(|&b| b == b'\n').all(|line| line.len() <= 76));
        assert_eq!(mailparse::parse_mail(&bytes).unwrap().get_body().unwrap().replace("\r\n", "\n"), text);
    }

    #[test]
    fn the_body_survives_transport() {
        let mut mail = Outgoing::default();
        mail.field("Subject", HeaderValue::words("x"));
        let text = format!("Grüße = {}  \n.\nFrom here\n", "lang ".repeat(40));
        mail.text(text.clone());
        let bytes = mail.to_bytes();
        assert!(bytes.split(|&b| b == b'\n').all(|line| line.len() <= 78 && !line.ends_with(b" ")));
        let parsed = mailparse::parse_mail(&bytes).unwrap();
        assert_eq!(parsed.get_body().unwrap().replace("\r\n", "\n"), text);
    }
}
