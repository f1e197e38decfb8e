//! Many datagrams in one call to the kernel: segmentation and receive offload.
//!
//! A call costs more than the datagram that it carries. Linux takes a row of datagrams of
//! one length as one piece (`UDP_SEGMENT`), which it, or the network card, cuts up on its
//! way out, and gives a row that arrived together as one piece too (`UDP_GRO`).
//!
//! ```text
//!   Outgoing   | d0      | d1      | d2      | d3  |   one send, cut every `length` bytes
//!   Incoming   | d0      | d1      | d2      | d3  |   one receive, and the `length`
//! ```
//!
//! Where the system has neither, or a card or a way refuses, each datagram goes and comes
//! on its own. On the wire there is no difference.
//!
//! Source: `udp(7)`; report chapter `speed`.

use super::carrier::is_passing;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::slice::Chunks;

/// Datagrams that wait to be handed to the kernel together.
#[derive(Debug)]
pub struct Outgoing {
    bytes: Vec<u8>,
    /// How long each of them is, the last one excepted. Unit: bytes.
    length: usize,
    /// The last one is shorter: nothing may follow it.
    is_closed: bool,
    /// Whether rows are tried at all.
    is_offloading: bool,
    /// Where the kernel cuts, as it was last told; 0: nowhere. Unit: bytes.
    cut: usize,
}

/// What one receive brought.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// In the order they came.
    pub datagrams: Chunks<'a, u8>,
}

/// Room for what one receive brings.
#[derive(Debug)]
pub struct Incoming {
    room: Vec<u8>,
    #[cfg(target_os = "linux")]
    control: Vec<u8>,
}

/// The kernel takes no more datagrams at once.
const MOST_DATAGRAMS: usize = 64;

/// The kernel takes no more at once: what a UDP datagram over IPv4 may hold. Unit: bytes.
const MOST_BYTES: usize = 65_507;

impl Outgoing {
    /// Nothing waits.
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

    /// Puts one datagram, which `write` appends, behind those that wait; these go first
    /// where it does not fit behind them.
    ///
    /// # Errors
    /// Those of `write`, with nothing appended; the kernel's, of those that went first.
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
            self.is_closed = !self.is_offloading;
        }
        self.is_closed |= length < self.length;
        Ok(sent)
    }

    /// Whether the newest one, of this length, may go in one row with those before it.
    const fn fits(&self, length: usize) -> bool {
        !self.is_closed
            && length <= self.length
            && self.bytes.len() <= MOST_BYTES
            && self.bytes.len() <= MOST_DATAGRAMS * self.length
    }

    /// Hands all that wait to the kernel. `to` is left out where the socket is connected.
    ///
    /// # Errors
    /// Those of the system where a datagram can never leave. A full buffer is no error but
    /// a loss.
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
            self.cut_at(socket, 0); // Or it would be cut as well.
        }
        let mut sent = if is_row && self.cut_at(socket, self.length) {
            send(socket, to, &self.bytes)
        } else {
            self.send_each(socket, to)
        };
        if sent.is_err() && self.cut > 0 {
            // The card or the way may not carry rows: what is wrong with a single one of
            // them is what counts.
            log::debug!("datagrams go one by one from now on: {sent:?}");
            self.cut_at(socket, 0);
            self.is_offloading = false;
            sent = self.send_each(socket, to);
        }
        self.bytes.clear();
        sent
    }

    fn send_each(&self, socket: &UdpSocket, to: Option<SocketAddr>) -> io::Result<()> {
        let mut each = self.bytes.chunks(self.length);
        each.try_for_each(|datagram| send(socket, to, datagram))
    }

    /// Has the kernel cut there from now on; whether it does.
    fn cut_at(&mut self, socket: &UdpSocket, length: usize) -> bool {
        if self.cut != length {
            match set_cut(socket, length) {
                Ok(()) => self.cut = length,
                Err(error) => {
                    log::debug!("datagrams go one by one: {error}");
                    self.is_offloading = false;
                }
            }
        }
        self.cut == length
    }
}

