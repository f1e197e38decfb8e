//! The window grows by one per ACK and shrinks by three per NACK, between 8 and 60.
//!
//! A student project's rule. The bounds make it safe to try out, but useless on a fast
//! and long path: it never sends more than 60 packets per round trip.
//!
//! ```text
//!   60 |        ______      ____        ACK   +1
//!      |      /       \   /             NACK  -3
//!   10 |____/           \/
//!    8 |- - - - - - - - - - - - - -
//! ```
//!
//! It counts ACKs, not packets: an ACK of eight packets is one step. A loss that no NACK
//! reported counts as a NACK, and no loss counts twice.
//!
//! ```
//! use sash::reliable::congestion::{Controller, Signal, plus_one_minus_three::PlusOneMinusThree};
//! use sash::reliable::moment::Moment;
//! let mut controller = PlusOneMinusThree::new(8_192);
//! assert_eq!(controller.window(), 10);
//! controller.on_signal(&Signal::Timeout(Moment::START));
//! assert_eq!(controller.window(), 8); // Not 7: it never goes below 8.
//! ```
//!
//! Source: the first of the five student projects that Sash descends from; Kurose & Ross
//! §3.6.3 (the idea of a probing window).

use super::recovery::RepeatedReports;
use super::{Acked, Controller, INITIAL_WINDOW, Pace, Signal, pace};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// A window that takes small steps between two bounds.
#[derive(Debug)]
pub struct PlusOneMinusThree {
    window: u32,
    most: u32,
    repeated_reports: RepeatedReports,
    smoothed: Option<Duration>,
}

/// Unit: packets.
const LEAST: u32 = 8;

/// Unit: packets.
const MOST: u32 = 60;

const STEP_UP: u32 = 1;

const STEP_DOWN: u32 = 3;

impl PlusOneMinusThree {
    /// Begins with 10 packets.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let most = most.min(MOST);
        Self {
            window: INITIAL_WINDOW.min(most),
            most,
            repeated_reports: RepeatedReports::default(),
            smoothed: None,
        }
    }

    fn step_down(&mut self) {
        let least = LEAST.min(self.most);
        self.window = self.window.saturating_sub(STEP_DOWN).max(least);
    }
}

impl Controller for PlusOneMinusThree {
    fn on_start(&mut self, _segments: u32, round_trip: Option<Duration>) {
        self.smoothed = round_trip;
    }

    fn on_ack(&mut self, ack: &Acked) {
        self.smoothed = Some(ack.round_trip.smoothed);
        self.repeated_reports.ack();
        if !ack.is_application_limited {
            self.window = (self.window + STEP_UP).min(self.most);
        }
    }

    fn on_signal(&mut self, signal: &Signal) {
        if self.repeated_reports.is_news(signal) {
            self.step_down();
        }
    }

    fn on_restart(&mut self, _now: Moment) {
        self.window = self.window.min(INITIAL_WINDOW);
    }

    fn window(&self) -> u32 {
        self.window
    }

    fn pacing_rate(&self) -> Option<f64> {
        pace(self.window, self.smoothed, Pace::Doubling)
    }

    fn phase(&self) -> &'static str {
        "plus-one-minus-three"
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_signals::{TestSignals, nack, timeout};
    use super::*;

    #[test]
    fn fifty_acks_increase_the_window_from_ten_to_its_maximum_of_sixty() {
        let mut controller = PlusOneMinusThree::new(8_192);
        let windows = (0..60).map(|tick| {
            controller.on_ack(&TestSignals::default().acked(2, tick, tick + 100));
            controller.window()
        });
        let windows: Vec<_> = windows.collect();
        assert_eq!((windows[0], windows[48], windows[49]), (11, 59, 60));
        assert_eq!(windows[59], 60);
    }

    #[test]
    fn each_nack_and_each_loss_decreases_the_window_by_three_down_to_eight() {
        let mut controller = PlusOneMinusThree::new(8_192);
        (0..20).for_each(|tick| {
            controller.on_ack(&TestSignals::default().acked(1, tick, tick));
        });
        controller.on_signal(&nack(30));
        controller.on_signal(&nack(31));
        assert_eq!(controller.window(), 24);
        controller.on_signal(&TestSignals::default().lost(1, 40, 140));
        assert_eq!(controller.window(), 21);
        (0..20).for_each(|tick| controller.on_signal(&nack(200 + tick)));
        assert_eq!(controller.window(), 8);
    }

    #[test]
    fn a_loss_signalled_by_nack_and_timeout_decreases_the_window_once() {
        let mut controller = PlusOneMinusThree::new(8_192);
        (0..10).for_each(|tick| {
            controller.on_ack(&TestSignals::default().acked(1, tick, tick));
        });
        controller.on_signal(&nack(100));
        controller.on_signal(&timeout(400));
        controller.on_signal(&TestSignals::default().lost(17, 90, 400));
        assert_eq!(controller.window(), 17);
        controller.on_signal(&timeout(1_000));
        assert_eq!(controller.window(), 14);
    }

    #[test]
    fn an_application_limited_sender_does_not_grow_the_window() {
        let mut controller = PlusOneMinusThree::new(8_192);
        controller.on_ack(&TestSignals::default().acked_application_limited(5, 0, 100));
        assert_eq!(controller.window(), 10);
    }

    #[test]
    fn a_maximum_below_the_minimum_window_takes_precedence() {
        let mut controller = PlusOneMinusThree::new(4);
        controller.on_signal(&timeout(1));
        controller.on_ack(&TestSignals::default().acked(1, 2, 3));
        assert_eq!(controller.window(), 4);
    }
}
