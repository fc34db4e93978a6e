//! The summary of a dry run: what a person needs to decide whether to switch the program on.
//!
//! Promises: every message is in exactly one of passed, held, asked and thrown away; foreign text is made fit. Memory
//! grows with the different people who would be asked, and up to a limit with those whose mail would be held. Never
//! touches: the decision, the screen.

use std::collections::{BTreeMap, HashMap};

use crate::command::replay::looking::Looked;
use crate::command::replay::trial::Judged;
use crate::mail::compose::day_of;
use crate::mail::display::{one_line, wrapped};
use crate::operation::progress::{group, plural};
use crate::policy::reason::Reason;
use crate::policy::verdict::Verdict;

/// Most senders that are listed of those whose mail would be held.
pub const SENDERS_LIMIT: usize = 10;
/// Most of those who would be asked: a person looks whether there is somebody whom they know.
pub const ASKED_LIMIT: usize = 20;
/// Most characters of an address where nothing says how wide the screen is.
const ADDRESS_LIMIT: usize = 120;
/// Where the words behind a count and its share begin.
const WORDS: usize = 41;
/// Where a sentence begins that has a line of its own.
const INDENT: usize = 20;
/// Most different senders of held mail that are told apart: each spam may have its own. Who comes later is one of the others.
const HELD_KEPT: usize = 10_000;
/// Most weeks that are listed one by one; half a year shows where it settles.
pub const WEEKS_LIMIT: usize = 26;
const WEEK: i64 = 7 * 86_400;

/// The counters.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What came of the messages.
    pub counts: Counts,
    /// Files that could not be read, or not entirely.
    pub faults: u64,
    /// Messages that the user wrote; only where the program is shown learning.
    pub sent: u64,
    /// Messages that came before the time that counts, or bear none.
    pub older: u64,
    /// Whether everything was taken as proven, so that the share of it says nothing.
    assumed: bool,
    /// Whether own eyes looked.
    looks: bool,
    looked: Looks,
    bytes: u64,
    reflected: u64,
    proven: u64,
    /// Messages in which no word of a configured authserv-id is believed, by the Received fields above the first one.
    below: BTreeMap<usize, u64>,
    confirmed: u64,
    /// Messages that passed because the user had sent what they are about.
    own_mail: u64,
    reasons: BTreeMap<(&'static str, u16), (Reason, u64)>,
    asked: Senders,
    held: Senders,
    weeks: BTreeMap<i64, Counts>,
}

/// What own eyes saw, where that changes something.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    key_gone: u64,
    not_looked_at: u64,
    not_proven: u64,
    proven: u64,
    unsettled: u64,
}

impl Looks {
    fn add(&mut self, looked: Looked) {
        *match looked {
            Looked::KeyGone => &mut self.key_gone,
            Looked::NotLookedAt => &mut self.not_looked_at,
            Looked::NotProven => &mut self.not_proven,
            Looked::Proven => &mut self.proven,
            Looked::Unsettled => &mut self.unsettled,
        } += 1;
    }

    /// One line, or none where there was nothing to look at. `looks` where anybody wanted to.
    fn line(self, looks: bool) -> String {
        let at = self.key_gone + self.not_proven + self.proven + self.unsettled;
        let left = self.not_looked_at;
        if !looks && left > 0 {
            let (all, messages) = (group(left), plural(left, "message"));
            return format!("own eyes would look at {all} {messages} more: --look shows what they see\n");
        }
        if at + left == 0 {
            return String::new();
        }
        let parts = [
            (self.proven, "proven"),
            (self.not_proven, "not proven"),
            (self.key_gone, "with a key that is gone"),
            (self.unsettled, "without an answer"),
        ];
        let parts =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", group(*count)));
        let parts: Vec<String> = parts.collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let mut out = format!("own eyes looked at {} {}{parts}\n", group(at), plural(at, "message"));
        if left > 0 {
            out.push_str(&format!(
                "{} more not looked at: the time is used up (--budget), no resolver answers, or they are too large\n",
                group(left)
            ));
        }
        out
    }
}

/// How many messages each of them sent, and when the newest.
#[derive(Clone, Debug, Default)]
struct Senders {
    known: HashMap<String, (u64, Option<i64>)>,
    /// Messages of others.
    beyond: u64,
}

/// What came of a number of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed on.
    pub passed: u64,
    /// Held in silence.
    pub held: u64,
    /// Held, and their senders asked.
    pub asked: u64,
    /// Thrown away.
    pub discarded: u64,
}

