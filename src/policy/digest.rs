//! What the digest says: everything held since the last one, what matters most on top.
//!
//! Promises: every entry appears exactly once; nothing foreign reaches the reader but sanitised lines; it says
//! how to act on each. Never touches: the quarantine, or when the digest is made.

use std::collections::HashMap;

use super::Policy;
use super::gate::CapRefusal;
use super::reason::Reason;
use super::token::HeldId;
use crate::facts::OWN_MARK;
use crate::mail::compose::{HeaderValue, Outgoing, date, short_date};
use crate::mail::display::{shell_word, without_links, wrapped};
use crate::origin::score::Points;
use crate::signs::Kind;
use crate::signs::list_id::ListId;

/// Most entries with preview; beyond it the rest is counted, and `countersign held` shows all.
pub const ENTRY_LIMIT: usize = 500;

/// Columns of the digest, so that it reads well as mail and in a terminal.
const WIDTH: usize = 78;

/// One held message, without what only those have that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: HeldId,
    /// When it arrived, seconds since 1970.
    pub received: i64,
    /// Why it is held.
    pub reason: Reason,
    /// The spam filter's score, if one is configured and was believed.
    pub score: Option<Points>,
    /// Whether its sender was asked.
    pub asked: bool,
    /// Whether the challenge for it came back: then hardly anybody is there.
    pub undeliverable: bool,
}

/// What a message says that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The From field, sanitised.
    pub from: String,
    /// The Subject, sanitised.
    pub subject: String,
    /// The first lines of its text, sanitised.
    pub preview: Vec<String>,
    /// The mailing list that it came through, where nobody has decided about that.
    pub list: Option<ListId>,
}

/// The parts of a digest, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// It answers a challenge sooner than a person can.
    AtOnce,
    /// Somebody says that they did not write it.
    Disowned,
    /// It claims to be somebody known, and is forged, or lacks their proof.
    KnownName,
    /// It claims to be the user, or somebody else than its address says.
    Suspicious,
    /// The domain it claims to come from says that it does not, and nobody known writes from that address.
    Forged,
    /// Strangers who were not asked.
    NotAsked,
    /// Strangers who were asked, about this message or an earlier one, and did not answer yet.
    Asked,
    /// From an address that wants to be asked no more, since it was not them before.
    OptedOut,
    /// Lists, robots, bounces.
    Automatic,
    /// Bounces of what somebody else wrote in the user's name.
    ForeignBounces,
    /// Denied senders.
    Denied,
    /// Answers that are empty in every way.
    EmptyAnswers,
}

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
}

impl Section {
    const ALL: [Section; 12] = [
        Section::AtOnce,
        Section::Disowned,
        Section::KnownName,
        Section::Suspicious,
        Section::Forged,
        Section::NotAsked,
        Section::Asked,
        Section::OptedOut,
        Section::Automatic,
        Section::ForeignBounces,
        Section::Denied,
        Section::EmptyAnswers,
    ];

    /// Where an entry stands.
    #[must_use]
    pub fn of(entry: &Entry) -> Section {
        match entry.reason {
            Reason::AnsweredAtOnce => Section::AtOnce,
            Reason::Answer => Section::EmptyAnswers,
            Reason::KnownForged | Reason::KnownSentElsewhere | Reason::PinMissing => Section::KnownName,
            Reason::OwnAddressUnproven | Reason::DisplayNameAddress => Section::Suspicious,
            Reason::DmarcFail => Section::Forged,
            Reason::ForeignBounce => Section::ForeignBounces,
            Reason::DeniedDomain | Reason::DeniedList | Reason::DeniedSender => Section::Denied,
            // Exchange asks so also for what people write: they are not listed among the machines.
            Reason::Automatic(sign) if sign.kind() == Kind::NoReplyWanted => Section::NotAsked,
            Reason::Automatic(_) | Reason::ChallengeBounce | Reason::LoopOwnChallenge | Reason::LoopReceived => {
                Section::Automatic
            }
            Reason::Disowned | Reason::NotMeAnswer | Reason::NotThem => Section::Disowned,
            Reason::OptedOut => Section::OptedOut,
            Reason::Capped(CapRefusal::AskedRecently) => Section::Asked,
            _ if entry.asked => Section::Asked,
            _ => Section::NotAsked,
        }
    }

