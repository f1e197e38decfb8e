//! The receiver of `sack`: buffers what arrives out of order, and delays its ACKs.
//!
//! It holds numbers, not bytes: the driver asks [`ReceivingMachine::is_wanted`] and keeps
//! the payload until [`ReceivingMachine::next_expected`] has passed it.
//!
//! Source: Kurose & Ross §3.4.4; RFC 2018 §4; RFC 9000 §13.2 (fewer ACKs).

use super::super::connection_parameters::ConnectionParameters;
use super::super::event::{DiscardReason, Event, Timer};
use super::super::ledger::{AckKind, ReceiverLedger};
use super::super::moment::Moment;
use super::super::ranges::Ranges;
use super::super::{Machine, ReceivingMachine, Transmit};
use super::rules::{self, Position};
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;

/// The receiver of `sack`.
#[derive(Debug)]
pub struct Receiver {
    ledger: ReceiverLedger,
    next_expected: SequenceNumber,
    /// One after the furthest segment that has arrived.
    furthest: SequenceNumber,
    out_of_order: Ranges,
    /// The latest arrivals, newest last; the next ACKs begin with their ranges.
    recent: VecDeque<SequenceNumber>,
    /// Arrivals that no ACK has acknowledged yet.
    unacknowledged: u32,
    /// An ACK is due after this many arrivals.
    acknowledge_every: u32,
    /// An immediate ACK is wanted, but the previous one was sent only recently.
    urgent: Option<AckKind>,
    /// An ACK is due now.
    due: Option<AckKind>,
    /// The time when a delayed ACK is due.
    deadline: Option<Moment>,
}

/// The number of ACKs per window of packets.
const ACKS_PER_WINDOW: u32 = 8;

/// The limit of arrivals per ACK.
const MOST_ARRIVALS_PER_ACK: u32 = 64;

/// An immediate ACK waits for this share of the arrivals per ACK. A path that loses a
/// third of all packets makes a new gap at every third arrival, and a NACK for each would
/// fill the return path.
const URGENT_SHARE: u32 = 8;

/// The limit of ranges in one ACK. At 30 % loss about five ACKs then contain each range.
const MOST_RANGES_PER_ACK: usize = 24;

/// The number of latest arrivals whose ranges are first in an ACK.
const RECENT: usize = 128;

impl Receiver {
    /// Waits for the first segment.
    #[must_use]
    pub fn new(parameters: ConnectionParameters) -> Self {
        // No timer that expires immediately, because the sender's may expire with it.
        let acknowledge_every = if parameters.acknowledgement_delay.is_zero() {
            1
        } else {
            (parameters.window / ACKS_PER_WINDOW).clamp(1, MOST_ARRIVALS_PER_ACK)
        };
        Self {
            ledger: ReceiverLedger::new(parameters),
            next_expected: parameters.first,
            furthest: parameters.first,
            out_of_order: Ranges::default(),
            recent: VecDeque::with_capacity(RECENT),
            unacknowledged: 0,
            acknowledge_every,
            urgent: None,
            due: None,
            deadline: None,
        }
    }

