//! Properties that hold on difficult paths, in virtual time: every file arrives complete, and
//! the default, `sack` with BBR, uses nearly all of a path's bandwidth at every loss.
//!
//! A failure prints the command that repeats it.

use sash::lab::journal::JournalEvent;
use sash::lab::run::{Experiment, Run};
use sash::reliable::event::Event;
use sash::wire::options::{Arq, Congestion, LARGEST_WINDOW};
use std::time::Duration;

/// Runs it; both sides must know that the file arrived complete.
fn whole(experiment: &Experiment) -> Run {
    let run = experiment.run(|_| ());
    let run = run.unwrap_or_else(|stuck| panic!("{stuck}\n{}", experiment.command()));
    assert!(run.is_verified(), "{run:?}\n{}", experiment.command());
    run
}

/// Each protocol with each controller sends this much over the link, and takes at least this
/// long.
fn every_protocol_delivers_the_file(link: &str, size: u64, at_least: Duration) {
    for arq in Arq::ALL {
        for congestion in Congestion::ALL {
            let window = if arq == Arq::StopAndWait { 1 } else { 64 };
            for seed in [1, 2] {
                let experiment = Experiment {
                    scenario: format!("seed={seed};{link}").parse().expect("a link"),
                    arq,
                    window,
                    congestion,
                    size,
                    ..Experiment::small()
                };
                let run = whole(&experiment);
                let told = experiment.command();
                assert!(run.elapsed >= at_least, "{:?}\n{told}", run.elapsed);
                assert!(run.elapsed.as_secs() < 600, "{:?}\n{told}", run.elapsed);
            }
        }
    }
}

#[test]
fn an_outage_of_two_seconds_in_every_five_only_delays_a_transfer() {
    let link = "outage=2s/5s;delay=20ms;rate=1mbit;queue=50kB";
    every_protocol_delivers_the_file(link, 600_000, Duration::from_secs(5));
}

#[test]
fn no_protocol_synchronizes_with_a_periodic_outage() {
    for outage in ["300ms/1s", "400ms/1s", "300ms/500ms"] {
        let link = format!("outage={outage};delay=25ms;loss=10%");
        every_protocol_delivers_the_file(&link, 60_000, Duration::ZERO);
    }
}

#[test]
fn every_protocol_tolerates_burst_loss() {
    let link = "data.burst=2%/10%;ack.burst=2%/60%;delay=20ms";
    every_protocol_delivers_the_file(link, 500_000, Duration::ZERO);
}

#[test]
fn every_protocol_tolerates_a_jitter_of_half_the_delay() {
    let link = "delay=40ms;jitter=20ms";
    every_protocol_delivers_the_file(link, 500_000, Duration::ZERO);
}

#[test]
fn every_protocol_tolerates_a_reverse_path_that_is_ten_times_slower() {
    let link = "data.rate=10mbit;ack.rate=1mbit;queue=50kB;delay=20ms";
    every_protocol_delivers_the_file(link, 500_000, Duration::ZERO);
}

/// A path for the default: a bottleneck and a round-trip time.
#[derive(Debug, Clone, Copy)]
struct Path {
    megabits: u32,
    one_way_ms: u32,
    queue_bytes: u64,
}

/// 50 Mbit/s, a round-trip time of 40 ms, a queue of one bandwidth-delay product.
const BROADBAND: Path = Path {
    megabits: 50,
    one_way_ms: 20,
    queue_bytes: 250_000,
};

/// File bytes in each packet of 1,500.
const PAYLOAD: f64 = 1_436.0 / 1_500.0;

impl Path {
    fn experiment(self, loss_percent: u32, seed: u64) -> Experiment {
        let Self {
            megabits,
            one_way_ms,
            queue_bytes,
        } = self;
        let link = format!(
            "seed={seed};loss={loss_percent}%;delay={one_way_ms}ms;\
             data.rate={megabits}mbit;data.queue={queue_bytes}B"
        );
        Experiment {
            scenario: link.parse().expect("it is written above"),
            arq: Arq::Sack,
            congestion: Congestion::Bbr,
            window: LARGEST_WINDOW,
            size: 64 << 20,
            ..Experiment::small()
        }
    }

