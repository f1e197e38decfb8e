//! CUBIC fed by hand; one round trip is 100 ms.

use super::super::test_signals::{TestSignals, ms, timeout};
use super::*;

/// A window of 1,000 at which a packet was lost; recovery is over at 300 ms.
fn after_a_loss_at_1000() -> Cubic {
    let mut cubic = Cubic::new(8_192);
    cubic.on_ack(&TestSignals::default().acked(990, 0, 100));
    cubic.on_signal(&TestSignals::default().lost(1, 100, 200));
    assert_eq!((cubic.window(), cubic.phase()), (700, "recovery"));
    cubic.on_ack(&TestSignals::default().acked(1, 201, 300));
    cubic
}

/// Feeds a window of ACKs per round trip, until `end`; the windows seen.
fn drive(cubic: &mut Cubic, start: u64, end: u64) -> Vec<(u64, u32)> {
    let mut seen = Vec::new();
    for now in (start..=end).step_by(100) {
        let window = cubic.window();
        for _ in 0..10 {
            cubic.on_ack(&TestSignals::default().acked(window / 10, now - 100, now));
        }
        seen.push((now, cubic.window()));
    }
    seen
}

#[test]
fn the_window_returns_to_its_old_size_after_k_seconds_and_then_exceeds_it() {
    let mut cubic = after_a_loss_at_1000();
    // K = cbrt(300 / 0.4) = 9.09 s, counted from 0.3 s.
    let seen = drive(&mut cubic, 400, 15_000);
    let at = |time| seen.iter().find(|(now, _)| *now == time).unwrap().1;
    assert!((850..=905).contains(&at(2_900)), "{}", at(2_900));
    assert!((990..=1_001).contains(&at(9_400)), "{}", at(9_400));
    // 5.6 s after K: 0.4 * 5.6^3 = 70 above it.
    assert!((1_050..=1_090).contains(&at(15_000)), "{}", at(15_000));
}

#[test]
fn a_loss_below_the_last_maximum_window_releases_bandwidth_by_fast_convergence() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_signal(&TestSignals::default().lost(1, 310, 410)); // At 700, below 1,000.
    cubic.on_ack(&TestSignals::default().acked(1, 411, 511));
    let largest = cubic.curve.unwrap().largest;
    assert!((largest - 700.0 * 0.85).abs() < 1.0, "{largest}");
}

#[test]
fn all_losses_of_one_window_reduce_it_once() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_signal(&TestSignals::default().lost(1, 310, 410));
    cubic.on_signal(&TestSignals::default().lost(9, 400, 500));
    assert_eq!(cubic.window(), 490);
    cubic.on_signal(&TestSignals::default().lost(1, 411, 511));
    assert_eq!(cubic.window(), 343);
}

#[test]
fn in_the_reno_friendly_region_the_window_grows_as_fast_as_in_reno() {
    let mut cubic = Cubic::new(8_192);
    let test_signals = TestSignals {
        round_trip: ms(10),
        ..TestSignals::default()
    };
    cubic.on_ack(&test_signals.acked(10, 0, 10));
    cubic.on_signal(&test_signals.lost(1, 10, 20));
    assert_eq!(cubic.window(), 14);
    for round in 0..20 {
        let now = 40 + 10 * round;
        cubic.on_ack(&test_signals.acked(cubic.window(), now - 10, now));
    }
    // 0.53 a round trip up to 20, then 1; the curve alone would stand at 15.
    assert!((27..=29).contains(&cubic.window()), "{}", cubic.window());
}

#[test]
fn an_application_limited_period_does_not_advance_the_cubic_curve() {
    let mut busy = after_a_loss_at_1000();
    let mut idle = after_a_loss_at_1000();
    let _ = drive(&mut busy, 400, 2_000);
    for now in (400..=60_300).step_by(100) {
        idle.on_ack(&TestSignals::default().acked_application_limited(
            700,
            now - 100,
            now,
        ));
    }
    assert_eq!(idle.window(), 700);
    let _ = drive(&mut idle, 60_400, 62_000);
    let apart = busy.window().abs_diff(idle.window());
    assert!(apart <= 1, "{} {}", busy.window(), idle.window());
}

#[test]
fn a_loss_of_an_application_limited_sender_reduces_the_used_window() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_ack(&TestSignals::default().acked_application_limited(100, 301, 401));
    cubic.on_signal(&TestSignals::default().lost(1, 310, 410));
    assert_eq!(cubic.window(), 70);
}

#[test]
fn a_timeout_sets_the_window_to_one_packet_and_starts_the_next_curve_at_its_plateau() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_signal(&timeout(2_000));
    cubic.on_signal(&TestSignals::default().lost(700, 1_000, 2_000));
    assert_eq!(
        (cubic.window(), cubic.slow_start_threshold()),
        (1, Some(490))
    );
    cubic.on_ack(&TestSignals::default().acked(500, 2_001, 2_101));
    assert_eq!(cubic.window(), 490);
    cubic.on_ack(&TestSignals::default().acked(1, 2_101, 2_201));
    let curve = cubic.curve.unwrap();
    assert_eq!((whole(curve.largest), whole(curve.reno)), (490, 490));
    assert!(curve.back_after.abs() < f64::EPSILON);
}

#[test]
fn hystart_ends_the_first_slow_start_without_loss_when_the_rtt_stays_high() {
    let mut cubic = Cubic::new(8_192);
    let rounds = [80, 80, 95, 95, 95, 95, 95, 95];
    let mut phases = Vec::new();
    for (round, round_trip) in (0..).zip(rounds) {
        let test_signals = TestSignals {
            round_trip: ms(round_trip),
            delivered: 100 * (round + 1),
            delivered_when_sent: 100 * round,
        };
        cubic.on_ack(&test_signals.acked(8, round * 100, round * 100 + 95));
        phases.push(cubic.phase());
    }
    assert_eq!(phases[1], "slow-start");
    assert_eq!(phases[2], "conservative-slow-start");
    assert_eq!(phases[7], "congestion-avoidance");
    // 10 + 8 + 8, then six quarters of 8, the first with the ACK that showed the growth.
    assert_eq!(cubic.window(), 26 + 6 * 2);
}

#[test]
fn the_window_never_exceeds_its_maximum() {
    let mut cubic = Cubic::new(64);
    cubic.on_ack(&TestSignals::default().acked(500, 0, 100));
    assert_eq!(cubic.window(), 64);
    cubic.on_signal(&TestSignals::default().lost(1, 100, 200));
    cubic.on_ack(&TestSignals::default().acked(1, 201, 300));
    let _ = drive(&mut cubic, 400, 60_000);
    assert_eq!(cubic.window(), 64);
}

#[test]
fn acks_for_half_a_window_move_the_window_halfway_to_the_curve() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_ack(&TestSignals::default().acked(350, 300, 400));
    // At 0.5 s, a round trip later, the curve is at 719; the window was 700.
    assert_eq!(cubic.window(), 709);
}
