//! The journal: all events of a run, as lines of JSON.
//!
//! The first line describes the run; each further line has a moment, a side and an event:
//!
//! ```text
//! {"journal":"sash","version":1,"scenario":"seed=7;loss=10%","arq":"go-back-n",...}
//! {"time_us":0,"side":"receiver","event":"packet_sent","kind":"SYN","number":0,...}
//! {"time_us":0,"side":"link","event":"packet_carried","kind":"SYN",...,"fate":"lost"}
//! ```
//!
//! [`Journal`] reads an event log back, from any writer.
//!
//! In the laboratory a journal holds no time of day, and the token is always the same, so
//! two runs of one experiment have the same journal, byte for byte.
//!
//! Source: the names follow qlog (draft-ietf-quic-qlog-quic-events) where it has one;
//! report page `journal`, field by field.

use super::{Event, PacketName, PacketRecord, microseconds};
use crate::reliable::moment::Moment;
use crate::wire::digest::Token;
use crate::wire::options::{Arq, Congestion};
use serde::{Deserialize, Serialize};

mod reading;

pub use reading::{Journal, Unreadable};

/// The version of the journal's layout.
pub const VERSION: u32 = 1;

/// The first line: the description of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The side that wrote the event log.
    pub journal: Format,
    /// [`VERSION`].
    pub version: u32,
    /// The scenario of the link.
    pub scenario: String,
    /// The protocol.
    pub arq: Arq,
    /// Unit: packets.
    pub window: u32,
    /// The controller.
    pub congestion: Congestion,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// The place in the file where the first segment begins. Unit: bytes.
    pub offset: u64,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The sequence number of the file's first segment.
    pub first_sequence: u32,
    /// The token in every packet; missing in an event log of an older program, whose
    /// packets lack fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

/// The name of the program that wrote the event log; there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Sash's.
    Sash,
}

/// One further line: a moment, a side, an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Since the run began. Unit: microseconds.
    pub time_us: u64,
    /// The side of the event.
    pub side: Side,
    /// The event.
    #[serde(flatten)]
    pub what: JournalEvent,
}

/// The side of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The file's sender.
    Sender,
    /// The file's receiver.
    Receiver,
    /// The link between them.
    Link,
}

/// An event of a state machine or of the link, or an action of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum JournalEvent {
    /// An event of a state machine.
    Machine(Event),
    /// An event of the link.
    Link(Carried),
    /// An action of a user on the link.
    FaultInjection(FaultInjection),
}

/// A fault that the user injected while the link carried packets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum FaultInjection {
    /// A packet in flight is lost; its `packet_carried` precedes this event.
    PacketKilled(Killed),
    /// The link has other parameters from now on; packets in flight keep their fate.
    LinkChanged {
        /// The new scenario.
        scenario: String,
    },
}

/// The direction of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the file's sender to its receiver.
    Data,
    /// From the file's receiver to its sender.
    Ack,
}

/// The decision of the link about a pushed packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It will arrive unchanged.
    Delivered,
    /// It will not arrive.
    Lost,
    /// It will not arrive: the queue was full.
    QueueFull,
    /// It will not arrive: the path does not carry packets of that length.
    TooLong,
    /// It will arrive with a bit flipped.
    Corrupted,
    /// It will arrive after later packets.
    Reordered,
    /// It will arrive twice.
    Duplicated,
}

/// The decision about a packet at its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// Its fate.
    pub fate: Fate,
    /// The time when it leaves the link, if it does.
    pub arrives: Option<Moment>,
    /// The flipped bit, if there is one.
    pub flipped_bit: Option<u64>,
}

/// A packet in flight that a user has lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Killed {
    /// Which.
    #[serde(flatten)]
    pub packet: PacketName,
    /// Which way it was going.
    pub direction: Direction,
}

/// A packet entered the link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename = "packet_carried")]
pub struct Carried {
    /// Which.
    #[serde(flatten)]
    pub packet: PacketRecord,
    /// Which way.
    pub direction: Direction,
    /// Its fate.
    pub fate: Fate,
    /// The time when it leaves the link, if it does. Unit: microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrives_us: Option<u64>,
    /// The bit that the link flips in it, counted from 0 at the lowest bit of the first
    /// byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flipped_bit: Option<u64>,
}

