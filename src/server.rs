//! The server: a room over TCP, and the files it offers.
//!
//! Floor 4. Each thread owns one thing and is reached through one channel:
//!
//! ```text
//! accept --> reader-N --> room --> writer-N          (chat)
//!                          |
//!                          +--> transfers --> sender-N, acks-N   (files)
//!                                  +--> digests
//! ```
//!
//! | module | thread | owns |
//! | --- | --- | --- |
//! | [`listener`] | `accept` | the listening socket, the count of seats |
//! | [`peer`] | `reader-N`, `writer-N` | one half each of client N's stream |
//! | [`room_thread`] | `room` | the [`Room`] |
//! | [`transfers`] | `transfers` | ports, queue, running transfers |
//!
//! No thread holds a lock, and none but `writer-N` ever waits for client N.

mod listener;
mod peer;
mod room_thread;
mod transfers;

use crate::room::Room;
use crate::transfer::threads;
use crate::wire::options::Settled;
use crossbeam_channel::{Receiver, Sender};
use listener::Listener;
use room_thread::RoomThread;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 means any.
    pub bind: SocketAddr,
    /// What a transfer does where the client does not ask for anything.
    pub defaults: Settled,
    /// Most clients at once, from all addresses.
    pub max_clients: usize,
    /// How long a new connection may take to say its name.
    pub join_within: Duration,
    /// How long a full queue may stand still before its client is dropped.
    pub stall_limit: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT)),
            defaults: Settled::DEFAULT,
            max_clients: 7_500,
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

/// A server at work. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    is_stopping: Arc<AtomicBool>,
    room: Sender<room_thread::Event>,
    transfers: Sender<transfers::Event>,
    threads: Vec<JoinHandle<()>>,
    /// Closed once the last `reader-N` and `writer-N` have ended.
    clients: Receiver<()>,
}

/// Starts a server.
///
/// # Errors
/// What the system says when the address is in use or not ours, or when no thread is left.
pub fn start(config: Config) -> io::Result<Running> {
    let socket = TcpListener::bind(config.bind)?;
    let address = socket.local_addr()?;
    let is_stopping = Arc::new(AtomicBool::new(false));
    let (room, room_events) = crossbeam_channel::bounded(ROOM_QUEUE);
    let (transfers, transfer_events) = crossbeam_channel::unbounded();
    let (alive, clients) = crossbeam_channel::bounded(0);

    let room_thread = RoomThread::new(
        Room::new(config.defaults),
        transfers.clone(),
        config.stall_limit,
    );
    let listener = Listener {
        socket,
        config,
        room: room.clone(),
        is_stopping: Arc::clone(&is_stopping),
        alive,
    };
    drop(transfer_events);
    let threads = vec![
        threads::start("room".to_owned(), move || room_thread.run(&room_events))?,
        threads::start("accept".to_owned(), move || listener.run())?,
    ];
    Ok(Running {
        address,
        is_stopping,
        room,
        transfers,
        threads,
        clients,
    })
}

impl Running {
    /// Where it listens, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells everybody, ends all transfers and waits for every thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if self.is_stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        // `accept` waits in the system; a connection of our own wakes it everywhere.
        let _ = TcpStream::connect_timeout(&reachable(self.address), ENDING);
        let _ = self.transfers.send(transfers::Event::Stop);
        let _ = self.room.send(room_thread::Event::Stop);
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
