//! The retransmission rule of SYN, SYN-ACK and FIN, with its limit.
//!
//! ```text
//!   SYN, SYN-ACK, FIN | 200ms | 200ms | 200ms |  400ms  | 800ms, 1.6 s, 2 s ...   | 30 s
//!   probes            | 200ms |  400ms  |     800ms     | 1.6 s, 2 s, 1.9 s ...   | 30 s
//! ```
//!
//! The first wait is three round-trip times, and at least 30 ms; if none was measured, it
//! is 200 ms. The first three waits are equal, because on a path that loses a third of
//! all packets the handshake is slow enough without doubling. Then they double up to 2 s;
//! later waits differ a little, so that they do not synchronize with a periodic outage.
//! After 30 s without an answer the connection fails.
//!
//! ```
//! use sash::reliable::{moment::Moment, retry::Retry};
//! let mut retry = Retry::new(None, Moment::START);
//! assert_eq!(retry.poll(Moment::START), Some(1)); // the first attempt goes now
//! assert_eq!(retry.poll(Moment::START), None); // the next one in 200 ms
//! ```
//!
//! Source: RFC 6298 §2 (three round trips, where one sample is all there is), §5.5
//! (doubling); Linux' `tcp_syn_linear_timeouts` (the first ones alike); RFC 9293 §3.8.3
//! (a connection attempt ends).

use super::connection_parameters::next_attempt;
use super::moment::Moment;
use std::time::Duration;

/// A packet that is sent until it is answered.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The next attempt, or the last one that was sent.
    attempt: u8,
    wait: Duration,
    /// The number of equal waits that remain before they double.
    equal_waits: u32,
    /// `None` while the next attempt is due at once.
    next: Option<Moment>,
    deadline: Moment,
}

/// The first wait if no round-trip time was measured.
const USUAL_WAIT: Duration = Duration::from_millis(200);

/// The shortest first wait, because the other side may need time for its answer.
const SHORTEST_WAIT: Duration = Duration::from_millis(30);

/// The number of equal waits before they double.
const EQUAL_WAITS: u32 = 3;

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The idle timeout.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

impl Retry {
    /// The first attempt is due now.
    #[must_use]
    pub fn new(round_trip: Option<Duration>, now: Moment) -> Self {
        let wait = round_trip.map_or(USUAL_WAIT, |round_trip| 3 * round_trip);
        Self {
            attempt: 0,
            wait: wait.clamp(SHORTEST_WAIT, LONGEST_WAIT),
            equal_waits: EQUAL_WAITS,
            next: None,
            deadline: now + IDLE_TIMEOUT,
        }
    }

    /// The first attempt is due after the first wait, and waits double at once.
    #[must_use]
    pub fn later(now: Moment) -> Self {
        Self {
            next: Some(now + USUAL_WAIT),
            wait: 2 * USUAL_WAIT,
            equal_waits: 0,
            ..Self::new(None, now)
        }
    }

    /// The attempt to send now, if one is due; it then counts as sent.
    pub fn poll(&mut self, now: Moment) -> Option<u8> {
        if self.next.is_some() {
            return None;
        }
        self.attempt = next_attempt(self.attempt);
        self.next = Some(now + self.wait.saturating_sub(self.out_of_step()));
        self.equal_waits = self.equal_waits.saturating_sub(1);
        if self.equal_waits == 0 {
            self.wait = (2 * self.wait).min(LONGEST_WAIT);
        }
        Some(self.attempt)
    }

    /// Waits of 2 s are shortened in turn by 0 to 7 twentieths. Equal waits would meet
    /// every outage of a path that is down for a third of each second.
    fn out_of_step(&self) -> Duration {
        if self.wait < LONGEST_WAIT {
            return Duration::ZERO;
        }
        LONGEST_WAIT / 20 * ((u32::from(self.attempt) + 3) % 8)
    }

    /// The other side has retransmitted: the answer is due at once.
    pub fn retry_now(&mut self) {
        self.next = None;
    }

    /// The latest attempt has arrived, but its answer takes time: the wait starts again.
    pub fn postpone(&mut self, now: Moment) {
        self.next = Some(now + self.wait);
    }

    /// The other side is alive, though it has not answered yet.
    pub fn extend(&mut self, now: Moment) {
        self.deadline = now + IDLE_TIMEOUT;
    }

    /// The time of the next check.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        self.next.map(|next| next.min(self.deadline))
    }

    /// Time has passed; returns `true` if another attempt became due.
    pub fn on_timeout(&mut self, now: Moment) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.next = None;
        }
        due
    }

    /// Whether the idle timeout has expired.
    #[must_use]
    pub fn is_over(&self, now: Moment) -> bool {
        now >= self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_intervals_double_from_200_ms_to_2_s_and_end_after_30_s() {
        let waits = waits(Retry::later(Moment::START));
        assert_eq!(waits[..6], [200, 400, 800, 1_600, 1_300, 2_000]);
        assert_eq!(waits.iter().sum::<u128>(), IDLE_TIMEOUT.as_millis());
    }

    #[test]
    fn the_first_three_retry_intervals_are_equal() {
        let waits = waits(Retry::new(None, Moment::START));
        assert_eq!(waits[..7], [200, 200, 200, 400, 800, 1_600, 1_800]);
        assert_eq!(waits.iter().sum::<u128>(), IDLE_TIMEOUT.as_millis());
    }

    /// Unit: milliseconds.
    fn waits(mut retry: Retry) -> Vec<u128> {
        let mut now = Moment::START;
        let mut waits = Vec::new();
        while !retry.is_over(now) {
            if !waits.is_empty() || retry.next_timeout().is_none() {
                assert!(retry.poll(now).is_some());
            }
            assert!(retry.poll(now).is_none());
            let next = retry.next_timeout().unwrap();
            waits.push((next - now).as_millis());
            now = next;
            retry.on_timeout(now);
        }
        waits
    }

    #[test]
    fn retries_do_not_synchronize_with_an_outage_of_a_third_of_every_second() {
        for phase in 0..1_000 {
            let mut now = Moment::START + Duration::from_millis(phase);
            let mut retry = Retry::new(None, now);
            let mut tries = 0;
            while !retry.is_over(now) {
                retry.poll(now);
                let is_down = now.since_start().subsec_millis() >= 700;
                if !is_down {
                    break;
                }
                tries += 1;
                now = retry.next_timeout().unwrap();
                retry.on_timeout(now);
            }
            assert!(tries <= 9, "from {phase} ms {tries} in the dark");
        }
    }

    #[test]
    fn the_retry_interval_on_a_measured_path_is_three_round_trips() {
        let wait = |round_trip| {
            let mut retry = Retry::new(Some(round_trip), Moment::START);
            retry.poll(Moment::START);
            (retry.next_timeout().unwrap() - Moment::START).as_millis()
        };
        assert_eq!(wait(Duration::from_millis(500)), 1_500);
        assert_eq!(wait(Duration::from_millis(40)), 120);
        assert_eq!(wait(Duration::from_micros(80)), 30);
    }
}
