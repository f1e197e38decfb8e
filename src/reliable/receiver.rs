//! The generic receiver: drives any textbook protocol over real packets.
//!
//! The protocol says `deliver n`, `acknowledge n`. Everything else is here, once: which
//! packets belong to the transfer, the receive window, the time stamp that an ACK echoes,
//! the event log. It holds numbers, not bytes: the driver asks
//! [`ReceivingMachine::is_wanted`] and keeps the payload until
//! [`ReceivingMachine::next_expected`] has passed it.
//!
//! ```text
//!   DATA n ----> protocol --+--> deliver n ------> next expected = n + 1
//!   corrupt ---->           '--> acknowledge n --> ACK
//! ```
//!
//! On the wire every ACK carries the next expected number. A cumulative ACK n is that
//! number, n + 1, and nothing else; an individual ACK n has one range, which holds n alone.
//!
//! With a controller an ACK becomes a NACK if a segment is newly missing or a packet was
//! corrupt. It acknowledges the same segments; the sender's controller takes it as a sign
//! of loss.
//!
//! ```
//! use sash::reliable::{Machine, ReceivingMachine, go_back_n, moment::Moment};
//! use sash::reliable::{receiver::Receiver, connection_parameters::ConnectionParameters};
//! let parameters = ConnectionParameters::EXAMPLE;
//! let mut receiver = Receiver::new(Box::new(go_back_n::Receiver::new()), parameters);
//! let data = parameters.data(parameters.first, 1, Moment::START).packet;
//! receiver.on_packet(&data, Moment::START);
//! assert_eq!(receiver.next_expected(), parameters.first + 1);
//! let ack = receiver.poll_transmit(Moment::START).unwrap().packet;
//! assert_eq!(ack.sequence, parameters.first + 1);
//! ```
//!
//! Source: Kurose & Ross §3.4; RFC 9293 §3.8.6 (flow control).

use super::connection_parameters::ConnectionParameters;
use super::event::{DiscardReason, Event};
use super::ledger::{AckKind, ReceiverLedger};
use super::moment::Moment;
use super::protocol::{
    Acks, ReceiverAction, ReceiverActions, ReceiverProtocol, SegmentNumber,
};
use super::{Machine, ReceivingMachine, Transmit};
use crate::wire::options::Congestion;
use crate::wire::packet::{Body, Packet, SequenceRange};
use crate::wire::sequence::SequenceNumber;
use std::collections::{BTreeSet, VecDeque};

/// The receiver of a transfer by a textbook protocol.
#[derive(Debug)]
pub struct Receiver {
    protocol: Box<dyn ReceiverProtocol>,
    ledger: ReceiverLedger,
    /// The next segment to deliver.
    next_expected: SegmentNumber,
    /// The segments that the protocol has buffered out of order.
    buffered: BTreeSet<SegmentNumber>,
    /// The ACKs to send, in order.
    due: VecDeque<Due>,
    /// The missing segment for which the last NACK was sent: each gets at most one.
    reported_missing: Option<SegmentNumber>,
}

/// An ACK to send.
#[derive(Debug, Clone, Copy)]
struct Due {
    answer: AckKind,
    /// The segment that an individual ACK names.
    range: Option<SequenceRange>,
}

impl Receiver {
    /// Waits for the first segment.
    #[must_use]
    pub fn new(
        protocol: Box<dyn ReceiverProtocol>,
        parameters: ConnectionParameters,
    ) -> Self {
        Self {
            protocol,
            ledger: ReceiverLedger::new(parameters),
            next_expected: 0,
            buffered: BTreeSet::new(),
            due: VecDeque::new(),
            reported_missing: None,
        }
    }

    fn sequence(&self, number: SegmentNumber) -> SequenceNumber {
        self.ledger.parameters.first + u32::try_from(number).unwrap_or_default()
    }

    fn number(&self, sequence: SequenceNumber) -> SegmentNumber {
        i64::from(self.ledger.parameters.index(sequence))
    }

    /// Whether the receive window has space for this segment.
    fn is_in_receive_window(&self, number: SegmentNumber) -> bool {
        let next_expected = self.sequence(self.next_expected);
        let end = self.next_expected + i64::from(self.ledger.permitted(next_expected));
        number < end
    }

    /// Carries out the actions of the protocol.
    fn perform(&mut self, mut actions: ReceiverActions, answer: AckKind) {
        for action in actions.take() {
            match action {
                ReceiverAction::Deliver(number) => {
                    self.next_expected = number + 1;
                    self.buffered.remove(&number);
                }
                ReceiverAction::Acknowledge(number) => self.acknowledge(number, answer),
            }
        }
    }

