//! `server`: arguments, logging, one call into the library.

#[path = "lab/size.rs"]
mod size;

use clap::{CommandFactory, Parser};
use crossbeam_channel::{Receiver, Sender};
use sash::captures::Captures;
use sash::client::words;
use sash::journals::Journals;
use sash::link::Scenario;
use sash::passwords;
use sash::room::door::{Rules, Teacher};
use sash::room::name::Name;
use sash::server::greeting::greeting;
use sash::server::ports::PortRange;
use sash::server::transfers::upload_limits::UploadLimits;
use sash::server::web::WebConfig;
use sash::server::web::page::Page;
use sash::server::{self, Config};
use sash::system::page_file;
use sash::wire::options::{Arq, Congestion, NegotiatedOptions, RequestedOptions};
use size::bytes;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Run a chat room over TCP, and transfer files over a reliable protocol on UDP.
#[derive(Debug, Parser)]
#[command(name = "server", version, before_help = EXAMPLES, max_term_width = 100)]
struct Flags {
    /// Listen on this address; port 0 takes a free port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:50000", value_parser = read_address)]
    bind: SocketAddr,
    /// Offer the files of this folder.
    #[arg(long, value_name = "DIR", default_value = "files")]
    files: PathBuf,
    /// Transfer files from these UDP ports, A and B included; 0 takes free ports.
    #[arg(long, value_name = "A-B", default_value_t = PortRange::DEFAULT)]
    udp_ports: PortRange,
    /// Use this ARQ protocol if a client does not choose one: stop-and-wait, go-back-n,
    /// selective-repeat or sack [default: sack].
    #[arg(long, value_name = "PROTOCOL")]
    arq: Option<Arq>,
    /// Set the send window, in packets, if a client does not choose one [default: 8192; 16 with --arq].
    #[arg(long, value_name = "N")]
    window: Option<u32>,
    /// Use this congestion controller if a client does not choose one: fixed,
    /// plus-one-minus-three, double-halve, additive, reno, cubic or bbr [default: bbr; fixed with
    /// --arq or --window].
    #[arg(long, value_name = "CONTROLLER")]
    congestion: Option<Congestion>,
    /// Put this many file bytes into a DATA packet if a client does not choose [default: 1436].
    #[arg(long, value_name = "BYTES")]
    segment: Option<u16>,
    /// Inject faults into the packets of every transfer: "seed=7;loss=10%;delay=50ms" [default:
    /// perfect].
    #[arg(long, value_name = "SCENARIO")]
    link: Option<Scenario>,
    /// Refuse uploads of larger files: bytes, or with KiB, MiB, GiB.
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes)]
    upload_limit: u64,
    /// Limit all uploads together while the server runs; partial files of interrupted uploads count.
    #[arg(long, value_name = "BYTES", default_value = "10GiB", value_parser = bytes)]
    upload_total: u64,
    /// Refuse uploads.
    #[arg(long, conflicts_with_all = ["upload_limit", "upload_total"])]
    no_upload: bool,
    /// Disable UDP segmentation and receive offload (GSO and GRO).
    #[arg(long)]
    no_offload: bool,
    /// Write an event log of each transfer into this folder, as JSON lines.
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Write every packet of transfers and chats into this file, for Wireshark.
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    /// Accept at most this many clients at once.
    #[arg(long, value_name = "N", default_value_t = 7_500)]
    max_clients: usize,
    /// Accept at most this many clients from one address; 0 is no limit [default: 64; no limit for this computer].
    #[arg(long, value_name = "N")]
    max_per_address: Option<usize>,
    /// Give running transfers this long to finish after Ctrl-C or SIGTERM; clients can resume the others later. A second signal ends the server at once.
    #[arg(long, value_name = "SECONDS", default_value = "10s", value_parser = read_grace)]
    grace: Duration,
    /// Require the password in this file. Clients prove that they know it and never send it; chat and files stay readable on the wire.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Reserve this name for the teacher, who may remove and ban users (/kick, /ban).
    #[arg(long, value_name = "NAME", requires = "teacher_password_file")]
    teacher: Option<Name>,
    /// Read the teacher's own password from this file.
    #[arg(long, value_name = "FILE", requires = "teacher")]
    teacher_password_file: Option<PathBuf>,
    /// Let the teacher give out class exercises (/lab); each client asks its user before it runs one.
    #[arg(long, requires = "teacher")]
    class: bool,
    /// Append each result of a class exercise to this file, as CSV.
    #[arg(long, value_name = "FILE", requires = "class")]
    class_results: Option<PathBuf>,
    /// Serve the laboratory's page to browsers on this port [default: 8080]; with --class they can answer questions (/ask).
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "8080")]
    web: Option<u16>,
    /// Serve this page [default: laboratory.html beside the program, or target/web/laboratory.html]
    #[arg(long, value_name = "FILE", requires = "web")]
    web_page: Option<PathBuf>,
    /// Answer clients of the local network that look for rooms (client --find), on this UDP port [default: 50000]
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "50000")]
    announce: Option<u16>,
}

const EXAMPLES: &str = "\
Examples:
  server                                   listen on port 50000, offer the files in ./files
  server --bind 127.0.0.1:0                accept this computer only, on a free port
  server --arq go-back-n --window 16       change the default protocol
  server --no-upload                       refuse uploads
  server --link \"seed=7;loss=10%\"         lose one packet in ten of every transfer
  server --password-file room.password     require a password
  server --teacher dana --teacher-password-file dana.password
                                           let dana remove and ban users
  server --teacher dana --teacher-password-file dana.password --class --class-results r.csv
                                           let dana give out exercises, save the results
  server --web                             serve the laboratory to browsers on port 8080
  server --announce                        let clients find the room (client --find)
  server --pcapng room.pcapng              capture all packets for Wireshark
