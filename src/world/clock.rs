//! The time of day: the only place that asks the machine for it.
//!
//! Promises: seconds since 1970 in UTC, whatever the machine's time zone. Never touches: the times of files
//! (those are `maildir`'s), and never measures a duration (a clock that is set would shorten or prolong it).

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01 00:00:00 UTC; negative when the machine believes to live before that.
#[must_use]
pub fn now() -> i64 {
    now_with_microseconds().0
}

/// Seconds since 1970 in UTC, and the microseconds (0 to 999,999) of the second that has begun.
#[must_use]
pub fn now_with_microseconds() -> (i64, u32) {
    since_1970(SystemTime::now())
}

fn since_1970(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_micros()),
        // A machine without a battery starts in 1970, or before it. Whole seconds are exact enough there.
        Err(error) => (-i64::try_from(error.duration().as_secs()).unwrap_or(i64::MAX), 0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_before_1970_is_negative_and_no_panic() {
        assert_eq!(since_1970(UNIX_EPOCH - Duration::from_secs(7)), (-7, 0));
    }

    #[test]
    fn seconds_and_microseconds_are_those_of_the_machine() {
        assert_eq!(since_1970(UNIX_EPOCH + Duration::from_micros(1_000_000_000_250_000)), (1_000_000_000, 250_000));
        // This was written on 2026-11-21.
        assert!(now() > 1_795_000_000);
    }
}