impl Counts {
    /// All of them.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.passed + self.held + self.asked + self.discarded
    }

    fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Hold => &mut self.held,
            Verdict::Challenge => &mut self.asked,
            Verdict::Discard => &mut self.discarded,
        } += 1;
    }

    fn join(self, other: Counts) -> Counts {
        Counts {
            passed: self.passed + other.passed,
            held: self.held + other.held,
            asked: self.asked + other.asked,
            discarded: self.discarded + other.discarded,
        }
    }
}

impl Tally {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(assumed: bool, looks: bool) -> Tally {
        Tally { assumed, looks, ..Tally::default() }
    }

    /// Counts one message.
    pub fn add(&mut self, judged: &Judged) {
        self.counts.add(judged.verdict);
        self.bytes += judged.bytes;
        self.proven += u64::from(judged.proven);
        judged.looked.into_iter().for_each(|looked| self.looked.add(looked));
        if let Some(received) = judged.trusted_below {
            *self.below.entry(received).or_default() += 1;
        }
        self.confirmed += u64::from(judged.confirms.is_some());
        self.own_mail += u64::from(matches!(judged.reason, Reason::OwnMail(_) | Reason::Reply));
        let row = self.reasons.entry((judged.verdict.name(), judged.reason.number())).or_insert((judged.reason, 0));
        row.1 += 1;
        if let (Verdict::Challenge, Some(to)) = (judged.verdict, &judged.to) {
            self.reflected += judged.reflected;
            // As for the limits, sub-addresses count as one.
            self.asked.add(to.without_tag("+").normal().as_str(), judged.at, usize::MAX);
        }
        if judged.verdict == Verdict::Hold {
            match &judged.sender {
                Some(sender) => self.held.add(sender.normal().as_str(), judged.at, HELD_KEPT),
                None => self.held.add("(nobody, or more than one)", judged.at, HELD_KEPT),
            }
        }
    }

    /// Counts one message of a time, seconds since 1970, for the table of weeks.
    pub fn add_to_week(&mut self, verdict: Verdict, at: i64) {
        // 1970 began on a Thursday; weeks begin on Monday.
        self.weeks.entry((at + 3 * 86_400).div_euclid(WEEK)).or_default().add(verdict);
    }

    /// The summary, the lines no wider than `width` where that is known. `remarks` are whole sentences on how it was come
    /// by.
    #[must_use]
    pub fn text(&self, remarks: &[&str], width: Option<usize>) -> String {
        let all = self.counts.messages();
        let mut out = Lines { text: String::new(), width };
        let faults = match self.faults {
            0 => String::new(),
            faults => format!("; {} could not be read, see above", group(faults)),
        };
        out.push("", 0, &format!("{} {}, {} bytes{faults}", group(all), plural(all, "message"), group(self.bytes)));
        if self.sent > 0 {
            out.push("", 0, &format!("{} more that you wrote yourself, to learn from", group(self.sent)));
        }
        if self.older > 0 {
            let are = if self.older == 1 { "is" } else { "are" };
            out.push(
                "",
                0,
                &format!("{} more {are} older or without a date, and {are} not counted", group(self.older)),
            );
        }
        for remark in remarks {
            out.push("", 0, remark);
        }
        out.text.push('\n');
        self.push_counts(&mut out, all);
        self.push_reasons(&mut out, all);
        self.held.push("held most, in silence", SENDERS_LIMIT, false, &mut out);
        self.push_weeks(&mut out.text);
        self.asked.push("would be asked: how often, the newest, who", ASKED_LIMIT, true, &mut out);
        out.text
    }

    fn push_counts(&self, out: &mut Lines, all: u64) {
        let mut row = |name: &str, count: u64, whole: u64, what: &str| {
            out.push(&format!("{name:<17}{:>13}  {}  ", group(count), share(count, whole)), WORDS, what);
        };
        let counts = &self.counts;
        row("passed", counts.passed, all, "");
        row("held in silence", counts.held, all, "");
        row("held and asked", counts.asked, all, "the reflection ratio: challenges sent for messages received");
        if counts.discarded > 0 {
            row("thrown away", counts.discarded, all, "");
        }
        row("bytes reflected", self.reflected, self.bytes, "in challenges, of the bytes received");
        let by = if self.looks { "a trusted mail system or a signature" } else { "a trusted mail system" };
        if !self.assumed {
            row("proven", self.proven, all, &format!("{by} vouches for the sender's domain"));
        }
        if self.confirmed > 0 {
            row("confirming", self.confirmed, all, "they answer a challenge of yours");
        }
        if self.own_mail > 0 {
            row("about your mail", self.own_mail, all, "they answer or return a message of yours, and pass for that");
        }
        for line in self.looked.line(self.looks).lines() {
            out.push("", 0, line);
        }
        // More of them than are proven: hardly forgeries.
        if let Some((hops, count)) =
            self.below.iter().max_by_key(|(_, count)| **count).filter(|most| *most.1 > self.proven)
        {
            let below = format!(
                "{} messages have a field of a configured authserv-id below {hops} Received fields, where it is not believed.",
                group(*count)
            );
            let way =
                format!("If those {hops} are your own servers': --hops {hops}, or hops = {hops} in the part [trust].");
            out.push("", 0, &below);
            out.push("", 0, &way);
        }
    }

