//! What the digest says: everything held since the last one, what matters most on top, in few lines.
//!
//! Promises: every entry is shown, or counted in a line that says how it is seen, or comes with the next digest; no line is
//! wider than [`WIDTH`] but for a path in an alarm that is longer by itself; nothing foreign reaches the reader but
//! sanitised lines. Never touches: the quarantine, the zone of the machine, or when the digest is made.

pub mod code;
mod entry;
mod layout;
mod section;
mod surge;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

pub use self::entry::{Entry, Words, Zone};
use self::layout::{Group, Layout, Row};
pub use self::section::Section;
use self::section::heading;
use self::surge::surges;
use super::Policy;
use super::gate::CapRefusal;
use super::reason::Reason;
use super::token::HeldId;
use crate::facts::OWN_MARK;
use crate::mail::compose::{HeaderValue, Outgoing, date};
use crate::mail::display::wrapped;

/// Most entries of a section whose words are read; of the others machines' mail is counted, and a person's waits for the next
/// digest.
pub const ENTRY_LIMIT: usize = 500;
/// Columns of the digest, so that it reads well as mail and in a terminal, also behind a mark of quotation.
pub const WIDTH: usize = 78;
/// With fewer columns its own lines break.
const LEAST_WIDTH: usize = 72;
/// So many messages are few, and a digest of them fits a terminal that everybody has.
const FEW: usize = 7;
/// Most lines of a digest of few messages, and of any.
const FEW_LINES: usize = 24;
const MOST_LINES: usize = 59;
/// So many lines the messages have, whatever the alarms take: each of few has one, and a heading of its own.
const LEAST_ROOM: usize = 2 * FEW;
const DAY: i64 = 86_400;

/// Everything a digest is made from.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// The configuration.
    pub policy: &'a Policy,
    /// What is new.
    pub entries: &'a [Entry],
    /// What those say that [`told`] names, by their number.
    pub words: &'a HashMap<i64, Words>,
    /// What is wrong with the installation, in whole sentences.
    pub alarms: &'a [String],
    /// How many older messages are held that earlier digests listed.
    pub older: usize,
    /// Seconds since 1970.
    pub now: i64,
    /// The user's time of day.
    pub zone: Zone<'a>,
    /// Columns of the screen that it is for, at most [`WIDTH`] of which are used.
    pub width: usize,
}

/// What a digest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The text alone.
    pub text: String,
    /// The messages that count as listed: those that the text shows, and those that it only counts where a line says how all of
    /// them are seen. A stranger's mail is not ([`Section::may_be_counted`]): what of it has no room comes with the next one.
    pub listed: Vec<HeldId>,
}

/// Writes it.
#[must_use]
pub fn write(report: Report<'_>) -> Digest {
    let (mut text, bottom) = (top(report), advice(report));
    let layout = layout(report, &text, &bottom);
    let listed = layout.listed();
    if !report.entries.is_empty() {
        text.push('\n');
        text.push_str(&layout.text(report.zone));
    }
    text.push('\n');
    text.push_str(&bottom);
    Digest { text, listed }
}

/// The messages of which a digest says more than their number: what they say must be read.
#[must_use]
pub fn told(policy: &Policy, entries: &[Entry], now: i64) -> Vec<HeldId> {
    let mut sections: HashMap<Section, Vec<&Entry>> = HashMap::new();
    for entry in in_order(entries) {
        sections.entry(Section::of_reason(entry)).or_default().push(entry);
    }
    let mut sections: Vec<_> = sections.into_iter().filter(|(section, _)| !section.is_folded()).collect();
    sections.sort_by_key(|(section, _)| *section);
    let first = |(_, mut rows): (Section, Vec<&Entry>)| {
        // The order of the others stays.
        rows.sort_by_key(|entry| !is_overdue(policy, entry, now));
        rows.into_iter().take(ENTRY_LIMIT).map(|entry| entry.id).collect::<Vec<_>>()
    };
    sections.into_iter().flat_map(first).collect()
}

