//! One player for recorded, simulated and live transfers.
//!
//! ```text
//!   Player::journal   a whole journal: play, step, go anywhere
//!   Player::stage     a run in virtual time: the same, and past the newest entry it runs on
//!   Player::live      a real transfer: the same, and at the newest entry it follows
//!            |
//!            '-- position --> strip, entries so far, packets in flight
//! ```
//!
//! Time is an argument: [`Player::tick`] gets the time that has passed in reality, and
//! [`Slowness`] converts it into time of the transfer. Going back shows the past; up to
//! [`MOST_ENTRIES`] entries are kept.
//!
//! [`Player::kill`] loses a packet of a stage that is in flight at its newest moment. It
//! does not change a real transfer: there [`Player::can_kill`] says whether it is
//! possible, the driver of the transfer does it, and its entry arrives by
//! [`Player::push`]. The player draws nothing.
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

mod stepping;
mod view;

pub use view::{PointOfView, VisibleRun};

use super::journal::{Carried, Entry, FaultInjection, Heading, Journal, JournalEvent};
use super::run::{Experiment, Run, Stuck};
use super::simulation::Simulation;
use super::strip::{JournalPosition, Scrubber, Strip};
use super::transmissions::Transmissions;
use crate::link::{Direction, Label, Scenario};
use crate::reliable::event::{PacketName, microseconds};
use std::time::Duration;
use view::Knowledge;

/// A transfer and a position in it.
#[derive(Debug)]
pub struct Player {
    scrubber: Scrubber,
    /// How long the newest packet is on the link, and the longest that any is. Unit:
    /// microseconds.
    newest_delay_us: Option<u64>,
    longest_delay_us: u64,
    /// The sender's view, while it is shown.
    knowledge: Option<Knowledge>,
    source: Source,
    /// The scenario of a recorded or live transfer, from its entries.
    scenario: Scenario,
    /// Where in the transfer's time.
    position: Duration,
    /// See [`Player::usual_one_way_us`]. Unit: microseconds.
    usual_us: Option<u64>,
    is_playing: bool,
    slowness: Slowness,
    problem: Option<Stuck>,
}

/// The speed: the conversion from real time to time of the transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slowness {
    /// Transfer seconds per real second.
    Speed(f64),
    /// A packet from one side to the other takes this long in reality.
    OneWayDelay(Duration),
}

/// A packet in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// Which.
    pub packet: PacketName,
    /// Its direction.
    pub direction: Direction,
}

/// The source of entries.
#[derive(Debug)]
enum Source {
    Recorded,
    Simulation(Box<Simulation>),
    Live { is_over: bool },
}

/// The limit of entries: a simulation stops there, and a live transfer is shown no
/// further.
pub const MOST_ENTRIES: usize = 1_000_000;

/// The longest tick: a window that was suspended continues at the same place.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// The limit of entries per tick of a simulation, so that a fast one does not freeze a
/// window.
const MOST_IN_A_TICK: usize = 20_000;

/// A packet that is later than the link announced by more than this is not looked for: a
/// busy computer. Unit: microseconds.
const LATEST_US: u64 = 2_000_000;

/// The assumed one-way time of a packet if none is known.
const USUAL_ONE_WAY_DELAY: Duration = Duration::from_millis(1);

impl Player {
    /// A player at the beginning of a recorded journal; if its scenario is invalid, the
    /// link counts as perfect.
    #[must_use]
    pub fn journal(journal: Journal) -> Self {
        let Journal {
            heading, entries, ..
        } = journal;
        let mut player = Self::of(heading, Source::Recorded);
        player.take(entries);
        // This makes later jumps fast.
        player.go_to(usize::MAX);
        player.go_to(0);
        player
    }

    /// A player at the beginning of a new run.
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

