//! The phases of BBR, and how fast each of them sends.
//!
//! Source: draft-ietf-ccwg-bbr §4.3; report chapter `congestion/bbr`.

use super::path::FIRST_GAIN;
use crate::reliable::moment::Moment;
use std::time::Duration;

/// A phase of BBR.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Phase {
    /// Searches for the bottleneck's rate.
    Startup {
        /// The rate that the next rounds must exceed by a quarter.
        best: f64,
        /// The number of rounds that did not.
        stale_rounds: u32,
    },
    /// Drains the queue that startup built.
    Drain,
    /// Probes for more bandwidth during one round.
    Up {
        /// The known rate. Unit: packets per second.
        best: f64,
        /// The gain: the pacing rate divided by the known rate.
        gain: f64,
    },
    /// Drains the queue that the probe built, since this round.
    Down {
        /// The round.
        since: u64,
        /// The rate known before the probe. Unit: packets per second.
        best: f64,
        /// The gain of the probe.
        gain: f64,
    },
    /// Sends at the bottleneck's rate, since this round.
    Cruise {
        /// The round.
        since: u64,
        /// The number of rounds until the next probe.
        rounds: u64,
    },
    /// Sends little so that all queues drain, to measure the least round-trip time.
    ProbeRoundTrip {
        /// The time when it has lasted long enough.
        until: Moment,
        /// The least sample since it began.
        least: Duration,
    },
}

/// Doubling of the delivered rate in each round: 4 ln 2 (draft-ietf-ccwg-bbr §2.4).
const STARTUP_GAIN: f64 = 2.77;

/// Empties the queue of startup in about a round.
const DRAIN_GAIN: f64 = 0.5;

/// Drains what the phase `Up` has queued.
const DOWN_GAIN: f64 = 0.75;

/// `Cruise` stays a little below the measured rate, which is the largest of several and
/// therefore a little too high: so a queue shrinks (draft-ietf-ccwg-bbr §5.6.2,
/// `BBRPacingMarginPercent`).
pub(super) const CRUISE_GAIN: f64 = 0.99;

/// The same after a probe that filled the bottleneck: the rate is the bottleneck's.
pub(super) const FULL_CRUISE_GAIN: f64 = 0.985;

/// The same after a probe of which most was lost: a short queue or bucket must refill.
pub(super) const OVERRUN_CRUISE_GAIN: f64 = 0.97;

/// The same while more is in flight than fits on the path.
pub(super) const QUEUED_CRUISE_GAIN: f64 = 0.95;

/// The same beside another flow, which would take what this one leaves.
pub(super) const SHARED_CRUISE_GAIN: f64 = 1.0;

/// The usual gain of the cycle.
pub(super) const UP_GAIN: f64 = FIRST_GAIN;

/// The first gain on a path with loss of its own: startup may have mistaken this loss for
/// congestion and ended too soon.
pub(super) const LOSSY_UP_GAIN: f64 = 2.0;

/// The gain grows by this much at each successful probe, up to [`MOST_UP_GAIN`].
pub(super) const UP_STEP: f64 = 0.25;
/// See [`UP_STEP`].
pub(super) const MOST_UP_GAIN: f64 = 2.0;

/// The largest gain behind a policer. Its bucket refills after startup, so that larger
/// probes would find more and more, until it is empty again.
pub(super) const POLICED_UP_GAIN: f64 = 1.12;

/// A policer is believed in for this many rounds (Linux, `bbr_lt_bw_max_rtts`).
pub(super) const POLICED_ROUNDS: u64 = 48;

/// The least gain of `Up`, for a queue of a few packets.
pub(super) const LEAST_UP_GAIN: f64 = 1.06;

impl Phase {
    pub(super) const STARTUP: Self = Self::Startup {
        best: 0.0,
        stale_rounds: 0,
    };

    /// The pacing rate as a multiple of the measured rate; `cruise_gain` in `Cruise`.
    pub(super) const fn pacing_gain(&self, cruise_gain: f64) -> f64 {
        match self {
            Self::Startup { .. } => STARTUP_GAIN,
            Self::Drain => DRAIN_GAIN,
            Self::Up { gain, .. } => *gain,
            Self::Down { .. } => DOWN_GAIN,
            Self::Cruise { .. } => cruise_gain,
            Self::ProbeRoundTrip { .. } => 1.0,
        }
    }

    /// Its name in journals and pictures.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Startup { .. } => "startup",
            Self::Drain => "drain",
            Self::Up { .. } => "probe-up",
            Self::Down { .. } => "probe-down",
            Self::Cruise { .. } => "cruise",
            Self::ProbeRoundTrip { .. } => "probe-rtt",
        }
    }
}
