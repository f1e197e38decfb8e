//! Sack: the judges of its sender and receiver, and a reference for both.
//!
//! An ACK names the next expected segment and the ranges beyond it that have arrived. A
//! segment is declared lost when three later ones have arrived (RFC 6675), or after a
//! timeout. The RFCs permit more than the textbook: after a timeout a sender may
//! retransmit the oldest segment alone, or everything that has not arrived.

mod machines;

pub use machines::{Receiver, Sender};

use super::judges::{ReceiverRules, SenderRules};
use super::rules::{self, Violation};
use super::scenario::{GradedScenario, TIMEOUT};
use super::sender::{Timers, check_verbs, segments, violation};
use super::verbs::{Action, ProgramEvent, Range, Role};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::SegmentNumber;
use std::collections::BTreeSet;
use std::time::Duration;

/// A segment is lost once this many later ones have arrived (RFC 6675: `DupThresh`).
pub(super) const THRESHOLD: usize = 3;

/// Times are read from text, so two that should be equal may differ by this.
const TOLERANCE: Duration = Duration::from_micros(1);

/// The sender's state according to the rules.
#[derive(Debug)]
pub struct SenderJudge {
    window: SegmentNumber,
    segments: SegmentNumber,
    base: SegmentNumber,
    next: SegmentNumber,
    /// Acknowledged by ranges.
    arrived: BTreeSet<SegmentNumber>,
    /// Ever retransmitted.
    retransmitted: BTreeSet<SegmentNumber>,
    /// Retransmitted since the last timeout.
    since_timeout: BTreeSet<SegmentNumber>,
    /// The last timeout declared lost all segments below this one that have not arrived.
    recovery_end: SegmentNumber,
}

impl SenderJudge {
    /// The state of a sender that has done nothing yet.
    #[must_use]
    pub fn new(scenario: &GradedScenario) -> Self {
        Self {
            window: scenario.window.into(),
            segments: scenario.segments.into(),
            base: 0,
            next: 0,
            arrived: BTreeSet::new(),
            retransmitted: BTreeSet::new(),
            since_timeout: BTreeSet::new(),
            recovery_end: 0,
        }
    }

    fn take_ack(&mut self, number: SegmentNumber, ranges: &[Range]) {
        self.base = self.base.max(number.min(self.next));
        for [first, last] in ranges {
            self.arrived.extend(*first..=*last);
        }
        self.arrived = self.arrived.split_off(&self.base);
    }

    fn is_lost(&self, number: SegmentNumber) -> bool {
        let later = self.arrived.range(number + 1..).count();
        !self.arrived.contains(&number) && later >= THRESHOLD
    }

    fn judge_first_transmissions(
        &mut self,
        fresh: &[SegmentNumber],
    ) -> Result<(), Violation> {
        let end = (self.base + self.window).min(self.segments).max(self.next);
        let wanted: Vec<_> = (self.next..end).collect();
        if fresh == wanted {
            self.next = end;
            return Ok(());
        }
        let is_ordered = fresh.iter().copied().eq((self.next..).take(fresh.len()));
        let (rule, mistake) = if !is_ordered {
            (rules::ORDER, None)
        } else if fresh.len() < wanted.len() {
            (rules::FULL_WINDOW, None)
        } else if fresh.last().is_some_and(|last| *last >= self.segments) {
            (rules::ORDER, Some(rules::PAST_THE_END))
        } else {
            (rules::WINDOW, Some(rules::WINDOW_TOO_LARGE))
        };
        let none = "no new segment";
        let (found, expected) = (segments(fresh, none), segments(&wanted, none));
        Err(violation(rule, mistake, &found, &expected))
    }

    fn judge_retransmissions(
        &mut self,
        program_event: &ProgramEvent,
        again: &[SegmentNumber],
    ) -> Result<(), Violation> {
        let rule = rules::RETRANSMIT_SACK;
        let found = segments(again, "no retransmission");
        if matches!(program_event, ProgramEvent::Timeout(_)) && self.base < self.next {
            self.recovery_end = self.next;
            self.since_timeout.clear();
            if !again.contains(&self.base) {
                let expected = format!("segment {}, the oldest", self.base);
                let mistake = Some(rules::NO_RETRANSMISSION);
                return Err(violation(rule, mistake, &found, &expected));
            }
        }
        for number in again {
            let has_arrived = *number < self.base || self.arrived.contains(number);
            let is_declared = self.is_lost(*number) || *number < self.recovery_end;
            let is_first = self.since_timeout.insert(*number);
            if has_arrived || !is_declared || !is_first {
                let mistake = if has_arrived {
                    rules::RETRANSMITS_ARRIVED
                } else {
                    rules::SENT_TOO_SOON
                };
                let expected = format!("segment {number} not retransmitted");
                return Err(violation(rule, Some(mistake), &found, &expected));
            }
        }
        self.retransmitted.extend(again);
        let is_open =
            |it: &SegmentNumber| self.is_lost(*it) && !self.retransmitted.contains(it);
        let forgotten = (self.base..self.next).find(is_open);
        if let (ProgramEvent::Ack { .. }, Some(number)) = (program_event, forgotten) {
            let expected = format!("segment {number} retransmitted");
            let mistake = Some(rules::NO_FAST_RETRANSMIT);
            return Err(violation(rule, mistake, &found, &expected));
        }
        Ok(())
    }

