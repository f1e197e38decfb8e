//! The laboratory's program: one module for each command, which reads its arguments, calls
//! the library and prints.

mod arguments;
mod chart;
mod grade;
mod grid;
mod keys;
mod ladder;
mod output;
mod pcapng;
mod predict;
mod race;
mod replay;
mod run;
mod size;
mod soak;
mod sweep;
mod theory;
mod watch;

use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples
  lab run --arq go-back-n --link \"seed=7;loss=10%;delay=20ms\"
  lab run --arq all --size 1MiB --link \"seed=7;loss=5%;delay=10ms\"
  lab race --size 1MiB --link \"seed=7;loss=5%;delay=10ms\"
  lab ladder --arq go-back-n --size 10KiB --link \"drop=d2.1;delay=50ms\" --svg ladder.svg
  lab pcapng journals/go-back-n.jsonl -o go-back-n.pcapng
  lab predict --arq go-back-n --questions 5
  lab chart --kind sequence --link \"seed=7;loss=5%;delay=20ms\" -o sequence.svg
  lab sweep --loss \"0,5,10,20,30%\" --link \"data.rate=5mbit;ack.loss=0%\" --svg loss.svg
  lab soak --seeds 100000
  lab grade go-back-n -- python3 protocol.py
  lab theory --arq go-back-n --a \"2,10\"
lab COMMAND --help explains each command.
";

/// Simulate, draw and grade file transfers, most of them in virtual time and without sockets.
#[derive(Parser)]
#[command(name = "lab", version, before_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a transfer in virtual time; the same scenario gives the same event log
    #[command(before_help = run::EXAMPLES)]
    Run(run::Arguments),
    /// Compare protocols or controllers: the same file over the same link
    #[command(before_help = race::EXAMPLES)]
    Race(race::Arguments),
    /// Draw a sequence diagram of a run
    #[command(before_help = ladder::EXAMPLES)]
    Ladder(ladder::Arguments),
    /// Play an event log: the sliding window at every moment
    #[command(before_help = replay::EXAMPLES)]
    Replay(replay::Arguments),
    /// Convert an event log to a capture for Wireshark, lost packets included
    #[command(before_help = pcapng::EXAMPLES)]
    Pcapng(pcapng::Arguments),
    /// Stop a run at interesting moments and ask what the sender does next
    #[command(before_help = predict::EXAMPLES)]
    Predict(predict::Arguments),
    /// Run a random transfer for each seed until one fails
    #[command(before_help = soak::EXAMPLES)]
    Soak(soak::Arguments),
    /// Grade your own program: test its protocol against the textbook's rules
    #[command(before_help = grade::EXAMPLES)]
    Grade(grade::Arguments),
    /// Measure the protocols' efficiency and compare it with the formulas
    #[command(before_help = theory::EXAMPLES)]
    Theory(theory::Arguments),
    /// Draw a chart of an event log: segments, window, RTT or goodput over time
    #[command(before_help = chart::EXAMPLES)]
    Chart(chart::Arguments),
    /// Run transfers for all combinations of protocols, losses, windows, delays and sizes
    #[command(before_help = sweep::EXAMPLES)]
    Sweep(sweep::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Race(arguments) => race::run(&arguments),
        Command::Ladder(arguments) => ladder::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Pcapng(arguments) => pcapng::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Grade(arguments) => return grade::main(&arguments),
        Command::Theory(arguments) => theory::run(&arguments),
        Command::Chart(arguments) => chart::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // The reader has closed its end, as in `lab run | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "lab: {error}");
            ExitCode::FAILURE
        }
    }
}
