//! Sockets: error numbers without a name in the standard library, fragmentation, and
//! streams that do not wait.
//!
//! Source: `errno(3)`, `ip(7)`, `poll(2)`; Windows "Windows Sockets Error Codes".

use std::io::IoSlice;
use std::net::{TcpStream, UdpSocket};

/// The number of an error: on Windows, on Linux, and on the BSDs, including macOS.
const fn number(windows: i32, linux: i32, bsd: i32) -> i32 {
    if cfg!(windows) {
        windows
    } else if cfg!(target_os = "linux") {
        linux
    } else {
        bsd
    }
}

/// EBADF: the descriptor is closed.
pub const BAD_DESCRIPTOR: i32 = number(10_009, 9, 9);

/// ENOTSOCK.
pub const NOT_A_SOCKET: i32 = number(10_038, 88, 38);

/// EMSGSIZE: the datagram is too long.
pub const MESSAGE_TOO_LONG: i32 = number(10_040, 90, 40);

/// ENOBUFS: the kernel has no buffer for a datagram just now.
pub const NO_BUFFER_SPACE: i32 = number(10_055, 105, 55);

/// Forbids fragmentation: a datagram that is too long for the path is lost or refused at
/// once, and the handshake notices it. The kernel must not trust ICMP messages about the
/// path, because anybody can send them (RFC 9000 §14.2.1).
///
/// On other systems the system decides.
pub fn forbid_fragments(socket: &UdpSocket) {
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt;
        let four = sockopt::Ipv4PathMtuDiscovery::PROBE;
        let six = sockopt::Ipv6PathMtuDiscovery::PROBE;
        // A socket of IPv6 may carry IPv4 as well, one of IPv4 not the other way round.
        let done = sockopt::set_ip_mtu_discover(socket, four);
        if sockopt::set_ipv6_mtu_discover(socket, six).is_err()
            && let Err(error) = done
        {
            log::debug!("the kernel may fragment datagrams: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// Whether the other side has closed the stream, or its half, according to the system. On
/// other systems than Linux the answer is always no.
#[must_use]
pub fn has_hung_up(stream: &TcpStream) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut watched = [PollFd::new(stream, PollFlags::RDHUP)];
        let at_once = Timespec::default();
        let is_ready = poll(&mut watched, Some(&at_once));
        is_ready.is_ok() && watched[0].revents().contains(PollFlags::RDHUP)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = stream;
        false
    }
}

/// Whether [`write_at_once`] works on this system.
pub const CAN_WRITE_AT_ONCE: bool = cfg!(target_os = "linux");

/// Writes what the stream accepts without waiting; returns the number of bytes, 0 if the
/// system does not support this or the stream has ended.
#[must_use]
pub fn write_at_once(stream: &TcpStream, parts: &[IoSlice<'_>]) -> usize {
    #[cfg(target_os = "linux")]
    {
        use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
        let mut control = SendAncillaryBuffer::default();
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        sendmsg(stream, parts, &mut control, flags).unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (stream, parts);
        0
    }
}
