//! The user's zone: by how much their time of day is ahead of UTC. Only for what people read.
//!
//! Promises: the zone of `TZ`, else of `/etc/localtime`; UTC, and called so, where neither can be read. Never used by
//! `deliver`, `gate` and `filter`, which have no time for such files. Never touches: the time itself (`clock.rs`).

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What the zone is called that nobody has set.
const UTC: &str = "UTC";
/// Longest name that is shown: the longest of the database has 32 characters.
const NAME_LIMIT: usize = 40;

/// A zone, as the machine knows it.
#[derive(Clone, Debug)]
pub struct LocalZone(TimeZone);

impl LocalZone {
    /// Reads the user's.
    #[must_use]
    pub fn read() -> LocalZone {
        LocalZone(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// By how many seconds it is ahead of UTC at a time, in seconds since 1970.
    #[must_use]
    pub fn offset(&self, at: i64) -> i64 {
        Timestamp::from_second(at).map_or(0, |at| i64::from(self.0.to_offset(at).seconds()))
    }

    /// What it is called: `Europe/Berlin`, which is the same in summer; else what it is called at that time, `CET`.
    #[must_use]
    pub fn name(&self, at: i64) -> String {
        let now = Timestamp::from_second(at).unwrap_or_default();
        let info = self.0.to_offset_info(now);
        let name = match self.0.iana_name() {
            Some(name) => name,
            None => info.abbreviation(),
        };
        let good = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        let is_utc = matches!(name, "Etc/UTC" | "Etc/UCT" | "Etc/Zulu" | "Zulu" | "UCT" | "Etc/Unknown");
        let known = !is_utc && !name.is_empty() && name.len() <= NAME_LIMIT && name.chars().all(good);
        if known { name.to_owned() } else { UTC.to_owned() }
    }
}
