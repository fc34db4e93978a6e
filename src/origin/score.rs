//! What the user's own spam filter said about a message, read from the fields it wrote.
//!
//! Promises: only configured fields count, and only inside the boundary behind which a stranger cannot write (the same
//! as `auth.rs`); of two that differ the worse one counts; what cannot be read is ignored, said, and lets nothing
//! pass. Never touches: how high is too high (`policy/verdict.rs`).

use std::fmt;

use crate::mail::display::one_line;
use crate::mail::head::Head;

/// Most fields of a message that are read; a filter writes one of each kind.
pub const SCORE_FIELD_LIMIT: usize = 32;
/// Most octets of one field's value: a report of 100 rules has about 4 KiB.
pub const SCORE_VALUE_LIMIT: usize = 16 * 1024;
/// The highest score, and below zero the lowest; filters stay below 1,000.
pub const POINTS_LIMIT: i64 = 1_000_000;
/// Most ignored fields that are listed; one more would say nothing new.
const IGNORED_LIMIT: usize = 8;
/// Most characters of an ignored field that are shown.
const SHOWN_LIMIT: usize = 60;

/// A score, exact to a millionth: a filter's probability may be 0.999998. More is worse, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(i64);

/// A field that a spam filter writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScoreField {
    /// bogofilter: `Spam, tests=bogofilter, spamicity=0.999998, version=1.2.5`.
    Bogosity,
    /// CRM114: `SPAM ( pR: -35.1234 )`; its measure is negative for spam and is turned around here.
    Crm114Status,
    /// Exchange Online: `…;SCL:5;…`.
    ForefrontReport,
    /// Exchange: a number from -1 to 9.
    OrganizationScl,
    /// rspamd: `1.23`.
    RspamdScore,
    /// rspamd: `Yes`.
    Spam,
    /// SpamAssassin: `YES`.
    SpamFlag,
    /// SpamAssassin: one character a point.
    SpamLevel,
    /// SpamProbe: `SPAM 0.9999980 3a4b…`.
    SpamProbe,
    /// SpamAssassin and Exim: `5.3 (+++++)`.
    SpamScore,
    /// SpamAssassin: `Yes, score=5.3 required=5.0 tests=…`; before 2004 `hits=`.
    SpamStatus,
    /// rspamd: `default: False [1.23 / 15.00]; …`.
    SpamdResult,
}

/// Each field, its name, and the program that writes it; in the order of the variants.
const NAMES: [(ScoreField, &str, &str); 12] = [
    (ScoreField::Bogosity, "X-Bogosity", "bogofilter"),
    (ScoreField::Crm114Status, "X-CRM114-Status", "crm114"),
    (ScoreField::ForefrontReport, "X-Forefront-Antispam-Report", "exchange"),
    (ScoreField::OrganizationScl, "X-MS-Exchange-Organization-SCL", "exchange"),
    (ScoreField::RspamdScore, "X-Rspamd-Score", "rspamd"),
    (ScoreField::Spam, "X-Spam", "rspamd"),
    (ScoreField::SpamFlag, "X-Spam-Flag", "spamassassin"),
    (ScoreField::SpamLevel, "X-Spam-Level", "spamassassin"),
    (ScoreField::SpamProbe, "X-SpamProbe", "spamprobe"),
    (ScoreField::SpamScore, "X-Spam-Score", "spamassassin"),
    (ScoreField::SpamStatus, "X-Spam-Status", "spamassassin"),
    (ScoreField::SpamdResult, "X-Spamd-Result", "rspamd"),
];

/// What a score is counted in. Scores of different scales cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// CRM114's pR, turned around: above 0 is more likely spam.
    Log,
    /// Exchange's spam confidence level, -1 to 9.
    Level,
    /// Points of SpamAssassin and rspamd; 5 is spam by SpamAssassin's own measure.
    Points,
    /// A probability from 0 to 1.
    Probability,
}

