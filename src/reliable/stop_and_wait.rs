//! Stop-and-wait: one segment at a time; the next one waits for the ACK.
//!
//! The simplest correct protocol, and the slowest: the path carries one segment per round
//! trip, however wide it is. Segments need numbers, because a lost ACK makes the sender
//! retransmit a segment that the receiver has already delivered.
//!
//! ```text
//!                data from above: send, start timer
//!   WaitForCall -----------------------------------> WaitForAck --.
//!        ^                                            |     ^     | timeout:
//!        |           ACK of this segment:             |     '-----' send, start timer
//!        '--------------- stop timer -----------------'
//! ```
//!
//! The receiver acknowledges every packet. One that is corrupt or a duplicate makes it
//! repeat its last ACK, so the protocol needs no NAK (rdt2.2). Kurose & Ross number the
//! segments 0, 1, 0, 1, because a channel that keeps the order needs no more numbers; here
//! the segments are 0, 1, 2, 3, which is correct on a path that reorders, too.
//!
//! ```
//! use sash::reliable::protocol::{SenderAction, SenderActions, SenderProtocol, Timer};
//! use sash::reliable::stop_and_wait::Sender;
//! let (mut sender, mut actions) = (Sender::new(), SenderActions::default());
//! sender.on_data_from_above(&mut actions);
//! let start = SenderAction::StartTimer(Timer::Only);
//! assert_eq!(actions.take(), [SenderAction::Send(0), start]);
//! sender.on_data_from_above(&mut actions); // It waits for the ACK.
//! assert!(actions.take().is_empty());
//! ```
//!
//! Source: Kurose & Ross §3.4.1, figures 3.14 (receiver) and 3.15 (sender): rdt3.0.

use super::protocol::{Acks, ReceiverActions, ReceiverProtocol, SegmentNumber};
use super::protocol::{SenderActions, SenderProtocol, Timer};

/// The sender of rdt3.0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Sender {
    /// The segment in flight, or the next one to send.
    sequence_number: SegmentNumber,
    state: State,
}

/// The event that the sender waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// Data from above.
    #[default]
    WaitForCall,
    /// The ACK of the segment in flight.
    WaitForAck,
}

impl Sender {
    /// Waits for the first segment from above.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl SenderProtocol for Sender {
    fn on_data_from_above(&mut self, actions: &mut SenderActions) {
        if self.state == State::WaitForCall {
            actions.send(self.sequence_number);
            actions.start_timer(Timer::Only);
            self.state = State::WaitForAck;
        }
    }

    fn on_ack(&mut self, number: SegmentNumber, actions: &mut SenderActions) {
        if self.state == State::WaitForAck && number == self.sequence_number {
            actions.stop_timer(Timer::Only);
            self.sequence_number += 1;
            self.state = State::WaitForCall;
        }
    }

    fn on_timeout(&mut self, _timer: Timer, actions: &mut SenderActions) {
        actions.send(self.sequence_number);
        actions.start_timer(Timer::Only);
    }

    fn acks(&self) -> Acks {
        Acks::Cumulative
    }
}

/// The receiver of rdt3.0 (which is that of rdt2.2).
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
