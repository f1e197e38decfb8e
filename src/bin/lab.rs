//! The laboratory's program: arguments, and calls into the library.

use clap::{Args, Parser, Subcommand};
use sash::bench::{self, Bench};
use sash::lab::run::{Experiment, Run, Stuck};
use sash::link::Scenario;
use sash::wire::options::{
    Arq, Asked, Congestion, DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW,
    Settled,
};
use sash::wire::sequence::SequenceNumber;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples
  lab run --arq go-back-n --link \"seed=7;loss=10%;delay=20ms\"
  lab run --arq all --size 1MiB --link \"seed=7;loss=5%;delay=10ms\"
  lab run --arq stop-and-wait --link \"drop=d0.1,a3.1\" --journal journals
  lab run --arq selective-repeat --congestion reno --size 4MiB --link \"data.loss=1%;delay=20ms\"
  lab bench --size 256MiB --rounds 3
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
    /// Write each run as JSON lines into this folder
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Print one JSON object a run instead of the table
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
    let (seconds, rate) = (run.elapsed.as_secs_f64(), run.goodput() / 1e6);
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
        "{name:<18}{window:>10}{seconds:>10.3}{rate:>10.3}{sent:>10}{resent:>10}{rto:>10.1}{doubt}"
    )
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
        "segment_bytes": experiment.segment_bytes,
        "verified": run.is_verified(),
        "seconds": run.elapsed.as_secs_f64(),
        "bytes_per_second": run.goodput(),
        "progress": run.progress,
    });
    writeln!(out, "{line}")
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
