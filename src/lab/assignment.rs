//! A class exercise, limited so that it cannot overload a computer.
//!
//! A scenario from the network is a program for another user's computer. Therefore it is
//! checked again before it is run, refused if it needs more than a lesson does (size,
//! number of segments), and stopped if it does more work than that: with enough loss a
//! small file can be retransmitted for hours.
//!
//! ```text
//! Assignment --experiment()--> Experiment --run()--> LabFigures
//!                v too large, unreadable     v too much work, or cancelled
//! ```
//!
//! ```
//! use sash::lab::assignment::{experiment, run};
//! use sash::wire::{message::Assignment, options::{Arq, Congestion}};
//! let assignment = Assignment {
//!     link: "seed=7;loss=10%".to_owned(),
//!     arq: Arq::GoBackN,
//!     window: 16,
//!     congestion: Congestion::Fixed,
//!     segment_bytes: 1_436,
//!     size: 100_000,
//! };
//! let figures = run(experiment(&assignment).unwrap(), || true).unwrap();
//! assert!(figures.verified);
//! ```

use super::run::{Experiment, Run, Stuck};
use super::simulation::Simulation;
use crate::link::{Scenario, ScenarioError};
use crate::wire::message::{Assignment, LabFigures};
use crate::wire::options::{NegotiatedOptions, OptionError, RequestedOptions};
use std::fmt;

/// The largest file of an exercise. Unit: bytes.
pub const LARGEST_SIZE: u64 = 4 << 20;

/// The limit of segments of its file.
pub const MOST_SEGMENTS: u64 = 20_000;

/// The limit of the bytes of one window. Unit: bytes.
const LARGEST_WINDOW_BYTES: u64 = 16 << 20;

/// The longest scenario. Unit: characters.
const LONGEST_LINK: usize = 1_000;

/// The limit of packets on the link, and of steps of the state machines. A lesson needs a
/// few thousand; this many take a few seconds.
const MOST_WORK: u64 = 500_000;

/// The interval of the check whether to continue.
const WORK_BETWEEN_LOOKS: u64 = 1_000;

/// A run with too much data in flight is stopped too: all of it is in memory during the
/// transfer. Unit: bytes.
const MOST_BYTES: u64 = 48 << 20;

/// The reason why an exercise is not run, or not to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum AssignmentError {
    /// The scenario is invalid.
    Link(ScenarioError),
    /// An option is outside its range.
    Option(OptionError),
    /// The scenario is too long.
    LongLink,
    /// The file is too large.
    Large {
        /// Unit: bytes.
        size: u64,
    },
    /// More packets than this would take too long.
    ManySegments {
        /// The number.
        segments: u64,
    },
    /// Too many bytes in flight.
    WideWindow {
        /// Unit: bytes.
        bytes: u64,
    },
    /// It did too much work, and was stopped.
    Endless {
        /// Packets, and steps of the state machines.
        work: u64,
    },
    /// A bug in a state machine.
    Stuck(Stuck),
    /// It was cancelled.
    Stopped,
}

/// The run of an exercise.
///
/// # Errors
/// [`AssignmentError`] if it is invalid or too large.
pub fn experiment(assignment: &Assignment) -> Result<Experiment, AssignmentError> {
    if assignment.link.chars().count() > LONGEST_LINK {
        return Err(AssignmentError::LongLink);
    }
    let scenario: Scenario = assignment.link.parse().map_err(AssignmentError::Link)?;
    let asked = RequestedOptions {
        transport: None,
        arq: Some(assignment.arq),
        window: Some(assignment.window),
        congestion: Some(assignment.congestion),
        segment_bytes: Some(assignment.segment_bytes),
    };
    let settled = asked
        .negotiate(&NegotiatedOptions::DEFAULT)
        .map_err(AssignmentError::Option)?;
    let size = assignment.size;
    if size > LARGEST_SIZE {
        return Err(AssignmentError::Large { size });
    }
    let segment_bytes = u64::from(settled.segment_bytes);
    let segments = size.div_ceil(segment_bytes);
    if segments > MOST_SEGMENTS {
        return Err(AssignmentError::ManySegments { segments });
    }
    let bytes = u64::from(settled.window).min(segments) * segment_bytes;
    if bytes > LARGEST_WINDOW_BYTES {
        return Err(AssignmentError::WideWindow { bytes });
    }
    Ok(Experiment {
        scenario,
        arq: settled.arq,
        window: settled.window,
        congestion: settled.congestion,
        segment_bytes: settled.segment_bytes,
        size,
        ..Experiment::small()
    })
}

