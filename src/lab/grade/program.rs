//! A program under test, as a run sees it: what it is told, and what it does or why not.

use super::verbs::{Action, ProgramEvent};
use crate::reliable::moment::Moment;

/// One half of a protocol that answers verbs.
pub trait Program {
    /// Tells it one thing; what it does, in order. [`ProgramEvent::Start`] and
    /// [`ProgramEvent::End`] are not answered.
    ///
    /// # Errors
    /// Why there is no answer, in sentences.
    fn hear(&mut self, program_event: &ProgramEvent, now: Moment) -> Reaction;
}

/// The reaction of a program to an event, in order.
pub type Reaction = Result<Vec<Action>, Failure>;

/// Why a program did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The failure in a sentence, and the advice.
    pub sentence: String,
    /// The last lines that it wrote to stderr.
    pub stderr: Vec<String>,
}
