//! Many datagrams in one call to the kernel: segmentation and receive offload.
//!
//! A system call costs more than the datagram that it carries. Linux accepts a row of
//! datagrams of one length as one piece (`UDP_SEGMENT`), which it or the network card
//! splits before transmission. It also returns a row that arrived together as one piece
//! (`UDP_GRO`).
//!
//! ```text
//!   Outgoing   | d0      | d1      | d2      | d3  |   one send, cut every `length` bytes
//!   Incoming   | d0      | d1      | d2      | d3  |   one receive, and the `length`
//! ```
//!
//! If the network card or the path refuses this, each datagram is separate, but one call
//! still carries many (`sendmmsg`, `recvmmsg`). On a system without these calls each
//! datagram needs a call of its own. On the wire there is no difference.
//!
//! Source: `udp(7)`, `sendmmsg(2)`, `recvmmsg(2)`; report chapter `speed`.

pub use crate::system::incoming::{Batch, Incoming};

use crate::system::datagrams::{self, is_full, send, send_many};
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams that wait to be handed to the kernel together.
#[derive(Debug)]
pub struct Outgoing {
    bytes: Vec<u8>,
    /// The length of each of them except the last one. Unit: bytes.
    length: usize,
    /// Whether the last one is shorter: then no other may follow it.
    is_closed: bool,
    /// Whether the kernel may cut rows at all.
    is_offloading: bool,
    /// The length at which the kernel cuts rows; 0: it does not cut. Unit: bytes.
    cut: usize,
}

/// The kernel's limit of datagrams in a row.
const MOST_DATAGRAMS: usize = 64;

/// The kernel's limit of bytes in a row: the largest payload of a UDP datagram over IPv4.
const MOST_BYTES: usize = 65_507;

impl Outgoing {
    /// Whether no datagram waits.
    #[must_use]
    pub const fn new(is_offloading: bool) -> Self {
        Self {
            bytes: Vec::new(),
            length: 0,
            is_closed: false,
            is_offloading,
            cut: 0,
        }
    }

    /// Adds one datagram, which `write` appends, to the row. If it does not fit, the
    /// waiting ones are sent first.
    ///
    /// # Errors
    /// Those of `write`, with nothing appended; and those of the kernel for the waiting
    /// datagrams: one that it refuses does not delay the others.
    pub fn push<E>(
        &mut self,
        socket: &UdpSocket,
        to: Option<SocketAddr>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<io::Result<()>, E> {
        let before = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(before);
            return Err(error);
        }
        let length = self.bytes.len() - before;
        let mut sent = Ok(());
        if before > 0 && !self.fits(length) {
            let last = self.bytes.split_off(before);
            sent = self.flush(socket, to);
            self.bytes.extend_from_slice(&last);
        }
        if self.bytes.len() == length {
            self.length = length;
            self.is_closed = false;
        }
        self.is_closed |= length < self.length;
        Ok(sent)
    }

    /// Whether the newest one, of this length, may be in one row with those before it.
    const fn fits(&self, length: usize) -> bool {
        !self.is_closed
            && length <= self.length
            && self.bytes.len() <= MOST_BYTES
            && self.bytes.len() <= MOST_DATAGRAMS * self.length
    }

