//! The checks of the machine and its mail system: the clock, the log, sendmail, the delimiter, where mail arrives.
//!
//! Promises: only looks. Never touches: the mail system's files.

use super::finding::Finding;
use crate::operation::arrival::{self, Sight};
use crate::operation::place::Place;
use crate::policy::time::{Doubt, RELEASED, doubt};
use crate::world::config::{Config, Environment, Paths};
use crate::world::relay::is_this_program;
use crate::world::store::Store;
use crate::world::surroundings;

/// 2100-01-01: tokens count days in 15 bits from 2020.
const CLOCK_TO: i64 = 4_102_444_800;

pub(super) fn clock(now: i64) -> Finding {
    if (RELEASED..CLOCK_TO).contains(&now) {
        return Finding::good("clock", &format!("{} UTC", crate::mail::compose::short_date(now)));
    }
    let said = format!("this machine believes it is {} UTC", crate::mail::compose::short_date(now));
    Finding::wrong("clock", &said).way("set it; tokens and the time that mail is kept count from it")
}

/// Whether `maintain` goes by the clock; the check of the store says it where that cannot be read.
pub(super) fn believed(config: &Config, now: i64) -> Option<Finding> {
    let store = Store::open(&config.paths.store).ok()?;
    let doubt = doubt(now, store.accepted_at().ok()?).filter(|doubt| !matches!(doubt, Doubt::Unset(_)))?;
    Some(Finding::warning("clock", &format!("{}.", doubt.sentence())).way(doubt.way_out()))
}

/// Whether the log goes anywhere.
pub(super) fn log(is_heard: bool) -> Finding {
    if is_heard {
        return Finding::good("log", "/dev/log");
    }
    Finding::warning(
        "log",
        "nobody listens at /dev/log: what became of a message, and what went wrong, is written nowhere",
    )
    .way("start a system log (rsyslog, syslog-ng, systemd-journald), in a container too")
}

pub(super) fn sendmail(config: &Config) -> Finding {
    let path = &config.paths.sendmail;
    let why = match (is_this_program(path), surroundings::is_executable(path)) {
        (true, _) => {
            "is this program, which sends nothing by itself: no challenge goes out, nor what you send through it"
        }
        (false, false) => "is not a program that you can run: no challenge goes out; all else is done as ever",
        (false, true) => return Finding::good("sendmail", &path.display().to_string()),
    };
    let said = format!("{} {why}", path.display());
    let finding = Finding::warning("sendmail", &said);
    match surroundings::sendmail() {
        Some(other) => finding.way(format!("sendmail = \"{}\" in the part [challenge]", other.display())),
        None => {
            finding.way("install one (every mail system brings one), or name yours: sendmail in the part [challenge]")
        }
    }
}

/// Whether the inbox is where mail arrives: else nobody sees the digest, and what is released is out of sight.
pub(super) fn arrival(config: &Config, environment: &Environment) -> Option<Finding> {
    let Paths { inbox, .. } = &config.paths;
    let seen = arrival::look(environment, Place::of(inbox));
    let own = Place::of(inbox)?;
    let Some(Sight { place, said_by }) = seen.instead_of(inbox) else {
        let said = format!(
            "~/.procmailrc calls this program and names no DEFAULT: what passes goes into procmail's own inbox, usually \
             /var/mail/you, and the digest and what you release go into {own}"
        );
        let (maildir, mbox) = (own.path().display(), "mbox = \"/var/mail/you\" in the part [inbox]");
        return seen.leaves_to_procmail(inbox).then(|| {
            Finding::warning("inbox", &said)
                .way(format!("DEFAULT={maildir}/ in ~/.procmailrc, if that is where you read your mail; else {mbox}"))
        });
    };
    let said = format!("mail arrives in {place} ({said_by}), and the digest and what you release go into {own}");
    let key = match &place {
        Place::Maildir(path) => format!("maildir = \"{}\"", path.display()),
        Place::Mbox(path) => format!("mbox = \"{}\"", path.display()),
    };
    Some(Finding::wrong("inbox", &said).way(format!("{key} in the part [inbox], if that is where you read your mail")))
}

/// What becomes of answers to sub-addresses, where Postfix on this machine (its `recipient_delimiter`; none without Postfix)
/// does not split addresses at every one of these characters.
#[must_use]
pub fn refused_answers(ours: &str, postfix: Option<&str>) -> Option<String> {
    let theirs = postfix?;
    let odd = ours.chars().find(|c| !theirs.contains(*c))?;
    let says = if theirs.is_empty() { "is empty".to_owned() } else { format!("is {theirs:?}") };
    Some(format!("Postfix's recipient_delimiter {says}: answers to you{odd}\u{2026}@ would be refused"))
}

pub(super) fn delimiter(config: &Config) -> Finding {
    delimiter_beside(&config.policy.owner.delimiters, surroundings::delimiters().as_deref())
}

fn delimiter_beside(ours: &str, postfix: Option<&str>) -> Finding {
    if let Some(said) = refused_answers(ours, postfix) {
        let theirs = postfix.unwrap_or_default();
        return Finding::warning("delimiter", &said).way(format!(
            "recipient_delimiter = {ours} in main.cf, or delimiters = {theirs:?} in the part [owner]; countersign doctor \
             --send-probe shows whether mail to a sub-address arrives all the same"
        ));
    }
    match (ours, postfix) {
        ("", Some(theirs)) if !theirs.is_empty() => {
            let said = format!("the configuration says none, Postfix on this machine says {theirs:?}");
            Finding::warning("delimiter", &said).way(format!("delimiters = {theirs:?} in the part [owner]"))
        }
        ("", _) => Finding::note("delimiter", "none: an answer is known by its Subject and references only")
            .way("if your mail system splits you+anything@, say so: delimiters = \"+\" in the part [owner]"),
        (_, Some(_)) => Finding::good("delimiter", &format!("{ours}, as Postfix on this machine says")),
        (_, None) => Finding::good("delimiter", &format!("{ours}, as the configuration says"))
            .way("countersign doctor --send-probe shows whether mail to a sub-address arrives"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::checkup::Grade;

    #[test]
    fn a_delimiter_is_good_only_where_nobody_says_otherwise() {
        for (ours, postfix, grade, says) in [
            ("+", Some(""), Grade::Warning, "is empty: answers to you+\u{2026}@ would be refused"),
            ("+", Some("-"), Grade::Warning, "is \"-\": answers to you+\u{2026}@ would be refused"),
            ("+-", Some("+"), Grade::Warning, "answers to you-\u{2026}@ would be refused"),
            ("", Some("+"), Grade::Warning, "Postfix on this machine says \"+\""),
            ("", Some(""), Grade::Note, "none"),
            ("", None, Grade::Note, "none"),
            ("+", Some("+"), Grade::Good, "+, as Postfix"),
            ("+", Some("-+"), Grade::Good, "+, as Postfix"),
            ("+", None, Grade::Good, "+, as the configuration says"),
        ] {
            let finding = delimiter_beside(ours, postfix);
            assert!(finding.grade == grade && finding.said.contains(says), "{ours} {postfix:?}: {finding:?}");
            assert_eq!(refused_answers(ours, postfix).is_some(), finding.said.contains("refused"));
        }
    }
}
