//! The lines for one client: past `writer-12` while all goes well, and through it
//! otherwise.
//!
//! ```text
//!   room      --\   nothing waits: what the socket takes at once
//!   transfers ---+-------------------------------------------------> socket
//!                 \  the rest, and all that comes after it            ^
//!                  '--> queue --> writer-12 --------------------------'
//! ```
//!
//! A line to a thousand people wakes none of their thousand writers, as long as they
//! read. Nobody ever waits here for the client: the socket takes what it has room for,
//! and the writer waits with the rest. The thread that hands lines over holds the turn,
//! so lines of two threads never mix; and while anything waits nothing goes past it, so
//! none overtakes.
//!
//! Source: `send(2)` (`MSG_DONTWAIT`); report chapter `speed`.

use super::budget::{Budget, Charge, Line};
use crate::system::sockets;
use crate::transfer::tap::Conversation;
use crossbeam_channel::{Receiver, Sender};
use std::io::IoSlice;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The way to a client, shared by all who speak to it.
#[derive(Debug)]
pub(super) struct Outbox {
    stream: Arc<TcpStream>,
    /// Copies of what it hears.
    copies: Arc<Conversation>,
    queue: Sender<Outgoing>,
    backlog: Arc<Backlog>,
    /// Shared by the queues of all clients.
    budget: Arc<Budget>,
    turn: Mutex<Turn>,
}

/// The thread that holds it may hand lines over.
#[derive(Debug, Default)]
struct Turn {
    /// The last line was handed over.
    is_over: bool,
}

/// The queue of a client.
#[derive(Debug)]
pub(in super::super) enum Outgoing {
    /// Lines, each shared with all who hear it.
    Lines {
        lines: Vec<Line>,
        /// The number of their bytes that were sent.
        written: usize,
        /// The cost of their places in the queue.
        _charge: Charge,
    },
    /// Nothing follows: end the stream like this.
    End(Shutdown),
}

/// The data of `writer-N`: no more, so that the queue closes when the last [`Outbox`]
/// is dropped.
#[derive(Debug)]
pub(in super::super) struct WritingHalf {
    pub(super) stream: Arc<TcpStream>,
    pub(super) copies: Arc<Conversation>,
    pub(super) queue: Receiver<Outgoing>,
    /// Never sent on; its drop tells that the writer has ended.
    _alive: Sender<()>,
    pub(super) backlog: Arc<Backlog>,
}

/// How far a client is behind.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// In the queue, or in the hands of the writer. Unit: bytes.
    waiting: AtomicUsize,
    /// Unit: bytes.
    written: AtomicU64,
    /// The writer has ended: nothing that waits goes out any more.
    is_over: AtomicBool,
}

impl Outbox {
    /// The way to the client of this stream, the writer's half of it, and what is closed
    /// when the writer has ended.
    pub(super) fn new(
        stream: Arc<TcpStream>,
        copies: Arc<Conversation>,
        budget: Arc<Budget>,
    ) -> (Self, WritingHalf, Receiver<()>) {
        let (sender, queue) = crossbeam_channel::unbounded();
        let (alive, writer_ended) = crossbeam_channel::bounded(0);
        let outbox = Self {
            stream: Arc::clone(&stream),
            copies: Arc::clone(&copies),
            queue: sender,
            backlog: Arc::default(),
            budget,
            turn: Mutex::default(),
        };
        let half = WritingHalf {
            stream,
            copies,
            queue,
            _alive: alive,
            backlog: Arc::clone(&outbox.backlog),
        };
        (outbox, half, writer_ended)
    }

    /// Hands lines over; never waits for the client. After the last of them nothing goes.
    pub(super) fn put(&self, lines: Vec<Line>) {
        let turn = self.turn();
        if turn.is_over || self.backlog.is_over() {
            return;
        }
        let bytes: usize = lines.iter().map(Line::len).sum();
        let written = if self.goes_past_the_writer(bytes) {
            self.backlog.wrote(write_at_once(&self.stream, &lines))
        } else {
            0
        };
        if written < bytes {
            self.backlog.waits(bytes - written);
            // An error means that the writer has ended, and the reader will report it.
            let charge = self.budget.places(lines.len());
            let _ = self.queue.send(Outgoing::Lines {
                lines,
                written,
                _charge: charge,
            });
        }
    }

    /// Ends the stream once everything is out.
    pub(super) fn end(&self, how: Shutdown) {
        self.turn().is_over = true;
        let _ = self.queue.send(Outgoing::End(how));
    }

