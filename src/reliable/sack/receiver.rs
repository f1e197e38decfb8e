//! The receiver of sack: buffers what arrives out of order, and delays its ACKs.
//!
//! It holds numbers, not bytes: the driver asks [`ReceivingMachine::is_wanted`] and keeps
//! the payload until [`ReceivingMachine::next_expected`] has passed it.
//!
//! An answer is due:
//!
//! - after an eighth of a window, from 1 to 64 arrivals;
//! - if it is urgent, after an eighth of that number, at least 1 (below a window of 128: at
//!   once). Three kinds of arrival are urgent: one that leaves a new gap (NACK), one that
//!   fills the gap at next expected (ACK), and one that is discarded (ACK);
//! - when the ACK delay ends: 1/8 of the handshake's round trip, from 1 ms to 10 ms;
//! - at once: when the file is complete; to a window probe; when the receive window becomes
//!   zero or ceases to be; to a corrupt packet (NACK, at most one in 20 ms); when the
//!   connection asks for one, after a second of silence (`repeat`); and to every arrival if
//!   the ACK delay is zero.
//!
//! In this example the window is 128, so that an ACK is due after 16 arrivals and an urgent
//! one after 2; the ACK delay is 10 ms, and DATA 0 is lost.
//!
//! ```text
//!                    unacknowledged  urgent  due   deadline   the answer
//!   DATA 1 arrives         1          NACK    -    in 10 ms
//!   DATA 2 arrives         2          NACK   NACK             NACK: 0 expected, has 1-2
//!   DATA 3 arrives         1           -      -    in 10 ms
//!   10 ms pass             1           -     ACK              ACK: 0 expected, has 1-3
//!   DATA 0 arrives         1          ACK     -    in 10 ms
//!   DATA 4 arrives         2          ACK    ACK              ACK: 5 expected
//! ```
//!
//! An answer clears all four. It contains next expected; at most 24 ranges, first those of
//! the latest arrivals (`recent`), then the highest; the receive window; the number of DATA
//! packets that have arrived (for logs only); and an echo: the newest DATA's time stamp plus the time since,
//! so that the sender measures the path alone.
//!
//! | call | effect |
//! | --- | --- |
//! | `ledger.arrive` | counts DATA of this file, and keeps its time stamp; `None` for another packet |
//! | `ledger.permitted` | how many segments from next expected on the ACKs have permitted: a window that closed again still counts |
//! | `ledger.answer` | makes the ACK or NACK |
//! | `ledger.should_report_damage` | whether the last report is 20 ms old |
//! | `out_of_order.take_run` | removes the segments that follow without a gap; returns their end |
//! | `out_of_order.report` | the ranges of an answer |
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

/// The receiver of a transfer by sack.
#[derive(Debug)]
pub struct Receiver {
    ledger: ReceiverLedger,
    next_expected: SequenceNumber,
    /// The segments beyond `next_expected` that have arrived.
    out_of_order: Ranges,
    /// One after the furthest segment that has arrived.
    furthest_end: SequenceNumber,
    /// The latest arrivals, newest last.
    recent: VecDeque<SequenceNumber>,
    /// Arrivals since the last answer.
    unacknowledged: u32,
    /// An ACK is due after this many arrivals.
    acknowledge_every: u32,
    /// An urgent answer, which becomes due after fewer arrivals.
    urgent: Option<AckKind>,
    /// The answer that leaves now.
    due: Option<AckKind>,
    /// An answer is due then, however few packets have arrived.
    deadline: Option<Moment>,
}

/// ACKs per window of packets.
const ACKS_PER_WINDOW: u32 = 8;

/// Never more arrivals per ACK than this.
const MOST_ARRIVALS_PER_ACK: u32 = 64;

/// An urgent answer waits for this share of the arrivals for an ACK: a path that loses a
/// third of all packets makes a new gap with every third arrival, and a NACK for each would
/// fill the way back.
const URGENT_SHARE: u32 = 8;

/// Most ranges in one ACK: at a loss of 30 % about five ACKs name each range.
const MOST_RANGES_PER_ACK: usize = 24;

/// The arrivals whose ranges come first in an ACK.
const RECENT: usize = 128;

