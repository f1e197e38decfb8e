//! The teacher's question to the class, and its state at this client.

use crate::lab::class_question::RunQuestion;
use crate::wire::message::{Answer, ClassQuestion, Revealed};
use std::sync::Arc;

/// A question at this client.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionAsked {
    /// Its number in the class.
    pub number: u64,
    /// The teacher. Safe to show.
    pub from: String,
    /// Whether it is this client's own.
    pub is_own: bool,
    /// The question as it arrived.
    pub asked: ClassQuestion,
    /// The run up to its moment, the choices, and the right answer.
    pub run: Arc<RunQuestion>,
    /// The last answer of this user.
    pub answer: Option<Answer>,
    /// The number of answers; only the teacher knows it.
    pub answered: u64,
    /// The distribution of the answers, once the teacher shows it.
    pub revealed: Option<Revealed>,
}

impl QuestionAsked {
    /// Whether `other` looks the same, without comparing the run.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run)
            && (self.answer, self.answered, &self.revealed)
                == (other.answer, other.answered, &other.revealed)
    }

    /// Whether an answer would count.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.revealed.is_none()
    }
}
