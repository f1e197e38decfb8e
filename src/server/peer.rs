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
//! It does not understand requests: it reads lines and hands them on.
//!
//! Source: Kurose & Ross §2.7 (sockets); RFC 9293 §3.10.4 (why a close is done in halves).

use super::listener::Seat;
use super::room_thread::Event;
use crate::reliable::moment::Moment;
use crate::room::ClientNumber;
use crate::transfer::clock::Clock;
use crate::wire::line::Lines;
use crate::wire::message::{Reply, Request};
use crossbeam_channel::{Receiver, Sender};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What every thread may do with a client.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number: in thread names and logs.
    pub(super) number: ClientNumber,
    /// Where it comes from.
    pub(super) remote: SocketAddr,
    #[expect(dead_code, reason = "files follow")]
    /// The address of ours that it reached.
    pub(super) local: SocketAddr,
    stream: Arc<TcpStream>,
    queue: Sender<Outgoing>,
    backlog: Arc<Backlog>,
    joined: AtomicBool,
    /// Why the server ended it; where the server did not, never set.
    cut_because: OnceLock<&'static str>,
    _seat: Seat,
}

/// What lies in the queue of a client.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A line, shared with all who hear it.
    Line(Arc<str>),
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

/// A queue that grows beyond this loses its client at once. Unit: bytes.
const LARGEST_QUEUE_BYTES: usize = 4 * FULL_QUEUE_BYTES;

/// Most bytes in one write, so that a hundred short lines cost one system call.
const BATCH_BYTES: usize = 64 * 1024;

/// How long one write waits before it says how far it came.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a client that was told goodbye may take to hang up. If we closed at once, its
/// unread bytes would make TCP send RST, and RST destroys the goodbye on its way.
const LINGER: Duration = Duration::from_secs(2);

impl Peer {
    /// A client on this stream, and its queue for [`write_lines`].
    pub(super) fn new(
        number: ClientNumber,
        stream: TcpStream,
        seat: Seat,
    ) -> io::Result<(Self, Receiver<Outgoing>)> {
        let (queue, outgoing) = crossbeam_channel::unbounded();
        let peer = Self {
            number,
            remote: stream.peer_addr()?,
            local: stream.local_addr()?,
            stream: Arc::new(stream),
            queue,
            backlog: Arc::default(),
            joined: AtomicBool::new(false),
            cut_because: OnceLock::new(),
            _seat: seat,
        };
        Ok((peer, outgoing))
    }

    /// What `writer-N` needs: no more, so that the queue closes when the last peer is dropped.
    pub(super) fn writing_half(&self) -> (Arc<TcpStream>, Arc<Backlog>) {
        (Arc::clone(&self.stream), Arc::clone(&self.backlog))
    }

    #[expect(dead_code, reason = "files follow")]
    /// Sends a reply to this client alone.
    pub(super) fn tell(&self, reply: &Reply) {
        self.tell_line(&reply.to_line().into());
    }

