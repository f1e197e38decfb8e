//! One player for what was recorded, what is run, and what happens now.
//!
//! ```text
//!   Player::journal   a whole journal: play, step, go anywhere
//!   Player::stage     a run in virtual time: the same, and past the newest entry it runs on
//!   Player::live      a real transfer: the same, and at the newest entry it follows
//!            |
//!            '-- position --> strip, entries so far, packets in flight
//! ```
//!
//! Time is an argument: [`Player::tick`] is told how much has passed on the wall, and
//! [`Slowness`] says how much that is in the transfer. Going back shows the past; nothing
//! is ever forgotten up to [`MOST_ENTRIES`].
//!
//! [`Player::kill`] loses a packet of a stage that is in flight at its newest moment. It
//! does not reach into a real transfer: there [`Player::can_kill`] says whether it may be
//! asked for, the driver of the transfer does it, and the entry that records it comes
//! back by [`Player::push`]. It draws nothing.
//!
//! ```
//! use sash::lab::{player::Player, run::Experiment};
//! use std::time::Duration;
//! let scenario = "delay=50ms".parse().unwrap();
//! let mut player = Player::simulation(Experiment { scenario, ..Experiment::small() });
//! player.seek(160_000);
//! assert_eq!(player.in_flight().len(), 16);
//! assert!(player.kill("d3.1".parse().unwrap()));
//! assert_eq!(player.scenario().to_string(), "delay=50ms;drop=d3.1");
//! player.play();
//! player.tick(Duration::from_millis(40));
//! assert_eq!(player.position_us(), 200_000);
//! ```

mod in_flight;
mod stepping;
mod view;

pub use in_flight::InFlight;
pub use view::{PointOfView, VisibleRun};

use super::journal::{Entry, FaultInjection, Heading, Journal, JournalEvent};
use super::run::{Experiment, Run, Stuck};
use super::simulation::Simulation;
use super::strip::{JournalPosition, Scrubber, Strip};
use crate::link::{Direction, Label, Scenario};
use crate::reliable::event::microseconds;
use in_flight::Transmissions;
use std::time::Duration;
use view::Knowledge;

/// A transfer and a place in it.
#[derive(Debug)]
pub struct Player {
    scrubber: Scrubber,
    transmissions: Transmissions,
    /// While it is what is seen.
    knowledge: Option<Knowledge>,
    source: Source,
    /// Of a recorded or live transfer, as its entries tell.
    scenario: Scenario,
    /// Where in the transfer's time.
    position: Duration,
    /// See [`Player::usual_one_way_us`]. Unit: microseconds.
    usual_us: Option<u64>,
    is_playing: bool,
    slowness: Slowness,
    problem: Option<Stuck>,
}

/// How time on the wall becomes time in the transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slowness {
    /// Transfer seconds in a second on the wall.
    Speed(f64),
    /// A packet's way from one side to the other takes this long on the wall.
    OneWayDelay(Duration),
}

/// Where entries come from.
#[derive(Debug)]
enum Source {
    Recorded,
    Simulation(Box<Simulation>),
    Live { is_over: bool },
}

/// More than these are not kept: a stage stops there, a live transfer is shown no
/// further.
pub const MOST_ENTRIES: usize = 1_000_000;

/// No tick is longer: a window that was suspended continues where it was.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// A stage advances by at most this many entries in one tick, that a fast one does not
/// freeze a window.
const MOST_IN_A_TICK: usize = 20_000;

/// The assumed one-way time of a packet if none is known.
const USUAL_ONE_WAY_DELAY: Duration = Duration::from_millis(1);

impl Player {
    /// At the beginning of what was recorded; of a line that is no scenario, of a perfect
    /// link.
    #[must_use]
    pub fn journal(journal: Journal) -> Self {
        let Journal {
            heading, entries, ..
        } = journal;
        let mut player = Self::of(heading, Source::Recorded);
        player.take(entries);
        // Makes later jumps quick.
        player.go_to(usize::MAX);
        player.go_to(0);
        player
    }

    /// At the beginning of a run that is yet to happen.
    #[must_use]
    pub fn simulation(experiment: Experiment) -> Self {
        let simulation = Simulation::new(Experiment {
            listening: true,
            ..experiment
        });
        let mut player = Self::of(
            simulation.heading(),
            Source::Simulation(Box::new(simulation)),
        );
        player.take_from_simulation();
        player.go_to(0);
        player
    }

