use super::super::test_signals::{TestSignals, ms};
use super::*;

/// Consecutive round trips, each with one ACK at its end.
struct Rounds {
    bbr: Bbr,
    now: u64,
    delivered: u64,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Packets per second.
    rate: f64,
    delivered: u32,
    lost: u32,
    in_flight: u32,
    round_trip: Duration,
    is_application_limited: bool,
}

/// 1,000 packets per second, 100 ms, and 10 ms for which an ACK is held: a product of
/// 110.
const STEADY: Sample = Sample {
    rate: 1_000.0,
    delivered: 100,
    lost: 0,
    in_flight: 100,
    round_trip: Duration::from_millis(100),
    is_application_limited: false,
};

impl Rounds {
    fn new() -> Self {
        let mut bbr = Bbr::new(8_192);
        bbr.on_start(10_000, Some(ms(100)));
        let (now, delivered) = (0, 0);
        Self {
            bbr,
            now,
            delivered,
        }
    }

    /// After startup and drain.
    fn cruising() -> Self {
        let mut rounds = Self::new();
        while rounds.bbr.phase() != "cruise" {
            rounds.pass(STEADY);
        }
        rounds
    }

    /// One round trip passes, with ten ACKs.
    fn pass(&mut self, told: Sample) -> &'static str {
        let sent = self.now;
        let (began, before) = (self.now, self.delivered);
        if told.lost > 0 {
            let test_signals = TestSignals::default();
            self.bbr
                .on_signal(&test_signals.lost(told.lost, sent, began));
        }
        for slice in 1..=10_u32 {
            let later = told.round_trip * slice / 10;
            self.now = began + u64::try_from(later.as_millis()).unwrap();
            let so_far = told.delivered * slice / 10;
            let packets = so_far - told.delivered * (slice - 1) / 10;
            self.delivered = before + u64::from(so_far);
            let test_signals = TestSignals {
                round_trip: told.round_trip,
                // Only the last of them left when the round had begun.
                delivered_when_sent: before.saturating_sub(u64::from(slice < 10)),
                delivered: self.delivered,
            };
            self.bbr.on_ack(&Acked {
                in_flight: told.in_flight,
                in_flight_when_sent: told.delivered + told.lost,
                is_application_limited: told.is_application_limited,
                lost_since: u64::from(told.lost),
                delivery_rate: Some(told.rate),
                ..test_signals.acked(packets, sent, self.now)
            });
        }
        self.bbr.phase()
    }

    fn rate(&self) -> Option<f64> {
        self.bbr.path.rate().map(f64::round)
    }
}

/// A round at this many packets per second.
fn rate(per_second: u32) -> Sample {
    Sample {
        rate: f64::from(per_second),
        delivered: per_second / 10,
        ..STEADY
    }
}

#[test]
fn the_first_window_is_paced_over_the_rtt_of_the_handshake() {
    let rounds = Rounds::new();
    assert_eq!((rounds.bbr.window(), rounds.bbr.phase()), (32, "startup"));
    let paced = rounds.bbr.pacing_rate().unwrap();
    assert!((paced - 2.77 * 320.0).abs() < 1e-6, "{paced}");
}

#[test]
fn startup_ends_after_three_rounds_with_less_than_a_quarter_of_growth() {
    let mut rounds = Rounds::new();
    for growing in [200, 400, 800, 1_000] {
        assert_eq!(rounds.pass(rate(growing)), "startup");
    }
    assert_eq!(rounds.pass(rate(1_100)), "startup");
    assert_eq!(rounds.pass(rate(1_100)), "startup");
    let queued = Sample {
        in_flight: 200,
        ..rate(1_100)
    };
    assert_eq!(rounds.pass(queued), "drain");
    let paced = rounds.bbr.pacing_rate().unwrap();
    assert!(paced < 1_100.0, "{paced} does not drain");
    assert_eq!(rounds.pass(queued), "drain");
    assert_eq!(rounds.pass(rate(1_100)), "probe-down");
}

#[test]
fn the_window_is_two_bandwidth_delay_products_only_during_startup() {
    let mut rounds = Rounds::new();
    for growing in [200, 400, 800, 1_600, 3_200, 6_400] {
        rounds.pass(rate(growing));
    }
    // In bandwidth-delay products: the path's round trip, and the delay of an ACK. A
    // quarter of a product is for clumps of ACKs.
    let window = |rounds: &Rounds| f64::from(rounds.bbr.window()) / (6_400.0 * 0.11);
    let grown = window(&rounds);
    assert!(grown > 1.7, "{grown}");
    while rounds.pass(rate(6_400)) == "startup" {
        let kept = window(&rounds);
        assert!((grown..=2.1).contains(&kept), "{kept}");
    }
    rounds.pass(rate(6_400));
    let taken_back = window(&rounds);
    assert!(taken_back < 1.61, "{taken_back}");
}

