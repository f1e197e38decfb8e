//! Why a datagram is not a packet of ours: what failed, and the values.
//!
//! It does not say whose fault it was: a damaged packet and a stranger's look alike. One
//! that is whole but for its MAC is named: somebody made it up who does not have the key.

use super::{Kind, VERSION};
use crate::wire::sequence::SequenceNumber;
use std::fmt;

/// A datagram that is not a packet of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketError {
    /// Shorter than its kind must be.
    TooShort {
        /// Unit: bytes.
        length: usize,
    },
    /// Longer than its kind may be.
    TooLong {
        /// Unit: bytes.
        length: usize,
    },
    /// A layout that we do not know.
    Version(u8),
    /// A kind that we do not know.
    Kind(u8),
    /// A field with a value that means nothing.
    Value(u8),
    /// Damaged on the way, or not ours.
    Corrupt {
        /// The CRC-32 of what arrived.
        computed: u32,
        /// The CRC-32 that it carried.
        received: u32,
    },
    /// Not of the other side's making: it has no MAC, or not the one that its key yields.
    /// All its fields, including the token, may be forged.
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
