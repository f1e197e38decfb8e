//! `client`: arguments, logging, and one call: of the library for a terminal, of [`view`] for
//! the window.

#[cfg(feature = "gui")]
mod view;

use clap::Parser;
use indicatif::MultiProgress;
use indicatif_log_bridge::LogWrapper;
use sash::captures::Captures;
use sash::client::display;
use sash::client::share::Share;
use sash::client::text::{self, Manner};
use sash::client::theme::Theme;
use sash::client::words;
use sash::client::{Exit, Settings};
use sash::journals::Journals;
use sash::link::Scenario;
use sash::passwords;
use sash::system::terminal;
use sash::transfer::overwrite::Overwrite;
use sash::wire::options::{
    Arq, Asked, Congestion, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW, Transport,
};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const EXAMPLES: &str = "\
Examples:
  client                                        the window, on a server of this computer
  client --server 10.0.0.7 --name dana          join at once
  client --text --name dana                     the same in a terminal
  client --name dana --exec '/download notes.txt --arq go-back-n'
                                                fetch one file and leave
  client --name dana --exec '/upload notes.txt' give one file and leave
  client --name dana --json --exec /files       for programs: one event a line
  client --link 'seed=7;loss=10%' --text --name dana
                                                as if the network were bad
  client --name dana --pcapng me.pcapng --exec '/download notes.txt'
                                                the same, with a capture for Wireshark";

const EXIT_CODES: &str = "\
Exit codes:
  0 all well   1 something asked for failed   2 wrong usage
  3 cannot connect   4 the server refused";

/// Talk to the people of a Sash server and fetch its files.
#[derive(Debug, Parser)]
#[command(version, before_help = EXAMPLES, after_help = EXIT_CODES)]
#[command(args_override_self = true)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag, on or off by itself"
)]
struct Arguments {
    /// Run in the terminal, without a window
    #[arg(long)]
    text: bool,
    /// The server; without one, this computer
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
    /// Your name: one word. With --server too, join at once
    #[arg(long)]
    name: Option<String>,
    /// The password for a server that asks for one, from this file; without it, it is asked
    /// for in the terminal
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// stop-and-wait, go-back-n, selective-repeat or sack; without it, what the server likes
    #[arg(long, value_name = "PROTOCOL")]
    arq: Option<Arq>,
    /// Most packets in flight
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST_WINDOW)))]
    window: Option<u32>,
    /// Who decides how much of the window is used: fixed, plus-one-minus-three,
    /// double-halve, additive, reno, cubic or bbr
    #[arg(long, value_name = "CONTROLLER")]
    congestion: Option<Congestion>,
    /// File bytes per packet
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    segment: Option<u16>,
    /// udp or tcp
    #[arg(long, value_name = "NAME")]
    transport: Option<Transport>,
    /// The folder for downloads
    #[arg(long, value_name = "DIR", default_value = "downloads")]
    out: PathBuf,
    /// Pause every transfer at this share of it; /resume goes on
    #[arg(long, value_name = "PERCENT")]
    pause_at: Option<Share>,
    /// Where a file of that name is there already: keep both (the new one becomes NAME (2)),
    /// replace the old one once the new one is verified, skip the download, or fail
    #[arg(long, value_name = "CHOICE", default_value_t)]
    overwrite: Overwrite,
    /// What an imperfect link does to this side of transfers: 'seed=7;loss=10%;delay=50ms'
    #[arg(long, value_name = "SCENARIO")]
    link: Option<Scenario>,
    /// Let the kernel neither cut rows of datagrams up nor put them together
    #[arg(long)]
    no_offload: bool,
    /// Write everything that happens in transfers into this folder, as JSON lines
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Write every packet of transfers and of the chat into this file, for Wireshark
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    /// Open this journal in the window's laboratory: without a server
    #[arg(long, value_name = "JOURNAL", conflicts_with_all = ["text", "exec", "json"])]
    replay: Option<PathBuf>,
    /// Run what the class's teacher gives out, in virtual time, without asking
    #[arg(long)]
    accept_lab: bool,
    /// Type this line, wait for its end, and leave after the last; implies --text
    #[arg(long, value_name = "LINE", action = clap::ArgAction::Append)]
    exec: Vec<String>,
    /// Print one event a line as JSON; implies --text
    #[arg(long)]
    json: bool,
    /// How the window is coloured: light, dark, or projector (large, high contrast); without
    /// it as the last time
    #[arg(long, value_name = "THEME")]
    theme: Option<Theme>,
    /// Open so many windows
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    count: u32,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if terminal::has_stderr() => error.exit(),
        Err(error) => {
            complain(&error.to_string());
            return Exit::Usage.into();
        }
    };
    let bars = MultiProgress::new();
    start_logging(&bars);
    let journals = match Journals::new(arguments.journal.clone()) {
        Ok(journals) => journals,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Usage.into();
        }
    };
    let password = match arguments.password_file.as_deref().map(passwords::read_file) {
        Some(Ok(password)) => Some(password),
        Some(Err(sentence)) => {
            complain(&sentence);
            return Exit::Usage.into();
        }
        None => None,
    };
    let scenario = arguments.link.clone().unwrap_or(Scenario::PERFECT);
    let captures = match Captures::start(arguments.pcapng.as_deref(), &scenario) {
        Ok(captures) => captures,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Usage.into();
        }
    };
    let settings = Settings {
        server: arguments.server.clone(),
        name: arguments.name.clone(),
        password,
        accepts_labs: arguments.accept_lab,
        asked: Asked {
            transport: arguments.transport,
            arq: arguments.arq,
            window: arguments.window,
            congestion: arguments.congestion,
            segment_bytes: arguments.segment,
        },
        out: arguments.out.clone(),
        pause_at: arguments.pause_at,
        overwrite: arguments.overwrite,
        scenario,
        is_offloading: !arguments.no_offload,
        journals,
        replay: arguments.replay.clone(),
        tap: captures.tap(),
        theme: arguments.theme,
    };
    if arguments.text || arguments.json || !arguments.exec.is_empty() {
        let manner = Manner {
            exec: arguments.exec,
            is_json: arguments.json,
        };
        return text::run(settings, manner, bars).into();
    }
    if let Some(sentence) = no_window() {
        complain(&sentence);
        return Exit::Usage.into();
    }
    open_siblings(arguments.count, arguments.name.as_deref());
    run_window(&settings).into()
}

