//! The rounds of BBR, and the largest rate of the last ones.
//!
//! ```text
//!   packets sent in round k  ---->  acknowledged or lost in round k+1
//! ```
//!
//! Source: draft-ietf-ccwg-bbr §5.5 (max filter, rounds).

use super::super::Acked;
use super::loss::Tally;
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The current round trip.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) count: u64,
    /// The round ends with the ACK of a packet that was sent after this many deliveries.
    ends_at: u64,
    /// The time when the previous round ended.
    pub(super) began: Option<Moment>,
    pub(super) tally: Tally,
    /// Whether something else than this controller held the sender back.
    pub(super) is_application_limited: bool,
    /// The last whole round, and its longest round-trip time.
    pub(super) last: Tally,
    pub(super) longest: Duration,
    /// The longest round-trip time so far.
    pub(super) longest_so_far: Duration,
}

/// The largest value of the last rounds (a windowed maximum filter).
#[derive(Debug, Default)]
pub(super) struct MaxFilter {
    /// The candidates, by round; their rates decrease.
    samples: Vec<(u64, f64)>,
}

/// The least number of packets in a round. With fewer, its loss would be chance.
pub(super) const PACKETS_PER_ROUND: f64 = 32.0;

/// The number of rounds for which a rate counts: a little more than a cycle.
const FILTER_ROUNDS: u64 = 10;

impl Round {
    pub(super) fn take(&mut self, ack: &Acked) {
        self.began.get_or_insert(ack.now);
        self.tally.delivered += f64::from(ack.packets);
        self.longest_so_far = self.longest_so_far.max(ack.round_trip.latest);
        self.is_application_limited |= ack.is_application_limited;
    }

    pub(super) fn packets(&self) -> f64 {
        self.tally.packets()
    }

    pub(super) fn is_over(&self, ack: &Acked, least: Duration) -> bool {
        let is_long_enough = self.began.is_some_and(|began| ack.now - began >= least);
        let has_enough = least.is_zero() || self.packets() >= PACKETS_PER_ROUND;
        ack.delivered_when_sent >= self.ends_at
            && (is_long_enough && has_enough || self.count == 0)
    }

    pub(super) fn end(&mut self, ack: &Acked) {
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
            longest: self.longest_so_far,
            longest_so_far: Duration::ZERO,
        };
    }
}

impl MaxFilter {
    pub(super) fn insert(&mut self, round: u64, rate: f64) {
        self.samples
            .retain(|&(seen, earlier)| earlier > rate && seen + FILTER_ROUNDS > round);
        self.samples.push((round, rate));
    }

    pub(super) fn largest(&self) -> f64 {
        self.samples.first().map_or(0.0, |&(_, rate)| rate)
    }

    pub(super) fn scale(&mut self, factor: f64) {
        for (_, rate) in &mut self.samples {
            *rate *= factor;
        }
    }
}
