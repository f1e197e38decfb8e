//! BBR's model of the path: its rate, its least round trip, and its own loss.
//!
//! ```text
//!   packets sent in round k  ---->  acknowledged or lost in round k+1
//!   loss of a round = lost / (lost + delivered)
//!   own loss        = the loss of rounds that were sent slower than the bottleneck
//! ```
//!
//! Congestion causes more loss when the sender sends more; a bad cable or a lossy radio
//! link loses the same share. Therefore the loss of the rounds that drain the queue is
//! the path's own, and only loss beyond it is congestion. Without this rule the model
//! collapses on a path that loses a fifth of all packets: the delivery rate is then
//! always lower than the sending rate, each round sends more slowly than the one before,
//! and a gain of 1.25 does not compensate for it.
//!
//! Source: draft-ietf-ccwg-bbr §5.5 (max filter, rounds); report chapter.

use super::super::{Acked, Lost};
use super::epoch::Epoch;
use super::loss::{FEWEST_PACKETS, LOSS_TOLERANCE, OwnLoss, Tally};
use super::round::{MaxFilter, PACKETS_PER_ROUND, Round};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The model of the path.
#[derive(Debug, Default)]
pub(super) struct Path {
    rates: MaxFilter,
    /// The least round-trip time, and the time when it was last measured.
    least: Option<(Duration, Moment)>,
    /// Mean round trip and mean deviation from it. Unit: seconds.
    mean: Option<(f64, f64)>,
    /// The mean deviation when the last probe began. Unit: seconds.
    calm: f64,
    loss: OwnLoss,
    /// The packets sent below the estimated rate.
    slow: Epoch,
    /// The packets sent before these, at that rate.
    steady: Epoch,
    /// The packets sent above the estimated rate by the last probe.
    fast: Epoch,
    /// The packets of startup that are acknowledged after its end: they were sent faster
    /// than the bottleneck's rate, so that they arrive at that rate.
    startup: Epoch,
    /// The estimated rate at the end of startup. Unit: packets per second.
    ended_at: f64,
    doubted: Option<Doubted>,
    round: Round,
    /// The packets in flight after the last ACK.
    in_flight: u32,
}

/// A loss whose cause is not known yet: the path or its bottleneck.
#[derive(Debug)]
struct Doubted {
    /// The estimated rate before the loss. Unit: packets per second.
    rate: f64,
    /// The share that was lost.
    share: f64,
}

/// If the sender slows down to the delivery rate and at least this share of a doubted
/// loss remains, it is the path's own.
const CONFIRMED: f64 = 0.75;

/// The shortest duration of a round after startup. On a short path shorter rounds would
/// measure threads that wake late.
const LEAST_ROUND: Duration = Duration::from_millis(2);

/// The least number of clumps of ACKs in a round. With fewer, the rate would depend on
/// whether one more clump falls into the round.
const CLUMPS_PER_ROUND: u32 = 10;

/// A burst of the pacer makes a queue of this many packets.
const BURST_PACKETS: f64 = 6.0;

/// Other variations make a round trip longer by this many mean deviations.
const UNEVEN_JITTER: f64 = 2.5;

/// Jitter makes a round trip longer by four mean deviations at most, where each delay is
/// equally likely.
const MOST_JITTER: f64 = 4.5;

/// The usual gain of a probe; a larger one follows a probe that seemed to find more.
pub(super) const FIRST_GAIN: f64 = 1.25;

/// A probe lowers the rate to this share at least: few packets measure a rate badly, and
/// random loss makes it worse.
const LEAST_VERDICT: f64 = 0.9;

/// See [`LEAST_VERDICT`]: on a path with loss of its own.
const LEAST_LOSSY_VERDICT: f64 = 0.95;

/// No path loses this share of a round by itself: the loss of 30 % in bursts is less.
const OVERRUN: f64 = 0.6;

