//! `lab run`: one transfer in virtual time for each requested protocol, and a table.

use super::arguments::TransferArguments;
use super::ladder::run_first;
use super::output;
use super::replay::speed;
use super::watch::{self, Watch};
use clap::Args;
use sash::lab::player::Player;
use sash::lab::run::{Experiment, Run, Stuck};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLES: &str = "\
Examples
  lab run --arq go-back-n --link \"seed=7;loss=10%;delay=20ms\"
  lab run --arq all --size 1MiB --link \"seed=7;loss=5%;delay=10ms\"
  lab run --arq stop-and-wait --link \"drop=d0.1,a3.1\" --journal journals
  lab run --arq sack --congestion reno --size 4MiB --link \"data.loss=1%;delay=20ms\"
  lab run --arq go-back-n --size 20KiB --link \"drop=d4.1;delay=50ms\" --watch
  lab run --arq go-back-n --halt receiver --link \"delay=20ms\"
";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    transfer: TransferArguments,
    /// Write an event log of each run into this folder, as JSON lines
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Print one JSON object per run instead of the table
    #[arg(long)]
    json: bool,
    /// Show window and sequence diagram during the run
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Play this many virtual seconds per second, with --watch
    #[arg(long, default_value_t = 0.25, value_name = "X", value_parser = speed)]
    speed: f64,
}

/// Runs every requested protocol; returns whether all files arrived complete.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    if arguments.watch {
        watch_each(arguments)?;
    }
    let (mut out, transfer) = (io::stdout(), &arguments.transfer);
    // With several controllers a row is named by both.
    let many = transfer
        .congestion
        .as_ref()
        .is_some_and(|list| list.0.len() > 1);
    let width = if many { 40 } else { 18 };
    if !arguments.json {
        let (size, link) = (transfer.size, &transfer.link);
        write!(out, "{size} bytes, link: {link}")?;
        if let Some(controller) = &transfer.congestion {
            write!(out, ", controller: {controller}")?;
        }
        writeln!(out)?;
        let heads = ["window", "seconds", "MB/s", "sent", "resent", "rto ms"];
        write!(out, "{:<width$}", "")?;
        heads
            .iter()
            .try_for_each(|head| write!(out, "{head:>10}"))?;
        writeln!(out)?;
    }
    let mut all_whole = true;
    for experiment in arguments.transfer.experiments()? {
        let name = if many {
            format!("{}-{}", experiment.arq, experiment.congestion)
        } else {
            experiment.arq.to_string()
        };
        let experiment = Experiment {
            listening: arguments.journal.is_some(),
            ..experiment
        };
        let run = match &arguments.journal {
            None => experiment.run(|_| ()),
            Some(folder) => {
                write_journal(&experiment, folder, &name).map_err(|error| {
                    let place = folder.display();
                    io::Error::other(format!(
                        "cannot write event logs in {place}: {error}"
                    ))
                })?
            }
        };
        let run = run.map_err(io::Error::other)?;
        all_whole &= run.is_verified();
        if arguments.json {
            write_json(&mut out, &experiment, &run)?;
        } else {
            write_row(&mut out, &format!("{name:<width$}"), &experiment, &run)?;
        }
    }
    Ok(all_whole)
}

/// Plays the runs one after another, before the table.
fn watch_each(arguments: &Arguments) -> io::Result<()> {
    for journal in run_first(&arguments.transfer)? {
        let watch = Watch {
            speed: arguments.speed,
            is_playing: true,
            from_us: 0,
        };
        watch::play(Player::journal(journal), watch)?;
    }
    Ok(())
}

/// Runs one experiment and writes its event log, which gets its name when it is complete.
fn write_journal(
    experiment: &Experiment,
    folder: &Path,
    name: &str,
) -> io::Result<Result<Run, Stuck>> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{name}.jsonl"));
    let mut journal = BufWriter::new(output::temporary(folder)?);
    journal.write_all(experiment.heading().to_line().as_bytes())?;
    let mut written = Ok(());
    let run = experiment.run(|entry| {
        if written.is_ok() {
            written = journal.write_all(entry.to_line().as_bytes());
        }
    });
    written?;
    let part = journal.into_inner()?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    Ok(run)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn write_row(
    out: &mut impl Write,
    name: &str,
    experiment: &Experiment,
    run: &Run,
) -> io::Result<()> {
    let (window, progress) = (experiment.window, run.progress);
    let seconds = run.elapsed.as_secs_f64();
    let rate = rate(run).map_or("-".to_owned(), |rate| format!("{:.3}", rate / 1e6));
    let (sent, resent) = (progress.sent_packets, progress.resent_packets);
    let rto = progress.rto_us as f64 / 1e3;
    let doubt = if run.is_verified() {
        ""
    } else {
        "  not verified"
    };
    writeln!(
        out,
        "{name}{window:>10}{seconds:>10.3}{rate:>10}{sent:>10}{resent:>10}{rto:>10.1}{doubt}"
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