/// The digest's text as a message to the user; `mark` makes the keyed mark for its Message-ID.
///
/// # Errors
/// What `mark` says.
pub fn message<E>(
    report: Report<'_>,
    text: String,
    mark: impl FnOnce(&str) -> Result<String, E>,
    id: HeldId,
) -> Result<Vec<u8>, E> {
    let owner = &report.policy.owner;
    let mut mail = Outgoing::default();
    // The user's own name there would be that of somebody who writes to themselves.
    mail.field("From", HeaderValue::mailbox(Some("countersign"), &owner.primary));
    mail.field("To", HeaderValue::mailbox(owner.name.as_deref(), &owner.primary));
    mail.field("Subject", HeaderValue::words(&format!("Held mail: {} new", report.entries.len())));
    mail.field("Date", HeaderValue::words(&date(report.now)));
    let message_id = format!("cr.d.{id}.{}@{}", report.now, report.policy.host);
    mail.field("Message-ID", HeaderValue::words(&format!("<{message_id}>")));
    mail.field("Auto-Submitted", HeaderValue::words("auto-generated"));
    mail.field(OWN_MARK, HeaderValue::words(&mark(&message_id)?));
    mail.text(text);
    Ok(mail.to_bytes())
}

/// The groups, fitted between what stands above and below them.
fn layout<'a>(report: Report<'a>, top: &str, bottom: &str) -> Layout<'a> {
    let few = report.entries.len() <= FEW;
    // Around the groups there is an empty line.
    let taken = top.lines().count() + bottom.lines().count() + 2;
    let most = if few { FEW_LINES } else { MOST_LINES };
    let least = LEAST_ROOM.min(2 * report.entries.len());
    Layout::new(groups(report), few, most.saturating_sub(taken).max(least), width(report))
}

/// The groups in their order, each with its rows in theirs.
fn groups<'a>(report: Report<'a>) -> Vec<Group<'a>> {
    let mut found: Vec<(Group<'a>, Vec<&'a Entry>)> = Vec::new();
    let mut places: HashMap<(Section, String), usize> = HashMap::new();
    for entry in in_order(report.entries) {
        let section = Section::of(entry, report.words.get(&entry.id.number()));
        let heading = heading(section, entry);
        let at = *places.entry((section, heading.clone())).or_insert(found.len());
        if at == found.len() {
            let group = Group { section, heading, rows: Vec::new(), all: Vec::new(), reasons: Vec::new() };
            found.push((group, Vec::new()));
        }
        if let Some((group, entries)) = found.get_mut(at) {
            group.all.push(entry.id);
            entries.push(entry);
        }
    }
    // Where the challenge came back, hardly anybody waits (seed 004, "digests").
    let is_last = |entries: &[&Entry]| entries.first().is_some_and(|entry| entry.undeliverable);
    found.sort_by_key(|(group, entries)| (group.section, is_last(entries)));
    let complete = |(group, entries): (Group<'a>, Vec<&'a Entry>)| Group {
        rows: rows(report, group.section, &entries),
        reasons: reasons(&entries),
        ..group
    };
    found.into_iter().map(complete).collect()
}

/// What can be shown of a group: many of one list as one, and each of the others whose words were read.
fn rows<'a>(report: Report<'a>, section: Section, entries: &[&'a Entry]) -> Vec<Row<'a>> {
    if section.is_folded() {
        return Vec::new();
    }
    let words = |entry: &&'a Entry| report.words.get(&entry.id.number()).map(|words| (*entry, words));
    let read: Vec<(&'a Entry, &'a Words)> = entries.iter().filter_map(words).collect();
    let surges = if section.may_be_counted() { surges(&read) } else { Vec::new() };
    let in_surge: HashSet<i64> = surges.iter().flat_map(|surge| &surge.ids).map(|id| id.number()).collect();
    let alone = read.into_iter().filter(|(entry, _)| !in_surge.contains(&entry.id.number()));
    let one = |(entry, words)| match is_overdue(report.policy, entry, report.now) {
        true => Row::Overdue(entry, words),
        false => Row::One(entry, words),
    };
    surges.into_iter().map(Row::Many).chain(alone.map(one)).collect()
}

/// The lowest score first, where there are scores (S004-54), and what has none last; then the newest.
fn in_order(entries: &[Entry]) -> Vec<&Entry> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| (entry.score.is_none(), entry.score, Reverse(entry.received), entry.id.number()));
    sorted
}

/// The names of the reasons, the most frequent first.
fn reasons(entries: &[&Entry]) -> Vec<&'static str> {
    let mut counts: HashMap<&'static str, usize> = HashMap::new();
    entries.iter().for_each(|entry| *counts.entry(entry.reason.name()).or_default() += 1);
    let mut names: Vec<(&'static str, usize)> = counts.into_iter().collect();
    names.sort_by_key(|(name, count)| (Reverse(*count), *name));
    names.into_iter().map(|(name, _)| name).collect()
}

