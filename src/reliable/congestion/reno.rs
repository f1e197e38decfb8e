//! Reno: slow start up to a threshold, then one more packet per round trip; a loss
//! halves.
//!
//! ```text
//!   window |      loss                    slow start           x 2 per round trip
//!          |     /|     /|   timeout      congestion avoidance  +1 per round trip
//!          |    / |   /  |  |             loss                  / 2, once per round trip
//!  thresh. |- -/- |_/ - -|_/|             timeout               1, and slow start again
//!          | _/             |  _/
//!          |/               |_/
//! ```
//!
//! The rule of `NewReno`, that all losses of one window are one event, follows from the
//! times of transmission and needs no state of its own. The rules of RFC 5681 for
//! duplicate ACKs and for inflating the window are left out, because SACK ranges show
//! exactly which packets are in flight.
//!
//! ```
//! use sash::reliable::congestion::{Controller, Signal, reno::Reno};
//! use sash::reliable::moment::Moment;
//! let mut reno = Reno::new(8_192);
//! assert_eq!((reno.window(), reno.phase()), (10, "slow-start"));
//! reno.on_signal(&Signal::Timeout(Moment::START));
//! assert_eq!((reno.window(), reno.slow_start_threshold()), (1, Some(5)));
//! ```
//!
//! Source: RFC 5681 §3.1, §4.1; RFC 6582 §3.2; RFC 9002 §7.3 (the shape); Kurose & Ross
//! §3.7.1.

use super::recovery::Recovery;
use super::{Acked, Controller, INITIAL_WINDOW, LEAST_THRESHOLD, Pace, Signal, pace};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The classic congestion controller of TCP.
#[derive(Debug)]
pub struct Reno {
    window: u32,
    most: u32,
    /// The window at which slow start ends; the first slow start has no threshold.
    threshold: Option<u32>,
    /// Packets acknowledged since the last step of congestion avoidance.
    acked: u32,
    /// The part of the window that was in use: all of it unless the sender was limited.
    flight: u32,
    recovery: Recovery,
    smoothed: Option<Duration>,
}

/// The window after a timeout (RFC 5681 §3.1, loss window). Unit: packets.
const LOSS_WINDOW: u32 = 1;

impl Reno {
    /// Begins in slow start, with ten packets.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let window = INITIAL_WINDOW.min(most);
        Self {
            window,
            most,
            threshold: None,
            acked: 0,
            flight: window,
            recovery: Recovery::default(),
            smoothed: None,
        }
    }

    fn is_in_slow_start(&self) -> bool {
        self.threshold
            .is_none_or(|threshold| self.window < threshold)
    }

    fn grow(&mut self, packets: u32) {
        if self.is_in_slow_start() {
            // RFC 5681 §3.1 (2): by what was acknowledged, so that it doubles per round.
            let end = self.threshold.unwrap_or(self.most).min(self.most);
            self.window = (self.window + packets).min(end);
            return;
        }
        // RFC 5681 §3.1: one more once a whole window was acknowledged.
        self.acked += packets;
        if self.acked >= self.window {
            self.acked -= self.window;
            self.window = (self.window + 1).min(self.most);
        }
    }

    /// RFC 5681 §3.1 (4): half of what was in flight.
    fn lower_threshold(&mut self) -> u32 {
        let threshold = (self.flight.min(self.window) / 2).max(LEAST_THRESHOLD);
        self.threshold = Some(threshold);
        self.acked = 0;
        threshold
    }
}

impl Controller for Reno {
    fn on_start(&mut self, _segments: u32, round_trip: Option<Duration>) {
        self.smoothed = round_trip;
    }

    fn on_ack(&mut self, ack: &Acked) {
        self.smoothed = Some(ack.round_trip.smoothed);
        if self.recovery.covers(ack) {
            return;
        }
        if ack.is_application_limited {
            self.flight = ack.in_flight_when_sent;
            return;
        }
        self.grow(ack.packets);
        self.flight = self.window;
    }

    fn on_signal(&mut self, signal: &Signal) {
        if self.recovery.answers(signal, self.smoothed) {
            self.window = self.lower_threshold();
        }
        if let Signal::Timeout(_) = signal {
            self.window = LOSS_WINDOW;
            self.acked = 0;
        }
    }

    /// RFC 5681 §4.1: the restart window.
    fn on_restart(&mut self, _now: Moment) {
        self.window = self.window.min(INITIAL_WINDOW);
        self.acked = 0;
    }

    fn window(&self) -> u32 {
        self.window
    }

    fn pacing_rate(&self) -> Option<f64> {
        let how = if self.is_in_slow_start() {
            Pace::Doubling
        } else {
            Pace::Steady
        };
        pace(self.window, self.smoothed, how)
    }

    fn slow_start_threshold(&self) -> Option<u32> {
        self.threshold
    }

