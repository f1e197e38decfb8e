//! `HyStart++`: leave slow start when the round trip grows, before the queue overflows.
//!
//! Slow start doubles the window until packets are lost, and by then the window is far
//! too large. A queue that fills is visible earlier: each round trip takes longer than
//! the last one.
//!
//! ```text
//!             round trip grew                    5 rounds, and still grown
//!   Standard ----------------> Conservative ------------------------------> over
//!      ^                            |
//!      '---- it shrank again -------'      grows by a quarter of slow start's step
//! ```
//!
//! The RFC requires eight samples per round, one per ACK. In Sash one ACK acknowledges
//! many packets, so eight acknowledged packets are enough. Only the first slow start is
//! watched (§4.3).
//!
//! ```
//! use sash::reliable::congestion::hystart::HyStart;
//! let hystart = HyStart::default();
//! assert_eq!((hystart.growth_divisor(), hystart.is_over()), (1, false));
//! ```
//!
//! Source: RFC 9406 §4.2, §4.3.

use super::Acked;
use std::time::Duration;

/// The observation of one slow start.
#[derive(Debug, Default)]
pub struct HyStart {
    state: State,
    /// The round ends when this many packets have been delivered.
    round_end: u64,
    /// The least round-trip time of the previous round, and of this one.
    last_least: Option<Duration>,
    least: Option<Duration>,
    /// Packets acknowledged in this round.
    samples: u32,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// Slow start as usual.
    #[default]
    Standard,
    /// Slower growth, to see whether the round-trip time stays long (RFC 9406, CSS).
    Conservative {
        /// The round-trip time at which this phase began.
        baseline: Duration,
        /// The rounds that remain in this phase.
        rounds: u32,
    },
    /// Slow start has ended; congestion avoidance follows.
    Over,
}

/// RFC 9406 §4.3, `MIN_RTT_THRESH`.
const LEAST_GROWTH: Duration = Duration::from_millis(4);

/// RFC 9406 §4.3, `MAX_RTT_THRESH`.
const MOST_GROWTH: Duration = Duration::from_millis(16);

/// RFC 9406 §4.3, `MIN_RTT_DIVISOR`.
const GROWTH_DIVISOR: u32 = 8;

/// RFC 9406 §4.3, `N_RTT_SAMPLE`.
const SAMPLES: u32 = 8;

/// RFC 9406 §4.3, `CSS_GROWTH_DIVISOR`.
const CONSERVATIVE_DIVISOR: u32 = 4;

/// RFC 9406 §4.3, `CSS_ROUNDS`.
const CONSERVATIVE_ROUNDS: u32 = 5;

impl HyStart {
    /// Something was acknowledged during slow start.
    pub fn on_ack(&mut self, ack: &Acked) {
        if ack.delivered_when_sent >= self.round_end {
            self.round_end = ack.delivered;
            self.begin_round();
        }
        let latest = ack.round_trip.latest;
        let least = self.least.map_or(latest, |least| least.min(latest));
        self.least = Some(least);
        self.samples = self.samples.saturating_add(ack.packets);
        if self.samples >= SAMPLES {
            self.judge(least);
        }
    }

    /// The divisor of slow start's step.
    #[must_use]
    pub const fn growth_divisor(&self) -> u32 {
        match self.state {
            State::Standard => 1,
            State::Conservative { .. } | State::Over => CONSERVATIVE_DIVISOR,
        }
    }

    /// Whether slow start has been slowed down.
    #[must_use]
    pub const fn is_conservative(&self) -> bool {
        matches!(self.state, State::Conservative { .. })
    }

    /// Whether slow start is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn begin_round(&mut self) {
        self.last_least = self.least.take();
        self.samples = 0;
        match &mut self.state {
            State::Conservative { rounds: 1, .. } => self.state = State::Over,
            State::Conservative { rounds, .. } => *rounds -= 1,
            State::Standard | State::Over => {}
        }
    }

    fn judge(&mut self, least: Duration) {
        match self.state {
            State::Standard => {
                let Some(last) = self.last_least else { return };
                let growth = (last / GROWTH_DIVISOR).clamp(LEAST_GROWTH, MOST_GROWTH);
                if least >= last + growth {
                    self.state = State::Conservative {
                        baseline: least,
                        rounds: CONSERVATIVE_ROUNDS,
                    };
                }
            }
            State::Conservative { baseline, .. } if least < baseline => {
                self.state = State::Standard;
            }
            State::Conservative { .. } | State::Over => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_signals::{TestSignals, ms};
    use super::*;

    /// Rounds of ten packets, each with its round trip in milliseconds.
    fn after(rounds: &[u64]) -> HyStart {
        let mut hystart = HyStart::default();
        for (round, &round_trip) in (0..).zip(rounds) {
            let test_signals = TestSignals {
                round_trip: ms(round_trip),
                delivered: 10 * (round + 1),
                delivered_when_sent: 10 * round,
            };
            hystart.on_ack(&test_signals.acked(10, 0, round_trip));
        }
        hystart
    }

    #[test]
    fn an_rtt_increase_of_one_eighth_slows_slow_start_to_a_quarter() {
        assert_eq!(after(&[80, 89]).growth_divisor(), 1);
        assert_eq!(after(&[80, 90]).growth_divisor(), 4);
    }

    #[test]
    fn the_threshold_of_the_rtt_increase_is_at_least_4_ms_and_at_most_16_ms() {
        assert_eq!(after(&[1, 4]).growth_divisor(), 1);
        assert_eq!(after(&[1, 5]).growth_divisor(), 4);
        assert_eq!(after(&[400, 415]).growth_divisor(), 1);
        assert_eq!(after(&[400, 416]).growth_divisor(), 4);
    }

    #[test]
    fn five_rounds_with_a_high_rtt_end_slow_start() {
        assert!(!after(&[80, 100, 100, 100, 100, 100]).is_over());
        assert!(after(&[80, 100, 100, 100, 100, 100, 100]).is_over());
    }

    #[test]
    fn an_rtt_that_decreases_again_was_jitter() {
        let hystart = after(&[80, 100, 99]);
        assert_eq!((hystart.growth_divisor(), hystart.is_over()), (1, false));
    }

    #[test]
    fn a_round_needs_eight_rtt_samples() {
        let mut hystart = after(&[80]);
        let test_signals = TestSignals {
            round_trip: ms(200),
            delivered: 20,
            delivered_when_sent: 10,
        };
        hystart.on_ack(&test_signals.acked(7, 0, 200));
        assert_eq!(hystart.growth_divisor(), 1);
        hystart.on_ack(&test_signals.acked(1, 0, 200));
        assert_eq!(hystart.growth_divisor(), 4);
    }
}
