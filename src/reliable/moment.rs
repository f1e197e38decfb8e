//! Time as data: a [`Moment`] is the time since the start of the driver's clock.
//!
//! A state machine never reads the time; its caller passes the moment. Therefore the same
//! state machine runs with the real clock, in virtual time and in a test, and a run can
//! be repeated.
//!
//! ```
//! use sash::reliable::moment::Moment;
//! use std::time::Duration;
//! let sent = Moment::START + Duration::from_millis(40);
//! let acked = sent + Duration::from_millis(25);
//! assert_eq!(acked - sent, Duration::from_millis(25));
//! ```
//!
//! Source: smoltcp's and quinn-proto's rule that the protocol does not own the clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point in time, counted from the start of the driver's clock.
///
/// Resolution: nanoseconds; range: 584 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The driver's clock has just started.
    pub const START: Self = Self(Duration::ZERO);

    /// The time since the start of the driver's clock.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The clock as a time stamp in a packet: microseconds, modulo 2^32.
    ///
    /// It wraps around every 71 minutes, which is longer than any round trip.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time stamp wraps on purpose"
    )]
    pub const fn stamp(self) -> u32 {
        self.0.as_micros() as u32
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

impl AddAssign<Duration> for Moment {
    fn add_assign(&mut self, later: Duration) {
        *self = *self + later;
    }
}

/// The time from `earlier` to `self`; zero if `earlier` is later.
impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_wraps_around_after_71_minutes() {
        let late = Moment::START + Duration::from_micros((1 << 32) + 5);
        assert_eq!(late.stamp(), 5);
    }

    #[test]
    fn time_never_runs_backwards() {
        let later = Moment::START + Duration::from_secs(1);
        assert_eq!(Moment::START - later, Duration::ZERO);
    }
}
