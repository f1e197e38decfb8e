//! The exercise that the teacher gave to this client, and its progress.

use crate::wire::message::{Assignment, LabFigures};

/// An assignment as this client has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabOffer {
    /// Its number in the class.
    pub number: u64,
    /// The teacher. Safe to show.
    pub from: String,
    /// The exercise to run, checked: no more than a lesson needs.
    pub assignment: Assignment,
    /// The line that runs the same in a shell: `lab run ...`. Safe to show.
    pub command: String,
    /// How many DATA packets the user predicts.
    pub prediction: Option<u32>,
    /// How far it is.
    pub state: LabState,
}

/// How far an assignment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabState {
    /// The person has not answered yet.
    Asked,
    /// The person does not want it; saying yes later is possible.
    Declined,
    /// It runs.
    Running,
    /// It ran to its end, and the teacher was told.
    Done(LabFigures),
    /// It could not be run, and the teacher was told.
    Failed {
        /// Why.
        sentence: String,
    },
}

impl LabOffer {
    /// Whether a yes would start it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, LabState::Asked | LabState::Declined)
    }
}
