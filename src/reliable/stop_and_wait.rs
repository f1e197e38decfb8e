//! Stop-and-wait: one packet at a time; the next one waits for the ACK.
//!
//! The simplest protocol that is right, and the slowest: per round trip the path carries
//! one segment, however wide it is. Numbers are needed all the same, because a lost ACK
//! makes the sender repeat a packet that the receiver has already written.
//!
//! ```text
//!                 send segment, start timer
//!   ReadyToSend ----------------------------> WaitForAck --.
//!        ^                                     |     ^     | timeout:
//!        '-------------------------------------'     '-----' send it again
//!              ACK of the next number
//! ```
//!
//! It does not use NACKs: as in the textbook's rdt3.0 only the timer repeats a packet, so
//! that the measured cost is the textbook's.
//!
//! ```
//! use sash::reliable::{Machine, moment::Moment, round_trip::RoundTrip, terms::Terms};
//! use sash::reliable::stop_and_wait::Sender;
//! let round_trip = RoundTrip::timed(Terms::EXAMPLE.timing);
//! let mut sender = Sender::new(Terms::EXAMPLE, round_trip);
//! assert_eq!(sender.poll_transmit(Moment::START).unwrap().packet.number, 0);
//! assert_eq!(sender.poll_transmit(Moment::START), None); // it waits for the ACK
//! ```
//!
//! Source: Kurose & Ross §3.4.1 (rdt3.0, the alternating-bit protocol).

use super::event::{Event, Ignored, Unwanted};
use super::ledger::{Answer, ReceiverLedger, SenderLedger};
use super::moment::Moment;
use super::round_trip::RoundTrip;
use super::rules::Place;
use super::terms::{Terms, next_attempt};
use super::{Machine, ReceivingMachine, SendingMachine, Transmit, rules};
use crate::wire::message::Progress;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;

/// The sender's half.
#[derive(Debug)]
pub struct Sender {
    ledger: SenderLedger,
    /// The segment that is to be sent or waits for its ACK.
    current: SequenceNumber,
    state: State,
}

/// What the sender is doing about the current segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may go out.
    ReadyToSend {
        /// Which sending of it this will be.
        attempt: u8,
    },
    /// It is on its way.
    WaitForAck {
        /// Which sending of it this was.
        attempt: u8,
        /// When it is held for lost.
        deadline: Moment,
    },
}

impl Sender {
    /// Ready to send the first segment.
    #[must_use]
    pub fn new(terms: Terms, round_trip: RoundTrip) -> Self {
        let ledger = SenderLedger::new(terms, round_trip);
        Self {
            ledger,
            current: terms.first,
            state: State::ReadyToSend { attempt: 1 },
        }
    }

    /// What the sender is doing.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }
}

