//! The interface of the judges, for every protocol.

use super::rules::Violation;
use super::sender::Timers;
use super::verbs::{Action, ProgramEvent};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::SegmentNumber;

/// The rules of a sender.
pub(super) trait SenderRules {
    fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
        timers: &Timers,
        now: Moment,
    ) -> Result<(), Violation>;
    fn is_finished(&self) -> bool;
    fn oldest(&self) -> SegmentNumber;
}

/// The rules of a receiver.
pub(super) trait ReceiverRules {
    fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
    ) -> Result<(), Violation>;
    fn delivered(&self) -> SegmentNumber;
}
