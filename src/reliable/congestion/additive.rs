//! The window starts at 4; it grows by one per ACK, and shrinks by one per loss or
//! timeout.
//!
//! A student project's rule. The window grows and shrinks by the same step, so two flows
//! need very long to share a link evenly. The decrease must be a factor, which is why TCP
//! halves.
//!
//! ```text
//!   two flows:  b |     .  /     * start; additive steps go along the diagonal \ and /,
//!                 |    . /       so the difference between a and b stays for ever;
//!                 | * ./         halving goes towards the origin, and halves it
//!                 |  /.___ a
//! ```
//!
//! ```
//! use sash::reliable::congestion::{Controller, Signal, additive::Additive};
//! use sash::reliable::moment::Moment;
//! let mut controller = Additive::new(8_192);
//! assert_eq!(controller.window(), 4);
//! controller.on_signal(&Signal::Nack(Moment::START));
//! assert_eq!(controller.window(), 3);
//! ```
//!
//! Source: the third of the five student projects that Sash descends from; D. Chiu,
//! R. Jain, "Analysis of the Increase and Decrease Algorithms" (1989), §3.

use super::recovery::RepeatedReports;
use super::{Acked, Controller, Pace, Signal, pace};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// A window that grows and shrinks by the same step.
#[derive(Debug)]
pub struct Additive {
    window: u32,
    most: u32,
    repeated_reports: RepeatedReports,
    smoothed: Option<Duration>,
}

/// Unit: packets.
const FIRST_WINDOW: u32 = 4;

impl Additive {
    /// Begins with four packets.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self {
            window: FIRST_WINDOW.min(most),
            most,
            repeated_reports: RepeatedReports::default(),
            smoothed: None,
        }
    }

    fn step_down(&mut self) {
        self.window = (self.window - 1).max(1);
    }
}

impl Controller for Additive {
    fn on_start(&mut self, _segments: u32, round_trip: Option<Duration>) {
        self.smoothed = round_trip;
    }

    fn on_ack(&mut self, ack: &Acked) {
        self.smoothed = Some(ack.round_trip.smoothed);
        self.repeated_reports.ack();
        if !ack.is_application_limited {
            self.window = (self.window + 1).min(self.most);
        }
    }

    fn on_signal(&mut self, signal: &Signal) {
        if self.repeated_reports.is_news(signal) {
            self.step_down();
        }
    }

    fn on_restart(&mut self, _now: Moment) {
        self.window = self.window.min(FIRST_WINDOW);
    }

    fn window(&self) -> u32 {
        self.window
    }

    fn pacing_rate(&self) -> Option<f64> {
        pace(self.window, self.smoothed, Pace::Doubling)
    }

    fn phase(&self) -> &'static str {
        "additive"
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_signals::{TestSignals, nack, timeout};
    use super::*;

    #[test]
    fn an_ack_increases_the_window_by_one_and_a_loss_or_timeout_decreases_it_by_one() {
        let mut controller = Additive::new(8_192);
        (0..6).for_each(|tick| {
            controller.on_ack(&TestSignals::default().acked(1, tick, tick));
        });
        assert_eq!(controller.window(), 10);
        controller.on_signal(&nack(20));
        controller.on_signal(&TestSignals::default().lost(1, 30, 130));
        assert_eq!(controller.window(), 8);
        controller.on_ack(&TestSignals::default().acked(1, 140, 240));
        controller.on_signal(&timeout(500));
        assert_eq!(controller.window(), 8);
    }

    #[test]
    fn a_nack_followed_by_its_timeout_decreases_the_window_once() {
        let mut controller = Additive::new(8_192);
        controller.on_signal(&nack(20));
        controller.on_signal(&timeout(300));
        controller.on_signal(&TestSignals::default().lost(4, 10, 300));
        assert_eq!(controller.window(), 3);
    }

    #[test]
    fn the_window_stays_between_one_and_its_maximum() {
        let mut controller = Additive::new(6);
        (0..9).for_each(|tick| {
            controller.on_ack(&TestSignals::default().acked(1, tick, tick));
        });
        assert_eq!(controller.window(), 6);
        (0..9).for_each(|tick| controller.on_signal(&nack(tick)));
        assert_eq!(controller.window(), 1);
    }

    #[test]
    fn additive_decrease_preserves_the_difference_between_two_flows() {
        let (mut wide, mut narrow) = (Additive::new(8_192), Additive::new(8_192));
        (0..20)
            .for_each(|tick| wide.on_ack(&TestSignals::default().acked(1, tick, tick)));
        for tick in 0..50 {
            for controller in [&mut wide, &mut narrow] {
                controller.on_ack(&TestSignals::default().acked(1, tick, tick));
                controller.on_ack(&TestSignals::default().acked(1, tick, tick));
                controller.on_signal(&nack(tick));
            }
        }
        assert_eq!(wide.window() - narrow.window(), 20);
    }
}