impl Machine for Sender {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let State::ReadyToSend { attempt } = self.state else {
            return None;
        };
        if self.is_finished() {
            return None;
        }
        let deadline = now + self.ledger.round_trip.timeout();
        self.state = State::WaitForAck { attempt, deadline };
        Some(self.ledger.data(self.current, attempt, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let Body::Ack(ack) = &packet.body else { return };
        let State::WaitForAck { .. } = self.state else {
            return;
        };
        let Some(acked) = rules::acknowledged(self.current, 1, packet.sequence) else {
            if !packet.sequence.precedes(self.current) {
                self.ledger.ignore(packet, Ignored::ImpossibleAck);
            }
            return;
        };
        if acked == 0 {
            return; // An ACK of the segment before comes twice when DATA came twice.
        }
        self.ledger.round_trip.recover();
        self.ledger.measure(ack, now);
        self.current = self.current + 1;
        self.state = State::ReadyToSend { attempt: 1 };
    }

    fn next_timeout(&self) -> Option<Moment> {
        match self.state {
            State::ReadyToSend { .. } => None,
            State::WaitForAck { deadline, .. } => Some(deadline),
        }
    }

    fn on_timeout(&mut self, now: Moment) {
        let State::WaitForAck { attempt, deadline } = self.state else {
            return;
        };
        if now < deadline {
            return;
        }
        self.ledger.time_out(self.current, attempt);
        self.state = State::ReadyToSend {
            attempt: next_attempt(attempt),
        };
    }

    fn listen(&mut self) {
        let was_sent = match self.state {
            State::ReadyToSend { attempt } => u32::from(attempt > 1),
            State::WaitForAck { .. } => 1,
        };
        self.ledger.listen(self.current, self.current + was_sent);
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl SendingMachine for Sender {
    fn is_finished(&self) -> bool {
        self.current == self.ledger.terms.end()
    }

    fn progress(&self) -> Progress {
        self.ledger.progress(self.current, 1)
    }
}

/// The receiver's half: takes only the next in order. Go-back-N's receiver is the same.
#[derive(Debug)]
pub struct Receiver {
    ledger: ReceiverLedger,
    expected: SequenceNumber,
    due: Option<Answer>,
    /// A gap at this number was told already: one NACK per missing number.
    told_missing: Option<SequenceNumber>,
}

impl Receiver {
    /// Waits for the first segment.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        let ledger = ReceiverLedger::new(terms);
        Self {
            ledger,
            expected: terms.first,
            due: None,
            told_missing: None,
        }
    }

    fn is_next(&self, sequence: SequenceNumber) -> bool {
        let left = self.ledger.terms.end() - self.expected;
        rules::place(self.expected, 1, left, sequence) == Place::Next
    }

    /// Whether the next segment in order may be taken.
    fn has_room(&self) -> bool {
        self.ledger.is_promised(self.expected, self.expected)
    }
}

impl Machine for Receiver {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let answer = self.due.take()?;
        Some(self.ledger.answer(answer, self.expected, Vec::new(), now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if self.ledger.is_probe(packet, now) {
            self.due = self.due.max(Some(Answer::Ack));
            return;
        }
        let Some(sequence) = self.ledger.arrive(packet, now) else {
            return;
        };
        let number = packet.number;
        self.due = self.due.max(Some(Answer::Ack));
        let has_room = self.has_room();
        if self.is_next(sequence) && has_room {
            self.expected = self.expected + 1;
            return;
        }
        let is_early = self.expected.precedes(sequence);
        if is_early && has_room && self.told_missing != Some(self.expected) {
            self.told_missing = Some(self.expected);
            self.due = Some(Answer::Nack);
        }
        let why = if sequence.precedes(self.expected) {
            Unwanted::Duplicate
        } else if has_room {
            Unwanted::OutOfOrder
        } else {
            Unwanted::BeyondTheWindow
        };
        self.ledger
            .log
            .record(|| Event::SegmentDropped { number, why });
    }

    fn next_timeout(&self) -> Option<Moment> {
        None
    }

    fn on_timeout(&mut self, _now: Moment) {}

    fn listen(&mut self) {
        self.ledger.listen(self.expected);
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl ReceivingMachine for Receiver {
    fn wants(&self, packet: &Packet) -> bool {
        let Body::Data { length } = packet.body else {
            return false;
        };
        self.is_next(packet.sequence)
            && self.has_room()
            && self.ledger.terms.is_ours(packet, length)
    }

    fn expected(&self) -> SequenceNumber {
        self.expected
    }

    fn set_room(&mut self, segments: u32) {
        self.due = self.due.max(self.ledger.set_room(segments));
    }

    fn on_damage(&mut self, now: Moment) {
        if self.ledger.tells_damage(now) {
            self.due = Some(Answer::Nack);
        }
    }

    fn repeat(&mut self) {
        self.due = self.due.max(Some(Answer::Ack));
    }

    fn arrivals(&self) -> (u64, u64) {
        self.ledger.arrivals()
    }
}

#[cfg(test)]
mod tests;
