//! One client of the server: `reader-12`, `writer-12` and the queue between them.
//!
//! No thread but `writer-12` waits for the client: lines that its socket does not accept
//! at once are put into a queue, and the queue has limits. One descriptor serves both
//! halves.
//!
//! ```text
//! socket --> reader-12 --Event--> room --line--> outbox --------------> socket
//!                                 transfers --line--^  '--> writer-12 ---^
//! ```
//!
//! It does not understand requests: [`reader`] reads lines and hands them on, [`outbox`]
//! and [`writer`] write them.
//!
//! Source: Kurose & Ross §2.7 (sockets).

mod budget;
mod outbox;
mod reader;
mod writer;

pub(super) use budget::{Budget, Line};
pub(super) use outbox::WritingHalf;
pub(super) use reader::read_lines;
pub(super) use writer::{WRITE_TIMEOUT, write_lines};

use outbox::Outbox;

use super::seats::Seat;
use crate::room::ClientNumber;
use crate::room::login::Key;
use crate::system::sockets;
use crate::transfer::tap::{CaptureDirection, Conversation, Tap};
use crate::wire::digest::Token;
use crate::wire::mac::TrafficKeys;
use crate::wire::message::Reply;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The operations on a client that every thread may use.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number: in thread names and logs.
    pub(super) number: ClientNumber,
    /// Its address.
    pub(super) remote: SocketAddr,
    /// The address of the server that it connected to.
    pub(super) local: SocketAddr,
    stream: Arc<TcpStream>,
    /// The tap for copies of its chat.
    copies: Arc<Conversation>,
    outbox: Outbox,
    /// Closed when `writer-N` has ended.
    writer_ended: Receiver<()>,
    joined: AtomicBool,
    /// The number of requests that wait for their turn: until they are served, nothing
    /// more is read.
    held: AtomicBool,
    /// The number of requests that `transfers` has not processed yet.
    orders: AtomicUsize,
    /// The key of its login; set before its first transfer, or never.
    key: OnceLock<Key>,
    /// The reason why the server ended it; never set if the client ended it.
    cut_because: OnceLock<&'static str>,
    seat: Seat,
}

/// A longer queue must move, or its client is dropped. Unit: bytes.
const FULL_QUEUE_BYTES: usize = 1024 * 1024;

/// The client of a queue longer than this is dropped at once, even if it moves. A line to
/// many clients is in memory only once, and the [`Budget`] limits all queues together.
/// Unit: bytes.
const LARGEST_QUEUE_BYTES: usize = 16 * FULL_QUEUE_BYTES;

/// The interval of the check whether a client that sends no more is still connected.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

impl Peer {
    /// A client on this stream, and what [`write_lines`] works with.
    pub(super) fn new(
        number: ClientNumber,
        stream: TcpStream,
        seat: Seat,
        tap: &Tap,
        budget: Arc<Budget>,
    ) -> io::Result<(Self, WritingHalf)> {
        let (remote, local) = (stream.peer_addr()?, stream.local_addr()?);
        let copies = Arc::new(tap.conversation(local, remote, CaptureDirection::In));
        let stream = Arc::new(stream);
        let (outbox, half, writer_ended) =
            Outbox::new(Arc::clone(&stream), Arc::clone(&copies), budget);
        let peer = Self {
            number,
            remote,
            local,
            stream,
            copies,
            outbox,
            writer_ended,
            joined: AtomicBool::new(false),
            held: AtomicBool::new(false),
            orders: AtomicUsize::new(0),
            key: OnceLock::new(),
            cut_because: OnceLock::new(),
            seat,
        };
        Ok((peer, half))
    }

    /// Sends a reply to this client alone.
    pub(super) fn tell(&self, reply: &Reply) {
        self.send_lines(vec![self.outbox.line(reply.to_line())]);
    }

    /// Sends lines to this client; never waits for it.
    pub(super) fn send_lines(&self, lines: Vec<Line>) {
        self.outbox.put(lines);
        if self.outbox.waiting_bytes() > LARGEST_QUEUE_BYTES {
            self.cut("did not read");
        }
    }

    /// Ends the stream when everything in the queue is sent.
    pub(super) fn end(&self, how: Shutdown) {
        self.outbox.end(how);
    }

    /// Ends the stream now, whatever is in the queue.
    pub(super) fn cut(&self, why: &'static str) {
        if self.cut_because.set(why).is_ok() {
            let Self { number, remote, .. } = self;
            let unread = self.outbox.waiting_bytes();
            log::warn!("dropped client {number} ({remote}): {why}, {unread} B unread");
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Whether a client that sends no more is still connected and waits for answers. Data
    /// that reaches a closed socket is answered by RST, which shows that the client has
    /// gone.
    fn is_owed_more(&self) -> bool {
        self.writer_ended.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Timeout)
            && self.stream.peer_addr().is_ok()
            && self.cut_because.get().is_none()
    }

    /// Whether the client has closed the stream, or its half, according to the system;
    /// `reader-N` may not know it yet.
    pub(super) fn has_hung_up(&self) -> bool {
        sockets::has_hung_up(&self.stream)
    }

    /// Its `join` was accepted: it may be silent from now on.
    pub(super) fn set_joined(&self) {
        self.joined.store(true, Ordering::Release);
    }

    /// Its login has yielded this key.
    pub(super) fn set_key(&self, key: Key) {
        let _ = self.key.set(key);
    }

    /// The token of a transfer, of which the chat shows only `drawn`: after a login by
    /// password an eavesdropper does not know it.
    pub(super) fn token(&self, drawn: Token, transfer: u64) -> Token {
        match self.key.get() {
            Some(key) => key.token(drawn, transfer),
            None => drawn,
        }
    }

    /// The server's keys for the MACs of that transfer, if there was such a login.
    pub(super) fn traffic_keys(
        &self,
        drawn: Token,
        transfer: u64,
    ) -> Option<TrafficKeys> {
        let key = self.key.get()?;
        Some(key.traffic_keys(drawn, transfer).of_the_other_side())
    }

    /// Whether its requests wait for their turn.
    pub(super) fn hold(&self, is_held: bool) {
        self.held.store(is_held, Ordering::Release);
    }

    fn is_held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    /// One more request is being sent to `transfers`.
    pub(super) fn order(&self) {
        self.orders.fetch_add(1, Ordering::Relaxed);
    }

    /// `transfers` has processed one of them.
    pub(super) fn order_served(&self) {
        self.orders.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number that it has not processed.
    pub(super) fn orders(&self) -> usize {
        self.orders.load(Ordering::Relaxed)
    }

    /// Whether nothing can reach it any more, so that work for it would be useless.
    pub(super) fn is_gone(&self) -> bool {
        self.outbox.is_over() || self.cut_because.get().is_some()
    }

    /// The lines that wait for it. Unit: bytes.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.outbox.waiting_bytes()
    }

    /// Whether its queue is longer than it should be.
    pub(super) fn is_full(&self) -> bool {
        self.outbox.waiting_bytes() > FULL_QUEUE_BYTES
    }

    /// The bytes written so far, if its queue is full; otherwise `None`.
    pub(super) fn written_while_full(&self) -> Option<u64> {
        self.is_full().then(|| self.outbox.written_bytes())
    }
}

/// A timeout, which has two names on different systems, or a signal.
fn is_no_news(error: &io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