/// Whether its time is over, and only a digest that lists it is missing before it may go: such a one must not wait for room,
/// or what is held would grow for ever where more strangers write than a short digest shows.
fn is_overdue(policy: &Policy, entry: &Entry, now: i64) -> bool {
    now.saturating_sub(entry.received) >= i64::from(policy.retention_days) * DAY
}

/// What stands above the messages: alarms, how many there are, and in which zone the times are.
fn top(report: Report<'_>) -> String {
    let width = width(report);
    let mut out = String::new();
    for alarm in report.alarms.iter().cloned().chain(tripped(report.entries)) {
        out.push_str(&wrapped(&format!("!! {alarm}"), 3, width));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let count = report.entries.len();
    let (messages, zone) = (if count == 1 { "message is" } else { "messages are" }, report.zone.name);
    let older = if report.older > 0 { format!(", {} older", report.older) } else { String::new() };
    let times = if count > 0 { format!(" Times are in {zone}.") } else { String::new() };
    out.push_str(&wrapped(&format!("{count} new {messages} held{older}.{times}"), 0, width));
    out
}

fn width(report: Report<'_>) -> usize {
    report.width.clamp(LEAST_WIDTH, WIDTH)
}

/// What tripped stands on top.
fn tripped(entries: &[Entry]) -> Vec<String> {
    let count = |of: &[CapRefusal]| {
        entries.iter().filter(|entry| matches!(entry.reason, Reason::Capped(why) if of.contains(&why))).count()
    };
    [
        (count(&[CapRefusal::DailyCap, CapRefusal::HourlyCap]), "a limit was reached"),
        (count(&[CapRefusal::AlikeSurge]), "similar messages came from several senders within an hour"),
        (count(&[CapRefusal::UndeliverableSurge]), "too many of the last challenges came back as undeliverable"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, why)| {
        let (challenges, messages) =
            if count == 1 { ("challenge was", "message is") } else { ("challenges were", "messages are") };
        format!("{count} {challenges} not sent because {why}; the {messages} held below.")
    })
    .collect()
}

fn advice(report: Report<'_>) -> String {
    format!(
        "See it: countersign show ID      Have it: countersign release ID\n\
         Drop it: countersign discard ID  All of its sender: release --allow ID\n\
         Kept for {} days. Nobody has checked that a message is harmless.\n",
        report.policy.retention_days
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::display::columns;
    use crate::mail::executable::Executable;
    use crate::origin::score::Points;
    use crate::policy::gate::GateRefusal;
    use crate::signs::Sign;
    use crate::signs::list_id::ListId;

    const NOW: i64 = 1_795_262_400;
    const ZONE: Zone<'static> = Zone { name: "Europe/Berlin", offset: &|_| 3_600 };
    const STRANGER: Reason = Reason::Gate(GateRefusal::NotProven);

    fn entry(number: i64, reason: Reason, asked: bool) -> Entry {
        let id = HeldId::from_number(number).unwrap();
        Entry { id, received: NOW - 10_000 + number, reason, score: None, asked, undeliverable: false }
    }

    fn word(number: i64) -> Words {
        Words {
            from: format!("Person {number} <p{number}@x.example>"),
            address: format!("p{number}@x.example"),
            subject: "see http://evil.example/x".into(),
            preview: vec!["first line".into(), "second line".into()],
            came: None,
            list: None,
            code: false,
        }
    }

    fn words(entries: &[Entry]) -> HashMap<i64, Words> {
        let policy = crate::policy::tests::policy();
        told(&policy, entries, NOW).into_iter().map(|id| (id.number(), word(id.number()))).collect()
    }

    /// The text, and how many count as listed; every rule of the form holds.
    #[track_caller]
    fn digest_of(entries: &[Entry], words: &HashMap<i64, Words>, alarms: &[String]) -> (String, Vec<HeldId>) {
        let policy = crate::policy::tests::policy();
        let report = Report { policy: &policy, entries, words, alarms, older: 3, now: NOW, zone: ZONE, width: WIDTH };
        let Digest { text, listed } = write(report);
        let layout = layout(report, &top(report), &advice(report));
        assert_eq!(layout.lines(), layout.text(ZONE).lines().count(), "counted otherwise than written: {text}");
        let is_overdue = entries.iter().any(|entry| is_overdue(&policy, entry, NOW));
        let most = if entries.len() <= FEW { FEW_LINES } else { MOST_LINES };
        let above =
            if text.starts_with("!! ") { text.lines().take_while(|line| !line.is_empty()).count() + 1 } else { 0 };
        let lines = text.lines().count();
        assert!(is_overdue || lines <= most || lines - above <= LEAST_ROOM + 7, "{lines} lines: {text}");
        for line in text.lines() {
            assert!(columns(line) <= WIDTH && !line.ends_with(' '), "{line:?}");
            assert!(!line.contains("http://") && !line.contains("evil.example"), "a link: {line}");
        }
        // What is not listed is said to come.
        let waiting = entries.len() - listed.len();
        let says = text.lines().find(|line| line.contains(" with the next digest"));
        let count = says.map_or(0, |line| line.split(' ').next().unwrap().parse().unwrap());
        assert_eq!(count, waiting, "{text}");
        let distinct: HashSet<i64> = listed.iter().map(|id| id.number()).collect();
        assert_eq!(distinct.len(), listed.len(), "listed twice");
        // A person's is shown exactly where it is listed.
        for entry in entries.iter().filter(|entry| !Section::of(entry, None).may_be_counted()) {
            let shown = text.matches(&entry.id.to_string()).count();
            assert_eq!(shown, usize::from(distinct.contains(&entry.id.number())), "{}: {text}", entry.id);
        }
        (text, listed)
    }

    fn digest(entries: &[Entry]) -> (String, Vec<HeldId>) {
        digest_of(entries, &words(entries), &[])
    }

    fn many(range: std::ops::Range<i64>, reason: Reason) -> Vec<Entry> {
        range.map(|number| entry(number, reason, false)).collect()
    }

    fn place(text: &str, number: i64) -> usize {
        let id = HeldId::from_number(number).unwrap().to_string();
        text.find(&id).unwrap_or_else(|| panic!("{id}: {text}"))
    }

    #[test]
    fn seven_of_a_usual_mixture_fit_a_terminal_each_with_its_subject() {
        let mut entries = vec![
            entry(1, Reason::Challenge, true),
            entry(2, Reason::Challenge, true),
            entry(3, STRANGER, false),
            entry(4, Reason::Automatic(Sign::NoReplyAuthor), false),
            entry(5, Reason::Automatic(Sign::ListField), false),
            entry(6, Reason::Automatic(Sign::DesignedPage), false),
            entry(7, Reason::DmarcFail, false),
        ];
        let (text, listed) = digest(&entries);
        assert_eq!(listed.len(), 7);
        assert_eq!(text.matches("@x.example").count(), 6, "{text}");
        assert!(text.contains("\nForged, their domain says no (1): countersign held --reason dmarc-fail\n"), "{text}");
        assert!(text.contains("| first line"), "{text}");
        // Whatever they are.
        let reasons: Vec<Reason> = Reason::all().collect();
        for seven in reasons.windows(7) {
            entries.iter_mut().zip(seven).for_each(|(entry, reason)| entry.reason = *reason);
            assert_eq!(digest(&entries).1.len(), 7);
        }
    }

    #[test]
    fn one_has_three_lines() {
        let (text, _) = digest(&[entry(1, STRANGER, false)]);
        let from = "  0000000001  21 Nov 10:13  Person 1 <p1@x.example>\n";
        let rest = "              see http: //evil. example/x\n              | first line second line\n";
        assert!(text.contains(&format!("domain sent it (1)\n{from}{rest}\nSee it: ")), "{text}");
        assert!(text.starts_with("1 new message is held, 3 older. Times are in Europe/Berlin.\n\n"), "{text}");
    }

    #[test]
    fn without_anything_new_it_says_so() {
        let (text, listed) = digest(&[]);
        assert!(text.starts_with("0 new messages are held, 3 older.\n\nSee it: ") && listed.is_empty(), "{text}");
    }

    #[test]
    fn every_reason_has_its_place_and_is_listed() {
        let entries: Vec<Entry> = Reason::all().zip(1..).map(|(reason, n)| entry(n, reason, n % 2 == 0)).collect();
        let mut left = entries.clone();
        let mut digests = 0;
        while !left.is_empty() {
            let (_, listed) = digest(&left);
            assert!(!listed.is_empty(), "nothing goes on");
            left.retain(|entry| !listed.contains(&entry.id));
            digests += 1;
        }
        assert!(digests <= 4, "{digests}");
    }

    #[test]
    fn of_five_hundred_machines_are_counted_and_people_come_one_after_the_other() {
        let mut entries = many(1..313, Reason::Automatic(Sign::ListField));
        entries.extend(many(313..401, STRANGER));
        entries.extend(many(401..441, Reason::DmarcFail));
        entries.extend(many(441..500, Reason::Executable(Executable::Program)));
        entries.push(entry(500, Reason::PinMissing, false));
        let (text, listed) = digest(&entries);
        assert!(text.contains("\nMailing lists (312): countersign held --reason list-field\n"), "{text}");
        assert!(text.contains("A known name, without the proof it always had (1)\n"), "{text}");
        assert!(
            text.contains(" of 88)\n") && text.contains(" with the next digest; `countersign held` shows"),
            "{text}"
        );
        assert!(listed.len() > 352 + 30 && listed.len() < 500, "{}", listed.len());
        // All of them in the end, and none twice.
        let mut left: Vec<Entry> = entries.iter().filter(|entry| !listed.contains(&entry.id)).copied().collect();
        for _ in 0..3 {
            let (_, listed) = digest(&left);
            left.retain(|entry| !listed.contains(&entry.id));
        }
        assert!(left.is_empty(), "{} are left", left.len());
    }

    #[test]
    fn seen_a_longer_heading_and_the_count_of_codes_made_it_a_line_too_long() {
        let robot = Reason::Automatic(Sign::NoReplyAuthor);
        let surge = Reason::Capped(CapRefusal::UndeliverableSurge);
        for count in 2..120 {
            let mut entries = many(1..1 + count, robot);
            entries.extend(many(200..200 + count, surge));
            entries.extend(many(400..400 + count, Reason::Capped(CapRefusal::DailyCap)));
            entries.extend(many(600..600 + count, Reason::Challenge));
            let mut words = words(&entries);
            (1..1 + count).for_each(|number| words.get_mut(&number).unwrap().code = true);
            let (text, _) = digest_of(&entries, &words, &[]);
            let most = if entries.len() <= FEW { FEW_LINES } else { MOST_LINES };
            assert!(text.lines().count() <= most, "{count}: {text}");
        }
    }

    #[test]
    fn what_only_a_digest_keeps_from_its_end_does_not_wait_for_room() {
        let old = |number| Entry { received: NOW - 30 * DAY, ..entry(number, STRANGER, false) };
        let young: Vec<Entry> = many(1..101, STRANGER);
        let entries: Vec<Entry> = young.iter().copied().chain((101..251).map(old)).collect();
        let (text, listed) = digest(&entries);
        assert!(young.iter().any(|entry| listed.contains(&entry.id)), "{text}");
        assert!((101..251).all(|number| listed.contains(&HeldId::from_number(number).unwrap())), "{text}");
        // Never more than are read.
        let entries: Vec<Entry> = (1..=510).map(old).collect();
        assert_eq!(digest(&entries).1.len(), ENTRY_LIMIT);
    }

    #[test]
    fn however_many_groups_there_are_the_first_ones_are_shown() {
        let reasons: Vec<Reason> = Reason::all().collect();
        let entries: Vec<Entry> = (1..=600)
            .map(|number| entry(number, reasons[usize::try_from(number).unwrap() % reasons.len()], number % 3 == 0))
            .collect();
        let alarms = ["The store is damaged; see `countersign doctor`.".to_owned()];
        let (text, listed) = digest_of(&entries, &words(&entries), &alarms);
        let of = |section| entries.iter().filter(move |entry| Section::of(entry, None) == section);
        let shown = of(Section::AtOnce).filter(|entry| listed.contains(&entry.id)).count();
        assert!(shown >= of(Section::AtOnce).count() / 2, "{text}");
    }

    #[test]
    fn the_words_of_strangers_never_break_a_line() {
        const BITS: [&str; 16] = [
            "a",
            "茶",
            "Ａ",
            "שלום",
            "e\u{301}",
            "🫖",
            "\u{1b}[2J",
            "\u{202e}",
            "\n",
            "\t",
            " ",
            "http://evil.example/x",
            "www.evil.example",
            "\u{7f}",
            "mailto:x@evil.example",
            "\u{200d}",
        ];
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap()
        };
        let mut hostile = || (0..next() % 400).map(|_| BITS[next() % BITS.len()]).collect::<String>();
        let reasons = [STRANGER, Reason::PinMissing, Reason::Automatic(Sign::ListField), Reason::Challenge];
        for count in [1, 3, 7, 8, 20, 40, 200] {
            let entries: Vec<Entry> =
                (1..=count).map(|n| entry(n, reasons[usize::try_from(n).unwrap() % 4], n % 2 == 0)).collect();
            let mut words = words(&entries);
            for one in words.values_mut() {
                *one =
                    Words { from: hostile(), subject: hostile(), preview: vec![hostile(), hostile()], ..one.clone() };
                one.code = one.subject.len() % 2 == 0;
            }
            let (text, _) = digest_of(&entries, &words, &[]);
            assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
        }
    }

    #[test]
    fn the_address_is_not_pushed_out_of_sight() {
        let entries = [entry(1, STRANGER, false)];
        let mut words = words(&entries);
        let one = words.get_mut(&1).unwrap();
        one.from = format!("{} <p1@x.example>", "A bank that you know ".repeat(20));
        assert!(digest_of(&entries, &words, &[]).0.contains("  21 Nov 10:13  p1@x.example\n"));
        // Without a clear address the beginning is all there is.
        words.get_mut(&1).unwrap().address.clear();
        assert!(digest_of(&entries, &words, &[]).0.contains("  21 Nov 10:13  A bank that"));
        words.insert(1, Words::default());
        assert!(digest_of(&entries, &words, &[]).0.contains("(no subject)\n"));
    }

    #[test]
    fn codes_stand_before_people_and_behind_known_names() {
        let robot = Reason::Automatic(Sign::NoReplyAuthor);
        let entries = [
            entry(1, robot, false),
            entry(2, Reason::Challenge, true),
            entry(3, Reason::PinMissing, false),
            entry(4, robot, false),
        ];
        let mut words = words(&entries);
        words.get_mut(&1).unwrap().code = true;
        let (text, _) = digest_of(&entries, &words, &[]);
        assert!(place(&text, 3) < place(&text, 1) && place(&text, 1) < place(&text, 2), "{text}");
        assert!(place(&text, 2) < place(&text, 4), "{text}");
        assert!(text.contains("\nCodes and confirmations that you may be waiting for (1)\n"), "{text}");
    }

    #[test]
    fn many_of_one_list_are_told_as_one() {
        let entries = many(0..15, Reason::Automatic(Sign::ListField));
        let mut words = words(&entries);
        let of = |words: &mut HashMap<i64, Words>, range: std::ops::Range<i64>, list: &str| {
            range.for_each(|number| words.get_mut(&number).unwrap().list = ListId::new(list));
        };
        of(&mut words, 0..6, "users.x.example");
        of(&mut words, 6..11, "few.x.example");
        let (text, listed) = digest_of(&entries, &words, &[]);
        assert!(text.contains(&format!("\n  6 of users.x.example, the newest {}: see", entries[5].id)), "{text}");
        assert!(text.contains("\n    countersign allow --release list:users.x.example\n"), "{text}");
        assert!(text.contains("\n    countersign deny list:users.x.example\n") && !text.contains("list:few"), "{text}");
        // Each of the others, and none of these but the one that can be looked at.
        let shown = |id: &Entry| text.contains(&id.id.to_string());
        assert_eq!(entries.iter().filter(|entry| shown(entry)).count(), 9 + 1, "{text}");
        assert!(text.contains("\nMailing lists (15): list-field\n") && listed.len() == 15);
        of(&mut words, 0..6, "`reboot`|a&b.x.example");
        let odd = digest_of(&entries, &words, &[]).0;
        assert!(odd.contains(" deny 'list:`reboot`|a&b.x.example'\n") && !odd.contains(" list:`"), "{odd}");
        // A command that no line has room for is no command.
        of(&mut words, 0..6, &format!("{}.x.example", "a".repeat(90)));
        let long = digest_of(&entries, &words, &[]).0;
        assert!(!long.contains("list:a") && long.contains("  6 of aaaaaaaa"), "{long}");
    }

    #[test]
    fn empty_answers_are_one_line_and_all_of_them_listed() {
        let empty = many(1..504, Reason::Answer);
        let policy = crate::policy::tests::policy();
        assert!(told(&policy, &empty, NOW).is_empty());
        let (all, listed) = digest(&empty);
        assert!(all.contains("\nEmpty answers (503): countersign held --reason answer\n"), "{all}");
        assert!(listed.len() == 503 && !all.contains("Person"), "{all}");
    }

    #[test]
    fn a_line_that_counts_several_reasons_names_them() {
        let signs =
            [Sign::ListField, Sign::ListField, Sign::PrecedenceList, Sign::ViaName, Sign::LoopField, Sign::ListText];
        let entries: Vec<Entry> =
            (1..=300).map(|n| entry(n, Reason::Automatic(signs[usize::try_from(n).unwrap() % 6]), false)).collect();
        let (text, _) = digest_of(&entries, &HashMap::new(), &[]);
        let line = "Mailing lists (300):\n    countersign held --reason list-field (or list-text, loop-field,\n    precedence-list, 1 more)\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn answers_at_once_stand_first() {
        let reasons = [Reason::PinMissing, Reason::Challenge, Reason::AnsweredAtOnce, Reason::Answer];
        let entries: Vec<Entry> = reasons.into_iter().zip(1..).map(|(reason, n)| entry(n, reason, false)).collect();
        let alarms = ["The store is damaged.".to_owned()];
        let (text, _) = digest_of(&entries, &words(&entries), &alarms);
        let at = |number| place(&text, number);
        assert!(text.starts_with("!! ") && at(3) < at(1) && at(1) < at(2), "{text}");
    }

    #[test]
    fn what_tripped_stands_on_top() {
        let entries = [entry(1, Reason::Capped(CapRefusal::HourlyCap), false)];
        let alarms = ["The store is damaged.".to_owned()];
        let (text, _) = digest_of(&entries, &words(&entries), &alarms);
        assert!(text.starts_with("!! The store is damaged.\n!! 1 challenge was not sent"), "{text}");
        for why in [CapRefusal::AlikeSurge, CapRefusal::UndeliverableSurge, CapRefusal::DailyCap] {
            let (text, _) = digest(&[entry(1, Reason::Capped(why), false)]);
            assert!(text.starts_with("!! 1 challenge was not sent because "), "{text}");
        }
        let (text, _) = digest(&[entry(1, Reason::Capped(CapRefusal::AskedRecently), false)]);
        assert!(!text.contains("!!"), "{text}");
    }

    #[test]
    fn where_the_challenge_came_back_the_message_stands_lower() {
        let gone = Entry { undeliverable: true, ..entry(9, Reason::Challenge, true) };
        let (text, _) = digest(&[gone, entry(1, Reason::Challenge, true)]);
        assert!(place(&text, 1) < place(&text, 9) && text.contains("the challenge came back"), "{text}");
    }

    #[test]
    fn the_lowest_score_comes_first() {
        let scores = [None, Some("7.5"), Some("-2"), Some("0.1"), None];
        let entries: Vec<Entry> = scores
            .into_iter()
            .zip(1..)
            .map(|(score, n)| Entry { score: score.and_then(Points::parse), ..entry(n, Reason::NotAddressed, false) })
            .collect();
        let (text, _) = digest(&entries);
        let shown: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("[score ")).collect();
        let shown: Vec<&str> = shown.iter().filter_map(|line| line.split(']').next()).collect();
        assert_eq!(shown, ["-2", "0.1", "7.5"]);
        // Without a score the newest first, behind the others.
        assert!(place(&text, 2) < place(&text, 5) && place(&text, 5) < place(&text, 1), "{text}");
    }

    #[test]
    fn a_narrow_screen_is_heeded_and_a_tiny_one_is_not() {
        let entries = many(1..30, STRANGER);
        let (policy, words) = (crate::policy::tests::policy(), words(&entries));
        for (width, widest) in [(75, 75), (40, LEAST_WIDTH), (200, WIDTH)] {
            let report = Report {
                policy: &policy,
                entries: &entries,
                words: &words,
                alarms: &[],
                older: 0,
                now: NOW,
                zone: ZONE,
                width,
            };
            assert!(write(report).text.lines().all(|line| columns(line) <= widest));
        }
    }
}
