//! The events of a state machine: one stream that logs, journals, pictures and tests read.
//!
//! A state machine never logs and never prints. It records events only while somebody
//! listens, and keeps them until its driver takes them.
//!
//! ```
//! use sash::reliable::event::{Event, EventLog};
//! let mut unheard = EventLog::new(false);
//! unheard.record(|| Event::PacketDamaged);
//! assert!(unheard.take().is_empty());
//! let mut heard = EventLog::new(true);
//! heard.record(|| Event::PacketDamaged);
//! assert_eq!(heard.take(), [Event::PacketDamaged]);
//! ```
//!
//! Source: the names follow qlog (draft-ietf-quic-qlog-quic-events) where it has one;
//! report page `journal`.

use crate::wire::packet::{Body, Kind, Packet, PacketError};
use crate::wire::sequence::SequenceNumber;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A packet left the state machine.
    PacketSent(PacketName),
    /// A packet with this transfer's token reached the state machine.
    PacketReceived(PacketName),
    /// A packet arrived and was ignored. If its token is right and the reason is not
    /// [`Ignored::Forged`], [`Event::PacketReceived`] came before.
    PacketIgnored {
        /// Which.
        #[serde(flatten)]
        packet: PacketName,
        /// Why.
        why: Ignored,
    },
    /// A datagram of this transfer arrived damaged.
    PacketDamaged,
    /// The sender declares a DATA packet lost.
    PacketLost {
        /// The segment's index in the file.
        number: u32,
        /// Which transmission of it, from 1.
        attempt: u8,
        /// The trigger.
        trigger: Trigger,
    },
    /// A timer expired.
    TimerExpired {
        /// Which.
        timer: Timer,
    },
    /// The round-trip estimate changed.
    MetricsUpdated {
        /// The newest sample.
        latest_us: u64,
        /// Smoothed round trip (RFC 6298 SRTT).
        srtt_us: u64,
        /// Its variation (RFC 6298 RTTVAR).
        rttvar_us: u64,
        /// The retransmission timeout (RFC 6298 RTO).
        rto_us: u64,
    },
    /// The controller's window or phase changed.
    CongestionUpdated {
        /// Most packets in flight.
        cwnd: u32,
        /// The slow-start threshold; left out if the controller has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        ssthresh: Option<u32>,
        /// Packets in flight.
        in_flight: u32,
        /// Packets per second; left out without pacing.
        #[serde(skip_serializing_if = "Option::is_none")]
        pacing_rate: Option<u64>,
        /// The phase of the controller.
        phase: Cow<'static, str>,
    },
    /// The ACK or NACK that was just sent, or received and accepted, acknowledges segments
    /// beyond the next expected one.
    AckRanges {
        /// Their indices in the file, each run as its first and its last, in the order in
        /// which the packet names them.
        ranges: Vec<[u32; 2]>,
    },
    /// The receiver buffered an out-of-order segment.
    SegmentBuffered {
        /// The segment's index in the file.
        number: u32,
    },
    /// The receiver discarded a segment.
    SegmentDropped {
        /// The segment's index in the file.
        number: u32,
        /// Why.
        why: DiscardReason,
    },
    /// DATA stopped flowing, or flows again.
    DataBlockedUpdated {
        /// Whether it flows now, and if not, why.
        #[serde(rename = "gate")]
        flow_control: FlowControlState,
    },
    /// The path may not carry datagrams as long as ours: they are shorter from now on.
    MtuUpdated {
        /// File bytes in a DATA packet.
        segment_bytes: u16,
    },
    /// Somebody begins to listen, to a transfer that has come this far.
    ListeningBegun {
        /// Segments from the first on that are acknowledged, or have arrived in order.
        base: u32,
        /// Segments from the first on that were ever sent; to a receiver, `base`.
        next: u32,
        /// The sequence number of the first segment; left out as long as the handshake has
        /// not set it.
        #[serde(skip_serializing_if = "Option::is_none")]
        first_sequence: Option<u32>,
        /// File bytes in a DATA packet.
        segment_bytes: u16,
    },
    /// The connection entered its next state.
    StateChanged {
        /// Its name, in lower case.
        state: Cow<'static, str>,
    },
}

