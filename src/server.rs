//! The server: a room over TCP, and the files that it offers and receives.
//!
//! Layer 4. Each thread owns one thing and is reached through one channel:
//!
//! ```text
//! accept --> reader-N --> room --> writer-N          (chat)
//!                          |
//!                          +--> transfers --> sender-N, acks-N   (files that go out)
//!                                  +--> receiver-N, disk-N       (files that come in)
//!                                  +--> digests
//! ```
//!
//! | module | thread | owns |
//! | --- | --- | --- |
//! | `listener` | `accept` | the listening socket, the count of `seats` |
//! | `peer` | `reader-N`, `writer-N` | one half each of client N's stream |
//! | `room_thread` | `room` | the [`Room`], the `turns` of requests that cost more than themselves |
//! | [`transfers`] | `transfers` | [`ports`] and queue, every transfer, limits, known digests, partial files of interrupted uploads (`kept`) |
//! | `results` | `results` | the file for the results of a class, if there is one |
//! | `announce` | `announce` | the socket for clients that look for rooms, with `--announce` |
//! | [`web`] | `web`, `web-N` | the socket of the laboratory's page, if it is served |
//! | `digests` | `digests` | nothing: it hashes files of the `folder` |
//!
//! The messages between the threads are in `messages`.
//!
//! No thread holds a lock, and none but `writer-N` ever waits for client N.

mod announce;
mod buckets;
mod digests;
mod folder;
pub mod greeting;
mod kept;
mod listener;
mod messages;
mod pace;
mod peer;
pub mod ports;
mod results;
mod room_thread;
mod seats;
pub mod transfers;
mod turns;
pub mod web;

use crate::journals::Journals;
use crate::link::Scenario;
use crate::room::Room;
use crate::room::door::Rules;
use crate::transfer::tap::Tap;
use crate::transfer::threads;
use crate::wire::options::NegotiatedOptions;
use announce::Announcer;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use folder::Folder;
use listener::Listener;
use messages::{RoomMessage, TransfersMessage};
use peer::Budget;
use ports::PortRange;
use room_thread::RoomThread;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use transfers::Transfers;
use transfers::upload_limits::UploadLimits;
use web::{WebConfig, WebListener};

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on; port 0 means any.
    pub bind: SocketAddr,
    /// The folder whose files are offered.
    pub files: PathBuf,
    /// The ports of transfers.
    pub ports: PortRange,
    /// The scenario of the link of every transfer.
    pub scenario: Scenario,
    /// Whether to use segmentation and receive offload, if the kernel supports it.
    pub is_offloading: bool,
    /// The event logs of transfers.
    pub journals: Journals,
    /// The tap for copies of packets, for a capture.
    pub tap: Tap,
    /// The options of transfers whose client requests none.
    pub defaults: NegotiatedOptions,
    /// The upload limits; `None`: no uploads.
    pub uploads: Option<UploadLimits>,
    /// The rules for joining.
    pub rules: Rules,
    /// The limit of clients from all addresses.
    pub max_clients: usize,
    /// The limit of clients from one address; 0: no limit. `None`: 64, and no limit for
    /// the server's own computer.
    pub max_per_address: Option<usize>,
    /// The file for the results of a class, if they are recorded.
    pub class_results: Option<PathBuf>,
    /// The laboratory's page and its address, if it is served.
    pub web: Option<WebConfig>,
    /// The UDP port on which clients of the local network find the room, if it is
    /// announced.
    pub announce: Option<u16>,
    /// The time that a new connection has to join.
    pub join_within: Duration,
    /// The time after which a client is dropped if its full queue does not move.
    pub stall_limit: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT)),
            files: PathBuf::from("files"),
            ports: PortRange::DEFAULT,
            scenario: Scenario::PERFECT,
            is_offloading: true,
            journals: Journals::default(),
            tap: Tap::default(),
            defaults: NegotiatedOptions::DEFAULT,
            uploads: Some(UploadLimits::DEFAULT),
            rules: Rules::default(),
            max_clients: 7_500,
            max_per_address: None,
            class_results: None,
            web: None,
            announce: None,
            join_within: Duration::from_secs(10),
            stall_limit: Duration::from_secs(5),
        }
    }
}

/// The default port of the chat.
pub const DEFAULT_PORT: u16 = 50_000;