#[test]
fn an_application_limited_sender_does_not_take_its_own_rate_for_the_bandwidth() {
    let mut rounds = Rounds::new();
    let idle = Sample {
        is_application_limited: true,
        ..rate(200)
    };
    for _ in 0..20 {
        assert_eq!(rounds.pass(idle), "startup");
    }
}

#[test]
fn a_probing_cycle_is_one_round_up_at_least_one_down_and_six_of_cruise() {
    let mut rounds = Rounds::cruising();
    while rounds.pass(STEADY) != "probe-up" {}
    let phases: Vec<_> = (0..16).map(|_| rounds.pass(STEADY)).collect();
    let told = phases.join(" ");
    let cycle = "probe-down cruise cruise cruise cruise cruise cruise probe-up";
    assert_eq!(told, format!("{cycle} {cycle}"));
}

#[test]
fn a_persistent_queue_is_attributed_to_other_flows_after_three_rounds() {
    let mut rounds = Rounds::cruising();
    while rounds.pass(STEADY) != "probe-down" {}
    let queued = Sample {
        in_flight: 150,
        ..STEADY
    };
    let phases: Vec<_> = (0..3).map(|_| rounds.pass(queued)).collect();
    assert_eq!(phases, ["probe-down", "probe-down", "cruise"]);
}

#[test]
fn beside_a_flow_that_fills_the_queue_the_window_follows_the_round_trip() {
    let window = |in_flight| {
        let mut rounds = Rounds::cruising();
        while rounds.pass(STEADY) != "probe-down" {}
        let queued = Sample {
            in_flight,
            round_trip: ms(300),
            ..STEADY
        };
        for _ in 0..4 {
            rounds.pass(queued);
        }
        rounds.bbr.window()
    };
    let (alone, beside) = (window(50), window(300));
    assert!(beside > alone + alone / 4, "{alone}, {beside}");
}

#[test]
fn the_path_loss_is_learned_from_the_packets_that_left_while_the_queue_drained() {
    let mut rounds = Rounds::new();
    let lossy = Sample {
        delivered: 80,
        lost: 20,
        rate: 800.0,
        in_flight: 80,
        ..STEADY
    };
    while rounds.pass(lossy) != "cruise" {
        assert_eq!(rounds.rate(), Some(800.0), "{}", rounds.bbr.phase());
    }
    assert_eq!(
        rounds.pass(lossy),
        "probe-down",
        "a fifth is believed at once"
    );
    while rounds.pass(lossy) != "cruise" {
        assert_eq!(rounds.rate(), Some(800.0), "{}", rounds.bbr.phase());
    }
    rounds.pass(lossy);
    assert_eq!(rounds.rate(), Some(1_000.0));
    assert!(!rounds.bbr.path.is_congested(1));
}

#[test]
fn loss_beyond_the_path_loss_limits_the_window_until_the_next_cycle() {
    let mut rounds = Rounds::cruising();
    while rounds.pass(STEADY) != "probe-down" {}
    rounds.pass(STEADY);
    rounds.pass(STEADY); // The path's own loss is none.
    let before = rounds.bbr.window();
    let harmless = Sample {
        delivered: 98,
        lost: 2,
        ..STEADY
    };
    rounds.pass(harmless);
    assert!(rounds.bbr.window() >= before, "{}", rounds.bbr.window());
    let overrun = Sample {
        delivered: 50,
        lost: 50,
        ..STEADY
    };
    rounds.pass(overrun);
    rounds.pass(overrun);
    let bound = rounds.bbr.window();
    assert!(bound <= 110, "{bound}");
    while rounds.pass(STEADY) == "cruise" {
        assert!(rounds.bbr.window() <= 110, "{}", rounds.bbr.window());
    }
    assert_eq!(rounds.bbr.phase(), "probe-up");
    assert_eq!(rounds.bbr.bound, None);
}

#[test]
fn the_window_is_four_thirds_of_the_bandwidth_delay_product_plus_one_ack_aggregate() {
    let mut rounds = Rounds::cruising();
    (0..40).for_each(|_| {
        rounds.pass(STEADY);
    });
    assert_eq!(rounds.bbr.window(), 148 + 10);
}

#[test]
fn application_limited_packets_neither_lower_nor_age_the_rate() {
    let mut rounds = Rounds::cruising();
    let idle = Sample {
        is_application_limited: true,
        ..rate(10)
    };
    (0..50).for_each(|_| {
        rounds.pass(idle);
    });
    assert_eq!(rounds.rate(), Some(1_000.0));
}

#[test]
fn a_short_path_is_not_taken_for_a_fast_path() {
    let mut rounds = Rounds::new();
    let short = Sample {
        round_trip: ms(1),
        delivered: 1,
        ..STEADY
    };
    (0..400).for_each(|_| {
        rounds.pass(short);
    });
    assert!(rounds.bbr.window() <= 20, "{}", rounds.bbr.window());
    let paced = rounds.bbr.pacing_rate().unwrap();
    assert!(paced <= 1_250.0, "{paced}");
}