/// A policer drops at least this share of startup's last round trip (Linux,
/// `bbr_lt_loss_thresh`).
const POLICED: f64 = 0.2;

/// One overrun lowers the rate to this share at least.
const LEAST_AFTER_OVERRUN: f64 = 0.25;

/// Fewer packets are no clump: pacing and a queue vary as much. Unit: packets.
const UNEVEN: f64 = 4.0;

/// The longest clump that is believed.
const LONGEST_CLUMP: Duration = Duration::from_millis(16);

/// A sample within this share above the least round-trip time confirms it.
const SEEN_AGAIN: u32 = 16;

/// The delay of an ACK at the receiver: an eighth of a round-trip time, within these
/// bounds.
const LEAST_HELD: Duration = Duration::from_millis(1);
const MOST_HELD: Duration = Duration::from_millis(10);

/// An ACK is delayed for at most this many packets.
const ARRIVALS_PER_ACK: f64 = 64.0;

impl Path {
    /// Processes an ACK; returns whether it ended a round. In startup each ACK is
    /// measured, because the rate doubles within a round; later each round is.
    pub(super) fn on_ack(&mut self, ack: &Acked, probing: Probing, clump: f64) -> bool {
        self.measure_least(ack.round_trip.latest, ack.now);
        if matches!(probing, Probing::More(_) | Probing::No) {
            self.measure_deviation(ack.round_trip.latest);
        }
        self.round.take(ack);
        self.in_flight = ack.in_flight;
        for epoch in [
            &mut self.slow,
            &mut self.steady,
            &mut self.fast,
            &mut self.startup,
        ] {
            epoch.take(ack);
        }
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

    /// The shortest duration of a round; `clump` is the longest clump of ACKs, in
    /// packets.
    fn least_round(&self, probing: Probing, clump: f64) -> Duration {
        if probing == Probing::Startup {
            return Duration::ZERO;
        }
        let clump = (clump - UNEVEN).max(0.0);
        let seconds = self.rate().map_or(0.0, |rate| clump / rate);
        let clump = Duration::from_secs_f64(seconds.min(LONGEST_CLUMP.as_secs_f64()));
        LEAST_ROUND.max(CLUMPS_PER_ROUND * clump)
    }

    /// The mean deviation of the round-trip times. A queue changes slowly and hardly
    /// affects it.
    fn measure_deviation(&mut self, sample: Duration) {
        let sample = sample.as_secs_f64();
        let (mean, deviation) = self.mean.unwrap_or((sample, 0.0));
        let deviation = deviation + ((sample - mean).abs() - deviation) / 16.0;
        self.mean = Some((mean + (sample - mean) / 8.0, deviation));
    }

    fn deviation(&self) -> f64 {
        self.mean.map_or(0.0, |(_, deviation)| deviation)
    }

    /// Packets were lost in this round.
    pub(super) fn on_loss(&mut self, loss: &Lost) {
        self.round.tally.lost += f64::from(loss.packets);
        self.round.tally.findings += 1.0;
        self.slow.lose(loss);
        self.steady.lose(loss);
        self.fast.lose(loss);
        self.startup.lose(loss);
    }

    /// Everything in flight was lost.
    pub(super) fn on_timeout(&mut self) {
        if self.slow.ended.is_none() {
            self.slow.tally.lost += f64::from(self.in_flight.max(1));
            self.slow.tally.findings += 1.0;
        }
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
            // No packet arrives faster than it was sent; if it seems so, ACKs came in a
            // clump.
            let rate = self.passed(delivered / elapsed, lost / delivered);
            let most = match probing {
                Probing::More(proof)
                    if rate < proof && self.loss.is_exceeded_by(&self.round.tally) =>
                {
                    self.rate()
                }
                Probing::Startup | Probing::Draining | Probing::More(_) => None,
                Probing::No => self.rate(),
            };
            let rate = rate.min(most.unwrap_or(f64::INFINITY));
            self.take_rate(rate, is_application_limited);
        }
    }

