//! One datagram: a header of 36 bytes, then the body of its kind.
//!
//! Integers are big-endian. The CRC-32 covers every byte but its own four, so a corrupt
//! datagram is discarded before anything in it is used.
//!
//! ```text
//!  0               1               2               3
//! +---------------+---------------+---------------+---------------+
//! | version (1)   | kind          | attempt       | 0             |   0
//! +---------------+---------------+---------------+---------------+
//! | token, 128 bits                                               |   4
//! |                                                               |
//! |                                                               |
//! |                                                               |
//! +---------------------------------------------------------------+
//! | number                                                        |  20
//! | sequence                                                      |  24
//! | sent at, microseconds of the sender's clock                   |  28
//! | CRC-32 of bytes 0..32 and 36..                                |  32
//! +---------------------------------------------------------------+
//! | body                                                          |  36
//! ```
//!
//! | kind | `sequence` | body |
//! | --- | --- | --- |
//! | 1 SYN, 2 SYN-ACK | the file's first sequence number (0 while unknown) | size `u64`, window `u32`, echo `u32`, segment bytes `u16`, zeros up to the segment size |
//! | 3 ACK, 4 NACK | the next expected number | echo `u32`, window `u32`, received `u32`, then per range beyond: start `u32`, end `u32` |
//! | 5 DATA | its own | file bytes, at least 1 |
//! | 6 FIN | one after the last | SHA-256 of the file, 32 bytes |
//! | 7 FIN-ACK | as FIN | 1 verified or 2 damaged, `u8` |
//! | 8 RST | the first sequence number | the reason, `u8` |
//! | 9 PATH-CHALLENGE, 10 PATH-RESPONSE | 0 | nonce, 8 bytes: see [`PathPacket`] |
//!
//! If the transfer has [keys](super::mac), all but DATA, ACK and NACK end with a MAC of
//! 16 bytes; in SYN and SYN-ACK it replaces the last zeros, so that they stay as long as
//! a full DATA packet.
//!
//! `number` names a packet for the link and for users: DATA counts segments of the file
//! from 0; every other kind counts its own. A retransmission has the same number and the
//! next `attempt`, from 1. This file knows the bytes of packets; layer 1 knows their
//! meaning.
//!
//! ```
//! use sash::wire::{digest::Token, packet::{Body, Packet}, sequence::SequenceNumber};
//! let data = Packet {
//!     token: Token([7; 16]),
//!     number: 0,
//!     attempt: 1,
//!     sequence: SequenceNumber(1_000),
//!     sent_at: 0,
//!     body: Body::Data { length: 2 },
//! };
//! let mut datagram = Vec::new();
//! data.encode(&mut datagram, b"hi");
//! assert_eq!(Packet::decode(&datagram), Ok((data, &b"hi"[..])));
//! ```
//!
//! Source: RFC 8085 §3.2 (datagram size); Kurose & Ross §6.2.3 (CRC); RFC 7323 §3 (echoed
//! time stamps); RFC 2018 (ranges beyond the cumulative number).

mod error;
mod fields;
mod kind;
mod path;

pub use error::PacketError;
pub use fields::HEADER_FIELDS;
pub use kind::{Kind, Reset, UNCOUNTED};
pub use path::{Nonce, PathPacket};

use super::digest::{Digest, Mac, Token};
use super::mac::{MAC_BYTES, TrafficKey};
use super::sequence::SequenceNumber;
use serde::{Deserialize, Serialize};

/// One datagram, without its file bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The token, which proves that the sender knows this transfer from the chat
    /// connection.
    pub token: Token,
    /// DATA: the segment's index in the file; other kinds: a counter of their own.
    pub number: u32,
    /// 1 for the first transmission, one more for each retransmission; after 255 comes 1.
    pub attempt: u8,
    /// Its meaning depends on the kind; see the table above.
    pub sequence: SequenceNumber,
    /// The time of transmission. Unit: microseconds of the sender's clock, modulo 2^32.
    pub sent_at: u32,
    /// Kind and contents.
    pub body: Body,
}