/// Runs it to its end, or until `may_continue`, which is called from time to time,
/// returns `false`.
///
/// # Errors
/// [`AssignmentError::Endless`] and the two after it.
pub fn run(
    experiment: Experiment,
    mut may_continue: impl FnMut() -> bool,
) -> Result<LabFigures, AssignmentError> {
    let packet_bytes = u64::from(experiment.segment_bytes);
    let most_work = MOST_WORK.min(MOST_BYTES / packet_bytes);
    let mut simulation = Simulation::new(Experiment {
        listening: true, // The work is counted in entries.
        ..experiment
    });
    let (mut work, mut next_look) = (0, 0);
    loop {
        work += 1 + simulation.take_entries().count() as u64;
        if let Some(run) = simulation.outcome() {
            return Ok(figures(run));
        }
        if work > most_work {
            return Err(AssignmentError::Endless { work });
        }
        if work >= next_look {
            next_look = work + WORK_BETWEEN_LOOKS;
            if !may_continue() {
                return Err(AssignmentError::Stopped);
            }
        }
        simulation.step().map_err(AssignmentError::Stuck)?;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is for people; bytes per microsecond fit many times over"
)]
fn figures(run: &Run) -> LabFigures {
    LabFigures {
        verified: run.is_verified(),
        elapsed_us: u64::try_from(run.elapsed.as_micros()).unwrap_or(u64::MAX),
        goodput: if run.elapsed.is_zero() {
            0 // A link without delay and rate takes no time.
        } else {
            run.goodput() as u64
        },
        sent_packets: run.progress.sent_packets,
        resent_packets: run.progress.resent_packets,
        predicted_packets: None,
    }
}

impl fmt::Display for AssignmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The scenario's own message marks the place on further lines.
            Self::Link(error) => {
                let text = error.to_string();
                f.write_str(text.lines().next().unwrap_or_default())
            }
            Self::Option(error) => error.fmt(f),
            Self::LongLink => {
                write!(f, "scenario too long: at most {LONGEST_LINK} characters")
            }
            Self::Large { size } => write!(
                f,
                "file too large for a lesson: {size} bytes, at most {LARGEST_SIZE}"
            ),
            Self::ManySegments { segments } => write!(
                f,
                "too many packets for a lesson: {segments}, at most {MOST_SEGMENTS}"
            ),
            Self::WideWindow { bytes } => write!(
                f,
                "window too wide for a lesson: {bytes} bytes in flight, at most \
                 {LARGEST_WINDOW_BYTES}"
            ),
            Self::Endless { work } => {
                write!(f, "stopped: not finished after {work} packets and steps")
            }
            Self::Stuck(stuck) => stuck.fmt(f),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl std::error::Error for AssignmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Link(error) => Some(error),
            Self::Option(error) => Some(error),
            Self::Stuck(error) => Some(error),
            Self::LongLink
            | Self::Large { .. }
            | Self::ManySegments { .. }
            | Self::WideWindow { .. }
            | Self::Endless { .. }
            | Self::Stopped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(link: &str) -> Assignment {
        Assignment::example(link)
    }

    fn run_it(assignment: &Assignment) -> Result<LabFigures, AssignmentError> {
        run(experiment(assignment)?, || true)
    }

    #[test]
    fn an_exercise_gives_the_same_figures_as_the_laboratory() {
        let lesson = assignment("seed=7;loss=10%;delay=20ms");
        let figures = run_it(&lesson).unwrap();
        let run = experiment(&lesson).unwrap().run(|_| ()).unwrap();
        assert!(figures.verified);
        assert_eq!(u128::from(figures.elapsed_us), run.elapsed.as_micros());
        assert_eq!(figures.resent_packets, run.progress.resent_packets);
        assert_eq!(run_it(&lesson), Ok(figures));
    }

    #[test]
    fn an_exercise_that_is_too_large_is_refused_before_it_starts() {
        let lesson = assignment("");
        let why = |it: Assignment| experiment(&it).unwrap_err();
        let size = LARGEST_SIZE + 1;
        let large = why(Assignment {
            size,
            ..lesson.clone()
        });
        assert_eq!(large, AssignmentError::Large { size });
        let many = why(Assignment {
            segment_bytes: 1,
            ..lesson.clone()
        });
        assert_eq!(many, AssignmentError::ManySegments { segments: 100_000 });
        let wide = why(Assignment {
            window: 0,
            ..lesson.clone()
        });
        assert!(matches!(wide, AssignmentError::Option(_)), "{wide}");
        let link = "x".repeat(LONGEST_LINK + 1);
        assert_eq!(
            why(Assignment { link, ..lesson }),
            AssignmentError::LongLink
        );
        let unreadable = why(assignment("los=10%")).to_string();
        assert!(
            unreadable.ends_with("did you mean \"loss\"?"),
            "{unreadable}"
        );
    }

    #[test]
    fn an_endless_or_abandoned_exercise_is_stopped() {
        let cruel = Assignment {
            window: 8_192,
            size: LARGEST_SIZE,
            segment_bytes: 300,
            ..assignment("seed=1;loss=60%;delay=50ms")
        };
        let endless = run_it(&cruel);
        assert!(
            matches!(endless, Err(AssignmentError::Endless { .. })),
            "{endless:?}"
        );
        let stopped = run(experiment(&cruel).unwrap(), || false);
        assert_eq!(stopped, Err(AssignmentError::Stopped));
    }
}
