//! BBR measures the bottleneck's rate and least round-trip time, and sends at that rate.
//!
//! ```text
//!   in flight   0 ......... product ......... product + queue
//!   rate        rises        full              full
//!   round trip  least        least             rises -> queue, then loss
//!                            ^-- BBR keeps here
//!
//!   startup  x2.77 per round until the rate no longer grows, or until a round loses more;
//!            then the rate is what arrived; late rounds grow by 1.7 only
//!   drain    until the queue that this made is gone
//!   cycle    up 1.25   is there more? for one round, or until it loses more than before;
//!                      where there is, again, and faster; after a loss, half as far up
//!            down 0.75 drains what that queued; its loss is the path's own
//!            cruise 0.99  six rounds; 0.95 while more is in flight than the product
//!   probe-rtt  half the product for 200 ms, where the least round trip was not seen
//!              again within ten seconds
//! ```
//!
//! A loss alone is no signal, as it is to Reno: only loss beyond the path's own
//! (`bbr/loss.rs`) is congestion. Then the rate becomes the delivery rate, and the
//! packets in flight are bounded until the next cycle tries again.
//!
//! A short path is not necessarily fast. BBR measures its rate and paces everything.
//!
//! The cycle is that of `BBRv1`, eight rounds long, because a transfer lasts only
//! seconds. The bound on packets in flight is that of `BBRv2` and v3. Losses up to the
//! path's own are ignored.
//!
//! ```
//! use sash::reliable::congestion::{Controller, bbr::Bbr};
//! let bbr = Bbr::new(1_000);
//! assert_eq!((bbr.phase(), bbr.window()), ("startup", 32));
//! ```
//!
//! Source: draft-ietf-ccwg-bbr; Cardwell et al., "BBR: Congestion-Based Congestion
//! Control", ACM Queue 14(5), 2016.

mod aggregation;
mod epoch;
mod loss;
mod path;
mod phase;
mod round;
mod startup;

use super::{Acked, Controller, SMALL_FILE, Signal};
use crate::reliable::moment::Moment;
use aggregation::Aggregation;
use path::{Path, Probing, proof};
use phase::{
    CRUISE_GAIN, FULL_CRUISE_GAIN, LEAST_UP_GAIN, LOSSY_UP_GAIN, MOST_UP_GAIN,
    OVERRUN_CRUISE_GAIN, POLICED_ROUNDS, POLICED_UP_GAIN, Phase, QUEUED_CRUISE_GAIN,
    SHARED_CRUISE_GAIN, UP_GAIN, UP_STEP,
};
use startup::{FIRST_WINDOW, LEAST_FIRST_WINDOW, first_rate, first_window};
use std::time::Duration;

/// The controller: the model of the path, and the phase.
#[derive(Debug)]
pub struct Bbr {
    path: Path,
    phase: Phase,
    window: f64,
    /// The largest window. Unit: packets, as of the window.
    most: f64,
    /// The pacing rate of startup, which never decreases. Unit: packets per second.
    startup_rate: f64,
    segments: u32,
    /// After congestion, the limit of packets in flight until the next cycle.
    bound: Option<f64>,
    aggregation: Aggregation,
    /// A queue remained after this sender had drained its own: another flow fills it.
    is_shared: bool,
    /// The gain of the phase `Cruise`.
    cruise_gain: f64,
    /// The gain of the next phase `Up`. It adapts to a queue that is too short for the
    /// usual one: half as far above 1 after a phase that lost packets, twice as far after
    /// one that did not.
    up_gain: f64,
    last_probe: Verdict,
    /// A policer is believed to drop all above the rate until this round.
    policed_until: u64,
}

/// The result of a probe.
#[derive(Debug, Clone, Copy, Default)]
struct Verdict {
    /// It reached what the bottleneck can carry.
    is_full: bool,
    /// Most of what it added was lost.
    has_overrun: bool,
    /// It followed another one that had found more bandwidth.
    has_grown: bool,
}

/// A probe found more bandwidth if it raised the rate by this factor; then the sender
/// probes again. If another flow slows down, the rate rises by less.
const FOUND: f64 = 1.15;

/// A tenth of the product may stay in the queue, so that the bottleneck never runs dry
/// when the sender's thread wakes late.
const DRAINED: f64 = 1.1;

/// A queue that remains after this many rounds belongs to another flow.
const MOST_DOWN_ROUNDS: u64 = 3;

/// A late loss caused by startup must not count as the path's own loss.
const LEAST_DOWN_ROUNDS: u64 = 2;