/// The name of a packet in an event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PacketName {
    /// The kind of packet.
    pub kind: Kind,
    /// Which of its kind.
    pub number: u32,
    /// Which transmission of it, from 1.
    pub attempt: u8,
    /// Its sequence field.
    pub sequence: SequenceNumber,
    /// File bytes in it.
    pub length: u16,
}

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
    /// The name in a packet without a valid MAC; `None` if the packet has another fault.
    #[must_use]
    pub const fn of_forged(error: &PacketError) -> Option<Self> {
        match *error {
            PacketError::Forged {
                kind,
                number,
                attempt,
                sequence,
            } => Some(Self {
                kind,
                number,
                attempt,
                sequence,
                length: 0,
            }),
            PacketError::TooShort { .. }
            | PacketError::TooLong { .. }
            | PacketError::Version(_)
            | PacketError::Kind(_)
            | PacketError::Value(_)
            | PacketError::Corrupt { .. } => None,
        }
    }
}

/// Why a packet was ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ignored {
    /// It does not carry this transfer's token.
    WrongToken,
    /// It acknowledges what was never sent, or its ranges are invalid.
    ImpossibleAck,
    /// Its sequence number or its length does not fit this file.
    OutsideTheFile,
    /// An RST without the exact number.
    InexactReset,
    /// Valid, but not in this state or not from this side.
    OutOfPlace,
    /// It should carry a MAC and has none or a wrong one: somebody outside the transfer
    /// made it.
    Forged,
}

/// Why a receiver discarded a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscardReason {
    /// It has arrived before.
    Duplicate,
    /// Not the next expected one, and this protocol buffers nothing.
    OutOfOrder,
    /// Beyond the receive window.
    BeyondTheWindow,
}

/// The trigger for declaring a packet lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Three later packets have arrived (RFC 9002 §6.1.1).
    PacketThreshold,
    /// A later packet has arrived, and 9/8 of a round-trip time has passed (RFC 9002 §6.1.2).
    TimeThreshold,
    /// The retransmission timer expired (RFC 6298 §5).
    Timeout,
}

/// Whether DATA may flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowControlState {
    /// It may.
    Open,
    /// Zero window: the receiver's disk is behind, or it is paused.
    WindowClosed,
    /// A user paused this side.
    Paused,
}

/// The timers of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// SYN or SYN-ACK is retransmitted.
    Handshake,
    /// No ACK arrived in time.
    Retransmission,
    /// A packet that others have overtaken is now declared lost.
    LossDetection,
    /// A delayed ACK is due.
    AcknowledgementDelay,
    /// A window probe is due.
    Probe,
    /// Nothing has arrived for a while: the receiver repeats its ACK.
    #[serde(rename = "quiet")]
    Idle,
    /// FIN is retransmitted.
    Closing,
    /// The idle timeout: nothing has arrived from the other side for too long.
    Silence,
}

/// The events since the last call of [`EventLog::take`].
#[derive(Debug)]
pub struct EventLog {
    listening: bool,
    events: Vec<Event>,
}

impl EventLog {
    /// A log that keeps events only if somebody listens.
    #[must_use]
    pub const fn new(listening: bool) -> Self {
        Self {
            listening,
            events: Vec::new(),
        }
    }

    /// Whether anybody listens.
    #[must_use]
    pub const fn is_listening(&self) -> bool {
        self.listening
    }

    /// Somebody listens from now on.
    pub const fn listen(&mut self) {
        self.listening = true;
    }

    /// Keeps an event if anybody listens; otherwise it is not even made.
    pub fn record(&mut self, event: impl FnOnce() -> Event) {
        if self.listening {
            self.events.push(event());
        }
    }

    /// Keeps the events of a state machine inside this one, which is asked only if anybody
    /// listens.
    pub fn append(&mut self, inner: impl FnOnce() -> Vec<Event>) {
        if self.listening {
            self.events.append(&mut inner());
        }
    }

    /// The events since the last call, oldest first.
    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// A duration as journals show it. Unit: microseconds.
#[must_use]
pub fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