    /// Of a transfer that goes on by itself: [`Player::push`] tells what happens. It
    /// plays, and follows.
    #[must_use]
    pub fn live(heading: Heading) -> Self {
        let mut player = Self::of(heading, Source::Live { is_over: false });
        player.is_playing = true;
        player
    }

    fn of(heading: Heading, source: Source) -> Self {
        let scenario = heading.scenario.parse().unwrap_or(Scenario::PERFECT);
        let usual_us = usual_delay_us(&scenario, heading.segment_bytes);
        Self {
            usual_us,
            scrubber: Scrubber::new(heading, Vec::new()),
            transmissions: Transmissions::default(),
            knowledge: None,
            source,
            scenario,
            position: Duration::ZERO,
            is_playing: false,
            slowness: Slowness::Speed(1.0),
            problem: None,
        }
    }

    /// This has happened in a live transfer. A view that follows the newest moment moves
    /// along.
    pub fn push(&mut self, entries: Vec<Entry>) {
        let follows = self.is_playing && self.is_at_the_end();
        self.take(entries);
        if follows {
            self.position = self.position.max(micros(self.last_us()));
            self.go_to_position();
        }
    }

    /// A live transfer is over: nothing more comes.
    pub fn end(&mut self) {
        if let Source::Live { is_over } = &mut self.source {
            *is_over = true;
        }
    }

    /// Advances by this much wall-clock time; returns whether the picture has changed.
    pub fn tick(&mut self, wall: Duration) -> bool {
        if !self.is_playing {
            return false;
        }
        let before = (self.place(), self.position);
        let wall = wall.min(LONGEST_TICK);
        let follows = self.is_at_the_end();
        match &self.source {
            // The current speed applies to the current moment.
            Source::Live { is_over: false } if follows => self.position += wall,
            Source::Live { .. } | Source::Recorded => {
                let goal = self.position + wall.mul_f64(self.speed());
                self.position = goal.min(micros(self.end_us()).max(self.position));
            }
            Source::Simulation(_) => {
                let goal = self.position + wall.mul_f64(self.speed());
                self.run_up_to(goal);
            }
        }
        self.go_to_position();
        if self.is_over() {
            self.is_playing = false;
        }
        before != (self.place(), self.position)
    }

    /// Goes on by itself from here; from the very end, from the beginning.
    pub fn play(&mut self) {
        if self.is_over() {
            self.go_to(0);
        }
        self.is_playing = true;
    }

    /// Stands still.
    pub const fn pause(&mut self) {
        self.is_playing = false;
    }

    /// How fast it plays.
    pub const fn set_slowness(&mut self, slowness: Slowness) {
        self.slowness = slowness;
    }

    /// To this moment, or as near as there is: a stage runs on where it has not been
    /// there yet. Unit: microseconds.
    pub fn seek(&mut self, time_us: u64) {
        let goal = micros(time_us);
        if matches!(self.source, Source::Simulation(_)) && goal > micros(self.end_us()) {
            self.position = micros(self.end_us());
            self.run_up_to(goal);
        } else {
            self.position = goal.min(micros(self.end_us()));
        }
        self.go_to_position();
    }

    /// Goes to the moment after this many entries, or to the newest.
    pub fn go_to(&mut self, index: usize) {
        self.show(index);
        let JournalPosition { index, of } = self.place();
        let time_us = if index == of {
            self.end_us()
        } else {
            self.time_at(index)
        };
        self.position = micros(time_us);
    }

    /// Loses a packet of a stage that is in flight at its newest moment. False, and
    /// nothing happens, where it is not in flight, at any other moment, and of a transfer
    /// that is no stage.
    pub fn kill(&mut self, packet: Label) -> bool {
        let can_kill = self.can_kill();
        let Source::Simulation(simulation) = &mut self.source else {
            return false;
        };
        let is_killed = can_kill && simulation.kill(packet);
        if is_killed {
            self.take_from_simulation();
            self.go_to_position();
        }
        is_killed
    }

