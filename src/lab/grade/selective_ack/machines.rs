//! The reference of sack: as little as the RFCs allow.
//!
//! Source: RFC 2018 §4 (the receiver's ranges), RFC 6675 §4 (when a segment is lost), RFC
//! 6298 §5 (the timer).

use super::THRESHOLD;
use crate::lab::grade::program::{Program, Reaction};
use crate::lab::grade::scenario::TIMEOUT;
use crate::lab::grade::verbs::{Action, ProgramEvent, Range};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::{SegmentNumber, Timer};
use std::collections::BTreeSet;

/// The sender: three later segments that have arrived declare one lost.
#[derive(Debug)]
pub struct Sender {
    window: SegmentNumber,
    segments: SegmentNumber,
    base: SegmentNumber,
    next: SegmentNumber,
    arrived: BTreeSet<SegmentNumber>,
    /// Since the last timeout.
    retransmitted: BTreeSet<SegmentNumber>,
}

impl Sender {
    /// Has transmitted nothing yet.
    #[must_use]
    pub fn new(window: u32, segments: u32) -> Self {
        Self {
            window: window.into(),
            segments: segments.into(),
            base: 0,
            next: 0,
            arrived: BTreeSet::new(),
            retransmitted: BTreeSet::new(),
        }
    }

    fn on_ack(&mut self, next_expected: SegmentNumber, ranges: &[Range]) -> Vec<Action> {
        let mut actions = Vec::new();
        for [first, last] in ranges {
            self.arrived.extend(*first..=*last);
        }
        let lost = |number: &SegmentNumber| {
            self.arrived.range(number + 1..).count() >= THRESHOLD
                && !self.arrived.contains(number)
        };
        let base = self.base.max(next_expected);
        for number in (base..self.next).filter(lost) {
            if self.retransmitted.insert(number) {
                actions.push(Action::Send(number));
            }
        }
        if base > self.base {
            self.base = base;
            actions.push(Action::StartTimer(Timer::Only, TIMEOUT));
        }
        actions
    }

    fn on_timeout(&mut self) -> Vec<Action> {
        self.retransmitted = BTreeSet::from([self.base]);
        vec![
            Action::Send(self.base),
            Action::StartTimer(Timer::Only, TIMEOUT),
        ]
    }

    fn fill_window(&mut self, actions: &mut Vec<Action>) {
        let end = (self.base + self.window).min(self.segments);
        if self.base == self.next && self.next < end {
            actions.push(Action::StartTimer(Timer::Only, TIMEOUT));
        }
        while self.next < end {
            actions.push(Action::Send(self.next));
            self.next += 1;
        }
        if self.base == self.next {
            actions.push(Action::StopTimer(Timer::Only));
        }
    }
}

impl Program for Sender {
    fn hear(&mut self, program_event: &ProgramEvent, _now: Moment) -> Reaction {
        let mut actions = match program_event {
            ProgramEvent::Ack { number, ranges } => self.on_ack(*number, ranges),
            ProgramEvent::Timeout(_) => self.on_timeout(),
            ProgramEvent::Begin => Vec::new(),
            ProgramEvent::Start { .. }
            | ProgramEvent::Data(_)
            | ProgramEvent::Corrupt
            | ProgramEvent::Delivered(..)
            | ProgramEvent::Lost(_)
            | ProgramEvent::End => return Ok(Vec::new()),
        };
        self.fill_window(&mut actions);
        Ok(actions)
    }
}

/// The receiver: each ACK carries all ranges.
#[derive(Debug, Default)]
pub struct Receiver {
    expected: SegmentNumber,
    buffer: BTreeSet<SegmentNumber>,
}

impl Receiver {
    fn ranges(&self) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for number in &self.buffer {
            match ranges.last_mut() {
                Some([_, last]) if *last + 1 == *number => *last = *number,
                _ => ranges.push([*number; 2]),
            }
        }
        ranges
    }
}

impl Program for Receiver {
    fn hear(&mut self, program_event: &ProgramEvent, _now: Moment) -> Reaction {
        let ProgramEvent::Data(number) = *program_event else {
            return Ok(Vec::new());
        };
        let mut actions = Vec::new();
        if number >= self.expected {
            self.buffer.insert(number);
        }
        while self.buffer.remove(&self.expected) {
            actions.push(Action::Deliver(self.expected));
            self.expected += 1;
        }
        actions.push(Action::Acknowledge {
            number: self.expected,
            ranges: self.ranges(),
        });
        Ok(actions)
    }
}
