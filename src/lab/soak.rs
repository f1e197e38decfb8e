//! Any number of random transfers: every seed is a protocol, a controller, a link and a
//! file.
//!
//! ```text
//!   seed 4711 --> go-back-n, cubic, window 64, 1601 bytes, "seed=4711;loss=30%;..."
//!             --> a run in virtual time --> whole? ended? in time? --> next seed
//! ```
//!
//! Protocol, controller and link advance like the wheels of a counter, so that about 500
//! consecutive seeds contain every combination; the rest is a hash of the seed. A seed
//! that fails prints the `lab run` command that repeats it.
//!
//! ```
//! use sash::lab::soak;
//! let mut tally = soak::Tally::default();
//! (0..10).for_each(|seed| tally.add(&soak::run(seed).unwrap()));
//! assert_eq!(tally.transfers, 10);
//! ```

use super::generator::Generator;
use super::halt::Halt;
use super::run::{Experiment, Run};
use crate::link::Scenario;
use crate::reliable::connection::{Failure as Failed, Outcome};
use crate::wire::options::{Arq, Congestion, DEFAULT_SEGMENT_BYTES};
use crate::wire::sequence::SequenceNumber;
use std::fmt;
use std::time::Duration;

/// Links from good to very bad; the seed precedes each.
const LINKS: [&str; 25] = [
    "",
    "loss=5%",
    "loss=30%",
    "loss=30%;duplicate=5%;reorder=10%;corrupt=5%",
    "delay=50ms;loss=10%;reorder=20%",
    "data.loss=20%;ack.corrupt=10%;delay=5ms",
    "ack.loss=40%;data.duplicate=20%;delay=1ms",
    "reorder=50%;duplicate=50%",
    "duplicate=20%;reorder=30%;corrupt=20%;delay=10ms",
    "data.burst=3%/25%;ack.burst=3%/60%;delay=20ms;jitter=10ms",
    "data.burst=2%/25%;ack.burst=2%/60%;delay=30ms",
    "delay=40ms;jitter=20ms",
    "delay=40ms;jitter=20ms;loss=10%;reorder=10%",
    "rate=1mbit;queue=6kB;delay=5ms;ack.rate=20kbit;loss=2%",
    "data.rate=10mbit;ack.rate=1mbit;delay=20ms;queue=25kB",
    "data.rate=10mbit;ack.rate=1mbit;delay=20ms;queue=6kB;loss=5%",
    "data.rate=2mbit;data.queue=3kB;delay=10ms",
    "data.rate=50mbit;data.queue=250kB;delay=20ms;loss=10%",
    "outage=2s/5s;delay=10ms;loss=5%",
    "outage=2s/5s;rate=400kbit;queue=20kB;delay=20ms",
    "outage=300ms/1s;loss=10%;delay=25ms",
    "delay=300ms;loss=1%",
    "delay=300ms;corrupt=15%;drop=d0.1,d0.2,s0.1,y0.1,a0.1,f0.1,g0.1",
    "mtu=1300;loss=10%;delay=10ms",
    "data.mtu=1250;duplicate=10%;reorder=20%;delay=2ms",
];

const WINDOWS: [u32; 7] = [1, 2, 7, 16, 64, 300, 8_192];

const SEGMENTS: [u16; 6] = [1, 16, 100, 100, 1_000, DEFAULT_SEGMENT_BYTES];

/// Most segments in a file, each as likely as the others: from nothing to many windows.
const LENGTHS: [u64; 6] = [0, 1, 2, 16, 60, 400];

/// No transfer of a soak may take longer. Virtual time: the slowest take ten minutes,
/// stop-and-wait over 300 ms each way with 400 segments.
const LONGEST: Duration = Duration::from_secs(1_800);

/// The transfer of this seed.
///
/// # Panics
/// Never: the links above are valid scenarios, as a test checks.
#[must_use]
pub fn experiment(seed: u64) -> Experiment {
    let mut wheels = seed;
    let mut turn = |count: usize| {
        let count = count as u64;
        let place = wheels % count;
        wheels /= count;
        usize::try_from(place).unwrap_or_default()
    };
    let arq = Arq::ALL[turn(Arq::ALL.len())];
    let congestion = Congestion::ALL[turn(Congestion::ALL.len())];
    let link = LINKS[turn(LINKS.len())];
    let mut generator = Generator::new(seed);
    let segment_bytes = *generator.one_of(&SEGMENTS);
    // The sizes where one byte more is one segment more are the interesting ones.
    let whole = *generator.one_of(&LENGTHS) * u64::from(segment_bytes);
    let size = *generator.one_of(&[whole, whole.saturating_sub(1), whole + 1]);
    let window = match arq {
        Arq::StopAndWait => 1,
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => *generator.one_of(&WINDOWS),
    };
    let first = *generator.one_of(&[0, 7_000, u32::MAX - 5, u32::MAX - 100]);
    let offset = *generator.one_of(&[0, 0, 0, 1, size / 3, size.saturating_sub(1), size]);
    let line = format!("seed={seed};{link}");
    let scenario = line.parse::<Scenario>();
    Experiment {
        scenario: scenario.expect("the links above are right"),
        arq,
        window,
        congestion,
        size,
        segment_bytes,
        first: SequenceNumber(first),
        offset: offset.min(size),
        is_upload: *generator.one_of(&[false, true]),
        halt: *generator.one_of(&[
            None,
            None,
            None,
            Some(Halt::Sender),
            Some(Halt::Receiver),
            Some(Halt::Disk),
        ]),
        ..Experiment::small()
    }
}

