//! The events of a state machine: one stream that logs, journals, pictures and tests read.
//!
//! A state machine never logs and never prints. It records events only if its driver
//! wants them, and keeps them until the driver takes them.
//!
//! ```
//! use sash::reliable::event::{Event, EventLog};
//! let mut unheard = EventLog::new(false);
//! let paused = || Event::StateChanged { state: "paused".into() };
//! unheard.record(paused);
//! assert!(unheard.take().is_empty());
//! let mut heard = EventLog::new(true);
//! heard.record(paused);
//! assert_eq!(heard.take(), [paused()]);
//! ```
//!
//! Source: the names follow qlog (draft-ietf-quic-qlog-quic-events) where it has one;
//! report page `journal`.

pub mod log;
mod packet;

pub use packet::{Datagram, PacketName, PacketRecord};

use crate::wire::packet::Packet;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A packet left the state machine.
    PacketSent(PacketRecord),
    /// A packet with this transfer's token reached the state machine.
    PacketReceived(PacketRecord),
    /// A packet arrived and was ignored. [`Event::PacketReceived`] precedes this event,
    /// except after a wrong token or [`Ignored::Forged`].
    PacketIgnored {
        /// Which.
        #[serde(flatten)]
        packet: PacketName,
        /// Why.
        why: Ignored,
        /// The datagram, if the reason is [`Ignored::Forged`].
        #[serde(skip_serializing_if = "Datagram::is_empty")]
        datagram: Datagram,
    },
    /// A datagram of this transfer arrived corrupt.
    PacketDamaged {
        /// The datagram; left out if a link of this event log corrupted it.
        #[serde(skip_serializing_if = "Datagram::is_empty")]
        datagram: Datagram,
    },
    /// The sender declares a DATA packet lost.
    PacketLost {
        /// The segment's index in the file.
        number: u32,
        /// The transmission, from 1.
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
        /// The congestion window.
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
    /// The two sides of a transfer have these addresses from now on.
    PathAssigned {
        /// The file's sender.
        sender: SocketAddr,
        /// The file's receiver.
        receiver: SocketAddr,
        /// The time of day at this moment, since 1970-01-01 UTC.
        wall_us: u64,
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
        /// Whether it flows, and otherwise the reason.
        #[serde(rename = "gate")]
        flow_control: FlowControlState,
    },
    /// The path may not carry full-size datagrams: they are shorter from now on.
    MtuUpdated {
        /// File bytes in a DATA packet.
        segment_bytes: u16,
    },
    /// The log of a running transfer begins: this event summarizes the earlier ones.
    ListeningBegun {
        /// The number of segments acknowledged, or arrived in order.
        base: u32,
        /// The number of segments ever sent; for a receiver, `base`.
        next: u32,
        /// Acknowledged segments beyond `base`, each range as its first and its last.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ranges: Vec<[u32; 2]>,
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

impl Event {
    /// A packet that was read was ignored.
    #[must_use]
    pub fn ignored(packet: &Packet, why: Ignored) -> Self {
        Self::PacketIgnored {
            packet: packet.into(),
            why,
            datagram: Datagram::default(),
        }
    }

    /// A datagram with this name and without a valid MAC was ignored.
    #[must_use]
    pub fn forged(packet: PacketName, datagram: &[u8]) -> Self {
        Self::PacketIgnored {
            packet,
            why: Ignored::Forged,
            datagram: Datagram(datagram.to_vec()),
        }
    }

    /// This datagram arrived corrupt.
    #[must_use]
    pub fn damaged(datagram: &[u8]) -> Self {
        Self::PacketDamaged {
            datagram: Datagram(datagram.to_vec()),
        }
    }
}

/// The reason why a packet was ignored.
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
    /// It has no valid MAC, so it was forged.
    Forged,
}

/// The reason why a receiver discarded a segment.
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
    /// A packet that later packets have overtaken is now declared lost.
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
    /// A log that keeps events only if the driver wants them.
    #[must_use]
    pub const fn new(listening: bool) -> Self {
        Self {
            listening,
            events: Vec::new(),
        }
    }

    /// Whether events are recorded.
    #[must_use]
    pub const fn is_listening(&self) -> bool {
        self.listening
    }

    /// Records events from now on.
    pub const fn listen(&mut self) {
        self.listening = true;
    }

    /// Records an event; if none are wanted, it is not even created.
    pub fn record(&mut self, event: impl FnOnce() -> Event) {
        if self.listening {
            self.events.push(event());
        }
    }

    /// Adds the events of an inner state machine, if events are wanted.
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
