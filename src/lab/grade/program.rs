//! The interface of a program under test: events for it, and its actions or failures.

use super::verbs::{Action, ProgramEvent};
use crate::reliable::moment::Moment;

/// One half of a protocol that answers verbs.
pub trait Program {
    /// Sends it one event; returns its actions, in order. [`ProgramEvent::Start`] and
    /// [`ProgramEvent::End`] are not answered.
    ///
    /// # Errors
    /// The reason why there is no answer, in sentences.
    fn hear(
        &mut self,
        program_event: &ProgramEvent,
        now: Moment,
    ) -> Result<Vec<Action>, Failure>;
}

/// The failure of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The failure in a sentence, and the advice.
    pub sentence: String,
    /// The last lines that it wrote to stderr.
    pub stderr: Vec<String>,
}
