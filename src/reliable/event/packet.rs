//! A packet in an event log: its name and its fields.
//!
//! ```
//! use sash::reliable::{connection_parameters::ConnectionParameters, moment::Moment};
//! use sash::reliable::event::PacketRecord;
//! let parameters = ConnectionParameters::EXAMPLE;
//! let packet = parameters.data(parameters.first, 1, Moment::START).packet;
//! let record = PacketRecord::from(&packet);
//! assert_eq!(record.number, 0); // A record has what its name has.
//! assert_eq!(record.packet(packet.token), packet);
//! ```

use crate::wire::digest::{Mac, Token};
use crate::wire::packet::{Body, Kind, Packet, PacketError};
use crate::wire::sequence::SequenceNumber;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt::Write as _;
use std::ops::Deref;

/// The name of a packet in an event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PacketName {
    /// The kind of packet.
    pub kind: Kind,
    /// Its number; each kind is counted from 0.
    pub number: u32,
    /// The transmission, from 1.
    pub attempt: u8,
    /// Its sequence field.
    pub sequence: SequenceNumber,
    /// File bytes in it.
    pub length: u16,
}

/// A packet in an event log: everything in it but the transfer's token, which the heading
/// has, and the bytes of the file. It has the fields of its [`PacketName`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PacketRecord {
    /// Its name.
    #[serde(flatten)]
    pub name: PacketName,
    /// The time of transmission. Unit: microseconds of the sender's clock, modulo 2^32.
    pub sent_at: u32,
    /// The fields of its kind.
    #[serde(flatten)]
    pub body: Body,
    /// Its MAC, if the transfer has keys and the kind has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
}

/// A datagram that is not a valid packet, as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Datagram(pub Vec<u8>);

impl From<&Packet> for PacketName {
    fn from(packet: &Packet) -> Self {
        let length = if let Body::Data { length } = packet.body {
            length
        } else {
            0
        };
        Self {
            kind: packet.body.kind(),
            number: packet.number,
            attempt: packet.attempt,
            sequence: packet.sequence,
            length,
        }
    }
}

impl PacketName {
    /// Whether it is DATA with bytes of the file: DATA without bytes is a window probe.
    #[must_use]
    pub fn is_of_the_file(&self) -> bool {
        self.kind == Kind::Data && self.length > 0
    }

    /// The name in a packet without a valid MAC; `None` if the packet has another fault.
    #[must_use]
    pub const fn of_forged(error: &PacketError) -> Option<Self> {
        let PacketError::Forged {
            kind,
            number,
            attempt,
            sequence,
        } = *error
        else {
            return None;
        };
        Some(Self {
            kind,
            number,
            attempt,
            sequence,
            length: 0,
        })
    }
}

impl From<&Packet> for PacketRecord {
    fn from(packet: &Packet) -> Self {
        Self {
            name: packet.into(),
            sent_at: packet.sent_at,
            body: packet.body.clone(),
            mac: None,
        }
    }
}

impl Deref for PacketRecord {
    type Target = PacketName;

    fn deref(&self) -> &PacketName {
        &self.name
    }
}

impl PacketRecord {
    /// The packet again, in the transfer with this token.
    #[must_use]
    pub fn packet(&self, token: Token) -> Packet {
        Packet {
            token,
            number: self.number,
            attempt: self.attempt,
            sequence: self.sequence,
            sent_at: self.sent_at,
            body: self.body.clone(),
        }
    }

    /// The SACK ranges of an ACK or NACK as segments of the file, whose first one has this
    /// sequence number: each range as its first and its last.
    #[must_use]
    pub fn ranges(&self, first_sequence: u32) -> Vec<[u32; 2]> {
        let first_sequence = SequenceNumber(first_sequence);
        let (Body::Ack(ack) | Body::Nack(ack)) = &self.body else {
            return Vec::new();
        };
        let range = |it: &crate::wire::packet::SequenceRange| {
            let first = it.start - first_sequence;
            [
                first,
                first.wrapping_add((it.end - it.start).wrapping_sub(1)),
            ]
        };
        ack.ranges.iter().map(range).collect()
    }
}

impl Datagram {
    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Datagram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = String::with_capacity(2 * self.0.len());
        for byte in &self.0 {
            write!(digits, "{byte:02x}").map_err(serde::ser::Error::custom)?;
        }
        serializer.serialize_str(&digits)
    }
}

impl<'de> Deserialize<'de> for Datagram {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(from)?;
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).map_err(de::Error::custom)?;
            u8::from_str_radix(pair, 16).map_err(de::Error::custom)
        };
        digits
            .as_bytes()
            .chunks(2)
            .map(byte)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
