//! `client`: arguments, logging, and one call: of the library for a terminal, of [`view`] for
//! the window.

#[cfg(feature = "gui")]
mod view;

use clap::Parser;
use indicatif::MultiProgress;
use indicatif_log_bridge::LogWrapper;
use sash::captures::Captures;
use sash::client::display;
use sash::client::find::{NO_ROOM, find};
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
    Arq, Congestion, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW, RequestedOptions, Transport,
};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const EXAMPLES: &str = "\
Examples:
  client                                        open a window, connect to this computer
  client --server 10.0.0.7 --name dana          join at once
  client --find                                 list the rooms on the local network
  client --text --name dana                     run in the terminal
  client --name dana --exec '/download notes.txt --arq go-back-n'
                                                download one file and leave
  client --name dana --exec '/upload notes.txt' upload one file and leave
  client --name dana --json --exec /files       print JSON for programs, one event per line
  client --link 'seed=7;loss=10%' --text --name dana
                                                simulate a bad network
  client --name dana --pcapng me.pcapng --exec '/download notes.txt'
                                                capture all packets for Wireshark";

const EXIT_CODES: &str = "\
Exit codes:
  0 success   1 a command failed   2 wrong usage
  3 cannot connect   4 the server refused";

/// Chat with the users of a Sash server, and download and upload files.
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
    /// Connect to this server [default: this computer, port 50000]
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
    /// List the rooms on the local network whose server runs with --announce, and exit
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "50000")]
    find: Option<u16>,
    /// Set your name: one word. Together with --server, join at once
    #[arg(long)]
    name: Option<String>,
    /// Read the server's password from this file; without it, the client asks for the password
    /// if the server requires one
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Use this ARQ protocol: stop-and-wait, go-back-n, selective-repeat or sack [default:
    /// the server's]
    #[arg(long, value_name = "PROTOCOL")]
    arq: Option<Arq>,
    /// Set the send window, in packets [default: the server's; 16 with --arq]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST_WINDOW)))]
    window: Option<u32>,
    /// Use this congestion controller: fixed, plus-one-minus-three, double-halve, additive,
    /// reno, cubic or bbr [default: the server's; fixed with --arq or --window]
    #[arg(long, value_name = "CONTROLLER")]
    congestion: Option<Congestion>,
    /// Put this many file bytes into a DATA packet [default: the server's]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    segment: Option<u16>,
    /// Transfer files over udp, or over tcp to compare [default: udp]
    #[arg(long, value_name = "NAME")]
    transport: Option<Transport>,
    /// Save downloads in this folder
    #[arg(long, value_name = "DIR", default_value = "downloads")]
    out: PathBuf,
    /// Pause each transfer at this share of its file; /resume continues it
    #[arg(long, value_name = "PERCENT")]
    pause_at: Option<Share>,
    /// If a file of that name exists: keep both (the new file becomes NAME (2)), replace the
    /// old file once the new one is verified, skip the download, or fail
    #[arg(long, value_name = "CHOICE", default_value_t)]
    overwrite: Overwrite,
    /// Inject faults into the packets of this client's transfers: "seed=7;loss=10%;delay=50ms"
    /// [default: perfect]
    #[arg(long, value_name = "SCENARIO")]
    link: Option<Scenario>,
    /// Disable UDP segmentation and receive offload (GSO and GRO)
    #[arg(long)]
    no_offload: bool,
    /// Write an event log of each transfer into this folder, as JSON lines
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Write every packet of transfers and of the chat into this file, for Wireshark
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    /// Open this event log in the laboratory, without a server
    #[arg(long, value_name = "JOURNAL", conflicts_with_all = ["text", "exec", "json"])]
    replay: Option<PathBuf>,
    /// Run the class exercises of the teacher without asking first
    #[arg(long)]
    accept_lab: bool,
    /// Type this line and wait until it is done; exit after the last one; implies --text
    #[arg(long, value_name = "LINE", action = clap::ArgAction::Append)]
    exec: Vec<String>,
    /// Print one event per line as JSON; implies --text
    #[arg(long)]
    json: bool,
    /// Colour the window: light, dark, or projector (large, high contrast) [default: the last
    /// one used]
    #[arg(long, value_name = "THEME")]
    theme: Option<Theme>,
    /// Open this many windows
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
    if let Some(port) = arguments.find {
        return list_rooms(port).into();
    }
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
        asked: RequestedOptions {
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

/// `--find`: one room per line.
fn list_rooms(port: u16) -> Exit {
    let rooms = match find(port) {
        Ok(rooms) => rooms,
        Err(error) => {
            complain(&format!("Cannot look for rooms: {error}."));
            return Exit::Unreachable;
        }
    };
    for room in &rooms {
        // A closed stdout (`client --find | head -1`) is not an error.
        let _ = writeln!(io::stdout(), "{}", room.text());
    }
    if rooms.is_empty() {
        complain(NO_ROOM);
        return Exit::Unreachable;
    }
    Exit::Well
}

/// Reports why the client ends: on stderr, or in a window if there is no stderr, as on
/// Windows after a double click.
fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
    #[cfg(feature = "gui")]
    if !terminal::has_stderr() {
        view::alert(sentence);
    }
}

/// Logs warnings on stderr, or more with `RUST_LOG=info`, without damaging progress bars.
fn start_logging(bars: &MultiProgress) {
    let environment = env_logger::Env::default().default_filter_or("warn");
    let logger = env_logger::Builder::from_env(environment)
        .format(|out, record| {
            let time = out.timestamp_millis();
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("-");
            let level = record.level().as_str().to_lowercase();
            // It may contain text from an untrusted peer.
            let said = words::harmless(&record.args().to_string());
            writeln!(out, "{time} {level} {name}: {said}")
        })
        .build();
    let level = logger.filter();
    // It fails if a logger is already set, and then there is nothing to do.
    if LogWrapper::new(bars.clone(), logger).try_init().is_ok() {
        log::set_max_level(level);
    }
}

/// The reason why no window can be opened, if there is one. FLTK would end the process instead.
fn no_window() -> Option<String> {
    if cfg!(not(feature = "gui")) {
        return Some("This client was built without a window. Use --text.".to_owned());
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
            log::error!("cannot open window {number} of --count: {error}");
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
