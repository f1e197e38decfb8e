//! The interface of the judges, for every protocol.

use super::rules::Violation;
use super::verbs::{Action, ProgramEvent};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::{SegmentNumber, Timer};
use std::collections::BTreeMap;

/// The timers of a program that run, and when each expires.
pub(super) type Timers = BTreeMap<Timer, Moment>;

/// The answer of a sender to one event.
#[derive(Clone, Copy)]
pub(super) struct SenderAnswer<'a> {
    pub(super) program_event: &'a ProgramEvent,
    pub(super) actions: &'a [Action],
    /// Those that run after it.
    pub(super) timers: &'a Timers,
    pub(super) now: Moment,
}

/// The rule that an answer breaks, if any.
pub(super) type Judgment = Result<(), Violation>;

/// The rules of a sender.
pub(super) trait SenderRules {
    fn judge(&mut self, answer: SenderAnswer<'_>) -> Judgment;
    /// Whether every segment is acknowledged.
    fn is_finished(&self) -> bool;
    /// The oldest segment that is not acknowledged.
    fn oldest(&self) -> SegmentNumber;
}

/// The rules of a receiver.
pub(super) trait ReceiverRules {
    fn judge(&mut self, event: &ProgramEvent, actions: &[Action]) -> Judgment;
    /// How many segments have been delivered.
    fn delivered(&self) -> SegmentNumber;
}
