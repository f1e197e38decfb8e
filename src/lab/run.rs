//! A transfer in virtual time: two state machines and a link, without sockets or clock.
//!
//! An [`Experiment`] describes the run, a [`Run`] its result;
//! [`Simulation`](super::simulation::Simulation) carries it out.
//!
//! ```
//! use sash::lab::run::Experiment;
//! use sash::wire::options::Arq;
//! let scenario = "seed=7;loss=20%".parse().unwrap();
//! let experiment = Experiment { scenario, arq: Arq::GoBackN, ..Experiment::small() };
//! let run = experiment.run(|_| ()).unwrap();
//! assert!(run.is_verified());
//! ```

use super::halt::Halt;
use crate::link::{Direction, Scenario};
use crate::reliable::connection::Outcome;
use crate::reliable::connection_parameters::{ACKNOWLEDGEMENT_DELAY, LEAST_TIMEOUT};
use crate::reliable::event::log::{Format, Heading, VERSION};
use crate::reliable::handshake::Proposal;
use crate::reliable::moment::Moment;
use crate::reliable::round_trip::Timing;
use crate::wire::digest::Token;
use crate::wire::message::Progress;
use crate::wire::options::{Arq, Congestion, NegotiatedOptions};
use crate::wire::sequence::SequenceNumber;
use std::fmt;
use std::time::Duration;

/// One transfer to be run.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// The scenario of the link.
    pub scenario: Scenario,
    /// The protocol.
    pub arq: Arq,
    /// Unit: packets.
    pub window: u32,
    /// The congestion controller.
    pub congestion: Congestion,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The sequence number of the file's first segment.
    pub first: SequenceNumber,
    /// The part of the file that the receiver already has. Unit: bytes.
    pub offset: u64,
    /// Whether the sender begins the handshake, as in an upload.
    pub is_upload: bool,
    /// The halt in its middle, if any.
    pub halt: Option<Halt>,
    /// The rule of the sender's timeout.
    pub timing: Timing,
    /// The longest delay of an ACK; zero: every DATA packet is acknowledged at once.
    pub acknowledgement_delay: Duration,
    /// The least time between two packets of the sender. If it equals the transmission
    /// delay, the sender is directly at the wire, as in the textbook: packets do not wait
    /// in a queue, and the sender decides as late as possible. Zero: it sends at once.
    pub spacing: Duration,
    /// Whether entries are made for the journal.
    pub listening: bool,
}

/// The result.
#[derive(Debug, Clone)]
pub struct Run {
    /// The outcome of the sender.
    pub sender: Outcome,
    /// The outcome of the receiver.
    pub receiver: Outcome,
    /// Whether the received file equals the sent one, byte for byte.
    pub is_identical: bool,
    /// The time from the first SYN until the receiver has verified the whole file, for
    /// which a user waits. Virtual time.
    pub elapsed: Duration,
    /// The time from the first DATA to the last ACK, without handshake and termination.
    /// Virtual time.
    pub transferring: Duration,
    /// The part of the file that the receiver had before. Unit: bytes.
    pub offset: u64,
    /// The sender's counters at its end.
    pub progress: Progress,
    /// The packets in the file's direction.
    pub data: Traffic,
    /// The packets in the other direction.
    pub ack: Traffic,
    /// The number of deliveries and timeouts.
    pub steps: u64,
}

/// The packets sent in one direction, whether they arrived or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets of every kind.
    pub packets: u64,
    /// Headers of UDP and IP included.
    pub bytes: u64,
}

/// The longest experiment. Virtual time.
pub(super) const LONGEST_RUN: Duration = Duration::from_secs(24 * 3600);

/// Journals must not differ between runs, so the laboratory's token is constant.
pub(super) const TOKEN: Token = Token(*b"sash laboratory ");

impl Experiment {
    /// A hundred thousand bytes by selective repeat over a perfect link.
    #[must_use]
    pub fn small() -> Self {
        let NegotiatedOptions {
            arq, segment_bytes, ..
        } = NegotiatedOptions::DEFAULT;
        Self {
            scenario: Scenario::PERFECT,
            arq,
            window: 16,
            congestion: Congestion::Fixed,
            size: 100_000,
            segment_bytes,
            first: SequenceNumber(0),
            offset: 0,
            is_upload: false,
            halt: None,
            timing: Timing::Adaptive {
                least: LEAST_TIMEOUT,
            },
            acknowledgement_delay: ACKNOWLEDGEMENT_DELAY,
            spacing: Duration::ZERO,
            listening: false,
        }
    }

    /// The line that runs it again: `lab run --arq go-back-n ...`.
    #[must_use]
    pub fn command(&self) -> String {
        let Self {
            arq,
            congestion,
            window,
            size,
            segment_bytes,
            first,
            offset,
            ..
        } = self;
        let upload = if self.is_upload { " --upload" } else { "" };
        let halt = self
            .halt
            .map_or_else(String::new, |halt| format!(" --halt {halt}"));
        let link = if self.scenario.is_perfect() {
            String::new()
        } else {
            format!(" --link \"{}\"", self.scenario)
        };
        format!(
            "lab run --arq {arq} --congestion {congestion} --window {window} --size {size} \
             --segment {segment_bytes} --first {} --offset {offset}{upload}{halt}{link}",
            first.0
        )
    }

    /// The journal's first line.
    #[must_use]
    pub fn heading(&self) -> Heading {
        Heading {
            journal: Format::Sash,
            version: VERSION,
            scenario: self.scenario.to_string(),
            arq: self.arq,
            window: self.window,
            congestion: self.congestion,
            size: self.size,
            offset: self.offset,
            segment_bytes: self.segment_bytes,
            first_sequence: self.first.0,
            token: Some(TOKEN),
        }
    }

    /// The parameters of one machine; for the sender also its first sequence number.
    pub(super) fn proposal(&self, first: Option<SequenceNumber>) -> Proposal {
        let one_way = |way| self.scenario.conditions(way).delay;
        Proposal {
            token: TOKEN,
            size: self.size,
            offset: self.offset,
            segment_bytes: self.segment_bytes,
            window: self.window,
            congestion: self.congestion,
            first,
            chat_round_trip: Some(one_way(Direction::Data) + one_way(Direction::Ack)),
            timing: self.timing,
            acknowledgement_delay: self.acknowledgement_delay,
            early_data: false, // A lesson shows the three-way handshake.
            listening: self.listening,
        }
    }
}

impl Run {
    /// Whether both sides report, and the bytes show, that the file arrived complete.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        let said = [self.sender, self.receiver];
        self.is_identical && said.iter().all(|&outcome| outcome == Outcome::Verified)
    }

    /// File bytes per second of virtual time.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
    pub fn goodput(&self) -> f64 {
        let sent = self.progress.acked_bytes.saturating_sub(self.offset);
        sent as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The error for a run that would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stuck {
    pub(super) at: Moment,
    pub(super) next: Option<Moment>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.next {
            None => write!(f, "stuck at {}: neither side waits for an event", self.at),
            Some(next) => {
                write!(f, "stuck at {}: the next event comes at {next}", self.at)
            }
        }
    }
}

impl std::error::Error for Stuck {}
