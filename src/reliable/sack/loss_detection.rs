//! Decides which transmissions are lost, from the packets that arrived after them.
//!
//! ```text
//!   transmissions, in their order         newest arrived
//!      4     5     6     7     8     9    |
//!      x     .     x     x     .     x <--'      5: 9 was sent 4 later: lost
//!            |                 |                 8: 9 was sent 1 later: lost after 9/8 RTT
//!                                                x arrived    . not
//! ```
//!
//! The newest arrival alone decides: with 6 and 7 lost, too, 5 would still be lost, because
//! 9 was sent at least three later. The order is that of transmission, not of sequence
//! numbers, so a retransmission that is lost again is found in the same way.
//!
//! A path that reorders makes late packets look lost, and so does an ACK that comes after
//! the probe. The first spurious loss, one of a packet that had arrived, switches the packet
//! threshold off and makes the time threshold longer by a quarter of the shortest round
//! trip; each further one adds a quarter, up to one SRTT in all. After sixteen losses without
//! a spurious one the path is trusted again. Losses by the probe timer are not among these.
//!
//! Source: RFC 9002 §6.1 (thresholds); RFC 8985 §6.2 (the reordering window).

use super::super::event::Trigger;
use super::super::moment::Moment;
use super::super::round_trip::RoundTrip;
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;
use std::time::Duration;

/// A packet is lost once one that was sent this many later has arrived (RFC 9002 §6.1.1).
const PACKET_THRESHOLD: u64 = 3;

/// After this many declared losses without a spurious one, the path is trusted again
/// (RFC 8985 §6.2).
const LOSSES_UNTIL_TRUST: u32 = 16;

/// The transmissions of one sender.
#[derive(Debug, Default)]
pub(super) struct LossDetection {
    /// Those that may be in flight, in their order; those that are not leave it later.
    transmissions: VecDeque<Transmission>,
    /// The order of the next one.
    next_order: u64,
    /// The latest one that is known to have arrived.
    newest_arrived: Option<u64>,
    /// When time decides on the oldest packet in flight.
    pub(super) deadline: Option<Moment>,
    reordering: Reordering,
}

/// One transmission of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transmission {
    pub(super) order: u64,
    pub(super) sequence: SequenceNumber,
    sent_at: Moment,
}

/// The known reordering of the path.
#[derive(Debug, Default)]
struct Reordering {
    /// The spurious losses, each of which makes the time threshold longer by a quarter.
    quarters: u32,
    /// Losses that a threshold has declared since the last spurious one.
    losses_since_spurious: u32,
}

impl LossDetection {
    /// A segment leaves; returns the order of this transmission.
    pub(super) fn depart(&mut self, sequence: SequenceNumber, now: Moment) -> u64 {
        let order = self.next_order;
        self.next_order += 1;
        self.transmissions.push_back(Transmission {
            order,
            sequence,
            sent_at: now,
        });
        order
    }

    /// This transmission has arrived.
    pub(super) fn arrive(&mut self, order: u64) {
        self.newest_arrived = self.newest_arrived.max(Some(order));
    }

    /// A transmission was declared lost, but had arrived.
    pub(super) fn on_spurious_loss(&mut self) {
        self.reordering.quarters += 1;
        self.reordering.losses_since_spurious = 0;
    }

    /// Removes and returns the transmissions that are lost by now. `is_in_flight` says
    /// whether one is the latest of its segment and neither acknowledged nor lost.
    pub(super) fn detect(
        &mut self,
        is_in_flight: impl Fn(&Transmission) -> bool,
        round_trip: &RoundTrip,
        now: Moment,
    ) -> Vec<(Transmission, Trigger)> {
        self.deadline = None;
        let mut lost = Vec::new();
        while let Some(oldest) = self.take_oldest(&is_in_flight) {
            let lost_at = self.lost_at(&oldest, round_trip);
            if let Some((deadline, trigger)) = lost_at
                && deadline <= now
            {
                self.reordering.on_loss();
                lost.push((oldest, trigger));
            } else {
                self.deadline = lost_at.map(|(deadline, _)| deadline);
                self.transmissions.push_front(oldest);
                break; // Later transmissions are lost later.
            }
        }
        lost
    }

    /// When a transmission is lost, and by which threshold; `None` if no later one has
    /// arrived.
    fn lost_at(
        &self,
        transmission: &Transmission,
        round_trip: &RoundTrip,
    ) -> Option<(Moment, Trigger)> {
        let later = self.newest_arrived?.checked_sub(transmission.order)?;
        if later >= PACKET_THRESHOLD && self.reordering.is_trusted() {
            return Some((transmission.sent_at, Trigger::PacketThreshold)); // Past: now.
        }
        let time_threshold = self.reordering.time_threshold(round_trip);
        let deadline = transmission.sent_at + time_threshold;
        Some((deadline, Trigger::TimeThreshold))
    }

    /// Removes and returns the earliest transmission in flight.
    pub(super) fn take_oldest(
        &mut self,
        is_in_flight: impl Fn(&Transmission) -> bool,
    ) -> Option<Transmission> {
        while let Some(transmission) = self.transmissions.pop_front() {
            if is_in_flight(&transmission) {
                return Some(transmission);
            }
        }
        None
    }

    /// How many transmissions are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.transmissions.len()
    }
}

