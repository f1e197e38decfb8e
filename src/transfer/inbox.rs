//! The messages to the two ends of a transfer, for every transport.
//!
//! ```text
//!   acks-3    --forward: as long as 4,096 do not wait--> [ inbox ] --> sender-3
//!   transfers --tell: 64 more find room----------------->
//! ```
//!
//! The channel is that of the standard library, whose receiver sleeps at once if nothing
//! waits. A receiver that first yields its core (`sched_yield`) comes last on a busy
//! computer, and its ACKs wait with it.

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
    /// A challenge or a response.
    Path(Vec<u8>, SocketAddr),
    /// A corrupt datagram of this transfer.
    Damaged(Vec<u8>),
    /// A datagram with its token and without a valid MAC.
    Forged(PacketName, Vec<u8>),
    /// The system reported an error of the socket.
    SocketError(io::Error),
    /// The file's digest.
    Digest(Digest),
    /// The file cannot be hashed.
    Fail(String),
    /// The verdict of the receiver, from the chat connection.
    Verdict(bool),
    /// Pause or resume.
    Pause(bool),
    /// Inject a fault into the link, or watch the transfer.
    LinkControl(LinkControl),
    /// Cancel the transfer.
    Cancel,
}

/// The messages to `receiver-3` besides packets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReceiverInput {
    /// Cancel the transfer.
    Cancel,
    /// The file may get its final name, because the server has space for it.
    Admit,
    /// The sender knows the verdict, so lingering can end.
    Release,
    /// Inject a fault into the link, or watch the transfer.
    LinkControl(LinkControl),
    /// Pause or resume.
    Pause(bool),
}

/// The number of packets that may wait for `sender-3`; further ones are dropped, as by a
/// full socket.
pub(super) const INBOX_PACKETS: usize = 4096;

/// The number of other messages that may wait: the digest, the verdict, the end.
const INBOX_WORDS: usize = 64;

/// The sending end of the channel to `sender-3`.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    channel: Sender<SenderInput>,
    waiting: Arc<AtomicUsize>,
}

/// The receiving end.
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
    /// Drops a packet while too many wait, as a full socket does.
    pub(super) fn forward(&self, arrival: SenderInput) {
        self.put(arrival, INBOX_PACKETS);
    }

    /// Never waits, because one thread informs all senders. A sender that has ended needs
    /// no message, and if this many messages wait, one of them already ends it.
    pub(super) fn tell(&self, arrival: SenderInput) {
        self.put(arrival, INBOX_PACKETS + INBOX_WORDS);
    }

    /// Two threads may both find the last place, which does no harm.
    fn put(&self, arrival: SenderInput, most: usize) {
        if self.waiting.load(Ordering::Relaxed) < most {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _ = self.channel.send(arrival);
        }
    }
}

impl SenderInputs {
    /// Waits for the next message, but no longer than this.
    ///
    /// # Errors
    /// No message arrived in time, or no sender exists any more.
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
