//! Which sendings are lost: told by what arrived after them.
//!
//! ```text
//!   sendings, in the order they left     newest arrived
//!      4     5     6     7     8     9    |
//!      x     .     x     x     .     x <--'      5: three later ones arrived: lost
//!            |                 |                 8: one did; lost when 9/8 RTT is over
//! ```
//!
//! The order is that of sending, not of sequence, so a resend that is lost again is found
//! out just as the first sending was. Each sending enters and leaves the list once: the
//! work per ACK is small however wide the window is.
//!
//! A path that reorders makes packets look lost that are only slow. The first resend that
//! turns out to have been unnecessary switches counting off, and widens the time by a
//! quarter of the least round trip; each further one widens it again. After sixteen
//! losses that were real the path is trusted again.
//!
//! Source: RFC 9002 §6.1 (thresholds); RFC 8985 §6.2 (the reordering window).

use super::super::event::Trigger;
use super::super::moment::Moment;
use super::super::round_trip::RoundTrip;
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;
use std::time::Duration;

/// The sendings of one sender.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Every sending that may still matter, in the order they left.
    flights: VecDeque<Flight>,
    /// The order of the next sending.
    next_order: u64,
    /// The latest sending that is known to have arrived.
    newest_arrived: Option<u64>,
    /// When the oldest flight is held for lost, others having overtaken it.
    deadline: Option<Moment>,
    reordering: Reordering,
}

/// One sending of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) order: u64,
    pub(super) sequence: SequenceNumber,
    sent_at: Moment,
}

/// What is known of the path's reordering.
#[derive(Debug, Default)]
struct Reordering {
    /// Quarters of the least round trip that a packet may be late; none: never seen.
    quarters: u32,
    /// Losses that were real since a resend was unnecessary.
    real_losses: u32,
}

/// A packet is lost once this many sent after it have arrived (RFC 9002 §6.1.1).
const PACKET_THRESHOLD: u64 = 3;

/// So many real losses, and the path is trusted again (RFC 8985 §6.2).
const LOSSES_UNTIL_TRUST: u32 = 16;

impl Losses {
    /// A segment leaves; its sending's place in the order.
    pub(super) fn depart(&mut self, sequence: SequenceNumber, now: Moment) -> u64 {
        let order = self.next_order;
        self.next_order += 1;
        self.flights.push_back(Flight {
            order,
            sequence,
            sent_at: now,
        });
        order
    }

    /// This sending has arrived.
    pub(super) fn arrive(&mut self, order: u64) {
        self.newest_arrived = self.newest_arrived.max(Some(order));
    }

    /// A segment that was sent again had arrived the first time.
    pub(super) fn was_unnecessary(&mut self) {
        self.reordering.quarters += 1;
        self.reordering.real_losses = 0;
    }

    /// The oldest sending that is lost by now, and what told. `is_in_flight` says whether
    /// a sending is the latest of its segment and not yet acknowledged.
    pub(super) fn next_lost(
        &mut self,
        is_in_flight: impl Fn(&Flight) -> bool,
        round_trip: &RoundTrip,
        now: Moment,
    ) -> Option<(Flight, Trigger)> {
        self.deadline = None;
        let newest = self.newest_arrived?;
        let patience = self.reordering.patience(round_trip);
        while let Some(&flight) = self.flights.front() {
            if is_in_flight(&flight) {
                let deadline = flight.sent_at + patience;
                if flight.order > newest {
                    return None;
                }
                let is_overtaken =
                    self.reordering.counts() && flight.order + PACKET_THRESHOLD <= newest;
                if !is_overtaken && now < deadline {
                    self.deadline = Some(deadline);
                    return None;
                }
                self.flights.pop_front();
                self.reordering.on_loss();
                let trigger = if is_overtaken {
                    Trigger::PacketThreshold
                } else {
                    Trigger::TimeThreshold
                };
                return Some((flight, trigger));
            }
            self.flights.pop_front();
        }
        None
    }

    /// Takes out the oldest sending in flight.
    pub(super) fn oldest(
        &mut self,
        is_in_flight: impl Fn(&Flight) -> bool,
    ) -> Option<Flight> {
        while let Some(flight) = self.flights.pop_front() {
            if is_in_flight(&flight) {
                return Some(flight);
            }
        }
        None
    }

    /// When to look again.
    pub(super) const fn next_timeout(&self) -> Option<Moment> {
        self.deadline
    }

    /// How many sendings are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.flights.len()
    }
}

impl Reordering {
    /// Whether three later arrivals prove a loss.
    const fn counts(&self) -> bool {
        self.quarters == 0
    }

    /// How long a packet that others have overtaken may still come.
    fn patience(&self, round_trip: &RoundTrip) -> Duration {
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