/// Runs the transfer of the seed.
///
/// # Errors
/// [`Failure`] if the file did not arrive complete, if the receiver or the sender reports
/// something else, or if it took too long. A transfer without any packet within 30 s
/// never began, and does not count.
pub fn run(seed: u64) -> Result<Run, Failure> {
    let experiment = experiment(seed);
    let fail = |what: String| Failure {
        seed,
        what,
        command: experiment.command(),
    };
    let run = experiment
        .run(|_| ())
        .map_err(|stuck| fail(stuck.to_string()))?;
    if is_unopened(&run) {
        return Ok(run);
    }
    if !run.is_identical || run.receiver != Outcome::Verified {
        let (whole, ended) = (run.is_identical, run.receiver);
        return Err(fail(format!("whole: {whole}; the receiver: {ended:?}")));
    }
    // There is no chat connection here, so sometimes every FIN-ACK is lost.
    if !matches!(run.sender, Outcome::Verified | Outcome::Unknown) {
        return Err(fail(format!("the sender: {:?}", run.sender)));
    }
    if run.elapsed > LONGEST {
        return Err(fail(format!("it took {:?}", run.elapsed)));
    }
    Ok(run)
}

/// Whether the handshake failed for 30 s, which is rare but a valid end.
fn is_unopened(run: &Run) -> bool {
    let no_answer = Outcome::Failed(Failed::NoAnswer);
    let ended = [run.sender, run.receiver];
    ended.contains(&no_answer) && !run.is_verified()
}

/// The totals so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Files that were sent.
    pub transfers: u64,
    /// Those of them that never began: the handshake failed for 30 s.
    pub unopened: u64,
    /// Packets put on the links, both ways.
    pub packets: u64,
    /// Deliveries and timers.
    pub steps: u64,
    /// File bytes.
    pub bytes: u64,
    /// Senders that never received FIN-ACK.
    pub unknown: u64,
    /// Virtual time, all transfers one after the other.
    pub elapsed: Duration,
    /// The longest of them.
    pub slowest: Duration,
}

impl Tally {
    /// Counts a successful transfer.
    pub fn add(&mut self, run: &Run) {
        self.merge(&Self {
            transfers: 1,
            unopened: u64::from(is_unopened(run)),
            packets: run.data.packets + run.ack.packets,
            steps: run.steps,
            bytes: run.progress.acked_bytes.saturating_sub(run.offset),
            unknown: u64::from(run.sender == Outcome::Unknown),
            elapsed: run.elapsed,
            slowest: run.elapsed,
        });
    }

    /// The totals of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.transfers += other.transfers;
        self.unopened += other.unopened;
        self.packets += other.packets;
        self.steps += other.steps;
        self.bytes += other.bytes;
        self.unknown += other.unknown;
        self.elapsed += other.elapsed;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// A seed that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    seed: u64,
    what: String,
    /// The command that repeats it.
    pub command: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            what,
            command,
        } = self;
        write!(f, "seed {seed}: {what}\n  {command}")
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_of_the_soak_test_is_a_valid_scenario() {
        for link in LINKS {
            assert!(link.parse::<Scenario>().is_ok(), "{link}");
        }
    }

    #[test]
    fn each_protocol_runs_with_each_controller_on_each_link() {
        let mut met = std::collections::BTreeSet::new();
        let all = 3 * Congestion::ALL.len() * LINKS.len();
        for seed in 0..all as u64 {
            let Experiment {
                arq,
                congestion,
                scenario,
                ..
            } = experiment(seed);
            let text = scenario.to_string();
            let link = text.split_once(';').map_or("", |(_, link)| link).to_owned();
            met.insert((arq.name(), congestion.name(), link));
        }
        assert_eq!(met.len(), all);
    }

    #[test]
    fn a_failure_report_ends_with_the_command_that_repeats_it() {
        let experiment = Experiment {
            scenario: "seed=7;loss=5%".parse().unwrap(),
            halt: Some(Halt::Disk),
            ..Experiment::small()
        };
        let failure = Failure {
            seed: 7,
            what: "stuck".to_owned(),
            command: experiment.command(),
        };
        assert_eq!(
            failure.to_string(),
            "seed 7: stuck\n  lab run --arq sack --congestion fixed --window 16 \
             --size 100000 --segment 1436 --first 0 --offset 0 --halt disk \
             --link \"seed=7;loss=5%\""
        );
    }
}
