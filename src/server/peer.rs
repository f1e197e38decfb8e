//! One client as the server's threads see it: `reader-12`, `writer-12` and the queue between.
//!
//! Nobody but `writer-12` writes to the client, so nobody ever waits for it: a line is put
//! in its queue, and the queue has limits. One descriptor serves both halves.
//!
//! ```text
//! socket --> reader-12 --Event--> room --line--> queue --> writer-12 --> socket
//!                                 transfers --line--^
//! ```
//!
//! It does not understand requests: [`reader`] reads lines and hands them on, [`writer`]
//! writes them.
//!
//! Source: Kurose & Ross §2.7 (sockets).

mod reader;
mod writer;

pub(super) use reader::read_lines;
pub(super) use writer::{WRITE_TIMEOUT, write_lines};

use super::listener::Seat;
use crate::room::ClientNumber;
use crate::room::login::Key;
use crate::transfer::tap::{Conversation, Tap, Way};
use crate::wire::digest::Token;
use crate::wire::mac::TrafficKeys;
use crate::wire::message::Reply;
use crossbeam_channel::{Receiver, Sender};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// What every thread may do with a client.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number: in thread names and logs.
    pub(super) number: ClientNumber,
    /// Where it comes from.
    pub(super) remote: SocketAddr,
    /// The address of ours that it reached.
    pub(super) local: SocketAddr,
    stream: Arc<TcpStream>,
    /// Copies of what it says and hears.
    copies: Arc<Conversation>,
    queue: Sender<Outgoing>,
    backlog: Arc<Backlog>,
    joined: AtomicBool,
    /// What its login has yielded; set before its first transfer, or never.
    key: OnceLock<Key>,
    /// Why the server ended it; where the server did not, never set.
    cut_because: OnceLock<&'static str>,
    _seat: Seat,
}

/// What lies in the queue of a client.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Lines, each shared with all who hear it.
    Lines(Vec<Arc<str>>),
    /// Nothing follows: end the stream like this.
    End(Shutdown),
}

/// How far a client is behind.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting_bytes: AtomicUsize,
    written_bytes: AtomicU64,
}

/// From here on a queue must move, or its client is dropped. Unit: bytes.
const FULL_QUEUE_BYTES: usize = 1024 * 1024;

/// A queue that grows beyond this loses its client at once, whether it moves or not. That
/// is more than it seems: a line to many lies in memory once, however many queues hold it.
/// Unit: bytes.
const LARGEST_QUEUE_BYTES: usize = 16 * FULL_QUEUE_BYTES;

impl Peer {
    /// A client on this stream, and its queue for [`write_lines`].
    pub(super) fn new(
        number: ClientNumber,
        stream: TcpStream,
        seat: Seat,
        tap: &Tap,
    ) -> io::Result<(Self, Receiver<Outgoing>)> {
        let (queue, outgoing) = crossbeam_channel::unbounded();
        let (remote, local) = (stream.peer_addr()?, stream.local_addr()?);
        let copies = tap.conversation(local, remote, Way::In);
        let peer = Self {
            number,
            remote,
            local,
            copies: Arc::new(copies),
            stream: Arc::new(stream),
            queue,
            backlog: Arc::default(),
            joined: AtomicBool::new(false),
            key: OnceLock::new(),
            cut_because: OnceLock::new(),
            _seat: seat,
        };
        Ok((peer, outgoing))
    }

    /// What `writer-N` needs: no more, so that the queue closes when the last peer is dropped.
    pub(super) fn writing_half(
        &self,
    ) -> (Arc<TcpStream>, Arc<Backlog>, Arc<Conversation>) {
        let stream = Arc::clone(&self.stream);
        (stream, Arc::clone(&self.backlog), Arc::clone(&self.copies))
    }

    /// Sends a reply to this client alone.
    pub(super) fn tell(&self, reply: &Reply) {
        self.tell_lines(vec![reply.to_line().into()]);
    }

    /// Puts lines in the queue; never waits.
    pub(super) fn tell_lines(&self, lines: Vec<Arc<str>>) {
        let bytes = lines.iter().map(|line| line.len()).sum();
        let before = self
            .backlog
            .waiting_bytes
            .fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > LARGEST_QUEUE_BYTES {
            self.cut("did not read");
            return;
        }
        // An error means that the writer has ended, and the reader will say so.
        let _ = self.queue.send(Outgoing::Lines(lines));
    }

    /// Ends the stream once everything in the queue is out.
    pub(super) fn end(&self, how: Shutdown) {
        let _ = self.queue.send(Outgoing::End(how));
    }

    /// Ends the stream now, whatever is in the queue.
    pub(super) fn cut(&self, why: &'static str) {
        if self.cut_because.set(why).is_ok() {
            let Self { number, remote, .. } = self;
            let unread = self.backlog.waiting_bytes.load(Ordering::Relaxed);
            log::warn!("dropped client {number} ({remote}): {why}, {unread} B unread");
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Its `join` was accepted: it may be silent from now on.
    pub(super) fn set_joined(&self) {
        self.joined.store(true, Ordering::Release);
    }

    /// Its login has yielded this key.
    pub(super) fn set_key(&self, key: Key) {
        let _ = self.key.set(key);
    }

    /// The token of a transfer of which the chat shows `drawn`: where there was a login
    /// by password, one that who reads the chat does not know.
    pub(super) fn token(&self, drawn: Token, transfer: u64) -> Token {
        match self.key.get() {
            Some(key) => key.token(drawn, transfer),
            None => drawn,
        }
    }

    /// The server's keys for the MACs of that transfer, where there was such a login.
    pub(super) fn traffic_keys(
        &self,
        drawn: Token,
        transfer: u64,
    ) -> Option<TrafficKeys> {
        let key = self.key.get()?;
        Some(key.traffic_keys(drawn, transfer).of_the_other_side())
    }

    /// Whether more waits for it than a queue should hold.
    pub(super) fn is_full(&self) -> bool {
        self.backlog.waiting_bytes.load(Ordering::Relaxed) > FULL_QUEUE_BYTES
    }

    /// Bytes written so far, where its queue is full; `None` where all is well.
    pub(super) fn written_while_full(&self) -> Option<u64> {
        let written = || self.backlog.written_bytes.load(Ordering::Relaxed);
        self.is_full().then(written)
    }
}

/// A timeout, which two systems call by two names, or a signal.
fn is_no_news(error: &io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
