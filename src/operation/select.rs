//! Which held messages a command line means: by number or its beginning, text, reason or age.
//!
//! Promises: where something is changed, at least one criterion was given; criteria of different kinds must all
//! hold; a number that is not held is said; a beginning means one message or nothing is done. Never touches: the messages.

use std::collections::{BTreeMap, HashSet};

use crate::cli::SelectArguments;
use crate::mail::compose::{day, short_date};
use crate::mail::display::{SHOWN_LIMIT, cut, filled, one_line};
use crate::mail::fold::decode_words;
use crate::mail::head::{HEAD_LIMIT, Head, VALUE_LIMIT};
use crate::operation::installation::Installation;
use crate::operation::ledger::{Ledger, state_words};
use crate::operation::quarantine::{self, Held};
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::operation::unread::Unread;
use crate::policy::glossary::near;
use crate::policy::id_beginning::IdBeginning;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::signs::Sign;
use crate::world::maildir::{Entry, Maildir};
use crate::world::store::{HeldRow, Store};

/// What is read first of a message to find its Subject; real header blocks are nearly all shorter.
const FIRST_LOOK: usize = 64 * 1024;
/// The longest time `--since` takes, in hours: a hundred years.
const HOURS_LIMIT: i64 = 100 * 365 * 24;
/// So many of the messages that an ambiguous beginning may mean are named.
const NAMED: usize = 10;
/// Most characters that are said again of a reason that is none.
const REASON_LIMIT: usize = 100;
/// Columns of the From field where they are named.
const FROM_WIDTH: usize = 30;

/// What the command line says, valid by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    ids: Vec<IdBeginning>,
    /// In lower case.
    grep: Option<String>,
    reason: Option<String>,
    /// Seconds back from now.
    since: Option<i64>,
    /// Whether what was thrown away is meant, and not what is held.
    in_trash: bool,
}

/// A held message with what a person knows it by.
#[derive(Clone, Debug)]
pub struct Found {
    /// The message.
    pub held: Held,
    /// Its From field, one line fit to be shown.
    pub from: String,
    /// Its Subject, one line fit to be shown.
    pub subject: String,
}

/// What is said of a selection beside its messages.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// Why a number is none of them, a sentence each.
    pub absent: Vec<String>,
    /// The files that cannot be read and why, or that bear no block of ours, where all of the folder was read.
    pub unread: Vec<Unread>,
}

/// What a selection came to.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// The messages, newest last.
    pub found: Vec<Found>,
    /// Why a number is none of them, a sentence each.
    pub absent: Vec<String>,
}

/// Finds the messages.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn select(
    installation: &Installation,
    ledger: &mut Ledger,
    selection: &Selection,
    now: i64,
) -> Result<Selected, Trouble> {
    let mut found = Vec::new();
    let rest = each(installation, ledger, selection, now, |one| found.push(one))?;
    found.sort_by_key(|one| (one.held.block.received, one.held.id.number()));
    Ok(Selected { found, absent: rest.absent })
}

/// Gives one message after the other, in no order, without keeping any: there may be many.
///
/// # Errors
/// When the quarantine cannot be read.
pub fn each(
    installation: &Installation,
    ledger: &mut Ledger,
    selection: &Selection,
    now: i64,
    mut take: impl FnMut(Found),
) -> Result<Rest, Trouble> {
    if !selection.ids.is_empty() {
        return each_named(installation, ledger, selection, now, take);
    }
    let mut rest = Rest::default();
    // A file that a mail reader renames while the folder is listed may come twice.
    let mut seen = HashSet::new();
    let mut pass = |held: &Held| selection.takes_block(held, now) && seen.insert(held.id.number());
    let (mut sealed, mut unsealed) = (HashSet::new(), HashSet::new());
    let folder = selection.folder(installation);
    for entry in quarantine::files_in(&folder)? {
        let entry = entry?;
        let path = entry.path.clone();
        let (held, start) = match looked_at(installation, entry) {
            Ok(Some(read)) => read,
            Ok(None) => continue,
            Err(trouble) => {
                rest.unread.push(Unread::new(&path, trouble)?);
                continue;
            }
        };
        let Some(held) = held else {
            rest.unread.push(Unread { path, why: None });
            continue;
        };
        if !held.sealed {
            unsealed.insert(held.entry.name);
            continue;
        }
        sealed.insert(held.id.number());
        if pass(&held) {
            let found = Found::of(held, start)?;
            found.filter(|found| selection.takes_text(found)).into_iter().for_each(&mut take);
        }
    }
    // What names the number of a message without its seal is another's, and must not stand in its place.
    for held in quarantine::of_names_in(installation, &folder, unsealed)? {
        let held = held?;
        if sealed.contains(&held.id.number()) {
            rest.unread.push(Unread { path: held.entry.path, why: None });
        } else if pass(&held) {
            Found::read(held)?.filter(|found| selection.takes_text(found)).map(&mut take);
        }
    }
    Ok(rest)
}