/// The number of events that may wait for the room; beyond it the readers wait, and so do
/// their clients.
const ROOM_QUEUE: usize = 1024;

/// The time that the threads of clients have to end.
const ENDING: Duration = Duration::from_secs(3);

/// The time between the end of the last transfer and the end of the connections.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    /// The address of the page.
    web: Option<SocketAddr>,
    /// The address on which clients find the room.
    announce: Option<SocketAddr>,
    /// Whether new clients are refused.
    is_closing: Arc<AtomicBool>,
    /// Whether everything ends.
    is_stopping: Arc<AtomicBool>,
    room: Sender<RoomMessage>,
    transfers: Sender<TransfersMessage>,
    threads: Vec<JoinHandle<()>>,
    /// Closed when the last `reader-N` and `writer-N` have ended.
    clients: Receiver<()>,
}

/// Starts a server.
///
/// # Errors
/// A sentence with advice, and the system's kind of error: the folder does not exist, the
/// address is in use or not one of this computer, no thread is left.
pub fn start(config: Config) -> io::Result<Running> {
    let folder =
        Folder::new(&config.files).map_err(|error| cannot_serve(&config, &error))?;
    let socket = TcpListener::bind(config.bind)
        .map_err(|error| cannot_listen(config.bind, "--bind", &error))?;
    let web = config.web.as_ref().map(bind_web).transpose()?;
    let web_address = web.as_ref().map(|(socket, _)| socket.local_addr());
    let web_address = web_address.transpose()?;
    let address = socket.local_addr()?;
    let is_closing = Arc::new(AtomicBool::new(false));
    let is_stopping = Arc::new(AtomicBool::new(false));
    let (room, room_events) = crossbeam_channel::bounded(ROOM_QUEUE);
    let (transfers, transfer_events) = crossbeam_channel::unbounded();
    let (work, work_to_do) = crossbeam_channel::unbounded();
    let (alive, clients) = crossbeam_channel::bounded(0);

    let announcer = announcer(&config, address, &is_stopping)?;
    let announce_address = announcer.as_ref().map(Announcer::address).transpose()?;

    let results = config.class_results.as_deref().map(results::open);
    let results = results.transpose()?;
    let (record, recorded) = crossbeam_channel::unbounded();

    let budget = Arc::new(Budget::default());
    let room_thread = RoomThread::new(
        Room::with_rules(config.defaults, config.rules.clone()),
        transfers.clone(),
        results.is_some().then_some(record),
        config.stall_limit,
        Arc::clone(&budget),
    );
    let all_transfers = Transfers::new(
        &config,
        folder,
        work,
        transfers.clone(),
        room.clone(),
        Arc::clone(&budget),
    );
    let web_listener = web.map(|(socket, page)| WebListener {
        socket,
        page,
        room: room.clone(),
        max_per_address: config.max_per_address,
        is_closing: Arc::clone(&is_closing),
        alive: alive.clone(),
    });
    let listener = Listener {
        socket,
        config,
        room: room.clone(),
        budget,
        is_closing: Arc::clone(&is_closing),
        alive,
    };
    // If one part does not start, the parts that did start are stopped: `Running` is
    // dropped then.
    let mut running = Running {
        address,
        web: web_address,
        announce: announce_address,
        is_closing,
        is_stopping: Arc::clone(&is_stopping),
        room,
        transfers: transfers.clone(),
        threads: Vec::new(),
        clients,
    };
    let mut start = |name: &str, work: Box<dyn FnOnce() + Send>| {
        running.threads.push(threads::start(name.to_owned(), work)?);
        io::Result::Ok(())
    };
    start("room", Box::new(move || room_thread.run(&room_events)))?;
    start(
        "transfers",
        Box::new(move || transfers::thread::run(all_transfers, &transfer_events)),
    )?;
    if let Some(mut file) = results {
        let work = move || results::run(&mut file, &recorded);
        start("results", Box::new(work))?;
    }
    start(
        "digests",
        Box::new(move || digests::run(&work_to_do, &transfers, &is_stopping)),
    )?;
    if let Some(announcer) = announcer {
        start("announce", Box::new(move || announcer.run()))?;
    }
    if let Some(listener) = web_listener {
        start("web", Box::new(move || listener.run()))?;
    }
    start("accept", Box::new(move || listener.run()))?;
    Ok(running)
}

