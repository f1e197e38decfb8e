//! The round-trip estimate and the retransmission timeout.
//!
//! Every DATA packet carries the time it left and every ACK echoes it. A sample is
//! therefore never ambiguous: an ACK of a retransmission echoes the time of that
//! retransmission, and Karn's problem (which transmission does this ACK answer?) does not
//! arise.
//!
//! ```text
//!   SRTT   = 7/8 SRTT + 1/8 sample        RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - sample|
//!   RTO    = SRTT + max(1 ms, 4 RTTVAR), at least the floor, doubled per timeout
//! ```
//!
//! Two numbers differ from RFC 6298. Its minimum of 1 s is for a stack with coarse
//! samples; here samples are exact, so the minimum is that of RFC 9002's probe timeout
//! plus what the driver requires. Its maximum of at least 60 s is too long here, because
//! a user waits, so doubling ends at [`LONGEST_BACKOFF`]. A sender gives up after 30 s
//! without an answer, and chance alone must not be the cause: where 30 % of the packets
//! are lost in each direction, twelve attempts in a row fail once in 3,000 times, and
//! twenty-five practically never.
//!
//! ```
//! use sash::reliable::round_trip::RoundTrip;
//! use std::time::Duration;
//! let mut round_trip = RoundTrip::new(Duration::from_millis(20));
//! assert_eq!(round_trip.timeout(), Duration::from_secs(1));
//! round_trip.sample(Duration::from_millis(100));
//! assert_eq!(round_trip.smoothed(), Some(Duration::from_millis(100)));
//! assert_eq!(round_trip.timeout(), Duration::from_millis(300));
//! ```
//!
//! Source: RFC 6298 §2, §5; RFC 7323 §4 (echoed stamps); RFC 9002 §6.2.1.

use super::congestion::PathTime;
use super::event::{Event, microseconds};
use super::moment::Moment;
use std::time::Duration;

/// The estimate of one connection.
#[derive(Debug, Clone)]
pub struct RoundTrip {
    /// SRTT and RTTVAR, after the first sample.
    estimate: Option<Estimate>,
    /// The number of timeouts since the last ACK of new data.
    backoff: u32,
    timing: Timing,
}

/// The rule of the retransmission timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Adaptive, by measured round-trip times (RFC 6298).
    Adaptive {
        /// The shortest timeout.
        least: Duration,
    },
    /// Constant, from the transmission of each packet: the timer of the textbook's
    /// formulas, which know the round-trip time. A slower path would only cause timeouts.
    Fixed(Duration),
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    latest: Duration,
    smoothed: Duration,
    variation: Duration,
    least: Duration,
}

/// The timeout before there is any sample (RFC 6298 §2.1).
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);

/// Doubling ends here, or at twice the plain timeout if that is longer; the module's
/// comment explains the difference from 60 s. From there on the waits differ by
/// twentieths: waits of exactly one second could all meet the outage of a path that is
/// down for a third of each second.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest timeout, even on the slowest path.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(4);

/// The clock granularity (RFC 6298 §2, G; RFC 9002 §6.1.2, kGranularity).
pub const GRANULARITY: Duration = Duration::from_millis(1);

/// An older time stamp is invalid and gives no sample.
const OLDEST_ECHO: Duration = Duration::from_secs(600);

impl Timing {
    /// The shortest possible timeout.
    #[must_use]
    pub const fn least(self) -> Duration {
        match self {
            Self::Adaptive { least } | Self::Fixed(least) => least,
        }
    }
}

impl RoundTrip {
    /// Nothing is known yet; no timeout will be shorter than `least`.
    #[must_use]
    pub const fn new(least: Duration) -> Self {
        Self::timed(Timing::Adaptive { least })
    }

    /// Nothing is known yet.
    #[must_use]
    pub const fn timed(timing: Timing) -> Self {
        Self {
            estimate: None,
            backoff: 0,
            timing,
        }
    }

    /// Takes one measured round trip (RFC 6298 §2.2, §2.3).
    pub fn sample(&mut self, latest: Duration) {
        let estimate = match self.estimate {
            None => Estimate {
                latest,
                smoothed: latest,
                variation: latest / 2,
                least: latest,
            },
            Some(Estimate {
                smoothed,
                variation,
                least,
                ..
            }) => Estimate {
                latest,
                least: least.min(latest),
                variation: variation * 3 / 4 + smoothed.abs_diff(latest) / 4,
                smoothed: smoothed * 7 / 8 + latest / 8,
            },
        };
        self.estimate = Some(estimate);
    }

