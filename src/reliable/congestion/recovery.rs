//! One reaction to one congestion event, however often it is reported.
//!
//! A burst of losses is found packet by packet, and one loss may be reported by a NACK
//! and again by the timer. A controller that reacted each time would end at a window of
//! 1.
//!
//! ```text
//!   packets   1  2  3  4  5 | 6  7  8          | the window shrinks here
//!   lost         x     x    |    x
//!   answers      1st   -    |    2nd            4 left before the 1st answer, 7 after it
//! ```
//!
//! [`Recovery`] reacts once per round trip, as TCP does. [`RepeatedReports`] is for
//! controllers that take a step for every event, but only one step for the same event.
//!
//! ```
//! use sash::reliable::congestion::{Signal, recovery::Recovery};
//! use sash::reliable::moment::Moment;
//! use std::time::Duration;
//! let nack = |ms| Signal::Nack(Moment::START + Duration::from_millis(ms));
//! let path = Some(Duration::from_millis(100));
//! let mut recovery = Recovery::default();
//! assert!(recovery.answers(&nack(110), path)); // A packet that left at 10 ms is lost.
//! assert!(!recovery.answers(&nack(160), path)); // So is one of the same window.
//! assert!(recovery.answers(&nack(230), path)); // This one left after the answer.
//! ```
//!
//! Source: RFC 9002 §7.3.2; RFC 6582 §3.2 (`recover`).

use super::{Acked, Signal};
use crate::reliable::moment::Moment;
use std::time::Duration;

/// For controllers that react once per round trip.
#[derive(Debug, Default)]
pub struct Recovery {
    began: Option<Began>,
    /// Whether new data was acknowledged since.
    has_heard: bool,
    /// Whether everything acknowledged since was sent before the reaction.
    is_under_way: bool,
}

#[derive(Debug, Clone, Copy)]
struct Began {
    at: Moment,
    by_timeout: bool,
}

impl Recovery {
    /// Whether the controller should react to a signal; `smoothed` is the current SRTT.
    pub fn answers(&mut self, signal: &Signal, smoothed: Option<Duration>) -> bool {
        match signal {
            Signal::Loss(loss) => self.begins(loss.newest_sent_at, loss.now),
            Signal::Nack(now) => {
                // The signal does not contain the time of transmission: assume one round
                // trip ago.
                let round_trip = smoothed.unwrap_or_default();
                let sent_at = now.since_start().saturating_sub(round_trip);
                self.begins(Moment::START + sent_at, *now)
            }
            Signal::Timeout(now) => self.begins_by_timeout(*now),
        }
    }

    /// A packet sent at `sent_at` is lost; returns whether the controller should react.
    fn begins(&mut self, sent_at: Moment, now: Moment) -> bool {
        if self.began.is_some_and(|began| sent_at <= began.at) {
            return false;
        }
        self.begin(now, false);
        true
    }

    /// The timer expired; returns whether this is a new event. It is not if no new data
    /// was acknowledged since the last reaction (RFC 5681 §3.1: ssthresh stays constant
    /// while the same segment times out again).
    fn begins_by_timeout(&mut self, now: Moment) -> bool {
        let is_news = self.began.is_none() || self.has_heard;
        self.begin(now, true);
        is_news
    }

    /// New data was acknowledged; returns whether it was sent before the reaction, so
    /// that it must not grow the window. After a timeout the window is so small that
    /// every ACK may grow it.
    pub fn covers(&mut self, ack: &Acked) -> bool {
        self.has_heard = true;
        let covers = self
            .began
            .is_some_and(|began| !began.by_timeout && ack.newest_sent_at <= began.at);
        self.is_under_way &= covers;
        covers
    }

    /// Whether recovery is in progress: nothing that was sent after the reaction to a
    /// loss has been acknowledged yet. The reaction to a timeout is slow start, not
    /// recovery.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    fn begin(&mut self, now: Moment, by_timeout: bool) {
        self.began = Some(Began {
            at: now,
            by_timeout,
        });
        self.has_heard = false;
        self.is_under_way = !by_timeout;
    }
}

/// For controllers that take a step for each event.
#[derive(Debug, Default)]
pub struct RepeatedReports {
    /// A NACK or the timer has reported the losses of packets sent up to this time.
    told: Option<Moment>,
    /// The controller has reacted to a NACK, and no new data was acknowledged since.
    timer_is_expected: bool,
    lost_at: Option<Moment>,
}

impl RepeatedReports {
    /// New data was acknowledged.
    pub fn ack(&mut self) {
        self.timer_is_expected = false;
    }

    /// Whether a signal reports a new event; a NACK always does.
    pub fn is_news(&mut self, signal: &Signal) -> bool {
        match signal {
            Signal::Loss(loss) => {
                self.lost_at = Some(loss.now);
                self.told.is_none_or(|told| loss.newest_sent_at > told)
            }
            Signal::Nack(now) => {
                self.told = Some(*now);
                self.timer_is_expected = true;
                true
            }
            Signal::Timeout(now) => {
                self.told = Some(*now);
                let was_expected = std::mem::take(&mut self.timer_is_expected);
                !was_expected && self.lost_at != Some(*now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_signals::{TestSignals, at, ms, nack, timeout};
    use super::*;

    #[test]
    fn nacks_within_one_window_cause_one_reduction() {
        let (mut recovery, path) = (Recovery::default(), Some(ms(100)));
        assert!(recovery.answers(&nack(300), path));
        assert!(!recovery.answers(&nack(350), path));
        assert!(!recovery.answers(&nack(400), path));
        assert!(recovery.answers(&nack(401), path));
    }

    #[test]
    fn packets_sent_before_a_reduction_do_not_grow_the_window_and_later_ones_do() {
        let mut recovery = Recovery::default();
        let test_signals = TestSignals::default();
        assert!(!recovery.covers(&test_signals.acked(1, 10, 110)));
        assert!(recovery.begins(at(20), at(120)));
        assert!(recovery.covers(&test_signals.acked(1, 30, 130)));
        assert!(!recovery.covers(&test_signals.acked(1, 121, 221)));
        recovery.begins_by_timeout(at(300));
        assert!(!recovery.covers(&test_signals.acked(1, 290, 390)));
    }

    #[test]
    fn a_timeout_after_a_reduction_without_an_ack_in_between_is_the_same_loss_event() {
        let mut recovery = Recovery::default();
        assert!(recovery.begins_by_timeout(at(100)));
        assert!(!recovery.begins_by_timeout(at(300)));
        recovery.covers(&TestSignals::default().acked(1, 300, 400));
        assert!(recovery.begins_by_timeout(at(900)));
        assert!(!recovery.begins(at(900), at(900)));
    }

    #[test]
    fn a_loss_signalled_by_nack_timeout_and_loss_detection_counts_once() {
        let test_signals = TestSignals::default();
        let mut told = RepeatedReports::default();
        assert!(told.is_news(&nack(100)));
        assert!(!told.is_news(&timeout(400)));
        assert!(!told.is_news(&test_signals.lost(5, 90, 400)));
        assert!(told.is_news(&timeout(900)));
        assert!(told.is_news(&test_signals.lost(1, 950, 1_050)));
        assert!(!told.is_news(&timeout(1_050)));
    }
}
