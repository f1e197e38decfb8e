//! The formulas for the efficiency of the three protocols.
//!
//! Each is the reciprocal of the average time per packet, in transmissions:
//!
//! ```text
//!   stop-and-wait      1 + 2a   for each attempt, 1/(1-P) attempts
//!   go-back-N          max(1, (1+2a)/N)   for the sending, and 1 + 2a for each loss
//!   selective repeat   max(1, (1+2a)/N)   for each attempt, 1/(1-P) attempts
//! ```
//!
//! The textbook's timer expires 1 + 2a after the transmission of a packet: it knows the
//! round-trip time, and each packet has its own. [`with_real_timer`] uses the timer of
//! RFC 6298 instead, which restarts with each ACK and doubles with each timeout.
//!
//! They leave out lost ACKs and, for selective repeat, the wait at the window's base:
//! that formula is a bound. The cost of the wait is computed in [`stall`](super::stall).
//!
//! ```
//! use sash::lab::theory::window::efficiency;
//! use sash::wire::options::Arq;
//! assert_eq!(efficiency(Arq::StopAndWait, 0.5, 1, 0.5), 0.25);
//! ```
//!
//! Source: Stallings, "Data and Computer Communications", appendix on the performance of
//! ARQ; Tanenbaum §3.4; Kurose & Ross §3.4.2 (utilization); RFC 6298 §5 (the timer).

use crate::reliable::round_trip::{GRANULARITY, LONGEST_BACKOFF};
use crate::wire::options::Arq;
use std::time::Duration;

/// From a DATA packet's first bit to its ACK. Unit: transmissions.
#[must_use]
pub fn round_trip(a: f64) -> f64 {
    1.0 + 2.0 * a
}

/// The time from one transmission to the next without losses: the wire is full, or the
/// window is spread over the round trip. Unit: transmissions.
#[must_use]
pub fn spacing(window: u32, a: f64) -> f64 {
    (round_trip(a) / f64::from(window)).max(1.0)
}

/// The formula of `arq`: 0 to 1. `loss` is 0 up to but without 1. Stop-and-wait has no
/// use for a window.
#[must_use]
pub fn efficiency(arq: Arq, loss: f64, window: u32, a: f64) -> f64 {
    match arq {
        Arq::StopAndWait => stop_and_wait(loss, a),
        Arq::GoBackN => go_back_n(loss, window, a),
        Arq::SelectiveRepeat | Arq::Sack => selective_repeat_bound(loss, window, a),
    }
}

/// (1-P) / (1+2a): one packet per round trip, if it arrives.
#[must_use]
pub fn stop_and_wait(loss: f64, a: f64) -> f64 {
    (1.0 - loss) / round_trip(a)
}

/// (1-P) / (1+2aP) where the window fills the wire, N(1-P) / ((1+2a)(1-P+NP)) where it
/// does not: a loss costs a round trip.
#[must_use]
pub fn go_back_n(loss: f64, window: u32, a: f64) -> f64 {
    let window = f64::from(window);
    if window >= round_trip(a) {
        (1.0 - loss) / (1.0 + 2.0 * a * loss)
    } else {
        window * (1.0 - loss) / (round_trip(a) * (1.0 - loss + window * loss))
    }
}

/// 1-P where the window fills the wire, N(1-P) / (1+2a) where it does not. No selective
/// repeat is better; all are worse once a lost packet holds the window up.
#[must_use]
pub fn selective_repeat_bound(loss: f64, window: u32, a: f64) -> f64 {
    (1.0 - loss) / spacing(window, a)
}

/// Go-back-N with N < 1+2a whose window goes out in one go and not spread over the round
/// trip.
///
/// Between two losses m packets go out, m geometric: after every N of them the rest of a
/// round trip passes without work. Therefore a cycle takes (1+2a)(1+F) + E\[m\] - NF,
/// where F = (1-P)^N / (1-(1-P)^N) is how often the window is exhausted on average. The
/// formula for the spread window charges 1+2a for each N packets, also for the last,
/// begun N: it is lower.
#[must_use]
pub fn go_back_n_in_bursts(loss: f64, window: u32, a: f64) -> f64 {
    if loss == 0.0 || f64::from(window) >= round_trip(a) {
        return go_back_n(loss, window, a);
    }
    let window = f64::from(window);
    let whole_window = (1.0 - loss).powf(window);
    let windows = whole_window / (1.0 - whole_window);
    let packets = (1.0 - loss) / loss;
    packets / (round_trip(a) * (1.0 + windows) + packets - window * windows)
}

