//! `lab race`: transfers one file over one link with several protocols or controllers.

use super::arguments::TransferArguments;
use super::output::write_whole;
use super::replay::speed;
use clap::Args;
use sash::lab::race::{self, Lane, Race};
use sash::reliable::event::microseconds;
use sash::system::terminal;
use sash::transfer::clock::Clock;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab race --size 1MiB --link \"seed=7;loss=5%;delay=10ms\"
  lab race --size 100KiB --link \"drop=d3.1,d20.1;delay=50ms\" --svg race.svg
  lab race --arq sack --congestion \"reno,cubic,bbr\" --size 16MiB \\
           --link \"loss=0.1%;delay=20ms;rate=20mbit\"
  lab race --link \"seed=7;loss=10%;delay=50ms\" --watch
";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    transfer: TransferArguments,
    /// Draw the race into this file as well
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object per lane instead of the table
    #[arg(long)]
    json: bool,
    /// Show the lanes during the race, on a terminal
    #[arg(long)]
    watch: bool,
    /// Play this many virtual seconds per second, with --watch [default: 8 s for the whole race]
    #[arg(long, value_name = "X", value_parser = speed)]
    speed: Option<f64>,
}

/// The time between two pictures.
const FRAME: Duration = Duration::from_millis(100);

/// How long the race is shown if no speed is given. Unit: seconds.
const WATCHED_SECONDS: f64 = 8.0;

/// The width of a lane on the terminal. Unit: characters.
const BAR: usize = 50;

/// Whether every file arrived whole.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let race = Race::run(&arguments.transfer.experiments()?).map_err(io::Error::other)?;
    let all_whole = race.lanes.iter().all(|lane| lane.run.is_verified());
    if let Some(path) = &arguments.svg {
        write_whole(path, race::picture(&race).svg().as_bytes())?;
    }
    let mut out = io::stdout();
    if arguments.json {
        write_json(&mut out, &race)?;
        return Ok(all_whole);
    }
    let (size, link) = (arguments.transfer.size, &arguments.transfer.link);
    writeln!(out, "{size} bytes, link: {link}\n")?;
    if arguments.watch && terminal::reads_escapes() {
        watch(&mut out, &race, arguments.speed)?;
    }
    write!(out, "{}", race::table(&race))?;
    if let Some(path) = &arguments.svg {
        writeln!(out, "\n{}", path.display())?;
    }
    Ok(all_whole)
}

/// Draws the lanes again and again until the last has finished.
fn watch(out: &mut impl Write, race: &Race, speed: Option<f64>) -> io::Result<()> {
    let longest = race.longest();
    let speed = speed.unwrap_or(longest.as_secs_f64() / WATCHED_SECONDS);
    let clock = Clock::start();
    let begun = clock.now();
    let width = race.name_width();
    loop {
        let now = (clock.now() - begun).mul_f64(speed).min(longest);
        for lane in &race.lanes {
            let row = row(lane, longest, now, width);
            write!(out, "{row}\x1b[K\r\n")?;
        }
        write!(out, "{:.3} s\x1b[K\r", now.as_secs_f64())?;
        out.flush()?;
        if now == longest {
            // The table that follows replaces the lanes.
            write!(out, "\x1b[{}A\x1b[J", race.lanes.len())?;
            return Ok(());
        }
        let _ = crossbeam_channel::after(FRAME).recv();
        write!(out, "\x1b[{}A", race.lanes.len())?;
    }
}

fn row(lane: &Lane, longest: Duration, now: Duration, width: usize) -> String {
    let bar = race::bar(lane, microseconds(longest), microseconds(now), BAR);
    let name = &lane.name;
    let end = if now >= lane.run.elapsed {
        format!("{:.3} s", lane.run.elapsed.as_secs_f64())
    } else {
        format!(
            "{} of {}",
            lane.in_order_at(microseconds(now)),
            lane.segments
        )
    };
    format!("{name:width$}  {bar:BAR$}  {end}")
}

fn write_json(out: &mut impl Write, race: &Race) -> io::Result<()> {
    let agree = race.first_losses_agree();
    for lane in &race.lanes {
        let Lane {
            experiment, run, ..
        } = lane;
        let line = serde_json::json!({
            "scenario": experiment.scenario.to_string(),
            "arq": experiment.arq,
            "window": experiment.window,
            "congestion": experiment.congestion,
            "size": experiment.size,
            "segments": lane.segments,
            "verified": run.is_verified(),
            "seconds": run.elapsed.as_secs_f64(),
            "sent": run.progress.sent_packets,
            "resent": run.progress.resent_packets,
            "first_losses": lane.first_losses,
            "first_losses_agree": agree,
            "sent_again": lane.retransmissions.iter()
                .map(|(number, times)| serde_json::json!({"number": number, "times": times}))
                .collect::<Vec<_>>(),
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