    fn phase(&self) -> &'static str {
        if self.recovery.is_under_way() {
            "recovery"
        } else if self.is_in_slow_start() {
            "slow-start"
        } else {
            "congestion-avoidance"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_signals::{TestSignals, at, nack, timeout};
    use super::*;

    /// Reno with a window of 40 in congestion avoidance: slow start to 80, one loss.
    fn at_forty() -> Reno {
        let mut reno = Reno::new(8_192);
        reno.on_ack(&TestSignals::default().acked(70, 0, 100));
        reno.on_signal(&TestSignals::default().lost(1, 10, 110));
        reno.on_ack(&TestSignals::default().acked(1, 111, 211));
        assert_eq!((reno.window(), reno.phase()), (40, "congestion-avoidance"));
        reno
    }

    #[test]
    fn slow_start_grows_the_window_by_the_number_of_acknowledged_packets() {
        let mut reno = Reno::new(8_192);
        reno.on_ack(&TestSignals::default().acked(4, 0, 100));
        reno.on_ack(&TestSignals::default().acked(6, 0, 100));
        assert_eq!((reno.window(), reno.phase()), (20, "slow-start"));
    }

    #[test]
    fn congestion_avoidance_grows_the_window_by_one_per_window_of_acks() {
        let mut reno = at_forty();
        reno.on_ack(&TestSignals::default().acked(38, 112, 212));
        assert_eq!(reno.window(), 40);
        reno.on_ack(&TestSignals::default().acked(1, 112, 212));
        assert_eq!(reno.window(), 41);
        reno.on_ack(&TestSignals::default().acked(40, 213, 313));
        assert_eq!(reno.window(), 41);
        reno.on_ack(&TestSignals::default().acked(1, 213, 313));
        assert_eq!(reno.window(), 42);
    }

    #[test]
    fn all_losses_of_one_window_halve_it_once() {
        let mut reno = at_forty();
        reno.on_signal(&TestSignals::default().lost(1, 200, 300));
        assert_eq!((reno.window(), reno.phase()), (20, "recovery"));
        reno.on_signal(&TestSignals::default().lost(5, 300, 400));
        assert_eq!(reno.window(), 20);
        reno.on_signal(&TestSignals::default().lost(1, 301, 401));
        assert_eq!(reno.window(), 10);
    }

    #[test]
    fn packets_sent_before_the_loss_detection_do_not_grow_the_window() {
        let mut reno = at_forty();
        reno.on_signal(&TestSignals::default().lost(1, 200, 300));
        reno.on_ack(&TestSignals::default().acked(30, 290, 390));
        assert_eq!((reno.window(), reno.phase()), (20, "recovery"));
        reno.on_ack(&TestSignals::default().acked(20, 301, 401));
        assert_eq!((reno.window(), reno.phase()), (21, "congestion-avoidance"));
    }

    #[test]
    fn a_timeout_sets_the_window_to_one_packet_and_slow_start_runs_up_to_half() {
        let mut reno = at_forty();
        reno.on_signal(&timeout(900));
        reno.on_signal(&TestSignals::default().lost(40, 400, 900));
        assert_eq!((reno.window(), reno.slow_start_threshold()), (1, Some(20)));
        reno.on_signal(&timeout(1_900)); // The same packet, lost again.
        assert_eq!(reno.slow_start_threshold(), Some(20));
        for round in 0..5 {
            let window = reno.window();
            let now = 2_000 + round * 100;
            reno.on_ack(&TestSignals::default().acked(window, now, now + 100));
        }
        assert_eq!((reno.window(), reno.phase()), (20, "congestion-avoidance"));
    }

    #[test]
    fn a_nack_halves_the_window_once_per_rtt_and_a_timeout_keeps_the_threshold() {
        let mut reno = at_forty();
        reno.on_signal(&nack(400));
        reno.on_signal(&nack(420));
        assert_eq!(reno.window(), 20);
        reno.on_signal(&timeout(900));
        assert_eq!((reno.window(), reno.slow_start_threshold()), (1, Some(20)));
    }

    #[test]
    fn an_application_limited_sender_grows_no_window_and_a_loss_halves_the_used_window() {
        let mut reno = at_forty();
        reno.on_ack(&TestSignals::default().acked_application_limited(12, 212, 312));
        assert_eq!(reno.window(), 40);
        reno.on_signal(&TestSignals::default().lost(1, 220, 320));
        assert_eq!(reno.window(), 6);
    }

    #[test]
    fn after_an_idle_period_sending_restarts_with_the_restart_window() {
        let mut reno = at_forty();
        reno.on_restart(at(60_000));
        assert_eq!((reno.window(), reno.phase()), (10, "slow-start"));
        assert_eq!(reno.slow_start_threshold(), Some(40));
    }

    #[test]
    fn the_pacing_rate_is_twice_the_window_per_rtt_in_slow_start_and_five_quarters_later()
    {
        let mut reno = Reno::new(8_192);
        assert_eq!(reno.pacing_rate(), None);
        reno.on_start(10_000, Some(Duration::from_millis(200)));
        assert_eq!(reno.pacing_rate(), Some(2.0 * 10.0 / 0.2));
        reno.on_ack(&TestSignals::default().acked(10, 0, 100));
        assert_eq!(reno.pacing_rate(), Some(2.0 * 20.0 / 0.1));
        assert_eq!(at_forty().pacing_rate(), Some(1.25 * 40.0 / 0.1));
    }

    #[test]
    fn a_path_with_zero_rtt_is_not_paced() {
        let mut reno = Reno::new(8_192);
        reno.on_start(10_000, Some(Duration::ZERO));
        assert_eq!(reno.pacing_rate(), None);
    }
}
