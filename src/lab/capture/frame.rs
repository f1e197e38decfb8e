//! Puts IP, UDP and TCP headers around bytes, as they are on the wire.
//!
//! ```text
//!   IPv4   | 45 | 00 | length | 0000 | don't fragment | 64 | protocol | checksum | from | to |
//!   IPv6   | 60 00 00 00 | length | protocol | 64 | from | to |
//!   UDP    | from | to | length | checksum |
//!   TCP    | from | to | sequence | acknowledged | 50 flags | window | checksum | 0000 |
//! ```
//!
//! Sash's sockets forbid fragmentation, so the headers forbid it too. The time to live is
//! the usual 64, because the kernel does not report the real one.
//!
//! Addresses are values here; there is no socket behind them.
//!
//! Source: RFC 791 §3.1, RFC 8200 §3 and §8.1, RFC 768, RFC 9293 §3.1, RFC 1071.

// The addresses of `core` are those of the standard library, without its sockets.
use core::net::{IpAddr, SocketAddr};

/// The fields of a TCP header besides the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The number of its first byte.
    pub sequence: u32,
    /// The next expected byte; `None` in the first SYN.
    pub acknowledged: Option<u32>,
    /// Whether it is a SYN.
    pub opens: bool,
    /// Whether it is a FIN.
    pub closes: bool,
}

/// The protocol's number (RFC 790).
const TCP: u8 = 6;

/// The protocol's number (RFC 790).
const UDP: u8 = 17;

const TIME_TO_LIVE: u8 = 64;

/// The window of every reconstructed segment. Unit: bytes.
pub const TCP_WINDOW: u16 = u16::MAX;

/// A UDP datagram in its IP packet.
#[must_use]
pub fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend(from.port().to_be_bytes());
    datagram.extend(to.port().to_be_bytes());
    datagram.extend(length(8 + payload.len()).to_be_bytes());
    datagram.extend([0; 2]);
    datagram.extend(payload);
    let ends = Ends::new(from.ip(), to.ip());
    // RFC 768: a checksum of zero would mean that there is none.
    let checksum = match ends.checksum(UDP, &datagram) {
        0 => 0xffff,
        checksum => checksum,
    };
    datagram[6..8].copy_from_slice(&checksum.to_be_bytes());
    ends.packet(UDP, &datagram)
}

/// A TCP segment in its IP packet.
#[must_use]
pub fn tcp(
    from: SocketAddr,
    to: SocketAddr,
    segment: Segment,
    payload: &[u8],
) -> Vec<u8> {
    const FIN: u8 = 0x01;
    const SYN: u8 = 0x02;
    const PUSH: u8 = 0x08;
    const ACK: u8 = 0x10;
    let flags = [
        (segment.closes, FIN),
        (segment.opens, SYN),
        (!payload.is_empty(), PUSH),
        (segment.acknowledged.is_some(), ACK),
    ];
    let set = flags.into_iter().filter(|(is_set, _)| *is_set);
    let flags = set.fold(0, |flags, (_, flag)| flags | flag);
    let mut bytes = Vec::with_capacity(20 + payload.len());
    bytes.extend(from.port().to_be_bytes());
    bytes.extend(to.port().to_be_bytes());
    bytes.extend(segment.sequence.to_be_bytes());
    bytes.extend(segment.acknowledged.unwrap_or(0).to_be_bytes());
    bytes.extend([5 << 4, flags]);
    bytes.extend(TCP_WINDOW.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    let ends = Ends::new(from.ip(), to.ip());
    let checksum = ends.checksum(TCP, &bytes);
    bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
    ends.packet(TCP, &bytes)
}

/// Makes two addresses of one family. IPv4-mapped IPv6 addresses become IPv4; if the
/// families differ, which no socket can do, both become IPv6.
enum Ends {
    Four([u8; 4], [u8; 4]),
    Six([u8; 16], [u8; 16]),
}

impl Ends {
    fn new(from: IpAddr, to: IpAddr) -> Self {
        let dressed = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
            IpAddr::V6(ip) => ip.octets(),
        };
        match (from.to_canonical(), to.to_canonical()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => Self::Four(from.octets(), to.octets()),
            (from, to) => Self::Six(dressed(from), dressed(to)),
        }
    }

    /// The checksum of UDP and TCP: over the addresses too.
    fn checksum(&self, protocol: u8, segment: &[u8]) -> u16 {
        let mut sum = Sum::default();
        match self {
            Self::Four(from, to) => {
                sum.add(from);
                sum.add(to);
            }
            Self::Six(from, to) => {
                sum.add(from);
                sum.add(to);
            }
        }
        sum.add(&[0, protocol]);
        sum.add(&length(segment.len()).to_be_bytes());
        sum.add(segment);
        sum.finish()
    }

    fn packet(&self, protocol: u8, segment: &[u8]) -> Vec<u8> {
        let mut packet = match self {
            Self::Four(from, to) => {
                let mut header = [0; 20];
                header[0] = 4 << 4 | 5;
                header[2..4].copy_from_slice(&length(20 + segment.len()).to_be_bytes());
                header[6] = 0x40; // Don't fragment: then a packet needs no number (RFC 6864).
                header[8] = TIME_TO_LIVE;
                header[9] = protocol;
                header[12..16].copy_from_slice(from);
                header[16..20].copy_from_slice(to);
                let mut sum = Sum::default();
                sum.add(&header);
                header[10..12].copy_from_slice(&sum.finish().to_be_bytes());
                header.to_vec()
            }
            Self::Six(from, to) => {
                let mut header = [0; 40];
                header[0] = 6 << 4;
                header[4..6].copy_from_slice(&length(segment.len()).to_be_bytes());
                header[6] = protocol;
                header[7] = TIME_TO_LIVE;
                header[8..24].copy_from_slice(from);
                header[24..40].copy_from_slice(to);
                header.to_vec()
            }
        };
        packet.extend(segment);
        packet
    }
}