    /// Goodput as a share of the possible goodput at this loss.
    fn share(self, loss_percent: u32, run: &Run) -> f64 {
        let bytes_per_second = f64::from(self.megabits) * 1e6 / 8.0;
        run.goodput() / (bytes_per_second * PAYLOAD * arriving(loss_percent))
    }

    /// At each loss the default uses at least this share of the path.
    fn is_used(self, shares: &[(u32, f64)]) {
        for &(loss_percent, least) in shares {
            for seed in 1..=3 {
                let experiment = self.experiment(loss_percent, seed);
                let share = self.share(loss_percent, &whole(&experiment));
                let told = experiment.command();
                assert!(share >= least, "{share:.3}, not {least}\n{told}");
            }
        }
    }
}

fn arriving(loss_percent: u32) -> f64 {
    1.0 - f64::from(loss_percent) / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "bytes of one transfer")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn a_broadband_path_is_utilized_at_loss_rates_up_to_30_percent() {
    let shares = [
        (0, 0.96),
        (1, 0.96),
        (5, 0.95),
        (10, 0.94),
        (20, 0.92),
        (30, 0.9),
    ];
    BROADBAND.is_used(&shares);
}

#[test]
fn a_satellite_path_is_utilized_to_three_quarters_including_slow_start() {
    let satellite = Path {
        megabits: 20,
        one_way_ms: 300,
        queue_bytes: 1_500_000,
    };
    satellite.is_used(&[(0, 0.75), (1, 0.75)]);
}

#[test]
fn a_fast_short_path_is_utilized_at_loss_rates_up_to_5_percent() {
    let metro = Path {
        megabits: 200,
        one_way_ms: 5,
        queue_bytes: 250_000,
    };
    metro.is_used(&[(0, 0.95), (1, 0.95), (5, 0.95)]);
}

#[test]
fn few_retransmissions_are_spurious_and_the_reverse_path_carries_little_traffic() {
    for loss_percent in [0, 1, 5, 10, 20, 30] {
        let experiment = BROADBAND.experiment(loss_percent, 4);
        let run = whole(&experiment);
        let told = experiment.command();
        let per_byte = ratio(run.data.bytes, experiment.size);
        let most = 1.06 / arriving(loss_percent);
        assert!(per_byte <= most, "{per_byte:.3} beyond {most:.3}\n{told}");
        let back = ratio(run.ack.bytes, run.data.bytes);
        assert!(back <= 0.02, "{back:.4} of it came back\n{told}");
    }
}

#[test]
fn the_standing_queue_of_the_default_controller_is_at_most_one_bandwidth_delay_product() {
    let path = Path {
        queue_bytes: 1_000_000,
        ..BROADBAND
    };
    let product = Duration::from_millis(40);
    for loss_percent in [0, 1, 10] {
        let experiment = Experiment {
            listening: true,
            ..path.experiment(loss_percent, 1)
        };
        let mut round_trips = Vec::new();
        let run = experiment.run(|entry| {
            let is_steady = entry.time_us > 2_000_000;
            if let JournalEvent::Machine(Event::MetricsUpdated { latest_us, .. }) =
                entry.what
                && is_steady
            {
                round_trips.push(latest_us);
            }
        });
        assert!(run.expect("it ends").is_verified());
        round_trips.sort_unstable();
        let longest = round_trips.last().copied().unwrap_or_default();
        let queue = Duration::from_micros(longest).saturating_sub(product);
        let told = experiment.command();
        assert!(round_trips.len() > 1_000, "{}\n{told}", round_trips.len());
        assert!(queue <= product, "{queue:?} waits in the queue\n{told}");
    }
}
