//! Which held messages a command line means: by number, text, reason or age.
//!
//! Promises: where something is changed, at least one criterion was given; criteria of different kinds must all
//! hold; a number that is not held is said. Never touches: the messages.

use std::collections::HashSet;

use crate::cli::SelectArguments;
use crate::mail::compose::day;
use crate::mail::display::{SHOWN_LIMIT, one_line};
use crate::mail::fold::decode_words;
use crate::mail::head::{HEAD_LIMIT, Head, VALUE_LIMIT};
use crate::operation::installation::Installation;
use crate::operation::ledger::Ledger;
use crate::operation::quarantine::{self, Held};
use crate::operation::trouble::Trouble;
use crate::operation::unread::Unread;
use crate::policy::reason::Reason;
use crate::policy::token::HeldId;
use crate::signs::Sign;
use crate::world::maildir::Entry;

/// What is read first of a message to find its Subject; real header blocks are nearly all shorter.
const FIRST_LOOK: usize = 64 * 1024;
/// The longest time `--since` takes, in hours: a hundred years.
const HOURS_LIMIT: i64 = 100 * 365 * 24;

/// What the command line says, valid by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    ids: Vec<HeldId>,
    /// In lower case.
    grep: Option<String>,
    reason: Option<String>,
    /// Seconds back from now.
    since: Option<i64>,
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
    let mut rest = Rest::default();
    // A file that a mail reader renames while the folder is listed may come twice.
    let mut seen = HashSet::new();
    let mut pass = |held: &Held| selection.takes_block(held, now) && seen.insert(held.id.number());
    for id in &selection.ids {
        match ledger.find(installation, *id)? {
            Some(held) if pass(&held) => {
                Found::read(installation, held)?.filter(|found| selection.takes_text(found)).map(&mut take);
            }
            Some(_) => {}
            None => rest.absent.push(ledger.absence(installation, *id)?),
        }
    }
    if !selection.ids.is_empty() {
        return Ok(rest);
    }
    let (mut sealed, mut unsealed) = (HashSet::new(), HashSet::new());
    for entry in quarantine::files(installation)? {
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
    for held in quarantine::of_names(installation, unsealed)? {
        let held = held?;
        if sealed.contains(&held.id.number()) {
            rest.unread.push(Unread { path: held.entry.path, why: None });
        } else if pass(&held) {
            Found::read(installation, held)?.filter(|found| selection.takes_text(found)).map(&mut take);
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

/// The number of a held message as a person types it.
///
/// # Errors
/// Says what a number looks like.
pub fn parse_id(text: &str) -> Result<HeldId, Trouble> {
    HeldId::parse(text.trim()).ok_or_else(|| {
        let shown = one_line(text, 40);
        Trouble::usage(format!(
            "{shown:?} is no number of a held message; `countersign held` shows them (ten of 0-9a-f)"
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
        Ok(Selection { ids, grep, reason, since })
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
        *self == Selection::default()
    }

    /// The numbers that are named.
    #[must_use]
    pub fn ids(&self) -> &[HeldId] {
        &self.ids
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
    pub fn read(installation: &Installation, mut held: Held) -> Result<Option<Found>, Trouble> {
        let mut start = held.entry.head(FIRST_LOOK)?;
        if start.is_none() {
            // A mail reader that opens a message renames its file.
            let Some(entry) = installation.quarantine().find(&held.entry.name)? else { return Ok(None) };
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
    let mut names: Vec<&str> = Reason::all().map(Reason::name).collect();
    names.sort_unstable();
    names.dedup();
    let shown = one_line(text, 40);
    Err(Trouble::usage(format!("--reason: there is no reason {shown:?}; there are: {}", names.join(", "))))
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
        assert_eq!(parse_id("0123456789").unwrap(), HeldId::parse("0123456789").unwrap());
        assert_eq!(parse_id("ABCDEF0123").unwrap().to_string(), "abcdef0123");
        for text in ["", "1", "01234567890", "012345678g", "0x12345678", "../../../x"] {
            assert_eq!(parse_id(text).unwrap_err().ending, Ending::Usage, "{text}");
        }
        assert_eq!(known_reason("Not-Proven").unwrap(), "not-proven");
        assert_eq!(known_reason("Spam-Subject").unwrap(), "former-sign");
        for text in ["", "spam-subjects", "spam subject", "77"] {
            assert_eq!(known_reason(text).unwrap_err().ending, Ending::Usage, "{text}");
        }
        assert!(known_reason("spam").unwrap_err().error.to_string().contains("not-proven"));
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
