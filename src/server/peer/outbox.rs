//! The lines for one client: written directly if its socket accepts them, otherwise by
//! `writer-12`.
//!
//! ```text
//!   room      --\   nothing waits: what the socket takes at once
//!   transfers ---+-------------------------------------------------> socket
//!                 \  the rest, and all that comes after it            ^
//!                  '--> queue --> writer-12 --------------------------'
//! ```
//!
//! A line to a thousand users wakes none of their thousand writers, as long as the
//! clients read. No thread but the writer waits for the client: the socket accepts what
//! fits, and the writer waits with the rest. The thread that adds lines holds a lock, so
//! lines of two threads never mix; and while lines wait, later ones queue behind them, so
//! none overtakes another.
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

/// The output of a client, shared by all threads that send to it.
#[derive(Debug)]
pub(super) struct Outbox {
    stream: Arc<TcpStream>,
    /// The tap for copies of its lines.
    copies: Arc<Conversation>,
    queue: Sender<Outgoing>,
    backlog: Arc<Backlog>,
    /// Shared by the queues of all clients.
    budget: Arc<Budget>,
    turn: Mutex<Turn>,
}

/// The lock for adding lines.
#[derive(Debug, Default)]
struct Turn {
    /// Whether the last line was added.
    is_over: bool,
}

/// The queue of a client.
#[derive(Debug)]
pub(in super::super) enum Outgoing {
    /// Lines, each shared with all receivers.
    Lines {
        lines: Vec<Line>,
        /// The number of their bytes that were already sent.
        written: usize,
        /// The cost of their places in the queue.
        _charge: Charge,
    },
    /// How to end the stream after the last line.
    End(Shutdown),
}

/// The data of `writer-N`. It contains no [`Outbox`], so the queue closes when the last
/// one is dropped.
#[derive(Debug)]
pub(in super::super) struct WritingHalf {
    pub(super) stream: Arc<TcpStream>,
    pub(super) copies: Arc<Conversation>,
    pub(super) queue: Receiver<Outgoing>,
    /// Never used to send; dropping it shows that the writer has ended.
    _alive: Sender<()>,
    pub(super) backlog: Arc<Backlog>,
}

/// The amount by which a client is behind.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// The bytes in the queue or at the writer. Unit: bytes.
    waiting: AtomicUsize,
    /// Unit: bytes.
    written: AtomicU64,
    /// Whether the writer has ended: waiting lines will not be sent any more.
    is_over: AtomicBool,
}

impl Outbox {
    /// The outbox for the client of this stream, the writer's half, and a channel that
    /// closes when the writer has ended.
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

    /// Sends lines; never waits for the client. Nothing is sent after the last line.
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

    /// Ends the stream when everything is sent.
    pub(super) fn end(&self, how: Shutdown) {
        self.turn().is_over = true;
        let _ = self.queue.send(Outgoing::End(how));
    }

    /// The bytes that are not sent yet.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.backlog.waiting()
    }

    /// Makes a line that counts in the common budget.
    pub(super) fn line(&self, text: String) -> Line {
        self.budget.line(text)
    }

    /// Whether the writer has ended.
    pub(super) fn is_over(&self) -> bool {
        self.backlog.is_over()
    }

    /// The bytes that were sent. Unit: bytes.
    pub(super) fn written_bytes(&self) -> u64 {
        self.backlog.written.load(Ordering::Relaxed)
    }

    /// Large amounts are for the writers, which use all cores; and a tap may have to wait
    /// for the thread that takes its copies.
    fn goes_past_the_writer(&self, bytes: usize) -> bool {
        bytes <= LARGEST_AT_ONCE && !self.copies.is_on() && self.backlog.waiting() == 0
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WritingHalf {
    /// The stream.
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

    /// This many of the waiting bytes were sent. When nothing waits, another thread may
    /// write directly.
    pub(super) fn wrote_of_waiting(&self, bytes: usize) {
        self.wrote(bytes);
        self.waiting.fetch_sub(bytes, Ordering::Release);
    }
}

/// Longer ones wake the writer. Unit: bytes.
const LARGEST_AT_ONCE: usize = 4 * 1024;

/// Returns how many bytes of these lines the socket accepted: 0 if the system cannot do
/// this without waiting, or if the stream has ended, which the writer will notice.
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
        if !sockets::CAN_WRITE_AT_ONCE {
            return;
        }
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
        if !sockets::CAN_WRITE_AT_ONCE {
            return;
        }
        let (outbox, half, mut client) = outbox();
        let line = outbox.line("x".repeat(LARGEST_AT_ONCE));
        let mut put_bytes = 0;
        while outbox.waiting_bytes() == 0 {
            outbox.put(vec![line.clone()]);
            put_bytes += line.len();
        }
        // There is space again, but the next line must wait behind the others.
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
