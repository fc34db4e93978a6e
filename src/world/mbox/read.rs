//! An mbox file as a stream of messages.
//!
//! Promises: a message begins at a `From ` line with a date of asctime(3) behind an empty line and nowhere else, so a
//! sentence that begins with the word "From" splits nothing; what looks like a beginning and is none is counted. Of
//! each message only the start is kept, of each line only a piece: memory does not grow with the file. Never touches:
//! files, compression (`archive/`), meaning.

use std::io::{self, BufRead, Read};

use crate::mail::head::HEAD_LIMIT;
use crate::world::input::{BODY_LIMIT, Incoming};

/// Most bytes of a `From ` line; a longer one begins no message. Real ones stay below 400: an address has at most 320.
pub const FROM_LINE_LIMIT: usize = 1_000;
/// Most bytes that are read at once of a line.
const PIECE_LIMIT: usize = 16 * 1024;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One message of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which one it is, counted from 1.
    pub number: u64,
    /// Where its `From ` line begins, in bytes of the file after decompression.
    pub offset: u64,
    /// The `From ` line if it names a sender, the head and the start of the body as far as
    /// [`Incoming::read_start`] keeps them, with `>From ` unquoted.
    pub start: Vec<u8>,
    /// Bytes of the message without its `From ` line and the empty line behind it.
    pub bytes: u64,
    /// The time in its `From ` line, seconds since 1970. Without a zone, as is usual, it is taken for UTC and may be
    /// off by 14 hours.
    pub received: i64,
}

/// A `From ` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromLine {
    /// Whether it names an envelope sender: an address, MAILER-DAEMON, or nobody as procmail writes the null one.
    pub names_sender: bool,
    /// Its time, seconds since 1970.
    pub date: i64,
}

/// The reader.
pub struct Mbox<R> {
    reader: R,
    /// Bytes taken from `reader`.
    offset: u64,
    number: u64,
    line: Vec<u8>,
    /// The `From ` line that ended the message before.
    next: Option<(FromLine, u64)>,
    begun: bool,
    doubtful: u64,
    first_doubtful: u64,
}

/// A message while it is gathered.
struct Draft {
    kept: Vec<u8>,
    bytes: u64,
    /// The empty line just read: it belongs to the message unless a `From ` line or the end follows.
    empty: Vec<u8>,
    in_body: bool,
}

impl<R: BufRead> Mbox<R> {
    /// Reads from the beginning of a file.
    pub fn new(reader: R) -> Mbox<R> {
        let line = Vec::with_capacity(PIECE_LIMIT);
        Mbox { reader, offset: 0, number: 0, line, next: None, begun: false, doubtful: 0, first_doubtful: 0 }
    }

    /// The next message; none at the end. What stands in front of the first `From ` line is passed over.
    ///
    /// # Errors
    /// A failed read, such as the early end of a compressed file. The message it happened in is lost to this reader;
    /// [`Mbox::offset`] says where.
    pub fn next_letter(&mut self) -> io::Result<Option<Letter>> {
        if !self.begun {
            self.begun = true;
            self.next = self.seek_first_line()?;
        }
        let Some((from, offset)) = self.next.take() else { return Ok(None) };
        self.number += 1;
        let mut draft = Draft { kept: Vec::new(), bytes: 0, empty: Vec::new(), in_body: false };
        if from.names_sender {
            draft.kept.extend_from_slice(&self.line);
        }
        self.gather(&mut draft)?;
        // The rule of a delivery: as much of the head and the body as is looked at there.
        let start = Incoming::read_start(draft.kept.as_slice())?.start().to_vec();
        Ok(Some(Letter { number: self.number, offset, start, bytes: draft.bytes, received: from.date }))
    }

    /// How many bytes were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many lines look like the beginning of a message but have no empty line before them, and where the first
    /// one is. They were taken as text.
    pub fn doubtful(&self) -> Option<(u64, u64)> {
        (self.doubtful > 0).then_some((self.doubtful, self.first_doubtful))
    }

    fn seek_first_line(&mut self) -> io::Result<Option<(FromLine, u64)>> {
        let mut behind_empty = true;
        loop {
            let begins = self.offset;
            if !self.read_piece()? {
                return Ok(None);
            }
            if behind_empty && let Some(from) = FromLine::parse(&self.line) {
                return Ok(Some((from, begins)));
            }
            behind_empty = is_empty(&self.line);
        }
    }