/// The same where numbers are named.
fn each_named(
    installation: &Installation,
    ledger: &mut Ledger,
    selection: &Selection,
    now: i64,
    mut take: impl FnMut(Found),
) -> Result<Rest, Trouble> {
    let meant = meant(installation, ledger, &selection.folder(installation), &selection.ids)?;
    let mut rest =
        Rest { absent: meant.absent.into_iter().map(|one| selection.none_begins(one)).collect(), ..Rest::default() };
    let mut seen = HashSet::new();
    for id in meant.ids {
        let found = match selection.in_trash {
            true => ledger.find_trashed(installation, id)?,
            false => ledger.find(installation, id)?,
        };
        match found {
            Some(held) if selection.takes_block(&held, now) && seen.insert(id.number()) => {
                Found::read(held)?.filter(|found| selection.takes_text(found)).map(&mut take);
            }
            Some(_) => {}
            None if selection.in_trash => rest.absent.push(ledger.absence_in_trash(installation, id)?),
            None => rest.absent.push(ledger.absence(installation, id)?),
        }
    }
    Ok(rest)
}

/// A message and the start of its file.
type Looked = (Option<Held>, Vec<u8>);

/// What is in a file, if it is still there; no message where it bears no block of ours.
fn looked_at(installation: &Installation, entry: Entry) -> Result<Option<Looked>, Trouble> {
    let Some(start) = entry.start(FIRST_LOOK)? else { return Ok(None) };
    let held = quarantine::with_start(installation, entry, &start)?;
    Ok(Some((held, start.bytes)))
}

/// What beginnings of numbers came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// The messages, in the order in which they are named.
    pub ids: Vec<HeldId>,
    /// Those with which no number begins.
    pub absent: Vec<IdBeginning>,
}

/// A message that a beginning may mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    received: i64,
    id: HeldId,
    /// Its file, where there is one.
    entry: Option<Entry>,
    /// What became of it, where there is none.
    state: &'static str,
}

/// Which messages of a folder these beginnings mean. A whole number needs no search, and is not asked for here; a beginning
/// that no message there has may be that of one which the store remembers, so that what became of it can be said.
///
/// # Errors
/// When one of them may mean several messages, which are then named on standard error; when the folder cannot be read.
pub fn meant(
    installation: &Installation,
    ledger: &mut Ledger,
    folder: &Maildir,
    beginnings: &[IdBeginning],
) -> Result<Meant, Trouble> {
    let mut meant = Meant::default();
    let mut there = candidates(installation, folder, beginnings)?.into_iter();
    for &beginning in beginnings {
        let there: Vec<Candidate> = there.next().unwrap_or_default().into_values().collect();
        if let Some(id) = beginning.whole() {
            meant.ids.push(id);
            continue;
        }
        match there.as_slice() {
            [one] => meant.ids.push(one.id),
            [] => match ledger.ask(installation, |store| Ok(store.held_beginning(beginning)?))?.as_deref() {
                Some([row]) => meant.ids.push(row.id),
                _ => meant.absent.push(beginning),
            },
            _ => return Err(ambiguous(installation, beginning, there)),
        }
    }
    Ok(meant)
}

/// The one held message that a beginning means, for a command that takes one.
///
/// # Errors
/// As [`meant`], and when no number begins so.
pub fn the_one(installation: &Installation, ledger: &mut Ledger, beginning: IdBeginning) -> Result<HeldId, Trouble> {
    let meant = meant(installation, ledger, &installation.quarantine(), &[beginning])?;
    meant.ids.first().copied().ok_or_else(|| Trouble::not_found(none_begins(beginning)))
}

/// The same of one that is held or, where none of those begins so, lies in the trash.
///
/// # Errors
/// As [`the_one`].
pub fn the_one_kept(
    installation: &Installation,
    ledger: &mut Ledger,
    beginning: IdBeginning,
) -> Result<HeldId, Trouble> {
    for folder in [installation.quarantine(), installation.trash()] {
        if let Some(id) = meant(installation, ledger, &folder, &[beginning])?.ids.first() {
            return Ok(*id);
        }
    }
    Err(Trouble::not_found(none_begins(beginning)))
}

