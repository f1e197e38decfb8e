//! The window doubles with every window of ACKs and is halved by a loss or a timeout.
//!
//! A student project's rule: TCP's slow start without an end. It finds the bottleneck in a
//! few round trips and then overruns it again and again, for it never learns where it was.
//!
//! ```text
//!   16 |            __         __         a window of ACKs   x 2
//!    8 |         __|  |     __|  |        a loss             / 2
//!    4 |      __|     |    |     |
//!    1 |_____|        |____|     |___
//! ```
//!
//! Losses of one window are one loss: it is halved once per round trip at most.
//!
//! ```
//! use sash::reliable::congestion::{Controller, double_halve::DoubleHalve};
//! let controller = DoubleHalve::new(8_192);
//! assert_eq!(controller.window(), 1);
//! ```
//!
//! Source: the last of the five student projects that Sash descends from; Kurose & Ross
//! §3.7.1 (slow start).

use super::recovery::Recovery;
use super::{Acked, Controller, Pace, Signal, pace};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// A window that doubles and halves.
#[derive(Debug)]
pub struct DoubleHalve {
    window: u32,
    most: u32,
    /// Packets acknowledged since the window changed.
    acked: u32,
    recovery: Recovery,
    smoothed: Option<Duration>,
}

/// Unit: packets.
const FIRST_WINDOW: u32 = 1;

impl DoubleHalve {
    /// Begins with one packet.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self {
            window: FIRST_WINDOW,
            most,
            acked: 0,
            recovery: Recovery::default(),
            smoothed: None,
        }
    }

    fn halve(&mut self) {
        self.window = (self.window / 2).max(1);
        self.acked = 0;
    }
}

impl Controller for DoubleHalve {
    fn on_start(&mut self, round_trip: Option<Duration>) {
        self.smoothed = round_trip;
    }

    fn on_ack(&mut self, ack: &Acked) {
        self.smoothed = Some(ack.round_trip.smoothed);
        if self.recovery.covers(ack) || ack.is_limited {
            return;
        }
        self.acked += ack.packets;
        if self.acked >= self.window {
            self.window = self.window.saturating_mul(2).min(self.most);
            self.acked = 0;
        }
    }

    fn on_signal(&mut self, signal: &Signal) {
        if self.recovery.answers(signal, self.smoothed) {
            self.halve();
        }
    }

    fn on_restart(&mut self, _now: Moment) {
        self.window = FIRST_WINDOW;
        self.acked = 0;
    }

    fn window(&self) -> u32 {
        self.window
    }

    fn pacing_rate(&self) -> Option<f64> {
        pace(self.window, self.smoothed, Pace::Doubling)
    }

    fn phase(&self) -> &'static str {
        "double-halve"
    }
}

#[cfg(test)]
mod tests {
    use super::super::hand::{Hand, at, nack, timeout};
    use super::*;

    /// A controller whose window is 16: 1 + 2 + 4 + 8 packets were acknowledged.
    fn at_sixteen() -> DoubleHalve {
        let mut controller = DoubleHalve::new(8_192);
        (0..15).for_each(|tick| controller.on_ack(&Hand::default().acked(1, tick, tick)));
        assert_eq!(controller.window(), 16);
        controller
    }

    #[test]
    fn a_window_of_acks_doubles_it_and_one_fewer_does_not() {
        let mut controller = at_sixteen();
        controller.on_ack(&Hand::default().acked(15, 20, 120));
        assert_eq!(controller.window(), 16);
        controller.on_ack(&Hand::default().acked(1, 20, 120));
        assert_eq!(controller.window(), 32);
    }

    #[test]
    fn losses_of_one_window_halve_it_once() {
        let mut controller = at_sixteen();
        controller.on_signal(&Hand::default().lost(1, 50, 150));
        controller.on_signal(&Hand::default().lost(3, 120, 220));
        assert_eq!(controller.window(), 8);
        controller.on_signal(&Hand::default().lost(1, 160, 260));
        assert_eq!(controller.window(), 4);
    }

    #[test]
    fn a_nack_that_the_timer_follows_halves_it_once() {
        let mut controller = at_sixteen();
        controller.on_signal(&nack(200));
        controller.on_signal(&timeout(500));
        controller.on_signal(&Hand::default().lost(16, 190, 500));
        assert_eq!(controller.window(), 8);
    }

    #[test]
    fn it_never_leaves_one_to_most() {
        let mut controller = DoubleHalve::new(5);
        for tick in 0..9 {
            controller.on_ack(&Hand::default().acked(5, tick, tick));
        }
        assert_eq!(controller.window(), 5);
        for tick in 1..9 {
            controller.on_signal(&Hand::default().lost(1, tick * 100, tick * 100));
        }
        assert_eq!(controller.window(), 1);
    }

    #[test]
    fn sending_begins_again_with_one_packet() {
        let mut controller = at_sixteen();
        controller.on_restart(at(9_000));
        assert_eq!(controller.window(), 1);
    }

    #[test]
    fn neither_what_left_before_the_loss_was_found_nor_what_left_for_want_of_more_doubles_it()
     {
        let mut controller = at_sixteen();
        controller.on_ack(&Hand::default().acked_limited(16, 20, 120));
        assert_eq!(controller.window(), 16);
        controller.on_signal(&Hand::default().lost(1, 50, 150));
        controller.on_ack(&Hand::default().acked(16, 140, 240));
        assert_eq!(controller.window(), 8);
    }
}
