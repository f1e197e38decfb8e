//! `lab bench`: real transfers on loopback beside bare datagrams and kernel TCP, in a table.

use super::arguments::bytes;
use clap::Args;
use sash::bench::{self, Bench};
use sash::link::Scenario;
use sash::wire::options::{DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES};
use std::io::{self, Write};

pub(crate) const EXAMPLES: &str = "\
Examples
  lab bench --size 256MiB --rounds 3
  lab bench --size 64MiB --link \"loss=1%\" --json
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
    /// Print one JSON object a row instead of the table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
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
