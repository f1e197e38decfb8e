//! CUBIC returns quickly to the window of the last loss, stays near it, then grows beyond
//! it.
//!
//! The window is a cubic function of the time since the loss and does not depend on the
//! number of ACKs. Therefore flows with 200 ms and with 20 ms grow at the same rate.
//!
//! ```text
//!   window |                          /      W(t) = C (t - K)^3 + W_max
//!   W_max  |x          ___-----___---        K: when W_max is reached again
//!          ||     _--'
//!          ||  _-'                           x a loss: the window shrinks to 7/10
//!          ||_/
//!          +------------- K --------- t
//! ```
//!
//! On short paths with small windows this would be slower than Reno, so CUBIC uses the
//! window of Reno there (§4.3). Time in which the sender was application-limited does not
//! count. CUBIC here does not undo the reaction to a spurious loss (§4.9), which the
//! adaptive reordering window makes rare.
//!
//! ```
//! use sash::reliable::congestion::{Controller, cubic::Cubic};
//! let cubic = Cubic::new(8_192);
//! assert_eq!((cubic.window(), cubic.phase()), (10, "slow-start"));
//! ```
//!
//! Source: RFC 9438 §4; RFC 9406 (how the first slow start ends).

use super::hystart::HyStart;
use super::recovery::Recovery;
use super::{Acked, Controller, INITIAL_WINDOW, LEAST_THRESHOLD, Pace, Signal, pace};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The congestion controller of most TCP implementations.
#[derive(Debug)]
pub struct Cubic {
    /// RFC 9438 cwnd. Unit: packets, as all windows here; fractions are kept.
    window: f64,
    most: f64,
    /// RFC 9438 ssthresh; the first slow start has none.
    threshold: Option<f64>,
    hystart: HyStart,
    /// RFC 9438 `W_max`; unknown if no loss ended the growth.
    largest: Option<f64>,
    /// RFC 9438 `cwnd_prior`: the window before it last shrank.
    prior: f64,
    /// The curve of this congestion avoidance.
    curve: Option<Curve>,
    /// The part of the window that was in use: all of it unless the sender was limited.
    flight: f64,
    /// The time of the last ACK of new data.
    heard_at: Moment,
    recovery: Recovery,
    smoothed: Option<Duration>,
}

/// One period of congestion avoidance.
#[derive(Debug, Clone, Copy)]
struct Curve {
    began: Moment,
    /// RFC 9438 `W_max`.
    largest: f64,
    /// RFC 9438 `K`. Unit: seconds.
    back_after: f64,
    /// RFC 9438 `W_est`: the window that Reno would have.
    reno: f64,
}

/// The share of the window that remains after a loss (RFC 9438 §4.6, `beta_cubic`).
const BETA: f64 = 0.7;

/// The steepness of the curve (RFC 9438 §5). Unit: packets per cubic second.
const C: f64 = 0.4;

/// Reno's step if the window shrinks only to [`BETA`] (RFC 9438 §4.3, `alpha_cubic`).
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);

/// The window after a timeout (RFC 5681 §3.1, loss window). Unit: packets.
const LOSS_WINDOW: f64 = 1.0;