    /// A player of a live transfer, whose events arrive by [`Player::push`]. It plays and
    /// follows.
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
            newest_delay_us: None,
            longest_delay_us: 0,
            knowledge: None,
            source,
            scenario,
            position: Duration::ZERO,
            is_playing: false,
            slowness: Slowness::Speed(1.0),
            problem: None,
        }
    }

    /// Adds an entry of a live transfer. A view of the newest moment follows.
    pub fn push(&mut self, entries: Vec<Entry>) {
        let follows = self.is_playing && self.is_at_the_end();
        self.take(entries);
        if follows {
            self.position = self.position.max(micros(self.last_us()));
            self.go_to_position();
        }
    }

    /// A live transfer has ended: no more entries follow.
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

    /// Plays from here; at the very end, from the beginning.
    pub fn play(&mut self) {
        if self.is_over() {
            self.go_to(0);
        }
        self.is_playing = true;
    }

    /// Pauses.
    pub const fn pause(&mut self) {
        self.is_playing = false;
    }

    /// Sets the speed.
    pub const fn set_slowness(&mut self, slowness: Slowness) {
        self.slowness = slowness;
    }

    /// Goes to this moment, or as near as possible: a simulation runs up to it. Unit:
    /// microseconds.
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

    /// Loses a packet in flight at the newest moment of a simulation. Returns `false`,
    /// and changes nothing, if it is not in flight, at another moment, or in a transfer
    /// that is no simulation.
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

    /// Replaces the link of a simulation, from its newest moment on. Returns `false`, and
    /// changes nothing, in a transfer that is no simulation.
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

    /// Whether packets in flight can be lost here: only at the newest moment of a running
    /// transfer.
    #[must_use]
    pub fn can_kill(&self) -> bool {
        !self.has_ended() && self.is_at_the_end()
    }

    /// The scenario of the link: with the last change, and with lost packets in `drop=`.
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
        let now_us = self.position_us();
        let reach_us = self.longest_delay_us.saturating_add(LATEST_US);
        let at = |time_us: u64| self.entries().partition_point(|it| it.time_us < time_us);
        let from = at(now_us.saturating_sub(reach_us));
        let until = at(now_us.saturating_add(reach_us));
        let index = self.place().index.clamp(from, until);
        let entries = &self.entries()[from..until];
        Transmissions::in_flight(entries, index - from, now_us)
            .iter()
            .map(|transmission| InFlight {
                packet: transmission.packet.name,
                direction: transmission.direction,
            })
            .collect()
    }

    /// The strip at this position.
    #[must_use]
    pub const fn strip(&self) -> &Strip {
        self.scrubber.strip()
    }

    /// The heading of the run.
    #[must_use]
    pub const fn heading(&self) -> &Heading {
        self.scrubber.heading()
    }

    /// All known entries, including later ones: the first `place().index` have happened
    /// here.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.scrubber.entries()
    }

    /// The number of entries that have happened here.
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

    /// Whether it is playing.
    #[must_use]
    pub const fn is_playing(&self) -> bool {
        self.is_playing
    }

    /// Whether nothing follows this position, now or later.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.has_ended() && self.is_at_the_end()
    }

    /// Whether the limit of entries is reached: later events are not shown.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !matches!(self.source, Source::Recorded) && self.entries().len() >= MOST_ENTRIES
    }

    /// The result of a simulation, once it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&Run> {
        match &self.source {
            Source::Simulation(simulation) => simulation.outcome(),
            Source::Recorded | Source::Live { .. } => None,
        }
    }

    /// The reason why a simulation cannot continue, if it cannot.
    #[must_use]
    pub const fn problem(&self) -> Option<Stuck> {
        self.problem
    }

    /// Transfer seconds per real second.
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

    /// The usual one-way time of a packet. Unit: microseconds.
    #[must_use]
    pub fn one_way_delay_us(&self) -> u64 {
        microseconds(self.one_way_delay())
    }

    /// The delay of a packet on the idle link of the beginning, or otherwise of the first
    /// packet. It stays the same for the whole run, because the scale of a ladder depends
    /// on it. Unit: microseconds.
    #[must_use]
    pub fn usual_one_way_us(&self) -> u64 {
        self.usual_us
            .unwrap_or_else(|| microseconds(USUAL_ONE_WAY_DELAY))
    }

    fn one_way_delay(&self) -> Duration {
        let delay = self.scenario().conditions(Direction::Data).delay;
        let seen = self.newest_delay_us.map(micros);
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

    /// The time of the last of this many entries. Unit: microseconds.
    fn time_at(&self, index: usize) -> u64 {
        let last = index.checked_sub(1);
        let entry = last.and_then(|last| self.entries().get(last));
        entry.map_or(0, |entry| entry.time_us)
    }

    fn go_to_position(&mut self) {
        let index = self.scrubber.index_at(self.position_us());
        self.show(index);
    }

    /// Runs a simulation until there is a new entry; `false` if there is none.
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

    /// Runs a simulation to this moment, or as far as one tick may, and moves the
    /// position.
    fn run_up_to(&mut self, goal: Duration) {
        let goal_us = microseconds(goal);
        let known = self.entries().len();
        let most = known.saturating_add(MOST_IN_A_TICK).min(MOST_ENTRIES);
        while self.entries().len() < most {
            let Source::Simulation(simulation) = &mut self.source else {
                return;
            };
            if simulation.next_time_us().is_none_or(|next| next > goal_us) {
                // Without an event until then, only time passes.
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
            if let JournalEvent::Link(Carried {
                arrives_us: Some(arrives_us),
                ..
            }) = &entry.what
            {
                let delay_us = arrives_us.saturating_sub(entry.time_us);
                self.newest_delay_us = Some(delay_us).filter(|delay_us| *delay_us > 0);
                self.longest_delay_us = self.longest_delay_us.max(delay_us);
                // The first packet finds the link idle.
                self.usual_us = self.usual_us.or(self.newest_delay_us);
            }
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
