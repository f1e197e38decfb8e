//! A receiver without packets for a while repeats its ACK.
//!
//! A NAT router on the path may give the receiver another port at any time, and only a
//! packet from the receiver shows the new port to the sender.

use super::super::moment::Moment;
use super::super::round_trip::LONGEST_TIMEOUT;
use crate::wire::options::Arq;
use std::time::Duration;

/// The ACK of a SYN-ACK is repeated after two round trips without a packet, because the
/// first DATA takes one round trip; but never earlier than this.
const UNANSWERED: Duration = Duration::from_millis(20);

/// The longest interval between two such ACKs.
const LONGEST_UNANSWERED: Duration = Duration::from_secs(2);

/// The time since the last packet, and its limit.
#[derive(Debug)]
pub(super) struct IdleTimer {
    since: Moment,
    longest: Duration,
    /// How often the ACK of the SYN-ACK was repeated.
    repeats: u32,
}

/// `sack` repeats its ACK after this time without a packet.
const IDLE_WAIT: Duration = Duration::from_secs(1);

/// A textbook protocol repeats it after three of the sender's longest timeouts. As long
/// as packets of the sender arrive, the timer of the textbook is enough.
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

    /// A packet was sent or has arrived.
    pub(super) const fn end(&mut self, now: Moment) {
        self.since = now;
    }

    /// The ACK of a SYN-ACK was repeated.
    pub(super) const fn repeat(&mut self) {
        self.repeats = self.repeats.saturating_add(1);
    }

    /// The deadline after a SYN-ACK, for every protocol; the interval doubles each time.
    pub(super) fn handshake_deadline(&self, round_trip: Option<Duration>) -> Moment {
        let first = (2 * round_trip.unwrap_or_default()).max(UNANSWERED);
        let times = 1_u32.checked_shl(self.repeats).unwrap_or(u32::MAX);
        let longest = first.max(LONGEST_UNANSWERED);
        self.since + first.saturating_mul(times).min(longest)
    }

    /// The deadline for the next repetition.
    pub(super) fn deadline(&self) -> Moment {
        self.since + self.longest
    }
}