impl Cubic {
    /// Begins in slow start, with ten packets.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let window = f64::from(INITIAL_WINDOW.min(most));
        Self {
            window,
            most: f64::from(most),
            threshold: None,
            hystart: HyStart::default(),
            largest: None,
            prior: window,
            curve: None,
            flight: window,
            heard_at: Moment::START,
            recovery: Recovery::default(),
            smoothed: None,
        }
    }

    fn is_in_slow_start(&self) -> bool {
        match self.threshold {
            None => true,
            Some(threshold) => self.window < threshold,
        }
    }

    /// Slow start. The first one also ends when the round-trip time grows; later ones end
    /// at the slow-start threshold.
    fn double(&mut self, ack: &Acked) {
        let mut step = f64::from(ack.packets);
        if self.threshold.is_none() {
            self.hystart.on_ack(ack);
            step /= f64::from(self.hystart.growth_divisor());
        }
        let end = self.threshold.unwrap_or(self.most);
        self.window = (self.window + step).min(end);
        if self.threshold.is_none() && self.hystart.is_over() {
            self.threshold = Some(self.window);
            self.prior = self.window; // RFC 9438 §4.10.
        }
    }

    /// Congestion avoidance (RFC 9438 §4.2 to §4.5).
    fn follow_curve(&mut self, ack: &Acked) {
        let (window, largest) = (self.window, self.largest);
        let curve = self
            .curve
            .get_or_insert_with(|| Curve::new(window, largest, ack.now));
        self.largest = Some(curve.largest);
        let packets = f64::from(ack.packets);
        let alpha = if curve.reno < self.prior { ALPHA } else { 1.0 };
        curve.reno += alpha * packets / window;
        let elapsed = ack.now - curve.began;
        if curve.at(elapsed) < curve.reno {
            self.window = window.max(curve.reno);
            return;
        }
        let target = curve.at(elapsed + ack.round_trip.smoothed);
        let target = target.clamp(window, 1.5 * window);
        self.window = (window + packets * (target - window) / window).min(target);
    }

    /// RFC 9438 §4.6, §4.7: shrinks the window; returns the new threshold.
    fn shrink(&mut self) -> f64 {
        let before = self.window.min(self.flight);
        // Fast convergence: if the window at this loss is below the last `W_max`, release
        // bandwidth.
        let gives_way = self.largest.is_some_and(|largest| before < largest);
        let share = if gives_way {
            f64::midpoint(1.0, BETA)
        } else {
            1.0
        };
        self.largest = Some(before * share);
        self.prior = before;
        let threshold = (before * BETA).max(f64::from(LEAST_THRESHOLD));
        self.threshold = Some(threshold);
        self.curve = None;
        threshold
    }
}

impl Curve {
    /// The curve from `window` back to `largest`; if that is unknown, from `window`
    /// upwards (§4.8, §4.10).
    fn new(window: f64, largest: Option<f64>, began: Moment) -> Self {
        let largest = largest.map_or(window, |largest| largest.max(window));
        Self {
            began,
            largest,
            back_after: ((largest - window) / C).cbrt(),
            reno: window,
        }
    }

    /// RFC 9438 `W_cubic(t)`.
    fn at(&self, elapsed: Duration) -> f64 {
        C * (elapsed.as_secs_f64() - self.back_after).powi(3) + self.largest
    }
}

impl Controller for Cubic {
    fn on_start(&mut self, _segments: u32, round_trip: Option<Duration>) {
        self.smoothed = round_trip;
    }

    fn on_ack(&mut self, ack: &Acked) {
        self.smoothed = Some(ack.round_trip.smoothed);
        let silence = ack.now - self.heard_at;
        self.heard_at = ack.now;
        if self.recovery.covers(ack) {
            return;
        }
        if ack.is_application_limited {
            self.flight = f64::from(ack.in_flight_when_sent);
            if let Some(curve) = &mut self.curve {
                curve.began += silence; // RFC 9438 §4.2: such time does not count.
            }
            return;
        }
        if self.is_in_slow_start() {
            self.double(ack);
        } else {
            self.follow_curve(ack);
        }
        self.window = self.window.min(self.most);
        self.flight = self.window;
    }

    fn on_signal(&mut self, signal: &Signal) {
        if self.recovery.answers(signal, self.smoothed) {
            self.window = self.shrink();
        }
        if let Signal::Timeout(_) = signal {
            self.window = LOSS_WINDOW;
            self.largest = None; // RFC 9438 §4.8.
            self.curve = None;
        }
    }

    /// RFC 5681 §4.1: the restart window. The curve restarts after it.
    fn on_restart(&mut self, _now: Moment) {
        self.window = self.window.min(f64::from(INITIAL_WINDOW));
        self.curve = None;
    }

    fn window(&self) -> u32 {
        whole(self.window)
    }

    fn pacing_rate(&self) -> Option<f64> {
        let how = if self.is_in_slow_start() {
            Pace::Doubling
        } else {
            Pace::Steady
        };
        pace(self.window(), self.smoothed, how)
    }

    fn slow_start_threshold(&self) -> Option<u32> {
        self.threshold.map(whole)
    }

    fn phase(&self) -> &'static str {
        if self.recovery.is_under_way() {
            "recovery"
        } else if !self.is_in_slow_start() {
            "congestion-avoidance"
        } else if self.threshold.is_none() && self.hystart.is_conservative() {
            "conservative-slow-start"
        } else {
            "slow-start"
        }
    }
}

/// Whole packets, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a window lies between 1 and what was granted"
)]
fn whole(window: f64) -> u32 {
    (window as u32).max(1)
}

#[cfg(test)]
mod tests;