    fn gather(&mut self, draft: &mut Draft) -> io::Result<()> {
        let mut line_begins = true;
        loop {
            let begins = self.offset;
            if !self.read_piece()? {
                return Ok(());
            }
            if line_begins && let Some(from) = FromLine::parse(&self.line) {
                if !draft.empty.is_empty() {
                    self.next = Some((from, begins));
                    return Ok(());
                }
                if self.doubtful == 0 {
                    self.first_doubtful = begins;
                }
                self.doubtful += 1;
            }
            draft.take(&self.line, line_begins);
            line_begins = self.line.ends_with(b"\n");
        }
    }

    /// Reads a line, or as much of it as [`PIECE_LIMIT`] allows, and says whether there was something.
    fn read_piece(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut limited = (&mut self.reader).take(PIECE_LIMIT as u64);
        let count = limited.read_until(b'\n', &mut self.line)?;
        self.offset += count as u64;
        Ok(count > 0)
    }
}

impl Draft {
    fn take(&mut self, piece: &[u8], line_begins: bool) {
        let empty = std::mem::take(&mut self.empty);
        self.keep(&empty);
        if line_begins && is_empty(piece) {
            self.in_body = true;
            self.empty = piece.to_vec();
            return;
        }
        // mboxo quotes `From ` only, mboxrd `>From ` too; undoing both is right for both but for a text that began
        // its line with `>From ` in an mboxo file, where one `>` is lost, to the eye and to no decision.
        self.keep(if line_begins && self.in_body && is_quoted(piece) { &piece[1..] } else { piece });
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = (HEAD_LIMIT + BODY_LIMIT + FROM_LINE_LIMIT).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl FromLine {
    /// Reads `From SENDER Sat Nov 21 12:00:00 2026`: the sender may be missing or hold spaces, the seconds may be
    /// missing, a zone may stand before or behind the year, anything behind that (RFC 4155 appendix A; `remote from`
    /// of UUCP; Google's `+0000 2026`).
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<FromLine> {
        let line = line.strip_prefix(b"From ")?;
        if line.len() > FROM_LINE_LIMIT {
            return None;
        }
        let text = String::from_utf8_lossy(line);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (at, date) = (0..words.len()).find_map(|at| Some((at, date(&words[at..])?)))?;
        let sender = words[..at].first();
        let names_sender = match sender {
            None => line.first().is_some_and(|&b| b == b' '),
            Some(word) => at == 1 && (word.contains('@') || word.eq_ignore_ascii_case("MAILER-DAEMON")),
        };
        Some(FromLine { names_sender, date })
    }
}

/// `Sat Nov 21 12:00[:00] [zone] 2026 [zone]`.
fn date(words: &[&str]) -> Option<i64> {
    let [weekday, month, day, time, rest @ ..] = words else { return None };
    WEEKDAYS.iter().find(|known| known.eq_ignore_ascii_case(weekday))?;
    let month = 1 + MONTHS.iter().position(|known| known.eq_ignore_ascii_case(month))?;
    let day = day.parse::<i64>().ok().filter(|day| (1..=31).contains(day))?;
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok().filter(|number| (0..=60).contains(number)));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if hour > 23 || parts.next().is_some() {
        return None;
    }
    let at = rest.iter().take(2).position(|word| year(word).is_some())?;
    if at == 1 && !is_zone(rest[0]) {
        return None;
    }
    let zone = if at == 1 { rest.first() } else { rest.get(1).filter(|word| is_zone(word)) };
    let seconds = days(year(rest[at])?, i64::try_from(month).ok()?, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds - zone.map_or(0, |zone| seconds_east(zone)))
}

fn year(word: &str) -> Option<i64> {
    (word.len() == 4).then(|| word.parse().ok()).flatten().filter(|year| (1970..=9999).contains(year))
}

/// `+0100`, `CET`.
fn is_zone(word: &str) -> bool {
    let numeric = word.len() == 5 && word.starts_with(['+', '-']) && word[1..].bytes().all(|b| b.is_ascii_digit());
    numeric || (word.len() <= 5 && word.bytes().all(|b| b.is_ascii_uppercase()))
}

/// What a zone's name means differs from place to place, so only a number counts.
fn seconds_east(zone: &str) -> i64 {
    let number = zone.parse::<i64>().unwrap_or(0);
    (number / 100) * 3_600 + (number % 100) * 60
}

/// Days since 1970 in the Gregorian calendar, counted from 1 March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1 - 719_468
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

fn is_quoted(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|&&b| b == b'>').count();
    marks > 0 && line[marks..].starts_with(b"From ")
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    const FROM: &str = "From bob@x.org Sat Nov 21 12:00:00 2026\n";

