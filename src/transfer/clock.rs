//! The only file that reads the clock.
//!
//! A [`Clock`] turns the system's monotonic clock into [`Moment`]s for the machines;
//! [`wall_time`] is the time of day, which people see beside a line. It may jump, because
//! somebody sets it; so nothing waits by it, and [`steady_time_ms`] is there for that.

use crate::reliable::moment::Moment;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs};

/// A clock that started when it was made.
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

    /// How long it has been running.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::START + self.started.elapsed()
    }

    /// How long from now until `moment`; zero where it has passed.
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

/// The time of day when this was first asked, and as much later as has passed since: what
/// waits are measured by. It never jumps. Unit: milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn steady_time_ms() -> u64 {
    static BEGINNING: OnceLock<(Clock, u64)> = OnceLock::new();
    let (clock, began_ms) = BEGINNING.get_or_init(|| (Clock::start(), wall_time_ms()));
    let passed = clock.now().since_start().as_millis();
    began_ms.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
}

/// The time of day, as finely as the system tells it: since 1970-01-01 UTC.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this file reads the clock for all others"
)]
pub fn wall_time() -> Duration {
    let true_time = SystemTime::now().duration_since(UNIX_EPOCH);
    shifted(true_time.unwrap_or_default(), jump_seconds())
}

/// The environment variable that names a file with a number of seconds, by which the time
/// of day is wrong. `lab chaos` so lets the clock jump that the programs see, and leaves
/// the machine's alone.
pub const CLOCK_FILE: &str = "SASH_CLOCK_FILE";

fn jump_seconds() -> i64 {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let file = FILE.get_or_init(|| env::var_os(CLOCK_FILE).map(PathBuf::from));
    let text = file.as_ref().and_then(|file| fs::read_to_string(file).ok());
    text.and_then(|it| it.trim().parse().ok()).unwrap_or(0)
}

const fn shifted(time: Duration, seconds: i64) -> Duration {
    let jump = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        time.saturating_sub(jump)
    } else {
        time.saturating_add(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_time_of_day_and_what_passes_goes_on_steadily() {
        let noon = Duration::from_secs(1_000_000);
        assert_eq!(shifted(noon, 3_600), Duration::from_secs(1_003_600));
        assert_eq!(shifted(noon, -3_600), Duration::from_secs(996_400));
        assert_eq!(shifted(noon, i64::MIN), Duration::ZERO);
        assert!(shifted(noon, i64::MAX).checked_sub(noon).is_some());
        let first = steady_time_ms();
        assert!(steady_time_ms() >= first);
    }
}
