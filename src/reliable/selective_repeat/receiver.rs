//! The receiver of selective repeat: keeps what comes early, and thins out its ACKs.
//!
//! It holds numbers, not bytes: the shell asks [`ReceivingMachine::wants`] and keeps the
//! payload until [`ReceivingMachine::expected`] has passed it.
//!
//! Source: Kurose & Ross §3.4.4; RFC 2018 §4; RFC 9000 §13.2 (fewer ACKs).

use super::super::event::{Event, Timer, Unwanted};
use super::super::ledger::{Answer, ReceiverLedger};
use super::super::moment::Moment;
use super::super::ranges::Ranges;
use super::super::rules::Place;
use super::super::terms::Terms;
use super::super::{Machine, ReceivingMachine, Transmit, rules};
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;

/// The receiver's half.
#[derive(Debug)]
pub struct Receiver {
    ledger: ReceiverLedger,
    expected: SequenceNumber,
    /// One after the furthest segment that has arrived.
    furthest: SequenceNumber,
    early: Ranges,
    /// Arrivals that no ACK has told of yet.
    untold: u32,
    /// An ACK is due after this many arrivals.
    acknowledge_every: u32,
    /// An answer is due now.
    due: Option<Answer>,
    /// An ACK is due then.
    deadline: Option<Moment>,
}

/// ACKs per window of packets.
const ACKS_PER_WINDOW: u32 = 8;

/// Never more arrivals per ACK than this.
const MOST_ARRIVALS_PER_ACK: u32 = 64;

impl Receiver {
    /// Waits for the first segment.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        let acknowledge_every =
            (terms.window / ACKS_PER_WINDOW).clamp(1, MOST_ARRIVALS_PER_ACK);
        Self {
            ledger: ReceiverLedger::new(terms),
            expected: terms.first,
            furthest: terms.first,
            early: Ranges::default(),
            untold: 0,
            acknowledge_every,
            due: None,
            deadline: None,
        }
    }

    /// Takes a segment in; the answer that it makes due at once, if any.
    fn accept(&mut self, sequence: SequenceNumber) -> Option<Answer> {
        let leaves_a_gap = self.furthest.precedes(sequence);
        if !sequence.precedes(self.furthest) {
            self.furthest = sequence + 1;
        }
        if sequence != self.expected {
            let number = self.ledger.terms.index(sequence);
            self.ledger.log.record(|| Event::SegmentKept { number });
            self.early.insert(sequence);
            return leaves_a_gap.then_some(Answer::Nack);
        }
        self.expected = self.expected + 1;
        let filled = self.early.take_run(self.expected);
        self.expected = filled.unwrap_or(self.expected);
        let is_complete = self.expected == self.ledger.terms.end();
        (filled.is_some() || is_complete).then_some(Answer::Ack)
    }

    /// Why a segment cannot be used, if it cannot.
    fn unwanted(&self, sequence: SequenceNumber) -> Option<Unwanted> {
        let terms = &self.ledger.terms;
        let left = terms.end() - self.expected;
        match rules::place(self.expected, terms.window, left, sequence) {
            Place::Next => None,
            Place::Early => self.early.contains(sequence).then_some(Unwanted::Duplicate),
            Place::Outside if sequence.precedes(self.expected) => {
                Some(Unwanted::Duplicate)
            }
            Place::Outside => Some(Unwanted::BeyondTheWindow),
        }
    }
}

impl Machine for Receiver {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let answer = self.due.take()?;
        self.untold = 0;
        self.deadline = None;
        let ranges = self.early.newest_first();
        Some(self.ledger.answer(answer, self.expected, ranges, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let Some(sequence) = self.ledger.arrive(packet, now) else {
            return;
        };
        if let Some(why) = self.unwanted(sequence) {
            let number = packet.number;
            self.ledger
                .log
                .record(|| Event::SegmentDropped { number, why });
            self.due = self.due.max(Some(Answer::Ack));
            return;
        }
        self.untold += 1;
        if let Some(answer) = self.accept(sequence) {
            self.due = self.due.max(Some(answer));
        } else if self.untold >= self.acknowledge_every {
            self.due = self.due.max(Some(Answer::Ack));
        } else if self.deadline.is_none() {
            self.deadline = Some(now + self.ledger.terms.acknowledgement_delay);
        }
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
        self.due = self.due.max(Some(Answer::Ack));
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
        self.ledger.terms.is_ours(packet, length)
            && self.unwanted(packet.sequence).is_none()
    }

    fn expected(&self) -> SequenceNumber {
        self.expected
    }

    fn on_damage(&mut self, now: Moment) {
        if self.ledger.tells_damage(now) {
            self.due = Some(Answer::Nack);
        }
    }

    fn arrivals(&self) -> (u64, u64) {
        self.ledger.arrivals()
    }
}