fn send(socket: &UdpSocket, to: Option<SocketAddr>, bytes: &[u8]) -> io::Result<()> {
    let sent = match to {
        None => socket.send(bytes),
        Some(to) => socket.send_to(bytes, to),
    };
    match sent {
        Ok(_) => Ok(()),
        Err(error) if is_passing(&error) => {
            log::trace!("{} bytes were not taken: {error}", bytes.len());
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
fn set_cut(socket: &UdpSocket, length: usize) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};
    let length = i32::try_from(length).map_err(io::Error::other)?;
    setsockopt(socket, UdpGsoSegment, &length).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn set_cut(_socket: &UdpSocket, _length: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Incoming {
    /// Room for the longest there is; asks the kernel for rows where `is_offloading`.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn new(socket: &UdpSocket, is_offloading: bool) -> Self {
        use nix::sys::socket::{setsockopt, sockopt::UdpGroSegment};
        if is_offloading && let Err(error) = setsockopt(socket, UdpGroSegment, &true) {
            log::debug!("datagrams come one by one: {error}");
        }
        Self {
            room: vec![0; LONGEST],
            control: nix::cmsg_space!(i32),
        }
    }

    /// Room for the longest there is.
    #[cfg(not(target_os = "linux"))]
    #[must_use]
    pub fn new(_socket: &UdpSocket, _is_offloading: bool) -> Self {
        Self {
            room: vec![0; LONGEST],
        }
    }

    /// Waits for datagrams, no longer than the socket's read timeout.
    ///
    /// # Errors
    /// Those of `recv`.
    #[cfg(target_os = "linux")]
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<Batch<'_>> {
        use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
        use std::io::IoSliceMut;
        use std::os::fd::AsRawFd;
        let Self { room, control } = self;
        let (length, cut, from) = {
            let mut slices = [IoSliceMut::new(room)];
            let received = recvmsg::<SockaddrStorage>(
                socket.as_raw_fd(),
                &mut slices,
                Some(control),
                MsgFlags::empty(),
            )?;
            let cut = received.cmsgs()?.find_map(|message| {
                if let ControlMessageOwned::UdpGroSegments(cut) = message {
                    usize::try_from(cut).ok()
                } else {
                    None
                }
            });
            (received.bytes, cut, received.address.and_then(address))
        };
        // From nobody: a socket that is being shut down.
        let from = from.ok_or(io::ErrorKind::Interrupted)?;
        let bytes = room.get(..length).unwrap_or_default();
        let datagrams = bytes.chunks(cut.unwrap_or(length).max(1));
        Ok(Batch { from, datagrams })
    }

    /// Waits for a datagram, no longer than the socket's read timeout.
    ///
    /// # Errors
    /// Those of `recv`.
    #[cfg(not(target_os = "linux"))]
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<Batch<'_>> {
        let (length, from) = socket.recv_from(&mut self.room)?;
        let datagrams = self.room[..length].chunks(length.max(1));
        Ok(Batch { from, datagrams })
    }
}

/// No datagram, and no row of them, is longer. Unit: bytes.
const LONGEST: usize = 65_536;

#[cfg(target_os = "linux")]
fn address(storage: nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    use std::net::{SocketAddrV4, SocketAddrV6};
    let four = storage.as_sockaddr_in().map(|it| SocketAddrV4::from(*it));
    let six = storage.as_sockaddr_in6().map(|it| SocketAddrV6::from(*it));
    four.map(SocketAddr::V4).or(six.map(SocketAddr::V6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::time::Duration;

    /// Sends datagrams of these lengths, each full of its own number, and gives what came
    /// in how many receives.
    fn carry(lengths: &[usize], rows: [bool; 2]) -> (Vec<Vec<u8>>, usize) {
        let [sends_rows, receives_rows] = rows;
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut incoming = Incoming::new(&receiver, receives_rows);
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = Some(receiver.local_addr().unwrap());
        let mut outgoing = Outgoing::new(sends_rows);
        for (number, &length) in (0_u8..).zip(lengths) {
            let write = |bytes: &mut Vec<u8>| {
                bytes.resize(bytes.len() + length, number);
                Ok::<_, Infallible>(())
            };
            match outgoing.push(&sender, to, write) {
                Ok(sent) => sent.unwrap(),
            }
        }
        outgoing.flush(&sender, to).unwrap();
        let (mut all, mut receives) = (Vec::new(), 0);
        while all.len() < lengths.len() {
            let batch = incoming.receive(&receiver).unwrap();
            assert_eq!(batch.from, sender.local_addr().unwrap());
            all.extend(batch.datagrams.map(<[u8]>::to_vec));
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
    fn datagrams_of_any_length_arrive_each_as_it_was_however_they_are_carried() {
        let lengths = [
            1_472, 1_472, 1_472, 900, 900, 900, 1_472, 40, 41, 1_472, 1_472, 65_000, 1,
        ];
        for rows in [[true, true], [true, false], [false, true], [false, false]] {
            let (arrived, _) = carry(&lengths, rows);
            assert!(arrived == wanted(&lengths), "{rows:?}");
        }
    }

    #[test]
    fn a_single_datagram_longer_than_those_of_a_row_before_it_stays_in_one_piece() {
        let lengths = [48, 37, 68];
        assert!(carry(&lengths, [true, true]).0 == wanted(&lengths));
    }

    #[test]
    fn more_than_one_row_holds_goes_as_several() {
        let lengths = [100; 150];
        assert!(carry(&lengths, [true, true]).0 == wanted(&lengths));
        let lengths = [1_472; 100];
        assert!(carry(&lengths, [true, true]).0 == wanted(&lengths));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_row_is_one_receive() {
        assert_eq!(carry(&[1_472; 40], [true, true]).1, 1);
        assert_eq!(carry(&[1_472; 40], [false, true]).1, 40);
    }

    #[test]
    fn a_datagram_that_could_not_be_written_leaves_the_others_as_they_are() {
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
    fn a_row_of_datagrams_that_the_way_does_not_carry_ends_as_a_single_one_does() {
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
        assert!(!outgoing.is_offloading && outgoing.bytes.is_empty());
    }
}