    /// Passes all waiting datagrams to the kernel. `to` is `None` if the socket is
    /// connected.
    ///
    /// # Errors
    /// The system's error for the last datagram that it refused; the others were sent.
    pub fn flush(
        &mut self,
        socket: &UdpSocket,
        to: Option<SocketAddr>,
    ) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let is_row = self.bytes.len() > self.length;
        if !is_row && self.length > self.cut && self.cut > 0 {
            self.cut_at(socket, 0); // Otherwise it would be cut as well.
        }
        let sent = if is_row && self.is_cut(socket) {
            send(socket, to, &self.bytes).or_else(|error| self.cut_up(socket, to, error))
        } else {
            self.send_each(socket, to)
        };
        self.bytes.clear();
        sent
    }

    /// The kernel has refused a row. If it accepts the datagrams one by one, the network
    /// card or the path does not support rows.
    fn cut_up(
        &mut self,
        socket: &UdpSocket,
        to: Option<SocketAddr>,
        error: io::Error,
    ) -> io::Result<()> {
        if is_full(&error) {
            return Err(error); // The kernel would not accept them one by one either.
        }
        self.cut_at(socket, 0);
        let sent = self.send_each(socket, to);
        if sent.is_ok() {
            log::debug!(
                "sending datagrams one by one from now on, without segmentation \
                         offload: {error}"
            );
            self.is_offloading = false;
        }
        sent
    }

    /// Without a row: as many in one call as the system accepts.
    fn send_each(&self, socket: &UdpSocket, to: Option<SocketAddr>) -> io::Result<()> {
        if self.bytes.len() > self.length {
            return send_many(socket, to, self.bytes.chunks(self.length));
        }
        send(socket, to, &self.bytes)
    }

    /// Whether the kernel cuts the waiting row.
    fn is_cut(&mut self, socket: &UdpSocket) -> bool {
        self.is_offloading && self.cut_at(socket, self.length)
    }

    /// Sets the length at which the kernel cuts; returns whether it accepts this.
    fn cut_at(&mut self, socket: &UdpSocket, length: usize) -> bool {
        if self.cut != length {
            match datagrams::cut_at(socket, length) {
                Ok(()) => self.cut = length,
                Err(error) => {
                    log::debug!(
                        "sending datagrams one by one, without segmentation \
                                 offload: {error}"
                    );
                    self.is_offloading = false;
                }
            }
        }
        self.cut == length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::socket_error::Meaning;
    use std::convert::Infallible;
    use std::time::Duration;

    /// The sender and the receiver of the datagrams.
    struct Sender {
        socket: UdpSocket,
        to: Option<SocketAddr>,
        outgoing: Outgoing,
    }

    /// Longer than any datagram needs here.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// More than a test sends at once. Unit: bytes.
    const LARGEST_TEST: usize = 200_000;

    fn pair() -> (UdpSocket, Sender) {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(TIMEOUT)).unwrap();
        // Some systems have a default of 64 KiB.
        let buffer = socket2::SockRef::from(&receiver);
        buffer.set_recv_buffer_size(LARGEST_TEST).unwrap();
        let sender = Sender {
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
            to: Some(receiver.local_addr().unwrap()),
            outgoing: Outgoing::new(false),
        };
        (receiver, sender)
    }

    impl Sender {
        /// Sends datagrams of these lengths, each filled with its own number.
        fn hand_over(&mut self, lengths: &[usize]) {
            self.try_hand_over(lengths).unwrap();
        }

        fn try_hand_over(&mut self, lengths: &[usize]) -> io::Result<()> {
            let Self {
                socket,
                to,
                outgoing,
            } = self;
            for (number, &length) in (0_u8..).zip(lengths) {
                let write = |bytes: &mut Vec<u8>| {
                    bytes.resize(bytes.len() + length, number);
                    Ok::<_, Infallible>(())
                };
                match outgoing.push(socket, *to, write) {
                    Ok(sent) => sent?,
                }
            }
            outgoing.flush(socket, *to)
        }
    }

    /// Sends datagrams of these lengths; returns what arrived, and in how many receives.
    fn carry(lengths: &[usize], rows: [bool; 2]) -> (Vec<Vec<u8>>, usize) {
        let [sends_rows, receives_rows] = rows;
        let (receiver, mut sender) = pair();
        let mut incoming = Incoming::new(&receiver, receives_rows);
        sender.outgoing = Outgoing::new(sends_rows);
        sender.hand_over(lengths);
        let sender = sender.socket;
        let (mut all, mut receives) = (Vec::new(), 0);
        while all.len() < lengths.len() {
            let batch = incoming.receive(&receiver, TIMEOUT).unwrap();
            for (from, datagram) in batch.datagrams() {
                assert_eq!(from, sender.local_addr().unwrap());
                all.push(datagram.to_vec());
            }
            receives += 1;
        }
        (all, receives)
    }

    fn wanted(lengths: &[usize]) -> Vec<Vec<u8>> {
        let numbered = (0_u8..).zip(lengths);
        numbered
            .map(|(number, &length)| vec![number; length])
            .collect()
    }

    #[test]
    fn datagrams_of_any_length_arrive_unchanged_with_and_without_segmentation_offload() {
        let lengths = [
            1_472, 1_472, 1_472, 900, 900, 900, 1_472, 40, 41, 1_472, 1_472, 65_000, 1,
        ];
        for rows in [[true, true], [true, false], [false, true], [false, false]] {
            let (arrived, _) = carry(&lengths, rows);
            assert!(arrived == wanted(&lengths), "{rows:?}");
        }
    }

    #[test]
    fn a_longer_datagram_after_an_offloaded_batch_stays_in_one_piece() {
        let lengths = [48, 37, 68];
        assert!(carry(&lengths, [true, true]).0 == wanted(&lengths));
    }

    #[test]
    fn a_batch_larger_than_the_offload_limit_is_split() {
        let lengths = [100; 150];
        assert!(carry(&lengths, [true, true]).0 == wanted(&lengths));
        let lengths = [1_472; 100];
        assert!(carry(&lengths, [true, true]).0 == wanted(&lengths));
    }

    #[test]
    fn an_offloaded_batch_is_received_by_one_system_call() {
        if !datagrams::MANY_PER_CALL {
            return;
        }
        assert_eq!(carry(&[1_472; 40], [true, true]).1, 1);
        assert_eq!(carry(&[1_472; 40], [false, true]).1, 40);
    }

    #[test]
    fn without_offload_many_datagrams_are_still_received_by_one_system_call() {
        if !datagrams::MANY_PER_CALL {
            return;
        }
        assert_eq!(carry(&[1_472; 40], [false, false]).1, 1);
        assert_eq!(carry(&[10; 100], [false, false]).1, 2);
        assert_eq!(carry(&[1_472, 3, 1_472, 900], [true, false]).1, 1);
    }

    #[test]
    fn single_datagrams_are_gathered_unless_more_are_pending_than_one_call_can_read() {
        if !datagrams::MANY_PER_CALL {
            return;
        }
        let (receiver, mut sender) = pair();
        let mut incoming = Incoming::new(&receiver, false);
        assert!(!incoming.gathers(), "nothing has come");
        sender.hand_over(&[10; 3]);
        incoming.receive(&receiver, TIMEOUT).unwrap();
        assert!(incoming.gathers());
        sender.hand_over(&[10; 70]);
        incoming.receive(&receiver, TIMEOUT).unwrap();
        assert!(!incoming.gathers(), "there are more");
        incoming.receive(&receiver, TIMEOUT).unwrap();
        assert!(incoming.gathers());
        let mut rows = Incoming::new(&receiver, true);
        sender.hand_over(&[10]);
        rows.receive(&receiver, TIMEOUT).unwrap();
        assert!(!rows.gathers(), "the kernel does that");
    }

    #[test]
    fn an_oversized_datagram_is_an_error_and_later_ones_are_sent() {
        for is_offloading in [true, false] {
            let (receiver, mut sender) = pair();
            sender.outgoing = Outgoing::new(is_offloading);
            let error = sender.try_hand_over(&[66_000]).unwrap_err();
            assert_eq!(Meaning::of(&error), Meaning::TooLong, "{error}");
            sender.hand_over(&[5]);
            assert_eq!(receiver.recv(&mut [0; 100]).unwrap(), 5);
        }
    }

    #[test]
    fn a_failed_encoding_leaves_the_other_datagrams_of_the_batch_unchanged() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut outgoing = Outgoing::new(true);
        let to = Some(socket.local_addr().unwrap());
        let good = |bytes: &mut Vec<u8>| {
            bytes.extend([7; 10]);
            Ok::<_, ()>(())
        };
        let bad = |bytes: &mut Vec<u8>| {
            bytes.extend([8; 5]);
            Err(())
        };
        outgoing.push(&socket, to, good).unwrap().unwrap();
        outgoing.push(&socket, to, bad).unwrap_err();
        outgoing.flush(&socket, to).unwrap();
        assert_eq!(socket.recv(&mut [0; 100]).unwrap(), 10);
    }

    #[test]
    fn a_refused_batch_reports_the_same_error_as_a_single_datagram_and_keeps_offload_enabled()
     {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut outgoing = Outgoing::new(true);
        let nowhere = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        for _ in 0..3 {
            let write = |bytes: &mut Vec<u8>| {
                bytes.extend([7; 10]);
                Ok::<_, Infallible>(())
            };
            match outgoing.push(&socket, nowhere, write) {
                Ok(sent) => sent.unwrap(),
            }
        }
        let error = outgoing.flush(&socket, nowhere).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(outgoing.is_offloading, datagrams::MANY_PER_CALL);
        assert!(outgoing.bytes.is_empty());
    }

    #[test]
    fn a_row_that_the_card_refuses_is_sent_one_by_one_and_no_row_follows_it() {
        let (input_output, invalid, unsupported) = (5, 22, 95); // EIO, EINVAL, EOPNOTSUPP
        for number in [input_output, invalid, unsupported] {
            let (receiver, mut sender) = pair();
            sender.outgoing = Outgoing::new(true);
            for letter in [7, 8, 9] {
                let write = |bytes: &mut Vec<u8>| {
                    bytes.extend([letter; 10]);
                    Ok::<_, Infallible>(())
                };
                let Sender {
                    socket,
                    to,
                    outgoing,
                } = &mut sender;
                match outgoing.push(socket, *to, write) {
                    Ok(sent) => sent.unwrap(),
                }
            }
            let refused = io::Error::from_raw_os_error(number);
            let sent = sender.outgoing.cut_up(&sender.socket, sender.to, refused);
            sent.unwrap();
            sender.outgoing.bytes.clear();
            assert!(!sender.outgoing.is_offloading, "{number}");
            sender.hand_over(&[20; 3]);
            let mut datagram = [0; 100];
            let mut next = || receiver.recv(&mut datagram).unwrap();
            let lengths = [next(), next(), next(), next(), next(), next()];
            assert_eq!(lengths, [10, 10, 10, 20, 20, 20], "{number}");
        }
    }
}