/// What all believed fields say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpamScore {
    /// The worst number.
    pub points: Option<Points>,
    /// Whether some field says that it is spam, in a word of its own.
    pub says_spam: bool,
    /// Whether the number may be believed to be no higher than it is: not one that only counts whole points, and no
    /// field beside it that cannot be read.
    pub exact: bool,
    /// Whether a field inside the boundary could not be read.
    pub doubtful: bool,
    /// The configured fields that were ignored, fit to be shown, and why; at most eight.
    pub ignored: Vec<(String, ScoreIgnored)>,
}

/// Why a configured field is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScoreIgnored {
    /// It stands below the last Received field of our own: the stranger may have written it.
    BelowBoundary,
    /// It is not what the filter writes.
    Malformed,
    /// Longer than [`SCORE_VALUE_LIMIT`].
    TooLong,
    /// Beyond [`SCORE_FIELD_LIMIT`].
    TooMany,
}

/// What one field says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    points: Option<Points>,
    spam: bool,
    /// The number is a lower bound.
    floor: bool,
}

impl SpamScore {
    /// Reads these fields of a message, as far as they stand above the first Received field that is not among the
    /// `hops` on top. With none configured nothing is ever said.
    #[must_use]
    pub fn read(head: &Head<'_>, fields: &[ScoreField], hops: usize) -> SpamScore {
        let mut out = SpamScore::default();
        let mut readings = Vec::new();
        let mut received = 0;
        for field in &head.fields {
            received += usize::from(field.is("Received"));
            let Some(kind) = fields.iter().find(|kind| field.is(kind.name())) else { continue };
            let reading = if received > hops {
                Err(ScoreIgnored::BelowBoundary)
            } else if field.raw.len() > SCORE_VALUE_LIMIT {
                Err(ScoreIgnored::TooLong)
            } else if readings.len() >= SCORE_FIELD_LIMIT {
                Err(ScoreIgnored::TooMany)
            } else {
                kind.parse(&field.text()).ok_or(ScoreIgnored::Malformed)
            };
            match reading {
                Ok(reading) => readings.push(reading),
                Err(why) => out.ignore(&format!("{}: {}", kind.name(), field.text()), why),
            }
        }
        out.says_spam = readings.iter().any(|reading| reading.spam);
        out.points = readings.iter().filter_map(|reading| reading.points).max();
        // Beside an exact number a count of whole points says nothing new, unless it is higher.
        let measured = readings.iter().filter(|reading| !reading.floor).filter_map(|reading| reading.points).max();
        out.exact = !out.doubtful && out.points.is_some() && measured == out.points;
        out
    }

    fn ignore(&mut self, what: &str, why: ScoreIgnored) {
        // What a stranger wrote is no doubt about what our own filter wrote.
        self.doubtful |= why != ScoreIgnored::BelowBoundary;
        if self.ignored.len() < IGNORED_LIMIT {
            self.ignored.push((one_line(what, SHOWN_LIMIT), why));
        }
    }
}

impl ScoreField {
    /// Every field, in the order of their names.
    pub const ALL: [ScoreField; 12] = {
        let mut all = [ScoreField::Bogosity; 12];
        let mut at = 0;
        while at < all.len() {
            all[at] = NAMES[at].0;
            at += 1;
        }
        all
    };