";

fn main() -> ExitCode {
    let flags = Flags::parse();
    start_log();
    let journals = match Journals::new(flags.journal.clone()) {
        Ok(journals) => journals,
        Err(error) => {
            log::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let scenario = flags.link.clone().unwrap_or(Scenario::PERFECT);
    let captures = match Captures::start(flags.pcapng.as_deref(), &scenario) {
        Ok(captures) => captures,
        Err(error) => {
            log::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let rules = match flags.rules() {
        Ok(rules) => rules,
        Err(sentence) => {
            log::error!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    let web = match flags.web_config() {
        Ok(web) => web,
        Err(error) => {
            log::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let grace = flags.grace;
    let config = Config {
        rules,
        journals,
        web,
        tap: captures.tap(),
        ..flags.into_config()
    };
    let running = match server::start(config) {
        Ok(running) => running,
        Err(error) => {
            log::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (stop, stopped) = crossbeam_channel::unbounded();
    if let Err(error) = stop_on_signal(stop) {
        log::warn!(
            "cannot catch Ctrl-C, so it will end the server without telling the users: {error}"
        );
    }
    let with_code = io::stdout().is_terminal();
    print_lines(&greeting(
        running.address(),
        running.web_address(),
        with_code,
    ));
    wait_for(&stopped);
    log::info!("stopping: press Ctrl-C again to end at once");
    running.stop_within(grace);
    drop(captures); // All of it is on disk now.
    ExitCode::SUCCESS
}

fn read_address(text: &str) -> Result<SocketAddr, String> {
    let help = "write ADDRESS:PORT with numbers, such as 127.0.0.1:50000 or [::]:50000";
    text.parse().map_err(|_| help.to_owned())
}

/// `10s`, `10` or `0`.
fn read_grace(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').unwrap_or(text);
    let seconds: u64 = seconds
        .parse()
        .map_err(|_| "write seconds, such as 10s".to_owned())?;
    Ok(Duration::from_secs(seconds))
}

impl Flags {
    /// The passwords, the teacher and whether there is a class.
    fn rules(&self) -> Result<Rules, String> {
        let read = |file: &Option<PathBuf>| {
            file.as_deref().map(passwords::read_file).transpose()
        };
        let teacher_password = read(&self.teacher_password_file)?;
        Ok(Rules {
            password: read(&self.password_file)?,
            teacher: self
                .teacher
                .clone()
                .zip(teacher_password)
                .map(|(name, password)| Teacher { name, password }),
            is_class: self.class,
        })
    }

    /// The laboratory's page, read now.
    fn web_config(&self) -> io::Result<Option<WebConfig>> {
        let Some(port) = self.web else {
            return Ok(None);
        };
        let path = self.web_page.clone().or_else(page_file::find);
        let path = path.unwrap_or_else(|| PathBuf::from(page_file::BUILT));
        let page = Page::read(&path, self.class)?;
        let bind = SocketAddr::new(self.bind.ip(), port);
        Ok(Some(WebConfig { bind, page }))
    }

    /// Ends the program, as for wrong usage, if the window or the segment is out of range.
    fn into_config(self) -> Config {
        let asked = RequestedOptions {
            transport: None,
            arq: self.arq,
            window: self.window,
            congestion: self.congestion,
            segment_bytes: self.segment,
        };
        let defaults =
            asked
                .negotiate(&NegotiatedOptions::DEFAULT)
                .unwrap_or_else(|error| {
                    Self::command()
                        .error(clap::error::ErrorKind::ValueValidation, error)
                        .exit()
                });
        Config {
            bind: self.bind,
            files: self.files,
            ports: self.udp_ports,
            scenario: self.link.unwrap_or(Scenario::PERFECT),
            is_offloading: !self.no_offload,
            defaults,
            uploads: (!self.no_upload).then_some(UploadLimits {
                file_bytes: self.upload_limit,
                total_bytes: self.upload_total,
            }),
            max_clients: self.max_clients,
            max_per_address: self.max_per_address,
            class_results: self.class_results,
            announce: self.announce,
            ..Config::default()
        }
    }
}

/// The first signal asks for an orderly shutdown; the second ends the process at once.
fn stop_on_signal(stop: Sender<()>) -> Result<(), ctrlc::Error> {
    let mut is_second = false;
    ctrlc::set_handler(move || {
        if std::mem::replace(&mut is_second, true) {
            std::process::exit(130);
        }
        let _ = stop.send(());
    })
}

/// Waits for a signal; if signals cannot be caught, waits until the process is ended.
fn wait_for(stopped: &Receiver<()>) {
    if stopped.recv().is_err() {
        let (_kept, never) = crossbeam_channel::bounded::<()>(0);
        let _ = never.recv();
    }
}

/// `time level thread: message`, on stderr.
fn start_log() {
    let filter = env_logger::Env::default().default_filter_or("info");
    env_logger::Builder::from_env(filter)
        .format(|out, record| {
            let time = out.timestamp_millis();
            let level = record.level().as_str().to_ascii_lowercase();
            let thread = std::thread::current();
            let thread = thread.name().unwrap_or("?");
            // It may contain text from a client that we do not trust.
            let said = words::harmless(&record.args().to_string());
            writeln!(out, "{time} {level} {thread}: {said}")
        })
        .init();
}

/// The only function that prints. A closed stdout (`server | head -1`) is not an error.
fn print_lines(lines: &[String]) {
    let mut out = io::stdout().lock();
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
    let _ = out.flush();
}
