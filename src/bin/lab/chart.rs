//! `lab chart`: draws an event log, or a new run, as a chart.

use super::arguments::TransferArguments;
use super::ladder;
use super::output::{read_journal, write_whole};
use clap::Args;
use sash::lab::chart::kinds::ChartKind;
use sash::lab::chart::size_text;
use sash::lab::journal::Journal;
use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab chart --kind sequence --link \"seed=7;loss=5%;delay=20ms\" -o sequence.svg
  lab chart --kind window --arq sack --congestion \"reno,cubic,bbr\" \\
            --size 4MiB --link \"delay=20ms;data.rate=20mbit\" -o window.svg
  lab chart --kind goodput journals/go-back-n.jsonl -o goodput.svg --csv goodput.csv
Several runs or event logs become panels with the same axes.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Draw these event logs; without any, run the transfers that the flags describe
    #[arg(value_name = "JOURNAL")]
    journals: Vec<PathBuf>,
    /// Choose the vertical axis: sequence, window, rtt or goodput
    #[arg(long)]
    kind: ChartKind,
    #[command(flatten)]
    transfer: TransferArguments,
    /// Write the chart to this file [default: print the SVG]
    #[arg(short, long, value_name = "FILE.svg")]
    output: Option<PathBuf>,
    /// Write the numbers to this file
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let (journals, notes) = if arguments.journals.is_empty() {
        run_first(&arguments.transfer)?
    } else {
        read(&arguments.journals)?
    };
    let chart = arguments.kind.chart(&journals, notes);
    let svg = chart.to_svg().map_err(io::Error::other)?;
    if let Some(path) = &arguments.csv {
        write_whole(path, chart.to_csv().as_bytes())?;
    }
    match &arguments.output {
        Some(path) => write_whole(path, svg.as_bytes())?,
        None if arguments.csv.is_none() => io::stdout().write_all(svg.as_bytes())?,
        None => {}
    }
    Ok(true)
}

/// Runs the transfers that the flags describe; returns them with the notes for the chart.
fn run_first(transfer: &TransferArguments) -> io::Result<(Vec<Journal>, Vec<String>)> {
    let journals = ladder::run_first(transfer)?;
    let size = size_text(transfer.size);
    let mut notes = vec![format!("{size}, link: {}", transfer.link)];
    if let Some(halt) = transfer.halt {
        notes.push(format!(
            "halted by the {halt} for 5 s when half has arrived"
        ));
    }
    Ok((journals, notes))
}

fn read(paths: &[PathBuf]) -> io::Result<(Vec<Journal>, Vec<String>)> {
    let mut notes: Vec<String> = Vec::new();
    let mut journals = Vec::new();
    for path in paths {
        let journal = read_journal(path)?;
        let (size, link) = (size_text(journal.heading.size), &journal.heading.scenario);
        let note = format!("{size}, link: {link}");
        if !notes.contains(&note) {
            notes.push(note);
        }
        if journal.is_cut {
            notes.push(format!("{}: the last line is incomplete", path.display()));
        }
        journals.push(journal);
    }
    Ok((journals, notes))
}
