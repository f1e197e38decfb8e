//! The only file that reads the clock.
//!
//! A [`Clock`] turns the system's monotonic clock into [`Moment`]s for the state
//! machines. [`wall_time`] is the time of day, which users see beside a line. It may jump
//! when somebody sets it, so no wait depends on it; [`steady_time_ms`] is for waits.

use crate::reliable::moment::Moment;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that starts when it is created.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts a clock.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this file reads the clock for all others"
    )]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// The time since its start.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::START + self.started.elapsed()
    }

    /// The time from now until `moment`; zero if it has passed.
    #[must_use]
    pub fn until(&self, moment: Moment) -> Duration {
        moment - self.now()
    }
}

/// The time of day. Unit: milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn wall_time_ms() -> u64 {
    u64::try_from(wall_time().as_millis()).unwrap_or(u64::MAX)
}

/// The time of day at the first call, plus the time that has passed since. It never
/// jumps, so waits are measured with it. Unit: milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn steady_time_ms() -> u64 {
    static BEGINNING: OnceLock<(Clock, u64)> = OnceLock::new();
    let (clock, began_ms) = BEGINNING.get_or_init(|| (Clock::start(), wall_time_ms()));
    let passed = clock.now().since_start().as_millis();
    began_ms.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
}

/// The time of day in the resolution of the system: since 1970-01-01 UTC.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this file reads the clock for all others"
)]
pub fn wall_time() -> Duration {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_time_never_goes_back() {
        let first = steady_time_ms();
        assert!(steady_time_ms() >= first);
    }
}
