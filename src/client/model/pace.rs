//! The rate and the remaining time of a transfer, in a form that a user can read.
//!
//! The rate is smoothed exponentially, with a time constant of [`RATE_MEMORY_MS`]: 63 %
//! of a change is visible after this time. The remaining time comes from a slower
//! average, and it does not jump: a predicted end is kept and counted down by the clock,
//! until the prediction has differed clearly for a while.
//!
//! ```text
//! predicted  10.2  9.7  8.1  8.4 | 14.0 13.6 13.1   the rate fell
//! shown      10    9    8    7   | 6    5    13.1   after a second and a half: a new end
//! ```
//!
//! While a transfer waits, the clock stops: the shown values stay, and the pause does not
//! lower the rate.
//!
//! ```
//! use sash::client::model::Pace;
//! let mut pace = Pace::default();
//! for second in 0..=3 {
//!     pace.on_bytes(second * 1_000, second * 500, Some(10_000));
//! }
//! assert_eq!(pace.bytes_per_second(), 500);
//! assert_eq!(pace.left().unwrap().as_secs(), 17);
//! ```
//!
//! Source: exponential smoothing as in RFC 6298, weighted by the time that has passed.

use std::time::Duration;

/// A rate and a time left. Time is an argument. Unit: milliseconds since any moment.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// The time and the progress at the last computation; `None` while it waits.
    measured: Option<(u64, u64)>,
    /// The time of measurement.
    watched_ms: u64,
    /// The shown rate. Unit: bytes per second.
    rate: f64,
    /// The rate for the remaining time. Unit: bytes per second.
    steady_rate: f64,
    /// The remaining time that is shown.
    left_ms: Option<u64>,
    /// The time for which the prediction has differed clearly.
    differs_ms: u64,
}

/// The rate's time constant. Unit: milliseconds.
pub const RATE_MEMORY_MS: f64 = 2_000.0;

/// The time constant of the rate for the remaining time. Unit: milliseconds.
const STEADY_MEMORY_MS: f64 = 6_000.0;

/// Both are computed again after this time. Unit: milliseconds.
const INTERVAL_MS: u64 = 200;

/// The time of measurement before a remaining time is shown. Unit: milliseconds.
const WATCH_FIRST_MS: u64 = 1_000;

/// A prediction differs clearly if it differs by a quarter, and at least by this. Unit:
/// milliseconds.
const LEAST_DIFFERENCE_MS: u64 = 1_500;

/// The time for which it must differ before the shown value changes. Unit: milliseconds.
const TIMEOUT_MS: u64 = 1_500;

/// A slower transfer has no predicted end. Unit: bytes per second.
const STANDSTILL: f64 = 0.5;

impl Pace {
    /// The transfer has `done` of `total` bytes now. Calling it often is harmless.
    pub fn on_bytes(&mut self, now_ms: u64, done: u64, total: Option<u64>) {
        let Some((then_ms, then_done)) = self.measured else {
            self.measured = Some((now_ms, done));
            return;
        };
        let passed_ms = now_ms.saturating_sub(then_ms);
        if passed_ms < INTERVAL_MS {
            return;
        }
        self.measured = Some((now_ms, done));
        let newest = per_second(done.saturating_sub(then_done), passed_ms);
        if self.watched_ms == 0 {
            (self.rate, self.steady_rate) = (newest, newest);
        } else {
            self.rate = smoothed(self.rate, newest, passed_ms, RATE_MEMORY_MS);
            // At first every measurement has the same weight, because a single one is no
            // average.
            let memory_ms = STEADY_MEMORY_MS.min(as_f64(self.watched_ms + passed_ms));
            self.steady_rate = smoothed(self.steady_rate, newest, passed_ms, memory_ms);
        }
        self.watched_ms += passed_ms;
        let left_bytes = total.map(|total| total.saturating_sub(done));
        self.count_down(passed_ms, left_bytes);
    }

    /// It waits: the clock stops, and the shown values stay.
    pub fn wait(&mut self) {
        self.measured = None;
        self.differs_ms = 0;
    }

    /// The smoothed rate; 0 before the first measurement. Unit: bytes per second.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is shown with two digits and is never negative"
    )]
    pub fn bytes_per_second(&self) -> u64 {
        self.rate.round() as u64
    }

    /// The remaining time, if it can be predicted.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        self.left_ms.map(Duration::from_millis)
    }

    /// Advances the clock, and adopts a prediction that differs clearly.
    fn count_down(&mut self, passed_ms: u64, left_bytes: Option<u64>) {
        let predicted_ms = left_bytes.and_then(|bytes| self.predict(bytes));
        let (Some(predicted_ms), Some(left_ms)) = (predicted_ms, self.left_ms) else {
            self.left_ms = predicted_ms;
            return;
        };
        let shown_ms = left_ms.saturating_sub(passed_ms);
        let tolerance_ms = (shown_ms / 4).max(LEAST_DIFFERENCE_MS);
        let differs = predicted_ms.abs_diff(shown_ms) > tolerance_ms;
        self.differs_ms = if differs {
            self.differs_ms + passed_ms
        } else {
            0
        };
        if self.differs_ms >= TIMEOUT_MS {
            self.differs_ms = 0;
            self.left_ms = Some(predicted_ms);
        } else {
            self.left_ms = Some(shown_ms);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time far beyond any patience is as good as the longest"
    )]
    fn predict(&self, left_bytes: u64) -> Option<u64> {
        let is_known = self.watched_ms >= WATCH_FIRST_MS && self.steady_rate > STANDSTILL;
        is_known.then(|| (as_f64(left_bytes) * 1_000.0 / self.steady_rate) as u64)
    }
}