/// The same of every message that was ever held and is remembered, whatever became of it.
///
/// # Errors
/// As [`the_one`].
pub fn the_remembered(installation: &Installation, store: &Store, beginning: IdBeginning) -> Result<HeldId, Trouble> {
    if let Some(id) = beginning.whole() {
        return Ok(id);
    }
    let rows = store.held_beginning(beginning)?;
    match rows.as_slice() {
        [row] => Ok(row.id),
        [] => Err(Trouble::not_found(format!("no message is remembered whose number begins with {beginning}"))),
        rows => {
            let held = candidates(installation, &installation.quarantine(), &[beginning])?.pop().unwrap_or_default();
            let candidate = |row: &HeldRow| Candidate {
                received: row.received,
                id: row.id,
                entry: held.get(&row.id.number()).and_then(|one| one.entry.clone()),
                state: state_words(row.state),
            };
            Err(ambiguous(installation, beginning, rows.iter().map(candidate).collect()))
        }
    }
}

/// The messages of a folder whose numbers begin so, of each beginning; of a whole number none, since nothing need be read
/// for that.
fn candidates(
    installation: &Installation,
    folder: &Maildir,
    beginnings: &[IdBeginning],
) -> Result<Vec<BTreeMap<i64, Candidate>>, Trouble> {
    let mut found = vec![BTreeMap::new(); beginnings.len()];
    if beginnings.iter().all(|beginning| beginning.whole().is_some()) || !folder.try_exists()? {
        return Ok(found);
    }
    for entry in folder.entries()? {
        let held = match quarantine::read(installation, entry?) {
            Ok(Some(held)) => held,
            Ok(None) => continue,
            Err(trouble) if quarantine::is_the_files_own(&trouble) => continue,
            Err(trouble) => return Err(trouble),
        };
        for (beginning, found) in beginnings.iter().zip(&mut found) {
            if beginning.whole().is_none() && beginning.begins(held.id) {
                let (id, received) = (held.id, held.block.received);
                let one = Candidate { received, id, entry: Some(held.entry.clone()), state: "" };
                // Of files that name one number the one whose seal holds is the message.
                if held.sealed {
                    found.insert(id.number(), one);
                } else {
                    found.entry(id.number()).or_insert(one);
                }
            }
        }
    }
    Ok(found)
}

/// Names the messages that a beginning may mean, the newest last, and says that nothing is done.
fn ambiguous(installation: &Installation, beginning: IdBeginning, mut candidates: Vec<Candidate>) -> Trouble {
    candidates.sort();
    let count = candidates.len();
    let named = candidates.split_off(count.saturating_sub(NAMED));
    let lines: String = named.iter().map(|one| line_of(installation, one)).collect();
    screen::beside(&lines);
    let above = match count.checked_sub(NAMED) {
        Some(left @ 1..) => format!("the newest {NAMED} above and {left} more"),
        _ => "those above".to_owned(),
    };
    Trouble::usage(format!(
        "{beginning} begins the numbers of {count} messages, {above}; give more digits. Nothing was done"
    ))
}

/// Number, From and Subject of such a message, or when it came and what became of it; as wide as the screen.
fn line_of(installation: &Installation, one: &Candidate) -> String {
    let held = one.entry.clone().and_then(|entry| quarantine::read(installation, entry).ok().flatten());
    let found = held.and_then(|held| Found::read(held).ok().flatten());
    let text = match found {
        Some(found) => {
            let from = filled(&one_line(&found.from, SHOWN_LIMIT), FROM_WIDTH);
            format!("{}  {from}  {}", one.id, one_line(&found.subject, SHOWN_LIMIT))
        }
        None => format!("{}  {}  {}", one.id, short_date(one.received), one.state),
    };
    let text = screen::width_beside().map_or(text.clone(), |width| cut(&text, width));
    format!("{}\n", text.trim_end())
}

fn none_begins(beginning: IdBeginning) -> String {
    format!("no message is held whose number begins with {beginning}")
}

/// The number of a held message as a person types it, or its beginning.
///
/// # Errors
/// Says what a number looks like.
pub fn parse_id(text: &str) -> Result<IdBeginning, Trouble> {
    IdBeginning::parse(text.trim()).ok_or_else(|| {
        let shown = one_line(text, 40);
        Trouble::usage(format!(
            "{shown:?} is no number of a held message; `countersign held` shows them (ten of 0-9a-f, of which the first \
             few will do)"
        ))
    })
}