    /// An ACK is due. A cumulative ACK replaces one that has not left yet, because it also
    /// acknowledges everything that the other one does.
    fn acknowledge(&mut self, number: SegmentNumber, answer: AckKind) {
        match self.protocol.acks() {
            Acks::Cumulative => {
                let waiting = self.due.pop_back().map(|waiting| waiting.answer);
                let answer = waiting.max(Some(answer)).unwrap_or(answer);
                self.due.push_back(Due {
                    answer,
                    range: None,
                });
            }
            Acks::Individual => {
                let start = self.sequence(number);
                let end = start + 1;
                let range = Some(SequenceRange { start, end });
                self.due.push_back(Due { answer, range });
            }
        }
    }

    /// An ACK is due that acknowledges nothing new: it repeats the next expected number and
    /// the receive window.
    fn acknowledge_again(&mut self) {
        if self.due.is_empty() {
            self.due.push_back(Due {
                answer: AckKind::Ack,
                range: None,
            });
        }
    }

    /// Whether this segment is answered by an ACK or by a NACK.
    fn answer_to(&mut self, number: SegmentNumber) -> AckKind {
        let is_controlled = self.ledger.parameters.congestion != Congestion::Fixed;
        let is_early = number > self.next_expected;
        if is_controlled && is_early && self.reported_missing != Some(self.next_expected)
        {
            self.reported_missing = Some(self.next_expected);
            return AckKind::Nack;
        }
        AckKind::Ack
    }

    /// Why the protocol has discarded a segment.
    fn why_discarded(&self, number: SegmentNumber) -> DiscardReason {
        if number < self.next_expected || self.buffered.contains(&number) {
            DiscardReason::Duplicate
        } else if number < self.next_expected + i64::from(self.ledger.parameters.window) {
            DiscardReason::OutOfOrder
        } else {
            DiscardReason::BeyondTheWindow
        }
    }

    fn discard(&mut self, number: u32, why: DiscardReason) {
        let dropped = Event::SegmentDropped { number, why };
        self.ledger.log.record(|| dropped);
    }

    fn take(&mut self, number: SegmentNumber, packet: &Packet) {
        let is_wanted = self.protocol.is_wanted(number);
        if !is_wanted {
            let why = self.why_discarded(number);
            self.discard(packet.number, why);
        }
        let answer = self.answer_to(number);
        let mut actions = ReceiverActions::default();
        self.protocol.on_data(number, &mut actions);
        self.perform(actions, answer);
        if is_wanted && number >= self.next_expected {
            self.buffered.insert(number);
            let number = packet.number;
            self.ledger.log.record(|| Event::SegmentBuffered { number });
        }
    }
}

impl Machine for Receiver {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let Due { answer, range } = self.due.pop_front()?;
        let ranges = range.into_iter().collect();
        let next_expected = self.sequence(self.next_expected);
        Some(self.ledger.answer(answer, next_expected, ranges, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if self.ledger.is_window_probe(packet, now) {
            return self.acknowledge_again();
        }
        let Some(sequence) = self.ledger.arrive(packet, now) else {
            return;
        };
        let number = self.number(sequence);
        if self.is_in_receive_window(number) {
            self.take(number, packet);
        } else {
            self.discard(packet.number, DiscardReason::BeyondTheWindow);
            self.acknowledge_again();
        }
    }

    fn next_timeout(&self) -> Option<Moment> {
        None
    }

    fn on_timeout(&mut self, _now: Moment) {}

    fn listen(&mut self) {
        self.ledger.listen(self.sequence(self.next_expected));
        for number in &self.buffered {
            let number = u32::try_from(*number).unwrap_or_default();
            self.ledger.log.record(|| Event::SegmentBuffered { number });
        }
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl ReceivingMachine for Receiver {
    fn is_wanted(&self, packet: &Packet) -> bool {
        let Body::Data { length } = packet.body else {
            return false;
        };
        let number = self.number(packet.sequence);
        self.ledger.parameters.is_ours(packet, length)
            && self.protocol.is_wanted(number)
            && self.is_in_receive_window(number)
    }

    fn next_expected(&self) -> SequenceNumber {
        self.sequence(self.next_expected)
    }

    fn set_receive_window(&mut self, segments: u32) {
        if self.ledger.set_receive_window(segments).is_some() {
            self.acknowledge_again();
        }
    }

    fn on_damage(&mut self, now: Moment) {
        if self.ledger.should_report_damage(now) {
            let is_controlled = self.ledger.parameters.congestion != Congestion::Fixed;
            let answer = if is_controlled {
                AckKind::Nack
            } else {
                AckKind::Ack
            };
            let mut actions = ReceiverActions::default();
            self.protocol.on_corrupt(&mut actions);
            self.perform(actions, answer);
        }
    }

    fn repeat(&mut self) {
        self.acknowledge_again();
    }

    fn arrivals(&self) -> (u64, u64) {
        self.ledger.arrivals()
    }
}