    fn judge_timers(
        &self,
        program_event: &ProgramEvent,
        actions: &[Action],
        timers: &Timers,
        base_moved: bool,
    ) -> Result<(), Violation> {
        let shortest = actions.iter().filter_map(Action::timer).min();
        let broken = |rule, mistake, found: &str, expected: &str| {
            Err(violation(rule, mistake, found, expected))
        };
        if self.base == self.next {
            let (mistake, found) = (
                Some(rules::TIMER_NEVER_STOPS),
                "a timer, and nothing is in flight",
            );
            let is_late =
                matches!(program_event, ProgramEvent::Timeout(_)) && shortest.is_some();
            if is_late {
                return broken(rules::TIMER_STOPS, mistake, found, "no timer");
            }
            return Ok(());
        }
        if timers.is_empty() {
            let found = "no timer runs, and data is in flight";
            let mistake = if matches!(program_event, ProgramEvent::Begin) {
                rules::TIMER_NOT_STARTED
            } else if matches!(program_event, ProgramEvent::Timeout(_)) {
                rules::TIMER_NOT_RESTARTED_AFTER_TIMEOUT
            } else {
                rules::TIMER_STOPPED_EARLY
            };
            return broken(rules::TIMER_RUNS, Some(mistake), found, "a running timer");
        }
        if base_moved && shortest.is_none() {
            let found = "base has moved, and the timer was not started again";
            let mistake = Some(rules::TIMER_NOT_RESTARTED);
            return broken(rules::TIMER_RESTARTS, mistake, found, "timer 250");
        }
        if shortest.is_some_and(|it| it + TOLERANCE < TIMEOUT) {
            let found = "a timer that is shorter than the timeout";
            return broken(rules::TIMER_LENGTH, None, found, "timer 250 or longer");
        }
        Ok(())
    }
}

impl SenderRules for SenderJudge {
    fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
        timers: &Timers,
        _now: Moment,
    ) -> Result<(), Violation> {
        check_verbs(actions)?;
        let before = self.base;
        if let ProgramEvent::Ack { number, ranges } = program_event {
            self.take_ack(*number, ranges);
        }
        let sends = actions.iter().filter_map(Action::transmitted);
        let next = self.next;
        let (again, fresh): (Vec<_>, Vec<_>) = sends.partition(|it| *it < next);
        self.judge_retransmissions(program_event, &again)?;
        self.judge_first_transmissions(&fresh)?;
        self.judge_timers(program_event, actions, timers, self.base > before)
    }

    fn is_finished(&self) -> bool {
        self.base == self.segments
    }

    fn oldest(&self) -> SegmentNumber {
        self.base
    }
}

/// The receiver's state according to the rules.
#[derive(Debug, Default)]
pub struct ReceiverJudge {
    expected: SegmentNumber,
    buffer: BTreeSet<SegmentNumber>,
}

impl ReceiverJudge {
    /// The mistake in an ACK, if there is one.
    fn wrong_ack(
        &self,
        arrived: Option<SegmentNumber>,
        number: SegmentNumber,
        ranges: &[Range],
    ) -> Option<(Option<&'static rules::Mistake>, String)> {
        if number != self.expected {
            let expected = format!("ACK with next expected {}", self.expected);
            return Some((None, expected));
        }
        let is_told =
            |it: SegmentNumber| ranges.iter().any(|[a, b]| (*a..=*b).contains(&it));
        let is_true = |[first, last]: &Range| {
            let count = self.buffer.range(*first..=*last).count();
            i64::try_from(count) == Ok(last - first + 1)
        };
        if !ranges.iter().all(is_true) {
            let expected = format!("ranges of {}", list(&self.buffer));
            return Some((Some(rules::ACKNOWLEDGES_TOO_MUCH), expected));
        }
        let newest = arrived.filter(|it| self.buffer.contains(it))?;
        let expected = format!("a range with segment {newest}");
        (!is_told(newest)).then_some((Some(rules::RANGES_MISSING), expected))
    }
}

impl ReceiverRules for ReceiverJudge {
    fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
    ) -> Result<(), Violation> {
        super::receiver::check_verbs(actions)?;
        let arrived = program_event.data();
        let before = self.expected;
        self.buffer.extend(arrived.filter(|it| *it >= before));
        while self.buffer.remove(&self.expected) {
            self.expected += 1;
        }
        let wanted: Vec<_> = (before..self.expected).collect();
        let deliveries: Vec<_> = actions.iter().filter_map(Action::delivered).collect();
        let acks: Vec<_> = actions.iter().filter_map(Action::acknowledged).collect();
        let broken = |rule, mistake, found: &str, expected: &str| {
            let violation = violation(rule, mistake, found, expected);
            Err(Violation {
                role: Role::Receiver,
                ..violation
            })
        };
        if deliveries != wanted {
            let none = "nothing delivered";
            let is_short = !deliveries.is_empty() && deliveries.len() < wanted.len();
            let (found, wanted) = (segments(&deliveries, none), segments(&wanted, none));
            let mistake = is_short.then_some(rules::BUFFER_FORGOTTEN);
            return broken(rules::DELIVERY, mistake, &found, &wanted);
        }
        match acks[..] {
            [] if arrived.is_none() => Ok(()),
            [(number, ranges)] => match self.wrong_ack(arrived, number, ranges) {
                None => Ok(()),
                Some((mistake, expected)) => {
                    let found = format!("ACK {number} with {} ranges", ranges.len());
                    broken(rules::ACK_SACK, mistake, &found, &expected)
                }
            },
            [] => broken(rules::ACK_SACK, None, "no ACK", "one ACK"),
            _ => {
                let mistake = Some(rules::ACKNOWLEDGED_TWICE);
                broken(rules::ACK_SACK, mistake, "several ACKs", "one ACK")
            }
        }
    }

    fn delivered(&self) -> SegmentNumber {
        self.expected
    }
}

fn list(numbers: &BTreeSet<SegmentNumber>) -> String {
    let numbers: Vec<_> = numbers.iter().copied().collect();
    segments(&numbers, "nothing: all that has arrived is in order")
}