impl Selection {
    /// Reads the command line; without a criterion all of the quarantine is meant.
    ///
    /// # Errors
    /// Names the option whose value makes no sense.
    pub fn parse(arguments: &SelectArguments) -> Result<Selection, Trouble> {
        let ids = arguments.ids.iter().map(|text| parse_id(text)).collect::<Result<_, _>>()?;
        let grep = arguments.grep.as_ref().map(|text| text.trim().to_lowercase());
        if grep.as_ref().is_some_and(String::is_empty) {
            return Err(Trouble::usage("--grep needs a text: an empty one is in every message".into()));
        }
        let reason = arguments.reason.as_deref().map(known_reason).transpose()?;
        let since = arguments.since.as_deref().map(seconds).transpose()?;
        Ok(Selection { ids, grep, reason, since, in_trash: false })
    }

    /// The same of what lies in the trash.
    #[must_use]
    pub fn in_trash(self) -> Selection {
        Selection { in_trash: true, ..self }
    }

    /// Reads the command line of a command that changes something.
    ///
    /// # Errors
    /// As [`Selection::parse`], and when nothing says which messages.
    pub fn parse_some(arguments: &SelectArguments) -> Result<Selection, Trouble> {
        let selection = Selection::parse(arguments)?;
        if selection.is_everything() {
            return Err(Trouble::usage("say which messages: their numbers, --grep, --reason or --since".into()));
        }
        Ok(selection)
    }

    /// Whether there is no criterion.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Selection { in_trash: self.in_trash, ..Selection::default() }
    }

    /// The numbers that are named, or their beginnings.
    #[must_use]
    pub fn ids(&self) -> &[IdBeginning] {
        &self.ids
    }

    fn none_begins(&self, beginning: IdBeginning) -> String {
        match self.in_trash {
            true => format!("no message lies in the trash whose number begins with {beginning}"),
            false => none_begins(beginning),
        }
    }

    fn folder(&self, installation: &Installation) -> Maildir {
        if self.in_trash { installation.trash() } else { installation.quarantine() }
    }

    fn takes_block(&self, held: &Held, now: i64) -> bool {
        let reason = self.reason.as_ref().is_none_or(|name| name == held.block.reason.name());
        reason && self.since.is_none_or(|since| now.saturating_sub(held.block.received) <= since)
    }

    fn takes_text(&self, found: &Found) -> bool {
        let Some(wanted) = &self.grep else { return true };
        let sender = found.held.block.sender.as_ref().map(ToString::to_string).unwrap_or_default();
        [&found.from, &found.subject, &sender].iter().any(|text| text.to_lowercase().contains(wanted))
    }
}

impl Found {
    /// Reads the header block of a held message; none if its file went away.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(mut held: Held) -> Result<Option<Found>, Trouble> {
        let mut start = held.entry.head(FIRST_LOOK)?;
        if start.is_none() {
            // A mail reader that opens a message renames its file.
            let Some(entry) = held.entry.maildir().find(&held.entry.name)? else { return Ok(None) };
            held.entry = entry;
            start = held.entry.head(FIRST_LOOK)?;
        }
        match start {
            Some(start) => Found::of(held, start),
            None => Ok(None),
        }
    }

    /// The same where the start of the file has been read.
    fn of(held: Held, mut bytes: Vec<u8>) -> Result<Option<Found>, Trouble> {
        if bytes.len() == FIRST_LOOK && Head::read(&bytes).body == bytes.len() {
            let Some(more) = held.entry.head(FIRST_LOOK + HEAD_LIMIT)? else { return Ok(None) };
            bytes = more;
        }
        let head = Head::read(&bytes);
        let (from, subject) = (shown(&head, "From"), shown(&head, "Subject"));
        Ok(Some(Found { held, from, subject }))
    }

    /// Number, From and Subject, as a command says what it has done with it.
    #[must_use]
    pub fn line(&self) -> String {
        let (from, subject) = (one_line(&self.from, SHOWN_LIMIT), one_line(&self.subject, SHOWN_LIMIT));
        format!("{}  {from}  {subject}", self.held.id)
    }
}

