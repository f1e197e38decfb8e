//! BBR's model of the path: its rate, its least round trip, and its own loss.
//!
//! ```text
//!   packets sent in round k  ---->  acknowledged or lost in round k+1
//!   loss of a round = lost / (lost + delivered)
//!   own loss        = the loss of rounds that were sent slower than the bottleneck
//! ```
//!
//! Congestion makes more loss when we send more; a bad cable or a lossy radio does not
//! care. Therefore the loss of the rounds that drain the queue is the path's own, and
//! only what exceeds it is congestion. Without this the model collapses where the path
//! loses a fifth of everything: the delivered rate is then always below what was sent,
//! each round sends less than the one before, and 1.25 times the rate does not make up
//! for it.
//!
//! Source: draft-ietf-ccwg-bbr §5.5 (max filter, rounds); report chapter.

use super::super::{Acked, Lost};
use super::epoch::Epoch;
use super::loss::{FEWEST_PACKETS, LOSS_TOLERANCE, OwnLoss, Tally};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The path as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Path {
    rates: MaxFilter,
    /// The least round trip, and when it was last seen.
    least: Option<(Duration, Moment)>,
    /// Mean round trip and mean deviation from it. Unit: seconds.
    mean: Option<(f64, f64)>,
    loss: OwnLoss,
    /// The packets that left while the sender sent less than the rate it believes in.
    slow: Epoch,
    /// Those that left before, at that rate.
    steady: Epoch,
    doubted: Option<Doubted>,
    round: Round,
}

/// A loss of which it is not known whether the path or its bottleneck makes it.
#[derive(Debug)]
struct Doubted {
    /// The rate that was believed in. Unit: packets per second.
    rate: f64,
    /// The share that was lost.
    share: f64,
}

/// As much of a doubted loss remains, where the sender has slowed down to what arrives, if
/// it is the path's own.
const CONFIRMED: f64 = 0.75;

/// The current round trip.
#[derive(Debug, Default)]
struct Round {
    count: u64,
    /// It is over when a packet is acknowledged that was sent after this many deliveries.
    ends_at: u64,
    /// When the round before it ended.
    began: Option<Moment>,
    tally: Tally,
    /// Whether something else than this controller held the sender back.
    is_application_limited: bool,
    /// The last whole round.
    last: Tally,
}

/// The largest of what came within the last rounds.
#[derive(Debug, Default)]
struct MaxFilter {
    /// By round, rates falling.
    samples: Vec<(u64, f64)>,
}

/// No round is shorter, once startup is over: on a short path threads that wake late look
/// like anything else.
const LEAST_ROUND: Duration = Duration::from_millis(2);

/// A round has at least this many clumps of ACKs, or its rate would depend on whether one
/// more of them falls into it.
const CLUMPS_PER_ROUND: u32 = 10;

/// A round has at least this many packets, or its loss would be chance.
const PACKETS_PER_ROUND: f64 = 32.0;

/// Fewer packets than this are not a clump: pacing and a queue are as uneven. Unit:
/// packets.
const UNEVEN: f64 = 4.0;

/// No clump is believed to be longer.
const LONGEST_CLUMP: Duration = Duration::from_millis(16);

/// Rounds for which a rate counts: somewhat more than a cycle.
const FILTER_ROUNDS: u64 = 10;

/// A least round trip is seen again where a sample comes within this share of it.
const SEEN_AGAIN: u32 = 16;

/// How long a receiver holds an ACK back: an eighth of a round trip, within these bounds.
const LEAST_HELD: Duration = Duration::from_millis(1);
const MOST_HELD: Duration = Duration::from_millis(10);

/// But for no more packets than this.
const ARRIVALS_PER_ACK: f64 = 64.0;

impl Path {
    /// Takes in an ACK; whether it ended a round. In startup each ACK is measured, as the
    /// rate doubles within a round; later each round is.
    pub(super) fn on_ack(&mut self, ack: &Acked, probing: Probing, clump: f64) -> bool {
        self.measure_least(ack.round_trip.latest, ack.now);
        if matches!(probing, Probing::More | Probing::No) {
            self.measure_deviation(ack.round_trip.latest);
        }
        self.round.take(ack);
        self.slow.take(ack);
        self.steady.take(ack);
        let least = self.least_round(probing, clump);
        let is_over = self.round.is_over(ack, least);
        if matches!(probing, Probing::Startup | Probing::Draining) {
            self.measure_ack(ack);
        } else if is_over {
            self.measure_round(ack.now, probing);
        }
        if is_over {
            self.round.end(ack);
            self.loss.note(&self.round.last);
        }
        is_over
    }

