//! The messages from outside to the two ends of a transfer, for every transport.
//!
//! ```text
//!   acks-3    --forward: as long as 4,096 do not wait--> [ inbox ] --> sender-3
//!   transfers --tell: 64 more find room----------------->
//! ```
//!
//! The channel is the standard library's, whose receiver lies down at once where nothing
//! waits. One that first gives its core away (`sched_yield`), in the hope of something to
//! come, is last among all that is busy, and its ACKs wait with it.

use super::link_control::LinkControl;
use crate::reliable::event::PacketName;
use crate::wire::digest::Digest;
use crate::wire::packet::Packet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// The messages to `sender-3`.
#[derive(Debug)]
pub(super) enum SenderInput {
    /// A packet of this transfer.
    Packet(Packet, SocketAddr),
    /// A challenge or a response, as it came.
    Path(Vec<u8>, SocketAddr),
    /// A datagram of this transfer that was damaged.
    Damaged(Vec<u8>),
    /// One with its token and without the right MAC.
    Forged(PacketName, Vec<u8>),
    /// The system reported an error of the socket.
    SocketError(io::Error),
    /// The file's digest.
    Digest(Digest),
    /// The file cannot be hashed.
    Fail(String),
    /// The receiver's word, from the chat connection.
    Verdict(bool),
    /// Stop for a while, or go on.
    Pause(bool),
    /// Inject a fault into the link, or watch.
    LinkControl(LinkControl),
    /// End it.
    Cancel,
}

/// The messages to `receiver-3` besides packets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReceiverInput {
    /// End it.
    Cancel,
    /// There is room for the file: it may be given its name.
    Admit,
    /// The sender knows the verdict: no need to linger.
    Release,
    /// Inject a fault into the link, or watch.
    LinkControl(LinkControl),
    /// Stop for a while, or go on.
    Pause(bool),
}

/// Packets that may wait for `sender-3`; more are dropped, as a full socket would.
pub(super) const INBOX_PACKETS: usize = 4096;

/// The messages that may wait besides them: the digest, the verdict, the end.
const INBOX_WORDS: usize = 64;

/// The way to `sender-3`.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    channel: Sender<SenderInput>,
    waiting: Arc<AtomicUsize>,
}

/// Where it comes out.
#[derive(Debug)]
pub(super) struct SenderInputs {
    channel: Receiver<SenderInput>,
    waiting: Arc<AtomicUsize>,
}

/// The two ends of an inbox.
pub(super) fn inbox() -> (Inbox, SenderInputs) {
    let (sender, receiver) = mpsc::channel();
    let waiting = Arc::<AtomicUsize>::default();
    let inbox = Inbox {
        channel: sender,
        waiting: Arc::clone(&waiting),
    };
    let channel = receiver;
    (inbox, SenderInputs { channel, waiting })
}

impl Inbox {
    /// Drops what comes while too many packets wait, as a full socket would.
    pub(super) fn forward(&self, arrival: SenderInput) {
        self.put(arrival, INBOX_PACKETS);
    }

    /// Never waits: it is one thread that tells all senders. One that is gone needs no
    /// telling, and if this many messages wait already, one of them ends it.
    pub(super) fn tell(&self, arrival: SenderInput) {
        self.put(arrival, INBOX_PACKETS + INBOX_WORDS);
    }

    /// Two threads may each find the last place, which does no harm.
    fn put(&self, arrival: SenderInput, most: usize) {
        if self.waiting.load(Ordering::Relaxed) < most {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _ = self.channel.send(arrival);
        }
    }
}

impl SenderInputs {
    /// Waits no longer than this.
    ///
    /// # Errors
    /// Nothing came in time, or nobody can send any more.
    pub(super) fn recv_timeout(
        &self,
        timeout: Duration,
    ) -> Result<SenderInput, RecvTimeoutError> {
        let arrival = self.channel.recv_timeout(timeout)?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Ok(arrival)
    }

    /// The waiting messages.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}
