//! The server: a room over TCP, and the files it offers and takes.
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
//! | `results` | `results` | the file for what a class sends back, where there is one |
//! | `announce` | `announce` | the socket for clients that look for rooms, if it is wanted |
//! | [`web`] | `web`, `web-N` | the socket of the laboratory's page, if it is served |
//! | `digests` | `digests` | nothing: it hashes files of the `folder` |
//!
//! The messages between the threads are in `messages`.
//!
//! No thread holds a lock, and none but `writer-N` ever waits for client N.

mod announce;
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
    /// Where to listen; port 0 means any.
    pub bind: SocketAddr,
    /// The folder whose files are offered.
    pub files: PathBuf,
    /// The ports that transfers go out from.
    pub ports: PortRange,
    /// The scenario of the link of every transfer.
    pub scenario: Scenario,
    /// Whether datagrams go to and come from the kernel many at a time, where it can.
    pub is_offloading: bool,
    /// Where everything that happens in transfers is written down.
    pub journals: Journals,
    /// Where copies of what travels go, for a capture.
    pub tap: Tap,
    /// The options of transfers whose client requests none.
    pub defaults: NegotiatedOptions,
    /// How much clients may upload; `None`: nothing.
    pub uploads: Option<UploadLimits>,
    /// The rules for joining.
    pub rules: Rules,
    /// Most clients at once, from all addresses.
    pub max_clients: usize,
    /// Most clients at once from one address; 0: as many as there is room for. `None`:
    /// 64, and no limit for the own machine.
    pub max_per_address: Option<usize>,
    /// The file for what a class sends back, where it is kept.
    pub class_results: Option<PathBuf>,
    /// Where the laboratory's page is served, if it is.
    pub web: Option<WebConfig>,
    /// The UDP port on which clients of the local network find the room, if they may.
    pub announce: Option<u16>,
    /// How long a new connection may take to say its name.
    pub join_within: Duration,
    /// How long a full queue may stand still before its client is dropped.
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

/// The chat's port where no other is asked for.
pub const DEFAULT_PORT: u16 = 50_000;

/// Events that may wait for the room; then the readers wait, and so do their clients.
const ROOM_QUEUE: usize = 1024;

/// How long the threads of clients may take to end.
const ENDING: Duration = Duration::from_secs(3);

/// From the end of the last transfer to the goodbye.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A server at work. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    /// Where the page is served.
    web: Option<SocketAddr>,
    /// Where clients find the room.
    announce: Option<SocketAddr>,
    /// Nobody new is let in.
    is_closing: Arc<AtomicBool>,
    /// Everything ends.
    is_stopping: Arc<AtomicBool>,
    room: Sender<RoomMessage>,
    transfers: Sender<TransfersMessage>,
    threads: Vec<JoinHandle<()>>,
    /// Closed once the last `reader-N` and `writer-N` have ended.
    clients: Receiver<()>,
}

/// Starts a server.
///
/// # Errors
/// A sentence with a way out, and the system's kind of error: the folder is not there,
/// the address is in use or not ours, no thread is left.
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
    /// Where it listens, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the laboratory's page is served, with the real port.
    #[must_use]
    pub const fn web_address(&self) -> Option<SocketAddr> {
        self.web
    }

    /// Where clients of the local network find the room, with the real port.
    #[must_use]
    pub const fn announce_address(&self) -> Option<SocketAddr> {
        self.announce
    }

    /// Tells everybody, ends all transfers and waits for every thread.
    pub fn stop(mut self) {
        self.end();
    }

    /// Tells everybody that the end is near, lets nobody in and no transfer begin, and
    /// gives those that run so much time to end. Then as [`Running::stop`]: unfinished
    /// transfers can be resumed.
    pub fn stop_within(mut self, grace: Duration) {
        self.close_the_door();
        let (ended, drained) = crossbeam_channel::bounded(1);
        let _ = self
            .transfers
            .send(TransfersMessage::Drain { grace, ended });
        match drained.recv_timeout(grace) {
            // A client that has just received a file is told so before the connection
            // ends.
            Ok(()) => {
                let _ = crossbeam_channel::after(LAST_WORDS).recv();
            }
            Err(RecvTimeoutError::Timeout) => {
                log::info!("not every transfer ended within {grace:?}");
            }
            Err(RecvTimeoutError::Disconnected) => {} // None ran.
        }
        self.end();
    }

    /// `accept` waits in the system; a connection of our own wakes it everywhere.
    fn close_the_door(&self) {
        if !self.is_closing.swap(true, Ordering::AcqRel) {
            for address in [Some(self.address), self.web].into_iter().flatten() {
                let _ = TcpStream::connect_timeout(&reachable(address), ENDING);
            }
        }
    }

    /// First the chat, then the files: a client that sees the connection end knows that
    /// the server has ended, and that it was nobody who cancelled.
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

/// The address at which this machine itself reaches a listener.
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
