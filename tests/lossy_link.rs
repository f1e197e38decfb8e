//! Every protocol over thousands of seeded links: what arrives is what was sent, and every
//! wait ends. A failure prints the line that repeats it.

use sash::lab::run::Experiment;
use sash::link::Scenario;
use sash::reliable::connection::Outcome;
use sash::wire::options::{
    Arq, Congestion, DEFAULT_SEGMENT_BYTES, FALLBACK_SEGMENT_BYTES,
};
use sash::wire::sequence::SequenceNumber;

/// Scenarios from mild to wild; `{}` is the seed.
const SCENARIOS: [&str; 11] = [
    "seed={};loss=5%",
    "seed={};loss=30%",
    "seed={};loss=30%;duplicate=5%;reorder=10%;corrupt=5%",
    "seed={};delay=50ms;loss=10%;reorder=20%",
    "seed={};data.loss=20%;ack.corrupt=10%;delay=5ms",
    "seed={};ack.loss=40%;data.duplicate=20%;delay=1ms",
    "seed={};reorder=50%;duplicate=50%",
    "seed={};data.burst=3%/25%;ack.burst=3%/60%;delay=20ms;jitter=10ms",
    "seed={};rate=1mbit;queue=6kB;delay=5ms;ack.rate=20kbit;loss=2%",
    "seed={};outage=2s/5s;delay=10ms;loss=5%",
    "seed={};delay=300ms;corrupt=15%;drop=d0.1,d0.2,s0.1,y0.1,a0.1,f0.1,g0.1",
];

const SEGMENT: u16 = 100;

const SEEDS: u64 = 3_300;

/// From nothing to many windows, and the sizes where one byte more is one segment more.
const SIZES: [u64; 8] = [0, 1, 99, 100, 101, 1_600, 1_601, 12_345];

fn experiment(seed: u64) -> Experiment {
    let pick = |count: usize, step: u64| {
        usize::try_from(seed / step).expect("seeds are small") % count
    };
    let scenario = SCENARIOS[pick(SCENARIOS.len(), 1)].replace("{}", &seed.to_string());
    let windows = [1, 2, 7, 16, 64, 300];
    // Every other run begins just below 2^32, so that its numbers wrap.
    let first = if seed.is_multiple_of(2) {
        u32::MAX - 5
    } else {
        7_000
    };
    Experiment {
        scenario: scenario.parse().expect("the list above is right"),
        arq: Arq::ALL[pick(3, 8)],
        window: windows[pick(windows.len(), 3)],
        congestion: Congestion::ALL[pick(7, 11)],
        size: SIZES[pick(SIZES.len(), 5)],
        segment_bytes: SEGMENT,
        first: SequenceNumber(first),
        listening: false,
    }
}

#[test]
fn thousands_of_seeded_transfers_arrive_whole_and_end() {
    let mut without_the_last_word = 0;
    for seed in 0..SEEDS {
        let experiment = experiment(seed);
        let run = experiment.run(|_| ()).unwrap_or_else(|stuck| {
            panic!("seed {seed}: {stuck}\n{:#?}", experiment.heading())
        });
        let is_whole = run.is_identical && run.receiver == Outcome::Verified;
        let is_known = run.sender == Outcome::Verified;
        assert!(
            is_whole && (is_known || run.sender == Outcome::Unknown),
            "seed {seed}: {run:?}
{:#?}",
            experiment.heading()
        );
        without_the_last_word += u64::from(!is_known);
    }
    // Here no chat connection helps out, so now and then every last word is lost.
    assert!(
        without_the_last_word < SEEDS / 100,
        "{without_the_last_word} unknown"
    );
}

#[test]
fn a_megabyte_survives_thirty_percent_loss_and_more_by_each_protocol() {
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
fn a_transfer_goes_on_by_itself_when_the_network_was_away_for_twenty_seconds() {
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
fn a_path_too_narrow_for_the_default_is_found_out_in_both_directions() {
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
fn the_same_first_attempts_are_lost_by_every_protocol() {
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
                    lost.push(line.split("\"number\":").nth(1).unwrap().to_owned());
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
}
