//! The start of `client` and `client-window`: arguments, logging, and one call: of the
//! library for a terminal, or of the program's own function for the window.

use clap::Parser;
use indicatif::MultiProgress;
use indicatif_log_bridge::LogWrapper;
use sash::captures::Captures;
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
pub(crate) struct Arguments {
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
    pub(crate) name: Option<String>,
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
    pub(crate) count: u32,
}

/// The differences between the two programs.
pub(crate) struct Program {
    /// Reports why the client ends.
    pub(crate) complain: fn(&str),
    /// Opens the window, until it is closed. An error is a sentence.
    pub(crate) open_window: fn(&Arguments) -> Result<ExitCode, String>,
}

/// Everything from the arguments to the exit code.
pub(crate) fn run(program: &Program) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if terminal::has_stderr() => error.exit(),
        Err(error) => {
            (program.complain)(&error.to_string());
            return Exit::Usage.into();
        }
    };
    let bars = MultiProgress::new();
    start_logging(&bars);
    if let Some(port) = arguments.find {
        return list_rooms(port, program).into();
    }
    let is_text = arguments.text || arguments.json || !arguments.exec.is_empty();
    let ended = if is_text {
        run_text(arguments, bars)
    } else {
        (program.open_window)(&arguments)
    };
    ended.unwrap_or_else(|sentence| {
        (program.complain)(&sentence);
        Exit::Usage.into()
    })
}

fn run_text(arguments: Arguments, bars: MultiProgress) -> Result<ExitCode, String> {
    let (settings, _captures) = arguments.settings()?;
    let manner = Manner {
        exec: arguments.exec,
        is_json: arguments.json,
    };
    Ok(text::run(settings, manner, bars).into())
}

impl Arguments {
    /// The settings of a front end, and the capture, which must live as long. An error is a
    /// sentence.
    pub(crate) fn settings(&self) -> Result<(Settings, Captures), String> {
        let journals =
            Journals::new(self.journal.clone()).map_err(|error| error.to_string())?;
        let password = self.password_file.as_deref().map(passwords::read_file);
        let password = password.transpose()?;
        let scenario = self.link.clone().unwrap_or(Scenario::PERFECT);
        let captures = Captures::start(self.pcapng.as_deref(), &scenario)
            .map_err(|error| error.to_string())?;
        let settings = Settings {
            server: self.server.clone(),
            name: self.name.clone(),
            password,
            accepts_labs: self.accept_lab,
            asked: RequestedOptions {
                transport: self.transport,
                arq: self.arq,
                window: self.window,
                congestion: self.congestion,
                segment_bytes: self.segment,
            },
            out: self.out.clone(),
            pause_at: self.pause_at,
            overwrite: self.overwrite,
            scenario,
            is_offloading: !self.no_offload,
            journals,
            replay: self.replay.clone(),
            tap: captures.tap(),
            theme: self.theme,
        };
        Ok((settings, captures))
    }
}

/// `--find`: one room per line.
fn list_rooms(port: u16, program: &Program) -> Exit {
    let rooms = match find(port) {
        Ok(rooms) => rooms,
        Err(error) => {
            (program.complain)(&format!("Cannot look for rooms: {error}."));
            return Exit::Unreachable;
        }
    };
    for room in &rooms {
        // A closed stdout (`client --find | head -1`) is not an error.
        let _ = writeln!(io::stdout(), "{}", room.text());
    }
    if rooms.is_empty() {
        (program.complain)(NO_ROOM);
        return Exit::Unreachable;
    }
    Exit::Well
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

/// `--count 3 --name dana`: two more processes of this program, as dana2 and dana3.
pub(crate) fn open_siblings(count: u32, name: Option<&str>) {
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
