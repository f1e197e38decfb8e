//! Values that a test feeds to a controller by hand.

use super::{Acked, Lost, PathTime, Signal};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// Makes the arguments of a controller; times are in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct TestSignals {
    pub(super) round_trip: Duration,
    pub(super) delivered: u64,
    pub(super) delivered_when_sent: u64,
}

impl Default for TestSignals {
    fn default() -> Self {
        Self {
            round_trip: ms(100),
            delivered: 0,
            delivered_when_sent: 0,
        }
    }
}

impl TestSignals {
    /// `packets` packets were acknowledged at `now`; the newest of them left at `sent`.
    pub(super) fn acked(&self, packets: u32, sent: u64, now: u64) -> Acked {
        Acked {
            now: at(now),
            packets,
            in_flight: packets,
            round_trip: self.path(),
            newest_sent_at: at(sent),
            in_flight_when_sent: packets,
            is_application_limited: false,
            delivered: self.delivered,
            delivered_when_sent: self.delivered_when_sent,
            lost_since: 0,
            delivery_rate: None,
        }
    }

    /// The same for packets that left while the sender had nothing more to send.
    pub(super) fn acked_application_limited(
        &self,
        packets: u32,
        sent: u64,
        now: u64,
    ) -> Acked {
        Acked {
            is_application_limited: true,
            ..self.acked(packets, sent, now)
        }
    }

    /// `packets` packets were declared lost at `now`; the newest of them left at `sent`.
    pub(super) fn lost(&self, packets: u32, sent: u64, now: u64) -> Signal {
        Signal::Loss(Lost {
            now: at(now),
            packets,
            in_flight: 0,
            in_flight_when_sent: packets,
            newest_sent_at: at(sent),
            oldest_sent_at: at(sent),
            lost_since: u64::from(packets),
            round_trip: self.path(),
        })
    }

    fn path(&self) -> PathTime {
        PathTime {
            latest: self.round_trip,
            smoothed: self.round_trip,
            least: self.round_trip,
        }
    }
}

/// A NACK arrived at `now`.
pub(super) fn nack(now: u64) -> Signal {
    Signal::Nack(at(now))
}

/// The timer expired at `now`.
pub(super) fn timeout(now: u64) -> Signal {
    Signal::Timeout(at(now))
}

pub(super) fn at(milliseconds: u64) -> Moment {
    Moment::START + ms(milliseconds)
}

pub(super) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