    /// Records an arrival, and whether an ACK is due now.
    fn note(&mut self, sequence: SequenceNumber, answer: Option<AckKind>, now: Moment) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(sequence);
        self.unacknowledged += 1;
        self.urgent = self.urgent.max(answer);
        let enough_for_urgent = (self.acknowledge_every / URGENT_SHARE).max(1);
        if self.next_expected == self.ledger.parameters.end() {
            self.due = self.due.max(Some(AckKind::Ack));
        } else if self.unacknowledged >= enough_for_urgent && self.urgent.is_some() {
            self.due = self.due.max(self.urgent);
        } else if self.unacknowledged >= self.acknowledge_every {
            self.due = self.due.max(Some(AckKind::Ack));
        } else if self.deadline.is_none() {
            self.deadline = Some(now + self.ledger.parameters.acknowledgement_delay);
        }
    }

    /// Buffers a segment; returns the ACK that is due at once, if any.
    fn accept(&mut self, sequence: SequenceNumber) -> Option<AckKind> {
        let leaves_a_gap = self.furthest.precedes(sequence);
        if !sequence.precedes(self.furthest) {
            self.furthest = sequence + 1;
        }
        if sequence != self.next_expected {
            let number = self.ledger.parameters.index(sequence);
            self.ledger.log.record(|| Event::SegmentBuffered { number });
            self.out_of_order.insert(sequence);
            return leaves_a_gap.then_some(AckKind::Nack);
        }
        self.next_expected = self.next_expected + 1;
        let filled = self.out_of_order.take_run(self.next_expected);
        self.next_expected = filled.unwrap_or(self.next_expected);
        filled.map(|_| AckKind::Ack)
    }

    /// The reason why a segment is discarded, if it is.
    fn why_discarded(&self, sequence: SequenceNumber) -> Option<DiscardReason> {
        let parameters = &self.ledger.parameters;
        let left = parameters.end() - self.next_expected;
        let is_promised = self.ledger.is_promised(sequence, self.next_expected);
        match rules::position(self.next_expected, parameters.window, left, sequence) {
            Position::OutOfOrder if self.out_of_order.contains(sequence) => {
                Some(DiscardReason::Duplicate)
            }
            Position::Next | Position::OutOfOrder if is_promised => None,
            Position::Outside if sequence.precedes(self.next_expected) => {
                Some(DiscardReason::Duplicate)
            }
            Position::Next | Position::OutOfOrder | Position::Outside => {
                Some(DiscardReason::BeyondTheWindow)
            }
        }
    }
}

impl Machine for Receiver {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let answer = self.due.take()?;
        self.unacknowledged = 0;
        self.deadline = None;
        self.urgent = None;
        let recent = self.recent.iter().rev().copied();
        let ranges = self.out_of_order.report(recent, MOST_RANGES_PER_ACK);
        Some(self.ledger.answer(answer, self.next_expected, ranges, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if self.ledger.is_probe(packet, now) {
            self.due = self.due.max(Some(AckKind::Ack));
            return;
        }
        let Some(sequence) = self.ledger.arrive(packet, now) else {
            return;
        };
        if let Some(why) = self.why_discarded(sequence) {
            let number = packet.number;
            self.ledger
                .log
                .record(|| Event::SegmentDropped { number, why });
            return self.note(sequence, Some(AckKind::Ack), now);
        }
        let answer = self.accept(sequence);
        self.note(sequence, answer, now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        self.deadline
    }

    fn on_timeout(&mut self, now: Moment) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let timer = Timer::AcknowledgementDelay;
        self.ledger.log.record(|| Event::TimerExpired { timer });
        self.deadline = None;
        self.due = self.due.max(self.urgent).max(Some(AckKind::Ack));
    }

    fn listen(&mut self) {
        self.ledger.listen(self.next_expected);
        for ahead in 0..self.furthest - self.next_expected {
            let sequence = self.next_expected + ahead;
            if self.out_of_order.contains(sequence) {
                let number = self.ledger.parameters.index(sequence);
                self.ledger.log.record(|| Event::SegmentBuffered { number });
            }
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
        self.ledger.parameters.is_ours(packet, length)
            && self.why_discarded(packet.sequence).is_none()
    }

    fn next_expected(&self) -> SequenceNumber {
        self.next_expected
    }

    fn set_receive_window(&mut self, segments: u32) {
        self.due = self.due.max(self.ledger.set_receive_window(segments));
    }

    fn on_damage(&mut self, now: Moment) {
        if self.ledger.should_report_damage(now) {
            self.due = Some(AckKind::Nack);
        }
    }

    fn repeat(&mut self) {
        self.due = self.due.max(Some(AckKind::Ack));
    }

    fn arrivals(&self) -> (u64, u64) {
        self.ledger.arrivals()
    }

    fn arrivals_awaited(&self) -> u32 {
        if self.due.is_some() || self.urgent.is_some() {
            return 1;
        }
        self.acknowledge_every
            .saturating_sub(self.unacknowledged)
            .max(1)
    }
}
