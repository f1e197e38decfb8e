//! The judge of a sender of stop-and-wait, go-back-N or selective repeat.
//!
//! It tracks `base`, `nextseqnum` and the timers by the events and actions of the
//! program, and compares each answer with the rules. It does not know how the program
//! works.

use super::rules::{self, Mistake, Rule, Violation};
use super::scenario::{GradedScenario, TIMEOUT};
use super::verbs::{Action, ProgramEvent, Role};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::{SegmentNumber, Timer};
use crate::wire::options::Arq;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The timers of a program that run, and when each expires.
pub type Timers = BTreeMap<Timer, Moment>;

/// Times are read from text, so two that should be equal may differ by this.
const TOLERANCE: Duration = Duration::from_micros(1);

/// A timer of less than this share of the timeout probably uses seconds.
const SECONDS: u32 = 100;

/// The sender's state according to the rules.
#[derive(Debug)]
pub struct Judge {
    protocol: Arq,
    window: SegmentNumber,
    segments: SegmentNumber,
    base: SegmentNumber,
    next: SegmentNumber,
    /// For selective repeat: acknowledged above `base`.
    acknowledged: BTreeSet<SegmentNumber>,
    /// When each segment was last transmitted.
    sent_at: BTreeMap<SegmentNumber, Moment>,
}

/// One answer, as it is judged.
struct JudgedAnswer<'a> {
    program_event: &'a ProgramEvent,
    actions: &'a [Action],
    now: Moment,
    /// Before the event.
    base: SegmentNumber,
    /// Before the event.
    next: SegmentNumber,
}

impl JudgedAnswer<'_> {
    fn restarts_a_timer(&self) -> bool {
        let is_start = |it: &Action| matches!(it, Action::StartTimer(..));
        self.actions.iter().any(is_start)
    }

    fn stops_a_timer(&self) -> bool {
        let is_stop = |it: &Action| matches!(it, Action::StopTimer(_));
        self.actions.iter().any(is_stop)
    }
}

impl Judge {
    /// The state of a sender that has done nothing yet.
    #[must_use]
    pub fn new(protocol: Arq, scenario: &GradedScenario) -> Self {
        Self {
            protocol,
            window: scenario.window_of(protocol).into(),
            segments: scenario.segments.into(),
            base: 0,
            next: 0,
            acknowledged: BTreeSet::new(),
            sent_at: BTreeMap::new(),
        }
    }