/// The limit of packets in flight, as a multiple of the bandwidth-delay product. BBR's
/// own 2 leaves CUBIC a sixth of a bottleneck whose queue holds one product; with this
/// value the two share it (`tests/simulation/fairness.rs`).
const WINDOW_GAIN: f64 = 1.35;

/// The same beside another flow that fills the queue, as a multiple of the rate times the
/// current round-trip time. With [`WINDOW_GAIN`] of the least round trip alone, the share
/// shrinks from cycle to cycle as soon as the other flow keeps more than 0.35 products in
/// the queue; with 1 it would stay as it is. (Copa's competitive mode; Arun and
/// Balakrishnan, NSDI 2018, §3.3.)
const SHARED_GAIN: f64 = 1.1;

/// The limit for clumps in startup; without it startup would fill any queue.
const LONGEST_LATE: Duration = Duration::from_millis(8);

/// The number of rounds in the phase `Cruise`.
const CRUISE_ROUNDS: u64 = 6;

/// The first one is shorter, because startup may have ended too soon.
const FIRST_CRUISE_ROUNDS: u64 = 1;

/// Startup ends after this many rounds in which the rate did not grow by a quarter.
const STALE_ROUNDS: u32 = 3;

/// The same if a queue grew in the last round: then the bottleneck is busy.
const QUEUED_STALE_ROUNDS: u32 = 2;

/// The first rounds are too short to measure a rate.
const MEASURING_ROUNDS: u64 = 2;

/// Congestion reduces the window to this share (draft-ietf-ccwg-bbr §2.7, BBR.Beta).
const BETA: f64 = 0.7;

/// One round with many losses may be a burst; this many in a row are congestion.
const PROVEN_ROUNDS: u32 = 2;

/// One reaction keeps at least this share of the rate: an outage loses as much.
const LEAST_LEFT: f64 = 0.5;

/// The least number of packets in flight. BBR.MinPipeCwnd is 4; with so few a single
/// burst of losses leaves no packet whose ACK would show them, and each burst costs a
/// timeout.
const LEAST_WINDOW: f64 = 8.0;

/// The window after a timeout (BBR.MinPipeCwnd).
const TIMEOUT_WINDOW: f64 = 4.0;

/// The least round-trip time is measured again if this much time has passed.
const LEAST_ROUND_TRIP_AGE: Duration = Duration::from_secs(10);

/// The shortest duration of the phase that measures the least round-trip time.
const PROBE_ROUND_TRIP: Duration = Duration::from_millis(200);

