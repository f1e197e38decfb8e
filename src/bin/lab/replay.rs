//! `lab replay`: plays an event log, steps through it, or shows one moment.

use super::ladder::{microseconds, milliseconds};
use super::output::{read_journal, write_whole};
use super::watch::{self, Watch};
use clap::Args;
use sash::lab::ladder;
use sash::lab::player::Player;
use sash::lab::strip;
use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab replay journals/go-back-n.jsonl --watch
  lab replay journals/go-back-n.jsonl --watch --speed 0.1
  lab replay journals/go-back-n.jsonl --step
  lab replay journals/go-back-n.jsonl --at 262.5
  lab replay journals/go-back-n.jsonl --at 262.5 --svg strip.svg
Keys: space plays and pauses, n and b step forward and back, > and < go to the next and the
previous DATA packet, 0 goes to the beginning, + and - change the speed, q quits. If stdin
is not a terminal, the first letter of each line is the key.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Play this event log, of `lab run` or of one side of a real transfer
    #[arg(value_name = "JOURNAL")]
    journal: PathBuf,
    /// Play from the beginning
    #[arg(long)]
    watch: bool,
    /// Play this many virtual seconds per second
    #[arg(long, default_value_t = 0.25, value_name = "X", value_parser = speed)]
    speed: f64,
    /// Stay at the beginning and wait for keys
    #[arg(long)]
    step: bool,
    /// Show this moment. Unit: milliseconds
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    at: Option<f64>,
    /// Draw the window at that moment into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Rows of the ladder below the strip.
const ROWS: usize = 8;

pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let mut player = Player::journal(read_journal(&arguments.journal)?);
    if arguments.watch || arguments.step {
        let watch = Watch {
            speed: arguments.speed,
            is_playing: !arguments.step,
            from_us: arguments.at.map_or(0, microseconds),
        };
        watch::play(player, watch)?;
        return Ok(true);
    }
    player.seek(arguments.at.map_or(u64::MAX, microseconds));
    if player.place().index == 0 {
        player.step(); // The first moment is not before the first event.
    }
    let (heading, place) = (player.heading(), player.place());
    let mut out = io::stdout();
    if let Some(path) = &arguments.svg {
        let picture = strip::picture(heading, player.strip(), place);
        write_whole(path, picture.svg().as_bytes())?;
        writeln!(out, "{}", path.display())?;
        return Ok(true);
    }
    write!(out, "{}", strip::text(heading, player.strip(), place))?;
    writeln!(out)?;
    let past = &player.entries()[..place.index];
    for row in ladder::last_rows(heading, past, ROWS) {
        writeln!(out, "{row}")?;
    }
    Ok(true)
}

/// A speed, as `--speed 0.1` says it.
pub(crate) fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.000_1..=10_000.0).contains(&speed) => Ok(speed),
        Ok(_) | Err(_) => Err("write a speed from 0.0001 to 10000".to_owned()),
    }
}
