//! The reasons why a datagram is not a packet of Sash.
//!
//! A corrupt packet and a stranger's datagram cannot be distinguished. A packet with a
//! correct CRC-32 and a wrong MAC is reported with its name: it was forged without the
//! key.

use super::{Kind, VERSION};
use crate::wire::sequence::SequenceNumber;
use std::fmt;

/// A datagram that is not a packet of Sash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketError {
    /// It is shorter than its kind must be.
    TooShort {
        /// Unit: bytes.
        length: usize,
    },
    /// It is longer than its kind may be.
    TooLong {
        /// Unit: bytes.
        length: usize,
    },
    /// Its version is unknown.
    Version(u8),
    /// Its kind is unknown.
    Kind(u8),
    /// A field has an invalid value.
    Value(u8),
    /// It is corrupt, or not a packet of Sash.
    Corrupt {
        /// The CRC-32 of the received bytes.
        computed: u32,
        /// The CRC-32 in the datagram.
        received: u32,
    },
    /// It is forged: it has no MAC, or a wrong one. All its fields, including the token,
    /// may be forged.
    Forged {
        /// The kind that it claims.
        kind: Kind,
        /// Its number.
        number: u32,
        /// Its attempt.
        attempt: u8,
        /// Its sequence field.
        sequence: SequenceNumber,
    },
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packet refused: ")?;
        match self {
            Self::TooShort { length } => write!(f, "{length} bytes are too short"),
            Self::TooLong { length } => write!(f, "{length} bytes are too long"),
            Self::Version(version) => write!(f, "version {version}, not {VERSION}"),
            Self::Kind(kind) => write!(f, "unknown kind {kind}"),
            Self::Value(value) => write!(f, "a field has the invalid value {value}"),
            Self::Corrupt { computed, received } => {
                write!(f, "checksum 0x{received:08x}, computed 0x{computed:08x}")
            }
            Self::Forged {
                kind,
                number,
                attempt,
                ..
            } => write!(f, "{kind} {number}.{attempt} without a valid MAC"),
        }
    }
}

impl std::error::Error for PacketError {}