impl Bbr {
    /// Knows nothing about the path yet; no window will be larger than `most`.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let most = f64::from(most);
        Self {
            path: Path::default(),
            phase: Phase::STARTUP,
            window: FIRST_WINDOW.min(most),
            most,
            startup_rate: 0.0,
            segments: 0,
            bound: None,
            aggregation: Aggregation::default(),
            is_shared: false,
            up_gain: UP_GAIN,
            cruise_gain: CRUISE_GAIN,
            last_probe: Verdict::default(),
            policed_until: 0,
        }
    }

    /// A round has ended: decides whether the next phase begins.
    fn advance(&mut self, ack: &Acked) {
        let round = self.path.rounds();
        let in_flight = f64::from(ack.in_flight);
        let product = self.path.product();
        let has_queue = product.is_some_and(|product| in_flight > product);
        self.cruise_gain = match (self.is_shared, has_queue) {
            (true, _) => SHARED_CRUISE_GAIN,
            (false, true) => QUEUED_CRUISE_GAIN,
            (false, false) if self.last_probe.has_overrun => OVERRUN_CRUISE_GAIN,
            (false, false) if self.last_probe.is_full => FULL_CRUISE_GAIN,
            (false, false) => CRUISE_GAIN,
        };
        if let Phase::Down { since, best, gain } = self.phase
            && round == since + 1
            && best.is_finite()
        {
            self.judge_probe(best, gain);
        }
        self.answer_congestion(ack);
        match self.phase {
            Phase::Startup { best, stale_rounds } => {
                self.phase = self.continue_startup(best, stale_rounds, ack);
            }
            Phase::Up { best, gain } => self.go_down(best, gain, ack.now),
            Phase::Down { since, best, gain }
                if round == since + 1
                    && !self.last_probe.is_full
                    && self.path.rate().unwrap_or(0.0) > best * FOUND =>
            {
                self.go_up((gain + UP_STEP).min(MOST_UP_GAIN), ack.now);
            }
            Phase::Down { since, best, .. }
                if best.is_infinite() && round < since + LEAST_DOWN_ROUNDS => {}
            Phase::Down { since, best, .. } => {
                let is_drained = self
                    .path
                    .product()
                    .is_none_or(|product| f64::from(ack.in_flight) <= DRAINED * product);
                if is_drained || round >= since + MOST_DOWN_ROUNDS {
                    self.is_shared = !is_drained && best.is_finite();
                    if best.is_infinite() && self.path.is_policed() {
                        self.policed_until = round + POLICED_ROUNDS;
                        self.up_gain = POLICED_UP_GAIN;
                    }
                    self.path.end_draining(ack.now);
                    self.phase = Phase::Cruise {
                        since: round,
                        rounds: if best.is_finite() {
                            CRUISE_ROUNDS
                        } else {
                            FIRST_CRUISE_ROUNDS
                        },
                    };
                }
            }
            Phase::Cruise { since, rounds } => {
                if round == since + 1 && self.path.learn_own_loss(ack.now) {
                    self.go_down(f64::INFINITY, UP_GAIN, ack.now);
                } else if round >= since + rounds {
                    let is_first = rounds == FIRST_CRUISE_ROUNDS;
                    let is_lossy = is_first && self.path.is_known_to_lose();
                    let is_believed = is_lossy && round >= self.policed_until;
                    let gain = if is_believed {
                        LOSSY_UP_GAIN
                    } else {
                        self.up_gain
                    };
                    self.go_up(gain, ack.now);
                }
            }
            Phase::Drain | Phase::ProbeRoundTrip { .. } => {}
        }
    }

    /// The packets of the probe were acknowledged: how the next one and the cruise before
    /// it will be.
    fn judge_probe(&mut self, best: f64, gain: f64) {
        let is_full = self.path.judge_probe(best, gain);
        let has_lost_most = self.path.has_lost_most(gain);
        self.last_probe = Verdict {
            is_full,
            has_overrun: is_full && has_lost_most,
            has_grown: gain > UP_GAIN,
        };
        let change = if has_lost_most { 0.5 } else { 2.0 };
        self.up_gain = (1.0 + change * (self.up_gain - 1.0))
            .clamp(LEAST_UP_GAIN, self.most_up_gain());
    }

    fn most_up_gain(&self) -> f64 {
        let is_policed = self.path.rounds() < self.policed_until;
        if is_policed { POLICED_UP_GAIN } else { UP_GAIN }
    }

    /// The rate is known. An apparent clump of ACKs was a rate that doubled.
    fn end_startup(&mut self, now: Moment) -> Phase {
        self.aggregation = Aggregation::default();
        self.path.end_startup(now);
        self.phase = Phase::Drain;
        Phase::Drain
    }

    /// Begins to drain the queue that the probe built.
    fn go_down(&mut self, best: f64, gain: f64, now: Moment) {
        self.path.begin_draining(now);
        self.phase = Phase::Down {
            since: self.path.rounds(),
            best,
            gain,
        };
    }

    /// Begins to probe for more bandwidth.
    fn go_up(&mut self, gain: f64, now: Moment) {
        self.path.end_cruise(now);
        self.bound = None;
        let best = self.path.rate().unwrap_or(0.0);
        self.phase = Phase::Up { best, gain };
    }

    /// Ends startup if the rate has not grown by a quarter for several rounds.
    fn continue_startup(&mut self, best: f64, stale_rounds: u32, ack: &Acked) -> Phase {
        let rate = self.path.rate().unwrap_or(0.0);
        if rate >= best * 1.25 || ack.is_application_limited {
            if rate >= best * 1.25 {
                self.path.take_growing_round();
            }
            let best = best.max(rate);
            return Phase::Startup {
                best,
                stale_rounds: 0,
            };
        }
        let stale_rounds = stale_rounds + 1;
        let most = if self.path.was_queued() {
            QUEUED_STALE_ROUNDS
        } else {
            STALE_ROUNDS
        };
        if stale_rounds < most && !self.path.is_lossy() {
            return Phase::Startup { best, stale_rounds };
        }
        if self.path.is_lossy() {
            self.path.take_last_round();
        }
        self.end_startup(ack.now)
    }

    /// More was lost than the path's own loss explains: the rate becomes the delivery
    /// rate, and the packets in flight are limited to what this rate needs.
    fn answer_congestion(&mut self, ack: &Acked) {
        let (rounds, least) = match self.phase {
            // The rate that startup measured may have come from a token bucket or a queue
            // that it filled.
            Phase::Drain => (1, 0.0),
            Phase::Down { best, .. } if best.is_infinite() => (1, 0.0),
            Phase::Down { .. } | Phase::Cruise { .. } => {
                // The last probes may have found only a bucket.
                let is_doubtful =
                    self.last_probe.has_grown && !self.path.is_known_to_lose();
                (if is_doubtful { 1 } else { PROVEN_ROUNDS }, LEAST_LEFT)
            }
            Phase::Startup { .. } | Phase::Up { .. } | Phase::ProbeRoundTrip { .. } => {
                return;
            }
        };
        if !self.path.is_congested(rounds) {
            return;
        }
        self.path.take_congestion(least, ack.now);
        self.up_gain = self.most_up_gain();
        let product = self.path.product().unwrap_or(LEAST_WINDOW);
        let in_flight = f64::from(ack.in_flight_when_sent);
        let bound = self.bound.unwrap_or(in_flight).min(in_flight);
        self.bound = Some((bound * BETA).max(product).max(LEAST_WINDOW));
        if let Phase::Down { since, best, .. } = &mut self.phase
            && best.is_infinite()
        {
            // Only now is the sending rate below the bottleneck's.
            self.path.begin_draining(ack.now);
            *since = self.path.rounds();
        }
    }

    /// The checks that do not wait for the end of a round.
    fn look_around(&mut self, ack: &Acked) {
        let Some(product) = self.path.product() else {
            return;
        };
        let in_flight = f64::from(ack.in_flight);
        match self.phase {
            Phase::Startup { .. } if self.path.is_round_congested() => {
                self.path.take_round_congestion(ack.now);
                self.end_startup(ack.now);
            }
            Phase::Up { best, gain }
                if self.path.is_probe_congested(proof(best, gain)) =>
            {
                self.go_down(best, gain, ack.now);
            }
            Phase::Drain if in_flight <= product => {
                self.path.begin_draining(ack.now);
                self.phase = Phase::Down {
                    since: self.path.rounds(),
                    best: f64::INFINITY,
                    gain: UP_GAIN,
                };
            }
            Phase::Drain
            | Phase::Down {
                best: f64::INFINITY,
                ..
            } if self.path.take_overrun(ack.now) => {
                if let Phase::Down { since, .. } = &mut self.phase {
                    *since = self.path.rounds();
                }
            }
            Phase::ProbeRoundTrip { until, least } => {
                let least = least.min(ack.round_trip.latest);
                self.phase = Phase::ProbeRoundTrip { until, least };
                if ack.now >= until {
                    self.path.renew_least(least, ack.now);
                    self.phase = Phase::Cruise {
                        since: self.path.rounds(),
                        rounds: CRUISE_ROUNDS,
                    };
                }
            }
            Phase::Up { .. } | Phase::Down { .. } | Phase::Cruise { .. }
                if self.path.least_age(ack.now) > LEAST_ROUND_TRIP_AGE =>
            {
                let duration = PROBE_ROUND_TRIP.max(ack.round_trip.smoothed);
                self.phase = Phase::ProbeRoundTrip {
                    until: ack.now + duration,
                    least: ack.round_trip.latest,
                };
            }
            Phase::Startup { .. }
            | Phase::Drain
            | Phase::Up { .. }
            | Phase::Down { .. }
            | Phase::Cruise { .. } => {}
        }
    }

    /// Enlarges the window by the acknowledged packets, up to the window of the model.
    fn set_window(&mut self, ack: &Acked) {
        let acked = f64::from(ack.packets);
        let Some(product) = self.path.product() else {
            self.window = (self.window + acked).min(self.most);
            return;
        };
        let is_startup = matches!(self.phase, Phase::Startup { .. });
        let is_growing = is_startup
            && !matches!(
                self.phase,
                Phase::Startup {
                    stale_rounds: 1..,
                    ..
                }
            );
        let gain = match self.phase {
            Phase::Startup { .. } if is_growing => {
                startup::window_gain(self.path.rounds()) / (1.0 - self.path.loss_so_far())
            }
            Phase::Up { gain, .. } => WINDOW_GAIN.max(gain),
            Phase::Startup { .. }
            | Phase::Drain
            | Phase::Down { .. }
            | Phase::Cruise { .. }
            | Phase::ProbeRoundTrip { .. } => WINDOW_GAIN,
        };
        let rate = self.path.rate().unwrap_or(0.0);
        let excess = self.aggregation.allowed(rate, product);
        let round_trip = ack.round_trip;
        // Clumps are measured only later. Until then, the time by which a round trip
        // exceeds the least one may be a clump.
        let late = if is_growing {
            let late = round_trip.smoothed.saturating_sub(round_trip.least);
            rate * late.min(LONGEST_LATE).as_secs_f64()
        } else {
            0.0
        };
        let queued = if self.is_shared {
            SHARED_GAIN * rate * round_trip.smoothed.as_secs_f64()
        } else {
            0.0
        };
        let target = (gain * (product + late)).max(queued) + excess;
        let least = if is_startup { self.window } else { 0.0 };
        self.window = (self.window + acked).min(target.max(least));
        self.window = self.window.clamp(LEAST_WINDOW.min(self.most), self.most);
    }

    fn begin_startup(&mut self, round_trip: Option<Duration>) {
        self.startup_rate = round_trip.map_or(0.0, |it| first_rate(self.segments, it));
        let window = round_trip.map(|it| first_window(self.segments, it));
        self.window = window.unwrap_or(LEAST_FIRST_WINDOW).min(self.most);
    }

    /// Startup begins with one first window per round trip: single ACKs show no rate.
    fn raise_startup_rate(&mut self, ack: &Acked) {
        let measured = self.path.rate().unwrap_or(0.0);
        let first = first_rate(self.segments, ack.round_trip.least);
        self.startup_rate = if self.path.rounds() < MEASURING_ROUNDS {
            measured.max(first)
        } else {
            measured
        };
    }

    /// The purpose of the round that ends now; the one after `Up` has the ACKs of `Up`.
    fn probing(&self) -> Probing {
        match self.phase {
            Phase::Startup { .. } => Probing::Startup,
            Phase::Drain => Probing::Draining,
            Phase::Up { best, gain } => Probing::More(proof(best, gain)),
            Phase::Down { since, best, gain } if self.path.rounds() <= since => {
                Probing::More(proof(best, gain))
            }
            Phase::Down { .. } | Phase::Cruise { .. } | Phase::ProbeRoundTrip { .. } => {
                Probing::No
            }
        }
    }
}