    fn letters(text: &[u8]) -> Vec<Letter> {
        // One byte at a time: no rule may depend on how much a read gives.
        let mut mbox = Mbox::new(BufReader::with_capacity(1, text));
        let mut found = Vec::new();
        while let Some(letter) = mbox.next_letter().unwrap() {
            found.push(letter);
        }
        assert_eq!(mbox.offset(), text.len() as u64);
        found
    }

    fn texts(text: &str) -> Vec<String> {
        letters(text.as_bytes()).into_iter().map(|letter| String::from_utf8(letter.start).unwrap()).collect()
    }

    #[test]
    fn what_is_no_beginning_splits_nothing() {
        for line in [
            "From now on we meet at eight.",
            "From Sat Nov 21 2026",
            "From bob@x.org Sat Nov 21 12:00:00",
            "From bob@x.org Sat Nov 32 12:00:00 2026",
            "From bob@x.org Sat Nov 21 25:00:00 2026",
            "From bob@x.org Sat Nov 21 12:00:00:00 2026",
            "From bob@x.org Sat Nov 21 noon 2026",
            "From bob@x.org Xat Nov 21 12:00:00 2026",
            "From bob@x.org Sat Nom 21 12:00:00 2026",
            "From bob@x.org Sat Nov 21 12:00:00 26",
            "From bob@x.org Sat Nov 21 12:00:00 or 2026",
            "From: Sat Nov 21 12:00:00 2026",
            "from bob@x.org Sat Nov 21 12:00:00 2026",
            " From bob@x.org Sat Nov 21 12:00:00 2026",
            "From\tbob@x.org Sat Nov 21 12:00:00 2026",
        ] {
            let text = format!("{FROM}A: b\n\nHello\n\n{line}\nmore\n");
            assert_eq!(texts(&text).len(), 1, "{line}");
        }
        let long = format!("From {} Sat Nov 21 12:00:00 2026\n", "x".repeat(FROM_LINE_LIMIT));
        assert_eq!(texts(&format!("{FROM}A: b\n\n{long}")).len(), 1);
        assert_eq!(texts("").len(), 0);
        assert_eq!(texts("\n\n").len(), 0);
        assert_eq!(texts("A: b\n\nHello\n").len(), 0);
    }

    #[test]
    fn without_an_empty_line_before_it_nothing_begins_and_it_is_counted() {
        let text = format!("{FROM}A: b\n\nHello\n{FROM}B: c\n{FROM}\n");
        let mut mbox = Mbox::new(text.as_bytes());
        assert_eq!(mbox.next_letter().unwrap().unwrap().bytes, 12 + 2 * FROM.len() as u64 + 5);
        assert_eq!(mbox.next_letter().unwrap(), None);
        assert_eq!(mbox.doubtful(), Some((2, FROM.len() as u64 + 12)));
    }

    #[test]
    fn every_usual_writer_is_read() {
        for (line, names_sender) in [
            ("From bob@x.org Sat Nov 21 12:00:00 2026", true),
            ("From bob@x.org  Sat Nov  7 12:00:00 2026", true),
            ("From MAILER-DAEMON Sat Nov 21 12:00:00 2026", true),
            ("From   Sat Nov 21 12:00:00 2026", true),
            ("From - Sat Nov 21 12:00:00 2026", false),
            ("From bob at x.org Sat Nov 21 12:00:00 2026", false),
            ("From bob@x.org Sat Nov 21 12:00 2026", true),
            ("From bob@x.org Sat Nov 21 12:00:00 CET 2026", true),
            ("From bob@x.org Sat Nov 21 12:00:00 2026 +0100", true),
            ("From 17@xxx Sat Nov 21 12:00:00 +0000 2026", true),
            ("From bob Sat Nov 21 12:00:00 2026 remote from hub", false),
        ] {
            let read = FromLine::parse(format!("{line}\r\n").as_bytes());
            assert_eq!(read.map(|read| read.names_sender), Some(names_sender), "{line}");
        }
    }