    /// Takes a sample from the time stamp that an ACK echoes. Returns `false` if the time
    /// stamp is from the future or too old.
    pub fn sample_echo(&mut self, echo: u32, now: Moment) -> bool {
        let elapsed = Duration::from_micros(u64::from(now.stamp().wrapping_sub(echo)));
        if elapsed > OLDEST_ECHO || elapsed > now.since_start() {
            return false;
        }
        self.sample(elapsed);
        true
    }

    /// The timer expired: the next timeout is twice as long (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        self.backoff = self.backoff.saturating_add(1);
    }

    /// New data was acknowledged: the backoff ends (RFC 6298 §5.7).
    pub fn recover(&mut self) {
        self.backoff = 0;
    }

    /// The retransmission timeout now (RFC 6298 RTO).
    #[must_use]
    pub fn timeout(&self) -> Duration {
        match self.timing {
            Timing::Adaptive { least } => self.adaptive(least),
            Timing::Fixed(timeout) => timeout,
        }
    }

    /// The timeout while the congestion window is full. A first probe that leaves too early
    /// costs one packet, so a quarter of the shortest timeout is its floor: on a short path
    /// the loss of one ACK would otherwise cost as much time as hundreds of packets
    /// (RFC 8985 §7.2).
    #[must_use]
    pub fn full_window_timeout(&self) -> Duration {
        match self.timing {
            Timing::Adaptive { least } if self.backoff == 0 => self.adaptive(least / 4),
            Timing::Adaptive { .. } | Timing::Fixed(_) => self.timeout(),
        }
    }

    fn adaptive(&self, least: Duration) -> Duration {
        let plain = self.estimate.map_or(FIRST_TIMEOUT, |estimate| {
            estimate.smoothed + (4 * estimate.variation).max(GRANULARITY)
        });
        let plain = plain.max(least);
        let times = 1_u32.checked_shl(self.backoff).unwrap_or(u32::MAX);
        let doubled = plain.saturating_mul(times);
        let longest = LONGEST_BACKOFF.max(2 * plain);
        let out_of_step = longest / 20 * (self.backoff % 8);
        doubled.min(longest + out_of_step).min(LONGEST_TIMEOUT)
    }

    /// The deadline of a timer that is restarted now: an adaptive timeout counts from now
    /// (RFC 6298 §5.3), a fixed one from the packet's transmission.
    #[must_use]
    pub fn deadline(&self, sent_at: Moment, now: Moment) -> Moment {
        match self.timing {
            Timing::Adaptive { .. } => now + self.timeout(),
            Timing::Fixed(timeout) => sent_at + timeout,
        }
    }

    /// Smoothed round trip (RFC 6298 SRTT); `None` before the first sample.
    #[must_use]
    pub fn smoothed(&self) -> Option<Duration> {
        self.estimate.map(|estimate| estimate.smoothed)
    }

    /// The round-trip times for a controller; one second before the first sample.
    #[must_use]
    pub fn path(&self) -> PathTime {
        let unknown = PathTime {
            latest: FIRST_TIMEOUT,
            smoothed: FIRST_TIMEOUT,
            least: FIRST_TIMEOUT,
        };
        self.estimate.map_or(unknown, |estimate| PathTime {
            latest: estimate.latest,
            smoothed: estimate.smoothed,
            least: estimate.least,
        })
    }

    /// The time threshold of loss detection: 9/8 of the larger of SRTT and the newest
    /// sample (RFC 9002 §6.1.2).
    #[must_use]
    pub fn reordering_window(&self) -> Duration {
        let round_trip = self.estimate.map_or(FIRST_TIMEOUT, |estimate| {
            estimate.smoothed.max(estimate.latest)
        });
        (round_trip * 9 / 8).max(GRANULARITY)
    }

    /// The estimate as an event.
    #[must_use]
    pub fn event(&self) -> Event {
        let zero = Estimate {
            latest: Duration::ZERO,
            smoothed: Duration::ZERO,
            variation: Duration::ZERO,
            least: Duration::ZERO,
        };
        let estimate = self.estimate.unwrap_or(zero);
        Event::MetricsUpdated {
            latest_us: microseconds(estimate.latest),
            srtt_us: microseconds(estimate.smoothed),
            rttvar_us: microseconds(estimate.variation),
            rto_us: microseconds(self.timeout()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Duration = Duration::from_millis(20);

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_estimate_follows_the_example_of_rfc_6298_computed_by_hand() {
        let mut round_trip = RoundTrip::new(FLOOR);
        round_trip.sample(ms(100)); // SRTT 100, RTTVAR 50
        assert_eq!(round_trip.timeout(), ms(300));
        round_trip.sample(ms(140)); // RTTVAR 47.5, SRTT 105
        assert_eq!(round_trip.smoothed(), Some(ms(105)));
        assert_eq!(round_trip.timeout(), ms(105 + 190));
    }

    #[test]
    fn a_steady_rtt_reduces_the_timeout_to_its_minimum() {
        let mut round_trip = RoundTrip::new(FLOOR);
        (0..100).for_each(|_| round_trip.sample(ms(2)));
        assert_eq!(round_trip.timeout(), FLOOR);
    }

    #[test]
    fn each_timeout_doubles_the_next_until_new_data_is_acknowledged() {
        let mut round_trip = RoundTrip::new(FLOOR);
        round_trip.sample(ms(100));
        round_trip.back_off();
        assert_eq!(round_trip.timeout(), ms(600));
        (0..72).for_each(|_| round_trip.back_off()); // 73 in all
        assert_eq!(round_trip.timeout(), LONGEST_BACKOFF * 21 / 20);
        round_trip.recover();
        assert_eq!(round_trip.timeout(), ms(300));
    }

    #[test]
    fn on_a_slow_path_the_timeout_is_doubled_once_despite_the_maximum_backoff() {
        let mut round_trip = RoundTrip::new(FLOOR);
        round_trip.sample(ms(300)); // SRTT 300, RTTVAR 150
        (0..72).for_each(|_| round_trip.back_off());
        assert_eq!(round_trip.timeout(), ms(1_800));
        round_trip.sample(ms(20_000));
        assert_eq!(round_trip.timeout(), LONGEST_TIMEOUT);
    }

    #[test]
    fn a_fixed_timeout_never_changes_and_starts_at_the_transmission() {
        let mut round_trip = RoundTrip::timed(Timing::Fixed(ms(30)));
        round_trip.sample(ms(100));
        round_trip.back_off();
        assert_eq!(round_trip.timeout(), ms(30));
        let [sent, now] = [10, 25].map(|at| Moment::START + ms(at));
        assert_eq!(round_trip.deadline(sent, now), sent + ms(30));
        assert_eq!(
            RoundTrip::new(ms(30)).deadline(sent, now),
            now + FIRST_TIMEOUT
        );
    }

    #[test]
    fn a_timestamp_echo_from_the_future_or_from_before_the_start_is_rejected() {
        let now = Moment::START + ms(50);
        let mut round_trip = RoundTrip::new(FLOOR);
        assert!(!round_trip.sample_echo(now.stamp() + 1, now));
        assert!(!round_trip.sample_echo(now.stamp().wrapping_sub(60_000), now));
        assert_eq!(round_trip.smoothed(), None);
        assert!(round_trip.sample_echo(now.stamp() - 30_000, now));
        assert_eq!(round_trip.smoothed(), Some(ms(30)));
    }

    #[test]
    fn a_timestamp_echo_is_correct_across_the_wraparound() {
        let sent = Moment::START + Duration::from_micros((1 << 32) - 10);
        let mut round_trip = RoundTrip::new(FLOOR);
        assert!(round_trip.sample_echo(sent.stamp(), sent + ms(5)));
        assert_eq!(round_trip.smoothed(), Some(ms(5)));
    }

    #[test]
    fn the_first_probe_leaves_earlier_than_a_retransmission_on_a_short_path() {
        let mut round_trip = RoundTrip::new(FLOOR);
        round_trip.sample(ms(1));
        assert_eq!(
            (round_trip.full_window_timeout(), round_trip.timeout()),
            (ms(5), FLOOR)
        );
        round_trip.back_off();
        assert_eq!(round_trip.full_window_timeout(), round_trip.timeout());
    }
}
