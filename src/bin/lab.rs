//! The laboratory's program: arguments, and calls into the library.

use clap::{Args, Parser, Subcommand};
use sash::bench::{self, Bench};
use sash::lab::halt::Halt;
use sash::lab::run::{Experiment, Run, Stuck};
use sash::lab::soak::{self, Failure, Tally};
use sash::link::Scenario;
use sash::reliable::moment::Moment;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::options::{
    Arq, Asked, Congestion, DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW,
    Settled,
};
use sash::wire::sequence::SequenceNumber;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples
  lab run --arq go-back-n --link \"seed=7;loss=10%;delay=20ms\"
  lab run --arq all --size 1MiB --link \"seed=7;loss=5%;delay=10ms\"
  lab run --arq stop-and-wait --link \"drop=d0.1,a3.1\" --journal journals
  lab run --arq selective-repeat --congestion reno --size 4MiB --link \"data.loss=1%;delay=20ms\"
  lab run --arq go-back-n --halt receiver --link \"delay=20ms\"
  lab soak --seeds 100000
  lab bench --size 256MiB --rounds 3
";

const SOAK_EXAMPLES: &str = "\
Examples
  lab soak --seeds 100000
  lab soak --from 100000 --seeds 1000000 --json
A seed that fails says the `lab run` that shows it, and the exit code is 1.
";

/// Two machines and a link, no sockets: transfers in virtual time, and how fast real ones
/// are.
#[derive(Parser)]
#[command(name = "lab", version, before_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a transfer in virtual time: the same scenario gives the same journal
    #[command(before_help = EXAMPLES)]
    Run(RunArguments),
    /// Run a transfer in virtual time for every seed until one fails
    #[command(before_help = SOAK_EXAMPLES)]
    Soak(SoakArguments),
    /// Measure real transfers on loopback beside bare datagrams and kernel TCP
    #[command(before_help = EXAMPLES)]
    Bench(BenchArguments),
}