/// The topmost field of that name, decoded, as one line fit to be shown; empty if there is none.
#[must_use]
pub fn shown(head: &Head<'_>, name: &str) -> String {
    let field = head.first(name).filter(|field| field.is_bounded());
    field.map(|field| one_line(&decode_words(&field.unfolded()), VALUE_LIMIT)).unwrap_or_default()
}

fn known_reason(text: &str) -> Result<String, Trouble> {
    let name = text.trim().to_lowercase();
    // What was held for a sign that is no more is found by the sign's name all the same: lines of cron have it.
    let name = Sign::from_name(&name).map_or(name, |sign| sign.name().to_owned());
    if Reason::all().any(|reason| reason.name() == name) {
        return Ok(name);
    }
    let shown = one_line(text, REASON_LIMIT);
    let near = match near(text).join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(" Near it: {names}."),
    };
    let all = "All of them, with what they mean: countersign help reasons";
    Err(Trouble::usage(format!("--reason: there is no reason {shown:?}.{near} {all}")))
}

/// A day (`2026-11-28`, its beginning in UTC), or so long ago (`3d`, `12h`), as `--since` has it; seconds since 1970.
///
/// # Errors
/// When it is neither.
pub fn moment(text: &str, now: i64) -> Result<i64, Trouble> {
    match day(text.trim()) {
        Some(at) => Ok(at),
        None if text.contains('-') => {
            Err(Trouble::usage(format!("--since: {:?} is no day; one looks like 2026-11-28", one_line(text, 40))))
        }
        None => Ok(now - seconds(text)?),
    }
}