/// The formula of `arq` with the timer that runs in the Internet, once it knows the round
/// trip, where a transmission takes so long and ACKs are not lost; `None` for selective
/// repeat, which finds most losses without its timer.
///
/// The timeout R is the round trip and the clock's grain. Go-back-N's single timer
/// restarts with each ACK, so the first loss of a packet shows 1+2a + R after the packet
/// before it left. Each further loss of the same packet waits twice as long.
#[must_use]
pub fn with_real_timer(
    arq: Arq,
    loss: f64,
    window: u32,
    a: f64,
    transmission: Duration,
) -> Option<f64> {
    let units = |time: Duration| time.as_secs_f64() / transmission.as_secs_f64();
    let timeout = round_trip(a) + units(GRANULARITY);
    let (time_without_loss, first_wait) = match arq {
        Arq::StopAndWait => (round_trip(a), timeout),
        Arq::GoBackN => {
            let spacing = spacing(window, a);
            (spacing, round_trip(a) - spacing + timeout)
        }
        Arq::SelectiveRepeat | Arq::Sack => return None,
    };
    let longest = units(LONGEST_BACKOFF).max(2.0 * timeout);
    let later_waits = (1..MOST_TIMEOUTS).map(|timeouts| {
        let wait = (timeout * 2_f64.powi(timeouts)).min(longest);
        loss.powi(timeouts + 1) * wait
    });
    Some(1.0 / (time_without_loss + loss * first_wait + later_waits.sum::<f64>()))
}

/// Timeouts in a row beyond which nothing weighs: half of all to this power is nothing.
const MOST_TIMEOUTS: i32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 0.005,
            "{found}, {expected}"
        );
    }

    #[test]
    fn stop_and_wait_across_a_continent_is_as_inefficient_as_the_textbook_states() {
        // Kurose & Ross §3.4.2: 1 Gbit/s, 15 ms one way, 8,000 bits a packet.
        let a = 15e-3 / (8_000.0 / 1e9);
        assert_near(efficiency(Arq::StopAndWait, 0.0, 1, a), 0.000_27 * 0.987);
        // Three packets in flight: three times as much.
        assert_near(efficiency(Arq::GoBackN, 0.0, 3, a), 0.000_8);
    }

    #[test]
    fn a_window_of_one_equals_stop_and_wait() {
        for loss in [0.0, 0.1, 0.3] {
            for a in [0.0, 0.5, 7.0] {
                let plain = stop_and_wait(loss, a);
                assert_near(go_back_n(loss, 1, a), plain);
                assert_near(go_back_n_in_bursts(loss, 1, a), plain);
                assert_near(selective_repeat_bound(loss, 1, a), plain);
            }
        }
    }

    #[test]
    fn both_forms_of_the_formula_agree_where_the_window_just_fills_the_pipe() {
        for loss in [0.0, 0.1, 0.3] {
            let just = go_back_n(loss, 101, 50.0);
            let nearly = go_back_n(loss, 101, 50.000_001);
            assert_near(just, nearly);
        }
    }

    #[test]
    fn the_real_timer_reduces_the_efficiency_only_under_loss() {
        let ms = Duration::from_millis(1);
        for arq in [Arq::StopAndWait, Arq::GoBackN] {
            let plain = |loss| efficiency(arq, loss, 16, 5.0);
            let real = |loss| with_real_timer(arq, loss, 16, 5.0, ms).unwrap();
            assert_near(real(0.0), plain(0.0));
            assert!(real(0.1) < 0.99 * plain(0.1));
            assert!(real(0.3) < 0.9 * plain(0.3));
        }
    }
}
