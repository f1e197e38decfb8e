//! The setup of a run: the fields above the laboratory, and what they mean.
//!
//! ```
//! use sash::lab::page::Setup;
//! let setup = Setup { scenario: "loss=5%".to_owned(), ..Setup::default() };
//! assert_eq!(setup.experiment().unwrap().scenario.to_string(), "loss=5%");
//! let wrong = Setup { scenario: "los=5%".to_owned(), ..Setup::default() };
//! assert!(wrong.experiment().unwrap_err().contains("did you mean \"loss\"?"));
//! ```

use crate::lab::journal::Heading;
use crate::lab::run::Experiment;
use crate::link::{Scenario, ScenarioError};
use crate::wire::options::{Arq, Congestion, DEFAULT_SEGMENT_BYTES, LARGEST_WINDOW};

/// The fields as they are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The link, as its line of text.
    pub scenario: String,
    /// The protocol.
    pub arq: Arq,
    /// Most packets in flight.
    pub window: String,
    /// The congestion controller.
    pub congestion: Congestion,
    /// The file. Unit: bytes.
    pub size: u64,
}

/// Files to choose from. Unit: packets of the usual size.
pub const PACKETS: [u32; 11] = [1, 3, 5, 8, 12, 20, 70, 200, 700, 7_000, 70_000];

/// The same file. Unit: bytes.
#[must_use]
pub fn bytes_of(packets: u32) -> u64 {
    u64::from(packets) * u64::from(DEFAULT_SEGMENT_BYTES)
}

/// The limit, because a larger run takes long.
const LARGEST: u64 = 100_520_000;

impl Setup {
    /// The run.
    pub(super) fn of(heading: &Heading) -> Self {
        Self {
            scenario: heading.scenario.clone(),
            arq: heading.arq,
            window: heading.window.to_string(),
            congestion: heading.congestion,
            size: heading.size.min(LARGEST),
        }
    }

    /// The experiment to run.
    ///
    /// # Errors
    /// A sentence about the invalid field.
    pub fn experiment(&self) -> Result<Experiment, String> {
        let scenario: Scenario =
            self.scenario.parse().map_err(|error| unreadable(&error))?;
        let window = self.window()?;
        Ok(Experiment {
            scenario,
            arq: self.arq,
            window,
            congestion: self.congestion,
            size: self.size,
            listening: true,
            ..Experiment::small()
        })
    }

    /// All protocols over the same link: stop-and-wait with its window of 1.
    ///
    /// # Errors
    /// As [`Setup::experiment`].
    pub fn lanes(&self) -> Result<Vec<Experiment>, String> {
        let lane = |arq| {
            let setup = Self {
                arq,
                congestion: Congestion::Fixed,
                ..self.clone()
            };
            setup.experiment()
        };
        Arq::ALL.into_iter().map(lane).collect()
    }

    fn window(&self) -> Result<u32, String> {
        let wrong = || {
            let said = &self.window;
            format!("The window {said:?} is not a number from 1 to {LARGEST_WINDOW}.")
        };
        let window: u32 = self.window.trim().parse().map_err(|_| wrong())?;
        if window == 0 || window > LARGEST_WINDOW {
            return Err(wrong());
        }
        Ok(match self.arq {
            Arq::StopAndWait => 1,
            Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => window,
        })
    }
}

/// The first line of a scenario's error, because the field is visible.
pub(super) fn unreadable(error: &ScenarioError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let what = line.strip_prefix("scenario: ").unwrap_or(line);
    format!("Invalid scenario: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_window_is_reported_with_the_typed_text() {
        for window in ["", "0", "many", "-1", "99999999999"] {
            let window = window.to_owned();
            let setup = Setup {
                window: window.clone(),
                ..Setup::default()
            };
            let sentence = setup.experiment().unwrap_err();
            assert!(sentence.contains(&format!("{window:?}")), "{sentence}");
        }
    }

    #[test]
    fn a_race_runs_each_protocol_once_over_the_same_link() {
        let lanes = Setup::default().lanes().unwrap();
        let arqs: Vec<Arq> = lanes.iter().map(|lane| lane.arq).collect();
        assert_eq!(arqs, Arq::ALL);
        assert_eq!(lanes[0].window, 1);
        assert!(lanes.iter().all(|lane| lane.scenario == lanes[0].scenario));
    }
}
