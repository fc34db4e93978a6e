//! The line with which a message begins in an mbox file: `From SENDER DATE`.
//!
//! Promises: a sentence that begins with the word "From" is none, unless it is the word alone or one word behind it; which
//! is for whoever reads the file to believe ([`Form`]). Never touches: files, what stands around the line.

/// Most bytes of a `From ` line; a longer one begins no message. Real ones stay below 400: an address has at most 320.
pub(super) const FROM_LINE_LIMIT: usize = 1_000;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A `From ` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromLine {
    /// Whether it names an envelope sender: an address, MAILER-DAEMON, or nobody as procmail writes the null one.
    pub names_sender: bool,
    /// Whether one word stands in front of its date: an address, a user of the host, the `-` of Thunderbird.
    pub has_one_word: bool,
    /// Its time, seconds since 1970; none in a line that is [`Form::Bare`].
    pub date: Option<i64>,
    /// How it is written.
    pub form: Form,
}

/// How a `From ` line is written, the least doubtful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With a date as asctime(3) writes it: all that delivers mail writes it so (RFC 4155 appendix A).
    Usual,
    /// With another date: of ISO 8601, or of a `Date` field (RFC 5322 section 3.3).
    OtherDate,
    /// Without a date: nothing but a word behind it, or not even that.
    Bare,
}

impl FromLine {
    /// Reads `From SENDER Sat Nov 21 12:00:00 2026`: the sender may be missing or hold spaces, the seconds may be
    /// missing, a zone may stand before or behind the year, anything behind that (RFC 4155 appendix A; `remote from`
    /// of UUCP; Google's `+0000 2026`).
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<FromLine> {
        let line = line.strip_prefix(b"From ")?;
        // In a file of which the beginning has other line ends than the rest, a whole message may stand in one line.
        if line.len() > FROM_LINE_LIMIT || line.trim_ascii_end().contains(&b'\r') {
            return None;
        }
        let text = String::from_utf8_lossy(line);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let dated = (0..words.len()).find_map(|at| {
            let (date, form) = usual(&words[at..]).map(|date| (date, Form::Usual)).or_else(|| {
                let date = iso(&words[at..]).or_else(|| of_a_field(&words[at..]))?;
                Some((date, Form::OtherDate))
            })?;
            Some((at, date, form))
        });
        let names = |word: &str| word.contains('@') || word.eq_ignore_ascii_case("MAILER-DAEMON");
        if let Some((at, date, form)) = dated {
            let names_sender = match words[..at].first() {
                None => line.first().is_some_and(|&b| b == b' '),
                Some(word) => at == 1 && names(word),
            };
            return Some(FromLine { names_sender, has_one_word: at == 1, date: Some(date), form });
        }
        // `From : bob@x` is a field in the obsolete syntax.
        match words.as_slice() {
            [] => Some(FromLine { names_sender: false, has_one_word: false, date: None, form: Form::Bare }),
            [word] if !word.starts_with(':') => {
                Some(FromLine { names_sender: names(word), has_one_word: false, date: None, form: Form::Bare })
            }
            _ => None,
        }
    }

    /// Whether it cannot well be a sentence: it has a date, and an address in front of it; or one word, and the date is written as
    /// asctime(3) does.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.date.is_some() && (self.names_sender || (self.has_one_word && self.form == Form::Usual))
    }
}

/// `Sat Nov 21 12:00[:00] [zone] 2026 [zone]`.
fn usual(words: &[&str]) -> Option<i64> {
    let [weekday, month, day, time, rest @ ..] = words else { return None };
    WEEKDAYS.iter().find(|known| known.eq_ignore_ascii_case(weekday))?;
    let (month, day, seconds) = (month_of(month)?, day_of(day)?, time_of(time)?);
    let at = rest.iter().take(2).position(|word| year(word).is_some())?;
    if at == 1 && !is_zone(rest[0]) {
        return None;
    }
    let zone = if at == 1 { rest.first() } else { rest.get(1).filter(|word| is_zone(word)) };
    Some(days(year(rest[at])?, month, day) * 86_400 + seconds - zone.map_or(0, |zone| seconds_east(zone)))
}

/// `2026-11-21T12:00[:00[.5]][zone]`, or with blanks between its parts.
fn iso(words: &[&str]) -> Option<i64> {
    let (first, rest) = words.split_first()?;
    let (day, time, rest) = match first.split_once(['T', 't']) {
        Some((day, time)) => (day, time, rest),
        None => (*first, *rest.first()?, &rest[1..]),
    };
    let mut parts = day.split('-');
    let (year, month, day) = (year(parts.next()?)?, parts.next()?, day_of(parts.next()?)?);
    let month = month.parse::<i64>().ok().filter(|month| month_of_year(*month))?;
    if parts.next().is_some() {
        return None;
    }
    let end = time.find(['Z', 'z', '+', '-', '.']).unwrap_or(time.len());
    let (clock, behind) = time.split_at(end);
    let behind = behind.strip_prefix('.').map_or(behind, |more| more.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone = if behind.is_empty() { rest.first().copied().unwrap_or_default() } else { behind };
    Some(days(year, month, day) * 86_400 + time_of(clock)? - seconds_east(&zone.replace(':', "")))
}

/// `[Sat,] 21 Nov 2026 12:00[:00] [zone]`.
fn of_a_field(words: &[&str]) -> Option<i64> {
    let is_weekday = |word: &str| {
        let word = word.strip_suffix(',').unwrap_or_default();
        WEEKDAYS.iter().any(|known| known.eq_ignore_ascii_case(word))
    };
    let words = if words.first().is_some_and(|word| is_weekday(word)) { &words[1..] } else { words };
    let [day, month, year_of_it, time, rest @ ..] = words else { return None };
    let zone = rest.first().filter(|word| is_zone(word));
    let day = days(year(year_of_it)?, month_of(month)?, day_of(day)?);
    Some(day * 86_400 + time_of(time)? - zone.map_or(0, |zone| seconds_east(zone)))
}

fn month_of(word: &str) -> Option<i64> {
    let at = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(word))?;
    i64::try_from(at + 1).ok()
}