    /// The field's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The program that writes it, by the name under which the configuration names all its fields.
    #[must_use]
    pub fn filter(self) -> &'static str {
        NAMES[self as usize].2
    }

    /// What its number is counted in.
    #[must_use]
    pub fn scale(self) -> Scale {
        match self.filter() {
            "bogofilter" | "spamprobe" => Scale::Probability,
            "crm114" => Scale::Log,
            "exchange" => Scale::Level,
            _ => Scale::Points,
        }
    }

    /// The fields that a word of the configuration means: one by its name, or all of one filter. None if it means none.
    #[must_use]
    pub fn named(word: &str) -> Vec<ScoreField> {
        let meant =
            |field: &ScoreField| field.name().eq_ignore_ascii_case(word) || field.filter().eq_ignore_ascii_case(word);
        ScoreField::ALL.into_iter().filter(meant).collect()
    }

    fn parse(self, value: &str) -> Option<Reading> {
        let value = value.trim();
        match self {
            ScoreField::Bogosity => bogosity(value),
            ScoreField::Crm114Status => crm114(value),
            ScoreField::ForefrontReport => scl(value.split(';').find_map(|item| item.trim().strip_prefix("SCL:"))?),
            ScoreField::OrganizationScl => scl(value),
            ScoreField::RspamdScore | ScoreField::SpamScore => Some(Reading::of(leading(value)?)),
            ScoreField::Spam | ScoreField::SpamFlag => {
                Some(Reading { spam: one_of(value, "yes", "no")?, ..Reading::default() })
            }
            ScoreField::SpamLevel => level(value),
            ScoreField::SpamProbe => spamprobe(value),
            ScoreField::SpamStatus => status(value),
            ScoreField::SpamdResult => spamd_result(value),
        }
    }
}

impl Points {
    /// A decimal number such as `-2.6`; digits behind the sixth are cut off. None for everything else, and beyond
    /// [`POINTS_LIMIT`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Points> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let good = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !good(whole) || !good(fraction) || (whole.is_empty() && fraction.is_empty()) || whole.len() > 12 {
            return None;
        }
        let millionths: String = fraction.chars().chain("000000".chars()).take(6).collect();
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        if whole > POINTS_LIMIT {
            return None;
        }
        let value = whole * 1_000_000 + millionths.parse::<i64>().ok()?;
        Some(Points(if negative { -value } else { value }))
    }
}

impl fmt::Display for Points {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let text = format!("{fraction:06}");
        let short = text.trim_end_matches('0');
        if short.is_empty() { write!(out, "{sign}{whole}") } else { write!(out, "{sign}{whole}.{short}") }
    }
}

impl Reading {
    fn of(points: Points) -> Reading {
        Reading { points: Some(points), ..Reading::default() }
    }
}

/// Whether it is the first word, or the second; none if it is another.
fn one_of(text: &str, spam: &str, ham: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case(spam) { Some(true) } else { text.eq_ignore_ascii_case(ham).then_some(false) }
}

/// A number and what may stand behind it: `5.3`, `5.3 (+++++)`, `5.3 / 15`.
fn leading(text: &str) -> Option<Points> {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '(' | '/')).unwrap_or(text.len());
    let rest = text[end..].trim_start();
    (rest.is_empty() || rest.starts_with(['(', '/'])).then(|| Points::parse(&text[..end])).flatten()
}

/// The value of `name=` among words that blanks or commas part; the first one.
fn item<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split([' ', '\t', ',']).find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// A verdict with a number, where one is there; a number that cannot be read spoils both.
fn reading(number: Option<&str>, spam: bool) -> Option<Reading> {
    let points = number.map(Points::parse);
    (points != Some(None)).then_some(Reading { points: points.flatten(), spam, floor: false })
}

fn status(value: &str) -> Option<Reading> {
    let (word, rest) = value.split_once(',').unwrap_or((value, ""));
    let spam = one_of(word.trim(), "yes", "no")?;
    reading(item(rest, "score").or_else(|| item(rest, "hits")), spam)
}

/// One and the same character for each whole point; SpamAssassin's is `*`, others write `+`, `s` or `x`.
fn level(value: &str) -> Option<Reading> {
    let first = value.chars().next().unwrap_or('*');
    let good = matches!(first, '*' | '+' | 's' | 'x' | 'X') && value.chars().all(|c| c == first);
    let points = Points(i64::try_from(value.len()).ok()? * 1_000_000);
    good.then_some(Reading { points: Some(points), spam: false, floor: true })
}

fn spamd_result(value: &str) -> Option<Reading> {
    let (before, rest) = value.split_once('[')?;
    let (inside, _) = rest.split_once(']')?;
    let (score, required) = inside.split_once('/')?;
    Points::parse(required.trim())?;
    let word = before.rsplit(':').next().unwrap_or_default().trim();
    let spam = one_of(word, "true", "false")?;
    reading(Some(score.trim()), spam)
}

