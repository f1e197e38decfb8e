//! `lab ladder`: a sequence diagram of a run, in text or as a picture.

use super::arguments::TransferArguments;
use super::output::{read_journal, write_whole};
use clap::Args;
use sash::lab::journal::Journal;
use sash::lab::ladder::{self, Excerpt};
use sash::lab::run::Experiment;
use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab ladder --arq go-back-n --window 4 --segment 100 --size 700 --link \"drop=d2.1;delay=50ms\"
  lab ladder --arq selective-repeat --size 5KiB --link \"loss=20%;delay=50ms\" --svg ladder.svg
  lab ladder journals/go-back-n.jsonl --from 200 --to 500
Without an event log, the transfer first runs in virtual time.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Draw this event log, of `lab run` or of one side of a real transfer
    #[arg(value_name = "JOURNAL")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    transfer: TransferArguments,
    #[command(flatten)]
    part: Part,
    /// Draw a picture into this file instead of text
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// The part of a run to draw.
#[derive(Args)]
pub(crate) struct Part {
    /// Draw packets sent at this time or later. Unit: milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0.0, value_parser = milliseconds)]
    from: f64,
    /// Draw packets sent at this time or earlier. Unit: milliseconds [default: the end]
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    to: Option<f64>,
    /// Draw at most this many packets [default: 60 in a picture, all in text]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    packets: Option<u32>,
}

/// A picture of more packets is longer than a page.
const PACKETS_OF_A_PICTURE: usize = 60;

/// No picture is longer: a browser would not show it.
const MOST_PACKETS_OF_A_PICTURE: usize = 2_000;

pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let mut out = io::stdout();
    let journals = match &arguments.journal {
        Some(path) => vec![read_journal(path)?],
        None => run_first(&arguments.transfer)?,
    };
    if arguments.svg.is_some() && journals.len() > 1 {
        let sentence = "--svg draws one protocol. Choose it with --arq";
        return Err(io::Error::other(sentence));
    }
    for (place, journal) in journals.iter().enumerate() {
        let Journal {
            heading, entries, ..
        } = journal;
        let Some(path) = &arguments.svg else {
            if place > 0 {
                writeln!(out)?;
            }
            let window = arguments.part.window(usize::MAX);
            write!(out, "{}", ladder::part(heading, entries, window))?;
            continue;
        };
        let mut window = arguments.part.window(PACKETS_OF_A_PICTURE);
        window.most_packets = window.most_packets.min(MOST_PACKETS_OF_A_PICTURE);
        let picture = ladder::picture(heading, entries, window);
        write_whole(path, picture.svg().as_bytes())?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(true)
}

/// Runs every requested protocol and keeps its events.
pub(crate) fn run_first(transfer: &TransferArguments) -> io::Result<Vec<Journal>> {
    let experiments = transfer.experiments()?;
    let run = |it: Experiment| it.journal().map_err(io::Error::other);
    experiments.into_iter().map(run).collect()
}

impl Part {
    fn window(&self, most_packets: usize) -> Excerpt {
        let asked = self.packets.map(|packets| packets as usize);
        Excerpt {
            from_us: microseconds(self.from),
            until_us: self.to.map_or(u64::MAX, microseconds),
            most_packets: asked.unwrap_or(most_packets),
        }
    }
}

/// A moment, as `--at 250.5` says it.
pub(crate) fn milliseconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(moment) if moment.is_finite() && moment >= 0.0 => Ok(moment),
        Ok(_) | Err(_) => Err("write milliseconds, such as 250 or 262.5".to_owned()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative, and a cast stops at the largest number"
)]
pub(crate) fn microseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1e3).round() as u64
}