    /// How long a round lasts at least; `clump` is the longest clump of ACKs, in packets.
    fn least_round(&self, probing: Probing, clump: f64) -> Duration {
        if probing == Probing::Startup {
            return Duration::ZERO;
        }
        let clump = (clump - UNEVEN).max(0.0);
        let seconds = self.rate().map_or(0.0, |rate| clump / rate);
        let clump = Duration::from_secs_f64(seconds.min(LONGEST_CLUMP.as_secs_f64()));
        LEAST_ROUND.max(CLUMPS_PER_ROUND * clump)
    }

    /// How far round trips differ from each other. A queue changes slowly beside them, so
    /// that it hardly counts.
    fn measure_deviation(&mut self, sample: Duration) {
        let sample = sample.as_secs_f64();
        let (mean, deviation) = self.mean.unwrap_or((sample, 0.0));
        let deviation = deviation + ((sample - mean).abs() - deviation) / 16.0;
        self.mean = Some((mean + (sample - mean) / 8.0, deviation));
    }

    /// Packets were lost in this round.
    pub(super) fn on_loss(&mut self, loss: &Lost) {
        self.round.tally.lost += f64::from(loss.packets);
        self.round.tally.findings += 1.0;
        self.slow.lose(loss);
        self.steady.lose(loss);
    }

    fn measure_least(&mut self, sample: Duration, now: Moment) {
        let is_near =
            |(least, _): (Duration, Moment)| sample <= least + least / SEEN_AGAIN;
        if self.least.is_none_or(is_near) {
            let least = self.least.map_or(sample, |(least, _)| least.min(sample));
            self.least = Some((least, now));
        }
    }

    /// The rate of the last round trip, as this ACK shows it.
    fn measure_ack(&mut self, ack: &Acked) {
        let delivered = ack.delivered - ack.delivered_when_sent;
        let [delivered, lost] = [delivered, ack.lost_since]
            .map(|packets| f64::from(u32::try_from(packets).unwrap_or(u32::MAX)));
        if let Some(rate) = ack.delivery_rate {
            let rate = self.passed(rate, lost / delivered.max(1.0));
            self.take_rate(rate, ack.is_application_limited);
        }
    }

    /// The rate of the round that ends now.
    fn measure_round(&mut self, now: Moment, probing: Probing) {
        let Some(began) = self.round.began else {
            return;
        };
        let elapsed = (now - began).as_secs_f64();
        let Tally {
            delivered, lost, ..
        } = self.round.tally;
        if elapsed > 0.0 && delivered > 0.0 {
            let is_application_limited = self.round.is_application_limited;
            // Nothing arrives faster than it was sent: what seems to is a clump.
            let most = match probing {
                Probing::More if self.loss.is_lossy(&self.round.tally) => self.rate(),
                Probing::Startup | Probing::Draining | Probing::More => None,
                Probing::No => self.rate(),
            };
            let rate = self.passed(delivered / elapsed, lost / delivered);
            let rate = rate.min(most.unwrap_or(f64::INFINITY));
            self.take_rate(rate, is_application_limited);
        }
    }

    /// The rate at which packets passed the bottleneck: those that were delivered, and
    /// those that the path lost behind it.
    fn passed(&self, delivered: f64, lost_per_delivered: f64) -> f64 {
        let passed = delivered * (1.0 + lost_per_delivered);
        let believed = delivered / (1.0 - self.loss.believable());
        passed.min(believed)
    }

    fn take_rate(&mut self, rate: f64, is_application_limited: bool) {
        if !is_application_limited || rate > self.rates.largest() {
            self.rates.insert(self.round.count, rate);
        }
    }

