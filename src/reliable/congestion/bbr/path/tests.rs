use super::super::super::Signal;
use super::super::super::test_signals::{TestSignals, at, ms};
use super::*;

/// A round of 100 packets of which `lost` were lost, five at a time, 100 ms after the one
/// before.
fn round(path: &mut Path, number: u64, lost: u32) -> bool {
    let test_signals = TestSignals {
        delivered_when_sent: 100 * number,
        delivered: 100 * (number + 1),
        ..TestSignals::default()
    };
    for found in 0..lost.div_ceil(5) {
        let packets = (lost - 5 * found).min(5);
        if let Signal::Loss(loss) = test_signals.lost(packets, 100 * number, 0) {
            path.on_loss(&loss);
        }
    }
    let ack = Acked {
        lost_since: u64::from(lost),
        delivery_rate: Some(1_000.0),
        ..test_signals.acked(100 - lost, 100 * number, 100 * (number + 1))
    };
    path.on_ack(&ack, Probing::Startup, 0.0)
}

/// Two such rounds that drain the queue; whether their loss is in doubt.
fn drain(path: &mut Path, number: u64, lost: u32) -> bool {
    path.begin_draining(at(100 * number));
    round(path, number, lost);
    round(path, number + 1, lost);
    path.end_draining(at(100 * (number + 2)));
    path.learn_own_loss(at(100 * (number + 2)))
}

#[test]
fn a_round_ends_when_a_packet_sent_within_it_is_acknowledged() {
    let mut path = Path::default();
    assert!(round(&mut path, 0, 0));
    let test_signals = TestSignals {
        delivered_when_sent: 99,
        delivered: 150,
        ..TestSignals::default()
    };
    assert!(!path.on_ack(&test_signals.acked(50, 0, 150), Probing::Startup, 0.0));
    assert!(round(&mut path, 1, 0));
    assert_eq!(path.rounds(), 2);
}

#[test]
fn after_startup_each_measured_round_is_complete_and_lasts_at_least_5_ms() {
    let mut path = Path::default();
    let mut now = 0;
    let mut deliver = |packets, later| {
        now += later;
        let test_signals = TestSignals {
            delivered_when_sent: 10_000,
            delivered: 10_000,
            ..TestSignals::default()
        };
        let ack = Acked {
            delivery_rate: Some(9_000.0), // A clump of ACKs seems that fast.
            ..test_signals.acked(packets, 0, now)
        };
        (path.on_ack(&ack, Probing::No, 0.0), path.rate())
    };
    assert_eq!(deliver(1, 0), (true, None));
    assert_eq!(deliver(30, 4), (false, None));
    assert_eq!(deliver(30, 26), (true, Some(2_000.0)));
}

#[test]
fn losses_behind_the_bottleneck_count_towards_its_rate() {
    let mut path = Path::default();
    round(&mut path, 0, 5);
    assert_eq!(path.rate(), Some(1_000.0)); // Nothing is known of the loss.
    assert!(!drain(&mut path, 1, 5));
    assert_eq!(path.rate().map(f64::round), Some(1_053.0));
    round(&mut path, 3, 60);
    // 1.6 times as much was sent, but no more than 7 % is believed to be lost so.
    assert!((path.rate().unwrap() - 1_000.0 / 0.93).abs() < 1e-6);
}

#[test]
fn a_large_loss_after_startup_is_learned_only_if_it_remains_at_the_rate_that_arrives() {
    for (remains, own) in [(30, 0.3), (0, 0.0)] {
        let mut path = Path::default();
        round(&mut path, 0, 0);
        assert!(drain(&mut path, 1, 30), "30 % of loss are believed at once");
        assert_eq!(path.rate().map(f64::round), Some(700.0));
        assert!(!drain(&mut path, 3, remains));
        let known = path.loss.known().unwrap();
        assert!((known - own).abs() < 1e-9, "{known}");
        let rate = if remains > 0 { 1_000.0 / 0.7 } else { 1_000.0 };
        let told = path.rate();
        assert!(
            told.is_some_and(|told| (told - rate).abs() < 1.0),
            "{told:?}"
        );
    }
}

#[test]
fn a_learned_loss_is_forgotten_where_slower_sending_loses_less() {
    let mut path = Path::default();
    for number in [0, 2] {
        drain(&mut path, number, 30);
    }
    assert!(path.loss.known().is_some_and(|own| own > 0.2));
    for number in 4..7 {
        round(&mut path, number, 45);
    }
    path.end_cruise(at(700));
    drain(&mut path, 7, 10);
    assert_eq!(
        path.loss.known(),
        None,
        "the bottleneck's loss is still believed"
    );
}

