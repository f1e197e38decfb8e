//! PATH-CHALLENGE and PATH-RESPONSE, which validate a new address.
//!
//! Both have the header of every packet and a nonce of 8 bytes as their body. They do not
//! belong to the transfer's protocol, which knows no addresses, so they are separate from
//! [`Packet`](super::Packet).
//!
//! ```
//! use sash::wire::{digest::Token, packet::PathPacket};
//! let challenge = PathPacket::challenge(Token([7; 16]), [3; 8], 1, 0);
//! let datagram = challenge.encode(None);
//! assert_eq!(PathPacket::decode(&datagram, Token([7; 16]), None), Some(challenge));
//! ```
//!
//! Source: RFC 9000 §8.2, §19.17, §19.18.

use super::{
    CHECKSUM_OFFSET, HEADER_BYTES, Packet, VERSION, checksum, covered, without_mac,
};
use crate::wire::digest::Token;
use crate::wire::mac::{MAC_BYTES, TrafficKey};

/// The value of a challenge, which its response repeats.
pub type Nonce = [u8; NONCE_BYTES];

/// A challenge or a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathPacket {
    /// In every packet of the transfer.
    pub token: Token,
    /// Whether it is a response.
    pub is_response: bool,
    /// 1 for the first transmission of a challenge, one more for each retransmission.
    pub attempt: u8,
    /// The time of transmission. Unit: microseconds of the sender's clock, modulo 2^32.
    pub sent_at: u32,
    /// Drawn at random for each challenged address.
    pub nonce: Nonce,
}

/// Unit: bytes.
const NONCE_BYTES: usize = 8;

/// The bytes on the wire for the two kinds.
const CHALLENGE: u8 = 9;
const RESPONSE: u8 = 10;

impl PathPacket {
    /// A challenge.
    #[must_use]
    pub const fn challenge(
        token: Token,
        nonce: Nonce,
        attempt: u8,
        sent_at: u32,
    ) -> Self {
        Self {
            token,
            is_response: false,
            attempt,
            sent_at,
            nonce,
        }
    }

    /// The response to this challenge.
    #[must_use]
    pub const fn response(self, sent_at: u32) -> Self {
        Self {
            is_response: true,
            sent_at,
            ..self
        }
    }

    /// Its length, with or without keys. Unit: bytes.
    #[must_use]
    pub const fn bytes(has_keys: bool) -> usize {
        HEADER_BYTES + NONCE_BYTES + if has_keys { MAC_BYTES } else { 0 }
    }

    /// The datagram, with a MAC if there is a key.
    #[must_use]
    pub fn encode(&self, key: Option<&TrafficKey>) -> Vec<u8> {
        let kind = if self.is_response {
            RESPONSE
        } else {
            CHALLENGE
        };
        let mut datagram = vec![VERSION, kind, self.attempt, 0];
        datagram.extend(self.token.0);
        datagram.extend([0; 8]); // Number and sequence have no meaning here.
        datagram.extend(self.sent_at.to_be_bytes());
        datagram.extend([0; 4]);
        datagram.extend(self.nonce);
        if let Some(key) = key {
            let tag = key.tag(&covered(&datagram));
            datagram.extend(tag);
        }
        let checksum = checksum(&datagram).to_be_bytes();
        if let Some(place) = datagram.get_mut(CHECKSUM_OFFSET..HEADER_BYTES) {
            place.copy_from_slice(&checksum);
        }
        datagram
    }

    /// Whether a datagram is one of the two kinds, valid or not.
    #[must_use]
    pub fn is_one(datagram: &[u8]) -> bool {
        matches!(datagram, [VERSION, CHALLENGE | RESPONSE, ..])
            && datagram.len() <= Self::bytes(true)
    }

    /// Reads one of this transfer; `None` if it is of another one, corrupt, or without a
    /// valid MAC.
    #[must_use]
    pub fn decode(
        datagram: &[u8],
        token: Token,
        key: Option<&TrafficKey>,
    ) -> Option<Self> {
        let is_response = match datagram {
            [VERSION, CHALLENGE, ..] => false,
            [VERSION, RESPONSE, ..] => true,
            _ => return None,
        };
        let (header, body) = datagram.split_first_chunk::<HEADER_BYTES>()?;
        let (_, sent) = header.split_at(CHECKSUM_OFFSET);
        if sent != checksum(datagram).to_be_bytes() || header.get(4..20)? != token.0 {
            return None;
        }
        let body = match key {
            None => body,
            Some(key) => without_mac(datagram, key)?,
        };
        Some(Self {
            token,
            is_response,
            attempt: *header.get(2)?,
            sent_at: Packet::stamp(datagram)?,
            nonce: body.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Token = Token([7; 16]);
    const KEY: TrafficKey = TrafficKey([9; 32]);

    #[test]
    fn a_response_repeats_the_nonce_and_both_packets_are_decoded_without_change() {
        let challenge = PathPacket::challenge(TOKEN, [3; 8], 2, 77);
        for packet in [challenge, challenge.response(78)] {
            for key in [None, Some(&KEY)] {
                let datagram = packet.encode(key);
                assert_eq!(datagram.len(), PathPacket::bytes(key.is_some()));
                assert!(PathPacket::is_one(&datagram));
                assert_eq!(PathPacket::decode(&datagram, TOKEN, key), Some(packet));
                assert!(Packet::decode_keyed(&datagram, key).is_err());
            }
        }
    }

    #[test]
    fn a_path_packet_without_a_valid_mac_token_or_checksum_is_rejected() {
        let challenge = PathPacket::challenge(TOKEN, [3; 8], 1, 0);
        let plain = challenge.encode(None);
        let forged = challenge.encode(Some(&TrafficKey([8; 32])));
        for datagram in [&plain, &forged] {
            assert_eq!(PathPacket::decode(datagram, TOKEN, Some(&KEY)), None);
        }
        assert_eq!(PathPacket::decode(&forged, TOKEN, None), None);
        assert_eq!(PathPacket::decode(&plain, Token([6; 16]), None), None);
        for at in 0..plain.len() {
            let mut damaged = plain.clone();
            damaged[at] ^= 1;
            assert_eq!(PathPacket::decode(&damaged, TOKEN, None), None, "{at}");
            assert_eq!(PathPacket::decode(&plain[..at], TOKEN, None), None, "{at}");
        }
    }
}
