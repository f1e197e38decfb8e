//! Passes datagrams to the kernel: one, or many in one call.
//!
//! Source: `sendmmsg(2)`, `udp(7)` (`UDP_SEGMENT`), `socket(7)` (`SO_ERROR`).

use super::sockets::NO_BUFFER_SPACE;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

/// Whether one call sends or receives many datagrams.
pub const MANY_PER_CALL: bool = cfg!(target_os = "linux");

/// Sends one datagram. `to` is `None` if the socket is connected.
///
/// # Errors
/// Those of the system, of this datagram.
pub fn send(socket: &UdpSocket, to: Option<SocketAddr>, bytes: &[u8]) -> io::Result<()> {
    let once = || match to {
        None => socket.send(bytes),
        Some(to) => socket.send_to(bytes, to),
    };
    let sent = once().or_else(|error| if is_full(&error) { Err(error) } else { once() });
    sent.map(drop)
}

/// Whether the kernel has no space for a datagram at this moment. Any other error may be
/// that of an earlier datagram, reported by ICMP: the kernel reports it once, at the next
/// call, and sends nothing (`socket(7)`, `SO_ERROR`). A second attempt shows which it is.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    let is_passing = matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    );
    is_passing || error.raw_os_error() == Some(NO_BUFFER_SPACE)
}

/// Sends each separately, on Linux all in one call: if one is refused, the following ones
/// are still sent.
///
/// # Errors
/// Those of the system for the last datagram that it refused.
#[cfg(target_os = "linux")]
pub fn send_many<'a>(
    socket: &UdpSocket,
    to: Option<SocketAddr>,
    datagrams: impl Iterator<Item = &'a [u8]>,
) -> io::Result<()> {
    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
    use std::io::IoSlice;
    let to = to.map(SocketAddrAny::from);
    let mut parts: Vec<_> = datagrams
        .map(|datagram| ([IoSlice::new(datagram)], SendAncillaryBuffer::default()))
        .collect();
    let message = |(datagram, control)| match &to {
        None => MMsgHdr::new(datagram, control),
        Some(to) => MMsgHdr::new_with_addr(to, datagram, control),
    };
    let mut messages: Vec<_> = parts.iter_mut().map(|(a, b)| message((a, b))).collect();
    let (mut left, mut sent, mut is_second) = (messages.as_mut_slice(), Ok(()), false);
    while !left.is_empty() {
        let done =
            match sendmmsg(socket, left, SendFlags::empty()).map_err(io::Error::from) {
                Ok(count) => count.max(1),
                Err(error) if !is_second && !is_full(&error) => 0,
                Err(error) => {
                    sent = Err(error);
                    1
                }
            };
        is_second = done == 0;
        left = left.get_mut(done..).unwrap_or_default();
    }
    sent
}

/// Sends each separately, on Linux all in one call: if one is refused, the following ones
/// are still sent.
///
/// # Errors
/// Those of the system for the last datagram that it refused.
#[cfg(not(target_os = "linux"))]
pub fn send_many<'a>(
    socket: &UdpSocket,
    to: Option<SocketAddr>,
    datagrams: impl Iterator<Item = &'a [u8]>,
) -> io::Result<()> {
    datagrams.fold(Ok(()), |sent, datagram| {
        send(socket, to, datagram).and(sent)
    })
}

/// Makes the kernel cut what is sent into datagrams of this length; 0: it does not cut.
///
/// # Errors
/// Those of the system; `Unsupported` outside Linux.
pub fn cut_at(socket: &UdpSocket, length: usize) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};
        let length = i32::try_from(length).map_err(io::Error::other)?;
        setsockopt(socket, UdpGsoSegment, &length).map_err(io::Error::from)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (socket, length);
        Err(ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_is_known_by_its_number_on_each_system() {
        assert!(is_full(&io::Error::from_raw_os_error(NO_BUFFER_SPACE)));
        assert!(is_full(&ErrorKind::WouldBlock.into()));
        assert!(!is_full(&ErrorKind::ConnectionRefused.into()));
    }
}
