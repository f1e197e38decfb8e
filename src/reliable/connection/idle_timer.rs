//! A receiver that hears nothing says again what has arrived.
//!
//! The sender may have lost it: a router on the way may give it another port at any time,
//! and only a packet of its own tells the sender which.

use super::super::moment::Moment;
use super::super::round_trip::LONGEST_TIMEOUT;
use crate::wire::options::Arq;
use std::time::Duration;

/// The ACK of a SYN-ACK is said again after two round trips in which nothing has come:
/// the first DATA takes one. It costs one short packet, and never goes before this.
const UNANSWERED: Duration = Duration::from_millis(20);

/// No wait for an answer to it is longer.
const LONGEST_UNANSWERED: Duration = Duration::from_secs(2);

/// How long it has been quiet, and how long it may be.
#[derive(Debug)]
pub(super) struct IdleTimer {
    since: Moment,
    longest: Duration,
    /// How often the ACK of the SYN-ACK was repeated.
    repeats: u32,
}

/// `sack` speaks after this long without a packet.
const IDLE_WAIT: Duration = Duration::from_secs(1);

/// A textbook protocol after three of the sender's longest timeouts: as long as
/// the sender is heard now and then, the textbook's timer alone does the work.
const LONG_IDLE_WAIT: Duration = LONGEST_TIMEOUT.saturating_mul(3);

impl IdleTimer {
    pub(super) const fn new(arq: Arq, now: Moment) -> Self {
        let longest = match arq {
            Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat => LONG_IDLE_WAIT,
            Arq::Sack => IDLE_WAIT,
        };
        Self {
            since: now,
            longest,
            repeats: 0,
        }
    }

    /// One side has spoken.
    pub(super) const fn end(&mut self, now: Moment) {
        self.since = now;
    }

    /// The ACK of a SYN-ACK was said again.
    pub(super) const fn repeat(&mut self) {
        self.repeats = self.repeats.saturating_add(1);
    }

    /// When it has been quiet for long enough behind a SYN-ACK, whatever the protocol:
    /// each time twice as long.
    pub(super) fn handshake_deadline(&self, round_trip: Option<Duration>) -> Moment {
        let first = (2 * round_trip.unwrap_or_default()).max(UNANSWERED);
        let times = 1_u32.checked_shl(self.repeats).unwrap_or(u32::MAX);
        let longest = first.max(LONGEST_UNANSWERED);
        self.since + first.saturating_mul(times).min(longest)
    }

    /// When it has been quiet for long enough.
    pub(super) fn deadline(&self) -> Moment {
        self.since + self.longest
    }
}
