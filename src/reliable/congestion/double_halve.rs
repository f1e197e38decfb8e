//! The window doubles with every window of ACKs and is halved by a loss or a timeout.
//!
//! A student project's rule: TCP's slow start without an end. It finds the bottleneck in
//! a few round trips and then overruns it again and again, because it does not remember
//! where the bottleneck was.
//!
//! ```text
//!   16 |            __         __         a window of ACKs   x 2
//!    8 |         __|  |     __|  |        a loss             / 2
//!    4 |      __|     |    |     |
//!    1 |_____|        |____|     |___
//! ```
//!
//! All losses of one window count as one: the window is halved at most once per round
//! trip.
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

/// The window that doubles and halves.
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
    fn on_start(&mut self, _segments: u32, round_trip: Option<Duration>) {
        self.smoothed = round_trip;
    }

    fn on_ack(&mut self, ack: &Acked) {
        self.smoothed = Some(ack.round_trip.smoothed);
        if self.recovery.covers(ack) || ack.is_application_limited {
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
    use super::super::test_signals::{TestSignals, at, nack, timeout};
    use super::*;

    /// A controller whose window is 16: 1 + 2 + 4 + 8 packets were acknowledged.
    fn at_sixteen() -> DoubleHalve {
        let mut controller = DoubleHalve::new(8_192);
        (0..15).for_each(|tick| {
            controller.on_ack(&TestSignals::default().acked(1, tick, tick));
        });
        assert_eq!(controller.window(), 16);
        controller
    }

    #[test]
    fn acks_for_a_whole_window_double_it_and_one_fewer_does_not() {
        let mut controller = at_sixteen();
        controller.on_ack(&TestSignals::default().acked(15, 20, 120));
        assert_eq!(controller.window(), 16);
        controller.on_ack(&TestSignals::default().acked(1, 20, 120));
        assert_eq!(controller.window(), 32);
    }

    #[test]
    fn losses_of_one_window_halve_it_once() {
        let mut controller = at_sixteen();
        controller.on_signal(&TestSignals::default().lost(1, 50, 150));
        controller.on_signal(&TestSignals::default().lost(3, 120, 220));
        assert_eq!(controller.window(), 8);
        controller.on_signal(&TestSignals::default().lost(1, 160, 260));
        assert_eq!(controller.window(), 4);
    }

    #[test]
    fn a_nack_followed_by_its_timeout_halves_the_window_once() {
        let mut controller = at_sixteen();
        controller.on_signal(&nack(200));
        controller.on_signal(&timeout(500));
        controller.on_signal(&TestSignals::default().lost(16, 190, 500));
        assert_eq!(controller.window(), 8);
    }

    #[test]
    fn the_window_stays_between_one_and_its_maximum() {
        let mut controller = DoubleHalve::new(5);
        for tick in 0..9 {
            controller.on_ack(&TestSignals::default().acked(5, tick, tick));
        }
        assert_eq!(controller.window(), 5);
        for tick in 1..9 {
            controller.on_signal(&TestSignals::default().lost(1, tick * 100, tick * 100));
        }
        assert_eq!(controller.window(), 1);
    }

    #[test]
    fn after_an_idle_period_sending_restarts_with_one_packet() {
        let mut controller = at_sixteen();
        controller.on_restart(at(9_000));
        assert_eq!(controller.window(), 1);
    }

    #[test]
    fn neither_packets_sent_before_the_loss_nor_application_limited_ones_double_the_window()
     {
        let mut controller = at_sixteen();
        controller.on_ack(&TestSignals::default().acked_application_limited(16, 20, 120));
        assert_eq!(controller.window(), 16);
        controller.on_signal(&TestSignals::default().lost(1, 50, 150));
        controller.on_ack(&TestSignals::default().acked(16, 140, 240));
        assert_eq!(controller.window(), 8);
    }
}
