//! The kinds of packets, and the reasons why a transfer is aborted: names for bytes on
//! the wire.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of a packet, without its content: for journals, logs and the link.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Kind {
    /// Begins the handshake.
    Syn,
    /// Answers a SYN.
    SynAck,
    /// Acknowledges segments.
    Ack,
    /// Reports that a segment is newly missing or corrupt.
    Nack,
    /// A piece of the file.
    Data,
    /// All was sent.
    Fin,
    /// All has arrived.
    FinAck,
    /// The transfer ends unfinished.
    Rst,
}

/// The number of an uncounted packet: a window probe, or an ACK of FIN. No other packet
/// has this name, and so none shares its fate on a link.
pub const UNCOUNTED: u32 = u32::MAX;

/// The reason why a transfer ends unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// A user cancelled it.
    Cancelled,
    /// The file has changed or cannot be read any more.
    FileUnreadable,
    /// The receiver cannot write: the disk is full, or the folder was deleted.
    DiskFailed,
    /// The other side's parameters are not those of the offer.
    #[serde(rename = "bad-terms")]
    BadParameters,
}

impl Kind {
    /// All kinds, in the order of their codes from 1.
    pub const ALL: [Self; 8] = [
        Self::Syn,
        Self::SynAck,
        Self::Ack,
        Self::Nack,
        Self::Data,
        Self::Fin,
        Self::FinAck,
        Self::Rst,
    ];

    /// The byte on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Syn => 1,
            Self::SynAck => 2,
            Self::Ack => 3,
            Self::Nack => 4,
            Self::Data => 5,
            Self::Fin => 6,
            Self::FinAck => 7,
            Self::Rst => 8,
        }
    }

    /// Whether such a packet has a MAC in a transfer with keys: it starts or ends the
    /// transfer, or answers a packet that does.
    #[must_use]
    pub const fn has_mac(self) -> bool {
        match self {
            Self::Syn | Self::SynAck | Self::Fin | Self::FinAck | Self::Rst => true,
            Self::Ack | Self::Nack | Self::Data => false,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syn => "SYN",
            Self::SynAck => "SYN-ACK",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Data => "DATA",
            Self::Fin => "FIN",
            Self::FinAck => "FIN-ACK",
            Self::Rst => "RST",
        })
    }
}

impl Reset {
    const ALL: [Self; 4] = [
        Self::Cancelled,
        Self::FileUnreadable,
        Self::DiskFailed,
        Self::BadParameters,
    ];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Cancelled => 1,
            Self::FileUnreadable => 2,
            Self::DiskFailed => 3,
            Self::BadParameters => 4,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.code() == code)
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "it was cancelled",
            Self::FileUnreadable => "the file changed or can no longer be read",
            Self::DiskFailed => "the receiver cannot write the file",
            Self::BadParameters => {
                "the two sides do not agree on the connection parameters"
            }
        })
    }
}