    #[test]
    fn its_time_is_read() {
        let of = |text: &str| FromLine::parse(format!("From x@y {text}\n").as_bytes()).map(|line| line.date);
        assert_eq!(of("Thu Jan 1 00:00:00 1970"), Some(0));
        assert_eq!(of("Tue Feb 29 23:59:59 2000"), Some(951_868_799));
        assert_eq!(of("Sat Nov 21 12:00:00 2026"), Some(1_795_262_400));
        assert_eq!(of("Sat Nov 21 12:00:00 2026 +0130"), Some(1_795_262_400 - 5_400));
        assert_eq!(of("Sat Nov 21 12:00:00 -0500 2026"), Some(1_795_262_400 + 18_000));
    }

    #[test]
    fn messages_are_cut_at_their_lines_and_unquoted_in_the_body_only() {
        let text = format!(
            "{FROM}A: b\n>From c\n\nHello\n>From you\n>>From me\n>Fromage\n\n{FROM}B: c\n\n{FROM}C: d\n\n\n\nend\n\n"
        );
        let found = letters(text.as_bytes());
        let second = text.find("B: c").unwrap() - FROM.len();
        assert_eq!(found.iter().map(|letter| letter.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((found[0].offset, found[1].offset), (0, second as u64));
        assert_eq!(
            texts(&text),
            [
                format!("{FROM}A: b\n>From c\n\nHello\nFrom you\n>From me\n>Fromage\n"),
                format!("{FROM}B: c\n"),
                format!("{FROM}C: d\n\n\n\nend\n"),
            ]
        );
        assert_eq!(found[2].bytes, "C: d\n\n\n\nend\n".len() as u64);
    }

    #[test]
    fn carriage_returns_change_nothing_but_themselves() {
        let text = format!("{FROM}A: b\n\nHello\n\n{FROM}B: c\n\n>From\n");
        let other = texts(&text.replace('\n', "\r\n"));
        assert_eq!(other, texts(&text).iter().map(|one| one.replace('\n', "\r\n")).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_that_says_nothing_of_the_sender_is_left_out() {
        assert_eq!(texts("From - Sat Nov 21 12:00:00 2026\nA: b\n\nc\n"), ["A: b\n\nc\n"]);
    }

    #[test]
    fn a_huge_line_and_a_huge_message_keep_their_start_only() {
        let long = "x".repeat(3 * PIECE_LIMIT + 7);
        let body = format!("{long}\nFrom here\n").repeat(40);
        let text = format!("{FROM}A: b\n\n{body}\n{FROM}B: c\n");
        let found = letters(text.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes, 6 + body.len() as u64);
        assert!(found[0].start.len() <= HEAD_LIMIT + BODY_LIMIT);
        assert!(found[0].start.len() > BODY_LIMIT);
        // A piece in the middle of a line is no line: `From ` at its start is text.
        let hidden = format!("{FROM}A: b\n\n\n{}{FROM}B: c\n", "x".repeat(PIECE_LIMIT));
        assert_eq!(texts(&hidden).len(), 1);
    }

    #[test]
    fn a_failed_read_is_an_error_after_what_was_whole() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("torn"))
            }
        }
        let text = format!("{FROM}A: b\n\n{FROM}B: c\n\nhalf");
        let mut mbox = Mbox::new(BufReader::new(text.as_bytes().chain(Broken)));
        assert_eq!(mbox.next_letter().unwrap().unwrap().number, 1);
        assert_eq!(mbox.next_letter().unwrap_err().to_string(), "torn");
        assert_eq!(mbox.offset(), text.len() as u64 - 4);
    }

    #[test]
    fn garbage_neither_panics_nor_crawls() {
        let bytes: Vec<u8> = (0..1_000_000_u64).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(letters(&bytes).len(), 0);
        letters(&[FROM.as_bytes(), &bytes].concat());
        letters(FROM.repeat(1_000).as_bytes());
    }
}
