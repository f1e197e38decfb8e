//! The MAC on the packets that start and end a transfer, if both sides share a key.
//!
//! Anybody can compute a CRC-32; only a holder of the key can compute this tag. It is in
//! each SYN, SYN-ACK, FIN, FIN-ACK and RST of a transfer with keys, and in no packet of
//! one without. Each transfer has its own keys, one for each direction, so packets of
//! another transfer or direction are rejected.
//!
//! ```text
//!   0                       32       36
//!   | header without CRC-32 | CRC-32 | body          | MAC, 16 |
//!   '-----------------------'        '---------------'
//!        HMAC-SHA256 over these two, its first 16 bytes
//! ```
//!
//! The CRC-32 covers the MAC and is checked first, so corruption is still recognized.
//! DATA, ACK and NACK have no MAC. The keys come from
//! [`room::login`](crate::room::login).
//!
//! ```
//! use sash::wire::mac::{TrafficKey, TrafficKeys};
//! let client = TrafficKeys { send: TrafficKey([1; 32]), receive: TrafficKey([2; 32]) };
//! let server = client.of_the_other_side();
//! let tag = client.send.tag(&[b"header", b"body"]);
//! assert!(server.receive.is_right(&[b"header", b"body"], &tag));
//! assert!(!server.send.is_right(&[b"header", b"body"], &tag)); // Said back to its sender.
//! ```
//!
//! Source: RFC 2104 §5 (HMAC, cut to its first half); RFC 5925 §3.1, §5.2 (TCP-AO: a
//! traffic key for each connection and direction).

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// The key of one direction of one transfer. Its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrafficKey(pub [u8; 32]);

/// Both keys of a transfer, as one of its sides uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficKeys {
    /// For packets that this side sends.
    pub send: TrafficKey,
    /// For packets of the other side.
    pub receive: TrafficKey,
}

/// Half of an HMAC-SHA256 (RFC 2104 §5 allows no less). Unit: bytes.
pub const MAC_BYTES: usize = 16;

impl TrafficKey {
    /// The tag of these bytes, one part after the other.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
        let whole: [u8; 2 * MAC_BYTES] = self.mac(parts).finalize().into_bytes().into();
        let mut tag = [0; MAC_BYTES];
        tag.iter_mut().zip(whole).for_each(|(to, byte)| *to = byte);
        tag
    }

    /// Whether this is their tag, in constant time.
    #[must_use]
    pub fn is_right(&self, parts: &[&[u8]], tag: &[u8; MAC_BYTES]) -> bool {
        self.mac(parts).verify_truncated_left(tag).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

impl TrafficKeys {
    /// The same keys, as the other side uses them.
    #[must_use]
    pub const fn of_the_other_side(self) -> Self {
        Self {
            send: self.receive,
            receive: self.send,
        }
    }
}

impl fmt::Debug for TrafficKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrafficKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_first_half_of_hmac_sha256() {
        // RFC 4231 §4.3, test case 2, whose key HMAC pads with zeros to 64 bytes.
        let mut key = TrafficKey([0; 32]);
        key.0[..4].copy_from_slice(b"Jefe");
        let tag = key.tag(&[b"what do ya want ", b"for nothing?"]);
        let first_half = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08,
            0x95, 0x75, 0xc7,
        ];
        assert_eq!(tag, first_half);
    }

    #[test]
    fn each_bit_of_key_text_and_tag_matters() {
        let text = b"ten bytes.";
        let key = TrafficKey([7; 32]);
        let tag = key.tag(&[text]);
        assert!(key.is_right(&[text], &tag));
        for bit in 0..8 * text.len() {
            let mut other = *text;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.is_right(&[&other], &tag), "bit {bit} of the text");
        }
        for bit in 0..8 * MAC_BYTES {
            let mut other = tag;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.is_right(&[text], &other), "bit {bit} of the tag");
        }
        for bit in 0..8 * 32 {
            let mut other = key;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!other.is_right(&[text], &tag), "bit {bit} of the key");
        }
    }

    #[test]
    fn a_key_never_appears_in_a_log() {
        let key = TrafficKey([7; 32]);
        let keys = TrafficKeys {
            send: key,
            receive: key,
        };
        let shown = format!("{keys:?}");
        assert!(!shown.contains('7'), "{shown}");
    }
}
