//! `lab bench`: real transfers on loopback beside bare datagrams and kernel TCP, in a table.

use super::arguments::bytes;
use super::output::write_whole;
use clap::Args;
use sash::bench::{Bench, Way, listing};
use sash::link::Scenario;
use sash::wire::options::{DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES};
use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab bench --size 256MiB --rounds 3
  lab bench --size 1GiB --rounds 5 --only 5 --only 6 --svg speed.svg
  lab bench --size 64MiB --link \"loss=1%\" --json
Rows whose numbers --only names are measured; without it, all.
";

#[derive(Args)]
pub(crate) struct Arguments {
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
    /// Measure this row, counted from 1; may be given several times
    #[arg(long, value_name = "ROW", action = clap::ArgAction::Append)]
    only: Vec<usize>,
    /// Where the file is made and arrives; without it, in a folder of its own
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Draw the rows as bars into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object a row instead of the table
    #[arg(long)]
    json: bool,
}

/// Measures, and prints what came of it.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }?;
    let bench = Bench {
        size: arguments.size,
        segment_bytes: arguments.segment,
        rounds: arguments.rounds,
        folder: folder.path().to_owned(),
        scenario: arguments.link.clone(),
    };
    let rounds = arguments.rounds;
    let rows = bench.run(ways(&bench, &arguments.only)?, |round, way| {
        let _ = writeln!(io::stderr(), "round {round} of {rounds}: {way}");
    })?;
    let (size, segment, link) = (bench.size, bench.segment_bytes, &bench.scenario);
    let what = format!("{size} bytes on loopback, {segment} per datagram, link: {link}");
    if let Some(path) = &arguments.svg {
        write_whole(path, listing::picture(&rows, &what).svg().as_bytes())?;
    }
    let mut out = io::stdout();
    if !arguments.json {
        writeln!(out, "{what}")?;
        write!(out, "{}", listing::table(&rows))?;
        return Ok(true);
    }
    for row in rows {
        let rates: Vec<_> = row.rounds.iter().map(|round| round.rate).collect();
        let line = serde_json::json!({
            "way": row.way.to_string(),
            "megabytes_per_second": row.rate(),
            "rounds": rates,
            "resent_share": row.median(|round| round.resent),
            "processor_seconds_per_gibibyte": listing::seconds_per_gibibyte(&row),
            "peak_mebibytes": listing::peak_mebibytes(&row),
        });
        writeln!(out, "{line}")?;
    }
    Ok(true)
}

/// The rows with these numbers, or all.
fn ways(bench: &Bench, only: &[usize]) -> io::Result<Vec<Way>> {
    let all = bench.ways();
    if only.is_empty() {
        return Ok(all);
    }
    let row = |&number: &usize| {
        let way = number.checked_sub(1).and_then(|place| all.get(place));
        way.copied().ok_or_else(|| {
            let names = (1..)
                .zip(&all)
                .map(|(number, way)| format!("\n  {number} {way}"));
            let names: String = names.collect();
            io::Error::other(format!("there is no row {number}; there are{names}"))
        })
    };
    only.iter().map(row).collect()
}
