//! What was read of address books and foreign lists, and what came of each entry.
//!
//! Promises: every entry is counted once; at most [`NAMED`] are named, so that a broken file fills no screen. Never touches:
//! the store.

use crate::mail::display::one_line;
use crate::operation::entry::{Who, refuse_mail_system};
use crate::operation::installation::Installation;
use crate::operation::people::{Meter, summary};
use crate::operation::progress::group;
use crate::operation::screen;
use crate::policy::Owner;
use crate::policy::standing::{Effect, Entry};

/// Most lines that are named one by one.
const NAMED: u64 = 50;
/// So many entries …
pub const LEFT: &str = "left, each with its line";

/// What was read.
pub struct Sum {
    owner: Owner,
    meter: Meter,
    /// Entries in all.
    pub read: u64,
    own: u64,
    systems: u64,
    new: u64,
    as_before: u64,
    left: u64,
    faults: u64,
    silent: bool,
}

impl Sum {
    /// Nothing yet.
    #[must_use]
    pub fn begun(installation: &Installation) -> Sum {
        let owner = installation.config.policy.owner.clone();
        let meter = Meter::begun();
        Sum { owner, meter, read: 0, own: 0, systems: 0, new: 0, as_before: 0, left: 0, faults: 0, silent: false }
    }

    /// The same that names nothing.
    #[must_use]
    pub fn in_silence(installation: &Installation) -> Sum {
        Sum { silent: true, ..Sum::begun(installation) }
    }

    /// Whether somebody is new, or a file cannot be read.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.new + self.faults > 0
    }

    /// Whom an entry puts on the list; none where it is the user, or a mail system that is never allowed.
    pub fn change(&mut self, who: Who, effect: Effect) -> Option<Who> {
        self.read += 1;
        self.show("read", self.read);
        if matches!(&who, Who::Address(address) if self.owner.is(address)) {
            self.own += 1;
            return None;
        }
        if effect == Effect::Allow && refuse_mail_system(&who).is_err() {
            self.systems += 1;
            return None;
        }
        Some(who)
    }

    /// An entry came to the list, where that was before.
    pub fn written(&mut self, before: Option<Entry>) {
        match before {
            None => self.new += 1,
            Some(_) => self.as_before += 1,
        }
        self.show("written", self.new + self.as_before);
    }

    fn show(&mut self, what: &str, count: u64) {
        if !self.silent {
            self.meter.show(what, count);
        }
    }

    /// An entry that cannot be taken, with its place and the reason.
    pub fn left(&mut self, what: &str) {
        self.read += 1;
        self.left += 1;
        match self.left {
            _ if self.silent => {}
            ..=NAMED => screen::error(&one_line(what, 1_000)),
            count if count == NAMED + 1 => screen::error("more of them are only counted"),
            _ => {}
        }
    }

    /// A file that cannot be read.
    pub fn fault(&mut self, what: &str) {
        self.faults += 1;
        if !self.silent {
            screen::error(&one_line(what, 1_000));
        }
    }

    /// Takes out what cannot be taken, and says how many that were: of those it may not be known what they were there for.
    pub fn without_left(&mut self) -> u64 {
        self.read -= self.left;
        std::mem::take(&mut self.left)
    }

    /// All of it in words; `effect` is what became of the new ones.
    #[must_use]
    pub fn text(&self, place: &str, effect: Effect, dry_run: bool) -> String {
        let known = match (effect, dry_run) {
            (Effect::Allow, true) => "would be known",
            (Effect::Allow, false) => "more known from now on",
            (Effect::Deny, true) => "would be denied",
            (Effect::Deny, false) => "more denied from now on",
        };
        let rest = summary(&[
            (self.as_before, "on the list as before"),
            (self.own, "your own"),
            (self.systems, "of mail systems, which are never allowed"),
            (self.left, LEFT),
        ]);
        let rest = if rest.is_empty() { rest } else { format!("; {rest}") };
        format!("{} {place}: {} {known}{rest}\n", group(self.read), group(self.new))
    }
}
