//! Receives many datagrams with one call.
//!
//! They arrive as one row, or each in a place of its own; on a system without such calls,
//! one by one.
//!
//! ```text
//!   room   | d0      | d1      | d2      | d3  |            UDP_GRO: one row, its `length` beside it
//!   room   | d0            | d1            | d2             recvmmsg: a place for each
//! ```
//!
//! Source: `udp(7)`, `recvmmsg(2)`; report chapter `speed`.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// The result of one receive call.
#[derive(Debug)]
pub struct Batch<'a> {
    buffer: &'a [u8],
    rows: &'a [Row],
}

/// Datagrams of one length in [`Incoming::buffer`], one after the other.
#[derive(Debug, Clone, Copy)]
struct Row {
    from: SocketAddr,
    start: usize,
    bytes: usize,
    /// The length of each of them except the last one. Unit: bytes.
    length: usize,
}

/// The buffer for one receive.
#[derive(Debug)]
pub struct Incoming {
    buffer: Vec<u8>,
    rows: Vec<Row>,
    #[cfg(target_os = "linux")]
    method: ReceiveMethod,
}

/// The way to receive many datagrams.
#[cfg(target_os = "linux")]
#[derive(Debug)]
enum ReceiveMethod {
    /// As a row, with its length.
    Row { control: Vec<u8> },
    /// Each in a place of its own.
    Each {
        headers: Box<nix::sys::socket::MultiHeaders<nix::sys::socket::SockaddrStorage>>,
    },
}

/// The limit of separate datagrams per call.
#[cfg(target_os = "linux")]
const MOST_SINGLE: usize = 64;

impl<'a> Batch<'a> {
    /// Each with its sender, in the order of arrival.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &'a [u8])> {
        let buffer = self.buffer;
        self.rows.iter().flat_map(move |row| {
            let bytes = buffer.get(row.start..row.start + row.bytes);
            let datagrams = bytes.unwrap_or_default().chunks(row.length.max(1));
            datagrams.map(|datagram| (row.from, datagram))
        })
    }
}

impl Incoming {
    /// A buffer for the longest datagram or row; asks the kernel for rows if
    /// `is_offloading`.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn new(socket: &UdpSocket, is_offloading: bool) -> Self {
        use nix::sys::socket::{MultiHeaders, setsockopt, sockopt::UdpGroSegment};
        let has_rows = is_offloading
            && setsockopt(socket, UdpGroSegment, &true)
                .inspect_err(|error| {
                    log::debug!(
                        "receiving datagrams one by one, \
                                                  without receive offload: {error}"
                    );
                })
                .is_ok();
        let (places, method) = if has_rows {
            let control = nix::cmsg_space!(i32);
            (1, ReceiveMethod::Row { control })
        } else {
            let headers = Box::new(MultiHeaders::preallocate(MOST_SINGLE, None));
            (MOST_SINGLE, ReceiveMethod::Each { headers })
        };
        Self {
            // The kernel allocates only pages that are written to.
            buffer: vec![0; places * LONGEST],
            rows: Vec::with_capacity(places),
            method,
        }
    }

    /// A buffer for the longest datagram.
    #[cfg(not(target_os = "linux"))]
    #[must_use]
    pub fn new(_socket: &UdpSocket, _is_offloading: bool) -> Self {
        Self {
            buffer: vec![0; LONGEST],
            rows: Vec::with_capacity(1),
        }
    }

    /// Waits for datagrams, at most `patience`.
    ///
    /// # Errors
    /// `WouldBlock` if none arrived; those of `recv`.
    pub fn receive(
        &mut self,
        socket: &UdpSocket,
        patience: Duration,
    ) -> io::Result<Batch<'_>> {
        self.rows.clear();
        wait(socket, patience)?;
        self.fill(socket)?;
        Ok(Batch {
            buffer: &self.buffer,
            rows: &self.rows,
        })
    }

    /// Whether a short wait would let one receive return more datagrams: they are
    /// separate, and the last receive returned all that had arrived.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub const fn gathers(&self) -> bool {
        let count = self.rows.len();
        matches!(self.method, ReceiveMethod::Each { .. })
            && count > 0
            && count < MOST_SINGLE
    }

    /// Here each has a receive of its own.
    #[cfg(not(target_os = "linux"))]
    #[must_use]
    pub const fn gathers(&self) -> bool {
        false
    }

    #[cfg(target_os = "linux")]
    fn fill(&mut self, socket: &UdpSocket) -> io::Result<()> {
        use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmmsg, recvmsg};
        use std::io::IoSliceMut;
        use std::os::fd::AsRawFd;
        let Self {
            buffer,
            rows,
            method,
        } = self;
        match method {
            ReceiveMethod::Row { control } => {
                let mut place = [IoSliceMut::new(buffer)];
                let received = recvmsg::<SockaddrStorage>(
                    socket.as_raw_fd(),
                    &mut place,
                    Some(control),
                    MsgFlags::MSG_DONTWAIT,
                )?;
                rows.extend(row(0, &received)?);
            }
            ReceiveMethod::Each { headers } => {
                let mut places: Vec<_> = buffer
                    .chunks_mut(LONGEST)
                    .map(|place| [IoSliceMut::new(place)])
                    .collect();
                let flags = MsgFlags::MSG_DONTWAIT;
                let received =
                    recvmmsg(socket.as_raw_fd(), headers, &mut places, flags, None)?;
                for (place, message) in received.enumerate() {
                    rows.extend(row(place, &message)?);
                }
            }
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn fill(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let (bytes, from) = socket.recv_from(&mut self.buffer)?;
        self.rows.push(Row {
            from,
            start: 0,
            bytes,
            length: bytes,
        });
        Ok(())
    }
}

/// The longest datagram or row. Unit: bytes.
const LONGEST: usize = 65_536;

/// Waits for a datagram with a resolution of microseconds: a socket's own read timeout
/// counts the kernel's ticks, and a delay of 1 ms would become 8 ms.
#[cfg(target_os = "linux")]
fn wait(socket: &UdpSocket, patience: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    let mut sockets = [PollFd::new(socket, PollFlags::IN)];
    match poll(&mut sockets, Some(&patience))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

/// On this system the socket waits by itself.
#[cfg(not(target_os = "linux"))]
fn wait(socket: &UdpSocket, patience: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(patience.max(Duration::from_millis(1))))
}

/// The datagram in this place; an empty one without a sender if the socket is being shut
/// down.
#[cfg(target_os = "linux")]
fn row(
    place: usize,
    message: &nix::sys::socket::RecvMsg<'_, '_, nix::sys::socket::SockaddrStorage>,
) -> io::Result<Option<Row>> {
    use nix::sys::socket::ControlMessageOwned;
    let cut = message.cmsgs()?.find_map(|message| {
        if let ControlMessageOwned::UdpGroSegments(cut) = message {
            usize::try_from(cut).ok()
        } else {
            None
        }
    });
    Ok(message.address.and_then(address).map(|from| Row {
        from,
        start: place * LONGEST,
        bytes: message.bytes,
        length: cut.unwrap_or(message.bytes),
    }))
}

#[cfg(target_os = "linux")]
fn address(storage: nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    use std::net::{SocketAddrV4, SocketAddrV6};
    let four = storage.as_sockaddr_in().map(|it| SocketAddrV4::from(*it));
    let six = storage.as_sockaddr_in6().map(|it| SocketAddrV6::from(*it));
    four.map(SocketAddr::V4).or(six.map(SocketAddr::V6))
}