    /// Whether one line speaks for all that is in it: who reads one has read all.
    fn is_folded(self) -> bool {
        self == Section::EmptyAnswers
    }

    fn heading(self) -> &'static str {
        match self {
            Section::AtOnce => "Answered a challenge at once, as machines do",
            Section::KnownName => "A known name, forged or without the proof it always had",
            Section::Suspicious => "Claims to be you without proof, or shows another address",
            Section::Forged => "Strangers, disowned by the domain they claim (dmarc=fail)",
            Section::NotAsked => "Strangers who could not be asked",
            Section::Asked => "Strangers who were asked and have not answered yet",
            Section::Disowned => "Somebody says that they did not write it",
            Section::OptedOut => "From addresses whose owner said earlier that it was not them",
            Section::Automatic => "Lists, newsletters, robots and bounces",
            Section::ForeignBounces => "Bounces of mail that you are not known to have sent",
            Section::Denied => "From senders you denied",
            Section::EmptyAnswers => "Empty answers",
        }
    }
}

/// The text alone.
#[must_use]
pub fn text(report: Report<'_>) -> String {
    let mut out = String::new();
    for alarm in report.alarms.iter().cloned().chain(tripped(report.entries)) {
        out.push_str(&wrapped(&format!("!! {alarm}"), 3, WIDTH));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let count = report.entries.len();
    out.push_str(&format!("{count} new {} held", if count == 1 { "message is" } else { "messages are" }));
    out.push_str(&if report.older > 0 { format!(", {} older.\n", report.older) } else { ".\n".to_owned() });
    for (section, rows) in sections(report.entries) {
        if section.is_folded() {
            out.push_str(&folded(rows.len()));
            continue;
        }
        let heading = format!("{} ({})", section.heading(), rows.len());
        out.push_str(&format!("\n{heading}\n{}\n", "-".repeat(heading.len())));
        let listed = rows.iter().take(ENTRY_LIMIT).copied().collect::<Vec<_>>();
        let surges = surges(&listed, report.words);
        surges.iter().for_each(|surge| push_surge(&mut out, surge));
        let alone = |entry: &&&Entry| !surges.iter().any(|surge| surge.ids.contains(&entry.id));
        for entry in listed.iter().filter(alone) {
            push_entry(&mut out, entry, report.words.get(&entry.id.number()).unwrap_or(&Words::default()));
        }
        if rows.len() > ENTRY_LIMIT {
            out.push_str(&format!("\n… and {} more: `countersign held` shows them all.\n", rows.len() - ENTRY_LIMIT));
        }
    }
    out.push_str(&advice(report));
    out
}

/// The messages that [`text`] shows: only they count as listed. What is only counted comes in the next digest.
#[must_use]
pub fn shown(entries: &[Entry]) -> Vec<HeldId> {
    let shown = |(section, rows): (Section, Vec<&Entry>)| {
        // One line speaks for all of them.
        let limit = if section.is_folded() { rows.len() } else { ENTRY_LIMIT };
        rows.into_iter().take(limit).map(|row| row.id).collect::<Vec<_>>()
    };
    sections(entries).into_iter().flat_map(shown).collect()
}

/// The messages of which [`text`] says more than their number: what they say must be read.
#[must_use]
pub fn told(entries: &[Entry]) -> Vec<HeldId> {
    let sections = sections(entries).into_iter().filter(|(section, _)| !section.is_folded());
    sections.flat_map(|(_, rows)| rows.into_iter().take(ENTRY_LIMIT).map(|row| row.id)).collect()
}

/// The sections that have something in them, with it in the order in which it is shown.
fn sections(entries: &[Entry]) -> Vec<(Section, Vec<&Entry>)> {
    let of = |section: Section| {
        let mut rows: Vec<&Entry> = entries.iter().filter(|entry| Section::of(entry) == section).collect();
        // Inside a section the lowest score first, where there are scores (S004-54), and what has none last; then people
        // before machines, then the newest.
        rows.sort_by_key(|entry| (entry.score.is_none(), entry.score, rank(entry), -entry.received));
        (section, rows)
    };
    Section::ALL.into_iter().map(of).filter(|(_, rows)| !rows.is_empty()).collect()
}

/// The digest as a message to the user; `mark` makes the keyed mark for its Message-ID.
///
/// # Errors
/// What `mark` says.
pub fn message<E>(report: Report<'_>, mark: impl FnOnce(&str) -> Result<String, E>, id: HeldId) -> Result<Vec<u8>, E> {
    let owner = &report.policy.owner;
    let mut mail = Outgoing::default();
    mail.field("From", HeaderValue::mailbox(Some("Held mail"), &owner.primary));
    mail.field("To", HeaderValue::mailbox(owner.name.as_deref(), &owner.primary));
    mail.field("Subject", HeaderValue::words(&format!("Held mail: {} new", report.entries.len())));
    mail.field("Date", HeaderValue::words(&date(report.now)));
    let message_id = format!("cr.d.{id}.{}@{}", report.now, report.policy.host);
    mail.field("Message-ID", HeaderValue::words(&format!("<{message_id}>")));
    mail.field("Auto-Submitted", HeaderValue::words("auto-generated"));
    mail.field(OWN_MARK, HeaderValue::words(&mark(&message_id)?));
    mail.text(text(report));
    Ok(mail.to_bytes())
}

/// Many messages of one mailing list about which the user has not decided (S004-71).
struct Surge<'a> {
    list: &'a ListId,
    ids: Vec<HeldId>,
    newest: HeldId,
    /// The Subject of the newest one.
    subject: &'a str,
}

