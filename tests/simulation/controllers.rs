//! Controllers compared with the formulas of their literature, in virtual time.
//!
//! The link loses DATA at random and nothing else: it has no queue and no bandwidth limit, and
//! no ACK is lost. Losses alone set the window, and its average is throughput x round-trip
//! time. Segments have 16 bytes, since a controller counts packets and a packet costs the same
//! whatever its size. There are so many that the first slow start has little influence.
//!
//! `UPDATE_GOLDEN=1 cargo test --test simulation controllers::` rewrites the tables of the report.

use crate::golden::compare;
use sash::lab::journal::JournalEvent;
use sash::lab::run::Experiment;
use sash::reliable::event::Event;
use sash::wire::options::{Arq, Congestion, LARGEST_WINDOW};
use std::fmt::Write as _;

/// The largest relative difference between a formula and a measurement.
const TOLERANCE: f64 = 0.15;

#[test]
fn reno_is_as_fast_as_the_mathis_formula() {
    let mut table = heading();
    for (loss, packets) in [(0.0005, 300_000), (0.001, 200_000), (0.002, 100_000)] {
        let course = Course {
            loss,
            packets,
            ..Course::LONG
        };
        course.check(&mut table, Congestion::Reno, "Mathis", course.mathis());
    }
    compare("reno_against_mathis.txt", &table);
}

#[test]
fn cubic_is_as_fast_as_the_formula_of_rfc_9438() {
    let mut table = heading();
    for round_trip_ms in [200, 300, 600] {
        let course = Course {
            round_trip_ms,
            loss: 0.0005,
            packets: 250_000,
        };
        let formula = course.rfc_9438();
        assert!(formula > 1.5 * course.mathis(), "not the cubic region");
        course.check(&mut table, Congestion::Cubic, "RFC 9438", formula);
    }
    for round_trip_ms in [60, 100] {
        let course = Course {
            round_trip_ms,
            loss: 0.005,
            packets: 100_000,
        };
        let formula = course.mathis();
        assert!(formula > 1.5 * course.rfc_9438(), "not Reno's region");
        course.check(&mut table, Congestion::Cubic, "Mathis", formula);
    }
    compare("cubic_against_rfc_9438.txt", &table);
}

#[test]
fn cubic_matches_its_formula_at_perfectly_regular_losses() {
    let packets = 200_000;
    let drops: Vec<_> = (1..packets / 2_000)
        .map(|nth| format!("d{}.1", nth * 2_000))
        .collect();
    let scenario = format!("delay=100ms;drop={}", drops.join(","));
    let course = Course {
        packets,
        ..Course::LONG
    };
    let found = course.window(Congestion::Cubic, &scenario);
    let ratio = found / course.rfc_9438();
    assert!((ratio - 1.0).abs() < TOLERANCE, "{found:.1}, {ratio:.2}");
}

#[test]
fn cubic_leaves_slow_start_before_the_queue_overflows_and_reno_does_not() {
    let first_phases = |congestion| {
        let experiment = Experiment {
            scenario: "delay=20ms;data.rate=20mbit;queue=1MB"
                .parse()
                .expect("it is right"),
            window: LARGEST_WINDOW,
            congestion,
            size: 8 << 20,
            listening: true,
            ..Experiment::small()
        };
        let mut phases = Vec::new();
        let run = experiment.run(|entry| {
            if let JournalEvent::Machine(Event::CongestionUpdated { phase, .. }) =
                entry.what
                && phases.last() != Some(&phase)
            {
                phases.push(phase);
            }
        });
        let run = run.expect("it ends");
        assert!(run.is_verified(), "{run:?}");
        phases.truncate(3);
        (phases, run.progress.resent_packets)
    };
    let (phases, cubic_lost) = first_phases(Congestion::Cubic);
    let in_time = [
        "slow-start",
        "conservative-slow-start",
        "congestion-avoidance",
    ];
    assert_eq!(phases, in_time);
    let (phases, reno_lost) = first_phases(Congestion::Reno);
    assert_eq!(phases[..2], ["slow-start", "recovery"]);
    assert!(3 * cubic_lost < reno_lost, "{cubic_lost} {reno_lost}");
}

#[test]
fn every_controller_responds_to_one_loss_as_its_chapter_says() {
    let lessons = [
        Congestion::PlusOneMinusThree,
        Congestion::DoubleHalve,
        Congestion::Additive,
        Congestion::Reno,
        Congestion::Cubic,
    ];
    let columns = lessons.map(windows_around_a_loss);
    let mut table =
        "window in packets; segment 300 is lost once; 100 ms there and back\n\
                     \n      ms"
            .to_owned();
    for lesson in lessons {
        write!(table, "{:>22}", lesson.name()).expect("memory");
    }
    for (row, time) in (300..=2_000).step_by(100).enumerate() {
        write!(table, "\n{time:8}").expect("memory");
        for column in &columns {
            write!(table, "{:22}", column[row]).expect("memory");
        }
    }
    compare("windows_around_a_loss.txt", &table);
}