/// Kind and contents of a packet. As text they are the fields of an event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// The request to begin this transfer.
    Syn(HandshakeFields),
    /// The answer to SYN, with the connection parameters.
    SynAck(HandshakeFields),
    /// An acknowledgment.
    Ack(Acknowledgement),
    /// The same, and a segment is newly missing or corrupt.
    Nack(Acknowledgement),
    /// A segment of the file; its bytes are beside the packet.
    Data {
        /// Unit: bytes, at least 1.
        #[serde(skip_serializing)] // It is in the packet's name.
        length: u16,
    },
    /// The end: everything was sent.
    Fin {
        /// The SHA-256 of the whole file.
        #[serde(rename = "sha256")]
        digest: Digest,
    },
    /// The answer to FIN, with the result of the verification (ACK-ALL of project 000).
    FinAck {
        /// Whether the receiver's digest equals the sender's.
        verified: bool,
    },
    /// The transfer ends here, unfinished.
    Rst {
        /// The reason.
        #[serde(rename = "reset")]
        why: Reset,
    },
}

/// The parameters that both sides need before the first DATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HandshakeFields {
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// The window of this side. Unit: packets.
    pub window: u32,
    /// SYN: the round-trip time of the chat in microseconds, or 0. SYN-ACK: the SYN's
    /// `sent_at`, to measure the first round trip.
    pub echo: u32,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
}

/// The segments that have arrived. The next expected number is the packet's `sequence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledgement {
    /// `sent_at` of the newest DATA plus the delay at this receiver.
    pub echo: u32,
    /// The receive window: packets from `sequence` on.
    pub window: u32,
    /// DATA packets that have arrived so far, duplicates included.
    pub received: u32,
    /// Ranges that arrived beyond `sequence`, that of the newest arrival first, at most
    /// [`MOST_RANGES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<SequenceRange>,
}

/// A range of sequence numbers from `start` to `end`, without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[SequenceNumber; 2]", into = "[SequenceNumber; 2]")]
pub struct SequenceRange {
    /// The first number.
    pub start: SequenceNumber,
    /// One after the last number.
    pub end: SequenceNumber,
}

/// The version of this layout.
pub const VERSION: u8 = 1;

/// Unit: bytes.
pub const HEADER_BYTES: usize = 36;

/// The place of the CRC-32 in the header. Unit: bytes.
const CHECKSUM_OFFSET: usize = 32;

/// Ranges in one ACK: enough for 32 gaps in 268 bytes of body, which every path
/// carries.
pub const MOST_RANGES: usize = 32;

/// The largest datagram of Sash. Unit: bytes.
pub const LARGEST_DATAGRAM_BYTES: usize =
    HEADER_BYTES + super::options::LARGEST_SEGMENT_BYTES as usize;

impl Packet {
    /// Writes the datagram into `datagram`, which is cleared; `payload` is empty except
    /// for DATA.
    ///
    /// Shape: [`HEADER_BYTES`], then the body; SYN and SYN-ACK are padded to the size of
    /// a full DATA packet, so that a path that cannot carry it is found at once.
    pub fn encode(&self, datagram: &mut Vec<u8>, payload: &[u8]) {
        self.encode_keyed(datagram, None, payload);
    }

    /// The same with a MAC by this key, if the kind has one.
    pub fn encode_keyed(
        &self,
        datagram: &mut Vec<u8>,
        key: Option<&TrafficKey>,
        payload: &[u8],
    ) {
        datagram.clear();
        let filled = self.append(datagram, key, |place| {
            place.copy_from_slice(payload);
            Ok::<(), std::convert::Infallible>(())
        });
        match filled {
            Ok(()) => {}
        }
    }

    /// The same with a known MAC, as in an event log.
    pub fn encode_signed(
        &self,
        datagram: &mut Vec<u8>,
        mac: Option<Mac>,
        payload: &[u8],
    ) {
        self.encode(datagram, payload);
        let Some(Mac(tag)) = mac else {
            return;
        };
        if matches!(self.body, Body::Syn(_) | Body::SynAck(_)) {
            // The MAC replaces the last zeros.
            datagram.truncate(self.keyed_bytes(true) - MAC_BYTES);
        }
        datagram.extend(tag);
        set_checksum(datagram);
    }