#[test]
fn congestion_lowers_the_rate_to_the_delivery_rate_but_at_most_by_half() {
    for (lost, rate) in [(30, 700.0), (80, 500.0)] {
        let mut path = Path::default();
        round(&mut path, 0, 0);
        path.take_growing_round();
        path.begin();
        round(&mut path, 1, lost);
        assert!(!path.is_congested(2), "one round may be a burst");
        round(&mut path, 2, lost);
        assert!(path.is_congested(2));
        path.take_congestion(0.5, at(300));
        assert_eq!(path.rate().map(f64::round), Some(rate));
    }
}

#[test]
fn a_growing_round_measures_the_path_loss_unless_its_loss_exceeds_all_earlier_rounds() {
    let mut path = Path::default();
    round(&mut path, 0, 5);
    path.take_growing_round();
    round(&mut path, 1, 40);
    assert!(path.is_lossy());
    path.take_growing_round();
    assert!(!drain(&mut path, 2, 5));
    let own = path.loss.known().unwrap();
    assert!((own - 0.05).abs() < 1e-9, "{own}");
}

#[test]
fn the_minimum_rtt_is_kept_and_its_age_is_counted_until_it_is_measured_again() {
    let mut path = Path::default();
    let mut sample = |milliseconds, now| {
        let test_signals = TestSignals {
            round_trip: ms(milliseconds),
            ..TestSignals::default()
        };
        path.on_ack(&test_signals.acked(1, 0, now), Probing::Startup, 0.0);
        let later = Moment::START + ms(now + 10);
        (path.least(), path.least_age(later))
    };
    assert_eq!(sample(100, 0), (Some(ms(100)), ms(10)));
    assert_eq!(sample(107, 50), (Some(ms(100)), ms(60)));
    assert_eq!(sample(106, 60), (Some(ms(100)), ms(10)));
    assert_eq!(sample(90, 70), (Some(ms(90)), ms(10)));
}

/// A path with 1,000 packets per second and 100 ms, and a probe of 125 packets in 100 ms,
/// of which this many are lost and the others arrive at this rate, with this round-trip
/// time.
fn probed(lost: u32, per_second: u32, round_trip: Duration) -> Path {
    let mut path = Path::default();
    round(&mut path, 0, 0);
    path.take_growing_round();
    path.end_cruise(at(1_000));
    let signals = TestSignals {
        round_trip,
        ..TestSignals::default()
    };
    if let Signal::Loss(loss) = signals.lost(lost, 1_000, 1_000) {
        path.on_loss(&loss);
    }
    for group in 0..=u64::from(125 - lost) / 5 {
        let now = 1_100 + group * 5_000 / u64::from(per_second);
        path.on_ack(&signals.acked(5, 1_000, now), Probing::More(0.0), 0.0);
    }
    path
}

#[test]
fn a_probe_that_fills_a_queue_shows_the_rate_of_the_bottleneck() {
    for (lost, per_second) in [(0, 1_111), (0, 909), (20, 1_000)] {
        let mut path = probed(lost, per_second, ms(140));
        assert!(path.judge_probe(1_000.0, 1.25), "no queue was seen");
        let rate = path.rate().unwrap();
        let difference = (rate / f64::from(per_second) - 1.0).abs();
        assert!(difference < 0.12, "{rate} instead of {per_second}");
    }
}

#[test]
fn a_probe_without_a_queue_confirms_the_rate_only_if_most_of_what_it_added_was_lost() {
    for (lost, is_policed) in [(0, false), (5, false), (25, true)] {
        let mut path = probed(lost, 1_000, ms(100));
        assert_eq!(path.judge_probe(1_000.0, 1.25), is_policed, "{lost} lost");
    }
}

#[test]
fn the_loss_of_a_probe_is_no_congestion_if_what_it_added_arrived() {
    // A quarter more was sent, and arrived.
    for (per_second, is_congested) in [(1_000, true), (1_250, false)] {
        let path = probed(25, per_second, ms(100));
        assert_eq!(path.is_probe_congested(proof(1_000.0, 1.25)), is_congested);
    }
}

#[test]
fn a_rate_at_which_most_packets_are_lost_is_given_up_before_the_round_ends() {
    let mut path = Path::default();
    round(&mut path, 0, 0);
    path.begin_draining(at(100));
    let signals = TestSignals::default();
    let Signal::Loss(loss) = signals.lost(28, 100, 200) else {
        unreachable!()
    };
    path.on_loss(&loss);
    assert!(!path.take_overrun(at(200)), "28 packets say nothing");
    path.on_ack(&signals.acked(4, 100, 200), Probing::Draining, 0.0);
    assert!(path.take_overrun(at(200)));
    assert_eq!(path.rate().map(f64::round), Some(250.0));
}
