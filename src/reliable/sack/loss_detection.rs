//! Decides which transmissions are lost, from the packets that arrived after them.
//!
//! ```text
//!   transmissions, in their order         newest arrived
//!      4     5     6     7     8     9    |
//!      x     .     x     x     .     x <--'      5: three later ones arrived: lost
//!            |                 |                 8: one did; lost when 9/8 RTT is over
//! ```
//!
//! The order is that of transmission, not of sequence numbers, so a lost retransmission
//! is detected in the same way as a lost first transmission. Each transmission enters and
//! leaves the list once, so the work per ACK is small even with a wide window.
//!
//! A path that reorders makes late packets look lost. The first spurious retransmission
//! switches the packet threshold off and widens the time threshold by a quarter of the
//! least round-trip time; each further one widens it again. After sixteen real losses
//! both are reset.
//!
//! Source: RFC 9002 §6.1 (thresholds); RFC 8985 §6.2 (the reordering window).

use super::super::event::Trigger;
use super::super::moment::Moment;
use super::super::round_trip::RoundTrip;
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;
use std::time::Duration;

/// The transmissions of one sender.
#[derive(Debug, Default)]
pub(super) struct LossDetection {
    /// The transmissions that may still matter, in the order in which they left.
    transmissions: VecDeque<Transmission>,
    /// The order number of the next transmission.
    next_order: u64,
    /// The latest transmission that is known to have arrived.
    newest_arrived: Option<u64>,
    /// The time when the oldest packet in flight is declared lost: by the time threshold,
    /// or by its own timer.
    deadline: Option<Moment>,
    reordering: Reordering,
}

/// One transmission of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transmission {
    pub(super) order: u64,
    pub(super) sequence: SequenceNumber,
    sent_at: Moment,
}

/// The known reordering of the path.
#[derive(Debug, Default)]
struct Reordering {
    /// The number of quarters of the least round-trip time by which the time threshold is
    /// wider; 0: no reordering was seen.
    quarters: u32,
    /// Real losses since a spurious retransmission.
    real_losses: u32,
}

/// A packet is lost once this many sent after it have arrived (RFC 9002 §6.1.1).
const PACKET_THRESHOLD: u64 = 3;

/// After this many real losses the thresholds are reset (RFC 8985 §6.2).
const LOSSES_UNTIL_TRUST: u32 = 16;

impl LossDetection {
    /// A segment leaves; returns the order number of this transmission.
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

    /// A transmission has a timer of its own, which expires then.
    pub(super) fn wake_by(&mut self, deadline: Moment) {
        self.deadline.get_or_insert(deadline); // An older one expires sooner.
    }

    /// This transmission has arrived.
    pub(super) fn arrive(&mut self, order: u64) {
        self.newest_arrived = self.newest_arrived.max(Some(order));
    }

    /// The first transmission of a retransmitted segment had arrived: the retransmission
    /// was spurious.
    pub(super) fn on_spurious_retransmission(&mut self) {
        self.reordering.quarters += 1;
        self.reordering.real_losses = 0;
    }

    /// The oldest transmission that is lost now, and the trigger. `is_in_flight` says
    /// whether a transmission is the latest of its segment and not yet acknowledged.
    pub(super) fn next_lost(
        &mut self,
        is_in_flight: impl Fn(&Transmission) -> bool,
        round_trip: &RoundTrip,
        now: Moment,
    ) -> Option<(Transmission, Trigger)> {
        self.deadline = None;
        if let Some(timeout) = round_trip.fixed_timeout() {
            let transmission = self.next_expired(is_in_flight, timeout, now)?;
            return Some((transmission, Trigger::Timeout));
        }
        let newest = self.newest_arrived?;
        let time_threshold = self.reordering.time_threshold(round_trip);
        while let Some(&transmission) = self.transmissions.front() {
            if is_in_flight(&transmission) {
                let deadline = transmission.sent_at + time_threshold;
                if transmission.order > newest {
                    return None;
                }
                let is_overtaken = self.reordering.counts()
                    && transmission.order + PACKET_THRESHOLD <= newest;
                if !is_overtaken && now < deadline {
                    self.deadline = Some(deadline);
                    return None;
                }
                self.transmissions.pop_front();
                self.reordering.on_loss();
                let trigger = if is_overtaken {
                    Trigger::PacketThreshold
                } else {
                    Trigger::TimeThreshold
                };
                return Some((transmission, trigger));
            }
            self.transmissions.pop_front();
        }
        None
    }