/// `3d` or `12h` in seconds.
fn seconds(text: &str) -> Result<i64, Trouble> {
    let shown = one_line(text, 40);
    let wrong = || Trouble::usage(format!("--since: {shown:?} is no time; days look like 3d, hours like 12h"));
    let text = text.trim();
    let (digits, hours_each) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => (days, 24),
        (_, Some(hours)) => (hours, 1),
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let hours = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(hours_each));
    match hours {
        Some(hours @ 1..=HOURS_LIMIT) => Ok(hours * 3_600),
        _ => Err(Trouble::usage(format!("--since: {shown:?} is not between 1h and {}d", HOURS_LIMIT / 24))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Ending;
    use crate::mail::address::Address;
    use crate::origin::auth::Proofs;
    use crate::policy::block::Block;
    use crate::policy::fingerprint::{Fingerprint, Kind};
    use crate::policy::key::SecretKey;
    use crate::policy::verdict::Verdict;
    use crate::report;

    fn arguments(grep: Option<&str>, reason: Option<&str>, since: Option<&str>) -> SelectArguments {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        SelectArguments { ids: Vec::new(), grep: owned(grep), reason: owned(reason), since: owned(since) }
    }

    fn found(from: &str, subject: &str, reason: Reason, received: i64) -> Found {
        let entry = Entry { path: "x".into(), name: "x".into(), is_new: true };
        let block = Block {
            id: HeldId::parse("0123456789"),
            verdict: Verdict::Hold,
            reason,
            recipient: Address::parse("alice@example.org").unwrap(),
            sender: Address::parse("bob@example.net").ok(),
            proofs: Proofs::NONE,
            received,
        };
        let message = Fingerprint::of(&SecretKey::new([1; 32]), Kind::Message, b"x");
        let held = Held { entry, id: HeldId::from_random(1), block, message, sealed: true, packed: false };
        Found { held, from: from.into(), subject: subject.into() }
    }

    #[test]
    fn times_are_days_or_hours_and_nothing_else() {
        assert_eq!(seconds("3d").unwrap(), 3 * 86_400);
        assert_eq!(seconds(" 12h ").unwrap(), 12 * 3_600);
        assert_eq!(seconds("36500d").unwrap(), 36_500 * 86_400);
        for text in
            ["", "d", "3", "3D", "3 d", "-3d", "+3d", "3.5d", "3m", "0d", "36501d", "99999999999999999999h", "٣d"]
        {
            assert_eq!(seconds(text).unwrap_err().ending, Ending::Usage, "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_day_or_so_long_ago() {
        assert_eq!(moment("2026-11-28", 7).unwrap(), 1_795_824_000);
        assert_eq!(moment("3d", 4 * 86_400).unwrap(), 86_400);
        for text in ["2026-13-01", "2026-02-30", "2026-1-1", "26-11-28", "-3d", "yesterday", "", "2026-11-28x"] {
            assert_eq!(moment(text, 0).unwrap_err().ending, Ending::Usage, "{text}");
        }
    }

    #[test]
    fn nothing_is_changed_without_a_criterion() {
        assert!(Selection::parse(&SelectArguments::default()).unwrap().is_everything());
        assert_eq!(Selection::parse_some(&SelectArguments::default()).unwrap_err().ending, Ending::Usage);
        for empty in ["", "  "] {
            assert_eq!(Selection::parse(&arguments(Some(empty), None, None)).unwrap_err().ending, Ending::Usage);
        }
        assert!(Selection::parse_some(&arguments(None, None, Some("1h"))).is_ok());
    }

    #[test]
    fn numbers_and_reasons_are_strict() {
        assert_eq!(parse_id("0123456789").unwrap().whole(), HeldId::parse("0123456789"));
        assert_eq!(parse_id("ABCDEF0123").unwrap().to_string(), "abcdef0123");
        assert_eq!(parse_id(" 1 ").unwrap().whole(), None);
        for text in ["", "01234567890", "012345678g", "0x12345678", "../../../x"] {
            assert_eq!(parse_id(text).unwrap_err().ending, Ending::Usage, "{text}");
        }
        assert_eq!(known_reason("Not-Proven").unwrap(), "not-proven");
        assert_eq!(known_reason("Spam-Subject").unwrap(), "former-sign");
        for text in ["", "spam-subjects", "spam subject", "77"] {
            assert_eq!(known_reason(text).unwrap_err().ending, Ending::Usage, "{text}");
        }
    }

    #[test]
    fn a_wrong_reason_names_the_near_ones_whole() {
        let said = |text: &str| report::chain(&known_reason(text).unwrap_err().error);
        assert!(said("not-provn").contains("there is no reason \"not-provn\". Near it: not-proven. All"));
        assert!(said("weather").contains("\"weather\". All of them, with what they mean: countersign help reasons"));
        // However many are near: none is cut, nor is the way to all of them.
        let names: Vec<&str> = Reason::all().map(Reason::name).collect();
        for name in &names {
            for (length, start) in [(3, 0), (4, 0), (name.len() - 1, 1)] {
                let typed = name.get(start..start + length.min(name.len() - start)).unwrap();
                if names.contains(&typed) {
                    continue;
                }
                let text = said(typed);
                assert!(text.contains(&near(typed).join(", ")) && text.ends_with("countersign help reasons"), "{text}");
            }
        }
        let long = "not-proven ".repeat(9_000);
        assert!(said(&long).ends_with("countersign help reasons"), "{}", said(&long));
    }

    #[test]
    fn the_names_of_signs_that_are_no_more_find_what_was_held_for_such() {
        let takes = |name, reason| {
            let selection = Selection::parse(&arguments(None, Some(name), None)).unwrap();
            selection.takes_block(&found("a", "b", reason, 0).held, 0)
        };
        // By the number that the version stored which knew the sign.
        let stored = Reason::from_number(277).unwrap();
        assert!(takes("spam-subject", stored) && takes("former-sign", stored));
        assert!(!takes("unsubscribe-text", stored));
        assert!(!takes("spam-subject", Reason::NotAddressed) && !takes("spam-subject", Reason::ScoreHigh));
    }

    #[test]
    fn criteria_of_different_kinds_must_all_hold() {
        let message = found("Bob <bob@example.net>", "Das GRÜNE Haus", Reason::NotAddressed, 1_000_000);
        let takes = |grep, reason, since| {
            let selection = Selection::parse(&arguments(grep, reason, since)).unwrap();
            selection.takes_block(&message.held, 1_000_000 + 7_200) && selection.takes_text(&message)
        };
        assert!(takes(None, None, None));
        assert!(takes(Some("grüne"), Some("not-addressed"), Some("2h")));
        assert!(takes(Some("BOB@EXAMPLE"), None, None));
        assert!(!takes(Some("carol"), Some("not-addressed"), Some("2h")));
        assert!(!takes(Some("grüne"), Some("challenge"), Some("2h")));
        assert!(!takes(Some("grüne"), Some("not-addressed"), Some("1h")));
    }

    #[test]
    fn what_a_stranger_wrote_is_one_clean_line() {
        let text = b"From: =?utf-8?q?=1B]0;x=07Bob?= <b@x.org>\nSubject: a\n b\nSubject: second\n\n";
        let head = Head::read(text);
        assert!(!shown(&head, "From").chars().any(char::is_control));
        assert_eq!(shown(&head, "Subject"), "a b");
        assert_eq!(shown(&head, "To"), "");
    }
}
