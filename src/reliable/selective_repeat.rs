//! Selective repeat: a window of segments in flight, each with an ACK and a timer of its own.
//!
//! The receiver buffers a segment that arrives out of order, so a loss costs one
//! retransmission and no more. Its ACK is individual: ACK n says that segment n has
//! arrived, and nothing about other segments.
//!
//! ```text
//!   sender     base                next_sequence_number   base + window
//!               |  .  A  .  A  .  .  |                     |    A acknowledged
//!               '------------ window of N -----------------'    . in flight
//!   receiver    base                                  base + window
//!               |     x     x                         |         x buffered
//! ```
//!
//! A lost ACK makes the sender retransmit a segment that the receiver has already
//! delivered. The receiver acknowledges it again, although it is below its base:
//! otherwise the sender's window would never move.
//!
//! ```
//! use sash::reliable::protocol::{ReceiverAction::*, ReceiverActions, ReceiverProtocol};
//! use sash::reliable::selective_repeat::Receiver;
//! let (mut receiver, mut actions) = (Receiver::new(4), ReceiverActions::default());
//! receiver.on_data(1, &mut actions); // Segment 0 is lost: 1 is buffered.
//! assert_eq!(actions.take(), [Acknowledge(1)]);
//! receiver.on_data(0, &mut actions);
//! assert_eq!(actions.take(), [Acknowledge(0), Deliver(0), Deliver(1)]);
//! ```
//!
//! Source: Kurose & Ross §3.4.4, figures 3.24 (sender) and 3.25 (receiver).

use super::protocol::{Acks, ReceiverActions, ReceiverProtocol, SegmentNumber};
use super::protocol::{SenderActions, SenderProtocol, Timer};
use std::collections::BTreeSet;

/// The sender of figure 3.24.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sender {
    /// N: the window is `base .. base + window`.
    window: SegmentNumber,
    /// The oldest segment that is not acknowledged (`send_base`).
    base: SegmentNumber,
    /// The next segment to send for the first time (`nextseqnum`).
    next_sequence_number: SegmentNumber,
    /// The segments above `base` that are acknowledged.
    acknowledged: BTreeSet<SegmentNumber>,
}

impl Sender {
    /// Waits for the first segment from above.
    #[must_use]
    pub fn new(window: u32) -> Self {
        Self {
            window: SegmentNumber::from(window),
            base: 0,
            next_sequence_number: 0,
            acknowledged: BTreeSet::new(),
        }
    }
}

impl SenderProtocol for Sender {
    fn on_data_from_above(&mut self, actions: &mut SenderActions) {
        if self.next_sequence_number < self.base + self.window {
            actions.send(self.next_sequence_number);
            actions.start_timer(Timer::Of(self.next_sequence_number));
            self.next_sequence_number += 1;
        }
    }

    fn on_ack(&mut self, number: SegmentNumber, actions: &mut SenderActions) {
        if !(self.base..self.next_sequence_number).contains(&number) {
            return;
        }
        actions.stop_timer(Timer::Of(number));
        self.acknowledged.insert(number);
        while self.acknowledged.remove(&self.base) {
            self.base += 1;
        }
    }

    fn on_timeout(&mut self, timer: Timer, actions: &mut SenderActions) {
        if let Timer::Of(number) = timer {
            actions.send(number);
            actions.start_timer(timer);
        }
    }

    fn acks(&self) -> Acks {
        Acks::Individual
    }
}

/// The receiver of figure 3.25.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receiver {
    window: SegmentNumber,
    /// The next segment to deliver (`rcv_base`).
    base: SegmentNumber,
    /// The segments above `base` that arrived out of order.
    buffer: BTreeSet<SegmentNumber>,
}

impl Receiver {
    /// Waits for segment 0.
    #[must_use]
    pub fn new(window: u32) -> Self {
        Self {
            window: SegmentNumber::from(window),
            base: 0,
            buffer: BTreeSet::new(),
        }
    }
}

impl ReceiverProtocol for Receiver {
    fn on_data(&mut self, number: SegmentNumber, actions: &mut ReceiverActions) {
        if (self.base - self.window..self.base + self.window).contains(&number) {
            actions.acknowledge(number);
        }
        if self.is_wanted(number) {
            self.buffer.insert(number);
        }
        while self.buffer.remove(&self.base) {
            actions.deliver(self.base);
            self.base += 1;
        }
    }

    fn on_corrupt(&mut self, _actions: &mut ReceiverActions) {}

    fn is_wanted(&self, number: SegmentNumber) -> bool {
        let window = self.base..self.base + self.window;
        window.contains(&number) && !self.buffer.contains(&number)
    }

    fn acks(&self) -> Acks {
        Acks::Individual
    }
}

#[cfg(test)]
mod tests;
