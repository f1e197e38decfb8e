//! `server`: arguments, logging, one call into the library.

use clap::{CommandFactory, Parser};
use crossbeam_channel::{Receiver, Sender};
use sash::captures::Captures;
use sash::client::words;
use sash::journals::Journals;
use sash::link::Scenario;
use sash::passwords;
use sash::room::door::{Rules, Teacher};
use sash::room::name::Name;
use sash::server::ports::PortRange;
use sash::server::transfers::upload_limits::UploadLimits;
use sash::server::{self, Config};
use sash::wire::options::{Arq, Asked, Congestion, Settled};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// A chat room over TCP that offers files over a reliable UDP of its own.
#[derive(Debug, Parser)]
#[command(name = "server", version, before_help = EXAMPLES, max_term_width = 100)]
struct Flags {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:50000", value_parser = read_address)]
    bind: SocketAddr,
    /// The folder whose files are offered.
    #[arg(long, value_name = "DIR", default_value = "files")]
    files: PathBuf,
    /// The ports that files go out from, both ends included; 0 takes any that is free.
    #[arg(long, value_name = "A-B", default_value_t = PortRange::DEFAULT)]
    udp_ports: PortRange,
    /// How lost packets are sent again, where a client does not ask for anything:
    /// stop-and-wait, go-back-n, selective-repeat or sack.
    #[arg(long, value_name = "PROTOCOL")]
    arq: Option<Arq>,
    /// Most packets in flight, where a client does not ask for anything.
    #[arg(long, value_name = "N")]
    window: Option<u32>,
    /// Who decides how much of that is used, where a client does not ask for anything:
    /// fixed, plus-one-minus-three, double-halve, additive, reno, cubic or bbr.
    #[arg(long, value_name = "CONTROLLER")]
    congestion: Option<Congestion>,
    /// File bytes per DATA packet, where a client does not ask for anything.
    #[arg(long, value_name = "BYTES")]
    segment: Option<u16>,
    /// What the link does to the packets of every transfer: `seed=7;loss=10%;delay=50ms`.
    #[arg(long, value_name = "SCENARIO")]
    link: Option<Scenario>,
    /// Largest file that a client may upload.
    #[arg(long, value_name = "BYTES", default_value_t = UploadLimits::DEFAULT.file_bytes)]
    upload_limit: u64,
    /// Most that all uploads together may bring while the server runs; what broken-off ones have left counts.
    #[arg(long, value_name = "BYTES", default_value_t = UploadLimits::DEFAULT.total_bytes)]
    upload_total: u64,
    /// Take no files from clients.
    #[arg(long, conflicts_with_all = ["upload_limit", "upload_total"])]
    no_upload: bool,
    /// Let the kernel neither cut rows of datagrams up nor put them together.
    #[arg(long)]
    no_offload: bool,
    /// Write everything that happens in transfers into this folder, as JSON lines.
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Write every packet of transfers and chats into this file, for Wireshark.
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    /// Most clients at once.
    #[arg(long, value_name = "N", default_value_t = 7_500)]
    max_clients: usize,
    /// Most clients at once from one address, 0 for no limit; without this flag 64, and no limit for this machine itself.
    #[arg(long, value_name = "N")]
    max_per_address: Option<usize>,
    /// How long running transfers may take to end after Ctrl-C or SIGTERM; what has not ended then can be gone on from. A second signal ends at once.
    #[arg(long, value_name = "SECONDS", default_value = "10s", value_parser = read_grace)]
    grace: Duration,
    /// The room's password, from this file; it is proven and never sent. The chat and the files stay readable on the wire.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Who may put others out (/kick, /ban): nobody else has this name.
    #[arg(long, value_name = "NAME", requires = "teacher_password_file")]
    teacher: Option<Name>,
    /// The teacher's own password, from this file.
    #[arg(long, value_name = "FILE", requires = "teacher")]
    teacher_password_file: Option<PathBuf>,
    /// Let the teacher give out scenarios (/lab) that each client runs if its person agrees.
    #[arg(long, requires = "teacher")]
    class: bool,
    /// Add each result of the class to this file, as CSV.
    #[arg(long, value_name = "FILE", requires = "class")]
    class_results: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  server                                   the room on port 50000, the files in ./files
  server --bind 127.0.0.1:0                for this machine alone, on any free port
  server --arq go-back-n --window 16       another protocol, where nobody asks for one
  server --no-upload                       nobody may put a file there
  server --link \"seed=7;loss=10%\"         every tenth packet of a transfer is lost
  server --password-file room.password     only who knows it comes in
  server --teacher dana --teacher-password-file dana.password
                                           dana may put others out
  server --teacher dana --teacher-password-file dana.password --class --class-results r.csv
                                           and give out scenarios, and gather results
  server --pcapng room.pcapng              what travels, for Wireshark
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
    let grace = flags.grace;
    let config = Config {
        rules,
        journals,
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
        log::warn!("Ctrl-C will end the server without a goodbye: {error}");
    }
    print_lines(&greeting(running.address()));
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
    /// Who may come in.
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

    /// A window or segment outside its range ends the program as wrong usage does.
    fn into_config(self) -> Config {
        let asked = Asked {
            transport: None,
            arq: self.arq,
            window: self.window,
            congestion: self.congestion,
            segment_bytes: self.segment,
        };
        let defaults = asked.settle(&Settled::DEFAULT).unwrap_or_else(|error| {
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
            ..Config::default()
        }
    }
}

/// The first signal asks for a goodbye, the second does not wait for it.
fn stop_on_signal(stop: Sender<()>) -> Result<(), ctrlc::Error> {
    let mut is_second = false;
    ctrlc::set_handler(move || {
        if std::mem::replace(&mut is_second, true) {
            std::process::exit(130);
        }
        let _ = stop.send(());
    })
}

/// Waits for a signal; where none can be caught, until the process is ended.
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
            // A stranger's words may be in it.
            let said = words::harmless(&record.args().to_string());
            writeln!(out, "{time} {level} {thread}: {said}")
        })
        .init();
}

/// The address for programs, then what a person types to get here.
fn greeting(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut lines = vec![format!("listening on {address}")];
    let hosts = match address.ip() {
        ip if ip.is_unspecified() => {
            let outward = outward_address().map(|ip| ip.to_string());
            std::iter::once("localhost".to_owned())
                .chain(outward)
                .collect()
        }
        ip if ip == IpAddr::V4(Ipv4Addr::LOCALHOST) => vec!["localhost".to_owned()],
        IpAddr::V4(ip) => vec![ip.to_string()],
        IpAddr::V6(ip) => vec![format!("[{ip}]")],
    };
    let reach = |host: String| format!("client --server {host}:{port}");
    lines.extend(hosts.into_iter().map(reach));
    lines
}

/// The address that others see, if this machine has a way out. Nothing is sent: connecting
/// a UDP socket only asks the routing table (RFC 5737: nobody has this address).
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}

/// The one place that prints. A reader who has gone (`server | head -1`) is no error.
fn print_lines(lines: &[String]) {
    let mut out = io::stdout().lock();
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
    let _ = out.flush();
}