fn cannot_serve(config: &Config, error: &io::Error) -> io::Error {
    let folder = config.files.display();
    let way_out = "Create this folder, or choose another one with --files.";
    let sentence = format!("cannot offer the files in {folder}: {error}. {way_out}");
    io::Error::new(error.kind(), sentence)
}

fn announcer(
    config: &Config,
    chat: SocketAddr,
    is_stopping: &Arc<AtomicBool>,
) -> io::Result<Option<Announcer>> {
    let Some(port) = config.announce else {
        return Ok(None);
    };
    let teacher = config.rules.teacher.as_ref();
    let teacher = teacher.map(|teacher| teacher.name.to_string());
    let is_locked = config.rules.password.is_some();
    let is_stopping = Arc::clone(is_stopping);
    Announcer::new(port, chat, teacher, is_locked, is_stopping).map(Some)
}

/// The socket of the page.
fn bind_web(config: &WebConfig) -> io::Result<(TcpListener, web::page::Page)> {
    let socket = TcpListener::bind(config.bind)
        .map_err(|error| cannot_listen(config.bind, "--web", &error))?;
    Ok((socket, config.page.clone()))
}

fn cannot_listen(address: SocketAddr, flag: &str, error: &io::Error) -> io::Error {
    let is = |kind| error.kind() == kind;
    let way_out = if is(ErrorKind::AddrInUse) {
        "Another program listens on this port. End it, or choose another port with"
    } else if is(ErrorKind::AddrNotAvailable) {
        "This computer does not have this address. Choose one of its own, or 0.0.0.0, \
         with"
    } else if is(ErrorKind::PermissionDenied) {
        "Ports below 1024 need privileges. Choose a higher one with"
    } else {
        "Try another address with"
    };
    let sentence = format!("cannot listen on {address}: {error}. {way_out} {flag}.");
    io::Error::new(error.kind(), sentence)
}

impl Running {
    /// The address on which it listens, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the laboratory's page, with the real port.
    #[must_use]
    pub const fn web_address(&self) -> Option<SocketAddr> {
        self.web
    }

    /// The address on which clients of the local network find the room, with the real
    /// port.
    #[must_use]
    pub const fn announce_address(&self) -> Option<SocketAddr> {
        self.announce
    }

    /// Informs all users, ends all transfers and waits for every thread.
    pub fn stop(mut self) {
        self.end();
    }

    /// Announces the end to all users, refuses new clients and transfers, and gives
    /// running transfers this much time. Then it continues as [`Running::stop`];
    /// unfinished transfers can be resumed.
    pub fn stop_within(mut self, grace: Duration) {
        self.close_the_door();
        let (ended, drained) = crossbeam_channel::bounded(1);
        let _ = self
            .transfers
            .send(TransfersMessage::Drain { grace, ended });
        match drained.recv_timeout(grace) {
            // A client that has just received a file gets the report before the
            // connection ends.
            Ok(()) => {
                let _ = crossbeam_channel::after(LAST_WORDS).recv();
            }
            Err(RecvTimeoutError::Timeout) => {
                log::info!("not every transfer ended within {grace:?}");
            }
            Err(RecvTimeoutError::Disconnected) => {} // No transfer was running.
        }
        self.end();
    }

    /// `accept` waits in the system; a connection to the own address wakes it on every
    /// system.
    fn close_the_door(&self) {
        if !self.is_closing.swap(true, Ordering::AcqRel) {
            for address in [Some(self.address), self.web].into_iter().flatten() {
                let _ = TcpStream::connect_timeout(&reachable(address), ENDING);
            }
        }
    }

    /// First the chat, then the files: a client whose connection ends knows that the
    /// server has ended, and that nobody has cancelled its transfers.
    fn end(&mut self) {
        if self.is_stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        self.close_the_door();
        let (room, goodbye) = crossbeam_channel::bounded(0);
        let _ = self.room.send(RoomMessage::Stop { room });
        let _ = goodbye.recv_timeout(ENDING);
        let _ = self.transfers.send(TransfersMessage::Stop);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        let _ = self.clients.recv_timeout(ENDING);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address at which this computer itself reaches a listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            address.set_ip(Ipv6Addr::LOCALHOST.into());
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => {}
    }
    address
}
