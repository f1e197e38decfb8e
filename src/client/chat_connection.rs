//! The chat connection: a thread that reads it and a thread that writes it.
//!
//! `reader` connects, starts `writer` and turns lines into events; `writer` turns
//! requests into lines, all waiting ones in one `write`. In this way `join` and the
//! requests after it are sent together. At the start each line is a segment of its own,
//! because TCP detects the loss of a segment at once when a later one arrives, and
//! otherwise waits for a timer (RFC 8985). A `ping` follows the last request for the same
//! reason.
//!
//! ```text
//! send() --channel--> writer --> TcpStream --> reader --> report(Event)
//! hang_up() closes the channel: writer empties it, closes its half of TCP, waits a
//! moment for the server to close too, and then shuts the socket, which ends reader.
//! ```
//!
//! It does not know the meaning of the lines, with one exception: a download whose port
//! the server is to know gets a socket at this connection's address as its line leaves.

mod connect;
mod early;

use super::address::ServerAddress;
use super::controller::Event;
use crate::transfer::clock::Clock;
use crate::transfer::tap::{CaptureDirection, Conversation, Tap};
use crate::transfer::threads;
use crate::wire::line::Lines;
use crate::wire::message::{Reply, Request};
use crossbeam_channel::{Receiver, RecvError, Sender, bounded, never, unbounded};
use early::{Binding, EarlySockets};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A chat connection, open or not yet. Dropping it closes it.
#[derive(Debug)]
pub struct ChatConnection {
    address: ServerAddress,
    /// The tap for copies of its lines.
    tap: Tap,
    outgoing: Sender<Request>,
    stream: Arc<OnceLock<Arc<TcpStream>>>,
    sockets: EarlySockets,
    /// The data that `reader` gets when it starts.
    requests: Option<Receiver<Request>>,
    /// Closed when the system has everything that was to be sent.
    all_written: Receiver<()>,
}

/// The time that the server has to close its half after the client has closed its own.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(200);

/// The limit of unread requests; beyond it the connection ends.
const MOST_UNSENT: usize = 65_536;

impl ChatConnection {
    /// A connection that is not started: requests can already be added, and wait.
    #[must_use]
    pub fn new(address: ServerAddress, tap: Tap) -> Self {
        let (outgoing, requests) = unbounded();
        Self {
            address,
            tap,
            outgoing,
            stream: Arc::default(),
            sockets: EarlySockets::default(),
            requests: Some(requests),
            all_written: never(),
        }
    }

    /// Starts to connect; events report the result. A second call does nothing.
    pub fn start(&mut self, report: impl Fn(Event) + Send + 'static) {
        let Some(requests) = self.requests.take() else {
            return;
        };
        let (unwritten, all_written) = bounded(0);
        self.all_written = all_written;
        let address = self.address.clone();
        let (stream, tap) = (Arc::clone(&self.stream), self.tap.clone());
        let binding = self.sockets.binding();
        let result = threads::start("reader".to_owned(), move || {
            let outgoing = (requests, binding);
            read(&address, &tap, outgoing, &stream, unwritten, &report);
        });
        if let Err(error) = result {
            log::error!("cannot start the reader: {error}");
        }
    }

    /// Sends this, or keeps it until the connection is open.
    pub fn send(&self, request: Request) {
        if self.outgoing.len() >= MOST_UNSENT {
            // The server sends but does not read; the answers would fill the memory.
            if let Some(stream) = self.stream.get() {
                let _ = stream.shutdown(Shutdown::Both);
            }
            return;
        }
        // The reader reports a connection whose writer has ended.
        let _ = self.outgoing.send(request);
    }

    /// The server's address, once connected.
    #[must_use]
    pub fn server(&self) -> Option<SocketAddr> {
        self.stream.get()?.peer_addr().ok()
    }

    /// The socket whose port the request with this tag has told, if any.
    pub fn socket_of(&mut self, tag: u64) -> Option<UdpSocket> {
        self.sockets.take(tag)
    }

    /// Closes the sockets of requests that wait for no answer any more.
    pub fn retain_sockets(&mut self, is_awaited: impl Fn(u64) -> bool) {
        self.sockets.retain(is_awaited);
    }

    /// Ends the connection when all is sent. The channel that it returns is closed when
    /// the system has it: TCP delivers it also after this program has ended, so that a
    /// user does not wait for the round trip of a goodbye.
    #[must_use]
    pub fn hang_up(self) -> Receiver<()> {
        self.all_written
    }
}