    /// The MAC by this key; `None` for a kind that has none.
    #[must_use]
    pub fn mac(&self, key: &TrafficKey) -> Option<Mac> {
        let mut datagram = Vec::new();
        self.encode_keyed(&mut datagram, Some(key), &[]);
        let tag = datagram.last_chunk().filter(|_| self.body.kind().has_mac());
        tag.copied().map(Mac)
    }

    /// Appends the datagram to others; `fill` copies the file bytes of DATA directly into
    /// it. `key`: for the MAC, if the transfer has keys and the kind has a MAC.
    ///
    /// # Errors
    /// Those of `fill`; the appended bytes are then invalid.
    pub fn append<E>(
        &self,
        datagrams: &mut Vec<u8>,
        key: Option<&TrafficKey>,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = key.filter(|_| self.body.kind().has_mac());
        let mac_bytes = key.map_or(0, |_| MAC_BYTES);
        let start = datagrams.len();
        datagrams.extend([VERSION, self.body.kind().code(), self.attempt, 0]);
        datagrams.extend(self.token.0);
        datagrams.extend(self.number.to_be_bytes());
        datagrams.extend(self.sequence.0.to_be_bytes());
        datagrams.extend(self.sent_at.to_be_bytes());
        datagrams.extend([0; 4]);
        match &self.body {
            Body::Syn(opening) | Body::SynAck(opening) => {
                opening.encode(datagrams, mac_bytes);
            }
            Body::Ack(ack) | Body::Nack(ack) => ack.encode(datagrams),
            Body::Data { length } => {
                let payload = datagrams.len();
                datagrams.resize(payload + usize::from(*length), 0);
                fill(datagrams.split_at_mut(payload).1)?;
            }
            Body::Fin { digest } => datagrams.extend(digest.0),
            Body::FinAck { verified } => datagrams.push(if *verified { 1 } else { 2 }),
            Body::Rst { why } => datagrams.push(why.code()),
        }
        if let Some(key) = key {
            let tag = key.tag(&covered(datagrams.split_at(start).1));
            datagrams.extend(tag);
        }
        set_checksum(datagrams.split_at_mut(start).1);
        Ok(())
    }

    /// Reads one packet of a transfer without keys, and its file bytes (empty except for
    /// DATA).
    ///
    /// # Errors
    /// As [`Packet::decode_keyed`].
    pub fn decode(datagram: &[u8]) -> Result<(Self, &[u8]), PacketError> {
        Self::decode_keyed(datagram, None)
    }

    /// Reads one packet and its file bytes (empty except for DATA). If there is a key, a
    /// kind with a MAC must have a valid one.
    ///
    /// # Errors
    /// [`PacketError`]; only version and length are read before [`PacketError::Corrupt`],
    /// and no body before [`PacketError::Forged`].
    pub fn decode_keyed<'a>(
        datagram: &'a [u8],
        key: Option<&TrafficKey>,
    ) -> Result<(Self, &'a [u8]), PacketError> {
        let too_short = PacketError::TooShort {
            length: datagram.len(),
        };
        let (header, body) = datagram.split_at_checked(HEADER_BYTES).ok_or(too_short)?;
        let mut fields = Fields {
            rest: header,
            length: datagram.len(),
        };
        let [version, kind, attempt, _] = fields.take()?;
        if version != VERSION {
            return Err(PacketError::Version(version));
        }
        let token = Token(fields.take()?);
        let number = fields.take_u32()?;
        let sequence = SequenceNumber(fields.take_u32()?);
        let sent_at = fields.take_u32()?;
        let received = fields.take_u32()?;
        let computed = checksum(datagram);
        if computed != received {
            return Err(PacketError::Corrupt { computed, received });
        }
        let kind = Kind::from_code(kind).ok_or(PacketError::Kind(kind))?;
        let (body, mac_bytes) = match key.filter(|_| kind.has_mac()) {
            None => (body, 0),
            Some(key) => (
                without_mac(datagram, key).ok_or(PacketError::Forged {
                    kind,
                    number,
                    attempt,
                    sequence,
                })?,
                MAC_BYTES,
            ),
        };
        let (body, payload) = Body::decode(kind, body, mac_bytes, datagram.len())?;
        Ok((
            Self {
                token,
                number,
                attempt,
                sequence,
                sent_at,
                body,
            },
            payload,
        ))
    }

    /// The length of the datagram in a transfer without keys. Unit: bytes.
    #[must_use]
    pub fn datagram_bytes(&self) -> usize {
        self.keyed_bytes(false)
    }

    /// Its length, with or without keys. Unit: bytes.
    #[must_use]
    pub fn keyed_bytes(&self, has_keys: bool) -> usize {
        let has_mac = has_keys && self.body.kind().has_mac();
        let mac_bytes = if has_mac { MAC_BYTES } else { 0 };
        HEADER_BYTES
            + mac_bytes
            + match &self.body {
                Body::Syn(opening) | Body::SynAck(opening) => {
                    opening.padded_bytes(mac_bytes)
                }
                Body::Ack(ack) | Body::Nack(ack) => {
                    ACKNOWLEDGEMENT_BYTES + ack.ranges.len().min(MOST_RANGES) * 8
                }
                Body::Data { length } => usize::from(*length),
                Body::Fin { .. } => 32,
                Body::FinAck { .. } | Body::Rst { .. } => 1,
            }
    }

    /// The time stamp in a datagram, even in an invalid one.
    #[must_use]
    pub fn stamp(datagram: &[u8]) -> Option<u32> {
        let bytes = datagram.get(28..CHECKSUM_OFFSET)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    /// Whether an invalid datagram has the token of this transfer: only then is it
    /// reported.
    #[must_use]
    pub fn has_token(datagram: &[u8], token: Token) -> bool {
        datagram.get(4..20) == Some(&token.0)
    }
}

