//! `./sash bench`: real transfers on loopback beside bare datagrams and kernel TCP, in a
//! table.

use super::size::bytes;
use super::{Bench, Method, listing};
use clap::Parser;
use sash::link::Scenario;
use sash::wire::options::{DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES};
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples
  ./sash bench --size 256MiB --rounds 3
  ./sash bench --size 1GiB --rounds 5 --only 5 --only 6 --svg speed.svg
  ./sash bench --size 64MiB --link \"loss=1%\" --json
The first column of the table numbers the rows for --only.
";

/// Measure real transfers on loopback and compare them with plain UDP and kernel TCP.
#[derive(Parser)]
#[command(name = "bench", before_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Set the size of the file: bytes, or with KiB, MiB, GiB
    #[arg(long, default_value = "256MiB", value_parser = bytes)]
    size: u64,
    /// Put this many file bytes into a DATA packet
    #[arg(long, default_value_t = DEFAULT_SEGMENT_BYTES,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    segment: u16,
    /// Measure each row this many times and take the median
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Inject these faults into the packets of Sash's own protocols
    #[arg(long, default_value = "perfect", value_name = "SCENARIO")]
    link: Scenario,
    /// Measure only this row, counted from 1; may be given several times [default: all rows]
    #[arg(long, value_name = "ROW", action = clap::ArgAction::Append)]
    only: Vec<usize>,
    /// Create and receive the file in this folder [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Draw the rows as a bar chart into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object per row instead of the table
    #[arg(long)]
    json: bool,
    /// Accept the flag that `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// Measures what the arguments choose, and prints the results.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
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
    let rows = bench.run(methods(&bench, &arguments.only)?, |round, method| {
        let _ = writeln!(io::stderr(), "round {round} of {rounds}: {method}");
    })?;
    let (size, segment, link) = (bench.size, bench.segment_bytes, &bench.scenario);
    let what = format!("{size} bytes on loopback, {segment} per datagram, link: {link}");
    if let Some(path) = &arguments.svg {
        fs::write(path, listing::picture(&rows, &what).svg())?;
    }
    if !arguments.json {
        writeln!(out, "{what}")?;
        write!(out, "{}", listing::table(&rows))?;
        return Ok(());
    }
    for row in rows {
        let rates: Vec<_> = row.rounds.iter().map(|round| round.rate).collect();
        let line = serde_json::json!({
            "way": row.method.to_string(),
            "megabytes_per_second": row.rate(),
            "rounds": rates,
            "resent_share": row.median(|round| round.resent),
            "processor_seconds_per_gibibyte": listing::seconds_per_gibibyte(&row),
            "peak_mebibytes": listing::peak_mebibytes(&row),
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The rows with these numbers, or all.
fn methods(bench: &Bench, only: &[usize]) -> io::Result<Vec<Method>> {
    let all = bench.methods();
    if only.is_empty() {
        return Ok(all);
    }
    let row = |&number: &usize| {
        let method = number.checked_sub(1).and_then(|place| all.get(place));
        method.copied().ok_or_else(|| {
            let names = (1..)
                .zip(&all)
                .map(|(number, method)| format!("\n  {number} {method}"));
            let names: String = names.collect();
            io::Error::other(format!("there is no row {number}; there are{names}"))
        })
    };
    only.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> io::Result<String> {
        let words = [&["bench", "--size", "1MiB", "--rounds", "1"], words].concat();
        let arguments = Arguments::try_parse_from(words).unwrap();
        let mut out = Vec::new();
        run(&arguments, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_row_is_a_json_object_and_an_unknown_row_is_refused_with_the_list() {
        let told_json = told(&["--only", "4", "--json"]).unwrap();
        let row: serde_json::Value = serde_json::from_str(&told_json).unwrap();
        assert_eq!(row["way"], "kernel TCP, unchecked");
        assert!(row["megabytes_per_second"].as_f64().unwrap() > 0.0);
        let refused = told(&["--only", "99"]).unwrap_err().to_string();
        assert!(refused.contains("no row 99") && refused.contains("4 kernel TCP"));
    }
}