    /// Whether every segment is acknowledged.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.base == self.segments
    }

    /// The oldest segment that is not acknowledged.
    #[must_use]
    pub const fn oldest(&self) -> SegmentNumber {
        self.base
    }

    /// Judges one answer; `timers` are those that run after it.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
        timers: &Timers,
        now: Moment,
    ) -> Result<(), Violation> {
        check_verbs(actions)?;
        let judged = JudgedAnswer {
            program_event,
            actions,
            now,
            base: self.base,
            next: self.next,
        };
        let due = self.due(program_event, now);
        if let ProgramEvent::Ack { number, .. } = program_event {
            self.take_ack(*number);
        }
        let sends = actions.iter().filter_map(Action::transmitted);
        let (again, fresh): (Vec<_>, Vec<_>) = sends.partition(|it| *it < judged.next);
        self.judge_first_transmissions(&judged, &fresh)?;
        self.judge_retransmissions(&judged, &again, &due)?;
        for number in again.iter().chain(&fresh) {
            self.sent_at.insert(*number, now);
        }
        self.judge_timers(&judged, timers)
    }

    /// The segments of a timeout.
    fn due(&self, program_event: &ProgramEvent, now: Moment) -> Vec<SegmentNumber> {
        let ProgramEvent::Timeout(timer) = program_event else {
            return Vec::new();
        };
        let is_due = |number: &SegmentNumber| self.deadline(*number) <= now + TOLERANCE;
        match (self.protocol, timer) {
            (Arq::SelectiveRepeat, Timer::Of(number)) => {
                let mut in_flight = self.in_flight();
                let is_it = in_flight.any(|it| it == *number) && is_due(number);
                is_it.then_some(*number).into_iter().collect()
            }
            (Arq::SelectiveRepeat, Timer::Only) => {
                self.in_flight().filter(is_due).collect()
            }
            (_, _) if self.in_flight().next().is_some_and(|it| is_due(&it)) => {
                self.in_flight().collect()
            }
            (_, _) => Vec::new(),
        }
    }

    fn in_flight(&self) -> impl Iterator<Item = SegmentNumber> + '_ {
        (self.base..self.next).filter(|it| !self.acknowledged.contains(it))
    }

    /// One timeout after the segment was last transmitted.
    fn deadline(&self, number: SegmentNumber) -> Moment {
        let sent_at = self.sent_at.get(&number).copied();
        sent_at.unwrap_or(Moment::START) + TIMEOUT
    }

    fn take_ack(&mut self, number: SegmentNumber) {
        if !(self.base..self.next).contains(&number) {
            return;
        }
        if self.protocol == Arq::SelectiveRepeat {
            self.acknowledged.insert(number);
            while self.acknowledged.remove(&self.base) {
                self.base += 1;
            }
        } else {
            self.base = number + 1;
        }
    }

    /// New segments: in order, all that the window allows, and no more.
    fn judge_first_transmissions(
        &mut self,
        judged: &JudgedAnswer<'_>,
        fresh: &[SegmentNumber],
    ) -> Result<(), Violation> {
        let end = (self.base + self.window).min(self.segments);
        let wanted: Vec<_> = (judged.next..end).collect();
        let expected = segments(&wanted, "no new segment");
        let found = segments(fresh, "no new segment");
        let broken = |rule, mistake| Err(violation(rule, mistake, &found, &expected));
        for (number, place) in fresh.iter().zip(judged.next..) {
            if *number != place {
                let counts_from_one = *number == 1 && place == 0;
                let mistake = counts_from_one.then_some(rules::COUNTS_FROM_ONE);
                return broken(rules::ORDER, mistake);
            }
            if *number >= self.segments {
                return broken(rules::ORDER, Some(rules::PAST_THE_END));
            }
            if *number >= self.base + self.window {
                return broken(rules::WINDOW, self.beyond_the_window(judged, *number));
            }
        }
        if fresh.len() < wanted.len() {
            let mistake = self.short_of_the_window(judged, fresh.len(), &wanted);
            return broken(rules::FULL_WINDOW, mistake);
        }
        self.next = end.max(self.next);
        Ok(())
    }

    /// The usual mistake of a sender that exceeds its window.
    fn beyond_the_window(
        &self,
        judged: &JudgedAnswer<'_>,
        number: SegmentNumber,
    ) -> Option<&'static Mistake> {
        if matches!(judged.program_event, ProgramEvent::Timeout(_)) {
            return Some(rules::ONE_TOO_MANY);
        }
        if let ProgramEvent::Ack { number: ack, .. } = judged.program_event {
            if *ack < judged.base {
                return Some(rules::DUPLICATE_AS_NEWS);
            }
            if self.protocol == Arq::SelectiveRepeat {
                return Some(rules::INDIVIDUAL_AS_CUMULATIVE);
            }
        }
        if self.protocol == Arq::StopAndWait {
            return Some(rules::DOES_NOT_WAIT);
        }
        (number == self.base + self.window).then_some(rules::WINDOW_TOO_LARGE)
    }

    /// The usual mistake of a sender that does not use its window.
    fn short_of_the_window(
        &self,
        judged: &JudgedAnswer<'_>,
        count: usize,
        wanted: &[SegmentNumber],
    ) -> Option<&'static Mistake> {
        let is_short_by_one = count + 1 == wanted.len();
        let ends_the_file = wanted.last() == Some(&(self.segments - 1));
        match judged.program_event {
            _ if is_short_by_one && ends_the_file => Some(rules::LAST_FORGOTTEN),
            ProgramEvent::Begin if count == 0 => Some(rules::SENDS_NOTHING),
            ProgramEvent::Begin if is_short_by_one => Some(rules::WINDOW_TOO_SMALL),
            ProgramEvent::Ack { .. } if count == 0 => Some(rules::WINDOW_DOES_NOT_SLIDE),
            ProgramEvent::Ack { .. } if self.protocol == Arq::GoBackN => {
                Some(rules::CUMULATIVE_AS_INDIVIDUAL)
            }
            ProgramEvent::Begin
            | ProgramEvent::Ack { .. }
            | ProgramEvent::Timeout(_)
            | ProgramEvent::Corrupt
            | ProgramEvent::Start { .. }
            | ProgramEvent::Data(_)
            | ProgramEvent::Delivered(..)
            | ProgramEvent::Lost(_)
            | ProgramEvent::End => None,
        }
    }

    /// Retransmissions: exactly those that are due.
    fn judge_retransmissions(
        &self,
        judged: &JudgedAnswer<'_>,
        again: &[SegmentNumber],
        due: &[SegmentNumber],
    ) -> Result<(), Violation> {
        let is_right = if self.protocol == Arq::SelectiveRepeat {
            let sorted: BTreeSet<_> = again.iter().collect();
            sorted.len() == again.len() && sorted.into_iter().eq(due)
        } else {
            again == due
        };
        if is_right {
            return Ok(());
        }
        let rule = match (judged.program_event, self.protocol) {
            (ProgramEvent::Timeout(_), _) if due.is_empty() => rules::ONLY_TIMEOUT,
            (ProgramEvent::Timeout(_), Arq::StopAndWait) => rules::TIMEOUT_STOP_AND_WAIT,
            (ProgramEvent::Timeout(_), Arq::GoBackN) => rules::TIMEOUT_GO_BACK_N,
            (ProgramEvent::Timeout(_), _) => rules::TIMEOUT_SELECTIVE_REPEAT,
            (_, _) => rules::ONLY_TIMEOUT,
        };
        let none = "no retransmission";
        let (found, expected) = (segments(again, none), segments(due, none));
        let mistake = self.wrong_retransmission(judged, again, due);
        Err(violation(rule, mistake, &found, &expected))
    }

    /// The usual mistake of a sender that retransmits other segments.
    fn wrong_retransmission(
        &self,
        judged: &JudgedAnswer<'_>,
        again: &[SegmentNumber],
        due: &[SegmentNumber],
    ) -> Option<&'static Mistake> {
        match judged.program_event {
            ProgramEvent::Ack { .. } => return Some(rules::RETRANSMITS_ON_ACK),
            ProgramEvent::Corrupt => return Some(rules::ANSWERS_CORRUPT_ACK),
            ProgramEvent::Timeout(_) => {}
            ProgramEvent::Begin
            | ProgramEvent::Start { .. }
            | ProgramEvent::Data(_)
            | ProgramEvent::Delivered(..)
            | ProgramEvent::Lost(_)
            | ProgramEvent::End => return None,
        }
        let is_old =
            |it: &SegmentNumber| *it < self.base || self.acknowledged.contains(it);
        let starts_with =
            |part: &[SegmentNumber]| !part.is_empty() && due.starts_with(part);
        if again.is_empty() {
            Some(rules::NO_RETRANSMISSION)
        } else if again.iter().any(is_old) && self.protocol == Arq::SelectiveRepeat {
            Some(rules::TIMER_OF_ACKNOWLEDGED)
        } else if again.iter().any(is_old) {
            Some(rules::BASE_MOVED_BACK)
        } else if self.protocol == Arq::SelectiveRepeat && again.len() > due.len() {
            Some(rules::WHOLE_WINDOW)
        } else if self.protocol != Arq::GoBackN || !starts_with(again) {
            None
        } else if again.len() == 1 {
            Some(rules::ONLY_OLDEST)
        } else if again.len() + 1 == due.len() {
            Some(rules::FORGETS_NEWEST)
        } else {
            None
        }
    }

    fn judge_timers(
        &self,
        judged: &JudgedAnswer<'_>,
        timers: &Timers,
    ) -> Result<(), Violation> {
        let broken = |rule: &'static Rule, mistake, found: &str, expected: &str| {
            Err(violation(rule, mistake, found, expected))
        };
        let Some(oldest) = self.in_flight().next() else {
            let is_late = matches!(judged.program_event, ProgramEvent::Timeout(_));
            if is_late && judged.restarts_a_timer() {
                let mistake = Some(rules::TIMER_NEVER_STOPS);
                let found = "a timer was started, and nothing is in flight";
                return broken(rules::TIMER_STOPS, mistake, found, "no timer");
            }
            return Ok(());
        };
        if matches!(judged.program_event, ProgramEvent::Corrupt)
            && !judged.actions.iter().all(is_note)
        {
            let mistake = Some(rules::ANSWERS_CORRUPT_ACK);
            let found = "the timer was changed for a corrupt ACK";
            return broken(rules::ONLY_TIMEOUT, mistake, found, "ok alone");
        }
        if timers.is_empty() {
            let mistake = match judged.program_event {
                ProgramEvent::Begin => Some(rules::TIMER_NOT_STARTED),
                ProgramEvent::Timeout(_) => {
                    Some(rules::TIMER_NOT_RESTARTED_AFTER_TIMEOUT)
                }
                ProgramEvent::Ack { .. } if judged.stops_a_timer() => {
                    Some(rules::TIMER_STOPPED_EARLY)
                }
                ProgramEvent::Ack { .. }
                | ProgramEvent::Corrupt
                | ProgramEvent::Start { .. }
                | ProgramEvent::Data(_)
                | ProgramEvent::Delivered(..)
                | ProgramEvent::Lost(_)
                | ProgramEvent::End => None,
            };
            let found = format!("no timer runs, and segment {oldest} is in flight");
            return broken(rules::TIMER_RUNS, mistake, &found, "a running timer");
        }
        if self.protocol == Arq::SelectiveRepeat {
            return self.judge_each_timer(judged, timers);
        }
        let base_moved = self.base > judged.base;
        if base_moved && !judged.restarts_a_timer() {
            let mistake = Some(rules::TIMER_NOT_RESTARTED);
            let found = "base has moved, and the timer was not started again";
            let expected = format!("timer {}", TIMEOUT.as_millis());
            return broken(rules::TIMER_RESTARTS, mistake, found, &expected);
        }
        let deadlines = timers.values();
        let is_right = |it: &Moment| self.is_right(oldest, *it, judged.now);
        if deadlines.clone().any(is_right) {
            return Ok(());
        }
        let found = deadlines.clone().min().copied().unwrap_or(judged.now);
        self.wrong_length(oldest, found, judged.now)
    }

    /// In selective repeat each segment in flight has its timer, or one timer is set for
    /// the segment that is due first.
    fn judge_each_timer(
        &self,
        judged: &JudgedAnswer<'_>,
        timers: &Timers,
    ) -> Result<(), Violation> {
        let only = timers.get(&Timer::Only);
        for number in self.in_flight() {
            let deadline = self.deadline(number);
            let by_only = |it: &Moment| *it <= deadline + TOLERANCE;
            match timers.get(&Timer::Of(number)) {
                _ if only.is_some_and(by_only) => {}
                Some(own) if self.is_right(number, *own, judged.now) => {}
                Some(own) => return self.wrong_length(number, *own, judged.now),
                None => {
                    let found = format!("no timer runs for segment {number}");
                    let expected = format!("timer {} {number}", TIMEOUT.as_millis());
                    let mistake = if *judged.program_event
                        == ProgramEvent::Timeout(Timer::Of(number))
                    {
                        rules::TIMER_NOT_RESTARTED_AFTER_TIMEOUT
                    } else {
                        rules::ONE_TIMER
                    };
                    let rule = rules::TIMER_RUNS;
                    return Err(violation(rule, Some(mistake), &found, &expected));
                }
            }
        }
        Ok(())
    }

    /// Whether a timer of this segment may expire then.
    fn is_right(&self, number: SegmentNumber, expires: Moment, now: Moment) -> bool {
        let earliest = self.deadline(number);
        earliest <= expires + TOLERANCE && expires <= now + TIMEOUT + TOLERANCE
    }

    fn wrong_length(
        &self,
        number: SegmentNumber,
        expires: Moment,
        now: Moment,
    ) -> Result<(), Violation> {
        let is_in_seconds = expires - now <= TIMEOUT / SECONDS;
        let mistake = is_in_seconds.then_some(rules::TIMER_IN_SECONDS);
        let ms = |time: Moment| super::verbs::milliseconds(time.since_start());
        let found = format!(
            "the timer of segment {number} expires at {} ms",
            ms(expires)
        );
        let earliest = self.deadline(number).min(now + TIMEOUT);
        let expected = if earliest == now + TIMEOUT {
            format!("{} ms: timer {}", ms(earliest), TIMEOUT.as_millis())
        } else {
            format!("{} ms to {} ms", ms(earliest), ms(now + TIMEOUT))
        };
        Err(violation(rules::TIMER_LENGTH, mistake, &found, &expected))
    }
}

const fn is_note(action: &Action) -> bool {
    matches!(action, Action::Note(_))
}

/// A sender does not deliver and does not acknowledge.
pub(super) fn check_verbs(actions: &[Action]) -> Result<(), Violation> {
    let foreign = |it: &Action| {
        matches!(
            it,
            Action::Acknowledge { .. } | Action::Deliver(_) | Action::Window(_)
        )
    };
    if !actions.iter().any(foreign) {
        return Ok(());
    }
    let (found, expected) = ("a verb that is not a sender's", "send, timer, stop, note");
    Err(violation(rules::VERBS, None, found, expected))
}

pub(super) fn violation(
    rule: &'static Rule,
    mistake: Option<&'static Mistake>,
    found: &str,
    expected: &str,
) -> Violation {
    Violation {
        role: Role::Sender,
        rule,
        mistake,
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}

/// `segments 3, 4, 5`, `segment 3`, or `none` in words.
pub(super) fn segments(numbers: &[SegmentNumber], none: &str) -> String {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    match &list[..] {
        [] => none.to_owned(),
        [one] => format!("segment {one}"),
        several => format!("segments {}", several.join(", ")),
    }
}