#[test]
fn on_a_short_path_the_first_window_is_ten_packets_with_a_bounded_pacing_rate() {
    let mut bbr = Bbr::new(8_192);
    bbr.on_start(10_000, Some(Duration::from_micros(20)));
    assert_eq!(bbr.window(), 10);
    let paced = bbr.pacing_rate().unwrap();
    assert!((paced - 2.77 * 3_200.0).abs() < 1e-6, "{paced}");
}

#[test]
fn a_short_file_begins_with_up_to_twice_as_many_packets() {
    for (segments, round_trip, window) in [
        (1_024, 100, 64),
        (1_025, 100, 32),
        (1_024, 40, 64),
        (1_024, 30, 48),
        (1_024, 20, 32),
        (1_024, 5, 16),
    ] {
        let mut bbr = Bbr::new(8_192);
        bbr.on_start(segments, Some(ms(round_trip)));
        assert_eq!(bbr.window(), window, "{segments} segments, {round_trip} ms");
    }
}

#[test]
fn a_lower_delivery_rate_is_accepted_after_ten_rounds() {
    let mut rounds = Rounds::cruising();
    rounds.pass(STEADY);
    let mut count = 0;
    while rounds.rate() > Some(500.0) {
        rounds.pass(rate(500));
        count += 1;
        assert!(count <= 12, "{:?}", rounds.rate());
    }
    assert!(count >= 9, "forgotten after {count} rounds");
}

#[test]
fn a_timeout_reduces_the_window_to_four_packets_and_acks_reopen_it() {
    let mut rounds = Rounds::cruising();
    let before = rounds.bbr.window();
    rounds.bbr.on_signal(&Signal::Timeout(Moment::START));
    assert_eq!(rounds.bbr.window(), 4);
    let few = Sample {
        delivered: 4,
        is_application_limited: true,
        ..STEADY
    };
    rounds.pass(few);
    assert_eq!(rounds.bbr.window(), 12); // At least eight, and the four.
    (0..3).for_each(|_| {
        rounds.pass(STEADY);
    });
    assert!(rounds.bbr.window() >= before, "{}", rounds.bbr.window());
}

#[test]
fn after_an_idle_period_the_rate_is_probed_anew_with_a_paced_first_window() {
    let mut rounds = Rounds::cruising();
    rounds.bbr.on_restart(Moment::START);
    assert_eq!((rounds.bbr.phase(), rounds.bbr.window()), ("startup", 32));
    let paced = rounds.bbr.pacing_rate().unwrap();
    assert!((paced - 2.77 * 320.0).abs() < 1e-6, "{paced}");
    rounds.pass(rate(400));
    assert_eq!(rounds.rate(), Some(400.0));
}

#[test]
fn the_minimum_rtt_is_probed_when_it_has_not_been_measured_for_ten_seconds() {
    let mut rounds = Rounds::cruising();
    let longer = Sample {
        round_trip: ms(150),
        delivered: 150,
        ..STEADY
    };
    let last_seen = rounds.now;
    while rounds.pass(longer) != "probe-rtt" {
        assert!(rounds.now - last_seen <= 10_150, "{}", rounds.now);
    }
    assert!(rounds.now - last_seen > 10_000, "{}", rounds.now);
    assert_eq!(rounds.bbr.window(), 55); // Half of the product.
    assert_eq!(rounds.pass(longer), "probe-rtt");
    assert_eq!(rounds.pass(longer), "cruise"); // 200 ms are over.
    assert_eq!(rounds.bbr.path.least(), Some(ms(150)));
}

#[test]
fn a_recently_measured_minimum_rtt_needs_no_probe() {
    let mut rounds = Rounds::cruising();
    let near = Sample {
        round_trip: ms(106),
        ..STEADY
    };
    for _ in 0..300 {
        assert_ne!(rounds.pass(near), "probe-rtt");
    }
}

#[test]
fn the_excess_of_an_ack_aggregate_counts_for_ten_rounds_and_is_forgotten_within_twenty() {
    let mut rounds = Rounds::cruising();
    let mut clumps = Aggregation::default();
    let mut acked = |packets, rounds: &Rounds| {
        let ack = TestSignals::default().acked(packets, 0, rounds.now);
        clumps.on_ack(&ack, &rounds.bbr.path);
        clumps.excess().round()
    };
    let excess: Vec<_> = (0..10).map(|_| acked(5, &rounds)).collect();
    assert_eq!(
        excess,
        (1..=10).map(|acks| f64::from(5 * acks)).collect::<Vec<_>>()
    );
    let excess: Vec<_> = (0..20)
        .map(|_| {
            rounds.pass(STEADY);
            acked(1, &rounds)
        })
        .collect();
    assert_eq!(excess[..10], [50.0; 10]);
    assert_eq!(excess[19..], [1.0]);
}
