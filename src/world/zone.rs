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

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 12:00 and 2026-07-21 12:00 UTC.
    const WINTER: i64 = 1_795_262_400;
    const SUMMER: i64 = 1_784_635_200;

    #[test]
    fn a_zone_without_a_name_is_called_as_its_time() {
        let zone = LocalZone(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        assert_eq!((zone.offset(WINTER), zone.name(WINTER)), (3_600, "CET".into()));
        assert_eq!((zone.offset(SUMMER), zone.name(SUMMER)), (7_200, "CEST".into()));
    }

    #[test]
    fn no_zone_is_utc_whatever_else_it_is_called() {
        for zone in [TimeZone::UTC, TimeZone::unknown()] {
            let zone = LocalZone(zone);
            assert_eq!((zone.offset(WINTER), zone.name(WINTER)), (0, "UTC".into()));
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_not_moved() {
        let zone = LocalZone(TimeZone::posix("CET-1").unwrap());
        for odd in [i64::MIN, i64::MAX] {
            assert_eq!((zone.offset(odd), zone.name(odd)), (0, "CET".into()));
        }
    }
}