fn bogosity(value: &str) -> Option<Reading> {
    let (word, rest) = value.split_once(',').unwrap_or((value, ""));
    // Before version 1 it wrote Yes and No.
    let spam =
        one_of(word, "spam", "ham").or_else(|| one_of(word, "yes", "no")).or_else(|| one_of(word, "", "unsure"))?;
    reading(item(rest, "spamicity"), spam)
}

fn crm114(value: &str) -> Option<Reading> {
    let (word, rest) = value.split_once('(')?;
    let (inside, _) = rest.split_once(')')?;
    let number = Points::parse(inside.trim().strip_prefix("pR:")?.trim())?;
    let word = word.trim();
    let spam = one_of(word, "spam", "good").or_else(|| one_of(word, "", "unsure"))?;
    Some(Reading { points: Some(Points(-number.0)), spam, floor: false })
}

fn spamprobe(value: &str) -> Option<Reading> {
    let mut words = value.split_whitespace();
    let spam = one_of(words.next()?, "spam", "good")?;
    reading(Some(words.next()?), spam)
}

/// -1: never looked at; 5 and more: spam (Microsoft's documentation, "Spam confidence level").
fn scl(value: &str) -> Option<Reading> {
    let level: i64 = value.trim().parse().ok().filter(|level| (-1..=9).contains(level))?;
    Some(Reading { points: Some(Points(level * 1_000_000)), spam: level >= 5, floor: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], fields: &[ScoreField]) -> SpamScore {
        SpamScore::read(&Head::read(text), fields, 1)
    }

    #[test]
    fn nothing_is_believed_that_was_not_configured() {
        let text = "X-Spam-Status: No, score=-5\nX-Spam: No\nX-Spam-Flag: YES\n\n";
        assert_eq!(read(text.as_bytes(), &[]), SpamScore::default());
        let one = read(text.as_bytes(), &ScoreField::named("x-spam-status"));
        assert_eq!((one.points, one.says_spam, one.exact), (Points::parse("-5"), false, true));
        for (at, field) in ScoreField::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, at, "the names stand in the order of the variants");
            assert!(ScoreField::named(field.name()) == [field]);
            assert!(ScoreField::named(field.filter()).contains(&field));
        }
        assert!(ScoreField::named("").is_empty() && ScoreField::named("X-Spam-").is_empty());
    }

    #[test]
    fn over_a_limit_nothing_passes_and_it_is_said() {
        let read = |fields: &str| read(format!("{fields}\n").as_bytes(), &ScoreField::ALL);
        let long = read(&format!("X-Spam-Score: 1 ({})\n", "+".repeat(SCORE_VALUE_LIMIT)));
        assert!(long.points.is_none() && long.ignored[0].1 == ScoreIgnored::TooLong);
        let many = read(&"X-Spam-Score: 1\n".repeat(SCORE_FIELD_LIMIT + 20));
        assert!(!many.exact && many.ignored.len() == IGNORED_LIMIT && many.ignored[0].1 == ScoreIgnored::TooMany);
        assert!(read(&"X-Spam-Score: 1\n".repeat(SCORE_FIELD_LIMIT)).exact);
    }

    #[test]
    fn cut_at_every_byte_and_damaged_it_never_panics() {
        let text = "X-Spam-Status: Yes, score=15.2 required=5\nX-Spamd-Result: default: False [1.23 / 15.00]\n\
            X-Bogosity: Ham, spamicity=0.1\nX-CRM114-Status: Good ( pR: 1.5 )\nX-Spam-Level: **\n\n";
        for end in 0..text.len() {
            drop(read(&text.as_bytes()[..end], &ScoreField::ALL));
            let mut bytes = text.as_bytes().to_vec();
            for damage in [0, b'[', b']', b'/', b'=', b'-', 0xc3, 0xff] {
                bytes[end] = damage;
                drop(read(&bytes, &ScoreField::ALL));
            }
        }
    }
}