fn per_second(bytes: u64, passed_ms: u64) -> f64 {
    as_f64(bytes) * 1_000.0 / as_f64(passed_ms.max(1))
}

fn smoothed(before: f64, newest: f64, passed_ms: u64, memory_ms: f64) -> f64 {
    let weight = 1.0 - (-as_f64(passed_ms) / memory_ms).exp();
    before + weight * (newest - before)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is shown with two digits"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: u64 = 100_000_000;

    /// A transfer whose bytes come as `rate` says for each tenth of a second; what is
    /// shown as left after each. Unit: seconds.
    fn shown(tenths: u64, rate: impl Fn(u64) -> u64) -> Vec<Option<f64>> {
        let mut pace = Pace::default();
        let mut done = 0;
        let each = |tenth| {
            done += rate(tenth) / 10;
            pace.on_bytes(tenth * 100, done, Some(TOTAL));
            pace.left().map(|left| left.as_secs_f64())
        };
        (0..tenths).map(each).collect()
    }

    #[test]
    fn the_rate_estimate_forgets_old_samples_within_its_time_constant() {
        let mut pace = Pace::default();
        for second in 0..=10 {
            pace.on_bytes(second * 1_000, second * 1_000, None);
        }
        assert_eq!(pace.bytes_per_second(), 1_000);
        pace.on_bytes(12_000, 10_000, None);
        let rest = pace.bytes_per_second();
        assert_eq!(rest, 368, "after one time constant 37 % is left");
    }

    #[test]
    fn the_remaining_time_is_estimated_only_after_one_second_of_progress() {
        let left = shown(30, |_| 1_000_000);
        assert!(left[..10].iter().all(Option::is_none), "{left:?}");
        assert!(left[15].is_some());
        assert!(shown(50, |_| 0).iter().all(Option::is_none));
    }

    #[test]
    fn the_remaining_time_of_an_uneven_transfer_only_decreases() {
        // Three times as much in one tenth as in the next, and sometimes nothing.
        let rate = |tenth| match tenth % 5 {
            0 => 1_500_000,
            1 => 500_000,
            2 => 1_900_000,
            3 => 0,
            _ => 1_100_000,
        };
        let left: Vec<f64> = shown(600, rate).into_iter().flatten().collect();
        assert!(left.len() > 500);
        let jumps = left.windows(2).filter(|it| it[1] > it[0]).count();
        assert_eq!(jumps, 0, "{left:?}");
        let backwards = left.windows(2).filter(|it| it[0] - it[1] > 3.0).count();
        assert!(backwards <= 1, "{backwards} leaps");
    }

    #[test]
    fn a_permanently_halved_rate_is_followed_within_seconds_in_few_steps() {
        let rate = |tenth| if tenth < 200 { 2_000_000 } else { 1_000_000 };
        let left = shown(320, rate);
        let at_change = left[200].unwrap();
        assert!((28.0..32.0).contains(&at_change), "{at_change}");
        let later = left[319].unwrap();
        let truth = (100.0 - 40.0 - 11.9) / 1.0;
        assert!((later - truth).abs() < 0.3 * truth, "{later} of {truth}");
        let ups = left.windows(2).filter(|it| it[1] > it[0]).count();
        assert!((1..=4).contains(&ups), "{ups} steps up");
    }

    #[test]
    fn a_short_stall_does_not_change_the_remaining_time_and_a_long_one_does() {
        let short = |tenth| {
            if (100..112).contains(&tenth) {
                0
            } else {
                1_000_000
            }
        };
        let left: Vec<f64> = shown(200, short).into_iter().flatten().collect();
        assert!(left.windows(2).all(|it| it[1] <= it[0]), "{left:?}");
        let long = |tenth| if tenth >= 100 { 0 } else { 1_000_000 };
        let left = shown(400, long);
        assert!(
            left[399].is_none_or(|left| left > 1_000.0),
            "{:?}",
            left[399]
        );
    }

    #[test]
    fn a_pause_freezes_the_displayed_rate_and_remaining_time() {
        let mut pace = Pace::default();
        for tenth in 0..=50 {
            pace.on_bytes(tenth * 100, tenth * 100_000, Some(TOTAL));
        }
        let (rate, left) = (pace.bytes_per_second(), pace.left().unwrap());
        pace.wait();
        assert_eq!(pace.left(), Some(left));
        // An hour later.
        for tenth in 0..=10 {
            pace.on_bytes(
                3_600_000 + tenth * 100,
                5_000_000 + tenth * 100_000,
                Some(TOTAL),
            );
        }
        let passed = left.saturating_sub(pace.left().unwrap());
        assert!(passed.abs_diff(Duration::from_secs(1)).as_millis() < 300);
        assert_eq!(pace.bytes_per_second(), rate);
    }

    #[test]
    fn a_clock_that_runs_backwards_and_a_shrinking_file_cause_no_panic() {
        let mut pace = Pace::default();
        for (now, done) in [(9_000, 9), (0, 5), (u64::MAX, u64::MAX), (1, 0)] {
            pace.on_bytes(now, done, Some(3));
        }
        assert!(
            pace.left()
                .is_none_or(|left| left <= Duration::from_millis(u64::MAX))
        );
    }
}
