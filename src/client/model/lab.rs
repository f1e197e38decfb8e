//! The exercise that the teacher gave to this client, and its progress.

use crate::wire::message::{Assignment, LabFigures};

/// An exercise at this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabOffer {
    /// Its number in the class.
    pub number: u64,
    /// The teacher. Safe to show.
    pub from: String,
    /// The exercise to run, checked to be small enough.
    pub assignment: Assignment,
    /// The same run as a command for a shell: `lab run ...`. Safe to show.
    pub command: String,
    /// The predicted number of DATA packets.
    pub prediction: Option<u32>,
    /// Its state.
    pub state: LabState,
}

/// The state of an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabState {
    /// The user has not answered yet.
    RequestedOptions,
    /// The user has declined, but may still accept.
    Declined,
    /// It runs.
    Running,
    /// It was run, and the result was sent to the teacher.
    Done(LabFigures),
    /// It could not be run, and the teacher was informed.
    Failed {
        /// Why.
        sentence: String,
    },
}

impl LabOffer {
    /// Whether the user may start it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, LabState::RequestedOptions | LabState::Declined)
    }
}