impl Controller for Bbr {
    fn on_start(&mut self, segments: u32, round_trip: Option<Duration>) {
        self.segments = segments;
        self.begin_startup(round_trip);
    }

    fn on_ack(&mut self, ack: &Acked) {
        let clump = self.aggregation.excess();
        let is_round_over = self.path.on_ack(ack, self.probing(), clump);
        if self.probing() == Probing::No {
            self.aggregation.on_ack(ack, &self.path);
        } else {
            self.aggregation.pause();
        }
        if is_round_over {
            self.advance(ack);
        }
        self.look_around(ack);
        self.raise_startup_rate(ack);
        self.set_window(ack);
    }

    fn on_signal(&mut self, signal: &Signal) {
        match signal {
            Signal::Loss(loss) => self.path.on_loss(loss),
            Signal::Nack(_) => (),
            // Nothing was acknowledged: the window is small until ACKs enlarge it.
            Signal::Timeout(_) => {
                self.path.on_timeout();
                self.window = TIMEOUT_WINDOW.min(self.most);
            }
        }
    }

    fn on_restart(&mut self, _now: Moment) {
        self.path.forget_rate();
        self.bound = None;
        self.phase = Phase::STARTUP;
        self.begin_startup(self.path.least());
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a window is between 1 and 8192 packets"
    )]
    fn window(&self) -> u32 {
        let bound = match self.phase {
            Phase::ProbeRoundTrip { .. } => {
                self.path.product().map(|product| product / 2.0)
            }
            Phase::Startup { .. }
            | Phase::Drain
            | Phase::Up { .. }
            | Phase::Down { .. }
            | Phase::Cruise { .. } => self.bound,
        };
        let bound = bound.map_or(self.window, |bound| bound.max(LEAST_WINDOW));
        self.window.min(bound).max(1.0) as u32
    }

    fn small_file(&self) -> u32 {
        SMALL_FILE
    }

    fn pacing_rate(&self) -> Option<f64> {
        let rate = match self.phase {
            Phase::Startup { .. } if self.startup_rate > 0.0 => Some(self.startup_rate),
            Phase::Startup { .. } => None,
            Phase::Drain
            | Phase::Up { .. }
            | Phase::Down { .. }
            | Phase::Cruise { .. }
            | Phase::ProbeRoundTrip { .. } => self.path.rate(),
        };
        rate.map(|rate| rate * self.phase.pacing_gain(self.cruise_gain))
    }

    fn phase(&self) -> &'static str {
        self.phase.name()
    }
}

#[cfg(test)]
mod tests;