/// CRC-32 of the datagram without the four bytes of the checksum itself.
fn checksum(datagram: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(datagram.get(..CHECKSUM_OFFSET).unwrap_or_default());
    hasher.update(datagram.get(HEADER_BYTES..).unwrap_or_default());
    hasher.finalize()
}

fn set_checksum(datagram: &mut [u8]) {
    let checksum = checksum(datagram).to_be_bytes();
    if let Some(place) = datagram.get_mut(CHECKSUM_OFFSET..HEADER_BYTES) {
        place.copy_from_slice(&checksum);
    }
}

/// The input of a MAC: all of the datagram but the CRC-32, which covers the MAC.
fn covered(datagram: &[u8]) -> [&[u8]; 2] {
    [
        datagram.get(..CHECKSUM_OFFSET).unwrap_or_default(),
        datagram.get(HEADER_BYTES..).unwrap_or_default(),
    ]
}

/// The body before a valid MAC.
fn without_mac<'a>(datagram: &'a [u8], key: &TrafficKey) -> Option<&'a [u8]> {
    let (rest, tag) = datagram.split_last_chunk::<MAC_BYTES>()?;
    let body = rest.get(HEADER_BYTES..)?;
    key.is_right(&covered(rest), tag).then_some(body)
}

/// The fixed part of [`HandshakeFields`]. Unit: bytes.
const OPENING_BYTES: usize = 18;

/// The fixed part of an [`Acknowledgement`]. Unit: bytes.
const ACKNOWLEDGEMENT_BYTES: usize = 12;

impl HandshakeFields {
    /// Padded with zeros, and a MAC of this many bytes after it, to the length of a
    /// segment. Unit: bytes.
    fn padded_bytes(self, mac_bytes: usize) -> usize {
        let segment_bytes = usize::from(self.segment_bytes);
        segment_bytes.saturating_sub(mac_bytes).max(OPENING_BYTES)
    }

    fn encode(self, datagrams: &mut Vec<u8>, mac_bytes: usize) {
        let end = datagrams.len() + self.padded_bytes(mac_bytes);
        datagrams.extend(self.size.to_be_bytes());
        datagrams.extend(self.window.to_be_bytes());
        datagrams.extend(self.echo.to_be_bytes());
        datagrams.extend(self.segment_bytes.to_be_bytes());
        datagrams.resize(end, 0);
    }

    fn decode(fields: &mut Fields<'_>, mac_bytes: usize) -> Result<Self, PacketError> {
        let size = u64::from_be_bytes(fields.take()?);
        let window = fields.take_u32()?;
        let echo = fields.take_u32()?;
        let segment_bytes = u16::from_be_bytes(fields.take()?);
        let opening = Self {
            size,
            window,
            echo,
            segment_bytes,
        };
        let padding = opening.padded_bytes(mac_bytes) - OPENING_BYTES;
        // The content of the padding has no meaning; its arrival shows that the path
        // carries packets of this length.
        fields.rest = fields.rest.get(padding..).ok_or(PacketError::TooShort {
            length: fields.length,
        })?;
        Ok(opening)
    }
}