/// The thread `reader`.
fn read(
    address: &ServerAddress,
    tap: &Tap,
    (requests, mut binding): (Receiver<Request>, Binding),
    shared: &OnceLock<Arc<TcpStream>>,
    unwritten: Sender<()>,
    report: &impl Fn(Event),
) {
    let stream = match connect::connect(address) {
        Ok((stream, round_trip)) => {
            binding.connected(&stream, round_trip);
            report(Event::Connected { round_trip });
            Arc::new(stream)
        }
        Err(sentence) => return report(Event::Unreachable(sentence)),
    };
    let copied = converse(&stream, tap).map(Arc::new);
    let _ = shared.set(Arc::clone(&stream));
    let (reading, reader_ended) = bounded::<()>(0);
    let (pinged, pings) = unbounded();
    let clock = Clock::start();
    let (writing, copies) = (Arc::clone(&stream), copied.clone());
    let result = threads::start_small("writer".to_owned(), move || {
        let ping = || {
            let _ = pinged.send(clock.now()); // The reader may have ended.
        };
        let requests = || {
            requests.recv().map(|first| {
                let mut asked: Vec<Request> =
                    [first].into_iter().chain(requests.try_iter()).collect();
                for request in &mut asked {
                    binding.complete(request);
                }
                asked
            })
        };
        write(&writing, requests, copies.as_deref(), ping);
        drop(unwritten);
        let _ = reader_ended.recv_timeout(GOODBYE_TIMEOUT);
        let _ = writing.shutdown(Shutdown::Both);
    });
    let sentence = match result {
        Ok(_) => read_lines(address, &stream, copied.as_deref(), &|event| {
            let is_pong = matches!(event, Event::Reply(Reply::Pong));
            // The server answers pings in their order.
            if is_pong && let Ok(pinged) = pings.try_recv() {
                report(Event::RoundTrip(clock.now() - pinged));
            }
            report(event);
        }),
        Err(error) => format!("This computer cannot start another thread: {error}."),
    };
    drop(reading);
    let _ = stream.shutdown(Shutdown::Both);
    report(Event::Lost(sentence));
}

/// For a capture, if there is one.
fn converse(stream: &TcpStream, tap: &Tap) -> Option<Conversation> {
    let addresses = stream.local_addr().ok().zip(stream.peer_addr().ok());
    let (ours, theirs) = addresses.filter(|_| tap.is_on())?;
    Some(tap.conversation(ours, theirs, CaptureDirection::Out))
}

/// Turns lines into events until the connection ends; returns the reason as a sentence.
fn read_lines(
    address: &ServerAddress,
    mut stream: &TcpStream,
    copies: Option<&Conversation>,
    report: &impl Fn(Event),
) -> String {
    let mut lines = Lines::default();
    let mut buffer = vec![0; 16 * 1024];
    let mut is_welcome = false;
    loop {
        let length = match stream.read(&mut buffer) {
            Ok(0) => return closed_sentence(address, is_welcome),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                return format!("The connection to {address} was lost: {error}.");
            }
        };
        if let Some(copies) = copies {
            copies.carried(CaptureDirection::In, &buffer[..length]);
        }
        lines.push(&buffer[..length]);
        loop {
            let line = match lines.pop() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    log::warn!("ended the connection to {address}: {error}");
                    return if is_welcome {
                        format!("{address} sent an unreadable message: {error}.")
                    } else {
                        not_ours_sentence(address)
                    };
                }
            };
            match Reply::from_line(&line) {
                Ok(reply) => {
                    is_welcome |= matches!(
                        reply,
                        Reply::Welcome(_) | Reply::Refused(_) | Reply::Challenge(_)
                    );
                    report(Event::Reply(reply));
                }
                Err(_) if !is_welcome => return not_ours_sentence(address),
                // A later version of the server may send unknown messages.
                Err(error) => log::warn!("ignored a line of the server: {error}"),
            }
        }
    }
}

fn closed_sentence(address: &ServerAddress, is_welcome: bool) -> String {
    if is_welcome {
        format!("The server {address} closed the connection. Join again when it is back.")
    } else {
        format!("{address} closed the connection before you joined.")
    }
}

fn not_ours_sentence(address: &ServerAddress) -> String {
    format!("{address} answered, but it is not a Sash server. Check the port.")
}

/// The thread `writer`: turns requests into lines until the connection is closed. `ping`
/// is called before a `ping` is written.
fn write(
    mut stream: &TcpStream,
    requests: impl Fn() -> Result<Vec<Request>, RecvError>,
    copies: Option<&Conversation>,
    ping: impl Fn(),
) {
    let mut is_opening = true;
    while let Ok(mut asked) = requests() {
        if is_opening {
            asked.push(Request::Ping);
        }
        let mut lines: Vec<String> = asked.iter().map(Request::to_line).collect();
        let pings = asked.iter().filter(|it| **it == Request::Ping);
        pings.for_each(|_| ping());
        if !is_opening {
            lines = vec![lines.concat()];
        }
        is_opening = false;
        for bytes in lines.iter().map(String::as_bytes) {
            if let Some(copies) = copies {
                copies.carried(CaptureDirection::Out, bytes);
            }
            if let Err(error) = stream.write_all(bytes) {
                log::debug!("cannot write to the connection: {error}");
                let _ = stream.shutdown(Shutdown::Both); // The reader reports it.
                return;
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
}