impl Carried {
    /// The decision of the link when the packet entered it.
    #[must_use]
    pub fn new(packet: PacketRecord, direction: Direction, entered: Entered) -> Self {
        let arrives = entered.arrives;
        Self {
            packet,
            direction,
            fate: entered.fate,
            arrives_us: arrives.map(|moment| microseconds(moment.since_start())),
            flipped_bit: entered.flipped_bit,
        }
    }

    /// Whether the packet does not arrive unchanged: it is lost or corrupted.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.fate.is_loss() || self.fate == Fate::Corrupted
    }
}

impl Fate {
    /// Whether the packet never arrives.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        match self {
            Self::Lost | Self::QueueFull | Self::TooLong => true,
            Self::Delivered | Self::Corrupted | Self::Reordered | Self::Duplicated => {
                false
            }
        }
    }
}

impl Side {
    /// Its name in lines and file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
            Self::Link => "link",
        }
    }
}

impl Heading {
    /// As one line, its `\n` included.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_line(self)
    }
}

impl Entry {
    /// The entry of an event of a state machine.
    #[must_use]
    pub fn new(now: Moment, side: Side, event: Event) -> Self {
        let what = JournalEvent::Machine(event);
        Self {
            time_us: microseconds(now.since_start()),
            side,
            what,
        }
    }

    /// The entry of an event of the link.
    #[must_use]
    pub fn carried(now: Moment, carried: Carried) -> Self {
        let (side, what) = (Side::Link, JournalEvent::Link(carried));
        Self {
            time_us: microseconds(now.since_start()),
            side,
            what,
        }
    }

    /// Whether it is about one packet: sent, carried, received, ignored or killed.
    #[must_use]
    pub const fn is_of_a_packet(&self) -> bool {
        matches!(
            self.what,
            JournalEvent::Link(_)
                | JournalEvent::FaultInjection(FaultInjection::PacketKilled(_))
                | JournalEvent::Machine(
                    Event::PacketSent(_)
                        | Event::PacketReceived(_)
                        | Event::PacketIgnored { .. }
                )
        )
    }

    /// A fault that the user injected.
    #[must_use]
    pub fn injected(now: Moment, fault: FaultInjection) -> Self {
        let (side, what) = (Side::Link, JournalEvent::FaultInjection(fault));
        Self {
            time_us: microseconds(now.since_start()),
            side,
            what,
        }
    }

    /// As one line, its `\n` included.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_line(self)
    }
}

fn to_line(line: &impl Serialize) -> String {
    let mut line = serde_json::to_string(line)
        .expect("a journal holds only text, numbers and lists");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reliable::connection_parameters::ConnectionParameters;
    use std::time::Duration;

    #[test]
    fn an_entry_is_one_flat_line() {
        let packet = ConnectionParameters::EXAMPLE
            .data(ConnectionParameters::EXAMPLE.first, 1, Moment::START)
            .packet;
        let record = PacketRecord::from(&packet);
        let now = Moment::START + Duration::from_millis(5);
        let sent = Entry::new(now, Side::Sender, Event::PacketSent(record.clone()));
        assert_eq!(
            sent.to_line(),
            "{\"time_us\":5000,\"side\":\"sender\",\"event\":\"packet_sent\",\"kind\":\"DATA\",\
             \"number\":0,\"attempt\":1,\"sequence\":1000,\"length\":1436,\"sent_at\":0}\n"
        );
        let carried = Carried {
            packet: record,
            direction: Direction::Data,
            fate: Fate::Lost,
            arrives_us: None,
            flipped_bit: None,
        };
        assert_eq!(
            Entry::carried(now, carried).to_line(),
            "{\"time_us\":5000,\"side\":\"link\",\"event\":\"packet_carried\",\"kind\":\"DATA\",\
             \"number\":0,\"attempt\":1,\"sequence\":1000,\"length\":1436,\"sent_at\":0,\
             \"direction\":\"data\",\"fate\":\"lost\"}\n"
        );
    }
}