/// So many messages of one list since the last digest are told as one.
const SURGE: usize = 6;

/// The lists that sent so many, the most frequent first.
fn surges<'a>(rows: &[&Entry], words: &'a HashMap<i64, Words>) -> Vec<Surge<'a>> {
    let mut lists: HashMap<&ListId, Vec<(&Entry, &'a Words)>> = HashMap::new();
    for row in rows {
        if let Some((list, words)) = words.get(&row.id.number()).and_then(|words| Some((words.list.as_ref()?, words))) {
            lists.entry(list).or_default().push((row, words));
        }
    }
    let many = lists.into_iter().filter(|(_, rows)| rows.len() >= SURGE);
    let mut surges: Vec<Surge> = many
        .filter_map(|(list, rows)| {
            let (newest, words) = rows.iter().max_by_key(|(row, _)| row.received)?;
            let ids = rows.iter().map(|(row, _)| row.id).collect();
            Some(Surge { list, ids, newest: newest.id, subject: &words.subject })
        })
        .collect();
    surges.sort_by_key(|surge| (std::cmp::Reverse(surge.ids.len()), surge.list.as_str()));
    surges
}

fn push_surge(out: &mut String, Surge { list, ids, newest, subject }: &Surge<'_>) {
    let list = list.as_str();
    out.push_str(&format!("\n{} messages of a mailing list you have not decided about: {list}\n", ids.len()));
    out.push_str(&format!("            the newest: {}\n", without_links(subject)));
    let word = shell_word(&format!("list:{list}"));
    out.push_str(&format!("            countersign allow --release {word}\n"));
    out.push_str(&format!("            countersign deny {word}\n            countersign show {newest}\n"));
}

