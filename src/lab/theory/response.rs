//! The rate of a congestion controller as a function of loss and round-trip time.
//!
//! A response function gives the average window at a loss probability p, in packets; the
//! rate is this many packets per round trip.
//!
//! ```text
//!   Mathis   sqrt(3/2) / sqrt(p)                    Reno that only ever halves
//!   PFTK     ... and waits for timeouts             Reno where p is a few percent
//!   CUBIC    1.054 (RTT / p)^(3/4)                  C = 0.4, beta = 0.7
//! ```
//!
//! CUBIC is never slower than Reno would be: the larger of the two windows holds.
//!
//! They leave out slow start, the queue and the receiver's window (PFTK's has it).
//!
//! ```
//! use sash::lab::theory::response;
//! assert_eq!(response::mathis(0.0006), 50.0);
//! ```
//!
//! Source: Mathis, Semke, Mahdavi, Ott, "The macroscopic behavior of the TCP congestion
//! avoidance algorithm" (1997); Padhye, Firoiu, Towsley, Kurose, "Modeling TCP
//! throughput" (1998), the approximate model; RFC 5348 §3.1 (the same); RFC 9438 §5.1.

use std::time::Duration;

/// Reno's average window after Mathis where every packet is acknowledged. Unit: packets.
#[must_use]
pub fn mathis(loss: f64) -> f64 {
    (1.5 / loss).sqrt()
}

/// Reno's average window after Padhye and others, timeouts included; never more than
/// `window`. An ACK acknowledges `packets_per_ack` packets. Unit: packets.
#[must_use]
pub fn pftk(
    loss: f64,
    round_trip: Duration,
    timeout: Duration,
    packets_per_ack: u32,
    window: u32,
) -> f64 {
    let per_ack = f64::from(packets_per_ack);
    let halving = (2.0 * per_ack * loss / 3.0).sqrt();
    let in_a_timeout = (3.0 * (3.0 * per_ack * loss / 8.0).sqrt()).min(1.0);
    let round_trips = timeout.as_secs_f64() / round_trip.as_secs_f64();
    let waiting = round_trips * in_a_timeout * loss * (1.0 + 32.0 * loss * loss);
    (1.0 / (halving + waiting)).min(f64::from(window))
}

/// CUBIC's average window, where that is the larger one: where it is not, CUBIC does as
/// [`mathis`] says. C is 0.4 per second cubed and a loss leaves 0.7. Unit: packets.
#[must_use]
pub fn cubic(loss: f64, round_trip: Duration) -> f64 {
    let constant = (C * (3.0 + BETA) / (4.0 * (1.0 - BETA))).powf(0.25);
    constant * (round_trip.as_secs_f64() / loss).powf(0.75)
}

/// How fast CUBIC grows (RFC 9438 §5). Unit: packets per second cubed.
const C: f64 = 0.4;

/// The share of the window that remains after a loss (RFC 9438 §4.6).
const BETA: f64 = 0.7;

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Duration = Duration::from_millis(100);

    #[test]
    fn cubic_has_the_windows_of_the_table_in_rfc_9438() {
        // RFC 9438 §5.1, a round trip of 0.1 s, C = 0.4.
        for (loss, window) in [(1e-4, 187.0), (1e-5, 1_054.0), (1e-8, 187_400.0)] {
            let found = cubic(loss, TENTH);
            assert!((found / window - 1.0).abs() < 0.003, "{found}, {window}");
        }
    }

    #[test]
    fn pftk_equals_mathis_without_timeouts_and_is_far_below_it_at_high_loss() {
        let pftk = |loss| pftk(loss, TENTH, 4 * TENTH, 1, u32::MAX);
        assert!((pftk(1e-7) / mathis(1e-7) - 1.0).abs() < 0.01);
        assert!(pftk(0.1) < mathis(0.1) / 2.0);
    }

    #[test]
    fn pftk_never_exceeds_the_window() {
        assert_eq!(pftk(1e-9, TENTH, TENTH, 2, 64).to_string(), "64");
    }
}
