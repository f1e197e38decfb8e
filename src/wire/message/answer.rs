//! An answer to a question of the class.

use serde::{Deserialize, Serialize};

/// An answer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// This choice, from 0.
    Choice(u8),
    /// This many packets.
    Packets(u32),
}

/// An answer, and the question that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassAnswer {
    /// The number of the `question`.
    pub number: u64,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}
