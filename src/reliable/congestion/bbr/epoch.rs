//! The packets sent within an interval, and their fates.
//!
//! ```text
//!   sent      |--- cruise ---|- up -|--- down ---|--- cruise
//!   epochs     steady                slow
//!   lost       own + bottleneck's    own
//! ```
//!
//! Source: report chapter.

use super::super::{Acked, Lost};
use super::loss::Tally;
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The packets sent within an interval.
///
/// On a short path a round is longer than the round-trip time, and the packets that a
/// round acknowledges were partly sent within it. They are therefore distinguished by the
/// time of their transmission.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    began: Option<Moment>,
    /// The end of the interval; packets that left later do not belong to it.
    pub(super) ended: Option<Moment>,
    /// The time when the first of them was acknowledged, and the number of packets
    /// acknowledged with it.
    first: Option<(Moment, f64)>,
    pub(super) tally: Tally,
    /// The longest round-trip time.
    pub(super) longest: Duration,
}

impl Epoch {
    /// The interval begins now.
    pub(super) fn since(now: Moment) -> Self {
        Self {
            began: Some(now),
            ..Self::default()
        }
    }

    fn has(&self, sent_at: Moment) -> bool {
        self.began.is_some_and(|began| sent_at >= began)
            && self.ended.is_none_or(|ended| sent_at < ended)
    }

    /// Packets were acknowledged.
    pub(super) fn take(&mut self, ack: &Acked) {
        if !self.has(ack.newest_sent_at) {
            return;
        }
        let packets = f64::from(ack.packets);
        let (first, _) = *self.first.get_or_insert((ack.now, packets));
        self.longest = self.longest.max(ack.round_trip.latest);
        self.tally.delivered += packets;
        self.tally.seconds = (ack.now - first).as_secs_f64();
    }

    /// Packets were declared lost. A group that spans two epochs counts for neither.
    pub(super) fn lose(&mut self, loss: &Lost) {
        if self.has(loss.oldest_sent_at) && self.has(loss.newest_sent_at) {
            self.tally.lost += f64::from(loss.packets);
            self.tally.findings += 1.0;
        }
    }

    /// The rate at which they have arrived since it began, pauses included. Unit: packets
    /// per second.
    pub(super) fn rate_until(&self, now: Moment) -> f64 {
        let seconds = self.began.map_or(0.0, |began| (now - began).as_secs_f64());
        self.tally.delivered / seconds.max(1e-9)
    }

    /// The rate at which they arrived. Unit: packets per second.
    pub(super) fn rate(&self) -> f64 {
        let at_once = self.first.map_or(0.0, |(_, packets)| packets);
        (self.tally.delivered - at_once) / self.tally.seconds.max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Signal;
    use super::super::super::test_signals::{TestSignals, at};
    use super::*;

    #[test]
    fn an_epoch_counts_the_packets_that_left_within_it_and_no_others() {
        let signals = TestSignals::default();
        let mut epoch = Epoch::since(at(100));
        epoch.ended = Some(at(200));
        for (sent, now) in [(99, 120), (100, 140), (150, 190), (200, 240)] {
            epoch.take(&signals.acked(10, sent, now));
            let Signal::Loss(loss) = signals.lost(1, sent, now) else {
                unreachable!()
            };
            epoch.lose(&loss);
        }
        assert_eq!((epoch.tally.delivered, epoch.tally.lost), (20.0, 2.0));
        // Ten packets within the 50 ms between its ACKs.
        assert!((epoch.rate() - 200.0).abs() < 1e-6, "{}", epoch.rate());
    }
}