    /// The rate at which packets passed the bottleneck: the delivered ones, and those
    /// that the path lost behind the bottleneck.
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

    /// The packets sent while the queue drained are acknowledged or lost. They were sent
    /// more slowly than the bottleneck's rate, so their loss is the path's own. If the
    /// first such packets lose more than was known before, this is in doubt: the function
    /// returns true, and the rate becomes their delivery rate until the next drain
    /// decides.
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
                // Slower sending lost less, so the sender had exceeded the bottleneck's
                // rate. The path's own loss is still unknown.
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
                self.renew_rate(doubted.rate);
            }
            _ => {}
        }
        self.loss.take(&tally);
        self.loss.learn();
        // Corrects the earlier measurements, which did not include the path's own loss.
        let own = self.loss.known().unwrap_or(0.0);
        self.rates.scale(1.0 / (1.0 - own));
        false
    }

    /// The last round delivered more than any before, so it was sent more slowly than the
    /// bottleneck's rate.
    pub(super) fn take_growing_round(&mut self) {
        if self.round.last.is_believable() && !self.is_lossy() {
            self.loss.take(&self.round.last);
        }
    }

    /// The path's own loss so far, learned or not: from 0 to a half.
    pub(super) fn loss_so_far(&self) -> f64 {
        self.loss.so_far()
    }

    /// Whether the path's own loss exceeds the threshold for congestion.
    pub(super) fn is_known_to_lose(&self) -> bool {
        self.loss.known().is_some_and(|own| own > LOSS_TOLERANCE)
    }

    /// Whether the last round filled a queue: a packet waited for longer than a burst of
    /// the pacer explains.
    pub(super) fn was_queued(&self) -> bool {
        let (Some(least), Some(rate)) = (self.least(), self.rate()) else {
            return false;
        };
        (self.round.longest.saturating_sub(least)).as_secs_f64() > BURST_PACKETS / rate
    }

    /// Whether the last round lost more than chance explains.
    pub(super) fn is_lossy(&self) -> bool {
        self.loss.is_lossy(&self.round.last)
    }

    /// A new phase begins: only losses from now on count for [`Path::is_congested`].
    pub(super) fn begin(&mut self) {
        self.loss.begin();
    }

    /// The sender begins to drain the queue.
    pub(super) fn begin_draining(&mut self, now: Moment) {
        self.slow = Epoch::since(now);
        self.fast.ended.get_or_insert(now);
        self.begin();
    }

    /// The sender begins to probe for more bandwidth.
    pub(super) fn end_cruise(&mut self, now: Moment) {
        self.steady.ended = Some(now);
        self.fast = Epoch::since(now);
        self.calm = self.deviation();
    }

    /// Startup has ended. Its packets that are still in flight were sent faster than the
    /// bottleneck's rate.
    pub(super) fn end_startup(&mut self, now: Moment) {
        self.ended_at = self.rate().unwrap_or(0.0);
        self.startup = Epoch::since(Moment::START);
        self.startup.ended = Some(now);
        self.begin();
    }

    /// The sender returns to the bottleneck's rate.
    pub(super) fn end_draining(&mut self, now: Moment) {
        self.slow.ended = Some(now);
        self.startup = Epoch::default();
        self.begin();
    }

    /// The sender exceeded the bottleneck's rate. The delivery rate is the bottleneck's
    /// rate, and earlier measurements are forgotten.
    ///
    /// At least the share `least` of the rate remains.
    pub(super) fn take_congestion(&mut self, least: f64, now: Moment) {
        self.steady = Epoch::since(now);
        if self.startup.tally.delivered >= 2.0 * FEWEST_PACKETS {
            // Startup sent these packets at least at the rate at which it ended.
            let floor = self.ended_at * (1.0 - self.startup.tally.share());
            let floor = floor / self.rate().unwrap_or(floor);
            self.lower_rate(self.startup.rate(), least.max(floor.min(1.0)));
        } else {
            // Since then the sender was slower than the rate: of that, at least the share
            // arrives that arrived of what it sent.
            let evidence = *self.loss.evidence();
            self.lower_rate(evidence.rate(), least.max(1.0 - evidence.share()));
        }
        self.begin();
    }

    /// If most packets that were sent slowly are lost, the rate that startup measured was
    /// far too high: it came from a bucket or a burst. No path loses that much by itself.
    pub(super) fn take_overrun(&mut self, now: Moment) -> bool {
        let slow = self.slow.tally;
        let is_overrun = slow.packets() >= PACKETS_PER_ROUND && slow.share() > OVERRUN;
        if is_overrun {
            self.lower_rate(self.slow.rate_until(now), LEAST_AFTER_OVERRUN);
            self.begin_draining(now);
        }
        is_overrun
    }

    /// The same for the last round.
    pub(super) fn take_last_round(&mut self) {
        self.take_round(self.round.last);
    }

    /// The same for the current round.
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

    /// Startup sent this round faster than the rate. At least the share that arrived of
    /// the round also arrives of the rate, if nothing arrived while a timer ran.
    fn take_round(&mut self, round: Tally) {
        let least = 1.0 - round.share();
        self.lower_rate(round.rate(), least);
    }

    fn lower_rate(&mut self, arrived: f64, least: f64) {
        let Some(rate) = self.rate() else { return };
        let passed = arrived / (1.0 - self.loss.known().unwrap_or(0.0));
        self.renew_rate(passed.clamp(least * rate, rate));
    }

    /// Forgets earlier rates.
    fn renew_rate(&mut self, rate: f64) {
        self.rates = MaxFilter::default();
        self.rates.insert(self.round.count, rate);
    }

    /// Whether the last rounds, at least this many, lost more than the path's own loss
    /// explains.
    pub(super) fn is_congested(&self, rounds: u32) -> bool {
        self.loss.is_congested(rounds)
    }

    /// The same for the round in progress.
    pub(super) fn is_round_congested(&self) -> bool {
        self.round.packets() >= 2.0 * FEWEST_PACKETS
            && self.loss.is_exceeded_by(&self.round.tally)
    }

    /// Whether the packets of the probe show congestion: more of them were lost than the
    /// path's own loss explains, and they arrived at less than this rate.
    pub(super) fn is_probe_congested(&self, proof: f64) -> bool {
        self.fast.tally.packets() >= 2.0 * FEWEST_PACKETS
            && self.loss.is_exceeded_by(&self.fast.tally)
            && self.fast.rate() < proof
    }

    /// Judges the probe whose packets have been acknowledged: whether it reached what the
    /// bottleneck can carry.
    ///
    /// If a queue grew, its packets arrived at the bottleneck's rate, whatever was lost. If
    /// most of what it added was lost without a queue, a policer dropped it.
    pub(super) fn judge_probe(&mut self, best: f64, gain: f64) -> bool {
        let arrived = self.fast.rate() / (1.0 - self.loss.so_far());
        if self.has_queued() && self.fast.tally.delivered >= 2.0 * FEWEST_PACKETS {
            let least = if self.is_known_to_lose() {
                LEAST_LOSSY_VERDICT
            } else {
                LEAST_VERDICT
            };
            self.renew_rate(arrived.clamp(least * best, gain * best));
            return true;
        }
        let is_policed = self.has_lost_most(gain) && arrived < proof(best, gain);
        if is_policed && gain > FIRST_GAIN {
            // An earlier probe seemed to find more: it emptied the bucket.
            self.lower_rate(self.fast.rate(), 1.0 / FIRST_GAIN);
        } else if is_policed {
            let over = self.loss.excess(&self.steady.tally);
            if over > 0.0 {
                self.rates = MaxFilter::default();
            }
            self.rates.insert(self.round.count, best * (1.0 - over));
        }
        is_policed
    }

    /// Whether a packet of the probe waited for longer than a burst of the pacer and the
    /// jitter before the probe explain.
    fn has_queued(&self) -> bool {
        self.is_longer_than_jitter(self.fast.longest, self.calm)
    }

    fn is_longer_than_jitter(&self, round_trip: Duration, deviation: f64) -> bool {
        let (Some(least), Some(rate)) = (self.least(), self.rate()) else {
            return false;
        };
        let waited = round_trip.saturating_sub(least).as_secs_f64();
        let jitter = BURST_PACKETS / rate + UNEVEN_JITTER * deviation;
        waited > jitter.max(MOST_JITTER * deviation)
    }

    /// Whether startup ended at a policer: much of what it sent last was lost, without a
    /// queue.
    pub(super) fn is_policed(&self) -> bool {
        let Epoch { tally, longest, .. } = &self.startup;
        tally.delivered >= PACKETS_PER_ROUND
            && self.loss.excess(tally) > POLICED
            && !self.is_longer_than_jitter(*longest, self.deviation())
    }

    /// Whether most packets that the probe added were lost.
    pub(super) fn has_lost_most(&self, gain: f64) -> bool {
        self.fast.tally.share() - self.loss.so_far() > 0.5 * (1.0 - 1.0 / gain)
    }

    /// The bottleneck's rate; `None` before any sample. Unit: packets per second.
    pub(super) fn rate(&self) -> Option<f64> {
        let rate = self.rates.largest();
        (rate > 0.0).then_some(rate)
    }

    /// The least round trip.
    pub(super) fn least(&self) -> Option<Duration> {
        self.least.map(|(least, _)| least)
    }

    /// The time since the least round-trip time was last measured.
    pub(super) fn least_age(&self, now: Moment) -> Duration {
        self.least.map_or(Duration::ZERO, |(_, seen)| now - seen)
    }

    /// An interval with an empty queue has ended: its smallest sample is the least
    /// round-trip time.
    pub(super) fn renew_least(&mut self, sample: Duration, now: Moment) {
        self.least = Some((sample, now));
    }

    /// The bandwidth-delay product: the data that fills the path without a queue. It is
    /// the rate times the sum of the least round-trip time and the longest delay of an
    /// ACK, which on a short path is nearly all of it. Unit: packets.
    pub(super) fn product(&self) -> Option<f64> {
        let least = self.least()?;
        let held = (least / 8).clamp(LEAST_HELD, MOST_HELD);
        let spread = (2.0 * self.deviation()).min(least.as_secs_f64());
        let rate = self.rate()?;
        let held = held.as_secs_f64().min(ARRIVALS_PER_ACK / rate);
        Some(rate * (least.as_secs_f64() + held + spread))
    }

    /// Rounds so far.
    pub(super) const fn rounds(&self) -> u64 {
        self.round.count
    }

    /// Forgets the rate, which is out of date; the least round-trip time remains valid.
    pub(super) fn forget_rate(&mut self) {
        self.rates = MaxFilter::default();
    }
}

/// If packets of a probe arrive at this rate, most of what the probe added has arrived:
/// the loss is not congestion. Unit: packets per second.
pub(super) fn proof(best: f64, gain: f64) -> f64 {
    best * (1.0 + PROOF * (gain - 1.0))
}

/// The share of a probe's additional packets that must arrive to show more bandwidth.
const PROOF: f64 = 0.5;

/// The quantity that is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Probing {
    /// The rate, from nothing.
    Startup,
    /// Nothing new: the ACKs of packets that startup sent still arrive.
    Draining,
    /// A rate above the known one. If packets arrive at this rate, more bandwidth is
    /// there, whatever was lost.
    More(f64),
    /// Nothing new: the measured rate may be lower than the known one, but not higher.
    No,
}

#[cfg(test)]
mod tests;