/// A link that loses DATA at random, and how much of it is sent.
#[derive(Debug, Clone, Copy)]
struct Course {
    /// The share that is lost.
    loss: f64,
    round_trip_ms: u32,
    /// DATA packets per seed.
    packets: u32,
}

/// Seeds 1 to this many.
const SEEDS: u32 = 3;

const SEGMENT_BYTES: u16 = 16;

impl Course {
    /// A round-trip time that is long compared with an ACK delay of 10 ms.
    const LONG: Self = Self {
        loss: 0.0005,
        round_trip_ms: 200,
        packets: 100_000,
    };

    fn round_trip(&self) -> f64 {
        f64::from(self.round_trip_ms) / 1e3
    }

    /// Average window, packets: sqrt(3/2) / sqrt(p) (Mathis et al. 1997, §2, every packet
    /// counted as acknowledged).
    fn mathis(&self) -> f64 {
        (1.5 / self.loss).sqrt()
    }

    /// Average window, packets, where a loss leaves 0.7 and C is 0.4 (RFC 9438 §5.1).
    fn rfc_9438(&self) -> f64 {
        let (beta, c) = (0.7, 0.4_f64);
        let constant = (c * (3.0 + beta) / (4.0 * (1.0 - beta))).powf(0.25);
        constant * (self.round_trip() / self.loss).powf(0.75)
    }

    /// Runs all seeds; the mean must match the formula.
    fn check(
        &self,
        table: &mut String,
        congestion: Congestion,
        formula: &str,
        expected: f64,
    ) {
        let (percent, one_way) = (100.0 * self.loss, self.round_trip_ms / 2);
        let scenario =
            |seed| format!("seed={seed};data.loss={percent}%;delay={one_way}ms");
        let windows = (1..=SEEDS).map(|seed| self.window(congestion, &scenario(seed)));
        let found = windows.sum::<f64>() / f64::from(SEEDS);
        let ratio = found / expected;
        let round_trip = self.round_trip_ms;
        writeln!(
            table,
            "{percent:>7.2}% {round_trip:>9} ms  {formula:<9}{expected:>9.0}{found:>10.0}{ratio:>8.2}"
        )
        .expect("memory");
        assert!(
            (ratio - 1.0).abs() < TOLERANCE,
            "{congestion} {self:?}: {found:.1} against {expected:.1}"
        );
    }

    /// The average window: throughput x round trip.
    fn window(&self, congestion: Congestion, scenario: &str) -> f64 {
        let experiment = Experiment {
            scenario: scenario.parse().expect("it is written above"),
            window: 4_096,
            congestion,
            size: u64::from(self.packets) * u64::from(SEGMENT_BYTES),
            segment_bytes: SEGMENT_BYTES,
            ..Experiment::small()
        };
        let run = experiment.run(|_| ()).expect("it ends");
        assert!(run.is_verified(), "{congestion} {scenario}: {run:?}");
        let sending = run.elapsed.as_secs_f64() - 2.0 * self.round_trip();
        f64::from(self.packets) * self.round_trip() / sending
    }
}

/// The window every 100 ms, from the first ACK on.
fn windows_around_a_loss(congestion: Congestion) -> Vec<u32> {
    let experiment = Experiment {
        scenario: "delay=50ms;drop=d300.1".parse().expect("it is right"),
        arq: Arq::Sack,
        window: 128,
        congestion,
        size: 4_000 * u64::from(SEGMENT_BYTES),
        segment_bytes: SEGMENT_BYTES,
        listening: true,
        ..Experiment::small()
    };
    let mut changes = Vec::new();
    let run = experiment.run(|entry| {
        if let JournalEvent::Machine(Event::CongestionUpdated { cwnd, .. }) = entry.what {
            changes.push((entry.time_us, cwnd));
        }
    });
    assert!(run.expect("it ends").is_verified());
    let at = |time_ms: u64| {
        let before = changes.iter().rev().find(|it| it.0 < 1_000 * time_ms);
        before.map_or(0, |it| it.1)
    };
    (300..=2_000).step_by(100).map(at).collect()
}

fn heading() -> String {
    let runs = format!("mean of {SEEDS} seeds; windows in packets");
    let heads = "   loss   round trip  formula    says     found   ratio";
    format!("{runs}\n\n{heads}\n")
}
