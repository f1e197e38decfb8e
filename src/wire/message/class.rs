//! A class: the exercises of the teacher, and their results.
//!
//! ```text
//! teacher  -> {"lab":{"link":"seed=7;loss=10%","arq":"go-back-n","window":16,...}}
//! everyone <- {"lab":{"number":1,"from":"dana","link":"seed=7;loss=10%",...}}
//! guy      -> {"lab-result":{"number":1,"outcome":{"done":{"verified":true,...}}}}
//! teacher  -> "lab-results"
//! teacher  <- {"lab-results":{"number":1,"rows":[{"name":"guy","outcome":{...}}]}}
//! guy      -> {"submit":{"assignment":"go-back-n","points":104,"of":110,"passed":20,...}}
//! ```
//!
//! The laboratory decides whether a scenario is valid and not too large.

use super::answer::ClassAnswer;
use super::assignment::Assignment;
use serde::{Deserialize, Serialize};

/// An exercise that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lab {
    /// Its number in this class, from 1.
    pub number: u64,
    /// The teacher.
    pub from: String,
    /// The exercise to run.
    #[serde(flatten)]
    pub assignment: Assignment,
}

/// The result of an exercise at one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabResult {
    /// The number of the `lab`.
    pub number: u64,
    /// The result.
    pub outcome: LabOutcome,
}

/// The answer of a user and a computer to an exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabOutcome {
    /// It was run to its end.
    Done(LabFigures),
    /// The user declined.
    Declined,
    /// A program of the user was graded; this answers no `lab`.
    Submitted(Submission),
    /// The answer to a question of the class; this answers no `lab`.
    Answered(ClassAnswer),
    /// It could not be run.
    Failed {
        /// Why.
        sentence: String,
    },
}

/// The result of `lab grade` for a student's program, on the student's computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// `go-back-n`, `congestion`.
    pub assignment: String,
    /// Points reached.
    pub points: u32,
    /// The possible points.
    pub of: u32,
    /// Scenarios that were passed.
    pub passed: u32,
    /// The number of scenarios.
    pub scenarios: u32,
}

impl Submission {
    /// Whether its numbers are possible, and its name is short and plain.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
        let name = &self.assignment;
        let is_named = (1..=LONGEST_ASSIGNMENT).contains(&name.len());
        let is_possible = self.points <= self.of && self.passed <= self.scenarios;
        is_named && name.chars().all(is_plain) && is_possible
    }
}

/// Longest name of an assignment. Unit: bytes.
const LONGEST_ASSIGNMENT: usize = 40;

/// The numbers of a run. It is in virtual time, so they are the same on every computer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabFigures {
    /// Whether the file arrived complete.
    pub verified: bool,
    /// From the first SYN until the receiver had the whole file. Unit: microseconds.
    pub elapsed_us: u64,
    /// Unit: file bytes per second.
    pub goodput: u64,
    /// DATA packets sent, including retransmissions.
    pub sent_packets: u64,
    /// DATA packets that were retransmitted.
    pub resent_packets: u64,
    /// The number of DATA packets, including retransmissions, that the user predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_packets: Option<u32>,
}

/// One line of the teacher's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabRow {
    /// Whose.
    pub name: String,
    /// The user's result.
    pub outcome: LabOutcome,
}