#[derive(Args)]
struct RunArguments {
    /// stop-and-wait, go-back-n, selective-repeat, or all of them in turn
    #[arg(long, default_value = "all", value_parser = protocols)]
    arq: Protocols,
    /// Who decides how much of the window is used: fixed, plus-one-minus-three,
    /// double-halve, additive, reno, cubic or bbr [default: fixed]
    #[arg(long, value_name = "CONTROLLER")]
    congestion: Option<Congestion>,
    /// Most packets in flight [default: 1, 16 and 16; with a controller 8192]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST_WINDOW)))]
    window: Option<u32>,
    /// The file's size: bytes, or with KiB, MiB, GiB
    #[arg(long, default_value = "100KiB", value_parser = bytes)]
    size: u64,
    /// File bytes per DATA packet
    #[arg(long, default_value_t = DEFAULT_SEGMENT_BYTES,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    segment: u16,
    /// What the link does, as "seed=7;loss=10%;delay=50ms"
    #[arg(long, default_value = "", value_name = "SCENARIO")]
    link: Scenario,
    /// The first sequence number; one just below 2^32 wraps
    #[arg(long, default_value_t = 0)]
    first: u32,
    /// So much of the file the receiver has already: bytes, or with KiB, MiB, GiB
    #[arg(long, default_value = "0", value_parser = bytes)]
    offset: u64,
    /// The sender opens the transfer, as a client does that uploads
    #[arg(long)]
    upload: bool,
    /// Who holds the transfer up for five seconds once half has arrived: sender,
    /// receiver or disk
    #[arg(long, value_name = "WHO")]
    halt: Option<Halt>,
    /// Write each run as JSON lines into this folder
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Print one JSON object a run instead of the table
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct SoakArguments {
    /// How many transfers
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Print one JSON object at the end instead of a sentence
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct BenchArguments {
    /// The file's size: bytes, or with KiB, MiB, GiB
    #[arg(long, default_value = "256MiB", value_parser = bytes)]
    size: u64,
    /// File bytes per DATA packet
    #[arg(long, default_value_t = DEFAULT_SEGMENT_BYTES,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    segment: u16,
    /// How often each row is measured; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// What the link does to Sash's own packets
    #[arg(long, default_value = "", value_name = "SCENARIO")]
    link: Scenario,
    /// Print one JSON object a row instead of the table
    #[arg(long)]
    json: bool,
}

#[derive(Clone)]
struct Protocols(Vec<Arq>);

fn protocols(text: &str) -> Result<Protocols, String> {
    if text == "all" {
        return Ok(Protocols(Arq::ALL.to_vec()));
    }
    let arq = text
        .parse::<Arq>()
        .map_err(|error| format!("{error}, or all"))?;
    Ok(Protocols(vec![arq]))
}

/// `1500`, `10KiB`, `256MiB`, `1GiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("", 0)];
    let parse = |(unit, shift): (&str, u32)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(1 << shift)
    };
    units
        .into_iter()
        .find_map(parse)
        .ok_or_else(|| "a size wanted, as 1500, 10KiB, 256MiB or 1GiB".to_owned())
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::Soak(arguments) => soak(&arguments),
        Command::Bench(arguments) => measure(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Who reads us has seen enough: `lab run | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "lab: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every protocol asked for; whether all files arrived whole.
fn run(arguments: &RunArguments) -> io::Result<bool> {
    let mut out = io::stdout();
    if !arguments.json {
        let (size, link) = (arguments.size, &arguments.link);
        write!(out, "{size} bytes, link: {link}")?;
        if let Some(controller) = arguments.congestion {
            write!(out, ", controller: {controller}")?;
        }
        writeln!(out)?;
        let heads = ["window", "seconds", "MB/s", "sent", "resent", "rto ms"];
        write!(out, "{:<18}", "")?;
        heads
            .iter()
            .try_for_each(|head| write!(out, "{head:>10}"))?;
        writeln!(out)?;
    }
    let mut all_whole = true;
    for &arq in &arguments.arq.0 {
        let asked = Asked {
            arq: Some(arq),
            window: arguments.window,
            congestion: arguments.congestion,
            segment_bytes: Some(arguments.segment),
            ..Asked::default()
        };
        let settled = asked.settle(&Settled::DEFAULT).map_err(io::Error::other)?;
        let experiment = Experiment {
            scenario: arguments.link.clone(),
            arq,
            window: settled.window,
            congestion: settled.congestion,
            size: arguments.size,
            segment_bytes: settled.segment_bytes,
            first: SequenceNumber(arguments.first),
            offset: arguments.offset.min(arguments.size),
            is_upload: arguments.upload,
            halt: arguments.halt,
            listening: arguments.journal.is_some(),
        };
        let run = match &arguments.journal {
            None => experiment.run(|_| ()),
            Some(folder) => write_journal(&experiment, folder).map_err(|error| {
                let place = folder.display();
                io::Error::other(format!("no journal can be written in {place}: {error}"))
            })?,
        };
        let run = run.map_err(io::Error::other)?;
        all_whole &= run.is_verified();
        if arguments.json {
            write_json(&mut out, &experiment, &run)?;
        } else {
            write_row(&mut out, &experiment, &run)?;
        }
    }
    Ok(all_whole)
}

/// Runs one experiment and writes its journal, which has its name only once it is whole.
fn write_journal(
    experiment: &Experiment,
    folder: &Path,
) -> io::Result<Result<Run, Stuck>> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.jsonl", experiment.arq));
    let part = path.with_extension("jsonl.part");
    let mut journal = BufWriter::new(File::create(&part)?);
    journal.write_all(experiment.heading().to_line().as_bytes())?;
    let mut written = Ok(());
    let run = experiment.run(|entry| {
        if written.is_ok() {
            written = journal.write_all(entry.to_line().as_bytes());
        }
    });
    written?;
    journal.into_inner()?.sync_all()?;
    fs::rename(part, path)?;
    Ok(run)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn write_row(out: &mut impl Write, experiment: &Experiment, run: &Run) -> io::Result<()> {
    let (arq, window, progress) = (experiment.arq, experiment.window, run.progress);
    let seconds = run.elapsed.as_secs_f64();
    let rate = rate(run).map_or("-".to_owned(), |rate| format!("{:.3}", rate / 1e6));
    let (sent, resent) = (progress.sent_packets, progress.resent_packets);
    let rto = progress.rto_us as f64 / 1e3;
    let doubt = if run.is_verified() {
        ""
    } else {
        "  not verified"
    };
    let name = arq.name();
    writeln!(
        out,
        "{name:<18}{window:>10}{seconds:>10.3}{rate:>10}{sent:>10}{resent:>10}{rto:>10.1}{doubt}"
    )
}

/// File bytes per second; a link without delay and rate takes no time.
fn rate(run: &Run) -> Option<f64> {
    (!run.elapsed.is_zero()).then(|| run.goodput())
}

fn write_json(
    out: &mut impl Write,
    experiment: &Experiment,
    run: &Run,
) -> io::Result<()> {
    let line = serde_json::json!({
        "scenario": experiment.scenario.to_string(),
        "arq": experiment.arq,
        "window": experiment.window,
        "congestion": experiment.congestion,
        "size": experiment.size,
        "offset": experiment.offset,
        "segment_bytes": experiment.segment_bytes,
        "verified": run.is_verified(),
        "seconds": run.elapsed.as_secs_f64(),
        "bytes_per_second": rate(run),
        "progress": run.progress,
    });
    writeln!(out, "{line}")
}

/// Runs a transfer for every seed, on as many threads as there are cores; whether all went
/// well.
fn soak(arguments: &SoakArguments) -> io::Result<bool> {
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

/// How often a soak says how far it is.
const SHOW_EVERY: Duration = Duration::from_secs(5);

/// Transfers between two reports of one thread.
const SEEDS_PER_REPORT: u64 = 50;

/// Runs these seeds, and reports now and then, until one fails or nobody listens.
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
    arguments: &SoakArguments,
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
        "{whole} transfers from seed {from} on arrived whole: {bytes:.1} MB in {packets:.1} \
         million packets, {events:.1} million events, {hours:.1} hours of virtual time in \
         {seconds:.1} s; the longest took {slowest:.0} s; {unknown} senders never heard \
         the last word, {unopened} transfers never began"
    )
}

fn measure(arguments: &BenchArguments) -> io::Result<bool> {
    let folder = tempfile::tempdir()?;
    let bench = Bench {
        size: arguments.size,
        segment_bytes: arguments.segment,
        rounds: arguments.rounds,
        folder: folder.path().to_owned(),
        scenario: arguments.link.clone(),
    };
    let rounds = arguments.rounds;
    let rows = bench.run(|round, way| {
        let _ = writeln!(io::stderr(), "round {round} of {rounds}: {way}");
    })?;
    let mut out = io::stdout();
    if !arguments.json {
        let (size, segment, link) = (bench.size, bench.segment_bytes, &bench.scenario);
        writeln!(
            out,
            "{size} bytes on loopback, {segment} per datagram, link: {link}"
        )?;
        write!(out, "{}", bench::table(&rows))?;
        return Ok(true);
    }
    for row in rows {
        let (way, median) = (row.way.to_string(), row.median());
        let line = serde_json::json!({
            "way": way, "megabytes_per_second": median, "rounds": row.rates,
            "resent_share": row.resent,
        });
        writeln!(out, "{line}")?;
    }
    Ok(true)
}