/// Sash's datagrams are shorter than 65,507 bytes, so it always fits.
fn length(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

/// The Internet checksum (RFC 1071): the sum of 16-bit words in ones' complement. All
/// that is added but the last has an even length.
#[derive(Default)]
struct Sum(u64);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        let sum: u64 = words
            .iter()
            .map(|it| u64::from(u16::from_be_bytes(*it)))
            .sum();
        let last = rest.first().map_or(0, |&byte| u64::from(byte) << 8);
        self.0 += sum + last;
    }

    fn finish(self) -> u16 {
        let Self(mut sum) = self;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Over a whole header with a correct checksum the sum is zero (RFC 1071 §1).
    fn is_right(parts: &[&[u8]]) -> bool {
        let mut sum = Sum::default();
        for part in parts {
            sum.add(part);
        }
        sum.finish() == 0
    }

    #[test]
    fn the_checksum_example_of_rfc_1071_is_reproduced() {
        let mut sum = Sum::default();
        sum.add(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]); // RFC 1071 §3
        assert_eq!(sum.finish(), !0xddf2);
    }

    #[test]
    fn a_datagram_over_ipv4_has_correct_lengths_addresses_and_checksums() {
        let packet = udp(address("192.0.2.1:55000"), address("192.0.2.2:7"), b"odd");
        assert_eq!(packet.len(), 20 + 8 + 3);
        let expected = [0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17];
        assert_eq!(packet[..10], expected);
        assert_eq!(packet[12..20], [192, 0, 2, 1, 192, 0, 2, 2]);
        assert!(is_right(&[&packet[..20]]));
        assert_eq!(packet[20..26], [0xd6, 0xd8, 0, 7, 0, 11]);
        assert_eq!(&packet[28..], b"odd");
        assert!(is_right(&[&packet[12..20], &[0, 17, 0, 11], &packet[20..]]));
    }

    #[test]
    fn a_datagram_over_ipv6_has_correct_lengths_addresses_and_checksums() {
        let packet = udp(address("[::1]:1"), address("[2001:db8::2]:2"), b"even");
        assert_eq!(packet.len(), 40 + 8 + 4);
        assert_eq!(packet[..8], [0x60, 0, 0, 0, 0, 12, 17, 64]);
        assert_eq!(packet[23], 1);
        assert_eq!(packet[24..28], [0x20, 0x01, 0x0d, 0xb8]);
        let pseudo = [&packet[8..40], &[0, 17, 0, 12], &packet[40..]];
        assert!(is_right(&pseudo));
    }

    #[test]
    fn an_ipv4_mapped_ipv6_address_is_written_as_ipv4() {
        let dressed = address("[::ffff:127.0.0.1]:1");
        let packet = udp(dressed, dressed, b"");
        assert_eq!(
            packet,
            udp(address("127.0.0.1:1"), address("127.0.0.1:1"), b"")
        );
    }

    #[test]
    fn a_udp_checksum_of_zero_is_written_as_all_ones() {
        let (from, to) = (address("0.0.0.0:0"), address("0.0.0.0:0"));
        // 17 (protocol) + 10 and 10 (lengths) + 0xffda = 0xffff, whose complement is 0.
        let packet = udp(from, to, &[0xff, 0xda]);
        assert_eq!(packet[26..28], [0xff, 0xff]);
    }

    #[test]
    fn the_flags_of_a_segment_match_its_content() {
        let (from, to) = (address("127.0.0.1:50000"), address("127.0.0.1:9"));
        let segment = Segment {
            sequence: 0x0102_0304,
            acknowledged: Some(0x0506_0708),
            opens: false,
            closes: false,
        };
        let flags = |segment, payload| tcp(from, to, segment, payload)[33];
        assert_eq!(flags(segment, b"x"), 0x18); // PSH, ACK
        assert_eq!(flags(segment, b""), 0x10);
        let closes = true;
        assert_eq!(flags(Segment { closes, ..segment }, b""), 0x11);
        let first = Segment {
            acknowledged: None,
            opens: true,
            ..segment
        };
        assert_eq!(flags(first, b""), 0x02);
        let packet = tcp(from, to, segment, b"hi");
        assert_eq!(packet[20..24], [0xc3, 0x50, 0, 9]);
        assert_eq!(packet[24..33], [1, 2, 3, 4, 5, 6, 7, 8, 0x50]);
        assert!(is_right(&[&packet[12..20], &[0, 6, 0, 22], &packet[20..]]));
    }
}