    fn push_reasons(&self, out: &mut Lines, all: u64) {
        let mut rows: Vec<_> = self.reasons.iter().collect();
        rows.sort_by_key(|((verdict, number), (_, count))| (std::cmp::Reverse(*count), *verdict, *number));
        let widest = rows.iter().map(|(_, (reason, _))| reason.name().len()).max().unwrap_or(0);
        if !rows.is_empty() {
            out.text.push_str("\nwhy\n");
        }
        let rows: Vec<(String, String)> = rows
            .into_iter()
            .map(|((verdict, _), (reason, count))| {
                let (count, share, name) = (group(*count), share(*count, all), reason.name());
                (format!("{count:>9}  {share}  {verdict:<9}  {name:<widest$}  "), reason.sentence())
            })
            .collect();
        // A sentence that has no room beside its name stands below it, and then all do.
        let fits = |(begin, sentence): &(String, String)| {
            out.width.is_none_or(|width| begin.chars().count() + sentence.chars().count() <= width)
        };
        let beside = rows.iter().all(fits);
        for (begin, sentence) in rows {
            if beside {
                out.push(&begin, 0, &sentence);
            } else {
                out.push(&begin, 0, "");
                out.push(&" ".repeat(INDENT), INDENT, &sentence);
            }
        }
    }

    /// Week by week from the first one on; weeks without mail are left out.
    fn push_weeks(&self, out: &mut String) {
        if self.weeks.is_empty() {
            return;
        }
        out.push_str("\nweek of          passed      held     asked\n");
        let mut row = |name: &str, counts: Counts| {
            let held = counts.held + counts.discarded;
            let (passed, held, asked) = (group(counts.passed), group(held), group(counts.asked));
            out.push_str(&format!("{name:<13}{passed:>10}{held:>10}{asked:>10}\n"));
        };
        for (week, counts) in self.weeks.iter().take(WEEKS_LIMIT) {
            row(&day_of(week * WEEK - 3 * 86_400), *counts);
        }
        if self.weeks.len() > WEEKS_LIMIT {
            let rest = self.weeks.values().skip(WEEKS_LIMIT).fold(Counts::default(), |sum, one| sum.join(*one));
            row(&format!("{} more", self.weeks.len() - WEEKS_LIMIT), rest);
        }
    }
}

/// Lines no wider than said.
struct Lines {
    text: String,
    width: Option<usize>,
}

impl Lines {
    /// A line: its begin, and words that go on below one another from that column.
    fn push(&mut self, begin: &str, column: usize, words: &str) {
        let whole = format!("{begin}{words}");
        match self.width {
            Some(width) if whole.chars().count() > width => {
                self.text.push_str(&format!("{begin}{}", wrapped(words, column, width.max(column + 1))));
            }
            _ => self.text.push_str(&format!("{}\n", whole.trim_end())),
        }
    }

    /// What has to stay on one line is cut.
    fn push_cut(&mut self, begin: &str, word: &str) {
        let room = self.width.map_or(ADDRESS_LIMIT, |width| width.saturating_sub(begin.chars().count()));
        self.text.push_str(&format!("{begin}{}\n", one_line(word, room.clamp(1, ADDRESS_LIMIT))));
    }
}

impl Senders {
    /// One message more; a sender who comes after so many others is not told apart.
    fn add(&mut self, sender: &str, at: Option<i64>, limit: usize) {
        if let Some((count, newest)) = self.known.get_mut(sender) {
            *count += 1;
            *newest = at.max(*newest);
        } else if self.known.len() < limit {
            self.known.insert(sender.to_owned(), (1, at));
        } else {
            self.beyond += 1;
        }
    }

