//! CUBIC fed by hand; one round trip is 100 ms.

use super::super::hand::{Hand, ms, timeout};
use super::*;

/// A window of 1,000 at which a packet was lost; recovery is over at 300 ms.
fn after_a_loss_at_1000() -> Cubic {
    let mut cubic = Cubic::new(8_192);
    cubic.on_ack(&Hand::default().acked(990, 0, 100));
    cubic.on_signal(&Hand::default().lost(1, 100, 200));
    assert_eq!((cubic.window(), cubic.phase()), (700, "recovery"));
    cubic.on_ack(&Hand::default().acked(1, 201, 300));
    cubic
}

/// Feeds a window of ACKs per round trip, until `end`; the windows seen.
fn drive(cubic: &mut Cubic, start: u64, end: u64) -> Vec<(u64, u32)> {
    let mut seen = Vec::new();
    for now in (start..=end).step_by(100) {
        let window = cubic.window();
        for _ in 0..10 {
            cubic.on_ack(&Hand::default().acked(window / 10, now - 100, now));
        }
        seen.push((now, cubic.window()));
    }
    seen
}

#[test]
fn the_window_comes_back_to_the_old_one_after_k_and_then_passes_it() {
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
fn a_loss_below_the_last_ones_window_makes_room_for_others() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_signal(&Hand::default().lost(1, 310, 410)); // At 700, below 1,000.
    cubic.on_ack(&Hand::default().acked(1, 411, 511));
    let largest = cubic.curve.unwrap().largest;
    assert!((largest - 700.0 * 0.85).abs() < 1.0, "{largest}");
}

#[test]
fn all_losses_of_one_window_shrink_it_once() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_signal(&Hand::default().lost(1, 310, 410));
    cubic.on_signal(&Hand::default().lost(9, 400, 500));
    assert_eq!(cubic.window(), 490);
    cubic.on_signal(&Hand::default().lost(1, 411, 511));
    assert_eq!(cubic.window(), 343);
}

#[test]
fn with_a_small_window_and_a_short_round_trip_it_is_as_fast_as_reno() {
    let mut cubic = Cubic::new(8_192);
    let hand = Hand {
        round_trip: ms(10),
        ..Hand::default()
    };
    cubic.on_ack(&hand.acked(10, 0, 10));
    cubic.on_signal(&hand.lost(1, 10, 20));
    assert_eq!(cubic.window(), 14);
    for round in 0..20 {
        let now = 40 + 10 * round;
        cubic.on_ack(&hand.acked(cubic.window(), now - 10, now));
    }
    // 0.53 a round trip up to 20, then 1; the curve alone would stand at 15.
    assert!((27..=29).contains(&cubic.window()), "{}", cubic.window());
}

#[test]
fn time_in_which_the_sender_was_limited_does_not_count() {
    let mut busy = after_a_loss_at_1000();
    let mut idle = after_a_loss_at_1000();
    let _ = drive(&mut busy, 400, 2_000);
    for now in (400..=60_300).step_by(100) {
        idle.on_ack(&Hand::default().acked_limited(700, now - 100, now));
    }
    assert_eq!(idle.window(), 700);
    let _ = drive(&mut idle, 60_400, 62_000);
    let apart = busy.window().abs_diff(idle.window());
    assert!(apart <= 1, "{} {}", busy.window(), idle.window());
}

#[test]
fn a_limited_sender_that_loses_shrinks_what_it_used() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_ack(&Hand::default().acked_limited(100, 301, 401));
    cubic.on_signal(&Hand::default().lost(1, 310, 410));
    assert_eq!(cubic.window(), 70);
}

#[test]
fn a_timeout_leads_to_one_packet_and_the_next_curve_begins_flat() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_signal(&timeout(2_000));
    cubic.on_signal(&Hand::default().lost(700, 1_000, 2_000));
    assert_eq!(
        (cubic.window(), cubic.slow_start_threshold()),
        (1, Some(490))
    );
    cubic.on_ack(&Hand::default().acked(500, 2_001, 2_101));
    assert_eq!(cubic.window(), 490);
    cubic.on_ack(&Hand::default().acked(1, 2_101, 2_201));
    let curve = cubic.curve.unwrap();
    assert_eq!((whole(curve.largest), whole(curve.reno)), (490, 490));
    assert!(curve.back_after.abs() < f64::EPSILON);
}

#[test]
fn the_first_slow_start_ends_without_loss_where_the_round_trip_stays_grown() {
    let mut cubic = Cubic::new(8_192);
    let rounds = [80, 80, 95, 95, 95, 95, 95, 95];
    let mut phases = Vec::new();
    for (round, round_trip) in (0..).zip(rounds) {
        let hand = Hand {
            round_trip: ms(round_trip),
            delivered: 100 * (round + 1),
            delivered_when_sent: 100 * round,
        };
        cubic.on_ack(&hand.acked(8, round * 100, round * 100 + 95));
        phases.push(cubic.phase());
    }
    assert_eq!(phases[1], "slow-start");
    assert_eq!(phases[2], "conservative-slow-start");
    assert_eq!(phases[7], "congestion-avoidance");
    // 10 + 8 + 8, then six quarters of 8, the first with the ACK that showed the growth.
    assert_eq!(cubic.window(), 26 + 6 * 2);
}

#[test]
fn no_window_is_larger_than_what_was_granted() {
    let mut cubic = Cubic::new(64);
    cubic.on_ack(&Hand::default().acked(500, 0, 100));
    assert_eq!(cubic.window(), 64);
    cubic.on_signal(&Hand::default().lost(1, 100, 200));
    cubic.on_ack(&Hand::default().acked(1, 201, 300));
    let _ = drive(&mut cubic, 400, 60_000);
    assert_eq!(cubic.window(), 64);
}

#[test]
fn half_a_window_of_acks_leads_half_the_way_to_where_the_curve_will_be() {
    let mut cubic = after_a_loss_at_1000();
    cubic.on_ack(&Hand::default().acked(350, 300, 400));
    // At 0.5 s, a round trip later, the curve is at 719; the window was 700.
    assert_eq!(cubic.window(), 709);
}