/// The one line of the empty answers; the person's letter itself was released.
fn folded(count: usize) -> String {
    let answers = if count == 1 { "answer" } else { "answers" };
    let line = format!("{count} empty {answers} (list with `countersign held --reason {}`)", Reason::Answer.name());
    format!("\n{}", wrapped(&line, 0, WIDTH))
}

fn push_entry(out: &mut String, entry: &Entry, words: &Words) {
    let subject = if words.subject.is_empty() { "(no subject)" } else { &words.subject };
    out.push_str(&format!("\n{}  {}  {}\n", entry.id, short_date(entry.received), words.from));
    out.push_str(&format!("            {}\n", without_links(subject)));
    for line in words.preview.iter().take(3) {
        out.push_str(&format!("            | {}\n", without_links(line)));
    }
    out.push_str("            ");
    out.push_str(&wrapped(&format!("held because {}", entry.reason.sentence()), 12, WIDTH));
    if let Some(score) = entry.score {
        out.push_str(&format!("            spam score {score}\n"));
    }
    if entry.undeliverable {
        out.push_str("            the challenge came back: perhaps there is no such address\n");
    }
}

/// Confirmations and one-time codes are robots too, but lists can wait longest. Where the challenge came back, hardly
/// anybody waits (seed 004, "digests").
fn rank(entry: &Entry) -> u8 {
    match entry.reason {
        Reason::Automatic(sign) => match sign.kind() {
            Kind::NoReplyWanted => 0,
            Kind::Robot | Kind::AutoReply => 1,
            Kind::Bounce | Kind::Report => 2,
            Kind::Challenge => 3,
            Kind::Bulk | Kind::List => 4,
        },
        _ if entry.undeliverable => 5,
        _ => 0,
    }
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
    let days = report.policy.retention_days;
    format!(
        "\nTo see one: countersign show ID       To have it: countersign release ID\n\
         To have all mail of its sender: countersign release --allow ID\n\
         To throw one away: countersign discard ID\n\
         Held mail is kept for {days} days. Nobody has checked that a message is harmless: what\n\
         is said here is who it came from, and why it was held.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::gate::GateRefusal;
    use crate::signs::Sign;

    fn entry(number: i64, reason: Reason, asked: bool) -> Entry {
        Entry {
            id: HeldId::from_number(number).unwrap(),
            received: 1_795_262_400 + number,
            reason,
            score: None,
            asked,
            undeliverable: false,
        }
    }

    fn words(entries: &[Entry]) -> HashMap<i64, Words> {
        let words = |number: i64| Words {
            from: format!("Person {number} <p{number}@x.example>"),
            subject: "see http://evil.example/x".into(),
            preview: vec!["first line".into()],
            list: None,
        };
        told(entries).into_iter().map(|id| (id.number(), words(id.number()))).collect()
    }

    #[test]
    fn many_of_one_list_are_told_as_one() {
        let entries: Vec<Entry> =
            (0..15).map(|number| entry(number, Reason::Automatic(Sign::ListField), false)).collect();
        let mut words = words(&entries);
        let of = |words: &mut HashMap<i64, Words>, range: std::ops::Range<i64>, list: &str| {
            range.for_each(|number| words.get_mut(&number).unwrap().list = ListId::new(list));
        };
        of(&mut words, 0..6, "users.x.example");
        of(&mut words, 6..11, "few.x.example");
        let policy = crate::policy::tests::policy();
        let text = text(Report { policy: &policy, entries: &entries, words: &words, alarms: &[], older: 0, now: 0 });
        assert!(text.contains("6 messages of a mailing list you have not decided about: users.x.example\n"), "{text}");
        assert!(text.contains("countersign deny list:users.x.example\n") && !text.contains("list:few"), "{text}");
        assert!(text.contains(&format!("countersign show {}\n", entries[5].id)), "the newest: {text}");
        of(&mut words, 0..6, "`reboot`|a&b.x.example");
        let odd =
            self::text(Report { policy: &policy, entries: &entries, words: &words, alarms: &[], older: 0, now: 0 });
        assert!(odd.contains(" deny 'list:`reboot`|a&b.x.example'\n") && !odd.contains(" list:`"), "{odd}");
        // Each of the others, and none of these but the one that can be looked at.
        let shown = |id: &Entry| text.contains(&id.id.to_string());
        assert_eq!(entries.iter().filter(|entry| shown(entry)).count(), 9 + 1, "{text}");
        assert!(text.contains("Lists, newsletters, robots and bounces (15)"));
    }

    #[test]
    fn every_entry_appears_once_and_in_its_section() {
        let entries: Vec<Entry> = Reason::all().zip(1..).map(|(reason, n)| entry(n, reason, n % 2 == 0)).collect();
        let policy = crate::policy::tests::policy();
        let text =
            text(Report { policy: &policy, entries: &entries, words: &words(&entries), alarms: &[], older: 3, now: 0 });
        for entry in &entries {
            // Empty answers are folded into one line.
            let count = usize::from(entry.reason != Reason::Answer);
            assert_eq!(text.matches(&format!("\n{}  ", entry.id)).count(), count, "{:?}", entry.reason);
        }
        assert_eq!(shown(&entries).len(), entries.len());
        assert!(text.contains("older."));
        assert!(!text.contains("http://") && !text.contains("evil.example"), "a link is left");
    }

    #[test]
    fn only_what_is_shown_counts_as_listed() {
        let many: Vec<Entry> = (1..=503).map(|n| entry(n, Reason::NotAddressed, false)).collect();
        let entries = [many, vec![entry(999, Reason::PinMissing, false)]].concat();
        let policy = crate::policy::tests::policy();
        let text =
            text(Report { policy: &policy, entries: &entries, words: &words(&entries), alarms: &[], older: 0, now: 0 });
        let listed = shown(&entries);
        assert_eq!(listed.len(), ENTRY_LIMIT + 1);
        assert_eq!(told(&entries), listed);
        assert_eq!(text.matches("Person").count(), listed.len());
        for entry in &entries {
            assert_eq!(text.contains(&format!("\n{}  ", entry.id)), listed.contains(&entry.id), "{}", entry.id);
        }
    }

    #[test]
    fn empty_answers_are_one_line_and_all_of_them_listed() {
        let policy = crate::policy::tests::policy();
        let empty: Vec<Entry> = (1..=503).map(|n| entry(n, Reason::Answer, false)).collect();
        assert_eq!((shown(&empty).len(), told(&empty).len()), (503, 0));
        let all =
            text(Report { policy: &policy, entries: &empty, words: &words(&empty), alarms: &[], older: 0, now: 0 });
        assert!(all.contains("\n503 empty answers (list with `countersign held --reason answer`)\n"), "{all}");
        assert!(!all.contains("Person"), "{all}");
        let one = text(Report {
            policy: &policy,
            entries: &empty[..1],
            words: &words(&empty[..1]),
            alarms: &[],
            older: 0,
            now: 0,
        });
        assert!(one.contains("\n1 empty answer (list"), "{one}");
    }

    #[test]
    fn answers_at_once_stand_first() {
        let policy = crate::policy::tests::policy();
        let reasons = [Reason::PinMissing, Reason::Challenge, Reason::AnsweredAtOnce, Reason::Answer];
        let entries: Vec<Entry> = reasons.into_iter().zip(1..).map(|(reason, n)| entry(n, reason, false)).collect();
        let alarms = ["The store is damaged.".to_owned()];
        let text = text(Report {
            policy: &policy,
            entries: &entries,
            words: &words(&entries),
            alarms: &alarms,
            older: 0,
            now: 0,
        });
        let at = |number: i64| text.find(&HeldId::from_number(number).unwrap().to_string()).unwrap();
        assert!(text.starts_with("!! ") && at(3) < at(1) && at(1) < at(2), "{text}");
    }

    #[test]
    fn what_tripped_stands_on_top() {
        let policy = crate::policy::tests::policy();
        let entries = [entry(1, Reason::Capped(CapRefusal::HourlyCap), false)];
        let alarms = ["The store is damaged.".to_owned()];
        let text = text(Report {
            policy: &policy,
            entries: &entries,
            words: &words(&entries),
            alarms: &alarms,
            older: 0,
            now: 0,
        });
        assert!(text.starts_with("!! The store is damaged.\n!! 1 challenge was not sent"), "{text}");
    }

    #[test]
    fn every_breaker_is_said_on_top() {
        let policy = crate::policy::tests::policy();
        for why in [CapRefusal::AlikeSurge, CapRefusal::UndeliverableSurge, CapRefusal::DailyCap] {
            let entries = [entry(1, Reason::Capped(why), false)];
            let text = text(Report {
                policy: &policy,
                entries: &entries,
                words: &words(&entries),
                alarms: &[],
                older: 0,
                now: 0,
            });
            assert!(text.starts_with("!! 1 challenge was not sent because "), "{text}");
        }
        let entries = [entry(1, Reason::Capped(CapRefusal::AskedRecently), false)];
        let text =
            text(Report { policy: &policy, entries: &entries, words: &words(&entries), alarms: &[], older: 0, now: 0 });
        assert!(!text.contains("!!"), "{text}");
    }

    #[test]
    fn where_the_challenge_came_back_the_message_stands_lower() {
        let policy = crate::policy::tests::policy();
        let gone = Entry { undeliverable: true, ..entry(9, Reason::Challenge, true) };
        let entries = [gone, entry(1, Reason::Challenge, true)];
        let text =
            text(Report { policy: &policy, entries: &entries, words: &words(&entries), alarms: &[], older: 0, now: 0 });
        let at = |number: i64| text.find(&HeldId::from_number(number).unwrap().to_string()).unwrap();
        assert!(at(1) < at(9) && text.contains("came back"), "{text}");
    }

    #[test]
    fn suspicion_comes_before_lists() {
        let section = |reason, asked| Section::of(&entry(1, reason, asked));
        assert_eq!(section(Reason::DisplayNameAddress, false), Section::Suspicious);
        assert_eq!(section(Reason::Automatic(Sign::NoReplyWanted), false), Section::NotAsked);
        assert!(section(Reason::PinMissing, false) < section(Reason::Gate(GateRefusal::NotProven), false));
        assert_eq!(section(Reason::OwnAddressUnproven, false), Section::Suspicious);
        // A stranger's forged mail claims to be nobody that the user knows.
        assert_eq!(section(Reason::DmarcFail, false), Section::Forged);
        // The question about the first letter stands for the second one too.
        assert_eq!(section(Reason::Capped(CapRefusal::AskedRecently), false), Section::Asked);
        assert_eq!(section(Reason::Capped(CapRefusal::DailyCap), false), Section::NotAsked);
        assert!(section(Reason::Challenge, true) < section(Reason::Automatic(Sign::ChallengeField), false));
    }

    #[test]
    fn the_lowest_score_comes_first() {
        let scores = [None, Some("7.5"), Some("-2"), Some("0.1"), None];
        let entries: Vec<Entry> = scores
            .into_iter()
            .zip(1..)
            .map(|(score, n)| Entry { score: score.and_then(Points::parse), ..entry(n, Reason::NotAddressed, false) })
            .collect();
        let policy = crate::policy::tests::policy();
        let text =
            text(Report { policy: &policy, entries: &entries, words: &words(&entries), alarms: &[], older: 0, now: 0 });
        let shown: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("spam score ")).collect();
        assert_eq!(shown, ["-2", "0.1", "7.5"]);
        // Without a score the newest first, behind the others.
        let place = |n: usize| text.find(&format!("\n{}  ", entries[n].id)).unwrap();
        assert!(place(1) < place(4) && place(4) < place(0), "{text}");
    }
}
