//! The receiver of `sack`: buffers what arrives out of order, and delays its ACKs.
//!
//! It holds numbers, not bytes: the shell asks [`ReceivingMachine::wants`] and keeps the
//! payload until [`ReceivingMachine::expected`] has passed it.
//!
//! Source: Kurose & Ross §3.4.4; RFC 2018 §4; RFC 9000 §13.2 (fewer ACKs).

use super::super::event::{Event, Timer, Unwanted};
use super::super::ledger::{Answer, ReceiverLedger};
use super::super::moment::Moment;
use super::super::ranges::Ranges;
use super::super::terms::Terms;
use super::super::{Machine, ReceivingMachine, Transmit};
use super::rules::{self, Place};
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;

/// The receiver's half.
#[derive(Debug)]
pub struct Receiver {
    ledger: ReceiverLedger,
    expected: SequenceNumber,
    /// One after the furthest segment that has arrived.
    furthest: SequenceNumber,
    early: Ranges,
    /// The latest arrivals, newest last, as far as ACKs may still have to acknowledge
    /// them.
    recent: VecDeque<SequenceNumber>,
    /// Arrivals that no ACK has acknowledged yet.
    untold: u32,
    /// An ACK is due after this many arrivals.
    acknowledge_every: u32,
    /// An immediate report is due, but an ACK was sent only a moment ago.
    pressing: Option<Answer>,
    /// An answer is due now.
    due: Option<Answer>,
    /// An ACK is due then.
    deadline: Option<Moment>,
}

/// ACKs per window of packets.
const ACKS_PER_WINDOW: u32 = 8;

/// Never more arrivals per ACK than this.
const MOST_ARRIVALS_PER_ACK: u32 = 64;

/// An immediate report waits until this share of the arrivals for an ACK has come:
/// a path that loses a third of everything makes a new gap with every third arrival, and
/// a NACK for each would fill the way back.
const PRESSING_SHARE: u32 = 8;

/// Most runs in one ACK: with 30 % loss each is acknowledged by about five of them.
const RUNS_TOLD: usize = 24;

/// The arrivals whose runs come first in an ACK.
const RECENT: usize = 128;

impl Receiver {
    /// Waits for the first segment.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        // Not by a timer that expires immediately: the sender's may expire with it.
        let acknowledge_every = if terms.acknowledgement_delay.is_zero() {
            1
        } else {
            (terms.window / ACKS_PER_WINDOW).clamp(1, MOST_ARRIVALS_PER_ACK)
        };
        Self {
            ledger: ReceiverLedger::new(terms),
            expected: terms.first,
            furthest: terms.first,
            early: Ranges::default(),
            recent: VecDeque::with_capacity(RECENT),
            untold: 0,
            acknowledge_every,
            pressing: None,
            due: None,
            deadline: None,
        }
    }

    /// Notes an arrival, and whether it makes an answer due by now.
    fn note(&mut self, sequence: SequenceNumber, answer: Option<Answer>, now: Moment) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(sequence);
        self.untold += 1;
        self.pressing = self.pressing.max(answer);
        let enough_for_pressing = (self.acknowledge_every / PRESSING_SHARE).max(1);
        if self.expected == self.ledger.terms.end() {
            self.due = self.due.max(Some(Answer::Ack));
        } else if self.untold >= enough_for_pressing && self.pressing.is_some() {
            self.due = self.due.max(self.pressing);
        } else if self.untold >= self.acknowledge_every {
            self.due = self.due.max(Some(Answer::Ack));
        } else if self.deadline.is_none() {
            self.deadline = Some(now + self.ledger.terms.acknowledgement_delay);
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
        filled.map(|_| Answer::Ack)
    }

    /// Why a segment cannot be used, if it cannot.
    fn unwanted(&self, sequence: SequenceNumber) -> Option<Unwanted> {
        let terms = &self.ledger.terms;
        let left = terms.end() - self.expected;
        let is_promised = self.ledger.is_promised(sequence, self.expected);
        match rules::place(self.expected, terms.window, left, sequence) {
            Place::Early if self.early.contains(sequence) => Some(Unwanted::Duplicate),
            Place::Next | Place::Early if is_promised => None,
            Place::Outside if sequence.precedes(self.expected) => {
                Some(Unwanted::Duplicate)
            }
            Place::Next | Place::Early | Place::Outside => {
                Some(Unwanted::BeyondTheWindow)
            }
        }
    }
}

impl Machine for Receiver {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let answer = self.due.take()?;
        self.untold = 0;
        self.deadline = None;
        self.pressing = None;
        let recent = self.recent.iter().rev().copied();
        let ranges = self.early.report(recent, RUNS_TOLD);
        Some(self.ledger.answer(answer, self.expected, ranges, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if self.ledger.is_probe(packet, now) {
            self.due = self.due.max(Some(Answer::Ack));
            return;
        }
        let Some(sequence) = self.ledger.arrive(packet, now) else {
            return;
        };
        if let Some(why) = self.unwanted(sequence) {
            let number = packet.number;
            self.ledger
                .log
                .record(|| Event::SegmentDropped { number, why });
            return self.note(sequence, Some(Answer::Ack), now);
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
        self.due = self.due.max(self.pressing).max(Some(Answer::Ack));
    }

    fn listen(&mut self) {
        self.ledger.listen(self.expected);
        for ahead in 0..self.furthest - self.expected {
            let sequence = self.expected + ahead;
            if self.early.contains(sequence) {
                let number = self.ledger.terms.index(sequence);
                self.ledger.log.record(|| Event::SegmentKept { number });
            }
        }
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

    fn arrivals_awaited(&self) -> u32 {
        if self.due.is_some() || self.pressing.is_some() {
            return 1;
        }
        self.acknowledge_every.saturating_sub(self.untold).max(1)
    }
}