    /// Puts a line in the queue; never waits.
    pub(super) fn tell_line(&self, line: &Arc<str>) {
        let waiting = &self.backlog.waiting_bytes;
        let before = waiting.fetch_add(line.len(), Ordering::Relaxed);
        if before + line.len() > LARGEST_QUEUE_BYTES {
            self.cut("did not read");
            return;
        }
        // An error means that the writer has ended, and the reader will say so.
        let _ = self.queue.send(Outgoing::Line(Arc::clone(line)));
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

    /// Bytes written so far, where its queue is full; `None` where all is well.
    pub(super) fn written_while_full(&self) -> Option<u64> {
        let waiting = self.backlog.waiting_bytes.load(Ordering::Relaxed);
        let written = || self.backlog.written_bytes.load(Ordering::Relaxed);
        (waiting > FULL_QUEUE_BYTES).then(written)
    }
}

/// `writer-N`: one write for all that waits.
pub(super) fn write_lines(
    stream: &TcpStream,
    queue: &Receiver<Outgoing>,
    backlog: &Backlog,
) {
    let mut batch = Vec::new();
    while let Ok(first) = queue.recv() {
        let mut end = None;
        batch.clear();
        for outgoing in std::iter::once(first).chain(queue.try_iter()) {
            match outgoing {
                Outgoing::Line(line) => batch.extend_from_slice(line.as_bytes()),
                Outgoing::End(how) => end = Some(how),
            }
            if batch.len() >= BATCH_BYTES || end.is_some() {
                break;
            }
        }
        if write_batch(stream, &batch, backlog).is_err() {
            end = Some(Shutdown::Both);
        }
        if let Some(how) = end {
            let _ = stream.shutdown(how);
            return;
        }
    }
}

/// Writes all of it. A client that reads nothing keeps us here, until somebody cuts it.
fn write_batch(
    mut stream: &TcpStream,
    mut batch: &[u8],
    backlog: &Backlog,
) -> io::Result<()> {
    while !batch.is_empty() {
        match stream.write(batch) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                batch = &batch[count..];
                backlog.waiting_bytes.fetch_sub(count, Ordering::Relaxed);
                let count = u64::try_from(count).unwrap_or(u64::MAX);
                backlog.written_bytes.fetch_add(count, Ordering::Relaxed);
            }
            Err(error) if is_no_news(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A timeout, which two systems call by two names, or a signal.
fn is_no_news(error: &io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// `reader-N`: hands each line to the room, and in the end that there are no more.
pub(super) fn read_lines(peer: &Peer, room: &Sender<Event>, join_within: Duration) {
    let client = peer.number;
    let mut reader = Reader {
        peer,
        clock: Clock::start(),
        lines: Lines::default(),
    };
    let why = match reader.run(room, join_within) {
        Ok(()) => "connection closed",
        Err(error) => {
            log::debug!("client {client} ended: {error}");
            "connection lost"
        }
    };
    let why = peer.cut_because.get().copied().unwrap_or(why);
    let _ = peer.stream.shutdown(Shutdown::Both);
    let _ = room.send(Event::Gone { client, why });
}

struct Reader<'a> {
    peer: &'a Peer,
    clock: Clock,
    lines: Lines,
}

impl Reader<'_> {
    fn run(&mut self, room: &Sender<Event>, join_within: Duration) -> io::Result<()> {
        let client = self.peer.number;
        let mut deadline = Some(Moment::START + join_within);
        let mut is_late = false;
        let mut buffer = [0; 4096];
        loop {
            if deadline.is_some() && self.peer.joined.load(Ordering::Acquire) {
                deadline = None;
                self.peer.stream.set_read_timeout(None)?;
            }
            let Some(count) = self.read(&mut buffer, deadline)? else {
                // A join may be on its way through the room: it decides who is late.
                if is_late && !self.peer.joined.load(Ordering::Acquire) {
                    return Ok(());
                }
                is_late = true;
                deadline = Some(self.clock.now() + LINGER);
                let _ = room.send(Event::Late { client });
                continue;
            };
            if count == 0 {
                return Ok(());
            }
            self.lines.push(&buffer[..count]);
            if !self.hand_on_lines(room) {
                return self.linger(&mut buffer);
            }
        }
    }

    /// Hands on what is whole; false where nothing more is wanted from this client.
    fn hand_on_lines(&mut self, room: &Sender<Event>) -> bool {
        let client = self.peer.number;
        loop {
            let event = match self.lines.pop() {
                Ok(None) => return true,
                Ok(Some(line)) => match Request::from_line(&line) {
                    Ok(request) => Event::Asked { client, request },
                    Err(error) => Event::Unreadable { client, error },
                },
                Err(error) => Event::Broken { client, error },
            };
            let is_last = match &event {
                Event::Broken { .. } => true,
                Event::Asked { request, .. } => *request == Request::Disconnect,
                Event::Arrived(_)
                | Event::Unreadable { .. }
                | Event::Late { .. }
                | Event::Gone { .. }
                | Event::Stop => false,
            };
            if room.send(event).is_err() || is_last {
                return false;
            }
        }
    }

    /// Throws away what still comes, until the client hangs up or its time is over.
    fn linger(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let deadline = self.clock.now() + LINGER;
        while let Some(1..) = self.read(buffer, Some(deadline))? {}
        Ok(())
    }

    /// Bytes read, 0 at the end of the stream, `None` when the deadline has passed.
    ///
    /// The deadline is one for all: a byte now and then does not move it.
    fn read(
        &self,
        buffer: &mut [u8],
        deadline: Option<Moment>,
    ) -> io::Result<Option<usize>> {
        let mut stream = &*self.peer.stream;
        loop {
            if let Some(deadline) = deadline {
                let timeout = self.clock.until(deadline);
                if timeout.is_zero() {
                    return Ok(None);
                }
                stream.set_read_timeout(Some(timeout))?;
            }
            match stream.read(buffer) {
                Ok(count) => return Ok(Some(count)),
                Err(error) if is_no_news(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