    /// Most messages first, at most `limit`; with the day of the newest, if that is wanted.
    fn push(&self, title: &str, limit: usize, with_day: bool, out: &mut Lines) {
        let mut rows: Vec<_> = self.known.iter().collect();
        rows.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(b.0)));
        if rows.is_empty() {
            return;
        }
        out.text.push('\n');
        out.push("", 0, title);
        let day = |at: Option<i64>| match (with_day, at) {
            (false, _) => String::new(),
            (true, Some(at)) => format!("{:<10}  ", day_of(at)),
            (true, None) => format!("{:<10}  ", "no date"),
        };
        for (who, (count, newest)) in rows.iter().take(limit) {
            out.push_cut(&format!("{:>9}  {}", group(*count), day(*newest)), who);
        }
        let others = rows.get(limit..).unwrap_or_default();
        if !others.is_empty() {
            let rest: u64 = self.beyond + others.iter().map(|(_, (count, _))| *count).sum::<u64>();
            let more = if self.beyond > 0 { "or more " } else { "" };
            let newest = others.iter().filter_map(|(_, (_, newest))| *newest).max();
            let all = format!("{} {more}others", group(others.len() as u64));
            out.push_cut(&format!("{:>9}  {}", group(rest), day(newest)), &all);
        }
    }
}