    /// Another link for a stage, from its newest moment on. False, and nothing happens,
    /// of a transfer that is no stage.
    pub fn change(&mut self, scenario: Scenario) -> bool {
        let is_at_the_end = self.is_at_the_end();
        let Source::Simulation(simulation) = &mut self.source else {
            return false;
        };
        simulation.change(scenario);
        self.take_from_simulation();
        if is_at_the_end {
            self.go_to_position();
        }
        true
    }

    /// Whether packets in flight at this place may be killed: only where it is the newest
    /// moment of what still goes on.
    #[must_use]
    pub fn can_kill(&self) -> bool {
        !self.has_ended() && self.is_at_the_end()
    }

    /// The link: of what goes on, as it was last changed, with each packet that was
    /// killed as its `drop=`.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        match &self.source {
            Source::Simulation(simulation) => simulation.scenario(),
            Source::Recorded | Source::Live { .. } => &self.scenario,
        }
    }

    /// The packets in flight at this moment, the oldest first; none if the event log has
    /// no link.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        self.transmissions
            .at(self.place().index, self.position_us())
    }

    /// How it looks here.
    #[must_use]
    pub const fn strip(&self) -> &Strip {
        self.scrubber.strip()
    }

    /// The heading of the run.
    #[must_use]
    pub const fn heading(&self) -> &Heading {
        self.scrubber.heading()
    }

    /// All that is known, also what lies behind this place: the first `place().index`
    /// have happened here.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.scrubber.entries()
    }

    /// How many entries have happened here.
    #[must_use]
    pub fn place(&self) -> JournalPosition {
        self.scrubber.place()
    }

    /// Where in the transfer's time. Unit: microseconds.
    #[must_use]
    pub fn position_us(&self) -> u64 {
        microseconds(self.position)
    }

    /// The newest moment that is known. Unit: microseconds.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        match &self.source {
            Source::Recorded | Source::Live { is_over: true } => self.last_us(),
            Source::Live { is_over: false } => self.last_us().max(self.position_us()),
            Source::Simulation(simulation) => self.last_us().max(simulation.time_us()),
        }
    }

    /// Whether it is a run in virtual time, in which a user may inject faults.
    #[must_use]
    pub const fn is_simulation(&self) -> bool {
        matches!(self.source, Source::Simulation(_))
    }

    /// Whether it goes on by itself.
    #[must_use]
    pub const fn is_playing(&self) -> bool {
        self.is_playing
    }

    /// Whether nothing happens after this place, now or ever.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.has_ended() && self.is_at_the_end()
    }

    /// Whether as many entries are kept as ever are: what happens later is not shown.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !matches!(self.source, Source::Recorded) && self.entries().len() >= MOST_ENTRIES
    }

    /// The result of a stage, once it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&Run> {
        match &self.source {
            Source::Simulation(simulation) => simulation.outcome(),
            Source::Recorded | Source::Live { .. } => None,
        }
    }

    /// Why a stage cannot go on, where it cannot.
    #[must_use]
    pub const fn problem(&self) -> Option<Stuck> {
        self.problem
    }

    /// Transfer seconds in a second on the wall.
    #[must_use]
    pub fn speed(&self) -> f64 {
        let speed = match self.slowness {
            Slowness::Speed(speed) => speed,
            Slowness::OneWayDelay(wall) => {
                self.one_way_delay().as_secs_f64() / wall.as_secs_f64().max(1e-3)
            }
        };
        if speed.is_finite() {
            speed.clamp(0.0, 1e6)
        } else {
            1.0
        }
    }

    /// How long a packet usually takes from one side to the other. Unit: microseconds.
    #[must_use]
    pub fn one_way_delay_us(&self) -> u64 {
        microseconds(self.one_way_delay())
    }

    /// The delay of a packet on an idle link: of the link as it was at the beginning,
    /// else of the first packet. It stays the same for the whole run, as the scale of a
    /// ladder depends on it. Unit: microseconds.
    #[must_use]
    pub fn usual_one_way_us(&self) -> u64 {
        self.usual_us
            .unwrap_or_else(|| microseconds(USUAL_ONE_WAY_DELAY))
    }

    fn one_way_delay(&self) -> Duration {
        let delay = self.scenario().conditions(Direction::Data).delay;
        let seen = self.transmissions.newest_one_way_delay_us().map(micros);
        let known = Some(delay).filter(|delay| !delay.is_zero()).or(seen);
        known
            .unwrap_or(USUAL_ONE_WAY_DELAY)
            .max(Duration::from_micros(1))
    }

    /// Whether nothing more is ever added.
    fn has_ended(&self) -> bool {
        match &self.source {
            Source::Recorded => true,
            Source::Live { is_over } => *is_over,
            Source::Simulation(simulation) => {
                simulation.next_time_us().is_none() || self.is_full()
            }
        }
    }

    fn is_at_the_end(&self) -> bool {
        let JournalPosition { index, of } = self.place();
        index == of && self.position_us() >= self.end_us()
    }

    fn last_us(&self) -> u64 {
        self.entries().last().map_or(0, |entry| entry.time_us)
    }

    /// When the last of this many entries happened. Unit: microseconds.
    fn time_at(&self, index: usize) -> u64 {
        let last = index.checked_sub(1);
        let entry = last.and_then(|last| self.entries().get(last));
        entry.map_or(0, |entry| entry.time_us)
    }

    fn go_to_position(&mut self) {
        let index = self.scrubber.index_at(self.position_us());
        self.show(index);
    }

    /// A stage goes on until there is a new entry; false where there is none ever.
    fn run_one_step(&mut self) -> bool {
        let known = self.entries().len();
        while self.entries().len() == known {
            let is_over = self.has_ended();
            let Source::Simulation(simulation) = &mut self.source else {
                return false;
            };
            if is_over {
                return false;
            }
            self.problem = simulation.step().err();
            self.take_from_simulation();
        }
        true
    }

    /// A stage goes on to this moment, or as far as one tick may; the position with it.
    fn run_up_to(&mut self, goal: Duration) {
        let goal_us = microseconds(goal);
        let known = self.entries().len();
        let most = known.saturating_add(MOST_IN_A_TICK).min(MOST_ENTRIES);
        while self.entries().len() < most {
            let Source::Simulation(simulation) = &mut self.source else {
                return;
            };
            if simulation.next_time_us().is_none_or(|next| next > goal_us) {
                // Nothing happens until then: only time passes.
                self.problem = simulation.run_until(goal_us).err();
                self.take_from_simulation();
                let is_over = self.has_ended();
                let end = micros(self.end_us()).max(self.position);
                self.position = if is_over { goal.min(end) } else { goal };
                return;
            }
            self.problem = simulation.step().err();
            self.take_from_simulation();
        }
        self.position = goal.min(micros(self.end_us()).max(self.position));
    }

    fn take_from_simulation(&mut self) {
        if let Source::Simulation(simulation) = &mut self.source {
            let entries = simulation.take_entries().collect();
            self.take(entries);
        }
    }

    fn take(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if self.is_full() {
                return;
            }
            if let JournalEvent::FaultInjection(fault) = &entry.what {
                self.inject(fault);
            }
            let one_way_delay = self.scenario.conditions(Direction::Data).delay;
            self.transmissions
                .take(self.scrubber.place().of, &entry, one_way_delay);
            self.usual_us = self.usual_us.or_else(|| {
                // The first packet finds the link idle.
                self.transmissions.newest_one_way_delay_us()
            });
            if let Some(knowledge) = &mut self.knowledge {
                knowledge.take(self.scrubber.place().of, &entry);
            }
            self.scrubber.push(entry);
        }
    }

    fn inject(&mut self, fault: &FaultInjection) {
        match fault {
            FaultInjection::PacketKilled(killed) => {
                self.scenario.lose(Label::from(killed.packet));
            }
            FaultInjection::LinkChanged { scenario } => {
                if let Ok(scenario) = scenario.parse() {
                    self.scenario = scenario;
                }
            }
        }
    }
}

/// The delay of a full packet on this link while it is idle; `None` where it has none.
/// Unit: microseconds.
fn usual_delay_us(scenario: &Scenario, segment_bytes: u16) -> Option<u64> {
    let conditions = scenario.conditions(Direction::Data);
    let bits = u64::from(segment_bytes) * 8;
    let transmission_us = conditions.rate.map_or(0, |rate| bits * 1_000_000 / rate);
    let usual_us = microseconds(conditions.delay).saturating_add(transmission_us);
    Some(usual_us).filter(|usual_us| *usual_us > 0)
}

const fn micros(time_us: u64) -> Duration {
    Duration::from_micros(time_us)
}

#[cfg(test)]
mod tests;