fn month_of_year(number: i64) -> bool {
    (1..=12).contains(&number)
}

fn day_of(word: &str) -> Option<i64> {
    word.parse::<i64>().ok().filter(|day| (1..=31).contains(day))
}

/// `12:00[:00]`, as seconds of the day.
fn time_of(word: &str) -> Option<i64> {
    let mut parts = word.split(':').map(|part| part.parse::<i64>().ok().filter(|number| (0..=60).contains(number)));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    (hour <= 23 && parts.next().is_none()).then_some(hour * 3_600 + minute * 60 + second)
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
    let number = zone.parse::<i64>().ok().filter(|number| (-9_999..=9_999).contains(number)).unwrap_or(0);
    (number / 100) * 3_600 + (number % 100) * 60
}

/// Days since 1970 in the Gregorian calendar, counted from 1 March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(line: &str) -> Option<Form> {
        FromLine::parse(format!("{line}\n").as_bytes()).map(|line| line.form)
    }

    #[test]
    fn what_is_no_from_line_is_none() {
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
            "From bob@x.org 2026-11-21",
            "From bob@x.org 2026-13-21 12:00:00",
            "From bob@x.org 2026-11-00 12:00:00",
            "From bob@x.org 2026-11-21-01 12:00:00",
            "From bob@x.org 2026-11-21T24:00:00Z",
            "From bob@x.org 26-11-21 12:00:00",
            "From bob@x.org 21 Nov 12:00:00",
            "From bob@x.org Sat, 21 Nov 26 12:00:00",
            "From : bob@x.org",
            "From :",
            "From here on",
            "From bob@x.org Sat Nov 21 12:00:00 2026\rSubject: tea",
            "From",
        ] {
            assert_eq!(form(line), None, "{line}");
        }
        let long = format!("From {} Sat Nov 21 12:00:00 2026", "x".repeat(FROM_LINE_LIMIT));
        assert_eq!(form(&long), None);
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
            let read = read.map(|read| (read.names_sender, read.form));
            assert_eq!(read, Some((names_sender, Form::Usual)), "{line}");
        }
    }

    #[test]
    fn its_time_is_read() {
        let of = |text: &str| FromLine::parse(format!("From x@y {text}\n").as_bytes()).and_then(|line| line.date);
        assert_eq!(of("Thu Jan 1 00:00:00 1970"), Some(0));
        assert_eq!(of("Tue Feb 29 23:59:59 2000"), Some(951_868_799));
        assert_eq!(of("Sat Nov 21 12:00:00 2026"), Some(1_795_262_400));
        assert_eq!(of("Sat Nov 21 12:00:00 2026 +0130"), Some(1_795_262_400 - 5_400));
        assert_eq!(of("Sat Nov 21 12:00:00 -0500 2026"), Some(1_795_262_400 + 18_000));
    }

    #[test]
    fn other_dates_are_read_and_told_from_the_usual_one() {
        const NOON: i64 = 1_795_262_400;
        for (text, date) in [
            ("2026-11-21T12:00:00Z", NOON),
            ("2026-11-21T12:00:00", NOON),
            ("2026-11-21t12:00:00.123456z", NOON),
            ("2026-11-21 12:00", NOON),
            ("2026-11-21 12:00:00.5 +0100", NOON - 3_600),
            ("2026-11-21T12:00:00+01:30", NOON - 5_400),
            ("2026-11-21T12:00:00.0-05:00", NOON + 18_000),
            ("Sat, 21 Nov 2026 12:00:00 +0000", NOON),
            ("21 Nov 2026 12:00 -0500", NOON + 18_000),
            ("Sat, 21 Nov 2026 12:00:00 GMT (noon)", NOON),
            // Not a zone, however long: the smallest number of all has no opposite.
            ("2026-11-21 12:00 -9223372036854775808", NOON),
            ("2026-11-21T12:00:00+99999", NOON),
        ] {
            let read = FromLine::parse(format!("From x@y {text}\n").as_bytes());
            let wanted = FromLine { names_sender: true, has_one_word: true, date: Some(date), form: Form::OtherDate };
            assert_eq!(read, Some(wanted), "{text}");
        }
    }

    #[test]
    fn a_bare_line_has_one_word_at_most() {
        for (line, names_sender) in [("From ", false), ("From  ", false), ("From -", false), ("From bob@x.org", true)] {
            let read = FromLine::parse(format!("{line}\n").as_bytes());
            assert_eq!(
                read,
                Some(FromLine { names_sender, has_one_word: false, date: None, form: Form::Bare }),
                "{line}"
            );
            assert!(!read.unwrap().is_full());
        }
    }
}