/// A share in per cent, one digit behind the point; blank where there is no whole. More than nothing is never shown as
/// nothing, nor less than all as all.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return " ".repeat(7);
    }
    let tenths = (u128::from(part) * 1_000 + u128::from(whole) / 2) / u128::from(whole);
    let tenths = if part > 0 { tenths.max(1) } else { 0 };
    let tenths = if part < whole { tenths.min(999) } else { tenths };
    format!("{:>3}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::Address;

    fn judged(verdict: Verdict, reason: Reason, to: Option<&str>) -> Judged {
        let to = to.map(|to| Address::parse(to).unwrap());
        Judged {
            place: "m#1".into(),
            at: None,
            bytes: 1_000,
            verdict,
            reason,
            to,
            reflected: 500,
            alike: None,
            confirms: None,
            proven: true,
            trusted_below: None,
            looked: None,
            sender: None,
            if_known: (verdict, reason),
            earlier: Vec::new(),
            is_sent: false,
            sent: None,
        }
    }

    #[test]
    fn numbers_and_shares_are_never_rounded_to_nothing_or_all() {
        assert_eq!((group(0), group(999), group(1_000), group(1_234_567)).3, "1,234,567");
        assert_eq!(group(1_000), "1,000");
        for (part, whole, shown) in [
            (0, 9, "  0.0 %"),
            (1, 100_000, "  0.1 %"),
            (9_999, 10_000, " 99.9 %"),
            (9, 9, "100.0 %"),
            (0, 0, "       "),
        ] {
            assert_eq!(share(part, whole), shown, "{part} of {whole}");
        }
        assert!(share(u64::MAX, 1).ends_with(" %"));
    }

    #[test]
    fn who_would_be_asked_is_listed_last_and_beyond_the_twentieth_counted() {
        let mut tally = Tally::default();
        let day = 86_400;
        for number in 0..22_i64 {
            for at in 0..=number {
                let asked = judged(Verdict::Challenge, Reason::Challenge, Some(&format!("a{number}@x.org")));
                // The newest is neither the first nor the last that is read.
                let at = (number - at).min(at) * day;
                tally.add(&Judged { at: Some(at), ..asked });
            }
        }
        let (_, last) =
            tally.text(&[], None).split_once("\nwould be asked").map(|(a, b)| (a.len(), b.to_owned())).unwrap();
        assert!(last.contains("       22  1970-01-11  a21@x.org\n       21  1970-01-11  a20@x.org\n"), "{last}");
        assert!(last.ends_with("        3  1970-01-02  a2@x.org\n        3  1970-01-01  2 others\n"), "{last}");
        assert!(!last.contains("a1@x.org"), "{last}");
        let mut undated = Tally::default();
        undated.add(&judged(Verdict::Challenge, Reason::Challenge, Some("a@x.org")));
        assert!(undated.text(&[], None).ends_with("        1  no date     a@x.org\n"), "{}", undated.text(&[], None));
    }

    #[test]
    fn no_line_is_wider_than_the_screen_and_no_word_is_lost() {
        let mut tally = Tally::new(false, true);
        tally.faults = 3;
        tally.sent = 4;
        tally.older = 5;
        for reason in Reason::all() {
            let to = format!("{}@{}.example", "a".repeat(60), "b".repeat(60));
            let low = Judged { trusted_below: Some(2), proven: false, ..judged(Verdict::Challenge, reason, Some(&to)) };
            tally.add(&low);
            tally.add(&Judged { sender: Address::parse(&to).ok(), ..judged(Verdict::Hold, reason, None) });
            tally.add(&Judged { looked: Some(Looked::NotLookedAt), ..judged(Verdict::Pass, reason, None) });
        }
        tally.add_to_week(Verdict::Hold, 0);
        let remark =
            "A remark that is a whole sentence, and longer than any line that a screen of eighty columns holds.";
        let words = |text: &str| {
            text.split_whitespace().filter(|word| !word.contains("aaa")).map(str::to_owned).collect::<Vec<_>>()
        };
        let wide = tally.text(&[remark], None);
        for width in [60, 80, 100, 200] {
            let text = tally.text(&[remark], Some(width));
            let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > width).collect();
            assert!(long.is_empty(), "{width}: {long:#?}");
            assert_eq!(words(&text), words(&wide), "{width}");
        }
        assert!(tally.text(&[], Some(80)).contains("…\n"), "an address that has no room is seen to be cut");
    }

    #[test]
    fn whose_mail_is_held_is_listed_and_memory_has_a_limit() {
        let mut tally = Tally::default();
        let held = |sender| Judged { sender, ..judged(Verdict::Hold, Reason::NotAddressed, None) };
        let by = |name: String| Address::parse(&name).ok();
        tally.add(&held(None));
        (0..2).for_each(|_| tally.add(&held(by("Bob@X.org".into()))));
        tally.add(&judged(Verdict::Pass, Reason::AllowedSender, None));
        assert!(
            tally
                .text(&[], None)
                .ends_with("\nheld most, in silence\n        2  bob@x.org\n        1  (nobody, or more than one)\n")
        );
        (0..HELD_KEPT + 7).for_each(|number| tally.add(&held(by(format!("a{number}@x.org")))));
        assert_eq!((tally.held.known.len(), tally.held.beyond), (HELD_KEPT, 9));
        assert!(tally.text(&[], None).contains("   9,999  9,990 or more others\n"), "{}", tally.text(&[], None));
    }

    #[test]
    fn fields_that_stand_too_low_are_told_when_they_are_more_than_the_proven() {
        let low = |received| Judged {
            proven: false,
            trusted_below: Some(received),
            ..judged(Verdict::Hold, Reason::NotAddressed, None)
        };
        let mut tally = Tally::default();
        (0..2).for_each(|_| tally.add(&low(2)));
        tally.add(&low(5));
        tally.add(&judged(Verdict::Challenge, Reason::Challenge, Some("a@x.org")));
        assert!(tally.text(&[], None).contains("2 messages have a field of a configured authserv-id below 2 Received"));
        tally.add(&judged(Verdict::Challenge, Reason::Challenge, Some("b@x.org")));
        assert!(!tally.text(&[], None).contains("below"), "a forger's field or two says nothing");
    }

    #[test]
    fn weeks_begin_on_monday_and_the_rest_is_summed() {
        let mut tally = Tally::default();
        let monday = 1_795_262_400 - 12 * 3_600 - 5 * 86_400;
        for (at, verdict) in
            [(monday - 1, Verdict::Hold), (monday, Verdict::Pass), (monday + WEEK - 1, Verdict::Challenge)]
        {
            tally.add_to_week(verdict, at);
        }
        let text = tally.text(&[], None);
        assert!(text.contains("2026-11-09            0         1         0\n"), "{text}");
        assert!(text.contains("2026-11-16            1         0         1\n"), "{text}");
        for week in 0..30 {
            tally.add_to_week(Verdict::Pass, monday + week * WEEK);
        }
        assert!(
            tally.text(&[], None).contains("5 more                5         0         0\n"),
            "{}",
            tally.text(&[], None)
        );
    }

    #[test]
    fn every_message_that_own_eyes_would_look_at_is_counted_once() {
        let all = [Looked::KeyGone, Looked::NotLookedAt, Looked::NotProven, Looked::Proven, Looked::Unsettled];
        let line = |looks, fates: &[Looked]| {
            let mut sum = Looks::default();
            fates.iter().for_each(|looked| sum.add(*looked));
            sum.line(looks)
        };
        assert_eq!(line(true, &[]) + &line(false, &[]), "");
        let said = line(true, &all);
        assert!(
            said.starts_with("own eyes looked at 4 messages: 1 proven, 1 not proven, 1 with a key that is gone, 1 wi"),
            "{said}"
        );
        assert!(said.contains("\n1 more not looked at: "), "{said}");
        assert_eq!(line(true, &[Looked::Proven]), "own eyes looked at 1 message: 1 proven\n");
        assert_eq!(line(false, &[all[1]; 2]), "own eyes would look at 2 messages more: --look shows what they see\n");
    }

    #[test]
    fn nothing_read_is_no_division() {
        assert!(Tally::default().text(&["A remark."], None).starts_with("0 messages, 0 bytes\nA remark.\n"));
    }
}
