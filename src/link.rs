//! An imperfect link as a machine.

use std::fmt;
use std::str::FromStr;

/// What a link does to packets, written as one line: `seed=7;loss=10%;delay=50ms`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {}

impl Scenario {
    /// A link that delivers everything at once.
    pub const PERFECT: Self = Self {};
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(_text: &str) -> Result<Self, ScenarioError> {
        Ok(Self {})
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "perfect")
    }
}

/// A scenario that cannot be read; `Display` points at the place.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioError {}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenario unreadable")
    }
}

impl std::error::Error for ScenarioError {}
