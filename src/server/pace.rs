//! Limits the rate of one client: a leaky bucket.
//!
//! A message of a client goes to all users, so a hundred clients that flood the room
//! would leave no time for others. A client that is faster than the bucket leaks is not
//! refused but read more slowly; TCP's flow control then slows it down. The bucket
//! empties while the client is silent.
//!
//! ```text
//! bytes of lines in --> [ bucket, 768 KiB ] --> 64 KiB/s out;  full: wait until it is not
//! ```
//!
//! This allows eight short lines per second, or three of the longest, and ninety at once
//! for a user who pastes a page.
//!
//! It reads no clock and does not wait: it returns the time to wait.
//!
//! Source: Kurose & Ross §9.5.2 (leaky bucket).

use crate::reliable::moment::Moment;
use std::time::Duration;

/// The bucket of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pace {
    /// The time when it will be empty, if nothing is added.
    empty_at: Moment,
}

/// The rate at which the bucket drains. Unit: bytes per second.
const RATE: u64 = 64 * 1024;

/// The content of the bucket, as the time in which it drains.
const CAPACITY: Duration = Duration::from_secs(12);

/// The cost of a line besides its bytes: a short one causes as much work as a long one,
/// for each receiver. Unit: bytes.
const LINE_COST: u64 = 8 * 1024;

impl Pace {
    /// An empty bucket.
    pub(super) const fn new() -> Self {
        Self {
            empty_at: Moment::START,
        }
    }

    /// Whether all of it has drained.
    pub(super) fn is_empty(self, now: Moment) -> bool {
        self.empty_at <= now
    }

    /// Adds a line; returns the time to wait before more is read, zero for a user who
    /// types.
    pub(super) fn take(&mut self, bytes: usize, lines: usize, now: Moment) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        let cost = bytes.saturating_add(lines.saturating_mul(LINE_COST));
        let time = Duration::from_micros(cost.saturating_mul(1_000_000) / RATE);
        self.empty_at = self.empty_at.max(now) + time;
        (self.empty_at - now).saturating_sub(CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_chatting_is_never_delayed() {
        let mut pace = Pace::new();
        for second in 0..100 {
            let now = Moment::START + Duration::from_secs(second);
            assert_eq!(pace.take(1_000, 5, now), Duration::ZERO);
        }
        let page = Moment::START + Duration::from_secs(100);
        assert_eq!(pace.take(5_000, 80, page), Duration::ZERO);
    }

    #[test]
    fn a_flood_is_slowed_to_the_rate_limit_which_recovers_in_silence() {
        let mut pace = Pace::new();
        let mut now = Moment::START;
        for _ in 0..1_000 {
            now = now + pace.take(100, 1, now);
        }
        let took = now - Moment::START;
        // 1,000 lines at 7.9 a second, of which the bucket holds 12 seconds' worth.
        assert!(took > Duration::from_secs(114), "{took:?}");
        assert!(took < Duration::from_secs(115), "{took:?}");
        let later = now + Duration::from_secs(2);
        assert_eq!(pace.take(16 * 1024, 0, later), Duration::ZERO);
    }
}