impl From<[SequenceNumber; 2]> for SequenceRange {
    fn from([start, end]: [SequenceNumber; 2]) -> Self {
        Self { start, end }
    }
}

impl From<SequenceRange> for [SequenceNumber; 2] {
    fn from(range: SequenceRange) -> Self {
        [range.start, range.end]
    }
}

impl Acknowledgement {
    fn encode(&self, datagram: &mut Vec<u8>) {
        datagram.extend(self.echo.to_be_bytes());
        datagram.extend(self.window.to_be_bytes());
        datagram.extend(self.received.to_be_bytes());
        for range in self.ranges.iter().take(MOST_RANGES) {
            datagram.extend(range.start.0.to_be_bytes());
            datagram.extend(range.end.0.to_be_bytes());
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, PacketError> {
        let echo = fields.take_u32()?;
        let window = fields.take_u32()?;
        let received = fields.take_u32()?;
        let mut ranges = Vec::new();
        while !fields.rest.is_empty() && ranges.len() < MOST_RANGES {
            let start = SequenceNumber(fields.take_u32()?);
            let end = SequenceNumber(fields.take_u32()?);
            ranges.push(SequenceRange { start, end });
        }
        Ok(Self {
            echo,
            window,
            received,
            ranges,
        })
    }
}

impl Body {
    fn decode(
        kind: Kind,
        body: &[u8],
        mac_bytes: usize,
        datagram_bytes: usize,
    ) -> Result<(Self, &[u8]), PacketError> {
        let mut fields = Fields {
            rest: body,
            length: datagram_bytes,
        };
        let body = match kind {
            Kind::Syn => Self::Syn(HandshakeFields::decode(&mut fields, mac_bytes)?),
            Kind::SynAck => {
                Self::SynAck(HandshakeFields::decode(&mut fields, mac_bytes)?)
            }
            Kind::Ack => Self::Ack(Acknowledgement::decode(&mut fields)?),
            Kind::Nack => Self::Nack(Acknowledgement::decode(&mut fields)?),
            Kind::Data => {
                let length =
                    u16::try_from(body.len()).map_err(|_| PacketError::TooLong {
                        length: datagram_bytes,
                    })?;
                return Ok((Self::Data { length }, body));
            }
            Kind::Fin => Self::Fin {
                digest: Digest(fields.take()?),
            },
            Kind::FinAck => match fields.take()? {
                [1] => Self::FinAck { verified: true },
                [2] => Self::FinAck { verified: false },
                [other] => return Err(PacketError::Value(other)),
            },
            Kind::Rst => {
                let [code] = fields.take()?;
                let why = Reset::from_code(code).ok_or(PacketError::Value(code))?;
                Self::Rst { why }
            }
        };
        if fields.rest.is_empty() {
            Ok((body, &[]))
        } else {
            Err(PacketError::TooLong {
                length: datagram_bytes,
            })
        }
    }

    /// Its kind, without its content.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Syn(_) => Kind::Syn,
            Self::SynAck(_) => Kind::SynAck,
            Self::Ack(_) => Kind::Ack,
            Self::Nack(_) => Kind::Nack,
            Self::Data { .. } => Kind::Data,
            Self::Fin { .. } => Kind::Fin,
            Self::FinAck { .. } => Kind::FinAck,
            Self::Rst { .. } => Kind::Rst,
        }
    }
}

/// The bytes of a datagram that are not read yet.
struct Fields<'a> {
    rest: &'a [u8],
    /// The length of the whole datagram, for the error.
    length: usize,
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], PacketError> {
        let (field, rest) =
            self.rest
                .split_first_chunk::<N>()
                .ok_or(PacketError::TooShort {
                    length: self.length,
                })?;
        self.rest = rest;
        Ok(*field)
    }

    fn take_u32(&mut self) -> Result<u32, PacketError> {
        self.take().map(u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests;
