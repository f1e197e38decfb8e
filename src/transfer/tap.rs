//! Copies datagrams and chat bytes for a capture file.
//!
//! ```text
//!   carrier --> socket            reader-N <-- TcpStream <-- writer-N
//!      '--> tap                       '------> tap <------------'
//!            '--Captured--> bounded channel --> the writer of the file
//! ```
//!
//! A tap that is off costs one comparison per datagram. One that is on never makes a
//! transfer fail: if the reader of the copies is behind, a transfer waits a moment once,
//! and then copies are dropped and counted.
//!
//! It does not know the format of a capture. Datagrams that the kernel's filter
//! (`filter`) discards are not copied.

use super::clock::wall_time;
use crate::link::{Entered, Fate, flip};
use crossbeam_channel::{Receiver, SendTimeoutError, Sender};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The channel for copies, if the tap is on.
#[derive(Debug, Clone, Default)]
pub struct Tap(Option<Wire>);

#[derive(Debug, Clone)]
struct Wire {
    copies: Sender<Captured>,
    missed: Arc<AtomicU64>,
    /// Whether the last copy was dropped: then nobody waits until a copy fits again.
    is_behind: Arc<AtomicBool>,
    /// The local address for this other side, once it was determined.
    here: OnceLock<IpAddr>,
}

/// The receiving end of the copies.
#[derive(Debug)]
pub struct Outlet {
    copies: Receiver<Captured>,
    missed: Arc<AtomicU64>,
}

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    /// A datagram.
    Datagram(Datagram),
    /// A piece of a chat.
    Chat(Chat),
    /// The end: no more copies follow.
    End,
}

/// A datagram that was sent or came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Since 1970-01-01 UTC.
    pub time: Duration,
    /// Its direction.
    pub direction: CaptureDirection,
    /// Address and port on this computer.
    pub ours: SocketAddr,
    /// Address and port of the other side.
    pub theirs: SocketAddr,
    /// The UDP payload.
    pub bytes: Vec<u8>,
    /// Its fate in this side's link, if there is one.
    pub fate: Option<Fate>,
}

/// A piece of a chat over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Since 1970-01-01 UTC.
    pub time: Duration,
    /// Address and port on this computer.
    pub ours: SocketAddr,
    /// Address and port of the other side.
    pub theirs: SocketAddr,
    /// The event.
    pub what: ChatPart,
}

/// An event of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatPart {
    /// The beginning; the direction shows which side connected.
    Opened(CaptureDirection),
    /// Bytes that were written or read.
    Bytes(CaptureDirection, Vec<u8>),
    /// The end.
    Closed,
}

/// The direction, seen from this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaptureDirection {
    /// Outgoing, even if the link lost it.
    Out,
    /// Incoming.
    In,
}

/// The number of copies that may wait.
const QUEUE: usize = 4_096;

/// The time that a transfer waits for a place in the queue before copies are dropped.
const TIMEOUT: Duration = Duration::from_millis(200);

impl Tap {
    /// A tap that is off.
    pub const OFF: Self = Self(None);

    /// A tap that is on, and the receiving end of its copies.
    #[must_use]
    pub fn new() -> (Self, Outlet) {
        let (sender, copies) = crossbeam_channel::bounded(QUEUE);
        let missed = Arc::default();
        let wire = Wire {
            copies: sender,
            missed: Arc::clone(&missed),
            is_behind: Arc::default(),
            here: OnceLock::new(),
        };
        (Self(Some(wire)), Outlet { copies, missed })
    }

    /// Whether the tap is on.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The number of dropped copies.
    #[must_use]
    pub fn missed(&self) -> u64 {
        let missed = |wire: &Wire| wire.missed.load(Ordering::Relaxed);
        self.0.as_ref().map_or(0, missed)
    }

    /// A datagram goes this way through this socket, or enters the link on this way;
    /// `theirs` may be left out where the socket is connected. A packet is reported before it is sent, so that its answer is
    /// never recorded before it; one that the system then does not take is seen all the
    /// same.
    pub fn datagram(
        &self,
        direction: CaptureDirection,
        socket: &UdpSocket,
        theirs: Option<SocketAddr>,
        bytes: &[u8],
        entered: Option<Entered>,
    ) {
        let Some(wire) = &self.0 else {
            return;
        };
        let time = wall_time();
        let Ok(theirs) = theirs.map_or_else(|| socket.peer_addr(), Ok) else {
            return;
        };
        let mut bytes = bytes.to_vec();
        flip(&mut bytes, entered.and_then(|it| it.flipped_bit));
        wire.put(Captured::Datagram(Datagram {
            time,
            direction,
            ours: own_address(socket, theirs, &wire.here),
            theirs,
            bytes,
            fate: entered.map(|it| it.fate),
        }));
    }

    /// A chat begins between these two; `caller`: who of them called.
    #[must_use]
    pub fn conversation(
        &self,
        ours: SocketAddr,
        theirs: SocketAddr,
        caller: CaptureDirection,
    ) -> Conversation {
        let conversation = Conversation {
            tap: self.clone(),
            ours,
            theirs,
        };
        conversation.tell(|| ChatPart::Opened(caller));
        conversation
    }

    /// Sends the end: the reader may stop after all earlier copies.
    pub fn end(&self) {
        if let Some(wire) = &self.0 {
            let _ = wire.copies.send_timeout(Captured::End, TIMEOUT);
        }
    }
}