/// Says why the client ends: on stderr, or in a window of its own where there is none, as on
/// Windows after a double click.
fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
    #[cfg(feature = "gui")]
    if !terminal::has_stderr() {
        view::alert(sentence);
    }
}

/// Warnings on stderr, more by `RUST_LOG=info`; no line tears a progress bar.
fn start_logging(bars: &MultiProgress) {
    let environment = env_logger::Env::default().default_filter_or("warn");
    let logger = env_logger::Builder::from_env(environment)
        .format(|out, record| {
            let time = out.timestamp_millis();
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("-");
            let level = record.level().as_str().to_lowercase();
            // A stranger's words may be in it.
            let said = words::harmless(&record.args().to_string());
            writeln!(out, "{time} {level} {name}: {said}")
        })
        .build();
    let level = logger.filter();
    // It fails where a logger is there already, which is as good.
    if LogWrapper::new(bars.clone(), logger).try_init().is_ok() {
        log::set_max_level(level);
    }
}

/// Why no window can be opened, where that is so. FLTK would end the process instead.
fn no_window() -> Option<String> {
    if cfg!(not(feature = "gui")) {
        return Some("This client was built without its window. Use --text.".to_owned());
    }
    display::missing()
}

/// `--count 3 --name dana`: two more processes of this program, as dana2 and dana3.
fn open_siblings(count: u32, name: Option<&str>) {
    for number in 2..=count {
        let result = std::env::current_exe().and_then(|program| {
            let mut command = Command::new(program);
            command
                .args(std::env::args_os().skip(1))
                .args(["--count", "1"]);
            if let Some(name) = name {
                command.arg(format!("--name={name}{number}"));
            }
            command.spawn()
        });
        if let Err(error) = result {
            log::error!("cannot open window {number}: {error}");
        }
    }
}

#[cfg(feature = "gui")]
fn run_window(settings: &Settings) -> Exit {
    view::run(settings)
}

#[cfg(not(feature = "gui"))]
fn run_window(_settings: &Settings) -> Exit {
    Exit::Usage
}