    /// The packets of the drain are acknowledged or lost: they were sent slower than the
    /// bottleneck, and their loss is the path's own. Where the first of them lose more
    /// than was known before, that is in doubt: true is returned, and the rate is what
    /// arrived of them until the next drain has shown which it was.
    #[must_use]
    pub(super) fn learn_own_loss(&mut self, now: Moment) -> bool {
        let slow = std::mem::take(&mut self.slow);
        let steady = std::mem::replace(&mut self.steady, Epoch::since(now));
        let tally = slow.tally;
        if tally.packets() < FEWEST_PACKETS {
            return false;
        }
        let rate = self.rate().unwrap_or(0.0);
        if self.loss.known().is_some() {
            if tally.is_less_lossy_than(&steady.tally) {
                // Slower sending lost less: what was sent before was too much, and how
                // much the path itself loses is yet to be seen.
                self.loss.forget();
                self.lower_rate(rate * (1.0 - steady.tally.share()), 0.0);
                return false;
            }
            self.loss.take(&tally);
            return false;
        }
        match self.doubted.take() {
            None if self.loss.is_doubtful(&tally) => {
                self.doubted = Some(Doubted {
                    rate,
                    share: tally.share(),
                });
                self.lower_rate(slow.rate(), (1.0 - tally.share()) / 2.0);
                return true;
            }
            Some(doubted) if tally.share() > CONFIRMED * doubted.share => {
                self.rates = MaxFilter::default();
                self.rates.insert(self.round.count, doubted.rate);
            }
            _ => {}
        }
        self.loss.take(&tally);
        self.loss.learn();
        // The measurements so far did not count the path's own loss.
        let own = self.loss.known().unwrap_or(0.0);
        self.rates.scale(1.0 / (1.0 - own));
        false
    }

    /// The round that just ended brought more than any before: it was sent slower than
    /// the bottleneck.
    pub(super) fn take_growing_round(&mut self) {
        if self.round.last.is_believable() && !self.is_lossy() {
            self.loss.take(&self.round.last);
        }
    }

    /// The path's own loss so far, learned or not: from 0 to a half.
    pub(super) fn loss_so_far(&self) -> f64 {
        self.loss.so_far()
    }

    /// Whether the path itself loses more than would be taken for congestion.
    pub(super) fn is_known_to_lose(&self) -> bool {
        self.loss.known().is_some_and(|own| own > LOSS_TOLERANCE)
    }

    /// Whether the round that just ended lost more than chance explains.
    pub(super) fn is_lossy(&self) -> bool {
        self.loss.is_lossy(&self.round.last)
    }

    /// The sender does something else from now on: only what is lost then counts for
    /// [`Path::is_congested`].
    pub(super) fn begin(&mut self) {
        self.loss.begin();
    }

    /// The queue is drained from now on.
    pub(super) fn begin_draining(&mut self, now: Moment) {
        self.slow = Epoch::since(now);
        self.begin();
    }

    /// The sender looks for more.
    pub(super) fn end_cruise(&mut self, now: Moment) {
        self.steady.ended = Some(now);
    }

    /// The sender sends as fast as the bottleneck again.
    pub(super) fn end_draining(&mut self, now: Moment) {
        self.slow.ended = Some(now);
        self.begin();
    }

    /// The sender sent too much: the bottleneck let through what arrived, and what was
    /// measured before is forgotten.
    ///
    /// `least` is the share of the rate that is left at least.
    pub(super) fn take_congestion(&mut self, least: f64) {
        self.lower_rate(self.loss.evidence().rate(), least);
        self.begin();
    }

    /// The same for the round that just ended.
    pub(super) fn take_last_round(&mut self) {
        self.take_round(self.round.last);
    }

    /// The same for the round that goes on.
    pub(super) fn take_round_congestion(&mut self, now: Moment) {
        let seconds = self
            .round
            .began
            .map_or(0.0, |began| (now - began).as_secs_f64());
        self.take_round(Tally {
            seconds,
            ..self.round.tally
        });
    }

    /// Startup sent this round faster than the rate: at least the share of the rate
    /// arrives that arrived of the round, if nothing arrived while a timer ran.
    fn take_round(&mut self, round: Tally) {
        let least = 1.0 - round.share();
        self.lower_rate(round.rate(), least);
    }

    fn lower_rate(&mut self, arrived: f64, least: f64) {
        let Some(rate) = self.rate() else { return };
        let passed = arrived / (1.0 - self.loss.known().unwrap_or(0.0));
        self.rates = MaxFilter::default();
        let rate = passed.clamp(least * rate, rate);
        self.rates.insert(self.round.count, rate);
    }

