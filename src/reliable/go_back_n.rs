//! Go-back-N: a window of packets on their way, one timer; a timeout sends them all again.
//!
//! The receiver keeps nothing that comes early, so it needs no memory, and its ACK is one
//! number: all before it have arrived. The price is paid by the path: for one lost packet
//! everything after it travels twice.
//!
//! ```text
//!            base             next             base + N
//!             |                |                  |
//!   . . acked |  sent, not yet |  may be sent now | not yet . .
//!             |  acknowledged  |                  |
//!             '------------- window of N ---------'
//!   ACK n     base = n (slides right)      timeout   next = base (goes back)
//! ```
//!
//! It does not keep early segments, and a NACK does not make it resend: that is the
//! textbook's protocol, so that its measured cost is the textbook's.
//!
//! ```
//! use sash::reliable::{Machine, moment::Moment, round_trip::RoundTrip, terms::Terms};
//! use sash::reliable::go_back_n::Sender;
//! let round_trip = RoundTrip::timed(Terms::EXAMPLE.timing);
//! let mut sender = Sender::new(Terms::EXAMPLE, round_trip); // a window of 4
//! let sent = std::iter::from_fn(|| sender.poll_transmit(Moment::START));
//! assert_eq!(sent.map(|transmit| transmit.packet.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
//! ```
//!
//! Source: Kurose & Ross §3.4.3.

use super::event::{Event, Ignored};
use super::flow::Stamp;
use super::ledger::SenderLedger;
use super::moment::Moment;
use super::round_trip::RoundTrip;
use super::terms::{Terms, next_attempt};
use super::{Machine, SendingMachine, Transmit, earliest, rules};
use crate::wire::message::Progress;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;

/// The receiver's half takes only the next in order, as stop-and-wait's does.
pub use super::stop_and_wait::Receiver;

/// The sender's half.
#[derive(Debug)]
pub struct Sender {
    ledger: SenderLedger,
    /// The oldest segment that is not acknowledged (K&R `base`).
    base: SequenceNumber,
    /// The next segment to send (K&R `nextseqnum`); goes back to `base` at a timeout.
    next: SequenceNumber,
    /// Each segment from `base` on that was ever sent.
    sent: VecDeque<Sent>,
    /// The one timer, for the oldest segment in flight.
    deadline: Option<Moment>,
    /// How many packets the receiver said it can take.
    receive_window: u32,
}

/// A segment that was sent.
#[derive(Debug, Clone, Copy)]
struct Sent {
    attempt: u8,
    /// Of the latest sending.
    stamp: Stamp,
}

impl Sender {
    /// Ready to send the first window.
    #[must_use]
    pub fn new(terms: Terms, round_trip: RoundTrip) -> Self {
        Self {
            ledger: SenderLedger::new(terms, round_trip),
            base: terms.first,
            next: terms.first,
            sent: VecDeque::new(),
            deadline: None,
            receive_window: terms.window,
        }
    }

    /// How many segments from `base` on may be sent: at least one, so that a closed
    /// window is probed.
    fn window(&self) -> u32 {
        self.ledger.terms.window.min(self.receive_window).max(1)
    }

    /// How many segments from `base` on were ever sent.
    fn reach(&self) -> u32 {
        u32::try_from(self.sent.len()).expect("a window is at most 8192 packets")
    }

    /// So many segments from `base` on have arrived. Some may be first sendings, held for
    /// lost too early: nothing of the window is in flight then that they could be taken for.
    fn slide(&mut self, acked: u32, now: Moment) {
        let in_flight = self.next - self.base;
        for sent in self.sent.drain(..acked as usize) {
            self.ledger.flow.deliver(&sent.stamp, now);
        }
        self.base = self.base + acked;
        self.next = self.base + rules::still_ahead(in_flight, acked);
    }

    fn restart_timer(&mut self, now: Moment) {
        let in_flight = self.next != self.base;
        let oldest = self.sent.front().filter(|_| in_flight);
        let round_trip = &self.ledger.round_trip;
        self.deadline = oldest.map(|sent| round_trip.deadline(sent.stamp.sent_at, now));
    }
}

impl Machine for Sender {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let offset = self.next - self.base;
        let flow = &mut self.ledger.flow;
        if !flow.has_room() || !flow.is_due(now) {
            return None;
        }
        let has_room = rules::has_room(offset, self.window());
        if self.next == self.ledger.terms.end() || !has_room {
            self.ledger.flow.limit();
            return None;
        }
        let stamp = self.ledger.flow.send(now);
        let attempt = if let Some(sent) = self.sent.get_mut(offset as usize) {
            sent.attempt = next_attempt(sent.attempt);
            sent.stamp = stamp;
            sent.attempt
        } else {
            self.sent.push_back(Sent { attempt: 1, stamp });
            1
        };
        let sequence = self.next;
        self.next = self.next + 1;
        if self.deadline.is_none() {
            self.restart_timer(now);
        }
        Some(self.ledger.data(sequence, attempt, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let (Body::Ack(ack) | Body::Nack(ack)) = &packet.body else {
            return;
        };
        let Some(acked) = rules::acknowledged(self.base, self.reach(), packet.sequence)
        else {
            if !packet.sequence.precedes(self.base) {
                self.ledger.ignore(packet, Ignored::ImpossibleAck);
            }
            return; // Overtaken by a later ACK.
        };
        self.receive_window = ack.window;
        self.ledger.measure(ack, now);
        if let Body::Nack(_) = packet.body {
            self.ledger.flow.nack(now); // The window may answer; what is sent does not.
        }
        self.slide(acked, now);
        self.ledger.settle(now);
        if acked == 0 {
            return;
        }
        self.ledger.round_trip.recover();
        self.restart_timer(now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        earliest([self.deadline, self.ledger.flow.next_timeout()])
    }

    fn on_timeout(&mut self, now: Moment) {
        self.ledger.flow.on_timeout(now);
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let attempt = self.sent.front().map_or(1, |sent| sent.attempt);
        self.ledger.time_out(self.base, attempt);
        let in_flight = (self.next - self.base) as usize;
        for sent in self.sent.iter().take(in_flight) {
            self.ledger.flow.lose(&sent.stamp);
        }
        self.ledger.flow.time_out(now);
        self.ledger.settle(now);
        self.next = self.base;
        self.deadline = None;
    }

    fn listen(&mut self) {
        self.ledger.listen(self.base, self.base + self.reach());
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl SendingMachine for Sender {
    fn is_finished(&self) -> bool {
        self.base == self.ledger.terms.end()
    }

    fn progress(&self) -> Progress {
        let window = self.ledger.flow.window().min(self.window());
        self.ledger.progress(self.base, window)
    }

    fn restart(&mut self, now: Moment) {
        let SenderLedger {
            flow, round_trip, ..
        } = &mut self.ledger;
        flow.restart(round_trip, now);
        self.ledger.settle(now);
    }
}

#[cfg(test)]
mod tests;
