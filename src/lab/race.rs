//! A race: one file and one scenario in several lanes, with their times and
//! retransmissions.
//!
//! ```text
//!   stop-and-wait     ======R.===.======R.====================  16.194 s
//!   go-back-n         ====RR=                                    2.390 s
//!   selective-repeat  ===                                        1.290 s
//! ```
//!
//! The link decides by the name of a packet whether it is lost, so the lanes lose the
//! same first transmissions: [`Race::first_losses_agree`] checks this. (Losses by a
//! queue, an MTU or an outage depend on the time of transmission.)
//!
//! ```
//! use sash::lab::race::Race;
//! use sash::lab::run::Experiment;
//! use sash::wire::options::Arq;
//! let scenario: sash::link::Scenario = "seed=7;loss=5%;delay=10ms".parse().unwrap();
//! let lane = |arq, window| {
//!     Experiment { arq, window, scenario: scenario.clone(), ..Experiment::small() }
//! };
//! let lanes = [lane(Arq::StopAndWait, 1), lane(Arq::SelectiveRepeat, 16)];
//! let race = Race::run(&lanes).unwrap();
//! assert!(race.first_losses_agree());
//! assert_eq!(race.winner().unwrap().name, "selective-repeat, window 16");
//! ```
//!
//! Source: Kurose & Ross §3.4 (the three protocols side by side).

mod drawing;
mod text;

pub use drawing::{picture, picture_at};
pub use text::{bar, table};

use super::journal::{Entry, JournalEvent};
use super::run::{Experiment, Run, Stuck};
use super::strip::Strip;
use super::strip::view::title;
use super::transmissions::lost_data;
use crate::reliable::event::Event;
use std::collections::BTreeSet;
use std::time::Duration;

/// All lanes, run to their ends.
#[derive(Debug, Clone)]
pub struct Race {
    /// In the requested order.
    pub lanes: Vec<Lane>,
}

/// One transfer of the race.
#[derive(Debug, Clone)]
pub struct Lane {
    /// `go-back-n, window 16`.
    pub name: String,
    /// The experiment.
    pub experiment: Experiment,
    /// The result.
    pub run: Run,
    /// Segments whose first transmission the link lost or corrupted.
    pub first_losses: BTreeSet<u32>,
    /// The retransmitted segments, and how often.
    pub retransmissions: Vec<(u32, u32)>,
    /// The number of segments of the file.
    pub segments: u32,
    /// The growth of the file, and the retransmissions.
    pub course: Vec<Mark>,
}

/// A moment of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When. Unit: microseconds.
    pub time_us: u64,
    /// The events.
    pub what: LaneEvent,
}

/// An event at a moment of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneEvent {
    /// The receiver has this many segments in order.
    InOrder(u32),
    /// This segment was retransmitted.
    Resent(u32),
    /// The link lost or corrupted a transmission of this segment.
    Lost(u32),
}

impl Race {
    /// Runs every lane, one after another, in virtual time.
    ///
    /// # Errors
    /// [`Stuck`]: see [`Experiment::run`].
    pub fn run(lanes: &[Experiment]) -> Result<Self, Stuck> {
        let lanes = lanes.iter().map(Lane::run).collect::<Result<_, _>>()?;
        Ok(Self { lanes })
    }

    /// Whether the link lost the first transmissions of the same segments in every lane.
    #[must_use]
    pub fn first_losses_agree(&self) -> bool {
        let mut pairs = self.lanes.iter().zip(self.lanes.iter().skip(1));
        pairs.all(|(lane, next)| lane.first_losses == next.first_losses)
    }

    /// The first of the lanes whose file arrived complete.
    #[must_use]
    pub fn winner(&self) -> Option<&Lane> {
        let whole = self.lanes.iter().filter(|lane| lane.run.is_verified());
        whole.min_by_key(|lane| lane.run.elapsed)
    }

    /// The width of the longest name of a lane. Unit: characters.
    #[must_use]
    pub fn name_width(&self) -> usize {
        let widths = self.lanes.iter().map(|lane| lane.name.chars().count());
        widths.max().unwrap_or_default()
    }

    /// When the last lane ended.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let times = self.lanes.iter().map(|lane| lane.run.elapsed);
        times.max().unwrap_or_default()
    }
}

impl Lane {
    fn run(experiment: &Experiment) -> Result<Self, Stuck> {
        let experiment = Experiment {
            listening: true,
            ..experiment.clone()
        };
        let heading = experiment.heading();
        let mut notes = Notes {
            strip: Strip::new(&heading),
            first_losses: BTreeSet::new(),
            retransmissions: Vec::new(),
            course: Vec::new(),
        };
        let run = experiment.run(|entry| notes.take(&entry))?;
        let Notes {
            strip,
            first_losses,
            retransmissions,
            course,
        } = notes;
        Ok(Self {
            name: title(&heading),
            experiment,
            run,
            first_losses,
            retransmissions: (0..)
                .zip(retransmissions)
                .filter(|(_, times)| *times > 0)
                .collect(),
            segments: strip.segments(),
            course,
        })
    }

    /// How many segments the receiver had in order at this moment. Unit: microseconds.
    #[must_use]
    pub fn in_order_at(&self, time_us: u64) -> u32 {
        let until = self.course.partition_point(|mark| mark.time_us <= time_us);
        let mut newest = self.course[..until].iter().rev();
        let in_order = newest.find_map(|mark| match mark.what {
            LaneEvent::InOrder(segments) => Some(segments),
            LaneEvent::Resent(_) | LaneEvent::Lost(_) => None,
        });
        in_order.unwrap_or_default()
    }
}

/// The notes of a lane about its run.
struct Notes {
    strip: Strip,
    first_losses: BTreeSet<u32>,
    /// For each segment from the first on, how often it was sent again.
    retransmissions: Vec<u32>,
    course: Vec<Mark>,
}

impl Notes {
    fn take(&mut self, entry: &Entry) {
        let before = (self.strip.next_expected(), self.strip.retransmissions());
        self.strip.take(entry);
        let time_us = entry.time_us;
        let mut note = |what| self.course.push(Mark { time_us, what });
        if self.strip.next_expected() != before.0 {
            note(LaneEvent::InOrder(self.strip.next_expected()));
        }
        if let JournalEvent::Machine(Event::PacketSent(packet)) = &entry.what
            && self.strip.retransmissions() != before.1
        {
            note(LaneEvent::Resent(packet.number));
            let place = packet.number as usize;
            if self.retransmissions.len() <= place {
                self.retransmissions.resize(place + 1, 0);
            }
            self.retransmissions[place] += 1;
        }
        if let Some(packet) = lost_data(entry) {
            note(LaneEvent::Lost(packet.number));
            if packet.attempt == 1 && matches!(entry.what, JournalEvent::Link(_)) {
                self.first_losses.insert(packet.number);
            }
        }
    }
}

#[cfg(test)]
mod tests;