    /// The bytes that were not sent yet. Unit: bytes.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.backlog.waiting()
    }

    /// A line that counts in the budget of all.
    pub(super) fn line(&self, text: String) -> Line {
        self.budget.line(text)
    }

    /// Whether nothing that waits goes out any more.
    pub(super) fn is_over(&self) -> bool {
        self.backlog.is_over()
    }

    /// The bytes that were sent. Unit: bytes.
    pub(super) fn written_bytes(&self) -> u64 {
        self.backlog.written.load(Ordering::Relaxed)
    }

    /// Much is better written by the writers, on all the cores that there are; and a
    /// thread that takes copies may have to be waited for.
    fn goes_past_the_writer(&self, bytes: usize) -> bool {
        bytes <= LARGEST_AT_ONCE && !self.copies.is_on() && self.backlog.waiting() == 0
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WritingHalf {
    /// Where it writes.
    pub(in super::super) const fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }
}

impl Backlog {
    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// The writer has ended.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    fn waits(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
    }

    fn wrote(&self, bytes: usize) -> usize {
        let count = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.written.fetch_add(count, Ordering::Relaxed);
        bytes
    }

    /// This many of the waiting bytes were sent. A thread that sees that nothing waits
    /// may write.
    pub(super) fn wrote_of_waiting(&self, bytes: usize) {
        self.wrote(bytes);
        self.waiting.fetch_sub(bytes, Ordering::Release);
    }
}

/// Longer ones wake the writer. Unit: bytes.
const LARGEST_AT_ONCE: usize = 4 * 1024;

/// The socket took this many bytes of these lines; none where the system cannot say
/// without waiting, or the stream has ended: the writer will find out.
fn write_at_once(stream: &TcpStream, lines: &[Line]) -> usize {
    let parts: Vec<_> = lines
        .iter()
        .map(|line| IoSlice::new(line.as_bytes()))
        .collect();
    sockets::write_at_once(stream, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::tap::{CaptureDirection, Tap};
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// An outbox without a writer, and the client that it is for.
    fn outbox() -> (Outbox, WritingHalf, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client =
            TcpStream::connect_timeout(&listener.local_addr().unwrap(), TIMEOUT).unwrap();
        let (stream, remote) = listener.accept().unwrap();
        let local = stream.local_addr().unwrap();
        let copies = Tap::OFF.conversation(local, remote, CaptureDirection::In);
        let budget = Arc::default();
        let (outbox, half, _) = Outbox::new(Arc::new(stream), Arc::new(copies), budget);
        (outbox, half, client)
    }

    #[test]
    fn a_line_to_a_client_that_reads_is_written_without_the_writer_thread() {
        let (outbox, half, mut client) = outbox();
        let line = |text: &str| outbox.line(text.to_owned());
        outbox.put(vec![line("one\n"), line("two\n")]);
        outbox.put(vec![line("three\n")]);
        let mut heard = [0; 14];
        client.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"one\ntwo\nthree\n");
        assert!(half.queue.is_empty());
        assert_eq!((outbox.waiting_bytes(), outbox.written_bytes()), (0, 14));
    }

    #[test]
    fn a_line_that_does_not_fit_waits_and_no_later_line_overtakes_it() {
        let (outbox, half, mut client) = outbox();
        let line = outbox.line("x".repeat(LARGEST_AT_ONCE));
        let mut put_bytes = 0;
        while outbox.waiting_bytes() == 0 {
            outbox.put(vec![line.clone()]);
            put_bytes += line.len();
        }
        // There is room again, and yet the next one has to wait behind the others.
        let mut taken = vec![0; put_bytes / 2];
        client.read_exact(&mut taken).unwrap();
        let before = outbox.waiting_bytes();
        outbox.put(vec![outbox.line("the next\n".to_owned())]);
        assert_eq!(outbox.waiting_bytes(), before + 9);
        assert_eq!(half.queue.len(), 2);
        let Ok(Outgoing::Lines { written, .. }) = half.queue.recv() else {
            panic!("the rest of a line");
        };
        assert_eq!(line.len() - written, before);
        let out = usize::try_from(outbox.written_bytes()).unwrap();
        assert_eq!(out + before, put_bytes);
    }

    #[test]
    fn nothing_is_sent_after_the_last_line() {
        let (outbox, half, _client) = outbox();
        outbox.end(Shutdown::Write);
        outbox.put(vec![outbox.line("too late\n".to_owned())]);
        assert_eq!(outbox.written_bytes(), 0);
        assert_eq!(half.queue.len(), 1);
    }
}
