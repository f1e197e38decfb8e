//! `lab soak`: runs a random transfer for each seed, on all cores, until one fails.

use clap::Args;
use sash::lab::soak::{self, Failure, Tally};
use sash::reliable::moment::Moment;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab soak --seeds 100000
  lab soak --from 100000 --seeds 1000000 --json
If a seed fails, soak prints the `lab run` command that reproduces it, and the exit code is 1.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Run this many transfers
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Start with this seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Print one JSON object at the end instead of the summary
    #[arg(long)]
    json: bool,
}

/// Runs a transfer for each seed, on as many threads as there are cores; returns whether all
/// succeeded.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let clock = Clock::start();
    let last = arguments.from.saturating_add(arguments.seeds);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (report, reports) = crossbeam_channel::bounded(workers);
    for worker in 0..workers {
        let report = report.clone();
        let seeds = (arguments.from + worker as u64..last).step_by(workers);
        threads::start(format!("soak-{worker}"), move || {
            run_seeds(seeds, &report);
        })?;
    }
    drop(report);
    let mut all = Tally::default();
    let mut shown = Moment::START;
    for tally in reports {
        match tally {
            Ok(tally) => all.merge(&tally),
            Err(failure) => {
                writeln!(io::stdout(), "{failure}")?;
                return Ok(false);
            }
        }
        let now = clock.now();
        if now - shown >= SHOW_EVERY {
            shown = now;
            let (done, seeds) = (all.transfers, arguments.seeds);
            let packets = millions(all.packets);
            let _ = writeln!(
                io::stderr(),
                "{done} of {seeds} transfers, {packets:.1} million packets"
            );
        }
    }
    write_tally(
        &mut io::stdout(),
        arguments,
        &all,
        clock.now() - Moment::START,
    )?;
    Ok(all.transfers == arguments.seeds)
}

/// How often the progress is shown.
const SHOW_EVERY: Duration = Duration::from_secs(5);

/// Transfers between two reports of one thread.
const SEEDS_PER_REPORT: u64 = 50;

/// Runs these seeds and reports from time to time, until one fails or the channel is closed.
fn run_seeds(
    seeds: impl Iterator<Item = u64>,
    report: &crossbeam_channel::Sender<Result<Tally, Failure>>,
) {
    let mut tally = Tally::default();
    for seed in seeds {
        match soak::run(seed) {
            Ok(run) => tally.add(&run),
            Err(failure) => {
                let _ = report.send(Err(failure));
                return;
            }
        }
        if tally.transfers == SEEDS_PER_REPORT
            && report.send(Ok(std::mem::take(&mut tally))).is_err()
        {
            return;
        }
    }
    let _ = report.send(Ok(tally));
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}

fn write_tally(
    out: &mut impl Write,
    arguments: &Arguments,
    all: &Tally,
    took: Duration,
) -> io::Result<()> {
    let (from, transfers, unknown) = (arguments.from, all.transfers, all.unknown);
    let (seconds, virtual_seconds) = (took.as_secs_f64(), all.elapsed.as_secs_f64());
    let slowest = all.slowest.as_secs_f64();
    if arguments.json {
        let line = serde_json::json!({
            "from": from,
            "transfers": transfers,
            "packets": all.packets,
            "events": all.steps,
            "bytes": all.bytes,
            "unopened": all.unopened,
            "without_the_last_word": unknown,
            "seconds": seconds,
            "virtual_seconds": virtual_seconds,
            "slowest_virtual_seconds": slowest,
        });
        return writeln!(out, "{line}");
    }
    let (packets, events, bytes) = (
        millions(all.packets),
        millions(all.steps),
        millions(all.bytes),
    );
    let hours = virtual_seconds / 3600.0;
    let (unopened, whole) = (all.unopened, transfers - all.unopened);
    writeln!(
        out,
        "{whole} transfers from seed {from} on arrived complete: {bytes:.1} MB in \
         {packets:.1} million packets, {events:.1} million events, {hours:.1} hours of \
         virtual time in {seconds:.1} s; the longest took {slowest:.0} s; {unknown} senders \
         never received the last FIN-ACK, {unopened} transfers never opened"
    )
}