impl Reordering {
    /// Whether the packet threshold holds.
    const fn is_trusted(&self) -> bool {
        self.quarters == 0
    }

    /// How long after its transmission a packet that a later one has overtaken is lost; at
    /// least 1 ms.
    fn time_threshold(&self, round_trip: &RoundTrip) -> Duration {
        let times = round_trip.path();
        let late = times.least / 4 * self.quarters;
        round_trip.reordering_window() + late.min(times.smoothed)
    }

    fn on_loss(&mut self) {
        self.losses_since_spurious += 1;
        if self.losses_since_spurious >= LOSSES_UNTIL_TRUST {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn at(milliseconds: u64) -> Moment {
        Moment::START + Duration::from_millis(milliseconds)
    }

    /// A path of 100 ms: nine eighths of it are 112.5 ms.
    fn path() -> RoundTrip {
        let mut round_trip = RoundTrip::new(Duration::ZERO);
        round_trip.sample(Duration::from_millis(100));
        round_trip
    }

    /// Sends packet after packet, one a millisecond, and loses some of them.
    #[derive(Default)]
    struct Transmissions {
        loss_detection: LossDetection,
        arrived: BTreeSet<u64>,
        now: u64,
    }

    impl Transmissions {
        fn send(&mut self) -> u64 {
            self.now += 1;
            let sequence = SequenceNumber(u32::try_from(self.now).unwrap());
            self.loss_detection.depart(sequence, at(self.now))
        }

        fn send_and_arrive(&mut self) {
            let order = self.send();
            self.arrived.insert(order);
            self.loss_detection.arrive(order);
        }

        fn lost(&mut self, now: Moment) -> Vec<(u64, Trigger)> {
            let Self {
                loss_detection,
                arrived,
                ..
            } = self;
            let is_in_flight =
                |transmission: &Transmission| !arrived.contains(&transmission.order);
            let lost = loss_detection.detect(is_in_flight, &path(), now);
            let told = lost.iter().map(|(sent, trigger)| (sent.order, *trigger));
            told.collect()
        }
    }

    #[test]
    fn a_packet_is_lost_when_one_that_was_sent_three_later_has_arrived() {
        let mut transmissions = Transmissions::default();
        let order = transmissions.send();
        transmissions.send_and_arrive();
        transmissions.send_and_arrive();
        assert_eq!(transmissions.lost(at(3)), []);
        transmissions.send_and_arrive();
        let told = [(order, Trigger::PacketThreshold)];
        assert_eq!(transmissions.lost(at(4)), told);
        assert_eq!(transmissions.lost(at(4)), []);
    }

    #[test]
    fn one_arrival_is_enough_if_it_was_sent_three_later() {
        let mut transmissions = Transmissions::default();
        let orders = [(); 4].map(|()| transmissions.send());
        transmissions.send_and_arrive(); // The first two left three or more before it.
        let told = [orders[0], orders[1]].map(|it| (it, Trigger::PacketThreshold));
        assert_eq!(transmissions.lost(at(5)), told);
    }

    #[test]
    fn a_spurious_retransmission_disables_the_packet_threshold_and_widens_the_time_threshold()
     {
        for (unnecessary, time_threshold_us) in [
            (1, 137_500),
            (2, 162_500),
            (3, 187_500),
            (4, 212_500),
            (9, 212_500),
        ] {
            let mut transmissions = Transmissions::default();
            (0..unnecessary)
                .for_each(|_| transmissions.loss_detection.on_spurious_loss());
            let order = transmissions.send(); // At 1 ms.
            (0..10).for_each(|_| transmissions.send_and_arrive());
            assert_eq!(transmissions.lost(at(11)), []);
            let deadline = at(1) + Duration::from_micros(time_threshold_us);
            assert_eq!(transmissions.loss_detection.deadline, Some(deadline));
            let told = [(order, Trigger::TimeThreshold)];
            assert_eq!(transmissions.lost(deadline), told);
        }
    }

    #[test]
    fn sixteen_losses_without_a_spurious_one_restore_the_packet_threshold() {
        let mut transmissions = Transmissions::default();
        transmissions.loss_detection.on_spurious_loss();
        let lose_by_time = |transmissions: &mut Transmissions| {
            transmissions.send();
            (0..3).for_each(|_| transmissions.send_and_arrive());
            assert_eq!(transmissions.lost(at(transmissions.now)), []); // Not trusted yet.
            transmissions.now += 1_000;
            transmissions.lost(at(transmissions.now))[0].1
        };
        for _ in 0..15 {
            assert_eq!(lose_by_time(&mut transmissions), Trigger::TimeThreshold);
        }
        transmissions.loss_detection.on_spurious_loss(); // The count restarts.
        for _ in 0..16 {
            assert_eq!(lose_by_time(&mut transmissions), Trigger::TimeThreshold);
        }
        let order = transmissions.send();
        (0..3).for_each(|_| transmissions.send_and_arrive());
        let told = [(order, Trigger::PacketThreshold)];
        assert_eq!(transmissions.lost(at(transmissions.now)), told);
    }

    #[test]
    fn a_packet_that_none_has_overtaken_is_not_declared_lost() {
        let mut transmissions = Transmissions::default();
        transmissions.send_and_arrive();
        transmissions.send();
        assert_eq!(transmissions.lost(at(60_000)), []);
        assert_eq!(transmissions.loss_detection.deadline, None);
    }
}