    /// The oldest transmission whose own timer has expired.
    fn next_expired(
        &mut self,
        is_in_flight: impl Fn(&Transmission) -> bool,
        timeout: Duration,
        now: Moment,
    ) -> Option<Transmission> {
        let transmission = self.oldest(is_in_flight)?;
        let deadline = transmission.sent_at + timeout;
        if deadline <= now {
            return Some(transmission);
        }
        self.transmissions.push_front(transmission);
        self.deadline = Some(deadline);
        None
    }

    /// Removes the oldest transmission in flight.
    pub(super) fn oldest(
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

    /// The time of the next check.
    pub(super) const fn next_timeout(&self) -> Option<Moment> {
        self.deadline
    }

    /// The number of remembered transmissions.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.transmissions.len()
    }
}

impl Reordering {
    /// Whether the packet threshold applies.
    const fn counts(&self) -> bool {
        self.quarters == 0
    }

    /// The time threshold: how late an overtaken packet may arrive.
    fn time_threshold(&self, round_trip: &RoundTrip) -> Duration {
        let path = round_trip.path();
        let late = path.least / 4 * self.quarters;
        round_trip.reordering_window() + late.min(path.smoothed)
    }

    fn on_loss(&mut self) {
        self.real_losses += 1;
        if self.real_losses >= LOSSES_UNTIL_TRUST {
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

        fn lost(&mut self, now: Moment) -> Option<(u64, Trigger)> {
            let Self {
                loss_detection,
                arrived,
                ..
            } = self;
            let is_in_flight =
                |transmission: &Transmission| !arrived.contains(&transmission.order);
            let lost = loss_detection.next_lost(is_in_flight, &path(), now);
            lost.map(|(transmission, trigger)| (transmission.order, trigger))
        }
    }

    #[test]
    fn three_later_arrivals_prove_a_loss_as_long_as_no_retransmission_was_spurious() {
        let mut transmissions = Transmissions::default();
        let order = transmissions.send();
        transmissions.send_and_arrive();
        transmissions.send_and_arrive();
        assert_eq!(transmissions.lost(at(3)), None);
        transmissions.send_and_arrive();
        let told = Some((order, Trigger::PacketThreshold));
        assert_eq!(transmissions.lost(at(4)), told);
        assert_eq!(transmissions.lost(at(4)), None);
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
                .for_each(|_| transmissions.loss_detection.on_spurious_retransmission());
            let order = transmissions.send(); // At 1 ms.
            (0..10).for_each(|_| transmissions.send_and_arrive());
            assert_eq!(transmissions.lost(at(11)), None);
            let deadline = at(1) + Duration::from_micros(time_threshold_us);
            assert_eq!(transmissions.loss_detection.next_timeout(), Some(deadline));
            let told = Some((order, Trigger::TimeThreshold));
            assert_eq!(transmissions.lost(deadline), told);
        }
    }

    #[test]
    fn sixteen_real_losses_in_a_row_restore_the_packet_threshold() {
        let mut transmissions = Transmissions::default();
        transmissions.loss_detection.on_spurious_retransmission();
        let lose_by_time = |transmissions: &mut Transmissions| {
            transmissions.send();
            (0..3).for_each(|_| transmissions.send_and_arrive());
            assert_eq!(transmissions.lost(at(transmissions.now)), None); // No reset yet.
            transmissions.now += 1_000;
            transmissions.lost(at(transmissions.now)).unwrap().1
        };
        for _ in 0..15 {
            assert_eq!(lose_by_time(&mut transmissions), Trigger::TimeThreshold);
        }
        transmissions.loss_detection.on_spurious_retransmission(); // The count restarts.
        for _ in 0..16 {
            assert_eq!(lose_by_time(&mut transmissions), Trigger::TimeThreshold);
        }
        let order = transmissions.send();
        (0..3).for_each(|_| transmissions.send_and_arrive());
        let told = Some((order, Trigger::PacketThreshold));
        assert_eq!(transmissions.lost(at(transmissions.now)), told);
    }

    #[test]
    fn a_packet_that_none_has_overtaken_is_not_declared_lost() {
        let mut transmissions = Transmissions::default();
        transmissions.send_and_arrive();
        transmissions.send();
        assert_eq!(transmissions.lost(at(60_000)), None);
        assert_eq!(transmissions.loss_detection.next_timeout(), None);
    }
}