impl Outlet {
    /// The next copy; `None` if there can be no more.
    #[must_use]
    pub fn next(&self) -> Option<Captured> {
        self.copies.recv().ok()
    }

    /// Whether no copy waits at this moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// The number of dropped copies.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Wire {
    fn put(&self, copy: Captured) {
        let timeout = if self.is_behind.load(Ordering::Relaxed) {
            Duration::ZERO
        } else {
            TIMEOUT
        };
        let is_behind = match self.copies.send_timeout(copy, timeout) {
            Ok(()) => false,
            // The file has ended, and this was reported.
            Err(SendTimeoutError::Disconnected(_)) => return,
            Err(SendTimeoutError::Timeout(_)) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                true
            }
        };
        self.is_behind.store(is_behind, Ordering::Relaxed);
    }
}

/// The local address for datagrams to or from there. A socket that is bound to all
/// addresses does not know it; the routing table does, and `here` keeps its answer.
pub(super) fn own_address(
    socket: &UdpSocket,
    theirs: SocketAddr,
    here: &OnceLock<IpAddr>,
) -> SocketAddr {
    let nowhere: SocketAddr = match theirs {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let mut ours = socket.local_addr().unwrap_or(nowhere);
    if ours.ip().is_unspecified() {
        let ip = here.get_or_init(|| {
            let found = ask_the_routing_table(nowhere, theirs);
            found.unwrap_or(nowhere.ip())
        });
        ours.set_ip(*ip);
    }
    ours
}

/// Nothing is sent: connecting a UDP socket only chooses its address.
fn ask_the_routing_table(any: SocketAddr, theirs: SocketAddr) -> io::Result<IpAddr> {
    let socket = UdpSocket::bind(any)?;
    socket.connect(theirs)?;
    Ok(socket.local_addr()?.ip())
}

/// A chat whose bytes are copied. Dropping it reports the end of the chat.
#[derive(Debug)]
pub struct Conversation {
    tap: Tap,
    ours: SocketAddr,
    theirs: SocketAddr,
}

impl Conversation {
    /// Whether the tap is on.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.tap.is_on()
    }

    /// Copies these bytes. A line is reported before it is written, so that its answer is
    /// never recorded before it.
    pub fn carried(&self, direction: CaptureDirection, bytes: &[u8]) {
        self.tell(|| ChatPart::Bytes(direction, bytes.to_vec()));
    }

    fn tell(&self, what: impl FnOnce() -> ChatPart) {
        if let Some(wire) = &self.tap.0 {
            wire.put(Captured::Chat(Chat {
                time: wall_time(),
                ours: self.ours,
                theirs: self.theirs,
                what: what(),
            }));
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.tell(|| ChatPart::Closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::clock::Clock;

    fn pair() -> (UdpSocket, UdpSocket) {
        let [one, two] = [0, 0].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        one.connect(two.local_addr().unwrap()).unwrap();
        (one, two)
    }

    #[test]
    fn a_captured_copy_has_both_real_addresses_for_any_bound_address() {
        let (tap, copies) = Tap::new();
        let (connected, other) = pair();
        let theirs = other.local_addr().unwrap();
        tap.datagram(CaptureDirection::Out, &connected, None, b"one", None);
        let everywhere = UdpSocket::bind("0.0.0.0:0").unwrap();
        tap.datagram(
            CaptureDirection::In,
            &everywhere,
            Some(theirs),
            b"two",
            None,
        );
        for (socket, bytes) in [(&connected, b"one"), (&everywhere, b"two")] {
            let Captured::Datagram(copy) = copies.next().unwrap() else {
                panic!("a datagram was sent");
            };
            let port = socket.local_addr().unwrap().port();
            assert_eq!(copy.ours, SocketAddr::from(([127, 0, 0, 1], port)));
            assert_eq!((copy.theirs, &copy.bytes[..]), (theirs, &bytes[..]));
        }
    }

    #[test]
    fn a_slow_reader_is_waited_for_once_and_then_copies_are_dropped() {
        let (tap, copies) = Tap::new();
        let (socket, _other) = pair();
        let send = |packets| {
            for _ in 0..packets {
                tap.datagram(CaptureDirection::Out, &socket, None, b"x", None);
            }
        };
        send(QUEUE);
        let clock = Clock::start();
        send(1_000);
        // Waited for each of them it would be 200 s.
        assert!(clock.now().since_start() < 100 * TIMEOUT);
        assert_eq!(tap.missed(), 1_000);
        assert_eq!(copies.copies.len(), QUEUE);
        drop(copies); // Its disk is full: nobody notices.
        send(1);
        assert_eq!(tap.missed(), 1_000);
    }

    #[test]
    fn a_chat_connection_is_captured_from_beginning_to_end() {
        let (tap, copies) = Tap::new();
        let [ours, theirs] = [7, 8].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let chat = tap.conversation(ours, theirs, CaptureDirection::In);
        chat.carried(CaptureDirection::In, b"hi");
        drop(chat);
        let parts: Vec<ChatPart> = copies
            .copies
            .try_iter()
            .map(|copy| match copy {
                Captured::Chat(chat) => chat.what,
                Captured::Datagram(_) | Captured::End => panic!("only a chat went on"),
            })
            .collect();
        let bytes = ChatPart::Bytes(CaptureDirection::In, b"hi".to_vec());
        assert_eq!(
            parts,
            [
                ChatPart::Opened(CaptureDirection::In),
                bytes,
                ChatPart::Closed
            ]
        );
    }
}
