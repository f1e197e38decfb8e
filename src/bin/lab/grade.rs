//! `lab grade`: tests a student's program against the rules of a protocol.

mod class;
mod congestion;
mod files;
mod process;
mod results;
mod starter;
mod text;

use super::watch::{self, Watch};
use clap::{Args, ValueEnum};
use process::Limits;
use results::{Grading, Numbered, summaries};
use sash::lab::grade::scenario::{self, GradedScenario};
use sash::lab::grade::verbs::Role;
use sash::lab::grade::{public, trace};
use sash::lab::player::Player;
use sash::transfer::clock::Clock;
use sash::wire::options::Arq;
use starter::Language;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab grade --starter python my-protocol              begin with a skeleton and a README
  lab grade go-back-n -- python3 protocol.py          test both roles on all public scenarios
  lab grade go-back-n --role sender -- ./protocol     test a sender with the reference receiver
  lab grade go-back-n --only 5 -- python3 protocol.py run one scenario alone
  lab grade go-back-n --only 5 --watch -- python3 protocol.py
  lab grade selective-repeat --scenarios mine.txt --seed 1-200 -- ./protocol
  lab grade congestion -- python3 controller.py       test a congestion controller beside Reno
  lab grade go-back-n --class submissions -- python3 protocol.py
  lab grade go-back-n --gradescope results.json -- python3 protocol.py
The program gets its role, sender or receiver, as its last argument. It reads lines from stdin
and answers with lines on stdout. It runs with your rights: grade the code of others in a
container.
Exit codes: 0 every scenario passed, 1 a scenario failed, 2 wrong usage.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Grade this protocol: stop-and-wait, go-back-n, selective-repeat, sack or congestion
    #[arg(required_unless_present = "starter")]
    protocol: Option<Subject>,
    /// Grade this role: sender, receiver or both; the reference implementation plays the other one
    #[arg(long, default_value = "both", hide_possible_values = true)]
    role: RoleArgument,
    /// Use this window in every scenario
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    window: Option<u32>,
    /// Run only the scenario with this number
    #[arg(long, value_name = "NUMBER")]
    only: Option<usize>,
    /// Use the scenarios of this file: points | link | window | segments | topic
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    /// Add a hidden scenario, worth one point, for each of these seeds: N or A-B
    #[arg(long, value_name = "SEEDS", value_parser = seeds)]
    seed: Option<RangeInclusive<u64>>,
    /// Print the result as JSON
    #[arg(long, conflicts_with_all = ["csv", "class", "watch"])]
    json: bool,
    /// Print the result as CSV, one row per student
    #[arg(long, conflicts_with = "watch")]
    csv: bool,
    /// Run the command in every folder below this one, one folder per student
    #[arg(long, value_name = "DIR", conflicts_with = "watch")]
    class: Option<PathBuf>,
    /// Write results.json for Gradescope
    #[arg(long, value_name = "FILE", conflicts_with = "class")]
    gradescope: Option<PathBuf>,
    /// Write an HTML page with sequence diagrams
    #[arg(long, value_name = "FILE", conflicts_with = "class")]
    html: Option<PathBuf>,
    /// Play the run of --only, or of the first scenario that fails
    #[arg(long)]
    watch: bool,
    /// Wait this long for each answer, and five times as long for the first. Unit: seconds
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = limit)]
    event_limit: f64,
    /// Allow this long for all scenarios together. Unit: seconds
    #[arg(long, value_name = "S", default_value_t = 300.0, value_parser = limit)]
    limit: f64,
    /// Write a skeleton and a README into DIR: python, c, java, rust or go
    #[arg(long, num_args = 2, value_names = ["LANGUAGE", "DIR"],
          conflicts_with_all = ["protocol", "command"])]
    starter: Option<Vec<String>>,
    /// Run this program with these arguments
    #[arg(
        last = true,
        value_name = "COMMAND",
        required_unless_present = "starter"
    )]
    command: Vec<String>,
}

/// The subject of an assignment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// A protocol, over scenarios.
    Protocol(Arq),
    /// A congestion controller, beside Reno over six paths.
    Congestion,
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "congestion" {
            return Ok(Self::Congestion);
        }
        let protocol = text.parse().map(Self::Protocol);
        protocol.map_err(|why| format!("{why}, or congestion"))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(protocol) => protocol.fmt(f),
            Self::Congestion => f.write_str("congestion"),
        }
    }
}

/// `--role`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArgument {
    Sender,
    Receiver,
    Both,
}

impl RoleArgument {
    const fn roles(self) -> &'static [Role] {
        match self {
            Self::Sender => &[Role::Sender],
            Self::Receiver => &[Role::Receiver],
            Self::Both => &[Role::Sender, Role::Receiver],
        }
    }
}

/// The exit code for wrong usage.
const WRONG_USAGE: u8 = 2;

pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "lab grade: {error}");
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// Returns whether every student passed every scenario.
fn run(arguments: &Arguments) -> io::Result<bool> {
    if let Some([language, folder]) = arguments.starter.as_deref() {
        let language: Language = language.parse().map_err(io::Error::other)?;
        return starter::write(language, Path::new(folder)).map(|()| true);
    }
    let protocol = match arguments.protocol {
        Some(Subject::Protocol(protocol)) => protocol,
        Some(Subject::Congestion) => return congestion::run(arguments),
        None => return Err(io::Error::other("no protocol given. See lab grade --help")),
    };
    let scenarios = scenarios(arguments, protocol)?;
    if let Some(folder) = &arguments.class {
        return class::run(arguments, folder, |student| {
            summaries(&grading(arguments, protocol, student).grade(&scenarios))
        });
    }
    let grading = grading(arguments, protocol, Path::new("."));
    grading.check_command().map_err(io::Error::other)?;
    let results = grading.grade(&scenarios);
    let has_passed = results.iter().all(|it| it.outcome.has_passed());
    let (repeat, mut out) = (text::repeat(arguments), io::stdout().lock());
    if arguments.json {
        writeln!(out, "{}", files::json(protocol, &results, &repeat))?;
    } else if arguments.csv {
        let name = class::name_of(&fs::canonicalize(".")?);
        write!(
            out,
            "{}{}",
            class::HEADER,
            class::row(&name, &summaries(&results))
        )?;
    } else {
        write!(out, "{}", text::of(protocol, &results, &repeat))?;
    }
    if let Some(path) = &arguments.gradescope {
        let json = files::gradescope(protocol, &results, &repeat);
        super::output::write_whole(path, json.as_bytes())?;
    }
    if let Some(path) = &arguments.html {
        let page = files::html(protocol, &results, &repeat);
        super::output::write_whole(path, page.as_bytes())?;
    }
    if arguments.watch {
        let failed = results.iter().find(|it| !it.outcome.has_passed());
        if let Some(shown) = failed.or(results.first()) {
            let scenario = &shown.numbered.scenario;
            let journal = trace::journal(scenario, protocol, &shown.outcome.steps);
            drop(out);
            watch::play(Player::journal(journal), WATCH)?;
        }
    }
    Ok(has_passed)
}

/// A quarter of a virtual second per second.
const WATCH: Watch = Watch {
    speed: 0.25,
    is_playing: true,
    from_us: 0,
};

/// The first answer may take this many times as long as each later one.
const FIRST: f64 = 5.0;

fn grading<'a>(arguments: &'a Arguments, protocol: Arq, folder: &'a Path) -> Grading<'a> {
    let clock = Clock::start();
    let seconds = Duration::from_secs_f64;
    Grading {
        protocol,
        roles: arguments.role.roles(),
        command: &arguments.command,
        folder,
        limits: Limits {
            first: seconds(arguments.event_limit * FIRST),
            event: seconds(arguments.event_limit),
            end: clock.now() + seconds(arguments.limit),
        },
        clock,
    }
}

/// The requested scenarios, with their numbers.
fn scenarios(arguments: &Arguments, protocol: Arq) -> io::Result<Vec<Numbered>> {
    let shown = match &arguments.scenarios {
        None => public::scenarios(protocol),
        Some(path) => {
            let failed = |why: &dyn fmt::Display| {
                io::Error::other(format!("{}: {why}", path.display()))
            };
            let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
            scenario::read(&text).map_err(|error| failed(&error))?
        }
    };
    let hidden = arguments
        .seed
        .clone()
        .into_iter()
        .flatten()
        .map(scenario::hidden);
    let all = shown.into_iter().map(|it| (it, false));
    let all = all.chain(hidden.map(|it| (it, true)));
    let numbered = (1..)
        .zip(all)
        .map(|(number, (scenario, is_hidden))| Numbered {
            number,
            scenario: GradedScenario {
                window: arguments.window.unwrap_or(scenario.window),
                ..scenario
            },
            is_hidden,
        });
    let mut numbered: Vec<_> = numbered.collect();
    let count = numbered.len();
    if let Some(only) = arguments.only {
        numbered.retain(|it| it.number == only);
        if numbered.is_empty() {
            return Err(io::Error::other(format!(
                "there is no scenario {only}. Choose --only from 1 to {count}"
            )));
        }
    }
    check(arguments, protocol, &numbered)?;
    Ok(numbered)
}

/// Refuses scenarios that the reference itself does not pass: no packet ever arrives.
fn check(arguments: &Arguments, protocol: Arq, scenarios: &[Numbered]) -> io::Result<()> {
    let grading = grading(arguments, protocol, Path::new("."));
    for Numbered {
        number, scenario, ..
    } in scenarios
    {
        if !grading.reference(scenario).has_passed() {
            let link = &scenario.link;
            return Err(io::Error::other(format!(
                "scenario {number} ({link}) cannot be passed: not even the reference \
                 transfers its {} segments. Reduce the loss of the link.",
                scenario.segments
            )));
        }
    }
    Ok(())
}

/// Reads `7` or `1-200`.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last && last - first < MOST_SEEDS => {
            Ok(first..=last)
        }
        _ => Err(format!(
            "write one seed, or a range of at most {MOST_SEEDS}, such as 1-200"
        )),
    }
}

/// More seeds would take a day.
const MOST_SEEDS: u64 = 10_000;

fn limit(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok();
    let seconds = seconds.filter(|it| (0.01..=86_400.0).contains(it));
    seconds.ok_or_else(|| "write seconds, from 0.01 to 86400".to_owned())
}