    /// Whether the last rounds, that many at least, lost more than the path does by
    /// itself.
    pub(super) fn is_congested(&self, rounds: u32) -> bool {
        self.loss.is_congested(rounds)
    }

    /// The same of the round that goes on.
    pub(super) fn is_round_congested(&self) -> bool {
        self.round.packets() >= 2.0 * FEWEST_PACKETS
            && self.loss.is_exceeded_by(&self.round.tally)
    }

    /// Packets per second that the bottleneck lets through; `None` before any sample.
    pub(super) fn rate(&self) -> Option<f64> {
        let rate = self.rates.largest();
        (rate > 0.0).then_some(rate)
    }

    /// The least round trip.
    pub(super) fn least(&self) -> Option<Duration> {
        self.least.map(|(least, _)| least)
    }

    /// How long ago the least round trip was last seen.
    pub(super) fn least_age(&self, now: Moment) -> Duration {
        self.least.map_or(Duration::ZERO, |(_, seen)| now - seen)
    }

    /// A time with an empty queue is over: what was seen in it is the least round trip.
    pub(super) fn renew_least(&mut self, sample: Duration, now: Moment) {
        self.least = Some((sample, now));
    }

    /// The data that fills the path and no queue: the rate times the least round trip and
    /// the time for which the receiver may hold an ACK back. On a short path the latter
    /// is nearly all of it. Unit: packets.
    pub(super) fn product(&self) -> Option<f64> {
        let least = self.least()?;
        let held = (least / 8).clamp(LEAST_HELD, MOST_HELD);
        let deviation = self.mean.map_or(0.0, |(_, deviation)| deviation);
        let spread = (2.0 * deviation).min(least.as_secs_f64());
        let rate = self.rate()?;
        let held = held.as_secs_f64().min(ARRIVALS_PER_ACK / rate);
        Some(rate * (least.as_secs_f64() + held + spread))
    }

    /// Rounds so far.
    pub(super) const fn rounds(&self) -> u64 {
        self.round.count
    }

    /// The rate is old; the least round trip stays.
    pub(super) fn forget_rate(&mut self) {
        self.rates = MaxFilter::default();
    }
}

/// The quantity that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probing {
    /// The rate, from nothing.
    Startup,
    /// Nothing, but the ACKs of what startup has sent still come.
    Draining,
    /// More than the rate that is known.
    More,
    /// Nothing: less than the rate that is known may show, but not more.
    No,
}

impl Round {
    fn take(&mut self, ack: &Acked) {
        self.began.get_or_insert(ack.now);
        self.tally.delivered += f64::from(ack.packets);
        self.is_application_limited |= ack.is_application_limited;
    }

    fn packets(&self) -> f64 {
        self.tally.packets()
    }

    fn is_over(&self, ack: &Acked, least: Duration) -> bool {
        let is_long_enough = self.began.is_some_and(|began| ack.now - began >= least);
        let has_enough = least.is_zero() || self.packets() >= PACKETS_PER_ROUND;
        ack.delivered_when_sent >= self.ends_at
            && (is_long_enough && has_enough || self.count == 0)
    }

    fn end(&mut self, ack: &Acked) {
        let elapsed = self.began.map_or(Duration::ZERO, |began| ack.now - began);
        let last = Tally {
            seconds: elapsed.as_secs_f64(),
            rounds: 1,
            ..self.tally
        };
        *self = Self {
            count: self.count + 1,
            ends_at: ack.delivered,
            began: Some(ack.now),
            tally: Tally::default(),
            is_application_limited: false,
            last,
        };
    }
}

impl MaxFilter {
    fn insert(&mut self, round: u64, rate: f64) {
        self.samples
            .retain(|&(seen, earlier)| earlier > rate && seen + FILTER_ROUNDS > round);
        self.samples.push((round, rate));
    }

    fn largest(&self) -> f64 {
        self.samples.first().map_or(0.0, |&(_, rate)| rate)
    }

    fn scale(&mut self, factor: f64) {
        for (_, rate) in &mut self.samples {
            *rate *= factor;
        }
    }
}

#[cfg(test)]
mod tests;
