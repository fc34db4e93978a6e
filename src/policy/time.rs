//! Whether the machine's clock is believed, and from when a message's time counts.
//!
//! Promises: pure. A clock is held against the last one that `maintain` accepted; what arrives never moves that. In doubt
//! nothing expires. Never touches: the clock itself, what expires.

use crate::mail::compose::short_date;

/// 2026-01-01, before the first release was made: a clock that says less is wrong, and so is a time that is written down.
pub const RELEASED: i64 = 1_767_225_600;
/// So many seconds after the last accepted time a clock is still believed: `maintain` runs once an hour.
const BELIEVED_FOR: i64 = 7 * DAY;
/// So many seconds after the last accepted time a message may have arrived or been listed.
const SLACK: i64 = DAY;
const DAY: i64 = 86_400;

/// Why the clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was never set.
    Unset(i64),
    /// It was set back.
    Back(i64, i64),
    /// It was set forward, or the machine was off.
    Ahead(i64, i64),
}

/// Why `maintain` must not go by this clock, by the time that it accepted last; the first one is accepted, and nothing is old by
/// it ([`is_plausible`]). Seconds since 1970.
#[must_use]
pub fn doubt(now: i64, accepted: Option<i64>) -> Option<Doubt> {
    match accepted {
        _ if now < RELEASED => Some(Doubt::Unset(now)),
        Some(last) if now < last => Some(Doubt::Back(now, last)),
        Some(last) if now.saturating_sub(last) > BELIEVED_FOR => Some(Doubt::Ahead(now, last)),
        _ => None,
    }
}

/// Whether a message can have arrived or been listed then; if not, its time counts from now. Before any clock was accepted
/// nothing says whether this one is right, so nothing can: else one that is years ahead would end all that is held.
#[must_use]
pub fn is_plausible(at: i64, accepted: Option<i64>) -> bool {
    accepted.is_some_and(|last| (RELEASED..=last.saturating_add(SLACK)).contains(&at))
}

impl Doubt {
    /// What is the matter, in whole sentences without the last full stop.
    #[must_use]
    pub fn sentence(self) -> String {
        let of = |now: i64| format!("This machine believes it is {} UTC", short_date(now));
        match self {
            Doubt::Unset(now) => format!("{}: its clock was never set. Until it is, no held mail expires", of(now)),
            Doubt::Back(now, last) => {
                let last = short_date(last);
                format!(
                    "{}, and `maintain` ran at {last} UTC before. Until that is past, no held mail expires",
                    of(now)
                )
            }
            Doubt::Ahead(now, last) => {
                let (days, last) = ((now - last) / DAY, short_date(last));
                format!(
                    "{}, {days} days after `maintain` ran last ({last} UTC). No held mail expires meanwhile",
                    of(now)
                )
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn way_out(self) -> &'static str {
        match self {
            Doubt::Unset(_) => "set the clock",
            Doubt::Back(..) | Doubt::Ahead(..) => {
                "if the clock is right (the machine was off, or `maintain` did not run): countersign maintain \
                 --clock-is-right; else set it"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_262_400;

    #[test]
    fn a_clock_is_believed_for_a_week_after_the_last_accepted_one() {
        for (now, accepted, doubted) in [
            (NOW, None, None),
            (NOW, Some(NOW), None),
            (NOW, Some(NOW - 7 * DAY), None),
            (NOW, Some(NOW - 7 * DAY - 1), Some(Doubt::Ahead(NOW, NOW - 7 * DAY - 1))),
            (NOW, Some(NOW + 1), Some(Doubt::Back(NOW, NOW + 1))),
            (7, None, Some(Doubt::Unset(7))),
            (RELEASED - 1, Some(0), Some(Doubt::Unset(RELEASED - 1))),
            (RELEASED, None, None),
        ] {
            assert_eq!(doubt(now, accepted), doubted, "{now} {accepted:?}");
        }
        assert!(doubt(i64::MAX, Some(i64::MIN)).is_some());
        let ahead = Doubt::Ahead(NOW, NOW - 21 * DAY);
        assert!(ahead.sentence().contains("21 days") && ahead.way_out().contains("maintain --clock-is-right"));
    }

    #[test]
    fn what_no_clock_can_have_said_counts_from_now() {
        for (at, accepted, plausible) in [
            (NOW - 40 * DAY, Some(NOW), true),
            (NOW + DAY, Some(NOW), true),
            (NOW + DAY + 1, Some(NOW), false),
            (NOW - DAY, Some(NOW - 3 * DAY), false),
            (0, Some(NOW), false),
            (RELEASED - 1, None, false),
            (NOW - 40 * DAY, None, false),
            (NOW, None, false),
        ] {
            assert_eq!(is_plausible(at, accepted), plausible, "{at} {accepted:?}");
        }
    }
}
