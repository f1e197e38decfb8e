//! Go-back-N: a window of segments in flight and one timer; a timeout retransmits them all.
//!
//! The receiver has no buffer: it discards out-of-order segments. Its ACK is cumulative:
//! ACK n says that all segments up to and including n have arrived. The price is that after
//! one loss the sender retransmits every segment of the window.
//!
//! ```text
//!               base     next_sequence_number    base + window
//!                |                |                  |
//!   acknowledged | sent, not      |  may be sent     | may not be sent
//!                | acknowledged   |                  |
//!                '------------ window of N ----------'
//! ```
//!
//! ```
//! use sash::reliable::go_back_n::Sender;
//! use sash::reliable::protocol::{SenderAction::*, SenderActions, SenderProtocol, Timer};
//! let (mut sender, mut actions) = (Sender::new(4), SenderActions::default());
//! (0..9).for_each(|_| sender.on_data_from_above(&mut actions)); // It accepts four.
//! let timer = Timer::Only;
//! assert_eq!(actions.take(), [Send(0), StartTimer(timer), Send(1), Send(2), Send(3)]);
//! sender.on_timeout(timer, &mut actions);
//! assert_eq!(actions.take(), [StartTimer(timer), Send(0), Send(1), Send(2), Send(3)]);
//! ```
//!
//! Source: Kurose & Ross §3.4.3, figures 3.20 (sender) and 3.21 (receiver).

use super::protocol::{Acks, ReceiverActions, ReceiverProtocol, SegmentNumber};
use super::protocol::{SenderActions, SenderProtocol, Timer};

/// The sender of figure 3.20.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sender {
    /// N: how many segments may be in flight.
    window: SegmentNumber,
    /// The oldest segment that is not acknowledged.
    base: SegmentNumber,
    /// The next segment to send for the first time (`nextseqnum`).
    next_sequence_number: SegmentNumber,
}

impl Sender {
    /// Waits for the first segment from above.
    #[must_use]
    pub fn new(window: u32) -> Self {
        Self {
            window: SegmentNumber::from(window),
            base: 0,
            next_sequence_number: 0,
        }
    }
}

impl SenderProtocol for Sender {
    fn on_data_from_above(&mut self, actions: &mut SenderActions) {
        if self.next_sequence_number < self.base + self.window {
            actions.send(self.next_sequence_number);
            if self.base == self.next_sequence_number {
                actions.start_timer(Timer::Only);
            }
            self.next_sequence_number += 1;
        }
    }

    fn on_ack(&mut self, number: SegmentNumber, actions: &mut SenderActions) {
        if number < self.base {
            return; // An old ACK moves nothing. Figure 3.20 has no such check.
        }
        self.base = number + 1;
        if self.base == self.next_sequence_number {
            actions.stop_timer(Timer::Only);
        } else {
            actions.start_timer(Timer::Only);
        }
    }

    fn on_timeout(&mut self, _timer: Timer, actions: &mut SenderActions) {
        actions.start_timer(Timer::Only);
        for number in self.base..self.next_sequence_number {
            actions.send(number);
        }
    }

    fn acks(&self) -> Acks {
        Acks::Cumulative
    }
}

/// The receiver of figure 3.21.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Receiver {
    expected_sequence_number: SegmentNumber,
}

impl Receiver {
    /// Waits for segment 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl ReceiverProtocol for Receiver {
    /// Delivers the next segment in order and discards any other; either way it sends the
    /// ACK of the last one delivered, which is -1 before the first.
    fn on_data(&mut self, number: SegmentNumber, actions: &mut ReceiverActions) {
        if number == self.expected_sequence_number {
            actions.deliver(number);
            self.expected_sequence_number += 1;
        }
        actions.acknowledge(self.expected_sequence_number - 1);
    }

    fn on_corrupt(&mut self, actions: &mut ReceiverActions) {
        actions.acknowledge(self.expected_sequence_number - 1);
    }

    fn is_wanted(&self, number: SegmentNumber) -> bool {
        number == self.expected_sequence_number
    }

    fn acks(&self) -> Acks {
        Acks::Cumulative
    }
}

#[cfg(test)]
mod tests;