impl Machine for Receiver {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let answer = self.due.take()?;
        self.unacknowledged = 0;
        self.urgent = None;
        self.deadline = None;
        let recent = self.recent.iter().rev().copied();
        let ranges = self.out_of_order.report(recent, MOST_RANGES_PER_ACK);
        Some(self.ledger.answer(answer, self.next_expected, ranges, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if self.ledger.is_window_probe(packet, now) {
            return self.answer_now(AckKind::Ack);
        }
        let Some(sequence) = self.ledger.arrive(packet, now) else {
            return;
        };
        let urgent = match self.why_discarded(sequence) {
            None => self.accept(sequence),
            Some(why) => {
                let number = packet.number;
                let event = || Event::SegmentDropped { number, why };
                self.ledger.log.record(event);
                Some(AckKind::Ack)
            }
        };
        self.note(sequence, urgent, now);
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
        self.answer_now(self.urgent.unwrap_or(AckKind::Ack));
    }

    fn listen(&mut self) {
        self.ledger.listen(self.next_expected);
        for ahead in 0..self.furthest_end - self.next_expected {
            let sequence = self.next_expected + ahead;
            if self.out_of_order.contains(sequence) {
                self.record_buffered(sequence);
            }
        }
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl Receiver {
    /// Waits for the first segment.
    #[must_use]
    pub fn new(parameters: ConnectionParameters) -> Self {
        // The laboratory may forbid to delay: then each arrival is answered.
        let acknowledge_every = if parameters.acknowledgement_delay.is_zero() {
            1
        } else {
            (parameters.window / ACKS_PER_WINDOW).clamp(1, MOST_ARRIVALS_PER_ACK)
        };
        Self {
            ledger: ReceiverLedger::new(parameters),
            next_expected: parameters.first,
            out_of_order: Ranges::default(),
            furthest_end: parameters.first,
            recent: VecDeque::with_capacity(RECENT),
            unacknowledged: 0,
            acknowledge_every,
            urgent: None,
            due: None,
            deadline: None,
        }
    }

    /// Why a segment cannot be used, if it cannot.
    fn why_discarded(&self, sequence: SequenceNumber) -> Option<DiscardReason> {
        let next_expected = self.next_expected;
        if sequence.precedes(next_expected) || self.out_of_order.contains(sequence) {
            return Some(DiscardReason::Duplicate);
        }
        let window = self.ledger.permitted(next_expected);
        let left = self.ledger.parameters.end() - next_expected;
        match rules::position(next_expected, window, left, sequence) {
            Position::Next | Position::OutOfOrder => None,
            Position::Outside => Some(DiscardReason::BeyondTheWindow),
        }
    }

    /// Accepts a segment, and returns the urgent answer to it, if it needs one.
    fn accept(&mut self, sequence: SequenceNumber) -> Option<AckKind> {
        let leaves_a_gap = self.furthest_end.precedes(sequence);
        if !sequence.precedes(self.furthest_end) {
            self.furthest_end = sequence + 1;
        }
        if sequence != self.next_expected {
            self.record_buffered(sequence);
            self.out_of_order.insert(sequence);
            return leaves_a_gap.then_some(AckKind::Nack);
        }
        self.next_expected = sequence + 1;
        if let Some(end) = self.out_of_order.take_run(self.next_expected) {
            self.next_expected = end;
            return Some(AckKind::Ack); // It filled the gap.
        }
        None // In order; a gap may remain.
    }

    /// Notes an arrival, and decides whether an answer is due now.
    fn note(&mut self, sequence: SequenceNumber, urgent: Option<AckKind>, now: Moment) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(sequence);
        self.unacknowledged += 1;
        self.urgent = self.urgent.max(urgent);
        let answer_after = match self.urgent {
            Some(_) => (self.acknowledge_every / URGENT_SHARE).max(1),
            None => self.acknowledge_every,
        };
        if self.next_expected == self.ledger.parameters.end() {
            self.answer_now(AckKind::Ack);
        } else if self.unacknowledged >= answer_after {
            self.answer_now(self.urgent.unwrap_or(AckKind::Ack));
        } else {
            let delay = self.ledger.parameters.acknowledgement_delay;
            self.deadline.get_or_insert(now + delay);
        }
    }

    /// An answer is due: a NACK if any reason for an answer asks for one.
    fn answer_now(&mut self, kind: AckKind) {
        self.due = self.due.max(Some(kind));
    }

    fn record_buffered(&mut self, sequence: SequenceNumber) {
        let number = self.ledger.parameters.index(sequence);
        self.ledger.log.record(|| Event::SegmentBuffered { number });
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
            self.answer_now(AckKind::Nack);
        }
    }

    fn repeat(&mut self) {
        self.answer_now(AckKind::Ack);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_answers_of_the_example_at_the_top_of_the_file() {
        let parameters = ConnectionParameters {
            window: 128,
            size: 1_000,
            segment_bytes: 1,
            ..ConnectionParameters::EXAMPLE
        };
        let mut receiver = Receiver::new(parameters);
        let mut now = Moment::START;
        let (ack, nack) = (Some(AckKind::Ack), Some(AckKind::Nack));
        for (arrives, unacknowledged, urgent, due, expected, has) in [
            (Some(1), 1, nack, None, 0, None),
            (Some(2), 2, nack, nack, 0, Some((1, 2))),
            (Some(3), 1, None, None, 0, None),
            (None, 1, None, ack, 0, Some((1, 3))),
            (Some(0), 1, ack, None, 4, None),
            (Some(4), 2, ack, ack, 5, None),
        ] {
            if let Some(number) = arrives {
                let data = parameters.data(parameters.first + number, 1, now);
                receiver.on_packet(&data.packet, now);
            } else {
                now += Duration::from_millis(10);
                assert_eq!(receiver.deadline, Some(now));
                receiver.on_timeout(now);
            }
            assert_eq!(receiver.unacknowledged, unacknowledged, "{arrives:?}");
            assert_eq!(receiver.urgent, urgent, "{arrives:?}");
            assert_eq!(receiver.due, due, "{arrives:?}");
            assert_eq!(receiver.next_expected, parameters.first + expected);
            let Some(answer) = receiver.poll_transmit(now) else {
                assert_eq!(receiver.deadline, Some(now + Duration::from_millis(10)));
                continue;
            };
            let (Body::Ack(told) | Body::Nack(told)) = answer.packet.body else {
                unreachable!("a receiver answers with ACK or NACK");
            };
            let range = told.ranges.first();
            let range = range.map(|it| (it.start - parameters.first, it.end - it.start));
            assert_eq!(range, has, "{arrives:?}");
            assert_eq!((receiver.urgent, receiver.deadline), (None, None));
        }
    }
}
