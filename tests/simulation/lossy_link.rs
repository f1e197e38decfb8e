//! Every protocol over thousands of seeded links: the file arrives unchanged, and every wait
//! ends. A failure prints the command that repeats it.

use sash::lab::run::Experiment;
use sash::lab::soak::{self, Tally};
use sash::link::Scenario;
use sash::wire::options::{Arq, DEFAULT_SEGMENT_BYTES, FALLBACK_SEGMENT_BYTES};

/// `lab soak` runs more of them.
const SEEDS: u64 = 10_000;

#[test]
fn ten_thousand_seeded_transfers_are_complete_and_end() {
    let mut tally = Tally::default();
    for seed in 0..SEEDS {
        match soak::run(seed) {
            Ok(run) => tally.add(&run),
            Err(failure) => panic!("{failure}"),
        }
    }
    assert_eq!(tally.transfers, SEEDS);
    // There is no chat connection here, so sometimes every FIN-ACK is lost.
    assert!(tally.unknown < SEEDS / 100, "{tally:?}");
    assert!(tally.unopened < SEEDS / 1_000, "{tally:?}");
}

#[test]
fn each_protocol_transfers_a_megabyte_at_thirty_percent_loss() {
    for arq in Arq::ALL {
        let scenario: Scenario = "seed=11;loss=30%;duplicate=5%;reorder=10%;corrupt=5%"
            .parse()
            .unwrap();
        let size = 1 << 20;
        let experiment = Experiment {
            scenario,
            arq,
            size,
            window: 64,
            ..Experiment::small()
        };
        let run = experiment.run(|_| ()).unwrap();
        assert!(run.is_verified(), "{arq}: {run:?}");
    }
}

#[test]
fn a_transfer_continues_by_itself_after_an_outage_of_twenty_seconds() {
    for arq in Arq::ALL {
        let scenario =
            "seed=3;rate=100kbit;queue=100kB;delay=20ms;outage=20s/40s".parse();
        let experiment = Experiment {
            scenario: scenario.unwrap(),
            arq,
            window: 16,
            size: 400_000,
            ..Experiment::small()
        };
        let run = experiment.run(|_| ()).unwrap();
        assert!(run.is_verified(), "{arq}: {run:?}");
        let seconds = run.elapsed.as_secs_f64();
        assert!(seconds > 40.0, "{arq}: it was never dark in {seconds} s");
    }
}

#[test]
fn a_path_with_a_small_mtu_is_detected_in_both_directions() {
    for arq in Arq::ALL {
        for way in ["", "data.", "ack."] {
            let scenario = format!("delay=10ms;{way}mtu=1300").parse().unwrap();
            let size = 50_000;
            let experiment = Experiment {
                scenario,
                arq,
                size,
                segment_bytes: DEFAULT_SEGMENT_BYTES,
                ..Experiment::small()
            };
            let run = experiment.run(|_| ()).unwrap();
            assert!(run.is_verified(), "{arq}, {way}mtu: {run:?}");
            let segments = size.div_ceil(u64::from(FALLBACK_SEGMENT_BYTES));
            assert!(run.progress.sent_packets >= segments, "{run:?}");
        }
    }
}

#[test]
fn the_same_experiment_writes_the_same_journal_byte_for_byte() {
    let scenario = "seed=7;loss=20%;reorder=10%;corrupt=5%;duplicate=5%;delay=10ms";
    for arq in Arq::ALL {
        let journal = || {
            let scenario = scenario.parse().unwrap();
            let experiment = Experiment {
                scenario,
                arq,
                listening: true,
                ..Experiment::small()
            };
            let mut lines = experiment.heading().to_line();
            experiment
                .run(|entry| lines.push_str(&entry.to_line()))
                .unwrap();
            lines
        };
        let first = journal();
        assert!(
            first.lines().count() > 300,
            "{arq}: {}",
            first.lines().count()
        );
        assert_eq!(first, journal());
    }
}

#[test]
fn every_protocol_loses_the_same_first_attempts() {
    let lost_first_attempts = |arq| {
        let scenario = "seed=5;data.loss=15%;delay=5ms".parse().unwrap();
        let experiment = Experiment {
            scenario,
            arq,
            size: 300_000,
            listening: true,
            ..Experiment::small()
        };
        let mut lost = Vec::new();
        let is_lost = |line: &str| {
            line.contains("\"kind\":\"DATA\"")
                && line.contains("\"attempt\":1,")
                && line.contains("\"fate\":\"lost\"")
        };
        experiment
            .run(|entry| {
                let line = entry.to_line();
                if is_lost(&line) {
                    let number = line.split("\"number\":").nth(1).unwrap();
                    lost.push(number.split(',').next().unwrap().to_owned());
                }
            })
            .unwrap();
        lost.sort();
        lost
    };
    let by_stop_and_wait = lost_first_attempts(Arq::StopAndWait);
    assert!(by_stop_and_wait.len() > 10, "{by_stop_and_wait:?}");
    assert_eq!(by_stop_and_wait, lost_first_attempts(Arq::GoBackN));
    assert_eq!(by_stop_and_wait, lost_first_attempts(Arq::SelectiveRepeat));
    assert_eq!(by_stop_and_wait, lost_first_attempts(Arq::Sack));
}
